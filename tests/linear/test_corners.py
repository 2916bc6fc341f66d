"""Losses with corners over many rows: the optimum of a linear programme in its primal form, and a proof of it."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse

import lossary as ls
from lossary.linear import narrow
from tests.linear import tables

ROWS = 1500  # more than are solved at once


def programme(x, places, slopes, weight):
    """min Σ w t with t >= slope (x b - place) for each piece of a row, and t >= 0."""
    design, n = scipy.sparse.csr_matrix(tables.with_ones(x)), len(x)
    p = design.shape[1]
    lines = [
        scipy.sparse.hstack([scipy.sparse.diags(slope) @ design, -scipy.sparse.identity(n)])
        for slope, _ in zip(slopes, places, strict=True)
    ]
    found = scipy.optimize.linprog(
        np.r_[np.zeros(p), weight / weight.sum()],
        A_ub=scipy.sparse.vstack(lines),
        b_ub=np.concatenate([slope * place for slope, place in zip(slopes, places, strict=True)]),
        bounds=[(None, None)] * p + [(0, None)] * n,
        method="highs",
    )
    return found.fun


def pieces(name, y):
    """Places and slopes of the lines above 0 of which a row is the highest."""
    up = np.ones_like(y)
    sign = np.where(y > 0, 1.0, -1.0)
    return {
        "mae": ((y, y), (up, -up)),
        "low quantile": ((y, y), (0.8 * up, -0.2 * up)),
        "epsilon": ((y + 0.3, y - 0.3), (up, -up)),
        "hinge": ((sign,), (-sign,)),
    }[name]


LOSSES = {
    "mae": ls.MeanAbsoluteError(),
    "low quantile": ls.Quantile(q=0.2),
    "epsilon": ls.EpsilonInsensitive(epsilon=0.3),
    "hinge": ls.Hinge(),
}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, 4)) * [1, 10, 100, 1] + [0, 5, 1000, 0]
    y = x @ [1.0, -0.2, 0.01, 0.5] + rng.standard_t(2, size=ROWS)
    return x, y, rng.integers(0, 4, ROWS).astype(float)


@pytest.mark.parametrize("few", [narrow.FEW, 60], ids=["at once", "by widths"])
@pytest.mark.parametrize("name", LOSSES)
def test_many_rows_end_where_the_linear_programme_does(name, few, rows, monkeypatch):
    x, y, weight = rows
    y = np.sign(y - np.median(y)) if name == "hinge" else y
    monkeypatch.setattr(narrow, "FEW", few)
    fit = ls.fit_linear(x, (y > 0) * 1.0 if name == "hinge" else y, loss=LOSSES[name], sample_weight=weight)
    assert fit.certificate.kind == "optimum" and fit.certificate.gap <= 1e-9
    assert "near corners" in fit.certificate.method
    assert fit.loss == pytest.approx(programme(x, *pieces(name, y), weight), rel=1e-9)


def test_a_sample_is_only_the_start(rows, monkeypatch):
    """More rows than the sample, of which the first looks are at some."""
    x, y, weight = rows
    whole = ls.fit_linear(x, y, loss="mae", sample_weight=weight)
    monkeypatch.setattr(narrow, "SAMPLE", 128)
    fit = ls.fit_linear(x, y, loss="mae", sample_weight=weight)
    np.testing.assert_allclose(fit.coefficients, whole.coefficients, rtol=1e-9)


def test_rows_that_are_alike(rows):
    """Targets and inputs of few values: many rows are in their corner at once."""
    x = np.rint(rows[0][:, [0, 3]])
    y = np.rint(rows[1] / 3)
    fit = ls.fit_linear(x, y, loss="mae")
    assert fit.certificate.kind == "optimum"
    assert fit.loss == pytest.approx(programme(x, *pieces("mae", y), np.ones(ROWS)), rel=1e-9)


@pytest.mark.parametrize("n", [50, 3000])
def test_a_line_up_to_the_rounding_of_float32(n):
    x = np.linspace(0, 1, n, dtype="float32")
    for loss in ("mae", ls.Quantile(q=0.2), ls.EpsilonInsensitive(epsilon=0.0)):
        fit = ls.fit_linear(x, np.float32(2) * x + np.float32(1), loss=loss)
        assert fit.certificate.kind == "optimum", fit.certificate
        np.testing.assert_allclose([fit.coefficients[0], fit.intercept], [2.0, 1.0], rtol=1e-6)


@pytest.mark.parametrize("classes", [3, 4])
@pytest.mark.parametrize("l2", [0.0, 0.02])
def test_classes_with_l1_end_where_no_subgradient_is_left(classes, l2, rng):
    x = rng.normal(size=(200, 5))
    y = np.argmax(x[:, :3] @ rng.normal(size=(3, classes)) + rng.gumbel(size=(200, classes)), axis=1)
    l1 = 0.02
    fit = ls.fit_linear(x, y, loss="sparse_categorical_crossentropy", l1=l1, l2=l2)
    assert fit.certificate.kind == "optimum", fit.certificate
    eta = x @ fit.coefficients + fit.intercept
    p = np.exp(eta - eta.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    error = p - np.eye(classes)[y]
    assert np.abs(error.mean(axis=0)).max() < 1e-8
    slope = x.T @ error / len(x) + 2 * l2 * fit.coefficients
    zero = fit.coefficients == 0
    assert 0 < zero.sum() < zero.size
    assert np.abs(slope[zero]).max() <= l1 * (1 + 1e-8)
    np.testing.assert_allclose(slope[~zero], -l1 * np.sign(fit.coefficients[~zero]), atol=1e-8)
