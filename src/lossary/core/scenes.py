"""Axes of losses that take more than rows of numbers: small scenes in which one number moves.

As in core.axes: NumPy and float64, one row for each number, or a batch of its own.
"""

from __future__ import annotations

import numpy as np

from .axes import Array, Axis, Slots

PICTURE = np.array([[0.2, 0.4, 0.6], [0.3, 0.8, 0.5], [0.9, 0.7, 0.1]])
CHECKS = np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]])


def _noisy(x: Array) -> Slots:
    """A picture of nine pixels, and the same with a pattern of the strength x on it."""
    true = np.tile(PICTURE[None, :, :, None], (x.size, 1, 1, 1))
    return {"y_true": true, "y_pred": true + x[:, None, None, None] * CHECKS[None, :, :, None]}


def _noisy_alone(x: Array) -> Slots:
    """The same without the picture as it is."""
    return {"y_pred": _noisy(x)["y_pred"]}


NOISE = Axis("strength of a chequered pattern on a picture", (-0.5, 0.5), _noisy, "noise")
NOISE_ALONE = Axis("strength of a chequered pattern on a picture", (-0.5, 0.5), _noisy_alone, "noise alone")


def _told(x: Array) -> Slots:
    """One symbol in three frames: the symbol has the logit x before it is said, the blank afterwards."""
    logits = np.zeros((x.size, 3, 2, 3))
    logits[:, :, 0, 1] = logits[:, :, 1, 0] = x[:, None]
    return {"y_true": np.ones((x.size, 1), "int32"), "y_pred": logits}


def _series(x: Array) -> Slots:
    """A peak in the middle of five steps, and the same x steps later, between the steps by a straight line."""
    place = np.arange(5.0)
    true = np.maximum(0.0, 1 - np.abs(place - 2))
    late = np.maximum(0.0, 1 - np.abs(place[None] - 2 - x[:, None]))
    return {"y_true": np.tile(true[None, :, None], (x.size, 1, 1)), "y_pred": late[:, :, None]}


FRAMES = Axis("logit of what is right to say (others: 0)", (-3.0, 6.0), _told, "frames of a transducer")
SERIES = Axis("steps by which a peak comes late", (-2.0, 2.0), _series, "series")
