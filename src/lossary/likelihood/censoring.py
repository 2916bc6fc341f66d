"""What censored rows add to a likelihood: probabilities beyond a number, through SciPy, with slopes by differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import LossaryError
from ..core.forms import Likelihood
from .engine import Extra
from .result import TURNS
from .sample import Sample

Array = np.ndarray
STEP = 2e-3


def part(loss: Likelihood, sample: Sample, asked: str) -> Extra:
    """Minus the log-probability of the censored rows, as a function of the coefficients."""
    if loss.scipy is None:
        raise LossaryError(
            asked,
            arrived=f"censored rows for {type(loss).__name__}, whose distribution function SciPy does not have.",
            allowed="Expected a distribution with a distribution function.",
            do="Choose another distribution, or leave censored rows out.",
        )
    from scipy import stats

    family, kinds = getattr(stats, loss.scipy), list(loss.heads.values())
    assert sample.censored is not None
    more, less = sample.censored > 0, sample.censored < 0

    def value(c: Array) -> float:
        with np.errstate(all="ignore"):
            natural = {n: TURNS[k][0](float(z)) for n, k, z in zip(loss.heads, kinds, c, strict=True)}
            known: Any = family(**loss.in_scipy(**natural))
            total = -(sample.w[more] @ known.logsf(sample.y[more])) - sample.w[less] @ known.logcdf(sample.y[less])
        return float(total)

    def expand(c: Array) -> tuple[float, Array, Array]:
        """By differences of fourth order in the value; of second order in the curvature."""
        k, middle = len(c), value(c)
        at = lambda *moves: value(c + sum((n * STEP * np.eye(k)[j] for j, n in moves), np.zeros(k)))  # noqa: E731
        g, h = np.zeros(k), np.zeros((k, k))
        for i in range(k):
            one, two, back, far = at((i, 1)), at((i, 2)), at((i, -1)), at((i, -2))
            g[i] = (8 * (one - back) - (two - far)) / (12 * STEP)
            h[i, i] = (16 * (one + back) - (two + far) - 30 * middle) / (12 * STEP**2)
            for j in range(i):
                cross = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
                h[i, j] = h[j, i] = cross / (4 * STEP**2)
        return middle, g, h

    return expand
