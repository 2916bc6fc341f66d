"""What a loss parameter is: its type, its bounds, its explanation, and the range a slider may show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import keras
import numpy as np
from keras import ops

from .._calls import checked_call
from ..numerics.backend import concrete, held, native, obstacle
from .errors import ParameterError, shown

INF = math.inf
LARGEST = float(np.finfo("float32").max)
WIDEST = int(np.iinfo("int32").max) - 1  # one less, so that a label beyond int32 is never the one to ignore


@dataclass(frozen=True)
class Param:
    """One declared parameter of a loss.

    `kind` says what a value is: "number", "whole" (an integer), "flag", "choice", "numbers" (one or several), "matrix"
    (as many rows as columns) or "free" (anything that can be saved: the parameter of a user's own loss).
    """

    text: str
    kind: str = "number"
    low: float = -INF
    high: float = INF
    closed: bool = False  # whether the bounds themselves are allowed
    slide: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    unusual: Any = None  # a lawful value away from the default; tests use it where `slide` gives none
    prepared: str = ""  # what is prepared for one value, which therefore cannot follow a schedule

    def check(self, owner: str, name: str, value: Any) -> Any:
        """The value in the form that is stored (plain Python), or a ParameterError."""
        if value is None and self.optional:
            return None
        try:
            return getattr(self, f"_{self.kind}")(value)
        except (TypeError, ValueError):
            raise ParameterError(
                f"{owner}({name}=...): {self.text}",
                arrived=f"It was given {name}={shown(value)}.",
                allowed=f"Expected {self.allowed()}.",
                do=f"Pass such a value, or leave `{name}` out for the default.",
            ) from None  # the text says all that the cause would

    def check_moving(self, owner: str, name: str) -> None:
        """Refuse a schedule for what is prepared for one value."""
        if self.prepared:
            raise ParameterError(
                f"{owner}({name}=...): {self.prepared} for one number.",
                arrived="It was given a schedule.",
                allowed="Expected a number.",
                do=f"Keep the {name} fixed while the model trains.",
            )

    def allowed(self) -> str:
        """The allowed values in words."""
        low, high, equal = self.low > -INF, self.high < INF, "=" * self.closed
        left, right = "[]" if self.closed else "()"
        inside = f" >{equal} {self.low:g}" if low else f" <{equal} {self.high:g}" if high else ""
        if low and high:
            inside = f" in {left}{self.low:g}, {self.high:g}{right}"
        *some, last = map(repr, self.choices or ("",))
        words = {
            "number": f"a finite number{inside}",
            "whole": f"a whole number{inside}",
            "flag": "True or False",
            "choice": f"{', '.join(some)} or {last}",
            "numbers": f"a number{inside}, or a list of them",
            "matrix": f"as many rows of numbers{inside} as there are numbers in each row",
            "axes": "a whole number, or a list of them",
            "free": "anything",
        }[self.kind]
        return words + (", or None" if self.optional else "")

    def inside(self, value: float) -> bool:
        return self.low <= value <= self.high if self.closed else self.low < value < self.high

    def _number(self, value: Any) -> Any:
        number = plain_number(value)
        if number is None or not self.inside(float(number)):
            raise ValueError
        return number

    def _whole(self, value: Any) -> int:
        number = _plain(value)
        if isinstance(number, bool) or not isinstance(number, Integral) or not self.inside(int(number)):
            raise TypeError
        if abs(int(number)) > WIDEST:
            raise ValueError
        return int(number)

    def _flag(self, value: Any) -> bool:
        flag = _plain(value)
        if not isinstance(flag, bool):
            raise TypeError
        return flag

    def _choice(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError
        return str(value)

    def _numbers(self, value: Any) -> Any:
        values = _plain(value)
        if isinstance(values, Sequence) and not isinstance(values, str):
            if not values:
                raise ValueError
            return tuple(self._number(v) for v in values)
        return self._number(values)

    def _matrix(self, value: Any) -> tuple[tuple[Any, ...], ...]:
        rows = tuple(tuple(self._number(v) for v in row) for row in _plain(value))
        if not rows or any(len(row) != len(rows) for row in rows):
            raise ValueError
        return rows

    def _axes(self, value: Any) -> Any:
        values = _plain(value)
        if isinstance(values, Sequence) and not isinstance(values, str):
            return tuple(self._whole(v) for v in values)
        return self._whole(values)

    def _free(self, value: Any) -> Any:
        return _plain(value)


def plain_number(value: Any) -> float | int | None:
    """A finite number of Python's own, that a file can hold; None for anything else, also for True and for text."""
    number: Any = _plain(value)
    if isinstance(number, bool) or not isinstance(number, Real):
        return None
    size: Any = abs(number)
    if not size <= LARGEST:
        return None
    return number if isinstance(number, (int, float)) else float(number)  # a Fraction, a long double


def _plain(value: Any) -> Any:
    """NumPy and tensor scalars and arrays as plain Python, so that every configuration is valid JSON."""
    if isinstance(value, (bool, int, float, str, type(None))):
        return value
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    tensor = value if native(value) else held(value.value if isinstance(value, keras.Variable) else value)
    if tensor is not None and concrete(tensor) and obstacle(tensor) is None:
        return np.asarray(ops.convert_to_numpy(tensor)).tolist()
    return value


@checked_call
def number(
    text: str, *, slide: tuple[float, float], low: float = -INF, high: float = INF, closed: bool = True,
    prepared: str = "",
) -> Param:  # fmt: skip
    """A finite number from `low` to `high`, with these ends if `closed`; `slide` is the range of its slider."""
    return Param(text, low=low, high=high, closed=closed, slide=slide, prepared=prepared)


@checked_call
def positive(text: str, *, slide: tuple[float, float], prepared: str = "") -> Param:
    """A number above 0; `slide` is the range of its slider."""
    return Param(text, low=0.0, slide=slide, prepared=prepared)


@checked_call
def nonnegative(text: str, *, slide: tuple[float, float]) -> Param:
    """A number of at least 0; `slide` is the range of its slider."""
    return Param(text, low=0.0, closed=True, slide=slide)


@checked_call
def fraction(
    text: str, *, closed: bool = False, slide: tuple[float, float] = (0.01, 0.99), prepared: str = ""
) -> Param:
    """A number between 0 and 1, with these ends if `closed`."""
    return Param(text, low=0.0, high=1.0, closed=closed, slide=slide, prepared=prepared)


@checked_call
def flag(text: str, *, unusual: bool = True) -> Param:
    """True or False."""
    return Param(text, kind="flag", unusual=unusual)


@checked_call
def whole(text: str, *, optional: bool = False, unusual: int | None = None, low: float = -INF) -> Param:
    """A whole number of at least `low`, or None if `optional`."""
    return Param(text, kind="whole", optional=optional, unusual=unusual, low=low, closed=True)


def choice(text: str, *choices: str) -> Param:
    return Param(text, kind="choice", choices=choices, unusual=choices[-1])


def numbers(
    text: str, *, low: float, high: float = INF, closed: bool = True, unusual: Any, optional: bool = True
) -> Param:
    return Param(text, kind="numbers", low=low, high=high, closed=closed, optional=optional, unusual=unusual)
