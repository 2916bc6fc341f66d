"""Forms of vectors, masks and boxes."""

from __future__ import annotations

from typing import Annotated, Any

from keras import ops

from ...numerics.backend import concrete, total
from ...numerics.stable import (
    at_least,
    larger,
    largest,
    middling,
    sigmoid,
    smaller,
)
from .. import axes
from ..axes import AXES
from ..contract import (
    CHECKS,
    FEATURE,
    LOGIT,
    PROBABILITY,
    SOFT_LABEL,
    Contract,
    check_axis,
)
from ..errors import TargetError
from ..loss import Loss, Tensor
from ..params import Param, choice, flag
from ..results import Fused, Rows, Sums
from ..slots import BOX, VALID, Slot, declare
from .labels import FromLogits


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
        Param("The axes to sum over; None is all but the batch axis.", kind="axes", optional=True, unusual=(1,)),
    ] = None
    from_logits: FromLogits = False
    whole_batch: Annotated[bool, flag("If axis is None, sum over the batch axis too: one ratio for all rows.")] = False

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
                f"{type(self).__name__} reads y_true as boxes with coding={self.coding!r}.",
                arrived="Some have a negative width or height.",
                allowed="Expected " + "a width and a height >= 0 in the coding given.",
                do='Pass the coding of your boxes: coding="centre" or coding="size".',
            )


def _area(begin: Tensor, end: Tensor, k: Tensor) -> Tensor:
    """The area of a rectangle whose sides are multiplied by k; one that ends before it begins is empty."""
    sides = at_least((end - begin) * k, 0.0)
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
