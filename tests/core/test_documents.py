"""What the documents show is run: the loss of docs/add-a-loss.md obeys the laws that a loss of lossary's own does."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossary.core import cards, catalogue
from tests.backends import array

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.backendless
def test_the_guide_to_a_new_loss_is_true_to_the_letter(tmp_path):
    """Each block goes where the page says, in a copy of the project; the files are generated, and the laws run."""
    for folder in ("src", "tests", "tools", "docs", "benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    page = (ROOT / "docs/add-a-loss.md").read_text(encoding="utf-8")
    steps = re.findall(r"## \d\. [^\n]*`(\S+)`\n.*?```python\n(.*?)```", page, flags=re.S)
    assert len(steps) == 7
    for file, code in steps:
        with (tmp_path / file).open("a", encoding="utf-8") as end:
            end.write(f"\n\n{code}")

    def run(*command):
        paths = os.pathsep.join([str(tmp_path / "src"), str(tmp_path)])
        environment = {**os.environ, "PYTHONPATH": paths, "KERAS_BACKEND": "torch", "PYTEST_ADDOPTS": ""}
        command = [sys.executable, *command]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    run("tools/generate.py")
    laws = ["tests/laws", "tests/oracle", "tests/core/test_lookup.py", "tests/core/test_families.py"]
    said = run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *laws,
        "--deselect",
        "tests/core/test_lookup.py::test_misspelt_names_are_found",
        "-k",
        "GemanReynolds or geman_reynolds or ViewMatching or PrototypeSoftmax or lookup or families",
    )
    assert int(re.search(r"(\d+) passed", said)[1]) > 40


def test_the_head_of_the_guide_answers_with_levels():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/heads.md").read_text(encoding="utf-8"), flags=re.S)
    names = {"__name__": "heads"}
    exec(compile(code, "heads.md", "exec"), names)
    assert np.mean(array(names["head"].point(names["outputs"])) == names["grade"]) > 0.9


def test_the_training_of_the_guide_works():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/training.md").read_text(encoding="utf-8"), flags=re.S)
    names = {"__name__": "guide"}
    exec(compile(code.replace("epochs=200", "epochs=3, verbose=0"), "training.md", "exec"), names)
    assert names["history"].epoch


@pytest.mark.backendless
def test_the_readme_counts_the_losses():
    (count,) = re.findall(r"^(\d+) so far", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.M)
    assert int(count) == len(catalogue.built_in())


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


@pytest.mark.once
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


def test_what_other_libraries_do_otherwise_is_one_line_for_each():
    """A line that goes on further in belongs to the one before."""
    for known in catalogue.built_in().values():
        for line in known.unlike:
            names, _, said = line.partition(": ")
            assert names, (known.function, line)
            assert len(said.split()) > 1, (known.function, line)
            assert said.split()[-1] not in ("of", "or", "and", "by", "the", "a"), (known.function, line)
    card = cards.read_docstring("Sum.\n\nUnlike:\n    a.B: of lists of\n        classes\n    c.D: of logits")
    assert card["unlike"] == ("a.B: of lists of classes", "c.D: of logits")
