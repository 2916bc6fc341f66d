"""Variables that a loss holds, and whether turning one reaches a compiled training step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from ..numerics.backend import compiled
from ..objective.attachment import carried_by, leaves_of
from .case import Case
from .known import to_numpy

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
    elif callable(thing):
        code, cells = getattr(thing, "__code__", None), getattr(thing, "__closure__", None) or ()
        for name, cell in zip(code.co_freevars if code else (), cells, strict=True):
            try:
                yield f" → {name}", cell.cell_contents
            except ValueError:  # a name that is not bound yet
                continue
        yield from ((f".{name}", getattr(thing, name)) for name in ("func", "args", "keywords") if hasattr(thing, name))


def attached(loss: Any) -> set[int]:
    """Those Variables of a loss that compile() makes the model's own, by their ids."""
    layers = [layer for leaf in leaves_of(loss) for layer in carried_by(leaf)]
    return {id(variable) for layer in layers for variable in layer.variables}


def baked_in(case: Case, variable: Any) -> bool:
    """Whether the loss changes with the variable when called, but not when compiled. The variable is put back."""
    if "float" not in variable.dtype:
        return False
    y, p = ops.convert_to_tensor(case.y[:8]), ops.convert_to_tensor(case.p[:8])
    return _stuck(lambda: case.subject.loss(y, p), compiled(lambda: case.subject.loss(y, p)), variable)


def weights_baked_in(case: Case) -> Iterator[str]:
    """The places of loss_weights whose Variable a compiled step does not see."""
    given = case.setup.weights
    if given is None or (
        case.setup.routes and len(case.setup.routes) > 1 and case.output != case.setup.routes[0].output
    ):
        return
    for path, leaf in _named(given):
        if isinstance(leaf, keras.Variable) and _stuck(lambda v=leaf: v * 1.0, compiled(lambda v=leaf: v * 1.0), leaf):
            yield path


def _named(given: Any) -> list[tuple[str, Any]]:
    if isinstance(given, dict):
        return [(f" for {name}", part) for name, part in given.items()]
    return [("", part) for part in tree.flatten(given)]


def _stuck(eager: Any, traced: Any, variable: Any) -> bool:
    before = to_numpy(variable.value)
    try:
        first = [to_numpy(eager()), to_numpy(traced())]
        variable.assign(before * 10 + (before == 0))
        second = [to_numpy(eager()), to_numpy(traced())]
    except Exception:  # what it raises on other numbers is no matter here
        return False
    finally:
        variable.assign(before)
    moves = [not np.allclose(a, b, rtol=1e-6, atol=0) for a, b in zip(first, second, strict=True)]
    return moves[0] and not moves[1]
