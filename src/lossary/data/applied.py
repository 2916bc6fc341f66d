"""A fit's recipe used on another table: what fits is read as the fit read it, and what does not is refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lossary.data import dates
from lossary.data.columns import Column, Floats, written
from lossary.data.errors import DataError, quoted
from lossary.data.features import Input
from lossary.data.meaning import STRAY
from lossary.data.reading import Reading
from lossary.data.tables import Table, listed

UNSEEN = ("refuse", "missing")  # what becomes of a value of text that the fit has not seen


def expecting(reading: Reading, recipe: Sequence[Input]) -> Reading:
    """A reading in which columns mean what they meant to the fit, unless the user says otherwise."""
    meanings = {one.name: _meaning(one) for one in recipe}
    return replace(reading, expected=meanings, decimals={one.name: one.decimal for one in recipe})


def _meaning(one: Input) -> str:
    if one.kind != "dates":
        return {"text": "text", "numbers": "number"}[one.kind]
    for meaning, patterns in (("day-first", dates.DAY_FIRST), ("month-first", dates.MONTH_FIRST)):
        if one.pattern.startswith(patterns):
            return meaning
    return "date"


def applied(recipe: Sequence[Input], table: Table, target: str, missing: str, unseen: str, notes: list[str]) -> Floats:
    """The matrix (rows, features) of a table; NaN where a row has no numbers. What was decided goes to `notes`.

    Raises DataError for a column that is not there, or means something else than in the fit.
    """
    if unseen not in UNSEEN:
        raise DataError(
            "unseen= says what to do with values that the fit has not seen.",
            arrived=f"It was given {quoted(str(unseen))}.",
            allowed='Expected "refuse", or "missing" to treat them as missing cells.',
            do='Pass unseen="missing", or leave it out.',
        )
    _check_names(recipe, table, target, notes)
    parts: list[Floats] = []
    holes: dict[str, int] = {}
    for one in recipe:
        column = table.column(one.name)
        assert column is not None  # _check_names looked
        cells = _cells(one, column, table, target, unseen, notes)
        made = one.columns(cells)
        gone = int(np.isnan(cells).sum()) if isinstance(cells, np.ndarray) else sum(cell == "" for cell in cells)
        bad = int(np.isnan(made).any(axis=0).sum())
        if bad:
            holes[one.name] = bad
        elif not one.indicator and gone:
            kind = "most common value" if one.kind == "text" else "median"
            filled = one.fill if isinstance(one.fill, str) else f"{one.fill:.6g}"
            notes.append(f"'{one.name}': {gone} missing cells are replaced by the {kind} of the fit, {filled}.")
        parts += made
    x = np.column_stack(parts)
    left = int(np.isnan(x).any(axis=1).sum())
    if left:
        way = " A fit made with --missing impute or indicator predicts such rows." if missing == "drop" else ""
        counts = ", ".join(f"{name} {count}" for name, count in holes.items())
        notes.append(f"{left} of {table.rows} rows have no prediction; missing cells: {counts}.{way}")
    return x


def _check_names(recipe: Sequence[Input], table: Table, target: str, notes: list[str]) -> None:
    there = {column.name for column in table.columns}
    wanted = [one.name for one in recipe]
    absent = [name for name in wanted if name not in there]
    if absent:
        like = {name: _alike(name, there - set(wanted)) for name in absent}
        near = [f"{quoted(other)} where {quoted(name)} was expected" for name, other in like.items() if other]
        raise DataError(
            f"Cannot predict '{target}' from '{table.name}'.",
            arrived=f"It has no column {listed(absent)}."
            + (f" It has {', '.join(near)}." if near else f" Its columns are {listed(sorted(there))}."),
            allowed=f"Expected the columns {listed(wanted)}, in any order.",
            do="Rename the column (names are case-sensitive)." if near else "Add it, or fit without it (--ignore).",
        )
    extra = [column.name for column in table.columns if column.name not in wanted and column.name != target]
    if extra:
        notes.append(f"Not used, because the fit has no such columns: {listed(extra)}.")
    if target in there:
        notes.append(f"'{target}' is in the table; it is predicted and not read.")


def _alike(name: str, others: set[str]) -> str:
    small = {other.casefold().strip(): other for other in sorted(others)}
    found = difflib.get_close_matches(name.casefold(), small, n=1, cutoff=0.75)
    return small[found[0]] if found else ""


def _cells(
    one: Input, column: Column, table: Table, target: str, unseen: str, notes: list[str]
) -> Floats | Sequence[str]:
    if column.missing.all():
        return [""] * column.rows if one.kind == "text" else np.full(column.rows, np.nan)
    if column.doubt is not None:
        doubt = column.doubt
        do = f"Correct the cells: in the fit '{one.name}' holds {_said(one)}. --read and --as say how they are written."
        raise DataError(doubt.asked, arrived=doubt.arrived, allowed=doubt.allowed, do=do)
    if one.kind != column.kind:
        row = int(np.argmin(column.missing))
        raise DataError(
            f"Cannot predict '{target}' from '{table.name}'.",
            arrived=f"'{one.name}' holds {column.kind}: {column.place(row)} holds {quoted(column.show(row))}.",
            allowed=f"Expected {_said(one)}, as in the fit.",
            do="Correct the column, or say how it is written: --as COLUMN=MEANING.",
        )
    if one.kind == "dates":  # the column's own first day means nothing to the fit
        notes += [f"'{one.name}' is read as dates ({dates.words(column.pattern)}).", *column.notes[1:]]
    else:
        notes += column.notes
    if one.kind == "text":
        return _texts(one, column, table, target, unseen, notes)
    assert column.numbers is not None
    _check_unit(one, column, table, target, notes)
    numbers = column.numbers + ((column.zero or 0.0) - one.zero)
    with np.errstate(invalid="ignore"):
        far = (numbers < one.low) | (numbers > one.high)
    if far.any():
        low, high = (_shown(one, end) for end in (one.low, one.high))
        notes.append(f"'{one.name}': {far.sum()} of {far.size} rows are outside the range of the fit, {low} to {high}.")
    return numbers


def _said(one: Input) -> str:
    """What a column is to the fit, in words."""
    if one.kind == "numbers":
        unit = one.affixes[1] or one.affixes[0]
        return f"numbers in {'percent' if unit == '%' else unit}" if unit else "numbers"
    if one.kind == "dates":
        return f"dates ({dates.words(one.pattern)})" if one.pattern else "dates"
    return f"one of the texts {listed(one.values)}"


def _shown(one: Input, value: float) -> str:
    if one.kind != "dates" or abs(one.zero + value) > 1e6:
        return written(value)
    return str(np.datetime64(0, "s") + np.timedelta64(round((one.zero + value) * 86400), "s")).removesuffix("T00:00:00")


def _check_unit(one: Input, column: Column, table: Table, target: str, notes: list[str]) -> None:
    """Another unit is refused; a unit that one side leaves out is taken to be the other's, and said. Not so percent:
    0.12 may well be meant for 12 %."""
    ours, theirs = (affixes[1] or affixes[0] for affixes in (one.affixes, column.affixes))
    if ours == theirs:
        return
    if (ours and theirs) or {ours, theirs} & {"%", "‰"}:
        row = int(np.argmin(column.missing))
        way = (
            f"Write the cells with {ours}." if ours else f"Write the cells without {theirs}, in the numbers of the fit."
        )
        raise DataError(
            f"Cannot predict '{target}' from '{table.name}'.",
            arrived=f"'{one.name}' is in {theirs or 'no unit'}: {column.place(row)} holds {quoted(column.show(row))}.",
            allowed=f"Expected {_said(one)}, as in the fit.",
            do=f"Convert the column to {ours}." if ours and theirs else way,
        )
    side = "the fit has no unit" if theirs else "the table has no unit"
    notes.append(f"'{one.name}' is taken to be in {ours or theirs}: {side}.")


def _texts(one: Input, column: Column, table: Table, target: str, unseen: str, notes: list[str]) -> Sequence[str]:
    new = set(column.text) - set(one.values) - {""}
    stray = new & STRAY
    if stray:
        new -= stray
        notes.append(f"'{one.name}': {listed(sorted(stray))} is read as missing.")
        column = replace(column, text=tuple("" if cell in stray else cell for cell in column.text))
    if not new:
        return column.text
    rows = [row for row, cell in enumerate(column.text) if cell in new]
    if unseen == "refuse":
        more = f" ({len(rows)} such cells, {len(new)} such values)" if len(rows) > 1 else ""
        raise DataError(
            f"Cannot predict '{target}' from '{table.name}'.",
            arrived=f"{column.place(rows[0]).capitalize()} holds {quoted(column.text[rows[0]])} in '{one.name}', which "
            f"the fit has not seen{more}.",
            allowed=f"Expected {_said(one)}, as in the fit.",
            do='Correct the cells, or treat them as missing: --unseen missing, in Python unseen="missing".',
        )
    shown = listed(sorted(new), most=6)
    notes.append(
        f"'{one.name}': {len(rows)} cells hold values that the fit has not seen ({shown}); they are treated as missing."
    )
    return ["" if cell in new else cell for cell in column.text]
