"""Losses that need more of a model than y_true and y_pred: logs, steps, dials, inputs, hidden layers; saved with it."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossary as ls
from lossary.core.errors import DefinitionError, LossaryError


@pytest.fixture
def data(rng):
    x = rng.normal(size=(24, 2)).astype("float32")
    return x, (x @ np.float32([[1.0], [-2.0]]) + 0.5).astype("float32")


def model_of(loss, optimizer=None, penalty=None):
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(3, activation="tanh", name="hidden", kernel_regularizer=penalty),
            layers.Dense(1, name="line"),
        ]
    )
    model.compile(optimizer or keras.optimizers.SGD(0.05), loss=loss)
    return model


def fitted(model, x, y, **more):
    return model.fit(x, y, verbose=0, shuffle=False, batch_size=8, **more).history


def total(model, x, y, **more):
    return model.evaluate(x, y, verbose=0, return_dict=True, **more)["loss"]


def close(one, two):
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@keras.saving.register_keras_serializable("tests")
def energy(h):
    return ops.mean(ops.square(h), axis=-1)


@keras.saving.register_keras_serializable("tests")
def gap(y_true, y_pred, a):
    return ops.mean(ops.abs(y_true - y_pred) * a, axis=-1)


def test_every_part_is_logged_and_adds_up_to_the_target(data):
    x, y = data
    model = model_of(ls.Huber(delta=0.5) + 0.3 * ls.MeanAbsoluteError(), penalty="l2")
    logs = fitted(model, x, y, epochs=2, validation_data=(x, y))
    for prefix in ("", "val_"):
        whole = np.add(logs[prefix + "huber"], np.multiply(0.3, logs[prefix + "mean_absolute_error"]))
        np.testing.assert_allclose(logs[prefix + "loss"], whole + logs[prefix + "regularization"], rtol=1e-5)
        assert min(logs[prefix + "regularization"]) > 0


def test_the_split_can_be_read_off_a_table(data):
    x, y = data
    model = model_of(ls.Huber(delta=0.5) + 0.3 * ls.MeanAbsoluteError(), penalty="l2")
    before = ls.target_split(model, x, y)
    fitted(model, x, y)
    after = ls.target_split(model, x, y)
    assert after.loss == pytest.approx(after.parts["huber"] + 0.3 * after.parts["mean_absolute_error"], rel=1e-5)
    assert after.value == pytest.approx(model.evaluate(x, y, verbose=0, return_dict=True)["loss"], rel=1e-5)
    lines = str(ls.target_table({"before": before, "after": after})).splitlines()
    assert lines[0].split() == ["before", "after"]
    assert [line.split()[0] for line in lines[1:]] == [
        "loss", "huber", "mean_absolute_error", "hidden/kernel", "target",
    ]  # fmt: skip
    assert lines[-1].split()[1:] == [f"{before.value:.6f}", f"{after.value:.6f}"]


def test_a_sum_trains_like_keras_with_a_function(data):
    x, y = data

    def together(y_true, y_pred):
        return ls.Huber(delta=0.5)(y_true, y_pred) + 0.3 * ls.MeanAbsoluteError()(y_true, y_pred)

    ours, theirs = model_of(ls.Huber(delta=0.5) + 0.3 * ls.MeanAbsoluteError()), model_of(together)
    fitted(ours, x, y, epochs=3)
    fitted(theirs, x, y, epochs=3)
    close(ours, theirs)


MOVES = {
    "weight": lambda s: s * ls.MeanAbsoluteError() + ls.Huber(),
    "parameter": lambda s: ls.Huber(delta=s),
}


@pytest.mark.parametrize("kind", MOVES)
def test_a_schedule_is_felt_at_every_step_of_fit(data, kind):
    """Against one model per step, compiled with the number that the schedule has there."""
    x, y = data
    values = [2.0, 0.5, 0.25, 0.1]
    schedule = ls.StepSchedule(values, boundaries=[1, 2, 3])
    model = model_of(MOVES[kind](schedule))
    fitted(model, x[:8], y[:8], epochs=4)
    step_by_step = model_of(MOVES[kind](values[0]))
    for value in values:
        step_by_step.compile(keras.optimizers.SGD(0.05), loss=MOVES[kind](value))
        fitted(step_by_step, x[:8], y[:8])
    for a, b in zip(model.layers, step_by_step.layers, strict=True):
        for one, two in zip(a.get_weights(), b.get_weights(), strict=True):
            np.testing.assert_allclose(one, two, rtol=2e-5, atol=1e-6)


def test_evaluation_does_not_count_steps(data):
    x, y = data
    model = model_of(ls.LinearSchedule(0.0, 1.0, steps=6) * ls.Huber() + ls.MeanAbsoluteError())
    logs = fitted(model, x, y, epochs=2, validation_data=(x, y))
    np.testing.assert_allclose(logs["huber_weight"], [1 / 6, 4 / 6], rtol=1e-5)  # means over three steps each
    np.testing.assert_allclose(logs["val_huber_weight"], [0.5, 1.0], rtol=1e-5)


def test_saved_in_the_middle_it_goes_on_where_it_was(data, tmp_path):
    x, y = data
    loss = ls.Huber(delta=ls.LinearSchedule(2.0, 0.1, steps=12)) + ls.CosineSchedule(0, 1, 12) * ls.MeanAbsoluteError()
    whole, half = model_of(loss), model_of(loss)
    fitted(whole, x, y, epochs=4)
    fitted(half, x, y, epochs=2)
    half.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert total(loaded, x, y) == pytest.approx(total(half, x, y), rel=1e-6)
    fitted(loaded, x, y, epochs=2)
    close(loaded, whole)
    bare = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(bare.predict(x, verbose=0), half.predict(x, verbose=0), rtol=1e-6)


def test_a_dial_turned_in_the_middle_of_an_epoch_is_felt_at_the_next_step(data, tmp_path):
    x, y = data
    dial = ls.Dial(1.0)

    class Turn(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            dial.assign(0.5 ** (batch + 1))

    model = model_of(dial * ls.MeanAbsoluteError() + ls.Huber())
    logs = fitted(model, x, y, callbacks=[Turn()])
    assert logs["mean_absolute_error_weight"][0] == pytest.approx((1 + 0.5 + 0.25) / 3, rel=1e-5)
    schedule = ls.StepSchedule([1.0, 0.5, 0.25], boundaries=[1, 2])
    same = model_of(schedule * ls.MeanAbsoluteError() + ls.Huber())
    fitted(same, x, y)
    np.testing.assert_allclose(model.predict(x, verbose=0), same.predict(x, verbose=0), rtol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(x, y, verbose=0, return_dict=True)["mean_absolute_error_weight"] == pytest.approx(0.125)


def test_terms_read_inputs_columns_outputs_and_hidden_layers(data):
    x, y = data
    teacher = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    terms = {
        "input": (ls.Input(), lambda m: x.mean(axis=1, keepdims=True) ** 2),
        "column": (ls.Column("other"), lambda m: (3 * y) ** 2),
        "output": (ls.Output(), lambda m: m.predict(x, verbose=0) ** 2),
        "hidden": (ls.Hidden("hidden"), None),
        "teacher": (ls.Teacher(teacher), lambda m: teacher.predict(x, verbose=0) ** 2),
        "fixed": (ls.Fixed([[2.0]] * 8), lambda m: np.full((8, 1), 4.0)),
    }
    loss = ls.Huber() + sum((ls.Term(energy, h=source, name=name) for name, (source, _) in terms.items()), 0)
    model = model_of(loss)
    found = model.evaluate(x, {"y": y, "other": 3 * y}, batch_size=8, verbose=0, return_dict=True)
    hidden = keras.Model(model.inputs, model.get_layer("hidden").output).predict(x, verbose=0)
    want = {name: float(np.mean(number(model))) for name, (_, number) in terms.items() if number and name != "input"}
    want |= {"hidden": float(np.mean(hidden**2)), "input": float(np.mean(x**2))}
    for name, value in want.items():
        assert found[name] == pytest.approx(value, rel=1e-5), name


def test_terms_train_and_survive_saving(data, tmp_path):
    x, y = data
    loss = ls.MeanSquaredError() + 5.0 * ls.Term(energy, h=ls.Hidden("hidden")) + ls.Term(gap, a=ls.Fixed(0.1))
    model = model_of(loss)
    before = model.evaluate(x, y, verbose=0, return_dict=True)
    fitted(model, x, y, epochs=5)
    after = model.evaluate(x, y, verbose=0, return_dict=True)
    assert after["energy"] < 0.9 * before["energy"]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(after, rel=1e-6)


def test_a_teacher_stays_as_it_is_and_is_saved_along(data, tmp_path):
    x, y = data
    teacher = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    said = teacher.predict(x, verbose=0)
    decay = keras.optimizers.AdamW(0.05, weight_decay=0.1)  # moves whatever counts as trainable, gradient or not
    model = model_of(ls.Term(gap, y_true=ls.Teacher(teacher), a=ls.Fixed(1.0)), decay)
    before = total(model, x, y)
    fitted(model, x, y, epochs=30)
    assert total(model, x, y) < 0.5 * before
    np.testing.assert_array_equal(teacher.predict(x, verbose=0), said)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert total(loaded, x, y) == pytest.approx(total(model, x, y), rel=1e-6)


def test_rows_of_terms_are_weighed(data):
    x, y = data
    weight = np.linspace(0, 2, 24, dtype="float32")
    model = model_of(ls.Term(gap, a=ls.Fixed(1.0)))
    want = float(np.mean(weight * np.abs(model.predict(x, verbose=0) - y)[:, 0]))
    found = total(model, x, y, sample_weight=weight, batch_size=24)
    assert found == pytest.approx(want, rel=1e-5)


def test_compiling_again_leaves_nothing_behind(data):
    x, y = data
    model = model_of(ls.LinearSchedule(0.0, 1.0, steps=6) * ls.Huber() + 0.1 * ls.Term(energy, h=ls.Hidden("hidden")))
    fitted(model, x, y)
    model.compile("sgd", "mse")
    assert len(model.weights) == 4
    assert set(fitted(model, x, y)) == {"loss"}
    assert "call" not in vars(model.get_layer("hidden")) and "compute_loss" not in vars(model)


def test_a_compute_loss_of_ones_own_is_kept(data):
    x, y = data

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.line = layers.Dense(1)

        def call(self, x):
            return self.line(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 3.0 * super().compute_loss(x, y, y_pred, sample_weight, training)

    model = Own()
    model.compile("sgd", ls.Huber() + ls.MeanAbsoluteError())
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(3 * (found["huber"] + found["mean_absolute_error"]), rel=1e-5)


def test_what_a_term_cannot_read_is_refused(data):
    x, y = data
    with pytest.raises(DefinitionError, match="no source for h"):
        ls.Term(energy)
    with pytest.raises(DefinitionError, match="does not take k"):
        ls.Term(energy, h=ls.Input(), k=ls.Input())
    with pytest.raises(DefinitionError, match="a value for h"):
        ls.Term(energy, h=3.0)
    with pytest.raises(LossaryError, match="model's layers are"):
        model_of(ls.Term(energy, h=ls.Hidden("hiden")))
    with pytest.raises(LossaryError, match="y_true and y_pred only"):
        ls.Term(energy, h=ls.Input())(y, y)
    model = model_of(ls.Huber() + ls.Term(energy, h=ls.Column("other")))
    with pytest.raises(LossaryError, match="other"):
        model.evaluate(x, {"line": y}, verbose=0)


def test_a_schedule_inside_the_model(data, tmp_path):
    x, y = data
    inputs, targets = keras.Input((2,)), keras.Input((1,))
    keras.utils.set_random_seed(5)
    outputs = layers.Dense(1)(inputs)
    weight = ls.StepSchedule([1.0, 0.0], boundaries=[3])
    model = keras.Model(
        [inputs, targets], ls.LossLayer(ls.Huber() + 0.5 * ls.MeanAbsoluteError(), weight)([targets, outputs])
    )
    model.compile(keras.optimizers.SGD(0.1))
    first = model.evaluate([x, y], verbose=0)
    assert first > 0
    model.fit([x, y], batch_size=8, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        before = one.get_weights()
        one.fit([x, y], batch_size=8, verbose=0)  # three steps are over: the weight is 0
        for a, b in zip(before[:2], one.get_weights()[:2], strict=True):
            np.testing.assert_array_equal(a, b)
        assert one.evaluate([x, y], verbose=0) == 0


def test_a_term_layer_does_what_add_loss_did(data, tmp_path):
    x, y = data
    inputs = keras.Input((2,))
    held = ls.TermLayer(energy, weight=0.25, name="energy")({"h": layers.Dense(3, name="h")(inputs)})
    model = keras.Model(inputs, layers.Dense(1)(held["h"]))
    model.compile("sgd", "mse")
    h = keras.Model(inputs, model.get_layer("h").output).predict(x, verbose=0)
    want = float(np.mean((model.predict(x, verbose=0) - y) ** 2)) + 0.25 * float(np.mean(h**2))
    assert model.evaluate(x, y, batch_size=24, verbose=0) == pytest.approx(want, rel=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(x, y, batch_size=24, verbose=0) == pytest.approx(want, rel=1e-5)
    for wrong in (lambda: ls.TermLayer(3.0), lambda: ls.TermLayer(energy)(inputs)):
        with pytest.raises(LossaryError, match="TermLayer"):
            wrong()


UNTIL = {
    "ls.Huber": True,
    "ls.huber": True,
    "ls.get('mse')": True,
    "ls.MultiLoss({'a': 'mse'})": True,
    "ls.Weighted('mse', 0.5)": True,
    "ls.Term(lambda y_pred: y_pred)": True,
    "ls.LossLayer('mse')": True,
    "ls.TermLayer(lambda h: h)": True,
    "type('Mine', (ls.Loss,), {'call': lambda self, y_true, y_pred: y_pred})": True,
    "ls.loss(lambda y_true, y_pred: y_pred, name='mine')": True,
    "__import__('lossary.families.robust').families.robust.Huber()": True,
    "ls.losses(), ls.card('huber'), ls.train, ls.check, ls.ShapeError, ls.Dial(1.0)": False,
}


def test_compile_is_left_alone_until_a_loss_is_there():
    """What is Keras's own is passed on, and nothing more is imported, until something was made that needs more."""
    code = f"""
import keras, sys, lossary as ls
from lossary.core import compiling
for text in {[*UNTIL]}:
    compiling._made = False
    for name in ("Huber", "huber"):
        vars(ls).pop(name, None)
    eval(text)
    print(compiling.made())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [*map(str, UNTIL.values())]


def test_the_first_loss_may_be_made_in_the_call_of_compile():
    code = """
import keras, lossary as ls
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", loss=ls.UncertaintyWeighted(["mse", "mae"]))
print(sum(weight.shape == (2,) for weight in model.trainable_variables))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["1"], done.stderr


class Scaled(ls.Loss, package="tests"):
    """Holds a weight of its own, or a layer, that it does not declare."""

    holds: str = "variable"

    def __init__(self, holds="variable"):
        super().__init__()
        self.holds = holds
        if holds == "variable":
            self.scale = keras.Variable(np.float32(1.0))
        if holds == "fixed":
            self.scale = keras.Variable(np.float32(1.0), trainable=False)
        if holds == "layer":  # its weights come with the first call
            self.net = layers.Dense(1)

    def call(self, y_true, y_pred):
        if self.holds == "layer":
            y_pred, y_true = self.net(y_pred), self.net(y_true)
        return ops.mean(ops.square(y_true - y_pred), axis=-1) / (self.scale if self.holds != "layer" else 1.0)


def by_closure():
    scale = keras.Variable(np.float32(1.0))
    return ls.loss(lambda y_true, y_pred: ops.mean(ops.abs(y_true - y_pred), axis=-1) * scale, name="by_closure")


UNTRACKED = {
    "a loss": lambda: Scaled(),
    "a function": by_closure,
    "a sum": lambda: ls.Huber() + 0.1 * Scaled(),
    "an output": lambda: ls.MultiLoss({"line": Scaled()}),
    "a list": lambda: [Scaled()],
    "a term": lambda: ls.Huber() + ls.Term(Scaled(), y_true=ls.Output("line")),
    "Keras's in a sum": lambda: ls.Sum([ls.Huber(), KerasScaled()]),
}


class KerasScaled(keras.losses.Loss):
    def __init__(self):
        super().__init__()
        self.scale = keras.Variable(np.float32(1.0))

    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1) * self.scale


@pytest.mark.parametrize("make", UNTRACKED.values(), ids=UNTRACKED)
def test_a_weight_that_no_model_tracks_is_refused_at_compile(make):
    with pytest.raises(LossaryError, match=r"holds a weight that should train.*not one of the model's variables"):
        model_of(make())


@pytest.mark.parametrize("run", ["fit", "train"])
def test_a_weight_that_comes_with_the_first_call_is_refused_there(run, data):
    x, y = data
    model = model_of(Scaled("layer"))
    with pytest.raises(LossaryError, match=r"net\.\w*.*trainable=False"):
        model.fit(x, y, verbose=0) if run == "fit" else ls.train(model, x, y, verbose=0)


def test_a_weight_inside_a_loss_layer_is_refused_and_what_does_not_train_is_not(data):
    x, y = data
    inputs, target = keras.Input((2,)), keras.Input((1,))
    outputs = layers.Dense(1)(inputs)
    with pytest.raises(LossaryError, match="holds a weight that should train"):
        keras.Model([inputs, target], ls.LossLayer(Scaled())([target, outputs])).compile("sgd")
    fitted(model_of(Scaled("fixed")), x, y)
    whole = model_of(ls.Huber())
    whole.compile(
        "sgd", ls.Huber() + 0.1 * ls.Term(lambda: ops.sum(ops.square(whole.get_layer("line").kernel)), name="own")
    )
    fitted(whole, x, y)  # a weight of the model
    fitted(model_of(ls.AdaptiveRobust()), x, y)  # one that is declared
