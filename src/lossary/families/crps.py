"""Continuous ranked probability scores of predicted distributions, where they have a closed form."""

from ..core.forms import Score
from ..core.forms.likelihoods import AMOUNT_TARGET, Positive, named
from ..core.functions import function
from ..core.loss import Tensor
from ..numerics import ops
from ..numerics.backend import log1p

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
