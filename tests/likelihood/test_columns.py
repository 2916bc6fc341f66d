"""Columns of a regression: told apart by their names, in any order and unit, or refused in words."""

import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError

pd = pytest.importorskip("pandas")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 2))
Y = RNG.poisson(np.exp(0.3 + X @ [0.5, -0.4])).astype(float)
TABLE = pd.DataFrame(X, columns=["a", "b"])


def fit(x=TABLE, y=Y, family="poisson", **options):
    return ls.fit_glm(x, y, family=family, **options)


@pytest.mark.once
def test_predictions_read_columns_by_name():
    found, more = fit(), TABLE.assign(c=1.0)[["c", "b", "a"]]
    for x in (X, TABLE, TABLE[["b", "a"]], more):
        np.testing.assert_allclose(found.predict(x), found.predict(TABLE), rtol=1e-14)
    for x in (np.ones((3, 5)), np.ones((3, 1)), TABLE.rename(columns={"a": "z"})):
        with pytest.raises(LossaryError, match="Expected 2 column"):
            found.predict(x)
    with pytest.raises(LossaryError, match="offset has shape"):
        found.predict(X[:3], offset=[1.0, 2.0])


@pytest.mark.once
@pytest.mark.parametrize("names", [["a", "a"], ["intercept", "b"], ["shape", "b"]])
def test_columns_with_one_name_are_refused(names):
    with pytest.raises(LossaryError, match="have the name"):
        fit(pd.DataFrame(X, columns=names), Y + 1, "gamma")


@pytest.mark.once
@pytest.mark.parametrize("unit", [1e-200, 1e-30, 1e30, 1e200])
def test_no_column_is_left_out_for_its_unit(unit):
    if not 1e-100 < unit < 1e100:
        with pytest.raises(LossaryError, match="Change the unit"):
            fit(X * [unit, 1.0])
        return
    found = fit(X * [unit, 1.0])
    if found.success:
        np.testing.assert_allclose(found.parameters["x0"] * unit, fit(X).parameters["x0"], rtol=1e-8)


@pytest.mark.once
@pytest.mark.parametrize("family", ["poisson", "negative_binomial", "zero_inflated_poisson", "tweedie"])
def test_nothing_at_all_is_no_success(family):
    found = fit(y=0 * Y, family=family)
    assert not found.success and "boundary" in found.flags and all(not e > 0 for e in found.standard_errors.values())


@pytest.mark.once
@pytest.mark.parametrize("weight", [1e-200, 1e-12, 1e12])
def test_estimates_do_not_depend_on_the_sum_of_weights(weight):
    found = fit(frequency_weights=np.full(100, weight))
    assert found.success
    np.testing.assert_allclose(list(found.parameters.values()), list(fit().parameters.values()), rtol=1e-8)


@pytest.mark.once
def test_inputs_of_another_length_are_refused_in_words_of_the_regression():
    for options in (
        {"offset": np.zeros(3)}, {"scale_x": X[:5], "family": "normal"}, {"scale_x": X}, {"weights": -np.ones(100)},
        {"frequency_weights": np.ones(3)},
    ):  # fmt: skip
        with pytest.raises(LossaryError, match="fit_glm") as error:
            fit(**options)
        assert next(word for word in options if word != "family") in str(error.value)


FAMILIES = ["normal", "poisson", "gamma", "negative_binomial", "binomial", "student_t", "laplace"]


@pytest.mark.once
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("far", [1e3, 1e7, 1.7e9])
def test_a_column_far_from_zero_is_the_column_from_zero(family, far):
    """Years, timestamps, coordinates: a shift moves the intercept, and nothing else."""
    rng = np.random.default_rng(3)
    x = np.round(rng.normal(size=(300, 2)) * 64) / 64  # what is left of them after the shift is exact
    mean = np.exp(0.5 + 0.3 * x[:, 0] - 0.2 * x[:, 1])
    y = {
        "poisson": lambda: rng.poisson(mean),
        "negative_binomial": lambda: rng.negative_binomial(3, 3 / (3 + mean)),
        "gamma": lambda: rng.gamma(4, mean / 4),
        "binomial": lambda: rng.random(300) < mean / (1 + mean),
    }.get(family, lambda: mean + rng.standard_t(5, size=300))()
    more = {} if family in ("poisson", "binomial") else {"scale_x": x[:, 1:]}
    moved = {"scale_x": x[:, 1:] - far} if more else {}
    near, there = (
        ls.fit_glm(x, y, family=family, **more),
        ls.fit_glm(x + np.array([far, 0.0]), y, family=family, **moved),
    )
    rough = 2e-2 if family == "laplace" else 1e-5  # which rows lie on the line is rounding
    assert there.flags == near.flags and there.success == near.success
    np.testing.assert_allclose(there.log_likelihood, near.log_likelihood, rtol=1e-10)
    assert list(there.parameters) == list(near.parameters)
    for name in near.parameters:
        if "intercept" not in name:
            np.testing.assert_allclose(there.parameters[name], near.parameters[name], rtol=1e-6, err_msg=name)
            for found in ("standard_errors", "robust_errors", "expected_errors"):
                a, b = getattr(there, found)[name], getattr(near, found)[name]
                np.testing.assert_allclose(a, b, rtol=rough, err_msg=f"{found} {name}")
    intercept = near.parameters["intercept"] - far * near.parameters["x0"]
    np.testing.assert_allclose(there.parameters["intercept"], intercept, rtol=1e-6)
    np.testing.assert_allclose(there.predict(x + np.array([far, 0.0])), near.predict(x), rtol=1e-8)
    slope = near.standard_errors["x0"]
    np.testing.assert_allclose(there.standard_errors["intercept"], far * slope, rtol=0.02 if far < 1e4 else rough)


@pytest.mark.once
def test_profiles_of_a_column_far_from_zero():
    rng = np.random.default_rng(4)
    x = np.round(rng.normal(size=(80, 1)) * 64) / 64
    y = rng.poisson(np.exp(0.5 + 0.3 * x[:, 0]))
    near, there = ls.fit_glm(x, y, family="poisson"), ls.fit_glm(x + 2000, y, family="poisson")
    np.testing.assert_allclose(there.interval("x0", method="profile"), near.interval("x0", method="profile"), rtol=1e-5)
    other = ls.fit_glm(-(x + 2000), y, family="poisson")  # the same intercept
    np.testing.assert_allclose(
        there.interval("intercept", method="profile"), other.interval("intercept", method="profile"), rtol=1e-5
    )
    low, high = there.interval("intercept", method="profile")
    wald = there.interval("intercept")
    np.testing.assert_allclose((low, high), wald, atol=0.1 * (wald[1] - wald[0]))


@pytest.mark.once
def test_columns_that_are_an_intercept_are_left_out_however_far():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(50, 1)), rng.normal(size=50)
    for level in (1.0, 1e-8, 3.7e12):
        fit = ls.fit_glm(np.column_stack([x, np.full(50, level), 2 * x[:, 0] + 1e6]), y)
        assert fit.left == ("x1", "x2") and fit.success and "collinear" in fit.flags
        np.testing.assert_allclose(fit.predict(np.column_stack([x, x, x])), ls.fit_glm(x, y).predict(x), rtol=1e-9)
