"""Heads of distributions: shapes, training, saving, and what is predicted beside a number."""

import keras
import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.core.forms import Outputs
from lossary.core.forms.likelihoods import ANGLE_TARGET
from lossary.heads.laws import step
from tests.backends import array
from tests.laws.cases import LOSSES
from tests.laws.cases import targets as drawn

HEADS = [
    cls
    for cls in vars(ls.heads).values()
    if isinstance(cls, type) and issubclass(cls, ls.heads.Distribution) and cls is not ls.heads.Distribution
]
every_head = pytest.mark.parametrize("cls", HEADS, ids=lambda cls: cls.__name__)


def made(cls, rows=40, targets=None):
    head = cls(targets=targets)
    model = keras.Sequential([keras.Input((2,)), head])
    return head, model, np.random.default_rng(1).normal(size=(rows, 2)).astype("float32")


@every_head
@pytest.mark.parametrize("targets", [None, 3])
def test_shapes_losses_and_predictions(cls, targets, tmp_path):
    head, model, x = made(cls, rows=12, targets=targets)
    shape = (12,) if targets is None else (12, 3)
    out = model(x)
    assert tuple(out.shape) == (*shape, head.outputs) and tuple(head.point(out).shape) == shape
    y = drawn(head.loss().contract.target, shape, np.random.default_rng(2)) + getattr(head, "minimum", 0.0)
    told = head.predicted(out)
    rows = array(head.loss(reduction="none")(y, out)).astype("float64")
    logs = told.log_prob(y)
    can = np.isfinite(logs).reshape(12, -1).all(1)  # beyond the end of a support a loss goes on
    assert can.sum() > 6 and (can.all() or cls in (ls.heads.GeneralizedExtremeValue, ls.heads.GeneralizedPareto))
    np.testing.assert_allclose((-logs if targets is None else -logs.mean(1))[can], rows[can], rtol=1e-4, atol=1e-4)
    known = told.law
    if hasattr(known, "dist"):  # one of SciPy's
        truth = known.logpmf(y) if hasattr(known.dist, "pmf") else known.logpdf(y)
        inside = np.isfinite(truth)  # supports may end
        assert inside.mean() > 0.4
        np.testing.assert_allclose(logs[inside], truth[inside], rtol=1e-6, atol=1e-6)
    low, high = told.interval(0.8)
    assert low.shape == shape and (low <= high).all() and told.sample(5, seed=0).shape == (5, *shape)
    assert ((told.pit(y) >= 0) & (told.pit(y) <= 1)).all() and 0 <= told.coverage(y, 0.8) <= 1
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(array(again(x)), array(out), rtol=1e-6)


@pytest.mark.once  # by NumPy and SciPy
@every_head
def test_quantiles_are_where_the_density_says(cls):
    """The density, summed or integrated between two quantiles, gives the share between them."""
    head, model, x = made(cls, rows=3)
    told = head.predicted(model(x))
    low, high = told.quantile(0.2), told.quantile(0.8)
    counts = bool(np.all(step(told.law, np.ones(3)) > 0))
    t = np.linspace(0, 1, 2001)[:, None] ** 2  # denser at the lower end, where a density may be steep
    y = np.arange(0, high.max() + 1)[:, None] + np.zeros(3) if counts else low + (high - low) * t
    density = np.exp(ls.heads.Predicted(told.loss, np.broadcast_to(told.outputs, (*y.shape, head.outputs))).log_prob(y))
    if counts:
        below, upto = ((density * inside).sum(0) for inside in (y < high, y <= high))
        assert (upto >= 0.8 - 1e-9).all() and (below < 0.8).all()
    else:
        atom = np.where(low == 0, step(told.law, 0 * low), 0.0)
        share = np.trapezoid(density[1:], y[1:], axis=0)
        np.testing.assert_allclose(share, np.where(low == 0, np.maximum(0.8 - atom, 0), 0.6), atol=5e-3)
    middle = told.quantile(0.7)
    assert (np.abs(told.pit(middle) - 0.7) <= 0.5 * step(told.law, middle) + 2e-6).all()
    on_a_circle = head.loss().target is ANGLE_TARGET
    if (
        not on_a_circle
        and np.isfinite(told.std()).all()
        and (told.std() < 20 * np.abs(told.quantile(0.9) - told.quantile(0.1))).all()
    ):
        many = told.sample(4_000, seed=1)
        np.testing.assert_array_less(np.abs(many.mean(0) - told.mean()), 0.1 * told.std() + 1e-9)


def test_a_trained_head_is_calibrated():
    keras.utils.set_random_seed(1)
    head, model, x = made(ls.heads.Gamma, rows=1500)
    rng = np.random.default_rng(3)
    y = rng.gamma(3.0, np.exp(0.5 * x[:, 0]) / 3).astype("float32")
    model.compile(keras.optimizers.Adam(0.05), loss=head.loss())
    model.fit(x, y, epochs=40, batch_size=100, verbose=0)
    told = head.predicted(model(x))
    assert abs(told.coverage(y, 0.9) - 0.9) < 0.04
    assert abs(np.mean(told.pit(y)) - 0.5) < 0.03
    assert np.abs(np.log(told.mean()) - 0.5 * x[:, 0]).mean() < 0.1


NAMES = {cls.__name__ for cls in LOSSES}
SCORES = [c for c in LOSSES if issubclass(c, Outputs) and c.__name__[:-4] + "NLL" in NAMES and "CRPS" in c.__name__]


@pytest.mark.parametrize("cls", SCORES, ids=lambda cls: cls.__name__)
def test_a_closed_score_is_the_integral_that_defines_it(cls):
    """Of the squared distance between the distribution function and that of the target alone."""
    rng, score = np.random.default_rng(5), cls()
    likelihood = getattr(ls, cls.__name__.replace("CRPS", "NLL"))()
    z = rng.normal(size=(4, score.outputs)) * 0.7
    given = [getattr(score, name) for name in likelihood.heads if name not in score.heads] if score.heads else []
    y = drawn(likelihood.target, (4,), rng)
    law = ls.heads.Predicted(likelihood, np.c_[z, np.tile(np.log(given), (4, 1))]).law
    t = np.sinh(np.linspace(-20, 20, 400_001))[:, None]
    apart = np.trapezoid((law.cdf(t) - (t >= y)) ** 2, t, axis=0)
    there = np.isfinite(law.mean())  # others are read as the next shape that has a mean
    assert there.sum() > 1
    np.testing.assert_allclose(array(score.rows(y, z.astype("float32")))[there], apart[there], rtol=2e-3)


@pytest.mark.parametrize("rank", [None, 2])
def test_vectors_with_a_covariance(rank, tmp_path):
    from scipy import stats

    head = ls.heads.MultivariateNormal(features=3, rank=rank)
    model = keras.Sequential([keras.Input((2,)), head])
    out = model(np.random.default_rng(1).normal(size=(5, 2)).astype("float32"))
    told, y = head.predicted(out), np.random.default_rng(2).normal(size=(5, 3)).astype("float32")
    logs = [
        stats.multivariate_normal(m, c).logpdf(v) for m, c, v in zip(told.mean(), told.covariance(), y, strict=True)
    ]
    np.testing.assert_allclose(told.log_prob(y), logs, rtol=1e-9)
    np.testing.assert_allclose(array(head.loss(reduction="none")(y, out)), -told.log_prob(y), rtol=1e-5)
    many = told.sample(40_000, seed=0)
    np.testing.assert_allclose(many.std(0), told.std(), rtol=0.03)
    np.testing.assert_allclose(np.cov(many[:, 0].T), told.covariance()[0], atol=0.05 * told.std()[0].max() ** 2)
    assert np.allclose(array(head.point(out)), told.mean())
    wide = ls.heads.PredictedVectors(np.repeat(told.outputs, 400, 0), 3, rank)
    assert abs(wide.coverage(wide.sample(1, seed=4)[0], 0.9) - 0.9) < 0.03
    model.save(tmp_path / "m.keras")
    assert keras.models.load_model(tmp_path / "m.keras").layers[-1].rank == rank


def test_wrong_questions_are_refused():
    head, model, x = made(ls.heads.Gamma)
    told = head.predicted(model(x))
    with pytest.raises(LossaryError, match="probability"):
        told.quantile(50)
    with pytest.raises(LossaryError, match="shape"):
        told.pit(np.ones(3))
