"""What is right comes back from its configuration, and the check says so; what does not is named."""

import keras
import numpy as np
import pytest

import lossary as ls

X = np.linspace(-1, 1, 40, dtype="float32").reshape(20, 2)
Y = X[:, :1] * 0.5 + 0.1
P = Y + 0.3


@keras.saving.register_keras_serializable("test")
class Mixed(keras.losses.Loss):
    """An own loss that holds losses and writes them as Keras asks for."""

    def __init__(self, parts=(), scale=1.0, **more):
        super().__init__(**more)
        self.parts, self.scale = [keras.losses.get(part) for part in parts], scale

    def call(self, y_true, y_pred):
        return sum(part.call(y_true, y_pred) for part in self.parts)

    def get_config(self):
        parts = [keras.saving.serialize_keras_object(part) for part in self.parts]
        return {**super().get_config(), "parts": parts, "scale": self.scale}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "parts": [keras.saving.deserialize_keras_object(part) for part in config["parts"]]})


class Held(keras.losses.Loss):
    """An own loss whose arguments come back as they were given."""

    def __init__(self, held=None, **more):
        super().__init__(**more)
        self.held = held

    def call(self, y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)

    def get_config(self):
        return {**super().get_config(), "held": self.held}


class Forgets(Held):
    def get_config(self):
        return keras.losses.Loss.get_config(self)


class HalfForgets(Held):
    """Its configuration holds another value."""

    def get_config(self):
        return {**super().get_config(), "held": self.held[:1]}


class Noisy(Held):
    """Its values are drawn anew in each call."""

    def call(self, y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 2, axis=-1) * (1 + float(np.random.default_rng().uniform()))


class Calls(Held):
    """What it holds is a list of losses, and its from_config leaves Keras's dictionaries as they are."""

    def call(self, y_true, y_pred):
        return sum(part.call(y_true, y_pred) for part in self.held)


def turned(dial, value):
    dial.assign(value)
    return dial


def learned():
    made = ls.UncertaintyWeighted(["mse", "mae"])
    made.log_variance.assign(np.array([0.5, -1.0], "float32"))
    return made


def robust():
    made = ls.AdaptiveRobust()
    made.layer.weights[1].assign(np.array([1.0], "float32"))  # the logarithm of the scale
    return made


RIGHT = {
    "sum": lambda: ls.Huber() + 0.1 * ls.MeanAbsoluteError(),
    "sum of names": lambda: ls.Sum(["mse", "mae"]),
    "sum of sums": lambda: ls.Sum([ls.Huber() + ls.MeanAbsoluteError(), ls.Weighted("mse", 0.5, name="half")]),
    "weighted": lambda: 2 * ls.Huber(delta=0.2),
    "with Keras's": lambda: ls.Huber() + keras.losses.LogCosh(),
    "uncertainty": lambda: ls.UncertaintyWeighted(["mse", "mae"]),
    "uncertainty after steps": learned,
    "gradnorm": lambda: ls.GradNorm(["mse", "mae"], alpha=0.3),
    "learned inside": lambda: 0.5 * ls.UncertaintyWeighted(["mse", "mae"]) + ls.Huber(),
    "robust after steps": robust,
    "schedule": lambda: ls.MeanSquaredError() + ls.LinearSchedule(0.2, 1.0, steps=10) * ls.Huber(),
    "moving parameter": lambda: ls.Huber(delta=ls.StepSchedule([2.0, 1.0, 0.5], [10, 20])),
    "dial": lambda: ls.MeanSquaredError() + turned(ls.Dial(0.1), 0.7) * ls.Huber(),
    "Keras's schedule": lambda: keras.optimizers.schedules.CosineDecay(0.3, 10) * ls.Huber(),
    "own, of losses": lambda: Mixed(["mse", ls.Huber(delta=0.1)]),
    "own, of nan": lambda: Held(float("nan")),
    "own, of an array": lambda: Held([1.0, float("nan")]),
    "own, of a dictionary": lambda: Held({"a": [1, 2], "b": None}),
    "own, of tuples": lambda: Held(((1, 2), "x")),
    "own, noisy": lambda: Noisy(3),
    "Keras's": lambda: keras.losses.Huber(delta=0.3),
    "Keras's of a function": lambda: keras.losses.CategoricalFocalCrossentropy(gamma=1.0),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_comes_back_is_no_finding(name):
    loss = RIGHT[name]()
    found = [finding for finding in ls.check(loss, Y, P) if finding.id in ("L009", "L010")]
    assert not found, str(found)


MODELS = [name for name in RIGHT if not name.startswith(("own", "Keras"))]


@pytest.mark.parametrize("name", MODELS)
def test_the_same_in_a_model(name):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss=RIGHT[name]())
    assert not ls.check(model, X, Y).errors


def test_fit_runs_with_a_sum_and_the_check():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss=ls.Huber() + 0.1 * ls.MeanAbsoluteError())
    model.fit(X, Y, verbose=0, callbacks=[watcher := ls.Check()])
    assert not watcher.findings.errors


def test_several_outputs_in_a_multiloss():
    given = keras.Input((2,))
    model = keras.Model(given, {name: keras.layers.Dense(1, name=name)(given) for name in "ab"})
    model.compile("sgd", loss=ls.MultiLoss({"a": ls.Huber() + ls.MeanAbsoluteError(), "b": 0.5 * ls.LogCosh()}))
    assert not ls.check(model, X, {"a": Y, "b": Y}).errors


@pytest.mark.parametrize(
    "loss",
    [Forgets(3.0), Forgets([1, 2]), Forgets("x"), HalfForgets([1.0, 2.0]), Forgets(np.array([1.0, 2.0]))],
    ids=["number", "list", "text", "half", "array"],
)
def test_what_is_lost_is_an_error(loss):
    found = [finding for finding in ls.check(loss, Y, P) if finding.id == "L009"]
    assert [finding.severity for finding in found] == ["ERROR"] and "held" in found[0].message


@pytest.mark.parametrize(
    "loss",
    [Calls([keras.losses.MeanSquaredError()]), Held(np.array([1.0, np.nan]))],
    ids=["losses", "array"],
)
def test_what_a_file_gives_back_as_dictionaries_is_a_warning(loss):
    """Keras 3 hands from_config what stands in the file, as it stands there."""
    found = [finding for finding in ls.check(loss, Y, P) if finding.id == "L009"]
    assert [finding.severity for finding in found] == ["WARNING"] and "from_config" in found[0].do
