"""Exact sums of the focal losses of many yes/no questions; see terms.py."""

from __future__ import annotations

from tests.oracle.classes import Answer, binary
from tests.oracle.sums import ZERO, Float, Sum, between, exactly, mp, mpf
from tests.oracle.terms import TERMS, Number, Row


def product(factor: Number, bend: Number, nlls: list[Number], slopes: list[Number]) -> tuple[Sum, Sum]:
    """A factor times a sum of negative log-probabilities; `bend` is the slope of the factor."""
    terms = [bend * s for s in nlls] + [factor * s for s in slopes]
    return exactly(*(factor * s for s in nlls)), exactly(*terms)


@binary
def poly(y: Number, a: Answer, w1: Number, w0: Number, epsilon_1: float = 2.0) -> tuple[Sum, Sum]:
    yes, no, more = w1 * y, w0 * (1 - y), mpf(epsilon_1)
    value = exactly(yes * a.yes, no * a.no, more * y * a.q, more * (1 - y) * a.p)
    return value, exactly(yes * a.by_yes, no * a.by_no, more * (1 - y) * a.inner, -more * y * a.inner)


def raised(base: Number, k: Number) -> tuple[Number, Number]:
    """A power and its slope; of an exact 0 the slope counts as 0."""
    return (base**k, k * base ** (k - 1)) if base else (mpf(k == 0), mpf(0))


@binary
def varifocal(y: Number, a: Answer, w1: Number, w0: Number, alpha: float = 0.75, gamma: float = 2.0) -> tuple[Sum, Sum]:
    factor, bend = (y, mpf(0)) if y else (mpf(alpha) * v for v in raised(a.p, mpf(gamma)))
    yes, no = w1 * y, w0 * (1 - y)
    return product(factor, bend * a.inner, [yes * a.yes, no * a.no], [yes * a.by_yes, no * a.by_no])


@binary
def penalty(y: Number, a: Answer, w1: Number, w0: Number, alpha: float = 2.0, beta: float = 4.0) -> tuple[Sum, Sum]:
    if y == 1:
        size, bend = raised(a.q, mpf(alpha))
        return product(size, -bend * a.inner, [w1 * a.yes], [w1 * a.by_yes])
    size, bend = raised(a.p, mpf(alpha))
    spared = w0 * (1 - y) ** mpf(beta)
    return product(size, bend * a.inner, [spared * a.no], [spared * a.by_no])


@binary
def asymmetric(
    y: Number, a: Answer, w1: Number, w0: Number, gamma_pos: float = 1.0, gamma_neg: float = 4.0, clip: float = 0.05
) -> tuple[Sum, Sum]:
    values, slopes = [], []
    if y:
        size, bend = raised(a.q, mpf(gamma_pos))
        values.append(w1 * y * size * a.yes)
        slopes += [-w1 * y * bend * a.inner * a.yes, w1 * y * size * a.by_yes]
    kept = a.p - mpf(clip)
    if y != 1 and kept > 0:
        size, bend = raised(kept, mpf(gamma_neg))
        left = a.q + mpf(clip)
        values.append(-w0 * (1 - y) * size * mp.log(left))
        slopes += [-w0 * (1 - y) * bend * a.inner * mp.log(left), w0 * (1 - y) * size * a.inner / left]
    return exactly(*values) if values else ZERO, exactly(*slopes) if slopes else ZERO


@binary
def reduced(
    y: Number, a: Answer, w1: Number, w0: Number, gamma: float = 2.0, threshold: float = 0.5
) -> tuple[Sum, Sum]:
    h, right = mpf(threshold), y * a.p + (1 - y) * a.q
    nlls, slopes = [w1 * y * a.yes, w0 * (1 - y) * a.no], [w1 * y * a.by_yes, w0 * (1 - y) * a.by_no]
    size, bend = raised((y * a.q + (1 - y) * a.p) / h, mpf(gamma))
    plain, fading = (exactly(*nlls), exactly(*slopes)), product(size, bend / h * (1 - 2 * y) * a.inner, nlls, slopes)
    ends = sorted(slope.value() for _, slope in (plain, fading))
    if abs(right - h) < mpf(2) ** -22 and ends[1] - ends[0] > 1e-6:  # the slope jumps, and at 1/2 the value does not
        return fading[0], between(*ends)
    return plain if right < h else fading


@binary
def asymmetric_focal(
    y: Number, a: Answer, w1: Number, w0: Number, delta: float = 0.7, gamma: float = 2.0
) -> tuple[Sum, Sum]:
    size, bend = raised(a.p, mpf(gamma))
    yes, no = mpf(delta) * w1 * y, (1 - mpf(delta)) * w0 * (1 - y)
    value = exactly(yes * a.yes, no * size * a.no)
    return value, exactly(yes * a.by_yes, no * bend * a.inner * a.no, no * size * a.by_no)


def zlpr(y: list[Number], p: list[Number], edge: Float) -> Row:
    """log(1 + sum of yes e^-z) + log(1 + sum of no e^z); the smaller terms are small beside the largest."""

    def half(weights: list[Number], z: list[Number]) -> tuple[Sum, list[Number]]:
        top = max([mpf(0), *(v for v, w in zip(z, weights, strict=True) if w)])
        parts = [w * mp.exp(v - top) if w else mpf(0) for v, w in zip(z, weights, strict=True)]
        whole = mp.exp(-top) + mp.fsum(parts)
        value = mp.log1p(mp.fsum(parts)) if top == 0 else top + mp.log(whole)
        return exactly(value), [part / whole for part in parts]

    (no, up), (yes, down) = half([mpf(t < 1) for t in y], p), half([mpf(t == 1) for t in y], [-z for z in p])
    return exactly(*no.terms, *yes.terms), [exactly(a, -b) for a, b in zip(up, down, strict=True)]


TERMS["reduced_focal"] = reduced
TERMS["asymmetric_focal"] = asymmetric_focal
TERMS["zlpr"] = zlpr
TERMS["poly_binary_cross_entropy"] = poly
TERMS["varifocal"] = varifocal
TERMS["penalty_reduced_focal"] = penalty
TERMS["asymmetric_multi_label"] = asymmetric
