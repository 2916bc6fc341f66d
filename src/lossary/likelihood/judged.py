"""What is known of an end: standard errors, and what makes them, or the end itself, not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .engine import End, Problem

Array = np.ndarray

SAID = {
    "not converged": "The search stopped before the end: do not use the estimates.",
    "rounding": "The likelihood of such numbers is rounded more coarsely than what the search has left to gain: "
    "subtract what they share, or divide them, and fit again.",
    "unbounded likelihood": "The likelihood grows without bound: there is no estimate.",
    "boundary": "An estimate lies at the boundary of what is allowed: no standard errors hold there.",
    "irregular": "The support depends on the estimates, or they tie: standard errors and intervals are rough.",
    "not identified": "Other parameters are as likely: the data do not tell them apart.",
    "several maxima": "Components can change places, and one that closes in on a row makes the likelihood grow for "
    "ever: this is the largest maximum inside that was found from several starts.",
    "collinear": "Columns that depend linearly on others were left out.",
    "too few data": "There are too few different numbers for so many parameters.",
}
WORST = ("not converged", "unbounded likelihood", "boundary", "not identified", "too few data")


@dataclass(frozen=True)
class Judgement:
    """The covariance of the coefficients and the flags of a fit."""

    covariance: Array
    condition: float
    gradient: float
    flags: tuple[str, ...]

    @property
    def success(self) -> bool:
        return not set(self.flags) & set(WORST)


def _level(problem: Problem, end: End, free: Array, links: Array) -> bool:
    """Whether a parameter can go on towards an end of its range without any loss."""
    nothing = (1e-10 if problem.extra is None else 1e-7) * problem.total  # what differences are off by
    for k in np.flatnonzero(free & links & (np.diag(end.curvature) <= 1e-2 * problem.total)):
        for far in (-15.0, -4.0, 4.0, 15.0):
            there = end.c.copy()
            there[k] += far
            if problem.value(there) <= end.value + nothing:
                return True
    return False


def judge(problem: Problem, end: End, free: Array, links: Array, distinct: int, more: tuple[str, ...]) -> Judgement:
    """From the curvature of the end and the slopes of its rows."""
    with np.errstate(all="ignore"):
        return _judged(problem, end, free, links, distinct, more)


def _judged(problem: Problem, end: End, free: Array, links: Array, distinct: int, more: tuple[str, ...]) -> Judgement:
    flags = list(more)
    size = problem.size
    h, g = end.curvature[np.ix_(free, free)], end.gradient[free]
    if not np.isfinite(end.value) or not np.isfinite(h).all():
        grows = end.value == -np.inf or np.isfinite(end.value)
        flags.append("unbounded likelihood" if grows else "not converged")
        return Judgement(np.full((size, size), np.nan), float("inf"), float("nan"), tuple(dict.fromkeys(flags)))
    unit = 1 / np.sqrt(np.maximum(np.diag(h), 1e-300))
    flat = np.diag(h) <= 1e-6 * problem.total
    if "irregular" in flags:  # a corner has no curvature: the slopes of the rows stand for it
        slopes = problem.outer(end.c)[np.ix_(free, free)]
        flat = ~(np.diag(h) > 1e-6 * np.where(links[free], problem.total, np.diag(slopes)))
        h = np.where(flat[:, None] | flat[None, :], slopes, h)
        flat = np.diag(h) <= 1e-6 * problem.total
        unit = 1 / np.sqrt(np.maximum(np.diag(h), 1e-300))
    elif not end.converged:
        flags += ["not converged", "rounding"] if end.coarse else ["not converged"]
    if (flat & links[free]).any() or _level(problem, end, free, links):
        flags.append("boundary")
    scaled = np.nan_to_num(h * unit[:, None] * unit, nan=0.0, posinf=1e150, neginf=-1e150)
    values = np.linalg.eigvalsh(scaled) if free.any() else np.ones(1)
    condition = float(values[-1] / values[0]) if values[0] > 0 else float("inf")
    if values[0] <= 1e-10 and "boundary" not in flags:
        flags.append("not identified")
    if distinct <= int(free.sum()):
        flags.append("too few data")
    covariance = np.full((size, size), np.nan)
    covariance[~free], covariance[:, ~free] = 0.0, 0.0
    if not set(WORST) & set(flags):
        covariance[np.ix_(free, free)] = np.linalg.inv(scaled) * unit[:, None] * unit
    relative = float(np.abs(g * unit).max(initial=0.0) / np.sqrt(max(problem.total, 1.0)))
    return Judgement(covariance, condition, relative, tuple(dict.fromkeys(flags)))
