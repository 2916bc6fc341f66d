"""Heads of distributions: shapes, training, saving, and what is predicted beside a number."""

import keras
import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError
from tests.backends import array
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
    head, model, x = made(cls, targets=targets)
    shape = (40,) if targets is None else (40, 3)
    out = model(x)
    assert tuple(out.shape) == (*shape, head.outputs) and tuple(head.point(out).shape) == shape
    y = drawn(head.loss().contract.target, shape, np.random.default_rng(2)) + getattr(head, "minimum", 0.0)
    told = head.predicted(out)
    rows = array(head.loss(reduction="none")(y, out)).astype("float64")
    logs = told.log_prob(y)
    np.testing.assert_allclose(-logs if targets is None else -logs.mean(1), rows, rtol=1e-4, atol=1e-4)
    known = told.scipy
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


def test_a_trained_head_is_calibrated():
    keras.utils.set_random_seed(1)
    head, model, x = made(ls.heads.Gamma, rows=1500)
    rng = np.random.default_rng(3)
    y = rng.gamma(3.0, np.exp(0.5 * x[:, 0]) / 3).astype("float32")
    model.compile(keras.optimizers.Adam(0.05), loss=head.loss())
    model.fit(x, y, epochs=15, batch_size=100, verbose=0)
    told = head.predicted(model(x))
    assert abs(told.coverage(y, 0.9) - 0.9) < 0.03
    assert abs(np.mean(told.pit(y)) - 0.5) < 0.03
    assert np.abs(np.log(told.mean()) - 0.5 * x[:, 0]).mean() < 0.1


def test_wrong_questions_are_refused():
    head, model, x = made(ls.heads.Gamma)
    told = head.predicted(model(x))
    with pytest.raises(LossaryError, match="probability"):
        told.quantile(50)
    with pytest.raises(LossaryError, match="shape"):
        told.pit(np.ones(3))
