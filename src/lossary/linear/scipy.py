"""A function of parameters as SciPy's optimisers want it: float64 in, value and gradient in float64 out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.errors import LossaryError, ShapeError, shown
from ..numerics.backend import derivative, double

Array = np.ndarray


@checked_call
def value_and_gradient(function: Callable[[Any], Any]) -> Callable[[Any], tuple[float, Array]]:
    """`function` for `scipy.optimize.minimize(..., jac=True)`: numbers go in and come out as float64, on any backend.

        def target(b):  # a float64 tensor -> one number, by keras.ops and lossary's functions
            return ops.mean(ls.huber(y, x @ b))

        scipy.optimize.minimize(ls.value_and_gradient(target), np.zeros(3), jac=True)

    The gradient is the backend's own. No setting changes, on JAX neither: float64 is on inside the call, on this
    thread. Losses as functions follow the type of their predictions; a loss as an object computes in its own type,
    float32 unless it was built with dtype="float64", and optimisers that look at differences then stop at wrong
    parameters. A function that computes in float32, or has a part that does, is refused.

    Args:
        function: maps a tensor of the shape of the parameters to one number.

    Returns: a function of an array that gives (value, gradient of the array's shape).

    Raises: when it is called: ShapeError unless the value is one number; LossaryError unless it is float64.
    """

    if not callable(function) or isinstance(function, keras.losses.Loss):
        raise LossaryError(
            "ls.value_and_gradient(function) minimises a function of the parameters.",
            arrived=f"It was given {shown(function)}.",
            allowed="Expected a function that maps a tensor of parameters to one number.",
            do="Write it as one: lambda b: ops.mean(ls.huber(y, x @ b)).",
        )
    seen = False

    def numbers(parameters: Any) -> tuple[float, Array]:
        nonlocal seen
        at = np.asarray(parameters, dtype=np.float64)
        with double():
            point = ops.convert_to_tensor(at, dtype="float64")
            value = ops.convert_to_tensor(function(point))
            _check(value)
            slope = np.array(ops.convert_to_numpy(derivative(function, point)), dtype=np.float64)
            if not seen:
                _check_digits(function, at, float(ops.convert_to_numpy(value)), slope)
                seen = True
            return float(ops.convert_to_numpy(value)), slope.reshape(at.shape)

    return numbers


def _check(value: Any) -> None:
    if int(np.prod(value.shape)) != 1:
        raise ShapeError(
            "ls.value_and_gradient(function) gives an optimiser a single number to minimise.",
            arrived=f"The function's value has shape {tuple(value.shape)}.",
            allowed="Expected a single number.",
            do="Take a mean or a sum: ops.mean(ls.huber(y, predictions)).",
        )
    if "float64" not in str(value.dtype):
        raise _narrow(f"The function's value is {keras.backend.standardize_dtype(value.dtype)}.")


def _check_digits(function: Callable[[Any], Any], at: Array, value: float, slope: Array) -> None:
    """Whether a very small step changes the value as the gradient says: a part in float32 would not notice it."""
    way = np.sign(slope) * np.maximum(np.abs(at), 1.0) * 1e-9
    up, down = (
        float(ops.convert_to_numpy(function(ops.convert_to_tensor(at + side * way, dtype="float64"))))
        for side in (1.0, -1.0)
    )
    expected = 2 * float(np.sum(slope * way))
    if np.isfinite(up - down) and abs(up - down - expected) > 0.2 * expected + 1e-13 * abs(value):
        raise _narrow("A part of it computes in float32: steps of 1e-9 do not change its value as the gradient says.")


def _narrow(arrived: str) -> LossaryError:
    return LossaryError(
        "ls.value_and_gradient(function) computes in float64, so that an optimiser can resolve small differences.",
        arrived=arrived,
        allowed="Expected a function that keeps the dtype of the parameters.",
        do='Build losses with dtype="float64", as ls.Huber(dtype="float64"), or use their functions, as ls.huber; make '
        'tensors with dtype="float64".',
    )
