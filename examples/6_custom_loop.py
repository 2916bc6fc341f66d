"""A layer, a loss and a training loop of your own: the line y = m·x + b by gradient descent.

Nothing is hidden here: the layer holds m and b, the loss is the mean squared error of all points, the loop asks the
backend for the gradients (gradients.py) and takes 30 steps against them.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path
from typing import Any

import keras
import numpy as np
from gradients import number, value_and_gradients
from keras import ops
from options import run

import lossary as ls
from lossary.drawing.likelihood import history, line_fit
from lossary.drawing.style import save


def noisy_line(m: float, b: float, rows: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Points along y = m·x + b for x in [0, 1], with normal noise of standard deviation 0.15."""
    random = np.random.default_rng(1)
    x = random.random(rows)
    return x.astype("float32"), (m * x + b + random.normal(scale=0.15, size=rows)).astype("float32")


class Line(keras.layers.Layer):
    """m·x + b, with m and b to be learned. Inputs and outputs are flat: (n,)."""

    def __init__(self) -> None:
        super().__init__()
        self.m = self.add_weight(shape=(), initializer=keras.initializers.RandomNormal(stddev=0.05, seed=0), name="m")
        self.b = self.add_weight(shape=(), initializer="zeros", name="b")

    def call(self, x: Any) -> Any:
        return self.m * x + self.b


def mean_square(y_true: Any, y_pred: Any) -> Any:
    """The mean squared error of all points as one number. lossary's is `ls.mse`, which the test compares."""
    return ops.mean(ops.square(y_pred - y_true))


def main(out: str = "out", epochs: int = 30, rate: float = 0.05) -> dict[str, Any]:
    x, y = map(ops.convert_to_tensor, noisy_line(m=1.0, b=2.0))
    line, errors = Line(), []
    start = number(mean_square(y, line(x)))
    print(f"before training: m {number(line.m):.4f}, b {number(line.b):.4f}, mean squared error {start:.4f}")

    for _ in range(epochs):
        error, gradients = value_and_gradients(lambda: mean_square(y, line(x)), line.trainable_variables)
        for variable, gradient in zip(line.trainable_variables, gradients, strict=True):
            variable.assign_sub(rate * gradient)
        errors.append(error)

    m, b = number(line.m), number(line.b)
    last = number(mean_square(y, line(x)))
    print(f"after {epochs} epochs: m {m:.4f}, b {b:.4f}, mean squared error {last:.4f}")
    by_lossary = number(ls.mse(y, line(x)))  # one row of 100 numbers
    print(f"lossary's mse of the fit: {by_lossary:.4f}")
    folder = Path(out)
    figures = [
        save(history(errors, y="mean squared error", title="Descent"), folder / "6_descent.png"),
        save(line_fit(ops.convert_to_numpy(x), ops.convert_to_numpy(y), m, b), folder / "6_line.png"),
    ]
    print("figures:", *figures, sep="\n  ")
    return {"m": m, "b": b, "start": start, "errors": errors, "last": last, "by_lossary": by_lossary}


if __name__ == "__main__":
    run(main, __doc__)
