"""Landscapes: every value is the loss at those weights, the way lies where it went, and the model stays as it was."""

import keras
import numpy as np
import pytest

import lossary as ls
from lossary.drawing.surfaces import surfaces_of, weights_of


@pytest.fixture
def line(rng):
    x = rng.normal(size=(20, 1)).astype("float32")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")], name="line")
    return model, x, (1.5 * x + 0.5).astype("float32")


@pytest.fixture
def net(rng):
    x = rng.normal(size=(16, 2)).astype("float32")
    layers = [keras.Input((2,)), keras.layers.Dense(3, "tanh", kernel_regularizer=keras.regularizers.L2(0.1))]
    model = keras.Sequential([*layers, keras.layers.Dense(1, bias_initializer="ones")], name="net")
    return model, x, (x[:, :1] * x[:, 1:]).astype("float32")


def test_a_line_is_drawn_over_slope_and_intercept(line):
    model, x, y = line
    mse, mae = surfaces_of(model, x, y, ["mse", "mae"], points=7)
    assert mse.labels[0].endswith("kernel") and mse.labels[1].endswith("bias")
    slope, intercept = np.meshgrid(mse.a, mse.b)
    error = slope[..., None] * x[:, 0] + intercept[..., None] - y[:, 0]
    np.testing.assert_allclose(mse.value, (error**2).mean(axis=-1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(mae.value, np.abs(error).mean(axis=-1), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(mse.a, mae.a)


@pytest.mark.parametrize("every", [None, 2])
def test_the_way_goes_through_its_weights_down_to_the_end(line, every):
    model, x, y = line
    model.compile(keras.optimizers.SGD(0.2), ls.Huber())
    path = ls.WeightPath(every=every)
    model.fit(x, y, epochs=4, batch_size=5, verbose=0, callbacks=[path])
    assert len(path.points) == 5 + (8 if every else 0)
    (found,) = surfaces_of(model, x, y, path=path, points=5)
    assert found.name == "Huber"
    want = [np.concatenate([w.ravel() for w in weights]) for weights in path.points]
    np.testing.assert_allclose(found.paths[0], want, atol=1e-6)
    np.testing.assert_allclose(found.paths[0][0], [0, 0], atol=1e-7)
    np.testing.assert_allclose(found.paths[0][-1], np.concatenate([w.ravel() for w in weights_of(model)]), atol=1e-6)
    assert found.a[0] < found.paths[0][:, 0].min() and found.a[-1] > found.paths[0][:, 0].max()


def test_a_way_in_a_plane_is_found_whole(net):
    """Three points lie in a plane; the principal directions hold all of the way, and the loss along it is the loss."""
    model, x, y = net
    start = weights_of(model)
    rng = np.random.default_rng(1)
    way = [
        [w + t * d for w, d in zip(start, drawn, strict=True)]
        for t, drawn in ((0, start), *((0.3, [rng.normal(size=w.shape) for w in start]) for _ in range(2)))
    ]
    model.set_weights(way[-1])
    (found,) = surfaces_of(model, x, y, "mse", path=way, points=3)
    assert "principal direction" in found.labels[0]
    gone = np.linalg.norm(found.paths[0][0] - found.paths[0][1])
    want = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(way[0], way[1], strict=True)))
    assert gone == pytest.approx(want, rel=1e-5)
    np.testing.assert_allclose(found.paths[0][-1], [0, 0], atol=1e-9)


def test_the_middle_is_the_target_of_the_model(net):
    model, x, y = net
    model.compile("sgd", "mse")
    (found,) = surfaces_of(model, x, y, directions="random", points=3)
    assert found.name == "MeanSquaredError + regularization"
    assert found.value[1, 1] == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)


def test_filters_move_by_their_size_and_biases_stay(net):
    from lossary.drawing import surfaces

    model, _, _ = net
    middle = weights_of(model)
    cut = surfaces._slice(model, middle, [], "random", 3)
    kernel, bias, last, end = np.split(cut.first, np.cumsum([w.size for w in middle])[:-1])
    np.testing.assert_allclose(np.linalg.norm(kernel.reshape(2, 3), axis=0), np.linalg.norm(middle[0], axis=0))
    np.testing.assert_allclose(np.linalg.norm(last), np.linalg.norm(middle[2]))
    assert not bias.any() and not end.any()
    again = surfaces._slice(model, middle, [], "random", 3)
    np.testing.assert_array_equal(cut.first, again.first)
    assert not np.allclose(cut.first, cut.second) and not np.allclose(
        cut.first, surfaces._slice(model, middle, [], "random", 4).first
    )


def test_the_model_is_left_as_it_is(net):
    model, x, y = net
    before = [np.array(w) for w in model.get_weights()]
    ls.landscape(model, x, y, "mse", points=3)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_losses_stand_side_by_side_with_both_ways(line):
    model, x, y = line
    ways = [[[np.zeros((1, 1)), np.zeros(1)], [np.ones((1, 1)), np.full(1, t)]] for t in (0.5, -0.5)]
    figure = ls.landscape(model, x, y, ["mse", "huber"], path=ways, points=5, title="One line", theme="dark")
    panels = [panel for panel in figure.axes if panel.get_title(loc="left")]
    assert [panel.get_title(loc="left") for panel in panels] == ["MeanSquaredError", "Huber"]
    for panel, own in zip(panels, (0.5, -0.5), strict=True):
        (strong,) = [line for line in panel.lines if line.get_linewidth() == 1.8]
        np.testing.assert_allclose(strong.get_ydata(), [0, own], atol=1e-9)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["start", "end", "path with the other loss"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"losses": None}, "the loss is None"),
        ({"path": ls.WeightPath()}, "holds no weights"),
        ({"path": [[np.zeros(3)]]}, "other shapes"),
        ({"directions": "path"}, "without a path"),
        ({"directions": "weights"}, "13 weights"),
        ({"directions": "up"}, "'random'"),
    ],
)
def test_refusals(net, how, words):
    model, x, y = net
    with pytest.raises(ls.LossaryError, match=words):
        ls.landscape(model, x, y, **{"losses": "mse", **how})
