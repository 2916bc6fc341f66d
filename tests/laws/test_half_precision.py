"""Half precision is computed in float32 and rounded once: values and gradients beside those of float64.

float64 has the digits of the textbook (test_exactness.py, test_named_values.py). Losses are weighted in half precision,
and multiplied by a large number, as where losses are scaled. Nothing is NaN or infinite where the type holds the truth.
"""

from functools import cache

import numpy as np
import pytest
from keras import ops
from scipy.special import logsumexp, softmax

import lossary as ls
from lossary.core.forms import Binary
from lossary.numerics.backend import double
from tests.backends import MODES, value_and_gradient, with_gradients
from tests.laws.cases import CASES, ONE_EACH, ONE_OF_FORMS, by_row, law
from tests.laws.slots import OF_RESULTS
from tests.laws.test_named_values import FORMULAS, WEIGHT, hard, moved
from tests.oracle.measure import spacing
from tests.oracle.sums import FLOATS

HALF = ("float16", "bfloat16")
SCALE = 2.0**10
OF_SCALE = 2.0**-20  # of the largest slope of an array: 8 units of float32 of what may cancel


def held(x, dtype):
    """What the type holds of an array, in float64; the largest number where one is beyond it. Infinite ends stay."""
    kind = FLOATS[dtype]
    if x.dtype.kind != "f":
        return x
    found = np.where(np.isinf(x), x, np.clip(x, -kind.largest, kind.largest))
    return found.astype(kind.numpy).astype("float64")


def excess(got, want, dtype):
    """How far numbers are off, in what they may be off; infinite where there is none though the type holds one."""
    kind, got, want = FLOATS[dtype], np.asarray(got, "float64").reshape(-1), np.asarray(want, "float64").reshape(-1)
    beyond = ~(np.abs(want) <= kind.largest)
    truth = np.where(beyond, 0.0, want)
    with np.errstate(invalid="ignore"):
        off = np.abs(got - truth) / (2 * spacing(truth, kind) + OF_SCALE * np.abs(truth).max(initial=0.0))
    return np.where(beyond, 0.0, np.where(np.isfinite(got), off, np.inf))


def check(got, want, dtype):
    """The value is float32's; the gradients are of the type."""
    for k, (one, truth) in enumerate(zip(got, want, strict=True)):
        off = excess(one, truth, dtype)
        at = np.argmax(off)
        assert off[at] <= 1, f"output {k}: {np.ravel(one)[at]} instead of {np.ravel(truth)[at]}, {off[at]:.3g}"


def scaled(value, dtype):
    """A loss multiplied by a large number, in the type in which it is computed."""
    return ops.cast(value, dtype) * SCALE


def typed(arrays, dtype):
    """Arrays as tensors, real ones of the type."""
    return {n: ops.cast(x, dtype) if x.dtype.kind == "f" else ops.convert_to_tensor(x) for n, x in arrays.items()}


@cache
def slot_program(case, dtype):
    """The mean of a loss of named slots, with weights of the type, and its gradients."""
    wide = "float64" if dtype == "float64" else "float32"
    loss, names = case(dtype=wide), moved(case, case.draw())

    def value(xs, rest):
        weight = ops.cast(rest["weight"], dtype)
        given = {**typed({n: x for n, x in rest.items() if n != "weight"}, dtype), **dict(zip(names, xs, strict=True))}
        return scaled(case.value(loss, given, weight), wide)

    return with_gradients(value, dtype)


def of_slots(case, far, dtype, computed):
    """The outcome in the type `computed`, of the numbers that `dtype` holds."""
    wide = "float64" if computed == "float64" else "float32"
    arrays = {n: held(x, dtype) for n, x in hard(case, far).items()}
    arrays = {n: x.astype(wide) if x.dtype.kind == "f" else x for n, x in arrays.items()}
    xs = [arrays.pop(name) for name in moved(case, arrays)]
    return slot_program(case, computed)(xs, {**arrays, "weight": held(WEIGHT, dtype).astype(wide)})


@law("case, dtype", [(case, dtype) for case in FORMULAS for dtype in HALF], lambda case, _: case in OF_RESULTS)
def test_gradients_of_named_inputs_are_rounded_once(case, dtype):
    for far in (False, True):
        with double():
            want = of_slots(case, far, dtype, "float64")
        check(of_slots(case, far, dtype, dtype), want, dtype)


@law("case, dtype", [(case, dtype) for case in ONE_EACH for dtype in HALF], lambda case, _: case in ONE_OF_FORMS)
def test_weighted_and_scaled_gradients_are_rounded_once(case, dtype):
    y, p = case.draw(np.random.default_rng(1))
    y, p, weight = held(y, dtype), held(p, dtype), held(np.linspace(0.5, 2, len(p)), dtype)

    def outcome(computed):
        wide = "float64" if computed == "float64" else "float32"
        loss = case(dtype=wide)

        def value(xs, rest):
            given = typed(rest, computed)
            return scaled(loss(given["y"], *xs, sample_weight=given["weight"]), wide)

        rest = {"y": y.astype(wide) if y.dtype.kind == "f" else y, "weight": weight.astype(wide)}
        return with_gradients(value, computed)([p.astype(wide)], rest)

    with double():
        want = outcome("float64")
    check(outcome(dtype), want, dtype)


# -- numbers of float32, given to a loss of half precision ------------------------------------------------------------

FAR_DOWN = 2.0**17  # numbers that float16 does not hold
GIVEN = [*ONE_EACH, *(case for case in CASES if case.label == "probabilities")]


def finer(x, values):
    """Numbers that half precision does not hold: probabilities near 1, and large ones."""
    if x.dtype.kind != "f" or values.high not in (1, np.inf):
        return [x]
    return [x, 1 - (1 - x) * 2.0**-12] if values.high == 1 else [x, x - FAR_DOWN] if values.low == -np.inf else [x]


def same_when_rounded(value, dtype):
    """Only the result is rounded: `value` takes the type of the loss."""
    kind = FLOATS[dtype]
    with ls.checks(False):
        got, want = (float(ops.cast(value(name), "float32")) for name in (dtype, "float32"))
    beyond = abs(want) > kind.largest or not np.isfinite(want)
    assert beyond or abs(got - want) <= spacing(np.array(want), kind), (got, want)


@law("case, dtype", [(case, dtype) for case in GIVEN for dtype in HALF], lambda case, _: case in ONE_OF_FORMS)
def test_finer_numbers_are_read_as_they_are(case, dtype):
    y, p = case.draw(np.random.default_rng(2))
    y = ops.convert_to_tensor(y.astype("float32") if y.dtype.kind == "f" else y)
    for x in finer(p, case().contract.prediction):
        x = ops.convert_to_tensor(x.astype("float32"))
        same_when_rounded(lambda name, x=x: case(dtype=name)(y, x), dtype)


@law("case, dtype", [(case, dtype) for case in FORMULAS for dtype in HALF], lambda case, _: case in OF_RESULTS)
def test_finer_numbers_in_named_inputs_are_read_as_they_are(case, dtype):
    arrays, kinds = case.draw(), case.slots.slots
    for k in range(2):
        given = {n: ([*finer(x, kinds[n].kind)] * 2)[k] if n in case.floats else x for n, x in arrays.items()}
        given, weight = typed(given, "float32"), ops.ones((len(WEIGHT),))
        same_when_rounded(lambda name, rest=(given, weight): case.value(case(dtype=name), *rest), dtype)


# -- large inputs, which are computed in blocks -----------------------------------------------------------------------

ROWS, COLUMNS = 1031, 130  # more numbers than one block has, on every backend; the last block is shorter
LABELS = ("uint8", "int16", "uint16", "int32", "uint32", "int64")


def squared(y, p):
    return ((p - y) ** 2).mean(-1), 2 * (p - y) / COLUMNS


def absolute(y, p):
    return np.abs(p - y).mean(-1), np.sign(p - y) / COLUMNS


def logistic(y, p):
    return (np.logaddexp(0, p) - y * p).mean(-1), (1 / (1 + np.exp(-p)) - y) / COLUMNS


def categorical(y, p):
    return (y * (logsumexp(p, -1, keepdims=True) - p)).sum(-1), y.sum(-1, keepdims=True) * softmax(p, -1) - y


def sparse(y, p):
    return categorical(np.eye(COLUMNS)[y], p)


LARGE = [
    (ls.MeanSquaredError(), squared, "float"),
    (ls.MeanAbsoluteError(), absolute, "float"),
    (ls.BinaryCrossentropy(from_logits=True), logistic, "share"),
    (ls.CategoricalCrossentropy(from_logits=True), categorical, "distribution"),
    *((ls.SparseCategoricalCrossentropy(from_logits=True), sparse, label) for label in LABELS),
]


@pytest.mark.parametrize("dtype", [*HALF, "float32"])
@pytest.mark.parametrize(("loss", "truth", "target"), LARGE, ids=lambda one: one if isinstance(one, str) else "")
def test_large_inputs_are_as_exact(loss, truth, target, dtype, rng):
    """Under the compiler, with a weight for each row, beside NumPy's float64."""
    p = held(rng.normal(0, 3, (ROWS, COLUMNS)), dtype)
    if target in LABELS:
        y = rng.integers(0, COLUMNS, ROWS).astype(target)
    else:
        y = {"float": rng.normal(0, 3, p.shape), "share": rng.uniform(0, 1, p.shape)}.get(target)
        y = held(rng.dirichlet(np.ones(COLUMNS), ROWS) if y is None else y, dtype)
    weight = held(rng.uniform(0.5, 2, ROWS), dtype)
    values, slopes = truth(y, p)
    want = SCALE * 16 * (weight * values).mean(), SCALE * 16 * weight[:, None] * slopes / ROWS

    def value(y, p):
        w = ops.cast(weight.astype("float32"), dtype)
        return scaled(loss(y, p, sample_weight=w), "float32") * 16

    given = y if target in LABELS else ops.cast(y.astype("float32"), dtype)
    for mode in MODES[-1:]:
        got = value_and_gradient(value, given, ops.cast(p.astype("float32"), dtype), mode)
        np.testing.assert_allclose(got[0], want[0], rtol=2e-6)
        check(got[1:], want[1:], dtype)


# -- probabilities near their ends, of which float16 has subnormal ones -----------------------------------------------

EASY = np.float32([[1, 1], [0, 0], [1, 1 - 2.0**-11], [0, 2.0**-24], [0, 2.0**-20], [1, 2.0**-14], [0, 1 - 2.0**-11]])
BINARY = [case for case in CASES if isinstance(case(), Binary) and getattr(case(), "from_logits", None) is False]


@law("case", BINARY, lambda case: True)
def test_probabilities_near_their_ends_are_not_cut_off(case):
    """What is computed in float32 reads nothing as the smallest ordinary number of float16."""

    def outcome(dtype):
        y, p = (ops.cast(ops.convert_to_tensor(EASY[:, k, None]), dtype) for k in (0, 1))
        return value_and_gradient(lambda y, p: by_row(case.cls)(y, p, **parameters), y, p, MODES[-1])

    parameters = {**case.parameters, **({"label_smoothing": 0.0} if "label_smoothing" in case.cls.params else {})}
    for got, want in zip(outcome("float16"), outcome("float32"), strict=True):
        check(np.ravel(got), np.ravel(want), "float16")  # each entry by itself
