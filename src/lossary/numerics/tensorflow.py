"""What only TensorFlow can answer."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
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


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of sum(f(x)) by x."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(f(x))
    found = tape.gradient(total, x)
    return tf.zeros_like(x) if found is None else tf.convert_to_tensor(found)


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a graph."""
    made: Callable[..., Any] = tf.function(f)
    return made


def same_random_numbers() -> AbstractContextManager[Any]:
    """TensorFlow's count of stateless draws cannot be put back; Keras's own generators are variables."""
    return nullcontext()


def peek(arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Keras's step takes an iterator, also one of Python; of several replicas the first one's rows are seen."""
    (iterator,) = arguments
    try:
        first = next(iterator)
    except tf.errors.OutOfRangeError as end:
        raise StopIteration from end
    return tf.nest.map_structure(_local, first), (chain([first], iterator),)


def _local(x: Any) -> Any:
    if isinstance(x, tf.experimental.Optional):  # how a dataset holds a weight that is not there
        return x.get_value() if x.has_value() else None
    return tf.distribute.get_strategy().experimental_local_results(x)[0] if x is not None else None


def training_state(model: Any, arguments: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """The variables hold their values themselves."""
    return []
