"""Finding a loss by any of its names. The built-in cards are read from a generated file, so no backend is needed."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from .cards import Card
from .errors import DefinitionError, UnknownLossError, shown

FILE = Path(__file__).with_name("catalogue.json")
_CUSTOM: dict[str, Card] = {}  # losses that users defined in this process, by function name


@cache
def built_in() -> dict[str, Card]:
    """The cards of lossary's own losses by function name, in the order of their families."""
    if not FILE.exists():  # only while the catalogue itself is being generated
        return {}
    return {data["function"]: Card.from_json(data) for data in json.loads(FILE.read_text(encoding="utf-8"))}


def forget() -> None:
    """Reads the file anew at the next question; for the tool that writes it."""
    built_in.cache_clear()
    _exact_built_in.cache_clear()


def cards() -> dict[str, Card]:
    """All cards by function name: lossary's own and those defined in this process."""
    return {**built_in(), **_CUSTOM}


def register(card: Card) -> None:
    """Enter a custom loss. A second definition of the same class replaces the first, as in a notebook."""
    for name in (card.name, card.function, *card.aliases):
        taken = _exact(built_in()).get(name) or _exact(_CUSTOM).get(name)
        if taken is not None and (taken.name, taken.module) != (card.name, card.module):
            raise DefinitionError(
                f"{card.name} in {card.module} wants the name {name!r}.",
                arrived=f"{taken.name} in {taken.module} has it already.",
                allowed="Allowed is a name that no other loss has.",
                do="Rename the loss, or leave the alias out.",
            )
    _CUSTOM[card.function] = card
    _exact_built_in.cache_clear()


def find(name: str) -> Card:
    """The card with this name: class, function, alias, or a peer's qualified name; else an UnknownLossError."""
    card = _lookup(name)
    if card is None:
        raise UnknownLossError(
            f"A loss named {name!r} was asked for.",
            arrived="No loss has this name, as class, function, alias or name in another library.",
            allowed=f"The nearest names are {', '.join(nearest(name)) or 'none'}.",
            do="See all with `lossary list` or lossary.losses().",
        )
    return card


def _lookup(name: str) -> Card | None:
    exact = {**_exact_built_in(), **_exact(_CUSTOM)}
    if name in exact:
        return exact[name]
    if name.startswith("tf.keras.") and name.removeprefix("tf.") in exact:
        return exact[name.removeprefix("tf.")]
    loose = {plain(key): card for key, card in reversed(exact.items())}
    return loose.get(plain(name)) or loose.get(plain(name).removesuffix("loss"))


def plain(name: str) -> str:
    """A name without case, underscores and the like: 'Smooth-L1' and 'smooth_l1' are one."""
    return re.sub(r"[^a-z0-9.>]", "", name.lower())


def _exact(source: dict[str, Card]) -> dict[str, Card]:
    names: dict[str, Card] = {}
    for card in source.values():
        for name in (card.function, card.name, *card.aliases, *(peer_name(p) for p in card.elsewhere)):
            names.setdefault(name, card)
    return names


@cache
def _exact_built_in() -> dict[str, Card]:
    return _exact(built_in())


def peer_name(place: str) -> str:
    """The qualified name in a line such as 'torch.nn.HuberLoss(delta=1.0) -> ...'."""
    return re.split(r"[(\s]", place, maxsplit=1)[0]


def names() -> dict[str, Card]:
    """Every name that the façade and `get` know, with its card."""
    return {**_exact_built_in(), **_exact(_CUSTOM)}


def nearest(name: str, count: int = 5) -> list[str]:
    """The known names most like this one: by letters, and by being part of one another."""
    every = {plain(key): key for key in names() if "." not in key}
    wanted = plain(name).removesuffix("loss")
    part = [key for key in every if wanted and (wanted in key or (len(key) > 3 and key in wanted))]
    alike = difflib.get_close_matches(wanted, every, n=count, cutoff=0.5)
    return list(dict.fromkeys(every[key] for key in [*alike, *sorted(part, key=len)]))[:count]


def losses(family: str | None = None, task: str | None = None, trait: str | None = None) -> list[str]:
    """The names of all losses, or of those of one family, for one task, or with one trait.

    Families, tasks and traits are listed by `lossary list`; an unknown one is an error that names them.
    """
    chosen = cards()
    for what, wanted in (("family", family), ("task", task), ("trait", trait)):
        if wanted is not None:
            known = sorted({value for card in chosen.values() for value in groups(card, what)})
            everywhere = [value for card in cards().values() for value in groups(card, what)]
            if not isinstance(wanted, str) or (wanted not in known and wanted not in everywhere):
                raise _unknown_group(what, wanted)
            chosen = {name: card for name, card in chosen.items() if wanted in groups(card, what)}
    return sorted(chosen)


def groups(card: Card, what: str) -> Iterable[str]:
    """The families (one), tasks or traits of a card."""
    return {"family": (card.family,), "task": card.tasks, "trait": card.traits}[what]


def _unknown_group(what: str, wanted: str) -> UnknownLossError:
    known = sorted({value for card in cards().values() for value in groups(card, what)})
    return UnknownLossError(
        f"Losses were asked for by {what}={shown(wanted)}.",
        arrived=f"No loss has this {what}.",
        allowed=f"Known are {', '.join(known)}.",
        do=f"Pass one of these as {what}=.",
    )


def card(name: str | Any) -> Card:
    """The card of a loss: by any of its names, or of a loss class, instance or function of lossary."""
    if isinstance(name, str):
        return find(name)
    owner = getattr(name, "cls", name)
    return find(owner.__name__ if isinstance(owner, type) else type(owner).__name__)
