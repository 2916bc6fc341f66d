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


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of sum(f(x)) by x, eagerly, as a tensor; zeros where f does not depend on x."""
    return _BACKEND.gradient(f, keras.ops.convert_to_tensor(x))


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` as the backend's trainer would compile it. torch's trainer runs eagerly."""
    made: Callable[..., Any] = _BACKEND.compiled(f)
    return made


def same_random_numbers() -> AbstractContextManager[Any]:
    """A block after which the backend's own generator, where it has a state, is where it was before."""
    made: AbstractContextManager[Any] = _BACKEND.same_random_numbers()
    return made


def peek(arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """The next batch that a model's `train_function(*arguments)` will see, and arguments that still hold it.

    Raises StopIteration when there is none.
    """
    batch, kept = _BACKEND.peek(arguments)
    return batch, kept


def training_state(model: Any, arguments: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """(variable, value) for the variables whose values fit() keeps outside the model while it runs."""
    pairs: list[tuple[Any, Any]] = _BACKEND.training_state(model, arguments)
    return pairs
