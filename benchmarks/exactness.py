"""How exact is every loss? Over a grid of hard inputs, against the truth in 100 digits; see docs/exactness.md.

python benchmarks/exactness.py --backend jax --losses Huber,Poisson --quick
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BARS = {"float16": 2.0, "bfloat16": 2.0, "float32": 4.0, "float64": 4.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default=os.environ.get("KERAS_BACKEND", "tensorflow"))
    parser.add_argument("--losses", default="", help="names, with commas; all by default")
    parser.add_argument("--dtypes", default="float16,bfloat16,float32")
    parser.add_argument("--modes", default="", help="eager, and graph, xla (TensorFlow) or jit (JAX); all by default")
    parser.add_argument("--quick", action="store_true", help="the thin grid of the tests")
    parser.add_argument("--worst", type=int, default=2, help="how many offenders to show per loss, type and mode")
    arguments = parser.parse_args()
    os.environ["KERAS_BACKEND"] = arguments.backend
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    from benchmarks.offenders import show

    show(arguments, BARS)


if __name__ == "__main__":
    main()
