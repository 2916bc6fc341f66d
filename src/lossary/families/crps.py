"""Continuous ranked probability scores of predicted distributions, where they have a closed form."""

import math
from typing import Annotated

from ..core import axes
from ..core.contract import COUNT
from ..core.forms import Outputs, Score
from ..core.forms.likelihoods import AMOUNT_TARGET, POSITIVE_TARGET, Positive, Share, named
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import fraction, number, whole
from ..numerics import ops
from ..numerics.backend import expm1, log, log1p, total
from ..numerics.classes import probabilities_of_logits
from ..numerics.incomplete import (
    gamma_shares,
    half_step,
    mean_gap_of_gamma,
    mean_gap_of_poisson,
    means_of_extremes,
    partial_log_logistic,
    partial_mean,
    rest_of_log_logistic,
    scaled_partial_mean,
    student_table,
    student_tail,
)
from ..numerics.special import expm1_over, log1p_over, log_gamma, log_normal_cdf, scaled_tail
from ..numerics.stable import (
    SMALLEST,
    at_least,
    at_most,
    larger,
    read_at_least,
    smaller,
    times_exp,
    with_slope,
    with_slopes,
)

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
    Use: waiting times, where a few very long ones should not dominate.
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


class GammaCRPS(Score, aliases=("crps_gamma",)):
    r"""The continuous ranked probability score of a gamma distribution whose mean and shape are both predicted.

    Formula: (y - \mu) (2 F(y) - 1) + 2 \mu t - \mu \frac{\Gamma(a + \frac12)}{\sqrt\pi\,\Gamma(a + 1)}, with the
        distribution function F, t = x^a e^{-x} / \Gamma(a + 1) and x = a y / \mu
    Use: forecasts with error bars of amounts above 0, where far targets should count in proportion: rain, demand.
    Beware: outputs are the logarithms of the mean and of the shape, as for GammaNLL. Each value needs an integral.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> gamma_crps([[1.0]], [[0.0, 0.0]]), gamma_crps([[2.0]], [[0.0, 0.0]])
    (0.23575888, 0.77067057)
    """

    target = POSITIVE_TARGET
    heads = named(mean="positive", shape="positive")

    def crps(self, y: Tensor, mean: Positive, shape: Positive) -> Tensor:
        def parts(y: Tensor, z: Tensor, a: Tensor) -> tuple[Positive, Tensor, Tensor, Tensor, Tensor]:
            mean = Positive(z, self.link)
            line, ratio = log(y) - mean.log, mean.under(y)
            less, peak, steep = gamma_shares(ratio, line, a)
            return mean, ratio - 1, less, 2 * peak, 2 * steep

        def value(y: Tensor, z: Tensor, a: Tensor) -> Tensor:
            mean, off, less, peak, _ = parts(y, z, a)
            return mean.times(off * less + peak)

        def slopes(y: Tensor, z: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            mean, _, less, peak, steep = parts(y, z, a)
            return less, mean.slope * (peak - less), mean.times(steep)

        a = read_at_least(shape.value, SMALLEST["float32"])
        return with_slopes(value, slopes)(y, mean.z, a) - mean.times(mean_gap_of_gamma(a))


gamma_crps = function(GammaCRPS)


class PoissonCRPS(Score, aliases=("crps_poisson", "crps_pois")):
    r"""The continuous ranked probability score of Poisson counts whose rate is predicted.

    Formula: (y - \lambda) (2 F(y) - 1) + 2 \lambda f(y) - \lambda e^{-2 \lambda} (I_0(2 \lambda) + I_1(2 \lambda)),
        with the probabilities f, the distribution function F and the Bessel functions I
    Use: forecasts of counts, where a few large ones should not dominate.
    Beware: the output is the logarithm of the rate, as for PoissonNLL. Each value needs an integral.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> poisson_crps([[0.0]], [[0.0]]), poisson_crps([[2.0]], [[0.0]])
    (0.47622228, 0.68349898)
    """

    target = COUNT
    heads = named(rate="positive")

    def crps(self, y: Tensor, rate: Positive) -> Tensor:
        def parts(y: Tensor, z: Tensor) -> tuple[Positive, Tensor, Tensor]:
            rate, a = Positive(z, self.link), y + 1
            ratio = rate.value / a
            less, peak, _ = gamma_shares(ratio, rate.log - log(a), a)
            return rate, less, 2 * peak / at_least(ratio, SMALLEST["float32"])

        def value(y: Tensor, z: Tensor) -> Tensor:
            rate, less, chance = parts(y, z)
            return (rate.value - y) * less + rate.times(chance)

        def slopes(y: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
            rate, less, chance = parts(y, z)
            return -less, rate.slope * (less + chance)

        return with_slopes(value, slopes)(y, rate.z) - mean_gap_of_poisson(rate.value)


poisson_crps = function(PoissonCRPS)


class StudentTCRPS(Score, aliases=("crps_t", "crps_student_t")):
    r"""The continuous ranked probability score of Student's t distribution: location and scale are predicted.

    Formula: s (z (2 F(z) - 1) + 2 f(z) \frac{\nu + z^2}{\nu - 1} - \frac{2 \sqrt\nu}{\nu - 1} \frac{B(\frac12, \nu -
        \frac12)}{B(\frac12, \frac\nu2)^2}), with z = (y - \mu) / s, the density f, the distribution function F and the
        degrees of freedom \nu
    Use: forecasts with error bars where the noise has outliers that should not dominate.
    Beware: the degrees of freedom are given, not predicted: more than 1, for which there is a mean. The scale is not
        the standard deviation.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> student_tcrps([[0.0]], [[0.0, 0.0]], df=3.0), student_tcrps([[2.0]], [[0.0, 0.0]], df=3.0)
    (0.27566445, 1.3669223)
    """

    df: Annotated[
        float,
        number(
            "The degrees of freedom.", low=1.0, closed=False, slide=(1.5, 20.0),
            prepared="the tail of the distribution is prepared",
        ),
    ] = 4.0  # fmt: skip
    heads = LOCATED

    def validate(self) -> None:
        self.table = student_table(self.df)

    def crps(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        df = self.df
        level = 2 * math.sqrt(df) / (df - 1) / math.sqrt(math.pi)
        most, less = level * math.exp(half_step(df / 2)), level * math.exp(2 * half_step(df / 2) - half_step(df - 0.5))

        def slopes(gap: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
            tail, falls = student_tail(at_most(ops.abs(gap) / scale, 1e18), df, self.table)
            return ops.sign(gap) * (1 - 2 * tail), most * falls - less

        def value(gap: Tensor, scale: Tensor) -> Tensor:
            by_gap, by_scale = slopes(gap, scale)
            return gap * by_gap + scale * by_scale

        return with_slopes(value, slopes)(y - loc, read_at_least(scale.value, SMALLEST["float32"]))


student_tcrps = function(StudentTCRPS)


class AsymmetricLaplaceCRPS(Score, aliases=("crps_two_piece_exponential", "crps_2pexp")):
    r"""The continuous ranked probability score of an asymmetric Laplace distribution: location and scale are predicted.

    Formula: s (|z| + 2 \frac{1 - p}{p} (e^{-p |z|} - 1) + \frac{q^2}{2 (1 - q)} + \frac{(1 - q)^2}{2 q}), with
        z = (y - \mu) / s, and p = q above the location, 1 - q below
    Use: forecasts with error bars where noise leans to one side by a known share.
    Beware: outputs are the location, which is the `q`-quantile, and the logarithm of the scale, as for
        AsymmetricLaplaceNLL.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> asymmetric_laplace_crps([[0.0]], [[0.0, 0.0]]), asymmetric_laplace_crps([[2.0]], [[0.0, 0.0]], q=0.9)
    (0.5, 5.8700662)
    """

    q: Annotated[float, fraction("The share of targets below the location.")] = 0.5
    heads = LOCATED

    def crps(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        q, gap = self.q, y - loc
        rate = ops.where(gap > 0, q + 0.0 * gap, 1 - q)
        falls = expm1(-rate * scale.under(ops.abs(gap)))
        rest = 0.5 * (q * q / (1 - q) + (1 - q) * (1 - q) / q)
        return ops.abs(gap) + scale.times(2 * (1 - rate) / rate * falls + rest)


asymmetric_laplace_crps = function(AsymmetricLaplaceCRPS)


class HalfNormalCRPS(Score, aliases=("crps_half_normal",)):
    r"""The continuous ranked probability score of the absolute value of normal noise, whose scale is predicted.

    Formula: s (z (4 \Phi(z) - 3) + 2 \sqrt{2 / \pi}\,e^{-z^2 / 2} - 2 / \sqrt\pi), with z = y / s and the normal
        distribution function \Phi
    Use: forecasts of sizes of errors and of distances along a line.
    Beware: the output is the logarithm of the scale, as for HalfNormalNLL. It is the score of a normal distribution
        around 0 that is truncated at 0.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> half_normal_crps([[0.0]], [[0.0]]), half_normal_crps([[1.0]], [[0.0]])
    (0.46738994, 0.20488268)
    """

    target = AMOUNT_TARGET
    heads = named(scale="positive")

    def crps(self, y: Tensor, scale: Positive) -> Tensor:
        def slopes(y: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
            z = at_most(y / scale, 40.0)
            falls = math.sqrt(8 / math.pi) * ops.exp(-0.5 * ops.square(z))
            return 2 * ops.erf(math.sqrt(0.5) * z) - 1, falls - 2 / math.sqrt(math.pi)

        def value(y: Tensor, scale: Tensor) -> Tensor:
            by_y, by_scale = slopes(y, scale)
            return y * by_y + scale * by_scale

        return with_slopes(value, slopes)(y, read_at_least(scale.value, SMALLEST["float32"]))


half_normal_crps = function(HalfNormalCRPS)


class GeneralizedParetoCRPS(Score, aliases=("crps_gpd", "crps_generalized_pareto")):
    r"""The continuous ranked probability score of a generalized Pareto distribution: scale and shape are predicted.

    Formula: y - \frac{2 s}{1 - \xi} (1 - (1 + \xi y / s)^{-(1 - \xi) / \xi}) + \frac{s}{2 - \xi}, with the scale s and
        the shape \xi
    Use: forecasts of how far a high threshold is exceeded: floods, claims.
    Beware: outputs are those of GeneralizedParetoNLL. From a shape of 2 on the score is infinite: shapes above 1.875
        are read as 1.875.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> generalized_pareto_crps([[0.0]], [[0.0, 0.0]]), generalized_pareto_crps([[1.0]], [[0.0, 1.0]])
    (0.5, 0.61370564)
    """

    target = AMOUNT_TARGET
    heads = named(scale="positive", shape="real")

    def crps(self, y: Tensor, scale: Positive, shape: Tensor) -> Tensor:
        shape = with_slope(lambda x: at_most(x, 1.875), lambda x: 1.0 + 0.0 * x)(shape)
        falls = expm1_over(1 - shape, log1p_over(shape, scale.under(y)))
        return y + scale.times(1 / (2 - shape) - 2 * falls)


generalized_pareto_crps = function(GeneralizedParetoCRPS)


class GumbelCRPS(Score, aliases=("crps_gumbel",)):
    r"""The continuous ranked probability score of a Gumbel distribution of largest values, with predicted parameters.

    Formula: \mu - y + s (\gamma - \log 2 - 2\,\mathrm{Ei}(-e^{-z})), with z = (y - \mu) / s, Euler's constant \gamma
        and the exponential integral Ei
    Use: forecasts of maxima: the highest load of a day, the strongest gust.
    Beware: outputs are the location, which is the mode, and the logarithm of the scale, as for GumbelNLL. Each value
        needs an integral.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> gumbel_crps([[0.0]], [[0.0, 0.0]]), gumbel_crps([[2.0]], [[0.0, 0.0]])
    (0.32283635, 0.99141848)
    """

    heads = LOCATED

    def crps(self, y: Tensor, loc: Tensor, scale: Positive) -> Tensor:
        gap = y - loc
        t = -scale.under(gap)
        return _of_extreme(gap, scale, t, 0.0 * t)


gumbel_crps = function(GumbelCRPS)


class GeneralizedExtremeValueCRPS(Score, aliases=("crps_gev", "gev_crps")):
    r"""The continuous ranked probability score of a generalized extreme value distribution with predicted parameters.

    Formula: (\mu - y - \tfrac{s}{\xi}) (1 - 2 F(y)) - \tfrac{s}{\xi} (2^\xi \Gamma(1 - \xi) - 2 \gamma(1 - \xi, -\log
        F(y))), with the distribution function F and the lower incomplete gamma function \gamma
    Use: forecasts of maxima of blocks, such as the highest flood of a year, with a tail that is learned.
    Beware: outputs are those of GeneralizedExtremeValueNLL: location, scale, shape. From a shape of 1 on there is no
        mean: shapes above 0.9375 are read as 0.9375; those below -1, where the density has no maximum, as -1. Each
        value needs an integral.
    Reference: Friederichs and Thorarinsdottir (2012), Forecast verification for extreme value distributions with an
        application to probabilistic peak wind prediction, doi:10.1002/env.2176

    >>> generalized_extreme_value_crps([[2.0]], [[0.0, 0.0, 0.0]])
    0.99141848
    """

    heads = named(loc="real", scale="positive", shape="real")

    def crps(self, y: Tensor, loc: Tensor, scale: Positive, shape: Tensor) -> Tensor:
        shape = with_slope(lambda x: at_least(at_most(x, 0.9375), -1.0), lambda x: 1.0 + 0.0 * x)(shape)
        gap = y - loc
        z = scale.under(gap)
        beyond = (shape < 0) & (shape * z <= -1)
        t = -log1p_over(shape, ops.where(beyond, 0.0, z))
        return _of_extreme(gap, scale, ops.where(beyond, -60.0, t), shape)


generalized_extreme_value_crps = function(GeneralizedExtremeValueCRPS)


class WeibullCRPS(Score, aliases=("crps_weibull",)):
    r"""The continuous ranked probability score of a Weibull distribution whose scale and shape are both predicted.

    Formula: y (2 F(y) - 1) - 2 s \gamma(1 + \tfrac1k, x) + 2^{-1/k} s\,\Gamma(1 + \tfrac1k), with the distribution
        function F, x = (y / s)^k and the lower incomplete gamma function \gamma
    Use: forecasts of wind speeds and of times to failure, where far targets should count in proportion.
    Beware: outputs are the logarithms of the scale and of the shape, as for WeibullNLL. Shapes below 1/8, where the
        mean exceeds 40,000 times the scale, are read as 1/8. Each value needs an integral.
    Reference: Taillardat, Mestre, Zamo and Naveau (2016), Calibrated ensemble forecasts using quantile regression
        forests and ensemble model output statistics, doi:10.1175/MWR-D-15-0260.1

    >>> weibull_crps([[1.0]], [[0.0, 0.0]]), weibull_crps([[2.0]], [[0.0, 0.0]])
    (0.23575888, 0.77067057)
    """

    target = POSITIVE_TARGET
    heads = named(scale="positive", shape="positive")

    def crps(self, y: Tensor, scale: Positive, shape: Positive) -> Tensor:
        k = read_at_least(shape.value, 0.125)
        a = 1 / k
        low, rest = partial_mean(k * (log(y) - scale.log), a)
        mean, less = ops.exp(log_gamma(1 + a)), ops.exp(-math.log(2) * a)
        return ops.where(low, scale.times(mean * less) - y, y - scale.times(mean * (2 - less))) + 2 * y * (a * rest)


weibull_crps = function(WeibullCRPS)


class LogLogisticCRPS(Score, aliases=("crps_llogis", "crps_log_logistic")):
    r"""The continuous ranked probability score of a number whose logarithm is logistic: scale and shape are predicted.

    Formula: y (2 F(y) - 1) - 2 s B(F(y); 1 + \tfrac1k, 1 - \tfrac1k) + s (1 - \tfrac1k) \frac{\pi / k}{\sin(\pi / k)},
        with the distribution function F and the incomplete beta function B
    Use: forecasts of amounts and waiting times with a heavy tail: rain, survival times.
    Beware: outputs are the logarithms of the scale, which is the median, and of the shape, as for LogLogisticNLL. Up to
        a shape of 1 there is no mean: shapes below 16/15 are read as 16/15. Each value needs an integral.
    Reference: Jordan, Krueger and Lerch (2019), Evaluating probabilistic forecasts with scoringRules, arXiv:1709.04743

    >>> log_logistic_crps([[1.0]], [[0.0, 1.0]]), log_logistic_crps([[2.0]], [[0.0, 1.0]])
    (0.15033505, 0.6071004)
    """

    target = POSITIVE_TARGET
    heads = named(scale="positive", shape="positive")

    def crps(self, y: Tensor, scale: Positive, shape: Positive) -> Tensor:
        k = read_at_least(shape.value, 16 / 15)
        a = 1 / k
        t = k * (log(y) - scale.log)
        size, rest, square = read_at_least(scale.value, SMALLEST["float32"]), rest_of_log_logistic(a), 2 * a * a
        below = scale.times((1 - a) * rest + square / (1 + a)) - y
        above = y + scale.times(2 * a * (1 - expm1_over(1 - a, at_least(t, 0.0))) - (1 + a) * rest)
        return ops.where(t > 0, above, below) + 2 * partial_log_logistic(size * a, y * a, t, a)


log_logistic_crps = function(LogLogisticCRPS)


class GeometricCRPS(Score, aliases=("crps_geometric",)):
    r"""The continuous ranked probability score of how often something fails before it succeeds, at a predicted chance.

    Formula: y - \frac{1 - p}{p} (2 (1 - (1 - p)^y) - \frac{1 - p}{2 - p}), with p = \sigma(y_pred)
    Use: forecasts of numbers of tries and of runs, where a few long ones should not dominate.
    Beware: counts failures, from 0 on, as GeometricNLL.
    Reference: Czado, Gneiting and Held (2009), Predictive model assessment for count data, Biometrics 65:1254-1261

    >>> geometric_crps([[0.0]], [[0.0]]), geometric_crps([[2.0]], [[0.0]])
    (0.33333333, 0.83333333)
    """

    target = COUNT
    heads = named(p="share")

    def crps(self, y: Tensor, p: Share) -> Tensor:
        q = ops.exp(-p.no)
        return y + times_exp(q / (1 + q) + 2 * expm1(-y * p.no), -p.z)


geometric_crps = function(GeometricCRPS)


class MixtureCRPS(Outputs, aliases=("gaussian_mixture_crps", "crps_mixnorm")):
    r"""The continuous ranked probability score of a mixture of normal distributions, whose parameters are predicted.

    Formula: \sum_i w_i A(y - \mu_i, s_i) - \tfrac12 \sum_i \sum_j w_i w_j A(\mu_i - \mu_j, \sqrt{s_i^2 + s_j^2}), with
        the weights w and A(m, s) = m (2 \Phi(m / s) - 1) + 2 s \phi(m / s), the mean size of a normal number
    Use: forecasts with several likely values, where far targets should count in proportion.
    Beware: outputs are those of GaussianMixtureNLL: all logits of weights, all means, all spreads. Work grows with the
        square of `components`.
    Reference: Grimit, Gneiting, Berrocal and Johnson (2006), The continuous ranked probability score for circular
        variables and its application to mesoscale forecast ensemble verification, doi:10.1256/qj.05.235

    >>> mixture_crps([[0.0]], [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]), mixture_crps([[1.0]], [[0.0] * 3], components=1)
    (0.23369498, 0.60244135)
    """

    components: Annotated[int, whole("The number of normal distributions.", low=1, unusual=3)] = 2

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return 3 * self.components

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.one_parameter(self.outputs, self.components)]  # the first mean

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        k = self.components
        w, _ = probabilities_of_logits(parts[..., :k])
        mean, std = parts[..., k : 2 * k], Positive(parts[..., 2 * k :], self.link).value
        std = read_at_least(std, SMALLEST["float32"])
        here, there = (lambda x: ops.expand_dims(x, -1)), (lambda x: ops.expand_dims(x, -2))
        first, second = here(std) + 0 * there(std), there(std) + 0 * here(std)
        long, short = larger(first, second), smaller(first, second)
        both = long * ops.sqrt(1 + ops.square(short / long))
        apart = total(here(w) * there(w) * mean_size(here(mean) - there(mean), both), (-2, -1))
        return total(w * mean_size(here(y) - mean, std), -1) - 0.5 * apart


mixture_crps = function(MixtureCRPS)


def _of_extreme(gap: Tensor, scale: Positive, t: Tensor, shape: Tensor) -> Tensor:
    """The score of a generalized extreme value distribution, of which e^-e^t is below."""
    size = read_at_least(scale.value, SMALLEST["float32"])
    low, rest = scaled_partial_mean(size, size + shape * gap, t, -shape)
    least, apart = means_of_extremes(shape)
    below = gap - scale.times(least + 2 * (apart + expm1_over(1 - shape, at_least(-t, 0.0))))
    return ops.where(low, below, scale.times(least) - gap) + 2 * rest


def mean_size(mean: Tensor, std: Tensor) -> Tensor:
    """The mean size of a normal number."""

    def slopes(mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        z = ops.clip(mean / std, -40.0, 40.0)
        return ops.erf(math.sqrt(0.5) * z), math.sqrt(2 / math.pi) * ops.exp(-0.5 * ops.square(z))

    def value(mean: Tensor, std: Tensor) -> Tensor:
        by_mean, by_std = slopes(mean, std)
        return mean * by_mean + std * by_std

    return with_slopes(value, slopes)(mean, std)


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
