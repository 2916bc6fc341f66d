"""What a loss takes beyond one y_true and one y_pred, declared once: named slots.

    inputs = declare(anchor=Slot(VECTOR, ROWS), positive=Slot(VECTOR, ROWS), negative=Slot(VECTOR, ROWS), stack=1)

Reading, shapes, masks, checks, samples for tests and documents, the function's arguments and the words of its errors
follow. A slot has named axes: equal names have equal sizes, "row" is the batch and carries the weights, and "..."
stands for any further axes, the same in all slots.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from keras import ops

from ..numerics.backend import alike, min_max
from . import inputs, reduction
from .contract import CLASS_INDEX, PROBABILITY, SOFT_LABEL, Values, check_ranks, looks
from .errors import LossaryError, ParameterError, PredictionError, ShapeError, TargetError
from .padding import there
from .reduction import both, widened

Tensor = Any
SIZES = {  # of the axes of samples
    "class": 4, "feature": 3, "item": 5, "box": 3, "3": 3, "4": 4, "5": 5, "reference": 5, "column": 1,
    "step": 3, "past": 6, "member": 4, "threshold": 3, "bin": 4, "number": 9, "height": 4, "width": 3, "channel": 3,
    "frame": 4, "symbol": 2, "position": 3, "expert": 4, "coordinate": 2, "point": 3, "piece": 3, "view": 3,
    "component": 3, "sample": 3, "cluster": 2,
}  # fmt: skip
SIDES = {"true": "y_true", "pred": "y_pred"}

VECTOR = Values("a vector of real numbers", neutral=1.0, draw=lambda rng, shape, top: rng.normal(size=shape))
UNIT = Values(
    "a vector of length 1", neutral=1.0,
    draw=lambda rng, shape, top: (x := rng.normal(size=shape)) / np.linalg.norm(x, axis=-1, keepdims=True),
)  # fmt: skip
POSITIVE = Values(
    "a number > 0", 0.0, neutral=1.0, draw=lambda rng, shape, top: rng.uniform(0.5, 2, shape),
    hint="End the model in a softplus or exp.",
)  # fmt: skip
LOG_PROBABILITY = Values(
    "a log-probability <= 0", high=0.0, slack=1e-3, draw=lambda rng, shape, top: -rng.uniform(0.1, 5, shape),
    hint="Pass the logarithm of the probability; of a whole answer, the sum over its tokens.",
)  # fmt: skip
LOG_VARIANCE = Values("the logarithm of a variance")
AMOUNT = Values("an amount >= 0", 0.0, neutral=1.0, draw=lambda rng, shape, top: rng.integers(0, 3, shape) + 0.5)
TIME = Values("a time >= 0", 0.0, draw=lambda rng, shape, top: rng.integers(1, 5, shape).astype(float))
YES_NO = Values(
    "0 or 1", allowed=(0.0, 1.0), draw=lambda rng, shape, top: rng.integers(0, 2, shape).astype(float)
)  # fmt: skip
SOFT = replace(SOFT_LABEL, draw=lambda rng, shape, top: rng.choice([0.0, 0.25, 0.5, 1.0], size=shape))
CHANCE = replace(
    PROBABILITY, words="a probability in [0, 1], of classes that sum to 1",
    draw=lambda rng, shape, top: rng.dirichlet(np.ones(shape[-1]), shape[:-1]),
)  # fmt: skip
SHARE = replace(PROBABILITY, draw=lambda rng, shape, top: rng.uniform(size=shape))
LEVEL = Values(
    "a level, counted from 0", 0.0, whole=True,
    draw=lambda rng, shape, top: rng.integers(0, SIZES["threshold"] + 1, shape),
    hint="Count the levels from 0; y_pred has one number less than there are levels.",
)  # fmt: skip
THRESHOLD = Values(
    "a threshold less the score, never less than the one before it",
    draw=lambda rng, shape, top: np.sort(rng.normal(scale=2.0, size=shape), -1),
    hint="End the model in ls.heads.CumulativeLink, which keeps the thresholds in order.",
)  # fmt: skip
NUMBERS = Values("numbers of a mean and a covariance")
PLACE = Values(
    "a place on the grid of bins, counted from 0", 0.0,
    draw=lambda rng, shape, top: rng.uniform(0, SIZES["bin"] - 1, shape),
    hint="Divide the targets by the width of a bin, or give the model more bins.",
)  # fmt: skip
UP_TO = {CLASS_INDEX: ("class", 1), LEVEL: ("threshold", 0), PLACE: ("bin", 1)}  # by the size of an axis, less a number
GROUP = Values("an integer class label", whole=True, draw=lambda rng, shape, top: rng.integers(0, 3, shape))


def _boxes(rng: np.random.Generator, shape: tuple[int, ...], top: int) -> np.ndarray:
    corner = rng.uniform(0, 5, (*shape[:-1], 2))
    return np.concatenate([corner, corner + rng.uniform(1, 4, corner.shape)], -1)


def _some(rng: np.random.Generator, shape: tuple[int, ...], top: int) -> np.ndarray:
    exists = rng.uniform(size=shape) < 0.7
    exists[..., 0] = True
    return exists


BOX = Values("a box (left, top, right, bottom)", draw=_boxes)
VALID = Values("True where an entry is not padding", draw=_some)
LENGTH = Values(
    "how many entries, from the first, are not padding", 0.0, whole=True,
    draw=lambda rng, shape, top: rng.integers(1, top + 1, shape), hint="Count the entries before padding.",
)  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """One input.

    Args:
        kind: what its numbers are.
        axes: the names of its axes.
        side: where it arrives: in y_true ("true"), in y_pred ("pred"), beside both by name ("any"), or not at all,
            because the loss owns it ("own").
        optional: whether it may be missing.
        valid: the slot that says which of its entries exist.
        lengths: of such a slot, the one that says the same by how many entries of a row exist.
        ignored: a field of the loss: entries that hold its number do not count.
    """

    kind: Values
    axes: tuple[str, ...] = ("row",)
    side: str = "pred"
    optional: bool = False
    valid: str | None = None
    lengths: str | None = None
    ignored: str | None = None

    @property
    def shape(self) -> str:
        """Its axes, as a shape is written."""
        return f"({', '.join(self.axes)}{',' * (len(self.axes) == 1)})"

    @property
    def words(self) -> str:
        """What it holds."""
        return f"{self.kind.words}{', optional' * self.optional}"


@dataclass(frozen=True)
class OwnSlot(Slot):
    """A weight that the loss owns: its variable trains with the model, and a function takes the tensor by name.

    `sizes` are the fields of the loss that fix the sizes of the axes; `start` is a Keras initializer, or the number to
    start at, made from the loss. `link` makes a lawful number of the variable; what is passed by name is lawful. A slot
    with the name of a field is that field in the function: `adaptive_robust(y_true, y_pred, alpha=0.5)`.
    """

    link: Callable[[Tensor], Tensor] | None = None
    sizes: tuple[str, ...] = ()
    start: str | Callable[[Any], float] = "glorot_uniform"
    trainable: bool = True
    when: str | None = None  # a field of the loss: without it there is no such weight


def own(kind: Values, axes: tuple[str, ...], sizes: tuple[str, ...], *,
        start: str | Callable[[Any], float] = "glorot_uniform", trainable: bool = True,
        link: Callable[[Tensor], Tensor] | None = None, when: str | None = None) -> OwnSlot:  # fmt: skip
    """A weight of the loss: own(VECTOR, ("class", "feature"), sizes=("classes", "features")).

    With trainable=False it is a state that the formula itself moves, by `Loss.remember`.
    """
    return OwnSlot(kind, axes, "own", link=link, sizes=sizes, start=start, trainable=trainable, when=when)


def sized(axes: tuple[str, ...], shape: Iterable[int | None]) -> dict[str, int]:
    """The sizes of named axes that a shape tells; "..." stands for any number of them."""
    sizes = list(shape)
    at = axes.index("...") if "..." in axes else len(axes)
    rest = axes[at + 1 :]
    pairs = [*zip(axes[:at], sizes, strict=False), *zip(rest, sizes[len(sizes) - len(rest) :], strict=False)]
    return {axis: n for axis, n in pairs if n}


@dataclass
class Batch:
    """The slots as tensors. `keep` says which rows count, None for all; `mask` is the same without the zeros among the
    weights, so that a mean divides by it."""

    slots: dict[str, Tensor]
    keep: Tensor | None = None
    mask: Tensor | None = None
    weight: Tensor | None = None
    start: int = 0  # the place of the first row among all rows

    def rows(self) -> Rowset:
        """For formulas that compare rows with each other."""
        first = next(iter(self.slots.values()))
        every = ops.ones_like(first[(slice(None), *[0] * (len(first.shape) - 1))], dtype="bool")
        keep = every if self.keep is None else both(every, self.keep)
        weight = None if self.weight is None else self.weight * ops.cast(every, self.weight.dtype)
        place = ops.cumsum(ops.cast(every, "int32")) - 1 + self.start
        return Rowset(**self.slots, keep=keep, weight=weight, place=place)


class Rowset(SimpleNamespace):
    """Rows as a formula of `here` and `others` sees them: the slots by name, and of each row whether it exists
    (`keep`), its `weight` (or None for all) and its `place`, by which a row knows itself."""


@dataclass(frozen=True)
class Inputs:
    """The slots of a loss, by name and in their order.

    `stack` and `stack_true` are the axes along which one tensor holds a whole side: y_pred, and y_true.
    """

    slots: dict[str, Slot] = field(default_factory=dict)
    stack: int | None = None
    stack_true: int | None = None

    def side(self, side: str) -> list[str]:
        """The names of the slots of one side; those that arrive beside both belong to either."""
        return [name for name, slot in self.slots.items() if slot.side == side]

    def own(self) -> dict[str, OwnSlot]:
        """The weights that the loss owns."""
        return {name: slot for name, slot in self.slots.items() if isinstance(slot, OwnSlot)}

    def sizes(self, owner: str, y_true: Any, y_pred: Any, named: dict[str, Any]) -> dict[str, int]:
        """The sizes of the axes, as what arrived shows them."""
        found: dict[str, int] = {}
        for name, x in self._given(owner, y_true, y_pred, named).items():
            found |= sized(self.slots[name].axes, getattr(x, "shape", None) or np.shape(x))
        return found

    def counted(self, name: str) -> str:
        """The axis whose entries a slot of lengths counts."""
        return next(slot.axes[1] for slot in self.slots.values() if slot.lengths == name)

    @property
    def needed(self) -> list[str]:
        """The slots that have to arrive."""
        return [name for name, slot in self.slots.items() if not slot.optional and slot.side != "own"]

    def takes(self, y_true: Any, y_pred: Any, named: dict[str, Any]) -> bool:
        """Whether what arrived can be these inputs: decided by names and structure, never by numbers."""
        try:
            given = self._given("", y_true, y_pred, named)
        except LossaryError:
            return False
        return all(name in given for name in self.needed)

    def fits(self, places: int, names: Iterable[str]) -> bool:
        """Whether so many slots by place, and these by name, are what has to arrive."""
        names = set(names)
        rest = [name for name in self.slots if name not in names]
        return names <= set(self.slots) and places <= len(rest) and not [n for n in rest[places:] if n in self.needed]

    # -- reading ------------------------------------------------------------------------------------------------

    def read(
        self, owner: str, y_true: Any, y_pred: Any, named: dict[str, Any], *, dtype: str, weight: Any = None,
        mask: Any = None, loss: Any = None,
    ) -> Batch:  # fmt: skip
        """Structure, types, shapes, masks, what fills the rows that do not count, values: in this order."""
        given = self._given(owner, y_true, y_pred, named)
        missing = [name for name in self.needed if given.get(name) is None]
        if missing:
            raise self._refusal(owner, f"{', '.join(missing)} is missing.")
        tensors = {n: self._tensor(owner, n, given[n], dtype) for n in self.slots if given.get(n) is not None}
        tensors = self._shaped(owner, tensors)
        weight = None if weight is None else inputs.read(owner, "sample_weight", _single(weight), dtype)
        mask = None if mask is None else ops.cast(inputs.arrived(owner, "mask", mask), "bool")
        tensors, mask = self._padding(tensors, mask)
        for name, slot in self.slots.items():
            number = None if slot.ignored is None else getattr(loss, slot.ignored, None)
            if number is not None and name in tensors:
                mask = both(mask, ops.not_equal(tensors[name], number))
        weight, mask = (
            self._leading(owner, "sample_weight", weight, tensors),
            self._leading(owner, "mask", mask, tensors),
        )
        keep = mask
        if weight is not None and len(weight.shape):
            mask = both(mask, there(weight))
            keep = both(mask, ops.not_equal(weight, 0))
        tensors = self._spoilt({name: self._filled(name, x, keep, tensors) for name, x in tensors.items()})
        for name, x in tensors.items():
            self._check(owner, name, x, tensors, () if loss is None else type(loss).params)
        return Batch(tensors, keep, mask, weight)

    def named(self, owner: str, y_true: Any, y_pred: Any, named: dict[str, Any]) -> dict[str, Any]:
        """What arrived, by the names of the slots, without those that did not."""
        return {name: x for name, x in self._given(owner, y_true, y_pred, named).items() if x is not None}

    def _given(self, owner: str, y_true: Any, y_pred: Any, named: dict[str, Any]) -> dict[str, Any]:
        """What arrived, by the names of the slots."""
        unknown = [name for name in named if name not in self.slots]
        if unknown:
            raise self._refusal(owner, f"It was given {', '.join(unknown)}.")
        return {**self._apart(owner, "true", y_true), **self._apart(owner, "pred", y_pred), **named}

    def _apart(self, owner: str, side: str, y: Any) -> dict[str, Any]:
        """One side, as Keras hands it over, as named parts: a dictionary, a tuple, one tensor, one stacked tensor."""
        names = self.side(side)
        needed = [name for name in names if not self.slots[name].optional]
        if y is None or (isinstance(y, (tuple, list)) and len(y) > 0 and all(one is None for one in y)):
            return {}
        if isinstance(y, dict):
            also = [name for name, slot in self.slots.items() if slot.side == "any"]
            if not set(y) <= {*names, *also}:
                raise self._refusal(owner, f"{SIDES[side]} is a dictionary with the keys {', '.join(map(str, y))}.")
            return dict(y)
        several = isinstance(y, (tuple, list)) and len(y) > 0 and bool(getattr(y[0], "shape", ()))
        if several and len(y) == 1 and len(names) == 1:
            return {names[0]: y[0]}
        if len(needed) == 1 and not several and self._stacked(side) is None:
            return {needed[0]: y}
        if several and len(needed) <= len(y) <= len(names):
            return dict(zip(names, y, strict=False))
        axis = self._stacked(side)
        if axis is not None and needed and not several:
            y = inputs.arrived(owner, SIDES[side], y)
            count = y.shape[axis] if len(y.shape) == len(self.slots[needed[0]].axes) + 1 else None
            if "..." in self.slots[needed[0]].axes and len(y.shape) > 1:
                count = y.shape[axis]
            if count is not None and len(needed) <= count <= len(names):
                parts = np.moveaxis(y, axis, 0) if isinstance(y, np.ndarray) else ops.unstack(y, count, axis=axis)
                return dict(zip(names, parts, strict=False))
            if len(needed) == 1:
                return {needed[0]: y}
        shown = tuple(y.shape) if hasattr(y, "shape") else type(y).__name__
        raise self._refusal(owner, f"{SIDES[side]} is one tensor of shape {shown}." if hasattr(y, "shape")
                            else f"{SIDES[side]} came as a {shown}.")  # fmt: skip

    def _stacked(self, side: str) -> int | None:
        return self.stack if side == "pred" else self.stack_true

    def _tensor(self, owner: str, name: str, x: Any, dtype: str) -> Tensor:
        kind = self.slots[name].kind
        if kind is VALID:
            return ops.cast(inputs.arrived(owner, name, x), "bool")
        return inputs.read(owner, name, x, dtype, kind.whole, kind.low == 0)

    def _shaped(self, owner: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Shapes by the names of the axes. One last axis of length 1 too many is dropped."""
        check_ranks(owner, **tensors)
        shaped = {name: self._of_rank(owner, name, x) for name, x in tensors.items()}
        ranks = [len(x.shape) + 1 - len(self.slots[n].axes) for n, x in shaped.items() if "..." in self.slots[n].axes]
        rest = min(ranks, default=0)
        sizes: dict[str, int] = {}
        first: dict[str, tuple[str, Tensor]] = {}
        for name, x in shaped.items():
            axes = self.slots[name].axes
            if "..." in axes:
                if len(x.shape) + 1 - len(axes) == rest + 1 and x.shape[-1] == 1:
                    shaped[name] = x = ops.squeeze(x, -1)
                at = axes.index("...")
                axes = (*axes[:at], *(f"further axis {i + 1}" for i in range(rest)), *axes[at + 1 :])
            if len(axes) != len(x.shape):
                raise self._mismatch(owner, name, tensors[name])
            for axis, size in zip(axes, x.shape, strict=True):
                want = int(axis) if axis.isdigit() else sizes.get(axis)
                if size is not None and want is not None and size != want:
                    raise self._mismatch(owner, name, tensors[name], axis, size, want)
                if size is not None:
                    sizes[axis] = size
            if None in x.shape[:1] and axes[0] == "row":
                other = first.setdefault("row", (name, x))
                if other[1] is not x:
                    wrong = str(self._refusal(owner, f"{name} and {other[0]} have different numbers of rows."))
                    same = self.slots[name].axes == self.slots[other[0]].axes and len(x.shape) == len(other[1].shape)
                    shaped[name] = alike(x, other[1], wrong) if same else x
        return shaped

    def _of_rank(self, owner: str, name: str, x: Tensor) -> Tensor:
        axes = self.slots[name].axes
        if "..." not in axes and len(x.shape) == len(axes) + 1 and x.shape[-1] == 1:
            return ops.squeeze(x, -1)
        return x

    def _padding(self, tensors: dict[str, Tensor], mask: Any) -> tuple[dict[str, Tensor], Any]:
        """Lengths, and a mask of entries, are the slot that says which entries exist."""
        for name, slot in self.slots.items():
            if slot.lengths in tensors:
                padded = next(x for n, x in tensors.items() if self.slots[n].valid == name)
                there = ops.arange(ops.shape(padded)[1], dtype="int32") < ops.expand_dims(tensors[slot.lengths], -1)
                tensors = {**tensors, name: both(tensors.get(name), there)}
        for name, slot in self.slots.items():
            if slot.kind is VALID and mask is not None and len(mask.shape) == len(slot.axes):
                return {**tensors, name: both(tensors.get(name), mask)}, None
        return tensors, mask

    def _leading(self, owner: str, what: str, given: Tensor | None, tensors: dict[str, Tensor]) -> Tensor | None:
        """A weight or mask, whose axes are the first axes of the predictions."""
        if given is None or len(given.shape) == 0:
            return given
        name = next(n for n in tensors if self.slots[n].axes[0] == "row")
        for name, x in tensors.items():
            if self.slots[name].axes[0] == "row" and len(x.shape) >= len(given.shape):
                break
        while len(given.shape) > 1 and given.shape[-1] == 1:
            given = ops.squeeze(given, axis=-1)
        shape = tuple(tensors[name].shape)
        if not reduction.leading(tuple(given.shape), shape):
            raise ShapeError(
                f"{owner} multiplies each row by its weight or mask.",
                arrived=f"The {what} has shape {tuple(given.shape)}, and {name} has shape {shape}.",
                allowed="Expected one number, or one per row.",
                do=f"Reshape the {what} so that its first axis counts the rows.",
            )
        return given

    def _filled(self, name: str, x: Tensor, keep: Tensor | None, tensors: dict[str, Tensor]) -> Tensor:
        """`x` with harmless numbers where it does not count, so that nothing it holds can spread."""
        slot = self.slots[name]
        exists = None if slot.valid is None else tensors.get(slot.valid)
        if keep is not None and slot.axes[0] == "row":
            rank = len(x.shape)
            rows = ops.any(keep, axis=tuple(range(rank, len(keep.shape)))) if len(keep.shape) > rank else keep
            exists = both(exists, rows)
        if exists is None or slot.kind is VALID:
            return x
        if slot.kind is BOX:  # a box of size 1
            return ops.where(widened(exists, x), x, ops.cast([0.0, 0.0, 1.0, 1.0], x.dtype))
        return ops.where(widened(exists, x), x, ops.cast(slot.kind.neutral, x.dtype))

    def _spoilt(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Where a label or a time is NaN, so is the first prediction beside it: comparisons would take it for "no"."""
        beside = [name for name, s in self.slots.items() if name in tensors and s.side != "true" and s.kind.any]
        for name, slot in self.slots.items():
            if name in tensors and (slot.kind.allowed or slot.kind is TIME):
                for other in [n for n in beside if self.slots[n].axes[: len(slot.axes)] == slot.axes][:1]:
                    x = tensors[other]
                    tensors[other] = ops.where(widened(ops.isnan(tensors[name]), x), float("nan"), x)
        return tensors

    def _check(self, owner: str, name: str, x: Tensor, tensors: dict[str, Tensor], parameters: Collection[str]) -> None:
        """Look at the numbers of an eager call."""
        slot = self.slots[name]
        kind = slot.kind
        high = kind.high
        if kind in UP_TO:
            axis, less = UP_TO[kind]
            high = self._size(axis, tensors) - less
        if kind is LENGTH:
            high = self._size(self.counted(name), tensors)
        plain = (kind.low, high) == (-np.inf, np.inf) and not kind.allowed
        if plain or not looks(owner, name, x):
            return
        low_seen, high_seen = min_max(x)
        wrong = low_seen < kind.low - kind.slack or high_seen > high + kind.slack
        if kind.allowed and not wrong:
            found = np.asarray(ops.convert_to_numpy(x)).astype("float64")
            wrong = not bool((np.isin(found, kind.allowed) | np.isnan(found)).all())
        if wrong:
            kinds: type[LossaryError] = TargetError if slot.side == "true" else PredictionError
            counted = {kind: kind.words.partition(",")[0] for kind in UP_TO} | {LENGTH: "a number of entries"}
            words = f"{counted[kind]} from 0 to {high:g}" if kind in counted else kind.words
            raise kinds(
                f"{owner} reads every entry of {name} as {words}.",
                arrived=f"{name} holds values from {low_seen:g} to {high_seen:g}.",
                allowed=f"Expected {words}.",
                do=f"Pass {slot.ignored}=… if a number marks the entries that do not count."
                if slot.ignored
                else kind.advice(parameters) or f"Bring {name} into this range.",
            )

    def _size(self, axis: str, tensors: dict[str, Tensor]) -> float:
        """The size of an axis, as far as it is known."""
        for name, x in tensors.items():
            axes = self.slots[name].axes
            if axis in axes and "..." not in axes[axes.index(axis) :]:
                size = x.shape[axes.index(axis) - len(axes)]
                return np.inf if size is None else size
        return np.inf

    # -- words --------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return "; ".join(self._told(own=False))

    def words(self) -> str:
        """What it takes, for cards: also the weights that the loss owns."""
        return ". ".join(self._told(own=True))

    def _told(self, own: bool) -> list[str]:
        """The names of the slots of one kind, with their shape and what they hold."""
        told: dict[str, list[str]] = {}
        for name, slot in self.slots.items():
            if own or slot.side != "own":
                words = "weights of the loss" if isinstance(slot, OwnSlot) else slot.words
                told.setdefault(f"{slot.shape}: {words}", []).append(name)
        return [f"{', '.join(names)} {kind}" for kind, names in told.items()]

    def _refusal(self, owner: str, arrived: str) -> ParameterError:
        return ParameterError(
            f"{owner} reads {', '.join(n for n, slot in self.slots.items() if slot.side != 'own')}.",
            arrived=arrived,
            allowed=f"Expected {self}.",
            do="Pass them by name, or as a tuple or dictionary of tensors in this order.",
        )

    def _mismatch(self, owner: str, name: str, x: Tensor, axis: str = "", size: int = 0, want: int = 0) -> ShapeError:
        what = f": {size} along '{axis}', not {want}" if axis else ""
        return ShapeError(
            f"{owner} reads {name} of shape {self.slots[name].shape}.",
            arrived=f"{name} has shape {tuple(x.shape)}{what}.",
            allowed=f"Expected {self}; axes of the same name have the same size.",
            do=f"Reshape {name}.",
        )

    # -- samples ------------------------------------------------------------------------------------------------

    def sample(
        self,
        rng: np.random.Generator,
        rows: int,
        rest: tuple[int, ...] = (),
        *,
        optional: bool = True,
        sizes: dict[str, int] | None = None,
    ) -> dict[str, np.ndarray]:
        """Lawful arrays for every slot; `rest` are the sizes of "...", `sizes` those of other axes. Rows have partners
        of their own group."""
        known = {**SIZES, **(sizes or {})}
        made: dict[str, np.ndarray[Any, Any]] = {}
        for name, slot in self.slots.items():
            if slot.optional and not optional:
                continue
            lengths = [rest if a == "..." else (rows if a == "row" else known[a],) for a in slot.axes]
            shape = tuple(n for part in lengths for n in part)
            if slot.kind is GROUP:
                made[name] = np.arange(shape[0]) // 2 % 3
            elif slot.kind is CLASS_INDEX:
                made[name] = rng.integers(0, known["class"], shape)
            else:
                draw = slot.kind.draw or (lambda rng, shape, top: rng.normal(size=shape))
                made[name] = draw(rng, shape, known[self.counted(name)] if slot.kind is LENGTH else 0)
        return made

    def sides(self, slots: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Named slots as y_true, y_pred (dictionaries), and what is passed beside them by name."""
        parts: dict[str, dict[str, Any]] = {"true": {}, "pred": {}, "any": {}, "own": {}}
        for name, x in slots.items():
            parts[self.slots[name].side][name] = x
        return parts["true"], parts["pred"], {**parts["any"], **parts["own"]}


@dataclass(frozen=True)
class Forms:
    """The slots of each of a loss's formulas, by the formula's name. Names and structure decide which one is meant."""

    forms: tuple[tuple[str, Inputs], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.forms)

    def values(self) -> list[Inputs]:
        return [slots for _, slots in self.forms]

    def own(self) -> dict[str, OwnSlot]:
        """The weights that the loss owns."""
        return {name: slot for slots in self.values() for name, slot in slots.own().items()}

    def own_of(self, loss: Any) -> dict[str, OwnSlot]:
        """Those that this loss has, by its fields."""
        return {name: slot for name, slot in self.own().items() if slot.when is None or getattr(loss, slot.when)}

    def names(self) -> str:
        """What has to arrive, by name."""
        return " or ".join(", ".join(slots.needed) for slots in self.values())

    def words(self) -> str:
        """What the loss takes, in words."""
        return ". Or: ".join(slots.words() for slots in self.values())

    @property
    def several(self) -> bool:
        """Whether a side holds more than one tensor: then outputs and targets meet the slots by name."""
        return any(len([n for n in slots.needed if n in slots.side(side)]) > 1
                   for slots in self.values() for side in SIDES)  # fmt: skip

    def chosen(self, y_true: Any, y_pred: Any, named: dict[str, Any]) -> tuple[str, Inputs]:
        """The formula for what arrived; where none fits, the first one tells what is wrong."""
        if len(self.forms) > 1:
            for form, slots in self.forms:
                if slots.takes(y_true, y_pred, named):
                    return form, slots
        return self.forms[0]


def declare(*, stack: int | None = None, stack_true: int | None = None, **slots: Slot) -> Forms:
    """The slots of a loss with one formula, `call`: declare(anchor=Slot(VECTOR, ROWS), …)."""
    return Forms((("call", Inputs(slots, stack, stack_true)),))


def either(**forms: Forms) -> Forms:
    """The slots of a loss with several formulas, by their names: either(call=declare(…), mined=declare(…))."""
    return Forms(tuple((name, declared.forms[0][1]) for name, declared in forms.items()))


def _single(weight: Any) -> Any:
    """Weights that Keras has put into the shape of several targets: the same tensor for each of them."""
    if isinstance(weight, dict):
        weight = list(weight.values())
    return weight[0] if isinstance(weight, (list, tuple)) and len(weight) and hasattr(weight[0], "shape") else weight


def size_fields(own: dict[str, OwnSlot]) -> str:
    """The parameters that fix the sizes of the weights that a loss owns, in words."""
    return ", ".join(dict.fromkeys(field for slot in own.values() for field in slot.sizes))
