"""The loss inside the model: training, predicting, weights, masks, saving."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossary as ls
from lossary.core.errors import LossaryError, UnknownLossError
from lossary.objective import LossLayer, without_targets


def data(rows=40):
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 2)).astype("float32")
    return x, (x @ np.array([[1.0], [-2.0]]) + 0.5).astype("float32")


def model_with(loss, weight=1.0, weighted=False):
    keras.utils.set_random_seed(0)
    x, y, w = keras.Input((2,), name="x"), keras.Input((1,), name="y"), keras.Input((), name="w")
    outputs = layers.Dense(1, name="outputs")(x)
    parts, inputs = ([y, outputs, w], [x, y, w]) if weighted else ([y, outputs], [x, y])
    model = keras.Model(inputs, LossLayer(loss, weight=weight, name="inside")(parts))
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    return model


def test_trains_like_a_compiled_loss():
    x, y = data()
    inside = model_with(ls.Huber(delta=0.3))
    start = inside.get_weights()
    outside = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    outside.compile(optimizer=keras.optimizers.SGD(0.1), loss=ls.Huber(delta=0.3))
    outside.set_weights(start)
    ours = inside.fit([x, y], epochs=3, shuffle=False, verbose=0).history["loss"]
    theirs = outside.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    for a, b in zip(inside.get_weights(), outside.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_predictions_do_not_depend_on_the_targets():
    x, y = data()
    model = model_with("mse")
    first, second = (model.predict([x, t], verbose=0) for t in (y, 1e6 - y))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, x @ model.get_weights()[0] + model.get_weights()[1], rtol=1e-5, atol=1e-6)


def test_weight_scales_the_loss():
    x, y = data()
    whole, third, none = (model_with("mae", weight=w).evaluate([x, y], verbose=0) for w in (1.0, 1 / 3, 0))
    assert third == pytest.approx(whole / 3, rel=1e-5)
    assert none == 0


def test_sample_weight_is_a_third_input():
    x, y = data()
    weight = np.arange(40, dtype="float32") % 3
    model = model_with("mse", weighted=True)
    errors = (model.predict([x, y, weight], verbose=0) - y)[:, 0] ** 2
    found = model.evaluate([x, y, weight], verbose=0, batch_size=40)
    assert found == pytest.approx(float(np.mean(weight * errors)), rel=1e-5)


def test_masked_steps_do_not_count():
    tokens = np.array([[1, 2, 0], [3, 0, 0]])
    targets = np.array([[[1.0], [2.0], [1e6]], [[3.0], [1e6], [1e6]]], dtype="float32")
    x, y = keras.Input((3,), dtype="int32"), keras.Input((3, 1))
    hidden = layers.Embedding(4, 1, mask_zero=True, embeddings_initializer="zeros")(x)
    model = keras.Model([x, y], LossLayer("mse")([y, hidden]))
    model.compile(optimizer="sgd")
    assert model.evaluate([tokens, targets], verbose=0) == pytest.approx((1 + 4 + 9) / 3)


def test_outputs_keep_their_mask_and_dtype():
    layer = LossLayer("mse", dtype="mixed_float16")
    outputs = ops.convert_to_tensor(np.float32([[1.0001]]))
    assert "float32" in str(layer([outputs, outputs]).dtype)
    assert layer.compute_mask(None, ["targets", "outputs"]) == "outputs"


@pytest.mark.parametrize(
    "loss",
    [ls.Huber(delta=3.0), "smooth_l1", ls.huber, keras.losses.LogCosh()],
    ids=["object", "name", "function", "keras"],
)
def test_saved_with_its_loss_and_parameters(loss, tmp_path):
    x, y = data()
    model = model_with(loss, weight=0.5)
    model.fit([x, y], epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("inside").weight == 0.5
    assert loaded.evaluate([x, y * 9], verbose=0) == pytest.approx(model.evaluate([x, y * 9], verbose=0), rel=1e-6)


def test_own_function_becomes_a_loss():
    def fourth_power(y_true, y_pred):
        return ops.mean((y_pred - y_true) ** 4, axis=-1)

    x, y = data()
    model = model_with(fourth_power)
    errors = model.predict([x, y], verbose=0) - y
    assert model.evaluate([x, y], verbose=0) == pytest.approx(float(np.mean(errors**4)), rel=1e-4)


def test_without_targets_shares_the_weights():
    x, y = data()
    model = model_with("mse")
    alone = without_targets(model)
    model.fit([x, y], epochs=2, verbose=0)
    assert [i.name for i in alone.inputs] == ["x"]
    np.testing.assert_allclose(alone.predict(x, verbose=0), model.predict([x, y], verbose=0), rtol=1e-6)


def test_without_targets_in_the_middle_of_a_model_and_with_prepared_targets():
    x, y, z = keras.Input((2,), name="x"), keras.Input((1,), name="y"), keras.Input((2,), name="z")
    hidden = LossLayer("mae")([layers.Rescaling(0.1)(y), layers.Dense(1)(layers.Concatenate()([x, z]))])
    outputs = LossLayer("mse")([y, layers.Dense(1)(hidden)])
    model = keras.Model({"x": x, "y": y, "z": z}, outputs)
    alone = without_targets(model)
    assert set(alone.input) == {"x", "z"}
    a, b = data(8)
    with_targets = model.predict({"x": a, "y": b, "z": 2 * a}, verbose=0)
    np.testing.assert_allclose(alone.predict({"x": a, "z": 2 * a}, verbose=0), with_targets, rtol=1e-6)


def test_without_targets_refuses_a_model_it_cannot_rewire():
    class Own(keras.Model):
        pass

    with pytest.raises(LossaryError, match="Own"):
        without_targets(Own())


def test_a_sequential_model_has_no_targets_to_lose():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    assert without_targets(model) is model


def test_refusals_name_what_arrived():
    with pytest.raises(LossaryError, match="reduction='none'"):
        LossLayer(ls.Huber(reduction="none"))
    with pytest.raises(LossaryError, match="weight=nan"):
        LossLayer("mse", weight=float("nan"))
    with pytest.raises(LossaryError, match="weight='much'"):
        LossLayer("mse", weight="much")
    with pytest.raises(LossaryError, match="None"):
        LossLayer(None)
    with pytest.raises(UnknownLossError, match="huber"):
        LossLayer("hubber")
    with pytest.raises(LossaryError, match="1 tensors"):
        LossLayer("mse")([keras.Input((1,))])
    with pytest.raises(LossaryError, match="one KerasTensor"):
        LossLayer("mse")(keras.Input((1,)))
