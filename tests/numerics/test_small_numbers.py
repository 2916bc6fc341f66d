"""Where all numbers are ordinary, blocks and graphs take a shorter way: the long one with one small number."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import MODES, value_and_gradient

SMALLEST = {"ordinary": 0.01, "below the smallest normal": 1e-40, "nothing": 0.0}
LOSSES = (ls.KLDivergence, ls.CategoricalCrossentropy, ls.Poisson)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("smallest", SMALLEST.values(), ids=SMALLEST)
def test_both_ways_give_the_same(loss, smallest):
    rng, rows = np.random.default_rng(4), 200
    y, p = (rng.dirichlet(np.full(1000, 5.0), rows).astype("float32") + np.float32(1e-3) for _ in range(2))
    p[-1, 3] = smallest
    given = [*map(ops.convert_to_tensor, (y, p))]
    values, slopes = value_and_gradient(loss(reduction="none"), *given, "eager")
    for mode in MODES:
        value, slope = value_and_gradient(loss(), *given, mode)
        np.testing.assert_allclose(value, values.mean(dtype="float64"), rtol=2e-6)
        ordinary = abs(slopes[:-1]).max()
        np.testing.assert_allclose(slope * rows, slopes, rtol=1e-5, atol=3e-6 * ordinary)


@pytest.mark.parametrize("mode", MODES)
def test_the_slope_by_a_direction_has_the_inverse_of_its_size(mode):
    """Directions of small vectors are found by quotients, which XLA would divide by one product that rounds to 0."""
    y, p = np.float32([[-1, 0, 1, 2]]), np.float32([[-0.5, -1, -2, 1]])
    for loss in (ls.CosineSimilarity(), ls.CosineDistance()):
        usual = value_and_gradient(loss, *map(ops.convert_to_tensor, (y, p)), mode)
        for power in (-100, -60, -40, -30, 30, 60):
            size = np.float32(2.0**power)
            value, slope = value_and_gradient(loss, *map(ops.convert_to_tensor, (size * y, size * p)), mode)
            np.testing.assert_allclose(value, usual[0], rtol=1e-6)
            np.testing.assert_allclose(slope * size, usual[1], rtol=3e-6, atol=1e-6 * abs(usual[1]).max())
