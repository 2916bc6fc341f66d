"""Value and gradient of losses over the number they are written in: an error, a margin, a probability, a logit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..core.contract import to_tensor
from ..core.errors import LossaryError
from ..core.forms import Binary, Categorical, Distance, Margin, Overlap, Pointwise, Sparse
from ..core.loss import Loss
from .histories import draw_history, is_history
from .style import GRADIENT, GREY, VALUE, label, legend, new_figure, stroke

Inputs = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Axis:
    """What a loss is drawn over: a label, the range, and (y_true, y_pred) for an array of n values, n rows each."""

    label: str
    span: tuple[float, float]
    inputs: Inputs


@dataclass(frozen=True)
class Curve:
    """A loss sampled along an axis: the value of one row, and its derivative by x."""

    name: str
    axis: str
    x: np.ndarray
    value: np.ndarray
    slope: np.ndarray


def _against(target: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One number per row, all with the same target."""
    return np.full((x.size, 1), target), x[:, None]


def _two_classes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two classes, the first true with probability x."""
    return np.tile([1.0, 0.0], (x.size, 1)), np.stack([x, 1 - x], axis=-1)


def _two_logits(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.tile([1.0, 0.0], (x.size, 1)), np.stack([x, np.zeros_like(x)], axis=-1)


def _first_class(dense: Inputs, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same with the index of the true class as target."""
    return np.zeros(x.size, dtype="int32"), dense(x)[1]


_TRUE_CLASS, _TRUE_LOGIT = "probability of the true class", "logit of the true class"
AXES = {
    "error": Axis("error (prediction − target)", (-3.0, 3.0), partial(_against, 0.0)),
    "prediction": Axis("prediction (target = 1)", (0.05, 4.0), partial(_against, 1.0)),
    "margin": Axis("margin (label × score)", (-2.0, 3.0), partial(_against, 1.0)),
    "probability": Axis(_TRUE_CLASS, (0.01, 1.0), partial(_against, 1.0)),
    "logit": Axis(_TRUE_LOGIT, (-5.0, 5.0), partial(_against, 1.0)),
    "classes": Axis(_TRUE_CLASS, (0.01, 1.0), _two_classes),
    "class logits": Axis(_TRUE_LOGIT, (-5.0, 5.0), _two_logits),
    "class index": Axis(_TRUE_CLASS, (0.01, 1.0), partial(_first_class, _two_classes)),
    "class index logits": Axis(_TRUE_LOGIT, (-5.0, 5.0), partial(_first_class, _two_logits)),
}
"""The axes by name. `axis_of` chooses among them by the form of a loss."""


def axis_of(loss: Any) -> Axis:
    """The natural axis of a loss; a loss of unknown form is drawn over the error."""
    logits = bool(getattr(loss, "from_logits", False))
    if isinstance(loss, Sparse):
        return AXES["class index logits" if logits else "class index"]
    if isinstance(loss, Categorical):
        return AXES["class logits" if logits else "classes"]
    if isinstance(loss, (Binary, Overlap)):
        return AXES["logit" if logits else "probability"]
    if isinstance(loss, Margin):
        return AXES["margin"]
    if isinstance(loss, Pointwise):
        return AXES["prediction"]
    if isinstance(loss, Distance) or not isinstance(loss, Loss) or loss.family == "custom":
        return AXES["error"]
    raise LossaryError(
        f"{name_of(loss)} was to be drawn over one number.",
        arrived="It compares whole vectors, sequences or several parameters, so no single number is its natural axis.",
        allowed="Allowed are losses of an error, a margin, a probability or a logit, or any loss with an own axis.",
        do="Pass axis=Axis(label, span, inputs), where inputs(x) gives (y_true, y_pred) for an array x.",
    )


def sample(
    loss: Any, *, axis: str | Axis | None = None, span: tuple[float, float] | None = None, points: int = 600
) -> Curve:
    """A loss as a Curve: `points` values and derivatives at the middles of equal steps over `span`.

    `loss` is a loss object, a function of (y_true, y_pred), or a name. The derivative is the closed form where the
    loss has one, else a central difference of the value of one row, as the backend computes it.
    """
    loss = _resolve(loss)
    where = _axis(loss, axis)
    low, high = _span(span or where.span)
    step = (high - low) / points
    x = low + step * (np.arange(points) + 0.5)
    value = _rows(loss, where, x)
    return Curve(name_of(loss), where.label, x, value, _slope(loss, where, x, step))


def draw(
    losses: Any,
    *,
    axis: str | Axis | None = None,
    span: tuple[float, float] | None = None,
    together: bool = True,
    title: str = "",
) -> Figure:
    """A matplotlib figure of one or several losses, each with its gradient.

    `losses` is a name, a loss object, a function of (y_true, y_pred), or a list of these. One loss gives one panel
    with its value and its gradient. Several losses over the same axis share two panels, values left and gradients
    right; with `together=False`, or over different axes, each has a panel of its own.

    `axis` is one of AXES or an Axis of your own; by default the form of the loss decides. `span` is the range of x.
    What `lossary.train` returns is drawn too: the target's parts over the epochs.

    Write the figure to a file with `lossary.drawing.style.save(figure, path)`.
    """
    if is_history(losses):
        return draw_history(losses, title)
    several = list(losses) if isinstance(losses, (list, tuple)) else [losses]
    if not several:
        raise LossaryError(
            "draw(losses) draws losses.",
            arrived="It was given an empty list.",
            allowed="Allowed is a loss, its name, or a list of them.",
            do='Name one, for instance draw("huber").',
        )
    curves = [sample(loss, axis=axis, span=span) for loss in several]
    shared = len({curve.axis for curve in curves}) == 1
    if len(curves) > 1 and together and shared:
        return _side_by_side(curves, title)
    return _panels(curves, title)


def name_of(loss: Any) -> str:
    """What a loss is called in a figure: its name with the parameters that are not at their defaults."""
    if not isinstance(loss, Loss):
        return str(getattr(loss, "__name__", type(loss).__name__))
    defaults = {name: parameter.default for name, parameter in type(loss).__signature__.parameters.items()}
    given = [f"{name}={getattr(loss, name)!r}" for name in loss.params if getattr(loss, name) != defaults[name]]
    return f"{type(loss).__name__}({', '.join(given)})" if given else type(loss).__name__


def _resolve(loss: Any) -> Any:
    from ..core.lookup import get

    return get(loss) if isinstance(loss, str) else loss


def _axis(loss: Any, axis: str | Axis | None) -> Axis:
    if axis is None:
        return axis_of(loss)
    if isinstance(axis, Axis):
        return axis
    if axis not in AXES:
        raise LossaryError(
            "draw(axis=...) says what a loss is drawn over.",
            arrived=f"It was given axis={axis!r}.",
            allowed=f"Allowed is one of {', '.join(map(repr, AXES))}, or an Axis of your own.",
            do="Leave it out to let the form of the loss decide.",
        )
    return AXES[axis]


def _span(span: tuple[float, float]) -> tuple[float, float]:
    low, high = map(float, span)
    if not (np.isfinite([low, high]).all() and low < high):
        raise LossaryError(
            "draw(span=...) is the range of the horizontal axis.",
            arrived=f"It was given span={tuple(span)}.",
            allowed="Allowed are two finite numbers, the smaller one first.",
            do="Pass for instance span=(-3, 3).",
        )
    return low, high


def _rows(loss: Any, axis: Axis, x: np.ndarray) -> np.ndarray:
    """The value of each row: lossary's own by `rows`, Keras's by `call`, a function by calling it."""
    y_true, y_pred = axis.inputs(x)
    tensors = to_tensor(y_true, "float32", keep_integers=True), to_tensor(y_pred, "float32", keep_integers=False)
    rows = loss.rows if isinstance(loss, Loss) else getattr(loss, "call", loss)
    values = np.asarray(rows(*tensors))
    return values.reshape(x.size, -1).mean(axis=1).astype(float)


def _slope(loss: Any, axis: Axis, x: np.ndarray, step: float) -> np.ndarray:
    closed = getattr(loss, "slope", None)
    if closed is not None and axis in (AXES["error"], AXES["margin"]) and isinstance(loss, (Distance, Margin)):
        return np.asarray(closed(to_tensor(x, "float32", keep_integers=False)), dtype=float)
    # A quarter of a step keeps both ends on one side of a kink that lies between two points.
    h = step / 4
    return (_rows(loss, axis, x + h) - _rows(loss, axis, x - h)) / (2 * h)


def _panels(curves: Sequence[Curve], title: str) -> Figure:
    columns = min(len(curves), 3 if len(curves) % 3 == 0 or len(curves) > 4 else 2)
    rows = -(-len(curves) // columns)
    figure, panels = new_figure(rows, columns, width=5.2 if columns == 1 else 4.0)
    for panel, curve in zip(panels, curves, strict=False):
        _line(panel, curve.x, curve.value, label="value", **VALUE)
        _line(panel, curve.x, curve.slope, label="gradient", **GRADIENT)
        panel.set_ylim(*_limits([curve.value, curve.slope]))
        panel.axhline(0, color=GREY, linewidth=0.8, zorder=1)
        label(panel, x=curve.axis, title=title if title and len(curves) == 1 else curve.name)
        legend(panel)
    for empty in panels[len(curves) :]:
        empty.remove()
    if title and len(curves) > 1:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def _side_by_side(curves: Sequence[Curve], title: str) -> Figure:
    figure, (left, right) = new_figure(1, 2, width=4.6, height=3.6)
    for index, curve in enumerate(curves):
        _line(left, curve.x, curve.value, label=curve.name, **stroke(index))
        _line(right, curve.x, curve.slope, **stroke(index))
    for panel, heading, lines in (
        (left, "value", [curve.value for curve in curves]),
        (right, "gradient", [curve.slope for curve in curves]),
    ):
        panel.set_ylim(*_limits(lines))
        panel.axhline(0, color=GREY, linewidth=0.8, zorder=1)
        label(panel, x=curves[0].axis, title=heading)
    legend(left)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def _line(panel: Axes, x: np.ndarray, y: np.ndarray, **look: Any) -> None:
    """A line that breaks where it jumps; a thin dotted line shows the jump."""
    jumps = _jumps(y)
    panel.plot(np.insert(x, jumps + 1, np.nan), np.insert(y, jumps + 1, np.nan), **look)
    for at in jumps:
        panel.plot(x[at : at + 2], y[at : at + 2], color=look["color"], linewidth=1.0, linestyle=":")


def _jumps(y: np.ndarray) -> np.ndarray:
    """The positions after which y jumps: a step far above both of its neighbours and visible in the figure."""
    steps = np.abs(np.diff(y))
    around = np.maximum(np.r_[steps[1:], 0.0], np.r_[0.0, steps[:-1]])
    return np.flatnonzero((steps > 8 * around) & (steps > 0.02 * np.ptp(y)))


def _limits(lines: Sequence[np.ndarray]) -> tuple[float, float]:
    """A vertical range that shows every line well: a pole at the edge is cut off, not all else flattened."""
    finite = [line[np.isfinite(line)] for line in lines]
    usual = max((float(np.quantile(np.abs(line), 0.9)) for line in finite if line.size), default=1.0) or 1.0
    low = max(min(float(line.min()) for line in finite if line.size), -1.3 * usual)
    high = min(max(float(line.max()) for line in finite if line.size), 1.3 * usual)
    room = 0.06 * (high - low) or 0.5
    return min(low, 0.0) - room, max(high, 0.0) + room
