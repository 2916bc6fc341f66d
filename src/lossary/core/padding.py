"""Batches of equal size for devices that need them: rows are added that no loss of lossary counts.

An added row repeats the last one and has the weight -0.0. As a weight that is 0 to everybody; a loss of lossary leaves
such a row out altogether: of its sums, of what a mean divides by, and of what other rows are compared with.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from .._calls import checked_call
from ..numerics.joined import most
from .errors import ParameterError, ShapeError

Tensor = Any


def there(weight: Tensor) -> Tensor:
    """Which rows were not added: those whose weight is not -0.0."""
    return ops.logical_not(ops.logical_and(ops.equal(weight, 0), ops.signbit(weight)))


@checked_call
def padded(x: Any, y: Any = None, sample_weight: Any = None, *, multiple: int | None = None) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights with rows added until their number is a multiple of the devices.

        x, y, w = ls.padded(x, y)                           # 61 rows become 64, on 8 devices
        model.fit(x, y, sample_weight=w, batch_size=16)     # under keras.distribution.DataParallel

    Losses of lossary give what they give without the added rows, for every reduction. Keras's own losses see rows of
    weight 0, which its means count. In several processes of JAX each of them calls this with its own rows, and all end
    with the same number of rows.

    Args:
        x, y: arrays, or nested lists and dictionaries of them, whose first axis counts the rows.
        sample_weight: weights of the rows; None is 1 for each.
        multiple: what the number of rows has to be a multiple of. None is the number of devices.
    """
    rows = {
        np.shape(one)[0] if np.shape(one) else -1
        for one in keras.tree.flatten((x, y, sample_weight))
        if one is not None
    }
    if len(rows) != 1 or rows & {-1, 0}:
        raise ShapeError(
            "ls.padded(x, y, sample_weight) adds rows to all of them.",
            arrived=f"They have {', '.join(map(str, sorted(rows))) or 'no'} rows."
            if -1 not in rows
            else "One of them is a single number.",
            allowed="Expected arrays with the same number of rows, at least one.",
            do="Pass arrays whose first axis counts the rows.",
        )
    n, step = rows.pop(), _devices() if multiple is None else multiple
    if not isinstance(step, int) or step < 1:
        raise ParameterError(
            "ls.padded(multiple=...) is what the number of rows has to be a multiple of.",
            arrived=f"It was given multiple={multiple!r}.",
            allowed="Expected a whole number >= 1.",
            do="Leave it out for the number of devices.",
        )
    more = -(-most(n) // step) * step - n
    weight = np.ones(n, "float32") if sample_weight is None else sample_weight
    grown = keras.tree.map_structure(lambda one: None if one is None else _grown(np.asarray(one), more), (x, y))
    return *grown, keras.tree.map_structure(lambda one: _weighed(np.asarray(one), more), weight)


def _grown(one: np.ndarray[Any, Any], more: int) -> np.ndarray[Any, Any]:
    return np.concatenate([one, np.repeat(one[-1:], more, axis=0)]) if more else one


def _weighed(one: np.ndarray[Any, Any], more: int) -> np.ndarray[Any, Any]:
    one = one if one.dtype.kind == "f" else one.astype("float32")
    return np.concatenate([one, np.full((more, *one.shape[1:]), -0.0, one.dtype)])


def _devices() -> int:
    """Over which a batch is spread."""
    spread = keras.distribution.distribution()
    mesh = getattr(spread, "device_mesh", None)
    if mesh is None:
        return max(1, len(keras.distribution.list_devices()))
    names = list(mesh.axis_names)
    axis = getattr(spread, "batch_dim_name", None)
    return int(mesh.shape[names.index(axis)] if axis in names else mesh.shape[0])
