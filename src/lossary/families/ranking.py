"""Ranking: lists of items whose order matters, not their scores."""

from typing import Annotated

from keras import ops

from ..core.axes import AXES, Axis
from ..core.contract import REAL, Values
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import positive
from ..core.results import Fused, Rows
from ..core.slots import AMOUNT, LENGTH, VALID, Slot, declare
from ..numerics.backend import total
from ..numerics.classes import dense_kernel
from ..numerics.stable import LARGE, constant, tanh, unit, unless_nan

SCORE = Values("a score of an item", draw=lambda rng, shape, top: rng.normal(size=shape))


class ListwiseSoftmax(Loss, aliases=("list_net", "listnet", "softmax_ranking"), tasks=("ranking",)):
    r"""Cross-entropy between the relevances of a list, normalised to sum to 1, and the softmax of its scores.

    Formula: -\sum_i \frac{y_i}{\sum y} \log \frac{e^{s_i}}{\sum_j e^{s_j}}, over the items of a list, with the
        relevance y and the score s
    Use: search and recommendation: one row is a query with its items, and only their order matters.
    Beware: only ratios of relevance matter: (0, 1, 3) and (0, 2, 6) are the same target. Pad lists to one length and
        mark the real items by `lengths`, by `valid`, or by a mask; a list without a relevant item is left out.
    Reference: Cao, Qin, Liu, Tsai and Li (2007), Learning to rank: from pairwise approach to listwise approach,
        doi:10.1145/1273496.1273513
    Unlike:
        optax.losses.ranking_softmax_loss: not divided by the sum of the labels

    >>> listwise_softmax([[1, 0]], [[0, 0]]), listwise_softmax([[0, 3, 9]], [[0.0, 1.0, 5.0]], [[1, 1, 0]])
    (0.69314718, 0.31326169)
    """

    inputs = declare(
        relevance=Slot(AMOUNT, ("row", "item"), "true", valid="valid"),
        score=Slot(REAL, ("row", "item"), valid="valid"),
        valid=Slot(VALID, ("row", "item"), "any", optional=True, lengths="lengths"),
        lengths=Slot(LENGTH, ("row",), "any", optional=True),
    )

    def drawn_over(self) -> list[Axis]:
        return [AXES["item"]]

    def call(self, relevance: Tensor, score: Tensor, valid: Tensor | None) -> Rows:
        if valid is not None:
            relevance = ops.where(valid, relevance, 0.0)
            score = ops.where(valid, score, constant(-LARGE[self.inner], score))
        whole = total(relevance, -1)
        share = relevance / ops.expand_dims(ops.where(whole > 0, whole, 1.0), -1)
        rows = Fused(dense_kernel(None, 0.0, None), score, share, rowwise=True)
        rows.valid = whole > 0
        return rows


listwise_softmax = function(ListwiseSoftmax)


class SoftSpearman(Loss, aliases=("spearman", "spearman_correlation", "soft_rank_correlation"), tasks=("ranking",)):
    r"""One minus the correlation of the ranks of targets and scores within a row, with ranks that have a gradient.

    Formula: 1 - \mathrm{corr}(r(y), \tilde r(s)), with the rank r_i the number of items below i, ties as halves, and
        \tilde r_i = \sum_j \sigma((s_i - s_j) / \tau), \tau = temperature
    Use: lists whose order is evaluated by Spearman's coefficient.
    Beware: between 0 and 2, and not quite 0 for the right order: ranks are soft. Scores that are equal give 1, without
        a gradient. Choose the temperature near the gaps between scores; its cost grows with the square of the items.
    Reference: Qin, Liu and Li (2010), A general approximation framework for direct optimization of information
        retrieval measures, doi:10.1007/s10791-009-9124-x

    >>> soft_spearman([[1.0, 2.0]], [[0.0, 5.0]]), soft_spearman([[1.0, 2.0]], [[5.0, 0.0]])
    (0.0, 2.0)
    """

    temperature: Annotated[
        float, positive("Small values give ranks close to the true ones, with smaller gradients.", slide=(0.1, 3.0))
    ] = 1.0

    inputs = declare(y_true=Slot(SCORE, ("row", "item"), "true"), y_pred=Slot(SCORE, ("row", "item")))
    undrawn = "It looks at the order of several items: there is no single number to move."

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        apart = ops.expand_dims(y_true, 2) - ops.expand_dims(y_true, 1)
        gap = ops.expand_dims(y_pred, 2) - ops.expand_dims(y_pred, 1)
        above = unless_nan(ops.sign(apart), apart)
        ranks = total(above, -1), total(tanh(gap / (2 * self.temperature)), -1)  # twice each, less their mean
        (a, some), (b, others) = (unit(rank) for rank in ranks)
        alike = total(ops.square(a - b), -1) / 2  # of vectors of length 1, 1 less the product: nothing cancels
        return ops.where(ops.squeeze(ops.logical_and(some, others), -1), alike, 1.0)


soft_spearman = function(SoftSpearman)
