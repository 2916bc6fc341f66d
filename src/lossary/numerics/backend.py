"""The running Keras backend, asked through one small module each."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from types import ModuleType
from typing import Any

import keras

_BACKEND: ModuleType = import_module(f"{__package__}.{keras.backend.backend()}")


def concrete(x: Any) -> bool:
    """Whether the numbers of this tensor can be looked at now (eager), not only traced."""
    return not isinstance(x, keras.KerasTensor) and bool(_BACKEND.concrete(x))


def extremes(x: Any) -> tuple[float, float]:
    """The smallest and largest entry of a concrete tensor."""
    low, high = _BACKEND.extremes(x)
    return float(low), float(high)


def replicas() -> int:
    """How many replicas of this program add up their gradients."""
    return int(_BACKEND.replicas())


def gradients(f: Callable[[list[Any]], Any], tensors: list[Any]) -> list[Any]:
    """The derivative of sum(f(tensors)) by each of the tensors, eagerly."""
    found: list[Any] = _BACKEND.gradients(f, tensors)
    return found


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of sum(f(x)) by x, eagerly."""
    return gradients(lambda inner: f(inner[0]), [x])[0]


def same_randomness() -> AbstractContextManager[None]:
    """A block after which the backend draws the numbers it would have drawn without it."""
    block: AbstractContextManager[None] = _BACKEND.same_randomness()
    return block
