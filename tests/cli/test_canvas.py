"""Plots of characters: legible with wild numbers, and nothing left out without a word."""

import math
import random

import pytest

from lossary.cli.canvas import Marks, drawn, full, robust, told

pytestmark = pytest.mark.backendless


def test_limits_are_those_of_the_bulk():
    bulk = [k / 10 for k in range(100)]
    assert robust(bulk) == (0.0, 9.9)
    assert robust([*bulk, 1e6, -1e9]) == (0.0, 9.9)
    assert robust([*bulk, 14.0]) == (0.0, 14.0)  # not far enough to hide the others
    assert robust([5.0] * 50 + [7.0]) == (5.0, 7.0)
    assert robust([]) == (0.0, 0.0) and robust([math.nan, 2.0, math.inf]) == (2.0, 2.0)


def test_points_outside_stand_at_the_edge_and_are_said():
    rows = Marks([0, 1, 2, 3, 50], [0.0, 1.0, 2.0, 1e9, -1e9], "o", "rows")
    picture = "\n".join(drawn([rows], (0, 3), (0, 2), 60, 15, "x"))
    assert rows.outside == [3, 4]
    assert picture.count("^") == 1 and picture.count("v") == 1 and picture.count("o") == 3 + "o rows".count("o")
    assert told([7], "row").startswith("1 row (row 7) lies outside")
    assert told([7, 9], "row").startswith("2 rows (rows 7, 9) lie outside")
    assert told([], "row") == ""


def test_no_line_hides_a_row_and_a_steep_line_has_no_gap():
    line = Marks([0.0, 1.0, 1.0001, 2.0], [0.0, 0.0, 9.0, 9.0], "a", "step", line=True)
    picture = drawn([line, Marks([0.0], [0.0], "o")], (0, 2), (0, 9), 50, 20)
    inside = [text for text in picture if "│" in text or "┤" in text]
    assert all("a" in text for text in inside) and "o" in inside[-1]


@pytest.mark.parametrize("seed", range(40))
def test_any_numbers_give_a_picture_that_fits(seed):
    rng = random.Random(seed)
    pick = lambda: rng.choice((rng.gauss(0, 1), 0.0, 1e300, -1e300, 1e-300, math.nan, math.inf, 7.0, 1e15))  # noqa: E731
    x, y = ([pick() for _ in range(rng.choice((1, 2, 30)))] for _ in range(2))
    y = (y * 30)[: len(x)]
    width = rng.choice((40, 80, 110))
    x.sort(key=lambda value: (math.isnan(value), value))
    picture = drawn(
        [Marks(x, y, "o", "n" * 200), Marks(x, y, "a", "line", line=True)], robust(x), full(y), width, 20, "x" * 99
    )
    assert max(map(len, picture)) <= width
