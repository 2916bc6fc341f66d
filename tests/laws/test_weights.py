"""A row of weight 0, or masked, does not exist; splitting a batch and putting it together changes nothing."""

import numpy as np
import pytest
from keras import ops

from lossary.core.results import Rows
from lossary.numerics.masks import with_mask
from tests.backends import USUAL, array, gradient, value_and_gradient
from tests.laws.cases import (
    CASES,
    FEW,
    ONE_EACH,
    ONE_OF_FORMS,
    among,
    each_loss_somewhere,
    every_case,
    law,
)

SPLITTABLE = [c for c in CASES if not c().coupled and c.cls.__name__ != "RootMeanSquaredError"]


def rows_of(case, rng):
    """Six lawful rows, with the targets as floats where they are floats."""
    y, p = case.draw(rng, rows=6)
    return y, p


def poisoned(y, p, row):
    y, p = y.copy(), p.copy()
    p[row] = np.nan
    y[row] = np.inf if y.dtype.kind == "f" else 10_000
    return y, p


WEIGHT = np.array([1.0, 0.5, 0.0, 2.0, 1.5, 0.7], dtype="float32")


@each_loss_somewhere
def test_weights_meet_their_rows(case, rng):
    """Values and gradients of each loss; the row of weight 0 holds what no loss can read."""
    y, p = rows_of(case, rng)
    loss, rows = case(reduction="sum"), case(reduction="none")
    bad_y, bad_p = poisoned(y, p, 2)

    def weighed(y, p):
        return loss(y, p, sample_weight=WEIGHT)

    value, slope = value_and_gradient(weighed, *map(ops.convert_to_tensor, (bad_y, bad_p)), USUAL)
    assert not slope[2].any()
    keep = WEIGHT != 0
    if loss.gives is Rows:
        values, slopes = value_and_gradient(rows, *map(ops.convert_to_tensor, (y, p)), USUAL)
        across = (-1, *[1] * (p.ndim - 1))
        want, want_slope = (WEIGHT * values).sum(), WEIGHT.reshape(across) * slopes
    else:
        kept = y[keep], p[keep]
        want = array(loss(*kept, sample_weight=WEIGHT[keep]))
        want_slope = np.zeros_like(p)
        want_slope[keep] = gradient(lambda v: loss(kept[0], v, sample_weight=WEIGHT[keep]), kept[1])
    np.testing.assert_allclose(value, want, rtol=3e-6, atol=1e-6)
    np.testing.assert_allclose(slope, want_slope, rtol=1e-5, atol=1e-6)


@every_case
@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_a_row_of_weight_zero_does_not_exist(case, reduction, rng):
    y, p = rows_of(case, rng)
    weight = WEIGHT
    loss = case(reduction=reduction)
    keep = weight != 0
    want = array(loss(y[keep], p[keep], sample_weight=weight[keep]))
    bad_y, bad_p = poisoned(y, p, 2)
    np.testing.assert_allclose(array(loss(bad_y, bad_p, sample_weight=weight)), want, rtol=3e-6, atol=1e-6)


@every_case
def test_a_row_of_weight_zero_has_no_gradient_and_spoils_none(case, rng):
    y, p = rows_of(case, rng)
    weight = WEIGHT
    loss = case(reduction="sum")
    keep = weight != 0
    want = gradient(lambda v: loss(y[keep], v, sample_weight=weight[keep]), p[keep])
    bad_y, bad_p = poisoned(y, p, 2)
    got = gradient(lambda v: loss(bad_y, v, sample_weight=weight), bad_p)
    np.testing.assert_array_equal(got[2], np.zeros_like(got[2]))
    np.testing.assert_allclose(got[keep], want, rtol=1e-5, atol=1e-6)


@every_case
def test_a_masked_row_does_not_exist(case, rng):
    y, p = rows_of(case, rng)
    loss = case()
    keep = np.array([True, True, False, True, True, True])
    bad_y, bad_p = poisoned(y, p, 2)
    masked = with_mask(ops.convert_to_tensor(bad_p), ops.convert_to_tensor(keep))
    np.testing.assert_allclose(array(loss(bad_y, masked)), array(loss(y[keep], p[keep])), rtol=3e-6, atol=1e-6)


@law("case", SPLITTABLE, among(FEW))
def test_parts_of_a_batch_add_up(case, rng):
    y, p = rows_of(case, rng)
    weight = np.array([1.0, 0.5, 3.0, 2.0, 1.5, 0.7], dtype="float32")
    loss = case(reduction="sum")
    parts = [array(loss(y[s], p[s], sample_weight=weight[s])) for s in (slice(0, 5), slice(5, 6))]
    np.testing.assert_allclose(sum(parts), array(loss(y, p, sample_weight=weight)), rtol=3e-6)


@every_case
def test_no_rows_at_all_cost_nothing(case, rng):
    y, p = rows_of(case, rng)
    loss = case()
    nothing = np.zeros(6, dtype="float32")
    assert array(loss(y, p, sample_weight=nothing)) == 0
    assert not np.isnan(gradient(lambda v: loss(y, v, sample_weight=nothing), p)).any()
    for reduction in ("mean_with_sample_weight", "sum"):
        assert array(case(reduction=reduction)(y, p, sample_weight=nothing)) == 0
    if case.cls.__name__ != "CTC":
        assert array(loss(y[:0], p[:0])) == 0


@every_case
def test_weights_of_one_change_nothing(case, rng):
    y, p = rows_of(case, rng)
    for reduction in ("sum", "mean_with_sample_weight", "sum_over_batch_size"):
        loss = case(reduction=reduction)
        ones = np.ones((6, 1), dtype="float32")
        np.testing.assert_allclose(array(loss(y, p, sample_weight=ones)), array(loss(y, p)), rtol=2e-6, atol=1e-7)


@law("case", [case for case in CASES if case.cls.entrywise], among(ONE_EACH), among(ONE_OF_FORMS))
def test_a_missing_target_of_weight_0_is_not_there(case, rng):
    """With every entry a row: the value is that of the entries that are there, and a missing one has no gradient."""
    loss = case(entries=True, reduction="mean_with_sample_weight")
    y, p = case.draw(rng)
    ends = loss.contract.ends  # two numbers say one target, which is missing where one of them is
    missing = rng.uniform(size=y.shape[:-1] if ends else y.shape) < 0.4
    holes = y.copy()
    holes[(missing, rng.integers(0, 2, missing.sum())) if ends else missing] = np.nan
    there = (~missing).astype("float32")
    slopes = gradient(lambda v: loss(holes, v, sample_weight=there), p)
    np.testing.assert_allclose(
        array(loss(holes, p, sample_weight=there)), array(loss(y, p, sample_weight=there)), rtol=1e-6
    )
    gone = missing if p.shape == missing.shape else missing.reshape(len(p))  # several numbers say one target
    assert np.isfinite(slopes).all() and not slopes[gone].any() and slopes[~gone].any()
