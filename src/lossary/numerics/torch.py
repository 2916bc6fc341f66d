"""What only torch can answer, and arithmetic for it."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import keras
import torch
from torch.autograd import forward_ad
from torch.autograd.forward_ad import unpack_dual
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from .calls.torch import SIZE, Block, concrete, lowest, plain
from .keras_private import torch_device

ONE_SHAPE = False
COMPILES = False


def _of(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """For tensors, and for blocks of them."""
    return lambda x: x.made(function) if type(x) is Block else function(x)


log, log1p, expm1 = map(_of, (torch.log, torch.log1p, torch.expm1))
log1p_near = log1p


def by_series(x: Any) -> bool:
    """Never: torch's own log1p takes less."""
    return False


def on_cpu(x: torch.Tensor) -> bool:
    """By its device."""
    return x.is_cpu


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


TYPES = {"float32": torch.float32, "float64": torch.float64, "float16": torch.float16, "bfloat16": torch.bfloat16}
LABELS = (torch.int64, torch.int32)
PLAIN = (torch.Tensor, torch.nn.Parameter)
ON = ("cpu", "cuda")


def ordinary(x: Any, dtype: str) -> bool:
    """Whether it is a dense tensor of this type with nothing about it, which needs no reading."""
    return (
        type(x) in PLAIN
        and (x.dtype in LABELS if dtype == "int64" else x.dtype is TYPES.get(dtype))
        and x.layout is torch.strided
        and not x.is_nested
        and x.device.type in ON
        and not hasattr(x, "_keras_mask")
    )


def in_type(x: torch.Tensor, dtype: str) -> torch.Tensor:
    """The tensor itself where it has that type."""
    return x if x.dtype is TYPES.get(dtype) else x.to(TYPES[dtype])


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


watched = recorded  # whether a gradient by this tensor may be needed


def alike(x: Any, like: Any, otherwise: str) -> Any:
    """torch knows all sizes when it compiles."""
    return x


def min_max(x: Any) -> tuple[float, float]:
    """The smallest and largest entry of a tensor, found where it lies."""
    low, high = torch.aminmax(x.detach())
    return float(low), float(high)


def free_of_zeros(x: torch.Tensor) -> bool:
    """Not asked of a graphics processor, which would be waited for."""
    return x.device.type == "cpu" and int(torch.count_nonzero(x)) == x.numel()


def visible(x: Any) -> Any:
    """Without its graph."""
    return x.detach()


_GROUPS = torch.distributed.is_available()


def processes() -> int:
    """Those of the process group."""
    return torch.distributed.get_world_size() if _GROUPS and torch.distributed.is_initialized() else 1


def together() -> tuple[int, bool]:
    """A process group averages gradients. (A compiler cannot ask.)"""
    return 1 if torch.compiler.is_compiling() else processes(), True


def scale_up(x: torch.Tensor) -> torch.Tensor:
    """torch computes with subnormal numbers as with others."""
    return x * 2.0**64


def total(x: torch.Tensor, axis: int | tuple[int, ...] | None = None) -> torch.Tensor:
    """torch sums in pairs."""
    return torch.sum(x) if axis is None else torch.sum(x, dim=axis)


def average(x: torch.Tensor, count: Any) -> torch.Tensor:
    """In float64 where the device has it."""
    wide = x.dtype if x.device.type == "mps" else torch.float64
    return (torch.sum(x, dtype=wide) / count).to(x.dtype)


def followed_now(*x: Any) -> bool:
    """Whether derivatives by these tensors may be needed: torch records, compiles or transforms."""
    if torch.is_grad_enabled() or not all(map(concrete, x)):
        return True
    return forward_ad._current_level >= 0 and any(unpack_dual(v).tangent is not None for v in x)


MOST = 6  # tensors that a derivative of its own may have


class _Backwards(torch.autograd.Function):
    """A derivative for up to six tensors; torch's compiler wants them counted, and no forward derivative."""

    @staticmethod
    def forward(value: Any, jvp: Any, vjp: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
        return value(*_given(a, b, c, d, e, f))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _, ctx.by_changes, ctx.by_gradient, *x = inputs
        ctx.save_for_backward(*_given(*x))

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, ...]:
        vjp = ctx.by_gradient  # a call on ctx would be taken for one of its own methods
        by = vjp(*ctx.saved_tensors, g)
        by = by if isinstance(by, tuple) else (by,)
        return (None, None, None, *by, *[None] * (MOST - len(by)))


class _BothWays(_Backwards):
    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _Backwards.setup_context(ctx, inputs, output)
        ctx.save_for_forward(*_given(*inputs[3:]))

    @staticmethod
    def jvp(ctx: Any, *changes: Any) -> Any:
        x = ctx.saved_tensors
        return ctx.by_changes(
            *x, *[torch.zeros_like(v) if c is None else c for v, c in zip(x, changes[3:], strict=False)]
        )


class _Eager(torch.autograd.Function):
    """The same where neither torch's compiler nor a transformation is at work, in a third of the time of a call."""

    @staticmethod
    def forward(ctx: Any, value: Any, jvp: Any, vjp: Any, *x: Any) -> Any:
        ctx.by_changes, ctx.by_gradient = jvp, vjp
        ctx.save_for_backward(*x)
        ctx.save_for_forward(*x)
        return value(*x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, ...]:
        return _Backwards.backward(ctx, g)[: 3 + len(ctx.saved_tensors)]

    @staticmethod
    def jvp(ctx: Any, *changes: Any) -> Any:
        return _BothWays.jvp(ctx, *changes)


def _given(*x: Any) -> list[Any]:
    return [v for v in x if v is not None]


def derived(value: Callable[..., Any], jvp: Callable[..., Any], vjp: Callable[..., Any]) -> Callable[..., Any]:
    """torch differentiates backwards, and forwards on request."""

    def f(*x: Any) -> Any:
        if isinstance(x[0], Block) or not followed_now(*x):  # only the value is needed
            return value(*x)
        compiling = torch.compiler.is_compiling()
        if not compiling and not torch._C._are_functorch_transforms_active():
            return _Eager.apply(value, jvp, vjp, *x)
        return (_Backwards if compiling else _BothWays).apply(value, jvp, vjp, *x, *[None] * (MOST - len(x)))

    return f


FEW = 1 << 13  # numbers that are computed as they are, without blocks
Kernel = Callable[..., tuple[Any, Any]]


COVERS = False  # whether rows of weight 0 are replaced inside a pass
READS_HALVES = False  # whether a pass makes float32 of half precision itself


class Pass(NamedTuple):
    """What a sum is made of, beside the predictions."""

    kernel: Kernel
    rowwise: bool
    held: tuple[Any, ...]
    weight: Any
    divisor: float


def summed(kernel: Kernel, rowwise: bool, p: Any, held: tuple[Any, ...], weight: Any, divisor: Any) -> Any:
    """Value and gradient in one pass over blocks; None where torch needs steps that it can follow."""
    if not concrete(p) or get_proxy_mode() is not None:
        return None
    for h in held:
        if h.requires_grad:
            return None
    if forward_ad._current_level >= 0 and any(unpack_dual(v).tangent is not None for v in (p, *held)):
        return None
    if weight is not None and weight.requires_grad:
        return None
    return _Summed.apply(p, Pass(kernel, rowwise, held, weight, divisor))


def followed(kernel: Kernel, rowwise: bool, p: Any, held: tuple[Any, ...]) -> Any:
    """By the slope; where a held tensor asks for its gradient, the values are made again for it."""

    def value(p: Any, *held: Any) -> Any:
        return kernel(p, *held)[0]

    def jvp(p: Any, *rest: Any) -> Any:
        change = rest[len(held)]
        slope = kernel(p, *rest[: len(held)])[1]
        return (slope * change).sum(-1) if rowwise else slope * change

    def vjp(p: Any, *rest: Any) -> Any:
        *fixed, g = rest
        return (kernel(p, *fixed)[1] * (g.unsqueeze(-1) if rowwise else g), *[None] * len(fixed))

    values = derived(value, jvp, vjp)(p, *(h.detach() for h in held))
    if any(h.requires_grad for h in held):
        more = value(p.detach(), *held)
        values = values + torch.where(torch.isfinite(more), more - more.detach(), 0.0)
    return values


class _Summed(torch.autograd.Function):
    """The gradient is made with the value, and handed over as it is where nothing is multiplied with it."""

    @staticmethod
    def forward(ctx: Any, p: Any, given: Pass) -> Any:
        number, ctx.made = _blockwise(p, given, p.requires_grad)
        if p.requires_grad:
            ctx.given = given
            ctx.save_for_backward(p, *given.held, *(() if given.weight is None else (given.weight,)))
        return number

    @staticmethod
    def backward(ctx: Any, up: Any) -> Any:
        gradient, ctx.made = ctx.made, None
        if torch.is_grad_enabled():  # it will be differentiated again
            p, *held = ctx.saved_tensors
            _, _, _, weight, divisor = given = ctx.given
            scale = (1.0 if weight is None else weight.unsqueeze(-1)) / divisor * up
            _, slope = given.kernel(p, *held[: len(given.held)])
            gradient = slope * scale
        else:
            if gradient is None:
                _, gradient = _blockwise(ctx.saved_tensors[0], ctx.given, True)
            if not gradient.is_cpu:
                gradient = gradient * up  # without waiting for the number
            elif up.item() != 1.0:
                gradient.mul_(up)
        return gradient, None


def _blockwise(p: torch.Tensor, given: Pass, wanted: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The weighted sum of the values divided by a number, and the gradient, if that is wanted."""
    kernel, rowwise, held, weight, divisor = given
    few = p.numel() <= FEW
    if few or not p.is_cpu:  # as they are
        values, slope = kernel(p, *held)
        scale = 1 / divisor if weight is None else weight.unsqueeze(-1) / divisor
        gradient = slope * scale if wanted else None
        by = weight if weight is None or rowwise else weight.unsqueeze(-1)
        if p.is_cpu:
            return torch.tensor(_sum_of(kernel, values, by, (p, *held)) / divisor, dtype=p.dtype), gradient
        values = values if by is None else values * by  # without waiting for a number
        number = values.sum(dtype=values.dtype if p.device.type == "mps" else torch.float64) / divisor
        return number.to(p.dtype), gradient
    gradient = torch.empty_like(p, memory_format=torch.contiguous_format) if wanted else None
    columns = p.shape[-1]
    flat = not rowwise and weight is None
    rows = p.reshape(-1) if flat else p.reshape(-1, columns)
    others = [h.reshape(rows.shape if h.shape == p.shape else (-1,)) for h in held]
    scales = None if weight is None else weight.reshape(-1, 1)
    out = None if gradient is None else gradient.view(rows.shape)
    step = SIZE if flat else max(1, SIZE // columns)
    total = 0.0
    pool: list[torch.Tensor] = []
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        blocks = [x[part] for x in (rows, *others)]
        values, slope = kernel(*(Block(x, pool, own=False) if x.shape == blocks[0].shape else x for x in blocks))
        scale = None if scales is None else scales[part]
        total += _sum_of(kernel, values, scale if scale is None or not rowwise else scale[:, 0], blocks)
        if out is not None:
            torch.mul(plain(slope), 1 / divisor if scale is None else scale / divisor, out=out[part])
        del values, slope
    return torch.tensor(total / divisor, dtype=p.dtype), gradient


def if_all_at_least(low: float, x: Any, usual: Callable[[], Any], general: Callable[[], Any]) -> Any:
    """Seen on processors, also of what is recorded."""
    return usual() if all(lowest(v if isinstance(v, Block) else v.detach()) >= low for v in x) else general()


def totals(each: Callable[..., list[Any]], count: int, x: torch.Tensor, y: torch.Tensor) -> list[torch.Tensor]:
    """The sums of tensors made entry by entry, over blocks."""
    if not _in_blocks(x, y):
        return [v.sum() for v in each(x, y)]
    sums = [0.0] * count
    for _, given in _blocks(x, y):
        found = [float(plain(v).sum()) for v in each(*given)]
        sums = [a + b for a, b in zip(sums, found, strict=True)]
    return [torch.tensor(v, dtype=x.dtype) for v in sums]


def between(low: Any, high: Any, share: Any) -> Any:
    """From low, for 0, to high, for 1, exact at both ends."""
    if not isinstance(share, Block):
        return torch.lerp(low, high, share) if isinstance(low, torch.Tensor) else low + (high - low) * share
    out = share.buffer()  # a lerp between single numbers takes three times as long
    if abs(low) <= abs(high):  # then what is rounded is no larger than the high end
        torch.add(torch.full((1,), low, dtype=out.dtype), share.numbers, alpha=high - low, out=out)
    else:
        torch.sub(1.0, share.numbers, out=out).mul_(low).add_(share.numbers, alpha=high)
    return Block(out, share.pool)


def entrywise(f: Callable[..., Any], x: torch.Tensor, y: torch.Tensor, *numbers: Any) -> Any:
    """f(x, y, numbers), over blocks."""
    if not _in_blocks(x, y):
        return f(x, y, *numbers)
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    flat, ends = out.view(-1), [float(number) for number in numbers]
    for part, given in _blocks(x, y):
        room = flat[part]
        given[0].pool.append(room)  # where the last operation finds it, nothing is copied
        found = plain(f(*given, *ends))
        if found.data_ptr() != room.data_ptr():
            room.copy_(found)
        del found
        given[0].pool[:] = [spare for spare in given[0].pool if spare.data_ptr() != room.data_ptr()]
    return out


def _in_blocks(x: torch.Tensor, y: torch.Tensor) -> bool:
    plainly = concrete(x) and concrete(y) and not torch.is_grad_enabled() and get_proxy_mode() is None
    return plainly and x.shape == y.shape and x.device.type == "cpu" and x.numel() > FEW


def _blocks(x: torch.Tensor, y: torch.Tensor) -> Iterator[tuple[slice, tuple[Block, Block]]]:
    pool: list[torch.Tensor] = []
    flat = (x.reshape(-1), y.reshape(-1))
    for start in range(0, x.numel(), SIZE // 2):
        part = slice(start, start + SIZE // 2)
        yield part, (Block(flat[0][part], pool, own=False), Block(flat[1][part], pool, own=False))


def _sum_of(kernel: Kernel, values: Any, scale: Any, given: Sequence[torch.Tensor]) -> float:
    """The sum of a block's values; in float64 if float32 does not hold it."""
    values = plain(values)
    found = float(values.sum() if scale is None else (values * scale).sum())
    if math.isfinite(found) or values.dtype == torch.float64:
        return found
    again = [x.double() if x.is_floating_point() else x for x in given]
    values = kernel(*again)[0]
    return float(values.sum() if scale is None else (values * scale.double()).sum())


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


@contextmanager
def double() -> Iterator[None]:
    """torch has float64 at any time, but not on Apple's graphics processors: the processor computes instead.

    On one thread: rows come in blocks so small that threads wait for one another.
    """
    on_apple, threads = torch.device(torch_device()).type == "mps", torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with keras.device("cpu") if on_apple else nullcontext():
            yield
    finally:
        torch.set_num_threads(threads)


unrecorded = torch.no_grad  # a kernel is shorter where nothing will be differentiated


SMALL = 1 << 12  # rows up to which a backward pass takes as long as its calls


def expanded(f: Callable[[Any, Any], Any], y: Any, x: Any) -> tuple[Any, Any, Any]:
    """The slope with a graph of its own; one backward pass for each column, or for copies of few rows at once."""
    n, k = x.shape
    with torch.enable_grad():
        if k > 1 and n * k <= SMALL:
            value, slope, inner = _slopes(f, torch.cat([y] * k), torch.cat([x] * k))
            own = slope.reshape(k, n, k).diagonal(dim1=0, dim2=2)  # of each copy the column of its number
            return value[:n].detach(), slope[:n].detach(), _bend(own, inner).reshape(k, n, k).transpose(0, 1)
        value, slope, inner = _slopes(f, y, x)
        bends = [_bend(slope[:, place], inner) for place in range(k)]
    return value.detach(), slope.detach(), torch.stack(bends, dim=1)


def _slopes(f: Callable[[Any, Any], Any], y: Any, x: Any) -> tuple[Any, Any, Any]:
    """Values, slopes with a graph, and the tensor that both are of."""
    inner = x.detach().clone().requires_grad_()
    found = f(y, inner)
    value, slope = found if isinstance(found, tuple) else (found, None)
    if slope is None and value.requires_grad:
        (slope,) = torch.autograd.grad(value.sum(), inner, create_graph=True, allow_unused=True)
    return value, torch.zeros_like(inner) if slope is None else slope, inner


def _bend(column: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    if not column.requires_grad:
        return torch.zeros_like(x)
    (found,) = torch.autograd.grad(column.sum(), x, retain_graph=True, allow_unused=True)
    return torch.zeros_like(x) if found is None else found.clone()  # which fills in zeros that are not stored


def quick(f: Callable[..., Any], often: int = 0) -> Callable[..., Any]:
    """Eager, as torch is used."""
    return f


def forget_programs(most: int) -> None:
    """Operations are not compiled for a shape."""


def accumulated(
    step: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], start: torch.Tensor, xs: torch.Tensor
) -> torch.Tensor:
    """The results of `step(last, x)` one after another, for each x along the first axis."""
    found = [step(start, xs[0])]
    for x in xs[1:]:
        found.append(step(found[-1], x))
    return torch.stack(found)
