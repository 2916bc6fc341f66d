"""Value and gradient are finite wherever the contract allows the input, also at its edges and far out."""

import numpy as np
import pytest
from lossary.core import contract as c
from lossary.core.forms import Categorical, Sparse

from tests.backends import array, gradient
from tests.laws.cases import every_case

FAR = [0.0, 1e-30, -1e-30, 1e-4, 20.0, -20.0, 88.0, -88.0, 104.0, 1e4, -1e4, 1e18, -1e18]
PROBABILITIES = [0.0, 1e-38, 1e-20, 1e-8, 0.5, 1 - 2.0**-24, 1.0]


def hard(case, rng):
    """Pairs of targets and predictions at the edges, in the shapes that the loss reads."""
    loss, rules = case(), case().contract
    edge = PROBABILITIES if rules.prediction is c.PROBABILITY else FAR
    if rules.prediction is c.RATE:
        edge = [0.0, 1e-38, 1e-8, 1.0, 1e8, 1e30]
    if case.cls.__name__ == "GaussianNLL" and loss.spread != "log_variance":
        edge = [0.0, 1e-30, 1e-8, 1.0, 20.0, 80.0]
    y, _ = case.draw(rng, rows=len(edge) ** 2)
    width = case.draw(rng, rows=2)[1].shape[-1]
    a, b = np.meshgrid(edge, edge)
    p = np.stack([a.ravel(), b.ravel(), *[np.roll(a.ravel(), k) for k in range(1, width - 1)]], axis=-1)[:, :width]
    if isinstance(loss, Categorical) and rules.prediction is c.PROBABILITY:
        p[p.sum(axis=1) == 0] = 1.0 / width
    if isinstance(loss, Sparse):
        y = (np.arange(len(p)) % width).astype("int32")
    return y, p.astype("float32")


@every_case
def test_value_and_gradient_are_finite_at_the_edges(case, rng):
    if case.cls.__name__ in ("Circle", "CTC"):
        pytest.skip("unit vectors and frames have tests of their own: tests/core/test_families.py")
    y, p = hard(case, rng)
    if case.cls.__name__ in ("MeanSquaredError", "SquaredHinge", "RootMeanSquaredError", "GaussianNLL"):
        p = np.clip(p, -1e12, 1e12)  # beyond, the square itself is larger than float32 holds
    if case.cls.__name__ == "GaussianNLL":
        p[:, 1] = np.clip(p[:, 1], 1e-4 if case().spread != "log_variance" else -20, 80)  # beyond, e^-s is
    if getattr(case(), "log_rate", False):
        p = np.clip(p, -1e4, 80)  # beyond, e^p is
    if case.parameters.get("whole_batch"):
        return
    loss = case(reduction="none")
    values = array(loss(y, p))
    assert np.isfinite(values).all(), p[~np.isfinite(values.reshape(len(p), -1)).all(axis=1)][:3]
    slopes = gradient(lambda v: loss(y, v), p)
    assert np.isfinite(slopes).all(), p[~np.isfinite(slopes).all(axis=1)][:3]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@every_case
def test_half_precision_is_finite_at_the_edges(case, dtype, rng):
    if case.cls.__name__ in ("Circle", "CTC") or case.parameters.get("whole_batch"):
        pytest.skip("covered in float32")
    y, p = hard(case, rng)
    p = np.clip(p, -50, 50)
    if "Percentage" in case.cls.__name__:
        y = np.sign(y) * np.maximum(np.abs(y), 0.1)
    if case.cls.__name__ == "GaussianNLL" or getattr(case(), "log_rate", False):
        p = np.clip(p, 0.1 if case.cls.__name__ == "GaussianNLL" else -10, 5)
    values = array(case(reduction="none", dtype=dtype)(y, p))
    assert np.isfinite(values.astype("float32")).all()
