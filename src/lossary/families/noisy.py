"""Labels that may be wrong: losses in which a row far on the wrong side loses its pull."""

from typing import Annotated, Any

import numpy as np

from ..core import axes
from ..core.contract import CLASS_INDEX, LOGIT, REAL
from ..core.errors import ParameterError
from ..core.forms import Margin, Probabilities, Sparse
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, fraction, nonnegative, number
from ..core.slots import CHANCE, Slot, declare
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.classes import AtZero, nll_of_logits, nll_of_one_logit, nll_of_several_logits, one_hot
from ..numerics.simplex import bi_tempered
from ..numerics.stable import (
    about_one,
    at_least,
    at_most,
    length,
    mean,
    sigmoid,
    unless_nan,
    with_slope,
    with_slopes,
    without_infinity,
)

LogZero = Annotated[float, number("What the logarithm of a label 0 counts as.", slide=(-10.0, -1.0), high=0.0)]


def _slopes_of_ratio(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    part = 1 / b  # XLA would divide by b * b, which may be infinite
    return part, -(a * part) * part


_ratio = with_slopes(lambda a, b: a / b, _slopes_of_ratio)


class TruncatedHinge(Margin, aliases=("ramp_loss",), traits=("bounded", "robust", "redescending")):
    r"""The hinge, cut off at margin `s`: rows farther on the wrong side cost the same and have no gradient.

    Formula: \min(\max(1 - m, 0), 1 - s), with m = y \cdot y_pred and y = -1 or 1
    Use: support vector machines with wrong labels or outliers.
    Beware: not convex: start from a hinge. Rows beyond `s` are never corrected. Label 0 is read as -1.
    Reference: Collobert, Sinz, Weston and Bottou (2006), Trading convexity for scalability, Proceedings of the 23rd
        International Conference on Machine Learning

    >>> truncated_hinge([[1.0, -1.0]], [[0.5, 30.0]])
    1.25
    """

    s: Annotated[
        float, number("The margin below which the loss stays the same.", slide=(-4.0, 0.0), high=1.0, closed=False)
    ] = -1.0

    def of(self, m: Tensor) -> Tensor:
        return at_most(at_least(1 - m, 0.0), 1 - self.s)

    def slope(self, m: Tensor) -> Tensor:
        return ops.where(ops.logical_and(m < 1, m > self.s), -1.0, 0.0 * m)


truncated_hinge = function(TruncatedHinge)


class Savage(Margin, aliases=("savage_loss", "savageboost"), traits=("bounded", "robust", "redescending", "smooth")):
    r"""The squared probability of the wrong side: far on the wrong side a row costs 1 and has hardly any gradient.

    Formula: \frac{1}{(1 + e^{2m})^2}, with m = y \cdot y_pred and y = -1 or 1
    Use: classification with wrong labels or outliers, where probabilities, sigmoid(2 y_pred), are needed too.
    Beware: not convex: rows that start far on the wrong side are slow to come back. Label 0 is read as -1.
    Reference: Masnadi-Shirazi and Vasconcelos (2008), On the design of loss functions for classification: theory,
        robustness to outliers, and SavageBoost, Advances in Neural Information Processing Systems 21

    >>> savage([[1.0, -1.0]], [[0.0, 0.0]]), savage([[1.0]], [[-30.0]])
    (0.25, 1.0)
    """

    def of(self, m: Tensor) -> Tensor:
        return ops.square(sigmoid(-2 * m))

    def slope(self, m: Tensor) -> Tensor:
        wrong = sigmoid(-2 * m)
        return -4 * wrong * (wrong * sigmoid(2 * m))


savage = function(Savage)


class Tangent(Margin, aliases=("tangent_loss", "tangentboost"), traits=("bounded", "robust", "redescending", "smooth")):
    r"""A bounded loss that also penalises rows which are right by too much.

    Formula: (2 \arctan(m) - 1)^2, with m = y \cdot y_pred and y = -1 or 1
    Use: classification with wrong labels or outliers, in computer vision above all.
    Beware: not convex; smallest at m = tan(1/2) = 0.546 and not beyond. Label 0 is read as -1.
    Reference: Masnadi-Shirazi, Mahadevan and Vasconcelos (2010), On the design of robust classifiers for computer
        vision, IEEE Conference on Computer Vision and Pattern Recognition

    >>> tangent([[1.0, -1.0]], [[0.0, 0.0]])
    1.0
    """

    def of(self, m: Tensor) -> Tensor:
        return ops.square(2 * ops.arctan(m) - 1)

    def slope(self, m: Tensor) -> Tensor:
        size = ops.abs(m)
        large, small = about_one(size)
        falling = ops.where(size > 1, 1 / large / large / (1 + ops.square(1 / large)), 1 / (1 + ops.square(small)))
        return 4 * (2 * ops.arctan(m) - 1) * falling


tangent = function(Tangent)


class Unhinged(Margin, aliases=("unhinged_loss",), traits=("convex", "smooth", "robust")):
    r"""Minus the margin, plus 1: a hinge without its corner, which wrong labels at random leave unchanged.

    Formula: 1 - m, with m = y \cdot y_pred and y = -1 or 1
    Use: labels that are wrong at random, with strong regularization or predictions of bounded size.
    Beware: it has no minimum by itself: without regularization weights grow for ever. Label 0 is read as -1.
    Reference: van Rooyen, Menon and Williamson (2015), Learning with symmetric label noise: the importance of being
        unhinged, arXiv:1505.07634

    >>> unhinged([[1.0, -1.0]], [[0.5, 3.0]])
    2.25
    """

    def of(self, m: Tensor) -> Tensor:
        return 1 - m

    def slope(self, m: Tensor) -> Tensor:
        return 0.0 * m - 1


unhinged = function(Unhinged)


class SymmetricCrossEntropy(Sparse, aliases=("sce", "sl_loss"), traits=("smooth",)):
    r"""The cross-entropy plus the reverse one, in which the labels' logarithm is taken: that part is robust.

    Formula: -\alpha \log p_t - \beta A\,(1 - p_t), with t = y_true and A = log_zero
    Use: noisy labels in class indices: the first part learns quickly, the second is not misled.
    Beware: alpha = 0 is the reverse cross-entropy alone. The logarithm of a label 0 counts as `log_zero`; catalyst
        takes log(1e-4) = -9.2 and alpha = 1.
    Reference: Wang, Ma, Chen, Luo, Yi and Bailey (2019), Symmetric cross entropy for robust learning with noisy labels,
        arXiv:1908.06112

    >>> symmetric_cross_entropy([1], [[0.5, 0.5]])
    2.06931472
    """

    alpha: Annotated[float, nonnegative("The weight of the cross-entropy.", slide=(0.0, 2.0))] = 0.1
    beta: Annotated[float, nonnegative("The weight of the reverse cross-entropy.", slide=(0.0, 2.0))] = 1.0
    log_zero: LogZero = -4.0

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        passive = -self.beta * self.log_zero
        return self.alpha * nll + passive * q, self.alpha + passive * p

    def at_zero(self) -> AtZero:
        return lambda nll: self.beta * self.log_zero


symmetric_cross_entropy = function(SymmetricCrossEntropy)


class TaylorCrossEntropy(Sparse, aliases=("taylor_ce",), traits=("bounded", "robust", "smooth")):
    r"""The first terms of the cross-entropy's Taylor series: between absolute error (order 1) and cross-entropy.

    Formula: \sum_{k=1}^{order} \frac{(1 - p_t)^k}{k}, with t = y_true
    Use: noisy labels in class indices; low orders are more robust, high ones learn faster.
    Beware: a badly predicted row has almost no gradient.
    Reference: Feng, Shu, Lin, Lv, Li and An (2020), Can cross entropy loss be robust to label noise?, Proceedings of
        the 29th International Joint Conference on Artificial Intelligence

    >>> taylor_cross_entropy([1], [[0.5, 0.5]])
    0.625
    """

    order: Annotated[int, Param("How many terms.", kind="whole", low=1, high=100, closed=True, unusual=4)] = 2

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = 0.0 * q + 1 / self.order, 0.0 * q + 1.0
        for k in range(self.order - 1, 0, -1):
            value, slope = value * q + 1 / k, slope * q + 1
        return value * q, slope * p

    def at_zero(self) -> AtZero:
        return lambda nll: -self.order


taylor_cross_entropy = function(TaylorCrossEntropy)


class ClassAbsoluteError(
    Sparse, aliases=("mae_of_probabilities", "probability_mae"), traits=("bounded", "robust", "smooth")
):
    r"""The sum of absolute errors of the probabilities, 2 (1 - p_t): no label, right or wrong, counts more than 2.

    Formula: \sum_c |y_c - p_c| = 2\,(1 - p_t), with t = y_true
    Use: strongly noisy labels in class indices, and few classes.
    Beware: it learns slowly, and with many classes often not at all; CategoricalGeneralizedCrossEntropy and
        TaylorCrossEntropy lie between it and the cross-entropy.
    Reference: Ghosh, Kumar and Sastry (2017), Robust loss functions under label noise for deep neural networks,
        arXiv:1712.09482

    >>> class_absolute_error([1], [[0.25, 0.75]])
    0.5
    """

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        return 2 * q, 2 * p

    def at_zero(self) -> AtZero:
        return lambda nll: -2.0


class_absolute_error = function(ClassAbsoluteError)


class NormalizedCrossEntropy(Sparse, aliases=("nce_of_classes",), traits=("bounded", "robust", "smooth")):
    r"""The cross-entropy of the true class as a share of those of all classes: robust to labels wrong at random.

    Formula: \frac{\log p_t}{\sum_c \log p_c}, with t = y_true
    Use: noisy labels in class indices; as the active part of ActivePassive.
    Beware: it underfits when it is used alone. Not noise-contrastive estimation, which is also called NCE.
    Reference: Ma, Huang, Wang, Romano, Erfani and Bailey (2020), Normalized loss functions for deep learning with noisy
        labels, arXiv:2006.13554

    >>> normalized_cross_entropy([1], [[0.5, 0.5]])
    0.5
    """

    def of(self, nll: Tensor, probabilities: Probabilities) -> Tensor:
        nll, _ = without_infinity(nll, self.dtype, axis=())
        return _ratio(nll / length(nll), 0.0 * nll + ops.expand_dims(mean(nll), -1))

    def kernel(self, y_pred: Tensor, smooth: bool) -> None:
        return None

    def by_class(self) -> bool:
        return True


normalized_cross_entropy = function(NormalizedCrossEntropy)


class ActivePassive(NormalizedCrossEntropy, aliases=("active_passive_loss", "apl"), traits=("smooth",)):
    r"""The normalized cross-entropy, which raises the labelled class, plus the reverse one, which lowers the others.

    Formula: \alpha \frac{\log p_t}{\sum_c \log p_c} - \beta A\,(1 - p_t), with t = y_true and A = log_zero
    Use: noisy labels in class indices: robust as each part is, and without their underfitting.
    Beware: the best weights depend on the number of classes: many classes want a larger alpha.
    Reference: Ma, Huang, Wang, Romano, Erfani and Bailey (2020), Normalized loss functions for deep learning with noisy
        labels, arXiv:2006.13554

    >>> active_passive([1], [[0.5, 0.5]])
    2.5
    """

    alpha: Annotated[float, nonnegative("The weight of the normalized cross-entropy.", slide=(0.0, 10.0))] = 1.0
    beta: Annotated[float, nonnegative("The weight of the reverse cross-entropy.", slide=(0.0, 10.0))] = 1.0
    log_zero: LogZero = -4.0

    def of(self, nll: Tensor, probabilities: Probabilities) -> Tensor:
        wrong = with_slope(lambda s, p, q: 1.0 * q, lambda s, p, q: p)(nll, *probabilities())
        return self.alpha * super().of(nll, probabilities) - self.beta * self.log_zero * wrong

    def at_zero(self) -> AtZero:
        return lambda nll: self.beta * self.log_zero


active_passive = function(ActivePassive)


Transition = Annotated[
    Any,
    Param(
        "Row c holds the probability of each label when the true class is c, with sum 1. None: no label is wrong.",
        kind="matrix", low=0.0, high=1.0, closed=True, optional=True,
        unusual=((0.5, 0.5, 0.0, 0.0), (0.0, 0.5, 0.5, 0.0), (0.0, 0.0, 0.5, 0.5), (0.0, 0.0, 0.0, 1.0)),
    ),
]  # fmt: skip
TOKENS = declare(y_true=Slot(CLASS_INDEX, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...", "class")))


def _checked(loss: Loss, classes: int | None) -> np.ndarray:
    """The matrix of a loss, or that of labels none of which is wrong."""
    found = np.eye(classes or 0) if loss.transition is None else np.array(loss.transition, dtype=float)
    if len(found) != classes or np.abs(found.sum(1) - 1).max() > 1e-3:
        raise ParameterError(
            f"{type(loss).__name__}(transition=...) says how often a row of each class has each label.",
            arrived=f"It was given {len(found)} rows for {classes} classes, with sums from {found.sum(1).min():g} "
            f"to {found.sum(1).max():g}.",
            allowed="Expected one row per class, with probabilities that sum to 1.",
            do="Count labels of rows whose class is known, and divide each row of counts by its sum.",
        )
    return found


def _of_labels(matrix: np.ndarray, index: Tensor, like: Tensor) -> Tensor:
    """Of a matrix the column of each label, along the last axis."""
    return ops.take(ops.convert_to_tensor(matrix.T, dtype=like.dtype), index, axis=0)


class ForwardCorrected(Loss, aliases=("forward_correction", "forward_corrected_cross_entropy"), tasks=("multiclass",)):
    r"""The cross-entropy of the labels as they are observed, where it is known how often each class is mislabelled.

    Formula: -\log \sum_c T_{ct} p_c, with p = softmax(y_pred), t = y_true and T_{ct} the probability of the label t for
        a row of class c
    Use: labels that are wrong at random, with rates that are known or estimated: predictions are those of true classes.
    Beware: with wrong rates, the predictions are wrong by as much. Takes logits and class indices.
    Reference: Patrini, Rozza, Menon, Nock and Qu (2017), Making deep neural networks robust to label noise: a loss
        correction approach, arXiv:1609.03683

    >>> forward_corrected([0], [[0.0, 0.0]], transition=[[0.9, 0.1], [0.3, 0.7]])
    0.51082562
    """

    transition: Transition = None

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        known = ops.any(one_hot(y_true, y_pred), axis=-1)
        index, matrix = ops.where(known, ops.cast(y_true, "int32"), 0), _checked(self, y_pred.shape[-1])
        said, other = _of_labels(matrix, index, y_pred), _of_labels(1 - matrix, index, y_pred)
        return ops.where(known, nll_of_several_logits(y_pred, said, other), float("nan"))


forward_corrected = function(ForwardCorrected)


class BackwardCorrected(
    Loss, aliases=("backward_correction", "backward_corrected_cross_entropy"), tasks=("multiclass",)
):
    r"""The cross-entropies of all classes, weighted so that their mean over noisy labels equals that over true ones.

    Formula: -\sum_c (T^{-1})_{tc} \log p_c, with p = softmax(y_pred), t = y_true and T_{ct} the probability of the
        label t for a row of class c
    Use: as ForwardCorrected, where the loss should be right on average, whatever the model.
    Beware: weights, and so values, can be negative: training is less steady than with ForwardCorrected. Takes logits
        and class indices.
    Reference: Patrini, Rozza, Menon, Nock and Qu (2017), Making deep neural networks robust to label noise: a loss
        correction approach, arXiv:1609.03683

    >>> backward_corrected([0], [[0.0, 0.0]], transition=[[0.9, 0.1], [0.3, 0.7]])
    0.69314718
    """

    transition: Transition = None

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def validate(self) -> None:
        if self.transition is not None and np.linalg.cond(np.array(self.transition, dtype=float)) > 1e6:
            raise ParameterError(
                "BackwardCorrected(transition=...) inverts the matrix.",
                arrived="It has no inverse, or is close to having none: some rows are mixtures of others.",
                allowed="Expected classes whose labels can be told apart.",
                do="Use ForwardCorrected, which inverts nothing.",
            )

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        known = ops.any(one_hot(y_true, y_pred), axis=-1)
        index, matrix = ops.where(known, ops.cast(y_true, "int32"), 0), _checked(self, y_pred.shape[-1])
        weights = _of_labels(np.linalg.inv(matrix).T, index, y_pred)
        return ops.where(known, total(weights * nll_of_logits(y_pred), -1), float("nan"))


backward_corrected = function(BackwardCorrected)


class BiTemperedLogistic(Loss, aliases=("bi_tempered", "bi_tempered_loss"), tasks=("multiclass",),
                         traits=("robust", "smooth")):  # fmt: skip
    r"""A cross-entropy with a bounded logarithm and a softmax with heavy tails: no outlier dominates.

    Formula: -\log_{t_1} p_t - \frac{1 - \sum_c p_c^{2 - t_1}}{2 - t_1}, with t = y_true,
        \log_s x = \frac{x^{1 - s} - 1}{1 - s}, and p_c = (1 + (t_2 - 1)(\lambda - z_c))^{-1 / (t_2 - 1)} of logits z
        with the \lambda that makes them sum to 1
    Use: partly wrong class indices: t1 limits rows far on the wrong side, t2 those near the decision
        boundary.
    Beware: takes logits. Probabilities are those of the tempered softmax, whose order of classes is the softmax's. Not
        convex. t1 = t2 = 1 is the cross-entropy, which has a loss of its own.
    Reference: Amid, Warmuth, Anil and Koren (2019), Robust bi-tempered logistic loss based on Bregman divergences,
        arXiv:1906.03361

    >>> bi_tempered_logistic([0], [[0.0, 0.0]], t1=0.5, t2=2.0)
    0.39052429
    """

    t1: Annotated[float, fraction("Smaller values reduce the loss of badly wrong rows.")] = 0.8
    t2: Annotated[
        float, number("Larger values give the softmax heavier tails.", low=1.0, closed=False, slide=(1.05, 3.0))
    ] = 1.2

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        known = ops.any(one_hot(y_true, y_pred), axis=-1)
        index = ops.where(known, ops.cast(y_true, "int32"), 0)
        return ops.where(known, bi_tempered(self.t1, self.t2)(y_pred, index), float("nan"))


bi_tempered_logistic = function(BiTemperedLogistic)


class EarlyLearning(Loss, aliases=("elr", "early_learning_regularization"), tasks=("multiclass",)):
    r"""The cross-entropy, plus a term towards earlier predictions, so that wrong labels are not memorised.

    Formula: -\log p_t + \lambda \log(1 - \sum_c q_c p_c), with p = softmax(y_pred), t = y_true, the running mean q of
        the row's earlier probabilities, and \lambda = strength
    Use: partly wrong class indices: models learn the right ones first.
    Beware: you pass the running means: y_true = (labels, running), with q = 0.7 q + 0.3 p after each epoch, and uniform
        at first. Takes logits. Values can be negative, and have no lower bound where q is confident.
    Reference: Liu, Niles-Weed, Razavian and Fernandez-Granda (2020), Early-learning regularization prevents
        memorization of noisy labels, arXiv:2007.00151

    >>> early_learning([0], [[0.5, 0.5]], [[0.0, 0.0]], strength=1.0)
    0.0
    """

    strength: Annotated[float, nonnegative("The weight of the term towards earlier predictions.", slide=(0.0, 8.0))] = (
        3.0
    )

    inputs = declare(
        label=Slot(CLASS_INDEX, side="true"), running=Slot(CHANCE, ("row", "class"), "true"),
        y_pred=Slot(LOGIT, ("row", "class")),
    )  # fmt: skip
    undrawn = "It reads what the model said before: there is no single number to move."

    def call(self, label: Tensor, running: Tensor, y_pred: Tensor) -> Tensor:
        known = ops.any(one_hot(label, y_pred), axis=-1)
        apart = unless_nan(nll_of_several_logits(y_pred, 1 - running, running), total(running, -1))
        found = nll_of_one_logit(y_pred, ops.where(known, label, 0)) - self.strength * apart
        return ops.where(known, found, float("nan"))


early_learning = function(EarlyLearning)
