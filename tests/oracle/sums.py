"""Exact numbers as the sums that define them: value and size of the terms, and what to demand at edges and kinks.

A context of its own (100 digits), so that no other test's precision can change a truth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import ml_dtypes
import numpy as np
from mpmath import MPContext

mp: Any = MPContext()
mp.dps = 100
mpf: Any = mp.mpf


class Kind(IntEnum):
    """What can be demanded of a result. The larger of two kinds wins where numbers are added."""

    FINITE = 0  # the number itself
    INTERVAL = 1  # a kink: anything between the two one-sided slopes
    BOUNDARY = 2  # infinite in theory; finite by the stated rule (docs/contracts.md, "Edges")
    UNDEFINED = 3  # 0/0 in theory; any finite number, and the stated one where a rule names it


@dataclass(frozen=True)
class Sum:
    """A number as the sum of `terms`. `width` is the length of the interval above it, for kinks."""

    terms: tuple[Any, ...]
    kind: Kind = Kind.FINITE
    width: Any = 0

    def value(self) -> Any:
        return mp.fsum(self.terms)

    def scale(self) -> Any:
        return mp.fsum(self.terms, absolute=True)

    def times(self, factor: Any) -> Sum:
        terms = tuple(t * factor for t in self.terms)
        if not self.width:
            return replace(self, terms=terms)
        if factor < 0:  # the upper end becomes the lower one
            terms += (self.width * factor,)
        return replace(self, terms=terms, width=self.width * abs(factor))


def exactly(*terms: Any, kind: Kind = Kind.FINITE) -> Sum:
    return Sum(terms, kind)


def between(low: Any, high: Any) -> Sum:
    """Any number from low to high."""
    return Sum((mpf(low),), Kind.INTERVAL, mpf(high) - mpf(low))


def total(sums: list[Sum]) -> Sum:
    """The sum of sums, with all their terms."""
    terms = tuple(t for s in sums for t in s.terms)
    return Sum(terms, max((s.kind for s in sums), default=Kind.FINITE), mp.fsum(s.width for s in sums))


ZERO = exactly(mpf(0))


STEEPEST = {"float16": 10, "bfloat16": 96, "float32": 96, "float64": 960}  # exponents of 2


@dataclass(frozen=True)
class Float:
    """A floating-point type: what an exact 0 and an exact 1 on the wrong side are read as, and its spacing."""

    name: str

    @property
    def info(self) -> Any:
        return ml_dtypes.finfo(self.numpy)

    @property
    def numpy(self) -> Any:
        return np.dtype(ml_dtypes.bfloat16) if self.name == "bfloat16" else np.dtype(self.name)

    @property
    def tiniest(self) -> Any:
        """The smallest positive number; an exact probability of 0 on the wrong side costs as much."""
        return mpf(float(self.info.smallest_subnormal))

    @property
    def steepest(self) -> Any:
        """The size of the slope of that cost."""
        return mpf(2) ** STEEPEST[self.name]

    @property
    def least(self) -> Any:
        """The smallest normal number of the type that is computed in."""
        return mpf(2) ** (-126 if self.name == "float16" else self.lowest_exponent)

    @property
    def half(self) -> float:
        """1 less the largest number below 1: half a unit in the last place of 1."""
        return float(self.info.epsneg)

    @property
    def largest(self) -> float:
        return float(self.info.max)

    @property
    def digits(self) -> int:
        """Bits of the significand, the leading one included."""
        return int(self.info.nmant) + 1

    @property
    def lowest_exponent(self) -> int:
        """The exponent of the smallest normal number."""
        return int(self.info.minexp)


FLOATS = {name: Float(name) for name in ("float16", "bfloat16", "float32", "float64")}
