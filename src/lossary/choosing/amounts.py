"""Rules for targets that are numbers: amounts, counts, shares, angles, times."""

from __future__ import annotations

import math
from dataclasses import replace

from . import sources
from .facts import FEW, Facts
from .rule import AMOUNTS, LINEAR, MEAN, SHARES, Cost, Suggestion, number, rounded, rule


def _quantile(facts: Facts, cost: Cost) -> bool:
    return not isinstance(cost, (str, type(None)))


# -- a cost that says what is wanted ---------------------------------------------------------------------------------


ANY = " ".join(AMOUNTS)


@rule(ANY, "the cost is a quantile, or costs of too low and too high", _quantile)
def quantile(facts: Facts, cost: Cost) -> list[Suggestion]:
    q = cost if isinstance(cost, float) else cost[0] / (cost[0] + cost[1])
    return [
        Suggestion(
            "Quantile",
            {"q": rounded(q)},
            f"the {number(q)} quantile",
            f"its two slopes stand as {number(q / (1 - q))} to 1, as the costs of too low and too high do",
            "few rows lie beyond an extreme quantile: the fit rests on those alone",
            LINEAR,
            "Quantile",
            sources.KOENKER,
        ),
        Suggestion(
            "MultiQuantile",
            {"q": tuple(sorted({0.1, 0.5, 0.9, rounded(q)}))},
            "several quantiles at once",
            "an interval says more than one of its ends",
            "use ls.heads.Quantiles, or quantiles may cross",
            "ls.heads.Quantiles",
            "MultiQuantile",
            sources.WEN,
        ),
    ]


@rule(ANY, 'cost="median"', lambda facts, cost: cost == "median")
def median(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [
        Suggestion(
            "MeanAbsoluteError",
            {},
            "the median",
            "each unit of error costs the same",
            "the median of skewed amounts is below their mean: totals of predictions come out too low",
            LINEAR,
            "MeanAbsoluteError",
            sources.POINTS,
        ),
        _huber(facts),
    ]


def _huber(facts: Facts) -> Suggestion:
    return Suggestion(
        "Huber",
        {"delta": rounded(1.345 * facts.spread)},
        "a mean that outliers hardly move",
        f"{facts.far:.1%} of the rows lie more than 5 robust standard deviations from the median"
        if facts.far
        else "it is nearly as good as the mean for normal errors and safer for others",
        "delta is in units of the target: 1.345 robust standard deviations of the target here; those of the residuals, "
        "after a first fit, are better",
        LINEAR,
        "MeanAbsoluteError",
        sources.HUBER,
    )


# -- regression ------------------------------------------------------------------------------------------------------


def _piled(facts: Facts) -> tuple[float, str] | None:
    """An end of the range at which many rows lie exactly."""
    if facts.columns > 1 or facts.distinct < FEW:
        return None
    ends = {"low": facts.share_at(facts.low), "high": facts.share_at(facts.high)}
    end = max(ends, key=lambda name: ends[name])
    return (ends[end], end) if ends[end] > 0.05 else None


@rule("regression", 'cost="distribution"', lambda facts, cost: cost == "distribution")
def distribution(facts: Facts, cost: Cost) -> list[Suggestion]:
    heavy = Suggestion(
        "StudentTNLL",
        {},
        "centre, scale and heaviness of the tails",
        "its density falls slowly, so outliers are possible rather than impossible",
        "the scale is no standard deviation; below two degrees of freedom there is none",
        "ls.heads.StudentT(1)",
        "StudentTNLL",
        sources.LANGE,
    )
    normal = Suggestion(
        "NormalNLL",
        {},
        "mean and standard deviation",
        "a mean and a spread for each row",
        "one outlier can make the spread of many rows large",
        "ls.heads.Normal(1)",
        "NormalNLL",
        sources.NIX,
    )
    return [heavy, normal] if facts.far > 0.002 else [normal, heavy]


@rule("regression", "5% or more of the rows lie exactly at one end of the range", lambda f, cost: bool(_piled(f)))
def bounded(facts: Facts, cost: Cost) -> list[Suggestion]:
    share, end = _piled(facts) or (0.0, "")
    at = facts.low if end == "low" else facts.high
    return [
        Suggestion(
            "NormalNLL",
            {"censored": True},
            "mean and spread of the values beyond the bound",
            f"{share:.0%} of the rows are exactly {number(at)}: if a limit of measurement cut them off, they say "
            f"'{number(at)} or {'less' if end == 'low' else 'more'}'",
            "y_true holds both ends of where each target lies: (-inf, limit) or (limit, inf) where it was cut off; if "
            "these rows are true values, use ls.Huber()",
            "ls.heads.Normal(1)",
            "NormalNLL",
            sources.TOBIN,
        ),
        _huber(facts),
    ]


def _unequal(facts: Facts) -> bool:
    spreads = facts.values.std(0)
    return facts.columns > 1 and bool(spreads.max() > 3 * max(spreads.min(), 1e-300))


@rule("regression", "several columns whose spreads differ three times or more", lambda facts, cost: _unequal(facts))
def scales(facts: Facts, cost: Cost) -> list[Suggestion]:
    spreads = facts.values.std(0)
    return [
        Suggestion(
            "MeanSquaredError",
            {},
            f"{MEAN} of each column, divided by its spread",
            f"the spreads reach from {number(spreads.min())} to {number(spreads.max())}: the widest "
            "column would be all that is learned",
            "train on (y - y.mean(0)) / y.std(0), and turn predictions back",
            "one number per column, no activation",
            "MeanSquaredError of the divided columns",
            sources.LECUN,
        ),
        replace(
            _huber(facts),
            parameters={"delta": 1.345},
            beware="train on the divided columns: delta is in units of their spreads",
            output="one number per column, no activation",
        ),
    ]


@rule("regression", "far more outliers than in a normal distribution", lambda f, c: f.far > 0.002 and c != "mean")
def outliers(facts: Facts, cost: Cost) -> list[Suggestion]:
    median_of = median(facts, cost)[0]
    return [_huber(facts), median_of, distribution(facts, cost)[0]]


@rule("regression", "any other", lambda facts, cost: True)
def plain(facts: Facts, cost: Cost) -> list[Suggestion]:
    said = "the mean was asked for" if cost == "mean" else "no row lies far out"
    return [
        Suggestion(
            "MeanSquaredError",
            {},
            MEAN,
            said,
            "an error twice as large counts four times; look at the residuals for outliers",
            LINEAR,
            "MeanSquaredError",
            sources.POINTS,
        ),
        _huber(facts),
        distribution(facts, cost)[0],
    ]


# -- amounts and counts ----------------------------------------------------------------------------------------------


@rule("positive", "many exact zeros beside positive amounts", lambda facts, cost: facts.zeros > 0.02)
def with_zeros(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [
        Suggestion(
            "TweedieDeviance",
            {"power": 1.5},
            MEAN,
            f"{facts.zeros:.0%} of the amounts are exactly 0, the others spread over a wide range",
            "the power is chosen, not learned: try 1.2 to 1.8 on held-out rows",
            "one number > 0: softplus or exp",
            "TweedieDeviance",
            sources.JORGENSEN,
        ),
        Suggestion(
            "ZeroInflatedLogNormalNLL",
            {},
            "the chance of 0, and the rest as log-normal",
            "whether there is an amount, and how large, may depend on different things",
            "its mean rests on a few large amounts",
            "ls.heads.ZeroInflatedLogNormal(1)",
            "ZeroInflatedLogNormalNLL",
            sources.WANG,
        ),
    ]


@rule("positive", "any other", lambda facts, cost: True)
def amounts(facts: Facts, cost: Cost) -> list[Suggestion]:
    gamma, normal, squares = _amounts()
    if cost == "mean":
        return [squares, gamma]
    robust = _huber(facts) if facts.far > 0.002 else squares
    return [normal, gamma] if cost == "distribution" else [gamma, normal, robust]


def _amounts() -> list[Suggestion]:
    return [
        Suggestion(
            "GammaDeviance",
            {},
            MEAN,
            "positive and skewed: errors grow with the amount, and are judged relative to it",
            "small amounts get the most weight; none may be 0",
            "one number > 0: softplus or exp",
            "GammaDeviance",
            sources.NELDER,
        ),
        Suggestion(
            "LogNormalNLL",
            {},
            "mean and spread of the logarithm",
            "the logarithms are more symmetric than the amounts",
            "exp of the predicted mean is the median of the amount, not its mean",
            "ls.heads.LogNormal(1)",
            "LogNormalNLL",
            sources.SANTOS,
        ),
        Suggestion(
            "MeanSquaredError",
            {},
            MEAN,
            "totals in the target's own unit are what counts",
            "the largest amounts decide the fit",
            LINEAR,
            "MeanSquaredError",
            sources.POINTS,
        ),
    ]


def _poisson(facts: Facts, said: str) -> Suggestion:
    return Suggestion(
        "Poisson",
        {"log_rate": True},
        MEAN,
        said,
        "right for the mean whatever the counts' variance is, but not for intervals",
        "one number, no activation: the logarithm of the rate",
        "PoissonDeviance",
        sources.GOURIEROUX,
    )


def _too_many_zeros(facts: Facts, cost: Cost) -> bool:
    """More zeros than a negative binomial of this mean and variance has."""
    m, extra = facts.mean, max(facts.dispersion - 1, 1e-6)
    expected = math.exp(-m / extra * math.log1p(extra))
    return facts.zeros > expected + 0.05


@rule("count", "more zeros than a negative binomial of this mean and variance has", _too_many_zeros)
def many_zeros(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [
        Suggestion(
            "ZeroInflatedPoissonNLL",
            {},
            "the rate, and the share that is always 0",
            f"{facts.zeros:.0%} of the counts are 0, more than counts of this mean and variance have",
            "the rate is that of the rows that can count; the mean is smaller",
            "ls.heads.ZeroInflatedPoisson(1)",
            "ZeroInflatedPoissonNLL",
            sources.LAMBERT,
        ),
        _negative_binomial(facts),
        _poisson(facts, "only the mean is wanted"),
    ]


def _negative_binomial(facts: Facts) -> Suggestion:
    return Suggestion(
        "NegativeBinomialNLL",
        {},
        "the mean, and how much the counts vary beyond it",
        f"the variance is {number(facts.dispersion)} times the mean, where Poisson's counts have 1",
        "variance that inputs explain looks like this too: compare after a fit",
        "ls.heads.NegativeBinomial(1)",
        "NegativeBinomialNLL",
        sources.CAMERON,
    )


@rule("count", "the variance is more than one and a half times the mean", lambda facts, cost: facts.dispersion > 1.5)
def dispersed(facts: Facts, cost: Cost) -> list[Suggestion]:
    both = [_negative_binomial(facts), _poisson(facts, "only the mean is wanted")]
    return both[::-1] if cost == "mean" else both


@rule("count", "any other", lambda facts, cost: True)
def counted(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [_poisson(facts, f"counts whose variance is {number(facts.dispersion)} times their mean")]


@rule("proportion", "the target lies between 0 and 1", lambda facts, cost: True)
def proportion(facts: Facts, cost: Cost) -> list[Suggestion]:
    fractional = Suggestion(
        "BinaryCrossentropy",
        {"from_logits": True},
        MEAN,
        "predictions stay between 0 and 1, and exact 0 and 1 are allowed",
        "its value at the optimum is not 0",
        SHARES,
        "BinaryCrossentropy",
        sources.PAPKE,
    )
    beta = Suggestion(
        "BetaDistributionNLL",
        {},
        "mean and concentration of a beta distribution",
        "no share is exactly 0 or 1, so a whole distribution can be fitted",
        "a share rounded to 0 or 1 is refused",
        "ls.heads.Beta(1)",
        "BetaDistributionNLL",
        sources.FERRARI,
    )
    return [fractional, beta] if facts.low > 0 and facts.high < 1 else [fractional]


@rule("angle", "the target is an angle", lambda facts, cost: True)
def angle(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [
        Suggestion(
            "VonMisesNLL",
            {},
            "direction and concentration",
            "359° and 1° lie 2° apart, which squared errors do not know",
            "angles are in radians: np.deg2rad(y)",
            "ls.heads.VonMises(1)",
            "VonMisesNLL",
            sources.MARDIA,
        )
    ]


@rule("survival", "two columns: a time, and whether the event was seen", lambda facts, cost: True)
def survival(facts: Facts, cost: Cost) -> list[Suggestion]:
    seen = facts.values[:, 1].mean()
    return [
        Suggestion(
            "CoxPH",
            {},
            "the order of the risks",
            f"the event was seen in {seen:.0%} of the rows; the others say 'later than this'",
            "only the order of scores is learned; batches need many events",
            "one number, no activation: the score",
            "CoxPH",
            sources.COX,
        ),
        Suggestion(
            "WeibullNLL",
            {"censored": True},
            "a distribution of times",
            "times themselves are wanted, not only their order",
            "the shape of the hazard is assumed",
            "ls.heads.Weibull(1)",
            "WeibullNLL",
            sources.KALBFLEISCH,
        ),
    ]
