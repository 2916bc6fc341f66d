"""Mistakes that people make with right losses: each is found, and told what mends it."""

# ruff: noqa: E501
import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import BACKEND

R = np.random.default_rng(0)
N = 32
X = R.normal(size=(N, 3)).astype("float32")
FRAMES = R.normal(size=(2, 6, 4)).astype("float32")
YES = np.tile(np.float32([[0.0], [1.0]]), (N // 2, 1))
KINDS = np.arange(N) % 10
EVEN = np.full((N, 10), 0.1, "float32")
MASKS = R.choice([0, 1], (4, 4, 4, 1))
SHARES = R.uniform(0.05, 0.95, size=(4, 4, 4, 1)).astype("float32")
TIMES = 1_700_000_000 + 60 * np.arange(N)[:, None]


def dense(units, activation, loss, inputs=3):
    model = keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(units, activation=activation)])
    model.compile("sgd", loss=loss)
    return model


def frames(activation):
    model = keras.Sequential([keras.Input((6, 4)), keras.layers.Dense(4, activation=activation)])
    model.compile("adam", loss=ls.CTC())
    return model


def recurrent(loss):
    model = keras.Sequential([keras.Input((4, 1)), keras.layers.LSTM(1)])
    model.compile("sgd", loss=loss)
    return model


def triplet(y_true, y_pred):
    """Rows are anchor, positive, negative one beside the other."""
    a, p, n = ops.split(y_pred, 3, axis=-1)
    apart = ops.sum(ops.square(a - p), -1) - ops.sum(ops.square(a - n), -1)
    return ops.maximum(apart + 0.5, 0.0)


def weights(first, rest):
    return np.r_[np.full(N // 2, first), np.full(N // 2, rest)]


def huber_of_thousands(**more):
    return ls.Huber(**more), 1000 * X[:, :1], np.zeros((N, 1), "float32")


SITUATIONS = {  # which rule, words of the advice, the arguments
    "blank between symbols": ("L003", "add 1", lambda: (ls.CTC(), np.array([[0, 1, 2], [1, 0, 3]]), FRAMES)),
    "blank first": ("L003", "add 1", lambda: (ls.CTC(), np.array([[0, 1, 2], [1, 2, 3]]), FRAMES)),
    "blank is the last class": ("L003", "last becomes 0", lambda: (keras.losses.CTC(), [[0, 1, 2], [1, 0, 2]], FRAMES)),
    "symbols padded with -1": ("L003", "Pad with 0", lambda: (ls.CTC(), np.array([[1, 2, -1], [0, 1, 2]]), FRAMES)),
    "symbols beyond the classes": ("L003", "one class per", lambda: (ls.CTC(), np.array([[1, 4, 0], [1, 2, 3]]), FRAMES)),
    "CTC after a softmax": ("L002", "Remove the softmax", lambda: (frames("softmax"), FRAMES, [[1, 2, 0], [1, 2, 3]])),
    "logarithms of negatives": ("L003", "shift", lambda: ("msle", np.array([[-2.0], [1.0]] * 16), np.ones((N, 1)))),
    "logarithms of negatives, lossary": ("L003", "shift", lambda: (ls.msle, -np.ones((N, 1)), np.ones((N, 1)))),
    "counts below 0": ("L003", "missing values", lambda: ("poisson", np.array([[-1.0], [1.0]] * 16), np.ones((N, 1)))),
    "weights all 0": ("L016", "pass 1 for rows", lambda: ("mse", YES, YES + 1, np.zeros(N))),
    "weights negative": ("L016", ">= 0", lambda: ("mse", YES, YES + 1, weights(-1, 3))),
    "a weight of nan": ("L016", "empty class", lambda: ("mse", YES, YES + 1, np.r_[np.nan, np.ones(N - 1)])),
    "a weight of infinity": ("L016", "empty class", lambda: (ls.mse, YES, YES + 1, np.r_[np.ones(N - 1), np.inf])),
    "weights by column": ("L016", ">= 0", lambda: ("mae", X, X + 1, np.where(X > 0, 2.0, -0.1))),
    "tanh for 0 to 100": ("L017", "Remove the activation", lambda: (dense(1, "tanh", "mse"), X, 100 * YES)),
    "relu for negatives": ("L017", "Remove the activation", lambda: (dense(1, "relu", ls.Huber()), X, X[:, :1])),
    "sigmoid for 0 to 5": ("L017", "scale the targets", lambda: (dense(1, "sigmoid", "mae"), X, 5 * YES)),
    "softplus for a sum": ("L017", "Remove", lambda: (dense(1, "softplus", ls.Huber() + ls.MeanAbsoluteError()), X, X[:, :1])),
    "signs after a sigmoid": ("L017", "Remove the activation", lambda: (dense(1, "sigmoid", "hinge"), X, 2 * YES - 1)),
    "LSTM for 0 to 100": ("L017", "Remove", lambda: (recurrent("mse"), R.normal(size=(N, 4, 1)), 100 * YES)),
    "masks of 255": ("L003", "y / 255", lambda: (ls.Dice(), 255 * MASKS, SHARES)),
    "masks of 255, Tversky": ("L003", "y / 255", lambda: (ls.Tversky(), 255 * MASKS, SHARES)),
    "masks of 255, entropy": ("L003", "y / 255", lambda: ("bce", 255 * YES, 0.5 * YES + 0.2)),
    "masks of 255, focal": ("L003", "y / 255", lambda: (keras.losses.BinaryFocalCrossentropy(), 255 * YES, 0.5 * YES + 0.2)),
    "grey levels": ("L003", "divide by 255", lambda: ("bce", R.integers(0, 256, (N, 4)) | 255 * (X[:, :1] > 1), EVEN[:, :4])),
    "classes for an overlap": ("L003", "one-hot", lambda: (ls.Dice(), MASKS + 2 * MASKS[::-1], SHARES)),
    "one-hot for indices": ("L001", "categorical_crossentropy", lambda: ("scce", np.eye(10)[KINDS], EVEN)),
    "one-hot for focal indices": ("L001", "argmax", lambda: (ls.SparseCategoricalFocalCrossentropy(), np.eye(10)[KINDS], EVEN)),
    "indices for one-hot": ("L001", "sparse_categorical_crossentropy", lambda: ("cce", KINDS, EVEN)),
    "indices in a column": ("L001", "sparse_categorical", lambda: (ls.CategoricalFocalCrossentropy(), KINDS[:, None], EVEN)),
    "two outputs for one label": ("L001", "Dense(1)", lambda: ("bce", YES[:, 0], EVEN[:, :2] * 5)),
    "timestamps": ("L003", "first timestamp", lambda: ("mse", TIMES, TIMES.astype("float32"))),
    "timestamps in float32": ("L003", "first timestamp", lambda: (ls.mae, TIMES.astype("float32"), TIMES * 1.0)),
    "timestamps as inputs": ("L019", "Subtract", lambda: (dense(1, None, "mse", 1), TIMES * 1.0, X[:, :1])),
    "collapsed embeddings": ("L006", "differ between rows", lambda: (triplet, np.zeros((8, 1)), np.ones((8, 6), "float32"))),
    "Huber of thousands": ("L018", "spread", huber_of_thousands),
    "Keras's Huber": ("L018", "delta", lambda: (keras.losses.Huber(), *huber_of_thousands()[1:])),
    "smooth L1 of thousands": ("L018", "beta", lambda: (ls.SmoothL1(beta=0.5), *huber_of_thousands()[1:])),
    "pseudo-Huber of thousands": ("L018", "delta", lambda: (ls.PseudoHuber(), *huber_of_thousands()[1:])),
    "Cauchy of thousands": ("L018", "spread", lambda: (ls.Cauchy(), *huber_of_thousands()[1:])),
    "a sum with Huber": ("L018", "spread", lambda: (ls.Huber() + ls.MeanSquaredError(), *huber_of_thousands()[1:])),
    "a sum of sparse losses": ("L003", "Subtract 1", lambda: (
        ls.SparseCategoricalCrossentropy() + ls.SparseCategoricalFocalCrossentropy(), KINDS + 1, EVEN)),
    "inputs of nan": ("L019", "drop or fill", lambda: (dense(1, None, "mse"), np.where(X > 1, np.nan, X), X[:, :1])),
    "inputs of infinity": ("L019", "drop or fill", lambda: (dense(1, "relu", ls.mse), np.where(X > 1, np.inf, X), abs(X[:, :1]))),
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_mistake_is_named_with_its_remedy(name):
    id, words, make = SITUATIONS[name]
    found = [finding for finding in ls.check(*make()) if finding.id == id]
    assert found and words in " ".join(finding.do for finding in found), str(ls.check(*make()))


def test_a_nan_before_a_relu_is_an_input_that_is_not_finite():
    x = X.copy()
    x[5, 1] = np.nan
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
    model.compile("sgd", loss=ls.MeanSquaredError())
    found = ls.check(model, x, X[:, :1])
    assert [finding.id for finding in found.errors] == ["L019"] and "row 5" in found[0].message
    with pytest.raises(ls.LossaryError, match="inputs hold NaN"):
        model.fit(x, X[:, :1], verbose=0, shuffle=False, callbacks=[ls.Check()])
    assert ls.diagnose(model, x, X[:, :1]).term == "input"
    stopped = ls.train(model, x, X[:, :1], epochs=1, verbose=0).stopped
    assert "inputs are not finite in 1 of 32 rows" in stopped and "although" not in stopped


def test_a_model_that_reads_missing_values_may_have_them():
    given = keras.Input((3,))
    filled = keras.layers.Lambda(lambda x: ops.where(ops.isnan(x), 0.0, x))(given)
    model = keras.Model(given, keras.layers.Dense(1)(filled))
    model.compile("sgd", loss="mse")
    assert not ls.check(model, np.where(X > 1, np.nan, X), X[:, :1])


def test_clipped_probabilities_are_no_multiple_of_the_entropy():
    found = ls.check("binary_crossentropy", YES, np.tile(np.float32([[1.0], [0.7]]), (N // 2, 1)))
    assert "L013" not in {finding.id for finding in found}


REFUSED = {  # words of the error, the call
    "masked targets": ("masked array", lambda: ls.check("mse", np.ma.array(YES, mask=YES), YES)),
    "masked predictions": ("masked array", lambda: ls.check(ls.mse, YES, np.ma.array(YES, mask=YES))),
    "masked inputs": ("masked array", lambda: ls.check(dense(1, None, "mse"), np.ma.array(X, mask=X > 0), YES)),
    "masked weights": ("masked array", lambda: ls.check("mse", YES, YES, np.ma.array(YES[:, 0], mask=YES[:, 0]))),
    "text labels": ("y holds", lambda: ls.check(dense(3, None, "mse"), X[:4], np.array(["a", "b", "c", "a"]))),
    "text labels of a loss": ("y_true holds", lambda: ls.check("scce", ["a", "b"], EVEN[:2])),
    "no rows": ("no row", lambda: ls.check("mse", np.zeros((0, 1)), np.zeros((0, 1)))),
    "no rows for a model": ("0 rows", lambda: ls.check(dense(1, None, "mse"), X[:0], YES[:0])),
    "unequal rows": ("32 rows in x", lambda: ls.check(dense(1, None, "mse"), X, YES[:7])),
    "unequal lists": ("Row 0", lambda: ls.check("mse", [[1.0], [2.0, 3.0]], YES[:2])),
    "dates": ("dat", lambda: ls.check("mse", np.array(["2020-01-01"] * N, "datetime64[D]"), YES)),
    "targets of no output": ("price", lambda: ls.check(dense(1, None, "mse"), X, {"price": None})),
    "inputs of another width": ("x has the shape (32, 2). Expected (rows, 3).", lambda: ls.check(dense(1, None, "mse"), X[:, :2], YES)),
    "a model to explain": ("model.predict(x)", lambda: ls.explain(dense(1, None, "mse"), X, YES)),
    "one target for a table": ("before", lambda: ls.target_table(ls.target_split(dense(1, None, "mse"), X, YES))),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_looked_at_is_refused_in_four_parts(name):
    words, call = REFUSED[name]
    with pytest.raises(ls.LossaryError) as caught:
        call()
    error = caught.value
    assert all((error.asked, error.arrived, error.allowed, error.do)) and words in str(error)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="ragged tensors are TensorFlow's")
def test_ragged_targets_are_refused():
    import tensorflow as tf

    with pytest.raises(ls.LossaryError, match="to_tensor"):
        ls.check("mse", tf.ragged.constant([[1.0], [2.0, 3.0]]), YES[:2])
