"""Likelihoods of any real number: minus the log-density of targets under a predicted location and scale."""

import math
from typing import Annotated, Any

from ..core import axes
from ..core.forms import Censorable, Likelihood, Outputs
from ..core.forms.likelihoods import Positive, named
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import fraction, nonnegative, whole
from ..numerics import ops
from ..numerics.backend import log, log1p
from ..numerics.special import half_steps, log1p_over, log1p_step, log_gamma, log_normal_cdf, log_sum_of_exp
from ..numerics.stable import largest, log1p_of_square, softplus, times_exp
from ..numerics.tails import LAPLACE, LARGEST, LOGISTIC, NORMAL

LOCATED = named(loc="real", scale="positive")
Start = dict[str, float]


class Located(Censorable, abstract=True):
    """A distribution of a location and a scale: the variable is how many scales a target lies above the location."""

    heads = LOCATED

    def standard(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        return scale.under(y - loc)

    def apart(self, a: Tensor, b: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        return scale.under(b - a)


class NormalNLL(Located, aliases=("normal", "tobit", "normal_distribution_nll", "truncated_normal_nll")):
    r"""Negative log-likelihood of a normal distribution whose mean and standard deviation are both predicted.

    Formula: \log s + \tfrac12 z^2 + \tfrac12 \log 2\pi, with z = (y - \mu) / s
    Use: noise that differs from row to row; with censored=True, targets that are cut off at a limit, as in a Tobit
        model.
    Beware: outputs are the mean and the logarithm of the standard deviation; GaussianNLL reads that of the variance.
    Reference: Tobin (1958), Estimation of relationships for limited dependent variables, Econometrica 26:24-36
    Elsewhere:
        catboost.RMSEWithUncertainty

    >>> normal_nll([[1.0]], [[0.0, 0.0]]), normal_nll([[0.0, float("inf")]], [[0.0, 0.0]], censored=True)
    (1.4189385, 0.69314718)
    """

    heads = named(mean="real", std="positive")
    scipy = "norm"
    exact = True
    variance_power = 0
    sums = ("y", "y^2")
    tails = NORMAL

    def nll(self, y: Tensor, mean: Tensor, std: Positive) -> Tensor:
        z = std.under(y - mean)
        return std.log + z * (0.5 * z)

    def rest(self, y: Tensor) -> float:
        return 0.5 * math.log(2 * math.pi)

    def in_scipy(self, mean: float, std: float) -> Start:
        return {"loc": mean, "scale": std}

    def start(self, data: Any) -> Start:
        return {"mean": data.mean, "std": data.std}


normal_nll = function(NormalNLL)


class LaplaceNLL(Located, aliases=("laplace", "double_exponential_nll")):
    r"""Negative log-likelihood of a Laplace distribution whose location and scale are both predicted.

    Formula: \log(2 b) + |y - \mu| / b, with the location \mu and the scale b
    Use: heavy-tailed noise that differs from row to row; with a fixed scale it is the absolute error.
    Beware: outputs are the location and the logarithm of the scale (or what softplus makes of it). The value can be
        negative.
    Reference: Johnson, Kotz and Balakrishnan (1995), Continuous univariate distributions, volume 2, Wiley

    >>> laplace_nll([[1.0]], [[0.0, 0.0]]), laplace_nll([[0.0]], [[0.0, 0.0]])
    (1.6931472, 0.69314718)
    """

    scipy = "laplace"
    tails = LAPLACE
    corner = True

    def nll(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        return scale.log + scale.under(ops.abs(y - loc))

    def rest(self, y: Tensor) -> float:
        return math.log(2)

    def start(self, data: Any) -> Start:
        return {"loc": data.median_alone, "scale": data.deviation}


laplace_nll = function(LaplaceNLL)


class AsymmetricLaplaceNLL(Likelihood, aliases=("asymmetric_laplace", "quantile_nll")):
    r"""The pinball loss as a log-likelihood: location, which is the `q`-quantile, and scale are both predicted.

    Formula: \log s - \log(q (1 - q)) + \max(q z, (q - 1) z), with z = (y - \mu) / s and the scale s
    Use: a quantile together with how far targets are scattered around it; Bayesian quantile regression.
    Beware: its density is no model of most data: quantiles of it other than `q` mean little.
    Reference: Yu and Moyeed (2001), Bayesian quantile regression, doi:10.1016/S0167-7152(01)00124-9

    >>> asymmetric_laplace_nll([[2.0]], [[0.0, 0.0]]), asymmetric_laplace_nll([[2.0]], [[0.0, 0.0]], q=0.9)
    (2.3862944, 4.2079456)
    """

    q: Annotated[float, fraction("The share of targets below the location.")] = 0.5
    heads = LOCATED
    scipy = "laplace_asymmetric"
    corner = True

    def nll(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        z = scale.under(y - loc)
        return scale.log + ops.where(z > 0, self.q * z, (self.q - 1) * z)

    def rest(self, y: Tensor) -> Tensor:
        q = self.q + 0.0 * y  # it may move while training
        return -log(q) - log1p(-q)

    def in_scipy(self, loc: float, scale: float) -> Start:
        rest = self.q * (1 - self.q)
        return {"kappa": math.sqrt(self.q / (1 - self.q)), "loc": loc, "scale": scale / math.sqrt(rest)}

    def start(self, data: Any) -> Start:
        loc = data.quantile(self.q)
        costs = data.average(lambda y: data.numpy.maximum(self.q * (y - loc), (self.q - 1) * (y - loc)))
        return {"loc": loc, "scale": max(costs, 1e-300)}


asymmetric_laplace_nll = function(AsymmetricLaplaceNLL)


class StudentTNLL(Likelihood, aliases=("student_t", "students_t_nll", "t_nll")):
    r"""Negative log-likelihood of Student's t distribution: location, scale and degrees of freedom are predicted.

    Formula: \tfrac12 \log(\pi \nu) + \log \Gamma(\tfrac12 \nu) - \log \Gamma(\tfrac12 (\nu + 1)) + \log s
        + \tfrac12 (\nu + 1) \log(1 + t^2 / \nu), with t = (y - \mu) / s
    Use: noise with outliers, as many as the data show: few degrees of freedom make heavy tails.
    Beware: the scale is not the standard deviation, which exists for more than 2 degrees of freedom only.
    Reference: Lange, Little and Taylor (1989), Robust statistical modeling using the t distribution,
        doi:10.1080/01621459.1989.10478852

    >>> student_tnll([[1.0]], [[0.0, 0.0, 0.0]])
    1.837877
    """

    heads = named(loc="real", scale="positive", df="positive")
    scipy = "t"

    def nll(self, y: Tensor, loc: Tensor, scale: Positive, df: Positive) -> Tensor:
        t, half = scale.under(y - loc), 0.5 * df.value
        tail = (half + 0.5) * log1p_of_square(times_exp(t, -0.5 * df.log))
        return scale.log + tail + half_steps(half)

    def rest(self, y: Tensor) -> float:
        return 0.5 * math.log(2 * math.pi)

    def start(self, data: Any) -> Start:
        return {"loc": data.median, "scale": 1.2 * data.deviation, "df": 4.0}


student_tnll = function(StudentTNLL)


class EvidentialRegression(
    Outputs, aliases=("deep_evidential_regression", "evidential_loss", "nig_nll"), tasks=("regression",)
):
    r"""A mean and the evidence for it: a likelihood, plus a penalty on evidence where the mean is wrong.

    Formula: \tfrac12 \log(\pi / \nu) - a \log c + (a + \tfrac12) \log(\nu (y - \mu)^2 + c) + \log \Gamma(a)
        - \log \Gamma(a + \tfrac12) + \lambda\,|y - \mu|\,(2 \nu + a), with c = 2 b (1 + \nu), a = 1 + shape,
        b = scale and \nu = evidence
    Use: one network that separates noise, b / (a - 1), from lack of data, b / (\nu (a - 1)).
    Beware: how well the second can be separated from the first is disputed. `regularization` 0 is a Student's t
        likelihood.
    Reference: Amini, Schwarting, Soleimany and Rus (2020), Deep evidential regression, arXiv:1910.02600

    >>> evidential_regression([[0.0]], [[0.0, 0.0, 0.0, 0.0]]), evidential_regression([[1.0]], [[0.0] * 4])
    (0.98082924, 2.3386881)
    """

    regularization: Annotated[
        float, nonnegative("The weight of the penalty on evidence where the mean is wrong.", slide=(0.0, 1.0))
    ] = 0.2
    heads = named(mean="real", evidence="positive", shape="positive", scale="positive")

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        mean, evidence, shape, scale = self.parameters(parts)
        a, e = 1 + shape.value, y - mean
        half = 0.5 * (math.log(2) + scale.log + softplus(evidence.log) - evidence.log)  # log of c / nu, halved
        fit = 0.5 * math.log(math.pi) + half + (a + 0.5) * log1p_of_square(times_exp(e, -half)) + half_steps(a)
        return fit - 0.5 * log1p(shape.value) + self.regularization * (ops.abs(e) * (2 * evidence.value + a))


evidential_regression = function(EvidentialRegression)


class LogisticNLL(Located, aliases=("logistic_distribution_nll",)):
    r"""Negative log-likelihood of a logistic distribution whose location and scale are both predicted.

    Formula: z + \log s + 2 \log(1 + e^{-z}), with z = (y - \mu) / s
    Use: noise with tails between those of a normal and a Laplace distribution; its gradient is bounded and smooth.
    Beware: the standard deviation is 1.81 times the scale. It is not the logistic loss of labels.
    Reference: Johnson, Kotz and Balakrishnan (1995), Continuous univariate distributions, volume 2, Wiley

    >>> logistic_nll([[0.0]], [[0.0, 0.0]]), logistic_nll([[2.0]], [[0.0, 0.0]])
    (1.3862944, 2.253856)
    """

    scipy = "logistic"
    tails = LOGISTIC

    def nll(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        z = scale.under(y - loc)
        return scale.log + (z + 2 * softplus(-z))

    def start(self, data: Any) -> Start:
        return {"loc": data.median, "scale": 0.8 * data.deviation}


logistic_nll = function(LogisticNLL)


class CauchyNLL(Likelihood, aliases=("cauchy_distribution_nll",)):
    r"""Negative log-likelihood of a Cauchy distribution whose location and scale are both predicted.

    Formula: \log(\pi s) + \log(1 + z^2), with z = (y - \mu) / s
    Use: targets with some arbitrarily large errors: these have almost no gradient.
    Beware: the distribution has no mean; the location is its median. Not convex: start near the median.
    Reference: Johnson, Kotz and Balakrishnan (1994), Continuous univariate distributions, volume 1, Wiley

    >>> cauchy_nll([[0.0]], [[0.0, 0.0]]), cauchy_nll([[1.0]], [[0.0, 0.0]])
    (1.1447299, 1.8378771)
    """

    heads = LOCATED
    scipy = "cauchy"

    def nll(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        return scale.log + log1p_of_square(scale.under(y - loc))

    def rest(self, y: Tensor) -> float:
        return math.log(math.pi)

    def start(self, data: Any) -> Start:
        return {"loc": data.median, "scale": data.quarters / 2}


cauchy_nll = function(CauchyNLL)


class GumbelNLL(Located, aliases=("gumbel", "extreme_value_nll")):
    r"""Negative log-likelihood of a Gumbel distribution of largest values: location and scale are predicted.

    Formula: \log s + z + e^{-z}, with z = (y - \mu) / s
    Use: maxima of many light-tailed numbers: the highest load of a day, the largest of many scores.
    Beware: the location is the mode, not the mean. Targets far below it cost exponentially much. For minima, negate
        targets.
    Reference: Gumbel (1958), Statistics of extremes, Columbia University Press

    >>> gumbel_nll([[0.0]], [[0.0, 0.0]]), gumbel_nll([[1.0]], [[0.0, 0.0]])
    (1.0, 1.3678794)
    """

    scipy = "gumbel_r"
    tails = LARGEST

    def nll(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        z = scale.under(y - loc)
        return scale.log + z + ops.exp(-z)

    def start(self, data: Any) -> Start:
        scale = data.std * math.sqrt(6) / math.pi
        return {"loc": data.mean - 0.5772156649 * scale, "scale": scale}


gumbel_nll = function(GumbelNLL)


class GeneralizedExtremeValueNLL(Censorable, aliases=("generalized_extreme_value", "gev", "gev_nll")):
    r"""Negative log-likelihood of a generalized extreme value distribution: location, scale and shape are predicted.

    Formula: \log s + (1 + \xi) b + e^{-b}, with b = \log(1 + \xi z) / \xi and z = (y - \mu) / s
    Use: maxima of blocks, such as the highest flood of a year, with a tail that is learned from the data.
    Beware: a target beyond the end of the support, 1 + \xi z < 0, has a finite value that keeps rising.
        For \xi = 0 it is the Gumbel distribution. SciPy's shape is -\xi. Below \xi = -\tfrac12 likelihood estimates are
        not regular.
    Reference: Jenkinson (1955), The frequency distribution of the annual maximum (or minimum) values of meteorological
        elements, Quarterly Journal of the Royal Meteorological Society 81:158-171

    >>> generalized_extreme_value_nll([[1.0]], [[0.0, 0.0, 0.5]])
    1.6608398
    """

    heads = named(loc="real", scale="positive", shape="real")
    scipy = "genextreme"
    tails = LARGEST

    def nll(self, y: Tensor, loc: Tensor, scale: Positive, shape: Tensor) -> Tensor:
        b = log1p_over(shape, scale.under(y - loc))
        return scale.log + (1 + shape) * b + ops.exp(-b)

    def standard(self, y: Tensor, loc: Tensor, scale: Positive, shape: Tensor) -> Tensor:
        return log1p_over(shape, scale.under(y - loc))

    def apart(self, a: Tensor, b: Tensor, loc: Tensor, scale: Positive, shape: Tensor) -> Tensor:
        return log1p_step(shape, scale.value, a - loc, b - a)

    def in_scipy(self, loc: float, scale: float, shape: float) -> Start:
        return {"c": -shape, "loc": loc, "scale": scale}

    def start(self, data: Any) -> Start:
        return GumbelNLL.start(self, data) | {"shape": 0.05}


generalized_extreme_value_nll = function(GeneralizedExtremeValueNLL)


class GeneralizedNormalNLL(
    Likelihood, aliases=("generalized_normal", "exponential_power_nll", "generalized_gaussian_nll")
):
    r"""Negative log-likelihood of a generalized normal distribution: location, scale and shape are predicted.

    Formula: \log(2 s) + \log \Gamma(1 + 1 / \beta) + |z|^\beta, with z = (y - \mu) / s and the shape \beta
    Use: symmetric noise with tails that are learned from the data: \beta = 1 is a Laplace, 2 a normal distribution.
    Beware: for \beta < 1 the gradient with respect to the location is unbounded at the target. For \beta = 2 the scale
        is 1.41 standard deviations.
    Reference: Nadarajah (2005), A generalized normal distribution, doi:10.1080/02664760500079464

    >>> generalized_normal_nll([[1.0]], [[0.0, 0.0, 0.0]]), generalized_normal_nll([[0.0]], [[0.0, 0.0, 0.0]])
    (1.6931472, 0.69314718)
    """

    heads = named(loc="real", scale="positive", shape="positive")
    scipy = "gennorm"

    def nll(self, y: Tensor, loc: Tensor, scale: Positive, shape: Positive) -> Tensor:
        z = scale.under(ops.abs(y - loc))
        there = z > 0
        far = ops.where(there, ops.power(ops.where(there, z, 1.0), shape.value), 0.0)
        return scale.log + log_gamma(1 + shape.under(1.0 + 0.0 * y)) + far

    def rest(self, y: Tensor) -> float:
        return math.log(2)

    def in_scipy(self, loc: float, scale: float, shape: float) -> Start:
        return {"beta": shape, "loc": loc, "scale": scale}

    def start(self, data: Any) -> Start:
        return {"loc": data.median, "scale": 1.2 * data.std, "shape": 1.5}


generalized_normal_nll = function(GeneralizedNormalNLL)


class SkewNormalNLL(Likelihood, aliases=("skew_normal", "skewnorm_nll")):
    r"""Negative log-likelihood of a skew-normal distribution: location, scale and slant are predicted.

    Formula: \log s + \tfrac12 z^2 + \tfrac12 \log(\pi / 2) - \log \Phi(\alpha z), with z = (y - \mu) / s and \Phi the
        standard normal distribution function
    Use: noise that is close to normal but leans to one side; a slant of 0 is a normal distribution.
    Beware: the location is not the mean. At a slant of 0 the likelihood is flat to first order, so small samples may
        be fitted with a slant that is far off, or infinite.
    Reference: Azzalini (1985), A class of distributions which includes the normal ones, Scandinavian Journal of
        Statistics 12:171-178

    >>> skew_normal_nll([[0.0]], [[0.0, 0.0, 0.0]]), skew_normal_nll([[1.0]], [[0.0, 0.0, 1.0]])
    (0.91893852, 0.89854523)
    """

    heads = named(loc="real", scale="positive", slant="real")
    scipy = "skewnorm"

    def nll(self, y: Tensor, loc: Tensor, scale: Positive, slant: Tensor) -> Tensor:
        z = scale.under(y - loc)
        return scale.log + z * (0.5 * z) - log_normal_cdf(slant * z)

    def rest(self, y: Tensor) -> float:
        return 0.5 * math.log(math.pi / 2)

    def in_scipy(self, loc: float, scale: float, slant: float) -> Start:
        return {"a": slant, "loc": loc, "scale": scale}

    def start(self, data: Any) -> Start:
        lean = max(min(data.skewness, 0.9), -0.9)
        part = abs(lean) ** (2 / 3)
        delta = math.copysign(math.sqrt(math.pi / 2 * part / (part + ((4 - math.pi) / 2) ** (2 / 3))), lean or 1.0)
        delta = max(min(delta, 0.98), -0.98)
        scale = data.std / math.sqrt(1 - 2 * delta**2 / math.pi)
        slant = delta / math.sqrt(1 - delta**2)
        return {"loc": data.mean - scale * delta * math.sqrt(2 / math.pi), "scale": scale, "slant": slant}


skew_normal_nll = function(SkewNormalNLL)


class GaussianMixtureNLL(Likelihood, aliases=("mixture_density", "mdn", "mixture_of_gaussians_nll")):
    r"""Negative log-likelihood of a mixture of normal distributions: weights, means and spreads are predicted.

    Formula: -\log \sum_k w_k f_k, with w the softmax of the first outputs and f_k the normal density of the k-th mean
        and standard deviation
    Use: mixture density networks: targets that have several likely values for one input.
    Beware: outputs are all logits of the weights, then all means, then all spreads. A component that closes in on one
        row makes the value fall without end; components may change places.
    Reference: Bishop (1994), Mixture density networks, Aston University, technical report NCRG/94/004

    >>> gaussian_mixture_nll([[0.0]], [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]], components=2)
    0.91893852
    """

    components: Annotated[int, whole("The number of normal distributions.", low=1, unusual=3)] = 2

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return 3 * self.components

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.one_parameter(self.outputs, self.components)]  # the first mean

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        k = self.components
        logit, mean, scale = parts[..., :k], parts[..., k : 2 * k], Positive(parts[..., 2 * k :], self.link)
        z = scale.under(ops.expand_dims(y, -1) - mean)
        each = -scale.log - z * (0.5 * z)
        top = ops.stop_gradient(largest(each, keepdims=True))
        constant = 0.5 * math.log(2 * math.pi) if self.full else 0.0
        return log_sum_of_exp(logit) - log_sum_of_exp(logit + (each - top)) - ops.squeeze(top, -1) + constant


gaussian_mixture_nll = function(GaussianMixtureNLL)
