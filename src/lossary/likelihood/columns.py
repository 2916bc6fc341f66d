"""Which columns of a regression say something of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.errors import LossaryError
from ..linear import asking
from .engine import products

Array = np.ndarray
LARGEST = 1e100  # what a column may hold
SAME = 1e-10  # what is left of a column, of its length, that others explain
LEVEL = 0.98  # of the squares of a column: if its mean has as much, it is subtracted
ROUNDED = 1e-13  # of the size of a column: what tells its numbers apart is rounding


@dataclass(frozen=True)
class Columns:
    """The columns of a regression that say something of their own, after an intercept.

    Attributes:
        x: their numbers, less `shifts`: the means of columns whose numbers differ by little beside their size.
        names: theirs, "intercept" first. left: the names of the others.
    """

    x: Array
    shifts: Array
    names: list[str]
    left: list[str]


def kept_columns(matrix: Array, names: tuple[str, ...], what: str, asked: str) -> Columns:
    """An intercept and the columns that say something of their own."""
    inside = np.concatenate([np.ones((len(matrix), 1)), matrix], axis=1)
    labels, shifts = ["intercept", *names], np.zeros(inside.shape[1])
    with np.errstate(all="ignore"):
        found = products(inside, np.ones(len(inside)), inside)
        level = found[0] ** 2 > LEVEL * found[0, 0] * np.diag(found)
        level[0] = False
        if level.any():
            shifts[level] = inside[:, level].mean(axis=0)
            whole = np.abs(inside).max(axis=0)
            inside -= shifts
            inside[:, np.abs(inside).max(axis=0) <= ROUNDED * whole] = 0.0  # as good as an intercept
            found = products(inside, np.ones(len(inside)), inside)
        if _independent(found, len(inside)):
            return Columns(inside, shifts, labels, [])
    asking.finite(matrix, what, names, asked=asked)
    _check_sizes(matrix, what, names, asked)
    kept, left = [0], []
    basis = inside[:, :1] / np.linalg.norm(inside[:, :1])
    for place in range(1, inside.shape[1]):
        column = inside[:, place]
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) <= SAME * max(float(np.linalg.norm(column)), 1e-300):  # of a constant, nothing is left
            left.append(labels[place])
            continue
        kept.append(place)
        basis = np.concatenate([basis, (rest / np.linalg.norm(rest))[:, None]], axis=1)
    return Columns(inside[:, kept], shifts[kept], [labels[k] for k in kept], left)


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


def _independent(found: Array, rows: int) -> bool:
    """Whether it is plain from the products of the columns that none is one of the others."""
    size = np.sqrt(np.diag(found))
    if not (size > 0).all() or not np.isfinite(size).all() or rows < len(found):
        return False
    return bool(np.linalg.eigvalsh(found / np.outer(size, size))[0] > 1e-10)
