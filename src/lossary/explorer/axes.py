"""What each loss is drawn over: an error, a margin, a probability, a logit, an angle.

Losses over the same axis can be laid on one another. A loss of a form that is not known here has a card and no curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras import ops

from lossary.core.contract import PROBABILITY, REAL, SIGN, SOFT_LABEL
from lossary.core.forms import Distance, Overlap, Parameters
from lossary.core.loss import Loss
from lossary.drawing.axes import name_by_form

Tensor = Any
Inputs = Callable[[Tensor, float, Loss], tuple[Tensor, Tensor]]
Symbols = Callable[[float, float, Any], Mapping[str, float | list[float]]]


@dataclass(frozen=True)
class Second:
    """A second number that the picture is drawn for, such as the target; it has a slider of its own."""

    label: str
    low: float
    high: float
    default: float


@dataclass(frozen=True)
class Axis:
    """The horizontal axis. `inputs(x, second, loss)` gives y_true and y_pred with a row for each x.

    `symbols(x, second, loss)` says what the formula's letters are there. A letter whose index a sum runs over has a
    list, one number for each term; several signs in a row ("∑ y p") have one number together.
    """

    name: str
    label: str
    span: tuple[float, float]
    inputs: Inputs
    symbols: Symbols = lambda x, second, loss: {}
    second: Second | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)  # parameters that the picture needs
    extra: Callable[[], Mapping[str, Any]] = dict  # further tensors of the loss


def _full(x: Tensor, value: float) -> Tensor:
    return ops.zeros_like(x) + value


def _column(x: Tensor) -> Tensor:
    return ops.expand_dims(x, -1)


def _against_second(x: Tensor, second: float, loss: Loss) -> tuple[Tensor, Tensor]:
    return _column(_full(x, second)), _column(x)


def _against(target: float) -> Inputs:
    return lambda x, second, loss: (_column(_full(x, target)), _column(x))


def _shares(x: Tensor, second: float, loss: Loss) -> tuple[Tensor, Tensor]:
    """Two classes: the first true with probability `second`, predicted with probability x."""
    return _pair(_full(x, second), _full(x, 1 - second)), _pair(x, 1 - x)


def _scores(x: Tensor, second: float, loss: Loss) -> tuple[Tensor, Tensor]:
    return _pair(_full(x, second), _full(x, 1 - second)), _pair(x, ops.zeros_like(x))


def _index(dense: Inputs) -> Inputs:
    return lambda x, second, loss: (ops.cast(ops.zeros_like(x), "int32"), dense(x, second, loss)[1])


def _pair(a: Tensor, b: Tensor) -> Tensor:
    return ops.stack([a, b], axis=-1)


def _angle(x: Tensor, second: float, loss: Loss) -> tuple[Tensor, Tensor]:
    return _pair(ops.ones_like(x), ops.zeros_like(x)), _pair(ops.cos(x), ops.sin(x))


def _masks(x: Tensor, second: float, loss: Loss) -> tuple[Tensor, Tensor]:
    """A picture of ten points, four of them true: x is predicted on those, `second` on the others."""
    true = [ops.ones_like(x)] * 4 + [ops.zeros_like(x)] * 6
    painted = [x] * 4 + [_full(x, second)] * 6
    return ops.stack(true, axis=-1), ops.stack(painted, axis=-1)


def _mean_with_spread(x: Tensor, second: float, loss: Any) -> tuple[Tensor, Tensor]:
    spread = {"log_variance": 2 * ops.log(_full(x, second)), "variance": _full(x, second**2)}
    return _column(ops.zeros_like(x)), ops.expand_dims(_pair(x, spread.get(loss.spread, _full(x, second))), -2)


def _all_quantiles(x: Tensor, second: float, loss: Loss) -> tuple[Tensor, Tensor]:
    return _column(ops.zeros_like(x)), ops.stack([x] * loss.contract.parameters, axis=-1)[:, None]


def _two_similarities(x: Tensor, second: float, loss: Loss) -> tuple[Tensor, Tensor]:
    """Beside two references at right angles, one of the same class: the coordinates are the similarities."""
    return ops.cast(ops.zeros_like(x), "int32"), _pair(x, _full(x, second))


def _frames(x: Tensor, second: float, loss: Loss) -> tuple[Tensor, Tensor]:
    logits = _pair(ops.zeros_like(x), x)
    return _column(ops.cast(ops.ones_like(x), "int32")), ops.stack([logits] * 3, axis=1)


def _sigmoid(x: float) -> float:
    return math.exp(-math.log1p(math.exp(-x)))


def _smoothed(share: float, loss: Any) -> float:
    """The target that the formula is computed with: label_smoothing moves it towards one half (of two classes)."""
    amount = float(getattr(loss, "label_smoothing", 0.0) or 0.0)
    return share * (1 - amount) + amount / 2


def _of_probability(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    """A binary label: y and p, and for a certain label what the true class has."""
    found: dict[str, float | list[float]] = {"p": x, "y": _smoothed(second, loss)}
    if second in (0.0, 1.0):
        alpha = float(getattr(loss, "alpha", 1.0)) if getattr(loss, "apply_class_balancing", True) else None
        found |= {"p_t": x if second else 1 - x, "α_t": 1.0 if alpha is None else alpha if second else 1 - alpha}
    return found


def _of_classes(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    """Two classes: the first true with probability `second`, predicted with probability x."""
    y = _smoothed(second, loss)
    return {"p_c": [x, 1 - x], "y_c": [y, 1 - y], "w_c": _both(loss, "class_weight"), "α_c": _both(loss, "alpha")}


def _both(loss: Any, name: str) -> list[float]:
    """A weight that is one number for all classes, one for each of the two, or none."""
    value = getattr(loss, name, None)
    found = list(value) if isinstance(value, (list, tuple)) else [1.0 if value is None else value] * 2
    return found if len(found) == 2 else []


def _of_true_class(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    first = {"w_t": _both(loss, "class_weight")[:1], "α_t": _both(loss, "alpha")[:1]}
    return {"p_t": x, **{name: value[0] for name, value in first.items() if value}}


def _through_sigmoid(of: Symbols) -> Symbols:
    return lambda x, second, loss: of(_sigmoid(x), second, loss)


def _of_scores(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    """For a certain target: the score of the true class, and the best other."""
    return {"p_t": x if second else 0.0, "p_c": 0.0 if second else x} if second in (0.0, 1.0) else {}


def _of_mask(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    """Counts over the ten points."""
    counts = {"TP": 4 * x, "FP": 6 * second, "FN": 4 * (1 - x)}
    return {**counts, "∑ y p": 4 * x, "∑ y": 4.0, "∑ p": 4 * x + 6 * second}


def _of_spread(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    return {"μ": x, "y": 0.0, "v": second**2}


def _of_quantiles(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    q = [float(one) for one in (loss.q if isinstance(loss.q, tuple) else (loss.q,))]
    return {"y": 0.0, "k": float(len(q)), "q_i": q, "p_i": [x] * len(q)}


def _of_similarities(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    weights = {"α_p": [max(1 + loss.margin - x, 0.0)], "α_n": [max(second + loss.margin, 0.0)]}
    return {"s_p": [x], "s_n": [second], **weights}


def _of_frames(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    """Three frames with probability p for the symbol: one, two or three of them side by side spell it once."""
    p = _sigmoid(x)
    return {"∑π ∏t pt,πt": 3 * p * (1 - p) ** 2 + 2 * p**2 * (1 - p) + p**3}


UNIT, WIDE = (0.0, 1.0), (-6.0, 6.0)
LABEL, SHARE = Second("target y", 0.0, 1.0, 1.0), Second("target probability of the first class", 0.0, 1.0, 1.0)
TRUE, TRUE_LOGIT = "predicted probability of the first class", "predicted logit of the first class (the other: 0)"
AXES = {
    axis.name: axis
    for axis in (
        Axis("error", "error e = prediction − target", (-4.0, 4.0), _against(0.0),
             lambda x, second, loss: {"e": x, "p": x, "y": 0.0}),
        Axis("prediction", "prediction p", (0.02, 5.0), _against_second,
             lambda x, second, loss: {"p": x, "y": second, "e": x - second}, Second("target y", 0.0, 5.0, 1.0)),
        Axis("log rate", "logarithm of the predicted rate, z", (-3.0, 2.5), _against_second,
             lambda x, second, loss: {"z": x, "y": second, "p": math.exp(x)}, Second("target y", 0.0, 5.0, 1.0)),
        Axis("margin", "margin m = label × score", (-3.0, 3.0), _against(1.0),
             lambda x, second, loss: {"m": x, "y": 1.0}),
        Axis("probability", "predicted probability p", UNIT, _against_second, _of_probability, LABEL),
        Axis("logit", "predicted logit z", WIDE, _against_second, _through_sigmoid(_of_probability), LABEL),
        Axis("classes", TRUE, UNIT, _shares, _of_classes, SHARE),
        Axis("class logits", TRUE_LOGIT, WIDE, _scores, _through_sigmoid(_of_classes), SHARE),
        Axis("class index", TRUE, UNIT, _index(_shares), _of_true_class),
        Axis("class index logits", TRUE_LOGIT, WIDE, _index(_scores), _through_sigmoid(_of_true_class)),
        Axis("distribution", "predicted probability of the first class", UNIT, _shares, _of_classes,
             Second("target probability of the first class", 0.0, 1.0, 0.7)),
        Axis("score", "score of the true class − best other score", (-3.0, 3.0), _scores, _of_scores, SHARE),
        Axis("mask", "predicted probability on the object (4 of 10 pixels)", UNIT, _masks, _of_mask,
             Second("predicted probability off the object", 0.0, 1.0, 0.2)),
        Axis("mask logits", "predicted logit on the object (4 of 10 pixels)", WIDE, _masks,
             lambda x, second, loss: _of_mask(_sigmoid(x), _sigmoid(second), loss),
             Second("predicted logit off the object", -6.0, 6.0, -2.0)),
        Axis("angle", "angle between the vectors, in radians", (-3.14159, 3.14159), _angle,
             lambda x, second, loss: {"y · p": math.cos(x), "‖ y ‖": 1.0, "‖ p ‖": 1.0}),
        Axis("mean", "predicted mean μ (the target is 0)", (-4.0, 4.0), _mean_with_spread,
             _of_spread, Second("predicted standard deviation", 0.2, 4.0, 1.0)),
        Axis("quantiles", "all predicted quantiles, equal (the target is 0)", (-4.0, 4.0), _all_quantiles,
             _of_quantiles),
        Axis("similarity", "similarity to the same class, s_p", (-1.0, 1.0), _two_similarities,
             _of_similarities, Second("similarity to another class, s_n", -1.0, 1.0, 0.2),
             {"remove_diagonal": False},
             lambda: {"ref_labels": [0, 1], "ref_embeddings": [[1.0, 0.0], [0.0, 1.0]]}),
        Axis("frames", "logit of the correct symbol in each of 3 frames (blank: 0)", WIDE, _frames, _of_frames),
    )
}  # fmt: skip
BY_NAME = {
    "KLDivergence": "distribution",
    "CategoricalHinge": "score",
    "CosineSimilarity": "angle",
    "GaussianNLL": "mean",
    "MultiQuantile": "quantiles",
    "Circle": "similarity",
    "CTC": "frames",
}


def axis_of(loss: Loss) -> Axis | None:
    """The axis of a loss with its present parameters; None where none is known."""
    if type(loss).__name__ in BY_NAME:
        return AXES[BY_NAME[type(loss).__name__]]
    if isinstance(loss, Parameters):
        return None
    if isinstance(loss, Overlap):
        return AXES["mask logits" if getattr(loss, "from_logits", False) else "mask"]
    if isinstance(loss, Distance):
        return AXES["error"]
    name = name_by_form(loss)
    return AXES[name] if name in AXES else _by_contract(loss)


def _by_contract(loss: Loss) -> Axis | None:
    """Losses of no form of their own, such as those with a formula of y and p alone."""
    rules = loss.contract
    if rules.shape != "same" or loss.coupled:
        return None
    kinds = (rules.target, rules.prediction)
    if kinds == (SIGN, REAL):
        return AXES["margin"]
    if kinds == (SOFT_LABEL, PROBABILITY):
        return AXES["probability"]
    return AXES["error"] if kinds == (REAL, REAL) else None
