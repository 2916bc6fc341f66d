"""Class scores: several classes, given as indices, and scores that need not be probabilities."""

from typing import Annotated

from ..core import axes
from ..core.contract import CLASS_INDEX, REAL
from ..core.errors import ParameterError
from ..core.forms import ClassWeights, Ignored, Smoothing, one_each
from ..core.forms.labels import weights_of_classes
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, choice, fraction, nonnegative, number, numbers, positive
from ..core.reduction import REDUCTIONS
from ..core.results import Rows
from ..core.slots import LOG_PROBABILITY, Slot, declare
from ..numerics import ops
from ..numerics.backend import log, total
from ..numerics.classes import misses_of_logits, nll_of_logits, nll_of_one_logit, one_hot, pick
from ..numerics.pairs import log_sum_exp
from ..numerics.stable import (
    LARGE,
    SMALLEST,
    at_least,
    largest,
    length,
    mean,
    mean_square,
    power,
    read_at_least,
    softplus,
)

INPUTS = declare(y_true=Slot(CLASS_INDEX, side="true"), y_pred=Slot(REAL, ("row", "class")))
Counts = Annotated[
    tuple[float, ...] | None,
    numbers(
        "How often each class occurs in the training data; None takes all as equal.",
        low=0.0,
        closed=False,
        unusual=(40.0, 8.0, 20.0, 3.0),
    ),
]


def _true(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Whether a class is the true one, and the index of that; compiled code reads a label out of range as 0."""
    true = one_hot(y_true, y_pred)
    return true, ops.where(ops.any(true, axis=-1), ops.cast(y_true, "int32"), 0)


def _score(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Whether a class is the true one, and the score of that; of a label out of range, NaN."""
    true, index = _true(y_true, y_pred)
    return true, ops.where(ops.any(true, axis=-1), pick(y_pred, index), float("nan"))


class MultiMargin(Loss, aliases=("multi_margin_loss", "weston_watkins"), tasks=("multiclass",), traits=("convex",)):
    r"""The mean over classes of how far each other class comes within `margin` of the true one.

    Formula: \frac1C \sum_{c \ne t} \max(margin - s_t + s_c, 0)^p, with the scores s = y_pred and t = y_true
    Use: multi-class classification by scores, where every wrong class that comes near should pull.
    Beware: divides by the number of classes, as torch does; CategoricalHinge has the worst class alone. Class indices.
    Reference: Weston and Watkins (1999), Support vector machines for multi-class pattern recognition, 7th European
        Symposium on Artificial Neural Networks
    Elsewhere:
        torch.nn.MultiMarginLoss, torch.nn.functional.multi_margin_loss(p=1, margin=1.0) -> p=p, margin=margin

    >>> multi_margin([0], [[1.0, 2.0, 3.0]])
    1.66666667
    """

    p: Annotated[
        int, Param("The power of each excess, 1 or 2.", kind="whole", low=1, high=2, closed=True, unusual=2)
    ] = 1
    margin: Annotated[float, positive("By how much the true class should lead.", slide=(0.1, 3.0))] = 1.0

    inputs = INPUTS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, score = _score(y_true, y_pred)
        behind = y_pred - ops.expand_dims(score, -1) + self.margin
        excess = at_least(ops.where(true, -1.0, behind), 0.0)
        return mean_square(excess) if self.p == 2 else mean(excess)


multi_margin = function(MultiMargin)


class SparseCategoricalHinge(Loss, aliases=("crammer_singer",), tasks=("multiclass",), traits=("convex",)):
    r"""The categorical hinge for class indices: zero once the true class leads every other one by 1.

    Formula: \max(0, 1 + \max_{c \ne t} s_c - s_t), with the scores s = y_pred and t = y_true
    Use: as CategoricalHinge, with integer labels 0 … C-1.
    Beware: only the best of the wrong classes pulls; MultiMargin lets all of them.
    Reference: Crammer and Singer (2001), On the algorithmic implementation of multiclass kernel-based vector machines,
        Journal of Machine Learning Research 2:265-292
    Elsewhere:
        optax.losses.multiclass_hinge_loss

    >>> sparse_categorical_hinge([0], [[1.0, 2.0, 3.0]])
    3.0
    """

    inputs = INPUTS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, score = _score(y_true, y_pred)
        return at_least(largest(ops.where(true, -LARGE[self.dtype], y_pred)) - score, -1.0) + 1


sparse_categorical_hinge = function(SparseCategoricalHinge)


class MulticlassPerceptron(Loss, tasks=("multiclass",), traits=("convex",)):
    r"""How far the best class is ahead of the true one; zero where the true class is the best.

    Formula: \max_c s_c - s_t, with the scores s = y_pred and t = y_true
    Use: structured and multi-class perceptrons, where classes can be told apart without a margin.
    Beware: equal scores have loss 0: prefer a hinge, which asks for a margin. Class indices.
    Reference: Collins (2002), Discriminative training methods for hidden Markov models, doi:10.3115/1118693.1118694
    Elsewhere:
        optax.losses.multiclass_perceptron_loss

    >>> multiclass_perceptron([0], [[1.0, 2.0, 3.0]])
    2.0
    """

    inputs = INPUTS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        _, score = _score(y_true, y_pred)
        return largest(y_pred) - score


multiclass_perceptron = function(MulticlassPerceptron)


class NLL(Loss, aliases=("negative_log_likelihood",), tasks=("multiclass",), traits=("convex",)):
    r"""Minus the log-probability of the true class, where the model gives log-probabilities.

    Formula: -w_t p_t, with t = y_true and the log-probabilities p = y_pred
    Use: models that end in a log-softmax.
    Beware: takes log-probabilities as they are; the gradient keeps no other class down: the log-softmax does.
        Probabilities are an error in eager calls. With class weights, torch's mean divides by their sum:
        reduction="mean_with_class_weight".
    Reference: Cox (1966), Some procedures connected with the logistic qualitative response curve
    Elsewhere:
        torch.nn.NLLLoss, torch.nn.functional.nll_loss(weight=None, ignore_index=-100) -> class_weight=weight,
            ignore_class=ignore_index

    >>> nll([1], [[-0.5, -1.25]]), nll([0], [[-0.5, -1.25]], class_weight=(2.0, 1.0))
    (1.25, 1.0)
    """

    class_weight: ClassWeights = None
    ignore_class: Ignored = None

    reductions = (*REDUCTIONS, "mean_with_class_weight")
    inputs = declare(
        y_true=Slot(CLASS_INDEX, ("row", "..."), "true", ignored="ignore_class"),
        y_pred=Slot(LOG_PROBABILITY, ("row", "...", "class")),
    )

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["log-probability"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Rows:
        true, index = _true(y_true, y_pred)
        picked = ops.where(ops.any(true, axis=-1), -pick(y_pred, index), float("nan"))
        weights = weights_of_classes(self, y_pred, "class")
        if weights is None:
            return Rows(picked)
        share = ops.take(weights, index)
        return Rows(share * picked, share=share if self.reduction == "mean_with_class_weight" else None)


nll = function(NLL)


class Unlikelihood(
    Loss, aliases=("unlikelihood_loss", "negative_learning", "complementary_label"), tasks=("multiclass",)
):
    r"""Minus the log-probability of everything but one class: the class that y_true names should not be said.

    Formula: -\log(1 - p_t), with p = softmax(y_pred) and t = y_true
    Use: tokens that a model should not repeat, and labels that say which class it is not; beside a cross-entropy.
    Beware: takes logits. y_true is the wrong class, not the right one.
    Reference: Welleck, Kulikov, Roller, Dinan, Cho and Weston (2019), Neural text generation with unlikelihood
        training, arXiv:1908.04319

    >>> unlikelihood([0], [[0.0, 0.0]]), unlikelihood([0], [[-40.0, 0.0]])
    (0.69314718, 4.2483543e-18)
    """

    inputs = declare(y_true=Slot(CLASS_INDEX, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...", "class")))

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, score = _score(y_true, y_pred)
        return softplus(score - log_sum_exp(y_pred, ops.logical_not(true)))


unlikelihood = function(Unlikelihood)


class Bootstrapped(Loss, aliases=("bootstrapping", "soft_bootstrapping", "bootstrapped_cross_entropy"),
                   tasks=("multiclass",)):  # fmt: skip
    r"""The cross-entropy of a target that is partly the label, partly what the model itself says.

    Formula: -\sum_c (\beta\,1[c = t] + (1 - \beta)\,q_c) \log p_c, with p = softmax(y_pred), q = p (soft) or the
        one-hot code of the largest p (hard), and t = y_true
    Use: labels of which some are wrong: later in training the model stands against those that do not fit.
    Beware: takes logits and class indices. The paper has beta = 0.95 with soft and 0.8 with hard targets. Begin with
        clean rows, or with a larger beta: an untrained model confirms itself.
    Reference: Reed, Lee, Anguelov, Szegedy, Erhan and Rabinovich (2014), Training deep neural networks on noisy labels
        with bootstrapping, arXiv:1412.6596

    >>> bootstrapped([0], [[0.0, 0.0]]), bootstrapped([1], [[3.0, 0.0]], beta=0.8, kind="hard")
    (0.69314718, 2.44858735)
    """

    beta: Annotated[float, fraction("The share of the label in the target.", closed=True, slide=(0.5, 1.0))] = 0.95
    kind: Annotated[str, choice("What the model's own share is.", "soft", "hard")] = "soft"

    inputs = INPUTS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, index = _true(y_true, y_pred)
        nlls = nll_of_logits(y_pred)
        if self.kind == "hard":
            own = -largest(-nlls)
        else:
            own = total(misses_of_logits(y_pred, ops.ones_like(y_pred)) * nlls, -1)
        value = self.beta * nll_of_one_logit(y_pred, index) + (1 - self.beta) * own
        return ops.where(ops.any(true, axis=-1), value, float("nan"))


bootstrapped = function(Bootstrapped)


class AsymmetricSingleLabel(Loss, aliases=("asl_single_label", "asymmetric_loss_single_label"), tasks=("multiclass",)):
    r"""A cross-entropy with label smoothing whose terms fade: that of the true class when it is sure, others when rare.

    Formula: -\sum_c y_c w_c \log p_c, with p = softmax(y_pred), y = 1 - \epsilon + \epsilon / C for t = y_true and
        \epsilon / C elsewhere, w_t = (1 - p_t)^{\gamma_+} and w_c = p_c^{\gamma_-}
    Use: one label for each row, with many easy rows.
    Beware: takes logits and class indices. The defaults are those of timm, whose eps is the label smoothing.
    Reference: Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter and Zelnik-Manor (2021), Asymmetric loss for
        multi-label classification, arXiv:2009.14119

    >>> asymmetric_single_label([0], [[0.0, 0.0]], label_smoothing=0.0)
    0.34657359
    """

    gamma_pos: Annotated[float, nonnegative("How strongly a sure true class fades.", slide=(0.0, 5.0))] = 1.0
    gamma_neg: Annotated[float, nonnegative("How strongly unlikely classes fade.", slide=(0.0, 5.0))] = 4.0
    label_smoothing: Smoothing = 0.1

    inputs = INPUTS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, _ = _true(y_true, y_pred)
        far = read_at_least(
            misses_of_logits(y_pred, ops.where(true, -1.0, ops.ones_like(y_pred))), SMALLEST[self.dtype]
        )
        weight = ops.where(true, power(far, self.gamma_pos), power(far, self.gamma_neg))
        spread = self.label_smoothing / length(y_pred)
        shares = ops.where(true, 1 - self.label_smoothing + spread, spread + 0.0 * far)
        value = total(shares * weight * nll_of_logits(y_pred), -1)
        return ops.where(ops.any(true, axis=-1), value, float("nan"))


asymmetric_single_label = function(AsymmetricSingleLabel)


def _counts(loss: Loss, y_pred: Tensor) -> Tensor:
    """One count for each class."""
    counts = loss.class_counts if isinstance(loss.class_counts, tuple) else (loss.class_counts,)
    if not one_each(counts, y_pred):
        raise ParameterError(
            f"{type(loss).__name__}(class_counts=...) says how often each class occurs.",
            arrived=f"It was given {len(counts)} counts for {y_pred.shape[-1]} classes.",
            allowed="Expected one number > 0 per class.",
            do="Pass one count for each output of the model, such as np.bincount(y_train).",
        )
    return ops.convert_to_tensor(counts, dtype=y_pred.dtype)


class LogitAdjusted(
    Loss, aliases=("logit_adjustment", "balanced_softmax"), tasks=("multiclass",), traits=("convex", "smooth")
):
    r"""The cross-entropy of logits to which the logarithms of the class frequencies are added in training alone.

    Formula: -\log \frac{e^{z_t + \tau \log n_t}}{\sum_c e^{z_c + \tau \log n_c}}, with n = class_counts and t = y_true
    Use: rare classes that shall count as much as frequent ones when the model predicts, by its logits alone.
    Beware: logits and class indices. With tau = 1 it is the balanced softmax; its probabilities are those of classes
        that are equally frequent.
    Reference: Menon, Jayasumana, Rawat, Jain, Veit and Kumar (2020), Long-tail learning via logit adjustment,
        arXiv:2007.07314

    >>> logit_adjusted([0], [[0.0, 0.0]], class_counts=[1.0, 3.0])
    1.38629436
    """

    class_counts: Counts = None
    tau: Annotated[float, number("How strongly frequent classes are held back.", slide=(0.0, 2.0))] = 1.0

    inputs = INPUTS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, index = _true(y_true, y_pred)
        z = y_pred if self.class_counts is None else y_pred + self.tau * log(_counts(self, y_pred))
        return ops.where(ops.any(true, axis=-1), nll_of_one_logit(z, index), float("nan"))


logit_adjusted = function(LogitAdjusted)


class LDAM(Loss, aliases=("ldam_loss",), tasks=("multiclass",), traits=("convex", "smooth")):
    r"""The cross-entropy of cosines with a margin for the true class, which is larger the rarer that class is.

    Formula: -\log \frac{e^{s (z_t - m_t)}}{e^{s (z_t - m_t)} + \sum_{c \ne t} e^{s z_c}}, with
        m_c = m (n_{min} / n_c)^{1/4}
    Use: imbalanced classes; at first alone, later with weights for the classes, as the paper does.
    Beware: expects cosines, or logits of that size: they are multiplied by `scale`. Class indices.
    Reference: Cao, Wei, Gaidon, Arechiga and Ma (2019), Learning imbalanced datasets with label-distribution-aware
        margin loss, arXiv:1906.07413

    >>> ldam([0], [[0.5, 0.0]], class_counts=[1.0, 16.0])
    0.69314718
    """

    class_counts: Counts = None
    max_margin: Annotated[float, positive("The margin of the rarest class.", slide=(0.05, 1.0))] = 0.5
    scale: Annotated[float, positive("What cosines are multiplied by.", slide=(1.0, 64.0))] = 30.0

    inputs = INPUTS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, index = _true(y_true, y_pred)
        margins = self.max_margin
        if self.class_counts is not None:
            margins = self.max_margin * ops.sqrt(ops.sqrt(min(self.class_counts) / _counts(self, y_pred)))
        z = self.scale * ops.where(true, y_pred - margins, y_pred)
        return ops.where(ops.any(true, axis=-1), nll_of_one_logit(z, index), float("nan"))


ldam = function(LDAM)
