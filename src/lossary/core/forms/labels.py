"""Forms of labels: probabilities or logits of yes/no questions, and of exclusive classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, NamedTuple

from ...numerics import ops
from ...numerics.backend import log1p, log1p_near, total
from ...numerics.classes import (
    AtZero,
    Kernel,
    absent,
    dense_kernel,
    dense_shares_kernel,
    floored,
    logits_kernel,
    nll_of_logits,
    nll_of_one_logit,
    nll_of_probabilities,
    pick,
    probabilities_of_logits,
    probabilities_of_shares,
    shares_kernel,
    slope_at_zero,
    smoothed_kernel,
    whole_index,
)
from ...numerics.sharded import logit_parts, over_classes
from ...numerics.stable import (
    at_least,
    below_one,
    largest,
    length,
    mean,
    nll,
    parts,
    reciprocal,
    shallow,
    sigmoid,
    softplus,
    with_slope,
)
from .. import absent as missing
from .. import axes
from ..axes import AXES
from ..contract import (
    CLASS_INDEX,
    LOGIT,
    PROBABILITY,
    SOFT_LABEL,
    Contract,
    certain,
)
from ..errors import LossaryError, ParameterError
from ..loss import Loss, Tensor
from ..params import Param, flag, fraction, numbers, whole
from ..reduction import REDUCTIONS
from ..results import Fused, Rows

FromLogits = Annotated[bool, flag("Whether y_pred holds logits (True) or probabilities (False).")]
Smoothing = Annotated[
    float, fraction("The fraction of each label that is spread evenly over the classes.", closed=True, slide=(0.0, 0.5))
]
Axis = Annotated[int, Param("The axis of the classes.", kind="whole", unusual=-1)]
Ignored = Annotated[
    int | None, whole("A label that means 'no label': its entries are ignored.", optional=True, unusual=0)
]
Probabilities = Callable[[], tuple[Tensor, Tensor]]
Epsilon = Annotated[
    float | None,
    Param(
        "Clip probabilities to [epsilon, 1 - epsilon], as Keras does with 1e-7; None does not clip.",
        low=0.0, high=0.5, optional=True, unusual=1e-4,
    ),
]  # fmt: skip
ClassWeights = Annotated[
    tuple[float, ...] | None,
    numbers("One weight per class; it multiplies that class's term.", low=0.0, unusual=None),
]


def one_each(numbers: tuple[float, ...], values: Tensor) -> bool:
    """Whether there is one number for each class, as far as it is known; one alone would be one for all."""
    classes = values.shape[-1]
    return len(numbers) == classes or (classes is None and len(numbers) > 1)


def weights_of_classes(loss: Any, like: Tensor, each: str) -> Tensor | None:
    """The class weights of a loss, if it has any, for classes along the last axis of a tensor."""
    if loss.class_weight is None:
        return None
    weights = loss.class_weight if isinstance(loss.class_weight, tuple) else (loss.class_weight,)
    if not one_each(weights, like):
        raise ParameterError(
            f"{type(loss).__name__}(class_weight=...) weights the classes.",
            arrived=f"It was given {len(weights)} weights for {like.shape[-1]} classes.",
            allowed="Expected one number >= 0 per class.",
            do=f"Pass one weight for each {each}.",
        )
    return ops.convert_to_tensor(weights, dtype=like.dtype)


def light(weights: Any) -> bool:
    """Whether no class weighs more than 1."""
    return weights is None or max(weights if isinstance(weights, tuple) else (weights,)) <= 1


def all_ignored(y_true: Tensor, label: int | None, by_entry: bool = False) -> Tensor | None:
    """The rows of masks in which every entry is ignored; a vector is one row, or with `by_entry` as many as entries."""
    if label is None:
        return None
    same, rank = ops.equal(y_true, label), len(y_true.shape)
    axes = tuple(range(1 if by_entry or rank > 1 else 0, rank))
    return ops.all(same, axis=axes) if axes else same


class YesNo(NamedTuple):
    """What a formula of yes/no questions is made of: -log p, -log(1 - p), p and 1 - p; and slopes by y_pred."""

    yes: Tensor
    no: Tensor
    p: Tensor
    q: Tensor
    by_yes: Tensor
    by_no: Tensor
    by_p: Tensor


class Binary(Loss, abstract=True, tasks=("binary", "multilabel")):
    """A loss of independent yes/no questions: each entry of y_pred is the probability (or logit) of a yes.

    A formula is written in the label `y` after smoothing and `n` = 1 - y, in -log p and -log(1 - p), and in p and 1 - p
    themselves. All are exact, and finite for every probability and logit.
    """

    entrywise = True
    missable = True
    answers = "yes or no"
    two_classes = (0.0, 1.0)

    from_logits: FromLogits = False
    label_smoothing: Annotated[
        float, fraction("The fraction by which labels are moved towards 1/2.", closed=True, slide=(0.0, 0.5))
    ] = 0.0
    axis: Annotated[int, Param("The axis over which the mean of a row is taken.", kind="whole", unusual=-1)] = -1
    class_weight: Annotated[
        tuple[float, ...] | None,
        numbers("Two weights: for the term of label 0 and for the term of label 1.", low=0.0, unusual=(0.5, 2.0)),
    ] = None
    ignore_class: Ignored = None
    epsilon: Epsilon = None

    @property
    def contract(self) -> Contract:
        prediction = LOGIT if self.from_logits else PROBABILITY
        return Contract(SOFT_LABEL, prediction, axis=self.axis, ignored=self.ignore_class, absent=self._absent)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["logit" if self.from_logits else "probability"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.labels(self.from_logits)

    def validate(self) -> None:
        if self.class_weight is not None and (not isinstance(self.class_weight, tuple) or len(self.class_weight) != 2):
            raise ParameterError(
                f"{type(self).__name__}(class_weight=...) weights the two classes.",
                arrived=f"It was given {self.class_weight!r}.",
                allowed="Expected two numbers >= 0: for label 0 and for label 1.",
                do="Pass for instance class_weight=(1.0, 5.0).",
            )

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, probabilities: Probabilities) -> Tensor:
        """The value of each entry; `yes` is -log p, `no` is -log(1 - p), and `probabilities()` gives p and 1 - p."""
        raise NotImplementedError

    def slope(self, y: Tensor, n: Tensor, x: YesNo) -> Tensor:
        """The derivative of `of` by y_pred."""
        raise NotImplementedError

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope of each entry; a loss may have them share more of their work."""
        y, n = self.smoothed(y_true), self.smoothed(1 - y_true)
        x = self.of_logits(y_pred) if self.from_logits else self.of_probabilities(y_pred)
        return self.of(y, n, x.yes, x.no, lambda: (x.p, x.q)), self.slope(y, n, x)

    def of_logits(self, z: Tensor) -> YesNo:
        if ops.recorded(z):  # these know their own derivatives, also at 0
            p, q = sigmoid(z), sigmoid(-z)
            return YesNo(softplus(-z), softplus(z), p, q, -q, p, p * q)
        e = ops.exp(-ops.abs(z))
        log, larger = log1p_near(e), 1 / (1 + e)
        smaller, negative = e * larger, z < 0
        p, q = ops.where(negative, smaller, larger), ops.where(negative, larger, smaller)
        return YesNo(log + at_least(-z, 0.0), log + at_least(z, 0.0), p, q, -q, p, smaller * larger)

    def of_probabilities(self, p: Tensor) -> YesNo:
        below = below_one(p, self.dtype)
        yes, no = nll(p, self.dtype), -log1p(-below)
        return YesNo(yes, no, p, 1 - p, -reciprocal(p, self.dtype), 1 / (1 - below), 0.0 * p + 1.0)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor | Rows:
        # The slope by a faint probability, times a large weight, may exceed the largest number before a mean is taken.
        steep = not self.from_logits and not self.lightly()
        if self.ignore_class is None and self.epsilon is None and not steep and type(self).slope is not Binary.slope:
            return missing.fused(self, y_true, y_pred)
        kept = None if self.missing is None else missing.there(y_true, self.contract)
        if self.ignore_class is not None:
            kept = ops.not_equal(y_true, self.ignore_class)
        if kept is not None:
            y_true, y_pred = ops.where(kept, y_true, 0.0), ops.where(kept, y_pred, 0.5)
        y, n = self.smoothed(y_true), self.smoothed(1 - y_true)
        values = self.of(y, n, *self.nlls(y_pred), lambda: self.probabilities(y_pred))
        if kept is None:
            return mean(values)
        count = at_least(ops.sum(ops.cast(kept, values.dtype), axis=-1, keepdims=True), 1.0)
        return total(ops.where(kept, values, 0.0) / count, -1)

    def lightly(self) -> bool:
        """Whether no label weighs more than 1."""
        return light(self.class_weight)

    def smoothed(self, y: Tensor) -> Tensor:
        """A label, or its complement, after smoothing."""
        return y + self.label_smoothing * (0.5 - y) if not absent(self.label_smoothing) else y

    def _absent(self, y_true: Tensor) -> Tensor | None:
        """A row is ignored when all its entries are."""
        return None if self.ignore_class is None else ops.all(ops.equal(y_true, self.ignore_class), axis=-1)

    def nlls(self, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """-log p and -log(1 - p). An exact 0 is read as the smallest positive number, an exact 1 as 1 - ulp/2."""
        if self.from_logits:
            return softplus(-y_pred), softplus(y_pred)
        p = self.clipped(y_pred)
        return nll(p, self.dtype), -log1p(-below_one(p, self.dtype, passing=True))

    def probabilities(self, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """p and 1 - p."""
        if self.from_logits:
            return sigmoid(y_pred), sigmoid(-y_pred)
        p = self.clipped(y_pred)
        return p, 1 - p

    def clipped(self, p: Tensor) -> Tensor:
        """Probabilities, kept `epsilon` away from 0 and 1 where `epsilon` is given."""
        return p if self.epsilon is None else ops.clip(p, self.epsilon, 1 - self.epsilon)

    def weighed(self, yes: Tensor, no: Tensor) -> tuple[Tensor, Tensor]:
        """Both negative log-probabilities, times their class weights."""
        return (yes, no) if self.class_weight is None else (self.class_weight[1] * yes, self.class_weight[0] * no)


class Categorical(Loss, abstract=True, tasks=("multiclass",)):
    """A loss of exclusive classes: y_pred holds one probability (or logit) per class along `axis`.

    A formula is written in -log p_c, the nll of a class, and in p_c and 1 - p_c. All are exact, and finite for every
    probability and logit. Probabilities are divided by their sum first. Targets are distributions over the classes
    (one-hot, or soft).
    """

    answers = "a class"

    from_logits: FromLogits = False
    label_smoothing: Smoothing = 0.0
    axis: Axis = -1
    class_weight: ClassWeights = None
    ignore_class: Ignored = None
    epsilon: Epsilon = None
    normalised = True  # whether probabilities are divided by their sum
    is_cross_entropy: ClassVar[bool] = False  # whether the value of a class is its nll: a cross-entropy

    @property
    def contract(self) -> Contract:
        prediction = LOGIT if self.from_logits else PROBABILITY
        return Contract(SOFT_LABEL, prediction, axis=self.axis, absent=self._absent)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["class logits" if self.from_logits else "classes"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.entries("the true class", "the other class", self.from_logits)

    def over_classes(self, p: axes.Array) -> axes.Given | None:
        return axes.three_classes(p, self.from_logits)

    def of(self, nll: Tensor, probabilities: Probabilities) -> Tensor:
        """The value of each class, were it the true one; `probabilities()` gives p and 1 - p. By default `graded`."""
        value, slope = parts(self.graded)
        return with_slope(value, slope)(nll, *probabilities())

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor | Rows:
        kernel = self.dense_kernel(self.weights(y_pred))
        if kernel is not None:
            return Fused(kernel, y_pred, y_true, rowwise=True)
        y = y_true
        if not absent(self.label_smoothing):
            y = y_true + self.label_smoothing * (1 / length(y_pred) - y_true)
        values = self.weighed(self.of_classes(y_pred))
        return total(ops.where(ops.equal(y, 0), 0.0, y * values), -1)

    def dense_kernel(self, weights: Tensor | None) -> Kernel | None:
        """Value and slopes of each row in one pass; None where they are made step by step."""
        graded = None if self.is_cross_entropy else self.graded
        other = not self.is_cross_entropy and type(self).graded is Categorical.graded
        if other or self.epsilon is not None or isinstance(getattr(self, "alpha", None), tuple):
            return None
        if self.from_logits:
            return dense_kernel(graded, self.label_smoothing, weights)
        # The slope by a faint probability, times a large weight, may exceed the largest number before a mean is taken.
        if not self.normalised or not light(self.class_weight):
            return None
        return dense_shares_kernel(graded, self.label_smoothing, weights, self.dtype, self.at_zero())

    def graded(self, nll: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        """The value of the true class, and its derivative by the nll; q is 1 - p."""
        raise NotImplementedError

    def at_zero(self) -> AtZero | None:
        """Of the nll, the derivative by p where p is 0 of all but the nll in the value; None where it adds nothing."""
        return None

    @property
    def shallow(self) -> bool:
        """Whether the slope of the nll where p is 0 leaves any digits for what else there is."""
        return shallow(self.dtype)

    def of_classes(self, y_pred: Tensor) -> Tensor:
        """The value of each class, were it the true one, from the predictions."""
        nll, of_zero = self.nll(y_pred), self.at_zero()
        values = self.of(nll, lambda: self.probabilities(y_pred))
        if of_zero is None or self.from_logits or self.epsilon is not None:
            return values
        return values + slope_at_zero(y_pred, of_zero(nll), self.dtype)

    def _absent(self, y_true: Tensor) -> Tensor | None:
        """Rows whose target is the ignored class; one-hot coding makes a class outside the axis a row of zeros."""
        if self.ignore_class is None:
            return None
        chosen = ops.equal(ops.argmax(y_true, axis=-1), self.ignore_class) & (largest(y_true) > 0)
        nothing, classes = ops.all(ops.equal(y_true, 0), axis=-1), ops.shape(y_true)[-1]
        if isinstance(classes, int):
            return chosen if 0 <= self.ignore_class < classes else nothing
        return ops.where(0 <= self.ignore_class < classes, chosen, nothing)

    def nll(self, y_pred: Tensor) -> Tensor:
        """-log p for every class."""
        if self.from_logits:
            return nll_of_logits(y_pred)
        if self.normalised and self.epsilon is None:
            return nll_of_probabilities(y_pred, self.dtype)
        return nll(self.clipped(y_pred), self.dtype)

    def probabilities(self, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """p and 1 - p for every class."""
        if self.from_logits:
            return probabilities_of_logits(y_pred)
        if self.normalised and self.epsilon is None:
            return probabilities_of_shares(y_pred)
        p = self.clipped(y_pred)
        return floored(p, reciprocal(p, self.dtype), self.dtype), 1 - p

    def clipped(self, p: Tensor) -> Tensor:
        """Probabilities as they are, or divided by their sum and clipped as Keras does."""
        if self.epsilon is None:
            return p
        p = p / ops.sum(p, axis=-1, keepdims=True) if self.normalised else p
        return ops.clip(p, self.epsilon, 1 - self.epsilon)

    def weighed(self, values: Tensor) -> Tensor:
        """The values of the classes times their class weights."""
        weights = self.weights(values)
        return values if weights is None else values * weights

    def weights(self, like: Tensor) -> Tensor | None:
        """The class weights, if there are any."""
        return weights_of_classes(self, like, "output of the model")


def _of_known(kernel: Kernel) -> Kernel:
    """A label out of range, which compiled code cannot refuse, has the value NaN, and nothing is learned from it."""

    def of_known(y_pred: Tensor, *held: Tensor) -> tuple[Tensor, Tensor]:
        *rest, known = held
        values, slopes = kernel(y_pred, *rest)
        return ops.where(known > 0, values, float("nan")), slopes * known[..., None]

    return of_known


class Sparse(Categorical, abstract=True):
    """The same with class indices as targets: whole numbers, kept as integers in every floating-point type."""

    reductions = (*REDUCTIONS, "mean_with_class_weight")

    @property
    def contract(self) -> Contract:
        prediction = LOGIT if self.from_logits else PROBABILITY
        own = self.ignore_class
        return Contract(CLASS_INDEX, prediction, shape="index", axis=self.axis, ignored=own, absent=self._absent)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["class index logits" if self.from_logits else "class index"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.entries("the true class", "the other class", self.from_logits, index=True)

    def over_classes(self, p: axes.Array) -> axes.Given | None:
        return axes.three_classes(p, self.from_logits, index=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Rows:
        if over_classes(y_pred):
            return self._of_sharded(y_true, y_pred)
        smooth = not absent(self.label_smoothing)
        kernel = self.kernel(y_pred, smooth)
        if kernel is not None and self.ignore_class is None and certain(y_true):
            index = ops.whole(y_true)  # labels out of range have been refused
            weight = self._own_weight(index, y_pred)
            return self._with_share(Fused(kernel, y_pred, index, *weight, rowwise=True), weight)
        classes, index = ops.shape(y_pred)[-1], whole_index(y_true)
        known = ops.logical_and(index >= 0, index < classes)
        if self.ignore_class is not None:  # dropped by the caller; here only kept from being out of range
            index = ops.where(ops.equal(index, self.ignore_class), 0, index)
            known = ops.logical_or(known, ops.equal(y_true, self.ignore_class))
        index = ops.clip(index, 0, classes - 1)
        if kernel is not None:
            index = ops.whole(index)
            weight = self._own_weight(index, y_pred)
            held = (index, *weight, ops.cast(known, y_pred.dtype))
            return self._with_share(Fused(_of_known(kernel), y_pred, *held, rowwise=True), weight)
        if smooth or self.by_class():
            values = self.weighed(self.of_classes(y_pred))
            picked = pick(values, index)
            if smooth:
                share = self.label_smoothing / length(values)
                picked = (1 - self.label_smoothing) * picked + total(share * values, -1)
        else:  # one class per row is enough
            picked = self.of(self.nll_of(y_pred, index), lambda: self.probabilities_of(y_pred, index))
        # Eager calls have refused a label out of range by now; compiled code cannot, and must not learn from it.
        return Rows(ops.where(known, picked, float("nan")), share=self._share(index, picked))

    def _of_sharded(self, y_true: Tensor, y_pred: Tensor) -> Rows:
        """The same for classes on several devices."""
        smooth = not absent(self.label_smoothing)
        if not self.is_cross_entropy or not self.from_logits or (smooth and self.class_weight is not None):
            raise LossaryError(
                f"{type(self).__name__} was given logits whose classes lie on several devices.",
                arrived=f"{self!r} needs the logits of all classes on one.",
                allowed="Expected a cross-entropy of logits, with class weights or label smoothing, not with both.",
                do="Gather the logits first: y_pred.full_tensor().",
            )
        index = whole_index(y_true)
        total, own, average = logit_parts(y_pred, index)
        values = total - own
        if smooth:
            values = values + self.label_smoothing * (own - average)
        known = ops.logical_and(index >= 0, index < y_pred.shape[-1])
        if self.ignore_class is not None:
            known = ops.logical_or(known, ops.equal(index, self.ignore_class))
        weights = self.weights(y_pred)
        share = None if weights is None else ops.take(weights, ops.clip(index, 0, y_pred.shape[-1] - 1))
        values = values if share is None else values * share
        counted = share if self.reduction == "mean_with_class_weight" else None
        return Rows(ops.where(known, values, float("nan")), share=counted)

    def kernel(self, y_pred: Tensor, smooth: bool) -> Kernel | None:
        """Value and slopes of each row in one pass; None where they are made step by step."""
        if isinstance(getattr(self, "alpha", None), tuple) or self.epsilon is not None:
            return None
        if smooth or self.class_weight is not None:
            if not self.is_cross_entropy or not self.from_logits:
                return None
            if smooth:
                return smoothed_kernel(self.label_smoothing, self.weights(y_pred))
        graded = None if self.is_cross_entropy else self.graded
        if self.from_logits:
            return logits_kernel(graded)
        return shares_kernel(graded, self.dtype, self.normalised, self.at_zero())

    def _own_weight(self, index: Tensor, y_pred: Tensor) -> tuple[Tensor, ...]:
        """The weight of each row's class, where there are any."""
        weights = self.weights(y_pred)
        return () if weights is None else (ops.take(weights, index),)

    def _with_share(self, rows: Fused, weight: tuple[Tensor, ...]) -> Fused:
        if weight and self.reduction == "mean_with_class_weight":
            rows.share = weight[0]
        return rows

    def _absent(self, y_true: Tensor) -> Tensor | None:
        return None if self.ignore_class is None else ops.equal(y_true, self.ignore_class)

    def _share(self, index: Tensor, values: Tensor) -> Tensor | None:
        """What a row counts in the divisor: the weight of its class, where a mean is to be divided by these."""
        if self.reduction != "mean_with_class_weight" or self.class_weight is None:
            return None
        return ops.take(ops.convert_to_tensor(self.class_weight, dtype=values.dtype), index)

    def by_class(self) -> bool:
        """Whether the value depends on which class is the true one, beyond its nll."""
        return self.class_weight is not None or isinstance(getattr(self, "alpha", None), tuple)

    def nll_of(self, y_pred: Tensor, index: Tensor) -> Tensor:
        """-log p of the class `index` alone."""
        return nll_of_one_logit(y_pred, index) if self.from_logits else pick(self.nll(y_pred), index)

    def probabilities_of(self, y_pred: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """p and 1 - p of the class `index` alone."""
        p, q = self.probabilities(y_pred)
        return pick(p, index), pick(q, index)
