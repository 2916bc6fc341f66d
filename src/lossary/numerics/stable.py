"""Arithmetic that stays right where the textbook formula overflows, cancels or loses its gradient.

Everything here maps tensors of one shape to that shape, unless an axis is named, and is differentiable on every
backend. "Read as" means: the value is the stated one, the gradient is that of the function at the stated value.
"""

from __future__ import annotations

import math
from typing import Any

from keras import ops

Tensor = Any

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
    near = ops.minimum(size, 30.0)  # beyond 30, log(cosh(a)) grows by exactly as much as a
    grown = ops.expm1(near)  # cosh(a) - 1 = (e^a - 1)^2 / (2 e^a)
    return ops.log1p(grown * (grown / (2 * (grown + 1)))) + (size - near)


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


def surprise_of_logits(z: Tensor) -> Tensor:
    """-log(softmax(z)) along the last axis, exact also where one class is nearly certain.

    With k the largest logit: (z_k - z_c) + log(1 + sum over the others of e^(z_c - z_k)): nothing cancels, in the
    value or in its derivative.
    """
    winner, top, others = _winner(z)
    behind = ops.where(one_hot(winner, z), 0.0, z - top)  # a constant at the winner: its two derivatives would cancel
    return ops.log1p(others) - behind


def surprise_of_one_logit(z: Tensor, index: Tensor) -> Tensor:
    """-log(softmax(z)) of the class `index` alone, along the last axis."""
    winner, top, others = _winner(z)
    behind = ops.where(ops.equal(index, winner), 0.0, pick(z, index) - ops.squeeze(top, axis=-1))
    return ops.log1p(ops.squeeze(others, axis=-1)) - behind


def _winner(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The place of the largest entry (one of them), its value, and the sum of e^(z - largest) over all others."""
    winner = ops.cast(ops.stop_gradient(ops.argmax(z, axis=-1)), "int32")
    top = ops.expand_dims(pick(z, winner), -1)
    others = ops.sum(ops.where(one_hot(winner, z), 0.0, ops.exp(z - top)), axis=-1, keepdims=True)
    return winner, top, others


def one_hot(index: Tensor, like: Tensor) -> Tensor:
    """A boolean tensor in the shape of `like`: whether the place along the last axis is `index`."""
    places = ops.arange(like.shape[-1], dtype="int32")
    return ops.equal(ops.expand_dims(ops.cast(index, "int32"), -1), places)


def pick(values: Tensor, index: Tensor) -> Tensor:
    """The entry `index` of `values` along the last axis."""
    chosen = ops.take_along_axis(values, ops.expand_dims(ops.cast(index, "int32"), -1), axis=-1)
    return ops.squeeze(chosen, axis=-1)
