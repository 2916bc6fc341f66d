"""A line or a small curve through points, fitted by several losses: the playground.

Each loss is minimised by iteratively reweighted least squares. The weights come from the loss's own slope, so what is
found is where the loss's pulls balance.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from lossary.core import catalogue
from lossary.core.lookup import get, loss_class
from lossary.core.loss import Loss
from lossary.explorer.curves import label
from lossary.explorer.minimise import minimise
from lossary.explorer.question import Array, Question
from lossary.numerics.backend import gradient

WIDTH, HEIGHT = 10.0, 10.0  # of the field that points are dragged in
STEPS, LAST_STEPS, NEAR = 100, 6, 1e-4
ERRORS = np.linspace(-50.0, 50.0, 20_001)
MOST_POINTS, MOST_DEGREES = 200, 4


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Fits of the points by each loss; the value of each loss on the line that was drawn by hand."""
    asked = Question(question)
    points = asked.numbers("points", 2, MOST_POINTS)
    degree = asked.whole("degree", 1, 1, MOST_DEGREES)
    losses = asked.losses(lambda loss: loss.of_errors)
    handles = asked.numbers("handles", 1, MOST_DEGREES + 1).ravel()
    shown = np.linspace(0.0, WIDTH, 81)
    found: dict[str, Any] = {"x": shown, "fits": []}
    basis, y = powers(points[:, 0], degree), points[:, 1]
    enough = len(np.unique(points[:, 0])) > degree
    by_hand = through(handles, degree) if len(handles) == degree + 1 else None
    for loss in losses:
        one: dict[str, Any] = {"label": label(loss)}
        if enough:
            parameters = tuple((name, getattr(loss, name)) for name in loss.params)
            best = _known(type(loss).__name__, parameters, points.tobytes(), degree)
            one |= _described(loss, best, basis, y, powers(shown, degree))
        if by_hand is not None and len(points):
            one["hand"] = _described(loss, by_hand, basis, y, powers(shown, degree))
        found["fits"].append(one)
    return found


@lru_cache(maxsize=64)
def _known(name: str, parameters: tuple[tuple[str, Any], ...], points: bytes, degree: int) -> Array:
    """A slider moves one loss; the others' curves are as they were."""
    x, y = np.frombuffer(points).reshape(-1, 2).T
    return minimum(loss_class(catalogue.find(name))(**dict(parameters)), powers(x, degree), y)


def powers(x: Array, degree: int) -> Array:
    """(n, degree + 1): powers of x, moved and scaled to [-1, 1] so that they stay told apart."""
    return np.asarray(((x - WIDTH / 2) / (WIDTH / 2))[:, None] ** np.arange(degree + 1))


def through(handles: Array, degree: int) -> Array:
    """The coefficients of the curve through the handles, which stand at equal distances over the field."""
    return np.asarray(np.linalg.solve(powers(np.linspace(0.0, WIDTH, degree + 1), degree), handles))


def _described(loss: Loss, coefficients: Array, basis: Array, y: Array, shown: Array) -> dict[str, Any]:
    p = basis @ coefficients
    slope = coefficients[1] / (WIDTH / 2)
    return {
        "curve": shown @ coefficients,
        "loss": float(ops.convert_to_numpy(loss(y[:, None], p[:, None]))),
        "residuals": p - y,
        "pulls": pulls(loss, y, p),
        "slope": slope,
        "intercept": coefficients[0] - slope * WIDTH / 2,
        "line": len(coefficients) == 2,
    }


def pulls(loss: Loss, y: Array, p: Array) -> Array:
    """How hard each row pulls its prediction: the gradient of the row's value."""
    target = ops.convert_to_tensor(y[:, None].astype("float32"))
    return ops.convert_to_numpy(gradient(lambda q: loss.rows(target, q), p[:, None].astype("float32")))[:, 0]


def minimum(loss: Loss, basis: Array, y: Array) -> Array:
    """The coefficients at which the loss is smallest, near a robust start where there are several such places."""
    start = np.linalg.lstsq(basis, y, rcond=None)[0]
    if "redescending" in type(loss).traits:
        start = _reweighted(get("mean_absolute_error"), basis, y, start)
    found = _reweighted(loss, basis, y, start)
    found = min((start, found), key=lambda one: _value(loss, basis, y, one))
    return min((found, _descended(loss, basis, y, found)), key=lambda one: _value(loss, basis, y, one))


def _descended(loss: Loss, basis: Array, y: Array, start: Array) -> Array:
    """What reweighting misses where a loss bends much on one side and little on the other: a descent from there."""
    slopes = table(type(loss).__name__, tuple((name, getattr(loss, name)) for name in loss.params))
    rises = (slopes[1:] + slopes[:-1]) / 2 * (ERRORS[1] - ERRORS[0])
    middle = len(rises) // 2  # from there outwards: far errors may cost 1e30 times as much as near ones
    values = np.concatenate([-np.cumsum(rises[:middle][::-1])[::-1], [0.0], np.cumsum(rises[middle:])])

    def f(at: Array) -> tuple[float, Array]:
        e = basis @ at - y
        return float(np.interp(e, ERRORS, values).mean()), basis.T @ np.interp(e, ERRORS, slopes) / len(y)

    return minimise(f, start)


def _reweighted(loss: Any, basis: Array, y: Array, start: Array) -> Array:
    """Most of the way by slopes from a table, which are quick, and the last steps by the loss itself."""
    parameters = tuple((name, getattr(loss, name)) for name in loss.params)
    rough = table(type(loss).__name__, parameters)
    near = _steps(lambda e: np.interp(e, ERRORS, rough), STEPS, basis, y, start)
    return _steps(lambda e: _slope(loss, e), LAST_STEPS, basis, y, near)


def _steps(slope: Callable[[Array], Array], most: int, basis: Array, y: Array, at: Array) -> Array:
    """Slopes are split into an odd part, which becomes weights, and an even part (of quantiles), which pulls evenly."""
    ridge = 1e-9 * np.eye(basis.shape[1])
    for _ in range(most):
        e = basis @ at - y
        away = np.where(np.abs(e) < NEAR, NEAR, e)
        up, down = slope(np.stack([away, -away]))
        weight, even = np.maximum((up - down) / 2 / away, 0.0), (up + down) / 2
        square = basis.T @ (weight[:, None] * basis) + ridge * max(weight.max(), 1.0)
        before, at = at, np.linalg.solve(square, basis.T @ (weight * y - even))
        if np.abs(at - before).max() < NEAR:
            break
    return at


@lru_cache(maxsize=64)
def table(name: str, parameters: tuple[tuple[str, Any], ...]) -> Array:
    """The loss's own slope at each of ERRORS."""
    return _slope(loss_class(catalogue.find(name))(**dict(parameters)), ERRORS)


def _slope(loss: Any, e: Array) -> Array:
    """The loss's slope at errors of any shape. JAX compiles for every size anew, so small ones have one size."""
    padded = np.ones(max(e.size, 2 * MOST_POINTS), dtype="float32")
    padded[: e.size] = e.ravel()
    slopes = ops.convert_to_numpy(loss.slope(ops.convert_to_tensor(padded)))
    return np.asarray(slopes[: e.size].astype("float64").reshape(e.shape))


def _value(loss: Loss, basis: Array, y: Array, coefficients: Array) -> float:
    return float(ops.convert_to_numpy(loss(y[:, None], (basis @ coefficients)[:, None])))
