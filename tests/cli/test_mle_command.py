"""`lossary mle` from the command line."""

import json

import pytest
from click.testing import CliRunner

from lossary.cli.commands import cli

pytestmark = pytest.mark.once


def run(*words):
    return CliRunner().invoke(cli, ["mle", *map(str, words)])


def test_a_column_is_fitted_shown_and_written(tmp_path):
    page, numbers = tmp_path / "r.html", tmp_path / "r.json"
    words = ("engel", "--column", "income", "--distribution", "gamma,log_normal,poisson")
    result = run(*words, "--report", page, "--json", numbers)
    assert result.exit_code == 0, result.output
    assert "Smallest AIC: log_normal." in result.output and "poisson was left out" in result.output
    assert "┌" in result.output and "* log_normal, fitted" in result.output
    found = json.loads(numbers.read_text())
    assert [fit["distribution"] for fit in found["fits"]] == ["log_normal", "gamma"] and found["rows"] == 235
    assert found["fits"][0]["success"] and "<svg" in page.read_text() and "gamma" in page.read_text()


def test_json_alone_is_on_standard_output():
    result = run("penguins", "--distribution", "normal", "--json", "-", "-q")
    assert json.loads(result.stdout)["column"] == "body_mass_g"


@pytest.mark.parametrize(("words", "said"), [
    (("penguins", "--column", "species"), "holds text"),
    (("penguins", "--column", "nosuch"), "no column"),
    (("penguins", "--distribution", "beta"), "Cannot fit column"),
    (("penguins", "--distribution", "nosuch"), "nosuch"),
])  # fmt: skip
def test_bad_columns_are_refused(words, said):
    result = run(*words)
    assert result.exit_code == 2 and said in result.output + result.stderr
