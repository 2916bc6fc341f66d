"""Targets with corners: these are rounded off less and less, and at the end those that hold the fit are held."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .data import ArrayData
from .newton import At, Walk, newton
from .rows import Array
from .target import Target

WIDTHS = [10.0**-k for k in range(9)]


@dataclass(frozen=True)
class Held:
    """Corners that hold a fit: rows at their corner's prediction, and coefficients at 0. `low`, `high`: the slopes that
    a corner may take, in the order rows, coefficients."""

    rows: Array
    places: Array
    zero: Array
    low: Array
    high: Array


def slide(target: Target, start: Array) -> tuple[Walk, Array | None]:
    """The minimum of a convex target with corners, and its smallest subgradient (m,), or None where the corners could
    not be told. The point's size is what the subgradient is made of."""
    c, values = start, [target.at(start, curvature=False).value]
    target = replace(target, coefficient_width=float(np.abs(start).max(initial=0.0)) or 1.0)
    best: tuple[Walk, Array] | None = None
    for width in WIDTHS:
        walk = newton(_rounded(target, width), c, most=40, by_slope=True)
        c = walk.c
        values += [target.at(c, curvature=False).value]
        if width > 1e-3:
            continue
        ended = _pin(target, c, width)
        if ended is not None and (best is None or _share(*ended) < _share(*best)):
            best = ended
        if best is not None and _share(*best) <= 1e-12:
            break
    if best is None:
        return Walk(c, target.at(c), values), None
    return replace(best[0], values=[*values, target.at(best[0].c, curvature=False).value]), best[1]


def _rounded(target: Target, width: float) -> At:
    return lambda c, bend: target.at(c, curvature=bend, width=width)


def _beside(target: Target, rows: Array, zero: Array) -> At:
    """The target without the corners that are held."""
    return lambda c, bend: target.at(c, curvature=bend, without=rows, zero=zero)


def _share(walk: Walk, left: Array) -> float:
    return float(np.max(np.abs(left) / np.maximum(walk.point.size, 1e-300), initial=0.0))


def _pin(target: Target, c: Array, width: float) -> tuple[Walk, Array] | None:
    """Newton's method along the corners within `width`; corners that pull too hard are let go, others met are held."""
    held = _held(target, c, width)
    walk: Walk | None = None
    for _ in range(12):
        equations, level = _equations(target, held)
        start = c + np.linalg.lstsq(equations, level - equations @ c, rcond=1e-12)[0] if len(level) else c
        free = _null(equations, len(c))
        without = np.zeros(_count(target), dtype=bool)
        without[held.rows] = True
        walk = newton(_beside(target, without, held.zero), start, free=free, most=15)
        walk.c[held.zero] = 0.0
        if not len(level):
            return walk, walk.point.gradient
        pulls = _pulls(equations, walk.point.gradient, held)
        loose = (pulls < held.low - 1e-9 * (held.high - held.low)) | (pulls > held.high + 1e-9 * (held.high - held.low))
        crossed = _crossed(target, start, walk.c, held)
        if loose.any():
            pulls_out = np.maximum(held.low - pulls, pulls - held.high) / np.maximum(held.high - held.low, 1e-300)
            held = _without(held, np.argsort(-pulls_out)[: max(1, int(loose.sum()) // 2)])
            c = walk.c
            continue
        if crossed is None:
            scale = np.abs(equations) @ np.abs(walk.c) + np.abs(level)
            if np.any(np.abs(equations @ walk.c - level) > 1e-12 * np.maximum(scale, 1e-300)):
                return None  # more corners than can be met at once: a smaller width has fewer
            size = walk.point.size + np.abs(equations).T @ np.maximum(np.abs(held.low), np.abs(held.high))
            left = walk.point.gradient + equations.T @ np.clip(pulls, held.low, held.high)
            room = 1e-9 * (held.high - held.low)
            walk.free = _null(equations[(pulls > held.low + room) & (pulls < held.high - room)], len(c))
            walk.point = replace(walk.point, gradient=left, size=size)
            return walk, left
        held, c = crossed, walk.c
    return None


def _count(target: Target) -> int:
    return target.data.rows.count if isinstance(target.data, ArrayData) else 0


def _held(target: Target, c: Array, width: float) -> Held:
    """The corners within `width` of the fit."""
    zero = (target.l1.ravel() > 0) & (np.abs(c) < width * target.coefficient_width)
    l1 = target.l1.ravel()[zero]
    rows = places = low = high = np.empty(0)
    data = target.data
    if target.row_width and isinstance(data, ArrayData):
        eta = data.predictions(c.reshape(target.shape))[:, 0]
        rows, places, low, high = corners_near(data, eta, width * target.row_width)
        share = data.weight[rows] / data.weight.sum()
        low, high = share * low, share * high
    return Held(rows.astype(int), places, zero, np.r_[low, -l1], np.r_[high, l1])


def corners_near(data: ArrayData, eta: Array, width: float) -> tuple[Array, Array, Array, Array]:
    """Rows with a jump of the slope within `width` of eta (n,): the rows, where, and the slopes on both sides."""
    rows = np.arange(len(eta))
    a, b = eta - width, eta + width
    ga, gb = (data.rows.slopes(side[:, None])[1][:, 0] for side in (a, b))
    size = max(float(np.abs(ga).max()), float(np.abs(gb).max()), 1e-300)
    for _ in range(60):
        jump = np.abs(gb - ga) > 1e-5 * size
        rows, a, b, ga, gb = (part[jump] for part in (rows, a, b, ga, gb))
        middle = (a + b) / 2
        if not rows.size or np.all((middle == a) | (middle == b)):
            break
        gm = data.rows.slopes(middle[:, None], rows)[1][:, 0]
        left = np.abs(gm - ga) > np.abs(gb - gm)
        a, b = np.where(left, a, middle), np.where(left, middle, b)
        ga, gb = np.where(left, ga, gm), np.where(left, gm, gb)
    if not rows.size:
        return rows, a, ga, gb
    place, step = (a + b) / 2, 1e-6 * width  # in the corner itself a loss may give any slope between
    ga, gb = (data.rows.slopes((place + side)[:, None], rows)[1][:, 0] for side in (-step, step))
    return rows, place, ga, gb


def _equations(target: Target, held: Held) -> tuple[Array, Array]:
    """The held corners as linear equations in the coefficients."""
    m = target.l1.size
    zero = np.eye(m)[held.zero]
    if not held.rows.size:
        return zero, np.zeros(len(zero))
    data = target.data
    assert isinstance(data, ArrayData)
    rows = data.x[held.rows]
    return np.concatenate([rows, zero]), np.r_[held.places - data.offset[held.rows, 0], np.zeros(len(zero))]


def _null(equations: Array, m: int) -> Array | None:
    if not len(equations):
        return None
    _, sizes, ways = np.linalg.svd(equations)
    rank = int(np.sum(sizes > 1e-10 * sizes.max(initial=0.0)))
    return np.asarray(ways[rank:].T)


def _pulls(equations: Array, gradient: Array, held: Held) -> Array:
    """The slopes of the held corners that balance the rest; where there is a choice, within their bounds."""
    pulls = np.linalg.lstsq(equations.T, -gradient, rcond=1e-12)[0]
    inside = np.all((pulls >= held.low) & (pulls <= held.high))
    if inside or np.linalg.matrix_rank(equations) == len(equations):
        return np.asarray(pulls)
    from .programs import scipy

    room = np.maximum(held.high - held.low, 1e-300)
    return np.asarray(scipy("optimize").lsq_linear(equations.T, -gradient, (held.low, held.low + room), tol=1e-14).x)


def _without(held: Held, places: Array) -> Held:
    keep = np.ones(len(held.low), dtype=bool)
    keep[places] = False
    zero = held.zero.copy()
    zero[np.flatnonzero(held.zero)[~keep[held.rows.size :]]] = False
    of_rows = keep[: held.rows.size]
    return Held(held.rows[of_rows], held.places[of_rows], zero, held.low[keep], held.high[keep])


def _crossed(target: Target, before: Array, after: Array, held: Held) -> Held | None:
    """The corners held, and those that the walk passed; None where it passed none."""
    l1 = target.l1.ravel()
    zero = (l1 > 0) & ~held.zero & (before * after < 0)
    if not zero.any():
        return None
    more = held.zero | zero
    rows = held.rows.size
    low, high = np.r_[held.low[:rows], -l1[more]], np.r_[held.high[:rows], l1[more]]
    return Held(held.rows, held.places, more, low, high)
