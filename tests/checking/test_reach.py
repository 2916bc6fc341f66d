"""What is said of the numbers that a model can give holds for those that it gives, whatever it ends in."""

import keras
import numpy as np
import pytest
from keras.src.activations import ALL_OBJECTS

from lossary.checking.model import reach_of

X = np.random.default_rng(3).normal(size=(400, 3)).astype("float32") * np.array([[0.1], [1], [30], [1e4]] * 100, "f4")
ENDINGS = sorted({f.__name__ for f in ALL_OBJECTS if callable(f) and f.__name__.islower()} - {"glu", "threshold"})


@pytest.mark.parametrize("name", ENDINGS)
def test_no_output_lies_beyond_it(name):
    layer = keras.layers.Dense(3, activation=name)
    model = keras.Sequential([keras.Input((3,)), layer])
    layer.set_weights([np.eye(3, dtype="float32"), np.zeros(3, "float32")])
    low, high = reach_of(model, 0) or (-np.inf, np.inf)
    found = np.asarray(keras.ops.convert_to_numpy(model(X)))
    assert (found >= low - 1e-6).all() and (found <= high + 1e-6).all(), (low, high, found.min(), found.max())


@pytest.mark.parametrize(
    ("name", "reach"),
    [("softmax", (0, 1)), ("log_softmax", (-np.inf, 0)), ("sigmoid", (0, 1)), ("tanh", (-1, 1)), ("linear", None)],
)
def test_it_is_as_narrow_as_known(name, reach):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activation=name)])
    found = reach_of(model, 0)
    assert found is reach or found == pytest.approx(reach, abs=1e-30)
