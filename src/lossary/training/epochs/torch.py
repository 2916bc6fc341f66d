"""Epochs on torch: a loop in Python around steps that are traced once, or Keras's own where that does not work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import torch
from keras import tree

from ...core.contract import checks
from ...numerics.keras_private import plain_updates
from . import Batch, Logs, Plan, Program, variables
from .stepped import Stepped

FEW = 0, 0  # steps too few for a program of their own: each kind of step decides that for itself
STREAM = 300, 300  # steps of a stream to come, below which they are made one by one: small models, others
JOINED = float("inf")  # bytes of a batch in float64, at most, that are worth copying into a block
AHEAD = False  # a stream that is read meanwhile would draw from the generator that steps draw from
LOOPS = False  # whether the loop over batches is compiled, whatever `jit_compile` says
MANY = 200  # steps of one kind still to come, from which on tracing it costs less than it saves
PIECE = 2**26  # bytes of rows that are put in order at once


def make(model: Any, plan: Plan, sample: Batch, held: Batch, few: bool, compiler: bool | None) -> Program:
    """The program for these shapes."""
    return Steps(model, plan, compiler)


def copies(variables: list[Any]) -> list[torch.Tensor]:
    """Copies of the values."""
    return [v.value.detach().clone() for v in variables]


def assign(variables: list[Any], values: list[torch.Tensor]) -> None:
    """Copy values into the variables."""
    with torch.no_grad():
        for variable, value in zip(variables, values, strict=True):
            variable.value.data.copy_(value)


def randomness() -> torch.Tensor:
    """The state of the generator that a Dropout without a seed draws from."""
    return torch.get_rng_state()


def set_randomness(state: torch.Tensor) -> None:
    """Put it back."""
    torch.set_rng_state(state)


def arguments(model: Any, batch: Batch) -> tuple[Any, ...]:
    """What fit calls the model's `train_function` with, for this batch."""
    return ([batch],)


Function = Callable[..., list[torch.Tensor]]


@dataclass
class Kind:
    """Steps of one kind: training or evaluation, with so many rows."""

    program: Function | None = None
    names: list[str] | None = None
    checked: bool = False
    hopeless: bool = False


class Steps(Stepped):
    """Each kind of step is run by Keras twice: then a trace of the first run has to give what the second one gave."""

    def __init__(self, model: Any, plan: Plan, compiler: bool | None) -> None:
        super().__init__(model, plan)
        self.compiler, self.total = compiler, 0
        self.traced = compiler is not False and not model.run_eagerly
        self.kinds: dict[tuple[bool, int], Kind] = {}
        self.variables: list[Any] = []
        self.state: list[torch.Tensor] | None = None  # None: the model's variables hold it
        self.fresh: list[torch.Tensor] = []

    def expect(self, total: int) -> None:
        self.total = total

    def place(self, data: Batch) -> Batch:
        return tree.map_structure(keras.ops.convert_to_tensor, data)

    def begin(self) -> None:
        model = self._model
        self.variables = variables(model)
        self.trainable = len(model.trainable_variables)
        self.metrics = len(model.metrics_variables)
        with keras.StatelessScope() as scope:
            model.reset_metrics()
        fresh = [scope.get_current_value(v) for v in model.metrics_variables]
        self.fresh = [
            v.value.detach().clone() if f is None else f for v, f in zip(model.metrics_variables, fresh, strict=True)
        ]
        model.train()

    def end(self) -> None:
        self._release()
        self._model.eval()
        self.variables = []

    def reset(self) -> None:
        if self.state is None:
            self._model.reset_metrics()
        elif self.metrics:
            self.state[-self.metrics :] = self.fresh

    def cut(self, data: Batch, rows: np.ndarray) -> Iterator[Batch]:
        """Rows are put in order many at once, and the batches are views of that."""
        size = self.plan.batch
        flat = tree.flatten(data)
        each = sum(array[0].numel() * array.element_size() for array in flat)
        piece = max(1, PIECE // max(each * size, 1)) * size
        for start in range(0, len(rows), piece):
            chosen = torch.from_numpy(rows[start : start + piece].astype(np.int64))
            parts = [array.index_select(0, chosen.to(array.device)).split(size) for array in flat]
            for batch in zip(*parts, strict=True):
                yield tree.pack_sequence_as(data, list(batch))

    def step(self, batch: Batch) -> Logs:
        return self._step(True, batch)

    def test(self, batch: Batch) -> Logs:
        return self._step(False, batch)

    def _step(self, training: bool, batch: Batch) -> Logs:
        tensors = tree.flatten(batch)
        kind = self.kinds.setdefault((training, len(tensors[0])), Kind())
        if not kind.checked and not kind.hopeless:
            return self._try(kind, training, batch)
        if kind.hopeless or kind.program is None:
            self._release()
            return self._eager(training, batch)
        if self.state is None:
            self.state = copies(self.variables)
        with torch.inference_mode():
            found = kind.program(*self.state, *tensors)
        self.state = found[: len(self.state)]
        return dict(zip(kind.names or [], found[len(self.state) :], strict=True))

    def _eager(self, training: bool, batch: Batch) -> Logs:
        logs: Logs
        if training:
            logs = self._model.train_step(batch)
        else:
            self._model.eval()
            with torch.no_grad():
                logs = self._model.test_step(batch)
            self._model.train()
        return {name: value.detach() if isinstance(value, torch.Tensor) else value for name, value in logs.items()}

    def _release(self) -> None:
        """The model's variables hold the state."""
        if self.state is not None:
            assign(self.variables, self.state)
            self.state = None

    def _try(self, kind: Kind, training: bool, batch: Batch) -> Logs:
        """A step by Keras itself; trace it, or hold the trace against it."""
        self._release()
        if not self.traced or self._to_come(training, len(tree.flatten(batch)[0])) < MANY:
            return self._eager(training, batch)
        before = copies(self.variables)
        drawn = torch.get_rng_state()
        logs = self._eager(training, batch)
        now = torch.get_rng_state()
        torch.set_rng_state(drawn)
        try:
            if kind.program is None:
                self._trace(kind, training, before, batch)
            else:
                kind.checked = self._agrees(kind.program, before, batch)
                kind.hopeless = not kind.checked
        except Exception:  # whatever a model of the user's own does that cannot be traced
            kind.hopeless = True
        torch.set_rng_state(now)
        return logs

    def _to_come(self, training: bool, rows: int) -> int:
        """About how many steps of this kind are still to be run."""
        epochs = -(-self.total // self.plan.steps)
        if not training:
            return epochs * (self.plan.held // rows)
        return epochs if rows == self.plan.tail else self.total

    def _trace(self, kind: Kind, training: bool, state: list[torch.Tensor], batch: Batch) -> None:
        from ..traces.torch import trace  # which takes a while to import

        names: list[str] = []

        def whole(*tensors: torch.Tensor) -> list[torch.Tensor]:
            """The step as a function: state and batch to state and logs."""
            old, data = tensors[: len(state)], tree.pack_sequence_as(batch, list(tensors[len(state) :]))
            leaves = [t.detach().requires_grad_() if training else t for t in old[: self.trainable]]
            values = [*leaves, *old[self.trainable :]]
            with keras.StatelessScope(state_mapping=list(zip(self.variables, values, strict=True))) as scope:
                logs = self._eager(training, data)
            names[:] = list(logs)
            new = [scope.get_current_value(variable).detach() for variable in self.variables]
            return [*new, *(torch.as_tensor(value) for value in logs.values())]

        with plain_updates(self._model.optimizer), checks(False):  # what is compiled does not look at values
            program = trace(whole, [*state, *tree.flatten(batch)])
        kind.program, kind.names = torch.compile(program) if self.compiler else program, names

    def _agrees(self, program: Function, before: list[torch.Tensor], batch: Batch) -> bool:
        """Whether the trace changes the state as Keras just did, to rounding."""
        with torch.inference_mode():
            found = program(*before, *tree.flatten(batch))
        pairs = zip(before, found, (v.value.detach() for v in self.variables), strict=False)
        return all(_close(old, new, true) for old, new, true in pairs)


def _close(old: torch.Tensor, new: torch.Tensor, true: torch.Tensor) -> bool:
    if not true.is_floating_point():
        return new.dtype == true.dtype and bool((new == true).all())
    change = (true - old).abs().max() if true.numel() else torch.tensor(0.0)
    rounding = 8 * torch.finfo(true.dtype).eps * true.abs().max() if true.numel() else 0.0
    return new.shape == true.shape and bool(((new - true).abs() <= 2e-3 * change + rounding).all())
