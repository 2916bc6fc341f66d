"""Probabilities beyond a number and between two, as minus their logarithms: relatively exact, however small they are.

A distribution whose variable z rises with the target has one of these tails: `below` z, `above` z, and between a and b,
whose distance `gap` is given too, since a narrow interval is known better by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import ops
from .backend import derived, expm1, log, log1p
from .special import log1m_exp, log_normal_cdf, log_normal_tail
from .stable import at_least, at_most, log_less_exp, sigmoid, softplus, with_slope

Tensor = Any
_LOG_2, _HALF_LOG_TAU = math.log(2), 0.5 * math.log(2 * math.pi)
_GAUSS = [(float(x), float(w)) for x, w in zip(*np.polynomial.legendre.leggauss(8), strict=True) if x > 0]


@dataclass(frozen=True)
class Tails:
    """Minus the log-probabilities of a standard variable."""

    below: Callable[[Tensor], Tensor]
    above: Callable[[Tensor], Tensor]
    between: Callable[[Tensor, Tensor, Tensor], Tensor]

    def turned(self) -> Tails:
        """Those of the variable with its sign changed."""
        return Tails(lambda z: self.above(-z), lambda z: self.below(-z), lambda a, b, gap: self.between(-b, -a, gap))


# -- exponential: P(above z) = e^-z; and its logarithm: P(above z) = e^-e^z -------------------------------------------

EXPONENTIAL = Tails(
    lambda z: -log_less_exp(z),
    lambda z: z,
    lambda a, b, gap: a - log_less_exp(gap),
)


def _below_least(z: Tensor) -> Tensor:
    """-log(1 - e^-e^z)."""

    def value(z: Tensor) -> Tensor:
        low = z < -15
        return ops.where(low, 0.5 * ops.exp(at_most(z, 0.0)) - z, -log_less_exp(ops.exp(ops.where(low, 0.0, z))))

    def slope(z: Tensor) -> Tensor:
        x = ops.exp(at_most(z, 6.0))
        tiny = x < 1e-30
        some = ops.where(tiny, 1.0, x)
        return ops.where(tiny, -1.0, some * ops.exp(-some) / expm1(-some))

    return with_slope(value, slope)(z)


LEAST = Tails(
    _below_least,
    lambda z: ops.exp(z),
    lambda a, b, gap: ops.exp(a) + _below_least(b + log_less_exp(gap)),
)
LARGEST = LEAST.turned()


# -- symmetric ones: what lies nearer to one end is computed there ----------------------------------------------------


def _upper(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The interval, or its mirror image, that lies more above 0 than below."""
    turn = a + b < 0
    return ops.where(turn, -b, a), ops.where(turn, -a, b)


def _by_nearer_end(
    value: Callable[[Tensor, Tensor, Tensor], Tensor], slopes: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """A function of both ends of an interval, with its slopes by moving all of it and by the distance of the far end.

    Neither cancels, where an interval lies evenly around 0 or where its far end says next to nothing.
    """

    def of(low: Tensor, gap: Tensor, high: Tensor) -> Tensor:
        return value(low, high, gap)

    def jvp(low: Tensor, gap: Tensor, high: Tensor, dlow: Tensor, dgap: Tensor, _: Tensor) -> Tensor:
        by_low, by_gap = slopes(low, high, gap)
        return by_low * dlow + by_gap * dgap

    def vjp(low: Tensor, gap: Tensor, high: Tensor, g: Tensor) -> tuple[Tensor | None, ...]:
        by_low, by_gap = slopes(low, high, gap)
        return by_low * g, by_gap * g, None

    both = derived(of, jvp, vjp)
    return lambda low, high, gap: both(low, gap, high)


def _step_of_log1m(low: Tensor, high: Tensor, gap: Tensor) -> Tensor:
    return log1p(ops.exp(high) * expm1(-gap) / expm1(high))


def _slopes_of_log1m(low: Tensor, high: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    return ops.exp(high) / expm1(low) * (-expm1(-gap) / expm1(high)), -ops.exp(high) / expm1(high)


_step = _by_nearer_end(_step_of_log1m, _slopes_of_log1m)


def log_log1m_exp(x: Tensor) -> Tensor:
    """log(-log(1 - e^x)) for x < 0, also where e^x is nothing."""

    def value(x: Tensor) -> Tensor:
        low = x < -15
        return ops.where(low, x + 0.5 * ops.exp(at_most(x, 0.0)), log(-log1m_exp(ops.where(low, -1.0, x))))

    def slope(x: Tensor) -> Tensor:
        low = x < -15
        inside = ops.where(low, -1.0, x)
        return ops.where(low, 1 + 0.5 * ops.exp(at_most(x, 0.0)), ops.exp(inside) / expm1(inside) / log1m_exp(inside))

    return with_slope(value, slope)(x)


def log_log1m_exp_step(low: Tensor, high: Tensor, gap: Tensor) -> Tensor:
    """log_log1m_exp at high, less that at low, also where the two are nearly equal."""
    near, small = low > -30, high < -15
    a, b, c = ops.where(near, low, -2.0), ops.where(near, high, -1.0), ops.where(near, gap, 1.0)
    steep = log1p(-_step(a, b, c) / log1m_exp(a))
    flat = gap + 0.5 * (ops.exp(at_most(high, -15.0)) - ops.exp(at_most(low, -15.0)))
    return ops.where(near, steep, ops.where(small, flat, log_log1m_exp(high) - log_log1m_exp(low)))


def _slopes_of_logistic(low: Tensor, high: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    return -sigmoid(low) * sigmoid(high) * expm1(-(low + high)), -sigmoid(-high) - 1 / expm1(gap)


_inside_logistic = _by_nearer_end(
    lambda low, high, gap: softplus(-high) + softplus(low) - log_less_exp(gap), _slopes_of_logistic
)
LOGISTIC = Tails(lambda z: softplus(-z), softplus, lambda a, b, gap: _inside_logistic(*_upper(a, b), gap))


def _below_laplace(z: Tensor) -> Tensor:
    low = z < 0
    return ops.where(low, _LOG_2 - z, -log1p(-0.5 * ops.exp(-ops.where(low, 0.0, z))))


def _between_laplace(a: Tensor, b: Tensor, gap: Tensor) -> Tensor:
    low, high = _upper(a, b)
    across = low < 0

    around = _around_laplace(ops.where(across, low, -1.0), ops.where(across, high, 1.0), ops.where(across, gap, 2.0))
    return ops.where(across, around, _LOG_2 + (low - log_less_exp(gap)))


def _twice_laplace(low: Tensor, high: Tensor) -> Tensor:
    """Twice the probability."""
    return -expm1(low) - expm1(-high)


def _left_laplace(low: Tensor, high: Tensor, gap: Tensor) -> Tensor:
    rest = 0.5 * (ops.exp(low) + ops.exp(-high))
    return ops.where(rest < 0.5, -log1p(-rest), _LOG_2 - log(_twice_laplace(low, high)))


def _slopes_of_laplace(low: Tensor, high: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    near, s = ops.exp(low) / _twice_laplace(low, high), low + high
    return -near * expm1(-s), -near * ops.exp(-s)


_around_laplace = _by_nearer_end(_left_laplace, _slopes_of_laplace)
LAPLACE = Tails(_below_laplace, lambda z: _below_laplace(-z), _between_laplace)


def _between_normal(a: Tensor, b: Tensor, gap: Tensor) -> Tensor:
    """Narrow: the density in the middle times a mean over nodes. Beside 0: two tails. Around 0: what they leave."""
    low, high = _upper(a, b)
    middle = 0.5 * (low + high)
    narrow = ops.logical_and(gap < 1, gap * middle < 1)
    m, width = ops.where(narrow, middle, 0.0), ops.where(narrow, gap, 1.0)
    h = 0.5 * width
    found = 0.0 * h
    for node, share in _GAUSS:
        t = h * node
        found = found + share * ops.exp(-0.5 * t * t) * ops.cosh(m * t)
    inside = 0.5 * m * m + _HALF_LOG_TAU - log(width) - log(found)  # half of the smallest number is 0

    beside = ops.logical_and(ops.logical_not(narrow), low > 0)
    near, far = ops.where(beside, at_most(low, 1e15), 1.0), ops.where(beside, at_most(high, 2e15), 3.0)
    first = -log_normal_cdf(-near)
    step, along = -log_normal_cdf(-far) - first, ops.where(beside, at_most(gap, 2e15), 2.0)
    exact = 0.5 * (near + far) * along - (log_normal_tail(far) - log_normal_tail(near))  # half of far^2 - near^2
    tails = first - log_less_exp(at_least(step + ops.stop_gradient(exact - step), 0.3))

    around = ops.logical_not(ops.logical_or(narrow, beside))
    rest = _around_normal(ops.where(around, low, -1.0), ops.where(around, high, 1.0), ops.where(around, gap, 2.0))
    return ops.where(narrow, inside, ops.where(beside, tails, rest))


def _left_normal(low: Tensor, high: Tensor, gap: Tensor) -> Tensor:
    return -log1p(-(ops.exp(log_normal_cdf(low)) + ops.exp(log_normal_cdf(-high))))


def _slopes_of_normal(low: Tensor, high: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    product = 0.5 * (low + high) * gap  # half of high^2 - low^2
    near = ops.exp(_left_normal(low, high, gap) - 0.5 * low * low - _HALF_LOG_TAU)
    return -near * expm1(-product), -near * ops.exp(-product)


_around_normal = _by_nearer_end(_left_normal, _slopes_of_normal)
NORMAL = Tails(lambda z: -log_normal_cdf(z), lambda z: -log_normal_cdf(-z), _between_normal)


def _above_folded(z: Tensor) -> Tensor:
    low = z < 0.67
    near = -log1p(-ops.erf(math.sqrt(0.5) * ops.where(low, z, 0.5)))
    return ops.where(low, near, -log_normal_cdf(-ops.where(low, 1.0, z)) - _LOG_2)


def _below_folded(z: Tensor) -> Tensor:
    low = z < 0.67
    near = -log(ops.erf(math.sqrt(0.5) * ops.where(low, z, 0.5)))
    return ops.where(low, near, -log1p(-2 * ops.exp(log_normal_cdf(-ops.where(low, 1.0, z)))))


def _between_folded(a: Tensor, b: Tensor, gap: Tensor) -> Tensor:
    rest = ops.erf(math.sqrt(0.5) * a) + 2 * ops.exp(log_normal_cdf(-b))
    most = rest < 0.5
    return ops.where(most, -log1p(-ops.where(most, rest, 0.0)), NORMAL.between(a, b, gap) - _LOG_2)


FOLDED = Tails(_below_folded, _above_folded, _between_folded)  # of the size of a normal number
