"""The minimum of a function of a few numbers that may have corners."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lossary.explorer.question import Array

Valued = Callable[[Array], tuple[float, Array]]


def minimise(f: Valued, start: Array, steps: int = 150, small: float = 1e-6) -> Array:
    """BFGS with a weak Wolfe search, which also walks along corners (Lewis and Overton, 10.1007/s10107-012-0514-2)."""
    x, inverse = start, np.eye(len(start))
    value, slope = f(x)
    for _ in range(steps):
        direction = -inverse @ slope
        if not direction @ slope < 0:
            inverse, direction = np.eye(len(x)), -slope
        length, after, after_slope = _search(f, x, direction, value, float(direction @ slope))
        step, turn = length * direction, after_slope - slope
        if np.abs(step).max() < small or value - after < small * small:
            return x + step if after <= value else x
        x, value, slope = x + step, after, after_slope
        if (bend := step @ turn) > 0:
            left = np.eye(len(x)) - np.outer(step, turn) / bend
            inverse = left @ inverse @ left.T + np.outer(step, step) / bend
    return x


def _search(f: Valued, x: Array, direction: Array, value: float, fall: float) -> tuple[float, float, Array]:
    """A step that goes down enough and far enough, by bisection."""
    low, high, length = 0.0, np.inf, 1.0
    for _ in range(30):
        after, slope = f(x + length * direction)
        if after > value + 1e-4 * length * fall:
            high = length
        elif slope @ direction < 0.9 * fall:
            low = length
        else:
            break
        length = (low + high) / 2 if np.isfinite(high) else 2 * low
    return length, after, slope
