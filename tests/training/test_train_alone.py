"""Epochs run on one device in one process: anything else is refused, not trained wrongly."""

import os
import socket
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

import lossary as ls
from tests.backends import BACKEND

X, Y = np.zeros((4, 3), "float32"), np.zeros((4, 2), "float32")

MEMBER = """
import sys, numpy as np, torch.distributed as group
group.init_process_group("gloo", init_method="tcp://127.0.0.1:" + sys.argv[2], rank=int(sys.argv[1]), world_size=2)
import keras, lossary as ls
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
try:
    ls.train(model, np.zeros((4, 3)), np.zeros((4, 1)), loss=ls.RootMeanSquaredError(), verbose=0)
except ls.LossaryError as error:
    print(error)
group.destroy_process_group()
"""


@pytest.mark.skipif(BACKEND != "torch", reason="process groups are torch's")
def test_a_torch_process_group_is_refused():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-c", MEMBER]
    processes = [
        subprocess.Popen([*command, str(rank), port], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        for rank in range(2)
    ]
    for said in [process.communicate(timeout=120)[0] for process in processes]:
        assert "This process is one of 2 of a torch process group." in said
        assert "root_mean_squared_error takes the root of each replica's rows" in said and "ls.across()" in said


@pytest.mark.skipif(BACKEND != "tensorflow", reason="strategies are TensorFlow's")
@pytest.mark.parametrize("loss", ["circle", "huber"])
def test_a_strategy_is_refused_and_the_loss_judged(loss):
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
        model.compile("sgd", ls.get(loss))
    with pytest.raises(ls.LossaryError, match="MirroredStrategy") as caught:
        ls.train(model, X, Y)
    assert "compares rows with one another" not in str(caught.value)  # it is exact there


@pytest.mark.parametrize("model", [None, object(), "huber", lambda x: x], ids=["None", "object", "text", "function"])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(ls.LossaryError, match="a Keras model"):
        ls.train(model, X, Y, loss="mse")
