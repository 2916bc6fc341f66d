"""`lossary compare FOLDER`: linear models over Parquet files, by passes."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import lossary as ls
from lossary.cli.commands import cli
from tests.linear.parquet import written

pytest.importorskip("pyarrow")


def run(*words, code=0):
    result = CliRunner().invoke(cli, ["compare", *map(str, words)], env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("rows")
    return made, written(made)


def test_fits_are_those_of_rows_in_memory_and_judged_by_every_loss(folder):
    place, known = folder
    out = place.parent / "found.json"
    words = ("--target", "y", "--ignore", "yes,kind,w,move", "--loss", "mse,mae", "--json", out)
    result = run(place, *words)
    assert "900 rows, 3 inputs, regression" in result.stdout and "Fitting with mae" in result.stderr
    found = json.loads(out.read_text())
    losses = {"mse": np.square, "mae": np.abs}
    for fit in found["fits"]:
        expected = ls.fit_linear(known["x"], known["y"], loss=fit["label"])
        np.testing.assert_allclose(fit["coefficients"], expected.coefficients, rtol=1e-9)
        e = known["y"] - expected.predict(known["x"])
        column = [found["values"][k][found["fits"].index(fit)] for k in range(2)]
        np.testing.assert_allclose(column, [of(e).mean() for of in losses.values()], rtol=1e-9)
        assert fit["passes"] >= 3 and fit["ended"] == "optimum"


def test_rows_with_a_missing_cell_are_left_out(tmp_path):
    import pandas

    rows = pandas.DataFrame({"x": np.arange(50.0), "y": np.arange(50.0) % 7})
    rows.loc[[3, 4], "x"], rows.loc[9, "y"] = np.nan, np.nan
    rows.to_parquet(tmp_path / "rows.parquet")
    found = json.loads(run(tmp_path, "--target", "y", "--loss", "mse", "--json", "-").stdout)
    whole = rows.dropna()
    assert found["rows"] == 47
    expected = ls.fit_linear(whole[["x"]].to_numpy(), whole["y"].to_numpy())
    np.testing.assert_allclose(found["fits"][0]["coefficients"], expected.coefficients, rtol=1e-9)


def test_text_is_a_column_for_each_of_its_values_but_the_first(tmp_path, rng):
    import pandas

    rows = pandas.DataFrame({"x": rng.normal(size=60), "colour": rng.choice(["red", "green", "blue"], 60)})
    rows["y"] = rows["x"] + (rows["colour"] == "red") + rng.normal(size=60)
    rows.loc[[3, 4], "colour"] = None
    for part in range(2):
        rows[part * 30 : part * 30 + 30].to_parquet(tmp_path / f"{part}.parquet")
    found = json.loads(run(tmp_path, "--target", "y", "--loss", "huber", "--json", "-").stdout)
    whole = rows.dropna()
    assert found["rows"] == 58 and found["names"] == ["x", "colour=green", "colour=red"]
    marks = np.column_stack([whole["x"], whole["colour"] == "green", whole["colour"] == "red"]).astype(float)
    expected = ls.fit_linear(marks, whole["y"].to_numpy(), loss="huber")
    np.testing.assert_allclose(found["fits"][0]["coefficients"], expected.coefficients, rtol=1e-8)
    rows.assign(colour=rows.index.astype(str)).to_parquet(tmp_path / "2.parquet")
    assert "more than 20 distinct values" in run(tmp_path, "--target", "y", "--loss", "huber", code=2).output


def test_tasks_are_told_by_the_first_rows(folder):
    place, _ = folder
    for target, task in (("yes", "binary"), ("kind", "multiclass")):
        loss = {"binary": "bce", "multiclass": "scce"}[task]
        found = run(place, "--target", target, "--features", "x0,x1", "--loss", loss, "--json", "-")
        assert json.loads(found.stdout)["task"] == task


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "No --target"),
        (("--target", "y", "--model", "mlp:4"), "--model was given, which needs all rows in memory"),
        (("--target", "y", "--as", "x0=text"), "--as was given"),
        (("--target", "nothing"), "no column 'nothing'"),
    ],
    ids=str,
)
def test_what_needs_memory_is_refused_in_a_sentence(folder, words, said):
    assert said in run(folder[0], *words, code=2).output
