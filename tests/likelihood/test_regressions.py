"""Regressions by likelihood, against statsmodels and against their own likelihood."""

import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.likelihood.links import ALLOWED, LINKS, TURNED
from lossary.linear.rows import Rows

sm = pytest.importorskip("statsmodels.api")
LINK = {
    "log": "Log", "identity": "Identity", "inverse": "InversePower", "sqrt": "Sqrt", "logit": "Logit",
    "probit": "Probit", "cloglog": "CLogLog", "inverse_squared": "InverseSquared",
}  # fmt: skip
CASES = {
    "poisson": ("poisson", "Poisson", {}, ("log", "identity", "sqrt")),
    "gamma": ("gamma", "Gamma", {}, ("log", "inverse", "identity")),
    "inverse_gaussian": ("inverse_gaussian", "InverseGaussian", {}, ("inverse_squared", "log", "inverse")),
    "normal": ("normal", "Gaussian", {}, ("identity", "log", "inverse")),
    "binomial": ("binomial", "Binomial", {}, ("logit", "probit", "cloglog", "log")),
    "tweedie": (ls.TweedieDeviance(power=1.5), "Tweedie", {"var_power": 1.5}, ("log", "sqrt")),
    "quasi-Poisson": (ls.PoissonDeviance(), "Poisson", {}, ("log",)),
    "quasi-gamma": ("gamma_deviance", "Gamma", {}, ("log",)),
}  # name: (family here, family of statsmodels, its options, links)
EACH = [(name, link) for name, case in CASES.items() for link in case[3]]


def drawn(name, link, rows=300):
    """Inputs and a target of a family whose mean follows them through a link."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, size=(rows, 2))
    eta = (-1.2 if name == "binomial" and link == "log" else 1.5 if name != "binomial" else 0.2) + x @ [0.3, -0.4]
    mean = LINKS[link].mean(eta)
    y = {
        "poisson": lambda: rng.poisson(mean), "quasi-Poisson": lambda: rng.negative_binomial(2, 2 / (2 + mean)),
        "gamma": lambda: rng.gamma(3, mean / 3), "quasi-gamma": lambda: rng.gamma(3, mean / 3),
        "inverse_gaussian": lambda: rng.wald(mean, 4.0), "normal": lambda: mean + 0.3 * rng.normal(size=rows),
        "binomial": lambda: (rng.uniform(size=rows) < mean) * 1.0,
        "tweedie": lambda: np.array([rng.gamma(2, m / 2, rng.poisson(1.0)).sum() for m in mean]),
    }[name]()  # fmt: skip
    return x, y.astype(float)


def both(name, link, x, y, **options):
    """The fit, and that of statsmodels."""
    family, theirs, known, _ = CASES[name]
    own = ls.fit_glm(x, y, family=ls.BinomialNLL(trials=1) if family == "binomial" else family, link=link, **options)
    words = {"offset": "offset", "weights": "var_weights", "frequency_weights": "freq_weights"}
    model = sm.GLM(
        y, sm.add_constant(x), family=getattr(sm.families, theirs)(getattr(sm.families.links, LINK[link])(), **known),
        **{words[key]: value for key, value in options.items()},
    )  # fmt: skip
    scale = "X2" if name.startswith("quasi") else None
    return own, model, model.fit(scale=scale, tol=1e-13, maxiter=200)


def same(own, peer):
    k = len(peer.params)
    np.testing.assert_allclose(list(own.parameters.values())[:k], peer.params, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(list(own.expected_errors.values())[:k], peer.bse, rtol=1e-6)
    assert own.success, own.flags


@pytest.mark.once
@pytest.mark.parametrize(("name", "link"), EACH)
def test_means_are_those_of_statsmodels(name, link):
    x, y = drawn(name, link)
    own, model, peer = both(name, link, x, y)
    same(own, peer)
    np.testing.assert_allclose(own.predict(x[:5]), peer.predict(sm.add_constant(x)[:5]), rtol=1e-6)
    if name in ("tweedie", "quasi-Poisson", "quasi-gamma"):
        assert np.isnan(own.log_likelihood)
        np.testing.assert_allclose(list(own.standard_errors.values()), peer.bse, rtol=1e-6)
        return
    spread = {"gamma": lambda p: 1 / p["shape"], "inverse_gaussian": lambda p: 1 / p["shape"],
              "normal": lambda p: p["std"] ** 2}.get(name, lambda p: 1.0)(own.parameters)  # fmt: skip
    if name != "normal":  # of which statsmodels' likelihood is one of its own
        np.testing.assert_allclose(own.log_likelihood, model.loglike(peer.params, scale=spread), rtol=1e-9)
    observed = np.linalg.inv(-model.hessian(peer.params, scale=spread, observed=True))
    np.testing.assert_allclose(list(own.standard_errors.values())[:3], np.sqrt(np.diag(observed)), rtol=1e-6)


@pytest.mark.once
@pytest.mark.parametrize("name", ["poisson", "gamma", "normal", "binomial", "tweedie"])
def test_weights_and_offsets_are_those_of_statsmodels(name):
    x, y = drawn(name, CASES[name][3][0])
    rng = np.random.default_rng(5)
    options = {"offset": 0.1 * rng.normal(size=len(y)), "frequency_weights": rng.integers(1, 4, len(y)).astype(float)}
    own, _, peer = both(name, CASES[name][3][0], x, y, **options)
    same(own, peer)
    assert own.rows == options["frequency_weights"].sum()
    exact = rng.uniform(0.5, 2, len(y))
    own, _, peer = both(name, CASES[name][3][0], x, y, weights=exact)
    if name in ("poisson", "binomial"):
        np.testing.assert_allclose(list(own.parameters.values()), peer.params, rtol=1e-6, atol=1e-6)
    else:
        same(own, peer)
        np.testing.assert_allclose(list(own.standard_errors.values())[:3], peer.bse, rtol=1e-6)


@pytest.mark.once
@pytest.mark.parametrize("link", ["log", "identity"])
def test_negative_binomial_regressions(link):
    """statsmodels' joint likelihood for the logarithm; its own likelihood for another link."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, size=(400, 2))
    mean = LINKS[link].mean(1.5 + x @ [0.3, -0.4])
    y = rng.negative_binomial(2, 2 / (2 + mean)).astype(float)
    own = ls.fit_glm(x, y, family="negative_binomial", link=link)
    if link == "log":
        peer = sm.NegativeBinomial(y, sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-12)
        np.testing.assert_allclose(list(own.parameters.values()), peer.params, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(list(own.standard_errors.values()), peer.bse, rtol=1e-6)
    model = sm.GLM(y, sm.add_constant(x), family=sm.families.NegativeBinomial(
        getattr(sm.families.links, LINK[link])(), alpha=own.parameters["dispersion"]))  # fmt: skip
    peer = model.fit(tol=1e-13)
    np.testing.assert_allclose(list(own.parameters.values())[:3], peer.params, rtol=1e-5, atol=1e-5)


@pytest.mark.once
@pytest.mark.parametrize("family", ["negative_binomial", "zero_inflated_poisson"])
def test_tables_of_counts_tell_every_row(family):
    """Value, slopes and curvature of many rows are read from few, and are the same."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(10_000, 2))
    y = rng.negative_binomial(2, 2 / (2 + np.exp(x @ [0.5, -0.8]))) * 1.0
    own = ls.fit_glm(x, y, family=family)
    eta = own.problem.outputs(own.c)
    rows = own.problem.rows
    assert type(rows) is not Rows
    for mine, right in zip(rows.expand(eta), Rows(rows.function, y, 2).expand(eta), strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-9, atol=1e-9)
    assert own.success and own.gradient < 1e-5


@pytest.mark.once
@pytest.mark.parametrize(("kind", "link"), [(k, n) for k, names in ALLOWED.items() for n in names])
def test_links_have_their_derivatives(kind, link):
    eta = np.linspace(-3, -0.2, 15) if (kind, link) == ("share", "log") else np.linspace(0.1, 0.9, 15)
    step, one = 1e-4, LINKS[link]
    mean = one.mean(eta)
    np.testing.assert_allclose([one.back(m) for m in mean], eta, rtol=1e-9)
    parts = [(one.mean, one.slope(eta, mean)), (lambda e: one.slope(e, one.mean(e)), one.bend(eta, mean))]
    if (kind, link) in TURNED:
        native = {"positive": np.log, "share": lambda m: np.log(m / (1 - m)), "real": lambda m: m}[kind]
        turned = TURNED[kind, link]
        np.testing.assert_allclose(turned(eta)[0], native(mean), rtol=1e-9)
        parts += [(lambda e: turned(e)[0], turned(eta)[1]), (lambda e: turned(e)[1], turned(eta)[2])]
    for of, slope in parts:
        found = (of(eta - 2 * step) - 8 * of(eta - step) + 8 * of(eta + step) - of(eta + 2 * step)) / (12 * step)
        np.testing.assert_allclose(found, slope, rtol=1e-7, atol=1e-8)


@pytest.mark.once
def test_many_rows_are_the_same_estimate():
    """Where scoring starts on few rows, and errors are summed block by block."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(30_000, 3))
    y = rng.gamma(3, np.exp(x @ [0.2, -0.1, 0.3]) / 3)
    own = ls.fit_glm(x, y, family="gamma")
    peer = sm.GLM(y, sm.add_constant(x), family=sm.families.Gamma(sm.families.links.Log())).fit(tol=1e-13)
    same(own, peer)
    assert own.gradient < 1e-6 and own.robust_errors["x0"] == pytest.approx(own.standard_errors["x0"], rel=0.05)


@pytest.mark.once
def test_regressions_say_what_is_wrong():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(80, 1))
    separable = ls.fit_glm(x, (x[:, 0] > 0).astype(float), family=ls.BinomialNLL(trials=1))
    assert "boundary" in separable.flags and not separable.success
    assert all(np.isnan(error) for error in separable.standard_errors.values())
    twice = ls.fit_glm(np.c_[x, 2 * x], rng.poisson(np.exp(x[:, 0])), family="poisson")
    assert "collinear" in twice.flags and twice.left == ("x1",) and "x1" not in twice.parameters
    with pytest.raises(LossaryError, match="link"):
        ls.fit_glm(x, np.abs(x[:, 0]), family="gamma", link="logit")
    spread = ls.fit_glm(x, x[:, 0] + rng.normal(size=80) * np.exp(0.5 * x[:, 0]), scale_x=x)
    assert spread.parameters["std: x0"] > 0.2 and spread.success
    never = np.where(x[:, 0] > 0, rng.poisson(2.0, 80), 0)
    assert "boundary" in ls.fit_glm((x > 0) * 1.0, never, family="poisson").flags
