"""The five reductions against their written formulas, and weights in every lawful shape."""

import numpy as np
import pytest

import lossary as ls
from tests.backends import array, gradient

Y = np.float32([[1, 9, 2], [-5, -2, 6], [0, 1, 0], [3, 3, 3]])
P = np.float32([[4, 8, 12], [8, 1, 3], [0, 2, 0], [1, 1, 1]])
W = np.float32([1.5, 0.0, 2.0, 0.5])
V = np.mean((Y - P) ** 2, axis=1)


@pytest.mark.parametrize(
    ("reduction", "want"),
    [
        ("sum", (W * V).sum()),
        ("sum_over_batch_size", (W * V).sum() / 4),
        ("mean", (W * V).sum() / 4),
        ("mean_with_sample_weight", (W * V).sum() / W.sum()),
        ("none", W * V),
        (None, W * V),
    ],
)
def test_the_formulas(reduction, want):
    loss = ls.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(array(loss(Y, P, sample_weight=W)), want, rtol=1e-6)
    np.testing.assert_allclose(array(loss(Y, P, sample_weight=W[:, None])), want, rtol=1e-6)
    np.testing.assert_allclose(array(loss(Y, P, sample_weight=W.tolist())), want, rtol=1e-6)


def test_a_scalar_weight():
    np.testing.assert_allclose(array(ls.MeanSquaredError()(Y, P, sample_weight=2.3)), 2.3 * V.mean(), rtol=1e-6)
    assert array(ls.MeanSquaredError()(Y, P, sample_weight=0)) == 0


def test_row_weights_meet_rows_also_when_both_axes_have_one_length():
    """(3,) weights for values of shape (3, 3): Keras weighs the columns."""
    y, p = np.zeros((3, 3, 2), "float32"), np.ones((3, 3, 2), "float32")
    got = array(ls.MeanSquaredError(reduction="none")(y, p, sample_weight=np.float32([1, 2, 3])))
    np.testing.assert_allclose(got, [[1, 1, 1], [2, 2, 2], [3, 3, 3]])


@pytest.mark.parametrize("shape", [(3,), (4, 3), (5, 1), (4, 1, 2)])
def test_weights_that_fit_no_row_are_refused(shape):
    with pytest.raises(ls.ShapeError, match=r"sample_weight|weight"):
        ls.MeanSquaredError()(Y, P, sample_weight=np.ones(shape, "float32"))


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ls.ParameterError, match="Invalid value for argument `reduction`"):
        ls.Hinge(reduction="abc")


def test_the_root_is_taken_after_the_weighted_mean():
    got = array(ls.RootMeanSquaredError(reduction="mean_with_sample_weight")(Y, P, sample_weight=W))
    np.testing.assert_allclose(got, np.sqrt((W * V).sum() / W.sum()), rtol=1e-6)
    np.testing.assert_allclose(array(ls.RootMeanSquaredError()(Y, P)), np.sqrt(V.mean()), rtol=1e-6)
    slope = gradient(lambda p: ls.RootMeanSquaredError()(Y, p), P)
    np.testing.assert_allclose(slope, (P - Y) / 12 / np.sqrt(V.mean()), rtol=1e-5)
    assert (gradient(lambda p: ls.RootMeanSquaredError()(Y, p), Y) == 0).all()


def test_one_dimensional_targets_are_rows():
    y, p = np.float32([0, 0, 0]), np.float32([1, 2, 3])
    np.testing.assert_allclose(array(ls.MeanSquaredError(reduction="none")(y, p, [1, 0, 2])), [1, 0, 18])
    assert array(ls.mse(y, p)).shape == ()  # as a function: one row of three entries, as in Keras


def test_sums_of_half_precision_are_taken_in_float32():
    y, p = np.zeros((5000, 1), "float32"), np.full((5000, 1), 0.1, "float32")
    got = array(ls.MeanAbsoluteError(dtype="float16")(y, p))
    np.testing.assert_allclose(got, 0.1, rtol=1e-3)
