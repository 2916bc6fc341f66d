"""Supports that end where the parameters say: no number lies beyond."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..core.forms import Likelihood
from ..heads.supports import ENDS
from .engine import Problem

Array = np.ndarray


Inside = Callable[[Array, Array], Array]


def support_of(loss: Likelihood) -> Inside | None:
    """Which numbers (n,) can be, for outputs (n, k) or (1, k); None where all can."""
    rule = next((rule for kind, rule in ENDS.items() if isinstance(loss, kind)), None)
    if rule is None:
        return None

    def inside(y: Array, p: Array) -> Array:
        return rule(y, _named(loss, p))

    return inside


def _named(loss: Likelihood, p: Array) -> dict[str, Array]:
    return {
        name: np.exp(p[:, k]) if kind == "positive" else p[:, k] for k, (name, kind) in enumerate(loss.heads.items())
    }


def allowed_by(loss: Likelihood, ends: tuple[float, float] | None = None) -> Callable[[Problem, Array], bool] | None:
    """Whether coefficients allow all rows; of a sample, whether they allow its ends."""
    inside = support_of(loss)
    if inside is None:
        return None
    if ends is not None:
        y = np.array(ends)
        return lambda problem, c: bool(inside(y, c[None, :]).all())
    return lambda problem, c: bool(inside(problem.rows.y, problem.outputs(c)).all())


def brought_inside(loss: Likelihood, problem: Problem, c: Array) -> Array:
    """A start that allows all rows: with a shape so near 0 that the support is long enough."""
    place = list(loss.heads).index("shape") - len(loss.heads) if "shape" in loss.heads else 0
    for _ in range(200):
        if problem.allowed is None or problem.allowed(problem, c):
            return c
        c = c.copy()
        c[place] /= 2
    return c
