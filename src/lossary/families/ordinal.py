"""Ordinal regression: levels in an order, such as grades or stars, whose distances are not known.

A target is a level, counted from 0. Predictions are one number for each threshold between two levels, as the layers of
`lossary.heads` make them.
"""

import math
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from ..core.axes import AXES, Axis
from ..core.contract import CLASS_INDEX, LOGIT, REAL, looks
from ..core.errors import ParameterError, PredictionError
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, choice, flag, fraction, positive
from ..core.results import Sums
from ..core.slots import CHANCE, LEVEL, PLACE, SHARE, THRESHOLD, Slot, declare
from ..numerics import ops
from ..numerics.backend import log, log1p, total
from ..numerics.classes import (
    nll_of_logits,
    nll_of_one_logit,
    nll_of_several_logits,
    one_hot,
    pick,
    probabilities_of_logits,
)
from ..numerics.stable import SMALLEST, power, read_at_least, share_of, softplus
from ..numerics.tails import LOGISTIC, NORMAL


def _passed(level: Tensor, like: Tensor) -> Tensor:
    """For each threshold, whether the level lies above it."""
    return ops.expand_dims(ops.cast(level, "int32"), -1) > ops.arange(ops.shape(like)[-1], dtype="int32")


def _known(values: Tensor, level: Tensor, most: Tensor | int) -> Tensor:
    """The values; of a level that does not exist, NaN. Eager calls have refused it."""
    return ops.where(ops.logical_and(level >= 0, level <= most), values, float("nan"))


class Coral(
    Loss,
    aliases=("coral_loss", "ordinal_binary_crossentropy", "ordinal_logistic", "ordinal_loss"),
    tasks=("ordinal",),
    traits=("convex", "smooth"),
):
    r"""For each threshold, a binary classification of whether the level is above it; the sum of their cross-entropies.

    Formula: -\sum_k (y_k \log \sigma(z_k) + (1 - y_k) \log(1 - \sigma(z_k))), with y_k = 1 for levels above k and
        the logits z = y_pred
    Use: grades, stars and ages in groups: levels whose order is known, but not how far they are apart.
    Beware: takes levels, which coral-pytorch codes as rows of ones and zeros first. Only with ls.heads.Coral, whose
        thresholds share one score, do the answers agree with one another. Sums over the thresholds.
    Reference: Cao, Mirjalili and Raschka (2020), Rank consistent ordinal regression for neural networks with
        application to age estimation, arXiv:1901.07884

    >>> coral([1], [[0.0, 0.0]]), coral([0], [[-40.0, -50.0]])
    (1.38629436, 4.2485469e-18)
    """

    inputs = declare(y_true=Slot(LEVEL, side="true"), y_pred=Slot(REAL, ("row", "threshold")))

    def drawn_over(self) -> list[Axis]:
        return [AXES["score of levels"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        wrong = softplus(ops.where(_passed(y_true, y_pred), -y_pred, y_pred))
        return _known(total(wrong, -1), y_true, ops.shape(y_pred)[-1])


coral = function(Coral)


class Corn(Loss, aliases=("corn_loss",), tasks=("ordinal",)):
    r"""For each threshold, whether a level that has reached it lies above it; only rows that have reached it count.

    Formula: -\frac{1}{\sum_i n_i} \sum_i \sum_{k \leq y_i} (y_{ik} \log \sigma(z_{ik}) + (1 - y_{ik}) \log(1 -
        \sigma(z_{ik}))), with y_k = 1 for levels above k, the logits z = y_pred and the number n of questions of a row
    Use: as Coral, where each threshold should have weights of its own: the answers agree with one another by
        construction.
    Beware: the probability of passing threshold k is the product of sigmoid(z) up to it: ls.heads.Corn reads it so.
        The divisor is the number of questions in the batch.
    Reference: Shi, Cao and Raschka (2021), Deep neural networks for rank-consistent ordinal regression based on
        conditional probabilities, arXiv:2111.08851

    >>> corn([0, 1], [[0.0, 0.0], [0.0, 0.0]])
    0.69314718
    """

    inputs = declare(y_true=Slot(LEVEL, side="true"), y_pred=Slot(REAL, ("row", "threshold")))
    gives = Sums
    undrawn = "It is one number for all rows together, so there is no value per row to draw."

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        above = _passed(y_true, y_pred)
        asked = ops.logical_or(above, one_hot(y_true, y_pred))
        value = total(ops.where(asked, softplus(ops.where(above, -y_pred, y_pred)), 0.0), -1)
        value = _known(value, y_true, ops.shape(y_pred)[-1])
        parts = {"value": value, "asked": total(ops.cast(asked, y_pred.dtype), -1)}
        return Sums(parts, lambda sums, count: share_of(sums["value"], sums["asked"]), (0,))


corn = function(Corn)


class CumulativeLink(
    Loss,
    aliases=("cumulative_link_loss", "ordered_logistic", "proportional_odds", "ordered_logit", "ordered_probit"),
    tasks=("ordinal",),
    traits=("convex", "smooth"),
):
    r"""Minus the log-probability that a score with logistic noise lies between the two thresholds of its level.

    Formula: -\log(F(z_y) - F(z_{y-1})), with z_k = \theta_k - s = y_pred, F = \sigma (the normal distribution function
        for noise="normal"), and F = 0 and 1 beyond the ends
    Use: the proportional-odds model: one score, and thresholds that are learned with it.
    Beware: y_pred holds the thresholds less the score and rises along a row, as ls.heads.CumulativeLink makes it;
        libraries differ in the sign of the score.
    Reference: McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society B

    >>> cumulative_link([0], [[0.0, 1.0]]), cumulative_link([1], [[-1.0, 1.0]])
    (0.69314718, 0.77193683)
    """

    noise: Annotated[str, choice("The noise of the score; normal is ordered probit.", "logistic", "normal")] = (
        "logistic"
    )

    inputs = declare(y_true=Slot(LEVEL, side="true"), y_pred=Slot(THRESHOLD, ("row", "threshold")))

    def drawn_over(self) -> list[Axis]:
        return [AXES["thresholds less score"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        self._check(y_pred)
        level, most = ops.cast(y_true, "int32"), ops.shape(y_pred)[-1]
        has_upper, has_lower = level < most, level > 0
        upper = pick(y_pred, ops.clip(level, 0, most - 1))
        lower = pick(y_pred, ops.clip(level - 1, 0, most - 1))
        inner = ops.logical_and(has_upper, has_lower)
        tails = LOGISTIC if self.noise == "logistic" else NORMAL
        gap = read_at_least(ops.where(inner, upper - lower, 1.0), SMALLEST[self.inner])
        between = tails.between(ops.where(inner, lower, 0.0), ops.where(inner, upper, 1.0), gap)
        end = ops.where(has_upper, tails.below(upper), tails.above(lower))
        return _known(ops.where(inner, between, end), level, most)

    @staticmethod
    def _check(y_pred: Tensor) -> None:
        falls = looks("CumulativeLink", "order", y_pred) and ops.any(y_pred[:, 1:] < y_pred[:, :-1])
        if falls is not False and bool(ops.convert_to_numpy(falls)):
            raise PredictionError(
                "CumulativeLink reads each row of y_pred as thresholds minus the score, in increasing order.",
                arrived="Some rows decrease from one threshold to the next.",
                allowed="Expected numbers that never decrease along the last axis.",
                do="End the model in ls.heads.CumulativeLink, which keeps the thresholds in order.",
            )


cumulative_link = function(CumulativeLink)


class WeightedKappa(
    Loss, aliases=("quadratic_weighted_kappa", "qwk", "weighted_kappa_loss", "kappa", "wk"), tasks=("ordinal",)
):
    r"""One minus the weighted kappa: the cost of the predictions, relative to that of random ones.

    Formula: L = \frac{N \sum_i \sum_c W_{y_i c} p_{ic}}{\sum_c \sum_d W_{cd} n_c m_d}, with W_{cd} = (c - d)^2 or
        |c - d|, the counts n of the true levels, and m = \sum_i p_i; \log(L + \epsilon) for logarithm=True
    Use: grading where the result is evaluated by Cohen's kappa; after a cross-entropy, or beside one.
    Beware: one number for the batch, which should be large. 0 is perfect, 1 no better than chance. The paper takes the
        logarithm: the same minimum, with a gradient that grows as the answers get better.
    Reference: de la Torre, Puig and Valls (2018), Weighted kappa loss function for multi-class classification of
        ordinal data in deep learning, Pattern Recognition Letters
    Elsewhere:
        tensorflow_addons.losses.WeightedKappaLoss(num_classes={4, ...}, weightage="quadratic", epsilon=1e-06) ->
            weights=weightage, logarithm=True, epsilon=epsilon, reduction="mean"

    >>> weighted_kappa([0, 1], [[1.0, 0.0], [0.0, 1.0]]), weighted_kappa([0, 1], [[0.5, 0.5], [0.5, 0.5]])
    (0.0, 1.0)
    """

    weights: Annotated[str, choice("What a wrong level costs by its distance.", "quadratic", "linear")] = "quadratic"
    logarithm: Annotated[bool, flag("Whether to take the logarithm of the ratio.")] = False
    epsilon: Annotated[
        float, positive("With logarithm=True, what is added to the ratio.", slide=(1e-6, 0.1))
    ] = 1e-6  # fmt: skip

    inputs = declare(y_true=Slot(CLASS_INDEX, side="true"), y_pred=Slot(CHANCE, ("row", "class")))
    gives = Sums
    undrawn = "It is one number for all rows together, so there is no value per row to draw."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        true = ops.cast(one_hot(y_true, y_pred), y_pred.dtype)
        place = ops.cast(ops.arange(ops.shape(y_pred)[-1]), y_pred.dtype)
        apart = ops.abs(ops.expand_dims(place, 1) - place)
        cost = ops.square(apart) if self.weights == "quadratic" else apart

        def ratio(sums: dict[str, Tensor], count: Tensor) -> Tensor:
            by_chance = total(ops.expand_dims(sums["true"], 1) * cost * sums["said"])
            found = share_of(sums["cost"] * total(sums["true"]), by_chance)
            return log(found + self.epsilon) if self.logarithm else found

        return Sums({"cost": total(true @ cost * y_pred, -1), "true": true, "said": y_pred}, ratio, (0,))


weighted_kappa = function(WeightedKappa)


class DistributionFocal(
    Loss, aliases=("distribution_focal_loss", "dfl", "df_loss"), tasks=("regression", "detection"), traits=("convex",)
):
    r"""A cross-entropy over bins along a line, with the target split between its two nearest bins.

    Formula: -((i + 1 - y) \log p_i + (y - i) \log p_{i+1}), with p = softmax(y_pred) and i = \lfloor y \rfloor
    Use: regression by a distribution over bins: sides of boxes, depths, ages, where one number would blur two answers.
    Beware: targets are counted in bins, from 0 to the number of bins less one, which itself is allowed. The answer is
        the mean over the bins: ls.heads.DistributionFocal reads it so.
    Reference: Li, Wang, Wu, Chen, Hu, Li, Tang and Yang (2020), Generalized focal loss: learning qualified and
        distributed bounding boxes for dense object detection, arXiv:2006.04388

    >>> distribution_focal([0.5], [[0.0, 0.0, 0.0]]), distribution_focal([2.0], [[0.0, 0.0, 0.0]])
    (1.09861229, 1.09861229)
    """

    inputs = declare(y_true=Slot(PLACE, ("row", "..."), "true"), y_pred=Slot(REAL, ("row", "...", "bin")))

    def drawn_over(self) -> list[Axis]:
        return [AXES["bin"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        last = ops.shape(y_pred)[-1] - 1
        low = ops.clip(ops.cast(ops.floor(y_true), "int32"), 0, last - 1)
        above = y_true - ops.cast(low, y_true.dtype)
        near, far = nll_of_one_logit(y_pred, low), nll_of_one_logit(y_pred, low + 1)
        return _known((1 - above) * near + above * far, y_true, ops.cast(last, y_true.dtype))


distribution_focal = function(DistributionFocal)


LEVELS = declare(y_true=Slot(CLASS_INDEX, side="true"), y_pred=Slot(LOGIT, ("row", "class")))


def _apart(level: Tensor, like: Tensor) -> Tensor:
    """How many levels each class is away from the true one."""
    place = ops.cast(ops.arange(ops.shape(like)[-1]), like.dtype)
    return ops.abs(place - ops.expand_dims(ops.cast(level, like.dtype), -1))


def _steep(apart: Tensor, alpha: float) -> Tensor:
    """Shares of the classes, smaller by e^-alpha with each level: softmax(-alpha apart)."""
    heights = ops.exp(-alpha * apart)
    return heights / ops.expand_dims(total(heights, -1), -1)


class SORD(Loss, aliases=("soft_ordinal", "soft_labels_for_ordinal_regression", "exponential_ordinal"),
           tasks=("ordinal",), traits=("convex", "smooth")):  # fmt: skip
    r"""A cross-entropy whose target is a peak at the true level, so that a near level is nearly right.

    Formula: -\sum_c q_c \log p_c, with p = softmax(y_pred), q = softmax(-\alpha |c - t|) and t = y_true
    Use: grades and ages by a softmax over the levels, where near misses should cost less.
    Beware: takes logits, and levels counted from 0. It is not 0 at a perfect prediction: its smallest value is the
        entropy of the target. The paper tries other distances too.
    Reference: Díaz and Marathe (2019), Soft labels for ordinal regression, doi:10.1109/CVPR.2019.00487
    Elsewhere:
        dlordinal.losses.ExponentialCrossEntropyLoss(num_classes={4, ...}, p=1.0, eta=1.0) -> alpha=1.0

    >>> sord([0], [[0.0, 0.0]]), sord([0], [[1.0, 0.0]], alpha=1.0)
    (0.69314718, 0.58220311)
    """

    alpha: Annotated[float, positive("How steep the peak is.", slide=(0.2, 5.0))] = 1.5

    inputs = LEVELS

    def drawn_over(self) -> list[Axis]:
        return [AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        found = total(_steep(_apart(y_true, y_pred), self.alpha) * nll_of_logits(y_pred), -1)
        return _known(found, y_true, ops.shape(y_pred)[-1] - 1)


sord = function(SORD)


class DistanceWeightedCrossEntropy(Loss, aliases=("cdw_ce", "class_distance_weighted_crossentropy"),
                                   tasks=("ordinal",), traits=("smooth",)):  # fmt: skip
    r"""Each wrong level costs more the farther it is from the true one; the true level itself has no term.

    Formula: -\sum_c |c - t|^\alpha \log(1 - p_c), with p = softmax(y_pred) and t = y_true
    Use: severity of a disease and other levels where a far miss does harm.
    Beware: takes logits, and levels counted from 0. With large powers only far levels count; the paper uses about 5.
    Reference: Polat, Çağlar and Temizel (2024), Class distance weighted cross entropy loss for classification of
        disease severity, arXiv:2412.01246

    >>> distance_weighted_cross_entropy([0], [[0.0, 0.0]]), distance_weighted_cross_entropy([0], [[0.0, -99.0, 0.0]])
    (0.69314718, 22.1807098)
    """

    alpha: Annotated[float, positive("The power of the distance.", slide=(0.5, 6.0))] = 5.0

    inputs = LEVELS

    def drawn_over(self) -> list[Axis]:
        return [AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        p, q = probabilities_of_logits(y_pred)
        rare = p < 0.5
        cost = ops.where(rare, -log1p(-ops.where(rare, p, 0.0)), -log(read_at_least(q, SMALLEST[self.inner])))
        far = power(_apart(y_true, y_pred), self.alpha)
        return _known(total(far * cost, -1), y_true, ops.shape(y_pred)[-1] - 1)


distance_weighted_cross_entropy = function(DistanceWeightedCrossEntropy)


class OrdinalECOC(Loss, aliases=("ordinal_ecoc_distance", "ecoc"), tasks=("ordinal",), traits=("convex",)):
    r"""The squared distance of the answers, one for each threshold, to the code of the true level.

    Formula: \sum_k (p_k - 1[t > k])^2, with the probabilities p = y_pred of lying above each threshold, and t = y_true
    Use: as Coral, where a wrong answer should cost no more than 1.
    Beware: takes probabilities, and levels counted from 0. Nothing keeps the answers in agreement: read the level whose
        code is nearest.
    Reference: Barbero-Gómez, Gutiérrez and Hervás-Martínez (2023), Error-correcting output codes in the framework of
        deep ordinal classification, doi:10.1007/s11063-022-10824-7

    >>> ordinal_ecoc([1], [[0.5, 0.0]]), ordinal_ecoc([2], [[1.0, 1.0]])
    (0.25, 0.0)
    """

    inputs = declare(y_true=Slot(LEVEL, side="true"), y_pred=Slot(SHARE, ("row", "threshold")))
    undrawn = "It takes several probabilities for each target: there is no single number to move."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        wrong = ops.where(_passed(y_true, y_pred), 1 - y_pred, y_pred)
        return _known(total(ops.square(wrong), -1), y_true, ops.shape(y_pred)[-1])


ordinal_ecoc = function(OrdinalECOC)


class SLACE(Loss, aliases=("slace_loss", "soft_labels_accumulating_cross_entropy"), tasks=("ordinal",),
            traits=("smooth",)):  # fmt: skip
    r"""Soft labels around the true level, each with the log of the total probability of levels at least as near.

    Formula: -\sum_c q_c \log \sum_{d: |d - t| \leq |c - t|} p_d, with p = softmax(y_pred), q = softmax(-\alpha |c - t|)
        and t = y_true
    Use: grades and ages by a softmax over the levels, where mass that moves nearer must always cost less.
    Beware: takes logits, and levels counted from 0. Memory grows with the square of the number of levels.
    Reference: Nachmani et al. (2025), SLACE: a monotone and balance-sensitive loss function
        for ordinal regression, Proceedings of the AAAI Conference on Artificial Intelligence 39(18)

    >>> slace([0], [[0.0, 0.0]], alpha=1.0), slace([1], [[0.0, 0.0, 0.0]], alpha=1.0)
    (0.50673119, 0.63292909)
    """

    alpha: Annotated[float, positive("How steep the soft labels are.", slide=(0.2, 5.0))] = 1.0

    inputs = LEVELS

    def drawn_over(self) -> list[Axis]:
        return [AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        apart = _apart(y_true, y_pred)
        near = ops.cast(ops.expand_dims(apart, 1) <= ops.expand_dims(apart, 2), y_pred.dtype)  # (row, level, class)
        cost = nll_of_several_logits(ops.expand_dims(y_pred, 1) + 0.0 * near, near, 1 - near)
        return _known(total(_steep(apart, self.alpha) * cost, -1), y_true, ops.shape(y_pred)[-1] - 1)


slace = function(SLACE)


def _poisson(n: int, spread: float) -> Any:
    """A softmax of the probabilities of a Poisson distribution whose mean is the level, counted from 1."""
    log = [[c * math.log(t) - t - math.lgamma(c + 1) for c in range(n)] for t in range(1, n + 1)]
    heights = np.exp(np.exp(log))
    return heights / heights.sum(1, keepdims=True)


def _binomial(n: int, spread: float) -> Any:
    """The number of hits in n - 1 trials, with a probability from 0.1 for the first level to 0.9 for the last one."""
    ways = [math.comb(n - 1, c) for c in range(n)]
    p, c = np.linspace(0.1, 0.9, n)[:, None], np.arange(n)
    return ways * p**c * (1 - p) ** (n - 1 - c)


def _geometric(n: int, spread: float) -> Any:
    """`spread` is shared out over the other levels, of which each gets `spread` times what the one before it does."""
    apart = np.abs(np.arange(n)[:, None] - np.arange(n))
    rest = np.where(apart > 0, spread**apart, 0.0)
    return np.where(apart > 0, spread * rest / rest.sum(1, keepdims=True), 1 - spread)


def _triangular(n: int, spread: float) -> Any:
    """Triangles over intervals of one level each, `spread` of which lies on either side of the true one."""
    r, u = math.sqrt(2 * spread), np.arange(n + 1.0)
    ends = [(math.sqrt(1 + 4 * share * (1 - r * r) * (r - r * r)) - 1) / 2 for share in (1, ((n - 1) / n) ** 2)]

    def below(low: float, high: float) -> Any:
        """The share below each border, of a triangle with its top in the middle."""
        up, down = (np.clip(x / (high - low), 0, 1) for x in (u - low, high - u))
        return np.where(up < 0.5, 2 * up**2, 1 - 2 * down**2)

    first, last = 1 / (1 - ends[0]), 1 / (1 - ends[1])  # of the ends, half a triangle
    half = 1 / (2 * (1 - r))
    middle = [np.diff(below(t + 0.5 - half, t + 0.5 + half)) for t in range(1, n - 1)]
    found = [np.diff(below(-first, first)) * 2, *middle, np.diff(below(n - last, n + last)) * 2]
    return np.array(found) / np.sum(found, 1, keepdims=True)


PEAKS: dict[str, tuple[Callable[[int, float], Any], float]] = {  # and their usual spread
    "poisson": (_poisson, 0.1),
    "binomial": (_binomial, 0.1),
    "geometric": (_geometric, 0.1),
    "triangular": (_triangular, 0.05),
}


class UnimodalCrossEntropy(Loss, aliases=("unimodal_soft_label_ce", "unimodal_labels", "custom_targets"),
                           tasks=("ordinal",), traits=("convex", "smooth")):  # fmt: skip
    r"""A cross-entropy whose target is a distribution with its peak at the true level, or any that is given for it.

    Formula: -\sum_c ((1 - \eta) 1[c = t] + \eta q_{tc}) \log p_c, with p = softmax(y_pred), t = y_true, and q the
        distribution of `peak` for level t, or row t of `labels`
    Use: grades and stages by a softmax over the levels, whose labels are off by one now and then.
    Beware: takes logits, and levels counted from 0. Poisson's peaks are flat, since the paper takes a softmax of its
        probabilities; binomial peaks widen with the number of levels. Exponential peaks are SORD.
    Reference: Liu, Fan, Kong, Xie, Diao, Lu and You (2020), Unimodal regularized neuron stick-breaking for ordinal
        classification, Neurocomputing 388:34-44; Vargas, Gutiérrez, Barbero-Gómez and Hervás-Martínez (2023),
        Soft labelling based on triangular distributions for ordinal classification, doi:10.1016/j.inffus.2023.01.003
    Elsewhere:
        dlordinal.losses.PoissonCrossEntropyLoss(num_classes={4, ...}, eta=1.0) -> peak="poisson", eta=eta
        dlordinal.losses.BinomialCrossEntropyLoss(num_classes={4, ...}, eta=1.0) -> peak="binomial", eta=eta
        dlordinal.losses.GeometricCrossEntropyLoss(num_classes={4, ...}, alphas=0.1, eta=1.0) -> peak="geometric",
            spread=alphas, eta=eta
        dlordinal.losses.TriangularCrossEntropyLoss(num_classes={4, ...}, alpha2=0.05, eta=1.0) -> peak="triangular",
            spread=alpha2, eta=eta
    Unlike:
        dlordinal.losses.BetaCrossEntropyLoss: a table of beta distributions, which can be given as `labels`

    >>> unimodal_cross_entropy([0], [[0.0, 0.0, 1.0]], peak="binomial")
    1.54144471
    """

    peak: Annotated[str, choice("The distribution over the levels.", *PEAKS)] = "poisson"
    spread: Annotated[
        float | None, Param("Of triangular and geometric peaks, what goes to the levels beside the true one.", low=0.0,
                            high=0.5, optional=True, unusual=0.2),
    ] = None  # fmt: skip
    eta: Annotated[float, fraction("The share of the distribution; the rest is the true level's.", closed=True)] = 1.0
    labels: Annotated[
        Any, Param("In place of a peak, the distribution of each true level as a row.", kind="matrix", low=0.0,
                   closed=True, optional=True, unusual=((0.9, 0.1, 0.0, 0.0), (0.2, 0.6, 0.2, 0.0),
                                                        (0.0, 0.1, 0.8, 0.1), (0.0, 0.0, 0.5, 0.5))),
    ] = None  # fmt: skip

    inputs = LEVELS

    def drawn_over(self) -> list[Axis]:
        return [AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        known = ops.any(one_hot(y_true, y_pred), axis=-1)
        label = ops.where(known, ops.cast(y_true, "int32"), 0)
        share = ops.take(ops.convert_to_tensor(self._labels(y_pred.shape[-1] or 1), y_pred.dtype), label, axis=0)
        return ops.where(known, total(share * nll_of_logits(y_pred), -1), float("nan"))

    def _labels(self, n: int) -> Any:
        """What every true level asks for, one row for each."""
        if self.labels is None:
            made, usual = PEAKS[self.peak]
            peaks = made(n, usual if self.spread is None else self.spread) if n > 1 else np.ones((1, 1))
        else:
            peaks = np.array(self.labels, dtype=float)
        if len(peaks) != n:
            raise ParameterError(
                "UnimodalCrossEntropy(labels=...) has a row for every level.",
                arrived=f"It was given {len(peaks)} rows for {n} levels.",
                allowed="Expected one row per level, and one share in it per level.",
                do="Pass as many rows as the model has outputs.",
            )
        return (1 - self.eta) * np.eye(n) + self.eta * peaks


unimodal_cross_entropy = function(UnimodalCrossEntropy)
