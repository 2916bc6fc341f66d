"""Which way to the minimum: Newton, a linear programme, or along corners; and what is known of the end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ..core.errors import LossaryError
from .data import ArrayData
from .narrow import SAMPLE, narrow
from .newton import NEAR, SOON, At, Walk, newton
from .programs import Solved, corners, cuts, scipy, solve
from .rows import Array, Rows, block_of
from .sliding import corners_near, slide
from .target import Point, Target

NARROW = 1e-6  # the relative gap up to which an optimum in rounded corners is called one
GOOD = 1e-9  # the relative gap, and the share of the gradient, up to which an optimum is called one
ROUNDING = 1e-15  # an excess of this share of the target without coefficients is none
GRID = 61  # points at which a row's slope is looked at
SMALL = 1_000  # rows whose corners are solved at once
LOOKED_AT = 64  # rows looked at, to tell whether a loss is convex


@dataclass(frozen=True)
class Ending:
    """The end of a fit: coefficients (m,), the target there, and how good that is.

    kind: "optimum", "stationary" (a loss that is not convex), "no finite optimum" or "not converged". slant: the
    largest entry of the smallest (sub)gradient, as a share of what it is made of. gap: no coefficients up to the size
    of these are better by more than this share of the target; NaN where nothing is known. away: the direction (m,) in
    which the target falls for ever.
    """

    c: Array
    value: float
    kind: str
    slant: float
    gap: float
    unique: bool | None
    method: str
    values: list[float] = field(default_factory=list)
    away: Array | None = None


def minimise(target: Target, start: Array) -> Ending:
    """The minimum of a target whose rows are in memory, from a start (m,)."""
    data = target.data
    assert isinstance(data, ArrayData)
    eta = data.predictions(start.reshape(target.shape))
    scale = natural_scale(data, eta)
    convex = looks_convex(data.rows, eta, scale)
    single = data.outputs == 1
    if convex and _is_straight(data.rows, eta, scale):
        ending = _straight(target, start, eta, scale)
        if ending is not None:
            return ending
        if single:
            target = Target(data, target.l1, target.l2, target.shifts, row_width=scale)
        elif not target.l1.any():
            return _by_gradients(target, start)
    if (target.l1.any() or target.row_width) and convex:
        ending = _slid(target, start)
        if ending.kind == "optimum" or target.row_width or not single:
            return ending
        return _better(ending, _slid(Target(data, target.l1, target.l2, target.shifts, row_width=scale), start))
    ending = by_newton(target, start, convex)
    if ending.kind in ("optimum", "stationary", "no finite optimum"):
        return ending
    if not (convex and single):
        return _better(ending, _by_gradients(target, ending.c, convex))
    return _better(ending, _slid(Target(data, target.l1, target.l2, target.shifts, row_width=scale), ending.c))


def by_newton(target: Target, start: Array, convex: bool) -> Ending:
    """Where Newton's method ends, or the direction in which it leads nowhere."""
    usual = _usual(target, start)
    walk = newton(
        _remembered(target),
        _from_some(target, start) if convex else start,
        check=partial(_falls, target),
        perfect=1e-22 * usual,
        ahead=target.data.outputs == 1,
        near=SOON if isinstance(target.data, ArrayData) else NEAR,
    )
    away = _away(target, walk) if walk.away is None else walk.away
    if away is not None:
        return _endless(walk, walk.point.slant, away, "Newton")
    return _judged(target, walk, walk.point.gradient, convex, "Newton", usual)


def _endless(walk: Walk, slant: float, away: Array, method: str) -> Ending:
    value = walk.point.value
    return Ending(walk.c, value, "no finite optimum", slant, np.nan, None, method, walk.values, away)


def _from_some(target: Target, start: Array) -> Array:
    """Of many rows, the optimum of some, where these have one: the way from there is short."""
    few = target.of_some(SAMPLE)
    if few is target:
        return start
    walk = newton(_remembered(few), start, most=12, enough=1e-6, ahead=target.data.outputs == 1, near=SOON)
    return walk.c if walk.point.slant <= 1e-3 else start


def _remembered(target: Target) -> At:
    """The target, the last point kept: where a step is tried, the next one mostly starts."""
    last: dict[bytes, Point] = {}
    sizes: list[Array] = []  # at the last point with a curvature: from there on, steps without one are short

    def at(c: Array, bend: bool) -> Point:
        found = last.get(c.tobytes())
        if found is None or (bend and found.curvature is None):
            found = target.at(c, curvature=bend, size=None if bend or not sizes else sizes[0])
            sizes[:] = [found.size]
            last.clear()
            last[c.tobytes()] = found
        return found

    return at


def minimise_by_sums(target: Target, sample: ArrayData, start: Array) -> Ending:
    """The minimum of a target whose rows are elsewhere; `sample` holds some, which tell what the loss is like."""
    eta = sample.predictions(start.reshape(target.shape))
    scale = natural_scale(sample, eta)
    convex = looks_convex(sample.rows, eta, scale)
    if convex:
        straight = _is_straight(sample.rows, eta, scale)
        if straight and sample.outputs > 1:
            raise _too_sharp()
        if straight or (sample.outputs == 1 and _has_corners(sample, eta[:, 0], scale)):
            usual = abs(float(sample.weight @ sample.rows.slopes(sample.offset)[0]) / float(sample.weight.sum()))
            return narrowed(replace(target, row_width=scale), start, straight, NARROW, usual)
        if target.l1.any():
            return _slid(target, start)
    ending = by_newton(target, start, convex)
    return ending if ending.kind != "not converged" else _better(ending, _by_gradients(target, ending.c, convex))


def _has_corners(sample: ArrayData, eta: Array, scale: float) -> bool:
    """Whether slopes of rows jump near the predictions."""
    _, _, low, high = corners_near(sample, eta, scale)
    return bool(np.any(np.abs(high - low) > 1e-4 * np.abs(np.r_[low, high]).max(initial=1e-300)))


def _too_sharp() -> LossaryError:
    return LossaryError(
        "ls.fit_linear(path, y) minimises a loss by its sums over the rows of files.",
        arrived="The loss is piecewise linear in several outputs, which can be fitted only to rows in memory.",
        allowed="Expected a loss of one output, or one without corners.",
        do="Fit each output on its own, each quantile with ls.Quantile, or read rows into memory.",
    )


def _better(one: Ending, other: Ending) -> Ending:
    return one if one.kind == "optimum" or (one.value < other.value and other.kind != "optimum") else other


def natural_scale(data: ArrayData, eta: Array) -> float:
    """By how much predictions have to move for a loss to change much."""
    for chosen in (_some(data.rows, SAMPLE), np.arange(data.rows.count)):
        value, slope = data.rows.slopes(eta[chosen], chosen)
        weight = data.weight[chosen]
        whole, pull = float(weight @ np.abs(value)), float(weight @ np.abs(slope).sum(axis=1))
        if whole > 0 and pull > 0:  # else some rows do not tell it
            break
    scale = whole / pull if pull > 0 else 1.0
    scale = max(scale, 1e-6 * float(np.abs(eta).max(initial=0.0)))  # of a perfect fit only rounding is left
    return scale if np.isfinite(scale) and scale > 0 else 1.0


def looks_convex(rows: Rows, eta: Array, scale: float) -> bool:
    """Whether some rows' slopes rise along lines through their predictions, and no curvature there is negative."""
    chosen = _some(rows, LOOKED_AT)
    far = np.linspace(-30, 30, GRID) * scale
    random = np.random.default_rng(0)
    for _ in range(1 if rows.outputs == 1 else 3):
        way = random.normal(size=rows.outputs)
        way /= np.linalg.norm(way)
        at = (eta[chosen][:, None, :] + far[:, None] * way).reshape(-1, rows.outputs)
        _, slope, bends = rows.expand(at, np.repeat(chosen, GRID))
        along = (slope @ way).reshape(-1, GRID)
        steepest = np.abs(along[np.isfinite(along)]).max(initial=1e-300)
        if np.nanmin(np.diff(along, axis=1), initial=0.0) < -1e-9 * steepest:
            return False
        bends = bends[np.isfinite(bends).all(axis=(1, 2))]
        if rows.outputs > 1 and bends.size:
            least = np.linalg.eigvalsh((bends + bends.transpose(0, 2, 1)) / 2)
            if np.any(least[:, 0] < -1e-9 * np.abs(least).max(axis=1) - 1e-12 * steepest / scale):
                return False
    return True


def _is_straight(rows: Rows, eta: Array, scale: float) -> bool:
    """Whether the rows have no curvature anywhere one looks: at a few first, which mostly is enough. Where others have
    some, the programme finds it."""
    for chosen in (_some(rows, LOOKED_AT), _some(rows, block_of(1))):
        for share in (0.0, 0.7123, -1.3391):
            _, slope, bends = rows.expand(eta[chosen] + share * scale, chosen)
            if np.abs(bends).max(initial=0.0) * scale > 1e-9 * np.abs(slope).max(initial=0.0):
                return False
    return True


def _some(rows: Rows, most: int) -> Array:
    some = min(most, rows.count)
    return np.arange(some) * (rows.count - 1) // max(some - 1, 1)


def _straight(target: Target, start: Array, eta: Array, scale: float) -> Ending | None:
    """A piecewise linear loss, by a linear programme; None where it is none, or something else is in the target."""
    data = target.data
    assert isinstance(data, ArrayData)
    if data.outputs > 1:
        return _programmed(target, start, cuts(target, start), "linear programmes by planes")
    if data.rows.count > SMALL:
        ending = narrowed(replace(target, row_width=scale), start, True, GOOD, _usual(target, start))
        if ending.kind == "optimum":
            return ending
    if target.l2.any():
        return None
    reach = 1e3 * scale + 10 * float(np.abs(eta).max(initial=0.0))
    for _ in range(4):
        found = corners(data.rows, eta[:, 0], reach)
        solved = None if found is None else solve(target, found, start)
        if solved is None or np.abs(data.predictions(solved.c[:, None]) - eta).max(initial=0.0) < reach:
            return _programmed(target, start, solved, "linear programme")
        reach *= 100
    return None


def narrowed(target: Target, start: Array, straight: bool, good: float, usual: float) -> Ending:
    """The minimum of a convex target of one output whose rows have corners, by passes over them; an optimum is proved
    up to a share of `good`. `usual`: the size of the target without coefficients."""
    found = narrow(target, start, straight, usual, 0.1 * good)
    gap = _relative(max(0.0, found.gap), found.value, usual)
    kind = _kind(found.gap, gap, good, usual)
    method = "linear programmes of near corners" if found.exact else "corners rounded off"
    return Ending(found.c, found.value, kind, np.nan, gap, found.unique, method, found.values)


def _programmed(target: Target, start: Array, solved: Solved | None, method: str) -> Ending | None:
    if solved is None:
        return None
    first, value = (target.at(c, curvature=False).value for c in (start, solved.c))
    usual = _usual(target, solved.c)
    gap = _relative(max(0.0, value - solved.bound), value, usual)
    kind = _kind(value - solved.bound, gap, GOOD, usual)
    return Ending(solved.c, value, kind, np.nan, gap, solved.unique, method, [first, value])


def _kind(excess: float, gap: float, good: float, usual: float) -> str:
    """Whether a gap is as small as wanted, or as the rounding of predictions."""
    return "optimum" if gap <= good or excess <= ROUNDING * usual else "not converged"


def _slid(target: Target, start: Array) -> Ending:
    walk, left = slide(target, start)
    if left is None:
        return _judged(target, walk, walk.point.gradient, True, "along corners")
    return _judged(target, walk, left, True, "along corners")


def _judged(target: Target, walk: Walk, left: Array, convex: bool, method: str, usual: float | None = None) -> Ending:
    """What the smallest subgradient that was found says of the end. `usual`: the target without coefficients, if it is
    known; then the last point of the walk is the target's own, without rounded corners."""
    c, point = walk.c, walk.point
    value = target.at(c, curvature=False).value if usual is None else point.value
    slant = float(np.max(np.abs(left) / np.maximum(point.size, 1e-300), initial=0.0))
    first = _usual(target, c) if usual is None else usual
    if not np.isfinite(value):
        return Ending(c, value, "not converged", slant, np.nan, None, method, walk.values)
    reach = np.abs(c) + np.abs(c).max(initial=0.0)
    gap = _relative(float(np.abs(left) @ reach), value, first)
    perfect = convex and value <= 1e-20 * first
    good = slant <= GOOD or perfect
    away = _falls(target, c, -left, point) if perfect and slant > GOOD else None
    if away is not None:  # of an exponential, say, that is 0 nowhere
        return _endless(walk, slant, away, method)
    if not convex:
        return Ending(c, value, "stationary" if good else "not converged", slant, np.nan, None, method, walk.values)
    good = good and gap <= GOOD
    unique = _only(target, walk, value) if good else None
    return Ending(c, value, "optimum" if good else "not converged", slant, gap, unique, method, walk.values)


def _only(target: Target, walk: Walk, value: float) -> bool | None:
    """Whether the target bends up in every direction that no corner holds; where it does not, whether it is flat."""
    square = walk.point.curvature
    if square is None:
        return None
    free = np.eye(len(walk.c)) if walk.free is None else walk.free
    if not free.size:
        return True
    square = free.T @ square @ free
    bends, ways = np.linalg.eigh((square + square.T) / 2)
    if bends[0] > 1e-10 * bends[-1]:
        return True
    step = 1e-3 * (1 + np.abs(walk.c).max(initial=0.0)) * (free @ ways[:, 0])
    moved = [target.at(walk.c + side * step, curvature=False).value for side in (-1.0, 1.0)]
    return False if min(moved) - value <= 1e-13 * abs(value) else None


def _falls(target: Target, c: Array, step: Array, point: Point) -> Array | None:
    """The direction in which the target falls for ever: the way the fit has come, or its last step."""
    for way in (c, step):
        size = np.abs(way).max(initial=0.0)
        if not size > 0:
            continue
        values = [point.value]
        with np.errstate(all="ignore"):
            for times in (1.0, 3e1, 1e3):
                values.append(target.at(c + times * way * max(1.0, 1.0 / size), curvature=False).value)
        seen = np.array(values)
        fallen = seen[0] - seen[1]
        rises = np.diff(seen).max() > 1e-13 * abs(seen[0]) + 1e-3 * fallen
        if (
            np.isfinite(seen).all()
            and fallen > 1e-12 * abs(seen[0])
            and not rises
            and not _arrives(target, c, way, seen)
        ):
            return np.asarray(way / size)
    return None


def _arrives(target: Target, c: Array, way: Array, seen: Array) -> bool:
    """Whether the target is 0 from some place on, as a hinge's is; an exponential's is 0 only where numbers end."""
    if seen[-1] != 0:
        return False
    size = float(np.abs(way).max())
    if target.at(c + 1e-6 * np.abs(c).max(initial=0.0) / size * way, curvature=False).value == 0:
        return True
    low, high = 0.0, 1e3 * max(1.0, 1.0 / size)
    for _ in range(120):
        middle = (low + high) / 2
        if high - low < 1e-6 * high:
            break
        if target.at(c + middle * way, curvature=False).value == 0:
            high = middle
        else:
            low = middle
    return target.at(c + 0.99 * high * way, curvature=False).value > 1e-30 * abs(seen[0])


def _usual(target: Target, c: Array) -> float:
    """The size of the target with no coefficients, by some rows: what a perfect fit is small against."""
    data = target.data
    if isinstance(data, ArrayData):
        chosen = _some(data.rows, SAMPLE)
        value, weight = data.rows.slopes(data.offset[chosen], chosen)[0], data.weight[chosen]
        size = abs(float(weight @ value)) / float(weight.sum())
        if 0 < size < np.inf:
            return size
    return abs(target.at(np.zeros_like(c), curvature=False).value)


def _relative(excess: float, value: float, first: float) -> float:
    """An excess as a share of the value; of the value at the start, where the end is as good as perfect."""
    return excess / max(abs(value) if abs(value) > 1e-10 * abs(first) else abs(first), 1e-300)


def _away(target: Target, walk: Walk) -> Array | None:
    if walk.point.slant <= 1e-7:
        return None
    last = walk.point.curvature
    step = -walk.point.gradient if last is None else -np.linalg.lstsq(last, walk.point.gradient, rcond=1e-14)[0]
    return _falls(target, walk.c, step, walk.point)


def _by_gradients(target: Target, start: Array, convex: bool = True) -> Ending:
    """For what is left: SciPy's BFGS from here, and an honest word on its end."""
    values = [target.at(start, curvature=False).value]

    def at(c: Array) -> tuple[float, Array]:
        point = target.at(c, curvature=False)
        return point.value, point.gradient

    found = scipy("optimize").minimize(
        at, start, jac=True, method="BFGS", options={"gtol": 0.0, "maxiter": 20 * len(start) + 400}
    )
    point = target.at(found.x)
    walk = Walk(found.x, point, [*values, point.value])
    return _judged(target, walk, point.gradient, convex, "BFGS")
