"""CSV files, read strictly: a file that is not a table is refused with the line that says so."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from pathlib import Path

import numpy as np

from lossary.data.columns import MISSING, Column, from_cells, is_number
from lossary.data.errors import DataError

FORM = (
    "A table is a text file in UTF-8: one line of column names, then one line a row, comma, semicolon or tab between."
)


def read_csv(path: Path) -> tuple[list[Column], list[str]]:
    """The columns of a CSV file (a name ending in .gz is unpacked), and notes on what was decided while reading."""
    return parse(_text(path), path)


def parse(text: str, path: Path) -> tuple[list[Column], list[str]]:
    """The same from text that is already here; errors call it `path`."""
    if not text.strip():
        raise _refused(path, "The file is empty.", "Export the table again.")
    rows, delimiter = _rows(path, text)
    if not rows:
        raise _refused(path, "It holds nothing but blanks and separators.", "Export the table again.")
    names = [name.strip() for name in rows[0][1]]
    _check_shape(path, names, rows)
    notes = []
    decimal_comma = delimiter == ";"
    columns = []
    for index, name in enumerate(names):
        cells = [cells[index] for _, cells in rows[1:]]
        column = from_cells(name, cells, decimal_comma=decimal_comma)
        if not name and _counts_rows(column):
            notes.append("The unnamed first column only counts the rows; it is left out.")
            continue
        columns.append(column)
    _check_names(path, [column.name for column in columns])
    return columns, notes


def _text(path: Path) -> str:
    if not path.exists():
        raise _refused(path, "There is no such file.", "Check the spelling, or give the name of an embedded table.")
    if path.is_dir():
        raise _refused(path, "It is a directory.", "Name one file in it.")
    try:
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        at = f"Line {line} holds the byte 0x{raw[problem.start]:02x}, which is not UTF-8."
        raise _refused(path, at, "Save it as UTF-8, for example: iconv -f LATIN1 -t UTF-8 IN > OUT.") from None
    except (OSError, EOFError) as problem:
        raise _refused(path, f"It cannot be read ({problem}).", "Check the file and its permissions.") from None
    if "\0" in text:
        raise _refused(path, "It holds NUL bytes, so it is not a text file.", "Export the table as CSV.")
    return text


def _rows(path: Path, text: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Every line that holds something, with its number; and the character between cells, read from the first line."""
    head = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        # a line of nothing but blanks is layout, not a row
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as problem:
        at = f"Line {reader.line_num} cannot be parsed ({problem})."
        raise _refused(path, at, "Look for a quotation mark that is never closed.") from None
    return rows, delimiter


def _check_shape(path: Path, names: list[str], rows: list[tuple[int, list[str]]]) -> None:
    if all(is_number(name) or name.lower() in MISSING - {""} for name in names):
        raise _refused(
            path, f"Its first line ({', '.join(names[:4])}) holds numbers, not names.", "Add a first line of names."
        )
    for line, cells in rows[1:]:
        if len(cells) != len(names):
            at = f"Line {line} has {len(cells)} cell(s), but the first line names {len(names)} column(s)."
            raise _refused(path, at, f"Correct line {line}; a cell that holds the separator needs quotation marks.")
    if len(rows) == 1:
        raise _refused(path, "It has column names but 0 rows.", "Export the table again.")


def _check_names(path: Path, names: list[str]) -> None:
    counts = Counter(names)  # one pass: a table may have 100,000 columns
    twice = sorted(name for name in counts if name and counts[name] > 1)
    if twice:
        raise _refused(path, f"The column name '{twice[0]}' occurs {counts[twice[0]]} times.", "Rename one of them.")
    if "" in names:
        raise _refused(path, f"Column {names.index('') + 1} has no name.", "Name it in the first line.")


def _counts_rows(column: Column) -> bool:
    """Whether a column is 0, 1, 2 … or 1, 2, 3 …, as pandas writes its index."""
    if column.numbers is None:
        return False
    return bool(np.all(np.diff(column.numbers) == 1) and column.numbers[0] in (0, 1))


def _refused(path: Path, arrived: str, do: str) -> DataError:
    return DataError(f"'{path}' was to be read as a table.", arrived=arrived, allowed=FORM, do=do)
