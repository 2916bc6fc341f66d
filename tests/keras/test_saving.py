"""A saved model comes back with its loss in a fresh process, without custom_objects, whichever was imported first."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import lossary as ls

LOAD = """
{imports}
import numpy as np
model = keras.models.load_model({path!r})
print(repr(model.loss))
print(model.evaluate(np.ones((4, 3)), np.full(4, 9.0), verbose=0))
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()


@pytest.mark.parametrize("imports", ["import lossary, keras", "import keras, lossary"])
def test_a_fresh_process_finds_the_loss(tmp_path, imports):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", ls.Huber(delta=3.0))
    path = tmp_path / "model.keras"
    model.save(path)
    want = model.evaluate(np.ones((4, 3)), np.full(4, 9.0), verbose=0)
    shown, value = run(LOAD.format(imports=imports, path=str(path)))
    assert shown == "Huber(delta=3.0)"
    np.testing.assert_allclose(float(value), want, rtol=1e-6)


def test_functions_weights_and_h5(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    for suffix, loss in (
        (".keras", ls.huber),
        (".keras", [ls.Tversky(alpha=0.9, from_logits=True)]),
        (".h5", ls.Huber(delta=3.0)),
    ):
        model.compile("sgd", loss)
        path = str(tmp_path / f"model{suffix}")
        model.save(path)
        again = keras.models.load_model(path)
        x, y = np.ones((4, 3)), np.ones((4, 1))
        np.testing.assert_allclose(again.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0), rtol=1e-6)
