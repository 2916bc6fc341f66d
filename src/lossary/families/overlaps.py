"""Overlaps: segmentation by how far a predicted mask covers the true one."""

import math
from typing import Annotated

from ..core.contract import REAL
from ..core.errors import ShapeError
from ..core.forms import Overlap
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import nonnegative, positive
from ..core.slots import SHARE, Slot, declare
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.stable import largest, log_cosh, log_whole, rising_power, share, share_of, square_root, tanh, with_slope

Smooth = Annotated[
    float, nonnegative("Added to numerator and denominator; steadies the ratio for small masks.", slide=(0.0, 5.0))
]


def _ratio(missed: Tensor, hit: Tensor, smooth: float) -> Tensor:
    """1 - (hit + s) / (hit + missed + s), written so that it does not cancel; nothing missed is a loss of 0."""
    return share(missed, hit + smooth)


def _priced(tp: Tensor, fp: Tensor, fn: Tensor, alpha: float, beta: float, smooth: float) -> Tensor:
    """Tversky's ratio. A power of two makes the larger price about 1, so that that of a faint mask stays a number."""
    k = 1.0
    if isinstance(alpha, (int, float)) and isinstance(beta, (int, float)) and max(alpha, beta):  # none that moves
        k = 2.0 ** -math.floor(math.log2(max(alpha, beta)))
    return _ratio(alpha * k * fp + beta * k * fn, k * tp, smooth * k)


class Dice(
    Overlap,
    aliases=("soft_dice", "sorensen", "f1", "soft_f1", "sigmoid_f1", "SoftF1Loss"),
    traits=("bounded",),
    positional="reduction name axis dtype",
):
    r"""One minus the Dice coefficient: the overlap of two masks, relative to their mean size.

    Formula: 1 - \frac{2 \sum y p + s}{\sum y + \sum p + s}, counted per row
    Use: segmentation with small objects, usually added to a cross-entropy: ls.Dice() + ls.BinaryCrossentropy().
    Beware: computed per row, so that a batch can be split; whole_batch=True gives Keras's single ratio over all rows,
        and class_axis=-1 beside it the soft F1 of each label.
        Two empty masks match perfectly: 0.
    Reference: Milletari, Navab and Ahmadi (2016), V-Net, arXiv:1606.04797
    Elsewhere:
        keras.losses.Dice(axis=None) -> axis=axis, whole_batch=True
        monai.losses.DiceLoss(sigmoid={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) -> class_axis=1,
            from_logits=True, whole_batch=batch, smooth=1e-05
        monai.losses.DiceLoss(softmax={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) -> class_axis=1,
            from_logits=True, exclusive=True, whole_batch=batch, smooth=1e-05
        monai.losses.DiceLoss(batch=False, smooth_nr=1e-05, smooth_dr=1e-05) -> class_axis=1, whole_batch=batch,
            smooth=1e-05
        monai.losses.DiceCELoss(softmax={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05, lambda_dice=1.0,
            lambda_ce=1.0) -> class_axis=1, from_logits=True, exclusive=True, whole_batch=batch, smooth=1e-05,
            times=lambda_dice, reduction="mean", beside=categorical_crossentropy(axis=1, from_logits=True,
            times=lambda_ce)
        monai.losses.DiceFocalLoss(sigmoid={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05, gamma=2.0,
            lambda_dice=1.0, lambda_focal=1.0) -> class_axis=1, from_logits=True, whole_batch=batch, smooth=1e-05,
            times=lambda_dice, reduction="mean", beside=binary_focal_crossentropy(gamma=gamma, from_logits=True,
            times=lambda_focal)
        segmentation_models_pytorch.losses.DiceLoss(mode={"binary"}, from_logits=True, smooth=0.0) -> whole_batch=True,
            from_logits=from_logits, smooth=2*smooth
        segmentation_models_pytorch.losses.DiceLoss(mode={"multilabel"}, from_logits=True, smooth=0.0) -> class_axis=1,
            whole_batch=True, from_logits=from_logits, smooth=2*smooth
        segmentation_models_pytorch.losses.DiceLoss(mode={"multiclass"}, smooth=0.0) -> class_axis=1, exclusive=True,
            whole_batch=True, from_logits=True, smooth=2*smooth
        kornia.losses.DiceLoss, kornia.losses.dice_loss(average="micro", eps=1e-08) -> class_axis=1, axis=(1, 2, 3),
            exclusive=True, from_logits=True, reduction="mean"
        kornia.losses.DiceLoss, kornia.losses.dice_loss(average={"macro"}, eps=1e-08) -> class_axis=1, exclusive=True,
            from_logits=True, reduction="mean"
        optax.losses.binary_dice_loss(smooth=1.0, apply_sigmoid=True) -> from_logits=True, smooth=2*smooth
    Unlike:
        DiceLoss: of logits, or smoothed, each in its own way
        DiceCELoss, DiceBCELoss, BCEDiceLoss, DiceFocalLoss: sums, here ls.Dice() + ls.BinaryCrossentropy() or, for
            focal ones, ls.Dice() + ls.BinaryFocalCrossentropy()

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
        monai.losses.TverskyLoss(alpha=0.5, beta=0.5, sigmoid={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) ->
            class_axis=1, from_logits=True, whole_batch=batch, alpha=alpha, beta=beta, smooth=1e-05
        monai.losses.TverskyLoss(alpha=0.5, beta=0.5, softmax={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) ->
            class_axis=1, from_logits=True, exclusive=True, whole_batch=batch, alpha=alpha, beta=beta, smooth=1e-05
        monai.losses.TverskyLoss(alpha=0.5, beta=0.5, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) -> class_axis=1,
            whole_batch=batch, alpha=alpha, beta=beta, smooth=1e-05
        segmentation_models_pytorch.losses.TverskyLoss(mode={"binary"}, alpha=0.5, beta=0.5, from_logits=True,
            smooth=0.0) -> whole_batch=True, from_logits=from_logits, alpha=alpha, beta=beta, smooth=smooth
        segmentation_models_pytorch.losses.TverskyLoss(mode={"multilabel"}, alpha=0.5, beta=0.5, from_logits=True,
            smooth=0.0) -> class_axis=1, whole_batch=True, from_logits=from_logits, alpha=alpha, beta=beta,
            smooth=smooth
        segmentation_models_pytorch.losses.TverskyLoss(mode={"multiclass"}, alpha=0.5, beta=0.5, smooth=0.0) ->
            class_axis=1, exclusive=True, whole_batch=True, from_logits=True, alpha=alpha, beta=beta, smooth=smooth
        kornia.losses.TverskyLoss, kornia.losses.tversky_loss(alpha={0.25, ...}, beta={0.5, ...}, eps=1e-08) ->
            class_axis=1, exclusive=True, from_logits=True, alpha=alpha, beta=beta, reduction="mean"
        optax.losses.dice_loss(smooth=1.0, alpha=0.5, beta=0.5, apply_softmax=True) -> class_axis=-1, from_logits=True,
            exclusive=True, alpha=alpha, beta=beta, smooth=smooth, reduction="mean"
    Unlike:
        keras.losses.Tversky: of two empty masks the loss is 1, here it is 0
        TverskyLoss: in libraries for torch, of logits, or smoothed, each in its own way

    >>> tversky([[1.0, 1.0, 1.0]], [[1.0, 0.0, 0.0]], alpha=0.9, beta=0.1)
    0.16666667
    """

    alpha: Annotated[float, nonnegative("The weight of false positives.", slide=(0.0, 1.0))] = 0.5
    beta: Annotated[float, nonnegative("The weight of false negatives.", slide=(0.0, 1.0))] = 0.5
    smooth: Smooth = 0.0

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        return _priced(tp, fp, fn, self.alpha, self.beta, self.smooth)


tversky = function(Tversky)


class FocalTversky(Overlap, traits=("bounded",)):
    r"""Tversky's loss to a power: with gamma below 1, masks that are nearly right keep a useful gradient.

    Formula: L^\gamma, with L = 1 - \frac{TP + s}{TP + \alpha FP + \beta FN + s}, counted per row
    Use: small lesions in large images, where the last misses matter.
    Beware: `gamma` is the exponent itself; the paper writes 1 / gamma, with gamma = 4/3, and calls the weight of false
        negatives alpha. Libraries differ in whether the power comes before or after a mean over classes. At a perfect
        mask, where the slope is infinite for gamma < 1, the gradient is 0.
    Reference: Abraham and Khan (2019), A novel focal Tversky loss function with improved attention U-Net for lesion
        segmentation, arXiv:1810.07842
    Elsewhere:
        segmentation_models_pytorch.losses.TverskyLoss(mode={"binary"}, alpha=0.5, beta=0.5, gamma={1.5, ...},
            from_logits=True, smooth=0.0) -> whole_batch=True, from_logits=from_logits, alpha=alpha, beta=beta,
            gamma=gamma, smooth=smooth
    Unlike:
        FocalTverskyLoss: in libraries for torch, of logits, or with 1 / gamma, each in its own way

    >>> focal_tversky([[1.0, 1.0, 1.0]], [[1.0, 0.0, 0.0]], alpha=0.5, beta=0.5, gamma=2.0)
    0.25
    """

    alpha: Annotated[float, nonnegative("The weight of false positives.", slide=(0.0, 1.0))] = 0.3
    beta: Annotated[float, nonnegative("The weight of false negatives.", slide=(0.0, 1.0))] = 0.7
    gamma: Annotated[float, positive("The exponent; below 1, nearly right masks count more.", slide=(0.3, 3.0))] = 0.75
    smooth: Smooth = 0.0

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        return rising_power(_priced(tp, fp, fn, self.alpha, self.beta, self.smooth), self.gamma)


focal_tversky = function(FocalTversky)


class Jaccard(Overlap, aliases=("jaccard_loss", "soft_iou", "soft_jaccard"), traits=("bounded",)):
    r"""One minus the Jaccard index, the intersection over union of two masks: harder on misses than Dice.

    Formula: 1 - \frac{\sum y p + s}{\sum y + \sum p - \sum y p + s}, counted per row
    Use: segmentation that is evaluated by the mean intersection over union.
    Beware: a soft count: at p = 1/2 everywhere it is no estimate of the index of a thresholded mask. With D for Dice's
        loss it is 2D / (1 + D), so that both are smallest at the same mask.
    Reference: Rahman and Wang (2016), Optimizing intersection-over-union in deep neural networks for image
        segmentation, doi:10.1007/978-3-319-50835-1_22
    Elsewhere:
        monai.losses.DiceLoss(jaccard={True}, sigmoid={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) ->
            class_axis=1, from_logits=True, whole_batch=batch, smooth=1e-05
        monai.losses.DiceLoss(jaccard={True}, softmax={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) ->
            class_axis=1, from_logits=True, exclusive=True, whole_batch=batch, smooth=1e-05
        monai.losses.DiceLoss(jaccard={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) -> class_axis=1,
            whole_batch=batch, smooth=1e-05
        segmentation_models_pytorch.losses.JaccardLoss(mode={"binary"}, from_logits=True, smooth=0.0) ->
            whole_batch=True, from_logits=from_logits, smooth=smooth
        segmentation_models_pytorch.losses.JaccardLoss(mode={"multilabel"}, from_logits=True, smooth=0.0) ->
            class_axis=1, whole_batch=True, from_logits=from_logits, smooth=smooth
        segmentation_models_pytorch.losses.JaccardLoss(mode={"multiclass"}, smooth=0.0) -> class_axis=1,
            exclusive=True, whole_batch=True, from_logits=True, smooth=smooth

    >>> jaccard([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    0.5
    """

    smooth: Smooth = 0.0

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        return _ratio(fp + fn, tp, self.smooth)


jaccard = function(Jaccard)


class SquaredDice(Overlap, aliases=("v_net", "dice_squared"), traits=("bounded",)):
    r"""Dice with squares in the denominator: uncertain pixels add less to it, and the gradient is smoother.

    Formula: 1 - \frac{2 \sum y p + s}{\sum y^2 + \sum p^2 + s} = \frac{\sum (y - p)^2}{\sum y^2 + \sum p^2 + s}
    Use: segmentation by Dice as V-Net has it; soft labels, for which the loss is 0 at p = y.
    Beware: the paper's own form; what most libraries call Dice has plain sums there. Probabilities below 1e-19 have a
        square that float32 reads as 0, so that a mask of them is empty.
    Reference: Milletari, Navab and Ahmadi (2016), V-Net, arXiv:1606.04797
    Elsewhere:
        monai.losses.DiceLoss(squared_pred={True}, sigmoid={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) ->
            class_axis=1, from_logits=True, whole_batch=batch, smooth=1e-05
        monai.losses.DiceLoss(squared_pred={True}, softmax={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) ->
            class_axis=1, from_logits=True, exclusive=True, whole_batch=batch, smooth=1e-05
        monai.losses.DiceLoss(squared_pred={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) -> class_axis=1,
            whole_batch=batch, smooth=1e-05

    >>> squared_dice([[1.0, 1.0, 0.0]], [[0.5, 0.5, 0.5]])
    0.27272727
    """

    smooth: Smooth = 0.0

    linear = False

    def counts(self, y: Tensor, p: Tensor, q: Tensor) -> dict[str, Tensor]:
        return {"hit": 2 * (y * p), "missed": ops.square(y * q - (1 - y) * p)}

    def of(self, hit: Tensor, missed: Tensor) -> Tensor:  # type: ignore[override]
        return _ratio(missed, hit, self.smooth)


squared_dice = function(SquaredDice)


class LogDice(Overlap, traits=("bounded",)):
    r"""Minus the logarithm of the Dice coefficient: the worse a mask, the larger its gradient.

    Formula: -\log \frac{2 \sum y p + s}{\sum y + \sum p + s}, counted per row
    Use: masks of very different sizes, where Dice itself is flat for those that are missed altogether.
    Beware: a mask that is missed by n pixels in all costs log(1 + n / s); a small `smooth` lets single rows dominate.
    Reference: Wong, Moradi, Tang and Syeda-Mahmood (2018), 3D segmentation with exponential logarithmic loss for highly
        unbalanced object sizes, arXiv:1809.00076 (the Dice part, with gamma = 1)
    Elsewhere:
        segmentation_models_pytorch.losses.DiceLoss(mode={"binary"}, log_loss={True}, from_logits=True,
            smooth={1.0, ...}) -> whole_batch=True, from_logits=from_logits, smooth=2*smooth
        segmentation_models_pytorch.losses.DiceLoss(mode={"multilabel"}, log_loss={True}, from_logits=True,
            smooth={1.0, ...}) -> class_axis=1, whole_batch=True, from_logits=from_logits, smooth=2*smooth
        segmentation_models_pytorch.losses.DiceLoss(mode={"multiclass"}, log_loss={True}, smooth={1.0, ...}) ->
            class_axis=1, exclusive=True, whole_batch=True, from_logits=True, smooth=2*smooth

    >>> log_dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    0.28768207
    """

    smooth: Annotated[
        float, positive("Added to numerator and denominator: a missed mask costs a finite number.", slide=(0.01, 5.0))
    ] = 1.0

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        return log_whole(fp + fn, 2 * tp + self.smooth)


log_dice = function(LogDice)


class LogCoshDice(Overlap, traits=("bounded",)):
    r"""The log-cosh of Dice's loss: a gradient that fades out as the mask becomes right.

    Formula: \log \cosh L, with L = 1 - \frac{2 \sum y p + s}{\sum y + \sum p + s}, counted per row
    Use: noisy outlines, where Dice's steady gradient makes masks that nearly fit jump about.
    Beware: nearly right masks count by the square of their loss: small objects lag behind.
    Reference: Jadon (2020), A survey of loss functions for semantic segmentation, arXiv:2006.14822

    >>> log_cosh_dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    0.05455625
    """

    smooth: Smooth = 0.0

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        return with_slope(log_cosh, tanh)(_ratio(fp + fn, 2 * tp, self.smooth))


log_cosh_dice = function(LogCoshDice)


class Boundary(Loss, aliases=("boundary_loss", "surface_loss"), tasks=("segmentation",)):
    r"""The mean distance of the predicted mask from the true outline; inside, distances are negative.

    Formula: d\,p of each pixel, with its signed distance d = y_true to the true outline, and p = y_pred
    Use: small objects, added to an overlap with a weight that rises: ls.Dice() + w * ls.Boundary().
    Beware: y_true holds signed distances, not a mask: scipy.ndimage.distance_transform_edt(1 - mask) less that of mask.
        Values are negative where the mask is right. Alone, it may shrink masks to nothing.
    Reference: Kervadec, Bouchtiba, Desrosiers, Granger, Dolz and Ben Ayed (2018), Boundary loss for highly unbalanced
        segmentation, arXiv:1812.07032
    Unlike:
        monai.losses.BoundaryLoss: of masks, whose distances it takes itself

    >>> boundary([-2.0], [1.0]), boundary([3.0], [0.5])
    (-2.0, 1.5)
    """

    inputs = declare(y_true=Slot(REAL, ("row", "..."), "true"), y_pred=Slot(SHARE, ("row", "...")))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_true * y_pred


boundary = function(Boundary)


class GeneralizedDice(Overlap, aliases=("generalised_dice",), traits=("bounded",)):
    r"""One Dice ratio for all classes, each weighted by one over its squared size: rare classes count in full.

    Formula: 1 - 2 \frac{\sum_c w_c \sum y_c p_c}{\sum_c w_c \sum (y_c + p_c)}, with w_c = 1 / (\sum y_c)^2
    Use: several classes of very different sizes, one-hot along the last axis.
    Beware: the classes lie along the last axis that is not summed over: for channels first, pass class_axis=1. A class
        that a row lacks gets the largest weight of the others. from_logits applies a sigmoid unless exclusive=True.
    Reference: Sudre, Li, Vercauteren, Ourselin and Cardoso (2017), Generalised Dice overlap as a deep learning loss
        function for highly unbalanced segmentations, arXiv:1707.03237
    Elsewhere:
        monai.losses.GeneralizedDiceLoss(sigmoid={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) ->
            class_axis=1, from_logits=True, whole_batch=batch
        monai.losses.GeneralizedDiceLoss(softmax={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05) ->
            class_axis=1, from_logits=True, exclusive=True, whole_batch=batch
        monai.losses.GeneralizedDiceLoss(batch=False, smooth_nr=1e-05, smooth_dr=1e-05) -> class_axis=1,
            whole_batch=batch
        monai.losses.GeneralizedDiceFocalLoss(sigmoid={True}, batch=False, smooth_nr=1e-05, smooth_dr=1e-05, gamma=2.0,
            lambda_gdl=1.0, lambda_focal=1.0) -> class_axis=1, from_logits=True, whole_batch=batch, times=lambda_gdl,
            reduction="mean", beside=binary_focal_crossentropy(gamma=gamma, from_logits=True, times=lambda_focal)
    Unlike:
        optax.losses.multiclass_generalized_dice_loss: a weighted mean of the Dice losses of the classes

    >>> generalized_dice([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]], [[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]])
    0.55555556
    """

    def _counted(self, rank: int) -> tuple[int, ...]:
        counted = super()._counted(rank)
        if self.axis is None:
            return tuple(axis for axis in counted if self.class_axis is not None or axis < rank - 1)
        if len(counted) == rank:
            raise ShapeError(
                "GeneralizedDice weights the classes, along the last axis that is not summed over.",
                arrived=f"axis={self.axis} sums over all {rank} axes of y_pred.",
                allowed="Expected axes that leave out the one of the classes.",
                do="Pass the axes of the pixels alone, or leave `axis` out where the classes come last.",
            )
        return counted

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        size = ops.stop_gradient(tp + fn)
        there = size > 0
        smallest = -largest(ops.where(there, -size, -float("inf")), keepdims=True)
        weight = ops.square(ops.where(there, smallest / ops.where(there, size, 1.0), 1.0))
        return _ratio(total(weight * (fp + fn), -1), total(weight * (2 * tp), -1), 0.0)


generalized_dice = function(GeneralizedDice)


class MCC(Overlap, aliases=("matthews", "matthews_correlation", "phi"), traits=("bounded",)):
    r"""One minus Matthews' correlation coefficient of two masks: the background counts too, unlike in Dice.

    Formula: 1 - \frac{TP\,TN - FP\,FN}{\sqrt{(TP + FP)(TP + FN)(TN + FP)(TN + FN)}}, counted per row
    Use: masks or classes that are rare, where true negatives should count.
    Beware: between 0 and 2. An empty mask has no correlation: its loss is 1, nearly without gradient, so that
        whole_batch=True suits data with empty masks. MCC stands for minimum class confusion elsewhere.
    Reference: Abhishek and Hamarneh (2021), Matthews correlation coefficient loss for deep convolutional networks,
        arXiv:2010.13454
    Elsewhere:
        monai.losses.MCCLoss(sigmoid={True}, batch=False, smooth_nr=0.0, smooth_dr=1e-05) -> class_axis=1,
            from_logits=True, whole_batch=batch, smooth=0.0
        monai.losses.MCCLoss(softmax={True}, batch=False, smooth_nr=0.0, smooth_dr=1e-05) -> class_axis=1,
            from_logits=True, exclusive=True, whole_batch=batch, smooth=0.0
        monai.losses.MCCLoss(batch=False, smooth_nr=0.0, smooth_dr=1e-05) -> class_axis=1, whole_batch=batch,
            smooth=0.0
        segmentation_models_pytorch.losses.MCCLoss(eps=1e-05) -> whole_batch=True, smooth=eps

    >>> mcc([[1.0, 1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0, 0.0]], smooth=0.0)
    0.42264973
    """

    smooth: Annotated[float, nonnegative("Added to each of the four counts.", slide=(0.0, 5.0))] = 1e-5

    def counts(self, y: Tensor, p: Tensor, q: Tensor) -> dict[str, Tensor]:
        return {**super().counts(y, p, q), "tn": (1 - y) * q}

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:  # type: ignore[override]
        tp, fp, fn, tn = (count + self.smooth for count in (tp, fp, fn, tn))
        scale = square_root(tp + fp) * square_root(tp + fn) * square_root(tn + fp) * square_root(tn + fn)
        return 1 - share_of(tp * tn - fp * fn, scale)


mcc = function(MCC)
