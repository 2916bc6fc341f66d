"""A loss in numbers along an axis: value, gradient, curvature, and where they jump."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..core.along import Along
from ..core.axes import PAIR, Axis, Slots
from .axes import checked_span, chosen_axis, name_of
from .losses import one

Numbers = np.ndarray
Function = Callable[[Numbers], Numbers]


@dataclass(frozen=True)
class Corner:
    """A place where a loss is not smooth: the value jumps ("jump"), the gradient does ("corner"), or the curvature.

    The last is a "bend": the gradient is continuous and has a corner, as Huber's at delta.
    """

    x: float
    kind: str


@dataclass(frozen=True)
class Sampled:
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


def sample(
    loss: Any, *, axis: str | Axis | None = None, span: tuple[float, float] | None = None, points: int = 600
) -> Sampled:
    """A loss as a Sampled: `points` values and derivatives at the middles of equal steps over `span`.

    `loss` is a loss object, a function of (y_true, y_pred), or a name. The gradient is the one that the backend finds
    and training uses, the curvature its central difference over a quarter of a step, so that both ends lie on one
    side of a corner between two points; at a corner it is NaN.
    """
    loss = one(loss)
    where = chosen_axis(loss, axis)
    low, high = checked_span(span or where.span)
    step = (high - low) / points
    x = low + step * (np.arange(points) + 0.5)
    h = step / 4
    along = Along(loss, where, points, name=name_of(loss))
    value = along.value(x)
    left, slope, right = along.slope(np.concatenate([x - h, x, x + h])).reshape(3, points)
    curvature = (right - left) / (2 * h)
    corners = _corners(along, x, value, slope, curvature)
    for corner in corners:
        curvature[(abs(x - corner.x) <= 2 * h) & (corner.kind != "bend")] = np.nan
    ticks = np.asarray(MaxNLocator(nbins=13, steps=[1, 2, 5, 10]).tick_values(low, high))
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    table = np.stack([ticks, along.value(ticks), along.slope(ticks)])
    return Sampled(name_of(loss), where.label, x, value, slope, curvature, corners, table)


def rows_of(loss: Any, slots: Slots) -> Numbers:
    """The values of n rows: lossary's own by `rows`, Keras's by `call`, a function by calling it."""
    count = len(slots["y_pred"] if "y_pred" in slots else next(iter(slots.values())))
    everywhere = Axis("given rows", (0.0, 1.0), lambda x: slots)
    found = one(loss)
    return Along(found, everywhere, count, name=name_of(found)).value(np.zeros(count))


def pair(y_true: Any, y_pred: Any) -> Slots:
    """Targets and predictions, by name."""
    return dict(zip(PAIR, (y_true, y_pred), strict=True))


def jumps(y: Numbers) -> Numbers:
    """The positions after which y jumps: a step far above both of its neighbours and visible in a figure."""
    steps = np.abs(np.diff(y))
    around = np.maximum(np.r_[steps[1:], 0.0], np.r_[0.0, steps[:-1]])
    return np.flatnonzero((steps > 8 * around) & (steps > 0.02 * _size(y)))


def _size(y: Numbers) -> float:
    """The range of y without the tenth at either end, where a pole may stand, or all of it where that is nothing; no
    less than what rounding may make of a constant."""
    finite = y[np.isfinite(y)]
    if not finite.size:
        return 0.0
    inner = float(np.subtract(*np.quantile(finite, [0.9, 0.1])))
    return max(inner or float(np.ptp(finite)), 1e-5 * float(np.median(np.abs(finite))))


def _corners(along: Along, x: Numbers, value: Numbers, slope: Numbers, curvature: Numbers) -> tuple[Corner, ...]:
    """Jumps of the value, of the gradient and of the curvature, each counted once, by its lowest order."""
    found = [Corner(at, "jump") for at in _places(along.value, x, value)]
    found += [Corner(at, "corner") for at in _places(along.slope, x, slope) if not _near(at, found, x)]
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
        seen = abs(change) * np.ptp(x) > 1e-3 * np.median(np.abs(slope))  # no rounding of a constant slope
        if seen and abs(change) > 0.05 * _size(curvature) and abs(change) > 1e-3 * np.ptp(slope):
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
