"""Losses on several devices and in several processes, against one device: `python benchmarks/engines.py`.

For each engine and loss: how far the change of the weights in an epoch, and the logged loss, are from one device.
All of it runs on this machine: virtual devices, and processes that talk over the loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINES = {
    "MirroredStrategy, 2 replicas": ("tensorflow", "2"),
    "MirroredStrategy, 4 replicas": ("tensorflow", "4"),
    "DistributedDataParallel, 2 processes": ("torch", "ddp"),
    "fully_shard, 2 processes": ("torch", "fsdp"),
    "shard_map, 4 devices": ("jax", "mapped"),
    "DataParallel, 8 devices": ("jax", "spread"),
}


def measured(backend: str, engine: str) -> list[tuple[str, str, float, float]]:
    """One line for each loss and kind of batch."""
    from tests.engines.cases import CASES, ROWS

    names = [name for name in CASES if engine != "fsdp" or name not in ("learned", "paced")]
    rows = "even" if engine == "mapped" else ",".join(ROWS)
    command = [sys.executable, "-m", f"tests.engines.{backend}_run", engine, rows, *names]
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(run.stderr[-3000:])
    return [tuple(json.loads(line)) for line in run.stdout.splitlines() if line.startswith("[")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=sorted({backend for backend, _ in ENGINES.values()}))
    chosen = parser.parse_args().backend
    for name, (backend, engine) in ENGINES.items():
        if chosen in (None, backend):
            lines = measured(backend, engine)
            print(f"\n{name}: {len(lines)} cases")
            for loss, rows, change, logged in lines:
                print(f"  {loss:28} {rows:8} weights {change:.1e}  loss {logged:.1e}")
            print(f"  largest: weights {max(x[2] for x in lines):.1e}, loss {max(x[3] for x in lines):.1e}", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("KERAS_BACKEND", "torch")
    main()
