"""missing="nan": a target that is NaN is not there. What is left of a row is what its value is made of."""

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.results import Sums
from tests.backends import array, gradient, usual
from tests.laws.cases import LOSSES, ONE_EACH, ONE_OF_FORMS, among, draw, law

MISSABLE = [case for case in ONE_EACH if case.cls.missable]
FIRST = [case for case in ONE_OF_FORMS if case in MISSABLE]
OTHERS = [cls for cls in LOSSES if not cls.missable]
WEIGHT = np.float32([1.0, 2.0, 0.5, 1.5, 0.0, 1.0])
OUT = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]], bool)
every_missable = law("case", MISSABLE, among(FIRST))
each_missable_somewhere = law("case", MISSABLE, lambda case: True, among(FIRST))


def several(case):
    """Six rows of four targets, and which of them are missing."""
    loss, rng = case(), np.random.default_rng(11)
    rules = loss.contract
    y, p = draw(loss, rng, 24 if rules.shape == "parameters" else 6)
    if rules.shape == "parameters":
        y, p = y.reshape(6, 4, *([2] if rules.ends else [])), p.reshape(6, 4, -1)
    return y.astype("float32"), p


def spoilt(case):
    y, p = several(case)
    y, p = y.copy(), p.copy()
    y[OUT] = np.nan
    p[OUT] = case().contract.prediction.neutral  # a lawful number
    return y, p


def by_row(case):
    """The values of rows without what is missing, one by one; None of a row with nothing."""
    y, p = several(case)
    loss = case(reduction="none")
    rows = [None if out.all() else loss(y[i : i + 1, ~out], p[i : i + 1, ~out]) for i, out in enumerate(OUT)]
    return [None if row is None else float(array(row).ravel()[0]) for row in rows]


@each_missable_somewhere
def test_a_row_is_what_is_left_of_it(case):
    y, p = spoilt(case)
    if case().gives is Sums:  # each column alone
        values = []
        for k in range(4):
            here = ~OUT[:, k]
            original = several(case)
            values.append(float(array(case()(original[0][here, k : k + 1], original[1][here, k : k + 1]))))
        np.testing.assert_allclose(float(array(case(missing="nan")(y, p))), np.mean(values), rtol=2e-5)
        return
    want = by_row(case)
    there = np.array([v is not None for v in want])
    values = np.array([0.0 if v is None else v for v in want])
    got = array(case(missing="nan", reduction="none")(y, p))
    np.testing.assert_allclose(got, values, rtol=2e-5, atol=1e-6)
    if issubclass(case().gives, Sums):  # a root of a mean
        return
    for reduction, weight, truth in (
        ("sum", None, values.sum()),
        ("sum", WEIGHT, (WEIGHT * values).sum()),
        ("sum_over_batch_size", None, values.sum() / there.sum()),
        ("sum_over_batch_size", WEIGHT, (WEIGHT * values).sum() / there.sum()),
        ("mean_with_sample_weight", WEIGHT, (WEIGHT * values).sum() / WEIGHT[there].sum()),
    ):
        loss = case(missing="nan", reduction=reduction)
        np.testing.assert_allclose(float(array(loss(y, p, sample_weight=weight))), truth, rtol=5e-5, atol=1e-6)


@each_missable_somewhere
def test_what_is_missing_has_no_gradient_and_spoils_none(case):
    """It is that of the same batch in which each row is divided by what is left of it."""
    y, p = spoilt(case)
    loss = case(missing="nan", reduction="sum")
    found = gradient(lambda v: loss(y, v), p)
    assert np.isfinite(found).all() and not found[OUT].any()
    if case().gives is Sums or issubclass(case().gives, Sums):
        return
    y, p = several(case)
    for i, out in enumerate(OUT):
        if not out.all():
            alone = case(reduction="sum")
            want = gradient(lambda v, i=i, out=out, alone=alone: alone(y[i : i + 1, ~out], v), p[i : i + 1, ~out])
            np.testing.assert_allclose(found[i, ~out], want[0], rtol=5e-5, atol=1e-6)


@every_missable
def test_compiled_it_is_the_same_and_nothing_is_missing_where_nothing_is(case):
    y, p = spoilt(case)
    loss = case(missing="nan")
    want = float(array(loss(y, p)))
    got = usual(lambda q: loss(ops.convert_to_tensor(y), q))(p)
    np.testing.assert_allclose(float(array(got)), want, rtol=2e-5, atol=1e-6)
    y, p = several(case)
    np.testing.assert_allclose(array(loss(y, p)), array(case()(y, p)), rtol=2e-5, atol=1e-6)


@pytest.mark.once
@law("case", MISSABLE, lambda case: True)
def test_it_is_saved(case):
    loss = case(missing="nan")
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.missing == "nan" and again.get_config() == loss.get_config()
    assert "missing" not in case().get_config()


@pytest.mark.backendless
@pytest.mark.parametrize("cls", OTHERS, ids=lambda cls: cls.__name__)
def test_where_it_means_nothing_it_is_refused(cls):
    with pytest.raises(ls.ParameterError, match="targets of a row together"):
        cls(missing="nan")


def test_without_it_nan_stays_nan():
    y, p = np.float32([[1.0, np.nan]]), np.float32([[0.0, 0.0]])
    assert np.isnan(float(array(ls.MeanSquaredError()(y, p))))
    with pytest.raises(ls.ParameterError, match="missing"):
        ls.MeanSquaredError(missing="zero")


def test_with_entries_each_target_is_a_row():
    y, p = np.float32([[1.0, np.nan], [np.nan, np.nan], [1.0, 3.0]]), np.zeros((3, 2), "float32")
    loss = ls.MeanSquaredError(missing="nan", entries=True)
    assert float(array(loss(y, p))) == pytest.approx(11 / 3)
    assert float(array(ls.MeanSquaredError(missing="nan")(y, p))) == pytest.approx((1 + 5) / 2)


def test_values_beside_a_missing_one_are_still_checked():
    with pytest.raises(ls.TargetError):
        ls.BinaryCrossentropy(missing="nan")(np.float32([[np.nan, 255.0]]), np.float32([[0.5, 0.5]]))


def test_ignored_and_missing_labels_are_out():
    y, p = np.float32([[np.nan, -1.0], [1.0, np.nan]]), np.float32([[0.5, 0.5], [0.25, 0.5]])
    loss = ls.BinaryCrossentropy(missing="nan", ignore_class=-1)
    assert float(array(loss(y, p))) == pytest.approx(-np.log(0.25))
