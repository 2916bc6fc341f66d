"""Ray as a launcher: two workers, with 40 and 21 rows, against one process.

`python -m tests.engines.ray_run FOLDER [killed]` prints the last value and the weights of one process, and of each
worker. With `killed`, the second worker is killed in the middle of the first attempt.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig

BACKEND = os.environ["KERAS_BACKEND"]
TRAINERS = {
    "torch": "ray.train.torch:TorchTrainer",
    "jax": "ray.train.v2.jax:JaxTrainer",
    "tensorflow": "ray.train.tensorflow:TensorflowTrainer",
}
STEPS, RATE = 5, 0.1


def data(rows):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(61, 3))
    y, w = x[:, :1] * 2 + 1 + rng.normal(size=(61, 1)), np.exp(rng.normal(size=61))
    return x[rows], y[rows], w[rows]


def torch_steps(rows, across, before):
    import torch
    from ray.train.torch import prepare_model

    import lossary as ls

    x, y, w = map(torch.tensor, data(rows))
    net, loss = torch.nn.Linear(3, 1).double(), ls.RootMeanSquaredError(dtype="float64")
    for parameter in net.parameters():
        torch.nn.init.zeros_(parameter)
    model = prepare_model(net) if across else net
    steps = torch.optim.SGD(model.parameters(), RATE)
    with ls.across() if across else contextlib.nullcontext():
        for step in range(STEPS):
            before(step)
            value = loss(y, model(x), sample_weight=w)
            steps.zero_grad()
            value.backward()
            steps.step()
    return [value.item(), *(number for v in net.parameters() for number in v.detach().flatten().tolist())]


def jax_steps(rows, across, before):
    import jax
    from jax.sharding import Mesh, NamedSharding
    from jax.sharding import PartitionSpec as P

    import lossary as ls

    loss = ls.RootMeanSquaredError(dtype="float64")

    def number(m, x, y, w):
        return loss(y, x @ m[:3] + m[3], sample_weight=w)

    def on_each(m, x, y, w):
        with ls.across("batch"):
            return jax.lax.pmean(jax.value_and_grad(number)(m, x, y, w), "batch")

    given, step_of = data(rows), jax.jit(jax.value_and_grad(number))
    if across:
        mesh = Mesh(np.array(jax.devices()), ("batch",))
        given = [jax.make_array_from_process_local_data(NamedSharding(mesh, P("batch")), a) for a in ls.padded(*given)]
        step_of = jax.jit(jax.shard_map(on_each, mesh=mesh, in_specs=(P(), *[P("batch")] * 3), out_specs=P(),
                                        check_vma=False))  # fmt: skip
    m = np.zeros((4, 1))
    for step in range(STEPS):
        before(step)
        value, slope = step_of(m, *given)
        m = m - RATE * np.asarray(slope)
    return [float(value), *m[:, 0].tolist()]


def tensorflow_steps(rows, across, before):
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy() if across else tf.distribute.get_strategy()
    import lossary as ls

    x, y, w = data(rows)
    loss = ls.RootMeanSquaredError(dtype="float64")
    with strategy.scope():
        m = tf.Variable(np.zeros((4, 1)))

    @tf.function
    def step_of():
        def of_replica():
            with tf.GradientTape() as tape:
                value = loss(tf.constant(y), tf.constant(x) @ m[:3] + m[3], sample_weight=tf.constant(w))
            return tf.distribute.get_replica_context().all_reduce("SUM", [value, tape.gradient(value, m)])

        return strategy.run(of_replica)

    for step in range(STEPS):
        before(step)
        value, slope = step_of()
        m.assign_sub(RATE * slope)
    return [float(value), *m.numpy()[:, 0].tolist()]


def begun(rank, count):
    """JAX's processes find one another: the first one says where it listens."""
    import jax
    from ray.train.collective import broadcast_from_rank_zero

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    jax.distributed.initialize(broadcast_from_rank_zero(address if rank == 0 else None), count, rank)


def loop(config):
    context = ray.train.get_context()
    rank, folder = context.get_world_rank(), Path(config["folder"])

    def before(step):
        mark = folder / "killed"
        if config["killed"] and rank == 1 and step == 2 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    if BACKEND == "jax":
        begun(rank, context.get_world_size())
    steps = {"torch": torch_steps, "jax": jax_steps, "tensorflow": tensorflow_steps}[BACKEND]
    found = steps(slice(0, 40) if rank == 0 else slice(40, 61), True, before)
    (folder / f"{rank}.json").write_text(json.dumps(found))


def main(folder, killed):
    variables = {"KERAS_BACKEND": BACKEND, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "GLOO_SOCKET_IFNAME": "lo",
                 "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}  # fmt: skip
    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": variables})
    place, _, name = TRAINERS[BACKEND].partition(":")
    trainer = getattr(import_module(place), name)(
        loop,
        train_loop_config={"folder": str(folder), "killed": killed},
        scaling_config=ScalingConfig(num_workers=2),
        run_config=RunConfig(storage_path=str(folder), failure_config=FailureConfig(max_failures=int(killed))),
    )
    trainer.fit()
    ray.shutdown()
    assert killed == (folder / "killed").exists()
    steps = {"torch": torch_steps, "jax": jax_steps, "tensorflow": tensorflow_steps}[BACKEND]
    alone = steps(slice(None), False, lambda step: None)
    print(json.dumps([alone, *(json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1))]))


if __name__ == "__main__":
    os.environ["JAX_ENABLE_X64"] = "1"
    main(Path(sys.argv[1]), sys.argv[2:] == ["killed"])
