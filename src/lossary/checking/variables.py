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
