"""Columns as a solver likes them: centred, in units of their spread, and free of what is said twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .rows import Array, stretches

APART = 1e-2  # columns of which no combination is smaller, as a share of the largest, need not be turned
ALIKE = 1e-10  # sums of squares in which columns that are said twice may hide
CENTRED = 1e-9  # of its spread a mean may be off
SAME = 1e-11  # a column is a combination of others when less than this share of its spread is its own


@dataclass(frozen=True)
class Design:
    """matrix: (n, p' + 1) with a last column of ones where there is an intercept; laid out by columns.

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
    still: Array

    def of(self, columns: Iterable[Array], rows: int) -> Array:
        """The matrix of other rows, which are given by column."""
        plain = np.array_equal(self.back, np.eye(len(self.mean)))
        by_column = np.empty((self.columns, rows))
        scaled = by_column if plain else np.empty((len(self.mean), rows))
        for place, column in enumerate(columns):
            np.subtract(column, self.mean[place], out=scaled[place], dtype=np.float64)
        scaled = scaled[: len(self.mean)]
        scaled *= (1.0 / self.spread)[:, None]
        scaled[self.still] = 0.0
        if not plain:
            np.matmul(self.back.T, scaled, out=by_column[: self.back.shape[1]])
        if self.intercept:
            by_column[-1] = 1.0
        return by_column.T

    @property
    def columns(self) -> int:
        return self.back.shape[1] + self.intercept

    def outwards(self, inner: Array) -> tuple[Array, Array]:
        """Coefficients (p, k) and intercepts (k,) in the data's own units, from the inner (p' (+ 1), k)."""
        slopes = inner[:-1] if self.intercept else inner
        coefficients = self.back @ slopes / self.spread[:, None]
        if not self.intercept:
            return coefficients, np.zeros(inner.shape[1])
        return coefficients, inner[-1] - self.mean @ coefficients


def arrange(x: Array, weight: Array, intercept: bool, penalised: bool) -> Design:
    """Penalised columns stay apart, since a penalty is on each one; others are turned where one leans on others."""
    total, (n, p) = weight.sum(), x.shape
    by_column = np.empty((p + intercept, n))
    scaled, square, rest = by_column[:p], np.zeros((p, p)), np.zeros(p)
    mean = weight @ x / total if intercept else np.zeros(p)
    for rows in stretches(n):
        part, each = scaled[:, rows], weight[rows]
        np.subtract(x[rows].T, mean[:, None], out=part)
        rest += part @ each
        square += (part * each) @ part.T
    by_column[p:] = 1.0
    rest = rest / total * intercept
    square = square / total - np.outer(rest, rest)
    spread = np.sqrt(np.maximum(np.diagonal(square), 0.0))
    still = spread <= SAME * np.abs(mean)
    spread = np.where(still, 1.0, spread)
    off = bool(np.any(np.abs(rest) > CENTRED * spread))  # of numbers far from 0, by the rounding of the first mean
    mean = mean + rest if off else mean
    factor = np.where(still, 0.0, 1.0 / spread)
    for rows in stretches(n):
        part = scaled[:, rows]
        if off:
            part -= rest[:, None]
        part *= factor[:, None]
    square = square * np.outer(factor, factor)
    sizes = np.linalg.eigvalsh(square)
    if penalised or sizes[0] > APART**2 * sizes[-1]:
        back, collinear = _turned(np.eye(p), True)
        if penalised and sizes[0] <= ALIKE * sizes[-1]:
            back, collinear = _turned(_triangle((np.sqrt(weight / total) * scaled).T), penalised)
        return Design(by_column.T, mean, spread, back, intercept, collinear, still)
    back, collinear = _turned(_triangle((np.sqrt(weight / total) * scaled).T), penalised)
    turned = np.ones((back.shape[1] + intercept, n))
    turned[: back.shape[1]] = back.T @ scaled
    return Design(turned.T, mean, spread, back, intercept, collinear, still)


def _turned(triangle: Array, penalised: bool) -> tuple[Array, tuple[int, ...]]:
    """How columns are turned so that none leans on another, and which are said twice."""
    p = triangle.shape[1]
    _, sizes, directions = np.linalg.svd(triangle)
    sizes = np.pad(sizes, (0, p - sizes.size))
    kept = sizes > SAME * max(sizes.max(initial=0.0), 1e-300)
    lost = directions[~kept]
    collinear = np.flatnonzero((np.abs(lost) > 1e-7).any(axis=0)) if lost.size else np.empty(0, dtype=int)
    back = np.eye(p) if penalised else directions[kept].T / sizes[kept]
    return back, tuple(int(place) for place in collinear)


@dataclass(frozen=True)
class Moments:
    """What blocks of rows tell of their columns: a triangle R with RᵀR = Σ w (1, x - shift)ᵀ (1, x - shift), the
    weight, and the largest |x|. Triangles on top of one another have a triangle, so blocks merge with all digits."""

    triangle: Array
    weight: float
    size: Array

    @classmethod
    def of(cls, x: Array, weight: Array, shift: Array) -> Moments:
        whole = np.sqrt(weight)[:, None] * np.column_stack([np.ones(len(x)), x - shift])
        return cls(_triangle(whole), float(weight.sum()), np.abs(x).max(axis=0, initial=0.0))

    def __add__(self, other: Moments) -> Moments:
        both = np.concatenate([self.triangle, other.triangle])
        return Moments(_triangle(both), self.weight + other.weight, np.maximum(self.size, other.size))


def _triangle(rows: Array) -> Array:
    return np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > rows.shape[1] else rows


def arrange_moments(found: Moments, shift: Array, intercept: bool, penalised: bool) -> Design:
    """As `arrange`, from what blocks tell. Without an intercept, `shift` is 0."""
    p = len(shift)
    triangle = np.asarray(np.linalg.qr(found.triangle, mode="r"))
    triangle = np.pad(triangle, ((0, p + 1 - len(triangle)), (0, 0)))
    mean = shift + triangle[0, 1:] / triangle[0, 0] if intercept else np.zeros(p)
    rest = (triangle[1:, 1:] if intercept else triangle[:, 1:]) / np.sqrt(found.weight)
    spread = np.sqrt(np.sum(rest**2, axis=0))
    still = spread <= SAME * found.size
    spread = np.where(still, 1.0, spread)
    scaled = np.where(still, 0.0, rest / spread)
    sizes = np.linalg.svd(scaled, compute_uv=False)
    back, collinear = _turned(scaled, penalised or bool(sizes[-1] > APART * sizes[0]))
    return Design(np.empty((0, 0)), mean, spread, back, intercept, collinear, still)
