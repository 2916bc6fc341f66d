"""Heat maps and triangles: every value is the loss's own, and known points have their known values."""

import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.core.forms import Margin, Outputs
from lossary.drawing.curves import draw
from lossary.drawing.maps import heat, levels, plane_of
from lossary.drawing.triangles import CORNERS, probabilities, simplex
from tests.laws.cases import LOSSES

NO_PAIR = {"EnsembleCRPS", "HingeEmbedding", "LogKL", "MultiQuantile"}  # members, signs, logarithms, three quantiles
CLASSES = [cls for cls in LOSSES if cls().over_classes(probabilities(1)) is not None]


@pytest.mark.once
def test_every_loss_of_two_arguments_has_a_map():
    """Of one entry each; of rows, batches and other slots some have one."""
    refused = set()
    for cls in LOSSES:
        try:
            found = heat(cls(), points=5)
        except LossaryError:
            refused |= {cls} if cls.entrywise and not issubclass(cls, Margin) else set()
            continue
        assert found.value.shape == (5, 5) and np.isfinite(found.value).all(), cls
    without = {cls for cls in LOSSES if issubclass(cls, Outputs) and cls().outputs != 2}
    assert {cls.__name__ for cls in refused - without} == NO_PAIR


@pytest.mark.parametrize(
    ("loss", "want"),
    [
        (ls.MeanSquaredError(), lambda u, v: (u - v) ** 2),
        (ls.Poisson(), lambda u, v: u - v * np.log(u)),
        (ls.MeanAbsolutePercentageError(), lambda u, v: 100 * np.abs(u - v) / v),
        (ls.BinaryCrossentropy(), lambda u, v: -v * np.log(u) - (1 - v) * np.log(1 - u)),
        (ls.KLDivergence(), lambda u, v: v * np.log(v / u) + (1 - v) * np.log((1 - v) / (1 - u))),
        (ls.GaussianNLL(), lambda u, v: 0.5 * (v + u**2 * np.exp(-v) + np.log(2 * np.pi))),
        (ls.GaussianNLL(spread="std"), lambda u, v: np.log(v) + 0.5 * (u / v) ** 2 + 0.5 * np.log(2 * np.pi)),
        (ls.CosineSimilarity(), lambda u, v: -u / np.hypot(u, v)),
        (ls.CategoricalCrossentropy(from_logits=True), lambda u, v: np.log1p(np.exp(v - u))),
        (ls.SparseCategoricalCrossentropy(from_logits=True), lambda u, v: np.log1p(np.exp(v - u))),
        (ls.TripletMargin(margin=0.5), lambda u, v: np.maximum(u - v + 0.5, 0)),
    ],
    ids=lambda one: repr(one) if isinstance(one, ls.Loss) else "",
)
def test_maps_have_their_formulas(loss, want):
    found = heat(loss, points=6)
    u, v = np.meshgrid(found.u, found.v)
    np.testing.assert_allclose(found.value, want(u, v), rtol=2e-5, atol=1e-5)


def test_on_the_ridge_the_prediction_is_right():
    for cls in (ls.Huber, ls.MeanSquaredLogarithmicError, ls.KLDivergence):
        found = heat(cls(), points=9)
        np.testing.assert_allclose(np.diag(found.value), 0.0, atol=1e-6)
        assert plane_of(cls()).ridge is not None


def test_a_pole_is_the_top_of_the_scale():
    value = np.r_[np.linspace(0, 1, 99), 1e6]
    steps, how = levels(value)
    assert steps[0] <= 0 and 1 < steps[-1] < 3 and how == {"extend": "max"}
    assert levels(np.linspace(0, 1, 99))[1] == {}
    assert levels(np.zeros(9))[0].size > 1


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("logits", [False, True])
def test_triangles_of_every_loss_of_classes(cls, logits):
    loss = cls(from_logits=True) if logits and "from_logits" in cls.params else cls()
    found = simplex(loss, np.array([[1 / 3, 1 / 3, 1 / 3], [0.98, 0.01, 0.01], [0.01, 0.98, 0.01], [0.01, 0.01, 0.98]]))
    assert np.isfinite(found.value).all()
    assert found.value[1] < found.value[0] < found.value[2]
    if cls not in (ls.SquaredEMD, ls.Wasserstein):  # where the classes have an order, the far one costs more
        assert found.value[2] == pytest.approx(found.value[3], rel=1e-5)


def test_triangle_at_known_points():
    points = np.array([[1 / 3, 1 / 3, 1 / 3], [0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    want = -np.log(points[:, 0])
    for loss in (ls.CategoricalCrossentropy(), ls.SparseCategoricalCrossentropy(from_logits=True)):
        np.testing.assert_allclose(simplex(loss, points).value, want, rtol=1e-5)
    focal = simplex(ls.CategoricalFocalCrossentropy(alpha=1.0, gamma=3.0), points).value
    np.testing.assert_allclose(focal, (1 - points[:, 0]) ** 3 * want, rtol=1e-5)
    assert simplex(ls.CategoricalHinge(), points).value[0] == pytest.approx(1.0)  # all scores equal


def test_the_triangle_is_filled_and_the_true_class_on_top():
    p = probabilities(10)
    assert len(p) == 66 and (p > 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert CORNERS[0, 1] == max(CORNERS[:, 1])
    side = np.hypot(*(CORNERS[0] - CORNERS[1]))
    assert side == pytest.approx(np.hypot(*(CORNERS[1] - CORNERS[2])))


@pytest.mark.parametrize(
    ("kind", "name"), [("map", "hinge"), ("map", "ctc"), ("triangle", "huber"), ("triangle", "bce")]
)
def test_what_cannot_be_drawn_says_so(kind, name):
    with pytest.raises(LossaryError, match="Draw its curves"):
        draw(name, kind=kind)


@pytest.mark.once
def test_several_maps_and_triangles_have_a_panel_each():
    figure = draw(["mse", "gaussian_nll", "huber:delta=1,2"], kind="map", title="Two arguments")
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert [title for title in titles if title] == [
        "MeanSquaredError",
        "GaussianNLL",
        "Huber(delta=1)",
        "Huber(delta=2)",
    ]
    figure = draw("categorical_focal", gamma=[0, 5], kind="triangle")
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert [title for title in titles if title] == [f"CategoricalFocalCrossentropy(gamma={g})" for g in (0, 5)]
    assert "probabilities of 3 classes" in figure.words
