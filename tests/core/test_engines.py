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
    """As if two replicas computed the step; a call of it switches to two processes."""
    monkeypatch.setattr(engines, "_SAID", set())
    monkeypatch.setattr(engines, "together", lambda: (2, False))
    return lambda: monkeypatch.setattr(engines, "together", lambda: (2, True))


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (ls.RootMeanSquaredError(), "RootMeanSquaredError takes the root"),
        (ls.Dice(whole_batch=True), "Dice is computed from sums"),
        (ls.Huber() + ls.RootMeanSquaredError(), "RootMeanSquaredError takes the root"),
        (functools.partial(ls.dice, whole_batch=True), "Dice is computed from sums"),
        (ls.root_mean_squared_error, "RootMeanSquaredError takes the root"),
    ],
    ids=["root", "ratio", "sum", "partial", "function"],
)
def test_it_is_said_once(loss, words, two):
    (text,) = said(lambda: loss(Y, P), lambda: loss(Y, P))
    assert words in text
    assert "On 2 replicas" in text


def test_what_to_do_depends_on_what_is_wrong(two):
    loss = ls.Huber(reduction="mean_with_sample_weight")
    assert not said(lambda: loss(Y, P))
    (text,) = said(lambda: loss(Y, P, sample_weight=[1, 2]))
    assert 'reduction="sum"' in text
    two()
    (text,) = said(lambda: ls.Hinge(reduction="sum")(Y, P))
    assert "On 2 processes" in text


@pytest.mark.parametrize("loss", [ls.Huber(), ls.Dice(), ls.huber], ids=["class", "ratio of a row", "function"])
def test_means_over_rows_say_nothing(loss, two):
    assert not said(lambda: loss(Y, P))


def test_one_device_says_nothing(monkeypatch):
    monkeypatch.setattr(engines, "_SAID", set())
    assert not said(lambda: ls.RootMeanSquaredError()(Y, P))


REPLICAS = """
    import warnings
    import tensorflow as tf

    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    import keras
    import numpy as np
    import lossary as ls

    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.compile("sgd", loss=ls.RootMeanSquaredError())
    model.fit(np.ones((8, 3)), np.ones((8, 2)), batch_size=4, epochs=2, verbose=0)
"""
PROCESSES = """
    import torch
    from torch.testing._internal.distributed.fake_pg import FakeStore
    import lossary as ls

    torch.distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())
    for _ in range(2):
        ls.RootMeanSquaredError()(torch.zeros(4, 1), torch.ones(4, 1, requires_grad=True))
"""
ENGINES = {"tensorflow": (REPLICAS, "On 2 replicas"), "torch": (PROCESSES, "On 2 processes")}


@pytest.mark.skipif(BACKEND not in ENGINES, reason="a program of JAX sees global arrays")
def test_the_engines_of_the_backend_are_seen():
    code, words = ENGINES[BACKEND]
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("differs from that on one device") == 1
    assert words in done.stderr
