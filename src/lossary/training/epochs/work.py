"""How much work a step is, before it is compiled: enough to choose between loops."""

from __future__ import annotations

import math
from typing import Any

from keras import tree

from ...numerics.keras_private import first_call, layers_of, variable_lists

SMALL = 4e6  # multiplications of a step forwards, below which the cost of starting operations counts for more than they


def multiplications(model: Any, rows: int) -> float:
    """About how many multiplications the layers need for a batch, forwards: weights times places they are used at."""
    return float(rows * sum(_weights(layer) * _places(layer, model) for layer in layers_of(model)))


def small(model: Any, rows: int) -> bool:
    """Whether starting the operations of a step costs more than what they compute."""
    return multiplications(model, rows) < SMALL


def by_size(numbers: tuple[float, float], model: Any, rows: int) -> float:
    """The first number for a small model, the second one for others."""
    return numbers[0] if small(model, rows) else numbers[1]


def convolutional(model: Any) -> bool:
    """Whether a layer convolves."""
    return any("Conv" in type(layer).__name__ for layer in layers_of(model))


def _weights(layer: Any) -> int:
    """Weights of this layer itself."""
    return sum(math.prod(v.shape) for own in variable_lists(layer) for v in own if "seed" not in v.path)


def _places(layer: Any, model: Any) -> int:
    """Pixels or steps of time that the layer's weights meet in a row; of the model's inputs where that is not known."""
    tensors = first_call(layer) or tree.flatten(getattr(model, "inputs", None) or [])
    return max((math.prod(size or 1 for size in tensor.shape[1:-1]) for tensor in tensors), default=1)
