"""Forms of labels: probabilities or logits of yes/no questions, and of exclusive classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from keras import ops

from ...numerics.backend import log1p, total
from ...numerics.classes import (
    chances_of_logits,
    chances_of_shares,
    pick,
    surprise_of_logits,
    surprise_of_one_logit,
    surprise_of_shares,
)
from ...numerics.stable import (
    BELOW_ONE,
    at_least,
    largest,
    length,
    mean,
    read_at_most,
    sigmoid,
    softplus,
    surprise,
)
from .. import axes
from ..axes import AXES
from ..contract import (
    CLASS_INDEX,
    LOGIT,
    PROBABILITY,
    SOFT_LABEL,
    Contract,
)
from ..errors import ParameterError
from ..loss import Loss, Tensor
from ..params import Param, flag, fraction, numbers, whole
from ..reduction import REDUCTIONS
from ..results import Rows

FromLogits = Annotated[bool, flag("Whether y_pred holds logits (True) or probabilities (False).")]
Smoothing = Annotated[
    float, fraction("The fraction of each label that is spread evenly over the classes.", closed=True, slide=(0.0, 0.5))
]
Axis = Annotated[int, Param("The axis of the classes.", kind="whole", unusual=-1)]
Ignored = Annotated[
    int | None, whole("A label that means 'no label': its entries are ignored.", optional=True, unusual=0)
]
Chances = Callable[[], tuple[Tensor, Tensor]]
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


def absent(parameter: Any) -> bool:
    """Whether a parameter is 0, so that its term may be left out; one that moves with the step is not."""
    return isinstance(parameter, (int, float)) and parameter == 0


def one_each(numbers: tuple[float, ...], values: Tensor) -> bool:
    """Whether there is one number for each class, as far as it is known; one alone would be one for all."""
    classes = values.shape[-1]
    return len(numbers) == classes or (classes is None and len(numbers) > 1)


class Binary(Loss, abstract=True, tasks=("binary", "multilabel")):
    """A loss of independent yes/no questions: each entry of y_pred is the probability (or logit) of a yes.

    A formula is written in the label `y` after smoothing and `n` = 1 - y, in the surprises -log p and -log(1 - p),
    and in p and 1 - p themselves. All are exact, and finite for every probability and logit.
    """

    entrywise = True
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

    def of(self, y: Tensor, n: Tensor, yes: Tensor, no: Tensor, chances: Chances) -> Tensor:
        """The value of each entry; `yes` is -log p, `no` is -log(1 - p), and `chances()` gives p and 1 - p."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        kept = None
        if self.ignore_class is not None:
            kept = ops.not_equal(y_true, self.ignore_class)
            y_true, y_pred = ops.where(kept, y_true, 0.0), ops.where(kept, y_pred, 0.5)
        y, n = self.smoothed(y_true), self.smoothed(1 - y_true)
        values = self.of(y, n, *self.surprises(y_pred), lambda: self.chances(y_pred))
        if kept is None:
            return mean(values)
        count = at_least(ops.sum(ops.cast(kept, values.dtype), axis=-1, keepdims=True), 1.0)
        return total(ops.where(kept, values, 0.0) / count, -1)

    def smoothed(self, y: Tensor) -> Tensor:
        """A label, or its complement, after smoothing."""
        return y + self.label_smoothing * (0.5 - y) if not absent(self.label_smoothing) else y

    def _absent(self, y_true: Tensor) -> Tensor | None:
        """A row is ignored when all its entries are."""
        return None if self.ignore_class is None else ops.all(ops.equal(y_true, self.ignore_class), axis=-1)

    def surprises(self, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """-log p and -log(1 - p). An exact 0 is read as the smallest positive number, an exact 1 as 1 - ulp/2."""
        if self.from_logits:
            return softplus(-y_pred), softplus(y_pred)
        p = self.clipped(y_pred)
        return surprise(p, self.dtype), -log1p(-read_at_most(p, BELOW_ONE[self.dtype]))

    def chances(self, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """p and 1 - p."""
        if self.from_logits:
            return sigmoid(y_pred), sigmoid(-y_pred)
        p = self.clipped(y_pred)
        return p, 1 - p

    def clipped(self, p: Tensor) -> Tensor:
        """Probabilities, kept `epsilon` away from 0 and 1 if that is asked for."""
        return p if self.epsilon is None else ops.clip(p, self.epsilon, 1 - self.epsilon)

    def weighed(self, yes: Tensor, no: Tensor) -> tuple[Tensor, Tensor]:
        """The two surprises times their class weights."""
        return (yes, no) if self.class_weight is None else (self.class_weight[1] * yes, self.class_weight[0] * no)


class Categorical(Loss, abstract=True, tasks=("multiclass",)):
    """A loss of exclusive classes: y_pred holds one probability (or logit) per class along `axis`.

    A formula is written in the surprises -log p_c, and in p_c and 1 - p_c themselves. All are exact, and finite for
    every probability and logit. Probabilities are divided by their sum first. Targets are distributions over the
    classes (one-hot, or soft).
    """

    answers = "a class"

    from_logits: FromLogits = False
    label_smoothing: Smoothing = 0.0
    axis: Axis = -1
    class_weight: ClassWeights = None
    ignore_class: Ignored = None
    epsilon: Epsilon = None
    normalised = True  # whether probabilities are divided by their sum

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

    def of(self, surprise: Tensor, chances: Chances) -> Tensor:
        """The value of each class, were it the true one; `chances()` gives p and 1 - p."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y = y_true
        if not absent(self.label_smoothing):
            y = y_true + self.label_smoothing * (1 / length(y_pred) - y_true)
        values = self.weighed(self.of_classes(y_pred))
        return total(ops.where(ops.equal(y, 0), 0.0, y * values), -1)

    def of_classes(self, y_pred: Tensor) -> Tensor:
        """The value of each class, were it the true one, from the predictions."""
        return self.of(self.surprise(y_pred), lambda: self.chances(y_pred))

    def _absent(self, y_true: Tensor) -> Tensor | None:
        """Rows whose target is the ignored class; one-hot coding makes a class outside the axis a row of zeros."""
        if self.ignore_class is None:
            return None
        chosen = ops.equal(ops.argmax(y_true, axis=-1), self.ignore_class) & (largest(y_true) > 0)
        nothing, classes = ops.all(ops.equal(y_true, 0), axis=-1), ops.shape(y_true)[-1]
        if isinstance(classes, int):
            return chosen if 0 <= self.ignore_class < classes else nothing
        return ops.where(0 <= self.ignore_class < classes, chosen, nothing)

    def surprise(self, y_pred: Tensor) -> Tensor:
        """-log p for every class."""
        if self.from_logits:
            return surprise_of_logits(y_pred)
        if self.normalised and self.epsilon is None:
            return surprise_of_shares(y_pred, self.dtype)
        return surprise(self.clipped(y_pred), self.dtype)

    def chances(self, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """p and 1 - p for every class."""
        if self.from_logits:
            return chances_of_logits(y_pred)
        if self.normalised and self.epsilon is None:
            return chances_of_shares(y_pred)
        p = self.clipped(y_pred)
        return p, 1 - p

    def clipped(self, p: Tensor) -> Tensor:
        """Probabilities as they are, or divided by their sum and clipped as Keras does."""
        if self.epsilon is None:
            return p
        p = p / ops.sum(p, axis=-1, keepdims=True) if self.normalised else p
        return ops.clip(p, self.epsilon, 1 - self.epsilon)

    def weighed(self, values: Tensor) -> Tensor:
        """The values of the classes times their class weights."""
        if self.class_weight is None:
            return values
        weights = self.class_weight if isinstance(self.class_weight, tuple) else (self.class_weight,)
        if not one_each(weights, values):
            raise ParameterError(
                f"{type(self).__name__}(class_weight=...) weights the classes.",
                arrived=f"It was given {len(weights)} weights for {values.shape[-1]} classes.",
                allowed="Expected one number >= 0 per class.",
                do="Pass one weight for each output of the model.",
            )
        return values * ops.convert_to_tensor(weights, dtype=values.dtype)


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
        classes = ops.shape(y_pred)[-1]
        index = ops.cast(y_true, "int32")
        known = ops.logical_and(index >= 0, index < classes)
        if "float" in str(y_true.dtype):  # neither a fraction nor NaN is a class
            known = ops.logical_and(known, ops.equal(ops.cast(index, y_true.dtype), y_true))
        if self.ignore_class is not None:  # dropped by the caller; here only kept from being out of range
            index = ops.where(ops.equal(index, self.ignore_class), 0, index)
            known = ops.logical_or(known, ops.equal(y_true, self.ignore_class))
        index = ops.clip(index, 0, classes - 1)
        if not absent(self.label_smoothing) or self.by_class():
            values = self.weighed(self.of_classes(y_pred))
            picked = pick(values, index)
            picked = (1 - self.label_smoothing) * picked + self.label_smoothing * mean(values)
        else:  # one class per row is enough
            picked = self.of(self.surprise_of(y_pred, index), lambda: self.chances_of(y_pred, index))
        # Eager calls have refused a label out of range by now; compiled code cannot, and must not learn from it.
        return Rows(ops.where(known, picked, float("nan")), share=self._share(index, picked))

    def _absent(self, y_true: Tensor) -> Tensor | None:
        return None if self.ignore_class is None else ops.equal(y_true, self.ignore_class)

    def _share(self, index: Tensor, values: Tensor) -> Tensor | None:
        """What a row counts in the divisor: the weight of its class, where a mean is to be divided by these."""
        if self.reduction != "mean_with_class_weight" or self.class_weight is None:
            return None
        return ops.take(ops.convert_to_tensor(self.class_weight, dtype=values.dtype), index)

    def by_class(self) -> bool:
        """Whether the value depends on which class is the true one, beyond its surprise."""
        return self.class_weight is not None or isinstance(getattr(self, "alpha", None), tuple)

    def surprise_of(self, y_pred: Tensor, index: Tensor) -> Tensor:
        """-log p of the class `index` alone."""
        return surprise_of_one_logit(y_pred, index) if self.from_logits else pick(self.surprise(y_pred), index)

    def chances_of(self, y_pred: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """p and 1 - p of the class `index` alone."""
        p, q = self.chances(y_pred)
        return pick(p, index), pick(q, index)
