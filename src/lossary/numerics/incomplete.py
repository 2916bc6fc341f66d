"""Distribution functions of gamma and Student's t variables, with what scores need beside them.

A tail is its density times an integral that falls from 1 to nothing, which a few nodes of Gauss and Legendre's tell.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from . import ops
from .backend import expm1, log, total
from .special import (
    bessel_ratio_rest,
    chebyshev,
    digamma,
    fine,
    half_steps,
    log_bessel,
    log_gamma,
    stirling_rest,
    stirling_slope,
)
from .stable import at_least, at_most, exp_less_line, log1p_of_square, with_slope

Tensor = Any


@lru_cache(maxsize=8)
def _gauss(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(count)
    return (x + 1) / 2, w / 2


def nodes(like: Tensor) -> tuple[Tensor, Tensor, float]:
    """Nodes and weights on [0, 1] along a last axis, and how many e-foldings are nothing."""
    x, w = _gauss(48 if fine(like) else 20)
    return (
        ops.convert_to_tensor(x, dtype=like.dtype),
        ops.convert_to_tensor(w, dtype=like.dtype),
        38.0 if fine(like) else 20.0,
    )


# -- gamma variables of mean 1 ----------------------------------------------------------------------------------------


def _height(a: Tensor) -> Tensor:
    """a^a e^-a / gamma(a + 1) for a > 0: about (2 pi a)^(-1/2), and 1 at 0."""
    small = a < 1
    few, many = ops.where(small, a, 1.0), ops.where(small, 1.0, a)
    near = ops.exp(few * (log(few) - 1) - log_gamma(few + 1))
    return ops.where(small, near, ops.exp(-stirling_rest(many)) / ops.sqrt(2 * math.pi * many))


def _falls(a: Tensor) -> Tensor:
    """Minus the derivative of its logarithm."""
    small = a < (10 if fine(a) else 3)
    few, many = ops.where(small, a, 1.0), ops.where(small, 16.0, a)
    return ops.where(small, digamma(few + 1) - log(few), 0.5 / many + stirling_slope(many))


def gamma_shares(ratio: Tensor, line: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of a gamma variable of mean 1 and shape a, at `ratio` with the logarithm `line`: P(below) - P(above); the
    density times ratio / a; and the slope by a of the mean by which the variable is above it."""
    near = ops.abs(line) < 1
    close = ops.where(near, line, 0.0)
    off = ops.where(near, expm1(close), ratio - 1)
    gap, few, upper = ops.where(near, exp_less_line(close), off - line), log(a) + line < 0, off > 0
    peak, steep = ops.exp(-at_most(a * gap, 1e4)) * _height(a), -gap - _falls(a)

    some = ops.where(few, 2.0, at_most(a, 1e18))
    beyond, slower = _by_nodes(ops.where(few, 1.0, ratio), ops.where(few, 0.0, off), some)
    share = peak * some * beyond
    change = share * (1 / some - slower + steep)

    log_x = ops.where(few, log(a) + line, -1.0)
    above, by_series = _by_series(log_x, ops.where(few, ratio, 0.5), ops.where(few, a, 0.5))
    less = ops.where(upper, 1 - 2 * share, 2 * share - 1)
    by_nodes = peak * steep - off * ops.where(upper, change, -change)
    return ops.where(few, 1 - 2 * above, less), peak, ops.where(few, by_series, by_nodes)


def _by_series(line: Tensor, ratio: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    """P(above), and the slope by a of the mean excess, where a ratio = e^line is below 1."""
    x = ops.exp(line)
    term, found, slope = 0.0 * x + 1.0, 0.0 * x, 0.0 * x
    for n in range(1, 22 if fine(x) else 11):
        term = -term * x / n
        found, slope = found + term / (a + n), slope - term / (a + n) / (a + n)
    power, off = a * line - log_gamma(a + 1), ratio - 1
    below = ops.exp(power)
    tilt = expm1(-x) + ratio + off * (a * found)
    steep = below * ((line - digamma(a + 1)) * tilt + off * (found + a * slope))
    return -expm1(power) - below * a * found, steep


def _by_nodes(ratio: Tensor, off: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    """The integral of the tail on the side of x, and what its logarithm loses with a."""
    node, weight, most = nodes(a)
    x, apart = a * ratio, a * ops.abs(off)
    upper = off > 0
    far_up = 2 * most / (apart + ops.sqrt(apart * apart + 2 * most * x))
    lean = 2 * apart - most
    far_down = 4 * most / (lean + ops.sqrt(lean * lean + 8 * most * a))
    far = ops.where(upper, far_up, far_down)
    u = ops.expand_dims(far, -1) * node
    turned = ops.where(ops.expand_dims(upper, -1), u, -u)
    cost = ops.expand_dims(ops.abs(off), -1) * u + ops.expand_dims(ratio, -1) * exp_less_line(turned)
    falls = weight * ops.exp(-at_most(ops.expand_dims(a, -1) * cost, 80.0))
    whole = total(falls, -1)
    return far * whole, total(falls * cost, -1) / whole


def mean_gap_of_gamma(a: Tensor) -> Tensor:
    """Half of the mean distance of two gamma variables of mean 1 and shape a."""
    small = a < 1
    few, many = ops.where(small, a, 1.0), ops.where(small, 1.0, a)
    near = log_gamma(few + 0.5) - log_gamma(few + 1)
    return ops.exp(ops.where(small, near, -half_steps(many) - 0.5 * log(many))) / math.sqrt(math.pi)


def mean_gap_of_poisson(rate: Tensor) -> Tensor:
    """Half of the mean distance of two Poisson counts."""

    def value(rate: Tensor) -> Tensor:
        return rate * (slope(rate) * (2 - bessel_ratio_rest(2 * rate)))

    def slope(rate: Tensor) -> Tensor:
        return ops.exp(log_bessel(2 * rate))

    return with_slope(value, slope)(rate)


# -- Student's t variables --------------------------------------------------------------------------------------------


def student_tail(z: Tensor, df: float) -> tuple[Tensor, Tensor]:
    """P(above z) for z >= 0 and known degrees of freedom, and (1 + z^2 / df)^(-(df - 1) / 2)."""
    line = log1p_of_square(z / math.sqrt(df))
    t, (low, series) = 2 / (2 + z * ops.exp(-0.5 * line)), _student_table(df)
    place = at_least(at_most(2 * (t - low) / (1 - low) - 1, 1.0), -1.0)
    return t * ops.exp(chebyshev(series, place) - 0.5 * df * line), ops.exp(-0.5 * (df - 1) * line)


@lru_cache(maxsize=64)
def _student_table(df: float) -> tuple[float, tuple[float, ...]]:
    """The smallest t, and the Chebyshev series of log(P(above) / t) without its power, in t."""
    count, low = 40, 2 / (2 + math.sqrt(df))
    angles = np.pi * (np.arange(count) + 0.5) / count
    t = low + (1 - low) * (1 + np.cos(angles)) / 2
    lean = np.minimum((2 / t - 2) / math.sqrt(df), 1.0)[:, None]
    node, weight = _gauss(120)
    far = np.minimum(math.acosh(math.exp(42 / df)), 42 / np.maximum(df * lean, 1e-300))
    falls = np.exp(-df * np.log(np.cosh(far * node) + lean * np.sinh(far * node)))
    level = half_step(df / 2) - 0.5 * math.log(math.pi)
    values = level + np.log((far * falls * weight).sum(1) / t)
    series = np.cos(np.arange(count)[:, None] * angles) @ values * np.where(np.arange(count) > 0, 2.0, 1.0) / count
    return low, tuple(series)


def half_step(a: float) -> float:
    """log(gamma(a + 1/2) / gamma(a))."""
    if a < 30:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    return 0.5 * math.log(a) - 1 / (8 * a) + 1 / (192 * a**3) - 1 / (640 * a**5) + 17 / (14336 * a**7)
