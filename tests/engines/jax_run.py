"""keras.distribution and shard_map over eight devices against one: `python -m tests.engines.jax_run ENGINE ROWS`.

`spread` fits a Keras model over DataParallel, with rows added where a batch has too few; `mapped` takes steps inside of
shard_map, with ls.across.
"""

import json
import os
import sys

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import keras
import numpy as np
from jax.sharding import Mesh, PartitionSpec

import lossary as ls
from tests.engines.cases import BATCH, CASES, ROWS, data


def fitted(case, x, y, w, spread):
    """The change of a model's weights in an epoch, and its loss."""
    keras.distribution.set_distribution(keras.distribution.DataParallel() if spread else None)
    if spread:
        x, y, w = ls.padded(x, y, w if case.weighted else None)
    keras.utils.set_random_seed(0)
    start = keras.initializers.RandomNormal(seed=1)
    dense = keras.layers.Dense(case.outputs, case.activation, kernel_initializer=start)
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile(keras.optimizers.SGD(0.02), loss=case.make({}))
    before = np.concatenate([v.ravel() for v in model.get_weights()])
    seen = []
    told = keras.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: seen.append(logs["loss"]))
    model.fit(x, y, sample_weight=w if case.weighted or spread else None, batch_size=BATCH, epochs=1, shuffle=False,
              verbose=0, callbacks=[told])  # fmt: skip
    keras.distribution.set_distribution(None)
    return np.concatenate([v.ravel() for v in model.get_weights()]) - before, seen[:1]


def stepped(case, x, y, w, mapped):
    """The change of a linear map in an epoch of whole batches, and the losses of its steps."""
    loss = case.make({"dtype": "float64"})
    weights = np.random.default_rng(1).normal(size=(4, case.outputs))
    start, seen, rows = weights, [], PartitionSpec("batch")
    mesh = Mesh(np.array(jax.devices()[:4]), ("batch",))

    def number(m, x, y, w):
        p = x @ m[:3] + m[3]
        return loss(y, jax.nn.sigmoid(p) if case.activation else p, sample_weight=w)

    def on_each(m, x, y, w):
        with ls.across("batch"):
            value, slope = jax.value_and_grad(number)(m, x, y, w)
        return jax.lax.pmean(value, "batch"), jax.lax.pmean(slope, "batch")

    none = PartitionSpec()
    spread = jax.jit(jax.shard_map(on_each, mesh=mesh, in_specs=(none, rows, rows, rows if case.weighted else none),
                                   out_specs=(none, none), check_vma=False))  # fmt: skip
    with ls.checks(False):
        for first in range(0, len(x) - BATCH + 1, BATCH):
            given = [one[first : first + BATCH] for one in (x, y, w)]
            given[2] = given[2] if case.weighted else None
            value, slope = (spread if mapped else jax.jit(jax.value_and_grad(number)))(weights, *given)
            weights = weights - 0.02 * np.asarray(slope)
            seen.append(float(value))
    return (weights - start).ravel(), seen


if __name__ == "__main__":
    run = {"spread": fitted, "mapped": stepped}[sys.argv[1]]
    for name in sys.argv[3:] or CASES:
        case = CASES[name]
        if sys.argv[1] == "mapped" and name in ("learned", "paced", "moving"):  # they live in a model
            continue
        for kind in sys.argv[2].split(","):
            x, w, targets = data(ROWS[kind], "float64" if sys.argv[1] == "mapped" else "float32")
            (one, alone), (many, shared) = (run(case, x, targets[case.targets], w, how) for how in (False, True))
            off = max(abs(a - b) / max(abs(a), 1e-3) for a, b in zip(alone, shared, strict=True))
            print(json.dumps([name, kind, float(np.linalg.norm(many - one) / np.linalg.norm(one)), off]), flush=True)
