"""Ordinal regression: levels in an order, such as grades or stars, whose distances are not known.

A target is a level, counted from 0. Predictions are one number for each threshold between two levels, as the layers of
`lossary.heads` make them.
"""

from typing import Annotated

from ..core.axes import AXES, Axis
from ..core.contract import CLASS_INDEX, REAL, looks
from ..core.errors import PredictionError
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import choice
from ..core.results import Sums
from ..core.slots import CHANCE, LEVEL, PLACE, THRESHOLD, Slot, declare
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.classes import nll_of_one_logit, one_hot, pick
from ..numerics.stable import SMALLEST, read_at_least, share_of, softplus
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
    r"""For each threshold a yes/no question, whether the level lies above it; the sum of their cross-entropies.

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
    r"""For each threshold the question whether a level that reached it lies above it, asked of those rows alone.

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

    def drawn_over(self) -> list[Axis]:
        return []

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
        gap = read_at_least(ops.where(inner, upper - lower, 1.0), SMALLEST[self.dtype])
        between = tails.between(ops.where(inner, lower, 0.0), ops.where(inner, upper, 1.0), gap)
        end = ops.where(has_upper, tails.below(upper), tails.above(lower))
        return _known(ops.where(inner, between, end), level, most)

    @staticmethod
    def _check(y_pred: Tensor) -> None:
        falls = looks("CumulativeLink", "order", y_pred) and ops.any(y_pred[:, 1:] < y_pred[:, :-1])
        if falls is not False and bool(ops.convert_to_numpy(falls)):
            raise PredictionError(
                "CumulativeLink reads each row of y_pred as thresholds less the score, in their order.",
                arrived="Some rows fall from one threshold to the next.",
                allowed="Expected numbers that never fall along the last axis.",
                do="End the model in ls.heads.CumulativeLink, which keeps the thresholds in order.",
            )


cumulative_link = function(CumulativeLink)


class WeightedKappa(
    Loss, aliases=("quadratic_weighted_kappa", "qwk", "weighted_kappa_loss", "kappa", "wk"), tasks=("ordinal",)
):
    r"""One minus the weighted kappa: the cost of the answers, relative to that of answers at random.

    Formula: \frac{N \sum_i \sum_c W_{y_i c} p_{ic}}{\sum_c \sum_d W_{cd} n_c m_d}, with W_{cd} = (c - d)^2 or |c - d|,
        the counts n of the true levels, and m = \sum_i p_i
    Use: grading where the result is judged by Cohen's kappa; after a cross-entropy, or beside one.
    Beware: one number for the batch, which should be large. TensorFlow Addons takes the logarithm of it, as the paper
        does: the same minimum. 0 is right, 1 as good as random.
    Reference: de la Torre, Puig and Valls (2018), Weighted kappa loss function for multi-class classification of
        ordinal data in deep learning, Pattern Recognition Letters

    >>> weighted_kappa([0, 1], [[1.0, 0.0], [0.0, 1.0]]), weighted_kappa([0, 1], [[0.5, 0.5], [0.5, 0.5]])
    (0.0, 1.0)
    """

    weights: Annotated[str, choice("What a wrong level costs by its distance.", "quadratic", "linear")] = "quadratic"

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
            return share_of(sums["cost"] * total(sums["true"]), by_chance)

        return Sums({"cost": total(true @ cost * y_pred, -1), "true": true, "said": y_pred}, ratio, (0,))


weighted_kappa = function(WeightedKappa)


class DistributionFocal(
    Loss, aliases=("distribution_focal_loss", "dfl", "df_loss"), tasks=("regression", "detection"), traits=("convex",)
):
    r"""A cross-entropy over bins along a line, of which the two around the target are both right, the nearer more so.

    Formula: -((i + 1 - y) \log p_i + (y - i) \log p_{i+1}), with p = softmax(y_pred) and i = \lfloor y \rfloor
    Use: regression by a distribution over bins: sides of boxes, depths, ages, where one number would blur two answers.
    Beware: targets are counted in bins, from 0 to the number of bins less one, which itself is allowed. The answer is
        the mean over the bins: ls.heads.DistributionFocal reads it so.
    Reference: Li, Wang, Wu, Chen, Hu, Li, Tang and Yang (2020), Generalized focal loss, arXiv:2006.04388

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
