"""Arithmetic that stays right where the textbook formula overflows, cancels or loses its gradient.

Everything here maps tensors of one shape to that shape, unless an axis is named, and is differentiable on every
backend. "Read as" means: the value is the stated one, the gradient is that of the function at the stated value.
"""

from __future__ import annotations

import math
from typing import Any

from keras import ops

Tensor = Any
LOG_2 = math.log(2.0)

# The smallest normal number, and the largest number below one (one minus half an ulp), by floating-point type.
SMALLEST = {"float16": 2.0**-14, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}
BELOW_ONE = {"float16": 1 - 2.0**-11, "bfloat16": 1 - 2.0**-8, "float32": 1 - 2.0**-24, "float64": 1 - 2.0**-53}
LARGE = {"float16": 2.0**15, "bfloat16": 2.0**126, "float32": 2.0**126, "float64": 2.0**1022}


def wide(dtype: str) -> str:
    """The type to compute in: half precision is computed in float32 and rounded once, at the end."""
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def read_at_least(x: Tensor, low: float) -> Tensor:
    """`x`, read as `low` where it is smaller; the gradient passes, so training can leave the edge."""
    return ops.where(x < low, low + (x - ops.stop_gradient(x)), x)


def read_at_most(x: Tensor, high: float) -> Tensor:
    """`x`, read as `high` where it is larger; the gradient passes."""
    return ops.where(x > high, high + (x - ops.stop_gradient(x)), x)


def mean(x: Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    """The mean over an axis. (keras.ops.mean computes in float32 on JAX and torch, also for float64.)"""
    total = ops.sum(x, axis=axis)
    axes = (axis,) if isinstance(axis, int) else axis
    static = [x.shape[a] for a in axes]
    if None in static:
        shape = ops.shape(x)
        count: Any = ops.cast(ops.prod(ops.stack([shape[a] for a in axes])), x.dtype)
    else:
        count = math.prod(static)
    return total / count


def square_root(x: Tensor) -> Tensor:
    """The square root of x >= 0, with gradient 0 (not infinite) at 0."""
    positive = x > 0
    return ops.where(positive, ops.sqrt(ops.where(positive, x, 1.0)), 0.0)


def hypotenuse(x: Tensor) -> Tensor:
    """sqrt(1 + x^2) without overflow."""
    large, small = _about_one(ops.abs(x))
    return large * ops.sqrt(1.0 + ops.square(small / large))


def log1p_of_square(x: Tensor) -> Tensor:
    """log(1 + x^2) without overflow."""
    size = ops.abs(x)
    large, small = _about_one(size)
    return ops.where(size > 1, 2 * ops.log(large) + ops.log1p(ops.square(1 / large)), ops.log1p(ops.square(small)))


def _about_one(size: Tensor) -> tuple[Tensor, Tensor]:
    """The larger and the smaller of a size and 1. Not by maximum: at a tie, backends differ in its gradient."""
    far = size > 1
    return ops.where(far, size, 1.0), ops.where(far, 1.0, size)


def log_cosh(x: Tensor) -> Tensor:
    """log(cosh(x)): exact near 0, where cosh(x) rounds to 1, and far out, where it overflows."""
    size = ops.abs(x)
    near = ops.minimum(size, 1.0)
    grown = ops.expm1(near)  # cosh(a) - 1 = (e^a - 1)^2 / (2 e^a)
    return ops.where(
        size < 1, ops.log1p(grown * grown / (2 * (grown + 1))), size + ops.log1p(ops.exp(-2 * size)) - LOG_2
    )


def largest(x: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
    """The largest entry along the axis; of a batch without rows, none. (ops.max breaks torch's compiled graphs.)"""
    if 0 in x.shape:  # TensorFlow refuses it
        return ops.sum(x, axis=axis, keepdims=keepdims)
    return ops.amax(x, axis=axis, keepdims=keepdims)


def unit(x: Tensor, axis: int = -1) -> tuple[Tensor, Tensor]:
    """`x` divided by its Euclidean norm along the axis, and whether it has a direction (is not the zero vector).

    Scaled by the largest entry first: squares neither overflow nor vanish. A zero vector stays zero.
    """
    size = ops.stop_gradient(largest(ops.abs(x), axis=axis, keepdims=True))
    nonzero = size > 0
    scaled = x / ops.where(nonzero, size, 1.0)
    squared = ops.sum(ops.square(scaled), axis=axis, keepdims=True)
    return scaled / ops.sqrt(ops.where(nonzero, squared, 1.0)), nonzero


def surprise_of_logits(z: Tensor, axis: int = -1) -> Tensor:
    """-log(softmax(z)) along the axis, exact also where one class is nearly certain.

    With k the largest logit: (z_k - z_c) + log(1 + sum over the others of e^(z_c - z_k)): nothing cancels, in the
    value or in its derivative.
    """
    winner = ops.stop_gradient(ops.argmax(z, axis=axis))
    is_winner = one_hot(winner, z, axis)
    top = ops.sum(ops.where(is_winner, z, 0.0), axis=axis, keepdims=True)
    behind = ops.where(is_winner, 0.0, z - top)  # a constant at the winner: its two derivatives would cancel
    others = ops.sum(ops.where(is_winner, 0.0, ops.exp(behind)), axis=axis, keepdims=True)
    return ops.log1p(others) - behind


def one_hot(index: Tensor, like: Tensor, axis: int = -1) -> Tensor:
    """A boolean tensor in the shape of `like`: whether the place along the axis is `index`."""
    axis = axis % len(like.shape)
    classes = like.shape[axis]
    places = ops.reshape(
        ops.arange(classes, dtype="int32"), [classes if a == axis else 1 for a in range(len(like.shape))]
    )
    return ops.equal(ops.expand_dims(ops.cast(index, "int32"), axis), places)


def pick(values: Tensor, index: Tensor, axis: int = -1) -> Tensor:
    """The entry `index` of `values` along the axis."""
    chosen = ops.take_along_axis(values, ops.expand_dims(ops.cast(index, "int32"), axis), axis=axis)
    return ops.squeeze(chosen, axis=axis)
