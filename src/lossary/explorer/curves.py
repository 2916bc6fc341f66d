"""Value, gradient and curvature of losses along their axis, as the losses themselves compute them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from lossary.core import catalogue
from lossary.core.contract import checks
from lossary.core.lookup import loss_class
from lossary.core.loss import Loss
from lossary.core.mathml import symbol
from lossary.explorer.asked import Array, Asked
from lossary.explorer.axes import AXES, Axis, axis_of
from lossary.numerics.backend import gradient

POINTS = 320
Tensor = Any


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The curves of one to four losses with the first one's axis; those over other axes are named, not drawn."""
    asked = Asked(question)
    losses = asked.losses()
    axis = axis_of(losses[0])
    if axis is None:
        return {"axis": None, "curves": []}
    second = _second(asked, axis)
    x = grid(axis)
    drawn = []
    for loss in losses:
        if axis_of(loss) is not axis:
            drawn.append({"label": label(loss), "other": getattr(axis_of(loss), "label", "no single number")})
            continue
        drawn.append({"label": label(loss), **_curve(loss, axis, second or 0.0)})
    return {"axis": shown(axis), "x": x, "second": second, "curves": drawn}


def _second(asked: Asked, axis: Axis) -> float | None:
    """The second number of the axis. What was meant for another axis, which the page names, is none of this one."""
    knob, meant = axis.second, asked.text("axis", 40)
    if knob is None:
        return None
    return asked.number("second", knob.default, knob.low, knob.high) if meant in ("", axis.name) else knob.default


def _curve(loss: Loss, axis: Axis, second: float) -> dict[str, Array]:
    parameters = {name: getattr(loss, name) for name in loss.params}
    return _known(type(loss).__name__, tuple(parameters.items()), axis.name, second)


@lru_cache(maxsize=64)
def _known(name: str, parameters: tuple[tuple[str, Any], ...], axis_name: str, second: float) -> dict[str, Array]:
    """A slider moves one loss; the others are as they were."""
    axis = AXES[axis_name]
    loss = loss_class(catalogue.find(name))(**{**dict(parameters), **axis.fixed})
    return measured(rows_over(loss, axis, second), grid(axis))


def grid(axis: Axis, points: int = POINTS) -> Array:
    """The middles of equal steps: kinks at round numbers, and the ends of probabilities, fall between them."""
    low, high = axis.span
    step = (high - low) / points
    return low + step * (np.arange(points) + 0.5)


def measured(f: Callable[[Tensor], Tensor], x: Array) -> dict[str, Array]:
    """Value, gradient (automatic differentiation) and curvature (differences of gradients) of f at each x."""
    step = (x[1] - x[0]) / 4  # both ends on one side of a kink that lies between two points
    three = np.concatenate([x, x - step, x + step]).astype("float32")
    with checks(False):  # the axis keeps to what the loss allows
        value = ops.convert_to_numpy(f(ops.convert_to_tensor(x.astype("float32"))))
        slopes = ops.convert_to_numpy(gradient(f, ops.convert_to_tensor(three)))
    n, wide = len(x), three.astype("float64")
    change = slopes[2 * n :].astype("float64") - slopes[n : 2 * n]
    return {"value": value, "gradient": slopes[:n], "curvature": change / (wide[2 * n :] - wide[n : 2 * n])}


def rows_over(loss: Loss, axis: Axis, second: float) -> Callable[[Tensor], Tensor]:
    """The value of a row as a function of x: (n,) gives (n,)."""
    return lambda x: loss.rows(*axis.inputs(x, second, loss), **axis.extra())


def symbols(loss: Loss, axis: Axis, second: float, at: float) -> dict[str, float | list[float]]:
    """What the letters of the loss's formula are at one place: numbers, and lists of them under sums."""
    values = {name: getattr(loss, name) for name, param in loss.params.items() if param.kind.startswith("number")}
    own = {symbol(n): float(v) for n, v in values.items() if isinstance(v, (int, float))}
    return {**axis.symbols(at, second, loss), **own}


def label(loss: Loss) -> str:
    """The loss's name with the parameters that are not at their defaults."""
    defaults = {name: parameter.default for name, parameter in type(loss).signature.parameters.items()}
    given = [f"{name}={getattr(loss, name)!r}" for name in loss.params if getattr(loss, name) != defaults[name]]
    return f"{type(loss).__name__}({', '.join(given)})" if given else type(loss).__name__


def shown(axis: Axis) -> dict[str, Any]:
    """The axis as the page needs it."""
    second = axis.second and vars(axis.second)
    return {"name": axis.name, "label": axis.label, "span": axis.span, "second": second}


def axis_name(function: str) -> str | None:
    """The axis of a loss at its defaults."""
    axis = axis_of(loss_class(catalogue.find(function))())
    return None if axis is None else axis.name


def reading_answer(question: dict[str, Any]) -> dict[str, Any]:
    """Value, gradient and curvature of the losses at one place of their axis: at just the number that was asked."""
    asked = Asked(question)
    losses = asked.losses()
    axis = axis_of(losses[0])
    if axis is None:
        return {"at": None, "curves": []}
    second = _second(asked, axis)
    at = asked.number("at", sum(axis.span) / 2, *axis.span)
    found = [_read(loss, axis, second or 0.0, at) if axis_of(loss) is axis else {} for loss in losses]
    return {"at": at, "second": second, "curves": found}


def _read(loss: Loss, axis: Axis, second: float, at: float) -> dict[str, Any]:
    """As many numbers as a curve has, so that a backend which compiles for every size has compiled before.

    At a corner, where the two sides do not agree, or what they give grows the nearer they are, there is no curvature.
    """
    low, high = axis.span
    step = (high - low) / POINTS / 4
    x = np.full(3 * POINTS, at)
    x[1:5] = at - step, at + step, at - step / 4, at + step / 4
    loss = type(loss)(**{**{name: getattr(loss, name) for name in loss.params}, **axis.fixed})
    f = rows_over(loss, axis, second)
    with checks(False):
        value = ops.convert_to_numpy(f(ops.convert_to_tensor(x[:POINTS].astype("float32"))))
        slopes = ops.convert_to_numpy(gradient(f, ops.convert_to_tensor(x.astype("float32")))).astype("float64")
    wide = x.astype("float32").astype("float64")
    left, right, bend, closer = (
        (slopes[j] - slopes[i]) / (wide[j] - wide[i]) for i, j in ((1, 0), (0, 2), (1, 2), (3, 4))
    )
    unlike = [abs(a - b) > 0.5 * (abs(a) + abs(b)) / 2 + 1e-2 for a, b in ((left, right), (bend, closer))]
    letters = symbols(loss, axis, second, at)
    return {"value": value[0], "gradient": slopes[0], "curvature": np.nan if any(unlike) else bend, "symbols": letters}
