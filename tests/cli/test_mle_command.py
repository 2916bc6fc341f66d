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


REFUSED = {  # cells, and what is said of them
    "text": (["abc"] * 9, "'x' holds text"),
    "numbers and text": ([*"123456789", "oops"], "'x' holds text"),
    "nothing": ([""] * 9, "0 rows"),
    "missing cells": (["NA"] * 9, "no number"),
    "dates": ([f"2024-01-0{k}" for k in range(1, 9)], "'x' holds dates"),
    "booleans": (["true", "false"] * 5, "'x' holds text"),
    "infinite numbers": (["inf", "1.5", "2.5"], "'x' holds text"),
    "numbers beyond the largest": (["1e999", "1.5", "2.5"], "'x' holds text"),
    "too many digits": ([str(10**17 + k) for k in range(9)], "'x' holds text"),
    "numbers whose sum is none": (["1e308", "1.7e308", "3e307"], "beyond what float64 holds"),
    "numbers beyond their squares": ([f"{k}e150" for k in range(1, 9)], "data / 1e150"),
    "numbers below their squares": ([f"{k}e-300" for k in range(1, 9)], "data / 1e-300"),
}
READ = {
    "one row": ["3.5"], "two rows": ["3.5", "4"], "three rows": ["3.5", "4", "9"], "equal numbers": ["2.5"] * 9,
    "zeros": ["0"] * 9, "percent signs": [f"{k}.5%" for k in range(9)],
    "thousands": [f'"{k},234.50"' for k in range(1, 9)], "a far one": [*"123456789", "1e12"],
    "missing ones": [*"12345678", "NA"], "below zero": [f"-{k}.5" for k in range(9)],
    "very large": [f"{k}e60" for k in range(1, 9)], "very small": [f"{k}e-60" for k in range(1, 9)],
    "yes and no": ["0", "1"] * 9, "blanks": [f"  {k}.5 " for k in range(9)],
}  # fmt: skip


def written(tmp_path, cells):
    path = tmp_path / "hard.csv"
    path.write_text("\n".join(["x", *cells]) + "\n")
    return path


@pytest.mark.parametrize("case", REFUSED)
def test_hard_columns_are_refused_in_words(case, tmp_path):
    cells, said = REFUSED[case]
    result = run(written(tmp_path, cells), "--distribution", "normal,gamma", "-q")
    assert result.exit_code == 2 and said in result.output + result.stderr, result.output
    assert "bug" not in result.output


@pytest.mark.parametrize("case", READ)
@pytest.mark.filterwarnings("error")
def test_hard_columns_are_fitted_or_flagged(case, tmp_path):
    """With a picture, a report and JSON; no warning of NumPy's."""
    page, numbers = tmp_path / "r.html", tmp_path / "r.json"
    words = ("--distribution", "normal,gamma,poisson,generalized_pareto", "--report", page, "--json", numbers)
    result = run(written(tmp_path, READ[case]), *words)
    assert result.exit_code == 0, result.output
    found = json.loads(numbers.read_text())
    assert found["fits"] and "<svg" in page.read_text() and "┌" in result.output
    assert all(fit["success"] or fit["flags"] for fit in found["fits"])
