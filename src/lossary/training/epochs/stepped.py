"""Epochs as a loop in Python around single steps: where a loop cannot be compiled, or would gain nothing."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import tree

from . import Batch, Logs, Plan, Ran, all_finite


class Stepped:
    """Steps one after the other, eagerly, by the model's own methods.

    Subclasses say how a step is made (`step`, `test`, `reset`), where state is kept meanwhile (`begin`, `end`), and
    how batches are cut (`cut`).
    """

    whole = False

    def __init__(self, model: Any, plan: Plan) -> None:
        self.model: Any = weakref.ref(model)
        self.plan = plan

    def expect(self, total: int) -> None:
        """Most loops do not care."""

    def place(self, data: Batch) -> Batch:
        return data

    def begin(self) -> None:
        """Before the steps of a call."""

    def end(self) -> None:
        """After them: the model's variables have to be up to date."""

    def step(self, batch: Batch) -> Logs:
        """One step of training."""
        logs: Logs = self._model.train_step(batch)
        return logs

    def test(self, batch: Batch) -> Logs:
        """One step of evaluation."""
        logs: Logs = self._model.test_step(batch)
        return logs

    def reset(self) -> None:
        """Metrics start anew."""
        self._model.reset_metrics()

    def cut(self, data: Batch, rows: np.ndarray) -> Iterator[Batch]:
        """Batches of these rows; the last may be smaller."""
        size = self.plan.batch
        for start in range(0, len(rows), size):
            yield tree.map_structure(lambda array: array[rows[start : start + size]], data)  # noqa: B023

    def run(self, first: int, last: int, steps: int, orders: np.ndarray, data: Batch, held: Batch) -> Ran:
        ran, at, logs = Ran(), first, Logs()
        self.begin()
        try:
            while at < last:
                epoch, start = divmod(at, steps)
                stop = min(steps, start + last - at, self.plan.steps)
                for batch in self.cut(data, orders[epoch, start * self.plan.batch : stop * self.plan.batch]):
                    logs = self.step(batch)
                at += stop - start
                if at % steps == 0:
                    self.reset()
                    ran.logs.append({**logs, **(self._held(held) if held is not None else {})})
        finally:
            self.end()
        ran.logs = [{name: to_numpy(value) for name, value in logs.items()} for logs in ran.logs]
        ran.all_finite, ran.last = all_finite(self._model), logs
        return ran

    def pass_on(self, batches: Iterable[Batch]) -> Ran:
        """A step for each of these batches as it comes; the epoch stays open."""
        logs = Logs()
        self.begin()
        try:
            for batch in batches:
                logs = self.step(self.place(batch))
        finally:
            self.end()
        return Ran([], all_finite(self._model), logs)

    def _held(self, held: Batch) -> Logs:
        logs: Logs = {}
        for batch in self.cut(held, np.arange(len(tree.flatten(held)[0]))):
            logs = self.test(batch)
        self.reset()
        return {f"val_{name}": value for name, value in logs.items()}

    @property
    def _model(self) -> Any:
        return self.model()


def to_numpy(value: Any) -> Any:
    """A number or tensor as NumPy."""
    return keras.ops.convert_to_numpy(value) if hasattr(value, "dtype") else np.asarray(value)
