"""The entries of the grid that miss the bar, worst first, on the running backend."""

from __future__ import annotations

import lossary as ls
from benchmarks.measuring import HALVES, chosen_cases, counts, our_function
from tests.backends import MODES
from tests.laws.cases import Case
from tests.oracle.trial import offenders, trials

BARS = {"float16": 2.0, "bfloat16": 2.0, "float32": 8.0, "float64": 8.0}


def show(names: list[str], dtypes: list[str], modes: list[str], thin: bool, worst: int) -> None:
    for case in chosen_cases(names):
        for dtype in dtypes:
            for mode in modes or MODES:
                report(case, dtype, mode, thin, worst)


def report(case: Case, dtype: str, mode: str, thin: bool, worst: int) -> None:
    """One line of counts, and the worst offenders below it."""
    bar = BARS[dtype]
    with ls.checks(False):
        done = list(trials(our_function(case), case, dtype, mode, thin=thin))
    for half, what in enumerate(HALVES):
        seen = counts(done, half)
        good = not seen["broken"] and not seen["gross"] and seen["worst"] <= bar
        print(
            f"{'ok ' if good else 'BAD'} {case} {dtype} {mode} {what}: {seen['entries']} entries, "
            f"{seen['broken']} non-finite, {seen['gross']} gross, worst other {seen['worst']:.3g} ulp (bar {bar:g}), "
            f"{seen['flushed']} flushed"
        )
        for line in [] if good else offenders(done, half, worst):
            print("      " + line)
