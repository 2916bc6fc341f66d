"""Distributions as heads tell of them, in float64: those of SciPy, and what is made of them here.

All answer as SciPy's frozen distributions do: cdf, ppf, mean, std, rvs; `step(y)` is the probability of y itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..core.contract import COUNT
from ..core.forms import Likelihood
from ..families import compound_likelihoods as compounds
from ..families import count_likelihoods as counts
from ..families import positive_likelihoods as amounts
from ..families.mixtures import MixtureNLL

Array = np.ndarray
Law = Any
ROUNDS = 90  # halvings of an interval


def law_of(loss: Likelihood, parameters: dict[str, Array]) -> Law:
    """The distributions of a likelihood at its parameters."""
    from scipy import stats

    if isinstance(loss, MixtureNLL):
        weights = parameters.pop("weight")
        return Mixed(weights, law_of(loss.part, parameters), loss.target is COUNT)
    if loss.scipy is None:
        return MADE[type(loss)](loss, **parameters)
    return getattr(stats, loss.scipy)(**loss.in_scipy(**parameters))


def step(law: Law, y: Array) -> Any:
    """The probability of a number itself."""
    if hasattr(law, "step"):
        return law.step(y)
    return law.pmf(y) if hasattr(law.dist, "pmf") else 0.0


class Made:
    """What follows from a quantile function."""

    def ppf(self, q: Any) -> Array:
        raise NotImplementedError

    def rvs(self, size: tuple[int, ...], random_state: np.random.Generator) -> Array:
        return self.ppf(random_state.uniform(size=size))


@dataclass
class WithZeros(Made):
    """Zeros of a probability of their own beside a distribution from 0 on; of a hurdle, that above 0."""

    zeros: Array
    base: Law
    hurdle: bool = False

    @property
    def cut(self) -> Any:
        return self.base.cdf(0.0) if self.hurdle else 0.0

    def cdf(self, y: Array) -> Array:
        part = (self.base.cdf(y) - self.cut) / (1 - self.cut)
        return np.asarray(np.where(y < 0, 0.0, self.zeros + (1 - self.zeros) * part))

    def step(self, y: Array) -> Array:
        part = np.where((y > 0) | (not self.hurdle), step(self.base, y), 0.0) / (1 - self.cut)
        return np.asarray(np.where(y == 0, self.zeros, 0.0) + (1 - self.zeros) * part)

    def ppf(self, q: Any) -> Array:
        rest = np.clip((q - self.zeros) / (1 - self.zeros), 0.0, 1.0)
        return np.asarray(np.where(q <= self.zeros, 0.0, self.base.ppf(self.cut + (1 - self.cut) * rest)))

    def mean(self) -> Array:
        return np.asarray((1 - self.zeros) * self.base.mean() / (1 - self.cut))

    def std(self) -> Array:
        square = (1 - self.zeros) * (self.base.var() + self.base.mean() ** 2) / (1 - self.cut)
        return np.asarray(np.sqrt(square - self.mean() ** 2))


@dataclass
class Mixed(Made):
    """Distributions along the last axis, of which one is drawn with its weight."""

    weights: Array
    base: Law
    whole: bool = False

    def _sum(self, values: Array) -> Array:
        return np.asarray((self.weights * values).sum(-1))

    def cdf(self, y: Array) -> Array:
        return self._sum(self.base.cdf(np.expand_dims(y, -1)))

    def step(self, y: Array) -> Array:
        return self._sum(step(self.base, np.expand_dims(y, -1)))

    def ppf(self, q: Any) -> Array:
        q = np.broadcast_to(q, np.broadcast_shapes(np.shape(q), self.weights.shape[:-1]))
        ends = self.base.ppf(np.expand_dims(q, -1))
        low, high = ends.min(-1), ends.max(-1)
        for _ in range(ROUNDS):
            middle = low / 2 + high / 2
            above = self.cdf(middle) >= q
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return np.asarray(np.round(high) if self.whole else high)

    def mean(self) -> Array:
        return self._sum(self.base.mean())

    def std(self) -> Array:
        mean = self.base.mean()
        return np.asarray(np.sqrt(self._sum(self.base.std() ** 2 + (mean - np.expand_dims(self.mean(), -1)) ** 2)))

    def rvs(self, size: tuple[int, ...], random_state: np.random.Generator) -> Array:
        every = self.base.rvs(size=(*size, self.weights.shape[-1]), random_state=random_state)
        drawn = random_state.uniform(size=(*size, 1)) > np.cumsum(self.weights, -1)[..., :-1]
        return np.asarray(np.take_along_axis(every, drawn.sum(-1, keepdims=True), -1)[..., 0])


@dataclass
class Kumaraswamy(Made):
    """Its distribution function is a power of a power."""

    a: Array
    b: Array

    def cdf(self, y: Array) -> Array:
        return np.asarray(-np.expm1(self.b * np.log1p(-(np.clip(y, 0.0, 1.0) ** self.a))))

    def step(self, y: Array) -> Array:
        return np.zeros_like(y)

    def ppf(self, q: Any) -> Array:
        return np.asarray((-np.expm1(np.log1p(-np.asarray(q)) / self.b)) ** (1 / self.a))

    def _moment(self, n: int) -> Array:
        from scipy.special import beta

        return np.asarray(self.b * beta(1 + n / self.a, self.b))

    def mean(self) -> Array:
        return self._moment(1)

    def var(self) -> Array:
        return self._moment(2) - self._moment(1) ** 2

    def std(self) -> Array:
        return np.sqrt(self.var())


@dataclass
class Compound(Made):
    """The sum of a Poisson number of gamma variables."""

    rate: Array
    shape: float
    scale: Array

    def cdf(self, y: Array) -> Array:
        from scipy.special import gammainc, gammaln, xlogy

        most = float(np.max(self.rate))
        found = np.exp(-self.rate) * (y >= 0)
        for n in range(1, int(most + 10 * np.sqrt(most) + 30)):
            chance = np.exp(xlogy(n, self.rate) - self.rate - gammaln(n + 1))
            found = found + chance * gammainc(n * self.shape, np.maximum(y, 0.0) / self.scale)
        return np.asarray(found)

    def step(self, y: Array) -> Array:
        return np.asarray(np.where(y == 0, np.exp(-self.rate), 0.0))

    def ppf(self, q: Any) -> Array:
        q = np.broadcast_to(q, np.broadcast_shapes(np.shape(q), np.shape(self.rate)))
        low, high = 0.0 * q, self.mean() + self.std() + 0.0 * q
        while np.any(self.cdf(high) < q):
            high = np.where(self.cdf(high) < q, 2 * high, high)
        for _ in range(ROUNDS):
            middle = low / 2 + high / 2
            above = self.cdf(middle) >= q
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return np.where(q <= np.exp(-self.rate), 0.0, high)

    def mean(self) -> Array:
        return np.asarray(self.rate * self.shape * self.scale)

    def std(self) -> Array:
        return np.asarray(np.sqrt(self.rate * self.shape * (1 + self.shape)) * self.scale)

    def rvs(self, size: tuple[int, ...], random_state: np.random.Generator) -> Array:
        parts = random_state.poisson(self.rate, size=size)
        return np.where(parts > 0, random_state.gamma(np.maximum(parts, 1) * self.shape), 0.0) * self.scale


def _tweedie(loss: compounds.TweedieNLL, mean: Array, dispersion: Array) -> Compound:
    p = loss.power
    rate = mean ** (2 - p) / (dispersion * (2 - p))
    return Compound(rate, (2 - p) / (p - 1), dispersion * (p - 1) * mean ** (p - 1))


def _poisson(hurdle: bool, loss: Likelihood, rate: Array, zeros: Array) -> WithZeros:
    from scipy import stats

    return WithZeros(zeros, stats.poisson(rate), hurdle)


def _negative_binomial(hurdle: bool, loss: Likelihood, mean: Array, dispersion: Array, zeros: Array) -> WithZeros:
    from scipy import stats

    return WithZeros(zeros, stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean)), hurdle)


def _log_normal(loss: Likelihood, zeros: Array, mu: Array, sigma: Array) -> WithZeros:
    from scipy import stats

    return WithZeros(zeros, stats.lognorm(s=sigma, scale=np.exp(mu)))


def _beta(loss: Likelihood, zeros: Array, a: Array, b: Array) -> WithZeros:
    from scipy import stats

    return WithZeros(zeros, stats.beta(a, b))


MADE: dict[type[Likelihood], Callable[..., Law]] = {
    amounts.KumaraswamyNLL: lambda loss, a, b: Kumaraswamy(a, b),
    compounds.TweedieNLL: _tweedie,
    counts.ZeroInflatedBetaNLL: _beta,
    counts.ZeroInflatedLogNormalNLL: _log_normal,
    counts.ZeroInflatedPoissonNLL: partial(_poisson, False),
    counts.HurdlePoissonNLL: partial(_poisson, True),
    counts.ZeroInflatedNegativeBinomialNLL: partial(_negative_binomial, False),
    counts.HurdleNegativeBinomialNLL: partial(_negative_binomial, True),
}
