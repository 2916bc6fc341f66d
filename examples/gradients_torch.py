"""Value and gradients on PyTorch: autograd goes back from the value to each variable."""

from collections.abc import Callable, Sequence
from typing import Any

import torch


def value_and_gradients(objective: Callable[[], Any], variables: Sequence[Any]) -> tuple[float, list[Any]]:
    """The number that `objective()` returns, and its derivative by each variable."""
    value = objective()
    return value.item(), list(torch.autograd.grad(value, [variable.value for variable in variables]))
