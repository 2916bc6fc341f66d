"""Numbers out of whatever holds them: lists, arrays, tables, sparse matrices and tensors become NumPy.

No library but NumPy is imported: objects of others are known by the names of their modules, and asked in their own
words.
"""

from __future__ import annotations

import decimal
import fractions
import numbers
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lossary._errors import shown
from lossary.data.errors import DataError

Array = np.ndarray[Any, Any]

INT32 = np.iinfo(np.int32)
INT64 = np.iinfo(np.int64)
MISSING = ("NoneType", "NAType")  # cells that become NaN, as pandas has it
ALLOWED = "Expected integers, floats or booleans in an array, a table, a tensor, a sparse matrix or a list."


def arrays(
    value: Any, what: str = "x", *, int64: bool = False, text: bool = False, keep: Callable[[Any], bool] | None = None
) -> Any:
    """`value` as NumPy arrays, in the structure of lists, tuples and dictionaries in which it came.

    Types stay as they are, with these exceptions. A table of columns of several types takes the one that holds them
    all. Whole numbers outside int32 become floats, since JAX would take them by another value. Missing cells of
    tables become NaN. A column of a table (a Series) has the shape (rows, 1), as in Keras. Nothing is copied that need
    not be. None stays None.

    Args:
        value: lists, NumPy arrays and memory maps, tables and columns of pandas, polars and pyarrow, matrices of
            scipy.sparse, tensors; or lists, tuples and dictionaries of these.
        what: what errors call it: "x", "y", "sample_weight".
        int64: leave whole numbers that fit int64 as they are.
        text: leave text as it is.
        keep: tells what is not to be read but passed on, such as tensors of the running backend.

    Raises:
        DataError: for whatever is no number, by column and row: text, dates, complex numbers, masked values.
    """
    found = _Reader(int64, text, keep or (lambda value: False)).read(value, what)
    if found is not None and not any(True for _ in leaves(found)):
        raise _refused(
            what, f"{what} is {_shown(value)}, without an array.", "Pass an array, one row for each example."
        )
    return found


def leaves(found: Any) -> Iterator[Any]:
    """The arrays of a structure of lists, tuples and dictionaries; None is none."""
    if isinstance(found, Mapping):
        found = list(found.values())
    if isinstance(found, (list, tuple)):
        for part in found:
            yield from leaves(part)
    elif found is not None:
        yield found


def array(value: Any, what: str = "x") -> Array:
    """One array, whatever holds it: as `arrays`, but a list of arrays is an array of rows, and whole numbers stay."""
    return _Reader(True, False, lambda value: False).array(value, what)


def is_table(value: Any) -> bool:
    """Whether this is a table, or a column of one."""
    return bool(_libraries(value) & {"pandas", "polars", "pyarrow"})


def is_sparse(value: Any) -> bool:
    """Whether this is a matrix of scipy.sparse."""
    return "scipy" in _libraries(value) and hasattr(value, "toarray")


def is_structure(value: Any) -> bool:
    """Whether this holds arrays by place or name, and not numbers."""
    if isinstance(value, Mapping):
        return not is_table(value)
    if not isinstance(value, (list, tuple)):
        return False
    return any(
        is_structure(one) if isinstance(one, (list, tuple, Mapping)) else getattr(one, "shape", ()) != ()
        for one in value
    )


class _Reader:
    def __init__(self, int64: bool, text: bool, keep: Callable[[Any], bool]) -> None:
        self.int64, self.text, self.keep = int64, text, keep

    def read(self, value: Any, what: str) -> Any:
        if value is None:
            return None
        if isinstance(value, Mapping) and is_structure(value):
            return {name: self.read(one, f"{what}[{name!r}]") for name, one in value.items()}
        if is_structure(value):
            parts = [self.read(one, f"{what}[{k}]") for k, one in enumerate(value)]
            return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
        if self.keep(value):
            return value
        found = self.array(value, what)
        if found.ndim == 0:
            raise _refused(what, f"{what} is {_shown(value)}.", "Pass an array, one row for each example.")
        return self._narrowed(found)

    def array(self, value: Any, what: str) -> Array:
        """One array of numbers."""
        if is_table(value):
            return self._table(value, what)
        if "torch" in _libraries(value) and hasattr(value, "detach"):
            return self.numbers(_torch(value, what), what)
        for dense in ("toarray", "todense"):  # of scipy.sparse, of jax.experimental.sparse
            if hasattr(value, dense):
                return self.numbers(np.asarray(getattr(value, dense)()), what)
        if isinstance(value, np.ma.MaskedArray):
            return self.numbers(_unmasked(value, what), what)
        if type(value).__name__ in STRANGE:
            raise _refused(what, f"{what} is a {type(value).__name__}.", STRANGE[type(value).__name__])
        try:
            found = np.asarray(value)
        except Exception as error:  # whatever the library of a tensor raises where it has no numbers
            raise _unequal(value, what) or _unread(value, what) from error
        if isinstance(value, (list, tuple)) and found.dtype.kind in "USO" and not self.text:
            found = np.array(value, dtype=object)  # NumPy turns [1, "a"] into text as a whole
        return self.numbers(found, what)

    def numbers(self, found: Array, what: str) -> Array:
        """The same as a type of numbers that every library knows."""
        kind = found.dtype.kind
        if kind in "biu" or (kind == "f" and found.dtype.itemsize <= 8) or (kind in "UST" and self.text):
            return found
        if kind == "f":
            return found.astype(np.float64)
        if found.dtype.names:
            return self._columns(
                [(name, self.numbers(found[name], f"{what}, column {name!r}")) for name in found.dtype.names], what
            )
        if kind == "V" and "float" in found.dtype.name:  # bfloat16 and its like, which NumPy takes for bytes
            return found.astype(np.float32)
        if kind == "V" and "int" in found.dtype.name:
            return found.astype(np.int8 if found.dtype.name.startswith("int") else np.uint8)
        if kind == "O":
            return self._cells(found, what)
        do = {"M": DATES, "m": DATES, "c": COMPLEX}.get(kind, TEXT)
        if not found.size:
            return np.zeros(found.shape)
        first = str(found.ravel()[0])
        raise _refused(what, f"{what} holds {_cut(repr(first) if do is TEXT else first)}{_place(found, 0)}.", do)

    def _cells(self, found: Array, what: str) -> Array:
        """Numbers out of Python's objects."""
        flat = found.ravel()
        kinds = {type(cell) for cell in flat}
        if self.text and all(issubclass(kind, str) for kind in kinds):
            return found
        wrong = {kind for kind in kinds if not _is_number(kind) and kind.__name__ not in MISSING}
        if wrong:
            place = next(k for k, cell in enumerate(flat) if type(cell) in wrong)
            if found.ndim == 1 and len(wrong) == len(kinds) and getattr(flat[place], "shape", ()) != ():
                return self._stacked(list(flat), what)
            raise _refused(what, f"{what} holds {_shown(flat[place])}{_place(found, place)}.", _advice(flat[place]))
        try:
            if all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
                return found.astype(bool)
            whole = all(issubclass(kind, numbers.Integral) for kind in kinds)
            if whole and all(INT64.min <= cell <= INT64.max for cell in flat):
                return found.astype(np.int64)
            filled = [np.nan if type(cell).__name__ in MISSING else float(cell) for cell in flat]
        except (OverflowError, ValueError):  # a Decimal of sNaN has no float at all
            place = next(k for k, cell in enumerate(flat) if not _fits(cell))
            arrived = f"{what} holds {_shown(flat[place])}{_place(found, place)}."
            raise _refused(what, arrived, "Rescale it: it is beyond the range of floats.") from None
        return np.array(filled, np.float64).reshape(found.shape)

    def _stacked(self, rows: list[Any], what: str) -> Array:
        """Rows that are arrays."""
        made = [self.array(row, what) for row in rows]
        unequal = _unequal(made, what)
        if unequal is not None:
            raise unequal
        return np.stack(made)

    def _table(self, table: Any, what: str) -> Array:
        if hasattr(table, "collect") and not hasattr(table, "to_numpy"):
            raise _refused(
                what, f"{what} is a {type(table).__name__}, which is not computed yet.", "Call its collect()."
            )
        if len(getattr(table, "shape", ())) == 2:
            columns = [(name, self._column(column, f"{what}, column {name!r}")) for name, column in _columns_of(table)]
            return self._columns(columns, what)
        found = self._column(table, what)
        return found[:, None] if type(table).__name__ == "Series" else found

    def _column(self, column: Any, what: str) -> Array:
        """A column of a table, one-dimensional."""
        plain = getattr(getattr(column, "dtype", None), "numpy_dtype", None)  # of pandas' own types and pyarrow's
        if plain is not None and plain.kind in "biuf":
            gaps = bool(column.isna().any())
            return np.asarray(
                column.to_numpy(dtype=np.float64 if gaps else plain, **({"na_value": np.nan} if gaps else {}))
            )
        return self.numbers(np.asarray(column), what)

    def _columns(self, columns: list[tuple[str, Array]], what: str) -> Array:
        """Columns side by side, in the type that holds them all."""
        if not columns:
            raise _refused(what, f"{what} has no column.", "Pass a table with columns of numbers.")
        for name, column in columns:
            if column.ndim != 1:
                shown = "×".join(map(str, column.shape[1:]))
                raise _refused(
                    what, f"{what}, column {name!r} holds arrays of {shown} numbers.", "Pass it as an array of its own."
                )
        return np.stack([column for _, column in columns], axis=-1)

    def _narrowed(self, found: Array) -> Array:
        """Whole numbers in a type that every backend has; as floats where int32 would take them by another value."""
        if (
            found.dtype.kind not in "iu"
            or found.dtype.itemsize <= (2 if found.dtype.kind == "i" else 1)
            or not found.size
        ):
            return found
        if found.dtype == np.int32:
            return found
        if found.dtype == np.uint16:
            return found.astype(np.int32)
        low, high = int(found.min()), int(found.max())
        inside = INT64 if self.int64 else INT32
        if inside.min <= low and high <= inside.max:
            return found if found.dtype.kind == "i" else found.astype(np.int64)
        return found.astype(np.float64)


STRANGE = {  # tensors of TensorFlow that are no arrays
    "RaggedTensor": "Its rows have unequal lengths: pad them with x.to_tensor(), and mask the padding.",
    "SparseTensor": "Call tf.sparse.to_dense(x).",
}
DATES = "Turn it into a number, for instance days since a date: (column - start) / numpy.timedelta64(1, 'D')."
COMPLEX = "Pass the real and the imaginary part as two columns."
TEXT = (
    "Encode the values as integers, np.unique(values, return_inverse=True)[1], or as 0/1 columns: pandas.get_dummies."
)
FLOAT = "Turn it into numbers first, for instance by .astype('float32')."


def _libraries(value: Any) -> set[str]:
    return {kind.__module__.split(".")[0] for kind in type(value).__mro__}


def _columns_of(table: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(table, "iloc") and getattr(table, "ndim", 0) == 2:  # pandas; names may occur twice
        yield from ((str(name), table.iloc[:, k]) for k, name in enumerate(table.columns))
    elif hasattr(table, "get_columns"):  # polars
        yield from ((column.name, column) for column in table.get_columns())
    elif hasattr(table, "column_names"):  # pyarrow
        yield from zip(table.column_names, table.columns, strict=True)


def _torch(tensor: Any, what: str) -> Array:
    tensor = tensor.detach()
    try:
        dense = tensor if str(tensor.layout) == "torch.strided" else tensor.to_dense()
        host = dense.cpu().resolve_conj().resolve_neg()
        return np.asarray(
            (host.float() if "bfloat" in str(host.dtype) or "float8" in str(host.dtype) else host).numpy()
        )
    except Exception as error:  # of tensors without values, or quantized ones: torch has an error of its own for each
        raise _unread(tensor, what) from error


def _unmasked(value: Any, what: str) -> Array:
    """The numbers of a masked array of which nothing is masked."""
    mask = np.ma.getmaskarray(value)
    if mask.dtype.names is None and not mask.any():
        return np.asarray(value.data)
    count, first = int(np.sum(mask)) if mask.dtype.names is None else "some", 0 if mask.dtype.names else mask.argmax()
    raise _refused(
        what,
        f"{what} is a masked array: {count} of {mask.size} values are masked, the first{_place(mask, int(first))}.",
        "Give masked rows sample_weight=0, and fill them: x.filled(0). The mask itself would be lost.",
    )


def _is_number(kind: type) -> bool:
    plain = (numbers.Real, np.bool_, decimal.Decimal, fractions.Fraction)
    return issubclass(kind, plain) or (
        issubclass(kind, np.number) and not issubclass(kind, (np.complexfloating, np.timedelta64))
    )


def _fits(cell: Any) -> bool:
    try:
        return type(cell).__name__ in MISSING or float(cell) is not None
    except (OverflowError, ValueError):
        return False


def _advice(cell: Any) -> str:
    if isinstance(cell, str):
        return FLOAT if _reads_as_number(cell) else TEXT
    if isinstance(cell, complex):
        return COMPLEX
    if hasattr(cell, "year") or hasattr(cell, "total_seconds"):
        return DATES
    return "Pass one number in each cell; arrays of one shape are joined by np.stack."


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unequal(rows: Any, what: str) -> DataError | None:
    """The error of rows that are no rectangle, where that is what is wrong."""
    sizes = [_size(row) for row in rows] if isinstance(rows, (list, tuple)) else []
    if len(set(sizes)) < 2:
        return None
    k = next(k for k, size in enumerate(sizes) if size != sizes[0])
    return _refused(
        what,
        f"Row 0 of {what} holds {sizes[0]}, row {k} holds {sizes[k]}.",
        "Pad the rows to one length, and leave the padding out by a mask or sample_weight=0.",
    )


def _size(row: Any) -> str:
    shape = getattr(row, "shape", None)
    if shape:
        return f"an array of {'×'.join(map(str, shape))}"
    return f"{len(row)} values" if isinstance(row, (list, tuple)) else "one value"


def _unread(value: Any, what: str) -> DataError:
    return _refused(
        what, f"{what} is a {type(value).__name__}, which holds no array.", "Turn it into a NumPy array first."
    )


def _refused(what: str, arrived: str, do: str) -> DataError:
    return DataError(f"{what.split('[')[0].split(',')[0]} is read as numbers.", arrived=arrived, allowed=ALLOWED, do=do)


def _place(array: Array, k: int) -> str:
    """Where the k-th value of an array stands, in words."""
    if array.ndim == 0:
        return ""
    if array.ndim == 1:
        return f" in row {k} (rows count from 0)"
    place = ", ".join(map(str, np.unravel_index(k, array.shape)))
    return f" at [{place}]"


def _shown(cell: Any) -> str:
    text = _cut(shown(cell))
    return text if isinstance(cell, (str, bytes, int, float, complex)) else f"{text} ({type(cell).__name__})"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else f"{text[:39]}…"
