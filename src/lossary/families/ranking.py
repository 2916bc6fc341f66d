"""Ranking: lists of items whose order matters, not their scores."""

from keras import ops

from ..core.axes import AXES, Axis
from ..core.contract import REAL
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.results import Fused, Rows
from ..core.slots import AMOUNT, LENGTH, VALID, Slot, declare
from ..numerics.backend import total
from ..numerics.classes import dense_kernel
from ..numerics.stable import LARGE, constant


class ListwiseSoftmax(Loss, aliases=("list_net", "listnet", "softmax_ranking"), tasks=("ranking",)):
    r"""Cross-entropy between the relevances of a list, normalised to sum to 1, and the softmax of its scores.

    Formula: -\sum_i \frac{y_i}{\sum y} \log \frac{e^{s_i}}{\sum_j e^{s_j}}, over the items of a list, with the
        relevance y and the score s
    Use: search and recommendation: one row is a query with its items, and only their order matters.
    Beware: only ratios of relevance matter: (0, 1, 3) and (0, 2, 6) are the same target. Pad lists to one length and
        mark the real items by `lengths`, by `valid`, or by a mask; a list without a relevant item is left out.
    Reference: Cao, Qin, Liu, Tsai and Li (2007), Learning to rank: from pairwise approach to listwise approach,
        doi:10.1145/1273496.1273513

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
