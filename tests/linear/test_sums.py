"""The sums that a solver asks for, of every loss of rows: against differences of values, and additive over blocks."""

import dataclasses

import numpy as np
import pytest

import lossary as ls
from lossary.core.lookup import loss_class
from lossary.core.results import Sums
from lossary.linear.data import ArrayData
from lossary.linear.rows import Rows, row_function
from tests.laws.cases import targets as targets_of_one

UNLIKE = {"ctc", "circle"}  # rows of sequences, rows that are compared with each other
SCORES = {"from_logits": True, "log_rate": True}


def losses():
    """Every loss whose rows are apart, away from its defaults where a parameter has an unusual value."""
    for name in ls.losses():
        card = ls.card(name)
        cls = loss_class(card)
        own = (
            card.module.startswith("lossary.families.")
            and not cls.inputs
            and cls.gives is not Sums
            and not cls.holds_fixed
        )
        if not own or card.function in UNLIKE:
            continue
        yield pytest.param(cls(**{name: True for name in SCORES if name in cls.params}), id=card.function)


LOSSES = list(losses())


def targets(loss, eta, rng):
    n, k = eta.shape
    rules = loss.contract
    if rules.shape == "index":
        return rng.integers(0, k, n)
    if rules.shape == "parameters":
        return targets_of_one(rules.target, (n,), rng).astype(float)
    if rules.target.allowed or {"binary", "multilabel"} & set(loss.tasks):
        return rng.integers(0, 2, (n, k)).astype(float)
    if {"multiclass", "distribution", "segmentation"} & set(loss.tasks):
        return np.eye(k)[rng.integers(0, k, n)]
    return np.abs(rng.normal(size=(n, k))) + 0.1


INSIDE = {"log_logistic_crps": 1.0}  # shapes that have a mean


def data_of(loss, rng, n=40):
    p, k = 3, loss.contract.parameters or (3 if loss.contract.shape == "index" or "binary" not in loss.tasks else 2)
    x = np.column_stack([rng.normal(size=(n, p - 1)), np.ones(n)])
    c = rng.normal(size=(p, k)) * 0.7
    if loss.contract.prediction.low == 0 or loss.name in ("mean_squared_logarithmic_error", "kl_divergence"):
        x, c = np.abs(x), np.abs(c) * 0.3 + 0.05
    if loss.contract.shape == "parameters":  # far out, some are read as others, with the slope of these
        c = 0.15 * c
        c[-1] += INSIDE.get(loss.name, 0.0)
    y = targets(loss, x @ c, rng)
    return ArrayData(x, Rows(row_function(loss), y, k), rng.uniform(0.5, 2, n), np.zeros((n, k))), c


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_and_curvature_are_those_of_the_value(loss, rng):
    data, c = data_of(loss, rng)
    sums, h = data.sums(c), 2e-7
    assert sums.count == pytest.approx(data.weight.sum())
    assert sums.value == pytest.approx(data.value(c), rel=1e-14)
    for place in np.ndindex(*c.shape):
        step = np.zeros_like(c)
        step[place] = h
        up, down = data.sums(c + step, curvature=False), data.sums(c - step, curvature=False)
        scale = max(sums.size[place], 1e-3)
        assert (up.value - down.value) / (2 * h) == pytest.approx(sums.gradient[place], abs=1e-7 * scale + 1e-8)
        column = sums.curvature[:, np.ravel_multi_index(place, c.shape)]
        bend = (up.gradient - down.gradient).ravel() / (2 * h)
        np.testing.assert_allclose(column, bend, atol=1e-6 * max(1.0, np.abs(bend).max(), scale))


@pytest.mark.parametrize("loss", LOSSES)
def test_sums_of_parts_add_up(loss, rng):
    data, c = data_of(loss, rng)
    whole = data.sums(c)
    parts = [np.arange(7), np.arange(7, 8), np.arange(8, 40)]
    pieces = [
        ArrayData(
            data.x[i], Rows(data.rows.function, data.rows.y[i], data.outputs), data.weight[i], data.offset[i]
        ).sums(c)
        for i in parts
    ]
    added = pieces[0] + pieces[1] + pieces[2]
    for field in dataclasses.fields(whole):
        one, other = getattr(added, field.name), getattr(whole, field.name)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * np.abs(other).max(), err_msg=field.name)


@pytest.mark.parametrize(
    "name", ["binary_crossentropy", "log_cosh", "pseudo_huber", "cauchy", "binary_focal_crossentropy"]
)
def test_curvature_where_absolute_values_have_their_corner(name):
    """At a logit or an error of exactly 0, where formulas with |x| have no derivative of their own."""
    loss = ls.get(name, **({"from_logits": True} if "entropy" in name else {}))
    rows = Rows(row_function(loss), np.zeros((3, 1)), 1)
    at = np.array([[0.0], [1e-5], [-1e-5]])
    curvature = rows.expand(at)[2].ravel()
    up, down = (rows.slopes(at + side * 1e-4)[1].ravel() for side in (1, -1))
    np.testing.assert_allclose(curvature, (up - down) / 2e-4, rtol=1e-4)
    assert curvature.min() > 0.1


def test_blocks_and_rows_chosen_agree(rng, monkeypatch):
    loss, n = ls.Huber(), 50
    y, eta = rng.normal(size=(n, 2)), rng.normal(size=(n, 2))
    whole = Rows(row_function(loss), y, 2).expand(eta)
    monkeypatch.setattr("lossary.linear.rows.BLOCK", 16)
    small, chosen = Rows(row_function(loss), y, 2), np.array([3, 49, 7])
    for one, other in zip(whole, small.expand(eta), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    for one, other in zip(whole, small.expand(eta[chosen], chosen), strict=True):
        np.testing.assert_allclose(one[chosen], other, rtol=1e-14)
