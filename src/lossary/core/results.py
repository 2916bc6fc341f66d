"""What a formula gives, and the one way from there to a number: partial -> merge -> finish.

Result
├── Rows            one value per row, or per entry of it
│   ├── Fused       the same, where values and slopes are made together
│   └── Anchors     the same, where the value of a row depends on the other rows of the batch
└── Sums            contributions of rows to a number that is made of sums over the batch: a ratio, a correlation
    └── RisingSums  a root of a mean: it rises with its one sum, so a row alone has a value too

Weights, masks, reductions, metrics and devices follow from the type. The parts of a sum know how to merge, so that two
halves of a batch give what the whole gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..numerics import ops
from ..numerics.backend import average, counted, covers, followed, log, summed, total
from ..numerics.stable import largest, length, mean, power_of_two_scale, square_root, without_infinity
from . import reduction
from .reduction import both, weighed, widened

Tensor = Any
Axes = tuple[int, ...]
Kernel = Callable[..., tuple[Tensor, Tensor]]
LARGEST_SCALE = 2.0**127  # of numerics.stable.power_of_two_scale


@dataclass
class Rows:
    """One value per row; further axes (tokens, pixels, boxes) count like rows.

    `valid` says which of the values count. `share` is what each of them counts in the divisor, for the reduction
    "mean_with_class_weight".
    """

    values: Tensor
    valid: Tensor | None = None
    share: Tensor | None = None

    @property
    def like(self) -> Tensor:
        """A tensor of the shape of the values."""
        return self.values

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of the values."""
        return tuple(self.like.shape)


class Fused(Rows):
    """Rows whose values and slopes by y_pred are made together, by `kernel(y_pred, *held) -> values, slopes`.

    An entrywise kernel gives a value for each entry, and a row's value is the mean over the last axis, or their sum
    with `sums`; a `rowwise` one gives a value for each row. The kernel knows nothing of weights and reductions: sums
    are made with it in one pass, by the backend, and wherever that cannot be (second derivatives, the rows themselves,
    sharded tensors), it is followed operation by operation.
    """

    def __init__(
        self, kernel: Kernel, y_pred: Tensor, *held: Tensor, rowwise: bool = False, sums: bool = False
    ) -> None:
        self.kernel, self.y_pred, self.held, self.rowwise, self.sums = kernel, y_pred, held, rowwise, sums
        self.valid = self.share = None
        self.as_they_came = (y_pred, *held)
        self.neutral: tuple[float | None, ...] = ()
        self.narrow: list[tuple[Tensor, Tensor]] = []  # tensors, and what they were in half precision

    def covered(self, *replaced: tuple[Tensor, Tensor, float]) -> Fused:
        """Tensors in which rows that do not count hold a neutral number now, those they were, and that number.

        A pass with weights can put the number there itself, where the weight is 0, and needs no tensor for it.
        """
        if covers():
            came = {id(now): (before, number) for now, before, number in replaced}
            pairs = [came.get(id(x), (x, None)) for x in (self.y_pred, *self.held)]
            self.as_they_came, self.neutral = tuple(x for x, _ in pairs), tuple(number for _, number in pairs)
        return self

    @property
    def values(self) -> Tensor:
        values = followed(self.kernel, self.rowwise, self.y_pred, self.held)
        return values if self.rowwise else total(values, -1) if self.sums else mean(values)

    @property
    def like(self) -> Tensor:
        return self.y_pred[..., 0]

    @property
    def shape(self) -> tuple[int | None, ...]:
        return tuple(self.y_pred.shape[:-1])

    def summed(self, weight: Tensor | None, divisor: Any) -> Tensor:
        """The sum of the rows, each times its weight, divided by a number."""
        entries = 1 if self.rowwise or self.sums else length(self.y_pred)
        p, *held = (self.y_pred, *self.held) if weight is None or not covers() else self.as_they_came
        neutral = self.neutral if covers() else ()
        if self.narrow:
            came = {id(wide): half for wide, half in self.narrow}
            p, *held = (came.get(id(x), x) for x in (p, *held))
        number = summed(self.kernel, self.rowwise, p, tuple(held), weight, divisor * entries, neutral)
        if number is not None:
            return number
        values = self.values
        return average(values if weight is None else values * weight, divisor)


class Anchors(Rows):
    """One value per row, made of the row and of all rows of the batch: `call(here, others)`."""


@dataclass
class Sums:
    """A number made of sums over the batch.

    `parts` are contributions of rows (row, ...), by name: tensors, which are added up, or `Moments`, `Norm`,
    `LogSumExp`. They are summed over the axes `over` (all by default), and `finish(sums, count)` makes the value,
    with `count` the number of the summed entries (their weight, where the reduction divides by weights; 1 where it is a
    sum).
    """

    parts: dict[str, Any]
    finish: Callable[[dict[str, Any], Any], Tensor]
    over: Axes | None = None
    valid: Tensor | None = None

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of the contributions."""
        return tuple(_first(self.parts).shape)

    def axes(self) -> Axes:
        """The axes that are summed over."""
        return tuple(range(len(_first(self.parts).shape))) if self.over is None else self.over


class RisingSums(Sums):
    """Sums whose value rises with one sum. Without a reduction each row is finished alone."""


# -- parts that are more than a sum ----------------------------------------------------------------------------------


@dataclass
class Moments:
    """Means, variances and covariances of columns, of the chosen entries or of all.

    (Sums of squares would lose the digits of the variance.)
    """

    columns: tuple[Tensor, ...]
    chosen: Tensor | None = None

    @property
    def like(self) -> Tensor:
        return self.columns[0]

    def summed(self, weight: Tensor | None, keep: Tensor | None, over: Axes) -> Spread:
        keep = both(keep, self.chosen)

        def add(x: Tensor, keepdims: bool = False) -> Tensor:
            found = total(weighed(x, weight, keep), over)
            return ops.expand_dims(found, over) if keepdims else found

        n = add(ops.ones_like(self.like))
        safe = ops.expand_dims(ops.where(n > 0, n, 1.0), over)
        means = [add(x, True) / safe for x in self.columns]
        apart = [x - mean for x, mean in zip(self.columns, means, strict=True)]
        pairs = [(i, j) for i in range(len(apart)) for j in range(i + 1)]
        products = {pair: add(apart[pair[0]] * apart[pair[1]]) for pair in pairs}
        return Spread(n, [ops.squeeze(mean, over) for mean in means], products)


@dataclass
class Spread:
    """Moments of the rows seen so far: how many, their means, and the sums of products of distances from the means."""

    n: Tensor
    means: list[Tensor]
    products: dict[tuple[int, int], Tensor]

    def merge(self, other: Spread) -> Spread:
        n = self.n + other.n
        part = other.n / ops.where(n > 0, n, 1.0)
        apart = [b - a for a, b in zip(self.means, other.means, strict=True)]
        means = [a + d * part for a, d in zip(self.means, apart, strict=True)]
        sums = {
            (i, j): x + other.products[i, j] + apart[i] * apart[j] * self.n * part
            for (i, j), x in self.products.items()
        }
        return Spread(n, means, sums)

    def emptied(self) -> Spread:
        return self.like([ops.zeros_like(tensor) for tensor in self.tensors()])

    def tensors(self) -> list[Tensor]:
        return [self.n, *self.means, *self.products.values()]

    def like(self, tensors: list[Tensor]) -> Spread:
        means = list(tensors[1 : 1 + len(self.means)])
        return Spread(tensors[0], means, dict(zip(self.products, tensors[1 + len(means) :], strict=True)))


@dataclass
class Counts:
    """Counts of entries by name, `of(y, x)`, each linear in y: `ends` are their slopes for y = 0 and for y = 1, by what
    `change(x)` is the slope of. Their sums know their gradients, so that nothing is kept of the entries but themselves.
    """

    of: Callable[[Tensor, Tensor], dict[str, Tensor]]
    ends: tuple[dict[str, float], dict[str, float]]
    change: Callable[[Tensor], Tensor] | None
    y: Tensor
    x: Tensor

    @property
    def like(self) -> Tensor:
        return self.x

    def summed(self, weight: Tensor | None, keep: Tensor | None, over: Axes) -> Counted:
        if weight is None and keep is None and len(over) == len(self.x.shape):
            ends = [(self.ends[0][name], self.ends[1][name]) for name in self.ends[0]]
            found = counted(lambda x, y: [*self.of(y, x).values()], ends, self.change, self.x, self.y)
            return Counted(dict(zip(self.ends[0], ops.unstack(found), strict=True)))
        return Counted({name: total(weighed(c, weight, keep), over) for name, c in self.of(self.y, self.x).items()})


@dataclass
class Counted:
    """Sums of counts, by name."""

    sums: dict[str, Tensor]

    def merge(self, other: Counted) -> Counted:
        return Counted({name: x + other.sums[name] for name, x in self.sums.items()})

    def emptied(self) -> Counted:
        return Counted({name: ops.zeros_like(x) for name, x in self.sums.items()})

    def tensors(self) -> list[Tensor]:
        return list(self.sums.values())

    def like(self, tensors: list[Tensor]) -> Counted:
        return Counted(dict(zip(self.sums, tensors, strict=True)))


@dataclass
class Norm:
    """The sum of the squares of values >= 0, which may be too large or too small to be squared as they are."""

    values: Tensor

    @property
    def like(self) -> Tensor:
        return self.values

    def summed(self, weight: Tensor | None, keep: Tensor | None, over: Axes) -> Squares:
        x, beyond = self._counting(keep, None)
        k = power_of_two_scale(ops.stop_gradient(largest(ops.reshape(x, (-1,)))))
        return Squares(total(weighed(ops.square(x * k), weight, keep), over), k, beyond)

    def alone(self, weight: Tensor | None, keep: Tensor | None) -> Squares:
        """The square of each value."""
        x, beyond = self._counting(keep, ())
        k = power_of_two_scale(ops.stop_gradient(x))
        return Squares(weighed(ops.square(x * k), weight, keep), k, beyond)

    def _counting(self, keep: Tensor | None, axis: tuple[int, ...] | None) -> tuple[Tensor, Tensor]:
        """The values, 0 for those that do not count (they may not set the scale), and infinity where one is.

        Rows of weight 0 have been given neutral numbers before.
        """
        x = weighed(self.values, None, keep)
        return without_infinity(x, "float64" if "float64" in str(x.dtype) else "float32", axis)


@dataclass
class Squares:
    """A sum of squares, times the square of a power of two that keeps it a number; `beyond` is infinite or 0."""

    sum: Tensor
    scale: Tensor
    beyond: Tensor

    def root(self, count: Any) -> Tensor:
        """The root of the sum divided by count."""
        return square_root(self.sum / count) / self.scale + self.beyond

    def merge(self, other: Squares) -> Squares:
        k = ops.minimum(self.scale, other.scale)
        a, b = (part.sum * (k / part.scale) * (k / part.scale) for part in (self, other))  # the square may be 0
        return Squares(a + b, k, self.beyond + other.beyond)

    def emptied(self) -> Squares:
        return Squares(ops.zeros_like(self.sum), ops.full_like(self.scale, LARGEST_SCALE), ops.zeros_like(self.sum))

    def tensors(self) -> list[Tensor]:
        return [self.sum, self.scale, self.beyond]

    def like(self, tensors: list[Tensor]) -> Squares:
        return Squares(*tensors)


@dataclass
class LogSumExp:
    """Sums of e^term over the chosen rows, which may be too large or too small to be added up as they are."""

    terms: Tensor
    chosen: Tensor

    @property
    def like(self) -> Tensor:
        return self.terms

    def summed(self, weight: Tensor | None, keep: Tensor | None, over: Axes) -> Exponentials:
        chosen = self.chosen if keep is None else ops.logical_and(self.chosen, widened(keep, self.terms))
        low = ops.full_like(self.terms, -LARGEST_SCALE)
        top = ops.stop_gradient(largest(ops.where(chosen, self.terms, low), axis=over))
        top = ops.where(ops.any(chosen, axis=over), top, -LARGEST_SCALE)  # of no rows, too
        e = ops.exp(ops.where(chosen, self.terms - ops.expand_dims(top, over), low))
        return Exponentials(total(weighed(e, weight, chosen), over), top)


@dataclass
class Exponentials:
    """A sum of exponentials: `sum` times e^`top`."""

    sum: Tensor
    top: Tensor

    def log(self) -> Tensor:
        """The logarithm of the sum; of nothing, a very small number."""
        some = self.sum > 0
        return self.top + ops.where(some, log(ops.where(some, self.sum, 1.0)), 0.0)

    def merge(self, other: Exponentials) -> Exponentials:
        top = ops.maximum(self.top, other.top)
        return Exponentials(sum(part.sum * ops.exp(part.top - top) for part in (self, other)), top)

    def emptied(self) -> Exponentials:
        return Exponentials(ops.zeros_like(self.sum), ops.full_like(self.top, -LARGEST_SCALE))

    def tensors(self) -> list[Tensor]:
        return [self.sum, self.top]

    def like(self, tensors: list[Tensor]) -> Exponentials:
        return Exponentials(*tensors)


# -- partial -> merge -> finish --------------------------------------------------------------------------------------


@dataclass
class Partial:
    """The sums of one batch: a shard, a micro-batch, a step of an epoch. `a.merge(b).value()` is that of both."""

    sums: dict[str, Any]
    finish: Callable[[dict[str, Any]], Tensor]

    def merge(self, other: Partial) -> Partial:
        """The sums of the rows of both."""
        return Partial({name: _merged(one, other.sums[name]) for name, one in self.sums.items()}, self.finish)

    def emptied(self) -> Partial:
        """The sums of no rows: merged with others, they change nothing."""
        nothing = {name: one.emptied() if hasattr(one, "merge") else ops.zeros_like(one)
                   for name, one in self.sums.items()}  # fmt: skip
        return Partial(nothing, self.finish)

    def value(self) -> Tensor:
        """The number that these sums make."""
        return self.finish(self.sums)

    def tensors(self) -> list[Tensor]:
        """All numbers, in one order: what a metric keeps, or devices exchange."""
        return [tensor for one in self.sums.values() for tensor in _tensors(one)]

    def like(self, tensors: list[Tensor]) -> Partial:
        """The same kind of sums with other numbers."""
        rest, sums = list(tensors), {}
        for name, one in self.sums.items():
            count = len(_tensors(one))
            sums[name] = one.like(rest[:count]) if hasattr(one, "merge") else rest[0]
            rest = rest[count:]
        return Partial(sums, self.finish)


def partial(result: Rows | Sums, weight: Tensor | None, mask: Tensor | None, how: str) -> Partial:
    """The sums that the value of a batch is made of, by the formulas of core.reduction."""
    keep = both(mask, result.valid)
    if isinstance(result, Sums):
        parts, over, finish = result.parts, result.axes(), result.finish
        scalar = (
            weight if weight is not None and len(weight.shape) == 0 and not isinstance(result, RisingSums) else None
        )
        weight = None if scalar is not None else weight
    else:
        parts, over, scalar = {"value": result.values}, tuple(range(len(result.values.shape))), None
        finish = _quotient
    like = _first(parts)
    plainly = weight is None and keep is None and len(over) == len(like.shape) and None not in like.shape
    if plainly:
        count = ops.cast(math.prod(like.shape), like.dtype)
    elif how == "mean_with_class_weight" and not isinstance(result, Sums) and result.share is not None:
        count = total(weighed(result.share, weight, keep), over)
    else:
        count = total(weighed(ops.ones_like(like), weight if how == "mean_with_sample_weight" else None, keep), over)
    sums = {name: _summed(part, weight, keep, over) for name, part in parts.items()}
    counts = {COUNT: count}
    if isinstance(result, Sums) and how != "mean_with_sample_weight":  # what is made of no sums may be another than 0
        some = count
        if weight is not None:
            some = total(weighed(ops.ones_like(like), ops.cast(ops.not_equal(weight, 0), like.dtype), keep), over)
        counts = {COUNT: some} if how == "sum" else {COUNT: count, SOME: some}

    def number(sums: dict[str, Any]) -> Tensor:
        own = {name: one for name, one in sums.items() if name not in (COUNT, SOME)}
        empty = ops.equal(sums.get(SOME, sums[COUNT]), 0)
        divisor = ops.ones_like(sums[COUNT]) if how == "sum" else ops.where(empty, 1.0, sums[COUNT])
        found = finish(own, divisor)
        found = ops.where(_over(empty, found), 0.0, found)
        return found if scalar is None else found * scalar

    return Partial({**sums, **counts}, number)


COUNT, SOME = " count", " some"  # what is divided by, and how many have a weight: no part has these names


def reduce(result: Rows | Sums, weight: Tensor | None, mask: Tensor | None, how: str | None) -> Tensor:
    """The result as one number (or none), with weight and mask in the rank of its values."""
    if isinstance(result, Fused) and how not in (None, "none", "mean_with_class_weight"):
        return _in_one_pass(result, weight, mask, str(how))
    if not isinstance(result, Sums):
        keep = mask if result.valid is None else both(mask, result.valid)
        number = reduction.reduce(result.values, weight, keep, how)
        if how == "mean_with_class_weight" and result.share is not None:
            share = reduction.reduce(result.share, weight, keep, "mean")
            number = number / ops.where(share == 0, 1.0, share)
        return number
    if how in (None, "none") and isinstance(result, RisingSums):
        return _each_alone(result, weight, both(mask, result.valid))
    if weight is None and mask is None and result.valid is None and _whole(result):
        found = _at_once(result, how)
    else:
        found = partial(result, weight, mask, "sum_over_batch_size" if how in (None, "none") else how).value()
    return found if len(found.shape) == 0 else reduction.reduce(found, None, None, how)


def divisor(result: Rows | Sums, weight: Tensor | None, mask: Tensor | None, how: str | None) -> Tensor:
    """What the mean over the rows of a result was divided by."""
    if isinstance(result, Sums):  # of each row, finished
        like = _first(result.parts)
        return ops.cast(ops.size(ops.sum(like, axis=result.axes())), like.dtype)
    keep = both(mask, result.valid)
    if how == "mean_with_class_weight" and result.share is not None:
        return total(weighed(result.share, weight, keep))
    return reduction.divisor(result.like, weight, keep, how)


def _whole(result: Sums) -> bool:
    """Whether the sums are over all axes, of a known number of entries."""
    shape = result.shape
    return None not in shape and 0 not in shape and len(result.axes()) == len(shape)


def _at_once(result: Sums, how: str | None) -> Tensor:
    """The number that is made of plain sums, which no other ones are merged with."""
    sums = {name: _summed(part, None, None, result.axes()) for name, part in result.parts.items()}
    return result.finish(sums, 1 if how == "sum" else math.prod([n or 0 for n in result.shape]))


def _in_one_pass(result: Fused, weight: Tensor | None, mask: Tensor | None, how: str) -> Tensor:
    """The formulas of core.reduction, with weights and divisors inside the kernel."""
    scalar, mask = None, mask if result.valid is None else both(mask, result.valid)
    if weight is not None and len(weight.shape) == 0 and how != "mean_with_sample_weight":
        weight, scalar = None, weight
    if mask is None and (weight is None or how != "mean_with_sample_weight"):
        if weight is not None and weight.shape != result.y_pred.shape[:-1]:
            weight = ops.broadcast_to(weight, ops.shape(result.like))
        number = result.summed(weight, 1 if how == "sum" else _rows(result))
    else:
        like = result.like
        weight = ops.ones_like(like) if weight is None else ops.broadcast_to(weight, ops.shape(like))
        if mask is not None:
            mask = ops.broadcast_to(mask, ops.shape(like))
            weight = ops.where(mask, weight, 0.0)
        if how != "sum":
            count = reduction.divisor(like, weight, mask, how)
            weight = weight / ops.where(ops.equal(count, 0), 1.0, count)
        number = result.summed(weight, 1)
    if scalar is not None:
        number = number * scalar
    return number


def _rows(result: Fused) -> Any:
    """How many rows there are, at least 1: a number, or a tensor where only the running program knows."""
    if None in result.shape:
        return ops.cast(ops.maximum(ops.size(result.like), 1), result.y_pred.dtype)
    return max(math.prod([n or 0 for n in result.shape]), 1)


def _each_alone(result: Sums, weight: Tensor | None, keep: Tensor | None) -> Tensor:
    """Each row finished as a batch of its own."""
    sums = {name: part.alone(weight, keep) if hasattr(part, "alone") else weighed(part, weight, keep)
            for name, part in result.parts.items()}  # fmt: skip
    return result.finish(sums, ops.ones_like(_first(result.parts)))


def _quotient(sums: dict[str, Any], count: Tensor) -> Tensor:
    return sums["value"] / count


def _summed(part: Any, weight: Tensor | None, keep: Tensor | None, over: Axes) -> Any:
    return part.summed(weight, keep, over) if hasattr(part, "summed") else total(weighed(part, weight, keep), over)


def _merged(a: Any, b: Any) -> Any:
    return a.merge(b) if hasattr(a, "merge") else a + b


def _tensors(one: Any) -> list[Tensor]:
    return one.tensors() if hasattr(one, "merge") else [one]


def _first(parts: dict[str, Any]) -> Tensor:
    part = next(iter(parts.values()))
    return part.like if hasattr(part, "summed") else part


def _over(flag: Tensor, values: Tensor) -> Tensor:
    """A flag per kept axis for values that `finish` may have made fewer of."""
    return flag if len(flag.shape) == len(values.shape) else ops.all(flag)
