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


def gradients(f: Callable[[list[Any]], Any], tensors: list[Any]) -> list[Any]:
    """The derivative of sum(f(tensors)) by each tensor; 0 where it does not depend on it."""
    with torch.enable_grad():
        inner = [tensor.detach().clone().requires_grad_() for tensor in tensors]
        total = f(inner).sum()
        if not total.requires_grad:
            return [torch.zeros_like(tensor) for tensor in inner]
        found = torch.autograd.grad(total, inner, allow_unused=True)
    return [torch.zeros_like(x) if slope is None else slope for x, slope in zip(inner, found, strict=True)]


def same_randomness() -> AbstractContextManager[None]:
    """Puts torch's own generators back afterwards: Keras's Dropout draws from them."""
    return torch.random.fork_rng()
