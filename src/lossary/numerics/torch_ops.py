"""Operations of keras.ops on torch, for tensors and for blocks: the backend's own calls where they mean the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from keras import ops

from .blocks import Block, Mask, chosen, plain

Tensor = Any
SUBNORMAL = True  # numbers below the smallest normal one are computed with, not read as 0


def _direct(of: Callable[..., Any], usual: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one tensor of real numbers."""

    def function(x: Tensor) -> Tensor:
        if type(x) is Block:
            return x.made(of)
        return of(x) if isinstance(x, torch.Tensor) and x.dtype.is_floating_point else usual(x)

    return function


abs = _direct(torch.abs, ops.abs)
square = _direct(torch.square, ops.square)
sqrt = _direct(torch.sqrt, ops.sqrt)
exp = _direct(torch.exp, ops.exp)
sign = _direct(torch.sign, ops.sign)
tanh = _direct(torch.tanh, ops.tanh)
sigmoid = _direct(torch.sigmoid, ops.sigmoid)


def isinf(x: Tensor) -> Tensor:
    return x.made(torch.abs).compared(torch.eq, float("inf")) if type(x) is Block else ops.isinf(x)


def clip(x: Tensor, low: Any, high: Any) -> Tensor:
    if type(x) is Block:
        return x.made(torch.clamp, low, high)
    if isinstance(x, torch.Tensor) and isinstance(low, (int, float)) and isinstance(high, (int, float)):
        return torch.clamp(x, low, high)
    return ops.clip(x, low, high)


def _extreme(of: Callable[..., Any], bound: str, usual: Callable[..., Any]) -> Callable[..., Any]:
    def function(a: Tensor, b: Tensor) -> Tensor:
        if type(a) is not Block and type(b) is not Block:
            return usual(a, b)
        x, other = (a, b) if type(a) is Block else (b, a)
        if not isinstance(other, (int, float)):
            return x.made(of, other)
        out = x.buffer()
        torch.clamp(x.numbers, **{bound: other}, out=out)
        return Block(out, x.pool)

    return function


maximum = _extreme(torch.maximum, "min", ops.maximum)
minimum = _extreme(torch.minimum, "max", ops.minimum)


def power(x: Tensor, k: Any) -> Tensor:
    return x.made(torch.pow, k) if type(x) is Block else ops.power(x, k)


def where(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    if type(condition) is Mask:
        return chosen(condition, a, b)
    x, y = (a, b) if isinstance(a, torch.Tensor) else (b, a)
    alike = isinstance(x, torch.Tensor) and (x.dtype == y.dtype if isinstance(y, torch.Tensor) else type(y) is float)
    if alike and x.dtype.is_floating_point and isinstance(condition, torch.Tensor):
        return torch.where(condition, a, b)
    return ops.where(condition, a, b)


def equal(a: Tensor, b: Tensor) -> Tensor:
    return a.compared(torch.eq, b) if isinstance(a, Block) else ops.equal(a, b)


def not_equal(a: Tensor, b: Tensor) -> Tensor:
    return a.compared(torch.ne, b) if isinstance(a, Block) else ops.not_equal(a, b)


def logical_and(a: Tensor, b: Tensor) -> Tensor:
    return a & b if type(a) is Mask else ops.logical_and(a, b)


def logical_or(a: Tensor, b: Tensor) -> Tensor:
    return a | b if type(a) is Mask else ops.logical_or(a, b)


def logical_not(a: Tensor) -> Tensor:
    return ~a if type(a) is Mask else ops.logical_not(a)


def cast(x: Tensor, dtype: Any) -> Tensor:
    if type(x) is Mask:
        return chosen(x, 1.0, 0.0)
    return x if type(x) is Block else ops.cast(x, dtype)


def stop_gradient(x: Tensor) -> Tensor:
    return x if isinstance(x, Block) else ops.stop_gradient(x)


def zeros_like(x: Tensor) -> Tensor:
    return x.made(torch.mul, 0.0) if type(x) is Block else ops.zeros_like(x)


# -- along the last axis, for kernels of rows: results have one number for each row, and keep the axis ---------------


def row_sum(x: Tensor) -> Tensor:
    return plain(x).sum(-1, keepdim=True)


def row_max(x: Tensor) -> Tensor:
    return plain(x).amax(-1, keepdim=True) if x.shape[0] else plain(x).sum(-1, keepdim=True)


def taken(x: Tensor, index: Tensor) -> Tensor:
    return plain(x).gather(-1, index.unsqueeze(-1))


def put(x: Tensor, index: Tensor, value: Any) -> Tensor:
    """x with another number at the place `index` of each row. A block is changed itself: x must not be used again."""
    index = index.unsqueeze(-1)
    if type(x) is Block and x.own:
        x.numbers.scatter_(-1, index, value)
        return x
    return plain(x).scatter(-1, index, value)


def whole(index: Tensor) -> Tensor:
    """Places, in the type that this backend takes them in."""
    return index.long()


def at_least(x: Tensor, low: float) -> Tensor:
    """The larger of x and a number; where they are equal, the slope is that of x."""
    return _clamped(x, min=low)


def at_most(x: Tensor, high: float) -> Tensor:
    """The smaller of x and a number; where they are equal, the slope is that of x."""
    return _clamped(x, max=high)


def _clamped(x: Tensor, **bound: float) -> Tensor:
    if type(x) is not Block:
        return torch.clamp(x, **bound)
    out = x.buffer()
    torch.clamp(x.numbers, **bound, out=out)
    return Block(out, x.pool)
