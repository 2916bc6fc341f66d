"""Columns: text turned into numbers where every cell is a number or missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lossary.data.errors import DataError

Floats = npt.NDArray[np.float64]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class Column:
    """One column of a table: `numbers` when every cell is a number or missing (NaN), else `text` (missing: "")."""

    name: str
    numbers: Floats | None = None
    text: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        return self.numbers is None

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows hold nothing, shape (rows,)."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        return np.array([cell == "" for cell in self.text], dtype=bool)

    def show(self, row: int) -> str:
        """The value of one row as a person would write it."""
        return self.text[row] if self.numbers is None else f"{self.numbers[row]:.6g}"


def from_cells(name: str, cells: Sequence[str], *, first_line: int = 2, decimal_comma: bool = False) -> Column:
    """Type a column of cells. Infinite values raise DataError and name the line, counted from `first_line`."""
    stripped = [cell.strip() for cell in cells]
    known = ["" if cell.lower() in MISSING else cell for cell in stripped]
    if decimal_comma:
        known = [cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in known]
    try:
        numbers = np.array([float(cell) if cell else np.nan for cell in known], dtype=np.float64)
    except ValueError:
        return Column(name, text=tuple(known))
    _refuse_infinite(name, numbers, stripped, first_line)
    return Column(name, numbers=numbers)


def _refuse_infinite(name: str, numbers: Floats, cells: Sequence[str], first_line: int) -> None:
    bad = np.flatnonzero(np.isinf(numbers))
    if bad.size:
        raise DataError(
            f"Column '{name}' was to be read as numbers.",
            arrived=f"Line {bad[0] + first_line} holds '{cells[bad[0]]}', and {bad.size} cell(s) in all are infinite.",
            allowed="Numbers have to be finite; an empty cell or NA means missing.",
            do="Correct those cells, or empty them so that their rows are left out.",
        )


def is_number(cell: str) -> bool:
    """Whether a cell reads as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
