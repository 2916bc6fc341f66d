"""Errors in four parts: what was asked, what arrived, what is expected, what to do.

LossaryError (a ValueError)
├── ShapeError        y_true, y_pred or a weight do not fit together
├── TargetError       y_true holds what it cannot hold: a label out of range, a coding the loss does not read
├── PredictionError   y_pred holds what it cannot hold: a probability above 1, a negative rate
├── ParameterError    a loss was built with a parameter outside its bounds
├── DefinitionError   a custom loss is declared in a way that cannot work
└── UnknownLossError  no loss has this name (also a LookupError)
"""

from .._errors import LossaryError as LossaryError
from .._errors import did_you_mean as did_you_mean
from .._errors import shown as shown


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
