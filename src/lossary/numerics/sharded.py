"""Logits whose classes lie on several devices, as torch's DTensor holds them: what a row needs, without gathering them.

JAX's compiler does the same by itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import keras

Tensor = Any


def over_classes(x: Any) -> bool:
    """Whether the last axis of a tensor lies on several devices that torch keeps apart."""
    if type(x).__name__ != "DTensor" or keras.backend.backend() != "torch":
        return False
    return any(getattr(place, "dim", None) in (-1, x.ndim - 1) for place in x.placements)


def logit_parts(z: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """With d the logits less the largest: log sum e^d, d of the class at `index`, and the mean of d, for each row."""
    found: tuple[Tensor, Tensor, Tensor] = import_module(f"{__package__}.joined.torch").logit_parts(z, index)
    return found
