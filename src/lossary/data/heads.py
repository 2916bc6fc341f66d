"""Which line holds the names of the columns, and what stands above, beside and below them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from lossary.data.cells import Cells, Grid, Ints, cleaned
from lossary.data.errors import quoted
from lossary.data.files import refused
from lossary.data.reading import Reading

NUMBER = re.compile(r"[-+−]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
TITLES = 20  # lines of a title that are looked over
ROW_NAMES = "row names of R"
FORM = "Expected one line of column names, then one line per row with a cell for every name."


@dataclass
class Head:
    """The names, after which line they end, and how many cells a row has."""

    names: list[str]
    lines: int
    width: int
    notes: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    row_names: bool = False  # the first cell of each row has no name


def find_head(rows: Sequence[tuple[int, list[str], str]], reading: Reading, path: Path) -> Head:
    """The names among the first rows: (the line each ends with, its cells, its text where it is a remark)."""
    notes: list[str] = []
    start = next((k for k, (_, _, remark) in enumerate(rows) if not remark), len(rows))
    table = [cells for _, cells, _ in rows[start:]]
    width = Counter(map(len, table)).most_common(1)[0][0] if table else 0
    before = rows[start - 1][0] if start else (rows[0][0] - 1 if rows else 0)
    if not table:
        raise refused(path, "It has no line of names and no rows.", "Export the table again.", FORM)
    if reading.names is False:
        first = rows[start][0]
        lines = first - 1 if start == 0 else before
        names = [f"column {k + 1}" for k in range(width)]
        return Head(names, lines, width, ["The columns have no names; they are called column 1, column 2 …"])
    if start and _is_row(table[0]) and len(rows[start - 1][1]) == len(table[0]) and width > 1:
        head, lines = rows[start - 1][1], before  # NumPy writes the names behind a '#'
        start -= 1
        below = table
    else:
        at = _names_at(table, width)
        if at:
            shown = quoted(" ".join(cell for cell in table[0] if cell.strip()))
            notes.append(f"{at} line(s) above the names are left out: {shown}.")
        head, lines, below = table[at], rows[start + at][0], table[at + 1 :]
    if start > 0:
        notes.append(f"{start} line(s) of remarks above the names are left out: {quoted(rows[0][2])}.")
    names = [cleaned(re.sub(r"\s+", " ", name)) for name in head]
    if reading.names is None:
        _refuse_row(path, names, below)
    return _with_width(Head(names, lines, len(names), notes), below)


def _is_row(cells: Sequence[str]) -> bool:
    return bool(cells) and all(NUMBER.fullmatch(cell.strip()) or not cell.strip() for cell in cells)


def _names_at(table: Sequence[Sequence[str]], width: int) -> int:
    """Titles fill one cell at most; names fill several, and hold no row of numbers."""
    if width < 2:
        return 0
    for k, cells in enumerate(table[:TITLES]):
        if sum(bool(cell.strip()) for cell in cells) > 1:
            return 0 if k and _is_row(cells) else k
    return 0


def _refuse_row(path: Path, names: Sequence[str], below: Sequence[Sequence[str]]) -> None:
    """Refuse a first line that looks like a row: its names would be lost cells."""
    numbers = [name for name in names if NUMBER.fullmatch(name)]
    values = [float(name.replace("−", "-").replace(",", ".")) for name in numbers]
    steps = {b - a for a, b in pairwise(values)}
    ordered = min(steps, default=1) > 0 and (all(1000 <= value < 3000 for value in values) or len(steps) < 2)
    ordered = ordered and (len(values) != 2 or max(values) < 3000)  # two numbers always have one step
    fractions = any(not float(value).is_integer() or "." in name for name, value in zip(numbers, values, strict=True))
    filled = [name for name in names if name]
    again = [
        name
        for k, name in enumerate(names)
        if name and not NUMBER.fullmatch(name) and any(k < len(row) and cleaned(row[k]) == name for row in below)
    ]
    words = [name for name in filled if not NUMBER.fullmatch(name)]
    every = bool(filled) and all(name.lower() in ("na", "nan", "null", "none") for name in words)
    if every or (numbers and (fractions or not ordered)) or (again and (numbers or len(again) == len(words))):
        kind = "numbers, not names" if numbers else "what the rows below hold too, not names"
        raise refused(
            path,
            f"Its first line ({', '.join(names[:4])}) holds {kind}.",
            "Add a first line of names, or say that there is none: --read names=no. If these are names: "
            "--read names=yes.",
            FORM,
        )


def _with_width(head: Head, below: Sequence[Sequence[str]]) -> Head:
    """Names and rows of different length: separators at the ends of lines, and row names of R."""
    width = Counter(len(cells) for cells in below).most_common(1)[0][0] if below else len(head.names)
    longer = [cells for cells in below if len(cells) == len(head.names) + 1]
    if width < len(head.names) and not any(head.names[width:]):
        head.names = head.names[:width]
    elif width == len(head.names) + 1 and all(not cells[-1].strip() for cells in longer):
        head.names = [*head.names, ""]
    elif width == len(head.names) + 1 and len(head.names) > 1 and len({cells[0] for cells in longer}) == len(longer):
        head.names, head.row_names = ["", *head.names], True
    head.width = len(head.names)
    return head


def finished(path: Path, head: Head, columns: list[Cells], place: Callable[[int], str], separator: str) -> Grid:
    """The table without empty rows, index columns and columns that have neither names nor cells."""
    notes = list(head.notes)
    rows = len(columns[0].codes) if columns else 0
    empty = np.ones(rows, dtype=bool)
    for column in columns:
        blank = np.array([not level for level in column.levels], dtype=bool)
        empty &= blank[column.codes] if blank.size else False
        if not empty.any():
            break
    places: Callable[[int], str] = place
    if empty.any():
        kept: Ints = np.flatnonzero(~empty).astype(np.int64)
        columns = [column.without(empty) for column in columns]
        if len(columns) > 1:
            notes.append(f"{int(empty.sum())} row(s) without any cell are left out.")
        places = lambda row: place(int(kept[row]))  # noqa: E731
    if not columns or not columns[0].codes.size:
        raise refused(path, "It has column names but 0 rows.", "Export the table again.", FORM)
    names, kept_columns = [], []
    for k, (name, column) in enumerate(zip(head.names, columns, strict=True)):
        if not name:
            if all(not column.levels[code] for code in np.unique(column.codes)):
                continue
            if k == 0 and (head.row_names or _counts_rows(column)):
                what = "holds row names" if head.row_names else "only counts the rows"
                notes.append(f"The unnamed first column {what}; it is left out.")
                continue
            name = f"column {k + 1}"
            notes.append(f"Column {k + 1} has no name; it is called '{name}'.")
        names.append(name)
        kept_columns.append(column)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise refused(
            path,
            f"The column name {quoted(twice[0])} occurs {names.count(twice[0])} times.",
            "Rename one of them.",
            FORM,
        )
    return Grid(names, kept_columns, notes, places, separator)


def _counts_rows(column: Cells) -> bool:
    """Whether a column is 0, 1, 2 … or 1, 2, 3 …, as pandas writes its index."""
    if len(column.levels) < column.codes.size:
        return False
    cells = [column.levels[code] for code in column.codes]
    return any(cells == [str(k + start) for k in range(len(cells))] for start in (0, 1))
