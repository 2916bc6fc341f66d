"""Exact sums of the divergences of two distributions; see terms.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle.sums import ZERO, Float, Kind, Sum, between, exactly, mp, mpf, total
from tests.oracle.terms import TERMS, Number, Row, logarithm


def divergence(of: Callable[..., tuple[Sum, Sum]]) -> Callable[..., Row]:
    """Rows of two distributions; `of(y, p, edge, ...)` gives value and slope by p of one class."""

    def row(y: list[Number], p: list[Number], edge: Float, **parameters: Any) -> Row:
        parts = [of(t, q, edge, **parameters) for t, q in zip(y, p, strict=True)]
        return total([ZERO, *(value for value, _ in parts)]), [slope for _, slope in parts]

    return row


def reverse(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    (log_y, _, of_y), (log_p, _, of_p) = logarithm(y, edge), logarithm(p, edge)
    if p == 0 and y == 0:
        return ZERO, exactly(mpf(1), kind=Kind.UNDEFINED)
    value = exactly(p * log_p, -p * log_y, kind=of_y) if p else ZERO
    return value, exactly(log_p, -log_y, mpf(1), kind=max(of_y, of_p))


def jeffreys(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    (log_y, _, of_y), (log_p, by_p, of_p) = logarithm(y, edge), logarithm(p, edge)
    if p == 0 and y == 0:
        return ZERO, exactly(mpf(0), kind=Kind.UNDEFINED)
    kind, gap = max(of_y, of_p), p - y
    return exactly(gap * log_p, -gap * log_y, kind=kind), exactly(gap * by_p, log_p, -log_y, kind=kind)


def jensen_shannon(y: Number, p: Number, edge: Float, beta: float = 0.5) -> tuple[Sum, Sum]:
    b = mpf(beta)
    m = b * y + (1 - b) * p
    if m == 0:
        return ZERO, exactly(mpf(0), kind=Kind.UNDEFINED)
    log_p, _, kind = logarithm(p, edge)
    parts = [b * y * mp.log(y / m) if y else mpf(0), (1 - b) * p * mp.log(p / m) if p else mpf(0)]
    if p == 0:
        return exactly(*parts), exactly((1 - b) * (log_p - mp.log(m)), kind=kind)
    return exactly(*parts), exactly((1 - b) * mp.log(p / m))


def hellinger(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    a, b = mp.sqrt(y), mp.sqrt(p)
    if p == 0:  # by the stated rule, that of the smallest number
        least = mp.sqrt(edge.least)
        return exactly(y / 2), exactly(
            -y / 2 / (max(a, least) + least) / least, kind=Kind.BOUNDARY if y else Kind.UNDEFINED
        )
    return exactly((a - b) ** 2 / 2), exactly((b - a) / 2 / b)


def total_variation(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    half = mpf(1) / 2
    return exactly(abs(p - y) / 2), exactly(half * mp.sign(p - y)) if p != y else between(-half, half)


def triangular(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    if y + p == 0:
        return ZERO, exactly(mpf(0), kind=Kind.UNDEFINED)
    return exactly((p - y) ** 2 / (y + p)), exactly((p - y) * (p + 3 * y) / (y + p) ** 2)


TERMS["reverse_kl"] = divergence(reverse)
TERMS["jeffreys"] = divergence(jeffreys)
TERMS["jensen_shannon"] = divergence(jensen_shannon)
TERMS["hellinger"] = divergence(hellinger)
TERMS["total_variation_distance"] = divergence(total_variation)
TERMS["triangular_discrimination"] = divergence(triangular)


def generalized(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    if y == 0:
        return exactly(p), exactly(mpf(1))
    log, slope, kind = logarithm(p, edge)
    return exactly(y * (mp.log(y) - log) - y + p, kind=kind), exactly((p - y) * slope, kind=kind)


def squared_emd(y: list[Number], p: list[Number], edge: Float) -> Row:
    gaps = [mp.fsum(p[: k + 1]) - mp.fsum(y[: k + 1]) for k in range(len(p))]
    parts = [(k, part) for k in range(len(p)) for part in (*p[: k + 1], *(-t for t in y[: k + 1]))]
    return exactly(*(gaps[k] * part for k, part in parts)), [
        exactly(*(2 * part for k, part in parts if k >= first)) for first in range(len(p))
    ]


TERMS["generalized_kl"] = divergence(generalized)
TERMS["squared_emd"] = squared_emd


def chi_squared(y: Number, p: Number, edge: Float) -> tuple[Sum, Sum]:
    least = max(p, edge.least)
    kind = Kind.BOUNDARY if p < edge.least and y else Kind.UNDEFINED if p < edge.least else Kind.FINITE
    return exactly((p - y) ** 2 / least, kind=kind), exactly((p - y) / least * (1 + y / least), kind=kind)


def alpha_divergence(y: Number, p: Number, edge: Float, alpha: float = 0.5) -> tuple[Sum, Sum]:
    a, k = mpf(alpha), mpf(alpha) * (1 - mpf(alpha))
    value = exactly(a * y / k, (1 - a) * p / k, -(y**a) * p ** (1 - a) / k)
    low, kind = max(p, edge.least), Kind.FINITE if p >= edge.least else Kind.BOUNDARY if y else Kind.UNDEFINED
    return value, exactly(1 / a, -((max(y, edge.least) / low) ** a) / a, kind=kind)


def bhattacharyya(y: list[Number], p: list[Number], edge: Float) -> Row:
    """A predicted 0 is read as the smallest number, and so is the overlap with nothing."""
    read = [max(b, edge.least) if a else b for a, b in zip(y, p, strict=True)]
    whole = mp.fsum(mp.sqrt(a * b) for a, b in zip(y, read, strict=True)) or edge.tiniest
    at_edge = any(a and b < edge.least for a, b in zip(y, p, strict=True))
    kind = Kind.BOUNDARY if at_edge else Kind.FINITE
    slopes = [exactly(-mp.sqrt(a / b) / 2 / whole if a else mpf(0), kind=kind) for a, b in zip(y, read, strict=True)]
    return exactly(-mp.log(whole), mpf(1), mpf(-1), kind=kind), slopes


def wasserstein(y: list[Number], p: list[Number], edge: Float) -> Row:
    gaps = [mp.fsum(p[: k + 1]) - mp.fsum(y[: k + 1]) for k in range(len(p) - 1)]
    parts = [(k, part) for k in range(len(p) - 1) for part in (*p[: k + 1], *(-t for t in y[: k + 1]))]
    slopes = []
    for first in range(len(p)):
        own = [exactly(mp.sign(g)) if abs(g) > 8 * edge.half else between(mpf(-1), mpf(1)) for g in gaps[first:]]
        slopes.append(total([ZERO, *own]))
    return exactly(*(mp.sign(gaps[k]) * part for k, part in parts)), slopes


def log_kl(
    y: list[Number], p: list[Number], edge: Float, log_target: bool = False, average: bool = False,
    unnormalized: bool = False,
) -> Row:  # fmt: skip
    share = 1 / mpf(len(y)) if average else mpf(1)
    terms, slopes = [], []
    for a, b in zip(y, p, strict=True):
        weight, log = (mp.exp(a), a) if log_target else (a, mp.log(a) if a else mpf(0))
        terms += [share * weight * log, -share * weight * b]
        more = [mp.exp(b)] if unnormalized else []
        terms += [share * v for part in more for v in (part, -weight)]
        slopes.append(exactly(-share * weight, *(share * v for v in more)))
    return exactly(*terms), slopes


TERMS["chi_squared"] = divergence(chi_squared)
TERMS["alpha_divergence"] = divergence(alpha_divergence)
TERMS["bhattacharyya"] = bhattacharyya
TERMS["wasserstein"] = wasserstein
TERMS["log_kl"] = log_kl
