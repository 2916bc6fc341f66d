"""A loss of your own as a function, as a closure and as a class: the focal loss.

The focal loss is the binary cross-entropy of each class, faded where the model is already right (gamma) and weighed by
label (alpha). One decorator, or one base class, gives your loss what lossary's own have: parameters that are saved
with the model, sample weights, masks, reductions, a place in the catalogue.

Two mistakes are easy to make, and are shown with numbers:
- weighing after averaging. The cross-entropy of a row is averaged over its classes first, and the weights of the
  classes then multiply that average. A hard class loses its own entropy, an easy one gets somebody else's.
- a loss class of Keras whose __init__ does not call super().__init__ fails when it is called.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from options import run

import lossary as ls
from lossary.drawing.curves import draw
from lossary.drawing.style import save

TINY = 1e-37  # the logarithm of a probability of exactly 0 would be infinite


def right(y_true: Any, y_pred: Any) -> Any:
    """The probability that the model gives to what is the case."""
    return y_true * y_pred + (1 - y_true) * (1 - y_pred)


@ls.loss
def focal_function(y_true: Any, y_pred: Any, gamma: float = 2.0, alpha: float = 0.75) -> Any:
    """Focal loss as a function: what follows y_pred becomes a parameter. `ls.get` gives the loss object."""
    p = right(y_true, y_pred)
    weight = (y_true * alpha + (1 - y_true) * (1 - alpha)) * (1 - p) ** gamma
    return ops.mean(-weight * ops.log(ops.maximum(p, TINY)), axis=-1)


@ls.loss
def focal_closure(gamma: float = 2.0, alpha: float = 0.75) -> Any:
    """Focal loss as a closure: a function that makes the function of (y_true, y_pred). It becomes the loss class."""

    def focal(y_true: Any, y_pred: Any) -> Any:
        p = right(y_true, y_pred)
        weight = (y_true * alpha + (1 - y_true) * (1 - alpha)) * (1 - p) ** gamma
        return ops.mean(-weight * ops.log(ops.maximum(p, TINY)), axis=-1)

    return focal


class MyFocal(ls.Loss):
    """Focal loss as a class: typed fields are the parameters, `call` is the formula, no __init__ is needed."""

    gamma: float = 2.0
    alpha: float = 0.75

    def call(self, y_true: Any, y_pred: Any) -> Any:
        p = right(y_true, y_pred)
        weight = (y_true * self.alpha + (1 - y_true) * (1 - self.alpha)) * (1 - p) ** self.gamma
        return ops.mean(-weight * ops.log(ops.maximum(p, TINY)), axis=-1)


def averaged_first(y_true: np.ndarray, y_pred: np.ndarray, gamma: float = 2.0, alpha: float = 0.75) -> np.ndarray:
    """The mistake: one average entropy per row, then the weights of all its classes on top."""
    p = right(y_true, y_pred)
    average = np.mean(-np.log(p), axis=-1, keepdims=True)
    weight = (y_true * alpha + (1 - y_true) * (1 - alpha)) * (1 - p) ** gamma
    return np.mean(weight * average, axis=-1)


class Forgetful(keras.losses.Loss):
    """The other mistake: __init__ without super().__init__."""

    def __init__(self, gamma: float = 2.0) -> None:
        self.gamma = gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


class Forgiven(ls.Loss):
    """The same on lossary's base class, which does not depend on it."""

    def __init__(self, gamma: float = 2.0) -> None:
        self.gamma = gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


def values() -> dict[str, float]:
    """One row of three classes: the first is missed (probability 0.1 for a yes), two are easy."""
    y_true, y_pred = np.array([[1.0, 0.0, 0.0]]), np.array([[0.1, 0.1, 0.1]])
    built_in = ls.BinaryFocalCrossentropy(apply_class_balancing=True, gamma=2.0, alpha=0.75)
    by_hand = (0.75 * 0.9**2 * -np.log(0.1) + 2 * 0.25 * 0.1**2 * -np.log(0.9)) / 3
    found = {
        "by hand": by_hand,
        "function": focal_function(y_true, y_pred)[0],
        "closure": focal_closure()(y_true, y_pred),
        "class": MyFocal()(y_true, y_pred),
        "built in": built_in(y_true, y_pred),
        "averaged first (wrong)": averaged_first(y_true, y_pred)[0],
    }
    return {name: float(value) for name, value in found.items()}


def what_forgetting_does() -> dict[str, str]:
    """What a call of each class gives."""
    told = {}
    for kind in (Forgetful, Forgiven):
        try:
            told[kind.__name__] = f"{float(kind()([[1.0]], [[0.5]])):.4f}"
        except AttributeError as error:
            told[kind.__name__] = f"fails: {error}"
    return told


def rare_events() -> tuple[np.ndarray, np.ndarray]:
    """1,000 rows of which about one in ten is a yes."""
    random = np.random.default_rng(0)
    x = random.normal(size=(1000, 4)).astype("float32")
    return x, (x @ [1.0, -1.0, 0.5, 0.0] + random.normal(size=1000) > 2.3).astype("float32")[:, None]


def trained_and_reloaded(loss: Any, epochs: int) -> tuple[float, float, Any]:
    """A classifier trained with `loss`: its value, its value after saving and loading, and the loaded loss."""
    x, y = rare_events()
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=100, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        model.save(file := Path(folder) / "model.keras")
        loaded = keras.models.load_model(file)
    return model.evaluate(x, y, verbose=0), loaded.evaluate(x, y, verbose=0), loaded.loss


def main(out: str = "out", epochs: int = 20) -> dict[str, Any]:
    found, told = values(), what_forgetting_does()
    for name, value in found.items():
        print(f"{name:24} {value:.7f}")
    print(f"Averaging first gives {found['averaged first (wrong)'] / found['by hand']:.0%} of the loss of this row.\n")
    for name, text in told.items():
        print(f"{name}()(y_true, y_pred): {text}")
    trained = {
        "function": trained_and_reloaded(ls.get("focal_function", gamma=3.0), epochs),
        "closure": trained_and_reloaded(focal_closure(gamma=3.0), epochs),
        "class": trained_and_reloaded(MyFocal(gamma=3.0), epochs),
    }
    print("\ntrained with gamma=3, saved, loaded:")
    for name, (before, after, loss) in trained.items():
        print(f"{name:10} {before:.7f} {after:.7f}  {loss!r}")
    curves = [ls.BinaryCrossentropy(), MyFocal(gamma=1.0, alpha=1.0), MyFocal(gamma=4.0, alpha=1.0)]
    path = save(draw(curves, axis="probability", title="Focal loss: easy rows fade"), Path(out) / "5_focal.png")
    print(f"figure: {path}")
    return {"values": found, "told": told, "trained": trained}


if __name__ == "__main__":
    run(main, __doc__)
