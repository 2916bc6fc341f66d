"""The report: safe with any name, reproducible, and whole without a network."""

import inspect
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lossary.data.results import Coefficients, Comparison, Fit, LearningCurve, Pull, Summary
from lossary.drawing.report import WORDS, render
from lossary.linear.result import Certificate
from lossary.training.findings import findings

pytestmark = pytest.mark.backendless
NASTY = '<script>alert("1")</script> & $x^2$'


def fit(label, slope, x, y, task="regression"):
    line = [slope * value for value in x]
    figures = {"median |residual|": 1.0, "rms": 2.0}
    if task != "regression":
        figures = {"accuracy": 0.5, "wrong": 3, "recall": {"a": 0.25, "b": 0.75}}
    return Fit(
        label=label,
        function="huber",
        params={},
        curve=LearningCurve([0, 1], [2.0, 1.0], [2.5, 1.5], [0.0, 0.1]),
        train={"mse": 1.0, NASTY: None},
        valid={"mse": 2.0, NASTY: 3.0},
        coefficients=Coefficients(["x"], ["y"], [[slope]], [0.0], "y"),
        figures={"train": figures, "valid": figures},
        predictions=line,
        gaps=[true - guess for true, guess in zip(y, line, strict=True)],
        line=line,
        pulls=[Pull(1, f"row 1: {NASTY}", 0.5, "3 above the fit")],
        notes=[NASTY],
    )


def comparison(task="regression", one_input=True):
    x = np.arange(5.0).tolist()
    y = [2 * value for value in x]
    return Comparison(
        title=NASTY, source="s", licence="l", look="", task=task, target=NASTY, inputs=[NASTY], features=["x"],
        classes=["a", "b"] if task != "regression" else [], rows=5, train_rows=4, valid_rows=1, notes=[NASTY],
        scaling="", model="linear", settings={"seed": 0}, command=NASTY, versions={"keras": "3"},
        x=x if one_input else [], y=y, row_numbers=[1, 2, 3, 4, 5], validation=[False] * 4 + [True], grid=x,
        fits=[fit("mse", 2.0, x, y, task), fit(NASTY, 1.0, x, y, task)], findings=[NASTY], asked=["mse", NASTY],
    )  # fmt: skip


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.ids, self.open = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.ids += [value for key, value in attrs if key == "id"]
        for key, value in attrs:
            assert not key.startswith("on"), (tag, key)
            assert key not in ("src", "srcset"), (tag, value)
            if key in ("href", "xlink:href"):
                assert value.startswith("#"), value


@pytest.mark.parametrize(("task", "one_input"), [("regression", True), ("regression", False), ("multiclass", False)])
def test_names_stay_text_and_nothing_is_fetched(task, one_input):
    page = render(comparison(task, one_input))
    tags = Tags()
    tags.feed(page)
    assert "script" not in tags.seen
    assert {"table", "svg", "h1"} <= tags.seen
    assert len(tags.ids) == len(set(tags.ids))
    assert "default-src 'none'" in page
    assert not re.findall(r"url\((?!#)", page)
    assert page.count("&lt;script&gt;") > 10


def test_every_reference_in_a_drawing_is_met():
    page = render(comparison())
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) | set(re.findall(r'href="#([^"]+)"', page)) <= ids


def test_the_same_comparison_gives_the_same_bytes():
    assert render(comparison()) == render(comparison())


def test_drawings_turn_dark_with_the_page():
    page = render(comparison())
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    used = set(re.findall(r'style="[^"]*(fill|stroke): (#[0-9a-f]{6})', page))
    assert len(used) > 6
    assert all(f'[style*="{how}: {color}"]' in page for how, color in used)
    assert "var(--series-1)" in page


def test_the_report_tells_what_was_asked_and_how_to_ask_again():
    found = comparison()
    found.columns = [Summary("y", 0, [0.0, 2.0, 4.0, 6.0, 8.0], ""), Summary("town", 3, [], "<Rome> (5)")]
    found.settings |= {"optimizer": "adam", "epochs": 40}
    page = render(found)
    assert "trained with Adam for 40 epochs, seed 0" in page
    assert "Quadratic for small errors" in page and "½ e²" in page  # what the loss does, and its formula
    assert "<td>0</td><td>2</td><td>4</td><td>6</td><td>8</td><td>0</td>" in page
    assert '<td class="words" colspan="5">&lt;Rome&gt; (5)</td><td>3</td>' in page
    again = page[page.index("Reproduce this run") :]
    assert "seed" in again and "keras" in again and "<code>&lt;script&gt;" in again
    assert "<td>1</td><td>0</td><td>1</td>" in page  # loss, regularization, target


def test_regularization_stands_on_the_loss():
    from lossary.drawing.charts import loss_curves

    (one, _) = loss_curves(comparison().fits).axes
    named = {line.get_label(): line.get_ydata() for line in one.lines}
    np.testing.assert_allclose(named["+ regularization"], [2.0, 1.1])
    np.testing.assert_allclose(named["loss, training rows"], [2.0, 1.0])
    np.testing.assert_allclose(named["loss, validation rows"], [2.5, 1.5])


def test_the_losses_are_drawn_at_their_parameters():
    from lossary.drawing.charts import loss_shapes

    fits = comparison().fits
    fits[1].params = {"delta": 0.5}
    wide = comparison().fits[0]
    wide.function, wide.label = "tukey_biweight", "tukey"
    assert np.ptp(loss_shapes([*fits, wide]).axes[0].lines[0].get_xdata()) > 12  # all as far as Tukey's
    _, slope = loss_shapes(fits).axes
    assert [max(line.get_ydata()) for line in slope.lines if len(line.get_ydata()) > 50] == pytest.approx([1.0, 0.5])


def test_without_a_finished_fit_there_is_still_a_page():
    found = comparison()
    for one in found.fits:
        one.diverged = True
    assert "</html>" in render(found)


def test_words_of_the_sentences_are_explained_beside_them():
    found = comparison()
    found.findings = ["2 of 9 rows are outliers.", "They account for 90% of the gradient of mse."]
    page = render(found)
    box = page[page.index("What differs, and why") : page.index("The task")]
    assert re.findall(r"<dt>(.*?)</dt>", box) == ["outliers", "gradient"]
    sources = (findings, Certificate)  # of all sentences
    said = "".join(Path(inspect.getsourcefile(one)).read_text(encoding="utf-8") for one in sources)
    assert [word for word in WORDS if word not in said] == []  # none for sentences that are no longer there
