"""Custom loops under MultiWorkerMirroredStrategy: two processes, unequal numbers of rows."""

import json
import os
import socket
import subprocess
import sys

import pytest

from tests.backends import BACKEND

WORKER = """
import json, os, sys
rank = int(sys.argv[1])
import tensorflow as tf
strategy = tf.distribute.MultiWorkerMirroredStrategy()
import numpy as np
import lossary as ls

R = np.random.default_rng(0)
X, Y, I = R.normal(size=(13, 3)).astype("float32"), R.normal(size=(13, 1)).astype("float32"), R.integers(0, 3, 13)
W = np.exp(R.normal(size=13)).astype("float32")
mine = slice(0, 11) if rank == 0 else slice(11, 13)
for loss, y, outputs in (
    (ls.RootMeanSquaredError(), Y, 1), (ls.Huber(reduction="mean_with_sample_weight"), Y, 1), (ls.NTXent(), I, 4),
):
    start = R.normal(size=(3, outputs)).astype("float32")
    alone = tf.Variable(start)
    with tf.GradientTape() as tape:
        want = loss(y, X @ alone, sample_weight=W)
    slope = tape.gradient(want, alone)
    with strategy.scope():
        shared = tf.Variable(start)

    @tf.function
    def step():
        def of_replica():
            with tf.GradientTape() as tape:
                value = loss(tf.constant(y[mine]), tf.constant(X[mine]) @ shared, sample_weight=tf.constant(W[mine]))
            slope = tape.gradient(value, shared)
            return value, tf.distribute.get_replica_context().all_reduce("SUM", slope)
        value, slope = strategy.run(of_replica)
        return strategy.reduce("SUM", value, axis=None), slope

    value, seen = step()
    print(json.dumps([loss.name, abs(float(value - want)), float(tf.reduce_max(tf.abs(seen - slope)))]), flush=True)
"""


@pytest.mark.full
@pytest.mark.skipif(BACKEND != "tensorflow", reason="the strategy is TensorFlow's")
def test_workers_of_tensorflow():
    free = [socket.socket() for _ in range(2)]
    for one in free:
        one.bind(("127.0.0.1", 0))
    workers = [f"127.0.0.1:{one.getsockname()[1]}" for one in free]
    for one in free:
        one.close()
    running = []
    for rank in range(2):
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": rank}}
        command = [sys.executable, "-c", WORKER, str(rank)]
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    for process in running:
        lines = [json.loads(line) for line in process.communicate(timeout=200)[0].splitlines() if line[:1] == "["]
        assert len(lines) == 3 and all(value < 2e-6 and slope < 2e-6 for _, value, slope in lines), lines
