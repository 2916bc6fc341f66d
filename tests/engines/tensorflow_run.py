"""tf.distribute against one device: `python -m tests.engines.tensorflow_run REPLICAS`, one JSON line per case."""

import contextlib
import json
import sys

import tensorflow as tf

REPLICAS = int(sys.argv[1]) if __name__ == "__main__" else 2
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * REPLICAS
)
import keras  # noqa: E402
import numpy as np  # noqa: E402

from tests.engines.cases import BATCH, CASES, ROWS, data  # noqa: E402


def trained(case, scope, x, y, w):
    """The change of the weights in an epoch, and all that is logged."""
    keras.utils.set_random_seed(0)
    with scope:
        start = keras.initializers.RandomNormal(seed=1)
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(case.outputs, case.activation, kernel_initializer=start,
                                                   kernel_regularizer=keras.regularizers.L2(0.01))]
        )  # fmt: skip
        model.compile(keras.optimizers.SGD(0.02), loss=case.make({}))
    before = np.concatenate([v.ravel() for v in model.get_weights()])
    how = {"sample_weight": w if case.weighted else None, "batch_size": BATCH, "verbose": 0}
    told = model.fit(x, y, shuffle=False, epochs=1, **how).history
    told |= {f"evaluated {k}": [v] for k, v in model.evaluate(x, y, return_dict=True, **how).items()}
    weights = np.concatenate([v.ravel() for v in model.get_weights()])
    return weights - before, {k: v[0] for k, v in told.items()}


if __name__ == "__main__":
    strategy = tf.distribute.MirroredStrategy([f"CPU:{place}" for place in range(REPLICAS)])
    for name in sys.argv[3:] or CASES:
        for rows in sys.argv[2].split(","):
            case = CASES[name]
            x, w, targets = data(ROWS[rows], "float32")
            one, alone = trained(case, contextlib.nullcontext(), x, targets[case.targets], w)
            many, shared = trained(case, strategy.scope(), x, targets[case.targets], w)
            off = max(abs(alone[k] - shared[k]) / max(abs(alone[k]), 1e-3) for k in alone)
            print(json.dumps([name, rows, float(np.linalg.norm(many - one) / np.linalg.norm(one)), off]), flush=True)
