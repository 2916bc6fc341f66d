"""Margins: classification by scores that need not be probabilities."""

from typing import Annotated

from ..core import axes
from ..core.contract import REAL, Contract
from ..core.forms import Margin
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import positive
from ..numerics import ops
from ..numerics.stable import LARGE, at_least, at_most, constant, largest, sigmoid, softplus


class Hinge(
    Margin,
    aliases=("hinge_loss", "svm"),
    traits=("convex",),
    positional="reduction name dtype",
):
    r"""Zero once a row is on the right side by a margin of 1; grows linearly below that.

    Formula: \max(1 - m, 0), with m = y \cdot y_pred and y = -1 or 1
    Use: support vector machines; when only the decision matters and no probability is needed.
    Beware: label 0 is read as -1; labels other than -1, 0 and 1 are an error. End the model in a linear layer, not in a
        sigmoid.
    Reference: Cortes and Vapnik (1995), Support-vector networks, doi:10.1007/BF00994018
    Elsewhere:
        keras.losses.Hinge
        optax.losses.hinge_loss
        sklearn.metrics.hinge_loss

    >>> hinge([[1.0, -1.0]], [[0.5, -3.0]])
    0.25
    """

    def of(self, m: Tensor) -> Tensor:
        return at_least(1 - m, 0.0)

    def slope(self, m: Tensor) -> Tensor:
        return ops.where(m < 1, -1.0, 0.0 * m)


hinge = function(Hinge)


class SquaredHinge(
    Margin,
    aliases=("l2_svm",),
    traits=("convex", "smooth"),
    positional="reduction name dtype",
):
    r"""The square of the hinge: small gradients near the margin, large ones far on the wrong side.

    Formula: \max(1 - m, 0)^2, with m = y \cdot y_pred and y = -1 or 1
    Use: as hinge, where a smooth gradient helps the optimiser.
    Beware: a single row far on the wrong side can dominate the gradient: not robust to wrong labels.
    Reference: Lee and Mangasarian (2001), SSVM: a smooth support vector machine, doi:10.1023/A:1011215321374
    Elsewhere:
        keras.losses.SquaredHinge

    >>> squared_hinge([[1.0, -1.0]], [[0.5, -3.0]])
    0.125
    """

    def of(self, m: Tensor) -> Tensor:
        return ops.square(at_least(1 - m, 0.0))

    def slope(self, m: Tensor) -> Tensor:
        return -2 * at_least(1 - m, 0.0)


squared_hinge = function(SquaredHinge)


class SoftMargin(Margin, aliases=("soft_margin_loss", "logistic_margin"), traits=("convex", "smooth")):
    r"""The logarithm of 1 + e^-m: logistic regression with labels -1 and 1; a smooth hinge that never quite ends.

    Formula: \log(1 + e^{-m}), with m = y \cdot y_pred and y = -1 or 1
    Use: as a hinge that also gives probabilities: sigmoid(y_pred) is that of label 1.
    Beware: it is BinaryCrossentropy(from_logits=True) for labels -1 and 1. Label 0 is read as -1.
    Reference: Cox (1958), The regression analysis of binary sequences, doi:10.1111/j.2517-6161.1958.tb00292.x
    Elsewhere:
        torch.nn.SoftMarginLoss, torch.nn.functional.soft_margin_loss

    >>> soft_margin([[1.0, -1.0]], [[0.0, 0.0]]), soft_margin([[1.0]], [[-100.0]])
    (0.69314718, 100.0)
    """

    def of(self, m: Tensor) -> Tensor:
        return softplus(-m)

    def slope(self, m: Tensor) -> Tensor:
        return -sigmoid(-m)


soft_margin = function(SoftMargin)


class Exponential(Margin, aliases=("exponential_loss", "adaboost"), traits=("convex", "smooth")):
    r"""The exponential of minus the margin, which AdaBoost minimises: errors cost exponentially more.

    Formula: e^{-m}, with m = y \cdot y_pred and y = -1 or 1
    Use: boosting, and clean data in which every row should end up on the right side.
    Beware: a single wrong label can dominate everything; beyond a margin of -88.7 the value is infinite in float32. The
        minimum is at half the logit. Label 0 is read as -1.
    Reference: Freund and Schapire (1997), A decision-theoretic generalization of on-line learning and an application to
        boosting, doi:10.1006/jcss.1997.1504

    >>> exponential([[1.0, -1.0]], [[0.0, 0.0]]), exponential([[1.0]], [[-1.0]])
    (1.0, 2.71828183)
    """

    def of(self, m: Tensor) -> Tensor:
        return ops.exp(-m)

    def slope(self, m: Tensor) -> Tensor:
        return -ops.exp(-m)


exponential = function(Exponential)


class Perceptron(Margin, aliases=("perceptron_loss",), traits=("convex",)):
    r"""Zero on the right side, however near; grows linearly on the wrong one.

    Formula: \max(-m, 0), with m = y \cdot y_pred and y = -1 or 1
    Use: classes that a plane separates, where any separating plane will do.
    Beware: predictions of 0 have loss 0 as well: prefer a hinge, which asks for a margin. A margin of exactly 0
        counts as an error, so that training leaves it. Label 0 is read as -1.
    Reference: Rosenblatt (1958), The perceptron: a probabilistic model for information storage and organization in the
        brain, doi:10.1037/h0042519
    Elsewhere:
        optax.losses.perceptron_loss

    >>> perceptron([[1.0, -1.0]], [[0.5, 3.0]])
    1.5
    """

    def of(self, m: Tensor) -> Tensor:
        return at_least(-m, 0.0)

    def slope(self, m: Tensor) -> Tensor:
        return ops.where(m <= 0, -1.0, 0.0 * m)


perceptron = function(Perceptron)


class SmoothHinge(
    Margin, aliases=("smoothed_hinge", "smooth_hinge_loss", "huberized_hinge"), traits=("convex", "smooth")
):
    r"""A hinge whose corner is rounded by a parabola of width `gamma`.

    Formula: \frac{t^2}{2\gamma} if t \le \gamma else t - \gamma / 2, with t = \max(1 - m, 0)
    Use: as hinge, where the optimiser needs a gradient without jumps, and errors should still grow linearly.
    Beware: gamma near 0 is the hinge. Label 0 is read as -1.
    Reference: Shalev-Shwartz and Zhang (2013), Stochastic dual coordinate ascent methods for regularized loss
        minimization, arXiv:1209.1873

    >>> smooth_hinge([[1.0, -1.0]], [[0.5, 3.0]])
    1.8125
    """

    gamma: Annotated[float, positive("The width of the rounded corner.", slide=(0.1, 2.0))] = 1.0

    def of(self, m: Tensor) -> Tensor:
        short = at_least(1 - m, 0.0)
        far = short > self.gamma
        return ops.where(far, short - 0.5 * self.gamma, ops.square(ops.where(far, 0.0, short)) / (2 * self.gamma))

    def slope(self, m: Tensor) -> Tensor:
        return -at_most(at_least(1 - m, 0.0) / self.gamma, 1.0)


smooth_hinge = function(SmoothHinge)


class ModifiedHuber(Margin, aliases=("modified_huber_loss",), traits=("convex", "smooth")):
    r"""The squared hinge, continued by a straight line from margin -1 on, so that no row dominates.

    Formula: \max(1 - m, 0)^2 if m \ge -1 else -4m, with m = y \cdot y_pred and y = -1 or 1
    Use: linear classifiers that should also give probabilities: (clip(y_pred, -1, 1) + 1) / 2 is that of label 1.
    Beware: scikit-learn's SGDClassifier has it under this name. Label 0 is read as -1.
    Reference: Zhang (2004), Statistical behavior and consistency of classification methods based on convex risk
        minimization, doi:10.1214/aos/1079120130

    >>> modified_huber([[1.0, -1.0]], [[0.5, 3.0]])
    6.125
    """

    def of(self, m: Tensor) -> Tensor:
        far = m < -1
        return ops.where(far, -4 * m, ops.square(at_least(1 - ops.where(far, 1.0, m), 0.0)))

    def slope(self, m: Tensor) -> Tensor:
        return -2 * at_most(at_least(1 - m, 0.0), 2.0)


modified_huber = function(ModifiedHuber)


class BinarySparsemax(Margin, aliases=("sparse_sigmoid_loss",), traits=("convex", "smooth")):
    r"""The logistic loss whose probability, clip((y_pred + 1) / 2, 0, 1), can be exactly 0 or 1: then the loss is 0.

    Formula: \max(1 - m, 0)^2 / 4 if m \ge -1 else -m, with m = y \cdot y_pred and y = -1 or 1
    Use: binary classification in which sure answers should be exact, and rows beyond the margin no longer train.
    Beware: a quarter of ModifiedHuber. Label 0 is read as -1.
    Reference: Blondel, Martins and Niculae (2020), Learning with Fenchel-Young losses, arXiv:1901.02324
    Elsewhere:
        optax.losses.sparsemax_loss

    >>> binary_sparsemax([[1.0, -1.0]], [[0.5, 3.0]])
    1.53125
    """

    def of(self, m: Tensor) -> Tensor:
        far = m < -1
        return ops.where(far, -m, ops.square(0.5 * at_least(1 - ops.where(far, 1.0, m), 0.0)))

    def slope(self, m: Tensor) -> Tensor:
        return -0.5 * at_most(at_least(1 - m, 0.0), 2.0)


binary_sparsemax = function(BinarySparsemax)


class CategoricalHinge(
    Loss,
    aliases=("multiclass_hinge",),
    tasks=("multiclass",),
    traits=("convex",),
    positional="reduction name dtype",
):
    r"""Zero once the true class scores at least 1 more than every other class; grows linearly below that.

    Formula: \max(0, 1 + \max_{c \ne t} p_c - p_t), with t the true class of a one-hot y_true
    Use: multi-class classification by scores, when only the ranking of the classes matters.
    Beware: scores are compared as they are, even if all of them are negative.
    Reference: Crammer and Singer (2001), On the algorithmic implementation of multiclass kernel-based vector machines,
        Journal of Machine Learning Research 2:265-292
    Elsewhere:
        keras.losses.CategoricalHinge
    Unlike:
        keras.losses.CategoricalHinge: also compares with 0, which counts where all other scores are below 0

    >>> categorical_hinge([[1.0, 0.0, 0.0]], [[-1.0, -2.0, -3.0]]), categorical_hinge([[0.0, 1.0]], [[2.0, 1.5]])
    (0.0, 1.5)
    """

    @property
    def contract(self) -> Contract:
        return Contract(REAL, REAL)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class score"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.SCORES

    def over_classes(self, p: axes.Array) -> axes.Given | None:
        return axes.three_classes(p, logits=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true = ops.sum(y_true * y_pred, axis=-1)
        others = ops.where(ops.equal(y_true, 1), constant(-LARGE[self.inner], y_pred), (1 - y_true) * y_pred)
        return at_least(largest(others) - true, -1.0) + 1  # TensorFlow's graphs would add the 1 to `true` first


categorical_hinge = function(CategoricalHinge)
