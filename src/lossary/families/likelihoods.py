"""Likelihoods: the negative log-probability of the targets under a predicted distribution."""

import itertools
import math
from typing import Annotated

from ..core import axes
from ..core.contract import COUNT, RATE, REAL, Contract, Values
from ..core.errors import ParameterError
from ..core.forms import Distance, Parameters, Pointwise
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import INF, choice, flag, fraction, numbers, positive
from ..core.slots import LOG_VARIANCE, Slot, declare
from ..numerics import ops
from ..numerics.backend import if_all_at_least, log, total
from ..numerics.classes import nll_of_one_logit
from ..numerics.stable import (
    SMALLEST,
    exp_less_line,
    log_of,
    nll,
    power,
    reciprocal,
    times_exp,
    unless_nan,
    wide,
    with_slope,
    with_slopes,
)


class Poisson(
    Pointwise,
    aliases=("poisson_loss",),
    traits=("convex", "smooth"),
    positional="reduction name dtype",
):
    r"""Negative log-likelihood of counts at a predicted rate; minimised by the mean count.

    Formula: p - y \log p, with y = y_true and p = y_pred (or e^z - y z with z = y_pred for log_rate=True)
    Use: counts of events: calls per hour, visits per day. Prefer a linear last layer with log_rate=True.
    Beware: the constant log(y!) is left out, so the value can be negative. A rate of exactly 0 is read as the smallest
        positive number.
    Reference: McCullagh and Nelder (1989), Generalized linear models, doi:10.1007/978-1-4899-3242-6
    Elsewhere:
        keras.losses.Poisson
        torch.nn.PoissonNLLLoss, torch.nn.functional.poisson_nll_loss(log_input=True, full=False, eps=1e-08) ->
            log_rate=log_input
        tf.nn.log_poisson_loss(compute_full_loss=False) -> log_rate=True
        sklearn._loss.HalfPoissonLoss -> log_rate=True
        lightgbm.objective:poisson -> log_rate=True
        catboost.Poisson -> log_rate=True

    >>> poisson([[4.0]], [[3.0]]), poisson([[4.0]], [[0.0]], log_rate=True)
    (-1.3944492, 1.0)
    """

    log_rate: Annotated[bool, flag("Whether y_pred is the logarithm of the rate.")] = False

    @property
    def contract(self) -> Contract:
        return Contract(COUNT, REAL if self.log_rate else RATE)

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        if self.log_rate:
            rate = ops.exp(p)
            return rate - ops.where(ops.isinf(rate), 0.0, y) * p  # both may be beyond the largest number
        return p + y * nll(p, self.dtype)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return ops.exp(p) - y if self.log_rate else 1 - y * reciprocal(p, self.dtype)


poisson = function(Poisson)

SPREADS = Values("a mean and a spread", neutral=1.0)


class GaussianNLL(Parameters, aliases=("gaussian", "gaussian_negative_log_likelihood"), traits=("likelihood",)):
    r"""Negative log-likelihood of a normal distribution whose mean and spread are both predicted.

    Formula: \tfrac12 (\log v + (y - \mu)^2 / v) + \tfrac12 \log 2\pi, with y_pred = (\mu, spread) along the last
        axis, or as two tensors named mean and spread, and v the variance that the spread stands for
    Use: when the noise differs from row to row, or error bars are wanted. With a fixed spread it has the same minimum
        as the squared error.
    Beware: densities may exceed 1, so the value can be negative. full=False leaves out the constant \tfrac12 \log 2\pi,
        as torch does.
    Reference: Nix and Weigend (1994), Estimating the mean and variance of the target probability distribution,
        doi:10.1109/ICNN.1994.374138
    Elsewhere:
        torch.nn.GaussianNLLLoss, torch.nn.functional.gaussian_nll_loss(full=False, eps=1e-06) ->
            spread='variance', full=full

    >>> gaussian_nll([[1.0]], [[0.0, 0.0]]), gaussian_nll([[1.0]], [[0.0, 2.0]], spread="variance", full=False)
    (1.4189385, 0.5965736)
    """

    spread: Annotated[str, choice("What the second output is.", "log_variance", "variance", "std")] = "log_variance"
    full: Annotated[
        bool, flag("Whether to include the constant, so that the value is minus the log density.", unusual=False)
    ] = True
    prediction = SPREADS
    heads = ("mean", "spread")
    unfit = "it needs a second prediction, the variance"

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.mean_and_spread(self.spread)]

    def mapped_over(self) -> axes.Plane | None:
        second = (-2.0, 3.0) if self.spread == "log_variance" else (0.1, 4.0)
        return axes.parameters(("mean (target: 0)", self.spread.replace("_", " ")), second)

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        distance, spread = y - parts[..., 0], parts[..., 1]
        if self.spread == "log_variance":
            half_log = 0.5 * spread
        else:
            spread = self.readable(spread, distance)
            half_log = with_slope(log, self.inverse)(spread) * (0.5 if self.spread == "variance" else 1.0)
        constant = 0.5 * math.log(2 * math.pi) if self.full else 0.0
        root = self.root_of_weight(ops.stop_gradient(spread))
        if root is None:
            return half_log + self.misfit(distance, spread) + constant
        return root * root * (half_log + constant) + self.misfit(distance * root, spread)

    def root_of_weight(self, spread: Tensor) -> Tensor | None:
        """The root of what each value is multiplied by; None for 1."""
        return None

    def misfit(self, distance: Tensor, spread: Tensor) -> Tensor:
        """Half the squared distance in standard deviations, with slopes that square neither alone."""

        def in_deviations(d: Tensor, s: Tensor) -> Tensor:  # divided: graphs of TensorFlow round reciprocals badly
            return times_exp(d, -0.5 * s) if self.spread == "log_variance" else d / self.std(s)

        def slopes(d: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
            if self.spread == "variance":
                by_d = d / s
                return by_d, -0.5 * by_d * by_d
            z = in_deviations(d, s)
            if self.spread == "log_variance":
                return in_deviations(z, s), -z * (0.5 * z)
            by_d = z * self.inverse(s)  # XLA would divide by s * s, which may be 0
            return by_d, -z * by_d

        def value(d: Tensor, s: Tensor) -> Tensor:
            z = in_deviations(d, s)
            return z * (0.5 * z)

        return with_slopes(value, slopes)(distance, spread)

    def inverse(self, spread: Tensor) -> Tensor:
        """1 / spread; of a subnormal one, that of the smallest normal number."""
        return 1 / ops.maximum(spread, SMALLEST[wide(self.dtype)])

    def std(self, spread: Tensor) -> Tensor:
        """The standard deviation that a spread stands for."""
        return ops.sqrt(spread) if self.spread == "variance" else spread

    def readable(self, spread: Tensor, distance: Tensor) -> Tensor:
        """A spread of 0 or less is read as one that the distance of the target makes plausible; its gradient passes."""

        def read() -> Tensor:
            std = ops.clip(2.0**-20 * ops.abs(ops.stop_gradient(distance)), 2.0**-30, 2.0**62)
            least = ops.square(std) if self.spread == "variance" else std
            return ops.where(spread > 0, spread, least + (spread - ops.stop_gradient(spread)))

        return if_all_at_least(SMALLEST[wide(self.dtype)], (spread,), lambda: spread, read)


gaussian_nll = function(GaussianNLL)


class BetaNLL(GaussianNLL, aliases=("beta_gaussian_nll", "beta_nll_loss"), traits=(), positional="beta"):
    r"""The normal likelihood of GaussianNLL, times a power of the predicted variance that has no gradient.

    Formula: v^\beta (\tfrac12 (\log v + (y - \mu)^2 / v) + \tfrac12 \log 2\pi), with v the variance that the spread
        stands for, and no gradient through v^\beta
    Use: predicted means that stay poor under GaussianNLL, because rows with a large variance have hardly any gradient;
        `beta` = 1 gives them that of the squared error.
    Beware: its value is no likelihood: compare models by GaussianNLL. Not a beta distribution: BetaDistributionNLL.
    Reference: Seitzer, Tavakoli, Antic and Martius (2022), On the pitfalls of heteroscedastic uncertainty estimation
        with probabilistic neural networks, arXiv:2203.09168

    >>> beta_nll([[1.0]], [[0.0, 0.0]]), beta_nll([[1.0]], [[0.0, 4.0]], spread="variance", full=False)
    (1.4189385, 1.6362944)
    """

    beta: Annotated[float, fraction("The power of the variance; 0 is GaussianNLL.", closed=True)] = 0.5
    holds_fixed = True

    def root_of_weight(self, spread: Tensor) -> Tensor | None:
        if self.spread == "log_variance":
            return ops.exp(0.5 * self.beta * spread)
        return power(spread, self.beta * (0.5 if self.spread == "variance" else 1.0))


beta_nll = function(BetaNLL)


class FixedGaussianNLL(
    Distance,
    aliases=("gaussian_mean_nll", "homoscedastic_gaussian_nll"),
    traits=("convex", "likelihood", "smooth", "symmetric"),
):
    r"""Negative log-likelihood of a normal distribution whose mean is predicted and whose spread is known.

    Formula: \tfrac12 (e / \sigma)^2 + \log \sigma + \tfrac12 \log 2\pi, with e = y_pred - y_true and \sigma = std
    Use: a squared error in units of a known noise, so that it may be added to other log-likelihoods.
    Beware: \sigma does not change the best mean: it only weights this loss against others.
    Reference: Bishop (2006), Pattern recognition and machine learning, Springer, section 1.2.5

    >>> fixed_gaussian_nll([[0.0]], [[0.0]]), fixed_gaussian_nll([[0.0]], [[2.0]], std=2.0)
    (0.91893853, 2.1120857)
    """

    std: Annotated[float, positive("The standard deviation of the noise.", slide=(0.2, 3.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        z = e / self.std
        return z * (0.5 * z) + (log_of(self.std) + 0.5 * math.log(2 * math.pi))

    def slope(self, e: Tensor) -> Tensor:
        return e / self.std / self.std


fixed_gaussian_nll = function(FixedGaussianNLL)


class BinnedNLL(Loss, aliases=("binned", "histogram_nll", "binned_density"), tasks=("regression",)):
    r"""Negative log-likelihood of a histogram: the probability of each bin is predicted, and even within a bin.

    Formula: -\log p_b + \log w_b, with the bin b that y_true lies in, its width w and p = softmax(y_pred)
    Use: targets whose distribution has any shape, such as several peaks; classification instead of regression.
    Beware: takes one logit for each bin. Targets beyond the outer edges count as in the first and the last bin. Without
        `edges`, bin k reaches from k to k + 1. To this loss, neighbouring bins are no closer than distant ones.
    Reference: Rabanser, Januschowski, Flunkert, Salinas and Gasthaus (2020), The effectiveness of discretization in
        forecasting: an empirical study on neural time series models, arXiv:2005.10111

    >>> binned_nll([0.5], [[0.0, 0.0]]), binned_nll([3.0], [[0.0, 0.0]], edges=[0.0, 1.0, 5.0])
    (0.69314718, 2.0794415)
    """

    edges: Annotated[
        tuple[float, ...] | None,
        numbers("The edges of the bins, rising, one more than there are bins.", low=-INF,
                unusual=(-1.5, -0.5, 0.0, 0.5, 2.5)),
    ] = None  # fmt: skip

    inputs = declare(y_true=Slot(REAL, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...", "bin")))

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def validate(self) -> None:
        ends = self.edges if isinstance(self.edges, tuple) else (self.edges,)
        if self.edges is not None and (len(ends) < 2 or any(b <= a for a, b in itertools.pairwise(ends))):
            raise ParameterError(
                "BinnedNLL(edges=...) says where the bins begin and end.",
                arrived=f"It was given edges={self.edges}.",
                allowed="Expected at least two numbers, each larger than the one before.",
                do="Pass for instance np.quantile(y_train, np.linspace(0, 1, 11)), of different numbers.",
            )

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        ends = self.edges or tuple(map(float, range(y_pred.shape[-1] + 1)))
        inner = ops.convert_to_tensor(ends[1:-1], dtype=y_true.dtype)
        place = ops.sum(ops.cast(ops.expand_dims(y_true, -1) >= inner, "int32"), axis=-1)
        widths = [b - a for a, b in itertools.pairwise(ends)]
        width = ops.take(log(ops.convert_to_tensor(widths, y_pred.dtype)), place)
        return nll_of_one_logit(y_pred, place) + unless_nan(width, y_true)


binned_nll = function(BinnedNLL)


class GaussianKL(Loss, aliases=("vae_kl", "kl_to_standard_normal", "latent_kl"), tasks=("distribution",)):
    r"""How far predicted normal distributions are from the standard one: keeps the codes of an autoencoder in order.

    Formula: \tfrac12 \sum_j (\mu_j^2 + e^{v_j} - v_j - 1), with the mean \mu and the log-variance v of each code
    Use: variational autoencoders, as a term beside the error of the reconstruction, such as 0.1 * ls.GaussianKL().
    Beware: sums over the codes of a row; where the other term is a mean over pixels, the balance between them changes.
        Takes predictions only, without targets.
    Reference: Kingma and Welling (2013), Auto-encoding variational Bayes, arXiv:1312.6114

    >>> gaussian_kl([[1.0, 0.0]], [[0.0, 0.0]]), gaussian_kl([[0.0]], [[1.0]])
    (0.5, 0.35914091)
    """

    inputs = declare(mean=Slot(REAL, ("row", "feature")), log_variance=Slot(LOG_VARIANCE, ("row", "feature")), stack=1)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["code"]]

    def call(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        return 0.5 * total(ops.square(mean) + exp_less_line(log_variance), -1)


gaussian_kl = function(GaussianKL)
