"""Published examples of broken training, rebuilt small: Keras trains them without a word, check names the mistake.

Each is a function that gives (model, x, y, sample_weight); the decorator holds where it was published, the rule that
must find it, and the backends on which Keras itself is not silent.
"""

import warnings

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls

N = 8
rng = np.random.default_rng(11)
X = rng.normal(size=(N, 3)).astype("float32")
REAL = X @ np.float32([[1.0], [-2.0], [0.5]])
KIND = np.arange(N) % 3
YES = np.float32(KIND == 1)[:, None]
PUBLISHED = []


def published(url, rule, raises=()):
    def enter(f):
        PUBLISHED.append(pytest.param(url, rule, raises, f, id=f"{rule}-{f.__name__}"))
        return f

    return enter


def model(units, activation, loss):
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, activation=activation)])
    made.compile("sgd", loss=loss)
    return made


@published("https://github.com/pytorch/pytorch/issues/16045", "L001")
def a_vector_against_a_column():
    class Squared(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred), axis=-1)

    return model(1, None, Squared()), X, REAL[:, 0], None


@published("https://github.com/mmalekzadeh/dana/issues/1", "L002", raises=("tensorflow",))
def softmax_and_from_logits():
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    return model(3, "softmax", loss), X, np.eye(3)[KIND], None


@published("https://github.com/keras-team/keras/issues/6143", "L002")
def no_activation_and_probabilities():
    return model(3, None, "categorical_crossentropy"), X, np.eye(3)[KIND], None


@published("https://github.com/ilivans/tf-rnn-attention/issues/10", "L003", raises=("torch",))
def forty_six_topics_for_a_binary_loss():
    return model(1, "sigmoid", "binary_crossentropy"), X, np.linspace(0, 45, N).round()[:, None], None


@published("https://github.com/tensorflow/tensorflow/issues/8484", "L003", raises=("tensorflow", "torch"))
def a_label_that_names_no_class():
    return model(3, "softmax", "sparse_categorical_crossentropy"), X, KIND + 1, None


@published("https://github.com/keras-team/keras/issues/2908", "L003")
def a_percentage_of_zero():
    return model(1, None, "mean_absolute_percentage_error"), X, YES, None


@published("https://github.com/tensorflow/tensorflow/issues/42446", "L004")
def one_number_per_batch_with_weights():
    def squared(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred))

    return model(1, None, squared), X, REAL, np.float32([0, 2] * (N // 2))


@published("https://github.com/keras-team/keras/issues/6825", "L005")
def a_missing_target_of_weight_zero():
    weight = np.float32([0] + [N / (N - 1)] * (N - 1))
    return model(1, None, "mse"), X, np.where(weight[:, None] == 0, np.nan, REAL), weight


@published("https://github.com/tensorflow/tensorflow/issues/37896", "L007")
def a_similarity_without_its_minus():
    def cosine(y_true, y_pred):
        return -keras.losses.cosine_similarity(y_true, y_pred)

    return model(3, None, cosine), X, X[:, ::-1].copy(), None


@published("https://github.com/keras-team/keras/issues/19637", "L008")
def an_overlap_over_the_batch():
    return model(3, "sigmoid", keras.losses.Dice()), X, np.float32(X > 0.3), None


@published("https://github.com/tensorflow/tensorflow/issues/25938", "L009")
def a_parameter_that_is_not_saved():
    class Power(keras.losses.Loss):
        def __init__(self, power=2.0, **kwargs):
            super().__init__(**kwargs)
            self.power = power

        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_true - y_pred) ** self.power, axis=-1)

    return model(1, None, Power(3.0)), X, REAL, None


@published("https://github.com/keras-team/keras/issues/12503", "L010")
def a_trainable_number_inside_a_loss():
    class Scaled(keras.losses.Loss):
        def __init__(self):
            super().__init__()
            self.scale = keras.Variable(1.0)

        def call(self, y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred), axis=-1) / self.scale + ops.log(self.scale)

        def get_config(self):
            return {}

    return model(1, None, Scaled()), X, REAL, None


@pytest.mark.parametrize(("url", "rule", "raises", "make"), PUBLISHED)
def test_a_published_mistake_is_found(url, rule, raises, make):
    assert url.startswith("https://github.com/")
    found = ls.check(*make())
    assert {finding.id for finding in found.errors or found.warnings} == {rule}, str(found)


@pytest.mark.parametrize(("url", "rule", "raises", "make"), PUBLISHED)
def test_keras_itself_is_silent(url, rule, raises, make):
    made, x, y, weight = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        if keras.backend.backend() in raises:
            with pytest.raises(Exception, match=r"label|Label|bounds|target|Softmax"):
                made.fit(x, y, sample_weight=weight, verbose=0)
        else:
            made.fit(x, y, sample_weight=weight, verbose=0)


def test_arguments_passed_the_other_way_round():
    """https://github.com/xiph/rnnoise/issues/117: predictions reach binary_crossentropy as targets."""
    predicted = np.linspace(0.1, 0.9, N)[:, None]
    found = ls.check(keras.losses.binary_crossentropy, y_true=predicted, y_pred=YES)
    assert "L007" in {finding.id for finding in found}
    assert not ls.check(keras.losses.binary_crossentropy, y_true=YES, y_pred=predicted)


def test_a_focal_loss_that_sums():
    """https://github.com/tensorflow/addons/issues/2431: with gamma 0 it is not the cross-entropy."""

    def focal(y_true, y_pred, gamma=2.0):
        p = ops.clip(y_true * y_pred + (1 - y_true) * (1 - y_pred), 1e-7, 1.0)
        return ops.sum(-((1 - p) ** gamma) * ops.log(p), axis=-1)

    found = ls.check(focal, np.eye(3)[KIND], 0.1 + 0.8 * rng.dirichlet(np.ones(3), size=N))
    assert [finding.id for finding in found] == ["L013"]
