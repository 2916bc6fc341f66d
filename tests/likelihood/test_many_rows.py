"""Fits of many rows compute on few: with the same likelihood."""

import numpy as np
import pytest

import lossary as ls
from lossary.likelihood import fit as fits
from lossary.likelihood import glm, means
from lossary.likelihood.engine import Problem
from lossary.likelihood.shorter import MANY
from lossary.linear.rows import row_function

from .families import FAMILIES, asked, drawn

ROWS = 3 * MANY // 2


def all_rows(fit, y, w=None):
    """Value, gradient and curvature of every row by itself, and the products of slopes."""
    problem = Problem(row_function(fit.loss), y, np.ones(len(y)) if w is None else w, [None] * len(fit.names))
    return *problem.expand(fit.c), problem.outer(fit.c)


SOME = ("gamma", "half_normal", "weibull", "generalized_normal", "negative_binomial")  # each way once
CASES = [name if name in SOME else pytest.param(name, marks=pytest.mark.full) for name in FAMILIES]


@pytest.mark.once
@pytest.mark.parametrize("name", CASES)
def test_few_rows_stand_for_all(name):
    y = drawn(name, ROWS, 5)
    fit = ls.fit_distribution(y, asked(name))
    value, g, h, outer = all_rows(fit, y)
    assert len(fit.problem.w) < ROWS / 4
    known = FAMILIES[name][0]
    truth = (known.logpmf if hasattr(known.dist, "pmf") else known.logpdf)(y).sum()
    assert -1e-6 <= fit.log_likelihood - truth < 12  # twice this is chi-square, of few degrees of freedom
    np.testing.assert_allclose(-fit.log_likelihood, value, rtol=1e-10)
    unit = np.sqrt(np.diag(outer))
    np.testing.assert_allclose(fit.end.gradient / unit, g / unit, atol=1e-6)
    np.testing.assert_allclose(
        fit.of_rows().outer(fit.c) / np.outer(unit, unit), outer / np.outer(unit, unit), atol=1e-7
    )
    if not fit.loss.corner:
        np.testing.assert_allclose(fit.end.curvature / np.outer(unit, unit), h / np.outer(unit, unit), atol=1e-6)
        assert fit.gradient < 1e-6


HARD = {
    "two far heaps": lambda rng: np.concatenate([rng.normal(0, 1, ROWS), rng.normal(1e4, 1e-2, ROWS)]),
    "one number often": lambda rng: np.concatenate([rng.normal(0, 1, ROWS), np.full(ROWS // 8, 0.25)]),
    "far from zero": lambda rng: 1e9 + rng.standard_t(3, ROWS),
    "sorted": lambda rng: np.sort(rng.standard_t(3, ROWS)),
}


@pytest.mark.once
@pytest.mark.parametrize("name", ["logistic", pytest.param("student_t", marks=pytest.mark.full)])
@pytest.mark.parametrize("case", HARD)
def test_hard_samples_of_many_rows(case, name):
    y = HARD[case](np.random.default_rng(4))
    w = np.random.default_rng(5).integers(0, 3, len(y)).astype(float)
    fit = ls.fit_distribution(y, asked(name), weights=w)
    value, g, _, outer = all_rows(fit, y, w)
    np.testing.assert_allclose(-fit.log_likelihood, value, rtol=1e-9)
    assert not fit.success or np.abs(g / np.sqrt(np.diag(outer))).max() < 1e-5


@pytest.mark.once
def test_bins_that_do_not_tell_are_looked_into(monkeypatch):
    """A corner lies in some bin; nodes of that bin alone would be wrong."""
    y = drawn("generalized_normal", ROWS, 6)
    fit = ls.fit_distribution(y, "generalized_normal")
    monkeypatch.setattr(fits.Bins, "look", lambda *_: True)
    other = ls.fit_distribution(y, "generalized_normal")
    right = all_rows(fit, y)[0]
    assert abs(fit.log_likelihood + right) < 1e-6 < abs(other.log_likelihood + all_rows(other, y)[0])


@pytest.mark.once
@pytest.mark.parametrize("family", ["poisson", "bernoulli"])
def test_a_group_that_few_rows_hide_is_found_in_all(family, monkeypatch):
    """In the rows that are scored first, a group has no events at all; in the others it has."""
    n = 25_000
    rng = np.random.default_rng(0)
    x = np.zeros((n, 1))
    group = rng.choice(n, 60, replace=False)
    x[group] = 1.0
    y = (rng.uniform(size=n) < 0.2) * 1.0
    seen = np.linspace(0, n - 1, means.FEW).astype(int)
    y[np.intersect1d(group, seen)] = 0.0
    assert y[group].sum() > 0
    monkeypatch.setattr(glm, "minimise", lambda *_: pytest.fail("Scoring has not found the end."))
    fit = ls.fit_glm(x, y, family=family)
    assert fit.success
    np.testing.assert_allclose(fit.predict([[0.0], [1.0]]), [y[x[:, 0] == 0].mean(), y[group].mean()], rtol=1e-5)
