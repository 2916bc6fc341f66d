"""Boxes: how well predicted rectangles cover the true ones."""

from ..core.forms import Boxes
from ..core.functions import function
from ..core.loss import Tensor
from ..numerics.stable import share


class GIoU(Boxes, aliases=("generalized_iou", "generalized_iou_loss"), traits=("bounded",)):
    r"""One minus the IoU of two boxes, plus a penalty for the gap between them: a gradient even without overlap.

    Formula: 1 - I / U + (H - U) / H, with the areas of the intersection I, of the union U and of the hull H
    Use: box regression in detection, in place of an error of coordinates: it does not depend on the size of the box.
    Beware: `coding` says how boxes are written; the wrong one gives plausible numbers. A box of negative width or
        height is empty. Between 0 and 2.
    Reference: Rezatofighi et al. (2019), Generalized intersection over union, arXiv:1902.09630

    >>> giou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]]), giou([[0.0, 0.0, 1.0, 1.0]], [[2.0, 0.0, 3.0, 1.0]])
    (0.66666667, 1.33333333)
    """

    def of(self, intersection: Tensor, left: Tensor, hull: Tensor) -> Tensor:
        return share(left, intersection) + share(hull - (left + intersection), left + intersection)


giou = function(GIoU)
