"""Measure lossary and its peers on the running backend, over the grid; the results as plain records."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

import lossary as ls
from benchmarks.peers import peers
from lossary.numerics.backend import double
from tests.backends import BACKEND, MODES, USUAL
from tests.laws.cases import Case, by_row
from tests.laws.test_half_precision import excess as of_half
from tests.laws.test_half_precision import of_slots
from tests.laws.test_named_values import FORMULAS, asked, excess, moved, outcome
from tests.oracle.grid import GRID
from tests.oracle.trial import Function, Trial, trials

HALVES = ("value", "gradient")
GROSS = 1e-3 * 2**23  # units in the last place by which a number is wrong, and not inexact
Record = dict[str, Any]
MEASURED = ["jit"] if USUAL == "jit" else list(MODES)  # JAX compiles every operation of eager calls: the tests do that


def chosen_cases(names: list[str]) -> list[Case]:
    return [case for case in GRID if not names or case.cls.__name__ in names]


def losses(names: list[str]) -> list[str]:
    """The losses that are measured, of these or of all: those of one y_true and one y_pred, then the others."""
    every = [*dict.fromkeys(case.cls.__name__ for case in [*GRID, *FORMULAS])]
    return [name for name in every if not names or name in names]


def measured(name: str, dtypes: list[str], modes: list[str], thin: bool) -> list[Record]:
    """All about one loss: a record for each type, library, and half (values, gradients)."""
    if any(case.cls.__name__ == name for case in GRID):
        return summed(records([name], dtypes, modes, thin))
    return [r for dtype in dtypes if dtype != "float64" for r in of_names(name, dtype)]


def summed(raw: Iterator[Record]) -> list[Record]:
    """Over cases and modes; lossary also on the cases and modes of each other library, `beside` it."""
    done: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for r in raw:
        done[r["dtype"], r["library"]].append(r)
    found = []
    for (dtype, library), theirs in done.items():
        sides = [(library, "", theirs)]
        if library != "lossary":
            same = {(r["case"], r["mode"]) for r in theirs if "refused" not in r}
            ours = [r for r in done[dtype, "lossary"] if (r["case"], r["mode"]) in same]
            sides.append(("lossary", library, ours))
        for of, beside, chosen in sides:
            key = {"loss": theirs[0]["loss"], "dtype": dtype, "library": of, "beside": beside}
            for what in HALVES:
                half = [r for r in chosen if r.get("what") == what]
                if half:
                    sums = {n: sum(r[n] for r in half) for n in ("entries", "broken", "gross", "flushed")}
                    found.append({**key, "what": what, **sums, "worst": round(max(r["worst"] for r in half), 2)})
            refused = sorted({r["refused"] for r in chosen if "refused" in r})
            if refused:
                found.append({**key, "refused": refused[0]})
    return found


def of_names(name: str, dtype: str) -> list[Record]:
    """A loss of named inputs, on the two hard batches of its law: with ties and edges, and of very different sizes. In
    half precision beside float64, which has the digits of the textbook."""
    found = {what: {"entries": 0, "broken": 0, "gross": 0, "flushed": 0, "worst": 0.0} for what in HALVES}
    for case in FORMULAS:
        if case.cls.__name__ != name:
            continue
        for far in (False, True):
            for slot, off in single(case, far) if dtype == "float32" else halved(case, far, dtype):
                sums = found["value" if slot == "values" else "gradient"]
                broken, gross = np.isinf(off), off > (GROSS if dtype == "float32" else 8)
                sums["entries"] += off.size
                sums["broken"] += int(broken.sum())
                sums["gross"] += int((gross & ~broken).sum())
                sums["worst"] = max(sums["worst"], round(float(np.where(gross, 0.0, off).max()), 2))
    key = {"loss": name, "dtype": dtype, "library": "lossary", "beside": ""}
    return [{**key, "what": what, **sums} for what, sums in found.items()]


def single(case: Any, far: bool) -> Iterator[tuple[str, np.ndarray]]:
    """How far the numbers are off in float32."""
    for (slot, low, high, move), got in zip(asked(case, far), outcome(case, far, "float32"), strict=True):
        yield slot, excess(got, low, high, move)


def halved(case: Any, far: bool, dtype: str) -> Iterator[tuple[str, np.ndarray]]:
    """The same in half precision: the mean with weights, multiplied by a large number."""
    with double():
        want = of_slots(case, far, dtype, "float64")
    got = of_slots(case, far, dtype, dtype)
    for slot, one, truth in zip(["values", *moved(case, case.draw())], got, want, strict=True):
        yield slot, 2 * of_half(one, truth, dtype)


def records(names: list[str], dtypes: list[str], modes: list[str], thin: bool) -> Iterator[Record]:
    """lossary in float32 and float64 in the modes MEASURED; in half precision, and the others, in the usual one."""
    for case in chosen_cases(names):
        for dtype in dtypes:
            with ls.checks(False):
                for mode in modes or (MEASURED if dtype in ("float32", "float64") else [USUAL]):
                    yield from counted("lossary", case, dtype, mode, our_function(case), thin)
                for library, theirs in peers(case).items():
                    yield from counted(library, case, dtype, USUAL, theirs, thin)


def our_function(case: Case) -> Function:
    """The loss as a function of two tensors, one value per row."""
    function = by_row(case.cls)
    return lambda y, p: function(y, p, **case.parameters)


def counted(library: str, case: Case, dtype: str, mode: str, function: Function, thin: bool) -> Iterator[Record]:
    """Two records, one for the values and one for the gradients; or one that says why there is none."""
    key = {"library": library, "backend": BACKEND, "loss": case.cls.__name__, "case": str(case), "dtype": dtype}
    try:
        done = list(trials(function, case, dtype, mode, thin=thin, stated=library == "lossary"))
    except Exception as error:  # another library may refuse a type or a shape, in whatever way
        if library == "lossary":
            raise
        yield {**key, "mode": mode, "refused": f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"}
        return
    for half, what in enumerate(HALVES):
        yield {**key, "mode": mode, "what": what, **counts(done, half)}


def counts(done: list[Trial], half: int) -> Record:
    verdicts = [t.verdicts[half] for t in done]
    summed = {name: sum(int(getattr(v, name).sum()) for v in verdicts) for name in ("broken", "gross", "flushed")}
    return {"entries": sum(v.ulp.size for v in verdicts), **summed, "worst": worst(done, half)}


def worst(done: list[Trial], half: int) -> float:
    """The largest distance of an entry that is neither broken nor plainly wrong: those are counted."""
    return max(float(np.where(v.gross, 0.0, v.error()).max()) for v in (t.verdicts[half] for t in done))


def versions() -> dict[str, str]:
    """The releases that were measured."""
    libraries = {"tensorflow": ["tensorflow-cpu", "tensorflow"], "jax": ["jax", "optax"], "torch": ["torch"]}[BACKEND]
    found = {}
    for name in ["keras", *libraries]:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
