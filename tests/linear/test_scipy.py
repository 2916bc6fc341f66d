"""`ls.value_and_gradient` with SciPy's optimisers, on the backend in KERAS_BACKEND."""

import numpy as np
import pytest
import scipy.optimize
from keras import ops

import lossary as ls
from lossary.core.errors import LossaryError
from tests.linear import tables


@pytest.fixture
def problem(rng):
    x, y = rng.normal(size=(60, 3)), rng.standard_t(2, size=60)
    return x, y + x @ [1.0, -2.0, 3.0]


def of(x, y, loss):
    def target(b):
        predictions = ops.matmul(ops.convert_to_tensor(x, dtype="float64"), ops.expand_dims(b[:-1], -1)) + b[-1]
        return ops.mean(ops.maximum(loss(ops.convert_to_tensor(y[:, None], dtype="float64"), predictions), -1.0))

    return target


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG"])
@pytest.mark.parametrize("loss", [ls.huber, ls.Huber(dtype="float64")], ids=["function", "object"])
def test_an_optimiser_reaches_the_optimum(problem, method, loss):
    x, y = problem
    found = scipy.optimize.minimize(
        ls.value_and_gradient(of(x, y, loss)), np.zeros(4), jac=True, method=method, tol=1e-10
    )
    np.testing.assert_allclose(found.x, tables.huber(x, y, 1.0), atol=1e-5)


def test_value_and_gradient_keep_the_shape_and_all_digits(problem):
    x, y = problem
    function = ls.value_and_gradient(of(x, y, ls.log_cosh))
    at = np.array([0.3, -1.0, 2.0, 0.1])
    e = x @ at[:3] + at[3] - y
    value, gradient = function(at)
    assert isinstance(value, float) and gradient.dtype == np.float64
    assert value == pytest.approx(np.mean(np.logaddexp(e, -e) - np.log(2)), rel=1e-14)
    np.testing.assert_allclose(gradient, tables.with_ones(x).T @ np.tanh(e) / 60, rtol=1e-12)
    square = ls.value_and_gradient(lambda m: ops.sum(ops.square(m)))
    assert square(np.ones((2, 3)))[1].shape == (2, 3)


def test_functions_in_float32_are_refused(problem):
    x, y = problem
    for loss, words in {
        ls.Huber(): "value is float32",
        lambda t, p: ops.cast(ops.cast(ls.huber(t, p), "float32"), "float64"): "A part of it computes in float32",
    }.items():
        with pytest.raises(LossaryError, match=words) as raised:
            ls.value_and_gradient(of32(x, y, loss))(np.ones(3))
        assert 'dtype="float64"' in raised.value.do
    with pytest.raises(LossaryError, match=r"shape \(2,\)"):
        ls.value_and_gradient(lambda b: b)(np.zeros(2))


def of32(x, y, loss):
    def target(b):
        predictions = ops.matmul(ops.convert_to_tensor(x, dtype="float64"), ops.expand_dims(b, -1))
        return ops.mean(loss(ops.convert_to_tensor(y[:, None], dtype="float64"), predictions))

    return target
