"""What only JAX can answer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import Any

import jax
import numpy as np


def concrete(x: Any) -> bool:
    """Whether the numbers of an array can be looked at now, not only traced."""
    return not isinstance(x, jax.core.Tracer)


def extremes(x: Any) -> tuple[float, float]:
    """The smallest and largest entry of a concrete tensor, also of a constant inside a function being traced."""
    entries = np.asarray(x)
    return float(entries.min()), float(entries.max())


def replicas() -> int:
    """JAX programs see the global batch: nothing to divide by."""
    return 1


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of sum(f(x)) by x."""
    return jax.grad(lambda v: jax.numpy.sum(f(v)))(x)


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function under jit."""
    made: Callable[..., Any] = jax.jit(f)
    return made


def same_random_numbers() -> AbstractContextManager[Any]:
    """JAX has no generator with a state of its own."""
    return nullcontext()


def peek(arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Keras's step takes (state, iterator) and calls next() once per step."""
    state, iterator = arguments
    first = next(iterator)
    rest: Iterator[Any] = chain([first], iterator)
    return first, (state, rest)


def training_state(model: Any, arguments: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """fit() moves all values into the state it passes around, and leaves the variables empty."""
    trainable, others, optimizer, metrics = arguments[0]
    variables = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    groups = zip((*variables, model.metrics_variables), (trainable, others, optimizer, metrics), strict=True)
    return [pair for group, values in groups for pair in zip(group, values, strict=True)]
