"""Weights of rows and classes from the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ..core.errors import LossaryError
from ..core.inputs import plain

MOST = 10_000_000  # classes; an id taken for a label would fill the memory
RULES = ("balanced", "effective_number")


def weights_from(y: Any, rule: str = "balanced", beta: float = 0.999) -> tuple[float, ...]:
    r"""One weight per class from how often each label occurs, for `class_weight` of a loss.

        loss = ls.SparseCategoricalCrossentropy(class_weight=ls.weights_from(y))

    Args:
        y: labels 0 to k - 1 of any shape, or one-hot rows (floats of shape (..., k)).
        rule: "balanced": rows / (k * count), so that every class has the same total weight; "effective_number":
            (1 - beta) / (1 - beta^count), scaled to a mean of 1 over the rows (Cui et al. 2019, arXiv:1901.05555).
        beta: for "effective_number", in [0, 1); 0 gives equal weights, towards 1 they become balanced.

    A class that never occurs gets weight 0. Raises LossaryError for labels that are not whole numbers from 0 on.

    >>> weights_from([0, 0, 0, 1])
    (0.6666666666666666, 2.0)
    """
    given = plain("weights_from", "y", y)
    counts = _counts(np.asarray(ops.convert_to_numpy(given)) if ops.is_tensor(given) else given)
    if rule == "balanced":
        with np.errstate(divide="ignore"):
            weights = np.where(counts > 0, counts.sum() / (counts.size * counts), 0.0)
    elif rule == "effective_number" and 0 <= beta < 1:
        with np.errstate(divide="ignore"):
            weights = np.where(counts > 0, (1 - beta) / (1 - beta**counts), 0.0)
        weights = weights * counts.sum() / (weights @ counts)
    else:
        raise LossaryError(
            f"weights_from(y, {rule!r}, beta={beta!r}) weighs classes by how often they occur.",
            arrived=f"The rule is {rule!r} and beta is {beta!r}.",
            allowed=f"Allowed are the rules {' and '.join(map(repr, RULES))}, and beta in [0, 1).",
            do='Leave both out for "balanced".',
        )
    return tuple(float(weight) for weight in weights)


def _counts(y: Any) -> Any:
    one_hot = (
        y.ndim > 1 and y.shape[-1] > 1 and y.size > 0 and np.all(y.sum(axis=-1) == 1) and set(np.unique(y)) <= {0, 1}
    )
    labels = y.argmax(axis=-1) if one_hot else y
    lawful = labels.size > 0 and np.all(labels >= 0) and np.all(labels == np.round(labels)) and labels.max() < MOST
    if not lawful:
        raise LossaryError(
            "weights_from(y) counts class labels.",
            arrived=f"y has dtype {y.dtype} and shape {y.shape}.",
            allowed=f"Allowed are whole numbers from 0 to {MOST - 1}, or one-hot rows.",
            do="Number the classes: np.unique(names, return_inverse=True)[1].",
        )
    return np.bincount(labels.astype(int).ravel()).astype(float)
