"""Data that come batch by batch: datasets and loaders, generators, tables in Parquet files, large arrays.

No package is imported to recognise its objects: they are known by the names of their modules.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from ..core.errors import LossaryError
from .sources import Batch, arrays, frames_of

LARGE = 2**31  # bytes of arrays, from which on they are not copied to where the backend computes
WINDOW = 2**16  # rows of a Parquet file that are read, and shuffled, together


class Stream:
    """Batches, epoch by epoch: x, (x, y) or (x, y, sample_weight) as arrays."""

    def __init__(
        self,
        epoch: Callable[[], Iterable[Any]],
        steps: int | None,
        class_weight: dict[int, float] | None,
        known: int | None = None,
    ) -> None:
        """`epoch()` begins the next epoch; it has `steps` batches, or as many as there are, `known` where x tells."""
        self.epoch, self.steps, self.class_weight = epoch, steps, class_weight
        self.known = min(filter(None, (steps, known)), default=None)
        self.begun: Iterator[Batch] | None = None

    def first(self) -> Batch:
        """The first batch, to build a model from; it is not lost."""
        batches = self._next_epoch()
        for batch in batches:
            self.begun = itertools.chain([batch], batches)
            return batch
        raise LossaryError(
            "train(model, x) goes through the batches of x.",
            arrived="There is none.",
            allowed="Allowed are streams of at least one batch.",
            do="Look at what x gives, for instance next(iter(x)).",
        )

    def batches(self) -> Iterator[Batch]:
        """The next epoch."""
        begun, self.begun = self.begun or self._next_epoch(), None
        return begun

    def _next_epoch(self) -> Iterator[Batch]:
        for batch in itertools.islice(self.epoch(), self.steps):
            x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
            yield arrays(x, y, weight, self.class_weight).data


def stream(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int | None = None,
    steps: int | None = None,
) -> Stream | None:
    """The batches that x gives; None where x holds rows in memory."""
    random = np.random.default_rng(seed)
    order = random if shuffle else None
    if isinstance(x, (str, Path)):
        read = _parquet(files := _files(x), _columns(y), batch_size, order)
        return Stream(read, steps, class_weight, -(-_count(files) // batch_size))
    if _bytes(x) > LARGE:
        rows = len(tree.flatten(x)[0])
        return Stream(_rows((x, y, sample_weight), batch_size, order), steps, class_weight, -(-rows // batch_size))
    batches = _source(x, order)
    if batches is None:
        return None
    if y is not None or sample_weight is not None:
        raise LossaryError(
            "train(model, x) takes targets and weights from the batches of a stream.",
            arrived=f"x is a {type(x).__name__}, and {'y' if y is not None else 'sample_weight'} is given too.",
            allowed="Allowed are batches (x, y) or (x, y, sample_weight).",
            do="Put them into the batches.",
        )
    if hasattr(x, "__next__") and steps is None:
        raise LossaryError(
            "train(model, x) goes through x once in each epoch.",
            arrived=f"x is a {type(x).__name__}, which has no length and cannot begin anew.",
            allowed="Allowed are generators with steps_per_epoch=..., or objects that can be gone through again.",
            do="Say how many batches make an epoch, for instance steps_per_epoch=100.",
        )
    return Stream(batches, steps, class_weight, _length(x))


def _length(x: Any) -> int | None:
    """How many batches x says that it has; None where it does not know."""
    try:
        length = x.num_batches if isinstance(x, keras.utils.PyDataset) else len(x)
    except TypeError:  # a generator, an IterableDataset, a tf.data.Dataset of unknown or without end
        return None
    return None if length is None else int(length)


def _source(x: Any, random: np.random.Generator | None) -> Callable[[], Iterable[Any]] | None:
    """How the batches of an epoch come out of x; None where x is an array, or a structure of arrays."""
    if isinstance(x, keras.utils.PyDataset):
        return lambda: _dataset(x, random)
    if hasattr(x, "as_numpy_iterator"):  # tf.data
        return lambda: x.as_numpy_iterator()
    if type(x).__module__.startswith("torch.utils.data") or hasattr(x, "batch_sampler"):
        return lambda: (tree.map_structure(_host, _tuple(batch)) for batch in x)
    if hasattr(x, "__next__"):
        return lambda: x  # goes on where the last epoch ended
    known = isinstance(x, (list, tuple, dict)) or hasattr(x, "shape") or frames_of(x)
    return None if known or not hasattr(x, "__iter__") else lambda: iter(x)


def _dataset(x: Any, random: np.random.Generator | None) -> Iterator[Any]:
    """The batches of a PyDataset, as many threads ahead as it has workers."""
    order = np.arange(x.num_batches) if random is None else random.permutation(x.num_batches)
    if x.workers <= 1 and not x.use_multiprocessing:
        yield from (x[int(k)] for k in order)
    else:
        with ThreadPoolExecutor(x.workers) as threads:
            yield from threads.map(x.__getitem__, map(int, order))
    x.on_epoch_end()


def _rows(data: Batch, size: int, random: np.random.Generator | None) -> Callable[[], Iterator[Any]]:
    """Batches of rows of arrays that stay where they are, in the order in which rows in memory would come."""
    rows = len(tree.flatten(data)[0])

    def epoch() -> Iterator[Any]:
        order = np.arange(rows) if random is None else random.permutation(rows)
        for start in range(0, rows, size):
            chosen = order[start : start + size]
            yield tuple(None if part is None else tree.map_structure(lambda a: a[chosen], part) for part in data)  # noqa: B023

    return epoch


def _parquet(
    files: list[Path], targets: list[str], size: int, random: np.random.Generator | None
) -> Callable[[], Iterator[Any]]:
    """Batches of (other columns, target columns). With a generator, windows of rows are shuffled, each in itself."""
    from pyarrow import parquet

    def windows() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for k in np.arange(len(files)) if random is None else random.permutation(len(files)):
            with parquet.ParquetFile(files[k]) as opened:
                names = opened.schema_arrow.names
                _check_columns(files[k], names, targets)
                for block in opened.iter_batches(batch_size=WINDOW):
                    x, y = (
                        _matrix(files[k], block, wanted) for wanted in ([n for n in names if n not in targets], targets)
                    )
                    order = slice(None) if random is None else random.permutation(len(x))
                    yield x[order], y[order]

    def epoch() -> Iterator[Any]:
        left: list[np.ndarray] = []
        for window in windows():
            joined = [np.concatenate(pair) for pair in zip(left, window, strict=True)] if left else list(window)
            whole = len(joined[0]) - len(joined[0]) % size
            for start in range(0, whole, size):
                yield tuple(part[start : start + size] for part in joined)
            left = [part[whole:] for part in joined]
        if left and len(left[0]):
            yield tuple(left)

    return epoch


def _files(path: str | Path) -> list[Path]:
    path = Path(path)
    found = sorted(path.glob("*.parquet")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise LossaryError(
            "train(model, path, target) reads the rows of Parquet files.",
            arrived=f"There is none at {str(path)!r}.",
            allowed="Allowed is a Parquet file, or a folder of files that end in .parquet.",
            do="Look at the path, or pass the data themselves.",
        )
    return found


def _count(files: list[Path]) -> int:
    """The rows of all files together, which stand at their ends."""
    from pyarrow import parquet

    return sum(parquet.read_metadata(file).num_rows for file in files)


def _columns(y: Any) -> list[str]:
    names = [y] if isinstance(y, str) else list(y) if isinstance(y, (list, tuple)) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise LossaryError(
            "train(model, path, y) reads the targets from the columns of a Parquet file that y names.",
            arrived=f"y is {'missing' if y is None else 'a ' + type(y).__name__}.",
            allowed="Allowed is the name of a column, or a list of names.",
            do='Name it, for instance ls.train(model, "rows.parquet", "price").',
        )
    return names


def _check_columns(file: Path, names: list[str], targets: list[str]) -> None:
    missing = [name for name in targets if name not in names]
    if missing or len(names) == len(targets):
        raise LossaryError(
            "train(model, path, y) reads targets from the columns that y names, and inputs from all others.",
            arrived=f"{file.name} has no column {missing[0]!r}." if missing else f"{file.name} has no other column.",
            allowed=f"Its columns are {', '.join(map(repr, names))}.",
            do="Name the targets among them, and leave some for the inputs.",
        )


def _matrix(file: Path, block: Any, names: list[str]) -> np.ndarray:
    """(rows, columns) of numbers."""
    columns = [block.column(name).to_numpy(zero_copy_only=False) for name in names]
    wrong = [name for name, column in zip(names, columns, strict=True) if column.dtype.kind not in "biuf"]
    if wrong:
        raise LossaryError(
            "train(model, path, y) reads columns of numbers.",
            arrived=f"Column {wrong[0]!r} of {file.name} holds {block.schema.field(wrong[0]).type}.",
            allowed="Allowed are whole numbers, floats and truth values.",
            do="Write numbers into the file, or leave the column out of it.",
        )
    return np.stack(columns, axis=-1)


def _bytes(x: Any) -> int:
    """What arrays in memory, or files mapped to it, take."""
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else [x]
    return sum(part.nbytes for part in parts if isinstance(part, np.ndarray))


def _tuple(batch: Any) -> Any:
    return tuple(batch) if isinstance(batch, list) else batch


def _host(value: Any) -> Any:
    """A tensor of torch as NumPy, whichever backend runs."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value
