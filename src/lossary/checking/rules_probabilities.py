"""The rule about logits and probabilities: which of them y_pred holds, and which the loss reads."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .case import Case
from .findings import ERROR, WARNING
from .rule import Sign, rule
from .rules_values import ENOUGH, SLACK, other_axis


@rule("L002", "logits-or-probabilities", parts=True)
def logits_or_probabilities(case: Case) -> Iterator[Sign]:
    """The loss reads logits as probabilities, or probabilities as logits.

    Fires: `from_logits=True` after a sigmoid or softmax; `from_logits=False` after a layer without activation. Where
        the activation is not known: `from_logits=False` and a prediction below -0.001 or above 1.001, or class
        probabilities whose sum is not 1; `from_logits=True` and class probabilities that all add up to 1 (below 64
        rows a WARNING).
    Quiet: losses whose reading of y_pred is not known, and rows that do not count.
    Seen: https://github.com/keras-team/keras/issues/6636, https://github.com/mmalekzadeh/dana/issues/1
    Bad:
        y = np.arange(64) % 3
        p = np.eye(3)[y] * 0.7 + 0.1
        ls.check(keras.losses.SparseCategoricalCrossentropy(from_logits=True), y, p)
    Good:
        y = np.arange(64) % 3
        p = np.eye(3)[y] * 0.7 + 0.1
        ls.check(keras.losses.SparseCategoricalCrossentropy(), y, p)
    """
    logits, case = case.subject.from_logits, case.all_rows
    if logits is None or case.predictions.size == 0 or not np.isfinite(case.predictions).all():
        return
    if logits:
        yield from _probabilities_as_logits(case)
    else:
        yield from _logits_as_probabilities(case)


def _probabilities_as_logits(case: Case) -> Iterator[Sign]:
    classes, categorical = case.classes, case.subject.exclusive
    best = math.log(1 + (classes - 1) / math.e) if categorical else math.log(1 + 1 / math.e)
    again = "softmax" if categorical else "sigmoid"
    end = case.setup.activation
    if end in ("sigmoid", "softmax", "hard_sigmoid"):
        seen, severity = f"The model ends in {end}", ERROR
        if case.setup.steps_back and not case.subject.own:
            seen, severity = f"{seen} (Keras on TensorFlow steps back to the logits, and says so)", WARNING
    elif end is not None or not _like_probabilities(case):
        return
    else:
        seen = f"All {case.n} rows of predictions look like probabilities (from 0 to 1" + (
            ", with sum 1)" if categorical else ")"
        )
        severity = ERROR if case.n >= ENOUGH and categorical else WARNING
    switch = "from_logits" in case.subject.parameters
    where = f" for {classes} classes{' in each frame' if case.subject.sequence else ''}" if categorical else ""
    yield Sign(
        f"{seen}, but the loss applies {again} once more{' (from_logits=True)' if switch else ''}. The best "
        f"value that can be reached{where} is {best:.3f} instead of 0, and gradients shrink.",
        f"{'Set from_logits=False, or remove' if switch else 'Remove'} the {end or again} at the end of the model.",
        {"best": best, "classes": classes},
        severity,
    )


def _like_probabilities(case: Case) -> bool:
    p = case.predictions
    if p.min() < 0 or p.max() > 1:
        return False
    if case.subject.exclusive:
        sums = case.sums(case.p, case.subject.contract.axis)
        return case.classes > 1 and sums.size > 0 and float(np.median(np.abs(sums - 1))) < SLACK
    return case.n >= ENOUGH and p.min() < 0.1 and p.max() > 0.9  # a young model's logits may lie in [0, 1] by chance


def _logits_as_probabilities(case: Case) -> Iterator[Sign]:
    p, end = case.predictions, case.setup.activation
    outside = float(np.mean((p < -SLACK) | (p > 1 + SLACK)))
    do = "Set from_logits=True, or end the model in a sigmoid (yes or no) or a softmax (exclusive classes)."
    if "from_logits" not in case.subject.parameters:
        do = "End the model in a sigmoid or softmax."
    numbers = {"outside": outside, "low": float(p.min()), "high": float(p.max())}
    if outside:
        yield Sign(
            f"{outside:.0%} of the predictions lie outside [0, 1], from {p.min():.3g} to {p.max():.3g}, but "
            f"{case.subject.name} reads probabilities (from_logits=False): such entries are refused, or "
            "clipped and then without a gradient.",
            do,
            numbers,
        )
    elif end == "linear":
        yield Sign(
            f"The model ends without an activation, but {case.subject.name} reads probabilities (from_logits=False). "
            "The "
            f"predictions lie in [0, 1] only by chance now, from {p.min():.3g} to {p.max():.3g}.",
            do,
            numbers,
        )
    elif case.subject.categorical and case.classes > 1 and other_axis(case) is None:
        off = float(np.median(np.abs(case.sums(case.p, case.subject.contract.axis) - 1)))
        if off > 1e-2:
            yield Sign(
                f"The predictions of a row should add up to 1 over the {case.classes} classes; the median row is off "
                "by "
                f"{off:.3g}.",
                "End the model in a softmax, or pass from_logits=True for raw scores.",
                {"off": off},
                ERROR if case.n >= ENOUGH else WARNING,
            )
