"""Weights, masks and reductions: the only code of lossary that divides by a count.

With v the values of the rows, w their weights (1 where none are given), m = 1 for rows that are neither masked nor
ignored, N = sum m:

    sum                      sum m w v
    sum_over_batch_size      sum m w v / N          (or "mean"; a row of weight 0 still counts in N, as in Keras)
    mean_with_sample_weight  sum m w v / sum m w
    none                     m w v
    mean_with_class_weight   sum m w v / sum m w c, with c the class weight of the true class, as in torch: for losses
                             of class numbers, whose v contains c

A row with w = 0 or m = 0 adds exactly nothing, even when it holds NaN or infinity. An empty sum divided by an empty
count is 0, with gradient 0. Sums are taken in float32 at least.
"""

from __future__ import annotations

from typing import Any, Literal

from ..numerics import ops
from ..numerics.backend import average, total
from ..numerics.sharded import over_classes
from .errors import ParameterError, ShapeError, shown

Tensor = Any
Shape = tuple[int | None, ...]
Reduction = Literal["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none"]
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


def check_reduction(owner: str, reduction: Any, allowed: tuple[str | None, ...] = REDUCTIONS) -> None:
    if not (reduction is None or isinstance(reduction, str)) or reduction not in allowed:
        raise ParameterError(
            f"{owner}(reduction=...) says how the rows of a batch become one number.",
            arrived=f"Invalid value for argument `reduction`: {shown(reduction)}.",
            allowed=f"Expected one of {', '.join(map(repr, allowed))}.",
            do="Leave it out for the mean over the batch.",
        )


def align(small: Tensor, rank: int) -> Tensor:
    """A weight or mask in the rank of what it applies to: rows first, trailing axes of length 1 added or dropped."""
    while len(small.shape) > rank and small.shape[-1] == 1:
        small = ops.squeeze(small, axis=-1)
    while 0 < len(small.shape) < rank:
        small = ops.expand_dims(small, axis=-1)
    return small


def leading(small: Shape, large: Shape) -> bool:
    """Whether a weight of one shape meets values of the other row by row. One row stands for all only as one number."""
    if len(small) > len(large) or (small[:1] == (1,) and large[0] not in (1, None) and small != (1,) * len(small)):
        return False
    return all(a in (1, b, None) or b is None for a, b in zip(small, large, strict=False))


def align_weight(owner: str, what: str, weight: Tensor, shape: Shape) -> Tensor:
    """`weight` in the rank of values of a shape; a ShapeError where the rows would not meet their own weights."""
    aligned = align(weight, len(shape))
    if not leading(tuple(aligned.shape), shape):
        raise ShapeError(
            f"{owner} multiplies each row by its {what}.",
            arrived=f"The {what} has shape {tuple(weight.shape)} and the values of the rows {shape}.",
            allowed="Expected one number, one per row, or one per entry of the values (leading axes equal).",
            do=f"Reshape the {what} so that its first axes are those of the values.",
        )
    return aligned


def widened(small: Tensor, large: Tensor) -> Tensor:
    """`small` with axes of length 1 at the end, up to the rank of `large`."""
    for _ in range(len(large.shape) - len(small.shape) if len(small.shape) else 0):
        small = ops.expand_dims(small, axis=-1)
    return small


def weighed(x: Tensor, weight: Tensor | None, keep: Tensor | None) -> Tensor:
    """Where kept, the weight times x; elsewhere, and at weight 0, exactly nothing, whatever x holds."""
    if keep is not None:
        x = ops.where(widened(keep, x), x, 0.0)
    if weight is None:
        return x
    weight = widened(weight, x)
    return ops.where(ops.equal(weight, 0), 0.0, x * weight)


def drop(keep: Tensor | None, x: Tensor, neutral: float) -> Tensor:
    """`x` with `neutral` in the rows that do not count, so that nothing they hold can spread."""
    if keep is None or over_classes(x):
        return x
    return ops.where(align(keep, len(x.shape)), x, ops.cast(neutral, x.dtype))


def both(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """Rows that two conditions both keep; None keeps all."""
    if a is None or b is None:
        return b if a is None else a
    rank = max(len(a.shape), len(b.shape))
    return ops.logical_and(align(a, rank), align(b, rank))


def divisor(like: Tensor, weight: Tensor | None, mask: Tensor | None, reduction: str | None) -> Tensor:
    """What a mean over values of this shape divides by: the sum of their weights, or the number of those that count."""
    if reduction == "mean_with_sample_weight" and weight is not None:
        weight = ops.broadcast_to(weight, ops.shape(like))
        return total(weight if mask is None else ops.where(mask, weight, 0.0))
    if mask is not None:
        return total(ops.cast(ops.broadcast_to(mask, ops.shape(like)), like.dtype))
    return ops.cast(ops.size(like), like.dtype)


def reduce(values: Tensor, weight: Tensor | None, mask: Tensor | None, reduction: str | None) -> Tensor:
    """The rows as one number (or none), by the formulas above. `weight` and `mask` are in the rank of `values`."""
    if mask is not None:
        mask = ops.broadcast_to(mask, ops.shape(values))
        values = ops.where(mask, values, 0.0)
    weighted = values if weight is None else ops.where(ops.equal(weight, 0), 0.0, values * weight)
    if reduction in (None, "none"):
        return weighted
    if reduction == "sum":
        return total(weighted)
    count = divisor(values, weight, mask, reduction)
    empty = ops.equal(count, 0)
    return ops.where(empty, 0.0, average(weighted, ops.where(empty, 1.0, count)))
