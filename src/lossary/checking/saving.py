"""A loss after saving and loading, compared with what it was: by value, through configurations and behaviour."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from ..objective.attachment import carried_by, leaves_of
from ..objective.held import variables_of
from .known import LossFailed, to_numpy

DEPTH = 8  # of containers in containers; what lies deeper is taken to be the same


def rebuilt(loss: Any) -> Any:
    """The loss that its own configuration makes, with the Variables of this one: a file keeps them with the model."""
    try:
        again = type(loss).from_config(loss.get_config())
    except Exception as error:  # a user's loss may raise anything
        raise LossFailed(error) from error
    return _with_variables(again, loss)


def from_file(loss: Any) -> Any:
    """The loss as a file would give it back, whose configuration holds nothing but plain data; None where it has none.

    Keras writes losses, arrays and functions inside a configuration as dictionaries. It is for `from_config` to read
    them.
    """
    try:
        written = keras.saving.serialize_keras_object(loss.get_config())
    except Exception:  # Keras says so when the model is saved
        return None
    try:
        with keras.saving.custom_object_scope(dict(_own_types(loss.get_config(), DEPTH))):
            again = type(loss).from_config(written)
    except Exception as error:
        raise LossFailed(error) from error
    return _with_variables(again, loss)


def same(a: Any, b: Any, depth: int = DEPTH) -> bool:
    """Whether two things are equal as a configuration sees them. What has no configuration is left to behaviour."""
    if a is b or depth == 0:
        return True
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return set(a) == set(b) and all(same(a[key], b[key], depth - 1) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, depth - 1) for x, y in zip(a, b, strict=True))
    if _numeric(a) and _numeric(b):
        return _equal(a, b)
    if type(a) is not type(b):
        return not (_plain(a) and _plain(b))
    if is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name), depth - 1) for f in fields(a))
    if isinstance(a, functools.partial):
        return same((a.func, a.args, a.keywords), (b.func, b.args, b.keywords), depth - 1)
    if hasattr(a, "get_config"):
        try:
            return same(a.get_config(), b.get_config(), depth - 1)
        except Exception:  # it cannot say what it is
            return True
    return bool(a == b) if _plain(a) else True


def _numeric(x: Any) -> bool:
    return isinstance(x, (bool, int, float, np.ndarray, np.generic, keras.Variable)) or ops.is_tensor(x)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, (bool, int)) and isinstance(b, (bool, int)):
        return a == b
    a, b = to_numpy(a), to_numpy(b)
    if a.shape != b.shape:
        return False
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc")


def _plain(x: Any) -> bool:
    return x is None or isinstance(x, (str, bytes, list, tuple, dict)) or _numeric(x)


def _with_variables(again: Any, loss: Any) -> Any:
    """Give a loss that was made anew the values that another one's Variables have, where both have the same."""
    before, after = _variables(loss), _variables(again)
    for path, variable in after.items():
        old = before.get(path)
        if old is not None and old is not variable and tuple(old.shape) == tuple(variable.shape):
            variable.assign(to_numpy(old.value))
    return again


def _variables(loss: Any) -> dict[str, Any]:
    """The Variables of a loss by their places: those it holds, and those that compile makes the model's own."""
    layers = [layer for leaf in leaves_of(loss) for layer in carried_by(leaf)]
    carried = {f"{n}, {k}": variable for n, layer in enumerate(layers) for k, variable in enumerate(layer.variables)}
    return dict(variables_of(loss)) | carried


def _own_types(thing: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The classes and functions inside a configuration, by name: whoever loads a model names them to Keras."""
    if depth == 0:
        return
    if isinstance(thing, Mapping):
        parts: Any = thing.values()
    elif isinstance(thing, (list, tuple)):
        parts = thing
    else:
        owner = thing if isinstance(thing, type) or hasattr(thing, "__code__") else type(thing)
        yield owner.__name__, owner
        parts = (thing.get_config(),) if hasattr(thing, "get_config") and not isinstance(thing, type) else ()
    for part in parts:
        yield from _own_types(part, depth - 1)
