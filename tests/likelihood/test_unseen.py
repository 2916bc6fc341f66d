"""Rows that were not observed: censored on one side or both, and samples of which a part could not be seen."""

import numpy as np
import pytest
from scipy import stats

import lossary as ls
from lossary.core.errors import LossaryError

KNOWN = {
    "normal": stats.norm(2, 3), "logistic": stats.logistic(1, 2), "gumbel": stats.gumbel_r(1, 2),
    "exponential": stats.expon(scale=3), "gamma": stats.gamma(2, scale=3), "weibull": stats.weibull_min(1.5, scale=3),
    "log_normal": stats.lognorm(0.7, scale=3), "student_t": stats.t(4, 1, 2),
    "poisson": stats.poisson(3), "negative_binomial": stats.nbinom(3, 0.4),
}  # fmt: skip


def at(fit, **parameters):
    return getattr(stats, fit.loss.scipy)(**fit.loss.in_scipy(**parameters))


def slopes(fit, log_likelihood):
    """Of a log-likelihood of parameters at the fit, in standard errors, by differences."""
    for name, value in fit.parameters.items():
        step = 1e-3 * fit.standard_errors[name]
        ends = [log_likelihood(at(fit, **fit.parameters | {name: value + sign * step})) for sign in (-1, 1)]
        yield (ends[1] - ends[0]) / 2e-3


@pytest.mark.once
@pytest.mark.parametrize("name", [n if n in ("normal", "weibull", "negative_binomial") else
                                  pytest.param(n, marks=pytest.mark.full) for n in KNOWN])  # fmt: skip
def test_intervals_and_truncation_are_most_likely(name):
    """A sample of which nothing below a number was seen, large ones are rounded down, the largest only known so."""
    known = KNOWN[name]
    low, edge, top = known.ppf([0.15, 0.6, 0.9])
    y = known.rvs(400, random_state=np.random.default_rng(3))
    y, w = y[y >= low], np.random.default_rng(4).integers(1, 4, 400)[y >= low].astype(float)
    between, beyond = (y > edge) & (y <= top), y > top
    data = np.where(beyond, top, np.where(between, edge, y))
    upper = np.where(beyond, np.inf, np.where(between, top, np.nan))
    held = {"df": 4.0} if name == "student_t" else {}  # the censored tail does not tell it
    fit = ls.fit_distribution(data, name, weights=w, upper=upper, truncated=(low, None), fixed=held)

    def log_likelihood(d):
        count = hasattr(d.dist, "pmf")
        one = d.logpmf(y) if count else d.logpdf(y)
        seen = d.sf(low - 1 if count else low)
        ranges = w[between].sum() * np.log(d.cdf(top) - d.cdf(edge)) + w[beyond].sum() * d.logsf(top)
        return w[~between & ~beyond] @ one[~between & ~beyond] + ranges - w.sum() * np.log(seen)

    np.testing.assert_allclose(fit.log_likelihood, log_likelihood(fit.scipy), rtol=1e-10)
    np.testing.assert_allclose(list(slopes(fit, log_likelihood)), 0, atol=1e-4)
    assert fit.success


@pytest.mark.once
def test_errors_of_ranges_are_those_of_the_information():
    """Exponential waiting times, looked at once a day: a geometric distribution, known in closed form."""
    days = stats.geom(0.3).rvs(500, random_state=np.random.default_rng(6)).astype(float)
    fit = ls.fit_distribution(days - 1, "exponential", upper=days)
    p = 1 / days.mean()
    np.testing.assert_allclose(fit.parameters["mean"], -1 / np.log1p(-p), rtol=1e-8)
    error = np.sqrt(p**2 * (1 - p) / 500) / ((1 - p) * np.log1p(-p) ** 2)
    np.testing.assert_allclose(fit.standard_errors["mean"], error, rtol=1e-7)
    assert 0.7 < fit.robust_errors["mean"] / error < 1.4


@pytest.mark.once
def test_a_censored_row_is_a_range_to_infinity():
    y = KNOWN["gamma"].rvs(200, random_state=np.random.default_rng(8))
    more, less = y > 9, y < 2
    data = np.where(more, 9.0, np.where(less, 2.0, y))
    told = ls.fit_distribution(data, "gamma", censored=more.astype(int) - less)
    ranges = ls.fit_distribution(np.where(less, 1e-300, data), "gamma",
                                 upper=np.where(more, np.inf, np.where(less, 2.0, np.nan)))  # fmt: skip
    for part in ("parameters", "standard_errors", "robust_errors"):
        np.testing.assert_allclose(*(list(getattr(f, part).values()) for f in (told, ranges)), rtol=1e-6)


@pytest.mark.once
def test_a_truncated_sample_has_the_tail_of_the_whole():
    y = stats.norm(0, 1).rvs(4000, random_state=np.random.default_rng(9))
    fit = ls.fit_distribution(y[y > 0.5], "normal", truncated=(0.5, None))
    for name, truth in {"mean": 0.0, "std": 1.0}.items():
        assert abs(fit.parameters[name] - truth) < 4 * fit.standard_errors[name]
    ends = np.where(np.arange(len(y)) % 2, 0.0, -0.5)  # an end for each row
    seen = y > ends
    fit = ls.fit_distribution(y[seen], "normal", truncated=(ends[seen], None))
    assert abs(fit.parameters["mean"]) < 4 * fit.standard_errors["mean"]


@pytest.mark.once
def test_a_truncated_tail_without_an_end_is_no_success():
    """Numbers above 1 that rise towards 2: the more truncated normal, the more likely, without end."""
    y = 2 - stats.expon(scale=0.2).rvs(300, random_state=np.random.default_rng(10)).clip(max=0.99)
    fit = ls.fit_distribution(y, "exponential", truncated=(1.0, 2.0))
    assert not fit.success and fit.flags


@pytest.mark.once
def test_wrong_ranges_are_refused():
    for words, options in (
        ("upper", {"upper": [0.5, 3.0]}),
        ("outside truncated", {"truncated": (1.5, None)}),
        ("truncated is", {"truncated": (3.0, 1.0)}),
        ("truncated is", {"truncated": 3.0}),
    ):
        with pytest.raises(LossaryError, match=words):
            ls.fit_distribution([1.0, 2.0], "normal", **options)
