"""Fits by maximum likelihood beside scipy.stats: log-likelihoods and times. And how often intervals cover.

python benchmarks/likelihood.py [rows]          # times and log-likelihoods of all families
python benchmarks/likelihood.py cover [samples] # 95 % intervals of regular families, samples of 300 rows
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
from scipy import optimize, stats

import lossary as ls

FAMILIES = {
    "normal": (stats.norm(2, 3), {}), "laplace": (stats.laplace(1, 2), {}), "student_t": (stats.t(4, 1, 2), {}),
    "logistic": (stats.logistic(1, 2), {}), "cauchy": (stats.cauchy(1, 2), {}), "gumbel": (stats.gumbel_r(1, 2), {}),
    "generalized_extreme_value": (stats.genextreme(-0.2, 1, 2), {}),
    "generalized_normal": (stats.gennorm(1.5, 1, 2), {}), "skew_normal": (stats.skewnorm(4, 1, 2), {}),
    "exponential": (stats.expon(scale=3), {"floc": 0}), "gamma": (stats.gamma(2, scale=3), {"floc": 0}),
    "inverse_gaussian": (stats.invgauss(0.5, scale=4), {"floc": 0}),
    "log_normal": (stats.lognorm(0.7, scale=3), {"floc": 0}),
    "weibull": (stats.weibull_min(1.5, scale=3), {"floc": 0}),
    "generalized_pareto": (stats.genpareto(0.2, scale=3), {"floc": 0}),
    "pareto": (stats.pareto(2.5), {"floc": 0, "fscale": 1}), "beta": (stats.beta(2, 3), {"floc": 0, "fscale": 1}),
    "von_mises": (stats.vonmises(2, 1), {"fscale": 1}), "poisson": (stats.poisson(3), None),
    "negative_binomial": (stats.nbinom(3, 0.4), None), "binomial": (stats.binom(10, 0.3), None),
    "beta_binomial": (stats.betabinom(10, 2, 3), None),
}  # fmt: skip


def timed(work):
    """The result, and the seconds of a first and a second call."""
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - began)
    return found, *seconds


def by_optimizer(fit, y):
    """Counts have no fit in SciPy: its optimiser on its log-probabilities, from the same start in logarithms."""
    family, loss = getattr(stats, fit.loss.scipy), fit.loss
    start = loss.start(fit.data)
    turn = {"positive": np.exp, "share": lambda z: 1 / (1 + np.exp(-z)), "real": lambda z: z}
    back = {"positive": np.log, "share": lambda p: np.log(p / (1 - p)), "real": lambda p: p}

    def value(z):
        known = {n: turn[k](v) for (n, k), v in zip(loss.heads.items(), z, strict=True)}
        return -family(**loss.in_scipy(**known)).logpmf(y).sum()

    return -optimize.minimize(value, [back[k](start[n]) for n, k in loss.heads.items()]).fun


def beside_scipy(rows):
    print(f"{'family':28s}{'own cold s':>11s}{'own warm s':>11s}{'scipy s':>9s}{'ratio':>8s}{'gain per row':>14s}")
    for name, (known, options) in FAMILIES.items():
        y = known.rvs(rows, random_state=np.random.default_rng(0))
        fit, cold, warm = timed(lambda y=y, name=name: ls.fit_distribution(y, name))
        began = time.perf_counter()
        if options is None:
            peer = by_optimizer(fit, y)
        else:
            family = getattr(stats, fit.loss.scipy)
            peer = family(*family.fit(y, **options)).logpdf(y).sum()
        took = time.perf_counter() - began
        print(f"{name:28s}{cold:11.3f}{warm:11.3f}{took:9.2f}{took / warm:8.1f}"
              f"{(fit.log_likelihood - peer) / rows:14.1e}"
              + ("" if fit.success else f"  {fit.flags}"), flush=True)  # fmt: skip


def coverage(samples, rows=300):
    for name, (known, _) in FAMILIES.items():
        rng = np.random.default_rng(1)
        big = known.rvs(200_000, random_state=rng)
        truth = ls.fit_distribution(big, name).parameters
        inside = dict.fromkeys(truth, 0)
        for _ in range(samples):
            fit = ls.fit_distribution(known.rvs(rows, random_state=rng), name)
            for parameter, value in truth.items():
                low, high = fit.interval(parameter)
                inside[parameter] += low <= value <= high
        print(name, {p: round(count / samples, 3) for p, count in inside.items()}, flush=True)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    words = sys.argv[1:]
    if words[:1] == ["cover"]:
        coverage(int(words[1]) if len(words) > 1 else 1000)
    else:
        beside_scipy(int(words[0]) if words else 1_000_000)
