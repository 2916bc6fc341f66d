"""Losses of named slots under check and explain: what is lawful is quiet, what is wrong is found. No loss is named."""

import keras
import numpy as np
import pytest

import lossary as ls
from tests.backends import array
from tests.laws.slots import ROWS, SLOT_CASES

FIRST = {(case.cls, case.form, case.rest): case for case in reversed(SLOT_CASES)}.values()
every_form = pytest.mark.parametrize("case", FIRST, ids=str)
WEIGHT = np.ones(ROWS, "float32")


def sides(case, arrays):
    """y_true, y_pred, and what is passed beside them; a loss with weights of its own holds these itself."""
    true, pred, beside = case.slots.sides({name: x for name, x in arrays.items() if name not in case.own})
    return true or None, pred, beside


def ids(found):
    return {finding.id for finding in found}


@every_form
def test_a_lawful_batch_is_quiet_in_every_way_that_the_loss_is_called(case):
    true, pred, beside = sides(case, case.draw())
    loss = case()
    for found in (
        ls.check(loss, true, pred, **beside),
        ls.check(loss, true, pred, WEIGHT, mask=np.arange(ROWS) != 5, **beside),
        ls.check(loss, None if true is None else tuple(true.values()), tuple(pred.values()), **beside),
        ls.check(loss, **(true or {}), **pred, **beside),
    ):
        assert not found.errors, found


@every_form
def test_what_is_wrong_is_found(case):
    arrays, loss = case.draw(), case()
    true, pred, beside = sides(case, arrays)
    name = next(iter(pred))
    spoilt = {**pred, name: pred[name].copy()}
    spoilt[name][3] = np.nan
    assert "L005" in ids(ls.check(loss, true, spoilt, **beside))
    weight = np.where(np.arange(ROWS) == 3, 0, WEIGHT)
    assert not ls.check(loss, true, spoilt, weight, ignore=["L004"], **beside).errors  # it does not count
    assert "L016" in ids(ls.check(loss, true, pred, -WEIGHT * np.inf, **beside))
    assert "L016" in ids(ls.check(loss, true, pred, 0 * WEIGHT, **beside))
    wrong = {n: np.full_like(x, 99) for n, x in (true or {}).items() if n in ("label", "event")}
    if wrong and any(case.slots.slots[n].kind.words in ("a class index", "0 or 1") for n in wrong):
        assert ls.check(loss, {**true, **wrong}, pred, **beside).errors
    with pytest.raises(ls.LossaryError, match="no_such_slot"):
        ls.check(loss, true, pred, no_such_slot=1.0)
    if len(case.by_row) > 1:
        with pytest.raises(ls.LossaryError):
            ls.check(loss, true, {**pred, name: pred[name][:-1]}, **beside)


@every_form
def test_explain_shows_how_the_number_comes_about(case):
    arrays, loss = case.draw(), case()
    true, pred, beside = sides(case, arrays)
    weight, mask = np.linspace(0.5, 2, ROWS, dtype="float32"), np.arange(ROWS) != 5
    told = ls.explain(loss, true, pred, weight, mask, **beside)
    want = loss(true, pred, weight, mask=mask, **beside)
    assert told.value == pytest.approx(float(array(want)), rel=1e-5)
    assert told.numerator / told.denominator == pytest.approx(told.value, rel=1e-4)
    assert str(told) and told._repr_html_()


def test_weights_of_a_loss_that_no_model_trains_are_found(rng):
    x, y = rng.normal(size=(16, 5)).astype("float32"), np.arange(16) % 4
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    loss = ls.ArcFace(classes=4, features=3)
    model.compile("sgd", loss="mse")
    assert "L010" in ids(ls.check(loss, y, array(model(x)), model=model))
    before = array(loss.layer.weights[0])
    model.compile("sgd", loss=loss)
    assert not ls.check(model, x, y).errors
    assert "L003" in ids(ls.check(model, x, y + 1))
    np.testing.assert_array_equal(array(loss.layer.weights[0]), before)


def test_a_model_whose_outputs_are_the_slots(rng):
    inputs = [keras.Input((5,)) for _ in range(3)]
    dense = keras.layers.Dense(3)
    names = ("anchor", "positive", "negative")
    model = keras.Model(inputs, dict(zip(names, map(dense, inputs), strict=True)))
    model.compile("sgd", loss=ls.TripletMargin())
    x = [rng.normal(size=(16, 5)).astype("float32") for _ in range(3)]
    assert not ls.check(model, x, np.zeros((16, 1), "float32")).errors
    x[1][2] = np.nan
    assert "L005" in ids(ls.check(model, x, np.zeros((16, 1), "float32")))


def test_other_losses_take_no_slots():
    for ask in (ls.check, ls.explain):
        with pytest.raises(ls.LossaryError, match="anchor"):
            ask("mse", np.zeros((4, 1)), np.zeros((4, 1)), anchor=np.zeros((4, 1)))
