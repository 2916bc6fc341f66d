"""`diagnose`: a planted NaN is found where it was planted; a good model gives no alarm, and no model is touched."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossary as ls
from lossary.numerics.backend import gradient, gradients

ROWS, NAN, INF = 6, float("nan"), float("inf")
ONES = np.ones(ROWS, dtype="float32")


def data(rng):
    return rng.normal(size=(ROWS, 3)).astype("float32"), (rng.random((ROWS, 1)) > 0.5).astype("float32")


def planted(values, row, what):
    values = values.copy()
    values[row] = what
    return values


class Reciprocal(layers.Layer):
    """Infinite where its input is 0."""

    def call(self, x):
        return 1 / x


class LogWherePositive(layers.Layer):
    """Finite everywhere, its derivative not: the branch that is not taken is 0 times infinity."""

    def call(self, x):
        return ops.where(x > 0, ops.log(x), 0.0)


class Adds(layers.Layer):
    """Adds a loss of a given value."""

    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def call(self, x):
        self.add_loss(self.value * ops.sum(ops.abs(x)))
        return x


class Infinite(keras.regularizers.Regularizer):
    def __call__(self, x):
        return ops.sum(ops.abs(x)) * INF


class OwnCode(keras.Model):
    """A subclassed model whose last step, outside of every layer, is `after`."""

    def __init__(self, after, first=None):
        super().__init__()
        self.first, self.last = first or layers.Dense(4, name="first"), layers.Dense(1, name="last")
        self.after = after

    def call(self, x):
        return self.after(self.last(self.first(x)))


def stack(*between, loss="mse", kind=keras.Sequential, **first):
    model = keras.Sequential([
        keras.Input((3,)), layers.Dense(4, name="first", **first), *between, layers.Dense(1, name="last"),
    ])  # fmt: skip
    if kind is keras.Model:
        model = keras.Model(model.inputs, model.outputs)
    model.compile("adam", loss=loss)
    return model


def own_code(after, x, loss="mse"):
    model = OwnCode(after)
    model(x)
    model.compile("adam", loss=loss)
    return model


def through(loss):
    """A model that predicts its only input: rows can be planted in the predictions."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, name="line", use_bias=False)])
    model.set_weights([np.ones((1, 1))])
    model.compile("adam", loss=loss)
    return model


def root(y_true, y_pred):
    return ops.mean(y_true * ops.sqrt(y_pred), axis=-1)


def nll(y_true, y_pred):
    return -ops.mean(ops.log(y_pred), axis=-1)


def root_distance(y_true, y_pred):
    return ops.mean(ops.sqrt(ops.abs(y_pred - y_true)), axis=-1)


# -- a fault is found where it was planted --------------------------------------------------------------------------


@pytest.mark.parametrize("what", [NAN, INF], ids=["nan", "inf"])
@pytest.mark.parametrize("loss", ["mse", ls.MeanSquaredError(), ls.huber], ids=["keras", "lossary", "function"])
def test_in_the_data(loss, what, rng):
    x, y = data(rng)
    model = stack(loss=loss)
    for found, place, row, term in (
        (ls.diagnose(model, planted(x, (2, 1), what), y), "inputs x", 2, "input"),
        (ls.diagnose(model, x, planted(y, 3, what)), "targets y", 3, "target"),
        (ls.diagnose(model, x, y, planted(ONES, 1, what)), "sample weights", 1, "weight"),
    ):
        assert (found.finite, found.place, found.row, found.term) == (False, place, row, term)
        np.testing.assert_equal(found.value, what)


@pytest.mark.parametrize("kind", [keras.Sequential, keras.Model])
def test_in_the_weights(kind, rng):
    model = stack(kind=kind)
    model.get_layer("last").kernel.assign(planted(np.ones((4, 1)), 2, NAN))
    found = ls.diagnose(model, *data(rng))
    assert (found.place, found.row, found.index, found.term) == ("weight 'last/kernel'", None, (2, 0), "weight")
    assert "learning rate" in found.advice


@pytest.mark.parametrize("kind", [keras.Sequential, keras.Model])
def test_in_a_layer(kind, rng):
    x, y = data(rng)
    model = stack(Reciprocal(name="flip"), layers.Dense(4, name="next"), kind=kind, use_bias=False)
    found = ls.diagnose(model, planted(x, 4, 0.0), y)
    assert (found.place, found.row, found.term, found.value) == ("layer 'flip' output", 4, "layer", INF)
    assert "its inputs" in found.around


def test_in_a_layer_of_a_subclassed_model(rng):
    x, y = data(rng)
    model = OwnCode(lambda h: h, keras.Sequential([layers.Dense(4, use_bias=False), Reciprocal(name="flip")]))
    model(x)
    model.compile("sgd", loss="mse")
    assert ls.diagnose(model, planted(x, 4, 0.0), y).place == "layer 'flip' output"


def test_in_an_operation(rng):
    x, y = data(rng)
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(1)(ops.log(inputs)))
    model.compile("sgd", loss="mse")
    found = ls.diagnose(model, planted(np.abs(x), (5, 2), 0.0), y)
    assert (found.place[:13], found.row, found.value) == ("operation 'lo", 5, -INF)
    assert "logarithm" in found.advice


def test_in_the_models_own_code(rng):
    x, y = data(rng)
    model = own_code(lambda h: h / 0.0, x)
    found = ls.diagnose(model, x, y)
    assert (found.place, found.row, found.term) == ("predictions", 0, "prediction")


@pytest.mark.parametrize("what", [0.0, -1.0], ids=["log 0", "log -1"])
def test_in_the_loss_of_a_row(what):
    x = planted(np.ones((ROWS, 1), dtype="float32"), 4, what)
    found = ls.diagnose(through(nll), x, np.ones((ROWS, 1)))
    assert (found.place, found.row) == ("loss value", 4)
    assert found.around["prediction"] == f"{what:g}"
    assert found.around["rows"] == "1 of 6 are not finite"


def test_in_the_sum_of_the_rows():
    def large(y_true, y_pred):
        return 3e38 * ops.mean(y_pred, axis=-1)

    found = ls.diagnose(through(large), np.ones((ROWS, 1)), np.ones((ROWS, 1)))
    assert (found.place, found.row, found.value) == ("loss value", None, INF)


def test_in_a_term(rng):
    found = ls.diagnose(stack(kernel_regularizer=Infinite()), *data(rng))
    assert (found.place, found.term) == ("regularization of weight 'first/kernel'", "regularization")
    found = ls.diagnose(stack(Adds(INF, name="more")), *data(rng))
    assert (found.place, found.term) == ("loss 0 added by layer 'more'", "regularization")


def test_in_the_gradient_by_the_predictions():
    x, y = np.arange(ROWS, dtype="float32")[:, None], np.full((ROWS, 1), 9.0)
    found = ls.diagnose(through(root_distance), x, planted(y, 5, 5.0))
    assert (found.place, found.row) == ("gradient with respect to the predictions", 5)
    assert (found.term, found.around["value"]) == ("gradient", "0")
    assert "derivative" in found.advice


def test_in_the_gradient_by_a_weight(rng):
    x, y = data(rng)
    found = ls.diagnose(stack(LogWherePositive(), bias_initializer="zeros"), planted(x, 2, 0.0), y)
    assert (found.place, found.row, found.term) == ("gradient of weight 'first/bias'", None, "gradient")
    assert "where" in found.advice


def two_outputs(losses, **more):
    inputs = keras.Input((1,))
    outputs = {name: layers.Dense(1, name=name, kernel_initializer="ones")(inputs) for name in ("a", "b")}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss=losses, **more)
    return model


def test_in_one_output_of_several():
    x = planted(np.ones((ROWS, 1), dtype="float32"), 3, 0.0)
    y = {"a": np.ones((ROWS, 1)), "b": np.ones((ROWS, 1))}
    model = two_outputs({"a": "mse", "b": nll}, loss_weights={"a": 0.3, "b": 2.0})
    found = ls.diagnose(model, x, y)
    assert (found.place, found.output, found.row) == ("loss value of output 'b'", "b", 3)
    assert ls.diagnose(model, x, {**y, "a": planted(y["a"], 1, NAN)}).place == "targets y['a']"
    found = ls.diagnose(two_outputs({"a": root_distance, "b": "mse"}), x, {**y, "a": x})
    assert (found.place, found.output) == ("gradient with respect to the predictions of output 'a'", "a")


def test_gradients_are_those_of_training(rng):
    """Scaled as in compile, and by the predictions, not by the logits that Keras notes on them on TensorFlow."""
    x, y = data(rng)
    model = stack(loss=keras.losses.BinaryCrossentropy())
    model.layers[-1].activation = keras.activations.sigmoid
    once = ls.diagnose(model, x, y).largest
    p = ops.convert_to_numpy(model(x))
    assert once["slope"] == pytest.approx(np.abs((p - y) / (p * (1 - p))).max() / ROWS, rel=1e-4)
    model.compile("sgd", loss=keras.losses.BinaryCrossentropy(), loss_weights=3.0)
    scaled = ls.diagnose(model, x, y).largest
    assert scaled["slope"] == pytest.approx(3 * once["slope"], rel=1e-5)
    assert scaled["gradient"] == pytest.approx(3 * once["gradient"], rel=1e-5)


# -- a loss alone -------------------------------------------------------------------------------------------------

P, T = np.full((ROWS, 1), 0.5), np.ones((ROWS, 1))


@pytest.mark.parametrize(
    ("loss", "y_true", "y_pred", "weight", "want"),
    [
        ("mse", planted(T, 2, NAN), P, None, ("y_true", 2, "target")),
        ("mse", T, planted(P, 1, INF), None, ("y_pred", 1, "prediction")),
        ("mse", T, P, planted(ONES, 5, NAN), ("sample_weight", 5, "weight")),
        (nll, T, planted(P, 3, 0.0), None, ("loss value", 3, "value")),
        (nll, T, planted(P, 3, 0.0), planted(ONES, 3, 0.0), ("loss value", 3, "value")),
        (keras.losses.Poisson(), T, planted(P, 3, -0.5), None, ("loss value", 3, "prediction")),
        (root_distance, T, planted(P, 4, 1.0), None, ("gradient with respect to y_pred", 4, "gradient")),
        ("scce", planted(np.zeros(ROWS, "int32"), 2, 7), np.full((ROWS, 3), 1 / 3), None, ("loss value", 2, "target")),
        (keras.losses.MeanSquaredError(), T, planted(P, 2, 1e30), None, ("loss value", 2, "value")),
    ],
)
def test_in_a_loss_alone(loss, y_true, y_pred, weight, want):
    found = ls.diagnose(loss, y_true, y_pred, weight)
    assert (found.place, found.row, found.term) == want
    assert str(found).startswith(f"First tensor that is not finite: {found.place}, row {found.row} ")


@pytest.mark.parametrize(
    ("loss", "prediction", "weight", "said"),
    [
        (nll, 0.0, 1.0, "exactly 0"),
        (nll, -0.5, 1.0, "negative number"),
        (root, -0.5, 1.0, "no value at these numbers"),
        (nll, 0.0, 0.0, "0 · inf"),
        (keras.losses.MeanSquaredError(), 1e30, 1.0, "Squares"),
        (keras.losses.MeanSquaredError(), 1e30, 0.0, "ls.MeanSquaredError"),
        (keras.losses.Poisson(), -0.5, 1.0, "negative number"),
        (keras.losses.MeanSquaredError(), INF, 1.0, "ls.diagnose(model"),
    ],
)
def test_the_advice_fits_the_numbers(loss, prediction, weight, said):
    assert said in ls.diagnose(loss, T, planted(P, 3, prediction), planted(ONES, 3, weight)).advice


def test_an_error_after_a_nan_is_blamed_on_the_nan():
    def strict(y_true, y_pred):
        if np.isnan(ops.convert_to_numpy(y_true)).any():
            raise RuntimeError("no targets")
        return ops.mean(y_pred - y_true, axis=-1)

    found = ls.diagnose(strict, planted(T, 2, NAN), P)
    assert (found.place, found.row) == ("y_true", 2) and "no targets" in str(found)

    def broken(y_true, y_pred):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        ls.diagnose(broken, T, P)


# -- a good model gives no alarm, and nothing is touched -----------------------------------------------------------


class ComputesItsLoss(OwnCode):
    factor = 1.0

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.factor * ops.mean(ops.square(y_pred - y))


def computes(x):
    model = ComputesItsLoss(lambda h: h)
    model(x)
    model.compile("sgd")
    return model


def with_inner_loss(x):
    inputs, targets = keras.Input((3,)), keras.Input((1,))
    model = keras.Model([inputs, targets], ls.LossLayer("mse")([targets, layers.Dense(1)(inputs)]))
    model.compile("sgd")
    return model


GOOD = {
    "dropout and norm": lambda x: stack(layers.Dropout(0.5), layers.BatchNormalization(), kernel_regularizer="l2"),
    "functional": lambda x: stack(layers.Activation("sigmoid"), loss=ls.Huber(), kind=keras.Model),
    "subclassed": lambda x: own_code(lambda h: h * 2, x, ls.huber),
    "nested": lambda x: stack(keras.Sequential([layers.Dense(4), layers.LeakyReLU()])),
    "activity": lambda x: stack(activity_regularizer="l1"),
    "own loss": computes,
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_model_is_left_alone_and_untouched(name, rng):
    x, y = data(rng)
    model = GOOD[name](x)
    model.fit(x, y, verbose=0)  # so that the optimizer has a state
    before = [np.array(v) for v in (*model.variables, *model.optimizer.variables)]
    found = ls.diagnose(model, x, y, ONES)
    assert found.finite and not found.notes, str(found)
    assert str(found).startswith("One training step is finite.")
    for old, new in zip(before, (*model.variables, *model.optimizer.variables), strict=True):
        np.testing.assert_array_equal(old, np.array(new))
    assert not [layer for layer in model._flatten_layers() if "call" in vars(layer)]
    assert not [loss for layer in model._flatten_layers() for loss in layer._losses]


def test_training_goes_on_as_if_nothing_had_been_looked_at(rng):
    x, y = data(rng)
    ends = []
    for look in (False, True):
        keras.utils.set_random_seed(3)
        model = stack(layers.Dropout(0.5), layers.GaussianNoise(0.1))
        if look:
            ls.diagnose(model, x, y)
        model.fit(x, y, batch_size=3, shuffle=False, verbose=0)
        ends.append(model.get_weights())
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_is_restored_after_an_error(rng):
    x, y = data(rng)

    class Breaks(layers.Layer):
        broken = False

        def call(self, x):
            if self.broken:
                raise RuntimeError("broken")
            return x

    model = stack(Breaks(name="breaks"))
    model.get_layer("breaks").broken = True
    with pytest.raises(RuntimeError, match="broken"):
        ls.diagnose(model, x, y)
    assert not [layer for layer in model._flatten_layers() if "call" in vars(layer)]


def test_losses_inside_the_model(rng):
    x, y = data(rng)
    model = with_inner_loss(x)
    assert ls.diagnose(model, [x, y]).finite
    found = ls.diagnose(model, [x, planted(y, 2, NAN)])
    assert (found.place, found.row) == ("inputs x[1]", 2)


def test_a_loss_computed_by_the_model(rng):
    x, y = data(rng)
    model = computes(x)
    model.factor = INF
    assert ls.diagnose(model, x, y).place == "value of compute_loss"


def test_recurrent_layers_with_masks(rng):
    tokens = np.array([[1, 2, 0], [2, 0, 0], [1, 1, 1], [2, 1, 0], [1, 0, 0], [2, 2, 2]])
    model = keras.Sequential([
        keras.Input((3,), dtype="int32"), layers.Embedding(3, 2, mask_zero=True), layers.SimpleRNN(2), layers.Dense(1),
    ])  # fmt: skip
    model.compile("sgd", loss=ls.MeanSquaredError())
    found = ls.diagnose(model, tokens, ONES[:, None])
    assert found.finite and found.looked_at["gradient"] == 6


def test_a_missing_target_of_weight_zero_does_no_harm_under_lossary(rng):
    x, y = data(rng)
    y, weight = planted(y, 3, NAN), planted(ONES, 3, 0.0)
    found = ls.diagnose(stack(loss=ls.MeanSquaredError()), x, y, weight)
    assert found.finite and "targets y is not finite in rows of weight 0" in found.notes[0]
    assert ls.diagnose("mse", y, np.zeros((ROWS, 1)), weight).finite
    found = ls.diagnose(stack(loss=keras.losses.MeanSquaredError()), x, y, weight)
    assert (found.place, found.row) == ("targets y", 3) and "0 · nan" in found.advice


def test_infinite_masks_on_the_way_do_no_harm(rng):
    x, y = data(rng)

    class Masked(layers.Layer):
        def call(self, x):
            return ops.where(ops.arange(4) < 2, x, -INF)

    found = ls.diagnose(stack(Masked(name="masked"), layers.Softmax()), x, y)
    assert found.finite and "layer 'masked' output" in found.notes[0]


def test_half_precision_overflows():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, dtype="mixed_float16", name="half", use_bias=False)])
    model.set_weights([np.full((1, 1), 1e4)])
    model.compile("sgd", loss="mse")
    found = ls.diagnose(model, np.full((ROWS, 1), 30.0), T)
    assert (found.place, found.value) == ("layer 'half' output", INF) and "float16 ends at 65504" in found.advice
    assert ls.diagnose(model, np.full((ROWS, 1), 1.0), T).finite


@pytest.mark.parametrize("loss", ["mse", "bce", keras.losses.BinaryCrossentropy(), nll])
def test_a_good_loss_gives_no_alarm(loss):
    found = ls.diagnose(loss, T, P, ONES)
    assert found.finite and str(found).startswith("Loss and gradient are finite.")
    assert found.looked_at == {"target": 1, "prediction": 1, "sample weight": 1, "value": 2, "slope": 1}


# -- what cannot be looked at is refused ----------------------------------------------------------------------------


def test_models_that_cannot_take_a_step_are_refused(rng):
    x, y = data(rng)
    model = stack()
    with pytest.raises(ls.LossaryError, match="no targets"):
        ls.diagnose(model, x)
    with pytest.raises(ls.LossaryError, match="not compiled"):
        ls.diagnose(keras.Sequential([keras.Input((3,)), layers.Dense(1)]), x, y)
    unbuilt = OwnCode(lambda h: h)
    unbuilt.compile("sgd", loss="mse")
    with pytest.raises(ls.LossaryError, match="not built"):
        ls.diagnose(unbuilt, x, y)
    lossless = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    lossless.compile("sgd")
    with pytest.raises(ls.LossaryError, match="nothing to minimise"):
        ls.diagnose(lossless, x, y)
    with pytest.raises(ls.ShapeError):
        ls.diagnose(stack(loss=ls.MeanSquaredError()), x, y[:, [0, 0]])


def test_gradients_of_the_backend():
    x, unused = ops.convert_to_tensor([1.0, 2.0, 3.0]), ops.convert_to_tensor([5.0])
    np.testing.assert_allclose(ops.convert_to_numpy(gradient(ops.square, x)), [2, 4, 6])
    slopes = gradients(lambda tensors: ops.square(tensors[0]), [x, unused])
    np.testing.assert_allclose(ops.convert_to_numpy(slopes[0]), [2, 4, 6])
    np.testing.assert_allclose(ops.convert_to_numpy(slopes[1]), [0])
    np.testing.assert_allclose(ops.convert_to_numpy(gradient(lambda v: ops.ones(()), x)), [0, 0, 0])
