"""Distribution functions of gamma and Student's t variables, and partial means of others: what scores need.

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
from .stable import at_least, at_most, exp_less_line, log1p_of_square, with_slope, with_slopes

Tensor = Any


def _gauss(count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Nodes and weights on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(count)
    return tuple(((x + 1) / 2).tolist()), tuple((w / 2).tolist())


_NODES = {True: _gauss(48), False: _gauss(20)}


def nodes(like: Tensor) -> tuple[Tensor, Tensor, float]:
    """Nodes and weights on [0, 1] along a last axis, and how many e-foldings are nothing."""
    x, w = _NODES[fine(like)]
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


def student_tail(z: Tensor, df: float, table: tuple[float, tuple[float, ...]]) -> tuple[Tensor, Tensor]:
    """P(above z) for z >= 0 and known degrees of freedom, with their table, and (1 + z^2 / df)^(-(df - 1) / 2)."""
    line = log1p_of_square(z / math.sqrt(df))
    t, (low, series) = 2 / (2 + z * ops.exp(-0.5 * line)), table
    place = at_least(at_most(2 * (t - low) / (1 - low) - 1, 1.0), -1.0)
    return t * ops.exp(chebyshev(series, place) - 0.5 * df * line), ops.exp(-0.5 * (df - 1) * line)


@lru_cache(maxsize=64)
def student_table(df: float) -> tuple[float, tuple[float, ...]]:
    """The smallest t, and the Chebyshev series of log(P(above) / t) without its power, in t."""
    count, low = 40, 2 / (2 + math.sqrt(df))
    angles = np.pi * (np.arange(count) + 0.5) / count
    t = low + (1 - low) * (1 + np.cos(angles)) / 2
    lean = np.minimum((2 / t - 2) / math.sqrt(df), 1.0)[:, None]
    node, weight = map(np.array, _gauss(120))
    far = np.minimum(math.acosh(math.exp(42 / df)), 42 / np.maximum(df * lean, 1e-300))
    falls = np.exp(-df * np.log(np.cosh(far * node) + lean * np.sinh(far * node)))
    level = half_step(df / 2) - 0.5 * math.log(math.pi)
    values = level + np.log((far * falls * weight).sum(1) / t)
    series = np.cos(np.arange(count)[:, None] * angles) @ values * np.where(np.arange(count) > 0, 2.0, 1.0) / count
    return low, tuple(series.tolist())


def half_step(a: float) -> float:
    """log(gamma(a + 1/2) / gamma(a))."""
    if a < 30:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    return 0.5 * math.log(a) - 1 / (8 * a) + 1 / (192 * a**3) - 1 / (640 * a**5) + 17 / (14336 * a**7)


# -- extreme values ---------------------------------------------------------------------------------------------------

# Chebyshev series: of the mean of the smaller of two generalized extreme values of shape x on [-1, 1], and of half of
# their mean distance less 1 / (1 - x); of pi x / sin(pi x) - 2 x^2 / (1 - x^2) in 2 x^2 - 1.
_SMALLER = (
    -0.09102875352189872, 0.41643799851866575, 0.029137730693570812, 0.024990108517435567, 0.00460636501665032,
    0.0015975971542626726, 0.00039941923707168984, 0.00011270076370660557, 3.006243579692395e-05,
    8.142342520621886e-06, 2.1867777600160853e-06, 5.876865936185069e-07, 1.5770110789750341e-07,
    4.2301111226878776e-08, 1.1341950075222398e-08, 3.0403675044235575e-09, 8.148859772367307e-10,
    2.1838630390007006e-10, 5.852300038681983e-11, 1.5682318850572248e-11, 4.202258347793222e-12,
    1.1260249792296012e-12, 3.0172319056734043e-13, 8.084746465865315e-14, 2.166318094143165e-14,
    5.8046606806595475e-15, 1.5553590907956708e-15, 4.167580615209152e-16, 1.1167013173315766e-16,
)  # fmt: skip
_APART = (
    -0.3863616918512265, -0.4467136922441392, -0.08683201606600784, -0.032531366796926815, -0.007896615323242739,
    -0.002327893876382027, -0.0006157775655133615, -0.00016887620606969306, -4.537111454597824e-05,
    -1.2233152840918505e-05, -3.286048137213217e-06, -8.823427283579038e-07, -2.3670757047830302e-07,
    -6.347735890384409e-08, -1.7017426777979827e-08, -4.561319780423507e-09, -1.2224613771372188e-09,
    -3.2760217848892903e-10, -8.7788403762302e-11, -2.3524148304737425e-11, -6.303502538212394e-12,
    -1.6890572091743043e-12, -4.525881736360126e-13, -1.2127177834987253e-13, -3.2494871172144926e-14,
    -8.707008138881853e-15, -2.3330415733863435e-15, -6.25137596252801e-16, -1.6750528407122416e-16,
    -4.488293476298598e-17,
)  # fmt: skip
_REFLECTION = (
    0.7710356186375588, -0.24837601746845472, -0.020915198333168974, -0.001615215033502163, -0.00011978707765326322,
    -8.721921165079579e-06, -6.299510812350714e-07, -4.534159616807819e-08, -3.258759870360587e-09,
    -2.3406874108133544e-10, -1.6808345831610745e-11, -1.206872476636523e-12, -8.665212587053853e-14,
    -6.221418750775264e-15, -4.466800082773867e-16,
)  # fmt: skip


def means_of_extremes(shape: Tensor) -> tuple[Tensor, Tensor]:
    """Of two generalized extreme values of location 0 and scale 1 with a shape in [-1, 1): the mean of the smaller one,
    and half of the mean distance less 1 / (1 - shape), where it has no bound."""
    return chebyshev(_SMALLER, shape), chebyshev(_APART, shape)


def partial_mean(t: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    """Whether x = e^t is low, below 1 or a; and there the integral of (1 - e^-u) u^(a - 1) from 0 to x, else that of
    e^-u u^(a - 1) from x on, over x^a, for a > -1."""

    def slopes(t: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
        _, _, _, by_t, by_a = _partial_mean(t, a)
        return by_t, by_a

    return _partial_mean(t, a)[0], with_slopes(lambda t, a: _partial_mean(t, a)[2], slopes)(t, a)


def scaled_partial_mean(scale: Tensor, size: Tensor, t: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    """The same for a <= 1 times `size`, which is scale x^a; where x is low, of 1 - e^-u - u, which has a bound for a to
    -1. Slopes are of the whole, and do not cancel."""

    def slopes(scale: Tensor, size: Tensor, t: Tensor, a: Tensor) -> tuple[Tensor, ...]:
        low, x, found, _, by_a = _partial_mean(t, a, 2)
        by_t = ops.where(low, -exp_less_line(-ops.where(low, x, 1.0)), -ops.exp(-x))
        return size / scale * found, 0.0 * size, size * by_t, size * (t * found + by_a)

    def value(scale: Tensor, size: Tensor, t: Tensor, a: Tensor) -> Tensor:
        return size * _partial_mean(t, a, 2)[2]

    return t < 0, with_slopes(value, slopes)(scale, size, t, a)


def _partial_mean(t: Tensor, a: Tensor, first: int = 1) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """What is low, x, and the integral over x^a with its slopes; that of low x from a term of its series on."""
    x = ops.exp(at_most(t, 60.0))
    small = t < 0
    low = small | (x < a)
    few, by_few, rise = ops.where(small, x, 0.5), 0.0 * x, 0.0 * x
    term, found = 0.0 * x - 1.0, 0.0 * x
    for n in range(1, 21 if fine(x) else 11):
        term = -term * few / n
        if n >= first:
            part = term / (a + n)
            found, by_few, rise = found + part, by_few - part / (a + n), rise + n * part
    far = ops.where(small, 1.0 + at_least(a, 0.0), x)
    upper = far >= a
    falls, inverse = ops.exp(-far), 1 / ops.where(upper, 1.0, a)
    whole, moment = (falls * part for part in _tail_by_nodes(far, ops.abs(far - a), upper))
    value = ops.where(upper, whole, inverse - whole)
    by_t = ops.where(upper, -falls - a * whole, a * whole - falls)
    by_a = ops.where(upper, moment, moment - inverse * inverse)
    return low, x, ops.where(small, found, value), ops.where(small, rise, by_t), ops.where(small, by_few, by_a)


def _tail_by_nodes(x: Tensor, apart: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
    """The integral over w from 0 on of exp(-apart w - x (e^w - 1 - w)), w being negative if not upper, and its first
    moment."""
    node, weight, most = nodes(x)
    far_up = 2 * most / (apart + ops.sqrt(apart * apart + 2 * most * x))
    lean = 2 * apart - most
    far_down = 4 * most / (lean + ops.sqrt(lean * lean + 8 * most * (apart + x)))
    far = ops.where(upper, far_up, far_down)
    w = ops.expand_dims(far, -1) * node
    turned = ops.where(ops.expand_dims(upper, -1), w, -w)
    cost = ops.expand_dims(apart, -1) * w + ops.expand_dims(x, -1) * exp_less_line(turned)
    falls = weight * ops.exp(-at_most(cost, 80.0))
    return far * total(falls, -1), far * total(falls * w, -1)


# -- log-logistic variables -------------------------------------------------------------------------------------------


def rest_of_log_logistic(a: Tensor) -> Tensor:
    """pi a / sin(pi a) - 2 a^2 / (1 - a^2) for 0 <= a < 1: the mean of a log-logistic variable of scale 1 and shape
    1 / a, less what has no bound."""
    return chebyshev(_REFLECTION, 2 * a * a - 1)


def partial_log_logistic(scale: Tensor, size: Tensor, t: Tensor, a: Tensor) -> Tensor:
    """`scale` times the integral of e^(a v) / (1 + e^-v) up to t < 0; or minus that of e^(a v - 2 v) / (1 + e^-v) from
    t on, for 0 <= a < 1. `size` is scale e^(a t), as exact as it can be had."""

    def parts(t: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The integral over e^(a t), its slope by a, and what it rises by with t."""
        node, weight, most = nodes(t)
        upper = t > 0
        least = ops.exp(-ops.abs(t))
        far = most / ops.where(upper, 2 - a, 1 + a)
        w = ops.expand_dims(far, -1) * node
        falls = weight * ops.exp(-most * node) / (1 + ops.expand_dims(least, -1) * ops.exp(-w))
        whole, first = far * total(falls, -1), far * total(falls * w, -1)
        height = least * ops.where(upper, -least, 1.0)
        rise = least * ops.where(upper, least, 1.0) / (1 + least)
        return height * whole, height * (t * whole + ops.where(upper, first, -first)), rise

    def slopes(scale: Tensor, size: Tensor, t: Tensor, a: Tensor) -> tuple[Tensor, ...]:
        found, by_a, rise = parts(t, a)
        return size / scale * found, 0.0 * size, size * rise, size * by_a

    return with_slopes(lambda scale, size, t, a: size * parts(t, a)[0], slopes)(scale, size, t, a)
