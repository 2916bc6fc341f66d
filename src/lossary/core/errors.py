"""Errors in four parts: what was asked, what arrived, what is expected, what to do.

LossaryError (a ValueError)
├── ShapeError        y_true, y_pred or a weight do not fit together
├── TargetError       y_true holds what it cannot hold: a label out of range, a coding the loss does not read
├── PredictionError   y_pred holds what it cannot hold: a probability above 1, a negative rate
├── ParameterError    a loss was built with a parameter outside its bounds
├── DefinitionError   a custom loss is declared in a way that cannot work
└── UnknownLossError  no loss has this name (also a LookupError)
"""

from collections.abc import Iterable

from .._errors import LossaryError as LossaryError
from .._errors import shown as shown


def did_you_mean(given: Iterable[str], known: Iterable[str]) -> str:
    """'Did you mean delta?' for the first name that is not known and near to one that is; else nothing."""
    import difflib

    names = list(known)
    for name in given:
        near = [] if name in names else difflib.get_close_matches(name.lower(), names, n=1)
        near = near or [one for one in names if name not in names and len(name) > 2 and one.startswith(name.lower())]
        if near:
            return f"Did you mean {near[0]}?"
    return ""


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
