"""Overlaps: segmentation by how far a predicted mask covers the true one."""

import math
from typing import Annotated

from ..core.forms import Overlap
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import nonnegative
from ..numerics.stable import share

Smooth = Annotated[
    float, nonnegative("Added to numerator and denominator; steadies the ratio for small masks.", slide=(0.0, 5.0))
]


def _ratio(missed: Tensor, hit: Tensor, smooth: float) -> Tensor:
    """1 - (hit + s) / (hit + missed + s), written so that it does not cancel; nothing missed is a loss of 0."""
    return share(missed, hit + smooth)


class Dice(
    Overlap,
    aliases=("soft_dice", "sorensen", "f1"),
    traits=("bounded",),
    positional="reduction name axis dtype",
):
    r"""One minus the Dice coefficient: the overlap of two masks, relative to their mean size.

    Formula: 1 - \frac{2 \sum y p + s}{\sum y + \sum p + s}, counted per row
    Use: segmentation with small objects, usually added to a cross-entropy.
    Beware: computed per row, so that a batch can be split; whole_batch=True gives Keras's single ratio over all rows.
        Two empty masks match perfectly: 0.
    Reference: Milletari, Navab and Ahmadi (2016), V-Net, arXiv:1606.04797
    Elsewhere:
        keras.losses.Dice(axis=None) -> axis=axis, whole_batch=True
    Unlike:
        optax.losses.dice_loss, optax.losses.binary_dice_loss, DiceLoss: of logits, or smoothed, each in its own way

    >>> dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    0.33333333
    """

    smooth: Smooth = 0.0

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        return _ratio(fp + fn, 2 * tp, self.smooth)


dice = function(Dice)


class Tversky(
    Overlap,
    traits=("bounded",),
    positional="alpha beta reduction name axis dtype",
):
    r"""Dice with separate weights for false positives (`alpha`) and false negatives (`beta`).

    Formula: 1 - \frac{TP + s}{TP + \alpha FP + \beta FN + s}, counted per row
    Use: segmentation where missing the object is worse than marking too much: beta > alpha.
    Beware: Keras 3.15 applies alpha to the false negatives, against its own documentation; here alpha belongs to the
        false positives, as in the paper. alpha = beta = 1/2 is Dice.
    Reference: Salehi, Erdogmus and Gholipour (2017), Tversky loss function for image segmentation, arXiv:1706.05721
    Elsewhere:
        keras.losses.Tversky(alpha=0.5, beta=0.5, axis=None) -> alpha=beta, beta=alpha, axis=axis, whole_batch=True
    Unlike:
        TverskyLoss: in libraries for torch, of logits, or smoothed, each in its own way

    >>> tversky([[1.0, 1.0, 1.0]], [[1.0, 0.0, 0.0]], alpha=0.9, beta=0.1)
    0.16666667
    """

    alpha: Annotated[float, nonnegative("The weight of false positives.", slide=(0.0, 1.0))] = 0.5
    beta: Annotated[float, nonnegative("The weight of false negatives.", slide=(0.0, 1.0))] = 0.5
    smooth: Smooth = 0.0

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        k = self.scale()
        return _ratio(self.alpha * k * fp + self.beta * k * fn, k * tp, self.smooth * k)

    def scale(self) -> float:
        """A power of two that makes the larger price about 1, so that the price of a faint mask stays a number."""
        prices = self.alpha, self.beta
        if not all(isinstance(price, (int, float)) for price in prices) or not max(prices):  # one that moves
            return 1.0
        return 2.0 ** -math.floor(math.log2(max(prices)))


tversky = function(Tversky)
