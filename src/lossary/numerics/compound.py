"""The density of a Poisson number of gamma variables, added up: its part that is no power or exponential."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from . import ops
from .backend import log
from .special import chebyshev
from .stable import with_slope

Tensor = Any
NODES = 64  # through which the expansion goes
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


@dataclass(frozen=True)
class Table:
    """For gamma variables of one shape: from which expected number on the expansion holds, its series in the inverse
    number and that of its derivative, and the logarithms of the factors of the terms before."""

    far: float
    series: tuple[float, ...]
    slopes: tuple[float, ...]
    factors: tuple[float, ...]


def compound_rest(j: Tensor, shape: float, table: Table) -> Tensor:
    """log(sum over n of z^n / (n! gamma(n shape))) - (1 + shape) j, where z = shape^shape j^(1 + shape), for j > 0."""
    gain = 1 + shape

    def apart(j: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        near = j < table.far
        return near, ops.where(near, j, 1.0), ops.where(near, 2 * table.far, j)

    def terms(j: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The logarithm of the first term where it is the largest, the sum of all, and that of n times them."""
        line, first = log(j), ops.cast(j < 1, j.dtype)
        top = first * (table.factors[0] + gain * (line + 1 - j))
        whole, counted = 0.0 * j, 0.0 * j
        for n, factor in enumerate(table.factors, start=1):
            term = ops.exp(factor + gain * (n * (line - math.log(n)) + (n - j)) - top)
            whole, counted = whole + term, counted + n * term
        return top, whole, counted

    def value(j: Tensor) -> Tensor:
        near, close, away = apart(j)
        top, whole, _ = terms(close)
        expanded = 0.5 * log(away * (shape / gain / (2 * math.pi))) + chebyshev(table.series, 2 * table.far / away - 1)
        return ops.where(near, top + log(whole), expanded)

    def slope(j: Tensor) -> Tensor:
        near, close, away = apart(j)
        _, whole, counted = terms(close)
        part = table.far / away
        expanded = (0.5 - part * 2 * chebyshev(table.slopes, 2 * part - 1)) / away
        return ops.where(near, gain * (counted / whole / close - 1), expanded)

    return with_slope(value, slope)(j)


@lru_cache(maxsize=64)
def compound_table(shape: float, fine: bool) -> Table:
    far, least = 4 + (1 + shape) + 1 / shape, 1e-17 if fine else 1e-9
    far = 2 * far if fine else far
    u = 0.5 + 0.5 * np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    values = [_expanded(far / x, shape) for x in u]
    waves = np.cos(np.arange(NODES)[:, None] * np.arccos(2 * u - 1))
    series = waves @ np.array(values) * np.where(np.arange(NODES) > 0, 2.0, 1.0) / NODES
    last = far
    while (1 + shape) * (last * math.log(last / far) - last + far) < -math.log(least):
        last += 1
    factors = _factors(np.arange(1.0, last + 2), shape)
    series = series[: 40 if fine else 24]
    slopes = np.polynomial.chebyshev.chebder(series)
    return Table(far, tuple(series.tolist()), tuple(slopes.tolist()), tuple(factors.tolist()))


def _expanded(j: float, shape: float) -> float:
    """What the logarithm of the sum is above the leading part of its expansion."""
    spread = 40 * math.sqrt(j / (1 + shape)) + 40
    n = np.arange(max(1, math.floor(j - spread)), math.ceil(j + spread), dtype=float)
    off = (j - n) / n
    logs = _factors(n, shape) + (1 + shape) * n * (np.log1p(off) - off)
    return math.log(math.fsum(np.exp(logs))) - 0.5 * math.log(j * shape / (1 + shape) / (2 * math.pi))


def _factors(n: np.ndarray, shape: float) -> np.ndarray:
    """log(shape^(n shape) n^((1 + shape) n) e^(-(1 + shape) n) / (n! gamma(n shape)))."""
    rest = np.array([_rest(x) + _rest(shape * x) for x in n])
    return np.asarray(0.5 * math.log(shape) - math.log(2 * math.pi) - rest)


def _rest(x: float) -> float:
    """What Stirling's formula leaves of log gamma(x)."""
    if x < 12:
        return math.lgamma(x) - ((x - 0.5) * math.log(x) - x + 0.5 * math.log(2 * math.pi))
    return sum(c / x ** (2 * k + 1) for k, c in enumerate(STIRLING))
