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


NOISE = Axis("strength of a checkerboard pattern on an image", (-0.5, 0.5), _noisy, "noise")
NOISE_ALONE = Axis("strength of a checkerboard pattern on an image", (-0.5, 0.5), _noisy_alone, "noise alone")


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


def _first(x: Array) -> Slots:
    """Two numbers, of which the first is x."""
    return {"y_pred": np.stack([x, np.zeros_like(x)], axis=-1)}


SCORE = Axis("logit of the first class (the other: 0)", (-5.0, 5.0), _first, "logit alone")
VECTOR_ALONE = Axis("first entry of two (the other: 0)", (-3.0, 3.0), _first, "entry alone")


def _moved(x: Array) -> Slots:
    """A batch of two samples of three numbers each, of which one is moved by x."""
    sample = np.array([[-0.5], [0.0], [0.5]])
    return {"y_true": np.tile(sample, (x.size, 1, 1)), "y_pred": sample + x[:, None, None]}


def _log_shares(x: Array) -> Slots:
    """The shares 0.7 and 0.3 of two classes, and the log-probabilities of x and what is left of one."""
    return {"y_true": np.tile([0.7, 0.3], (x.size, 1)), "y_pred": np.log(np.stack([x, 1 - x], axis=-1))}


def _log_both(x: Array) -> Slots:
    """The same with the logarithms of the shares."""
    return {**_log_shares(x), "y_true": np.log(_log_shares(x)["y_true"])}


MOVED = Axis("how far one of two samples is moved", (-3.0, 3.0), _moved, "moved sample", batches=True)
LOG_SHARES = Axis("predicted probability of the first class (true: 0.7)", (0.01, 0.99), _log_shares, "log share")
LOG_BOTH = Axis("predicted probability of the first class (true: 0.7)", (0.01, 0.99), _log_both, "log share of logs")


def _levels(x: Array) -> Slots:
    return {"target": np.zeros(x.size), "level": np.full(x.size, 0.9), "prediction": x}


LEVELS = Axis("error (prediction − target), at the level 0.9", (-3.0, 3.0), _levels, "error at a level")
