"""What only TensorFlow can answer."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import tensorflow as tf


def concrete(x: Any) -> bool:
    """Whether the numbers of a tensor can be looked at now (eager), not only in a graph."""
    return not tf.is_symbolic_tensor(x)


def extremes(x: Any) -> tuple[float, float]:
    """The smallest and largest entry of a concrete tensor, also of a constant inside a function being traced."""
    entries = np.asarray(x)
    return float(entries.min()), float(entries.max())


def replicas() -> int:
    """How many replicas add up their gradients; a mean over the batch is divided by it."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def gradients(f: Callable[[list[Any]], Any], tensors: list[Any]) -> list[Any]:
    """The derivative of sum(f(tensors)) by each tensor; 0 where it does not depend on it."""
    inner = [tf.identity(tensor) for tensor in tensors]  # Keras notes on a tensor which logits it was made from
    with tf.GradientTape() as tape:
        tape.watch(inner)
        total = tf.reduce_sum(f(inner))
    found = tape.gradient(total, inner, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return [tf.convert_to_tensor(slope) for slope in found]  # an embedding's comes as slices


def same_randomness() -> AbstractContextManager[None]:
    """Keras draws from seeds that it keeps itself: nothing to put back."""
    return nullcontext()
