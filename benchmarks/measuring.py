"""Measure lossary and its peers on the running backend, over the grid; the results as plain records."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

import lossary as ls
from benchmarks.peers import peers
from tests.backends import BACKEND, MODES, USUAL
from tests.laws.cases import Case, by_row
from tests.oracle.grid import GRID
from tests.oracle.trial import Function, Trial, trials

HALVES = ("value", "gradient")
Record = dict[str, Any]
MEASURED = ["jit"] if USUAL == "jit" else list(MODES)  # JAX compiles every operation of eager calls: the tests do that


def chosen_cases(names: list[str]) -> list[Case]:
    return [case for case in GRID if not names or case.cls.__name__ in names]


def records(names: list[str], dtypes: list[str], modes: list[str], thin: bool) -> Iterator[Record]:
    """lossary in float32 and float64 in the modes MEASURED; in half precision, and the others, in the usual one."""
    for case in chosen_cases(names):
        print(f"{BACKEND}: {case}", file=sys.stderr, flush=True)
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
