"""Multi-label classification and detection: many yes/no questions, of which few are answered yes."""

from typing import Annotated

from ..core import axes
from ..core.contract import LOGIT, SIGN, Contract
from ..core.forms import Binary, Probabilities, YesNo, absent
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import fraction, nonnegative, number
from ..numerics import ops
from ..numerics.backend import log, log1p
from ..numerics.classes import nll_of_one_logit
from ..numerics.stable import LARGE, SMALLEST, at_least, constant, power, read_at_least

Focus = Annotated[float, nonnegative("How strongly easy entries are down-weighted.", slide=(0.0, 5.0))]


class PolyBinaryCrossEntropy(Binary, aliases=("binary_poly_loss", "poly_bce"), traits=("smooth",)):
    r"""The binary cross-entropy with more weight on the first term of its series, 1 - p_t.

    Formula: -\log p_t + \epsilon_1 (1 - p_t), with p_t = p for y = 1 and 1 - p for y = 0
    Use: as the binary cross-entropy, where one number may be tuned.
    Beware: with epsilon_1 = 0 it is the binary cross-entropy. timm's has a focal factor too, off by default.
    Reference: Leng, Tan, Liu, Cubuk, Shi, Cheng and Anguelov (2022), PolyLoss: a polynomial expansion perspective of
        classification loss functions, arXiv:2204.12511
    Elsewhere:
        timm.loss.PolyBinaryCrossEntropy(epsilon=2.0, gamma=0.0, smoothing=0.0) -> epsilon_1=epsilon, from_logits=True

    >>> poly_binary_cross_entropy([[1.0]], [[0.5]])
    1.69314718
    """

    epsilon_1: Annotated[float, number("The weight of 1 - p_t.", slide=(-1.0, 5.0), low=-1.0)] = 2.0

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        p, q = probabilities()
        yes, no = self.weighed(yes, no)
        return y * yes + n * no + self.epsilon_1 * (y * q + n * p)

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        yes, no = self.weighed(x.by_yes, x.by_no)
        return y * yes + n * no + self.epsilon_1 * ((n - y) * x.by_p)


poly_binary_cross_entropy = function(PolyBinaryCrossEntropy)


class AsymmetricMultiLabel(Binary, aliases=("asymmetric_loss", "asl")):
    r"""A focal loss for many labels: no-labels are down-weighted more than yes-labels, sure ones not counted at all.

    Formula: -y\,(1 - p)^{\gamma_{pos}} \log p - (1 - y)\,p_m^{\gamma_{neg}} \log(1 - p_m), with p_m = \max(p - clip, 0)
    Use: multi-label classification in which most labels are 0.
    Beware: the defaults are those of timm; the paper has gamma_pos = 0. A no-label that is predicted with less than
        `clip` has no gradient. Sums over labels in other libraries are means here.
    Reference: Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter and Zelnik-Manor (2021), Asymmetric loss for
        multi-label classification, arXiv:2009.14119
    Elsewhere:
        timm.loss.AsymmetricLossMultiLabel(gamma_neg=4.0, gamma_pos=1.0, clip=0.05, reduction="batchmean") ->
            gamma_neg=gamma_neg, gamma_pos=gamma_pos, clip=clip, from_logits=True

    >>> asymmetric_multi_label([[1.0, 0.0]], [[0.5, 0.55]])
    0.19494764
    """

    gamma_pos: Focus = 1.0
    gamma_neg: Focus = 4.0
    clip: Annotated[float, fraction("Probabilities of a yes below it do not count.", closed=True, slide=(0.0, 0.3))] = (
        0.05
    )

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        p, q = probabilities()
        no, kept = self.margin(p, no, q)
        yes, no = self.weighed(yes, no)
        right = power(read_at_least(q, SMALLEST[self.dtype]), self.gamma_pos) * yes
        return y * right + n * (power(kept, self.gamma_neg) * no)

    def margin(self, p: Tensor, no: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        """-log(1 - p_m) and p_m, a tiny number where it is 0. (XLA would add clip to the 1 of 1 - p.)"""
        if absent(self.clip):
            return no, read_at_least(p, SMALLEST[self.dtype])
        kept = at_least(p - self.clip, SMALLEST[self.dtype])
        high = kept > 0.5
        return ops.where(high, -log(at_least(q, 0.0) + self.clip), -log1p(-ops.where(high, 0.0, kept))), kept

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        no, kept = self.margin(x.p, x.no, x.q)
        by_no = (
            x.by_no
            if absent(self.clip)
            else ops.where(x.p > self.clip, x.by_p / (at_least(x.q, 0.0) + self.clip), 0.0 * x.p)
        )
        inside = x.by_p if absent(self.clip) else ops.where(x.p > self.clip, x.by_p, 0.0 * x.p)
        (yes, no), (by_yes, by_no), seen = (
            self.weighed(x.yes, no),
            self.weighed(x.by_yes, by_no),
            at_least(x.q, SMALLEST[self.dtype]),
        )
        of_yes = power(seen, self.gamma_pos - 1) * (seen * by_yes - self.gamma_pos * x.by_p * yes)
        return y * of_yes + n * (power(kept, self.gamma_neg - 1) * (kept * by_no + self.gamma_neg * inside * no))


asymmetric_multi_label = function(AsymmetricMultiLabel)


class Varifocal(Binary, aliases=("varifocal_loss", "vfl"), traits=("smooth",)):
    r"""The cross-entropy with a soft target, weighted by that target; entries of target 0 count as in a focal loss.

    Formula: w\,(-y \log p - (1 - y)\log(1 - p)), with w = y if y > 0 else \alpha p^\gamma
    Use: detection, where the target of a box is its overlap with the true one, and 0 for all other classes.
    Beware: a target just above 0 has almost no weight. The gradient passes through the weight.
    Reference: Zhang, Wang, Dayoub and Sünderhauf (2021), VarifocalNet: an IoU-aware dense object detector,
        arXiv:2008.13367

    >>> varifocal([[1.0, 0.0]], [[0.5, 0.5]])
    0.41155614
    """

    alpha: Annotated[float, nonnegative("The weight of entries whose target is 0.", slide=(0.0, 2.0))] = 0.75
    gamma: Focus = 2.0

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        p, _ = probabilities()
        yes, no = self.weighed(yes, no)
        easy = self.alpha * power(read_at_least(p, SMALLEST[self.dtype]), self.gamma)
        return ops.where(y > 0, y, easy) * (y * yes + n * no)

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        (_yes, no), (by_yes, by_no) = self.weighed(x.yes, x.no), self.weighed(x.by_yes, x.by_no)
        lower = self.alpha * power(at_least(x.p, SMALLEST[self.dtype]), self.gamma - 1)
        fading = lower * (self.gamma * no * x.by_p + at_least(x.p, SMALLEST[self.dtype]) * by_no)
        return ops.where(y > 0, y * (y * by_yes + n * by_no), fading)


varifocal = function(Varifocal)


class PenaltyReducedFocal(Binary, aliases=("gaussian_focal", "cornernet_focal"), traits=("smooth",)):
    r"""A focal loss for heat maps: entries near a peak, with labels just below 1, are hardly punished for a yes.

    Formula: -(1 - p)^\alpha \log p if y \ge 1 else -(1 - y)^\beta p^\alpha \log(1 - p)
    Use: key points and centres of objects, with a Gaussian bump of labels around each.
    Beware: only a label of exactly 1 is a peak. Papers divide by the number of peaks; here it is the mean over entries.
    Reference: Law and Deng (2018), CornerNet: detecting objects as paired keypoints, arXiv:1808.01244

    >>> penalty_reduced_focal([[1.0, 0.0]], [[0.5, 0.5]])
    0.1732868
    """

    alpha: Focus = 2.0
    beta: Annotated[float, nonnegative("How strongly entries near a peak are spared.", slide=(0.0, 8.0))] = 4.0

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        p, q = probabilities()
        yes, no = self.weighed(yes, no)
        hard = power(read_at_least(ops.where(n > 0, p, q), SMALLEST[self.dtype]), self.alpha)
        return hard * ops.where(n > 0, power(n, self.beta) * no, yes)

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        (yes, no), (by_yes, by_no) = self.weighed(x.yes, x.no), self.weighed(x.by_yes, x.by_no)
        hard = at_least(ops.where(n > 0, x.p, x.q), SMALLEST[self.dtype])
        lower, spared = power(hard, self.alpha - 1), power(n, self.beta)
        of_no = spared * (self.alpha * x.by_p * no + hard * by_no)
        return lower * ops.where(n > 0, of_no, hard * by_yes - self.alpha * x.by_p * yes)


penalty_reduced_focal = function(PenaltyReducedFocal)


class Zlpr(
    Loss,
    aliases=("zlpr_loss", "multilabel_categorical_crossentropy"),
    tasks=("multilabel",),
    traits=("convex", "smooth"),
):
    r"""A softmax for many labels: the logits of a yes shall be above 0, those of a no below, the worst ones first.

    Formula: \log(1 + \sum_{no} e^{z_c}) + \log(1 + \sum_{yes} e^{-z_c}), with z = y_pred
    Use: multi-label classification with many labels, few of them 1; no weights for imbalance are needed.
    Beware: takes logits and hard labels; a label is predicted where its logit is above 0. The value is one
        number for all labels of a row.
    Reference: Su, Zhu, Murtadha, Pan, Wen and Liu (2022), ZLPR: a novel loss for multi-label classification,
        arXiv:2208.02955
    Elsewhere:
        timm.loss.ZlprLoss

    >>> zlpr([[1.0, 0.0]], [[0.0, 0.0]])
    1.38629436
    """

    @property
    def contract(self) -> Contract:
        return Contract(SIGN, LOGIT)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["margin"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        yes = y_true > 0
        return self.above_zero(y_pred, ops.logical_not(yes)) + self.above_zero(-y_pred, yes)

    def above_zero(self, z: Tensor, counts: Tensor) -> Tensor:
        """log(1 + sum of e^z over those that count): what a softmax leaves to one more logit, of 0."""
        every = ops.concatenate([0.0 * z[..., :1], ops.where(counts, z, constant(-LARGE[self.dtype], z))], axis=-1)
        return nll_of_one_logit(every, ops.cast(ops.zeros_like(z[..., 0]), "int32"))


zlpr = function(Zlpr)
