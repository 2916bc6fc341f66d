"""How far results lie from the truth: in units in the last place of the result, in those of the scale of its terms, and
in what half a unit in the last place of each input would change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.oracle.sums import Float, Kind
from tests.oracle.truths import Truth

GROSS = 1e-3  # a relative error beyond this, and beyond 8 units of all kinds, is a wrong number


@dataclass(frozen=True)
class Verdict:
    """One number or flag per entry.

    ulp: error in units in the last place of the truth, and `of_scale` of the sum of its terms' sizes; 0.5 is correctly
        rounded. `of_inputs` is the error in what half a unit in the last place of each input changes, where that is
        more than a unit of the truth. All are 0 where only finiteness is asked for.
    broken: NaN or infinite where the truth is a number of this type, or NaN anywhere.
    gross: a wrong number: relative error over 1e-3, and over 8 units of all kinds.
    flushed: a subnormal input or truth, which TensorFlow and JAX read as 0: not judged by distance.
    """

    ulp: np.ndarray
    of_scale: np.ndarray
    of_inputs: np.ndarray
    broken: np.ndarray
    gross: np.ndarray
    flushed: np.ndarray

    def error(self) -> np.ndarray:
        """The smallest of the three distances: what the bars are about."""
        return np.minimum(np.minimum(self.ulp, self.of_scale), self.of_inputs)


def spacing(x: np.ndarray, kind: Float) -> np.ndarray:
    """The distance of neighbouring numbers of the type around x."""
    _, exponent = np.frexp(np.abs(x))
    exponent = np.where(x == 0, kind.lowest_exponent, exponent)
    return np.ldexp(1.0, np.maximum(exponent - 1, kind.lowest_exponent) - kind.digits + 1)


def judge(
    out: np.ndarray,
    truth: Truth,
    kind: Float,
    subnormal: np.ndarray,
    beyond: np.ndarray,
    terms: int,
    stated: bool = True,
) -> Verdict:
    """Compare results with truths. `subnormal` marks entries computed from subnormal inputs, and `beyond` those of rows
    in which a term, or the difference of two numbers, is beyond the largest number: infinity, but not NaN, is right.

    `terms` is how many terms a result may have. `stated` says whether the results follow lossary's stated rules at the
    boundary; others need only be finite there.
    """
    free = (truth.kind == Kind.UNDEFINED) | beyond
    if not stated:
        free |= truth.kind == Kind.BOUNDARY
    ruled = truth.kind == Kind.BOUNDARY  # to three digits
    overflow = (np.abs(truth.high) > kind.largest) & (truth.kind != Kind.INTERVAL)
    broken = np.isnan(out) | (np.isinf(out) & ~overflow & ~beyond)
    distance = measured(np.where(np.isfinite(out), out, 0.0), truth)
    right = overflow & (np.sign(out) == np.sign(truth.high)) & (np.abs(out) >= kind.largest / 2)
    distance = np.where(right | free | broken, 0.0, np.where(overflow, np.inf, distance))
    distance = np.where(ruled & (distance <= GROSS * np.abs(truth.high)), 0.0, distance)
    nearest = np.where(out > truth.high + truth.width / 2, truth.high + truth.width, truth.high)  # the end of a kink
    high = np.where(overflow, kind.largest, nearest)
    scale = np.where(np.isfinite(truth.scale), truth.scale, kind.largest)
    with np.errstate(over="ignore"):
        ulp, of_scale = distance / spacing(high, kind), distance / spacing(np.maximum(scale, np.abs(high)), kind)
        of_inputs = distance / np.maximum(np.nan_to_num(truth.move, posinf=kind.largest), spacing(high, kind))
    flushed = np.broadcast_to(subnormal, out.shape) | vanishing(distance, kind, terms)
    seen = ~flushed & ~broken
    units = [np.where(seen, error, 0.0) for error in (ulp, of_scale, of_inputs)]
    gross = (distance > GROSS * np.abs(high)) & (np.minimum.reduce(units) > 8)
    return Verdict(*units, broken, gross, flushed & ~broken)


def measured(out: np.ndarray, truth: Truth) -> np.ndarray:
    """The distance from the truth, or from the interval of truths."""
    with np.errstate(invalid="ignore", over="ignore"):
        above = (out - truth.high) - truth.low
    if truth.width.any():
        return np.maximum(np.maximum(-above, above - truth.width), 0.0)
    return np.abs(above)


def vanishing(distance: np.ndarray, kind: Float, terms: int) -> np.ndarray:
    """Whether an error is no larger than so many subnormal terms read as 0. (float16 is computed in float32.)"""
    if kind.name == "float16":
        return np.zeros(distance.shape, dtype=bool)
    return (distance > 0) & (distance <= float(kind.least) * terms)


def has_subnormals(values: np.ndarray, kind: Float) -> np.ndarray:
    """Whether an entry is subnormal in its type. Those of float16 are ordinary numbers where it is computed."""
    if kind.name == "float16" or values.dtype.kind == "i":
        return np.zeros(values.shape, dtype=bool)
    return (values != 0) & (np.abs(values) < float(kind.info.smallest_normal))
