"""Pairs with a label: which of two scores should be higher, and whether two vectors belong together."""

from typing import Annotated

from ..core.axes import AXES, Axis
from ..core.contract import REAL, SIGN
from ..core.forms import Pointwise
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import nonnegative, number, positive
from ..core.slots import VECTOR, Slot, declare
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.stable import at_least, unit


class MarginRanking(Loss, aliases=("pairwise_margin",), tasks=("ranking",), traits=("convex",)):
    r"""Zero once the better of two items scores higher by `margin`; grows linearly below that.

    Formula: \max(m - y\,(a - b), 0), with y = 1 where the first score a should be higher, -1 where the second one, b
    Use: pairs where it is known which item is better: answers, search results, pictures.
    Beware: with margin = 0, torch's default, equal scores cost nothing: use a margin above 0. Label 0 is read as -1.
    Reference: Herbrich, Graepel and Obermayer (2000), Large margin rank boundaries for ordinal regression, Advances in
        Large Margin Classifiers, 115-132
    Elsewhere:
        torch.nn.MarginRankingLoss, torch.nn.functional.margin_ranking_loss(margin=0.0)

    >>> margin_ranking([1.0], [2.0], [2.5]), margin_ranking([-1.0], [2.0], [2.5], margin=0.2)
    (1.5, 0.0)
    """

    margin: Annotated[float, nonnegative("By how much the better one should lead.", slide=(0.0, 2.0))] = 1.0

    inputs = declare(y_true=Slot(SIGN, side="true"), first=Slot(REAL), second=Slot(REAL), stack=-1)

    def drawn_over(self) -> list[Axis]:
        return [AXES["ranked"]]

    def call(self, y_true: Tensor, first: Tensor, second: Tensor) -> Tensor:
        ahead = ops.where(y_true > 0, first - second, second - first)
        return at_least(self.margin - ahead, 0.0)


margin_ranking = function(MarginRanking)


class CosineEmbedding(Loss, tasks=("retrieval",)):
    r"""Turns two vectors of one kind towards each other, and two of different kinds away, up to a cosine of `margin`.

    Formula: 1 - c for y = 1, and \max(c - m, 0) for y = -1, with the cosine c of the two vectors and m = margin
    Use: pairs of texts, images or captions that belong together, or do not.
    Beware: only directions count; a vector of zeros has the cosine 0 and no gradient. Label 0 is read as -1.
    Reference: Salvador, Hynes, Aytar, Marin, Ofli, Weber and Torralba (2017), Learning cross-modal embeddings for
        cooking recipes and food images, IEEE Conference on Computer Vision and Pattern Recognition
    Elsewhere:
        torch.nn.CosineEmbeddingLoss, torch.nn.functional.cosine_embedding_loss(margin=0.0)

    >>> cosine_embedding([1.0], [[1.0, 0.0]], [[1.0, 1.0]]), cosine_embedding([-1.0], [[1.0, 0.0]], [[1.0, 1.0]])
    (0.29289322, 0.70710678)
    """

    margin: Annotated[
        float, number("The largest cosine at which unlike pairs cost nothing.", slide=(-0.5, 0.9), low=-1.0, high=1.0)
    ] = 0.0

    inputs = declare(
        y_true=Slot(SIGN, side="true"),
        first=Slot(VECTOR, ("row", "feature")),
        second=Slot(VECTOR, ("row", "feature")),
        stack=1,
    )

    def drawn_over(self) -> list[Axis]:
        return [AXES["angle of a pair"]]

    def call(self, y_true: Tensor, first: Tensor, second: Tensor) -> Tensor:
        (a, a_points), (b, b_points) = unit(first), unit(second)
        both = ops.squeeze(ops.logical_and(a_points, b_points), -1)
        apart = ops.where(both, 0.5 * total(ops.square(a - b), -1), 1.0)  # 1 less the cosine, also of equal directions
        return ops.where(y_true > 0, apart, at_least(total(a * b, -1) - self.margin, 0.0))


cosine_embedding = function(CosineEmbedding)


class HingeEmbedding(Pointwise, aliases=("hinge_embedding_loss",), tasks=("retrieval",), traits=("convex",)):
    r"""Makes a given distance small for pairs of one kind, and at least `margin` for all others.

    Formula: p for y = 1, and \max(m - p, 0) for y = -1, with the distance p = y_pred and m = margin
    Use: distances of pairs that are known to belong together, or not to.
    Beware: takes distances, not squared, where the contrastive loss squares them. A negative distance counts as a gain.
        Label 0 is read as -1.
    Reference: Chopra, Hadsell and LeCun (2005), Learning a similarity metric discriminatively, with application to face
        verification, IEEE Conference on Computer Vision and Pattern Recognition
    Elsewhere:
        torch.nn.HingeEmbeddingLoss, torch.nn.functional.hinge_embedding_loss(margin=1.0) -> margin=margin

    >>> hinge_embedding([[1.0, -1.0]], [[0.5, 0.25]])
    0.625
    """

    margin: Annotated[float, positive("The distance from which unlike pairs cost nothing.", slide=(0.2, 3.0))] = 1.0

    target = SIGN
    relative = False

    def drawn_over(self) -> list[Axis]:
        return [AXES["apart"]]

    def mapped_over(self) -> None:
        return None

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return ops.where(y > 0, p, ops.where(y <= 0, at_least(self.margin - p, 0.0), y))

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return ops.where(y > 0, 1.0, ops.where(p < self.margin, -1.0, 0.0 * p))


hinge_embedding = function(HingeEmbedding)
