"""What only JAX can answer, and arithmetic for it."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

ONE_SHAPE = True  # each is compiled
COMPILES = True
HALF, FULL = 2.0**-64, 2.0**64


def concrete(x: Any) -> bool:
    """Whether the numbers of an array can be looked at now, not only traced."""
    return not isinstance(x, jax.core.Tracer)


def on_cpu(x: Any) -> bool:
    """By the devices that hold its pieces."""
    return all(device.platform == "cpu" for device in x.devices())


def native(x: Any) -> bool:
    """Traced arrays too; sparse ones are no jax.Array."""
    return isinstance(x, jax.Array)


def held(x: Any) -> Any:
    """Only Keras has variables here, and they hold arrays."""
    return x if isinstance(x, jax.Array) else None


def obstacle(x: jax.Array) -> tuple[str, str] | None:
    """By its type: complex numbers and random keys are none to compare."""
    if x.dtype in _NAMES or any(jnp.issubdtype(x.dtype, kind) for kind in (jnp.floating, jnp.integer)):
        return None
    return f"an array of {x.dtype.name}", "Convert it to real numbers, for instance with jnp.real or jnp.abs."


_NAMES = {np.dtype(name): name for name in ("float32", "int32", "bool", "float64", "int64")}  # NumPy makes them slowly


def ordinary(x: Any, dtype: str) -> bool:
    """Reading costs nothing in a compiled program."""
    return False


def in_type(x: Any, dtype: str) -> Any:
    """The array itself where it has that type."""
    return x if x.dtype == dtype else x.astype(dtype)


def type_name(x: jax.Array) -> str:
    """Its NumPy type's."""
    return _NAMES.get(x.dtype) or str(x.dtype.name)


def canonical(dtype: str) -> str:
    """64 bits are 32 unless they were asked for."""
    return str(jax.dtypes.canonicalize_dtype(dtype).name)


def signed(x: jax.Array) -> jax.Array:
    """By the widest signed type."""
    widest = jax.dtypes.canonicalize_dtype("int64")
    return jnp.minimum(x, jnp.asarray(min(jnp.iinfo(x.dtype).max, jnp.iinfo(widest).max), x.dtype)).astype(widest)


def recorded(x: Any) -> bool:
    """Whether it is traced."""
    return not concrete(x)


watched = recorded  # whether a gradient by this tensor may be needed


def alike(x: Any, like: Any, otherwise: str) -> Any:
    """JAX knows all sizes when it compiles."""
    return x


def min_max(x: Any) -> tuple[float, float]:
    """The smallest and largest entry of a concrete tensor, also of a constant inside a function being traced."""
    entries = np.asarray(x)
    return float(entries.min()), float(entries.max())


def free_of_zeros(x: Any) -> bool:
    """Programs are compiled, and see no numbers."""
    return False


def visible(x: Any) -> Any:
    """As an array of NumPy."""
    return np.asarray(x)


def processes() -> int:
    """Those of jax.distributed."""
    return jax.process_count()


def together() -> tuple[int, bool]:
    """One program, whose arrays are global."""
    return 1, False


log, log1p = jnp.log, jnp.log1p
# atanh(s) / s = 1 + w (c0 + c1 w + ...) with w = s^2, for |s| <= 1/3, within half an ulp of float32
ATANH = [0.3333333432674408, 0.19999851286411285, 0.14296291768550873, 0.1085166186094284, 0.11619509011507034]


@jax.jit
def scale_up(x: jax.Array) -> jax.Array:
    """XLA reads a subnormal number as zero; its bits, taken as an integer, count units of 2^-149."""
    if x.dtype != jnp.float32:
        return x * FULL
    bits = jax.lax.bitcast_convert_type(x, jnp.int32)
    return jnp.where((bits > 0) & (bits < 2**23), bits.astype(jnp.float32) * 2.0 ** (64 - 149), x * FULL)


def log1p_near(x: jax.Array) -> jax.Array:
    """By 2 atanh(t / 2) in t = x / (1 + x / 2)."""
    return twice_atanh(x / (1 + 0.5 * x)) if by_series(x) else jnp.log1p(x)


def by_series(x: jax.Array) -> bool:
    """In float32."""
    return x.dtype == jnp.float32


def twice_atanh(t: jax.Array) -> jax.Array:
    """2 atanh(t / 2) with five terms, in which XLA computes many numbers at once."""
    w = 0.25 * t * t
    return t + t * (w * _horner(w, ATANH))


@jax.jit
def expm1(x: jax.Array) -> jax.Array:
    """By its series up to 1; XLA's own is off by 5 ulp."""
    if x.dtype != jnp.float32:
        return jnp.expm1(x)
    near = jnp.abs(x) < 1
    f = jnp.where(near, x, 0.0)
    series = f + f * f * _horner(f, [1 / math.factorial(k) for k in range(2, 13)])
    return jnp.where(near, series, jnp.exp(jnp.where(near, 0.0, x)) - 1)


def _horner(x: jax.Array, coefficients: list[float]) -> jax.Array:
    """c0 + c1 x + c2 x^2 + …"""
    value = x * coefficients[-1] + coefficients[-2]
    for c in reversed(coefficients[:-2]):
        value = value * x + c
    return value


def total(x: jax.Array, axis: int | tuple[int, ...] | None = None) -> jax.Array:
    """Over the last axes in pieces."""
    if axis is None and x.size <= FEWEST:
        return _of_few(x, 1)
    axes = {axis % x.ndim} if isinstance(axis, int) else {a % x.ndim for a in axis or ()}
    if x.dtype == jnp.float32 and x.size and axes and axes == set(range(min(axes), x.ndim)):
        return row_sums(x.reshape((*x.shape[: min(axes)], -1)) if len(axes) > 1 else x)
    return jnp.sum(x, axis=axis)


def average(x: jax.Array, count: jax.Array) -> jax.Array:
    """Scaled down where the sum could overflow."""
    scale = jnp.where(jnp.max(jnp.abs(x), initial=0.0) > FULL, jnp.asarray(HALF, x.dtype), 1.0)
    scale = jax.lax.stop_gradient(scale)
    return jnp.sum(x * scale) / count / scale


def derived(value: Callable[..., Any], jvp: Callable[..., Any], vjp: Callable[..., Any]) -> Callable[..., Any]:
    """JAX differentiates forwards and turns the result round."""
    f = jax.custom_jvp(value)
    f.defjvp(lambda x, changes: (f(*x), jvp(*x, *changes)))
    return f


Kernel = Callable[..., tuple[Any, Any]]
SIZE = 1 << 14  # numbers in a block: what is made of them stays in a core's cache
FEW = 1 << 17  # numbers that need no blocks
FEWEST = 1 << 12  # numbers for which a call of another program takes longer than the work


COVERS = True  # whether rows of weight 0 are replaced inside a pass
READS_HALVES = True  # whether a pass makes float32 of half precision itself


def summed(
    kernel: Kernel, rowwise: bool, p: Any, held: tuple[Any, ...], weight: Any, divisor: Any, neutral: Any = ()
) -> Any:
    """Value and gradient by a scan over blocks, so that no tensor of full size is made but the gradient.

    Tensors that may lie on several devices have no blocks: cutting them would gather them.
    """
    kernel = _of_wide(kernel)
    each = weight is not None and not rowwise and p.shape[-1] < 64  # short rows: a weight for each entry
    if each:
        weight = jnp.broadcast_to(weight[..., None], p.shape)
    rest = held if weight is None else (*held, weight)

    def parts(p: Any, *rest: Any, few: bool = False) -> tuple[Any, Any]:
        """Terms of the sum, of few all, else one for each row; and the slopes."""
        add = (lambda x: x) if few or rowwise else row_sums
        if weight is None:
            values, slope = kernel(p, *rest)
            return add(values), slope * (1 / divisor)
        *held, by = rest
        values, slope = kernel(*covered(by, p, *held))
        if each:
            return add(values * by), slope * (by * (1 / divisor))
        wide = (by * (1 / divisor))[..., None]
        return (values * by[..., None] if few and not rowwise else add(values) * by), slope * wide

    def covered(by: Any, *x: Any) -> list[Any]:
        """The tensors with neutral numbers in rows of weight 0."""
        if all(number is None for number in neutral):
            return list(x)
        none = by == 0
        over = [none if v.ndim == none.ndim else none[..., None] for v in x]
        return [
            v if n is None else jnp.where(o, jnp.asarray(n, v.dtype), v)
            for v, n, o in zip(x, neutral, over, strict=True)
        ]

    def both(p: Any, *rest: Any) -> tuple[Any, Any]:
        traced = any(isinstance(x, jax.core.Tracer) for x in (p, *rest))
        if p.size <= FEWEST:
            terms, slope = parts(p, *rest, few=True)
            return _of_few(terms, divisor), slope
        if not traced or p.size <= FEW or p.ndim == 0 or jax.device_count() > 1 or jax.default_backend() != "cpu":
            sums, slope = parts(p, *rest)
            return finite(jnp.sum(sums) / divisor, lambda: jnp.sum(quotients(p, *rest))), slope
        rows = rowwise or (weight is not None and not each)
        sums, slope = _scanned(parts, rows, p, rest)
        return finite(sums / divisor, lambda: _scanned(lambda *x: (quotients(*x), None), rows, p, rest)[0]), slope

    def quotients(p: Any, *rest: Any) -> Any:
        """The terms of the sum, each divided."""
        given = (p, *rest[: len(held)])
        values = kernel(*(given if weight is None else covered(rest[-1], *given)))[0] / divisor
        return values if weight is None else values * (rest[-1] if rowwise or each else rest[-1][..., None])

    def finite(number: Any, spared: Callable[[], Any]) -> Any:
        """The number; where a sum is too large, though the quotient need not be, by quotients of the terms."""
        if not isinstance(number, jax.core.Tracer):  # what is not compiled would be, for every call anew
            return number if bool(jnp.isfinite(number)) else spared()
        return jax.lax.cond(jnp.isfinite(number), lambda: number, spared)

    def value(p: Any, *rest: Any) -> Any:
        if p.size <= FEWEST:
            return _of_few(parts(p, *rest, few=True)[0], divisor)
        return finite(jnp.sum(parts(p, *rest)[0]) / divisor, lambda: jnp.sum(quotients(p, *rest)))

    return _sloped(value, both, jnp.sum)(p, *rest)


def _of_wide(kernel: Kernel) -> Kernel:
    """A kernel that computes in float32 whatever it is given."""

    def wide(*x: Any) -> tuple[Any, Any]:
        return kernel(*(v.astype("float32") if v.dtype in (jnp.float16, jnp.bfloat16) else v for v in x))

    return wide


def _of_few(terms: Any, divisor: Any) -> Any:
    """The sum of few numbers, divided: pieces are, so that no sum is too large. XLA makes two loops of it."""
    m = _piece(terms.size)
    scale = 2.0 ** -(m - 1).bit_length()
    pieces = jnp.sum(terms.reshape(-1, m) * scale, -1)
    return jnp.sum(pieces * ((1 / scale) / divisor))


def _piece(size: int) -> int:
    """In pieces of how many numbers few are summed: of up to 32, by which XLA would cut a sum itself."""
    return next((m for m in range(32, 7, -1) if size % m == 0), max(size, 1))


def followed(kernel: Kernel, rowwise: bool, p: Any, held: tuple[Any, ...]) -> Any:
    """The values by the slope."""
    along = (lambda x: jnp.sum(x, -1)) if rowwise else (lambda x: x)
    return _sloped(lambda *x: kernel(*x)[0], kernel, along)(p, *held)


def _sloped(value: Callable[..., Any], both: Callable[..., Any], along: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function of p and others with its slope by p; the others are followed automatically, if they change."""
    f = jax.custom_jvp(value)

    def rule(x: Any, changes: Any) -> tuple[Any, Any]:
        zero = jax.custom_derivatives.SymbolicZero
        found, slope = both(*x)
        change = jnp.zeros_like(found) if isinstance(changes[0], zero) else along(slope * changes[0])
        moving = [
            k for k in range(1, len(x)) if not isinstance(changes[k], zero) and jnp.issubdtype(x[k].dtype, jnp.floating)
        ]
        if moving:
            given = list(x)

            def of_others(*others: Any) -> Any:
                for k, other in zip(moving, others, strict=True):
                    given[k] = other
                return value(*given)

            change = change + jax.jvp(of_others, [x[k] for k in moving], [changes[k] for k in moving])[1]
        return found, change

    f.defjvp(rule, symbolic_zeros=True)
    return f


def by_index(x: Any) -> bool:
    """A mask is made in the loop that XLA makes anyway."""
    return False


def few(x: Any) -> bool:
    """XLA finds what is made twice."""
    return False


def row_sums(x: Any, rows: bool = False) -> Any:
    """Sums over the last axis (or the rows themselves): by products with ones, since XLA's own loop on CPUs adds up
    one by one, and computes what it adds inside it. Long rows are summed in pieces, whose sums are summed."""
    if rows or x.ndim == 0:
        return x
    columns = x.shape[-1]
    if columns < 8 or (columns <= 64 and x.size <= FEWEST) or jax.default_backend() != "cpu":
        return jnp.sum(x, -1)
    if columns > 200:
        size = next((m for m in range(200, 15, -8) if columns % m == 0), 0)  # whole vectors of a processor
        if size:
            return row_sums(row_sums(x.reshape((*x.shape[:-1], columns // size, size))))
        whole = columns // 64 * 64
        return row_sums(x[..., :whole]) + jnp.sum(x[..., whole:], -1)
    return jnp.matmul(x, jnp.ones((columns,), x.dtype), precision=jax.lax.Precision.HIGHEST)


def _scanned(parts: Callable[..., Any], rows: bool, p: Any, rest: tuple[Any, ...]) -> tuple[Any, Any]:
    """The sum and the slopes of `parts`, made block by block of whole rows, or of any numbers."""
    shape = (-1, p.shape[-1])
    if not rows and not (p.ndim == 2 and 128 <= p.shape[-1] <= SIZE):
        shape = (-1, next((m for m in range(4096, 255, -1) if p.size % m == 0), p.size))
    flat = p.reshape(shape)
    rest = tuple(x.reshape(flat.shape if x.ndim == p.ndim else (-1,)) for x in rest)
    n, columns = flat.shape
    wanted = max(SIZE // columns, min(4, 4 * SIZE // columns), 2)  # of one row alone, XLA makes copies of all
    size = next((b for b in range(min(wanted, n), max(wanted // 4, 1), -1) if n % b == 0), min(wanted, n))
    count = n // size

    def cut(x: Any) -> Any:
        return _packed(x[: count * size].reshape((count, size, *x.shape[1:])))

    def body(total: Any, block: Any) -> tuple[Any, Any]:
        sums, slope = parts(*(_unpacked(x) if half else x for x, half in zip(block, halves, strict=True)))
        return total + jnp.sum(sums), _packed(slope.astype(p.dtype)) if halves[0] and slope is not None else slope

    halves = [x.dtype == jnp.bfloat16 for x in (flat, *rest)]  # which go as far as float32

    total, slope = jax.lax.scan(
        body, jnp.zeros((), jnp.promote_types(p.dtype, "float32")), tuple(map(cut, (flat, *rest)))
    )
    slopes = [] if slope is None else [(_unpacked(slope) if halves[0] else slope).reshape(count * size, columns)]
    if n > count * size:
        sums, last = parts(*(x[count * size :] for x in (flat, *rest)))
        total, slopes = total + jnp.sum(sums), [*slopes, last]
    slopes = slopes if len(slopes) < 2 else [jnp.concatenate(slopes)]
    return total, slopes[0].reshape(p.shape) if slope is not None else None


def _packed(x: Any) -> Any:
    """bfloat16 as whole numbers: XLA makes float32 of all that a loop on a CPU reads of it."""
    return jax.lax.bitcast_convert_type(x, jnp.uint16) if x.dtype == jnp.bfloat16 else x


def _unpacked(x: Any) -> Any:
    """The float32 of these."""
    return jax.lax.bitcast_convert_type(x.astype(jnp.uint32) << 16, jnp.float32)


def if_all_at_least(low: float, x: Any, usual: Callable[[], Any], general: Callable[[], Any]) -> Any:
    """XLA makes one loop of the general way."""
    return general()


def totals(each: Callable[..., list[Any]], count: int, x: Any, y: Any) -> list[Any]:
    """The sums of tensors made entry by entry: of the blocks first, place by place, many numbers at once."""
    size = next((b for b in range(1 << 14, 1 << 12, -1) if x.size % b == 0), 0)
    spread = jax.device_count() > 1 or jax.default_backend() != "cpu"
    if not size or x.size <= FEW or spread or x.shape != y.shape or not isinstance(x, jax.core.Tracer):
        return [total(v, tuple(range(v.ndim))) for v in each(x, y)]

    def body(sums: Any, block: Any) -> tuple[Any, None]:
        return [s + v for s, v in zip(sums, each(*block), strict=True)], None

    start = [jnp.zeros((size,), x.dtype) for _ in range(count)]
    return [total(s, 0) for s in jax.lax.scan(body, start, (x.reshape(-1, size), y.reshape(-1, size)))[0]]


def between(low: Any, high: Any, share: Any) -> Any:
    """From low, for 0, to high, for 1."""
    return low * (1 - share) + high * share


def entrywise(f: Callable[..., Any], x: Any, y: Any, *numbers: Any) -> Any:
    """XLA makes one loop of it."""
    return f(x, y, *numbers)


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function under jit."""
    made: Callable[..., Any] = jax.jit(f)
    return made


def peek(arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Keras's step takes (state, iterator) and calls next() once per step."""
    state, iterator = arguments
    first = next(iterator)
    rest: Iterator[Any] = chain([first], iterator)
    return first, (state, rest)


def training_state(model: Any, arguments: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """fit() moves all values into the state it passes around, and leaves the variables empty."""
    trainable, others, optimizer, metrics = arguments[0]
    variables = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    groups = zip((*variables, model.metrics_variables), (trainable, others, optimizer, metrics), strict=True)
    return [pair for group, values in groups for pair in zip(group, values, strict=True)]


def gradients(f: Callable[[list[Any]], Any], tensors: list[Any]) -> list[Any]:
    """The derivative of sum(f(tensors)) by each tensor."""
    return list(jax.grad(lambda inner: jax.numpy.sum(f(inner)))(tensors))


def derivative(f: Callable[[Any], Any], x: Any) -> Any:
    """Reverse mode, which JAX can differentiate again."""
    return jax.grad(lambda inner: jax.numpy.sum(f(inner)))(x)


def same_randomness() -> AbstractContextManager[None]:
    """Keras draws from seeds that it keeps itself: nothing to put back."""
    return nullcontext()


def double() -> AbstractContextManager[Any]:
    """JAX's own switch, as a block: it holds for this thread only."""
    block: AbstractContextManager[Any] = jax.enable_x64(True) if hasattr(jax, "enable_x64") else _enable_x64()
    return block


def _enable_x64() -> Any:
    """Where older versions keep it."""
    from jax.experimental import enable_x64

    return enable_x64(True)


def expanded(f: Callable[[Any, Any], Any], y: Any, x: Any) -> tuple[Any, Any, Any]:
    """The slope backwards, its derivative forwards along each column."""

    def slope(inner: Any) -> tuple[Any, Any]:
        found = f(y, inner)
        if isinstance(found, tuple):
            return found[1], found[0]
        value, vjp = jax.vjp(lambda x: f(y, x), inner)
        return vjp(jnp.ones_like(value))[0], value

    def along(column: Any) -> Any:
        return jax.jvp(lambda inner: slope(inner)[0], (x,), (jnp.broadcast_to(column, x.shape),))[1]

    by, value = slope(x)
    return value, by, jnp.moveaxis(jax.vmap(along)(jnp.eye(x.shape[1], dtype=x.dtype)), 0, 1)


def quick(f: Callable[..., Any], often: int = 0) -> Callable[..., Any]:
    """Compiled: eager operations on JAX are slower than its compiler after a few calls."""
    made: Callable[..., Any] = jax.jit(f)
    return made


_programs: list[int] = []  # how many were compiled since they were let go of; empty before anybody asks


def forget_programs(most: int) -> None:
    """JAX compiles every operation for every shape, and keeps the programs for as long as the process runs."""
    if not _programs:
        _programs.append(0)
        jax.monitoring.register_event_duration_secs_listener(_count_program)
    if _programs[0] > most:
        jax.clear_caches()
        _programs[0] = 0


def _count_program(event: str, seconds: float, **about: Any) -> None:
    _programs[0] += event.endswith("/backend_compile_duration")


def accumulated(step: Callable[[jax.Array, jax.Array], jax.Array], start: jax.Array, xs: jax.Array) -> jax.Array:
    """The results of `step(last, x)` one after another, for each x along the first axis."""

    def both(last: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = step(last, x)
        return found, found

    return jax.lax.scan(both, start, xs)[1]
