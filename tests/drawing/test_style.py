"""The house style: told apart by everyone, on white and black paper, and no trace in the user's matplotlib."""

import itertools
import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from lossary.drawing import style

pytestmark = pytest.mark.backendless

THEMES = [style.LIGHT, style.DARK]
# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113, full severity, on linear RGB
SEEN_BY = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(color):
    c = np.array(matplotlib.colors.to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    low, high = sorted(linear(color) @ [0.2126, 0.7152, 0.0722] for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    t = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_words_and_lines_stand_out_from_the_paper(theme):
    assert contrast(theme.ink, theme.paper) > 12
    assert contrast(theme.quiet, theme.paper) > 4.5
    assert all(contrast(color, theme.paper) > 3 for color in theme.series)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("eye", SEEN_BY)
def test_colours_stay_apart_for_every_eye(theme, eye):
    seen = [lab(np.array(SEEN_BY[eye]) @ linear(color)) for color in theme.series]
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert nearest > 14  # 2.3 is what can just be told apart side by side


def test_strokes_differ():
    for theme in THEMES:
        looks = {(look["color"], str(look["linestyle"])) for look in (style.stroke(k, theme) for k in range(28))}
        assert len(looks) == 28


def test_neighbours_differ_in_pattern_too():
    patterns = [str(style.stroke(index)["linestyle"]) for index in range(9)]
    assert all(a != b for a, b in itertools.pairwise(patterns))


def test_the_two_themes_have_the_same_parts():
    assert len(style.LIGHT.series) == len(style.DARK.series)
    assert len({*style.LIGHT.series, style.LIGHT.paper, style.LIGHT.ink, style.LIGHT.quiet, style.LIGHT.faint}) == 11


def test_panels():
    figure, axes = style.new_figure(2, 3, theme="dark")
    assert len(axes) == len(figure.axes) == 6
    assert not axes[0].spines["top"].get_visible()
    assert matplotlib.colors.to_hex(axes[0].get_facecolor()) == style.DARK.paper


def test_formulas_of_names_stay_text():
    assert style.plain("a $x^2$") == r"a \$x^2\$"


def test_drawing_leaves_matplotlib_alone(tmp_path):
    program = (
        "import matplotlib, sys; before = list(dict.items(matplotlib.rcParams)); "
        "from lossary.drawing import style; figure, _ = style.new_figure(); "
        f"[figure.save({str(tmp_path)!r} + '/f' + ending) for ending in ('.svg', '.png', '.html')]; "
        "assert 'matplotlib.pyplot' not in sys.modules; assert list(dict.items(matplotlib.rcParams)) == before"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
