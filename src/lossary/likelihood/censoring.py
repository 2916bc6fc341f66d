"""What rows that were not observed add to a likelihood: probabilities of ranges, through SciPy, by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import LossaryError
from ..core.forms import Likelihood
from .reading import Ranges
from .result import TURNS

Array = np.ndarray
Mover = tuple[Callable[..., Array], Array]
STEP = 4e-3  # of the differences, which are of sixth order, in units of the coefficient
MOST = 0.05  # what a step may change in the log-probability of a range
SPREADS = {"scale": 1.0, "std": 1.0, "sigma": 1.0, "concentration": -0.5}  # powers that are the unit of a location


def check_ranges(loss: Likelihood, name: str, asked: str) -> None:
    """Refuse ranges of a distribution whose distribution function is not known."""
    if loss.scipy is None:
        raise LossaryError(
            asked,
            arrived=f"Rows were censored or truncated, and SciPy does not have the distribution function of {name}.",
            allowed="Expected a distribution with a distribution function.",
            do="Choose another distribution, or leave such rows out.",
        )


class Unseen:
    """Minus the log-probability of ranges, as a function of the coefficients."""

    def __init__(self, loss: Likelihood, ranges: Ranges) -> None:
        from scipy import stats

        self.family, self.loss, self.ranges = getattr(stats, loss.scipy or ""), loss, ranges
        self.count = float(np.maximum(ranges.w, 0).sum())

    def rows(self, c: Array) -> Array:
        """Minus the log-probability of each range."""
        with np.errstate(all="ignore"):
            kinds = self.loss.heads.items()
            natural = {n: TURNS[k][0](float(z)) for (n, k), z in zip(kinds, c, strict=True)}
            return -log_between(self.family, self.loss.in_scipy(**natural), self.ranges.low, self.ranges.high)

    def value(self, c: Array) -> float:
        return float(self.ranges.w @ self.rows(c))

    def steps(self, c: Array, middle: Array) -> Array:
        """How far each coefficient moves: a location in units of its spread, and none so far that a range changes
        much. The data may have any unit."""
        found = np.full(len(c), STEP)
        if next(iter(self.loss.heads.values())) == "real":
            found[0] *= next(
                (np.exp(SPREADS[n] * z) for n, z in zip(self.loss.heads, c, strict=True) if n in SPREADS), 1.0
            )
        with np.errstate(all="ignore"):
            for j, unit in enumerate(np.eye(len(c))):
                for _ in range(6):
                    gap = np.abs(self.rows(c + found[j] * unit) - middle)
                    change = gap[np.isfinite(gap)].max(initial=0.0)
                    if change <= MOST:
                        break
                    found[j] *= 0.5 * MOST / change
        return found

    def slopes(self, c: Array) -> Array:
        """Of each range by each coefficient."""
        return self._slopes(self._mover(c, self.steps(c, self.rows(c))))

    def _mover(self, c: Array, steps: Array) -> Mover:
        """The rows at so many steps of some coefficients; and the steps."""

        def moved(*moves: tuple[int, int]) -> Array:
            return self.rows(c + sum((n * steps[j] * np.eye(len(c))[j] for j, n in moves), np.zeros(len(c))))

        return moved, steps

    @staticmethod
    def _slopes(mover: Mover) -> Array:
        (moved, steps), found = mover, []
        for i, step in enumerate(steps):
            one, two, three = (moved((i, n)) - moved((i, -n)) for n in (1, 2, 3))
            found.append((45 * one - 9 * two + three) / (60 * step))
        return np.stack(found, axis=1)

    def expand(self, c: Array) -> tuple[float, Array, Array]:
        middle, w, k = self.rows(c), self.ranges.w, len(c)
        moved, step = mover = self._mover(c, self.steps(c, middle))
        h = np.zeros((k, k))
        for i in range(k):
            one, two, three = (moved((i, n)) + moved((i, -n)) for n in (1, 2, 3))
            h[i, i] = w @ (270 * one - 27 * two + 2 * three - 490 * middle) / (180 * step[i] ** 2)
            for j in range(i):
                at = [
                    w @ (moved((i, n), (j, n)) + moved((i, -n), (j, -n)) - moved((i, n), (j, -n))
                         - moved((i, -n), (j, n))) / (4 * n * n * step[i] * step[j])
                    for n in (1, 2, 3)
                ]  # fmt: skip
                h[i, j] = h[j, i] = 1.5 * at[0] - 0.6 * at[1] + 0.1 * at[2]
        return float(w @ middle), w @ self._slopes(mover), h

    def outer(self, c: Array) -> Array:
        if (self.ranges.w < 0).any():
            return np.full((len(c),) * 2, np.nan)  # what is divided by belongs to every row
        slopes = self.slopes(c)
        return slopes.T @ (self.ranges.w[:, None] * slopes)


def log_between(family: Any, known: dict[str, float], low: Array, high: Array) -> Array:
    """log P(low < y <= high), from the side where the two are small."""
    found = np.empty(len(low))
    up, down = np.isposinf(high), np.isneginf(low)
    found[down] = family.logcdf(high[down], **known)
    found[up] = family.logsf(low[up], **known)
    both = ~up & ~down
    if both.any():
        a, b = low[both], high[both]
        with np.errstate(all="ignore"):
            small = family.cdf(a, **known) < 0.5
            ends = [np.where(small, family.logcdf(x, **known), family.logsf(x, **known)) for x in (a, b)]
            most, least = np.maximum(*ends), np.minimum(*ends)
            found[both] = most + np.log1p(-np.exp(np.minimum(least - most, 0.0)))
    found[up & down] = 0.0
    return found
