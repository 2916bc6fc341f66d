"""Targets with corners in many rows: these are rounded off less and less, few of them are solved exactly, and lines
below the rows prove how good the end is.

Rounded off over ± a width, a target has curvature, and Newton's step ends as far from the optimum as chance and bends
make it; the next width is that far. What is far from a corner there is a line, so that few corners decide the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .data import ArrayData, Near, Sums
from .newton import At, newton, step_of
from .pieces import Pieces
from .rows import Array, block_of
from .target import Point, Target

COARSE = (3.0, 1.0, 0.3, 0.1)  # widths for a sample, in the rows' own scale
FIRST, LEAST = 0.05, 1e-9  # and for all rows
SAMPLE = block_of(1)  # rows of a sample: a program for so many is there
FEW = 4_000  # corners that are solved at once
MOST = 60  # looks at all rows


class CorneredData(Protocol):
    """Rows of one output, with what is asked of those that have corners."""

    @property
    def columns(self) -> int: ...

    @property
    def outputs(self) -> int: ...

    def sums(self, coefficients: Array, *, curvature: bool = True, width: float = 0.0) -> Sums: ...

    def near(self, coefficients: Array, width: float) -> Near: ...

    def pieces(self, coefficients: Array, reach: float) -> Pieces | None: ...


@dataclass(frozen=True)
class Narrowed:
    """The best coefficients found, the target there, and a number that no coefficients of their size go below."""

    c: Array
    value: float
    bound: float
    unique: bool | None
    exact: bool
    values: list[float]

    @property
    def gap(self) -> float:
        return self.value - self.bound


def narrow(target: Target, start: Array, straight: bool, usual: float, good: float) -> Narrowed:
    """The minimum of a convex target whose rows have corners, up to a gap of `good` of its value. `usual` is what the
    value is small against where the fit is perfect. `straight`: rows are lines between their corners, so that a few
    corners have an exact minimum."""
    data: CorneredData = target.data  # type: ignore[assignment]
    target = replace(target, coefficient_width=float(np.abs(start).max(initial=0.0)) or 1.0)
    c, m = _coarse(target, start), len(start)
    width, best, values, stepped = max(FIRST, 2 * np.sqrt(m / SAMPLE)), None, [np.inf], False
    for _ in range(MOST):
        near = data.near(c.reshape(target.shape), width * target.row_width)
        point = target.of(near.sums, c, width)
        found = _without_dust(target, _proved(target, c, point, near, width, values))
        best = found if best is None or found.gap < best.gap else best
        values.append(found.value)
        size = abs(best.value) if abs(best.value) > 1e-10 * usual else usual
        if best.gap <= good * size or width < LEAST:
            break
        if near.corners < 4 * m and width < 10 and not stepped:  # too few to tell where to go
            width *= 4
            continue
        step, stepped = step_of(point), True
        moved = float(np.linalg.norm(step)) / target.row_width
        if moved <= 2 * width:
            c = c + step
        else:
            c = newton(_rounded(target, width), c, most=12, by_slope=True, enough=1e-13).c
            moved = 0.0
        off = width * (3 * np.sqrt(m / max(near.corners, 1)) + 0.3 * width) + 0.3 * moved * min(1.0, moved / width)
        if straight and near.corners * min(1.0, off / width) <= FEW:
            exact = _solved(target, data, c, off, near.sums.count, values)
            if exact is not None:
                best, c = (exact, exact.c) if exact.gap < best.gap or exact.value < best.value else (best, c)
                if exact.gap <= 0.01 * good * size:
                    break
                width = max(off / 2, LEAST)
                continue
        width = _next_width(width, off, (near.value - near.below) / near.sums.count, 0.25 * good * size, straight)
    assert best is not None
    return replace(best, values=values[1:])


def _next_width(width: float, off: float, rounded: float, wanted: float, straight: bool) -> float:
    """As narrow as the step was good; not narrower than the proof needs, where it is the proof that ends it."""
    if straight:
        return min(off, width / 2)
    if rounded <= wanted:
        return width
    return max(width * float(np.sqrt(0.5 * wanted / rounded)), min(off, width / 2))


def _coarse(target: Target, start: Array) -> Array:
    """A start from some of the rows; where rows are elsewhere, the start is such a one."""
    if not isinstance(target.data, ArrayData):
        return start
    target = target.of_some(SAMPLE)
    for width in COARSE:
        start = newton(_rounded(target, width), start, most=12, by_slope=True, enough=1e-6).c
    return start


def _rounded(target: Target, width: float) -> At:
    return lambda c, bend: target.at(c, curvature=bend, width=width)


def _proved(target: Target, c: Array, point: Point, near: Near, width: float, values: list[float]) -> Narrowed:
    """The target at some coefficients, and what the lines below it prove, up to coefficients of twice this size."""
    l1, l2 = target.l1.ravel(), target.l2.ravel()
    own, count = float(l2 @ c**2), near.sums.count
    held = float(l1 @ (np.clip(c / (width * target.coefficient_width), -1, 1) * c))
    reach = np.abs(c) + np.abs(c).max(initial=0.0)
    bound = near.below / count + held + own - float(np.abs(point.gradient) @ reach)
    return Narrowed(c, near.value / count + float(l1 @ np.abs(c)) + own, bound, None, False, values)


def _without_dust(target: Target, found: Narrowed) -> Narrowed:
    """l1 makes zeros, where rounding off leaves small numbers: these are 0 if that costs nothing."""
    dust = (target.l1.ravel() > 0) & (np.abs(found.c) < 1e-3 * target.coefficient_width)
    if not (dust & (found.c != 0)).any():
        return found
    c = np.where(dust, 0.0, found.c)
    value = target.at(c, curvature=False).value
    return replace(found, c=c, value=value) if value <= found.value + 0.5 * found.gap else found


def _solved(
    target: Target, data: CorneredData, c: Array, width: float, count: float, values: list[float]
) -> Narrowed | None:
    """The minimum of the rows' lines and near corners, which are below the rows: at most as high as the target's."""
    at, reach = c.reshape(target.shape), width * target.row_width
    pieces = Pieces.of(data, at, reach) if isinstance(data, ArrayData) else data.pieces(at, reach)
    solved = None if pieces is None else pieces.least(target.l1.ravel(), target.l2.ravel(), count, c, reach)
    if solved is None:
        return None
    value = target.at(solved.c, curvature=False).value
    values.append(value)
    return Narrowed(solved.c, value, min(solved.bound, value), solved.unique, True, values)
