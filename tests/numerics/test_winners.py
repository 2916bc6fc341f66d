"""The largest of each row in blocks of many rows: as of a few rows, where several are largest too."""

import numpy as np
import pytest

import lossary as ls
from tests.backends import array, gradient

LOSSES = {
    "cross-entropy": lambda: ls.CategoricalCrossentropy(from_logits=True, reduction="sum"),
    "smoothed": lambda: ls.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum"),
    "focal": lambda: ls.CategoricalFocalCrossentropy(from_logits=True, reduction="sum"),
    "probabilities": lambda: ls.CategoricalCrossentropy(reduction="sum"),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("tied", [False, True])
def test_rows_of_a_large_batch_are_those_of_small_ones(name, tied):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(96, 200)).astype("float32") * 4
    y = np.eye(200, dtype="float32")[rng.integers(0, 200, 96)]
    y[::3] = rng.dirichlet(np.ones(200), 32).astype("float32")
    if tied:  # in some rows, of the first block or the last, two or all
        z[[1, 50], 7] = z[[1, 50]].max(1) + 1
        z[[1, 50], 90] = z[[1, 50], 7]
        z[95] = 1.5
        z[40, 3] = -np.inf if name != "probabilities" else z[40, 3]
    z = np.exp(z - z.max()) if name == "probabilities" else z
    loss = LOSSES[name]()
    y[40] = np.eye(200, dtype="float32")[5]
    whole = array(gradient(lambda p: loss(y, p), z))
    few = [slice(start, start + 8) for start in range(0, 96, 8)]  # so few that they need no blocks
    alone = np.concatenate([array(gradient(lambda p, k=k: loss(y[k], p), z[k])) for k in few])
    np.testing.assert_allclose(whole, alone, rtol=2e-6, atol=1e-7 * abs(alone).max())
    np.testing.assert_allclose(float(array(loss(y, z))), sum(float(array(loss(y[k], z[k]))) for k in few), rtol=2e-6)
