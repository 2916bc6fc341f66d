"""docs/differences-from-keras.md, row by row: what Keras gives, what lossary gives, and that the page says so."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import lossary as ls
from lossary.core.metrics import as_metrics
from tests.backends import BACKEND, array, gradient

PAGE = Path(__file__).resolve().parents[2] / "docs" / "differences-from-keras.md"
K = keras.losses
f32 = np.float32
ROWS = {}


def row(name):
    def enter(fn):
        ROWS[name] = fn
        return fn

    return enter


def value(loss, *args, **kwargs):
    return float(array(loss(*args, **kwargs)).reshape(-1)[0])


def slope(loss, y, p):
    return gradient(lambda v: loss(y, v), f32(p)).ravel()


ONLY_MISSED = [[1.0, 1.0, 1.0]], [[1.0, 0.0, 0.0]]


@row("D1")
def tversky():
    ours, keras_ = ls.Tversky(alpha=0.9, beta=0.1), K.Tversky(alpha=0.9, beta=0.1)
    return value(keras_, *map(f32, ONLY_MISSED)), value(ours, *map(f32, ONLY_MISSED)), (0.6429, 0.1667)


@row("D2")
def categorical_hinge():
    y, p = f32([[1, 0, 0]]), f32([[-1, -2, -3]])
    return value(K.CategoricalHinge(), y, p), value(ls.CategoricalHinge(), y, p), (2.0, 0.0)


@row("D3")
def focal_at_saturated_logits():
    y, p = f32([[1, 0]]), f32([[0, 100]])
    options = {"from_logits": True}
    keras_, ours = K.CategoricalFocalCrossentropy(**options), ls.CategoricalFocalCrossentropy(**options)
    assert slope(keras_, y, p)[0] == 0
    assert slope(ours, y, p)[0] == pytest.approx(-0.25)
    return value(keras_, y, p), value(ours, y, p), (4.0295, 25.0)


@row("D4")
def binary_focal_at_saturated_logits():
    y, p = f32([[1.0]]), f32([[-100.0]])
    keras_, ours = K.BinaryFocalCrossentropy(from_logits=True), ls.BinaryFocalCrossentropy(from_logits=True)
    assert slope(ours, y, p)[0] == pytest.approx(-1.0)
    return value(keras_, y, p), value(ours, y, p), ({"tensorflow": 100.0}.get(BACKEND, 16.1181), 100.0)


@row("D5")
def tiny_probability_of_a_yes():
    y, p = f32([[1.0]]), f32([[1e-20]])
    assert slope(K.BinaryCrossentropy(), y, p)[0] == 0
    assert slope(ls.BinaryCrossentropy(), y, p)[0] == pytest.approx(-1e20, rel=1e-5)
    assert value(ls.BinaryCrossentropy(epsilon=1e-7), y, p) == pytest.approx(
        value(K.BinaryCrossentropy(), y, p), rel=1e-6
    )
    return value(K.BinaryCrossentropy(), y, p), value(ls.BinaryCrossentropy(), y, p), (16.1181, 46.0517)


@row("D6")
def certain_and_wrong():
    y, p = f32([[0.0]]), f32([[1.0]])
    assert slope(K.BinaryCrossentropy(), y, p)[0] == 0
    assert slope(ls.BinaryCrossentropy(), y, p)[0] == 2.0**24
    return value(K.BinaryCrossentropy(), y, p), value(ls.BinaryCrossentropy(), y, p), (15.9424, 16.6355)


@row("D7")
def tiny_probability_of_the_class():
    y, p = f32([[1, 0]]), f32([[1e-20, 1]])
    assert slope(K.CategoricalCrossentropy(), y, p)[0] == 0
    assert slope(ls.CategoricalCrossentropy(), y, p)[0] == pytest.approx(-1e20, rel=1e-5)
    return value(K.CategoricalCrossentropy(), y, p), value(ls.CategoricalCrossentropy(), y, p), (16.1181, 46.0517)


@row("D8")
def all_zero_probabilities():
    y, p = f32([[1, 0, 0]]), f32([[0, 0, 0]])
    return value(K.CategoricalCrossentropy(), y, p), value(ls.CategoricalCrossentropy(), y, p), (np.nan, 1.0986)


@row("D9")
def kullback_leibler():
    y, p = f32([[1, 0, 0]]), f32([[1e-20, 0.5, 0.5]])
    assert slope(K.KLDivergence(), y, p)[0] == 0
    assert slope(ls.KLDivergence(), y, p)[0] == pytest.approx(-1e20, rel=1e-5)
    return value(K.KLDivergence(), y, p), value(ls.KLDivergence(), y, p), (16.1181, 46.0517)


@row("D10")
def poisson():
    y, p = f32([[1.0]]), f32([[1e-10]])
    return value(K.Poisson(), y, p), value(ls.Poisson(), y, p), (16.1171, 23.0259)


@row("D11")
def label_out_of_range():
    y, p = np.array([0, 5]), np.full((2, 3), 1 / 3, "float32")
    with pytest.raises(ls.TargetError):
        ls.SparseCategoricalCrossentropy()(y, p)
    if BACKEND != "jax":  # TensorFlow and torch raise errors of their own
        with pytest.raises(Exception, match=r"(?i)label|out of|index|bound"):
            K.SparseCategoricalCrossentropy()(y, p)
        return 0.5493, None, (0.5493, None)
    return value(K.SparseCategoricalCrossentropy(), y, p), None, (0.5493, None)


@row("D12")
def label_in_bfloat16():
    z = np.zeros((1, 300), "float32")
    z[0, 257] = 20
    options = {"from_logits": True, "dtype": "bfloat16"}
    keras_, ours = K.SparseCategoricalCrossentropy(**options), ls.SparseCategoricalCrossentropy(**options)
    return value(keras_, np.array([257]), z), value(ours, np.array([257]), z), (20.0, 6.147e-07)


@row("D13")
def dice_and_the_batch():
    y, p = f32([[1, 0, 1, 0], [1, 1, 1, 1]]), f32([[0.5, 0.5, 0.5, 0.5], [0.9, 0.9, 0.9, 0.1]])
    keras_ = value(K.Dice(), y, p)
    assert value(ls.Dice(whole_batch=True), y, p) == pytest.approx(keras_, rel=1e-6)
    halves = [value(ls.Dice(), y[i : i + 1], p[i : i + 1]) for i in (0, 1)]
    assert value(ls.Dice(), y, p) == pytest.approx(np.mean(halves), rel=1e-6)
    return keras_, value(ls.Dice(), y, p), (0.2963, 0.3382)


@row("D14")
def two_empty_masks():
    y, p = f32([[0, 0, 0]]), f32([[0, 0, 0]])
    return value(K.Dice(), y, p), value(ls.Dice(), y, p), (1.0, 0.0)


@row("D15")
def dice_on_logits():
    y, p = f32([[1, 0]]), f32([[9, -4]])
    with pytest.raises(ls.PredictionError):
        ls.Dice()(y, p)
    return value(K.Dice(), y, p), None, (-2.0, None)


@row("D16")
def cosine_at_zero():
    y, p = f32([[1, 2]]), f32([[0, 0]])
    keras_ = slope(K.CosineSimilarity(), y, p)
    assert np.isnan(keras_).all() if BACKEND != "tensorflow" else abs(keras_[0]) > 1e6
    assert (slope(ls.CosineSimilarity(), y, p) == 0).all()
    return value(K.CosineSimilarity(), y, p), value(ls.CosineSimilarity(), y, p), (0.0, 0.0)


@row("D17")
def cosine_of_short_vectors():
    y, p = f32([[1, 0]]), f32([[1e-10, 0]])
    return value(K.CosineSimilarity(), y, p), value(ls.CosineSimilarity(), y, p), (-0.001, -1.0)


@row("D18")
def cosine_of_long_vectors():
    y, p = f32([[1, 0]]), f32([[1e20, 1e20]])
    return value(K.CosineSimilarity(), y, p), value(ls.CosineSimilarity(), y, p), (0.0, -0.7071)


@row("D19")
def log_cosh_of_a_small_error():
    y, p = f32([[0.0]]), f32([[1e-4]])
    return value(K.LogCosh(), y, p), value(ls.LogCosh(), y, p), (0.0, 5e-9)


@row("D20")
def huber_gradient_in_half_precision():
    y, p = np.float16([[0.0]]), np.float16([[40000.0]])
    ours = gradient(lambda v: ls.huber(y, v), p).ravel()
    assert ours[0] == 1
    keras_ = gradient(lambda v: K.huber(y, v), p).ravel()
    assert np.isnan(keras_[0]) or BACKEND == "jax"
    return value(K.huber, y, p), value(ls.huber, y, p), (40000.0, 40000.0)


@row("D21")
def squares_in_half_precision():
    y, p = np.zeros((1, 10), "float16"), np.zeros((1, 10), "float16")
    p[0, 0] = 300
    return value(K.mean_squared_error, y, p), value(ls.mean_squared_error, y, p), (np.inf, 9000.0)


@row("D22")
def nan_of_weight_zero():
    y, p, w = f32([[np.nan], [1]]), f32([[0], [3]]), f32([0, 1])
    keras_ = value(K.MeanSquaredError(), y, p, sample_weight=w)
    return keras_, value(ls.MeanSquaredError(), y, p, sample_weight=w), (np.nan, 2.0)


@row("D23")
def broadcasting():
    y, p = np.arange(6, dtype="float32").reshape(2, 3), f32([[1], [1]])
    with pytest.raises(ls.ShapeError):
        ls.MeanSquaredError()(y, p)
    return value(K.MeanSquaredError(), y, p), None, (5.1667, None)


@row("D24")
def flat_targets_with_weights():
    y, p, w = f32([0, 0]), f32([1, 3]), f32([1, 0])
    return (
        value(K.MeanSquaredError(), y, p, sample_weight=w),
        value(ls.MeanSquaredError(), y, p, sample_weight=w),
        (2.5, 0.5),
    )


@row("D25")
def weights_of_square_values():
    y, p, w = np.zeros((2, 2, 1), "float32"), f32([[[1], [2]], [[3], [4]]]), f32([1, 0])
    keras_ = value(K.MeanSquaredError(reduction="sum"), y, p, sample_weight=w)
    return keras_, value(ls.MeanSquaredError(reduction="sum"), y, p, sample_weight=w), (10.0, 5.0)


@row("D26")
def circle_gradient():
    y, p = np.array([0, 0, 1]), f32([[1, 0], [0.6, 0.8], [0, 1]])
    keras_, ours = K.Circle(gamma=8.0), ls.Circle(gamma=8.0)
    a, b = (float(np.linalg.norm(slope(loss, y, p))) for loss in (keras_, ours))
    assert value(keras_, y, p) == pytest.approx(value(ours, y, p), rel=1e-5)
    return a, b, (10.384, 8.5763)


@row("D27")
def ctc_that_cannot_fit():
    y, p = np.array([[1, 1, 1]]), np.zeros((1, 3, 3), "float32")
    with pytest.raises(ls.TargetError):
        ls.CTC()(y, p)
    keras_ = value(K.CTC(), y, p)
    assert keras_ > 100 or np.isinf(keras_)
    return 0.0, None, (0.0, None)


@row("D28")
def parameters_lost_on_saving():
    keras_ = K.deserialize(K.serialize(K.Huber(delta=3.0)))
    ours = K.deserialize(K.serialize(ls.Huber(delta=3.0)))
    y, p = f32([[0.0]]), f32([[3.0]])
    return value(keras_, y, p), value(ours, y, p), (2.5, 4.5)


@row("D29")
def a_soft_hinge_label():
    y, p = f32([[0.9, 0.0]]), f32([[0.5, 0.0]])
    with pytest.raises(ls.TargetError):
        ls.Hinge()(y, p)
    return value(K.Hinge(), y, p), None, (0.775, None)


@row("D30")
def msle_of_small_numbers():
    y, p = f32([[0.001]]), f32([[0.0011]])
    return (
        value(K.MeanSquaredLogarithmicError(), y, p) * 1e9,
        value(ls.MeanSquaredLogarithmicError(), y, p) * 1e9,
        (9.9586, 9.9790),
    )


@row("D31")
def channels_first():
    y, p = np.array([[0, 1]]), np.full((1, 2, 2), 0.5, "float32")
    ours = value(ls.SparseCategoricalCrossentropy(axis=1), y, p)
    if BACKEND != "torch":
        with pytest.raises(ValueError, match=r"axis|shape"):
            K.SparseCategoricalCrossentropy(axis=1)(np.zeros((1, 3), int), np.full((1, 2, 3), 0.5, "float32"))
        return 0.6931, ours, (0.6931, 0.6931)
    return value(K.SparseCategoricalCrossentropy(axis=1), y, p), ours, (0.6931, 0.6931)


@row("D32")
def label_smoothing_along_another_axis():
    y, p = f32([[[1, 1, 1], [0, 0, 0]]]), np.full((1, 2, 3), 0.5, "float32")
    options = {"label_smoothing": 0.6, "axis": 1}
    return (
        value(K.CategoricalCrossentropy(**options), y, p),
        value(ls.CategoricalCrossentropy(**options), y, p),
        (0.5545, 0.6931),
    )


@row("D33")
def a_metric_over_several_batches():
    y, p = f32([[0], [0], [0]]), f32([[1], [2], [4]])
    keras_, ours = keras.metrics.MeanMetricWrapper(K.Huber()), as_metrics([ls.Huber()])[0]
    for metric in (keras_, ours):
        metric.update_state(y[:2], p[:2])
        metric.update_state(y[2:], p[2:])
    return float(array(keras_.result())), float(array(ours.result())), (2.25, 1.8333)


def page():
    """The rows of the table: identifier -> (Keras's number, lossary's number) as written."""
    rows = re.findall(r"^\| (D\d+) \|.*?\| ([^|]*) \| ([^|]*) \|$", PAGE.read_text(encoding="utf-8"), flags=re.M)
    return {name: (keras_.strip(), ours.strip()) for name, keras_, ours in rows}


@pytest.mark.parametrize("name", ROWS)
def test_the_row_holds(name):
    keras_, ours, (want_keras, want_ours) = ROWS[name]()
    np.testing.assert_allclose(keras_, want_keras, rtol=4e-4, atol=1e-7)
    if want_ours is not None:
        np.testing.assert_allclose(ours, want_ours, rtol=4e-4, atol=1e-9)
    written = page()[name]
    for shown, want in zip(written, (want_keras, want_ours), strict=True):
        numbers = [float(word) for word in re.findall(r"(?<!\w)(?:-?\d[\d.]*(?:e-?\d+)?|nan|inf)(?!\w)", shown)]
        assert shown and (want is None or not numbers or np.isclose(numbers, want, rtol=1e-3, equal_nan=True).any())


def test_the_page_has_these_rows_and_no_others():
    assert list(page()) == list(ROWS)
