"""The moment of training that a loss is computed in: the step, and the tensors that stand beside y_true and y_pred.

A loss is called with (y_true, y_pred) alone. What changes with the step, or looks at an input or a hidden layer, asks
the moment. Whoever runs the step opens one: the attachment to a compiled model, a LossLayer, or `at_step` in a loop of
one's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from .._calls import checked_call
from .errors import LossaryError, shown

Tensor = Any


@dataclass
class Moment:
    """One step. `step` counts the training batches before this one; a number, or a tensor where it is compiled."""

    step: Any
    training: bool = False
    model: Any = None
    inputs: Any = None
    targets: Any = None
    outputs: Any = None
    hidden: dict[str, Tensor] = field(default_factory=dict)
    terms: dict[str, Tensor] = field(default_factory=dict)  # what each part of a sum came to


_NOW: ContextVar[Moment | None] = ContextVar("lossary_moment", default=None)


def now() -> Moment | None:
    """The moment that is open, or None."""
    return _NOW.get()


@contextlib.contextmanager
def open_moment(moment: Moment) -> Iterator[Moment]:
    """Everything computed in this block happens at `moment`."""
    token = _NOW.set(moment)
    try:
        yield moment
    finally:
        _NOW.reset(token)


@contextlib.contextmanager
@checked_call
def at_step(step: Any) -> Iterator[None]:
    """In a training loop of your own: losses in this block follow their schedules at `step`.

        for step, (x, y) in enumerate(batches):
            with ls.at_step(step):
                loss = target(y, model(x))

    `step` is a whole number, or an integer tensor in compiled code. fit, ls.train and LossLayer count by themselves.
    """
    if isinstance(step, (str, float, bool, type(None))) or (isinstance(step, int) and step < 0):
        raise LossaryError(
            "ls.at_step(step) is the number of the training step.",
            arrived=f"It was given {shown(step)}.",
            allowed="Expected a whole number >= 0, or an integer tensor.",
            do="Count the batches: for step, (x, y) in enumerate(batches).",
        )
    with open_moment(Moment(step, training=True)):
        yield


def unknown_step(shown: str) -> LossaryError:
    """A schedule would stay at its first value for ever."""
    return LossaryError(
        f"{shown} changes with the training step.",
        arrived="It was called in a training step, or in compiled code, that does not know the step number.",
        allowed="Expected compile with fit or ls.train, LossLayer, a call without gradients, or a block of ls.at_step.",
        do="Write `with ls.at_step(step):` around the call; in compiled code the step must be a tensor.",
    )
