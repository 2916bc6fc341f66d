"""Structures of masks: skeletons, outlines, neighbours, and classes that are more or less alike."""

from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from ..core.axes import Axis
from ..core.contract import CLASS_INDEX, LOGIT
from ..core.errors import ParameterError
from ..core.forms import Images
from ..core.forms.images import IMAGE, ChannelsFirst, channels_last, image_mean, part
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, flag, nonnegative, positive, whole
from ..core.results import Rows, Sums
from ..core.slots import SHARE, SOFT, Forms, Slot, declare
from ..numerics import ops
from ..numerics.backend import log1p, total
from ..numerics.classes import nll_of_one_logit, one_hot, probabilities_of_logits
from ..numerics.stable import at_least, larger, mean, power, share, share_of, smaller

MASK = ("row", "height", "width")
MASKS = declare(y_true=Slot(SOFT, IMAGE, "true"), y_pred=Slot(SHARE, IMAGE))
SURE = replace(SHARE, draw=lambda rng, shape, top: rng.beta(0.3, 0.3, shape))  # errors above 1/2 are common
PIXELS, PIXELS_FIRST = (
    declare(y_true=Slot(CLASS_INDEX, MASK, "true"), y_pred=Slot(LOGIT, axes))
    for axes in ((*MASK, "class"), ("row", "class", "height", "width"))
)
WHOLE = "It looks at whole masks: there is no single number to move."
FAR = 1e12


def _beside(x: Tensor, axis: int, beyond: float) -> tuple[Tensor, Tensor]:
    """The pixels before and after each one along an axis; beyond the border, `beyond` times the last one."""
    n = x.shape[axis] or 1
    first, last = part(x, axis, 0, n - 1), part(x, axis, n - 1, n - 1)
    before = ops.concatenate([beyond * first, part(x, axis, 0, 1)], axis=axis)
    return before, ops.concatenate([part(x, axis, 1, 1), beyond * last], axis=axis)


def _pooled(x: Tensor, axis: int, choose: Any) -> Tensor:
    before, after = _beside(x, axis, 1.0)
    return choose(choose(x, before), after)


def _eroded(x: Tensor) -> Tensor:
    return smaller(_pooled(x, 1, smaller), _pooled(x, 2, smaller))


def _ridge(x: Tensor, eroded: Tensor) -> Tensor:
    """What a mask loses when it is made thinner and thicker again."""
    return at_least(x - _pooled(_pooled(eroded, 1, larger), 2, larger), 0.0)


def _skeleton(x: Tensor, steps: int) -> Tensor:
    """The middle lines of a soft mask that is up to 2 * steps + 2 pixels thick."""
    eroded = _eroded(x)
    found = _ridge(x, eroded)
    for _ in range(steps):
        x, eroded = eroded, _eroded(eroded)
        ridge = _ridge(x, eroded)
        found = found + ridge * (1 - found)
    return found


class SoftClDice(Images, family="overlaps", aliases=("cldice", "soft_cldice_loss"), tasks=("segmentation",),
                 traits=("bounded",), positional=""):  # fmt: skip
    r"""One minus the Dice coefficient of centrelines: long, thin structures should stay connected.

    Formula: 1 - \frac{2 a b}{a + b}, with a = \frac{\sum S(p) y + s}{\sum S(p) + s}, b = \frac{\sum S(y) p + s}{\sum
        S(y) + s} and the soft skeleton S, made of what masks lose when they are thinned and thickened step by step; a +
        b + \epsilon divides for epsilon
    Use: vessels, roads, cell borders: beside Dice, which hardly changes at a gap.
    Beware: each channel has its own ratio, unless joint=True. Used alone, it ignores thickness. `steps` should be about
        half of their thickness in pixels.
    Reference: Shit et al. (2021), clDice: a novel topology-preserving loss function for tubular structure segmentation,
        arXiv:2003.07311
    Elsewhere:
        monai.losses.SoftclDiceLoss(iter_=3, smooth_nr=1.0, smooth_dr=1.0, smooth=0.0001) -> channels_first=True,
            joint=True, steps=iter_, epsilon=smooth, reduction="mean"

    >>> soft_cl_dice([[[[0.0], [1.0]]]], [[[[0.0], [1.0]]]]), soft_cl_dice([[[[0.0], [1.0]]]], [[[[0.0], [0.0]]]])
    (0.0, 0.33333333)
    """

    steps: Annotated[int, whole("How often masks are made thinner.", low=0, unusual=1)] = 3
    smooth: Annotated[float, positive("Steadies the ratios of small masks.", slide=(0.01, 5.0))] = 1.0
    joint: Annotated[bool, flag("Whether all channels together have one ratio.")] = False
    epsilon: Annotated[float, nonnegative("Added to the last divisor.", slide=(0.0, 0.1))] = 0.0

    inputs = MASKS
    undrawn = WHOLE

    def drawn_over(self) -> list[Axis]:
        return []

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        missed, hit = [], []
        for lines, mask in ((_skeleton(p, self.steps), y), (_skeleton(y, self.steps), p)):
            over = (1, 2, 3) if self.joint else (1, 2)
            off, on = total(lines * (1 - mask), over), total(lines * mask, over) + self.smooth
            missed.append(share(off, on))
            hit.append(share(on, off))
        wrong = hit[0] * missed[1] + hit[1] * missed[0]
        found = (wrong + self.epsilon) / (hit[0] + hit[1] + self.epsilon)
        return found if self.joint else mean(found)


soft_cl_dice = function(SoftClDice)


def _depth(mask: Tensor, like: Tensor) -> Tensor:
    """The squared distance of each pixel to the nearest one on the other side of the outline; 0 without an outline."""
    found = []
    for there in (mask, ops.logical_not(mask)):
        x = ops.where(there, 0.0 * like, FAR)
        for axis in (1, 2):  # one axis after the other
            place = ops.cast(ops.arange(ops.shape(like)[axis]), like.dtype)
            apart = ops.square(ops.expand_dims(place, 1) - place)
            x = ops.moveaxis(x, axis, -1)
            x = ops.moveaxis(ops.min(ops.expand_dims(x, -2) + apart, axis=-1), -1, axis)
        found.append(ops.where(x < FAR / 2, x, 0.0))
    return ops.stop_gradient(found[0] + found[1])  # one of them is 0


class HausdorffDistance(Images, family="overlaps", aliases=("hausdorff_dt", "hausdorff_loss", "hausdorff_dt_loss"),
                        tasks=("segmentation",), positional=""):  # fmt: skip
    r"""Squared errors of pixels, each weighted by its distance from the two outlines: distant errors cost most.

    Formula: \mathrm{mean}\,(p - y)^2 (d_y^\alpha + d_p^\alpha), with the distances d of a pixel to the nearest one on
        the other side of the outline of the true and of the predicted mask, cut at 1/2; \log(1 + L) of that for
        logarithm=True
    Use: outlines that must not stray anywhere, beside an overlap, which is better at the start.
    Beware: distances have no gradient. A mask that is empty or full has none, and counts 0. Memory is pixels times the
        height or the width.
    Reference: Karimi and Salcudean (2019), Reducing the Hausdorff distance in medical image segmentation with
        convolutional neural networks, arXiv:1904.10030
    Elsewhere:
        monai.losses.HausdorffDTLoss(include_background={True}, alpha=2.0) -> channels_first=True, alpha=alpha,
            reduction="mean"
        monai.losses.LogHausdorffDTLoss(include_background={True}, alpha=2.0) -> channels_first=True, alpha=alpha,
            logarithm=True, whole_batch=True, reduction="mean"

    >>> hausdorff_distance([[[[0.0], [1.0]]]], [[[[1.0], [0.0]]]])
    2.0
    """

    alpha: Annotated[float, positive("How much distance counts.", slide=(0.5, 4.0))] = 2.0
    logarithm: Annotated[bool, flag("Whether to take log(1 + L) of the mean L of an image.")] = False
    whole_batch: Annotated[bool, flag("With logarithm=True, whether L is the mean over the batch.")] = False

    inputs = MASKS
    holds_fixed = True
    undrawn = WHOLE

    @property
    def gives(self) -> type[Rows] | type[Sums]:
        return Sums if self.logarithm and self.whole_batch else Rows

    def drawn_over(self) -> list[Axis]:
        return []

    def of(self, y: Tensor, p: Tensor) -> Any:
        depth = [power(_depth(mask > 0.5, p), self.alpha / 2) for mask in (y, p)]
        found = image_mean(ops.square(p - y) * (depth[0] + depth[1]))
        if self.gives is Sums:
            parts = {"found": found, "rows": ops.ones_like(found)}
            return Sums(parts, lambda sums, count: log1p(share_of(sums["found"], sums["rows"])), (0,))
        return log1p(found) if self.logarithm else found


hausdorff_distance = function(HausdorffDistance)


class HausdorffErosion(Images, family="overlaps", aliases=("hausdorff_er", "hausdorff_er_loss"),
                       tasks=("segmentation",), traits=("redescending",), positional=""):  # fmt: skip
    r"""Squared errors of pixels that are eroded step by step: thick areas of error outlast thin ones, and cost more.

    Formula: \mathrm{mean} \sum_{k=1}^{K} k^\alpha E_k, with E_0 = (p - y)^2, E_k the means over the cross of a pixel
        and its four neighbours in E_{k-1}, less 1/2 and at least 0, scaled to [0, 1] in each channel, and K = steps
    Use: as HausdorffDistance, without distances: time and memory grow with the pixels alone.
    Beware: errors below 1/2 have no effect: begin with an overlap loss. Each step scales by its own extremes, so that
        the value jumps where the last pixels vanish.
    Reference: Karimi and Salcudean (2019), Reducing the Hausdorff distance in medical image segmentation with
        convolutional neural networks, arXiv:1904.10030
    Elsewhere:
        kornia.losses.HausdorffERLoss(alpha=2.0, k=10, reduction="mean") -> channels_first=True, alpha=alpha, steps=k,
            reduction="mean"

    >>> hausdorff_erosion([[[[0.0]]]], [[[[1.0]]]], steps=1)
    0.0
    """

    alpha: Annotated[float, nonnegative("How much later steps count.", slide=(0.5, 4.0))] = 2.0
    steps: Annotated[int, whole("How often errors are eroded.", low=1, unusual=2)] = 10

    inputs = declare(y_true=Slot(SOFT, IMAGE, "true"), y_pred=Slot(SURE, IMAGE))
    undrawn = WHOLE

    def drawn_over(self) -> list[Axis]:
        return []

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        x, found = ops.square(p - y), 0.0 * p
        for k in range(1, self.steps + 1):
            near = sum(sum(_beside(x, axis, 0.0)) for axis in (1, 2))
            x = at_least((x + near) / 5 - 0.5, 0.0)
            low, high = (sign * ops.amax(sign * x, axis=(1, 2), keepdims=True) for sign in (-1, 1))
            wide, apart = high > low, ops.where(high > low, high - low, 1.0)
            scaled = ops.where(x - low < high - x, (x - low) / apart, 1 - (high - x) / apart)  # exact at both ends
            x = ops.where(wide, scaled, x)
            found = found + k**self.alpha * x
        return image_mean(found)


hausdorff_erosion = function(HausdorffErosion)


class NeighbourCalibration(Loss, family="overlaps", aliases=("nacl", "nacl_loss"), tasks=("segmentation",)):
    r"""The cross-entropy, plus the distance of logits from the class shares around a pixel: softer at outlines.

    Formula: \mathrm{mean}(-\log p_t) + \alpha\,\mathrm{mean} |u_c - z_c|, with the logits z = y_pred, p = softmax(z)
        and the share u_c of class c among the labels of the 3 x 3 pixels around
    Use: segmentation whose probabilities are used: they become more honest, above all at borders.
    Beware: takes logits; the penalty keeps all of them near 0 to 1, so that outputs are less confident everywhere.
        Beyond the border there is no class.
    Reference: Murugesan, Vasudeva, Liu, Lombaert, Ben Ayed and Dolz (2024), Neighbor-aware calibration of segmentation
        networks with penalty-based constraints, arXiv:2401.14487
    Elsewhere:
        monai.losses.NACLLoss(classes={3, ...}, dim={2}, alpha=0.1) -> channels_first=True, alpha=alpha,
            reduction="mean"

    >>> neighbour_calibration([[[0]]], [[[[0.0, 0.0]]]], alpha=1.0)
    0.74870274
    """

    alpha: Annotated[float, nonnegative("The weight of the penalty.", slide=(0.0, 1.0))] = 0.1

    channels_first: ChannelsFirst = False

    undrawn = WHOLE

    @property
    def inputs(self) -> Forms:
        return PIXELS_FIRST if self.channels_first else PIXELS

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_pred = channels_last(y_pred, self.channels_first)
        own = one_hot(y_true, y_pred)
        known = ops.any(own, axis=-1)
        around = ops.cast(own, y_pred.dtype)
        for axis in (1, 2):
            around = around + sum(_beside(around, axis, 0.0))
        cost = nll_of_one_logit(y_pred, ops.where(known, y_true, 0))
        pull = mean(ops.abs(y_pred - around / 9))
        return mean(mean(ops.where(known, cost + self.alpha * pull, float("nan"))))


neighbour_calibration = function(NeighbourCalibration)


Distances = Annotated[
    Any,
    Param(
        "How far each class is from each other one: a row for every class, 0 on the diagonal.", kind="matrix",
        low=0.0, closed=True, optional=True,
        unusual=((0.0, 1.0, 1.0, 1.0), (1.0, 0.0, 0.5, 0.3), (1.0, 0.5, 0.0, 0.2), (1.0, 0.3, 0.2, 0.0)),
    ),
]  # fmt: skip


def _distances(loss: Any, classes: int | None) -> Any:
    """The distances, of which the largest is 1."""
    found = 1 - np.eye(classes or 1) if loss.distances is None else np.array(loss.distances, dtype=float)
    if len(found) != classes or not found.max() > 0:
        raise ParameterError(
            "WassersteinDice(distances=...) says how far classes are from one another.",
            arrived=f"It was given {len(found)} rows for {classes} classes, and {found.max():g} as the largest.",
            allowed="Expected one row per class, and one number in it per class, some above 0.",
            do="Pass for instance 1 - numpy.eye(classes), with smaller numbers for classes that are alike.",
        )
    return found / found.max()


class WassersteinDice(
    Loss,
    family="overlaps",
    aliases=("generalized_wasserstein_dice", "gwdl"),
    tasks=("segmentation",),
    traits=("bounded",),
):
    r"""Dice of several classes, some more alike than others: a similar class is nearly right.

    Formula: 1 - \frac{2 T + s}{2 T + \sum_i W_i + s}, with W_i = \sum_c M_{t_i c} p_{ic}, p = softmax(y_pred), t =
        y_true, and T = \sum_{i: t_i \neq 0} (1 - W_i) over the pixels that are not background, class 0
    Use: classes in a hierarchy, such as parts of one organ, beside a cross-entropy.
    Beware: takes logits. Distances are divided by the largest; without any, all classes are equally far. An image of
        background alone costs nearly 1 for any error.
    Reference: Fidon, Li, Garcia-Peraza-Herrera, Ekanayake, Kitchen, Ourselin and Vercauteren (2017), Generalised
        Wasserstein Dice score for imbalanced multi-class segmentation using holistic convolutional networks,
        arXiv:1707.00478
    Elsewhere:
        monai.losses.GeneralizedWassersteinDiceLoss(dist_matrix={((0.0, 1.0, 1.0), (1.0, 0.0, 0.5), (1.0, 0.5, 0.0)),
            ...}, smooth_nr=1e-05, smooth_dr=1e-05) -> channels_first=True, distances=dist_matrix

    >>> wasserstein_dice([[[1]]], [[[[0.0, 0.0]]]], smooth=0.0)
    0.33333333
    """

    distances: Distances = None
    smooth: Annotated[float, nonnegative("Steadies the ratio for small objects.", slide=(0.0, 1.0))] = 1e-5

    channels_first: ChannelsFirst = False

    undrawn = WHOLE

    @property
    def inputs(self) -> Forms:
        return PIXELS_FIRST if self.channels_first else PIXELS

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_pred = channels_last(y_pred, self.channels_first)
        own, far = one_hot(y_true, y_pred), _distances(self, y_pred.shape[-1])
        p, known = probabilities_of_logits(y_pred)[0], ops.any(own, axis=-1)
        label = ops.where(known, ops.cast(y_true, "int32"), 0)
        wrong, right = (
            total(ops.take(ops.convert_to_tensor(m, p.dtype), label, axis=0) * p, -1) for m in (far, 1 - far)
        )
        hit = total(ops.where(label > 0, right, 0.0), (1, 2))
        return share(total(ops.where(known, wrong, float("nan")), (1, 2)), 2 * hit + self.smooth)


wasserstein_dice = function(WassersteinDice)
