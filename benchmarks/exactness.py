"""How exact is every loss? Over a grid of hard inputs, against the truth in 100 digits.

    python benchmarks/exactness.py                                   all backends, and docs/exactness.md; hours
    python benchmarks/exactness.py --losses Huber,Poisson            these anew
    python benchmarks/exactness.py --missing                         losses and types that were not measured yet
    python benchmarks/exactness.py --backend jax --losses Huber --show   the worst entries, to mend them

Each backend runs in a process of its own, beside Keras, torch and optax where they are installed. Results are kept in
benchmarks/results after each loss, so that a run that was stopped goes on with --missing. Measuring one type anew
leaves what is kept of the others. With --quick nothing is kept.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("tensorflow", "jax", "torch")
RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    asked = arguments()
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    if asked.here is None and not asked.show:
        everything(asked)
        return
    os.environ["KERAS_BACKEND"] = asked.backend[0]
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of functions traced anew, as all are here
    if asked.show:
        from benchmarks.offenders import show

        show(asked.losses, asked.dtypes, asked.modes, asked.quick, asked.worst)
    else:
        measure(asked)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", type=listed, default=list(BACKENDS), help="tensorflow, jax, torch; all by default")
    parser.add_argument("--losses", type=listed, default=[], help="names, with commas; all by default")
    parser.add_argument(
        "--dtypes", type=listed, default=["float32", "bfloat16", "float16"], help="and float64, on request"
    )
    parser.add_argument(
        "--modes", type=listed, default=[], help="eager, and graph, xla (TensorFlow) or jit (JAX); all by default"
    )
    parser.add_argument("--missing", action="store_true", help="only losses and types of which nothing is kept")
    parser.add_argument("--quick", action="store_true", help="the thin grid of the tests; nothing is kept")
    parser.add_argument("--show", action="store_true", help="instead: the worst entries, on one backend")
    parser.add_argument("--worst", type=int, default=2, help="how many entries to show per loss, type and mode")
    parser.add_argument("--here", action="store_true", default=None, help=argparse.SUPPRESS)  # in this process
    return parser.parse_args()


def listed(words: str) -> list[str]:
    return [word for word in words.split(",") if word]


def everything(asked: argparse.Namespace) -> None:
    """Measure on each backend, one after the other, and write the page from what is kept."""
    for backend in asked.backend:
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--backend", backend, "--here"], check=True, env=quiet)
    kept = [read(backend) for backend in BACKENDS if file_of(backend).exists()]
    if asked.quick or not kept:
        return
    from benchmarks.exactness_page import page

    target = ROOT / "docs" / "exactness.md"
    target.write_text(page(kept), encoding="utf-8")
    print(f"Wrote {target}")


def file_of(backend: str) -> Path:
    return RESULTS / f"exactness-{backend}.json"


def read(backend: str) -> dict[str, Any]:
    file = file_of(backend)
    if not file.exists():
        return {"backend": backend, "versions": {}, "records": []}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def measure(asked: argparse.Namespace) -> None:
    """In this process; kept after each loss."""
    from benchmarks.measuring import losses, measured, versions

    backend = asked.backend[0]
    done = {(r["loss"], r["dtype"]) for r in read(backend)["records"]} if asked.missing else set()
    every = losses([])
    wanted = {name: [t for t in asked.dtypes if (name, t) not in done] for name in losses(asked.losses)}
    chosen = {name: dtypes for name, dtypes in wanted.items() if dtypes}
    for k, (name, dtypes) in enumerate(chosen.items()):
        found = [{"backend": backend, **r} for r in measured(name, dtypes, asked.modes, asked.quick)]
        print(f"{backend} {k + 1}/{len(chosen)}: {name}, {line(found)}", flush=True)
        if asked.quick:
            continue
        kept = read(backend)
        others = [r for r in kept["records"] if r["loss"] in every and (r["loss"] != name or r["dtype"] not in dtypes)]
        records = sorted([*others, *found], key=lambda r: every.index(r["loss"]))
        text = ",\n".join(json.dumps(r) for r in records)
        whole = f'{{"backend": "{backend}", "versions": {json.dumps(versions())}, "records": [\n{text}\n]}}\n'
        draft = file_of(backend).with_suffix(".draft")
        draft.write_text(whole, encoding="utf-8")
        draft.replace(file_of(backend))


def line(found: list[dict[str, Any]]) -> str:
    """What is wrong with it, or the largest errors, by type."""
    ours = [r for r in found if r["library"] == "lossary" and not r["beside"] and "refused" not in r]
    bad = sum(r["broken"] + r["gross"] for r in ours)
    worst = {dtype: max(r["worst"] for r in ours if r["dtype"] == dtype) for dtype in {r["dtype"] for r in ours}}
    return f"{bad} wrong, worst " + ", ".join(f"{ulp:.2f} in {dtype}" for dtype, ulp in sorted(worst.items()))


if __name__ == "__main__":
    main()
