"""The entries of the grid that miss the bar, worst first, on the running backend."""

from __future__ import annotations

from argparse import Namespace

import numpy as np

import lossary as ls
from tests.backends import MODES
from tests.laws.cases import Case, twin
from tests.oracle.grid import GRID
from tests.oracle.trial import Trial, trials

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
        f"kind {int(truth.kind[place])})"
    )


def brief(values: np.ndarray) -> str:
    flat = np.asarray(values).ravel()
    if flat.size > 1 and (flat == flat[0]).all():
        return f"[{flat[0]:.9g}]*{flat.size}"
    return "[" + ", ".join(f"{v:.9g}" for v in flat[:6]) + (", ..." if flat.size > 6 else "") + "]"
