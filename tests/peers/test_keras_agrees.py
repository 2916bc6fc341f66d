"""Where Keras is right, lossary has Keras's numbers: over random lawful input, at several parameters."""

import inspect
import warnings

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import array, gradient
from tests.laws.cases import LOSSES, Case

K = keras.losses
SAME = {
    "MeanSquaredError": [{}],
    "MeanAbsoluteError": [{}],
    "MeanAbsolutePercentageError": [{}],
    "MeanSquaredLogarithmicError": [{}],
    "CosineSimilarity": [{}],
    "Huber": [{}, {"delta": 0.6}],
    "LogCosh": [{}],
    "Hinge": [{}],
    "SquaredHinge": [{}],
    "CategoricalHinge": [{}],
    "KLDivergence": [{}],
    "Poisson": [{}],
    "BinaryCrossentropy": [{}, {"from_logits": True}, {"label_smoothing": 0.2}],
    "BinaryFocalCrossentropy": [{}, {"from_logits": True, "gamma": 1.2, "apply_class_balancing": True, "alpha": 0.7}],
    "CategoricalCrossentropy": [{}, {"from_logits": True, "label_smoothing": 0.1}],
    "CategoricalFocalCrossentropy": [{}, {"from_logits": True, "gamma": 1.2, "alpha": 0.7, "label_smoothing": 0.1}],
    "SparseCategoricalCrossentropy": [{}, {"from_logits": True}, {"ignore_class": 1}],
    "CategoricalGeneralizedCrossEntropy": [{}, {"q": 0.8}],
    "CTC": [{}],
}
CASES = [Case(getattr(ls, name), options) for name, choices in SAME.items() for options in choices]


def test_every_class_of_keras_is_here():
    theirs = {name for name in dir(K) if isinstance(getattr(K, name), type) and name != "Loss"}
    assert {name for name in theirs if not hasattr(ls, name)} == set()
    functions = {name for name in dir(K) if callable(getattr(K, name)) and name.islower()} - {
        "get",
        "serialize",
        "deserialize",
    }
    assert {name for name in functions if not hasattr(ls, name)} == set()


def skewed(name, y, p):
    """Inputs on which Keras is right: its categorical hinge needs a non-negative best score."""
    return (y, np.abs(p)) if name == "CategoricalHinge" else (y, p)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.cls.__name__}-{len(c.parameters)}")
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None])
def test_the_numbers_are_keras_s(case, reduction, rng):
    name = case.cls.__name__
    if name == "CTC" and reduction != "sum":
        return  # the reductions are those of every loss, and JAX takes seconds to compile each of these
    y, p = skewed(name, *case.draw(rng, rows=16))
    weight = rng.uniform(0.2, 2, size=16).astype("float32")
    ours, theirs = case(reduction=reduction), getattr(K, name)(**case.parameters, reduction=reduction)
    # Keras adds 1e-7 to rates and probabilities, and writes log(1 + x) for log1p
    np.testing.assert_allclose(array(ours(y, p, weight)), array(theirs(y, p, weight)), rtol=2e-5, atol=2e-6)
    if reduction == "sum":
        np.testing.assert_allclose(
            gradient(lambda v: ours(y, v, weight), p), gradient(lambda v: theirs(y, v, weight), p), rtol=2e-4, atol=2e-5
        )


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.cls.__name__}-{len(c.parameters)}")
def test_the_functions_are_keras_s(case, rng):
    card = ls.card(case.cls)
    y, p = skewed(card.name, *case.draw(rng, rows=8))
    theirs = getattr(K, card.function)(
        *map(ops.convert_to_tensor, (y, p)), **({"q": 0.5} if "q" in case.cls.params else {}) | case.parameters
    )
    np.testing.assert_allclose(
        array(getattr(ls, card.function)(y, p, **case.parameters)), array(theirs), rtol=2e-5, atol=2e-6
    )


@pytest.mark.parametrize("name", ["Dice", "Tversky"])
@pytest.mark.parametrize("axis", [None, (1, 2, 3), (1, 2)])
def test_overlaps_are_keras_s_over_the_same_axes(name, axis, rng):
    y = rng.integers(0, 2, (3, 4, 4, 2)).astype("float32")
    p = rng.uniform(size=(3, 4, 4, 2)).astype("float32")
    theirs = getattr(K, name)(axis=axis, reduction=None)(y, p)
    ours = getattr(ls, name)(axis=axis, reduction=None, whole_batch=axis is None)(y, p)
    np.testing.assert_allclose(array(ours), array(theirs), rtol=1e-6)


def test_circle_with_reference_embeddings_is_keras_s(rng):
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in rng.normal(size=(2, 6, 4)).astype("float32")]
    labels, others = np.array([0, 0, 1, 1, 2, 3]), np.array([1, 0, 0, 2, 2, 1])
    for diagonal in (True, False):
        options = {"ref_labels": others, "ref_embeddings": unit[1], "remove_diagonal": diagonal, "gamma": 5.0}
        np.testing.assert_allclose(
            array(ls.circle(labels, unit[0], **options)),
            array(K.circle(labels, unit[0], **options)),
            rtol=2e-5,
            atol=1e-6,
        )


CLASSES = sorted(name for name in dir(K) if isinstance(getattr(K, name), type) and name != "Loss")
FUNCTIONS = sorted(
    name for name in dir(K) if inspect.isfunction(getattr(K, name)) and name not in ("get", "serialize", "deserialize")
)


def by_place(signature):
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    return [p.name for p in signature.parameters.values() if p.kind in kinds and p.name != "self"]


@pytest.mark.parametrize("name", [*CLASSES, *FUNCTIONS])
def test_places_are_keras_s(name):
    """What Keras takes by place means the same here; all else is taken by name only."""
    theirs, ours = getattr(K, name), getattr(ls, name)
    theirs = theirs.__init__ if isinstance(theirs, type) else theirs
    mine, places = by_place(inspect.signature(ours)), by_place(inspect.signature(theirs))
    if getattr(getattr(ours, "cls", None), "inputs", None):  # y_true and y_pred have names of their own
        mine[:2] = places[:2]
    assert mine == places


ODD = {"from_logits": True, "label_smoothing": 0.2, "axis": -2, "alpha": 0.3, "beta": 0.7, "gamma": 1.5, "delta": 0.6}
ODD |= {"apply_class_balancing": True, "ignore_class": 3, "q": 0.8, "margin": 0.2, "remove_diagonal": False}
ODD |= {"reduction": "sum", "name": "mine", "dtype": "float32"}


@pytest.mark.parametrize("name", CLASSES)
def test_arguments_by_place_arrive_where_keras_puts_them(name):
    ours, theirs = getattr(ls, name), getattr(K, name)
    places = by_place(inspect.signature(ours))
    one, other = ours(*(ODD[place] for place in places)), theirs(*(ODD[place] for place in places))
    config = other.get_config()
    assert {place: getattr(one, place) for place in places} == {place: ODD[place] for place in places}
    assert {key: value for key, value in config.items() if key in places} == {
        key: one.get_config()[key] for key in config if key in places
    }
    with pytest.raises(ls.ParameterError):
        ours(*(ODD[place] for place in places), 0.5)


@pytest.mark.parametrize("cls", LOSSES, ids=lambda cls: cls.__name__)
def test_parameters_that_many_losses_share_are_taken_by_name(cls):
    """For a loss that Keras lacks, only what it declares itself has a place, so that no new option can shift it."""
    if cls.__name__ in CLASSES:
        return
    assert set(by_place(inspect.signature(cls))) <= set(inspect.get_annotations(cls))


def test_functions_by_place():
    y, p = np.float32([[1, 0], [1, 1]]), np.float32([[0.5, 0.25], [0.5, 1]])
    with pytest.warns(UserWarning, match="axis"):
        np.testing.assert_allclose(array(ls.dice(y, p, 1)), array(K.dice(y, p, 1)), rtol=1e-6)
    np.testing.assert_allclose(
        array(ls.tversky(y, p, 0.3, 0.7, (1,))), array(K.tversky(y, p, 0.7, 0.3, (1,))), rtol=1e-6
    )
    got = array(ls.circle(np.array([0, 0, 1]), p[[0, 0, 1]], None, None, False, 2.0, 0.1))
    want = ls.circle(np.array([0, 0, 1]), p[[0, 0, 1]], remove_diagonal=False, gamma=2.0, margin=0.1)
    np.testing.assert_array_equal(got, array(want))


def test_a_call_that_once_meant_something_else_warns():
    with pytest.warns(UserWarning, match="label_smoothing"):
        assert ls.SparseCategoricalCrossentropy(False, 0).ignore_class == 0
    with pytest.warns(UserWarning, match="smooth=1"):
        ls.tversky([[1.0]], [[0.5]], 0.5, 0.5, 1)
    with pytest.raises(ls.ParameterError, match=r"name=0\.1"):
        ls.SparseCategoricalCrossentropy(False, None, "sum", -1, 0.1)
    with pytest.raises(ls.ParameterError), pytest.warns(UserWarning, match="smooth"):
        ls.Dice(1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ls.BinaryCrossentropy(True, 0.1, -1)
        ls.SparseCategoricalCrossentropy(True, None, "sum", -1)
        ls.Huber(2.0, "sum")
