"""A sample as a fit reads it: numbers with weights, and what a start is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np

Array = np.ndarray
BLOCK = 1 << 15  # rows at once: they stay in the cache
FEW = 1 << 12  # different numbers for which a start may take its time
TINY = np.finfo(float).tiny


class Sample:
    """Numbers with weights; no weights are weights of 1. What is asked of it is computed once."""

    numpy = np

    def __init__(self, y: Array, weights: Array | None = None) -> None:
        self.y, self.weights = y, weights
        self.rows = len(y)

    @cached_property
    def w(self) -> Array:
        return np.ones(self.rows) if self.weights is None else self.weights

    @cached_property
    def size(self) -> float:
        """The sum of the weights."""
        return float(self.rows if self.weights is None else self.weights.sum())

    @cached_property
    def distinct(self) -> int:
        """How many different numbers there are, at least: counted in the first rows."""
        few = len(np.unique(self.y[:1000]))
        return few if few > 100 else len(np.unique(self.y[:100_000]))

    @cached_property
    def _in_one_pass(self) -> tuple[float, float]:
        with np.errstate(all="ignore"):
            found = [(y.min(), y.sum() if w is None else np.where(w > 0, y, 0.0) @ w) for y, w in self._blocks()]
        low, totals = (map(float, part) for part in zip(*found, strict=True))
        return min(low), sum(totals) / self.size

    low = property(lambda self: self._in_one_pass[0])
    mean = property(lambda self: self._in_one_pass[1])

    @cached_property
    def high(self) -> float:
        return float(self.y.max())

    @cached_property
    def whole(self) -> Array | None:
        """The numbers as whole ones, where they are."""
        if not abs(self.low) < 2**53 > self.high:
            return self.y if np.array_equal(self.y, np.rint(self.y)) else None
        numbers = self.y.astype(np.int64)
        return numbers if np.array_equal(numbers, self.y) else None

    def average(self, of: Callable[[Array], Array]) -> float:
        """The weighted mean of a function of the data."""
        with np.errstate(all="ignore"):
            return math.fsum(float(of(y).sum() if w is None else of(y) @ w) for y, w in self._blocks()) / self.size

    def _blocks(self, size: int = BLOCK) -> Iterator[tuple[Array, Array | None]]:
        size = size if self.weights is None else min(size, 1 << 13)
        for first in range(0, self.rows, size):
            here = slice(first, first + size)
            yield self.y[here], None if self.weights is None else self.weights[here]

    def _spread(self, of: Callable[[Array], Array]) -> float:
        """The root of the mean square of a function of the data."""
        with np.errstate(all="ignore"):
            found = ((d := of(y), d if w is None else d * w) for y, w in self._blocks(1 << 14))
            return math.sqrt(math.fsum(float(d.dot(e)) for d, e in found) / self.size)

    @cached_property
    def std(self) -> float:
        return self._spread(lambda y: y - self.mean)

    @cached_property
    def skewness(self) -> float:
        return self.average(lambda y: (y - self.mean) ** 3) / max(self.std**3, 1e-300)

    @cached_property
    def log_mean(self) -> float:
        most = max(abs(math.log(max(end, TINY))) for end in (self.low, self.mean * self.size))  # no one is above all
        group = min(int(600 / max(most, 1.0)), 16)  # the logarithm of so many numbers' product is finite
        if self.weights is not None or group < 2 or self.low < TINY:
            return self.average(_log)
        return math.fsum(_log_product(y, 1 << (group.bit_length() - 1)) for y, _ in self._blocks()) / self.size

    @cached_property
    def of_logs(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithms, each taken once: blocks' sums of squares merge."""
        with np.errstate(all="ignore"):
            parts = [self._of_logs(y, w) for y, w in self._blocks()]
        size, mean, squares = (np.array(part) for part in zip(*parts, strict=True))
        whole = math.fsum(size * mean) / self.size
        return whole, math.sqrt(math.fsum(squares + size * (mean - whole) ** 2) / self.size)

    log_std = property(lambda self: self.of_logs[1])

    @staticmethod
    def _of_logs(y: Array, w: Array | None) -> tuple[float, float, float]:
        """The weight of a block, the mean of its logarithms, and the sum of their squares around it."""
        logs, size = _log(y), float(len(y) if w is None else w.sum())
        if not size:
            return 0.0, 0.0, 0.0
        mean = float(logs.sum() if w is None else logs @ w) / size
        logs -= mean
        return size, mean, float(logs @ (logs if w is None else logs * w))

    @cached_property
    def inverse_mean(self) -> float:
        return self.average(lambda y: 1 / np.maximum(y, TINY))

    def log_gap(self, mean: float, inverse: bool = False) -> float:
        """The logarithm of the mean, less the mean of the logarithms, of the numbers or of their inverses."""
        gap = math.log(max(mean, TINY)) - (-self.log_mean if inverse else self.log_mean)
        if gap > 1e-4:
            return gap

        def apart(y: Array) -> Array:  # they are nearly equal
            off = (1 - y * mean) / (y * mean) if inverse else (y - mean) / mean
            return off - np.log1p(off)

        return max(self.average(apart), 1e-300)

    @cached_property
    def sorted(self) -> Sample:
        order = None if self.weights is None else np.argsort(self.y, kind="stable")
        found = Sample(np.sort(self.y)) if order is None else self.of(order)
        found.sorted = found
        return found

    @cached_property
    def _heaped(self) -> Array:
        return np.cumsum(self.sorted.w)

    def quantile(self, share: float) -> float:
        """The weighted quantile; the middle of two where it lies between them."""
        y, at = self.sorted.y, share * self.size
        if self.weights is None:
            k, tied = max(math.ceil(at * (1 - 1e-12)) - 1, 0), abs(at - round(at)) <= 1e-12 * self.size
        else:
            k = int(np.searchsorted(self._heaped, at * (1 - 1e-12)))
            tied = k < len(y) and abs(self._heaped[k] - at) <= 1e-12 * self.size
        k = min(k, len(y) - 1)
        return float((y[k] + y[min(k + 1, len(y) - 1)]) / 2 if tied and at > 0 else y[k])

    @cached_property
    def median(self) -> float:
        return self.quantile(0.5)

    @cached_property
    def median_alone(self) -> float:
        """The median, without an order of all rows: for who asks for nothing else of it."""
        if self.weights is not None or "sorted" in vars(self):
            return self.median
        low, high = (self.rows - 1) // 2, self.rows // 2
        parted = np.partition(self.y, (low, high) if high > low else high)
        return float((parted[low] + parted[high]) / 2)

    @cached_property
    def quarters(self) -> float:
        """The distance of the quartiles."""
        return max(self.quantile(0.75) - self.quantile(0.25), 1e-9 * max(self.std, 1e-300))

    @cached_property
    def deviation(self) -> float:
        """The mean distance from the median."""
        return self.average(lambda y: np.abs(y - self.median_alone))

    @cached_property
    def zeros(self) -> float:
        return self.average(lambda y: (y == 0).astype(float))

    @cached_property
    def positive_mean(self) -> float:
        some = 1 - self.zeros
        return self.average(lambda y: np.where(y > 0, y, 0.0)) / some if some > 0 else 0.0

    @staticmethod
    def shape_of_gap(shape: float, gap: float) -> float:
        """The shape of a gamma distribution, log(shape) - digamma(shape) = gap, by Newton's steps from near it."""
        from scipy.special import digamma, polygamma

        for _ in range(4 if 1e-10 < gap < 1e6 else 0):
            off = math.log(shape) - float(digamma(shape)) - gap
            shape = 1 / (1 / shape + off / (shape**2 * (1 / shape - float(polygamma(1, shape)))))
        return shape

    def dispersion_of_counts(self, near: float) -> float:
        """The dispersion of negative binomial counts of this mean, by Newton's steps from near it."""
        from scipy.special import polygamma

        if self.rows > FEW or not (1e-8 < near < 1e8 and self.mean > 0):
            return near
        size, off = 1 / near, 1.0

        def rise(order: int) -> float:
            return self.average(lambda y: polygamma(order, y + size)) - float(polygamma(order, size))

        for _ in range(8):
            slope, bend = rise(0) - math.log1p(self.mean / size), rise(1)
            off = slope / (size * bend + self.mean / (size + self.mean))
            if not abs(off) < 5:
                return near
            size *= math.exp(-off)
            if abs(off) < 1e-7:
                return 1 / size
        return near

    @staticmethod
    @np.errstate(all="ignore")
    def shapes_of_logs(a: float, b: float, log_mean: float, log_rest: float) -> tuple[float, float]:
        """The shapes of a beta distribution from the means of log y and log(1 - y), by Newton's steps."""
        from scipy.special import digamma, polygamma

        for _ in range(40):
            off = np.array([digamma(a) - log_mean, digamma(b) - log_rest]) - digamma(a + b)
            slopes = np.diag(polygamma(1, [a, b])) - polygamma(1, a + b)
            if not (np.isfinite(off).all() and np.isfinite(slopes).all()):
                break
            step = np.clip(-np.linalg.pinv(slopes * np.array([a, b])) @ off, -1.0, 1.0)  # of the logarithms
            a, b = a * math.exp(step[0]), b * math.exp(step[1])
            if np.abs(step).max() < 1e-10 or max(a, b) > 1e9:
                break
        return a, b

    @staticmethod
    def concentration_of(start: float, length: float) -> float:
        """The concentration of a von Mises distribution, I1 / I0 = length, by Newton's steps from near it."""
        from scipy.special import i0e, i1e

        k = start
        for _ in range(40 if length < 1 - 1e-9 else 0):
            ratio = float(i1e(k) / i0e(k))
            step = (length - ratio) / max(1 - ratio / k - ratio**2, 1e-300)
            k = max(k + step, k / 4)
            if abs(step) <= 1e-12 * k:
                break
        return k

    def thinned(self, most: int) -> Sample:
        """So many rows, in even steps of their order of arrival."""
        if self.rows <= most:
            return self
        chosen = np.linspace(0, self.rows - 1, most).astype(int)
        return self.of(chosen)

    def of(self, chosen: Array) -> Sample:
        """Some of the rows."""
        return Sample(self.y[chosen], None if self.weights is None else self.weights[chosen])


def _log(y: Array) -> Array:
    return np.log(np.maximum(y, TINY))


def _log_product(y: Array, group: int) -> float:
    """The sum of logarithms, from those of products of as many as `group`."""
    whole = len(y) - len(y) % group
    products = np.multiply.reduce(y[:whole].reshape(group, -1), axis=0)
    return float(np.log(products).sum() + np.log(y[whole:]).sum())
