"""Losses of named slots in compile, fit, ls.train, Term and layers: each tensor meets its slot, each weight its row."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossary as ls
from lossary.core.loss import Loss
from lossary.core.slots import VECTOR, Slot, declare, own
from tests.backends import array

ROWS = 12
RNG = np.random.default_rng(4)
X = RNG.normal(size=(ROWS, 5)).astype("float32")
WEIGHT = np.linspace(0.2, 3, ROWS, dtype="float32")
LABEL = np.arange(ROWS) // 2 % 3
TIME, EVENT = (RNG.integers(1, 5, ROWS)).astype("float32"), (np.arange(ROWS) % 3 > 0).astype("float32")
Y = RNG.normal(size=(ROWS, 1)).astype("float32")
NAMES = ("anchor", "positive", "negative")


def heads(names, size=3, kind=dict):
    inputs = keras.Input((5,))
    found = {name: layers.Dense(size, name=name)(inputs) for name in names}
    return keras.Model(inputs, found if kind is dict else kind(found.values()))


def single(size):
    return keras.Sequential([keras.Input((5,)), layers.Dense(size, name="only")])


def stacked(count):
    inputs = keras.Input((5,))
    return keras.Model(inputs, layers.Reshape((count, 3))(layers.Dense(3 * count)(inputs)))


def triplets(p):
    return dict(zip(NAMES, (p[:, 0], p[:, 1], p[:, 2]) if hasattr(p, "shape") else p, strict=True))


TRIPLET = ls.TripletMargin(margin=2.0)
LIKELY = ls.GaussianNLL()
# the model, the loss, the targets, and the value of (predictions, weight) without Keras
CASES = {
    "a stacked output": (lambda: stacked(3), TRIPLET, None, lambda p, w: TRIPLET(sample_weight=w, **triplets(p))),
    "two stacked views": (lambda: stacked(2), ls.NTXent(), None,
                          lambda p, w: ls.NTXent()(first=p[:, 0], second=p[:, 1], sample_weight=w)),
    "outputs by name": (lambda: heads(NAMES[::-1]), TRIPLET, None, lambda p, w: TRIPLET(**p, sample_weight=w)),
    "a tuple": (lambda: heads(NAMES, kind=tuple), TRIPLET, None, lambda p, w: TRIPLET(**triplets(p), sample_weight=w)),
    "labels": (lambda: single(3), TRIPLET, LABEL, lambda p, w: TRIPLET(label=LABEL, embedding=p, sample_weight=w)),
    "targets by name": (lambda: single(1), ls.CoxPH(), {"event": EVENT, "time": TIME},
                        lambda p, w: ls.CoxPH()(time=TIME, event=EVENT, score=p[:, 0], sample_weight=w)),
    "a tuple of targets": (lambda: single(1), ls.CoxPH(), (TIME, EVENT),
                           lambda p, w: ls.CoxPH()(time=TIME, event=EVENT, score=p[:, 0], sample_weight=w)),
    "stacked targets": (lambda: single(1), ls.CoxPH(), np.stack([TIME, EVENT], 1),
                        lambda p, w: ls.CoxPH()(time=TIME, event=EVENT, score=p[:, 0], sample_weight=w)),
    "a sum": (lambda: single(3), TRIPLET + 0.5 * ls.NTXent(), LABEL,
              lambda p, w: TRIPLET(label=LABEL, embedding=p, sample_weight=w)
              + 0.5 * ls.NTXent()(label=LABEL, embedding=p, sample_weight=w)),
    "one of several outputs": (lambda: heads("ab", 3), ls.MultiLoss({"a": TRIPLET, "b": "mse"}),
                               {"a": LABEL, "b": np.repeat(Y, 3, 1)},
                               lambda p, w: TRIPLET(label=LABEL, embedding=p["a"], sample_weight=w)
                               + ls.MSE()(np.repeat(Y, 3, 1), p["b"], w)),
    "heads by name": (lambda: heads(("spread", "mean"), 1), LIKELY, Y,
                      lambda p, w: LIKELY(Y, np.concatenate([p["mean"], p["spread"]], 1), w)),
    "heads as a tuple": (lambda: heads(("mean", "spread"), 1, tuple), LIKELY, Y[:, 0],
                         lambda p, w: LIKELY(Y, np.concatenate(p, 1), w)),
    "a term": (lambda: heads("abc"), ls.Term(TRIPLET, anchor=ls.Output("a"), positive=ls.Hidden("c"),
                                             negative=ls.Output("b")), None,
               lambda p, w: TRIPLET(anchor=p["a"], positive=p["c"], negative=p["b"], sample_weight=w)),
    "a term of heads": (lambda: heads("ab", 1), ls.MultiLoss({
        "a": ls.Term(ls.gaussian_nll, mean=ls.Output("a"), spread=ls.Hidden("b")), "b": None}), {"a": Y},
                        lambda p, w: LIKELY(Y, np.concatenate([p["a"], p["b"]], 1), w)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_tensor_meets_its_slot_and_every_weight_its_row(name):
    made, loss, y, direct = CASES[name]
    model = made()
    model.compile(keras.optimizers.SGD(0.05), loss=loss)
    how = {"batch_size": ROWS, "verbose": 0, "return_dict": True}
    got = model.evaluate(X, y, sample_weight=WEIGHT, **how)["loss"]
    np.testing.assert_allclose(got, array(direct(model.predict(X, verbose=0), WEIGHT)), rtol=1e-5, atol=1e-6)
    start = model.get_weights()
    model.fit(X, y, sample_weight=WEIGHT, batch_size=ROWS, shuffle=False, verbose=0)
    fitted = model.get_weights()
    assert any(np.abs(a - b).max() > 1e-5 for a, b in zip(fitted, start, strict=True))
    model.set_weights(start)
    ls.train(model, X, y, sample_weight=WEIGHT, batch_size=ROWS, epochs=1, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), fitted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("balanced", [ls.UncertaintyWeighted, ls.GradNorm])
def test_losses_of_several_outputs_are_balanced(balanced):
    terms = [ls.Term(ls.TripletMargin(margin=margin), name=f"of_{place}", anchor=ls.Output("anchor"),
                     positive=ls.Output("positive"), negative=ls.Output("negative"))
             for place, margin in enumerate((1.0, 3.0))]  # fmt: skip
    scheduled = ls.TripletMargin(margin=ls.LinearSchedule(1.0, 3.0, 5))
    for parts in ([terms[0], 3 * terms[1]], [ls.TripletMargin(margin=1.0), 3 * scheduled]):
        model = heads(NAMES)
        model.compile(keras.optimizers.SGD(0.05), loss=balanced(parts))
        before = array(model.loss.layer.weights[0])
        model.fit(X, sample_weight=WEIGHT, batch_size=6, verbose=0)
        assert np.abs(array(model.loss.layer.weights[0]) - before).max() > 1e-5


def test_a_mask_of_keras_says_which_items_of_a_list_exist():
    inputs = keras.Input((4, 5))
    model = keras.Model(inputs, layers.Dense(1)(layers.Masking()(inputs)))
    x, relevance = RNG.normal(size=(6, 4, 5)).astype("float32"), RNG.integers(0, 3, (6, 4)).astype("float32")
    x[0, 2:] = x[3, 1:] = 0
    model.compile("sgd", loss=ls.ListwiseSoftmax())
    valid, score = (x != 0).any(-1), model.predict(x, verbose=0)[..., 0]
    want = ls.ListwiseSoftmax()(relevance=relevance, score=score, valid=valid)
    np.testing.assert_allclose(model.evaluate(x, relevance, verbose=0), array(want), rtol=1e-5)


@pytest.mark.parametrize("run", ["evaluate", "train"])
def test_lengths_beside_the_targets_say_how_many_items_exist(run):
    model = keras.Sequential([keras.Input((4, 5)), layers.Dense(1), layers.Reshape((4,))])
    x, relevance = RNG.normal(size=(6, 4, 5)).astype("float32"), RNG.integers(1, 3, (6, 4)).astype("float32")
    lengths = np.int32([4, 2, 1, 3, 0, 4])
    want = ls.ListwiseSoftmax()(relevance, model.predict(x, verbose=0), mask=np.arange(4) < lengths[:, None])
    relevance[1, 2:] = np.nan  # padding holds anything
    columns = {"relevance": ls.Column("relevance"), "lengths": ls.Column("lengths"), "score": ls.Output()}
    model.compile(keras.optimizers.SGD(0.0), loss=ls.Term(ls.ListwiseSoftmax(), **columns))
    y = {"relevance": relevance, "lengths": lengths}
    if run == "evaluate":
        value = model.evaluate(x, y, verbose=0, return_dict=True)["loss"]
    else:
        value = ls.train(model, x, y, verbose=0, batch_size=6)["loss"][-1]
    np.testing.assert_allclose(value, array(want), rtol=1e-5)


def test_validation_data_without_targets_keep_their_weights():
    model = stacked(3)
    model.compile(keras.optimizers.SGD(0.0), loss=TRIPLET)
    want = float(array(TRIPLET(**triplets(model.predict(X, verbose=0)), sample_weight=WEIGHT)))
    logs = model.fit(X, batch_size=ROWS, validation_data=(X, None, WEIGHT), verbose=0).history
    assert logs["val_loss"][0] == pytest.approx(want, rel=1e-5)
    history = ls.train(model, X, batch_size=ROWS, epochs=1, validation_data=(X, None, WEIGHT), verbose=0)
    assert history.history["val_loss"][0] == pytest.approx(want, rel=1e-5)


def test_weights_of_a_loss_have_the_size_of_what_it_reads(tmp_path):
    """A hidden layer of 7, and the second of two outputs; both are trained and come back from a file."""
    inputs = keras.Input((5,))
    hidden = layers.Dense(7, name="hidden")(inputs)
    outputs = {"a": layers.Dense(6, name="a")(hidden), "b": layers.Dense(4, name="b")(hidden)}
    model, arc, proxies = keras.Model(inputs, outputs), ls.ArcFace(classes=3), ls.ProxyAnchor(classes=3)
    term = 0.5 * ls.Term(arc, embedding=ls.Hidden("hidden"))
    model.compile(keras.optimizers.SGD(0.1), loss={"a": proxies, "b": ls.SCCE(from_logits=True) + term})
    assert (arc.layer.weights[0].shape, proxies.layer.weights[0].shape) == ((3, 7), (3, 6))
    before = [array(loss.layer.weights[0]) for loss in (arc, proxies)]
    y = {"a": LABEL, "b": LABEL}
    model.fit(X, y, verbose=0)
    for loss, was in zip((arc, proxies), before, strict=True):
        assert np.abs(array(loss.layer.weights[0]) - was).max() > 1e-4
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.evaluate(X, y, verbose=0), model.evaluate(X, y, verbose=0), rtol=1e-5)


def test_terms_of_losses_that_do_not_fit_are_refused():
    for sources in ({"anchor": ls.Output("a")}, {"anker": ls.Output("a")}):
        with pytest.raises(ls.DefinitionError, match="anchor, positive, negative"):
            ls.Term(TRIPLET, **sources)
    with pytest.raises(ls.DefinitionError, match="no source but a value"):
        ls.Term(TRIPLET, anchor=1.0, positive=ls.Output("a"), negative=ls.Output("b"))


@pytest.mark.parametrize("made", [ls.LossLayer, ls.TermLayer])
def test_a_layer_takes_the_tensors_by_name(made, tmp_path):
    inputs = [keras.Input((5,), name=name) for name in NAMES]
    dense = layers.Dense(3)
    embedded = {name: dense(one) for name, one in zip(NAMES, inputs, strict=True)}
    outputs = made(ls.TripletMargin(margin=2.0))(embedded)
    assert set(outputs) == set(NAMES)
    model = keras.Model(inputs, outputs)
    model.compile("sgd")
    data = [X, X[::-1], X + 0.5]
    want = TRIPLET(**dict(zip(NAMES, map(dense, data), strict=True)))
    np.testing.assert_allclose(model.evaluate(data, verbose=0), array(want), rtol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.evaluate(data, verbose=0), array(want), rtol=1e-5)
    with pytest.raises(ls.LossaryError, match="anchor"):
        made(TRIPLET)({"anchor": embedded["anchor"]})


def test_a_layer_trains_the_weights_of_its_loss_and_leaves_the_targets():
    label, inputs = keras.Input((), dtype="int32", name="label"), keras.Input((5,), name="x")
    loss = ls.ArcFace(classes=3)
    model = keras.Model([label, inputs], ls.LossLayer(loss)({"label": label, "embedding": layers.Dense(4)(inputs)}))
    model.compile(keras.optimizers.SGD(0.1))
    before = array(loss.layer.weights[0])
    model.fit([LABEL, X], verbose=0)
    assert np.abs(array(loss.layer.weights[0]) - before).max() > 1e-4
    assert ls.without_targets(model).predict(X, verbose=0).shape == (ROWS, 4)


def test_outputs_by_name_are_the_last_axis():
    mean, spread = Y, np.abs(Y) + 0.5
    for more in ({}, {"spread": "variance"}):
        want = ls.gaussian_nll(Y + 1, np.concatenate([mean, spread], 1), **more)
        for given in ({"mean": mean, "spread": spread}, (mean, spread)):
            np.testing.assert_allclose(array(ls.gaussian_nll(Y + 1, given, **more)), array(want), rtol=1e-6)
            flat = ls.gaussian_nll(Y[:, 0] + 1, given, **more)
            np.testing.assert_allclose(array(flat), array(want), rtol=1e-6)
    np.testing.assert_allclose(
        array(ls.gaussian_nll(Y + 1, mean=mean, spread=spread)), array(ls.gaussian_nll(Y + 1, (mean, spread)))
    )
    quantiles = ls.multi_quantile(Y, (mean, spread), q=(0.1, 0.6))
    want = ls.multi_quantile(Y, np.concatenate([mean, spread], 1), q=(0.1, 0.6))
    np.testing.assert_allclose(array(quantiles), array(want), rtol=1e-6)
    with pytest.raises(ls.ParameterError, match="mean and spread"):
        ls.gaussian_nll(Y, {"mean": mean})
    rows = np.concatenate([mean, spread], 1)[:2]  # as many as outputs: a tuple of them could be either
    for given in (tuple(rows), tuple(map(ops.convert_to_tensor, rows))):
        with pytest.raises(ls.ShapeError, match="outputs, or rows"):
            ls.gaussian_nll(Y[:2], given)
    want = ls.gaussian_nll(Y[:2], rows)
    for given in (list(rows), (mean[:2], spread[:2])):
        np.testing.assert_allclose(array(ls.gaussian_nll(Y[:2], given)), array(want), rtol=1e-6)
    with pytest.raises(ls.ShapeError, match="of the same shape"):
        ls.gaussian_nll(Y, mean=mean, spread=spread[:3])


@keras.saving.register_keras_serializable("lossary_tests")
class Compact(Loss, package="lossary_tests"):
    """The squared distance from a centre that follows the mean of the rows."""

    inputs = declare(
        embedding=Slot(VECTOR, ("row", "feature")),
        centre=own(VECTOR, ("feature",), ("features",), start="zeros", trainable=False),
    )
    features: int | None = None

    def call(self, embedding, centre):
        self.remember(centre=0.5 * centre + 0.5 * ops.mean(embedding, axis=0))
        return ops.sum(ops.square(embedding - centre), axis=-1)


def test_a_state_of_a_loss_moves_in_training_alone(tmp_path):
    keras.utils.set_random_seed(2)
    model, loss = single(3), Compact()
    model.compile(keras.optimizers.SGD(0.0), loss=loss)
    p = model.predict(X, verbose=0)
    want = p.mean(0)
    model.evaluate(X, batch_size=ROWS, verbose=0)
    assert not array(loss.layer.weights[0]).any()
    model.fit(X, batch_size=ROWS, epochs=2, verbose=0)
    np.testing.assert_allclose(array(loss.layer.weights[0]), 0.75 * want, rtol=1e-4, atol=1e-6)
    ls.train(model, X, batch_size=ROWS, epochs=1, verbose=0)
    np.testing.assert_allclose(array(loss.layer.weights[0]), 0.875 * want, rtol=1e-4, atol=1e-6)
    cost = np.sum((p - 0.875 * want) ** 2, -1).mean()
    how = {"batch_size": ROWS, "verbose": 0, "return_dict": True}
    np.testing.assert_allclose(model.evaluate(X, **how)["loss"], cost, rtol=1e-4)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.evaluate(X, **how)["loss"], cost, rtol=1e-4)


def test_shape_and_scale_for_every_column():
    """The function takes them as numbers, or one for each column; the class learns them."""
    e = RNG.normal(size=(ROWS, 2)).astype("float32") * 3
    alpha, scale = np.float32([0.4, 1.6]), np.float32([0.7, 2.0])
    columns = [array(ls.adaptive_robust(0 * e[:, k], e[:, k], alpha=float(alpha[k]), scale=float(scale[k])))
               for k in range(2)]  # fmt: skip
    both = ls.adaptive_robust(0 * e, e, alpha=alpha, scale=scale)
    np.testing.assert_allclose(array(both), np.mean(columns, 0), rtol=1e-5)
    with pytest.raises(ls.LossaryError, match="between 0 and 2"):
        ls.adaptive_robust(0 * e, e, alpha=2.5)
