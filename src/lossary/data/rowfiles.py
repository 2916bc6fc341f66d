"""Rows of Parquet files, a window at a time: however large the files are, memory holds no more than that."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from lossary._errors import shown
from lossary.data.arrays import arrays
from lossary.data.errors import DataError
from lossary.data.features import FEW
from lossary.data.parquet import index_of

WINDOW = 2**16  # rows that are read, and shuffled, together
INDEX = re.compile(r"__index_level_\d+__")  # columns that pandas makes of an index without a name


@dataclass(frozen=True)
class Files:
    """Parquet files of the same columns: `targets`, an index that pandas left behind, and inputs.

    `owner` is who reads them, as errors call it: "train(model, path, y)". `chosen`: the inputs, if not all columns that
    are left; `beside`: columns that are neither (weights).
    """

    owner: str
    files: list[Path]
    targets: list[str]
    chosen: list[str] | None = None
    beside: list[str] = field(default_factory=list)
    texts: bool = False  # whether inputs may hold text

    @classmethod
    def at(
        cls,
        owner: str,
        path: str | Path,
        y: Any,
        chosen: list[str] | None = None,
        beside: Iterable[str] = (),
        ignored: Iterable[str] = (),
        texts: bool = False,
    ) -> Files:
        """The file, or the files of the folder; y names the targets. All that a look at their ends tells is checked."""
        found = cls(owner, _files(owner, Path(path)), _names(owner, y), chosen, list(beside), texts)
        left = set(ignored)
        if left:
            found = replace(found, chosen=[name for name in found.inputs if name not in left])
        found._check()
        return found

    @property
    def rows(self) -> int:
        """The rows of all files together."""
        total = 0
        for file in self.files:
            with opened(self.owner, file) as parquet:
                total += parquet.metadata.num_rows
        return total

    def head(self, rows: int) -> np.ndarray:
        """The inputs of the first rows."""
        return np.concatenate(list(self._first(rows)))

    def _first(self, rows: int) -> Iterator[np.ndarray]:
        for block in self._blocks(self.inputs, rows):
            yield arrays(block, "x")[:rows]
            rows -= len(block)
            if rows <= 0:
                return

    def every_target(self) -> np.ndarray:
        """The targets of all rows."""
        return np.concatenate([arrays(block, "y", int64=True) for block in self._blocks(self.targets, WINDOW)])

    def _blocks(self, columns: list[str], size: int) -> Iterator[Any]:
        for file in self.files:
            yield from self._blocks_of(file, columns, size)

    def _blocks_of(self, file: Path, columns: list[str], size: int) -> Iterator[Any]:
        """Some columns of a file, so many rows at a time."""
        with opened(self.owner, file) as parquet:
            blocks = parquet.iter_batches(batch_size=size, columns=columns)
            while (block := _next(self.owner, file, blocks)) is not None:
                yield block

    @property
    def notes(self) -> list[str]:
        """What is not used, in sentences."""
        left = [name for name in self._indices if name not in self.targets]
        return [f"Left out, as the index of a table of pandas: {', '.join(map(repr, left))}."] if left else []

    def batches(self, size: int, random: np.random.Generator | None) -> Iterator[Any]:
        """Batches (inputs, targets). With a generator, windows of rows are shuffled, each in itself."""
        left: list[np.ndarray] = []
        for window in self._windows(random):
            joined = [np.concatenate(pair) for pair in zip(left, window, strict=True)] if left else list(window)
            whole = len(joined[0]) - len(joined[0]) % size
            for start in range(0, whole, size):
                yield tuple(part[start : start + size] for part in joined)
            left = [part[whole:].copy() for part in joined]  # a view would keep the whole window
        if left and len(left[0]):
            yield tuple(left)

    def _windows(self, random: np.random.Generator | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for k in np.arange(len(self.files)) if random is None else random.permutation(len(self.files)):
            file = self.files[k]
            for block in self._blocks_of(file, [*self.inputs, *self.targets], WINDOW):
                x, y = (arrays(block.select(names), file.name) for names in (self.inputs, self.targets))
                order = slice(None) if random is None else random.permutation(len(x))
                yield x[order], y[order]

    @cached_property
    def inputs(self) -> list[str]:
        """The columns that are neither targets nor an index, in the order of the first file."""
        if self.chosen is not None:
            return self.chosen
        return [name for name in self._schema.names if name not in {*self.targets, *self.beside, *self._indices}]

    @cached_property
    def values(self) -> dict[str, tuple[str, ...]]:
        """The values of inputs that hold text, by one pass over these; each but the first is a column of 0 and 1."""
        import pyarrow.compute as compute

        texts = [name for name in self.inputs if self.texts and _is_text(self._schema.field(name).type)]
        found: dict[str, set[str]] = {name: set() for name in texts}
        for block in self._blocks(texts, WINDOW) if texts else ():
            for name in texts:
                found[name] |= set(compute.unique(block.column(name)).to_pylist()) - {None}
                if len(found[name]) > FEW:
                    raise DataError(
                        f"Cannot use {name!r} as an input.",
                        arrived=f"It holds text with more than {FEW} distinct values.",
                        allowed=f"Expected numbers, or text with at most {FEW} distinct values.",
                        do=f"Leave the column out: --ignore {name}.",
                    )
        return {name: tuple(sorted(values)) for name, values in found.items()}

    @property
    def wide(self) -> list[str]:
        """The inputs as columns of numbers."""
        return [
            wide
            for name in self.inputs
            for wide in (_marks(name, self.values[name]) if name in self.values else [name])
        ]

    @property
    def _used(self) -> list[str]:
        return [*self.targets, *self.inputs, *self.beside]

    @cached_property
    def _schema(self) -> Any:
        return _schema(self.owner, self.files[0])

    @cached_property
    def _indices(self) -> list[str]:
        """The columns that hold the index of a table of pandas, which says so in the file."""
        told = index_of(self._schema)
        return [name for name in self._schema.names if name in told or INDEX.fullmatch(name)]

    def _check(self) -> None:
        """Every file has the same columns, of numbers, and rows."""
        for file in self.files:
            schema = _schema(self.owner, file)
            missing = [name for name in self._used if name not in schema.names]
            if missing or not self.inputs:
                raise DataError(
                    f"{self.owner} takes targets from the columns that y names, the others as inputs.",
                    arrived=f"{file.name} has no {f'column {missing[0]!r}' if missing else 'other column'}.",
                    allowed=f"Its columns are {', '.join(map(repr, schema.names))}.",
                    do="Choose targets among them, and leave a column for the inputs; all files need the same columns.",
                )
            for name in self._used:
                if not (self.texts and name in self.inputs and _is_text(schema.field(name).type)):
                    _check_type(self.owner, file, name, schema.field(name).type)
        if not self.rows:
            raise DataError(
                f"{self.owner} reads the rows of Parquet files.",
                arrived=f"{', '.join(file.name for file in self.files[:3])} holds none.",
                allowed="Expected at least one row in all files together.",
                do="Check how the file was written.",
            )


def _files(owner: str, path: Path) -> list[Path]:
    found = sorted(path.glob("*.parquet")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise DataError(
            f"{owner} reads the rows of Parquet files.",
            arrived=f"There is no Parquet file at {str(path)!r}.",
            allowed="Expected a Parquet file, or a folder of .parquet files.",
            do="Check the path, or pass the data themselves.",
        )
    return found


def _names(owner: str, y: Any) -> list[str]:
    names = [y] if isinstance(y, str) else list(y) if isinstance(y, (list, tuple)) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise DataError(
            f"{owner} reads the targets from the columns of a Parquet file that y names.",
            arrived=f"y is {'missing' if y is None else shown(y)}.",
            allowed="Expected the name of a column, or a list of names.",
            do="Name it, for instance ls." + owner.replace("path, y", '"rows.parquet", "price"') + ".",
        )
    return names


def _check_type(owner: str, file: Path, name: str, kind: Any) -> None:
    import pyarrow.types as types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    if any(is_it(inner) for is_it in (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)):
        return
    do = "Write numbers into the file, or leave the column out of it."
    if types.is_temporal(inner):
        do = "Write it as a number, for instance as days since a date, or leave the column out of the file."
    elif types.is_nested(inner):
        do = "Write one column for each number, or read the file yourself and pass arrays."
    raise DataError(
        f"{owner} reads columns of numbers.",
        arrived=f"Column {name!r} of {file.name} holds {'nothing' if types.is_null(inner) else inner}.",
        allowed="Expected integers, floats, decimals or booleans.",
        do=do,
    )


def _schema(owner: str, file: Path) -> Any:
    with opened(owner, file) as parquet:
        return parquet.schema_arrow


@contextlib.contextmanager
def opened(owner: str, file: Path) -> Iterator[Any]:
    # Buffering ahead holds all of a file that has been read in memory.
    with _readable(owner, file):
        from pyarrow.parquet import ParquetFile

        opened = ParquetFile(file, pre_buffer=False)
    with opened:
        yield opened


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(inner) or types.is_large_string(inner))


def _marks(name: str, values: tuple[str, ...]) -> list[str]:
    return [f"{name}={value}" for value in values[1:]]


def columns_in(batch: Any, values: Mapping[str, tuple[str, ...]] = MappingProxyType({})) -> dict[str, np.ndarray]:
    """The columns of an Arrow batch as NumPy has them; missing cells are NaN. Text is a column for each of its values
    but the first."""
    import pyarrow as pa
    import pyarrow.compute as compute

    found = {}
    for name, stored in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_dictionary(stored.type):
            stored = stored.dictionary_decode()
        if name in values:
            for mark, value in zip(_marks(name, values[name]), values[name][1:], strict=True):
                found[mark] = compute.equal(stored, value).cast(pa.float64()).to_numpy(zero_copy_only=False)
            continue
        if pa.types.is_decimal(stored.type):
            stored = stored.cast(pa.float64())
        if pa.types.is_boolean(stored.type):
            stored = stored.cast(pa.uint8())
        found[name] = stored.to_numpy(zero_copy_only=False)
    return found


def _next(owner: str, file: Path, blocks: Iterator[Any]) -> Any:
    with _readable(owner, file):
        return next(blocks, None)


@contextlib.contextmanager
def _readable(owner: str, file: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of pyarrow, of the system, or of the import: each has kinds of its own
        raise _unreadable(owner, file, error) from error


def _unreadable(owner: str, file: Path, error: Exception) -> DataError:
    told = " ".join(str(error).split())
    do = "Write the file again; load other tables first, for instance with pandas.read_csv, and pass them."
    return DataError(
        f"{owner} reads Parquet files with pyarrow.",
        arrived=f"{file.name} could not be read: {told if len(told) <= 160 else told[:159] + '…'}.".replace("..", "."),
        allowed="Expected complete Parquet files.",
        do="Install pyarrow." if isinstance(error, ImportError) else do,
    )
