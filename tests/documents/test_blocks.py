"""Every block of Python in the documents runs, here or in the test that is named here."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import lossary as ls
from lossary.core import catalogue
from tools import site_api

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = {  # pages whose blocks run in another test, or are made by being run
    "add-a-loss": "tests/core/test_documents.py",
    "errors": "tools/errors_page.py",
    "fitting": "tests/core/test_documents.py",
    "from-add-loss": "tests/core/test_documents.py",
    "heads": "tests/core/test_documents.py",
    "likelihood": "tests/likelihood/test_page.py",
    "target": "tests/core/test_documents.py",
    "training": "tests/core/test_documents.py",
}
HERE = ("checks", "coverage", "data", "large-tables", "loss-and-metric", "pictures", "suggest", "which-loss")


@pytest.fixture(autouse=True)
def _no_losses_of_other_tests(monkeypatch):
    """A reader defines losses in a process of their own."""
    monkeypatch.setattr(catalogue, "_CUSTOM", {})


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.S)


def run(code, names, page="page"):
    names.setdefault("__name__", "page")
    exec(compile(code, page, "exec"), names)
    return names


@pytest.mark.backendless
def test_every_page_with_code_is_run_somewhere():
    with_code = {path.stem for path in (ROOT / "docs").glob("*.md") if blocks(path)}
    assert with_code == {*ELSEWHERE, *HERE}
    for page, test in ELSEWHERE.items():
        text = (ROOT / test).read_text(encoding="utf-8")
        assert page in text or test.startswith("tools/"), page


@pytest.mark.once
@pytest.mark.parametrize("page", ["coverage", "data", "loss-and-metric", "suggest", "which-loss"])
def test_the_blocks_of_a_page_run(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = {"ls": ls}
    for code in blocks(f"docs/{page}.md"):
        run(code, names, page)


@pytest.mark.once
def test_the_blocks_of_large_tables_run_but_for_the_cluster(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = {}
    local = [code for code in blocks("docs/large-tables.md") if 'engine="ray"' not in code]
    for code in local:
        run(code, names)
    assert len(local) == 2 and names["fit"].converged


@pytest.mark.once
def test_the_head_of_the_checks_runs():
    head, *_ = blocks("docs/checks.md")  # the others are examples of rules, which tests/checking/test_rules.py runs
    run(head, {"ls": ls, **rows()})


@pytest.mark.once
@pytest.mark.parametrize("topic", [topic for topic in site_api.TOPICS if topic.example], ids=lambda topic: topic.file)
def test_the_examples_of_the_reference_run(topic, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run(topic.example, {}, topic.file)


@pytest.mark.full
@pytest.mark.once
def test_the_pictures_are_drawn_by_the_code_beside_them():
    from tools import figures

    assert [shown.code for shown in figures.PICTURES] == [code.strip() for code in blocks("docs/pictures.md")]
    for shown in figures.PICTURES:
        assert b"</svg>" in figures.draw(shown), shown.name


def rows():
    """A small regression, its model, and what it predicts."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 1)).astype("float32")
    y = (2 * x + 1 + rng.normal(size=(60, 1))).astype("float32")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("adam", loss="mse")
    return {"model": model, "x": x, "y": y, "held": (x[:9], y[:9]), "y_true": y, "y_pred": y + 0.1}


def of_inputs_by_name():
    rng = np.random.default_rng(0)
    anchor, positive, negative = rng.normal(size=(3, 6, 4)).astype("float32")
    time, event, score = rng.exponential(size=6), rng.integers(0, 2, 6), rng.normal(size=6).astype("float32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    return {**locals(), "time": time.astype("float32")}


def of_a_vocabulary():
    rng = np.random.default_rng(0)
    hidden, kernel = rng.normal(size=(6, 4)).astype("float32"), rng.normal(size=(7, 4)).astype("float32")
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.Dense(4)])
    return {**locals(), "labels": rng.integers(0, 7, 6), "x": np.zeros((2, 3, 2), "float32")}


def of_scipy():
    import scipy.optimize

    def target(b):
        return keras.ops.mean(ls.huber(keras.ops.ones((3, 1), "float64"), keras.ops.broadcast_to(b, (3, 1))))

    return {**rows(), "scipy": scipy, "target": target, "start": np.zeros(1)}


def of_targets():
    inputs = keras.Input((1,))
    layer = keras.layers.Dense(3, activation="relu", kernel_regularizer="l2")(inputs)
    kind = keras.layers.Dense(2, activation="softmax", name="kind")(layer)
    model = keras.Model(inputs, {"depth": keras.layers.Dense(1, name="depth")(layer), "kind": kind})
    x = np.zeros((8, 1), "float32")
    y = {"depth": np.zeros((8, 1), "float32"), "kind": np.zeros(8, "int32")}
    model.compile("adam", loss=ls.MultiLoss({"depth": "mae", "kind": "scce"}))

    def divergence(mean, log_variance):
        return keras.ops.sum(keras.ops.exp(log_variance) + mean**2 - 1 - log_variance, axis=-1)

    return {"model": model, "x": x, "y": y, "divergence": divergence, "before": ls.target_split(model, x, y)}


def of_tables():
    rng = np.random.default_rng(0)
    frame = {"area": rng.normal(size=60), "price": rng.normal(size=60)}
    return {"frame": frame, "new_frame": {"area": [0.5, 1.0]}}


README = [rows, of_inputs_by_name, of_a_vocabulary, rows, of_scipy, rows, rows, of_targets, of_tables]


@pytest.mark.full
@pytest.mark.parametrize("place", range(len(README)))
def test_the_blocks_of_the_readme_run(place, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = blocks("README.md")
    assert len(found) == len(README)
    code = found[place].replace("50_257", "7").replace("epochs=400", "epochs=3")
    run(code, {"ls": ls, "ops": keras.ops, **README[place]()}, f"README {place}")


@pytest.mark.full
@pytest.mark.once
def test_the_examples_on_the_pages_of_losses_run():
    from lossary.core import catalogue

    for card in catalogue.built_in().values():
        for line in re.findall(r"^(?:>>>|\.\.\.) (.*(?:\n\.\.\. .*)*)", card.example, flags=re.M):
            run(line.replace("\n... ", "\n"), {card.function: getattr(ls, card.function)}, card.name)
        assert isinstance(ls.get(card.function), getattr(ls, card.name))
