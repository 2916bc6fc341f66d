"""Losses that learn: their formulas against independent ones, that they move, and that they are saved."""

from pathlib import Path

import keras
import mpmath
import numpy as np
import pytest
from keras import layers

import lossary as ls
from lossary.core.errors import LossaryError, ParameterError
from tests.backends import array, gradient


def two_tasks(loss, optimizer=None):
    keras.utils.set_random_seed(11)
    x = keras.Input((3,))
    trunk = layers.Dense(6, activation="tanh", name="trunk")(x)
    outputs = {"far": layers.Dense(1, name="far")(trunk), "kind": layers.Dense(3, name="kind")(trunk)}
    model = keras.Model(x, outputs)
    model.compile(optimizer or keras.optimizers.Adam(0.02), loss)
    return model


@pytest.fixture
def data(rng):
    x = rng.normal(size=(64, 3)).astype("float32")
    return x, {"far": 20 * x[:, :1], "kind": rng.integers(0, 3, size=64).astype("int32")}


def tasks():
    return ls.MultiLoss({"far": "mse", "kind": ls.SparseCategoricalCrossentropy(from_logits=True)})


def saved(model, folder):
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


def logs(model, data):
    return model.evaluate(*data, verbose=0, return_dict=True)


def test_uncertainty_weights_are_kendalls_formula():
    whole = ls.UncertaintyWeighted([ls.MeanSquaredError(), ls.SparseCategoricalCrossentropy(), 3.0 * ls.Huber()])
    s = np.float32([0.3, -0.7, 1.1])
    whole.log_variance.assign(s)
    values = [np.float32(v) for v in (2.0, 0.5, 4.0)]
    got = array(whole.combine([keras.ops.convert_to_tensor(v) for v in values]))
    want = 0.5 * np.exp(-0.3) * 2.0 + np.exp(0.7) * 0.5 + 0.5 * np.exp(-1.1) * 12.0 + 0.5 * s.sum()
    assert got == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ls.UncertaintyWeighted(tasks()),
        lambda: ls.GradNorm(tasks()),
        lambda: ls.GradNorm(tasks(), shared="trunk"),
    ],
    ids=["uncertainty", "gradnorm of outputs", "gradnorm of the trunk"],
)
def test_weights_are_learned_logged_and_saved(make, data, tmp_path):
    model = two_tasks(make())
    before = logs(model, data)
    model.fit(*data, epochs=10, verbose=0)
    after = logs(model, data)
    word = next(name for name in after if name.startswith("far_loss_"))
    assert after[word] < before[word] - 0.05  # the large squared errors count less
    assert logs(saved(model, tmp_path), data) == pytest.approx(after, rel=1e-6)


@pytest.mark.parametrize("balanced", [ls.UncertaintyWeighted, ls.GradNorm])
def test_what_is_balanced_stays_balanced_inside_another_sum(balanced, data):
    alone = two_tasks(balanced(tasks()))
    both = two_tasks(balanced(tasks()) + ls.Term(lambda y_true: 0.5, name="constant"))
    assert logs(both, data)["loss"] == pytest.approx(logs(alone, data)["loss"] + 0.5, rel=1e-5)
    for model in (both, alone):
        model.fit(*data, epochs=2, shuffle=False, verbose=0)
    one, other = (model.predict(data[0], verbose=0)["far"] for model in (both, alone))
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shared", [None, "trunk"])
def test_gradnorm_adds_the_weighted_losses_and_moves_the_weights_towards_one_pace(shared, data):
    model = two_tasks(ls.GradNorm(tasks(), alpha=0.0, shared=shared), keras.optimizers.SGD(0.0))
    loss = model.loss
    loss.score.assign([0.4, -0.1])
    found = logs(model, data)
    w = 2 * np.exp([0.4, -0.1]) / np.exp([0.4, -0.1]).sum()
    assert found["far_loss_balance"] == pytest.approx(w[0], rel=1e-5)
    assert found["loss"] == pytest.approx(w @ [found["far_loss"], found["kind_loss"]], rel=1e-5)
    model.optimizer.learning_rate = 0.001
    start = found["far_loss_balance"]
    model.fit(*data, epochs=3, verbose=0)
    assert logs(model, data)["far_loss_balance"] < start  # the task with the larger gradient gets less


def test_gradnorm_measures_the_gradient_by_the_shared_layer(data):
    """Against the gradient by the trunk's output, taken through a second model."""
    x, y = data
    model = two_tasks(ls.GradNorm(tasks(), shared="trunk"))
    head = keras.Model(model.get_layer("trunk").output, model.output)
    trunk = keras.Model(model.inputs, model.get_layer("trunk").output).predict(x, verbose=0)
    from lossary.core.moments import Moment, open_moment

    with open_moment(Moment(0, True, model=model, hidden={"trunk": keras.ops.convert_to_tensor(trunk)})):
        norms = [float(array(n)) for n in model.loss._norms(y, model(x), None)]
    mse = gradient(lambda h: ls.MeanSquaredError()(y["far"], head(h)["far"]), trunk)
    entropy = gradient(lambda h: ls.SparseCategoricalCrossentropy(from_logits=True)(y["kind"], head(h)["kind"]), trunk)
    np.testing.assert_allclose(norms, [np.linalg.norm(mse), np.linalg.norm(entropy)], rtol=1e-4)


def barron(x, alpha):
    b = abs(alpha - 2)
    return b / alpha * ((mpmath.mpf(x) ** 2 / b + 1) ** (mpmath.mpf(alpha) / 2) - 1)


@pytest.mark.parametrize("alpha", [0.05, 0.6, 1.0, 1.7, 1.95])
def test_the_adaptive_loss_is_the_negative_log_likelihood(alpha):
    loss = ls.AdaptiveRobust(alpha=alpha, scale=1.7, reduction="none")
    e = np.float32([[0.0], [0.3], [-4.0], [250.0]])
    z = 2 * mpmath.quad(lambda t: mpmath.exp(-barron(mpmath.sinh(t), alpha)) * mpmath.cosh(t), [0, 1, 3, 9, 30])
    want = [float(barron(float(v) / 1.7, alpha) + mpmath.log(1.7 * z)) for v in e[:, 0]]
    np.testing.assert_allclose(array(loss(np.zeros_like(e), e)), want, rtol=3e-6)


def test_its_shape_and_scale_are_differentiated():
    loss = ls.AdaptiveRobust(size=2)
    e = np.float32([[0.5, -2.0], [1.5, 8.0]])

    def value(latent):
        with keras.StatelessScope([(loss.layer.weights[0], latent)]):
            return loss(np.zeros_like(e), e)

    slope = gradient(value, np.zeros(2, "float32"))
    h = 1e-2
    for place in range(2):
        step = np.float32(np.eye(2)[place] * h)
        rise = (
            float(array(value(keras.ops.convert_to_tensor(step))))
            - float(array(value(keras.ops.convert_to_tensor(-step))))
        ) / (2 * h)
        assert slope[place] == pytest.approx(rise, rel=2e-2)


def fit_to(errors):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    x, y = np.zeros((len(errors), 1), "float32"), errors[:, None].astype("float32")
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 800))
    ls.train(model, x, y, loss=ls.AdaptiveRobust(), optimizer=optimizer, epochs=800, batch_size=len(x), verbose=0)
    return model, model.evaluate(x, y, verbose=0, return_dict=True)


def test_it_learns_that_gaussian_errors_are_not_heavy_tailed_and_cauchys_are(rng, tmp_path):
    narrow, heavy = rng.normal(scale=0.5, size=800), rng.standard_cauchy(size=800)
    _, gaussian = fit_to(narrow)
    model, cauchy = fit_to(heavy)
    assert gaussian["adaptive_robust_alpha"] > 1.5 > 0.4 > cauchy["adaptive_robust_alpha"]
    # as likely as under the distributions they come from
    assert gaussian["loss"] == pytest.approx(np.mean(narrow**2 / 0.5 + np.log(0.5 * np.sqrt(2 * np.pi))), abs=0.05)
    assert cauchy["loss"] == pytest.approx(np.mean(np.log(np.pi * (1 + heavy**2))), abs=0.05)
    again = saved(model, tmp_path)
    was, now = (array(one.loss.parts[0].loss.own_slots()["alpha"])[0] for one in (model, again))
    assert now == pytest.approx(was, rel=1e-6)


def test_a_file_of_before_still_loads():
    """Saved by torch when shape and scale were made by the class itself, after three epochs of training."""
    model = keras.models.load_model(Path(__file__).with_name("adaptive_before.keras"))
    x = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
    logs = model.evaluate(x, x[::-1].copy(), verbose=0, return_dict=True)
    for name, was in (("loss", 2.0267086), ("adaptive_robust_alpha", 0.7065286), ("adaptive_robust_scale", 1.7843446)):
        assert logs[name] == pytest.approx(was, rel=1e-5)


def test_what_cannot_be_balanced_is_refused(data):
    with pytest.raises(ParameterError, match="given 1"):
        ls.UncertaintyWeighted(ls.Huber())
    with pytest.raises(ParameterError, match="alpha"):
        ls.GradNorm(tasks(), alpha=-1.0)
    with pytest.raises(LossaryError, match="shared='far'"):
        two_tasks(ls.GradNorm(tasks(), shared="far"))
    with pytest.raises(ParameterError, match="2 columns"):
        ls.AdaptiveRobust(size=3)(np.zeros((4, 2), "float32"), np.zeros((4, 2), "float32"))


def test_classes_are_weighed_by_how_often_they_occur():
    y = np.repeat([0, 1, 2], [6, 3, 1])
    weights = np.array(ls.weights_from(y))
    np.testing.assert_allclose(weights * [6, 3, 1], 10 / 3)
    np.testing.assert_allclose(ls.weights_from(np.eye(3)[y]), weights)
    effective = np.array(ls.weights_from(y, "effective_number", beta=0.9))
    np.testing.assert_allclose(effective / effective[0], (1 - 0.9**6) / (1 - 0.9 ** np.array([6, 3, 1])))
    assert effective @ [6, 3, 1] == pytest.approx(10)
    for wrong in (lambda: ls.weights_from([0.5, 1]), lambda: ls.weights_from(y, "even"), lambda: ls.weights_from([])):
        with pytest.raises(LossaryError):
            wrong()


@pytest.mark.parametrize("rule", ["balanced", "effective_number"])
@pytest.mark.parametrize(
    ("y", "more"),
    [
        ([0, 0, 2], {}),
        ([0, 0, 2], {"classes": 6}),
        ([[0, 0, 1], [255, 0, 1]], {"ignore_class": 255}),
        ([0, 0, 1, -1], {"ignore_class": -1}),
        ([0, 0, 1, 2], {"ignore_class": 0}),
        ([5, 5, 3], {"classes": 6}),
        ([True, False, False], {}),
        ([[[0.0], [3.0]], [[1.0], [0.0]]], {}),
    ],
)
def test_the_mean_weight_of_labelled_rows_is_1(rule, y, more):
    compute = pytest.importorskip("sklearn.utils.class_weight").compute_class_weight
    weights = np.array(ls.weights_from(y, rule, 0.9, **more))
    labels = np.asarray(y).astype(int).ravel()
    labels = labels[labels != more.get("ignore_class")]
    assert np.mean(weights[labels]) == pytest.approx(1)
    known = np.unique(labels)
    assert len(weights) == more.get("classes", known[-1] + 1)
    assert not weights[np.setdiff1d(np.arange(len(weights)), known)].any()
    if rule == "balanced":
        np.testing.assert_allclose(weights[known], compute("balanced", classes=known, y=labels))


def test_labels_come_from_whatever_train_reads():
    pd, torch = pytest.importorskip("pandas"), pytest.importorskip("torch")
    expected = ls.weights_from([0, 1, 1, 2])
    table = pd.DataFrame({"k": pd.array([0, 1, 1, 2], "Int8")})
    for y in (
        table,
        table["k"],
        torch.tensor([0, 1, 1, 2]),
        np.eye(3, dtype=bool)[[0, 1, 1, 2]],
        np.float32([0, 1, 1, 2]),
    ):
        assert ls.weights_from(y) == expected
    assert len(ls.weights_from(np.eye(4)[[0, 1, 1, 2]])) == 4


@pytest.mark.parametrize(
    ("y", "more", "told"),
    [
        ([[0, 0, 1], [255, 0, 1]], {}, "ignore_class=255"),
        ([0, 0, 1, -1], {}, "holds -1"),
        ([0, 1, 7], {"classes": 3}, "classes=8"),
        ([-1, -1], {"ignore_class": -1}, "no label"),
        ([0, np.nan], {}, "nan"),
        (["yes", "no"], {}, "np.unique"),
        ([0, 10**12], {}, "1000000000000"),
        (np.ma.array([0, 1], mask=[0, 1]), {}, "masked"),
    ],
)
def test_labels_that_would_spoil_the_weights_are_refused(y, more, told):
    with pytest.raises(LossaryError, match=told) as caught:
        ls.weights_from(y, **more)
    assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))


def test_class_weights_are_explicit_sample_weights(rng):
    y = rng.integers(0, 3, size=40)
    p = rng.normal(size=(40, 3)).astype("float32")
    weights = ls.weights_from(y)
    inside = ls.SparseCategoricalCrossentropy(from_logits=True, class_weight=weights)(y, p)
    outside = ls.SparseCategoricalCrossentropy(from_logits=True)(
        y, p, sample_weight=np.array(weights)[y].astype("float32")
    )
    assert float(array(inside)) == pytest.approx(float(array(outside)), rel=1e-6)
