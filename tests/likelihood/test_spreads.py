"""Regressions end at one place whatever the unit of y, and however little it is spread around its means."""

import warnings

import numpy as np
import pytest

import lossary as ls
from lossary.likelihood.links import LINKS

pytestmark = pytest.mark.once
WITH_SPREAD = {
    "normal": ("normal", "identity", 0), "normal, log": ("normal", "log", 0), "gamma": ("gamma", "log", 2),
    "inverse Gaussian": ("inverse_gaussian", "log", 3), "tweedie": (ls.TweedieDeviance(power=1.5), "log", 1.5),
}  # name: (family, link, power of the mean that is the variance)  # fmt: skip


def drawn(noise):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 2))
    x[:2] *= 3
    mean = np.exp(0.3 + x @ [0.5, -0.3])
    return x, mean * (1 + noise * rng.uniform(-1.7, 1.7, size=300))


def left(fit, x, y, link, power):
    """How far the scores are from 0, in standard errors, in extended precision."""
    wide = np.concatenate([np.ones((len(x), 1)), x], axis=1).astype(np.longdouble)
    eta = wide @ fit.c[:3].astype(np.longdouble)
    mean = eta if link == "identity" else np.exp(eta)
    pull = (1.0 if link == "identity" else mean) / mean**power
    spread = np.mean((y - mean) ** 2 / mean**power)
    score = wide.T @ (pull * (mean - y))
    sizes = wide.T**2 @ (pull**2 * mean**power)
    return float(np.abs(score / np.sqrt(sizes * spread)).max())


@pytest.mark.parametrize("unit", [1e-15, 1e-4, 1e8, 1e15])
@pytest.mark.parametrize("name", WITH_SPREAD)
def test_the_unit_of_y_moves_no_regression_from_its_end(name, unit):
    family, link, power = WITH_SPREAD[name]
    x, y = drawn(0.4)
    one, other = (ls.fit_glm(x, z, family=family, link=link) for z in (y, unit * y))
    assert one.success
    assert other.success
    assert left(other, x, unit * y, link, power) < 1e-4
    moved = [np.log(unit), 0, 0] if link == "log" else np.zeros(3)
    times = unit if link == "identity" else 1.0
    np.testing.assert_allclose(other.c[:3], times * one.c[:3] + moved, rtol=1e-5, atol=1e-7 * times)


@pytest.mark.parametrize("noise", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("name", [name for name in WITH_SPREAD if name not in ("normal", "tweedie")])
def test_rows_near_their_means_have_the_spread_that_they_have(name, unit, noise):
    family, link, power = WITH_SPREAD[name]
    x, y = drawn(noise)
    fit = ls.fit_glm(x, unit * y, family=family, link=link)
    assert fit.success
    assert left(fit, x, unit * y, link, power) < 1e-3
    off = y / (LINKS[link].mean(fit.c[0] + x @ fit.c[1:3]) / unit) - 1
    mean = unit * y / (1 + off)
    found = list(fit.parameters.values())[-1]
    squares = {0: np.mean((off * mean) ** 2) ** 0.5, 2: 1 / np.mean(off**2), 3: 1 / np.mean(off**2 / (unit * y))}
    np.testing.assert_allclose(found, squares[power], rtol=1e-3 if noise == 1e-3 else 1e-4)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("family", ["gamma", "inverse_gaussian"])
def test_a_regression_through_every_row_has_no_spread(family, unit):
    x, y = drawn(0.0)
    fit = ls.fit_glm(x, unit * y, family=family)
    assert not fit.success


@pytest.mark.parametrize("family", ["normal", "student_t", "laplace", "poisson", "gamma"])
def test_large_numbers_warn_of_nothing(family):
    x, y = drawn(0.4)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert ls.fit_glm(x, np.rint(1e5 * y), family=family).c[0] > 0
