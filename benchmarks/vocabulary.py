"""The cross-entropy of a last layer over a large vocabulary: `ls.LinearCrossEntropy` beside ways that keep all logits.

    KERAS_BACKEND=torch python benchmarks/vocabulary.py                       # 4,096 rows, 512 features, 50,257 classes
    KERAS_BACKEND=jax python benchmarks/vocabulary.py --rows 1024 --classes 12565
    KERAS_BACKEND=torch python benchmarks/vocabulary.py --growth             # memory with more rows and classes

Value and gradients by hidden states and kernel, compiled on JAX and TensorFlow. Each way runs in a process of its own:
processor time of one thread, median of --rounds after one call, and the most memory beyond the inputs, in megabytes and
in sizes of the two gradients. "naive" is the library's own softmax cross-entropy of hidden times kernel, "keras" is
Keras's loss of a Dense layer's output, and on torch "torch" and "torch chunked" are its LinearCrossEntropyLoss.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
WAYS = {"torch": ("lossary", "naive", "keras", "torch", "torch chunked"), "jax": ("lossary", "naive", "keras"),
        "tensorflow": ("lossary", "naive", "keras")}  # fmt: skip


def loss_of(way: str, backend: str) -> Callable[[Any, Any, Any], Any]:
    """A function of labels, hidden states and kernel (classes, features)."""
    import keras

    import lossary as ls

    if way == "lossary":
        loss = ls.LinearCrossEntropy()
        return lambda y, h, w: loss(y, h, kernel=w)
    if way == "keras":
        theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        return lambda y, h, w: theirs(y, keras.ops.matmul(h, keras.ops.transpose(w)))
    if backend == "torch":
        import torch

        if way == "naive":
            return lambda y, h, w: torch.nn.functional.cross_entropy(h @ w.T, y)
        more = {"options": torch.nn.LinearCrossEntropyOptions(chunking_method="auto")} if "chunked" in way else {}
        return lambda y, h, w: torch.nn.functional.linear_cross_entropy(h, w, y, **more)
    if backend == "jax":
        import optax

        return lambda y, h, w: optax.softmax_cross_entropy_with_integer_labels(h @ w.T, y).mean()
    import tensorflow as tf

    return lambda y, h, w: tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.matmul(h, w, transpose_b=True))
    )


def step_of(f: Callable[..., Any], backend: str) -> Callable[..., Any]:
    """Value and both gradients, ready when it returns."""
    if backend == "torch":

        def step(y: Any, h: Any, w: Any) -> Any:
            h.grad = w.grad = None
            f(y, h, w).backward()

        return step
    if backend == "jax":
        import jax

        both = jax.jit(jax.value_and_grad(f, (1, 2)))
        return lambda *x: jax.block_until_ready(both(*x))
    import tensorflow as tf

    @tf.function
    def graph(y: Any, h: Any, w: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch((h, w))
            value = f(y, h, w)
        return value, tape.gradient(value, (h, w))

    return lambda *x: graph(*x)[0].numpy()


def measure(way: str, rows: int, features: int, classes: int, rounds: int) -> dict[str, float]:
    import numpy as np

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    random = np.random.default_rng(0)
    h, w = (random.normal(size=size).astype("float32") * 0.1 for size in ((rows, features), (classes, features)))
    y = random.integers(0, classes, rows)
    if backend == "torch":
        import torch

        torch.set_num_threads(1)
        given = [torch.from_numpy(y), *(torch.from_numpy(x).requires_grad_() for x in (h, w))]
    elif backend == "jax":
        import jax.numpy as jnp

        given = [jnp.asarray(x) for x in (y.astype("int32"), h, w)]
    else:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        given = [tf.constant(x) for x in (y.astype("int32"), h, w)]
    step = step_of(loss_of(way, backend), backend)
    few = [given[0][:64], given[1][:64], given[2][:128]]
    if backend == "torch":
        few = [few[0] % 128, *(x.detach().requires_grad_() for x in few[1:])]
    else:
        few[0] = few[0] % 128
    step(*few)  # what is loaded at a first call
    del h, w
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(1 + rounds):
        began = time.process_time()
        step(*given)
        times.append(time.process_time() - began)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": statistics.median(times[1:]), "megabytes": (most - before) / 1024}


def fresh(way: str, *sizes: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--measure", way, *map(str, sizes)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--features", type=int, default=512)
    parser.add_argument("--classes", type=int, default=50_257)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--ways", default="", help="by comma; all by default")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--measure", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        way, *sizes = asked.measure
        print(json.dumps(measure(way, *map(int, sizes))))
        return
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    ways = asked.ways.split(",") if asked.ways else WAYS[backend]
    sizes = [(asked.rows, asked.features, asked.classes)]
    if asked.growth:
        ways = ("lossary",)
        sizes = [(n, asked.features, v) for n, v in ((1024, 50_257), (4096, 50_257), (8192, 50_257), (4096, 12_565))]
    for rows, features, classes in sizes:
        gradients = 4 * features * (rows + classes) / 2**20
        print(f"{backend}, {rows:,} × {features} by {classes:,}: both gradients take {gradients:.0f} MB")
        first = None
        for way in ways:
            found = fresh(way, rows, features, classes, asked.rounds)
            first = first or found["seconds"]
            ratio, share = found["seconds"] / first, found["megabytes"] / gradients
            took = f"  {way:<14} {found['seconds']:>8.2f} s  {ratio:>5.2f} of lossary's"
            print(f"{took}  {found['megabytes']:>7.0f} MB  {share:>5.2f} of the gradients", flush=True)


if __name__ == "__main__":
    main()
