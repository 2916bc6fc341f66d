"""Lovász losses: convex in the errors of the pixels, and equal to the Jaccard loss where these are 0 or 1."""

from functools import partial
from typing import Annotated

from ..core.axes import AXES, Axis, Plane, entries
from ..core.contract import CLASS_INDEX, LOGIT, PROBABILITY, SIGN, Contract
from ..core.forms import Axis as AlongAxis
from ..core.forms import FromLogits, Image, all_ignored
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import choice
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.classes import misses_of_logits, one_hot, whole_index
from ..numerics.stable import at_least, unless_nan


def _extension(place: Tensor, positive: Tensor, error: Tensor) -> Tensor:
    """Along the last axis, the sum of errors, each times what its entry, were it wrong, adds to the Jaccard loss where
    those of a smaller `place` are."""
    order = ops.argsort(ops.stop_gradient(place), axis=-1)
    yes = ops.take_along_axis(ops.cast(positive, "int32"), order, axis=-1)
    found = ops.sum(yes, axis=-1, keepdims=True)
    left = ops.cast(found - ops.cumsum(yes, axis=-1), error.dtype)  # positives that are right still
    union = ops.cast(found + ops.cumsum(1 - yes, axis=-1), error.dtype)
    before = union - 1
    step = ops.where(before > 0, left / ops.where(before > 0, before, 1.0), 1.0) / union
    gain = ops.where(yes > 0, 1 / ops.where(union > 0, union, 1.0), step)
    return total(at_least(ops.take_along_axis(error, order, axis=-1), 0.0) * gain, -1)


def _pixels(x: Tensor, last: int = 0) -> Tensor:
    """(row, pixel, ...), with as many axes kept at the end; a vector is one row."""
    sizes, rank = ops.shape(x), len(x.shape)
    row, kept = min(1, rank - 1), rank - last
    count = 1
    for size in sizes[row:kept]:
        count = count * size
    return ops.reshape(x, (*sizes[:row], count, *sizes[kept:]))


class LovaszHinge(
    Image,
    family="overlaps",
    aliases=("lovasz", "binary_lovasz", "jaccard_hinge"),
    traits=("convex",),
):
    r"""A hinge for whole masks: each pixel's hinge counts by what it adds to the Jaccard loss of those that are worse.

    Formula: \sum_i \max(0, 1 - m_i) (J_i - J_{i-1}), with the margins m = y z of labels -1 and 1 in rising order, and
        the Jaccard loss J_i of the mask whose first i pixels are wrong
    Use: segmentation that is evaluated by intersection over union; often after some epochs of cross-entropy.
    Beware: takes logits. One row is one image, so that a batch can be split; libraries may sort a whole batch. In an
        image without a true pixel only the worst one counts.
    Reference: Berman, Rannen Triki and Blaschko (2018), The Lovász-softmax loss: a tractable surrogate for the
        optimization of the intersection-over-union measure in neural networks, arXiv:1705.08790
    Elsewhere:
        segmentation_models_pytorch.losses.LovaszLoss(mode={"binary"}, per_image={True}) -> ignore_class=None
        kornia.losses.LovaszHingeLoss, kornia.losses.lovasz_hinge_loss -> reduction="mean"
    Unlike:
        LovaszLoss: in libraries for torch, of two or of several classes, over images or the whole batch

    >>> lovasz_hinge([[1.0, 1.0, 0.0]], [[2.0, 0.5, -0.5]])
    0.33333333
    """

    @property
    def contract(self) -> Contract:
        own = self.ignore_class
        return Contract(SIGN, LOGIT, ignored=own, absent=partial(all_ignored, label=own))

    def drawn_over(self) -> list[Axis]:
        return [AXES["margin"]]

    def mapped_over(self) -> Plane | None:
        return entries("the true pixel", "a false pixel", logits=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y, z = _pixels(y_true), _pixels(unless_nan(y_pred, y_true))
        positive = y > 0
        margin = ops.where(positive, z, -z)
        if self.ignore_class is not None:  # right, and the last ones
            kept = ops.not_equal(y, self.ignore_class)
            positive, margin = ops.logical_and(positive, kept), ops.where(kept, margin, float("inf"))
        return _extension(margin, positive, 1 - margin)


lovasz_hinge = function(LovaszHinge)


class LovaszSoftmax(Image, family="overlaps", aliases=("multiclass_lovasz",), traits=("bounded",)):
    r"""For every class, the errors of the pixels weighed by what they add to the Jaccard loss; the mean of the classes.

    Formula: \frac{1}{C} \sum_c \sum_i e_{c,i} (J_{c,i} - J_{c,i-1}), with the errors e_c = 1 - p_c of pixels of class c
        and p_c of others in falling order, and the Jaccard loss J_{c,i} of c whose first i pixels are wrong
    Use: segmentation into classes that is evaluated by the mean intersection over union; small classes count in full.
    Beware: classes that do not occur in an image are left out of the mean. classes="all" takes them too, as some
        libraries do: there only the largest probability counts. One row is one image; labels are class indices.
    Reference: Berman, Rannen Triki and Blaschko (2018), The Lovász-softmax loss: a tractable surrogate for the
        optimization of the intersection-over-union measure in neural networks, arXiv:1705.08790
    Elsewhere:
        segmentation_models_pytorch.losses.LovaszLoss(mode={"multiclass"}, per_image={True}) -> from_logits=True, axis=1
        kornia.losses.LovaszSoftmaxLoss, kornia.losses.lovasz_softmax_loss -> from_logits=True, axis=1, classes="all",
            reduction="mean"

    >>> lovasz_softmax([[0, 1]], [[[0.8, 0.2], [0.4, 0.6]]])
    0.35
    """

    from_logits: FromLogits = False
    classes: Annotated[
        str, choice("The classes of the mean: those that are present in the image, or all.", "present", "all")
    ] = "present"
    axis: AlongAxis = -1

    @property
    def contract(self) -> Contract:
        prediction, own = LOGIT if self.from_logits else PROBABILITY, self.ignore_class
        absent = partial(all_ignored, label=own, by_entry=True)
        return Contract(CLASS_INDEX, prediction, shape="index", axis=self.axis, ignored=own, absent=absent)

    def drawn_over(self) -> list[Axis]:
        return [AXES["class index logits" if self.from_logits else "class index"]]

    def mapped_over(self) -> Plane | None:
        return entries("the true class", "the other class", self.from_logits, index=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        label, classes = whole_index(y_true), ops.shape(y_pred)[-1]
        own, known = one_hot(label, y_pred), ops.logical_and(label >= 0, label < classes)
        sign = ops.cast(ops.where(own, -1.0, 1.0), y_pred.dtype)
        error = misses_of_logits(y_pred, sign) if self.from_logits else ops.where(own, 1 - y_pred, y_pred)
        if self.ignore_class is not None:  # right, and the last ones
            out = ops.equal(label, self.ignore_class)
            known = ops.logical_or(known, out)
            error = ops.where(ops.expand_dims(out, -1), -1.0, error)
            own = ops.logical_and(own, ops.expand_dims(ops.logical_not(out), -1))
        own, error, known = (_pixels(ops.expand_dims(x, 1), last) for x, last in ((own, 1), (error, 1), (known, 0)))
        own, error = ops.swapaxes(own, 1, 2), ops.swapaxes(error, 1, 2)  # (row, class, pixel)
        values = _extension(-error, own, error)
        counted = ops.any(own, axis=-1) if self.classes == "present" else ops.ones_like(values, dtype="bool")
        count = at_least(total(ops.cast(counted, values.dtype), -1), 1.0)
        value = total(ops.where(counted, values, 0.0), -1) / count
        return ops.where(ops.all(known, axis=1), value, float("nan"))


lovasz_softmax = function(LovaszSoftmax)
