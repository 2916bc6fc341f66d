"""Cross-entropies block by block: the same number and gradients as from all logits at once, whatever the blocks are."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.numerics import projections
from tests.backends import BACKEND, array
from tests.laws.slots import gradients

ROWS, FEATURES, CLASSES = 23, 4, 7
WEIGHTS = tuple(np.linspace(0.5, 2.0, CLASSES))
HOW = [
    {},
    {"label_smoothing": 0.1},
    {"class_weight": WEIGHTS},
    {"class_weight": WEIGHTS, "label_smoothing": 0.2, "z_loss": 0.02},
    {"soft_cap": 2.0, "z_loss": 0.1},
    {"ignore_class": -100},
]


def drawn(rng, ignored=False):
    h = rng.normal(size=(ROWS, FEATURES)).astype("float32")
    w, b = rng.normal(size=(CLASSES, FEATURES)).astype("float32"), rng.normal(size=CLASSES).astype("float32")
    y = rng.integers(0, CLASSES, ROWS)
    y[2::5] = -100 if ignored else y[2::5]
    weight = rng.uniform(0.5, 2, ROWS).astype("float32")
    weight[3::7] = 0
    return y, h, w, b, weight


REDUCTIONS = ["sum_over_batch_size", "sum", "mean_with_sample_weight"]
OF_EACH = [(how, REDUCTIONS[place % 3]) for place, how in enumerate(HOW)]


@pytest.mark.parametrize(("how", "reduction"), [*OF_EACH, (HOW[0], "sum"), (HOW[-1], "sum_over_batch_size")], ids=str)
def test_blocks_of_any_size_give_what_all_logits_give(how, reduction, rng, monkeypatch):
    y, h, w, b, weight = drawn(rng, "ignore_class" in how)
    loss = ls.LinearCrossEntropy(use_bias=True, reduction=reduction, **how)

    def number(x):
        return loss(y, x[0], kernel=x[1], bias=x[2], sample_weight=weight)

    def plain(x):
        rows = ls.LinearCrossEntropy(use_bias=True, reduction="none", **how)
        counts = np.asarray(y != -100)
        by = {"sum": 1.0, "sum_over_batch_size": counts.sum(), "mean_with_sample_weight": weight[counts].sum()}
        values = rows(y, x[0], kernel=x[1], bias=x[2], sample_weight=weight)
        return ops.sum(values) / float(by[reduction])

    given = [h, w, b]
    want, slopes = array(plain([ops.convert_to_tensor(x) for x in given])), gradients(plain, given)
    for rows in (1, 5, 1000):  # also a last block of three rows
        monkeypatch.setattr(projections, "BLOCK", rows * CLASSES)
        np.testing.assert_allclose(array(number([ops.convert_to_tensor(x) for x in given])), want, rtol=2e-6)
        for got, true in zip(gradients(number, given), slopes, strict=True):
            np.testing.assert_allclose(got, true, rtol=2e-5, atol=2e-6 * abs(true).max())


def test_what_is_neither_a_class_nor_ignored_is_not_learned_from(rng, monkeypatch):
    """Compiled code cannot refuse a label: the loss is NaN, and the other rows are learned from."""
    monkeypatch.setattr(projections, "BLOCK", 5 * CLASSES)
    y, h, w, _, _ = drawn(rng)
    loss = ls.LinearCrossEntropy(reduction="sum")
    right = gradients(lambda x: loss(np.delete(y, 4), x[0], kernel=x[1]), [np.delete(h, 4, 0), w])
    y[4] = CLASSES
    with pytest.raises(ls.LossaryError, match=f"from 0 to {CLASSES - 1}"):
        loss(y, h, kernel=w)
    with ls.checks(False):
        assert np.isnan(array(loss(y, h, kernel=w)))
        by_h, by_w = gradients(lambda x: loss(y, x[0], kernel=x[1]), [h, w])
    np.testing.assert_allclose(np.delete(by_h, 4, 0), right[0], rtol=1e-6)
    np.testing.assert_allclose(by_w, right[1], rtol=1e-5, atol=1e-6)
    assert not by_h[4].any()


@pytest.mark.skipif(BACKEND == "tensorflow", reason="its loops are differentiated once")
def test_slopes_may_be_differentiated_again(rng, monkeypatch):
    monkeypatch.setattr(projections, "BLOCK", 5 * CLASSES)
    y, h, w, _, _ = drawn(rng)
    along = rng.normal(size=h.shape).astype("float32")
    loss, step = ls.LinearCrossEntropy(z_loss=0.1), 1e-2

    def slope(x):
        return gradients(lambda given: loss(y, given[0], kernel=w), [x])[0]

    want = (slope(h + step * along) - slope(h - step * along)) / (2 * step)
    if BACKEND == "jax":
        import jax

        bend = jax.grad(lambda x: (jax.grad(lambda v: loss(y, v, kernel=w))(x) * along).sum())(ops.convert_to_tensor(h))
    else:
        import torch

        x = torch.tensor(h, requires_grad=True)
        (first,) = torch.autograd.grad(loss(y, x, kernel=w), x, create_graph=True)
        (bend,) = torch.autograd.grad((first * torch.tensor(along)).sum(), x)
    np.testing.assert_allclose(array(bend), want, rtol=2e-2, atol=2e-3 * abs(want).max())


def test_what_it_learned_predicts(rng):
    y, h, w, b, _ = drawn(rng)
    loss = ls.LinearCrossEntropy(classes=CLASSES, features=FEATURES, use_bias=True, soft_cap=2.0)
    for variable in loss.layer.weights:
        variable.assign({"kernel": w, "bias": b}[variable.name])
    want = ls.SparseCategoricalCrossentropy(from_logits=True)(y, loss.logits(h))
    np.testing.assert_allclose(array(loss(y, h)), array(want), rtol=1e-6)
