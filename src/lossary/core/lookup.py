"""`get`: a loss from any of its names (a peer's parameters are translated), a class, a function or a configuration."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import keras
from keras.optimizers.schedules import LearningRateSchedule

from .._calls import checked_call
from . import catalogue
from .cards import Card
from .custom import loss as as_loss
from .elsewhere import MEAN, library, peer_name, translate
from .errors import LossaryError, shown
from .loss import CLASSES, Loss
from .schedules import Moving


@checked_call
def get(identifier: Any, **parameters: Any) -> Any:
    """A loss by name: `get("huber")`, `get("smooth_l1", beta=2.0)`, `get("torch.nn.SmoothL1Loss", beta=2.0)`.

    A name of another library takes that library's parameters and reductions and gives the equal loss: its number, and
    its shape where nothing is reduced. The arguments stay in the order (y_true, y_pred). None, a loss instance, a loss
    class, a configuration from `keras.losses.serialize` and a function of (y_true, y_pred) are taken as well.

    Raises: UnknownLossError with the nearest names, or with the losses that libraries mean by this one;
    ParameterError for a parameter that the loss does not have, or that has no equal.
    """
    if identifier is None or (isinstance(identifier, keras.losses.Loss) and not parameters):
        return identifier
    if isinstance(identifier, str):
        part = catalogue.part(identifier)
        if part is not None and part.builds:
            return getattr(import_module(part.module), part.name)(**parameters)
        found = catalogue.resolve(identifier, parameters)
        if found.place is not None:
            return equal(found.card, found.place, parameters)
        return loss_class(found.card)(**parameters)
    if isinstance(identifier, dict):
        return _of_configuration(identifier)
    if isinstance(identifier, type) and issubclass(identifier, keras.losses.Loss):
        return identifier(**parameters)
    if inspect.isfunction(identifier) and (identifier.__module__ or "").startswith("keras."):  # one of Keras's own
        return get(f"keras.losses.{identifier.__name__}", **parameters)
    if callable(identifier) and not isinstance(identifier, (type, Moving, LearningRateSchedule)):
        made = identifier if hasattr(identifier, "cls") else as_loss(identifier)
        return getattr(made, "cls", made)(**parameters)
    raise _no_loss(identifier)


def _of_configuration(config: dict[str, Any]) -> Any:
    """What `keras.losses.serialize` wrote, as a loss again."""
    cause = None
    if {"class_name", "config"} <= set(config):
        try:
            found = keras.losses.deserialize(config)
            if callable(found):
                return found
        except LossaryError:
            raise
        except (TypeError, ValueError) as error:  # Keras's, for a class that it does not know
            cause = error
    raise _no_loss(config) from cause


def _no_loss(identifier: Any) -> LossaryError:
    return LossaryError(
        "lossary.get turns a name, a class, a function or a configuration into a loss.",
        arrived=f"It was given {shown(identifier)} of type {type(identifier).__name__}.",
        allowed="Expected one of these four, a loss instance without parameters, or None.",
        do='Pass a name such as "huber"; lossary.losses() lists them.',
    )


def loss_class(card: Card) -> type[Loss]:
    """The class behind a card; its module is imported when it is first needed."""
    made = [cls for key, cls in CLASSES.items() if key.endswith(f">{card.name}") and cls.__module__ == card.module]
    found: type[Loss] = made[-1] if made else getattr(import_module(card.module), card.name)
    return found


def equal(card: Card, place: str, given: Mapping[str, Any]) -> Any:
    """The loss with the numbers, and the shape, of another library's loss with these parameters."""
    cls, name = loss_class(card), peer_name(place)
    ours = translate(card, place, given)
    times, beside = ours.pop("times", 1), ours.pop("beside", None)
    if library(name).entries and cls.entrywise and ours["reduction"] not in MEAN:
        ours.setdefault("entries", True)
    loss = cls(**ours)
    if beside is not None:
        name, rest = beside
        other = get(name, **{key: value for key, value in rest.items() if key != "times"}, reduction=ours["reduction"])
        return summed([(loss, times), (other, rest.get("times", 1))])
    return loss if times == 1 else multiplied(loss, times)


def summed(pairs: list[tuple[Loss, float]]) -> Any:
    """The sum of losses, each times a number."""
    from .sums import Part, Sum

    return Sum([Part(loss, () if times == 1 else (float(times),), str(loss.name)) for loss, times in pairs])


def multiplied(loss: Loss, times: float) -> Any:
    """The loss with a weight, which it keeps for each row where it is not reduced."""
    from .sums import Part, Sum

    return Sum([Part(loss, (float(times),), str(loss.name))], name=loss.name)
