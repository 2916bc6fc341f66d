"""Likelihoods with several maxima: no random start ends higher, or the fit does not call itself a success."""

import numpy as np
import pytest
from scipy import optimize, special, stats

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.likelihood.plain import distribution


def rng(seed=5):
    return np.random.default_rng(seed)


def skew_normal(y, loc, scale, slant):
    z = (y - loc) / scale
    return np.log(2 / scale) + stats.norm.logpdf(z) + special.log_ndtr(slant * z)


DENSITIES = {
    "skew_normal": skew_normal,
    "generalized_normal": lambda y, loc, scale, shape: stats.gennorm.logpdf(y, shape, loc, scale),
    "student_t": lambda y, loc, scale, df: stats.t.logpdf(y, df, loc, scale),
    "cauchy": stats.cauchy.logpdf,
    "generalized_extreme_value": lambda y, loc, scale, shape: stats.genextreme.logpdf(y, -shape, loc, scale),
}
SAMPLES = {
    "evenly spread": np.linspace(-1, 1, 50),
    "uniform": rng(18).random(200),
    "two groups": np.r_[rng(1).normal(-5, 0.3, 30), rng(2).normal(5, 0.3, 30)],
    "unequal groups": np.r_[rng(1).normal(-5, 0.3, 40), rng(2).normal(5, 0.3, 20)],
    "heaped": rng(3).poisson(3, 60) * 1.0,
    "long tails": rng(20).standard_t(3, 200),
    "longest tails": rng(4).standard_cauchy(20),
    "leaning left": -rng(6).gamma(1.0, size=80),
    "few": np.array([-0.3, 0.2, 1.1, 3.0, 3.1]),
    "one far": np.r_[rng(7).normal(size=50), 1e6],
    "rounded": np.round(2 * rng(8).standard_t(4, 60)),
    "normal": rng(9).normal(size=40),
}
QUICK = {
    ("skew_normal", "evenly spread"), ("skew_normal", "uniform"), ("skew_normal", "two groups"),
    ("generalized_normal", "longest tails"), ("generalized_extreme_value", "long tails"),
}  # fmt: skip
CASES = [
    pair if pair in QUICK else pytest.param(*pair, marks=pytest.mark.full)
    for pair in [(name, case) for name in DENSITIES for case in SAMPLES]
]


def restarted(name, y, restarts=6):
    """The largest log-likelihood from random starts, without the corners where it grows for ever."""
    draw, spread = rng(11), np.std(y)
    near = max(np.subtract(*np.quantile(y, [0.75, 0.25])), 1e-3 * spread)

    def cost(z):
        scale, last = np.exp(np.clip(z[1], -600, 600)), z[2] if len(z) > 2 else 0.0
        last = np.exp(np.clip(last, -600, 600)) if name in ("student_t", "generalized_normal") else last
        if scale < 1e-3 * near or (name in ("student_t", "generalized_normal") and last < 0.1):
            return 1e300
        if name == "generalized_extreme_value" and last < -1:
            return 1e300
        with np.errstate(all="ignore"):
            found = -DENSITIES[name](y, z[0], scale, *([last] if len(z) > 2 else [])).sum()
        return found if np.isfinite(found) else 1e300

    ends = [-np.inf]
    for _ in range(restarts):
        start = [draw.choice(y), np.log(spread) + draw.normal(), 3 * draw.normal()][: len(distribution(name, "").heads)]
        size = np.array([spread, 1.0, 1.0])[: len(start)]
        found = optimize.minimize(lambda u, a=start, s=size: cost(a + s * u), np.zeros(len(start)),
                                  method="Nelder-Mead", options={"maxiter": 1000, "fatol": 1e-8})  # fmt: skip
        if name != "generalized_extreme_value" or start[2] + found.x[2] > -0.99:  # there it goes on without a bound
            ends.append(-found.fun)
    return max(ends)


@pytest.mark.once
@pytest.mark.parametrize(("name", "case"), CASES)
def test_no_random_start_ends_higher(name, case):
    fit = ls.fit_distribution(SAMPLES[case], name)
    assert fit.flags or fit.success
    if fit.success:
        assert fit.log_likelihood >= restarted(name, SAMPLES[case]) - 1e-4
        p = fit.parameters.values()
        np.testing.assert_allclose(DENSITIES[name](SAMPLES[case], *p).sum(), fit.log_likelihood, rtol=1e-8)


@pytest.mark.once
@pytest.mark.parametrize("sign", [1, -1])
def test_a_skew_normal_sample_that_is_half_normal_is_at_the_boundary(sign):
    fit = ls.fit_distribution(sign * rng(6).gamma(1.0, size=80), "skew_normal")
    assert fit.flags == ("boundary",) and not fit.success
    assert all(np.isnan(error) for error in fit.standard_errors.values())


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "y"),
    [("generalized_normal", np.r_[np.zeros(30), rng().normal(0.5, 1, 40)]),
     ("generalized_normal", SAMPLES["heaped"]),
     ("student_t", np.round(rng(5).standard_t(1, 80))),
     ("cauchy", np.r_[np.zeros(30), rng().normal(0.5, 1, 20)]),
     ("generalized_pareto", np.r_[np.zeros(30), rng().gamma(2.0, size=30)])],
)  # fmt: skip
def test_ties_that_a_distribution_closes_in_on_are_said(name, y):
    fit = ls.fit_distribution(y, name)
    assert not fit.success and ("unbounded likelihood" in fit.flags or "not converged" in fit.flags), fit.flags


@pytest.mark.once
def test_a_peak_lies_on_a_number():
    y = np.sign(rng(3).normal(size=300)) * rng(4).gamma(0.5, size=300) ** 1.5
    fit = ls.fit_distribution(y, "generalized_normal")
    assert fit.success and "irregular" in fit.flags and fit.parameters["shape"] < 1
    assert np.abs(y - fit.parameters["loc"]).min() < 1e-12
    loc, scale, shape = fit.parameters.values()
    others = np.sort(y)[40:-40:20]
    moved = [stats.gennorm.logpdf(y, shape, at, scale).sum() for at in others[np.abs(others - loc) > 1e-9]]
    assert fit.log_likelihood > max(moved)


@pytest.mark.once
@pytest.mark.parametrize("seed", range(8))
def test_no_number_lies_beyond_the_end_of_a_support(seed):
    y = rng(seed).standard_t(3, 60)
    for name, data in (("generalized_extreme_value", y), ("generalized_pareto", np.exp(-y) / (1 + np.exp(-y)))):
        fit = ls.fit_distribution(data, name)
        assert np.isfinite(fit.scipy.logpdf(data)).all() or not fit.success
        low, high = fit.interval("shape", method="profile")
        assert not low > high


EQUAL = {
    "unbounded": ("normal", "gamma", "inverse_gamma", "inverse_gaussian", "log_normal", "weibull", "log_logistic",
                  "cauchy", "laplace", "student_t", "generalized_pareto", "skew_normal"),
    "bounded": ("half_normal", "exponential", "pareto"),
}  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("name", [*EQUAL["unbounded"], *EQUAL["bounded"]])
def test_equal_numbers_have_no_spread(name):
    fit = ls.fit_distribution(np.full(20, 3.0), name)
    assert ("unbounded likelihood" in fit.flags) == (name in EQUAL["unbounded"]) and not fit.success
    assert np.isfinite(fit.log_likelihood) == (name in EQUAL["bounded"])


@pytest.mark.once
def test_a_known_shape_leaves_equal_numbers_a_scale():
    fit = ls.fit_distribution(np.full(20, 3.0), "weibull", fixed={"shape": 2.0})
    np.testing.assert_allclose(fit.parameters["scale"], 3.0, rtol=1e-6)
    assert "unbounded likelihood" not in fit.flags


NEVER = [("gamma", [-1.0, 0.0]), ("poisson", [0.5, -1.0]), ("beta", [0.0, 1.0, 2.0]), ("geometric", [1.5]),
         ("zero_inflated_poisson", [0.5])]  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize(("name", "never"), NEVER)
def test_what_a_distribution_cannot_give_has_no_density(name, never):
    data = {"beta": [0.2, 0.5, 0.7]}.get(name, [1.0, 2.0, 4.0, 0.0 if name != "gamma" else 3.0])
    found = ls.fit_distribution(data, name).log_density([*never, data[0], np.nan])
    assert np.isneginf(found[:-2]).all() and np.isfinite(found[-2]) and np.isnan(found[-1])


def fitted():
    return ls.fit_distribution([1.0, 2.0, 3.0, 6.0], "gamma")


WRONG = {
    "a share in per cent": lambda: fitted().quantile(90),
    "a share in words": lambda: fitted().quantile("half"),
    "a number in words": lambda: fitted().cdf("a"),
    "numbers in words": lambda: fitted().log_density(["a"]),
    "a size below 0": lambda: fitted().sample(-1),
    "a size that is no number": lambda: fitted().sample("a"),
    "a profile of what cannot be": lambda: fitted().profile("shape", [-1.0]),
    "a profile in words": lambda: fitted().profile("shape", "a"),
    "no distributions": lambda: ls.compare_distributions([1.0, 2.0], []),
    "distributions that are none": lambda: ls.compare_distributions([1.0, 2.0], 3),
    "a comparison of a missing number": lambda: ls.compare_distributions([1.0, np.nan], ["normal"]),
    "a comparison of no data": lambda: ls.compare_distributions([], ["normal"]),
    "the best of none": lambda: ls.compare_distributions([-1.0, 2.0], ["gamma", "beta"]).best,
    "whole numbers that floats confuse": lambda: ls.fit_distribution(np.arange(2**60, 2**60 + 20)),
}


@pytest.mark.once
@pytest.mark.parametrize("case", WRONG)
def test_what_is_asked_of_a_fit_is_looked_at(case):
    with pytest.raises(LossaryError, match="Expected"):
        WRONG[case]()


@pytest.mark.once
def test_one_name_is_compared_too():
    assert [fit.model for fit in ls.compare_distributions([1.0, 2.0, 4.0], "gamma").fits] == ["gamma"]


@pytest.mark.once
def test_a_histogram_shows_a_small_spread_far_from_zero():
    figure = ls.fit_distribution(1e6 + 1e-3 * rng().normal(size=60), "normal").plot()
    heights = figure.axes[0].patches[0].get_data().values
    assert sum(height > 0 for height in heights) > 4
