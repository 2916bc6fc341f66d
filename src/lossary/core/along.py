"""A loss as a function of one number: its values and slopes along an axis, as the backend computes the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from ..numerics.backend import gradient
from .axes import Array, Axis
from .contract import checks
from .errors import LossaryError
from .inputs import read
from .loss import Loss

Tensors = dict[str, Any]


class Along:
    """The value and the slope of a loss as functions of x.

    They are asked for in blocks of one size, since JAX compiles every operation anew for every shape. `second` is the
    second number of the axis, `name` what errors call the loss.
    """

    def __init__(self, loss: Any, axis: Axis, block: int, second: float | None = None, name: str = "") -> None:
        self.loss, self.axis, self.block, self.second = loss, axis, block, second
        self.name = name or getattr(loss, "__name__", type(loss).__name__)
        self.coupled = isinstance(loss, Loss) and (axis.batches or loss.coupled)

    def value(self, x: Array) -> Array:
        """The value of one row for each x."""
        return self._blockwise(self._value, x)

    def slope(self, x: Array) -> Array:
        """The derivative by x: the gradient by the predictions as training sees it, times how they move with x."""
        return self._blockwise(self._slope, x)

    def _blockwise(self, f: Callable[[Array], Array], x: Array) -> Array:
        padded = np.pad(x, (0, -x.size % self.block), mode="edge")
        return np.concatenate([f(part) for part in padded.reshape(-1, self.block)])[: x.size]

    def _value(self, x: Array) -> Array:
        slots = self.axis.slots(x, self.second)
        try:
            return _numbers(self._rows(_tensors(slots), x.size))
        except LossaryError:
            raise
        except Exception as error:  # whatever a function of one's own may raise
            shapes = " and ".join(str(np.shape(part)) for part in slots.values())
            raise LossaryError(
                f"Cannot draw {self.name} over the {self.axis.label}.",
                arrived=f"It does not take {' and '.join(slots)} of shapes {shapes}, or does not give one value for "
                "each of these rows.",
                allowed="Expected a loss that does.",
                do="Pass axis=Axis(label, span, inputs), where inputs(x) gives (y_true, y_pred) for an array x.",
            ) from error

    def _slope(self, x: Array) -> Array:
        # The inputs are ours, in float64: over so wide a step only an angle's curvature leaves a trace, of h² / 6.
        h = 1e-4 * (self.axis.span[1] - self.axis.span[0])
        at, up, down = (self.axis.slots(x + d, self.second) for d in (0.0, h, -h))
        moving = [name for name in at if not np.array_equal(down[name], up[name])]
        # a target that moves is nothing that a model gives; what moves together has one slope by differences
        name = moving[0] if len(moving) == 1 and moving != ["y_true"] else None
        by = None if name is None else self._gradient(_tensors(at), name, x.size)
        if name is None or by is None:
            return (self._value(x + h) - self._value(x - h)) / (2 * h)
        moves = (np.asarray(up[name], dtype=float) - np.asarray(down[name], dtype=float)) / (2 * h)
        return np.asarray((by * moves).reshape(x.size, -1).sum(axis=1))

    def _gradient(self, slots: Tensors, name: str, count: int) -> Array | None:
        """The gradient by one slot; None for a function that the backend cannot differentiate."""
        try:
            by = _numbers(gradient(lambda p: self._rows({**slots, name: p}, count), slots[name]))
        except Exception:  # NumPy inside: each backend says so in its own way
            return None
        if not by.any() and np.ptp(_numbers(self._rows(slots, count))) > 0:
            return None  # TensorFlow's tape follows no NumPy, and says nothing
        return by

    def _rows(self, slots: Tensors, count: int) -> Any:
        """The values of the rows as a tensor (n,)."""
        with checks(False):
            if not self.coupled:
                return ops.mean(ops.reshape(self._call(slots), (count, -1)), axis=1)
            names, parts = list(slots), list(slots.values())
            if not self.axis.batches:  # each row is a batch
                parts = [ops.expand_dims(part, 1) for part in parts]
            return ops.vectorized_map(
                lambda batch: ops.reshape(self._call(dict(zip(names, batch, strict=True))), (-1,))[0], tuple(parts)
            )

    def _call(self, slots: Tensors) -> Any:
        if isinstance(self.loss, Loss):
            return self.loss.rows(**slots)
        return getattr(self.loss, "call", self.loss)(slots["y_true"], slots["y_pred"])


def _tensors(slots: Any) -> Tensors:
    return {
        name: read("The drawing", "an input", part, "float32", whole=np.asarray(part).dtype.kind in "iu")
        for name, part in slots.items()
    }


def _numbers(x: Any) -> Array:
    return np.asarray(ops.convert_to_numpy(x), dtype=float)
