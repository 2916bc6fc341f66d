"""Margins: classification by scores that need not be probabilities."""

from keras import ops

from ..core import axes
from ..core.contract import REAL, Contract
from ..core.forms import Margin
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..numerics.stable import LARGE, at_least, constant, largest, mean_square


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

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_square(at_least(1 - self.margin(y_true, y_pred), 0.0))


squared_hinge = function(SquaredHinge)


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
        optax.losses.multiclass_hinge_loss, torch.nn.MultiMarginLoss: of class numbers

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
        others = ops.where(ops.equal(y_true, 1), constant(-LARGE[self.dtype], y_pred), (1 - y_true) * y_pred)
        return at_least(largest(others) - true, -1.0) + 1  # TensorFlow's graphs would add the 1 to `true` first


categorical_hinge = function(CategoricalHinge)
