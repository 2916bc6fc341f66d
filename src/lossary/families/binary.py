"""Binary and multi-label classification: independent labels 0 or 1, predicted by probabilities or logits."""

from typing import Annotated

from ..core.forms import Binary, Probabilities, YesNo
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import flag, fraction, nonnegative, positive
from ..numerics import ops
from ..numerics.backend import log1p_near
from ..numerics.stable import SMALLEST, at_least, power, read_at_least


class BinaryCrossentropy(
    Binary,
    aliases=("bce", "BCE", "binary_cross_entropy", "logistic"),
    traits=("convex", "smooth", "proper"),
    positional="from_logits label_smoothing axis reduction name dtype",
):
    r"""Minus the log of the probability given to the true label; minimised by the true probability.

    Formula: -y \log p - (1 - y)\log(1 - p), with y = y_true and p = y_pred (or sigmoid(y_pred) for logits)
    Use: the default for binary and multi-label classification. Prefer logits: a linear last layer with
        from_logits=True.
    Beware: probabilities are not clipped: p = 1e-20 gives 46.05, where Keras stops at 16.12 with gradient 0. An exact 0
        or 1 on the wrong side is read as the nearest number that has a finite logarithm.
    Reference: Cox (1958), The regression analysis of binary sequences, doi:10.1111/j.2517-6161.1958.tb00292.x
    Elsewhere:
        keras.losses.BinaryCrossentropy(from_logits=False, label_smoothing=0.0, axis=-1)
        torch.nn.BCELoss, torch.nn.functional.binary_cross_entropy
        torch.nn.BCEWithLogitsLoss, torch.nn.functional.binary_cross_entropy_with_logits -> from_logits=True
        optax.losses.sigmoid_binary_cross_entropy -> from_logits=True
        tf.nn.sigmoid_cross_entropy_with_logits -> from_logits=True
        torch.nn.MultiLabelSoftMarginLoss, torch.nn.functional.multilabel_soft_margin_loss -> from_logits=True,
            entries=False
        sklearn._loss.HalfBinomialLoss -> from_logits=True
        xgboost.binary:logistic, xgboost.reg:logistic, lightgbm.objective:binary,
            lightgbm.objective:cross_entropy, lightgbm.objective:cross_entropy_lambda -> from_logits=True
        timm.loss.BinaryCrossEntropy(smoothing={0.1, ...}, smooth_dense={True}) -> from_logits=True,
            label_smoothing=smoothing
        segmentation_models_pytorch.losses.SoftBCEWithLogitsLoss(ignore_index=-100) -> from_logits=True
        segmentation_models_pytorch.losses.SoftBCEWithLogitsLoss(ignore_index=-100, smooth_factor={0.1, ...}) ->
            from_logits=True, label_smoothing=2*smooth_factor
        catboost.Logloss, catboost.CrossEntropy, catboost.MultiLogloss, catboost.MultiCrossEntropy -> from_logits=True
    Unlike:
        sigmoid_cross_entropy: of logits, as its name says: tf.nn.sigmoid_cross_entropy_with_logits

    >>> binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]), binary_crossentropy([[1.0]], [[-20.0]], from_logits=True)
    (0.69314718, 20.0)
    """

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        yes, no = self.weighed(yes, no)
        return y * yes + n * no

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        yes, no = self.weighed(x.by_yes, x.by_no)
        return y * yes + n * no

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        if not self.from_logits or ops.recorded(y_pred):
            return super().kernel(y_pred, y_true)
        if self.class_weight is not None:
            no, yes = self.class_weight
            return _weighted(y_pred, yes * self.smoothed(y_true), no * self.smoothed(1 - y_true))
        # |z| |h - y| + log(1 + e^-|z|), with h = 1 where z > 0: nothing cancels for a hard label
        size = ops.abs(y_pred)
        e = ops.exp(-size)
        h = ops.above(y_pred, 0.0)
        apart = h - self.smoothed(y_true)
        return size * ops.abs(apart) + log1p_near(e), apart - (2 * h - 1) * (e / (1 + e))


binary_crossentropy = function(BinaryCrossentropy)


def _weighted(z: Tensor, yes: Tensor, no: Tensor) -> tuple[Tensor, Tensor]:
    """Value and slope of yes * -log p + no * -log(1 - p), of logits, with one exponential."""
    size = ops.abs(z)
    e = ops.exp(-size)
    h = ops.above(z, 0.0)
    wrong = h * no - (yes - h * yes)  # what weighs |z|: -yes where the answer is no, and no where it is yes
    both = yes + no
    return both * log1p_near(e) + size * ops.abs(wrong), wrong - (2 * h - 1) * both * (e / (1 + e))


class WeightedBinaryCrossentropy(Binary, aliases=("weighted_bce", "pos_weight_bce"), traits=("convex", "smooth")):
    r"""Binary cross-entropy with positive labels weighted by `pos_weight`: missed positives cost more.

    Formula: -w\,y \log p - (1 - y)\log(1 - p), with w = pos_weight
    Use: rare positives; w = negatives / positives balances the two classes.
    Beware: predicted probabilities are no longer calibrated: the odds come out w times too large. The mean still
        divides by the number of entries, not by the weights.
    Reference: King and Zeng (2001), Logistic regression in rare events data, doi:10.1093/oxfordjournals.pan.a004868
    Elsewhere:
        tf.nn.weighted_cross_entropy_with_logits(pos_weight=1.0) -> from_logits=True, pos_weight=pos_weight
        torch.nn.BCEWithLogitsLoss, torch.nn.functional.binary_cross_entropy_with_logits(pos_weight=1.0) ->
            from_logits=True, pos_weight=pos_weight

    >>> weighted_binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]], pos_weight=3.0)
    1.38629436
    """

    pos_weight: Annotated[float, positive("The weight of positive labels.", slide=(0.2, 10.0))] = 1.0

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        yes, no = self.weighed(yes, no)
        return self.pos_weight * (y * yes) + n * no

    def lightly(self) -> bool:
        return super().lightly() and isinstance(self.pos_weight, (int, float)) and self.pos_weight <= 1

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        if not self.from_logits or ops.recorded(y_pred):
            return super().kernel(y_pred, y_true)
        no, yes = self.class_weight or (1.0, 1.0)
        return _weighted(y_pred, yes * self.pos_weight * self.smoothed(y_true), no * self.smoothed(1 - y_true))

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        yes, no = self.weighed(x.by_yes, x.by_no)
        return self.pos_weight * (y * yes) + n * no


weighted_binary_crossentropy = function(WeightedBinaryCrossentropy)


class BinaryFocalCrossentropy(
    Binary,
    aliases=("binary_focal", "focal", "retinanet"),
    traits=("smooth",),
    positional="apply_class_balancing alpha gamma from_logits label_smoothing axis reduction name dtype",
):
    r"""Binary cross-entropy in which well-classified entries count less, so that hard ones dominate training.

    Formula: -\alpha_t\,(1 - p_t)^\gamma \log p_t, with p_t = p for y = 1 and 1 - p for y = 0
    Use: many easy negatives, few positives: detection, rare events.
    Beware: `alpha` acts only with apply_class_balancing=True, as in Keras; then \alpha_t = \alpha for y = 1 and 1 -
        \alpha for y = 0. gamma = 0 without balancing is the binary cross-entropy. Predicted probabilities are
        under-confident.
    Reference: Lin, Goyal, Girshick, He and Dollár (2017), Focal loss for dense object detection, arXiv:1708.02002
    Elsewhere:
        keras.losses.BinaryFocalCrossentropy(apply_class_balancing=False, alpha=0.25, gamma=2.0,
            from_logits=False, label_smoothing=0.0, axis=-1)
        torchvision.ops.sigmoid_focal_loss(alpha=0.25, gamma=2.0) -> apply_class_balancing=True, alpha=alpha,
            gamma=gamma, from_logits=True
        tensorflow_addons.losses.SigmoidFocalCrossEntropy(alpha=0.25, gamma=2.0, from_logits=False,
            reduction={"sum"}) -> apply_class_balancing=True, alpha=alpha, gamma=gamma, from_logits=from_logits,
            reduction="sum", entries=True
        optax.losses.sigmoid_focal_loss(gamma=2.0) -> gamma=gamma, from_logits=True
        optax.losses.sigmoid_focal_loss(alpha=0.25, gamma=2.0) -> apply_class_balancing=True, alpha=alpha,
            gamma=gamma, from_logits=True
        monai.losses.FocalLoss(gamma=2.0, use_softmax=False) -> gamma=gamma, from_logits=True, reduction="mean"
        monai.losses.FocalLoss(gamma=2.0, use_softmax=False, alpha={0.25, ...}) ->
            apply_class_balancing=True, alpha=alpha, gamma=gamma, from_logits=True, reduction="mean"
        segmentation_models_pytorch.losses.FocalLoss(mode={"binary", "multilabel"}, gamma=2.0) -> gamma=gamma,
            from_logits=True, reduction="mean"
        segmentation_models_pytorch.losses.FocalLoss(mode={"binary", "multilabel"}, gamma=2.0, alpha={0.25, ...}) ->
            apply_class_balancing=True, alpha=alpha, gamma=gamma, from_logits=True, reduction="mean"
        kornia.losses.binary_focal_loss_with_logits(alpha=0.25, gamma=2.0) -> apply_class_balancing=True, alpha=alpha,
            gamma=gamma, from_logits=True
        kornia.losses.BinaryFocalLossWithLogits(alpha={0.25, ...}, gamma=2.0) -> apply_class_balancing=True,
            alpha=alpha, gamma=gamma, from_logits=True
        catboost.Focal(focal_alpha={0.3, ...}, focal_gamma={2.0, ...}) -> alpha=focal_alpha, gamma=focal_gamma,
            from_logits=True, apply_class_balancing=True
    Unlike:
        sigmoid_focal: of logits, as its name says; torchvision's balances the classes, optax's does so with alpha alone

    >>> binary_focal_crossentropy([[1.0]], [[0.5]]), binary_focal_crossentropy([[1.0]], [[-100.0]], from_logits=True)
    (0.1732868, 100.0)
    """

    apply_class_balancing: Annotated[bool, flag("Whether `alpha` weights the two classes.")] = False
    alpha: Annotated[float, fraction("The weight of label 1; label 0 gets 1 - alpha.", closed=True)] = 0.25
    gamma: Annotated[float, nonnegative("How strongly easy entries are down-weighted.", slide=(0.0, 5.0))] = 2.0

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        p, q = probabilities()
        hardness = read_at_least(y * q + n * p, SMALLEST[self.inner])  # 1 - p_t; its power needs a slope at 0
        yes, no = self.weighed(yes, no)
        value = power(hardness, self.gamma) * (y * yes + n * no)
        return value * (y * self.alpha + n * (1 - self.alpha)) if self.apply_class_balancing else value

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        hardness = at_least(y * x.q + n * x.p, SMALLEST[self.inner])
        (yes, no), (by_yes, by_no) = self.weighed(x.yes, x.no), self.weighed(x.by_yes, x.by_no)
        lower = power(hardness, self.gamma - 1)
        fading = ((self.gamma * lower) * (y * yes + n * no)) * ((n - y) * x.by_p)
        value = fading + lower * hardness * (y * by_yes + n * by_no)
        return value * (y * self.alpha + n * (1 - self.alpha)) if self.apply_class_balancing else value


binary_focal_crossentropy = function(BinaryFocalCrossentropy)
