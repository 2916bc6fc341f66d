"""How much memory `ls.train` takes for few and for many rows, from each source of data: streams stay flat.

    KERAS_BACKEND=tensorflow python benchmarks/memory.py                  # or jax, or torch
    KERAS_BACKEND=jax python benchmarks/memory.py --only parquet --rows 200000,3200000

Each training runs in a fresh process over rows of 20 numbers in float32 and one target. Printed is the most that the
process held beyond what it held before the data came (of the resident set, which counts pages of mapped files too), in
megabytes, for each number of rows, beside the size of the data.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

COLUMNS, BATCH, ROWS = 20, 1024, (200_000, 1_600_000)
Arguments = tuple[Any, Any, dict[str, Any]]


def batch_of(k: int) -> tuple[Any, Any]:
    import numpy as np

    x = np.random.default_rng(k).normal(size=(BATCH, COLUMNS)).astype("float32")
    return x, x[:, :1].copy()


def batches(rows: int) -> Iterator[tuple[Any, Any]]:
    while True:
        yield from (batch_of(k) for k in range(rows // BATCH))


def arrays(rows: int, folder: Path) -> Arguments:
    import numpy as np

    x, y = np.empty((rows, COLUMNS), "float32"), np.empty((rows, 1), "float32")
    for k in range(rows // BATCH):
        x[k * BATCH : (k + 1) * BATCH], y[k * BATCH : (k + 1) * BATCH] = batch_of(k)
    return x, y, {"batch_size": BATCH}


def memmap(rows: int, folder: Path) -> Arguments:
    """Taken for a large one, which is read when it is needed."""
    import numpy as np

    from lossary.training import streams

    streams.LARGE = 0
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", "float32", (rows, COLUMNS))
    y = np.lib.format.open_memmap(folder / "y.npy", "w+", "float32", (rows, 1))
    for k in range(rows // BATCH):
        x[k * BATCH : (k + 1) * BATCH], y[k * BATCH : (k + 1) * BATCH] = batch_of(k)
    return x, y, {"batch_size": BATCH}


def pandas(rows: int, folder: Path) -> Arguments:
    import pandas

    x, y, more = arrays(rows, folder)
    return pandas.DataFrame(x), y, more


def generator(rows: int, folder: Path) -> Arguments:
    return batches(rows), None, {"steps_per_epoch": rows // BATCH}


def dataset(rows: int, folder: Path) -> Arguments:
    """tf.data from a generator."""
    import tensorflow as tf

    shapes = (tf.TensorSpec((BATCH, COLUMNS)), tf.TensorSpec((BATCH, 1)))
    made = tf.data.Dataset.from_generator(lambda: (batch_of(k) for k in range(rows // BATCH)), output_signature=shapes)
    return made, None, {}


def loader(rows: int, folder: Path) -> Arguments:
    import torch

    class Rows(torch.utils.data.IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            return (batch_of(k) for k in range(rows // BATCH))

    return torch.utils.data.DataLoader(Rows(), batch_size=None), None, {}


def sequence(rows: int, folder: Path) -> Arguments:
    """A PyDataset of Keras, with threads."""
    import keras

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return rows // BATCH

        def __getitem__(self, k: int) -> tuple[Any, Any]:
            return batch_of(k)

    return Batches(workers=2), None, {}


def parquet(rows: int, folder: Path) -> Arguments:
    """One row group for each 65,536 rows, as writers usually make them or larger."""
    import numpy as np
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    if (folder / "rows.parquet").exists():
        return folder / "rows.parquet", "y", {"batch_size": BATCH}
    names = [f"x{k}" for k in range(COLUMNS)]
    schema = pa.schema([(name, pa.float32()) for name in [*names, "y"]])
    with ParquetWriter(folder / "rows.parquet", schema) as writer:
        for start in range(0, rows // BATCH, 64):
            parts = [batch_of(k) for k in range(start, min(start + 64, rows // BATCH))]
            x, y = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
            columns, target = [pa.array(x[:, k]) for k in range(COLUMNS)], pa.array(y[:, 0])
            writer.write_table(pa.table([*columns, target], schema=schema))
    return folder / "rows.parquet", "y", {"batch_size": BATCH}


ALL: tuple[Callable[[int, Path], Arguments], ...]
ALL = (arrays, pandas, memmap, generator, dataset, loader, sequence, parquet)
SOURCES = {one.__name__: one for one in ALL}


def measure(name: str, rows: int, folder: Path) -> float:
    """In this process: megabytes beyond what it held when Keras had trained for a moment."""
    import keras

    import lossary as ls

    model = keras.Sequential([keras.Input((COLUMNS,)), keras.layers.Dense(1)])
    x, y = batch_of(0)
    ls.train(model, x, y, loss="mse", optimizer="sgd", verbose=0)
    before = _most()
    x, y, more = SOURCES[name](rows, folder)
    ls.train(model, x, y, epochs=2, verbose=0, **more)
    return _most() - before


def _most() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SOURCES), help="sources, by comma")
    parser.add_argument("--rows", default=",".join(map(str, ROWS)), help="numbers of rows, by comma")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        name, rows, folder = asked.measure
        print(measure(name, int(rows), Path(folder)))
        return
    counts = [int(rows) for rows in asked.rows.split(",")]
    print(f"{os.environ.get('KERAS_BACKEND', 'tensorflow')}: megabytes held beyond those before the data came")
    print(f"{'rows':<12}" + "".join(f"{rows:>12,}" for rows in counts))
    print(f"{'the data':<12}" + "".join(f"{rows * (COLUMNS + 1) * 4 / 2**20:>12.0f}" for rows in counts))
    for name in asked.only.split(","):
        cells = []
        for rows in counts:
            with tempfile.TemporaryDirectory() as folder:
                if name == "parquet":  # written elsewhere: writing takes memory too
                    made = f"from benchmarks.memory import *; parquet({rows}, Path({folder!r}))"
                    subprocess.run([sys.executable, "-c", made], check=True)
                command = [sys.executable, "-m", "benchmarks.memory", "--measure", name, str(rows), folder]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(done.stderr[-3000:])
            cells.append(f"{float(done.stdout.splitlines()[-1]):>12.0f}")
        print(f"{name:<12}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
