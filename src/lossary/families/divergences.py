"""Divergences: how far one distribution is from another."""

from typing import Annotated

from ..core.forms import Divergence
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import fraction
from ..numerics import ops
from ..numerics.backend import log1p, total
from ..numerics.stable import SMALLEST, at_least, log_ratio, reciprocal, square_root, wide


class KLDivergence(
    Divergence,
    aliases=("kld", "KLD", "kullback_leibler", "kl", "relative_entropy"),
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
    Unlike:
        torch.nn.KLDivLoss, torch.nn.functional.kl_div: of log-probabilities, entry by entry
        optax.losses.kl_divergence: of log-probabilities

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
    Use: distillation by a small model, which shall be right about what it says rather than say everything.
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
    Use: two distributions of which neither is the truth, such as two models, or spectra.
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
    Beware: natural logarithms. It is the divergence, not the distance, which is its root. Where classes have no mass in
        common, the gradient says little.
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
    r"""Half the squared distance of the roots of two distributions: 0 where they are equal, 1 where they do not meet.

    Formula: \tfrac12 \sum_c (\sqrt{y_c} - \sqrt{p_c})^2 over the last axis
    Use: targets that are distributions, where zeros must not make the loss infinite.
    Beware: it is the square of the Hellinger distance. The slope by a probability near 0 is steep.
    Reference: Gibbs and Su (2002), On choosing and bounding probability metrics, International Statistical Review
        70(3):419-435

    >>> hellinger([[1.0, 0.0]], [[0.25, 0.75]])
    0.5
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        roots = square_root(y) + square_root(p)
        return 0.5 * ops.square((p - y) / ops.where(roots > 0, roots, 1.0))

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        a, b = (ops.sqrt(at_least(x, SMALLEST[wide(self.dtype)])) for x in (y, p))
        return 0.5 * ((p - y) / (a + b)) / b


hellinger = function(Hellinger)


class TotalVariationDistance(Divergence, aliases=("tvd", "total_variation_divergence"), traits=("convex", "bounded")):
    r"""Half the sum of absolute differences: the largest difference in probability that any event can have.

    Formula: \tfrac12 \sum_c |y_c - p_c| over the last axis
    Use: distillation and targets that are distributions, where single classes must not dominate.
    Beware: not the total variation of an image. The gradient says the direction alone, not how far.
    Reference: Gibbs and Su (2002), On choosing and bounding probability metrics, International Statistical Review
        70(3):419-435

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
