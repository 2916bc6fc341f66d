"""Loss and regularization apart in the logs of a model: beside "loss", the whole target, a mean of what is added to it.

Sums keep such a mean themselves (`routing.Routed`); here it is for every other loss. It shows in the logs of fit, in
`evaluate(return_dict=True)` and in callbacks. Where Keras gives results as a list without names, the list stays as it
was: programs take it apart by place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ..core.loss import Loss
from ..core.sums import Sum
from ..numerics.keras_private import (
    LOGS_IN_ORDER,
    LOSS_TAKES_TRAINING,
    compiled_loss,
    keys_of_added,
    layers_of,
    logs_in_order,
    loss_takes_training,
    metrics_list,
)
from .held import losses_in, refuse_untracked
from .term import Term

NAME = "regularization"
PLACE = "_lossary_apart"  # the attribute of the model


class Tie:
    """Attributes of a model, or of its layers, that are replaced until the next `compile`."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.undo: list[Callable[[], Any]] = []
        self.looks = 2  # a first try on symbols, and the first step

    def look(self) -> None:
        """Refuse weights of the loss that nothing would train; some are made by its first call."""
        if self.looks:
            self.looks -= 1
            refuse_untracked(self.model, losses_in(self.model, getattr(self.model, "loss", None)))

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute past the trackers of Keras and torch, and remember what was there."""
        before = owner.__dict__.get(name, _ABSENT)
        object.__setattr__(owner, name, value)
        self.undo.append(functools.partial(_put_back, owner, name, before))

    def detach(self) -> None:
        """Leave everything as it was."""
        while self.undo:
            self.undo.pop()()


_ABSENT = object()


def _put_back(owner: Any, name: str, before: Any) -> None:
    if before is _ABSENT:
        owner.__dict__.pop(name, None)
    else:
        object.__setattr__(owner, name, before)


class Apart(Tie):
    """The mean of one model, from one `compile` to the next. It comes with the first layer that is known to add any."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__(model)
        self.mean: keras.metrics.Mean | None = None

    def attach(self) -> None:
        """Listen to compute_loss, which every step calls, and which Keras tries on symbols before the first one."""
        model = self.model
        self.replace(model, PLACE, self)
        tells = loss_takes_training(model)
        self.replace(model, "compute_loss", self._listening(model.compute_loss, tells))
        self.replace(model, LOSS_TAKES_TRAINING, True)
        if (listed := logs_in_order(model)) is not None:
            self.replace(model, LOGS_IN_ORDER, self._as_before(listed))
        self.begin()

    def begin(self) -> None:
        """Keep the mean from now on, if there is something to take it of."""
        if self.mean is None and is_regularized(self.model):
            self.mean = keras.metrics.Mean(name=NAME)
            metrics_list(self.model).append(self.mean)
            self.undo.append(functools.partial(self._without, self.mean))

    def _without(self, mean: Any) -> None:
        metrics = metrics_list(self.model)
        metrics[:] = [one for one in metrics if one is not mean]

    def _listening(self, inner: Callable[..., Any], tells: bool) -> Callable[..., Any]:
        @functools.wraps(inner)
        def compute_loss(
            x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            more = {"training": training} if tells else {}
            total = inner(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **more)
            self.begin()
            self.look()
            if self.mean is not None:
                self.mean.update_state(regularization_of(self.model), sample_weight=rows_of(y_pred))
            return total

        return compute_loss

    def _as_before(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(inner)
        def flatten(logs: dict[str, Any]) -> Any:
            return inner(logs if self.mean is None else {name: v for name, v in logs.items() if name != NAME})

        return flatten


def keep_apart(model: keras.Model) -> None:
    """Log the regularization of this model from now on, whatever its loss."""
    if PLACE not in model.__dict__ and getattr(compiled_loss(model), "means", None) is None:
        Apart(model).attach()
        model.train_function = model.test_function = None  # they may be compiled without the mean
    elif PLACE in model.__dict__:
        model.__dict__[PLACE].begin()


def is_regularized(model: keras.Model) -> bool:
    """Whether layers or weights add to the loss, as far as their declarations tell."""
    if any(getattr(variable, "regularizer", None) is not None for variable in model.trainable_variables):
        return True
    return any(
        getattr(layer, "activity_regularizer", None) is not None or _adds_by_itself(layer) for layer in layers_of(model)
    )


def _adds_by_itself(layer: Any) -> bool:
    """Whether a layer of the user's own calls add_loss: what it adds is not known before it runs."""
    kind = type(layer)
    code = getattr(kind.call, "__code__", None)
    return not kind.__module__.startswith(("keras.", "lossary.")) and "add_loss" in getattr(code, "co_names", ())


def regularization_of(model: keras.Model) -> Any:
    """What layers and weights add to the loss in this step; a LossLayer's loss is none of it."""
    inner = {key for layer in layers_of(model) if getattr(layer, "adds_loss", False) for key in keys_of_added(layer)}
    added = [ops.sum(ops.cast(value, keras.config.floatx())) for value in model.losses if id(value) not in inner]
    return sum(added[1:], added[0]) if added else ops.zeros(())


def rows_of(y_pred: Any) -> Any:
    """How many rows a batch has."""
    return ops.shape(keras.tree.flatten(y_pred)[0])[0]


def speaks(model: keras.Model, loss: Any) -> bool:
    """Whether a loss of lossary is in the model's `compile` or in the model itself."""
    compiled = any(
        isinstance(one, (Loss, Sum, Term)) or isinstance(getattr(one, "cls", None), type)
        for one in keras.tree.flatten(loss)
    )
    return compiled or any(getattr(layer, "adds_loss", False) for layer in layers_of(model))
