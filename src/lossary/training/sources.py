"""Data for training, from whatever holds it: arrays, frames and tensors as rows in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import tree

from ..core.errors import LossaryError
from ..core.inputs import plain

Batch = Any


@dataclass(frozen=True)
class Arrays:
    """Rows in memory: x, (x, y) or (x, y, sample_weight), each an array or a structure of arrays."""

    data: Batch
    rows: int

    def take(self, rows: Any) -> Batch:
        """Some of the rows, as NumPy."""
        return tree.map_structure(lambda array: _numpy(array)[rows], self.data)

    @property
    def sample(self) -> Batch:
        """One row, for its shapes and types."""
        return tree.map_structure(lambda array: array[:1], self.data)


def arrays(x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, what: str = "train") -> Arrays:
    """Rows in memory. Floats take the precision that Keras computes in, as in fit."""
    x = None if x is None else _structure(x)
    y, sample_weight = (
        None if part is None else _structure(part, name) for name, part in (("y", y), ("sample_weight", sample_weight))
    )
    if class_weight is not None:
        sample_weight = _by_class(y, sample_weight, class_weight)
    elif sample_weight is not None and tree.is_nested(y) and not tree.is_nested(sample_weight):
        sample_weight = tree.map_structure(lambda _: sample_weight, y)
    named = {"x": x, "y": y, "sample_weight": sample_weight}
    counts = {name: _rows(array) for name, part in named.items() if part is not None for array in tree.flatten(part)}
    several = {_rows(array) for part in named.values() if part is not None for array in tree.flatten(part)}
    if len(several) != 1 or several == {0}:
        raise LossaryError(
            f"{what}(model, x, y) goes through the data row by row.",
            arrived=f"There are {', '.join(f'{count} rows in {name}' for name, count in counts.items())}.",
            allowed="Allowed are arrays with the same number of rows, at least one.",
            do="Pass whole arrays, rows first.",
        )
    return Arrays(keras.utils.pack_x_y_sample_weight(x, y, sample_weight), several.pop())


def _structure(part: Any, name: str = "") -> Any:
    """Lists and dictionaries of arrays stay; a list of numbers is an array. What has a name has to be numbers."""
    if isinstance(part, dict):
        return {key: _structure(value, name) for key, value in part.items()}
    if isinstance(part, (list, tuple)) and any(hasattr(value, "shape") for value in part):
        return type(part)(_structure(value, name) for value in part)
    if name:
        plain("train", name, part)
    return _array(part)


def _rows(array: Any) -> int:
    return int(array.shape[0]) if len(array.shape) else 0


def frames_of(value: Any) -> bool:
    """Whether this is a table of pandas or polars, or a column of one."""
    return type(value).__module__.split(".")[0] in ("pandas", "polars")


def _array(value: Any) -> Any:
    """NumPy, or a tensor of the running backend as it is."""
    if keras.ops.is_tensor(value):
        return keras.ops.cast(value, keras.config.floatx()) if _other_float(value) else value
    # A column of a table becomes (rows, 1) in Keras, whose fit knows those of pandas.
    column = frames_of(value) and type(value).__name__ == "Series"
    found = np.asarray(value.to_numpy() if frames_of(value) else _numpy(value))
    found = found[:, None] if column else found
    return found.astype(keras.config.floatx()) if _other_float(found) else found


def _numpy(value: Any) -> Any:
    if keras.ops.is_tensor(value):
        return keras.ops.convert_to_numpy(value)
    return (
        value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
    )  # a tensor of torch elsewhere


def _other_float(array: Any) -> bool:
    name = str(array.dtype).split(".")[-1]
    return name.startswith(("float", "bfloat")) and name != keras.config.floatx()


def _by_class(y: Any, sample_weight: Any, class_weight: dict[int, float]) -> Any:
    """A weight for each row by its class: a number, or the largest of several."""
    if sample_weight is not None or y is None or tree.is_nested(y):
        raise LossaryError(
            "train(class_weight=...) weighs each row by the class in y.",
            arrived="There is a sample_weight too." if sample_weight is not None else "y is not one array of classes.",
            allowed="Allowed is one output, and either class_weight or sample_weight.",
            do="Multiply both into sample_weight, one number for each row.",
        )
    labels = _numpy(y)
    if labels.ndim > 1:
        labels = labels.argmax(axis=-1) if labels.shape[-1] > 1 else labels[..., 0]
    known, places = np.unique(np.round(labels).astype(int), return_inverse=True)
    return np.array([class_weight.get(int(k), 1.0) for k in known], dtype=keras.config.floatx())[places.ravel()]
