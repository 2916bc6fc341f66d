"""What a column means: numbers, dates or text; decided by whole columns, said in one line, or refused by a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lossary.data import dates
from lossary.data.cells import Cells, Grid
from lossary.data.columns import Column, Floats
from lossary.data.errors import DataError, quoted
from lossary.data.numbers import EXACT, FORMS, POINT, Form, Read, plain, read_in
from lossary.data.reading import Reading

# Cells that mean: nothing is known. In a column of text the second kind may be words of their own.
_WORDS = (
    "", "na", "n/a", "n.a.", "nan", "null", "none", "nil", "?", "<na>", "nat", "(null)", "\\n", "missing",
    "#n/a", "#na", "#n/a n/a", "#value!", "#div/0!", "#ref!", "#num!", "#name?", "#null!",
)  # fmt: skip
MISSING = frozenset(form for word in _WORDS for form in (word, word.upper(), word.capitalize(), word.title())) | {
    "NaN",
    "NaT",
}
STRAY = frozenset(("-", "--", "---", "−", "–", "—", ".", "..", "...", "…", "*", "/", "x", "n", "\\"))
CODES = re.compile(r"[-+]?0[0-9]+")  # 01234: a code, not a number
PADDED = re.compile(r"(?:^|\n)[-+]?0[0-9]")
WHOLE = re.compile(r"[-+]?[0-9]+")
SHOWN = 4


@dataclass(frozen=True)
class Written:
    """A column of cells, with those that are missing apart."""

    name: str
    cells: Cells
    gone: npt.NDArray[np.bool_]  # by level
    place: Grid

    @property
    def there(self) -> list[int]:
        """The levels that hold something."""
        return [int(k) for k in np.flatnonzero((self.cells.counts > 0) & ~self.gone)]

    def line(self, level: int) -> str:
        return self.place.place(self.cells.first(level))

    def spread(self, levels: Sequence[int], values: Sequence[float]) -> Floats:
        """One number a row from one a level; NaN for the others."""
        by_level = np.full(len(self.cells.levels) + 1, np.nan)
        by_level[list(levels)] = values
        return by_level[self.cells.codes]

    def texts(self, gone: npt.NDArray[np.bool_] | None = None) -> tuple[str, ...]:
        """One text a row; "" for what is missing."""
        away = self.gone if gone is None else gone
        words = ["" if out else level for level, out in zip(self.cells.levels, away, strict=True)]
        return tuple(map(words.__getitem__, self.cells.codes.tolist()))


@dataclass(frozen=True)
class Either:
    """Numbers that both forms can read, differently: 1.723 is 1723 or 1.723."""

    written: Written
    levels: list[int]
    reads: tuple[Read, Read]


@dataclass
class Votes:
    """Which decimal signs the rest of the file shows for certain: the form, and the column that shows it."""

    seen: dict[str, str]

    def count(self, form: Form, name: str) -> None:
        self.seen.setdefault(form.name, name)


def columns_of(grid: Grid, reading: Reading) -> list[Column]:
    """The columns of a table of cells, each with its meaning."""
    refuse_unknown(grid.names, reading)
    votes = Votes({})
    first = [_column(name, cells, grid, reading, votes) for name, cells in zip(grid.names, grid.columns, strict=True)]
    return [_settled(found, grid, votes, reading) if isinstance(found, Either) else found for found in first]


def refuse_unknown(names: Sequence[str], reading: Reading) -> None:
    """Raise DataError when the user gives a meaning to a column that is not there."""
    for name in reading.meanings:
        if name not in names:
            raise DataError(
                f"Cannot apply --as {name}={reading.meanings[name]}.",
                arrived=f"There is no column {quoted(name)}.",
                allowed=f"The columns are {', '.join(names[:12])}{' …' if len(names) > 12 else ''}.",
                do="Check the spelling; names are case-sensitive.",
            )


def _column(name: str, cells: Cells, grid: Grid, reading: Reading, votes: Votes) -> Column | Either:
    said = frozenset(reading.missing)
    gone = np.array([level in MISSING or level in said for level in cells.levels], dtype=bool)
    written = Written(name, cells, gone, grid)
    meaning = reading.meaning(name)
    there = written.there
    known = name in reading.expected and name not in reading.meanings and meaning != "text"
    if known and all(cells.levels[k] in STRAY for k in there):  # one row with a dash, in a column of numbers
        there = []
    if not there:
        return Column(name, numbers=np.full(cells.codes.size, np.nan), place=grid.place)
    if meaning == "text":
        return _text(written)
    if meaning in ("date", "day-first", "month-first"):
        if name in reading.meanings:
            return _dates(written, meaning) or _not_all(written, "dates", _undated(written, meaning))
        written = _without_strays(written) or written  # what is expected gives way to what is clear
        return (
            _dates(written, meaning) or _dates(written, "date") or _not_all(written, "dates", _undated(written, "date"))
        )
    found = _numbers(written, there, grid, reading, votes, meaning)
    if found is None and (loose := _without_strays(written)):
        found = _numbers(loose, loose.there, grid, reading, votes, meaning) or _dates(loose, meaning)
    found = found or (_dates(written, meaning) if meaning != "number" else None)
    return found or _other(written, grid, reading, meaning)


def _without_strays(written: Written) -> Written | None:
    """The column with dashes and the like among its missing cells, where it has such and others."""
    stray = np.array([level in STRAY for level in written.cells.levels], dtype=bool) & ~written.gone
    if not stray.any() or all(stray[k] for k in written.there):
        return None
    return Written(written.name, written.cells, written.gone | stray, written.place)


def _numbers(
    written: Written, there: list[int], grid: Grid, reading: Reading, votes: Votes, meaning: str
) -> Column | Either | None:
    """The column as numbers, where every cell is one; Either where two forms differ about them."""
    levels = [written.cells.levels[k] for k in there]
    padded = meaning != "number" and PADDED.search("\n".join(levels))
    zero = (
        None
        if not padded
        else next((k for k in there if (cell := written.cells.levels[k])[:1] in "0+-" and CODES.fullmatch(cell)), None)
    )
    if zero is not None and all(WHOLE.fullmatch(level) for level in levels):
        why = f"has leading zeros ({quoted(written.cells.levels[zero])} in {written.line(zero)})"
        return _text(written, f"'{written.name}' {why}: codes, read as text (--as {_word(written.name)}=number).")
    values = plain(levels)
    if values is not None:
        pointed = [level for level in levels if "." in level]
        clear = not all(map(_grouped, pointed))  # a point before two digits begins decimals
        if not pointed or (clear and reading.decimal is None) or reading.decimal == "point":
            if clear:
                votes.count(POINT, written.name)
            return _checked(written, there, levels, values, meaning, "", decimal="point" if pointed else "")
    forms = [form for form in FORMS if reading.decimal in (None, form.name)]
    reads = [read for form in forms if not (read := read_in(form, levels)).wrong]
    if not reads:
        return None
    if len(reads) == 2:
        same = all(
            a == b or (a and b and a.value == b.value) for a, b in zip(reads[0].numbers, reads[1].numbers, strict=True)
        )
        if not same:
            return Either(written, there, (reads[0], reads[1]))
    elif reads[0].signs & {"decimal", "thousands"} and len(forms) == 2:
        votes.count(reads[0].form, written.name)
    return _from(written, there, levels, reads[0], meaning)


def _grouped(level: str) -> bool:
    """Whether one sign stands before exactly three digits, so that it may divide thousands."""
    head, point, tail = level.lstrip("+-").partition(".")
    return bool(point) and len(tail) == 3 and 1 <= len(head) <= 3 and head[0] != "0" and tail.isdigit()


def _from(written: Written, there: list[int], levels: list[str], read: Read, meaning: str, why: str = "") -> Column:
    numbers = [number.value for number in read.numbers if number is not None]
    currency, unit = read.affixes
    parts = []
    if "decimal" in read.signs and read.form.decimal == ",":
        parts.append("a decimal comma")
    if "thousands" in read.signs:
        parts.append("thousands signs")
    if "brackets" in read.signs:
        parts.append("brackets for minus")
    if "minus" in read.signs:
        parts.append("a long minus sign")
    kind = f" in {'percent' if unit == '%' else currency or unit}" if currency or unit else ""
    if why and not parts:
        parts.append("a decimal point")
    kind += f" with {' and '.join(parts)}" if parts else ""
    shown = next((k for k, number in enumerate(read.numbers) if number and (number.signs or any(number.affixes))), 0)
    sample = f": {quoted(levels[shown])} is {numbers[shown]:.15g}"
    note = f"'{written.name}' is read as numbers{kind}{sample}{why}." if kind else ""
    decimal = read.form.name if read.signs & {"decimal", "thousands"} else ""
    return _checked(written, there, levels, numbers, meaning, note, read.affixes, decimal)


def _checked(
    written: Written, there: list[int], levels: Sequence[str], values: Sequence[float], meaning: str, note: str,
    affixes: tuple[str, str] = ("", ""), decimal: str = "",
) -> Column:  # fmt: skip
    """Numbers, unless some are too large to be told apart, or to be held."""
    if float(np.abs(np.asarray(values)).max()) >= EXACT:
        endless = [k for k, value in zip(there, values, strict=True) if np.isinf(value)]
        if endless:
            return _not_all(written, "numbers", endless)
        whole = all(level.lstrip("+-").isdigit() for level in levels)
        if whole and meaning != "number" and any(int(v) != int(level) for v, level in zip(values, levels, strict=True)):
            long = max(levels, key=len)
            why = f"holds whole numbers of {len(long.lstrip('+-'))} digits, more than float64 can distinguish"
            return _text(written, f"'{written.name}' {why}: read as text (--as {_word(written.name)}=number).")
    numbers = written.spread(there, values)
    notes = [note] if note else []
    notes += _holes(written)
    texts = written.texts() if note else ()
    place = written.place.place
    return Column(written.name, numbers, texts, tuple(notes), place=place, affixes=affixes, decimal=decimal)


def _holes(written: Written) -> list[str]:
    """What counts as missing beside empty cells, how often and where first."""
    counts = written.cells.counts
    named = [k for k in np.flatnonzero(written.gone & (counts > 0)) if written.cells.levels[k]]
    if not named:
        return []
    shown = ", ".join(
        f"{quoted(written.cells.levels[k])} in {counts[k]} row{'s' if counts[k] > 1 else ''} "
        f"({'first ' if counts[k] > 1 else ''}{written.line(int(k))})"
        for k in named[:SHOWN]
    )
    more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return [f"'{written.name}': read as missing: {shown}{more}."]


def _text(written: Written, note: str = "") -> Column:
    notes = ([note] if note else []) + _holes(written)
    return Column(written.name, text=written.texts(), notes=tuple(notes), place=written.place.place)


def _settled(either: Either, grid: Grid, votes: Votes, reading: Reading) -> Column:
    """Numbers whose sign may divide thousands or begin the decimals: by the rest of the file, or refused."""
    written, there, reads = either.written, either.levels, either.reads
    levels = [written.cells.levels[k] for k in there]
    by_name = {read.form.name: read for read in reads}
    if len(votes.seen) == 1:
        name, column = next(iter(votes.seen.items()))
        return _from(written, there, levels, by_name[name], "", f", since '{column}' has a decimal {name}")
    if not votes.seen and (name := reading.decimals.get(written.name, "")):
        return _from(written, there, levels, by_name[name], "", f", with a decimal {name} as in the fit")
    pointed = "." in "".join(levels)
    bare = all("." in level or "," in level for level in levels)
    if not votes.seen and grid.separator in (",", "") and (not pointed or bare):
        return _from(written, there, levels, by_name["point"], "", "" if not pointed else " (--read decimal=comma)")
    at = next(k for k, level in zip(there, levels, strict=True) if "." in level or "," in level)
    cell = written.cells.levels[at]
    values = [read.form.read(cell) for read in reads]
    first, second = (f"{value.value:.15g}" if value else "" for value in values)
    seen = "the other columns show both signs" if votes.seen else "no other column shows which sign separates decimals"
    doubt = DataError(
        f"Cannot read '{written.name}' as numbers.",
        arrived=f"{written.line(at).capitalize()} holds {quoted(cell)}, which may be {first} or {second}; {seen}.",
        allowed="Expected at least one cell that shows whether the sign separates thousands or decimals.",
        do="Say which sign separates the decimals: --read decimal=point or --read decimal=comma.",
    )
    return Column(written.name, text=written.texts(), doubt=doubt, place=written.place.place)


def _dates(written: Written, meaning: str) -> Column | None:
    there = written.there
    cells = [written.cells.levels[k] for k in there]
    if not meaning and not all(map(dates.like, cells)):
        return None
    found = dates.patterns_of(cells, meaning)
    pattern, unclear = dates.choose(found, cells)
    if unclear:
        doubt = DataError(
            f"Cannot read '{written.name}' as dates.",
            arrived=f"{written.line(there[0]).capitalize()} holds {quoted(cells[0])}, and no cell shows whether the "
            "day or the month comes first.",
            allowed="Expected at least one date that shows it.",
            do=f"Say which: --as {_word(written.name)}=day-first or --as {_word(written.name)}=month-first.",
        )
        return Column(written.name, text=written.texts(), doubt=doubt, place=written.place.place)
    if pattern is None:
        return None
    days = np.array(dates.days(cells, pattern))
    first = float(days.min())
    start = cells[int(days.argmin())]
    note = f"'{written.name}' is read as dates ({dates.words(pattern)}): days since {start}."
    return Column(
        written.name, written.spread(there, list(days - first)), written.texts(), (note, *_holes(written)),
        place=written.place.place, zero=first, pattern=pattern,
    )  # fmt: skip


def _undated(written: Written, meaning: str) -> list[int]:
    there = written.there
    found = [k for k in there if not dates.patterns_of([written.cells.levels[k]], meaning)]
    return found or there


def _other(written: Written, grid: Grid, reading: Reading, meaning: str) -> Column:
    """Text; unless most of the cells are numbers or dates, so that the others are mistakes."""
    there = written.there
    cells = [written.cells.levels[k] for k in there]
    counts = written.cells.counts
    total = int(counts[there].sum())
    reads = [read_in(form, cells) for form in FORMS if reading.decimal in (None, form.name)]
    wrong = [[there[k] for k in read.wrong] for read in reads]
    least = min(wrong, key=lambda levels: int(counts[levels].sum()))
    at = wrong.index(least)
    unit = reads[at].affixes[1]
    both = len(reads) == 2 and not set(wrong[0]) & set(wrong[1]) and reads[0].affixes == reads[1].affixes
    most = 0.2 if unit else 0.5  # codes such as 1A, 2A, 2B are not numbers in the unit A
    if meaning == "number" or int(counts[least].sum()) <= most * total:
        what = f"numbers with a decimal {reads[at].form.name}" if both else "numbers"
        return _not_all(written, what, least)
    if sum(int(counts[k]) for k, cell in zip(there, cells, strict=True) if dates.like(cell)) * 2 >= total:
        return _not_all(written, "dates", _wrong_dates(there, cells))
    return _text(written)


def _wrong_dates(there: Sequence[int], cells: Sequence[str]) -> list[int]:
    """The cells that do not follow the pattern which most follow."""
    unlike = [k for k, cell in zip(there, cells, strict=True) if not dates.like(cell)]
    if unlike:
        return unlike
    best: list[int] = list(there)
    tried = {pattern for cell in cells[:50] for pattern in dates.patterns_of([cell])}
    for pattern in tried:
        wrong = [k for k, cell in zip(there, cells, strict=True) if pattern not in dates.patterns_of([cell])]
        best = min(best, wrong, key=len)
    return best


def _not_all(written: Written, what: str, wrong: Sequence[int]) -> Column:
    """A column that cannot be used, since some of its cells are not what the others are."""
    counts = written.cells.counts
    total = int(counts[written.there].sum())
    bad = int(counts[list(wrong)].sum())
    first = min(wrong, key=written.cells.first)
    cell = written.cells.levels[first]
    word = _word(written.name)
    shape = "None of its" if bad == total else f"{total - bad} of {total}"
    doubt = DataError(
        f"Cannot read '{written.name}' as {what}.",
        arrived=f"{shape} cells are {what}; {written.line(first)} holds {quoted(cell)}"
        + (f" ({bad} such cells in all)." if bad > 1 else "."),
        allowed=f"Expected {what} in the same format in every cell that is not missing.",
        do=f"Correct the cell{'s' if bad > 1 else ''}; or say what is meant: --read missing={_word(cell)} or "
        f"--as {word}=text.",
    )
    return Column(written.name, text=written.texts(), doubt=doubt, place=written.place.place)


def _word(name: str) -> str:
    """A word as it can be typed on a command line."""
    return name if re.fullmatch(r"[\w./-]+", name) else "'" + name.replace("'", "'\\''") + "'"
