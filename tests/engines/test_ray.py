"""Ray as a launcher of torch: two workers give what one process does. Runs where `ray[train]` is installed."""

import json
import os
import subprocess
import sys

import pytest

from tests.backends import BACKEND

TRAINED = """
import json, os, sys, tempfile
import numpy as np
import ray
import torch
import lossary as ls
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer, prepare_model

R = np.random.default_rng(0)
X = R.normal(size=(61, 3))
Y, W = X[:, :1] * 2 + 1 + R.normal(size=(61, 1)), np.exp(R.normal(size=61))


def trained(rows, prepared=lambda net: net):
    torch.manual_seed(0)
    net = torch.nn.Linear(3, 1).double()
    model, loss = prepared(net), ls.RootMeanSquaredError(dtype="float64")
    steps = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(5):
        value = loss(torch.tensor(Y[rows]), model(torch.tensor(X[rows])), sample_weight=torch.tensor(W[rows]))
        steps.zero_grad()
        value.backward()
        steps.step()
    return [value.item(), *(x for p in net.parameters() for x in p.detach().flatten().tolist())]


def loop(config):
    rank = ray.train.get_context().get_world_rank()
    with ls.across():
        found = trained(slice(0, 40) if rank == 0 else slice(40, 61), prepare_model)
    with open(f"{config['folder']}/{rank}.json", "w") as out:
        json.dump(found, out)


folder = sys.argv[1]
variables = {"KERAS_BACKEND": "torch", "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "GLOO_SOCKET_IFNAME": "lo"}
ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": variables})
trainer = TorchTrainer(loop, train_loop_config={"folder": folder}, scaling_config=ScalingConfig(num_workers=2),
                       run_config=RunConfig(storage_path=folder))
trainer.fit()
ray.shutdown()
print(json.dumps([trained(slice(None)), *(json.load(open(f"{folder}/{rank}.json")) for rank in (0, 1))]))
"""


@pytest.mark.full
@pytest.mark.skipif(BACKEND != "torch", reason="the trainer is torch's")
def test_two_workers_of_ray(tmp_path):
    pytest.importorskip("ray.train.torch")
    environment = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    command = [sys.executable, "-c", TRAINED, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]
    alone, first, second = json.loads(run.stdout.splitlines()[-1])
    assert first == pytest.approx(alone, rel=1e-12) and second == pytest.approx(alone, rel=1e-12)
