"""Regressions that end at a corner of their density, or where a mean is what it can be at most: against SciPy."""

import numpy as np
import pytest
from scipy import optimize

import lossary as ls
from lossary.linear.rows import Rows

CORNERS = {"laplace": 0.5, "asymmetric_laplace:q=0.3": 0.3}


def programmed(x, y, q):
    """A quantile regression as a linear programme."""
    inside = np.c_[np.ones(len(x)), x]
    n, k = inside.shape
    cost = np.r_[np.zeros(2 * k), np.full(n, q), np.full(n, 1 - q)]
    found = optimize.linprog(cost, A_eq=np.c_[inside, -inside, np.eye(n), -np.eye(n)], b_eq=y)
    return found.x[:k] - found.x[k : 2 * k], found.fun


def scattered(rows=300, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    return x, 1 + x @ [0.5, -1.0] + rng.laplace(size=rows) * np.exp(0.3 * x[:, 0])


@pytest.mark.once
@pytest.mark.parametrize("family", CORNERS)
def test_a_corner_is_found_as_by_a_linear_programme(family):
    x, y = scattered()
    q = CORNERS[family]
    fit = ls.fit_glm(x, y, family=family)
    right, cost = programmed(x, y, q)
    np.testing.assert_allclose(fit.c[:3], right, atol=1e-9)
    np.testing.assert_allclose(fit.parameters["scale"], cost / len(y) * (2 if family == "laplace" else 1), rtol=1e-9)
    assert fit.success and fit.flags == ("irregular",) and all(e > 0 for e in fit.standard_errors.values())
    twice = ls.fit_glm(x, y, family=family, frequency_weights=np.r_[np.full(100, 2.0), np.ones(200)])
    right, _ = programmed(np.r_[x[:100], x], np.r_[y[:100], y], q)
    np.testing.assert_allclose(twice.c[:3], right, atol=1e-9)
    moved = ls.fit_glm(x, y, family=family, offset=x[:, 0])
    np.testing.assert_allclose(moved.c[:3], fit.c[:3] - [0, 1, 0], atol=1e-9)


@pytest.mark.once
@pytest.mark.parametrize("link", ["identity", "log", "inverse"])
@pytest.mark.parametrize("family", CORNERS)
def test_nothing_near_a_corner_is_better(family, link):
    x, y = scattered()
    y = {"identity": y, "log": np.exp(0.2 * y), "inverse": 1 / (3 + np.tanh(y))}[link]
    fit = ls.fit_glm(x, y, family=family, link=link, scale_x=x[:, :1])
    rng, least = np.random.default_rng(2), fit.problem.value(fit.c)
    assert fit.success, fit.flags
    assert all(
        fit.problem.value(fit.c + size * rng.normal(size=len(fit.c))) > least for size in 10.0 ** -np.arange(1, 8)
    )


@pytest.mark.once
@pytest.mark.parametrize("family", [*CORNERS, "normal"])
def test_rows_on_a_line_have_no_spread(family):
    x, _ = scattered()
    fit = ls.fit_glm(x, 0.5 + x @ [0.5, -1.0], family=family)
    assert not fit.success and "unbounded likelihood" in fit.flags


@pytest.mark.once
def test_the_work_at_a_corner_does_not_grow(monkeypatch):
    """Looks at all rows: they were thousands."""
    x, y = scattered(20_000)
    looked, expand, values = [0], Rows.expand, Rows.values
    monkeypatch.setattr(Rows, "expand", lambda *a, **k: (looked.__setitem__(0, looked[0] + 1), expand(*a, **k))[1])
    monkeypatch.setattr(Rows, "values", lambda *a, **k: (looked.__setitem__(0, looked[0] + 1), values(*a, **k))[1])
    assert ls.fit_glm(x, y, family="laplace").success and looked[0] < 60


MEANS = {
    ("binomial", "log"): (lambda eta: np.clip(np.exp(-1.5 + eta), 0, 0.99), 0.3, lambda e: np.exp(e), lambda x: [-x]),
    ("binomial", "identity"): (lambda eta: np.clip(0.5 + 0.4 * eta, 0.01, 0.99), 0.3, lambda e: e,
                               lambda x: [np.c_[-x, np.ones(len(x))], np.c_[x, np.zeros(len(x))]]),
    ("poisson", "identity"): (lambda eta: np.clip(2 + 2 * eta, 0.02, None), 0.3, lambda e: e, lambda x: [x]),
}  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("seed", [0, 1, 3])
@pytest.mark.parametrize("case", MEANS)
def test_means_that_end_are_found_as_under_constraints(case, seed):
    """Some of these samples have their estimate inside, and some at the end."""
    family, link = case
    make, size, mean, inside = MEANS[case]
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 3))
    true = make(x @ (size * rng.normal(size=3)))
    y = (rng.random(200) < true) * 1.0 if family == "binomial" else rng.poisson(true) * 1.0
    fit = ls.fit_glm(x, y, family=ls.BinomialNLL(trials=1) if family == "binomial" else family, link=link)
    full = np.c_[np.ones(200), x]

    def value(c):
        with np.errstate(all="ignore"):
            m = mean(full @ c)
            found = -np.log(np.where(y > 0, m, 1 - m)).sum() if family == "binomial" else (
                m - np.where(y > 0, y * np.log(m), 0)).sum()  # fmt: skip
        return found if np.isfinite(found) else 1e10

    rows = [a if a.shape[1] == 5 else np.c_[a, np.zeros(len(a))] for a in inside(full)]
    cons = [{"type": "ineq", "fun": lambda c, a=a: a[:, :4] @ c + a[:, 4] - 1e-10, "jac": lambda c, a=a: a[:, :4]}
            for a in rows]  # fmt: skip
    start = np.r_[np.log(y.mean()) if link == "log" else y.mean(), 0, 0, 0]
    peer = optimize.minimize(value, start, constraints=cons, method="SLSQP", options={"maxiter": 500, "ftol": 1e-12})
    assert value(fit.c[:4]) <= peer.fun + 1e-6
    edge = min((a[:, :4] @ fit.c[:4] + a[:, 4]).min() for a in rows)
    assert fit.success == (edge > 1e-6) and ("boundary" in fit.flags) == (edge <= 1e-6), (edge, fit.flags)
