"""Value, gradient and curvature of losses along their axis, as the losses themselves compute them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from lossary.core import catalogue
from lossary.core.along import Along
from lossary.core.axes import Axis
from lossary.core.contract import checks
from lossary.core.lookup import loss_class
from lossary.core.loss import Loss
from lossary.core.mathml import symbol
from lossary.explorer.question import Array, Question
from lossary.numerics.backend import gradient

POINTS = 320
Tensor = Any


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The curves of one to four losses with the first one's axis; those over other axes are named, not drawn.

    A loss that has no axis says why.
    """
    asked = Question(question)
    losses = asked.losses()
    axis = axis_of(losses[0])
    if axis is None:
        return {"axis": None, "curves": [], "undrawn": losses[0].undrawn}
    second = _second(asked, axis)
    x = grid(axis)
    drawn: list[dict[str, Any]] = []
    for loss in losses:
        other = axis_of(loss)
        if other is None or other.name != axis.name:
            drawn.append({"label": label(loss), "other": "no single number" if other is None else words(other)})
            continue
        drawn.append({"label": label(loss), **_curve(loss, second)})
    return {"axis": shown(axis), "x": x, "second": second, "curves": drawn}


def axis_of(loss: Loss) -> Axis | None:
    """The axis of the page: the one with most to move."""
    return next(reversed(loss.drawn_over()), None)


def words(axis: Axis) -> str:
    """Its label, where the second number stands beside it."""
    return axis.short or axis.label


def _second(asked: Question, axis: Axis) -> float | None:
    """The second number of the axis. What was meant for another axis, which the page names, is none of this one."""
    knob, meant = axis.second, asked.text("axis", 40)
    if knob is None:
        return None
    return asked.number("second", knob.default, knob.low, knob.high) if meant in ("", axis.name) else knob.default


def _curve(loss: Loss, second: float | None) -> dict[str, Array]:
    parameters = {name: getattr(loss, name) for name in loss.params}
    return _known(type(loss).__name__, tuple(parameters.items()), second)


@lru_cache(maxsize=64)
def _known(name: str, parameters: tuple[tuple[str, Any], ...], second: float | None) -> dict[str, Array]:
    """A slider moves one loss; the others are as they were. Curvatures are differences of gradients."""
    loss = loss_class(catalogue.find(name))(**dict(parameters))
    axis = axis_of(loss)
    assert axis is not None
    along, x = Along(loss, axis, POINTS, second), grid(axis)
    h = _step(axis)  # both ends on one side of a corner that lies between two points
    left, slope, right = along.slope(np.concatenate([x - h, x, x + h])).reshape(3, POINTS)
    return {"value": along.value(x), "gradient": slope, "curvature": (right - left) / (2 * h)}


def span(axis: Axis) -> tuple[float, float]:
    """Its range beside sliders."""
    return axis.still or axis.span


def grid(axis: Axis, points: int = POINTS) -> Array:
    """The middles of equal steps: corners at round numbers, and the ends of probabilities, fall between them."""
    low, high = span(axis)
    step = (high - low) / points
    return low + step * (np.arange(points) + 0.5)


def _step(axis: Axis) -> float:
    """A quarter of the distance of two points."""
    low, high = span(axis)
    return (high - low) / POINTS / 4


def measured(f: Callable[[Tensor], Tensor], x: Array) -> dict[str, Array]:
    """Value, gradient (automatic differentiation) and curvature (differences of gradients) of f at each x."""
    step = (x[1] - x[0]) / 4  # both ends on one side of a corner that lies between two points
    three = np.concatenate([x, x - step, x + step]).astype("float32")
    with checks(False):  # the axis keeps to what the loss allows
        value = ops.convert_to_numpy(f(ops.convert_to_tensor(x.astype("float32"))))
        slopes = ops.convert_to_numpy(gradient(f, ops.convert_to_tensor(three)))
    n, wide = len(x), three.astype("float64")
    with np.errstate(invalid="ignore"):  # infinite slopes have no difference
        change = slopes[2 * n :].astype("float64") - slopes[n : 2 * n]
    return {"value": value, "gradient": slopes[:n], "curvature": change / (wide[2 * n :] - wide[n : 2 * n])}


def symbols(loss: Loss, axis: Axis, second: float, at: float) -> dict[str, float | list[float]]:
    """What the letters of the loss's formula are at one place: numbers, and lists of them under sums."""
    values = {
        name: getattr(loss, name) for name, param in loss.params.items() if param.kind.startswith(("number", "whole"))
    }
    own = {name: float(v) for n, v in values.items() if isinstance(v, (int, float)) for name in (n, symbol(n))}
    found = dict(axis.symbols(at, second, loss))
    pair = {name: found[letter] for name, letter in (("y_pred", "p"), ("y_true", "y")) if letter in found}
    return {**found, **pair, **own}


def label(loss: Loss) -> str:
    """The loss's name with the parameters that are not at their defaults."""
    defaults = {name: parameter.default for name, parameter in type(loss).signature.parameters.items()}
    given = [f"{name}={getattr(loss, name)!r}" for name in loss.params if getattr(loss, name) != defaults[name]]
    return f"{type(loss).__name__}({', '.join(given)})" if given else type(loss).__name__


def shown(axis: Axis) -> dict[str, Any]:
    """The axis as the page needs it."""
    return {"name": axis.name, "label": words(axis), "span": span(axis), "second": axis.second and vars(axis.second)}


def reading_answer(question: dict[str, Any]) -> dict[str, Any]:
    """Value, gradient and curvature of the losses at one point of their axis: at exactly the given number."""
    asked = Question(question)
    losses = asked.losses()
    axis = axis_of(losses[0])
    if axis is None:
        return {"at": None, "curves": []}
    second = _second(asked, axis)
    at = asked.number("at", sum(span(axis)) / 2, *span(axis))
    own = [(loss, axis_of(loss)) for loss in losses]
    found = [{} if of is None or of.name != axis.name else _read(loss, of, second, at) for loss, of in own]
    return {"at": at, "second": second, "curves": found}


def _read(loss: Loss, axis: Axis, second: float | None, at: float) -> dict[str, Any]:
    """As many numbers as a curve has, so that a backend which compiles for every size has compiled before.

    At a corner, where the two sides do not agree, or what they give grows the nearer they are, there is no curvature.
    """
    along, step = Along(loss, axis, POINTS, second), _step(axis)
    x = at + step * np.array([0.0, -1.0, 1.0, -0.25, 0.25])
    value, slopes = along.value(x[:1]), along.slope(x)
    left, right, bend, closer = ((slopes[j] - slopes[i]) / (x[j] - x[i]) for i, j in ((1, 0), (0, 2), (1, 2), (3, 4)))
    unlike = [abs(a - b) > 0.5 * (abs(a) + abs(b)) / 2 + 1e-2 for a, b in ((left, right), (bend, closer))]
    letters = symbols(loss, axis, second or 0.0, at)
    return {"value": value[0], "gradient": slopes[0], "curvature": np.nan if any(unlike) else bend, "symbols": letters}
