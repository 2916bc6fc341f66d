"""Asks the page's server what nobody should ask, and says what it did not answer well.

    KERAS_BACKEND=jax python benchmarks/fuzz_page.py --questions 5000 --seed 1

Every answer has to be 200, or a refusal in four parts, within 5 seconds (of what is compiled by then); the largest size
of the process is printed. The exit status is 1 where an answer is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from lossary.explorer.app import make_app  # noqa: E402
from tests.explorer.questions import answered, questions, wrong  # noqa: E402

SLOWEST = 5.0  # seconds


async def run(count: int, seed: int) -> int:
    app = make_app(8765)
    faults, times, statuses = 0, [], {}
    for place, (method, path, headers, body) in enumerate(questions(seed, count)):
        began = time.perf_counter()
        status, answer = await answered(app, method, path, headers, body)
        took = time.perf_counter() - began
        if took > SLOWEST:  # a backend compiles what it sees for the first time; what is asked again is compiled
            began = time.perf_counter()
            await answered(app, method, path, headers, body)
            took = time.perf_counter() - began
        times.append(took)
        statuses[status] = statuses.get(status, 0) + 1
        said = wrong(status, answer) or (f"{took:.1f} s" if took > SLOWEST else "")
        if said:
            faults += 1
            print(f"{place}: {method} {path!r} {body[:300]!r}\n    {said}", flush=True)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    ordered = sorted(times)
    print(f"{count} questions, {faults} answered badly; {dict(sorted(statuses.items()))}")
    print(f"median {1000 * ordered[len(ordered) // 2]:.1f} ms, slowest {ordered[-1]:.2f} s, largest {grown:.0f} MiB")
    return int(faults > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(asyncio.run(run(given.questions, given.seed)))
