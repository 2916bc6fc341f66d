"""Numbers and useful slopes where intermediate results are beyond the largest or below the smallest number."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import USUAL, value_and_gradient
from tests.laws.cases import CASES, Case, by_row, law

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


WITHOUT_LOGARITHM = [
    Case(ls.SymmetricCrossEntropy, {"alpha": 0.0}, "alpha=0"),
    Case(ls.ActivePassive, {"alpha": 0.0}, "alpha=0"),
    Case(ls.CategoricalGeneralizedCrossEntropy, {"q": 0.99}, "q=0.99"),
]
FROM_ZERO = [case for case in CASES if case().contract.prediction.low == 0 and not case().coupled]


@law("case", [*FROM_ZERO, *WITHOUT_LOGARITHM], lambda case: case in WITHOUT_LOGARITHM)
def test_a_prediction_of_exactly_zero_is_learned_from(case, rng):
    """As one that is hardly more is: a slope by its logarithm loses what has the number itself as a factor."""
    function, (y, p) = by_row(case.cls), case.draw(rng)
    y = ops.convert_to_tensor(y if y.dtype.kind == "i" else y.astype("float32"))

    def slopes(p):
        with ls.checks(False):
            p = ops.convert_to_tensor(p.astype("float32"))
            return value_and_gradient(lambda y, p: function(y, p, **case.parameters), y, p, USUAL)[1]

    for entry in np.ndindex(p.shape[1:]):
        at, beside = p.copy(), p.copy()
        at[:, *entry], beside[:, *entry] = 0, 1e-7
        got, want = (slopes(x)[:, *entry] for x in (at, beside))
        assert (np.abs(got) >= np.abs(want) / 2 - 1e-3).all(), (entry, got, want)
