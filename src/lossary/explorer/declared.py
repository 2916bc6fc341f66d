"""The distributions of the likelihoods that losses declare, with sliders for what they predict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from keras import ops

from lossary.core import catalogue
from lossary.core.forms import Likelihood, Outputs
from lossary.core.forms.likelihoods import ANGLE_TARGET, SHARE_TARGET
from lossary.core.lookup import get
from lossary.heads.supports import is_count
from lossary.likelihood.plain import name_of

Array = np.ndarray
USUAL = {
    "loc": 3.0, "mean": 4.0, "scale": 1.5, "std": 1.2, "df": 4.0, "slant": 3.0, "mu": 1.0, "sigma": 0.6, "a": 2.0,
    "b": 3.0, "concentration": 2.0, "rate": 4.0, "dispersion": 0.5, "zeros": 0.3, "p": 0.3,
}  # what a sample is drawn from, by the name of a parameter  # fmt: skip
KIND = {"real": (-2.0, 8.0, 0.2), "positive": (0.2, 8.0, 2.0), "share": (0.02, 0.98, 0.3)}  # low, high, usual
SAID = {"real": "Any number.", "positive": "A number above 0.", "share": "A probability."}


def distributions(make: Any, knob: Any, known: set[str]) -> Iterator[Any]:
    """One for each likelihood of a single number that is not known by another name."""
    for card in catalogue.built_in().values():
        loss = get(card.function) if card.family.endswith("likelihoods") else None
        if isinstance(loss, Likelihood) and 0 < len(loss.heads) <= 3 and name_of(loss) not in known:
            yield _made(loss, card, make, knob)


def _made(loss: Likelihood, card: Any, make: Any, knob: Any) -> Any:
    values, heads = loss.contract.target, loss.heads
    counts = is_count(loss)
    span = span_of(loss, counts)
    truth = np.array([_usual(name, kind, values is ANGLE_TARGET) for name, kind in heads.items()])

    def nll(y: Array, at: Array) -> Array:
        return of_each(loss, y, at)

    def draw(rng: np.random.Generator, n: int) -> Array:
        """By the distribution function, summed from the density."""
        ends = np.arange(span[0] + 0.5, span[1]) if counts else np.linspace(*span, 4002)[1:-1]
        heap = np.cumsum(np.exp(-nll(ends, truth[None])[0]))
        share = rng.random(n) * heap[-1]
        if counts:
            return np.asarray(ends[np.searchsorted(heap, share)])
        if loss.atom is None:
            return np.interp(share, heap, ends)
        at = np.exp(-nll(np.array([loss.atom]), truth[None])[0, 0])
        return np.where(rng.random(n) < at, loss.atom, np.interp(share, heap, ends))

    what = "probability" if counts else "density"
    bounded = values.low > -math.inf or values is ANGLE_TARGET
    return make(
        name_of(loss).replace("_", " "), card.name,
        f"Minus the log {what} of a value is {card.name} of {', '.join(heads)}",
        knobs(loss, knob), span, counts, draw, nll, {}, bounded,
    )  # fmt: skip


def outputs(loss: Outputs, at: Array) -> Array:
    """What a model predicts where the parameters are these, (k, heads)."""
    turn: dict[str, Callable[[Array], Array]] = {
        "real": lambda p: p,
        "positive": np.log if loss.link == "exp" else lambda p: np.log(np.expm1(p)),
        "share": lambda p: np.log(p / (1 - p)),
    }
    return np.stack([turn[kind](at[:, place]) for place, kind in enumerate(loss.heads.values())], axis=-1)


def of_each(loss: Outputs, y: Array, at: Array) -> Array:
    """The loss of each y (n,) under each row of parameters (k, heads): (k, n)."""
    pairs = np.repeat(outputs(loss, at)[:, None], len(y), axis=1).reshape(-1, 1, len(loss.heads)).astype("float32")
    target = np.tile(y, len(at))[:, None].astype("float32")
    return np.asarray(ops.convert_to_numpy(loss.rows(target, pairs)), dtype=float).reshape(len(at), len(y))


def knobs(loss: Outputs, knob: Any) -> tuple[Any, ...]:
    """A slider for each parameter."""
    angle = loss.target is ANGLE_TARGET
    return tuple(knob(name, *_range(name, kind, angle), SAID[kind]) for name, kind in loss.heads.items())


def _usual(name: str, kind: str, angle: bool) -> float:
    if name == "shape":
        return 0.2 if kind == "real" else 2.0
    return 0.5 if angle and kind == "real" else USUAL.get(name, KIND[kind][2])


def _range(name: str, kind: str, angle: bool) -> tuple[float, float, float]:
    """Low, high and the first place of a slider, away from the best."""
    low, high, _ = KIND[kind]
    high = 30.0 if name == "df" else high
    if kind == "real" and (angle or name == "shape"):
        low, high = (-3.0, 3.0) if angle else (-0.45, 1.5)
    usual = _usual(name, kind, angle)
    return low, high, round(low + 0.5 * (usual - low), 2)


def span_of(loss: Outputs, counts: bool) -> tuple[float, float]:
    """What is shown of the numbers."""
    values = loss.contract.target
    if counts:
        return (-0.5, min(values.high, 15.0) + 0.5)
    if values is SHARE_TARGET:
        return (0.0, 1.0)
    if values is ANGLE_TARGET:
        return (-math.pi, math.pi)
    low = getattr(loss, "minimum", values.low)
    return (low, low + 14.0) if low > -math.inf else (-4.0, 14.0)
