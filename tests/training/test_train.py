"""`lossary.train` against `model.fit`: the same batches give the same weights, logs and metrics."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers, optimizers

import lossary as ls
from lossary.training import epochs as programs
from tests.backends import compiled_by_xla, compiled_throughout

ROWS, BATCH, EPOCHS, SEED = 40, 16, 4, 5  # two batches of 16 and one of 8


def linear():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.1))])
    return model, "mse"


def normalized():
    """Batch normalisation, an activity regularizer, and a dropout whose masks are the same in fit."""
    hidden = [
        layers.Dense(8, "relu", activity_regularizer="l2"),
        layers.BatchNormalization(),
        layers.Dropout(0.3, seed=1),
    ]
    return keras.Sequential([keras.Input((3,)), *hidden, layers.Dense(2)]), ls.Huber()


def two_sided():
    """A convolution and a second input; two outputs of different losses."""
    image, row = keras.Input((6, 6, 1), name="image"), keras.Input((3,), name="row")
    seen = layers.Flatten()(layers.Conv2D(3, 3, activation="tanh")(image))
    joined = layers.Concatenate()([seen, layers.Dense(4)(row)])
    outputs = {"line": layers.Dense(2, name="line")(joined), "kind": layers.Dense(1, "sigmoid", name="kind")(joined)}
    return keras.Model({"image": image, "row": row}, outputs), {"line": "mse", "kind": ls.BinaryCrossentropy()}


MODELS = {"linear": linear, "normalized": normalized, "two_sided": two_sided}
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05, momentum=0.9, clipnorm=0.5),
    "adam": lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.05, 3, 0.7)),
    "adamw": lambda: optimizers.AdamW(0.02, weight_decay=0.1),
}


def data(rng, name="linear", rows=ROWS):
    x, y = rng.normal(size=(rows, 3)).astype("float32"), rng.normal(size=(rows, 2)).astype("float32")
    if name != "two_sided":
        return x, y
    image, kind = rng.normal(size=(rows, 6, 6, 1)).astype("float32"), (y[:, :1] > 0).astype("float32")
    return {"image": image, "row": x}, {"line": y, "kind": kind}


def twins(make, optimizer=None, **compiled):
    """Two models alike in all they hold."""
    pair = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        model, loss = make()
        model.compile((optimizer or OPTIMIZERS["sgd"])(), loss, **compiled)
        pair.append(model)
    return pair


def orders(rows=ROWS, epochs=EPOCHS, seed=SEED):
    rng = np.random.default_rng(seed)
    return [rng.permutation(rows) for _ in range(epochs)]


def chosen(part, order):
    return None if part is None else keras.tree.map_structure(lambda array: array[order], part)


def fit(model, x, y, weight=None, **more):
    """Keras's fit on the batches that train sees; the logs of each epoch."""
    found = []
    for order in orders():
        data = {"x": chosen(x, order), "y": chosen(y, order), "sample_weight": chosen(weight, order)}
        done = model.fit(**data, batch_size=BATCH, shuffle=False, verbose=0, **more)
        found.append({name: values[0] for name, values in done.history.items()})
    return found


def train(model, x, y, **more):
    return ls.train(model, x, y, **{"batch_size": BATCH, "epochs": EPOCHS, "seed": SEED, "verbose": 0, **more})


def state(model):
    own = [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
    return {v.path: keras.ops.convert_to_numpy(v.value) for v in own if "seed" not in v.path}


def check_equal(model, other, rtol=2e-5):
    found, expected = list(state(model).values()), list(state(other).values())
    for path, a, b in zip(state(model), found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1e-2, np.abs(b).max(initial=0)), err_msg=path)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MODELS)
def test_weights_are_those_of_fit(name, optimizer, rng):
    model, other = twins(MODELS[name], OPTIMIZERS[optimizer])
    x, y = data(rng, name)
    before = state(model)
    history, expected = train(model, x, y), fit(other, x, y)
    check_equal(model, other)
    assert any(np.abs(state(model)[path] - before[path]).max() > 1e-2 for path in before)
    assert history.epoch == [1, 2, 3, 4] and not history.stopped
    np.testing.assert_allclose(history["target"], [logs["loss"] for logs in expected], rtol=1e-4)
    if name == "two_sided":  # fit on TensorFlow averages these over batches, whatever their rows
        assert set(expected[0]) == {"loss", "line_loss", "kind_loss"} == set(history.history)
        parts = np.array(history["line_loss"]) + np.array(history["kind_loss"])
        np.testing.assert_allclose(parts, history["target"], rtol=1e-5)


@pytest.mark.parametrize("name", ["linear", "two_sided"])
def test_steps_are_compiled_as_a_whole(name, rng):
    model, _ = twins(MODELS[name])
    train(model, *data(rng, name))
    assert compiled_throughout(model)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_weights_and_metrics_do_not_depend_on_the_compiler(jit_compile, rng):
    model, other = twins(linear, metrics=["mae"], weighted_metrics=["mse"])
    (x, y), weight = data(rng), rng.uniform(size=ROWS).astype("float32")
    held = x[:19], y[:19], weight[:19]
    jit_compile = jit_compile and keras.backend.backend() != "torch"  # its compiler takes minutes
    history = train(model, x, y, sample_weight=weight, validation_data=held, jit_compile=jit_compile)
    expected = fit(other, x, y, weight, validation_data=held)
    check_equal(model, other)
    added = {"regularization", "val_regularization"}  # fit adds them to a loss of Keras in silence
    assert set(history.history) - set(expected[0]) == added
    assert compiled_by_xla(model) == jit_compile or keras.backend.backend() != "tensorflow"
    for name in expected[0]:
        values = history.history[name]
        np.testing.assert_allclose(values, [logs[name] for logs in expected], rtol=1e-4, err_msg=name)
    assert history["val_target"] == history.history["val_loss"]
    assert all(seconds > 0 for seconds in history["seconds"])


def test_class_weights_weigh_rows(rng):
    model, other = twins(
        lambda: (keras.Sequential([keras.Input((3,)), layers.Dense(3, "softmax")]), "sparse_categorical_crossentropy")
    )
    x, y = rng.normal(size=(ROWS, 3)).astype("float32"), rng.integers(0, 3, ROWS)
    train(model, x, y, class_weight={0: 5.0, 2: 0.1})
    fit(other, x, y, class_weight={0: 5.0, 2: 0.1})
    check_equal(model, other)


def test_few_steps_are_not_worth_a_loop(rng, monkeypatch):
    monkeypatch.setattr(programs.backend(), "FEW", (10**9, 10**9))
    monkeypatch.setattr(programs.backend(), "MANY", 10**9, raising=False)
    monkeypatch.setattr(programs.backend(), "XLA", (10**9, 10**9), raising=False)
    (model, other), (x, y) = twins(linear, metrics=["mae"]), data(rng)
    history, expected = train(model, x, y, validation_data=(x, y)), fit(other, x, y, validation_data=(x, y))
    check_equal(model, other)
    for name in expected[0]:
        values = history.history[name]
        np.testing.assert_allclose(values, [logs[name] for logs in expected], rtol=1e-4, err_msg=name)


@pytest.mark.parametrize("metrics", [["mae"], [keras.metrics.R2Score], ["mae", keras.metrics.R2Score]], ids=str)
def test_metrics_are_those_of_fit_whether_they_build_early_or_late(metrics, rng):
    made = [one if isinstance(one, str) else one() for one in metrics]
    again = [one if isinstance(one, str) else one() for one in metrics]
    (model, other), (x, y) = twins(linear), data(rng)
    model.compile("sgd", "mse", metrics=made)
    other.compile("sgd", "mse", metrics=again)
    history, expected = train(model, x, y), fit(other, x, y)
    for name in expected[-1]:
        np.testing.assert_allclose(history.history[name], [logs[name] for logs in expected], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [lambda out: [out], lambda out: {"out": out}], ids=["list", "dictionary"])
def test_one_output_may_come_in_a_structure(shape, rng):
    def make():
        given = keras.Input((3,))
        return keras.Model(given, shape(layers.Dense(2)(given))), "mse"

    (model, other), (x, y) = twins(make, metrics=["mae"]), data(rng)
    train(model, x, y)
    fit(other, x, y)
    check_equal(model, other)


def test_what_is_compiled_serves_few_steps_too(rng, monkeypatch):
    model, (x, y) = twins(linear)[0], data(rng)
    train(model, x, y)
    monkeypatch.setattr(programs.backend(), "FEW", (10**9, 10**9))
    monkeypatch.setattr(programs.backend(), "make", None)  # nothing more is made
    train(model, x, y)


def test_a_step_of_the_users_own_is_run(rng):
    class Own(keras.Sequential):
        def train_step(self, *args):
            out = super().train_step(*args)
            logs, *state = out if isinstance(out, tuple) else (out,)
            logs = {**logs, "twice": 2 * logs["loss"]}
            return (logs, *state) if state else logs

    model, other = twins(lambda: (Own([keras.Input((3,)), layers.Dense(2)]), "mse"))
    x, y = data(rng)
    history = train(model, x, y)
    fit(other, x, y)
    check_equal(model, other)
    np.testing.assert_allclose(history["twice"], 2 * np.array(history["target"]), rtol=1e-6)


def test_masks_of_dropout_differ_from_step_to_step(rng):
    """The loss of rows that are all alike moves only by the masks, when nothing is learned."""
    model = keras.Sequential([keras.Input((16,)), layers.Dropout(0.5), layers.Dense(1, kernel_initializer="ones")])
    ones = np.ones((4, 16), "float32")
    history = ls.train(
        model, ones, ones[:, :1], loss="mse", optimizer=optimizers.SGD(0.0), batch_size=4, epochs=8, verbose=0
    )
    assert len(set(np.round(history["target"], 3))) > 4
    assert compiled_throughout(model)


def test_training_goes_on_where_the_last_call_ended(rng):
    model, other = twins(MODELS["linear"], OPTIMIZERS["adam"])
    x, y = data(rng)
    train(model, x, y, epochs=2, shuffle=False)
    train(model, x, y, epochs=2, shuffle=False)
    other.fit(x, y, batch_size=BATCH, epochs=4, shuffle=False, verbose=0)
    check_equal(model, other)
    model.fit(x, y, batch_size=BATCH, verbose=0, shuffle=False)
    other.fit(x, y, batch_size=BATCH, verbose=0, shuffle=False)
    check_equal(model, other)


def test_a_second_call_compiles_nothing_and_programs_die_with_their_model(rng):
    model, _ = twins(linear)
    train(model, *data(rng), validation_data=data(rng))
    (made,) = programs._PROGRAMS[model].programs.values()
    train(model, *data(rng), validation_data=data(rng), epochs=9)
    assert list(programs._PROGRAMS[model].programs.values()) == [made]
    model.compile("sgd", "mae")
    train(model, *data(rng))
    (anew,) = programs._PROGRAMS[model].programs.values()
    assert anew is not made
    gone = weakref.ref(model)
    del model, _
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("chunk", [None, 1, 3])
def test_chunks_change_nothing(chunk, rng):
    model, other = twins(linear, OPTIMIZERS["adam"])
    x, y = data(rng)
    history = train(model, x, y, chunk=chunk, epochs=8)
    expected = train(other, x, y, chunk=8, epochs=8)
    check_equal(model, other)
    np.testing.assert_allclose(history["target"], expected["target"], rtol=1e-6)
    assert history.epoch == list(range(1, 9))


def test_loss_and_optimizer_may_be_given(rng):
    model, other = twins(linear)
    x, y = data(rng)
    train(model, x, y, loss=ls.Huber(), optimizer="sgd", metrics=["mae"])
    other.compile("sgd", ls.Huber(), metrics=["mae"])
    fit(other, x, y)
    check_equal(model, other)
    optimizer = model.optimizer
    train(model, x, y, loss="mae")
    assert model.optimizer is optimizer


def test_a_model_is_built_from_the_first_batch(rng):
    model = keras.Sequential([layers.Dense(2)])
    train(model, *data(rng), loss="mse")
    assert model.built and len(model.weights) == 2


def test_a_loss_inside_the_model_needs_no_other(rng):
    x, y = data(rng)
    inputs, targets = keras.Input((3,)), keras.Input((2,))
    model = keras.Model([inputs, targets], ls.LossLayer("mse")([targets, layers.Dense(2)(inputs)]))
    model.compile(optimizers.Adam(0.1))
    history = train(model, [x, y], None)
    assert history["target"][-1] < history["target"][0]


def test_averaged_weights_are_put_in_place_at_the_end(rng):
    model, other = twins(linear, lambda: optimizers.Adam(0.1, use_ema=True, ema_momentum=0.5))
    x, y = data(rng)
    train(model, x, y, shuffle=False)
    other.fit(x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0)
    check_equal(model, other)
