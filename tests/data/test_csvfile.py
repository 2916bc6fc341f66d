"""CSV files: what is read, and what is refused with the line that says so."""

import gzip

import numpy as np
import pytest

from lossary.data.errors import DataError
from lossary.data.reading import Reading
from lossary.data.tables import read_table

pytestmark = pytest.mark.backendless


def read_csv(path):
    return read_table(path, Reading())


def write(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_numbers_text_and_missing_cells(tmp_path):
    columns, notes = read_csv(write(tmp_path, "a,b\n1,x\nNA,\n2.5e1,y\n"))
    np.testing.assert_array_equal(columns[0].numbers, [1.0, np.nan, 25.0])
    assert columns[1].text == ("x", "", "y")
    assert columns[1].missing.tolist() == [False, True, False]
    assert notes == []


@pytest.mark.parametrize(
    ("text", "first"),
    [("a;b\n1,5;2\n", 1.5), ("a\tb\n3\t2\n", 3.0), ("﻿a,b\r\n4,2\r\n", 4.0), ('"a",b\n"5",2\n\n', 5.0)],
    ids=["semicolon with decimal comma", "tab", "byte order mark and CRLF", "quotes and a blank line"],
)
def test_dialects(tmp_path, text, first):
    columns, _ = read_csv(write(tmp_path, text))
    assert [column.name for column in columns] == ["a", "b"]
    assert columns[0].numbers[0] == first


def test_gzip(tmp_path):
    columns, _ = read_csv(write(tmp_path, gzip.compress(b"a,b\n1,2\n"), "t.csv.gz"))
    assert columns[1].numbers[0] == 2


def test_an_unnamed_index_is_left_out_and_said(tmp_path):
    columns, notes = read_csv(write(tmp_path, ",a\n0,5\n1,7\n"))
    assert [column.name for column in columns] == ["a"]
    assert "unnamed" in notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  \n\n", "empty"),
        ("a,b\n", "0 rows"),
        ("a,b\n1,2\n3\n", "Line 3 has 1 cell"),
        ("a,b\n1,2\n3,4,5\n", "Line 3 has 3 cell"),
        ("a,a\n1,2\n", "occurs 2 times"),
        ("1,2\n3,4\n", "numbers, not names"),
        (b"a,b\n1,\x00\n", "NUL"),
        ('a,b\n1,"2\n', "never closed"),
        (b"\x1f\x8bnot gzip", "cannot be unpacked"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, words):
    with pytest.raises(DataError, match=words) as error:
        read_csv(write(tmp_path, text))
    assert error.value.asked
    assert error.value.allowed
    assert error.value.do


def test_directories_broken_archives_and_missing_files(tmp_path):
    with pytest.raises(DataError, match="directory"):
        read_csv(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"no \.gz file"):
        read_csv(write(tmp_path, b"no archive", "t.csv.gz"))
