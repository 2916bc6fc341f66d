"""Epochs as one graph of TensorFlow: a loop over epochs around a loop over batches around Keras's own step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ...numerics.keras_private import draws_numbers, layers_of
from . import Batch, Logs, Plan, Program
from .compiled import Compiled
from .stepped import Stepped
from .work import by_size, convolutional, multiplications

FEW = 30, 30  # steps (small models, others), below which a loop is not worth what it costs to trace beyond a step
STREAM = 300, 1000  # steps of a stream to come, below which they are made one by one: small models, others
JOINED = 2**18  # bytes of a batch in float64, at most, that are worth copying into a block
AHEAD = True  # whether the next batches of a stream are read while steps are computed
LOOPS = True  # whether the loop over batches is compiled, whatever `jit_compile` says
XLA = 400, 1000  # steps (small models, others), from which on it is worth compiling: it starts no operations one by one
COPIED = 2**22  # bytes of data, below which an epoch's rows are gathered at once
LIGHT = 6e7  # multiplications of a step forwards, below which its matrices take less time than starting operations


def make(model: Any, plan: Plan, sample: Batch, held: Batch, few: bool, compiler: bool | None) -> Program:
    """The program for these shapes."""
    if few or model.run_eagerly:
        return AsFit(model, plan)
    return Epochs(model, plan, sample, held, compiler)


def copies(variables: list[Any]) -> list[Any]:
    """Copies."""
    return [tf.identity(v.value) for v in variables]


def assign(variables: list[Any], values: list[Any]) -> None:
    """Copy back."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def randomness() -> None:
    """Keras draws from seeds that it keeps in the model."""


def set_randomness(state: None) -> None:
    """Nothing to put back."""


def arguments(model: Any, batch: Batch) -> tuple[Any, ...]:
    """What fit calls the model's `train_function` with, for this batch."""
    return (iter([batch]),)


class AsFit(Stepped):
    """Keras's own functions, which take batches of any size; eager where the model asks for that."""

    def step(self, batch: Batch) -> Logs:
        self._model.make_train_function()
        logs: Logs = self._model.train_function(iter([batch]))
        return logs

    def test(self, batch: Batch) -> Logs:
        self._model.make_test_function()
        logs: Logs = self._model.test_function(iter([batch]))
        return logs


class Epochs(Compiled):
    """A graph of TensorFlow; compiled by XLA for long trainings of small models.

    XLA starts no operations one by one, which is what small steps take their time for. Its matrices and convolutions
    are slower than TensorFlow's on CPU, and its random numbers are others than those that fit would draw. The choice
    hangs on counts alone, never on a clock: the same call gives the same numbers.
    """

    def __init__(self, model: Any, plan: Plan, sample: Batch, held: Batch, compiler: bool | None) -> None:
        super().__init__(model, plan)
        light = multiplications(model, plan.batch) < LIGHT and not convolutional(model)
        self.may = compiler is None and light and not _draws(model) and _on_cpu()
        self.many = by_size(XLA, model, plan.batch)
        self.xla = self.always = compiler is True
        self.compiled: dict[tuple[str, bool], Any] = {}
        self.specs = {"train": _specs(model.train_step, sample) if self.own_step else {}, "test": {}}
        if held is not None and self.own_test:
            self.specs["test"] = _specs(model.test_step, held)

    def expect(self, total: int) -> None:
        self.xla = self.always or (self.may and (self.xla or total >= self.many))  # what is compiled stays

    def place(self, data: Batch) -> Batch:
        return tf.nest.map_structure(tf.convert_to_tensor, data)

    def _whole(self, count: int, orders: np.ndarray, data: Batch, held: Batch) -> dict[str, np.ndarray]:
        numbers = tf.constant(count), tf.constant(orders, tf.int32)
        tables = self._call(self._epochs, *numbers, data, held)
        return {name: table.numpy() for name, table in tables.items()}

    def _part(self, order: np.ndarray, first: int, last: int, data: Batch) -> Logs:
        numbers = tf.constant(first), tf.constant(last)
        logs: Logs = self._call(self._batches, tf.constant(order, tf.int32), data, *numbers)
        return logs

    def _tail(self, order: np.ndarray, data: Batch) -> Logs:
        logs: Logs = self._call(self._last, tf.constant(order, tf.int32), data)
        return logs

    def _evaluate(self, held: Batch) -> Logs:
        logs: Logs = self._call(self._held, held)
        return logs

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return self._compile(function)(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if not self.xla:
                raise
            self.xla = self.may = self.always = False  # XLA cannot compile this model; it said so before the first step
            return self._compile(function)(*arguments)

    def _compile(self, function: Callable[..., Any]) -> Any:
        key = function.__name__, self.xla
        if key not in self.compiled:
            made = self.compiled[key] = tf.function(function, autograph=False, jit_compile=self.xla)
            made._omit_frequent_tracing_warning = True  # each model has programs of its own, as it should
        return self.compiled[key]

    def _epochs(self, count: Any, orders: Any, data: Batch, held: Batch) -> Any:
        """`count` epochs: the tables of their logs."""
        named = {
            **self._logs("train"),
            **({f"val_{k}": v for k, v in self._logs("test").items()} if held is not None else {}),
        }
        tables = {name: tf.zeros([self.plan.epochs, *value.shape], value.dtype) for name, value in named.items()}

        def epoch(at: Any, tables: Any) -> Any:
            seen = self._seen(orders[at], data)
            logs = self._loop(seen, 0, self.plan.full)
            if self.plan.tail:
                logs = self._step(seen, self.plan.full * self.plan.batch, self.plan.tail)
            logs = logs if self.own_step else self._logs("train")
            self.model().reset_metrics()
            if held is not None:
                logs = {**logs, **{f"val_{name}": value for name, value in self._held(held).items()}}
                self.model().reset_metrics()
            put = tf.tensor_scatter_nd_update
            return at + 1, {name: put(table, [[at]], logs[name][None]) for name, table in tables.items()}

        return tf.while_loop(lambda at, _: at < count, epoch, (tf.constant(0), tables))[1]

    def _batches(self, order: Any, data: Batch, first: Any, last: Any) -> Any:
        return self._loop(self._seen(order, data), first, last)

    def _last(self, order: Any, data: Batch) -> Any:
        return self._step(self._seen(order, data), self.plan.full * self.plan.batch, self.plan.tail)

    def _seen(self, order: Any, data: Batch) -> Callable[[Any, int], Batch]:
        """How to take so many rows of the epoch from a start on: small data are put in order once, large ones never."""
        if sum(array.shape.num_elements() * array.dtype.size for array in tf.nest.flatten(data)) < COPIED:
            ordered = tf.nest.map_structure(lambda array: tf.gather(array, order), data)
            return lambda start, count: tf.nest.map_structure(lambda array: _rows(array, start, count), ordered)

        def take(start: Any, count: int) -> Batch:
            rows = tf.slice(order, [start], [count])
            return tf.nest.map_structure(lambda array: tf.gather(array, rows), data)

        return take

    def _loop(self, seen: Callable[[Any, int], Batch], first: Any, last: Any) -> Any:
        """Batches `first` to `last`, all full."""
        size = self.plan.batch

        def step(at: Any, _: Any) -> Any:
            return at + 1, self._step(seen, at * size, size)

        logs = {name: tf.zeros(spec.shape, spec.dtype) for name, spec in self.specs["train"].items()}
        return tf.while_loop(lambda at, _: at < last, step, (tf.convert_to_tensor(first), logs))[1]

    def _step(self, seen: Callable[[Any, int], Batch], start: Any, count: int) -> Any:
        """One step of training; its logs, where they are the step's own. Known sizes are quicker than fit's unknown."""
        logs = self.model().train_step(seen(start, count))
        return _tensors(logs) if self.own_step else {}

    def _held(self, held: Batch) -> Any:
        size, rows = self.plan.batch, self.plan.held

        def step(at: Any, count: int) -> Any:
            logs = self.model().test_step(tf.nest.map_structure(lambda array: _rows(array, at * size, count), held))
            return _tensors(logs) if self.own_test else {}

        logs = {name: tf.zeros(spec.shape, spec.dtype) for name, spec in self.specs["test"].items()}
        if rows >= size:
            loop = (tf.constant(0), logs)
            logs = tf.while_loop(lambda at, _: at < rows // size, lambda at, _: (at + 1, step(at, size)), loop)[1]
        if rows % size:
            logs = step(rows // size, rows % size)
        return logs if self.own_test else self._logs("test")

    def _logs(self, kind: str) -> Any:
        """The results of the metrics as they are now; only shapes and types where steps have logs of their own."""
        return self.specs[kind] or _tensors(self.model().get_metrics_result())


def _tensors(logs: Logs) -> Any:
    return {name: tf.convert_to_tensor(value) for name, value in logs.items()}


def _rows(array: Any, start: Any, count: int) -> Any:
    rest = array.shape[1:]
    return tf.slice(array, [start, *[0] * len(rest)], [count, *rest])


def _specs(step: Callable[[Batch], Logs], sample: Batch) -> Any:
    """Shapes and types of the logs of a step of the user's own."""
    spec = tf.nest.map_structure(lambda array: tf.TensorSpec([None, *array.shape[1:]], array.dtype), sample)
    return (
        tf.function(lambda batch: _tensors(step(batch)), autograph=False).get_concrete_function(spec).structured_outputs
    )


def _draws(model: Any) -> bool:
    """Whether a layer draws random numbers."""
    return any(map(draws_numbers, layers_of(model)))


def _on_cpu() -> bool:
    return not tf.config.list_physical_devices("GPU")
