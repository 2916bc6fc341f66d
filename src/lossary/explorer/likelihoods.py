"""A sample, a distribution with sliders, and the likelihood: a loss of lossary, summed, with its sign changed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from lossary.core.lookup import get
from lossary.explorer import declared
from lossary.explorer.question import Array, Question

GRID = 121  # points of a likelihood curve


@dataclass(frozen=True)
class Knob:
    """A parameter of a distribution, and the range of its slider."""

    name: str
    low: float
    high: float
    default: float
    text: str


@dataclass(frozen=True)
class Distribution:
    """`nll(y, parameters)` is -log density of each y (n,) under each row of parameters (k, ...): (k, n)."""

    name: str
    loss: str
    words: str
    knobs: tuple[Knob, ...]
    span: tuple[float, float]
    counts: bool
    draw: Callable[[np.random.Generator, int], Array]
    nll: Callable[[Array, Array], Array]
    params: dict[str, Any] = field(default_factory=dict)  # of the loss
    bounded: bool = False  # whether a number far off is none of its numbers


def _rows(name: str, y: Array, p: Array, **parameters: Any) -> Array:
    """The rows of a loss for every pair of y (n,) and predictions (k, n) or (k, n, 2), as (k, n)."""
    k, n = p.shape[:2]
    target = np.tile(y, k)[:, None].astype("float32")
    prediction = p.reshape(k * n, 1, *p.shape[2:]).astype("float32")
    values = ops.convert_to_numpy(get(name, **parameters).rows(target, prediction))
    return values.reshape(k, n).astype("float64")


def _each(column: Array, y: Array) -> Array:
    return np.repeat(column[:, None], len(y), axis=1)


def _normal(y: Array, at: Array) -> Array:
    pairs = np.stack([_each(at[:, 0], y), _each(at[:, 1], y)], axis=-1)
    return _rows("gaussian_nll", y, pairs, spread="std")


def _laplace(y: Array, at: Array) -> Array:
    return _rows("mean_absolute_error", y, _each(at[:, 0], y)) / at[:, 1:] + np.log(2 * at[:, 1:])


def _poisson(y: Array, at: Array) -> Array:
    constant = np.array([math.lgamma(value + 1) for value in y])  # which the loss leaves out
    return _rows("poisson", y, _each(at[:, 0], y)) + constant


def _bernoulli(y: Array, at: Array) -> Array:
    return _rows("binary_crossentropy", y, _each(at[:, 0], y))


MEAN = Knob("μ", -2.0, 8.0, 1.0, "The centre of the distribution.")
CLASSICS = (
    Distribution(
        "normal", "GaussianNLL", "Minus the log density of a value is GaussianNLL(spread='std')",
        (MEAN, Knob("σ", 0.2, 5.0, 2.0, "The standard deviation.")), (-4.0, 14.0), False,
        lambda rng, n: rng.normal(3.0, 1.2, n), _normal, {"spread": "std"},
    ),
    Distribution(
        "Laplace", "MeanAbsoluteError", "Minus the log density of a value is MeanAbsoluteError / b + log 2b",
        (MEAN, Knob("b", 0.2, 5.0, 2.0, "The mean distance from the centre.")), (-4.0, 14.0), False,
        lambda rng, n: rng.laplace(3.0, 0.9, n), _laplace,
    ),
    Distribution(
        "Poisson", "Poisson", "Minus the log probability of a value is Poisson + log y!",
        (Knob("λ", 0.2, 12.0, 2.0, "The mean count."),), (-0.5, 15.5), True,
        lambda rng, n: rng.poisson(4.0, n).astype("float64"), _poisson, {}, True,
    ),
    Distribution(
        "Bernoulli", "BinaryCrossentropy", "Minus the log probability of a value is BinaryCrossentropy",
        (Knob("p", 0.01, 0.99, 0.5, "The probability of a 1."),), (-0.5, 1.5), True,
        lambda rng, n: (rng.random(n) < 0.3).astype("float64"), _bernoulli, {}, True,
    ),
)  # fmt: skip
DECLARED = declared.distributions(Distribution, Knob, {d.name.lower() for d in CLASSICS})
DISTRIBUTIONS = {d.name: d for d in (*CLASSICS, *DECLARED)}


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The sample, the density at the sliders, the log-likelihood over each parameter, and its maximum."""
    asked = Question(question)
    d = DISTRIBUTIONS[asked.choice("distribution", *DISTRIBUTIONS)]
    size, seed = asked.whole("size", 60, 5, 300), asked.whole("seed", 1, 0, 10_000)
    outliers = asked.whole("outliers", 0, 0, 20)
    y = sample(d.name, size, seed, outliers)
    here = np.array([asked.number(knob.name, knob.default, knob.low, knob.high) for knob in d.knobs])
    x = places(d)
    best, best_value, best_density = maximum(d.name, size, seed, outliers)
    return {
        "name": d.name,
        "loss": d.loss,
        "words": d.words,
        "counts": d.counts,
        "bounded": d.bounded,
        "params": d.params,
        "span": d.span,
        "sample": y,
        "x": x,
        "density": np.exp(-d.nll(x, here[None])[0]),
        "best_density": best_density,
        "knobs": [vars(knob) for knob in d.knobs],
        "here": {"at": here, "value": _log_likelihood(d, y, here[None])[0]},
        "best": {"at": best, "value": best_value},
        "curves": [_along(d, y, here, place) for place in range(len(here))],
    }


@lru_cache(maxsize=64)
def sample(name: str, size: int, seed: int, outliers: int) -> Array:
    """`size` values of a distribution, and outliers far to the right (of the normal and the Laplace)."""
    d = DISTRIBUTIONS[name]
    y = d.draw(np.random.default_rng(seed), size)
    return y if d.bounded else np.concatenate([y, np.linspace(11.0, 13.0, outliers)])


@lru_cache(maxsize=64)
def maximum(name: str, size: int, seed: int, outliers: int) -> tuple[Array, float, Array]:
    """Where the log-likelihood is largest, its value and the density there: a grid, ever finer about its best point."""
    d, y = DISTRIBUTIONS[name], sample(name, size, seed, outliers)
    low, high = (np.array([getattr(knob, end) for knob in d.knobs]) for end in ("low", "high"))
    best, width = (low + high) / 2, (high - low) / 2
    points, closer, rounds = (13, 0.35, 12) if len(low) < 3 else (7, 0.55, 18)
    for _ in range(rounds):
        axes = [np.clip(np.linspace(b - w, b + w, points), lo, hi) for b, w, lo, hi in zip(best, width, low, high)]  # noqa: B905
        grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(axes))
        best, width = grid[_log_likelihood(d, y, grid).argmax()], width * closer
    return best, float(_log_likelihood(d, y, best[None])[0]), np.exp(-d.nll(places(d), best[None])[0])


def places(d: Distribution) -> Array:
    """Where the density is shown."""
    return np.arange(d.span[0] + 0.5, d.span[1]) if d.counts else np.linspace(*d.span, 181)


def _log_likelihood(d: Distribution, y: Array, at: Array) -> Array:
    values, times = np.unique(y, return_counts=True)
    return np.asarray(-d.nll(values, at) @ times)


def _along(d: Distribution, y: Array, here: Array, place: int) -> dict[str, Any]:
    """The log-likelihood over one parameter, the others as they are."""
    knob = d.knobs[place]
    grid = np.tile(here, (GRID, 1))
    grid[:, place] = np.linspace(knob.low, knob.high, GRID)
    value = _log_likelihood(d, y, grid)
    return {"name": knob.name, "x": grid[:, place], "value": value, "top": grid[value.argmax(), place]}
