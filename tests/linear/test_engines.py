"""Ray actors and Dask workers give the digits of this process, and so they do when a worker is killed."""

import os
import signal

import numpy as np
import pytest

import lossary as ls
from lossary.linear import parts
from tests.linear.parquet import INPUTS, coefficients, written

pytestmark = pytest.mark.full
NEEDED = {"ray": "ray", "dask": "distributed"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(parts, "PART", 220)
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # Ray listens on loopback only
    written(tmp_path)
    return tmp_path


def workers_of(name, made):
    """The processes that hold parts."""
    if name == "ray":
        import ray

        return [ray.get(actor.process.remote()) for actor in made[0].actors]
    return list(made[0].client.run(os.getpid).values())


@pytest.mark.parametrize("name", NEEDED)
def test_a_killed_worker_changes_nothing(name, folder, monkeypatch):
    pytest.importorskip(NEEDED[name])
    from importlib import import_module

    module, made, killed = import_module(f"lossary.linear.engines.by_{name}"), [], []
    build = module.engine
    monkeypatch.setattr(module, "engine", lambda *given: made.append(build(*given)) or made[-1])

    def kill(number, done, of):
        if number == 3 and done == 1 and not killed:
            killed.append(workers_of(name, made)[0])
            os.kill(killed[0], signal.SIGKILL)

    for loss in ("huber", ls.Quantile(q=0.3)):
        made.clear(), killed.clear()
        here = ls.fit_linear(folder, "y", loss=loss, inputs=INPUTS, sample_weight="w")
        there = ls.fit_linear(
            folder, "y", loss=loss, inputs=INPUTS, sample_weight="w", engine=name, workers=2, progress=kill
        )
        assert killed
        np.testing.assert_allclose(coefficients(there), coefficients(here), rtol=1e-12)
        assert there.target == pytest.approx(here.target, rel=1e-14)
