"""Loss and regularization are logged apart, whatever the loss, in fit and in ls.train; nothing else changes."""

import io
import zipfile

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossary as ls

BATCH = 8
L2 = keras.regularizers.L2(0.3)


def still():
    """An optimizer that leaves the weights where they are, so that means over an epoch are known."""
    return keras.optimizers.SGD(0.0)


def built(**penalties):
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((3,)), layers.Dense(2, name="line", **penalties)])


class Adds(layers.Layer):
    def call(self, x):
        self.add_loss(0.5 * ops.mean(ops.square(x)))
        return x


class Own(keras.Model):
    def __init__(self, **penalties):
        super().__init__()
        self.line = layers.Dense(2, name="line", **penalties)

    def call(self, x):
        return self.line(x)


def kernel(model):
    return model.get_layer("line").get_weights()[0] if not isinstance(model, Own) else model.line.get_weights()[0]


def weights_term(model, x):
    return 0.3 * np.sum(kernel(model) ** 2)


def activity_term(model, x):
    """Keras takes the mean of an activity regularizer over the rows of each batch."""
    return np.sum(0.3 * (x @ kernel(model)) ** 2) / len(x)


MODELS = {
    "built": (lambda: built(kernel_regularizer=L2), weights_term),
    "not built": (lambda: keras.Sequential([layers.Dense(2, name="line", kernel_regularizer=L2)]), weights_term),
    "a class of one's own": (lambda: Own(kernel_regularizer=L2), weights_term),
    "activity": (lambda: built(activity_regularizer=L2), activity_term),
    "a layer of one's own": (
        lambda: keras.Sequential([keras.Input((3,)), Adds(), layers.Dense(2, name="line")]),
        lambda model, x: 0.5 * np.mean(x**2),
    ),
}
LOSSES = {
    "class": lambda: ls.Huber(delta=0.5),
    "function": lambda: ls.mean_absolute_error,
    "by name": lambda: ls.get("log_cosh"),
    "sum": lambda: ls.Huber() + ls.MeanAbsoluteError(),
}


@pytest.fixture
def data(rng):
    return rng.normal(size=(24, 3)).astype("float32"), rng.normal(size=(24, 2)).astype("float32")


@pytest.mark.parametrize("how", ["fit", "train"])
@pytest.mark.parametrize(
    ("kind", "loss"), [*((kind, "class") for kind in MODELS), *(("built", loss) for loss in LOSSES if loss != "class")]
)
def test_loss_and_regularization_are_logged_apart(kind, loss, how, data):
    (x, y), (make, term) = data, MODELS[kind]
    model = make()
    model.compile(still(), LOSSES[loss](), metrics=["mae"])
    more = {"batch_size": BATCH, "epochs": 2, "verbose": 0, "validation_data": (x[:BATCH], y[:BATCH])}
    logs = model.fit(x, y, **more).history if how == "fit" else ls.train(model, x, y, **more).history
    judge = LOSSES[loss]()
    value = np.mean(keras.ops.convert_to_numpy(judge(y, model.predict(x, verbose=0))))
    np.testing.assert_allclose(logs["regularization"], term(model, x), rtol=1e-4)
    np.testing.assert_allclose(logs["loss"], value + term(model, x), rtol=1e-4)
    np.testing.assert_allclose(logs["val_regularization"], term(model, x[:BATCH]), rtol=1e-4)


def test_batches_of_unequal_size_weigh_as_in_the_whole(data):
    x, y = data[0][:21], data[1][:21]
    model = built(activity_regularizer=L2)
    model.compile(still(), ls.Huber())
    logs = model.fit(x, y, batch_size=BATCH, verbose=0).history
    assert logs["regularization"][0] == pytest.approx(activity_term(model, x), rel=1e-4)


def test_training_shows_both_columns(data):
    model = built(kernel_regularizer=L2)
    model.compile(keras.optimizers.SGD(0.05), ls.Huber())
    history = ls.train(model, *data, epochs=3, verbose=0)
    assert [*history] == ["target", "loss", "regularization", "seconds"]
    np.testing.assert_allclose(np.add(history["loss"], history["regularization"]), history["target"], rtol=1e-5)
    assert history["regularization"][-1] == pytest.approx(weights_term(model, None), rel=0.5)
    again = ls.train(model, *data, epochs=1, verbose=0)
    assert again["target"][0] < history["target"][0]


@pytest.mark.parametrize("loss", ["mse", ["mse", "mae"]], ids=str)
def test_training_does_it_for_losses_of_keras(loss, data):
    x, y = data
    inputs = keras.Input((3,))
    outputs = [layers.Dense(2, kernel_regularizer=L2, name=f"line{k}")(inputs) for k in range(np.size(loss))]
    model = keras.Model(inputs, outputs[0] if len(outputs) == 1 else outputs)
    model.compile(still(), loss)
    history = ls.train(model, x, y if len(outputs) == 1 else [y, y], verbose=0, batch_size=BATCH)
    expected = sum(0.3 * np.sum(w**2) for w in model.get_weights() if w.ndim == 2)
    assert history["regularization"][0] == pytest.approx(expected, rel=1e-5)
    assert history["loss"][0] == pytest.approx(history["target"][0] - expected, rel=1e-4)


def test_losses_inside_the_model_are_no_regularization(data):
    x, y = data
    inputs, targets = keras.Input((3,)), keras.Input((2,))
    outputs = layers.Dense(2, name="line", kernel_regularizer=L2)(inputs)
    for loss in (None, ls.MeanAbsoluteError(), ls.MeanAbsoluteError() + ls.Huber()):
        model = keras.Model([inputs, targets], ls.LossLayer("mse", 2.0)([targets, outputs]))
        model.compile(still(), loss)
        logs = model.fit([x, y], None if loss is None else y, batch_size=BATCH, verbose=0).history
        assert logs["regularization"][0] == pytest.approx(weights_term(model, x), rel=1e-5)


def test_without_a_regularizer_nothing_is_logged(data):
    for model in (built(), keras.Sequential([layers.Dense(2)])):
        model.compile(still(), ls.Huber())
        assert set(model.fit(*data, verbose=0).history) == {"loss"}
        assert [*ls.train(model, *data, verbose=0)] == ["target", "seconds"]


def test_lists_without_names_stay_as_they_were(data):
    x, y = data
    model, theirs = built(kernel_regularizer=L2), built(kernel_regularizer=L2)
    model.compile(still(), ls.Huber())
    theirs.compile(still(), "huber")
    for ask in (
        lambda m: m.evaluate(x, y, verbose=0),
        lambda m: m.test_on_batch(x, y),
        lambda m: m.train_on_batch(x, y),
    ):
        assert np.ndim(ask(model)) == 0
        assert float(ask(model)) == pytest.approx(float(ask(theirs)), rel=1e-5)
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert found["regularization"] == pytest.approx(weights_term(model, x), rel=1e-5)


def test_files_stay_as_they_were_and_go_on(data, tmp_path):
    x, y = data
    names = []
    for loss in (ls.Huber(), "huber"):
        model = built(kernel_regularizer=L2)
        model.compile(still(), loss)
        model.fit(x, y, verbose=0)
        model.save(tmp_path / "model.keras")
        import h5py

        with zipfile.ZipFile(tmp_path / "model.keras") as archive:
            found = []
            h5py.File(io.BytesIO(archive.read("model.weights.h5"))).visit(found.append)
        names.append(found)
        if loss != "huber":
            loaded = keras.models.load_model(tmp_path / "model.keras")
            logs = loaded.fit(x, y, verbose=0).history
            assert logs["regularization"][0] == pytest.approx(weights_term(model, x), rel=1e-5)
    assert names[0] == names[1]


def test_compiling_again_leaves_nothing_behind(data):
    model = built(kernel_regularizer=L2)
    model.compile(still(), ls.Huber())
    model.fit(*data, verbose=0)
    model.compile(still(), "mse")
    assert set(model.fit(*data, verbose=0).history) == {"loss"}
    assert not {"compute_loss", "_flatten_metrics_in_order", "_lossary_apart"} & set(vars(model))
