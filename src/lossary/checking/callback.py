"""`lossary.Check`: the check as a callback of fit(), on the first batch, before any step."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any

import keras
from keras import tree

from .._calls import checked_call
from ..core.errors import ParameterError, shown
from ..numerics.backend import peek, training_state
from .case import ROWS
from .check import judge
from .feeds import Feed
from .findings import Findings
from .known import to_numpy
from .model import Inputs, cases_of_predictions, predict
from .rule import chosen
from .untouched import untouched


class Check(keras.callbacks.Callback):
    """Looks at the first batch of `fit` before the first step.

        model.fit(x, y, callbacks=[ls.Check()])

    An ERROR raises a LossaryError: no step has been taken and the weights are untouched. Warnings are given by
    `warnings.warn`. What was found stays in `.findings`. No batch is lost, and a training without errors gives the
    same weights as without this callback. On several replicas the rows of the first one are looked at.

    Args:
        ignore: ids of rules to leave out, such as ["L003"].
        on_error: "raise", or "warn" to go on training.
    """

    @checked_call
    def __init__(self, ignore: Iterable[str] = (), on_error: str = "raise") -> None:
        super().__init__()
        self.rules = chosen(ignore)
        if not isinstance(on_error, str) or on_error not in ("raise", "warn"):
            raise ParameterError(
                "Check(on_error=...) says what an ERROR does to fit().",
                arrived=f"It was given {shown(on_error)}.",
                allowed="Expected 'raise' or 'warn'.",
                do="Leave it out to stop before the first step.",
            )
        self.on_error = on_error
        self.findings: Findings | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Stand before the first step: it alone sees the batch as training does, whatever the data come from."""
        model: Any = self.model
        step = self._step = model.train_function

        def first_step(*arguments: Any) -> Any:
            model.train_function = step
            try:
                batch, arguments = peek(arguments)
            except StopIteration:  # no data; the step itself says so
                return step(*arguments)
            with _in_place(training_state(model, arguments)):
                self.findings = self._look(batch)
                self._tell(self.findings)
            return step(*arguments)

        model.train_function = first_step

    def on_train_end(self, logs: Any = None) -> None:
        """Leave nothing behind when there was no step."""
        self.model.train_function = self._step

    def _look(self, batch: Any) -> Findings:
        model: Any = self.model
        x, y, w = keras.utils.unpack_x_y_sample_weight(batch)
        if y is None or model.loss is None:
            return Findings()
        x, y, w = (tree.map_structure(lambda part: None if part is None else part[:ROWS], part) for part in (x, y, w))
        with untouched():
            targets, weights = (None if part is None else tree.map_structure(to_numpy, part) for part in (y, w))
            seen = None if x is None else tree.map_structure(to_numpy, x)
            found = Inputs(model, Feed(x, targets, weights, seen, targets, weights))
            return judge(cases_of_predictions(model, x, *predict(model, x), targets, weights, found, True), self.rules)

    def _tell(self, found: Findings) -> None:
        if self.on_error == "raise":
            found.raise_errors()
        for finding in found:
            warnings.warn(str(finding), stacklevel=2)


@contextmanager
def _in_place(state: list[tuple[Any, Any]]) -> Any:
    """A block in which the model's variables hold these values; an error leaves them there, so that none is lost."""
    for variable, value in state:
        variable.assign(value)
    yield
