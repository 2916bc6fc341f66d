"""Data that come batch by batch: datasets and loaders, generators, tables in Parquet files, large arrays.

No package is imported to recognise its objects: they are known by the names of their modules.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from ..core.errors import LossaryError, shown
from ..data.arrays import arrays as read
from ..data.arrays import is_sparse
from ..data.batches import (
    batches_of,
    gives_once,
    is_endless,
    is_of_library,
    is_pydataset,
    length_of,
)
from ..data.rowfiles import Files
from .sources import FLOATS, Batch, Wanted, arrays

LARGE = 2**31  # bytes of arrays, from which on they are not copied to where the backend computes


class Stream:
    """Batches, epoch by epoch: x, (x, y) or (x, y, sample_weight) as arrays.

    `begin()` goes through x from its beginning; where x is gone through `once`, it goes on. An epoch has `steps`
    batches and begins where the last one ended, but never goes through x more than once. `known`: batches of x, where
    it tells.
    """

    def __init__(
        self,
        begin: Callable[[], Iterable[Any]],
        steps: int | None,
        class_weight: dict[int, float] | None,
        known: int | None = None,
        wanted: Wanted = FLOATS,
        once: bool = False,
        notes: Sequence[str] = (),
    ) -> None:
        self.begin, self.steps, self.class_weight, self.wanted, self.once = begin, steps, class_weight, wanted, once
        self.length, self.notes = known, list(notes)
        self.known = min(filter(None, (steps, known)), default=None)  # batches of an epoch
        self.over = False  # whether x gave fewer batches than the epoch was to have, and has no more
        self.begun: Iterator[Batch] | None = None
        self.coming: Iterator[Any] | None = None  # the rest of x
        self.given = 0  # batches since the beginning of x

    def first(self) -> Batch:
        """The first batch, to build a model from; it is not lost."""
        batches = self._next_epoch()
        for batch in batches:
            self.begun = itertools.chain([batch], batches)
            return batch
        raise LossaryError(
            "train(model, x) iterates over the batches of x.",
            arrived="x yields none.",
            allowed="Expected a stream of at least one batch.",
            do="Check what x yields, for instance next(iter(x)).",
        )

    def batches(self) -> Iterator[Batch]:
        """The next epoch."""
        begun, self.begun = self.begun or self._next_epoch(), None
        return begun

    def _next_epoch(self) -> Iterator[Batch]:
        seen, from_beginning = 0, self.coming is None
        while self.steps is None or seen < self.steps:
            if self.coming is None:
                self.coming, self.given = iter(self.begin()), 0
            batch = next(self.coming, END)
            if batch is not END:
                seen += 1
                self.given += 1
                yield self._arrays(batch)
            elif self.once or (from_beginning and not seen):
                self.over = True
                return
            else:
                self.coming = None
                if from_beginning:
                    self._note(seen)
                    return
                from_beginning = True
        if self.given == self.length and self.coming is not None and next(self.coming, END) is END:
            self.coming = None

    def _note(self, seen: int) -> None:
        note = f"x has {seen} batches: an epoch is these, not steps_per_epoch={self.steps}."
        if self.steps is not None and note not in self.notes:
            self.notes.append(note)

    def _arrays(self, batch: Any) -> Batch:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        return arrays(x, y, weight, self.class_weight, wanted=self.wanted).data


END = object()


def stream(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int | None = None,
    steps: int | None = None,
    wanted: Wanted = FLOATS,
) -> Stream | None:
    """The batches that x gives; None where x holds rows in memory."""
    random = np.random.default_rng(seed)
    order = random if shuffle else None
    if isinstance(x, (str, Path)):
        files = Files.at("train(model, path, y)", x, y)
        length = -(-files.rows // batch_size)
        return Stream(lambda: files.batches(batch_size, order), steps, class_weight, length, wanted, notes=files.notes)
    if _bytes(x) > LARGE:
        rows = _count(tree.flatten(x)[0])
        return Stream(
            _rows((x, y, sample_weight), batch_size, order), steps, class_weight, -(-rows // batch_size), wanted
        )
    batches = _epochs(x, order)
    if batches is None:
        return None
    if y is not None or sample_weight is not None:
        raise LossaryError(
            "train(model, x) takes targets and weights from the batches of a stream.",
            arrived=f"x is a {type(x).__name__}, and {'y' if y is not None else 'sample_weight'} is given too.",
            allowed="Expected batches (x, y) or (x, y, sample_weight).",
            do="Put them into the batches.",
        )
    once = gives_once(x)
    if steps is None and (once or is_endless(x)):
        told = "which has no length and can be iterated only once" if once else "which has no end"
        raise LossaryError(
            "train(model, x) iterates over x once per epoch.",
            arrived=f"x is a {type(x).__name__}, {told}.",
            allowed="Expected steps_per_epoch=... with a generator, or an object that can be iterated more than once.",
            do="Say how many batches make an epoch, for instance steps_per_epoch=100.",
        )
    return Stream(batches, steps, class_weight, length_of(x), wanted, once)


def check_held(held: Any) -> None:
    """Held-out rows are evaluated after every epoch, all of them."""
    rows = held if hasattr(held, "shape") or isinstance(held, (list, dict)) else []
    alone = any(np.ndim(part) for part in tree.flatten(rows) if hasattr(part, "shape"))
    if held is not None and not alone and batches_of(held) is None:
        raise LossaryError(
            "train(validation_data=...) is evaluated after each epoch.",
            arrived=f"It was given {shown(held)}.",
            allowed="Expected (x, y), (x, y, sample_weight), or a stream that ends and can be read again.",
            do="Pass arrays, a tf.data.Dataset, a DataLoader or a PyDataset.",
        )
    if held is not None and (gives_once(held) or is_endless(held) or length_of(held) == 0):
        told = "has no batch" if length_of(held) == 0 else "has no end" if is_endless(held) else "can be read only once"
        raise LossaryError(
            "train(validation_data=...) is evaluated after each epoch.",
            arrived=f"It is a {type(held).__name__}, which {told}.",
            allowed="Expected (x, y), (x, y, sample_weight), or a stream that ends and can be read again.",
            do="Pass arrays, a tf.data.Dataset, a DataLoader or a PyDataset.",
        )


def held_batches(held: Any) -> Any:
    """What `model.evaluate` takes for a stream; it knows no iterables but generators, and calls the loss of none 0."""
    if is_pydataset(held) or isinstance(held, (dict, list)) or hasattr(held, "shape") or is_of_library(held):
        return held
    batches = iter(held)
    first = next(batches, END)
    check_seen(first is not END)
    return (batch for batch in itertools.chain([first], batches))


def check_seen(any_batch: bool) -> None:
    """There have to be held-out rows: the loss of none, 0, would be the best."""
    if not any_batch:
        raise LossaryError(
            "train(validation_data=...) is evaluated after each epoch.",
            arrived="It yields no batch.",
            allowed="Expected (x, y), (x, y, sample_weight), or a stream of at least one batch.",
            do="Check what it yields, for instance next(iter(validation_data)).",
        )


def _epochs(x: Any, random: np.random.Generator | None) -> Callable[[], Iterable[Any]] | None:
    """How the batches of an epoch come out of x; a PyDataset is notified of its end."""
    batches = _own_tensors(x) or batches_of(x, random)
    if batches is None or not is_pydataset(x):
        return batches

    def epoch() -> Iterator[Any]:
        yield from batches()
        x.on_epoch_end()

    return epoch


def _own_tensors(x: Any) -> Callable[[], Iterable[Any]] | None:
    """How a dataset of the running backend's own library is gone through, in its tensors, which nobody has to copy.

    None for others, and for datasets of TensorFlow that hold more than dense tensors of numbers.
    """
    running = keras.backend.backend()
    if running == "tensorflow" and hasattr(x, "as_numpy_iterator"):
        parts = tree.flatten(getattr(x, "element_spec", None))
        plain = all(type(part).__name__ == "TensorSpec" and _is_number(part.dtype) for part in parts)
        return (lambda: x) if plain else None
    if running == "torch" and is_of_library(x) and not hasattr(x, "as_numpy_iterator"):
        return lambda: (tuple(batch) if isinstance(batch, list) else batch for batch in x)
    return None


def _is_number(dtype: Any) -> bool:
    return bool(dtype.is_floating or dtype.is_integer or dtype.is_bool)


def _rows(data: Batch, size: int, random: np.random.Generator | None) -> Callable[[], Iterator[Any]]:
    """Batches of rows of arrays that stay where they are, in the order in which rows in memory would come."""
    names = ("x", "y", "sample_weight")
    data = tuple(read(part, name, keep=_given_by_rows) for part, name in zip(data, names, strict=True))
    data = tree.map_structure(lambda array: array.tocsr() if is_sparse(array) else array, data)
    rows = _count(tree.flatten(data)[0])

    def epoch() -> Iterator[Any]:
        order = np.arange(rows) if random is None else random.permutation(rows)
        for start in range(0, rows, size):
            chosen = order[start : start + size]
            yield tree.map_structure(lambda array: None if array is None else array[chosen], data)  # noqa: B023

    return epoch


def _given_by_rows(array: Any) -> bool:
    """Whether this gives some of its rows without giving all of them."""
    return isinstance(array, np.ndarray) or is_sparse(array)


def _count(array: Any) -> int:
    return int(array.shape[0]) if hasattr(array, "shape") else len(array)


def _bytes(x: Any) -> int:
    """What arrays in memory, or files mapped to it, take; a sparse matrix what it would take in full."""
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else [x]
    full = sum(4 * math.prod(part.shape) for part in parts if is_sparse(part))
    return full + sum(part.nbytes for part in parts if isinstance(part, np.ndarray))
