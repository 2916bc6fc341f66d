"""Very many classes, such as words or products: a few that were drawn stand for all, or rare ones are in clusters."""

from itertools import pairwise
from typing import Annotated

from ..core.contract import CLASS_INDEX, LOGIT
from ..core.errors import ParameterError
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param
from ..core.slots import POSITIVE, VALID, Slot, declare
from ..numerics import ops
from ..numerics.backend import log, total
from ..numerics.classes import nll_of_one_logit
from ..numerics.pairs import log_sum_exp
from ..numerics.stable import softplus

DRAWN = declare(
    true=Slot(LOGIT),
    drawn=Slot(LOGIT, ("row", "sample"), valid="valid"),
    true_count=Slot(POSITIVE, ("row",), "any", optional=True),
    drawn_count=Slot(POSITIVE, ("row", "sample"), "any", optional=True, valid="valid"),
    valid=Slot(VALID, ("row", "sample"), "any", optional=True),
)
SEVERAL = "It takes several logits for each row: there is no single number to move."


def _corrected(logit: Tensor, count: Tensor | None) -> Tensor:
    """The logit less the log of how often its class is expected among the drawn ones."""
    return logit if count is None else logit - log(count)


class SampledSoftmax(Loss, aliases=("sampled_cross_entropy",), tasks=("multiclass",), traits=("convex",)):
    r"""Softmax cross-entropy of the true class against a few sampled classes, in place of all.

    Formula: -\log \frac{e^{a}}{e^{a} + \sum_j e^{b_j}}, with a = z_t - \log n_t and b_j = z_j - \log n_j, for
        the logits z = true and drawn and the counts n
    Use: vocabularies and catalogues of products so large that not all logits can be computed while training.
    Beware: draws nothing: the model gives the logits of the true class and of the drawn ones. `valid` leaves out a
        drawn class that is the true one. Counts say how often a class is expected among those drawn: without them,
        classes that are drawn often get too small a logit.
    Reference: Jean, Cho, Memisevic and Bengio (2015), On using very large target vocabulary for neural machine
        translation, arXiv:1412.2007
    Elsewhere:
        tf.nn.sampled_softmax_loss(num_true=1) -> reduction="none"

    >>> sampled_softmax([0.0], [[0.0, 0.0]]), sampled_softmax([0.0], [[0.0, 0.0]], drawn_count=[[0.5, 1.0]])
    (1.09861229, 1.38629436)
    """

    inputs = DRAWN
    undrawn = SEVERAL

    def call(self, true: Tensor, drawn: Tensor, true_count: Tensor | None, drawn_count: Tensor | None,
             valid: Tensor | None) -> Tensor:  # fmt: skip
        gap = _corrected(drawn, drawn_count) - ops.expand_dims(_corrected(true, true_count), -1)
        return softplus(log_sum_exp(gap, ops.ones_like(gap, dtype="bool") if valid is None else valid))


sampled_softmax = function(SampledSoftmax)


class NoiseContrastiveEstimation(Loss, aliases=("nce", "negative_sampling"),
                       tasks=("multiclass",), traits=("convex",)):  # fmt: skip
    r"""For the true class and each sampled one, a binary classification of whether it is the true one.

    Formula: \log(1 + e^{-a}) + \sum_j \log(1 + e^{b_j}), with a = z_t - \log n_t and b_j = z_j - \log n_j, for
        the logits z = true and drawn and the counts n
    Use: as SampledSoftmax, where logits should be log-probabilities by themselves; without counts it is the negative
        sampling of word2vec.
    Beware: draws nothing, and sums over the drawn classes. Not InfoNCE, which compares rows: see NTXent.
    Reference: Gutmann and Hyvärinen (2012), Noise-contrastive estimation of unnormalized statistical models, with
        applications to natural image statistics, Journal of Machine Learning Research 13:307-361
    Elsewhere:
        tf.nn.nce_loss(num_true=1) -> reduction="none"

    >>> noise_contrastive_estimation([0.0], [[0.0, 0.0]]), noise_contrastive_estimation([40.0], [[-40.0, -50.0]])
    (2.07944154, 8.4969014e-18)
    """

    inputs = DRAWN
    undrawn = SEVERAL

    def call(self, true: Tensor, drawn: Tensor, true_count: Tensor | None, drawn_count: Tensor | None,
             valid: Tensor | None) -> Tensor:  # fmt: skip
        wrong = softplus(_corrected(drawn, drawn_count))
        wrong = wrong if valid is None else ops.where(valid, wrong, 0.0)
        return softplus(-_corrected(true, true_count)) + total(wrong, -1)


noise_contrastive_estimation = function(NoiseContrastiveEstimation)


Cutoffs = Annotated[
    tuple[int, ...] | int | None,
    Param("The first class of each cluster, in rising order; None cuts into equal parts.", kind="axes", optional=True,
          unusual=(1, 3)),
]  # fmt: skip


class AdaptiveSoftmax(Loss, aliases=("adaptive_log_softmax", "adaptive_softmax_loss", "hierarchical_softmax"),
                      tasks=("multiclass",), traits=("convex",)):  # fmt: skip
    r"""Cross-entropy over frequent classes and clusters of rare ones, then over the classes of the true cluster.

    Formula: -\log p_t for a class before the first cutoff, else -\log p_k - \log q_t, with the softmax p over the
        frequent classes and the clusters, and the softmax q over the classes of cluster k
    Use: large vocabularies: a model can give the logits of a rare cluster by a narrow layer.
    Beware: classes are counted from the most frequent one. `logits` holds one logit for each class, and `clusters` one
        for each cluster: only those of the true one's cluster are read.
    Reference: Grave, Joulin, Cissé, Grangier and Jégou (2017), Efficient softmax approximation for GPUs,
        arXiv:1609.04309
    Elsewhere:
        torch.nn.AdaptiveLogSoftmaxWithLoss(cutoffs={(1, 3), ...}) -> cutoffs=cutoffs, reduction="mean"

    >>> adaptive_softmax([2], [[0.0, 0.0, 0.0, 0.0]], [[0.0]], cutoffs=[2])
    1.79175947
    """

    cutoffs: Cutoffs = None

    inputs = declare(
        label=Slot(CLASS_INDEX, side="true"),
        logits=Slot(LOGIT, ("row", "class")),
        clusters=Slot(LOGIT, ("row", "cluster")),
    )
    undrawn = SEVERAL

    def call(self, label: Tensor, logits: Tensor, clusters: Tensor) -> Tensor:
        starts = self._starts(logits.shape[-1] or 1, clusters.shape[-1] or 1)
        t = ops.cast(label, "int32")
        k = sum(ops.cast(t >= start, "int32") for start in starts[:-1])
        known = ops.logical_and(t >= 0, t < starts[-1])
        head = ops.concatenate([logits[:, : starts[0]], clusters], axis=-1)
        value = nll_of_one_logit(head, ops.where(known, ops.where(k > 0, starts[0] + k - 1, t), 0))
        for start, end in pairwise(starts):
            inside = ops.logical_and(t >= start, t < end)
            within = nll_of_one_logit(logits[:, start:end], ops.where(inside, t - start, 0))
            value = value + ops.where(inside, within, 0.0)
        return ops.where(known, value, float("nan"))

    def _starts(self, classes: int, clusters: int) -> list[int]:
        """Where each cluster begins, and where the last one ends."""
        equal = [round(classes * (k + 1) / (clusters + 1)) for k in range(clusters)]
        cutoffs = (self.cutoffs,) if isinstance(self.cutoffs, int) else self.cutoffs
        starts = [*(equal if cutoffs is None else cutoffs), classes]
        if len(starts) != clusters + 1 or not all(a < b for a, b in pairwise([0, *starts])):
            raise ParameterError(
                "AdaptiveSoftmax(cutoffs=...) says where each cluster of classes begins.",
                arrived=f"It was given cutoffs={self.cutoffs} for {classes} classes and {clusters} clusters.",
                allowed="Expected one number for each cluster, rising, above 0 and below the number of classes.",
                do="Pass the first class of each cluster, and one logit for each cluster as `clusters`.",
            )
        return starts


adaptive_softmax = function(AdaptiveSoftmax)
