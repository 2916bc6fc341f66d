"""What a column means: every way to write numbers and dates, and the cell that is named where one does not fit."""

import datetime

import numpy as np
import pytest

from lossary.data.columns import from_cells
from lossary.data.errors import DataError
from lossary.data.problem import Question, pose
from lossary.data.reading import Reading
from lossary.data.tables import read_table, split_names

pytestmark = pytest.mark.backendless

NUMBERS = {
    "plain": (["1", "-2.5", "+3", ".5", "4.", "1e3", "2.5E-4"], [1, -2.5, 3, 0.5, 4, 1000, 0.00025]),
    "thousands": (["1,234", "950", "12,345,678.5"], [1234, 950, 12345678.5]),
    "points for thousands": (["1.234,5", "1.234.567", "950"], [1234.5, 1234567, 950]),
    "blanks": (["1 234,5", "950", "12 000"], [1234.5, 950, 12000]),
    "no-break blanks": (["1\u00a0234", "1\u202f234"], [1234, 1234]),
    "apostrophes": (["1'234.50", "950"], [1234.5, 950]),
    "Indian": (["1,23,456", "12,34,567.5", "950"], [123456, 1234567.5, 950]),
    "currency": (["$1,234.50", "-$7", "($5)", "$ 6", "8"], [1234.5, -7, -5, 6, 8]),
    "currency behind": (["1.234,50 €", "12,00 EUR".replace("EUR", "€")], [1234.5, 12]),
    "code": (["USD 5", "USD 1,234.5"], [5, 1234.5]),
    "percent": (["5%", "7.5 %"], [5, 7.5]),
    "unit": (["5 kg", "7.5kg"], [5, 7.5]),
    "unit of two": (["5 km/h", "7.5 km/h"], [5, 7.5]),
    "brackets": (["(123)", "45"], [-123, 45]),
    "long minus": (["\u22125", "\u20137"], [-5, -7]),
    "blanks around": ([" 5", "6 ", "\u00a07", "8\u200b"], [5, 6, 7, 8]),
}


@pytest.mark.parametrize(("cells", "numbers"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_however_written(cells, numbers):
    column = from_cells("x", cells)
    assert column.doubt is None
    assert column.numbers.tolist() == numbers
    assert bool(column.notes) == (cells[0].strip() not in ("1", "5"))  # what is not plain is said


TEXTS = {
    "underscores": ["1_0", "2_0"],
    "other digits": ["１２", "１３"],
    "hexadecimal": ["0x1F", "0x2A"],
    "leading zeros": ["01234", "99999"],
    "large": ["9007199254740993", "9007199254740992"],
    "versions": ["1.2.3", "1.10.4"],
    "ranges": ["10-20", "20-30", "65"],
    "ordinals": ["1st", "2nd", "3rd", "3rd", "3rd"],
    "rooms": ["1A", "2A", "3B"],
    "blood": ["+", "-", "+", "-"],
    "quarters": ["Q1", "Q2"],
    "truth": ["true", "False"],
}


@pytest.mark.parametrize("cells", TEXTS.values(), ids=TEXTS)
def test_what_only_looks_like_numbers_stays_text(cells):
    column = from_cells("x", cells)
    assert column.is_text and column.doubt is None
    assert list(column.text) == cells


MISSING = ["", "NA", "n/a", "NaN", "null", "None", "?", "#N/A", "#DIV/0!", "-", ".", "--", "…"]


@pytest.mark.parametrize("cell", MISSING)
def test_missing_cells_are_counted_with_their_first_line(cell):
    column = from_cells("x", ["1.5", cell, "2.5", cell])
    np.testing.assert_array_equal(column.numbers, [1.5, np.nan, 2.5, np.nan])
    assert [note.partition("'x': ")[2] for note in column.notes] == (
        [f"read as missing: '{cell}' in 2 rows (first line 3)."] if cell else []
    )


STRAYS = ["<1000", "inf", "1e400", "5 kg", "two", "1_0", "12-", "--5", "2024-01-02", "€5€", "0x1F", "1,2,3", "1.2.3"]


@pytest.mark.parametrize("cell", STRAYS)
@pytest.mark.parametrize("as_target", [True, False])
def test_a_stray_cell_is_refused_by_its_line(tmp_path, cell, as_target):
    path = tmp_path / "t.csv"
    rows = "".join(f'"{cell if k == 7 else k / 4 + 1000}",{k % 9}.5\n' for k in range(40))
    path.write_text("price,area\n" + rows)
    columns, _ = read_table(path, Reading())
    assert columns[0].doubt is not None
    assert f"39 of 40 cells are numbers; line 9 holds '{cell}'" in columns[0].doubt.arrived
    from lossary.data.tables import Table

    table = Table("t", tuple(columns))
    with pytest.raises(DataError, match="39 of 40") as error:
        pose(table, Question(target="price" if as_target else "area"))
    assert ("--ignore price" in str(error.value)) is not as_target
    known, _ = read_table(path, Reading(missing=(cell,)))
    assert np.isnan(known[0].numbers[7]) and known[0].doubt is None


def read(tmp_path, text, **reading):
    path = tmp_path / "t.csv"
    path.write_text(text)
    return {column.name: column for column in read_table(path, Reading(**reading))[0]}


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_sign_before_three_digits_needs_another_column_or_the_user(tmp_path, separator):
    def table(x, y):
        return f"x{separator}y\n" + "".join(f"{a}{separator}{b}\n" for a, b in zip(x, y, strict=True))

    whole = ["950", "1.723", "12.450"]
    assert "may be" in read(tmp_path, table([1, 2, 3], whole))["y"].doubt.arrived
    assert read(tmp_path, table(["0,5", "1,5", "2,5"], whole))["y"].numbers.tolist() == [950, 1723, 12450]
    assert read(tmp_path, table([0.5, 1.5, 2.5], whole))["y"].numbers.tolist() == [950, 1.723, 12.45]
    said = read(tmp_path, table([1, 2, 3], whole), decimal="comma")["y"]
    assert said.numbers.tolist() == [950, 1723, 12450] and "'1.723' is 1723" in said.notes[0]
    both = read(tmp_path, table(["9,5", "17.23", "2,5"], whole))
    assert "2 of 3 cells" in both["x"].doubt.arrived


def test_in_a_comma_file_quoted_commas_are_thousands(tmp_path):
    read_ = read(tmp_path, 'x,y\n50,"1,234"\n70,"2,345"\n')
    assert read_["y"].numbers.tolist() == [1234, 2345]
    assert read(tmp_path, "x,y\n5,1.234\n7,2.345\n")["y"].numbers.tolist() == [1.234, 2.345]
    assert read(tmp_path, "x,y\n5,1.234\n7,950\n")["y"].doubt is not None


DATES = [
    "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%m-%d-%Y", "%d.%m.%y", "%d %b %Y", "%B %d, %Y",
    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p",
]  # fmt: skip


@pytest.mark.parametrize("pattern", DATES)
def test_dates_become_days_since_the_first(pattern):
    days = [40, 0, 25, 366, 7]
    first = datetime.datetime(2023, 12, 20)
    column = from_cells("x", [(first + datetime.timedelta(day)).strftime(pattern) for day in days] + [""])
    np.testing.assert_allclose(column.numbers, [*days, np.nan], atol=1e-6)
    assert f"days since {first.strftime(pattern)}" in column.notes[0]
    assert column.show(1) == first.strftime(pattern)


def test_zones_are_heeded():
    column = from_cells("x", ["2024-01-02T10:00:00Z", "2024-01-02T10:00:00+02:00", "2024-01-02T10:00:00-05:30"])
    np.testing.assert_allclose(column.numbers * 24, [2, 0, 7.5], atol=1e-5)


def test_unclear_and_broken_dates_are_refused(tmp_path):
    text = "when,y\n01/02/2024,1\n03/05/2024,2\n"
    assert "--as when=day-first" in read(tmp_path, text)["when"].doubt.do
    assert read(tmp_path, text, meanings={"when": "day-first"})["when"].numbers.tolist() == [0, 92]
    assert read(tmp_path, text, meanings={"when": "month-first"})["when"].numbers.tolist() == [0, 63]
    broken = from_cells("x", ["2024-01-02", "2024-01-03", "2024-13-45"])
    assert "2 of 3 cells are dates; line 4 holds '2024-13-45'" in broken.doubt.arrived


def test_the_user_says_what_a_column_means(tmp_path):
    text = "zip,day,code\n01234,20240131,1\n99999,20240201,2\n"
    meant = read(tmp_path, text, meanings={"zip": "number", "day": "date", "code": "text"})
    assert meant["zip"].numbers.tolist() == [1234, 99999]
    assert meant["day"].numbers.tolist() == [0, 1]
    assert meant["code"].text == ("1", "2")
    assert "holds 'a'" in read(tmp_path, "x,y\na,1\nb,2\n", meanings={"x": "number"})["x"].doubt.arrived
    with pytest.raises(DataError, match="no column 'q'"):
        read(tmp_path, text, meanings={"q": "text"})


def test_numbers_are_shown_with_the_digits_that_tell_them_apart():
    column = from_cells("x", ["1000001", "1000002", "0.1"])
    assert [column.show(k) for k in range(3)] == ["1000001", "1000002", "0.1"]


def test_names_with_commas_can_be_named(tmp_path):
    from lossary.data.tables import Table

    table = Table("t", tuple(from_cells(name, ["1", "2"]) for name in ("a", "b, c", "d")))
    assert split_names("b, c", table) == ("b, c",)
    assert split_names('a,"b, c", d', table) == ("a", "b, c", "d")
    with pytest.raises(DataError, match='a, "b, c", d'):
        pose(table, Question(target="q"))


def test_controls_are_shown_and_never_sent():
    column = from_cells("x", ["a\x1b[31m", "b\u202e"])
    assert column.text == ("a\\x1b[31m", "b\\u202e")
    error = DataError("x\x1b", arrived="\x07", allowed="\x9b", do="\u202e")
    assert str(error) == "x\\x1b \\x07 \\x9b \\u202e"
