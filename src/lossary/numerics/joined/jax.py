"""The devices along a mapped axis of JAX: inside of shard_map, or of pmap."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax import lax


class Mapped:
    """Seen from one of them. Their gradients are averaged, by lax.pmean."""

    averaged = True

    def __init__(self, axis: str) -> None:
        self.axis = axis

    @property
    def count(self) -> int:
        return int(lax.psum(1, self.axis))

    @property
    def place(self) -> Any:
        return lax.axis_index(self.axis)

    def gather(self, x: jax.Array) -> jax.Array:
        return lax.stop_gradient(lax.all_gather(x, self.axis))

    def rows(self, x: jax.Array, counts: jax.Array) -> jax.Array:
        return lax.all_gather(x, self.axis, tiled=True)

    def agreed(self, wrong: bool) -> list[int]:
        return [-1] if wrong else []  # one program: its error ends all devices


def said(axis: Any) -> Mapped | None:
    """By the name of the axis; what is no name is none."""
    return Mapped(axis) if isinstance(axis, str) else None


def most(rows: int) -> int:
    """The most rows that any process has."""
    if jax.process_count() == 1:
        return rows
    from jax.experimental import multihost_utils

    return int(np.max(multihost_utils.process_allgather(np.asarray([rows]))))
