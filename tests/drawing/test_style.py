"""The house style: files in the wished format, clear refusals, and no trace in the user's matplotlib."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from lossary.core.errors import LossaryError
from lossary.drawing import style


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_writes_the_format_of_the_ending(tmp_path, ending, start):
    figure, (axis,) = style.new_figure()
    axis.plot([0, 1], [0, 1])
    path = style.save(figure, tmp_path / "new" / f"line.{ending}")
    assert path.read_bytes().startswith(start)


def test_unknown_ending_and_unwritable_place(tmp_path):
    figure, _ = style.new_figure()
    with pytest.raises(LossaryError, match=r"line\.docx.*png"):
        style.save(figure, tmp_path / "line.docx")
    (tmp_path / "file").write_text("")
    with pytest.raises(LossaryError, match="folder that you may write to"):
        style.save(figure, tmp_path / "file" / "line.png")


def test_strokes_differ():
    looks = {(stroke["color"], str(stroke["linestyle"])) for stroke in map(style.stroke, range(28))}
    assert len(looks) == 28


def test_panels():
    figure, axes = style.new_figure(2, 3)
    assert len(axes) == len(figure.axes) == 6
    assert not axes[0].spines["top"].get_visible()


def test_colours_stay_apart_in_grey():
    def grey(color):
        return float(np.dot(matplotlib.colors.to_rgb(color), [0.299, 0.587, 0.114]))

    value, gradient = style.VALUE, style.GRADIENT
    assert value["linestyle"] != gradient["linestyle"]
    assert all(grey(color) < 0.72 for color in style.COLORS)


def test_drawing_leaves_matplotlib_alone():
    program = (
        "import matplotlib, sys; before = list(dict.items(matplotlib.rcParams)); "
        "from lossary.drawing import style; figure, _ = style.new_figure(); "
        "figure.canvas.draw(); "
        "assert 'matplotlib.pyplot' not in sys.modules; assert list(dict.items(matplotlib.rcParams)) == before"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
