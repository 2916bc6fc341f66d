"""Inputs as a matrix: numbers as they are, text with few values as one column for each value, holes as is asked."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lossary.data.columns import Column, Floats
from lossary.data.errors import DataError, quoted

FEW = 20  # text with more values than this is a name, not a category
LABELS = frozenset({"id", "index", "row", "key", "number", "nr"})
LISTED = 6  # values and columns that a note names
Ints = npt.NDArray[np.int64]


@dataclass
class Inputs:
    """The matrix (rows, features), the names of its columns, and the inputs they come from."""

    keep: Ints  # rows of the table, from 0
    train: Ints  # places in `keep`: only these decide what stands for a missing cell
    missing: str  # "drop", "impute", "indicator"
    notes: list[str]
    used: list[str] = field(default_factory=list)
    parts: dict[str, Floats] = field(default_factory=dict)
    constant: list[str] = field(default_factory=list)

    def matrix(self) -> Floats:
        if not self.parts:
            raise DataError(
                "Models were to be fitted.",
                arrived="No input is left: every other column is constant, empty or ignored.",
                allowed="At least one input has to vary.",
                do="Name other --features, or ignore fewer columns.",
            )
        return np.column_stack(list(self.parts.values()))

    def add(self, column: Column) -> None:
        """One column of the table as columns of the matrix."""
        made = self._numbers(column) if column.numbers is not None else self._categories(column)
        if not made:
            self.constant.append(column.name)
            return
        self.notes += column.notes
        self.used.append(column.name)
        self.parts.update(made)

    def _numbers(self, column: Column) -> dict[str, Floats]:
        assert column.numbers is not None
        values = column.numbers[self.keep]
        holes = np.isnan(values)
        made: dict[str, Floats] = {}
        if holes.any():
            known = values[self.train][~holes[self.train]]
            middle = float(np.median(known if known.size else values[~holes]))
            values = np.where(holes, middle, values)
            self.notes.append(f"'{column.name}': {holes.sum()} missing cells become the median, {middle:.6g}.")
        if np.ptp(values) > 0:
            made[column.name] = values
        if holes.any() and self.missing == "indicator":
            made[f"{column.name} missing"] = holes.astype(np.float64)
        if made and _is_label(column.name, values):
            self.notes.append(
                f"'{column.name}' looks like a label but is used as a plain number "
                f"(--ignore {shlex.quote(column.name)})."
            )
        return made

    def _categories(self, column: Column) -> dict[str, Floats]:
        """A column of 0 and 1 for each value but the first, which the others are measured against."""
        cells = [column.text[i] for i in self.keep.tolist()]
        counts = Counter(cells)
        holes = counts.pop("", 0)
        values = sorted(counts)
        if len(values) > FEW or (len(values) > 3 and len(values) == len(cells)):
            raise _refused(column, values, len(cells), int(self.keep[0]))
        commonest = ""
        if holes and self.missing == "impute":
            at_train = Counter(cells[i] for i in self.train.tolist() if cells[i])
            commonest = min(at_train or counts, key=lambda value: (-counts[value], value))
            self.notes.append(f"'{column.name}': {holes} missing cells become the commonest value, {commonest}.")
        places = {value: k for k, value in enumerate(values)}
        codes = np.fromiter((places.get(cell or commonest, -1) for cell in cells), np.int64, len(cells))
        made = {f"{column.name}={value}": (codes == k).astype(np.float64) for k, value in enumerate(values) if k}
        if holes and self.missing == "indicator":
            made[f"{column.name} missing"] = (codes < 0).astype(np.float64)
        if made:
            shown = [name.removeprefix(f"{column.name}=") for name in made]
            more = f" and {len(shown) - LISTED} more" if len(shown) > LISTED else ""
            self.notes.append(
                f"'{column.name}' is text: 0/1 columns for {', '.join(shown[:LISTED])}{more}, against {values[0]}."
            )
        return made


def build_inputs(columns: Sequence[Column], keep: Ints, train: Ints, missing: str, notes: list[str]) -> Inputs:
    """The inputs in use as a matrix. Decisions go to `notes`; a column that is the same in every row is left out."""
    inputs = Inputs(keep, train, missing, notes)
    for column in columns:
        inputs.add(column)
    if inputs.constant:
        notes.append(f"Left out, since the same in every row: {_some(inputs.constant)}.")
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
        f"'{column.name}' was to be an input.",
        arrived=f"It holds text with {len(values)} different values in {rows} rows: "
        f"{column.place(first)} holds {quoted(column.show(first))}.",
        allowed=f"Inputs are numbers, dates, or text with at most {FEW} different values that come back.",
        do=f"Leave the column out: --ignore {shlex.quote(column.name)}; or correct cells that are to be numbers.",
    )
