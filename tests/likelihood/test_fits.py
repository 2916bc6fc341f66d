"""Fits by maximum likelihood: against scipy.stats and statsmodels, and what is said where there is no estimate."""

import numpy as np
import pytest
from keras import ops
from scipy import stats

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.heads.distributions import Predicted
from lossary.heads.laws import MADE
from lossary.likelihood.plain import distribution, known

from .families import FAMILIES, asked

SOME = (
    "normal",
    "laplace",
    "student_t",
    "generalized_extreme_value",
    "gamma",
    "weibull",
    "poisson",
    "negative_binomial",
)
CASES = [name if name in SOME else pytest.param(name, marks=pytest.mark.full) for name in FAMILIES]


@pytest.mark.once
@pytest.mark.parametrize("name", CASES)
def test_no_fit_of_scipy_is_more_likely(name):
    known, options = FAMILIES[name]
    y = known.rvs(200, random_state=np.random.default_rng(3))
    fit = ls.fit_distribution(y, asked(name))
    assert fit.success or fit.flags == ("boundary",)
    own = fit.log_density(y).sum()
    np.testing.assert_allclose(own, fit.log_likelihood, rtol=1e-10)
    if fit.loss.scipy is not None:
        given = fit.scipy.logpmf(y) if options is None else fit.scipy.logpdf(y)
        np.testing.assert_allclose(given.sum(), own, rtol=1e-9)
        np.testing.assert_allclose(fit.cdf(fit.quantile(0.3)), 0.3, atol=1e-6 if options is not None else 0.3)
    truth = known.logpmf(y) if options is None else known.logpdf(y)
    if name not in ("zero_inflated_poisson", "hurdle_poisson"):
        assert own >= truth.sum() - 1e-9
    if options is not None:
        family = getattr(stats, fit.loss.scipy)
        peer = family(*family.fit(y, **options)).logpdf(y).sum()
        assert own >= peer - 1e-6 * len(y)


def test_all_backends_find_the_same(rng):
    y = stats.gamma(2, scale=3).rvs(60, random_state=np.random.default_rng(1))
    fit = ls.fit_distribution(y, "gamma")
    a, _, scale = stats.gamma.fit(y, floc=0)
    np.testing.assert_allclose([fit.parameters["shape"], fit.parameters["mean"]], [a, a * scale], rtol=1e-6)
    assert fit.success and fit.gradient < 1e-6 and fit.condition < 10


@pytest.mark.once
def test_standard_errors_are_those_of_the_information():
    y = stats.norm(2, 3).rvs(400, random_state=np.random.default_rng(2))
    fit = ls.fit_distribution(y, "normal")
    np.testing.assert_allclose(fit.standard_errors["mean"], y.std() / 20, rtol=1e-9)
    np.testing.assert_allclose(fit.standard_errors["std"], y.std() / np.sqrt(800), rtol=1e-9)
    np.testing.assert_allclose(fit.robust_errors["mean"], y.std() / 20, rtol=1e-9)
    low, high = fit.interval("mean", method="profile")
    assert low < fit.parameters["mean"] < high
    np.testing.assert_allclose(fit.interval("mean"), [low, high], rtol=1e-2)
    _, drop = fit.profile("mean", [low, fit.parameters["mean"], high])
    np.testing.assert_allclose(drop, [-1.9207, 0, -1.9207], atol=1e-3)


@pytest.mark.once
def test_intervals_are_around_their_estimates_however_large():
    y = stats.norm(5000, 800).rvs(300, random_state=np.random.default_rng(12))
    fit = ls.fit_distribution(y, "normal")
    for method in ("wald", "profile"):
        low, high = fit.interval("mean", method=method)
        np.testing.assert_allclose([low, high], y.mean() + np.array([-1.96, 1.96]) * y.std() / np.sqrt(300), rtol=1e-3)


@pytest.mark.once
def test_weights_count_rows():
    y, w = np.array([1.0, 2.0, 5.0, 7.5]), np.array([1.0, 3.0, 2.0, 0.0])
    many = np.repeat(y, w.astype(int))
    a, b = ls.fit_distribution(y, "gamma", weights=w), ls.fit_distribution(many, "gamma")
    for part in ("parameters", "standard_errors", "robust_errors"):
        np.testing.assert_allclose(list(getattr(a, part).values()), list(getattr(b, part).values()), rtol=1e-7)
    assert a.rows == b.rows == 6


@pytest.mark.once
def test_censored_rows_count_as_at_least():
    fit = ls.fit_distribution([1.0, 2.0, 3.0, 4.0, 5.0], "exponential", censored=[0, 0, 1, 1, 0])
    np.testing.assert_allclose(fit.parameters["mean"], 15 / 3, rtol=1e-8)
    np.testing.assert_allclose(fit.standard_errors["mean"], 5 / np.sqrt(3), rtol=1e-4)
    left = stats.norm(0, 1).rvs(500, random_state=np.random.default_rng(5))
    fit = ls.fit_distribution(np.maximum(left, -0.5), "normal", censored=np.where(left < -0.5, -1, 0))
    np.testing.assert_allclose([fit.parameters["mean"], fit.parameters["std"]], [0, 1], atol=0.12)


@pytest.mark.once
def test_a_start_is_no_estimate_where_something_is_known_beside():
    """Laplace's median and mean distance are its estimates only where all is free and all was seen."""
    y = np.random.default_rng(0).laplace(2.0, 1.0, 400)
    held = ls.fit_distribution(y, "laplace", fixed={"loc": 0.0})
    assert held.parameters["scale"] == pytest.approx(np.abs(y).mean(), rel=1e-6)
    fit = ls.fit_distribution(np.minimum(y, 3.0), "laplace", censored=(y > 3.0).astype(int))
    best = stats.laplace.fit(stats.CensoredData.right_censored(np.minimum(y, 3.0), y > 3.0))
    known = stats.laplace(*best)
    most = known.logpdf(y[y <= 3.0]).sum() + (y > 3.0).sum() * known.logsf(3.0)
    assert fit.success and fit.log_likelihood >= most - 1e-6 * len(y)


def test_fixed_parameters_stay():
    y = stats.t(4, 1, 2).rvs(300, random_state=np.random.default_rng(6))
    fit = ls.fit_distribution(y, "student_t", fixed={"df": 4})
    assert fit.parameters["df"] == pytest.approx(4) and fit.standard_errors["df"] == 0 and fit.count == 2
    _, loc, scale = stats.t.fit(y, f0=4)
    np.testing.assert_allclose([fit.parameters["loc"], fit.parameters["scale"]], [loc, scale], rtol=1e-4)


def test_a_name_has_no_trials():
    """Counts of trials by name: one trial for rows of 0 and 1, else their number is asked for; never a default."""
    yes = np.arange(60) % 3 == 0
    x = np.random.default_rng(1).normal(size=(60, 1))
    for name in ("bernoulli", "binomial", "binomial:trials=1", ls.BinomialNLL(trials=1)):
        assert ls.fit_distribution(yes, name).parameters["p"] == pytest.approx(1 / 3)
    both = [ls.fit_glm(x, yes, family=name).parameters for name in ("binomial", ls.BinomialNLL(trials=1))]
    assert both[0] == both[1]
    for name, data in (("binomial", [0, 2, 3, 2]), ("beta_binomial", yes), ("Beta-Binomial", [0, 2, 3, 2])):
        with pytest.raises(LossaryError, match=r"trials=(2|3)\) or"):
            ls.fit_distribution(data, name)
        with pytest.raises(LossaryError, match="number of trials"):
            ls.fit_glm(np.zeros((len(data), 1)), data, family=name)
    with pytest.raises(LossaryError, match="0 to 1"):
        ls.fit_distribution([0, 2], "bernoulli")


SAID = {
    "constant": ([2.0] * 10, "normal", "unbounded likelihood"),
    "two numbers": ([2.0, 3.0], "student_t", "too few data"),
    "no more spread than Poisson": ([2.0, 3.0, 2.0, 3.0, 2.0, 3.0], "negative_binomial", "boundary"),
    "no additional zeros": ([2.0, 3.0, 1.0, 4.0, 2.0, 5.0], "zero_inflated_poisson", "boundary"),
    "a uniform tail": (np.linspace(0.01, 1, 50), "generalized_pareto", None),
    "light tails": (np.linspace(-1, 1, 50), "student_t", "boundary"),
}


@pytest.mark.once
@pytest.mark.parametrize("case", SAID)
def test_no_success_where_there_is_none(case):
    data, name, flag = SAID[case]
    fit = ls.fit_distribution(data, name)
    assert not fit.success
    if flag:
        assert flag in fit.flags
    assert all(not error > 0 for error in fit.standard_errors.values())
    assert fit.sentences() and repr(fit) and fit._repr_html_()


# samples of SciPy's threads on fits that went wrong
HARD = [
    ("gamma", stats.gamma(0.05, scale=1)),
    ("gamma", stats.gamma(9e4, scale=1e-3)),
    ("weibull", stats.weibull_min(0.4)),
    ("weibull", stats.weibull_min(40, scale=1e-6)),
    ("beta", stats.beta(0.1, 9)),
    ("beta", stats.beta(400, 900)),
]


@pytest.mark.once
@pytest.mark.parametrize(("name", "known"), HARD)
def test_hard_samples_end_well(name, known):
    y = known.rvs(100, random_state=np.random.default_rng(7))
    fit = ls.fit_distribution(np.clip(y, 1e-300, 1 - 1e-16 if name == "beta" else None), name)
    assert fit.success and fit.gradient < 1e-5


@pytest.mark.once
def test_wrong_data_are_refused():
    for data, name in (
        ([-1.0, 2.0], "gamma"),
        ([0.5, 1.5], "poisson"),
        ([0.5, 2.0], "beta"),
        ([1.0, np.nan], "normal"),
    ):
        with pytest.raises(LossaryError, match="data holds"):
            ls.fit_distribution(data, name)
    with pytest.raises(LossaryError, match="no_such"):
        ls.fit_distribution([1.0, 2.0], "no_such")
    with pytest.raises(LossaryError, match="fixed"):
        ls.fit_distribution([1.0, 2.0], "normal", fixed={"scale": 1.0})


@pytest.mark.once
def test_a_comparison_is_in_order():
    found = ls.compare_distributions(stats.gamma(2, scale=3).rvs(300, random_state=np.random.default_rng(8)),
                                     ["normal", "gamma", "exponential", "poisson"])  # fmt: skip
    assert found.best.model == "gamma" and "poisson" in found.refused
    aics = [fit.aic for fit in found.fits]
    assert aics == sorted(aics) and "gamma" in repr(found)


@pytest.mark.once
def test_a_function_of_ones_own():
    y = stats.gamma(2, scale=3).rvs(200, random_state=np.random.default_rng(9))

    def weighed(y, p):
        return ops.log(p["share"]) - y * p["share"]

    fit = ls.fit_likelihood(weighed, y, start={"share": 1.0}, positive=("share",))
    np.testing.assert_allclose(fit.parameters["share"], 1 / y.mean(), rtol=1e-9)
    np.testing.assert_allclose(fit.standard_errors["share"], 1 / y.mean() / np.sqrt(200), rtol=1e-7)


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "known", "parameter", "truth"),
    [("gamma", stats.gamma(2, scale=3), "shape", 2.0), ("negative_binomial", stats.nbinom(3, 0.4), "mean", 4.5)],
)
def test_intervals_cover(name, known, parameter, truth):
    """100 samples of 150; the benchmark has more of both."""
    rng, inside = np.random.default_rng(10), 0
    for _ in range(100):
        low, high = ls.fit_distribution(known.rvs(150, random_state=rng), name).interval(parameter)
        inside += low <= truth <= high
    assert 0.89 <= inside / 100 <= 0.99


@pytest.mark.once
def test_figures_and_samples():
    fit = ls.fit_distribution(stats.poisson(3).rvs(200, random_state=np.random.default_rng(11)), "poisson")
    for kind in ("density", "qq", "profile"):
        assert fit.plot(kind).axes
    assert abs(fit.sample(4000, seed=1).mean() - fit.parameters["rate"]) < 0.15
    with pytest.raises(LossaryError, match="kind"):
        fit.plot("pie")


@pytest.mark.once
@pytest.mark.parametrize("name", ["kumaraswamy", "zero_inflated_poisson", "hurdle_poisson"])
def test_quantiles_of_what_scipy_lacks(name):
    y = {"kumaraswamy": stats.beta(2, 3), "zero_inflated_poisson": stats.poisson(2), "hurdle_poisson": stats.poisson(2)}
    data = y[name].rvs(300, random_state=np.random.default_rng(13))
    fit = ls.fit_distribution(data, name)
    assert abs(float(fit.quantile(0.5)) - np.median(data)) < (0.1 if name == "kumaraswamy" else 1.1)
    assert abs(fit.sample(2000, seed=0).mean() - data.mean()) < 0.2 * data.std()
    assert fit.plot("qq").axes


def laws():
    """Each distribution that can be drawn, at parameters away from any edge."""
    for name in known():
        loss = distribution(name, "")
        if loss.scipy is not None or type(loss) in MADE:
            yield name, loss


EACH = dict(laws())
FEW = ("tweedie", "inverse_gaussian", "zero_inflated_beta")


@pytest.mark.once
@pytest.mark.parametrize("name", [n if n in FEW else pytest.param(n, marks=pytest.mark.full) for n in EACH])
def test_a_sample_gives_its_parameters_back(name):
    """SciPy draws from the distribution; what is estimated lies within five standard errors."""
    loss = EACH[name]
    told = Predicted(loss, np.array([0.5, 0.3, 0.4, 0.2][: loss.outputs]))
    y, truth = told.law.rvs(size=(3000,), random_state=np.random.default_rng(14)), told.parameters
    fit = ls.fit_distribution(y, loss)
    assert fit.success and list(fit.parameters) == list(truth)
    for parameter, value in truth.items():
        assert abs(fit.parameters[parameter] - value) < 5 * fit.standard_errors[parameter], parameter
