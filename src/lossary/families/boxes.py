"""Boxes: how well predicted rectangles cover the true ones."""

import math
from typing import Annotated

from ..core.forms import Boxes, Pair
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import choice, fraction, positive
from ..numerics import ops
from ..numerics.backend import expm1, log1p
from ..numerics.stable import at_most, larger, log_of, log_whole, power, root_mean_square, share, total


def _square(x: Tensor) -> Tensor:
    """The squared length of a vector of two entries."""
    return total(ops.square(x), -1)


def _of(part: Tensor, whole: Tensor) -> Tensor:
    """part / whole, and 0 of nothing."""
    return part / ops.where(whole <= 0, 1.0, whole)


class IoU(Boxes, aliases=("iou_loss", "box_iou", "unit_box"), traits=("bounded", "redescending")):
    r"""One minus the intersection over union of two boxes, or minus its logarithm.

    Formula: 1 - IoU, with IoU = I / U, the areas of the intersection and of the union; -\log IoU; or 1 - IoU^2
    Use: box regression where boxes overlap already; it does not depend on the size of the box.
    Beware: no gradient without overlap: start from another loss, or take GIoU or DIoU. The paper, and mmdet by default,
        have mode="log"; overlaps below `epsilon` then count as epsilon, without gradient.
    Reference: Yu, Jiang, Wang, Cao and Huang (2016), UnitBox: an advanced object detection network, arXiv:1608.01471
    Elsewhere:
        tensorflow_addons.losses.GIoULoss(mode={"iou"}) -> mode="linear"

    >>> iou([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 1.0, 2.0]]), iou([[0.0, 0.0, 2.0, 2.0]], [[0, 0, 1, 2]], mode="log")
    (0.5, 0.69314718)
    """

    mode: Annotated[str, choice("Whether the loss is 1 - IoU, -log IoU or 1 - IoU^2.", "linear", "log", "square")] = (
        "linear"
    )
    epsilon: Annotated[
        float, fraction("With mode='log', the smallest overlap that is distinguished from none.", slide=(1e-6, 0.1))
    ] = 1e-6

    def of(self, pair: Pair) -> Tensor:
        missed = pair.missed
        if self.mode == "linear":
            return missed
        if self.mode == "square":
            return missed * (1 + share(pair.intersection, pair.left))
        far = pair.intersection < self.epsilon * (pair.intersection + pair.left)
        hit = ops.where(far | (pair.intersection <= 0), 1.0, pair.intersection)
        return ops.where(far, -log_of(self.epsilon), log_whole(ops.where(far, 0.0, pair.left), hit))


iou = function(IoU)


class GIoU(Boxes, aliases=("generalized_iou", "generalized_iou_loss"), traits=("bounded",)):
    r"""One minus the IoU of two boxes, plus a penalty for the gap between them: a gradient even without overlap.

    Formula: 1 - I / U + (H - U) / H, with the areas of the intersection I, of the union U and of the hull H
    Use: box regression in detection, in place of an error of coordinates: it does not depend on the size of the box.
    Beware: `coding` says how boxes are written; the wrong one gives plausible numbers. A box of negative width or
        height is empty. Between 0 and 2.
    Reference: Rezatofighi et al. (2019), Generalized intersection over union, arXiv:1902.09630
    Elsewhere:
        torchvision.ops.generalized_box_iou_loss(eps=1e-07) -> coding="corners"
        monai.losses.BoxGIoULoss -> coding="corners"
        tensorflow_addons.losses.GIoULoss(mode="giou") -> coding="corners"

    >>> giou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]]), giou([[0.0, 0.0, 1.0, 1.0]], [[2.0, 0.0, 3.0, 1.0]])
    (0.66666667, 1.33333333)
    """

    def of(self, pair: Pair) -> Tensor:
        union = pair.left + pair.intersection
        return pair.missed + share(pair.hull - union, union)


giou = function(GIoU)


class DIoU(Boxes, aliases=("distance_iou", "distance_box_iou_loss"), traits=("bounded",)):
    r"""One minus the IoU, plus the squared distance of the centres relative to the diagonal of the hull.

    Formula: 1 - IoU + d^2 / c^2, with the distance d of the centres and the diagonal c of the hull
    Use: box regression; boxes apart move straight towards one another, faster than with GIoU.
    Beware: for boxes with the same centre only the IoU is left: CIoU and EIoU compare the sides too. Between 0 and 2.
    Reference: Zheng, Wang, Liu, Li, Ye and Ren (2020), Distance-IoU loss: faster and better learning for bounding box
        regression, arXiv:1911.08287
    Elsewhere:
        torchvision.ops.distance_box_iou_loss(eps=1e-07) -> coding="corners"

    >>> diou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]])
    0.74358974
    """

    def of(self, pair: Pair) -> Tensor:
        return pair.missed + _of(_square(pair.shift), _square(pair.hull_sides))


diou = function(DIoU)


class CIoU(Boxes, aliases=("complete_iou", "complete_box_iou_loss"), traits=("bounded",)):
    r"""DIoU with a penalty for a wrong aspect ratio, which counts more the better the boxes overlap.

    Formula: 1 - IoU + d^2 / c^2 + \alpha v, with v = \frac{4}{\pi^2} (\arctan(w_y / h_y) - \arctan(w_p / h_p))^2 and
        \alpha = v / (1 - IoU + v)
    Use: the usual choice for box regression in detectors such as YOLO.
    Beware: the gradient holds alpha fixed, as the paper says. Sides of the right ratio and wrong size have v = 0. mmdet
        has alpha = 0 where IoU is at most 1/2.
    Reference: Zheng, Wang, Liu, Li, Ye and Ren (2020), Distance-IoU loss: faster and better learning for bounding box
        regression, arXiv:1911.08287
    Elsewhere:
        torchvision.ops.complete_box_iou_loss(eps=1e-07) -> coding="corners"

    >>> ciou([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 1.0, 2.0]])
    0.53449813
    """

    holds_fixed = True

    def of(self, pair: Pair) -> Tensor:
        missed = pair.missed
        v = ops.square((_angle(pair.true_sides) - _angle(pair.pred_sides)) * (2 / math.pi))
        alpha = ops.stop_gradient(share(v, missed))
        return missed + _of(_square(pair.shift), _square(pair.hull_sides)) + alpha * v


def _angle(sides: Tensor) -> Tensor:
    """Of the diagonal against the height; of a point it is 0."""
    width, height = sides[..., 0], sides[..., 1]
    return ops.arctan2(width, ops.where((width <= 0) & (height <= 0), 1.0, height))


ciou = function(CIoU)


class EIoU(Boxes, aliases=("efficient_iou",), traits=("bounded",)):
    r"""DIoU with penalties for a wrong width and a wrong height, relative to the hull.

    Formula: 1 - IoU + \frac{d^2}{c^2} + \frac{(w_p - w_y)^2}{W^2} + \frac{(h_p - h_y)^2}{H^2}, with the hull's sides W
        and H
    Use: box regression; each wrong side has its own gradient, whereas CIoU compares only their ratio.
    Beware: between 0 and 4. Its focal form multiplies by the root of the IoU, and is not this one.
    Reference: Zhang, Ren, Zhang, Jia, Wang and Tan (2021), Focal and efficient IOU loss for accurate bounding box
        regression, arXiv:2101.08158
    Unlike:
        EIoULoss: in mmdet, the extended IoU loss of Peng and Yu (2021)

    >>> eiou([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 1.0, 2.0]])
    0.78125
    """

    def of(self, pair: Pair) -> Tensor:
        sides = _of(ops.square(pair.pred_sides - pair.true_sides), ops.square(pair.hull_sides))
        return pair.missed + _of(_square(pair.shift), _square(pair.hull_sides)) + total(sides, -1)


eiou = function(EIoU)


class AlphaIoU(Boxes, aliases=("power_iou",), traits=("bounded", "redescending")):
    r"""One minus a power of the IoU: above 1, boxes that nearly fit get larger gradients, poor ones smaller.

    Formula: 1 - IoU^\alpha
    Use: detection that is evaluated at high overlaps; small data sets, noisy boxes.
    Beware: no gradient without overlap, and for alpha > 1 hardly any with little overlap. alpha = 1 is IoU.
    Reference: He, Erfani, Ma, Bailey, Chi and Hua (2021), Alpha-IoU: a family of power intersection over union losses
        for bounding box regression, arXiv:2110.13675

    >>> alpha_iou([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 1.0, 2.0]])
    0.875
    """

    alpha: Annotated[float, positive("The power of the intersection over union.", slide=(0.5, 5.0))] = 3.0

    def of(self, pair: Pair) -> Tensor:
        missed, hit = pair.missed, share(pair.intersection, pair.left)
        near = missed < 0.5
        rest = ops.where(near | (hit <= 0), 1.0, hit)
        poor = 1 - ops.where(hit <= 0, 0.0, power(rest, self.alpha))
        return ops.where(near, -expm1(self.alpha * log1p(-at_most(missed, 0.5))), poor)


alpha_iou = function(AlphaIoU)


class WIoU(Boxes, aliases=("wise_iou", "wiou_v1"), traits=("bounded",)):
    r"""One minus the IoU, times a factor up to e for centres that are apart.

    Formula: e^{d^2 / c^2} (1 - IoU), with the distance d of the centres and the diagonal c of the hull
    Use: box regression with poor boxes in the data: near a right box it is the plain IoU loss.
    Beware: this is the paper's first version, without the running mean of its third. c is a constant in the gradient,
        as in the paper, so that boxes do not grow to make the factor small.
    Reference: Tong, Chen, Xu and Yu (2023), Wise-IoU: bounding box regression loss with dynamic focusing mechanism,
        arXiv:2301.10051

    >>> wiou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]])
    0.71997267
    """

    holds_fixed = True

    def of(self, pair: Pair) -> Tensor:
        return pair.missed * ops.exp(_of(_square(pair.shift), ops.stop_gradient(_square(pair.hull_sides))))


wiou = function(WIoU)


class SIoU(Boxes, aliases=("scylla_iou",), traits=("bounded",)):
    r"""One minus the IoU, plus penalties for distant centres and wrong sides; moving along an axis costs less.

    Formula: 1 - IoU + (D + S) / 2, with D = \sum_{x, y} (1 - e^{-(2 - L) r^2}), r the distance along an axis by the
        side of the hull, L = 2 |dx dy| / (dx^2 + dy^2), and S = \sum_{w, h} (1 - e^{-q})^\theta, q the difference of a
        side by the larger one
    Use: box regression; boxes are aligned along one axis first.
    Beware: the paper writes L as 1 - 2 sin^2(arcsin x - pi/4), with x the sine of the angle. mmdet's default has the
        other sign in the exponent of D. Between 0 and 3.
    Reference: Gevorgyan (2022), SIoU loss: more powerful learning for bounding box regression, arXiv:2205.12740

    >>> siou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]])
    0.76629797
    """

    theta: Annotated[float, positive("The power of the penalty for a wrong side.", slide=(2.0, 6.0))] = 4.0

    def of(self, pair: Pair) -> Tensor:
        across = 2 * ops.abs(pair.shift[..., 0] * pair.shift[..., 1])
        slant = _of(across, _square(pair.shift))[..., None]
        way = -expm1((slant - 2) * _of(ops.square(pair.shift), ops.square(pair.hull_sides)))
        wrong = _of(ops.abs(pair.pred_sides - pair.true_sides), larger(pair.pred_sides, pair.true_sides))
        return pair.missed + (total(way, -1) + total(power(-expm1(-wrong), self.theta), -1)) / 2


siou = function(SIoU)


class NWD(Boxes, aliases=("normalized_wasserstein_distance",), traits=("bounded",)):
    r"""How far apart two boxes are as Gaussian distributions: a gradient at any distance, smooth for tiny objects.

    Formula: 1 - e^{-W / c}, with W = \sqrt{dx^2 + dy^2 + (dw^2 + dh^2) / 4} of centres and sides
    Use: objects of a few pixels, whose IoU jumps when a box is off by one.
    Beware: it depends on the unit of the coordinates: `c` is about the mean size of the objects, in pixels here; boxes
        several times c apart have hardly any gradient. Add an IoU loss for large objects.
    Reference: Wang, Xu, Yang and Yu (2021), A normalized Gaussian Wasserstein distance for tiny object detection,
        arXiv:2110.13389

    >>> nwd([[0.0, 0.0, 2.0, 2.0]], [[3.0, 4.0, 5.0, 6.0]], c=5.0)
    0.63212056
    """

    c: Annotated[
        float, positive("The distance at which the loss is 0.63; about the size of the objects.", slide=(1.0, 50.0))
    ] = 12.8

    def of(self, pair: Pair) -> Tensor:
        apart = ops.concatenate([pair.shift, (pair.pred_sides - pair.true_sides) / 2], axis=-1) / pair.k
        return -expm1(-2 / self.c * root_mean_square(apart, self.inner))


nwd = function(NWD)


class FocalEIoU(EIoU, aliases=("focal_efficient_iou",), traits=("bounded",)):
    r"""EIoU in which boxes that overlap well count most: the many poor boxes get smaller gradients.

    Formula: IoU^\gamma (1 - IoU + \frac{d^2}{c^2} + \frac{(w_p - w_y)^2}{W^2} + \frac{(h_p - h_y)^2}{H^2}), the first
        factor held fixed
    Use: box regression with many anchors, most of them with little overlap.
    Beware: no gradient without overlap. The gradient holds the factor fixed, so the reported value is not what is
        minimised.
    Reference: Zhang, Ren, Zhang, Jia, Wang and Tan (2021), Focal and efficient IOU loss for accurate bounding box
        regression, arXiv:2101.08158

    >>> focal_eiou([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 1.0, 2.0]])
    0.55242717
    """

    gamma: Annotated[float, positive("The power of the overlap.", slide=(0.1, 2.0))] = 0.5

    holds_fixed = True

    def of(self, pair: Pair) -> Tensor:
        hit = ops.stop_gradient(share(pair.intersection, pair.left))
        return power(hit, self.gamma) * super().of(pair)


focal_eiou = function(FocalEIoU)


class BoundedIoU(Boxes, aliases=("bounded_iou_loss",), traits=("bounded",)):
    r"""The largest IoU possible, given one coordinate of the centre or one side alone; four smooth absolute errors.

    Formula: \sum_k h_\beta(1 - B_k), with B = \max(\frac{w_y - 2 |dx|}{w_y + 2 |dx|}, 0) for a centre,
        \min(\frac{w_p}{w_y}, \frac{w_y}{w_p}) for a side, and h quadratic up to \beta, linear beyond
    Use: box regression where errors of position and size should count alike for small and large boxes.
    Beware: a coordinate of the centre that is off by half a side or more has no gradient. mmdet averages the four, and
        adds 0.001 to each denominator.
    Reference: Tychsen-Smith and Petersson (2018), Improving object localization with fitness NMS and bounded IoU loss,
        arXiv:1711.00164

    >>> bounded_iou([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 1.0, 2.0]])
    0.96666667
    """

    beta: Annotated[float, positive("The share up to which it is quadratic.", slide=(0.05, 0.9))] = 0.2

    def of(self, pair: Pair) -> Tensor:
        way, side = 2 * ops.abs(pair.shift), pair.true_sides
        out = way >= side
        centre = ops.where(out, 1.0, _of(2 * ops.where(out, 0.0, way), side + way))
        apart = ops.abs(pair.pred_sides - side)
        x = ops.concatenate([centre, _of(apart, larger(side, pair.pred_sides))], axis=-1)
        near = x < self.beta
        return total(ops.where(near, ops.square(x) / (2 * self.beta), x - self.beta / 2), -1)


bounded_iou = function(BoundedIoU)


class ExtendedIoU(Boxes, aliases=("extended_iou_loss", "smooth_eiou"), traits=("bounded",)):
    r"""One minus an IoU whose intersection is negative where boxes lie apart, as a smooth absolute error.

    Formula: \frac{q^2}{2 \beta} if q < \beta else q - \frac{\beta}{2}, with q = 1 - \frac{I}{A + B - I}, the areas A
        and B of the boxes and the signed area I of what lies between their inner corners
    Use: box regression with one loss from the start to the end: a gradient without overlap, and none at the minimum.
    Beware: not EIoU, which penalises wrong sides. Between 0 and 2 - \beta / 2.
    Reference: Peng and Yu (2021), A systematic IoU-related method: beyond simplified regression for better
        localization, arXiv:2112.01793

    >>> extended_iou([[0, 0, 2, 2]], [[0.0, 0.0, 1.0, 2.0]]), extended_iou([[0, 0, 1, 1]], [[2.0, 0.0, 3.0, 1.0]])
    (0.45, 1.28333333)
    """

    beta: Annotated[float, positive("The share up to which it is quadratic.", slide=(0.05, 0.9))] = 0.1

    def of(self, pair: Pair) -> Tensor:
        sides = pair.common_sides
        apart, common = ops.where(sides < 0, -sides, 0.0), ops.where(sides < 0, 0.0, sides)
        (a, b), (w, h), (u, v) = ([x[..., k] for k in (0, 1)] for x in (apart, common, pair.lag))
        q = pair.missed + share(a * (h + 2 * v) + b * (w + 2 * (u - a)), pair.left)  # the second where they lie apart
        return ops.where(q < self.beta, ops.square(q) / (2 * self.beta), q - self.beta / 2)


extended_iou = function(ExtendedIoU)
