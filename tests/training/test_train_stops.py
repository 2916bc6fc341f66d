"""What ends `lossary.train` early: patience, callbacks, a target that is no number, Ctrl-C; and what is refused."""

import os
import signal
import threading

import keras
import numpy as np
import pytest
from keras import layers, optimizers

import lossary as ls
from lossary.training import epochs as programs
from lossary.training.history import History
from tests.training.test_train import check_equal, data, fit, linear, orders, state, train, twins


def straight(rows=40, spoiled=None):
    """A line that is easily fitted; `spoiled`: the row whose x is no number."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3)).astype("float32")
    y = (x @ np.float32([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])).astype("float32")
    if spoiled is not None:
        x[spoiled, 0] = np.nan
    return x, y


def test_patience_restores_the_best_weights(rng):
    (model, other), (x, y) = twins(linear), straight()
    held = x[:8], -y[:8]  # the better the fit, the worse these
    history = train(model, x, y, validation_data=held, patience=2, epochs=20)
    best = history.best_epoch
    assert len(history.epoch) == best + 2 < 20
    assert history["val_target"][best - 1] == min(history["val_target"])
    assert history.stopped == (
        f"val_target has not improved for 2 epochs; weights are those after epoch {best}, the best."
    )
    for order in orders(epochs=best):
        other.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0)
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_best_weights_are_kept_when_patience_does_not_run_out():
    (model, _), (x, y) = twins(linear), straight()
    history = train(model, x, y, validation_data=(x[:8], -y[:8]), patience=9, epochs=5)
    assert history.best_epoch < 5 and not history.stopped
    found = model.evaluate(x[:8], -y[:8], batch_size=16, verbose=0)
    assert found == pytest.approx(min(history["val_target"]), rel=1e-4)


@pytest.mark.backendless
def test_more_is_better_where_it_is():
    history = History("val_accuracy")
    for epoch, value in enumerate([0.5, 0.9, 0.7], 1):
        history.add(epoch, {"loss": 1.0, "val_accuracy": value}, 0.1)
    assert history.best_epoch == 2


class Diary(keras.callbacks.Callback):
    """What a callback is told, and sees of the model."""

    def __init__(self):
        super().__init__()
        self.told, self.weights = [], []

    def on_train_begin(self, logs=None):
        self.told.append("begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.told.append(("epoch", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.told.append(("ended", epoch, tuple(logs)))
        self.weights.append([w.copy() for w in self.model.get_weights()])

    def on_train_end(self, logs=None):
        self.told.append("end")


def test_callbacks_hear_and_see_what_they_do_in_fit(rng):
    (model, other), (x, y) = twins(linear, metrics=["mae"]), data(rng)
    mine, theirs = Diary(), Diary()
    train(model, x, y, callbacks=[mine], validation_data=(x, y), epochs=3, shuffle=False)
    other.fit(x, y, batch_size=16, epochs=3, callbacks=[theirs], validation_data=(x, y), shuffle=False, verbose=0)
    assert [one if isinstance(one, str) else one[:2] for one in mine.told] == [
        one if isinstance(one, str) else one[:2] for one in theirs.told
    ]
    parts = {"regularization", "val_regularization"}  # which fit keeps to itself for a loss of Keras
    assert {frozenset(one[2]) - parts for one in mine.told if len(one) == 3} == {
        frozenset(one[2]) for one in theirs.told if len(one) == 3
    }
    np.testing.assert_allclose(mine.weights[1][0], theirs.weights[1][0], rtol=1e-5)
    assert not np.allclose(mine.weights[0][0], mine.weights[2][0])


def test_chunks_are_as_long_as_asked(rng):
    (model, _), (x, y) = twins(linear), data(rng)
    diary = Diary()
    history = train(model, x, y, callbacks=[diary], epochs=7, chunk=3)
    assert [one[1] for one in diary.told if one[0] == "ended"] == [2, 5, 6]
    assert history.epoch == list(range(1, 8))


def test_callbacks_may_stop_save_and_change_the_rate(rng, tmp_path):
    (model, _), (x, y) = twins(linear, lambda: optimizers.SGD(0.1)), straight()
    callbacks = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0 if epoch >= 2 else rate),
        keras.callbacks.ModelCheckpoint(str(tmp_path / "{epoch}.keras")),
        keras.callbacks.EarlyStopping(monitor="loss", patience=2, min_delta=0.01),
    ]
    history = train(model, x, y, callbacks=callbacks, epochs=20)
    assert len(history.epoch) < 20 and "a callback stopped training" in history.stopped
    second, last = (keras.models.load_model(tmp_path / f"{k}.keras") for k in (2, len(history.epoch)))
    for a, b, c in zip(second.get_weights(), last.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(b, c)


@pytest.mark.parametrize("chunk", [None, 1])
def test_a_loss_that_is_no_number_stops_before_the_step(chunk, capsys):
    model, other = twins(linear)
    x, y = straight(spoiled=17)
    order = orders(epochs=1)[0]
    step = int(np.flatnonzero(order == 17)[0]) // 16
    history = train(model, x, y, epochs=5, chunk=chunk, verbose=1)
    where, _, what = history.stopped.partition(": ")
    assert where == f"step {step + 1} (epoch 1, batch {step + 1})"
    assert what.startswith("the inputs are not finite in 1 of 16 rows") and ", loss is nan, regularization " in what
    assert history.stopped.endswith("; weights are those before that step.")
    assert history.stopped in capsys.readouterr().out
    assert not len(history.epoch)
    np.testing.assert_array_equal(history.batch[0], x[order[16 * step : 16 * step + 16]])
    for k in range(step):
        other.train_on_batch(x[order[16 * k : 16 * k + 16]], y[order[16 * k : 16 * k + 16]])
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_divergence_is_found_where_it_happens():
    model, _ = twins(linear, lambda: optimizers.SGD(3.0))
    x, y = straight()
    history = train(model, x, y, epochs=50)
    assert 1 < len(history.epoch) < 50 and np.isfinite(history["target"]).all()
    assert f"(epoch {len(history.epoch) + 1}, batch " in history.stopped
    assert all(np.isfinite(values).all() for values in model.get_weights())
    x_, y_, _ = history.batch
    assert not np.isfinite(model.evaluate(x_, y_, verbose=0)) or "gradient" in history.stopped


def test_a_gradient_that_is_no_number_is_told_from_a_loss():
    def root(y_true, y_pred):
        return keras.ops.mean(keras.ops.sqrt(keras.ops.abs(y_pred - y_true)), axis=-1)

    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, kernel_initializer="zeros")])
    x, y = straight()
    y[:] = 1.0
    y[3] = 0.0  # the prediction is right, and the root has no slope there
    model.compile(optimizers.SGD(1e-3), root)
    before = state(model)
    history = train(model, x, y, batch_size=40)
    assert history.stopped.startswith("step 1 (epoch 1, batch 1): the gradient is not finite, although the loss is")
    for path, values in before.items():
        np.testing.assert_array_equal(state(model)[path], values)


def test_weights_that_were_lost_before():
    model, _ = twins(linear)
    model.layers[0].kernel.assign(np.full((3, 2), np.nan))
    history = train(model, *straight())
    assert history.stopped == "step 1 (epoch 1, batch 1): the weights are not finite before the first step."


def test_an_interrupt_ends_the_run_after_a_chunk(rng):
    (model, other), (x, y) = twins(linear), data(rng)

    class Press(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    history = train(model, x, y, callbacks=[Press()], epochs=50)
    assert history.epoch == [1, 2]
    assert history.stopped == "interrupted; weights are those after epoch 2."
    assert signal.getsignal(signal.SIGINT) is before
    train(other, x, y, epochs=2)
    check_equal(model, other)


def test_an_interrupt_inside_a_chunk_loses_that_chunk_alone(rng, monkeypatch):
    (model, other), (x, y) = twins(linear), data(rng)
    train(model, x, y, epochs=1)
    train(other, x, y, epochs=1)
    made = programs._PROGRAMS[model].programs
    (program,) = made.values()
    run, calls = program.run, []

    def slow(first, last, *rest):
        calls.append((first, last))
        os.kill(os.getpid(), signal.SIGINT)
        return run(first, last, *rest)

    monkeypatch.setattr(program, "run", slow)
    monkeypatch.setattr("lossary.training.feeds.SHORT", 0)  # as if an epoch were long: its steps in several calls
    monkeypatch.setattr("lossary.training.feeds.FIRST", 1)
    history = train(model, x, y, epochs=50)
    assert calls == [(0, 1)] and history.epoch == []
    assert history.stopped == "interrupted; weights are those after the start."
    check_equal(model, other)


def test_a_second_interrupt_is_not_deferred(rng):
    (model, _), (x, y) = twins(linear), data(rng)

    class Press(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(model, x, y, callbacks=[Press()], epochs=50)


def test_other_threads_train_too(rng):
    (model, _), (x, y) = twins(linear), data(rng)
    found = []
    thread = threading.Thread(target=lambda: found.append(train(model, x, y)))
    thread.start()
    thread.join()
    assert len(found[0].epoch) == 4


def test_calls_of_parts_of_an_epoch_give_the_same(rng, monkeypatch):
    (model, other), (x, y) = twins(linear, metrics=["mae"]), data(rng)
    monkeypatch.setattr("lossary.training.feeds.SHORT", 0)
    monkeypatch.setattr("lossary.training.feeds.FIRST", 1)
    monkeypatch.setattr("lossary.training.feeds.SECONDS", 0.0)
    history = train(model, x, y, validation_data=(x[:20], y[:20]))
    expected = fit(other, x, y, validation_data=(x[:20], y[:20]))
    check_equal(model, other)
    for name in expected[0]:
        values = history.history[name]
        np.testing.assert_allclose(values, [logs[name] for logs in expected], rtol=1e-4, err_msg=name)


def test_quiet_is_quiet(rng, capsys):
    (model, _), (x, y) = twins(linear), data(rng)
    train(model, x, y)
    assert capsys.readouterr().out == ""
    train(model, x, y, verbose=2, chunk=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[3].startswith("epoch 4/4  target ")


def test_a_history_is_a_table(rng):
    (model, _), (x, y) = twins(linear, metrics=["mae"]), data(rng)
    history = train(model, x, y, validation_data=(x, y), epochs=30)
    told = ["target", "loss", "regularization", "mae"]
    assert list(history) == [*told, *(f"val_{name}" for name in told), "seconds"]
    rows = history.rows()
    assert len(rows) == 30 and rows[4]["epoch"] == 5 and rows[4]["mae"] == history["mae"][4]
    assert len(history.table.splitlines()) == 31 and len(str(history).splitlines()) == 14
    assert str(history).splitlines()[0].split() == ["epoch", *history]


@pytest.mark.backendless
def test_the_target_is_told_apart_where_it_can_be():
    history = History()
    history.add(1, {"loss": 3.0, "regularization": 1.0, "val_loss": 2.5, "val_regularization": 1.0, "mae": 4.0}, 0.5)
    assert dict(history) == {
        "target": [3.0], "loss": [2.0], "regularization": [1.0], "mae": [4.0],
        "val_target": [2.5], "val_loss": [1.5], "val_regularization": [1.0], "seconds": [0.5],
    }  # fmt: skip
    assert history.history["loss"] == [3.0]


def test_the_check_stands_before_the_first_step(rng):
    (model, other), (x, y) = twins(lambda: (linear()[0], ls.MeanSquaredError())), data(rng)
    look = ls.Check()
    train(model, x, y, callbacks=[look])
    assert look.findings is not None and not look.findings.errors
    model.fit(x, y, verbose=0)
    before = other.get_weights()
    with pytest.raises(ls.LossaryError):
        train(other, x, np.full_like(y, np.nan), callbacks=[ls.Check()])
    for values, kept in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(values, kept)


def test_callbacks_that_wait_for_batches_are_refused(rng):
    class Counts(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    (model, _), (x, y) = twins(linear), data(rng)
    with pytest.raises(ls.LossaryError, match="Counts needs to be called for each batch"):
        train(model, x, y, callbacks=[Counts()])
    train(model, x, y, callbacks=[keras.callbacks.TerminateOnNaN()])
