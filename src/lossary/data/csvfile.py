"""Text files of tables: the libraries find signs and encodings and read the cells; here is what a first line means."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lossary.data.cells import Cells, Grid, cleaned
from lossary.data.columns import Column
from lossary.data.errors import DataError, quoted, visible
from lossary.data.files import refused
from lossary.data.heads import Head, find_head, finished
from lossary.data.meaning import columns_of
from lossary.data.reading import Reading

FORM = "Expected text with one line of column names, one line per row, and the same separator throughout."
HEAD_LINES, HEAD_SIGNS = 200, 100_000  # what dialect and first line are found from
BETWEEN = [",", ";", "\t", "|", " "]
CALLED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
SURE = 0.03  # what chardet gives for a few words of the right language; below, Windows-1252 is likelier


@dataclass(frozen=True)
class Dialect:
    """How the lines of a file become cells."""

    separator: str
    quote: str = '"'
    blanks_before_quotes: bool = False

    def rows(self, text: str) -> Any:
        """A csv.reader; its `line_num` counts lines from 1."""
        csv.field_size_limit(2**31 - 1)
        return csv.reader(
            io.StringIO(text, newline=""),
            delimiter=self.separator,
            quotechar=self.quote,
            skipinitialspace=self.blanks_before_quotes,
            strict=True,
        )


def parse(text: str, path: Path, reading: Reading | None = None) -> tuple[list[Column], list[str]]:
    """The columns of a text that is already here, and notes on what was decided; errors call it `path`."""
    reading = reading or Reading()
    grid = grid_of(text, path, reading)
    return columns_of(grid, reading), grid.notes


def decode(raw: bytes, path: Path, reading: Reading, notes: list[str]) -> str:
    """The text of a file: by its byte order mark, as UTF-8, as UTF-16, or as chardet takes it (said)."""
    if reading.encoding is not None:
        try:
            return raw.decode(reading.encoding).removeprefix("\ufeff")
        except ValueError as problem:
            at = f"Not all of its bytes are {reading.encoding} ({problem})."
            raise refused(path, at, "Give another: --read encoding=NAME.", FORM) from None
    known = _marked(raw)
    try:
        text = raw.decode(known)
    except UnicodeDecodeError as problem:
        if known != "utf-8":
            raise refused(path, f"It is {known}, and ends in the middle.", "Export the table again.", FORM) from None
        text, known = _guessed(raw)
        line = raw[: problem.start].count(b"\n") + 1
        notes.append(
            f"The file is not UTF-8 (line {line}: byte 0x{raw[problem.start]:02x}); it is read as {known} "
            "(--read encoding=NAME)."
        )
    return text.removeprefix("\ufeff")


def _marked(raw: bytes) -> str:
    """UTF-8, unless a byte order mark, or every other byte of an ASCII text being 0, says otherwise."""
    marks = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    for mark, name in marks:
        if raw.startswith(mark):
            return name
    start = raw[:200]
    if len(start) > 3 and start[1::2].count(0) > 0.8 * len(start[1::2]) and not start[::2].count(0):
        return "utf-16-le"
    if len(start) > 3 and start[::2].count(0) > 0.8 * len(start[::2]) and not start[1::2].count(0):
        return "utf-16-be"
    return "utf-8"


def _guessed(raw: bytes) -> tuple[str, str]:
    import chardet

    found = chardet.detect(raw, encoding_era=chardet.EncodingEra.MODERN_WEB)
    name = found["encoding"] if found["encoding"] and found["confidence"] >= SURE else "Windows-1252"
    try:
        return raw.decode(name), name
    except (LookupError, ValueError):
        return raw.decode("latin-1"), "Latin-1"


def grid_of(text: str, path: Path, reading: Reading) -> Grid:
    """The cells of a text, its names found. Raises DataError for what is no table, with the line that says so."""
    if foreign := _foreign(text):
        raise refused(path, *foreign, FORM)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    above, text, separator = _first_lines(text)
    dialect, text = _dialect(text, reading.separator or separator)
    head = find_head(_head_rows(path, dialect, text, above), reading, path)
    if reading.most_columns is not None and head.width > reading.most_columns:
        at = f"It has {head.width:,} columns; at most {reading.most_columns} are read here."
        raise refused(path, at, "Select some of its columns.", FORM)
    for line in head.comments:
        text = text.replace(line + "\n", "", 1)
    body = text[_offset(text, head.lines - above) :]
    table = _cells(path, dialect, body, head)
    places = _Places(dialect, body, head)
    return finished(path, head, table, places, dialect.separator)


def _foreign(text: str) -> tuple[str, str] | None:
    """What a text is that is no table, and what to do."""
    if "\0" in text:
        return "It holds NUL bytes, so it is not a text file.", "Export the table as CSV."
    if re.match(r"\s*(<!doctype|<html|<\?xml)", text[:200], re.IGNORECASE):
        return "It is a web page, or XML.", "Download the table itself, as CSV."
    if text.lstrip()[:2] in ("[{", '{"', "[["):
        return "It is JSON.", "Write the table as CSV or Parquet."
    return None if text.strip() else ("The file is empty.", "Export the table again.")


def _first_lines(text: str) -> tuple[int, str, str | None]:
    """Lines that are read already, the rest, and the separator that Excel's line `sep=;` names."""
    start = len(text) - len(text.lstrip("\n"))
    above, text = start, text[start:]
    first, _, rest = text.partition("\n")
    declared = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)
    return (above + 1, rest, declared[1]) if declared else (above, text, None)


def _dialect(text: str, separator: str | None) -> tuple[Dialect, str]:
    """What stands between cells and around them, as clevercsv finds it in the first lines."""
    sample = "\n".join(line for line in islice(_lines(text), HEAD_LINES) if not line.startswith("#"))[:HEAD_SIGNS]
    quote = '"'
    if separator is None:
        import clevercsv

        try:
            short = re.sub(
                r"[^\s,;|\"']{100,}| {100,}", lambda cell: cell[0][:100], sample
            )  # its patterns are slow on long words
            found = clevercsv.Detector().detect(short, delimiters=BETWEEN)
        except Exception:  # clevercsv names no error that it promises to raise
            found = None
        separator = (found.delimiter if found else "") or ","
        quote = (found.quotechar if found else "") or '"'
    if '"' in sample and quote != '"' and sample.count('"') >= sample.count(quote):
        quote = '"'
    if separator == " " and quote not in sample:  # columns set out with several blanks
        text = "\n".join(re.sub(" +", " ", line.strip(" ")) for line in text.split("\n"))
    blanks = separator != " " and bool(re.search(rf"{re.escape(separator)} +{quote}", sample))
    return Dialect(separator, quote, blanks), text


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _head_rows(path: Path, dialect: Dialect, text: str, above: int) -> list[tuple[int, list[str], str]]:
    """The first rows: after which line each ends, its cells, and a comment's line as it stands."""
    rows: list[tuple[int, list[str], str]] = []
    size = 0
    for line in _lines(text):  # remarks above the names may hold anything, so they are no cells yet
        if line.startswith("#"):
            plain: list[str] = next(iter(dialect.rows(line.lstrip("# "))), []) if dialect.quote not in line else []
            rows.append((above + len(rows) + 1, plain, line))
            size += len(line) + 1
        elif line.strip():
            break
        else:
            rows.append((above + len(rows) + 1, [], ""))
            size += len(line) + 1
    before = above + len(rows)
    reader = dialect.rows(text[size:])
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((before + reader.line_num, cells, ""))
            if len(rows) >= HEAD_LINES or sum(len(cells) for _, cells, _ in rows) > HEAD_SIGNS:
                break
    except csv.Error as problem:
        raise _broken(path, before, reader.line_num, problem, rows[-1][0] if rows else before) from None
    return [row for row in rows if row[1] or row[2]]


def _broken(path: Path, before: int, line: int, problem: Exception, good: int) -> DataError:
    unclosed = "unexpected end" in str(problem)
    at = (
        f"Line {good + 1} opens a quotation mark that is never closed."
        if unclosed
        else f"Line {before + line} cannot be parsed ({problem})."
    )
    return refused(path, at, "Check the quotation marks there; inside a cell they are doubled.", FORM)


def _offset(text: str, lines: int) -> int:
    """Where the text goes on after so many lines."""
    at = 0
    for _ in range(lines):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return at


@dataclass(frozen=True)
class _Places:
    """Finds the line of a row when an error wants to name it."""

    dialect: Dialect
    body: str
    head: Head

    def __call__(self, row: int) -> str:
        reader = self.dialect.rows(self.body)
        before, count = 0, -1
        try:
            for cells in reader:
                count += bool(cells)
                if count == row:
                    return f"line {self.head.lines + before + 1}"
                before = reader.line_num
        except csv.Error:
            pass
        return f"row {row + 1}"


def _cells(path: Path, dialect: Dialect, body: str, head: Head) -> list[Cells]:
    """The cells under the names, column by column, as text."""
    if not body.strip():
        return [Cells((), np.zeros(0, np.int64)) for _ in range(head.width)]
    if dialect.blanks_before_quotes or body.count(dialect.quote) % 2:
        return _by_rows(path, dialect, body, head)
    import pyarrow as pa
    import pyarrow.csv as arrow

    raw = body.encode("utf-8", "surrogatepass")
    names = [str(index) for index in range(head.width)]
    try:
        table = arrow.read_csv(
            io.BytesIO(raw),
            read_options=arrow.ReadOptions(column_names=names, block_size=max(len(raw), 1)),
            parse_options=arrow.ParseOptions(
                delimiter=dialect.separator, quote_char=dialect.quote, newlines_in_values=True
            ),
            convert_options=arrow.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        )
    except pa.ArrowException:  # a line of another length: the slow way names it
        return _by_rows(path, dialect, body, head)
    return [coded(column) for column in table.columns]


def coded(column: Any) -> Cells:
    """An Arrow column of text; what is null becomes an empty cell."""
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.combine_chunks()
    levels = ["" if level is None else level for level in encoded.dictionary.to_pylist()]
    codes = encoded.indices
    if codes.null_count:
        codes = codes.fill_null(len(levels))
        levels.append("")
    return Cells.coded(levels, codes.to_numpy(zero_copy_only=False).astype(np.int64))


def _by_rows(path: Path, dialect: Dialect, body: str, head: Head) -> list[Cells]:
    reader = dialect.rows(body)
    rows, good = [], 0
    try:
        for cells in reader:
            if cells and len(cells) != head.width and any(cell.strip() for cell in cells):
                raise _ragged(path, head, head.lines + good + 1, cells)
            if cells:
                rows.append(cells if len(cells) == head.width else [""] * head.width)
            good = reader.line_num
    except csv.Error as problem:
        raise _broken(path, head.lines, reader.line_num, problem, head.lines + good) from None
    return [Cells.of(column) for column in zip(*rows, strict=True)]


def _ragged(path: Path, head: Head, line: int, cells: Sequence[str]) -> DataError:
    at = f"Line {line} has {len(cells)} cell(s), but the first line names {head.width} column(s)."
    start = quoted(cleaned(cells[0]))
    return refused(
        path,
        f"{at} It begins with {start}.",
        f"Correct line {line}; a cell that holds the separator needs quotation marks. "
        "If the separator is wrong: --read separator=SIGN.",
        FORM,
    )


def called(separator: str) -> str:
    """A separator in words."""
    return CALLED.get(separator, f"'{visible(separator)}'")
