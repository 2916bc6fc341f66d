"""Numbers and useful slopes where intermediate results are beyond the largest or below the smallest number."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import USUAL, value_and_gradient

FAR = [
    (ls.gaussian_nll, {"spread": "variance", "full": False}, [0], [8.5e37, 8.5e37], 4.25e37 + 43.6, [1.0, -0.5]),
    (ls.gaussian_nll, {"full": False}, [0], [0, -200], -100, [0, 0.5]),
    (ls.gaussian_nll, {"full": False}, [0], [1e-30, -200], 0.5 * 1e-60 * np.exp(200.0), None),
    (ls.gaussian_nll, {"full": False}, [0], [0, -1e38], -5e37, [0, 0.5]),
    (ls.gaussian_nll, {"full": False}, [0], [1e38, 176], 88 + 0.5 * 1e76 * np.exp(-176.0), None),
    (ls.poisson, {"log_rate": True}, [3], [3e38], np.inf, [np.inf]),
    (ls.tversky, {}, [0], [2e-38], 1.0, [0]),
]


@pytest.mark.parametrize(
    ("function", "options", "y", "p", "value", "slope"), FAR, ids=lambda one: getattr(one, "__name__", str(one))
)
def test_far_edges(function, options, y, p, value, slope):
    y, p = (ops.convert_to_tensor(np.float32([x])) for x in (y, p))
    with ls.checks(False):
        got, slopes = value_and_gradient(lambda y, p: function(y, p, **options), y, p, USUAL)
    np.testing.assert_allclose(got, [value], rtol=1e-5)
    if slope is not None:
        np.testing.assert_allclose(slopes, [slope], rtol=1e-6)


@pytest.mark.parametrize("spread", ["variance", "std"])
def test_a_subnormal_spread_has_no_nan(spread):
    p = ops.convert_to_tensor(np.float32([[0, 1.4e-45], [1, 1.4e-45]]))
    y = ops.zeros((2, 1))
    got = value_and_gradient(lambda y, p: ls.gaussian_nll(y, p, spread=spread), y, p, USUAL)
    assert not np.isnan(np.concatenate([part.ravel() for part in got])).any()
