"""Plots of characters for the terminal. Each line has its own letter, so that they can be told apart without colour."""

from __future__ import annotations

import string
from collections.abc import Sequence

import plotext

from lossary.data.results import Comparison, Fit

LETTERS = string.ascii_lowercase
COLOURS = (208, 39, 35, 220, 25, 175, 166, 245)  # of 256: near the Okabe–Ito palette, which colour-blind people tell


def fitted_lines(found: Comparison, fits: Sequence[Fit], width: int, colour: bool) -> str:
    """The rows and every fitted line, for one numeric input."""
    _begin(width, 20)
    plotext.scatter(found.x, found.y, marker="o", label=found.target)
    for place, fit in enumerate(fits):
        letter = LETTERS[place % 26]
        plotext.plot(
            found.grid[:: max(1, len(found.grid) // width)],
            fit.line[:: max(1, len(found.grid) // width)],
            marker=letter,
            label=fit.label,
            color=COLOURS[place % len(COLOURS)],
        )
    # drawn again without a label, so that no line hides a row
    plotext.scatter(found.x, found.y, marker="o")
    plotext.xlabel(found.inputs[0])
    _round_ticks(found.x)
    return _text(colour)


def predicted_against_true(found: Comparison, fit: Fit, width: int, colour: bool) -> str:
    """One fit's predictions over the true values; on the line of dots both are equal."""
    _begin(width, 18)
    ends = [min(found.y), max(found.y)]
    plotext.plot(ends, ends, marker=".", label="equal")
    plotext.scatter(found.y, fit.predictions, marker="o", label=fit.label, color=COLOURS[0])
    plotext.xlabel(f"{found.target}, true")
    plotext.ylabel("predicted")
    return _text(colour)


def loss_curve(axis: str, x: Sequence[float], value: Sequence[float], slope: Sequence[float], width: int) -> str:
    """A loss and its slope over its natural argument, without colour."""
    _begin(width, 18)
    plotext.plot(x, slope, marker="'", label="slope")
    plotext.plot(x, value, marker="o", label="loss")
    plotext.xlabel(axis)
    return _text(False)


def _round_ticks(x: Sequence[float]) -> None:
    """Five ticks without decimals, where the numbers are wide enough apart for that."""
    low, high = min(x), max(x)
    if high - low >= 8:
        ticks = [round(low + (high - low) * part / 4) for part in range(5)]
        plotext.xticks(ticks, [f"{tick}" for tick in ticks])


def _begin(width: int, height: int) -> None:
    plotext.clear_figure()
    plotext.plotsize(width, height)
    plotext.theme("clear")


def _text(colour: bool) -> str:
    drawn = plotext.build()
    plotext.clear_figure()
    return (drawn if colour else plotext.uncolorize(drawn)).rstrip("\n")
