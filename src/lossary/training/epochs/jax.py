"""Epochs as one function of JAX: a loop over epochs around a loop over batches around Keras's own stateless step."""

from __future__ import annotations

import weakref
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from . import Batch, Logs, Plan, Program, Ran, variables
from .stepped import Stepped
from .work import convolutional, small

Groups = tuple[
    list[Any], list[Any], list[Any], list[Any]
]  # trainable, others, optimizer, metrics, as train_step has them


def make(model: Any, plan: Plan, sample: Batch, held: Batch, compiler: bool | None) -> Program:
    """The program for these shapes. Inside of loops XLA does not spread convolutions over the processor's cores."""
    compiled = not model.run_eagerly and model.jit_compile
    if not compiled or (convolutional(model) and not small(model, plan.batch)):
        return Steps(model, plan, compiled)
    return Epochs(model, plan, held)


def snapshot(variables: list[Any]) -> list[Any]:
    """JAX's arrays do not change."""
    return [v.value for v in variables]


def restore(variables: list[Any], state: list[Any]) -> None:
    """Put them back."""
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)


def _state(model: Any) -> Groups:
    state: Groups = model._get_jax_state(
        trainable_variables=True, non_trainable_variables=True, optimizer_variables=True, metrics_variables=True
    )
    return state


def _keep(model: Any, state: Groups) -> None:
    restore(variables(model), [value for group in state for value in group])


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
        # The state may be used up by a step: what a snapshot holds is copied first.
        self.train_step = jax.jit(train, donate_argnums=0) if compiled else train
        self.test_step = jax.jit(test) if compiled else test
        self.state: Any = None

    def place(self, data: Batch) -> Batch:
        return jax.tree.map(np.asarray, data)

    def begin(self) -> None:
        self.state = jax.tree.map(jnp.copy, _state(self._model))

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

    def finite(self, losses: list[Any]) -> np.ndarray:
        return np.isfinite(np.array(jax.device_get(losses), dtype=float))


class Epochs:
    """One compiled program."""

    def expect(self, total: int) -> None:
        """It is compiled however much there is to do."""

    def __init__(self, model: Any, plan: Plan, held: Batch) -> None:
        self.model: Any = weakref.ref(model)
        self.plan, self.tests = plan, held is not None
        self.loop, self.test = jax.jit(self._epochs), jax.jit(self._evaluate)

    def place(self, data: Batch) -> Batch:
        return jax.tree.map(jnp.asarray, data)

    def run(self, first: int, last: int, steps: int, orders: np.ndarray, data: Batch, held: Batch) -> Ran:
        model = self.model()
        at, bad, sound, tables, state = self.loop(_state(model), first, last, steps, orders, data, held)
        _keep(model, state)
        epochs = range(first // steps, int(at) // steps)
        tables = jax.device_get(tables)
        logs = [{name: table[epoch] for name, table in tables.items()} for epoch in epochs]
        return Ran(logs, int(bad), bool(sound))

    def evaluate(self, held: Batch) -> Logs:
        model = self.model()
        logs, state = self.test(_state(model), held)
        _keep(model, state)
        return dict(jax.device_get(logs))

    def _evaluate(self, state: Groups, held: Batch) -> Any:
        return self._held(_fresh(self.model(), state), held)

    def _epochs(self, state: Groups, first: Any, last: Any, steps: Any, orders: Any, data: Batch, held: Batch) -> Any:
        """All epochs: the step reached, the first bad one or -1, whether weights are finite, logs by epoch, state."""
        row = jax.tree.map(lambda array: array[: self.plan.batch], data)
        logs = jax.tree.map(_blank, jax.eval_shape(self._step, state, row)[0])
        closed = jax.eval_shape(self._close, state, logs, held)[1]
        tables = jax.tree.map(lambda spec: jnp.zeros((self.plan.epochs, *spec.shape), spec.dtype), closed)

        def epoch(carried: Any) -> Any:
            at, bad, logs, state, tables = carried
            at, bad, logs, state = self._batches((at, bad, logs, state), last, steps, orders, data)

            def close(state: Groups, tables: Any) -> Any:
                state, row = self._close(state, logs, held)
                return state, jax.tree.map(lambda table, value: table.at[(at - 1) // steps].set(value), tables, row)

            ended = (at % steps == 0) & (bad < 0)
            state, tables = jax.lax.cond(ended, close, lambda *same: same, state, tables)
            return at, bad, logs, state, tables

        carried = (jnp.int32(first), jnp.int32(-1), logs, state, tables)
        at, bad, _, state, tables = jax.lax.while_loop(lambda c: (c[0] < last) & (c[1] < 0), epoch, carried)
        sound = jnp.all(jnp.array([jnp.all(jnp.isfinite(value)) for value in state[0]]))
        return at, bad, sound, tables, state

    def _batches(self, carried: Any, last: Any, steps: Any, orders: Any, data: Batch) -> Any:
        """To the end of an epoch, or to `last`."""
        size, full = self.plan.batch, self.plan.full
        epoch, begun = carried[0] // steps, carried[0] - carried[0] % steps

        def step(carried: Any, rows: int) -> Any:
            at, _, _, state = carried
            chosen = jax.lax.dynamic_slice(orders, (epoch, (at - begun) * size), (1, rows))[0]
            logs, state = self._step(state, jax.tree.map(lambda a: jnp.take(a, chosen, axis=0, mode="clip"), data))
            finite = jnp.isfinite(logs["loss"]) if "loss" in logs else True
            return jnp.where(finite, at + 1, at), jnp.where(finite, -1, at), logs, state

        stop = jnp.minimum(last, begun + full)
        carried = jax.lax.while_loop(lambda c: (c[0] < stop) & (c[1] < 0), lambda c: step(c, size), carried)
        if not self.plan.tail:
            return carried
        left = (carried[0] == begun + full) & (carried[0] < last) & (carried[1] < 0)
        return jax.lax.cond(left, lambda c: step(c, self.plan.tail), lambda c: c, carried)

    def _step(self, state: Groups, batch: Batch) -> Any:
        logs, new = self.model().train_step(state, batch)
        return {name: jnp.asarray(value) for name, value in logs.items()}, _as(state, new)

    def _close(self, state: Groups, logs: Logs, held: Batch) -> tuple[Groups, Logs]:
        """What an epoch's row of the tables holds; metrics begin anew."""
        state = _fresh(self.model(), state)
        if self.tests:
            tested, state = self._held(state, held)
            logs = {**logs, **{f"val_{name}": value for name, value in tested.items()}}
        return _as(state, state), logs

    def _held(self, state: Groups, held: Batch) -> tuple[Logs, Groups]:
        size = self.plan.batch
        rows = len(jax.tree.leaves(held)[0])

        def step(at: Any, count: int, state: Groups) -> Any:
            trainable, others, optimizer, metrics = state
            batch = jax.tree.map(lambda array: jax.lax.dynamic_slice_in_dim(array, at * size, count), held)
            logs, (_, new_others, new_metrics) = self.model().test_step((trainable, others, metrics), batch)
            return _as(state, (trainable, new_others, optimizer, new_metrics)), logs

        logs = jax.tree.map(_blank, jax.eval_shape(lambda state: step(0, min(size, rows), state)[1], state))
        state, logs = jax.lax.fori_loop(0, rows // size, lambda at, c: step(at, size, c[0]), (state, logs))
        if rows % size:
            state, logs = step(rows // size, rows % size, state)
        return logs, _fresh(self.model(), state)


def _blank(spec: Any) -> Any:
    return jnp.zeros(spec.shape, spec.dtype)


def _as(old: Groups, new: Any) -> Groups:
    """The new state in the types of the old one, as a loop has to carry it."""
    cast: Groups = jax.tree.map(lambda a, b: jax.lax.convert_element_type(b, a.dtype), old, tuple(new))
    return cast
