"""What is no number, or is infinite, in a prediction is so in the loss: training must not go on from it unseen."""

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.fuzz.calls import numbers
from tests.laws.cases import every_case

GROWING = [ls.MeanSquaredError, ls.MeanAbsoluteError, ls.RootMeanSquaredError, ls.LogCosh, ls.Huber, ls.SmoothL1]
GROWING += [ls.PseudoHuber, ls.Quantile]


def told(loss, y, p):
    with ls.checks(False):
        return ops.convert_to_numpy(loss(y, p))


@every_case
@pytest.mark.parametrize("reduction", ["none", "sum_over_batch_size"])
def test_a_row_that_is_no_number_gives_none(case, reduction):
    y, p, _ = numbers(np.random.default_rng(0), case, 3)
    if case.parameters.get("ignore_class") is not None:
        y[...] = np.where(y == case.parameters["ignore_class"], 0, y)
    if case.cls is ls.Circle:  # rows without a pair have no loss
        y = np.array([0.0, 0.0, 1.0])
    p = np.array(p, "float32")
    p[1] = np.nan
    values = told(case.cls(**case.parameters, reduction=reduction), y, p)
    assert np.isnan(values[1] if values.ndim else values).all()


@pytest.mark.parametrize("cls", GROWING)
@pytest.mark.parametrize("error", [np.inf, -np.inf])
def test_an_infinite_error_is_infinite(cls, error):
    y, p = np.zeros((3, 2), "float32"), np.ones((3, 2), "float32")
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
