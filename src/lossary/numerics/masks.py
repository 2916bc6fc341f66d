"""Keras's masks travel beside a tensor, not in it."""

from typing import Any

from .keras_private import get_mask, set_mask

Tensor = Any


def mask_of(x: Tensor) -> Tensor | None:
    """The mask that a layer put on its output, or None."""
    return None if isinstance(x, (dict, list, tuple)) else get_mask(x)


def with_mask(x: Tensor, mask: Tensor | None) -> Tensor:
    """`x` carrying the mask, so that Keras leaves out those rows when it takes the mean."""
    if mask is not None:
        set_mask(x, mask)
    return x
