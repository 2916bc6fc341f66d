"""Weights of classes from the labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._calls import checked_call
from ..core.errors import LossaryError, shown
from ..core.params import Param, choice, number, whole
from ..data.arrays import Array, arrays

MOST = 2**24  # a weight for each label up to that is the most that makes sense
PARAMS = {
    "rule": choice("How class weights follow from the counts.", "balanced", "effective_number"),
    "beta": number("How far effective_number goes towards balanced.", slide=(0.0, 0.9999), low=0.0, high=1.0),
    "ignore_class": whole("The label that means 'not labelled'.", optional=True),
    "classes": Param("The number of classes.", kind="whole", low=0, high=MOST + 1, optional=True),
}


@checked_call
def weights_from(
    y: Any,
    rule: str = "balanced",
    beta: float = 0.999,
    *,
    ignore_class: int | None = None,
    classes: int | None = None,
) -> tuple[float, ...]:
    r"""One weight per class from how often each label occurs, for `class_weight` of a loss.

        loss = ls.SparseCategoricalCrossentropy(class_weight=ls.weights_from(y))

    The mean weight of the labelled rows is 1, so that the loss stays on its scale. A class that does not occur has the
    weight 0 and takes no part in the rest, as with scikit-learn's "balanced".

    Args:
        y: labels from 0 on of any shape, or one-hot rows (of shape (..., k)); whatever ls.train reads.
        rule: "balanced": rows / (k * count) for k classes that occur, so that each has the same total weight;
            "effective_number": proportional to (1 - beta) / (1 - beta^count) (Cui et al. 2019, arXiv:1901.05555).
        beta: for "effective_number", in [0, 1]: 0 gives equal weights, 1 those of "balanced".
        ignore_class: a label that means "not labelled", such as 255 or -1: it is not counted, as in the loss.
        classes: how many weights there are; by default one more than the largest label.

    Raises:
        ParameterError: for a rule, a beta, or counts that are none.
        LossaryError: for labels that are not class indices from 0, and for labels with more gaps than classes, such
            as 0, 1 and 255, unless `classes` or `ignore_class` says what is meant.

    >>> weights_from([0, 0, 0, 1])
    (0.6666666666666666, 2.0)
    >>> weights_from([[0, 0, 1], [255, 0, 1]], ignore_class=255)
    (0.8333333333333334, 1.25)
    """
    given = {"rule": rule, "beta": beta, "ignore_class": ignore_class, "classes": classes}
    rule, beta, *more = [PARAMS[name].check("weights_from", name, value) for name, value in given.items()]
    counts = _counts(y, *more)
    occurring = counts > 0
    if rule == "balanced" or beta == 1:
        each = np.where(occurring, 1 / np.where(occurring, counts, 1), 0.0)
    else:
        each = np.where(occurring, (1 - beta) / np.where(occurring, 1 - beta**counts, 1), 0.0)
    return tuple(float(weight) for weight in each * (counts.sum() / (each @ counts)))


def _counts(y: Any, ignore_class: int | None, classes: int | None) -> Array:
    """How often each label from 0 on occurs."""
    given = arrays(y, "y", int64=True)
    if not isinstance(given, np.ndarray):
        raise LossaryError(
            "weights_from(y) counts class labels.",
            arrived=f"y is {shown(y)}.",
            allowed="Expected class indices counted from 0, or one-hot rows, in one array.",
            do="Pass the labels of one output; call it once for each of several.",
        )
    labels = np.asarray(given.argmax(axis=-1) if _one_hot(given) else given).ravel()
    labels = labels if ignore_class is None else labels[labels != ignore_class]
    wrong = labels[(labels < 0) | (labels != np.round(labels))]  # NaN is wrong too
    most = int(labels.max()) if labels.size and not wrong.size else -1
    countable = 0 <= most < MOST
    counts = np.bincount(labels.astype(np.int64) if countable else [], minlength=classes or 0).astype(float)
    known, do = np.unique(labels), IGNORED
    told = ""
    if not labels.size or wrong.size:
        told = f"y holds {wrong[0]}." if wrong.size else f"y of shape {given.shape} holds no label."
        do = f"Encode the classes as integers: np.unique(names, return_inverse=True)[1]. {IGNORED}"
    elif classes is not None and most >= classes:
        told, do = f"The largest label is {most}, for classes={classes}.", f"{IGNORED} Or pass classes={most + 1}."
    elif not countable or (classes is None and np.sum(counts == 0) > np.sum(counts > 0)):
        first = ", ".join(f"{label:.0f}" for label in known[:4]) + (" …" if known.size > 4 else "")
        told = f"The largest label is {most}, and only {known.size} distinct ones occur: {first}."
        do = f"{IGNORED} Or say how many classes there are: classes={most + 1}."
    if told:
        raise LossaryError(
            "weights_from(y) counts class labels.",
            arrived=told,
            allowed="Expected class indices counted from 0, or one-hot rows.",
            do=do,
        )
    return np.pad(counts, (0, max(0, given.shape[-1] - counts.size))) if _one_hot(given) else counts


IGNORED = "Pass a label that means 'not labelled', such as 255, as ignore_class=255."


def _one_hot(y: Array) -> bool:
    rows = y.ndim > 1 and y.shape[-1] > 1 and y.size > 0
    return rows and bool(np.all((y == 0) | (y == 1))) and bool(np.all(y.sum(axis=-1) == 1))
