"""The notebooks of docs/start: what they name exists, and in full they run on every backend and give their numbers."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import lossary as ls
from lossary.core import catalogue

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "docs" / "start"
DATA = ROOT.parent / "shared" / "data"
NOTEBOOKS = sorted(path.stem for path in START.glob("*.md") if path.stem != "index")
CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", flags=re.S | re.M)


@pytest.fixture(autouse=True)
def _no_losses_of_other_tests(monkeypatch):
    """A reader defines losses in a process of their own."""
    monkeypatch.setattr(catalogue, "_CUSTOM", {})


def cells(name):
    return CELL.findall((START / f"{name}.md").read_text(encoding="utf-8"))


@pytest.mark.backendless
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_parses_and_names_what_exists(name):
    tree = ast.parse("\n".join(cells(name)))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ls"
    }
    assert len(cells(name)) > 4
    assert used <= set(dir(ls)), used - set(dir(ls))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    for module in (module for module in modules if module.startswith("lossary.")):
        assert (ROOT / "src" / (module.replace(".", "/") + ".py")).exists(), module


@pytest.mark.backendless
def test_the_path_lists_every_notebook():
    index = (START / "index.md").read_text(encoding="utf-8")
    assert all(f"({name}.md)" in index and f"\n{name}\n" in index for name in NOTEBOOKS)


def ran(name, monkeypatch, tmp_path, data=""):
    """The names that a notebook leaves behind."""
    import matplotlib

    matplotlib.use("agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOSSARY_DATA", data)
    names = {"__name__": f"notebook_{name.partition('-')[0]}"}
    for cell in cells(name):
        *before, last = ast.parse(cell).body
        exec(compile(ast.Module(before, []), name, "exec"), names)
        if isinstance(last, ast.Expr):  # shown, as in a notebook
            value = eval(compile(ast.Expression(last.value), name, "eval"), names)
            assert value is None or getattr(value, "_repr_html_", value.__repr__)()
        else:
            exec(compile(ast.Module([last], []), name, "exec"), names)
    return names


def beside(name):
    """The folder of a data file that lies beside the checkout, or a skip."""
    if not (DATA / name).exists():
        pytest.skip(f"{DATA / name} is not there")
    return str(DATA)


def near(found, expected, tolerance=1e-6):
    np.testing.assert_allclose(found, expected, rtol=tolerance)


def check_first(names):
    assert (names["mae"], names["mse"]) == (2.0, 5.0)
    near([names["one_hot"], names["numbered"]], 0.2876821)
    assert {name: round(share, 2) for name, share in names["shares"].items()} == {"absolute": 0.75, "squared": 0.9}
    assert names["model"].count_params() == 66_790
    scaled = names["scaled"]
    assert len({row["accuracy"] for row in scaled.values()}) == 1
    assert len({round(row["loss"], 3) for row in scaled.values()}) == 4
    assert names["moved"]["accuracy"] == 0 != names["moved"]["loss"]


def check_second(names):
    assert names["by_class"] == 5.0
    assert names["by_function"].tolist() == [1.0, 9.0]
    assert len(names["pairs"]) == 10
    for by_class, by_function in names["pairs"].values():
        near(by_class, by_function)


def check_third(names, expected=(-0.72, 12.7), tolerance=0.1):
    found, *_ = np.linalg.lstsq(np.c_[names["x"], np.ones(150)], names["y"][:, 0], rcond=None)
    near(found, expected, tolerance)
    assert len(names["lines"]) == 6
    for line in names["lines"].values():
        near(line, found, 0.03)
    near([float(value) for value in names["values"].values()], float(names["values"]["NumPy"]), 1e-5)
    first, second = names["any_targets"]
    np.testing.assert_array_equal(first, second)
    near(names["alone"], first)


def check_target(names):
    assert names["strong"].count_params() == 4_810
    near(names["reported"]["loss"], names["after"].value, 1e-4)
    assert names["reported"]["auc"] < 0.7 < 0.97 < names["auc"]
    assert names["norms"].max() <= 2.0001
    assert {"binary_crossentropy", "mean_absolute_error", "regularization"} <= set(names["history"])


def check_own(names):
    near([float(np.ravel(value)[0]) for value in names["values"].values()], 0.4664491)
    near(names["averaged_first"], 0.1710444)
    near(names["kept"][1], names["kept"][0])
    assert names["loaded"].loss.gamma == 3.0


def check_loops(names):
    near([names["m"], names["b"]], [1.0, 2.0], 0.1)
    assert 6 < names["start"] < 7
    near(names["compiled_errors"], names["errors"], 1e-5)
    near(names["by_train"], [names["m"], names["b"]], 1e-5)


def check_likelihood(names):
    near([names["logs"][0], names["logs"][2]], [-7.0185, -17.3285], 1e-4)
    near(names["joint"][0], 8.952e-4, 1e-3)
    lost = 5 * np.log(np.sqrt(2 * np.pi))
    near([names["logs"][0] - lost, names["logs"][2] - lost], [-11.6135, -21.9245], 1e-4)
    near([names["nll"][0.0], names["nll"][2.0]], [7.0185, 17.3285], 1e-4)
    assert abs(names["best_mean"] - 3) < 0.2
    near(names["found"], [names["numbers"].mean(), names["numbers"].std()], 2e-3)
    near(list(names["fit"].parameters.values()), [names["numbers"].mean(), names["numbers"].std()], 1e-5)
    assert names["best"][0] == names["best"][1]


def check_engineers(names):
    assert names["same"] and names["loaded"].loss.delta == 300.0
    assert names["error"] < 0.7 * names["baseline"]


def check_researchers(names):
    near(list(names["estimates"].values()), list(names["expected"].values()), 2e-3)
    near(names["here"], names["truth"], 1e-6)
    assert abs(names["as_written"][-1] / names["truth"][-1] - 1) > 0.1
    near(names["slope"], names["difference"].ravel(), 2e-3)


CHECKS = {
    "1-what-a-loss-is": check_first,
    "2-class-function-name": check_second,
    "3-in-a-model": check_third,
    "4a-target": check_target,
    "4b-your-own-loss": check_own,
    "5a-training-loops": check_loops,
    "5b-likelihood": check_likelihood,
    "engineers": check_engineers,
    "researchers": check_researchers,
}


@pytest.mark.full
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_gives_its_numbers(name, monkeypatch, tmp_path):
    CHECKS[name](ran(name, monkeypatch, tmp_path))


@pytest.mark.full
def test_the_line_through_the_original_table(monkeypatch, tmp_path):
    names = ran("3-in-a-model", monkeypatch, tmp_path, beside("trilotropicos.csv"))
    check_third(names, (-0.71805906, 12.689999), 1e-6)


@pytest.mark.full
def test_the_classifier_of_original_digits(monkeypatch, tmp_path):
    names = ran("1-what-a-loss-is", monkeypatch, tmp_path, beside("mnist1.5k.csv.gz"))
    check_first(names)
    assert names["history"]["val_accuracy"][-1] > 0.82


@pytest.mark.backendless
def test_notebooks_choose_their_backend_before_keras_is_imported():
    for name in NOTEBOOKS:
        first = cells(name)[0]
        assert 'os.environ.setdefault("KERAS_BACKEND"' in first.split("import keras")[0], name
