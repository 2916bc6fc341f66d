"""Programs that run whole epochs, on the current backend: what they take, and what they return.

A program belongs to one model and one set of shapes. It runs Keras's own `train_step` and `test_step` over batches, so
that losses, metrics, states of layers, optimizers and steps of the user's own are those of `fit`. Compiled programs
(tensorflow.py, jax.py) hold the loop over batches and epochs too; stepped ones (stepped.py, torch.py) loop in Python.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import keras
import numpy as np

from ...numerics.keras_private import compilation, loss_mean
from .work import by_size

Batch = Any  # x, (x, y) or (x, y, sample_weight), each an array or a structure of arrays, rows first
Logs = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The shapes of a program: rows of the data and of a batch, epochs that one call may hold, rows held out."""

    rows: int
    batch: int
    epochs: int = 1
    held: int = 0

    @property
    def full(self) -> int:
        """Batches of `batch` rows in an epoch."""
        return self.rows // self.batch

    @property
    def tail(self) -> int:
        """Rows of the last, smaller batch; 0 where there is none."""
        return self.rows % self.batch

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-self.rows // self.batch)


@dataclass
class Ran:
    """What a call did: the logs of each epoch that ended in it (training, then what is held out as val_...)."""

    logs: list[Logs] = field(default_factory=list)
    all_finite: bool = True  # whether all weights, and the mean loss of an epoch that has not ended, are finite
    last: Logs = field(default_factory=dict)  # of the last step, where they are not the results of the metrics


class Program(Protocol):
    """Steps `first` to `last` of the epochs in `orders`, of `steps` steps each.

    `orders` is (epochs, rows), the rows of each epoch in the order in which they are seen. Step k of epoch e has the
    index e * steps + k. Metrics are those of the model and start anew after each epoch; `steps` larger than the rows
    give leaves the epoch open, so that several calls can make one.

    `whole`: whole epochs and parts of them are compiled each for itself.
    """

    whole: bool

    def expect(self, total: int) -> None:
        """About so many steps are going to be run."""

    def place(self, data: Batch) -> Batch:
        """Arrays where this program wants them."""

    def run(self, first: int, last: int, steps: int, orders: np.ndarray, data: Batch, held: Batch) -> Ran:
        """Run; the model's variables are up to date afterwards."""


def backend() -> ModuleType:
    """The module of the running backend."""
    return import_module(f"{__name__}.{keras.backend.backend()}")


def joins(model: Any, compiler: bool | None) -> bool:
    """Whether one call for many batches can be faster than one call each: not where each is a step of Keras's own."""
    return not model.run_eagerly and (compiler is not False or backend().LOOPS)


@dataclass
class _Cached:
    """The programs of a model as it is compiled now."""

    compiled: Any
    programs: dict[Any, Program] = field(default_factory=dict)


_PROGRAMS: weakref.WeakKeyDictionary[Any, _Cached] = weakref.WeakKeyDictionary()
MANY = 16  # shapes of one model; a stream of ever new ones shall not fill the memory


def program(model: Any, plan: Plan, sample: Batch, held: Batch, total: int, compiler: bool | None) -> Program:
    """The program for these shapes, from the last call where that can be. `total` steps are about to be run; 1: they
    come one by one.

    `sample` and `held` tell structures, shapes and types. `compiler`: XLA on TensorFlow, torch.compile on torch; None
    leaves the choice to what was measured.
    """
    cached = _PROGRAMS.get(model)
    if cached is None or cached.compiled is not compilation(model):
        cached = _PROGRAMS[model] = _Cached(compilation(model))
    few = total == 1 or total < by_size(backend().FEW, model, plan.batch)
    shapes = (plan, _shapes(sample), _shapes(held), compiler, tuple(v.trainable for v in model.variables))
    kinds = (few,) if total == 1 else (False, few)  # what is compiled serves few steps too
    made = next((cached.programs[shapes, kind] for kind in kinds if (shapes, kind) in cached.programs), None)
    if made is None:
        made = cached.programs[shapes, few] = backend().make(model, plan, sample, held, few, compiler)
    while len(cached.programs) > MANY:
        cached.programs.pop(next(iter(cached.programs)))
    made.expect(total)
    return made


def _shapes(data: Batch) -> Any:
    if data is None:
        return None
    flat = [(tuple(array.shape[1:]), str(array.dtype)) for array in keras.tree.flatten(data)]
    return repr(keras.tree.map_structure(lambda _: 0, data)), tuple(flat)


def variables(model: Any) -> list[Any]:
    """All that a step may change."""
    own = [*model.trainable_variables, *model.non_trainable_variables]
    return [*own, *model.optimizer.variables, *model.metrics_variables]


@dataclass(frozen=True)
class Snapshot:
    """What a model was: the values of `variables(model)`, and the state of generators that are not in the model."""

    values: list[Any]
    random: Any


def snapshot(model: Any) -> Snapshot:
    """The model as it is, to go back to."""
    return Snapshot(backend().copies(variables(model)), backend().randomness())


def restore(model: Any, state: Snapshot) -> None:
    """Go back."""
    backend().assign(variables(model), state.values)
    backend().set_randomness(state.random)


def restore_weights(model: Any, state: Snapshot) -> None:
    """Put the layers' weights back, and leave the optimizer where it is."""
    weights = [*model.trainable_variables, *model.non_trainable_variables]
    backend().assign(weights, state.values[: len(weights)])


def all_finite(model: Any) -> bool:
    """Whether all weights, and the mean loss since metrics began anew, are finite."""
    watched = [*model.trainable_variables, *getattr(loss_mean(model), "variables", [])]
    return all(bool(np.isfinite(keras.ops.convert_to_numpy(v.value)).all()) for v in watched)
