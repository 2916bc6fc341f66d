"""Forms of vectors, masks and boxes."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from ...numerics import ops
from ...numerics.backend import concrete, total
from ...numerics.classes import probabilities_of_logits
from ...numerics.stable import (
    at_least,
    larger,
    largest,
    power_of_two_scale,
    share,
    sigmoid,
    smaller,
)
from .. import axes
from ..axes import AXES
from ..contract import (
    FEATURE,
    LOGIT,
    PROBABILITY,
    SOFT_LABEL,
    Contract,
    check_axis,
    looks,
)
from ..errors import ParameterError, TargetError
from ..loss import Loss, Tensor
from ..params import Param, choice, flag, whole
from ..results import Counts, Fused, Rows, Sums
from ..slots import BOX, VALID, Slot, declare
from .labels import FromLogits, Ignored, all_ignored


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

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        """Value of each row, and its slopes by y_pred."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return Fused(self.kernel, y_pred, y_true, rowwise=True)


class Overlap(Loss, abstract=True, tasks=("segmentation",)):
    """A loss of how far two masks overlap: soft counts of true positives, false positives and false negatives.

    Counts are taken per row over all other axes, or over `axis`, or for each class along `class_axis`.
    `whole_batch=True` takes one ratio over the batch, as Keras does: the value then depends on how the data are split
    into batches.
    """

    axis: Annotated[
        tuple[int, ...] | int | None,
        Param("The axes to sum over; None is all but the batch axis.", kind="axes", optional=True, unusual=(1,)),
    ] = None
    from_logits: FromLogits = False
    whole_batch: Annotated[bool, flag("If axis is None, sum over the batch axis too: one ratio for all rows.")] = False
    ignore_class: Ignored = None
    class_axis: Annotated[
        int | None,
        whole("The axis of the classes, if each has a ratio of its own; 1 is channels first.", optional=True),
    ] = None
    exclusive: Annotated[
        bool, flag("Whether logits are those of exclusive classes along class_axis: a softmax in place of sigmoids.")
    ] = False

    def validate(self) -> None:
        if self.exclusive and (self.class_axis is None or not self.from_logits):
            raise ParameterError(
                f"{type(self).__name__}(exclusive=True) takes a softmax of the logits of the classes.",
                arrived=f"It was given class_axis={self.class_axis} and from_logits={self.from_logits}.",
                allowed="Expected an axis, and from_logits=True.",
                do="Pass both: class_axis=1 for channels first, -1 for channels last.",
            )

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
        if self._listed():
            return tuple(sorted({axis % rank for axis in self._listed()}))
        apart = None if self.class_axis is None else self._class(rank)
        return tuple(axis for axis in range(first, rank) if axis != apart)

    def _class(self, rank: int) -> int:
        """The axis of the classes from the start."""
        check_axis(type(self).__name__, int(self.class_axis or 0), rank)
        return int(self.class_axis or 0) % rank

    @property
    def contract(self) -> Contract:
        prediction = LOGIT if self.from_logits else PROBABILITY
        ignored = self.ignore_class
        return Contract(SOFT_LABEL, prediction, ignored=ignored, absent=partial(all_ignored, label=ignored))

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES[name] for name in (("logit", "mask logits") if self.from_logits else ("probability", "mask"))]

    def mapped_over(self) -> axes.Plane | None:
        return axes.entries("the true pixel", "a false pixel", self.from_logits)

    def counts(self, y: Tensor, p: Tensor, q: Tensor) -> dict[str, Tensor]:
        """What is added up, entry by entry, and given to `of` by name; q is 1 - p, and both are 0 where ignored."""
        return {"tp": y * p, "fp": (1 - y) * p, "fn": y * q}

    linear = True  # whether the counts are in p and q

    def of(self, tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
        """The value from the soft counts."""
        raise NotImplementedError

    def _shares(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return (sigmoid(x), sigmoid(-x)) if self.from_logits else (x, 1 - x)

    def _of_prediction(self, y: Tensor, x: Tensor) -> dict[str, Tensor]:
        if self.from_logits or type(self).counts is not Overlap.counts:
            return self.counts(y, *self._shares(x))
        hit = y * x  # as exact as from 1 - y and 1 - x: what is lost is half a digit of y or x
        return {"tp": hit, "fp": x - hit, "fn": y - hit}

    def _change(self, x: Tensor) -> Tensor:
        p, q = self._shares(x)
        return p * q

    def call(self, y_true: Tensor, y_pred: Tensor) -> Rows | Sums:
        counted, kept = self._counted(len(y_pred.shape)), None
        batch = 0 in counted and len(y_pred.shape) > 1  # one ratio over the batch: rows are weighed inside the counts
        if batch and self.linear and self.ignore_class is None and not self.exclusive:
            ends = self.counts(0.0, 1.0, -1.0), self.counts(1.0, 1.0, -1.0)  # the slopes by p, less those by q
            change = self._change if self.from_logits else None
            counts = Counts(self._of_prediction, ends, change, y_true, y_pred)
            return Sums({"counts": counts}, lambda sums, count: self.of(**sums["counts"].sums), counted)
        if self.ignore_class is not None:
            kept = ops.not_equal(y_true, self.ignore_class)
            y_true, y_pred = ops.where(kept, y_true, 0.0), ops.where(kept, y_pred, 0.5)
        p, q = self._probabilities(y_pred)
        if kept is not None:
            p, q = ops.where(kept, p, 0.0), ops.where(kept, q, 0.0)
        found = self.counts(y_true, p, q)
        if batch:
            return Sums(found, lambda sums, count: self.of(**sums), counted)
        sums = {name: total(c, counted) if counted else c for name, c in found.items()}
        return Rows(self.of(**sums))

    def _probabilities(self, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """The probability of each entry, and what is left of one."""
        if not self.exclusive:
            return self._shares(y_pred)
        axis = self._class(len(y_pred.shape))
        p, q = probabilities_of_logits(ops.moveaxis(y_pred, axis, -1))
        return ops.moveaxis(p, -1, axis), ops.moveaxis(q, -1, axis)


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

    def of(self, pair: Pair) -> Tensor:
        """The value of each pair of boxes."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor, valid: Tensor | None) -> Rows:
        a, b = self.corners(y_true), self.corners(y_pred)
        self._check(*a)
        return Rows(self.of(Pair(*a, *b)), valid)

    def corners(self, box: Tensor) -> tuple[Tensor, Tensor]:
        """The first corner and the last one, each (..., 2)."""
        a, b = box[..., :2], box[..., 2:]
        if self.coding == "corners":
            return a, b
        return (a - b / 2, a + b / 2) if self.coding == "centre" else (a, a + b)

    def _check(self, a: Tensor, b: Tensor) -> None:
        if looks(type(self).__name__, "box", a) and concrete(b) and bool(ops.convert_to_numpy(ops.any(b < a))):
            raise TargetError(
                f"{type(self).__name__} reads y_true as boxes with coding={self.coding!r}.",
                arrived="Some have a negative width or height.",
                allowed="Expected " + "a width and a height >= 0 in the coding given.",
                do='Pass the coding of your boxes: coding="centre" or coding="size".',
            )


class Image(Loss, abstract=True, tasks=("segmentation",)):
    """A loss of all pixels of an image together; a row is an image."""

    ignore_class: Ignored = None


class Pair:
    """A true and a predicted box, by their corners. One that ends before it begins is empty.

    Lengths are multiplied by the power of two `k` (..., 1), so that no area is too large or too small; areas by its
    square. Sides and distances are (..., 2), areas (...).
    """

    def __init__(self, a: Tensor, a_end: Tensor, b: Tensor, b_end: Tensor) -> None:
        first, last = smaller(a, b), larger(a_end, b_end)
        self.k = power_of_two_scale(ops.stop_gradient(largest(ops.abs(last - first), keepdims=True)))
        self.hull_sides, self.true_sides, self.pred_sides = (
            self._sides(*ends) for ends in ((first, last), (a, a_end), (b, b_end))
        )
        self.common_sides = (smaller(a_end, b_end) - larger(a, b)) * self.k  # below 0 where boxes lie apart
        self.lag = (larger(a, b) - first) * self.k  # how far the common part begins inside of the hull
        self.intersection = _area(at_least(self.common_sides, 0.0))
        rest = [_area(sides) - self.intersection for sides in (self.true_sides, self.pred_sides)]
        self.left = at_least(rest[0] + rest[1], 0.0)  # the union without the intersection
        self._ends = (a, a_end, b, b_end)

    def _sides(self, begin: Tensor, end: Tensor) -> Tensor:
        return at_least((end - begin) * self.k, 0.0)

    @property
    def hull(self) -> Tensor:
        """The area of the smallest box around both."""
        return _area(self.hull_sides)

    @property
    def missed(self) -> Tensor:
        """One minus the intersection over union."""
        return share(self.left, self.intersection)

    @property
    def shift(self) -> Tensor:
        """The way from the true centre to the predicted one."""
        a, a_end, b, b_end = self._ends
        return ((b - a) + (b_end - a_end)) * (self.k / 2)


def _area(sides: Tensor) -> Tensor:
    return sides[..., 0] * sides[..., 1]


class Divergence(Loss, abstract=True, tasks=("distribution",)):
    """A loss of two distributions along the last axis: the sum of a function of the two shares of each class."""

    answers = "shares of classes"

    @property
    def contract(self) -> Contract:
        return Contract(SOFT_LABEL, PROBABILITY)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["share"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.SHARES

    def over_classes(self, p: axes.Array) -> axes.Given | None:
        return axes.three_classes(p, logits=False)

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        """The value of each class, from its two shares."""
        raise NotImplementedError

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        """The derivative of `of` by p in closed form."""
        raise NotImplementedError

    def kernel(self, p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope of each class."""
        return self.of(y, p), self.slope(y, p)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return Fused(self.kernel, y_pred, y_true, sums=True)
