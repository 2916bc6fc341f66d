"""`lossary suggest` from the command line."""

import json

import pytest
from click.testing import CliRunner

from lossary.cli.commands import cli

pytestmark = pytest.mark.once


def run(*words):
    return CliRunner().invoke(cli, ["suggest", *map(str, words)])


def test_a_table_of_ours_needs_no_target():
    result = run()
    assert result.exit_code == 0 and "1. ls." in result.output and "because" in result.output


def test_a_cost_is_a_word_a_quantile_or_two_numbers():
    assert "ls.Quantile(q=0.9)" in run("engel", "--cost", "0.9").output
    assert "ls.Quantile(q=0.8)" in run("engel", "--cost", "4,1").output
    assert "ls.MeanAbsoluteError()" in run("engel", "--cost", "median").output


def test_a_file_with_text_and_numbers(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("kind,time,event\n" + "".join(f"{'ab'[k % 2]},{k + 0.5},{k % 2}\n" for k in range(40)))
    assert "binary" in run(table, "--target", "kind").output
    assert "ls.CoxPH()" in run(table, "--target", "time,event").output
    assert "time" in run(table).output and run(table).exit_code == 2


def test_json_is_written_or_printed(tmp_path):
    found = json.loads(run("penguins", "--json", "-").stdout)
    assert found["target"] == ["body_mass_g"] and found["suggestions"][0]["code"].startswith("ls.")
    run("penguins", "--json", tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == found


@pytest.mark.parametrize(("words", "said"), [
    (("engel", "--target", "nosuch"), "There is no column 'nosuch'"),
    (("penguins", "--target", "species,island"), "holds text"),
    (("engel", "--task", "sales"), "Expected one of regression"),
    (("penguins", "--target", "species", "--cost", "0.9"), "Expected probability, or None"),
])  # fmt: skip
def test_what_cannot_be_is_refused(words, said):
    result = run(*words)
    assert result.exit_code == 2 and said in " ".join(result.output.split())
