"""What a loss makes of a batch before it is one number: the values of the rows, their weights, their mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from ..core.errors import LossaryError, shown
from ..core.inputs import plain
from ..core.lookup import get
from ..core.loss import Loss
from ..core.reduction import align, both
from ..core.results import RisingSums, Sums, reduce
from ..core.schedules import Moving
from ..core.sums import Sum
from ..numerics.masks import mask_of
from .known import as_compiled, function_of, to_numpy

Array = npt.NDArray[Any]
UNWEIGHTED = "no weights"


@dataclass(frozen=True)
class Parts:
    """The values v of a batch, their weights w and mask m, and what every reduction is made of.

    `contributions` are m w v, one per value. `count` is Σ m and `weight_sum` Σ m w, as the loss counts them.
    `masked_before` says how many values the mask of y_pred alone takes out.
    """

    values: Array
    weights: Array | None
    mask: Array | None
    contributions: Array
    count: float
    weight_sum: float
    masked_before: int

    @property
    def kept(self) -> Array:
        """m in the shape of the contributions."""
        shape = self.contributions.shape
        return np.ones(shape, bool) if self.mask is None else np.broadcast_to(self.mask, shape)

    @property
    def spread_weights(self) -> Array:
        """w in the shape of the contributions; 1 where there are none."""
        shape = self.contributions.shape
        return np.ones(shape) if self.weights is None else np.broadcast_to(self.weights, shape)

    @property
    def spread_values(self) -> Array:
        """v in the shape of the contributions."""
        return np.broadcast_to(self.values, self.contributions.shape)

    def fraction(self, reduction: str | None) -> tuple[Any, float]:
        """Numerator and denominator of a reduction; without one, the contributions themselves over 1."""
        if reduction in (None, "none"):
            return self.contributions, 1.0
        if reduction == UNWEIGHTED:
            return float(np.where(self.kept, self.spread_values, 0.0).sum()), self.count
        total = float(self.contributions.sum())
        return total, {"sum": 1.0, "mean_with_sample_weight": self.weight_sum}.get(str(reduction), self.count)

    def mean(self, reduction: str | None) -> Any:
        """The number that a reduction gives; an empty sum over an empty count is 0."""
        numerator, denominator = self.fraction(reduction)
        return numerator / denominator if denominator else 0.0


def resolve(loss: Any) -> keras.losses.Loss:
    """A loss object: names as `ls.get` reads them, functions of (y_true, y_pred) as Keras's compile wraps them."""
    if isinstance(loss, (str, dict, type)):
        loss = get(loss)
    if isinstance(loss, keras.losses.Loss):
        return loss
    if callable(loss) and not isinstance(loss, (Moving, keras.optimizers.schedules.LearningRateSchedule)):
        return as_compiled(loss)
    raise LossaryError(
        "Cannot inspect this loss.",
        arrived=f"It was given {shown(loss)} of type {type(loss).__name__}.",
        allowed="Expected a loss object, a loss class, a function of (y_true, y_pred), or a name.",
        do='Pass for instance ls.Huber(), or "huber".',
    )


def name_of(loss: keras.losses.Loss) -> str:
    """What a loss is called on the screen: lossary's own with their parameters."""
    if isinstance(loss, Loss):
        return repr(loss)
    return _foreign(loss) if function_of(loss) is None else loss.name


def _foreign(loss: keras.losses.Loss) -> str:
    place = "keras.losses." if type(loss).__module__.startswith("keras.") else ""
    return f"{place}{type(loss).__name__}"


def is_root(loss: keras.losses.Loss) -> bool:
    """Whether the loss is the root of what it reduces."""
    return isinstance(loss, Loss) and loss.gives is RisingSums


def measure(loss: keras.losses.Loss, y_true: Any, y_pred: Any, sample_weight: Any = None, **slots: Any) -> Parts:
    """The parts of one eager call of a loss."""
    if isinstance(loss, Loss):
        return _by_lossary(loss, y_true, y_pred, sample_weight, **slots)
    if type(loss).call is keras.losses.Loss.call:  # a sum of losses: all is done in a __call__ of its own
        value = numbers(loss(y_true, y_pred, sample_weight))
        return Parts(value, None, None, value, 1.0, 1.0, 0)
    return _by_keras(loss, y_true, y_pred, sample_weight)


def _by_lossary(loss: Loss, y_true: Any, y_pred: Any, sample_weight: Any, **slots: Any) -> Parts:
    result, weight, mask = loss._result(y_true, y_pred, sample_weight, vectors=False, **slots)
    mask = both(mask, result.valid)
    inside = isinstance(result, Sums) and not isinstance(result, RisingSums)
    if inside:  # one number for all rows can only be multiplied by one number
        found = reduce(result, weight, mask, None)
        weight, mask = None, None
    else:
        found = reduce(result, None, None, None)
    values = np.square(numbers(found)) if is_root(loss) else numbers(found)
    kept = np.broadcast_to(True if mask is None else numbers(mask) != 0, values.shape)
    weights = None if weight is None else np.broadcast_to(numbers(weight), values.shape)
    spread = np.ones(values.shape) if weights is None else weights
    with np.errstate(invalid="ignore"):
        contributions = np.where(kept & (spread != 0), values * spread, 0.0)
    weight_sum = float(np.where(kept, spread, 0.0).sum())
    given = None if inside or loss.inputs else mask_of(y_pred)
    before = 0 if given is None else _outside(numbers(align(given, len(found.shape))), values.shape)
    return Parts(values, weights, None if mask is None else kept, contributions, float(kept.sum()), weight_sum, before)


def _by_keras(loss: keras.losses.Loss, y_true: Any, y_pred: Any, sample_weight: Any) -> Parts:
    """As keras.losses.Loss does it: weights and mask multiply the values, so that 0 · NaN is NaN."""
    given = mask_of(y_pred)
    y_true, y_pred = (
        keras.tree.map_structure(lambda x: ops.convert_to_tensor(x, dtype=loss.dtype), y) for y in (y_true, y_pred)
    )
    found = loss.call(y_true, y_pred)
    joined = both(given, mask_of(found))
    mask = None if joined is None else numbers(joined)
    weights = None if sample_weight is None else numbers(sample_weight)
    factor = weights if mask is None else mask
    if mask is not None and weights is not None:
        factor = np.multiply(*_same_rank(mask, weights))
    with np.errstate(invalid="ignore"):
        contributions = numbers(found) if factor is None else np.multiply(*_same_rank(numbers(found), factor))
    count = contributions.size * (1.0 if mask is None else float(mask.mean()))
    return Parts(
        _same_rank(contributions, numbers(found))[1],
        None if weights is None else _spread(weights, contributions),
        None if mask is None else _spread(mask, contributions) != 0,
        contributions,
        count,
        count if factor is None else float(factor.sum()),
        0 if given is None else _outside(_same_rank(contributions, numbers(given))[1], contributions.shape),
    )


def _same_rank(a: Array, b: Array) -> tuple[Array, Array]:
    """Keras's rule for ranks that differ by one: a trailing axis of length 1 is added or dropped."""
    if a.ndim < b.ndim:
        b, a = _same_rank(b, a)
    elif a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        a, b = (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    return a, b


def _spread(part: Array, contributions: Array) -> Array:
    """A mask or weight in the shape of the contributions."""
    return np.broadcast_to(_same_rank(contributions, part)[1], contributions.shape)


def _outside(mask: Array, shape: tuple[int, ...]) -> int:
    """How many values a mask takes out."""
    return int((np.broadcast_to(mask, shape) == 0).sum())


def numbers(x: Any) -> Array:
    """A tensor, array or list as NumPy in float64."""
    return to_numpy(x).astype("float64")


def copied(weight: Any) -> Any:
    """Keras multiplies weights by a mask in place on torch; this keeps the caller's."""
    return None if weight is None else keras.tree.map_structure(lambda w: ops.copy(ops.convert_to_tensor(w)), weight)


def row_weights(loss: keras.losses.Loss, given: Any) -> Any:
    """One tensor or array; a sum of losses by outputs takes a dictionary of them."""
    return arrays(given) if given is None or isinstance(loss, Sum) else plain("A loss", "sample_weight", given)


def arrays(values: Any) -> Any:
    """Data as the losses take them: lists of numbers become arrays; tensors, and what holds several, stay."""
    if isinstance(values, dict) and any(value is not None for value in values.values()):
        return {name: arrays(value) for name, value in values.items()}
    if isinstance(values, (list, tuple)) and any(hasattr(value, "shape") for value in values):
        return [arrays(value) for value in values]
    return None if values is None else plain("A loss", "its data", values)
