"""How much work a step is, before it is compiled: enough to choose between loops."""

from __future__ import annotations

import math
from typing import Any

from keras import tree

SMALL = 4e6  # multiplications of a step forwards, below which the cost of starting operations counts for more than they


def multiplications(model: Any, rows: int) -> float:
    """About how many multiplications the layers need for a batch, forwards: weights times places they are used at."""
    return float(rows * sum(_weights(layer) * _places(layer, model) for layer in model._flatten_layers(recursive=True)))


def small(model: Any, rows: int) -> bool:
    """Whether starting the operations of a step costs more than what they compute."""
    return multiplications(model, rows) < SMALL


def by_size(numbers: tuple[float, float], model: Any, rows: int) -> float:
    """The first number for a small model, the second one for others."""
    return numbers[0] if small(model, rows) else numbers[1]


def convolutional(model: Any) -> bool:
    """Whether a layer convolves."""
    return any("Conv" in type(layer).__name__ for layer in model._flatten_layers())


def _weights(layer: Any) -> int:
    """Weights of this layer itself."""
    own = [*layer._trainable_variables, *layer._non_trainable_variables]
    return sum(math.prod(v.shape) for v in own if "seed" not in v.path)


def _places(layer: Any, model: Any) -> int:
    """Pixels or steps of time that the layer's weights meet in a row; of the model's inputs where that is not known."""
    nodes = getattr(layer, "_inbound_nodes", [])
    seen = [node for node in nodes if hasattr(node, "input_tensors")][:1]
    tensors = [*seen[0].input_tensors, *seen[0].outputs] if seen else tree.flatten(getattr(model, "inputs", None) or [])
    return max((math.prod(size or 1 for size in tensor.shape[1:-1]) for tensor in tensors), default=1)
