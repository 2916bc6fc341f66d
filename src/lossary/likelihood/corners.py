"""Regressions whose density has a corner at its location: linear programmes for the location, the spread in turn."""

from __future__ import annotations

import numpy as np

from ..core.forms import Likelihood
from ..families.quantiles import Quantile
from ..linear.fit import LinearProblem, solve
from ..linear.rows import row_function
from .engine import End, Problem, minimise
from .links import LINKS, Link

Array = np.ndarray
ROUNDS = 100  # of location and spread in turn
ENOUGH = 1e-11  # what a round gains per row at the end


def around_corners(loss: Likelihood, problem: Problem, start: Array, link: Link, links: Array) -> End:
    """The most likely coefficients of a Laplace or asymmetric Laplace distribution.

    Given the spreads the location is a weighted quantile regression: of the target itself, or, through a link, of what
    the link makes of it near by. Given the location the spread is smooth.
    """
    c, value, steps, converged = start, problem.value(start), 0, False
    first, second = problem.parts
    others = np.arange(problem.size) >= second.start
    at_once = link is LINKS["identity"] and problem.designs[1] is None
    while steps < ROUNDS and not converged:
        steps += 1
        there = _located(loss, problem, c, link)
        tried, found = c, value
        for length in (1.0, 0.5, 0.25, 0.1, 0.03, 0.01):
            moved = c.copy()
            moved[first] += length * (there - c[first])
            end = minimise(problem, _rescaled(loss, problem, moved, link), others, links)
            if end.converged and end.value < found:
                tried, found = end.c, end.value
                break
        converged = bool(value - found <= ENOUGH * problem.total) or (tried is not c and at_once)
        c, value = tried, found
    _, g, h = problem.expand(c)
    corner = ~others[:, None] | ~others  # has no curvature but that of the link: the slopes of the rows stand for it
    return End(c, value, g, np.where(corner, problem.outer(c), h), steps, converged)


def _located(loss: Likelihood, problem: Problem, c: Array, link: Link) -> Array:
    """The coefficients of the location, given the spreads and near c."""
    design = problem.designs[0]
    assert design is not None
    first = problem.parts[0]
    eta = design @ c[first]
    moved = np.zeros(len(eta)) if problem.offset is None else problem.offset
    mean = link.mean(eta + moved)
    slope = link.slope(eta + moved, mean)
    spread = np.exp(problem.predictors(c)[:, 1])
    q = float(getattr(loss, "q", 0.5))
    q = 1 - q if slope.sum() < 0 else q
    weight = problem.w * np.abs(slope) / spread
    target = eta + (problem.rows.y - mean) / slope
    rows = row_function(Quantile(q=q))
    asked = LinearProblem(design[:, 1:], target[:, None], 1, rows, weight, np.zeros((len(eta), 1)))
    found = solve(asked)
    return np.concatenate([found.intercepts, found.coefficients[:, 0]])


def _rescaled(loss: Likelihood, problem: Problem, c: Array, link: Link) -> Array:
    """The same location, with the best spread where it is one number."""
    if problem.designs[1] is not None:
        return c
    q = float(getattr(loss, "q", 0.5))
    design = problem.designs[0]
    assert design is not None
    eta = design @ c[problem.parts[0]] + (0.0 if problem.offset is None else problem.offset)
    off = problem.rows.y - link.mean(eta)
    costs = np.maximum(q * off, (q - 1) * off) * (1.0 if hasattr(loss, "q") else 2.0)
    found = c.copy()
    found[problem.parts[1]] = np.log(max(float(problem.w @ costs) / float(problem.w.sum()), 1e-300))
    return found
