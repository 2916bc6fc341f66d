"""The devices along a mapped axis of JAX: inside shard_map, or of pmap."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import numpy as np
from jax import lax

PATIENCE = 60_000  # milliseconds that a process waits for another one to make the same program


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

    def agreed(self, wrong: bool, rows: int | None) -> tuple[list[int], list[int]]:
        told = _told(f"{int(wrong)} {-1 if rows is None else rows}")
        if told is None:
            return [-1] * wrong, []  # one program: its error ends all devices
        flags, counts = zip(*(map(int, one.split()) for one in told), strict=True)
        return [place for place, flag in enumerate(flags) if flag], list(counts)


def said(axis: Any) -> Mapped | None:
    """By the name of the axis; what is no name is none."""
    return Mapped(axis) if isinstance(axis, str) else None


_COUNT = itertools.count()


def _told(words: str) -> list[str] | None:
    """What all processes say, where a program that they run together is being made; None elsewhere.

    They talk by the service that they began with: programs of unequal shapes would wait for each other for ever.
    """
    mesh = getattr(jax.sharding, "get_abstract_mesh", lambda: None)()
    if jax.process_count() == 1 or mesh is None or mesh.size != jax.device_count():
        return None
    from jax._src import distributed

    client, place = distributed.global_state.client, f"lossary/{next(_COUNT)}"
    client.key_value_set(f"{place}/{jax.process_index()}", words)
    return [_heard(client, f"{place}/{k}") for k in range(jax.process_count())]


def _heard(client: Any, key: str) -> str:
    """What a process says; where it makes no program, since its batch has the shape of one before, no number."""
    try:
        return str(client.blocking_key_value_get(key, PATIENCE))
    except RuntimeError:
        return "0 -1"


def most(rows: int) -> int:
    """The most rows that any process has."""
    if jax.process_count() == 1:
        return rows
    from jax.experimental import multihost_utils

    return int(np.max(multihost_utils.process_allgather(np.asarray([rows]))))
