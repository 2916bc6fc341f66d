"""The running Keras backend, asked through one small module each."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from importlib import import_module
from types import ModuleType
from typing import Any

import keras

from .._calls import checked_call
from .._errors import LossaryError, shown
from . import ops
from .keras_private import narrowed_types, set_narrowed_types

Tensor = Any
_BACKEND: ModuleType = import_module(f"{__package__}.{keras.backend.backend()}")


def concrete(x: Any) -> bool:
    """Whether the numbers of this tensor can be looked at now (eager), not only traced."""
    return not isinstance(x, keras.KerasTensor) and bool(_BACKEND.concrete(x))


def on_cpu(x: Any) -> bool:
    """Whether a tensor whose numbers can be looked at lies where that waits for no other device."""
    return bool(_BACKEND.on_cpu(x))


def native(x: Any) -> bool:
    """Whether it is a tensor of this backend; sparse ones may not be."""
    return bool(_BACKEND.native(x))


def held(x: Any) -> Tensor | None:
    """The tensor that a variable of this backend holds now; None for anything else."""
    return _BACKEND.held(x)


def ordinary(x: Any, dtype: str) -> bool:
    """Whether it is a dense tensor of that type ("int64" for labels), without a mask, on a usual device.

    False where looking would save no time.
    """
    return bool(_BACKEND.ordinary(x, dtype))


def in_type(x: Tensor, dtype: str) -> Tensor:
    """The tensor in that type of real numbers."""
    return _BACKEND.in_type(x, dtype) if not isinstance(x, keras.KerasTensor) else keras.ops.cast(x, dtype)


def obstacle(x: Tensor) -> tuple[str, str] | None:
    """What a native tensor is that holds no real numbers to compute with, and what to do about it; None if it does."""
    found: tuple[str, str] | None = _BACKEND.obstacle(x)
    return found


def type_name(x: Tensor) -> str:
    """The name of a native tensor's type: "float32"."""
    return str(_BACKEND.type_name(x))


def canonical(dtype: str) -> str:
    """The type that a tensor of this type has here: JAX has 64 bits only on request."""
    return str(_BACKEND.canonical(dtype))


def signed(x: Tensor) -> Tensor:
    """Unsigned integers of 32 or 64 bits as signed ones; what the widest cannot hold becomes the largest it can."""
    return _BACKEND.signed(x)


def recorded(x: Any) -> bool:
    """Whether a computation with this tensor is kept, to be run again or differentiated: by a compiler, or by torch."""
    return not isinstance(x, keras.KerasTensor) and keras.ops.is_tensor(x) and bool(_BACKEND.recorded(x))


def alike(x: Tensor, like: Tensor, otherwise: str) -> Tensor:
    """x; a compiled program that learns its sizes only when it runs stops there with `otherwise` if they differ."""
    return _BACKEND.alike(x, like, otherwise) if not isinstance(x, keras.KerasTensor) else x


def min_max(x: Any) -> tuple[float, float]:
    """The smallest and largest entry of a concrete tensor."""
    low, high = _BACKEND.min_max(x)
    return float(low), float(high)


def free_of_zeros(x: Tensor) -> bool:
    """Whether no entry is 0, where that can be seen at once: of numbers that the processor holds now."""
    return concrete(x) and bool(_BACKEND.free_of_zeros(x))


def visible(x: Any) -> Any:
    """A concrete tensor as numbers that can be computed with now, also inside a function being traced."""
    return _BACKEND.visible(x)


def processes() -> int:
    """How many processes belong together with this one: of a torch process group, or of jax.distributed."""
    return int(_BACKEND.processes())


def together() -> tuple[int, bool]:
    """How many replicas or processes compute a step now, each its own rows; and whether gradients are averaged then."""
    count, averaged = _BACKEND.together()
    return int(count), bool(averaged)


def scale_up(x: Tensor) -> Tensor:
    """x times 2^64, exactly, also for subnormal numbers, which TensorFlow and JAX read as zero otherwise."""
    return _BACKEND.scale_up(x)


def log(x: Tensor) -> Tensor:
    """The natural logarithm within 2 ulp."""
    return _BACKEND.log(x)


def log1p(x: Tensor) -> Tensor:
    """log(1 + x) within 3 ulp."""
    return _BACKEND.log1p(x)


def by_series(x: Tensor) -> bool:
    """Whether log near 1 is made by `twice_atanh`, which then takes less time than the backend's own log1p."""
    return bool(_BACKEND.by_series(x))


def twice_atanh(t: Tensor) -> Tensor:
    """2 atanh(t / 2) for |t| <= 2/3: with t = 2 (a - b) / (a + b), the logarithm of a / b."""
    return _BACKEND.twice_atanh(t)


def log1p_near(x: Tensor) -> Tensor:
    """log(1 + x) for -1/2 <= x <= 1, in the quickest way that is good to 2 ulp."""
    return _BACKEND.log1p_near(x)


def expm1(x: Tensor) -> Tensor:
    """e^x - 1 within 3 ulp."""
    return _BACKEND.expm1(x)


def total(x: Tensor, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """The sum of x over the axes, relative error 1e-6 also for 10 million entries."""
    return _BACKEND.total(x, axis)


def row_sums(x: Tensor) -> Tensor:
    """The sums over the last axis, for kernels: as quick as the backend can, and good to a few ulp on long rows."""
    return _BACKEND.row_sums(x)


def by_index(x: Tensor) -> bool:
    """Whether one entry of each row is found and replaced by its place, and not by a mask of the whole row."""
    return bool(_BACKEND.by_index(x))


def few(x: Tensor) -> bool:
    """Whether operations take longer than their numbers, so that a mask that is used again is made once."""
    return bool(_BACKEND.few(x))


def picked(x: Tensor, index: Tensor) -> Tensor:
    """The entry at the place `index` of each row, where `by_index`."""
    return _BACKEND.picked(x, index)


def replaced(x: Tensor, index: Tensor, value: Any) -> Tensor:
    """x with another number at the place `index` of each row, where `by_index`; x must not be used again."""
    return _BACKEND.replaced(x, index, value)


def average(x: Tensor, count: Tensor) -> Tensor:
    """The sum of all entries of x divided by count, finite whenever that quotient is."""
    return _BACKEND.average(x, count)


def derived(
    value: Callable[..., Tensor], jvp: Callable[..., Tensor], vjp: Callable[..., Tensor | tuple[Tensor | None, ...]]
) -> Callable[..., Tensor]:
    """`value` with a derivative of its own instead of the one that automatic differentiation finds.

    Args:
        value: maps tensors x... to one tensor.
        jvp: maps x... and a change of each to the change of the value; linear in the changes.
        vjp: maps x... and the gradient by the value to the gradients by x...; the transpose of `jvp`. None for a
            tensor that is held fixed.

    Backends use whichever they differentiate by. Both may be differentiated again.
    """
    return _BACKEND.derived(value, jvp, vjp)


Kernel = Callable[..., tuple[Tensor, Tensor]]


def covers() -> bool:
    """Whether `summed` can put neutral numbers into rows of weight 0 itself, at no cost."""
    return bool(_BACKEND.COVERS)


def summed(
    kernel: Kernel,
    rowwise: bool,
    p: Tensor,
    held: tuple[Tensor, ...],
    weight: Tensor | None,
    divisor: Any,
    neutral: tuple[float | None, ...] = (),
) -> Tensor | None:
    """The sum of a kernel's values, each row times its weight, divided by a number; with its gradient in one pass.

    Args:
        kernel: maps p and held tensors to values and their slopes by p: values of the shape of p, or one for each row.
        rowwise: whether it gives one value for each row.
        p: (..., columns).
        held: tensors of the shape of p; of the shape of its rows, where rowwise.
        weight: one number for each row, or None.
        neutral: what p and the held tensors shall hold in rows of weight 0; None leaves them as they are.

    None where the backend cannot do it in one pass.
    """
    return _BACKEND.summed(kernel, rowwise, p, held, weight, divisor, *([neutral] if covers() else []))


def reads_halves() -> bool:
    """Whether `summed` takes tensors of half precision for those of float32, which it makes block by block."""
    return bool(_BACKEND.READS_HALVES)


def followed(kernel: Kernel, rowwise: bool, p: Tensor, held: tuple[Tensor, ...]) -> Tensor:
    """The values of a kernel; the derivative by p is its slope, that by the held tensors is found automatically."""
    return _BACKEND.followed(kernel, rowwise, p, held)


def if_all_at_least(
    low: float, x: tuple[Tensor, ...], usual: Callable[[], Tensor], general: Callable[[], Tensor]
) -> Tensor:
    """`usual()` where all numbers are seen to be at least `low`; `general()`, which gives the same, elsewhere.

    Looked at are torch's tensors on a processor, and those in TensorFlow's graphs: elsewhere a second way costs more
    than it saves.
    """
    return _BACKEND.if_all_at_least(low, x, usual, general)


def counted(
    each: Callable[..., list[Tensor]],
    ends: list[tuple[float, float]],
    change: Callable[[Tensor], Tensor] | None,
    x: Tensor,
    y: Tensor,
) -> Tensor:
    """The sums over all entries of several tensors, `each(x, y)`, linear in y; with their gradients.

    `ends` are the slopes of each for y = 0 and y = 1, by what `change(x)` is the slope of; x itself by default.
    """
    moving = bool(_BACKEND.watched(y))

    def by_y(x: Tensor, y: Tensor) -> list[Tensor]:
        return [a - b for a, b in zip(each(x, 0.0 * y + 1.0), each(x, 0.0 * y), strict=True)]

    def by_x(x: Tensor, y: Tensor, low: Tensor, high: Tensor) -> Tensor:
        between = _BACKEND.between(low, high, y)
        return between if change is None else between * change(x)

    def value(x: Tensor, y: Tensor) -> Tensor:
        return ops.stack(_BACKEND.totals(each, len(ends), x, y))

    def jvp(x: Tensor, y: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
        changes = zip(ends, by_y(x, y), strict=True)
        return ops.stack([total(by_x(x, y, *end) * dx + b * dy) for end, b in changes])

    def vjp(x: Tensor, y: Tensor, g: Tensor) -> tuple[Tensor, Tensor | None]:
        low, high = (ops.sum(g * ops.convert_to_tensor(end, dtype=g.dtype)) for end in zip(*ends, strict=True))
        slope = _BACKEND.entrywise(by_x, x, y, low, high)
        return slope, sum(g[k] * b for k, b in enumerate(by_y(x, y))) if moving else None

    return derived(value, jvp, vjp)(x, y)


def accumulated(step: Callable[[Tensor, Tensor], Tensor], start: Tensor, xs: Tensor) -> Tensor:
    """The results of `step(last, x)` one after another, for each x along the first axis."""
    return _BACKEND.accumulated(step, start, xs)


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` as the backend's trainer would compile it. torch's trainer runs eagerly."""
    made: Callable[..., Any] = _BACKEND.compiled(f)
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


def gradients(f: Callable[[list[Any]], Any], tensors: list[Any]) -> list[Any]:
    """The derivative of sum(f(tensors)) by each of the tensors, eagerly."""
    found: list[Any] = _BACKEND.gradients(f, tensors)
    return found


@checked_call
def derivative(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of sum(f(x)) by x, of the shape of x; eager or compiled, and itself differentiable.

    Where each row of f(x) depends on the same row of x alone, as with a model, row i holds the derivative of row i. For
    residuals of differential equations and gradient penalties: u = derivative(model, x); a second one gives curvature.

    >>> derivative(lambda x: x**3, [1.0, 2.0])
    [3.0, 12.0]
    """
    if not callable(f) or isinstance(x, str) or callable(x):
        raise LossaryError(
            "ls.derivative(f, x) is the derivative of f at x.",
            arrived=f"f is {shown(f, 60)}, and x is {shown(x, 60)}.",
            allowed="Expected a function of one tensor, or a model, and then the tensor.",
            do="Write for instance ls.derivative(model, x).",
        )
    return _BACKEND.derivative(f, keras.ops.convert_to_tensor(x))


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of sum(f(x)) by x, eagerly."""
    return gradients(lambda inner: f(inner[0]), [keras.ops.convert_to_tensor(x)])[0]


def same_randomness() -> AbstractContextManager[None]:
    """A block after which the backend draws the numbers it would have drawn without it."""
    block: AbstractContextManager[None] = _BACKEND.same_randomness()
    return block


_WIDE: ContextVar[bool] = ContextVar("lossary_wide", default=False)


class _Narrowed(dict[str, str]):
    """Keras's table of the types that it makes narrower, which spares float64 inside `double`, on that thread alone."""

    def get(self, name: Any, otherwise: Any = None) -> Any:
        return name if name == "float64" and _WIDE.get() else super().get(name, otherwise)


def _keep_float64() -> None:
    """On JAX and torch Keras's mean, maximum, matmul … of float64 are float32 inside, by a table that this reads."""
    table = narrowed_types()
    if type(table) is dict:
        set_narrowed_types(_Narrowed(table))


@contextmanager
def double() -> Iterator[None]:
    """A block in which tensors can be float64 and stay so, on this thread alone; no setting of the user's changes."""
    _keep_float64()
    token = _WIDE.set(True)
    try:
        with _BACKEND.double():
            yield
    finally:
        _WIDE.reset(token)


def unrecorded() -> AbstractContextManager[Any]:
    """A block in which nothing is kept for a gradient, except where one is made inside."""
    found: AbstractContextManager[Any] = getattr(_BACKEND, "unrecorded", nullcontext)()  # only torch records unasked
    return found


def expanded(f: Callable[[Any, Any], Any], y: Any, x: Any) -> tuple[Any, Any, Any]:
    """Value (n,), slope (n, k) and curvature (n, k, k) of `f` by x (n, k): row i of y and x makes entry i of (n,).

    Where `f` gives value and slope together, that saves a backward pass.
    """
    value, slope, curvature = _BACKEND.expanded(f, y, x)
    return value, slope, curvature


def quick(f: Callable[..., Any], often: int | None = None) -> Callable[..., Any]:
    """`f` in the form in which many calls with tensors of one shape are quick: compiled on JAX, eager on torch.

    On TensorFlow it is compiled after as many calls as are `often`.
    """
    made: Callable[..., Any] = _BACKEND.quick(f) if often is None else _BACKEND.quick(f, often)
    return made


def one_shape() -> bool:
    """Whether many calls are quicker when all have one shape, since each shape is compiled."""
    return bool(_BACKEND.ONE_SHAPE)


def compiles() -> bool:
    """Whether `quick` makes a program for each shape, at once or when it comes often."""
    return bool(_BACKEND.COMPILES)


def forget_programs(most: int) -> None:
    """Where each shape is compiled and kept, some megabytes each, let go of all once there are more than `most`."""
    _BACKEND.forget_programs(most)
