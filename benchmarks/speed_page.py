"""docs/speed.md, and the table at the end of a run, from the records of measurements. Needs no backend."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Shape = tuple[int, ...]
RESULTS = Path(__file__).resolve().parent / "results"
MODES = {"eager": "eager", "jit": "jit", "xla": "XLA", "graph": "graph", "compile": "torch.compile"}
TINY, LARGE, FLAT, WIDE, WIDEST = (64, 10), (4096, 1000), (1_000_000,), (4096, 10_000), (512, 50_257)
LARGER = "4,096 × 1,000 and larger"
SPARSE = ("SparseCategoricalCrossentropy", "(from_logits=True)")
NAMES = {"torch": "torch", "jax": "JAX", "tensorflow": "TensorFlow"}

# (backend, mode): what the medians and the worst loss are to reach, by group of shapes; and the memory of SPARSE.
GOALS: dict[tuple[str, str], dict[str, tuple[float, float | None]]] = {
    ("torch", "eager"): {LARGER: (1.05, 0.7), "1,000,000": (0.95, None), "64 × 10": (1.8, None)},
    ("jax", "jit"): {LARGER: (1.5, 0.8), "1,000,000": (1.2, None), "64 × 10": (1.0, None)},
    ("tensorflow", "xla"): {LARGER: (1.2, 0.8), "1,000,000": (1.2, None), "64 × 10": (1.0, None)},
    ("tensorflow", "graph"): {LARGER: (1.3, 0.75), "1,000,000": (1.2, None), "64 × 10": (0.95, None)},
}
TINY_BESIDE_TORCH = 0.33  # beside torch.nn.functional; beside Keras it is the goal above
MEMORY = {("torch", "eager"): 1.1, ("jax", "jit"): 1.1, ("tensorflow", "xla"): 2.2, ("tensorflow", "graph"): 1.1}

INTRODUCTION = """\
# How fast the losses are

Made by `tools/generate.py` from `benchmarks/results`, which `python benchmarks/losses.py --keep` writes; `--help` lists
its options. Everything is measured in the same run, in turn: value and gradient by the predictions of the mean
over a batch, lossary's beside the function of each library that gives the same. A library whose value or gradient
differs by more than 1e-4 (in half precision 5e-2) is left out, with what differs.

- **ratio**: the other library's time by lossary's, the median over the rounds. Above 1, lossary is faster. *best* is
  the ratio to the fastest library on the same backend.
- **time**: the processor time of one thread, all libraries set to one thread before they are imported (and JAX to
  compute in the thread that calls); else, where a table says so, the time on the wall with several threads, or on a GPU
  (torch: by CUDA events).
- **memory**: what is held at most beyond what was held before the call, the gradient included, in sizes of the
  predictions. torch: counted by its profiler; JAX: what XLA states of the compiled program; TensorFlow: counted by its
  allocator.
- **mse**: of a loss that no other library has: its time by that of a mean of squares of the same shape.
- torch runs eagerly, JAX under `jax.jit`, TensorFlow under `tf.function` with XLA and as a graph. Tiny inputs are also
  measured eagerly. Half precision: what a library makes of float16 or bfloat16 tensors when it is called as usual.
"""
BELOW = """\
## Below a goal, and why

- **torch, 64 × 10.** An empty `torch.autograd.Function`, forwards and backwards, takes 33 µs of the 37 that
  `torch.nn.functional.mse_loss` takes in all; lossary's mean squared error takes 100, Keras's 250. The rest are calls
  in Python: one for each operation of a formula, and those that check values. Handing the gradient to an operation that
  torch has in C++ would save a tenth, and give wrong second derivatives.
- **torch, 4,096 × 1,000 and 1,000,000, where a matrix fits into the cache.** The processor measured here has a cache of
  32 MB: there the other libraries' passes over the whole matrix are as quick as lossary's over blocks, and torch has a
  softmax, a Huber loss and a sigmoid cross-entropy in one operation each. At 4,096 × 10,000 blocks win. Larger blocks
  would gain another tenth and break the bound on memory. On an Intel Xeon with less cache, the worst of these losses
  was at 0.7 (at 0.54 for 1,000,000 entries).
- **JAX and XLA, cheap losses, logarithmic errors, divergences.** XLA fuses the value and the gradient of a square into
  one loop over what fits into the cache; lossary goes block by block, since XLA's sums over long arrays add up one by
  one. A loop that XLA makes on a processor yields one tensor: inside of a block, what value and gradient share is
  computed for each of them. Barriers, branches and a division in between do not prevent it, and a quicker logarithm
  (by the bits of a number) gained nothing. Logarithmic errors are those of a ratio, exact where both numbers are nearly
  equal, where the difference of two logarithms cancels.
- **JAX, sparse cross-entropy of logits.** A loop in XLA fills its output with zeros before it writes the gradient: one
  more pass over the matrix than optax's.
- **TensorFlow graphs, memory of sparse cross-entropy.** The exponentials are kept for the gradient, beside it; loops
  that write into one tensor would copy it in each step.
- **TensorFlow, 64 × 10.** Each operation of a graph costs about a microsecond, and exact formulas have a few more.
"""


def best(record: Record) -> float | None:
    """The fastest library's time by lossary's; None where there is no other library."""
    return min(record.get("ratios", {}).values(), default=None)


def shape_words(shape: Iterable[int]) -> str:
    return " × ".join(f"{n:,}" for n in shape)


def name(record: Record) -> str:
    return f"{record['loss']}{record['how']}"


# -- the summary ----------------------------------------------------------------------------------------------------


def summary(backend: str, records: list[Record]) -> list[list[str]]:
    """Rows of text: median, worst and how many are below 1, for each mode, group of shapes and type, beside goals."""
    rows = []
    timed = [r for r in records if r.get("ratios") and "what" not in r]
    for mode, dtype, threads in dict.fromkeys((r["mode"], r["dtype"], r.get("threads", 1)) for r in timed):
        here = [r for r in timed if (r["mode"], r["dtype"], r.get("threads", 1)) == (mode, dtype, threads)]
        groups = {shape_words(s): [s] for s in dict.fromkeys(tuple(r["shape"]) for r in here)}
        if len(groups.keys() & {shape_words(s) for s in (LARGE, WIDE, WIDEST)}) > 0:
            groups[LARGER] = [LARGE, WIDE, WIDEST]
        for group, members in groups.items():
            inside = [r for r in here if tuple(r["shape"]) in members]
            libraries = list(dict.fromkeys(library for r in inside for library in r["ratios"]))
            for against in ["best", *(libraries if len(libraries) > 1 and group != LARGER else [])]:
                own = [(best(r) if against == "best" else r["ratios"].get(against), r) for r in inside]
                found = [(value, r) for value, r in own if value is not None]
                rows.append([MODES[mode] + ("" if threads == 1 else f", {threads} threads"), group, dtype, against])
                rows[-1] += summed(found, goal(backend, mode, group, against))
    return rows


def summed(found: list[tuple[float, Record]], aim: tuple[float | None, float | None]) -> list[str]:
    values = [value for value, _ in found]
    worst, loser = min(found, key=lambda pair: pair[0])
    median = [f"{statistics.median(values):.2f}", "" if aim[0] is None else f"{aim[0]:g}"]
    below = f"{sum(value < 1 for value in values)} of {len(values)}"
    return [*median, below, f"{worst:.2f}", "" if aim[1] is None else f"{aim[1]:g}", name(loser)]


def goal(backend: str, mode: str, group: str, against: str) -> tuple[float | None, float | None]:
    goals = GOALS.get((backend, mode), {})
    if (backend, mode) == ("torch", "eager") and group == shape_words(TINY):
        return {"Keras": goals.get(group, (None, None)), "torch": (TINY_BESIDE_TORCH, None)}.get(against, (None, None))
    return goals.get(group, (None, None)) if against == "best" else (None, None)


SUMMARY = ["mode", "shape", "type", "against", "median", "goal", "below 1", "worst", "goal", "of"]


def summary_lines(backend: str, records: list[Record]) -> list[str]:
    """As text for the terminal: times, then memory, imports and steps where they were measured."""
    rows = [SUMMARY, *summary(backend, records)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(SUMMARY))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines = lines if len(rows) > 1 else []
    lines += [": ".join(pair) for pair in memory_of_sparse(backend, records)]
    for r in records:
        if r.get("what") == "import":
            lines.append(f"import: {', '.join(f'{k} {v}' for k, v in r.items() if k != 'what')} (milliseconds)")
        if r.get("what") == "step":
            lines.append(" ".join(step_row(r)))
    return lines


def memory_of_sparse(backend: str, records: list[Record]) -> list[tuple[str, str]]:
    """The peak of the sparse cross-entropy of logits, beside its goal."""
    found = []
    for r in records:
        if (r.get("loss"), r.get("how")) == SPARSE and r.get("memory") and "what" not in r:
            aim = MEMORY.get((backend, r["mode"]))
            held = ", ".join(f"{library} {n:.2f}" for library, n in r["memory"].items())
            where = f"{MODES[r['mode']]}, {shape_words(r['shape'])}, {r['dtype']}"
            goal = "" if aim is None else f" (goal {aim:g})"
            found.append((f"memory of {name(r)}, {where}", held + goal))
    return found


def step_row(r: Record) -> list[str]:
    warm, first = r["step, ratio"], r["first step, ratio"]
    times = [f"{1e3 * r['step, seconds']:.3g} ms", f"{warm:.2f}", f"{r['first step, seconds']:.2f} s", f"{first:.2f}"]
    return [r["model"], r["loss"], *times]


# -- the page -------------------------------------------------------------------------------------------------------


def results() -> list[dict[str, Any]]:
    """What was kept, processors first."""
    order = [f"{kind}{backend}" for kind in ("", "gpu-") for backend in NAMES]
    files = [RESULTS / f"speed-{part}.json" for part in order]
    return [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def page(measured: list[dict[str, Any]]) -> str:
    """The whole document."""
    parts = [INTRODUCTION, *(machine(part) for part in measured)]
    parts.append("## Summary\n")
    parts.append("\n".join(row_of(part) for part in [["backend", *SUMMARY], ["---"] * 11]))
    for part in measured:
        where = NAMES[part["backend"]] + (", GPU" if part["machine"]["device"] else "")
        parts[-1] += "".join("\n" + row_of([where, *row]) for row in summary(part["backend"], part["records"]))
    parts[-1] += "\n"
    of_sparse = [(part, pair) for part in measured for pair in memory_of_sparse(part["backend"], part["records"])]
    parts.append("\n".join(f"- {NAMES[part['backend']]}, {': '.join(pair)}" for part, pair in of_sparse) + "\n")
    parts.append(BELOW)
    for part in measured:
        parts += [section(part, title, make) for title, make in SECTIONS if make(part)]
    return "\n".join(parts)


def machine(part: dict[str, Any]) -> str:
    about, versions = part["machine"], ", ".join(f"{k} {v}" for k, v in part["versions"].items())
    device = f"; {about['device']}" if about["device"] else ""
    commands = "\n".join(f"    {command}" for command in part["commands"])
    where = f"**{NAMES[part['backend']]}** on {about['processor']}, {about['cores']} cores, {about['system']}{device}"
    return f"{where}: {versions}.\n\n{commands}\n"


def section(part: dict[str, Any], title: str, make: Callable[[dict[str, Any]], list[str]]) -> str:
    where = NAMES[part["backend"]] + (" on a GPU" if part["machine"]["device"] else "")
    return "\n".join([f"## {title}, {where}", "", *make(part), ""])


def loss_by_loss(part: dict[str, Any]) -> list[str]:
    """One line per loss and way of calling it, for each mode and type; a column per shape."""
    lines: list[str] = []
    timed = [r for r in part["records"] if "seconds" in r and "what" not in r]
    for mode, dtype, threads in dict.fromkeys((r["mode"], r["dtype"], r.get("threads", 1)) for r in timed):
        here = [r for r in timed if (r["mode"], r["dtype"], r.get("threads", 1)) == (mode, dtype, threads)]
        shapes = list(dict.fromkeys(tuple(r["shape"]) for r in here))
        several = "" if threads == 1 else f", {threads} threads, time on the wall"
        lines += [f"**{MODES[mode]}, {dtype}{several}**: milliseconds · ratio to each library (or mse)", ""]
        lines += [row_of(["loss", *map(shape_words, shapes)]), row_of(["---"] * (len(shapes) + 1))]
        cells = {(name(r), tuple(r["shape"])): cell(r) for r in here}
        lines += [row_of([one, *(cells.get((one, s), "") for s in shapes)]) for one in dict.fromkeys(map(name, here))]
        lines.append("")
    return lines


def cell(r: Record) -> str:
    ratios = " · ".join(f"{library} {value:.2f}" for library, value in r["ratios"].items())
    return f"{1e3 * r['seconds']:.3g} · {ratios or '{:.1f} mse'.format(r.get('squares', 0))}"


def memory(part: dict[str, Any]) -> list[str]:
    """The peak of every loss at the shapes where it was counted."""
    held = [r for r in part["records"] if r.get("memory") and "what" not in r and r["dtype"] == "float32"]
    lines = []
    for mode in dict.fromkeys(r["mode"] for r in held):
        here = [r for r in held if r["mode"] == mode]
        shapes = list(dict.fromkeys(tuple(r["shape"]) for r in here))
        lines += [f"**{MODES[mode]}, float32**: lossary (others), in sizes of the predictions", ""]
        lines += [row_of(["loss", *map(shape_words, shapes)]), row_of(["---"] * (len(shapes) + 1))]
        cells = {(name(r), tuple(r["shape"])): peaks(r["memory"]) for r in here}
        lines += [row_of([one, *(cells.get((one, s), "") for s in shapes)]) for one in dict.fromkeys(map(name, here))]
        lines.append("")
    return lines


def passes(part: dict[str, Any]) -> list[str]:
    """How often the whole matrix is gone over, where it was counted."""
    counted = [r for r in part["records"] if r.get("passes") and r["dtype"] == "float32"]
    if not counted:
        return []
    lines = ["Operations that read or write the whole matrix: on torch, and statements of the compiled program.", ""]
    lines += [row_of(["loss", "mode", "shape", "lossary", "others"]), row_of(["---"] * 5)]
    for r in counted:
        own, *others = [f"{n}" if library == "lossary" else f"{library} {n}" for library, n in r["passes"].items()]
        lines.append(row_of([name(r), MODES[r["mode"]], shape_words(r["shape"]), own, ", ".join(others)]))
    return lines


def peaks(held: dict[str, float]) -> str:
    others = ", ".join(f"{library} {n:.2f}" for library, n in held.items() if library != "lossary")
    return f"{held['lossary']:.2f}" + (f" ({others})" if others else "")


def growth(part: dict[str, Any]) -> list[str]:
    """Nanoseconds for each entry, with more and more rows, and more and more classes."""
    grown = [r for r in part["records"] if r.get("what") == "growth" and "seconds" in r]
    if not grown:
        return []
    shapes = list(dict.fromkeys(tuple(r["shape"]) for r in grown))
    lines = ["Nanoseconds for each entry: lossary, and the fastest other library.", ""]
    lines += [row_of(["loss", *map(shape_words, shapes)]), row_of(["---"] * (len(shapes) + 1))]
    cells = {(name(r), tuple(r["shape"])): each_entry(r) for r in grown}
    return lines + [
        row_of([one, *(cells.get((one, s), "") for s in shapes)]) for one in dict.fromkeys(map(name, grown))
    ]


def each_entry(r: Record) -> str:
    entries, beside = 1, best(r)
    for n in r["shape"]:
        entries *= n
    own = 1e9 * r["seconds"] / entries
    return f"{own:.3g}" + ("" if beside is None else f" · {own * beside:.3g}")


def around(part: dict[str, Any]) -> list[str]:
    """What lossary adds to an import, and a loss to a training step."""
    lines = []
    for r in part["records"]:
        if r.get("what") == "import":
            lines += [
                f"`import keras` takes {r['keras']} ms of processor time; `import lossary` after it adds "
                f"{r['lossary']} ms, and the first loss that is touched {r['first loss']} ms "
                f"(medians of {r['rounds']} processes).",
                "",
            ]
    steps = [r for r in part["records"] if r.get("what") == "step"]
    if steps:
        lines += [
            "A step of `train_on_batch`, and building the step with the first batch; ratios are Keras's by ours.",
            "",
        ]
        lines += [row_of(["model", "loss", "step", "ratio", "first step", "ratio"]), row_of(["---"] * 6)]
        lines += [row_of(step_row(r)) for r in steps]
    return lines


def left_out(part: dict[str, Any]) -> list[str]:
    """What was not compared, or not measured, and why."""
    reasons: dict[str, list[str]] = {}
    for r in part["records"]:
        where = f"{name(r)} at {shape_words(r['shape'])}, {r['dtype']}" if "shape" in r else ""
        for library, why in r.get("left out", {}).items():
            reasons.setdefault(f"{library}: {why}", []).append(where)
        if "refused" in r:
            reasons.setdefault(f"not measured: {r['refused']}", []).append(where)
    plain = str.maketrans("[]`", "()'")  # no link, no end of code
    return [f"- `{why.translate(plain)}` ({'; '.join(dict.fromkeys(where))})" for why, where in reasons.items()]


SECTIONS = [
    ("Loss by loss", loss_by_loss),
    ("Memory", memory),
    ("Passes", passes),
    ("Growth", growth),
    ("Import and training", around),
    ("Left out", left_out),
]


def row_of(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
