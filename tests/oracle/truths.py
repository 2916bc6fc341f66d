"""The truth of every block of the grid, as arrays, computed once and kept in a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.laws.cases import Case, twin
from tests.oracle import alignments, classes, grid, sums, terms
from tests.oracle.grid import Block
from tests.oracle.sums import Float, Sum, mp, mpf

SMALLEST = 2.0**-1074
SOURCES = (__file__, *(module.__file__ for module in (alignments, classes, grid, sums, terms)))
KEPT = Path(__file__).resolve().parents[2] / ".pytest_cache" / "truths"


@dataclass(frozen=True)
class Truth:
    """Exact numbers in one array shape: the number is `high + low`; for kinks it lies up to `width` above."""

    high: np.ndarray
    low: np.ndarray
    scale: np.ndarray
    width: np.ndarray
    kind: np.ndarray
    peak: np.ndarray  # the size of the largest term

    FIELDS = ("high", "low", "scale", "width", "kind", "peak")

    def repeated(self, times: int) -> Truth:
        """This one row, so many times."""
        return Truth(*(np.repeat(getattr(self, f), times, axis=0) for f in self.FIELDS))


def truth_of(case: Case, kind: Float, block: Block) -> tuple[Truth, Truth]:
    """Truths of the values and of the gradient of their sum by the predictions."""
    name = twin(case.cls).__name__
    if block.coupled:
        values, slopes = terms.COUPLED[name](exact(block.y), exact(block.p), kind, **options(case))
        slopes = [s for row in slopes for s in row]
        return as_truth(values, () if len(values) == 1 else (len(values),)), as_truth(slopes, block.p.shape)
    rows = [terms.TERMS[name](exact(y), exact(p), kind, **options(case)) for y, p in zip(block.y, block.p, strict=True)]
    return as_truth([v for v, _ in rows], (len(rows),)), as_truth([s for _, row in rows for s in row], block.p.shape)


def options(case: Case) -> dict[str, Any]:
    return {name: value for name, value in case.parameters.items() if name != "whole_batch"}


def exact(values: np.ndarray) -> Any:
    return mpf(float(values)) if values.ndim == 0 else [exact(v) for v in values]


def as_truth(numbers: list[Sum], shape: tuple[int, ...]) -> Truth:
    columns: list[list[float]] = [[], [], [], [], [], []]
    for number in numbers:
        value = number.value()
        high = float(value) or float(mp.sign(value)) * SMALLEST  # what is too small for float64 is not 0
        low = float(value - mpf(high)) if np.isfinite(high) else 0.0
        peak = float(max(map(abs, number.terms), default=0))
        row = (high, low, float(number.scale()), float(number.width), int(number.kind), peak)
        for column, entry in zip(columns, row, strict=True):
            column.append(entry)
    return Truth(*(np.array(column).reshape(shape) for column in columns))


def fingerprint() -> str:
    """Changes with anything a truth depends on."""
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()[:12]


def truths(case: Case, kind: Float, thin: bool, made: list[Block]) -> list[tuple[Truth, Truth]]:
    """The same from the file, if it is there. Other oracles and other inputs have other files."""
    inputs = hashlib.sha256(b"".join(part.tobytes() for block in made for part in (block.y, block.p))).hexdigest()[:12]
    file = KEPT / fingerprint() / f"{case}-{kind.name}-{inputs}.npz".replace(" ", "_")
    if not file.exists():
        found = [truth_of(case, kind, block) for block in made]
        file.parent.mkdir(parents=True, exist_ok=True)
        arrays = {f"{k}-{part}-{f}": getattr(t, f) for k, pair in enumerate(found)
                  for part, t in enumerate(pair) for f in Truth.FIELDS}  # fmt: skip
        draft = file.with_suffix(f".{mp.rand()}.npz")
        np.savez_compressed(draft, **arrays)
        draft.replace(file)  # another worker may be writing the same
    with np.load(file) as kept:
        return [
            tuple(Truth(*(kept[f"{k}-{part}-{f}"] for f in Truth.FIELDS)) for part in (0, 1))  # type: ignore[misc]
            for k in range(len(made))
        ]
