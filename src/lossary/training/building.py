"""What has to exist before the first step: layers, losses, metrics, optimizer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
from keras import tree

from ..core.errors import LossaryError
from ..core.models import check_inputs, check_targets
from ..numerics.keras_private import build_by_symbols, compiled_loss, compiled_metrics
from ..objective.apart import keep_apart
from ..objective.routing import Routed


def build(model: Any, batch: Any) -> None:
    """Whatever is not built yet: layers, losses, metrics, optimizer; and see that there is something to minimise."""
    x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
    own = (
        type(model).train_step is not keras.Model.train_step or type(model).compute_loss is not keras.Model.compute_loss
    )
    if not own:  # else the batch may be anything
        check_inputs("train(model, x, y)", model, x)
        if not isinstance(compiled_loss(model), Routed):
            check_targets("train(model, x, y)", model, y)
    if not tree.is_nested(y):
        _by_shape(model, y)
    build_by_symbols(model, (x, y, weight))
    keep_apart(model)  # layers that are built only now may regularize
    if compiled_loss(model) is not None or own:
        return
    with keras.StatelessScope(collect_losses=True) as scope:
        model(tree.map_structure(lambda array: keras.ops.convert_to_tensor(array[:1]), x), training=False)
    if not model.losses and not scope.losses:
        raise LossaryError(
            "train(model, x, y) minimises a loss.",
            arrived="The model is compiled without one, and no layer adds any.",
            allowed='Expected a loss, its name or a function: train(..., loss="mse"), or a compiled model.',
            do="Name one, or put an ls.LossLayer into the model.",
        )


@contextlib.contextmanager
def as_asked(names: str) -> Iterator[None]:
    """Where Keras refuses what it is compiled with, say so in four parts."""
    try:
        yield
    except LossaryError:
        raise
    except Exception as error:
        told = " ".join(str(error).split()).removesuffix(".")
        raise LossaryError(
            "train(loss=..., optimizer=..., metrics=...) compiles the model with them.",
            arrived=f"Keras refuses one of {names}: {told if len(told) <= 200 else told[:200] + '…'}.",
            allowed="Expected what model.compile takes: objects and names, metrics in a list or by outputs.",
            do='Pass for instance optimizer="adam", loss="mse", metrics=["mae"].',
        ) from error


def _by_shape(model: Any, y: Any) -> None:
    """Build the loss and the metrics of a model whose one output is known; else Keras traces the model for that."""
    loss, metrics, outputs = compiled_loss(model), compiled_metrics(model), getattr(model, "outputs", None) or []
    caller = next(kind for kind in type(model).__mro__ if "call" in vars(kind))
    alone = len(outputs) == 1 and not tree.is_nested(getattr(model, "output", outputs[0]))
    if not alone or not caller.__module__.startswith("keras."):
        return
    if loss is not None and not loss.built:
        with as_asked("loss"):
            loss.build(y, outputs[0])
    if metrics is not None and not metrics.built:
        with as_asked("metrics"):
            metrics.build(y, outputs[0])
        metrics.built = all(isinstance(one, keras.metrics.Mean) for one in metrics.metrics)  # others may build later
