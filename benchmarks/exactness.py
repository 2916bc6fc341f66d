"""How exact is every loss? Over a grid of hard inputs, against the truth in 100 digits.

    python benchmarks/exactness.py                                   all backends, and docs/exactness.md
    python benchmarks/exactness.py --backend jax --losses Huber      the worst entries on one backend, to mend them

Without --backend each backend runs in a process of its own, beside Keras, torch and optax where they are installed.
With --quick or --losses the page is not written.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("tensorflow", "jax", "torch")
OUT = ROOT / "out" / "exactness"


def main() -> None:
    asked = arguments()
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    if asked.backend is None:
        everything(asked)
        return
    os.environ["KERAS_BACKEND"] = asked.backend
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of functions traced anew, as all are here
    chosen = (listed(asked.losses), listed(asked.dtypes), listed(asked.modes), asked.quick)
    if asked.records is None:
        from benchmarks.offenders import show

        show(*chosen, asked.worst)
    else:
        from benchmarks.measuring import records, versions

        measured = {"versions": versions(), "records": list(records(*chosen))}
        asked.records.parent.mkdir(parents=True, exist_ok=True)
        asked.records.write_text(json.dumps(measured), encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=BACKENDS)
    parser.add_argument("--losses", default="", help="names, with commas; all by default")
    parser.add_argument("--dtypes", default="float16,bfloat16,float32", help="and float64, on request")
    parser.add_argument("--modes", default="", help="eager, and graph, xla (TensorFlow) or jit (JAX); all by default")
    parser.add_argument("--quick", action="store_true", help="the thin grid of the tests")
    parser.add_argument("--worst", type=int, default=2, help="how many entries to show per loss, type and mode")
    parser.add_argument("--records", type=Path, help="write counts to this file instead of showing entries")
    return parser.parse_args()


def listed(words: str) -> list[str]:
    return [word for word in words.split(",") if word]


def everything(asked: argparse.Namespace) -> None:
    """Measure on each backend, one after the other, and write the page from the results."""
    files = {backend: OUT / f"{backend}.json" for backend in BACKENDS}
    for backend, file in files.items():
        options = ["--backend", backend, "--records", str(file), "--losses", asked.losses, "--dtypes", asked.dtypes]
        options += ["--modes", asked.modes, *(["--quick"] if asked.quick else [])]
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, __file__, *options], check=True, env=quiet)
    from benchmarks.exactness_page import page

    text = page([json.loads(file.read_text(encoding="utf-8")) for file in files.values()])
    whole = not asked.quick and not asked.losses and not asked.modes
    target = ROOT / "docs" / "exactness.md" if whole else OUT / "exactness.md"
    target.write_text(text, encoding="utf-8")
    print(f"Wrote {target}")


if __name__ == "__main__":
    main()
