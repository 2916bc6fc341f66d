"""Data for training, from whatever holds it: arrays, frames and tensors as rows in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import tree

from ..core.errors import LossaryError, shown
from ..core.models import takes_text
from ..core.params import plain_number
from ..data.arrays import arrays as read
from ..numerics import backend

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


@dataclass(frozen=True)
class Wanted:
    """What a model takes besides floats: text at some input; the largest whole number at each, 0 where it takes floats.

    JAX has no whole numbers of 64 bits.
    """

    text: bool = False
    whole: tuple[float, ...] = ()

    @classmethod
    def by(cls, model: Any) -> Wanted:
        """By the inputs of a model where they are known, else by its layers."""
        kinds = [str(one.dtype) for one in tree.flatten(getattr(model, "inputs", None) or [])]
        return cls(takes_text(model), tuple(_largest(kind) for kind in kinds))


def _largest(kind: str) -> float:
    if "int" not in kind:
        return 0
    return float(np.iinfo("int32" if "64" in kind and keras.backend.backend() == "jax" else kind).max)


FLOATS = Wanted()
READY = frozenset(
    map(np.dtype, ("bool", "uint8", "int8", "int16", "int32"))
)  # types that need no look, as most batches have


def arrays(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    what: str = "train",
    wanted: Wanted = FLOATS,
) -> Arrays:
    """Rows in memory. Floats take the precision that Keras computes in, as in fit."""
    of = "" if what == "train" else " of validation_data"
    x = _read(x, f"x{of}", wanted.text)
    y, sample_weight = _read(y, f"y{of}"), _read(sample_weight, f"sample_weight{of}")
    _check_whole(x, wanted.whole)
    if class_weight is not None:
        sample_weight = _by_class(y, sample_weight, class_weight)
    elif sample_weight is not None and tree.is_nested(y) and not tree.is_nested(sample_weight):
        sample_weight = tree.map_structure(lambda _: sample_weight, y)
    if any(weight is None for weight in tree.flatten(sample_weight)) and sample_weight is not None:
        raise LossaryError(
            f"{what}(sample_weight=...) weights the rows of each output.",
            arrived="It is None for one of them.",
            allowed="Expected one array for all outputs, or one for each.",
            do="Pass ones where all rows count equally.",
        )
    named = {"x": x, "y": y, "sample_weight": sample_weight}
    counts = {
        name: (int(array.shape[0]) if len(array.shape) else 0)
        for name, part in named.items()
        if part is not None
        for array in tree.flatten(part)
    }
    several = {
        (int(array.shape[0]) if len(array.shape) else 0)
        for part in named.values()
        if part is not None
        for array in tree.flatten(part)
    }
    if len(several) != 1 or several == {0}:
        raise LossaryError(
            f"{what}(model, x, y) reads the data row by row.",
            arrived=f"There are {', '.join(f'{count} rows in {name}' for name, count in counts.items())}.",
            allowed="Expected arrays with the same number of rows, and at least one row.",
            do="Pass whole arrays, rows first.",
        )
    return Arrays(keras.utils.pack_x_y_sample_weight(x, y, sample_weight), several.pop())


def _read(part: Any, what: str, text: bool = False) -> Any:
    """NumPy, or tensors of the running backend as they are, in the structure of `part`; floats as Keras computes."""
    if type(part) is np.ndarray and part.ndim and (part.dtype in READY or part.dtype == keras.config.floatx()):
        return part
    # Without 64 bits, JAX would take large whole numbers for others.
    found = read(part, what, int64=keras.backend.backend() != "jax", text=text, keep=_ours)
    return None if part is None else tree.map_structure(lambda array: _in_floatx(array, what), found)


def _ours(value: Any) -> bool:
    """Whether this is a dense tensor of numbers of the running backend."""
    return backend.native(value) and backend.obstacle(value) is None


def _check_whole(x: Any, whole: tuple[float, ...]) -> None:
    """An input of whole numbers would take floats beyond its range, and what came as such, for others."""
    if x is None or not any(whole) or len(flat := tree.flatten(x)) != len(whole):
        return
    for array, largest in zip(flat, whole, strict=True):
        floats = largest and array.size and "float" in str(array.dtype) and isinstance(array, np.ndarray)
        if floats and (most := np.nanmax(np.abs(array))) > largest:
            raise LossaryError(
                "train(model, x) passes integers to an input with an integer dtype.",
                arrived=f"x holds {most:.0f}.",
                allowed=f"Expected integers up to {largest:.0f}.",
                do="Renumber the values from 0: np.unique(values, return_inverse=True)[1].",
            )


def _in_floatx(array: Any, what: str) -> Any:
    wanted = keras.config.floatx()
    if array is None or not _other_float(array):
        return array
    if keras.ops.is_tensor(array):
        return keras.ops.cast(array, wanted)
    try:
        with np.errstate(over="raise"):
            return array.astype(wanted)
    except FloatingPointError:
        most = np.abs(array[np.isfinite(array)]).max()
        raise LossaryError(
            f"train computes in {wanted}, as Keras does.",
            arrived=f"{what} holds {most:g}.",
            allowed=f"Expected numbers in the range of {wanted}.",
            do="Rescale it, for instance by its standard deviation.",
        ) from None


def _numpy(value: Any) -> Any:
    if keras.ops.is_tensor(value):
        return keras.ops.convert_to_numpy(value)
    return (
        value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
    )  # a tensor of torch elsewhere


def _other_float(array: Any) -> bool:
    name = str(array.dtype).split(".")[-1]
    return name.startswith(("float", "bfloat")) and name != keras.config.floatx()


def _weighs(pair: tuple[Any, Any]) -> bool:
    return isinstance(pair[0], (int, np.integer)) and plain_number(pair[1]) is not None


def _by_class(y: Any, sample_weight: Any, class_weight: dict[int, float]) -> Any:
    """A weight for each row by its class: a number, or the largest of several."""
    if sample_weight is not None or y is None or tree.is_nested(y):
        raise LossaryError(
            "train(class_weight=...) weights each row by its class in y.",
            arrived="There is a sample_weight too." if sample_weight is not None else "y is not one array of classes.",
            allowed="Expected one output, and either class_weight or sample_weight.",
            do="Multiply both into sample_weight, one number for each row.",
        )
    if not isinstance(class_weight, dict) or not all(map(_weighs, class_weight.items())):
        raise LossaryError(
            "train(class_weight=...) weights each row by its class in y.",
            arrived=f"It was given {shown(class_weight)}.",
            allowed="Expected a dictionary from classes to numbers, as in fit.",
            do="Pass for instance class_weight=dict(enumerate(ls.weights_from(y))).",
        )
    labels = _numpy(y)
    if labels.ndim > 1:
        labels = labels.argmax(axis=-1) if labels.shape[-1] > 1 else labels[..., 0]
    known, places = np.unique(np.round(labels).astype(int), return_inverse=True)
    return np.array([class_weight.get(int(k), 1.0) for k in known], dtype=keras.config.floatx())[places.ravel()]
