"""Where an axis lies, and whether a compiler knows its size, changes no number."""

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.checking.case import Case
from lossary.checking.known import Subject
from lossary.core import contract as c
from lossary.core.forms import Sparse
from tests.backends import BACKEND, USUAL, array, unknown_sizes, value_and_gradient
from tests.laws.cases import CASES, FEW, OF_FORMS, ONE_EACH, ONE_OF_FORMS, among, every_case, law, one_case_each, twin

# -- the axis that a loss works along -------------------------------------------------------------------------------

ALONG = [case for case in CASES if "axis" in case.cls.params and "segmentation" not in case.cls.tasks]
WIDTH = 4  # classes: more than other axes hold, and fewer
PLACES = [((2, 3), 1), ((5, 6), -2), ((6, 5), 0), ((3, 2, 5), 1), ((5, 6, 2), 2)]
SOME = [(case, *PLACES[0]) for case in ALONG]  # JAX compiles each anew
SOME += [(case, *place) for case in ALONG if case in ONE_EACH for place in PLACES[2:4]]


def stacked(case, rng, leading):
    """Lawful y_true and y_pred with these axes before the classes; the last label is that of the last class."""
    y, p = case.draw(rng, rows=int(np.prod(leading)))
    if isinstance(case(), Sparse):
        y[-1] = WIDTH - 1
    return y.reshape(*leading, *y.shape[1:]), p.reshape(*leading, *p.shape[1:])


def moved(case, x, axis):
    """The same with the last axis at another place; class indices have none."""
    return x if isinstance(case(), Sparse) and x.dtype.kind == "i" else np.moveaxis(x, -1, axis)


@law("case, leading, axis", SOME, among(FEW))
def test_the_place_of_the_axis_changes_nothing(case, leading, axis, rng):
    """For values and gradients, with weights; the labels are constants, and looked at."""
    y, p = stacked(case, rng, leading)
    weight = rng.choice([0.0, 0.5, 2.0], size=leading).astype("float32")
    (value, slope), (there, slope_there) = (
        value_and_gradient(lambda _, p, y=y, loss=loss: loss(y, p, sample_weight=weight), *tensors(y, p), USUAL)
        for y, p, loss in (
            (y, p, case(reduction="none")),
            (moved(case, y, axis), moved(case, p, axis), case(reduction="none", axis=axis)),
        )
    )
    np.testing.assert_allclose(there, value, rtol=1e-6)
    small = 1e-7 * np.abs(slope).max()  # what cancels is rounded in another order
    np.testing.assert_allclose(slope_there, np.moveaxis(slope, -1, axis), rtol=1e-6, atol=small)
    function = twin(case.cls)(moved(case, y, axis), moved(case, p, axis), **case.parameters, axis=axis)
    assert function.shape == leading
    saved = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(case(reduction="none", axis=axis))
    )
    np.testing.assert_allclose(array(saved(moved(case, y, axis), moved(case, p, axis))), array(function), rtol=1e-6)


def tensors(*arrays):
    return tuple(map(ops.convert_to_tensor, arrays))


@law("case", [case for case in ALONG if issubclass(case.cls, Sparse)], among(OF_FORMS))
@pytest.mark.parametrize(("leading", "axis"), PLACES, ids=str)
def test_classes_are_counted_along_the_axis(case, leading, axis, rng):
    y, p = stacked(case, rng, leading)
    y[-1] = WIDTH
    with pytest.raises(ls.TargetError, match=f"from 0 to {WIDTH - 1} for the {WIDTH} classes"):
        case(axis=axis)(y, moved(case, p, axis))


@law("case", [case for case in ALONG if case.label == ""], among(OF_FORMS))
@pytest.mark.parametrize("axis", [7, 3, -4])
def test_an_axis_that_is_not_there_is_refused(case, axis, rng):
    cls = case.cls
    y, p = stacked(case, rng, (2, 3))
    for call in (cls(axis=axis), lambda y, p: twin(cls)(y, p, axis=axis)):
        with pytest.raises(ls.ShapeError, match=rf"along axis {axis} of y_pred") as caught:
            call(y, p)
        assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))


@pytest.mark.parametrize("cls", [ls.Dice, ls.Tversky], ids=lambda cls: cls.__name__)
def test_axes_counted_from_the_end_are_those_counted_from_the_start(cls, rng):
    """Also where one of them is the batch: then rows are weighed inside the counts."""
    y, p = rng.integers(0, 2, (4, 3, 2)).astype("float32"), rng.uniform(size=(4, 3, 2)).astype("float32")
    weight = np.float32([1, 0, 2, 0.5])
    for axes, same in ((-3, 0), ((-3, -2, -1), (0, 1, 2)), ((-1, -2), (1, 2)), (-1, 2), ((1, -2), 1)):
        want = array(cls(axis=same)(y, p, sample_weight=weight))
        np.testing.assert_allclose(array(cls(axis=axes)(y, p, sample_weight=weight)), want, rtol=1e-6)
        inside = cls(axis=axes, reduction="none")(y, p, sample_weight=np.float32([1, 0, 1, 1]))
        if 0 in np.atleast_1d(same):
            np.testing.assert_allclose(
                array(inside), array(cls(axis=same, reduction="none")(y[[0, 2, 3]], p[[0, 2, 3]]))
            )
    for axis in (3, (1, -4)):
        with pytest.raises(ls.ShapeError, match="of y_pred"):
            cls(axis=axis)(y, p)


@pytest.mark.parametrize("cls", [ls.Dice, ls.Tversky], ids=lambda cls: cls.__name__)
def test_an_overlap_of_two_vectors_is_one_row_for_the_function(cls):
    y, p = np.float32([1, 1, 0]), np.float32([0.8, 0.5, 0.2])
    np.testing.assert_allclose(array(twin(cls)(y, p)), array(cls()(y[None], p[None])), rtol=1e-6)


def test_class_indices_may_keep_an_axis_of_one_at_the_end_too(rng):
    """Masks of images come as (n, h, w, 1), also where the classes of y_pred come first."""
    y, p = rng.integers(0, 4, (2, 3, 5)), rng.normal(size=(2, 4, 3, 5)).astype("float32")
    loss = ls.SparseCategoricalCrossentropy(from_logits=True, axis=1)
    want = array(loss(y, p))
    assert array(loss(y[..., None], p)) == want == array(loss(y[:, None], p))


def channels_first(rng, classes=10, length=4):
    y = rng.integers(0, classes, (6, length))
    y[0] = classes - 1
    return y, rng.normal(size=(6, classes, length)).astype("float32")


def test_the_checker_reads_classes_along_the_axis(rng):
    """Good and bad labels, and the places of weight 0, as if the classes came last."""
    y, p = channels_first(rng)
    weight = rng.choice([0.0, 1.0], size=y.shape)
    weight /= weight.mean()
    bad = np.where(weight == 0, 10, y)
    for labels, given, want in ((y, {}, []), (bad, {}, ["L003"]), (y, {"sample_weight": weight}, [])):
        loss = ls.SparseCategoricalCrossentropy(from_logits=True, axis=1)
        assert [found.id for found in ls.check(loss, labels, p, **given)] == want
    case = Case(Subject(loss, bad, p), bad, p, w=weight)
    last = Case(Subject(ls.SparseCategoricalCrossentropy(), bad, p), bad, np.moveaxis(p, 1, -1), w=weight)
    assert case.labels.max() == 9
    np.testing.assert_array_equal(case.counts(p.shape), np.moveaxis(last.counts(last.p.shape), -1, 1))


def test_classes_in_the_middle_are_fitted_and_evaluated(rng):
    y, p = channels_first(rng)
    model = keras.Sequential([keras.Input(p.shape[1:]), keras.layers.Dense(4, kernel_initializer="identity")])
    model.compile(keras.optimizers.SGD(0.0), loss=ls.SparseCategoricalCrossentropy(from_logits=True, axis=1))
    want = array(ls.SparseCategoricalCrossentropy(from_logits=True)(y, np.moveaxis(p, 1, -1)))
    np.testing.assert_allclose(model.fit(p, y, batch_size=4, verbose=0).history["loss"], want, rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(p, y, batch_size=4, verbose=0), want, rtol=1e-5)


@pytest.mark.skipif(BACKEND != "torch", reason="torch's own number")
@pytest.mark.parametrize("options", [{}, {"ignore_index": 3}, {"label_smoothing": 0.2}], ids=str)
def test_the_loss_of_torch_by_its_name(options, rng):
    import torch

    y, p = channels_first(rng)
    want = torch.nn.CrossEntropyLoss(**options)(torch.tensor(p), torch.tensor(y))
    np.testing.assert_allclose(array(ls.get("torch.nn.CrossEntropyLoss", **options)(y, p)), array(want), rtol=1e-6)


# -- parameters that Python takes for equal -------------------------------------------------------------------------


def test_a_call_before_makes_no_parameter_lawful():
    """Functions keep the losses they built: True is not 1.0 for a threshold, nor 1 for a flag."""
    y, p = np.float32([[0.0, 1.0]]), np.float32([[0.25, 0.5]])
    ls.huber(y, p, delta=1.0)
    with pytest.raises(ls.ParameterError):
        ls.huber(y, p, delta=True)
    ls.bce(y, p, from_logits=True)
    with pytest.raises(ls.ParameterError):
        ls.bce(y, p, from_logits=1)
    ls.bce(y, p, class_weight=(1.0, 0.0))
    with pytest.raises(ls.ParameterError):
        ls.bce(y, p, class_weight=(True, False))


# -- sizes that only the running program knows ----------------------------------------------------------------------

only_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow compiles without the sizes")


def unknown(*arrays, known=()):
    """The shapes of the arrays as a compiler may see them: of the right rank, with only the axes `known` known."""
    return [[size if k in known else None for k, size in enumerate(x.shape)] for x in arrays]


@only_tensorflow
@every_case
def test_no_size_has_to_be_known(case, rng):
    """Value and gradient of class and function, with weights, also of a second batch that is shorter."""
    loss = case(reduction="sum")
    y, p = case.draw(rng, rows=6)
    weight = np.float32([1, 0.5, 0, 2, 1.5, 0.7])
    run = unknown_sizes(lambda y, p, w: loss(y, p, sample_weight=w), (y, p, weight), unknown(y, p, weight))
    for rows in (6, 4):
        given = y[:rows], p[:rows], weight[:rows]
        want = value_and_gradient(lambda y, p, w=given[2]: loss(y, p, sample_weight=w), *tensors(*given[:2]))
        for got, right in zip(run(*given), want, strict=True):
            np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-6)


@only_tensorflow
@one_case_each
def test_no_single_size_has_to_be_known(case, rng):
    y, p = case.draw(rng)
    function, want = twin(case.cls), None
    for known in ((), (0,), (1,), (2,)):
        run = unknown_sizes(lambda y, p: function(y, p, **case.parameters), (y, p), unknown(y, p, known=known))
        got = run(y, p)
        want = got if want is None else want
        for now, before in zip(got, want, strict=True):
            np.testing.assert_allclose(now, before, rtol=1e-5, atol=1e-6)
    flat = unknown_sizes(lambda y, p: function(y, p, **case.parameters), (y, p), [unknown(y)[0], p.shape])
    np.testing.assert_allclose(flat(y, p)[0], want[0], rtol=1e-5, atol=1e-6)


@only_tensorflow
@law("case", [case for case in ALONG if case in ONE_EACH], among(ONE_OF_FORMS))
def test_neither_the_size_of_an_axis_elsewhere(case, rng):
    y, p = stacked(case, rng, (2, 3))
    y, p = moved(case, y, 1), moved(case, p, 1)
    loss = case(reduction="none", axis=1)
    want = array(loss(y, p))
    for shapes in (unknown(y, p), [unknown(y)[0], p.shape], [y.shape, unknown(p)[0]]):
        run = unknown_sizes(loss, (y, p), shapes)
        np.testing.assert_allclose(run(y, p)[0], want, rtol=1e-5, atol=1e-6)


SAME = [case for case in ONE_EACH if case().contract.shape == "same" and case().contract.target is not c.SIGN]


@only_tensorflow
@law("case", SAME, among(ONE_OF_FORMS))
def test_shapes_unknown_so_far_do_not_broadcast_later(case, rng):
    import tensorflow as tf

    y, p = case.draw(rng)
    loss = case()
    run = unknown_sizes(loss, (y, p), unknown(y, p))
    for wrong in (y[:, :1], y[:, :2]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have the same shape"):
            run(wrong, p)
    narrow = unknown_sizes(loss, (y[:, 0], p), [[None], [None, None]])
    np.testing.assert_allclose(narrow(y[:, 0], p[:, :1])[0], array(loss(y[:, 0], p[:, :1])), rtol=1e-6, atol=1e-7)


ROWS_THAT_MEET = [
    ls.Circle(gamma=2.0),
    ls.Dice(whole_batch=True),
    ls.Tversky(whole_batch=True, alpha=0.3),
    ls.Dice(axis=-2),
]


@pytest.mark.parametrize("loss", ROWS_THAT_MEET, ids=repr)
def test_rows_that_look_at_one_another_are_fitted_in_batches_of_any_size(loss, rng):
    """Ten rows in batches of four; the last one is shorter, and the compiled step is the same."""
    p = rng.uniform(0.1, 1.0, size=(10, 3)).astype("float32")
    y = np.int32([0, 0, 1, 1, 2, 2, 0, 1, 3, 3]) if isinstance(loss, ls.Circle) else (p > 0.4).astype("float32")
    weight = rng.choice([0.0, 0.5, 2.0], size=10).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, kernel_initializer="identity")])
    model.compile(keras.optimizers.SGD(0.0), loss=loss)
    parts = [slice(0, 4), slice(4, 8), slice(8, 10)]
    for given in (None, weight):
        each = [array(loss(y[s], p[s], None if given is None else given[s])) for s in parts]
        want = np.average(each, weights=[4, 4, 2])
        history = model.fit(p, y, sample_weight=given, batch_size=4, shuffle=False, verbose=0).history
        np.testing.assert_allclose(history["loss"], want, rtol=1e-5)
        got = model.evaluate(p, y, sample_weight=given, batch_size=4, verbose=0)
        np.testing.assert_allclose(got, want, rtol=1e-5)


@only_tensorflow
@pytest.mark.parametrize("which", ["y_true", "y_pred", "sample_weight"])
def test_an_unknown_rank_is_refused(which):
    import tensorflow as tf

    given = {"y_true": [None, 2], "y_pred": [None, 2], "sample_weight": [None]} | {which: None}
    spec = [tf.TensorSpec(shape, tf.float32) for shape in given.values()]
    with pytest.raises(ls.ShapeError, match=f"{which} is a tensor of unknown rank") as caught:
        tf.function(lambda y, p, w: ls.Huber()(y, p, w), autograph=False).get_concrete_function(*spec)
    assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))
