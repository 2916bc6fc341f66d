"""Whatever holds the data, the weights are those that arrays give."""

import keras
import numpy as np
import pytest
from keras import layers

import lossary as ls
from lossary.data import rowfiles
from lossary.training import blocks, streams
from lossary.training import epochs as programs
from tests.training.test_train import BATCH, check_equal, data, linear, normalized, train, twins, two_sided


@pytest.fixture(autouse=True)
def _loops_at_once(monkeypatch):
    monkeypatch.setattr(blocks, "FEW", 2)


class Parts(keras.utils.PyDataset):
    def __init__(self, *data, **more):
        super().__init__(**more)
        self.data = data

    def __len__(self):
        return -(-len(self.data[0]) // BATCH)

    def __getitem__(self, k):
        return tuple(part[k * BATCH : (k + 1) * BATCH] for part in self.data)


def endless(parts):
    while True:
        yield from (parts[k] for k in range(len(parts)))


class Again:
    """An iterable of batches that can be gone through again."""

    def __init__(self, parts):
        self.parts = parts

    def __iter__(self):
        return (self.parts[k] for k in range(len(self.parts)))


def tensorflow(x, y):
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH), {}


def torch(x, y):
    data = pytest.importorskip("torch.utils.data")
    from torch import as_tensor

    return data.DataLoader(data.TensorDataset(as_tensor(x), as_tensor(y)), batch_size=BATCH), {}


STREAMS = {
    "tf.data": tensorflow,
    "DataLoader": torch,
    "PyDataset": lambda x, y: (Parts(x, y), {}),
    "PyDataset with threads": lambda x, y: (Parts(x, y, workers=3), {}),
    "generator": lambda x, y: (endless(Parts(x, y)), {"steps_per_epoch": 3}),
    "iterable": lambda x, y: (Again(Parts(x, y)), {}),
}


@pytest.fixture(params=["in blocks", "one by one"])
def passed(request, monkeypatch):
    """Batches come in blocks, or one by one."""
    if request.param == "one by one":
        monkeypatch.setattr(programs.backend(), "STREAM", (10**9, 10**9))


@pytest.mark.parametrize("kind", STREAMS)
def test_streams_give_the_weights_of_arrays(kind, passed, rng):
    (model, other), (x, y) = twins(linear, metrics=["mae"]), data(rng)
    source, more = STREAMS[kind](x, y)
    history = train(model, source, None, shuffle=False, **more)
    expected = train(other, x, y, shuffle=False)
    check_equal(model, other)
    for name in ("target", "mae"):
        np.testing.assert_allclose(history[name], expected[name], rtol=1e-5)


@pytest.mark.parametrize("rooms", [2, 64])
def test_blocks_of_any_size_give_the_same(rooms, rng, monkeypatch):
    monkeypatch.setattr(blocks, "BATCHES", rooms)
    (model, other), (x, y) = twins(normalized, metrics=["mae"]), data(rng, rows=100)
    history = train(model, Parts(x, y), None, shuffle=False, validation_data=(x[:30], y[:30]))
    expected = train(other, x, y, shuffle=False, validation_data=(x[:30], y[:30]))
    check_equal(model, other)
    for name in ("target", "mae", "val_target", "val_mae"):
        np.testing.assert_allclose(history[name], expected[name], rtol=1e-4)


def test_structures_and_weights_come_out_of_streams(passed, rng):
    (model, other), (x, y) = twins(two_sided), data(rng, "two_sided")
    weight = {"line": rng.uniform(size=40).astype("float32"), "kind": np.ones(40, "float32")}
    batches = [keras.tree.map_structure(lambda a, k=k: a[k : k + BATCH], (x, y, weight)) for k in range(0, 40, BATCH)]
    train(model, Again(batches), None, shuffle=False)
    train(other, x, y, sample_weight=weight, shuffle=False)
    check_equal(model, other)


def tables(x, y):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    names = ["a", "b", "c"]
    yield pandas.DataFrame(x, columns=names), pandas.DataFrame(y)
    yield polars.DataFrame(x, schema=names), polars.DataFrame(y, schema=["u", "v"])
    yield x.tolist(), y.tolist()
    yield keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
    yield x.astype("float64"), y.astype("float64")


@pytest.mark.once
def test_tables_lists_and_tensors_are_arrays(rng):
    x, y = data(rng)
    _, other = twins(linear)
    train(other, x, y)
    for x_, y_ in tables(x, y):
        model, _ = twins(linear)
        train(model, x_, y_)
        check_equal(model, other)


def mixed():
    """Tables of several types, each with the same numbers."""
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    a, b, c = [1, 2, 5, 4] * 10, [True, False] * 20, [0.5, 1.5] * 20
    table = pd.DataFrame({"a": a, "b": b, "c": c})
    yield "int and bool", table
    yield "nullable", table.convert_dtypes()
    yield "pyarrow", table.convert_dtypes(dtype_backend="pyarrow")
    yield "object", table.astype(object)
    yield "categories", table.astype("category")
    yield "polars", pl.DataFrame({"a": a, "b": b, "c": c})
    yield "sparse", pytest.importorskip("scipy.sparse").csr_array(table.to_numpy(dtype="float64"))
    yield (
        "batches",
        Again([(table[k : k + BATCH], np.ones((len(table[k : k + BATCH]), 2))) for k in range(0, 40, BATCH)]),
    )


def once_but(cases, first):
    """What is read before a backend has a part in it: on one backend, but for the first few."""
    return [pytest.param(case, marks=pytest.mark.once if k >= first else ()) for k, case in enumerate(cases)]


@pytest.mark.parametrize("case", once_but(mixed(), 2), ids=lambda case: case[0])
def test_tables_of_several_types_are_read(case):
    plain = np.stack([[1, 2, 5, 4] * 10, [1, 0] * 20, [0.5, 1.5] * 20], -1).astype("float32")
    model, other = twins(linear)
    train(model, case[1], None if case[0] == "batches" else np.ones((40, 2), "float32"), shuffle=False)
    train(other, plain, np.ones((40, 2), "float32"), shuffle=False)
    check_equal(model, other)


def test_a_sparse_matrix_that_is_large_in_full_is_read_in_batches(rng, monkeypatch):
    sparse = pytest.importorskip("scipy.sparse")
    monkeypatch.setattr(streams, "LARGE", 16)
    (model, other), (x, y) = twins(linear), data(rng)
    x[x < 0] = 0
    assert streams.stream(sparse.coo_array(x), y) is not None
    train(model, sparse.coo_array(x), y)
    monkeypatch.undo()
    train(other, x, y)
    check_equal(model, other)


BIG = 3_000_000_000  # beyond int32


@pytest.mark.once
@pytest.mark.parametrize("place", ["x", "y", "sample_weight"])
@pytest.mark.parametrize("kind", ["int64", "uint32", "uint64", "object"])
@pytest.mark.parametrize("batched", [False, True], ids=["whole", "in batches"])
def test_large_whole_numbers_keep_their_value(place, kind, batched):
    """JAX has no 64 bits: it would take them by another value."""
    numbers = {"x": np.ones((8, 1)), "y": np.zeros((8, 1)), "sample_weight": np.ones(8)}
    numbers[place] = np.full(numbers[place].shape, BIG).astype(kind)
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    given = (numbers["x"], numbers["y"], numbers["sample_weight"])
    if batched:
        history = ls.train(model, Again([given]), verbose=0)
    else:
        history = ls.train(model, *given[:2], sample_weight=given[2], verbose=0)
    expected = {"x": float(BIG) ** 2, "y": (BIG - 1.0) ** 2, "sample_weight": float(BIG)}[place]
    assert history["target"][0] == pytest.approx(expected, rel=1e-5)


def test_identities_that_an_input_cannot_hold_are_refused():
    inputs = keras.Input((1,), dtype="int32")
    outputs = layers.Flatten()(layers.Embedding(9, 1)(inputs))
    x, y = np.array([[float(BIG)], [1.0]]), np.zeros((2, 1))
    with pytest.raises(ls.LossaryError, match="x holds 3000000000"):
        ls.train(keras.Model(inputs, outputs), x, y, loss="mse", verbose=0)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ({"x": np.ma.array(np.ones((8, 3)), mask=np.eye(8, 3))}, "x is a masked array: 3 of 24"),
        ({"sample_weight": np.ma.array(np.ones(8), mask=[1] + 7 * [0])}, "sample_weight is a masked array: 1 of 8"),
        ({"y": [["red", "blue"]] * 8}, "y holds 'red'"),
        ({"x": np.full((8, 3), 1e300)}, r"x holds 1e\+300"),
        ({"x": np.zeros((0, 3))}, "0 rows in x"),
        ({"validation_data": (np.full((2, 3), "a"), np.ones((2, 2)))}, "x of validation_data holds 'a'"),
    ],
)
def test_what_cannot_be_read_is_refused_before_the_first_step(what, told):
    given = {"x": np.ones((8, 3)), "y": np.ones((8, 2)), **what}
    model, _ = twins(linear)
    with pytest.raises(ls.LossaryError, match=told):
        ls.train(model, given.pop("x"), given.pop("y"), **given)
    assert int(model.optimizer.iterations) == 0


def test_large_batches_are_not_copied_into_blocks(rng, monkeypatch):
    made = []
    monkeypatch.setattr(blocks, "Block", lambda *given: made.append(given))
    monkeypatch.setattr(programs.backend(), "JOINED", 16 * 5 * 8 - 1)
    (model, other), (x, y) = twins(linear), data(rng, rows=96)
    train(model, Parts(x, y), None, shuffle=False)
    assert not made
    monkeypatch.undo()
    train(other, x, y, shuffle=False)
    check_equal(model, other)


@pytest.mark.once
def test_a_column_is_a_target(rng):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    x, y = data(rng)
    models = []
    for column in (pandas.Series(y[:, 0]), polars.Series(y[:, 0]), y[:, :1]):
        keras.utils.set_random_seed(1)
        models.append(keras.Sequential([keras.Input((3,)), layers.Dense(1)]))
        train(models[-1], x, column, loss="mse")
    for model in models[:2]:
        np.testing.assert_allclose(model.get_weights()[0], models[2].get_weights()[0], rtol=1e-5)


def write(folder, x, y, parts=1):
    files, arrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    columns = {"a": x[:, 0], "u": y[:, 0], "b": x[:, 1], "v": y[:, 1], "c": x[:, 2]}
    for k, rows in enumerate(np.array_split(np.arange(len(x)), parts)):
        table = arrow.table({name: column[rows] for name, column in columns.items()})
        files.write_table(table, folder / f"{k}.parquet", row_group_size=7)
    return folder / "0.parquet" if parts == 1 else folder


@pytest.mark.once
@pytest.mark.parametrize("parts", [1, 3])
def test_parquet_files_are_read_as_they_are(parts, rng, tmp_path, monkeypatch):
    monkeypatch.setattr(rowfiles, "WINDOW", 10)
    (model, other), (x, y) = twins(linear), data(rng)
    train(model, write(tmp_path, x, y, parts), ["u", "v"], shuffle=False)
    train(other, x, y, shuffle=False)
    check_equal(model, other)


def test_parquet_rows_are_all_seen_in_another_order(rng, tmp_path, monkeypatch):
    monkeypatch.setattr(rowfiles, "WINDOW", 10)
    x, y = data(rng)
    made = streams.stream(write(tmp_path, x, y), ["u", "v"], batch_size=16, seed=1)
    seen = [np.concatenate([batch[0] for batch in made.batches()]) for _ in range(2)]
    assert not np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[0], x)
    for rows in seen:
        np.testing.assert_array_equal(np.sort(rows[:, 0]), np.sort(x[:, 0]))


def test_large_arrays_stay_where_they_are(rng, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "LARGE", 16)
    (model, other), (x, y) = twins(linear), data(rng)
    stored = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "float64", x.shape)
    stored[:] = x
    assert streams.stream(stored, y) is not None
    train(model, stored, y)
    monkeypatch.undo()
    train(other, x, y)
    check_equal(model, other)


def test_a_stream_may_hold_back_another(rng):
    (model, other), (x, y) = twins(linear), data(rng)
    history = train(model, Parts(x, y), None, validation_data=Parts(x[:20], y[:20]), shuffle=False, patience=9)
    expected = train(other, x, y, validation_data=(x[:20], y[:20]), shuffle=False)
    np.testing.assert_allclose(history["val_target"], expected["val_target"], rtol=1e-5)


def test_a_stream_stops_before_what_is_no_number(passed, rng):
    (model, other), (x, y) = twins(linear), data(rng, rows=100)
    x[70] = np.nan
    history = train(model, Parts(x, y), None, shuffle=False)
    assert history.stopped.startswith("step 5 (epoch 1, batch 5): the inputs are not finite in 1 of 16 rows")
    other.fit(x[:64], y[:64], batch_size=BATCH, shuffle=False, verbose=0)
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(history.batch[0], x[64:80])


def test_the_first_batch_of_a_generator_is_not_lost(rng):
    x, y = data(rng)
    seen = []

    def source():
        for k in range(6):
            seen.append(k)
            yield x[:8], y[:8]

    model = keras.Sequential([layers.Dense(2)])
    ls.train(model, source(), loss="mse", steps_per_epoch=3, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 6 and seen == list(range(6))
