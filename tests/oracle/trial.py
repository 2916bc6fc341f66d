"""Run one function over the grid and judge it: the law and the benchmark both stand on this."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from tests.backends import value_and_gradient, wide_numbers
from tests.laws.cases import Case
from tests.oracle.grid import Block, blocks
from tests.oracle.measure import Verdict, has_subnormals, judge
from tests.oracle.sums import FLOATS, Float
from tests.oracle.truths import Truth, truths


@dataclass(frozen=True)
class Trial:
    """What one function gave for one block, beside the truth."""

    block: Block
    kind: Float
    outs: tuple[np.ndarray, np.ndarray]
    truth: tuple[Truth, Truth]
    verdicts: tuple[Verdict, Verdict]


def trials(
    function: Callable[[Any, Any], Any], case: Case, dtype: str, mode: str, *, thin: bool, stated: bool = True
) -> Iterator[Trial]:
    """The function's values and gradients over the grid of a case, judged."""
    kind = FLOATS[dtype]
    made = blocks(case, kind, thin)
    for block, (value, slope) in zip(made, truths(case, kind, thin, made), strict=True):
        with wide_numbers() if dtype == "float64" else contextlib.nullcontext():
            got = value_and_gradient(function, tensor(block.y, kind), tensor(block.p, kind), mode)
        outs = tuple(g.astype("float64").reshape(t.high.shape) for g, t in zip(got, (value, slope), strict=True))
        terms = block.p.shape[-1]
        small, beyond = touched(block, kind), far_apart(block, kind, value)
        verdicts = (
            judge(outs[0], value, kind, *(by_row(f, block, value) for f in (small, beyond)), terms, stated),
            judge(outs[1], slope, kind, *(by_entry(f, block, value) for f in (small, beyond)), terms, stated),
        )
        yield Trial(block, kind, outs, (value, slope), verdicts)


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
    if kind.name == "float16":
        return np.zeros(block.p.shape, dtype=bool)
    rows = len(block.p)
    numbers = np.concatenate([part.astype("float64").reshape(rows, -1) for part in (block.y, block.p)], axis=1)
    with np.errstate(over="ignore"):
        far = numbers.max(axis=1) - numbers.min(axis=1) > kind.largest
        far |= (
            (value.peak * numbers.shape[1] > kind.largest).any()
            if value.high.ndim == 0
            else (value.peak.reshape(rows, -1).max(axis=1) * block.p.shape[-1] > kind.largest)
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
