"""Run one function over the grid and judge it: the law and the benchmark both stand on this."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from tests.backends import USUAL, value_and_gradient, wide_numbers
from tests.laws.cases import Case
from tests.oracle.grid import Block, blocks
from tests.oracle.measure import Verdict, has_subnormals, judge
from tests.oracle.sums import FLOATS, Float
from tests.oracle.truths import Truth, inside, truth_of, truths

Function = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Trial:
    """What one function gave for one block, beside the truth."""

    block: Block
    kind: Float
    outs: tuple[np.ndarray, np.ndarray]
    truth: tuple[Truth, Truth]
    verdicts: tuple[Verdict, Verdict]


def trials(
    function: Function, case: Case, dtype: str, mode: str, *, thin: bool, stated: bool = True
) -> Iterator[Trial]:
    """The function's values and gradients over the grid of a case, judged."""
    kind = FLOATS[dtype]
    made = blocks(case, kind, thin)
    for block, truth in zip(made, truths(case, kind, made), strict=True):
        yield judged(function, kind, block, truth, mode, stated)


def trial(function: Function, case: Case, kind: Float, block: Block) -> Trial:
    """The same for a block of equal rows that need not be on the grid: the truth of one row is that of all."""
    values, slopes = truth_of(case, kind, inside(case, kind, Block(block.y[:1], block.p[:1])))
    truth = values.repeated(len(block.p)), slopes.repeated(len(block.p))
    return judged(function, kind, block, truth, USUAL, stated=True)


def judged(function: Function, kind: Float, block: Block, truth: tuple[Truth, Truth], mode: str, stated: bool) -> Trial:
    with wide_numbers() if kind.name == "float64" else contextlib.nullcontext():
        got = value_and_gradient(function, tensor(block.y, kind), tensor(block.p, kind), mode)
    value, slope = (g.astype("float64").reshape(t.high.shape) for g, t in zip(got, truth, strict=True))
    small, beyond, terms = touched(block, kind), far_apart(block, kind, truth[0]), 2 * block.p.shape[-1]
    steep = beyond | far_apart(block, kind, truth[1])
    verdicts = (
        judge(value, truth[0], kind, *(by_row(f, block, truth[0]) for f in (small, beyond)), terms, stated),
        judge(slope, truth[1], kind, *(by_entry(f, block, truth[0]) for f in (small, steep)), terms, stated),
    )
    return Trial(block, kind, (value, slope), truth, verdicts)


def by_row(flags: np.ndarray, block: Block, value: Truth) -> np.ndarray:
    """Whether any entry of a row is flagged; in a coupled batch, any entry at all."""
    if value.high.ndim == 0 or block.coupled:
        return np.broadcast_to(flags.any(), value.high.shape)
    return flags.any(axis=tuple(range(1, flags.ndim)))


def by_entry(flags: np.ndarray, block: Block, value: Truth) -> np.ndarray:
    rows = by_row(flags, block, value)
    return np.broadcast_to(rows.reshape(-1, *[1] * (block.p.ndim - 1)), block.p.shape)


def far_apart(block: Block, kind: Float, value: Truth) -> np.ndarray:
    """Rows in which two numbers differ, or a term lies, beyond the largest number. (float16 is computed in float32.)"""
    largest = FLOATS["float32"].largest if kind.name == "float16" else kind.largest
    rows = len(block.p)
    numbers = np.concatenate([part.astype("float64").reshape(rows, -1) for part in (block.y, block.p)], axis=1)
    numbers[np.isinf(numbers)] = 0.0  # an open end
    with np.errstate(over="ignore"):
        far = numbers.max(axis=1) - numbers.min(axis=1) > largest
        far |= (
            (value.peak * numbers.shape[1] > largest).any()
            if value.high.ndim == 0
            else (value.peak.reshape(rows, -1).max(axis=1) * block.p.shape[-1] > largest)
        )
    return np.broadcast_to(far.reshape(-1, *[1] * (block.p.ndim - 1)), block.p.shape)


def touched(block: Block, kind: Float) -> np.ndarray:
    """Which entries are, or are compared with, subnormal numbers."""
    small, target = has_subnormals(block.p, kind), has_subnormals(block.y, kind)
    return small | target.any(axis=-1, keepdims=True) if target.ndim == small.ndim else small


def tensor(values: np.ndarray, kind: Float) -> Any:
    """A tensor of the type. (NumPy's bfloat16 is not everyone's; each of its numbers is one of float32.)"""
    if values.dtype.kind == "i":
        return ops.convert_to_tensor(values.astype("int32"))
    if kind.name == "bfloat16":
        return ops.cast(ops.convert_to_tensor(values.astype("float32")), "bfloat16")
    return ops.convert_to_tensor(values.astype(kind.numpy))


def offenders(done: list[Trial], half: int, count: int) -> list[str]:
    """The worst entries: input, result, truth, and the distance in ulp of the result and of the scale."""
    ranked = []
    for t in done:
        v = t.verdicts[half]
        badness = np.where(v.broken, np.inf, np.where(v.gross, 1e30, 0) + v.error())
        for place in np.argsort(-badness, axis=None)[:count]:
            ranked.append((float(badness.ravel()[place]), t, np.unravel_index(place, badness.shape)))
    ranked.sort(key=lambda entry: -entry[0])
    return [line(t, half, place) for _, t, place in ranked[:count]]


def line(t: Trial, half: int, place: tuple[int, ...]) -> str:
    v, truth, out = t.verdicts[half], t.truth[half], t.outs[half]
    y, p = (t.block.y, t.block.p) if t.block.coupled else (t.block.y[place[0]], t.block.p[place[0]])
    entry = f" entry {', '.join(map(str, place[1:]))}" if half and len(place) > 1 else ""
    width = f"..+{truth.width[place]:.3g}" if truth.width[place] else ""
    return (
        f"y={brief(y)} p={brief(p)}{entry}: got {out[place]:.9g}, want {truth.high[place]:.9g}{width} "
        f"({v.ulp[place]:.3g} ulp, {v.of_scale[place]:.3g} of scale {truth.scale[place]:.3g}, "
        f"{v.of_inputs[place]:.3g} of the inputs' {truth.move[place]:.3g}, "
        f"kind {int(truth.kind[place])})"
    )


def brief(values: np.ndarray) -> str:
    flat = np.asarray(values).ravel()
    if flat.size > 1 and (flat == flat[0]).all():
        return f"[{flat[0]:.9g}]*{flat.size}"
    return "[" + ", ".join(f"{v:.9g}" for v in flat[:6]) + (", ..." if flat.size > 6 else "") + "]"
