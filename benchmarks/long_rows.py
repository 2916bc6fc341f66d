"""How exact are long rows? Random rows of realistic length in float32, against the truth in 100 digits.

    KERAS_BACKEND=torch python -m benchmarks.long_rows                    every loss, 1,000 entries or classes
    KERAS_BACKEND=torch python -m benchmarks.long_rows 1000 10000 50257   of several lengths

One line per loss and length: the largest error of the values and of the gradients, in units in the last place of the
result, or of its scale where terms cancel. At the end the losses whose error is largest, as docs/exactness.md names
them. Beyond 10,000 only losses over classes are measured: vocabularies are that long. Truths are kept in .pytest_cache
(10,000 entries take ten minutes once, whatever the backend), so that a repetition takes seconds.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

import lossary as ls
from lossary.core.forms import Categorical
from tests.backends import BACKEND, USUAL
from tests.laws.cases import CASES, Case, by_row, draw
from tests.oracle.grid import Block
from tests.oracle.sums import FLOATS
from tests.oracle.trial import judged
from tests.oracle.truths import truths

LONG = 10_000
NAMED = 4.0  # what deserves to be named
FLOAT32 = FLOATS["float32"]
Worst = dict[str, list[float]]


def cases(width: int) -> Iterator[Case]:
    """Those of losses whose rows may have this length, and do not look at one another."""
    for case in CASES:
        loss = case()
        long = loss.contract.shape in ("same", "index") and not loss.coupled
        long = long and (width <= LONG or isinstance(loss, Categorical))
        if long and case.label not in ("weighed", "whole batch") and case.cls.__name__ != "Circle":
            yield case


def measure(width: int) -> Worst:
    """For each loss the largest error of values and of gradients."""
    worst: Worst = defaultdict(lambda: [0.0, 0.0])
    for case in cases(width):
        y, p = draw(case(), np.random.default_rng(7), 3 if width <= 1000 else 1, width)
        block = Block(y.astype("float64") if y.dtype.kind == "f" else y, p.astype("float64"))
        function, of = by_row(case.cls), case.parameters
        with ls.checks(False):
            (truth,) = truths(case, FLOAT32, [block])
            done = judged(lambda y, p, f=function, of=of: f(y, p, **of), FLOAT32, block, truth, USUAL, True)
        found = worst[case.cls.__name__]
        found[:] = [max(a, float(v.error().max())) for a, v in zip(found, done.verdicts, strict=True)]
    return worst


def told(worst: Worst, half: int) -> str:
    """The losses beyond the bar of short rows, the largest error first, and the largest of the others."""
    order = sorted(worst, key=lambda name: -worst[name][half])
    beyond = [f"{name} {worst[name][half]:.1f}" for name in order if worst[name][half] > NAMED]
    rest = max((worst[name][half] for name in order if worst[name][half] <= NAMED), default=0.0)
    return ", ".join([*beyond, f"{'all others' if beyond else 'all'} at most {rest:.1f}"])


def main(widths: list[int]) -> None:
    ends = []
    for width in widths:
        worst = measure(width)
        for name, (value, slope) in worst.items():
            print(f"{name:36} {width:7,} {value:8.1f} {slope:8.1f}", flush=True)
        for half, what in enumerate(("values", "gradients")):
            ends.append(f"{BACKEND}, {width:,}, {what}: {told(worst, half)}")
    print("\n".join(ends))


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1000])
