"""A network of one hidden layer, small enough to train while one watches. Its gradient at the output is the loss's.

The page keeps the weights between two requests, so that the server keeps nothing and any setting may change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from lossary.core.loss import Loss
from lossary.explorer.curves import label
from lossary.explorer.question import Array, Question
from lossary.numerics.backend import gradient

HIDDEN = 16
SIZE = 3 * HIDDEN + 1  # weights: in, bias, out, and the bias of the output
MOST_STEPS = 60
FADE, FADE_SQUARE = 0.9, 0.999  # Adam's memory


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Some steps of Adam for each loss, from the states that were sent: what each step cost, and the fits."""
    asked = Question(question)
    losses = asked.losses(lambda loss: loss.of_errors)
    seed, steps = asked.whole("seed", 1, 0, 10_000), asked.whole("steps", 1, 0, MOST_STEPS)
    rate, penalty = asked.number("rate", 0.02, 0.0, 0.5), asked.number("penalty", 0.0, 0.0, 1.0)
    x, y = sample(asked.whole("rows", 60, 10, 200), asked.number("noise", 0.15, 0.0, 1.0),
                  asked.number("outliers", 0.1, 0.0, 0.4), seed)  # fmt: skip
    states = asked.numbers("states", 3 * SIZE + 1, len(losses))
    runs = []
    for place, loss in enumerate(losses):
        state = states[place] if place < len(states) else first_state(seed)
        runs.append({"label": label(loss), **_run(loss, x, y, state, steps, rate, penalty)})
    return {"x": x, "y": y, "grid": np.linspace(-3, 3, 101), "runs": runs}


def sample(rows: int, noise: float, outliers: float, seed: int) -> tuple[Array, Array]:
    """Points on a wave, a share of them thrown upwards."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-3, 3, rows))
    y = np.sin(1.5 * x) + noise * rng.normal(size=rows)
    return x, np.where(rng.random(rows) < outliers, y + rng.uniform(2.0, 4.0, rows), y)


def first_state(seed: int) -> Array:
    """Weights as Glorot draws them, empty moments, and step 0."""
    rng = np.random.default_rng(seed)
    weights = np.concatenate([rng.normal(0, 1, HIDDEN), rng.normal(0, 0.5, HIDDEN), rng.normal(0, 0.3, HIDDEN), [0]])
    return np.concatenate([weights, np.zeros(2 * SIZE), [0.0]])


def forward(weights: Array, x: Array) -> tuple[Array, Array]:
    """The hidden layer (n, HIDDEN) and the output (n,)."""
    into, bias, out, last = np.split(weights, [HIDDEN, 2 * HIDDEN, 3 * HIDDEN])
    hidden = np.tanh(x[:, None] * into + bias)
    return hidden, hidden @ out + last


def backward(weights: Array, x: Array, hidden: Array, slope: Array) -> Array:
    """The gradient by every weight, from the gradient by the output (n,)."""
    through = slope[:, None] * weights[2 * HIDDEN : 3 * HIDDEN] * (1 - hidden**2)
    return np.concatenate([x @ through, through.sum(0), slope @ hidden, [slope.sum()]])


def _run(loss: Loss, x: Array, y: Array, state: Array, steps: int, rate: float, penalty: float) -> dict[str, Any]:
    target = ops.convert_to_tensor(y[:, None].astype("float32"))
    kernels = np.r_[np.ones(HIDDEN), np.zeros(HIDDEN), np.ones(HIDDEN), 0.0]  # what is penalised: no bias
    weights, first, second, (count,) = np.split(state, [SIZE, 2 * SIZE, 3 * SIZE])
    costs, penalties = [], []
    for step in range(steps + 1):
        hidden, p = forward(weights, x)
        q = ops.convert_to_tensor(p[:, None].astype("float32"))
        costs.append(float(ops.convert_to_numpy(loss(target, q))))
        penalties.append(float(penalty * (kernels * weights**2).sum()))
        if step == steps:
            break
        slope = ops.convert_to_numpy(gradient(lambda z: loss(target, z), q))[:, 0].astype("float64")
        by = backward(weights, x, hidden, slope) + 2 * penalty * kernels * weights
        count += 1
        first = FADE * first + (1 - FADE) * by
        second = FADE_SQUARE * second + (1 - FADE_SQUARE) * by**2
        mean, square = first / (1 - FADE**count), second / (1 - FADE_SQUARE**count)
        weights = weights - rate * mean / (np.sqrt(square) + 1e-7)
    curve = forward(weights, np.linspace(-3, 3, 101))[1]
    state = np.concatenate([weights, first, second, [count]])
    return {"state": state, "costs": costs, "penalties": penalties, "curve": curve, "steps": int(count)}
