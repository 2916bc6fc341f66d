"""What a loss adds to the rest: to `import keras`, and, beside Keras's losses, to a training step of two models."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 9
IMPORTS = """
import time
a = time.process_time()
import keras
b = time.process_time()
import lossary
c = time.process_time()
lossary.Huber
d = time.process_time()
print(b - a, c - b, d - c)
"""
Record = dict[str, Any]


def imports(path: str) -> Record:
    """Milliseconds of processor time in fresh processes: import keras, what import lossary adds, and a first loss."""
    times = []
    for _ in range(ROUNDS):
        there = [sys.executable, "-c", f"import sys; sys.path[:0] = [{path!r}]{IMPORTS}"]
        done = subprocess.run(there, check=True, capture_output=True, text=True)
        times.append([1e3 * float(word) for word in done.stdout.split()[-3:]])
    keras, own, first = (round(statistics.median(column), 1) for column in zip(*times, strict=True))
    return {"what": "import", "keras": keras, "lossary": own, "first loss": first, "rounds": ROUNDS}


def steps(rounds: int, clock: Callable[[], float]) -> list[Record]:
    """Time of a step in a compiled model, and of building it and its first step, with lossary's loss by Keras's."""
    import keras

    import lossary as ls

    pairs = {
        "SparseCategoricalCrossentropy": lambda home: home.SparseCategoricalCrossentropy(from_logits=True),
        "MeanSquaredError": lambda home: home.MeanSquaredError(),
    }
    records = []
    for model in (perceptron, convolutional):
        for loss, make in pairs.items():
            libraries = {"lossary": make(ls), "Keras": make(keras.losses)}
            records.append(
                {"what": "step", "model": model.__name__, "loss": loss, **compared(model, libraries, rounds, clock)}
            )
    return records


def compared(model: Any, losses: dict[str, Any], rounds: int, clock: Callable[[], float]) -> Record:
    """Keras's time by lossary's, of a warm step and of the first one, each the median over the rounds."""
    import keras

    first: dict[str, list[float]] = {name: [] for name in losses}
    warm: dict[str, list[float]] = {name: [] for name in losses}
    for k in range(rounds):
        order = list(losses.items())[:: 1 if k % 2 else -1]
        made = {}
        for name, loss in order:
            keras.utils.set_random_seed(0)
            net, x, classes = model()
            y = classes if "sparse" in loss.name else keras.utils.to_categorical(classes, 10)
            net.compile("sgd", loss)
            before = clock()
            net.train_on_batch(x, y)
            first[name].append(clock() - before)
            made[name] = (net, x, y)
        times: dict[str, list[float]] = {name: [] for name in losses}
        for turn in range(10):
            for name, _ in order[:: 1 if turn % 2 else -1]:
                net, x, y = made[name]
                net.train_on_batch(x, y)
                before = clock()
                for _ in range(5):
                    net.train_on_batch(x, y)
                times[name].append((clock() - before) / 5)
        for name, taken in times.items():
            warm[name].append(statistics.median(taken))
        keras.backend.clear_session()
    found = {}
    for what, times in (("step", warm), ("first step", first)):
        found[f"{what}, seconds"] = statistics.median(times["lossary"])
        found[f"{what}, ratio"] = statistics.median(
            t / o for t, o in zip(times["Keras"], times["lossary"], strict=True)
        )
    return found


def perceptron() -> tuple[Any, Any, Any]:
    """784-128-10, batches of 256."""
    import keras

    layers = [keras.Input((784,)), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10)]
    return keras.Sequential(layers), *data((256, 784))


def convolutional() -> tuple[Any, Any, Any]:
    """Two convolutions over images of 28 × 28, batches of 64."""
    from keras import Input, Sequential, layers

    hidden = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(16, 3, activation="relu")]
    return Sequential([Input((28, 28, 1)), *hidden, layers.Flatten(), layers.Dense(10)]), *data((64, 28, 28, 1))


def data(shape: tuple[int, ...]) -> tuple[Any, Any]:
    import numpy as np

    random = np.random.default_rng(0)
    return random.normal(size=shape).astype("float32"), random.integers(0, 10, shape[0]).astype("int32")


def wall_or_processor(threads: int) -> Callable[[], float]:
    return time.process_time if threads == 1 else time.perf_counter
