"""Rare and hard rows: losses whose weights come from the batch itself."""

from typing import Annotated

from ..core import axes
from ..core.contract import CLASS_INDEX, LOGIT, REAL, SIGN
from ..core.errors import ParameterError
from ..core.forms import one_each
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import fraction, nonnegative, numbers, positive, whole
from ..core.reduction import widened
from ..core.results import Anchors, Moments, Spread, Sums
from ..core.slots import SOFT, Rowset, Slot, declare
from ..numerics import ops
from ..numerics.backend import log1p, total
from ..numerics.classes import nll_of_one_logit, one_hot
from ..numerics.stable import at_least, share_of, sigmoid, softplus

QUESTIONS = declare(y_true=Slot(SIGN, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...")))
Bins = Annotated[int, whole("How many groups of about the same gradient there are.", low=1, unusual=7)]


class BalancedBinaryCrossentropy(
    Loss, aliases=("balanced_bce", "balanced_bce_with_logits", "class_balanced_bce"), tasks=("binary", "segmentation")
):
    r"""The binary cross-entropy with weights from the batch: positive and negative labels count the same in total.

    Formula: -\frac1N \sum (\beta\,y \log p + (1 - \beta)(1 - y) \log(1 - p)), with p = \sigma(y_pred), over the N
        entries of the batch, of which the share \beta has the label 0
    Use: edges and other thin things in images, a few pixels among many.
    Beware: takes logits. A batch without positive labels has loss 0: batches should hold some of both. For fixed
        weights, take WeightedBinaryCrossentropy.
    Reference: Xie and Tu (2015), Holistically-nested edge detection, arXiv:1504.06375

    >>> balanced_binary_crossentropy([[1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0]])
    0.25993019
    """

    inputs = QUESTIONS
    gives = Sums

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        yes = y_true > 0
        cost = softplus(ops.where(yes, -y_pred, y_pred))
        positive = ops.cast(yes, cost.dtype)
        parts = {"yes": positive, "no": 1 - positive, "of_yes": positive * cost, "of_no": (1 - positive) * cost}
        return Sums(parts, lambda sums, count: self.finish(**sums))

    def finish(self, yes: Tensor, no: Tensor, of_yes: Tensor, of_no: Tensor) -> Tensor:
        n = yes + no
        return share_of(no, n) * share_of(of_yes, n) + share_of(yes, n) * share_of(of_no, n)


balanced_binary_crossentropy = function(BalancedBinaryCrossentropy)


class AUCMargin(Loss, aliases=("aucm", "aucm_loss", "auc_margin_loss"), tasks=("binary",)):
    r"""Scores of each class close together, and their means a margin apart: what raises the area under the ROC curve.

    Formula: Var_{yes}(s) + Var_{no}(s) + \max(m - (\bar s_{yes} - \bar s_{no}), 0)^2, with the scores s = y_pred
    Use: rare positives, evaluated by the area under the ROC curve.
    Beware: takes scores, or probabilities with a margin below 1. LibAUC and MONAI learn the two means and a dual
        variable; here the means are those of the batch, which needs rows of both classes. Equals theirs divided by the
        product of the shares of both classes.
    Reference: Yuan, Yan, Sonka and Yang (2020), Large-scale robust deep AUC maximization: a new surrogate loss and
        empirical studies on medical image classification, arXiv:2012.03173
    Unlike:
        monai.losses.AUCMLoss: learns the means and a dual variable

    >>> auc_margin([1.0, 0.0], [0.5, 0.0]), auc_margin([1.0, 1.0, 0.0], [3.0, 1.0, 0.0])
    (0.25, 1.0)
    """

    margin: Annotated[float, positive("How far apart the means of the two classes should be.", slide=(0.1, 3.0))] = 1.0

    inputs = declare(y_true=Slot(SIGN, side="true"), y_pred=Slot(REAL))
    gives = Sums

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        yes = y_true > 0
        parts = {"yes": Moments((y_pred,), yes), "no": Moments((y_pred,), ops.logical_not(yes))}
        return Sums(parts, lambda sums, count: self.finish(**sums))

    def finish(self, yes: Spread, no: Spread) -> Tensor:
        lacking = at_least(self.margin - (yes.means[0] - no.means[0]), 0.0)
        apart = ops.where(ops.logical_and(yes.n > 0, no.n > 0), ops.square(lacking), 0.0)
        return share_of(yes.products[0, 0], yes.n) + share_of(no.products[0, 0], no.n) + apart


auc_margin = function(AUCMargin)


def _density(size: Tensor, seen: Tensor, keep: Tensor, bins: int) -> Tensor:
    """What an entry counts: the less, the more of those seen have a gradient in [0, 1] of about its size."""
    keep = ops.logical_and(widened(keep, seen), ops.ones_like(seen, dtype="bool"))
    here, there = (ops.clip(ops.floor(ops.stop_gradient(x) * bins), 0, bins - 1) for x in (size, seen))
    weight, filled = 0.0 * here, 0.0
    for k in range(bins):
        n = total(ops.cast(ops.logical_and(ops.equal(there, k), keep), seen.dtype))
        weight = weight + ops.where(ops.equal(here, k), 1 / at_least(n, 1.0), 0.0)
        filled = filled + ops.cast(n > 0, seen.dtype)
    return weight * (total(ops.cast(keep, seen.dtype)) / at_least(filled, 1.0))


class GHMClassification(Loss, aliases=("ghm_c", "ghmc", "ghmc_loss"), tasks=("binary", "multilabel")):
    r"""The binary cross-entropy of each entry, divided by how many entries of the batch are about as hard.

    Formula: \frac1M \sum_i \frac{-\log p_i}{n(g_i)}, with the probability p_i of the label of entry i, g = 1 - p, the
        number n(g_i) of entries in its bin of g, and M bins that are not empty
    Use: detection, with very many easy entries and some wrong labels, both of which get small weights.
    Beware: takes logits. The value depends on what is in a batch; weights of bins have no gradient.
    Reference: Li, Liu and Wang (2018), Gradient harmonized single-stage detector, arXiv:1811.05181

    >>> ghm_classification([1.0, 0.0, 0.0], [0.0, 0.0, -3.0])[2]
    0.07288102
    """

    bins: Bins = 10

    inputs = QUESTIONS
    gives = Anchors
    holds_fixed = True

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        behind, seen = (ops.where(rows.y_true > 0, -rows.y_pred, rows.y_pred) for rows in (here, others))
        return Anchors(softplus(behind) * _density(sigmoid(behind), sigmoid(seen), others.keep, self.bins))


ghm_classification = function(GHMClassification)


class GHMRegression(Loss, aliases=("ghm_r", "ghmr", "ghmr_loss"), tasks=("regression", "detection")):
    r"""A smooth absolute error of each entry, divided by how many entries of the batch are about as far off.

    Formula: \frac1M \sum_i \frac{\sqrt{e_i^2 + \mu^2} - \mu}{n(g_i)}, with g = |e| / \sqrt{e^2 + \mu^2}, the number
        n(g_i) of entries in its bin of g, and M bins that are not empty
    Use: boxes, with many that are nearly right and some that never will be.
    Beware: the value depends on what is in a batch; weights of bins have no gradient.
    Reference: Li, Liu and Wang (2018), Gradient harmonized single-stage detector, arXiv:1811.05181

    >>> ghm_regression([0.0, 0.0, 0.0], [0.0, 0.0, 3.0], mu=4.0)[2]
    1.5
    """

    mu: Annotated[float, positive("The error up to which the loss is roughly quadratic.", slide=(0.01, 1.0))] = 0.02
    bins: Bins = 10

    inputs = declare(y_true=Slot(REAL, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...")))
    gives = Anchors
    holds_fixed = True

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        cost, size = self.of(here)
        return Anchors(cost * _density(size, self.of(others)[1], others.keep, self.bins))

    def of(self, rows: Rowset) -> tuple[Tensor, Tensor]:
        """The error, rounded at 0, and the size of its slope."""
        size = ops.abs(rows.y_pred - rows.y_true)
        far = size > self.mu
        ratio = ops.where(far, self.mu / ops.where(far, size, 1.0), size / self.mu)
        root = ops.where(far, size, self.mu) * ops.sqrt(1 + ops.square(ratio))
        return size * (size / (root + self.mu)), size / root


ghm_regression = function(GHMRegression)


class HardExampleCrossEntropy(Loss, aliases=("ohem", "ohem_cross_entropy", "OhemCrossEntropy", "topk_cross_entropy"),
                              tasks=("multiclass", "segmentation")):  # fmt: skip
    r"""The cross-entropy of the hard rows only: all below a confidence `threshold`, and at least `min_kept` rows.

    Formula: -\log p_t where p_t < threshold, or where it is one of the min_kept smallest in the batch, with
        p = softmax(y_pred) and t = y_true; other rows do not count
    Use: images whose pixels are nearly all easy.
    Beware: takes logits and class indices; the default keeps all rows of small batches, as mmsegmentation's does. Which
        rows are hard depends on the batch. Wrong labels are hard rows.
    Reference: Shrivastava, Gupta and Girshick (2016), Training region-based object detectors with online hard example
        mining, arXiv:1604.03540

    >>> hard_example_cross_entropy([0, 0], [[0.0, 0.0], [3.0, 0.0]], min_kept=1)[0]
    0.69314718
    """

    threshold: Annotated[float, fraction("Rows whose true class has a smaller probability all count.")] = 0.7
    min_kept: Annotated[int, whole("How many rows of a batch count at least.", low=0, unusual=3)] = 100_000

    inputs = declare(y_true=Slot(CLASS_INDEX, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...", "class")))
    gives = Anchors

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        own, every = self.cost(here), ops.stop_gradient(self.cost(others))
        hard = ops.logical_not(ops.stop_gradient(own) <= self.least())  # what is no number is not easy
        if self.min_kept:
            sizes = ops.sort(ops.reshape(ops.where(widened(others.keep, every), -every, 1.0), (-1,)))
            last = ops.take(sizes, ops.minimum(self.min_kept, ops.shape(sizes)[0]) - 1)
            hard = ops.logical_or(hard, ops.stop_gradient(own) >= -last * (1 - 1e-6))
        return Anchors(own, hard)

    def least(self) -> Tensor:
        """The cost of a row that is just sure enough."""
        return -log1p(ops.convert_to_tensor(self.threshold - 1.0, dtype=self.inner))

    def cost(self, rows: Rowset) -> Tensor:
        """The cross-entropy of each row; of a label out of range, NaN."""
        known = ops.any(one_hot(rows.y_true, rows.y_pred), axis=-1)
        index = ops.where(known, ops.cast(rows.y_true, "int32"), 0)
        return ops.where(known, nll_of_one_logit(rows.y_pred, index), float("nan"))


hard_example_cross_entropy = function(HardExampleCrossEntropy)


class RankingSquaredHinge(Loss, aliases=("roc_star", "wilcoxon_mann_whitney", "wmw", "auc_squared_hinge"),
                          tasks=("binary",), traits=("convex",)):  # fmt: skip
    r"""Every positive row should score higher than every negative one, by a margin: for the area under the ROC curve.

    Formula: \frac1n \sum_j \max(m - t_i (s_i - s_j), 0)^2, over the n rows j of the other label, with the scores s =
        y_pred, the label t = -1 or 1, and m = margin
    Use: rare positive rows, where the area under the ROC curve is what counts.
    Beware: only differences of scores matter. A batch of one label has loss 0: give past_true and past_pred, such as
        the scores of the epoch before, and rows are compared with these in place of one another. RocStar chooses the
        margin anew each epoch.
    Reference: Yan, Dodier, Mozer and Wolniewicz (2003), Optimizing classifier performance via an approximation to the
        Wilcoxon-Mann-Whitney statistic, International Conference on Machine Learning

    >>> ranking_squared_hinge([1.0, 0.0], [0.0, 0.0])[0], ranking_squared_hinge([1.0, 0.0], [1.0, 0.5], margin=1.0)[0]
    (0.04, 0.25)
    """

    margin: Annotated[float, positive("By how much a positive row should lead.", slide=(0.05, 2.0))] = 0.2

    inputs = declare(
        y_true=Slot(SIGN, side="true"),
        y_pred=Slot(REAL),
        past_true=Slot(SIGN, ("reference",), "any", optional=True),
        past_pred=Slot(REAL, ("reference",), "any", optional=True),
    )
    gives = Anchors
    undrawn = "It compares scores with one another: there is no single number to move."

    def call(self, here: Rowset, others: Rowset, past_true: Tensor | None, past_pred: Tensor | None) -> Anchors:
        own = ops.expand_dims(here.y_true > 0, 1)
        if past_true is None or past_pred is None:
            met, label, scores = others.keep, others.y_true, others.y_pred
        else:
            met, label, scores = ops.ones_like(past_true, dtype="bool"), past_true, past_pred
        across = ops.logical_and(ops.expand_dims(met, 0), ops.not_equal(own, ops.expand_dims(label > 0, 0)))
        lead = ops.expand_dims(here.y_pred, 1) - ops.expand_dims(scores, 0)
        short = at_least(self.margin - ops.where(own, lead, -lead), 0.0)
        n = total(ops.cast(across, short.dtype), -1)
        return Anchors(share_of(total(ops.where(across, ops.square(short), 0.0), -1), n), n > 0)


ranking_squared_hinge = function(RankingSquaredHinge)


class HardestHinges(Loss, aliases=("ohem_hinge", "ohem_hinge_loss"), tasks=("detection",), traits=("convex",)):
    r"""The hinge losses of the hardest entries of a row: those that are classified well do not count.

    Formula: \sum_{k \in K} \max(1 - t_k s_k, 0), over the share of the entries of a row with the largest values, with
        the scores s = y_pred and the label t = -1 or 1
    Use: rows that hold the proposals of one video or image, nearly all of them negative.
    Beware: a sum over the hardest entries, whose number is rounded down, but is at least one. Take one loss with
        share=1 for positive proposals and one for negative ones, as the paper does.
    Reference: Zhao, Xiong, Wang, Wu, Tang and Lin (2017), Temporal action detection with structured segment networks,
        arXiv:1704.06228

    >>> hardest_hinges([[1.0, -1.0, -1.0, -1.0]], [[0.0, 1.0, -1.0, -3.0]], share=0.5)
    3.0
    """

    share: Annotated[
        float,
        fraction("The share of the entries that count.", closed=True, prepared="the number of entries is prepared"),
    ] = 0.25

    inputs = declare(y_true=Slot(SIGN, ("row", "item"), "true"), y_pred=Slot(REAL, ("row", "item")))
    undrawn = "It sorts the entries of a row: there is no single number to move."

    def drawn_over(self) -> list[axes.Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        short = at_least(1 - ops.where(y_true > 0, y_pred, -y_pred), 0.0)
        hardest, _ = ops.top_k(short, max(1, int(self.share * (short.shape[-1] or 1))))
        return total(hardest, -1)


hardest_hinges = function(HardestHinges)


class EqualizationV2(Loss, aliases=("equalization_v2", "eql_v2", "eqlv2", "equalization_loss_v2"),
                     tasks=("multilabel", "detection"), traits=("convex",)):  # fmt: skip
    r"""A binary cross-entropy per class: rare classes get less gradient from others' rows, more from their own.

    Formula: \sum_c (w_c^+ y_c \log(1 + e^{-z_c}) + w_c^- (1 - y_c) \log(1 + e^{z_c})), with w_c^- = \sigma(\gamma
        (g_c - \mu)), w_c^+ = 1 + \alpha (1 - w_c^-), and the ratio g of the gradients by a class's own rows to those by
        others
    Use: long tails of classes, as in detection of very many kinds of objects.
    Beware: the ratios are given, where mmdet adds up gradients while it trains: sum w^+ y \sigma(-z) and
        w^- (1 - y) \sigma(z) over each epoch. Without them, every class counts as balanced.
    Reference: Tan, Lu, Zhang, Yin and Li (2020), Equalization loss v2: a new gradient balance approach for long-tailed
        object detection, arXiv:2012.08548

    >>> equalization_v2([[1.0, 0.0]], [[0.0, 0.0]], ratios=[0.8, 0.8])
    2.42601513
    """

    ratios: Annotated[
        tuple[float, ...] | float | None,
        numbers("For each class, its gradients by rows of its own, relative to the others'.", low=0.0,
                unusual=(0.7, 1.0, 0.2, 0.9)),
    ] = None  # fmt: skip
    gamma: Annotated[float, positive("How sharply the weight of others' rows falls.", slide=(1.0, 24.0))] = 12.0
    mu: Annotated[float, positive("The ratio at which it is one half.", slide=(0.1, 1.0))] = 0.8
    alpha: Annotated[float, nonnegative("How much a class's own rows gain.", slide=(0.0, 8.0))] = 4.0

    inputs = declare(y_true=Slot(SOFT, ("row", "class"), "true"), y_pred=Slot(LOGIT, ("row", "class")))
    undrawn = "It takes several logits for each row: there is no single number to move."

    def drawn_over(self) -> list[axes.Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        own = others = ops.ones_like(y_pred[:1])
        if self.ratios is not None:
            ratios = ops.convert_to_tensor(self._ratios(y_pred), y_pred.dtype)
            others = sigmoid(self.gamma * (ratios - self.mu))
            own = 1 + self.alpha * sigmoid(self.gamma * (self.mu - ratios))
        return total(own * y_true * softplus(-y_pred) + others * (1 - y_true) * softplus(y_pred), -1)

    def _ratios(self, y_pred: Tensor) -> tuple[float, ...]:
        """One ratio for each class."""
        ratios = self.ratios if isinstance(self.ratios, tuple) else (self.ratios or 0.0,) * (y_pred.shape[-1] or 1)
        if not one_each(ratios, y_pred):
            raise ParameterError(
                "EqualizationV2(ratios=...) has a ratio for every class.",
                arrived=f"It was given {len(ratios)} ratios for {y_pred.shape[-1]} classes.",
                allowed="Expected one number >= 0 per class, or one for all.",
                do="Divide the sums of the gradients of every class: np.sum(own, 0) / np.sum(others, 0).",
            )
        return ratios


equalization_v2 = function(EqualizationV2)
