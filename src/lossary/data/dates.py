"""Dates and times as people write them, read by one pattern for the whole column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

LIKE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?\b.*|\d{1,2}[-/. ]+(\d{1,2}|[A-Za-z]{3,9}\.?),?[-/. ]+\d{2,4}\b.*|"
    r"[A-Za-z]{3,9}\.? \d{1,2},? \d{4}\b.*|\d{8}T\d{4,6}.*"
)
ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?")
DAY_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y", "%d-%m-%y", "%d %m %Y")
MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y", "%m.%d.%Y")
CLEAR = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m", "%Y/%m", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d. %B %Y",
    "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%Y%m%dT%H%M%S",
)  # fmt: skip
COMPACT = ("%Y%m%d",)  # only where a column is said to hold dates: the same digits are a number
TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
ZONE = re.compile(r"(.*\d)\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})")
# With a point between, the day stands first wherever such dates are written; the others have two customs.
SURE = (*CLEAR, *COMPACT, *(pattern for pattern in DAY_FIRST if "." in pattern))


def patterns_of(cells: Sequence[str], meaning: str = "") -> list[str]:
    """The patterns that every cell follows, those of `meaning` ("", "date", "day-first", "month-first")."""
    if meaning in ("", "date") and all(map(ISO.fullmatch, cells)) and len({len(cell) for cell in cells}) == 1:
        pattern = _iso(cells)
        return [pattern] if pattern else []
    first = _bare(cells[0])
    wanted = {"day-first": DAY_FIRST, "month-first": MONTH_FIRST, "date": (*CLEAR, *COMPACT, *DAY_FIRST, *MONTH_FIRST)}
    dates = wanted.get(meaning, (*CLEAR, *DAY_FIRST, *MONTH_FIRST))
    found = [
        date + time
        for date in dates
        for time in (TIMES if "%H" not in date else ("",))
        if parsed(first, date + time) is not None
    ]
    return [pattern for pattern in found if all(parsed(_bare(cell), pattern) is not None for cell in cells)]


def _iso(cells: Sequence[str]) -> str:
    """The pattern of ISO dates of one length, which NumPy reads at once."""
    try:
        np.array(cells, dtype="datetime64[us]")
    except ValueError:
        return ""
    return "%Y-%m-%d" + {10: "", 16: " %H:%M", 19: " %H:%M:%S"}.get(len(cells[0]), " %H:%M:%S.%f")


def like(cell: str) -> bool:
    """Whether a cell looks like a date at all."""
    return LIKE.fullmatch(cell) is not None


def _bare(cell: str) -> str:
    """Without the zone, and with a blank for the T between date and time."""
    found = ZONE.fullmatch(cell)
    text = found[1] if found and ":" in found[1] else cell
    return re.sub(r"(\d)T(?=\d\d:)", r"\1 ", text)


def parsed(cell: str, pattern: str) -> datetime | None:
    """A cell in a pattern; a year of four digits needs four."""
    try:
        when = datetime.strptime(cell, pattern)
    except ValueError:
        return None
    return when if when.year >= 1000 else None


def days(cells: Sequence[str], pattern: str) -> list[float]:
    """Days since the first of January 1970, with fractions; times with a zone are moved to UTC."""
    if pattern.startswith("%Y-%m-%d") and all(map(ISO.fullmatch, cells)):
        moments = np.array(cells, dtype="datetime64[us]")
        return [float(day) for day in moments.astype(np.int64) / 86400e6]
    return [_day(cell, pattern) for cell in cells]


def _day(cell: str, pattern: str) -> float:
    when = datetime.strptime(_bare(cell), pattern).replace(tzinfo=UTC)
    zone = ZONE.fullmatch(cell)
    seconds = (when - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    if zone and ":" in zone[1] and zone[2][0] in "+-":
        hours, minutes = int(zone[2][1:3]), int(zone[2][-2:])
        seconds -= (1 if zone[2][0] == "+" else -1) * (hours * 3600 + minutes * 60)
    return seconds / 86400


def choose(found: Sequence[str], cells: Sequence[str]) -> tuple[str | None, bool]:
    """One of the patterns; or None and True where the day and the month cannot be told apart and it matters."""
    clear = [pattern for pattern in found if pattern.startswith(SURE)]
    if clear:
        return clear[0], False
    if len(found) > 1 and any(days(cells, found[0]) != days(cells, other) for other in found[1:]):
        return None, True
    return (found[0] if found else None), False


def words(pattern: str) -> str:
    """A pattern as a person reads it."""
    names = {"%Y": "year", "%y": "year", "%m": "month", "%b": "month", "%B": "month", "%d": "day"}
    date = pattern.split(" %H")[0].split(" %I")[0].split("T%H")[0]
    said = re.sub("%[A-Za-z]", lambda found: names.get(found[0], found[0]), date)
    return re.sub(r"(?<=[a-z])(?=(year|month|day))", "-", said) + (
        " and time" if "%H" in pattern or "%I" in pattern else ""
    )
