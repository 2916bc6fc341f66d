"""Errors in four parts: what was asked, what arrived, what is allowed, what to do.

LossaryError (a ValueError)
├── ShapeError        y_true, y_pred or a weight do not fit together
├── TargetError       y_true holds what it cannot hold: a label out of range, a coding the loss does not read
├── PredictionError   y_pred holds what it cannot hold: a probability above 1, a negative rate
├── ParameterError    a loss was built with a parameter outside its bounds
├── DefinitionError   a custom loss is declared in a way that cannot work
└── UnknownLossError  no loss has this name (also a LookupError)
"""

import difflib
from collections.abc import Iterable


def did_you_mean(given: Iterable[str], known: Iterable[str]) -> str:
    """'Did you mean delta?' for the first name that is not known and near to one that is; else nothing."""
    names = list(known)
    for name in given:
        near = [] if name in names else difflib.get_close_matches(name.lower(), names, n=1)
        near = near or [one for one in names if name not in names and len(name) > 2 and one.startswith(name.lower())]
        if near:
            return f"Did you mean {near[0]}?"
    return ""


class LossaryError(ValueError):
    """A mistake that lossary can name. `str()` joins the four parts into one readable text."""

    def __init__(self, asked: str, *, arrived: str = "", allowed: str = "", do: str = "") -> None:
        """Keras builds an error anew from its text alone, to add where it happened; then the text is all in `asked`."""
        self.asked, self.arrived, self.allowed, self.do = asked, arrived, allowed, do
        super().__init__(" ".join(filter(None, (asked, arrived, allowed, do))))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.asked, self.arrived, self.allowed, self.do)


def _rebuild(cls: type[LossaryError], asked: str, arrived: str, allowed: str, do: str) -> LossaryError:
    return cls(asked, arrived=arrived, allowed=allowed, do=do)


class ShapeError(LossaryError):
    """y_true, y_pred or a weight do not fit together."""


class TargetError(LossaryError):
    """y_true holds what this loss cannot read."""


class PredictionError(LossaryError):
    """y_pred holds what this loss cannot read."""


class ParameterError(LossaryError):
    """A loss was built with a parameter outside its bounds."""


class DefinitionError(LossaryError):
    """A custom loss is declared in a way that cannot work."""


class UnknownLossError(LossaryError, LookupError):
    """No loss has this name."""
