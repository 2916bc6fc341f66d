"""`ls.check` itself: what it takes, what it leaves alone, what it gives back."""

import pickle
import random

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.checking.findings import Finding, Findings
from lossary.checking.rule import rules
from tests.backends import array
from tests.checking.good import LABELS, OTHER, PROBABLE, REAL, WEIGHTS, YES, dense

WRONG = (LABELS + 1, PROBABLE)


@pytest.mark.parametrize(
    "loss",
    [
        "sparse_categorical_crossentropy",
        "scce",
        keras.losses.SparseCategoricalCrossentropy,
        keras.losses.SparseCategoricalCrossentropy(),
        keras.losses.sparse_categorical_crossentropy,
        ls.SparseCategoricalCrossentropy,
        ls.SparseCategoricalCrossentropy(),
        ls.sparse_categorical_crossentropy,
        "crossentropy",
    ],
    ids=[  # some of them print their address, which is another in every worker
        "keras function name",
        "alias",
        "keras class",
        "keras loss",
        "keras function",
        "lossary class",
        "lossary loss",
        "lossary function",
        "own function",
    ],
)
def test_one_mistake_is_found_whatever_names_the_loss(loss):
    found = ls.check(loss, *WRONG)
    assert [finding.id for finding in found] == ["L003"]


@pytest.mark.parametrize("missing", ["y_true", "y_pred"])
def test_what_is_missing_is_named(missing):
    given = {"y_true": REAL, "y_pred": OTHER} | {missing: None}
    with pytest.raises(ls.LossaryError, match=missing):
        ls.check("mse", **given)


@pytest.mark.parametrize("given", [{"a": REAL}, np.array(["yes", "no"])], ids=["dictionary", "words"])
def test_only_numbers_are_looked_at(given):
    with pytest.raises(ls.LossaryError, match="numbers"):
        ls.check("mse", given, given)


def test_what_is_no_loss_is_refused():
    with pytest.raises(ls.LossaryError, match="no_such"):
        ls.check("no_such_loss_at_all", REAL, OTHER)
    with pytest.raises(ls.LossaryError, match="takes a loss"):
        ls.check(3.5, REAL, OTHER)
    with pytest.raises(ls.LossaryError, match="not compiled"):
        ls.check(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), REAL, OTHER)


def test_an_unknown_rule_cannot_be_ignored():
    with pytest.raises(ls.ParameterError, match="L099"):
        ls.check("mse", REAL, OTHER, ignore=["L099"])


def test_rules_can_be_ignored():
    found = ls.check("mse", YES, OTHER, WEIGHTS / 4)
    assert [finding.id for finding in found] == ["L001"]
    assert [finding.id for finding in ls.check("mse", YES, OTHER, WEIGHTS / 4, ignore=["L001"])] == ["L004"]
    assert not ls.check("mse", YES, OTHER, WEIGHTS / 4, ignore=rules())


def test_findings_are_a_sequence_with_errors_first():
    found = ls.check("sparse_categorical_crossentropy", *WRONG, sample_weight=WEIGHTS / 4)
    assert found and len(found) == len(found.errors) + len(found.warnings) == len(list(found))
    assert found[0].severity == "ERROR" and found[0].id == "L003"
    assert found[0].numbers["high"] == 3 and "Labels run 1 … 3" in str(found)
    with pytest.raises(ls.LossaryError, match="L003") as error:
        found.raise_errors()
    assert "Subtract 1" in error.value.do and "3 outputs" in error.value.arrived
    quiet = ls.check("mse", REAL, OTHER)
    assert not quiet and quiet.raise_errors() is None
    assert str(quiet) == "8 rows checked: nothing found."


@pytest.mark.backendless
def test_the_summary_counts():
    warning = Finding("r", "L001", "WARNING", "m", "d", "l")
    error = Finding("r", "L002", "ERROR", "m", "d", "l", output="a")
    found = Findings([warning, error, error], rows=1)
    assert found.summary() == "1 row checked: 2 errors, 1 warning."
    assert [f.id for f in found] == ["L002", "L002", "L001"]
    assert "[output a]" in str(found)


@pytest.mark.backendless
def test_every_rule_is_whole():
    for id, rule in rules().items():
        assert id == rule.id and rule.reason and rule.fires and rule.quiet and rule.seen.startswith("http")
        assert len(rule.reason) < 120 and "ls.check" in rule.bad and "ls.check" in rule.good


def test_at_most_256_rows_are_looked_at():
    rows = []

    def mine(y_true, y_pred):
        rows.append(y_pred.shape[0])
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    found = ls.check(mine, np.tile(REAL, (100, 1)), np.tile(OTHER, (100, 1)), ignore=["L001", "L008", "L012"])
    assert found.rows == max(rows) == 256


def test_nothing_of_the_model_changes():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dropout(0.5, seed=3)(keras.layers.BatchNormalization()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    loss = keras.losses.MeanSquaredError()
    model.compile("adam", loss=loss)
    state = [array(variable.value) for variable in model.variables]
    config, attributes = loss.get_config(), dict(vars(loss))
    draws = (random.getstate(), pickle.dumps(np.random.get_state()))
    ls.check(model, REAL, OTHER[:, :1], WEIGHTS)
    for variable, before in zip(model.variables, state, strict=True):
        np.testing.assert_array_equal(array(variable.value), before)
    assert loss.get_config() == config and dict(vars(loss)) == attributes
    assert (random.getstate(), pickle.dumps(np.random.get_state())) == draws


def test_a_loss_that_draws_and_counts_is_left_alone():
    class Noisy(keras.losses.Loss):
        def __init__(self):
            super().__init__()
            self.calls = keras.Variable(0.0, trainable=False)

        def call(self, y_true, y_pred):
            self.calls.assign_add(1.0)
            return ops.mean(ops.square(y_true - y_pred + np.random.normal()), axis=-1)

    loss = Noisy()
    np.random.seed(3)
    ls.check(loss, REAL, OTHER)
    after = np.random.normal()
    np.random.seed(3)
    assert after == np.random.normal() and float(array(loss.calls.value)) == 0.0


def test_an_unbuilt_model_is_built_and_checked():
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert [finding.id for finding in ls.check(model, REAL, LABELS)] == ["L002"]


def test_the_activation_of_a_model_beats_the_values():
    model = dense(1, "sigmoid", "mse")
    logits = keras.losses.BinaryCrossentropy(from_logits=True)
    assert not ls.check(logits, YES, 0.5 + 0.1 * OTHER[:, :1])
    assert [f.id for f in ls.check(logits, YES, 0.5 + 0.1 * OTHER[:, :1], model=model)] == ["L002"]


def test_outputs_are_told_apart_in_lists_and_dictionaries():
    inputs = keras.Input((3,))
    outputs = [
        keras.layers.Dense(3, activation="softmax", name="kind")(inputs),
        keras.layers.Dense(1, name="size")(inputs),
    ]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss=["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 0.5])
    found = ls.check(model, REAL, [LABELS + 1, OTHER[:, :1]])
    assert [(finding.id, finding.output) for finding in found] == [("L003", "kind")]
    assert [(route.output, route.weight) for route in found.routes] == [("kind", 1.0), ("size", 0.5)]
    assert "kind (8, 3) ← (8,) by sparse_categorical_crossentropy" in str(found)
    model.compile("sgd", loss={"kind": "sparse_categorical_crossentropy", "size": None})
    assert not ls.check(model, REAL, {"kind": LABELS, "size": OTHER[:, :1]})


def test_a_parameter_of_a_loss_is_changed_and_restored():
    class Scaled(keras.losses.Loss):
        def __init__(self):
            super().__init__()
            self.scale = keras.Variable(2.0, trainable=False)

        def call(self, y_true, y_pred):
            return self.scale * ops.mean(ops.square(y_true - y_pred), axis=-1)

        def get_config(self):
            return {}

    loss = Scaled()
    found = ls.check(loss, REAL, OTHER)
    baked = keras.backend.backend() == "jax"  # TensorFlow and torch read a Variable anew at every step
    assert [finding.id for finding in found] == ["L010"] * baked
    assert float(array(loss.scale.value)) == 2.0


def test_a_variable_as_loss_weight():
    weight = keras.Variable(1.0, trainable=False)
    model = dense(1, None, "mse", loss_weights=[weight])
    found = ls.check(model, REAL, OTHER[:, :1])
    assert [finding.id for finding in found] == ["L010"] * (keras.backend.backend() == "jax")
    assert float(array(weight.value)) == 1.0
