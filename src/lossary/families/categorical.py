"""Multi-class classification: exclusive classes, predicted by probabilities or logits."""

from typing import Annotated, Any

from keras import ops

from ..core.errors import ParameterError
from ..core.forms import Categorical, Chances, Sparse, absent, one_each
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import Param, fraction, nonnegative
from ..numerics.backend import expm1
from ..numerics.stable import power, with_slope

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
    Unlike:
        softmax_cross_entropy: of logits, as its name says: optax.losses.softmax_cross_entropy
        cross_entropy: in torch, of logits and class numbers: torch.nn.functional.cross_entropy
        sklearn.metrics.log_loss: of one column the binary, of several the categorical cross-entropy

    >>> categorical_crossentropy([[0.0, 1.0, 0.0]], [[0.15, 0.75, 0.1]])
    0.28768207
    """

    def of(self, surprise: Tensor, chances: Chances) -> Tensor:
        return surprise


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
    Unlike:
        torch.nn.NLLLoss, torch.nn.functional.nll_loss: of log-probabilities, taken as they are
        nll: in torch, of log-probabilities; elsewhere, of probabilities

    >>> sparse_categorical_crossentropy([1], [[0.15, 0.75, 0.1]])
    0.28768207
    """

    def of(self, surprise: Tensor, chances: Chances) -> Tensor:
        return surprise


sparse_categorical_crossentropy = function(SparseCategoricalCrossentropy)


def _focal(surprise: Tensor, p: Tensor, q: Tensor, alpha: Any, gamma: float) -> Tensor:
    """alpha q^gamma (-log p) for every class, with q = 1 - p; its slope by -log p is a sum of positive terms."""

    def value(s: Tensor, p: Tensor, q: Tensor) -> Tensor:
        return power(q, gamma) * s

    def slope(s: Tensor, p: Tensor, q: Tensor) -> Tensor:
        open_ = q > 0
        return ops.where(open_, power(ops.where(open_, q, 1.0), gamma - 1), 0.0) * (
            gamma * ops.where(p > 0, p * s, 0.0) + q
        )

    if isinstance(alpha, tuple):
        if not one_each(alpha, surprise):
            raise ParameterError(
                "A focal loss takes one alpha for all classes, or one per class.",
                arrived=f"There are {len(alpha)} alphas and {surprise.shape[-1]} classes.",
                allowed="Expected one number, or one per class.",
                do="Pass one alpha for each output of the model.",
            )
        alpha = ops.convert_to_tensor(alpha, dtype=surprise.dtype)
    return alpha * (with_slope(value, slope)(surprise, p, q) if not absent(gamma) else surprise)


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
    Unlike:
        softmax_focal: of logits, as its name says

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]], alpha=1.0)
    0.1732868
    """

    alpha: Alpha = 0.25
    gamma: Gamma = 2.0

    def of(self, surprise: Tensor, chances: Chances) -> Tensor:
        return _focal(surprise, *chances(), self.alpha, self.gamma)


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

    def of(self, surprise: Tensor, chances: Chances) -> Tensor:
        return _focal(surprise, *chances(), self.alpha, self.gamma)


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

    def of(self, surprise: Tensor, chances: Chances) -> Tensor:
        def slope(s: Tensor, p: Tensor) -> Tensor:  # p^q, also where p is too small to be seen
            seen = ops.logical_and(p > 0, s < 80)
            return ops.where(seen, power(ops.where(seen, p, 1.0), self.q), ops.exp(-self.q * s))

        return with_slope(lambda s, p: -expm1(-self.q * s) / self.q, slope)(surprise, chances()[0])


categorical_generalized_cross_entropy = function(CategoricalGeneralizedCrossEntropy)
