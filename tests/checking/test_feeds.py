"""A check reads whatever training reads, and what is cheap on all rows."""

import keras
import numpy as np
import pytest

import lossary as ls
from tests.backends import BACKEND

N = 600
R = np.random.default_rng(3)
X = R.normal(size=(N, 3)).astype("float32")
KIND = np.arange(N) % 3
LATE = np.where(np.arange(N) == 500, 7, KIND)  # one label of no class, far behind the first rows


@pytest.fixture(scope="module")
def model():
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activation="softmax")])
    made.compile("sgd", loss=ls.SparseCategoricalCrossentropy())
    return made


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x) // 50

    def __getitem__(self, k):
        return self.x[50 * k : 50 * k + 50], self.y[50 * k : 50 * k + 50]


def of_pandas(x, y):
    import pandas

    return pandas.DataFrame(x, columns=list("abc")), pandas.Series(y)


def of_polars(x, y):
    import polars

    return polars.DataFrame(x, schema=list("abc")), polars.Series(y)


def of_torch(x, y):
    import torch

    data = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    return (torch.utils.data.DataLoader(data, batch_size=50),)


def of_tensorflow(x, y):
    import tensorflow as tf

    return (tf.data.Dataset.from_tensor_slices((x, y)).batch(50),)


def of_parquet(x, y, folder):
    import pyarrow
    import pyarrow.parquet

    columns = {name: x[:, k] for k, name in enumerate("abc")} | {"kind": y, "__index_level_0__": np.arange(len(y))}
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "rows.parquet")
    return folder / "rows.parquet", "kind"


def of_folder(x, y, folder):
    """Two files, the first smaller than a look, with an index of a name of its own."""
    import pandas

    table = pandas.DataFrame(x, columns=list("abc")).assign(kind=y)
    table.index = pandas.Index(7 * np.arange(len(y)), name="id")
    for k, part in enumerate((table[:30], table[30:])):
        part.to_parquet(folder / f"{k}.parquet")
    return folder, ["kind"]


FILES = {"parquet": of_parquet, "folder": of_folder}
SOURCES = {
    "arrays": lambda x, y: (x, y),
    "lists": lambda x, y: (x.tolist(), y.tolist()),
    "tensors": lambda x, y: (keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)),
    "pandas": of_pandas,
    "polars": of_polars,
    "PyDataset": lambda x, y: (Batches(x, y),),
    "torch": of_torch,
    "tensorflow": of_tensorflow,
    "iterable": lambda x, y: ([(x[k : k + 50], y[k : k + 50]) for k in range(0, N, 50)].__iter__,),
}


class Again:
    """Gives its batches whenever it is gone through."""

    def __init__(self, begin):
        self.begin = begin

    def __iter__(self):
        return self.begin()


def given(name, y, folder):
    if name in FILES:
        return FILES[name](X, y, folder)
    made = SOURCES[name](X, y)
    return (Again(made[0]),) if name == "iterable" else made


@pytest.mark.parametrize("name", [*SOURCES, *FILES])
def test_a_label_far_behind_is_seen_in_every_source(model, name, tmp_path):
    if name == "tensorflow" and BACKEND != "tensorflow":
        pytest.importorskip("tensorflow")
    assert not ls.check(model, *given(name, KIND, tmp_path))
    found = ls.check(model, *given(name, LATE, tmp_path))
    assert [finding.id for finding in found] == ["L003"] and "Row 500 is the first" in found[0].message
    assert found.rows == 256 and found.every == N and "targets and weights of 600" in found.summary()


def test_a_generator_is_taken_as_far_as_it_is_looked_at(model):
    batches = iter([(X[k : k + 50], LATE[k : k + 50]) for k in range(0, N, 50)])
    assert not ls.check(model, batches)
    assert len(list(batches)) == 6  # of twelve


def test_an_endless_stream_ends(model):
    def endless():
        while True:
            yield X[:50], KIND[:50]

    assert not ls.check(model, Again(endless))


def test_batches_with_weights(model):
    batches = [(X[k : k + 50], KIND[k : k + 50], np.where(k == 550, -1.0, 1.0) * np.ones(50)) for k in range(0, N, 50)]
    found = ls.check(model, Again(lambda: iter(batches)))
    assert [finding.id for finding in found] == ["L016"] and found[0].numbers["row"] == 550


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("Put them into the batches", lambda model: ls.check(model, iter([]), KIND)),
        ("yields none", lambda model: ls.check(model, iter([]))),
        ("hold only inputs", lambda model: ls.check(model, iter([X[:50]]))),
        ("There is no Parquet file at", lambda model: ls.check(model, "nowhere.parquet", "kind")),
        ("could not be read", lambda model: ls.check(model, __file__, "kind")),
        ("y is missing", lambda model: ls.check(model, X)),
        ("rows", lambda model: ls.check(model, {"a": X}, KIND[:5])),
    ],
)
def test_what_gives_no_rows_is_refused(model, words, call):
    with pytest.raises(ls.LossaryError, match=words):
        call(model)


LATER = {  # the rule, and data whose trouble lies behind the rows that are looked at whole
    "nan target": ("L003", lambda: ("mse", np.where(np.arange(N) == 400, np.nan, 0.0)[:, None], np.ones((N, 1)))),
    "count below 0": ("L003", lambda: (ls.Poisson(), np.where(np.arange(N) == 400, -1.0, 1.0), np.ones(N))),
    "label of 255": ("L003", lambda: ("bce", np.where(np.arange(N) == 400, 255, KIND > 0), np.full(N, 0.5))),
    "sign of 3": ("L003", lambda: ("hinge", np.where(np.arange(N) == 400, 3, 2 * (KIND > 0) - 1), X[:, 0])),
    "blank inside": ("L003", lambda: (
        ls.CTC(), np.where(np.arange(2 * N).reshape(N, 2) == 800, 0, [[1, 2]]), np.zeros((N, 5, 4), "float32"))),
    "row of no class": ("L003", lambda: (
        "cce", np.eye(3)[KIND] * (np.arange(N) != 400)[:, None], np.full((N, 3), 1 / 3))),
    "weight of nan": ("L016", lambda: ("mse", X, X + 1, np.where(np.arange(N) == 400, np.nan, 1.0))),
}  # fmt: skip


@pytest.mark.parametrize("name", LATER)
def test_what_is_cheap_is_seen_in_all_rows(name):
    id, make = LATER[name]
    found = [finding for finding in ls.check(*make()) if finding.id == id]
    assert found and found[0].numbers["row"] == 400


def test_ignored_and_weightless_labels_far_behind_are_lawful():
    p, w = np.full((N, 3), 1 / 3), np.where(np.arange(N) == 500, 0.0, 1.0)
    assert not ls.check(ls.SparseCategoricalCrossentropy(ignore_class=7), LATE, p)
    assert not ls.check(ls.SparseCategoricalCrossentropy(), LATE, p, w)


def test_an_input_far_behind_is_seen(model):
    x = X.copy()
    x[555, 2] = np.nan
    found = ls.check(model, x, KIND)
    assert [finding.id for finding in found.errors] == ["L019"] and found[0].numbers["row"] == 555
