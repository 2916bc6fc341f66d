"""`lossary compare --save` and `lossary predict` from the command line."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from lossary.cli.commands import cli


def run(*words, code=0):
    result = CliRunner().invoke(cli, list(map(str, words)), env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table that a person in Europe writes, and a fit on it."""
    folder = tmp_path_factory.mktemp("fits")
    lines = ["when;size;colour;zip;price"]
    for k in range(60):
        size, colour = 10 + (k * 37) % 80 + 0.5, ("red", "green", "blue")[k % 3]
        price = 3 * size + 5 * (k % 3) + 0.1 * k
        numbers = [f"{size} m" if k % 10 else "", f"{price:.2f}"]
        length, cost = (number.replace(".", ",") for number in numbers)
        lines.append(f"{k % 28 + 1:02d}.{k // 28 + 1:02d}.2024;{length};{colour};0{k % 4};{cost}")
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    said = run("compare", folder / "train.csv", "--target", "price", "--missing", "impute", "--loss", "mse,mae", "-q",
               "--save", folder / "fit.json")  # fmt: skip
    return folder, said


def predicted(folder, text, *options, code=0):
    (folder / "new.csv").write_text(text)
    return run("predict", folder / "fit.json", folder / "new.csv", *options, code=code)


def numbers(result):
    return [float(row["price"]) for row in csv.DictReader(io.StringIO(result.stdout))]


def test_the_fit_that_is_saved_is_named_with_its_reason(folder):
    said = folder[1].stdout.splitlines()[-1]
    assert said.startswith("Saved: ") and "which of 2 has the smallest median |residual|" in said
    assert "training rows (none are held out)" in said and "--loss with a single loss saves another" in said


def test_columns_in_another_order_and_another_dialect(folder):
    folder, _ = folder
    dotted = predicted(folder, "extra,colour,when,zip,size\n1,red,2024-01-05,01,12.5\n2,blue,2024-02-03,02,\n")
    commas = predicted(folder, "size;zip;when;colour\n12,5 m;01;05.01.2024;red\n;02;03.02.2024;blue\n")
    assert numbers(dotted) == numbers(commas)
    assert dotted.stdout.startswith("row,price\n1,")
    for words in (
        "Not used, because the fit has no such columns: extra.",
        "'size' is taken to be in m",
        "median of the fit",
    ):
        assert words in dotted.stderr


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("red,2024-01-05,01,12.5 km", "'size' is in km"),
        ("red,2024-01-05,01,big", "line 2 holds 'big'"),
        ("pink,2024-01-05,01,12.5", "Line 2 holds 'pink' in 'colour', which the fit has not seen"),
        ("red,19000,01,12.5", "line 2 holds '19000'"),
        ("red,2024-01-05,1,12.5", "Line 2 holds '1' in 'zip'"),
        ("red,2024-01-05,2024-01-05,12.5", "in 'zip'"),
    ],
)
def test_cells_that_mean_something_else_are_refused_by_name(folder, row, words):
    result = predicted(folder[0], f"colour,when,zip,size\n{row}\n{row}\n", code=2)
    assert words in result.stderr and result.stdout == ""


def test_dates_without_a_clear_order_are_read_as_in_the_fit(folder):
    clear = predicted(folder[0], "colour,when,zip,size\nred,2024-02-01,01,12.5\n")
    unclear = predicted(folder[0], "colour,when,zip,size\nred,01/02/2024,01,12.5\n")
    assert numbers(clear) == numbers(unclear)


def test_a_decimal_sign_that_nothing_shows_is_that_of_the_fit(folder):
    clear = predicted(folder[0], "colour;when;zip;size\nred;2024-02-01;01;12,345\nred;2024-02-01;01;2,5\n")
    unclear = predicted(folder[0], "colour;when;zip;size\nred;2024-02-01;01;12,345\n")
    assert numbers(clear)[:1] == pytest.approx(numbers(unclear), rel=1e-13)
    assert "a decimal comma" in unclear.stderr and "as in the fit" in unclear.stderr


def test_a_dash_in_the_only_row_is_a_missing_cell(folder):
    table = "colour,when,zip,size\nred,2024-01-05,01,{}\n"
    assert numbers(predicted(folder[0], table.format("-"))) == numbers(predicted(folder[0], table.format("")))


def test_percent_is_never_taken_for_granted(folder):
    folder, _ = folder
    rows = "".join(f"{k * 3 % 17}%,{k % 5}.5\n" for k in range(20))
    (folder / "rates.csv").write_text("rate,y\n" + rows)
    run("compare", folder / "rates.csv", "--target", "y", "--loss", "mse", "-q", "--save", folder / "rates.json")
    (folder / "new.csv").write_text("rate\n0.12\n0.15\n")
    assert "'rate' is in no unit" in run("predict", folder / "rates.json", folder / "new.csv", code=2).stderr
    (folder / "new.csv").write_text("rate\n12%\n15%\n")
    assert len(run("predict", folder / "rates.json", folder / "new.csv").stdout.splitlines()) == 3


def test_unseen_values_may_count_as_missing(folder):
    table = "colour,when,zip,size\n{},2024-01-05,01,12.5\n"
    unseen = predicted(folder[0], table.format("pink"), "--unseen", "missing")
    assert numbers(unseen) == numbers(predicted(folder[0], table.format("")))
    assert "pink" in unseen.stderr


def test_a_column_that_is_not_there_is_named_with_its_like(folder):
    result = predicted(folder[0], "Colour,when,size\nred,2024-01-05,1\n", code=2)
    assert "It has no column colour, zip. It has 'Colour' where 'colour' was expected." in result.stderr


def test_json_and_files(folder):
    folder, _ = folder
    table = "colour,when,zip,size\nred,2024-01-05,01,12.5\n"
    document = json.loads(predicted(folder, table, "--json").stdout)
    out = folder / "out.csv"
    result = predicted(folder, table, "-o", out)
    assert result.stdout == "" and "Written: " in result.stderr
    assert float(out.read_text().split(",")[-1]) == pytest.approx(document["predictions"][0], rel=1e-14)
    assert predicted(folder, table, "-q").stderr == ""
    predicted(folder, table, "-o", folder / "new.csv", code=2)
    predicted(folder, table, "-o", folder / "fit.json", code=2)


def test_rows_without_a_prediction_keep_their_place(folder):
    folder, _ = folder
    run("compare", folder / "train.csv", "--target", "price", "--loss", "mse", "-q", "--save", folder / "drop.json")
    (folder / "new.csv").write_text("colour,when,zip,size\nred,2024-01-05,01,\nred,2024-01-05,01,5\n")
    result = run("predict", folder / "drop.json", folder / "new.csv")
    first, second = list(csv.DictReader(io.StringIO(result.stdout)))
    assert first["price"] == "" and float(second["price"]) and second["row"] == "2"
    assert "1 of 2 rows have no prediction; missing cells: size 1." in result.stderr


def test_classes_by_name_with_probabilities(folder):
    folder, _ = folder
    run("compare", "penguins", "--target", "species", "--loss", "scce", "-q", "--save", folder / "species.json")
    result = run("predict", folder / "species.json", "penguins")
    found = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(found) == 344
    known = [row for row in found if row["species"]]
    assert {row["species"] for row in known} == {"Adelie", "Chinstrap", "Gentoo"}
    for row in known:
        shares = {name: float(row[f"probability of {name}"]) for name in ("Adelie", "Chinstrap", "Gentoo")}
        assert row["species"] == max(shares, key=shares.get)
        assert float(row["probability"]) == max(shares.values())
        assert np.isclose(sum(shares.values()), 1)


def test_predicting_loads_no_backend(folder):
    folder, _ = folder
    (folder / "new.csv").write_text("colour,when,zip,size\nred,2024-01-05,01,12.5\n")
    code = (
        "import sys\nfrom lossary.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch', 'rich'} & set(sys.modules), sorted(sys.modules)\n"
    )
    words = [sys.executable, "-c", code, "predict", str(folder / "fit.json"), str(folder / "new.csv")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
