"""`explain`: its numerator over its denominator is the number that the loss shows, for every loss and reduction."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.reduction import REDUCTIONS
from lossary.numerics.masks import mask_of, with_mask
from tests.backends import array
from tests.laws.cases import CASES

WEIGHTS = np.array([1.0, 0.5, 0.0, 2.0, 1.5, 0.7], dtype="float32")
MASK = np.array([True, True, True, False, True, True])
FRACTIONS = ("sum_over_batch_size", "mean_with_sample_weight", "sum", None)
CLOSE = {"rtol": 3e-6, "atol": 1e-6}


def root(loss, number):
    return np.sqrt(number) if isinstance(loss, ls.RootMeanSquaredError) else number


def agrees(found, loss, value):
    np.testing.assert_allclose(found.value, value, **CLOSE)
    np.testing.assert_allclose(root(loss, found.numerator / (found.denominator or 1)), value, **CLOSE)


def each(reduction):
    """Every loss under one reduction after the other; the others are judged by `means`."""
    return [case for number, case in enumerate(CASES) if FRACTIONS[number % len(FRACTIONS)] == reduction]


@pytest.mark.parametrize(("case", "reduction"), [(c, r) for r in FRACTIONS for c in each(r)], ids=str)
def test_the_fraction_is_the_loss(case, reduction, rng):
    y, p = case.draw(rng)
    loss = case(reduction=reduction)
    masked = with_mask(ops.convert_to_tensor(p), ops.convert_to_tensor(MASK))
    found = ls.explain(loss, y, p, WEIGHTS, MASK)
    agrees(found, loss, array(loss(y, masked, sample_weight=WEIGHTS)))
    for other in found.means.keys() - {reduction, "no weights"}:
        want = array(case(reduction=other)(y, masked, sample_weight=WEIGHTS))
        np.testing.assert_allclose(found.means[other], want, **CLOSE)
    assert str(found).startswith(repr(loss))


@pytest.mark.parametrize("name", ["huber", "binary_crossentropy", "sparse_categorical_crossentropy", "dice"])
def test_the_mean_without_weights_is_the_loss_without_weights(name, rng):
    (case, *_) = [case for case in CASES if case.cls is type(ls.get(name))]
    y, p = case.draw(rng)
    weights = WEIGHTS + 0.1  # lossary does not look at rows of weight 0
    np.testing.assert_allclose(ls.explain(case(), y, p, weights).means["no weights"], array(case()(y, p)), **CLOSE)


KERAS = [
    keras.losses.MeanSquaredError,
    keras.losses.BinaryCrossentropy,
    keras.losses.CategoricalFocalCrossentropy,
    keras.losses.CosineSimilarity,
    keras.losses.Dice,
]


def probabilities(rng):
    p = rng.uniform(0.1, 0.9, size=(6, 4)).astype("float32")
    return np.eye(4, dtype="float32")[rng.integers(0, 4, 6)], p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("cls", KERAS, ids=lambda cls: cls.__name__)
def test_losses_of_keras_follow_the_rules_of_keras(cls, reduction, rng):
    y, p = probabilities(rng)
    loss = cls(reduction=reduction)
    found = ls.explain(loss, y, p, WEIGHTS)
    np.testing.assert_allclose(found.value, array(loss(y, p, WEIGHTS)), **CLOSE)
    np.testing.assert_allclose(found.numerator / found.denominator, found.value, **CLOSE)
    assert not [note for note in found.notes if "a different number" in note]


@pytest.mark.parametrize("reduction", FRACTIONS)
@pytest.mark.parametrize("weights", [None, WEIGHTS, WEIGHTS[:, None]], ids=["none", "rows", "column"])
@pytest.mark.parametrize("shape", [(6, 1), (6, 4)], ids=str)
def test_masks_and_weights_of_every_rank(shape, weights, reduction, rng):
    y, p = (rng.normal(size=shape).astype("float32") for _ in range(2))
    loss = keras.losses.MeanAbsoluteError(reduction=reduction)
    masked = with_mask(ops.convert_to_tensor(p), ops.convert_to_tensor(MASK))
    found = ls.explain(loss, y, p, weights, MASK)
    np.testing.assert_allclose(
        found.value, array(loss(y, masked, None if weights is None else weights.copy())), **CLOSE
    )
    np.testing.assert_allclose(found.numerator / found.denominator, found.value, **CLOSE)


def test_one_weight_for_all(rng):
    y, p = (rng.normal(size=(6, 4)).astype("float32") for _ in range(2))
    for loss in (keras.losses.MeanAbsoluteError(), ls.MeanAbsoluteError()):
        found = ls.explain(loss, y, p, 0.5)
        np.testing.assert_allclose(found.value, 0.5 * array(loss(y, p)), rtol=1e-6)
        np.testing.assert_allclose(found.numerator / found.denominator, found.value, rtol=1e-6)


def mean_of_the_batch(y_true, y_pred):
    return ops.mean(ops.square(y_pred - y_true))


def test_weights_only_multiply_the_batch_mean_of_a_scalar_function(rng):
    y, p = (rng.normal(size=(6, 1)).astype("float32") for _ in range(2))
    found = ls.explain(mean_of_the_batch, y, p, WEIGHTS)
    np.testing.assert_allclose(found.value, np.mean((y - p) ** 2) * WEIGHTS.mean(), rtol=1e-5)
    np.testing.assert_allclose(found.numerator / found.denominator, found.value, rtol=1e-5)
    assert "weights only multiply a batch mean" in str(found)
    assert not found.worst
    model = keras.Sequential([keras.Input((1,)), keras.layers.Activation("linear")])
    model.compile("sgd", loss=mean_of_the_batch)
    np.testing.assert_allclose(model.evaluate(p, y, sample_weight=WEIGHTS, verbose=0), found.value, rtol=1e-5)


def test_it_is_the_number_of_evaluate(rng):
    y, p = (rng.normal(size=(6, 1)).astype("float32") for _ in range(2))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Activation("linear")])
    for loss in (ls.Huber(delta=0.5), keras.losses.Huber(delta=0.5), ls.huber):
        model.compile("sgd", loss=loss)
        shown = model.evaluate(p, y, sample_weight=WEIGHTS, verbose=0)
        np.testing.assert_allclose(ls.explain(loss, y, p, WEIGHTS).value, shown, rtol=2e-6)


def test_the_rows_that_cost_most_come_first():
    y, p = np.zeros((6, 1)), np.array([[1.0], [2.0], [9.0], [3.0], [0.0], [4.0]])
    found = ls.explain("mse", y, p, WEIGHTS)
    assert [row.place for row in found.worst] == [(3,), (5,), (1,), (0,)]
    assert [row.contribution for row in found.worst] == pytest.approx([18, 11.2, 2, 1])
    assert [row.weight for row in found.worst] == pytest.approx([2, 0.7, 0.5, 1])
    assert sum(row.share for row in found.worst) == pytest.approx(1)
    assert (found.worst[0].y_true, found.worst[0].y_pred) == ("0", "3")


def test_a_row_that_is_no_number_stands_before_all():
    y, p = np.zeros((3, 1)), np.array([[5.0], [np.nan], [1.0]])
    found = ls.explain("mse", y, p)
    assert found.worst[0].place == (1,) and found.worst[0].share is None
    assert "ls.diagnose" in str(found)


def test_every_factor_is_counted():
    loss = ls.BinaryCrossentropy(label_smoothing=0.1, class_weight=(1.0, 3.0), ignore_class=-1)
    y, p = [[1], [0], [-1], [1], [0]], [[0.9], [0.8], [0.7], [0.6], [0.5]]
    text = str(ls.explain(loss, y, p, [1, 1, 1, 1, 0], [1, 1, 1, 0, 1]))
    assert "5 rows, of which 1 masked, 1 left out by the loss" in text
    assert "1 of weight 0" in text
    assert "label_smoothing=0.1" in text and "class_weight=(1.0, 3.0)" in text
    assert "Σ m = 3" in text
    assert "* sum_over_batch_size".replace(" ", "") in text.replace(" ", "")


def test_the_readme_shows_what_is_printed():
    y, p = [[1.0], [2.0], [3.0], [4.0]], [[1.5], [2.0], [9.0], [4.2]]
    text = str(ls.explain("huber", y, p, sample_weight=[1, 2, 0.5, 1]))
    assert text in (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_tensor_of_the_caller_gets_no_mask():
    p = ops.convert_to_tensor([[1.0], [2.0]])
    ls.explain("mse", [[0.0], [0.0]], p, mask=[True, False])
    assert mask_of(p) is None


def test_the_weights_of_the_caller_stay():
    weights = np.array([[1.0], [2.0]], dtype="float32")
    loss = keras.losses.MeanAbsoluteError()
    for given in (weights, ops.convert_to_tensor(weights)):  # Keras multiplies them by the mask in place on torch
        ls.explain(loss, [[0.0], [0.0]], [[1.0], [1.0]], given, mask=[[True], [False]])
        np.testing.assert_array_equal(array(ops.convert_to_tensor(given)), [[1.0], [2.0]])


def test_two_masks_join():
    p = with_mask(ops.convert_to_tensor([[1.0], [2.0], [3.0]]), ops.convert_to_tensor([False, True, True]))
    found = ls.explain("mse", [[0.0], [0.0], [0.0]], p, mask=[True, True, False])
    assert (found.value, found.denominator) == (4.0, 1.0)


def test_a_loss_with_a_rule_of_its_own_is_told():
    class Doubled(keras.losses.MeanSquaredError):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return 2 * super().__call__(y_true, y_pred, sample_weight)

    assert "a different number" in str(ls.explain(Doubled(), [[0.0]], [[1.0]]))


@pytest.mark.parametrize("what", [None, 3.0, "hubr"])
def test_what_is_no_loss_is_refused(what):
    with pytest.raises(ls.LossaryError):
        ls.explain(what, [[0.0]], [[1.0]])


def test_a_mask_beside_several_outputs_is_refused():
    with pytest.raises(ls.LossaryError, match="a single tensor of predictions"):
        ls.explain("mse", {"a": [[0.0]]}, {"a": [[0.0]]}, mask=[True])
