"""Value and gradients on TensorFlow: a tape records the computation, then plays it backwards."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


def value_and_gradients(objective: Callable[[], Any], variables: Sequence[Any]) -> tuple[float, list[Any]]:
    """The number that `objective()` returns, and its derivative by each variable."""
    with tf.GradientTape() as tape:
        value = objective()
    return float(value), tape.gradient(value, [variable.value for variable in variables])
