"""How exact are long rows? Random rows of realistic length in float32, against the truth in 100 digits.

    KERAS_BACKEND=torch python -m benchmarks.long_rows            every loss, 1,000 entries or classes
    KERAS_BACKEND=torch python -m benchmarks.long_rows 10000      of another length

One line per loss: the largest error of the values and of the gradients, in units in the last place of the result, or
of its scale where terms cancel.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np

import lossary as ls
from tests.backends import USUAL
from tests.laws.cases import CASES, by_row, draw
from tests.oracle.grid import Block
from tests.oracle.sums import FLOATS
from tests.oracle.trial import judged
from tests.oracle.truths import truth_of

ROWS = 3


def main(width: int) -> None:
    worst: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for case in CASES:
        loss = case()
        long = loss.contract.shape in ("same", "index") and not loss.coupled
        if not long or case.label in ("weighed", "whole batch") or case.cls.__name__ == "Circle":
            continue
        y, p = draw(loss, np.random.default_rng(7), ROWS, width)
        block = Block(y.astype("float64") if y.dtype.kind == "f" else y, p.astype("float64"))
        function, kind = by_row(case.cls), FLOATS["float32"]
        with ls.checks(False):
            done = judged(
                lambda y, p, f=function, of=case.parameters: f(y, p, **of), kind, block, truth_of(case, kind, block),
                USUAL, True,
            )  # fmt: skip
        found = worst[case.cls.__name__]
        found[:] = [max(a, float(v.error().max())) for a, v in zip(found, done.verdicts, strict=True)]
    for name, (value, slope) in worst.items():
        print(f"{name:36} {width:7,} {value:8.1f} {slope:8.1f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
