"""Asks the page's server what nobody should ask, and says what it did not answer well.

    KERAS_BACKEND=jax python benchmarks/fuzz_page.py --questions 5000 --seed 1

Every answer has to be 200, or a refusal in four parts, within 5 seconds of computing (of what is compiled by then); so
have the most that each panel may be asked, and bytes over real connections that are seldom HTTP (--wires). The largest
size of the process is printed. The exit status is 1 where an answer is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from lossary.explorer.app import make_app  # noqa: E402
from tests.explorer.browser import served  # noqa: E402
from tests.explorer.questions import answered, heaviest, questions, too_much, wrong  # noqa: E402
from tests.explorer.wires import replies, sent_back, wire  # noqa: E402

SLOWEST = 5.0  # seconds of computing: what other programs on the machine take does not count


OWN = [(b"host", b"127.0.0.1:8765"), (b"content-type", b"application/json")]


async def timed(app, method, path, headers, body):
    """The status, what is wrong with the answer, and the seconds it took."""
    began = time.process_time()
    status, answer = await answered(app, method, path, headers, body)
    took = time.process_time() - began
    if took > SLOWEST:  # a backend compiles what it sees for the first time; what is asked again is compiled
        began = time.process_time()
        await answered(app, method, path, headers, body)
        took = time.process_time() - began
    return status, wrong(status, answer) or (f"{took:.1f} s" if took > SLOWEST else ""), took


def largest() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


async def run(count: int, seed: int) -> int:
    app = make_app(8765)
    faults, times, statuses = 0, [], {}
    for place, (method, path, headers, body) in enumerate(questions(seed, count)):
        status, said, took = await timed(app, method, path, headers, body)
        times.append(took)
        statuses[status] = statuses.get(status, 0) + 1
        if said:
            faults += 1
            print(f"{place}: {method} {path!r} {body[:300]!r}\n    {said}", flush=True)
    ordered = sorted(times)
    print(f"{count} questions, {faults} answered badly; {dict(sorted(statuses.items()))}")
    print(
        f"median {1000 * ordered[len(ordered) // 2]:.1f} ms, slowest {ordered[-1]:.2f} s, largest {largest():.0f} MiB"
    )
    hard = []
    for what, panel, question in [*heaviest(), *too_much()]:
        status, said, took = await timed(app, "POST", f"/api/{panel}", OWN, json.dumps(question).encode())
        hard.append((took, what))
        if said:
            faults += 1
            print(f"{what}: {said}", flush=True)
    print(
        f"the {len(hard)} heaviest: slowest {max(hard)[0]:.2f} s ({max(hard)[1]}), largest {largest():.0f} MiB",
        flush=True,
    )
    return faults


def run_wires(count: int, seed: int) -> int:
    """Connections to a real server, one after the other."""
    rng = random.Random(seed)
    faults, statuses = 0, {}
    with served() as address:
        port = int(address.rsplit(":", 1)[1].strip("/"))
        for _ in range(count):
            sent, ends = wire(rng, port)
            for status, body in replies(sent_back(port, sent, ends)):
                statuses[status] = statuses.get(status, 0) + 1
                if said := body and wrong(status, body):
                    faults += 1
                    print(f"{sent[:300]!r}\n    {said}", flush=True)
        if replies(sent_back(port, f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode(), False))[0][0] != 200:
            faults += 1
            print("It no longer answers.")
    print(f"{count} connections, {faults} answered badly; {dict(sorted(statuses.items()))}")
    return faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--wires", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = asyncio.run(run(given.questions, given.seed)) + run_wires(given.wires, given.seed)
    sys.exit(int(found > 0))
