"""Advice names only what exists: parameters that the loss has, functions and options that are there."""

import inspect
import re
from pathlib import Path

import click
import keras
import numpy as np
import pytest

import lossary as ls
from tests.laws.cases import PAIRED, Case, every_case, twin

ROOT = Path(__file__).resolve().parents[2]
BESIDE = {"sample_weight", "reduction", "name", "dtype", "axis"}  # of every call, and of NumPy's argmax
SPOILED = {
    "below": lambda y, p: (y - 9, p),
    "above": lambda y, p: (y + 99, p),
    "between": lambda y, p: (y + 0.5, p),
    "predictions below": lambda y, p: (y, p - 9),
    "predictions above": lambda y, p: (y, p + 99),
    "a row less": lambda y, p: (y[:-1], p),
    "a column more": lambda y, p: (np.stack([y, y], -1), p),
    "a number": lambda y, p: (np.asarray(y).ravel()[0], p),
    "numbers": lambda y, p: (np.asarray(y).ravel()[0], np.asarray(p).ravel()[0]),
    "a label for one row": lambda y, p: (np.asarray(y)[0], p[0]),
    "text": lambda y, p: (np.full(np.shape(y), "a"), p),
    "unequal rows": lambda y, p: ([[1.0], [2.0, 3.0]], p),
    "no axis": lambda y, p: (y, p[0, 0]),
}


def names_in(text):
    """What an advice names as a parameter: `from_logits=True`, `ignore_class=`."""
    return set(re.findall(r"(?<![\w.\[])([a-z_]+)=(?!=)", re.sub(r"\.\w+\([^)]*\)", "", text)))


@every_case
def test_errors_of_a_loss_name_its_own_parameters(case):
    y, p = case.draw(np.random.default_rng(0), 5)
    known = BESIDE | set(case.cls.signature.parameters) | set(inspect.signature(twin(case.cls)).parameters)
    told = []
    for spoil in SPOILED.values():
        for call in (case(), lambda t, q: twin(case.cls)(t, q, **case.parameters)):
            try:
                call(*spoil(y, p))
            except ls.LossaryError as error:
                told.append(error)
    assert len(told) > 3
    for error in told:
        assert names_in(error.do) <= known, str(error)
        assert "here ()" not in str(error)
        exists(error.do)


def exists(text):
    """Every function and class that a text names is there."""
    for name in re.findall(r"\bls\.(\w+)", text):
        assert hasattr(ls, name), text
    for path in re.findall(r"\bkeras((?:\.\w+)+)\(", text):
        found = keras
        for part in path.strip(".").split("."):
            found = getattr(found, part)
    for name in re.findall(r"\bnp\.(\w+)\(", text):
        assert hasattr(np, name), text


@pytest.mark.parametrize("case", [Case(cls) for cls in PAIRED], ids=str)
def test_weights_that_do_not_fit_name_their_own(case):
    y, p = case.draw(np.random.default_rng(0), 5)
    with pytest.raises(ls.LossaryError) as caught:
        case()(y, p, sample_weight=np.ones(7))
    assert names_in(caught.value.do) <= BESIDE | set(case.cls.signature.parameters)


@pytest.mark.backendless
def test_the_page_of_errors_names_what_exists():
    from lossary.cli.commands import cli

    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    text = text.partition("## Messages of other libraries")[0]
    prose = "\n".join(line for line in text.splitlines() if "**Here.**" in line or line.startswith(("  ", "Error")))
    exists(prose)
    for name, options in re.findall(r"`lossary (\w+)([^`]*)`", text):
        command = cli.commands.get(name)
        assert command is not None, name
        known = {name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts}
        assert set(re.findall(r"--[\w-]+", options)) <= known | {"--help"}, (name, options)
