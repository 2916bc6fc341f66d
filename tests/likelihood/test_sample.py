"""What starts are made of is what NumPy says of the same numbers."""

import numpy as np
import pytest

from lossary.likelihood.sample import BLOCK, Sample

pytestmark = pytest.mark.backendless


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 11, 3 * BLOCK + 1])
def test_the_median_alone_is_the_median(rows):
    y = np.random.default_rng(0).lognormal(3.0, 0.5, rows)
    assert Sample(y).median_alone == Sample(y).median == np.median(y)
    weighed = Sample(y, np.full(rows, 2.0))
    assert weighed.median_alone == weighed.median == np.median(y)


@pytest.mark.parametrize("rows", [1, 2, 11, 3 * BLOCK + 1])
@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("ordered", [False, True])
def test_blocks_of_logarithms_merge(rows, weighed, ordered):
    """Also where blocks differ much, and where one has no weight."""
    rng = np.random.default_rng(1)
    y = rng.lognormal(3.0, 0.5, rows)
    w = rng.uniform(0, 2, rows) if weighed else None
    if ordered:
        y = np.sort(y)
    if weighed:
        w[: (rows - 1) // 2] = 0.0
    mean = np.average(np.log(y), weights=w)
    std = np.sqrt(np.average((np.log(y) - mean) ** 2, weights=w))
    np.testing.assert_allclose(Sample(y, w).of_logs, (mean, std), rtol=1e-13, atol=1e-15)
