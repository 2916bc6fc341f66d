"""What predicted distributions are asked with: targets, a number of samples, a seed, a probability."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import LossaryError, ParameterError, shown
from ..core.seeds import check_seed
from ..data.arrays import array

Array = np.ndarray


def numbers(values: Any, what: str, asked: str) -> Array:
    """Numbers of any shape, of tensors too."""
    try:
        return array(values, what).astype(float)
    except LossaryError as error:
        raise LossaryError(asked, arrived=error.arrived, allowed=error.allowed, do=error.do) from error


def compared(y: Any, want: tuple[int, ...]) -> Array:
    """Targets in the shape of what was predicted."""
    found = numbers(y, "y", "Predicted distributions are compared with one target each.")
    if found.shape == (*want, 1):
        found = found[..., 0]
    if found.shape != want:
        raise LossaryError(
            "Predicted distributions are compared with one target each.",
            arrived=f"The targets have shape {np.shape(y)}, the distributions {want}.",
            allowed="Expected equal shapes.",
            do="Pass the targets of the same rows.",
        )
    return found


def sample_size(size: Any, asked: str = "sample(size, seed) draws from predicted distributions.") -> int:
    """How many samples are drawn."""
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0:
        raise ParameterError(
            asked,
            arrived=f"size is {shown(size)}.",
            allowed="Expected a whole number >= 0.",
            do="Pass how many numbers to draw: sample(100, seed=0).",
        )
    return int(size)


def probability(value: Any) -> float:
    try:
        if 0 < float(value) < 1:
            return float(value)
    except (TypeError, ValueError):
        pass
    raise ParameterError(
        "quantile(share) and interval(level) of predicted distributions read a probability.",
        arrived=f"It was given {shown(value)}.",
        allowed="Expected a number between 0 and 1.",
        do="Write 0.9 for 90 %.",
    )


def generator(seed: Any, asked: str = "sample(size, seed) draws from predicted distributions.") -> np.random.Generator:
    """What draws: by a seed always the same numbers. A generator goes on where it is."""
    if not isinstance(seed, np.random.Generator):
        check_seed(seed, asked, "a new one each time")
    return np.random.default_rng(seed)
