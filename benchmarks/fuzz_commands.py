"""Random command lines with random files: how many gave a result, a message of four parts, or something else.

KERAS_BACKEND=jax python benchmarks/fuzz_commands.py --lines 5000 --seed 1
KERAS_BACKEND=jax python benchmarks/fuzz_commands.py --seed 1 --only 4711     # one line again, as it prints
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tests.cli import lines

    if asked.only is not None:
        made = lines.line(asked.seed, asked.only)
        print(made)
        with tempfile.TemporaryDirectory() as folder:
            code, out, err = lines.run(made, Path(folder))
        print(f"exit code {code}\n{out!r}\n{err!r}")
        return 0
    started, counts = time.monotonic(), Counter[str]()
    for number in range(asked.first, asked.first + asked.lines):
        made = lines.line(asked.seed, number)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = lines.fault(made, Path(folder))
        took = time.monotonic() - began
        counts["failed" if found else "answered"] += 1
        counts[f"  {made.words[0][:10]!r}" if made.words else "  ''"] += 1
        if found or took > 20:
            print(f"--seed {asked.seed} --only {number} ({took:.1f} s)\n    {made.words}\n    {found}", flush=True)
    for name, count in counts.most_common(12):
        print(f"{count:6} {name}")
    print(
        f"seed {asked.seed}: {asked.lines} command lines, {counts['failed']} failed, {time.monotonic() - started:.0f} s"
    )
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
