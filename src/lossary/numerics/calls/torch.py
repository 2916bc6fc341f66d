"""Operations of keras.ops on torch: the backend's own calls where they mean the same, for tensors and for blocks.

A formula of many operations passes over memory once for each of them. On a block of some ten thousand numbers all of
them run in a core's cache, and their results go into a few buffers that are used again and again: a block that nobody
holds any longer gives its buffer back. Formulas see no difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from keras import ops
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from ..keras_private import torch_device

SIZE = 1 << 17  # numbers in a block
Number = int | float


def concrete(x: Any) -> bool:
    """Whether the numbers of a tensor can be looked at now, without breaking a graph that is being compiled."""
    if torch.compiler.is_compiling() or x.device.type == "meta":
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(x)  # inside torch.func's transformations


class Block:
    """Numbers of one block, with the operators of a tensor. What is not a block or a number is one value per row."""

    __slots__ = ("numbers", "own", "pool", "spent")

    def __init__(self, numbers: torch.Tensor, pool: list[torch.Tensor], own: bool = True) -> None:
        self.numbers, self.pool, self.own, self.spent = numbers, pool, own, False

    def __del__(self) -> None:
        if self.own:
            self.pool.append(self.numbers)

    def made(self, of: Any, *rest: Any) -> Block:
        """What a function of torch gives for this block, in a buffer of its own."""
        out = self.buffer()
        of(self.numbers, *map(plain, rest), out=out)
        return Block(out, self.pool)

    def buffer(self) -> torch.Tensor:
        """Room for the numbers of a block: where these are not used again, their own."""
        if self.spent:
            self.spent = self.own = False
            return self.numbers
        if self.pool:
            out = self.pool.pop()
            if out.shape == self.numbers.shape:
                return out
        return torch.empty(self.numbers.shape, dtype=self.dtype)

    def compared(self, of: Any, other: Any) -> Mask:
        """-1, all bits set, where a comparison holds, and 0 elsewhere, as integers of the same size."""
        out = self.buffer()
        bits = out.view(BITS[out.dtype])
        of(self.numbers, plain(other), out=bits)
        bits.neg_()
        return Mask(out, self.pool)

    @property
    def shape(self) -> torch.Size:
        return self.numbers.shape

    @property
    def dtype(self) -> torch.dtype:
        return self.numbers.dtype

    def __add__(self, other: Any) -> Block:
        return self.made(torch.add, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Block:
        return self.made(torch.sub, other)

    def __rsub__(self, other: Any) -> Block:
        out = self.buffer()
        torch.sub(other, self.numbers, out=out)
        return Block(out, self.pool)

    def __mul__(self, other: Any) -> Block:
        return self.made(torch.mul, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Block:
        return self.made(torch.div, other)

    def __rtruediv__(self, other: Any) -> Block:
        out = self.buffer()
        torch.div(other, self.numbers, out=out)
        return Block(out, self.pool)

    def __pow__(self, k: Number) -> Block:
        return self.made(torch.pow, k)

    def __neg__(self) -> Block:
        return self.made(torch.neg)

    def __abs__(self) -> Block:
        return self.made(torch.abs)

    def __lt__(self, other: Any) -> Mask:
        return self.compared(torch.lt, other)

    def __le__(self, other: Any) -> Mask:
        return self.compared(torch.le, other)

    def __gt__(self, other: Any) -> Mask:
        return self.compared(torch.gt, other)

    def __ge__(self, other: Any) -> Mask:
        return self.compared(torch.ge, other)


class Mask(Block):
    """Where a condition holds. Choosing by bits takes an eighth of the time of torch.where, and any numbers."""

    __slots__ = ()

    def bits(self) -> torch.Tensor:
        return self.numbers.view(BITS[self.dtype])

    def of_bits(self, of: Any, *rest: torch.Tensor) -> Mask:
        out = self.buffer()
        of(self.bits(), *rest, out=out.view(BITS[out.dtype]))
        return Mask(out, self.pool)

    def __and__(self, other: Mask) -> Mask:
        return self.of_bits(torch.bitwise_and, other.bits())

    def __or__(self, other: Mask) -> Mask:
        return self.of_bits(torch.bitwise_or, other.bits())

    def __invert__(self) -> Mask:
        return self.of_bits(torch.bitwise_not)


BITS = {torch.float32: torch.int32, torch.float64: torch.int64}


def plain(x: Any) -> Any:
    """The tensor of a block; numbers and tensors as they are."""
    return x.numbers if isinstance(x, Block) else x


def chosen(condition: Mask, a: Any, b: Any) -> Block:
    """a where the condition holds, b elsewhere: b ^ ((a ^ b) & condition)."""
    mask, out = condition.bits(), condition.buffer()
    a, b = (_bits(x, condition.dtype) for x in (a, b))
    bits = out.view(mask.dtype)
    if isinstance(a, torch.Tensor):
        torch.bitwise_xor(a, b, out=bits).bitwise_and_(mask)
    elif isinstance(b, torch.Tensor):
        torch.bitwise_xor(b, a, out=bits).bitwise_and_(mask)
    else:
        torch.bitwise_and(mask, a ^ b, out=bits)
    return Block(bits.bitwise_xor_(b).view(out.dtype), condition.pool)


def _bits(x: Any, dtype: torch.dtype) -> Any:
    """The bits of numbers of a type, as integers."""
    if isinstance(x, (int, float)) or (isinstance(x, torch.Tensor) and x.dim() == 0):
        return torch.as_tensor(x, dtype=dtype).view(BITS[dtype]).item()
    return plain(x).view(BITS[dtype])


# -- operations ------------------------------------------------------------------------------------------------------

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
sin = _direct(torch.sin, ops.sin)
arctan = _direct(torch.atan, ops.arctan)
tanh = _direct(torch.tanh, ops.tanh)
sigmoid = _direct(torch.sigmoid, ops.sigmoid)
arctan = _direct(torch.arctan, ops.arctan)


def isinf(x: Tensor) -> Tensor:
    if type(x) is Block:
        return x.made(torch.abs).compared(torch.eq, math.inf)
    return torch.isinf(x) if isinstance(x, torch.Tensor) else ops.isinf(x)


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


def _comparison(of: Callable[..., Any], usual: Callable[..., Any]) -> Callable[..., Any]:
    def function(a: Tensor, b: Tensor) -> Tensor:
        if isinstance(a, Block):
            return a.compared(of, b)
        plainly = isinstance(a, torch.Tensor) and (isinstance(b, (int, float)) or _like(a, b))
        return of(a, b) if plainly else usual(a, b)

    return function


equal = _comparison(torch.eq, ops.equal)
not_equal = _comparison(torch.ne, ops.not_equal)


def _like(a: Tensor, b: Tensor) -> bool:
    return isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.dtype is b.dtype


def logical_and(a: Tensor, b: Tensor) -> Tensor:
    return a & b if type(a) is Mask or (_like(a, b) and a.dtype is torch.bool) else ops.logical_and(a, b)


def logical_or(a: Tensor, b: Tensor) -> Tensor:
    return a | b if type(a) is Mask or (_like(a, b) and a.dtype is torch.bool) else ops.logical_or(a, b)


def logical_not(a: Tensor) -> Tensor:
    return ~a if type(a) is Mask or (isinstance(a, torch.Tensor) and a.dtype is torch.bool) else ops.logical_not(a)


TYPES = {
    "float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64,
    "int32": torch.int32, "int64": torch.int64, "bool": torch.bool,
}  # fmt: skip


def cast(x: Tensor, dtype: Any) -> Tensor:
    if type(x) is Mask:
        return chosen(x, 1.0, 0.0)
    if type(x) is Block:
        return x
    own = TYPES.get(dtype, dtype)
    return x.to(own) if isinstance(x, torch.Tensor) and isinstance(own, torch.dtype) else ops.cast(x, dtype)


def convert_to_tensor(x: Any, dtype: Any = None) -> Tensor:
    """Of tensors and of plain numbers, also several; for these Keras takes ten times as long."""
    own = TYPES.get(dtype, dtype)
    if isinstance(x, torch.Tensor) and own in (None, x.dtype):
        return x
    few = isinstance(x, (int, float)) or (isinstance(x, (list, tuple)) and all(isinstance(v, (int, float)) for v in x))
    if few and isinstance(own, torch.dtype) and not torch.compiler.is_compiling():
        return torch.tensor(x, dtype=own, device=torch_device())
    return ops.convert_to_tensor(x, dtype)


def above(x: Tensor, low: float) -> Tensor:
    """1 where x is larger than a number, 0 elsewhere."""
    if type(x) is Block:
        return x.made(torch.gt, low)
    return (x > low).to(x.dtype) if torch.is_grad_enabled() or not concrete(x) else torch.gt(x, low, out=empty(x))


def empty(x: Tensor) -> Tensor:
    """Room for numbers like those of x."""
    return torch.empty(x.shape, dtype=x.dtype, device=x.device)


def nothing(x: Tensor) -> Tensor:
    """1 where x is 0, 0 elsewhere."""
    return x.made(torch.eq, 0.0) if type(x) is Block else (x == 0).to(x.dtype)


def stop_gradient(x: Tensor) -> Tensor:
    if isinstance(x, Block):
        return x
    return x.detach() if isinstance(x, torch.Tensor) else ops.stop_gradient(x)


def zeros_like(x: Tensor, dtype: Any = None) -> Tensor:
    if type(x) is Block:
        return x.made(torch.mul, 0.0)
    return torch.zeros_like(x) if isinstance(x, torch.Tensor) and dtype is None else ops.zeros_like(x, dtype)


def stack(x: list[Tensor], axis: int = 0) -> Tensor:
    return torch.stack(x, axis) if all(isinstance(v, torch.Tensor) for v in x) else ops.stack(x, axis)


def unstack(x: Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    return list(torch.unbind(x, axis)) if isinstance(x, torch.Tensor) else ops.unstack(x, num, axis)


def sum(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    if isinstance(x, torch.Tensor) and x.dtype.is_floating_point:
        return x.sum() if axis is None and not keepdims else torch.sum(x, axis, keepdims)
    return ops.sum(x, axis=axis, keepdims=keepdims)


def ones_like(x: Tensor, dtype: Any = None) -> Tensor:
    return torch.ones_like(x) if isinstance(x, torch.Tensor) and dtype is None else ops.ones_like(x, dtype)


def expand_dims(x: Tensor, axis: Any) -> Tensor:
    return x.unsqueeze(axis) if isinstance(x, torch.Tensor) and type(axis) is int else ops.expand_dims(x, axis)


# -- along the last axis, for kernels of rows: results have one number for each row, and keep the axis ---------------


def row_sum(x: Tensor) -> Tensor:
    return plain(x).sum(-1, keepdim=True)


def row_max(x: Tensor) -> Tensor:
    return plain(x).amax(-1, keepdim=True) if x.shape[0] else plain(x).sum(-1, keepdim=True)


def seen(x: Tensor) -> bool:
    """Whether the numbers of x can be looked at now, at no cost: a block, or a few of which nothing is recorded."""
    if type(x) is Block:
        return True
    recorded = x.requires_grad and torch.is_grad_enabled()
    return x.is_cpu and not recorded and concrete(x) and get_proxy_mode() is None


def lowest(x: Tensor) -> float:
    """The smallest number, by which a shorter way may be taken, where it can be seen."""
    numbers = plain(x)
    if type(numbers) is not torch.Tensor or not seen(x) or not numbers.numel():  # parts of one may lie elsewhere
        return -math.inf
    return float(numbers.amin() if numbers.is_contiguous() else torch.aminmax(numbers)[0])  # which takes a fifth there


def within(x: Tensor, rows: Tensor, low: float, high: float) -> bool:
    """Whether numbers of the rows of x lie between two, where that can be seen."""
    if not seen(x) or not rows.numel():
        return False
    least, most = torch.aminmax(rows)
    return low <= float(least) and float(most) <= high


def at_once(x: Tensor) -> bool:
    """Whether a softmax takes less time than its parts: not in blocks."""
    return False


def row_size(x: Tensor) -> Tensor:
    """The largest absolute number of each row."""
    return torch.linalg.vector_norm(plain(x), math.inf, dim=-1, keepdim=True)


def winner(x: Tensor) -> tuple[Tensor, Tensor, float]:
    """The largest entry of each row, its place, and how many places these are.

    torch searches for a place one by one. In a block, the entries that equal the largest are a product with their
    numbers, many at once; where two of a row do, it is searched.
    """
    if type(x) is Block and x.numbers.dim() == 2:
        top = x.numbers.amax(-1, keepdim=True)
        equal = x.made(torch.eq, top)
        if float(equal.numbers.sum()) == len(top):
            return top, torch.mv(equal.numbers, _counted(x.shape[-1], x.dtype)).long(), 1.0
    top, index = plain(x).max(-1, keepdim=True)
    return top, index.squeeze(-1), 1.0


def only(y: Tensor) -> Tensor | None:
    """The place of the only 1 in each row, where all other entries of all rows are 0. It is looked for in blocks."""
    if type(y) is not Block or y.numbers.dim() != 2 or int(torch.count_nonzero(y.numbers[0])) != 1:
        return None
    rows, classes = y.numbers.shape
    if int(torch.count_nonzero(y.numbers)) != rows:
        return None
    index = torch.mv(y.numbers, _counted(classes, y.dtype)).long().clamp_(0, classes - 1)
    return index if bool((taken(y, index) == 1).all()) else None


@lru_cache(maxsize=4)
def _counted(size: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.arange(size, dtype=dtype)


def place(x: Tensor, index: Tensor) -> Tensor:
    """The place `index` of each row, as `taken` and `put` have it soonest."""
    return index


def taken(x: Tensor, index: Tensor) -> Tensor:
    """The entry at the place `index` of each row."""
    return plain(x).gather(-1, index.unsqueeze(-1))


there = taken  # each entry at a place of `winner`


def spent(x: Tensor) -> Tensor:
    """x, which is not used again but in the operation at hand: a block's numbers may be overwritten."""
    if type(x) is Block:
        x.spent = x.own
    return x


def put(x: Tensor, index: Tensor, value: Any) -> Tensor:
    """x with another number at the place `index` of each row. A block is changed itself: x must not be used again."""
    index = index.unsqueeze(-1)
    if type(x) is Block:
        if not x.own:
            x = Block(x.buffer().copy_(x.numbers), x.pool)
        x.numbers.scatter_(-1, index, value)
        return x
    return x.scatter(-1, index, value)


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


def recorded(x: Tensor) -> bool:
    """Whether what is made of x may be differentiated."""
    return type(x) is not Block and torch.is_grad_enabled()
