"""Numbers that a comparison is given count in the target's own units."""

import numpy as np
import pytest

import lossary as ls
from lossary.training.candidates import ask
from lossary.training.units import in_units, lengths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("huber:delta=2", {"delta": 1}),
        ("quantile:q=0.2", {}),
        ("quantile_huber:q=0.2", {}),
        ("quantile_huber:q=0.2:delta=3", {"delta": 1}),
        ("hampel:b=3", {"b": 1}),
        ("linex:a=0.5", {"a": -1}),
        ("epsilon_insensitive:epsilon=3", {"epsilon": 1}),
        ("tukey:c=5", {"c": 1}),
        ("tweedie_deviance:power=1.7", {}),
        ("mse", {}),
    ],
)
def test_lengths_are_told_from_shares_and_powers(text, expected):
    assert lengths(ask(text)) == expected
    moved = in_units(ask(text), 10.0)
    for name, value in ask(text).params:
        assert moved[name] == pytest.approx(value / 10.0 ** expected.get(name, 0))


@pytest.mark.parametrize("loss", ["huber:delta=300", "cauchy:c=200", "linex:a=0.002", "hampel:a=100:b=200:c=800"])
def test_a_fit_is_that_of_the_loss_in_the_units_of_the_target(loss):
    rng = np.random.default_rng(0)
    x = rng.normal(size=80)
    y = 5000 + 700 * x + 250 * rng.standard_t(3, 80)
    found = ls.compare({"x": x, "y": y}, "y", loss=[loss], validation=0.0)
    name, *params = loss.split(":")
    own = ls.get(name, **{key: float(value) for key, value in (p.split("=") for p in params)})
    expected = ls.fit_linear(x, y, loss=own)
    fit = found.fits[0]
    assert fit.coefficients.weights[0][0] == pytest.approx(expected.coefficients[0], rel=1e-6)
    assert fit.coefficients.intercepts[0] == pytest.approx(expected.intercept, rel=1e-6)
    assert any("as given, in units of y" in note for note in fit.notes)
