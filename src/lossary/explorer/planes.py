"""Two classes in the plane: the boundary that each loss draws, with few of one class and with wrong labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from lossary.core import catalogue
from lossary.core.lookup import loss_class
from lossary.core.loss import Loss
from lossary.explorer.curves import label
from lossary.explorer.minimise import minimise
from lossary.explorer.question import Array, Question
from lossary.numerics.backend import gradient

REACH = 4.0  # of the plane that is shown, each way
SCORES = np.linspace(-30.0, 30.0, 6001)
RIDGE = 1e-3  # keeps the scores of separable classes finite
PAIRS = {"linear": 1, "curved": 2}


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """A sample, and for each loss the coefficients of its boundary and how well it does."""
    asked = Question(question)
    losses = asked.losses(lambda loss: loss.two_classes is not None, from_logits=True)
    shape = asked.choice("shape", "clouds", "moons", "ring")
    x, label_true = sample(
        shape,
        rows=asked.whole("rows", 160, 20, 400),
        share=asked.number("share", 0.5, 0.02, 0.5),
        apart=asked.number("apart", 2.0, 0.0, 4.0),
        seed=asked.whole("seed", 1, 0, 10_000),
    )
    wrong = np.random.default_rng(asked.whole("seed", 1, 0, 10_000) + 1).random(len(x)) < asked.number(
        "noise", 0.0, 0.0, 0.45
    )
    seen = np.where(wrong, 1 - label_true, label_true)
    degree = PAIRS[asked.choice("boundary", "linear", "curved")]
    features = spread(x, degree)
    fits = [_fitted(loss, features, seen, label_true) for loss in losses]
    return {"points": x, "seen": seen, "wrong": wrong, "degree": degree, "reach": REACH, "fits": fits}


def sample(shape: str, *, rows: int, share: float, apart: float, seed: int) -> tuple[Array, Array]:
    """Points (rows, 2) and their classes, a `share` of them 1. `apart` moves the classes from one another."""
    rng = np.random.default_rng(seed)
    ones = max(2, round(rows * share))
    y = (np.arange(rows) < ones).astype("int64")
    scatter, turn = rng.normal(size=(rows, 2)), np.pi * rng.random(rows)
    if shape == "moons":
        bow = np.stack([np.cos(turn) - 0.5, np.sin(turn) - 0.25], axis=1) * np.where(y, 1.0, -1.0)[:, None]
        return 1.7 * bow + 0.12 * (4.5 - apart) * scatter, y
    if shape == "ring":
        around = np.stack([np.cos(2 * turn), np.sin(2 * turn)], axis=1) * (0.7 + 0.5 * apart)
        return np.where(y[:, None] == 1, 0.55 * scatter, around + 0.3 * scatter), y
    centre = np.array([0.5, 0.35]) * apart
    return 0.8 * scatter + np.where(y[:, None] == 1, centre, -centre), y


def spread(x: Array, degree: int) -> Array:
    """1, x1, x2 and, for curved boundaries, x1², x1·x2, x2²."""
    a, b = x[:, 0], x[:, 1]
    columns = [np.ones(len(x)), a, b] + ([a * a, a * b, b * b] if degree == 2 else [])
    return np.stack(columns, axis=1)


def _fitted(loss: Loss, features: Array, seen: Array, true: Array) -> dict[str, Any]:
    known = table(type(loss).__name__, tuple((n, getattr(loss, n)) for n in loss.params))
    found = minimise(target(known, features, seen), np.zeros(features.shape[1]))
    z, ones = features @ found, true == 1
    return {
        "label": label(loss),
        "coefficients": found,
        "loss": float(ops.convert_to_numpy(loss(*_pair(loss, seen, z)))),
        "accuracy": float(((z > 0) == ones).mean()),
        "missed": int((ones & (z <= 0)).sum()),
        "alarms": int((~ones & (z > 0)).sum()),
        "ones": int(ones.sum()),
    }


def target(known: tuple[Array, Array], features: Array, seen: Array) -> Callable[[Array], tuple[float, Array]]:
    """The mean loss of a table of `table` with a weak ridge, and its gradient, as a function of the coefficients."""

    def total(c: Array) -> tuple[float, Array]:
        z = features @ c
        value, slope = np.empty(len(z)), np.empty(len(z))
        for k in (0, 1):
            of = seen == k
            value[of], slope[of] = (np.interp(z[of], SCORES, numbers[k]) for numbers in known)
        rest = np.r_[0.0, c[1:]]
        return float(value.mean() + RIDGE * rest @ rest), features.T @ slope / len(z) + 2 * RIDGE * rest

    return total


def _pair(loss: Loss, y: Array, z: Array) -> tuple[Array, Array]:
    """Targets in the loss's own coding, with scores: 0 and 1 for probabilities, -1 and 1 for margins and errors."""
    no, yes = loss.two_classes or (0.0, 1.0)
    coded = np.where(y == 1, yes, no)
    return coded[:, None].astype("float32"), z[:, None].astype("float32")


@lru_cache(maxsize=64)
def table(name: str, parameters: tuple[tuple[str, Any], ...]) -> tuple[Array, Array]:
    """The loss's own values and gradients at each score, for labels 0 and 1: (2, scores) each.

    A minimum takes hundreds of looks at one function of one number, so that number is gone through once.
    """
    loss = loss_class(catalogue.find(name))(**dict(parameters))
    y = np.repeat([0, 1], SCORES.size)
    coded, z = map(ops.convert_to_tensor, _pair(loss, y, np.tile(SCORES, 2)))
    values = ops.convert_to_numpy(loss.rows(coded, z)).astype("float64")
    slopes = ops.convert_to_numpy(gradient(lambda s: loss.rows(coded, s), z)).astype("float64")
    return values.reshape(2, -1), slopes.reshape(2, -1)
