"""The figure of a history: its lines are the columns."""

import numpy as np
import pytest

import lossary as ls
from lossary.training.history import History


def history(epochs=5, held=True, apart=True, **more):
    made = History("val_target" if held else "target")
    for k in range(1, epochs + 1):
        logs = {"loss": 2.0 / k, "mae": 1.0 / k, **more}
        if apart:
            logs["regularization"] = 0.04 * k
        if held:
            logs |= {f"val_{name}": 1.5 * value for name, value in logs.items()}
        made.add(k, logs, 0.1)
    return made


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("apart", [True, False])
def test_a_panel_for_each_column_with_its_numbers(held, apart):
    made = history(held=held, apart=apart)
    panels = made.plot().axes
    titles = [panel.get_title(loc="left") for panel in panels]
    assert titles == ["target", *["target, validation"] * held, "mae"]
    for panel, column in zip(panels, ["target", *["val_target"] * held, "mae"], strict=True):
        np.testing.assert_allclose(panel.lines[0].get_ydata(), made[column])
        np.testing.assert_array_equal(panel.lines[0].get_xdata(), made.epoch)
        assert panel.get_ylim()[1] >= max(made[column]) or column != "mae"
    assert len(panels[0].collections) == 2 * apart  # regularization and loss, stacked
    if apart:
        edge = panels[0].collections[1].get_paths()[0].vertices[:, 1].max()
        assert edge == pytest.approx(max(made["target"]))


def test_targets_share_one_scale_and_the_best_epoch_is_marked():
    figure = ls.draw(history(), title="how it went")
    first, second, _ = figure.axes
    assert first.get_ylim() == second.get_ylim()
    assert first.lines[1].get_xdata()[0] == history().best_epoch


def test_one_epoch_is_a_point():
    assert history(1).plot().axes[0].lines[0].get_marker() == "o"


def test_no_epoch_is_nothing_to_draw():
    with pytest.raises(ls.LossaryError, match="No epoch has ended"):
        ls.draw(History())
