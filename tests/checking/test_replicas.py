"""On several devices: the first one's rows are looked at; losses of other libraries are named with their error."""

import json
import os
import subprocess
import sys

import pytest

from tests.backends import BACKEND

ON_TWO = """
import json, warnings
import numpy as np
import keras
import lossary as ls
import tensorflow as tf

device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
R = np.random.default_rng(0)
X = R.normal(size=(32, 3)).astype("float32")
Y, M, I = X[:, :1] * 2 + 1, (R.uniform(size=(32, 8)) > 0.7).astype("float32"), np.arange(32) % 4
W = R.uniform(0.5, 1.5, 32)
W /= W.mean()
CASES = {
    "mean": (ls.MeanSquaredError, Y, 1, None, None),
    "sum": (lambda: ls.Huber() + ls.MeanAbsoluteError(), Y, 1, None, None),
    "root": (ls.RootMeanSquaredError, Y, 1, None, None),
    "Keras's overlap": (keras.losses.Tversky, M, 8, "sigmoid", None),
    "pairs": (lambda: ls.Circle(gamma=8.0), I, 8, None, None),
    "learned": (lambda: ls.UncertaintyWeighted(["mse", "mae"]), Y, 1, None, None),
    "Keras's weights": (lambda: keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"), Y, 1, None, W),
    "ignored": (lambda: ls.SparseCategoricalCrossentropy(from_logits=True, ignore_class=3), I, 4, None, None),
}
told = {}
for name, (make, y, units, activation, w) in CASES.items():
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, activation=activation)])
        model.compile("sgd", loss=make())
    found = {f.id: f for f in ls.check(model, X, y, w)}
    watcher = ls.Check(on_error="warn")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y, sample_weight=w, batch_size=32, verbose=0, shuffle=False, callbacks=[watcher])
    told[name] = [sorted(found), found["L012"].message if "L012" in found else "",
                  dict(found["L012"].numbers) if "L012" in found else {}, watcher.findings.rows,
                  sorted({f.id for f in watcher.findings})]
outside = {"learned": ls.UncertaintyWeighted(["mse", "mae"]), "shaped": ls.AdaptiveRobust(),
           "moving": ls.LinearSchedule(1.0, 0.5, steps=5) * ls.Huber()}
for name, loss in outside.items():
    with strategy.scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        try:
            model.compile("sgd", loss=loss)
            told["outside " + name] = model.fit(X, Y, verbose=0).history["loss"][0]
        except ls.LossaryError as error:
            told["outside " + name] = str(error)
print("TOLD" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def told():
    if BACKEND != "tensorflow":
        pytest.skip("replicas are TensorFlow's")
    run = subprocess.run(
        [sys.executable, "-c", ON_TWO], capture_output=True, text=True, env={**os.environ}, timeout=300
    )
    assert "TOLD" in run.stdout, run.stderr[-2000:]
    return json.loads(run.stdout.partition("TOLD")[2])


INEXACT = {"Keras's overlap": "sums over the batch", "Keras's weights": "sum of weights"}
EXACT = ["mean", "sum", "root", "pairs", "learned", "ignored"]


@pytest.mark.parametrize("name", EXACT)
def test_what_is_exact_on_several_devices_is_no_finding(told, name):
    ids, _, _, rows, seen = told[name]
    assert not ids and not seen and rows == 16


@pytest.mark.parametrize("name", INEXACT)
def test_what_is_not_exact_is_named_with_its_error(told, name):
    ids, message, numbers, rows, seen = told[name]
    assert "L012" in ids and "L012" in seen and rows == 16
    assert INEXACT[name] in message and {"whole", "parts"} <= set(numbers)


@pytest.mark.parametrize("name", ["learned", "shaped"])
def test_a_loss_that_learns_is_made_where_its_model_is(told, name):
    assert "inside strategy.scope()" in told[f"outside {name}"]
    assert told["outside moving"] > 0  # a step is counted wherever it was made
