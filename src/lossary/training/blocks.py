"""A stream of batches: few are passed on one by one, as fit does; many in blocks, through the loop of whole epochs."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from keras import tree

from .epochs import Batch, Logs, Plan, Program, Ran, Snapshot, backend, joins, program, restore, snapshot
from .epochs.stepped import Stepped, to_numpy
from .epochs.work import by_size
from .feeds import Chunk, Replay, Tick, Trouble
from .streams import Stream

BYTES = 2**25  # of a block
BATCHES = 64  # of a block: what a call costs beyond its steps is little beside so many
FEW = 4  # batches of one size in a row, below which no loop is compiled for them
OPEN = 2**30  # steps of an epoch that ends when its stream does


class Piece(Protocol):
    """Some steps, which can be made once more from a state that is kept."""

    @property
    def count(self) -> int:
        """Steps made by `run()`."""

    def run(self, count: int | None = None) -> Ran:
        """Make all steps, or the first `count` of them."""

    def batch(self, k: int) -> Batch:
        """The batch of a step."""


class Singles:
    """Batches as they come, each a step; they are kept until the weights after them are known to be finite."""

    def __init__(self, program: Stepped, coming: Iterator[Batch]) -> None:
        self.program, self.coming = program, coming
        self.kept: list[Batch] = []

    @property
    def count(self) -> int:
        return len(self.kept)

    def run(self, count: int | None = None) -> Ran:
        return self.program.pass_on(self._keeping() if count is None else self.kept[:count])

    def batch(self, k: int) -> Batch:
        return self.kept[k]

    def _keeping(self) -> Iterator[Batch]:
        for batch in self.coming:
            self.kept.append(batch)
            yield batch


class Block:
    """Batches of `size` rows, joined, for a loop over `room` of them; what is missing is filled up."""

    def __init__(self, program: Program, batches: list[Batch], size: int, room: int) -> None:
        self.program, self.batches, self.size, self.room = program, batches, size, room
        self.count = len(batches)
        self.data = program.place(tree.map_structure(lambda *parts: _joined(parts, room), *batches))

    def run(self, count: int | None = None) -> Ran:
        order = np.arange(self.size * self.room, dtype=np.int32)[None]
        return self.program.run(0, self.count if count is None else count, OPEN, order, self.data, None)

    def batch(self, k: int) -> Batch:
        return self.batches[k]


class StreamFeed:
    """Epochs of a stream."""

    most = fitting = 1  # epochs of a chunk

    def __init__(self, model: Any, source: Stream, epochs: int, compiler: bool | None) -> None:
        self.model, self.source, self.compiler = model, source, compiler
        self.steps, self.done, self.epochs = source.known, 0, epochs
        self.at = 0  # steps of this epoch that are made
        self.looped: set[str] = set()  # kinds of batches that a loop is compiled for

    def run(self, epochs: int, tick: Tick) -> Chunk:
        """The next epoch, the only one of its chunk."""
        began, chunk, state = time.perf_counter(), Chunk(), snapshot(self.model)
        self.at, ran = 0, Ran()
        for piece in self._pieces():
            before = snapshot(self.model) if self.at else state
            ran = piece.run()
            if not ran.all_finite:
                chunk.trouble = self._trouble(piece, before)
                break
            self.at += piece.count
            if tick(self.at):
                restore(self.model, state)
                chunk.interrupted = True
                break
        else:
            if self.at:  # an epoch that saw no row has no numbers
                chunk.logs = [self._logs(ran)]
            if self.source.over:
                wanted = f" of {self.steps}" if self.steps else ""
                chunk.over = f"x ended in epoch {self.done + 1}, after {self.at}{wanted} batches"
            else:
                self.steps = self.at
        chunk.seconds = time.perf_counter() - began
        self.done += 1
        return chunk

    def _pieces(self) -> Iterator[Piece]:
        """The next epoch. Batches that follow one another in one size can share a loop."""
        for kind, alike in itertools.groupby(self.source.batches(), _kind):
            yield from self._alike(kind, alike)

    def _alike(self, kind: str, batches: Iterator[Batch]) -> Iterator[Piece]:
        while start := list(itertools.islice(batches, FEW)):
            size, room = len(tree.flatten(start[0])[0]), _room(start[0])
            coming = itertools.chain(start, batches)
            light = joins(self.model, self.compiler) and _bytes(start[0]) <= backend().JOINED
            enough = by_size(backend().STREAM, self.model, size) if light else math.inf
            if kind in self.looped or (len(start) == FEW and self._to_come() >= enough):
                self.looped.add(kind)
                blocks = _blocks(self._program(start[0], size, room), coming, size, room)
                yield from _ahead(blocks) if backend().AHEAD else blocks
            else:
                made: Any = self._program(start[0], size, 1)
                yield Singles(made, itertools.islice(coming, max(room, FEW)))

    def _to_come(self) -> int:
        """Steps that are still to be made; an epoch of unknown length is taken to be twice as long as it is so far."""
        epochs = self.epochs - self.done
        return epochs * self.steps - self.at if self.steps else (2 * epochs - 1) * self.at

    def _program(self, data: Batch, size: int, room: int) -> Program:
        total = 1 if room == 1 else max(self._to_come(), 2)
        sample = tree.map_structure(lambda array: array[:1], data)
        return program(self.model, Plan(size * room, size), sample, None, total, self.compiler)

    def _logs(self, ran: Ran) -> Logs:
        """The logs of an epoch that has ended; metrics begin anew."""
        logs = {name: to_numpy(value) for name, value in (ran.last or self.model.get_metrics_result()).items()}
        self.model.reset_metrics()
        return logs

    def _trouble(self, piece: Piece, state: Snapshot) -> Trouble:
        replay = Replay(self.model, state, piece.run)
        lost = not replay.sound_after(0)
        culprit = 0 if lost else replay.culprit(0, piece.count)
        batch = tree.map_structure(to_numpy, piece.batch(culprit))
        loss = replay.spoils_loss(culprit, OPEN)
        return Trouble(self.at + culprit, self.done, batch, loss, lost and self.at == 0)


def _kind(batch: Batch) -> str:
    """Batches of one kind can share a loop."""
    return repr([(array.shape, str(array.dtype)) for array in tree.flatten(batch)])


def _blocks(loop: Program, batches: Iterator[Batch], size: int, room: int) -> Iterator[Block]:
    while group := list(itertools.islice(batches, room)):
        yield Block(loop, group, size, room)


def _ahead(items: Iterator[Any]) -> Iterator[Any]:
    """The same items; a thread makes the next one while the last one is used."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item


def _room(batch: Batch) -> int:
    """How many such batches make a block."""
    return max(1, min(BATCHES, BYTES // max(_bytes(batch), 1)))


def _bytes(batch: Batch) -> int:
    """At most so many."""
    return sum(math.prod(array.shape) * 8 for array in tree.flatten(batch))


def _joined(parts: tuple[Any, ...], room: int) -> np.ndarray:
    """The parts one after the other, and more rows that nobody looks at: all blocks have one shape."""
    found = [to_numpy(part) for part in parts]
    more = (room - len(found)) * len(found[0])
    return np.concatenate([*found, np.zeros((more, *found[0].shape[1:]), found[0].dtype)] if more else found)
