"""The losses of a figure: objects, functions, names, and names with several values of a parameter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import Any

from ..core.elsewhere import value_of
from ..core.errors import LossaryError
from ..core.lookup import get
from ..core.loss import Loss
from ..core.schedules import Moving
from .axes import name_of

COMMA = re.compile(r",(?![^(\[]*[)\]])")  # one that stands in no bracket


def one(loss: Any) -> Any:
    """A loss as something to call: names, classes and function twins become losses, all else stays."""
    if isinstance(loss, str):
        return several([loss], {})[0]
    known = isinstance(loss, type) or getattr(loss, "cls", None) is not None
    return loss if callable(loss) and not known and not isinstance(loss, Moving) else get(loss)


def several(losses: Any, values: dict[str, Any]) -> list[Any]:
    """The losses to draw. A text may name values, `huber:delta=0.5,1,2`; `values` go through all that have them.

    A list of values gives one loss each; a tuple is one value.
    """
    empty = [name for name, value in values.items() if isinstance(value, list) and not value]
    if empty:
        raise LossaryError(
            "draw(losses, parameter=[...]) draws one curve for each value.",
            arrived=f"The list of {empty[0]} is empty.",
            allowed="Expected one value, or a list of at least one.",
            do="Leave it out for the default.",
        )
    listed = list(losses) if isinstance(losses, (list, tuple)) else [losses]
    if not listed:
        raise LossaryError(
            "draw(losses) draws losses.",
            arrived="It was given an empty list.",
            allowed="Expected a loss, its name, or a list of them.",
            do='Name one, for instance draw("huber").',
        )
    found = [loss for item in listed for loss in (read(item) if isinstance(item, str) else [one(item)])]
    missing = [name for name in values if not any(name in getattr(loss, "params", {}) for loss in found)]
    if missing:
        raise LossaryError(
            f"Cannot draw losses at values of {', '.join(missing)}.",
            arrived=f"{', '.join(map(name_of, found))} {'has' if len(found) == 1 else 'have'} no such parameter.",
            allowed=f"Expected {', '.join(_parameters(found)) or 'no parameters'}.",
            do="Check the spelling; `lossary show NAME` lists the parameters of a loss.",
        )
    return [variant for loss in found for variant in _variants(loss, values)]


def read(text: str) -> list[Any]:
    """`huber`, `huber:delta=2`, `huber:delta=0.5,1,2` or `bce:from_logits=True` as losses, one for each value."""
    name, *settings = (part.strip() for part in text.split(":"))
    choices: dict[str, Any] = {}
    for setting in settings:
        key, equals, given = setting.partition("=")
        if not equals:
            raise LossaryError(
                f"Cannot draw the loss '{text}'.",
                arrived=f"'{setting}' has no value.",
                allowed="Expected NAME or NAME:PARAMETER=VALUE, with a comma between several values.",
                do="Write for example huber:delta=0.5,1,2.",
            )
        choices[key.strip()] = [value_of(value) for value in COMMA.split(given)]
    return [get(name, **dict(zip(choices, chosen, strict=True))) for chosen in product(*choices.values())]


def _parameters(losses: Sequence[Any]) -> list[str]:
    return sorted({name for loss in losses for name in getattr(loss, "params", {})})


def _variants(loss: Any, values: dict[str, Any]) -> list[Any]:
    """The loss at each combination of the values that it has parameters for."""
    own = {name: value for name, value in values.items() if name in getattr(loss, "params", {})}
    if not own or not isinstance(loss, Loss):
        return [loss]
    choices = [value if isinstance(value, list) else [value] for value in own.values()]
    config = loss.get_config()
    return [type(loss).from_config({**config, **dict(zip(own, chosen, strict=True))}) for chosen in product(*choices)]
