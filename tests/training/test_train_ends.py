"""Where a stream ends: an epoch is what it was said to be, or training stops with a sentence."""

import keras
import numpy as np
import pytest
from keras import layers

import lossary as ls
from tests.training.test_train import BATCH, check_equal, data, linear, train, twins
from tests.training.test_train_data import Again, Parts, endless


def batches(count, rng=None):
    x, y = data(rng or np.random.default_rng(0))
    return [(x[k : k + 4], y[k : k + 4]) for k in range(0, 4 * count, 4)]


@pytest.fixture(params=["in blocks", "one by one"], autouse=True)
def _passed(request, monkeypatch):
    from lossary.training import epochs

    if request.param == "one by one":
        monkeypatch.setattr(epochs.backend(), "STREAM", (10**9, 10**9))


@pytest.mark.parametrize(
    ("steps", "ends", "place"), [(20, 1, "epoch 1, after 7 of 20"), (7, 1, "epoch 2, after 0 of 7")]
)
def test_a_generator_that_ends_too_soon(steps, ends, place):
    (model, other), given = twins(linear), batches(7)
    history = train(model, iter(given), None, steps_per_epoch=steps, epochs=3)
    assert history.stopped == f"x ended in {place} batches; weights are those after its last batch."
    assert len(history.epoch) == ends == len(history["target"]) and 0 < history["target"][-1] < np.inf
    assert history.best_epoch == 1
    train(other, Again(given), None, epochs=1)
    check_equal(model, other)


def test_the_best_epoch_is_kept_when_a_generator_ends():
    (model, other), given = twins(linear), batches(5)
    x, y = given[0]
    worse = [(x, 100 * y)] * 2
    history = train(model, iter([*given[:3], *worse]), None, steps_per_epoch=3, epochs=9, patience=3)
    assert history.stopped == "x ended in epoch 2, after 2 of 3 batches; weights are those after epoch 1, the best."
    train(other, Again(given[:3]), None, epochs=1)
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_something_that_is_empty_the_second_time():
    class Tired:
        def __init__(self):
            self.given = iter(batches(3))

        def __iter__(self):
            return self.given

    model, _ = twins(linear)
    history = train(model, Tired(), None, epochs=4)
    assert len(history.epoch) == 1 and history.stopped.startswith("x ended in epoch 2, after 0")


@pytest.mark.parametrize("steps", [2, 3, 5, 7])
def test_epochs_go_on_where_the_last_one_ended(steps):
    """No batch is left out for ever."""
    given, seen = batches(5), []

    class Listed(Parts):
        def __init__(self):
            keras.utils.PyDataset.__init__(self)

        def __len__(self):
            return 5

        def __getitem__(self, k):
            seen.append(k)
            return given[k]

    model, _ = twins(linear)
    train(model, Listed(), None, steps_per_epoch=steps, epochs=4, shuffle=False)
    made = 4 * min(steps, 5)
    assert seen[:made] == [k % 5 for k in range(made)] and int(model.optimizer.iterations) == made


def test_fewer_batches_than_steps_are_said():
    model, _ = twins(linear)
    history = train(model, Again(batches(3)), None, steps_per_epoch=20, epochs=2)
    assert history.notes == ["x has 3 batches: an epoch is these, not steps_per_epoch=20."]
    assert history.notes[0] in str(history) and int(model.optimizer.iterations) == 6


class Endless(keras.utils.PyDataset):
    @property
    def num_batches(self):
        return None

    def __getitem__(self, k):
        return batches(5)[k % 5]


def test_a_dataset_without_end_has_epochs_of_steps():
    (model, other), given = twins(linear), batches(5)
    history = train(model, Endless(), None, steps_per_epoch=5, epochs=2)
    assert not history.stopped
    train(other, Again(given), None, epochs=2)
    check_equal(model, other)
    with pytest.raises(ls.LossaryError, match="no end"):
        train(model, Endless(), None)


def test_threads_read_a_little_ahead_and_no_more():
    seen = []

    class Watched(Parts):
        def __getitem__(self, k):
            seen.append(k)
            return super().__getitem__(k)

    x, y = np.zeros((100 * BATCH, 3), "float32"), np.zeros((100 * BATCH, 2), "float32")
    from lossary.training.streams import stream

    coming = stream(Watched(x, y, workers=2), shuffle=False).batches()
    next(coming)
    assert len(seen) < 10
    assert sum(1 for _ in coming) == 99


class Nothing:
    def __iter__(self):
        return iter(())


class Empty(Parts):
    def __len__(self):
        return 0


HELD = {
    "an iterator": lambda: iter(batches(2)),
    "a generator": lambda: endless(batches(2)),
    "a dataset without end": Endless,
    "an empty dataset": lambda: Empty([]),
    "an empty iterable": Nothing,
}


@pytest.mark.parametrize("kind", HELD)
def test_rows_held_back_are_gone_through_each_time(kind):
    held = HELD[kind]()
    model, _ = twins(linear)
    with pytest.raises(ls.LossaryError, match=r"validation_data=...\) is evaluated after each epoch"):
        train(model, *data(np.random.default_rng(0)), validation_data=held)


def test_any_iterable_may_be_held_back():
    (model, other), given = twins(linear), batches(3)
    x, y = (np.concatenate([batch[k] for batch in given]) for k in (0, 1))
    history = train(model, x, y, validation_data=Again(given))
    expected = train(other, x, y, validation_data=(x, y))
    np.testing.assert_allclose(history["val_target"], expected["val_target"], rtol=1e-5)


@pytest.mark.parametrize("bad", ["text", "empty"])
def test_a_batch_that_cannot_be_read_is_named(bad):
    x, y = batches(1)[0]
    wrong = (np.array([["a", "b", "c"]] * 4), y) if bad == "text" else (x[:0], y[:0])
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    with pytest.raises(ls.LossaryError, match="'a' at" if bad == "text" else "0 rows in x"):
        ls.train(model, iter([wrong]), loss="mse", steps_per_epoch=3, verbose=0)


def test_a_history_says_which_columns_it_has():
    history = ls.train(
        keras.Sequential([keras.Input((3,)), layers.Dense(2)]),
        np.full((4, 3), np.nan, "float32"),
        np.zeros((4, 2), "float32"),
        loss="mse",
        verbose=0,
    )
    with pytest.raises(
        KeyError, match=r"There is no column 'target'. No epoch has ended. history.stopped says why: step 1"
    ):
        history["target"]
    assert "target" not in history and history.get("target", 3) == 3
