"""How fast is every loss? Value and gradient beside Keras, torch.nn.functional, optax and tf.nn, in the same run.

    python benchmarks/losses.py --keep                                 every backend; kept for docs/speed.md
    python benchmarks/losses.py --growth --keep                        with more and more rows and classes
    python benchmarks/losses.py --imports --steps --keep               what is added to an import, and to training
    python benchmarks/losses.py --quick --backend torch                three losses, in a minute
    python benchmarks/losses.py --backend jax --only Huber --shapes 4096x1000 --dtypes float32 --modes jit

Printed is the time of the best library on the same backend by lossary's: above 1, lossary is faster. Each number is the
median of interleaved rounds, of the processor time of one thread; the command sets all libraries to one thread before
they are imported. With --threads N there are several, and the clock is the one on the wall. Every backend runs in a
process of its own. A library whose value or gradient is not lossary's is left out, with what differs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("torch", "jax", "tensorflow")
RESULTS = ROOT / "benchmarks" / "results"
Record = dict[str, Any]


def main(words: list[str] | None = None) -> None:
    asked = arguments(words)
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    if asked.here is None:
        given = sys.argv[1:] if words is None else words
        for backend in asked.backend:
            options = [*given, "--backend", backend, "--here", shlex.join(given)]
            subprocess.run([sys.executable, __file__, *options], check=True, env=environment(backend, asked))
        return
    os.environ |= environment(asked.backend[0], asked)
    measure(asked)


def arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", type=listed, default=list(BACKENDS), help="torch, jax, tensorflow; all by default")
    parser.add_argument(
        "--only",
        type=listed,
        default=[],
        help="names, or their beginnings, as Binary or BinaryCrossentropy(from_logits",
    )
    parser.add_argument("--shapes", type=shapes, help="as 64x10,1000000; by default all five")
    parser.add_argument("--dtypes", type=listed, default=["float32", "float16"])
    parser.add_argument(
        "--modes", type=listed, default=[], help="eager, jit, xla, graph, compile (torch's, on request)"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--device", default="cpu", help="cpu, or cuda: torch by its events, JAX and TensorFlow by the wall"
    )
    parser.add_argument("--quick", action="store_true", help="three losses at two shapes in float32")
    parser.add_argument("--compared", action="store_true", help="only losses that another library has here")
    parser.add_argument("--growth", action="store_true", help="a few losses with more and more rows and classes")
    parser.add_argument("--imports", action="store_true", help="instead: what lossary adds to the import of Keras")
    parser.add_argument("--steps", action="store_true", help="instead: a training step of two small models")
    parser.add_argument("--passes", action="store_true", help="also count how often the whole matrix is gone over")
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="times only")
    parser.add_argument("--keep", action="store_true", help="write the results to benchmarks/results")
    parser.add_argument("--here", help=argparse.SUPPRESS)  # in this process, which was asked for by these words
    return parser.parse_args(words)


def listed(words: str) -> list[str]:
    """By comma, but not within brackets."""
    parts, depth = [""], 0
    for letter in words:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def shapes(words: str) -> list[tuple[int, ...]]:
    return [tuple(map(int, word.strip("()").replace("x", " ").split())) for word in words.split(",")]


def environment(backend: str, asked: argparse.Namespace) -> dict[str, str]:
    """The backend, and how many threads it may use: to be set before anything is imported."""
    there = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if asked.device != "cpu":
        return there
    n = str(asked.threads)
    names = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB_MAXIMUM")
    there |= {f"{name}_NUM_THREADS": n for name in names}
    there |= {"TF_NUM_INTRAOP_THREADS": n, "TF_NUM_INTEROP_THREADS": n, "NPROC": n, "JAX_PLATFORMS": "cpu"}
    there["CUDA_VISIBLE_DEVICES"] = ""  # Keras would take a GPU that it sees
    if asked.threads == 1:
        there["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
    return there


def set_threads(threads: int) -> None:
    """What the environment does not reach."""
    if os.environ["KERAS_BACKEND"] == "torch":
        import torch

        torch.set_num_threads(threads)
    elif os.environ["KERAS_BACKEND"] == "jax" and threads == 1:
        import jax

        jax.config.update("jax_cpu_enable_async_dispatch", False)  # else calls are handed to a second thread
    elif os.environ["KERAS_BACKEND"] == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def measure(asked: argparse.Namespace) -> None:
    """All that was asked for, on the backend of this process."""
    if asked.device == "cpu":
        set_threads(asked.threads)
    from benchmarks.speed_engines import BACKEND, Engine

    engine = Engine(asked.device)
    print(f"{BACKEND} on {engine.name() or processor()}, {asked.threads} thread(s), {asked.rounds} rounds", flush=True)
    records: list[Record] = []
    try:
        if asked.imports or asked.steps:
            records += around(asked)
        else:
            for record in losses(engine, asked):
                records.append(record)
    finally:  # also of a run that was stopped
        if asked.keep and records:
            keep(BACKEND, engine, records, asked)
    if not records:
        raise SystemExit("Nothing was measured: no loss has this name, or none is asked for at these shapes.")
    from benchmarks.speed_page import summary_lines

    print("\n" + "\n".join(summary_lines(BACKEND, records)))


def losses(engine: Any, asked: argparse.Namespace) -> Iterator[Record]:
    """Every loss at every shape, type and mode that was asked for."""
    from benchmarks import speed_cases as sc
    from benchmarks.speed_engines import BACKEND, COMPILED, MODES

    at, dtypes, modes, only = asked.shapes or list(sc.SHAPES), asked.dtypes, asked.modes or MODES, asked.only
    if asked.quick:
        at, dtypes, only = asked.shapes or [sc.TINY, sc.LARGE], ["float32"], only or list(sc.QUICK)
    if asked.growth:
        at, dtypes, only = asked.shapes or list(sc.GROWTH), ["float32"], only or list(sc.GROWING)
        modes = asked.modes or [COMPILED]
    chosen = sc.cases(only)
    if asked.compared:
        chosen = [case for case in chosen if compared(case)]
    for shape in at:
        for dtype in dtypes:
            for mode in modes:
                if mode == "eager" and BACKEND != "torch" and shape != sc.TINY and not asked.modes:
                    continue
                fit = [case for case in chosen if case.fits(shape)]
                if fit:
                    print(f"\n{mode}, {shape_words(shape)}, {dtype}: milliseconds, and others by lossary", flush=True)
                for case in fit:
                    record = timed(engine, case, shape, dtype, mode, asked)
                    print("  " + line(record), flush=True)
                    yield {"what": "growth", **record} if asked.growth else record


def compared(case: Any) -> bool:
    """Whether another library that runs on this backend has the loss."""
    from benchmarks.peers import means

    theirs = set(means(case))
    return bool(theirs & {"Keras"} if case.weighted else theirs)


def around(asked: argparse.Namespace) -> list[Record]:
    """What lossary adds to the import of Keras, and its losses to a training step."""
    from benchmarks.speed_steps import imports, steps, wall_or_processor

    found = [imports(str(ROOT / "src"))] if asked.imports else []
    found += steps(asked.rounds, wall_or_processor(asked.threads)) if asked.steps else []
    return found


def timed(engine: Any, case: Any, shape: tuple[int, ...], dtype: str, mode: str, asked: argparse.Namespace) -> Record:
    """Seconds of one call for lossary, those of each library that gives the same by them, and memory by the inputs."""
    import keras

    from benchmarks.peers import means
    from benchmarks.speed_cases import inputs
    from benchmarks.speed_engines import disagreement, interleaved, ratio

    record: Record = {"loss": case.cls.__name__, "how": case.how(), "shape": list(shape), "dtype": dtype, "mode": mode}
    case = case.sized(shape[-1])
    try:
        y, p = inputs(case, shape)
        predictions = engine.tensor(p, dtype)
        given = [engine.tensor(y, dtype), predictions, *weights(engine, case, shape)]
        ours = engine.both(case.function(), tuple(given), mode)
        truth = engine.arrays(ours())
    except Exception as error:  # one loss that cannot be measured must not end an hour of measuring
        return {**record, "refused": first_line(error)}
    runs, left_out = {"lossary": ours}, {}
    for library, theirs in means(case).items():
        if case.weighted and library != "Keras":
            continue
        try:
            run = engine.both(theirs, tuple(given), mode)
            differs = disagreement(truth, engine.arrays(run()), dtype != "float32")
        except Exception as error:  # another library may refuse a type or a shape, in whatever way
            differs = first_line(error)
        if differs:
            left_out[library] = differs
        else:
            runs[library] = run
    del truth
    alone = {} if len(runs) > 1 else {"mse": engine.both(squares, (predictions, predictions), mode)}
    found = interleaved(engine, {**runs, **alone}, asked.rounds, asked.threads)
    own = found.pop("lossary")
    squared = found.pop("mse", None)
    record |= {"seconds": statistics.median(own), "ratios": {name: ratio(t, own) for name, t in found.items()}}
    if squared:
        record["squares"] = 1 / ratio(squared, own)
    size = sum(int(x.nbytes) for x in keras.tree.flatten(p)) * (1 if dtype == "float32" else 0.5)
    if asked.memory and size > 1e6 and (mode != "eager" or os.environ["KERAS_BACKEND"] == "torch"):
        held = {name: engine.memory(run) for name, run in runs.items()}
        record["memory"] = {name: round(n / size, 3) for name, n in held.items() if n is not None}
    if asked.passes:
        entries = sum(x.size for x in keras.tree.flatten(p))
        counted = {name: engine.passes(run, entries) for name, run in runs.items()}
        record["passes"] = {name: n for name, n in counted.items() if n is not None}
    if asked.threads != 1:
        record["threads"] = asked.threads
    return {**record, "left out": left_out} if left_out else record


def weights(engine: Any, case: Any, shape: tuple[int, ...]) -> list[Any]:
    """One for each row, where the case has weights."""
    if not case.weighted:
        return []
    import numpy as np

    return [engine.tensor(np.random.default_rng(7).uniform(0.5, 2, shape[0]).astype("float32"), "float32")]


def squares(q: Any, p: Any) -> Any:
    """The plainest loss, as a measure for what no other library has: a mean of squares of the predictions' shape."""
    import keras

    pairs = zip(keras.tree.flatten(p), keras.tree.flatten(q), strict=True)
    return sum(keras.ops.mean(keras.ops.square(a - keras.ops.stop_gradient(b))) for a, b in pairs)


def first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:120]}"


def line(record: Record) -> str:
    name = f"{record['loss']}{record['how']}"
    if "refused" in record:
        return f"{name:<72} not measured: {record['refused']}"
    beside = "".join(f"  {library} {r:5.2f}" for library, r in record["ratios"].items())
    beside += f"  {record['squares']:.1f} mse" if "squares" in record else ""
    if record.get("memory"):
        own, *theirs = record["memory"].values()
        beside += f"  memory {own:.2f} ({', '.join(f'{held:.2f}' for held in theirs)})"
    if record.get("passes"):
        beside += f"  passes {', '.join(map(str, record['passes'].values()))}"
    out = "".join(f"  {library} left out: {why}" for library, why in record.get("left out", {}).items())
    return f"{name:<72}{record['seconds'] * 1e3:10.4f}{beside}{out}"


def shape_words(shape: Any) -> str:
    return " × ".join(f"{n:,}" for n in shape)


def processor() -> str:
    """Its name, as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions(backend: str) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    own = {"torch": ["torch"], "jax": ["jax", "jaxlib", "optax"], "tensorflow": ["tensorflow-cpu", "tensorflow"]}
    found = {"python": platform.python_version()}
    for name in ("keras", "numpy", *own[backend]):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def keep(backend: str, engine: Any, records: list[Record], asked: argparse.Namespace) -> None:
    """The results beside those of earlier runs; what was measured again takes the place of the old."""
    file = RESULTS / f"speed-{engine.name() and 'gpu-'}{backend}.json"
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    new = {key(r) for r in records}
    kept = [r for r in before.get("records", []) if key(r) not in new]
    machine = {"processor": processor(), "cores": os.cpu_count(), "device": engine.name(), "system": platform.system()}
    head = {"backend": backend, "machine": machine, "versions": versions(backend)}
    command = f"python benchmarks/losses.py {asked.here}"
    head["commands"] = [*dict.fromkeys([*before.get("commands", []), command])]
    lines = ",\n".join(json.dumps(rounded(r), ensure_ascii=False) for r in [*kept, *records])
    RESULTS.mkdir(exist_ok=True)
    top = json.dumps(head, ensure_ascii=False, indent=1).rstrip("}\n")
    file.write_text(f'{top},\n "records": [\n{lines}\n]\n}}\n', encoding="utf-8")
    print(f"Wrote {file.relative_to(ROOT)}; tools/generate.py makes docs/speed.md of it")


def rounded(x: Any) -> Any:
    """Numbers to four places that count."""
    if isinstance(x, dict):
        return {name: rounded(part) for name, part in x.items()}
    return float(f"{x:.4g}") if isinstance(x, float) else x


def key(record: Record) -> str:
    names = ("what", "model", "loss", "how", "shape", "dtype", "mode", "threads")
    return json.dumps([record.get(name) for name in names])


if __name__ == "__main__":
    main()
