"""What a loss reads, out of which containers, and what it never takes for numbers."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import BACKEND, array, compiled, gradient

WIDTHS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


def whole_numbers(dtype):
    """The ends of a type, and numbers beyond 2^31 and 2^53."""
    if dtype == "python":
        return [3_000_000_000, 2**53 + 1, 2**64 + 5, 10**30, -(2**40)]
    info = np.iinfo(dtype)
    return [v for v in (info.min, info.max, 3_000_000_000, 2**53 + 1, 7) if info.min <= v <= info.max]


@pytest.mark.parametrize("place", ["y_true", "y_pred", "sample_weight"])
@pytest.mark.parametrize("dtype", [*WIDTHS, "python"])
def test_integers_of_every_width_are_the_numbers_they_are(dtype, place):
    numbers = whole_numbers(dtype)
    given = numbers if dtype == "python" else np.array(numbers, dtype)
    want, zeros = np.array([float(v) for v in numbers]), np.zeros(len(numbers))
    if place == "sample_weight":
        got = ls.MeanAbsoluteError(reduction="none")(zeros, zeros + 1, given)
    else:
        pair = {"y_true": zeros, "y_pred": zeros, place: given}
        got, want = ls.MeanAbsoluteError(reduction="none")(**pair), np.abs(want)
    np.testing.assert_allclose(array(got), want, rtol=1e-6)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("dtype", [*WIDTHS, "bool", "float16", "float32", "float64", "python"])
def test_labels_of_every_type_name_the_same_classes(dtype, native):
    labels = [0, 1, 1] if dtype == "bool" else [0, 3, 1]
    y = labels if dtype == "python" else np.array(labels, dtype)
    if native:
        if BACKEND == "torch" and dtype == "uint64":
            pytest.skip("Keras makes no such tensors on torch")
        y = ops.convert_to_tensor(y)
    p = np.array([[0.1, 0.2, 0.3, 0.4]] * 3)
    want = -np.log(p[0, labels])
    np.testing.assert_allclose(array(ls.sparse_categorical_crossentropy(y, p)), want, rtol=1e-5)


@pytest.mark.parametrize("label", [2**32, 2**32 + 1, 2**31, 2**63 - 1, 2**64 - 1, -(2**32)])
def test_a_label_beyond_32_bits_is_no_other_class(label):
    y, p = np.array([0, label]), np.full((2, 3), 1 / 3, "float32")
    for loss in (ls.SparseCategoricalCrossentropy(), ls.SparseCategoricalCrossentropy(ignore_class=-1)):
        with pytest.raises(ls.TargetError):
            loss(y, p)
        with ls.checks(False):
            assert np.isnan(array(loss(y, p)))
    weighed = ls.SparseCategoricalCrossentropy()(y, p, [1.0, 0.0])  # a row of weight 0 does not exist
    np.testing.assert_allclose(array(weighed), np.log(3) / 2, rtol=1e-6)


@pytest.mark.parametrize("label", [np.nan, 0.5, 1e10, -np.inf])
def test_compiled_code_never_learns_from_what_is_no_class(label):
    y = ops.convert_to_tensor(np.array([0.0, label], "float32"))
    p = ops.convert_to_tensor(np.full((2, 3), 1 / 3, "float32"))
    for ignored in (None, -1, 0):
        loss = ls.SparseCategoricalCrossentropy(ignore_class=ignored, reduction="none")
        assert np.isnan(array(compiled(loss)(y, p))[1])


def test_identities_beyond_32_bits_stay_apart_or_are_refused():
    near, far = np.array([2**40, 2**40, 1]), np.array([1, 1, 2])
    p = np.float32([[1, 0], [0.8, 0.6], [0, 1]])
    try:
        got = array(ls.circle(near + 0, p))
    except ls.TargetError:
        assert BACKEND == "jax"
    else:
        np.testing.assert_allclose(got, array(ls.circle(far, p)))
        assert not np.allclose(array(ls.circle([2**40, 2**40 + 1, 1], p)), got)


HOLDERS = {
    "fractions": lambda a: [[Fraction(v) for v in row] for row in a.tolist()],
    "decimals": lambda a: [[Decimal(v) for v in row] for row in a.tolist()],
    "objects": lambda a: a.astype(object),
    "big-endian": lambda a: a.astype(">f8"),
    "long double": lambda a: a.astype("longdouble"),
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "masked nothing": lambda a: np.ma.array(a, mask=False),
    "matrix": np.asmatrix,
    "a tuple of tensors": lambda a: tuple(ops.convert_to_tensor(row) for row in a),
    "tensors in lists": lambda a: [[ops.convert_to_tensor(v) for v in row] for row in a],
    "a list of rows": list,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_what_holds_the_numbers_does_not_matter(holder, rng):
    y, p = rng.integers(-3, 4, size=(2, 3)) / 4, rng.integers(-3, 4, size=(2, 3)) / 4
    want = ((y - p) ** 2).mean(axis=-1)
    for given in ((HOLDERS[holder](y), p), (y, HOLDERS[holder](p))):
        np.testing.assert_allclose(array(ls.mse(*given)), want, rtol=1e-6)
        np.testing.assert_allclose(array(ls.MeanSquaredError()(*given)), want.mean(), rtol=1e-6)


def test_gradients_flow_through_lists_of_tensors():
    def squared(p):
        return ls.mse([[1.0, 2.0]], [[p[0], p[1]]])

    np.testing.assert_allclose(gradient(squared, np.float32([3.0, 5.0])), [2.0, 3.0])


@pytest.mark.parametrize("place", ["y_true", "y_pred", "sample_weight"])
@pytest.mark.parametrize(
    "thing",
    [
        None, "text", b"bytes", {1.0}, {"a": [1.0]}, object(), (v for v in [1.0]), 1j, [1j], [None], ["a"], [10**400],
        np.array(["2026-01-01"], "datetime64[D]"), np.zeros(1, [("a", "f4")]), np.ma.array([1.0], mask=[True]),
        np.ma.masked, [[1.0], [1.0, 2.0]], [np.zeros(1), np.zeros(2)],
    ],
    ids=lambda thing: type(thing).__name__,
)  # fmt: skip
def test_what_is_no_number_is_refused_by_name(thing, place):
    if place == "sample_weight" and thing is None:
        return
    given = {"y_true": [1.0], "y_pred": [2.0], place: thing}
    with pytest.raises(ls.LossaryError, match=place) as caught:
        ls.Huber()(**given)
    assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))
    if place != "sample_weight":
        with pytest.raises(ls.LossaryError, match=place):
            ls.huber(**given)


def test_a_list_that_holds_itself_is_refused():
    endless = [1.0]
    endless.append(endless)
    with pytest.raises(ls.LossaryError, match="nested"):
        ls.mse([1.0, 2.0], endless)


@pytest.mark.parametrize("weight", [(3, 4), (1, 4), (3, 2), (4,), (3, 1, 4), (1, 3)])
@pytest.mark.parametrize("name", ["mse", "scce", "bce", "dice"])
def test_weights_that_would_broadcast_are_refused(name, weight):
    p = np.full((3, 4), 0.25, "float32")
    y = np.zeros(3, int) if name == "scce" else np.zeros((3, 4))
    with pytest.raises(ls.ShapeError):
        ls.get(name)(y, p, np.ones(weight))
    for fits in (2.0, np.ones(3), np.ones((3, 1)), np.ones(1)):
        ls.get(name)(y, p, fits)


@pytest.mark.parametrize(
    "value",
    [10**400, 10**5000, np.nan, "1.0", True, 1j, None, [], {"class_name": "x"}, np.ma.masked, Fraction(10**400)],
    ids=lambda value: type(value).__name__,
)
def test_parameters_that_are_no_number_are_refused(value):
    for make in (
        lambda: ls.Huber(delta=value),
        lambda: ls.Weighted("mse", value),
        lambda: ls.Dial(value),
        lambda: ls.LinearSchedule(value, 1.0, steps=2),
        lambda: ls.BinaryCrossentropy(class_weight=value) if value is not None else ls.Huber(delta=None),
    ):
        with pytest.raises(ls.ParameterError):
            make()


@pytest.mark.parametrize("value", [Fraction(1, 2), np.float16(0.5), np.longdouble(0.5), np.array(0.5)])
def test_numbers_of_other_types_are_kept_as_pythons(value):
    assert type(ls.Huber(delta=value).get_config()["delta"]) is float


@pytest.mark.parametrize("value", [np.array(["sum"]), 3, {}, True, np.zeros(2)])
@pytest.mark.parametrize("name", ["reduction", "name", "dtype"])
def test_what_every_loss_shares_is_checked_too(name, value):
    with pytest.raises(ls.ParameterError, match=name):
        ls.Huber(**{name: value})
    with pytest.raises(ls.ParameterError, match="Huber"):
        ls.huber([1.0], [2.0], **{name: value})
