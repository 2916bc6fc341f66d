"""Evidence for classes: a distribution over their probabilities instead of these."""

from typing import Annotated

from ..core import axes
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import nonnegative
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.classes import one_hot
from ..numerics.special import less_trigamma_moment, trigamma_moment
from ..numerics.stable import at_most, softplus
from .scores import TOKENS


def _sum(x: Tensor) -> Tensor:
    return ops.expand_dims(total(x, -1), -1)


class EvidentialClassification(Loss, family="scores", aliases=("edl", "edl_loss", "evidential_deep_learning"),
                               tasks=("multiclass",), traits=("smooth",)):  # fmt: skip
    r"""Predicts evidence for each class, as a Dirichlet distribution: a row unlike the training data gets little of it.

    Formula: \sum_c \left( (y_c - p_c)^2 + \frac{p_c (1 - p_c)}{S + 1} \right) + \lambda\,\mathrm{KL}(\tilde\alpha),
        with the evidence e_c = \log(1 + e^{s_c}) of the score s_c, \alpha = 1 + e, S = \sum_c \alpha_c, p = \alpha / S,
        and the divergence from Dirichlet(1) of Dirichlet(\tilde\alpha): \alpha, but 1 for the true class
    Use: a classifier that reports when it does not know: with K classes, K / S is its uncertainty and p its prediction.
    Beware: p is not the softmax of the scores. The penalty slows early training: let `regularization` rise from 0. How
        well K / S detects unfamiliar data is disputed.
    Reference: Sensoy, Kaplan and Kandemir (2018), Evidential deep learning to quantify classification uncertainty,
        arXiv:1806.01768

    >>> evidential_classification([0], [[-100.0, -100.0]]), evidential_classification([0], [[100.0, -100.0]])
    (0.66666669, 0.00038073483)
    """

    regularization: Annotated[
        float, nonnegative("The weight of the penalty on evidence for wrong classes.", slide=(0.0, 1.0))
    ] = 0.2

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, evidence = one_hot(y_true, y_pred), softplus(at_most(y_pred, 1e30))
        classes, wrong = _sum(ops.ones_like(y_pred)), ops.where(true, 0.0, evidence)
        misled = _sum(wrong)
        rest = misled + (classes - 1)  # what the other classes have
        strength = rest + (1 + _sum(ops.where(true, evidence, 0.0)))
        p = (1 + evidence) / strength
        other = ops.where(true, rest / strength, 1 - p)
        fit = ops.square(ops.where(true, other, p)) + p * other / (strength + 1)
        near = total(trigamma_moment(1.0, wrong), -1) - trigamma_moment(classes, misled)[..., 0]
        away = less_trigamma_moment(classes, misled)[..., 0] - total(less_trigamma_moment(1.0, wrong), -1)
        value = total(fit, -1) + self.regularization * ops.where(misled[..., 0] > classes[..., 0], away, near)
        return ops.where(ops.any(true, axis=-1), value, float("nan"))


evidential_classification = function(EvidentialClassification)
