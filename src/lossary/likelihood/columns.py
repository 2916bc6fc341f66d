"""Which columns of a regression say something of their own."""

from __future__ import annotations

import numpy as np

from ..linear import asking
from .engine import products

Array = np.ndarray
SAME = 1e-10  # what is left of a column, of its length, that others explain


def kept_columns(matrix: Array, w: Array, names: tuple[str, ...]) -> tuple[Array, list[str], list[str]]:
    """An intercept and the columns that say something of their own; the names of those, and of the others."""
    inside = np.concatenate([np.ones((len(matrix), 1)), matrix], axis=1)
    labels = ["intercept", *names]
    with np.errstate(all="ignore"):
        if _independent(inside):
            return inside, labels, []
    asking.finite(matrix, "x", names)
    kept, left = [0], []
    basis = inside[:, :1] / np.linalg.norm(inside[:, :1])
    for place in range(1, inside.shape[1]):
        column = inside[:, place]
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) <= SAME * max(float(np.linalg.norm(column)), 1e-300):
            left.append(labels[place])
            continue
        kept.append(place)
        basis = np.concatenate([basis, (rest / np.linalg.norm(rest))[:, None]], axis=1)
    return inside[:, kept], [labels[k] for k in kept], left


def _independent(inside: Array) -> bool:
    """Whether it is plain from their products that no column is one of the others."""
    found = products(inside, np.ones(len(inside)), inside)
    size = np.sqrt(np.diag(found))
    if not (size > 0).all() or not np.isfinite(size).all() or len(inside) < inside.shape[1]:
        return False
    return bool(np.linalg.eigvalsh(found / np.outer(size, size))[0] > 1e-10)
