"""The pictures of a comparison on the terminal, and what is said of rows that they leave out."""

from __future__ import annotations

import string
from collections.abc import Sequence

from lossary._errors import visible
from lossary.cli.canvas import Marks, drawn, full, robust, told
from lossary.data.results import Comparison, Fit

LETTERS = string.ascii_lowercase
COLOURS = (208, 39, 35, 220, 25, 175, 166, 245)  # of 256: near the Okabe–Ito palette, which colour-blind people tell


def fitted_lines(found: Comparison, fits: Sequence[Fit], width: int, colour: bool) -> tuple[list[str], str]:
    """The rows and every fitted line, for one numeric input; and a sentence where rows lie outside."""
    rows = Marks(found.x, found.y, "o", visible(f"{found.target} (each row)"))
    lines = [
        Marks(found.grid, fit.line, LETTERS[k % 26], visible(fit.label), _colour(k, colour), line=True)
        for k, fit in enumerate(fits)
    ]
    picture = drawn([rows, *lines], robust(found.x), robust(found.y), width, 22, visible(found.inputs[0]))
    return picture, told([found.row_numbers[place] for place in rows.outside], "row")


def predicted_against_true(found: Comparison, fit: Fit, width: int, colour: bool) -> tuple[list[str], str]:
    """One fit's predictions over the true values; on the line of dots both are equal."""
    across, up = robust(found.y), robust([*found.y, *fit.predictions])
    ends = full([*across, *up])
    equal = Marks(ends, ends, ".", "equal", line=True)
    rows = Marks(found.y, fit.predictions, "o", visible(f"predicted by {fit.label} (each row)"), _colour(0, colour))
    picture = drawn([rows, equal], across, up, width, 20, visible(f"{found.target}, true"))
    return picture, told([found.row_numbers[place] for place in rows.outside], "row")


def _colour(place: int, colour: bool) -> int | None:
    return COLOURS[place % len(COLOURS)] if colour else None
