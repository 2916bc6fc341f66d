"""What the page asks, read strictly: numbers in their range, losses of the catalogue, lists of bounded length.

What arrives is JSON: whole numbers of any size, text with half a surrogate pair, lists within lists. Nothing is
silently shortened, rounded or moved into its range: the page shows what was asked for, or an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lossary.core import catalogue
from lossary.core.elsewhere import translate
from lossary.core.errors import LossaryError
from lossary.core.lookup import loss_class
from lossary.core.loss import Loss
from lossary.core.params import Param

MOST_LOSSES = 4
MOST_NUMBERS = 20  # in a parameter that is a list
LARGEST = 1e12  # of the numbers in a list
CONTROLS = ("from_logits", "apply_class_balancing", "log_rate", "full")  # the flags that a picture can show
Array = np.ndarray[Any, Any]


class Question:
    """A question of the page. Every reader takes a default; what is there must be right."""

    def __init__(self, question: Mapping[str, Any]) -> None:
        self.question = question

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A finite number in [low, high]."""
        value = self.question.get(name, default)
        right = _is_number(value) and low <= value <= high
        return float(self._checked(name, value, right, f"a number from {low:g} to {high:g}"))

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self.question.get(name, default)
        right = _is_number(value) and low <= value <= high and value == round(value)
        return int(self._checked(name, value, right, f"a whole number from {low} to {high}"))

    def choice(self, name: str, *choices: str) -> str:
        """One of the choices; the first where nothing is said."""
        value = self.question.get(name, choices[0])
        right = isinstance(value, str) and value in choices
        return str(self._checked(name, value, right, " or ".join(choices)))

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.question.get(name, default)
        return bool(self._checked(name, value, isinstance(value, bool), "true or false"))

    def text(self, name: str, longest: int) -> str:
        value = self.question.get(name, "")
        right = isinstance(value, str) and len(value) <= longest
        return str(self._checked(name, value, right, f"text of at most {longest:,} characters"))

    def mapping(self, name: str) -> Question:
        """What stands under a name, to be read in its turn."""
        value = self.question.get(name, {})
        return Question(self._checked(name, value, isinstance(value, dict), "an object"))

    def numbers(self, name: str, width: int, most: int) -> Array:
        """At most `most` rows of `width` finite numbers, in a list of rows or one after the other: (rows, width)."""
        value = self.question.get(name, [])
        right = isinstance(value, list) and len(value) <= most * width
        flat = value if right else []
        if right and any(isinstance(row, list) for row in value):
            right = len(value) <= most and all(isinstance(row, list) and len(row) == width for row in value)
            flat = [number for row in value for number in row] if right else []
        right = right and len(flat) % width == 0 and all(_is_number(one) and abs(one) < LARGEST for one in flat)
        self._checked(name, value, right, f"a list of at most {most} rows of {width} number(s)")
        return np.asarray(flat, dtype="float64").reshape(-1, width)

    def like(self, name: str, usual: Array) -> Array:
        """As many finite numbers as `usual` has, in its shape; `usual` where nothing is said."""
        value = self.question.get(name, usual.ravel().tolist())
        right = isinstance(value, list) and len(value) == usual.size
        right = right and all(_is_number(one) and abs(one) < LARGEST for one in value)
        self._checked(name, value, right, f"a list of {usual.size} number(s)")
        return np.asarray(value, dtype="float64").reshape(usual.shape)

    def losses(self, fits: Callable[[Loss], bool] = lambda loss: True, **fixed: Any) -> list[Loss]:
        """The losses named, with their parameters; `fixed` are set where a loss has them."""
        entries = self.question.get("losses", [])
        right = isinstance(entries, list) and 0 < len(entries) <= MOST_LOSSES and all(map(_is_loss, entries))
        self._checked("losses", entries, right, f"one to {MOST_LOSSES} names with parameters")
        made = [self._made(entry, fixed) for entry in entries]
        for loss in made:
            self._checked("losses", type(loss).__name__, fits(loss), "losses that this panel can use")
        return made

    def _made(self, entry: Mapping[str, Any], fixed: Mapping[str, Any]) -> Loss:
        """A loss from {"name": ..., "params": {...}}; its own checks judge the values."""
        cls = loss_class(catalogue.find(entry["name"]))
        given = entry.get("params", {})
        known = [name for name, param in cls.params.items() if has_control(name, param)]
        other = next((name for name in given if name not in known), "")
        words = f"{', '.join(known) or 'no parameter'} of {cls.__name__}: those with a control on the page"
        self._checked("losses", other, not other, words)
        own = {name: value for name, value in fixed.items() if name in cls.params}
        return cls(**{**given, **own})

    def _checked(self, name: str, value: Any, right: bool, allowed: str) -> Any:
        if not right:
            raise LossaryError(
                f"The page cannot use this value of {name!r}.",
                arrived=f"It is {_short(value)}.",
                allowed=f"Expected {allowed}.",
                do="Correct it in the address, or open the page without what follows '#'.",
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


def has_control(name: str, param: Param) -> bool:
    """Whether the page has a slider, a switch, a choice or a field for this parameter."""
    if param.kind == "flag":
        return name in CONTROLS
    return (param.kind == "number" and param.slide is not None) or param.kind in ("numbers", "choice")


def _is_number(value: Any) -> bool:
    """A finite number that a float can hold."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


def _short(value: Any) -> str:
    """What arrived, in a few words. Of a list, however deep, only the length is given."""
    if isinstance(value, (list, dict)):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)} value(s) of the wrong form"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


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
        return 0 < len(value) <= MOST_NUMBERS and all(map(_is_number, value))
    return isinstance(value, bool) or _is_number(value) or (isinstance(value, str) and len(value) < 80)
