"""One function for three backends: the value of an objective and its gradients, for custom training loops.

    value, gradients = value_and_gradients(objective, layer.trainable_variables)

`objective()` takes no arguments, uses the variables, and returns one number. How a backend differentiates stands in
gradients_tensorflow.py, gradients_jax.py and gradients_torch.py, a few lines each.
"""

import importlib
from typing import Any

import keras

value_and_gradients = importlib.import_module(f"gradients_{keras.backend.backend()}").value_and_gradients


def number(value: Any) -> float:
    """A tensor or variable of one number as a plain Python number, without its history."""
    return float(keras.ops.convert_to_numpy(value))
