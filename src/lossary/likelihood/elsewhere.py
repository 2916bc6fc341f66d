"""Other starts where a likelihood has several maxima, and likelihoods that grow for ever at tied numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.forms import Likelihood
from ..families.positive_likelihoods import GeneralizedParetoNLL
from ..families.real_likelihoods import CauchyNLL, GeneralizedNormalNLL, SkewNormalNLL, StudentTNLL
from .engine import End, Problem, minimise
from .result import TURNS
from .sample import Sample

Array = np.ndarray
Start = dict[str, float]
FEW = 50  # rows that leave much to chance
WORTH = (5.0, 0.1)  # what a search may gain beyond its start: at all, and for each row
CLOSE = 1e-3  # of the usual distance from tied numbers: a scale that closes in on them
TIED = 0.05  # of the rows: so many equal numbers are looked at


def _skewed(sample: Sample, end: End) -> Iterator[Start]:
    """Half-normal distributions from either end, and the start that leans to the other side."""
    normal = sample.size * (math.log(max(sample.std, 1e-300)) + 0.5 * math.log(2 * math.pi * math.e))
    if sample.rows > FEW and normal - end.value > 3 + 0.01 * sample.size:  # it leans clearly
        return
    for loc, slant in ((sample.low, 10.0), (sample.high, -10.0), (sample.low, 2.0), (sample.high, -2.0)):
        yield {"loc": loc, "scale": math.hypot(sample.std, sample.mean - loc), "slant": slant}


def _flat_or_pointed(sample: Sample, end: End) -> Iterator[Start]:
    half = max((sample.high - sample.low) / 2, 1e-300)
    if sample.rows > FEW and end.converged and end.c[2] < math.log(2.5):  # far from flat
        return
    yield {"loc": (sample.high + sample.low) / 2, "scale": 1.05 * half, "shape": 12.0}
    if sample.rows <= FEW:
        yield {"loc": sample.median, "scale": sample.deviation, "shape": 1.1}


def _in_groups(sample: Sample, end: End) -> Iterator[Start]:
    if sample.rows > FEW and sample.quarters < 3 * (sample.quantile(0.625) - sample.quantile(0.375)):
        return  # one group in the middle
    for share in (0.125, 0.375, 0.625, 0.875):
        near = max(sample.quantile(share + 0.124) - sample.quantile(share - 0.124), 1e-3 * sample.quarters)
        yield {"loc": sample.quantile(share), "scale": near / 2, "df": 1.0}


OTHERS: dict[type[Likelihood], Callable[[Sample, End], Iterator[Start]]] = {
    SkewNormalNLL: _skewed, GeneralizedNormalNLL: _flat_or_pointed, CauchyNLL: _in_groups, StudentTNLL: _in_groups,
}  # fmt: skip


def elsewhere(loss: Likelihood, problem: Problem, end: End, sample: Sample, free: Array, links: Array) -> End:
    """An end, or a better one from starts of another shape."""
    others = OTHERS.get(type(loss))
    if others is None or not np.isfinite(end.value) or sample.distinct < 3:
        return end
    for start in others(sample, end):
        c = np.where(free, _coefficients(loss, start), end.c)
        if problem.value(c) > end.value + WORTH[0] + WORTH[1] * problem.total:
            continue
        other = minimise(problem, c, free, links)
        if other.value < end.value - 1e-9 * problem.total:
            end = other
    return end


def _coefficients(loss: Likelihood, values: Start) -> Array:
    return np.array([TURNS[kind][1](max(values[n], 1e-300) if kind == "positive" else values[n])
                     for n, kind in loss.heads.items()])  # fmt: skip


def _corner(loss: Likelihood, at: float, scale: float) -> Iterator[Start]:
    """The distribution next to a number, as narrow as this scale, with tails for the others."""
    if isinstance(loss, CauchyNLL):
        yield {"loc": at, "scale": scale}
    if isinstance(loss, StudentTNLL):
        for df in (0.02, 0.05, 0.1, 0.2, 0.4, 0.8):
            yield {"loc": at, "scale": scale, "df": df}
    if isinstance(loss, GeneralizedParetoNLL) and at == 0:
        for shape in (1.0, 2.0, 4.0, 8.0, 16.0):
            yield {"scale": scale, "shape": shape}


def without_bound(loss: Likelihood, problem: Problem, end: End, sample: Sample) -> bool:
    """Whether tied numbers make the likelihood larger than at this end already where the scale is a thousandth."""
    if type(loss) not in (CauchyNLL, StudentTNLL, GeneralizedParetoNLL) or not np.isfinite(end.value):
        return False
    at, share = _most_frequent(sample)
    if share < TIED or sample.distinct < 2:
        return False
    far = np.abs(sample.y - at)
    scale = CLOSE * float(np.median(far[far > 0]))
    return any(problem.value(_coefficients(loss, start)) < end.value for start in _corner(loss, at, scale))


def _most_frequent(sample: Sample) -> tuple[float, float]:
    """The number that most rows have, and their share, in some of the rows."""
    some = sample.thinned(1000)
    y, place = np.unique(some.y, return_inverse=True)
    heaps = np.bincount(place, weights=some.w)
    most = int(np.argmax(heaps))
    return float(y[most]), float(heaps[most] / some.size) if heaps[most] > some.w.max() else 0.0


def without_end(loss: Likelihood, problem: Problem, end: End) -> tuple[End, list[str]]:
    """A skew-normal distribution that has become half of one: its slant grows, and changes nothing."""
    if not isinstance(loss, SkewNormalNLL) or end.converged or not abs(end.c[2]) > 1e3:
        return end, []
    further = problem.value(end.c * [1, 1, 100])
    level = abs(further - end.value) <= 1e-6 * problem.total
    return (replace(end, converged=True), ["boundary"]) if level else (end, [])


SHAPES = (0.1, 0.15, 0.2, 0.3, 0.45, 0.65, 0.9)  # of generalized normal distributions with a peak


def on_a_number(
    loss: Likelihood, problem: Problem, end: End, sample: Sample, free: Array, links: Array
) -> tuple[End, list[str]]:
    """A generalized normal distribution with a peak on one of the numbers, where it is better; and what to say of it.

    For shapes below 1 every number is a maximum for the location, which has no slope there.
    """
    if not isinstance(loss, GeneralizedNormalNLL) or not free.all() or sample.distinct < 3:
        return end, []
    if sample.rows > FEW and end.converged and end.c[2] > 0 and _most_frequent(sample)[1] < TIED:  # no peak
        return end, []
    some = sample.thinned(500).sorted
    middle = np.unique(some.y[(np.linspace(0.2, 0.8, 15) * (some.rows - 1)).astype(int)])
    places = np.unique(np.append(middle, [sample.median, _most_frequent(some)[0]]))
    far = np.abs(some.y[:, None] - places)
    best: tuple[float, Any] = np.inf, None
    with np.errstate(all="ignore"):
        for shape in SHAPES:
            mean = some.w @ far**shape / some.size
            scale = (shape * mean) ** (1 / shape)
            cost = np.log(2 * scale) + math.lgamma(1 + 1 / shape) + 1 / shape
            k = int(np.nanargmin(np.where(scale > 0, cost, np.inf)))
            if cost[k] < best[0]:
                best = float(cost[k]), {"loc": float(places[k]), "scale": float(scale[k]), "shape": shape}
    start = best[1]
    if start is None or best[0] > end.value / problem.total + 2 / sample.rows**0.5:
        return end, []
    held = np.array([False, True, True])
    peak = minimise(problem, _coefficients(loss, start), held, links)
    if not np.isfinite(peak.value) or peak.value > end.value - 1e-9 * problem.total:
        return end, []
    if peak.c[2] < math.log(SHAPES[0]) or not peak.converged:
        return replace(peak, converged=False), ["unbounded likelihood"]
    return (peak, ["irregular"]) if peak.c[2] < 0 else (end, [])
