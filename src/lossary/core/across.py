"""The value of a loss over the rows of all replicas or processes that compute one step together.

Each of them gives the others a few numbers: its mean and what it divided by, or its sums, which merge. All of them then
hold the value of the whole batch. What goes back through a replica is its own part of the gradient alone, scaled for
those that add gradients up (tf.distribute) or average them (torch, lax.pmean): the step is that of one device.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras

from .._calls import checked_call
from ..numerics import ops
from ..numerics.joined import Group, join, joined, said
from . import reduction, results
from .contract import checks
from .errors import LossaryError, ParameterError
from .results import Partial, Rows, Sums
from .slots import Batch, Inputs

if TYPE_CHECKING:
    from .loss import Loss

Tensor = Any


def reduce(
    loss: Loss,
    result: Rows | Sums,
    weight: Tensor | None,
    mask: Tensor | None,
    how: str | None,
    like: tuple[Any, dict[str, Any]],
) -> Tensor:
    """The result as one number, over all that compute this step. `like` is what was predicted, and what has names."""
    group, steps = joined(), _STEPS[-1]
    if how in (None, "none") or (group is None and steps is None):
        return results.reduce(result, weight, mask, how)
    if steps is not None:
        return _of_steps(loss, result, weight, mask, like, steps, group)
    assert group is not None
    if isinstance(result, Sums) and 0 in result.axes():
        merged = _merged(results.partial(result, weight, mask, str(how)), group)
        number = reduction.reduce(merged.value(), None, None, how)
        return _shown(number, number, group)
    own, count = results.reduce(result, weight, mask, how), results.divisor(result, weight, mask, how)
    told = group.gather(ops.stack([own, ops.cast(count, own.dtype)]))
    if how == "sum":
        return _shown(ops.sum(told[:, 0]), own, group)
    every = _divisor(ops.sum(told[:, 1]))
    return _shown(ops.sum(told[:, 0] * (told[:, 1] / every)), own * (ops.cast(count, own.dtype) / every), group)


def _divisor(count: Tensor) -> Tensor:
    return ops.where(ops.equal(count, 0), 1.0, count)


def _shown(value: Tensor, own: Tensor, group: Group) -> Tensor:
    """`value`, with the gradient of `own`: its share of it where replicas add up, as Keras expects."""
    gain = group.count if group.averaged else 1
    value = value if group.averaged else value / group.count
    change = own - ops.stop_gradient(own)  # 0
    return ops.stop_gradient(value) + ops.where(ops.isfinite(own), change, 0.0) * gain


def _merged(here: Partial, group: Group) -> Partial:
    """The sums of all, of which those from here have a gradient."""
    tensors = here.tensors()
    kind = tensors[0].dtype
    told = group.gather(ops.concatenate([ops.reshape(ops.cast(x, kind), (-1,)) for x in tensors]))
    merged: Partial | None = None
    for place in range(group.count):
        theirs = _apart(told[place], tensors)
        one = here.like([_chosen(group.place, place, x, y) for x, y in zip(tensors, theirs, strict=True)])
        merged = one if merged is None else merged.merge(one)
    assert merged is not None
    return merged


def _chosen(here: Any, place: int, own: Tensor, told: Tensor) -> Tensor:
    if isinstance(here, int):
        return own if here == place else told
    return ops.where(ops.equal(here, place), own, told)


def _apart(flat: Tensor, like: Sequence[Tensor]) -> Iterator[Tensor]:
    """One tensor as several of these shapes."""
    start = 0
    for x in like:
        size = math.prod(x.shape)
        yield ops.cast(ops.reshape(flat[start : start + size], x.shape), x.dtype)
        start += size


def once(x: Tensor) -> Tensor:
    """What is added once in each step, whatever the number of replicas: each adds its share of it."""
    group = joined()
    return x if group is None or group.averaged else x / group.count


def whole(x: Tensor) -> Tensor:
    """The value of a loss as it is on one device, of what a replica gives."""
    group = joined()
    return x if group is None or group.averaged else x * group.count


def squares(x: Tensor) -> Tensor:
    """The sum of squares of gradients by own rows, over the rows of all, without gradient."""
    group = joined()
    if group is None:
        return x
    return ops.sum(group.gather(x)) / (group.count**2 if group.averaged else 1)


# -- rows that look at the rows of all -------------------------------------------------------------------------------


def everyone(batch: Batch, slots: Inputs) -> Batch:
    """The rows of all that compute this step; `batch` learns at which of them its own begin."""
    group = joined()
    if group is None:
        return batch
    named = {name: x for name, x in batch.slots.items() if slots.slots[name].axes[0] == "row"}
    first = next(iter(named.values()))
    every = ops.ones_like(first[(slice(None), *[0] * (len(first.shape) - 1))], dtype="int32")
    counts = group.gather(ops.sum(every))
    before = ops.cast(ops.arange(group.count), "int32") < group.place
    batch.start = ops.sum(ops.where(before, counts, 0))
    keep = ops.cast(every, "bool") if batch.keep is None else ops.logical_and(ops.cast(every, "bool"), batch.keep)
    weight = batch.weight
    if weight is not None and len(weight.shape):
        weight = group.rows(weight, counts)
    gathered = {name: group.rows(x, counts) for name, x in named.items()}
    return replace(
        batch, slots={**batch.slots, **gathered}, keep=group.rows(keep, counts), mask=None, weight=weight, start=0
    )


# -- those that are told ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def agreed(*given: Any) -> Iterator[None]:
    """All of a group go on, or all refuse: one that raised alone would leave the others waiting for it.

    `given` is what a loss reads; the first of it that has rows says how many there are.
    """
    group = joined()
    if group is None:
        yield
        return
    wrong: LossaryError | None = None
    try:
        yield
    except LossaryError as error:
        if getattr(error, "agreed", False):
            raise
        wrong = error
    places, rows = group.agreed(wrong is not None, _count_of(given))
    if wrong is None and not places and len(set(rows)) > 1:
        wrong = LossaryError(
            f"A loss is computed by {len(rows)} processes of JAX in one program.",
            arrived=f"Their devices hold {' and '.join(str(n) if n > 0 else 'other' for n in rows)} rows of a batch.",
            allowed="Expected as many rows on each device.",
            do="Pass each process's rows through ls.padded: x, y, w = ls.padded(x, y, w).",
        )
    if wrong is None and places:
        wrong = LossaryError(
            f"A loss is computed by {group.count} processes together.",
            arrived=f"Process {', '.join(map(str, places))} refused what it was given; its own error says why.",
            allowed="Expected valid rows in every process.",
            do="Read the error of that process.",
        )
    if wrong is not None:
        wrong.agreed = True  # type: ignore[attr-defined]
        raise wrong


def _count_of(given: Any) -> int | None:
    """How many rows there are; None where only the running program knows."""
    shape = next((shape for x in keras.tree.flatten(given) if (shape := getattr(x, "shape", None))), (None,))
    return None if shape[0] is None else int(shape[0])


class across:
    """Losses of the whole batch, where each process holds some of its rows.

        with ls.across():                        # torch: all processes; or across(process_group)
            loss(y, model(x)).backward()         # DistributedDataParallel or fully_shard averages the gradients

        def step(x, y):                          # JAX, inside shard_map over the axis "batch"
            with ls.across("batch"):
                slopes = jax.grad(lambda w: loss(y, forward(w, x)))(weights)
            return jax.lax.pmean(slopes, "batch")

    Value and gradient are those of one device, for every reduction, with weights and masks, for unequal numbers of rows
    and for none, and for rows that are compared with one another. Every process of the group has to call the same
    losses in the same order. Under tf.distribute nothing is to be said. Outside of the block, a loss is that of its
    own rows.

    Args:
        group: a process group of torch (None: all processes), or the name of a mapped axis of JAX.
        batches: the steps whose gradients are accumulated before the weights move, each as `(y_true,)` or
            `(y_true, sample_weight)`; of a loss of named inputs, a dictionary of those that are known is y_true. Means
            then divide by what counts in all of them, and the values of the steps add up to that of the whole batch.
            With `group=False`, they are those of this process alone.
    """

    @checked_call
    def __init__(self, group: Any = None, *, batches: Sequence[Any] | None = None) -> None:
        self.group = None if group is False else self._group(group)
        self.steps = None if batches is None else [_step(one) for one in batches]
        self.held: list[Any] = []

    @staticmethod
    def _group(group: Any) -> Group:
        found = said(group)
        if found is not None:
            return found
        raise ParameterError(
            "ls.across(group) computes losses over the rows of several processes.",
            arrived=f"It was given {group!r}.",
            allowed="Expected an initialised process group of torch; on JAX, the name of a mapped axis.",
            do="On torch, call torch.distributed.init_process_group first. Under tf.distribute and keras.distribution, "
            "leave it out: losses cover all devices there.",
        )

    def __enter__(self) -> across:
        self.held.append(join(self.group))
        _STEPS.append(None if self.steps is None else _Steps(self.steps))
        return self

    def __exit__(self, *error: Any) -> None:
        _STEPS.pop()
        join(self.held.pop())


def _step(one: Any) -> tuple[Any, Any]:
    if not isinstance(one, (tuple, list)) or len(one) not in (1, 2) or one[0] is None:
        raise ParameterError(
            "ls.across(batches=[...]) takes the steps that are accumulated.",
            arrived=f"A step is a {type(one).__name__}" + (f" of {len(one)}." if hasattr(one, "__len__") else "."),
            allowed="Expected (y_true,) or (y_true, sample_weight) for each.",
            do="Write ls.across(batches=[(y, w) for x, y, w in steps]).",
        )
    return one[0], one[1] if len(one) == 2 else None


class _Steps:
    """The steps of one update, and what each loss divides by in all of them."""

    def __init__(self, steps: list[tuple[Any, Any]]) -> None:
        self.steps, self.counts = steps, {}  # type: ignore[var-annotated]

    def count(self, loss: Loss, like: tuple[Any, dict[str, Any]], group: Group | None) -> Tensor:
        """By this process, or by all of the group."""
        if id(loss) not in self.counts:
            counts = [_count(loss, y, w, *like) for y, w in self.steps]
            count = ops.stop_gradient(ops.sum(ops.stack(counts)))
            self.counts[id(loss)] = count if group is None else ops.sum(group.gather(count))
        return self.counts[id(loss)]


_STEPS: list[_Steps | None] = [None]


def _count(loss: Loss, y: Any, weight: Any, y_pred: Any, named: dict[str, Any]) -> Tensor:
    """What the mean over these rows divides by; the numbers that are predicted do not matter."""
    rows = len(keras.tree.flatten(y)[0])

    def neutral(x: Any) -> Tensor:
        x = ops.convert_to_tensor(x)
        return ops.cast(ops.full((rows, *x.shape[1:]), 0.5), x.dtype)

    if named and isinstance(y, dict):
        _, slots = loss.inputs.chosen(None, None, named)
        known = {name: slot.axes[0] == "row" for name, slot in slots.slots.items() if name in named}
        y, named = None, {name: neutral(named[name]) if by_row else named[name] for name, by_row in known.items()} | y
    y_pred = None if y_pred is None else keras.tree.map_structure(neutral, y_pred)
    with checks(False):
        result, weight, mask = loss._result(y, y_pred, weight, vectors=False, **named)
        return results.divisor(result, weight, mask, loss.reduction)


def _of_steps(
    loss: Loss, result: Rows | Sums, weight: Tensor | None, mask: Tensor | None, like: tuple[Any, dict[str, Any]],
    steps: _Steps, group: Group | None,
) -> Tensor:  # fmt: skip
    if loss.coupled or (isinstance(result, Sums) and 0 in result.axes()):
        raise LossaryError(
            "ls.across(batches=[...]) divides a mean by the rows of several steps.",
            arrived=f"{loss!r} is not a mean over rows: its value needs all rows at once.",
            allowed="Expected a loss whose rows are independent.",
            do="Give it the whole batch in one step, or leave `batches` out.",
        )
    own, count = results.reduce(result, weight, mask, loss.reduction), None
    if loss.reduction != "sum":
        count = results.divisor(result, weight, mask, loss.reduction)
        own = own * (count / _divisor(steps.count(loss, like, group)))
    return own if group is None else _shown(ops.sum(group.gather(own)), own, group)
