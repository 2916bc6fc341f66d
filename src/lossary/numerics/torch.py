"""What only torch can answer, and arithmetic for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import torch

from .keras_private import torch_device

ONE_SHAPE = False
log = torch.log
log1p = torch.log1p
expm1 = torch.expm1


def concrete(x: Any) -> bool:
    """Whether the numbers of a tensor can be looked at now, without breaking a graph that is being compiled."""
    if torch.compiler.is_compiling() or x.device.type == "meta":
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(x)  # inside torch.func's transformations


def native(x: Any) -> bool:
    """Parameters too."""
    return isinstance(x, torch.Tensor)


_READABLE = frozenset(
    {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool, torch.uint8, torch.int8, torch.int16}
    | {torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn, torch.float8_e5m2}
)


def held(x: Any) -> Any:
    """A parameter is a tensor itself."""
    return x if isinstance(x, torch.Tensor) else None


def obstacle(x: torch.Tensor) -> tuple[str, str] | None:
    """By its type and its storage. Keras traces shapes with tensors on `meta`; elsewhere they hold nothing."""
    if x.dtype not in _READABLE:
        return f"a tensor of {x.dtype}", "Convert it to real numbers, for instance with torch.real or torch.abs."
    if x.layout is not torch.strided or x.is_nested:
        return "a sparse or nested tensor", "Make it dense: y.to_dense(), or torch.nested.to_padded_tensor."
    if x.device.type == "meta" and torch_device() != "meta":
        return "a tensor on the device 'meta', which holds no numbers", "Move the model to a real device."
    return None


def type_name(x: torch.Tensor) -> str:
    """Without the "torch." in front."""
    return str(x.dtype)[6:]


def canonical(dtype: str) -> str:
    """torch has every type."""
    return dtype


def signed(x: torch.Tensor) -> torch.Tensor:
    """torch compares no unsigned integers; one too large for int64 turns up negative there."""
    y = x.to(torch.int64)
    return torch.where(y < 0, torch.iinfo(torch.int64).max, y)


def recorded(x: Any) -> bool:
    """Whether it is compiled, or torch keeps what a gradient needs."""
    return not concrete(x) or bool(x.requires_grad)


def alike(x: Any, like: Any, otherwise: str) -> Any:
    """torch knows all sizes when it compiles."""
    return x


def extremes(x: Any) -> tuple[float, float]:
    """The smallest and largest entry of a tensor, found where it lies."""
    low, high = torch.aminmax(x.detach())
    return float(low), float(high)


def replicas() -> int:
    """torch averages gradients over processes itself: nothing to divide by."""
    return 1


def processes() -> int:
    """Those of the process group."""
    group = torch.distributed
    return group.get_world_size() if group.is_available() and group.is_initialized() else 1


def together() -> tuple[int, bool]:
    """A process group averages gradients. (A compiler cannot ask.)"""
    return 1 if torch.compiler.is_compiling() else processes(), True


def lift(x: torch.Tensor) -> torch.Tensor:
    """torch computes with subnormal numbers as with others."""
    return x * 2.0**64


def total(x: torch.Tensor, axis: int | tuple[int, ...] | None = None) -> torch.Tensor:
    """torch sums in pairs."""
    return torch.sum(x) if axis is None else torch.sum(x, dim=axis)


def average(x: torch.Tensor, count: Any) -> torch.Tensor:
    """In float64 where the device has it."""
    wide = x.dtype if x.device.type == "mps" else torch.float64
    return (torch.sum(x, dtype=wide) / count).to(x.dtype)


class _Backwards(torch.autograd.Function):
    """A derivative for up to three tensors; torch's compiler wants them counted, and no forward derivative."""

    @staticmethod
    def forward(value: Any, push: Any, pull: Any, a: Any, b: Any, c: Any) -> Any:
        return value(*_given(a, b, c))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _, ctx.push, ctx.pull, *x = inputs
        ctx.save_for_backward(*_given(*x))

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, ...]:
        pull = ctx.pull  # a call on ctx would be taken for one of its own methods
        by = pull(*ctx.saved_tensors, g)
        by = by if isinstance(by, tuple) else (by,)
        return (None, None, None, *by, *[None] * (3 - len(by)))


class _BothWays(_Backwards):
    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _Backwards.setup_context(ctx, inputs, output)
        ctx.save_for_forward(*_given(*inputs[3:]))

    @staticmethod
    def jvp(ctx: Any, *changes: Any) -> Any:
        x = ctx.saved_tensors
        return ctx.push(*x, *[torch.zeros_like(v) if c is None else c for v, c in zip(x, changes[3:], strict=False)])


def _given(*x: Any) -> list[Any]:
    return [v for v in x if v is not None]


def derived(value: Callable[..., Any], push: Callable[..., Any], pull: Callable[..., Any]) -> Callable[..., Any]:
    """torch differentiates backwards, and forwards on request."""
    function = _Backwards if torch.compiler.is_compiling() else _BothWays
    return lambda *x: function.apply(value, push, pull, *x, *[None] * (3 - len(x)))


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: Keras trains eagerly on torch."""
    return f


def peek(arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Keras's step takes a list of one batch."""
    return arguments[0][0], arguments


def training_state(model: Any, arguments: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """The variables hold their values themselves."""
    return []


def gradients(f: Callable[[list[Any]], Any], tensors: list[Any]) -> list[Any]:
    """The derivative of sum(f(tensors)) by each tensor; 0 where it does not depend on it."""
    with torch.enable_grad():
        inner = [tensor.detach().clone().requires_grad_() for tensor in tensors]
        total = f(inner).sum()
        if not total.requires_grad:
            return [torch.zeros_like(tensor) for tensor in inner]
        found = torch.autograd.grad(total, inner, allow_unused=True)
    return [torch.zeros_like(x) if slope is None else slope for x, slope in zip(inner, found, strict=True)]


def derivative(f: Callable[[Any], Any], x: Any) -> Any:
    """With a graph of its own, so that it can be differentiated again."""
    with torch.enable_grad():
        inner = x if x.requires_grad else x.detach().requires_grad_()
        (found,) = torch.autograd.grad(f(inner).sum(), inner, create_graph=True, allow_unused=True)
    return torch.zeros_like(x) if found is None else found


def same_randomness() -> AbstractContextManager[None]:
    """Puts torch's own generators back afterwards: Keras's Dropout draws from them."""
    return torch.random.fork_rng()


def double() -> AbstractContextManager[Any]:
    """torch has float64 at any time, but not on Apple's graphics processors: the processor computes instead."""
    on_apple = torch.device(torch_device()).type == "mps"
    return keras.device("cpu") if on_apple else nullcontext()


def expanded(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any, Any]:
    """The slope with a graph of its own; one backward pass for each column."""
    with torch.enable_grad():
        inner = x.detach().clone().requires_grad_()
        value = f(inner)
        slope = torch.zeros_like(inner)
        if value.requires_grad:
            (found,) = torch.autograd.grad(value.sum(), inner, create_graph=True, allow_unused=True)
            slope = slope if found is None else found
        bends = [_bend(slope[:, place], inner) for place in range(x.shape[1])]
    return value.detach(), slope.detach(), torch.stack(bends, dim=1)


def _bend(column: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    if not column.requires_grad:
        return torch.zeros_like(x)
    (found,) = torch.autograd.grad(column.sum(), x, retain_graph=True, allow_unused=True)
    return torch.zeros_like(x) if found is None else found


def quick(f: Callable[..., Any]) -> Callable[..., Any]:
    """Eager, as torch is used."""
    return f


def forget_programs(most: int) -> None:
    """Operations are not compiled for a shape."""
