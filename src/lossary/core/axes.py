"""What a loss is drawn over: an error, a probability, a distance, an angle. Each form and each loss says which.

An axis makes, of an array of numbers, what the loss takes, in NumPy and float64. Figures, cards, the page and the
documents ask the loss (`Loss.axes`, `Loss.plane`, `Loss.triangle`), and nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from .contract import PROBABILITY, REAL, SIGN, SOFT_LABEL, Contract

Array = np.ndarray[Any, Any]
Slots = Mapping[str, Array]
Given = Slots | tuple[Array, Array]  # slots by name, or (y_true, y_pred)
Span = tuple[float, float]
Symbols = Callable[[float, float, Any], Mapping[str, float | list[float]]]
PAIR = ("y_true", "y_pred")


@dataclass(frozen=True)
class Second:
    """A second number that is held while the first one moves, such as the target."""

    label: str
    low: float
    high: float
    default: float


@dataclass(frozen=True)
class Axis:
    """What a loss is drawn over.

    Args:
        label: the number in words, and what is held.
        span: its range.
        inputs: (y_true, y_pred), or slots by name, for an array of n numbers, n rows each. Where there is a second
            number, it is the second argument.
        name: by which `draw(axis=...)` finds it; losses over axes of one name can be laid on one another.
        batches: each number has a batch of its own, (n, rows, ...), and the loss of its first row is drawn: for losses
            that compare rows with each other.
        second: the second number, where there is one.
        short: the label where the second number is given beside it.
        still: the range where it must not move with the parameters of the loss, as beside sliders; by default `span`.
        card: the range on the loss's card; by default `span`.
        symbols: what the letters of the formula are at a number, the second number and a loss. A letter whose index a
            sum runs over has a list, one number for each term; several signs in a row ("∑ y p") have one number.
    """

    label: str
    span: Span
    inputs: Callable[..., Given]
    name: str = ""
    batches: bool = False
    second: Second | None = None
    short: str = ""
    still: Span | None = None
    card: Span | None = None
    symbols: Symbols = lambda x, second, loss: {}

    def slots(self, x: Array, second: float | None = None) -> Slots:
        """What the loss takes, by name."""
        if self.second is not None:
            found = self.inputs(x, self.second.default if second is None else second)
        else:
            found = self.inputs(x)
        return found if isinstance(found, Mapping) else dict(zip(PAIR, found, strict=True))


@dataclass(frozen=True)
class Plane:
    """Two numbers that a loss is drawn over as a map: labels, ranges, and (y_true, y_pred) or slots for two arrays.

    `ridge` is the line where the prediction is right, as two points (u, v), if there is such a line.
    """

    labels: tuple[str, str]
    spans: tuple[Span, Span]
    inputs: Callable[[Array, Array], Given]
    ridge: tuple[tuple[float, float], tuple[float, float]] | None = None

    def slots(self, u: Array, v: Array) -> Slots:
        """What the loss takes, by name."""
        found = self.inputs(u, v)
        return found if isinstance(found, Mapping) else dict(zip(PAIR, found, strict=True))


# -- what an axis makes of its numbers ------------------------------------------------------------------------------


def _rows(x: Array, *numbers: float) -> Array:
    """The same numbers in every row."""
    return np.tile(np.array(numbers, dtype=float), (x.size, 1))


def _side(*columns: Array) -> Array:
    return np.stack(columns, axis=-1)


def _first(x: Array) -> Array:
    """The index of the first class, for each row."""
    return np.zeros(x.size, "int32")


def _across(x: Array) -> Array:
    """The sine of an angle whose cosine is x."""
    return np.sqrt(np.maximum(1 - x * x, 0))


def against(target: float) -> Callable[[Array], Given]:
    """One number per row, all with the same target."""
    return lambda x: (np.full((x.size, 1), target), x[:, None])


def against_second(x: Array, target: float) -> Given:
    """The same, where the target can be chosen."""
    return np.full((x.size, 1), target), x[:, None]


def shares(x: Array, true: float) -> Given:
    """Two classes: the first has the share `true`, and is given x."""
    return _rows(x, true, 1 - true), _side(x, 1 - x)


def scores(x: Array, true: float) -> Given:
    return _rows(x, true, 1 - true), _side(x, np.zeros_like(x))


def _turned(x: Array) -> Given:
    """A target along the first coordinate, and a vector of length 1 turned away from it by x degrees."""
    turn = np.deg2rad(x)
    return _rows(x, 1.0, 0.0), _side(np.cos(turn), np.sin(turn))


def _mask(x: Array, beside: float) -> Given:
    """A picture of ten points, four of them true: x is predicted on those, `beside` on the others."""
    painted = [x] * 4 + [np.full_like(x, beside)] * 6
    return _rows(x, *[1.0] * 4, *[0.0] * 6), _side(*painted)


def _frames(x: Array) -> Given:
    """Two symbols in four frames; each frame's right symbol has the logit x, the blank and the other symbol 0."""
    logits = np.zeros((x.size, 4, 3))
    logits[:, :2, 1] = logits[:, 2:, 2] = x[:, None]
    return np.tile(np.array([1, 2], "int32"), (x.size, 1)), logits


def _embeddings(x: Array, strange: float) -> Given:
    """A batch of three vectors for each x: a row, its partner at cosine x, and a stranger at the cosine `strange`."""
    zero, one = np.zeros_like(x), np.ones_like(x)
    rows = [(one, zero, zero), (x, _across(x), zero), (one * strange, zero, one * math.sqrt(1 - strange**2))]
    label = np.tile(np.array([0, 0, 1], "int32"), (x.size, 1))
    return {"label": label, "embedding": np.stack([np.stack(row, -1) for row in rows], axis=1)}


def _triplets(x: Array, far: float) -> Given:
    """An anchor, a positive at the distance x and a negative at the distance `far`."""
    zero = np.zeros_like(x)
    return {"anchor": _side(zero, zero), "positive": _side(x, zero), "negative": _side(zero, zero + far)}


def _centres(x: Array) -> Given:
    """A vector turned away from the first of two centres by x degrees, at right angles to the other one."""
    turn = np.deg2rad(x)
    embedding = _side(np.cos(turn), np.sin(turn), np.zeros_like(x))
    return {"label": _first(x), "embedding": embedding, "centres": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])}


def _proxies(x: Array) -> Given:
    """A batch of one vector for each x, at cosine x to the proxy of its class and 0 to the other one."""
    embedding = _side(x, _across(x), np.zeros_like(x))[:, None]
    proxies = np.tile(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), (x.size, 1, 1))
    return {"label": _first(x)[:, None], "embedding": embedding, "proxies": proxies}


def _list(x: Array, other: float) -> Given:
    """A list of three items of which the first is relevant; it has the score x, and one of the others `other`."""
    return {"relevance": _rows(x, 1.0, 0.0, 0.0), "score": _side(x, np.full_like(x, other), np.zeros_like(x))}


def _survivors(x: Array, others: float) -> Given:
    """A batch of three rows for each x: an event at the first time, and two that are still there."""
    n = (x.size, 1)
    times, events = np.tile([1.0, 2.0, 3.0], n), np.tile([1.0, 0.0, 0.0], n)
    return {"time": times, "event": events, "score": _side(x, np.full_like(x, others), np.full_like(x, others))}


def _answers(x: Array) -> Given:
    """A rejected answer of log-probability -40, and a chosen one that is x above it."""
    return {"chosen": x - 40.0, "rejected": np.full_like(x, -40.0)}


def _levels(x: Array, sign: float) -> Given:
    """The middle one of three levels, with thresholds at -1 and 1: the score less them, or they less the score."""
    return np.ones(x.size, "int32"), sign * _side(x + 1, x - 1)


def _bins(x: Array) -> Given:
    """A target on the first of three bins."""
    return np.zeros(x.size), _side(x, np.zeros_like(x), np.zeros_like(x))


def _ranked(x: Array) -> Given:
    """Two scores whose difference is x; the first should be higher."""
    return {"y_true": np.ones_like(x), "first": x, "second": 0 * x}


def _pair(x: Array) -> Given:
    """Two vectors at an angle of x degrees, of one kind."""
    turn = np.deg2rad(x)
    return {"y_true": np.ones_like(x), "first": _rows(x, 1.0, 0.0), "second": _side(np.cos(turn), np.sin(turn))}


def _log_shares(x: Array) -> Given:
    """The log-probabilities of two classes, of which the first is true."""
    return _first(x), _side(x, np.log(-np.expm1(np.minimum(x, -1e-6))))


CODINGS = {  # of boxes: what makes the numbers of a coding of (left, top, right, bottom)
    "corners": np.eye(4),
    "centre": np.array([[0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], [-1, 0, 1, 0], [0, -1, 0, 1]]),
    "size": np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [-1, 0, 1, 0], [0, -1, 0, 1]]),
}


def boxes(coding: str, x: Array, y: Array) -> Given:
    """A box of side 1, and the same moved by (x, y)."""
    still, moved = (_side(left, top, left + 1, top + 1) @ CODINGS[coding].T for left, top in ((0 * x, 0 * y), (x, y)))
    return still, moved


def _held(outputs: int, place: int, target: float, x: Array) -> Given:
    """One predicted parameter, with the others held at 1."""
    columns = [np.ones_like(x)] * outputs
    columns[place] = x
    return np.full(x.size, target), _side(*columns)


def _spread(coding: str, x: Array, deviation: float) -> Given:
    """A predicted mean and the spread as the loss reads it; the target is 0."""
    coded = {"log_variance": 2 * math.log(deviation), "variance": deviation**2}.get(coding, deviation)
    return np.zeros(x.size), _side(x, np.full_like(x, coded))


def _alike(outputs: int, x: Array) -> Given:
    return np.zeros(x.size), np.repeat(x[:, None], outputs, axis=1)


# -- what the letters of a formula are ------------------------------------------------------------------------------


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
    return {
        "p_t": x,
        "p_c": [x, 1 - x],
        "y_c": [1.0, 0.0],
        **{name: value[0] for name, value in first.items() if value},
    }


def _through_sigmoid(of: Symbols) -> Symbols:
    return lambda x, second, loss: of(_sigmoid(x), second, loss)


def _of_scores(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    """For a certain target: the score of the true class, and the best other."""
    return {"p_t": x if second else 0.0, "p_c": 0.0 if second else x} if second in (0.0, 1.0) else {}


def _of_mask(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    """Counts over the ten points."""
    counts = {"TP": 4 * x, "FP": 6 * second, "FN": 4 * (1 - x), "TN": 6 * (1 - second)}
    squares = {"∑ y2": 4.0, "∑ p2": 4 * x**2 + 6 * second**2, "∑ ( y − p )2": 4 * (1 - x) ** 2 + 6 * second**2}
    return {**counts, **squares, "∑ y p": 4 * x, "∑ y": 4.0, "∑ p": 4 * x + 6 * second}


def _of_quantiles(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    if not hasattr(loss, "q"):  # members of an ensemble
        return {}
    q = [float(one) for one in (loss.q if isinstance(loss.q, tuple) else (loss.q,))]
    return {"y": 0.0, "k": float(len(q)), "q_i": q, "p_i": [x] * len(q)}


def _of_embeddings(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    if not hasattr(loss, "remove_diagonal"):
        return {"s_p": x, "s_n": [second]}
    partners = [x] if loss.remove_diagonal else [x, 1.0]
    weights = {"α_p": [max(1 + loss.margin - s, 0.0) for s in partners], "α_n": [max(second + loss.margin, 0.0)]}
    return {"s_p": partners, "s_n": [second], **weights}


def _of_frames(x: float, second: float, loss: Any) -> Mapping[str, float | list[float]]:
    """The sum over all ways through the four frames that spell the two symbols."""
    right, other = (math.exp(value - math.log(math.exp(x) + 2)) for value in (x, 0.0))
    paths = 0.0
    for path in itertools.product(range(3), repeat=4):
        if [s for s, _ in itertools.groupby(path) if s] == [1, 2]:
            paths += math.prod(right if s == (1, 1, 2, 2)[t] else other for t, s in enumerate(path))
    return {"∑π ∏t pt,πt": paths}


# -- the axes -------------------------------------------------------------------------------------------------------

_TRUE, _TRUE_LOGIT = "probability of the true class", "logit of the true class"
_FIRST, _FIRST_LOGIT = "probability of the first class", "logit of the first class (the other: 0)"
_LABEL, _SHARE = Second("target y", 0.0, 1.0, 1.0), Second("target probability of the first class", 0.0, 1.0, 1.0)
_TARGET = Second("target y", 0.0, 5.0, 1.0)
_UNIT, _WIDE = (0.0, 1.0), (-6.0, 6.0)


def _indexed(dense: Callable[[Array, float], Any]) -> Callable[[Array], Given]:
    """The same with the index of the true class as target."""
    return lambda x: (_first(x), dense(x, 1.0)[1])


_ALL = (
    Axis("error (prediction − target)", (-3.0, 3.0), against(0.0), "error", still=(-4.0, 4.0), card=(-4.0, 4.0),
         short="error e = prediction − target", symbols=lambda x, second, loss: {"e": x, "p": x, "y": 0.0}),
    Axis("prediction (target = 1)", (0.05, 4.0), against_second, "prediction", second=_TARGET, short="prediction p",
         still=(0.02, 5.0), symbols=lambda x, second, loss: {"p": x, "y": second, "e": x - second}),
    Axis("logarithm of the rate (target = 1)", (-3.0, 2.5), against_second, "log rate", second=_TARGET,
         short="logarithm of the predicted rate, z",
         symbols=lambda x, second, loss: {"z": x, "y": second, "p": math.exp(x)}),
    Axis("margin (label × score)", (-2.0, 3.0), against(1.0), "margin", still=(-3.0, 3.0), card=(-4.0, 4.0),
         short="margin m = label × score", symbols=lambda x, second, loss: {"m": x, "y": 1.0}),
    Axis(_TRUE, (0.01, 1.0), against_second, "probability", second=_LABEL, short="predicted probability p",
         still=_UNIT, card=(0.02, 0.98), symbols=_of_probability),
    Axis(_TRUE_LOGIT, (-5.0, 5.0), against_second, "logit", second=_LABEL, short="predicted logit z", still=_WIDE,
         symbols=_through_sigmoid(_of_probability)),
    Axis(_TRUE, (0.01, 1.0), shares, "classes", second=_SHARE, short=_FIRST, still=_UNIT, card=(0.02, 0.98),
         symbols=_of_classes),
    Axis(_TRUE_LOGIT, (-5.0, 5.0), scores, "class logits", second=_SHARE, short=_FIRST_LOGIT, still=_WIDE,
         symbols=_through_sigmoid(_of_classes)),
    Axis(_TRUE, (0.01, 1.0), _indexed(shares), "class index", short=_FIRST, still=_UNIT, card=(0.02, 0.98),
         symbols=_of_true_class),
    Axis(_TRUE_LOGIT, (-5.0, 5.0), _indexed(scores), "class index logits", short=_FIRST_LOGIT, still=_WIDE,
         symbols=_through_sigmoid(_of_true_class)),
    Axis("score of the true class (other: 0)", (-3.0, 3.0), scores, "class score", second=_SHARE,
         short="score of the first class − best other score", symbols=_of_scores),
    Axis("score of a yes-label (of a no-label: 0)", (-3.0, 3.0),
         lambda x: (_rows(x, 1.0, 0.0), _side(x, 0 * x)), "yes before no"),
    Axis("predicted probability of the first class (true: 0.7)", (0.01, 0.99), shares, "share",
         second=Second("target probability of the first class", 0.0, 1.0, 0.7),
         short="predicted probability of the first class",
         still=_UNIT, symbols=_of_classes),
    Axis("predicted probability on the object (4 of 10 pixels)", _UNIT, _mask, "mask",
         second=Second("predicted probability off the object", 0.0, 1.0, 0.2), symbols=_of_mask),
    Axis("predicted logit on the object (4 of 10 pixels)", _WIDE, _mask, "mask logits",
         second=Second("predicted logit off the object", -6.0, 6.0, -2.0),
         symbols=lambda x, second, loss: _of_mask(_sigmoid(x), _sigmoid(second), loss)),
    Axis("angle between prediction and target (degrees)", (0.0, 180.0), _turned, "angle",
         symbols=lambda x, second, loss: {"y · p": math.cos(math.radians(x)), "‖ y ‖": 1.0, "‖ p ‖": 1.0}),
    Axis("cosine within the class (to others: 0)", (-0.99, 0.99), _embeddings, "pair", batches=True,
         second=Second("cosine to another class, s_n", -1.0, 1.0, 0.0), short="cosine to the same class, s_p",
         still=(-1.0, 1.0), symbols=_of_embeddings),
    Axis("logit of the correct symbol in every frame (others: 0)", (-3.0, 6.0), _frames, "frames", symbols=_of_frames),
    Axis("distance to the positive (to the negative: 2)", (0.0, 4.0), _triplets, "distance",
         second=Second("distance to the negative", 0.05, 4.0, 2.0), short="distance to the positive"),
    Axis("angle to its centre (degrees; to the other: 90)", (0.0, 180.0), _centres, "centre"),
    Axis("cosine to its proxy (to the other: 0)", (-0.99, 0.99), _proxies, "proxy", batches=True),
    Axis("score of the relevant item (others: 0)", (-5.0, 5.0), _list, "item",
         second=Second("score of another item", -5.0, 5.0, 0.0), short="score of the relevant item (a third: 0)"),
    Axis("score of the row with the event (others: 0)", (-5.0, 5.0), _survivors, "event", batches=True,
         second=Second("score of the two rows at risk", -5.0, 5.0, 0.0), short="score of the row with the event"),
    Axis("score (thresholds at -1 and 1, the level between them)", _WIDE, lambda x: _levels(x, 1.0), "score of levels"),
    Axis("score (thresholds at -1 and 1, the level between them)", _WIDE, lambda x: _levels(x, -1.0),
         "thresholds less score"),
    Axis("logit of the bin of the target (others: 0)", (-5.0, 5.0), _bins, "bin"),
    Axis("distance of a pair that should be apart", (0.0, 3.0), against(-1.0), "apart"),
    Axis("first score − second score (the first should be higher)", (-3.0, 3.0), _ranked, "ranked"),
    Axis("angle between the two (degrees; of one kind)", (0.0, 180.0), _pair, "angle of a pair"),
    Axis("log-probability of the true class", (-6.0, 0.0), _log_shares, "log-probability"),
    Axis("mean (log-variance: 0)", (-3.0, 3.0), lambda x: {"mean": x[:, None], "log_variance": 0 * x[:, None]},
         "code"),
    Axis("log-probability: chosen − rejected", (-30.0, 30.0), _answers, "answers"),
)  # fmt: skip
AXES = {axis.name: axis for axis in _ALL}
"""The axes by name; those of parameters and boxes depend on the loss, and are made by their forms."""


def errors(turns: list[float]) -> Axis:
    """The error, as far as the parameter where the loss turns, and half as far again."""
    far, card = max(3.0, *(1.5 * turn for turn in turns), 0.0), max(4.0, *(2 * turn for turn in turns), 0.0)
    return replace(AXES["error"], span=(-far, far), card=(-card, card))


def error_beside(pair: tuple[str, str], **held: float | list[float]) -> Axis:
    """The error of two slots, where the loss takes others beside: each row has the same numbers there."""

    def inputs(x: Array) -> Given:
        rest = {name: np.tile(np.atleast_1d(np.asarray(row, float)), (x.size, 1)) for name, row in held.items()}
        return {pair[0]: np.zeros((x.size, 1)), pair[1]: x[:, None], **rest}

    return replace(AXES["error"], inputs=inputs)


def ensemble(members: int) -> Axis:
    """All members of an ensemble move together."""

    def inputs(x: Array) -> Given:
        return {"y_true": np.zeros((x.size, 1)), "y_pred": np.tile(x[:, None, None], (1, members, 1))}

    return replace(AXES["error"], inputs=inputs, name="ensemble", short="all members, equal (the target is 0)")


def moved_box(coding: str) -> Axis:
    """A box that is shifted sideways."""
    second = Second("vertical shift, in heights of the box", -2.0, 2.0, 0.0)
    label = "horizontal shift of the predicted box, in widths"
    return Axis(label, (-3.0, 3.0), lambda x, y: boxes(coding, x, np.full_like(x, y)), "box", second=second)


def quantiles(outputs: int) -> Axis:
    """All predicted quantiles move together."""
    words = "all predicted quantiles, equal (the target is 0)"
    inputs = partial(_alike, outputs)
    return replace(AXES["error"], inputs=inputs, name="quantiles", short=words, symbols=_of_quantiles)


def mean_and_spread(coding: str) -> Axis:
    """A predicted mean, with the spread held at a standard deviation of 1."""
    held = 0.0 if coding.startswith("log") else 1.0
    return Axis(
        f"mean (target: 0, {coding.replace('_', ' ')}: {held:g})",
        (-3.0, 3.0),
        partial(_spread, coding),
        "mean",
        second=Second("predicted standard deviation", 0.2, 4.0, 1.0),
        short="predicted mean μ (the target is 0)",
        still=(-4.0, 4.0),
        symbols=lambda x, second, loss: {"μ": x, "y": 0.0, "v": second**2},
    )


def one_parameter(outputs: int, place: int = 0, target: float = 0.0) -> Axis:
    """One of several predicted parameters, with the others held at 1."""
    words = f"output {place + 1} of {outputs} (the others: 1; target: {target:g})"
    return Axis(words, (-3.0, 3.0), partial(_held, outputs, place, target), f"output {place + 1} of {outputs}")


def first_of_heads(heads: list[str], target: float) -> Axis:
    """The first of the outputs that become parameters, with the others held at 0."""
    held = f"other outputs: 0; target: {target:g}" if len(heads) > 1 else f"target: {target:g}"

    def inputs(x: Array) -> Given:
        return np.full(x.size, target), _side(x, *[np.zeros_like(x)] * (len(heads) - 1))

    return Axis(f"output for {heads[0]} ({held})", (-3.0, 3.0), inputs, f"first output, target {target:g}")


def two_heads(heads: list[str], target: float) -> Plane:
    """Two outputs that become parameters."""
    labels = (f"output for {heads[0]} (target: {target:g})", f"output for {heads[1]}")
    return Plane(labels, ((-3.0, 3.0), (-2.0, 2.0)), lambda u, v: (np.full(u.size, target), _side(u, v)))


def of_contract(rules: Contract) -> list[Axis]:
    """Those of a loss of no form, by what it accepts."""
    if rules.shape == "free":
        return [AXES["error"]]
    kinds = (rules.target, rules.prediction) if rules.shape == "same" else None
    by_kinds = {(SIGN, REAL): "margin", (SOFT_LABEL, PROBABILITY): "share", (REAL, REAL): "error"}
    name = next((name for pair, name in by_kinds.items() if kinds == pair), None)
    return [] if name is None else [AXES[name]]


def beside_even(target: float) -> Axis:
    """The first of two outputs, the other one 0, for a vector of two equal entries."""
    words = f"first output of two (the other: 0; target: {target:g}, {target:g})"
    return Axis(words, (-3.0, 3.0), lambda x: (_rows(x, target, target), _side(x, 0 * x)), f"first of two, {target:g}")


def first_of_two(numbers: int) -> Axis:
    """The first mean of two features, at standard deviations of 1."""

    def inputs(x: Array) -> Given:
        return {"y_true": _rows(x, 0.0, 0.0), "y_pred": _side(x, *[0 * x] * (numbers - 1))}

    return Axis("first mean (target: 0; standard deviations: 1)", (-3.0, 3.0), inputs, "first mean")


def two_outputs(target: float) -> Plane:
    """Both of two outputs, for a vector of two equal entries."""
    labels = (f"first output (target: {target:g}, {target:g})", "second output")
    return Plane(labels, (THREE, THREE), lambda u, v: (_rows(u, target, target), _side(u, v)))


# -- the planes -----------------------------------------------------------------------------------------------------

OPEN, THREE, FIVE = (0.01, 0.99), (-3.0, 3.0), (-5.0, 5.0)


def _target_and_prediction(u: Array, v: Array) -> Given:
    return v[:, None], u[:, None]


def _coordinates(u: Array, v: Array) -> Given:
    """The vector (u, v) against the target (1, 0)."""
    return _rows(u, 1.0, 0.0), _side(u, v)


def _true_first(u: Array, v: Array) -> Given:
    return _first(u), _side(u, v)


def _two_parameters(u: Array, v: Array) -> Given:
    """The parameters (u, v) of a distribution; the target is 0."""
    return np.zeros(u.size), _side(u, v)


def predictions(span: Span = THREE) -> Plane:
    """Prediction against target."""
    ridge = ((span[0], span[0]), (span[1], span[1]))
    return Plane(("prediction", "target"), (span, span), _target_and_prediction, ridge)


def labels(logits: bool) -> Plane:
    """The prediction of a yes against the label."""
    words = "logit of label 1" if logits else "probability of label 1"
    ridge = None if logits else ((0.0, 0.0), (1.0, 1.0))
    return Plane((words, "label"), (FIVE if logits else OPEN, _UNIT), _target_and_prediction, ridge)


def entries(true: str, other: str, logits: bool, index: bool = False) -> Plane:
    """Two entries of which the first is true."""
    word, span = ("logit", FIVE) if logits else ("probability", OPEN)
    return Plane((f"{word} of {true}", f"{word} of {other}"), (span, span), _true_first if index else _coordinates)


def parameters(labels: tuple[str, str], second: Span) -> Plane:
    return Plane(labels, (THREE, second), _two_parameters)


LOG_RATES = Plane(("logarithm of the rate", "target"), ((-2.0, 2.0), (0.0, 4.0)), _target_and_prediction)
COORDINATES = Plane(("first coordinate (target: 1)", "second coordinate (target: 0)"), (THREE, THREE), _coordinates)
SCORES = Plane(("score of the true class", "score of the other class"), (THREE, THREE), _coordinates)
SHARES = Plane(
    ("predicted probability of the first class", "true probability"), (OPEN, OPEN),
    lambda u, v: (_side(v, 1 - v), _side(u, 1 - u)), ((0, 0), (1, 1)),
)  # fmt: skip
DISTANCES = Plane(
    ("distance to the positive", "distance to the negative"), ((0.0, 3.0), (0.0, 3.0)),
    lambda u, v: {"anchor": _side(0 * u, 0 * u), "positive": _side(u, 0 * u), "negative": _side(0 * v, v)},
)  # fmt: skip


def shifts(coding: str) -> Plane:
    """A box that is moved both ways."""
    words = ("horizontal shift, in widths", "vertical shift, in heights")
    return Plane(words, ((-2.0, 2.0), (-2.0, 2.0)), partial(boxes, coding))


# -- the triangle ---------------------------------------------------------------------------------------------------


def three_classes(p: Array, logits: bool, index: bool = False) -> Given:
    """Probabilities p (n, 3) of three classes, the first one true; a loss of logits or scores gets their logarithms."""
    true = np.zeros(len(p), "int32") if index else np.tile([1.0, 0.0, 0.0], (len(p), 1))
    return true, np.log(p) if logits else p
