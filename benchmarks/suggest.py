"""Is what `ls.suggest` says better on held-out rows? Ten real tables, its first loss beside the usual one.

    python benchmarks/suggest.py

Each table is split 40 times into two thirds and one third. Both losses are fitted to the same linear model of the first
part, and judged on the second by what the suggestion says is wanted. Printed: the mean of either, how often the
suggestion won, and the code. The tables come with statsmodels and scikit-learn, or with lossary.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import optimize, special, stats

import lossary as ls

Array = np.ndarray
SPLITS = 40
LINKS = ("log", "identity")  # an exponential, or near enough to a softplus: the likelier one
warnings.simplefilter("ignore")


@dataclass(frozen=True)
class Case:
    """A table, what is asked of its target, how each side is fitted, and what judges: smaller is better."""

    name: str
    x: Array
    y: Array
    by: str
    ours: Callable[[Array, Array, Array], Any]
    usual: Callable[[Array, Array, Array], Any]
    judge: Callable[[Array, Any], float]
    asked: dict[str, Any] = field(default_factory=dict)


def linear(loss: Any) -> Callable[[Array, Array, Array], Array]:
    """The predictions of a linear fit."""
    return lambda x, y, new: np.asarray(ls.fit_linear(x, y, loss=loss).predict(new))


def glm(family: str, *more: str) -> Callable[[Array, Array, Array], Any]:
    """The means of a regression by likelihood, and further parameters of it by name."""

    def fitted(x: Array, y: Array, new: Array) -> Any:
        fits = [ls.fit_glm(x, y, family=family, link=link) for link in (LINKS if family == "gamma" else (None,))]
        fit = max(fits, key=lambda fit: fit.log_likelihood)
        mean = np.asarray(fit.predict(new))
        return (mean, *(fit.parameters[name] for name in more)) if more else mean

    return fitted


def normal(x: Array, y: Array, new: Array) -> tuple[Array, float]:
    """The mean and the spread of a least-squares fit."""
    fit = ls.fit_linear(x, y, loss="mse")
    return np.asarray(fit.predict(new)), float(np.std(y - np.asarray(fit.predict(x))))


def nll_of_counts(y: Array, given: Any) -> float:
    mean, extra = given
    return float(-stats.nbinom(1 / extra, 1 / (1 + extra * mean)).logpmf(y).mean())


def nll_of_normal(y: Array, given: Any) -> float:
    """A density beside probabilities of whole numbers: of the interval from y - 1/2 to y + 1/2."""
    mean, spread = given
    inside = stats.norm.cdf(y + 0.5, mean, spread) - stats.norm.cdf(y - 0.5, mean, spread)
    return float(-np.log(np.maximum(inside, 1e-300)).mean())


def deviance(power: float) -> Callable[[Array, Array], float]:
    """A prediction that is no amount is read as a hundredth of the mean."""

    def judged(y: Array, mean: Array) -> float:
        mean = np.maximum(mean, y.mean() / 100)
        if power == 2:
            return float(2 * (y / mean - np.log(y / mean) - 1).mean())
        a = power
        terms = y ** (2 - a) / ((1 - a) * (2 - a)) - y * mean ** (1 - a) / (1 - a) + mean ** (2 - a) / (2 - a)
        return float(2 * terms.mean())

    return judged


def log_loss(y: Array, p: Array) -> float:
    p = np.clip(p, 1e-3, 1 - 1e-3)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def pinball(q: float) -> Callable[[Array, Array], float]:
    return lambda y, p: float(np.maximum(q * (y - p), (q - 1) * (y - p)).mean())


def mae(y: Array, p: Array) -> float:
    return float(abs(y - p).mean())


def cost_of(missed: float) -> Callable[[Array, Array], float]:
    return lambda y, z: float((missed * ((y == 1) & (z <= 0)) + ((y == 0) & (z > 0))).mean())


def cumulative(x: Array, y: Array, new: Array) -> Array:
    """Log-probabilities of levels by one score and thresholds."""
    levels = int(y.max()) + 1

    def gaps(w: Array, at: Array) -> Array:
        thresholds = np.cumsum(np.concatenate([w[:1], np.exp(w[1 : levels - 1])]))
        return thresholds[None] - (at @ w[levels - 1 :])[:, None]

    start = np.concatenate([[-2.0], np.zeros(levels - 2), np.zeros(x.shape[1])])

    def value(w: Array) -> float:
        return float(np.mean(np.asarray(ls.cumulative_link(y.astype(int), gaps(w, x)))))  # in float64

    w = optimize.minimize(value, start, method="BFGS").x
    above = np.column_stack([np.zeros(len(new)), special.expit(gaps(w, new)), np.ones(len(new))])
    return np.log(np.maximum(np.diff(above, axis=1), 1e-12))


def softmax(x: Array, y: Array, new: Array) -> Array:
    fit = ls.fit_linear(x, y.astype(int), loss=ls.SparseCategoricalCrossentropy(from_logits=True))
    return special.log_softmax(np.asarray(fit.predict(new)), 1)


def nll_of_levels(y: Array, logs: Array) -> float:
    return float(-logs[np.arange(len(y)), y.astype(int)].mean())


def cox(x: Array, y: Array, new: Array) -> Array:
    def value(w: Array) -> float:
        return float(np.mean(np.asarray(ls.cox_ph(time=y[:, 0], event=y[:, 1], score=x @ w))))

    return new @ optimize.minimize(value, np.zeros(x.shape[1]), method="BFGS").x


def time_alone(x: Array, y: Array, new: Array) -> Array:
    return -np.asarray(ls.fit_linear(x, y[:, 0], loss="mse").predict(new))


def disagreeing(y: Array, score: Array) -> float:
    """The share of pairs whose order is known, and wrong."""
    time, event = y.T
    known = (time[:, None] < time[None]) & (event[:, None] == 1)
    return float((np.subtract.outer(score, score) <= 0)[known].mean())


def scaled(x: Any) -> Array:
    x = np.asarray(x, float)
    return (x - x.mean(0)) / x.std(0)


def cases() -> list[Case]:
    """The ten tables."""
    import statsmodels.api as sm
    from sklearn import datasets

    def of(name: str) -> Any:
        return getattr(sm.datasets, name).load_pandas().data

    visits, affairs, schools, votes, engel = map(of, ("randhie", "fair", "star98", "anes96", "engel"))
    cards, hearts, stack = map(of, ("ccard", "heart", "stackloss"))
    visits = visits.sample(3000, random_state=0)
    diabetes, breasts = datasets.load_diabetes(), datasets.load_breast_cancer()
    share = schools["NABOVE"] / (schools["NABOVE"] + schools["NBELOW"])
    rates = ["LOWINC", "PERASIAN", "PERBLACK", "PERHISP", "PERMINTE", "AVYRSEXP", "AVSALK", "PERSPENK", "PTRATIO"]
    malignant = (breasts.target == 0).astype(float)
    few = breasts.data[:, :5]
    own = ["age", "educ", "income", "selfLR"]
    logit, squares = ls.BinaryCrossentropy(from_logits=True), ls.MeanSquaredError()
    weighted = ls.WeightedBinaryCrossentropy(from_logits=True, pos_weight=10.0)
    return [
        Case("visits to a doctor (randhie)", scaled(visits.drop(columns="mdvis")), visits["mdvis"].to_numpy(float),
             "log-likelihood", glm("negative_binomial", "dispersion"), normal, None),
        Case("time in affairs (fair)", scaled(affairs.drop(columns="affairs")), affairs["affairs"].to_numpy(float),
             "Tweedie deviance", glm("tweedie"), linear(squares), deviance(1.5)),
        Case("pupils above the median (star98)", scaled(schools[rates]), share.to_numpy(float), "cross-entropy",
             lambda x, y, new: special.expit(linear(logit)(x, y, new)), linear(squares), log_loss),
        Case("party of voters (anes96)", scaled(votes[own]), votes["PID"].to_numpy(float), "log-likelihood",
             cumulative, softmax, nll_of_levels, {"task": "ordinal"}),
        Case("expenditure on food (engel)", scaled(engel[["income"]]), engel["foodexp"].to_numpy(float),
             "gamma deviance", glm("gamma"), linear(squares), deviance(2)),
        Case("spending by credit card (ccard)", scaled(cards.drop(columns="AVGEXP")), cards["AVGEXP"].to_numpy(float),
             "gamma deviance", glm("gamma"), linear(squares), deviance(2)),
        Case("course of diabetes, cost=0.9", scaled(diabetes.data), diabetes.target.astype(float), "pinball loss",
             linear(ls.Quantile(q=0.9)), linear(squares), pinball(0.9), {"task": "regression", "cost": 0.9}),
        Case("breast tumours, cost=(10, 1)", scaled(few), malignant, "cost of decisions", linear(weighted),
             linear(logit), cost_of(10), {"cost": (10.0, 1.0)}),
        Case("survival after transplants (heart)", scaled(hearts[["age"]]),
             hearts[["survival", "censors"]].to_numpy(float), "order of times", cox, time_alone, disagreeing),
        Case("loss of ammonia (stackloss), median", scaled(stack.iloc[:, 1:]), stack.iloc[:, 0].to_numpy(float),
             "absolute error", linear(ls.MeanAbsoluteError()), linear(squares), mae,
             {"task": "regression", "cost": "median"}),
    ]  # fmt: skip


def main() -> None:
    won = 0
    print(f"{'table':40}{'said':42}{'by':20}{'ours':>9}{'usual':>9}  won")
    for case in cases():
        said = ls.suggest(case.y, **case.asked)[0]
        scores = []
        for seed in range(SPLITS):
            order = np.random.default_rng(seed).permutation(len(case.y))
            cut = len(order) * 2 // 3
            a, b = order[:cut], order[cut:]
            ours = case.ours(case.x[a], case.y[a], case.x[b])
            usual = case.usual(case.x[a], case.y[a], case.x[b])
            judges = (case.judge, case.judge) if case.judge else (nll_of_counts, nll_of_normal)
            scores.append((judges[0](case.y[b], ours), judges[1](case.y[b], usual)))
        mean, better = np.mean(scores, 0), np.mean([a < b for a, b in scores])
        won += mean[0] < mean[1]
        print(f"{case.name:40}{said.code:42}{case.by:20}{mean[0]:9.4f}{mean[1]:9.4f}  {better:4.0%}", flush=True)
    print(f"\nBetter on {won} of {len(cases())} tables.")


if __name__ == "__main__":
    main()
