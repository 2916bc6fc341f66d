"""What only TensorFlow can answer, and arithmetic for it."""

import math
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.autograph.core import config as autograph
from tensorflow.python.eager import forwardprop_util, record
from tensorflow.python.framework import ops
from tensorflow.python.ops import control_flow_util

# A tf.function would translate all of lossary first, which takes seconds and changes nothing. Keras is exempt too.
autograph.CONVERSION_RULES = (autograph.DoNotConvert("lossary"), *autograph.CONVERSION_RULES)

ONE_SHAPE = False
COMPILES = True  # what comes often
OFTEN = 8  # calls after which a graph pays
BLOCK = 128  # up to here a sum in float32 is good to an ulp


def concrete(x: Any) -> bool:
    """Whether the numbers of a tensor can be looked at now (eager), not only in a graph."""
    return not tf.is_symbolic_tensor(x)


def on_cpu(x: Any) -> bool:
    """By the name of its device."""
    return "CPU" in x.device


def native(x: Any) -> bool:
    """Ragged and sparse tensors are no tf.Tensor."""
    return isinstance(x, tf.Tensor)


def held(x: Any) -> Any:
    """Variables are no tf.Tensor; a tape sees them read."""
    return tf.convert_to_tensor(x) if isinstance(x, tf.Variable) else None


def obstacle(x: tf.Tensor) -> tuple[str, str] | None:
    """By its type."""
    if not (x.dtype.is_floating or x.dtype.is_integer or x.dtype.is_bool):
        return f"a tensor of {x.dtype.name}", "Convert it to real numbers: tf.abs, tf.strings.to_number."
    return None


def ordinary(x: Any, dtype: str) -> bool:
    """Reading costs nothing in a graph."""
    return False


def in_type(x: tf.Tensor, dtype: str) -> tf.Tensor:
    """The tensor itself where it has that type."""
    return x if x.dtype == dtype else tf.cast(x, dtype)


def type_name(x: tf.Tensor) -> str:
    """TensorFlow's names are NumPy's."""
    return str(x.dtype.name)


def canonical(dtype: str) -> str:
    """TensorFlow has every type."""
    return dtype


def signed(x: tf.Tensor) -> tf.Tensor:
    """Through a comparison in their own type."""
    return tf.cast(tf.minimum(x, tf.constant(min(x.dtype.max, tf.int64.max), x.dtype)), tf.int64)


def recorded(x: Any) -> bool:
    """Whether a graph is being made of it. Whether a tape watches, TensorFlow does not say."""
    return not concrete(x)


def watched(x: tf.Tensor) -> bool:
    """Whether a gradient by this tensor may be needed: in a graph, or where a tape follows it."""
    return not concrete(x) or bool(record.should_record_backprop([x]))


def alike(x: tf.Tensor, like: tf.Tensor, otherwise: str) -> tf.Tensor:
    """A graph may be made before the sizes are known, and would broadcast. (XLA leaves assertions out.)"""
    with tf.control_dependencies([tf.debugging.assert_equal(tf.shape(x), tf.shape(like), otherwise)]):
        return tf.identity(x)


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
    """Strategies are asked themselves."""
    return 1


def together() -> tuple[int, bool]:
    """Replicas add up their gradients; outside them, there is one program."""
    return (1 if tf.distribute.in_cross_replica_context() else tf.distribute.get_strategy().num_replicas_in_sync), False


log = tf.math.log
log1p = tf.math.log1p
expm1 = tf.math.expm1
ATANH = [0.3333333432674408, 0.19999851286411285, 0.14296291768550873, 0.1085166186094284, 0.11619509011507034]


def log1p_near(x: tf.Tensor) -> tf.Tensor:
    """In XLA by 2 atanh(t / 2) in t = x / (1 + x / 2)."""
    return twice_atanh(x / (1 + 0.5 * x)) if by_series(x) else tf.math.log1p(x)


def by_series(x: tf.Tensor) -> bool:
    """In XLA."""
    return x.dtype == tf.float32 and in_xla()


def twice_atanh(t: tf.Tensor) -> tf.Tensor:
    """2 atanh(t / 2) with five terms, in which XLA computes many numbers at once."""
    w = 0.25 * t * t
    series = w * ATANH[-1] + ATANH[-2]
    for c in ATANH[-3::-1]:
        series = series * w + c
    return t + t * (w * series)


def scale_up(x: tf.Tensor) -> tf.Tensor:
    """TensorFlow reads a subnormal number as zero; its bits, taken as an integer, count units of 2^-149."""
    if x.dtype != tf.float32:
        return x * 2.0**64
    bits = tf.bitcast(x, tf.int32)
    units = tf.cast(bits, tf.float32) * 2.0 ** (64 - 149)
    return tf.where((bits > 0) & (bits < 2**23), units, x * 2.0**64)


def total(x: tf.Tensor, axis: int | tuple[int, ...] | None = None) -> tf.Tensor:
    """Long sums are taken in float64: XLA adds them up one by one."""
    if x.dtype == tf.float64 or (isinstance(axis, int) and (x.shape[axis] or BLOCK + 1) <= BLOCK):
        return tf.reduce_sum(x, axis)
    if axis in (-1, x.shape.rank - 1):
        return row_sums(x)
    return tf.cast(tf.reduce_sum(tf.cast(x, tf.float64), axis), x.dtype)


def average(x: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """In float64 throughout."""
    return tf.cast(tf.reduce_sum(tf.cast(x, tf.float64)) / tf.cast(count, tf.float64), x.dtype)


def derived(value: Callable[..., Any], jvp: Callable[..., Any], vjp: Callable[..., Any]) -> Callable[..., Any]:
    """TensorFlow differentiates backwards."""

    @tf.custom_gradient
    def f(*x: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        return value(*x), lambda g: vjp(*x, g)

    return f


Kernel = Callable[..., tuple[Any, Any]]


COVERS = True  # whether rows of weight 0 are replaced inside a pass
READS_HALVES = True  # whether a pass makes float32 of half precision itself


FEW = 1 << 15  # numbers that need no blocks
FEWEST = 1 << 12  # numbers for which fewer operations are better than quicker ones
SIZES = {True: 1 << 16, False: 1 << 17}  # numbers in a block that stays in cache, by whether XLA compiles
NARROW, WIDE = 64, 1 << 17  # columns of a row: below, entries are cut as they come; above, rows are not cut


class Pass(NamedTuple):
    """What makes a sum: weights are those of rows, or of entries where all is of the shape of the predictions."""

    kernel: Kernel
    rowwise: bool
    weighted: bool
    divisor: Any
    neutral: tuple[float | None, ...]

    def parts(self, p: Any, *rest: Any, final: bool = False) -> tuple[Any, Any]:
        """The sum, in float64, and the slopes, from tensors of one block or of all.

        `final` are results that are not differentiated: XLA puts the neutral numbers there, in fewer steps.
        """
        outside = final and in_xla() and self.weighted
        covered = self.weighted and not outside
        values, slope = self.kernel(
            *(self.covered(rest[-1], p, *rest[:-1]) if covered else (p, *rest[: len(rest) - outside]))
        )
        each = self.weighted and rest[-1].shape.rank == p.shape.rank
        sums = values if self.rowwise or each else row_sums(values)
        scale: Any = 1 / self.divisor
        if self.weighted:
            sums, scale = sums * rest[-1], rest[-1] * scale
            slope = slope * (scale if each else tf.expand_dims(scale, -1))
        else:
            slope = slope * scale
        if outside:
            none = tf.equal(rest[-1], 0)
            sums = tf.where(none, 0.0, sums)
            slope = tf.where(none if each else tf.expand_dims(none, -1), 0.0, slope)
        return tf.reduce_sum(tf.cast(row_sums(sums) if each else sums, tf.float64)), slope

    def covered(self, weight: Any, *x: Any) -> list[Any]:
        """The tensors with neutral numbers where the weight is 0."""
        if all(number is None for number in self.neutral):
            return list(x)

        def replaced() -> list[Any]:
            over = [weight if v.shape.rank == weight.shape.rank else tf.expand_dims(weight, -1) for v in x]
            return [
                v if n is None else tf.where(tf.equal(w, 0), tf.cast(n, v.dtype), v)
                for v, n, w in zip(x, self.neutral, over, strict=True)
            ]

        if tf.executing_eagerly() or in_xla() or _few(x[0]):
            return replaced()
        every = tf.reduce_all(tf.not_equal(weight, 0))  # usually: choosing takes as long as an exponential there
        return list(tf.cond(every, lambda: [tf.identity(v) for v in x], replaced))


def summed(
    kernel: Kernel, rowwise: bool, p: Any, held: tuple[Any, ...], weight: Any, divisor: Any, neutral: Any = ()
) -> Any:
    """Value and gradient from one call of the kernel for each block, or for all."""
    kernel = _of_wide(kernel)
    narrow = not rowwise and p.shape.rank and (p.shape[-1] or NARROW) < NARROW and not _few(p)
    if weight is not None and narrow:  # short rows: a weight for each entry
        weight = tf.broadcast_to(tf.expand_dims(weight, -1), tf.shape(p))
    rest = held if weight is None else (*held, weight)
    way = Pass(kernel, rowwise, weight is not None, divisor, neutral)
    cut = _cut(p, rest, free=not rowwise and (weight is None or narrow))

    def number(total: Any) -> Any:
        return tf.cast(total / tf.cast(divisor, tf.float64), _wide(p))

    def both(p: Any, *rest: Any) -> tuple[Any, Any]:
        total, slope = way.parts(p, *rest) if cut is None else _blockwise(way, cut, p, rest)
        return number(total), slope

    return _sloped(lambda *x: number(way.parts(*x)[0]), both, lambda slope, up: tf.cast(slope * up, p.dtype), p, rest)


def _wide(x: Any) -> Any:
    """The type that is computed in."""
    return tf.float64 if x.dtype == tf.float64 else tf.float32


def _of_wide(kernel: Kernel) -> Kernel:
    """A kernel that computes in float32 whatever it is given."""

    def wide(*x: Any) -> tuple[Any, Any]:
        return kernel(*(tf.cast(v, tf.float32) if v.dtype in (tf.float16, tf.bfloat16) else v for v in x))

    return wide


def followed(kernel: Kernel, rowwise: bool, p: Any, held: tuple[Any, ...]) -> Any:
    """The values by the slope."""
    return _sloped(
        lambda *x: kernel(*x)[0], kernel,
        lambda slope, up: slope * (tf.expand_dims(up, -1) if rowwise else up), p, held,
    )  # fmt: skip


def _sloped(value: Any, both: Any, slope_of: Any, p: Any, held: tuple[Any, ...]) -> Any:
    """A function of p and others with its slope by p; held tensors that a tape watches are followed."""

    fixed = [tf.stop_gradient(h) for h in held]  # a tape would follow them into the function

    @tf.custom_gradient
    def f(p: Any) -> tuple[Any, Any]:
        values, slope = both(p, *fixed)
        return values, lambda up: slope_of(slope, up)

    found = f(p)
    if record.should_record_backprop([h for h in held if h.dtype.is_floating]):
        more = value(tf.stop_gradient(p), *held)
        found = found + tf.where(tf.math.is_finite(more), more - tf.stop_gradient(more), tf.zeros_like(more))
    return found


def _cut(p: Any, rest: tuple[Any, ...], free: bool) -> tuple[int, int] | None:
    """Columns and rows of the blocks that tensors are cut into; None where they are taken as they are.

    In a graph every operation goes through memory, in XLA every sum: both are quicker on what stays in the cache.
    Labels tell that a kernel is few operations. A graphics processor wants all at once.
    """
    size = p.shape.num_elements()
    if tf.executing_eagerly() or not p.shape.rank or _few(p) or _accelerated():
        return None
    if forwardprop_util.pack_tangents([p, *rest]).tangents:  # derivatives forwards follow each operation
        return None
    columns = p.shape[-1]
    if (size is None and (in_xla() or (columns or 0) < NARROW)) or any(h.dtype.is_integer for h in rest):
        return None
    if free and size is not None and not (columns and NARROW <= columns <= WIDE):
        columns = next((m for m in range(4096, 15, -1) if size % m == 0), columns)
    if columns is None or columns > WIDE:
        return None
    rows = SIZES[in_xla()] // columns
    if in_xla():  # all blocks are of one size there
        rows = next((k for k in range(rows, rows // 4, -1) if size // columns % k == 0), rows)
    return columns, max(rows, 1)


def _few(x: Any) -> bool:
    """Whether there are few numbers, as far as the compiler knows."""
    size = x.shape.num_elements()
    return size is not None and size <= FEW


@cache
def _accelerated() -> bool:
    return any(device.device_type != "CPU" for device in tf.config.list_physical_devices())


def _blockwise(way: Pass, cut: tuple[int, int], p: Any, rest: tuple[Any, ...]) -> tuple[Any, Any]:
    """Sum and slopes by a loop over blocks."""

    def by_itself(by_slope: Any, by_total: Any, p: Any, *rest: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(p)
            _, again = way.parts(p, *rest)
        return tape.gradient(again, p, by_slope) + tf.cast(
            again * tf.cast(by_total * way.divisor, again.dtype), p.dtype
        )

    @tf.custom_gradient
    def f(p: Any) -> tuple[Any, Any]:
        with record.stop_recording():  # no tape need follow the loop
            total, slope = _over_blocks(lambda *x: way.parts(*x, final=True), cut, (p, *rest), sums=(), made=_wide(p))
        return (total, slope), lambda by_total, by_slope: by_itself(by_slope, by_total, p, *rest)

    total, slope = f(p)
    return total, slope


def _over_blocks(
    part: Callable[..., Any], cut: tuple[int, int], x: tuple[Any, ...], sums: tuple[int, ...], *, made: Any = None
) -> tuple[Any, Any]:
    """The sum, in float64, and the tensor of type `made` that `part` makes of each block of tensors, if any."""
    columns, rows = cut
    flat = [tf.reshape(v, (-1, columns) if v.shape.rank == x[0].shape.rank else (-1,)) for v in x]
    count = flat[0].shape[0] or tf.shape(flat[0])[0]
    steps = count // rows if in_xla() else -(-count // rows)

    def block(k: Any) -> list[Any]:
        n = rows if in_xla() else tf.minimum(rows, count - k * rows)
        return [tf.slice(v, [k * rows, 0][: v.shape.rank], [n, columns][: v.shape.rank]) for v in flat]

    def body(k: Any, total: Any, *parts: Any) -> tuple[Any, ...]:
        more, new = part(*block(k))
        return k + 1, total + more, *(array.write(k, new) for array in parts)

    shape = (rows if in_xla() else None, columns)
    begin = (0, tf.zeros(sums, tf.float64))
    parts = [tf.TensorArray(made, steps, infer_shape=False, element_shape=shape)] if made else []
    _, total, *parts = tf.while_loop(lambda k, *_: k < steps, body, (*begin, *parts), parallel_iterations=1)
    found = parts[0].concat() if made else None
    if in_xla() and count % rows:
        more, last = part(*(v[steps * rows :] for v in flat))
        total, found = total + more, tf.concat([found, last], 0) if made else None
    return total, tf.reshape(found, tf.shape(x[0])) if made else None


def in_xla() -> bool:
    """Whether the graph that is being made will be compiled by XLA."""
    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(ops.get_default_graph())


def by_index(x: Any) -> bool:
    """XLA makes a mask in the loop that it makes anyway. Elsewhere choosing by one takes as long as an exponential, if
    there are not so few numbers that the number of operations matters."""
    return not in_xla() and not few(x)


def few(x: Any) -> bool:
    """Whether operations take longer than their numbers."""
    return (x.shape.num_elements() or FEWEST + 1) <= FEWEST


def picked(x: Any, index: Any) -> Any:
    """One entry of each row."""
    return tf.gather(x, index, axis=-1, batch_dims=index.shape.rank)


def replaced(x: Any, index: Any, value: Any) -> Any:
    """A copy; a graph makes it when all that read x are done, so that x is freed."""
    shape, place = tf.shape(x), tf.reshape(index, (-1, 1))
    readers = [] if concrete(x) or in_xla() or x.graph is not ops.get_default_graph() else x.consumers()
    rows = tf.reshape(x, (-1, x.shape[-1] or shape[-1]))
    value = tf.broadcast_to(tf.cast(value, x.dtype), (*tf.unstack(tf.shape(index)), 1))
    number = tf.range(tf.shape(place)[0], dtype=place.dtype)
    with tf.control_dependencies(readers):
        found = tf.tensor_scatter_nd_update(rows, tf.concat([number[:, None], place], 1), tf.reshape(value, (-1,)))
    return tf.reshape(found, shape)


def row_sums(x: Any, uneven: bool = False, wide: bool = False) -> Any:
    """Sums over the last axis; long rows in pieces, whose sums are summed. XLA's own loop on CPUs adds up one by one:
    there they are products with ones, of whole vectors of a processor; of uneven rows as many as each is long. Such
    products are loops too, some of which add up one by one: few numbers, and sums of pieces, are added in float64."""
    loop, columns = in_xla(), x.shape[-1] if x.shape.rank else None
    if columns is None or columns < 8 or x.shape.rank < 2 or (not loop and columns <= (512 if uneven else 256)):
        return tf.reduce_sum(x, -1) if x.shape.rank else x
    wide = loop and not _accelerated() and (wide or _few(x))
    if columns > 104 and not wide:
        sizes = range(math.isqrt(columns), 15, -1) if uneven else range(40, 15, -8) if loop else range(256, 15, -1)
        size = next((m for m in sizes if columns % m == 0), 0)
        if size:
            before = [tf.shape(x)[k] if n is None else n for k, n in enumerate(x.shape[:-1])]
            pieces = tf.reshape(x, (*before, columns // size, size))
            return row_sums(row_sums(pieces, uneven), uneven or not loop, wide=True)
        if columns > (200 if loop else 1024):
            whole = columns // 64 * 64
            return row_sums(x[..., :whole], uneven=True) + tf.reduce_sum(x[..., whole:], -1)
    kind = tf.float64 if wide else x.dtype
    sums = tf.linalg.matvec(tf.cast(x, kind), tf.ones((columns,), kind)) if loop else tf.reduce_sum(x, -1)
    return tf.cast(sums, x.dtype)


def if_all_at_least(low: float, x: Any, usual: Callable[[], Any], general: Callable[[], Any]) -> Any:
    """Seen by a graph as it runs: each operation goes through memory. (XLA makes one loop of the general way.)"""
    if tf.executing_eagerly() or in_xla() or all(map(few, x)):
        return general()
    return tf.cond(tf.reduce_all([tf.reduce_min(v) >= low for v in x]), usual, general)


def totals(each: Callable[..., list[Any]], count: int, x: Any, y: Any) -> list[Any]:
    """The sums of tensors made entry by entry: rows first, these in float64."""

    def part(x: Any, y: Any) -> tuple[Any, None]:
        rows = [row_sums(v) if v.shape.rank > 1 else v for v in each(x, y)]
        return tf.stack([tf.reduce_sum(tf.cast(v, tf.float64)) for v in rows]), None

    cut = _cut(x, (y,), free=True) if x.shape == y.shape else None
    if cut is None:
        return tf.unstack(tf.cast(part(x, y)[0], x.dtype))
    with record.stop_recording():  # its derivative is known
        total, _ = _over_blocks(part, cut, (x, y), (count,))
    return tf.unstack(tf.cast(total, x.dtype))


def between(low: Any, high: Any, share: Any) -> Any:
    """From low, for 0, to high, for 1."""
    return low * (1 - share) + high * share


def entrywise(f: Callable[..., Any], x: Any, y: Any, *numbers: Any) -> Any:
    """Over blocks; its derivatives operation by operation."""
    cut = _cut(x, (y,), free=True) if x.shape == y.shape else None
    if cut is None:
        return f(x, y, *numbers)

    @tf.custom_gradient
    def made(x: Any, y: Any, *numbers: Any) -> Any:
        def back(up: Any) -> Any:
            given = [x, y, *numbers]
            with tf.GradientTape() as tape:
                tape.watch(given)
                again = f(*given)
            return tape.gradient(again, given, up, unconnected_gradients=tf.UnconnectedGradients.ZERO)

        nothing = tf.zeros((0,), tf.float64)
        with record.stop_recording():
            return _over_blocks(lambda x, y: (nothing, f(x, y, *numbers)), cut, (x, y), (0,), made=x.dtype)[1], back

    return made(x, y, *numbers)


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a graph."""
    made: Callable[..., Any] = tf.function(f)
    return made


def peek(arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Keras's step takes an iterator, also one of Python; of several replicas the first one's rows are seen."""
    (iterator,) = arguments
    try:
        first = next(iterator)
    except tf.errors.OutOfRangeError as end:
        raise StopIteration from end
    return tf.nest.map_structure(_local, first), (chain([first], iterator),)


def _local(x: Any) -> Any:
    if isinstance(x, tf.experimental.Optional):  # how a dataset holds a weight that is not there
        return x.get_value() if x.has_value() else None
    return x.values[0] if isinstance(x, tf.distribute.DistributedValues) else x


def training_state(model: Any, arguments: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """The variables hold their values themselves."""
    return []


def gradients(f: Callable[[list[Any]], Any], tensors: list[Any]) -> list[Any]:
    """The derivative of sum(f(tensors)) by each tensor; 0 where it does not depend on it."""
    inner = [tf.identity(tensor) for tensor in tensors]  # Keras notes on a tensor which logits it was made from
    with tf.GradientTape() as tape:
        tape.watch(inner)
        total = tf.reduce_sum(f(inner))
    found = tape.gradient(total, inner, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return [tf.convert_to_tensor(slope) for slope in found]  # an embedding's comes as slices


def derivative(f: Callable[[Any], Any], x: Any) -> Any:
    """A tape of its own, inside whichever is running."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(f(x))
    return tape.gradient(total, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def same_randomness() -> AbstractContextManager[None]:
    """Keras draws from seeds that it keeps itself: nothing to put back."""
    return nullcontext()


def double() -> AbstractContextManager[Any]:
    """TensorFlow has float64 at any time."""
    return nullcontext()


SMALL = 1 << 12  # rows up to which a backward pass takes as long as its calls


def expanded(f: Callable[[Any, Any], Any], y: Any, x: Any) -> tuple[Any, Any, Any]:
    """A tape in a tape; one backward pass for each column, or for copies of few rows at once."""
    zero = tf.UnconnectedGradients.ZERO
    n, k = x.shape
    few = k > 1 and n is not None and n * k <= SMALL
    if few:
        y, x = tf.concat([y] * k, axis=0), tf.concat([x] * k, axis=0)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            found = f(y, x)
            value, slope = found if isinstance(found, tuple) else (found, None)
            total = tf.reduce_sum(value)
        slope = inner.gradient(total, x, unconnected_gradients=zero) if slope is None else slope
        if few:  # of each copy the column of its number
            columns = [tf.linalg.diag_part(tf.transpose(tf.reshape(slope, (k, n, k)), (1, 0, 2)))]
        else:
            columns = [slope[:, place] for place in range(k)]
    bends = [outer.gradient(column, x, unconnected_gradients=zero) for column in columns]
    if few:
        return value[:n], slope[:n], tf.transpose(tf.reshape(bends[0], (k, n, k)), (1, 0, 2))
    return value, slope, tf.stack(bends, axis=1)


def quick(f: Callable[..., Any], often: int = OFTEN) -> Callable[..., Any]:
    """Eager at first, since making a graph takes as long as some calls; a graph for a shape that comes often."""
    calls: Counter[Any] = Counter()
    graphs: dict[Any, Callable[..., Any]] = {}

    def program(*tensors: tf.Tensor) -> Any:
        shape = tuple((tuple(tensor.shape), tensor.dtype) for tensor in tensors)
        calls[shape] += 1
        if calls[shape] <= often:
            return f(*tensors)
        if shape not in graphs:
            graphs[shape] = tf.function(f, autograph=False)
        return graphs[shape](*tensors)

    return program


def forget_programs(most: int) -> None:
    """Operations are not compiled for a shape."""


def accumulated(step: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], start: tf.Tensor, xs: tf.Tensor) -> tf.Tensor:
    """The results of `step(last, x)` one after another, for each x along the first axis."""
    return tf.scan(step, xs, initializer=start)  # XLA knows the number of its steps, unlike that of Keras's own
