"""What only torch can answer."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch


def concrete(x: Any) -> bool:
    """Whether the numbers of a tensor can be looked at now, without breaking a graph that is being compiled."""
    return not torch.compiler.is_compiling() and x.device.type != "meta"


def extremes(x: Any) -> tuple[float, float]:
    """The smallest and largest entry of a tensor, found where it lies."""
    low, high = torch.aminmax(x.detach())
    return float(low), float(high)


def replicas() -> int:
    """torch averages gradients over processes itself: nothing to divide by."""
    return 1


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of sum(f(x)) by x."""
    x = x.detach().clone().requires_grad_()
    total = f(x).sum()
    if not total.requires_grad:
        return torch.zeros_like(x)
    (found,) = torch.autograd.grad(total, x, allow_unused=True)
    return torch.zeros_like(x) if found is None else found


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: Keras trains eagerly on torch."""
    return f


def same_random_numbers() -> AbstractContextManager[Any]:
    """torch's generators are put back after the block."""
    block: AbstractContextManager[Any] = torch.random.fork_rng()
    return block


def peek(arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Keras's step takes a list of one batch."""
    return arguments[0][0], arguments


def training_state(model: Any, arguments: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """The variables hold their values themselves."""
    return []
