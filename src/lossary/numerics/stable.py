"""Arithmetic that stays right where the textbook formula overflows, cancels or loses its gradient.

Everything here maps tensors of one shape to that shape, unless an axis is named, and is differentiable, twice, on every
backend. Errors stay below 4 ulp in float32. "Read as" means: the value is the stated one, the gradient is that of the
function at the stated value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import backend, ops
from .backend import derived, total

Tensor = Any

# By floating-point type: the smallest positive number, the smallest with all its digits, the largest below one (one
# minus half an ulp), the slope that stands for an infinite one and leaves room for weights, and a large number.
TINIEST = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 2.0**-1074}
SMALLEST = {"float16": 2.0**-14, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}
BELOW_ONE = {"float16": 1 - 2.0**-11, "bfloat16": 1 - 2.0**-8, "float32": 1 - 2.0**-24, "float64": 1 - 2.0**-53}
STEEPEST = {"float16": 2.0**10, "bfloat16": 2.0**96, "float32": 2.0**96, "float64": 2.0**960}
LARGE = {"float16": 2.0**15, "bfloat16": 2.0**126, "float32": 2.0**126, "float64": 2.0**1022}
LARGEST = float(np.finfo("float32").max)
SCALE_UP = 64  # backend.scale_up multiplies by two to this power


def wide(dtype: str) -> str:
    """The type to compute in: half precision is computed in float32 and rounded once, at the end."""
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def with_slope(value: Callable[..., Tensor], slope: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """An entrywise function of x (and of tensors that are held fixed) with its derivative by x in closed form."""

    def jvp(x: Tensor, *rest: Tensor) -> Tensor:
        held = rest[: len(rest) // 2]
        return slope(x, *held) * rest[len(held)]

    def vjp(x: Tensor, *rest: Tensor) -> tuple[Tensor | None, ...]:
        *held, g = rest
        return (slope(x, *held) * g, *[None] * len(held))

    return derived(value, jvp, vjp)


def parts(both: Callable[..., tuple[Tensor, Tensor]]) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """Value and slope, each alone, of a function that gives both."""
    return lambda *x: both(*x)[0], lambda *x: both(*x)[1]


def with_slopes(value: Callable[..., Tensor], slopes: Callable[..., tuple[Tensor, ...]]) -> Callable[..., Tensor]:
    """An entrywise function of several tensors with its derivatives by each in closed form."""

    def jvp(*x: Tensor) -> Tensor:
        half = len(x) // 2
        first, *rest = (by * change for by, change in zip(slopes(*x[:half]), x[half:], strict=True))
        for part in rest:
            first = first + part
        return first

    def vjp(*x: Tensor) -> tuple[Tensor, ...]:
        *given, g = x
        return tuple(by * g for by in slopes(*given))

    return derived(value, jvp, vjp)


def constant(value: float, like: Tensor) -> Tensor:
    """A number in the type of a tensor: backends read a bare one as float32."""
    return ops.convert_to_tensor(value, dtype=like.dtype)


def at_least(x: Tensor, low: float) -> Tensor:
    """The larger of x and a number, in the type of x: on torch, Keras's maximum makes float32 of float64."""
    if isinstance(low, (int, float)):
        return ops.at_least(x, low)
    return ops.where(x < low, constant(low, x), x)


def at_most(x: Tensor, high: float) -> Tensor:
    """The smaller of x and a number, in the type of x."""
    if isinstance(high, (int, float)):
        return ops.at_most(x, high)
    return ops.where(x > high, constant(high, x), x)


def larger(a: Tensor, b: Tensor) -> Tensor:
    """The larger of two tensors; at a tie the gradient is the first one's, on every backend."""
    return ops.where(a < b, b, a)


def smaller(a: Tensor, b: Tensor) -> Tensor:
    """The smaller of two tensors; at a tie the gradient is the first one's, on every backend."""
    return ops.where(a > b, b, a)


def read_at_least(x: Tensor, low: float) -> Tensor:
    """`x`, read as `low` where it is smaller; the gradient passes, so training can leave the edge."""
    return ops.where(x < low, low + (x - ops.stop_gradient(x)), x)


def unless_nan(x: Tensor, y: Tensor) -> Tensor:
    """x, and NaN where y is: a comparison takes NaN for "no"."""
    return ops.where(ops.isnan(y), y, x)


def read_at_most(x: Tensor, high: float) -> Tensor:
    """`x`, read as `high` where it is larger; the gradient passes."""
    return ops.where(x > high, high + (x - ops.stop_gradient(x)), x)


def below_one(p: Tensor, dtype: str, passing: bool = False) -> Tensor:
    """Probabilities, of which an exact 1 is read as the number below it; then the gradient passes if asked to."""
    if wide(dtype) == dtype:
        return read_at_most(p, BELOW_ONE[dtype]) if passing else at_most(p, BELOW_ONE[dtype])
    below = BELOW_ONE[dtype] + (p - ops.stop_gradient(p)) if passing else constant(BELOW_ONE[dtype], p)
    return ops.where(p >= 1, below, p)


def shallow(dtype: str) -> bool:
    """Whether the slope of -log p at an exact 0 leaves any digits for what else there is."""
    return STEEPEST[dtype] < 2.0**24


def length(x: Tensor, axis: int = -1) -> Any:
    """How many entries x has along an axis: a number, or a tensor where only the running program knows."""
    known = x.shape[axis]
    return known if known is not None else ops.cast(ops.shape(x)[axis], x.dtype)


def mean(x: Tensor, axis: int = -1) -> Tensor:
    """The mean over an axis. Each entry is divided before the sum, so that the sum does not overflow."""
    return total(x / length(x, axis), axis)


def square_root(x: Tensor) -> Tensor:
    """The square root of x >= 0, with gradient 0 (not infinite) at 0; of NaN it is NaN."""
    nothing = x <= 0
    return ops.where(nothing, 0.0, ops.sqrt(ops.where(nothing, 1.0, x)))


def power(x: Tensor, k: float) -> Tensor:
    """x^k for x >= 0, also where the type does not hold k: then what is missing of k counts too."""
    if isinstance(k, (int, float)) and k in (0, 1):
        return x if k else 0.0 * x + 1.0
    if not isinstance(k, (int, float)):  # an exponent that moves while training has no more digits than its type
        return ops.power(x, k)
    if k == 2:
        return ops.square(x)
    if "float64" in str(x.dtype):  # (Keras rounds a number to float32)
        return x**k
    missing = k - float(np.float32(k))
    powered = ops.power(x, k)
    if missing == 0:
        return powered
    positive = x > 0
    return powered * (1 + missing * ops.where(positive, backend.log(ops.where(positive, x, 1.0)), 0.0))


def rising_power(x: Tensor, k: float) -> Tensor:
    """x^k for x >= 0 and k > 0, with gradient 0 (not infinite) at 0 where k < 1."""
    if isinstance(k, (int, float)) and k == 1:
        return x

    def slope(x: Tensor) -> Tensor:
        nothing = x <= 0
        return ops.where(nothing, 0.0, k * power(ops.where(nothing, 1.0, x), k - 1))

    return with_slope(lambda x: power(x, k), slope)(x)


def log_whole(a: Tensor, b: Tensor) -> Tensor:
    """log((a + b) / b) for a >= 0 and b > 0, relatively exact where a is small: minus the log of the share of b."""

    def slopes(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return 1 / (a + b), -a / (a + b) / b

    return with_slopes(lambda a, b: backend.log1p(a / b), slopes)(a, b)


def log_less_exp(x: Tensor) -> Tensor:
    """log(1 - e^-x) for x > 0, relatively exact on both sides."""

    def value(x: Tensor) -> Tensor:
        near = x < math.log(2)
        of_near = backend.log(-backend.expm1(-ops.where(near, x, 1.0)))
        return ops.where(near, of_near, backend.log1p(-ops.exp(-ops.where(near, 1.0, x))))

    return with_slope(value, lambda x: 1 / backend.expm1(x))(x)


def log1p_of_square(x: Tensor) -> Tensor:
    """log(1 + x^2) without overflow."""
    size = ops.abs(x)
    large, small = about_one(size)
    rest = backend.log1p(ops.square(ops.where(size > 1, 1 / large, small)))
    return ops.where(size > 1, 2 * backend.log(large) + rest, rest)


def _atanh_rest(u: Tensor, last: int) -> Tensor:
    """(atanh(u) - u) / u^3, that is 1/3 + u^2/5 + u^4/7 + ..., up to the term with 1 / last."""
    square, series = ops.square(u), 0.0 * u + 1 / last
    for k in range(last - 2, 1, -2):
        series = series * square + 1 / k
    return series


def less_log1p(x: Tensor) -> Tensor:
    """x - log(1 + x) for x >= -2/3, also where the two are nearly equal: a series in u = x / (2 + x)."""
    far = ops.abs(x) > 0.5 if "float64" in str(x.dtype) else x > 2
    near = ops.where(far, 0.0, x)
    u = near / (2 + near)
    away = ops.where(far, x, 3.0)
    return ops.where(far, away - backend.log1p(away), near * u - 2 * u * ops.square(u) * _atanh_rest(u, 27))


def _of_number(exact: Callable[[float], float], moving: Callable[[Tensor], Tensor]) -> Callable[[Any], Any]:
    """A function of a parameter: exact of a number, and of the tensor that it is while a schedule moves it."""
    return lambda x: exact(x) if isinstance(x, (int, float)) else moving(x)


log_of, root_of = _of_number(math.log, backend.log), _of_number(math.sqrt, ops.sqrt)
cosine_of, sine_of = _of_number(math.cos, ops.cos), _of_number(math.sin, ops.sin)
expm1_of = _of_number(math.expm1, backend.expm1)


def log1p_less_share(x: Tensor) -> Tensor:
    """log(1 + x) - x / (1 + x) for x >= 0, also where the two are nearly equal: a series in u = x / (2 + x)."""
    far = x > 2
    near = ops.where(far, 0.0, x)
    u = near / (2 + near)
    away = ops.where(far, x, 3.0)
    return ops.where(far, backend.log1p(away) - away / (1 + away), 2 * u * u * (1 / (1 + u) + u * _atanh_rest(u, 47)))


def exp_less_line(x: Tensor) -> Tensor:
    """e^x - 1 - x, also where they are nearly equal: a series near 0. Infinite where e^x is."""
    far = ops.abs(x) > 1
    near = ops.where(far, 0.0, x)
    series = 0.0 * near + 1.0
    for k in range(20, 2, -1):
        series = series * near / k + 1
    away = ops.where(far, x, 2.0)
    return ops.where(far, backend.expm1(away) - at_most(away, 1e4), 0.5 * near * near * series)


def about_one(size: Tensor) -> tuple[Tensor, Tensor]:
    """The larger and the smaller of a size and 1. Not by maximum: at a tie, backends differ in its gradient."""
    far = size > 1
    return ops.where(far, size, 1.0), ops.where(far, 1.0, size)


def log_cosh(x: Tensor) -> Tensor:
    """log(cosh(x)): near 0 by the series of cosh(x) - 1, since cosh(x) rounds to 1; far out without e^x."""
    size = ops.abs(x)
    far = size > 2
    u = ops.square(ops.where(far, 1.0, x))
    series = 0.0 * u + 1 / math.factorial(18)
    for k in range(16, 0, -2):
        series = series * u + 1 / math.factorial(k)
    away = ops.where(far, size, 2.0)
    return ops.where(far, (away - math.log(2)) + backend.log1p(ops.exp(-2 * away)), backend.log1p(u * series))


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent; the backends' own are off by up to 5 ulp."""

    def value(x: Tensor) -> Tensor:
        less = backend.expm1(-2 * ops.abs(x))
        return ops.sign(x) * (-less / (2 + less))

    def slope(x: Tensor) -> Tensor:  # not by the sign of x, which has no slope at 0
        e = ops.exp(-2 * ops.abs(x))
        return 4 * e / (1 + e) / (1 + e)

    return with_slope(value, slope)(x)


def sigmoid(z: Tensor) -> Tensor:
    """1 / (1 + e^-z), relatively exact on both sides."""

    def slope(z: Tensor) -> Tensor:
        e = ops.exp(-ops.abs(z))
        return e / (1 + e) / (1 + e)

    return with_slope(_sigmoid, slope)(z)


def _sigmoid(z: Tensor) -> Tensor:
    e = ops.exp(-ops.abs(z))
    return ops.where(z < 0, e, 1.0) / (1 + e)


def times_exp(x: Tensor, a: Tensor) -> Tensor:
    """x e^a, a number also where e^a alone is beyond the largest or below the smallest one."""
    low, high = constant(math.exp(-80), a), constant(math.exp(80), a)
    part = ops.where(a > 80, high, ops.where(a < -80, low, constant(1.0, a)))
    rest = ops.where(a > 80, a - 80, ops.where(a < -80, a + 80, a))
    return x * part * ops.exp(at_most(at_least(rest, -88.0), 88.0))


def softplus(z: Tensor) -> Tensor:
    """log(1 + e^z), relatively exact on both sides."""
    return with_slope(lambda z: at_least(z, 0.0) + backend.log1p_near(ops.exp(-ops.abs(z))), sigmoid)(z)


def nll(p: Tensor, dtype: str) -> Tensor:
    """-log p for a number >= 0, also subnormal. An exact 0 costs what the type's smallest positive number does."""

    def value(p: Tensor) -> Tensor:
        if ops.SUBNORMAL:
            read = at_least(p, TINIEST[dtype]) if wide(dtype) == dtype else ops.where(p <= 0, TINIEST[dtype], p)
            return -backend.log(read)

        def of_any() -> Tensor:
            scaled_up, small, zero = _sizes(p, dtype)
            log = backend.log(ops.where(zero, 1.0, ops.where(small, scaled_up, p)))
            of_zero = constant(-math.log(TINIEST[dtype]), p)
            return ops.where(zero, of_zero, ops.where(small, SCALE_UP * math.log(2) - log, -log))

        return backend.if_all_at_least(SMALLEST[wide(dtype)], (p,), lambda: -backend.log(p), of_any)

    return with_slope(value, lambda p: -reciprocal(p, dtype))(p)


def reciprocal(p: Tensor, dtype: str) -> Tensor:
    """1 / p for a number >= 0; of an exact 0, STEEPEST; of a subnormal number, that of the smallest normal one."""

    def of_any() -> Tensor:
        if ops.SUBNORMAL:
            return ops.where(p <= 0, STEEPEST[dtype], 1 / at_least(p, SMALLEST[wide(dtype)]))
        _, small, zero = _sizes(p, dtype)
        of_small = ops.where(zero, constant(STEEPEST[dtype], p), constant(1 / SMALLEST[wide(dtype)], p))
        return ops.where(small, of_small, 1 / ops.where(small, 1.0, p))

    return backend.if_all_at_least(SMALLEST[wide(dtype)], (p,), lambda: 1 / p, of_any)


def _sizes(p: Tensor, dtype: str) -> tuple[Tensor, Tensor, Tensor]:
    """p scaled up, whether p is subnormal (or zero), and whether it is zero (or below)."""
    scaled_up = backend.scale_up(p)
    return scaled_up, scaled_up < SMALLEST[wide(dtype)] * 2.0**SCALE_UP, scaled_up <= 0


def _readable(p: Tensor, dtype: str) -> tuple[Tensor, Tensor]:
    """A number in [0, 1], times 2^64 where it is small, and whether it is, as 1 or 0; 0 is the smallest number."""
    scaled_up, small, _ = _sizes(p, dtype)
    return ops.where(small, at_least(scaled_up, TINIEST[dtype] * 2.0**SCALE_UP), p), ops.cast(small, p.dtype)


def log_ratio(y: Tensor, p: Tensor, dtype: str) -> Tensor:
    """log(y / p) for numbers in [0, 1], relatively exact where they are nearly equal. Zeros count as in `nll`."""

    def value(y: Tensor, p: Tensor) -> Tensor:
        def of_normal(a: Tensor, b: Tensor, alike: Tensor | None = None) -> Tensor:
            series = backend.by_series(a)
            gap = (a - b) / (0.5 * (a + b) if series else b)
            near = ops.abs(gap) <= 0.5
            near = near if alike is None else ops.logical_and(near, alike)
            near_one = backend.twice_atanh if series else backend.log1p_near
            return ops.where(near, near_one(ops.where(near, gap, 0.0)), backend.log(a / b))

        def of_any() -> Tensor:  # scaled up where small: no quotient is too large
            (a, lifted_a), (b, lifted_b) = _readable(y, dtype), _readable(p, dtype)
            shift = lifted_b - lifted_a
            return of_normal(a, b, ops.equal(shift, 0.0)) + shift * (SCALE_UP * math.log(2))

        return backend.if_all_at_least(SMALLEST[wide(dtype)], (y, p), lambda: of_normal(y, p), of_any)

    return with_slopes(value, lambda y, p: (reciprocal(y, dtype), -reciprocal(p, dtype)))(y, p)


def divergence(y: Tensor, p: Tensor, dtype: str) -> Tensor:
    """y log(y / p) - (y - p) for numbers in [0, 1], a term of a divergence of shares: never below 0, 0 where equal."""

    def slopes(y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        return log_ratio(y, p, dtype), (p - y) * reciprocal(p, dtype)

    return with_slopes(lambda y, p: y * log_ratio(y, p, dtype) - (y - p), slopes)(y, p)


def log_quotient(a: Tensor, b: Tensor) -> Tensor:
    """log(a / b) for positive numbers, relatively exact where they are nearly equal, and where no quotient is."""

    def value(a: Tensor, b: Tensor) -> Tensor:
        ratio = a / b
        near = ops.logical_and(ratio > 0.5, ratio < 2)
        middle = ops.logical_and(ratio > 1e-30, ratio < 1e30)
        far = ops.where(middle, backend.log(ops.where(middle, ratio, 1.0)), backend.log(a) - backend.log(b))
        return ops.where(near, backend.log1p(ops.where(near, (a - b) / b, 0.0)), far)

    return with_slopes(value, lambda a, b: (1 / a, -1 / b))(a, b)


def log_odds(y: Tensor) -> Tensor:
    """log(y / (1 - y)) for numbers between 0 and 1, relatively exact also near 1/2, where 1 - y is rounded."""

    def value(y: Tensor) -> Tensor:
        near = y > 0.25
        low = ops.where(near, 0.125, y)
        odds = (2 * y - 1) / ops.where(near, 1 - y, 1.0)
        return ops.where(near, backend.log1p(ops.where(near, odds, 0.0)), backend.log(low) - backend.log1p(-low))

    return with_slope(value, lambda y: 1 / y / (1 - y))(y)


def log_growth(y: Tensor, p: Tensor) -> Tensor:
    """log((1 + p) / (1 + y)) for numbers >= 0, relatively exact where p is nearly y."""
    if backend.by_series(p):
        gap = (p - y) / (1 + 0.5 * p + 0.5 * y)
        apart = ops.abs(gap) > 2 / 3
        far = backend.log(ops.where(apart, (1 + larger(p, y)) / (1 + smaller(p, y)), 1.0))
        return ops.where(apart, ops.where(gap < 0, -far, far), backend.twice_atanh(ops.where(apart, 0.0, gap)))
    grown = backend.log1p(ops.abs(p - y) / (1 + ops.where(p < y, p, y)))
    return ops.where(p < y, -grown, grown)


def squared_log_growth(y: Tensor, p: Tensor) -> Tensor:
    """Its square. Negative numbers are read as 0."""

    def slopes(y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        twice = 2 * log_growth(y, p)
        return -twice / (1 + y), twice / (1 + p)

    return with_slopes(lambda y, p: ops.square(log_growth(y, p)), slopes)(read_at_least(y, 0.0), read_at_least(p, 0.0))


def by_matrix(x: Tensor, matrix: Tensor) -> Tensor:
    """x @ matrix, over the last axis of x: on some processors TensorFlow's product of four axes and two writes beyond
    its memory."""
    flat = ops.reshape(x, (-1, x.shape[-1])) @ matrix
    return ops.reshape(flat, (*ops.shape(x)[:-1], matrix.shape[-1]))


def share(a: Tensor, b: Tensor) -> Tensor:
    """a / (a + b) for numbers >= 0; 0 / (0 + 0) is 0, and NaN of NaN. The slopes b / (a + b)^2, -a / (a + b)^2 do not
    cancel."""

    def whole(a: Tensor, b: Tensor) -> Tensor:
        return ops.where(a + b <= 0, 1.0, a + b)

    def slopes(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        k = power_of_two_scale(a + b)  # XLA divides by whole * whole, which may be 0 otherwise
        a, b = a * k, b * k
        both = whole(a, b)
        limit = LARGE["float64" if "float64" in str(a.dtype) else "float32"]  # infinity times nothing is NaN
        return b / both / both * k, at_least(-a / both / both * k, -limit)

    return with_slopes(lambda a, b: a / whole(a, b), slopes)(a, b)


def share_of(part: Tensor, whole: Tensor) -> Tensor:
    """part / whole; 0, without a gradient, where the whole is 0 (or below). Of NaN it is NaN."""
    nothing = whole <= 0  # and not whole > 0, which would take NaN for nothing
    return ops.where(nothing, 0.0, part / ops.where(nothing, 1.0, whole))


def largest(x: Tensor, axis: int | tuple[int, ...] = -1, keepdims: bool = False) -> Tensor:
    """The largest entry along the axis; of a batch without rows, none. (ops.max breaks torch's compiled graphs.)"""
    if 0 in x.shape:  # TensorFlow refuses it
        return ops.sum(x, axis=axis, keepdims=keepdims)
    return ops.amax(x, axis=axis, keepdims=keepdims)


def unit(x: Tensor, axis: int = -1) -> tuple[Tensor, Tensor]:
    """`x` divided by its Euclidean norm along the axis, and whether it has a direction (is not the zero vector).

    A zero vector stays zero, with gradient 0.
    """
    size = ops.stop_gradient(largest(ops.abs(x), axis=axis, keepdims=True))
    directed = ops.logical_not(size <= 0)  # one that is NaN stays NaN
    scaled = x * ops.where(directed, power_of_two_scale(size), 0.0)
    squared = ops.sum(ops.square(scaled), axis=axis, keepdims=True)
    return scaled / ops.sqrt(ops.where(directed, squared, 1.0)), directed


def minus_cosine(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Minus the cosine of the angle between rows, and its slope by p; both are 0 where a row is."""
    cosine, slope = _cosine(_measured(p), _measured(y))
    return -cosine[..., 0], slope


def cosine_distance(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """1 minus that cosine, also where the two are nearly parallel, and its slope by p; 1 and 0 where a row is 0."""
    (a, n, _), (b, m, _) = first, second = _measured(p), _measured(y)
    _, slope = _cosine(first, second)
    nothing = ops.logical_or(*(ops.row_sum(x * x) <= 0 for x in (a, b)))  # not that there is something: NaN is not
    value = ops.where(nothing, 1.0, 0.5 * ops.row_sum(ops.square(a / n - b / m)))
    return value[..., 0], slope


Measured = tuple[Tensor, Tensor, Tensor | None]


def _cosine(first: Measured, second: Measured) -> tuple[Tensor, Tensor]:
    """The cosine of the angle between rows, and the slope of minus that by the first."""
    (a, n, k), (b, m, _) = first, second
    r, s = 1 / n, 1 / m  # XLA would make one division of several, by a product that may be too small
    cosine = ops.row_sum(a * b) * r * s
    slope = a * (cosine * r * r) - b * (r * s)
    return cosine, slope if k is None else slope * k


def _measured(x: Tensor) -> Measured:
    """x times a power of two for each row, at which it can be squared; the norm of that, 1 of nothing; the power."""
    size, k = ops.stop_gradient(ops.row_size(x)), None
    if not ops.within(x, size, 2.0**-50, 2.0**50):
        k = ops.where(size <= 0, 0.0, power_of_two_scale(size))  # of NaN it is no 0
        x = x * k
    squared = ops.row_sum(ops.square(x))
    return x, ops.sqrt(squared if k is None else ops.where(size <= 0, 1.0, squared)), k


def power_of_two_scale(size: Tensor) -> Tensor:
    """A power of two; times this, a number of that size can be squared without overflow or loss."""
    if ops.within(size, size, 2.0**-50, 2.0**50):
        return ops.ones_like(size)
    small = ops.where(size < 2.0**-110, 2.0**127, ops.where(size < 2.0**-50, 2.0**88, ops.ones_like(size)))
    return ops.where(size > 2.0**80, 2.0**-88, ops.where(size > 2.0**50, 2.0**-56, small))


def mean_square(x: Tensor) -> Tensor:
    """The mean of x^2 over the last axis, finite whenever that mean is."""
    return total(x * (x / length(x)), -1)


def root_mean_square(x: Tensor, dtype: str) -> Tensor:
    """The root of the mean of x^2 over the last axis, without squaring large or small numbers; 0 has gradient 0."""
    x, beyond = without_infinity(x, dtype, axis=-1)
    k = power_of_two_scale(ops.stop_gradient(largest(ops.abs(x), keepdims=True)))
    return square_root(mean_square(x * k)) / ops.squeeze(k, axis=-1) + beyond


def without_infinity(x: Tensor, dtype: str, axis: int | tuple[int, ...] | None = None) -> tuple[Tensor, Tensor]:
    """x with infinite numbers read as the largest, so that slopes stay numbers; and infinity where there was one.

    Along the axis, along all of them (None), or for each entry alone (an empty tuple).
    """
    limit = float(np.finfo(wide(dtype)).max)
    infinite = ops.isinf(x) if axis == () else ops.any(ops.isinf(x), axis=axis)
    beyond = ops.where(infinite, ops.cast(math.inf, x.dtype), ops.cast(0.0, x.dtype))
    return ops.clip(x, -limit, limit), ops.stop_gradient(beyond)
