"""What the page asks, read strictly: numbers in their range, losses of the catalogue, lists of bounded length."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lossary.core import catalogue
from lossary.core.elsewhere import translate
from lossary.core.errors import LossaryError
from lossary.core.lookup import loss_class
from lossary.core.loss import Loss

MOST_LOSSES = 4
MOST_NUMBERS = 20  # in a parameter that is a list
Array = np.ndarray[Any, Any]


class Asked:
    """A question of the page. Every reader takes a default; what is there must be right."""

    def __init__(self, question: Mapping[str, Any]) -> None:
        self.question = question

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A finite number in [low, high]."""
        value = self.question.get(name, default)
        right = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        self._checked(name, value, right, f"a number from {low:g} to {high:g}")
        return float(min(max(value, low), high))

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        return round(self.number(name, default, low, high))

    def choice(self, name: str, *choices: str) -> str:
        """One of the choices; the first where nothing is said."""
        value = self.question.get(name, choices[0])
        return str(self._checked(name, value, value in choices, " or ".join(choices)))

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.question.get(name, default)
        return bool(self._checked(name, value, isinstance(value, bool), "true or false"))

    def text(self, name: str, longest: int) -> str:
        value = self.question.get(name, "")
        right = isinstance(value, str) and len(value) <= longest
        return str(self._checked(name, value, right, f"text of at most {longest:,} characters"))

    def numbers(self, name: str, width: int, most: int) -> Array:
        """A list of at most `most` rows of `width` finite numbers, as (rows, width)."""
        words = f"at most {most} rows of {width} number(s)"
        try:
            found = np.asarray(self.question.get(name, []), dtype="float64").reshape(-1, width)
        except (TypeError, ValueError):
            found = np.full((1, width), np.nan)
        right = len(found) <= most and bool(np.isfinite(found).all()) and bool((np.abs(found) < 1e12).all())
        self._checked(name, "other values", right, words)
        return found

    def losses(self, fits: Callable[[Loss], bool] = lambda loss: True, **fixed: Any) -> list[Loss]:
        """The losses named, with their parameters; `fixed` are set where a loss has them."""
        entries = self.question.get("losses", [])
        right = isinstance(entries, list) and 0 < len(entries) <= MOST_LOSSES and all(map(_is_loss, entries))
        self._checked("losses", "other values", right, f"one to {MOST_LOSSES} names with parameters")
        made = [made_of(entry, fixed) for entry in entries]
        for loss in made:
            self._checked("losses", type(loss).__name__, fits(loss), "losses that this panel can use")
        return made

    def _checked(self, name: str, value: Any, right: bool, allowed: str) -> Any:
        if not right:
            raise LossaryError(
                f"The page asked with {name!r}.",
                arrived=f"It is {str(value)[:80]!r}.",
                allowed=f"Allowed is {allowed}.",
                do="Open the page anew without the part of its address behind '#'.",
            )
        return value


def made_of(entry: Mapping[str, Any], fixed: Mapping[str, Any]) -> Loss:
    """A loss of the catalogue from {"name": ..., "params": {...}}; its own checks judge the parameters."""
    found, given = catalogue.resolve(entry["name"]), entry.get("params", {})
    cls = loss_class(found.card)
    if found.place is not None:
        given = {name: value for name, value in translate(found.card, found.place, given).items() if name in cls.params}
    own = {name: value for name, value in fixed.items() if name in cls.params}
    return cls(**{**given, **own})


def _is_loss(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or len(entry["name"]) > 200:
        return False
    params = entry.get("params", {})
    return (
        isinstance(params, dict)
        and len(params) <= 20
        and all(_is_value(v) for v in params.values())
        and not {"reduction", "name", "dtype"} & set(params)
    )


def _is_value(value: Any) -> bool:
    """A number, a flag, a word, or a list of a few numbers."""
    if isinstance(value, list):
        return 0 < len(value) <= MOST_NUMBERS and all(isinstance(one, (int, float)) for one in value)
    return isinstance(value, (bool, int, float, str)) and len(str(value)) < 80
