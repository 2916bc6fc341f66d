"""All that lossary reads or changes of Keras's private parts, for which Keras has no public name.

No other file touches them. Each function says what of lossary stops working without it; tests/numerics holds each of
them to that, over the newest Keras and the oldest that is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import keras
from keras.src.backend.common.masking import get_keras_mask, set_keras_mask
from keras.src.losses.losses import LossFunctionWrapper
from keras.src.trainers.compile_utils import get_loss

from .._registered import HOMES

Tensor = Any

# -- tensors ----------------------------------------------------------------------------------------------------------


def get_mask(x: Tensor) -> Tensor | None:
    """The mask that a layer left beside its output. Without it masked rows count in every loss."""
    return get_keras_mask(x)


def set_mask(x: Tensor, mask: Tensor) -> None:
    """Leave a mask beside a tensor. Without it Keras takes masked rows into the mean of functions."""
    set_keras_mask(x, mask)


def narrowed_types() -> dict[str, str] | None:
    """Keras's table of the 64-bit types that its operations make narrower. Without it float64 becomes float32."""
    table: dict[str, str] | None = getattr(_types(), "BIT64_TO_BIT32_DTYPE", None)
    return table


def set_narrowed_types(table: dict[str, str]) -> None:
    """Let Keras ask this table. Without it the linear fits of JAX and torch end at float32."""
    _types().BIT64_TO_BIT32_DTYPE = table


def _types() -> Any:
    return import_module("keras.src.backend.common.dtypes")


def torch_device() -> str:
    """The device that Keras puts torch's tensors on. Without it tensors and weights meet on two devices."""
    device: str = import_module("keras.src.backend.torch.core").get_device()
    return device


def operation_of(tensor: Any) -> Any:
    """The layer or operation that gave a symbolic tensor. Without it no activation of an output is known."""
    return tensor._keras_history.operation


def parents_of(tensor: Any) -> list[Any]:
    """The symbolic tensors that one was computed from. Without it `without_targets` cannot find what it needs."""
    operation, node, _ = tensor._keras_history
    return list(operation._inbound_nodes[node].input_tensors)


# -- layers -----------------------------------------------------------------------------------------------------------


def layers_of(layer: Any, itself: bool = True) -> list[Any]:
    """A layer or model and all layers inside it, nested ones too. Without it hidden layers cannot be read by name."""
    return list(layer._flatten_layers(include_self=itself))


def variable_lists(layer: Any) -> tuple[list[Any], list[Any]]:
    """The lists of a layer's own variables, trainable and not. Without them a loss's variables are saved twice."""
    return layer._trainable_variables, layer._non_trainable_variables


def track(layer: Any, variable: Any) -> None:
    """Make a variable one of the layer's own. Without it what a loss learns is not trained, on any backend."""
    tracker = layer._tracker
    locked = tracker.locked
    tracker.unlock()
    layer._track_variable(variable)
    if locked:
        tracker.lock()


def untrack(layer: Any, variable: Any) -> None:
    """The reverse of `track`. Without it the variables of a former loss stay in the model."""
    layer._untrack_variable(variable)


def draws_numbers(layer: Any) -> bool:
    """Whether a layer has seeds of its own. Without it TensorFlow's loop draws the same dropout in each step."""
    return bool(layer._seed_generators)


def added_losses(layer: Any) -> list[Any]:
    """What a layer itself added to the loss in its last call. Without it no table names the layer that added."""
    return list(layer._get_own_losses())


def keys_of_added(layer: Any) -> set[int]:
    """The ids of what a layer added with add_loss. Without it a LossLayer's loss is logged as regularization."""
    return {*layer._loss_ids, *map(id, layer._losses)}


def first_call(layer: Any) -> list[Any]:
    """What a layer was first called on, and what it gave, as symbols; empty if it never was. Without it the work of
    convolutions is not known, and a slower loop is chosen."""
    nodes = [node for node in getattr(layer, "_inbound_nodes", []) if hasattr(node, "input_tensors")]
    return [*nodes[0].input_tensors, *nodes[0].outputs] if nodes else []


# -- models -----------------------------------------------------------------------------------------------------------


def outputs_structure(model: Any) -> Any:
    """The outputs as they were declared: a dictionary, a list. Without it a dictionary's keys are lost as names."""
    return getattr(model, "_outputs_struct", None)


def strategy_of(model: Any) -> Any:
    """The tf.distribute strategy that a model was made under, or None. Without it `train` does not refuse replicas."""
    return getattr(model, "_distribute_strategy", None)


def build_by_symbols(model: Any, batch: Any) -> None:
    """Build layers, loss, metrics and optimizer for a batch, as fit does. Without it `train` begins on nothing."""
    model._symbolic_build(data_batch=batch)


def jax_state(model: Any) -> Any:
    """The variables as JAX's steps take them, in four lists; the model gives its own away. Without it `train` on JAX
    has no steps."""
    return model._get_jax_state(
        trainable_variables=True, non_trainable_variables=True, optimizer_variables=True, metrics_variables=True
    )


@contextmanager
def plain_updates(optimizer: Any) -> Iterator[None]:
    """A block in which torch's optimizers update variable by variable. Without it torch's steps cannot be traced: the
    quicker way reads numbers out of tensors."""
    names = ("_backend_update_step", "_apply_weight_decay")
    for name in names:
        plain: Callable[..., Any] = [vars(c)[name] for c in type(optimizer).__mro__ if name in vars(c)][-1]
        vars(optimizer)[name] = plain.__get__(optimizer)
    try:
        yield
    finally:
        for name in names:
            del vars(optimizer)[name]


# -- what compile left ------------------------------------------------------------------------------------------------


def compiled_loss(model: Any) -> Any:
    """What routes targets to the losses of `compile`, or None. Without it targets cannot be routed by name."""
    return getattr(model, "_compile_loss", None)


def set_compiled_loss(model: Any, routed: Any) -> None:
    """Put something of one's own there. Without it sums of losses cannot be trained."""
    model._compile_loss = routed


def compiled_metrics(model: Any) -> Any:
    """What holds the metrics of `compile`, or None. Without it `train` builds them by tracing the whole model."""
    return getattr(model, "_compile_metrics", None)


def loss_mean(model: Any) -> Any:
    """The metric "loss" of the whole target, or None before `compile`. Without it a loss of nan is found late."""
    return getattr(model, "_loss_tracker", None)


def compilation(model: Any) -> Any:
    """An object that is another one after each `compile`. Without it programs of a former loss run on."""
    return getattr(model, "_compile_config", None)


def loss_weights(model: Any) -> Any:
    """`loss_weights` of `compile`. Without it findings about outputs leave their weights out."""
    return getattr(compiled_loss(model), "_user_loss_weights", None)


LOSS_TAKES_TRAINING = "_compute_loss_has_training_arg"
LOGS_IN_ORDER = "_flatten_metrics_in_order"


def loss_takes_training(model: Any) -> bool:
    """Whether Keras passes `training` on to compute_loss. Without it the step of a schedule counts evaluations too."""
    return bool(getattr(model, LOSS_TAKES_TRAINING))


def logs_in_order(model: Any) -> Callable[[dict[str, Any]], Any] | None:
    """What makes a list of evaluate's results. Without it `regularization` moves the places of metrics in it."""
    return getattr(model, LOGS_IN_ORDER, None)


def metrics_list(model: Any) -> list[Any]:
    """The model's own metrics, beside those of `compile`; a list that can be changed. Without it `regularization` is
    logged nowhere."""
    metrics: list[Any] = model._metrics
    return metrics


def calls_of_losses(model: Any, given: Callable[[], tuple[Any, ...]], record: Callable[[Any], Any]) -> None:
    """Run the losses of `compile` on `given()`, with `record(part)` in the place of each. Asked from a copy of Keras's
    own bookkeeping. Without it `diagnose` does not tell losses and outputs apart."""
    compiled = compiled_loss(model)
    parts = type(compiled)(compiled._user_loss, compiled._user_loss_weights, compiled.reduction, compiled.output_names)
    parts(*given())  # decides which loss belongs to which output
    parts._flat_losses = [part._replace(loss=record(part)) for part in parts._flat_losses]
    parts(*given())


# -- losses and metrics -----------------------------------------------------------------------------------------------


def loss_of_compile(given: Any, y_true: Any, y_pred: Any) -> keras.losses.Loss | None:
    """The loss that `compile` makes of a loss, a function or a name. Without it `check` judges no function."""
    return get_loss(given, y_true, y_pred)


def wrapped_function(loss: Any) -> tuple[Any, dict[str, Any]] | None:
    """The function inside one of Keras's own losses, and its arguments. Without it Keras's losses are strangers."""
    return (loss.fn, dict(loss._fn_kwargs)) if isinstance(loss, LossFunctionWrapper) else None


def is_bare_function(loss: Any) -> bool:
    """Whether `compile` made this loss of a function. Without it functions of lossary are taken for Keras's."""
    return type(loss) is LossFunctionWrapper


def less_is_better(metric: Any) -> None:
    """Say which way a metric improves. Without it EarlyStopping(mode="auto") waits for a loss to grow."""
    metric._direction = "down"


# -- saved files ------------------------------------------------------------------------------------------------------


class _Names(dict[str, Any]):
    """Keras's table of registered names. Those of lossary are there from the start, and imported when asked for."""

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or name in HOMES

    def __missing__(self, name: str) -> Any:
        self[name] = getattr(import_module(HOMES[name]), name.rpartition(">")[2])
        return self[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401


def know_where_losses_are() -> None:
    """Let Keras's table find lossary's names. Without it a file loads only after its loss has been touched."""
    home: Any = import_module("keras.src.saving.object_registration")
    if not isinstance(home.GLOBAL_CUSTOM_OBJECTS, _Names):
        home.GLOBAL_CUSTOM_OBJECTS = _Names(home.GLOBAL_CUSTOM_OBJECTS)


know_where_losses_are()
