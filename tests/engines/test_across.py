"""ls.across: accumulated steps, refusals together, and what is no group; ls.padded."""

import socket
import subprocess
import sys

import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import BACKEND, array, gradient, value_and_gradient
from tests.laws.cases import every_case

WEIGHT = np.array([1.0, 0.5, 0.0, 2.0, 1.5, 0.7], dtype="float32")


@every_case
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_rows_that_were_added_do_not_exist(case, reduction, rng):
    y, p = case.draw(rng)
    loss = case(reduction=reduction)
    more_p, more_y, weight = ls.padded(p, y, WEIGHT, multiple=4)
    assert len(more_p) == len(more_y) == len(weight) == 8
    value, slope = value_and_gradient(
        lambda y, p: loss(y, p, sample_weight=weight), more_y, ops.convert_to_tensor(more_p)
    )
    np.testing.assert_allclose(value, array(loss(y, p, sample_weight=WEIGHT)), rtol=3e-6, atol=1e-7)
    assert not slope[6:].any()
    want = gradient(lambda v: loss(y, v, sample_weight=WEIGHT), p)
    np.testing.assert_allclose(slope[:6], want, rtol=1e-5, atol=1e-7)


def test_added_rows_are_no_partners(rng):
    label, embedding = np.arange(6) // 2, rng.normal(size=(6, 3)).astype("float32")
    loss = ls.NTXent()
    x, y, w = ls.padded(embedding, label, multiple=4)
    np.testing.assert_allclose(array(loss(y, x, sample_weight=w)), array(loss(label, embedding)), rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "words"),
    [({"x": np.zeros(3), "y": np.zeros(4)}, "3, 4 rows"), ({"x": np.zeros(3), "multiple": 0}, "multiple=0"),
     ({"x": np.float32(1.0)}, "single number")],
)  # fmt: skip
def test_what_cannot_be_padded(given, words):
    with pytest.raises(ls.LossaryError, match=words):
        ls.padded(**given)


STEPS = [slice(0, 2), slice(2, 5), slice(5, 6)]


@pytest.mark.parametrize(
    "loss",
    [ls.Huber(), ls.Huber(reduction="mean_with_sample_weight"), ls.Huber(reduction="sum")],
    ids=lambda loss: loss.reduction,
)
def test_accumulated_steps_add_up_to_the_batch(loss, rng):
    y, p = rng.normal(size=(2, 6, 1)).astype("float32")
    want, slopes = value_and_gradient(lambda y, p: loss(y, p, sample_weight=WEIGHT), y, ops.convert_to_tensor(p))
    with ls.across(False, batches=[(y[rows], WEIGHT[rows]) for rows in STEPS]):
        found = [
            value_and_gradient(
                lambda v, q, w=WEIGHT[rows]: loss(v, q, sample_weight=w), y[rows], ops.convert_to_tensor(p[rows])
            )
            for rows in STEPS
        ]
    np.testing.assert_allclose(sum(value for value, _ in found), want, rtol=1e-6)
    np.testing.assert_allclose(np.concatenate([slope for _, slope in found]), slopes, rtol=1e-6)


def test_ignored_rows_of_accumulated_steps_are_not_counted(rng):
    y, p = np.array([0, 1, 2, 2, 1, 0]), rng.normal(size=(6, 3)).astype("float32")
    loss = ls.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2)
    with ls.across(False, batches=[(y[rows],) for rows in STEPS]):
        found = sum(float(array(loss(y[rows], p[rows]))) for rows in STEPS)
    np.testing.assert_allclose(found, float(array(loss(y, p))), rtol=1e-6)


def test_a_ratio_needs_the_whole_batch(rng):
    y = rng.integers(0, 2, (6, 4)).astype("float32")
    with ls.across(False, batches=[(y,)]), pytest.raises(ls.LossaryError, match="not a mean over rows"):
        ls.Dice(whole_batch=True)(y, y)


@pytest.mark.parametrize("group", ["batch", None, 3])
def test_what_is_no_group(group):
    if BACKEND == "jax" and group == "batch":
        pytest.skip("a mapped axis")
    with pytest.raises(ls.LossaryError, match="the name of a mapped axis"):
        ls.across(group)


@pytest.mark.parametrize("batches", [[np.zeros(3)], [()], [(None, None)]], ids=["array", "empty", "no targets"])
def test_what_is_no_step(batches):
    with pytest.raises(ls.LossaryError, match="steps that are accumulated"):
        ls.across(False, batches=batches)


MEMBER = """
import os, sys
os.environ["GLOO_SOCKET_IFNAME"] = "lo"
import numpy as np, torch, keras, lossary as ls
rank = int(sys.argv[1])
torch.distributed.init_process_group("gloo", init_method="file://" + sys.argv[2], rank=rank, world_size=2)
y, p = torch.tensor([0, 1]), torch.zeros(2, 3, requires_grad=True)
for loss, label in ((ls.SparseCategoricalCrossentropy(), y), (ls.NTXent(), y)):
    with ls.across():
        try:
            few = loss.name.startswith("sparse")
            loss(label + 9 * rank if few else label, p, sample_weight=np.ones(2 if few else 2 + rank))
        except ls.LossaryError as error:
            print(rank, loss.name, error)
try:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", ls.Huber())
    model.fit(np.zeros((4, 3)), np.zeros((4, 1)), verbose=0)
except ls.LossaryError as error:
    print(rank, "fit", error)
torch.distributed.destroy_process_group()
"""


@pytest.mark.skipif(BACKEND != "torch", reason="process groups are torch's")
def test_processes_refuse_together_and_fit_refuses(tmp_path):
    """Without an agreement, one process would wait for the other for ever."""
    command = [sys.executable, "-c", MEMBER]
    members = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store")], stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    said = [member.communicate(timeout=120)[0] for member in members]
    assert "0 sparse" in said[0] and "Process 1 refused" in said[0] and "y_true" in said[1], said
    assert "0 nt_xent" in said[0] and "1 nt_xent" in said[1] and "sample_weight" in said[1]
    assert all("one of 2 processes" in one and "does not average" in one for one in said)


@pytest.mark.parametrize("weighted", [True, False])
def test_accumulated_steps_of_named_inputs(weighted, rng):
    relevance, score = rng.integers(0, 3, (6, 4)).astype("float32"), rng.normal(size=(6, 4)).astype("float32")
    lengths, loss = np.array([4, 2, 3, 4, 1, 4]), ls.ListwiseSoftmax()
    of = lambda rows: {"sample_weight": WEIGHT[rows]} if weighted else {}  # noqa: E731
    given = lambda rows: {"relevance": relevance[rows], "lengths": lengths[rows]}  # noqa: E731
    steps = [(given(rows), WEIGHT[rows]) if weighted else (given(rows),) for rows in STEPS]
    want = float(array(loss(score=score, **given(slice(None)), **of(slice(None)))))
    with ls.across(False, batches=steps):
        found = [float(array(loss(score=ops.convert_to_tensor(score[r]), **given(r), **of(r)))) for r in STEPS]
    np.testing.assert_allclose(sum(found), want, rtol=1e-6)


UNEQUAL = """
import os, sys
rank = int(sys.argv[1])
import jax
jax.distributed.initialize(sys.argv[2], 2, rank)
import numpy as np, lossary as ls, lossary.numerics.joined.jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
mesh = Mesh(np.array(jax.devices()), ("batch",))
def number(x, w):
    with ls.across("batch"):
        return jax.lax.pmean(ls.Huber()(x, 2 * x, sample_weight=w), "batch")
step = jax.jit(jax.shard_map(number, mesh=mesh, in_specs=(P("batch"), P("batch")), out_specs=P(), check_vma=False))
ls.numerics.joined.jax.PATIENCE = 5_000
for more, padded in ((0, True), (2, False), (0, False)):  # at last, one has a program for its rows, the other none
    x = np.arange(1.0, 4.0 + more + rank, dtype="float32")[:, None]
    given = (ls.padded(x) if padded else (x, None, np.ones(len(x), "float32")))[::2]
    try:
        spread = [jax.make_array_from_process_local_data(NamedSharding(mesh, P("batch")), a) for a in given]
        print(rank, float(step(*spread)), flush=True)
    except ls.LossaryError as error:
        print(rank, error, flush=True)
os._exit(0)
"""


@pytest.mark.skipif(BACKEND != "jax", reason="processes of JAX run one program")
def test_unequal_batches_are_refused_by_all(tmp_path):
    """Without a word, each process would wait for the other one's program for ever."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-c", UNEQUAL]
    members = [subprocess.Popen([*command, str(rank), address], stdout=subprocess.PIPE, text=True) for rank in (0, 1)]
    said = [member.communicate(timeout=120)[0] for member in members]
    every = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0])
    assert all(f" {(every - 0.5).mean():.5f}" in one for one in said), said
    assert all("5 and 6 rows" in one and "ls.padded" in one for one in said), said
    assert "3 and other rows" in said[0], said
