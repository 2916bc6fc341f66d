"""The truth of every block of the grid, as arrays, computed once and kept in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lossary.core.forms.likelihoods import POSITIVE_TARGET, SHARE_TARGET
from tests.laws.cases import Case, twin
from tests.oracle import alignments, classes, divergences, likelihoods, margins, multilabel, noisy, terms  # noqa: F401  (all but the last enter their losses)
from tests.oracle.grid import Block
from tests.oracle.kept import fingerprint, kept
from tests.oracle.sums import FLOATS, Float, Sum, mp, mpf

SMALLEST = 2.0**-1074


@dataclass(frozen=True)
class Truth:
    """Exact numbers in one array shape: the number is `high + low`; for kinks it lies up to `width` above."""

    high: np.ndarray
    low: np.ndarray
    scale: np.ndarray
    width: np.ndarray
    kind: np.ndarray
    peak: np.ndarray  # the size of the largest term
    move: np.ndarray  # what half a unit in the last place of each input changes

    FIELDS = ("high", "low", "scale", "width", "kind", "peak", "move")

    def repeated(self, times: int) -> Truth:
        """This one row, so many times."""
        return Truth(*(np.repeat(getattr(self, f), times, axis=0) for f in self.FIELDS))


def inside(case: Case, kind: Float, block: Block) -> Block:
    """Targets as they are read: at an open end, the nearest number inside. (Half precision is computed in float32.) 0
    stays where it has a probability of its own."""
    loss = case()
    rules = loss.contract
    if rules.ends or rules.target not in (POSITIVE_TARGET, SHARE_TARGET):
        return block
    half = FLOATS["float64" if kind.name == "float64" else "float32"].half
    top = 1 - half if rules.target is SHARE_TARGET else np.inf
    low = 0.0 if getattr(loss, "atom", None) == 0 else float(kind.least)
    return replace(block, y=np.clip(block.y, low, top))


def truth_of(case: Case, kind: Float, block: Block) -> tuple[Truth, Truth]:
    """Truths of the values and of the gradient of their sum by the predictions."""
    found = sums_of(case, kind, exact(block.y), exact(block.p), block.coupled)
    near = [sums_of(case, kind, *nearly(case, kind, block, seed), block.coupled) for seed in (1, 2)]
    if case().contract.prediction.low == -np.inf and block.p.ndim > 1:
        near.append(sums_of(case, kind, exact(block.y), against(exact(block.p), kind), block.coupled))
    shapes = () if block.coupled and len(found[0]) == 1 else (len(found[0]),), block.p.shape
    values, slopes = (as_truth(found[k], shapes[k], [other[k] for other in near]) for k in (0, 1))
    return values, slopes


def sums_of(case: Case, kind: Float, y: Any, p: Any, coupled: bool) -> tuple[list[Sum], list[Sum]]:
    """The values, and the slopes one after the other."""
    name = twin(case.cls).__name__
    if coupled:
        values, slopes = terms.COUPLED[name](y, p, kind, **options(case))
        return values, [s for row in slopes for s in row]
    rows = [terms.TERMS[name](*row, kind, **options(case)) for row in zip(y, p, strict=True)]
    return [v for v, _ in rows], [s for _, row in rows for s in row]


def nearly(case: Case, kind: Float, block: Block, seed: int) -> tuple[Any, Any]:
    """The same numbers, each moved by half a unit in the last place, equal ones alike. Probabilities, counts and
    labels (0, 1 and -1 as targets) are exact: no formula has to amplify their rounding."""
    rules, rng = case().contract, np.random.default_rng(seed)
    half = mpf(2) ** -(53 if kind.name == "float64" else 24)  # half precision is computed in float32
    moved = []
    for part, values in ((block.y, rules.target), (block.p, rules.prediction)):
        numbers = exact(part)
        if part.dtype.kind == "f" and values.low == -np.inf:
            factor = {number: 1 + half * int(rng.choice((-1, 1))) for number in dict.fromkeys(flat(numbers))}
            factor |= dict.fromkeys((-1, 0, 1), 1) if part is block.y else {}
            numbers = multiplied(numbers, factor)
        moved.append(numbers)
    return moved[0], moved[1]


def against(numbers: Any, kind: Float) -> Any:
    """Of each row the largest number moved up, and all others down: a softmax is made of their differences."""
    half, moved = mpf(2) ** -(53 if kind.name == "float64" else 24), []
    for row in numbers:
        every = set(flat([row]))
        top = max(every)
        moved.append(multiplied(row, {n: 1 + half * int(mp.sign(n)) * (1 if n == top else -1) for n in every}))
    return moved


def flat(numbers: Any) -> list[Any]:
    return [one for part in numbers for one in flat(part)] if isinstance(numbers, list) else [numbers]


def multiplied(numbers: Any, factor: dict[Any, Any]) -> Any:
    """Each number times its factor."""
    return [multiplied(part, factor) for part in numbers] if isinstance(numbers, list) else numbers * factor[numbers]


def options(case: Case) -> dict[str, Any]:
    return {name: value for name, value in case.parameters.items() if name != "whole_batch"}


def exact(values: np.ndarray) -> Any:
    return mpf(float(values)) if values.ndim == 0 else [exact(v) for v in values]


def as_truth(numbers: list[Sum], shape: tuple[int, ...], near: Sequence[list[Sum]] = ()) -> Truth:
    """`near` are the same numbers of inputs that were moved."""
    columns: list[list[float]] = [[] for _ in Truth.FIELDS]
    for k, number in enumerate(numbers):
        value = number.value()
        high = float(value) or float(mp.sign(value)) * SMALLEST  # what is too small for float64 is not 0
        low = float(value - mpf(high)) if np.isfinite(high) else 0.0
        peak = float(max(map(abs, number.terms), default=0))
        move = float(mp.fsum(abs(other[k].value() - value) for other in near))
        row = (high, low, float(number.scale()), float(number.width), int(number.kind), peak, move)
        for column, entry in zip(columns, row, strict=True):
            column.append(entry)
    return Truth(*(np.array(column).reshape(shape) for column in columns))


def truths(case: Case, kind: Float, made: list[Block]) -> list[tuple[Truth, Truth]]:
    """The same for several blocks, from the file if it is there."""
    made, name = [inside(case, kind, block) for block in made], twin(case.cls).__name__
    oracles = [table[name] for table in (terms.TERMS, terms.COUPLED) if name in table]
    inputs = [part for block in made for part in (block.y, block.p)]
    key = fingerprint(truth_of, *oracles, case.parameters, kind.name, [part.shape for part in inputs], *inputs)

    def compute() -> dict[str, np.ndarray]:
        found = [truth_of(case, kind, block) for block in made]
        return {f"{k}-{part}-{f}": getattr(t, f) for k, pair in enumerate(found)
                for part, t in enumerate(pair) for f in Truth.FIELDS}  # fmt: skip

    arrays = kept(f"{case}-{kind.name}", key, compute)
    return [
        tuple(Truth(*(arrays[f"{k}-{part}-{f}"] for f in Truth.FIELDS)) for part in (0, 1))  # type: ignore[misc]
        for k in range(len(made))
    ]
