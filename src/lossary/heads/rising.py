"""Numbers in order, out of any numbers."""

from __future__ import annotations

from typing import Any

from keras import ops

from ..numerics.stable import softplus

Tensor = Any


def rising(numbers: Tensor) -> Tensor:
    """The first number, and each further one above the one before it by softplus of its own, along the last axis."""
    steps = ops.concatenate([numbers[..., :1], softplus(numbers[..., 1:])], axis=-1)
    return ops.cumsum(steps, axis=-1)
