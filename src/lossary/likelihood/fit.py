"""`fit_distribution`, `compare_distributions`: the most likely parameters of a distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .._calls import checked_call
from ..core.errors import LossaryError, ParameterError, shown
from ..core.forms import Likelihood
from ..heads.supports import is_count
from ..linear.rows import row_function
from .censoring import Unseen, check_ranges
from .elsewhere import elsewhere, on_a_number, without_bound, without_end
from .engine import End, Problem, minimise
from .fitted import Comparison, DistributionFit
from .judged import Judgement, judge
from .mixture import FittedMixture
from .plain import distribution, known, name_of, with_trials
from .reading import LARGEST, Reading, is_real, numbers, read, too_large
from .result import TURNS
from .sample import Sample
from .shorter import MANY, Bins, shorter
from .supports import allowed_by, brought_inside

Array = np.ndarray
ASKED = "ls.fit_distribution(data, distribution) fits a distribution to numbers."
FEW = 4000  # rows that a start is searched on


@checked_call
def fit_distribution(
    data: Any,
    distribution: Any = "normal",
    *,
    weights: Any = None,
    censored: Any = None,
    upper: Any = None,
    truncated: Any = None,
    fixed: dict[str, float] | None = None,
) -> DistributionFit:
    """The most likely parameters of a distribution, in float64, with standard errors and what stands against them.

    Args:
        data: numbers, one for each row.
        distribution: its name ("gamma", "student_t", "negative_binomial", …) or its loss, such as ls.GammaNLL().
        weights: how often each row counts.
        censored: for each row 0 if its number was observed, 1 if it is only known to be larger, -1 if smaller.
        upper: for each row the upper end of where its number lies, with `data` for the lower one; NaN or the number
            itself for one that was observed.
        truncated: (low, high), the ends between which numbers could be seen at all; None for no end.
        fixed: parameters that are known, by name.

    Returns: a DistributionFit: `parameters`, `standard_errors`, `interval`, `aic`, `flags`, `plot`, `sample`.

    Raises: LossaryError for data that the distribution cannot give.

    >>> fit_distribution([1.0, 2.0, 3.0, 6.0], "exponential").parameters["mean"]
    3.0
    """
    loss = with_trials(_distribution(distribution), distribution, data, ASKED)
    reading = read(data, weights, censored, upper, truncated, loss, ASKED)
    if reading.ranges is not None:
        check_ranges(loss, name_of(loss), ASKED)
    return _fitted(loss, reading, _fixed(loss, fixed))


@checked_call
def compare_distributions(data: Any, distributions: Iterable[Any] | None = None, **options: Any) -> Comparison:
    """Fits of several distributions, the smallest AIC first; those that cannot give the data are listed apart.

        ls.compare_distributions(data, ["gamma", "log_normal"])

    Args:
        data: numbers, one for each row.
        distributions: names or losses; by default all that can give the data.
        options: `weights`, `censored`, `upper` and `truncated`, as for fit_distribution.
    """
    fits: list[DistributionFit] = []
    refused: dict[str, str] = {}
    numbers(data, "data", ASKED)  # which no distribution can do without
    for name in _names(distributions):
        try:
            fits.append(fit_distribution(data, name, **options))
        except LossaryError as error:
            if distributions is None or len(fits) + len(refused) > 0 or not isinstance(error, ParameterError):
                refused[str(name)] = getattr(error, "arrived", str(error))
            else:
                raise
    return Comparison(tuple(sorted(fits, key=lambda fit: (not fit.success, fit.aic))), refused)


def _names(distributions: Any) -> list[Any]:
    if distributions is None:
        return known()
    if isinstance(distributions, (str, Likelihood, type)):
        return [distributions]
    names = list(distributions) if isinstance(distributions, Iterable) else []
    if not names:
        raise ParameterError(
            "ls.compare_distributions(data, distributions) fits several distributions.",
            arrived=f"distributions is {shown(distributions)}.",
            allowed="Expected names or losses, at least one.",
            do='Pass ["gamma", "log_normal"], or leave it out for all that can give the data.',
        )
    for name in names:
        _distribution(name)  # a name that does not exist is no distribution that cannot give the data
    return names


_distribution: Callable[[Any], Likelihood] = lambda name: distribution(name, ASKED)  # noqa: E731


def _fixed(loss: Likelihood, fixed: dict[str, float] | None) -> dict[str, float]:
    given = {} if fixed is None else fixed
    if not isinstance(given, Mapping):
        raise _not_fixed(loss, f"fixed is {shown(given)}.")
    for name, value in given.items():
        if name not in loss.heads:
            raise _not_fixed(loss, f"fixed names {name}.")
        kind = loss.heads[name]
        if (
            not is_real(value)
            or not math.isfinite(value)
            or (kind != "real" and value <= 0)
            or (kind == "share" and value >= 1)
        ):
            raise _not_fixed(loss, f"fixed holds {name}={shown(value)}.")
    return {name: float(value) for name, value in given.items()}


def _not_fixed(loss: Likelihood, arrived: str) -> ParameterError:
    return ParameterError(
        ASKED,
        arrived=arrived,
        allowed=f"Expected parameters of {type(loss).__name__}: {', '.join(loss.heads)}, at possible values.",
        do="Fix a parameter by its name, at a number that it can have: fixed={'" + next(iter(loss.heads)) + "': 0.5}.",
    )


def _fitted(loss: Likelihood, reading: Reading, held: dict[str, float]) -> DistributionFit:
    names, kinds = tuple(loss.heads), tuple(loss.heads.values())
    links, free = np.array([kind != "real" for kind in kinds]), np.array([name not in held for name in names])
    sample = reading.sample
    told = reading.ranges is None and free.all() and (loss.exact or loss.corner)  # the start is the estimate
    made = None if told else shorter(loss, reading.seen)
    start = start_of(loss, sample if made is None or reading.ranges or not is_count(loss) else made, held)

    seen = reading.seen
    allowed = allowed_by(loss, (seen.low, seen.high)) if seen.rows else None

    def of(part: Sample) -> Problem:
        extra = None if reading.ranges is None else Unseen(loss, reading.ranges)
        return Problem(row_function(loss), part.y, part.w, [None] * len(names), extra=extra, allowed=allowed)

    def searched() -> tuple[Problem, End]:
        short = shorter(loss, reading.seen) if made is None else made
        if _closed_in(loss, start, sample, held):
            return of(sample), End(start, -math.inf, np.zeros(len(names)), np.zeros((len(names),) * 2), 0, False)
        if told and loss.corner:
            return _at(of, short, loss, start)
        if told:
            return _ended(of(short), start)
        problem, end = _searched(of, short, sample.std, loss, start, free, links)
        if reading.ranges is None:
            end, more[:] = _beyond(loss, problem, end, sample, free, links)
        return problem, end

    def find() -> tuple[Problem, End, Judgement]:
        problem, end = searched() if early is None else early
        flags = ["irregular"] if loss.corner else []
        if end.value == -math.inf:
            flags.append("unbounded likelihood")
        if loss.corner and not end.converged:  # what is irregular is not asked for more
            flags.append("not converged")
        return (
            problem,
            end,
            judge(problem, end, free, links, sample.distinct, (*flags, *more, *_against(loss, end, sample))),
        )

    def whole() -> Problem | None:
        """Sums of slopes do not tell the sums of their products."""
        few = loss.sums and reading.seen.rows >= MANY and not is_count(loss)
        return _at(of, Bins(reading.seen.sorted, loss.target), loss, c)[0] if few else None

    more: list[str] = []
    early = None if told else searched()
    c = start if early is None else early[1].c
    return DistributionFit(
        model=name_of(loss), names=names, kinds=kinds, c=c, free=free, rows=sample.size, find=find, loss=loss,
        data=sample, whole=whole,
    )  # fmt: skip


def _closed_in(loss: Likelihood, start: Array, sample: Sample, held: dict[str, float]) -> bool:
    """Whether a spread goes to 0: of equal numbers, or of a component that stands on few."""
    if isinstance(loss, FittedMixture):
        return "several maxima" not in loss.against(_natural(loss, start), sample)
    if sample.distinct > 1:
        return False
    first, *others = loss.heads
    if loss.heads[first] == "real" and first in ("loc", "mean"):
        there = held.get(first, sample.low) == sample.low  # else the location is known to be elsewhere
        return there and any(name in ("scale", "std", "concentration") and name not in held for name in others)
    return bool(others) and not held and loss.atom is None and not is_count(loss)


def _natural(loss: Likelihood, c: Array) -> dict[str, float]:
    return {name: TURNS[kind][0](float(z)) for (name, kind), z in zip(loss.heads.items(), c, strict=True)}


def _against(loss: Likelihood, end: End, sample: Sample) -> list[str]:
    """Supports that end where the shape says: below -1/2 nothing is regular, below -1 there is no bound."""
    if isinstance(loss, FittedMixture):
        return loss.against(_natural(loss, end.c), sample)
    if "shape" not in loss.heads or loss.heads["shape"] != "real":
        return []
    shape = float(end.c[list(loss.heads).index("shape")])
    return ["unbounded likelihood"] if shape <= -1 else ["irregular"] if shape < -0.5 else []


def start_of(loss: Likelihood, sample: Sample, held: dict[str, float]) -> Array:
    try:
        found = loss.start(sample) | held
    except OverflowError:
        raise too_large(sample.y, ASKED) from None
    _check_size(found, loss, sample)
    c = []
    for name, kind in loss.heads.items():
        value = found[name]
        if kind == "positive" and held and name not in held and not 1e-100 < value < 1e100:
            first = held.get(next(iter(loss.heads)), sample.low)
            value = abs(sample.low - first) or 1.0  # as far as what is known is from numbers that are equal
        if kind == "positive":
            value = min(max(value, 1e-300), 1e300)
        elif kind == "share":
            value = min(max(value, 1e-12), 1 - 1e-12)
        c.append(TURNS[kind][1](value))
    return np.array(c)


def _check_size(found: dict[str, float], loss: Likelihood, sample: Sample) -> None:
    """Refuse numbers in a unit in which likelihoods are no longer exact."""
    for name in {"mean", "rate", "loc", "scale", "std"} & set(loss.heads):
        size = abs(found[name])
        small = 0 < size < 1 / LARGEST and name != "loc" and sample.distinct > 1 and sample.mean != 0
        spread = name in ("scale", "std")  # of equal numbers there is none
        large = size > LARGEST and not (spread and sample.distinct == 1)
        if large or (small and abs(sample.mean) < 1 / LARGEST):
            raise too_large(sample.y, ASKED)


Made = Callable[[Sample], Problem]


def _at(of: Made, short: Sample, loss: Likelihood, c: Array) -> tuple[Problem, End]:
    """The likelihood at one place, with bins opened where its nodes do not tell it."""
    while isinstance(short, Bins) and not short.look(row_function(loss), c):
        pass
    problem, end = _ended(of(short), c)
    return problem, replace(end, converged=True)


def _ended(problem: Problem, c: Array) -> tuple[Problem, End]:
    """What is known of a place that is said to be the end."""
    value, g, h = problem.expand(c)
    with np.errstate(all="ignore"):
        unit = 1 / np.sqrt(np.maximum(np.abs(np.diag(h)), 1e-300))
    return problem, End(c, value, g, h, 0, bool(np.abs(g * unit).max() <= 1e-4 * math.sqrt(problem.total)))


@np.errstate(all="ignore")  # what is not finite is judged at the end
def _searched(
    of: Made, short: Sample, spread: float, loss: Likelihood, start: Array, free: Array, links: Array
) -> tuple[Problem, End]:
    """From the start, and from others where the first one did not do; bins are opened until their nodes tell all."""
    if short.rows > 4 * FEW and not isinstance(short, Bins):
        few = of(short.thinned(FEW))
        near = minimise(few, brought_inside(loss, few, start), free, links)
        start = near.c if near.converged else start
    problem = of(short)
    start = brought_inside(loss, problem, start)
    end = minimise(problem, start, free, links)
    if not isinstance(loss, FittedMixture):  # which has had its starts
        end = _best(problem, end, spread, start, free, links)
    while isinstance(short, Bins) and not short.look(row_function(loss), end.c):
        problem = of(short)
        end = minimise(problem, end.c, free, links)
    return problem, end


def _beyond(
    loss: Likelihood, problem: Problem, end: End, sample: Sample, free: Array, links: Array
) -> tuple[End, list[str]]:
    """The best of several maxima, and what is said where the likelihood grows for ever."""
    end = elsewhere(loss, problem, end, sample, free, links)
    end, said = on_a_number(loss, problem, end, sample, free, links)
    end, also = without_end(loss, problem, end)
    return end, said + also + ["unbounded likelihood"] * without_bound(loss, problem, end, sample)


def _best(problem: Problem, end: End, spread: float, start: Array, free: Array, links: Array) -> End:
    """An end, or a better one from other starts where it is none."""
    rng = np.random.default_rng(0)
    for _ in range(0 if end.converged and _inside(end) else 4):
        moved = start + rng.normal(size=len(start)) * np.where(links, 1.0, 0.3 * spread)
        other = minimise(problem, np.where(free, moved, start), free, links)
        if other.value < end.value - 1e-9 * problem.total or (
            other.converged and not end.converged and other.value <= end.value + 1e-9 * problem.total
        ):
            end = other
    return end


def _inside(end: End) -> bool:
    """Whether it is a minimum by its curvature."""
    return bool(np.isfinite(end.curvature).all() and np.linalg.eigvalsh(end.curvature)[0] > 0)
