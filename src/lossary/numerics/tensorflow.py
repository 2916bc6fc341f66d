"""What only TensorFlow can answer."""

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
