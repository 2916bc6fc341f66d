"""What a fit minimises, as one function of its coefficients: the mean loss and the penalties."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .data import ArrayData, LinearData, Sums
from .rows import Array


@dataclass(frozen=True)
class Point:
    """The target at some coefficients (m = p k numbers in a row): value, gradient (m,), curvature (m, m) or None.

    `size` is what each entry of the gradient is made of, in absolute values: what it is small against.
    """

    value: float
    gradient: Array
    curvature: Array | None
    size: Array

    @property
    def slant(self) -> float:
        """The largest entry of the gradient, as a share of the parts that cancel in it."""
        return float(np.max(np.abs(self.gradient) / np.maximum(self.size, 1e-300), initial=0.0))


@dataclass(frozen=True)
class Target:
    """(1 / Σ w) Σ w v + Σ l1 |c| + Σ l2 c², with penalties for each coefficient, (p, k).

    `shifts` says that the loss sees only differences of the outputs: then one direction for each column changes
    nothing, and is left alone by giving it a curvature.
    """

    data: LinearData
    l1: Array
    l2: Array
    shifts: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return self.data.columns, self.data.outputs

    @property
    def penalised(self) -> bool:
        return bool(self.l1.any() or self.l2.any())

    def at(
        self,
        c: Array,
        *,
        curvature: bool = True,
        width: float = 0.0,
        without: Array | None = None,
        zero: Array | None = None,
        size: Array | None = None,
    ) -> Point:
        """The target at c (m,). `width` rounds corners off, of rows and of |c| alike; `without` (rows) and `zero`
        (coefficients) leave out what is held at a corner. `size`: that of a point so near that it is the same here."""
        shaped = c.reshape(self.shape)
        if isinstance(self.data, ArrayData):
            sums = self.data.sums(
                shaped, curvature=curvature, width=width * self.row_width, without=without, sized=size is None
            )
            if size is not None:
                return replace(self.of(sums, c, width, zero), size=size)
        else:
            sums = self.data.sums(shaped, curvature=curvature, width=width * self.row_width)
        return self.of(sums, c, width, zero)

    def of_some(self, most: int) -> Target:
        """The same of some rows, where many more are in memory."""
        many = isinstance(self.data, ArrayData) and len(self.data.x) > 2 * most
        return replace(self, data=self.data.some(most)) if many else self  # type: ignore[attr-defined]

    row_width: float = 0.0  # the unit of `width` for the corners of rows; 0 where the rows have none
    coefficient_width: float = 1.0  # and for those of |c|

    def of(self, sums: Sums, c: Array, width: float = 0.0, zero: Array | None = None) -> Point:
        """The target of these sums of the rows at c."""
        l1, l2 = self.l1.ravel(), self.l2.ravel()
        value = sums.value / sums.count + float(l2 @ c**2)
        gradient = sums.gradient.ravel() / sums.count + 2 * l2 * c
        size = sums.size.ravel() / sums.count + 2 * l2 * np.abs(c)
        bends = 2 * l2
        if l1.any():
            l1 = l1 if zero is None else np.where(zero, 0.0, l1)
            width = width * self.coefficient_width
            near = np.abs(c) < width
            value += float(l1 @ np.where(near, (c**2 / width + width) / 2 if width else 0.0, np.abs(c)))
            gradient = gradient + l1 * (np.where(near, c / width, np.sign(c)) if width else np.sign(c))
            size = size + l1
            bends = bends + (l1 * near / width if width else 0.0)
        square = None
        if sums.curvature is not None:
            square = sums.curvature / sums.count + np.diag(bends)
            if self.shifts:
                held = (np.zeros_like(l1, dtype=bool) if zero is None else zero) | (np.asarray(bends) > 0)
                square = square + self._along_shifts(square, np.asarray(~held.reshape(self.shape).any(axis=1)))
        return Point(value, gradient, square, size)

    def _along_shifts(self, square: Array, free: Array) -> Array:
        """A curvature for the columns that no penalty keeps from moving in all outputs at once."""
        k = self.shape[1]
        usual = max(float(np.trace(square)) / len(square), 1e-300)
        return usual * np.kron(np.diag(free * 1.0), np.full((k, k), 1.0 / k))
