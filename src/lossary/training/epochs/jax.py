"""Epochs as one function of JAX: a loop over epochs around a loop over batches around Keras's own stateless step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from ...numerics.keras_private import jax_state
from . import Batch, Logs, Plan, Program, variables
from .compiled import Compiled
from .stepped import Stepped
from .work import convolutional, small

FEW = 200, 500  # steps (small models, others), below which a loop is not worth what it costs to compile beyond a step
STREAM = 1500, float("inf")  # steps of a stream to come, below which they are made one by one: small models, others
JOINED = 2**17  # bytes of a batch in float64, at most, that are worth copying into a block
AHEAD = True  # whether the next batches of a stream are read while steps are computed
LOOPS = True  # whether the loop over batches is compiled, whatever `jit_compile` says
Groups = tuple[
    list[Any], list[Any], list[Any], list[Any]
]  # trainable, others, optimizer, metrics, as train_step has them


def make(model: Any, plan: Plan, sample: Batch, held: Batch, few: bool, compiler: bool | None) -> Program:
    """The program for these shapes. Inside of loops XLA does not spread convolutions over the processor's cores."""
    compiled = not model.run_eagerly and model.jit_compile
    if few or not compiled or (convolutional(model) and not small(model, plan.batch)):
        return Steps(model, plan, compiled)
    return Epochs(model, plan)


def copies(variables: list[Any]) -> list[Any]:
    """On the host: single steps use up the arrays that they are given."""
    return [np.array(v.value) for v in variables]


def assign(variables: list[Any], values: list[Any]) -> None:
    """Put them back."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def randomness() -> None:
    """Keras draws from seeds that it keeps in the model."""


def set_randomness(state: None) -> None:
    """Nothing to put back."""


def arguments(model: Any, batch: Batch) -> tuple[Any, ...]:
    """What fit calls the model's `train_function` with, for this batch."""
    return _state(model), iter([batch])


def _state(model: Any) -> Groups:
    state: Groups = jax_state(model)
    return state


def _keep(model: Any, state: Groups) -> None:
    assign(variables(model), [value for group in state for value in group])


def _fresh(model: Any, state: Groups) -> Groups:
    """The state with metrics that start anew."""
    mapping = list(zip(model.metrics_variables, state[3], strict=True))
    with keras.StatelessScope(state_mapping=mapping) as scope:
        model.reset_metrics()
    return *state[:3], [scope.get_current_value(v) for v in model.metrics_variables]


class Steps(Stepped):
    """Compiled steps, one at a time; batches are cut on the host, where that is quickest."""

    def __init__(self, model: Any, plan: Plan, compiled: bool) -> None:
        super().__init__(model, plan)
        itself: Any = self.model
        train = lambda state, batch: itself().train_step(state, batch)  # noqa: E731
        test = lambda state, batch: itself().test_step(state, batch)  # noqa: E731
        self.train_step = jax.jit(train, donate_argnums=0) if compiled else train
        self.test_step = jax.jit(test) if compiled else test
        self.state: Any = None

    def place(self, data: Batch) -> Batch:
        return jax.tree.map(np.asarray, data)

    def begin(self) -> None:
        self.state = _state(self._model)

    def end(self) -> None:
        _keep(self._model, self.state)
        self.state = None

    def step(self, batch: Batch) -> Logs:
        logs, self.state = self.train_step(self.state, batch)
        return logs

    def test(self, batch: Batch) -> Logs:
        trainable, others, optimizer, metrics = self.state
        logs, (trainable, others, metrics) = self.test_step((trainable, others, metrics), batch)
        self.state = trainable, others, optimizer, metrics
        return logs

    def reset(self) -> None:
        self.state = _fresh(self._model, self.state)


class Epochs(Compiled):
    """Functions of the model's state, which is taken from its variables and put back."""

    def __init__(self, model: Any, plan: Plan) -> None:
        super().__init__(model, plan)
        self.epochs, self.part, self.tail, self.test = map(
            jax.jit, (self._epochs, self._batches, self._last, self._tests)
        )

    def place(self, data: Batch) -> Batch:
        return jax.tree.map(jnp.asarray, data)

    def _whole(self, count: int, orders: np.ndarray, data: Batch, held: Batch) -> dict[str, np.ndarray]:
        tables: dict[str, np.ndarray] = jax.device_get(self._changed(self.epochs, count, orders, data, held))
        return tables

    def _part(self, order: np.ndarray, first: int, last: int, data: Batch) -> Logs:
        logs: Logs = self._changed(self.part, order, data, first, last)
        return logs

    def _tail(self, order: np.ndarray, data: Batch) -> Logs:
        logs: Logs = self._changed(self.tail, order, data)
        return logs

    def _evaluate(self, held: Batch) -> Logs:
        logs: Logs = self._changed(self.test, held)
        return logs

    def _changed(self, function: Any, *arguments: Any) -> Any:
        """What a function of state and arguments gives; the model holds its new state."""
        model = self.model()
        state, found = function(_state(model), *arguments)
        _keep(model, state)
        return found

    def _epochs(self, state: Groups, count: Any, orders: Any, data: Batch, held: Batch) -> tuple[Groups, Any]:
        """`count` epochs: the state after them, and the tables of their logs."""

        def epoch(at: Any, state: Groups) -> tuple[Groups, Logs]:
            new, logs = self._batches(state, orders[at], data, 0, self.plan.full)
            if self.plan.tail:
                new, logs = self._last(new, orders[at], data)
            logs = logs if self.own_step else self._results(new)
            new = _fresh(self.model(), new)
            if held is not None:
                new, tests = self._tests(new, held)
                new = _fresh(self.model(), new)
                logs = {**logs, **{f"val_{name}": value for name, value in tests.items()}}
            return _as(state, new), logs

        def put(at: Any, carried: Any) -> Any:
            state, logs = epoch(at, carried[0])
            return state, jax.tree.map(lambda table, value: table.at[at].set(value), carried[1], logs)

        blank = jax.eval_shape(epoch, 0, state)[1] if self.own_step or self.own_test else self._blank(state, held)
        tables = jax.tree.map(lambda spec: jnp.zeros((self.plan.epochs, *spec.shape), spec.dtype), blank)
        return jax.lax.fori_loop(0, count, put, (state, tables))

    def _blank(self, state: Groups, held: Batch) -> Logs:
        logs = self._results(state)
        return {**logs, **({f"val_{name}": value for name, value in logs.items()} if held is not None else {})}

    def _batches(self, state: Groups, order: Any, data: Batch, first: Any, last: Any) -> tuple[Groups, Logs]:
        size = self.plan.batch

        def step(at: Any, carried: Any) -> Any:
            return self._step(carried[0], data, jax.lax.dynamic_slice(order, (at * size,), (size,)))

        logs = jax.eval_shape(step, 0, (state, {}))[1] if self.own_step else {}
        return jax.lax.fori_loop(first, last, step, (state, jax.tree.map(_zeros, logs)))

    def _last(self, state: Groups, order: Any, data: Batch) -> tuple[Groups, Logs]:
        return self._step(state, data, order[self.plan.full * self.plan.batch :])

    def _step(self, state: Groups, data: Batch, rows: Any) -> tuple[Groups, Logs]:
        """One step of training; its logs, where they are the step's own."""
        batch = jax.tree.map(lambda array: jnp.take(array, rows, axis=0, mode="clip"), data)
        logs, new = self.model().train_step(state, batch)
        return _as(state, new), jax.tree.map(jnp.asarray, logs) if self.own_step else {}

    def _tests(self, state: Groups, held: Batch) -> tuple[Groups, Logs]:
        size = self.plan.batch
        rows = len(jax.tree.leaves(held)[0])

        def step(at: Any, count: int, state: Groups) -> tuple[Groups, Logs]:
            batch = jax.tree.map(lambda array: jax.lax.dynamic_slice_in_dim(array, at * size, count), held)
            trainable, others, optimizer, metrics = state
            logs, (_, others, metrics) = self.model().test_step((trainable, others, metrics), batch)
            new = _as(state, (trainable, others, optimizer, metrics))
            return new, jax.tree.map(jnp.asarray, logs) if self.own_test else {}

        logs: Logs = jax.eval_shape(lambda state: step(0, min(size, rows), state)[1], state) if self.own_test else {}
        if rows >= size:
            loop = (state, jax.tree.map(_zeros, logs))
            state, logs = jax.lax.fori_loop(0, rows // size, lambda at, c: step(at, size, c[0]), loop)
        if rows % size:
            state, logs = step(rows // size, rows % size, state)
        return state, logs if self.own_test else self._results(state)

    def _results(self, state: Groups) -> Logs:
        """The results of the metrics in this state."""
        model = self.model()
        with keras.StatelessScope(state_mapping=list(zip(model.metrics_variables, state[3], strict=True))):
            return {name: jnp.asarray(value) for name, value in model.get_metrics_result().items()}


def _zeros(spec: Any) -> Any:
    return jnp.zeros(spec.shape, spec.dtype)


def _as(old: Groups, new: Any) -> Groups:
    """The new state in the types of the old one, as a loop has to carry it."""
    cast: Groups = jax.tree.map(lambda a, b: jax.lax.convert_element_type(b, a.dtype), old, tuple(new))
    return cast
