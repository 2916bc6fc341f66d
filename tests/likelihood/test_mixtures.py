"""Mixtures of normal distributions: recovered, and what cannot be is said."""

import numpy as np
import pytest
from scipy import stats

import lossary as ls


def mixed(rows, w, mean, std, seed=0):
    rng = np.random.default_rng(seed)
    which = rng.choice(len(w), rows, p=w)
    return rng.normal(np.array(mean)[which], np.array(std)[which])


@pytest.mark.once
@pytest.mark.parametrize("rows", [800, 40_000])
def test_two_components_are_recovered(rows):
    y = mixed(rows, [0.3, 0.7], [-2.0, 1.5], [0.5, 1.0])
    fit = ls.fit_distribution(y, "normal_mixture")
    assert fit.success and fit.flags == ("several maxima",) and fit.sentences()
    for name, truth in {"weight_1": 0.3, "mean_1": -2.0, "mean_2": 1.5, "std_1": 0.5, "std_2": 1.0}.items():
        assert abs(fit.parameters[name] - truth) < 4 * fit.standard_errors[name]
    right = 0.3 * stats.norm(-2, 0.5).pdf(y) + 0.7 * stats.norm(1.5, 1).pdf(y)
    assert fit.log_likelihood > np.log(right).sum()
    np.testing.assert_allclose(fit.log_density(y).sum(), fit.log_likelihood, rtol=1e-10)
    np.testing.assert_allclose(fit.cdf(fit.quantile([0.1, 0.6])), [0.1, 0.6], atol=1e-9)
    assert abs(fit.sample(4000, seed=1).mean() - y.mean()) < 0.15


@pytest.mark.once
def test_three_components_by_their_loss():
    y = mixed(3000, [0.2, 0.3, 0.5], [-5.0, 0.0, 4.0], [0.6, 0.8, 1.0])
    fit = ls.fit_distribution(y, ls.GaussianMixtureNLL(components=3))
    assert fit.success
    np.testing.assert_allclose([fit.parameters[f"mean_{k}"] for k in (1, 2, 3)], [-5, 0, 4], atol=0.2)
    assert fit.parameters["weight_2_of_rest"] == pytest.approx(0.3 / 0.8, abs=0.05)


def of_two(kind, rng, rows):
    first = rng.random(rows) < 0.4
    draw = {
        "gamma": (rng.gamma(9, 1 / 9, rows), rng.gamma(4, 8 / 4, rows)),
        "poisson": (rng.poisson(1.5, rows), rng.poisson(12, rows)),
        "weibull": (rng.weibull(3, rows), 8 * rng.weibull(2.0, rows)),
    }[kind]
    return np.where(first, *draw)


OTHERS = {
    "gamma": {"weight_1": 0.4, "mean_1": 1.0, "mean_2": 8.0, "shape_1": 9.0, "shape_2": 4.0},
    "poisson": {"weight_1": 0.4, "rate_1": 1.5, "rate_2": 12.0},
    "weibull": {"weight_1": 0.4, "scale_1": 1.0, "scale_2": 8.0, "shape_1": 3.0, "shape_2": 2.0},
}


@pytest.mark.once
@pytest.mark.parametrize("kind", OTHERS)
def test_mixtures_of_others_are_recovered(kind):
    y = of_two(kind, np.random.default_rng(3), 4_000)
    fit = ls.fit_distribution(y, ls.MixtureNLL(distribution=kind))
    assert fit.success and fit.model == f"{kind}_mixture"
    for name, truth in OTHERS[kind].items():
        assert abs(fit.parameters[name] - truth) < 4 * fit.standard_errors[name], name
    at = {"poisson": fit.law.step}.get(kind)
    density = at(y) if at else np.gradient(fit.cdf(np.linspace(0.1, 20, 20_001)), np.linspace(0.1, 20, 20_001))
    told = np.exp(fit.log_density(y if at else np.linspace(0.1, 20, 20_001)))
    np.testing.assert_allclose(density[10:-10], told[10:-10], rtol=1e-3, atol=1e-6)


@pytest.mark.once
def test_a_mixture_of_normals_by_either_loss():
    y = mixed(300, [0.3, 0.7], [-2.0, 1.5], [0.5, 1.0])
    same = [ls.fit_distribution(y, loss).log_likelihood for loss in (ls.MixtureNLL(), ls.GaussianMixtureNLL())]
    assert same[0] == same[1]


CLOSED = {
    "equal numbers": np.concatenate([np.random.default_rng(1).normal(0, 1, 30), np.full(30, 5.0)]),
    "too few": np.array([0.0, 0.1, 7.0]),
    "constant": np.ones(20),
}


@pytest.mark.once
@pytest.mark.parametrize("case", CLOSED)
def test_a_component_that_closes_in_is_no_estimate(case):
    fit = ls.fit_distribution(CLOSED[case], "normal_mixture")
    assert not fit.success and fit.sentences()
    assert all(not error > 0 for error in fit.standard_errors.values())


@pytest.mark.once
def test_one_component_is_not_two():
    """Of a normal sample, two components are at most a little more likely, and never told well."""
    y = stats.norm(0, 1).rvs(400, random_state=np.random.default_rng(2))
    two, one = ls.fit_distribution(y, "normal_mixture"), ls.fit_distribution(y, "normal")
    assert two.log_likelihood >= one.log_likelihood - 1e-6
    assert not two.success or two.aic > one.aic - 4
