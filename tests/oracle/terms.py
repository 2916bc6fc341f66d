"""Value and gradient of every loss as exact sums of the terms that define them, without a look at the losses' code.

`TERMS[name](y, p, edge, **parameters)` takes one row (targets and predictions as exact numbers) and gives the row's
value and its slope by each prediction. `COUPLED` holds the losses whose rows look at one another. `edge` is the
floating-point type, which says what an exact 0 or 1 on the wrong side is read as.

The scale of a result is the sum of the sizes of these terms: rounding errors of that size are unavoidable where they
cancel. So the terms are those of the definition, and of its derivative, no finer and no coarser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle.sums import ZERO, Float, Kind, Sum, between, exactly, mp, mpf, total

Number = Any
Row = tuple[Sum, list[Sum]]
TERMS: dict[str, Callable[..., Row]] = {}
COUPLED: dict[str, Callable[..., tuple[list[Sum], list[list[Sum]]]]] = {}


def entrywise(of: Callable[..., tuple[Sum, Sum]]) -> Callable[..., Row]:
    """A row is the mean over its entries; `of(y, p, edge, ...)` gives value and slope of one entry."""

    def row(y: list[Number], p: list[Number], edge: Float, **parameters: Any) -> Row:
        found = {pair: of(*pair, edge, **parameters) for pair in set(zip(y, p, strict=True))}
        pairs = [found[pair] for pair in zip(y, p, strict=True)]
        share = 1 / mpf(len(pairs))
        return total([v for v, _ in pairs]).times(share), [s.times(share) for _, s in pairs]

    return row


def error(of: Callable[..., tuple[Number, Number]]) -> Callable[..., Row]:
    """The same for losses of the error: `of(e, ...)` gives two plain numbers (or sums)."""

    def entry(y: Number, p: Number, edge: Float, **parameters: Any) -> tuple[Sum, Sum]:
        value, slope = of(p - y, **parameters)
        return exactly(value), slope if isinstance(slope, Sum) else exactly(slope)

    return entrywise(entry)


# -- regression ---------------------------------------------------------------------------------------------------


def log_cosh(e: Number) -> Number:
    size = abs(e)
    if size < 1:
        return mp.log1p(2 * mp.sinh(size / 2) ** 2)
    return size + mp.log1p(mp.exp(-2 * size)) - mp.log(2)


def huber(e: Number, delta: float = 1.0) -> tuple[Number, Number]:
    d = mpf(delta)
    return (e * e / 2, e) if abs(e) <= d else (d * (abs(e) - d / 2), d * mp.sign(e))


def smooth_l1(e: Number, beta: float = 1.0) -> tuple[Number, Number]:
    value, slope = huber(e, beta)
    return value / beta, slope / beta


def pseudo_huber(e: Number, delta: float = 1.0) -> tuple[Number, Number]:
    root = mp.hypot(1, e / mpf(delta))
    return e * e / (1 + root), e / root


def cauchy(e: Number, c: float = 1.0) -> tuple[Number, Number]:
    square = (e / mpf(c)) ** 2
    return mpf(c) ** 2 / 2 * mp.log1p(square), e / (1 + square)


def fair(e: Number, c: float = 1.0) -> tuple[Number, Number]:
    ratio = abs(e) / mpf(c)
    return mpf(c) ** 2 * (ratio - mp.log1p(ratio)), e / (1 + ratio)


def tukey_biweight(e: Number, c: float = 4.685) -> tuple[Number, Sum]:
    u = min((e / mpf(c)) ** 2, mpf(1))
    slope = exactly(e, -2 * e * u, e * u * u) if u < 1 else ZERO
    return mpf(c) ** 2 / 6 * u * (3 - 3 * u + u * u), slope


def quantile(e: Number, q: float = 0.5) -> tuple[Number, Number]:
    low, high = -mpf(q), 1 - mpf(q)
    if e == 0:
        return e, between(low, high)
    return (high * e, high) if e > 0 else (low * e, low)


def absolute(e: Number) -> tuple[Number, Number]:
    return abs(e), mp.sign(e) if e else between(-1, 1)


TERMS["mean_squared_error"] = error(lambda e: (e * e, 2 * e))
TERMS["mean_absolute_error"] = error(absolute)
TERMS["log_cosh"] = error(lambda e: (log_cosh(e), mp.tanh(e)))
TERMS["huber"] = error(huber)
TERMS["smooth_l1"] = error(smooth_l1)
TERMS["pseudo_huber"] = error(pseudo_huber)
TERMS["cauchy"] = error(cauchy)
TERMS["fair"] = error(fair)
TERMS["tukey_biweight"] = error(tukey_biweight)
TERMS["quantile"] = error(quantile)


def corner(e: Number, size: Number) -> Number | Sum:
    """The slope of an odd function that jumps at 0 from minus this size to it."""
    return size * mp.sign(e) if e else between(-size, size)


def tied(size: Number, parameter: float, edge: Float) -> bool:
    """Whether a number is a parameter, as the type that is computed in holds it."""
    return abs(size - mpf(parameter)) <= mpf(parameter) * mpf(2) ** -(53 if edge.name == "float64" else 24)


def charbonnier(e: Number, epsilon: float = 1e-3) -> tuple[Number, Number]:
    root = mp.hypot(e, mpf(epsilon))
    return root, e / root


def welsch(e: Number, c: float = 2.985) -> tuple[Number, Number]:
    square = (e / mpf(c)) ** 2
    return -(mpf(c) ** 2) / 2 * mp.expm1(-square), e * mp.exp(-square)


def power_error(e: Number, q: float = 1.5) -> tuple[Number, Number | Sum]:
    if q == 1:
        return abs(e), corner(e, mpf(1))
    return abs(e) ** mpf(q), mp.sign(e) * mpf(q) * abs(e) ** (mpf(q) - 1)


def reverse_huber(e: Number, delta: float = 1.0) -> tuple[Number, Number | Sum]:
    d = mpf(delta)
    return (abs(e), corner(e, mpf(1))) if abs(e) <= d else ((e * e + d * d) / (2 * d), e / d)


@entrywise
def epsilon_insensitive(y: Number, p: Number, edge: Float, epsilon: float = 0.1) -> tuple[Sum, Sum]:
    e = p - y
    if tied(abs(e), epsilon, edge):
        return exactly(abs(e), -mpf(epsilon)), between(min(mp.sign(e), 0), max(mp.sign(e), 0)) if e else between(-1, 1)
    return (exactly(abs(e), -mpf(epsilon)), exactly(mp.sign(e))) if abs(e) > mpf(epsilon) else (ZERO, ZERO)


@entrywise
def squared_epsilon_insensitive(y: Number, p: Number, edge: Float, epsilon: float = 0.1) -> tuple[Sum, Sum]:
    e, gap = p - y, max(abs(p - y) - mpf(epsilon), mpf(0))
    return exactly(gap * abs(e), -gap * mpf(epsilon)), exactly(2 * e, -2 * mp.sign(e) * mpf(epsilon)) if gap else ZERO


def expectile(e: Number, q: float = 0.5) -> tuple[Number, Number]:
    side = 1 - mpf(q) if e > 0 else mpf(q)
    return side * e * e, 2 * side * e


def quantile_huber(e: Number, q: float = 0.5, delta: float = 1.0) -> tuple[Number, Number]:
    side = 1 - mpf(q) if e > 0 else mpf(q)
    value, slope = smooth_l1(e, delta)
    return side * value, side * slope


@entrywise
def smooth_quantile(y: Number, p: Number, edge: Float, q: float = 0.5, alpha: float = 0.2) -> tuple[Sum, Sum]:
    e, a = p - y, mpf(alpha)
    small = mp.exp(-abs(e) / a)
    side = 1 - mpf(q) if e > 0 else mpf(q)
    return exactly(side * abs(e), a * mp.log1p(small)), exactly(
        *(mp.sign(e or -1) * t for t in (side, -small / (1 + small)))
    )


def with_turn(e: Number, at: float, inside: Number, outside: Number, edge: Float) -> Sum:
    """The slope of an even function, inside and outside of an error where it turns."""
    if e and tied(abs(e), at, edge):
        return between(*sorted((mp.sign(e) * inside, mp.sign(e) * outside)))
    slope = corner(e, inside if abs(e) < at else outside)
    return slope if isinstance(slope, Sum) else exactly(slope)


@entrywise
def wing(y: Number, p: Number, edge: Float, width: float = 10.0, epsilon: float = 2.0) -> tuple[Sum, Sum]:
    w, size = mpf(width), abs(p - y)
    near = min(size, w)
    value = exactly(size - near, w * mp.log1p(near / mpf(epsilon)))
    return value, with_turn(p - y, width, w / (mpf(epsilon) + near), mpf(1), edge)


@entrywise
def soft_wing(
    y: Number, p: Number, edge: Float, omega1: float = 2.0, omega2: float = 20.0, epsilon: float = 0.5
) -> tuple[Sum, Sum]:
    a, b, eps, size = mpf(omega1), mpf(omega2), mpf(epsilon), abs(p - y)
    value = exactly(min(size, a), b * mp.log1p(max(size - a, mpf(0)) / (a + eps)))
    return value, with_turn(p - y, omega1, mpf(1), b / (eps + size), edge)


TERMS["half_squared_error"] = error(lambda e: (e * e / 2, e))
TERMS["charbonnier"] = error(charbonnier)
TERMS["welsch"] = error(welsch)
TERMS["power_error"] = error(power_error)
TERMS["reverse_huber"] = error(reverse_huber)
TERMS["epsilon_insensitive"] = epsilon_insensitive
TERMS["squared_epsilon_insensitive"] = squared_epsilon_insensitive
TERMS["expectile"] = error(expectile)
TERMS["quantile_huber"] = error(quantile_huber)
TERMS["smooth_quantile"] = smooth_quantile
TERMS["wing"] = wing
TERMS["soft_wing"] = soft_wing


def andrews_wave(e: Number, c: float = 1.339) -> tuple[Number, Number]:
    c = mpf(c)
    if abs(e) > mp.pi * c:
        return 2 * c * c, mpf(0)
    return 2 * c * c * mp.sin(e / c / 2) ** 2, c * mp.sin(e / c)


@entrywise
def truncated_squared_error(y: Number, p: Number, edge: Float, c: float = 2.795) -> tuple[Sum, Sum]:
    e = p - y
    slope = between(min(e, 0), max(e, 0)) if tied(abs(e), c, edge) else exactly(e if abs(e) < c else mpf(0))
    return exactly(min(e * e, mpf(c) ** 2) / 2), slope


def hampel(e: Number, a: float = 2.0, b: float = 4.0, c: float = 8.0) -> tuple[Number, Sum]:
    a, b, c, x = mpf(a), mpf(b), mpf(c), abs(e)
    first, flat, falling = min(x, a), max(min(x, b) - a, 0), min(max(x - b, 0), c - b)
    value = first**2 / 2 + a * flat + a * (falling - falling**2 / (c - b) / 2)
    if x <= b:
        return value, exactly(mp.sign(e) * first)
    return value, exactly(*(mp.sign(e) * a * t / (c - b) for t in (c, -x))) if x < c else ZERO


def linex(e: Number, a: float = 1.0) -> tuple[Number, Number]:
    x = mpf(a) * e
    if abs(x) > 1:
        return mp.exp(x) - 1 - x, mpf(a) * mp.expm1(x)
    return mp.nsum(lambda k: x**k / mp.factorial(k), [2, 60]), mpf(a) * mp.expm1(x)


def balanced_l1(e: Number, alpha: float = 0.5, gamma: float = 1.5) -> tuple[Number, Number]:
    a, g, x = mpf(alpha), mpf(gamma), min(abs(e), mpf(1))
    b = mp.expm1(g / a)
    log = mp.log1p(b * x)
    return a / b * ((1 + b * x) * log - b * x) + g * (abs(e) - x), mp.sign(e) * a * log


def focal_regression(e: Number, beta: float = 0.2, gamma: float = 1.0) -> tuple[Number, Number]:
    u, x = mpf(beta) * abs(e), abs(e)
    if not u:
        return mpf(0), mpf(0)
    t = -mp.expm1(-u) / (1 + mp.exp(-u))
    steeper = -2 * u * mp.exp(-u) / mp.expm1(-2 * u)
    return x * t ** mpf(gamma), mp.sign(e) * t ** mpf(gamma) * (1 + mpf(gamma) * steeper)


def generalized_charbonnier(e: Number, a: float = 0.45, epsilon: float = 1e-3) -> tuple[Number, Number]:
    root, power = mp.hypot(e, mpf(epsilon)), 2 * mpf(a)
    return root**power, power * root ** (power - 1) * e / root


TERMS["andrews_wave"] = error(andrews_wave)
TERMS["truncated_squared_error"] = truncated_squared_error
TERMS["hampel"] = error(hampel)
TERMS["arctangent_error"] = error(
    lambda e, c=1.0: (mpf(c) ** 2 / 2 * mp.atan((e / mpf(c)) ** 2), e / (1 + (e / mpf(c)) ** 4))
)
TERMS["linex"] = error(linex)
TERMS["balanced_l1"] = error(balanced_l1)
TERMS["focal_regression"] = error(focal_regression)
TERMS["generalized_charbonnier"] = error(generalized_charbonnier)


def general_robust(e: Number, alpha: float = 1.0, c: float = 1.0) -> tuple[Number, Number]:
    x, a = e / mpf(c), mpf(alpha)
    if a == 2:
        return x * x / 2, x / mpf(c)
    b = 2 - a
    log = mp.log1p(x * x / b)
    return (log if a == 0 else b / a * mp.expm1(a / 2 * log)), x / mpf(c) * mp.exp((a / 2 - 1) * log)


def geman_mc_clure(e: Number, c: float = 1.0) -> tuple[Number, Number]:
    spread = 1 + (e / mpf(c)) ** 2
    return e * e / 2 / spread, e / spread**2


TERMS["general_robust"] = error(general_robust)
TERMS["geman_mc_clure"] = error(geman_mc_clure)


@entrywise
def adaptive_wing(
    y: Number, p: Number, edge: Float, omega: float = 14.0, epsilon: float = 1.0, theta: float = 0.5, alpha: float = 2.1
) -> tuple[Sum, Sum]:
    w, s, a, e = mpf(omega), mpf(epsilon), mpf(alpha) - y, abs(p - y)
    near = min(e, mpf(theta))
    ratio = (near / s) ** a
    steep = w * a * ratio / (1 + ratio) / near if near else mpf(0)
    return exactly(w * mp.log1p(ratio), steep * (e - near)), exactly(mp.sign(p - y) * steep)


TERMS["adaptive_wing"] = adaptive_wing


def root_mean_squared_error(y: list[Number], p: list[Number], edge: Float) -> Row:
    errors = [b - a for a, b in zip(y, p, strict=True)]
    root = mp.sqrt(mp.fsum(e * e for e in errors) / len(errors))
    if root == 0:
        edge_slope = 1 / mp.sqrt(len(errors))
        return ZERO, [between(-edge_slope, edge_slope)] * len(errors)
    return exactly(root), [exactly(e / len(errors) / root) for e in errors]


TERMS["root_mean_squared_error"] = root_mean_squared_error


@entrywise
def absolute_percentage(y: Number, p: Number, edge: Float, epsilon: float = 1e-7) -> tuple[Sum, Sum]:
    value, slope = absolute(p - y)
    size = 100 / max(abs(y), mpf(epsilon))
    return exactly(value * size), (slope if isinstance(slope, Sum) else exactly(slope)).times(size)


@entrywise
def squared_logarithmic(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    """Below 0 a prediction is read as 0, with the slope at 0: a stated rule, not a derivative."""
    y, q = max(y, mpf(0)), max(p, mpf(0))
    a, b = mp.log1p(q), mp.log1p(y)
    gap = a - b
    kind = Kind.BOUNDARY if p < 0 else Kind.FINITE
    return exactly(a * gap, -b * gap), exactly(2 * a / (1 + q), -2 * b / (1 + q), kind=kind)


@entrywise
def log_lin_quantile(y: Number, p: Number, edge: Float, q: float = 0.5) -> tuple[Sum, Sum]:
    rate, low, high = mp.exp(p), -mpf(q), 1 - mpf(q)
    if rate == y:
        return ZERO, between(low * rate, high * rate)
    share = high if rate > y else low
    return exactly(share * rate, -share * y), exactly(share * rate)


TERMS["log_lin_quantile"] = log_lin_quantile
TERMS["mean_absolute_percentage_error"] = absolute_percentage
TERMS["mean_squared_logarithmic_error"] = squared_logarithmic


def cosine_similarity(y: list[Number], p: list[Number], edge: Float, axis: int = -1) -> Row:
    a, b = (mp.sqrt(mp.fsum(x * x for x in v)) for v in (y, p))
    if a == 0 or b == 0:  # no direction: 0 by the stated rule
        nothing = exactly(mpf(0), kind=Kind.UNDEFINED)
        return nothing, [nothing] * len(p)
    u, v = [x / a for x in y], [x / b for x in p]
    products = [s * t for s, t in zip(u, v, strict=True)]
    parts = [mp.fsum(d for d in products if (d > 0) == up) for up in (True, False)]  # thousands of terms by their sign
    slopes = [exactly(-u[i] / b, *(part * v[i] / b for part in parts)) for i in range(len(p))]
    return exactly(*(-d for d in products)), slopes


def cosine_distance(y: list[Number], p: list[Number], edge: Float, axis: int = -1) -> Row:
    value, slopes = cosine_similarity(y, p, edge, axis)
    return exactly(mpf(1), *value.terms, kind=value.kind), slopes


TERMS["cosine_similarity"] = cosine_similarity
TERMS["cosine_distance"] = cosine_distance


# -- quantities predicted along one more axis -----------------------------------------------------------------------


def multi_quantile(
    y: list[Number], p: list[Number], edge: Float, q: tuple[float, ...] = (0.1, 0.5, 0.9), crossing: float = 0.0
) -> Row:
    pairs = [quantile(part - y[0], level) for part, level in zip(p, q, strict=True)]
    share = 1 / mpf(len(pairs))
    slopes = [(s if isinstance(s, Sum) else exactly(s)).times(share) for _, s in pairs]
    terms, price = [v * share for v, _ in pairs], mpf(crossing) * share
    for i in range(len(p) - 1 if crossing else 0):
        over = p[i] - p[i + 1]
        terms.append(price * max(over, mpf(0)))
        for k, sign in ((i, 1), (i + 1, -1)):
            bend = between(*sorted((mpf(0), sign * price))) if over == 0 else exactly(sign * price * (over > 0))
            slopes[k] = total([slopes[k], bend])
    return exactly(*terms), slopes


def gaussian_nll(y: list[Number], p: list[Number], edge: Float, spread: str = "log_variance", full: bool = True) -> Row:
    (mu, s), kind = p, Kind.FINITE
    constant = [mp.log(2 * mp.pi) / 2] if full else []
    gap = y[0] - mu
    if spread == "log_variance":
        part = gap * gap * mp.exp(-s) / 2
        value = exactly(s / 2, part, *constant)
        return value, [exactly(-gap * mp.exp(-s)), exactly(mpf(1) / 2, -part)]
    if s == 0:  # a stated rule: the spread that the distance makes plausible
        std, kind = min(max(mpf(2) ** -30, abs(gap) * mpf(2) ** -20), mpf(2) ** 62), Kind.BOUNDARY
        s = std * std if spread == "variance" else std
    variance = s if spread == "variance" else s * s
    power = 1 if spread == "variance" else 2  # d log(variance) / d spread = power / spread
    part = gap * gap / variance / 2
    value = exactly(mp.log(variance) / 2, part, *constant, kind=kind)
    slopes = [exactly(-gap / variance, kind=kind), exactly(power / s / 2, -power * part / s, kind=kind)]
    return value, slopes


def logarithm(p: Number, edge: Float) -> tuple[Number, Number, Kind]:
    """log p and its slope; of an exact 0 by the stated rule."""
    if p == 0:
        return mp.log(edge.tiniest), edge.steepest, Kind.BOUNDARY
    return mp.log(p), 1 / p, Kind.FINITE


TERMS["multi_quantile"] = multi_quantile


@entrywise
def symmetric_percentage(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    whole = abs(y) + abs(p)
    if not whole:
        return exactly(mpf(0), kind=Kind.UNDEFINED), exactly(mpf(0), kind=Kind.UNDEFINED)
    steep = 4 * abs(y) / whole**2
    slope = exactly(mp.sign(p - y) * steep) if p * y > 0 else ZERO
    if p == y:
        slope = between(-steep, steep)
    elif not p:
        slope = between(min(-mp.sign(y) * steep, 0), max(-mp.sign(y) * steep, 0))
    return exactly(2 * abs(p - y) / whole), slope


TERMS["symmetric_mean_absolute_percentage_error"] = symmetric_percentage


@entrywise
def arctangent_percentage(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    e = p - y
    if not y and not p:
        return exactly(mpf(0), kind=Kind.UNDEFINED), exactly(mpf(0), kind=Kind.UNDEFINED)
    slope = exactly(mp.sign(e) * abs(y) / (y * y + e * e)) if e else between(-1 / abs(y), 1 / abs(y))
    return exactly(mp.atan2(abs(e), abs(y))), slope


def scale_invariant(y: list[Number], p: list[Number], edge: Float, lam: float = 0.5) -> Row:
    kind = Kind.FINITE if all(y) and all(p) else Kind.BOUNDARY
    p = [max(b, edge.least) for b in p]
    d = [mp.log(b / max(a, edge.least)) for a, b in zip(y, p, strict=True)]
    n, level = len(d), mp.fsum(d) / len(d)
    value = exactly(*((v - level) ** 2 / n for v in d), (1 - mpf(lam)) * level**2, kind=kind)
    forgiven = [-2 * mpf(lam) * mp.fsum(v for v in d if (v > 0) == up) / n / n for up in (True, False)]
    return value, [exactly(2 * v / n / b, *(f / b for f in forgiven), kind=kind) for v, b in zip(d, p, strict=True)]


def gaussian_crps(y: list[Number], p: list[Number], edge: Float, spread: str = "log_variance") -> Row:
    (t,), (mu, s) = y, p
    sigma = mp.exp(s / 2) if spread == "log_variance" else max(s, edge.least)
    gap, kind = t - mu, Kind.UNDEFINED if not s and t == mu and spread == "std" else Kind.FINITE
    z = gap / sigma
    erf, density, less = mp.erf(z / mp.sqrt(2)), mp.sqrt(2 / mp.pi) * mp.exp(-z * z / 2), -1 / mp.sqrt(mp.pi)
    chain = sigma / 2 if spread == "log_variance" else mpf(1)
    value = exactly(gap * erf, sigma * density, sigma * less, kind=kind)
    return value, [exactly(-erf, kind=kind), exactly(chain * density, chain * less, kind=kind)]


TERMS["mean_arctangent_absolute_percentage_error"] = arctangent_percentage
TERMS["scale_invariant_logarithmic_error"] = scale_invariant
TERMS["gaussian_crps"] = gaussian_crps


def interval_score(y: list[Number], p: list[Number], edge: Float, alpha: float = 0.1) -> Row:
    (t,), (low, high), k = y, p, 2 / mpf(alpha)
    value = exactly(high - low, k * max(low - t, mpf(0)), k * max(t - high, mpf(0)))
    by_low = between(-1, k - 1) if low == t else exactly(mpf(-1), k if low > t else mpf(0))
    by_high = between(1 - k, 1) if high == t else exactly(mpf(1), -k if high < t else mpf(0))
    return value, [by_low, by_high]


def ensemble_crps(y: list[Number], p: list[Number], edge: Float, members: int = 10, fair: bool = False) -> Row:
    (t,), m, ranked = y, len(p), sorted(p)
    pairs = mpf(m) * (m - 1 if fair else m)
    apart = [-k * (m - k) / pairs * (ranked[k] - ranked[k - 1]) for k in range(1, m)]
    slopes = []
    for x in p:
        less, ties = mp.fsum(mp.sign(x - other) for other in p) / pairs, (p.count(x) - 1) / pairs
        own = corner(x - t, mpf(1) / m)
        own = own if isinstance(own, Sum) else exactly(own)
        slopes.append(total([own, between(-less - ties, -less + ties) if ties else exactly(-less)]))
    return exactly(*(abs(x - t) / m for x in p), *apart), slopes


def beta_nll(y: list[Number], p: list[Number], edge: Float, spread: str = "log_variance", full: bool = True,
             beta: float = 0.5) -> Row:  # fmt: skip
    value, slopes = gaussian_nll(y, p, edge, spread, full)
    std = min(max(mpf(2) ** -30, abs(y[0] - p[0]) * mpf(2) ** -20), mpf(2) ** 62)  # what a spread of 0 is read as
    line = (
        p[1]
        if spread == "log_variance"
        else 2 * mp.log(std)
        if p[1] == 0
        else mp.log(p[1]) * (2 if spread == "std" else 1)
    )
    weight = mp.exp(mpf(beta) * line)
    return value.times(weight), [slope.times(weight) for slope in slopes]


TERMS["beta_nll"] = beta_nll


def fixed_gaussian_nll(y: Number, p: Number, edge: Float, std: float = 1.0) -> tuple[Sum, Sum]:
    e, s = p - y, mpf(std)
    return exactly((e / s) ** 2 / 2, mp.log(s), mp.log(2 * mp.pi) / 2), exactly(e / s**2)


TERMS["fixed_gaussian_nll"] = entrywise(fixed_gaussian_nll)
TERMS["interval_score"] = interval_score
TERMS["ensemble_crps"] = ensemble_crps
TERMS["gaussian_nll"] = gaussian_nll


@entrywise
def poisson(y: Number, p: Number, edge: Float, log_rate: bool = False) -> tuple[Sum, Sum]:
    if log_rate:
        return exactly(mp.exp(p), -y * p), exactly(mp.exp(p), -y)
    if y == 0:
        return exactly(p), exactly(mpf(1))
    log, slope, kind = logarithm(p, edge)
    return exactly(p, -y * log, kind=kind), exactly(mpf(1), -y * slope, kind=kind)


TERMS["poisson"] = poisson


@entrywise
def poisson_deviance(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    if y == 0:
        return exactly(2 * p), exactly(mpf(2))
    log, slope, kind = logarithm(p, edge)
    return exactly(2 * (y * (mp.log(y) - log) - y + p), kind=kind), exactly(2 * (p - y) * slope, kind=kind)


def positive(of: Callable[[Number, Number], tuple[Number, Number]]) -> Callable[..., Row]:
    """A loss of positive numbers; an exact 0 is read as the smallest number with all its digits."""

    def entry(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
        kind = Kind.FINITE if y and p else Kind.BOUNDARY
        value, slope = of(max(y, edge.least), max(p, edge.least))
        return exactly(value, kind=kind), exactly(slope, kind=kind)

    return entrywise(entry)


def pairwise_squared(y: list[Number], p: list[Number], edge: Float) -> Row:
    """The mean over pairs is 2 / (n - 1) times the sum of the squared distances from the mean error."""
    n, share = len(y), 1 / mpf(max(len(y) - 1, 1))
    mean = mp.fsum([*p, *(-t for t in y)]) / n
    parts, slopes = [], []
    for t, q in zip(y, p, strict=True):
        apart = q - t - mean
        parts += [2 * share * apart * part for part in (q, -t)]
        slopes.append(exactly(*(4 * share * part for part in (q, -t, -mean))))
    return exactly(*parts), slopes


TERMS["mean_pairwise_squared_error"] = pairwise_squared
TERMS["poisson_deviance"] = poisson_deviance
TERMS["gamma_deviance"] = positive(lambda y, p: (2 * (y / p - 1 - mp.log(y / p)), 2 * (p - y) / p**2))
TERMS["inverse_gaussian_deviance"] = positive(lambda y, p: ((y - p) ** 2 / (y * p**2), 2 * (p - y) / p**3))


@entrywise
def tweedie_deviance(y: Number, p: Number, edge: Float, power: float = 1.5) -> tuple[Sum, Sum]:
    k, kind, p = mpf(power), Kind.FINITE if p else Kind.BOUNDARY, max(p, edge.least)
    parts = y ** (2 - k) / ((1 - k) * (2 - k)), -y * p ** (1 - k) / (1 - k), p ** (2 - k) / (2 - k)
    return exactly(*(2 * part for part in parts), kind=kind), exactly(2 * (p - y) / p**k, kind=kind)


@entrywise
def tweedie(y: Number, p: Number, edge: Float, power: float = 1.5, log_rate: bool = False) -> tuple[Sum, Sum]:
    k = mpf(power)
    if log_rate:
        level, inverse = mp.exp((2 - k) * p), y * mp.exp((1 - k) * p)
        return exactly(level / (2 - k), inverse / (k - 1)), exactly(level, -inverse)
    kind, p = Kind.FINITE if p else Kind.BOUNDARY, max(p, edge.least)
    parts = p ** (2 - k) / (2 - k), y * p ** (1 - k) / (k - 1)
    return exactly(*parts, kind=kind), exactly((p - y) / p**k, kind=kind)


TERMS["tweedie_deviance"] = tweedie_deviance
TERMS["tweedie"] = tweedie


# -- margins --------------------------------------------------------------------------------------------------------


@entrywise
def hinge(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    sign = y or mpf(-1)
    short = 1 - sign * p
    if short == 0:
        return ZERO, between(min(-sign, 0), max(-sign, 0))
    return (exactly(short), exactly(-sign)) if short > 0 else (ZERO, ZERO)


@entrywise
def squared_hinge(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    sign = y or mpf(-1)
    short = max(1 - sign * p, mpf(0))
    return exactly(short * short), exactly(-2 * sign * short)


def categorical_hinge(y: list[Number], p: list[Number], edge: Float) -> Row:
    true = y.index(1)
    best = max(v for c, v in enumerate(p) if c != true)
    rivals = [c for c, v in enumerate(p) if c != true and v == best]
    short = 1 + (best - p[true])
    slopes = [ZERO] * len(p)
    if short < 0:
        return ZERO, slopes
    slopes[true] = exactly(mpf(-1)) if short else between(-1, 0)
    for c in rivals:
        slopes[c] = exactly(mpf(1)) if short and len(rivals) == 1 else between(0, 1)
    return (exactly(mpf(1), best - p[true]) if short else ZERO), slopes


TERMS["hinge"] = hinge
TERMS["squared_hinge"] = squared_hinge
TERMS["categorical_hinge"] = categorical_hinge


# -- overlaps -------------------------------------------------------------------------------------------------------


def sigmoid(z: Number) -> tuple[Number, Number]:
    """Probability and counter-probability of a logit."""
    small = mp.exp(-abs(z))
    high, low = 1 / (1 + small), small / (1 + small)
    return (high, low) if z > 0 else (low, high)


def overlap(weights: Callable[..., tuple[Number, Number, Number]], outer: Callable[..., Any] | None = None) -> None:
    """r = 1 - (hit + s) / (hit + a FP + b FN + s), hit = h TP, with (h, a, b) from the parameters; or `outer` of r,
    missed and hit, which gives a value, its slope by r, and whether that is infinite at 0."""
    name = weights.__name__

    def counted(y: list[Number], p: list[Number], edge: Float, **options: Any) -> Row:
        h, a, b = (mpf(w) for w in weights(**options))
        smooth = mpf(options.get("smooth", 1 if name == "log_dice" else 0))
        logits = options.get("from_logits", False)
        yes_no = [sigmoid(z) if logits else (z, 1 - z) for z in p]
        hit = h * mp.fsum(t * yes for t, (yes, _) in zip(y, yes_no, strict=True)) + smooth
        missed = mp.fsum(a * (1 - t) * yes + b * t * no for t, (yes, no) in zip(y, yes_no, strict=True))
        whole = hit + missed
        if whole == 0:  # two empty masks fit perfectly, by the stated rule
            nothing = exactly(mpf(0), kind=Kind.UNDEFINED)
            return nothing, [nothing] * len(p)
        kind = Kind.FINITE if whole >= len(y) * edge.least else Kind.UNDEFINED  # masks too faint for the type are empty
        value, factor = missed / whole, mpf(1)
        if outer is not None:
            value, factor, steep = outer(value, missed, hit, **options)
            kind = Kind.UNDEFINED if steep and missed < len(y) * edge.least else kind  # a miss too faint is none
        slopes = []
        for t, (yes, no) in zip(y, yes_no, strict=True):
            inner = factor * (yes * no if logits else mpf(1))
            parts = (-h * t / whole, hit * h * t / whole**2, hit * a * (1 - t) / whole**2, -hit * b * t / whole**2)
            slopes.append(exactly(*(part * inner for part in parts), kind=kind))
        return exactly(value, kind=kind), slopes

    enter(name, counted)


def enter(name: str, row: Callable[..., Row]) -> None:
    """A row, or all rows as one, of the entries that are not ignored."""

    def seen(y: list[Number], p: list[Number], edge: Float, ignore_class: int | None = None, **options: Any) -> Row:
        there = [k for k, t in enumerate(y) if ignore_class is None or t != ignore_class]
        if not there:
            return ZERO, [ZERO] * len(p)
        value, slopes = row([y[k] for k in there], [p[k] for k in there], edge, **options)
        found = dict(zip(there, slopes, strict=True))
        return value, [found.get(k, ZERO) for k in range(len(p))]

    TERMS[name], COUPLED[name] = seen, over_the_batch(seen)


def over_the_batch(row: Callable[..., Row]) -> Callable[..., tuple[list[Sum], list[list[Sum]]]]:
    """One value for all rows: the counts run over the whole batch."""

    def batch(y: list[list[Number]], p: list[list[Number]], edge: Float, **parameters: Any):
        value, slopes = row([t for r in y for t in r], [q for r in p for q in r], edge, **parameters)
        width = len(p[0])
        return [value], [slopes[k : k + width] for k in range(0, len(slopes), width)]

    return batch


def concordance_correlation(y: list[list[Number]], p: list[list[Number]], edge: Float):
    """One value for each column: the sum of squared errors as a share of what it would be without correlation. A mean
    is rounded by its own size, which may be larger than its distance to the other one."""
    n, width = len(y), len(y[0])
    values, slopes = [], [[ZERO] * width for _ in range(n)]
    for k in range(width):
        t, q = [row[k] for row in y], [row[k] for row in p]
        my, mq = mp.fsum(t) / n, mp.fsum(q) / n
        spread = mp.fsum((a - my) ** 2 for a in t) + mp.fsum((b - mq) ** 2 for b in q) + n * (my - mq) ** 2
        value = mp.fsum((b - a) ** 2 for a, b in zip(t, q, strict=True)) / spread
        rounding = 2 * n * abs(my - mq) * (abs(my) + abs(mq)) / spread * value
        values.append(exactly(value, rounding, -rounding))
        for i in range(n):
            parts = (q[i], -t[i], -value * q[i], value * my, rounding * q[i], -rounding * q[i])
            slopes[i][k] = exactly(*(2 * part / spread for part in parts))
    return values, slopes


COUPLED["concordance_correlation"] = concordance_correlation


def columnwise(of: Callable[..., Row]) -> Callable[..., tuple[list[Sum], list[list[Sum]]]]:
    """One value for each column; `of(y, p)` gives it, and its slope by each entry of the column."""

    def batch(y: list[list[Number]], p: list[list[Number]], edge: Float):
        found = [of(list(t), list(q)) for t, q in zip(zip(*y, strict=True), zip(*p, strict=True), strict=True)]
        return [value for value, _ in found], [list(row) for row in zip(*(slopes for _, slopes in found), strict=True)]

    return batch


def pearson_correlation(y: list[Number], p: list[Number]) -> Row:
    my, mq = mp.fsum(y) / len(y), mp.fsum(p) / len(p)
    syy, sqq = mp.fsum((a - my) ** 2 for a in y), mp.fsum((b - mq) ** 2 for b in p)
    size = mp.sqrt(syy * sqq)
    r = mp.fsum((a - my) * (b - mq) for a, b in zip(y, p, strict=True)) / size
    slopes = [exactly(-a / size, my / size, r * b / sqq, -r * mq / sqq) for a, b in zip(y, p, strict=True)]
    return exactly(mpf(1), -r), slopes


def weighted_percentage(y: list[Number], p: list[Number]) -> Row:
    size, errors = mp.fsum(map(abs, y)), [b - a for a, b in zip(y, p, strict=True)]
    slopes = [exactly(mp.sign(e) / size) if e else between(-1 / size, 1 / size) for e in errors]
    return exactly(mp.fsum(map(abs, errors)) / size), slopes


def normalized_squares(y: list[Number], p: list[Number]) -> Row:
    my, errors = mp.fsum(y) / len(y), [b - a for a, b in zip(y, p, strict=True)]
    spread = mp.fsum((a - my) ** 2 for a in y)
    return exactly(mp.fsum(e * e for e in errors) / spread), [exactly(2 * e / spread) for e in errors]


def column_root(y: list[Number], p: list[Number]) -> Row:
    errors = [b - a for a, b in zip(y, p, strict=True)]
    root = mp.sqrt(mp.fsum(e * e for e in errors) / len(errors))
    if root == 0:
        edge_slope = 1 / mp.sqrt(len(errors))
        return ZERO, [between(-edge_slope, edge_slope)] * len(errors)
    return exactly(root), [exactly(e / root / len(errors)) for e in errors]


COUPLED["column_root_mean_squared_error"] = columnwise(column_root)
COUPLED["pearson_correlation"] = columnwise(pearson_correlation)
COUPLED["weighted_mean_absolute_percentage_error"] = columnwise(weighted_percentage)
COUPLED["normalized_mean_squared_error"] = columnwise(normalized_squares)


@overlap
def dice(**options: Any) -> tuple[Number, Number, Number]:
    return 2, 1, 1


@overlap
def tversky(alpha: float = 0.5, beta: float = 0.5, **options: Any) -> tuple[Number, Number, Number]:
    return 1, alpha, beta


@overlap
def jaccard(**options: Any) -> tuple[Number, Number, Number]:
    return 1, 1, 1


def log_dice(**options: Any) -> tuple[Number, Number, Number]:
    return 2, 1, 1


def log_cosh_dice(**options: Any) -> tuple[Number, Number, Number]:
    return 2, 1, 1


def focal_tversky(alpha: float = 0.3, beta: float = 0.7, **options: Any) -> tuple[Number, Number, Number]:
    return 1, alpha, beta


def to_a_power(r: Number, missed: Number, hit: Number, gamma: float = 0.75, **options: Any) -> tuple[Any, ...]:
    """A root is infinitely steep at 0."""
    steep = gamma < 1
    return r ** mpf(gamma), mpf(gamma) * r ** (mpf(gamma) - 1) if r or not steep else mpf(0), steep


overlap(log_dice, lambda r, missed, hit, **options: (mp.log1p(missed / hit), (hit + missed) / hit, False))
overlap(log_cosh_dice, lambda r, missed, hit, **options: (log_cosh(r), mp.tanh(r), False))
overlap(focal_tversky, to_a_power)


def squared_dice(y: list[Number], p: list[Number], edge: Float, **options: Any) -> Row:
    smooth, logits = mpf(options.get("smooth", 0)), options.get("from_logits", False)
    yes_no = [sigmoid(z) if logits else (z, 1 - z) for z in p]
    apart = [(t * no, (1 - t) * yes) for t, (yes, no) in zip(y, yes_no, strict=True)]  # whose difference is y - p
    squares = [part for a, b in apart for part in (a * a, -2 * a * b, b * b)]
    missed = mp.fsum(squares)
    whole = mp.fsum(t * t + yes * yes for t, (yes, _) in zip(y, yes_no, strict=True)) + smooth
    kind = Kind.FINITE if whole >= len(y) * edge.least else Kind.UNDEFINED  # masks too faint for the type are empty
    if whole == 0:
        return exactly(mpf(0), kind=kind), [exactly(mpf(0), kind=kind)] * len(p)
    slopes = []
    for t, (yes, no) in zip(y, yes_no, strict=True):
        inner = 2 * (yes * no if logits else mpf(1)) / whole
        parts = (-t * no, (1 - t) * yes, -missed / whole * yes)
        slopes.append(exactly(*(part * inner for part in parts), kind=kind))
    return exactly(*(part / whole for part in squares), kind=kind), slopes


def generalized_dice(y: list[list[Number]], p: list[list[Number]], edge: Float, **options: Any):
    """One value for all rows, with a class in each column."""
    logits, width, ignored = options.get("from_logits", False), len(y[0]), options.get("ignore_class")
    yes_no = [[sigmoid(z) if logits else (z, 1 - z) for z in row] for row in p]
    if ignored is not None:  # an entry that is neither yes nor no counts nowhere
        nowhere = mpf(0), mpf(0)
        yes_no = [[nowhere if t == ignored else both for t, both in zip(*rows, strict=True)]
                  for rows in zip(y, yes_no, strict=True)]  # fmt: skip
        y = [[mpf(0) if t == ignored else t for t in row] for row in y]
    sizes = [mp.fsum(row[c] for row in y) for c in range(width)]
    smallest = min((size for size in sizes if size), default=mpf(1))
    weights = [(smallest / size) ** 2 if size else mpf(1) for size in sizes]
    places = [(i, c) for i in range(len(y)) for c in range(width)]
    hit = mp.fsum(2 * weights[c] * y[i][c] * yes_no[i][c][0] for i, c in places)
    missed = mp.fsum(weights[c] * ((1 - y[i][c]) * yes_no[i][c][0] + y[i][c] * yes_no[i][c][1]) for i, c in places)
    whole = hit + missed
    kind = Kind.FINITE if whole >= len(places) * edge.least else Kind.UNDEFINED
    if whole == 0:
        nothing = exactly(mpf(0), kind=kind)
        return [nothing], [[nothing] * width for _ in y]
    slopes = [[ZERO] * width for _ in y]
    for i, c in places:
        (yes, no), t = yes_no[i][c], y[i][c]
        inner = weights[c] * (yes * no if logits else mpf(1)) / whole
        parts = (-2 * t, hit / whole * 2 * t, hit / whole * (1 - t), -hit / whole * t)
        slopes[i][c] = exactly(*(part * inner for part in parts), kind=kind)
    return [exactly(missed / whole, kind=kind)], slopes


def of_one_row(batch: Callable[..., Any]) -> Callable[..., Row]:
    def row(y: list[Number], p: list[Number], edge: Float, **options: Any) -> Row:
        (value,), (slopes,) = batch([y], [p], edge, **options)
        return value, slopes

    return row


def mcc(y: list[Number], p: list[Number], edge: Float, smooth: float = 1e-5, **options: Any) -> Row:
    yes_no = [sigmoid(z) if options.get("from_logits") else (z, 1 - z) for z in p]
    pairs = list(zip(y, yes_no, strict=True))
    tp, fp = (mp.fsum(w * yes for w, yes in ws) + mpf(smooth) for ws in (
        [(t, yes) for t, (yes, _) in pairs], [(1 - t, yes) for t, (yes, _) in pairs]))  # fmt: skip
    fn, tn = (mp.fsum(w * no for w, no in ws) + mpf(smooth) for ws in (
        [(t, no) for t, (_, no) in pairs], [(1 - t, no) for t, (_, no) in pairs]))  # fmt: skip
    yes, no, own, rest = tp + fp, tn + fn, tp + fn, tn + fp
    if min(yes, no, own, rest) < len(y) * edge.least:  # an empty mask has no correlation
        return exactly(mpf(1), kind=Kind.UNDEFINED), [exactly(mpf(0), kind=Kind.UNDEFINED)] * len(p)
    root = mp.sqrt(yes * no * own * rest)
    right, wrong = tp * tn / root, fp * fn / root
    slopes = []
    for t, (a, b) in pairs:
        inner = a * b if options.get("from_logits") else mpf(1)
        parts = (-t * tn / root, -t * fp / root, (1 - t) * tp / root, (1 - t) * fn / root,
                 right / yes / 2, -wrong / yes / 2, -right / no / 2, wrong / no / 2)  # fmt: skip
        kind = Kind.FINITE if inner >= edge.least else Kind.UNDEFINED  # a probability too faint for the type is none
        slopes.append(exactly(*(part * inner for part in parts), kind=kind))
    return exactly(mpf(1), -right, wrong), slopes


enter("squared_dice", squared_dice)
enter("mcc", mcc)
TERMS["generalized_dice"], COUPLED["generalized_dice"] = of_one_row(generalized_dice), generalized_dice


def lovasz_hinge(y: list[Number], p: list[Number], edge: Float) -> Row:
    """Pixels of one margin may be taken in any order: their slopes lie between those of the first and the last."""
    margins = [z if t > 0 else -z for t, z in zip(y, p, strict=True)]
    found, value, slopes = sum(t > 0 for t in y), [mpf(0)], [ZERO] * len(y)
    left, union = found, found
    for m in sorted(set(margins)):
        alike = [k for k, other in enumerate(margins) if other == m]
        yes = sum(y[k] > 0 for k in alike)
        no = len(alike) - yes
        after = (left - yes) / mpf(union + no)
        gain = (left / mpf(union) if union else mpf(1)) - after
        if m < 1:
            value += [gain, -m * gain]
        for k in alike if m <= 1 else ():
            if y[k] > 0:
                low, high = 1 / mpf(union + no), 1 / mpf(union)
            elif union == 0:
                low, high = mpf(0) if no > 1 else mpf(1), mpf(1)
            else:
                low = (left - yes) / mpf(union + no) / (union + no - 1)
                high = left / mpf(union) / (union + 1)
            if m == 1:
                low = mpf(0)
            ends = (-high, -low) if y[k] > 0 else (low, high)
            slopes[k] = exactly(ends[0]) if ends[0] == ends[1] else between(*ends)
        left, union = left - yes, union + no
    return exactly(*value), slopes


TERMS["lovasz_hinge"] = lovasz_hinge


def lovasz_softmax(y: Number, p: list[Number], edge: Float, from_logits: bool = False, classes: str = "present") -> Row:
    """A row of one pixel."""
    true = int(y)
    if from_logits:
        top = max(p)
        e = [mp.exp(z - top) for z in p]
        shares = [v / mp.fsum(e) for v in e]
        rests = [mp.fsum(v for k, v in enumerate(e) if k != c) / mp.fsum(e) for c in range(len(e))]
    else:
        shares, rests = p, [1 - v for v in p]
    counted = [true] if classes == "present" else list(range(len(p)))
    errors = {c: rests[c] if c == true else shares[c] for c in counted}
    by_share = [mpf(0) if c not in errors else mpf(-1 if c == true else 1) / len(counted) for c in range(len(p))]
    value = exactly(*(error / len(counted) for error in errors.values()))
    if not from_logits:
        return value, [exactly(slope) for slope in by_share]
    return value, [
        exactly(*(
            by_share[c] * (shares[c] * rests[c] if c == k else -shares[c] * shares[k]) for c in range(len(p))
        ))
        for k in range(len(p))
    ]  # fmt: skip


TERMS["lovasz_softmax"] = lovasz_softmax


# -- distributions --------------------------------------------------------------------------------------------------


def kl_divergence(y: list[Number], p: list[Number], edge: Float) -> Row:
    parts, slopes = [ZERO], []
    for t, q in zip(y, p, strict=True):
        if t == 0:
            slopes.append(ZERO)
            continue
        log, slope, kind = logarithm(q, edge)
        parts.append(exactly(t * mp.log(t), -t * log, kind=kind))
        slopes.append(exactly(-t * slope, kind=kind))
    return total(parts), slopes


TERMS["kl_divergence"] = kl_divergence
