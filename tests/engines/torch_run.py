"""DistributedDataParallel or fully_shard against one process, in float64.

`python -m tests.engines.torch_run ENGINE ROWS [CASE …]`, one JSON line per case. The first process has 11 rows of a
batch at most, the other one the rest.
"""

import contextlib
import json
import os
import sys
import tempfile

import numpy as np
import torch
from torch import distributed, multiprocessing

import lossary as ls
from tests.engines.cases import BATCH, CASES, ROWS, data

FIRST = 11  # rows of a batch: of 13 they leave 2, of 1 none


def trained(case, rows, rank=None, engine="ddp", share=None):
    """The weights after an epoch, and the losses of its steps."""
    x, w, targets = data(rows, "float64")
    y = targets[case.targets]
    torch.manual_seed(0)
    net = torch.nn.Linear(3, case.outputs).double()
    loss = case.make({"dtype": "float64"})
    layer = getattr(loss, "layer", None)
    if layer is not None:  # what a loss learns is trained with the net
        net.learned = torch.nn.ParameterList([v.value for v in layer.trainable_variables])
    model, losses = net, []
    if rank is not None and engine == "ddp":
        model = torch.nn.parallel.DistributedDataParallel(net)
    elif rank is not None:
        model = torch.distributed.fsdp.fully_shard(net)
    steps = torch.optim.SGD(net.parameters(), 0.02)
    with contextlib.nullcontext() if rank is None else ls.across():
        for step, first in enumerate(range(0, rows, BATCH)):
            mine = np.arange(first, min(first + BATCH, rows))
            if rank is not None:
                mine = mine[:FIRST] if rank == 0 else mine[FIRST:]
            p = model(torch.tensor(x[mine]))
            p = torch.sigmoid(p) if case.activation else p
            weight = torch.tensor(w[mine]) if case.weighted else None
            with ls.at_step(step):
                value = loss(torch.tensor(y[mine]), p, sample_weight=weight)
            steps.zero_grad()
            value.backward()
            steps.step()
            losses.append(value.item())
    full = [v.full_tensor() if hasattr(v, "full_tensor") else v for v in net.parameters()]
    return np.concatenate([v.detach().numpy().ravel() for v in full]), losses


def process(rank, names, kinds, engine, store, out):
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    found = {f"{n}|{k}": trained(CASES[n], ROWS[k], rank, engine) for n in names for k in kinds}
    np.save(f"{out}{rank}.npy", found, allow_pickle=True)
    distributed.destroy_process_group()


if __name__ == "__main__":
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    engine, kinds, names = sys.argv[1], sys.argv[2].split(","), sys.argv[3:] or list(CASES)
    with tempfile.TemporaryDirectory() as folder:
        given = (names, kinds, engine, f"{folder}/store", f"{folder}/out")
        multiprocessing.start_processes(process, given, nprocs=2, start_method="fork")  # with all that is imported here
        found = [np.load(f"{folder}/out{rank}.npy", allow_pickle=True).item() for rank in (0, 1)]
    for name in names:
        for kind in kinds:
            start, _ = trained(CASES[name], 0)
            one, losses = trained(CASES[name], ROWS[kind])
            there = [two[f"{name}|{kind}"] for two in found]
            change = max(np.linalg.norm(v - one) for v, _ in there) / np.linalg.norm(one - start)
            off = max(abs(a - b) / max(abs(a), 1e-3) for _, seen in there for a, b in zip(losses, seen, strict=True))
            print(json.dumps([name, kind, float(change), float(off)]), flush=True)
