"""Tables in memory: frames of pandas and polars, Arrow tables, dictionaries of columns. Arrow is what they share."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from lossary.data.errors import DataError
from lossary.data.reading import Reading
from lossary.data.tables import Table, load

NAME = Path("the table")
FORM = (
    "Expected the path of a file, the name of an embedded table, a pandas or polars DataFrame, an Arrow table, "
    "or a dictionary of columns."
)


def table_of(data: Any, reading: Reading | None = None) -> Table:
    """A table from a path or name, or from a frame: its columns are decided on like those of a file."""
    reading = reading or Reading()
    if isinstance(data, Table):
        return data
    if isinstance(data, str | Path):
        return load(str(data), reading)
    if util.find_spec("pyarrow") is None:
        raise _refused("pyarrow is not installed.", "Install it: pip install 'lossary[cli]'.")
    from lossary.data.parquet import arrow_columns

    try:
        table = _arrow(data)
    except DataError:
        raise
    except (ValueError, TypeError, OverflowError) as problem:
        why = str(problem).splitlines()[0][:120] if str(problem) else type(problem).__name__
        raise _refused(f"Its columns cannot be read as cells ({why}).", "Make all columns of one length.") from None
    return Table(NAME.name, tuple(arrow_columns(table, NAME, reading)), reading=reading)


def _arrow(data: Any) -> Any:
    import pyarrow as pa

    if isinstance(data, pa.Table):
        return data
    if isinstance(data, Mapping):
        return pa.table({str(name): _cells(column) for name, column in data.items()})
    if hasattr(data, "to_arrow"):  # polars
        return data.to_arrow()
    if hasattr(data, "columns") and hasattr(data, "iloc"):  # pandas; two columns of one name are refused later
        columns = [data.iloc[:, k] for k in range(len(data.columns))]
        return pa.Table.from_arrays([_cells(one) for one in columns], names=[str(name) for name in data.columns])
    raise _refused(f"It is a {type(data).__name__}.", "Make a frame of it, with a name for each column.")


def _cells(column: Any) -> Any:
    """One column; where its cells are of several types, their texts."""
    import pyarrow as pa

    try:
        found = pa.array(column, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError):
        found = pa.array([None if cell is None or cell != cell else str(cell) for cell in column], pa.string())
    return found if not isinstance(found, pa.ChunkedArray) else found.combine_chunks()


def from_arrays(x: Any, names: tuple[str, ...]) -> dict[str, Any] | None:
    """The columns of (rows, columns) or, for one column, (rows,); None for what is no array of that width."""
    if hasattr(x, "columns") or hasattr(x, "column_names") or isinstance(x, Mapping | str | Path):
        return None
    array = np.asarray(x)
    if array.ndim == 1 and len(names) == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != len(names):
        raise _refused(
            f"It is an array of shape {array.shape}.",
            f"Pass one column for each of {', '.join(names[:6])}{' …' if len(names) > 6 else ''}, in this order.",
        )
    return {name: array[:, k] for k, name in enumerate(names)}


def _refused(arrived: str, do: str) -> DataError:
    return DataError("Cannot read the data as a table.", arrived=arrived, allowed=FORM, do=do)
