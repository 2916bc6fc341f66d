"""Epochs as one graph of TensorFlow: a loop over epochs around a loop over batches around Keras's own step."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from . import Batch, Logs, Plan, Program, Ran
from .stepped import Stepped
from .work import small

State = tuple[tf.Tensor, tf.Tensor, Any]  # the next step, the first bad one or -1, the logs of the last


def make(model: Any, plan: Plan, sample: Batch, held: Batch, compiler: bool | None) -> Program:
    """The program for these shapes; XLA where steps are small, since its matrices and convolutions are slow on CPU."""
    if model.run_eagerly:
        return Eager(model, plan)
    xla = compiler if compiler is not None else _pays(model, plan)
    return Epochs(model, plan, sample, held, xla)


def snapshot(variables: list[Any]) -> list[Any]:
    """Copies."""
    return [tf.identity(v.value) for v in variables]


def restore(variables: list[Any], state: list[Any]) -> None:
    """Copy back."""
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)


class Eager(Stepped):
    """Step by step, as `run_eagerly=True` asks."""


class Epochs:
    """One compiled program."""

    def expect(self, total: int) -> None:
        """It is compiled however much there is to do."""

    def __init__(self, model: Any, plan: Plan, sample: Batch, held: Batch, xla: bool) -> None:
        self.plan, self.xla = plan, xla
        self.reset = weakref.WeakMethod(model.reset_metrics)
        self.weights = list(model.trainable_variables)
        self.step = _step(model.train_step, sample)
        self.test: Any = _step(model.test_step, held) if held is not None else None
        self.names = list(self.step.structured_outputs)
        self.compiled: dict[tuple[str, bool], Any] = {}

    def place(self, data: Batch) -> Batch:
        return tf.nest.map_structure(tf.convert_to_tensor, data)

    def run(self, first: int, last: int, steps: int, orders: np.ndarray, data: Batch, held: Batch) -> Ran:
        numbers = (tf.constant(number, tf.int32) for number in (first, last, steps))
        arguments = (*numbers, tf.constant(orders, tf.int32), data, held)
        try:
            at, bad, sound, tables = self._compiled(self._epochs)(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if not self.xla:
                raise
            self.xla = False  # XLA cannot compile this model; it said so before the first step
            at, bad, sound, tables = self._compiled(self._epochs)(*arguments)
        epochs = range(first // steps, int(at) // steps)
        tables = {name: table.numpy() for name, table in tables.items()}
        logs = [{name: table[epoch] for name, table in tables.items()} for epoch in epochs]
        return Ran(logs, int(bad), bool(sound))

    def evaluate(self, held: Batch) -> Logs:
        return {name: value.numpy() for name, value in self._compiled(self._held)(held).items()}

    def _compiled(self, function: Callable[..., Any]) -> Any:
        key = function.__name__, self.xla
        if key not in self.compiled:
            self.compiled[key] = tf.function(function, autograph=False, jit_compile=self.xla)
        return self.compiled[key]

    def _epochs(self, first: Any, last: Any, steps: Any, orders: Any, data: Batch, held: Batch) -> Any:
        """All epochs: the step reached, the first bad one or -1, whether weights are finite, and the logs by epoch."""
        tests = self.test.structured_outputs if self.test is not None else {}
        spec = {**self.step.structured_outputs, **{f"val_{name}": value for name, value in tests.items()}}
        tables = {name: tf.zeros([self.plan.epochs, *value.shape], value.dtype) for name, value in spec.items()}
        logs = {name: tf.zeros(value.shape, value.dtype) for name, value in self.step.structured_outputs.items()}

        def epoch(state: State, tables: Any) -> Any:
            at, bad, logs = self._batches(state, last, steps, orders, data)
            ended = tf.logical_and(at % steps == 0, bad < 0)
            close = lambda: self._close(tables, logs, (at - 1) // steps, held)  # noqa: E731
            return (at, bad, logs), tf.cond(ended, close, lambda: tables)

        (at, bad, _), tables = tf.while_loop(
            lambda state, _: tf.logical_and(state[0] < last, state[1] < 0),
            epoch,
            ((first, tf.constant(-1), logs), tables),
        )
        sound = tf.reduce_all([tf.reduce_all(tf.math.is_finite(v.value)) for v in self.weights])
        return at, bad, sound, tables

    def _batches(self, state: State, last: Any, steps: Any, orders: Any, data: Batch) -> State:
        """To the end of an epoch, or to `last`."""
        size, full = self.plan.batch, self.plan.full
        epoch, begun = state[0] // steps, state[0] - state[0] % steps

        def step(state: State, rows: int) -> State:
            at = state[0]
            chosen = tf.slice(orders, [epoch, (at - begun) * size], [1, rows])[0]
            logs = self.step(tf.nest.map_structure(lambda array: tf.gather(array, chosen), data))
            finite = tf.math.is_finite(logs["loss"]) if "loss" in logs else tf.constant(True)
            return tf.where(finite, at + 1, at), tf.where(finite, -1, at), logs

        stop = tf.minimum(last, begun + full)
        goes_on: Callable[[State], Any] = lambda s: tf.logical_and(s[0] < stop, s[1] < 0)  # noqa: E731
        state = tf.while_loop(lambda *s: goes_on(s), lambda *s: step(s, size), state)
        if not self.plan.tail:
            return state
        left = tf.logical_and(tf.logical_and(state[0] == begun + full, state[0] < last), state[1] < 0)
        return tf.cond(left, lambda: step(state, self.plan.tail), lambda: state)

    def _close(self, tables: Any, logs: Any, epoch: Any, held: Batch) -> Any:
        """Write the logs of an epoch down, and begin anew."""
        self._reset()
        if self.test is not None:
            logs = {**logs, **{f"val_{name}": value for name, value in self._held(held).items()}}
        return {name: tf.tensor_scatter_nd_update(table, [[epoch]], logs[name][None]) for name, table in tables.items()}

    def _held(self, held: Batch) -> Any:
        size, rows = self.plan.batch, self.plan.held
        logs = {name: tf.zeros(value.shape, value.dtype) for name, value in self.test.structured_outputs.items()}

        def step(at: Any, count: int) -> Any:
            return self.test(tf.nest.map_structure(lambda array: _rows(array, at * size, count), held))

        _, logs = tf.while_loop(
            lambda at, _: at < rows // size, lambda at, _: (at + 1, step(at, size)), (tf.constant(0), logs)
        )
        if rows % size:
            logs = step(tf.constant(rows // size), rows % size)
        self._reset()
        return logs

    def _reset(self) -> None:
        reset = self.reset()
        assert reset is not None  # tracing happens in a call that holds the model
        reset()


def _rows(array: Any, start: Any, count: int) -> Any:
    rest = array.shape[1:]
    return tf.slice(array, [start, *[0] * len(rest)], [count, *rest])


def _step(step: Callable[[Batch], Logs], sample: Batch) -> Any:
    """A step traced once, for batches of any size."""
    spec = tf.nest.map_structure(lambda array: tf.TensorSpec([None, *array.shape[1:]], array.dtype), sample)
    return tf.function(step, autograph=False).get_concrete_function(spec)


def _pays(model: Any, plan: Plan) -> bool:
    return not tf.config.list_physical_devices("GPU") and small(model, plan.batch)
