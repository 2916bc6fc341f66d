"""The losses of a comparison: names and parameters, checked against their cards before Keras loads."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import lossary as ls
from lossary.core.catalogue import resolve
from lossary.core.elsewhere import read, translate, value_of
from lossary.core.errors import LossaryError, shown

DEFAULTS = {
    "regression": ("mse", "mae", "huber", "log_cosh", "cauchy", "tukey"),
    "binary": ("bce", "focal", "hinge", "squared_hinge"),
    "multiclass": ("scce", "sparse_focal", "gce", "categorical_hinge"),
}
FIXED = ("from_logits", "log_rate", "axis", "reduction", "name", "dtype")  # compare decides these itself
COMMA = re.compile(r",(?![^(\[]*[)\]])")  # one that stands in no bracket


@dataclass(frozen=True)
class Candidate:
    """One loss: the label it is shown under, its function name, and the parameters that were given."""

    label: str
    function: str
    params: tuple[tuple[str, Any], ...]
    traits: tuple[str, ...]
    takes_logits: bool

    @property
    def redescending(self) -> bool:
        """Whether the pull of a row falls again when its error grows, so that the start decides where a fit ends."""
        return "redescending" in self.traits

    @property
    def keywords(self) -> dict[str, Any]:
        """The arguments that build the loss; models give scores, so that probability losses read logits."""
        return dict(self.params) | ({"from_logits": True} if self.takes_logits else {})


def ask(text: str) -> Candidate:
    """Read `huber`, `huber:delta=2` or `focal:alpha=0.3:gamma=1`. Unknown names and parameters raise LossaryError.

    A name of another library takes that library's parameters; whether models give logits is still decided here.
    """
    name, *settings = (part.strip() for part in text.strip().split(":"))
    found = resolve(name)
    card, own = found.card, {param.name: param for param in found.card.params if param.name not in FIXED}
    known = own if found.place is None else [key for key in read(found.place).theirs if key not in FIXED]
    params = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or key not in known:
            raise LossaryError(
                f"Cannot use the loss '{text}'.",
                arrived=f"'{setting}' does not set a parameter of {name}.",
                allowed=f"Its parameters are {', '.join(known)}." if known else f"{name} has no parameters.",
                do="Write NAME or NAME:PARAMETER=VALUE, for example huber:delta=2.",
            )
        params[key] = value_of(value)
    label = ":".join(
        [name, *(f"{key}={value if isinstance(value, str) else shown(value)}" for key, value in params.items())]
    )
    if found.place is not None:
        params = {key: value for key, value in translate(card, found.place, params).items() if key in own}
        params = {key: value for key, value in params.items() if value != own[key].default}
    for key, value in params.items():
        _check_bounds(text, own[key], value)
    logits = any(param.name == "from_logits" for param in card.params)
    return Candidate(label, card.function, tuple(params.items()), card.traits, logits)


def ask_all(texts: tuple[str, ...], task: str) -> list[Candidate]:
    """The losses of a comma-separated list, or the defaults of the task; each has to fit the task, none twice."""
    names = [name for text in texts for name in COMMA.split(text) if name.strip()]
    if texts and not names:
        raise LossaryError(
            "compare needs at least one loss.",
            arrived="The list is empty.",
            allowed=f"Expected for {task}: {', '.join(fitting(task))}.",
            do="Name some, for example --loss mse,mae, or leave --loss out.",
        )
    asked = [ask(name) for name in names or DEFAULTS[task]]
    for one in asked:
        _check_fits(one, task)
    return list({one.label: one for one in asked}.values())


def fitting(task: str) -> list[str]:
    """The losses that one column of predictions a class (or one in all) can be trained with."""
    return [name for name in ls.losses(task=task) if not ls.card(name).unfit]


def _check_bounds(text: str, param: Any, value: Any) -> None:
    """Refuse what lies outside the card's bounds. What only the loss itself can judge, it judges when it is built."""
    low, high = param.low, param.high
    number = isinstance(value, int | float) and not isinstance(value, bool)
    wanted = isinstance(param.default, int | float) and not isinstance(param.default, bool)
    endless = number and not math.isfinite(value if isinstance(value, float) else 0.0)
    below = number and low is not None and (value < low if param.closed else value <= low)
    above = number and high is not None and (value > high if param.closed else value >= high)
    if endless or below or above or (wanted and not number):
        raise LossaryError(
            f"Cannot use the loss '{text}'.",
            arrived=f"{param.name} is {shown(value)}.",
            allowed=f"Expected {param.allowed}.",
            do=f"Choose another value, or leave it out for {param.default}.",
        )


def _check_fits(asked: Candidate, task: str) -> None:
    if asked.function in fitting(task):
        return
    card = ls.card(asked.function)
    tasks, why = card.tasks, card.unfit if task in card.tasks else ""
    raise LossaryError(
        f"Cannot use '{asked.label}' for a {task} target.",
        arrived=f"It does not fit: {why}." if why else f"It is a loss for {', '.join(tasks)}.",
        allowed=f"Expected for {task}: {', '.join(fitting(task))}.",
        do="Leave it out, or set --task if the target was misread.",
    )
