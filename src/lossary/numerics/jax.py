"""What only JAX can answer."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
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


def gradients(f: Callable[[list[Any]], Any], tensors: list[Any]) -> list[Any]:
    """The derivative of sum(f(tensors)) by each tensor."""
    return list(jax.grad(lambda inner: jax.numpy.sum(f(inner)))(tensors))


def same_randomness() -> AbstractContextManager[None]:
    """Keras draws from seeds that it keeps itself: nothing to put back."""
    return nullcontext()
