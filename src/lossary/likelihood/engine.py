"""The negative log-likelihood of coefficients in float64, and Newton's way to its minimum."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..linear.rows import Rows
from .tabled import TabledRows

Array = np.ndarray


class Extra(Protocol):
    """What rows do not hold: value, gradient and curvature, and the products of slopes."""

    count: float  # of rows

    def value(self, c: Array) -> float: ...

    def expand(self, c: Array) -> tuple[float, Array, Array]: ...

    def outer(self, c: Array) -> Array: ...


class Problem:
    """A sum over rows whose outputs are linear in coefficients: output j of row i is offset + designs[j][i] · c_j.

    A design of None is a constant. `turned` makes the first output of its linear predictor, with two derivatives;
    `squares` weigh products of slopes, where that is not done by the weights.
    `allowed` says whether coefficients are possible at all: a loss has finite values beyond the end of a support too.
    """

    def __init__(
        self,
        function: Any,
        y: Array,
        w: Array,
        designs: list[Array | None],
        offset: Array | None = None,
        extra: Extra | None = None,
        turned: Callable[[Array], tuple[Array, Array, Array]] | None = None,
        squares: Array | None = None,
        allowed: Callable[[Problem, Array], bool] | None = None,
    ) -> None:
        tabled = sum(design is not None for design in designs) == 1 and TabledRows.suits(y)
        self.rows = (TabledRows if tabled else Rows)(function, y, len(designs), SIZES)
        self.w, self.designs, self.offset, self.extra = w, designs, offset, extra
        self.turned, self.squares, self.allowed = turned, w if squares is None else squares, allowed
        widths = [1 if d is None else d.shape[1] for d in designs]
        ends = np.cumsum([0, *widths])
        self.parts = [slice(int(a), int(b)) for a, b in itertools.pairwise(ends)]
        self.size = int(ends[-1])
        self.total = float(w.sum()) + (extra.count if extra is not None else 0.0)

    def outputs(self, c: Array) -> Array:
        """(n, outputs)."""
        eta = self.predictors(c)
        if self.turned is not None:
            eta[:, 0] = self.turned(eta[:, 0])[0]
        return eta

    def predictors(self, c: Array) -> Array:
        """(n, outputs), before the first is turned."""
        columns = [
            np.full(len(self.w), c[part][0]) if design is None else design @ c[part]
            for design, part in zip(self.designs, self.parts, strict=True)
        ]
        if self.offset is not None:
            columns[0] = columns[0] + self.offset
        return np.stack(columns, axis=1)

    def value(self, c: Array) -> float:
        """The sum alone."""
        with np.errstate(all="ignore"):
            if self.allowed is not None and not self.allowed(self, c):
                return math.inf
            total = float(self.w @ self.rows.values(self.outputs(c))) if len(self.w) else 0.0
            return total + (self.extra.value(c) if self.extra is not None else 0.0)

    def outer(self, c: Array) -> Array:
        """The sum over rows of the products of their slopes by the coefficients; NaN where rows are not apart."""
        slope = self.rows.slopes(self.outputs(c))[1] if len(self.w) else np.zeros((0, len(self.designs)))
        if self.turned is not None:
            slope[:, 0] *= self.turned(self.predictors(c)[:, 0])[1]
        columns = [
            slope[:, k : k + 1] if design is None else slope[:, k : k + 1] * design
            for k, design in enumerate(self.designs)
        ]
        scores = np.concatenate(columns, axis=1)
        found = products(scores, self.squares, scores)
        return found if self.extra is None else found + self.extra.outer(c)

    def expand(self, c: Array) -> tuple[float, Array, Array]:
        """Value, gradient and curvature."""
        with np.errstate(all="ignore"):  # what is not finite is judged by who asked
            if self.allowed is not None and not self.allowed(self, c):
                return math.inf, np.zeros(self.size), np.zeros((self.size, self.size))
            return self._expand(c)

    def _expand(self, c: Array) -> tuple[float, Array, Array]:
        g, h, total = np.zeros(self.size), np.zeros((self.size, self.size)), 0.0
        if len(self.w):
            value, slope, bend = self.rows.expand(self.outputs(c))
            if self.turned is not None:
                _, first, second = self.turned(self.predictors(c)[:, 0])
                bend[:, 0, :] *= first[:, None]
                bend[:, :, 0] *= first[:, None]
                bend[:, 0, 0] += slope[:, 0] * second
                slope[:, 0] *= first
            total = float(self.w @ value)
            for j, (a, one) in enumerate(zip(self.designs, self.parts, strict=True)):
                s = self.w * slope[:, j]
                g[one] = s.sum() if a is None else a.T @ s
                for l, (b, other) in enumerate(zip(self.designs, self.parts, strict=True)):
                    h[one, other] = _between(a, self.w * bend[:, j, l], b)
        if self.extra is not None:
            more = self.extra.expand(c)
            total, g, h = total + more[0], g + more[1], h + more[2]
        return total, g, (h + h.T) / 2


def _between(a: Array | None, w: Array, b: Array | None) -> Any:
    """a' diag(w) b, with None for a column of ones."""
    if a is None:
        return w.sum() if b is None else (w @ b)[None, :]
    return (a.T @ w)[:, None] if b is None else products(a, w, b)


def products(a: Array, w: Array, b: Array) -> Array:
    """a' diag(w) b, of so few rows at once that they stay in the cache, and that no thread waits for another."""
    found = np.zeros((a.shape[1], b.shape[1]))
    for first in range(0, len(w), IN_CACHE):
        rows = slice(first, first + IN_CACHE)
        found += a[rows].T @ (w[rows, None] * b[rows])
    return found


@dataclass(frozen=True)
class End:
    """Where Newton's way ended."""

    c: Array
    value: float
    gradient: Array
    curvature: Array
    steps: int
    converged: bool
    coarse: bool = False  # whether it ended because values are rounded more coarsely than what was left to gain

    @property
    def decrement(self) -> float:
        """What one more full step would gain."""
        return float(self.gradient @ np.linalg.pinv(self.curvature) @ self.gradient) / 2


SIZES = (1 << 8, 1 << 12)  # rows that a loss is asked for at once
IN_CACHE = 1 << 11
REACH = 30.0  # how far an output may move from its start where nothing else stops it


def minimise(problem: Problem, start: Array, free: Array, links: Array, most: int = 120) -> End:
    """Newton's steps, shortened until they lower the value; along a direction of negative curvature, downhill.

    `links` marks coefficients whose parameter is an exponential or a share: their steps stay below 4. Where a step
    promises less than the rounding of the value, slopes say whether it leads nearer.
    """
    c = start.copy()
    value, g, h = problem.expand(c)
    steps, converged, coarse = 0, False, False
    while steps < most and np.isfinite(value) and np.isfinite(g).all() and np.isfinite(h).all():
        step, gain = _step(g[free], h[np.ix_(free, free)], links[free])
        if gain <= 1e-13 * problem.total:
            converged = True
            break
        if not np.isfinite(step).all():  # flat beyond all digits
            break
        full = np.zeros_like(c)
        full[free] = step
        longest = np.abs(full[links]).max(initial=0.0)
        full = full * min(1.0, 4.0 / longest if longest else 1.0)
        steps += 1
        at = np.where(links, np.clip(c + full, start - REACH, start + REACH), c + full)
        there = problem.expand(at)
        if not (np.isfinite(there[0]) and there[0] <= value + 1e-4 * float(g @ full) + 1e-15 * abs(value)):
            rounding = _rounding(problem, c, value, full) if gain <= 1e-6 * problem.total else 0.0
            if gain <= rounding:
                if not (there[0] <= value + rounding and _gain(there, free, links) <= gain / 4):
                    converged, coarse = gain <= 1e-9 * problem.total, gain > 1e-9 * problem.total
                    break
            else:
                taken = _shorter(problem, c, value, g, full, rounding)
                if taken is None:
                    converged = gain <= 1e-10 * problem.total
                    break
                at = np.where(links, np.clip(taken, start - REACH, start + REACH), taken)
                there = problem.expand(at)
        c, (value, g, h) = at, there
        if (np.abs(c - start)[links] >= REACH).any():
            break
    return End(c, value, g, h, steps, converged, coarse)


def _gain(found: tuple[float, Array, Array], free: Array, links: Array) -> float:
    """What Newton's step should gain at a place; infinity where nothing is known or the curvature is no valley."""
    value, g, h = found[0], found[1][free], found[2][np.ix_(free, free)]
    if not (np.isfinite(value) and np.isfinite(g).all() and np.isfinite(h).all()):
        return np.inf
    return _step(g, h, links[free])[1] if np.linalg.eigvalsh(h)[0] > 0 else np.inf


def _rounding(problem: Problem, c: Array, value: float, step: Array) -> float:
    """How far values are off by rounding: four times what they differ by where they should be equal, next to c."""
    near = [problem.value(c * (1 + k * 2.0**-51) + k * 2.0**-31 * step) for k in (-2, -1, 1, 2)]
    apart = max(abs(one - value) for one in near)
    return 4 * apart if np.isfinite(apart) else 0.0


def _step(g: Array, h: Array, links: Array) -> tuple[Array, float]:
    """Newton's step with the sizes of the eigenvalues, in the units of the diagonal; and what it should gain."""
    unit = 1 / np.sqrt(np.maximum(np.abs(np.diag(h)), _least(g, h, links)))
    values, vectors = np.linalg.eigh(h * unit[:, None] * unit)
    size = np.maximum(np.abs(values), 1e-9)
    with np.errstate(over="ignore", invalid="ignore"):
        along = vectors.T @ (g * unit)
        return -unit * (vectors @ (along / size)), float((along**2 / size).sum()) / 2


def _least(g: Array, h: Array, links: Array) -> Array:
    """The least curvature that a step reckons with: of what is no logarithm, in its own unit, which the data have."""
    own = np.abs(np.diag(h))
    with np.errstate(all="ignore"):
        shared = np.nan_to_num(np.square(h / np.sqrt(np.maximum(own, 1e-300))), posinf=0.0).max(axis=1, initial=0.0)
    least = np.where(links, 1e-12 * own[links].max(initial=0.0), 1e-12 * shared + 1e-16 * np.square(g))
    return np.maximum(least, 1e-300)


def _shorter(problem: Problem, c: Array, value: float, g: Array, step: Array, rounding: float) -> Array | None:
    """The point along a step that lowers the value enough; None if none does, or what is left is below the rounding."""
    slope, length = float(g @ step), 0.5
    for _ in range(40):
        if -length * slope <= rounding:
            return None
        tried = c + length * step
        found = problem.value(tried)
        if np.isfinite(found) and found <= value + 1e-4 * length * slope + 1e-15 * abs(value):
            return tried
        length *= 0.5 if length > 0.1 else 0.25
    return None
