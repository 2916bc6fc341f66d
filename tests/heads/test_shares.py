"""Heads of shares, counts of classes and classes: shapes, saving, and what is predicted, beside SciPy."""

import keras
import numpy as np
import pytest
from scipy import stats

import lossary as ls
from lossary.core.errors import LossaryError
from tests.backends import array

HEADS = ls.heads.Dirichlet, ls.heads.Multinomial, ls.heads.DirichletMultinomial, ls.heads.Categorical
every_head = pytest.mark.parametrize("cls", HEADS, ids=lambda cls: cls.__name__)
N = 6


def told(cls, rows=5):
    head = cls(classes=3)
    model = keras.Sequential([keras.Input((2,)), head])
    out = model(np.random.default_rng(1).normal(size=(rows, 2)).astype("float32"))
    trials = {"trials": N} if cls in HEADS[1:3] else {}
    return head, model, out, head.predicted(out, **trials)


@every_head
def test_what_is_predicted_is_what_the_loss_reads(cls, tmp_path):
    head, model, out, found = told(cls)
    y = found.sample(1, seed=3)[0]
    values = array(head.loss(reduction="none")(y if cls is HEADS[3] else y.astype("float32"), out))
    np.testing.assert_allclose(values, -found.log_prob(y), rtol=1e-5, atol=1e-5)
    share = array(head.point(out))
    np.testing.assert_allclose(share.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(share * (N if cls in HEADS[1:3] else 1), found.mean(), rtol=1e-5)
    many = found.sample(4_000, seed=0)
    if cls is HEADS[3]:
        many = many[..., None] == np.arange(3)
    np.testing.assert_allclose(many.mean(0), found.mean(), atol=0.03 * max(1, many.std()) * 3)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras").layers[-1]
    assert again.classes == 3 and again.get_config() == head.get_config()


@pytest.mark.parametrize("cls", HEADS[:3], ids=lambda cls: cls.__name__)
def test_entries_are_calibrated_where_the_distribution_is_true(cls):
    _, _, out, _ = told(cls, rows=3)
    wide = np.repeat(array(out), 2_000, 0)
    found = cls(classes=3).predicted(wide, **({"trials": 300} if cls in HEADS[1:3] else {}))
    y = found.sample(1, seed=5)[0]
    assert abs(found.coverage(y, 0.8) - 0.8) < 0.03 and abs(found.pit(y).mean() - 0.5) < 0.02
    np.testing.assert_allclose(y.std(0), np.sqrt((found.std() ** 2).mean(0) + found.mean().var(0)), rtol=0.05)


def test_log_probabilities_beside_scipy():
    a, y = np.array([0.5, 1.5, 3.0]), np.array([1.0, 2.0, 3.0])
    shares = ls.heads.PredictedShares(a[None])
    assert shares.log_prob([y / 6])[0] == pytest.approx(stats.dirichlet(a).logpdf(y / 6), rel=1e-12)
    assert ls.heads.PredictedCounts((a / 5)[None], 6).log_prob([y])[0] == pytest.approx(
        stats.multinomial(6, a / 5).logpmf(y), rel=1e-12
    )
    spread = ls.heads.PredictedCounts(a[None], 6, spread=True)
    assert spread.log_prob([y])[0] == pytest.approx(stats.dirichlet_multinomial(a, 6).logpmf(y), rel=1e-12)
    assert spread.log_prob([y + 1])[0] == -np.inf


def test_the_likeliest_classes_that_hold_enough():
    found = ls.heads.PredictedClasses(np.array([[0.5, 0.3, 0.2], [0.1, 0.05, 0.85]]))
    np.testing.assert_array_equal(found.set_of(0.8), [[True, True, False], [False, False, True]])
    assert found.coverage([1, 0], 0.8) == 0.5 and found.mode().tolist() == [0, 2]


def test_half_a_count_is_refused():
    with pytest.raises(LossaryError, match="whole numbers"):
        ls.heads.PredictedCounts(np.ones((1, 2)) / 2, 2.5)
