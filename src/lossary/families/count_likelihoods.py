"""Likelihoods of counts, minus the log-probability of whole numbers from 0 on; and of amounts that may be nothing."""

import math
from typing import Annotated, Any

from ..core.contract import COUNT, Values
from ..core.forms import Likelihood
from ..core.forms.likelihoods import AMOUNT_TARGET, SHARE_TARGET, Positive, Share, named
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import choice, whole
from ..numerics import ops
from ..numerics.backend import log, log1p
from ..numerics.special import (
    inflated_nll,
    log1m_exp,
    log1p_over,
    log_beta,
    log_choose,
    log_factorial,
    log_rise,
    log_sinhc,
)
from ..numerics.stable import BELOW_ONE, log_less_exp, read_at_most, softplus, wide

Start = dict[str, float]


def up_to(trials: int) -> Values:
    """Counts of so many trials."""
    return Values(
        f"a count from 0 to {trials}", 0.0, float(trials), draw=lambda rng, shape, top: rng.binomial(trials, 0.4, shape)
    )


class PoissonNLL(Likelihood, aliases=("poisson_distribution_nll",), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of Poisson counts whose rate is predicted.

    Formula: \lambda - y \log \lambda + \log y!, with the rate \lambda
    Use: counts of events, where the value should be minus a log-probability.
    Beware: the output is the logarithm of the rate. Poisson is the same loss without \log y!, and of the rate itself by
        default.
    Reference: McCullagh and Nelder (1989), Generalized linear models, doi:10.1007/978-1-4899-3242-6
    Elsewhere:
        xgboost.count:poisson

    >>> poisson_nll([[0.0]], [[0.0]]), poisson_nll([[2.0]], [[0.0]])
    (1.0, 1.6931472)
    """

    target = COUNT
    heads = named(rate="positive")
    scipy = "poisson"
    exact = True
    variance_power = 1

    def nll(self, y: Tensor, rate: Positive) -> Tensor:
        return rate.value - y * rate.log

    def rest(self, y: Tensor) -> Tensor:
        return log_factorial(y)

    def in_scipy(self, rate: float) -> Start:
        return {"mu": rate}

    def start(self, data: Any) -> Start:
        return {"rate": data.mean}


poisson_nll = function(PoissonNLL)

OVER, LEAST = 0.2, 0.02  # the extra spread that a fit starts from, where the data show none, and at least


class GeometricNLL(Likelihood, aliases=("geometric",), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of how often something fails before it succeeds, with a predicted chance of success.

    Formula: -\log p - y \log(1 - p), with p = \sigma(y_pred)
    Use: numbers of tries, runs and steps that end with the same chance each time.
    Beware: counts failures, from 0 on, where SciPy counts tries, from 1 on. The output is the logit of p; the mean is
        (1 - p) / p.
    Reference: Johnson, Kemp and Kotz (2005), Univariate discrete distributions, Wiley, doi:10.1002/0471715816

    >>> geometric_nll([[0.0]], [[0.0]]), geometric_nll([[2.0]], [[0.0]])
    (0.69314718, 2.0794415)
    """

    target = COUNT
    heads = named(p="share")
    scipy = "geom"
    exact = True

    def nll(self, y: Tensor, p: Share) -> Tensor:
        return p.yes + y * p.no

    def in_scipy(self, p: float) -> Start:
        return {"p": p, "loc": -1}

    def start(self, data: Any) -> Start:
        return {"p": min(1 / (1 + max(data.mean, 0.0)), 1 - 1e-12)}


geometric_nll = function(GeometricNLL)


class NegativeBinomialNLL(Likelihood, aliases=("negative_binomial", "nb2_nll", "negbin_nll", "nb", "negbin")):
    r"""Negative log-likelihood of counts that vary more than a Poisson distribution: mean and dispersion are predicted.

    Formula: -\log(\Gamma(y + r) / (\Gamma(r) y!)) + (r + y) \log(1 + c) - y \log c, with the mean \mu, the dispersion
        \alpha, c = \alpha \mu and r = 1 / \alpha (or c = \alpha and r = \mu / \alpha for variance="linear")
    Use: counts with a variance of \mu + \alpha \mu^2 (or \mu + \alpha \mu): visits, purchases, infections.
    Beware: the dispersion is 1 / r: many libraries take r (total_count, n) and a probability instead, and disagree
        about which event it belongs to. It approaches a Poisson distribution as \alpha goes to 0.
    Reference: Cameron and Trivedi (1986), Econometric models based on count data, Journal of Applied Econometrics
        1:29-53

    >>> negative_binomial_nll([[0.0]], [[0.0, 0.0]]), negative_binomial_nll([[1.0]], [[0.0, 0.0]])
    (0.69314718, 1.3862944)
    """

    variance: Annotated[str, choice("How the variance grows with the mean.", "quadratic", "linear")] = "quadratic"
    target = COUNT
    heads = named(mean="positive", dispersion="positive")
    scipy = "nbinom"

    def nll(self, y: Tensor, mean: Positive, dispersion: Positive) -> Tensor:
        return negative_binomial(y, mean, dispersion, self.variance)[1]

    def rest(self, y: Tensor) -> Tensor:
        return log_factorial(y)

    def in_scipy(self, mean: float, dispersion: float) -> Start:
        c = dispersion * mean if self.variance == "quadratic" else dispersion
        return {"n": mean / c, "p": 1 / (1 + c)}

    def start(self, data: Any) -> Start:
        mean, over = max(data.mean, 1e-6), max(data.std**2 / data.mean - 1, LEAST) if data.mean > 0 else OVER
        if self.variance == "linear":
            return {"mean": mean, "dispersion": over}
        return {"mean": mean, "dispersion": (data.dispersion_of_counts if over > LEAST else float)(over / mean)}


def negative_binomial(y: Tensor, mean: Positive, dispersion: Positive, variance: str) -> tuple[Tensor, Tensor]:
    """Minus the log-probability of 0, and of y without log(y!)."""
    one = 1.0 + 0.0 * y
    if variance == "quadratic":
        r, log_c = dispersion.under(one), dispersion.log + mean.log
        nothing = log1p_over(dispersion.value, mean.value)
    else:
        r, log_c = dispersion.under(mean.value), dispersion.log
        nothing = mean.value * log1p_over(dispersion.value, one)
    wide = log_c > 0  # there log(1 + c) is log(mean / r) and little more: logarithms that cancel are left out
    either = softplus(ops.where(wide, -log_c, log_c)) - ops.where(wide, 0.0, mean.log)
    return nothing, nothing + y * either - log_rise(r, y, whole=wide)


negative_binomial_nll = function(NegativeBinomialNLL)


class ZeroInflatedPoissonNLL(Likelihood, aliases=("zip", "zip_nll", "zero_inflated_poisson")):
    r"""Negative log-likelihood of Poisson counts with additional zeros: rate and share of these are predicted.

    Formula: -\log(\pi + (1 - \pi) e^{-\lambda}) for y = 0, and -\log(1 - \pi) + \lambda - y \log \lambda + \log y!
        else, with the share \pi of additional zeros and the rate \lambda
    Use: counts with more zeros than their mean explains: some rows cannot have any.
    Beware: the second output is the logit of \pi. The mean is (1 - \pi) \lambda. With few zeros the share goes to 0,
        and its logit to minus infinity.
    Reference: Lambert (1992), Zero-inflated Poisson regression, with an application to defects in manufacturing,
        Technometrics 34:1-14

    >>> zero_inflated_poisson_nll([[0.0]], [[0.0, 0.0]]), zero_inflated_poisson_nll([[1.0]], [[0.0, 0.0]])
    (0.37988549, 1.6931472)
    """

    target = COUNT
    heads = named(rate="positive", zeros="share")

    def nll(self, y: Tensor, rate: Positive, zeros: Share) -> Tensor:
        return inflated(y, zeros, rate.value, rate.value - y * rate.log)

    def rest(self, y: Tensor) -> Tensor:
        return log_factorial(y)

    def start(self, data: Any) -> Start:
        return {"rate": max(data.positive_mean, 0.1), "zeros": min(max(data.zeros - math.exp(-data.mean), 0.05), 0.95)}


def inflated(y: Tensor, zeros: Share, nothing: Tensor, other: Tensor) -> Tensor:
    """With additional zeros: minus the log-probability of 0 or of another count, where theirs are given."""
    return ops.where(y <= 0, inflated_nll(zeros.z, nothing), zeros.no + other)


zero_inflated_poisson_nll = function(ZeroInflatedPoissonNLL)


class ZeroInflatedNegativeBinomialNLL(Likelihood, aliases=("zinb", "zinb_nll", "zero_inflated_negative_binomial")):
    r"""Negative log-likelihood of negative binomial counts with additional zeros, whose share is predicted too.

    Formula: -\log(\pi + (1 - \pi) f_0) for y = 0, and -\log(1 - \pi) - \log f_y else, with the share \pi of additional
        zeros and the negative binomial probabilities f of mean \mu and variance \mu + \alpha \mu^2
    Use: counts with more zeros and a wider spread than a Poisson distribution has: gene expression, visits, claims.
    Beware: zeros and dispersion explain the same data when counts are small: then neither is estimated well.
    Reference: Cameron and Trivedi (2013), Regression analysis of count data, Cambridge University Press

    >>> zero_inflated_negative_binomial_nll([[0.0]], [[0.0, 0.0, 0.0]])
    0.28768207
    """

    target = COUNT
    heads = named(mean="positive", dispersion="positive", zeros="share")

    def nll(self, y: Tensor, mean: Positive, dispersion: Positive, zeros: Share) -> Tensor:
        return inflated(y, zeros, *negative_binomial(y, mean, dispersion, "quadratic"))

    def rest(self, y: Tensor) -> Tensor:
        return log_factorial(y)

    def start(self, data: Any) -> Start:
        return {"mean": max(data.positive_mean, 0.1), "dispersion": OVER, "zeros": min(max(data.zeros / 2, 0.05), 0.9)}


zero_inflated_negative_binomial_nll = function(ZeroInflatedNegativeBinomialNLL)


class HurdlePoissonNLL(Likelihood, aliases=("hurdle_poisson", "hurdle_nll"), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of counts that are 0 by one rule, and if not, Poisson counts above 0.

    Formula: -\log \pi for y = 0, and -\log(1 - \pi) + \lambda - y \log \lambda + \log y! + \log(1 - e^{-\lambda}) else,
        with the share \pi of zeros and the rate \lambda
    Use: counts where "any at all" and "how many" have different causes: visits to a doctor, purchases.
    Beware: \lambda is the rate before zeros are taken out: the mean above 0 is \lambda / (1 - e^{-\lambda}). The second
        output is the logit of \pi.
    Reference: Mullahy (1986), Specification and testing of some modified count data models, Journal of Econometrics
        33:341-365

    >>> hurdle_poisson_nll([[0.0]], [[0.0, 0.0]]), hurdle_poisson_nll([[1.0]], [[0.0, 0.0]])
    (0.69314718, 1.234472)
    """

    target = COUNT
    heads = named(rate="positive", zeros="share")

    def nll(self, y: Tensor, rate: Positive, zeros: Share) -> Tensor:
        some = zeros.no + (rate.value - y * rate.log) + log1m_exp(-rate.value)
        return ops.where(y <= 0, zeros.yes, some)

    def rest(self, y: Tensor) -> Tensor:
        return log_factorial(y)

    def start(self, data: Any) -> Start:
        return {"rate": max(data.positive_mean - 0.5, 0.1), "zeros": min(max(data.zeros, 0.01), 0.99)}


hurdle_poisson_nll = function(HurdlePoissonNLL)


class HurdleNegativeBinomialNLL(Likelihood, aliases=("hurdle_negbin_nll", "hurdle_negative_binomial")):
    r"""Negative log-likelihood of counts that are 0 by one rule, and if not, negative binomial counts above 0.

    Formula: -\log \pi for y = 0, and -\log(1 - \pi) - \log f_y + \log(1 - f_0) else, with the share \pi of zeros and
        the negative binomial probabilities f of mean \mu and variance \mu + \alpha \mu^2
    Use: as HurdlePoissonNLL, where the counts above 0 vary more than Poisson ones.
    Beware: \mu is the mean before zeros are taken out: above 0 it is \mu / (1 - f_0). The third output is the logit of
        \pi.
    Reference: Mullahy (1986), Specification and testing of some modified count data models, Journal of Econometrics
        33:341-365

    >>> hurdle_negative_binomial_nll([[0.0]], [[0.0, 0.0, 0.0]]), hurdle_negative_binomial_nll([[1.0]], [[0.0] * 3])
    (0.69314718, 1.3862944)
    """

    target = COUNT
    heads = named(mean="positive", dispersion="positive", zeros="share")

    def nll(self, y: Tensor, mean: Positive, dispersion: Positive, zeros: Share) -> Tensor:
        nothing, other = negative_binomial(y, mean, dispersion, "quadratic")
        return ops.where(y <= 0, zeros.yes, zeros.no + other + log_less_exp(nothing))

    def rest(self, y: Tensor) -> Tensor:
        return log_factorial(y)

    def start(self, data: Any) -> Start:
        zeros = min(max(data.zeros, 0.01), 0.99)
        return {"mean": max(data.positive_mean - 0.5, 0.1), "dispersion": OVER, "zeros": zeros}


hurdle_negative_binomial_nll = function(HurdleNegativeBinomialNLL)


class ZeroInflatedLogNormalNLL(Likelihood, aliases=("ziln", "ziln_loss", "zero_inflated_lognormal")):
    r"""Negative log-likelihood of amounts that are 0 with a predicted probability, and otherwise log-normal.

    Formula: -\log \pi for y = 0, and -\log(1 - \pi) + \log y + \log s + \tfrac12 \log 2\pi
        + \tfrac12 ((\log y - \mu) / s)^2 else, with the share \pi of zeros
    Use: what a customer will spend: most nothing, a few a lot.
    Beware: the first output is the logit of a zero, not of a purchase. The mean is (1 - \pi) e^{\mu + s^2 / 2}.
    Reference: Wang, Liu and Miao (2019), A deep probabilistic model for customer lifetime value prediction,
        arXiv:1912.07753

    >>> zero_inflated_log_normal_nll([[0.0]], [[0.0, 0.0, 0.0]]), zero_inflated_log_normal_nll([[1.0]], [[0.0] * 3])
    (0.69314718, 1.6120857)
    """

    target = AMOUNT_TARGET
    heads = named(zeros="share", mu="real", sigma="positive")
    atom = 0.0

    def nll(self, y: Tensor, zeros: Share, mu: Tensor, sigma: Positive) -> Tensor:
        none = y <= 0
        z = sigma.under(log(ops.where(none, 1.0, y)) - mu)
        return ops.where(none, zeros.yes, zeros.no + sigma.log + z * (0.5 * z))

    def rest(self, y: Tensor) -> Tensor:
        none = y <= 0
        return ops.where(none, 0.0, log(ops.where(none, 1.0, y)) + 0.5 * math.log(2 * math.pi))

    def start(self, data: Any) -> Start:
        return {
            "zeros": min(max(data.zeros, 0.01), 0.99),
            "mu": math.log(max(data.positive_mean, 1e-300)),
            "sigma": 1.0,
        }


zero_inflated_log_normal_nll = function(ZeroInflatedLogNormalNLL)


class ZeroInflatedBetaNLL(Likelihood, aliases=("zero_inflated_beta", "inflated_beta_nll", "zib")):
    r"""Negative log-likelihood of shares that are 0 with a predicted probability, and otherwise beta distributed.

    Formula: -\log \pi for y = 0, and -\log(1 - \pi) - (a - 1) \log y - (b - 1) \log(1 - y) + \log(\Gamma(a) \Gamma(b)
        / \Gamma(a + b)) else, with the share \pi of zeros
    Use: shares, many of them 0: ground that is covered, time that is spent. For many ones, predict 1 - y.
    Beware: the first output is the logit of a zero. The mean is (1 - \pi) a / (a + b). A target of exactly 1 is read as
        the nearest number below.
    Reference: Ospina and Ferrari (2010), Inflated beta distributions, doi:10.1007/s00362-008-0125-4

    >>> zero_inflated_beta_nll([[0.0]], [[0.0, 0.0, 0.0]]), zero_inflated_beta_nll([[0.5]], [[0.0, 0.0, 0.0]])
    (0.69314718, 0.69314718)
    """

    target = SHARE_TARGET
    heads = named(zeros="share", a="positive", b="positive")
    atom = 0.0

    def read(self, y: Tensor) -> Tensor:
        return read_at_most(y, BELOW_ONE[wide(self.dtype)])

    def nll(self, y: Tensor, zeros: Share, a: Positive, b: Positive) -> Tensor:
        none = y <= 0
        inside = ops.where(none, 0.5, y)
        beta = log_beta(a.value, b.value) - a.times(log(inside)) - b.times(log1p(-inside))
        return ops.where(none, zeros.yes, zeros.no + beta)

    def rest(self, y: Tensor) -> Tensor:
        none = y <= 0
        inside = ops.where(none, 0.5, y)
        return ops.where(none, 0.0, log(inside) + log1p(-inside))

    def start(self, data: Any) -> Start:
        mean = min(max(data.positive_mean, 1e-3), 1 - 1e-3)
        return {"zeros": min(max(data.zeros, 0.01), 0.99), "a": 2 * mean, "b": 2 * (1 - mean)}


zero_inflated_beta_nll = function(ZeroInflatedBetaNLL)


class ContinuousBernoulliNLL(Likelihood, aliases=("continuous_bernoulli",), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of a share under a continuous Bernoulli distribution: a normalised binary cross-entropy.

    Formula: -y \log p - (1 - y) \log(1 - p) - \log C, with C = \frac{2 artanh(1 - 2p)}{1 - 2p}, or 2 for p = \tfrac12
    Use: grey values of images and other shares from 0 to 1, whose ends are common; variational autoencoders.
    Beware: the output is the logit of p, which is not the mean. Without C, which the binary cross-entropy leaves out,
        it is no density.
    Reference: Loaiza-Ganem and Cunningham (2019), The continuous Bernoulli: fixing a pervasive error in variational
        autoencoders, arXiv:1907.06845

    >>> continuous_bernoulli_nll([[0.3]], [[0.0]]), continuous_bernoulli_nll([[1.0]], [[2.0]])
    (0.0, -0.83856064)
    """

    target = SHARE_TARGET
    heads = named(p="share")
    exact = True
    sums = ("y",)

    def read(self, y: Tensor) -> Tensor:
        return y

    def nll(self, y: Tensor, p: Share) -> Tensor:
        size = ops.abs(p.z)
        far = size > 2
        away = ops.where(far, size, 4.0)
        beyond = away * ops.where(p.z > 0, 1 - y, y) + log1p(-ops.exp(-away)) - log(away)
        near = ops.where(far, 0.0, p.z)
        return ops.where(far, beyond, near * (0.5 - y) + log_sinhc(0.5 * near))

    def start(self, data: Any) -> Start:
        low, high = -700.0, 700.0
        for _ in range(80):  # the mean rises with the logit
            z = 0.5 * (low + high)
            mean = 0.5 + z / 12 if abs(z) < 1e-4 else 1 / -math.expm1(-z) - 1 / z
            low, high = (z, high) if mean < data.mean else (low, z)
        return {"p": 1 / (1 + math.exp(-z))}


continuous_bernoulli_nll = function(ContinuousBernoulliNLL)


class BinomialNLL(Likelihood, aliases=("binomial",), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of how many of a known number of trials succeed, whose probability is predicted.

    Formula: -\log \frac{n!}{y! (n - y)!} - y \log p - (n - y) \log(1 - p), with n = trials
    Use: counts of successes among the same number of trials in each row.
    Beware: the output is the logit of p. Every row has the same number of trials.
    Reference: Johnson, Kemp and Kotz (2005), Univariate discrete distributions, Wiley, doi:10.1002/0471715816

    >>> binomial_nll([[0.0]], [[0.0]], trials=2), binomial_nll([[1.0]], [[0.0]], trials=2)
    (1.3862944, 0.69314718)
    """

    trials: Annotated[int, whole("The number of trials.", low=1, unusual=7)] = 10
    heads = named(p="share")
    scipy = "binom"
    variance_power = "share"
    exact = True

    @property
    def target(self) -> Values:  # type: ignore[override]
        return up_to(self.trials)

    def nll(self, y: Tensor, p: Share) -> Tensor:
        return y * p.yes + (self.trials - y) * p.no

    def rest(self, y: Tensor) -> Tensor:
        return -log_choose(self.trials, y)

    def in_scipy(self, p: float) -> Start:
        return {"n": self.trials, "p": p}

    def start(self, data: Any) -> Start:
        return {"p": data.mean / self.trials}


binomial_nll = function(BinomialNLL)


class BetaBinomialNLL(Likelihood, aliases=("beta_binomial",)):
    r"""Negative log-likelihood of successes among a known number of trials, whose probability is itself random.

    Formula: -\log(\frac{n!}{y! (n - y)!} B(a + y, b + n - y) / B(a, b)), with n = trials, the beta function B and the
        shapes a and b
    Use: counts of successes that vary more than a binomial distribution: litters, clicks by user, votes by district.
    Beware: both shapes grow without end where the data vary no more than binomial ones do.
    Reference: Johnson, Kemp and Kotz (2005), Univariate discrete distributions, Wiley, doi:10.1002/0471715816

    >>> beta_binomial_nll([[0.0]], [[0.0, 0.0]], trials=2), beta_binomial_nll([[1.0]], [[0.0, 0.0]], trials=2)
    (1.0986123, 1.0986123)
    """

    trials: Annotated[int, whole("The number of trials.", low=1, unusual=7)] = 10
    heads = named(a="positive", b="positive")
    scipy = "betabinom"

    @property
    def target(self) -> Values:  # type: ignore[override]
        return up_to(self.trials)

    def nll(self, y: Tensor, a: Positive, b: Positive) -> Tensor:
        k, odds = self.trials - y, a.log - b.log
        whole_rise = log_rise(a.value + b.value, self.trials + 0.0 * y)
        shares = y * softplus(-odds) + k * softplus(odds)
        return shares + whole_rise - log_rise(a.value, y) - log_rise(b.value, k)

    def rest(self, y: Tensor) -> Tensor:
        return -log_choose(self.trials, y)

    def in_scipy(self, a: float, b: float) -> Start:
        return {"n": self.trials, "a": a, "b": b}

    def start(self, data: Any) -> Start:
        p = min(max(data.mean / self.trials, 0.01), 0.99)
        return {"a": 4 * p, "b": 4 * (1 - p)}


beta_binomial_nll = function(BetaBinomialNLL)
