"""A loss that is not exact on several replicas says so once, in training, and nowhere else."""

import functools
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

import lossary as ls
from lossary.core import engines
from tests.backends import BACKEND

Y, P = np.float32([[0, 1], [1, 0]]), np.float32([[0.2, 0.7], [0.6, 0.3]])


def said(*calls):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for call in calls:
            call()
    return [str(w.message) for w in seen if "differs from that on one device" in str(w.message)]


@pytest.fixture
def two(monkeypatch):
    """As if two processes computed the step, which know nothing of each other."""
    monkeypatch.setattr(engines, "_SAID", set())
    monkeypatch.setattr(engines, "together", lambda: (2, True))


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (ls.RootMeanSquaredError(), "RootMeanSquaredError takes the root"),
        (ls.Dice(whole_batch=True), "Dice is computed from sums"),
        (ls.Huber() + ls.RootMeanSquaredError(), "RootMeanSquaredError takes the root"),
        (functools.partial(ls.dice, whole_batch=True), "Dice is computed from sums"),
        (ls.root_mean_squared_error, "RootMeanSquaredError takes the root"),
        (ls.Hinge(reduction="sum"), "is a sum"),
    ],
    ids=["root", "ratio", "sum", "partial", "function", "total"],
)
def test_it_is_said_once(loss, words, two):
    (text,) = said(lambda: loss(Y, P), lambda: loss(Y, P))
    assert words in text
    assert "On 2 processes" in text and "ls.across()" in text


@pytest.mark.parametrize("loss", [ls.Huber(), ls.Dice(), ls.huber], ids=["class", "ratio of a row", "function"])
def test_means_over_rows_say_nothing(loss, two):
    assert not said(lambda: loss(Y, P))


def test_one_device_says_nothing(monkeypatch):
    monkeypatch.setattr(engines, "_SAID", set())
    assert not said(lambda: ls.RootMeanSquaredError()(Y, P))


def test_replicas_of_tensorflow_say_nothing(monkeypatch):
    monkeypatch.setattr(engines, "_SAID", set())
    monkeypatch.setattr(engines, "together", lambda: (2, False))
    assert not said(lambda: ls.RootMeanSquaredError()(Y, P))


PROCESSES = """
    import torch
    from torch.testing._internal.distributed.fake_pg import FakeStore
    import lossary as ls

    torch.distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())
    for _ in range(2):
        ls.RootMeanSquaredError()(torch.zeros(4, 1), torch.ones(4, 1, requires_grad=True))
"""


@pytest.mark.skipif(BACKEND != "torch", reason="process groups are torch's")
def test_a_process_group_is_seen():
    code = textwrap.dedent(PROCESSES)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("differs from that on one device") == 1
    assert "On 2 processes" in done.stderr
