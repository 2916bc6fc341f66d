"""Which columns of a regression say something of their own."""

from __future__ import annotations

import numpy as np

from ..core.errors import LossaryError
from ..linear import asking
from .engine import products

Array = np.ndarray
LARGEST = 1e100  # what a column may hold
SAME = 1e-10  # what is left of a column, of its length, that others explain


def kept_columns(matrix: Array, names: tuple[str, ...], what: str, asked: str) -> tuple[Array, list[str], list[str]]:
    """An intercept and the columns that say something of their own; the names of those, and of the others."""
    inside = np.concatenate([np.ones((len(matrix), 1)), matrix], axis=1)
    labels = ["intercept", *names]
    with np.errstate(all="ignore"):
        if _independent(inside):
            return inside, labels, []
    asking.finite(matrix, what, names, asked=asked)
    _check_sizes(matrix, what, names, asked)
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


def _check_sizes(matrix: Array, what: str, names: tuple[str, ...], asked: str) -> None:
    """Refuse columns whose squares no number holds: they would look as if they said nothing."""
    size = np.abs(matrix).max(axis=0)
    for name, most in zip(names, size, strict=True):
        if most > LARGEST or 0 < most < 1 / LARGEST:
            raise LossaryError(
                asked,
                arrived=f"The largest size in column {name} of {what} is {most:g}.",
                allowed=f"Expected sizes from {1 / LARGEST:g} to {LARGEST:g}: their squares are summed.",
                do="Change the unit of this column: divide it by its standard deviation, for instance.",
            )


def _independent(inside: Array) -> bool:
    """Whether it is plain from their products that no column is one of the others."""
    found = products(inside, np.ones(len(inside)), inside)
    size = np.sqrt(np.diag(found))
    if not (size > 0).all() or not np.isfinite(size).all() or len(inside) < inside.shape[1]:
        return False
    return bool(np.linalg.eigvalsh(found / np.outer(size, size))[0] > 1e-10)
