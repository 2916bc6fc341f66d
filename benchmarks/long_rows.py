"""How exact are long rows? Random rows of realistic length in float32.

    KERAS_BACKEND=torch python -m benchmarks.long_rows                    every loss, 1,000 entries or classes
    KERAS_BACKEND=torch python -m benchmarks.long_rows 1000 10000 50257   of several lengths

One line per loss and length: the largest error of values and gradients. Up to 1,000 entries it is judged by the truth
in 100 digits, in units in the last place of the result, or of its scale where terms cancel; the truths are kept in
.pytest_cache. Longer rows, whose truths would fill the memory, are judged by the same loss in float64, which the laws
hold to the truth, in units in the last place of the result, or of the median of its row, since smaller slopes are
differences. After each length the largest errors are named.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

import lossary as ls
from tests.backends import BACKEND, USUAL, value_and_gradient, wide_numbers
from tests.laws.cases import CASES, Case, by_row, draw
from tests.oracle.grid import Block
from tests.oracle.sums import FLOATS
from tests.oracle.trial import Function, judged, tensor
from tests.oracle.truths import truths

ROWS, EXACT = 3, 1000
NAMED = 4.0  # what deserves to be named
FLOAT32, FLOAT64 = FLOATS["float32"], FLOATS["float64"]
Worst = dict[str, list[float]]


def cases() -> Iterator[Case]:
    """Those of losses whose rows may have any length, and are not compared with each other."""
    for case in CASES:
        loss = case()
        long = loss.contract.shape in ("same", "index") and not loss.coupled
        if long and case.label not in ("weighed", "whole batch") and case.cls.__name__ != "Circle":
            yield case


def measure(width: int) -> Worst:
    """For each loss the largest error of values and of gradients."""
    worst: Worst = defaultdict(lambda: [0.0, 0.0])
    for case in cases():
        y, p = draw(case(), np.random.default_rng(7), ROWS, width)
        block = Block(y.astype("float64") if y.dtype.kind == "f" else y, p.astype("float64"))
        of = by_row(case.cls)
        with ls.checks(False):
            errors = (by_truth if width <= EXACT else by_double)(case, lambda y, p: of(y, p, **case.parameters), block)  # noqa: B023
        found = worst[case.cls.__name__]
        found[:] = [max(a, b) for a, b in zip(found, errors, strict=True)]
    return worst


def by_truth(case: Case, function: Function, block: Block) -> list[float]:
    (truth,) = truths(case, FLOAT32, [block])
    return [float(v.error().max()) for v in judged(function, FLOAT32, block, truth, USUAL, True).verdicts]


def by_double(case: Case, function: Function, block: Block) -> list[float]:
    single = value_and_gradient(function, tensor(block.y, FLOAT32), tensor(block.p, FLOAT32), USUAL)
    with wide_numbers():
        double = value_and_gradient(function, tensor(block.y, FLOAT64), tensor(block.p, FLOAT64), USUAL)
    return [_units(np.asarray(a, "float64"), np.asarray(b, "float64")) for a, b in zip(single, double, strict=True)]


def _units(got: np.ndarray, want: np.ndarray) -> float:
    size = np.maximum(np.abs(want), np.median(np.abs(want), axis=-1, keepdims=True))
    return float((np.abs(got - want) / np.spacing(size.astype("float32"))).max())


def told(worst: Worst, half: int) -> str:
    """The losses beyond the bar of short rows, the largest error first, and the largest of the others."""
    order = sorted(worst, key=lambda name: -worst[name][half])
    beyond = [f"{name} {worst[name][half]:.1f}" for name in order if worst[name][half] > NAMED]
    rest = max((worst[name][half] for name in order if worst[name][half] <= NAMED), default=0.0)
    return ", ".join([*beyond, f"{'all others' if beyond else 'all'} at most {rest:.1f}"])


def main(widths: list[int]) -> None:
    for width in widths:
        worst = measure(width)
        for name, (value, slope) in worst.items():
            print(f"{name:36} {width:7,} {value:8.1f} {slope:8.1f}", flush=True)
        for half, what in enumerate(("values", "gradients")):
            print(f"{BACKEND}, {width:,}, {what}: {told(worst, half)}", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1000])
