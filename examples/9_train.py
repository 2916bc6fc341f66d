"""Training several epochs in one call: the same weights as fit, sooner, and a history that tells how it went.

A line is fitted to 150 noisy points, by fit and by `ls.train`, from the same start and in the same order of the rows.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from options import run

import lossary as ls
from lossary.drawing.style import save


def line() -> Any:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), ls.Huber(), metrics=["mae"])
    return model


def main(out: str = "out", epochs: int = 100) -> dict[str, Any]:
    random = np.random.default_rng(3)
    x = random.uniform(0, 10, size=(150, 1)).astype("float32")
    y = (12.7 - 0.72 * x + random.normal(size=x.shape)).astype("float32")
    held, x, y = (x[:30], y[:30]), x[30:], y[30:]
    by_fit, by_train = line(), line()
    began = time.perf_counter()
    by_fit.fit(x, y, batch_size=16, epochs=epochs, validation_data=held, shuffle=False, verbose=0)
    middle = time.perf_counter()
    history = ls.train(
        by_train, x, y, batch_size=16, epochs=epochs, validation_data=held, patience=epochs, shuffle=False
    )
    seconds = {"fit": middle - began, "train": time.perf_counter() - middle}
    print(history)
    lines = {}
    for name, model in {"fit": by_fit, "train": by_train}.items():
        slope, intercept = (float(weight.ravel()[0]) for weight in model.get_weights())
        lines[name] = slope, intercept
        print(f"{name:<5}  y = {slope:.4f} x + {intercept:.4f}  in {seconds[name]:.2f} s")
    print(f"train keeps the best epoch, {history.best_epoch}; fit the last")
    path = save(history.plot(), Path(out) / "9_train.png")
    print(f"figure: {path}")
    return {"lines": lines, "history": history, "last": by_fit.history.history}


if __name__ == "__main__":
    run(main, __doc__)
