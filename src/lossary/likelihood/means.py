"""The mean of a generalised linear model: scoring in float64 NumPy, by how the variance grows with the mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .engine import IN_CACHE, products
from .links import LINKS, Link

Array = np.ndarray
Three = tuple[float, Array, Array]
FEW = 5000  # rows that are scored first where there are many more
FADED = 10  # powers of ten down to which a pull fades
ENOUGH, SURE = 1e-13, 1e-6  # what a step may gain for each row, and in all, in units of the spread, where a search ends
CLOSE, FADES = 1e-3, 0.01  # what a step gains for each row, and beside the step before, where the curvature may stay
NEXT = 1e-6  # of a share, or of the mean of all rows: so close a mean is at its end


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

    def value(self, y: Array, mean: Array, eta: Array | None = None) -> Array:
        """Minus the quasi-likelihood of rows, from their means or, where that is shorter, from their predictors."""
        k = self.power
        if k is None and eta is not None and self.link is LINKS["logit"]:
            return self.trials * (np.log(1 + np.exp(-np.abs(eta))) + np.maximum(eta, 0.0) - y * eta)
        if k is None:
            from scipy.special import xlog1py, xlogy

            return -self.trials * (xlogy(y, mean) + xlog1py(1 - y, -mean))
        if k == 0:
            return 0.5 * np.square(y - mean)
        if k == 1:
            return mean - y * np.log(mean)
        return y / mean + np.log(mean) if k == 2 else mean ** (2 - k) / (2 - k) - y * mean ** (1 - k) / (1 - k)

    def gap(self, c: Array) -> float:
        """How much likelier rows would be at their own means, on average, of variances that grow by 0, 2 or 3."""
        mean, y = self.link.mean(self.predictor(c)), self.y
        if self.power == 2:
            off = (y - mean) / mean
            apart = off - np.where(np.abs(off) < 0.1, np.log1p(np.clip(off, -0.5, 0.5)), np.log(y / mean))
        else:
            apart = np.square(y - mean) / 2 if self.power == 0 else np.square(y / mean - 1) / (2 * y)
        return float(np.average(apart, weights=self.w))

    @property
    def unit(self) -> float:
        """The unit of the value of a row: another unit of y makes it another."""
        if self.power is None or self.power == 2:
            return 1.0
        usual = float(np.average(np.abs(self.y), weights=self.w)) ** (2 - self.power)
        return usual if np.isfinite(usual) and usual > 0 else 1.0

    def spread(self, c: Array) -> float:
        """How far values are spread around their means, where that is not as far as their mean says."""
        return 1.0 if self.power in (None, 1) else float(np.average(self.pearson(c), weights=self.w))

    def observed(self, c: Array) -> Array:
        """The observed curvature."""
        eta = self.predictor(c)
        mean = self.link.mean(eta)
        slope, bend, v = self.link.slope(eta, mean), self.link.bend(eta, mean), self.variance(mean)
        grown = (1 - 2 * mean) / self.trials if self.power is None else self.power * v / mean if self.power else 0.0
        pull = (mean - self.y) / v
        return products(self.x, self.w * ((1 - pull * grown) / v * slope**2 + pull * bend), self.x)

    def expand(self, c: Array, known: Array | None = None) -> Three:
        """Value, gradient and expected curvature, block by block; a known curvature takes no time."""
        total, g, h = 0.0, np.zeros(len(c)), np.zeros((len(c), len(c)))
        for first in range(0, len(self.y), IN_CACHE):
            rows = slice(first, first + IN_CACHE)
            eta = self.predictor(c, rows)
            mean = self.link.mean(eta)
            slope, x, y = self.link.slope(eta, mean), self.x[rows], self.y[rows]
            if not self._allowed(mean):
                return float("inf"), g, h
            pull = self.w[rows] * slope / self.variance(mean)
            total += float(self.w[rows] @ self.value(y, mean, eta))
            g += x.T @ (pull * (mean - y))
            if known is None:
                h += x.T @ ((pull * slope)[:, None] * x)
        return total, g, h if known is None else known

    @property
    def always(self) -> bool:
        """Whether the link makes a possible mean of any number."""
        inside = ("logit", "probit", "cloglog") if self.power is None else ("log",)
        return self.power == 0 or any(self.link is LINKS[name] for name in inside)

    def at_the_end(self, c: Array) -> bool:
        """Whether some rows are next to what they can be at most."""
        mean = self.link.mean(self.predictor(c))
        return bool(mean.min() < NEXT * mean.mean() or (self.power is None and mean.max() > 1 - NEXT))

    def _allowed(self, mean: Array) -> bool:
        """Whether all means are possible: values do not tell it of rows that are what they can be at most."""
        return self.always or bool(mean.min() > 0 and (self.power is not None or mean.max() < 1))

    def pulled(self, share: float) -> Rows:
        """The same, drawn away from impossible means as by so much of one more observation in each row."""
        two = 2 * share if self.power is None else 0.0
        return replace(self, y=(self.y + share) / (1 + two), w=self.w * (1 + two))

    def thinned(self, most: int) -> Rows:
        chosen = np.linspace(0, len(self.y) - 1, most).astype(int)
        offset = None if self.offset is None else self.offset[chosen]
        return replace(self, x=self.x[chosen], y=self.y[chosen], w=self.w[chosen], offset=offset)

    def pearson(self, c: Array) -> Array:
        """Squared residuals in units of the variance."""
        mean = self.link.mean(self.predictor(c))
        return np.square(self.y - mean) / self.variance(mean)


def scored(rows: Rows, start: Array, most: int = 60, observed: bool = False) -> Array | None:
    """The coefficients of the mean, or None where scoring does not end: whoever asked has other ways.

    Of many rows, some are scored first. Where these alone have run to the end of what is allowed, nothing leads back.
    """
    near = _scored(rows.thinned(FEW), start, most, observed) if len(rows.y) > 4 * FEW else None
    found = None if near is None else _scored(rows, near, most, observed)
    return _scored(rows, start, most, observed) if found is None else found


def _scored(rows: Rows, c: Array, most: int, observed: bool) -> Array | None:
    with np.errstate(all="ignore"):
        before, (value, g, h) = np.inf, rows.expand(c)
        if not np.isfinite(value):
            return None
        unit, size = rows.unit, float(rows.w.sum())
        for _ in range(most):
            h = rows.observed(c) if observed else h
            if not np.isfinite(h).all():
                return None
            try:
                step = -np.linalg.solve(h, g)
            except np.linalg.LinAlgError:  # some rows have run to the end of what is allowed
                return c
            gain = -float(g @ step) / size
            if gain <= ENOUGH * unit and (
                gain > before / 2 or gain <= min(ENOUGH, SURE / size) * min(unit, rows.spread(c))
            ):
                return c + step if rows.always or np.isfinite(rows.expand(c + step)[0]) else None
            known = h if gain < CLOSE * unit and gain < FADES * before else None
            before = gain
            for length in (1.0, 0.5, 0.25, 0.1, 0.01, 0.001):
                there = rows.expand(c + length * step, known)
                if np.isfinite(there[0]) and there[0] <= value + 1e-12 * abs(value):
                    break
            else:
                return None
            c, (value, g, h) = c + length * step, there
    return None


def at_an_end(rows: Rows, start: Array) -> Array | None:
    """The coefficients where some rows are what they can be at most, or close by: what draws them away fades."""
    if rows.power not in (None, 1):  # others keep away themselves
        return None
    near: Array | None = start
    for share in 10.0 ** -np.arange(1, FADED):
        near = None if near is None else scored(rows.pulled(float(share)), near, observed=True)
    if near is None or rows.at_the_end(near):
        return near
    found = scored(rows, near)
    return near if found is None else found
