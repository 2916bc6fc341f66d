"""Losses that are piecewise linear: found by asking them, and minimised exactly as a linear programme."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ..core.errors import LossaryError
from .data import ArrayData
from .rows import Array, Rows
from .target import Target

EXACT = {"method": "highs", "options": {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}}
ROUNDS = 7  # a row with more than 2^7 pieces is taken for a curve


@dataclass(frozen=True)
class Corners:
    """Where rows have corners: the row, the prediction, and by how much the slope jumps; each row's value and slope at
    the low end."""

    row: Array
    place: Array
    jump: Array
    value: Array
    first: Array


@dataclass(frozen=True)
class Solved:
    """The coefficients (m,), a lower bound of the target, the slopes that prove it, and whether there is but one."""

    c: Array
    bound: float
    unique: bool | None
    steps: int


def corners(rows: Rows, near: Array, reach: float) -> Corners | None:
    """All corners of rows of one output within `reach` of `near` (n,); None where the rows are not piecewise linear.

    Two lines that touch a convex row meet below it, or in its corner.
    """
    row: Array = np.arange(rows.count)
    a, b = near - reach, near + reach
    (va, ga), (vb, gb) = _lines(rows, a), _lines(rows, b)
    value, first = va, ga
    found: list[tuple[Array, Array, Array]] = []
    size = max(float(np.abs(ga).max(initial=0.0)), float(np.abs(gb).max(initial=0.0)), 1e-300)
    for _ in range(ROUNDS):
        bent = gb - ga > 1e-9 * size
        row, a, b, va, vb, ga, gb = (part[bent] for part in (row, a, b, va, vb, ga, gb))
        if not row.size:
            return _sharp(rows, found, value, first, reach, size)
        t = np.clip((va - vb + gb * b - ga * a) / (gb - ga), a, b)
        vt, gt = _lines(rows, t, row)
        below = va + ga * (t - a)
        corner = vt - below <= 1e-9 * (np.abs(va) + np.abs(vb))
        found.append((row[corner], t[corner], (gb - ga)[corner]))
        apart = ~corner
        row, a, b, t = row[apart], a[apart], b[apart], t[apart]
        va, vb, vt, ga, gb, gt = (part[apart] for part in (va, vb, vt, ga, gb, gt))
        row, a, b = np.r_[row, row], np.r_[a, t], np.r_[t, b]
        va, vb, ga, gb = np.r_[va, vt], np.r_[vt, vb], np.r_[ga, gt], np.r_[gt, gb]
    return None


def _lines(rows: Rows, at: Array, row: Array | None = None) -> tuple[Array, Array]:
    value, slope = rows.slopes(at[:, None], row)
    return value, slope[:, 0]


def _sharp(rows: Rows, found: list[Any], value: Array, first: Array, reach: float, size: float) -> Corners:
    """The corners once more from near by, where lines are known to more digits."""
    row, place, jump = (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else (np.empty(0),) * 3
    row = row.astype(int)
    if not row.size:
        return Corners(row, place, jump, value, first)
    for share in (1e-3, 1e-6):
        step = share * np.maximum(np.abs(place), 1e-3 * reach)
        (va, ga), (vb, gb) = (_lines(rows, place + side * step, row) for side in (-1.0, 1.0))
        whole = np.abs(gb - ga - jump) <= 1e-6 * size
        meet = (va - vb + (gb + ga) * step) / np.where(whole, gb - ga, 1.0)
        place = np.where(whole, place + meet, place)
    return Corners(row, place, jump, value, first)


def solve(target: Target, found: Corners, near: Array) -> Solved | None:
    """The exact minimum of a piecewise linear target, by its dual, which has a row for each coefficient only; `near`
    are coefficients that it is looked for from.

    None where the programme has no solution: nothing holds the coefficients.
    """
    data = target.data
    assert isinstance(data, ArrayData)
    weight = data.weight / data.weight.sum()
    l1 = target.l1.ravel()
    held = np.flatnonzero(l1)
    matrix = np.concatenate([data.x[found.row], np.eye(data.columns)[held]])
    place = np.r_[found.place - data.offset[found.row, 0], np.zeros(held.size)]
    most = np.r_[weight[found.row] * found.jump, 2 * l1[held]]
    ended = vertex(matrix, place, most, data.x.T @ (weight * found.first) - l1, near)
    if ended is None:
        return None
    bound = _bound(target, found, ended.c, ended.v, place, ended.missing)
    return Solved(ended.c, bound, only(matrix, ended.inside, ended.v, most, ended.c, place), ended.steps)


@dataclass(frozen=True)
class Vertex:
    """Where a programme ends: the coefficients, the corners' pulls, which of these are partial, what is missing from a
    balance of the pulls."""

    c: Array
    v: Array
    inside: Array
    missing: Array
    steps: int


def vertex(matrix: Array, place: Array, most: Array, pull: Array, near: Array) -> Vertex | None:
    """The minimum over c of pull · c + Σ most max(0, matrix c - place). The programme's tolerances are absolute, so it
    counts distances from `near`, and pulls, in units of their own size."""
    over = place - matrix @ near
    if not over.size:
        return None
    far, strong = float(np.abs(over).mean()) or 1.0, float(most.mean()) or 1.0
    bounds = np.column_stack([np.zeros_like(most), most / strong])
    answer = _highs()(over / far, A_eq=matrix.T, b_eq=-pull / strong, bounds=bounds, **EXACT)
    if answer.status != 0:
        return None
    v, c = strong * np.asarray(answer.x), near + far * np.asarray(answer.eqlin.marginals)
    inside = (v > 1e-9 * most) & (v < (1 - 1e-9) * most)
    c = c + np.linalg.lstsq(matrix[inside], place[inside] - matrix[inside] @ c, rcond=1e-12)[0]
    rest = -pull - matrix[~inside].T @ np.where(v[~inside] > most[~inside] / 2, most[~inside], 0.0)
    polished = np.linalg.lstsq(matrix[inside].T, rest, rcond=1e-12)[0]
    v = np.where(v > most / 2, most, 0.0)
    v[inside] = np.clip(polished, 0.0, most[inside])
    missing = np.abs(matrix.T @ v + pull)
    c[np.abs(c) < 1e-14 * np.abs(c).max(initial=0.0)] = 0.0
    return Vertex(c, v, inside, missing, int(answer.nit))


def _bound(target: Target, found: Corners, c: Array, v: Array, place: Array, missing: Array) -> float:
    """What the dual proves: at these coefficients every row is at least its line of slope first + v."""
    at = target.at(c, curvature=False)
    data = target.data
    assert isinstance(data, ArrayData)
    l1 = target.l1.ravel()
    matrix = np.concatenate([data.x[found.row], np.eye(data.columns)[np.flatnonzero(l1)]])
    over = matrix @ c - place  # how far beyond its corner
    most = np.r_[data.weight[found.row] / data.weight.sum() * found.jump, 2 * l1[l1 > 0]]
    loose = np.where(over > 0, (most - v) * over, -v * over)  # what each corner is above its line
    return at.value - float(np.abs(loose).sum()) - float(missing @ np.abs(c))


def only(matrix: Array, inside: Array, v: Array, most: Array, c: Array, place: Array) -> bool:
    """Whether no other coefficients are as good: no direction slides along the corners that pull neither fully."""
    held = matrix[inside]
    columns = matrix.shape[1]
    sizes = np.linalg.svd(held, compute_uv=False) if held.size else np.empty(0)
    if np.sum(sizes > 1e-9 * max(sizes.max(initial=0.0), 1e-300)) == columns:
        return True
    at_corner = ~inside & (np.abs(matrix @ c - place) <= 1e-9 * (1 + np.abs(place)))
    signs = np.where(v[at_corner] > most[at_corner] / 2, -1.0, 1.0)
    way = np.random.default_rng(0).normal(size=columns)
    for direction in (way, -way):
        answer = _highs()(
            direction,
            A_ub=signs[:, None] * matrix[at_corner],
            b_ub=np.zeros(len(signs)),
            A_eq=held,
            b_eq=np.zeros(len(held)),
            bounds=(-1, 1),
            **EXACT,
        )
        if answer.status == 0 and -answer.fun > 1e-6:
            return False
    return True


def cuts(target: Target, start: Array, most: int = 60) -> Solved | None:
    """As `solve`, for rows of several outputs: each row is the highest of the planes found so far; more are added until
    the planes' minimum is the target's. None where the rows are no such planes."""
    sparse = scipy("sparse")
    data = target.data
    assert isinstance(data, ArrayData)
    n, (p, k) = data.rows.count, target.shape
    m, weight = p * k, data.weight / data.weight.sum()
    l1, l2 = target.l1.ravel(), target.l2.ravel()
    curved, sharp = np.flatnonzero(l2), np.flatnonzero(l1)
    lines: list[Any] = []
    levels: list[Array] = []
    reach = 1e3 * (1 + np.abs(start).max(initial=0.0))
    every = np.arange(n)

    # unknowns: coefficients (m), heights of the rows (n), heights of c² (m), heights of |c| (m)
    def cut(eta: Array, rows: Array) -> None:
        value, slope = data.rows.slopes(eta, rows)
        by = (data.x[rows][:, :, None] * slope[:, None, :]).reshape(len(rows), m)
        place = sparse.csr_matrix((np.ones(len(rows)), (np.arange(len(rows)), rows)), shape=(len(rows), n))
        lines.append(sparse.hstack([sparse.csr_matrix(by), -place, sparse.csr_matrix((len(rows), 2 * m))]))
        levels.append((slope * (eta - data.offset[rows])).sum(axis=1) - value)

    def bend(c: Array, places: Array) -> None:
        own = np.zeros((len(places), m))
        own[np.arange(len(places)), places] = 1.0
        parts = [2 * c[places, None] * own, np.zeros((len(places), n)), -own, np.zeros((len(places), m))]
        lines.append(sparse.csr_matrix(np.hstack(parts)))
        levels.append(c[places] ** 2)

    cut(data.predictions(start.reshape(p, k)), every)
    for column in range(k):
        for side in (-1.0, 1.0):
            away = np.zeros((n, k))
            away[:, column] = side * reach
            cut(away, every)
    for place in sharp:
        both = np.zeros((2, m + n + 2 * m))
        both[:, place], both[:, m + n + m + place] = (1.0, -1.0), -1.0
        lines.append(sparse.csr_matrix(both))
        levels.append(np.zeros(2))
    for size in (0.0, 0.1, 0.3, 1.0, 3.0, 10.0):
        for side in (-size, size)[: 1 + (size > 0)]:
            bend(np.full(m, side), curved)
    cost = np.r_[np.zeros(m), weight, l2, l1]
    inner = np.tile([-reach, reach], (m, 1))
    if target.shifts:  # only differences count: one output is held where no penalty does
        last = np.arange(k - 1, m, k)
        inner[last[(l1[last] == 0) & (l2[last] == 0)]] = 0.0
    bounds = [*map(tuple, inner), *[(None, None)] * n, *[(0, None)] * (2 * m)]
    lowest = -np.inf
    for count in range(most):
        answer = _highs()(cost, A_ub=sparse.vstack(lines), b_ub=np.concatenate(levels), bounds=bounds, **EXACT)
        if answer.status != 0:
            return None
        c = np.asarray(answer.x[:m])
        eta = data.predictions(c.reshape(p, k))
        value = data.rows.slopes(eta)[0]
        whole = float(weight @ value + l1 @ np.abs(c) + l2 @ c**2)
        high = value - answer.x[m : m + n] > 1e-10 * (1 + np.abs(value))
        low = curved[c[curved] ** 2 - answer.x[m + n : m + n + m][curved] > 1e-13 * (1 + c[curved] ** 2)]
        stuck = answer.fun <= lowest + 1e-14 * abs(whole)
        lowest = max(lowest, float(answer.fun))
        if whole - answer.fun <= 1e-11 * abs(whole) or stuck or not (high.any() or low.size):
            if np.abs(c).max() >= 0.99 * reach:
                return None
            c[np.abs(c) < 1e-12 * np.abs(c).max(initial=0.0)] = 0.0
            only = True if target.l2.all() else None
            return Solved(_centred(target, c), min(float(answer.fun), whole), only, count + 1)
        if high.any():
            cut(eta[high], every[high])
        if low.size:
            bend(c, low)
    return None


def _centred(target: Target, c: Array) -> Array:
    """Where only differences of the outputs count: those that sum to 0."""
    if not target.shifts or target.l1.any():
        return c
    shaped = c.reshape(target.shape)
    return np.asarray((shaped - shaped.mean(axis=1, keepdims=True)).ravel())


def _highs() -> Any:
    """SciPy's linprog, loaded when it is first needed."""
    return scipy("optimize").linprog


def scipy(part: str) -> Any:
    """A part of SciPy, or an error that says how to get it."""
    try:
        return import_module(f"scipy.{part}")
    except ImportError as error:
        raise LossaryError(
            "The exact optimum of a loss or penalty with corners is found by a linear programme.",
            arrived="SciPy, which solves it, is not installed.",
            allowed="Expected SciPy, or a loss and a penalty without corners (such as l2).",
            do="Install it: pip install scipy, or pip install 'lossary[cli]'.",
        ) from error
