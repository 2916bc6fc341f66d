"""Newton's method with a line search, for targets without corners, or along those on which it may slide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .rows import Array
from .target import Point

At = Callable[[Array, bool], Point]  # coefficients, and whether the curvature is wanted
Check = Callable[[Array, Array, Point], Array | None]  # coefficients and last step: the way on which nothing ends
SMALL = 1e-13  # a gradient of this share of its parts is rounding
FLAT = 1e-12  # curvatures below this share of the largest are none
NEAR = 1e-9  # a step that wins less than this share of the value hardly changes the curvature
SOON = 1e-2  # and less than this one so little that what the slopes tell of it is mostly enough


@dataclass
class Walk:
    """Where a walk ended, with the target there; the values on the way; the directions (m, q) that no corner holds."""

    c: Array
    point: Point
    values: list[float]
    away: Array | None = None  # the direction in which it led nowhere, where it was given up
    free: Array | None = None

    @property
    def steps(self) -> int:
        return len(self.values) - 1


def newton(
    at: At,
    start: Array,
    *,
    most: int = 100,
    free: Array | None = None,
    check: Check | None = None,
    by_slope: bool = False,
    perfect: float = 0.0,
    enough: float = 0.0,
    ahead: bool = False,
    near: float = NEAR,
) -> Walk:
    """Walk downhill from `start`. `free` (m, q): the directions that may be walked, orthonormal; None: all.

    `check` is asked from time to time whether the walk leads nowhere. The end is where no step makes the gradient or
    the value smaller: whether that is a minimum, the point's slant tells. `by_slope`: only slopes are trusted, as of a
    convex target whose value belongs to another width. `perfect`: a value that is as good as 0. `enough`: the share of
    the value that a last step need not win. `ahead`: a step that is tried is asked for its curvature too: the next one
    mostly starts there, and with one output that costs little beside reading rows. `near`: the share of the value below
    which a step that is won keeps the curvature, mended by what the slopes tell.
    """
    c, point = start, at(start, True)
    walk = Walk(c, point, [point.value])
    polished = 0
    for count in range(most):
        gradient = _seen(point.gradient, free)
        if 0 <= point.value <= perfect:  # what is left is rounding
            break
        if not np.isfinite(point.value) or not np.any(gradient):
            break
        if free is None and point.slant <= SMALL:
            break
        step = step_of(point, free)
        fall = float(point.gradient @ step)
        if not fall < 0 or -fall <= enough * abs(point.value):
            break
        tiny = -fall <= 1e-13 * max(abs(point.value), 1e-300)
        if tiny:  # the value no longer tells up from down; the gradient does
            after = replace(at(c + step, False), curvature=point.curvature)  # which no longer changes
            polished += 1
            if polished > 6 or not _norm(after, free) < 0.5 * _norm(point, free):
                if _norm(after, free) < _norm(point, free):
                    c, point = c + step, after
                break
            c, point = c + step, after
        else:
            kept = -fall <= near * abs(point.value)
            length = _search(at, c, step, point, fall, by_slope, ahead and not kept)
            if length == 0.0:
                break
            c, before = c + length * step, point
            point = _mended(at(c, False), before, length * step) if kept else at(c, True)
            if kept and not _norm(point, free) < 0.1 * _norm(before, free):  # it did change
                point = at(c, True)
        walk.values.append(point.value)
        if check is not None and count in (8, 14, 20, 30, 45, 70):
            walk.away = check(c, step, point)
            if walk.away is not None:
                break
    walk.c, walk.point = c, point
    return walk


def _mended(point: Point, before: Point, step: Array) -> Point:
    """With the curvature of before, changed as little as makes it say how the gradient changed (by BFGS)."""
    square, turned = before.curvature, point.gradient - before.gradient
    assert square is not None
    along, seen = square @ step, float(turned @ step)
    bend = float(step @ along)
    if seen > 0.5 * bend > 0:
        square = square - np.outer(along, along / bend) + np.outer(turned, turned / seen)
    return replace(point, curvature=square)


def _norm(point: Point, free: Array | None) -> float:
    return float(np.linalg.norm(_seen(point.gradient, free)))


def _seen(gradient: Array, free: Array | None) -> Array:
    return gradient if free is None else free.T @ gradient


def step_of(point: Point, free: Array | None = None) -> Array:
    """Newton's step; where the target bends down or not at all, as if it bent up as much, and a little."""
    assert point.curvature is not None
    gradient = _seen(point.gradient, free)
    square = point.curvature if free is None else free.T @ point.curvature @ free
    step: Array | None = None
    try:
        factor = np.linalg.cholesky(square)
        ends = np.abs(np.diagonal(factor))
        if ends.min() > 1e-7 * ends.max():
            step = -np.linalg.solve(square, gradient)
    except np.linalg.LinAlgError:
        pass
    if step is None:
        bends, ways = np.linalg.eigh((square + square.T) / 2)
        bends = np.abs(bends)
        floor = 1e-10 * bends.max(initial=0.0) or 1.0
        parts = ways.T @ gradient
        parts = np.where(np.abs(parts) <= 1e-15 * np.abs(gradient).max(), 0.0, parts)
        step = -ways @ (parts / np.maximum(bends, floor))
    return step if free is None else free @ step


def _search(at: At, c: Array, step: Array, point: Point, fall: float, by_slope: bool, ahead: bool) -> float:
    """A length at which the target is lower by enough and no longer falls steeply; 0 where there is none."""
    low, high, length, best = 0.0, np.inf, 1.0, 0.0
    for count in range(60):
        after = at(c + length * step, ahead)
        slope = float(after.gradient @ step) if np.isfinite(after.value) else np.inf
        too_far = slope > 0.5 * abs(fall) if by_slope else not after.value <= point.value + 1e-4 * length * fall
        if too_far or not np.isfinite(after.value):
            high = length
        else:
            best = length
            if count >= 12 or abs(slope) <= 0.9 * abs(fall):
                break
            if slope > 0:
                high = length
            else:
                low = length
        if np.isfinite(high) and high - low <= 1e-3 * high and best:
            break
        length = (low + high) / 2 if np.isfinite(high) and low > 0 else (high / 4 if np.isfinite(high) else 4 * low)
    return best
