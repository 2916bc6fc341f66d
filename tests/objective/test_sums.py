"""Sums of losses: the numbers, the names, the routing by name, and what may not be added."""

import copy
import json
import pickle
import zipfile

import keras
import numpy as np
import pytest
from keras import layers

import lossary as ls
from lossary.core.errors import LossaryError, ParameterError, ShapeError


@pytest.fixture
def pair(rng):
    y = rng.normal(size=(12, 1)).astype("float32")
    return y, (y + rng.normal(size=(12, 1))).astype("float32")


def number(value):
    return float(keras.ops.convert_to_numpy(value))


def test_the_total_is_the_weighted_sum_of_the_parts(pair, rng):
    y, p = pair
    weight = rng.uniform(0, 2, size=12).astype("float32")
    both = ls.Huber(delta=0.4) + 0.3 * ls.MeanAbsoluteError() + ls.Weighted("mse", 2.0)
    want = sum(
        w * number(loss(y, p, sample_weight=weight))
        for w, loss in ((1, ls.Huber(delta=0.4)), (0.3, ls.MeanAbsoluteError()), (2, ls.MeanSquaredError()))
    )
    assert number(both(y, p, sample_weight=weight)) == pytest.approx(want, rel=1e-6)
    assert number(both(y, p)) != pytest.approx(want, rel=1e-3)


def test_every_way_of_writing_a_sum_is_the_same(pair):
    a, b = ls.Huber(delta=2.0), ls.MeanAbsoluteError()
    whole = [
        a + 0.5 * b,
        0.5 * b + a,
        a + b * 0.5,
        sum([a, 0.5 * b]),
        ls.Sum([a, ls.Weighted(b, 0.5)]),
        (2 * a + b) * 0.5,
        a + ls.Weighted(ls.Weighted("mae", 5.0), 0.1),
        keras.losses.Huber(delta=2.0) + 0.5 * b,
    ]
    values = [number(one(*pair)) for one in whole]
    np.testing.assert_allclose(values, values[0], rtol=1e-6)


def test_parts_keep_their_names_and_double_ones_are_told_apart():
    three = ls.Huber() + ls.Huber(delta=2.0) + ls.Weighted("mse", 0.1, name="small")
    assert [part.name for part in three.parts] == ["huber", "huber_2", "small"]


def test_foreign_losses_and_functions_may_be_parts(pair):
    def fourth(y_true, y_pred):
        return keras.ops.mean((y_pred - y_true) ** 4, axis=-1)

    y, p = pair
    both = ls.Huber() + keras.losses.MeanSquaredError() + fourth
    want = number(ls.Huber()(y, p)) + float(np.mean((p - y) ** 2)) + float(np.mean((p - y) ** 4))
    assert number(both(y, p)) == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))], ids=["copy", "pickle"])
def test_copied_with_its_weights_and_schedules(pair, again):
    both = ls.Huber(delta=0.3) + ls.LinearSchedule(0.2, 1.0, steps=10) * ls.MeanAbsoluteError()
    other = again(both)
    for step in (0, 5):
        with ls.at_step(step):
            assert number(other(*pair)) == pytest.approx(number(both(*pair)), rel=1e-6)


def test_one_loss_per_output_by_name(pair):
    y, p = pair
    routed = ls.MultiLoss({"a": ls.Huber(), "b": ls.Weighted("mae", 0.5), "c": None}, weights={"a": 3.0})
    found = number(routed({"a": y, "b": y + 1}, {"a": p, "b": p}))
    assert found == pytest.approx(3 * number(ls.Huber()(y, p)) + 0.5 * float(np.mean(np.abs(p - y - 1))), rel=1e-5)
    assert routed.outputs == {"a", "b", "c"}
    assert [part.name for part in routed.parts] == ["a_loss", "b_loss"]
    assert (routed + ls.Term(lambda y_true: 0.0)).outputs == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ls.Huber() + ls.MeanAbsoluteError(reduction="none"), "reduction='none'"),
        (lambda: float("nan") * ls.Huber(), "weight=nan"),
        (lambda: "much" * ls.Huber(), "weight='much'"),
        (lambda: ls.Sum([]), "none"),
        (lambda: ls.Sum([None]), "None"),
        (lambda: ls.MultiLoss({"a": "mse"}, weights={"b": 1.0}), "The weights are for b; the losses are for a"),
        (lambda: ls.StepSchedule([1.0, 0.5], [100, 200]), "2 values"),
        (lambda: ls.LinearSchedule(0.0, float("inf"), steps=3), "inf"),
        (lambda: ls.LinearSchedule(0.0, 1.0, steps=0), "0"),
        (lambda: ls.Schedule(3.0), "3.0"),
    ],
)
def test_what_is_no_loss_or_no_weight_is_refused(make, words):
    with pytest.raises(ParameterError, match=words):
        make()


def test_a_routed_loss_wants_dictionaries(pair):
    with pytest.raises(ShapeError, match="'a'"):
        ls.MultiLoss({"a": "mse"})(*pair)


@keras.saving.register_keras_serializable("tests")
def hyperbola(step):
    return 1 / (1 + step)


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (ls.LinearSchedule(2.0, 0.5, steps=10, begin=4), {0: 2.0, 4: 2.0, 9: 1.25, 14: 0.5, 99: 0.5}),
        (ls.CosineSchedule(0.0, 1.0, steps=8), {0: 0.0, 2: (1 - np.cos(np.pi / 4)) / 2, 4: 0.5, 8: 1.0, 50: 1.0}),
        (ls.StepSchedule([1.0, 0.1, 0.01], boundaries=[3, 5]), {0: 1.0, 2: 1.0, 3: 0.1, 4: 0.1, 5: 0.01, 9: 0.01}),
        (ls.Schedule(hyperbola), {0: 1.0, 3: 0.25}),
        (ls.Schedule(keras.optimizers.schedules.ExponentialDecay(1.0, 2, 0.5)), {0: 1.0, 4: 0.25}),
    ],
    ids=["linear", "cosine", "step", "own", "keras"],
)
def test_schedules_and_their_configurations(schedule, points):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    for step, value in points.items():
        assert schedule(step) == pytest.approx(value, rel=1e-6, abs=1e-7)
        assert again(step) == pytest.approx(value, rel=1e-6, abs=1e-7)


def branches():
    x = keras.Input((2,), name="x")
    return keras.Model(x, {"a": layers.Dense(1, name="a")(x), "b": layers.Dense(1, name="b")(x)})


def compiled(loss):
    keras.utils.set_random_seed(3)
    model = branches()
    model.compile(keras.optimizers.SGD(0.1), loss=loss)
    return model


def rows(rng, count=20):
    x = rng.normal(size=(count, 2)).astype("float32")
    return x, {"a": x[:, :1] + 1, "b": x[:, 1:] - 1}


def test_routing_agrees_with_keras_own(rng):
    x, y = rows(rng)
    ours = compiled(ls.MultiLoss({"a": ls.Huber(delta=0.5), "b": 0.25 * ls.MeanAbsoluteError()}))
    theirs = branches()
    theirs.set_weights(ours.get_weights())
    losses = {"a": ls.Huber(delta=0.5), "b": ls.MeanAbsoluteError()}
    theirs.compile(keras.optimizers.SGD(0.1), loss=losses, loss_weights={"a": 1.0, "b": 0.25})
    weight = {"a": np.linspace(0, 1, 20, dtype="float32"), "b": np.linspace(2, 0, 20, dtype="float32")}
    one, two = (
        m.fit(x, y, sample_weight=weight, epochs=3, batch_size=10, shuffle=False, verbose=0).history
        for m in (ours, theirs)
    )
    for name in ("loss", "a_loss", "b_loss"):
        np.testing.assert_allclose(one[name], two[name], rtol=1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("form", ["dictionary", "list"])
def test_targets_come_by_name_or_in_the_order_of_the_outputs(rng, form):
    x, y = rows(rng)
    inputs = keras.Input((2,))
    model = keras.Model(inputs, [layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)])
    model.compile("sgd", ls.MultiLoss({"b": "mae", "a": "mse"}))
    p = model.predict(x, verbose=0)
    found = model.evaluate(x, y if form == "dictionary" else [y["a"], y["b"]], verbose=0, return_dict=True)
    assert found["a_loss"] == pytest.approx(float(np.mean((p[0] - y["a"]) ** 2)), rel=1e-5)
    assert found["b_loss"] == pytest.approx(float(np.mean(np.abs(p[1] - y["b"]))), rel=1e-5)


def test_an_output_left_out_needs_no_target(rng):
    x, y = rows(rng)
    model = compiled(ls.MultiLoss({"a": "mse", "b": None}))
    before = [w.copy() for w in model.get_weights()]
    model.fit(x, {"a": y["a"]}, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert moved == [True, True, False, False]


@pytest.mark.parametrize(
    ("losses", "words"),
    [({"a": "mse"}, "'b' has no loss"), ({"a": "mse", "b": "mae", "c": "mae"}, "no output 'c'")],
)
def test_names_that_do_not_fit_are_refused_at_compile(losses, words):
    with pytest.raises(LossaryError, match=words):
        compiled(ls.MultiLoss(losses))


def test_targets_that_do_not_fit_are_refused(rng):
    x, y = rows(rng)
    for targets, words in (({**y, "typo": y["a"]}, "typo"), ({"a": y["a"]}, "no b")):
        model = compiled(ls.MultiLoss({"a": "mse", "b": "mae"}))
        with pytest.raises(LossaryError, match=words):
            model.fit(x, targets, verbose=0)
        assert np.isfinite(model.predict(x, verbose=0)["a"]).all()  # the model is whole


def test_a_sum_of_one_output_is_refused_for_two(rng):
    x, y = rows(rng)
    model = compiled(ls.Huber() + 0.1 * ls.MeanAbsoluteError())
    with pytest.raises(ShapeError, match="MultiLoss"):
        model.evaluate(x, y, verbose=0)


STRUCTURES = {  # of outputs: the layers' names are others than the keys
    "dictionary": lambda u, v: {"b": u, "a": v},
    "nested dictionary": lambda u, v: {"b": u, "in": {"c": v}},
    "list": lambda u, v: [u, v],
    "dictionary of one": lambda u, v: {"b": u},
}


@pytest.mark.parametrize("how", ["fit", "train"])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_outputs_are_named_as_keras_names_them(kind, how, rng, tmp_path):
    x, y = rows(rng)
    make, leaves = STRUCTURES[kind], [ls.Huber(delta=0.5), ls.MeanAbsoluteError()]
    losses, targets = make(*leaves), make(y["a"], y["b"])
    names = {"list": {"u": leaves[0], "v": leaves[1]}}.get(kind, losses)
    pair = []
    for loss in (ls.MultiLoss(names), losses):
        keras.utils.set_random_seed(3)
        inputs = keras.Input((2,))
        model = keras.Model(inputs, make(*(layers.Dense(1, name=name)(inputs) for name in "uv")))
        model.compile(keras.optimizers.SGD(0.1), loss)
        pair.append(model)
    ours, theirs = pair
    more = {"epochs": 3, "batch_size": 10, "shuffle": False, "verbose": 0}
    logs = ours.fit(x, targets, **more).history if how == "fit" else ls.train(ours, x, targets, **more).history
    expected = theirs.fit(x, targets, **more).history
    assert set(logs) - {"regularization"} == set(expected)
    for name in expected:
        np.testing.assert_allclose(logs[name], expected[name], rtol=1e-5)
    ours.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    found = [model.evaluate(x, targets, verbose=0, return_dict=True)["loss"] for model in (ours, loaded, theirs)]
    np.testing.assert_allclose(found, found[2], rtol=1e-5)


def test_a_dictionary_may_hold_sums(rng, tmp_path):
    x, y = rows(rng)
    both = ls.Huber() + 0.1 * ls.MeanAbsoluteError()
    model, same = compiled({"a": both, "b": "mse"}), compiled(ls.MultiLoss({"a": both, "b": "mse"}))
    one, two = (m.fit(x, y, shuffle=False, verbose=0).history for m in (model, same))
    assert set(one) == set(two) == {"loss", "a_huber", "a_mean_absolute_error", "b_loss", "regularization"}
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-6)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-6)


def test_a_sum_inside_a_list_or_with_loss_weights_is_refused():
    both = ls.Huber() + ls.MeanAbsoluteError()
    with pytest.raises(LossaryError, match="MultiLoss"):
        branches().compile("sgd", [both, "mse"])
    with pytest.raises(LossaryError, match="loss_weights"):
        branches().compile("sgd", ls.MultiLoss({"a": "mse", "b": "mae"}), loss_weights={"a": 1.0, "b": 1.0})


def test_check_looks_at_the_parts_of_every_output(rng):
    x, y = rows(rng)
    model = compiled(ls.MultiLoss({"a": "mse", "b": ls.BinaryCrossentropy() + 0.1 * ls.MeanAbsoluteError()}))
    found = ls.check(model, x, {"a": y["a"], "b": np.clip(y["b"], 0, 1)})
    assert any(one.output == "b" for one in found)


def altered(path, change):
    """A saved model with another configuration of its loss."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(held["config.json"])
    change(config["compile_config"]["loss"]["config"])
    held["config.json"] = json.dumps(config)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)


DENSE = keras.saving.serialize_keras_object(layers.Dense(2))
CHANGES = {
    "a layer": lambda config: config["parts"][0].update(loss=DENSE),
    "no loss": lambda config: config["parts"][0].pop("loss"),
    "nothing": lambda config: config["parts"][1].update(loss=None),
    "a weight of text": lambda config: config["parts"][1].update(weights=["much"]),
    "no parts": lambda config: config.pop("parts"),
    "a number": lambda config: config["parts"].append(3),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_with_a_part_that_is_no_loss_is_refused_when_it_is_loaded(change, tmp_path):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile("sgd", ls.Huber() + 0.1 * ls.MeanAbsoluteError())
    model.save(tmp_path / "model.keras")
    altered(tmp_path / "model.keras", CHANGES[change])
    with pytest.raises(LossaryError) as caught:
        keras.models.load_model(tmp_path / "model.keras")
    assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))
    assert keras.models.load_model(tmp_path / "model.keras", compile=False).count_params() == 3
