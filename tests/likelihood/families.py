"""Distributions that are fitted in the tests: what draws them, and how scipy.stats is asked to fit them."""

import numpy as np
from scipy import stats

import lossary as ls

FAMILIES = {
    "normal": (stats.norm(2, 3), {}),
    "laplace": (stats.laplace(1, 2), {}),
    "student_t": (stats.t(4, 1, 2), {}),
    "logistic": (stats.logistic(1, 2), {}),
    "cauchy": (stats.cauchy(1, 2), {}),
    "gumbel": (stats.gumbel_r(1, 2), {}),
    "generalized_extreme_value": (stats.genextreme(-0.2, 1, 2), {}),
    "generalized_normal": (stats.gennorm(1.5, 1, 2), {}),
    "skew_normal": (stats.skewnorm(4, 1, 2), {}),
    "exponential": (stats.expon(scale=3), {"floc": 0}),
    "gamma": (stats.gamma(2, scale=3), {"floc": 0}),
    "inverse_gaussian": (stats.invgauss(0.5, scale=4), {"floc": 0}),
    "log_normal": (stats.lognorm(0.7, scale=3), {"floc": 0}),
    "weibull": (stats.weibull_min(1.5, scale=3), {"floc": 0}),
    "generalized_pareto": (stats.genpareto(0.2, scale=3), {"floc": 0}),
    "log_logistic": (stats.fisk(2, scale=3), {"floc": 0}),
    "pareto": (stats.pareto(2.5), {"floc": 0, "fscale": 1}),
    "half_normal": (stats.halfnorm(scale=3), {"floc": 0}),
    "inverse_gamma": (stats.invgamma(2.5, scale=3), {"floc": 0}),
    "asymmetric_laplace": (stats.laplace_asymmetric(1.0, 1, 2), {"fkappa": 1.0}),
    "geometric": (stats.geom(0.3, loc=-1), None),
    "beta": (stats.beta(2, 3), {"floc": 0, "fscale": 1}),
    "von_mises": (stats.vonmises(2, 1), {"fscale": 1}),
    "poisson": (stats.poisson(3), None),
    "negative_binomial": (stats.nbinom(3, 0.4), None),
    "hurdle_poisson": (stats.poisson(2), None),
    "zero_inflated_poisson": (stats.poisson(2), None),
    "binomial": (stats.binom(10, 0.3), None),
    "beta_binomial": (stats.betabinom(10, 2, 3), None),
}


def drawn(name, rows, seed):
    """A sample of a family."""
    return FAMILIES[name][0].rvs(rows, random_state=np.random.default_rng(seed))


def asked(name):
    """How a fit is asked for it: the number of trials is not in the data."""
    trials = {"binomial": ls.BinomialNLL(trials=10), "beta_binomial": ls.BetaBinomialNLL(trials=10)}
    return trials.get(name, name)
