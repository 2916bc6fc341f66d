"""What a loss of named slots takes, as things to move: points in the plane, scores in a list, boxes.

The slots alone decide which scene a loss has: a new loss needs no word here. What moves has a handle on the page; what
does not (labels, relevances, times) is typed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from lossary.core.axes import CODINGS
from lossary.core.contract import Values
from lossary.core.loss import Loss
from lossary.core.slots import BOX, LOG_PROBABILITY, UNIT, Inputs, OwnSlot, Slot
from lossary.explorer.curves import label
from lossary.explorer.question import Array, Question
from lossary.numerics.backend import gradients

Slots = dict[str, Slot]
POINT = ("feature", "coordinate")  # the last axis of a point
BESIDE = {"row", "member", "point", "class"}  # the axes along which there are several points
ENTRIES = ("item", "class", "row")  # what a list counts
SIZES = {"feature": 2, "coordinate": 2, "member": 3, "point": 3, "item": 5, "4": 4}
SCORES = np.array([1.0, -0.5, 0.4, 1.6, -1.2])
TRUE_BOX, OTHER_BOX = np.array([1.5, 1.5, 6.5, 5.5]), np.array([5.0, 2.5, 9.0, 7.0])
NEAR = np.array([0.5, -0.3])  # from a point to what should be the same


@dataclass(frozen=True)
class Part:
    """One slot of a scene: where it starts, and whether it moves and trains.

    `square` says that it is a weight of the loss, `unit` that it keeps to the circle of radius 1.
    """

    name: str
    words: str
    start: Array
    moves: bool
    trains: bool
    square: bool = False
    unit: bool = False
    low: float = -4.0
    high: float = 4.0


@dataclass(frozen=True)
class Scene:
    """One formula of a loss on one panel. Losses of one `key` can be laid on one another."""

    panel: str
    form: str
    inputs: Inputs
    parts: tuple[Part, ...]

    @property
    def key(self) -> str:
        """What is moved and typed: names, shapes, and what the numbers may be."""
        return "; ".join(
            f"{part.name} {part.start.shape} {part.low, part.high, part.unit if part.moves else part.words}"
            for part in self.parts
        )


def scenes(loss: Loss) -> list[Scene]:
    """The scenes of a loss: at most one for each of its formulas."""
    found = []
    for form, inputs in loss.inputs.forms if type(loss).inputs else ():
        slots = _shown(inputs)
        made = next(((panel, parts) for panel, make in PANELS.items() if (parts := make(slots))), None)
        if made:
            found.append(Scene(made[0], form, inputs, made[1]))
    return found


def _shown(inputs: Inputs) -> Slots:
    """The slots that have to be there."""
    own = {name for name, slot in inputs.own().items() if slot.when is None}
    return {name: slot for name, slot in inputs.slots.items() if name in inputs.needed or name in own}


def _trains(slot: Slot) -> bool:
    """Whether training moves it: a prediction, or a weight of the loss."""
    return slot.side != "true"


def _axes(slot: Slot) -> tuple[str, ...]:
    return tuple(axis for axis in slot.axes if axis != "...")


def _boxes(slots: Slots) -> tuple[Part, ...]:
    """Two boxes, in a field from 0 to 10."""
    if not slots or any(slot.kind is not BOX for slot in slots.values()):
        return ()
    starts = {True: OTHER_BOX, False: TRUE_BOX}
    return tuple(
        Part(name, slot.kind.words, starts[_trains(slot)][None], True, _trains(slot), low=0.0, high=10.0)
        for name, slot in slots.items()
    )


def _points(slots: Slots) -> tuple[Part, ...]:
    """Vectors of two numbers, and a label or a number for each row."""
    points = {n: s for n, s in slots.items() if s.axes[-1] in POINT and s.kind.any and {*_axes(s)[:-1]} <= BESIDE}
    typed = {n: s for n, s in slots.items() if n not in points}
    if not points or any(_axes(s) != ("row",) or _trains(s) for s in typed.values()):
        return ()
    by_row = [s for s in points.values() if "row" in s.axes and not isinstance(s, OwnSlot)]
    several = {"member", "point"} & {axis for s in points.values() for axis in s.axes}
    sizes = {**SIZES, "class": 2, "row": 1 if several else max(1, 4 // len(by_row))}
    parts: list[Part] = []
    placed = 0
    for name, slot in slots.items():
        shape = tuple(sizes[axis] for axis in _axes(slot))
        if name in typed:
            parts.append(_typed(name, slot, shape))
            continue
        aim = next((p.start for p in parts if p.moves and not p.trains and p.start.shape == shape), None)
        start = _around(shape, placed, slot.kind is UNIT) if aim is None else 0.8 * aim + NEAR
        own, unit = isinstance(slot, OwnSlot), slot.kind is UNIT
        parts.append(Part(name, slot.kind.words, start, True, _trains(slot), own, unit, -2.0, 2.0))
        placed += start.size // 2
    return tuple(parts)


def _around(shape: tuple[int, ...], first: int, unit: bool) -> Array:
    """Points about the middle, no two in one direction."""
    turn = 0.5 + 2.4 * (first + np.arange(np.prod(shape) // 2))
    return np.round((1.0 if unit else 1.2) * np.stack([np.cos(turn), np.sin(turn)], -1).reshape(shape), 2)


def _lists(slots: Slots) -> tuple[Part, ...]:
    """Scores of items, of classes or of rows, and what is known of each or of all."""
    scores = {n: s for n, s in slots.items() if _trains(s)}
    entry = next((axis for axis in ENTRIES if {_axes(s)[-1] for s in scores.values()} == {axis}), "")
    rest = ("row",) if entry != "row" else ()
    fitting = all(_axes(s) in ((*rest, entry), rest or (entry,)) for s in slots.values())
    free = all(s.kind.any or s.kind is LOG_PROBABILITY for s in scores.values())
    if not entry or not fitting or not free or any(isinstance(s, OwnSlot) for s in scores.values()):
        return ()
    sizes = {**SIZES, "class": 4, "row": 4} | ({} if entry == "row" else {"row": 1})
    parts: list[Part] = []
    for name, slot in slots.items():
        shape = tuple(sizes[axis] for axis in _axes(slot))
        if name not in scores:
            parts.append(_typed(name, slot, shape))
            continue
        start = np.resize(np.roll(SCORES, sum(p.moves for p in parts)), shape)
        low, high = (-8.0, 0.0) if slot.kind is LOG_PROBABILITY else (-4.0, 4.0)
        parts.append(Part(name, slot.kind.words, start if high else start - 2.0, True, True, low=low, high=high))
    return tuple(parts)


def _typed(name: str, slot: Slot, shape: tuple[int, ...]) -> Part:
    """A slot that is known beforehand."""
    return Part(name, slot.kind.words, _known(slot.kind, int(np.prod(shape))).reshape(shape), False, False)


def _known(kind: Values, n: int) -> Array:
    place = np.arange(n)
    if kind.allowed or kind.high == 1:
        return np.where(place % 2, min(kind.allowed, default=0.0), 1.0)
    if kind.whole:
        return place // 2 % 2.0
    return np.maximum(n - 2.0 * place, 0.0) if n > 4 else np.arange(n, 0.0, -1)


PANELS: dict[str, Callable[[Slots], tuple[Part, ...]]] = {"boxes": _boxes, "points": _points, "lists": _lists}


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """For one to four losses on the same things: the value, and the gradient by all that trains."""
    asked = Question(question)
    panel = asked.choice("panel", *PANELS)
    losses = asked.losses(lambda loss: bool(_on(loss, panel)))
    own = [_on(loss, panel) for loss in losses]
    form = asked.choice("form", *[one.form for one in own[0]])
    first = next(one for one in own[0] if one.form == form)
    given = asked.mapping("at")
    at = {part.name: given.like(part.name, part.start) for part in first.parts}
    same = [next((one for one in found if one.key == first.key), None) for found in own]
    same[0] = first
    runs = [
        {"label": label(loss), **(_run(loss, one, at) if one else {})} for loss, one in zip(losses, same, strict=True)
    ]
    return {"panel": panel, "form": form, "at": at, "runs": runs}


def _on(loss: Loss, panel: str) -> list[Scene]:
    return [one for one in scenes(loss) if one.panel == panel]


def _run(loss: Loss, own: Scene, at: dict[str, Array]) -> dict[str, Any]:
    """What a call of the loss gives. Boxes are corners here, and what the loss reads in its own coding."""
    code = CODINGS[getattr(loss, "coding", "corners")]
    boxes = own.panel == "boxes"
    tensors = {name: _tensor(own.inputs.slots[name], x @ code.T if boxes else x) for name, x in at.items()}
    trained = [part.name for part in own.parts if part.trains]

    def value(parts: list[Any]) -> Any:
        y_true, y_pred, beside = own.inputs.sides({**tensors, **dict(zip(trained, parts, strict=True))})
        return loss(y_true or None, y_pred or None, **beside)

    parts = [tensors[name] for name in trained]
    slopes = [ops.convert_to_numpy(by).astype("float64") for by in gradients(value, parts)]
    by_name = {name: by @ code if boxes else by for name, by in zip(trained, slopes, strict=True)}
    return {"value": float(ops.convert_to_numpy(value(parts))), "gradients": by_name}


def _tensor(slot: Slot, x: Array) -> Any:
    return ops.convert_to_tensor(x.astype("int32" if slot.kind.whole else "float32"))


def shown(loss: Loss) -> list[dict[str, Any]]:
    """The scenes as the page needs them."""
    return [
        {"panel": one.panel, "form": one.form, "key": one.key, "parts": [vars(part) for part in one.parts]}
        for one in scenes(loss)
    ]
