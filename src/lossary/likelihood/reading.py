"""What a fit is given, read strictly: numbers, weights, and what is known of numbers that were not observed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.contract import COUNT
from ..core.errors import LossaryError, ParameterError, ShapeError, TargetError
from ..core.forms import Likelihood
from ..core.forms.likelihoods import ANGLE_TARGET, POSITIVE_TARGET, SHARE_TARGET
from ..data.arrays import array
from ..heads.supports import impossible, is_count
from .sample import Sample

Array = np.ndarray
LARGEST = 1e70  # of scales that a likelihood reads without loss


@dataclass(frozen=True)
class Ranges:
    """Probabilities of low < y <= high that a likelihood holds, with weights: below 0 where it is divided by them."""

    low: Array
    high: Array
    w: Array


@dataclass(frozen=True)
class Reading:
    """All rows as a start sees them, those that were observed, and the ranges of the others."""

    sample: Sample
    seen: Sample
    ranges: Ranges | None


def is_real(value: Any) -> bool:
    """Whether it is one number."""
    try:
        return not isinstance(value, (str, bytes)) and np.ndim(value) == 0 and isinstance(float(value), float)
    except (TypeError, ValueError, OverflowError):
        return False


def numbers(values: Any, what: str, asked: str) -> Array:
    """One finite number for each row."""
    found = _column(values, what, asked)
    _check_finite(found, what, asked)
    return found


def _column(values: Any, what: str, asked: str) -> Array:
    given = array(values, what)
    found = given.astype(float, copy=False)
    if found.ndim == 2 and 1 in found.shape:
        found = found.reshape(-1)
    if found.ndim != 1 or not found.size:
        raise ShapeError(
            asked,
            arrived=f"{what} has shape {found.shape}.",
            allowed="Expected one number for each row, at least one.",
            do="Pass one column.",
        )
    if given.dtype.kind in "iu" and (merged := _merged(given.reshape(-1), found)):
        raise LossaryError(
            asked,
            arrived=f"{what} holds whole numbers that float64 does not tell apart: {merged[0]} and {merged[1]}.",
            allowed=f"Expected numbers up to {2**53}, or numbers that are further apart.",
            do=f"Subtract what they share: {what} - {what}.min(). A location moves by as much.",
        )
    return found


def _merged(given: Array, found: Array) -> tuple[int, int] | None:
    """Two different whole numbers that are the same as floats, among all that span no more than a few of these."""
    low, high = float(found.min()), float(found.max())
    most = max(-low, high)
    if most < 2**53 or high - low > 2**20 * np.spacing(most):
        return None
    whole = np.unique(given)
    same = np.flatnonzero(np.diff(whole.astype(float)) == 0)
    return (int(whole[same[0]]), int(whole[same[0] + 1])) if len(same) else None


def check_length(found: Array, what: str, rows: int, asked: str) -> None:
    """Refuse more or fewer numbers than rows."""
    if len(found) != rows:
        raise ShapeError(
            asked,
            arrived=f"{what} has {len(found)} numbers for {rows} rows.",
            allowed=f"Expected one number of {what} for each row.",
            do=f"Pass {what} of the length of the data.",
        )


def check_weights(w: Array, rows: int, asked: str) -> None:
    """Refuse weights that count no rows."""
    check_length(w, "weights", rows, asked)
    if (w < 0).any() or not w.any():
        raise ParameterError(
            asked,
            arrived=f"weights holds {w.min():g}." if (w < 0).any() else "Every weight is 0.",
            allowed="Expected weights >= 0, not all 0.",
            do="A weight of 2 counts a row twice.",
        )


def _check_finite(found: Array, what: str, asked: str) -> None:
    if not np.isfinite(found).all():
        place = int(np.argmin(np.isfinite(found)))
        raise LossaryError(
            asked,
            arrived=f"{what} holds {found[place]:g} in row {place}.",
            allowed="Expected finite numbers.",
            do="Leave out what is missing: data[np.isfinite(data)].",
        )


def too_large(y: Array, asked: str) -> LossaryError:
    """What is said of numbers whose sums, squares or inverses no number holds."""
    far = y[np.argmax(np.abs(y))]
    return LossaryError(
        asked,
        arrived=f"The largest number in data, by size, is {far:g}: a likelihood of such numbers is beyond what float64 "
        "holds.",
        allowed=f"Expected numbers whose usual sizes are between {1 / LARGEST:g} and {LARGEST:g}.",
        do=f"Change the unit: data / 1e{math.floor(math.log10(abs(far)))}. The estimates are then in that unit.",
    )


def read(data: Any, weights: Any, censored: Any, upper: Any, truncated: Any, loss: Likelihood, asked: str) -> Reading:
    """The sample, without rows of weight 0."""
    y = _column(data, "data", asked)
    sample = Sample(y)
    if not np.isfinite(sample.mean):
        _check_finite(y, "data", asked)
        raise too_large(y, asked)
    w = None if weights is None else numbers(weights, "weights", asked)
    c = None if censored is None else numbers(censored, "censored", asked)
    top = y if upper is None else np.asarray(array(upper, "upper"), dtype=float).reshape(-1)
    for name, column in (("weights", w), ("censored", c), ("upper", top)):
        if column is not None:
            check_length(column, name, len(y), asked)
    if w is not None:
        check_weights(w, len(y), asked)
    if c is not None and not np.isin(c, (-1, 0, 1)).all():
        raise ParameterError(
            asked,
            arrived=f"censored holds {c[~np.isin(c, (-1, 0, 1))][0]:g}.",
            allowed="Expected 0 for an observed number, 1 for one that is only known to be larger, -1 for smaller.",
            do="Use these codes for what is censored.",
        )
    if c is None and upper is None and truncated is None:
        whole = sample if w is None else Sample(y[w > 0], w[w > 0])
        check(loss, whole, asked)
        return Reading(whole, whole, None)
    return _with_ranges(y, np.ones(len(y)) if w is None else w, c, top, truncated, loss, asked)


def _with_ranges(
    y: Array, w: Array, c: Array | None, top: Array, truncated: Any, loss: Likelihood, asked: str
) -> Reading:
    top = np.where(np.isnan(top), y, top)
    if (top < y).any():
        place = int(np.argmax(top < y))
        raise ParameterError(
            asked,
            arrived=f"upper holds {top[place]:g} in row {place}, and data {y[place]:g}.",
            allowed="Expected upper >= data: the number lies between the two. Where it was observed, pass NaN or the "
            "same number.",
            do="Put the lower ends into data.",
        )
    codes = np.zeros(len(y)) if c is None else c
    codes = np.where(np.isposinf(top), 1.0, codes)
    between = (top > y) & (codes == 0)
    low, high = np.where(codes < 0, -np.inf, y), np.where(codes < 0, y, np.where(codes > 0, np.inf, top))
    keep, unseen = w > 0, (w > 0) & ((codes != 0) | between)
    sample = Sample(np.where(between, (y + np.where(between, top, 0.0)) / 2, y)[keep], w[keep])
    if is_count(loss):
        sample = Sample(np.rint(sample.y), sample.w)
    check(loss, sample, asked)
    ranges = Ranges(low[unseen], high[unseen], w[unseen])
    if truncated is not None:
        ranges = _cut(ranges, y, top, keep, unseen, w, truncated, loss, asked)
    seen = Sample(y[keep & ~unseen], w[keep & ~unseen])
    return Reading(sample, seen, _together(ranges) if len(ranges.w) else None)


def _cut(
    ranges: Ranges,
    y: Array,
    top: Array,
    keep: Array,
    unseen: Array,
    w: Array,
    truncated: Any,
    loss: Likelihood,
    asked: str,
) -> Ranges:
    """With what is divided by: the probability of being within the ends that could be seen."""
    parts = truncated if isinstance(truncated, tuple) else (truncated,)
    signs = zip(parts, (-1, 1), strict=False)
    ends = [np.inf * sign if one is None else array(one, "truncated").astype(float) for one, sign in signs]
    if (
        len(parts) != 2
        or any(np.shape(end) not in ((), y.shape) or np.isnan(end).any() for end in ends)
        or np.any(ends[0] >= ends[1])
    ):
        raise ParameterError(
            asked,
            arrived=f"truncated is {truncated!r}."[:200],
            allowed="Expected (low, high): the ends between which numbers could be seen at all, each a number, one for "
            "each row, or None for no end.",
            do="Pass truncated=(0.5, None) for a sample without numbers below 0.5.",
        )
    low, high = (np.broadcast_to(end, y.shape).astype(float) for end in ends)
    outside = keep & ((y < low) | (np.where(np.isposinf(top), y, top) > high))
    if outside.any():
        raise TargetError(
            asked,
            arrived=f"data holds {y[outside][0]:g}, outside truncated (such numbers in all: {int(outside.sum())}).",
            allowed="Expected numbers between the ends of truncated: no others could be seen.",
            do="Leave out these rows, or pass wider ends. A number that is known to lie beyond an end is censored.",
        )
    low = low - 1 if is_count(loss) else low  # the end itself counts
    within = np.maximum(ranges.low, low[unseen]), np.minimum(ranges.high, high[unseen])  # nothing beyond could be seen
    return Ranges(
        np.concatenate([within[0], low[keep]]), np.concatenate([within[1], high[keep]]),
        np.concatenate([ranges.w, -w[keep]]),
    )  # fmt: skip


def _together(ranges: Ranges) -> Ranges:
    """Equal ranges once."""
    sign = np.sign(ranges.w)
    pairs, place = np.unique(np.stack([ranges.low, ranges.high, sign], axis=1), axis=0, return_inverse=True)
    return Ranges(pairs[:, 0], pairs[:, 1], np.bincount(place.reshape(-1), weights=ranges.w))


def check(loss: Likelihood, sample: Sample, asked: str) -> None:
    """Refuse data that the distribution cannot give."""
    values, y = loss.contract.target, sample.y
    open_low, open_high = values in (POSITIVE_TARGET, SHARE_TARGET) and loss.atom is None, values is SHARE_TARGET
    low, high = getattr(loss, "minimum", values.low), values.high
    if values is ANGLE_TARGET and sample.high - sample.low > 2 * np.pi + 1e-9:
        raise TargetError(
            asked,
            arrived=f"data goes from {sample.low:g} to {sample.high:g}.",
            allowed="Expected angles in radians, of one turn.",
            do="Convert degrees to radians, and remove full turns: data % (2 * np.pi).",
        )
    bounded = np.isfinite(low) or np.isfinite(high)
    inside = not bounded or (
        sample.low >= low and not (open_low and sample.low <= values.low)
        and (high == np.inf or (sample.high <= high and not (open_high and sample.high >= 1)))
    )  # fmt: skip
    if inside and not (is_count(loss) and sample.whole is None):
        return
    bad = impossible(loss, y)
    words = "a whole number >= 0" if values is COUNT else values.words
    raise TargetError(
        asked,
        arrived=f"data holds {y[bad][0]:g} (such numbers in all: {int(bad.sum())}).",
        allowed=f"Expected {words}" + (f", at least {low:g}" if low > values.low else "") + ".",
        do="Choose a distribution that can produce these numbers, or shift or leave out those that it cannot.",
    )
