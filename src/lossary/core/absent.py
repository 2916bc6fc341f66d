"""Missing targets: NaN in y_true, for a loss with missing="nan"."""

from __future__ import annotations

from inspect import Parameter
from typing import Any

from ..numerics import ops
from ..numerics.backend import total
from ..numerics.stable import at_least, length
from .contract import Contract
from .errors import ParameterError
from .params import Param
from .results import Fused

Tensor = Any
MISSING = Parameter("missing", Parameter.KEYWORD_ONLY, default=None)
CHOICE = Param("How y_true says that a target is missing: by NaN, or not at all.", kind="choice", choices=("nan",),
               optional=True)  # fmt: skip


def refuse(owner: str, known: Any) -> ParameterError:
    """What is said where a loss reads its targets together."""
    return ParameterError(
        f"{owner} reads the targets of a row together.",
        arrived="It was given missing=..., for targets that are missing one by one.",
        allowed="Expected a loss whose rows are made of single targets, such as MeanSquaredError.",
        do="Pass ignore_class=... for labels that do not count."
        if "ignore_class" in known
        else "Leave missing out, and give whole rows that do not count a weight of 0.",
    )


def there(y_true: Tensor, rules: Contract) -> Tensor:
    """Which targets are there; one that is given by its ends is, if both are."""
    found = ops.logical_not(ops.isnan(y_true))
    return ops.all(found, axis=-1) if rules.ends else found


def filled(y_true: Tensor, rules: Contract) -> Tensor:
    """Targets with a harmless number where one is missing."""
    return ops.where(ops.isnan(y_true), ops.cast(rules.target.neutral, y_true.dtype), y_true)


def rows(y_true: Tensor, rules: Contract) -> Tensor:
    """Which rows have no target at all."""
    found = there(y_true, rules)
    if rules.shape != "parameters" or len(found.shape) > 1:
        found = ops.any(found, axis=-1)
    return ops.logical_not(found)


def shares(found: Tensor, like: Tensor) -> Tensor:
    """What each target counts in a mean over its row: 0 where it is missing."""
    found = ops.cast(found, like.dtype)
    return found * (length(found) / at_least(total(found, -1), 1.0))[..., None]


def fused(loss: Any, y_true: Tensor, y_pred: Tensor) -> Fused:
    """The entries of each row; without those whose target is missing, where the loss has missing="nan"."""
    if loss.missing is None:
        return Fused(loss.kernel, y_pred, y_true)
    rules = loss.contract
    found = there(y_true, rules)
    y_pred = ops.where(found, y_pred, ops.cast(rules.prediction.neutral, y_pred.dtype))

    def kernel(p: Tensor, y: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = loss.kernel(p, y)
        return value * share, slope * share

    return Fused(kernel, y_pred, filled(y_true, rules), shares(found, y_pred))
