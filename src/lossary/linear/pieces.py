"""Rows as lines with a few corners: what is left of a loss near some coefficients, and its exact minimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .data import ArrayData
from .programs import Solved, corners, only, vertex
from .rows import Array, Rows
from .sliding import slide
from .target import Target


@dataclass(frozen=True)
class Pieces:
    """Rows as lines with the corners that they have near some coefficients: sums over rows of
    level + pull · c + Σ most max(0, matrix c - place). Farther away it is below the rows, if these are convex."""

    matrix: Array
    place: Array
    most: Array
    pull: Array
    level: float

    @classmethod
    def of(cls, data: ArrayData, coefficients: Array, reach: float) -> Pieces | None:
        """The rows with their corners within `reach` of the predictions; None where rows are curves."""
        eta = data.predictions(coefficients)[:, 0]
        found = corners(data.rows, eta, reach)
        if found is None:
            return None
        level = float(data.weight @ (found.value + found.first * (data.offset[:, 0] - eta + reach)))
        row, pull = found.row, data.x.T @ (data.weight * found.first)
        return cls(data.x[row], found.place - data.offset[row, 0], data.weight[row] * found.jump, pull, level)

    def __add__(self, other: Pieces) -> Pieces:
        matrix = np.concatenate([self.matrix, other.matrix])
        place, most = np.r_[self.place, other.place], np.r_[self.most, other.most]
        return Pieces(matrix, place, most, self.pull + other.pull, self.level + other.level)

    def least(self, l1: Array, l2: Array, count: float, near: Array, reach: float) -> Solved | None:
        """The minimum of these lines divided by `count`, with l1 |c| + l2 c² for each coefficient, looked for from
        `near`."""
        return self._curved(l1, l2, count, near, reach) if l2.any() else self._programmed(l1, count, near)

    def _programmed(self, l1: Array, count: float, near: Array) -> Solved | None:
        held = np.flatnonzero(l1)
        matrix = np.concatenate([self.matrix, np.eye(len(l1))[held]])
        place = np.r_[self.place, np.zeros(held.size)]
        most = np.r_[self.most / count, 2 * l1[held]]
        pull = self.pull / count - l1
        ended = vertex(matrix, place, most, pull, near)
        if ended is None:
            return None
        over = matrix @ ended.c - place
        value = self.level / count + float(pull @ ended.c) + float(ended.v @ over)
        bound = value - float(ended.missing @ np.abs(ended.c))
        return Solved(ended.c, bound, only(matrix, ended.inside, ended.v, most, ended.c, place), ended.steps)

    def _curved(self, l1: Array, l2: Array, count: float, near: Array, reach: float) -> Solved | None:
        """Along the corners; what is left of the subgradient bounds the target."""
        data = ArrayData(
            np.concatenate([self.matrix, self.pull[None]]),
            Lines(self.place),
            np.r_[self.most, 1.0],
            np.zeros((len(self.most) + 1, 1)),
        )
        share = float(data.weight.sum()) / count
        target = Target(data, (l1 / share)[:, None], (l2 / share)[:, None], row_width=reach)
        walk, left = slide(target, near)
        if left is None:
            return None
        value = self.level / count + share * target.at(walk.c, curvature=False).value
        loose = share * float(np.abs(left) @ (np.abs(walk.c) + np.abs(walk.c).max(initial=0.0)))
        free = np.eye(len(l2)) if walk.free is None else walk.free
        bends = np.linalg.eigvalsh((free.T * l2) @ free)
        return Solved(walk.c, value - loose, bool((bends > 1e-10 * l2.max()).all()) or None, walk.steps)


class Lines(Rows):
    """Rows of value max(0, prediction - place), and a last one whose value is its prediction."""

    def __init__(self, place: Array) -> None:
        self.place, self.outputs, self.count = np.r_[place, 0.0], 1, len(place) + 1

    def slopes(self, eta: Array, rows: Any = None) -> tuple[Array, Array]:
        chosen = slice(None) if rows is None else rows
        line = np.arange(self.count)[chosen] == self.count - 1
        over = eta[:, 0] - self.place[chosen]
        up = line | (over > 0)
        return np.where(up, over, 0.0), (up * 1.0)[:, None]

    def expand(self, eta: Array, rows: Any = None) -> tuple[Array, Array, Array]:
        value, slope = self.slopes(eta, rows)
        return value, slope, np.zeros((len(eta), 1, 1))
