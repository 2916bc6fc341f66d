"""Class, function and metric give one number: over uneven batches, with weights; or the loss is refused as a metric."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.metrics import LossMetric, as_metrics
from lossary.core.results import Anchors
from tests.backends import BACKEND, array
from tests.laws.cases import CASES, FEW, LOSSES, among, every_case, law, one_case_each, twin

BATCHES = (slice(0, 5), slice(5, 6))  # the sizes of test_weights.py: JAX compiles each operation for each size
# JAX takes seconds to compile CTC for each size of a batch; it is a mean of rows like the others.
OF_ROWS = [case for case in CASES if not issubclass(case().gives, Anchors) and case.cls.__name__ != "CTC"]


ANCHORED = [cls for cls in LOSSES if isinstance(cls.gives, type) and issubclass(cls.gives, Anchors)]


def streamed(metric, y, p, weight=None):
    for rows in BATCHES:
        metric.update_state(y[rows], p[rows], None if weight is None else weight[rows])
    return array(metric.result())


@law("case", OF_ROWS, among(FEW))
def test_a_metric_over_batches_is_the_class_over_all_rows(case, rng):
    y, p = case.draw(rng, rows=6)
    weight = np.float32([1.0, 0.5, 0.0, 2.0, 1.5, 0.7])
    whole, weighed = case(), case(reduction="mean_with_sample_weight")
    for given in (functools.partial(twin(case.cls), **case.parameters), whole):
        (plain,), (weighted,) = as_metrics([given]), as_metrics([given])
        np.testing.assert_allclose(streamed(plain, y, p), array(whole(y, p)), rtol=3e-6, atol=1e-7)
        np.testing.assert_allclose(streamed(weighted, y, p, weight), array(weighed(y, p, weight)), rtol=3e-6, atol=1e-7)
    total = case(reduction="sum")
    np.testing.assert_allclose(
        streamed(as_metrics(total), y, p, weight), array(total(y, p, weight)), rtol=3e-6, atol=1e-7
    )
    again = LossMetric.from_config(plain.get_config())
    np.testing.assert_allclose(streamed(again, y, p), array(whole(y, p)), rtol=3e-6, atol=1e-7)


@every_case
def test_the_mean_of_the_function_is_the_class(case, rng):
    y, p = case.draw(rng, rows=6)
    values = twin(case.cls)(y, p, **case.parameters)
    counts = array(getattr(values, "_keras_mask", ops.ones_like(values))).astype("float64")
    mean = (array(values) * counts).sum() / counts.sum()
    np.testing.assert_allclose(mean, array(case()(y, p)), rtol=3e-6, atol=1e-7)


@pytest.mark.parametrize("cls", ANCHORED, ids=lambda cls: cls.__name__)
def test_what_depends_on_the_batch_is_no_metric(cls):
    with pytest.raises(ls.LossaryError, match="batches"):
        as_metrics([twin(cls)])
    with pytest.raises(ls.LossaryError, match="batches"):
        as_metrics(cls())


def line():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    x = np.float32([[3, 1], [0, 0], [1, -1], [2, 0.5], [-1, 1]])
    return model, x, np.float32([[1], [5], [0.5], [-2], [0]])


def test_the_root_over_several_batches_and_from_a_file(tmp_path):
    """A column of roots of rows is the mean absolute error; a mean of the batches' roots is no root of the mean."""
    model, x, y = line()
    model.compile("sgd", "mse", metrics=[ls.rmse], weighted_metrics=[ls.RMSE(name="weighted")])
    weight = np.float32([1, 2, 0, 0.5, 1])
    e = y - model.predict(x, verbose=0)
    model.save(tmp_path / "model.keras")
    for one in (model, keras.models.load_model(tmp_path / "model.keras")):
        logs = one.evaluate(x, y, batch_size=2, sample_weight=weight, verbose=0, return_dict=True)
        np.testing.assert_allclose(logs["root_mean_squared_error"], np.sqrt(np.mean(e**2)), rtol=1e-5)
        want = np.sqrt((weight @ e**2 / weight.sum()).item())
        np.testing.assert_allclose(logs["weighted"], want, rtol=1e-5)


@one_case_each
def test_a_function_is_compiled_as_its_class(case):
    model, _, _ = line()
    model.compile("sgd", loss=functools.partial(twin(case.cls), **case.parameters))
    assert repr(model.loss) == repr(case())


def test_a_root_over_batches_of_very_different_sizes():
    """The squares of each batch are summed at a scale of their own: 2^50 and 2^-50 lie between two scales."""
    errors = np.float32([8e-16, 7e-16, 9e-16, 10e-16, 1.1e15, 1.2e15, 1.0e15, 1.1e15])[:, None]
    for parts in ([0, 2], [2, 0], [4, 6], [6, 4], [0, 6], [4, 0, 6]):
        metric, seen = ls.metric("rmse"), np.concatenate([errors[k : k + 2] for k in parts])
        for k in parts:
            metric.update_state(np.zeros((2, 1), "float32"), errors[k : k + 2])
        want = np.sqrt(np.mean(seen.astype("float64") ** 2))
        np.testing.assert_allclose(array(metric.result()), want, rtol=1e-6)


def test_a_whole_batch_is_weighed_inside(rng):
    """As a bare function, Keras would multiply the one number by the weights of the rows."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "sigmoid")])
    x, y, weight = rng.normal(size=(4, 3)), rng.integers(0, 2, (4, 3)).astype("float32"), np.float32([1, 0, 2, 0.5])
    seen = []
    for loss in (functools.partial(ls.dice, whole_batch=True), ls.Dice(whole_batch=True)):
        model.compile("sgd", loss, run_eagerly=True)
        seen.append(model.evaluate(x, y, sample_weight=weight, verbose=0))
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-6)


@pytest.mark.parametrize("cls", [ls.ProxyAnchor, ls.ArcFace])
def test_a_loss_with_weights_of_its_own_is_a_metric(cls):
    """Over batches of all sizes, beside the loss it is, whose weights train; alone, where they stay as they are."""
    inputs = keras.Input((3,))
    model, rng = keras.Model(inputs, keras.layers.Dense(2)(inputs)), np.random.default_rng(4)
    x, label = rng.normal(size=(6, 3)).astype("float32"), np.int32([0, 1, 2, 2, 1, 0])
    loss, alone = (cls(classes=3, features=2, name=name) for name in ("trained", "alone"))
    before = [array(one.layer.weights[0]) for one in (loss, alone)]
    measured = [loss, alone]
    if BACKEND == "jax":
        with pytest.raises(ls.LossaryError, match="which metrics cannot read on JAX"):
            model.compile("sgd", loss, metrics=[ls.metric(loss)])
        measured = [alone]
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=[ls.metric(one) for one in measured])
    model.fit(x, label, batch_size=2, verbose=0)
    assert np.abs(array(loss.layer.weights[0]) - before[0]).max() > 1e-4
    np.testing.assert_array_equal(array(alone.layer.weights[0]), before[1])
    for size in (4, 6, 1):
        logs = model.evaluate(x, label, batch_size=size, verbose=0, return_dict=True)
        for one in measured:
            want = float(array(one(label, model.predict(x, verbose=0))))
            assert logs[one.name] == pytest.approx(want, rel=1e-5)
    if cls is ls.ProxyAnchor:
        with pytest.raises(ls.LossaryError, match=r"sizes are not known yet.*Pass classes, features"):
            ls.metric(cls())


def test_each_column_has_sums_of_its_own(rng, tmp_path):
    """Made with the first batch; in another number of columns, nothing can be added."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    x, y = rng.normal(size=(7, 2)).astype("float32"), rng.normal(size=(7, 3)).astype("float32")
    names = ["concordance_correlation", "pearson_correlation", "normalized_mean_squared_error"]
    model.compile("sgd", "mse", metrics=[ls.metric(name) for name in names])
    model.fit(x, y, batch_size=3, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    for one in (model, keras.models.load_model(tmp_path / "model.keras")):
        logs = one.evaluate(x, y, batch_size=3, verbose=0, return_dict=True)
        for name in names:
            want = float(array(ls.get(name)(y, one.predict(x, verbose=0))))
            assert logs[name] == pytest.approx(want, rel=1e-5)
    metric = ls.metric("pearson_correlation")
    assert float(array(metric.result())) == pytest.approx(float(array(ls.metric("pearson_correlation").result())))
    metric.update_state(y, y + 1)
    with pytest.raises(ls.LossaryError, match=r"shape \(2,\), the batches before of shape \(3,\)"):
        metric.update_state(y[:, :2], y[:, :2])


def test_a_metric_by_name_does_not_depend_on_the_batches():
    model, x, y = line()
    logs = []
    for size in (1, 2, 5):
        model.compile("sgd", "mse", metrics=[ls.metric("rmse"), ls.metric("huber", delta=2.0, name="robust")])
        logs.append(model.evaluate(x, y, batch_size=size, verbose=0, return_dict=True))
    e = y - model.predict(x, verbose=0)
    for one in logs:
        assert one["root_mean_squared_error"] == pytest.approx(np.sqrt(np.mean(e**2)), rel=1e-5)
        assert one["robust"] == pytest.approx(float(array(ls.Huber(delta=2.0)(y, y - e))), rel=1e-5)
    for wrong in (ls.Circle(), "nt_xent", keras.losses.MeanSquaredError()):
        with pytest.raises(ls.LossaryError, match="batches"):
            ls.metric(wrong)
