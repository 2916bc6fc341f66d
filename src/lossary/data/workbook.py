"""Sheets of Excel and OpenDocument, read by calamine; their cells go the same way as those of a text file."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

from lossary.data.cells import Cells, Grid
from lossary.data.errors import quoted
from lossary.data.files import refused
from lossary.data.heads import find_head, finished
from lossary.data.reading import Reading

FORM = "Expected a sheet with one line of column names, then one line per row."


def sheet_grid(raw: bytes, path: Path, reading: Reading) -> Grid:
    """The cells of the sheet that is named, or of the first that holds any."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = list(book.sheet_names)
        if reading.sheet is not None and reading.sheet not in names:
            at = f"It has no sheet {quoted(reading.sheet)}; its sheets are {', '.join(map(quoted, names))}."
            raise refused(path, at, "Name one of them: --read sheet=NAME.", FORM)
        wanted = [reading.sheet] if reading.sheet is not None else names
        filled = [name for name in wanted if book.get_sheet_by_name(name).height]
        if not filled:
            raise refused(path, "Its sheets are empty.", "Save the table again.", FORM)
        rows = book.get_sheet_by_name(filled[0]).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError) as problem:
        why = str(problem).rstrip(".") or type(problem).__name__
        raise refused(path, f"It is not a workbook that can be read ({why}).", "Save it again.", FORM) from None
    width = max(map(len, rows))
    texts = [[_text(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    while width > 1 and not any(row[width - 1] for row in texts):
        width -= 1
    numbered = [(k + 1, row[:width], "") for k, row in enumerate(texts) if any(row)]
    head = find_head(numbered[:200], reading, path)
    body = [row[: head.width] for row in texts[head.lines :]]
    columns = [Cells.of([row[k] for row in body]) for k in range(head.width)]
    grid = finished(path, head, columns, lambda row: f"line {head.lines + row + 1}", "")
    if len(filled) > 1:
        grid.notes.append(f"The sheet {quoted(filled[0])} is read, the first of {len(filled)} (--read sheet=NAME).")
    return grid


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        text = repr(cell).removesuffix(".0") if abs(cell) < 2**53 else repr(cell)
        # The cell is a number, so its point begins decimals, also before three digits.
        return text + "0" if "." in text and "e" not in text and len(text.partition(".")[2]) == 3 else text
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        return repr(cell.total_seconds() / 86400)
    return str(cell)
