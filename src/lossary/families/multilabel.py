"""Multi-label classification and detection: many yes/no questions, few of them answered yes."""

from typing import Annotated, Any

from ..core import axes
from ..core.contract import LOGIT, REAL, SIGN, Contract
from ..core.errors import ParameterError
from ..core.forms import Binary, Probabilities, YesNo, absent, one_each
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import fraction, nonnegative, number, numbers, positive
from ..core.results import LogSumExp, Sums
from ..core.slots import SOFT, Slot, declare
from ..numerics import ops
from ..numerics.backend import log, log1p, log1p_near, total
from ..numerics.classes import nll_of_one_logit
from ..numerics.pairs import log_sum_exp
from ..numerics.stable import (
    LARGE,
    SMALLEST,
    at_least,
    constant,
    length,
    mean,
    power,
    read_at_least,
    share_of,
    sigmoid,
    softplus,
    tanh,
    unless_nan,
    with_slope,
)

LABELS = declare(y_true=Slot(SIGN, ("row", "class"), "true"), y_pred=Slot(REAL, ("row", "class")))

Focus = Annotated[float, nonnegative("How strongly easy entries are down-weighted.", slide=(0.0, 5.0))]


class PolyBinaryCrossEntropy(Binary, aliases=("binary_poly_loss", "poly_bce"), traits=("smooth",)):
    r"""The binary cross-entropy with more weight on the first term of its series, 1 - p_t.

    Formula: -\log p_t + \epsilon_1 (1 - p_t), with p_t = p for y = 1 and 1 - p for y = 0
    Use: as the binary cross-entropy, with one extra number to tune.
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
    r"""A focal loss for many labels: negatives are down-weighted more than positives, and easy negatives are left out.

    Formula: -y\,(1 - p)^{\gamma_{pos}} \log p - (1 - y)\,p_m^{\gamma_{neg}} \log(1 - p_m), with p_m = \max(p - clip, 0)
    Use: multi-label classification in which most labels are 0.
    Beware: the defaults are those of timm; the paper has gamma_pos = 0. A negative label predicted below `clip` has no
        gradient. Where other libraries sum over labels, this is the mean.
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
    clip: Annotated[
        float, fraction("Negative labels that are predicted below it do not count.", closed=True, slide=(0.0, 0.3))
    ] = 0.05

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        p, q = probabilities()
        no, kept = self.margin(p, no, q)
        yes, no = self.weighed(yes, no)
        right = power(read_at_least(q, SMALLEST[self.inner]), self.gamma_pos) * yes
        return y * right + n * (power(kept, self.gamma_neg) * no)

    def margin(self, p: Tensor, no: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        """-log(1 - p_m) and p_m, a tiny number where it is 0. (XLA would add clip to the 1 of 1 - p.)"""
        if absent(self.clip):
            return no, read_at_least(p, SMALLEST[self.inner])
        kept = at_least(p - self.clip, SMALLEST[self.inner])
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
            at_least(x.q, SMALLEST[self.inner]),
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
        easy = self.alpha * power(read_at_least(p, SMALLEST[self.inner]), self.gamma)
        return ops.where(y > 0, y, easy) * (y * yes + n * no)

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        (_yes, no), (by_yes, by_no) = self.weighed(x.yes, x.no), self.weighed(x.by_yes, x.by_no)
        lower = self.alpha * power(at_least(x.p, SMALLEST[self.inner]), self.gamma - 1)
        fading = lower * (self.gamma * no * x.by_p + at_least(x.p, SMALLEST[self.inner]) * by_no)
        return ops.where(y > 0, y * (y * by_yes + n * by_no), fading)


varifocal = function(Varifocal)


class PenaltyReducedFocal(Binary, aliases=("gaussian_focal", "cornernet_focal"), traits=("smooth",)):
    r"""A focal loss for heat maps: entries near a peak, with labels just below 1, cost little when predicted positive.

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
        hard = power(read_at_least(ops.where(n > 0, p, q), SMALLEST[self.inner]), self.alpha)
        return hard * ops.where(n > 0, power(n, self.beta) * no, ops.where(n <= 0, yes, n))

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        (yes, no), (by_yes, by_no) = self.weighed(x.yes, x.no), self.weighed(x.by_yes, x.by_no)
        hard = at_least(ops.where(n > 0, x.p, x.q), SMALLEST[self.inner])
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
    r"""A softmax for many labels: positive logits should be above 0, negatives below; the worst count most.

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
        yes, z = y_true > 0, unless_nan(y_pred, y_true)
        return self.above_zero(z, ops.logical_not(yes)) + self.above_zero(-z, yes)

    def above_zero(self, z: Tensor, counts: Tensor) -> Tensor:
        """log(1 + sum of e^z over those that count): what a softmax leaves to one more logit, of 0."""
        every = ops.concatenate([0.0 * z[..., :1], ops.where(counts, z, constant(-LARGE[self.inner], z))], axis=-1)
        return nll_of_one_logit(every, ops.cast(ops.zeros_like(z[..., 0]), "int32"))


zlpr = function(Zlpr)


class ReducedFocal(Binary, aliases=("reduced_focal_loss",)):
    r"""A focal loss that leaves hard entries as they are and down-weights only those that are fairly confident.

    Formula: -w_t \log p_t, with p_t = p for y = 1 and 1 - p for y = 0, and w_t = 1 if p_t < h else ((1 - p_t) /
        h)^\gamma, with h = threshold
    Use: in place of the focal loss where it down-weights hard entries too, so that many objects are missed.
    Beware: at p_t = threshold the value jumps, unless that is 1/2.
    Reference: Sergievskiy and Ponamarev (2019), Reduced focal loss: 1st place solution to xView object detection in
        satellite imagery, arXiv:1903.01347
    Elsewhere:
        segmentation_models_pytorch.losses.FocalLoss(mode={"binary", "multilabel"}, gamma=2.0,
            reduced_threshold={0.5, ...}) -> gamma=gamma, threshold=reduced_threshold, from_logits=True,
            reduction="mean"

    >>> reduced_focal([[1.0, 1.0]], [[0.25, 0.75]])
    0.72910732
    """

    gamma: Focus = 2.0
    threshold: Annotated[float, fraction("The probability of the label above which entries are down-weighted.")] = 0.5

    def factor(self, y: Tensor, n: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The weight, whether it is less than 1, and what it is a power of."""
        hard = read_at_least(y * q + n * p, SMALLEST[self.inner]) / self.threshold
        fades = y * p + n * q >= self.threshold
        return ops.where(fades, power(hard, self.gamma), 1.0), fades, hard

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        yes, no = self.weighed(yes, no)
        return self.factor(y, n, *probabilities())[0] * (y * yes + n * no)

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        (yes, no), (by_yes, by_no) = self.weighed(x.yes, x.no), self.weighed(x.by_yes, x.by_no)
        factor, fades, hard = self.factor(y, n, x.p, x.q)
        bend = (self.gamma / self.threshold) * power(hard, self.gamma - 1) * ((n - y) * x.by_p)
        return factor * (y * by_yes + n * by_no) + ops.where(fades, bend * (y * yes + n * no), 0.0)


reduced_focal = function(ReducedFocal)


class AsymmetricFocal(Binary, aliases=("asymmetric_focal_loss",), traits=("smooth",)):
    r"""A cross-entropy for positive labels plus a focal loss for negative ones: the rare class keeps its gradient.

    Formula: -\delta\,y \log p - (1 - \delta)\,(1 - y)\,p^\gamma \log(1 - p)
    Use: segmentation of small objects, together with an overlap: w * ls.AsymmetricFocal() + (1 - w) *
        ls.FocalTversky() is the unified focal loss.
    Beware: MONAI's reads two channels of probabilities and sums over them.
    Reference: Yeung, Sala, Schönlieb and Rundo (2022), Unified focal loss: generalising Dice and cross entropy-based
        losses to handle class imbalanced medical image segmentation, arXiv:2102.04525

    >>> asymmetric_focal([[1.0, 0.0]], [[0.5, 0.5]])
    0.26859453
    """

    delta: Annotated[float, fraction("The weight of label 1; label 0 gets 1 - delta.", closed=True)] = 0.7
    gamma: Focus = 2.0

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        yes, no = self.weighed(yes, no)
        easy = power(read_at_least(probabilities()[0], SMALLEST[self.inner]), self.gamma)
        return self.delta * (y * yes) + (1 - self.delta) * (n * (easy * no))

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        (_yes, no), (by_yes, by_no) = self.weighed(x.yes, x.no), self.weighed(x.by_yes, x.by_no)
        p = at_least(x.p, SMALLEST[self.inner])
        fading = power(p, self.gamma - 1) * (self.gamma * x.by_p * no + p * by_no)
        return self.delta * (y * by_yes) + (1 - self.delta) * (n * fading)


asymmetric_focal = function(AsymmetricFocal)


class QualityFocal(Loss, aliases=("quality_focal_loss", "qfl"), tasks=("multilabel",), traits=("smooth",)):
    r"""The cross-entropy of soft labels, down-weighted where the probability is already near the label.

    Formula: |p - y|^\beta (-y \log p - (1 - y) \log(1 - p)), with p = \sigma(y_pred)
    Use: detection in which the label of the true class is how good the box is, such as its overlap with the true one.
    Beware: takes logits. mmdet sums over the classes; here each entry counts alone.
    Reference: Li, Wang, Wu, Chen, Hu, Li, Tang and Yang (2020), Generalized focal loss: learning qualified and
        distributed bounding boxes for dense object detection, arXiv:2006.04388

    >>> quality_focal([1.0], [0.0]), quality_focal([0.5], [0.0])
    (0.1732868, 0.0)
    """

    beta: Annotated[
        float, nonnegative("How strongly entries near their label are down-weighted.", slide=(0.0, 4.0))
    ] = 2.0

    inputs = declare(y_true=Slot(SOFT, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...")))

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["logit"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return with_slope(self.of, self.slope)(y_pred, y_true)

    def of(self, z: Tensor, y: Tensor) -> Tensor:
        return power(ops.abs(_ahead(z, y)), self.beta) * _cost(z, y)

    def slope(self, z: Tensor, y: Tensor) -> Tensor:
        ahead = _ahead(z, y)
        size = ops.abs(ahead)
        apart = size > 0
        bend = self.beta * power(ops.where(apart, size, 1.0), self.beta - 1) * ops.sign(ahead)
        bend = bend * sigmoid(z) * sigmoid(-z) * _cost(z, y)
        return power(size, self.beta) * ahead + ops.where(apart, bend, 0.0)


def _cost(z: Tensor, y: Tensor) -> Tensor:
    """The cross-entropy of a soft label y and a logit z."""
    size = ops.abs(z)
    return size * ops.abs(ops.where(z > 0, 1 - y, y)) + log1p_near(ops.exp(-size))


def _ahead(z: Tensor, y: Tensor) -> Tensor:
    """sigmoid(z) - y, also where the two are nearly equal, as they are at z = 0 and y = 1/2."""
    near = ops.abs(z) < 1
    middle = 0.5 * tanh(0.5 * ops.where(near, z, 0.0)) - (y - 0.5)
    return ops.where(near, middle, ops.where(z < 0, sigmoid(z) - y, (1 - y) - sigmoid(-z)))


quality_focal = function(QualityFocal)


class MultiLabelMargin(Loss, aliases=("multilabel_margin",), tasks=("multilabel",), traits=("convex",)):
    r"""Every positive label should score at least 1 above every negative one; a pair costs what it falls short by.

    Formula: \frac1C \sum_{j\,yes} \sum_{i\,no} \max(1 - (s_j - s_i), 0), with the scores s = y_pred of C classes
    Use: several labels for each row, where only the order of the scores matters.
    Beware: labels are rows of 0 and 1, where torch takes lists of class indices that end in -1. Divides by the number
        of classes.
    Reference: Crammer and Singer (2003), A family of additive online algorithms for category ranking, Journal of
        Machine Learning Research 3:1025-1058
    Unlike:
        torch.nn.MultiLabelMarginLoss, torch.nn.functional.multilabel_margin_loss, MultiLabelMarginLoss: of lists of
            classes

    >>> multi_label_margin([[1.0, 0.0, 0.0]], [[0.5, 0.0, 1.0]])
    0.66666667
    """

    inputs = LABELS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["yes before no"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        yes = y_true > 0
        pairs = ops.logical_and(ops.expand_dims(yes, -1), ops.logical_not(ops.expand_dims(yes, -2)))
        lacking = at_least(1 - (ops.expand_dims(y_pred, -1) - ops.expand_dims(y_pred, -2)), 0.0)
        return unless_nan(total(ops.where(pairs, lacking, 0.0), (-2, -1)), total(y_true, -1)) / length(y_pred)


multi_label_margin = function(MultiLabelMargin)


class MultiPositiveCrossEntropy(Loss, aliases=("multi_pos_cross_entropy", "multipos_cross_entropy"),
                                tasks=("multilabel",), traits=("convex", "smooth")):  # fmt: skip
    r"""A softmax that puts every positive label ahead of every negative one; the worst pair counts most.

    Formula: \log(1 + \sum_{j\,yes} \sum_{i\,no} e^{s_i - s_j}), with the scores s = y_pred
    Use: several right answers among many candidates: tracking, retrieval.
    Beware: a row whose labels are all 1 or all 0 has loss 0. ZLPR also keeps a threshold at 0.
    Reference: Sun, Cheng, Zhang, Zhang, Zheng, Wang and Wei (2020), Circle loss: a unified perspective of pair
        similarity optimization, arXiv:2002.10857

    >>> multi_positive_cross_entropy([[1.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]])
    1.09861229
    """

    inputs = LABELS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["yes before no"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        yes = y_true > 0
        no = ops.logical_not(yes)
        both = ops.logical_and(ops.any(yes, axis=-1), ops.any(no, axis=-1))
        gap = log_sum_exp(y_pred, no) + log_sum_exp(-y_pred, yes)
        return unless_nan(ops.where(both, softplus(ops.where(both, gap, 0.0)), 0.0), total(y_true, -1))


multi_positive_cross_entropy = function(MultiPositiveCrossEntropy)


class TwoWay(Loss, aliases=("two_way_loss",), tasks=("multilabel",)):
    r"""In each row, positive labels should score above negative ones; in each column, rows with the label above others.

    Formula: \frac1R \sum_{rows} f + \frac1C \sum_{columns} f, with f = \log(1 + e^{T_n \log \sum_{no} e^{s_i / T_n}
        + T_p \log \sum_{yes} e^{-s_j / T_p}}), the scores s = y_pred, and R rows and C columns that have a yes
    Use: multi-label classification with large batches, where labels are rare.
    Beware: the value depends on which rows share a batch. Rows and columns without a positive label do not count.
    Reference: Kobayashi (2023), Two-way multi-label loss, Proceedings of the IEEE/CVF Conference on Computer Vision and
        Pattern Recognition, doi:10.1109/CVPR52729.2023.00722
    Elsewhere:
        timm.loss.TwoWayLoss(tp=4.0, tn=1.0)

    >>> two_way([[1.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]])
    1.38629436
    """

    tp: Annotated[
        float, positive("The temperature of positive labels: large values spread the gradient.", slide=(0.5, 8.0))
    ] = 4.0
    tn: Annotated[float, positive("The temperature of negative labels.", slide=(0.5, 8.0))] = 1.0

    inputs = LABELS
    gives = Sums

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        yes, n, p = y_true > 0, y_pred / self.tn, -y_pred / self.tp
        no, some = ops.logical_not(yes), ops.any(yes, axis=-1)
        row = self.of(log_sum_exp(n, no), log_sum_exp(p, yes), some)
        parts = {"row": row, "some": ops.cast(some, row.dtype), "no": LogSumExp(n, no), "yes": LogSumExp(p, yes)}
        return Sums(parts, lambda sums, count: self.finish(**sums), (0,))

    def of(self, no: Tensor, yes: Tensor, counts: Tensor) -> Tensor:
        gap = self.tn * at_least(no, -(2.0**100)) + self.tp * yes
        return ops.where(counts, softplus(ops.where(counts, gap, 0.0)), 0.0)

    def finish(self, row: Tensor, some: Tensor, no: Any, yes: Any) -> Tensor:
        counts = yes.sum > 0
        column = total(self.of(no.log(), yes.log(), counts), -1)
        return share_of(row, some) + share_of(column, total(ops.cast(counts, row.dtype), -1))


two_way = function(TwoWay)


Frequency = Annotated[
    Any,
    numbers(
        "The share of the rows that has each label.", low=0.0, high=1.0, closed=False, unusual=(0.6, 0.1, 0.2, 0.4)
    ),
]


def _frequencies(loss: Any, like: Tensor) -> Tensor:
    """Which share of the rows has each label; one half where it is not said."""
    f = 0.5 if loss.frequency is None else loss.frequency
    f = f if isinstance(f, tuple) else (f,) * (like.shape[-1] or 1)
    if not one_each(f, like):
        raise ParameterError(
            f"{type(loss).__name__}(frequency=...) says how frequent each label is.",
            arrived=f"It was given {len(f)} numbers for {like.shape[-1]} labels.",
            allowed="Expected one number between 0 and 1 per label.",
            do="Pass y_train.mean(axis=0), with labels that no row has left out.",
        )
    return ops.convert_to_tensor(f, dtype=like.dtype)


class DistributionBalanced(Loss, aliases=("distribution_balanced_loss", "db_loss"), tasks=("multilabel",)):
    r"""Binary cross-entropies for labels of very different frequency, re-balanced for labels that occur together.

    Formula: w_c (-y_c (1 - p)^\gamma \log p - (1 - y_c) \frac{q^\gamma}{\lambda} \log(1 - q)), with p = \sigma(x),
        q = \sigma(\lambda x), x = z_c - \frac{\kappa}{\lambda} \log(1 / f_c - 1), w_c = \alpha + \sigma(\beta (r_c -
        \mu)), and r_c = \frac{1 / f_c}{\sum_{d: y_d = 1} 1 / f_d} of the frequencies f
    Use: long-tailed multi-label data, where sampling rare labels also samples frequent ones.
    Beware: takes logits, and the share of rows that has each label, estimated from the training data. Libraries
        multiply by 2 where there is a gamma.
    Reference: Wu, Huang, Liu, Wang and Lin (2020), Distribution-balanced loss for multi-label classification in
        long-tailed datasets, arXiv:2007.09654
    Elsewhere:
        timm.loss.DistributionBalancedLoss(class_counts={(5.0, 3.0, 8.0, 1.0), ...}, num_samples={16.0, ...},
            focal_gamma=2.0, focal_balance=2.0, neg_scale=2.0, init_bias=0.05, map_alpha=0.1, map_beta=10.0,
            map_mu=0.2) -> frequency=class_counts/num_samples, times=focal_balance, neg_scale=neg_scale,
            kappa=init_bias, alpha=map_alpha, beta=map_beta, mu=map_mu, reduction="mean"

    >>> distribution_balanced([[1.0]], [[0.0]], frequency=0.5, gamma=0.0, mu=1.0)
    0.41588831
    """

    frequency: Frequency = None
    gamma: Focus = 2.0
    neg_scale: Annotated[float, positive("Large values reduce the gradients of negative labels.", slide=(1.0, 6.0))] = (
        2.0
    )
    kappa: Annotated[float, nonnegative("How far the logits of rare labels are shifted.", slide=(0.0, 0.5))] = 0.05
    alpha: Annotated[float, nonnegative("The smallest weight.", slide=(0.0, 1.0))] = 0.1
    beta: Annotated[float, positive("How steep the weight rises.", slide=(1.0, 20.0))] = 10.0
    mu: Annotated[float, nonnegative("Where the weight rises.", slide=(0.05, 1.0))] = 0.2

    inputs = declare(y_true=Slot(SOFT, ("row", "class"), "true"), y_pred=Slot(LOGIT, ("row", "class")))

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["yes before no"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        f, s = _frequencies(self, y_pred), self.neg_scale
        seen = ops.expand_dims(total(y_true / f, -1), -1)
        weight = self.alpha + sigmoid(self.beta * (1 / f / ops.where(seen > 0, seen, 1e-30) - self.mu))
        x = y_pred - self.kappa / s * log((1 - f) / f)
        yes = softplus(-x) * power(sigmoid(-x), self.gamma)
        no = softplus(s * x) * power(sigmoid(s * x), self.gamma) / s
        return mean(weight * (y_true * yes + (1 - y_true) * no))


distribution_balanced = function(DistributionBalanced)
