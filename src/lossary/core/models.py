"""What a Keras model takes: rows that do not fit are refused before Keras sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import tree

from ..numerics.keras_private import layers_of
from .errors import LossaryError

Shape = Sequence[int | str | None]
OF_TEXT = ("TextVectorization", "StringLookup", "Hashing")


def takes_text(model: Any) -> bool:
    """Whether text may be at an input: by the inputs where they are known, else by the layers."""
    if keras.backend.backend() != "tensorflow":
        return False
    kinds = [str(one.dtype) for one in _inputs(model)]
    return "string" in kinds if kinds else any(type(one).__name__ in OF_TEXT for one in layers_of(model))


def _inputs(model: Any) -> list[Any]:
    """The inputs as symbols; none where they are not known."""
    try:
        return list(tree.flatten(getattr(model, "inputs", None) or []))
    except ValueError:  # of a model that is not built
        return []


def check_inputs(asked: str, model: Any, x: Any) -> None:
    """Refuse rows that the inputs of a model cannot be. What a model without known inputs takes, only Keras finds out.

    As Keras does, a last axis of length 1 may be missing or be too many.
    """
    wanted = _inputs(model)
    named = getattr(model, "input", None)
    names = list(named) if isinstance(named, dict) else [one.name for one in wanted]
    arrived = _misfit(wanted, names, x) if wanted else ""
    if arrived:
        shapes = [_written(["rows", *("any" if n is None else n for n in one.shape[1:])]) for one in wanted]
        several = ", ".join(f"{name!r} {shape}" for name, shape in zip(names, shapes, strict=True))
        raise LossaryError(
            f"{asked} gives x to the inputs of the model.",
            arrived=arrived,
            allowed=f"Expected {several if len(wanted) > 1 else shapes[0]}.",
            do="Pass what model.evaluate takes, rows first.",
        )


def _misfit(wanted: list[Any], names: list[str], x: Any) -> str:
    """What is wrong with x, in words; nothing where it fits."""
    if isinstance(x, dict):
        absent = [name for name in names if name not in x]
        if absent:
            return f"x has no {absent[0]!r}, but {', '.join(map(repr, x)) or 'nothing'}."
        given = [x[name] for name in names]
    else:
        given = tree.flatten(x)
        if len(given) != len(wanted):
            return f"x holds {len(given)} {'array' if len(given) == 1 else 'arrays'}."
    places = names if isinstance(x, dict) else range(len(given))
    for place, one, array in zip(places, wanted, given, strict=True):
        shape = tuple(getattr(array, "shape", None) or np.shape(array))
        if not _fits(tuple(one.shape), shape):
            return f"{f'x[{place!r}]' if tree.is_nested(x) else 'x'} has the shape {_written(shape)}."
    return ""


def check_targets(asked: str, model: Any, y: Any) -> None:
    """Refuse targets by name, and several of them, for the one output of a model with a loss of Keras."""
    alone = getattr(model, "outputs", None) is not None and not tree.is_nested(getattr(model, "output", None))
    if not alone or not tree.is_nested(y):
        return
    count = len(tree.flatten(y))
    if isinstance(y, dict) or count != 1:
        raise LossaryError(
            f"{asked} compares y with the output of the model.",
            arrived=f"The model has one output, and y is a {type(y).__name__} of {count} array{'s' * (count != 1)}.",
            allowed="Expected one array of targets for one output.",
            do="Pass the array itself.",
        )


def _fits(wanted: Shape, shape: Shape) -> bool:
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        shape = shape[:-1]
    elif len(shape) == len(wanted) - 1 and wanted[-1] == 1:
        shape = (*shape, 1)
    alike = len(shape) == len(wanted)
    return alike and all(a is None or b is None or a == b for a, b in zip(wanted[1:], shape[1:], strict=True))


def _written(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
