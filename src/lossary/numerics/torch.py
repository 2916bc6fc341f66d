"""What only torch can answer."""

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
