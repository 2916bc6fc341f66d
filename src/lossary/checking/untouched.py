"""Looking at a loss or a model without moving any random number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..numerics.backend import same_randomness


@contextmanager
def untouched() -> Iterator[None]:
    """A block after which the random numbers of Python, NumPy and the backend go on as if it had not been."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with same_randomness():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
