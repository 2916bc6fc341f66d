"""What can be seen of a target: its kind of numbers, range, zeros, tails, ties, imbalance, missing labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossary._errors import LossaryError
from lossary.data.arrays import array

Array = np.ndarray[Any, Any]
FAR = 5.0  # robust standard deviations from the median, beyond which a normal target has one row in two million
LARGE = 1e30  # whose squares do not leave float32 far behind
FEW = 20  # whole numbers of at most this many values may be labels


@dataclass(frozen=True)
class Facts:
    """A target in numbers. Of text, `values` holds class numbers and `labels` the texts, in their order."""

    values: Array  # (rows, columns), complete rows only
    labels: tuple[str, ...] = ()
    missing: int = 0  # rows with a missing entry
    text: bool = False
    yes_no: bool = False  # of booleans

    @property
    def rows(self) -> int:
        return len(self.values)

    @property
    def columns(self) -> int:
        return int(self.values.shape[1])

    @property
    def distinct(self) -> int:
        return len(np.unique(self.values))

    @property
    def low(self) -> float:
        return float(self.values.min())

    @property
    def high(self) -> float:
        return float(self.values.max())

    @property
    def whole(self) -> bool:
        return bool((np.rint(self.values) == self.values).all())

    @property
    def binary(self) -> bool:
        return bool(np.isin(self.values, (0, 1)).all())

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def zeros(self) -> float:
        """The share of exact zeros."""
        return float((self.values == 0).mean())

    @property
    def dispersion(self) -> float:
        """Variance by mean: 1 for counts of Poisson's kind."""
        return float(self.values.var() / max(self.mean, 1e-300))

    @property
    def spread(self) -> float:
        """A standard deviation that outliers do not move: of a normal target, the usual one."""
        middle = np.median(self.values)
        by_middle = 1.4826 * float(np.median(abs(self.values - middle)))
        return by_middle or float(self.values.std())

    @property
    def far(self) -> float:
        """The share of rows far from the median."""
        return float((abs(self.values - np.median(self.values)) > FAR * self.spread).mean()) if self.spread else 0.0

    @property
    def skewed(self) -> bool:
        """Whether the long tail is that of a positive amount: the logarithm is more symmetric than the number."""
        if self.low <= 0:
            return False
        return abs(skewness(np.log(self.values))) + 0.5 < skewness(self.values)

    def share_at(self, end: float) -> float:
        """The share of rows that lie exactly at a number."""
        return float((self.values == end).mean())

    @property
    def counts(self) -> Array:
        """How many rows each class has."""
        if self.columns > 1:
            return self.values.sum(0)
        return np.unique(self.values, return_counts=True)[1]

    @property
    def rarest(self) -> float:
        """The share of the rarest class."""
        return float(self.counts.min() / self.rows)

    @property
    def one_of_each(self) -> bool:
        """Whether the rows are one-hot, or probabilities that sum to 1."""
        inside = self.low >= 0 and self.high <= 1
        return self.columns > 1 and inside and bool(np.allclose(self.values.sum(1), 1, atol=1e-5))


def skewness(x: Array) -> float:
    spread = x.std()
    return float((((x - x.mean()) / spread) ** 3).mean()) if spread else 0.0


def look(y: Any) -> Facts:
    """The facts of whatever holds a target: numbers, texts, booleans; one column or several."""
    given = np.asarray(y, dtype=object) if _is_text(y) else None
    if given is not None:
        if given.ndim > 1 and given.shape[1:] != (1,):
            raise _refused(f"y holds text in {given.shape[1]} columns.", "Pass one column of labels, or numbers.")
        flat = given.reshape(-1)
        gone = np.array([cell is None or cell != cell or cell == "" for cell in flat])
        labels, codes = np.unique(flat[~gone].astype(str), return_inverse=True)
        return _seen(Facts(codes.astype(float).reshape(-1, 1), tuple(map(str, labels)), int(gone.sum()), text=True))
    found = array(y, "y")
    yes_no = found.dtype == bool
    if not found.size:
        raise _refused("y holds no row.", "Pass the targets of the training rows.")
    values = found.astype(float).reshape(len(found) if found.ndim else 1, -1)
    gone = np.isnan(values).any(1)
    return _seen(Facts(values[~gone], missing=int(gone.sum()), yes_no=yes_no))


def _seen(facts: Facts) -> Facts:
    finite = np.isfinite(facts.values)
    if not facts.values.size:
        raise _refused("y holds no complete row.", "Look for the column that is missing everywhere.")
    if not finite.all():
        raise _refused(f"{int((~finite).sum())} entries are infinite.", "Leave them out, or clip them.")
    if facts.low == facts.high:
        same = facts.labels[0] if facts.labels else f"{facts.low:g}"
        raise _refused(f"Every entry of y is {same}.", "Choose another column: there is nothing to learn here.")
    if max(abs(facts.low), abs(facts.high)) > LARGE:
        raise _refused(f"y holds numbers up to {facts.high:g}.", "Choose a unit in which they are smaller.")
    return facts


def _refused(arrived: str, do: str) -> LossaryError:
    return LossaryError(
        "ls.suggest reads the values of a target.",
        arrived=arrived,
        allowed=f"Expected columns of finite numbers up to {LARGE:g}, or one of labels, with at least two values.",
        do=do,
    )


def _is_text(y: Any) -> bool:
    kind = getattr(getattr(y, "dtype", None), "kind", None)
    if kind is not None:
        return kind in "UST" or (kind == "O" and any(isinstance(cell, str) for cell in np.asarray(y).reshape(-1)))
    if str(getattr(y, "dtype", "")) in ("str", "string", "category"):
        return True
    return isinstance(y, (list, tuple)) and any(isinstance(cell, str) or _is_text(cell) for cell in y)
