"""Multi-class classification: exclusive classes, predicted by probabilities or logits."""

from typing import Annotated, Any

from ..core.axes import Axis
from ..core.contract import CLASS_INDEX, LOGIT
from ..core.errors import ParameterError
from ..core.forms import Categorical, Probabilities, Sparse, absent, one_each
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, fraction, nonnegative, number
from ..core.slots import CHANCE, Slot, declare
from ..numerics import ops
from ..numerics.backend import expm1, total
from ..numerics.classes import (
    AtZero,
    misses_of_logits,
    misses_of_shares,
    nll_of_one_logit,
    one_hot,
    probabilities_of_logits,
)
from ..numerics.stable import divergence, length, mean, parts, power, with_slope

Alpha = Annotated[
    Any, Param("A factor for all classes, or one per class.", kind="numbers", low=0.0, closed=True, unusual=0.6)
]
Gamma = Annotated[float, nonnegative("How strongly easy rows are down-weighted.", slide=(0.0, 5.0))]


class CategoricalCrossentropy(
    Categorical,
    aliases=("cce", "CCE", "categorical_cross_entropy"),
    traits=("convex", "smooth", "proper"),
    positional="from_logits label_smoothing axis reduction name dtype",
):
    r"""Minus the log of the probability given to the true class; minimised by the true probabilities.

    Formula: -\sum_c w_c\,y_c \log p_c, with p = y_pred / \sum y_pred (or softmax(y_pred) for logits)
    Use: the default for exclusive classes with one-hot or soft targets. Prefer logits: a linear last layer with
        from_logits=True.
    Beware: for integer labels use SparseCategoricalCrossentropy. Label smoothing spreads over all classes, as in Keras
        and torch.
    Reference: Cox (1966), Some procedures connected with the logistic qualitative response curve; Szegedy et al.
        (2016), Rethinking the Inception architecture (label smoothing), arXiv:1512.00567
    Elsewhere:
        keras.losses.CategoricalCrossentropy(from_logits=False, label_smoothing=0.0, axis=-1)
        optax.losses.softmax_cross_entropy(axis=-1) -> from_logits=True, axis=axis
        tf.nn.softmax_cross_entropy_with_logits(axis=-1) -> from_logits=True, axis=axis
        optax.losses.safe_softmax_cross_entropy -> from_logits=True
        timm.loss.SoftTargetCrossEntropy -> from_logits=True
    Unlike:
        softmax_cross_entropy: of logits, as its name says: optax.losses.softmax_cross_entropy
        cross_entropy: in torch, of logits and class numbers: torch.nn.functional.cross_entropy

    >>> categorical_crossentropy([[0.0, 1.0, 0.0]], [[0.15, 0.75, 0.1]])
    0.28768207
    """

    is_cross_entropy = True

    def of(self, nll: Tensor, probabilities: Probabilities) -> Tensor:
        return nll


categorical_crossentropy = function(CategoricalCrossentropy)


class SparseCategoricalCrossentropy(
    Sparse,
    aliases=("scce", "SCCE", "sparse_cross_entropy", "sparse_categorical_cross_entropy"),
    traits=("convex", "smooth", "proper"),
    positional="from_logits ignore_class reduction axis name dtype",
):
    r"""Categorical cross-entropy for class indices: minus the log of the probability given to the true class.

    Formula: -w_t \log p_t, with t = y_true and p = y_pred / \sum y_pred (or softmax(y_pred) for logits)
    Use: the default for exclusive classes with integer labels 0 … C-1.
    Beware: a label outside 0 … C-1 is an error in eager calls and NaN in compiled code, never a silent 0. Rows whose
        label is `ignore_class` are left out of the mean.
    Reference: Cox (1966), Some procedures connected with the logistic qualitative response curve
    Elsewhere:
        keras.losses.SparseCategoricalCrossentropy(from_logits=False, ignore_class=None, axis=-1)
        torch.nn.CrossEntropyLoss, torch.nn.functional.cross_entropy(weight=None, ignore_index=-100,
            label_smoothing=0.0) -> from_logits=True, axis=1, class_weight=weight, ignore_class=ignore_index,
            label_smoothing=label_smoothing
        optax.losses.softmax_cross_entropy_with_integer_labels(axis=-1) -> from_logits=True, axis=axis
        tf.nn.sparse_softmax_cross_entropy_with_logits -> from_logits=True
        sklearn._loss.HalfMultinomialLoss, xgboost.multi:softprob, xgboost.multi:softmax,
            lightgbm.objective:multiclass -> from_logits=True
        timm.loss.LabelSmoothingCrossEntropy(smoothing=0.1) -> from_logits=True, label_smoothing=smoothing
        sklearn.metrics.log_loss
        segmentation_models_pytorch.losses.SoftCrossEntropyLoss(dim=1, ignore_index=-100, smooth_factor={0.1, ...}) ->
            from_logits=True, axis=1, ignore_class=ignore_index, label_smoothing=smooth_factor
        catboost.MultiClass -> from_logits=True

    >>> sparse_categorical_crossentropy([1], [[0.15, 0.75, 0.1]])
    0.28768207
    """

    is_cross_entropy = True

    def of(self, nll: Tensor, probabilities: Probabilities) -> Tensor:
        return nll


sparse_categorical_crossentropy = function(SparseCategoricalCrossentropy)


def _graded(s: Tensor, p: Tensor, q: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """q^gamma (-log p), with s = -log p and q = 1 - p; its slope by s is a sum of positive terms."""
    if absent(gamma):
        return 1.0 * s, 0.0 * s + 1.0
    open_ = q > 0
    lower = ops.where(open_, power(ops.where(open_, q, 1.0), gamma - 1), 0.0)
    return power(q, gamma) * s, lower * (gamma * ops.where(p > 0, p * s, 0.0) + q)


def _focal(nll: Tensor, p: Tensor, q: Tensor, alpha: Any, gamma: float) -> Tensor:
    """alpha q^gamma (-log p) for every class."""
    value, slope = parts(lambda s, p, q: _graded(s, p, q, gamma))
    return _per_class(alpha, nll) * with_slope(value, slope)(nll, p, q)


def _per_class(alpha: Any, nll: Tensor) -> Any:
    """One number for all classes, or one for each along the last axis."""
    if not isinstance(alpha, tuple):
        return alpha
    if not one_each(alpha, nll):
        raise ParameterError(
            "A focal loss takes one alpha for all classes, or one per class.",
            arrived=f"There are {len(alpha)} alphas and {nll.shape[-1]} classes.",
            allowed="Expected one number, or one per class.",
            do="Pass one alpha for each output of the model.",
        )
    return ops.convert_to_tensor(alpha, dtype=nll.dtype)


class CategoricalFocalCrossentropy(
    Categorical,
    aliases=("categorical_focal",),
    traits=("smooth",),
    positional="alpha gamma from_logits label_smoothing axis reduction name dtype",
):
    r"""Categorical cross-entropy in which well-classified rows count less, so that hard ones dominate training.

    Formula: -\sum_c \alpha_c\,(1 - p_c)^\gamma\,y_c \log p_c
    Use: imbalanced classes with many easy rows; one-hot targets.
    Beware: a single `alpha` multiplies every class (Keras's default 0.25 quarters the loss); gamma = 0 and alpha = 1 is
        the categorical cross-entropy.
    Reference: Lin, Goyal, Girshick, He and Dollár (2017), Focal loss for dense object detection, arXiv:1708.02002
    Elsewhere:
        keras.losses.CategoricalFocalCrossentropy(alpha=0.25, gamma=2.0, from_logits=False,
            label_smoothing=0.0, axis=-1)
        kornia.losses.FocalLoss, kornia.losses.focal_loss(alpha=None, gamma=2.0, reduction={"sum"}) -> alpha=1.0,
            gamma=gamma, from_logits=True, axis=1, reduction="sum"
    Unlike:
        softmax_focal: of logits, as its name says

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]], alpha=1.0)
    0.1732868
    """

    alpha: Alpha = 0.25
    gamma: Gamma = 2.0

    def of(self, nll: Tensor, probabilities: Probabilities) -> Tensor:
        return _focal(nll, *probabilities(), self.alpha, self.gamma)

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = _graded(nll, p, q, self.gamma)
        return self.alpha * value, self.alpha * slope

    def at_zero(self) -> AtZero | None:
        return (lambda nll: _per_class(self.alpha, nll) * (-self.gamma * nll)) if self.shallow else None


categorical_focal_crossentropy = function(CategoricalFocalCrossentropy)


class SparseCategoricalFocalCrossentropy(
    Sparse, aliases=("sparse_categorical_focal", "sparse_focal"), traits=("smooth",)
):
    r"""The categorical focal loss for class indices.

    Formula: -\alpha_t\,(1 - p_t)^\gamma \log p_t, with t = y_true
    Use: imbalanced classes with many easy rows; integer labels 0 … C-1.
    Beware: the default alpha = 0.25 is that of CategoricalFocalCrossentropy; alpha = 1 and gamma = 0 is the
        cross-entropy.
    Reference: Lin, Goyal, Girshick, He and Dollár (2017), Focal loss for dense object detection, arXiv:1708.02002

    >>> sparse_categorical_focal_crossentropy([1], [[0.5, 0.5]], alpha=1.0)
    0.1732868
    """

    alpha: Alpha = 0.25
    gamma: Gamma = 2.0

    def of(self, nll: Tensor, probabilities: Probabilities) -> Tensor:
        return _focal(nll, *probabilities(), self.alpha, self.gamma)

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = _graded(nll, p, q, self.gamma)
        return self.alpha * value, self.alpha * slope

    def at_zero(self) -> AtZero | None:
        return (lambda nll: _per_class(self.alpha, nll) * (-self.gamma * nll)) if self.shallow else None


sparse_categorical_focal_crossentropy = function(SparseCategoricalFocalCrossentropy)


class CategoricalGeneralizedCrossEntropy(
    Sparse,
    aliases=("gce", "generalized_crossentropy", "truncated_lq"),
    traits=("bounded", "robust", "smooth"),
    positional="q reduction name dtype",
):
    r"""Between cross-entropy (q near 0) and absolute error (q = 1): wrong labels have less influence.

    Formula: (1 - p_t^q) / q, with t = y_true
    Use: classification with noisy labels, given as class indices.
    Beware: takes class indices, as in Keras, though its name says categorical. Probabilities are used as given, not
        divided by their sum.
    Reference: Zhang and Sabuncu (2018), Generalized cross entropy loss for training deep neural networks with noisy
        labels, arXiv:1805.07836
    Elsewhere:
        keras.losses.CategoricalGeneralizedCrossEntropy(q=0.5)

    >>> categorical_generalized_cross_entropy([1], [[0.36, 0.64]])
    0.4
    """

    q: Annotated[float, fraction("Near 0 it is the cross-entropy, near 1 the absolute error.")] = 0.5
    normalised = False

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        seen = p > 2.0**-115  # p^q, also where p is too small to be seen
        slope = ops.where(seen, power(ops.where(seen, p, 1.0), self.q), ops.exp(-self.q * nll))
        return -expm1(-self.q * nll) / self.q, slope


categorical_generalized_cross_entropy = function(CategoricalGeneralizedCrossEntropy)


class PolyCrossEntropy(Sparse, aliases=("poly_loss", "poly1"), traits=("smooth",)):
    r"""The cross-entropy with more weight on the first term of its series, 1 - p_t.

    Formula: -\log p_t + \epsilon_1 (1 - p_t), with t = y_true
    Use: as the cross-entropy, with one extra number to tune; the paper reports a gain at epsilon_1 = 2 on ImageNet.
    Beware: takes class indices. A negative epsilon_1 shrinks the gradients of confident rows, as a focal loss does.
    Reference: Leng, Tan, Liu, Cubuk, Shi, Cheng and Anguelov (2022), PolyLoss: a polynomial expansion perspective of
        classification loss functions, arXiv:2204.12511
    Elsewhere:
        timm.loss.PolyCrossEntropy(epsilon=2.0, smoothing=0.0) -> epsilon_1=epsilon, label_smoothing=smoothing,
            from_logits=True

    >>> poly_cross_entropy([1], [[0.5, 0.5]])
    1.69314718
    """

    epsilon_1: Annotated[float, number("The weight of 1 - p_t.", slide=(-1.0, 5.0), low=-1.0)] = 2.0

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        return nll + self.epsilon_1 * q, 1 + self.epsilon_1 * p

    def at_zero(self) -> AtZero | None:
        return (lambda nll: -self.epsilon_1) if self.shallow else None


poly_cross_entropy = function(PolyCrossEntropy)


class CategoricalPolyCrossEntropy(Categorical, aliases=("categorical_poly_loss",), traits=("smooth",)):
    r"""PolyCrossEntropy for one-hot or soft labels: more weight on the first term of the cross-entropy's series.

    Formula: \sum_c y_c (-\log p_c + \epsilon_1 (1 - p_c))
    Use: as the cross-entropy, with soft labels such as those of mixed images, and one extra number to tune.
    Beware: a negative epsilon_1 shrinks the gradients of confident rows, as a focal loss does.
    Reference: Leng, Tan, Liu, Cubuk, Shi, Cheng and Anguelov (2022), PolyLoss: a polynomial expansion perspective of
        classification loss functions, arXiv:2204.12511
    Elsewhere:
        optax.losses.poly_loss_cross_entropy(epsilon=2.0, axis=-1) -> epsilon_1=epsilon, from_logits=True

    >>> categorical_poly_cross_entropy([[0.0, 1.0]], [[0.5, 0.5]])
    1.69314718
    """

    epsilon_1: Annotated[float, number("The weight of 1 - p_c.", slide=(-1.0, 5.0), low=-1.0)] = 2.0

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        return nll + self.epsilon_1 * q, 1 + self.epsilon_1 * p

    def at_zero(self) -> AtZero | None:
        return (lambda nll: -self.epsilon_1) if self.shallow else None


categorical_poly_cross_entropy = function(CategoricalPolyCrossEntropy)


class Brier(
    Categorical,
    aliases=("brier_score", "brier_loss", "quadratic_score"),
    traits=("bounded", "proper", "robust", "smooth"),
):
    r"""The squared distance of the probabilities from the labels: proper as the cross-entropy, and bounded.

    Formula: \sum_c w_c\,(y_c - p_c)^2, with p = y_pred / \sum y_pred (or softmax(y_pred) for logits)
    Use: calibrated probabilities where single rows, such as wrong labels, must not dominate.
    Beware: of two classes this sum is twice (y - p)^2, which is also called the Brier score. Badly wrong logits have
        almost no gradient.
    Reference: Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review
        78(1):1-3
    Unlike:
        sklearn.metrics.brier_score_loss: of one column, half of this; of several, as scale_by_half says

    >>> brier([[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.25]])
    0.375
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y = y_true
        if not absent(self.label_smoothing):
            y = y_true + self.label_smoothing * (1 / length(y_pred) - y_true)
        certain = y > 0.5  # there 1 - p has the digits
        missed = self.misses(y_pred, ops.where(certain, -1.0, ops.ones_like(y)))
        return total(self.weighed(ops.square(missed - ops.where(certain, 1 - y, y))), -1)

    def misses(self, y_pred: Tensor, sign: Tensor) -> Tensor:
        """p where the sign is 1, and 1 - p where it is -1."""
        if self.from_logits:
            return misses_of_logits(y_pred, sign)
        if self.epsilon is None:
            return misses_of_shares(y_pred, sign, self.dtype)
        p = self.clipped(y_pred)
        return ops.where(sign < 0, 1 - p, p)


brier = function(Brier)


def _of_label(y_pred: Tensor, label: Tensor) -> Tensor:
    """The cross-entropy of logits; of a label that does not exist, NaN. Eager calls have refused it."""
    known = ops.any(one_hot(label, y_pred), axis=-1)
    return ops.where(known, nll_of_one_logit(y_pred, ops.where(known, label, 0)), float("nan"))


class ViewsCrossEntropy(Loss, aliases=("jsd_augmix", "augmix", "jsd_cross_entropy"), tasks=("multiclass",)):
    r"""The cross-entropy of the original view, plus how far the predictions of all views are from their mean.

    Formula: -\log p_{1t} + \alpha \frac{1}{V} \sum_v \sum_c p_{vc} \log \frac{p_{vc}}{m_c}, with t = label, the softmax
        p_v of view v, of which the first is the row as it is, and m = \frac1V \sum_v p_v
    Use: images that are augmented in several ways at once: predictions should not depend on the augmentation.
    Beware: takes logits of shape (row, view, class); libraries take the views one after another along the rows.
    Reference: Hendrycks, Mu, Cubuk, Zoph, Gilmer and Lakshminarayanan (2020), AugMix: a simple data processing method
        to improve robustness and uncertainty, arXiv:1912.02781
    Unlike:
        timm.loss.JsdCrossEntropy: views one after another along the rows, and smoothed labels

    >>> views_cross_entropy([0], [[[0.0, 0.0], [0.0, 0.0]]])
    0.69314718
    """

    alpha: Annotated[float, nonnegative("The weight of the agreement of the views.", slide=(0.0, 20.0))] = 12.0

    inputs = declare(label=Slot(CLASS_INDEX, side="true"), y_pred=Slot(LOGIT, ("row", "view", "class")))
    undrawn = "It reads several views of a row: there is no single number to move."

    def call(self, label: Tensor, y_pred: Tensor) -> Tensor:
        p, _ = probabilities_of_logits(y_pred)
        m = ops.expand_dims(mean(p, 1), 1)
        apart = total(divergence(p, m + 0.0 * p, self.inner), (1, 2))
        return _of_label(y_pred[:, 0], label) + self.alpha / length(y_pred, 1) * apart


views_cross_entropy = function(ViewsCrossEntropy)


class CrossEntropyTVD(Loss, aliases=("ce_tvd", "fused_ce_tvd"), tasks=("multiclass",)):
    r"""The cross-entropy of the label, plus the total variation distance to a teacher's probabilities.

    Formula: -\log p_t + \frac{\alpha}{2} \sum_c |p_c - q_c|, with p = softmax(y_pred), t = label and q = teacher
    Use: distillation where single classes must not dominate, with the labels of the data beside the teacher.
    Beware: takes logits of the student, probabilities of the teacher: y_true = (labels, teacher).
    Reference: Gibbs and Su (2002), On choosing and bounding probability metrics, International Statistical Review
        70(3):419-435, doi:10.1111/j.1751-5823.2002.tb00178.x

    >>> cross_entropy_tvd([0], [[1.0, 0.0]], [[0.0, 0.0]])
    1.19314718
    """

    alpha: Annotated[float, nonnegative("The weight of the teacher.", slide=(0.0, 5.0))] = 1.0

    inputs = declare(
        label=Slot(CLASS_INDEX, side="true"), teacher=Slot(CHANCE, ("row", "class"), "true"),
        y_pred=Slot(LOGIT, ("row", "class")),
    )  # fmt: skip
    undrawn = "It reads what a teacher says: there is no single number to move."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, label: Tensor, teacher: Tensor, y_pred: Tensor) -> Tensor:
        p, q = probabilities_of_logits(y_pred)
        apart = ops.where(p > 0.5, (1 - teacher) - q, p - teacher)
        return _of_label(y_pred, label) + self.alpha / 2 * total(ops.abs(apart), -1)


cross_entropy_tvd = function(CrossEntropyTVD)
