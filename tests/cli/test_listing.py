"""`lossary list` and `lossary show`, and that neither loads Keras."""

import json
import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import lossary as ls
from lossary.cli import quick
from lossary.cli.commands import cli
from lossary.cli.listing import list_command, show_command
from lossary.core import catalogue

pytestmark = pytest.mark.backendless


def run(*words, code=0):
    result = CliRunner().invoke(cli, words, env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert result.exit_code == code, result.output
    return result


def test_list_names_every_loss_and_family():
    text = run("list").stdout
    for name in ls.losses():
        assert name[:26] in text
    assert max(map(len, text.splitlines())) <= 80


def test_list_filters():
    assert run("list", "--names").stdout.split() == [*ls.losses(), *catalogue.parts()]
    assert run("list", "--names", "--family", "robust").stdout.split() == ls.losses(family="robust")
    assert {"quantile", "smooth_quantile"} <= set(run("list", "--names", "pinball").stdout.split()) < set(ls.losses())
    assert "huber" in run("list", "--names", "HuberLoss").stdout.split()
    there = run("list", "--library", "smp", "--family", "overlaps")
    assert "there segmentation_models_pytorch.losses.DiceLoss" in there.stdout
    assert run("list", "--names", "--library=smp").stdout.split() == ls.losses(library="smp")
    both = run("list", "--names", "--task", "regression", "--trait", "convex").stdout.split()
    assert both == sorted(set(ls.losses(task="regression")) & set(ls.losses(trait="convex")))


def test_list_as_json():
    cards = json.loads(run("list", "--family", "margins", "--json").stdout)
    assert [card["function"] for card in cards] == ls.losses(family="margins")


def test_list_without_a_hit_and_with_an_unknown_family():
    assert "without a filter" in run("list", "zzzz", code=1).stderr
    assert "Expected one of" in run("list", "--family", "zzzz", code=2).stderr


@pytest.mark.parametrize("name", ls.losses())
def test_show_every_loss(name):
    text = run("show", name).stdout
    card = ls.card(name)
    assert text.startswith(card.name)
    assert card.summary.split()[0] in text
    for param in card.params:
        assert f"{param.name} = " in text
    assert ("┤" in text) == (card.curve is not None)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_show_takes_aliases_and_names_of_peers():
    assert run("show", "mse").stdout.startswith("MeanSquaredError")
    assert run("show", "torch.nn.HuberLoss").stdout.startswith("Huber")
    assert json.loads(run("show", "tukey", "--json").stdout)["function"] == "tukey_biweight"
    assert "Did you mean huber?" in run("show", "hubr", code=2).stderr


@pytest.mark.parametrize("name", catalogue.parts())
def test_show_and_list_know_the_parts_of_a_target(name):
    text = run("show", name).stdout
    assert text.startswith(f"{name} (part of a target") and f"ls.{name}(" in text
    assert name in run("list", name, "--names").stdout.split()
    assert json.loads(run("show", name, "--json").stdout)["name"] == name


def test_parts_are_a_family_of_their_own():
    assert run("list", "--names", "--family", "parts").stdout.split() == list(catalogue.parts())
    assert "parts of a target" in run("list").stdout and "GradNorm" in run("list").stdout


def test_help_lists_commands_and_tables():
    assert "compare" in run("--help").stdout
    text = run("compare", "--help").stdout
    assert "phones (24 rows)" in text
    assert "breast_cancer (569 rows)" in text


@pytest.mark.parametrize(
    "words", [["list"], ["show", "huber"], ["compare", "--help"], ["compare", "nosuch"], ["compare", "--loss", "hubr"]]
)
def test_keras_is_not_imported(words):
    code = (
        "import sys\nfrom lossary.cli.commands import cli\n"
        f"try: cli({words!r})\nexcept SystemExit: pass\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["--version"], ["list"], ["list", "--json"], ["show", "huber"], ["show", "hubr"]])
def test_what_only_asks_the_catalogue_loads_no_library(words):
    code = (
        "import os, sys\nfrom lossary.cli import main\n"
        f"sys.argv = ['lossary', *{words!r}]\n"
        "def leave(code):\n"
        "    other = {name.partition('.')[0] for name in sys.modules} - known\n"
        "    print('others:', *sorted(other - set(sys.stdlib_module_names) - {'lossary'}), file=sys.stderr)\n"
        "    slow = {'argparse', 'asyncio', 'ctypes', 'email', 'pathlib', 'subprocess', 'tempfile', 'unittest'}\n"
        "    print('slow:', *sorted(other & slow), file=sys.stderr)\n"
        "    raise SystemExit\n"
        "known = {name.partition('.')[0] for name in sys.modules}\nmain.os._exit = leave\nmain.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-2:] == ["others:", "slow:"], done.stderr


@pytest.mark.parametrize(
    "words", [["list"], ["list", "robust", "--json"], ["list", "--task=regression"], ["show", "mse"], ["--version"]]
)
def test_the_quick_way_and_the_whole_one_give_the_same(words, capsys):
    assert quick.answer(words)() == 0
    assert capsys.readouterr().out == run(*words).stdout


@pytest.mark.parametrize(
    "words", [["list", "-h"], ["show"], ["show", "a", "b"], ["list", "--task"], ["list", "--x"], ["draw"]]
)
def test_everything_else_is_left_to_the_whole_one(words):
    assert quick.answer(words) is None


def test_the_quick_way_knows_the_options_of_the_commands():
    for command, options in ((list_command, quick.LIST), (show_command, quick.SHOW)):
        declared = {param.name: param.is_flag for param in command.params if isinstance(param, click.Option)}
        assert declared == {name: value is False for name, value in options.items()}


def test_python_dash_m():
    done = subprocess.run([sys.executable, "-m", "lossary", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"lossary, version {ls.__version__}"


@pytest.mark.parametrize("name", [*ls.losses(), *catalogue.parts()])
def test_what_is_shown_is_typeset_nowhere(name):
    for text in (run("show", name).stdout, run("list", name).stdout, str(ls.card(name))):
        assert not re.search(r"\\[a-zA-Z]|[\^_]\{|\$", text)
