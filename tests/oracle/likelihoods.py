"""Likelihoods: densities from their textbook definitions, with slopes by differences in 100 digits.

A density is a sum of products of factors, functions of the target and the parameters. The terms of a value are these
products; those of a slope are what the product rule makes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mpmath.calculus.quadrature import GaussLegendre

from tests.oracle.formulas import ORACLE, numbers
from tests.oracle.sums import Float, Kind, exactly, mp, mpf, total
from tests.oracle.terms import TERMS

Number = Any
Terms = list[Any]  # numbers, or tuples of factors
STEP = mpf(10) ** -40
LINKS = {"exp": mp.exp, "softplus": lambda z: mp.log1p(mp.exp(z))}


def lgamma(x: Number) -> Number:
    return mp.loggamma(x).real


def log_choose(n: Number, k: Number) -> Number:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def normal_cdf(x: Number) -> Number:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def density(
    kinds: str, kink: bool = False, vector: bool = False, within_ends: tuple[int, float, float] | None = None
) -> Callable[[Callable[..., tuple[Terms, Terms]]], None]:
    """Register a loss: `of(y, *parameters, **options)` gives the terms with parameters, and those without.

    `kinds` has one letter for each output: r(eal), p(ositive), s(hare). At a `kink` the target is the first output. A
    `vector` has one output of one kind for each entry: both are passed as lists. `within_ends` are a place of a
    parameter, and the smallest and the largest number that it is read as: beyond, the slope is that there.
    """

    def wrap(of: Callable[..., tuple[Terms, Terms]]) -> None:
        name = of.__name__

        def parameters(outputs: list[Number], link: str) -> list[Number]:
            made = {"r": lambda z: z, "p": LINKS[link], "s": lambda z: 1 / (1 + mp.exp(-z))}
            each = "".join(kind * (len(outputs) // len(kinds)) for kind in kinds)
            return [made[kind](z) for kind, z in zip(each, outputs, strict=True)]

        def over(outputs: list[Number], link: str) -> Number:
            """By how much a parameter is beyond what it is read as."""
            if within_ends is None:
                return 0
            place, low, high = within_ends
            given = parameters(outputs, link)[place]
            return given - min(max(given, mpf(low)), mpf(high))

        def read_as_another(place: int, outputs: list[Number], link: str = "exp", **options: Any) -> bool:
            """Whether the slope by this output is that of the number that it is read as, where the value stays."""
            return within_ends is not None and place == within_ends[0] and over(outputs, link) != 0

        def factors(
            y: list[Number], outputs: list[Number], link: str, options: dict[str, Any], less: Number = 0
        ) -> tuple[Terms, Terms]:
            made = parameters(outputs, link)
            if less:
                made[within_ends[0]] -= less
            moving, fixed = of(y, made, **options) if vector else of(y[0], *made, **options)
            return [term if isinstance(term, tuple) else (term,) for term in moving], fixed

        def row(y: list[Number], p: list[Number], edge: Float, link: str = "exp", full: bool = True, **options: Any):
            if options.get("censored"):
                return ends(y, p, edge, link, full, **options)
            less = over(p, link)
            moving, fixed = factors(y, p, link, options, less)
            value = exactly(*(mp.fprod(term) for term in moving), *(fixed if full else []))
            slopes = []
            for place in range(len(p)):
                sides = [[*p[:place], p[place] + sign * STEP, *p[place + 1 :]] for sign in (1, -1)]
                up, down = (factors(y, side, link, options, less)[0] for side in sides)
                terms = [
                    mp.fprod([*term[:k], *term[k + 1 :], (above[k] - below[k]) / (2 * STEP)])
                    for term, above, below in zip(moving, up, down, strict=True)
                    for k in range(len(term))
                ]
                jumps = kink and place == 0 and y[0] == p[0]
                slopes.append(exactly(mpf(0), kind=Kind.UNDEFINED) if jumps else exactly(*terms))
            return value, slopes

        def ends(y, p, edge, link, full, censored, above=None, below=None, **options):
            """Known targets by their density; less, where targets are seen between two numbers only, that chance."""
            chance = lambda low, high: within(CHANCES[name], low, high, p, lambda q: parameters(q, link), options)  # noqa: E731
            at = lambda end: CHANCES[name](end, *parameters(p, link), **options) if mp.isfinite(end) else NOTHING  # noqa: E731
            known = y[0] == y[1] or (mp.isfinite(y[1]) and at(y[0]) == at(y[1]))  # nothing can lie there
            value, slopes = row([y[1]], p, edge, link, full, **options) if known else chance(*y)
            if above is None and below is None:
                return value, slopes
            less, by = chance(
                *(mpf(sign * mp.inf) if end is None else mpf(end) for sign, end in ((-1, above), (1, below)))
            )
            return total([value, less.times(-1)]), [total([a, b.times(-1)]) for a, b in zip(slopes, by, strict=True)]

        def rows(y_true, y_pred, link="exp", full=True, **options):
            found = []
            for t, parts in zip(y_true, y_pred, strict=True):
                if options.get("censored"):
                    y, p = ([mpf(float(x)) for x in side] for side in (t, parts))
                    found.append(row(y, p, None, link, full, **options)[0].value())
                    continue
                y, outputs = ([mpf(x) for x in numbers(side)] for side in (t, parts))
                moving, fixed = factors(y, outputs, link, options, over(outputs, link))
                found.append(mp.fsum([*(mp.fprod(term) for term in moving), *(fixed if full else [])]))
            return found

        row.read_as_another = read_as_another  # type: ignore[attr-defined]
        TERMS[name], ORACLE[name] = row, rows

    return wrap


CHANCES: dict[str, Any] = {}  # of each loss: the logarithms of the probabilities of lying below, and above, a number
NOTHING = (mpf("-inf"), mpf(0))


def within(of, low, high, p, parameters, options):
    """Minus the log-probability of lying between two numbers: that beyond the nearer one, times the share of it."""

    def terms(q):
        (below_low, above_low), (below_high, above_high) = (
            of(y, *parameters(q), **options) if mp.isfinite(y) else NOTHING if y < 0 else NOTHING[::-1]
            for y in (low, high)
        )
        near, far = (above_low, above_high) if above_low < below_high else (below_high, below_low)
        return [-near, -mp.log(-mp.expm1(far - near)) if far - near > -1e5 else mpf(0)]

    slopes = []
    for place in range(len(p)):
        up, down = (terms([*p[:place], p[place] + sign * STEP, *p[place + 1 :]]) for sign in (1, -1))
        slopes.append(exactly(*((a - b) / (2 * STEP) for a, b in zip(up, down, strict=True))))
    return exactly(*terms(p)), slopes


def chances(of):
    """Register the probabilities of lying below, and above, a number."""
    CHANCES[of.__name__] = of


# -- any real number ------------------------------------------------------------------------------------------------


@density("rp")
def normal_nll(y, mean, std):
    return [mp.log(std), ((y - mean) / std) ** 2 / 2], [mp.log(2 * mp.pi) / 2]


@density("rp", kink=True)
def laplace_nll(y, loc, scale):
    return [mp.log(scale), (abs(y - loc), 1 / scale)], [mp.log(2)]


@density("rp", kink=True)
def asymmetric_laplace_nll(y, loc, scale, q=0.5):
    q = mpf(q)
    z = y - loc
    return [mp.log(scale), (q * z if z > 0 else (q - 1) * z, 1 / scale)], [-mp.log(q), -mp.log(1 - q)]


@density("rppp", kink=True)
def evidential_regression(y, mean, evidence, shape, scale, regularization=0.2):
    a, v, b, e = 1 + shape, evidence, scale, abs(y - mean)
    omega = 2 * b * (1 + v)
    return [
        mp.log(mp.pi / v) / 2, (-a, mp.log(omega)), (a + mpf(1) / 2, mp.log(v * e * e + omega)),
        lgamma(a), -lgamma(a + mpf(1) / 2), (mpf(regularization), e, 2 * v + a),
    ], []  # fmt: skip


@density("rpp")
def student_tnll(y, loc, scale, df):
    t = (y - loc) / scale
    return [
        mp.log(scale), ((df + 1) / 2, mp.log1p(t * t / df)),
        lgamma(df / 2), mp.log(df / 2) / 2, -lgamma((df + 1) / 2),
    ], [mp.log(2 * mp.pi) / 2]  # fmt: skip


@density("rp")
def logistic_nll(y, loc, scale):
    z = (y - loc) / scale
    return [mp.log(scale), z, 2 * mp.log1p(mp.exp(-z))], []


@density("rp")
def cauchy_nll(y, loc, scale):
    return [mp.log(scale), mp.log1p(((y - loc) / scale) ** 2)], [mp.log(mp.pi)]


@density("rp")
def gumbel_nll(y, loc, scale):
    z = (y - loc) / scale
    return [mp.log(scale), z, mp.exp(-z)], []


def log1p_over(shape, z):
    """log(1 + shape z) / shape. Beyond the support: above it in line with z, below it with a logarithm."""
    if not shape:
        return z - shape * z * z / 2
    end = mpf(2) ** -20 - 1
    if shape * z >= end:
        return mp.log1p(shape * z) / shape
    return z * mp.log1p(end) / end if shape < 0 else mp.log1p(end) / shape - mp.log(shape * z / end)


@density("rpr")
def generalized_extreme_value_nll(y, loc, scale, shape):
    b = log1p_over(shape, (y - loc) / scale)
    return [mp.log(scale), b, (shape, b), mp.exp(-b)], []


@density("rpp", kink=True)
def generalized_normal_nll(y, loc, scale, shape):
    far = mp.exp(shape * mp.log(abs(y - loc) / scale)) if y != loc else mpf(0)
    return [mp.log(scale), lgamma(1 + 1 / shape), far], [mp.log(2)]


@density("rpr")
def skew_normal_nll(y, loc, scale, slant):
    z = (y - loc) / scale
    tail = mp.log(normal_cdf(slant * z)) if slant * z < 5 else mp.log1p(-normal_cdf(-slant * z))
    return [mp.log(scale), z * z / 2, -tail], [mp.log(mp.pi / 2) / 2]


def mixture(y: Number, outputs: list[Number], link: str, components: int) -> tuple[Terms, list[Terms]]:
    """Terms of the value, and of the slopes by hand: a component's share of the density, less its weight. The scale of
    a slope is not below what rounding the largest log-density does to a share."""
    k = components
    logit, mean, z = outputs[:k], outputs[k : 2 * k], outputs[2 * k :]
    scale, turn = [LINKS[link](x) for x in z], [1 if link == "exp" else 1 / (1 + mp.exp(-x)) for x in z]
    whole = mp.fsum(mp.exp(w) for w in logit)
    each = [mp.exp(w - ((y - m) / s) ** 2 / 2) / s for w, m, s in zip(logit, mean, scale, strict=True)]
    share = [one / mp.fsum(each) for one in each]
    peak = max(((y - m) / s) ** 2 / 2 + abs(mp.log(s)) for m, s in zip(mean, scale, strict=True))
    slopes = [[mp.exp(w) / whole, -part] for w, part in zip(logit, share, strict=True)]
    slopes += [[-part * (y - m) / s**2] for part, m, s in zip(share, mean, scale, strict=True)]
    rest = zip(share, mean, scale, turn, strict=True)
    unit = [s if link == "exp" else mpf(1) for s in scale]
    slopes += [
        [u * t * part / s, -u * t * part / s * ((y - m) / s) ** 2]
        for (part, m, s, t), u in zip(rest, unit, strict=True)
    ]
    for place, terms in enumerate(slopes):
        size = (1 - share[place % k]) * peak * abs(terms[-1])
        terms += [size, -size]
    return [mp.log(whole), -mp.log(mp.fsum(each))], slopes


def mixture_row(y, p, edge, link="exp", full=True, components=2):
    value, slopes = mixture(y[0], p, link, components)
    return exactly(*value, *([mp.log(2 * mp.pi) / 2] if full else [])), [exactly(*terms) for terms in slopes]


def mixture_rows(y_true, y_pred, link="exp", full=True, components=2):
    pairs = [(mpf(numbers(t)[0]), [mpf(z) for z in numbers(parts)]) for t, parts in zip(y_true, y_pred, strict=True)]
    constant = mp.log(2 * mp.pi) / 2 if full else 0
    return [mp.fsum(mixture(y, outputs, link, components)[0]) + constant for y, outputs in pairs]


TERMS["gaussian_mixture_nll"], ORACLE["gaussian_mixture_nll"] = mixture_row, mixture_rows


SHORT = {"student_t": "student_tnll", "beta": "beta_distribution_nll"}


def any_mixture(y, p, edge, link="exp", full=True, distribution="normal", components=2):
    """The density is that of the parts, weighed; the slope of a part counts by its share."""
    of, n = TERMS[SHORT.get(distribution, f"{distribution}_nll")], components
    logit, rest = p[:n], [p[at : at + n] for at in range(n, len(p), n)]
    found = [of(y, [head[i] for head in rest], edge, link=link, full=False) for i in range(n)]
    whole = mp.fsum(mp.exp(w) for w in logit)
    each = [mp.exp(w - value.value()) for w, (value, _) in zip(logit, found, strict=True)]
    share = [one / mp.fsum(each) for one in each]
    peak = max(abs(value.value()) for value, _ in found)

    def known(value, k):
        """What rounding the largest log-density does to a share: the scale of a slope is not below that."""
        size = share[k] * (1 - share[k]) * peak * abs(value)
        return exactly(size, -size)

    slopes = [total([exactly(mp.exp(w) / whole, -share[k]), known(1, k)]) for k, w in enumerate(logit)]
    slopes += [
        total([found[k][1][head].times(share[k]), known(found[k][1][head].value(), k)])
        for head in range(len(rest))
        for k in range(components)
    ]
    fixed = of(y, [head[0] for head in rest], edge, link=link)[0].value() - found[0][0].value() if full else mpf(0)
    return exactly(mp.log(whole), -mp.log(mp.fsum(each)), fixed), slopes


def any_mixture_rows(y_true, y_pred, **options):
    pairs = [
        ([mpf(x) for x in numbers(t)], [mpf(z) for z in numbers(parts)])
        for t, parts in zip(y_true, y_pred, strict=True)
    ]
    return [any_mixture(y, p, None, **options)[0].value() for y, p in pairs]


TERMS["mixture_nll"], ORACLE["mixture_nll"] = any_mixture, any_mixture_rows


# -- amounts --------------------------------------------------------------------------------------------------------


@density("srp")
def zero_inflated_log_normal_nll(y, zeros, mu, sigma):
    if y == 0:
        return [-mp.log(zeros)], []
    some = [mp.log(sigma), ((mp.log(y) - mu) / sigma) ** 2 / 2]
    return [-mp.log(1 - zeros), *some], [mp.log(y), mp.log(2 * mp.pi) / 2]


@density("p")
def exponential_nll(y, mean):
    return [mp.log(mean), y / mean], []


@density("p")
def half_normal_nll(y, scale):
    return [mp.log(scale), (y / scale) ** 2 / 2], [mp.log(mp.pi / 2) / 2]


@density("pp")
def inverse_gamma_nll(y, shape, scale):
    return [lgamma(shape), (-shape, mp.log(scale)), (shape, mp.log(y)), scale / y], [mp.log(y)]


@density("rp")
def logit_normal_nll(y, mu, sigma):
    logs = [mp.log(y), mp.log1p(-y)]
    return [mp.log(sigma), ((logs[0] - logs[1] - mu) / sigma) ** 2 / 2], [*logs, mp.log(2 * mp.pi) / 2]


@density("s")
def continuous_bernoulli_nll(y, p):
    far = 1 - 2 * p
    level = mp.log(2 * mp.atanh(far) / far) if far else mp.log(2)
    return [(-y, mp.log(p)), (y - 1, mp.log(1 - p)), -level], []


@density("spp")
def zero_inflated_beta_nll(y, zeros, a, b):
    if y == 0:
        return [-mp.log(zeros)], []
    moving, fixed = (
        [lgamma(a), lgamma(b), -lgamma(a + b), (-a, mp.log(y)), (-b, mp.log1p(-y))],
        [mp.log(y), mp.log1p(-y)],
    )
    return [-mp.log(1 - zeros), *moving], fixed


@density("s")
def geometric_nll(y, p):
    return [-mp.log(p), (-y, mp.log(1 - p))], []


@density("pp")
def gamma_nll(y, mean, shape):
    ratio = y / mean
    half = mp.log(2 * mp.pi) / 2
    rest = lgamma(shape) - (shape - mpf(1) / 2) * mp.log(shape) + shape - half
    return [rest, -mp.log(shape) / 2, (shape, ratio - 1 - mp.log(ratio))], [mp.log(y), half]


@density("pp")
def inverse_gaussian_nll(y, mean, shape):
    return [-mp.log(shape) / 2, (shape / (2 * y), ((y - mean) / mean) ** 2)], [1.5 * mp.log(y), mp.log(2 * mp.pi) / 2]


@density("rp")
def log_normal_nll(y, mu, sigma):
    return [mp.log(sigma), ((mp.log(y) - mu) / sigma) ** 2 / 2], [mp.log(y), mp.log(2 * mp.pi) / 2]


@density("pp")
def weibull_nll(y, scale, shape):
    t = mp.log(y / scale)
    return [-mp.log(shape), (-shape, t), mp.exp(shape * t)], [mp.log(y)]


@density("pp")
def log_logistic_nll(y, scale, shape):
    t = mp.log(y / scale)
    return [-mp.log(shape), (shape, t), 2 * mp.log1p(mp.exp(-shape * t))], [mp.log(y)]


@density("pr")
def generalized_pareto_nll(y, scale, shape):
    b = log1p_over(shape, y / scale)
    return [mp.log(scale), b, (shape, b)], []


@density("p")
def pareto_nll(y, shape, minimum=1.0):
    y = max(y, mpf(minimum))
    return [-mp.log(shape), (shape, mp.log(y / mpf(minimum)))], [mp.log(y)]


@density("pp")
def beta_distribution_nll(y, a, b):
    return [lgamma(a), lgamma(b), -lgamma(a + b), (-a, mp.log(y)), (-b, mp.log1p(-y))], [mp.log(y), mp.log1p(-y)]


@density("pp")
def kumaraswamy_nll(y, a, b):
    rest = mp.log1p(-mp.exp(a * mp.log(y)))
    return [-mp.log(a), -mp.log(b), -a * mp.log(y), (-b, rest), rest], [mp.log(y)]


@density("rp")
def von_mises_nll(y, loc, concentration):
    level = mp.log(mp.besseli(0, concentration)) - concentration
    return [level, (concentration, 1 - mp.cos(y - loc))], [mp.log(2 * mp.pi)]


# -- counts ---------------------------------------------------------------------------------------------------------


def negative_binomial(y, mean, dispersion, variance):
    c = dispersion * mean if variance == "quadratic" else dispersion
    r = mean / c
    rise = [-lgamma(y + r), lgamma(r), (y, mp.log(r))]
    return (r, mp.log1p(c)), [(r, mp.log1p(c)), (y, mp.log1p(c)), (-y, mp.log(mean)), *rise]


@density("p")
def poisson_nll(y, rate):
    return [rate, (-y, mp.log(rate))], [lgamma(y + 1)]


@density("pp")
def negative_binomial_nll(y, mean, dispersion, variance="quadratic"):
    return negative_binomial(y, mean, dispersion, variance)[1], [lgamma(y + 1)]


@density("ps")
def zero_inflated_poisson_nll(y, rate, zeros):
    if y == 0:
        return [-mp.log(zeros + (1 - zeros) * mp.exp(-rate))], []
    return [-mp.log(1 - zeros), rate, (-y, mp.log(rate))], [lgamma(y + 1)]


@density("pps")
def zero_inflated_negative_binomial_nll(y, mean, dispersion, zeros):
    nothing, other = negative_binomial(y, mean, dispersion, "quadratic")
    if y == 0:
        return [-mp.log(zeros + (1 - zeros) * mp.exp(-mp.fprod(nothing)))], []
    return [-mp.log(1 - zeros), *other], [lgamma(y + 1)]


@density("ps")
def hurdle_poisson_nll(y, rate, zeros):
    if y == 0:
        return [-mp.log(zeros)], []
    return [-mp.log(1 - zeros), rate, (-y, mp.log(rate)), mp.log(-mp.expm1(-rate))], [lgamma(y + 1)]


@density("pps")
def hurdle_negative_binomial_nll(y, mean, dispersion, zeros):
    nothing, other = negative_binomial(y, mean, dispersion, "quadratic")
    if y == 0:
        return [-mp.log(zeros)], []
    return [-mp.log(1 - zeros), *other, mp.log(-mp.expm1(-mp.fprod(nothing)))], [lgamma(y + 1)]


@density("s")
def binomial_nll(y, p, trials=10):
    return [(-y, mp.log(p)), (y - trials, mp.log(1 - p))], [-log_choose(trials, y)]


def rise(x, k):
    return lgamma(x + k) - lgamma(x) - k * mp.log(x)


@density("pp")
def beta_binomial_nll(y, a, b, trials=10):
    k = trials - y
    return [
        rise(a + b, trials), -rise(a, y), -rise(b, k), (y, mp.log1p(b / a)), (k, mp.log1p(a / b))
    ], [-log_choose(trials, y)]  # fmt: skip


def compound(j, shape):
    """The logarithm of the sum of z^n / (n! gamma(n shape)): a Bessel function, or terms so near that they tell it."""
    if shape == 1:
        return mp.log(j) + mp.log(mp.besseli(1, 2 * j))
    line, spread = shape * mp.log(shape) + (1 + shape) * mp.log(j), mp.sqrt(j / (1 + shape))
    step = max(mpf(1), mp.floor(spread / 4))
    first = max(mpf(1), mp.floor(j - 24 * spread - 90))
    terms = (first + k * step for k in range(int((j + 24 * spread + 90 - first) / step)))
    return mp.log(step * mp.fsum(mp.exp(n * line - lgamma(n + 1) - lgamma(n * shape)) for n in terms))


@density("pp")
def tweedie_nll(y, mean, dispersion, power=1.5):
    q = 2 - mpf(power)
    nothing = (mean**q / q, 1 / dispersion)
    if y == 0:
        return [nothing], []
    j = y**q / (dispersion * q)
    return [nothing, (y * mean ** (q - 1) / (1 - q), 1 / dispersion), -compound(j, q / (1 - q))], [mp.log(y)]


# -- scores: the first term is the absolute error, as far as it goes ---------------------------------------------------


@density("rp", kink=True)
def laplace_crps(y, loc, scale):
    return [abs(y - loc), (scale, mp.exp(-abs(y - loc) / scale)), -3 * scale / 4], []


@density("rp")
def logistic_crps(y, loc, scale):
    z = (y - loc) / scale
    return [y - loc, (2 * scale, mp.log1p(mp.exp(-z))), -scale], []


@density("p")
def exponential_crps(y, mean):
    return [y, -3 * mean / 2, (2 * mean, mp.exp(-y / mean))], []


@density("rp")
def log_normal_crps(y, mu, sigma):
    z, middle = (mp.log(y) - mu) / sigma, mp.exp(mu + sigma**2 / 2)
    return [
        y, (-2 * y, normal_cdf(-z)), (-2 * middle, normal_cdf(z - sigma)),
        (2 * middle, normal_cdf(-sigma / mp.sqrt(2))),
    ], []  # fmt: skip


@density("rp", kink=True)
def asymmetric_laplace_crps(y, loc, scale, q=0.5):
    q, gap = mpf(q), y - loc
    p = q if gap > 0 else 1 - q
    rest = q**2 / (2 * (1 - q)) + (1 - q) ** 2 / (2 * q)
    twice = 2 * scale * (1 - p) / p
    return [abs(gap), (twice, mp.exp(-p * abs(gap) / scale)), -twice, scale * rest], []


@density("p")
def half_normal_crps(y, scale):
    z = y / scale
    falls = 2 * scale * mp.sqrt(2 / mp.pi) * mp.exp(-z * z / 2)
    return [y, (-4 * y, normal_cdf(-z)), falls, -2 * scale / mp.sqrt(mp.pi)], []


@density("pr", within_ends=(1, "-inf", 1.875))
def generalized_pareto_crps(y, scale, shape):
    b = log1p_over(shape, y / scale)
    falls = (1 - mp.exp((shape - 1) * b)) / (1 - shape) if shape != 1 else b
    return [y, (-2 * scale, falls), scale / (2 - shape)], []


@density("s")
def geometric_crps(y, p):
    odds = (1 - p) / p
    return [y, (-2 * odds, 1 - (1 - p) ** y), odds * (1 - p) / (2 - p)], []


@lru_cache(maxsize=10_000)
def size_factors(m, s):
    """Those of the mean size of a normal number: of its mean, and of its spread."""
    return mp.erf(m / s / mp.sqrt(2)), mp.sqrt(2 / mp.pi) * mp.exp(-((m / s) ** 2) / 2)


@density("rrp")
def mixture_crps(y, *made, components=2):
    k = components
    mean, s = made[k : 2 * k], made[2 * k :]
    e = [mp.exp(z - max(made[:k])) for z in made[:k]]
    w = [one / mp.fsum(e) for one in e]
    off = [abs(y - m) for m in mean]
    terms = [(w[i], x, f) for i in range(k) for x, f in zip((off[i], s[i]), size_factors(off[i], s[i]), strict=True)]
    for i in range(k):
        terms.append((-(w[i] ** 2), s[i], 1 / mp.sqrt(mp.pi)))
        for j in range(i):
            far, both = abs(mean[i] - mean[j]), mp.sqrt(s[i] ** 2 + s[j] ** 2)
            terms += [(-w[i] * w[j], x, f) for x, f in zip((far, both), size_factors(far, both), strict=True)]
    return terms, []


@density("rp")
def student_tcrps(y, loc, scale, df=4.0):
    n, z = mpf(df), (y - loc) / scale
    beyond = mp.betainc(n / 2, 0.5, 0, n / (n + z * z), regularized=True)
    density = mp.exp(-(n + 1) / 2 * mp.log1p(z * z / n)) / mp.sqrt(n) / mp.beta(0.5, n / 2)
    last = 2 * mp.sqrt(n) / (n - 1) * mp.beta(0.5, n - 0.5) / mp.beta(0.5, n / 2) ** 2
    return [abs(y - loc), (-abs(y - loc), beyond), (2 * scale / (n - 1), density * (n + z * z)), -scale * last], []


def gamma_above(a, x):
    """P(above x) of a gamma variable: the integral of its logarithm's density, by as many digits as it takes."""
    if a < 1e4 or x < 1:
        return mp.gammainc(a, x, mp.inf, regularized=True) if x > a else 1 - mp.gammainc(a, 0, x, regularized=True)
    off = (x - a) / mp.sqrt(a)
    if abs(off) > 60:
        return mpf(0) if off > 0 else mpf(1)
    nodes = gauss()
    far = 60 / mp.sqrt(a)
    sign = 1 if off > 0 else -1
    rise = mp.fsum(w * mp.exp(a * sign * far * u - x * mp.expm1(sign * far * u)) for u, w in nodes) * far
    share = rise * mp.exp(a * mp.log(x) - x - lgamma(a))
    return share if off > 0 else 1 - share


@lru_cache(maxsize=1)
def gauss():
    """Nodes and weights of Gauss and Legendre's on [0, 1]."""
    return [((x + 1) / 2, w / 2) for x, w in GaussLegendre(mp).calc_nodes(7, 400)]


@density("pp")
def gamma_crps(y, mean, shape):
    x = shape * y / mean
    above = gamma_above(shape, x)
    peak = mp.exp(shape * mp.log(x) - x - lgamma(shape + 1))
    last = mp.exp(lgamma(shape + mpf(1) / 2) - lgamma(shape + 1)) / mp.sqrt(mp.pi)
    return [y, (-2 * y, above), (mean, 2 * above - 1), 2 * mean * peak, -mean * last], []


@density("p")
def poisson_crps(y, rate):
    above = gamma_above(y + 1, rate)
    chance = mp.exp(y * mp.log(rate) - rate - lgamma(y + 1))
    if rate < 1e4:
        last = mp.exp(-2 * rate) * (mp.besseli(0, 2 * rate) + mp.besseli(1, 2 * rate))
    else:
        last = sum(large_bessel(k, 2 * rate) for k in (0, 1))
    return [(y - rate, 2 * above), rate, -y, (2 * rate, chance), -rate * last], []


def large_bessel(k, x):
    """e^-x I_k(x), by its series in 1 / x."""
    term, found = mpf(1), mpf(1)
    for n in range(1, 60):
        term *= -(4 * k * k - (2 * n - 1) ** 2) / (8 * n * x)
        found += term
    return found / mp.sqrt(2 * mp.pi * x)


# -- vectors --------------------------------------------------------------------------------------------------------


def of_orders(y):
    return [*(lgamma(k + 1) for k in y), -lgamma(mp.fsum(y) + 1)]


@density("r", vector=True)
def multinomial_nll(y, z):
    top = max(z)
    whole = mp.log(mp.fsum(mp.exp(one - top) for one in z))
    return [(k, top - one + whole) for k, one in zip(y, z, strict=True)], of_orders(y)


@density("p", vector=True)
def dirichlet_nll(y, a):
    logs = [mp.log(share) for share in y]
    return [-lgamma(mp.fsum(a)), *map(lgamma, a), *((-one, line) for one, line in zip(a, logs, strict=True))], logs


@density("p", vector=True)
def dirichlet_multinomial_nll(y, a):
    n, whole = mp.fsum(y), mp.fsum(a)
    shares = [(k, mp.log(whole / one)) for k, one in zip(y, a, strict=True)]
    return [*shares, rise(whole, n), *(-rise(one, k) for k, one in zip(y, a, strict=True))], of_orders(y)


# -- probabilities below and above a number -------------------------------------------------------------------------


def turned(pair):
    return pair[1], pair[0]


def normal_tails(z):
    low = mp.log(normal_cdf(-abs(z)))
    high = mp.log1p(-mp.exp(low))
    return (low, high) if z < 0 else (high, low)


def logistic_tails(z):
    return -mp.log1p(mp.exp(-z)), -mp.log1p(mp.exp(z))


def exponential_tails(z):
    if z <= 0:
        return NOTHING
    return (mp.log(-mp.expm1(-z)) if z < 1 else mp.log1p(-mp.exp(-z)) if z < 1e4 else mpf(0)), -z


@chances
def normal_nll(y, mean, std):  # noqa: F811
    return normal_tails((y - mean) / std)


@chances
def laplace_nll(y, loc, scale):  # noqa: F811
    z = (y - loc) / scale
    low = -abs(z) - mp.log(2)
    high = mp.log1p(-mp.exp(low))
    return (low, high) if z < 0 else (high, low)


@chances
def logistic_nll(y, loc, scale):  # noqa: F811
    return logistic_tails((y - loc) / scale)


@chances
def gumbel_nll(y, loc, scale):  # noqa: F811
    return turned(exponential_tails(mp.exp((loc - y) / scale)))


@chances
def generalized_extreme_value_nll(y, loc, scale, shape):  # noqa: F811
    return turned(exponential_tails(mp.exp(-log1p_over(shape, (y - loc) / scale))))


@chances
def exponential_nll(y, mean):  # noqa: F811
    return exponential_tails(y / mean)


@chances
def log_normal_nll(y, mu, sigma):  # noqa: F811
    return normal_tails((mp.log(y) - mu) / sigma) if y > 0 else NOTHING


@chances
def weibull_nll(y, scale, shape):  # noqa: F811
    return exponential_tails(mp.exp(shape * mp.log(y / scale))) if y > 0 else NOTHING


@chances
def log_logistic_nll(y, scale, shape):  # noqa: F811
    return logistic_tails(shape * mp.log(y / scale)) if y > 0 else NOTHING


@chances
def generalized_pareto_nll(y, scale, shape):  # noqa: F811
    return exponential_tails(log1p_over(shape, y / scale))


@chances
def pareto_nll(y, shape, minimum=1.0):  # noqa: F811
    return exponential_tails(shape * mp.log(max(y, mpf(minimum)) / mpf(minimum)))


@chances
def kumaraswamy_nll(y, a, b):  # noqa: F811
    if not 0 < y < 1:
        return NOTHING if y <= 0 else NOTHING[::-1]
    return exponential_tails(-b * mp.log1p(-mp.exp(a * mp.log(y))))


@chances
def half_normal_nll(y, scale):  # noqa: F811
    if y <= 0:
        return NOTHING
    above = 2 * normal_cdf(-y / scale)
    return mp.log(mp.erf(y / scale / mp.sqrt(2))) if y < scale else mp.log1p(-above), mp.log(above)


@chances
def inverse_gaussian_nll(y, mean, shape):  # noqa: F811
    if y <= 0:
        return NOTHING
    r = mp.sqrt(shape / y)
    a, b = r * (y / mean - 1), r * (y / mean + 1)
    scaled = lambda x: mp.erfc(x / mp.sqrt(2)) / 2 * mp.exp(x * x / 2)  # noqa: E731
    if a < 0:
        below = mp.exp(-a * a / 2) * (scaled(-a) + scaled(b))
        return mp.log(below), mp.log1p(-below)
    above = mp.exp(-a * a / 2) * (scaled(a) - scaled(b))
    return mp.log1p(-above), mp.log(above)


# -- of extreme values, and of the logarithm of a logistic number -----------------------------------------------------


def upper_gamma(a, x):
    """The integral of u^(a - 1) e^-u from x on, by its continued fraction from below."""
    if x > 1e4:
        return mpf(0)
    found = mpf(0)
    for n in range(int(4000 / x) + 40, 0, -1):
        found = n * (a - n) / (x + 2 * n + 1 - a + found)
    return mp.exp(a * mp.log(x) - x) / (x + 1 - a + found)


def lower_rest(a, x):
    """The integral of u^(a - 1) (1 - e^-u) from 0 to x < 8, for a > -1."""
    term, found = mpf(-1), mpf(0)
    for n in range(1, 200):
        term *= -x / n
        found += term / (n + a)
    return found * mp.exp(a * mp.log(x))


def of_extreme(gap, scale, shape):
    z = gap / scale
    step = (mp.gamma(1 - shape) - 1) / shape if shape else mp.euler
    apart = mp.gamma(1 - shape) * (mp.expm1(shape * mp.log(2)) / shape if shape else mp.log(2))
    x = mp.exp(-log1p_over(shape, z)) if shape * z > -1 else mpf(0 if shape < 0 else "inf")
    rest = 0 if not x else lower_rest(-shape, x) if x < 8 else upper_gamma(-shape, x) - z + step
    return [gap, (-scale, step), (-scale, apart), (2 * scale, rest)], []


@density("rp")
def gumbel_crps(y, loc, scale):
    return of_extreme(y - loc, scale, mpf(0))


@density("rpr", within_ends=(2, -1, 0.9375))
def generalized_extreme_value_crps(y, loc, scale, shape):
    return of_extreme(y - loc, scale, shape)


@density("pp", within_ends=(1, 0.125, "inf"))
def weibull_crps(y, scale, shape):
    a, t = 1 / shape, shape * (mp.log(y) - mp.log(scale))
    x = mp.exp(min(t, mpf(30)))
    whole = mp.gamma(1 + a)
    below = whole if x > 1000 else mp.gammainc(1 + a, 0, x)
    return [-y, (2 * y, -mp.expm1(-x)), (-2 * scale, below), (scale, whole, mp.exp(-a * mp.log(2)))], []


@density("pp", within_ends=(1, 16 / 15, "inf"))
def log_logistic_crps(y, scale, shape):
    a, t = 1 / shape, shape * (mp.log(y) - mp.log(scale))
    share = 1 / (1 + mp.exp(-abs(t)))  # the larger one
    whole = mp.pi * a / mp.sin(mp.pi * a)
    part = mp.betainc(1 - a, 1 + a, 0, 1 - share) if t > 0 else mp.betainc(1 + a, 1 - a, 0, 1 - share)
    below = whole - part if t > 0 else part
    return [-y, (2 * y, share if t > 0 else 1 - share), (-2 * scale, below), (scale, 1 - a, whole)], []
