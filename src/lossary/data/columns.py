"""Columns: numbers, or text, with what was decided about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lossary.data.cells import line_after_names
from lossary.data.errors import DataError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One column of a table: `numbers` when every cell is a number or missing (NaN), else `text` (missing: "").

    Numbers that were written in another way, such as dates, keep their cells as `text`. `notes` say what was decided,
    one line each; `doubt` is why the column cannot be used before the user says more. Numbers may have a currency or a
    unit (`affixes`), and cells that show which sign begins decimals (`decimal`: "point" or "comma"). Dates count the
    days from `zero`, itself in days since 1970, and were read by `pattern`.
    """

    name: str
    numbers: Floats | None = None
    text: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubt: DataError | None = None
    place: Callable[[int], str] = field(default=line_after_names, compare=False)
    affixes: tuple[str, str] = ("", "")
    decimal: str = ""
    zero: float | None = None
    pattern: str = ""

    @property
    def is_text(self) -> bool:
        return self.numbers is None

    @property
    def kind(self) -> str:
        """ "text", "dates" or "numbers"."""
        return "text" if self.is_text else "numbers" if self.zero is None else "dates"

    @property
    def rows(self) -> int:
        return len(self.text) if self.numbers is None else len(self.numbers)

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows hold nothing, shape (rows,)."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        return np.fromiter((cell == "" for cell in self.text), dtype=bool, count=len(self.text))

    def show(self, row: int) -> str:
        """The value of one row as a person would write it."""
        return self.text[row] if self.text or self.numbers is None else written(float(self.numbers[row]))


def written(value: float) -> str:
    """A number with all digits that tell it from its neighbours, as far as 15."""
    return f"{value:.15g}"


def from_cells(name: str, cells: Sequence[str]) -> Column:
    """One column of a table of its own, as a file with that column would give it."""
    from lossary.data.cells import Cells, Grid
    from lossary.data.meaning import columns_of
    from lossary.data.reading import Reading

    return columns_of(Grid([name], [Cells.of(cells)]), Reading())[0]
