"""What gives data batch by batch: datasets and loaders, generators, other iterables.

No package is imported to recognise its objects: they are known by the names of their modules, and by what they can do.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .arrays import is_table


def batches_of(x: Any, random: np.random.Generator | None = None) -> Callable[[], Iterable[Any]] | None:
    """How x is gone through from its beginning; None where x holds rows.

    Tensors of torch come as NumPy. A PyDataset comes in an order of `random`; what can be iterated only once goes on.
    """
    if is_pydataset(x):
        return lambda: _of_pydataset(x, random)
    if hasattr(x, "as_numpy_iterator"):  # tf.data
        return lambda: x.as_numpy_iterator()
    if is_of_library(x):
        return lambda: (on_host(batch) for batch in x)
    if gives_once(x):
        return lambda: x
    known = isinstance(x, (list, tuple, dict, str)) or hasattr(x, "shape") or hasattr(x, "__array__") or is_table(x)
    return None if known or not hasattr(x, "__iter__") else lambda: iter(x)


def is_pydataset(x: Any) -> bool:
    """Whether this is a PyDataset of Keras."""
    return any(one.__name__ == "PyDataset" and one.__module__.startswith("keras.") for one in type(x).__mro__)


def is_of_library(x: Any) -> bool:
    """Whether this is a dataset of TensorFlow, or a loader of torch."""
    loader = type(x).__module__.startswith("torch.utils.data") or hasattr(x, "batch_sampler")
    return loader or hasattr(x, "as_numpy_iterator")


def gives_once(x: Any) -> bool:
    """Whether x cannot begin anew, as a generator."""
    return hasattr(x, "__next__")


def is_endless(x: Any) -> bool:
    """Whether x says that it has no end."""
    if is_pydataset(x):
        return x.num_batches is None
    return hasattr(x, "as_numpy_iterator") and int(x.cardinality()) == -1


def length_of(x: Any) -> int | None:
    """How many batches x says that it has; None where it does not know."""
    try:
        length = x.num_batches if is_pydataset(x) else len(x)
    except TypeError:  # a generator, an IterableDataset, a tf.data.Dataset of unknown or without end
        return None
    return None if length is None else int(length)


def on_host(batch: Any) -> Any:
    """Tensors of torch in a batch as NumPy, whichever backend runs; a list of inputs and targets as a tuple."""
    return _on_host(tuple(batch) if isinstance(batch, list) else batch)


def _on_host(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _on_host(part) for name, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_on_host, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(_on_host, value))
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _of_pydataset(x: Any, random: np.random.Generator | None) -> Iterator[Any]:
    """As many threads ahead as the dataset has workers."""
    order: Iterable[Any] = itertools.count()
    if x.num_batches is not None:
        order = np.arange(x.num_batches) if random is None else random.permutation(x.num_batches)
    if x.workers <= 1 and not x.use_multiprocessing:
        yield from (x[int(k)] for k in order)
        return
    numbers, waiting = map(int, order), collections.deque[Any]()
    with ThreadPoolExecutor(x.workers) as threads:
        while True:  # no further ahead than that: memory shall not fill
            for k in itertools.islice(numbers, 2 * x.workers - len(waiting)):
                waiting.append(threads.submit(x.__getitem__, k))
            if not waiting:
                break
            yield waiting.popleft().result()
