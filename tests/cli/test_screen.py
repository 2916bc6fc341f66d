"""What a comparison says: beside what needs no input, ties as ties, in honest seconds and visible characters."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from lossary._errors import visible
from lossary.cli.commands import cli
from lossary.cli.hush import hushed
from lossary.core.errors import LossaryError
from lossary.data.results import Fit, Pull, strongest

UNSEEN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]")


def run(*words, code=0):
    result = CliRunner().invoke(cli, [*map(str, words)], env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert result.exit_code == code, result.output
    return result


def test_answers_without_inputs_stand_beside_the_fits(tmp_path):
    text = run("compare", "phones", "--loss", "mse,mae", "--json", tmp_path / "r.json", "--report", tmp_path / "r.html")
    found = json.loads((tmp_path / "r.json").read_text())
    y = np.array(found["y"])
    mean, median = found["baselines"]
    assert (mean["label"], median["label"]) == ("always the mean", "always the median")
    assert mean["figures"]["train"]["rms"] == pytest.approx(y.std())
    assert median["figures"]["train"]["median |residual|"] == pytest.approx(np.median(np.abs(y - np.median(y))))
    spread = 1.4826 * np.median(np.abs(y - np.median(y)))
    assert mean["train"]["mse"] == pytest.approx(y.var() / spread**2)  # in the units of the fits
    assert median["train"]["mae"] == pytest.approx(np.abs(y - np.median(y)).mean() / spread)
    for shown in (text.stdout, (tmp_path / "r.html").read_text()):
        assert "always the median (15.5)" in shown.replace("\n", " ") and "64.15" in shown


def test_the_most_common_class_stands_beside_the_fits(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,kind\n" + "".join(f"{k % 7},{'abb'[k % 3]}\n" for k in range(60)))
    out = run("compare", path, "--target", "kind", "--loss", "bce", "--json", tmp_path / "r.json").stdout
    (base,) = json.loads((tmp_path / "r.json").read_text())["baselines"]
    assert base["value"] == "b" and base["figures"]["train"]["accuracy"] == pytest.approx(2 / 3)
    assert base["train"]["bce"] == pytest.approx(-(2 * np.log(2 / 3) + np.log(1 / 3)) / 3)
    assert "most common class" in out and "bce is no better" in " ".join(out.split())


@pytest.mark.backendless
def test_rows_that_pull_alike_are_one_entry():
    shares = {0: 0.2, 1: 0.2 * (1 + 1e-12), 2: 0.3, 3: 0.15, 5: 0.15, 6: 0.0}
    fit = Fit(
        "a", "a", {}, pull_shares=shares, pulls=[Pull(2, "row 2: x 1", 0.3, "1 above"), Pull(0, "row 0", 0.2, "")]
    )
    assert strongest(fit, 3) == [(0.3, "row 2: x 1", "1 above"), (0.2 * (1 + 1e-12), "2 rows alike: rows 0–1", "")]
    assert strongest(fit, 9)[-1] == (0.15, "2 rows alike: rows 3, 5", "")


def test_control_characters_are_shown_and_never_sent(tmp_path):
    path = tmp_path / "t\x1b[31m.csv"
    names = ("x\x1b]0;t\x07", "y\u202e\x9b")
    path.write_text(",".join([*names, "kind"]) + "\n" + "".join(f"{k},{k % 5},k\x1b[1m{k % 2}\n" for k in range(20)))
    words = ("compare", path, "--loss", "mse,mae", "--report", tmp_path / "r.html", "--json", tmp_path / "r.json")
    result = run(*words, "--target", visible(names[1]))  # a table names its columns so
    assert not UNSEEN.search(result.output) and "\\x1b" in result.output
    page = (tmp_path / "r.html").read_text()
    assert not UNSEEN.search(page) and "x\\x1b]0;t\\x07" in page and "k\\x1b[1m" in page
    assert json.loads((tmp_path / "r.json").read_text())["target"] == visible(names[1])
    assert not UNSEEN.search(str(LossaryError("a\x1b", arrived="\n\r", allowed="\u202e", do="\0")))


def test_the_results_are_printed_before_a_file_fails(tmp_path, monkeypatch):
    (tmp_path / "r.json").write_text("old")

    def refuse(*all):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lossary.core.files.os.replace", refuse)
    result = run("compare", "--loss", "mse", "--json", tmp_path / "r.json", code=2)
    assert "Residuals" in result.stdout and "No space left" in result.stderr and "Written" not in result.output
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("r.json", "old")]


@pytest.mark.backendless
def test_what_native_code_logs_is_kept_back_unless_it_fails():
    code = (
        "import os, sys\nfrom lossary.cli.hush import hushed\n"
        "def log():\n"
        "    with hushed():\n"
        "        os.write(2, b'I0000 port.cc:153\\n'); print('own', file=sys.stderr)\n"
        "        import logging; logging.getLogger('absl').warning('log')\n"
        "        if sys.argv[1] == 'fail': raise RuntimeError\n"
        "try: log()\nexcept RuntimeError: pass\nprint('after', file=sys.stderr)"
    )
    for how, expected in (("work", ["own", "after"]), ("fail", ["own", "I0000 port.cc:153", "after"])):
        done = subprocess.run([sys.executable, "-c", code, how], capture_output=True, text=True, check=True)
        assert done.stderr.splitlines() == expected


@pytest.mark.backendless
def test_hushing_leaves_other_streams_alone(capsys):
    with hushed():
        print("seen", file=sys.stderr)
    assert capsys.readouterr().err == "seen\n"


@pytest.mark.backendless
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_closed_pipe_and_a_full_disk_under_what_is_printed():
    words = [sys.executable, "-m", "lossary", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "No space left" in done.stderr and len(done.stderr.splitlines()) == 4
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert done.returncode == 141 and not done.stderr


def test_the_seconds_of_a_fit_are_its_own(monkeypatch):
    """Also of the fit that others start from."""
    from lossary.data.problem import Question, pose
    from lossary.data.tables import load
    from lossary.training import compare as module
    from lossary.training.candidates import ask
    from lossary.training.settings import Settings

    ticks = iter(range(1000))
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    problem = pose(load("phones"), Question())
    found = module.compare(problem, [ask("mae"), ask("tukey")], Settings())
    assert [fit.seconds for fit in found.fits] == [1.0, 1.0]


@pytest.mark.backendless
@pytest.mark.parametrize("command", ["compare", "check", "predict"])
def test_a_large_file_is_named_before_anything_is_loaded(command, tmp_path, capsys):
    from lossary.cli import main

    large, small = tmp_path / "large.csv", tmp_path / "fit.json"
    large.write_text("x,y\n" + "1,2\n" * 300_000)
    small.write_text("{}")
    main._say_that_it_takes_a_while([command, str(small), str(large), "-o", "out.csv"])
    main._say_that_it_takes_a_while([command, "-q", str(large)])
    assert capsys.readouterr().err == f"Reading {large} …\n"
