"""Ray as a launcher: two workers give what one process does. Runs where `ray[train]` is installed."""

import json
import os
import subprocess
import sys
from importlib import util

import pytest


@pytest.mark.full
@pytest.mark.skipif(util.find_spec("ray") is None, reason="needs ray[train]")
@pytest.mark.parametrize("how", [[], ["killed"]], ids=["both live", "one is killed"])
def test_two_workers_of_ray(how, tmp_path):
    environment = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    command = [sys.executable, "-m", "tests.engines.ray_run", str(tmp_path), *how]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]
    alone, first, second = json.loads(run.stdout.splitlines()[-1])
    assert first == pytest.approx(alone, rel=1e-12) and second == pytest.approx(alone, rel=1e-12)
