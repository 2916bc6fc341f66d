"""Variables that a loss holds, and those that a compiled model would never train."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from ..core.errors import LossaryError
from ..core.loss import Loss
from ..core.sums import Sum
from ..numerics.keras_private import layers_of
from .term import Term

DEPTH = 4


def variables_of(loss: Any) -> list[tuple[str, Any]]:
    """Every Keras Variable that a loss reaches through attributes, containers, partials and closures, with its path."""
    found: dict[int, tuple[str, Any]] = {}
    _walk(loss, "loss", DEPTH, found, set())
    return list(found.values())


def _walk(thing: Any, path: str, depth: int, found: dict[int, tuple[str, Any]], seen: set[int]) -> None:
    if isinstance(thing, keras.Variable):
        found.setdefault(id(thing), (path, thing))
    elif depth > 0 and id(thing) not in seen and not isinstance(thing, (str, int, float, np.ndarray, type)):
        seen.add(id(thing))
        for name, part in _parts(thing):
            _walk(part, f"{path}{name}", depth - 1, found, seen)


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, dict):
        yield from ((f"[{key!r}]", part) for key, part in thing.items())
    elif isinstance(thing, (list, tuple)):
        yield from ((f"[{place}]", part) for place, part in enumerate(thing))
    elif isinstance(thing, (keras.losses.Loss, keras.layers.Layer, keras.random.SeedGenerator)):
        yield from ((f".{name}", part) for name, part in vars(thing).items())
        if isinstance(thing, Loss):  # what a function became a loss of
            yield from _parts(type(thing).call)
    elif callable(thing):
        code, cells = getattr(thing, "__code__", None), getattr(thing, "__closure__", None) or ()
        for name, cell in zip(code.co_freevars if code else (), cells, strict=True):
            try:
                yield f" → {name}", cell.cell_contents
            except ValueError:  # a name that is not bound yet
                continue
        around = getattr(thing, "__globals__", {})
        shared = [(name, around[name]) for name in (code.co_names if code else ()) if name in around]
        yield from ((f" → {name}", part) for name, part in shared if isinstance(part, keras.Variable))
        yield from ((f".{name}", getattr(thing, name)) for name in ("func", "args", "keywords") if hasattr(thing, name))


def pieces_of(loss: Any) -> Iterator[Any]:
    """The losses and functions that a loss of lossary is made of."""
    if isinstance(loss, Sum):
        yield loss
        for part in loss.parts:
            yield from pieces_of(part.loss)
    elif isinstance(loss, Term):
        yield from pieces_of(loss.of)
    else:
        yield loss


def losses_in(model: Any, compiled: Any) -> list[Any]:
    """The losses of lossary that a model is trained with: those of `compile`, and those of layers inside it."""
    outside = [one for one in keras.tree.flatten(compiled) if isinstance(one, (Loss, Sum, Term))]
    inside = [layer for layer in layers_of(model) if getattr(layer, "adds_loss", False)]
    return outside + [layer.of if hasattr(layer, "of") else layer.loss for layer in inside]


def refuse_untracked(model: Any, losses: Iterable[Any]) -> None:
    """Raise for a Variable that is to train, and that no optimizer would know."""
    known = {id(variable) for variable in model.variables}
    for loss in losses:
        for piece in pieces_of(loss):
            for path, variable in variables_of(piece):
                if variable.trainable and id(variable) not in known:
                    raise _untracked(piece, path, variable)


def _untracked(loss: Any, path: str, variable: Any) -> LossaryError:
    name = loss.name if isinstance(loss, keras.losses.Loss) else getattr(loss, "__name__", type(loss).__name__)
    return LossaryError(
        f"The loss '{name}' holds a weight that should train.",
        arrived=f"{path}, of shape {tuple(variable.shape)}, is not one of the model's variables: no optimizer "
        "updates it, so it would never change.",
        allowed="Expected weights that the inputs of the loss declare by `own`, those of the model's layers, and "
        "Variables with trainable=False.",
        do="Declare it (docs/add-a-loss.md), or hold it in a layer of the model. If it is fixed, or changed by a "
        "callback, give it trainable=False or use ls.Dial.",
    )
