"""Exact sums of the losses of a margin; see terms.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle.sums import Float, Sum, between, exactly, mp, mpf
from tests.oracle.terms import TERMS, Number, Row, entrywise, sigmoid


def margin(of: Callable[..., tuple[Any, Any]]) -> Callable[..., Row]:
    """Rows of labels -1 (or 0) and 1; `of(m, ...)` gives value and slope by the margin: numbers, or sums of terms."""

    def entry(y: Number, p: Number, edge: Float, **parameters: Any) -> tuple[Sum, Sum]:
        sign = y or mpf(-1)
        value, slope = (x if isinstance(x, Sum) else exactly(x) for x in of(sign * p, **parameters))
        return value, slope.times(sign)

    return entrywise(entry)


def rounded_corner(m: Number, gamma: float = 1.0) -> tuple[Any, Number]:
    short, width = max(1 - m, mpf(0)), mpf(gamma)
    if short <= width:
        return short**2 / 2 / width, -short / width
    return exactly(mpf(1), -m, -width / 2), mpf(-1)


def modified_huber(m: Number) -> tuple[Number, Number]:
    short = max(1 - m, mpf(0))
    return (-4 * m, mpf(-4)) if m < -1 else (short**2, -2 * short)


def ramp(m: Number, s: float = -1.0) -> tuple[Any, Any]:
    if m in (1, mpf(s)):
        return 1 - m, between(-1, 0)
    if m > 1:
        return mpf(0), mpf(0)
    return (1 - m, mpf(-1)) if m > s else (1 - mpf(s), mpf(0))


def savage(m: Number) -> tuple[Number, Number]:
    right, wrong = sigmoid(2 * m)
    return wrong**2, -4 * wrong**2 * right


def tangent(m: Number) -> tuple[Number, Sum]:
    angle, flat = mp.atan(m), 1 / (1 + m * m)
    return (2 * angle - 1) ** 2, exactly(8 * angle * flat, -4 * flat)


TERMS["soft_margin"] = margin(lambda m: (max(-m, mpf(0)) + mp.log1p(mp.exp(-abs(m))), -sigmoid(m)[1]))
TERMS["exponential"] = margin(lambda m: (mp.exp(-m), -mp.exp(-m)))
TERMS["perceptron"] = margin(lambda m: (max(-m, mpf(0)), mpf(-1) if m < 0 else between(-1, 0) if m == 0 else mpf(0)))
TERMS["smooth_hinge"] = margin(rounded_corner)
TERMS["modified_huber"] = margin(modified_huber)
TERMS["binary_sparsemax"] = margin(lambda m: tuple(part / 4 for part in modified_huber(m)))
TERMS["truncated_hinge"] = margin(ramp)
TERMS["savage"] = margin(savage)
TERMS["tangent"] = margin(tangent)
TERMS["unhinged"] = margin(lambda m: (exactly(mpf(1), -m), mpf(-1)))


@entrywise
def hinge_embedding(y: Number, p: Number, edge: Float, margin: float = 1.0) -> tuple[Sum, Sum]:
    if y == 1:
        return exactly(p), exactly(mpf(1))
    short = mpf(margin) - p
    return exactly(max(short, mpf(0))), between(-1, 0) if short == 0 else exactly(-mpf(short > 0))


TERMS["hinge_embedding"] = hinge_embedding
