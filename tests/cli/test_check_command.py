"""`lossary check` from the command line, on the backend in KERAS_BACKEND."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from lossary.checking.rule import rules
from lossary.cli.commands import cli

MODULE = """
import keras, numpy as np
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activation="softmax")])
model.compile("sgd", loss="sparse_categorical_crossentropy")
x = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
data = x, np.arange(8) % 3
wrong = x, np.arange(8) % 3 + 1
def make():
    return model, *data
"""


def run(*words, code):
    result = CliRunner().invoke(cli, ["check", *map(str, words)], env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "predictions.csv"
    rows = [f"{k % 3},{k % 3 + 1},{0.2 * k:.1f},{0.1 * k:.1f},0.3,0.2,0.5,0.5,x" for k in range(8)]
    path.write_text("label,from_one,score,real,a,b,c,w,words\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "checked_module.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "checked_module"


def test_good_rows_exit_0(table):
    text = run(table, "--y", "label", "--p", "a,b,c", "--loss", "scce", code=0).stdout
    assert text.strip() == "8 rows checked: nothing found."


def test_an_error_exits_1(table):
    text = run(table, "--y", "from_one", "--p", "a,b,c", "--loss", "scce", code=1).stdout
    assert "ERROR L003 impossible-labels" in text and "Labels run 1 … 3" in text and "→ Subtract 1." in text
    assert "docs/checks.md#l003-impossible-labels" in text and "1 error" in text
    assert max(map(len, text.splitlines())) <= 80 and "\x1b" not in text


def test_labels_may_be_text(tmp_path):
    path = tmp_path / "named.csv"
    path.write_text('kind,fox,cat,"x, y"\nfox,0.9,0.1,0.2\ncat,0.2,0.8,0.7\nfox,0.7,0.3,0.1\n')
    by_columns = run(path, "--y", "kind", "--p", "fox,cat", "--loss", "scce", code=0).stdout
    assert "fox = 0, cat = 1" in by_columns  # in the order of the predictions
    by_letters = run(path, "--y", "kind", "--p", "x, y", "--loss", "bce", code=0).stdout
    assert "cat = 0, fox = 1" in by_letters


def test_a_warning_exits_0(table):
    text = run(table, "--y", "real", "--p", "score", "--w", "w", "--loss", "mse", code=0).stdout
    assert "WARNING L004" in text and "--ignore L004" in text


def test_rules_are_left_out(table):
    words = (table, "--y", "real", "--p", "score", "--w", "w", "--loss", "huber", "--set", "delta=2")
    assert "nothing found" in run(*words, "--ignore", "L004,L001", code=0).stdout


def test_logits_are_said_to_be_logits(table):
    assert "L002" in run(table, "--y", "label", "--p", "real,score,c", "--loss", "scce", code=1).stdout
    run(table, "--y", "label", "--p", "real,score,c", "--loss", "scce", "--from-logits", code=0)


def test_a_model_of_a_module(module):
    assert "nothing found" in run(f"{module}:make", code=0).stdout
    assert "nothing found" in run(f"{module}:model", f"{module}:data", code=0).stdout
    assert "L003" in run(f"{module}:model", f"{module}:wrong", code=1).stdout


def test_a_model_with_arrays_in_files(module, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((8, 3), "float32"))
    np.save(tmp_path / "y.npy", np.arange(8) % 3 + 1)
    assert "L003" in run(f"{module}:model", "--x", "x.npy", "--y", "y.npy", code=1).stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "No data were given"),
        (["FILE", "--y", "label"], "--p, --loss are missing"),
        (["FILE", "--y", "label", "--p", "a,b", "--loss", "nosuch"], "nosuch"),
        (["FILE", "--y", "real", "--p", "words", "--loss", "mse"], "no numeric column words"),
        (["FILE", "--y", "label", "--p", "a", "--loss", "mse", "--set", "delta"], "no '='"),
        (["FILE", "--y", "label", "--p", "a", "--loss", "huber", "--set", "delta=-1"], "delta"),
        (["FILE", "--y", "label", "--p", "a", "--loss", "mse", "--ignore", "L099"], "L099"),
        (["nosuch.csv", "--y", "label", "--p", "a", "--loss", "mse"], "nosuch.csv"),
        (["MODULE:nosuch"], "cannot be imported"),
        (["nosuch_module:model"], "cannot be imported"),
        (["MODULE:model"], "gives 1 thing"),
        (["MODULE:model", "--x", "none.npy", "--y", "none.npy"], "No such file"),
        (["MODULE:model", "--x", "FILE", "--y", "FILE"], "is not a .npy file of numbers"),
        (["MODULE:model", "--x", "EMPTY", "--y", "EMPTY"], "is not a .npy file of numbers"),
    ],
)
def test_misuse_exits_2(words, message, table, module, tmp_path):
    (tmp_path / "empty.npy").touch()
    names = {"FILE": str(table), "MODULE": module, "EMPTY": str(tmp_path / "empty.npy")}
    words = [names.get(word, word.replace("MODULE", module)) for word in words]
    assert message in run(*words, code=2).stderr


@pytest.mark.once
def test_the_backend_is_chosen_before_keras_loads(table):
    """In a process of its own, where nothing but the option names the backend."""
    words = [str(table), "--y", "label", "--p", "a,b,c", "--loss", "scce", "--backend", keras.backend.backend()]
    code = (
        "import sys\nfrom lossary.cli.commands import cli\n"
        f"try: cli(['check', *{words!r}])\nexcept SystemExit as end: assert not end.code, end.code\n"
        f"assert sys.modules['keras'].backend.backend() == {keras.backend.backend()!r}"
    )
    bare = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=bare, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.backendless
def test_the_rules_are_listed():
    text = run("--rules", code=0).stdout
    for id, rule in rules().items():
        assert f"{id}  {rule.severity}" in text and rule.name in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.fixture
def species(tmp_path):
    path = tmp_path / "species.csv"
    names = ("adelie", "gentoo", "chinstrap")
    rows = [f"{names[k % 3]},{', '.join('0.8' if j == k % 3 else '0.1' for j in range(3))},{k % 2}" for k in range(900)]
    path.write_text("kind,adelie,gentoo,chinstrap,bit\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("loss", ["scce", "cce", "categorical_focal"])
def test_words_are_classes_in_the_order_of_the_outputs(species, loss):
    text = run(species, "--y", "kind", "--p", "adelie,gentoo,chinstrap", "--loss", loss, code=0).stdout
    assert "adelie = 0, gentoo = 1, chinstrap = 2" in text and "nothing found" in text


def test_words_are_classes_in_the_order_of_the_alphabet(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("answer,score\n" + "yes,0.9\nno,0.2\n" * 5, encoding="utf-8")
    assert "no = 0, yes = 1" in run(path, "--y", "answer", "--p", "score", "--loss", "bce", code=0).stdout


def test_a_bad_label_far_down_the_file_exits_1(tmp_path):
    path = tmp_path / "long.csv"
    rows = [f"{9 if k == 5000 else k % 2},0.4,0.6" for k in range(6000)]
    path.write_text("label,a,b\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = run(path, "--y", "label", "--p", "a,b", "--loss", "scce", code=1).stdout
    assert "Row 5000 is the first" in " ".join(text.split()) and "targets and weights of 6000" in text


LOADER = (
    MODULE
    + """
class Loader:
    def __iter__(self):
        return iter([(x, np.arange(8) % 3)] * 4)
loader = Loader()
def broken():
    raise RuntimeError("no data today")
def misfit():
    return model, np.zeros((8, 5), "float32"), np.arange(8) % 3
"""
)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["loaded_module:model", "loaded_module:loader"], 0, "nothing found"),
        (["loaded_module:broken"], 2, "no data today"),
        (["loaded_module:misfit"], 2, "x has the shape (8, 5).\n  Expected (rows, 3)."),
        (["spoiled_module:model"], 2, "ZeroDivisionError"),
    ],
)
def test_models_with_loaders_and_modules_that_raise(words, code, text, tmp_path, monkeypatch):
    (tmp_path / "loaded_module.py").write_text(LOADER, encoding="utf-8")
    (tmp_path / "spoiled_module.py").write_text("model = 1 / 0", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    result = run(*words, code=code)
    assert text in result.output and "Traceback" not in result.output
