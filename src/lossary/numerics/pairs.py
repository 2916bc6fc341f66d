"""Rows against rows: which are partners, how far apart they are, and sums over chosen ones of them.

A set of rows has `label`, `keep` (which rows exist) and `place` (which row is itself), each (row,).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from keras import ops

from .stable import LARGE, constant, largest, power_of_two_scale, square_root, unit

Tensor = Any


def relations(here: Any, others: Any, *, itself: bool = False) -> tuple[Tensor, Tensor]:
    """Which of the others have the label of a row (not the row itself, unless told so), and which have another one.

    Both are (here, others). Rows that do not exist are neither.
    """
    same = ops.equal(ops.expand_dims(here.label, 1), ops.expand_dims(others.label, 0))
    exist = ops.logical_and(ops.expand_dims(here.keep, 1), ops.expand_dims(others.keep, 0))
    other = ops.logical_and(ops.logical_not(same), exist)
    same = ops.logical_and(same, exist)
    if not itself:
        same = ops.logical_and(same, ops.expand_dims(here.place, 1) != ops.expand_dims(others.place, 0))
    return same, other


def log_sum_exp(terms: Tensor, chosen: Tensor, keepdims: bool = False) -> Tensor:
    """log of the sum of e^term over the chosen entries of each row; of no entry: a very small number."""
    dtype = "float64" if "float64" in str(terms.dtype) else "float32"
    return ops.logsumexp(ops.where(chosen, terms, constant(-LARGE[dtype], terms)), axis=-1, keepdims=keepdims)


def cosines(a: Tensor, b: Tensor) -> Tensor:
    """The cosines between rows of a (n, d) and rows of b (m, d), as (n, m); 0 where a vector is zero."""
    return unit(a)[0] @ ops.transpose(unit(b)[0])


def sines(a: Tensor, b: Tensor) -> Tensor:
    """The sine of the angle between each row of a and the same row of b, also where they are nearly parallel.

    By the distance of the unit vectors: the root of 1 - cosine^2 would keep half of the digits.
    """
    a, b = unit(a)[0], unit(b)[0]
    blunt = ops.sum(a * b, axis=-1, keepdims=True) < 0
    apart = distance(ops.where(blunt, -a, a), b)
    return apart * square_root(1 - ops.square(apart / 2))


def distance(a: Tensor, b: Tensor) -> Tensor:
    """The Euclidean distance along the last axis, without squaring large or small numbers; 0 has gradient 0."""
    d = a - b
    size = ops.stop_gradient(largest(ops.abs(d), keepdims=True))
    k = power_of_two_scale(ops.where(size > 0, size, 1.0))  # graphs of TensorFlow multiply the scale of 0 by itself
    return square_root(ops.sum(ops.square(d * k), axis=-1)) / ops.squeeze(k, axis=-1)


def distances(a: Tensor, b: Tensor) -> Tensor:
    """The distances between rows of a (n, d) and rows of b (m, d), as (n, m)."""
    return distance(ops.expand_dims(a, 1), ops.expand_dims(b, 0))


def largest_of(x: Tensor, chosen: Tensor) -> Tensor:
    """The largest of the chosen entries of each row; 0 where there is none."""
    dtype = "float64" if "float64" in str(x.dtype) else "float32"
    found = largest(ops.where(chosen, x, constant(-LARGE[dtype], x)))
    return ops.where(ops.any(chosen, axis=-1), found, 0.0)


def both_views(rows: Any) -> Any:
    """Two views, `first` and `second`, as twice as many rows: views of one row have one label, and are not itself."""
    return SimpleNamespace(
        embedding=ops.concatenate([rows.first, rows.second], axis=0),
        label=ops.concatenate([rows.place, rows.place], axis=0),
        place=ops.concatenate([2 * rows.place, 2 * rows.place + 1], axis=0),
        keep=ops.concatenate([rows.keep, rows.keep], axis=0),
    )
