"""Heads of distributions: the outputs of a layer are the parameters of a distribution of each target."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.contract import checks
from ..core.errors import LossaryError
from ..core.forms import Likelihood
from ..core.forms.censored import CENSORING
from ..core.forms.likelihoods import ANGLE_TARGET
from ..families import compound_likelihoods as compounds
from ..families import count_likelihoods as counts
from ..families import positive_likelihoods as amounts
from ..families import real_likelihoods as reals
from ..families.mixtures import MixtureNLL
from ..numerics.backend import double
from ..numerics.classes import one_hot
from .asked import compared, generator, numbers, probability, sample_size
from .base import Head, Tensor
from .laws import law_of, step
from .supports import beyond

Array = np.ndarray


class Distribution(Head):
    """The parameters of a distribution for each target, as one likelihood of lossary reads them.

    `predicted(outputs)` gives the distributions themselves: mean, quantiles, intervals, samples, calibration.
    """

    def __init_subclass__(cls, *, of: Any = None) -> None:
        if of is not None:
            cls.pairs_with = of
            cls.settings = {name: param for name, param in of.params.items() if name not in ("full", *CENSORING)}
            cls.__doc__ = (
                cls.__doc__ or f"The parameters {', '.join(of.heads)} of each target; `ls.{of.__name__}` reads them."
            )
        super().__init_subclass__()

    @checked_call
    def __init__(self, targets: int | None = None, **kwargs: Any) -> None:
        signature = self.pairs_with.signature.parameters
        given = {name: kwargs.pop(name, signature[name].default) for name in self.settings}
        super().__init__(targets, given, **kwargs)

    @property
    def outputs(self) -> int:
        return self._likelihood().outputs

    def fixed(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.settings}

    def point(self, outputs: Tensor) -> Tensor:
        """The first parameter: a mean, a location or a scale; of a mixture, that of its likeliest component.

        predicted(outputs).mean() is the mean of any.
        """
        loss = self._likelihood()
        if not isinstance(loss, MixtureNLL):
            return _value(loss.parameters(outputs)[0])
        logit, rest = loss.apart(outputs)
        likeliest = one_hot(ops.argmax(logit, axis=-1), logit)
        return ops.sum(ops.where(likeliest, _value(loss.part.parameters(rest)[0]), 0.0), axis=-1)

    def _likelihood(self) -> Likelihood:
        found = self.loss()
        assert isinstance(found, Likelihood)
        return found

    def predicted(self, outputs: Any) -> Predicted:
        """The distributions that outputs of this head stand for."""
        asked = f"{type(self).__name__}.predicted(outputs) reads parameters."
        return Predicted(self._likelihood(), numbers(outputs, "outputs", asked))


def _value(parameter: Any) -> Tensor:
    return getattr(parameter, "value", parameter)


class Predicted:
    """One distribution for each target, in float64: what a model predicts beside a number. SciPy does the work."""

    def __init__(self, loss: Likelihood, outputs: Array) -> None:
        self.loss, self.outputs = loss, outputs

    @property
    def parameters(self) -> dict[str, Array]:
        """The parameters by name, each of the shape of the targets; of a mixture also `weight`, along a last axis."""
        if not isinstance(self.loss, MixtureNLL):
            return self._named(self.loss.heads, self.outputs)
        k, names = self.loss.components, self.loss.part.heads
        logit = self.outputs[..., :k]
        rest = np.stack([self.outputs[..., at : at + k] for at in range(k, self.loss.outputs, k)], axis=-1)
        weight = np.exp(logit - logit.max(-1, keepdims=True))
        return {"weight": weight / weight.sum(-1, keepdims=True), **self._named(names, rest)}

    def _named(self, heads: dict[str, str], outputs: Array) -> dict[str, Array]:
        found = {}
        for place, (name, kind) in enumerate(heads.items()):
            z = outputs[..., place]
            if kind == "positive":
                z = np.exp(z) if self.loss.link == "exp" else np.logaddexp(0.0, z)
            elif kind == "share":
                z = 1 / (1 + np.exp(-z))
            found[name] = z
        return found

    @property
    def law(self) -> Any:
        """All of them as one distribution: one of scipy.stats, frozen, or one with the same methods."""
        return law_of(self.loss, self.parameters)

    def mean(self) -> Array:
        """Their means."""
        return np.asarray(self.law.mean())

    def std(self) -> Array:
        """Their standard deviations."""
        return np.asarray(self.law.std())

    def quantile(self, share: float) -> Array:
        """The number that a target stays below with this probability."""
        return np.asarray(self.law.ppf(probability(share)))

    def interval(self, level: float = 0.9) -> tuple[Array, Array]:
        """The ends of the interval in the middle that holds a target with this probability."""
        rest = (1 - probability(level)) / 2
        return self.quantile(rest), self.quantile(1 - rest)

    def sample(self, size: int, seed: int | None = None) -> Array:
        """Random targets, (size, …)."""
        wrong = {name: int(np.sum(~np.isfinite(value))) for name, value in self.parameters.items()}
        worst = max(wrong, key=lambda name: wrong[name])
        if wrong[worst]:
            raise LossaryError(
                "sample(size, seed) draws from predicted distributions.",
                arrived=f"The predicted {worst} is not finite in {wrong[worst]} places.",
                allowed="Expected finite parameters.",
                do="Look for NaN in the inputs of the model, and for outputs that have run away: ls.check.",
            )
        shape = (sample_size(size), *self.outputs.shape[:-1])
        return np.asarray(self.law.rvs(size=shape, random_state=generator(seed)))

    def log_prob(self, y: Any) -> Array:
        """The log-density, or log-probability of a count, of each target; -inf where a target cannot be."""
        known = self._target(y)
        with double(), checks(False):
            target = ops.convert_to_tensor(known, dtype="float64")
            twin = type(self.loss).from_config(self.loss.get_config() | {"dtype": "float64", "full": True})
            found = -twin.of(target, ops.convert_to_tensor(self.outputs, dtype="float64"))
            found = np.asarray(ops.convert_to_numpy(found))
        found = np.where(beyond(self.loss, known, self.parameters), -np.inf, found)
        return np.where(np.isnan(known), np.nan, found)

    def pit(self, y: Any) -> Array:
        """The distribution function at each target: evenly spread from 0 to 1 where the predictions are calibrated.

        Where a number has a probability of its own, such as a count, it is the middle of its step.
        """
        y, known = self._target(y), self.law
        if self.loss.contract.target is ANGLE_TARGET:  # by the shortest way around the circle
            loc = self.parameters["loc"]
            loc = loc.mean(-1) if loc.ndim > y.ndim else loc
            y = loc + np.remainder(y - loc + np.pi, 2 * np.pi) - np.pi
        return np.asarray(known.cdf(y) - 0.5 * step(known, y))

    def coverage(self, y: Any, level: float = 0.9) -> float:
        """The share of targets inside their interval; near `level` where the predictions are calibrated."""
        low, high = self.interval(level)
        y = self._target(y)
        if np.isnan(y).any():
            raise LossaryError(
                "coverage(y, level) counts targets inside their interval.",
                arrived=f"y holds nan in {int(np.isnan(y).sum())} of {y.size} places.",
                allowed="Expected targets that are known.",
                do="Leave these rows out of y and of the outputs.",
            )
        return float(np.mean((low <= y) & (y <= high)))

    def _target(self, y: Any) -> Array:
        return compared(y, self.outputs.shape[:-1])


class Normal(Distribution, of=reals.NormalNLL): ...


class Laplace(Distribution, of=reals.LaplaceNLL): ...


class AsymmetricLaplace(Distribution, of=reals.AsymmetricLaplaceNLL): ...


class StudentT(Distribution, of=reals.StudentTNLL): ...


class Logistic(Distribution, of=reals.LogisticNLL): ...


class Cauchy(Distribution, of=reals.CauchyNLL): ...


class Gumbel(Distribution, of=reals.GumbelNLL): ...


class GeneralizedExtremeValue(Distribution, of=reals.GeneralizedExtremeValueNLL): ...


class GeneralizedNormal(Distribution, of=reals.GeneralizedNormalNLL): ...


class SkewNormal(Distribution, of=reals.SkewNormalNLL): ...


class Exponential(Distribution, of=amounts.ExponentialNLL): ...


class Gamma(Distribution, of=amounts.GammaNLL): ...


class HalfNormal(Distribution, of=amounts.HalfNormalNLL): ...


class InverseGamma(Distribution, of=amounts.InverseGammaNLL): ...


class InverseGaussian(Distribution, of=amounts.InverseGaussianNLL): ...


class LogNormal(Distribution, of=amounts.LogNormalNLL): ...


class Weibull(Distribution, of=amounts.WeibullNLL): ...


class LogLogistic(Distribution, of=amounts.LogLogisticNLL): ...


class ZeroInflatedLogNormal(Distribution, of=counts.ZeroInflatedLogNormalNLL): ...


class Tweedie(Distribution, of=compounds.TweedieNLL): ...


class GeneralizedPareto(Distribution, of=amounts.GeneralizedParetoNLL): ...


class Pareto(Distribution, of=amounts.ParetoNLL): ...


class Beta(Distribution, of=amounts.BetaDistributionNLL): ...


class ZeroInflatedBeta(Distribution, of=counts.ZeroInflatedBetaNLL): ...


class Kumaraswamy(Distribution, of=amounts.KumaraswamyNLL): ...


class VonMises(Distribution, of=amounts.VonMisesNLL): ...


class NegativeBinomial(Distribution, of=counts.NegativeBinomialNLL): ...


class Binomial(Distribution, of=counts.BinomialNLL): ...


class BetaBinomial(Distribution, of=counts.BetaBinomialNLL): ...


class Geometric(Distribution, of=counts.GeometricNLL): ...


class Poisson(Distribution, of=counts.PoissonNLL): ...


class ZeroInflatedPoisson(Distribution, of=counts.ZeroInflatedPoissonNLL): ...


class ZeroInflatedNegativeBinomial(Distribution, of=counts.ZeroInflatedNegativeBinomialNLL): ...


class HurdlePoisson(Distribution, of=counts.HurdlePoissonNLL): ...


class HurdleNegativeBinomial(Distribution, of=counts.HurdleNegativeBinomialNLL): ...


class Mixture(Distribution, of=MixtureNLL):
    """Weights and parameters of several distributions for each target: Mixture(distribution="gamma", components=3)."""
