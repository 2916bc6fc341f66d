"""One model, trained with one loss on any backend."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from lossary.data.columns import Floats
from lossary.data.network import Network
from lossary.data.problem import Problem
from lossary.data.results import Convergence, LearningCurve
from lossary.numerics.backend import gradients
from lossary.training.loop import train as run
from lossary.training.measured import Measured
from lossary.training.settings import Settings

POINTS = 40  # of a loss curve
SETTLED = 0.05  # a gradient that promises less than this share of the target is called small
Tick = Callable[[int, int], None]  # epochs done, epochs in all


@dataclass
class Trained:
    """A trained model, how training went, and whether it ended in numbers that are not finite."""

    model: Any
    measured: Measured
    curve: LearningCurve
    diverged: bool
    convergence: Convergence | None = None
    seconds: float = 0.0

    @property
    def weights(self) -> list[Any]:
        """The model's weights."""
        return weights(self.model)

    @property
    def penalty(self) -> float:
        """The regularization of the model as it is."""
        return penalty(self.model)

    @property
    def network(self) -> Network:
        """The model as arrays."""
        return Network.of(self.weights)

    def outputs(self, x: Floats) -> Floats:
        """The model's raw output for scaled inputs: (rows, features) -> (rows, outputs), in float64."""
        return self.network.outputs(x)

    def outputs_now(self, x: Any) -> Floats:
        """The same in float32, by the backend: faster, for looks at a model in training."""
        return np.asarray(keras.ops.convert_to_numpy(self.model(x)), dtype=np.float64)

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
    x = problem.x_scaled.astype(np.float32)
    y = measured.target(problem.y_scaled, len(problem.classes))
    y = y.astype(np.float32) if y.dtype.kind == "f" else y
    rows, epochs, size = problem.train, settings.epochs or 1, settings.batch_size or 1
    model.compile(optimizer=_optimizer(settings, epochs * -(-rows.size // size)), loss=measured.training)
    trained = Trained(model, measured, LearningCurve(), False)

    def record(epoch: int, logs: Any = None) -> None:
        if epoch >= 0:
            tick(epoch + 1, epochs)
        model.stop_training = not _record(trained, epoch + 1, problem, x, y)

    record(-1)
    history = run(
        model,
        x[rows],
        y[rows],
        epochs=epochs,
        batch_size=size,
        shuffle=size < rows.size,
        seed=settings.seed,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=record)],
        chunk=math.ceil(epochs / POINTS),
        verbose=0,
    )
    if history.interrupted:
        raise KeyboardInterrupt
    trained.diverged = bool(history.stopped)
    if not trained.diverged:
        trained.convergence = settled(model, measured, x[rows], y[rows])
    return trained


def _record(trained: Trained, epoch: int, problem: Problem, x: Any, y: Any) -> bool:
    """Add a point to the curve; False when it is not finite."""
    outputs = trained.outputs_now(x)
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


def settled(model: Any, measured: Measured, x: Any, y: Any) -> Convergence:
    """Whether the gradient at the end is small: by what share of itself the target would fall if the weights moved by
    their own size along it, to first order. A rate that falls stops any curve; it does not stop the gradient."""

    def target(tensors: list[Any]) -> Any:
        pairs = list(zip(model.trainable_variables, tensors, strict=True))
        with keras.StatelessScope(state_mapping=pairs):
            total = measured.training(keras.ops.convert_to_tensor(y), model(x))
            for loss in model.losses:
                total = total + loss
            return total

    now = [keras.ops.convert_to_tensor(variable) for variable in model.trainable_variables]
    slopes = [np.asarray(keras.ops.convert_to_numpy(slope), dtype=float) for slope in gradients(target, now)]
    value = abs(float(keras.ops.convert_to_numpy(target(now))))
    steep = float(np.sqrt(sum(np.sum(slope**2) for slope in slopes)))
    size = float(np.sqrt(sum(np.sum(np.asarray(w, dtype=float) ** 2) for w in weights(model))))
    left = steep * size / max(value, 1e-30)
    good = left <= SETTLED or value < 1e-12
    kind, words = ("settled", "converged") if good else ("not settled", "not converged")
    said = (
        f"Training has {words}: moving the weights by their own size along the gradient would lower the objective by "
        f"{left:.2g} of its value, to first order."
    )
    return Convergence(kind, words, said if good else f"{said} More --epochs may change the fit.", gradient=left)


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
