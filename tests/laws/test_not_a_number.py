"""What is no number, or is infinite, in a prediction is so in the loss: training must not go on from it unseen."""

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import array
from tests.laws.cases import CASES, ONE_EACH, among, every_case, law
from tests.laws.slots import every_slot_case

GROWING = [ls.MeanSquaredError, ls.MeanAbsoluteError, ls.RootMeanSquaredError, ls.LogCosh, ls.Huber, ls.SmoothL1]
GROWING += [ls.PseudoHuber, ls.Quantile]


def told(loss, y, p):
    with ls.checks(False):
        return ops.convert_to_numpy(loss(y, p))


@every_case
@pytest.mark.parametrize("reduction", ["none", "sum_over_batch_size"])
def test_a_row_that_is_no_number_gives_none(case, reduction):
    y, p = case.draw(np.random.default_rng(0))
    labels = y.argmax(-1) if y.ndim > 1 else y
    y[1] = y[np.flatnonzero(labels != case.parameters.get("ignore_class"))[-1]]  # a row that is ignored has no value
    p[1] = np.nan
    values = told(case.cls(**case.parameters, reduction=reduction), y, p)
    assert np.isnan(values[1] if values.ndim else values).all()


@every_slot_case
def test_a_row_of_slots_that_is_no_number_gives_none(case):
    """Each slot alone, labels and times too, which are only compared. What solves with a matrix may refuse it."""
    loss, arrays = case(), case.draw()
    if case.padded() in arrays:
        arrays[case.padded()][1] = True
    for name in arrays:
        if name not in case.by_row or arrays[name].dtype.kind != "f":
            continue
        spoilt = {**arrays, name: np.array(arrays[name])}
        spoilt[name][1] = np.nan
        try:
            with ls.checks(False):
                value = array(case.value(loss, spoilt))
        except (ArithmeticError, RuntimeError, ValueError):
            continue
        assert np.isnan(value).all(), name


@pytest.mark.parametrize("cls", GROWING)
@pytest.mark.parametrize("error", [np.inf, -np.inf])
def test_an_infinite_error_is_infinite(cls, error):
    y, p = np.zeros((6, 4), "float32"), np.ones((6, 4), "float32")
    p[1, 0] = error
    assert told(cls(), y, p) == np.inf
    rows = told(cls(reduction="none"), y, p)
    assert rows[1] == np.inf and np.isfinite(rows[[0, 2]]).all()


def test_a_root_of_what_is_no_number_or_infinite_as_function_and_metric():
    y, p = np.zeros((3, 1), "float32"), np.float32([[1], [2], [np.nan]])
    assert np.isnan(told(ls.rmse, y, p))
    p[2] = np.inf
    assert told(ls.rmse, y, p) == np.inf
    model = keras.Sequential([keras.Input((1,)), keras.layers.Activation("linear")])
    model.compile(loss="mse", metrics=[ls.rmse])
    assert model.evaluate(p, y, verbose=0, return_dict=True)["root_mean_squared_error"] == np.inf


@law("case", CASES, among(ONE_EACH))
def test_a_target_that_is_no_number_gives_none(case):
    """Neither 0, a case of its own for amounts and counts, nor one of the labels, as a comparison would have it."""
    y, p = case.draw(np.random.default_rng(0))
    y = y.astype("float32")
    y[1] = np.nan
    values = told(case.cls(**case.parameters, reduction="none"), ops.convert_to_tensor(y), p)
    assert np.isnan(values[1] if np.shape(values)[:1] == (len(y),) else values).all()
