"""Parquet files: numbers as they are stored; texts are decided on like those of a text file."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lossary.data.cells import Cells, Grid, cleaned
from lossary.data.columns import Column, Floats
from lossary.data.csvfile import coded
from lossary.data.errors import DataError, quoted
from lossary.data.files import refused
from lossary.data.meaning import columns_of, refuse_unknown
from lossary.data.numbers import EXACT
from lossary.data.reading import Reading


def read_parquet(raw: bytes, path: Path, reading: Reading) -> tuple[list[Column], list[str]]:
    """The columns of a Parquet file, without the index that pandas stores beside them."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        table = parquet.ParquetFile(io.BytesIO(raw)).read()
    except (pa.ArrowException, OSError, ValueError) as problem:
        why = str(problem).partition(". ")[0].splitlines()[0][:120]
        raise refused(path, f"It is not a Parquet file that can be read ({why}).", "Write or copy it again.") from None
    index = index_of(table.schema)
    notes = [f"The index of pandas ({', '.join(index)}) is left out."] if index else []
    return arrow_columns(table.drop_columns(index), path, reading), notes


def arrow_columns(table: Any, path: Path, reading: Reading) -> list[Column]:
    """The columns of an Arrow table; `path` is what errors call it."""
    names = table.column_names
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise refused(path, f"The column name {quoted(twice[0])} occurs {names.count(twice[0])} times.", "Rename one.")
    if not names or not table.num_rows:
        raise refused(path, f"It has {len(names)} column(s) and {table.num_rows} rows.", "Write the table again.")
    shown = [cleaned(name) or f"column {k + 1}" for k, name in enumerate(names)]
    refuse_unknown(shown, reading)
    found = [_column(said, table[name], reading) for said, name in zip(shown, names, strict=True)]
    texts = {said: cells for said, cells in zip(shown, found, strict=True) if isinstance(cells, Cells)}
    meant = {name: meaning for name, meaning in reading.meanings.items() if name in texts}
    read = columns_of(Grid(list(texts), list(texts.values()), place=_place), replace(reading, meanings=meant))
    typed = {column.name: column for column in read}
    return [typed[said] if isinstance(cells, Cells) else cells for said, cells in zip(shown, found, strict=True)]


def index_of(schema: Any) -> list[str]:
    """The columns that hold the index of a pandas frame."""
    stored = (schema.metadata or {}).get(b"pandas")
    try:
        named = json.loads(stored)["index_columns"] if stored else []
    except (ValueError, KeyError, TypeError):
        return []
    return [name for name in named if isinstance(name, str)]


def _place(row: int) -> str:
    return f"row {row}"


def _column(name: str, stored: Any, reading: Reading) -> Column | Cells:
    import pyarrow as pa

    kind = stored.type
    types = pa.types
    if types.is_dictionary(kind):
        stored = stored.cast(kind.value_type)
        kind = stored.type
    if types.is_null(kind):
        return Column(name, np.full(len(stored), np.nan), place=_place)
    whole = types.is_integer(kind)
    meaning = reading.meaning(name)
    if meaning in ("", "number") and not (whole and _large(stored, meaning)):
        if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
            numbers = stored.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
            return _finite(Column(name, _known(numbers, reading.missing), place=_place))
        if types.is_duration(kind):
            days = stored.cast(pa.duration("us"), safe=False).cast(pa.int64()).cast(pa.float64(), safe=False)
            note = f"'{name}' is a span of time: days."
            numbers = days.to_numpy(zero_copy_only=False) / 86400e6
            return Column(name, numbers, notes=(note,), place=_place, affixes=("", "days"))
    if types.is_timestamp(kind) and kind.tz is not None:
        stored = stored.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.timestamp("us"))
    if types.is_timestamp(kind):
        stored = _moments(stored)
    elif types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        return Column(name, text=("",) * len(stored), doubt=_no_cells(name, str(kind)), place=_place)
    return coded(stored.cast(pa.string()))


def _large(stored: Any, meaning: str) -> bool:
    """Whether whole numbers are so large that float64 does not tell them apart."""
    import pyarrow.compute as compute

    ends = compute.min_max(stored).as_py()
    return meaning != "number" and any(end is not None and abs(end) > EXACT for end in ends.values())


def _moments(stored: Any) -> Any:
    """Timestamps as text: days where all are midnight, seconds where none holds a part of one."""
    import pyarrow as pa
    import pyarrow.compute as compute

    for unit in (pa.date32(), pa.timestamp("s")):
        shorter = stored.cast(unit, safe=False)
        if shorter.cast(stored.type).equals(stored):  # a safe cast lets the time of day go without a word
            return shorter if unit == pa.date32() else compute.strftime(shorter, format="%Y-%m-%d %H:%M:%S")
    return compute.strftime(stored.cast(pa.timestamp("us"), safe=False), format="%Y-%m-%d %H:%M:%S")


def _known(numbers: Floats, missing: Sequence[str]) -> Floats:
    """Numbers such as -999 that are said to mean missing become NaN."""
    for word in missing:
        try:
            numbers = np.where(numbers == float(word), np.nan, numbers)
        except ValueError:
            continue
    return numbers


def _finite(column: Column) -> Column:
    assert column.numbers is not None
    endless = np.flatnonzero(np.isinf(column.numbers))
    if not endless.size:
        return column
    doubt = DataError(
        f"Cannot read '{column.name}' as numbers.",
        arrived=f"Row {endless[0] + 1} holds {column.numbers[endless[0]]}; {endless.size} such cell(s) in all.",
        allowed="Expected finite numbers, or missing cells.",
        do="Correct those cells.",
    )
    return Column(column.name, column.numbers, doubt=doubt, place=_place)


def _no_cells(name: str, kind: str) -> DataError:
    return DataError(
        f"Cannot read '{name}' as a column.",
        arrived=f"It holds {kind}, not plain cells.",
        allowed="Expected numbers, text, dates or booleans.",
        do="Split it into plain columns.",
    )
