"""Closed-form slopes are derivatives, and every way to call a loss gives the same. Exactness: test_exactness.py."""

import doctest
import importlib
import pkgutil
from inspect import signature

import keras
import numpy as np
import pytest
from keras import ops

from lossary.core.forms import Distance, Margin, Pointwise
from lossary.core.results import RisingSums
from tests import oracle
from tests.backends import array, compiled, gradient
from tests.laws.cases import CASES, LOSSES, PAIRED, each_loss_somewhere, every_case, every_loss, one_case_each, twin
from tests.oracle.formulas import ORACLE
from tests.oracle.named import NAMED_ORACLE


@pytest.mark.once  # the gradient is under the oracle on every backend
@pytest.mark.parametrize("case", [c for c in CASES if issubclass(c.cls, (Distance, Margin))], ids=str)
def test_the_slope_is_the_derivative(case):
    loss, x = case(), np.linspace(-8, 8, 33, dtype="float32") + np.float32(0.07)
    np.testing.assert_allclose(array(loss.slope(ops.convert_to_tensor(x))), gradient(loss.of, x), rtol=1e-5, atol=1e-6)


@pytest.mark.once
@pytest.mark.parametrize("case", [c for c in CASES if issubclass(c.cls, Pointwise)], ids=str)
def test_the_slope_of_two_arguments_is_the_derivative(case):
    loss, p = case(), np.linspace(0.1, 8, 33, dtype="float32")
    y = ops.convert_to_tensor(np.full_like(p, 2.03))
    want = gradient(lambda v: loss.of(y, v), p)
    np.testing.assert_allclose(array(loss.slope(y, ops.convert_to_tensor(p))), want, rtol=1e-5, atol=1e-6)


@one_case_each
def test_compiled_and_eager_agree(case, rng):
    y, p = case.draw(rng)
    loss = case(reduction="sum")
    y, p = ops.convert_to_tensor(y), ops.convert_to_tensor(p)
    whole = case.cls.__name__ != "CTC"  # torch's own CTC kernel cannot be part of a whole graph
    np.testing.assert_allclose(array(compiled(loss, whole)(y, p)), array(loss(y, p)), rtol=3e-6, atol=1e-6)


@one_case_each
def test_targets_may_be_constants_of_a_compiled_function(case, rng):
    """They can be looked at while the predictions are traced; looking must not become part of the program."""
    y, p = case.draw(rng)
    loss, y, p = case(reduction="sum"), ops.convert_to_tensor(y), ops.convert_to_tensor(p)
    whole = case.cls.__name__ != "CTC"
    np.testing.assert_allclose(array(compiled(lambda v: loss(y, v), whole)(p)), array(loss(y, p)), rtol=3e-6, atol=1e-6)


@each_loss_somewhere
def test_function_and_class_agree(case, rng):
    y, p = case.draw(rng)
    whole = case().gives is RisingSums  # one number for all rows, as a function too
    loss, function = case(reduction="sum_over_batch_size" if whole else "none"), twin(case.cls)
    np.testing.assert_allclose(array(function(y, p, **case.parameters)), array(loss(y, p)), rtol=1e-6, atol=1e-7)


@pytest.mark.once
@every_loss
def test_function_and_class_take_the_same_parameters(cls):
    common = {"reduction", "name", "dtype", "entries", "missing"}
    own = {name for name in signature(cls).parameters if name not in common}
    slots = {name for slots in cls().inputs.values() for name in slots.slots} or {"y_true", "y_pred", *cls.beside}
    assert set(signature(twin(cls)).parameters) - (slots - own) == own


@pytest.mark.once
@every_loss
def test_the_documented_examples_hold(cls):
    (test,) = [t for t in doctest.DocTestFinder(recurse=False).find(cls) if t.examples]
    for example in test.examples:
        got = eval(example.source, vars(importlib.import_module(cls.__module__)))
        got = [array(g).item() for g in (got if isinstance(got, tuple) else (got,))]
        np.testing.assert_allclose(got, np.atleast_1d(eval(example.want)), rtol=2e-6)


@every_case
def test_lists_arrays_and_tensors_are_read_alike(case, rng):
    y, p = case.draw(rng)
    loss = case()
    want = array(loss(ops.convert_to_tensor(y), ops.convert_to_tensor(p)))
    np.testing.assert_allclose(array(loss(y, p)), want, rtol=1e-6)
    np.testing.assert_allclose(array(loss(y.tolist(), p.tolist())), want, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@one_case_each
def test_half_precision_is_rounded_once(case, dtype, rng):
    """Computed in float32 from what half precision holds, and rounded at the end: the float32 result's nearest."""
    y, p = case.draw(rng)
    p = array(ops.cast(ops.cast(ops.convert_to_tensor(p), dtype), "float32")).astype("float32")
    result = case(dtype=dtype)(y, ops.cast(ops.convert_to_tensor(p), dtype))
    assert keras.backend.standardize_dtype(result.dtype) == dtype
    want = array(ops.cast(case()(y, p), dtype)).astype("float32")
    np.testing.assert_allclose(array(result).astype("float32"), want, rtol=1e-6, atol=2.0**-24)


@every_case
def test_float64_stays_float64_where_the_backend_has_it(case, rng):
    y, p = case.draw(rng)
    function = twin(case.cls)
    p64 = ops.convert_to_tensor(p.astype("float64"))
    have = keras.backend.standardize_dtype(p64.dtype)  # JAX has float32 only, unless it is told otherwise
    assert keras.backend.standardize_dtype(function(y, p64, **case.parameters).dtype) == have


def test_every_loss_has_an_oracle():
    for module in pkgutil.iter_modules(oracle.__path__, "tests.oracle."):  # each enters its losses
        importlib.import_module(module.name)
    assert {twin(cls).__name__ for cls in PAIRED} == set(ORACLE)
    assert {twin(cls).__name__ for cls in LOSSES if cls.inputs} == set(NAMED_ORACLE)
