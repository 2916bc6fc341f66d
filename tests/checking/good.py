"""Losses, data and models with nothing wrong: every rule must be quiet on every one of them.

Each entry is a function of nothing that gives the arguments of `ls.check`. Most data have 8 rows and few shapes, since
JAX compiles every operation for every shape.
"""

import keras
import numpy as np
from keras import ops

import lossary as ls

N = 8
rng = np.random.default_rng(5)
REAL = rng.normal(size=(N, 3)).astype("float32")
OTHER = (REAL + 0.3 * rng.normal(size=(N, 3))).astype("float32")
LABELS = (np.arange(N) % 3).astype("int32")
YES = np.tile(np.float32([0, 1]), N // 2)[:, None]
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
LOGITS = (2 * rng.normal(size=(N, 3))).astype("float32")
PROBABLE = rng.dirichlet(np.ones(3), size=N).astype("float32")
CHANCE = rng.uniform(0.05, 0.95, size=(N, 1)).astype("float32")
WEIGHTS = np.float32([0.5, 1.5] * (N // 2))
COUNTS = rng.poisson(3.0, size=(N, 3)).astype("float32")
UNIT = (REAL / np.linalg.norm(REAL, axis=1, keepdims=True)).astype("float32")
GOOD = {}


def good(f):
    GOOD[f.__name__] = f
    return f


def simple(name, *arguments, **more):
    GOOD[name] = lambda: (arguments, more)


K = keras.losses
simple("mse_by_name", "mse", REAL, OTHER)
simple("mse_fitted_exactly", "mse", REAL, REAL)
simple("mse_of_one_row", "mse", REAL[:1], OTHER[:1])
simple("mse_flat_vectors", K.MeanSquaredError(), REAL[:, 0], OTHER[:, 0])
simple("mse_flat_against_column", K.MeanSquaredError(), REAL[:, 0], OTHER[:, :1])
simple("mse_of_integers", "mse", LABELS[:, None], OTHER[:, :1])
simple("mse_in_float64", "mse", REAL.astype("float64"), OTHER.astype("float64"))
simple("mae_in_float16", ls.MeanAbsoluteError(dtype="float16"), REAL, OTHER.astype("float16"))
simple("mae_of_lists", ls.mae, [[1.0], [2.0]], [[1.5], [1.0]])
simple("huber_weighed", K.Huber(delta=0.5), REAL, OTHER, WEIGHTS)
simple("huber_weighed_by_column", ls.Huber(delta=0.5), REAL, OTHER, WEIGHTS[:, None])
simple("sum_of_squares", K.MeanSquaredError(reduction="sum"), REAL, OTHER)
simple("unreduced", K.MeanSquaredError(reduction=None), REAL, OTHER, WEIGHTS)
simple("root_mean_square", ls.RootMeanSquaredError(), REAL, OTHER, WEIGHTS)
simple("light_weights_divided_out", K.MeanSquaredError(reduction="mean_with_sample_weight"), REAL, OTHER, WEIGHTS / 5)
simple("weights_uneven_by_chance", "mse", REAL, OTHER, np.float32([3, 0.1, 0.2, 1, 0.5, 2, 0.1, 2]))
simple("masked", ls.MeanSquaredError(), REAL, OTHER, None, WEIGHTS > 1)
simple("masked_nan", ls.MeanSquaredError(), np.where(WEIGHTS[:, None] > 1, REAL, np.nan), OTHER, None, WEIGHTS > 1)
simple("ignored_rows", K.SparseCategoricalCrossentropy(ignore_class=-1), np.where(WEIGHTS > 1, LABELS, -1), PROBABLE)
simple(
    "ignored_rows_of_lossary",
    ls.SparseCategoricalCrossentropy(ignore_class=-1),
    np.where(WEIGHTS > 1, LABELS, -1),
    PROBABLE,
)
simple("classes_by_name", "sparse_categorical_crossentropy", LABELS, PROBABLE)
simple("classes_in_a_column", "sparse_categorical_crossentropy", LABELS[:, None], PROBABLE)
simple("classes_as_floats", K.SparseCategoricalCrossentropy(), LABELS.astype("float32"), PROBABLE)
simple("logits_of_a_young_model", K.SparseCategoricalCrossentropy(from_logits=True), LABELS, 0.5 + 0.01 * LOGITS)
simple("logits", ls.SparseCategoricalCrossentropy(from_logits=True), LABELS, LOGITS)
simple("logits_far_apart", K.CategoricalCrossentropy(from_logits=True), ONE_HOT, 50 * ONE_HOT - 25)
simple("one_hot", "categorical_crossentropy", ONE_HOT, PROBABLE)
simple("one_hot_fitted", K.CategoricalCrossentropy(), ONE_HOT, ONE_HOT)
simple("smoothed", K.CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT, 0.98 * ONE_HOT + 0.02 / 3)
simple("soft_classes", ls.CategoricalCrossentropy(), PROBABLE[::-1], PROBABLE)
simple("soft_classes_fitted", K.CategoricalCrossentropy(), PROBABLE, PROBABLE)
simple("generalised", ls.CategoricalGeneralizedCrossEntropy(), LABELS, PROBABLE)
simple("focal_of_alpha_one", K.CategoricalFocalCrossentropy(alpha=1.0), ONE_HOT, PROBABLE)
simple("yes_no", "binary_crossentropy", YES, CHANCE)
simple("yes_no_flat_labels", K.BinaryCrossentropy(), YES[:, 0], CHANCE)
simple("yes_no_certain", "binary_crossentropy", YES, YES)
simple("yes_no_logits", K.BinaryCrossentropy(from_logits=True), YES, LOGITS[:, :1])
simple("yes_no_young_logits", ls.BinaryCrossentropy(from_logits=True), YES, 0.4 + 0.1 * CHANCE)
simple("yes_no_soft", K.BinaryCrossentropy(), CHANCE[::-1], CHANCE)
simple("yes_no_soft_fitted", K.BinaryCrossentropy(), CHANCE, CHANCE)
simple("several_labels", "binary_crossentropy", (ONE_HOT + ONE_HOT[::-1]) > 0, PROBABLE)
simple("focal", K.BinaryFocalCrossentropy(), YES, CHANCE)
simple("focal_balanced", ls.BinaryFocalCrossentropy(apply_class_balancing=True), YES, CHANCE)
simple("hinge", "hinge", 2 * YES - 1, 3 * (2 * YES - 1))
simple("hinge_of_zero_and_one", K.SquaredHinge(), YES, LOGITS[:, :1])
simple("categorical_hinge", "categorical_hinge", ONE_HOT, LOGITS)
simple("counts", "poisson", COUNTS, COUNTS + 0.5)
simple("counts_by_logarithm", ls.Poisson(log_rate=True), COUNTS, OTHER)
simple("distributions", "kl_divergence", PROBABLE[::-1], PROBABLE)
simple("percentages", "mape", 5 + REAL, 5 + OTHER)
simple("logarithmic", "msle", COUNTS, COUNTS + 0.5)
simple("directions", "cosine_similarity", UNIT, UNIT[::-1])
simple("directions_fitted", K.CosineSimilarity(), UNIT, UNIT)
simple("quantile", ls.Quantile(q=0.9), REAL, OTHER)
simple("quantiles", ls.MultiQuantile(), REAL[:, 0], np.sort(OTHER, axis=1))
simple("spread", ls.GaussianNLL(), REAL[:, :1], np.stack([OTHER[:, 0], 0.1 * OTHER[:, 1]], axis=-1))
simple("outliers", ls.TukeyBiweight(), REAL + 100 * ONE_HOT * (WEIGHTS > 1)[:, None], OTHER)
simple("overlap_by_row", ls.Dice(smooth=1.0), (REAL > 0).astype("float32"), PROBABLE)
simple("overlap_by_row_weighed", ls.Tversky(smooth=1.0), (REAL > 0).astype("float32"), PROBABLE, WEIGHTS)
simple("overlap_asked_over_the_batch", ls.Dice(whole_batch=True), (REAL > 0).astype("float32"), PROBABLE, WEIGHTS)
simple("pairs", ls.Circle(gamma=8.0), LABELS, UNIT)
simple("pairs_of_keras", K.Circle(gamma=8.0), LABELS, UNIT)
simple("sequences", ls.CTC(), np.tile([[1, 2]], (N, 1)), np.stack([LOGITS] * 5, axis=1))
simple("sequences_of_keras", K.CTC(), np.tile([[1, 2]], (N, 1)), np.stack([LOGITS] * 5, axis=1))
simple("tokens", K.SparseCategoricalCrossentropy(), np.stack([LABELS] * 5, 1), np.stack([PROBABLE] * 5, 1))
simple("channels_first", K.CategoricalCrossentropy(axis=1), np.stack([ONE_HOT] * 5, -1), np.stack([PROBABLE] * 5, -1))
simple("many_rows", "mse", np.tile(REAL, (50, 1)), np.tile(OTHER, (50, 1)))


@good
def own_function():
    def mine(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** 1.5, axis=-1)

    return (mine, REAL, OTHER, WEIGHTS), {}


@good
def own_function_over_everything():
    def mine(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred))

    return (mine, REAL, OTHER), {}


@good
def own_pinball():
    def pinball(y_true, y_pred):
        e = y_true - y_pred
        return ops.mean(ops.maximum(0.9 * e, -0.1 * e), axis=-1)

    return (pinball, REAL, OTHER), {}


@good
def own_focal_with_balance():
    def focal(y_true, y_pred, gamma=2.0, alpha=0.25):
        p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
        yes, no = -alpha * (1 - p) ** gamma * ops.log(p), -(1 - alpha) * p**gamma * ops.log(1 - p)
        return ops.mean(y_true * yes + (1 - y_true) * no, axis=-1)

    return (focal, YES, CHANCE), {}


@good
def own_smoothed_and_sure():
    def smoothed(y_true, y_pred):
        y = 0.9 * y_true + 0.05
        return ops.mean(ops.binary_crossentropy(y, y_pred), axis=-1)

    return (smoothed, YES, 0.99 * YES + 0.005), {}


@good
def own_logits():
    def logistic(y_true, y_pred):
        return ops.mean(ops.softplus(y_pred) - y_true * y_pred, axis=-1)

    return (logistic, YES, LOGITS[:, :1]), {}


@good
def own_class_indices():
    def picked(y_true, y_pred):
        return ops.sparse_categorical_crossentropy(ops.cast(y_true, "int32"), y_pred)

    return (picked, LABELS, PROBABLE), {}


@good
def own_contrast():
    def contrast(y_true, y_pred):
        similar = ops.matmul(y_pred, ops.transpose(y_true))
        return ops.logsumexp(similar, axis=-1) - ops.sum(y_true * y_pred, axis=-1)

    contrast.coupled = True
    return (contrast, UNIT, UNIT[::-1].copy()), {}


@good
def own_class():
    class Power(keras.losses.Loss):
        def __init__(self, power=2.0, **kwargs):
            super().__init__(**kwargs)
            self.power = power

        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_true - y_pred) ** self.power, axis=-1)

        def get_config(self):
            return {**super().get_config(), "power": self.power}

    return (Power(3.0), REAL, OTHER, WEIGHTS), {}


@good
def own_class_of_lossary():
    class CutOff(ls.Loss):
        top: float = 30.0

        def call(self, y_true, y_pred):
            return ops.mean(ops.minimum(ops.abs(y_pred - y_true), self.top), axis=-1)

    return (CutOff(top=20.0), REAL, OTHER, WEIGHTS), {}


def dense(units, activation, loss, **compiled):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, activation=activation)])
    model.compile("sgd", loss=loss, **compiled)
    return model


@good
def model_of_classes():
    return (dense(3, "softmax", "sparse_categorical_crossentropy"), REAL, LABELS), {}


@good
def model_of_logits():
    return (dense(3, None, K.SparseCategoricalCrossentropy(from_logits=True)), REAL, LABELS), {}


@good
def model_of_yes_no_weighed():
    return (dense(1, "sigmoid", "binary_crossentropy"), REAL, YES, WEIGHTS), {}


@good
def model_with_its_reshape_and_dropout():
    x = keras.Input((3,))
    h = keras.layers.Dropout(0.5)(keras.layers.Dense(3, activation="softmax")(x))
    model = keras.Model(x, keras.layers.Reshape((3,))(h))
    model.compile("adam", loss=ls.CategoricalCrossentropy())
    return (model, REAL, ONE_HOT), {}


@good
def model_of_two_outputs():
    x = keras.Input((3,))
    outputs = {"b": keras.layers.Dense(3)(x), "a": keras.layers.Dense(1, activation="sigmoid")(x)}
    model = keras.Model(x, outputs)
    model.compile("sgd", loss={"a": "binary_crossentropy", "b": "mse"}, loss_weights={"a": 0.5, "b": 2.0})
    return (model, REAL, {"b": REAL, "a": YES}), {}


@good
def a_few_dead_rows():
    chance = np.tile(CHANCE, (32, 1))
    chance[:4] = 1 - np.tile(YES, (32, 1))[:4]
    return (K.BinaryCrossentropy(), np.tile(YES, (32, 1)), chance), {}


@good
def model_with_masked_steps():
    words = np.tile(np.int32([[1, 2, 0], [2, 0, 0]]), (N // 2, 1))
    model = keras.Sequential(
        [keras.Input((3,), dtype="int32"), keras.layers.Embedding(3, 2, mask_zero=True), keras.layers.Dense(1)]
    )
    model.compile("sgd", loss=ls.MeanSquaredError())
    return (model, words, np.where(words == 0, np.nan, 0.5)[..., None].astype("float32")), {}
