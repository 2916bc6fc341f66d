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
from lossary.explorer.asked import Array, Asked
from lossary.explorer.axes import AXES, Axis, axis_of
from lossary.explorer.mathml import symbol
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
    knob = axis.second
    second = None if knob is None else asked.number("second", knob.default, knob.low, knob.high)
    x = grid(axis)
    drawn = []
    for loss in losses:
        if axis_of(loss) is not axis:
            drawn.append({"label": label(loss), "other": getattr(axis_of(loss), "label", "no single number")})
            continue
        drawn.append(
            {"label": label(loss), "symbols": symbols(loss, axis, second), **_curve(loss, axis, second or 0.0)}
        )
    return {"axis": shown(axis), "x": x, "second": second, "curves": drawn}


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


def symbols(loss: Loss, axis: Axis, second: float | None) -> dict[str, str | float]:
    """What the letters of the loss's formula are here: "x", "1-x" or a number."""
    found: dict[str, str | float] = {}
    for name, meaning in axis.symbols.items():
        if meaning == "x-second":
            found[name] = "x" if not second else f"x-{second:g}"
        else:
            found[name] = second if meaning == "second" and second is not None else meaning
    if axis.name == "probability" and second in (0.0, 1.0):
        found["p_t"] = "x" if second else "1-x"
    own = [(name, getattr(loss, name)) for name, param in loss.params.items() if param.kind.startswith("number")]
    numbers: dict[str, str | float] = {symbol(n): v for n, v in own if isinstance(v, (int, float))}
    alpha = numbers.get("α")
    if isinstance(alpha, float) and axis.name == "probability" and second in (0.0, 1.0):
        balanced = getattr(loss, "apply_class_balancing", True)
        numbers["α_t"] = (alpha if second else 1 - alpha) if balanced else 1.0
    return {**numbers, **found} if axis.name != "margin" else {**found, **numbers}


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
