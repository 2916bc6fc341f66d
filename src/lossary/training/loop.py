"""`lossary.train`: several epochs of training in one call, with the same weights as fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import tree

from .._calls import checked_call
from ..core import params
from ..core.errors import LossaryError, shown
from ..core.lookup import get
from ..core.replicas import inexact_on_replicas
from ..core.seeds import check_seed
from ..core.sums import whole
from ..numerics.backend import processes
from ..numerics.keras_private import loss_mean, strategy_of
from ..objective.apart import keep_apart
from ..objective.attachment import attachment_of
from ..objective.routing import nothing
from .blocks import StreamFeed
from .building import as_asked, build
from .epochs import Snapshot, backend, restore_weights, snapshot
from .feeds import Chunk, Feed, array_feed
from .history import History, check_monitor, columns, greater
from .interrupts import Deferred
from .progress import Line
from .sources import Arrays, Wanted, arrays
from .streams import check_held, check_seen, held_batches, stream
from .trouble import sentence


@checked_call
def train(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Any = None,
    optimizer: Any = None,
    epochs: int = 1,
    batch_size: int = 32,
    validation_data: Any = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    metrics: Any = None,
    patience: int | None = None,
    monitor: str | None = None,
    callbacks: Any = None,
    shuffle: bool = True,
    seed: int | None = None,
    steps_per_epoch: int | None = None,
    chunk: int | None = None,
    jit_compile: bool | None = None,
    verbose: int | str = "auto",
) -> History:
    """Train a Keras model, several epochs in one call, with the weights of `model.fit` on the same batches.

        history = ls.train(model, x, y, loss=ls.Huber(), optimizer="adam", epochs=100, patience=5)

    The steps are Keras's own: losses, regularization, metrics, dropout, batch normalisation, clipping, schedules and a
    `train_step` of your own work as in fit. Afterwards `model.fit`, `evaluate`, `predict` and `save` go on from there.

    Args:
        model: any Keras model; one that is not built is built from the first batch.
        x, y: rows first: arrays, tensors, tables, sparse matrices, or lists and dictionaries of these as the model
            takes them. Or x gives batches (x, y) or (x, y, sample_weight): a tf.data.Dataset, a torch DataLoader, a
            PyDataset of Keras, a generator or another iterable. Or x is the path of a Parquet file, or of a folder of
            them, and y names the columns of targets.
        loss, optimizer, metrics: given, the model is compiled with them ("adam" where no optimizer is known); else
            training continues with the compiled model, including the optimizer's state.
        epochs: how often all rows are seen.
        batch_size: rows of a step; the last batch of an epoch holds the rest. Batches of a stream are as they come.
        validation_data: (x, y) or (x, y, sample_weight), or a stream as `model.evaluate` takes it; after each epoch.
        sample_weight, class_weight: a weight for each row, or for the rows of each class.
        patience: stop when `monitor` has not improved for so many epochs, with the weights of the best one.
        monitor: a column of the history; by default the target on `validation_data`, else the target.
        callbacks: Keras's callbacks, called at epochs or at the ends of chunks, never at batches.
        shuffle: a new order of the rows for each epoch; False keeps theirs.
        seed: of the orders: the same on every backend.
        steps_per_epoch: batches of an epoch; needed where x has no end. An epoch begins where the last one ended, and
            goes through x at most once.
        chunk: epochs between two calls of the callbacks (1 where there are any), and the most that Ctrl-C can lose.
        jit_compile: True for XLA on TensorFlow and torch.compile on torch, False for neither; by default what is
            quicker for the size of the model.
        verbose: 0 quiet, 1 or "auto" a line of progress, 2 a line for each chunk.

    Returns:
        A History: a mapping of names to one number for each epoch, with `.table`, `.plot()`, `.to_pandas()`,
        `.best_epoch`, `.notes` and `.stopped`. A target that is not finite ends the run without an error: `.stopped`
        names the step and the term, and the model keeps the weights from before it. So does Ctrl-C, at the end of a
        chunk.

    Raises:
        LossaryError: for what cannot be trained, before the first step.
    """
    check_numbers(epochs=epochs, batch_size=batch_size, patience=patience, chunk=chunk)
    check_numbers(steps_per_epoch=steps_per_epoch)
    check_settings(verbose, seed, epochs=epochs, batch_size=batch_size, shuffle=shuffle, jit_compile=jit_compile)
    check_model(model)
    check_callbacks(callbacks)
    if loss is not None or optimizer is not None or metrics is not None:
        known = model.optimizer if model.compiled else None
        named = tree.map_structure(lambda one: one if one is None or callable(one) else get(one), loss)
        check_any(loss)
        with as_asked("optimizer, loss, metrics"):
            chosen = known or "adam" if optimizer is None else optimizer
            model.compile(optimizer=chosen, loss=whole(named), metrics=metrics)
    check_compiled(model)
    check_alone(model)
    keep_apart(model)
    wanted = Wanted.by(model)
    y = _targets(model, y, sample_weight)
    check_given(model, x, y)
    rows = isinstance(validation_data, tuple) and 0 < len(validation_data) < 4
    held = _held(model, validation_data, wanted) if rows else validation_data
    if not rows:
        check_held(held)
    batches = stream(x, y, sample_weight, class_weight, batch_size, shuffle, seed, steps_per_epoch, wanted)
    feed: Feed
    at_once = chunk or (1 if callbacks or patience else None)
    if batches is None:
        source = arrays(x, y, sample_weight, class_weight, wanted=wanted)
        build(model, batch := source.take(slice(0, min(batch_size, source.rows))))
        inside = held if isinstance(held, Arrays) else None
        at_once = 1 if held is not inside else at_once
        feed = array_feed(model, source, inside, batch_size, at_once, epochs, shuffle, seed, jit_compile)
    else:
        inside = None
        build(model, batch := batches.first())
        feed = StreamFeed(model, batches, epochs, jit_compile)
    names = list(model.get_metrics_result()) if monitor else []  # which JAX takes a while for
    history = History(check_monitor(monitor, names, held is not None), [] if batches is None else batches.notes)
    apart = None if held is inside else held
    run = Run(model, feed, history, epochs, at_once, patience, verbose, apart, batch_size, batch)
    return run(callbacks)


@dataclass
class Run:
    """One training: chunks until the last epoch, or a reason to stop."""

    model: Any
    feed: Feed
    history: History
    epochs: int
    chunk: int | None
    patience: int | None
    verbose: int | str
    held: Any  # what is evaluated after each epoch, outside the compiled epochs
    batch_size: int
    batch: Any  # the first, for callbacks that look at one

    def __call__(self, callbacks: Any = None) -> History:
        self.line, self.best, self.waited = Line(self.epochs, self.verbose), math.inf, 0
        self.kept: Snapshot | None = None
        self.listeners = keras.callbacks.CallbackList(
            callbacks, add_history=True, model=self.model, epochs=self.epochs, steps=self.feed.steps, verbose=0
        )
        self.model.reset_metrics()
        self.model.stop_training = False
        self._begin()
        logs: dict[str, Any] = {}
        with Deferred() as interrupt:
            while self.feed.done < self.epochs and not self.history.stopped:
                chunk = self._chunk(interrupt)
                logs = chunk.logs[-1] if chunk.logs else logs
        self._finish(logs)
        return self.history

    def _begin(self) -> None:
        """Callbacks may stand before the first step, as `lossary.Check` does: they see the first batch."""
        before, step = self.model.train_function, lambda *arguments: None
        self.model.train_function = step
        self.listeners.on_train_begin()
        try:
            if self.model.train_function is not step:
                self.model.train_function(*backend().arguments(self.model, self.batch))
        finally:
            self.model.train_function = before

    def _chunk(self, interrupt: Deferred) -> Chunk:
        done, listeners = self.feed.done, self.listeners
        count = min(self.chunk or self.feed.fitting, self.feed.most, self.epochs - done)
        listeners.on_epoch_begin(done)

        def tick(step: int) -> bool:
            self.line.step(done + 1, step, self.feed.steps)
            return interrupt.asked

        chunk = self.feed.run(count, tick)
        if chunk.interrupted:
            chunk.logs = []
        if chunk.logs and self.held is not None:
            chunk.logs[-1] |= self._evaluated()
        for k, logs in enumerate(chunk.logs):
            self.history.add(done + k + 1, logs, chunk.seconds / count)
        if len(chunk.logs) == count:
            listeners.on_epoch_end(done + count - 1, _plain(chunk.logs[-1]))
            self.line.epoch(done + count, columns(chunk.logs[-1]), chunk.seconds / count)
        self._judge(chunk, interrupt)
        return chunk

    def _evaluated(self) -> dict[str, Any]:
        """The logs of the rows held out, by Keras's own loop over them."""
        more = {"verbose": 0, "return_dict": True}
        if isinstance(self.held, Arrays):
            x, y, weight = keras.utils.unpack_x_y_sample_weight(self.held.data)
            logs = self.model.evaluate(x, y, sample_weight=weight, batch_size=self.batch_size, **more)
        else:
            logs = self.model.evaluate(held_batches(self.held), **more)
            check_seen((mean := loss_mean(self.model)) is None or float(mean.count) > 0)
        self.model.reset_metrics()
        return {f"val_{name}": value for name, value in logs.items()}

    def _judge(self, chunk: Chunk, interrupt: Deferred) -> None:
        """Whether there is a reason to stop here."""
        history = self.history
        waited = self.patience is not None and bool(chunk.logs) and self._waited()
        ended = f"epoch {history.epoch[-1]}" if history.epoch else "the start"
        if chunk.trouble is not None:
            history.batch = keras.utils.unpack_x_y_sample_weight(chunk.trouble.batch)
            history.stopped = sentence(self.model, chunk.trouble, self.feed.steps)
        elif interrupt.asked:
            history.stopped, history.interrupted = f"interrupted; weights are those after {ended}.", True
        elif chunk.over:
            ended = (
                f"those after epoch {history.best_epoch}, the best" if self.patience else "those after its last batch"
            )
            history.stopped = f"{chunk.over}; weights are {ended}."
        elif waited:
            shown = f"{history.monitor} has not improved for {self.patience} epochs"
            history.stopped = f"{shown}; weights are those after epoch {history.best_epoch}, the best."
        elif self.model.stop_training:
            history.stopped = f"a callback stopped training after {ended}."

    def _waited(self) -> bool:
        """Keep the weights of a new best epoch; whether the last one lies too far back."""
        sign = -1.0 if greater(self.history.monitor) else 1.0
        value = sign * self.history[self.history.monitor][-1]
        if value < self.best:
            self.best, self.kept, self.waited = value, snapshot(self.model), 0
        else:
            self.waited += 1
        return self.waited >= (self.patience or 0)

    def _finish(self, logs: dict[str, Any]) -> None:
        if self.kept is not None:
            restore_weights(self.model, self.kept)
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        self.model.reset_metrics()
        before = self.model.train_function
        self.listeners.on_train_end(_plain(logs))
        self.model.train_function = before
        self.line.end(self.history.notes, self.history.stopped)


def check_numbers(**numbers: int | None) -> None:
    """Counts from 1."""
    for name, number in numbers.items():
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise LossaryError(
                f"train({name}=...) is a whole number.",
                arrived=f"It was given {name}={shown(number)}.",
                allowed="Expected a whole number >= 1.",
                do=f"Pass for instance {name}=10.",
            )


SETTINGS = {
    "epochs": params.whole("The number of passes over the rows."),
    "batch_size": params.whole("The number of rows per step."),
    "shuffle": params.flag("Whether the rows are shuffled in each epoch."),
    "jit_compile": params.Param("Whether steps are compiled further.", kind="flag", optional=True),
}


def check_settings(verbose: Any, seed: Any, **settings: Any) -> None:
    """What is no number of steps, and no data."""
    for name, value in settings.items():
        SETTINGS[name].check("train", name, value)
    if not isinstance(verbose, int | str) or verbose not in (0, 1, 2, "auto"):
        raise LossaryError(
            "train(verbose=...) says how much is printed.",
            arrived=f"It was given {shown(verbose)}.",
            allowed="Expected 0, 1, 2 or 'auto'.",
            do="Pass 0 for silence.",
        )
    check_seed(seed, "train(seed=...) fixes the order of the rows.", "a new order each time")


def check_any(loss: Any) -> None:
    """A structure of losses has to hold one."""
    if tree.is_nested(loss) and all(one is None for one in tree.flatten(loss)):
        raise LossaryError(
            "train(loss=...) minimises a loss, or one for each output.",
            arrived=f"{shown(loss)} holds none.",
            allowed="Expected a loss, or a list or dictionary with one per output, where None leaves an output out.",
            do='Name one, for instance loss="mse".',
        )


def check_compiled(model: Any) -> None:
    """There has to be something to train by."""
    check_any(getattr(model, "loss", None))
    if not model.compiled or model.optimizer is None:
        raise LossaryError(
            "train(model, x, y) needs a loss and an optimizer.",
            arrived="The model is not compiled, and none was given."
            if not model.compiled
            else "There is no optimizer.",
            allowed="Expected train(..., loss=..., optimizer=...), or a compiled model.",
            do='Pass them, for instance loss="mse", optimizer="adam".',
        )


def check_callbacks(callbacks: Any) -> None:
    """Batches are not told to callbacks: refuse those that wait for them."""
    plain = keras.callbacks.Callback
    listed = callbacks if isinstance(callbacks, (list, tuple)) else [] if callbacks is None else [callbacks]
    for one in listed:
        if not isinstance(one, (plain, keras.callbacks.CallbackList)):
            raise LossaryError(
                "train(callbacks=...) calls callbacks once per epoch.",
                arrived=f"It was given {shown(one)}.",
                allowed="Expected a Keras callback, or a list of them.",
                do="Derive yours from keras.callbacks.Callback.",
            )
    for one in tree.flatten(callbacks) if callbacks is not None else []:
        kind, often = type(one), getattr(one, "save_freq", getattr(one, "update_freq", "epoch"))
        own = not kind.__module__.startswith("keras.")
        hooks = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
        if (own and any(getattr(kind, name) is not getattr(plain, name) for name in hooks)) or often != "epoch":
            raise LossaryError(
                "train(callbacks=...) calls callbacks once per epoch.",
                arrived=f"{kind.__name__} needs to be called for each batch.",
                allowed="Expected callbacks that act at the start and end of training and of epochs.",
                do="Move the code to on_epoch_end, or use model.fit.",
            )


def check_model(model: Any) -> None:
    """Whatever wraps a model, or is a model of another library, has no steps of Keras."""
    if not isinstance(model, keras.Model):
        raise LossaryError(
            "train(model, x, y) trains a Keras model.",
            arrived=f"It was given a {type(model).__module__}.{type(model).__name__}.",
            allowed="Expected a Sequential model, a functional one, or a subclass of keras.Model.",
            do="Pass the Keras model itself, for instance the one inside a wrapper.",
        )


def check_given(model: Any, x: Any, y: Any) -> None:
    """Rows without targets are for losses that read outputs alone, and for models with a loss of their own."""
    own = any(getattr(type(model), f) is not getattr(keras.Model, f) for f in ("train_step", "compute_loss"))
    attached = attachment_of(model)
    needs = model.loss is not None and not (attached and attached.named) and not own
    if x is None or (y is None and needs and hasattr(x, "shape")):
        raise LossaryError(
            "train(model, x, y) trains on rows x and their targets y.",
            arrived=f"{'x' if x is None else 'y'} is missing.",
            allowed="Expected both; a stream of batches (x, y) is passed as x alone.",
            do="Pass them in this order: ls.train(model, x, y).",
        )


def check_alone(model: Any) -> None:
    """Compiled epochs run on one device."""
    several = _several(model)
    if several:
        losses = [_alone(one) for one in tree.flatten(model.loss)] if model.compiled else []
        alone = "torch" in several
        wrong = [(one, inexact_on_replicas(one, alone=alone, averaged=alone)) for one in losses if one is not None]
        told = [f" There, {getattr(one, 'name', one)} {why}." for one, why in wrong if why]
        raise LossaryError(
            "train(model, ...) runs on one device, in one process.",
            arrived=f"{several}.{''.join(told)}",
            allowed="Expected a model on one device, in one process.",
            do="Wrap the model in DistributedDataParallel, and train it in a loop of your own inside "
            "`with ls.across():`."
            if alone
            else "Use model.fit, which spreads batches over devices.",
        )


def _alone(loss: Any) -> Any:
    """The loss in a sum of one."""
    parts: Any = getattr(loss, "parts", ())
    return parts[0].loss if len(parts) == 1 else loss


def _several(model: Any) -> str:
    """What says that there are several devices or processes."""
    backend = keras.backend.backend()
    strategy = strategy_of(model)
    if strategy is not None:
        return f"The model was created under a {type(strategy).__name__} of tf.distribute"
    if keras.distribution.distribution() is not None:
        return "A keras.distribution is active"
    count = processes()
    group = {"torch": "a torch process group"}.get(backend, f"{backend}.distributed")
    return f"This process is one of {count} of {group}" if count > 1 else ""


def _targets(model: Any, y: Any, sample_weight: Any) -> Any:
    """Rows without targets keep their weights where the loss reads outputs alone."""
    attached = attachment_of(model)
    return nothing(sample_weight) if y is None and sample_weight is not None and attached and attached.named else y


def _held(model: Any, validation_data: Any, wanted: Wanted) -> Arrays:
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(validation_data)
    y = _targets(model, y, sample_weight)
    return arrays(x, y, sample_weight, what="train(validation_data=...)", wanted=wanted)


def _plain(logs: dict[str, Any]) -> dict[str, Any]:
    """Logs as fit gives them to callbacks."""
    return {name: float(value) if getattr(value, "size", 1) == 1 else value for name, value in logs.items()}
