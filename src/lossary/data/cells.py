"""Cells of a table before anything is decided: the different texts of a column, and which row holds which."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lossary._errors import UNSEEN, visible

Ints = npt.NDArray[np.int64]
# Blanks that str.strip leaves: the byte order mark, and signs of no width.
BLANK = (
    " \t\r\n\v\f\u00a0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)


def cleaned(cell: str) -> str:
    """A cell without blanks around it, its control characters written out."""
    if cell.isascii() and cell.isprintable():
        return cell.strip(" ")
    cell = cell.strip(BLANK)
    return visible(cell) if UNSEEN.search(cell) else cell


def _clean(levels: Sequence[str]) -> bool:
    """Whether no cell needs cleaning, seen at one look: a column may have a different cell in each of many rows."""
    joined = "\n".join(levels)
    apart = joined.isascii() and not re.search(r"^ | $| \n|\n ", joined) and joined.count("\n") == len(levels) - 1
    return apart and joined.replace("\n", "").isprintable()


@dataclass(frozen=True)
class Cells:
    """One column: `levels` are its different cells, cleaned; `codes` say which of them each row holds."""

    levels: tuple[str, ...]
    codes: Ints

    @classmethod
    def of(cls, cells: Sequence[str]) -> Cells:
        """From one text a row."""
        places: dict[str, int] = {}
        codes = np.fromiter((places.setdefault(cell, len(places)) for cell in cells), np.int64, len(cells))
        return cls.coded(list(places), codes)

    @classmethod
    def coded(cls, levels: Sequence[str], codes: Ints) -> Cells:
        """From texts as they stand in the file; those that differ by blanks only become one."""
        if _clean(levels) or (clean := [cleaned(level) for level in levels]) == list(levels):
            return cls(tuple(levels), codes)
        places: dict[str, int] = {}
        moved = np.array([places.setdefault(level, len(places)) for level in clean], dtype=np.int64)
        return cls(tuple(places), moved[codes] if codes.size else codes)

    @property
    def counts(self) -> Ints:
        """How many rows hold each level."""
        return np.bincount(self.codes, minlength=len(self.levels)).astype(np.int64)

    def first(self, level: int) -> int:
        """The first row, from 0, that holds a level."""
        return int(np.argmax(self.codes == level))

    def without(self, rows: npt.NDArray[np.bool_]) -> Cells:
        """The same without the marked rows."""
        return Cells(self.levels, self.codes[~rows])


def line_after_names(row: int) -> str:
    """Where a row, from 0, stands in a file of one line a row under a line of names."""
    return f"line {row + 2}"


@dataclass
class Grid:
    """A table of cells: names, columns, what was decided on the way, and where a row stands in its file."""

    names: list[str]
    columns: list[Cells]
    notes: list[str] = field(default_factory=list)
    place: Callable[[int], str] = line_after_names
    separator: str = ""
