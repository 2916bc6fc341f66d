"""Text files: one table written in many ways reads to the same numbers; what is no table is refused by its line."""

import bz2
import csv
import gzip
import io
import itertools
import lzma
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossary.data.errors import DataError
from lossary.data.reading import Reading, reading_of
from lossary.data.tables import load, read_table

pytestmark = pytest.mark.backendless

NUMBERS = [1234.5, -0.25, 7.0, 1234567.75, 1000.0, 999.125]
TOWNS = ["Köln", "Zürich, Nord", "Zürich, Nord", "São Paulo", 'the "Hague"', "Köln"]


def read(tmp_path, raw, name="table.csv", **reading):
    path = tmp_path / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return read_table(path, Reading(**reading))


def zipped(raw):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("folder/table.csv", raw)
    return held.getvalue()


def grouped(value, decimal, thousands):
    return f"{value:,.3f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)


SIGNS = [(".", ""), (".", ","), (",", "."), (",", ""), (",", "\u00a0"), (".", "'"), (",", " ")]
PACKED = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zip": zipped}
CODES = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"]
ENDS = ["\n", "\r\n", "\r"]


def written(separator, decimal, thousands, end):
    held = io.StringIO()
    table = csv.writer(held, delimiter=separator, lineterminator=end)
    table.writerow(["town", "price, net", "count"])
    for k, (town, value) in enumerate(zip(TOWNS, NUMBERS, strict=True)):
        table.writerow([town, grouped(value, decimal, thousands), k * 7])
    return held.getvalue()


@pytest.mark.parametrize("signs", SIGNS, ids=str)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_reads_the_same_however_it_is_written(tmp_path, separator, signs):
    ways = itertools.zip_longest(CODES, PACKED, ENDS)
    for code, ending, end in ways:
        text = written(separator, *signs, end or "\n")
        packed = PACKED[ending or ""](text.encode(code or "utf-8"))
        (town, price, count), _ = read(tmp_path, packed, f"table.csv{ending or ''}")
        where = (code, ending, end)
        assert (town.name, price.name) == ("town", "price, net"), where
        assert list(town.text) == TOWNS, where
        assert price.doubt is None and price.numbers.tolist() == NUMBERS, where
        assert count.numbers.tolist() == [0, 7, 14, 21, 28, 35], where


CELL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(float),
    st.integers(-(10**12), 10**12).map(float),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELL, CELL), min_size=3, max_size=12),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    comma=st.booleans(),
)
def test_any_numbers_come_back(tmp_path, rows, separator, quoting, comma):
    held = io.StringIO()
    table = csv.writer(held, delimiter=separator, quoting=quoting, lineterminator="\n")
    table.writerow(["first", "second"])
    for row in rows:
        table.writerow([repr(value).replace(".", "," if comma else ".") for value in row])
    # the sign is told: with three decimals everywhere it cannot be seen
    columns, _ = read(tmp_path, held.getvalue(), decimal="comma" if comma else "point")
    got = np.column_stack([column.numbers for column in columns])
    np.testing.assert_array_equal(got, np.array(rows))


FIRST_LINES = {
    "separator in a quoted name": ('"length, in m";y\n1,5;2\n2,5;3\n', ["length, in m", "y"]),
    "Excel's sep=": ("sep=;\nx;y\n1,5;2\n2,5;3\n", ["x", "y"]),
    "remark": ('# exported by tool, "2024\n#\nx,y\n1.5,2\n2.5,3\n', ["x", "y"]),
    "NumPy's names": ("# x,y\n1.5,2\n2.5,3\n", ["x", "y"]),
    "title": ("Sales 2024,\n\nx,y\n1.5,2\n2.5,3\n", ["x", "y"]),
    "separator after the names": ("x,y,\n1.5,2\n2.5,3\n", ["x", "y"]),
    "separator after every line": ("x,y,\n1.5,2,\n2.5,3,\n", ["x", "y"]),
    "separator after the rows": ("x,y\n1.5,2,\n2.5,3,\n", ["x", "y"]),
    "index of pandas": (",x,y\n0,1.5,2\n1,2.5,3\n", ["x", "y"]),
    "row names of R": ('"x","y"\n"a",1.5,2\n"b",2.5,3\n', ["x", "y"]),
    "blanks between": ("  x    y\n1.5  2.0\n2.5  3.0\n", ["x", "y"]),
    "blanks before quotes": ('x, y\n"1.5", "2"\n"2.5", "3"\n', ["x", "y"]),
    "signs of no width": ("\ufeffx,y\u200b\n1.5,2\n2.5,3\n", ["x", "y"]),
    "blank lines and empty rows": ("\n\nx,y\n\n1.5,2\n,\n2.5,3\n\n", ["x", "y"]),
    "a name of two lines": ('"x\n(m)",y\n1.5,2\n2.5,3\n', ["x (m)", "y"]),
    "a name with a control": ("x\x1b[31m,y\n1.5,2\n2.5,3\n", ["x\\x1b[31m", "y"]),
    "years as names": ("town,2019,2020\n1.5,2,1\n2.5,3,1\n", ["town", "2019", "2020"]),
    "a column without a name": ("x,,y\n1.5,7,2\n2.5,6,3\n", ["x", "column 2", "y"]),
}


@pytest.mark.parametrize(("text", "names"), FIRST_LINES.values(), ids=FIRST_LINES)
def test_first_lines_of_common_programs(tmp_path, text, names):
    columns, _ = read(tmp_path, text)
    assert [column.name for column in columns] == names
    assert columns[0].numbers.tolist() == [1.5, 2.5]


def test_what_was_decided_about_the_file_is_said(tmp_path):
    for raw, words in (
        (b"# made by hand\nx,y\n1,2\n2,3\n", "remarks above"),
        (b"Sales,\nx,y\n1,2\n2,3\n", "above the names"),
        (b",x\n0,5\n1,7\n", "only counts the rows"),
        (b"x,,y\n1,7,2\n2,6,3\n", "has no name"),
        (b"x,y\n1,2\n,\n2,3\n", "without any cell"),
        (b"x,y\n1,caf\xe9\n2,bar\n", "byte 0xe9"),
    ):
        _, notes = read(tmp_path, raw)
        assert len(notes) == 1 and words in notes[0]


def test_quotes_and_line_breaks_in_cells(tmp_path):
    (note, y), _ = read(tmp_path, 'note,y\n"two\nlines; ""so""",3\nO\'Brien,4\n5" pipe,5\n')
    assert note.text == ('two\\nlines; "so"', "O'Brien", '5" pipe')
    assert y.numbers.tolist() == [3, 4, 5]
    assert y.place(2) == "line 5"


def test_what_the_user_says_goes_first(tmp_path):
    columns, _ = read(tmp_path, "1;2\n3;4\n", names=False)
    assert [(c.name, c.numbers.tolist()) for c in columns] == [("column 1", [1, 3]), ("column 2", [2, 4])]
    columns, _ = read(tmp_path, "1.5,2.5\n3,4\n", names=True)
    assert [c.name for c in columns] == ["1.5", "2.5"]
    columns, _ = read(tmp_path, "a:b\n1:2\n", separator=":")
    assert [c.name for c in columns] == ["a", "b"]
    columns, _ = read(tmp_path, "имя,y\nОмск,2\n".encode("koi8-r"), encoding="koi8-r")
    assert columns[0].text == ("Омск",)
    columns, _ = read(tmp_path, "x,y\n-999,2\n5,3\n", missing=("-999",))
    np.testing.assert_array_equal(columns[0].numbers, [np.nan, 5])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  \n\n", "empty"),
        ('""\n', "no line of names"),
        (",,\n", "no line of names"),
        ("a,b\n", "0 rows"),
        ("a,b\n1,2\n3\n4,5\n", "Line 3 has 1 cell"),
        ("a,b\n1,2\n3,4,5\n", "Line 3 has 3 cell"),
        ('a,b\n"x\ny",2\n3,4,5\n4,6\n', "Line 4 has 3 cell"),
        ("a,b\n1,2\n2,3\nTotal\n", "begins with 'Total'"),
        ("a,a\n1,2\n", "occurs 2 times"),
        ("1,2\n3,4\n", "numbers, not names"),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "numbers, not names"),
        ("39,State-gov,77516\n50,Private,83311\n", "numbers, not names"),
        (b"a,b\n1,\x00\n", "NUL"),
        ('a,b\n1,"2\n3,4\n', "Line 2 opens a quotation mark"),
        ("a,b\n" + "1,2\n" * 300 + '1,"2\n3,4\n', "Line 302 opens a quotation mark"),
        ("<!DOCTYPE html><html></html>", "web page"),
        ('[{"a": 1}]', "JSON"),
        (b"\x1f\x8bnot gzip", "cannot be decompressed"),
        (gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "cannot be decompressed"),
        (zipped(b"a,b\n1,2\n")[:-9], "cannot be decompressed"),
        (b"%PDF-1.4", "PDF"),
        (b"\xff\xfea", "ends in the middle"),
        (b"PAR1 and more", "not a Parquet file"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "not a workbook"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, words):
    with pytest.raises(DataError, match=words) as error:
        read(tmp_path, text)
    assert error.value.asked and error.value.allowed and error.value.do


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (".", "directory"),
        ("/dev/zero", "device"),
        ("x" * 300 + ".csv", "cannot be read"),
        ("none\0.csv", "cannot be read"),
        ("no/such.csv", "no such file"),
        ("https://host/table.csv", "address"),
        ("fones", "no embedded table"),
    ],
)
def test_what_is_no_file_is_refused(path, words):
    with pytest.raises(DataError, match=words):
        load(path)


def test_pipes_archives_of_several_files_and_wrong_endings(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe"):
        load(str(tmp_path / "pipe"))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "x\n")
        archive.writestr("b.csv", "x\n")
    with pytest.raises(DataError, match=r"2 files \(a.csv, b.csv\)"):
        load(str(tmp_path / "two.zip"))
    with pytest.raises(DataError, match=r"not a \.gz file"):
        read(tmp_path, b"x,y\n1,2\n", "t.csv.gz")


@pytest.mark.parametrize(
    "word", ["decimal", "colour=red", "decimal=dot", "separator=ab", "names=maybe", "encoding=ut8f", "encoding=base64"]
)
def test_a_wrong_reading_is_refused(word):
    with pytest.raises(DataError, match="--read"):
        reading_of([word])


def test_words_become_a_reading():
    reading = reading_of(["separator=tab", "decimal=comma", "missing=-9", "missing=x", "names=no"], ["a=b=text"])
    assert (reading.separator, reading.decimal, reading.missing) == ("\t", "comma", ("-9", "x"))
    assert reading.names is False and reading.meanings == {"a=b": "text"}
    with pytest.raises(DataError, match="not one of the meanings"):
        reading_of((), ["x=word"])
