"""Curves of losses: the numbers drawn are the loss's own, corners stand where they are, ranges are readable."""

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.forms import Distance, Margin
from lossary.core.results import RisingSums
from lossary.drawing.curves import AXES, Axis, axis_of, curves_figure, draw, name_of, sample
from lossary.drawing.sampling import jumps
from tests.backends import array, gradient
from tests.laws.cases import LOSSES


def near(curve, x):
    """Value and slope at the sampled point nearest to x."""
    at = int(np.argmin(np.abs(curve.x - x)))
    return curve.x[at], curve.value[at], curve.slope[at]


def line(panel, place=0):
    """The data of a panel's line of a loss; lines along the axes and dotted jumps have fewer points."""
    long = [line for line in panel.lines if len(line.get_xdata()) > 100]
    return long[place].get_data()


DRAWN = [cls for cls in LOSSES if cls().drawn_over()]
every_drawn_loss = pytest.mark.parametrize("cls", DRAWN, ids=lambda cls: cls.__name__)


def test_a_loss_is_drawn_or_says_why_not():
    assert not [cls for cls in LOSSES if cls not in DRAWN and cls.entrywise]
    for cls in LOSSES:
        card = ls.card(cls.__name__)
        assert bool(card.curve) == (cls in DRAWN) != bool(card.undrawn), cls
        if cls not in DRAWN:
            with pytest.raises(ls.LossaryError, match=cls.undrawn):
                draw(cls())


@every_drawn_loss
def test_every_loss_is_drawn_with_its_own_values_and_gradient(cls):
    """Values by the loss itself; the gradient by its closed form, else by what the value does between two points."""
    loss = cls()
    curve = sample(loss)
    figure = curves_figure([curve])
    x, y = line(figure.axes[0])
    keep = np.linspace(0, x.size - 1, 7).astype(int)
    slots = {n: s.astype("float32") if s.dtype.kind == "f" else s for n, s in axis_of(loss).slots(x[keep]).items()}
    if axis_of(loss).batches:
        batches = [dict(zip(slots, batch, strict=True)) for batch in zip(*slots.values(), strict=True)]
        want = [np.ravel(array(loss.rows(**batch)))[0] for batch in batches]
    else:
        want = array(loss.rows(**slots))
    np.testing.assert_allclose(y[keep], np.reshape(want, (7, -1)).mean(axis=1), rtol=1e-5, atol=1e-6)
    assert [panel.get_title(loc="left") for panel in figure.axes] == [
        f"{name_of(loss)}: value",
        "gradient",
        "curvature",
    ]

    x = ops.convert_to_tensor(curve.x.astype("float32"))
    if isinstance(loss, (Distance, Margin)) and loss.gives is not RisingSums:
        np.testing.assert_allclose(curve.slope, array(loss.slope(x)), rtol=1e-5, atol=1e-5)
    if cls.holds_fixed:  # its gradient holds the weights of the pairs fixed: it is not that of the value
        return
    step = curve.x[1] - curve.x[0]
    rise = (curve.value[2:] - curve.value[:-2]) / (2 * step)
    size = max(np.ptp(curve.slope), 1e-3 * np.abs(curve.slope).max())  # of a constant slope, no more is rounding
    smooth = np.abs(np.diff(curve.slope, 2)) < 0.02 * size
    assert smooth.mean() > 0.9
    np.testing.assert_allclose(rise[smooth], curve.slope[1:-1][smooth], atol=max(0.02 * size, 1e-4))


def test_gradients_and_curvatures_in_closed_form():
    curve = sample(ls.BinaryCrossentropy(), span=(0.05, 1.0))
    assert curve.axis == "probability of the true class"
    np.testing.assert_allclose(curve.value, -np.log(curve.x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(curve.slope, -1 / curve.x, rtol=1e-5)
    np.testing.assert_allclose(curve.curvature, 1 / curve.x**2, rtol=5e-3)
    curve = sample("log_cosh")
    np.testing.assert_allclose(curve.curvature, 1 / np.cosh(curve.x) ** 2, atol=2e-3)
    curve = sample(ls.GaussianNLL())
    np.testing.assert_allclose(curve.curvature, 1.0, atol=2e-3)


def test_the_gradient_is_the_automatic_one():
    loss = ls.Cauchy(c=0.7)
    curve = sample(loss, points=16)
    want = gradient(lambda p: loss.rows(np.zeros((16, 1), "float32"), p), curve.x[:, None].astype("float32"))
    np.testing.assert_allclose(curve.slope, want[:, 0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_along_a_probability_the_other_class_gives_way(name):
    """d/dx of -log(x) where 1 - x is the other: -1/x, although by each entry alone the loss changes otherwise."""
    curve = sample(name, span=(0.05, 1.0))
    np.testing.assert_allclose(curve.slope, -1 / curve.x, rtol=1e-4)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_logits_have_their_own_axis(name):
    curve = sample(ls.get(name, from_logits=True))
    assert curve.axis == "logit of the true class"
    np.testing.assert_allclose(curve.value, np.log1p(np.exp(-curve.x)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("loss", "corners"),
    [
        (ls.MeanAbsoluteError(), [(0.0, "corner")]),
        (ls.Quantile(q=0.9), [(0.0, "corner")]),
        (ls.Hinge(), [(1.0, "corner")]),
        (ls.MeanAbsolutePercentageError(), [(1.0, "corner")]),
        (ls.Huber(delta=0.7), [(-0.7, "bend"), (0.7, "bend")]),
        (ls.SmoothL1(beta=2.0), [(-2.0, "bend"), (2.0, "bend")]),
        (ls.SquaredHinge(), [(1.0, "bend")]),
    ],
    ids=str,
)
def test_corners_stand_where_they_are(loss, corners):
    found = sample(loss).corners
    assert [(round(corner.x, 3), corner.kind) for corner in found] == corners


def test_a_corner_on_a_sampled_point_is_found_too():
    """On the point itself the slope is 0, so that it does not jump in one step."""
    span = (-2.0 - 1 / 256, 2.0 - 1 / 256)
    curve = sample("mae", span=span, points=512)
    assert 0.0 in curve.x and 0.0 in curve.slope
    assert [(round(corner.x, 3), corner.kind) for corner in curve.corners] == [(0.0, "corner")]


def test_what_is_only_steep_is_no_corner():
    def cliff(y_true, y_pred):
        return ops.mean(ops.tanh(400 * (y_pred - y_true - 0.0012)), axis=-1)

    assert not sample(cliff).corners  # it rises within a quarter of a step


def smooth_losses():
    return [cls for cls in LOSSES if "smooth" in cls.traits]


def test_the_rounding_of_a_constant_slope_is_no_corner():
    assert not sample(ls.ClassAbsoluteError()).corners


@pytest.mark.parametrize("cls", smooth_losses(), ids=lambda cls: cls.__name__)
def test_a_smooth_loss_has_no_corner(cls):
    assert not [corner for corner in sample(cls()).corners if corner.kind != "bend"]


def test_a_jump_of_the_value_is_a_jump():
    def zero_one(y_true, y_pred):
        return ops.mean(ops.cast(ops.abs(y_pred - y_true) > 0.5, "float32"), axis=-1)

    assert [(round(c.x, 3), c.kind) for c in sample(zero_one).corners] == [(-0.5, "jump"), (0.5, "jump")]


def test_at_a_corner_the_curvature_is_none():
    x = np.float32(1.0)
    curve = sample("mape", span=(0.5, 1.5), points=99)  # the 50th point is the corner
    assert curve.x[49] == x
    assert np.isnan(curve.curvature[49])
    assert np.nanmax(np.abs(curve.curvature)) < 0.1


def test_a_jump_breaks_the_line_and_a_pole_is_cut_off():
    panels = draw("mean_absolute_error").axes
    slope = line(panels[1])[1]
    assert np.isnan(slope).sum() == 1
    assert set(np.unique(slope[~np.isnan(slope)].round(6))) == {-1.0, 1.0}
    marks = [mark for mark in panels[0].lines if mark.get_marker() == "D"]
    assert [float(mark.get_xdata()[0]) for mark in marks] == [0.0]
    low, high = draw("categorical_crossentropy").axes[1].get_ylim()
    assert -20 < low < -5 and high > 0


def test_one_that_outgrows_the_others_is_cut_off():
    (panel,) = draw(["mae", "huber", "log_cosh", "mse"], span=(-10, 10), show="value").axes
    assert 10 < panel.get_ylim()[1] < 40


def test_a_curvature_of_nothing_but_rounding_is_drawn_as_zero():
    low, high = draw("root_mean_squared_error").axes[2].get_ylim()
    assert min(-low, high) > 0.03


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_several_losses_share_panels_and_a_legend():
    figure = draw(["mse", ls.Huber(delta=2.0)])
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["value", "gradient", "curvature"]
    assert legend_of(figure) == ["MeanSquaredError", "Huber(delta=2)", "bend: the curvature jumps"]
    (first, one), (second, other) = ((line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines[:2])
    assert first != second and one != other


@pytest.mark.parametrize(
    "figure",
    [
        lambda: draw("huber:delta=0.5,1,2"),
        lambda: draw("huber", delta=[0.5, 1, 2]),
        lambda: ls.Huber(delta=9.0).plot(delta=[0.5, 1.0, 2.0]),
        lambda: draw([ls.Huber(delta=0.5), ls.Huber(), ls.huber], delta=[0.5, 1, 2]),
    ],
)
def test_values_of_a_parameter(figure):
    names = legend_of(figure())[:3]
    assert names == ["Huber(delta=0.5)", "Huber(delta=1)", "Huber(delta=2)"]


def test_values_reach_those_that_have_the_parameter():
    assert legend_of(draw(["huber", "mse"], delta=[0.5, 2], show="value"))[:3] == [
        "Huber(delta=0.5)", "Huber(delta=2)", "MeanSquaredError",
    ]  # fmt: skip


def test_a_tuple_is_one_value():
    assert name_of(ls.get("multi_quantile", q=(0.2, 0.8))) in draw("multi_quantile:q=(0.2,0.8)").words


def test_different_axes_get_rows_of_their_own():
    figure = draw(["mse", "hinge", "binary_crossentropy"], show=["value", "gradient"], title="Three")
    labels = [panel.get_xlabel().partition(" (")[0] for panel in figure.axes]
    assert labels == ["error", "error", "margin", "margin", *["probability of the true class"] * 2]
    assert figure.legends[0].get_title().get_text() == "Three"
    assert len(draw(["mse", "mae"], together=False).axes) == 2


def test_a_range_reaches_past_where_the_loss_turns():
    assert axis_of(ls.TukeyBiweight()).span[1] > 4.685
    assert axis_of(ls.Huber(delta=0.1)).span == (-3.0, 3.0)
    assert draw(["huber", "tukey"], show="value").axes[0].lines[0].get_xdata()[-1] > 4.685


def test_an_axis_of_ones_own():
    angle = Axis(
        "angle", (0.0, 3.0), lambda x: (np.tile([1.0, 0.0], (x.size, 1)), np.stack([np.cos(x), np.sin(x)], -1))
    )
    curve = sample("cosine_similarity", axis=angle)
    np.testing.assert_allclose(curve.value, -np.cos(curve.x), atol=1e-5)
    np.testing.assert_allclose(curve.slope, np.sin(curve.x), atol=2e-5)


def test_a_moving_target_is_followed_too():
    moving = Axis("target", (0.5, 2.0), lambda x: (x[:, None], np.ones((x.size, 1))))
    np.testing.assert_allclose(sample("mse", axis=moving).slope, 2 * (sample("mse", axis=moving).x - 1), atol=2e-3)


def test_functions_losses_of_keras_and_numpy():
    def cosh_again(y_true, y_pred):
        return ops.mean(ops.log(ops.cosh(y_pred - y_true)), axis=-1)

    def in_numpy(y_true, y_pred):
        return np.log(np.cosh(np.asarray(y_pred) - np.asarray(y_true))).mean(axis=-1)

    want = sample("log_cosh")
    for one in (ls.log_cosh, ls.LogCosh, keras.losses.LogCosh(), keras.losses.log_cosh, cosh_again):
        np.testing.assert_allclose(sample(one).slope, want.slope, atol=1e-5)
    np.testing.assert_allclose(sample(in_numpy).slope, want.slope, atol=2e-3)
    assert axis_of(keras.losses.BinaryCrossentropy(from_logits=True)) is AXES["logit"]


def test_names_say_what_differs_from_the_default():
    assert name_of(ls.Huber()) == "Huber"
    assert name_of(ls.Huber(delta=2.0)) == "Huber(delta=2)"
    assert name_of(np.hypot) == "hypot"


def test_words_for_those_who_do_not_see_it():
    figure = draw(["mae", ls.Huber(delta=2.0)])
    assert "MeanAbsoluteError has a corner at 0." in figure.words
    assert "Huber(delta=2) has bends at −2 and 2." in figure.words
    heads, rows = figure.numbers
    assert heads[1:3] == ["MeanAbsoluteError, value", "MeanAbsoluteError, gradient"]
    assert rows[1] == ["−2.5", "2.5", "−1", "3", "−2"]
    assert rows[2] == ["−2", "2", "−1", "2", "−2"]  # on the bend itself
    assert rows[6] == ["0", "0", "–", "0", "0"]
    assert figure.told[1][1].startswith("½ e² if |e| ≤ δ")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw([]), "empty"),
        (lambda: draw("mse", axis="errors"), "axis='errors'"),
        (lambda: draw("mse", span=(1, 1)), "span"),
        (lambda: draw("mse", span=(0, np.inf)), "finite"),
        (lambda: draw("mse", kind="surface"), "triangle"),
        (lambda: draw("mse", show="slope"), "curvature"),
        (lambda: draw("mse", theme="night"), "dark"),
        (lambda: draw("mse", delta=[1, 2]), "no such parameter"),
        (lambda: draw("huber:2"), "has no value"),
        (lambda: draw("huber:delta=0"), "delta"),
        (lambda: draw("hubber"), "huber"),
        (lambda: draw(lambda y_true, y_pred: ops.reshape(y_pred, (-1, 7))), "Pass axis"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ls.LossaryError, match=words):
        call()


def test_axes_give_matching_rows():
    x = np.array([0.2, 0.4])
    for name, axis in AXES.items():
        slots = axis.slots(x)
        assert all(len(slots[slot]) == 2 for slot in slots), name


def test_a_steep_line_is_no_jump():
    x = np.linspace(-1, 1, 400)
    assert jumps(np.tanh(40 * x)).size == 0
    assert jumps(np.sign(x)).tolist() == [199]
