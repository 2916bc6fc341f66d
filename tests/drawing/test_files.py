"""Figures as files: every format, the same bytes each time, whole or not at all, and nothing from elsewhere."""

import re
import xml.dom.minidom
from html.parser import HTMLParser

import numpy as np
import pytest

import lossary as ls
from lossary.core import files as writing
from lossary.core.errors import LossaryError
from lossary.drawing import style
from lossary.drawing.files import ENDINGS, content, needed, svg_text

STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".html": b"<!doctype html>"}


@pytest.fixture
def figure():
    made, (axis,) = style.new_figure(theme="auto")
    axis.plot(np.linspace(0, 6, 500), np.sin(np.linspace(0, 6, 500)), label="<b> & $x$", **style.stroke(0))
    style.label(axis, x=style.plain("$ <script>"), title="title")
    style.legend(axis)
    made.words = 'Sine <script>alert("1")</script>. And more'
    made.told = [("head & all", "text <b>")]
    made.numbers = (["x", "sin"], [["0", "0"], ["1", "<0.84>"]])
    return made


@pytest.mark.parametrize("ending", ENDINGS)
def test_writes_the_format_of_the_ending(tmp_path, figure, ending):
    path = figure.save(tmp_path / "new" / f"line{ending}")
    assert path.read_bytes().startswith(STARTS[ending])
    assert [file.name for file in path.parent.iterdir()] == [f"line{ending}"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_figure_gives_the_same_bytes(figure, ending):
    first = content(figure, ending)
    assert content(figure, ending) == first
    for words in (rb"20\d\d-\d\d-\d\d", b"CreationDate", b"rdf:RDF", b"Software"):
        assert not re.search(words, first)


def test_the_same_losses_give_the_same_bytes():
    one, other = (svg_text(ls.draw(["huber", "bce"], theme="auto")) for _ in range(2))
    assert one == other


def test_svg_is_well_formed_and_says_what_it_shows(figure):
    document = xml.dom.minidom.parseString(svg_text(figure))
    assert document.documentElement.getAttribute("role") == "img"
    assert document.getElementsByTagName("title")[0].firstChild.data == figure.words
    ids = {node.getAttribute("id") for node in document.getElementsByTagName("*") if node.hasAttribute("id")}
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg_text(figure))) <= ids


def test_only_a_theme_that_adapts_has_dark_rules():
    for theme, adapts in (("light", False), ("dark", False), ("auto", True)):
        text = svg_text(style.new_figure(theme=theme)[0])
        assert ("prefers-color-scheme:dark" in text) is adapts
        assert (style.DARK.paper in text) is (theme != "light")


def test_every_colour_of_a_light_figure_has_its_dark_one():
    text = svg_text(ls.draw(["mse", "mae", "huber", "log_cosh", "cauchy", "tukey", "quantile"], theme="auto"))
    rules, drawing = text[: text.index("</style>")], text[text.index("</style>") :]
    used = set(re.findall(r"(fill|stroke): (#[0-9a-f]{6})", drawing))
    assert len(used) > 9
    assert {f'[style*="{how}: {color}"]' for how, color in used} <= set(re.findall(r"\[[^]]*\]", rules))


def test_points_that_are_not_seen_are_left_out(figure):
    t = np.linspace(0, 1, 1000)
    line = np.stack([300 * t, 40 * np.sin(6 * t)], axis=-1)
    kept = needed(line, 0.06)
    assert 10 < kept.size < 120
    x, y = line[kept].T
    assert np.abs(np.interp(line[:, 0], x, y) - line[:, 1]).max() < 0.1
    assert needed(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])).tolist() == [0, 1, 2, 3]  # a closed one
    assert len(svg_text(figure)) < 20_000


def test_words_stay_text_and_nothing_is_fetched(figure):
    page = content(figure, ".html").decode()
    seen = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: seen.append((tag, dict(attributes)))
    parser.feed(page)
    tags = {tag for tag, _ in seen}
    assert "script" not in tags and {"svg", "table", "h1"} <= tags
    assert "default-src 'none'" in page
    assert all(not name.startswith("on") and name not in ("src", "srcset") for _, found in seen for name in found)
    assert not re.findall(r"url\((?!#)", page) and not re.findall(r'href="(?!#)', page)
    assert "&lt;0.84&gt;" in page and "head &amp; all" in page and "<p>And more</p>" in page


def test_braces_in_words_fill_no_blank(figure):
    figure.words = "{{told}} and {{dark}}"
    assert "<h1>{{told}} and {{dark}}</h1>" in content(figure, ".html").decode()


def test_unknown_ending_and_unwritable_place(tmp_path, figure):
    with pytest.raises(LossaryError, match=r"line\.docx.*png"):
        figure.save(tmp_path / "line.docx")
    (tmp_path / "file").write_text("")
    with pytest.raises(LossaryError, match="folder that you may write to"):
        figure.save(tmp_path / "file" / "line.png")


def test_nothing_half_written(tmp_path, figure, monkeypatch):
    (tmp_path / "line.svg").write_text("old")

    def fail(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "replace", fail)
    with pytest.raises(LossaryError, match="No space left"):
        figure.save(tmp_path / "line.svg")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("line.svg", "old")]


def test_notebooks_show_it(figure):
    assert figure._repr_svg_().startswith("<svg") and "max-width: 100%" in figure._repr_svg_()
