"""Wrong input: a message in four parts, exit code 2, and nothing written."""

import os

import pytest
from click.testing import CliRunner

from lossary.cli import backends
from lossary.cli.commands import cli

pytestmark = pytest.mark.backendless

GOOD = "x,y\n" + "".join(f"{i},{i * 1.5 + i % 3}\n" for i in range(12))


def fails(*words):
    result = CliRunner().invoke(cli, ["compare", *map(str, words)])
    assert result.exit_code == 2, result.output
    assert not result.stdout
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "phones, penguins, engel"),
        (["no/such.csv", "--target", "y"], "no such file"),
        (["phones", "--target", "cals"], "columns are year, calls"),
        (["phones", "--loss", "hubr"], "Did you mean huber?"),
        (["phones", "--loss", "bce"], "Expected for regression"),
        (["phones", "--loss", "huber:delta=0"], "delta is 0"),
        (["phones", "--task", "binary"], "23 distinct values"),
        (["phones", "--model", "forest"], "mlp:64"),
        (["phones", "--backend", "mxnet"], "tensorflow, jax, torch"),
        (["phones", "--epochs", "-3"], "-3"),
        (["phones", "--epochs", "0"], "0"),
        (["phones", "--batch-size", "0"], "0"),
        (["phones", "--learning-rate", "0"], "0"),
        (["phones", "--l2", "-1"], "-1"),
        (["phones", "--validation", "1"], "0.9"),
        (["phones", "--optimizer", "magic"], "adam"),
        (["phones", "--seed", "-1"], "-1"),
    ],
)
def test_arguments(words, said):
    assert said in fails(*words)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "-1", "1_0", "٣", "", "0x1"])
@pytest.mark.parametrize(
    "option", ["--l1", "--l2", "--learning-rate", "--validation", "--epochs", "--batch-size", "--seed"]
)
def test_numbers_are_finite_and_in_their_range(option, value):
    lines = fails("phones", option, value).splitlines()
    assert len(lines) == 4 and option in lines[1] and "number" in lines[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("x,y\n", "0 rows"),
        ("x,y\n1,2\n", "1 of 1 row"),
        ("x,y\n1,2\n3\n", "Line 3"),
        ("x,x\n1,2\n", "occurs 2 times"),
        ("x,y\n1,2\n2,inf\n3,4\n", "line 3 holds 'inf'"),
        ("x,y\n1,5\n2,5\n3,5\n", "same value"),
        ("x,y\n1,\n2,NA\n3,nan\n", "missing"),
        ("x,y\n1,a b\n2,c d\n3,e f\n4,g h\n" * 1, "Traceback"),
    ],
)
def test_files(tmp_path, text, said):
    path = tmp_path / "t.csv"
    path.write_text(text)
    words = [path, "--target", "y"]
    if said == "Traceback":  # a text target with four values is classes: only regression refuses it
        assert "It holds text" in fails(*words, "--task", "regression")
    else:
        assert said in fails(*words)


def test_outputs_are_checked_before_anything_runs(tmp_path, csv, monkeypatch):
    monkeypatch.setattr("lossary.cli.compare._prepare", lambda *all: pytest.fail("work began"))
    base = [csv, "--target", "y"]
    assert "does not exist" in fails(*base, "--report", tmp_path / "no" / "r.html")
    assert "directory" in fails(*base, "--report", tmp_path)
    assert "directory" in fails(*base, "--json", tmp_path)
    assert "also the data" in fails(*base, "--report", csv)
    assert "also --report" in fails(*base, "--report", tmp_path / "r", "--json", tmp_path / "r")
    assert csv.read_text() == GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_directory_without_permission(tmp_path, csv):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "Permission denied" in fails(csv, "--target", "y", "--report", locked / "r.html")


def test_a_folder_that_is_read_only(tmp_path, csv, monkeypatch):
    def refuse(*where):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("lossary.core.files.os.open", refuse)
    assert "Read-only file system" in fails(csv, "--target", "y", "--report", tmp_path / "r.html")


def test_a_backend_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(backends.util, "find_spec", lambda name: object() if name == "torch" else None)
    said = fails("phones", "--backend", "jax")
    assert "not installed" in said
    assert "pip install 'lossary[jax]'" in said
    assert "Installed here: torch" in said


def test_a_report_without_its_packages(tmp_path, monkeypatch):
    monkeypatch.setattr("lossary.cli.output.util.find_spec", lambda name: None)
    assert "lossary[cli]" in fails("phones", "--report", tmp_path / "r.html")


def test_four_parts():
    lines = fails("phones", "--target", "cals").splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("Error: ")
