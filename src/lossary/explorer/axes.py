"""What each loss is drawn over: an error, a margin, a probability, a logit, an angle.

Losses over the same axis can be laid on one another. A loss of a form that is not known here has a card and no curve.
"""

from __future__ import annotations

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

    `symbols` says what the formula's letters are: "x", "1-x", "second", "1-second", "-x" or a number.
    """

    name: str
    label: str
    span: tuple[float, float]
    inputs: Inputs
    symbols: Mapping[str, str | float] = field(default_factory=dict)
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
    """A picture of ten points, four of them true: x is painted on those, `second` on the others."""
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


UNIT, WIDE = (0.0, 1.0), (-6.0, 6.0)
LABEL, SHARE = Second("target y", 0.0, 1.0, 1.0), Second("share of the first class in the target", 0.0, 1.0, 1.0)
TRUE, TRUE_LOGIT = "probability of the first class", "logit of the first class (the other: 0)"
P_T: Mapping[str, str | float] = {"p_t": "x"}
AXES = {
    axis.name: axis
    for axis in (
        Axis("error", "error e = prediction − target", (-4.0, 4.0), _against(0.0), {"e": "x", "p": "x", "y": 0.0}),
        Axis("prediction", "prediction p", (0.02, 5.0), _against_second,
             {"p": "x", "y": "second", "e": "x-second"}, Second("target y", 0.0, 5.0, 1.0)),
        Axis("log rate", "logarithm of the predicted rate, z", (-3.0, 2.5), _against_second,
             {"z": "x", "y": "second"}, Second("target y", 0.0, 5.0, 1.0)),
        Axis("margin", "margin m = label × score", (-3.0, 3.0), _against(1.0), {"m": "x", "y": 1.0}),
        Axis("probability", "predicted probability p", UNIT, _against_second, {"p": "x", "y": "second"}, LABEL),
        Axis("logit", "predicted logit z", WIDE, _against_second, {"y": "second"}, LABEL),
        Axis("classes", TRUE, UNIT, _shares, P_T, SHARE),
        Axis("class logits", TRUE_LOGIT, WIDE, _scores, {}, SHARE),
        Axis("class index", TRUE, UNIT, _index(_shares), P_T),
        Axis("class index logits", TRUE_LOGIT, WIDE, _index(_scores)),
        Axis("distribution", "predicted share of the first class", UNIT, _shares, {},
             Second("true share of the first class", 0.0, 1.0, 0.7)),
        Axis("score", "score of the true class − best other score", (-3.0, 3.0), _scores, {}, SHARE),
        Axis("mask", "probability painted on the object (4 of 10 points)", UNIT, _masks, {},
             Second("probability painted beside it", 0.0, 1.0, 0.2)),
        Axis("mask logits", "logit painted on the object (4 of 10 points)", WIDE, _masks, {},
             Second("logit painted beside it", -6.0, 6.0, -2.0)),
        Axis("angle", "angle between the vectors, in radians", (-3.14159, 3.14159), _angle),
        Axis("mean", "predicted mean μ (the target is 0)", (-4.0, 4.0), _mean_with_spread,
             {"μ": "x", "y": 0.0}, Second("predicted standard deviation", 0.2, 4.0, 1.0)),
        Axis("quantiles", "all predicted quantiles alike (the target is 0)", (-4.0, 4.0), _all_quantiles, {"y": 0.0}),
        Axis("similarity", "similarity to the partner, s_p", (-1.0, 1.0), _two_similarities,
             {"s_p": "x", "s_n": "second"}, Second("similarity to a stranger, s_n", -1.0, 1.0, 0.2),
             {"remove_diagonal": False},
             lambda: {"ref_labels": [0, 1], "ref_embeddings": [[1.0, 0.0], [0.0, 1.0]]}),
        Axis("frames", "logit of the right symbol in each of 3 frames (blank: 0)", WIDE, _frames),
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
