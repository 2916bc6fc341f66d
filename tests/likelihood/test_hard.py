"""Hard samples, each with every distribution: a fit ends with numbers that can be used, or says why it has none."""

import warnings

import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.likelihood.plain import known


def rng():
    return np.random.default_rng(0)


def amounts(rows=50):
    return rng().gamma(2.0, size=rows)


SAMPLES = {
    "equal numbers": (np.full(20, 3.0), {}),
    "two numbers": ([1.0, 2.0], {}),
    "one number": ([0.4], {}),
    "nothing but zeros": (np.zeros(20), {}),
    "far from zero": (1e8 + rng().normal(size=60), {}),
    "farther than digits reach": (1e15 + np.round(10 * rng().normal(size=60)), {}),
    "as small as numbers are": (1e-300 * amounts(), {}),
    "as large as numbers are": (1e300 * rng().random(50), {}),
    "without a mean": (np.abs(rng().standard_cauchy(60)) ** 4, {}),
    "zeros among amounts": (np.r_[np.zeros(20), amounts()], {}),
    "whole numbers": (rng().poisson(3, 80) * 1.0, {}),
    "both ends of a share": (np.r_[0.0, 1.0, rng().random(50)], {}),
    "next to both ends": (np.r_[1 - 1e-16, 1e-300, rng().random(50)], {}),
    "two heaps": (np.repeat([0.1, 0.9], 30), {}),
    "one far": (np.r_[amounts(), 1e12], {}),
    "below zero": (-amounts(), {}),
    "nearly all equal": (np.r_[np.ones(60), 2.0], {}),
    "weights of nothing": (amounts(), {"weights": np.r_[1.0, 1.0, np.zeros(48)]}),
    "small weights": (amounts(), {"weights": np.full(50, 1e-12)}),
    "all above": (amounts(), {"censored": np.ones(50)}),
    "all below": (amounts(), {"censored": -np.ones(50)}),
    "intervals alone": (np.arange(10.0), {"upper": np.arange(10.0) + 1}),
    "a missing number": (np.r_[amounts(), np.nan], {}),
    "an infinite number": (np.r_[amounts(), np.inf], {}),
    "beyond what sums hold": ([1e308, 1.7e308, 3e307], {}),
    "smaller than digits reach": ([5e-324, 1e-320, 1e-310], {}),
    "three numbers": ([1.0, 2.0, 4.0], {}),
    "no weight at all": (amounts(), {"weights": np.zeros(50)}),
    "a million rows of three numbers": (np.repeat([1.0, 2.0, 5.0], [600_000, 300_000, 100_000]), {}),
}
QUICK = {"two numbers", "far from zero", "nothing but zeros", "as large as numbers are", "beyond what sums hold"}
FEW = ("gamma", "inverse_gaussian", "negative_binomial", "generalized_pareto")
CASES = [(case, name) for case in SAMPLES for name in [*known(), "normal_mixture"]]


@pytest.mark.once
@pytest.mark.parametrize(
    ("case", "name"),
    [pair if pair[0] in QUICK and pair[1] in FEW else pytest.param(*pair, marks=pytest.mark.full) for pair in CASES],
)
def test_a_fit_is_right_or_says_why_not(case, name):
    data, options = SAMPLES[case]
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=RuntimeWarning)
        try:
            fit = ls.fit_distribution(data, name, **options)
        except LossaryError:
            return
        errors, robust = fit.standard_errors, fit.robust_errors
        assert repr(fit) and fit.to_dict()["distribution"] == fit.model and len(robust) == len(errors)
    if not fit.success:
        assert fit.flags and fit.sentences() and all(not error > 0 for error in errors.values())
        return
    assert np.isfinite([fit.log_likelihood, *fit.parameters.values(), *errors.values()]).all()
    assert fit.gradient < 1e-4 or "irregular" in fit.flags
