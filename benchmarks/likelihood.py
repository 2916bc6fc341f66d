"""Fits by maximum likelihood beside scipy.stats, statsmodels and scikit-learn; how often intervals cover.

python benchmarks/likelihood.py [rows] [families]            # log-likelihoods and times of all families, or of some
python benchmarks/likelihood.py cover [samples] [families]   # 95 % intervals of every family, at the rows stated
python benchmarks/likelihood.py regressions [rows]           # times of regressions
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
    "log_logistic": (stats.fisk(2, scale=3), {"floc": 0}),
    "pareto": (stats.pareto(2.5), {"floc": 0, "fscale": 1}), "beta": (stats.beta(2, 3), {"floc": 0, "fscale": 1}),
    "von_mises": (stats.vonmises(2, 1), {"fscale": 1}), "poisson": (stats.poisson(3), None),
    "negative_binomial": (stats.nbinom(3, 0.4), None), "binomial": (stats.binom(10, 0.3), None),
    "beta_binomial": (stats.betabinom(10, 2, 3), None),
}  # fmt: skip
TRUTH = {
    "normal": (2, 3), "laplace": (1, 2), "student_t": (1, 2, 4), "logistic": (1, 2), "cauchy": (1, 2), "gumbel": (1, 2),
    "generalized_extreme_value": (1, 2, 0.2), "generalized_normal": (1, 2, 1.5), "skew_normal": (1, 2, 4),
    "exponential": (3,), "gamma": (6, 2), "inverse_gaussian": (2, 4), "log_normal": (np.log(3), 0.7),
    "weibull": (3, 1.5), "log_logistic": (3, 2), "generalized_pareto": (3, 0.2), "pareto": (2.5,),
    "beta": (2, 3), "von_mises": (1, 2), "poisson": (3,), "negative_binomial": (4.5, 1 / 3),
    "binomial": (0.3,), "beta_binomial": (2, 3),
}  # fmt: skip


def asked(name):
    """The number of trials is not in the data."""
    return f"{name}:trials=10" if name.endswith("binomial") and "negative" not in name else name


AT = {"skew_normal": 2000, "student_t": 1000, "generalized_normal": 1000}  # rows of a sample, where 300 are few


def without_scipy():
    """Families that SciPy does not draw: (a sample of so many rows, the parameters)."""
    poisson = lambda rng, n: rng.poisson(2.0, n) * (rng.random(n) > 0.3)  # noqa: E731
    binomial = lambda rng, n: rng.negative_binomial(3, 0.4, n) * (rng.random(n) > 0.3)  # noqa: E731
    above = lambda rng, n: stats.poisson(2.0).ppf(rng.uniform(np.exp(-2.0), 1, n))  # noqa: E731
    more = lambda rng, n: stats.nbinom(3, 0.4).ppf(rng.uniform(0.4**3, 1, n))  # noqa: E731
    return {
        "zero_inflated_log_normal": (
            lambda rng, n: rng.lognormal(1.0, 0.5, n) * (rng.random(n) > 0.3),
            (0.3, 1.0, 0.5),
        ),
        "hurdle_negative_binomial": (lambda rng, n: more(rng, n) * (rng.random(n) > 0.3), (4.5, 1 / 3, 0.3)),
        "zero_inflated_poisson": (poisson, (2.0, 0.3)),
        "zero_inflated_negative_binomial": (binomial, (4.5, 1 / 3, 0.3)),
        "hurdle_poisson": (lambda rng, n: above(rng, n) * (rng.random(n) > 0.3), (2.0, 0.3)),
        "kumaraswamy": (lambda rng, n: (1 - rng.random(n) ** (1 / 3)) ** (1 / 2), (2.0, 3.0)),
        "normal_mixture": (
            lambda rng, n: np.where(rng.random(n) < 0.3, rng.normal(-3, 0.7, n), rng.normal(1.5, 1, n)),
            (0.3, -3.0, 1.5, 0.7, 1.0),
        ),
    }


def seconds(work, repeats=3):
    """The result, and the seconds of a first call and of the quickest of more."""
    taken = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - began)
    return found, taken[0], min(taken[1:] or taken)


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


def beside_scipy(rows, names):
    heads = ["cold ms", "warm ms", "errors ms", "scipy ms", "ratio", "gain per row"]
    print(f"{'family':28s}" + "".join(f"{head:>{w}s}" for head, w in zip(heads, (10, 10, 11, 11, 9, 14), strict=True)))
    for name in names or FAMILIES:
        known, options = FAMILIES[name]
        y = known.rvs(rows, random_state=np.random.default_rng(0))
        fit, cold, warm = seconds(lambda y=y, name=name: ls.fit_distribution(y, asked(name)))
        _, told, _ = seconds(lambda fit=fit: fit.standard_errors, 0)
        if options is None:
            peer, took, _ = seconds(lambda fit=fit, y=y: by_optimizer(fit, y), 0)
        else:
            family = getattr(stats, fit.loss.scipy)
            found, took, _ = seconds(lambda y=y, family=family, options=options: family.fit(y, **options), 0)
            for _ in range(20 if took < 0.5 else 0):  # by turns: other work on the machine slows both
                warm = min(warm, seconds(lambda y=y, name=name: ls.fit_distribution(y, asked(name)), 0)[1])
                took = min(took, seconds(lambda y=y, f=family, o=options: f.fit(y, **o), 0)[1])
            peer = family(*found).logpdf(y).sum()
        print(f"{name:28s}{1e3 * cold:10.2f}{1e3 * warm:10.2f}{1e3 * told:11.2f}{1e3 * took:11.1f}{took / warm:9.2f}"
              f"{(fit.log_likelihood - peer) / rows:14.1e}"
              + ("" if fit.success else f"  {fit.flags}"), flush=True)  # fmt: skip


def coverage(samples, names):
    print("share of samples whose 95 % Wald interval covers, and of fits that ended well")
    drawn = {name: (lambda rng, n, known=known: known.rvs(n, random_state=rng), TRUTH[name])
             for name, (known, _) in FAMILIES.items()} | without_scipy()  # fmt: skip
    for name in names or drawn:
        draw, truth = drawn[name]
        rows, rng, good = AT.get(name, 300), np.random.default_rng(1), 0
        inside = np.zeros(len(truth))
        for _ in range(samples):
            fit = ls.fit_distribution(draw(rng, rows), asked(name))
            good += fit.success
            if fit.success:
                ends = np.array([fit.interval(parameter) for parameter in fit.names])
                inside += (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        shares = ", ".join(f"{n} {k / max(good, 1):.3f}" for n, k in zip(fit.names, inside, strict=True))
        print(f"{name:34s}{rows:6d} rows  {good / samples:.3f} ended well: {shares}", flush=True)


def regressions(rows, columns=20):
    """Estimation alone, to the tolerance of each: the largest difference of coefficients stands beside it."""
    import statsmodels.api as sm
    from sklearn import linear_model

    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, columns))
    eta = x @ (0.15 * rng.normal(size=columns))
    families, logs = sm.families, sm.families.links.Log()
    cases = {
        "logistic": (ls.BinomialNLL(trials=1), (rng.random(rows) < 1 / (1 + np.exp(-eta))) * 1.0, families.Binomial(),
                     lambda **o: linear_model.LogisticRegression(C=np.inf, **o)),
        "poisson": ("poisson", rng.poisson(np.exp(eta)) * 1.0, families.Poisson(),
                    lambda **o: linear_model.PoissonRegressor(alpha=0, **o)),
        "gamma": ("gamma", rng.gamma(2, np.exp(eta) / 2), families.Gamma(logs),
                  lambda **o: linear_model.GammaRegressor(alpha=0, **o)),
        "tweedie 1.5": (ls.TweedieDeviance(), rng.gamma(2, np.exp(eta) / 2) * (rng.random(rows) < 0.5),
                        families.Tweedie(logs, var_power=1.5),
                        lambda **o: linear_model.TweedieRegressor(power=1.5, alpha=0, link="log", **o)),
        "negative binomial": ("negative_binomial", rng.negative_binomial(2, 2 / (2 + np.exp(eta))) * 1.0, None, None),
    }  # fmt: skip
    inside = sm.add_constant(x)
    for name, (family, y, theirs, learner) in cases.items():
        fit, cold, warm = seconds(lambda y=y, family=family: ls.fit_glm(x, y, family=family))
        _, told, _ = seconds(lambda fit=fit: fit.standard_errors, 0)
        words = [f"{name:18s} cold {1e3 * cold:8.1f} ms, warm {1e3 * warm:8.1f} ms, errors {1e3 * told:8.1f} ms"]
        for solver in ("lbfgs", "newton-cholesky") if learner else ():
            peer, _, took = seconds(lambda y=y, s=solver, of=learner: of(solver=s, tol=1e-6, max_iter=500).fit(x, y))
            off = np.abs(np.ravel(peer.coef_) - fit.c[1 : columns + 1]).max()
            words.append(f"{solver} {1e3 * took:.0f} ms, ratio {took / warm:.2f} (off {off:.0e})")
        make = (lambda y=y, f=theirs: sm.GLM(y, inside, family=f).fit()) if theirs else (
            lambda y=y: sm.NegativeBinomial(y, inside).fit(disp=0))  # fmt: skip
        peer, took, _ = seconds(make, 0)
        off = np.abs(peer.params[: columns + 1] - fit.c[: columns + 1]).max()
        words.append(f"statsmodels {1e3 * took:.0f} ms, ratio {took / warm:.1f} (off {off:.0e})")
        print("; ".join(words), flush=True)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    words = sys.argv[1:]
    task = words.pop(0) if words and words[0] in ("cover", "regressions") else "scipy"
    number = (
        int(words.pop(0)) if words and words[0].isdigit() else {"cover": 1000, "regressions": 100_000}.get(task, 10**6)
    )
    if task == "cover":
        coverage(number, words)
    elif task == "regressions":
        regressions(number)
    else:
        beside_scipy(number, words)
