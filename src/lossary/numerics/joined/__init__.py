"""Replicas or processes that compute one step together, each its own rows: what they tell one another.

Under tf.distribute the group is found; of a torch process group, or of a mapped axis of JAX, it is said
(`core.replicas.across`), so that nobody waits for a process that does not take part.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import keras

Tensor = Any


class Group(Protocol):
    """Those that compute a step together.

    `count` is how many they are, `place` which of them this one is; `averaged` says that the step takes the mean of
    their gradients, as torch does, and not their sum.
    """

    count: int
    place: Any
    averaged: bool

    def gather(self, x: Tensor) -> Tensor:
        """What each of them holds, one after the other along a new first axis, without gradient."""

    def rows(self, x: Tensor, counts: Tensor) -> Tensor:
        """The rows of all of them, `counts` of each, through which gradients go back to where a row came from."""

    def agreed(self, wrong: bool, rows: int | None) -> tuple[list[int], list[int]]:
        """The places of those with which something is wrong, and how many rows each has, where these have to be equal.

        Each of them asks at the same point.
        """


_SAID: list[Group | None] = [None]


def joined() -> Group | None:
    """The group that this computation belongs to; None where it stands alone."""
    if _SAID[0] is not None:
        return _SAID[0]
    if keras.backend.backend() != "tensorflow":
        return None
    found: Group | None = import_module(f"{__name__}.tensorflow").found()
    return found


def said(group: Any) -> Group | None:
    """What a user calls a group: a process group of torch, the name of a mapped axis of JAX. None for anything else."""
    made: Group | None = import_module(f"{__name__}.{keras.backend.backend()}").said(group)
    return made


def most(rows: int) -> int:
    """The most rows that any process of JAX has."""
    return int(import_module(f"{__name__}.jax").most(rows)) if keras.backend.backend() == "jax" else rows


def join(group: Group | None) -> Group | None:
    """Belong to this group from now on; gives the one before."""
    before, _SAID[0] = _SAID[0], group
    return before
