"""What compiled epochs share: whole epochs are one call; an epoch that is long, or only wanted in part, is several."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from . import Batch, Logs, Plan, Ran, all_finite
from .stepped import to_numpy


class Compiled:
    """Subclasses compile `_whole`, `_part`, `_tail` and `_evaluate`; state is in the model's variables between calls.

    Where steps are Keras's own, their logs are the results of the metrics, and no loop has to carry them.
    """

    whole = True

    def __init__(self, model: Any, plan: Plan) -> None:
        self.model: Any = weakref.ref(model)
        self.plan = plan
        self.last: Logs = {}
        kind = type(model)
        plain = kind.compute_metrics is keras.Model.compute_metrics
        self.own_step = not (plain and kind.train_step is keras.Model.train_step)
        self.own_test = not (plain and kind.test_step is keras.Model.test_step)

    def expect(self, total: int) -> None:
        """It is compiled however much there is to do."""

    def run(self, first: int, last: int, steps: int, orders: np.ndarray, data: Batch, held: Batch) -> Ran:
        if first % steps == 0 and last % steps == 0:
            epoch, count = first // steps, (last - first) // steps
            shifted = orders if epoch == 0 else np.concatenate([orders[epoch:], orders[:epoch]])
            tables = self._whole(count, shifted, data, held)
            logs = [{name: table[k] for name, table in tables.items()} for k in range(count)]
        else:
            logs = list(self._parts(first, last, steps, orders, data, held))
        return Ran(logs, all_finite(self.model()), self.last if self.own_step else {})

    def _parts(self, first: int, last: int, steps: int, orders: np.ndarray, data: Batch, held: Batch) -> Iterator[Logs]:
        """The logs of the epochs that end."""
        at, full, logs = first, self.plan.full, {}
        while at < last:
            epoch, start = divmod(at, steps)
            stop = min(start + last - at, self.plan.steps)
            if start < full:
                logs = self._part(orders[epoch], start, min(stop, full), data)
            if stop > full:
                logs = self._tail(orders[epoch], data)
            self.last = logs
            at += stop - start
            if at % steps == 0:
                yield self._ended(logs, held)

    def _ended(self, logs: Logs, held: Batch) -> Logs:
        """The logs of an epoch; metrics begin anew."""
        model = self.model()
        found = logs if self.own_step else model.get_metrics_result()
        found = {name: to_numpy(value) for name, value in found.items()}
        model.reset_metrics()
        if held is not None:
            found |= {f"val_{name}": to_numpy(value) for name, value in self._evaluate(held).items()}
            model.reset_metrics()
        return found

    def _whole(self, count: int, orders: np.ndarray, data: Batch, held: Batch) -> dict[str, np.ndarray]:
        """The first `count` epochs of `orders`: tables of the logs, one row for each of the plan's epochs."""
        raise NotImplementedError

    def _part(self, order: np.ndarray, first: int, last: int, data: Batch) -> Logs:
        """Batches `first` to `last`, all full, of one epoch."""
        raise NotImplementedError

    def _tail(self, order: np.ndarray, data: Batch) -> Logs:
        """The last, smaller batch."""
        raise NotImplementedError

    def _evaluate(self, held: Batch) -> Logs:
        raise NotImplementedError
