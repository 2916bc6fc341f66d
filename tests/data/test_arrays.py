"""Numbers come out of whatever holds them with their values; what is no number is refused by its place."""

import datetime
import decimal
from typing import NamedTuple

import numpy as np
import pytest

from lossary import LossaryError
from lossary.data.arrays import arrays

pytestmark = pytest.mark.backendless

BIG = 3_000_000_000  # beyond int32


class Pair(NamedTuple):
    a: object
    b: object


def frames():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    two = [[1.0, 1.0], [2.0, 0.0], [4.0, 1.0]]
    a, b = [1, 2, 4], [True, False, True]
    yield "int and bool", pd.DataFrame({"a": a, "b": b}), two
    yield "float32 and int64", pd.DataFrame({"a": np.float32(a), "b": [1, 0, 1]}), two
    yield "nullable", pd.DataFrame({"a": pd.array(a, "Int64"), "b": pd.array(b, "boolean")}), two
    yield "pyarrow", pd.DataFrame({"a": a, "b": b}).convert_dtypes(dtype_backend="pyarrow"), two
    yield "object", pd.DataFrame({"a": a, "b": b}, dtype=object), two
    yield "decimals", pd.DataFrame({"a": [decimal.Decimal(v) for v in a], "b": b}), two
    yield "categories", pd.DataFrame({"a": pd.Categorical(a), "b": pd.Categorical([1.0, 0.0, 1.0])}), two
    yield "sparse", pd.DataFrame({"a": pd.arrays.SparseArray(a), "b": pd.arrays.SparseArray([1, 0, 1])}), two
    yield "one name twice", pd.DataFrame(two, columns=["a", "a"]), two
    yield "polars", pl.DataFrame({"a": a, "b": b}), two
    yield "polars decimals", pl.DataFrame({"a": [decimal.Decimal(v) for v in a], "b": b}), two
    yield "arrow", pa.table({"a": a, "b": b}), two
    yield (
        "arrow in chunks",
        pa.concat_tables([pa.table({"a": a[:1], "b": b[:1]}), pa.table({"a": a[1:], "b": b[1:]})]),
        two,
    )
    gaps = [[1.0, np.nan], [np.nan, 0.0]]
    yield "gaps", pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": pd.array([None, False], "boolean")}), gaps
    yield "gaps of objects", pd.DataFrame({"a": [1, None], "b": [pd.NA, False]}, dtype=object), gaps
    yield "gaps of polars", pl.DataFrame({"a": [1, None], "b": [None, False]}), gaps
    yield "gaps of arrow", pa.table({"a": [1, None], "b": [None, False]}), gaps
    yield "a column", pd.Series(a, dtype="Int8"), [[1], [2], [4]]
    yield "a column of polars", pl.Series(a), [[1], [2], [4]]
    yield "a column of large numbers", pd.Series([BIG, 1]), [[BIG], [1]]


@pytest.mark.parametrize("case", list(frames()), ids=lambda case: case[0])
def test_tables_come_out_with_their_values(case):
    _, table, expected = case
    found = arrays(table)
    assert found.dtype.kind in "biuf" and found.shape == np.shape(expected)
    np.testing.assert_array_equal(found.astype(float), expected)


def others():
    sparse = pytest.importorskip("scipy.sparse")
    yield "lists", [[1, 2], [3, 4]], [[1, 2], [3, 4]]
    yield "NumPy's numbers", [np.float32(1), np.float32(2)], [1, 2]
    yield "fractions", [decimal.Decimal("0.5"), None], [0.5, np.nan]
    yield "huge numbers", [2**70, 1], [2.0**70, 1]
    yield "64 bits", np.array([BIG, -BIG]), [BIG, -BIG]
    yield "64 bits without a sign", np.array([2**63, 1], np.uint64), [2.0**63, 1]
    yield "32 bits without a sign", np.array([BIG, 1], np.uint32), [BIG, 1]
    yield "objects", np.array([[1, 2.5], [True, 4]], dtype=object), [[1, 2.5], [1, 4]]
    yield "rows in objects", _object([np.arange(2), np.arange(2)]), [[0, 1], [0, 1]]
    yield "long doubles", np.array([0.1], np.longdouble), [0.1]
    yield "records", np.array([(1, 0.5)], dtype=[("a", int), ("b", float)]), [[1, 0.5]]
    yield "nothing masked", np.ma.array([1.0, 2.0], mask=[False, False]), [1, 2]
    yield "csr", sparse.csr_matrix(np.eye(2)), np.eye(2)
    yield "coo", sparse.coo_array(np.eye(2)), np.eye(2)


def _object(rows):
    found = np.empty(len(rows), object)
    found[:] = rows
    return found


@pytest.mark.parametrize("case", list(others()), ids=lambda case: case[0])
def test_whatever_holds_numbers_gives_them(case):
    _, value, expected = case
    found = arrays(value)
    assert type(found) is np.ndarray and found.dtype.itemsize <= 8
    np.testing.assert_array_equal(found.astype(float), np.asarray(expected, float))


def test_types_stay_where_they_can():
    for kind in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"):
        assert arrays(np.ones(3, kind)).dtype == kind
    assert arrays(np.ones(3, "uint16")).dtype == "int32" and arrays(np.ones(3, "uint64")).dtype == "int64"
    assert arrays(np.array([BIG])).dtype == "float64" and arrays(np.array([BIG]), int64=True).dtype == "int64"
    assert arrays(["a", "b"], text=True).dtype.kind == "U"


def test_a_file_in_memory_is_not_copied(tmp_path):
    stored = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "float32", (4, 2))
    assert np.shares_memory(arrays(stored), stored)


def test_structures_stay():
    one, two = np.ones((2, 1)), np.zeros((2, 3))
    found = arrays({"a": one, "b": [one, (two, None)]})
    assert list(found) == ["a", "b"] and isinstance(found["b"][1], tuple) and found["b"][1][1] is None
    assert isinstance(arrays(Pair(one, two)), Pair)
    assert arrays(None) is None
    assert arrays([one, two])[1].shape == (2, 3) and arrays([[1.0], [2.0]]).shape == (2, 1)


def tensors():
    torch = pytest.importorskip("torch")
    yield torch.tensor([[1.0], [2.0]], requires_grad=True)
    yield torch.tensor([[1.0], [2.0]], dtype=torch.bfloat16)
    yield torch.tensor([[1.0], [2.0]]).to_sparse()


@pytest.mark.parametrize("tensor", list(tensors()), ids=["recorded", "bfloat16", "sparse"])
def test_tensors_of_torch_are_read_in_every_program(tensor):
    np.testing.assert_array_equal(arrays(tensor), [[1.0], [2.0]])


def refused():
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    torch = pytest.importorskip("torch")
    day = np.datetime64("2020-01-01")
    frame = pd.DataFrame({"a": [1, 2], "colour": ["red", "blue"]})
    yield frame, ["column 'colour'", "'red'", "row 0", "get_dummies"]
    yield frame.astype("category"), ["column 'colour'", "'red'", "get_dummies"]
    yield pd.DataFrame({"a": [1, "-"]}), ["column 'a'", "'-'", "row 1"]
    yield pd.DataFrame({"a": ["1", "2"]}), ["column 'a'", "'1'", "astype"]
    yield pd.DataFrame({"a": [1, 2], "t": [day, day]}), ["column 't'", "2020-01-01", "days"]
    yield pd.DataFrame({"a": [pd.Timestamp(day), 1]}, dtype=object), ["column 'a'", "row 0", "days"]
    yield pd.DataFrame({"a": [1, 2], "l": [[1, 2], [3]]}), ["column 'l'", "[1, 2]", "row 0"]
    yield pd.DataFrame(index=[0, 1]), ["no column"]
    yield pl.DataFrame({"a": ["x", "y"]}), ["column 'a'", "'x'"]
    yield pl.DataFrame({"a": [1]}).lazy(), ["LazyFrame", "collect"]
    yield {"left": np.array(["u", "v"])}, ["x['left']", "'u'"]
    yield [[1, 2], [3, "c"]], ["'c'", "[1, 1]"]
    yield [[1, 2], [3]], ["Row 0", "2 values", "row 1", "1 values", "Pad"]
    yield _object([np.zeros(2), np.zeros(3)]), ["row 1", "Pad"]
    yield np.array([1 + 2j]), ["1+2j", "real"]
    yield np.array([10**400], object), ["1000", "row 0", "beyond the range of floats"]
    yield (
        np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, False], [False, True]]),
        ["1 of 4", "[1, 1]", "sample_weight"],
    )
    yield np.timedelta64(1, "D") * np.arange(2), ["days"]
    yield {1, 2}, ["set"]
    yield 3.0, ["3.0", "one row"]
    yield [datetime.date(2020, 1, 1)], ["2020", "days"]
    yield torch.zeros(2, device="meta"), ["Tensor", "NumPy"]


@pytest.mark.parametrize(("value", "told"), list(refused()))
def test_what_is_no_number_is_refused_by_its_place(value, told):
    with pytest.raises(LossaryError) as caught:
        arrays(value)
    parts = [caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do]
    assert all(parts) and all(part.endswith(".") for part in parts), parts
    for words in told:
        assert words in str(caught.value), str(caught.value)
