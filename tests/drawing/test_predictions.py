"""Predicted against true: the marks are the rows, the rings the ones that cost most, the table the shares."""

import numpy as np
import pytest

import lossary as ls

Y = np.arange(8.0)


def test_each_model_has_a_panel_with_its_rows():
    figure = ls.draw_predictions(Y[:, None], {"a": Y + 1, "b": Y[:, None] - 1}, name="price ($)", title="Two")
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["a", "b"]
    for panel, shift in zip(figure.axes, (1, -1), strict=True):
        x, y = panel.lines[0].get_data()
        np.testing.assert_array_equal(x, Y)
        np.testing.assert_array_equal(y, Y + shift)
        equal = panel.lines[1].get_data()
        np.testing.assert_array_equal(*equal)
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    assert figure.axes[0].get_xlabel() == r"true price (\$)"
    assert "by a, b against true, 8 rows" in figure.words


def test_the_rows_that_cost_most_are_ringed():
    p = Y + np.array([0, 5, -1, 0.1, 9, 0.2, -3, 0.3])
    (panel,) = ls.draw_predictions(Y, p, loss="mae").axes
    assert [text.get_text() for text in panel.texts] == ["4", "1", "6", "2", "7"]
    np.testing.assert_array_equal(panel.lines[2].get_data()[0], [4, 1, 6, 2, 7])


def test_many_rows_are_counted(rng):
    y = rng.normal(size=3000)
    panel = ls.draw_predictions(y, y).axes[0]
    assert panel.collections[0].get_array().sum() == 3000


def test_classes_give_shares_of_each_true_class():
    true = np.array([0, 0, 0, 0, 1, 1])
    scores = np.eye(3)[[0, 0, 0, 2, 1, 0]]
    (panel,) = ls.draw_predictions(true, scores, classes=["a", "b", "c"]).axes
    shares = np.asarray(panel.collections[0].get_array()).reshape(3, 3)
    np.testing.assert_allclose(shares, [[0.75, 0, 0.25], [0.5, 0.5, 0], [0, 0, 0]])
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["a", "b", "c"]
    assert {text.get_text() for text in panel.texts} == {"75%", "25%", "50%"}


@pytest.mark.parametrize(("true", "p"), [(Y, Y[:4]), (np.zeros((4, 2)), np.zeros((4, 2))), (Y, np.zeros((8, 2, 2)))])
def test_refusals(true, p):
    with pytest.raises(ls.LossaryError, match="one output at a time"):
        ls.draw_predictions(true, p)
