"""One model, trained with one loss on any backend by Keras's own train_on_batch (fit costs more on tiny tables)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from lossary.data.columns import Floats
from lossary.data.problem import Problem
from lossary.data.results import Curve
from lossary.training.measured import Measured
from lossary.training.settings import Settings

POINTS = 40  # of a loss curve
Tick = Callable[[int, int], None]  # epochs done, epochs in all


@dataclass
class Trained:
    """A trained model, how training went, and whether it ended in numbers that are not finite."""

    model: Any
    measured: Measured
    curve: Curve
    diverged: bool

    def outputs(self, x: Floats) -> Floats:
        """The model's raw output for scaled inputs: (rows, features) -> (rows, outputs)."""
        return np.asarray(keras.ops.convert_to_numpy(self.model(x.astype(np.float32))), dtype=np.float64)

    def predict(self, x: Floats) -> Floats:
        """Scaled predictions, or scores: (rows, features) -> (rows, outputs)."""
        return self.measured.finished(self.outputs(x))


def build(problem: Problem, settings: Settings) -> Any:
    """The model, untrained. The same seed gives the same weights; a linear model starts at 0."""
    keras.utils.set_random_seed(settings.seed)
    penalty = keras.regularizers.L1L2(l1=settings.l1, l2=settings.l2) if settings.l1 or settings.l2 else None
    model = keras.Sequential([keras.Input((problem.x.shape[1],))])
    for width in settings.hidden:
        model.add(keras.layers.Dense(width, activation="relu", kernel_regularizer=penalty))
    start = "glorot_uniform" if settings.hidden else "zeros"
    outputs = len(problem.classes) if problem.task == "multiclass" else 1
    model.add(keras.layers.Dense(outputs, kernel_initializer=start, kernel_regularizer=penalty))
    return model


def train(problem: Problem, settings: Settings, measured: Measured, start: list[Any] | None, tick: Tick) -> Trained:
    """Train a new model from `start` (weights; None: its own first ones). `settings` are settled."""
    model = build(problem, settings)
    if start is not None:
        model.set_weights(start)
    classes = len(problem.classes)
    x = problem.x_scaled.astype(np.float32)
    y = measured.target(problem.y_scaled, classes)
    epochs, size = settings.epochs or 1, settings.batch_size or 1
    steps = -(-problem.train.size // size)
    model.compile(optimizer=_optimizer(settings, epochs * steps), loss=measured.training)
    trained = Trained(model, measured, Curve(), False)
    marks = {int(mark) for mark in np.linspace(0, epochs, min(POINTS, epochs) + 1).round()}
    batches = _batches(x, y, problem.train, size, settings.seed)
    for epoch in range(epochs + 1):
        if epoch in marks and not _record(trained, epoch, problem, x, y):
            trained.diverged = True
            break
        if epoch < epochs:
            for _ in range(steps):
                model.train_on_batch(*next(batches))
            tick(epoch + 1, epochs)
    return trained


def _batches(x: Any, y: Any, rows: Any, size: int, seed: int) -> Iterator[tuple[Any, Any]]:
    """Batches without end, each epoch in an order of its own.

    The rest of an epoch fills up with its first rows, so that all batches have one shape and compile once.
    """
    if size >= rows.size:
        # one batch of all rows is turned into tensors once, not at every step
        whole = keras.ops.convert_to_tensor(x[rows]), keras.ops.convert_to_tensor(y[rows])
        while True:
            yield whole
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(rows)
        order = np.concatenate([order, order[: -rows.size % size]])
        for first in range(0, order.size, size):
            batch = order[first : first + size]
            yield x[batch], y[batch]


def _record(trained: Trained, epoch: int, problem: Problem, x: Any, y: Any) -> bool:
    """Add a point to the curve; False when it is not finite."""
    outputs = trained.outputs(x)
    z, curve = trained.measured.finished(outputs), trained.curve
    if not np.all(np.isfinite(outputs)):
        return False
    parts = [problem.train, problem.valid] if problem.valid.size else [problem.train]
    values = [trained.measured.evaluate(y[rows], z[rows]) for rows in parts]
    if any(value is None or not np.isfinite(value) for value in values):
        return False
    curve.epoch.append(epoch)
    curve.loss.append(float(values[0] or 0.0))
    if len(values) > 1:
        curve.valid.append(float(values[1] or 0.0))
    curve.regularization.append(penalty(trained.model))
    return True


def weights(model: Any) -> list[Any]:
    """The model's weights as NumPy arrays. Keras's own get_weights makes NumPy 2.4 warn on JAX."""
    tensors = [keras.ops.convert_to_tensor(variable) for variable in model.weights]
    return [np.array(keras.ops.convert_to_numpy(tensor)) for tensor in tensors]


def penalty(model: Any) -> float:
    """The regularization of the model's weights as they are."""
    return float(sum(float(keras.ops.convert_to_numpy(value)) for value in model.losses))


def _optimizer(settings: Settings, steps: int) -> Any:
    """The optimizer by name, its rate falling along a cosine to a thousandth, so that steps end small."""
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, max(steps, 1), alpha=0.001)
    return type(keras.optimizers.get(settings.optimizer))(learning_rate=rate)
