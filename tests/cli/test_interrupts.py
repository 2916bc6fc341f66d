"""Ctrl-C, with real processes and signals: exit code 130, wherever it comes."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.backendless, pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")]

# Runs the command, and sends itself the signal at one moment; `swallow` does as a library that catches everything.
CODE = """
import os, signal, sys, time
moment, words = sys.argv[1], sys.argv[2:]
def stop(*all):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(400):
        try:
            time.sleep(0.05)
        except KeyboardInterrupt:
            if moment != "swallowed":
                raise
from importlib import import_module
if moment == "start":
    from lossary.cli import quick
    quick.answer = stop
elif moment in ("loading", "swallowed"):
    import importlib.abc
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name == "keras":
                stop()
    sys.meta_path.insert(0, Finder())
elif moment != "none":
    module, _, name = moment.rpartition(".")
    setattr(import_module(module), name, stop)
sys.argv = ["lossary", *words]
import lossary.cli.main
lossary.cli.main.main()
"""


def heeding():
    """In the new process: a run of tests in the background ignores the signal, and so would its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(moment, *words):
    """Exit code, standard output and error of a command that is interrupted."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, moment, *map(str, words)],
        preexec_fn=heeding,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("moment", ["start", "lossary.cli.compare.load", "loading", "swallowed"])
def test_before_the_first_fit_it_ends_at_once(moment, tmp_path):
    code, out, err = run(moment, "compare", "--report", tmp_path / "r.html")
    assert code == 130 and not out and "Interrupted" in err
    assert not list(tmp_path.iterdir())


def test_while_the_first_fit_runs_it_ends_at_once(tmp_path):
    code, out, _ = run("lossary.training.solved.solve", "compare", "--report", tmp_path / "r.html")
    assert code == 130 and not out and not list(tmp_path.iterdir())


def test_while_a_file_is_written_the_old_one_stays(tmp_path):
    (tmp_path / "h.svg").write_text("old")
    code, _, _ = run("lossary.core.files._take_after", "draw", "huber", "-o", tmp_path / "h.svg")
    assert code == 130
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("h.svg", "old")]


def test_the_results_are_there_when_the_files_are_interrupted(tmp_path):
    moment = "lossary.core.files._take_after"
    code, out, err = run(moment, "compare", "--loss", "mse", "--json", tmp_path / "r.json")
    assert code == 130 and "Residuals" in out and "the results are complete" in err and not list(tmp_path.iterdir())


def test_a_finished_fit_is_kept(tmp_path):
    code = (
        "import sys, os, signal, time\n"
        "from lossary.training import compare\n"
        "real, count = compare.solved, []\n"
        "def solved(*all):\n"
        "    count.append(1)\n"
        "    if len(count) == 2:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(20)\n"
        "    return real(*all)\n"
        "compare.solved = solved\n"
        "sys.argv = ['lossary', 'compare', '--loss', 'mse,mae', '--quiet']\n"
        "from lossary.cli.main import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], preexec_fn=heeding, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 130 and "Traceback" not in done.stderr
    assert "before fitting mae" in done.stdout and "a mse" in done.stdout


def test_where_it_is_ignored_it_is_ignored():
    """As for jobs that a shell starts in the background."""
    code = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); from lossary.cli import main as m\n"
    code += "w = m._whole; m._whole = lambda words: (os.kill(os.getpid(), signal.SIGINT), w(words))[1]\n"
    code += "sys.argv = ['lossary', 'show', 'nosuch', '--help']; m.main()"
    done = subprocess.run([sys.executable, "-c", code], preexec_fn=heeding, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Usage" in done.stdout
