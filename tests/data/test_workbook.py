"""Sheets and Parquet files: cells mean what they mean in a text file; indexes and further sheets are said."""

import datetime
import zipfile

import numpy as np
import pytest

from lossary.data.errors import DataError
from lossary.data.reading import Reading
from lossary.data.tables import read_table

pytestmark = pytest.mark.backendless

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"'
    '/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.'
    'sheet.main+xml"/></Types>'
)
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'


def workbook(path, **sheets):
    """A workbook of Excel, written by hand: numbers as numbers, all else as text, None as no cell."""
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", TYPES)
        main = f'<Relationship Id="r1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/>'
        book.writestr("_rels/.rels", LINKS.format(main))
        listed, linked = "", ""
        for k, (name, rows) in enumerate(sheets.items(), 1):
            listed += f'<sheet name="{name}" sheetId="{k}" r:id="r{k}"/>'
            linked += f'<Relationship Id="r{k}" Type="{REL}/worksheet" Target="worksheets/sheet{k}.xml"/>'
            lines = "".join(
                f'<row r="{r}">' + "".join(cell(value, f"{chr(65 + c)}{r}") for c, value in enumerate(row)) + "</row>"
                for r, row in enumerate(rows, 1)
            )
            text = f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'
            book.writestr(f"xl/worksheets/sheet{k}.xml", text)
        book.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>{listed}</sheets></workbook>'
        )
        book.writestr("xl/_rels/workbook.xml.rels", LINKS.format(linked))
    return path


def cell(value, at):
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{at}"><v>{value}</v></c>'


def test_a_sheet_of_excel(tmp_path):
    rows = [["Sales"], [], ["x", "price", "town"], [1.234, "1.234,50 €", "Rome"], [950, "7,00 €", "Oslo"]]
    path = workbook(tmp_path / "t.xlsx", first=[*rows, [2.125, None, "Rome"]], second=[["a"], [5]])
    (x, price, town), notes = read_table(path, Reading())
    assert x.numbers.tolist() == [1.234, 950, 2.125]  # a number is never read as thousands
    np.testing.assert_array_equal(price.numbers, [1234.5, 7, np.nan])
    assert town.text == ("Rome", "Oslo", "Rome") and town.place(1) == "line 5"
    assert "'Sales'" in notes[0] and "the first of 2" in notes[1]
    (only,), _ = read_table(path, Reading(sheet="second"))
    assert only.numbers.tolist() == [5]
    with pytest.raises(DataError, match="no sheet 'third'"):
        read_table(path, Reading(sheet="third"))


def test_sheets_without_cells_and_broken_books(tmp_path):
    with pytest.raises(DataError, match="empty"):
        read_table(workbook(tmp_path / "t.xlsx", first=[]), Reading())
    with pytest.raises(DataError, match="0 rows"):
        read_table(workbook(tmp_path / "u.xlsx", first=[["x", "y"]]), Reading())
    with zipfile.ZipFile(tmp_path / "v.xlsx", "w") as book:
        book.writestr("[Content_Types].xml", TYPES)
    with pytest.raises(DataError, match="not a workbook that can be read"):
        read_table(tmp_path / "v.xlsx", Reading())


def parquet(tmp_path, columns):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_a_parquet_file(tmp_path):
    day = datetime.datetime(2024, 1, 2)
    columns = {
        "n": [1.5, None, 3.0], "k": [1, 2, 3], "b": [True, False, None], "s": ["1,5", None, "2,5"],
        "t": ["u", "v", "u"],
        "d": [day, None, day + datetime.timedelta(3)], "m": [day, day + datetime.timedelta(hours=6), day],
        "i": [1, 2, 2**60 + 1], "c": [-999, 4, 5], "l": [[1], [2], [3]], "f": [1.0, float("inf"), 2.0],
        "z": [datetime.timedelta(days=1), None, datetime.timedelta(hours=12)], "e": [None, None, None],
    }  # fmt: skip
    found, _ = read_table(parquet(tmp_path, columns), Reading(missing=("-999",)))
    by = {column.name: column for column in found}
    nan = np.nan
    for name, numbers in {
        "n": [1.5, nan, 3], "k": [1, 2, 3], "s": [1.5, nan, 2.5], "d": [0, nan, 3], "m": [0, 0.25, 0], "c": [nan, 4, 5],
        "z": [1, nan, 0.5], "e": [nan] * 3,
    }.items():  # fmt: skip
        np.testing.assert_array_equal(by[name].numbers, numbers, err_msg=name)
    assert by["b"].text == ("true", "false", "") and by["t"].text == ("u", "v", "u")
    assert by["i"].text[2] == str(2**60 + 1) and "19 digits" in by["i"].notes[0]
    assert "list" in by["l"].doubt.arrived and "Row 2" in by["f"].doubt.arrived
    number, _ = read_table(parquet(tmp_path, {"i": [1, 2**60 + 1]}), Reading(meanings={"i": "number"}))
    assert number[0].numbers.tolist() == [1, 2.0**60]


def test_the_index_of_pandas_is_left_out(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": [1.5, 2.5], "kind": pd.Categorical(["u", "v"])}, index=[5, 9])
    frame.to_parquet(tmp_path / "t.parquet")
    columns, notes = read_table(tmp_path / "t.parquet", Reading())
    assert [column.name for column in columns] == ["x", "kind"] and columns[1].text == ("u", "v")
    assert notes == ["The index of pandas (__index_level_0__) is left out."]
    frame.set_index("x").to_parquet(tmp_path / "t.parquet")
    assert [column.name for column in read_table(tmp_path / "t.parquet", Reading())[0]] == ["kind"]


def test_parquet_files_without_rows_or_with_a_name_twice(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    with pytest.raises(DataError, match="0 rows"):
        read_table(parquet(tmp_path, {"x": []}), Reading())
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="occurs 2 times"):
        read_table(tmp_path / "t.parquet", Reading())
