"""A likelihood of many rows on few: equal numbers once, few rows with the same sums, or nodes of narrow bins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..core.contract import Values
from ..core.forms import Likelihood
from ..core.forms.likelihoods import AMOUNT_TARGET, POSITIVE_TARGET, SHARE_TARGET
from ..heads.supports import is_count
from ..linear.rows import Programs, Rows
from .engine import SIZES
from .nodes import AT, BETWEEN, NODES, SHARES, TOLD
from .sample import BLOCK, TINY, Sample

Array = np.ndarray
MANY = 1 << 13  # from so many rows on
FEW = 64  # rows that stand for all where sums say everything

SUMS: dict[str, Callable[[Array, Sample], Array]] = {
    "y": lambda y, all: (y - all.mean) / all.std,
    "y^2": lambda y, all: np.square((y - all.mean) / all.std),
    "log y": lambda y, all: np.log(y) - all.log_mean,
    "log^2 y": lambda y, all: np.square((np.log(y) - all.log_mean) / all.log_std),
    "1/y": lambda y, all: 1 / (y * all.inverse_mean),
    "log(1-y)": lambda y, all: np.log1p(-y),
    "cos y": lambda y, all: np.cos(y),
    "sin y": lambda y, all: np.sin(y),
}  # what a likelihood can name in `sums`, in units of the sample
MEANS = {"y": 0.0, "y^2": 1.0, "log y": 0.0, "log^2 y": 1.0, "1/y": 1.0}  # of those in these units


def shorter(loss: Likelihood, sample: Sample) -> Sample | Bins:
    """What has the same likelihood as the sample on fewer rows; the sample itself where nothing has."""
    if is_count(loss) or _repeats(sample):
        return counted(sample) if sample.rows >= 200 else sample
    if sample.rows < MANY or sample.distinct < 100:
        return sample
    if loss.sums:
        return alike(sample, loss.sums)
    bins = Bins(sample.sorted, loss.target)
    return bins if len(bins.y) < sample.rows / 2 else sample


def _repeats(sample: Sample) -> bool:
    return sample.rows >= 200 and len(np.unique(sample.y[:2000])) <= min(sample.rows, 2000) // 4


def counted(sample: Sample) -> Sample:
    """Equal numbers once, with the sum of their weights."""
    if sample.low >= 0 and sample.high < max(4 * sample.rows, 1000) and sample.whole is not None:
        heaps = np.bincount(sample.whole, sample.weights)
        there = np.flatnonzero(heaps)
        return Sample(there.astype(float), heaps[there].astype(float))
    y, place = np.unique(sample.y, return_inverse=True)
    return Sample(y, np.bincount(place, weights=sample.w))


def alike(sample: Sample, names: tuple[str, ...]) -> Sample:
    """Few rows with weights for which each of these functions has the sum that it has for all rows."""
    y = np.unique(sample.thinned(4 * FEW).y)
    y = y[np.linspace(0, len(y) - 1, min(FEW, len(y))).astype(int)]
    told = np.stack([np.ones(len(y)), *(SUMS[name](y, sample) for name in names)])
    means = [MEANS[name] if name in MEANS else _average(sample, name) for name in names]
    w = np.full(len(y), 1 / len(y))
    for _ in range(2):  # the second takes off what rounding left
        w = w + np.linalg.lstsq(told, np.array([1.0, *means]) - told @ w, rcond=None)[0]
    return Sample(y, w * sample.size)


def _average(sample: Sample, name: str) -> float:
    return sample.average(lambda y: SUMS[name](y, sample))


WIDTH = 0.15  # of a bin, in quartiles near the middle and relative to the distance beyond
WRONG = 1e-10  # what the nodes may lose of a row's value

PARTS = 8  # that a bin is split into


class Bins(Sample):
    """Sorted rows in narrow bins. The sum over a bin of a smooth function is a weighted sum over its nodes.

    A bin that the nodes do not tell (few rows, a corner, the end of a support) is open: its rows stand as they are.
    """

    def __init__(self, all: Sample, target: Values) -> None:
        self.all = all
        first = np.unique(np.searchsorted(all.y, _edges(all, target)))
        self._fill(first[first < all.rows], all.rows)
        self._arrange()

    @property
    def w(self) -> Array:  # of now: bins may be opened
        return np.asarray(self.weights)

    def _fill(self, first: Array, stop: int) -> None:
        """Bins of neighbouring rows, up to a row."""
        self.first, self.counts = first, np.diff(np.append(first, stop))
        low, high = self.all.y[first], self.all.y[first + self.counts - 1]
        self.middle, self.half = low / 2 + high / 2, high / 2 - low / 2
        self.sums = _moments(self.all, first, self.counts, self.middle, self.half)
        self.opened = self.counts <= 2 * NODES

    def _arrange(self) -> None:
        """The nodes of closed bins, and the rows of open ones."""
        closed, loads = ~self.opened, SHARES.T @ self.sums
        nodes = self.middle[closed] + self.half[closed] * AT[:, None]
        inside = zip(self.first[self.opened], self.counts[self.opened], strict=True)
        rows = self.all.of(np.concatenate([np.arange(0), *(np.arange(a, a + n) for a, n in inside)]))
        super().__init__(
            np.concatenate([nodes.reshape(-1), rows.y]), np.concatenate([loads[:, closed].reshape(-1), rows.w])
        )

    def look(self, function: Programs, c: Array) -> bool:
        """Whether the nodes tell the likelihood at c; bins where they do not are split, and opened at last."""
        closed = np.flatnonzero(~self.opened)
        if not len(closed):
            return True
        wrong = self._wrong(function, c, closed)
        order = np.argsort(wrong)
        bad = closed[order[np.cumsum(wrong[order]) > WRONG * self.all.size]]
        if len(bad):
            self._split(bad)
            self._arrange()
        return not len(bad)

    def _wrong(self, function: Programs, c: Array, closed: Array) -> Array:
        """How far the sums over bins may be off: in the value, and in the slopes in their usual size."""
        places = np.concatenate([AT, BETWEEN])[:, None]
        y = (self.middle[closed] + self.half[closed] * places).reshape(-1)
        with np.errstate(all="ignore"):
            value, slope = Rows(function, y, len(c), SIZES).slopes(np.tile(c, (len(y), 1)))
            seen = np.concatenate([value[:, None], slope], axis=1).reshape(len(places), len(closed), -1)
            usual = np.sqrt((self.sums[0, closed, None] * np.square(seen[:NODES]).mean(0)).sum(0) / self.all.size)
            usual[0] = 1.0
            gap = np.abs(seen[NODES:] - np.einsum("bn,nkj->bkj", TOLD, seen[:NODES])).max(0)
            gap = np.where(gap > 0, gap / np.maximum(usual, 1e-300), gap)
        return np.nan_to_num(gap.max(-1), nan=np.inf) * self.sums[0, closed]

    def _split(self, bad: Array) -> None:
        """Each of these bins in parts of as many rows, or open where it has few."""
        few = bad[self.counts[bad] <= PARTS * NODES]
        self.opened[few] = True
        parts = [self]
        for k in np.setdiff1d(bad, few):
            part = object.__new__(Bins)
            part.all, stop = self.all, self.first[k] + self.counts[k]
            part._fill(np.linspace(self.first[k], stop, PARTS + 1).astype(int)[:-1], stop)
            parts.append(part)
        keep = np.ones(len(self.first), bool)
        keep[np.setdiff1d(bad, few)] = False
        for name in ("first", "counts", "middle", "half", "opened"):
            mine, *others = (getattr(part, name) for part in parts)
            setattr(self, name, np.concatenate([mine[keep], *others]))
        self.sums = np.concatenate([parts[0].sums[:, keep], *(part.sums for part in parts[1:])], axis=1)


def _edges(all: Sample, target: Values) -> Array:
    """Of bins as wide as a likelihood changes slowly: relative to the distance from where it changes fast."""
    if target is SHARE_TARGET:
        turned = lambda y: np.log(np.maximum(y, TINY)) - np.log1p(-y)  # noqa: E731
        back, width = (lambda u: 1 / (1 + np.exp(-u))), 2 * WIDTH
    elif target in (POSITIVE_TARGET, AMOUNT_TARGET) and all.low > 0:
        turned, back, width = (lambda y: np.log(np.maximum(y, TINY))), np.exp, 2 * WIDTH
    else:
        middle, unit = all.quantile(0.5), max(all.quantile(0.75) - all.quantile(0.25), 1e-300)
        turned = lambda y: np.arcsinh((y - middle) / unit)  # noqa: E731
        back, width = (lambda u: middle + unit * np.sinh(u)), WIDTH
    quarters = turned(all.quantile(0.75)) - turned(all.quantile(0.25))
    low, high = turned(all.y[0]), turned(all.y[-1])
    width = max(min(width, WIDTH * max(quarters, 1e-3)), 8 * NODES * (high - low) / all.rows)
    return np.append(all.y[0], back(np.arange(low, high, width)[1:]))


def _moments(all: Sample, first: Array, counts: Array, middle: Array, half: Array) -> Array:
    """Weighted sums of Chebyshev's polynomials over the rows of each bin, (nodes, bins)."""
    half = np.where(half > 0, half, 1.0)
    found, bin = [], 0
    while bin < len(first):  # as many bins as stay in the cache
        end = max(int(np.searchsorted(first, first[bin] + BLOCK)), bin + 1)
        many = counts[bin:end]
        rows = slice(first[bin], first[bin] + many.sum())
        t = (all.y[rows] - np.repeat(middle[bin:end], many)) * np.repeat(1 / half[bin:end], many)
        before = np.ones(len(t)) if all.weights is None else all.weights[rows].copy()
        found.append(_waves(t, before, first[bin:end] - first[bin]))
        bin = end
    return np.concatenate(found, axis=1)


def _waves(t: Array, before: Array, first: Array) -> Array:
    """The sums of weights times Chebyshev's polynomials from each place on."""
    now = t * before
    t += t
    sums = [np.add.reduceat(before, first), np.add.reduceat(now, first)]
    for _ in range(2, NODES):
        np.subtract(t * now, before, out=before)
        before, now = now, before
        sums.append(np.add.reduceat(now, first))
    return np.stack(sums)
