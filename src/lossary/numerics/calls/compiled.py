"""The same along the last axis for JAX and TensorFlow, in operations that XLA makes one loop of."""

from __future__ import annotations

from typing import Any

from keras import ops
from keras.backend import backend

from ..backend import by_index, few, picked, replaced, row_sums

Tensor = Any
FIRST_OF_EQUALS = backend() == "tensorflow"  # whose slope a maximum of equals has; JAX halves it
SUBNORMAL = False  # TensorFlow and JAX read numbers below the smallest normal one as 0


def row_sum(x: Tensor) -> Tensor:
    """One number for each row, the axis kept."""
    if few(x) and x.shape[-1] <= 128:
        return ops.sum(x, axis=-1, keepdims=True)
    return ops.expand_dims(row_sums(x), -1)


def row_max(x: Tensor) -> Tensor:
    if 0 in x.shape:  # TensorFlow refuses it
        return ops.sum(x, axis=-1, keepdims=True)
    return ops.amax(x, axis=-1, keepdims=True)


def within(x: Tensor, rows: Tensor, low: float, high: float) -> bool:
    """Whether numbers of rows lie between two, where that can be looked at."""
    return False


def at_once(x: Tensor) -> bool:
    """Whether a softmax is one operation, which takes less time than its parts: XLA makes those in one loop."""
    return by_index(x)


def softmax(x: Tensor) -> Tensor:
    return ops.softmax(x, axis=-1)


def row_size(x: Tensor) -> Tensor:
    """The largest absolute number of each row."""
    return row_max(ops.abs(x))


def winner(x: Tensor) -> tuple[Tensor, Tensor, Any]:
    """The largest entry of each row, its place, and how many places these are: one, which is searched for, or a mask of
    all that are as large, which XLA makes in the loop that it makes anyway."""
    if by_index(x):
        index = ops.argmax(x, axis=-1)
        return ops.expand_dims(picked(x, index), -1), index, 1.0
    top = row_max(x)
    places = ops.equal(x, top)
    return top, places, row_sum(ops.cast(places, x.dtype))


def only(y: Tensor) -> None:
    """Numbers are not looked at."""


def place(x: Tensor, index: Tensor) -> Tensor:
    """The place `index` of each row, as `taken` and `put` have it soonest: as a mask, where that is made once."""
    return _at(x, index) if few(x) else index


def _at(x: Tensor, index: Tensor) -> Tensor:
    if index.dtype == "bool":
        return index
    places = ops.arange(ops.shape(x)[-1], dtype="int32")
    return ops.equal(ops.expand_dims(index, -1), places)


def there(x: Tensor, place: Tensor) -> Tensor:
    """Each entry at the places of `winner`, for `put`."""
    return x if place.dtype == "bool" else taken(x, place)


def taken(x: Tensor, index: Tensor) -> Tensor:
    """The entry at the place `index` of each row; of several places, their sum."""
    if index.dtype == "bool":
        return row_sum(ops.where(index, x, 0.0))
    if by_index(x):
        return ops.expand_dims(picked(x, index), -1)
    return ops.take_along_axis(x, ops.expand_dims(index, -1), axis=-1)


def spent(x: Tensor) -> Tensor:
    """x, which is not used again."""
    return x


def put(x: Tensor, index: Tensor, value: Any) -> Tensor:
    """x with another number at the place `index` of each row; x must not be used again."""
    if index.dtype != "bool" and by_index(x):
        return replaced(x, index, value)
    return ops.where(_at(x, index), value, x)


def whole(index: Tensor) -> Tensor:
    """Places, in the type that this backend takes them in."""
    return ops.cast(index, "int32")


def at_least(x: Tensor, low: float) -> Tensor:
    """The larger of x and a number; where they are equal, the slope is that of x."""
    if FIRST_OF_EQUALS:
        return ops.maximum(x, ops.convert_to_tensor(low, dtype=x.dtype))
    return ops.where(x < low, ops.convert_to_tensor(low, dtype=x.dtype), x)


def at_most(x: Tensor, high: float) -> Tensor:
    """The smaller of x and a number; where they are equal, the slope is that of x."""
    if FIRST_OF_EQUALS:
        return ops.minimum(x, ops.convert_to_tensor(high, dtype=x.dtype))
    return ops.where(x > high, ops.convert_to_tensor(high, dtype=x.dtype), x)


def above(x: Tensor, low: float) -> Tensor:
    """1 where x is larger than a number, 0 elsewhere."""
    return ops.cast(x > low, x.dtype)


def nothing(x: Tensor) -> Tensor:
    """1 where x is 0, 0 elsewhere."""
    return ops.cast(ops.equal(x, 0), x.dtype)


def recorded(x: Tensor) -> bool:
    """Whether what is made of x may be differentiated."""
    return True
