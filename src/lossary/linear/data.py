"""The contract between a solver and its data: sums over rows at given coefficients, which add up over blocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np

from .rows import Array, Rows, block_of, stretches


@dataclass(frozen=True)
class Sums:
    """What rows add up to at some coefficients, by blocks, files or devices: sums of sums are sums.

    value: Σ w v. gradient: its derivative by the coefficients (p, k). curvature: the second one, (p k, p k), the
    coefficients in the order of gradient.ravel(); None where it was not asked for. count: Σ w. size: Σ w |parts of the
    gradient|, (p, k), what the gradient is small against.
    """

    value: float
    gradient: Array
    curvature: Array | None
    count: float
    size: Array

    def __add__(self, other: Sums) -> Sums:
        both = self.curvature is not None and other.curvature is not None
        return Sums(
            self.value + other.value,
            self.gradient + other.gradient,
            self.curvature + other.curvature if both else None,  # type: ignore[operator]
            self.count + other.count,
            self.size + other.size,
        )


@dataclass(frozen=True)
class Near:
    """What rows of one output are like within ± a width: `sums` with the corners rounded off, Σ w v of the rows, Σ w of
    lines that lie below the rows everywhere, whose slopes are those of the sums, and how many rows have a corner."""

    sums: Sums
    value: float
    below: float
    corners: int

    def __add__(self, other: Near) -> Near:
        corners = self.corners + other.corners
        return Near(self.sums + other.sums, self.value + other.value, self.below + other.below, corners)


class LinearData(Protocol):
    """Rows that a solver can ask: columns p, outputs k, and sums at coefficients (p, k)."""

    @property
    def columns(self) -> int: ...

    @property
    def outputs(self) -> int: ...

    def sums(self, coefficients: Array, *, curvature: bool = True, width: float = 0.0) -> Sums:
        """The sums over all rows; the predictions of a row are offset + x @ coefficients. `width`: values are means
        over predictions ± width, which rounds corners off (one output only)."""
        ...


class ArrayData:
    """Rows in memory: x (n, p), a column of ones where there is an intercept; a weight and an offset for each row."""

    def __init__(self, x: Array, rows: Rows, weight: Array, offset: Array) -> None:
        self.x, self.rows, self.weight, self.offset = x, rows, weight, offset
        self.block = block_of(rows.outputs)

    @property
    def columns(self) -> int:
        return int(self.x.shape[1])

    @property
    def outputs(self) -> int:
        return self.rows.outputs

    def predictions(self, coefficients: Array, rows: Array | slice = slice(None)) -> Array:
        """(n, k)"""
        return np.asarray(self.offset[rows] + self.x[rows] @ coefficients)

    def some(self, count: int) -> ArrayData:
        """So many of the rows, drawn always alike."""
        rows = np.sort(np.random.default_rng(0).choice(len(self.x), count, replace=False, shuffle=False))
        x = np.ascontiguousarray(self.x.T[:, rows]).T
        function, y = self.rows.function, self.rows.y[rows]
        return ArrayData(x, Rows(function, y, self.outputs), self.weight[rows], self.offset[rows])

    def value(self, coefficients: Array) -> float:
        """Σ w v alone."""
        return float(self.weight @ self.rows.slopes(self.predictions(coefficients))[0])

    def sums(
        self,
        coefficients: Array,
        *,
        curvature: bool = True,
        width: float = 0.0,
        without: Array | None = None,
        sized: bool = True,
    ) -> Sums:
        """As the contract says. `without`: rows that are left out of the sums (their count stays). `sized`: whether the
        size of the gradient's parts is wanted; else it is NaN."""
        found: Sums | None = None
        for first in range(0, len(self.x), self.block):
            here = slice(first, first + self.block)
            left_out = None if without is None else without[here]
            block = self._block(coefficients, here, curvature, width, left_out, sized)
            found = block if found is None else found + block
        assert found is not None
        return found

    def _block(
        self, coefficients: Array, here: slice, curvature: bool, width: float, left_out: Array | None, sized: bool
    ) -> Sums:
        x, eta, whole = self.x[here], self.predictions(coefficients, here), self.weight[here]
        weight = whole if left_out is None else np.where(left_out, 0.0, whole)
        k, bends = self.outputs, None
        if width:
            value, slope, bends = self._rounded(eta, here, width)
        elif curvature:
            value, slope, bends = self.rows.expand(eta, here)
        else:
            value, slope = self.rows.slopes(eta, here)
        if left_out is not None and left_out.any():
            value = np.where(left_out, 0.0, value)
            slope = np.where(left_out[:, None], 0.0, slope)
        pull = weight[:, None] * slope
        square = None
        if curvature and bends is not None:
            if left_out is not None and left_out.any():
                bends = np.where(left_out[:, None, None], 0.0, bends)
            square = squares(x, weight[:, None, None] * bends, k)
        gradient = x.T @ pull
        sizes = _sizes(x, pull) if sized else np.full_like(gradient, np.nan)
        return Sums(float(weight @ value), gradient, square, float(whole.sum()), sizes)

    def _rounded(self, eta: Array, here: slice, width: float) -> tuple[Array, Array, Array]:
        """The mean of the loss over eta ± width: its slope is a difference of values, its curvature one of slopes."""
        (above, up), (below, down) = (self.rows.slopes(eta + side * width, here) for side in (1.0, -1.0))
        slope = ((above - below) / (2 * width))[:, None]
        return (above + below) / 2, slope, ((up - down) / (2 * width))[:, :, None]

    def near(self, coefficients: Array, width: float) -> Near:
        """Sums with corners rounded off, and lines below the rows, which touch where the rows are within ± width. Two
        lines that touch a convex row lie below it, and so does every line through where they meet, with a slope between
        theirs."""
        found: Near | None = None
        for first in range(0, len(self.x), self.block):
            block = self._near(coefficients, slice(first, first + self.block), width)
            found = block if found is None else found + block
        assert found is not None
        return found

    def _near(self, coefficients: Array, here: slice, width: float) -> Near:
        x, eta, weight = self.x[here], self.predictions(coefficients, here), self.weight[here]
        value = self.rows.slopes(eta, here)[0]
        (above, up), (below, down) = (self.rows.slopes(eta + side * width, here) for side in (1.0, -1.0))
        up, down = up[:, 0], down[:, 0]
        slope, bend = (above - below) / (2 * width), up - down
        size = max(float(np.abs(up).max(initial=0.0)), float(np.abs(down).max(initial=0.0)), 1e-300)
        bent = bend > 1e-9 * size
        meet = np.clip((below - above + (up + down) * width) / np.where(bent, bend, 1.0), -width, width)
        meet = np.where(bent, meet, 0.0)
        line = np.maximum(below + down * (meet + width), above + up * (meet - width)) - slope * meet
        line = np.minimum(line - np.where(bent, 0.0, np.abs(bend) * width), value)
        pull = (weight * slope)[:, None]
        square = squares(x, (weight * bend / (2 * width))[:, None, None], 1)
        rounded, count = float(weight @ (above + below)) / 2, float(weight.sum())
        sums = Sums(rounded, x.T @ pull, square, count, _sizes(x, pull))
        return Near(sums, float(weight @ value), float(weight @ line), int(bent.sum()))


def squares(x: Array, bends: Array, k: int) -> Array:
    """Σ over rows of (x xᵀ) ⊗ bends, in the order of coefficients.ravel(). Rows without a bend add nothing."""
    if k == 1:
        bend = bends[:, 0, 0]
        bent = np.flatnonzero(bend)
        few = 4 * len(bent) < len(bend)
        by_column, bend = (x.T[:, bent], bend[bent]) if few else (x.T, bend)
        return _added((by_column[:, rows] * bend[rows]) @ by_column[:, rows].T for rows in stretches(len(bend)))
    n, p = x.shape
    whole = np.empty((k, p, k, p))
    bends = np.ascontiguousarray(bends.transpose(1, 2, 0))
    for a in range(k):  # one product of matrices for each output
        part = ((bends[a, a:, None] * x.T).reshape(-1, n) @ x).reshape(k - a, p, p)
        whole[a, :, a:, :] = part.transpose(2, 0, 1)
        whole[a:, :, a, :] = part
    return whole.transpose(1, 0, 3, 2).reshape(p * k, p * k)


def _sizes(x: Array, pull: Array) -> Array:
    """Σ over rows of |x| |pull|, (p, k)."""
    return _added(np.abs(x[rows]).T @ np.abs(pull[rows]) for rows in stretches(len(x)))


def _added(parts: Iterable[Array]) -> Array:
    return reduce(np.add, parts)
