"""Continuous ranked probability scores of predicted distributions, where they have a closed form."""

import math

from ..core.axes import Axis
from ..core.contract import REAL
from ..core.forms import Score
from ..core.forms.likelihoods import AMOUNT_TARGET, POSITIVE_TARGET, Positive, named
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.slots import CHANCE, POSITIVE, Slot, declare
from ..numerics import ops
from ..numerics.backend import log, log1p, total
from ..numerics.special import log_normal_cdf, scaled_tail
from ..numerics.stable import SMALLEST, at_least, read_at_least, share, times_exp, with_slopes

LOCATED = named(loc="real", scale="positive")


class LaplaceCRPS(Score, aliases=("crps_laplace",)):
    r"""The continuous ranked probability score of a Laplace distribution whose location and scale are both predicted.

    Formula: s (|z| + e^{-|z|} - \tfrac34), with z = (y - \mu) / s
    Use: forecasts with error bars where noise has heavy tails: far targets count in proportion, as with the absolute
        error.
    Beware: outputs are the location and the logarithm of the scale, as for LaplaceNLL.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> laplace_crps([[0.0]], [[0.0, 0.0]]), laplace_crps([[2.0]], [[0.0, 0.0]])
    (0.25, 1.3853353)
    """

    heads = LOCATED

    def crps(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        size = scale.under(ops.abs(y - loc))
        return ops.abs(y - loc) + scale.times(ops.exp(-size) - 0.75)


laplace_crps = function(LaplaceCRPS)


class LogisticCRPS(Score, aliases=("crps_logistic",)):
    r"""The continuous ranked probability score of a logistic distribution whose location and scale are both predicted.

    Formula: s (z - 2 \log F(z) - 1), with z = (y - \mu) / s and F(z) = 1 / (1 + e^{-z})
    Use: forecasts with error bars where noise has tails a little heavier than normal ones.
    Beware: outputs are the location and the logarithm of the scale, as for LogisticNLL. The standard deviation is 1.81
        times the scale.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> logistic_crps([[0.0]], [[0.0, 0.0]]), logistic_crps([[2.0]], [[0.0, 0.0]])
    (0.38629436, 1.253856)
    """

    heads = LOCATED

    def crps(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        size = scale.under(ops.abs(y - loc))
        return ops.abs(y - loc) + scale.times(2 * log1p(ops.exp(-size)) - 1)


logistic_crps = function(LogisticCRPS)


class ExponentialCRPS(Score, aliases=("crps_exponential",)):
    r"""The continuous ranked probability score of an exponential distribution whose mean is predicted.

    Formula: y - \tfrac32 \mu + 2 \mu e^{-y / \mu}, with the mean \mu
    Use: waiting times, where a few very long ones should not decide.
    Beware: the output is the logarithm of the mean, as for ExponentialNLL.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> exponential_crps([[0.0]], [[0.0]]), exponential_crps([[2.0]], [[0.0]])
    (0.5, 0.77067057)
    """

    target = AMOUNT_TARGET
    heads = named(mean="positive")

    def crps(self, y: Tensor, mean: Positive) -> Tensor:
        return y + mean.times(2 * ops.exp(-mean.under(y)) - 1.5)


exponential_crps = function(ExponentialCRPS)


class LogNormalCRPS(Score, aliases=("crps_lognormal", "crps_log_normal")):
    r"""The continuous ranked probability score of a log-normal distribution: mean and spread of the logarithm.

    Formula: y (2 \Phi(z) - 1) - 2 e^{\mu + s^2 / 2} (\Phi(z - s) + \Phi(s / \sqrt 2) - 1), with z = (\log y - \mu) / s
        and the normal distribution function \Phi
    Use: forecasts with error bars of amounts above 0: wind, rain, demand. Far targets count in proportion.
    Beware: outputs are the mean of the logarithm and the logarithm of its standard deviation, as for LogNormalNLL; the
        score is in units of the target.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> log_normal_crps([[1.0]], [[0.0, 0.0]]), log_normal_crps([[2.0]], [[0.0, 0.0]])
    (0.26740547, 0.56282175)
    """

    target = POSITIVE_TARGET
    heads = named(mu="real", sigma="positive")

    def crps(self, y: Tensor, mu: Tensor, sigma: Positive) -> Tensor:
        return with_slopes(_of_log_normal, _slopes_of_log_normal)(
            y, mu, read_at_least(sigma.value, SMALLEST["float32"])
        )


log_normal_crps = function(LogNormalCRPS)


def _upper_part(y: Tensor, mu: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """z, e^(mu + s^2 / 2) Phi(z - s), and e^(mu + s^2 / 4)."""
    z = (log(y) - mu) / s
    off = z - s
    near = y * ops.exp(-0.5 * z * z) * scaled_tail(ops.abs(off))
    beyond = off > 0
    square = 0.125 * s * s
    whole = _exp_of_sum(mu, ops.where(beyond, 2 * square, 0.0))
    return z, ops.where(beyond, whole - near, near), _exp_of_sum(mu, square)


def _exp_of_sum(mu: Tensor, half: Tensor) -> Tensor:
    """e^(mu + 2 half), without the rounding of the sum."""
    root = ops.exp(half)
    return root * times_exp(root, mu)


def _of_log_normal(y: Tensor, mu: Tensor, s: Tensor) -> Tensor:
    z, upper, middle = _upper_part(y, mu, s)
    return y * (1 - 2 * ops.exp(log_normal_cdf(-z))) - 2 * (upper - middle * scaled_tail(math.sqrt(0.5) * s))


def _slopes_of_log_normal(y: Tensor, mu: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Those of z cancel."""
    z, upper, middle = _upper_part(y, mu, s)
    tail = scaled_tail(math.sqrt(0.5) * s)
    at_z = y * ops.exp(-0.5 * z * z) * math.sqrt(2 / math.pi)
    by_s = at_z - 2 * s * upper + middle * (2 * s * tail - math.sqrt(1 / math.pi))
    return 1 - 2 * ops.exp(log_normal_cdf(-z)), -2 * (upper - middle * tail), by_s


class SplineCRPS(Loss, aliases=("spline_quantile", "piecewise_linear_crps", "isqf"), tasks=("regression",),
                 traits=("robust",)):  # fmt: skip
    r"""The continuous ranked probability score of a quantile function that is predicted as a chain of straight pieces.

    Formula: 2 \int_0^1 (1[y < q(a)] - a)(q(a) - y)\,da, with q(0) = low and q rising by rise_k over the width_k of the
        levels
    Use: probabilistic forecasts without a family of distributions: the model predicts where quantiles lie.
    Beware: width sums to 1 along its axis: a softmax; rise is above 0: a softplus. There are no tails beyond the first
        and the last quantile, where libraries have exponential ones.
    Reference: Gasthaus, Benidis, Wang, Rangapuram, Salinas, Flunkert and Januschowski (2019), Probabilistic forecasting
        with spline quantile function RNNs, Proceedings of Machine Learning Research 89:1901-1910

    >>> spline_crps([0.0], [0.0], [[1.0]], [[1.0]]), spline_crps([0.5], [0.0], [[1.0]], [[1.0]])
    (0.33333333, 0.083333333)
    """

    inputs = declare(
        target=Slot(REAL, side="true"), low=Slot(REAL), rise=Slot(POSITIVE, ("row", "piece")),
        width=Slot(CHANCE, ("row", "piece")),
    )  # fmt: skip
    undrawn = "It takes a whole quantile function for each target: there is no single number to move."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, target: Tensor, low: Tensor, rise: Tensor, width: Tensor) -> Tensor:
        end = ops.cumsum(width, axis=-1)
        last = ops.expand_dims(low - target, -1) + ops.cumsum(rise, axis=-1)
        first = last - rise
        under, over = at_least(-first, 0.0), at_least(last, 0.0)
        below, above = share(under, over) * width, share(over, under) * width  # the levels whose quantile is too low
        begin = end - width
        middle = begin + below
        low_end, high_start = at_least(-last, 0.0), at_least(first, 0.0)
        missed = below * (2 * begin * under + 2 * middle * low_end + begin * low_end + middle * under)
        rest, left = 1 - middle, 1 - end
        return (
            total(missed + above * (2 * rest * high_start + 2 * left * over + rest * over + left * high_start), -1) / 3
        )


spline_crps = function(SplineCRPS)
