"""Every rule fires on its bad cases, with its id, severity and numbers, and is quiet on all good ones."""

import ast

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.checking.rule import rules
from tests.checking.good import GOOD, LABELS, ONE_HOT, OTHER, PROBABLE, REAL, UNIT, WEIGHTS, YES, N, dense

K = keras.losses
RULES = rules()


def run(code):
    """The value of the last line."""
    tree = ast.parse(code)
    last = tree.body.pop()
    names = {"__name__": "guide", "np": np, "keras": keras, "ls": ls}
    exec(compile(tree, "<guide>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<guide>", "eval"), names)


def ids(found):
    return {finding.id for finding in found}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_examples_of_the_guide(rule):
    found = run(rule.bad)
    mine = [finding for finding in found if finding.id == rule.id]
    assert mine and mine[0].severity == rule.severity and mine[0].rule == rule.name
    assert mine[0].message and mine[0].do and mine[0].link.endswith(f"{rule.id.lower()}-{rule.name}")
    assert rule.id not in ids(run(rule.good))


@pytest.mark.parametrize("name", GOOD)
def test_all_rules_are_quiet_on_good_cases(name):
    arguments, more = GOOD[name]()
    found = ls.check(*arguments, **more)
    assert not found, str(found)


def test_there_are_enough_good_cases():
    assert len(GOOD) >= 10 and len(RULES) == 20


BAD = []


def bad(id, severity="ERROR", text=""):
    """Enter a function that gives the arguments of a check: which rule must fire, and words of its message."""

    def enter(f):
        BAD.append(pytest.param(id, severity, text, f, id=f"{id}-{f.__name__}"))
        return f

    return enter


@bad("L001", text="(8, 1) and predictions (8, 3)")
def one_column_against_three():
    return K.MeanSquaredError(), REAL[:, :1], OTHER


@bad("L001", text="(8,) and predictions (8, 8)")
def a_vector_against_a_square():
    return "mae", REAL[:, 0], np.tile(OTHER[:, :1], (1, N))


@bad("L001", text="(8, 1) and predictions (8, 3)")
def refused_by_lossary():
    return ls.Huber(), REAL[:, :1], OTHER


@bad("L001", text="are mixed")
def flattened_inside():
    def mine(y_true, y_pred):
        return ops.mean(ops.square(y_true[:, 0] - y_pred), axis=-1)

    return mine, REAL[:, :1], OTHER[:, :1]


@bad("L001", text="are mixed")
def mixed_and_one_number():
    class Mine(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred))

    return Mine(), REAL[:, 0], OTHER[:, :1]


@bad("L001", "WARNING", "called directly")
def mixed_in_a_loop_of_ones_own():
    def mine(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    return mine, REAL[:, 0], OTHER[:, :1]


@bad("L001", text="(8, 3)")
def one_hot_for_a_sparse_loss():
    return "sparse_categorical_crossentropy", ONE_HOT, PROBABLE


@bad("L002", text="0.551 instead of 0")
def softmax_twice():
    return dense(3, "softmax", ls.SparseCategoricalCrossentropy(from_logits=True)), REAL, LABELS


@bad("L002", text="0.313 instead of 0")
def sigmoid_twice():
    return dense(1, "sigmoid", ls.BinaryCrossentropy(from_logits=True)), REAL, YES


@bad("L002", text="sparse_categorical_crossentropy reads probabilities")
def no_softmax_at_all():
    return dense(3, None, "sparse_categorical_crossentropy"), REAL, LABELS


@bad("L002", text="50% of the predictions lie outside")
def logits_for_probabilities():
    return K.BinaryCrossentropy(), YES, 3 - 6 * YES * 0.5


@bad("L002", text="outside [0, 1]")
def overlap_of_logits():
    return K.Dice(), YES, 4 - 8 * YES


@bad("L002", "WARNING", "sum 1")
def few_probabilities_for_logits():
    return ls.CategoricalCrossentropy(from_logits=True), ONE_HOT, PROBABLE


@bad("L002", "WARNING", "add up to 1")
def sigmoids_for_exclusive_classes():
    return "categorical_crossentropy", ONE_HOT, np.clip(PROBABLE + 0.3, 0, 1)


@bad("L003", text="Labels run 1 … 3 but the model has 3 outputs")
def counted_from_one():
    return ls.SparseCategoricalCrossentropy(), LABELS + 1, PROBABLE


@bad("L003", text="Labels run -1 … 2")
def minus_one_without_ignoring():
    return "sparse_categorical_crossentropy", np.where(WEIGHTS > 1, LABELS, -1), PROBABLE


@bad("L003", text="such as 0.7")
def labels_with_fractions():
    return K.SparseCategoricalCrossentropy(), LABELS + 0.7 * (LABELS == 0), PROBABLE


@bad("L003", text="from -1 to 1 with 2 distinct values")
def signs_for_a_binary_loss():
    return "binary_crossentropy", 2 * YES - 1, 0.5 * np.ones_like(YES)


@bad("L003", text="from 0 to 2")
def classes_for_a_binary_loss():
    return "binary_crossentropy", LABELS[:, None], 0.5 * np.ones_like(YES)


@bad("L003", text="add up to 1")
def several_labels_for_exclusive_classes():
    return "categorical_crossentropy", np.clip(ONE_HOT + ONE_HOT[::-1], 0, 1), PROBABLE


@bad("L003", text="Target distributions")
def unnormalised_for_kl():
    return "kl_divergence", 2 * PROBABLE, PROBABLE


@bad("L003", text="3 distinct values")
def classes_for_a_hinge():
    return "hinge", LABELS[:, None], REAL[:, :1]


@bad("L003", text="down to -2")
def negative_counts():
    return "poisson", np.where(WEIGHTS[:, None] > 1, 1.0, -2.0), np.ones_like(YES)


@bad("L003", text="below 0")
def negative_rates():
    return "poisson", np.ones_like(YES), YES - 0.5


@bad("L003", text="4 of 8 targets are 0")
def percentages_of_zero():
    return "mape", YES, np.ones_like(YES)


@bad("L003", text="2 of 8 targets are NaN")
def missing_targets():
    return "mse", np.where(np.arange(N) < 6, 1.0, np.nan)[:, None], np.ones_like(YES)


@bad("L003", text="up to 256")
def too_many_classes_for_half_precision():
    return K.SparseCategoricalCrossentropy(dtype="bfloat16"), np.full(N, 257), np.full((N, 258), 1 / 258)


@bad("L003", text="frames")
def a_sequence_that_does_not_fit():
    return ls.CTC(), np.tile([[1, 1, 1]], (N, 1)), np.zeros((N, 4, 3), "float32")


@bad("L004", text="one number per batch")
def a_mean_over_everything_with_weights():
    def mine(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred))

    return mine, REAL, OTHER, WEIGHTS


@bad("L004", text="one value per row")
def a_scalar_loss_of_lossary():
    class Everything(ls.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_true - y_pred))

    return Everything(), REAL, OTHER


@bad("L004", text="(7,)")
def weights_of_other_rows():
    return ls.MeanSquaredError(), REAL, OTHER, WEIGHTS[:7]


@bad("L004", "WARNING", "sum(w v)/N")
def weights_squared():
    class Squared(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred), axis=-1)

        def __call__(self, y_true, y_pred, sample_weight=None):
            weight = 1.0 if sample_weight is None else ops.convert_to_tensor(sample_weight) ** 2
            return ops.mean(self.call(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)) * weight)

    return Squared(), REAL, OTHER, WEIGHTS


@bad("L004", "WARNING", "mean(sample_weight) = 0.5")
def light_weights():
    return "mse", REAL, OTHER, 0.5 * np.ones(N, "float32")


@bad("L005", text="Row 1 does not count")
def hidden_nan():
    return K.MeanSquaredError(), np.where(np.arange(N)[:, None] == 1, np.nan, REAL), OTHER, 1.0 * (np.arange(N) != 1)


@bad("L005", text="Prediction 2 holds NaN")
def predictions_that_are_not_numbers():
    return "mse", REAL, np.where(np.arange(N)[:, None] == 2, np.nan, OTHER)


@bad("L005", text="at predictions 0 and 1")
def a_branch_that_is_not_used():
    def mine(y_true, y_pred):
        return ops.mean(ops.where(y_pred > 0, y_pred * ops.log(y_pred), 0.0) * (1 - 2 * y_true), axis=-1)

    return mine, YES, np.full_like(YES, 0.5)


@bad("L005", text="±10,000")
def an_exponential_that_is_not_used():
    def mine(y_true, y_pred):
        soft = ops.where(y_pred > 20, y_pred, ops.log(1 + ops.exp(y_pred)))
        return ops.mean(soft - y_true * y_pred, axis=-1)

    return mine, YES, 3 * REAL[:, :1]


@bad("L005", "WARNING", "equals its target")
def a_root_at_zero():
    def mine(y_true, y_pred):
        return ops.sqrt(ops.sum(ops.square(y_true - y_pred), axis=-1))

    return mine, REAL, OTHER


@bad("L005", text="The loss of row 1 is")
def a_logarithm_of_zero():
    def mine(y_true, y_pred):
        return -ops.mean(ops.log(y_pred), axis=-1)

    return mine, YES, np.where(np.arange(N)[:, None] == 1, 0.0, 0.5)


@bad("L006", text="No prediction has any gradient")
def counting_mistakes():
    def mine(y_true, y_pred):
        return ops.mean(ops.cast(ops.not_equal(ops.round(y_pred), y_true), "float32"), axis=-1)

    return mine, YES, np.linspace(0.1, 0.9, N)[:, None]


@bad("L006", text="50% of the rows have a loss but no gradient")
def clipped_probabilities():
    return K.BinaryCrossentropy(), YES, np.where(np.arange(N)[:, None] % 4 < 2, 1 - YES, 0.4)


@bad("L006", text="no gradient")
def logarithms_of_negative_numbers():
    return (
        K.MeanSquaredLogarithmicError(),
        np.full_like(REAL, 2.0),
        np.where(WEIGHTS[:, None] > 1, 1.0, -1.0) * np.ones(3),
    )


@bad("L006", "WARNING", "empty mask")
def empty_masks():
    return ls.Dice(), ONE_HOT * (WEIGHTS[:, None] > 1), PROBABLE


@bad("L007", text="The loss rises")
def a_similarity():
    def mine(y_true, y_pred):
        return -K.cosine_similarity(y_true, y_pred)

    return mine, UNIT, UNIT[::-1].copy()


@bad("L007", text="predictions were passed as targets")
def swapped_probabilities():
    return "mae", np.linspace(0.1, 0.9, N)[:, None], YES


@bad("L007", text="(y_pred, y_true)")
def swapped_names():
    def mine(y_pred, y_true):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    return mine, REAL, OTHER


@bad("L008", "WARNING", "is not a mean over rows")
def a_root_over_everything():
    def mine(y_true, y_pred):
        return ops.sqrt(ops.mean(ops.square(y_true - y_pred)))

    return mine, REAL, OTHER


@bad("L008", "ERROR", "Dice is not a mean")
def overlap_over_the_batch_with_weights():
    return K.Dice(), (REAL > 0).astype("float32"), PROBABLE, WEIGHTS


@bad("L009", text="cannot be rebuilt")
def an_argument_without_default():
    class Needs(keras.losses.Loss):
        def __init__(self, power):
            super().__init__()
            self.power = power

        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_true - y_pred) ** self.power, axis=-1)

    return Needs(3.0), REAL, OTHER


@bad("L009", "WARNING", "power")
def a_closure():
    power = 3.0

    def mine(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** power, axis=-1)

    return mine, REAL, OTHER


@bad("L012", "WARNING", "averages the gradients of 4 batches")
def sums_accumulated():
    optimizer = keras.optimizers.SGD(gradient_accumulation_steps=4)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    model.compile(optimizer, loss=K.MeanSquaredError(reduction="sum"))
    return model, REAL, OTHER


@bad("L013", "WARNING", "3 times the cross-entropy")
def a_focal_loss_that_sums():
    def focal(y_true, y_pred, gamma=2.0):
        p = y_true * y_pred + (1 - y_true) * (1 - y_pred)
        return ops.sum(-((1 - p) ** gamma) * ops.log(p), axis=-1)

    return focal, ONE_HOT, 0.9 * PROBABLE + 0.05


@bad("L014", "WARNING", "log 3")
def inputs_that_are_not_scaled():
    return dense(3, "softmax", "sparse_categorical_crossentropy"), 1000 * REAL, LABELS


@bad("L015", text="along the batch")
def a_softmax_over_the_batch():
    return K.CategoricalCrossentropy(), ONE_HOT, np.full((N, 3), 1 / N)


@pytest.mark.parametrize(("id", "severity", "text", "make"), BAD)
def test_a_rule_fires_on_a_bad_case(id, severity, text, make):
    found = ls.check(*make())
    mine = [finding for finding in found if finding.id == id]
    assert mine, str(found)
    assert mine[0].severity == severity and text in mine[0].message, str(mine[0])
