"""The losses of the field under the names of 86 libraries: where they are here, or why they are not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from .elsewhere import home

FILE = os.path.join(os.path.dirname(__file__), "field.json")


@dataclass(frozen=True)
class Known:
    """A loss that libraries have.

    Attributes:
        name: a short one. names: those of libraries, as "lightly:VICRegLoss".
        here: the function of lossary, or "". reason: why it is not here, where it is not.
    """

    name: str
    names: tuple[str, ...]
    here: str
    reason: str


@cache
def known() -> tuple[Known, ...]:
    """All of them; the file is read when a name was not found otherwise."""
    with open(FILE, encoding="utf-8") as file:
        return tuple(Known(name, tuple(names), here, reason) for name, names, here, reason in json.load(file))


def meant(name: str, stem: Callable[[str], str]) -> list[tuple[Known, str]]:
    """Losses that have this name, with it as a library has it: of a name with a library's, that library's alone."""
    *start, last = re.split("[.:]", name)
    wanted, its = stem(last), stem(home(start[0])) if start else ""
    words = sorted(re.findall("[a-z0-9]+", last.lower()))
    found = []
    for one in known():
        places = [
            place for place in one.names if stem(place.rpartition(":")[2]) == wanted and its in ("", _home(place, stem))
        ]
        if places or (not its and (stem(one.name) == wanted or sorted(one.name.split("_")) == words)):
            found.append((one, (places or [""])[0]))
    return found


def _home(place: str, stem: Callable[[str], str]) -> str:
    return stem(home(place.partition(":")[0].removesuffix("(metric)").replace("-", "_")))
