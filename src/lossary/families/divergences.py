"""Divergences: how far one distribution is from another."""

from typing import Annotated, Any

from ..core.axes import Axis, Plane
from ..core.contract import SOFT_LABEL, Contract
from ..core.forms import Divergence, Pointwise
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import flag, fraction
from ..core.results import Fused
from ..core.scenes import LOG_BOTH, LOG_SHARES
from ..core.slots import LOG_PROBABILITY
from ..numerics import ops
from ..numerics.backend import expm1, log1p, total
from ..numerics.stable import (
    SMALLEST,
    at_least,
    exp_less_line,
    log_ratio,
    nll,
    power,
    read_at_least,
    reciprocal,
    square_root,
    times_exp,
    wide,
)


class KLDivergence(
    Divergence,
    aliases=("kld", "KLD", "kullback_leibler_divergence", "kullback_leibler", "kl", "relative_entropy"),
    traits=("convex",),
    positional="reduction name dtype",
):
    r"""The information lost when the distribution y_pred is used in place of y_true.

    Formula: \sum_c y_c \log(y_c / p_c) over the last axis
    Use: targets that are distributions: soft labels, a teacher's output, proportions.
    Beware: not symmetric; non-negative only if both rows sum to 1. torch's KLDivLoss takes log-probabilities, and its
        arguments in the other order.
    Reference: Kullback and Leibler (1951), On information and sufficiency, doi:10.1214/aoms/1177729694
    Elsewhere:
        keras.losses.KLDivergence

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]), kl_divergence([[1.0, 0.0]], [[1e-8, 1.0]])
    (0.14384104, 18.420681)
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return y * log_ratio(y, p, self.dtype)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return -y * reciprocal(p, self.dtype)


kl_divergence = function(KLDivergence)


class ReverseKL(Divergence, aliases=("reverse_kl_divergence", "rkl"), traits=("convex",)):
    r"""The information lost when y_true is used in place of y_pred: predictions stay where the target has mass.

    Formula: \sum_c p_c \log(p_c / y_c) over the last axis
    Use: distillation into a small model, which should be right about what it predicts rather than cover everything.
    Beware: a target of exactly 0 is read as the smallest positive number: soft targets suit it. It settles on one of
        several peaks.
    Reference: Gu, Dong, Wei and Huang (2024), MiniLLM: knowledge distillation of large language models,
        arXiv:2306.08543

    >>> reverse_kl([[0.25, 0.75]], [[0.5, 0.5]])
    0.14384104
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return p * log_ratio(p, y, self.dtype)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return log_ratio(p, y, self.dtype) + 1


reverse_kl = function(ReverseKL)


class Jeffreys(
    Divergence, aliases=("symmetric_kl", "j_divergence", "spectral_information_divergence"), traits=("convex",)
):
    r"""The sum of the two Kullback-Leibler divergences: symmetric, and large where either side has no mass.

    Formula: \sum_c (p_c - y_c) \log(p_c / y_c) over the last axis
    Use: two distributions, neither of them the truth, such as two models, or spectra.
    Beware: zeros are read as the smallest positive number, on both sides. Some divide it by 2.
    Reference: Jeffreys (1946), An invariant form for the prior probability in estimation problems,
        doi:10.1098/rspa.1946.0056

    >>> jeffreys([[0.25, 0.75]], [[0.5, 0.5]])
    0.27465307
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return (p - y) * log_ratio(p, y, self.dtype)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return (p - y) * reciprocal(p, self.dtype) + log_ratio(p, y, self.dtype)


jeffreys = function(Jeffreys)


class JensenShannon(
    Divergence, aliases=("js_divergence", "jsd", "jensen_shannon_divergence"), traits=("convex", "bounded", "smooth")
):
    r"""How far the target and the prediction are from their mixture: symmetric at beta = 1/2, and at most log 2.

    Formula: \beta \sum_c y_c \log\frac{y_c}{m_c} + (1 - \beta) \sum_c p_c \log\frac{p_c}{m_c}, with
        m_c = \beta y_c + (1 - \beta) p_c
    Use: distillation and consistency of predictions, where targets may hold zeros.
    Beware: natural logarithms. It is the divergence, not the distance, which is its root. Where no class has mass in
        both, the gradient is uninformative.
    Reference: Lin (1991), Divergence measures based on the Shannon entropy, doi:10.1109/18.61115

    >>> jensen_shannon([[1.0, 0.0]], [[0.0, 1.0]]), jensen_shannon([[0.5, 0.5]], [[0.5, 0.5]])
    (0.69314718, 0.0)
    """

    beta: Annotated[float, fraction("The weight of the target in the mixture.")] = 0.5

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        ours = (1 - self.beta) * (p * self.log_part(p, y, self.beta))
        return self.beta * (y * self.log_part(y, p, 1 - self.beta)) + ours

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return (1 - self.beta) * self.log_part(p, y, self.beta)

    def log_part(self, a: Tensor, b: Tensor, w: float) -> Tensor:
        """log(a / m) with the mixture m = a + w (b - a), exact also where a is nearly b."""
        normal = a >= SMALLEST[wide(self.dtype)]
        near = -log1p(w * ((b - a) / ops.where(normal, a, 1.0)))
        return ops.where(normal, near, log_ratio(a, a + w * (b - a), self.dtype))


jensen_shannon = function(JensenShannon)


class Hellinger(
    Divergence, aliases=("squared_hellinger", "hellinger_distance"), traits=("convex", "bounded", "smooth")
):
    r"""Half the squared distance of the roots of two distributions: 0 where equal, 1 where they do not overlap.

    Formula: \tfrac12 \sum_c (\sqrt{y_c} - \sqrt{p_c})^2 over the last axis
    Use: targets that are distributions, where zeros must not make the loss infinite.
    Beware: it is the square of the Hellinger distance. The gradient at a probability near 0 is large.
    Reference: Gibbs and Su (2002), On choosing and bounding probability metrics, International Statistical Review
        70(3):419-435, doi:10.1111/j.1751-5823.2002.tb00178.x

    >>> hellinger([[1.0, 0.0]], [[0.25, 0.75]])
    0.5
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        roots = square_root(y) + square_root(p)
        return 0.5 * ops.square((p - y) / ops.where(roots > 0, roots, 1.0))

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        b = ops.sqrt(at_least(p, SMALLEST[wide(self.dtype)]))
        return 0.5 * ((p - y) / (square_root(y) + b)) / b


hellinger = function(Hellinger)


class TotalVariationDistance(Divergence, aliases=("tvd", "total_variation_divergence"), traits=("convex", "bounded")):
    r"""Half the sum of absolute differences: the largest difference in probability that any event can have.

    Formula: \tfrac12 \sum_c |y_c - p_c| over the last axis
    Use: distillation and targets that are distributions, where single classes must not dominate.
    Beware: not the total variation of an image. The gradient gives only the direction, not how far.
    Reference: Gibbs and Su (2002), On choosing and bounding probability metrics, International Statistical Review
        70(3):419-435, doi:10.1111/j.1751-5823.2002.tb00178.x

    >>> total_variation_distance([[1.0, 0.0]], [[0.25, 0.75]])
    0.75
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return 0.5 * ops.abs(p - y)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return 0.5 * ops.sign(p - y)


total_variation_distance = function(TotalVariationDistance)


class TriangularDiscrimination(
    Divergence, aliases=("symmetric_chi_squared", "vincze_le_cam"), traits=("convex", "bounded", "smooth")
):
    r"""The chi-squared distance of two histograms: squared differences, each relative to what both have there.

    Formula: \sum_c \frac{(y_c - p_c)^2}{y_c + p_c} over the last axis
    Use: histograms and proportions with zeros; rare classes count as much as frequent ones.
    Beware: at most 2. Some divide it by 2. It is symmetric, unlike the chi-squared of a test, whose denominator is one
        side alone.
    Reference: Topsøe (2000), Some inequalities for information divergence and related measures of discrimination,
        doi:10.1109/18.850703

    >>> triangular_discrimination([[1.0, 0.0]], [[0.25, 0.75]])
    1.2
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return (p - y) * self.part(p - y, y + p)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return self.part(p - y, y + p) * (1 + 2 * self.part(y, y + p))

    def part(self, a: Tensor, whole: Tensor) -> Tensor:
        """What a is of the whole; of nothing, nothing."""
        return a / ops.where(whole > 0, whole, 1.0)


triangular_discrimination = function(TriangularDiscrimination)


class SquaredEMD(
    Divergence, aliases=("emd", "squared_earth_mover", "earth_mover_distance", "emd_loss"), traits=("convex", "smooth")
):
    r"""The squared distance of two cumulative distributions: mass costs more the farther it lies from its class.

    Formula: \sum_c (Y_c - P_c)^2, with the cumulative sums Y of y_true and P of y_pred over the last axis
    Use: classes in an order, such as ages and scores of quality, where a near miss is better than a far one.
    Beware: the classes must stand in their order. Others take the mean over the classes, or its root.
    Reference: Hou, Yu and Samaras (2016), Squared earth mover's distance-based loss for training deep neural networks,
        arXiv:1611.05916

    >>> squared_emd([[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]), squared_emd([[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    (1.0, 2.0)
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return total(ops.square(ops.cumsum(y_pred - y_true, axis=-1)), -1)


squared_emd = function(SquaredEMD)


class LogKL(Pointwise, aliases=("kl_divergence_log_targets", "kl_of_logs"), tasks=("distribution",),
            traits=("convex",)):  # fmt: skip
    r"""The Kullback-Leibler divergence where the model gives log-probabilities, and perhaps the target too.

    Formula: \sum_c y_c (\log y_c - q_c), with the log-probabilities q = y_pred; the target is e^{y_c} for log_target;
        with \sum_c (e^{q_c} - y_c) more for unnormalized
    Use: distillation of models that end in a log-softmax, and of teachers whose log-probabilities are kept.
    Beware: the gradient does not lower the other classes: the model's log-softmax does. torch's mean divides by all
        entries, which is average=True; its "batchmean" is what is here.
    Reference: Kullback and Leibler (1951), On information and sufficiency, doi:10.1214/aoms/1177729694
    Elsewhere:
        torch.nn.KLDivLoss, torch.nn.functional.kl_div(reduction={"batchmean"}, log_target=False) ->
            log_target=log_target, reduction="sum_over_batch_size", entries=False
        torch.nn.KLDivLoss, torch.nn.functional.kl_div(log_target=False) -> log_target=log_target, average=True
        optax.losses.kl_divergence(axis=-1) -> entries=False
        optax.losses.kl_divergence_with_log_targets(axis=-1) -> log_target=True, entries=False
        optax.losses.generalized_kl_divergence, optax.losses.convex_kl_divergence(axis=-1) -> unnormalized=True,
            entries=False

    >>> log_kl([[0.5, 0.5]], [[-1.38629436, -0.28768207]]), log_kl([[0.0]], [[-1.0]], log_target=True)
    (0.14384104, 1.0)
    """

    missable = False  # the classes of a row are one target

    log_target: Annotated[bool, flag("Whether the targets are log-probabilities too.")] = False
    average: Annotated[bool, flag("Whether the value of a row is the mean over its classes, not their sum.")] = False
    unnormalized: Annotated[bool, flag("Whether totals count too, as in GeneralizedKL: they need not be 1.")] = False

    @property
    def contract(self) -> Contract:
        return Contract(LOG_PROBABILITY if self.log_target else SOFT_LABEL, LOG_PROBABILITY)

    def drawn_over(self) -> list[Axis]:
        return [LOG_BOTH if self.log_target else LOG_SHARES]

    def mapped_over(self) -> Plane | None:
        return None

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        found = times_exp(y - p, y) if self.log_target else y * (-nll(y, self.dtype) - p)
        return found + ops.exp(p) - (ops.exp(y) if self.log_target else y) if self.unnormalized else found

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        slope = -ops.exp(y) if self.log_target else -y
        return ops.exp(p) + slope if self.unnormalized else slope

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return Fused(self.kernel, y_pred, y_true, sums=not self.average)


log_kl = function(LogKL)


class ChiSquared(Divergence, aliases=("pearson_divergence", "chi_square", "pearson_chi_squared"),
                 traits=("convex",)):  # fmt: skip
    r"""Pearson's divergence: squared differences of shares, each relative to what is predicted there.

    Formula: \sum_c \frac{(y_c - p_c)^2}{p_c} over the last axis
    Use: histograms whose rare classes must not be predicted as rarer still.
    Beware: grows without limit where the prediction has no mass: a predicted 0 is read as the smallest number. The
        symmetric one, with both in the denominator, is TriangularDiscrimination.
    Reference: Gibbs and Su (2002), On choosing and bounding probability metrics, International Statistical Review
        70(3):419-435, doi:10.1111/j.1751-5823.2002.tb00178.x

    >>> chi_squared([[0.5, 0.5]], [[0.25, 0.75]])
    0.33333333
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return (p - y) * ((p - y) / at_least(p, SMALLEST[wide(self.dtype)]))

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        ratio = y / at_least(p, SMALLEST[wide(self.dtype)])
        return ((p - y) / at_least(p, SMALLEST[wide(self.dtype)])) * (1 + ratio)


chi_squared = function(ChiSquared)


class AlphaDivergence(Divergence, aliases=("amari_alpha", "renyi_alpha", "tsallis_divergence"),
                      traits=("convex", "smooth")):  # fmt: skip
    r"""From the Kullback-Leibler divergence (alpha towards 1) to its reverse (towards 0), by way of Hellinger's.

    Formula: \sum_c \frac{\alpha y_c + (1 - \alpha) p_c - y_c^\alpha p_c^{1 - \alpha}}{\alpha (1 - \alpha)}
    Use: distillation and variational inference, to choose between covering all of the target and settling on a peak.
    Beware: 4 times Hellinger's at alpha = 1/2. Rényi's divergence is a logarithm of the same sum, with the same
        minimum. The gradient at a probability near 0 is large.
    Reference: Amari (2009), Alpha-divergence is unique, belonging to both f-divergence and Bregman divergence classes,
        IEEE Transactions on Information Theory 55(11):4925-4931

    >>> alpha_divergence([[0.5, 0.5]], [[0.25, 0.75]]), alpha_divergence([[1.0, 0.0]], [[0.25, 0.75]])
    (0.13629669, 2.0)
    """

    alpha: Annotated[float, fraction("Near 1 the prediction covers the target; near 0 it stays inside.")] = 0.5

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        a, least = self.alpha, SMALLEST[wide(self.dtype)]
        log = log_ratio(at_least(p, least), at_least(y, least), self.dtype)
        near = ops.abs(log) < 1
        small = ops.where(near, log, 0.0)
        close = y * ((1 - a) * exp_less_line(small) - exp_less_line((1 - a) * small))
        both = power(at_least(y, 0.0), a) * power(at_least(p, 0.0), 1 - a)
        return ops.where(near, close, (a * y + (1 - a) * p) - both) / (a * (1 - a))

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        least = SMALLEST[wide(self.dtype)]
        y, p, a = at_least(y, least), at_least(p, least), self.alpha
        log = log_ratio(p, y, self.dtype)
        near = ops.abs(log) < 1
        return ops.where(near, -expm1(-a * ops.where(near, log, 0.0)), 1 - power(y, a) / power(p, a)) / a


alpha_divergence = function(AlphaDivergence)


class Bhattacharyya(Divergence, aliases=("bhattacharyya_distance",), traits=("convex",)):
    r"""Minus the logarithm of the overlap of two distributions: 0 where equal, large where they hardly overlap.

    Formula: -\log \sum_c \sqrt{y_c p_c} over the last axis
    Use: histograms and targets that are distributions, with zeros in either.
    Beware: with no class in common it is as large as if the overlap were the smallest number, and has no gradient. Half
        of Rényi's divergence of order 1/2.
    Reference: Bhattacharyya (1943), On a measure of divergence between two statistical populations defined by their
        probability distributions, Bulletin of the Calcutta Mathematical Society 35:99-109

    >>> bhattacharyya([[1.0, 0.0]], [[0.25, 0.75]])
    0.69314718
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        least = SMALLEST[wide(self.dtype)]
        roots = ops.sqrt(at_least(y_true, 0.0)) * ops.where(y_true > 0, ops.sqrt(read_at_least(y_pred, least)), 0.0)
        return nll(total(roots, -1), self.dtype)


bhattacharyya = function(Bhattacharyya)


class Wasserstein(
    Divergence, aliases=("wasserstein_1d", "wasserstein_of_histograms", "cdf_distance"), traits=("convex",)
):
    r"""The work of moving one distribution onto the other: mass times the number of classes it moves by.

    Formula: \sum_{c < C} |Y_c - P_c|, with the cumulative sums Y of y_true and P of y_pred over the C classes
    Use: classes in an order, and spectra or histograms over a line; a far miss costs in proportion.
    Beware: the classes must stand in their order, at equal distances. Its gradient gives only the direction; SquaredEMD
        is smooth.
    Reference: Ramdas, García Trillos and Cuturi (2017), On Wasserstein two-sample testing and related families of
        nonparametric tests, doi:10.3390/e19020047

    >>> wasserstein([[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]]), wasserstein([[1.0, 0.0]], [[0.5, 0.5]])
    (2.0, 0.5)
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return total(ops.abs(ops.cumsum(y_pred - y_true, axis=-1)[..., :-1]), -1)  # at the last one both are 1


wasserstein = function(Wasserstein)
