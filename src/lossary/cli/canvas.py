"""Plots of characters. Each line has its own letter, so that they can be told apart without colour."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Limits = tuple[float, float]
FENCE = 3.0  # quartile distances beyond the quartiles that a picture shows at most
ROOM = 2.0  # but all, as long as this does not make it more than so many times as large
EDGES = "^v<>"  # where points stand that lie above, below, left and right of the picture


@dataclass
class Marks:
    """Points, or the points of a line, shown by one character. `outside` is filled in: which lie beyond the edges."""

    x: Sequence[float]
    y: Sequence[float]
    sign: str
    label: str = ""
    colour: int | None = None  # of 256
    line: bool = False
    outside: list[int] = field(default_factory=list)


def full(values: Iterable[float]) -> Limits:
    """From the least to the most of the finite numbers."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    return min(finite), max(finite)


def robust(values: Iterable[float]) -> Limits:
    """Limits that a few wild numbers do not stretch, so that the others can still be told apart."""
    ordered = sorted(value for value in values if math.isfinite(value)) or [0.0]
    low, high, last = ordered[0], ordered[-1], len(ordered) - 1
    quarter, three = ordered[round(last / 4)], ordered[round(last * 3 / 4)]
    reach = (three - quarter) or (ordered[round(last * 0.95)] - ordered[round(last * 0.05)])
    if not reach or high - low <= ROOM * (three - quarter + 2 * FENCE * reach):
        return low, high
    inside = [value for value in ordered if quarter - FENCE * reach <= value <= three + FENCE * reach]
    return inside[0], inside[-1]


def drawn(series: Sequence[Marks], across: Limits, up: Limits, width: int, height: int, name: str = "") -> list[str]:
    """The lines of a picture `width` characters wide, with a frame, round ticks and a legend on top.

    Points beyond the limits stand at the edge, as one of ^ v < >, and are listed in `outside`; lines end there.
    """
    across, up = _wide(across), _wide(up)
    ticks = _ticks(up, 6)
    gutter = max(len(text) for _, text in ticks)
    columns, rows = max(10, width - gutter - 3), height - 3
    cells: list[list[tuple[str, int | None]]] = [[(" ", None)] * columns for _ in range(rows)]
    for marks in reversed(series):  # where lines agree, those named first are seen
        if marks.line:
            _line(cells, marks, across, up)
    for marks in series:  # and no line hides a point
        if not marks.line:
            _points(cells, marks, across, up)
    at = {rows - 1 - _cell(value, up, rows): text for value, text in ticks}
    lines = _legend(series, width)
    lines.append(" " * gutter + "┌" + "─" * columns + "┐")
    for place, row in enumerate(cells):
        text = at.get(place, "")
        lines.append(text.rjust(gutter) + ("┤" if text else "│") + "".join(map(_painted, row)) + "│")
    below, named = ["─"] * columns, [" "] * (columns + gutter + 3)
    free = 0
    for value, text in _ticks(across, max(2, min(6, columns // 12))):
        place = _cell(value, across, columns)
        start = min(max(free, gutter + 1 + place - len(text) // 2), len(named) - len(text))
        if start < free:
            continue
        below[place] = "┬"
        named[start : start + len(text)] = text
        free = start + len(text) + 1
    lines += [" " * gutter + "└" + "".join(below) + "┘", "".join(named).rstrip()]
    if name:
        lines.append(name[:width].center(columns + 2 * gutter + 2).rstrip()[:width])
    return lines


def told(rows: Sequence[int], words: str, most: int = 6) -> str:
    """The sentence about the points that stand at the edge; nothing where there are none."""
    if not rows:
        return ""
    listed = ", ".join(map(str, rows[:most])) + (", …" if len(rows) > most else "")
    one = len(rows) == 1
    return (
        f"{len(rows)} {words if one else words + 's'} ({words if one else words + 's'} {listed}) "
        f"{'lies' if one else 'lie'} outside the picture and {'stands' if one else 'stand'} at its edge: {EDGES[0]} "
        f"{EDGES[1]} {EDGES[2]} {EDGES[3]}"
    )


def _legend(series: Sequence[Marks], width: int) -> list[str]:
    lines: list[str] = []
    used = 0
    for marks in series:
        if not marks.label:
            continue
        label = f"{marks.sign} {marks.label}"
        label = label if len(label) <= width - 4 else f"{label[: width - 5]}…"
        text = _painted((label, marks.colour))
        if lines and used + len(label) + 3 <= width:
            lines[-1] += f"   {text}"
            used += len(label) + 3
        else:
            lines.append(f"  {text}")
            used = len(label) + 2
    return lines


def _wide(limits: Limits) -> Limits:
    low, high = limits
    if high > low:
        return limits
    around = abs(low) / 10 or 1.0
    return low - around, high + around


def _cell(value: float, limits: Limits, cells: int) -> int:
    low, high = limits
    scale = max(abs(low), abs(high))  # of numbers so large that their difference is not one
    share = (value / scale - low / scale) / (high / scale - low / scale)
    return min(cells - 1, max(0, round(share * (cells - 1))))


def _points(cells: list[list[tuple[str, int | None]]], marks: Marks, across: Limits, up: Limits) -> None:
    rows, columns = len(cells), len(cells[0])
    for place, (x, y) in enumerate(zip(marks.x, marks.y, strict=True)):
        if math.isnan(x) or math.isnan(y):
            continue
        beyond = (y > up[1], y < up[0], x < across[0], x > across[1])
        sign = next((edge for edge, out in zip(EDGES, beyond, strict=True) if out), marks.sign)
        if any(beyond):
            marks.outside.append(place)
        x, y = min(max(x, across[0]), across[1]), min(max(y, up[0]), up[1])
        cells[rows - 1 - _cell(y, up, rows)][_cell(x, across, columns)] = (sign, marks.colour)


def _line(cells: list[list[tuple[str, int | None]]], marks: Marks, across: Limits, up: Limits) -> None:
    """A sign in every column, and in the rows between two columns where the line is steep."""
    rows, columns = len(cells), len(cells[0])
    before: int | None = None
    for column in range(columns):
        share = column / (columns - 1)
        y = _between(marks.x, marks.y, across[0] * (1 - share) + across[1] * share)
        if not math.isfinite(y):
            before = None
            continue
        inside = up[0] <= y <= up[1]
        row = rows - 1 - _cell(min(max(y, up[0]), up[1]), up, rows)
        first = row if before is None or abs(before - row) <= 1 else before + (1 if row > before else -1)
        for one in range(min(first, row), max(first, row) + 1):
            if inside or one != row:
                cells[one][column] = (marks.sign, marks.colour)
        before = row


def _between(x: Sequence[float], y: Sequence[float], at: float) -> float:
    """y at a place among the ordered x, on the straight line between its neighbours; nan outside."""
    from bisect import bisect_left

    place = bisect_left(x, at)
    if place == 0:
        return y[0] if x and math.isclose(x[0], at, rel_tol=1e-9, abs_tol=1e-12) else math.nan
    if place == len(x):
        return y[-1] if math.isclose(x[-1], at, rel_tol=1e-9, abs_tol=1e-12) else math.nan
    step = x[place] - x[place - 1]
    part = (at - x[place - 1]) / step if step else 0.0
    return y[place - 1] * (1 - part) + y[place] * part


def _ticks(limits: Limits, count: int) -> list[tuple[float, str]]:
    """About `count` round numbers within the limits, with as many digits as tell them apart."""
    low, high = limits
    span = high / count - low / count
    if not math.isfinite(span) or span <= 0:
        return [(low, f"{low:.3g}"), (high, f"{high:.3g}")]
    power = 10.0 ** math.floor(math.log10(span)) or span
    step = next(power * m for m in (1, 2, 5, 10, 20) if power * m >= span)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [k * step for k in range(first, min(last, first + 4 * count) + 1)]
    size = max(abs(low), abs(high))
    if size >= 1e6 or (size < 1e-3):
        digits = max(1, math.ceil(math.log10(size / step)) + 1)
        return [(value, f"{value:.{digits}g}") for value in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(value, f"{value:,.{decimals}f}" if size >= 10_000 else f"{value:.{decimals}f}") for value in values]


def _painted(cell: tuple[str, int | None]) -> str:
    sign, colour = cell
    return sign if colour is None else f"\x1b[38;5;{colour}m{sign}\x1b[0m"
