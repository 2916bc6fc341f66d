"""A fit does not depend on the unit of the data, also of rows that were not observed."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.errors import LossaryError

from .families import drawn

LOCATED = ("normal", "student_t", "logistic", "cauchy", "gumbel", "generalized_extreme_value", "generalized_normal",
           "skew_normal")  # fmt: skip
POSITIVE = ("exponential", "gamma", "inverse_gaussian", "log_normal", "weibull", "generalized_pareto", "log_logistic",
            "half_normal", "inverse_gamma")  # fmt: skip
UNITS = (1e-30, 1e-8, 1e8, 1e30)
FEW = {("logistic", 1e-30), ("normal", 1e8), ("gamma", 1e8)}


def power(name, parameter):
    """With which power of the unit a parameter grows."""
    of_shape = name == "inverse_gaussian" and parameter == "shape"
    return 1 if parameter in ("loc", "mean", "std", "scale") or of_shape else 0


@pytest.mark.once
@pytest.mark.parametrize("censored", [False, True])
@pytest.mark.parametrize(
    ("name", "unit"),
    [
        (n, u) if (n, u) in FEW else pytest.param(n, u, marks=pytest.mark.full)
        for n in LOCATED + POSITIVE
        for u in UNITS
    ],
)
def test_estimates_and_errors_grow_with_the_unit(name, unit, censored):
    y = drawn(name, 150, 1)
    end = np.quantile(y, 0.8)
    options = {"censored": y > end} if censored else {}
    y = np.minimum(y, end) if censored else y
    one, other = ls.fit_distribution(y, name, **options), ls.fit_distribution(unit * y, name, **options)
    assert one.success == other.success
    for parameter, value in one.parameters.items():
        times = unit ** power(name, parameter)
        more = np.log(unit) if parameter == "mu" else 0.0
        np.testing.assert_allclose(other.parameters[parameter], value * times + more, rtol=1e-3)
        if one.success:
            error = one.standard_errors[parameter] * times
            np.testing.assert_allclose(other.standard_errors[parameter], error, rtol=1e-3)
    seen = (y < end).sum() if censored else len(y)
    np.testing.assert_allclose(other.log_likelihood, one.log_likelihood - seen * np.log(unit), atol=1e-3)


@pytest.mark.once
@pytest.mark.parametrize("unit", [1e-100, 1e100])
@pytest.mark.parametrize("name", ["laplace", "gamma", "normal"])
def test_units_beyond_what_a_likelihood_reads_are_refused(name, unit):
    with pytest.raises(LossaryError, match="Change the unit"):
        ls.fit_distribution(unit * np.random.default_rng(0).gamma(2.0, size=50), name)


@pytest.mark.once
def test_a_dispersion_of_nothing_is_at_the_boundary():
    y = np.random.default_rng(0).poisson(1, 400)
    fit = ls.fit_distribution(y[y > 0], "negative_binomial", truncated=(1, None))
    assert not fit.success and "boundary" in fit.flags


@pytest.mark.once
def test_equal_numbers_have_a_spread_around_a_known_location():
    y = np.full(20, 3.0)
    np.testing.assert_allclose(ls.fit_distribution(y, "normal", fixed={"mean": 1.0}).parameters["std"], 2.0)
    fit = ls.fit_distribution(y, "normal", fixed={"std": 1.0})
    np.testing.assert_allclose([fit.parameters["mean"], fit.log_likelihood], [3.0, -10 * np.log(2 * np.pi)])
    assert "unbounded likelihood" not in fit.flags


@pytest.mark.once
@pytest.mark.parametrize("value", [None, "a", [1.0, 2.0], np.nan, 0.0])
def test_what_is_no_number_is_not_fixed(value):
    for fixed in ({"shape": value}, ["shape"]):
        with pytest.raises(LossaryError, match="fixed"):
            ls.fit_distribution([1.0, 2.0, 4.0], "gamma", fixed=fixed)


def rate(y, p):
    return ops.log(p["rate"]) - p["rate"] * y


@pytest.mark.once
@pytest.mark.parametrize(
    "wrong",
    [{"f": lambda y, p: 1.0}, {"f": lambda y, p: None}, {"f": lambda y, p: (rate(y, p),)}, {"f": "gamma"},
     {"start": [1.0]}, {"start": {"rate": "a"}}, {"start": {"rate": np.nan}}, {"positive": "rate"},
     {"data": ["a", "b"]}, {"weights": np.ones(5)}],
)  # fmt: skip
def test_a_likelihood_of_ones_own_is_asked_for_in_words(wrong):
    given = {"f": rate, "data": [1.0, 2.0], "start": {"rate": 1.0}, "positive": ("rate",)} | wrong
    with pytest.raises(LossaryError, match="Expected"):
        ls.fit_likelihood(given.pop("f"), given.pop("data"), **given)
