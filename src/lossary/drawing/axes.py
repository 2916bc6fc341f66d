"""Which of its axes a loss is drawn over, and what it is called in a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core import catalogue
from ..core.axes import AXES, Axis
from ..core.errors import LossaryError, UnknownLossError, shown
from ..core.lookup import get
from ..core.loss import Loss


def axis_of(loss: Any) -> Axis:
    """The natural axis of a loss. One of Keras has that of its twin; one of unknown form is drawn over the error."""
    known = loss if isinstance(loss, Loss) else _twin(loss)
    if known is None:
        return AXES["error"]
    found = known.drawn_over()
    if found:
        return found[0]
    raise LossaryError(
        f"Cannot draw {name_of(loss)} over one number.",
        arrived=known.undrawn,
        allowed="Expected a loss that is a function of one number, or any loss with an ls.Axis of your own.",
        do="Pass axis=Axis(label, span, inputs), where inputs(x) gives (y_true, y_pred), or a dictionary of what the "
        "loss takes, for an array x.",
    )


def chosen_axis(loss: Any, axis: str | Axis | None) -> Axis:
    """The chosen axis: by name, one of your own, or by default the loss's natural one."""
    if axis is None:
        return axis_of(loss)
    if isinstance(axis, Axis):
        return axis
    own = {one.name: one for one in loss.drawn_over()} if isinstance(loss, Loss) else {}
    if not isinstance(axis, str) or (axis not in AXES and axis not in own):
        raise LossaryError(
            "draw(axis=...) is the axis that a loss is drawn over.",
            arrived=f"It was given axis={shown(axis)}.",
            allowed=f"Expected one of {', '.join(map(repr, {**AXES, **own}))}, or an Axis of your own.",
            do="Leave it out to let the loss decide.",
        )
    return {**AXES, **own}[axis]


def checked_span(span: Any) -> tuple[float, float]:
    """Two numbers as far apart as a figure can show, the smaller one first."""
    try:
        low, high = map(float, span)
    except (TypeError, ValueError):
        low = high = 0.0
    if not (max(abs(low), abs(high)) <= 1e15 and high - low > 1e-9 * max(1, abs(low), abs(high))):
        raise LossaryError(
            "draw(span=...) is the range of the horizontal axis.",
            arrived=f"It was given span={shown(span, 60)}.",
            allowed="Expected two finite numbers up to 1e15, the smaller one first, and not too close together.",
            do="Pass for instance span=(-3, 3).",
        )
    return low, high


def _twin(loss: Any) -> Loss | None:
    """lossary's loss of the same meaning as one of Keras."""
    kind = type(loss) if isinstance(getattr(loss, "name", None), str) else loss
    if not str(getattr(kind, "__module__", "")).startswith("keras."):
        return None
    try:
        card = catalogue.find(kind.__name__)
    except UnknownLossError:
        return None
    settings = {p.name: getattr(loss, p.name) for p in card.params if p.name == "from_logits" and hasattr(loss, p.name)}
    found: Loss = get(card.function, **settings)
    return found


def name_of(loss: Any, also: Sequence[str] = ()) -> str:
    """What a loss is called in a figure: its name with the parameters that are not at their defaults, and `also`."""
    if not isinstance(loss, Loss):
        return str(getattr(loss, "__name__", type(loss).__name__))
    defaults = {name: parameter.default for name, parameter in type(loss).__signature__.parameters.items()}
    shown = [name for name in loss.params if name in also or getattr(loss, name) != defaults[name]]
    given = [f"{name}={_shown(getattr(loss, name))}" for name in shown]
    return f"{type(loss).__name__}({', '.join(given)})" if given else type(loss).__name__


def names_of(losses: Sequence[Any]) -> list[str]:
    """The names of several losses; those of one class tell all parameters in which they differ."""
    differ: dict[type, set[str]] = {}
    for loss in losses:
        alike = [other for other in losses if type(other) is type(loss)]
        params = getattr(loss, "params", {})
        differ[type(loss)] = {n for n in params if any(getattr(other, n) != getattr(loss, n) for other in alike)}
    return [name_of(loss, sorted(differ[type(loss)])) for loss in losses]


def _shown(value: Any) -> str:
    """A number without the tail that binary fractions have."""
    return f"{value:.6g}" if isinstance(value, float) else repr(value)
