"""The losses inside Keras: compile, fit, evaluate, weights, masks, several outputs, saved files."""

import inspect

import keras
import numpy as np
import pytest

import lossary as ls


@pytest.fixture
def data(rng):
    x = rng.normal(size=(48, 3)).astype("float32")
    return x, (x @ np.float32([1, -2, 0.5]) + 0.1 * rng.normal(size=48)).astype("float32")


def linear(outputs=1, activation=None):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(outputs, activation=activation)])


def evaluated(model, x, y, **more):
    result = model.evaluate(x, y, verbose=0, **more)
    return result[0] if isinstance(result, list) else result


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.function is TensorFlow's")
def test_a_tf_function_takes_the_losses_as_they_are(data):
    """AutoGraph translates a user's own function, and what it calls: of lossary that would be seconds for nothing."""
    import tensorflow as tf

    files = []

    class Seen(ls.Loss, package="tests"):
        def call(self, y_true, y_pred):
            files.extend(frame.filename for frame in inspect.stack())
            return (y_true - y_pred) ** 2

    loss = Seen()
    tf.function(lambda y: loss(y, 2 * y))(data[1])
    assert len({name for name in files if "__autograph_generated_file" in name}) == 1  # the lambda


@pytest.mark.parametrize("loss", ["class", "function", "alias"])
def test_a_loss_trains_a_model(data, loss):
    x, y = data
    model = linear()
    model.compile(
        keras.optimizers.Adam(0.1), {"class": ls.Huber(delta=0.5), "function": ls.huber, "alias": ls.MSE}[loss]
    )
    before = evaluated(model, x, y)
    model.fit(x, y, epochs=15, verbose=0)
    assert evaluated(model, x, y) < 0.3 * before


@pytest.mark.parametrize("jit", [True, False])
def test_what_evaluate_reports_is_what_the_loss_gives(data, jit):
    x, y = data
    model = linear()
    weight = np.linspace(0, 2, 48).astype("float32")
    loss = ls.Huber(delta=0.7)
    model.compile("sgd", loss, jit_compile=jit and keras.backend.backend() != "torch")
    want = float(loss(y, model.predict(x, verbose=0), sample_weight=weight))
    np.testing.assert_allclose(evaluated(model, x, y, sample_weight=weight, batch_size=48), want, rtol=1e-5)


def test_a_nan_target_of_weight_zero_spoils_nothing(data):
    x, y = data
    y, weight = y.copy(), np.ones(48, "float32")
    y[5], weight[5] = np.nan, 0
    model = linear()
    model.compile("sgd", ls.MeanSquaredError())
    history = model.fit(x, y, sample_weight=weight, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert np.isfinite(model.get_weights()[0]).all()


def test_class_weights(data, rng):
    x, _ = data
    y = rng.integers(0, 3, 48)
    model = linear(3)
    model.compile("sgd", ls.SparseCategoricalCrossentropy(from_logits=True))
    shares = {0: 1.0, 1: 2.0, 2: 0.5}
    weight = np.array([shares[c] for c in y], "float32")
    want = evaluated(model, x, y, sample_weight=weight, batch_size=48)
    got = model.fit(x, y, class_weight=shares, batch_size=48, verbose=0).history["loss"][0]
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_several_outputs_with_lists_dictionaries_and_weights(data):
    x, y = data
    inputs = keras.Input((3,))
    a, b = keras.layers.Dense(1, name="a")(inputs), keras.layers.Dense(1, name="b")(inputs)
    model = keras.Model(inputs, {"a": a, "b": b})
    model.compile("sgd", {"a": ls.Huber(), "b": ls.mae}, loss_weights={"a": 2.0, "b": 0.5})
    targets = {"a": y, "b": y}
    p = model.predict(x, verbose=0)
    want = 2 * float(ls.Huber()(y, p["a"])) + 0.5 * float(ls.MeanAbsoluteError()(y, p["b"]))
    np.testing.assert_allclose(evaluated(model, x, targets, batch_size=48), want, rtol=1e-5)
    listed = keras.Model(inputs, [a, b])
    listed.compile("sgd", [ls.Huber(), ls.MeanAbsoluteError()])
    listed.fit(x, [y, y], verbose=0)


def test_a_mask_from_an_embedding_leaves_the_padding_out(rng):
    tokens = np.array([[1, 2, 0, 0], [3, 4, 5, 0]])
    model = keras.Sequential([keras.Input((4,)), keras.layers.Embedding(6, 3, mask_zero=True), keras.layers.Dense(1)])
    y = rng.normal(size=(2, 4, 1)).astype("float32")
    y[tokens == 0] = np.nan
    loss = ls.MeanSquaredError()
    model.compile("sgd", loss)
    p = model.predict(tokens, verbose=0)
    kept = tokens != 0
    np.testing.assert_allclose(evaluated(model, tokens, y), np.mean((y[kept] - p[kept]) ** 2), rtol=1e-5)
    model.fit(tokens, y, verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


def test_ignored_classes_are_left_out_of_the_mean_as_class_and_as_function(data, rng):
    x, _ = data
    y = rng.integers(0, 3, 48)
    y[:10] = -1
    want = float(ls.SparseCategoricalCrossentropy(from_logits=True)(y[10:], np.tile(np.float32([0, 1, 3]), (38, 1))))
    model = linear(3)
    model.set_weights([np.zeros((3, 3)), np.float32([0, 1, 3])])
    model.compile("sgd", ls.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1))
    np.testing.assert_allclose(evaluated(model, x, y, batch_size=48), want, rtol=1e-5)
    model.compile("sgd", lambda t, p: ls.sparse_categorical_crossentropy(t, p, from_logits=True, ignore_class=-1))
    np.testing.assert_allclose(evaluated(model, x, y, batch_size=48), want, rtol=1e-5)


def test_segmentation_with_targets_of_three_axes(rng):
    x, y = rng.normal(size=(4, 6, 6, 3)).astype("float32"), rng.integers(0, 3, (4, 6, 6))
    model = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(3, 1)])
    model.compile("sgd", ls.SparseCategoricalCrossentropy(from_logits=True, class_weight=(1.0, 2.0, 0.5)))
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()


def test_channels_first_equals_channels_last(rng):
    z, y = rng.normal(size=(2, 3, 5, 5)).astype("float32"), rng.integers(0, 3, (2, 5, 5))
    first = ls.SparseCategoricalCrossentropy(from_logits=True, axis=1)(y, z)
    last = ls.SparseCategoricalCrossentropy(from_logits=True)(y, np.moveaxis(z, 1, -1))
    np.testing.assert_allclose(float(first), float(last), rtol=1e-6)


def test_sparse_and_dense_are_one_with_every_option(rng):
    z, y = rng.normal(size=(8, 4)).astype("float32"), rng.integers(0, 4, 8)
    options = {"from_logits": True, "label_smoothing": 0.2, "class_weight": (1.0, 2.0, 0.5, 3.0), "ignore_class": 2}
    for sparse, dense in [
        (ls.SparseCategoricalCrossentropy, ls.CategoricalCrossentropy),
        (ls.SparseCategoricalFocalCrossentropy, ls.CategoricalFocalCrossentropy),
    ]:
        np.testing.assert_allclose(float(sparse(**options)(y, z)), float(dense(**options)(np.eye(4)[y], z)), rtol=1e-6)
    all_ignored = ls.SparseCategoricalCrossentropy(**options)(np.full(8, 2), z)
    assert float(all_ignored) == 0.0


def test_mixed_precision(data, rng):
    x, _ = data
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(300, dtype="mixed_bfloat16")])
    model.compile("sgd", ls.SparseCategoricalCrossentropy(from_logits=True))
    assert np.isfinite(model.fit(x, rng.integers(0, 300, 48), verbose=0).history["loss"]).all()
