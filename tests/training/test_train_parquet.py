"""Parquet files as they are found: with an index of pandas, gaps, several types, or broken."""

import datetime
import decimal

import keras
import numpy as np
import pytest
from keras import layers

import lossary as ls
from lossary.data import rowfiles
from lossary.training import streams

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
files = pytest.importorskip("pyarrow.parquet")

ROWS = 12
NUMBERS = np.arange(ROWS) ** 2  # pandas writes 0, 1, 2 … as a range, which is no column


def frame(rng):
    return pd.DataFrame({"a": rng.normal(size=ROWS), "y": rng.normal(size=ROWS), "b": rng.normal(size=ROWS)})


def rows(path, y="y"):
    """All rows in the order of the files, and what is said."""
    made = streams.stream(str(path), y, batch_size=5, shuffle=False)
    parts = list(made.batches())
    return *(np.concatenate([part[k] for part in parts]) for k in (0, 1)), made.notes


INDICES = {
    "range": (lambda f: f, []),
    "numbers": (lambda f: f.set_index(pd.Index(NUMBERS)), ["__index_level_0__"]),
    "named": (lambda f: f.set_index(pd.Index(NUMBERS, name="id")), ["id"]),
    "text": (lambda f: f.set_index(pd.Index([f"row {k}" for k in range(ROWS)])), ["__index_level_0__"]),
    "several": (
        lambda f: f.set_index([pd.Index(NUMBERS, name="id"), pd.Index(NUMBERS)]),
        ["id", "__index_level_1__"],
    ),
}


@pytest.mark.backendless
@pytest.mark.parametrize("kind", INDICES)
def test_the_index_of_a_table_is_no_input(kind, rng, tmp_path):
    table, (make, left) = frame(rng), INDICES[kind]
    make(table).to_parquet(tmp_path / "rows.parquet")
    x, y, notes = rows(tmp_path / "rows.parquet")
    np.testing.assert_allclose(x, table[["a", "b"]].to_numpy(), rtol=1e-6)
    np.testing.assert_allclose(y, table[["y"]].to_numpy(), rtol=1e-6)
    assert notes == ([f"Left out, as the index of a table of pandas: {', '.join(map(repr, left))}."] if left else [])


@pytest.mark.backendless
def test_an_index_that_is_asked_for_is_a_target(rng, tmp_path):
    table = frame(rng)
    table.set_index("y").to_parquet(tmp_path / "rows.parquet")
    x, y, notes = rows(tmp_path / "rows.parquet")
    np.testing.assert_allclose(y, table[["y"]].to_numpy(), rtol=1e-6)
    assert x.shape == (ROWS, 2) and not notes


def test_what_is_left_out_is_said(rng, tmp_path, capsys):
    frame(rng).set_index(pd.Index(NUMBERS, name="id")).to_parquet(tmp_path / "rows.parquet")
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    history = ls.train(model, tmp_path / "rows.parquet", "y", loss="mse", epochs=2, verbose=2)
    assert "'id'" in history.notes[0] and history.notes[0] in capsys.readouterr().out
    assert np.isfinite(history["target"]).all()


@pytest.mark.backendless
def test_columns_of_any_type_of_number(tmp_path, monkeypatch):
    monkeypatch.setattr(rowfiles, "WINDOW", 2)
    columns = {
        "whole": pa.array([1, None, 3]),
        "large": pa.array([3_000_000_000, 1, 2]),
        "money": pa.array([decimal.Decimal("0.50"), None, decimal.Decimal("2.25")]),
        "yes": pa.array([True, False, None]),
        "class": pa.array([5, 7, 5]).dictionary_encode(),
        "half": pa.array(np.float16([1, 2, 3])),
        "y": pa.array([1, 2, 3], pa.uint8()),
    }
    files.write_table(pa.table(columns), tmp_path / "rows.parquet")
    x, y, _ = rows(tmp_path / "rows.parquet")
    nan = np.nan
    expected = [[1, 3e9, 0.5, 1, 5, 1], [nan, 1, nan, 0, 7, 2], [3, 2, 2.25, nan, 5, 3]]
    np.testing.assert_allclose(x, expected)
    np.testing.assert_array_equal(y, [[1], [2], [3]])


@pytest.mark.backendless
def test_files_of_a_folder_meet_by_the_names_of_columns(rng, tmp_path):
    table = frame(rng)
    table[:6].to_parquet(tmp_path / "a.parquet")
    table[6:][["b", "y", "a"]].reset_index(drop=True).to_parquet(tmp_path / "b.parquet")
    np.testing.assert_allclose(rows(tmp_path)[0], table[["a", "b"]].to_numpy(), rtol=1e-6)
    table[["a", "y"]].to_parquet(tmp_path / "c.parquet")
    with pytest.raises(ls.LossaryError, match=r"c.parquet has no column 'b'"):
        rows(tmp_path)


def broken(tmp_path):
    good = pa.table({"a": np.arange(1000.0), "y": np.arange(1000.0)})
    files.write_table(good, tmp_path / "good.parquet", compression="none")
    content = (tmp_path / "good.parquet").read_bytes()
    yield "cut.parquet", content[: len(content) // 2]
    yield "spoiled.parquet", content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :]
    yield "empty.parquet", b""
    yield "rows.csv", b"a,y\n1,2\n"


@pytest.mark.backendless
def test_files_that_cannot_be_read_are_named(tmp_path):
    for name, content in broken(tmp_path):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ls.LossaryError) as caught:
            rows(tmp_path / name)
        parts = caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do
        assert name in caught.value.arrived and all(parts)


COLUMNS = {
    "string": pa.array(["red", "blue"]),
    "categories": pa.array(["red", "blue"]).dictionary_encode(),
    "timestamp": pa.array([datetime.datetime(2020, 1, 1)] * 2),
    "date": pa.array([datetime.date(2020, 1, 1)] * 2),
    "list": pa.array([[1.0], [2.0]]),
    "struct": pa.array([{"u": 1}, {"u": 2}]),
    "nothing": pa.nulls(2),
}


@pytest.mark.backendless
@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("place", ["an input", "the target"])
def test_columns_of_other_things_are_refused_by_name(kind, place, tmp_path):
    table = {"wrong": COLUMNS[kind], "right": pa.array([1.0, 2.0])}
    files.write_table(pa.table(table), tmp_path / "rows.parquet")
    with pytest.raises(ls.LossaryError, match=r"Column 'wrong' of rows.parquet holds"):
        rows(tmp_path / "rows.parquet", "right" if place == "an input" else "wrong")


@pytest.mark.backendless
def test_a_file_of_no_rows_is_refused(rng, tmp_path):
    frame(rng)[:0].to_parquet(tmp_path / "rows.parquet", index=False)
    with pytest.raises(ls.LossaryError, match=r"rows.parquet holds none"):
        rows(tmp_path / "rows.parquet")
