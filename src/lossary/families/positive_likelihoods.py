"""Likelihoods of amounts: minus the log-density of targets above 0, between 0 and 1, or around a circle."""

import math
from typing import Annotated, Any

from ..core.forms import Censorable, Likelihood
from ..core.forms.likelihoods import (
    AMOUNT_TARGET,
    ANGLE_TARGET,
    POSITIVE_TARGET,
    SHARE_TARGET,
    Positive,
    named,
)
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import positive
from ..numerics import ops, wald
from ..numerics.backend import log, log1p
from ..numerics.special import (
    log1m_exp,
    log1p_over,
    log1p_step,
    log_bessel,
    log_beta,
    log_gamma,
    stirling_rest,
)
from ..numerics.stable import SMALLEST, constant, exp_less_line, log_odds, log_quotient, read_at_least, softplus, wide
from ..numerics.tails import EXPONENTIAL, FOLDED, LEAST, LOGISTIC, NORMAL, log_log1m_exp, log_log1m_exp_step

Start = dict[str, float]
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class ExponentialNLL(Censorable, aliases=("exponential_distribution_nll",), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of an exponential distribution whose mean is predicted.

    Formula: \log \mu + y / \mu, with the mean \mu
    Use: waiting times between events that happen at a constant rate.
    Beware: the output is the logarithm of the mean, not of the rate; the best mean is the average target.
    Reference: Johnson, Kotz and Balakrishnan (1994), Continuous univariate distributions, volume 1, Wiley
    Elsewhere:
        sklearn._loss.HalfGammaLoss
        xgboost.reg:gamma, lightgbm.objective:gamma

    >>> exponential_nll([[1.0]], [[0.0]]), exponential_nll([[0.0]], [[2.0]])
    (1.0, 2.0)
    """

    target = AMOUNT_TARGET
    heads = named(mean="positive")
    scipy = "expon"
    variance_power = 2
    exact = True
    sums = ("y",)
    tails = EXPONENTIAL

    def standard(self, y: Tensor, mean: Positive) -> Tensor:
        return mean.under(y)

    def apart(self, a: Tensor, b: Tensor, mean: Positive) -> Tensor:
        return mean.under(b - a)

    def nll(self, y: Tensor, mean: Positive) -> Tensor:
        return mean.log + mean.under(y)

    def in_scipy(self, mean: float) -> Start:
        return {"scale": mean}

    def start(self, data: Any) -> Start:
        return {"mean": data.mean}


exponential_nll = function(ExponentialNLL)


class GammaNLL(Likelihood, aliases=("gamma", "gamma_distribution_nll")):
    r"""Negative log-likelihood of a gamma distribution whose mean and shape are both predicted.

    Formula: \log \Gamma(a) - a \log(a / \mu) - (a - 1) \log y + a y / \mu, with the mean \mu and the shape a
    Use: amounts above 0 whose spread grows with their mean: claims, durations, rain. The variance is \mu^2 / a.
    Beware: the shape is not the dispersion, which is 1 / a. A target of 0 is read as the smallest number with all its
        digits.
    Reference: McCullagh and Nelder (1989), Generalized linear models, doi:10.1007/978-1-4899-3242-6

    >>> gamma_nll([[1.0]], [[0.0, 0.0]]), gamma_nll([[2.0]], [[0.0, 0.0]])
    (1.0, 2.0)
    """

    target = POSITIVE_TARGET
    heads = named(mean="positive", shape="positive")
    scipy = "gamma"
    variance_power = 2
    exact = True
    sums = ("y", "log y")

    def nll(self, y: Tensor, mean: Positive, shape: Positive) -> Tensor:
        off = log(y) - mean.log
        near = ops.abs(off) < 1
        gap = ops.where(near, exp_less_line(ops.where(near, off, 0.0)), mean.under(y) - 1 - off)
        return stirling_rest(shape.value) - 0.5 * shape.log + shape.times(gap)

    def rest(self, y: Tensor) -> Tensor:
        return log(y) + HALF_LOG_TAU

    def in_scipy(self, mean: float, shape: float) -> Start:
        return {"a": shape, "scale": mean / shape}

    def start(self, data: Any) -> Start:
        gap = data.log_gap(data.mean)
        shape = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
        return {"mean": data.mean, "shape": data.shape_of_gap(shape, gap)}


gamma_nll = function(GammaNLL)


class HalfNormalNLL(Censorable, aliases=("half_normal", "halfnormal_nll"), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of the absolute value of normal noise around 0, whose standard deviation is predicted.

    Formula: \log s + \tfrac12 (y / s)^2 + \tfrac12 \log(\pi / 2), with the scale s
    Use: sizes of errors, distances along a line: most are small, none below 0.
    Beware: the output is the logarithm of the scale; the mean is 0.80 s. The best scale is the root of the mean square.
    Reference: Johnson, Kotz and Balakrishnan (1994), Continuous univariate distributions, volume 1, Wiley

    >>> half_normal_nll([[0.0]], [[0.0]]), half_normal_nll([[1.0]], [[0.0]])
    (0.22579135, 0.72579135)
    """

    target = AMOUNT_TARGET
    heads = named(scale="positive")
    scipy = "halfnorm"
    exact = True
    sums = ("y", "y^2")
    tails = FOLDED

    def standard(self, y: Tensor, scale: Positive) -> Tensor:
        return scale.under(y)

    def apart(self, a: Tensor, b: Tensor, scale: Positive) -> Tensor:
        return scale.under(b - a)

    def nll(self, y: Tensor, scale: Positive) -> Tensor:
        z = scale.under(y)
        return scale.log + z * (0.5 * z)

    def rest(self, y: Tensor) -> float:
        return 0.5 * math.log(math.pi / 2)

    def start(self, data: Any) -> Start:
        return {"scale": math.hypot(data.mean, data.std)}


half_normal_nll = function(HalfNormalNLL)


class InverseGammaNLL(Likelihood, aliases=("inverse_gamma",)):
    r"""Negative log-likelihood of a number whose inverse has a gamma distribution: shape and scale are predicted.

    Formula: \log \Gamma(a) - a \log(b / y) + \log y + b / y, with the shape a and the scale b
    Use: amounts above 0 with a tail like a power; variances.
    Beware: the mean, b / (a - 1), exists for a shape above 1 only. Targets near 0 cost much.
    Reference: Johnson, Kotz and Balakrishnan (1994), Continuous univariate distributions, volume 1, Wiley

    >>> inverse_gamma_nll([[1.0]], [[0.0, 0.0]]), inverse_gamma_nll([[2.0]], [[0.0, 0.0]])
    (1.0, 1.8862944)
    """

    target = POSITIVE_TARGET
    heads = named(shape="positive", scale="positive")
    scipy = "invgamma"
    exact = True
    sums = ("1/y", "log y")

    def nll(self, y: Tensor, shape: Positive, scale: Positive) -> Tensor:
        return log_gamma(shape.value) - shape.times(scale.log - log(y)) + scale.times(1 / y)

    def rest(self, y: Tensor) -> Tensor:
        return log(y)

    def in_scipy(self, shape: float, scale: float) -> Start:
        return {"a": shape, "scale": scale}

    def start(self, data: Any) -> Start:
        gap = data.log_gap(data.inverse_mean, inverse=True)
        near = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
        shape = data.shape_of_gap(near, gap)
        return {"shape": shape, "scale": shape / data.inverse_mean}


inverse_gamma_nll = function(InverseGammaNLL)


class InverseGaussianNLL(Censorable, aliases=("inverse_gaussian", "wald_nll", "inverse_normal_nll")):
    r"""Negative log-likelihood of an inverse Gaussian distribution whose mean and shape are both predicted.

    Formula: \tfrac12 \log(2 \pi y^3 / \lambda) + \tfrac12 \lambda (y - \mu)^2 / (\mu^2 y), with the mean \mu and the
        shape \lambda
    Use: amounts above 0 with a longer tail than a gamma: times to reach a level. The variance is \mu^3 / \lambda.
    Beware: targets near 0 cost much. SciPy's shape is \mu / \lambda, at the scale \lambda.
    Reference: Tweedie (1957), Statistical properties of inverse Gaussian distributions, Annals of Mathematical
        Statistics 28:362-377

    >>> inverse_gaussian_nll([[1.0]], [[0.0, 0.0]]), inverse_gaussian_nll([[2.0]], [[0.0, 0.0]])
    (0.91893852, 2.2086591)
    """

    target = POSITIVE_TARGET
    heads = named(mean="positive", shape="positive")
    scipy = "invgauss"
    variance_power = 3
    exact = True
    sums = ("y", "1/y", "log y")

    def places(self, y: Tensor, mean: Positive, shape: Positive) -> tuple[Tensor, Tensor]:
        """How far a target is from the mean, and 0, in its own units."""
        tiny = y < 2.0**-60  # the shape over y may be too large, and y over the mean too small
        few, many = (ops.where(tiny, constant(size, y), constant(1.0, y)) for size in (2.0**-64, 2.0**32))
        r = ops.sqrt(shape.times(few / y)) * many
        some = ops.where(tiny, 1.0, y)
        return ops.where(tiny, mean.under(y * r) - r, mean.beyond(some, log(some)) * r), r

    def chances(
        self, a: Tensor, b: Tensor, both: Tensor, over: Tensor, under: Tensor, made: list[Any]
    ) -> tuple[Tensor, Tensor, Tensor]:
        one = ops.logical_or(both, over)
        (at_a, r_a), (at_b, r_b) = self.places(a, *made), self.places(b, *made)
        low = ops.where(one, at_a, 0.0), ops.where(one, r_a, 1.0)
        high = ops.where(one & ~both, 1.0, at_b), ops.where(one & ~both, 1.0, r_b)
        gap = read_at_least(ops.where(both, log_quotient(b, a), 1.0), SMALLEST[wide(self.dtype)])
        return wald.between(low, high, gap), wald.above(*low), wald.below(*high)

    def nll(self, y: Tensor, mean: Positive, shape: Positive) -> Tensor:
        w, _ = self.places(y, mean, shape)
        return 0.5 * (w * w) - 0.5 * shape.log

    def rest(self, y: Tensor) -> Tensor:
        return 1.5 * log(y) + HALF_LOG_TAU

    def in_scipy(self, mean: float, shape: float) -> Start:
        return {"mu": mean / shape, "scale": shape}

    def start(self, data: Any) -> Start:
        gap = data.average(lambda y: ((y - data.mean) / data.mean) ** 2 / y) if data.mean > 0 else 0.0
        return {"mean": data.mean, "shape": 1 / max(gap, 1e-300)}


inverse_gaussian_nll = function(InverseGaussianNLL)


class LogNormalNLL(Censorable, aliases=("lognormal", "lognormal_nll")):
    r"""Negative log-likelihood of a number whose logarithm is normal, of predicted mean and standard deviation.

    Formula: \log y + \log s + \tfrac12 \log 2\pi + \tfrac12 ((\log y - \mu) / s)^2, with \mu and s of the logarithm
    Use: amounts above 0 that vary by factors: incomes, sizes, concentrations.
    Beware: e^\mu is the median; the mean is e^{\mu + s^2 / 2}. A target of 0 is read as the smallest number with all
        its digits.
    Reference: Johnson, Kotz and Balakrishnan (1994), Continuous univariate distributions, volume 1, Wiley

    >>> log_normal_nll([[1.0]], [[0.0, 0.0]]), log_normal_nll([[2.0]], [[0.0, 0.0]])
    (0.91893852, 1.8523122)
    """

    target = POSITIVE_TARGET
    heads = named(mu="real", sigma="positive")
    scipy = "lognorm"
    exact = True
    sums = ("log y", "log^2 y")
    tails = NORMAL

    def standard(self, y: Tensor, mu: Tensor, sigma: Positive) -> Tensor:
        return sigma.under(log(y) - mu)

    def apart(self, a: Tensor, b: Tensor, mu: Tensor, sigma: Positive) -> Tensor:
        return sigma.under(log_quotient(b, a))

    def nll(self, y: Tensor, mu: Tensor, sigma: Positive) -> Tensor:
        z = sigma.under(log(y) - mu)
        return sigma.log + z * (0.5 * z)

    def rest(self, y: Tensor) -> Tensor:
        return log(y) + HALF_LOG_TAU

    def in_scipy(self, mu: float, sigma: float) -> Start:
        return {"s": sigma, "scale": math.e**mu}

    def start(self, data: Any) -> Start:
        mu, sigma = data.of_logs
        return {"mu": mu, "sigma": sigma}


log_normal_nll = function(LogNormalNLL)


class ByLog(Censorable, abstract=True):
    """A likelihood whose variable with known tails is the shape times the logarithm of the target in scales."""

    target = POSITIVE_TARGET
    heads = named(scale="positive", shape="positive")

    def standard(self, y: Tensor, scale: Positive, shape: Positive) -> Tensor:
        return shape.times(log(y) - scale.log)

    def apart(self, a: Tensor, b: Tensor, scale: Positive, shape: Positive) -> Tensor:
        return shape.times(log_quotient(b, a))

    def rest(self, y: Tensor) -> Tensor:
        return log(y)

    def in_scipy(self, scale: float, shape: float) -> Start:
        return {"c": shape, "scale": scale}


class WeibullNLL(ByLog, aliases=("weibull",)):
    r"""Negative log-likelihood of a Weibull distribution whose scale and shape are both predicted.

    Formula: -\log(k / s) - (k - 1) \log(y / s) + (y / s)^k, with the scale s and the shape k
    Use: times to failure: a shape below 1 for early failures, above 1 for wear; 1 is an exponential distribution.
    Beware: the scale is the quantile at 63 %, not the mean. Times that were cut off are read with censored=True only.
    Reference: Weibull (1951), A statistical distribution function of wide applicability, Journal of Applied Mechanics
        18:293-297

    >>> weibull_nll([[1.0]], [[0.0, 0.0]]), weibull_nll([[2.0]], [[0.0, 0.0]])
    (1.0, 2.0)
    """

    scipy = "weibull_min"
    tails = LEAST

    def nll(self, y: Tensor, scale: Positive, shape: Positive) -> Tensor:
        t = self.standard(y, scale, shape)
        return ops.exp(t) - t - shape.log

    def start(self, data: Any) -> Start:
        shape = 1.2 / max(data.log_std, 1e-300)
        return {"scale": math.exp(data.log_mean + 0.5772 / shape), "shape": shape}


weibull_nll = function(WeibullNLL)


class LogLogisticNLL(ByLog, aliases=("log_logistic", "fisk_nll", "loglogistic_nll")):
    r"""Negative log-likelihood of a number whose logarithm is logistic; its scale and shape are both predicted.

    Formula: \log y - \log k - z + 2 \log(1 + e^z), with z = k \log(y / s), the scale s and the shape k
    Use: times until an event whose risk rises first and falls later; survival times with censored=True.
    Beware: the scale is the median. The mean exists for a shape above 1 only.
    Reference: Bennett (1983), Log-logistic regression models for survival data, Journal of the Royal Statistical
        Society C 32:165-171

    >>> log_logistic_nll([[1.0]], [[0.0, 0.0]]), log_logistic_nll([[1.0, float("inf")]], [[0.0, 0.0]], censored=True)
    (1.3862944, 0.69314718)
    """

    scipy = "fisk"
    tails = LOGISTIC

    def nll(self, y: Tensor, scale: Positive, shape: Positive) -> Tensor:
        z = self.standard(y, scale, shape)
        return z + 2 * softplus(-z) - shape.log

    def start(self, data: Any) -> Start:
        return {"scale": math.exp(data.log_mean), "shape": 1.8 / max(data.log_std, 1e-300)}


log_logistic_nll = function(LogLogisticNLL)


class GeneralizedParetoNLL(Censorable, aliases=("gpd", "generalized_pareto")):
    r"""Negative log-likelihood of a generalized Pareto distribution whose scale and shape are both predicted.

    Formula: \log s + (1 + 1 / \xi) \log(1 + \xi y / s), with the scale s and the shape \xi
    Use: by how much a high threshold is exceeded: large claims, floods. A shape of 0 is an exponential distribution.
    Beware: a target beyond the end of its support, -s / \xi for \xi < 0, has a finite value that keeps rising.
        Below \xi = -\tfrac12 likelihood estimates are not regular, and below -1 the likelihood has no bound.
    Reference: Hosking and Wallis (1987), Parameter and quantile estimation for the generalized Pareto distribution,
        Technometrics 29:339-349

    >>> generalized_pareto_nll([[1.0]], [[0.0, 1.0]]), generalized_pareto_nll([[1.0]], [[0.0, 0.0]])
    (1.3862944, 1.0)
    """

    target = AMOUNT_TARGET
    heads = named(scale="positive", shape="real")
    scipy = "genpareto"
    tails = EXPONENTIAL

    def standard(self, y: Tensor, scale: Positive, shape: Tensor) -> Tensor:
        return log1p_over(shape, scale.under(y))

    def apart(self, a: Tensor, b: Tensor, scale: Positive, shape: Tensor) -> Tensor:
        return log1p_step(shape, scale.value, a, b - a)

    def nll(self, y: Tensor, scale: Positive, shape: Tensor) -> Tensor:
        return scale.log + (1 + shape) * log1p_over(shape, scale.under(y))

    def in_scipy(self, scale: float, shape: float) -> Start:
        return {"c": shape, "scale": scale}

    def start(self, data: Any) -> Start:
        shape = max(0.5 * (1 - data.mean**2 / max(data.std**2, 1e-300)), -0.4)
        return {"scale": max(data.mean * (1 - shape), 1e-300), "shape": shape}


generalized_pareto_nll = function(GeneralizedParetoNLL)


class ParetoNLL(Censorable, aliases=("pareto",), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of a Pareto distribution above a known minimum, whose shape is predicted.

    Formula: -\log a - a \log m + (a + 1) \log y, with the shape a and the minimum m
    Use: sizes with a power law: wealth, cities, downloads.
    Beware: targets below `minimum`, and intervals that end there, are read as `minimum`. The mean exists for a shape
        above 1 only.
    Reference: Johnson, Kotz and Balakrishnan (1994), Continuous univariate distributions, volume 1, Wiley

    >>> pareto_nll([[1.0]], [[0.0]]), pareto_nll([[2.0]], [[0.0]])
    (0.0, 1.3862944)
    """

    minimum: Annotated[float, positive("The smallest target there may be.", slide=(0.1, 3.0))] = 1.0
    target = POSITIVE_TARGET
    heads = named(shape="positive")
    scipy = "pareto"
    exact = True
    sums = ("log y",)
    tails = EXPONENTIAL

    def read(self, y: Tensor) -> Tensor:
        return ops.where(y < self.minimum, self.minimum + 0.0 * y, y)

    def standard(self, y: Tensor, shape: Positive) -> Tensor:
        return shape.times(log(y / self.minimum))

    def apart(self, a: Tensor, b: Tensor, shape: Positive) -> Tensor:
        return shape.times(log_quotient(b, a))

    def nll(self, y: Tensor, shape: Positive) -> Tensor:
        return self.standard(y, shape) - shape.log

    def rest(self, y: Tensor) -> Tensor:
        return log(y)

    def in_scipy(self, shape: float) -> Start:
        return {"b": shape, "scale": self.minimum}

    def start(self, data: Any) -> Start:
        return {"shape": 1 / max(data.log_mean - math.log(self.minimum), 1e-300)}


pareto_nll = function(ParetoNLL)


class BetaDistributionNLL(Likelihood, aliases=("beta_distribution",)):
    r"""Negative log-likelihood of a beta distribution whose two shapes are both predicted.

    Formula: -(a - 1) \log y - (b - 1) \log(1 - y) + \log(\Gamma(a) \Gamma(b) / \Gamma(a + b)), with the shapes a and b
    Use: shares, rates and scores strictly between 0 and 1. The mean is a / (a + b).
    Beware: targets of exactly 0 or 1 are read as the nearest number inside, and cost much or nothing. BetaNLL is
        another loss: a normal likelihood with weights.
    Reference: Ferrari and Cribari-Neto (2004), Beta regression for modelling rates and proportions, Journal of Applied
        Statistics 31:799-815

    >>> beta_distribution_nll([[0.5]], [[1.0986123, 0.0]]), beta_distribution_nll([[0.5]], [[0.6931472, 0.6931472]])
    (0.28768207, -0.40546511)
    """

    target = SHARE_TARGET
    heads = named(a="positive", b="positive")
    scipy = "beta"
    exact = True
    sums = ("log y", "log(1-y)")

    def nll(self, y: Tensor, a: Positive, b: Positive) -> Tensor:
        return log_beta(a.value, b.value) - a.times(log(y)) - b.times(log1p(-y))

    def rest(self, y: Tensor) -> Tensor:
        return log(y) + log1p(-y)

    def start(self, data: Any) -> Start:
        size = max(data.mean * (1 - data.mean) / max(data.std**2, 1e-300) - 1, 1e-3)
        logs = data.log_mean, data.average(lambda y: data.numpy.log1p(-y))
        return dict(zip("ab", data.shapes_of_logs(data.mean * size, (1 - data.mean) * size, *logs), strict=True))


beta_distribution_nll = function(BetaDistributionNLL)


class KumaraswamyNLL(Censorable, aliases=("kumaraswamy",)):
    r"""Negative log-likelihood of a Kumaraswamy distribution whose two shapes are both predicted.

    Formula: -\log(a b) - (a - 1) \log y - (b - 1) \log(1 - y^a), with the shapes a and b
    Use: shares strictly between 0 and 1, like a beta distribution, with quantiles that need no special function.
    Beware: targets of exactly 0 or 1 are read as the nearest number inside.
    Reference: Kumaraswamy (1980), A generalized probability density function for double-bounded random processes,
        Journal of Hydrology 46:79-88

    >>> kumaraswamy_nll([[0.5]], [[0.0, 0.0]]), kumaraswamy_nll([[0.5]], [[0.6931472, 0.0]])
    (0.0, 0.0)
    """

    target = SHARE_TARGET
    heads = named(a="positive", b="positive")
    tails = LEAST

    def standard(self, y: Tensor, power: Positive, b: Positive) -> Tensor:
        return b.log + log_log1m_exp(power.times(log(y)))

    def apart(self, a: Tensor, b: Tensor, power: Positive, _: Positive) -> Tensor:
        return log_log1m_exp_step(power.times(log(a)), power.times(log(b)), power.times(log_quotient(b, a)))

    def nll(self, y: Tensor, a: Positive, b: Positive) -> Tensor:
        line = a.times(log(y))
        return (1 - b.value) * log1m_exp(line) - line - a.log - b.log

    def rest(self, y: Tensor) -> Tensor:
        return log(y)

    def start(self, data: Any) -> Start:
        return {"a": 1.0, "b": 1.0}


kumaraswamy_nll = function(KumaraswamyNLL)


class LogitNormalNLL(Likelihood, aliases=("logit_normal",)):
    r"""Negative log-likelihood of a share whose logit is normal, of predicted mean and standard deviation.

    Formula: \log s + \tfrac12 ((\log \frac{y}{1 - y} - \mu) / s)^2 + \log y + \log(1 - y) + \tfrac12 \log 2\pi
    Use: shares strictly between 0 and 1; with a large s, those that are nearly 0 or nearly 1.
    Beware: 1 / (1 + e^{-\mu}) is the median; the mean has no closed form. Targets of exactly 0 or 1 are read as the
        nearest number inside.
    Reference: Aitchison and Shen (1980), Logistic-normal distributions: some properties and uses, Biometrika
        67:261-272, doi:10.1093/biomet/67.2.261

    >>> logit_normal_nll([[0.5]], [[0.0, 0.0]]), logit_normal_nll([[0.5]], [[1.0, 0.0]])
    (-0.46735583, 0.03264417)
    """

    target = SHARE_TARGET
    heads = named(mu="real", sigma="positive")

    def nll(self, y: Tensor, mu: Tensor, sigma: Positive) -> Tensor:
        z = sigma.under(log_odds(y) - mu)
        return sigma.log + z * (0.5 * z)

    def rest(self, y: Tensor) -> Tensor:
        return log(y) + log1p(-y) + HALF_LOG_TAU

    def start(self, data: Any) -> Start:
        def logit(y: Any) -> Any:
            y = data.numpy.clip(y, 1e-12, 1 - 1e-12)
            return data.numpy.log(y) - data.numpy.log1p(-y)

        mu = data.average(logit)
        return {"mu": mu, "sigma": math.sqrt(max(data.average(lambda y: (logit(y) - mu) ** 2), 1e-300))}


logit_normal_nll = function(LogitNormalNLL)


class VonMisesNLL(Likelihood, aliases=("von_mises", "circular_nll")):
    r"""Negative log-likelihood of a von Mises distribution of angles: location and concentration are predicted.

    Formula: \log(2 \pi I_0(\kappa)) - \kappa \cos(y - \mu), with the concentration \kappa and the Bessel function I_0
    Use: angles in radians: directions, phases, hours of the day; 359 and 1 degrees are near one another.
    Beware: the location is only known up to full turns. A concentration of 0 is a uniform distribution.
    Reference: Mardia and Jupp (2000), Directional statistics, Wiley, doi:10.1002/9780470316979

    >>> von_mises_nll([[0.0]], [[0.0, 0.0]]), von_mises_nll([[3.1415927]], [[0.0, 0.0]])
    (1.0737912, 3.0737912)
    """

    target = ANGLE_TARGET
    heads = named(loc="real", concentration="positive")
    scipy = "vonmises"
    exact = True
    sums = ("cos y", "sin y")

    def nll(self, y: Tensor, loc: Tensor, concentration: Positive) -> Tensor:
        gap = y - loc
        lost = (y - gap) - loc  # by rounding the difference
        turned = ops.sin(0.5 * gap) + 0.5 * lost * ops.cos(0.5 * gap)
        return log_bessel(concentration.value) + 2 * concentration.times(turned * turned)

    def rest(self, y: Tensor) -> float:
        return math.log(2 * math.pi)

    def in_scipy(self, loc: float, concentration: float) -> Start:
        return {"loc": loc, "kappa": concentration}

    def start(self, data: Any) -> Start:
        c, s = data.average(lambda y: data.numpy.cos(y)), data.average(lambda y: data.numpy.sin(y))
        r = min(math.hypot(c, s), 1 - 1e-12)
        near = max(r * (2 - r * r) / (1 - r * r), 1e-3)
        return {"loc": math.atan2(s, c), "concentration": data.concentration_of(near, r)}


von_mises_nll = function(VonMisesNLL)
