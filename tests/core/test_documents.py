"""What the documents show is run: the loss of docs/add-a-loss.md obeys the laws that a loss of lossary's own does."""

import re
from pathlib import Path

import numpy as np
from keras import ops

from tests.backends import array, gradient

ROOT = Path(__file__).resolve().parents[2]


def test_the_loss_of_the_guide_works():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/add-a-loss.md").read_text(encoding="utf-8"), flags=re.S)
    names = {"__name__": "guide"}
    exec(compile(code, "add-a-loss.md", "exec"), names)
    loss, x = names["GemanMcClure"](c=1.7), np.linspace(-9, 9, 41, dtype="float32")
    want = 0.5 * x**2 / (1 + (x / 1.7) ** 2)
    np.testing.assert_allclose(array(loss.of(ops.convert_to_tensor(x))), want, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(array(loss.slope(ops.convert_to_tensor(x))), gradient(loss.of, x), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(array(names["geman_mc_clure"]([[0.0]], [[1.0]])), [0.25], rtol=1e-6)


def test_the_training_of_the_guide_works():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/training.md").read_text(encoding="utf-8"), flags=re.S)
    names = {"__name__": "guide"}
    exec(compile(code.replace("epochs=200", "epochs=3, verbose=0"), "training.md", "exec"), names)
    assert names["history"].epoch


def test_every_link_of_the_documents_leads_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "examples" / "README.md"]:
        for link in re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), (page.name, link)


def run_page(page):
    """The names that a page's code leaves behind, all its blocks run in their order."""
    names = {"__name__": page.replace("-", "_")}
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for code in re.findall(r"```python\n(.*?)```", text, flags=re.S):
        exec(compile(code, page, "exec"), names)
    return names


def test_the_guide_to_targets_runs():
    names = run_page("target")
    assert {"loss", "huber", "mean_absolute_error", "regularization"} == set(names["history"])


def test_the_guide_to_fitting_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the page saves a fit
    names = run_page("fitting")
    assert names["fit"].certificate.kind == "optimum"


def test_what_is_to_be_written_instead_of_add_loss_trains():
    names = run_page("from-add-loss")
    for history, terms in (
        (names["history"], {"binary_crossentropy", "divergence", "divergence_weight"}),
        (names["student_history"], {"sparse_categorical_crossentropy", "distilled"}),
        (names["steady_history"], {"mean_squared_error", "shaken"}),
    ):
        assert terms < set(history)
        assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(names["history"]["divergence_weight"][-1], 0.05, rtol=1e-6)
    assert names["error"] < 0.05
