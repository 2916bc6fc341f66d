"""What a loss is drawn over: an error, a margin, a probability, a logit, an angle; the form of the loss knows which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..core import catalogue
from ..core.contract import PROBABILITY, REAL, SOFT_LABEL
from ..core.errors import LossaryError, UnknownLossError, shown
from ..core.forms import Binary, Categorical, Distance, Margin, Overlap, Parameters, Pointwise, Sparse, Vector
from ..core.lookup import get
from ..core.loss import Loss

Inputs = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Axis:
    """What a loss is drawn over: a label, the range, and (y_true, y_pred) for an array of n values, n rows each.

    With `batches`, each value has a batch of its own, (n, rows, ...), and the loss of its first row is drawn: for
    losses whose rows look at one another.
    """

    label: str
    span: tuple[float, float]
    inputs: Inputs
    batches: bool = False


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


def _two_shares(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.tile([0.7, 0.3], (x.size, 1)), np.stack([x, 1 - x], axis=-1)


def _turned(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A target along the first coordinate, and a vector of length 1 turned away from it by x degrees."""
    turn = np.deg2rad(x)
    return np.tile([1.0, 0.0], (x.size, 1)), np.stack([np.cos(turn), np.sin(turn)], axis=-1)


def _pair(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A batch of three embeddings for each x: a row, its partner at cosine x, and a stranger at cosine 0 to both."""
    zero, one = np.zeros_like(x), np.ones_like(x)
    rows = [(one, zero, zero), (x, np.sqrt(np.maximum(1 - x * x, 0)), zero), (zero, zero, one)]
    return np.tile(np.array([0, 0, 1], "int32"), (x.size, 1)), np.stack([np.stack(r, -1) for r in rows], axis=1)


def _frames(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two symbols in four frames; each frame's right symbol has the logit x, the blank and the other symbol 0."""
    logits = np.zeros((x.size, 4, 3))
    logits[:, :2, 1] = logits[:, 2:, 2] = x[:, None]
    return np.tile(np.array([1, 2], "int32"), (x.size, 1)), logits


def _first_of(rest: tuple[float, ...], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first predicted parameter, with the others held; the target is 0."""
    held = [np.full_like(x, value) for value in rest]
    return np.zeros(x.size), np.stack([x, *held], axis=-1)


def _all_alike(outputs: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(x.size), np.repeat(x[:, None], outputs, axis=1)


_TRUE_CLASS, _TRUE_LOGIT = "probability of the true class", "logit of the true class"
AXES = {
    "error": Axis("error (prediction − target)", (-3.0, 3.0), partial(_against, 0.0)),
    "prediction": Axis("prediction (target = 1)", (0.05, 4.0), partial(_against, 1.0)),
    "log rate": Axis("logarithm of the rate (target = 1)", (-3.0, 2.5), partial(_against, 1.0)),
    "margin": Axis("margin (label × score)", (-2.0, 3.0), partial(_against, 1.0)),
    "probability": Axis(_TRUE_CLASS, (0.01, 1.0), partial(_against, 1.0)),
    "logit": Axis(_TRUE_LOGIT, (-5.0, 5.0), partial(_against, 1.0)),
    "classes": Axis(_TRUE_CLASS, (0.01, 1.0), _two_classes),
    "class logits": Axis(_TRUE_LOGIT, (-5.0, 5.0), _two_logits),
    "class index": Axis(_TRUE_CLASS, (0.01, 1.0), partial(_first_class, _two_classes)),
    "class index logits": Axis(_TRUE_LOGIT, (-5.0, 5.0), partial(_first_class, _two_logits)),
    "class score": Axis("score of the true class (other: 0)", (-3.0, 3.0), _two_logits),
    "share": Axis("predicted share of the first of two (true: 0.7)", (0.01, 0.99), _two_shares),
    "angle": Axis("angle between prediction and target (degrees)", (0.0, 180.0), _turned),
    "pair": Axis("cosine of two embeddings of one class (strangers: 0)", (-0.99, 0.99), _pair, batches=True),
    "frames": Axis("logit of the right symbol in every frame (others: 0)", (-3.0, 6.0), _frames),
}
"""The axes by name. `axis_of` chooses among them by the form of a loss."""


def axis_of(loss: Any) -> Axis:
    """The natural axis of a loss. One of Keras has that of its twin; one of unknown form is drawn over the error."""
    if not isinstance(loss, Loss):
        twin = _twin(loss)
        return AXES["error"] if twin is None else axis_of(twin)
    if isinstance(loss, Distance):
        return _wide_enough(loss)
    if isinstance(loss, Parameters):
        return _parameters(loss)
    name = name_by_form(loss) or _name_by_contract(loss)
    if name is not None:
        return AXES[name]
    raise LossaryError(
        f"{name_of(loss)} was to be drawn over one number.",
        arrived="Its form and its contract do not say which number that would be.",
        allowed="Allowed are losses of an error, a margin, a probability or a logit, or any loss with an own axis.",
        do="Pass axis=Axis(label, span, inputs), where inputs(x) gives (y_true, y_pred) for an array x.",
    )


def chosen_axis(loss: Any, axis: str | Axis | None) -> Axis:
    """The axis that is asked for: by name, one's own, or by default the loss's natural one."""
    if axis is None:
        return axis_of(loss)
    if isinstance(axis, Axis):
        return axis
    if not isinstance(axis, str) or axis not in AXES:
        raise LossaryError(
            "draw(axis=...) says what a loss is drawn over.",
            arrived=f"It was given axis={shown(axis)}.",
            allowed=f"Allowed is one of {', '.join(map(repr, AXES))}, or an Axis of your own.",
            do="Leave it out to let the form of the loss decide.",
        )
    return AXES[axis]


def checked_span(span: Any) -> tuple[float, float]:
    """Two numbers as far apart as a figure can show, the smaller one first."""
    low, high = map(float, span)
    if not (max(abs(low), abs(high)) <= 1e15 and high - low > 1e-9 * max(1, abs(low), abs(high))):
        raise LossaryError(
            "draw(span=...) is the range of the horizontal axis.",
            arrived=f"It was given span={tuple(span)}.",
            allowed="Allowed are two finite numbers up to 1e15, the smaller one first, and not too near to it.",
            do="Pass for instance span=(-3, 3).",
        )
    return low, high


def name_by_form(loss: Loss) -> str | None:
    """The axis of a loss that follows a form; None for distances and parameters, which are asked more, and others."""
    logits = bool(getattr(loss, "from_logits", False))
    if isinstance(loss, Sparse):
        return "class index logits" if logits else "class index"
    if isinstance(loss, Categorical):
        return "class logits" if logits else "classes"
    if isinstance(loss, (Binary, Overlap)):
        return "logit" if logits else "probability"
    if isinstance(loss, Margin):
        return "margin"
    if isinstance(loss, Pointwise):
        return "log rate" if getattr(loss, "log_rate", False) else "prediction"
    return "angle" if isinstance(loss, Vector) else None


def _name_by_contract(loss: Loss) -> str | None:
    """The axis of a loss that follows no form, by what it accepts."""
    rules = loss.contract
    if rules.target is SOFT_LABEL and rules.prediction is PROBABILITY:
        return "share"
    if rules.shape == "same" and rules.target is REAL and "multiclass" in loss.tasks:
        return "class score"
    if loss.coupled and rules.shape == "index":
        return "pair"
    if "sequence" in loss.tasks:
        return "frames"
    return "error" if rules.shape == "free" or rules.target is REAL else None


def _wide_enough(loss: Distance) -> Axis:
    """The error axis, as far as the parameter where the loss turns, and half as far again."""
    turns = [abs(float(getattr(loss, name))) for name, p in loss.params.items() if p.slide and p.kind == "number"]
    far = max(3.0, *(1.5 * turn for turn in turns), 0.0)
    return replace(AXES["error"], span=(-far, far))


def _parameters(loss: Parameters) -> Axis:
    """Several quantiles move together; of a distribution's parameters the first one moves."""
    if "q" in loss.params:
        return replace(AXES["error"], inputs=partial(_all_alike, loss.outputs))
    rest = tuple(resting(loss) for _ in range(loss.outputs - 1))
    held = ", ".join(f"{value:g}" for value in rest)
    words = f"first of {loss.outputs} parameters (the others: {held}; target: 0)"
    if getattr(loss, "spread", None) is not None:
        words = f"mean (target: 0, {str(loss.spread).replace('_', ' ')}: {held})"
    return Axis(words, (-3.0, 3.0), partial(_first_of, rest))


def resting(loss: Loss) -> float:
    """The number at which a parameter that does not move is held: a logarithm of 0, otherwise 1."""
    return 0.0 if str(getattr(loss, "spread", "")).startswith("log") else 1.0


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
