"""Special functions in few operations: gamma, beta and error functions, and the Bessel function of circles.

Each has its derivative in closed form, which can be differentiated again. Errors are a few units in the last place of
the result or of 1 in float32, and below 1e-13 in float64.
"""

from __future__ import annotations

import math
from typing import Any

from . import ops
from .backend import expm1, log, log1p
from .stable import (
    at_most,
    exp_less_line,
    largest,
    less_log1p,
    log1p_less_share,
    log_whole,
    sigmoid,
    softplus,
    with_slope,
    with_slopes,
)

Tensor = Any

# Polynomials in x - 2 on [1, 3]: log gamma / ((x - 1) (x - 2)), and the digamma function without its root.
_LOG_GAMMA = (
    0.422784335062731, -0.10031730152107927, 0.03296500512206621, -0.012384199426667665, 0.004998548565674056,
    -0.002108031727894909, 0.0009160979929756637, -0.0004063129460384815, 0.0001798232335215654,
    -8.115387371982946e-05, 4.3681196432393806e-05, -2.112737000260472e-05, 2.267427134422467e-06,
    -4.5068384901261613e-07, 4.868949529245733e-06, -2.459751181636184e-06,
)  # fmt: skip
_DIGAMMA = (
    0.7853075380835224, -0.26073895233061856, 0.10899998247612967, -0.04955114374930116, 0.02344596568279364,
    -0.011336917123724095, 0.005562691127301484, -0.0027488076764672093, 0.0013187803543490229,
    -0.0006458155712745248, 0.00041550671595604163, -0.0002202019130348211, -9.129440569995151e-07,
    9.064395669571875e-06, 6.3689152085882e-05, -3.4122124422223856e-05,
)  # fmt: skip
_ROOT = (1.4616321325302124, 1.2438149914646e-08)  # of the digamma function, in two parts
# Chebyshev series: log(erfcx z) - log t with t = 2 / (2 + z) = (1 + x) / 2; of log(I0(k) e^-k) / k on [0, 8], and
# beyond of log(I0(k) e^-k sqrt(2 pi k)) in 16 / k - 1; of 1 - I1(k) / I0(k) on [0, 8], and beyond of that times k.
_ERFC = (
    -0.6513268598908547, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632, -0.0009465953444820369,
    0.00036683949785276145, 4.252332480690777e-05, -2.0278578112534242e-05, -1.6242900046470256e-06,
    1.3036558355805232e-06, 1.5626441722066142e-08, -8.523809591492654e-08, 6.5290544390988515e-09,
    5.059343495551469e-09, -9.91364156493033e-10, -2.273651222931836e-10, 9.646791102015527e-11,
    2.3940380830391146e-12, -6.886027526497553e-12, 8.944879273090725e-13, 3.130921399342958e-13,
    -1.1270822361367252e-13, 3.810905255189232e-16, 7.106097613609237e-15, -1.5230282014571043e-15,
    -9.457494571291233e-17, 1.210237189224279e-16, -2.816663087747177e-17, 5.003005559445905e-20,
    2.3281042579529253e-18, -8.446077682509006e-19, 7.376840893227953e-20, 5.969608022607616e-20,
    -2.7923313339383795e-20,
)  # fmt: skip
_BESSEL = (
    -0.504239262143525, 0.3513815746159538, -0.11534549299655991, 0.029731612543993462, -0.0034518137262121596,
    -0.0018822447276015235, 0.0015750271233314862, -0.0006405300892182809, 0.00013317726192860964,
    2.3631199121367193e-05, -3.625537200260772e-05, 1.8096833643988172e-05, -4.918621634954702e-06,
    -7.99615643304928e-08, 9.011793836712706e-07, -5.451772715827369e-07, 1.8102706366007198e-07,
    -1.659158447710206e-08, -2.185593247699268e-08, 1.6718090863142227e-08, -6.605305870330506e-09,
    1.1502192056493404e-09, 4.714395242771775e-10, -5.089552807814863e-10, 2.373144722422289e-10,
    -5.769199672717709e-11, -6.9019826357723884e-12, 1.5061155058054168e-11, -8.35482028856221e-12,
    2.555148739455854e-12, -8.422926005564764e-14, -4.2213925919971504e-13, 2.869120748472322e-13,
    -1.0551489048261942e-13, 1.4139683678079921e-14, 1.0698309953403918e-14, -9.554639512596441e-15,
    4.149569182839379e-15, -8.774363470123969e-16, -2.1654550333269686e-16, 3.058301031424024e-16,
    -1.5683204486729794e-16,
)  # fmt: skip
_BESSEL_FAR = (
    0.008227577622737686, 0.008375207011715978, 0.0001537193929192186, 6.517874835070226e-06, 4.745677957537469e-07,
    5.374392337159779e-08, 8.159493340909212e-09, 1.1876148388828885e-09, 2.395711186874191e-11,
    -7.841726113036054e-11, -3.251794993219032e-11, -4.325764479805499e-12, 1.802153144224513e-12,
    9.506366288905125e-13, 3.4611959388930954e-14, -1.0331853599076972e-13, -2.3368057264766602e-14,
    9.564110632896029e-15, 4.3726366523263e-15, -8.67695625224562e-16, -7.001080165774364e-16, 8.857404457080576e-17,
    1.1076184083414051e-16, -1.2402740980012102e-17, -1.7950550736924824e-17, 2.5300126467464098e-18,
    2.961105262131935e-18, -6.292601984842187e-19, -4.802088654184286e-19, 1.619761864196049e-19,
)  # fmt: skip
_RATIO = (
    0.31154444244764895, -0.3853896393917521, 0.20202801684359564, -0.08454523705809718, 0.024025771939240187,
    -0.0007622756022267048, -0.004180608351178414, 0.0030014009768323034, -0.0011905989034136765,
    0.00019704604691474784, 0.00010705969010495031, -0.00011078106548385286, 5.227610025950349e-05,
    -1.2625519766873547e-05, -2.02964967977393e-06, 3.855559273136812e-06, -2.1518711172858993e-06,
    6.601236133016915e-07, -1.0075759395021258e-08, -1.2441284092132207e-07, 8.44481648052429e-08,
    -3.125887435871091e-08, 3.946178175395305e-09, 3.5922710565776893e-09, -3.1644228206067153e-09,
    1.3838310639967578e-09, -2.887104168041563e-10, -8.347391646060249e-11, 1.1265827737373453e-10,
    -5.8087346289805625e-11, 1.612446735225622e-11, 8.491825145396922e-13, -3.764999459586988e-12,
    2.3266225149278525e-12, -7.942742001045688e-13, 6.435726704396605e-14, 1.1508404242560643e-13,
    -8.905312895818014e-14, 3.616535515017299e-14, -6.2833915100109985e-15, -3.0178376200979917e-15,
    3.2479148120436908e-15, -1.5532438398160336e-15, 3.8440459009006076e-16,
)  # fmt: skip
_RATIO_FAR = (
    0.5087044228290216, 0.009033638646327165, 0.0003509928487727511, 2.4000438429103217e-05, 2.5485427408775527e-06,
    3.815519410045759e-07, 6.38753641011317e-08, 6.605100183496212e-09, -1.899860583633942e-09,
    -1.3857621284106324e-09, -3.5482727891548447e-10, 1.7935629684279218e-11, 4.389320123144555e-11,
    9.909087325174729e-12, -2.9337562818469654e-12, -1.8685456734304527e-12, 5.512128266735859e-14,
    2.664203181443918e-13, 2.5122977643285882e-14, -3.709826521932093e-14, -6.609888008505335e-15,
    5.5322173870564455e-15, 1.2354019527177818e-15, -9.16095503091811e-16, -2.0001924286501228e-16,
    1.6754365864742734e-16, 2.7304605670670225e-17, -3.269410577859025e-17, -2.258232227445156e-18,
    6.4903066353304765e-18,
)  # fmt: skip
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)
_HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


def fine(x: Tensor) -> bool:
    return "float64" in str(x.dtype)


def chebyshev(series: tuple[float, ...], u: Tensor) -> Tensor:
    """The sum of a Chebyshev series at u in [-1, 1]; in float32 only its terms that count there."""
    least = 1e-17 if fine(u) else 2e-9
    wanted = series[: max(k + 1 for k, c in enumerate(series) if abs(c) > least)]
    last, before = 0.0 * u, 0.0 * u
    for c in wanted[:0:-1]:
        last, before = 2 * u * last - before + c, last
    return u * last - before + wanted[0]


def _polynomial(coefficients: tuple[float, ...], t: Tensor) -> Tensor:
    found = 0.0 * t + coefficients[-1]
    for c in coefficients[-2::-1]:
        found = found * t + c
    return found


# -- gamma functions ------------------------------------------------------------------------------------------------


def _shift(x: Tensor) -> int:
    """From where on few terms of Stirling's series are enough."""
    return 10 if fine(x) else 3


def _stirling(x: Tensor) -> Tensor:
    """Stirling's series, for x at or above the shift: log gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2)."""
    inverse = 1 / x
    square, found = inverse * inverse, 0.0 * x + _STIRLING[-1 if fine(x) else 5]
    for c in _STIRLING[6 if fine(x) else 4 :: -1]:
        found = found * square + c
    return found * inverse


def stirling_slope(x: Tensor) -> Tensor:
    """The derivative of what Stirling's formula leaves, for x above the shift."""
    inverse = 1 / x
    square, found = inverse * inverse, 0.0 * x
    for k in range(7 if fine(x) else 5, -1, -1):
        found = found * square - (2 * k + 1) * _STIRLING[k]
    return found * square


def trigamma_moment(a: Any, x: Tensor) -> Tensor:
    """The integral of s ψ'(a + s) for s from 0 to x >= 0, a >= 1: x ψ(a + x) - log Γ(a + x) + log Γ(a), without their
    cancellation. Recurrence as far as ψ' has few terms, then these; each of them is positive or small."""
    n = _shift(x)
    far = a + 0.0 * x + n
    u = x / far
    v = u / (1 + u)
    inverse, whole = 1 / far, far * less_log1p(u) + 0.5 * log1p_less_share(u)
    for k, c in enumerate(_STIRLING if fine(x) else _STIRLING[:4], 1):
        part, m = 0.0 * v, 2 * k - 2  # the integral of t (1 - t)^m for t from 0 to v, by v²
        for j in range(m, -1, -1):
            part = part * v + (-1) ** j * math.comb(m, j) / (j + 2)
        whole = whole + 2 * k * (2 * k - 1) * c * (inverse ** (2 * k - 1) * (v * v * part))
    for i in range(n):
        whole = whole + log1p_less_share(x / (a + i))
    return whole


def less_trigamma_moment(a: Any, x: Tensor) -> Tensor:
    """x less that integral, for x that are not small: it grows like (a - 1/2) log x."""
    low, far = a + 0.0 * x, a + x
    rests = stirling_rest(far) - stirling_rest(low) - x * stirling_rest_slope(far)
    return (low - 0.5) * log1p(x / low) + (0.5 * (x / far) + rests)


def digamma(x: Tensor) -> Tensor:
    """The derivative of log_gamma, for x > 0."""
    n = _shift(x)
    if fine(x):
        far, less = x + n, 0.0 * x
        for k in range(n):
            less = less + 1 / (x + k)
        return log(far) - 0.5 / far + stirling_slope(far) - less
    near, tiny = x < n, x < 1
    away = ops.where(near, 4.0, x)
    t = ops.where(near, ops.where(tiny, x + 1, x), 2.0)
    close = ((t - _ROOT[0]) - _ROOT[1]) * _polynomial(_DIGAMMA, t - 2)
    close = close - ops.where(tiny, 1 / ops.where(tiny, x, 1.0), 0.0)
    return ops.where(near, close, log(away) - 0.5 / away + stirling_slope(away))


def log_gamma(x: Tensor) -> Tensor:
    """The logarithm of the gamma function, for x > 0."""

    def value(x: Tensor) -> Tensor:
        n = _shift(x)
        if fine(x):
            far, product = x + n, x
            for k in range(1, n):
                product = product * (x + k)
            return (far - 0.5) * log(far) - far + _HALF_LOG_TAU + _stirling(far) - log(product)
        near, tiny = x < n, x < 1
        away = ops.where(near, 4.0, x)
        t = ops.where(near, ops.where(tiny, x + 1, x), 2.0)
        close = (t - 1) * (t - 2) * _polynomial(_LOG_GAMMA, t - 2)
        close = close - ops.where(tiny, log(ops.where(tiny, x, 1.0)), 0.0)
        return ops.where(near, close, (away - 0.5) * (log(away) - 1) + (_HALF_LOG_TAU - 0.5) + _stirling(away))

    return with_slope(value, digamma)(x)


def log_choose(n: int, k: Tensor) -> Tensor:
    """log(n! / (k! (n - k)!)) for 0 <= k <= n, exactly 0 at both ends."""
    few = ops.where(k > n / 2, n - k, k)
    rest = n + 1 - few
    return log_rise(rest, few) + few * log(rest) - log_factorial(few)


def log_factorial(k: Tensor) -> Tensor:
    """log(k!) for k >= 0."""
    return log_gamma(k + 1)


def stirling_rest(x: Tensor) -> Tensor:
    """What Stirling's formula leaves: log gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2), for x > 0. Far out, 0."""

    def line(x: Tensor) -> Tensor:
        return (x - 0.5) * log(x) - x + _HALF_LOG_TAU

    def value(x: Tensor) -> Tensor:
        near = x < _shift(x)
        close, away = ops.where(near, x, 1.0), ops.where(near, 16.0, x)
        return ops.where(near, log_gamma(close) - line(close), _stirling(away))

    return with_slope(value, stirling_rest_slope)(x)


def stirling_rest_slope(x: Tensor) -> Tensor:
    """The derivative of that, digamma(x) - log x + 1 / (2 x)."""
    near = x < _shift(x)
    close, away = ops.where(near, x, 1.0), ops.where(near, 16.0, x)
    return ops.where(near, digamma(close) - log(close) + 0.5 / close, stirling_slope(away))


def half_steps(a: Tensor) -> Tensor:
    """log(sqrt(a) gamma(a) / gamma(a + 1/2)), near 0 for large a."""
    return a * less_log1p(0.5 / a) + (stirling_rest(a) - stirling_rest(a + 0.5))


def log_rise(a: Tensor, k: Tensor, whole: Tensor | None = None) -> Tensor:
    """log(gamma(a + k) / (gamma(a) a^k)) for a > 0 and k >= 0: of whole k, the sum of log(1 + i / a) for i below k.

    Where `whole` is true, it is log(gamma(a + k) / gamma(a)).
    """
    n = _shift(a)
    far = a + n
    u = k / far
    grown = log1p(u)
    rest = (1 + u) * grown - u if fine(a) else u * grown - less_log1p(u)
    found = far * rest - 0.5 * grown + (_stirling(far + k) - _stirling(far))
    above, below = 0.0 * a + n, a
    if whole is not None:
        above, below = ops.where(whole, far - 1, above), ops.where(whole, 1.0, below)
    found = found + k * log_whole(above, below)
    for i in range(n):
        found = found - log_whole(k, a + i)
    return ops.where(ops.equal(k, 0), 0.0, found)  # also where a compiler fuses


def log_beta(a: Tensor, b: Tensor) -> Tensor:
    """The logarithm of the beta function, for a, b > 0."""
    n = _shift(a)
    x, y = a + n, b + n
    found = _HALF_LOG_TAU - (x - 0.5) * log1p(y / x) - y * log1p(x / y) - 0.5 * log(y)
    found = found + (_stirling(x) + _stirling(y) - _stirling(x + y))
    for i in range(n):
        found = found + (log_whole(b, a + i) + log_whole(a + n, b + i))
    return found


# -- error functions ------------------------------------------------------------------------------------------------


def _log_erfcx(z: Tensor) -> Tensor:
    """log(e^(z^2) erfc z) for z >= 0."""
    t = 2 / (2 + z)
    return log(t) + chebyshev(_ERFC, 2 * t - 1)


def scaled_tail(x: Tensor) -> Tensor:
    """e^(x^2 / 2) times the probability that a standard normal variable is above x >= 0."""
    return 0.5 * ops.exp(_log_erfcx(math.sqrt(0.5) * x))


def log_normal_cdf(x: Tensor) -> Tensor:
    """The logarithm of the distribution function of a standard normal variable."""

    def value(x: Tensor) -> Tensor:
        z, tail = math.sqrt(0.5) * ops.abs(x), log_normal_tail(ops.abs(x))
        size = at_most(ops.abs(x), 40.0)
        few = ops.round(16 * size) / 16  # whose square is exact
        rest = ops.exp(tail) * ops.exp(-0.5 * few * few) * ops.exp(-0.5 * (size - few) * (size + few))
        return ops.where(x < 0, tail - z * z, log1p(-ops.where(x < 0, 0.0, rest)))

    def slope(x: Tensor) -> Tensor:
        z, tail = math.sqrt(0.5) * ops.abs(x), log_normal_tail(ops.abs(x))
        below = ops.exp(-_HALF_LOG_TAU - tail)
        square = z * z
        above = ops.exp(-square - _HALF_LOG_TAU) / (1 - ops.exp(tail - square))
        return ops.where(x < 0, below, above)

    return with_slope(value, slope)(x)


def log_normal_tail(z: Tensor) -> Tensor:
    """The logarithm of the probability above z >= 0 of a standard normal variable, plus z^2 / 2."""
    return _log_erfcx(math.sqrt(0.5) * z) - math.log(2)


def log1m_exp(x: Tensor) -> Tensor:
    """log(1 - e^x) for x < 0."""

    def value(x: Tensor) -> Tensor:
        near = x > -0.7
        return ops.where(near, log(-expm1(ops.where(near, x, -0.5))), log1p(-ops.exp(ops.where(near, -1.0, x))))

    return with_slope(value, lambda x: ops.exp(x) / expm1(x))(x)


def log_sum_of_exp(x: Tensor) -> Tensor:
    """log(sum e^x) along the last axis; the gradient is a softmax that does not pass through the rounded logarithm."""
    top = ops.stop_gradient(largest(x, keepdims=True))
    return ops.squeeze(top, -1) + log(ops.sum(ops.exp(x - top), axis=-1))


def inflated_nll(z: Tensor, n: Tensor) -> Tensor:
    """-log(p + (1 - p) e^-n), with the probability p of logit z, and n >= 0."""

    def value(z: Tensor, n: Tensor) -> Tensor:
        near, inside = n < 1, ops.where(n < 1, n, 0.0)
        close = -log1p(sigmoid(-z) * expm1(-inside))
        away = ops.where(z + n > 0, softplus(-z) - softplus(-z - n), softplus(z) + n - softplus(z + n))
        return ops.where(near, close, away)

    def slopes(z: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
        return expm1(-n) * sigmoid(-z) * sigmoid(z + n), sigmoid(-z - n)

    return with_slopes(value, slopes)(z, n)


# -- others ---------------------------------------------------------------------------------------------------------


def _by_size(near: tuple[float, ...], beyond: tuple[float, ...], k: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Whether k > 8, and both series."""
    far = k > 8
    close, away = ops.where(far, 4.0, k), ops.where(far, k, 16.0)
    return far, chebyshev(near, 0.25 * close - 1), chebyshev(beyond, 16 / away - 1)


def bessel_ratio_rest(k: Tensor) -> Tensor:
    """1 - I1(k) / I0(k) for k >= 0, where the two are nearly equal too."""
    far, close, away = _by_size(_RATIO, _RATIO_FAR, k)
    return ops.where(far, away / ops.where(far, k, 16.0), close)


def log_bessel(k: Tensor) -> Tensor:
    """log(I0(k) e^-k) for k >= 0, with the Bessel function of order 0."""

    def value(k: Tensor) -> Tensor:
        far, close, away = _by_size(_BESSEL, _BESSEL_FAR, k)
        return ops.where(far, away - _HALF_LOG_TAU - 0.5 * log(ops.where(far, k, 16.0)), k * close)

    return with_slope(value, lambda k: -bessel_ratio_rest(k))(k)


def log1p_over(c: Tensor, x: Tensor) -> Tensor:
    """log(1 + c x) / c, also where c is 0. Beyond c x = -1 it goes on: in line with x for c < 0, else with -log(-x)."""
    end = -1 + 2.0**-20
    last = math.log1p(end)

    def parts(c: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        u = c * x
        beyond = u < end
        inside = ops.where(beyond, end, u)
        small = ops.abs(inside) < (0.3 if fine(u) else 0.5)
        return u, beyond & (c > 0), beyond & (c < 0), small, ops.where(small, 0.5, inside)

    def series(u: Tensor, first: int) -> Tensor:
        """The sum of (-u)^(k - first) weights, near 0: of log(1 + u) / u, or of its derivative."""
        terms = 30 if fine(u) else 22
        found = 0.0 * u
        for k in range(terms, first - 1, -1):
            found = (1 / (k + 1) if first == 0 else -k / (k + 1)) - u * found
        return found

    def value(c: Tensor, x: Tensor) -> Tensor:
        u, below, _, small, away = parts(c, x)
        found = x * ops.where(small, series(ops.where(small, u, 0.0), 0), log1p(away) / away)
        return ops.where(below, last / ops.where(below, c, 1.0) - log(ops.where(below, u / end, 1.0)), found)

    def slopes(c: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        u, below, above, small, away = parts(c, x)
        near = series(ops.where(small, u, 0.0), 1)
        by_c = x * x * ops.where(small, near, (1 / (1 + away) - log1p(away) / away) / away)
        by_x = ops.where(above, last / end, 1 / (1 + ops.where(small, u, away)))
        inverse, over = 1 / ops.where(below, c, 1.0), 1 / ops.where(below, x, 1.0)
        by_c = ops.where(below, -(last * inverse + 1) * inverse, ops.where(above, 0.0, by_c))
        return by_c, ops.where(below, -over, by_x)

    return with_slopes(value, slopes)(c, x)


def log1p_step(c: Tensor, unit: Tensor, x: Tensor, step: Tensor) -> Tensor:
    """log1p_over at (x + step) / unit, less that at x / unit, for small steps too; beyond the end, near it."""
    whole = unit + c * x
    least = 2.0**-20 * unit
    ratio = quotient(step, ops.where(whole < least, least, whole))
    beyond = c * ratio < -1 + 2.0**-20
    from_end = log1p_over(c, quotient(x + step, unit)) - log1p_over(c, quotient(x, unit))
    return ops.where(beyond, from_end, log1p_over(c, ratio))


def expm1_over(c: Tensor, x: Tensor) -> Tensor:
    """(1 - e^(-c x)) / c, also where c is 0."""

    def apart(c: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        u = c * x
        small = ops.abs(u) < 0.3
        return small, ops.where(small, u, 0.0), ops.where(small, 1.0, c)

    def series(u: Tensor, first: int) -> Tensor:
        """The sum of (-u)^k / (k + 1)!, or of its derivative by u."""
        found = 0.0 * u
        for k in range(13, first - 1, -1):
            found = (1 if first == 0 else -k) / math.factorial(k + 1) - u * found
        return found

    def value(c: Tensor, x: Tensor) -> Tensor:
        small, u, far = apart(c, x)
        return ops.where(small, x * series(u, 0), -expm1(-c * x) / far)

    def slopes(c: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        small, u, far = apart(c, x)
        falls, most = ops.exp(-c * x), at_most(c * x, 80.0)
        away = ops.exp(-most) * exp_less_line(most) / far / far
        return ops.where(small, x * x * series(u, 1), -away), falls

    return with_slopes(value, slopes)(c, x)


def log_softplus(z: Tensor) -> Tensor:
    """log(log(1 + e^z)), also where e^z is nothing."""

    def value(z: Tensor) -> Tensor:
        low = z < -12
        inside = ops.where(low, 0.0, z)
        return ops.where(low, z - 0.5 * ops.exp(at_most(z, 0.0)), log(softplus(inside)))

    def slope(z: Tensor) -> Tensor:
        low = z < -12
        inside = ops.where(low, 0.0, z)
        share = 1 / (1 + ops.exp(-inside))
        return ops.where(low, 1 - 0.5 * ops.exp(at_most(z, 0.0)), share / softplus(inside))

    return with_slope(value, slope)(z)


def quotient(a: Tensor, b: Tensor) -> Tensor:
    """a / b, whose slope never divides by b * b, which may be 0."""
    return with_slopes(lambda a, b: a / b, lambda a, b: (1 / b, -(a / b) / b))(a, b)


def excess(a: Tensor, b: Tensor) -> Tensor:
    """a / b - 1, also where a and b are nearly equal; its slope never divides by b * b."""
    return with_slopes(lambda a, b: (a - b) / b, lambda a, b: (1 / b, -(a / b) / b))(a, b)


def log_sinhc(x: Tensor) -> Tensor:
    """log(sinh(x) / x) for |x| up to 2, by its series near 0: sinh(x) / x rounds to 1 there."""

    def of(x: Tensor) -> tuple[Tensor, Tensor]:
        """sinh(x) / x - 1, and its derivative by x^2."""
        u = x * x
        value, slope = 0.0 * u, 0.0 * u
        for k in range(12, 0, -1):
            step = 1 / (2 * k * (2 * k + 1))
            slope = step * ((1 + value) + u * slope)
            value = step * u * (1 + value)
        return value, slope

    def slope(x: Tensor) -> Tensor:
        value, by_square = of(x)
        return 2 * x * by_square / (1 + value)

    return with_slope(lambda x: log1p(of(x)[0]), slope)(x)
