"""Figures of fits and likelihoods: that they show the numbers they were given."""

import numpy as np
import pytest

from lossary.drawing.likelihood import gaussian_fit, history, interval, likelihood_curve, line_fit, mse_and_likelihood

pytestmark = pytest.mark.backendless


def words(axis):
    return [text.get_text() for text in axis.get_legend().get_texts()]


def test_line_fit_draws_the_line():
    (axis,) = line_fit([0.0, 1.0, 2.0], [1.0, 0.0, -1.5], -1.25, 1.0, x_name="age").axes
    x, y = axis.lines[1].get_data()
    np.testing.assert_allclose(y, -1.25 * x + 1.0)
    assert words(axis) == ["data (3 rows)", "fit: −1.25 age + 1"]


def test_history_counts_epochs_from_one():
    (axis,) = history([3.0, 2.0, 1.5]).axes
    np.testing.assert_array_equal(axis.lines[0].get_xdata(), [1, 2, 3])
    (axis,) = history({"training": [2.0, 1.0], "validation": [3.0, 2.0]}).axes
    assert words(axis) == ["training", "validation"]


def test_likelihood_curve_marks_the_highest_point():
    mean = np.linspace(0, 4, 5)
    (axis,) = likelihood_curve(mean, -((mean - 3) ** 2), truth=2.5).axes
    assert words(axis) == ["highest at 3", "the data's mean: 2.5"]


def test_gaussian_fit_draws_densities():
    sample = np.random.default_rng(0).normal(2, 0.5, 500)
    (axis,) = gaussian_fit(sample, 2.0, 0.5, start=(1.0, 1.0)).axes
    assert max(axis.lines[1].get_ydata()) == pytest.approx(1 / (0.5 * np.sqrt(2 * np.pi)), rel=1e-3)
    assert sum(bar.get_height() * bar.get_width() for bar in axis.patches) == pytest.approx(1.0)


def test_error_and_likelihood_share_their_best_parameter():
    slope = np.linspace(0, 3, 31)
    top, bottom = mse_and_likelihood(slope, (slope - 1.2) ** 2, -5 * (slope - 1.2) ** 2).axes
    assert (words(top), words(bottom)) == (["lowest at 1.2"], ["highest at 1.2"])


def test_the_interval_of_a_normal_mean_is_its_standard_error():
    mean = np.linspace(-1, 1, 401)
    low, high = interval(mean, -0.5 * 100 * (mean - 0.2) ** 2, 0.95)  # 100 values of deviation 1: error 0.1
    assert (low, high) == (pytest.approx(0.2 - 0.196, abs=2e-3), pytest.approx(0.2 + 0.196, abs=2e-3))
    assert interval(mean[:260], mean[:260], 0.9)[1] == mean[259]  # as far as it was looked at
    figure = likelihood_curve(mean, -50 * (mean - 0.2) ** 2, level=0.95, theme="dark")
    assert "95% interval: 0.00401 to 0.396" in words(figure.axes[0])
