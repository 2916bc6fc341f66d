"""Data as a fit reads them, and what a start is made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ..core.contract import COUNT
from ..core.errors import LossaryError, ParameterError, ShapeError, TargetError
from ..core.forms import Likelihood
from ..core.forms.likelihoods import ANGLE_TARGET, POSITIVE_TARGET, SHARE_TARGET
from ..data.arrays import array

Array = np.ndarray


class Sample:
    """Numbers with weights: equal counts are counted once."""

    numpy = np

    def __init__(self, y: Array, w: Array, censored: Array | None = None) -> None:
        self.y, self.w, self.censored = y, w, censored
        self.rows = len(y)

    @cached_property
    def size(self) -> float:
        """The sum of the weights."""
        return float(self.w.sum())

    @cached_property
    def distinct(self) -> int:
        return len(np.unique(self.y[:100_000]))

    def average(self, of: Callable[[Array], Array]) -> float:
        """The weighted mean of a function of the data."""
        with np.errstate(all="ignore"):
            return float(np.average(of(self.y), weights=self.w))

    @cached_property
    def mean(self) -> float:
        return self.average(lambda y: y)

    @cached_property
    def std(self) -> float:
        return float(np.sqrt(max(self.average(lambda y: (y - self.mean) ** 2), 0.0)))

    @cached_property
    def skewness(self) -> float:
        return self.average(lambda y: (y - self.mean) ** 3) / max(self.std**3, 1e-300)

    @cached_property
    def _inside(self) -> Array:
        return np.log(np.maximum(self.y, np.finfo(float).tiny))

    @cached_property
    def log_mean(self) -> float:
        return float(np.average(self._inside, weights=self.w))

    @cached_property
    def log_std(self) -> float:
        return float(np.sqrt(np.average((self._inside - self.log_mean) ** 2, weights=self.w)))

    @cached_property
    def inverse_mean(self) -> float:
        return self.average(lambda y: 1 / np.maximum(y, np.finfo(float).tiny))

    @cached_property
    def _order(self) -> tuple[Array, Array]:
        order = np.argsort(self.y, kind="stable")
        return self.y[order], np.cumsum(self.w[order])

    def quantile(self, share: float) -> float:
        """The weighted quantile; the middle of two where it lies between them."""
        y, total = self._order
        at = share * total[-1]
        k = min(int(np.searchsorted(total, at)), len(y) - 1)
        tied = abs(total[k] - at) <= 1e-12 * total[-1] and k + 1 < len(y)
        return float((y[k] + y[k + 1]) / 2 if tied else y[k])

    @cached_property
    def median(self) -> float:
        return self.quantile(0.5)

    @cached_property
    def quarters(self) -> float:
        """The distance of the quartiles."""
        return max(self.quantile(0.75) - self.quantile(0.25), 1e-9 * max(self.std, 1e-300))

    @cached_property
    def deviation(self) -> float:
        """The mean distance from the median."""
        return self.average(lambda y: np.abs(y - self.median))

    @cached_property
    def zeros(self) -> float:
        return self.average(lambda y: (y == 0).astype(float))

    @cached_property
    def positive_mean(self) -> float:
        some = self.y > 0
        return float(np.average(self.y[some], weights=self.w[some])) if some.any() else 0.0

    def thinned(self, most: int) -> Sample:
        """So many rows, in even steps of their order of arrival."""
        if self.rows <= most:
            return self
        chosen = np.linspace(0, self.rows - 1, most).astype(int)
        return Sample(self.y[chosen], self.w[chosen], None if self.censored is None else self.censored[chosen])


def numbers(values: Any, what: str, asked: str) -> Array:
    """One finite number for each row."""
    found = array(values, what).astype(float)
    if found.ndim == 2 and 1 in found.shape:
        found = found.reshape(-1)
    if found.ndim != 1 or not found.size:
        raise ShapeError(
            asked,
            arrived=f"{what} has shape {found.shape}.",
            allowed="Expected one number for each row, at least one.",
            do="Pass one column.",
        )
    if not np.isfinite(found).all():
        place = int(np.argmin(np.isfinite(found)))
        raise LossaryError(
            asked,
            arrived=f"{what} holds {found[place]:g} in row {place}.",
            allowed="Expected finite numbers.",
            do="Leave out what is missing: data[np.isfinite(data)].",
        )
    return found


def read(data: Any, weights: Any, censored: Any, asked: str) -> Sample:
    """The sample, without rows of weight 0."""
    y = numbers(data, "data", asked)
    w = np.ones(len(y)) if weights is None else numbers(weights, "weights", asked)
    c = None if censored is None else numbers(censored, "censored", asked)
    for name, column in (("weights", w), ("censored", c)):
        if column is not None and len(column) != len(y):
            raise ShapeError(
                asked,
                arrived=f"{name} has {len(column)} numbers for {len(y)} rows.",
                allowed=f"Expected one number of {name} for each row.",
                do=f"Pass {name} of the length of the data.",
            )
    if (w < 0).any() or not w.any():
        raise ParameterError(
            asked,
            arrived=f"weights holds {w.min():g}." if (w < 0).any() else "Every weight is 0.",
            allowed="Expected weights >= 0, not all 0.",
            do="A weight of 2 counts a row twice.",
        )
    if c is not None and not np.isin(c, (-1, 0, 1)).all():
        raise ParameterError(
            asked,
            arrived=f"censored holds {c[~np.isin(c, (-1, 0, 1))][0]:g}.",
            allowed="Expected 0 for an observed number, 1 for one that is only known to be larger, -1 for smaller.",
            do="Code what is censored so.",
        )
    keep = w > 0
    return Sample(y[keep], w[keep], None if c is None or not c.any() else c[keep])


def check(loss: Likelihood, sample: Sample, asked: str) -> None:
    """Refuse data that the distribution cannot give."""
    values, y = loss.contract.target, sample.y
    whole = values is COUNT or values.words.startswith("a count")
    open_low, open_high = values in (POSITIVE_TARGET, SHARE_TARGET), values is SHARE_TARGET
    low, high = getattr(loss, "minimum", values.low), values.high
    bad = (y < low) | (y > high) | (open_low & (y <= values.low)) | (open_high & (y >= 1)) | (whole & (y != np.rint(y)))
    if values is ANGLE_TARGET and y.max() - y.min() > 2 * np.pi + 1e-9:
        raise TargetError(
            asked,
            arrived=f"data goes from {y.min():g} to {y.max():g}.",
            allowed="Expected angles in radians, of one turn.",
            do="Turn degrees into radians, and take full turns off: data % (2 * np.pi).",
        )
    if bad.any():
        words = "a whole number >= 0" if values is COUNT else values.words
        raise TargetError(
            asked,
            arrived=f"data holds {y[bad][0]:g}, and {int(bad.sum())} such numbers in all.",
            allowed=f"Expected {words}" + (f", at least {low:g}" if low > values.low else "") + ".",
            do="Choose a distribution that can give these numbers, or shift or leave out those that it cannot.",
        )


def counted(sample: Sample) -> Sample:
    """Equal numbers once, with the sum of their weights, where that is shorter."""
    if sample.censored is not None or sample.rows < 200:
        return sample
    y, place = np.unique(sample.y, return_inverse=True)
    if len(y) > sample.rows // 4:
        return sample
    return Sample(y, np.bincount(place, weights=sample.w))
