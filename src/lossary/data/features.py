"""Inputs as a matrix: numbers as they are, text with few values as one column per value, missing cells as chosen."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lossary.data.columns import Column, Floats
from lossary.data.errors import DataError, quoted

FEW = 20  # text with more values than this is a name, not a category
LABELS = frozenset({"id", "index", "row", "key", "number", "nr"})
LISTED = 6  # values and columns that a note names
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Input:
    """How one column of a table becomes columns of the matrix: decided on the rows of a fit, used on all others.

    `plain`: whether the numbers themselves are a column, as they are unless all are the same. `fill` stands for a
    missing cell; without one such a row has no numbers. `values` are those of text; the first is what the others are
    measured against. `indicator`: whether "is missing" is a column of its own. `low`, `high`: what was fitted.
    """

    name: str
    kind: str  # "numbers", "dates" or "text"
    plain: bool = False
    fill: float | str | None = None
    values: tuple[str, ...] = ()
    indicator: bool = False
    affixes: tuple[str, str] = ("", "")  # currency and unit
    decimal: str = ""  # the sign that begins decimals, "point" or "comma", where a cell shows it
    zero: float = 0.0  # of dates: days since 1970
    pattern: str = ""
    low: float = 0.0
    high: float = 0.0

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of its columns in the matrix."""
        own = (
            [f"{self.name}={value}" for value in self.values[1:]] if self.kind == "text" else [self.name][: self.plain]
        )
        return (*own, f"{self.name} missing") if self.indicator else tuple(own)

    def columns(self, cells: Floats | Sequence[str]) -> list[Floats]:
        """Its columns of the matrix; NaN where a missing cell has nothing to stand for it.

        cells: (rows,) numbers, dates as days from `zero`; or texts, each missing ("") or one of `values`.
        """
        if self.kind == "text":
            places = {value: k for k, value in enumerate(self.values)}
            codes = np.fromiter((places.get(cell, -1) for cell in cells), np.int64, len(cells))
            holes = codes < 0
            codes = codes if self.indicator else np.where(holes, places.get(str(self.fill), -1), codes)
            unknown = (codes < 0) & (not self.indicator)
            made = [np.where(unknown, np.nan, codes == k) for k in range(1, len(self.values))]
        else:
            numbers = np.asarray(cells, dtype=np.float64)
            holes = np.isnan(numbers)
            made = [np.where(holes, np.nan if self.fill is None else self.fill, numbers)] if self.plain else []
        return [*made, holes.astype(np.float64)] if self.indicator else made


@dataclass
class Inputs:
    """The inputs that are used, and the matrix (rows, features)."""

    keep: Ints  # rows of the table, from 0
    train: Ints  # places in `keep`: only these decide what stands for a missing cell
    missing: str  # "drop", "impute", "indicator"
    notes: list[str]
    used: list[Input] = field(default_factory=list)
    parts: list[Floats] = field(default_factory=list)
    constant: list[str] = field(default_factory=list)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns of the matrix."""
        return tuple(part for one in self.used for part in one.parts)

    def matrix(self) -> Floats:
        if not self.parts:
            raise DataError(
                "Cannot fit a model.",
                arrived="No input is left: every other column is constant, empty or ignored.",
                allowed="Expected at least one input that varies.",
                do="Choose other --features, or ignore fewer columns.",
            )
        return np.column_stack(self.parts)

    def add(self, column: Column) -> None:
        """One column of the table as columns of the matrix."""
        said: list[str] = []
        cells = kept(column, self.keep)
        found = self._text(column, cells, said) if isinstance(cells, list) else self._numbers(column, cells, said)
        if not found.parts:
            self.constant.append(column.name)
            return
        self.notes += [*column.notes, *said]
        self.used.append(found)
        self.parts += found.columns(cells)

    def _numbers(self, column: Column, values: Floats, said: list[str]) -> Input:
        holes = np.isnan(values)
        if holes.all():
            return Input(column.name, column.kind)
        known = values[self.train][~holes[self.train]]
        middle = float(np.median(known if known.size else values[~holes]))
        whole = np.where(holes, middle, values)
        if holes.any():
            said.append(f"'{column.name}': {holes.sum()} missing cells are replaced by the median, {middle:.6g}.")
        ends: dict[str, Any] = {"low": float(values[~holes].min()), "high": float(values[~holes].max())}
        found = Input(
            column.name, column.kind, plain=bool(np.ptp(whole) > 0), fill=None if self.missing == "drop" else middle,
            indicator=bool(holes.any()) and self.missing == "indicator", affixes=column.affixes,
            decimal=column.decimal, zero=column.zero or 0.0, pattern=column.pattern, **ends,
        )  # fmt: skip
        if found.parts and _is_label(column.name, whole):
            said.append(
                f"'{column.name}' looks like an identifier but is used as a number "
                f"(--ignore {shlex.quote(column.name)})."
            )
        return found

    def _text(self, column: Column, cells: list[str], said: list[str]) -> Input:
        """A column of 0 and 1 for each value but the first, which the others are measured against."""
        counts = Counter(cells)
        holes = counts.pop("", 0)
        values = sorted(counts)
        if not values:
            return Input(column.name, "text")
        if len(values) > FEW or (len(values) > 3 and len(values) == len(cells)):
            raise _refused(column, values, len(cells), int(self.keep[0]))
        at_train = Counter(cells[i] for i in self.train.tolist() if cells[i])
        commonest = min(at_train or counts, key=lambda value: (-counts[value], value))
        if holes and self.missing == "impute":
            said.append(f"'{column.name}': {holes} missing cells are replaced by the most common value, {commonest}.")
        found = Input(
            column.name, "text", fill=None if self.missing == "drop" else commonest, values=tuple(values),
            indicator=bool(holes) and self.missing == "indicator",
        )  # fmt: skip
        if found.parts:
            shown = [name.removeprefix(f"{column.name}=") for name in found.parts]
            more = f" and {len(shown) - LISTED} more" if len(shown) > LISTED else ""
            said.append(
                f"'{column.name}' is text: 0/1 columns for {', '.join(shown[:LISTED])}{more}; baseline {values[0]}."
            )
        return found


def kept(column: Column, rows: Ints) -> Floats | list[str]:
    """The numbers, or the texts, of some rows of a column."""
    return column.numbers[rows] if column.numbers is not None else [column.text[i] for i in rows.tolist()]


def build_inputs(columns: Sequence[Column], keep: Ints, train: Ints, missing: str, notes: list[str]) -> Inputs:
    """The inputs in use as a matrix. Decisions go to `notes`; a column that is the same in every row is left out."""
    inputs = Inputs(keep, train, missing, notes)
    for column in columns:
        inputs.add(column)
    if inputs.constant:
        notes.append(f"Left out, because they are constant: {_some(inputs.constant)}.")
    return inputs


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (f" … ({len(names)} in all)" if len(names) > LISTED else "")


def _is_label(name: str, values: Floats) -> bool:
    """Whether every row has a number of its own, and they are called so or count the rows."""
    if name.lower() in LABELS or name.lower().endswith(("_id", " id")):
        return bool(np.unique(values).size == values.size)
    return bool(values.size > 2 * FEW and np.all(np.diff(values) == 1) and values[0] in (0, 1))


def _refused(column: Column, values: Sequence[str], rows: int, first: int) -> DataError:
    return DataError(
        f"Cannot use '{column.name}' as an input.",
        arrived=f"It holds text with {len(values)} distinct values in {rows} rows: "
        f"{column.place(first)} holds {quoted(column.show(first))}.",
        allowed=f"Expected numbers, dates, or text with at most {FEW} distinct values, most of them repeated.",
        do=f"Leave the column out: --ignore {shlex.quote(column.name)}; or correct cells that should be numbers.",
    )
