"""Which rows pull a fit: the derivative of each row's loss by its prediction, from the backend itself."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from lossary.data.columns import Floats
from lossary.training.fitting import weights
from lossary.training.measured import Measured


class Nudge(keras.layers.Layer):
    """Adds a weight, 0 at first, to every prediction: one step of gradient descent leaves minus the gradient in it."""

    def build(self, input_shape: Any) -> None:
        self.by = self.add_weight(shape=tuple(input_shape), initializer="zeros", name="by")

    def call(self, predictions: Any) -> Any:
        return predictions + self.by


def pulls(measured: Measured, y_true: Any, outputs: Floats) -> Floats:
    """|d loss of the row / d its outputs|, shape (rows,), for what the model gave, (rows, outputs).

    The loss is averaged over rows, so all are smaller by one factor, which no share of the whole sees.
    Keras has no gradient call that works on every backend, but training does: a step of rate 1 is the gradient.
    """
    model = keras.Sequential([keras.Input(batch_shape=outputs.shape), Nudge()])
    # one step is not worth compiling, except on JAX, where a step that is not compiled takes longer than the compiler
    eager = keras.backend.backend() != "jax"
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=measured.training, run_eagerly=eager)
    model.train_on_batch(outputs.astype(np.float32), y_true)
    return np.linalg.norm(np.asarray(weights(model)[0], dtype=np.float64), axis=1)
