"""Class scores: several classes, given as indices, and scores that need not be probabilities."""

from typing import Annotated

from ..core import axes
from ..core.contract import CLASS_INDEX, REAL
from ..core.errors import ParameterError
from ..core.forms import ClassWeights, Ignored, Smoothing, one_each
from ..core.forms.labels import weights_of_classes
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, choice, flag, fraction, nonnegative, number, numbers, positive
from ..core.reduction import REDUCTIONS
from ..core.results import Rows
from ..core.slots import LOG_PROBABILITY, Slot, declare
from ..numerics import ops
from ..numerics.backend import expm1, log, total
from ..numerics.classes import misses_of_logits, nll_of_logits, nll_of_one_logit, one_hot, pick
from ..numerics.pairs import log_sum_exp
from ..numerics.simplex import entmax15_loss, entmax_loss, sparsemax_loss
from ..numerics.stable import (
    LARGE,
    SMALLEST,
    at_least,
    at_most,
    largest,
    length,
    mean,
    mean_square,
    power,
    read_at_least,
    softplus,
    unit,
)

INPUTS = declare(y_true=Slot(CLASS_INDEX, side="true"), y_pred=Slot(REAL, ("row", "class")))
TOKENS = declare(y_true=Slot(CLASS_INDEX, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...", "class")))
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
    Use: multi-class classification by scores, where every wrong class that comes near should get a gradient.
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
    Beware: only the highest of the wrong classes gets a gradient; in MultiMargin all of them do.
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
        return at_least(largest(ops.where(true, -LARGE[self.inner], y_pred)) - score, -1.0) + 1


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
    Beware: takes log-probabilities as they are; the gradient does not lower the other classes: the model's log-softmax
        does. Probabilities are an error in eager calls. With class weights, torch's mean divides by their sum:
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
    r"""Minus the log-probability of everything but one class: the class that y_true names should not be predicted.

    Formula: -\log(1 - p_t), with p = softmax(y_pred) and t = y_true
    Use: tokens that a model should not repeat, and labels that say which class it is not; beside a cross-entropy.
    Beware: takes logits. y_true is the wrong class, not the right one.
    Reference: Welleck, Kulikov, Roller, Dinan, Cho and Weston (2019), Neural text generation with unlikelihood
        training, arXiv:1908.04319

    >>> unlikelihood([0], [[0.0, 0.0]]), unlikelihood([0], [[-40.0, 0.0]])
    (0.69314718, 4.2483543e-18)
    """

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, score = _score(y_true, y_pred)
        return softplus(score - log_sum_exp(y_pred, ops.logical_not(true)))


unlikelihood = function(Unlikelihood)


class Bootstrapped(Loss, aliases=("bootstrapping", "soft_bootstrapping", "bootstrapped_cross_entropy"),
                   tasks=("multiclass",)):  # fmt: skip
    r"""The cross-entropy of a target that is partly the label, partly the model's own prediction.

    Formula: -\sum_c (\beta\,1[c = t] + (1 - \beta)\,q_c) \log p_c, with p = softmax(y_pred), q = p (soft) or the
        one-hot code of the largest p (hard), and t = y_true
    Use: partly wrong labels: later in training, the model's own predictions outweigh labels that do not fit.
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
    r"""A label-smoothed cross-entropy that down-weights the true class when it is likely, and others when they are not.

    Formula: -\sum_c y_c w_c \log p_c, with p = softmax(y_pred), y = 1 - \epsilon + \epsilon / C for t = y_true and
        \epsilon / C elsewhere, w_t = (1 - p_t)^{\gamma_+} and w_c = p_c^{\gamma_-}
    Use: one label for each row, with many easy rows.
    Beware: takes logits and class indices. The defaults are those of timm, whose eps is the label smoothing.
    Reference: Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter and Zelnik-Manor (2021), Asymmetric loss for
        multi-label classification, arXiv:2009.14119
    Elsewhere:
        timm.loss.AsymmetricLossSingleLabel(gamma_pos=1, gamma_neg=4, eps=0.1) -> gamma_pos=gamma_pos,
            gamma_neg=gamma_neg, label_smoothing=eps, reduction="mean"

    >>> asymmetric_single_label([0], [[0.0, 0.0]], label_smoothing=0.0)
    0.34657359
    """

    gamma_pos: Annotated[
        float, nonnegative("How strongly a confident true class is down-weighted.", slide=(0.0, 5.0))
    ] = 1.0
    gamma_neg: Annotated[float, nonnegative("How strongly unlikely classes are down-weighted.", slide=(0.0, 5.0))] = 4.0
    label_smoothing: Smoothing = 0.1

    inputs = INPUTS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, _ = _true(y_true, y_pred)
        far = read_at_least(
            misses_of_logits(y_pred, ops.where(true, -1.0, ops.ones_like(y_pred))), SMALLEST[self.inner]
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
    r"""The cross-entropy of logits to which the logarithms of the class frequencies are added in training only.

    Formula: -\log \frac{e^{z_t + \tau \log n_t}}{\sum_c e^{z_c + \tau \log n_c}}, with n = class_counts and t = y_true
    Use: rare classes that should count as much as frequent ones when the model predicts from its logits alone.
    Beware: logits and class indices. With tau = 1 it is the balanced softmax; its probabilities are those of classes
        that are equally frequent.
    Reference: Menon, Jayasumana, Rawat, Jain, Veit and Kumar (2020), Long-tail learning via logit adjustment,
        arXiv:2007.07314

    >>> logit_adjusted([0], [[0.0, 0.0]], class_counts=[1.0, 3.0])
    1.38629436
    """

    class_counts: Counts = None
    tau: Annotated[float, number("How strongly frequent classes are penalised.", slide=(0.0, 2.0))] = 1.0

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


class OneVsAll(
    Loss, aliases=("one_vs_rest", "one_versus_all", "multiclassova"), tasks=("multiclass",), traits=("convex", "smooth")
):
    r"""A binary classification of each class against all others; the sum of their cross-entropies.

    Formula: -\log \sigma(s_t) - \sum_{c \ne t} \log(1 - \sigma(s_c)), with the logits s = y_pred and t = y_true;
        divided by the number of classes for average=True
    Use: rows that may belong to no class, so that all probabilities may be small; many classes, each learned alone.
    Beware: sigmoids of the logits need not sum to 1. A sum over the classes, where timm's BinaryCrossEntropy and
        CatBoost take a mean.
    Reference: Rifkin and Klautau (2004), In defense of one-vs-all classification, Journal of Machine Learning Research
        5:101-141
    Elsewhere:
        catboost.MultiClassOneVsAll -> average=True

    >>> one_vs_all([1], [[0.0, 0.0, 0.0]])
    2.07944154
    """

    average: Annotated[bool, flag("Whether the value of a row is the mean over the classes, not their sum.")] = False

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, _ = _true(y_true, y_pred)
        wrong = softplus(ops.where(true, -y_pred, y_pred))
        value = mean(wrong) if self.average else total(wrong, -1)
        return ops.where(ops.any(true, axis=-1), value, float("nan"))


one_vs_all = function(OneVsAll)


class Sparsemax(Loss, aliases=("sparsemax", "multiclass_sparsemax_loss", "SparsemaxLoss"), tasks=("multiclass",),
                traits=("convex", "smooth")):  # fmt: skip
    r"""A softmax whose probabilities can be exactly 0: rows whose true class leads by 1 have no loss and no gradient.

    Formula: -s_t + \tfrac12 \sum_{c \in S} (s_c^2 - \tau^2) + \tfrac12, with the scores s = y_pred, t = y_true, the
        threshold \tau and the classes S above it, such that \sum_{c \in S} (s_c - \tau) = 1
    Use: many classes, few of them possible for a row; probabilities that people will read.
    Beware: predict by a sparsemax, not a softmax: p_c = \max(s_c - \tau, 0). A class with probability 0 has no gradient
        unless it is the true one. Class indices; BinarySparsemax is that of two classes.
    Reference: Martins and Astudillo (2016), From softmax to sparsemax: a sparse model of attention and multi-label
        classification, arXiv:1602.02068
    Elsewhere:
        optax.losses.multiclass_sparsemax_loss
        tensorflow_addons.losses.SparsemaxLoss

    >>> sparsemax([1], [[1.0, 0.5, -1.0]]), sparsemax([0], [[1.0, 0.0, -1.0]])
    (0.5625, 0.0)
    """

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, index = _true(y_true, y_pred)
        return ops.where(ops.any(true, axis=-1), sparsemax_loss(y_pred, index), float("nan"))


sparsemax = function(Sparsemax)


class Entmax15(Loss, aliases=("entmax", "entmax_loss", "entmax_1_5"), tasks=("multiclass",),
               traits=("convex", "smooth")):  # fmt: skip
    r"""Between softmax and sparsemax: probabilities can be exactly 0, and a class that leads by 2 has probability 1.

    Formula: \sum_c p_c s_c - s_t + \tfrac43 (1 - \sum_c p_c^{3/2}), with the scores s = y_pred, t = y_true and
        p_c = \max(s_c / 2 - \tau, 0)^2, the threshold \tau such that \sum_c p_c = 1
    Use: as Sparsemax, with probabilities that change smoothly; text, where few words can follow.
    Beware: predict by these p, not by a softmax. The index \alpha = 3/2 of the family; 2 is Sparsemax, 1 the
        cross-entropy. Class indices.
    Reference: Peters, Niculae and Martins (2019), Sparse sequence-to-sequence models, arXiv:1905.05702

    >>> entmax15([0], [[0.0, 0.0]]), entmax15([0], [[2.0, 0.0]])
    (0.39052429, 0.0)
    """

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, index = _true(y_true, y_pred)
        return ops.where(ops.any(true, axis=-1), entmax15_loss(y_pred, index), float("nan"))


entmax15 = function(Entmax15)


class FenchelYoung(Loss, aliases=("fenchel_young_loss", "tsallis_entmax", "entmax_bisect"), tasks=("multiclass",),
                   traits=("convex", "smooth")):  # fmt: skip
    r"""How much the best distribution for the scores beats the true class, where Tsallis entropy earns a bonus.

    Formula: \sum_c p_c s_c - s_t + \frac{1 - \sum_c p_c^\alpha}{\alpha (\alpha - 1)}, with the scores s = y_pred, t =
        y_true and p_c = \max((\alpha - 1) s_c - \tau, 0)^{1 / (\alpha - 1)}, and the threshold \tau such that all p_c
        sum to 1
    Use: to choose how sparse probabilities are: near 1 it is the cross-entropy, 1.5 Entmax15, 2 Sparsemax.
    Beware: predict by these p, not by a softmax. Entmax15 and Sparsemax are several times as fast. Rows whose true
        class leads by 1 / (\alpha - 1) have no loss and no gradient.
    Reference: Blondel, Martins and Niculae (2020), Learning with Fenchel-Young losses, arXiv:1901.02324
    Elsewhere:
        entmax.entmax_bisect_loss(alpha=1.5)

    >>> fenchel_young([0], [[0.0, 0.0]]), fenchel_young([0], [[0.0, 1.0]], alpha=2.0)
    (0.39052429, 1.0)
    """

    alpha: Annotated[
        float, number("How sparse the probabilities are.", low=1.0, high=10.0, closed=False, slide=(1.1, 3.0))
    ] = 1.5

    inputs = TOKENS

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, index = _true(y_true, y_pred)
        return ops.where(ops.any(true, axis=-1), entmax_loss(self.alpha)(y_pred, index), float("nan"))


fenchel_young = function(FenchelYoung)


class CosineCrossEntropy(Loss, aliases=("focal_cosine", "focal_cosine_loss", "cosine_crossentropy"),
                         tasks=("multiclass",)):  # fmt: skip
    r"""The direction of the scores, which should be that of the true class, plus a weak focal cross-entropy.

    Formula: 1 - u_t + w\,(1 - p_t)^\gamma\,(-\log p_t), with u = y_pred / \|y_pred\|, p = softmax(u) and t = y_true
    Use: few rows per class, where a cross-entropy alone would learn the sizes of scores rather than their order.
    Beware: the length of the scores does not matter: probabilities computed from u never come close to 1. Class
        indices.
    Reference: Barz and Denzler (2019), Deep learning on small datasets without pre-training using cosine loss,
        arXiv:1901.09054

    >>> cosine_cross_entropy([0], [[3.0, 4.0]], focal=0.0), cosine_cross_entropy([0], [[1.0, 0.0]], gamma=0.0)
    (0.4, 0.03132617)
    """

    gamma: Annotated[
        float, nonnegative("How strongly confident rows are down-weighted in the cross-entropy.", slide=(0.0, 5.0))
    ] = 2.0
    focal: Annotated[float, nonnegative("The weight of the cross-entropy.", slide=(0.0, 1.0))] = 0.1

    inputs = TOKENS

    undrawn = "It is a function of directions: the size of one score alone does not matter."

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, index = _true(y_true, y_pred)
        u, _ = unit(y_pred)
        near = pick(u, index)
        ahead = near > 0  # 1 - u_t is what the squares of the others make, over 1 + u_t
        others = total(ops.where(true, 0.0, ops.square(u)), -1)
        apart = ops.where(ahead, others / ops.where(ahead, 1 + near, 1.0), 1 - near)
        apart = ops.where(total(ops.square(u), -1) > 0, apart, 1.0)
        cost = nll_of_one_logit(u, index)
        value = apart + self.focal * power(-expm1(-cost), self.gamma) * cost
        return ops.where(ops.any(true, axis=-1), value, float("nan"))


cosine_cross_entropy = function(CosineCrossEntropy)


class Seesaw(Loss, aliases=("seesaw_loss",), tasks=("multiclass",)):
    r"""A cross-entropy in which frequent classes suppress rare ones less, unless a rare class is predicted by mistake.

    Formula: -\log \frac{e^{s_t}}{e^{s_t} + \sum_{c \ne t} M_c K_c e^{s_c}}, with the logits s = y_pred, t = y_true,
        M_c = \min(1, n_c / n_t)^p, K_c = \max(1, e^{s_c - s_t})^q without a gradient, and n = class_counts
    Use: long tails of classes, as in detection of many kinds of objects.
    Beware: the counts are given, where mmdet counts while it trains. Logits and class indices.
    Reference: Wang, Zhang, Zang, Cao, Pang, Gong, Chen, Liu, Loy and Lin (2020), Seesaw loss for long-tailed instance
        segmentation, arXiv:2008.10032

    >>> seesaw([0], [[0.0, 0.0]], class_counts=[4.0, 1.0], p=0.5), seesaw([0], [[0.0, 1.0]], q=1.0)
    (0.40546511, 2.12692801)
    """

    class_counts: Counts = None
    p: Annotated[float, nonnegative("How strongly rarer classes are spared.", slide=(0.0, 2.0))] = 0.8
    q: Annotated[float, nonnegative("How strongly classes ahead of the true one are lowered.", slide=(0.0, 4.0))] = 2.0

    inputs = INPUTS
    holds_fixed = True

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        true, index = _true(y_true, y_pred)
        held = ops.stop_gradient(y_pred)
        shift = self.q * at_least(held - ops.expand_dims(pick(held, index), -1), 0.0)
        if self.class_counts is not None:
            n = log(_counts(self, y_pred))
            shift = shift + self.p * at_most(n - ops.expand_dims(ops.take(n, index), -1), 0.0)
        z = ops.where(true, y_pred, y_pred + shift)
        return ops.where(ops.any(true, axis=-1), nll_of_one_logit(z, index), float("nan"))


seesaw = function(Seesaw)
