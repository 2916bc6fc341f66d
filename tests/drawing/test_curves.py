"""Curves of losses: the numbers that are drawn, the jumps, the ranges, and what is refused."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.drawing.curves import AXES, Axis, axis_of, draw, name_of, sample


def near(curve, x):
    """Value and slope at the sampled point nearest to x."""
    at = int(np.argmin(np.abs(curve.x - x)))
    return curve.x[at], curve.value[at], curve.slope[at]


def test_huber_has_its_formula_and_slope():
    curve = sample(ls.Huber(delta=0.5))
    x, value, slope = near(curve, 2.0)
    assert value == pytest.approx(0.5 * (x - 0.25), rel=1e-5)
    assert slope == pytest.approx(0.5)
    x, value, slope = near(curve, -0.25)
    assert (value, slope) == (pytest.approx(0.5 * x * x, rel=1e-5), pytest.approx(x, rel=1e-5))


@pytest.mark.parametrize(
    ("loss", "span"),
    [
        (ls.BinaryCrossentropy(), (0.05, 1.0)),
        (ls.CategoricalCrossentropy(), (0.05, 1.0)),
        (ls.SparseCategoricalCrossentropy(), (0.05, 1.0)),
    ],
)
def test_cross_entropies_over_the_probability_of_the_true_class(loss, span):
    curve = sample(loss, span=span)
    assert curve.axis == "probability of the true class"
    np.testing.assert_allclose(curve.value, -np.log(curve.x), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(curve.slope, -1 / curve.x, rtol=2e-3)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_logits_have_their_own_axis(name):
    curve = sample(ls.get(name, from_logits=True))
    assert curve.axis == "logit of the true class"
    np.testing.assert_allclose(curve.value, np.log1p(np.exp(-curve.x)), rtol=1e-4, atol=1e-5)


def test_hinge_is_drawn_over_the_margin():
    curve = sample("hinge")
    np.testing.assert_allclose(curve.value, np.maximum(0, 1 - curve.x), atol=1e-5)
    assert curve.axis.startswith("margin")


def test_every_loss_of_one_number_can_be_sampled():
    drawn = [name for name in ls.losses() if ls.card(name).family != "custom" and has_axis(name)]
    assert len(drawn) >= 20
    for name in drawn:
        curve = sample(name, points=8)
        assert np.isfinite(curve.value).all(), name
        assert np.isfinite(curve.slope).all(), name


def has_axis(name):
    try:
        axis_of(ls.get(name))
    except LossaryError:
        return False
    return True


def test_differences_agree_with_the_closed_form():
    closed = sample(ls.LogCosh())

    def log_cosh_again(y_true, y_pred):
        e = y_pred - y_true
        return ops.mean(ops.log(ops.cosh(e)), axis=-1)

    np.testing.assert_allclose(sample(log_cosh_again).slope, closed.slope, atol=2e-3)


def test_a_jump_breaks_the_line_and_a_pole_is_cut_off():
    (panel,) = draw("mean_absolute_error").axes
    gradient = next(line for line in panel.lines if line.get_label() == "gradient").get_ydata()
    assert np.isnan(gradient).sum() == 1
    assert set(np.unique(gradient[~np.isnan(gradient)])) == {-1.0, 1.0}
    (panel,) = draw("categorical_crossentropy").axes
    low, high = panel.get_ylim()
    assert -20 < low < -5
    assert 4 < high < 8


def test_one_loss_one_panel_several_losses_two():
    assert len(draw("mse").axes) == 1
    figure = draw(["mse", ls.Huber(delta=2.0)])
    left, right = figure.axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["MeanSquaredError", "Huber(delta=2.0)"]
    assert [axis.get_title(loc="left") for axis in (left, right)] == ["value", "gradient"]


def test_different_axes_get_panels_of_their_own():
    figure = draw(["mse", "hinge", "binary_crossentropy"], title="Three")
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["MeanSquaredError", "Hinge", "BinaryCrossentropy"]
    assert len(draw(["mse", "mae"], together=False).axes) == 2


def test_an_axis_of_ones_own():
    angle = Axis(
        "angle", (0.0, 3.0), lambda x: (np.tile([1.0, 0.0], (x.size, 1)), np.stack([np.cos(x), np.sin(x)], -1))
    )
    curve = sample("cosine_similarity", axis=angle)
    np.testing.assert_allclose(curve.value, -np.cos(curve.x), atol=1e-5)
    np.testing.assert_allclose(curve.slope, np.sin(curve.x), atol=2e-3)


def test_names_say_what_differs_from_the_default():
    assert name_of(ls.Huber()) == "Huber"
    assert name_of(ls.Huber(delta=2.0)) == "Huber(delta=2.0)"
    assert name_of(np.hypot) == "hypot"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw([]), "empty"),
        (lambda: draw("mse", axis="errors"), "axis='errors'"),
        (lambda: draw("mse", span=(1, 1)), "span"),
        (lambda: draw("mse", span=(0, np.inf)), "finite"),
        (lambda: draw("ctc"), "own axis"),
        (lambda: draw("hubber"), "huber"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(LossaryError, match=words):
        call()


def test_axes_give_matching_rows():
    x = np.array([0.2, 0.4])
    for name, axis in AXES.items():
        y_true, y_pred = axis.inputs(x)
        assert len(y_true) == len(y_pred) == 2, name
