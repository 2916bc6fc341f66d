"""Deviances: twice the log-likelihood that a prediction lacks; 0 at a perfect fit."""

from typing import Annotated

from ..core.contract import COUNT, RATE, REAL, Contract
from ..core.forms import Divergence, Pointwise
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import flag, number
from ..core.slots import POSITIVE
from ..numerics import ops
from ..numerics.backend import log
from ..numerics.stable import SMALLEST, at_least, less_log1p, log_quotient, nll, power, reciprocal, wide


def _lacking(y: Tensor, p: Tensor, dtype: str) -> Tensor:
    """y log(y / p) - y + p, also where the two are nearly equal."""
    nothing = y <= 0
    some = ops.where(nothing, 1.0, y)
    ratio = p / some
    near = ops.logical_and(ratio > 0.4, ratio < 2.9)
    grown = ops.where(near, (p - some) / some, 0.0)
    middle = ops.logical_and(ratio > 1e-30, ratio < 1e30)  # beyond, logarithms are far apart, and the ratio is none
    far = ops.where(middle, -log(ops.where(middle, ratio, 1.0)), log(some) + nll(p, dtype))
    return ops.where(nothing, p, ops.where(near, some * less_log1p(grown), (p - some) + some * far))


class PoissonDeviance(Pointwise, aliases=("mean_poisson_deviance",), traits=("convex", "smooth")):
    r"""Twice the gap in log-likelihood between a predicted rate and a perfect fit: like Poisson, but never below 0.

    Formula: 2\,(y \log(y / p) - y + p), with y = y_true and p = y_pred; 2 p where y is 0
    Use: counts, where the value itself is reported: its gradient is twice that of Poisson, and its value compares
        models.
    Beware: end the model in a softplus or exp. A rate of exactly 0 is read as the smallest positive number.
    Reference: McCullagh and Nelder (1989), Generalized linear models, doi:10.1007/978-1-4899-3242-6
    Elsewhere:
        sklearn.metrics.mean_poisson_deviance
        sklearn.metrics.mean_tweedie_deviance(power={1})

    >>> poisson_deviance([[4.0]], [[2.0]]), poisson_deviance([[0.0]], [[2.0]])
    (1.5451774, 4.0)
    """

    target, prediction = COUNT, RATE
    variance_power = 1

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return 2 * _lacking(y, p, self.dtype)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return 2 * ops.where(y <= 0, 0.0 * p + 1.0, (p - y) * reciprocal(p, self.dtype))


poisson_deviance = function(PoissonDeviance)


class GammaDeviance(Pointwise, aliases=("mean_gamma_deviance", "itakura_saito"), traits=("smooth",)):
    r"""Twice the gap in log-likelihood to a perfect fit, under a gamma distribution: only ratios matter.

    Formula: 2\,(y / p - 1 - \log(y / p)), with y = y_true and p = y_pred
    Use: amounts > 0 whose errors grow in proportion to their size: costs, durations; power spectra.
    Beware: targets and predictions of 0 are read as the smallest number with all its digits; end the model in a
        softplus or exp. Half of it is the Itakura-Saito distance. Not convex for predictions beyond twice the target.
    Reference: McCullagh and Nelder (1989), Generalized linear models, doi:10.1007/978-1-4899-3242-6
    Elsewhere:
        sklearn.metrics.mean_gamma_deviance
        sklearn.metrics.mean_tweedie_deviance(power={2})

    >>> gamma_deviance([[4.0]], [[2.0]]), gamma_deviance([[20.0]], [[10.0]])
    (0.61370564, 0.61370564)
    """

    target, prediction = POSITIVE, POSITIVE
    variance_power = 2

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        y, p = (at_least(x, SMALLEST[wide(self.dtype)]) for x in (y, p))
        ratio = y / p
        near = ops.logical_and(ratio > 0.4, ratio < 2.9)
        grown = ops.where(near, (y - p) / p, 0.0)
        return 2 * ops.where(near, less_log1p(grown), (ratio - 1) - log_quotient(y, p))

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        y, p = (at_least(x, SMALLEST[wide(self.dtype)]) for x in (y, p))
        return 2 * ((p - y) / p * (1 / p))  # XLA would divide by p * p, which may be 0


gamma_deviance = function(GammaDeviance)


class InverseGaussianDeviance(Pointwise, aliases=("wald_deviance",), traits=("smooth",)):
    r"""Twice the gap in log-likelihood to a perfect fit, under an inverse Gaussian distribution.

    Formula: \frac{(y - p)^2}{y\,p^2}, with y = y_true and p = y_pred
    Use: amounts > 0 with a longer tail than a gamma distribution has: large claims, times until a threshold is reached.
    Beware: targets and predictions of 0 are read as the smallest number with all its digits. Predictions that are too
        high have a small gradient: it is not convex beyond 1.5 times the target.
    Reference: McCullagh and Nelder (1989), Generalized linear models, doi:10.1007/978-1-4899-3242-6
    Elsewhere:
        sklearn.metrics.mean_tweedie_deviance(power={3})

    >>> inverse_gaussian_deviance([[4.0]], [[2.0]]), inverse_gaussian_deviance([[1.0]], [[2.0]])
    (0.25, 0.25)
    """

    target, prediction = POSITIVE, POSITIVE
    variance_power = 3

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        y, p = (at_least(x, SMALLEST[wide(self.dtype)]) for x in (y, p))
        apart = (y - p) / p
        return apart * (apart * (1 / y))  # XLA would divide by p * y, which may be 0

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        y, p = (at_least(x, SMALLEST[wide(self.dtype)]) for x in (y, p))
        return 2 * ((p - y) / p * (1 / p) * (1 / p))


inverse_gaussian_deviance = function(InverseGaussianDeviance)


class TweedieDeviance(Pointwise, aliases=("compound_poisson_gamma",), traits=("smooth",)):
    r"""Between the Poisson (power 1) and the gamma deviance (power 2): amounts that are often exactly 0.

    Formula: 2\,(\frac{y^{2 - k}}{(1 - k)(2 - k)} - \frac{y\,p^{1 - k}}{1 - k} + \frac{p^{2 - k}}{2 - k}),
        with y = y_true, p = y_pred and k = power
    Use: insurance claims, rainfall, spending: many zeros, and a long tail of amounts.
    Beware: end the model in a softplus or exp; a prediction of 0 is read as the smallest number with all its digits.
        Boosting libraries leave out the first term and the 2, which changes no gradient but by that factor.
    Reference: Jørgensen (1987), Exponential dispersion models, Journal of the Royal Statistical Society B 49(2):127-162
    Elsewhere:
        sklearn.metrics.mean_tweedie_deviance(power={1.5, ...}) -> power=power
        sklearn._loss.HalfTweedieLossIdentity(power={1.5, ...}) -> power=power, times=0.5

    >>> tweedie_deviance([[4.0]], [[1.0]]), tweedie_deviance([[0.0]], [[4.0]])
    (4.0, 8.0)
    """

    power: Annotated[
        float, number("How the variance grows with the mean.", slide=(1.1, 1.9), low=1.0, high=2.0, closed=False)
    ] = 1.5
    target, prediction = COUNT, RATE

    @property
    def variance_power(self) -> float:
        """The power of the mean with which the variance grows."""
        return self.power

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        p, k = at_least(p, SMALLEST[wide(self.dtype)]), self.power
        apart = (y - p) / p
        near = ops.logical_and(apart > -0.25, apart < 0.25)
        x = ops.where(near, apart, 0.0)
        series = 0.0 * x
        for n in range(28, -1, -1):  # of the integral of (x - s) / (1 + s)^k over s from 0 to x, by x^2
            series = 1 / ((n + 1) * (n + 2)) - x * series * ((k + n) / (n + 1))
        level = power(p, 2 - k)
        whole = (level - power(y, 2 - k) / (k - 1)) / (2 - k) + y / power(p, k - 1) / (k - 1)
        return 2 * ops.where(near, level * (x * x * series), whole)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        p = at_least(p, SMALLEST[wide(self.dtype)])
        return 2 * ((p - y) / p * (1 / power(p, self.power - 1)))


tweedie_deviance = function(TweedieDeviance)


class Tweedie(Pointwise, aliases=("tweedie_loss", "tweedie_nloglik"), traits=("smooth",)):
    r"""Half the Tweedie deviance, without the term of the target alone: for amounts that are often exactly 0.

    Formula: \frac{p^{2 - k}}{2 - k} + \frac{y\,p^{1 - k}}{k - 1}, with y = y_true, k = power and p = y_pred, or
        e^{y_pred} for log_rate=True
    Use: as TweedieDeviance. Prefer a linear last layer with log_rate=True: convex, and no prediction is too small.
    Beware: not 0 at a perfect fit: compare models by TweedieDeviance, which is twice this plus a term of the target
        alone. A prediction of exactly 0 is read as the smallest number with all its digits.
    Reference: Jørgensen (1987), Exponential dispersion models, Journal of the Royal Statistical Society B 49(2):127-162
    Elsewhere:
        sklearn._loss.HalfTweedieLoss(power={1.5, ...}) -> power=power, log_rate=True
        xgboost.reg:tweedie(tweedie_variance_power=1.5) -> power=tweedie_variance_power, log_rate=True
        lightgbm.objective:tweedie(tweedie_variance_power=1.5) -> power=tweedie_variance_power, log_rate=True
        catboost.Tweedie(variance_power={1.5, ...}) -> power=variance_power, log_rate=True

    >>> tweedie([[4.0]], [[1.0]]), tweedie([[0.0]], [[0.0]], log_rate=True)
    (10.0, 2.0)
    """

    power: Annotated[
        float, number("How the variance grows with the mean.", slide=(1.1, 1.9), low=1.0, high=2.0, closed=False)
    ] = 1.5
    log_rate: Annotated[bool, flag("Whether y_pred is the logarithm of the mean.")] = False

    @property
    def contract(self) -> Contract:
        return Contract(COUNT, REAL if self.log_rate else RATE)

    def _powers(self, p: Tensor) -> tuple[Tensor, Tensor]:
        """The mean to the powers 2 - k and 1 - k."""
        if self.log_rate:
            return ops.exp((2 - self.power) * p), ops.exp((1 - self.power) * p)
        p = at_least(p, SMALLEST[wide(self.dtype)])
        return power(p, 2 - self.power), 1 / power(p, self.power - 1)

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        level, inverse = self._powers(p)
        return level / (2 - self.power) + _times(y, inverse) / (self.power - 1)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        level, inverse = self._powers(p)
        if self.log_rate:
            return level - _times(y, inverse)
        p = at_least(p, SMALLEST[wide(self.dtype)])
        return (p - y) / p * inverse


def _times(y: Tensor, inverse: Tensor) -> Tensor:
    """Their product; 0 where y is."""
    return ops.where(y <= 0, 0.0, y) * ops.where(y <= 0, 0.0, inverse)


tweedie = function(Tweedie)


class GeneralizedKL(Divergence, aliases=("i_divergence", "unnormalized_kl"), traits=("convex", "smooth")):
    r"""The Kullback-Leibler divergence of amounts that need not sum to 1: 0 where they are equal, and never below.

    Formula: \sum_c (y_c \log(y_c / p_c) - y_c + p_c) over the last axis
    Use: spectra, histograms of counts and factors of non-negative matrices, whose totals count too.
    Beware: half the Poisson deviance, summed; of distributions it is the Kullback-Leibler divergence.
    Reference: Lee and Seung (2000), Algorithms for non-negative matrix factorization, Advances in Neural Information
        Processing Systems 13

    >>> generalized_kl([[2.0, 0.0]], [[2.0, 1.0]]), generalized_kl([[4.0]], [[2.0]])
    (1.0, 0.7725887)
    """

    @property
    def contract(self) -> Contract:
        return Contract(COUNT, RATE)

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return _lacking(y, p, self.dtype)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return ops.where(y <= 0, 0.0 * p + 1.0, (p - y) * reciprocal(p, self.dtype))


generalized_kl = function(GeneralizedKL)
