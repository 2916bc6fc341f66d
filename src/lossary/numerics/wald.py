"""Minus the log-probabilities of an inverse Gaussian variable below, above and between numbers.

Written in a = r (y / mean - 1) and r = (shape / y)^(1/2): P(below) = Phi(a) + e^(-a^2 / 2) t(a + 2 r), with the scaled
normal tail t.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import ops
from .backend import expm1, log, log1p, total
from .incomplete import nodes
from .special import scaled_tail
from .stable import at_least, at_most, log_less_exp, with_slopes

Tensor = Any
ROOT = 1 / math.sqrt(2 * math.pi)
_GAUSS = [((float(x) + 1) / 2, float(w) / 2) for x, w in zip(*np.polynomial.legendre.leggauss(8), strict=True)]


def _tail(x: Tensor) -> Tensor:
    """t(x) for x >= -1.2."""
    size = ops.abs(x)
    found = scaled_tail(size)
    low = x < 0
    return ops.where(low, ops.exp(0.5 * at_most(size * size, 1.5)) - found, found)


def _integral(x: Tensor, r: Tensor | None) -> Tensor:
    """t(x) - t(x + 2 r), or minus the derivative of t, as an integral for x >= -1.2, where nothing cancels."""
    node, weight, most = nodes(x)
    far = 2 * most / (x + ops.sqrt(x * x + 2 * most))
    t = ops.expand_dims(far, -1) * node
    falls = weight * ops.exp(-t * (ops.expand_dims(x, -1) + 0.5 * t))
    times = t if r is None else -expm1(-2 * ops.expand_dims(r, -1) * t)
    return ROOT * far * total(falls * times, -1)


def _drop(a: Tensor, r: Tensor) -> Tensor:
    """t(a) - t(a + 2 r) for a >= -1.2."""
    near = 2 * r < ops.abs(a) + 1
    few = _integral(ops.where(near, a, 0.0), ops.where(near, r, 0.5))
    return ops.where(near, few, _tail(a) - scaled_tail(at_least(a + 2 * r, 0.0)))


def _parts(a: Tensor, r: Tensor) -> tuple[Tensor, ...]:
    """Whether P(below) < 1/2; it over e^(-a^2 / 2), where it is, else P(above); and that number."""
    negative = ops.where(a < 0, a, -0.5)
    under = scaled_tail(-negative) + scaled_tail(at_least(negative + 2 * r, 0.0))
    height = ops.exp(-0.5 * at_most(a * a, 1e4))
    low = ops.logical_and(a < 0, height * under < 0.5)
    return low, under, _drop(ops.where(low, 0.5, at_least(a, -1.2)), r), height


def _steps(a: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    """The slopes of P(below) over e^(-a^2 / 2)."""
    b = at_least(a + 2 * r, 0.0)
    return 2 * r * scaled_tail(b), -2 * _integral(b, None)


def _below_value(a: Tensor, r: Tensor) -> Tensor:
    low, under, over, height = _parts(a, r)
    return ops.where(low, 0.5 * a * a - log(under), -log1p(-ops.where(low, 0.0, height * over)))


def _below_slopes(a: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    low, under, over, height = _parts(a, r)
    times = ops.where(low, 1 / under, height / (1 - ops.where(low, 0.0, height * over)))
    by_a, by_r = _steps(a, r)
    return -by_a * times, -by_r * times


def _above_value(a: Tensor, r: Tensor) -> Tensor:
    low, under, over, height = _parts(a, r)
    return ops.where(low, -log1p(-ops.where(low, height * under, 0.0)), 0.5 * a * a - log(over))


def _above_slopes(a: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    low, under, over, height = _parts(a, r)
    times = ops.where(low, height / (1 - ops.where(low, height * under, 0.0)), 1 / over)
    by_a, by_r = _steps(a, r)
    return by_a * times, by_r * times


below = with_slopes(_below_value, _below_slopes)
above = with_slopes(_above_value, _above_slopes)


def between(low: tuple[Tensor, Tensor], high: tuple[Tensor, Tensor], gap: Tensor) -> Tensor:
    """Between two numbers, the logarithm of whose quotient is given."""
    (a, r), half = low, math.log(2)
    b = a + 2 * r
    narrow = ops.logical_and(gap < 1, at_least(ops.abs(a), 1.0) * b * gap < 2)
    step, found = ops.where(narrow, gap, 0.1), 0.0 * gap
    for place, share in _GAUSS:
        cost = 0.5 * expm1(step * place) * (a * b - r * r * expm1(-step * place)) + 0.5 * step * place
        found = found + share * ops.exp(-ops.where(narrow, cost, 0.0))
    inside = 0.5 * a * a - log(ROOT * r * step) - log(found)

    under_low, under_high, over_low, over_high = below(*low), below(*high), above(*low), above(*high)
    lower, upper = under_high > half, under_low < half
    near, far = ops.where(lower, under_high, over_low), ops.where(lower, under_low, over_high)
    beside = near - log_less_exp(ops.where(narrow, 1.0, at_least(far - near, 1e-6)))
    rest = ops.exp(-under_low) + ops.exp(-over_high)
    around = -log1p(-ops.where(ops.logical_or(narrow, ops.logical_or(lower, upper)), 0.5, rest))
    return ops.where(narrow, inside, ops.where(ops.logical_or(lower, upper), beside, around))
