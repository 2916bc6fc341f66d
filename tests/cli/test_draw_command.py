"""`lossary draw`: a file of each kind, the default name, and refusals before Keras loads."""

import pytest
from click.testing import CliRunner

from lossary.cli.commands import cli


def run(*words, code=0):
    result = CliRunner().invoke(cli, ["draw", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        (["huber:delta=0.5,1,2", "mse", "-o", "out.svg"], "Huber(delta=0.5)"),
        (
            ["bce:from_logits=True", "--theme", "dark", "-o", "out.html", "--show", "value,gradient"],
            "value and gradient",
        ),
        (["cce", "--kind", "triangle", "-o", "out.svg"], "probabilities of 3 classes"),
        (["gaussian_nll", "--kind", "map", "-o", "out.svg"], "log variance"),
        (["hinge", "--span", "-1", "2", "--apart", "--title", "Margins", "-o", "out.svg"], "Margins"),
        (["mse", "--over", "prediction", "-o", "out.svg"], "prediction (target = 1)"),
    ],
)
def test_a_picture_of_each_kind(tmp_path, monkeypatch, words, holds):
    monkeypatch.chdir(tmp_path)
    assert run(*words).stdout == f"Written: {words[words.index('-o') + 1]}\n"
    (path,) = tmp_path.iterdir()
    assert holds in path.read_text()


def test_without_a_name_the_file_is_called_after_the_loss(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("smooth_mae").stdout == "Written: huber.svg\n"
    assert "prefers-color-scheme" in (tmp_path / "huber.svg").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["huber", "-o", "huber.docx"], "Expected one of the endings"),
        (["huber", "-o", "no/huber.svg"], "directory does not exist"),
        (["huber", "-o", "folder.svg"], "It is a directory"),
        (["hubr", "-o", "out.svg"], "Did you mean huber?"),
        (["huber:delta=0", "-o", "out.svg"], "delta"),
        (["huber:2", "-o", "out.svg"], "has no value"),
        (["huber", "--over", "errors", "-o", "out.svg"], "Expected one of"),
        (["huber", "--span", "3", "1", "-o", "out.svg"], "smaller one first"),
        (["huber", "--show", "slope", "-o", "out.svg"], "curvature"),
        (["hinge", "--kind", "map", "-o", "out.svg"], "two arguments"),
        (["huber", "--kind", "triangle", "-o", "out.svg"], "three classes"),
        (["huber", "--backend", "mxnet", "-o", "out.svg"], "tensorflow, jax, torch"),
    ],
)
def test_refusals(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.svg").mkdir()
    result = run(*words, code=2)
    assert said in result.stderr and not result.stdout
    assert len(result.stderr.splitlines()) == 4 and "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_without_matplotlib_there_is_a_word(tmp_path, monkeypatch):
    monkeypatch.setattr("lossary.cli.output.util.find_spec", lambda name: None)
    assert "lossary[cli]" in run("huber", "-o", tmp_path / "h.svg", code=2).stderr
