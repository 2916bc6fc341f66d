"""Classes that lie on several devices: right numbers, and the logits are never gathered."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.backends import BACKEND

HEAD = """
import json, os, sys
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["GLOO_SOCKET_IFNAME"] = "lo"
import numpy as np
import lossary as ls

CLASSES, IGNORED = 512, 7
R = np.random.default_rng(0)
Z, Y = 3 * R.normal(size=(16, CLASSES)), R.integers(0, CLASSES, 16)
Y[::5] = IGNORED
W = R.uniform(0, 2, 16)
HOW = {"plain": {}, "smoothed": {"label_smoothing": 0.1}, "ignored": {"ignore_class": IGNORED},
       "by class": {"class_weight": tuple(1 + np.arange(CLASSES) / CLASSES), "reduction": "mean_with_class_weight"}}
"""
JAX = """
import jax, jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
mesh = Mesh(np.array(jax.devices()).reshape(2, 4), ("data", "model"))
for name, how in HOW.items():
    loss = ls.SparseCategoricalCrossentropy(from_logits=True, **how)
    def number(z, y, w):
        return loss(y, z, sample_weight=w)
    with ls.checks(False):
        step = jax.jit(jax.value_and_grad(number))
        want, slopes = step(Z.astype("float32"), Y, W)
        spread = [jax.device_put(Z.astype("float32"), NamedSharding(mesh, P("data", "model"))),
                  *(jax.device_put(one, NamedSharding(mesh, P("data"))) for one in (Y, W))]
        text = step.lower(*spread).compile().as_text()
        value, slope = step(*spread)
    print(json.dumps([name, abs(float(value - want)), float(abs(slope - slopes).max()), text.count(" all-gather(")]))
"""
TORCH = """
import torch
from torch.distributed.tensor import Shard, distribute_tensor, init_device_mesh
from torch.distributed.tensor.debug import CommDebugMode

rank = int(sys.argv[1])
torch.distributed.init_process_group("gloo", init_method="file://" + sys.argv[2], rank=rank, world_size=2)
mesh = init_device_mesh("cpu", (2,))
for name, how in HOW.items():
    loss = ls.SparseCategoricalCrossentropy(from_logits=True, dtype="float64", **how)
    z, y, w = torch.tensor(Z, requires_grad=True), torch.tensor(Y), torch.tensor(W)
    want = loss(y, z, sample_weight=w)
    want.backward()
    apart = distribute_tensor(torch.tensor(Z), mesh, [Shard(1)]).requires_grad_()
    with CommDebugMode() as told:
        value = loss(y, apart, sample_weight=w)
        value.backward()
    off = float((apart.grad.full_tensor() - z.grad).abs().max())
    kinds = [str(kind) for kind in told.get_comm_counts()]
    print(json.dumps([name, abs(value.item() - want.item()), off, sum("gather" in kind for kind in kinds)]))
y = torch.tensor(Y, dtype=torch.float64)
y[1], y[2] = float("nan"), 2.5  # neither is a class
with ls.checks(False):
    loss = ls.SparseCategoricalCrossentropy(from_logits=True, dtype="float64", reduction="none")
    whole, apart = torch.tensor(Z), distribute_tensor(torch.tensor(Z), mesh, [Shard(1)])
    want, value = loss(y, whole).isnan(), loss(y, apart).isnan()
print(json.dumps(["no class", float(want.sum() != 2), float((value != want).sum()), 0]))
torch.distributed.destroy_process_group()
"""


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow's DTensor is not supported")
def test_a_vocabulary_on_several_devices(tmp_path):
    code, members = (HEAD + (JAX if BACKEND == "jax" else TORCH)), 1 if BACKEND == "jax" else 2
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "KERAS_BACKEND": BACKEND}
    running = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path / "store")], stdout=subprocess.PIPE, text=True, env=environment
        )
        for rank in range(members)
    ]
    said = [process.communicate(timeout=200)[0] for process in running]
    for one in said:
        lines = [json.loads(line) for line in re.findall(r"^\[.*\]$", one, flags=re.M)]
        assert len(lines) == (4 if BACKEND == "jax" else 5)
        for name, value, slope, gathers in lines:
            bar = 1e-12 if BACKEND == "torch" else 5e-6
            assert value <= bar and slope <= bar and gathers == 0, (name, value, slope, gathers)
