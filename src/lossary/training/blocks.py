"""A stream of batches, run in blocks: as many batches of one size as fit, through the loop that whole epochs take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import tree

from .epochs import Batch, Logs, Plan, Program, Ran, Snapshot, program, restore, snapshot
from .epochs.stepped import to_numpy
from .feeds import Chunk, Replay, Tick, Trouble
from .streams import Stream

BYTES = 2**25  # of a block
BATCHES = 64  # of a block: what a call costs beyond its steps is little beside so many
FEW = 4  # batches of one size in a row, below which no loop is compiled for them
OPEN = 2**30  # steps of an epoch that ends when its stream does
UNKNOWN = 1000  # steps that an epoch is taken to have before the first one has ended


@dataclass
class Block:
    """`count` batches of `size` rows, joined; `room` batches of that size would fit, and the rest is filled up."""

    data: Batch
    size: int
    count: int
    room: int


class StreamFeed:
    """Epochs of a stream."""

    most = fitting = 1  # epochs of a chunk

    def __init__(self, model: Any, source: Stream, epochs: int, compiler: bool | None) -> None:
        self.model, self.source, self.compiler = model, source, compiler
        self.steps, self.done, self.epochs = source.steps, 0, epochs
        self.looped: set[Any] = set()  # kinds of batches that a loop is compiled for

    def run(self, epochs: int, tick: Tick) -> Chunk:
        """The next epoch, the only one of its chunk."""
        began, chunk, state = time.perf_counter(), Chunk(), snapshot(self.model)
        at, ran = 0, Ran()
        for block in self._blocks():
            before, made = snapshot(self.model), self._program(block)
            ran = self._run(made, block, block.count)
            if not ran.sound:
                chunk.trouble = self._trouble(made, block, at, before)
                break
            at += block.count
            if tick(at):
                restore(self.model, state)
                chunk.interrupted = True
                break
        else:
            chunk.logs = [self._logs(ran)]
            self.steps = self.steps or at
        chunk.seconds = time.perf_counter() - began
        self.done += 1
        return chunk

    def _blocks(self) -> Iterator[Block]:
        """The batches of the next epoch, joined where they follow one another in one size."""
        waiting: list[Batch] = []
        kind: Any = None
        for batch in self.source.batches():
            own = [(array.shape, str(array.dtype)) for array in tree.flatten(batch)]
            if waiting and (own != kind or len(waiting) == _room(waiting[0])):
                yield from self._joined(waiting, kind)
                waiting = []
            waiting, kind = [*waiting, batch], own
        if waiting:
            yield from self._joined(waiting, kind)

    def _joined(self, batches: list[Batch], kind: Any) -> Iterator[Block]:
        size = len(tree.flatten(batches[0])[0])
        if len(batches) < FEW and repr(kind) not in self.looped:
            yield from (Block(batch, size, 1, 1) for batch in batches)
            return
        self.looped.add(repr(kind))
        room = _room(batches[0])
        joined = tree.map_structure(lambda *parts: _filled(parts, size * room), *batches)
        yield Block(joined, size, len(batches), room)

    def _program(self, block: Block) -> Program:
        total = 1 if block.room == 1 else (self.epochs - self.done) * (self.steps or UNKNOWN)
        plan = Plan(block.size * block.room, block.size)
        return program(self.model, plan, tree.map_structure(lambda a: a[:1], block.data), None, total, self.compiler)

    def _run(self, made: Program, block: Block, count: int) -> Ran:
        order = np.arange(block.size * block.room, dtype=np.int32)[None]
        return made.run(0, count, OPEN, order, made.place(block.data), None)

    def _logs(self, ran: Ran) -> Logs:
        """The logs of an epoch that has ended; metrics begin anew."""
        logs = {name: to_numpy(value) for name, value in (ran.last or self.model.get_metrics_result()).items()}
        self.model.reset_metrics()
        return logs

    def _trouble(self, made: Program, block: Block, at: int, state: Snapshot) -> Trouble:
        replay = Replay(self.model, state, lambda count: self._run(made, block, count))
        lost = not replay.sound_after(0)
        culprit = 0 if lost else replay.culprit(0, block.count)
        rows = slice(culprit * block.size, (culprit + 1) * block.size)
        batch = tree.map_structure(lambda array: to_numpy(array)[rows], block.data)
        return Trouble(at + culprit, self.done, batch, replay.spoils_loss(culprit, OPEN), lost and at == 0)


def _room(batch: Batch) -> int:
    """How many such batches make a block."""
    size = sum(int(np.prod(array.shape)) * 8 for array in tree.flatten(batch))
    return max(1, min(BATCHES, BYTES // max(size, 1)))


def _filled(parts: tuple[Any, ...], rows: int) -> np.ndarray:
    """The parts one after the other, and more rows that nobody looks at: all blocks have one shape."""
    first = to_numpy(parts[0])
    joined = np.zeros((rows, *first.shape[1:]), first.dtype)
    for k, part in enumerate(parts):
        joined[k * len(first) : (k + 1) * len(first)] = to_numpy(part)
    return joined
