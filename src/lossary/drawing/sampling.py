"""A loss in numbers along an axis: value, gradient, curvature, and where they jump."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import ops
from matplotlib.ticker import MaxNLocator

from ..core.contract import checks
from ..core.errors import LossaryError
from ..core.inputs import read
from ..core.loss import Loss
from ..numerics.backend import gradient
from .asked import one
from .axes import Axis, checked_span, chosen_axis, name_of

Numbers = np.ndarray
Function = Callable[[Numbers], Numbers]


@dataclass(frozen=True)
class Corner:
    """A place where a loss is not smooth: the value jumps ("jump"), the gradient does ("kink"), or the curvature.

    The last is a "bend": the gradient is continuous and has a corner, as Huber's at delta.
    """

    x: float
    kind: str


@dataclass(frozen=True)
class Curve:
    """A loss sampled along an axis: the value of one row, its first and second derivative by x, and its corners.

    `table` holds x, value and slope at round numbers, (3, k), to be read rather than drawn.
    """

    name: str
    axis: str
    x: Numbers
    value: Numbers
    slope: Numbers
    curvature: Numbers
    corners: tuple[Corner, ...] = ()
    table: Numbers = field(default_factory=lambda: np.empty((3, 0)))


class Along:
    """The value and the slope of a loss as functions of x, computed as the backend computes the loss.

    They are asked for in blocks of one size, since JAX compiles every operation anew for every shape.
    """

    def __init__(self, loss: Any, axis: Axis, block: int) -> None:
        self.loss, self.axis, self.block = loss, axis, block
        self.coupled = isinstance(loss, Loss) and (axis.batches or loss.coupled)

    def value(self, x: Numbers) -> Numbers:
        """The value of one row for each x."""
        return self._blockwise(self._value, x)

    def slope(self, x: Numbers) -> Numbers:
        """The derivative by x: the gradient by the predictions as training sees it, times how they move with x."""
        return self._blockwise(self._slope, x)

    def _blockwise(self, f: Function, x: Numbers) -> Numbers:
        padded = np.pad(x, (0, -x.size % self.block), mode="edge")
        return np.concatenate([f(part) for part in padded.reshape(-1, self.block)])[: x.size]

    def _value(self, x: Numbers) -> Numbers:
        y_true, y_pred = self.axis.inputs(x)
        try:
            return _numbers(self._rows(_tensor(y_true), _tensor(y_pred)))
        except LossaryError:
            raise
        except Exception as error:  # whatever a function of one's own may raise
            raise LossaryError(
                f"{name_of(self.loss)} was to be drawn over the {self.axis.label}.",
                arrived=f"It does not take y_true and y_pred of shapes {np.shape(y_true)} and {np.shape(y_pred)}, or "
                "does not give one value for each of these rows.",
                allowed="Allowed are losses that do.",
                do="Pass axis=Axis(label, span, inputs), where inputs(x) gives (y_true, y_pred) for an array x.",
            ) from error

    def _slope(self, x: Numbers) -> Numbers:
        # The inputs are ours, in float64: over so wide a step only an angle's curvature leaves a trace, of h² / 6.
        h = 1e-4 * (self.axis.span[1] - self.axis.span[0])
        (y_true, y_pred), (t1, p1), (t0, p0) = (self.axis.inputs(x + d) for d in (0.0, h, -h))
        by = self._gradient(_tensor(y_true), _tensor(y_pred)) if np.array_equal(t0, t1) else None
        if by is None:
            return (self._value(x + h) - self._value(x - h)) / (2 * h)
        moves = (np.asarray(p1, dtype=float) - np.asarray(p0, dtype=float)) / (2 * h)
        return (by * moves).reshape(x.size, -1).sum(axis=1)

    def _gradient(self, y_true: Any, y_pred: Any) -> Numbers | None:
        """The gradient by the predictions; None for a function that the backend cannot differentiate."""
        try:
            by = _numbers(gradient(lambda p: self._rows(y_true, p), y_pred))
        except Exception:  # NumPy inside: each backend says so in its own way
            return None
        if not by.any() and np.ptp(_numbers(self._rows(y_true, y_pred))) > 0:
            return None  # TensorFlow's tape follows no NumPy, and says nothing
        return by

    def _rows(self, y_true: Any, y_pred: Any) -> Any:
        """The values of the rows as a tensor (n,)."""
        loss, count = self.loss, y_pred.shape[0]
        call = loss.rows if isinstance(loss, Loss) else getattr(loss, "call", loss)
        with checks(False):
            if not self.coupled:
                return ops.mean(ops.reshape(call(y_true, y_pred), (count, -1)), axis=1)
            if not self.axis.batches:  # each row is a batch
                y_true, y_pred = ops.expand_dims(y_true, 1), ops.expand_dims(y_pred, 1)
            return ops.vectorized_map(lambda pair: ops.reshape(call(*pair), (-1,))[0], (y_true, y_pred))


def sample(
    loss: Any, *, axis: str | Axis | None = None, span: tuple[float, float] | None = None, points: int = 600
) -> Curve:
    """A loss as a Curve: `points` values and derivatives at the middles of equal steps over `span`.

    `loss` is a loss object, a function of (y_true, y_pred), or a name. The gradient is the one that the backend finds
    and training uses, the curvature its central difference over a quarter of a step, so that both ends lie on one
    side of a kink between two points; on a kink it is NaN.
    """
    loss = one(loss)
    where = chosen_axis(loss, axis)
    low, high = checked_span(span or where.span)
    step = (high - low) / points
    x = low + step * (np.arange(points) + 0.5)
    h = step / 4
    along = Along(loss, where, points)
    value = along.value(x)
    left, slope, right = along.slope(np.concatenate([x - h, x, x + h])).reshape(3, points)
    curvature = (right - left) / (2 * h)
    corners = _corners(along, x, value, slope, curvature)
    for corner in corners:
        curvature[(abs(x - corner.x) <= 2 * h) & (corner.kind != "bend")] = np.nan
    ticks = np.asarray(MaxNLocator(nbins=13, steps=[1, 2, 5, 10]).tick_values(low, high))
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    table = np.stack([ticks, along.value(ticks), along.slope(ticks)])
    return Curve(name_of(loss), where.label, x, value, slope, curvature, corners, table)


def rows_of(loss: Any, y_true: Any, y_pred: Any) -> Numbers:
    """The values of n rows: lossary's own by `rows`, Keras's by `call`, a function by calling it."""
    everywhere = Axis("given rows", (0.0, 1.0), lambda x: (y_true, y_pred))
    return Along(one(loss), everywhere, len(y_pred)).value(np.zeros(len(y_pred)))


def jumps(y: Numbers) -> Numbers:
    """The positions after which y jumps: a step far above both of its neighbours and visible in a figure."""
    steps = np.abs(np.diff(y))
    around = np.maximum(np.r_[steps[1:], 0.0], np.r_[0.0, steps[:-1]])
    return np.flatnonzero((steps > 8 * around) & (steps > 0.02 * _size(y)))


def _size(y: Numbers) -> float:
    """The range of y without the tenth at either end, where a pole may stand, or all of it where that is nothing."""
    finite = y[np.isfinite(y)]
    if not finite.size:
        return 0.0
    inner = float(np.subtract(*np.quantile(finite, [0.9, 0.1])))
    return inner or float(np.ptp(finite))


def _corners(along: Along, x: Numbers, value: Numbers, slope: Numbers, curvature: Numbers) -> tuple[Corner, ...]:
    """Jumps of the value, of the gradient and of the curvature, each counted once, by its lowest order."""
    found = [Corner(at, "jump") for at in _places(along.value, x, value)]
    found += [Corner(at, "kink") for at in _places(along.slope, x, slope) if not _near(at, found, x)]
    found += [Corner(at, "bend") for at in _bends(x, slope, curvature) if not _near(at, found, x)]
    return tuple(sorted(found, key=lambda corner: corner.x))


def _near(at: float, found: list[Corner], x: Numbers) -> bool:
    return any(abs(at - corner.x) < 3 * (x[1] - x[0]) for corner in found)


def _places(f: Function, x: Numbers, y: Numbers) -> list[float]:
    """Where f jumps. A step that stays as high over a thousandth of its width is a jump; others are only steep."""
    places = []
    for start in _steep(y):
        low, high, height = x[start], x[start + 2], abs(y[start + 2] - y[start])
        for _ in range(2):
            inside = np.linspace(low, high, 49)
            seen = f(inside)
            here = int(np.nanargmax(np.abs(seen[2:] - seen[:-2])))
            low, high, left = inside[here], inside[here + 2], abs(seen[here + 2] - seen[here])
        if left > 0.5 * height:
            places.append(_tidy((low + high) / 2, high - low))
    return places


def _steep(y: Numbers) -> list[int]:
    """Where a window of two steps is far higher than those beside it; two, for a jump may meet a sampled point."""
    if y.size < 8 or not np.isfinite(y).all():
        return []
    steps = np.abs(y[2:] - y[:-2])
    beside = np.full_like(steps, np.inf)
    beside[2:-2] = np.maximum(steps[:-4], steps[4:])
    found: list[int] = []
    for start in np.flatnonzero((steps > 8 * beside) & (steps > 0.02 * _size(y))):
        if not found or start > found[-1] + 2:
            found.append(int(start))
    return found


def _bends(x: Numbers, slope: Numbers, curvature: Numbers) -> list[float]:
    """Where the curvature jumps: the point at which the gradient's lines from both sides meet."""
    places = []
    for start in _steep(curvature):
        a, b = max(start - 1, 0), min(start + 3, x.size - 1)
        change = curvature[a] - curvature[b]
        if abs(change) > 0.05 * _size(curvature) and abs(change) > 1e-3 * np.ptp(slope):
            at = (slope[b] - slope[a] + curvature[a] * x[a] - curvature[b] * x[b]) / change
            if x[a] <= at <= x[b]:
                places.append(_tidy(float(at), x[1] - x[0]))
    return places


def _tidy(at: float, width: float) -> float:
    """The shortest number within a width of the place, so that 0 is not shown as 3e-06."""
    for digits in range(12):
        if abs(round(at, digits) - at) <= width:
            return float(round(at, digits)) + 0.0
    return float(at)


def _tensor(y: Any) -> Any:
    return read("The drawing", "an input", y, "float32", whole=np.asarray(y).dtype.kind in "iu")


def _numbers(x: Any) -> Numbers:
    return np.asarray(ops.convert_to_numpy(x), dtype=float)
