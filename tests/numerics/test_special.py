"""Special functions against 90 digits, over numbers of every size: value and slope, in float32 and float64."""

import numpy as np
import pytest
from mpmath import MPContext

from lossary.numerics import special, stable, tails
from lossary.numerics.backend import double
from tests.backends import array, with_gradients

mp = MPContext()
mp.dps = 90
mpf = mp.mpf
STEP = mpf(10) ** -18


def lgamma(x):
    return mp.loggamma(x).real


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def between(below, above):
    """Minus the log-probability between two numbers, from the end that is nearer."""
    return lambda a, b: -mp.log(above(a) - above(b) if a + b > 0 else below(b) - below(a))


def least(z):
    return -mp.expm1(-mp.exp(z))


def moment(a, x):
    """The integral of s ψ'(a + s) for s from 0 to x."""
    return x * mp.digamma(a + x) - lgamma(a + x) + lgamma(a)


LAPLACE = lambda z: mp.exp(z) / 2 if z < 0 else 1 - mp.exp(-z) / 2  # noqa: E731
LOGISTIC = lambda z: 1 / (1 + mp.exp(-z))  # noqa: E731
SIZES = [1e-30, 1e-10, 1e-5, 1e-3, 0.02, 0.1, 0.4, 0.7, 1.0, 1.3, 2.0, 3.3, 6.0, 9.7, 20.0, 80.0, 300.0, 1e4]
BOTH = [*(-x for x in reversed(SIZES)), 0.0, *SIZES]
FEW = [x for x in BOTH if abs(x) < 30]
ENTIRE = {  # name: function, truth, numbers; float32 errors are counted in units of the last place of 1 or the result
    "digamma": (special.digamma, mp.digamma, SIZES[1:]),
    "log_gamma": (special.log_gamma, lambda x: mp.loggamma(x).real, SIZES),
    "log_normal_cdf": (special.log_normal_cdf, lambda x: mp.log(cdf(x)) if x < 5 else mp.log1p(-cdf(-x)), BOTH),
    "log1m_exp": (special.log1m_exp, lambda x: mp.log(-mp.expm1(x)), [-x for x in SIZES if x < 90]),
    "stirling_rest": (special.stirling_rest,
                      lambda x: lgamma(x) - (x - 0.5) * mp.log(x) + x - mp.log(2 * mp.pi) / 2, SIZES[4:]),
    "log1p_less_share": (stable.log1p_less_share, lambda x: mp.log1p(x) - x / (1 + x), SIZES[1:]),
    "trigamma_moment, 1": (lambda x: special.trigamma_moment(1.0, x), lambda x: moment(1, x), SIZES[1:]),
    "trigamma_moment, 7": (lambda x: special.trigamma_moment(7.0, x), lambda x: moment(7, x), SIZES[1:]),
    "less_trigamma_moment, 1": (lambda x: special.less_trigamma_moment(1.0, x), lambda x: x - moment(1, x), SIZES[2:]),
    "less_trigamma_moment, 7": (lambda x: special.less_trigamma_moment(7.0, x), lambda x: x - moment(7, x), SIZES[2:]),
    "log_softplus": (special.log_softplus, lambda x: mp.log(mp.log1p(mp.exp(x))), BOTH),
    "log_bessel": (special.log_bessel, lambda x: mp.log(mp.besseli(0, x)) - x, SIZES),
    "exponential, below": (tails.EXPONENTIAL.below, lambda z: -mp.log(-mp.expm1(-z)), [x for x in SIZES if x < 90]),
    "least, below": (tails.LEAST.below, lambda z: -mp.log(least(z)), [x for x in BOTH if x < 4.4]),
    "least, above": (tails.LEAST.above, mp.exp, [x for x in BOTH if -80 < x < 80]),
    "largest, below": (tails.LARGEST.below, lambda z: mp.exp(-z), [x for x in BOTH if -80 < x < 80]),
    "logistic, below": (tails.LOGISTIC.below, lambda z: mp.log1p(mp.exp(-z)), [x for x in BOTH if x < 80]),
    "laplace, below": (tails.LAPLACE.below, lambda z: -mp.log(LAPLACE(z)), [x for x in BOTH if x < 80]),
    "normal, above": (tails.NORMAL.above, lambda z: -mp.log(cdf(-z)) if z > -5 else -mp.log1p(-cdf(z)), [
        x for x in BOTH if x > -12]),
}  # fmt: skip
INTERVALS = {  # tails, truth, ends
    "exponential": (tails.EXPONENTIAL, between(lambda z: -mp.expm1(-z), lambda z: mp.exp(-z)), [0.0, *SIZES[:-2]]),
    "least": (tails.LEAST, lambda a, b: mp.exp(a) - mp.log(-mp.expm1(mp.exp(a) - mp.exp(b))),
              [x for x in BOTH if -90 < x < 5]),
    "largest": (tails.LARGEST, lambda a, b: mp.exp(-b) - mp.log(-mp.expm1(mp.exp(-b) - mp.exp(-a))),
                [x for x in BOTH if -5 < x < 90]),
    "logistic": (tails.LOGISTIC, between(LOGISTIC, lambda z: LOGISTIC(-z)), FEW),
    "laplace": (tails.LAPLACE, between(LAPLACE, lambda z: LAPLACE(-z)), FEW),
    "normal": (tails.NORMAL, between(cdf, lambda z: cdf(-z)), FEW),
}  # fmt: skip


def over(c, x):
    return mp.log1p(c * x) / c if c else x + 0 * c


SOME = [1e-3, 0.1, 0.7, 1.0, 3.3, 9.7, 80.0, 1e4]
PAIRS = {  # of two numbers: function, truth, numbers of each
    "log_rise": (special.log_rise, lambda a, k: lgamma(a + k) - lgamma(a) - k * mp.log(a), SOME,
                 [1.0, 2.0, 7.0, 1000.0]),
    "log_beta": (special.log_beta, lambda a, b: lgamma(a) + lgamma(b) - lgamma(a + b), SOME, SOME),
    "inflated_nll": (special.inflated_nll, lambda z, n: -mp.log((mp.exp(z) + mp.exp(-n)) / (1 + mp.exp(z))),
                     [-20.0, -3.0, -0.4, 0.0, 1.3, 9.7], [1e-3, 0.4, 1.0, 3.3, 20.0]),
    "log1p_over": (special.log1p_over, over, [-0.9, -0.31, -1e-3, 1e-5, 0.1, 3.3], [1e-5, 0.02, 0.7, 1.0]),
    "log1p_over, far": (special.log1p_over, over, [1e-5, 0.1, 3.3, 80.0], [1.0, 9.7, 80.0, 1e4]),
}  # fmt: skip
WIDTHS = [1e-8, 1e-4, 0.01, 0.3, 0.9, 1.1, 3.0, 40.0]


def slope_of(truth, *at, place=0):
    """The derivative of a truth by one of its arguments, by a difference in 90 digits."""
    step = STEP * (abs(at[place]) or mpf(10) ** -12)
    ends = ([*at[:place], at[place] + sign * step, *at[place + 1 :]] for sign in (1, -1))
    up, down = (truth(*end) for end in ends)
    return (up - down) / (2 * step)


def measured(f, arrays, dtype):
    """Values and slopes of a function of tensors, in a type."""
    with double():
        found = with_gradients(lambda xs, rest: f(*xs))([np.array(x, dtype=dtype) for x in arrays], [])
    return [array(part).astype("float64") for part in found]


@pytest.mark.parametrize(("dtype", "bar"), [("float32", 8 * 2.0**-23), ("float64", 1e-13)])
@pytest.mark.parametrize("name", ENTIRE)
def test_functions_of_one_number(name, dtype, bar):
    f, truth, xs = ENTIRE[name]
    values, slopes = measured(f, [xs], dtype)
    for x, value, slope in zip(np.array(xs, dtype).astype("float64"), values, slopes, strict=True):
        want, by_x = truth(mpf(x)), slope_of(truth, mpf(x))
        assert abs(value - want) <= bar * max(1, abs(want)) + 1e-44, (x, value, want)
        assert abs(slope - by_x) <= bar * max(1, abs(by_x)), (x, slope, by_x)


@pytest.mark.parametrize(("dtype", "bar"), [("float32", 16 * 2.0**-23), ("float64", 1e-13)])
@pytest.mark.parametrize("name", PAIRS)
def test_functions_of_two_numbers(name, dtype, bar):
    """Those of several terms have twice the room."""
    f, truth, xs, ys = PAIRS[name]
    a, b = (np.array(side, dtype) for side in zip(*((x, y) for x in xs for y in ys), strict=True))
    values, by_a, by_b = measured(f, [a, b], dtype)
    for k, at in enumerate(zip(map(mpf, map(float, a)), map(mpf, map(float, b)), strict=True)):
        assert abs(values[k] - truth(*at)) <= bar * max(1, abs(truth(*at))), (at, values[k])
        for place, slopes in enumerate((by_a, by_b)):  # of a small number, by its logarithm
            want = slope_of(truth, *at, place=place)
            assert abs(slopes[k] - want) * min(1, abs(at[place]) or 1) <= bar * max(1, abs(want)), (at, slopes[k], want)


@pytest.mark.parametrize(("dtype", "bar"), [("float32", 8 * 2.0**-23), ("float64", 1e-13)])
@pytest.mark.parametrize("name", INTERVALS)
def test_probabilities_of_intervals(name, dtype, bar):
    """However far out and however narrow; of an interval, the distance is given as it is."""
    known, truth, ends = INTERVALS[name]
    a, gap = (np.array(x, dtype) for x in zip(*((a, g) for a in ends for g in WIDTHS), strict=True))
    b = (a + gap).astype(dtype)
    wide = b > a
    a, b, gap = a[wide], b[wide], (b - a)[wide]
    values, by_a, by_gap = measured(lambda a, gap: known.between(a, a + gap, gap), [a, gap], dtype)
    for k, (low, high) in enumerate(zip(map(mpf, map(float, a)), map(mpf, map(float, b)), strict=True)):
        want = truth(low, high)
        assert abs(values[k] - want) <= bar * max(1, abs(want)), (low, high, values[k], want)
        moves = slope_of(truth, low, high), slope_of(truth, low, high, place=1)
        size = max(abs(values[k]), *(abs(x) for x in moves), 1) * max(1, abs(low), abs(high))
        assert abs(by_gap[k] - moves[1]) <= bar * max(1, abs(moves[1])) * max(1, abs(low), abs(high)), (low, high)
        assert abs(by_a[k] - sum(moves)) <= bar * size, (low, high, by_a[k], moves)
