"""Inputs as a matrix: numbers as they are, text with few values as one column for each value."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lossary.data.columns import Column, Floats, is_number
from lossary.data.errors import DataError

FEW = 20  # text with more values than this is a name or a date, not a category
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
LABELS = frozenset({"id", "index", "row", "key", "number", "nr"})


def build_features(
    columns: Sequence[Column], keep: npt.NDArray[np.int64], notes: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """The inputs in use, the names of the matrix's columns, the matrix (rows, features). Decisions go to `notes`."""
    inputs, names, parts, constant = [], [], [], []
    for column in columns:
        made = _numbers(column, keep, notes) if column.numbers is not None else _categories(column, keep, notes)
        if not made:
            constant.append(column.name)
            continue
        inputs.append(column.name)
        names += list(made)
        parts += list(made.values())
    if constant:
        shown = ", ".join(constant[:4]) + (f" … ({len(constant)} in all)" if len(constant) > 4 else "")
        notes.append(f"Left out, since the same in every row: {shown}.")
    if not parts:
        raise DataError(
            "Models were to be fitted.",
            arrived="No input is left: every other column is constant or ignored.",
            allowed="At least one input has to vary.",
            do="Name other --features, or ignore fewer columns.",
        )
    return tuple(inputs), tuple(names), np.column_stack(parts)


def _numbers(column: Column, keep: npt.NDArray[np.int64], notes: list[str]) -> dict[str, Floats]:
    assert column.numbers is not None
    values = column.numbers[keep]
    if np.ptp(values) == 0:
        return {}
    if column.name.lower() in LABELS and np.unique(values).size == values.size:
        notes.append(f"'{column.name}' looks like a label but is used as a plain number (--ignore {column.name}).")
    return {column.name: values}


def _categories(column: Column, keep: npt.NDArray[np.int64], notes: list[str]) -> dict[str, Floats]:
    """A column of 0 and 1 for each value but the first, which the others are measured against."""
    cells = np.array([column.text[i] for i in keep])
    values = [str(value) for value in np.unique(cells)]
    if len(values) > FEW or (len(values) > 3 and len(values) == cells.size):
        raise _refused(column.name, values, cells.size)
    if len(values) > 1:
        notes.append(f"'{column.name}' is text: 0/1 columns for {', '.join(values[1:])}, against {values[0]}.")
    return {f"{column.name}={value}": (cells == value).astype(np.float64) for value in values[1:]}


def _refused(name: str, values: list[str], rows: int) -> DataError:
    dates = all(DATE.match(value) for value in values)
    wrong = [value for value in values if not is_number(value)]
    what = "It holds dates" if dates else "It holds text"
    stray = f", for example '{wrong[0]}'" if wrong else ""
    return DataError(
        f"'{name}' was to be an input.",
        arrived=f"{what} with {len(values)} different values in {rows} rows{stray}.",
        allowed=f"Inputs are numbers, or text with at most {FEW} different values that come back.",
        do="Turn dates into numbers, such as days since the first."
        if dates
        else f"Correct the cells, or leave the column out: --ignore {name}.",
    )
