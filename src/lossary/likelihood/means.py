"""The mean of a generalised linear model: scoring in float64 NumPy, by how the variance grows with the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .engine import IN_CACHE, products
from .links import Link

Array = np.ndarray
FEW = 5000  # rows that are scored first where there are many more


@dataclass(frozen=True)
class Rows:
    """Rows of a model of means; `power` of the mean is the variance, or it is that of a share of `trials`."""

    x: Array
    y: Array
    w: Array
    offset: Array | None
    link: Link
    power: float | None
    trials: float = 1.0

    def predictor(self, c: Array, rows: slice = slice(None)) -> Array:
        eta = self.x[rows] @ c
        return eta if self.offset is None else eta + self.offset[rows]

    def variance(self, mean: Array) -> Array:
        if self.power is None:
            return mean * (1 - mean) / self.trials
        return np.ones_like(mean) if self.power == 0 else mean**self.power

    def value(self, y: Array, mean: Array) -> Array:
        """Minus the quasi-likelihood of rows."""
        k = self.power
        if k is None:
            from scipy.special import xlog1py, xlogy

            return -self.trials * (xlogy(y, mean) + xlog1py(1 - y, -mean))
        if k == 0:
            return 0.5 * np.square(y - mean)
        if k == 1:
            return mean - y * np.log(mean)
        return y / mean + np.log(mean) if k == 2 else mean ** (2 - k) / (2 - k) - y * mean ** (1 - k) / (1 - k)

    def observed(self, c: Array) -> Array:
        """The observed curvature."""
        eta = self.predictor(c)
        mean = self.link.mean(eta)
        slope, bend, v = self.link.slope(eta, mean), self.link.bend(eta, mean), self.variance(mean)
        grown = (1 - 2 * mean) / self.trials if self.power is None else self.power * v / mean if self.power else 0.0
        pull = (mean - self.y) / v
        return products(self.x, self.w * ((1 - pull * grown) / v * slope**2 + pull * bend), self.x)

    def expand(self, c: Array) -> tuple[float, Array, Array]:
        """Value, gradient and expected curvature, block by block."""
        total, g, h = 0.0, np.zeros(len(c)), np.zeros((len(c), len(c)))
        for first in range(0, len(self.y), IN_CACHE):
            rows = slice(first, first + IN_CACHE)
            eta = self.predictor(c, rows)
            mean = self.link.mean(eta)
            slope, x, y = self.link.slope(eta, mean), self.x[rows], self.y[rows]
            pull = self.w[rows] * slope / self.variance(mean)
            total += float(self.w[rows] @ self.value(y, mean))
            g += x.T @ (pull * (mean - y))
            h += x.T @ ((pull * slope)[:, None] * x)
        return total, g, h

    def thinned(self, most: int) -> Rows:
        chosen = np.linspace(0, len(self.y) - 1, most).astype(int)
        offset = None if self.offset is None else self.offset[chosen]
        return Rows(self.x[chosen], self.y[chosen], self.w[chosen], offset, self.link, self.power, self.trials)

    def pearson(self, c: Array) -> Array:
        """Squared residuals in units of the variance."""
        mean = self.link.mean(self.predictor(c))
        return np.square(self.y - mean) / self.variance(mean)


def scored(rows: Rows, start: Array, most: int = 60) -> Array | None:
    """The coefficients of the mean, or None where scoring does not end: whoever asked has other ways."""
    if len(rows.y) > 4 * FEW:
        near = scored(rows.thinned(FEW), start)
        start = start if near is None else near
    c = start
    with np.errstate(all="ignore"):
        value, g, h = rows.expand(c)
        for _ in range(most):
            if not np.isfinite(h).all():
                return None
            try:
                step = -np.linalg.solve(h, g)
            except np.linalg.LinAlgError:  # some rows have run to the end of what is allowed
                return c
            if -float(g @ step) <= 1e-13 * rows.w.sum():
                return c + step
            for length in (1.0, 0.5, 0.25, 0.1, 0.01):
                there = rows.expand(c + length * step)
                if np.isfinite(there[0]) and there[0] <= value + 1e-12 * abs(value):
                    break
            else:
                return None
            c, (value, g, h) = c + length * step, there
    return None
