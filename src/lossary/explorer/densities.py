"""Predicted distributions: the density with one observation, and the loss as a function of the observation.

The density is the loss's own: exp(-loss) of a likelihood; of a continuous ranked probability score, half of its second
derivative by the observation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from lossary.core.forms import Likelihood, Outputs, Score
from lossary.core.loss import Loss
from lossary.explorer.curves import label
from lossary.explorer.declared import knobs, of_each, outputs, span_of
from lossary.explorer.likelihoods import Knob
from lossary.explorer.question import Array, Question
from lossary.heads.supports import is_count
from lossary.numerics.backend import gradient

POINTS = 240
MOST_HEADS = 4


def predicts(loss: Loss) -> bool:
    """Whether a loss reads the parameters of a distribution, few enough for sliders."""
    return isinstance(loss, Outputs) and 0 < len(loss.heads) <= MOST_HEADS


def shown(loss: Loss) -> dict[str, Any] | None:
    """The sliders, the range of observations, and whether these are whole numbers; None for other losses."""
    if not isinstance(loss, Outputs) or not predicts(loss):
        return None
    counts, (low, high) = is_count(loss), _span(loss)
    found = [vars(knob) for knob in knobs(loss, Knob)]
    return {"knobs": found, "span": (low, high), "counts": counts, "y": _usual(low, high, counts)}


def _usual(low: float, high: float, counts: bool) -> float:
    """An observation away from the middle of the distribution."""
    usual = low + 0.4 * (high - low)
    return float(round(usual)) if counts else round(usual, 2)


def _span(loss: Outputs) -> tuple[float, float]:
    return span_of(loss, is_count(loss))


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """For one to four losses with the same parameters: the curves over the observation, and the numbers at one."""
    asked = Question(question)
    losses = asked.losses(predicts)
    first = losses[0]
    told = shown(first)
    assert told is not None
    (low, high), counts = told["span"], told["counts"]
    ends = (np.ceil(low), np.floor(high)) if counts else (low, high)
    y = asked.whole("y", told["y"], *map(int, ends)) if counts else asked.number("y", told["y"], *ends)
    given = asked.mapping("at")
    here = np.array([[given.number(k["name"], k["default"], k["low"], k["high"]) for k in told["knobs"]]])
    x = np.arange(ends[0], ends[1] + 1) if counts else low + (high - low) * (np.arange(POINTS) + 0.5) / POINTS
    runs = [_run(loss, x, float(y), here) if _like(loss, first) else {"label": label(loss)} for loss in losses]
    return {**told, "y": y, "here": here[0], "x": x, "runs": runs}


def _like(loss: Loss, first: Loss) -> bool:
    return isinstance(loss, Outputs) and isinstance(first, Outputs) and loss.heads == first.heads


def _run(loss: Any, x: Array, y: float, here: Array) -> dict[str, Any]:
    raw = outputs(loss, here)
    tensor = ops.convert_to_tensor(raw[None].astype("float32"))
    target = np.array([[y]], dtype="float32")
    by = ops.convert_to_numpy(gradient(lambda z: loss(target, z), tensor))
    return {
        "label": label(loss),
        "curve": of_each(loss, x, here)[0],
        "density": density(loss, x, here),
        "at": None if (at := density(loss, np.array([y]), here)) is None else at[0],
        "value": float(ops.convert_to_numpy(loss(target, tensor))),
        "outputs": raw[0],
        "gradients": by.ravel(),
    }


def density(loss: Outputs, x: Array, here: Array) -> Array | None:
    """The density or probability of each observation; None where the loss has none."""
    if isinstance(loss, Likelihood):
        whole = type(loss)(**{**{name: getattr(loss, name) for name in loss.params}, "full": True})
        return np.exp(-of_each(whole, x, here)[0])
    if not isinstance(loss, Score) or is_count(loss):
        return None
    low, high = _span(loss)
    h = (high - low) / 100
    x = np.clip(x, low + h, high - h)  # beyond an end there may be no observations
    below, at, above = of_each(loss, np.concatenate([x - h, x, x + h]), here).reshape(3, -1)
    return np.maximum((below - 2 * at + above) / (2 * h * h), 0.0)
