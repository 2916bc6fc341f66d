"""`get`: a loss from any of its names (a peer's parameters are translated), a class, a function or a configuration."""

from __future__ import annotations

import ast
from importlib import import_module
from typing import Any

import keras

from . import catalogue
from .cards import Card
from .custom import loss as as_loss
from .errors import LossaryError, ParameterError, did_you_mean
from .loss import CLASSES, Loss

COMMON = ("reduction", "name", "dtype")


def get(identifier: Any, **parameters: Any) -> Any:
    """A loss by name: `get("huber")`, `get("smooth_l1", beta=2.0)`, `get("torch.nn.SmoothL1Loss", beta=2.0)`.

    A qualified name of another library takes that library's parameters and gives the equal loss; the arguments stay
    in the order (y_true, y_pred). None, a loss instance, a loss class, a configuration from `keras.losses.serialize`
    and a function of (y_true, y_pred) are taken as well.

    Raises: UnknownLossError with the nearest names; ParameterError for a parameter the loss does not have.
    """
    if identifier is None or (isinstance(identifier, keras.losses.Loss) and not parameters):
        return identifier
    if isinstance(identifier, str):
        card = catalogue.find(identifier)
        return loss_class(card)(**translate(card, identifier, parameters))
    if isinstance(identifier, dict):
        return keras.losses.deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, keras.losses.Loss):
        return identifier(**parameters)
    if getattr(identifier, "__module__", "").startswith("keras."):  # one of Keras's own functions
        return loss_class(catalogue.find(identifier.__name__))(**parameters)
    if callable(identifier):
        return (getattr(identifier, "cls", None) or as_loss(identifier).cls)(**parameters)
    raise LossaryError(
        "lossary.get turns a name, a class, a function or a configuration into a loss.",
        arrived=f"It was given {identifier!r} of type {type(identifier).__name__}.",
        allowed="Allowed are those four, a loss instance without parameters, and None.",
        do='Pass a name such as "huber"; lossary.losses() lists them.',
    )


def loss_class(card: Card) -> type[Loss]:
    """The class behind a card; its module is imported when it is first needed."""
    made = [cls for key, cls in CLASSES.items() if key.endswith(f">{card.name}") and cls.__module__ == card.module]
    found: type[Loss] = made[-1] if made else getattr(import_module(card.module), card.name)
    return found


def translate(card: Card, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """lossary's parameters for those of the library that `name` belongs to (the same where it names no other)."""
    name = name.removeprefix("tf.") if name.startswith("tf.keras.") else name
    place = next((p for p in card.elsewhere if catalogue.peer_name(p) == name), None)
    if place is None:
        return given
    theirs, ours = read_place(place)
    unknown = set(given) - set(theirs) - set(COMMON)
    if unknown:
        raise ParameterError(
            f"The equal of {name} was asked for with {', '.join(f'{k}={v!r}' for k, v in given.items())}.",
            arrived=f"lossary cannot translate {', '.join(sorted(unknown))}.",
            allowed=f"Allowed are {', '.join((*theirs, *COMMON))}.",
            do=did_you_mean(sorted(unknown), (*theirs, *COMMON))
            or f"Use {card.name} and its own parameters: {', '.join(p.name for p in card.params) or 'none'}.",
        )
    values = {**theirs, **{k: v for k, v in given.items() if k in theirs}}
    translated = {key: values[source] if is_name else source for key, (is_name, source) in ours.items()}
    return {**translated, **{k: v for k, v in given.items() if k in COMMON}}


def read_place(place: str) -> tuple[dict[str, Any], dict[str, tuple[bool, Any]]]:
    """A line such as 'torch.nn.SmoothL1Loss(beta=1.0) -> beta=beta' as their defaults and how ours follow from them.

    Without an arrow the names are the same. Each of ours is (True, their name) or (False, a constant).
    """
    left, _, right = place.partition("->")
    call = ast.parse("f" + left[left.find("(") :].strip() if "(" in left else "f()", mode="eval").body
    assert isinstance(call, ast.Call)
    theirs = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    ours: dict[str, tuple[bool, Any]] = {name: (True, name) for name in theirs} if not right else {}
    target = ast.parse(f"f({right.strip()})", mode="eval").body
    assert isinstance(target, ast.Call)
    for keyword in target.keywords:
        if isinstance(keyword.value, ast.Name):
            ours[str(keyword.arg)] = (True, keyword.value.id)
        else:
            ours[str(keyword.arg)] = (False, ast.literal_eval(keyword.value))
    return theirs, ours
