"""`ls.Check` in fit: it sees the first batch before the first step, and changes nothing."""

import warnings

import keras
import numpy as np
import pytest

import lossary as ls
from tests.backends import array

N = 12
X = np.random.default_rng(2).normal(size=(N, 3)).astype("float32")
Y = np.arange(N) % 3


def model(activation="softmax", **compiled):
    keras.utils.set_random_seed(3)
    made = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dropout(0.3), keras.layers.Dense(3, activation=activation)]
    )
    made.compile("adam", loss="sparse_categorical_crossentropy", **compiled)
    return made


def weights(made):
    return [array(variable.value) for variable in made.variables]


class Batches(keras.utils.PyDataset):
    """Counts how often each batch is asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def __len__(self):
        return 3

    def __getitem__(self, place):
        self.asked.append(place)
        return X[4 * place : 4 * place + 4], Y[4 * place : 4 * place + 4]


def generator():
    for place in range(3):
        yield X[4 * place : 4 * place + 4], Y[4 * place : 4 * place + 4]


SOURCES = {
    "arrays": lambda: {"x": X, "y": Y, "batch_size": 4},
    "weighed": lambda: {"x": X, "y": Y, "batch_size": 4, "class_weight": {0: 1.0, 1: 0.5, 2: 1.5}},
    "dataset": lambda: {"x": Batches(), "shuffle": False},
    "generator": lambda: {"x": generator(), "steps_per_epoch": 3},
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_good_training_is_the_same_with_and_without(source):
    with_, without = model(), model()
    seen = ls.Check()
    keras.utils.set_random_seed(4)
    history = with_.fit(**SOURCES[source](), verbose=0, callbacks=[seen])
    keras.utils.set_random_seed(4)
    expected = without.fit(**SOURCES[source](), verbose=0)
    for a, b in zip(weights(with_), weights(without), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history.history == expected.history
    assert seen.findings is not None and not seen.findings.errors and seen.findings.rows == 4


def test_no_batch_is_asked_for_twice():
    data = Batches()
    model().fit(data, shuffle=False, verbose=0, callbacks=[ls.Check()])
    assert sorted(data.asked) == [0, 1, 2] or sorted(set(data.asked)) == [0, 1, 2]
    plain = Batches()
    model().fit(plain, shuffle=False, verbose=0)
    assert sorted(data.asked) == sorted(plain.asked)


@pytest.mark.parametrize("eager", [False, True])
def test_an_error_stops_before_the_first_step(eager):
    made = model(run_eagerly=eager)
    before = weights(made)
    with pytest.raises(ls.LossaryError, match=r"L003 .*Labels run 1 … 3"):
        made.fit(X, Y + 1, verbose=0, callbacks=[ls.Check()])
    for a, b in zip(weights(made), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(array(keras.ops.convert_to_tensor(made.optimizer.iterations))) == 0
    made.fit(X, Y, verbose=0)  # and the model can be trained afterwards


def test_on_error_warn_goes_on():
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile("sgd", loss="mape")
    with pytest.warns(UserWarning, match="L003"):
        made.fit(X, Y, verbose=0, callbacks=[ls.Check(on_error="warn")])
    assert int(array(keras.ops.convert_to_tensor(made.optimizer.iterations))) == 1


def test_rules_can_be_ignored_and_warnings_do_not_stop():
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile("sgd", loss="mape")
    check = ls.Check(ignore=["L003"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        made.fit(X, Y, verbose=0, callbacks=[check])
    assert not check.findings
    weigher = ls.Check(ignore=["L014"])
    with pytest.warns(UserWarning, match="L004"):
        model().fit(X, Y, sample_weight=np.full(N, 0.5), verbose=0, callbacks=[weigher])
    assert [finding.id for finding in weigher.findings] == ["L004"]


def test_the_second_fit_is_checked_again_and_nothing_is_left_behind():
    made, check = model(), ls.Check()
    made.fit(X, Y, verbose=0, callbacks=[check])
    step = made.train_function
    made.fit(X, Y, verbose=0, callbacks=[check])
    assert made.train_function is step
    with pytest.raises(ls.LossaryError, match="L003"):
        made.fit(X, Y + 1, verbose=0, callbacks=[check])
    assert made.train_function is step


def test_several_steps_in_one_execution():
    if keras.backend.backend() == "torch":  # Keras refuses them there
        with pytest.raises(ValueError, match="steps_per_execution"):
            model(steps_per_execution=2).fit(X, Y, verbose=0)
        return
    with_, without = model(steps_per_execution=2), model(steps_per_execution=2)
    keras.utils.set_random_seed(4)
    with_.fit(X, Y, batch_size=4, verbose=0, callbacks=[ls.Check()])
    keras.utils.set_random_seed(4)
    without.fit(X, Y, batch_size=4, verbose=0)
    for a, b in zip(weights(with_), weights(without), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


def test_several_outputs():
    inputs = keras.Input((3,))
    outputs = {"a": keras.layers.Dense(3, activation="softmax")(inputs), "b": keras.layers.Dense(1)(inputs)}
    made = keras.Model(inputs, outputs)
    made.compile("sgd", loss={"a": "sparse_categorical_crossentropy", "b": "mse"})
    with pytest.raises(ls.LossaryError, match=r"L003 .*\[output a\]"):
        made.fit(X, {"a": Y + 1, "b": X[:, :1]}, verbose=0, callbacks=[ls.Check()])


@pytest.mark.parametrize("wrong", [{"on_error": "stop"}, {"ignore": ["L099"]}])
def test_wrong_arguments(wrong):
    with pytest.raises(ls.ParameterError):
        ls.Check(**wrong)
