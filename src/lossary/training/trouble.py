"""A target that is no number: at which step, and which of its terms."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from ..objective import target_split
from .feeds import Trouble


def sentence(model: Any, trouble: Trouble, steps: int | None) -> str:
    """Where training stopped and which terms are not finite there. The model holds the weights before that step."""
    place = f"step {trouble.epoch * (steps or 0) + trouble.step + 1} "
    place += f"(epoch {trouble.epoch + 1}, batch {trouble.step + 1})"
    if trouble.lost:
        return f"{place}: the weights are not finite before the first step."
    terms, data = _terms(model, trouble), _inputs(trouble)
    told = f"{data}{_told(terms)}"
    if not trouble.loss and not data and all(map(math.isfinite, terms.values())):
        told = f"the gradient is not finite, although the loss is ({told})"
    elif not trouble.loss:  # an activation may turn nan into a number in training, and not in evaluation
        told = f"{told}, and the gradient is not finite"
    return f"{place}: {told}; weights are those before that step."


def _inputs(trouble: Trouble) -> str:
    """Which rows of the batch hold inputs that are not finite: they are named before what follows from them."""
    x, _, _ = keras.utils.unpack_x_y_sample_weight(trouble.batch)
    arrays = [np.asarray(keras.ops.convert_to_numpy(part)) for part in keras.tree.flatten(x)]
    for array in arrays:
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            rows = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
            return f"the inputs are not finite in {rows.size} of {len(array)} rows (row {rows[0]} of the batch first), "
    return ""


def _terms(model: Any, trouble: Trouble) -> dict[str, float]:
    """The loss, each term of the regularization, and what else Keras would log, on that batch."""
    x, y, weight = keras.utils.unpack_x_y_sample_weight(trouble.batch)
    rows = len(keras.tree.flatten(x)[0])
    split = target_split(model, x, y, weight, batch_size=rows)
    terms = {
        "loss": split.loss,
        **split.parts,
        **{f"regularization {name}": v for name, v in split.regularization.items()},
    }
    if trouble.loss and all(map(math.isfinite, terms.values())):  # only so in training, for instance after a dropout
        terms = {"loss in training": math.nan, **{f"{name} in evaluation": value for name, value in terms.items()}}
    logs = model.test_on_batch(x, y, sample_weight=weight, return_dict=True)
    spoiled = {name: float(value) for name, value in logs.items() if name != "loss" and not math.isfinite(value)}
    return {**terms, **spoiled}


def _told(terms: dict[str, float]) -> str:
    """What is not finite first."""
    order = sorted(terms, key=lambda name: math.isfinite(terms[name]))
    return ", ".join(f"{name} is {terms[name]:.4g}" for name in order)
