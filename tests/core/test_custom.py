"""A user's own loss is a full citizen: from a function, a closure or a class."""

import pickle
from typing import Annotated

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import array

Y, P = np.float32([[1, 0], [0, 1], [1, 1]]), np.float32([[0.9, 0.2], [0.4, 0.7], [0.6, 0.5]])


@ls.loss(aliases=("capped",), tasks=("regression",))
def ramp(y_true, y_pred, top: Annotated[float, ls.positive("Where it stops growing.", slide=(0.1, 3.0))] = 1.0):
    """Grows with the error up to `top`, then stays."""
    return ops.mean(ops.minimum(ops.abs(y_pred - y_true), top), axis=-1)


@ls.loss
def powered(power=2.0):
    def inner(y_true, y_pred):
        return ops.mean(ops.abs(y_pred - y_true) ** power, axis=-1)

    return inner


class Steep(ls.Loss):
    """The absolute error, `factor` times."""

    factor: float = 2.0

    def call(self, y_true, y_pred):
        return self.factor * ops.mean(ops.abs(y_pred - y_true), axis=-1)


class OldStyle(ls.Loss):
    """An __init__ as Keras's own losses have it, without get_config and without super().__init__."""

    def __init__(self, factor=2.0, name="old_style"):
        self.doubled = 2 * factor

    def call(self, y_true, y_pred):
        return self.doubled * ops.mean(ops.abs(y_pred - y_true), axis=-1)


MADE = {
    "function": lambda: ramp.cls(top=0.35),
    "closure": lambda: powered(power=3.0),
    "class": lambda: Steep(factor=5.0),
    "own __init__": lambda: OldStyle(5.0),
}
made = pytest.mark.parametrize("make", MADE.values(), ids=MADE)


@made
def test_saved_and_loaded_with_its_parameters(make):
    loss = make()
    want = array(loss(Y, P))
    assert array(keras.losses.deserialize(keras.losses.serialize(loss))(Y, P)) == want
    assert array(pickle.loads(pickle.dumps(loss))(Y, P)) == want


@made
def test_weights_masks_and_reductions_work(make):
    loss = make()
    rows = array(type(loss).from_config({**loss.get_config(), "reduction": "none"})(Y, P))
    weight = np.float32([1, 0, 2])
    bad = P.copy()
    bad[1] = np.nan
    np.testing.assert_allclose(array(loss(Y, bad, sample_weight=weight)), (rows[0] + 2 * rows[2]) / 3, rtol=1e-6)


@made
def test_a_model_comes_back_with_it(make, tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", loss=make())
    model.fit(Y, P, verbose=0)
    want = model.evaluate(Y, P, verbose=0)
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(
        keras.models.load_model(tmp_path / "model.keras").evaluate(Y, P, verbose=0), want, rtol=1e-6
    )


def test_it_is_in_the_catalogue():
    assert "ramp" in ls.losses(task="regression") and "ramp" in ls.losses(family="custom")
    card = ls.card("ramp")
    assert card.summary == "Grows with the error up to `top`, then stays."
    assert card.params[0].slide == (0.1, 3.0)
    assert array(ls.get("capped", top=0.35)(Y, P)) == array(ramp.cls(top=0.35)(Y, P))
    np.testing.assert_allclose(array(ramp(Y, P, top=0.1)), [0.1, 0.1, 0.1], rtol=1e-6)
    assert type(ls.get(ramp, top=0.2)) is ramp.cls


def test_bounds_of_an_own_parameter_are_enforced():
    with pytest.raises(ls.ParameterError, match="top"):
        ramp.cls(top=-1)


def test_a_batch_mean_is_refused():
    loss = ls.loss(lambda y_true, y_pred: ops.mean(ops.abs(y_pred - y_true)), name="a_batch_mean")
    with pytest.raises(ls.ShapeError, match="one value per row"):
        loss.cls()(Y, P)


def test_weights_are_never_lost_on_a_flat_batch():
    loss = ls.loss(lambda y_true, y_pred: ops.mean(ops.abs(y_pred - y_true), axis=-1), name="flat").cls()
    y, p = np.float32([0, 0]), np.float32([1, 3])
    np.testing.assert_allclose(array(loss(y, p)), 2.0)
    np.testing.assert_allclose(array(loss(y, p, sample_weight=2.0)), 4.0)
    with pytest.raises(ls.ShapeError, match="one value per row"):
        loss(y, p, sample_weight=[1.0, 0.0])


def test_a_name_that_a_loss_has_is_refused():
    with pytest.raises(ls.DefinitionError, match=r"Huber in lossary\.families\.robust already has this name"):
        ls.loss(lambda y_true, y_pred: y_pred, name="huber")
    with pytest.raises(ls.DefinitionError, match="lambda"):
        ls.loss(lambda y_true, y_pred: y_pred)


def test_a_second_definition_replaces_the_first():
    for factor in (1.0, 2.0):

        @ls.loss
        def redefined(y_true, y_pred, factor=factor):
            return factor * ops.mean(ops.abs(y_pred - y_true), axis=-1)

    np.testing.assert_allclose(array(ls.get("redefined")([[0.0]], [[1.0]])), 2.0)


def test_a_class_without_a_formula_says_so():
    class Empty(ls.Loss):
        pass

    with pytest.raises(ls.DefinitionError, match="formula"):
        Empty()(Y, P)


def test_several_targets_and_predictions_in_a_dictionary():
    class Two(ls.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_pred["a"] - y_true["a"]), axis=-1) + ops.mean(y_pred["b"], axis=-1)

    np.testing.assert_allclose(array(Two()({"a": Y}, {"a": P, "b": P})), np.abs(Y - P).mean() + P.mean(), rtol=1e-6)
