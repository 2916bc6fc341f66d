"""A loss of lossary among the metrics of compile: the number of its class over all batches together.

Keras averages what a function gives over rows and batches. That is another number where a loss is no mean of rows (a
root mean square), where rows are ignored, and where a loss object has reduced its batch already.
"""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
from keras import ops

from .._calls import checked_call
from ..numerics.keras_private import less_is_better
from . import results
from .contract import checks
from .errors import LossaryError, shown
from .lookup import get
from .loss import Loss
from .reduction import REDUCTIONS
from .results import Anchors, Partial, Sums
from .slots import size_fields

Tensor = Any


@keras.saving.register_keras_serializable("lossary")
class LossMetric(keras.metrics.Metric):
    """A loss over a stream of batches: Σ m w v / Σ m w over all values v.

    For reduction="sum" it is Σ m w v. For losses that are made of sums over all rows (a root, a ratio) it is what the
    sums of all batches make. `compile(metrics=[ls.huber])` makes it, of functions, classes and objects alike.
    """

    def __init__(self, loss: Any, name: str | None = None, dtype: Any = None) -> None:
        self.loss: Loss = keras.saving.deserialize_keras_object(loss) if isinstance(loss, dict) else loss
        super().__init__(name=name or self.loss.name, dtype=dtype)
        less_is_better(self)
        self.empty = _empty(self.loss)
        self._numbers = [float(np.max(ops.convert_to_numpy(start))) for start in self.empty.tensors()]
        self.state: list[Any] = []
        if not any(start.shape for start in self.empty.tensors()):  # else there is one sum for each column
            self._keep(self.empty)

    def _keep(self, sums: Partial) -> None:
        """Make the variables, in the shapes of these sums."""
        for place, (number, like) in enumerate(zip(self._numbers, sums.tensors(), strict=True)):
            start = keras.initializers.Constant(number)
            self.state.append(self.add_variable(shape=tuple(like.shape), initializer=start, name=f"sum_{place}"))

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Add the rows of a batch."""
        found = _sums(self.loss, y_true, y_pred, sample_weight)
        if not self.state:
            self._keep(found)
        for variable, tensor in zip(self.state, found.tensors(), strict=True):
            if tuple(tensor.shape) != tuple(variable.shape):
                raise LossaryError(
                    f"As a metric, {self.loss!r} accumulates sums over batches, one for each column.",
                    arrived=f"A batch has sums of shape {tuple(tensor.shape)}, the batches before of shape "
                    f"{tuple(variable.shape)}.",
                    allowed="Expected as many columns as in the first batch.",
                    do="Give each output a metric of its own.",
                )
        for variable, tensor in zip(self.state, self._now().merge(found).tensors(), strict=True):
            variable.assign(ops.cast(tensor, variable.dtype))

    def result(self) -> Tensor:
        """The number over all batches so far; 0 before the first row."""
        over_columns = ops.sum if self.loss.reduction == "sum" else ops.mean
        return over_columns(self._now().value())

    def reset_state(self) -> None:
        """No rows so far."""
        for variable, number in zip(self.state, self._numbers if self.state else [], strict=True):
            variable.assign(ops.full(variable.shape, number, dtype=variable.dtype))  # anew: JAX's steps give it away

    def _now(self) -> Partial:
        if not self.state:
            return self.empty
        return self.empty.like([ops.convert_to_tensor(variable) for variable in self.state])

    def get_config(self) -> dict[str, Any]:
        loss = keras.saving.serialize_keras_object(self.loss)
        return {"loss": loss, "name": self.name, "dtype": keras.dtype_policies.get(self.dtype).name}


def _sums(loss: Loss, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor) -> Partial:
    """Those of a batch; a mean is that of the weights."""
    result, weight, mask = loss._result(y_true, y_pred, sample_weight, vectors=False)
    how = "sum" if loss.reduction == "sum" else "mean_with_sample_weight"
    return results.partial(result, weight, mask, how)


def _empty(loss: Loss) -> Partial:
    """The sums of no rows: those of a first look at rows of one column, emptied."""
    how = "sum" if loss.reduction == "sum" else "mean_with_sample_weight"
    if not issubclass(loss.gives, Sums):
        found = results.partial(results.Rows(ops.zeros((1,))), None, None, how)
    else:
        with checks(False), keras.StatelessScope():
            found = _sums(loss, *_some_rows(loss), None)
    return found.emptied()


def _some_rows(loss: Loss) -> tuple[Any, Any]:
    """Lawful rows; of the sizes of the weights that the loss owns, where it does."""
    if not loss.inputs:
        return ops.ones((2, 1)), ops.ones((2, 1))
    slots = loss.inputs.values()[0]
    if slots.own() and loss.layer is None:
        fields = size_fields(slots.own())
        raise LossaryError(
            f"As a metric, {loss!r} keeps its sums from batch to batch.",
            arrived="It owns weights whose sizes are not known yet.",
            allowed=f"Expected a loss with {fields}.",
            do=f"Pass {fields} to the loss.",
        )
    held = {} if loss.layer is None else {v.name: v.shape for v in loss.layer.weights}
    sizes = {axis: n for name, slot in slots.own().items() if name in held
             for axis, n in zip(slot.axes, held[name], strict=True)}  # fmt: skip
    true, pred, _ = slots.sides(slots.sample(np.random.default_rng(0), 2, optional=False, sizes=sizes))
    return true or None, pred


def own_loss(given: Any) -> Loss | None:
    """lossary's loss that a class, an object, a function or a partial of one stands for; None for anything else."""
    if isinstance(given, type):
        return given() if issubclass(given, Loss) else None
    if isinstance(given, Loss):
        return given
    parameters: dict[str, Any] = {}
    while isinstance(given, functools.partial) and not given.args:
        given, parameters = given.func, {**given.keywords, **parameters}
    cls = getattr(given, "cls", None)
    if not isinstance(cls, type) or not issubclass(cls, Loss) or set(parameters) - set(cls.signature.parameters):
        return None
    return cls(**parameters)


def as_losses(given: Any) -> Any:
    """What `compile(loss=...)` was given, with lossary's functions as their classes: both then give one number."""
    return keras.tree.map_structure(lambda one: one if own_loss(one) is None else own_loss(one), given)


def as_metrics(given: Any) -> Any:
    """What `compile(metrics=...)` was given, with lossary's losses as metrics of the whole stream."""
    return keras.tree.map_structure(_as_metric, given)


@checked_call
def metric(loss: Any, *, name: str | None = None, **parameters: Any) -> LossMetric:
    """A loss as a Keras metric: one number of all rows, whichever batches they came in.

        model.compile("adam", loss="mse", metrics=[ls.metric("rmse")])

    Rows that `ls.padded` has added do not count, where the epoch's loss that Keras logs counts them in its last batch.

    `loss` is whatever `ls.get` takes, with its parameters. Raises LossaryError for a loss that compares rows with one
    another: its value is that of a batch.
    """
    found = get(loss, **parameters)
    made = _as_metric(found)
    if not isinstance(made, LossMetric):
        raise _no_metric(found)
    return made if name is None else LossMetric(made.loss, name=name)


def _as_metric(given: Any) -> Any:
    loss = own_loss(given)
    if loss is None and not hasattr(given, "term_names"):  # a sum of losses is refused
        return given
    if loss is None or issubclass(loss.gives, Anchors) or loss.reduction not in REDUCTIONS:
        raise _no_metric(loss or given)
    return LossMetric(loss, name=getattr(given, "__name__", None) if not isinstance(given, type) else None)


def _no_metric(loss: Any) -> LossaryError:
    return LossaryError(
        "A metric is one number for all rows, independent of the batch size.",
        arrived=f"It was given {shown(loss)}, whose value depends on the batches.",
        allowed="Expected one loss of lossary whose rows are independent, and no sum of losses.",
        do="Pass it as the loss, which is logged with its parts anyway, or pass the parts of a sum one by one.",
    )
