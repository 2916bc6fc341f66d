"""Samples of public threads on fits that went wrong (numbers are SciPy's threads), and others of their kind."""

import numpy as np
import pytest
from scipy import stats

import lossary as ls

HOURS = [
    4836.6, 823.6, 3131.7, 1343.4, 709.7, 610.6, 3034.2, 1973, 7358.5, 265, 4590.5, 5440.4, 4613.7, 4763.1, 115.3,
    5385.1, 6398.1, 8444.6, 2397.1, 3259.7, 307.5, 4607.4, 6523.7, 600.3, 2813.5, 6119.8, 6438.8, 2799.1, 2849.8,
    5309.6, 3182.4, 705.5, 5673.3, 2939.9, 2631.8, 5002.1, 1967.3, 2810.4, 2948, 6904.8,
]  # fmt: skip
WAVES = [
    0.87, 0.87, 1.29, 1.5, 1.7, 0.66, 1.5, 0.5, 1.0, 1.25, 2.3, 1.03, 2.85, 0.68, 1.74, 1.94, 0.63, 2.04, 1.2, 0.64,
    2.05, 0.97, 2.81, 1.02, 2.76, 0.86, 1.36, 1.29, 1.68, 0.72, 1.67, 1.15, 3.26, 0.93, 0.83, 0.91, 0.92, 2.32, 1.12,
    3.21, 1.23, 1.22, 1.29, 2.08, 0.64, 2.83, 2.68, 1.77, 0.69, 1.69, 0.7, 1.83, 2.25, 1.23, 1.17, 0.94, 1.22, 0.76,
]  # fmt: skip
SHARES = [
    0.7122827, 0.04830956, 0.54410219, 0.04173127, 0.54462469, 0.54565197, 0.05497849, 0.07792652, 0.6817948,
    0.19735519,
]  # fmt: skip
HEIGHTS = np.append(np.arange(0.75, 13.0, 0.5), [13.75, 15.25])
COUNTS = [13482, 26783, 26898, 21362, 14990, 9610, 6083, 4002, 2649, 1731, 1130, 750, 525, 352, 215, 151, 112, 66, 37,
          18, 17, 20, 5, 2, 1, 1, 1]  # fmt: skip


LOC, UNIT = {"floc": 0}, {"floc": 0, "fscale": 1}


def rng(seed=0):
    return np.random.default_rng(seed)


def drawn(known, rows, seed):
    return known.rvs(rows, random_state=rng(seed))


# name: (distribution, data, how SciPy is asked, or None where it takes too long or has no fit)
ENDS_WELL = {
    "11806, a location that eats the smallest": ("weibull", HOURS, LOC),
    "22328, no fit of ten shares": ("beta", SHARES, UNIT),
    "19460, moments that are not finite": ("generalized_extreme_value", WAVES, {}),
    "6248, less likely than the truth": ("beta", drawn(stats.beta(1, 2), 100, 0), UNIT),
    "9166, small shapes": ("gamma", drawn(stats.gamma(0.1), 1000, 1), LOC),
    "10212, one more number": ("gamma", np.append(drawn(stats.gamma(1.3, scale=0.03), 6000, 2), 0.0418),
                               LOC),
    "6967, no shape at all": ("gamma", drawn(stats.gamma(0.14, scale=300), 3000, 3), LOC),
    "1884, a Cauchy sample": ("cauchy", drawn(stats.cauchy(0, 1), 1000, 4), {}),
    "1884, a generalized Pareto sample": ("generalized_pareto", drawn(stats.genpareto(0.1), 1000, 5),
                                          LOC),
    "1335, starts for extreme values": ("generalized_extreme_value", drawn(stats.genextreme(0.3, 5, 0.1), 200, 6), {}),
    "12545, a Pareto sample without a mean": ("pareto", drawn(stats.pareto(0.7), 100, 7),
                                              UNIT),
    # and of the same kind
    "far from zero": ("student_t", 1e8 + drawn(stats.t(3), 300, 8), None),
    "in millionths": ("log_normal", 1e-6 * drawn(stats.lognorm(2), 100, 9), LOC),
    "in billions": ("inverse_gaussian", 1e9 * drawn(stats.invgauss(0.5), 100, 10), LOC),
    "one far outlier": ("student_t", np.append(drawn(stats.norm(0, 1), 100, 11), 1e6), None),
    "a tail without a variance": ("generalized_pareto", drawn(stats.genpareto(1.5), 300, 12), LOC),
    "rounded numbers": ("normal", np.round(drawn(stats.norm(0, 1), 200, 13)), {}),
    "nearly all of one direction": ("von_mises", drawn(stats.vonmises(500, 3.0), 100, 14), None),
    "two groups": ("logistic", np.r_[rng(15).normal(-50, 1, 50), rng(16).normal(50, 1, 50)], {}),
    "rare counts": ("negative_binomial", drawn(stats.nbinom(0.05, 0.02), 400, 17), None),
    "large counts": ("negative_binomial", drawn(stats.nbinom(4, 1e-5), 200, 18), None),
    "few trials, U-shaped": ("beta_binomial:trials=10", drawn(stats.betabinom(10, 0.2, 0.3), 300, 19), None),
}  # fmt: skip


QUICK = ("11806", "9166", "far from zero", "large counts")
CASES = [c if c.startswith(QUICK) else pytest.param(c, marks=pytest.mark.full) for c in ENDS_WELL]


@pytest.mark.once
@pytest.mark.parametrize("case", CASES)
def test_it_ends_well(case):
    name, data, options = ENDS_WELL[case]
    y = np.asarray(data, dtype=float)
    fit = ls.fit_distribution(y, name)
    assert fit.success and fit.gradient < 1e-5, fit.flags
    assert all(np.isfinite(error) and error > 0 for error in fit.standard_errors.values())
    known = fit.scipy
    np.testing.assert_allclose(getattr(known, "logpmf", known.logpdf)(y).sum() if not hasattr(known.dist, "pmf")
                               else known.logpmf(y).sum(), fit.log_likelihood, rtol=1e-7)  # fmt: skip
    if options is not None:
        family = getattr(stats, fit.loss.scipy)
        peer = family(*family.fit(y, **options)).logpdf(y).sum()
        assert fit.log_likelihood >= peer - 1e-6 * len(y)


@pytest.mark.once
def test_frequencies_are_weights():
    """20659: a table of counts, which SciPy takes row by row."""
    fit, many = ls.fit_distribution(HEIGHTS - 0.7, "weibull", weights=COUNTS), np.repeat(HEIGHTS - 0.7, COUNTS)
    shape, _, scale = stats.weibull_min.fit(many, floc=0)
    np.testing.assert_allclose([fit.parameters["scale"], fit.parameters["shape"]], [scale, shape], rtol=1e-4)
    assert fit.log_likelihood >= stats.weibull_min(shape, 0, scale).logpdf(many).sum() - 1e-6
    assert fit.success and fit.rows == sum(COUNTS)


@pytest.mark.once
def test_what_is_censored_lies_in_what_could_be_seen():
    """SurPyval's thread 310: otherwise a probability above 1, and a likelihood without bound."""
    y = rng(7).lognormal(0.0, 0.6, 200)
    cut = np.quantile(y, 0.85)
    low = y < cut
    fit = ls.fit_distribution(np.where(low, cut, y), "log_normal", censored=-low.astype(int),
                              truncated=(0.5 * y.min(), None))  # fmt: skip
    assert fit.success and abs(fit.parameters["mu"]) < 4 * fit.standard_errors["mu"]
    known, end = fit.scipy, 0.5 * y.min()
    right = known.logpdf(y[~low]).sum() + low.sum() * np.log(known.cdf(cut) - known.cdf(end)) - 200 * known.logsf(end)
    np.testing.assert_allclose(fit.log_likelihood, right, rtol=1e-10)


SAYS_WHY = {
    "15 of 15 above": ("exponential", np.arange(1.0, 16), {"censored": np.ones(15)}, None),
    "a far window": ("weibull", 5 + drawn(stats.expon(scale=1e-3), 50, 20), {"truncated": (5.0, None)}, None),
    "equal shares": ("beta", [0.5] * 20, {}, None),
    "equal amounts": ("gamma", [3.0] * 20, {}, None),
    "equal maxima": ("generalized_extreme_value", [3.0] * 20, {}, "unbounded likelihood"),
    "as many zeros as Poisson": ("zero_inflated_poisson", [0, 1, 0, 2, 1, 1, 3, 0, 1, 0], {}, "boundary"),
    "all zeros": ("poisson", np.zeros(10), {}, "boundary"),
    "all successes": ("binomial:trials=10", np.full(10, 10.0), {}, "boundary"),
    "one number": ("normal", [4.0], {}, "unbounded likelihood"),
    "a uniform sample": ("generalized_pareto", np.linspace(0.001, 1, 200), {}, "unbounded likelihood"),
}  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("case", SAYS_WHY)
def test_it_says_why_not(case):
    name, data, options, flag = SAYS_WHY[case]
    fit = ls.fit_distribution(data, name, **options)
    assert not fit.success and fit.flags and fit.sentences()
    assert flag is None or flag in fit.flags
    assert all(not error > 0 for error in fit.standard_errors.values())
