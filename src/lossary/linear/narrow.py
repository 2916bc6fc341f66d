"""Targets with corners in many rows, by passes over them: corners are rounded off less and less, few are solved
exactly, and lines below the rows prove how good the end is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .data import ArrayData, Sums, Under
from .newton import At, Walk, newton
from .programs import Pieces
from .rows import Array
from .target import Target

FIRST, SHARE, LEAST = 0.05, 0.2, 1e-9  # widths, in the rows' own scale
FEW = 10_000  # corners that are solved at once
WIDER = 3.0  # how much wider than the last width the corners are looked for
SURE = 1e-7  # a gap that is small enough


class CorneredData(Protocol):
    """Rows of one output, with what is asked of those that have corners."""

    @property
    def columns(self) -> int: ...

    @property
    def outputs(self) -> int: ...

    def sums(self, coefficients: Array, *, curvature: bool = True, width: float = 0.0) -> Sums: ...

    def under(self, coefficients: Array, width: float) -> Under: ...

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


def narrow(target: Target, start: Array, straight: bool, usual: float) -> Narrowed:
    """The minimum of a convex target whose rows have corners; `usual` is what its value is small against where the fit
    is perfect. `straight`: rows are lines between their corners, so that a few corners have an exact minimum."""
    data: CorneredData = target.data  # type: ignore[assignment]
    target = replace(target, coefficient_width=float(np.abs(start).max(initial=0.0)) or 1.0)
    c, width, best = start, FIRST, None
    values = [target.at(start, curvature=False).value]
    solvable = straight and not target.l2.any()
    while width >= LEAST:
        walk = newton(_rounded(target, width), c, most=12, by_slope=True, enough=1e-13)
        c = walk.c
        under = data.under(c.reshape(target.shape), width * target.row_width)
        found = _without_dust(target, _proved(target, walk, under, width, values))
        best = found if best is None or found.gap < best.gap else best
        values.append(found.value)
        few = solvable and under.corners * WIDER <= FEW
        if few:
            exact = _solved(target, data, c, WIDER * width, under.count, values)
            if exact is not None:
                best = exact if exact.gap < best.gap else best
                c = exact.c if exact.value <= found.value else c
        size = abs(best.value) if abs(best.value) > 1e-10 * usual else usual
        if best.gap <= (1e-11 if few else SURE) * size:
            break
        width *= SHARE
    assert best is not None
    return replace(best, values=values)


def _rounded(target: Target, width: float) -> At:
    return lambda c, bend: target.at(c, curvature=bend, width=width)


def _proved(target: Target, walk: Walk, under: Under, width: float, values: list[float]) -> Narrowed:
    """The target at the end of a walk, and what the lines below it prove, up to coefficients of twice this size."""
    c, point = walk.c, walk.point
    l1, l2 = target.l1.ravel(), target.l2.ravel()
    own = float(l2 @ c**2)
    held = float(l1 @ (np.clip(c / (width * target.coefficient_width), -1, 1) * c))
    reach = np.abs(c) + np.abs(c).max(initial=0.0)
    bound = under.below / under.count + held + own - float(np.abs(point.gradient) @ reach)
    return Narrowed(c, under.value / under.count + float(l1 @ np.abs(c)) + own, bound, None, False, values)


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
    solved = None if pieces is None else pieces.least(target.l1.ravel(), count)
    if solved is None:
        return None
    value = target.at(solved.c, curvature=False).value
    return Narrowed(solved.c, value, min(solved.bound, value), solved.unique, True, values)
