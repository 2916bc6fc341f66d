"""The entries of the grid that miss the bar, worst first, on the running backend."""

from __future__ import annotations

from argparse import Namespace

import lossary as ls
from tests.backends import MODES
from tests.laws.cases import Case, twin
from tests.oracle.grid import GRID
from tests.oracle.trial import offenders, trials

HALVES = ("value", "gradient")


def show(arguments: Namespace, bars: dict[str, float]) -> None:
    names = [name for name in arguments.losses.split(",") if name]
    modes = [mode for mode in arguments.modes.split(",") if mode] or list(MODES)
    for case in GRID:
        if names and case.cls.__name__ not in names:
            continue
        for dtype in arguments.dtypes.split(","):
            for mode in modes:
                report(case, dtype, mode, bars[dtype] * (2 if "Focal" in case.cls.__name__ else 1), arguments)


def report(case: Case, dtype: str, mode: str, bar: float, arguments: Namespace) -> None:
    """One line of counts, and the worst offenders below it."""
    function = twin(case.cls)
    with ls.checks(False):
        done = list(trials(lambda y, p: function(y, p, **case.parameters), case, dtype, mode, thin=arguments.quick))
    for half, what in enumerate(HALVES):
        verdicts = [t.verdicts[half] for t in done]
        broken, gross, flushed = (
            sum(int(getattr(v, f).sum()) for v in verdicts) for f in ("broken", "gross", "flushed")
        )
        over = sum(int((v.error() > bar).sum()) for v in verdicts)
        worst = max(float(v.error().max()) for v in verdicts)
        count = sum(v.ulp.size for v in verdicts)
        mark = "ok " if not broken and not gross and not over else "BAD"
        print(f"{mark} {case} {dtype} {mode} {what}: {count} entries, {broken} non-finite, {gross} gross, "
              f"{over} over {bar:g} ulp, worst {worst:.3g}, {flushed} flushed")  # fmt: skip
        if mark == "BAD":
            for line in offenders(done, half, arguments.worst):
                print("      " + line)
