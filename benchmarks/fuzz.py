"""Random calls of everything public: how many gave a right number, a LossaryError, or something else.

    KERAS_BACKEND=jax python benchmarks/fuzz.py --calls 20000 --seed 1
    KERAS_BACKEND=jax python benchmarks/fuzz.py --seed 1 --only 4711     # one call again, with its traceback

Each call is a line of Python (tests/fuzz/calls.py). A call fails when it ends in an exception that is not lossary's,
gives a wrong number, takes what holds no numbers, or lets shapes through that the contract forbids.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter, defaultdict


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--table", action="store_true", help="counts for every callable")
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tests.backends import BACKEND
    from tests.fuzz.calls import SPACE, call, outcome

    if asked.only is not None:
        one = call(asked.seed, asked.only)
        print(one)
        print(eval(one.code, dict(SPACE)))
        return 0
    started, failed = time.monotonic(), 0
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for number in range(asked.first, asked.first + asked.calls):
        one = call(asked.seed, number)
        found = outcome(one)
        counts[one.name][found if found in ("right", "refused") else "failed"] += 1
        if found not in ("right", "refused"):
            failed += 1
            print(f"--seed {asked.seed} --only {number}\n    {one.code}\n    {found}", flush=True)
    if asked.table:
        print(f"{'callable':40} {'calls':>7} {'right':>7} {'refused':>8} {'failed':>7}")
        for name, found_ in sorted(counts.items()):
            print(f"{name:40} {found_.total():7} {found_['right']:7} {found_['refused']:8} {found_['failed']:7}")
    total = sum(counts.values(), Counter())
    print(
        f"{BACKEND}, seed {asked.seed}: {total.total()} calls of {len(counts)} callables, {total['right']} right, "
        f"{total['refused']} refused, {failed} failed, in {time.monotonic() - started:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
