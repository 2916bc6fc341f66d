"""The running Keras backend, asked through one small module each."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import keras

Tensor = Any
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


def lift(x: Tensor) -> Tensor:
    """x times 2^64, exactly, also for subnormal numbers, which TensorFlow and JAX read as zero otherwise."""
    return _BACKEND.lift(x)


def log(x: Tensor) -> Tensor:
    """The natural logarithm within 2 ulp."""
    return _BACKEND.log(x)


def log1p(x: Tensor) -> Tensor:
    """log(1 + x) within 3 ulp."""
    return _BACKEND.log1p(x)


def expm1(x: Tensor) -> Tensor:
    """e^x - 1 within 3 ulp."""
    return _BACKEND.expm1(x)


def total(x: Tensor, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """The sum of x over the axes, relative error 1e-6 also for 10 million entries."""
    return _BACKEND.total(x, axis)


def average(x: Tensor, count: Tensor) -> Tensor:
    """The sum of all entries of x divided by count, finite whenever that quotient is."""
    return _BACKEND.average(x, count)


def derived(
    value: Callable[..., Tensor], push: Callable[..., Tensor], pull: Callable[..., Tensor | tuple[Tensor | None, ...]]
) -> Callable[..., Tensor]:
    """`value` with a derivative of its own instead of the one that automatic differentiation finds.

    Args:
        value: maps tensors x... to one tensor.
        push: maps x... and a change of each to the change of the value; linear in the changes.
        pull: maps x... and the gradient by the value to the gradients by x...; the transpose of `push`. None for a
            tensor that is held fixed.

    Backends use whichever they differentiate by. Both may be differentiated again.
    """
    return _BACKEND.derived(value, push, pull)
