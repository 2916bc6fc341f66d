"""The mathematical shapes a loss can take. A form turns (y_true, y_pred) into what the formula is written in.

Loss
├── Distance       of the error e = y_pred - y_true alone
├── Pointwise      of y_true and y_pred entry by entry
├── Margin         of the margin m = y * y_pred, with labels y = -1 or 1
├── Binary         of probabilities or logits of independent yes/no questions
├── Categorical    of probabilities or logits of exclusive classes, with soft or one-hot targets
│   └── Sparse     the same with class indices as targets
├── Vector         of two vectors along one axis
├── Overlap        of true positives, false positives and false negatives of a mask
├── Parameters     of the parameters of a distribution, predicted along one more axis
└── Boxes          of the areas of two boxes: intersection, union, hull
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import numpy as np
from keras import ops

from ..numerics.backend import concrete, log1p, total
from ..numerics.classes import (
    chances_of_logits,
    chances_of_shares,
    pick,
    surprise_of_logits,
    surprise_of_one_logit,
    surprise_of_shares,
)
from ..numerics.masks import mask_of, with_mask
from ..numerics.stable import (
    BELOW_ONE,
    at_least,
    larger,
    largest,
    length,
    mean,
    middling,
    read_at_most,
    sigmoid,
    smaller,
    softplus,
    surprise,
    with_slope,
)
from . import axes
from .axes import AXES
from .contract import (
    CHECKS,
    CLASS_INDEX,
    FEATURE,
    LOGIT,
    PROBABILITY,
    REAL,
    SIGN,
    SOFT_LABEL,
    Contract,
    Values,
    check_axis,
)
from .errors import ParameterError, ShapeError, TargetError
from .inputs import read
from .loss import Loss, Tensor
from .params import Param, choice, flag, fraction, numbers, whole
from .reduction import REDUCTIONS
from .results import Rows, Sums
from .slots import BOX, VALID, Slot, declare

FromLogits = Annotated[bool, flag("Whether y_pred holds logits (True) or probabilities (False).")]
Smoothing = Annotated[
    float, fraction("The share of each label that is spread evenly over the classes.", closed=True, slide=(0.0, 0.5))
]
Axis = Annotated[int, Param("The axis of the classes.", kind="whole", unusual=-1)]
Ignored = Annotated[
    int | None, whole("A label that means 'no label': its entries count nowhere.", optional=True, unusual=0)
]
Chances = Callable[[], tuple[Tensor, Tensor]]
Epsilon = Annotated[
    float | None,
    Param(
        "Clip probabilities to [epsilon, 1 - epsilon], as Keras does with 1e-7; None keeps every digit and gradient.",
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


def _sloped(loss: Any, form: Any) -> Callable[[Tensor], Tensor]:
    """The formula with its closed-form derivative, where the loss gives one."""
    return loss.of if type(loss).slope is form.slope else with_slope(loss.of, loss.slope)


class Distance(Loss, abstract=True, tasks=("regression",)):
    """A loss of the error `e = y_pred - y_true` alone; the mean over the last axis is one row's value."""

    entrywise = True
    of_errors = True
    two_classes = (-1.0, 1.0)

    @property
    def contract(self) -> Contract:
        return Contract(REAL, REAL)

    def drawn_over(self) -> list[axes.Axis]:
        turns = [name for name, param in self.params.items() if param.slide and param.kind == "number"]
        return [axes.errors([abs(float(getattr(self, name))) for name in turns])]

    def mapped_over(self) -> axes.Plane | None:
        return axes.predictions()

    def of(self, e: Tensor) -> Tensor:
        """The value for each error."""
        raise NotImplementedError

    def slope(self, e: Tensor) -> Tensor:
        """The derivative of `of` in closed form."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean(_sloped(self, Distance)(y_pred - y_true))


class Pointwise(Loss, abstract=True, tasks=("regression",)):
    """A loss of y_true and y_pred entry by entry; the mean over the last axis is one row's value."""

    entrywise = True

    relative = True
    target: ClassVar[Values] = REAL
    prediction: ClassVar[Values] = REAL

    @property
    def contract(self) -> Contract:
        return Contract(type(self).target, type(self).prediction)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["log rate" if getattr(self, "log_rate", False) else "prediction"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.LOG_RATES if getattr(self, "log_rate", False) else axes.predictions((0.05, 4.0))

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        """The value for each pair of entries."""
        raise NotImplementedError

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        """The derivative of `of` by p in closed form."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean(self.of(y_true, y_pred))


class Margin(Loss, abstract=True, tasks=("binary",)):
    """A loss of the margin `m = y * y_pred` with y = -1 or 1 (a label 0 is read as -1)."""

    entrywise = True
    two_classes = (-1.0, 1.0)

    @property
    def contract(self) -> Contract:
        return Contract(SIGN, REAL)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["margin"]]

    def of(self, m: Tensor) -> Tensor:
        """The value for each margin."""
        raise NotImplementedError

    def slope(self, m: Tensor) -> Tensor:
        """The derivative of `of` in closed form."""
        raise NotImplementedError

    def margin(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The label's sign times the prediction."""
        return ops.where(ops.equal(y_true, 0), -1.0, y_true) * y_pred

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean(_sloped(self, Margin)(self.margin(y_true, y_pred)))


class Binary(Loss, abstract=True, tasks=("binary", "multilabel")):
    """A loss of independent yes/no questions: each entry of y_pred is the probability (or logit) of a yes.

    A formula is written in the label `y` after smoothing and `n` = 1 - y, in the surprises -log p and -log(1 - p),
    and in p and 1 - p themselves. All are exact, and finite for every probability and logit.
    """

    entrywise = True
    two_classes = (0.0, 1.0)

    from_logits: FromLogits = False
    label_smoothing: Annotated[
        float, fraction("The share of each label that is moved to 1/2.", closed=True, slide=(0.0, 0.5))
    ] = 0.0
    axis: Annotated[int, Param("The axis over which one row's mean is taken.", kind="whole", unusual=-1)] = -1
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
                f"{type(self).__name__}(class_weight=...) weighs the two classes.",
                arrived=f"It was given {self.class_weight!r}.",
                allowed="Allowed are two numbers >= 0: for label 0 and for label 1.",
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
                f"{type(self).__name__}(class_weight=...) weighs the classes.",
                arrived=f"It was given {len(weights)} weights for {values.shape[-1]} classes.",
                allowed="Allowed is one number >= 0 per class.",
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


class Vector(Loss, abstract=True, tasks=("regression",)):
    """A loss of two vectors along `axis`."""

    axis: Annotated[int, Param("The axis of the vectors.", kind="whole", unusual=-1)] = -1
    unfit = "it compares directions of vectors, and one column has no direction"

    @property
    def contract(self) -> Contract:
        return Contract(FEATURE, FEATURE, axis=self.axis)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["angle"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.COORDINATES


class Overlap(Loss, abstract=True, tasks=("segmentation",)):
    """A loss of how far two masks overlap: soft counts of true positives, false positives and false negatives.

    Counts are taken per row over all other axes, or over `axis`. `whole_batch=True` takes one ratio over the batch, as
    Keras does: the value then depends on how the data are split into batches.
    """

    axis: Annotated[
        tuple[int, ...] | int | None,
        Param("The axes to count over; None is all but the batch.", kind="axes", optional=True, unusual=(1,)),
    ] = None
    from_logits: FromLogits = False
    whole_batch: Annotated[bool, flag("Where axis is None, count over the batch too: one ratio for all rows.")] = False

    @property
    def gives(self) -> type[Rows] | type[Sums]:
        batch = self.whole_batch if self.axis is None else min(self._listed()) < 0 or 0 in self._listed()
        return Sums if batch else Rows

    def _listed(self) -> tuple[int, ...]:
        return (self.axis,) if isinstance(self.axis, int) else self.axis or ()

    def _counted(self, rank: int) -> tuple[int, ...]:
        """The axes that are counted over, from the start."""
        for axis in self._listed():
            check_axis(type(self).__name__, axis, rank)
        first = 0 if self.whole_batch or rank == 1 else 1  # a vector alone, given to the function, is one row
        return tuple(sorted({axis % rank for axis in self._listed()})) or tuple(range(first, rank))

    @property
    def contract(self) -> Contract:
        return Contract(SOFT_LABEL, LOGIT if self.from_logits else PROBABILITY)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES[name] for name in (("logit", "mask logits") if self.from_logits else ("probability", "mask"))]

    def mapped_over(self) -> axes.Plane | None:
        return axes.entries("the true pixel", "a false pixel", self.from_logits)

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        """The value from the soft counts."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Rows | Sums:
        if self.from_logits:
            p, q = sigmoid(y_pred), sigmoid(-y_pred)
        else:
            p, q = y_pred, 1 - y_pred
        y, axes = y_true, self._counted(len(y_pred.shape))
        counts = {"tp": y * p, "fp": (1 - y) * p, "fn": y * q}
        if 0 in axes and len(y_pred.shape) > 1:  # one ratio over the batch: rows are weighed inside the counts
            return Sums(counts, lambda sums, count: self.of(**sums), axes)
        return Rows(self.of(**{name: total(c, axes) for name, c in counts.items()}))


class Parameters(Loss, abstract=True, tasks=("regression",)):
    """A loss of the parameters of a distribution (or several quantiles), predicted along one more, last axis.

    For targets (n,) or (n, 1) predictions are (n, k); for targets (n, d) they are (n, d, k).
    """

    entrywise = True

    outputs = 2  # k
    unfit = "it needs more than one prediction for each target"
    target: ClassVar[Values] = REAL
    prediction: ClassVar[Values] = REAL

    @property
    def contract(self) -> Contract:
        return Contract(self.target, self.prediction, shape="parameters", parameters=self.outputs)

    def gathered(self, y_true: Any, y_pred: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Outputs by the names of `heads`, or as a tuple in their order, along one last axis."""
        owner, rest = type(self).__name__, {name: x for name, x in named.items() if name not in self.heads}
        given = {name: x for name, x in named.items() if name in self.heads}
        if isinstance(y_pred, dict):
            given, rest = {**y_pred, **given}, rest
        elif isinstance(y_pred, tuple) and len(y_pred) == self.outputs and all(hasattr(x, "shape") for x in y_pred):
            names = self.heads or tuple(f"y_pred[{place}]" for place in range(self.outputs))
            given |= dict(zip(names, y_pred, strict=True))
            return self._stacked(y_true, given, list(names)), rest
        elif not given:
            return y_pred, named
        if set(given) != set(self.heads) or (y_pred is not None and not isinstance(y_pred, dict)):
            arrived = f"It was given {', '.join(map(str, given))}{' beside y_pred' * (y_pred is not None)}."
            raise ParameterError(
                f"{owner} reads {self.outputs} outputs for each target.",
                arrived=arrived if not isinstance(y_pred, dict) else f"It was given {', '.join(map(str, given))}.",
                allowed="Allowed is one tensor with them along its last axis"
                + (f", or {' and '.join(self.heads)} by name." if self.heads else ", or a tuple of them."),
                do="Name the outputs of the model so, or stack them: y_pred of shape (rows, outputs).",
            )
        return self._stacked(y_true, given, list(self.heads)), rest

    def _stacked(self, y_true: Any, given: dict[str, Any], names: list[str]) -> Tensor:
        """One tensor (..., k); (rows, 1) is (rows,) where the targets are."""
        owner = type(self).__name__
        mask = next((found for x in given.values() if (found := mask_of(x)) is not None), None)
        parts = [read(owner, name, given[name], self.inner) for name in names]
        if len({tuple(x.shape) for x in parts}) > 1:
            raise ShapeError(
                f"{owner} reads {' and '.join(names)}, of one shape.",
                arrived=f"They have the shapes {', '.join(str(tuple(x.shape)) for x in parts)}.",
                allowed="Allowed are equal shapes: one number of each for each target.",
                do="Give the outputs of the model the same number of units.",
            )
        flat = len(getattr(y_true, "shape", None) or np.shape(y_true)) == 1
        if flat and len(parts[0].shape) == 2 and parts[0].shape[1] == 1:
            parts = [ops.squeeze(x, 1) for x in parts]
        found = ops.stack(parts, axis=-1)
        return found if mask is None else with_mask(found, mask)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.first_parameter(self.outputs)]

    def mapped_over(self) -> axes.Plane | None:
        return axes.parameters(("mean (target: 0)", "second parameter"), (-2.0, 3.0)) if self.outputs == 2 else None

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        """The value of each target y (...) from its k predicted numbers, parts (..., k)."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        values = self.of(y_true, y_pred)
        return mean(values) if len(values.shape) > 1 else values


class Boxes(Loss, abstract=True, tasks=("detection",)):
    """A loss of two boxes each: y_true and y_pred are (row, ..., 4). `valid` says which boxes exist."""

    coding: Annotated[
        str,
        choice(
            "How a box is written: (left, top, right, bottom), (centre x, centre y, width, height), or "
            "(left, top, width, height).",
            "corners", "centre", "size",
        ),
    ] = "corners"  # fmt: skip
    inputs = declare(
        y_true=Slot(BOX, ("row", "...", "4"), "true", valid="valid"),
        y_pred=Slot(BOX, ("row", "...", "4"), valid="valid"),
        valid=Slot(VALID, ("row", "..."), "any", optional=True),
    )

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.moved_box(self.coding)]

    def mapped_over(self) -> axes.Plane | None:
        return axes.shifts(self.coding)

    def of(self, intersection: Tensor, left: Tensor, hull: Tensor) -> Tensor:
        """The value of each pair of boxes, from areas: of the intersection, of the rest of the union, of the hull."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor, valid: Tensor | None) -> Rows:
        (a, a_end), (b, b_end) = self.corners(y_true), self.corners(y_pred)
        self._check(a, a_end)
        first, last = smaller(a, b), larger(a_end, b_end)
        k = middling(ops.stop_gradient(largest(ops.abs(last - first), keepdims=True)))  # no area is too large or small
        hull, inner = _area(first, last, k), _area(larger(a, b), smaller(a_end, b_end), k)
        rest = (_area(a, a_end, k) - inner) + (_area(b, b_end, k) - inner)
        return Rows(self.of(inner, at_least(rest, 0.0), hull), valid)

    def corners(self, box: Tensor) -> tuple[Tensor, Tensor]:
        """The first corner and the last one, each (..., 2)."""
        a, b = box[..., :2], box[..., 2:]
        if self.coding == "corners":
            return a, b
        return (a - b / 2, a + b / 2) if self.coding == "centre" else (a, a + b)

    def _check(self, a: Tensor, b: Tensor) -> None:
        if CHECKS.get() and concrete(a) and concrete(b) and bool(ops.convert_to_numpy(ops.any(b < a))):
            raise TargetError(
                f"{type(self).__name__} reads y_true as boxes, coded as {self.coding!r}.",
                arrived="Some end before they begin: their width or height is negative.",
                allowed="Allowed are " + type(self).params["coding"].text.removeprefix("How a box is written: "),
                do='Pass the coding of your boxes: coding="centre" or coding="size".',
            )


def _area(begin: Tensor, end: Tensor, k: Tensor) -> Tensor:
    """The area of a rectangle whose sides are multiplied by k; one that ends before it begins is empty."""
    sides = at_least((end - begin) * k, 0.0)
    return sides[..., 0] * sides[..., 1]
