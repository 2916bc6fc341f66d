"""Columns as a solver likes them: centred, in units of their spread, and free of what is said twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rows import Array

SAME = 1e-11  # a column is a combination of others when less than this share of its spread is its own


@dataclass(frozen=True)
class Design:
    """matrix: (n, p' + 1) with a last column of ones where there is an intercept.

    The coefficients of the data's own columns are `back @ inner / spread` of the inner ones. Where columns are
    collinear and nothing is penalised, these are the smallest ones in units of the columns' spreads; `collinear` holds
    the places of all columns that take part.
    """

    matrix: Array
    mean: Array
    spread: Array
    back: Array
    intercept: bool
    collinear: tuple[int, ...]

    def outwards(self, inner: Array) -> tuple[Array, Array]:
        """Coefficients (p, k) and intercepts (k,) in the data's own units, from the inner (p' (+ 1), k)."""
        slopes = inner[:-1] if self.intercept else inner
        coefficients = self.back @ slopes / self.spread[:, None]
        if not self.intercept:
            return coefficients, np.zeros(inner.shape[1])
        return coefficients, inner[-1] - self.mean @ coefficients


def arrange(x: Array, weight: Array, intercept: bool, penalised: bool) -> Design:
    """Penalised columns stay apart, since a penalty is on each one; others are turned so that none leans on another."""
    total = weight.sum()
    mean = weight @ x / total if intercept else np.zeros(x.shape[1])
    centred = x - mean
    if intercept:  # once more: of numbers far from 0, the first mean is off by its rounding
        rest = weight @ centred / total
        mean, centred = mean + rest, centred - rest
    spread = np.sqrt(weight @ centred**2 / total)
    size = np.abs(x).max(axis=0, initial=0.0)
    still = spread <= SAME * size
    spread = np.where(still, 1.0, spread)
    scaled = np.where(still, 0.0, centred / spread)
    root = np.sqrt(weight / total)[:, None]
    triangle = np.linalg.qr(root * scaled, mode="r") if len(x) > x.shape[1] else root * scaled
    _, sizes, directions = np.linalg.svd(triangle)
    sizes = np.pad(sizes, (0, x.shape[1] - sizes.size))
    kept = sizes > SAME * max(sizes.max(initial=0.0), 1e-300)
    lost = directions[~kept]
    collinear = np.flatnonzero((np.abs(lost) > 1e-7).any(axis=0)) if lost.size else np.empty(0, dtype=int)
    back = np.eye(x.shape[1]) if penalised else directions[kept].T / sizes[kept]
    matrix = scaled if penalised else scaled @ back
    if intercept:
        matrix = np.column_stack([matrix, np.ones(len(x))])
    return Design(matrix, mean, spread, back, intercept, tuple(int(place) for place in collinear))
