"""Linear regression in every way to give Keras a loss.

A straight line is fitted to 150 rows by gradient descent, as a Sequential and as a Functional model, with the loss
as a string, as a lossary function, as a lossary object, and as a function of your own; then with the loss inside the
model, where the targets are a second input. All agree with least squares. The learning rate falls to zero in the
last quarter: at a constant rate the coefficients keep trembling by several percent.

    python examples/1_linear_regression.py --data FILE.csv     (columns longitud and densidad_escamas)

The 400 epochs of nine fits take minutes; on centred inputs, whole batches with larger steps take seconds:

    python examples/1_linear_regression.py --epochs 30 --rate 0.2 --batch 150 --centre
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from options import run

import lossary as ls
from lossary.drawing.likelihood import line_fit
from lossary.drawing.style import save
from lossary.objective import LossLayer, without_targets

POINTS = np.array([[5.0], [6.0], [7.0]], dtype="float32")


def made_up_data() -> tuple[np.ndarray, np.ndarray]:
    """150 rows in the shape of the classic table: length of an animal, density of its scales."""
    random = np.random.default_rng(7)
    length = random.uniform(2.0, 7.0, size=150)
    density = 12.7 - 0.72 * length + random.normal(scale=1.6, size=150)
    return length[:, None].astype("float32"), density.astype("float32")


def read_data(file: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, 1) and targets (n,) from a CSV file with the columns longitud and densidad_escamas."""
    table = np.genfromtxt(file, delimiter=",", names=True)
    wanted = ("longitud", "densidad_escamas")
    if table.dtype.names is None or not set(wanted) <= set(table.dtype.names):
        raise ValueError(f"{file} has the columns {table.dtype.names}; it must have {wanted[0]} and {wanted[1]}.")
    return table[wanted[0]][:, None].astype("float32"), table[wanted[1]].astype("float32")


def my_mse(y_true: Any, y_pred: Any) -> Any:
    """Mean squared error, one value per row, in operations that work on every backend."""
    return ops.mean(ops.square(y_pred - y_true), axis=-1)


def sequential(inputs: int) -> keras.Model:
    return keras.Sequential([keras.Input((inputs,)), layers.Dense(1)])


def functional(inputs: int) -> keras.Model:
    x = keras.Input((inputs,), name="inputs")
    return keras.Model(x, layers.Dense(1, name="outputs")(x))


def with_the_loss_inside(inputs: int) -> keras.Model:
    """A model of two inputs, x and y. Its one output does not depend on y; only the loss does."""
    x, y = keras.Input((inputs,), name="inputs"), keras.Input((1,), name="targets")
    outputs = layers.Dense(1, name="outputs")(x)
    return keras.Model([x, y], LossLayer(ls.MeanSquaredError())([y, outputs]))


def descend(model: keras.Model, x: Any, y: Any, loss: Any, epochs: int, rate: float, batch: int) -> None:
    """Compile and fit; y and loss are None where the loss is inside the model."""
    rows = len(x[0] if isinstance(x, list) else x)
    steps = epochs * -(-rows // batch)
    held = steps * 3 // 4  # a "warm-up" from the rate to itself holds it; then it falls to zero
    falling = keras.optimizers.schedules.CosineDecay(rate, steps - held, warmup_target=rate, warmup_steps=held)
    model.compile(optimizer=keras.optimizers.SGD(falling), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=batch, verbose=0)


def line_of(model: keras.Model, shift: float) -> tuple[float, float]:
    """Slope and intercept in the units of the data, from a model that saw x - shift."""
    slope, intercept = (float(weight.ravel()[0]) for weight in model.get_weights())
    return slope, intercept - slope * shift


def report(name: str, line: tuple[float, float]) -> None:
    print(f"{name:38} slope {line[0]:8.4f}  intercept {line[1]:8.4f}", flush=True)


def losses_on_arrays() -> dict[str, float]:
    """A loss is a function of two arrays, and can be called as one."""
    random = np.random.default_rng(0)
    y_true, y_pred = random.random(5), random.random(5)
    values = {
        "numpy": np.mean((y_true - y_pred) ** 2),
        "lossary.mse": ls.mse(y_true, y_pred),
        "lossary.MeanSquaredError": ls.MeanSquaredError()(y_true, y_pred),
        "my_mse": my_mse(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)),
    }
    return {name: float(value) for name, value in values.items()}


def main(
    out: str = "out", data: str = "", epochs: int = 400, rate: float = 0.01, batch: int = 16, centre: bool = False
) -> dict[str, Any]:
    """`centre` fits on x minus its mean, which takes fewer steps to the same line."""
    x, y = read_data(data) if data else made_up_data()
    shift = float(x.mean()) if centre else 0.0
    (slope, intercept), *_ = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y, rcond=None)
    report("least squares", (slope, intercept))

    lines: dict[str, tuple[float, float]] = {}
    losses = {'"mse"': "mse", "ls.mse": ls.mse, "ls.MeanSquaredError()": ls.MeanSquaredError(), "my_mse": my_mse}
    for kind, build in (("Sequential", sequential), ("Functional", functional)):
        for name, loss in losses.items():
            keras.utils.set_random_seed(1)
            model = build(x.shape[1])
            descend(model, x - shift, y, loss, epochs, rate, batch)
            lines[f"{kind}, loss={name}"] = line_of(model, shift)
            report(f"{kind}, loss={name}", lines[f"{kind}, loss={name}"])
    keras.utils.set_random_seed(1)
    inside = with_the_loss_inside(x.shape[1])
    descend(inside, [x - shift, y[:, None]], None, None, epochs, rate, batch)
    lines["loss inside the model"] = line_of(inside, shift)
    report("loss inside the model", lines["loss inside the model"])

    first, second = (inside.predict([POINTS - shift, y], verbose=0) for y in np.random.random((2, 3, 1)))
    for_predicting = without_targets(inside)
    alone = for_predicting.predict(POINTS - shift, verbose=0)
    print(f"predictions at 5, 6, 7: {alone.ravel()}, whatever the targets input holds")
    arrays = losses_on_arrays()
    print("the same loss on arrays:", arrays)
    figure = save(line_fit(x, y, *lines["Sequential, loss=ls.mse"], x_name="x", y_name="y"), Path(out) / "1_line.png")
    print(f"figure: {figure}")
    return {
        "least_squares": (float(slope), float(intercept)),
        "lines": lines,
        "predictions": [first, second, alone],
        "arrays": arrays,
    }


if __name__ == "__main__":
    run(main, __doc__)
