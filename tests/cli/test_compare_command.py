"""`lossary compare` from the command line, on the backend in KERAS_BACKEND."""

import json
import re
import shlex

import pytest
from click.testing import CliRunner

from lossary.cli.commands import cli


def run(*words, code=0):
    env = {"COLUMNS": "80", "NO_COLOR": "1"}
    result = CliRunner().invoke(cli, ["compare", *map(str, words)], env=env)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One short run with every output."""
    folder = tmp_path_factory.mktemp("demo")
    result = run("--loss", "mse,mae,tukey", "--report", folder / "r.html", "--json", folder / "r.json")
    return result, folder


@pytest.mark.once
def test_the_screen_fits_80_columns_without_colour(demo):
    result, folder = demo
    lines = [line for line in result.stdout.splitlines() if str(folder) not in line and "lossary compare" not in line]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in result.stdout + result.stderr


def test_the_screen_says_what_to_look_at_and_how_to_go_on(demo):
    text = demo[0].stdout
    assert text.startswith("Telephone calls in Belgium")
    assert "Note: " in text
    for part in (
        "Choices made",
        "What differs, and why",
        "Coefficients",
        "Residuals",
        "Every loss on every fit",
        "Rows with the largest gradients",
    ):
        assert part in text
    assert "aaa" in text  # the line of the first fit
    assert re.search(r"Written: .*r\.json\n\d+ s in all", text)


def test_where_each_fit_ended_is_on_the_screen_and_in_the_files(demo):
    result, folder = demo
    assert "Where each fit ended" in result.stdout and "optimum, not unique" in result.stdout
    report = (folder / "r.html").read_text()
    assert "Where each fit ended" in report and "not known to be the lowest" in report
    ended = [fit["convergence"] for fit in json.loads((folder / "r.json").read_text())["fits"]]
    assert [one["kind"] for one in ended] == ["optimum", "optimum", "stationary"]
    assert ended[0]["gap"] < 1e-12 and ended[1]["unique"] is False


def test_steps_of_a_solved_model_are_refused():
    said = " ".join(run("--epochs", 5, code=2).stderr.split())
    assert "--epochs was given" in said and "--optimizer adam" in said
    assert "Training: SGD" in run("--epochs", 2, "--optimizer", "sgd", "--loss", "mse").stdout


def test_progress_goes_to_standard_error(demo):
    assert "Fitting with mse" in demo[0].stderr
    assert "Fitting with" not in demo[0].stdout


def test_the_files_are_whole(demo):
    _, folder = demo
    document = json.loads((folder / "r.json").read_text())
    assert [fit["label"] for fit in document["fits"]] == ["mse", "mae", "tukey"]
    assert (folder / "r.html").read_text().rstrip().endswith("</html>")
    assert sorted(path.name for path in folder.iterdir()) == ["r.html", "r.json"]


def test_the_command_that_is_printed_gives_the_same_numbers(demo):
    _, folder = demo
    before = json.loads((folder / "r.json").read_text())
    words = shlex.split(before["command"])
    assert words[:2] == ["lossary", "compare"]
    again = json.loads(run(*words[2:], "--json", "-").stdout)
    for one, two in zip(before["fits"], again["fits"], strict=True):
        assert one["predictions"] == two["predictions"]


def test_json_on_standard_output_is_nothing_but_json():
    result = run("phones", "--loss", "mse", "--json", "-")
    assert json.loads(result.stdout)["target"] == "calls"
    assert "Coefficients" in result.stderr


def test_quiet_leaves_tables():
    result = run("phones", "--loss", "mse", "-q")
    assert not result.stderr
    assert "Note: " not in result.stdout
    assert "Coefficients" in result.stdout


def test_an_interrupt_keeps_what_is_finished(tmp_path, monkeypatch):
    def stop(self, label, done, of):
        if label == "mae":
            raise KeyboardInterrupt

    monkeypatch.setattr("lossary.cli.progress.Bars.__call__", stop)
    words = ["--loss", "mse,mae,huber", "--json", tmp_path / "r.json", "--report", tmp_path / "r.html"]
    result = run(*words, code=130)
    assert "Interrupted before fitting mae, huber." in result.stdout
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["interrupted"]
    assert [fit["label"] for fit in document["fits"]] == ["mse"]
    assert "only 1 of 3 fits" in (tmp_path / "r.html").read_text()


def test_an_interrupt_before_the_first_fit_writes_nothing(tmp_path, monkeypatch):
    def stop(self, label, done, of):
        raise KeyboardInterrupt

    monkeypatch.setattr("lossary.cli.progress.Bars.__call__", stop)
    result = run("--report", tmp_path / "r.html", code=130)
    assert "no files were written" in result.stdout
    assert not list(tmp_path.iterdir())


def test_a_run_where_all_diverge_says_so(tmp_path):
    words = ["--loss", "mse", "--optimizer", "sgd", "--learning-rate", "1e6", "--epochs", 60]
    result = run(*words, "--report", tmp_path / "r.html", "--json", tmp_path / "r.json", code=1)
    assert "mse diverged" in result.stdout
    assert json.loads((tmp_path / "r.json").read_text())["fits"][0]["diverged"]
    assert "mse diverged" in (tmp_path / "r.html").read_text()


@pytest.mark.once
def test_classes_on_the_screen():
    words = ["penguins", "--target", "species", "--loss", "scce,gce"]
    text = run(*words).stdout
    assert "Classification on the validation rows" in text
    assert "lowest recall" in text
    lines = [line for line in text.splitlines() if "lossary compare" not in line]  # a command to copy is not broken
    assert max(map(len, lines)) <= 80


@pytest.mark.once
def test_several_inputs_show_predicted_against_true(tmp_path):
    words = ["penguins", "--target", "body_mass_g", "--ignore", "year,sex", "--loss", "mse,huber:delta=400"]
    result = run(*words, "--epochs", 5, "--model", "mlp:4", "--report", tmp_path / "r.html")
    assert "body_mass_g, true" in result.stdout
    assert "huber:delta=400" in result.stdout
    assert "Predicted against true" in (tmp_path / "r.html").read_text()


def test_another_backend_than_the_running_one_is_refused():
    import keras

    other = "torch" if keras.backend.backend() == "jax" else "jax"
    result = run("phones", "--backend", other, code=2)
    assert "already runs on" in result.stderr
