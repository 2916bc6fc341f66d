"""From a source of data to a program: which rows are seen when, how many steps a call makes, and the way back."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..numerics.keras_private import loss_mean
from .epochs import Batch, Logs, Plan, Program, Ran, Snapshot, all_finite, program, restore, snapshot
from .epochs.stepped import to_numpy
from .epochs.work import multiplications
from .sources import Arrays

SECONDS = 0.5  # of a call: so long may Ctrl-C and the line of progress wait
FIRST = 64  # steps of the first call, whose pace is not known
SHORT = 3e10  # multiplications of an epoch, which take a second or so: it is run as a whole from the start
ORDERS = 2**17  # rows of orders that one call takes with it
EPOCHS = 1024  # of one call

Tick = Callable[[int], bool]  # steps done in this chunk -> whether to stop


@dataclass
class Trouble:
    """The step at which the target stopped being finite; the model holds what it was before that step."""

    step: int  # within its epoch, from 0
    epoch: int  # epochs that had ended
    batch: Batch
    loss: bool  # whether the loss is not finite; else the weights after the step are not
    lost: bool = False  # the weights were not finite before the first step


@dataclass
class Chunk:
    """What came of some epochs."""

    logs: list[Logs] = field(default_factory=list)
    seconds: float = 0.0
    trouble: Trouble | None = None
    interrupted: bool = False  # inside; the model holds what it was before the chunk
    over: str = ""  # where a stream ended before its epoch did


class Pace:
    """How many steps take about half a second, in multiples of `unit`."""

    def __init__(self, unit: int, first: int | None = None) -> None:
        self.unit, self.steps = unit, first or unit

    def note(self, steps: int, seconds: float) -> None:
        self.steps = max(1, int(SECONDS * steps / max(seconds, 1e-9) / self.unit)) * self.unit


@dataclass
class Replay:
    """Calls that are made once more, from a state that is kept: `run(k)` makes the first k steps."""

    model: Any
    state: Snapshot
    run: Callable[[int], Any]

    def sound_after(self, steps: int) -> bool:
        """Leave the model as it was after so many steps; whether its weights and the mean loss are finite then."""
        restore(self.model, self.state)
        if steps:
            self.run(steps)
        return all_finite(self.model)

    def culprit(self, good: int, bad: int) -> int:
        """The step that spoils weights or loss, which are finite after `good` steps and not after `bad` ones.

        The model is left as it was before that step. What is not finite stays so: halving finds where it begins.
        """
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self.sound_after(middle) else (good, middle)
        self.sound_after(good)
        return good

    def spoils_loss(self, step: int, steps: int) -> bool:
        """Whether the loss of this step is not finite; else its gradient is not. The model is left as before it."""
        restore(self.model, self.state)
        ran = self.run(step + 1)
        tracker = loss_mean(self.model)
        ended = (step + 1) % steps == 0
        spoiled = (
            not _finite(ran.logs[-1]) if ended else tracker is not None and not _finite({"loss": tracker.result()})
        )
        self.sound_after(step)
        return spoiled


class Feed(Protocol):
    """Where chunks come from."""

    done: int  # epochs
    steps: int | None  # of an epoch, where that is known

    @property
    def most(self) -> int:
        """Epochs of a chunk."""

    @property
    def fitting(self) -> int:
        """Epochs that take about half a second."""

    def run(self, epochs: int, tick: Tick) -> Chunk:
        """The next epochs."""


class ArrayFeed:
    """Rows in memory, in a new order for each epoch; a call runs whole epochs."""

    def __init__(
        self,
        model: Any,
        source: Arrays,
        held: Arrays | None,
        plan: Plan,
        shuffle: bool,
        seed: int | None,
        program: Program,
    ) -> None:
        self.model, self.source, self.plan, self.shuffle, self.program = model, source, plan, shuffle, program
        self.random = np.random.default_rng(seed)
        self.data = program.place(source.data)
        self.held = None if held is None else program.place(held.data)
        # A compiled program has one form for whole epochs and one for parts of them: no need for both.
        short = multiplications(model, plan.batch) * plan.steps < SHORT
        self.pace = Pace(plan.steps) if program.whole and short else Pace(1, min(FIRST, plan.steps))
        self.done = 0
        self.steps: int | None = plan.steps

    @property
    def most(self) -> int:
        return self.plan.epochs

    @property
    def fitting(self) -> int:
        return max(1, min(self.pace.steps // self.plan.steps, self.plan.epochs))

    def run(self, epochs: int, tick: Tick) -> Chunk:
        orders, state, began = self._orders(epochs), snapshot(self.model), time.perf_counter()
        chunk, at, end, steps = Chunk(), 0, epochs * self.plan.steps, self.plan.steps
        while at < end and chunk.trouble is None:
            last = min(at + self.pace.steps, end)
            ran = self._run(at, last, orders)
            fine = list(itertools.takewhile(_finite, ran.logs))
            if len(fine) < len(ran.logs):
                last = (at // steps + len(fine) + 1) * steps
            chunk.logs += fine
            if not ran.all_finite or len(fine) < len(ran.logs):
                chunk.trouble = self._trouble(last, orders, state)
            at = last
            if tick(at) and at < end:
                restore(self.model, state)
                chunk.interrupted = True
                break
        chunk.seconds = time.perf_counter() - began
        self.done += epochs
        return chunk

    def _run(self, first: int, last: int, orders: np.ndarray) -> Ran:
        began = time.perf_counter()
        ran = self.program.run(first, last, self.plan.steps, orders, self.data, self.held)
        self.pace.note(last - first, time.perf_counter() - began)
        return ran

    def _orders(self, epochs: int) -> np.ndarray:
        """The rows of each epoch in the order in which they are seen, the same on every backend."""
        orders = np.tile(np.arange(self.plan.rows, dtype=np.int32), (self.plan.epochs, 1))
        if self.shuffle:
            orders[:epochs] = [self.random.permutation(self.plan.rows) for _ in range(epochs)]
        return orders

    def _trouble(self, bad: int, orders: np.ndarray, state: Snapshot) -> Trouble:
        """The step before `bad` that spoiled the weights or the loss of its epoch."""
        steps, size = self.plan.steps, self.plan.batch
        replay = Replay(
            self.model, state, lambda count: self.program.run(0, count, steps, orders, self.data, self.held)
        )
        epoch = (bad - 1) // steps
        lost = not replay.sound_after(0)
        culprit = 0
        if not lost:
            inside = replay.sound_after(epoch * steps)
            culprit = replay.culprit(epoch * steps, bad) if inside else replay.culprit(0, epoch * steps)
        epoch, step = divmod(culprit, steps)
        rows = orders[epoch, step * size : (step + 1) * size]
        return Trouble(step, self.done + epoch, self.source.take(rows), replay.spoils_loss(culprit, steps), lost)


def _finite(logs: Logs) -> bool:
    return bool(np.isfinite(to_numpy(logs.get("loss", 0.0))).all())


def array_feed(
    model: Any,
    source: Arrays,
    held: Arrays | None,
    batch_size: int,
    chunk: int | None,
    epochs: int,
    shuffle: bool,
    seed: int | None,
    compiler: bool | None,
) -> ArrayFeed:
    """The feed of rows in memory, with a program for its shapes."""
    batch = min(batch_size, source.rows)
    most = min(chunk, max(1, 2**24 // source.rows)) if chunk else min(EPOCHS, max(1, ORDERS // source.rows))
    plan = Plan(source.rows, batch, most, held.rows if held else 0)
    made = program(model, plan, source.sample, held and held.sample, epochs * plan.steps, compiler)
    return ArrayFeed(model, source, held, plan, shuffle, seed, made)
