"""On several devices and in several processes, losses are what they are on one: values, gradients, what is logged."""

import json
import os
import subprocess
import sys

import pytest

from tests.backends import BACKEND
from tests.engines.cases import CASES

ALL = ",".join(["even", "uneven", "one row"])
FEW = ["mean by weight", "ignored, weighted", "root", "overlap", "pairs, weighted", "paced"]  # of each kind of result
RUNS = {  # by backend: arguments of the runner, rows, cases for `make test`, and how far a result may be off
    "tensorflow": [(["2"], "uneven", FEW, 2e-6), (["4"], "one row", ["root", "pairs"], 2e-6)],
    "torch": [(["ddp"], "uneven,one row", list(CASES), 1e-12), (["fsdp"], "uneven", FEW[:-1], 1e-12)],
    "jax": [(["mapped"], "even", FEW[:-1], 1e-12), (["spread"], "uneven", FEW, 2e-6)],
}
EXCEPT = {"paced": 1e-6}  # GradNorm balances in float32


def told(engine, rows, names, timeout=900):
    """What a runner says: for each case, how far the weights and the logged numbers are from those of one device."""
    run = subprocess.run(
        [sys.executable, "-m", f"tests.engines.{BACKEND}_run", *engine, rows, *names],
        capture_output=True, text=True, timeout=timeout, env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"},
    )  # fmt: skip
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("[")]
    assert len(lines) == len(names) * len(rows.split(",")), run.stderr[-3000:]
    return lines


@pytest.mark.parametrize(("engine", "rows", "names", "bar"), RUNS[BACKEND], ids=lambda one: str(one)[:20])
def test_losses_are_those_of_one_device(engine, rows, names, bar):
    for name, kind, change, logged in told(engine, rows, names):
        allowed = max(bar, EXCEPT.get(name, 0.0))
        assert change <= allowed and logged <= allowed, (name, kind, change, logged)


@pytest.mark.full
@pytest.mark.parametrize("engine", {"tensorflow": ["2", "4"], "torch": ["ddp", "fsdp"]}.get(BACKEND, ["spread"]))
def test_all_of_them_are(engine):
    names = [name for name in CASES if engine != "fsdp" or name not in ("learned", "paced")]
    for name, kind, change, logged in told([engine], ALL, names):
        assert change <= 2e-6 and logged <= 2e-6, (name, kind, change, logged)
