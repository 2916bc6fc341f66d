"""Losses of other libraries: what a line of a card's "Elsewhere" says, and each library's own conventions. No Keras."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .cards import Card
from .errors import ParameterError, did_you_mean, shown

COMMON = ("reduction", "name", "dtype")
MEAN = ("sum_over_batch_size", "mean")
KERAS = {word: word for word in (*MEAN, "sum", "mean_with_sample_weight", "none", None)}


@dataclass(frozen=True)
class Library:
    """How a library makes a number of a batch: its words for the reductions, and what it does when none is asked for.

    `entries` says that it sums, and lists, entries where Keras has one value per row. A mean over entries is that over
    rows. `legacy` names parameters that once chose the reduction.
    """

    start: str
    default: str = "sum_over_batch_size"
    entries: bool = True
    reductions: Mapping[Any, Any] = field(default_factory=lambda: KERAS)
    legacy: tuple[str, ...] = ()


TORCH = {"mean": "sum_over_batch_size", "sum": "sum", "none": "none"}
LIBRARIES = (
    Library("torch.", reductions=TORCH, legacy=("size_average", "reduce")),
    Library("torchvision.", default="none", reductions=TORCH),
    Library("optax.", default="none"),
    Library("tf.nn.", default="none"),
    Library("statsmodels.", default="none"),
    Library("scipy.", default="sum"),
    Library("", entries=False),  # Keras, and what means a batch as Keras does
)


def library(name: str) -> Library:
    """The library that a qualified name belongs to."""
    return next(one for one in LIBRARIES if name.startswith(one.start))


def peer_names(place: str) -> tuple[str, ...]:
    """The qualified names in a line such as 'torch.nn.L1Loss, torch.nn.functional.l1_loss(...) -> ...'."""
    return tuple(name.strip() for name in re.split(r"[(]|->", place, maxsplit=1)[0].split(","))


def peer_name(place: str) -> str:
    """The first of them."""
    return peer_names(place)[0]


def bare(name: str) -> str:
    """The last part of a qualified name."""
    return name.rpartition(".")[2]


def read_place(place: str) -> tuple[dict[str, Any], dict[str, tuple[bool, Any]]]:
    """A line such as 'torch.nn.SmoothL1Loss(beta=1.0) -> beta=beta' as their defaults and how ours follow from them.

    Without an arrow the names are the same. Each of ours is (True, their name) or (False, a constant). A parameter of
    theirs that none of ours follows from has no equal away from its default.
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


def fits(place: str, given: Mapping[str, Any]) -> bool:
    """Whether the line knows all of these parameters."""
    return set(_set(given)) <= {*read_place(place)[0], *COMMON, *library(peer_name(place)).legacy}


def translate(card: Card, place: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """lossary's parameters, its reduction among them, for those that the library of this line was given."""
    theirs, ours = read_place(place)
    name, at = peer_name(place), library(peer_name(place))
    given = _set(given)
    unknown = sorted(set(given) - {*theirs, *COMMON, *at.legacy})
    if unknown:
        known = (*theirs, *COMMON)
        _refuse(card, name, given, ", ".join(unknown), f"{', '.join(known)}", did_you_mean(unknown, known))
    used = {source for named, source in ours.values() if named}
    for key, default in theirs.items():
        if key not in used and not _same(given.get(key, default), default):
            _refuse(card, name, given, f"{key}={shown(given[key])}", f"{key}={default!r}")
    values = {**theirs, **{k: v for k, v in given.items() if k in theirs}}
    found = {key: values[source] if named else source for key, (named, source) in ours.items()}
    found |= {k: v for k, v in given.items() if k in COMMON}
    return found | {"reduction": _reduction(card, name, at, given, found)}


def _set(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given: None is how other libraries leave a parameter out, but no reduction is a reduction."""
    return {key: value for key, value in given.items() if value is not None or key == "reduction"}


def _same(given: Any, default: Any) -> bool:
    """Whether these are equal; what compares entry by entry, or not at all, is not."""
    try:
        return bool(given == default)
    except Exception:
        return False


def _reduction(card: Card, name: str, at: Library, given: Mapping[str, Any], found: Mapping[str, Any]) -> Any:
    asked = given.get("reduction", at.default)
    for old in ("reduce", "size_average"):
        if not isinstance(given.get(old, True), bool):
            _refuse(card, name, given, f"{old}={shown(given[old])}", "True or False")
    if given.get("reduce", True) is False:
        asked = "none"
    elif "reduce" in given or "size_average" in given:
        asked = "mean" if given.get("size_average", True) else "sum"
    words = {**KERAS, **at.reductions}
    if not isinstance(asked, str | None) or asked not in words:
        _refuse(card, name, given, f"reduction={shown(asked)}", f"one of {', '.join(map(repr, words))}")
    reduction = words[asked]
    if found.get("class_weight") is not None and reduction in MEAN:
        return "mean_with_class_weight"
    return reduction


def _refuse(card: Card, name: str, given: Mapping[str, Any], what: str, allowed: str, meant: str = "") -> NoReturn:
    raise ParameterError(
        f"Cannot find the equivalent of {name} with {', '.join(f'{k}={shown(v)}' for k, v in given.items())}.",
        arrived=f"lossary cannot translate {what}.",
        allowed=f"Expected {allowed}.",
        do=meant
        or f"Use {card.name} and its own parameters: {', '.join(p.name for p in card.params) or 'none'}. "
        "Weights of rows or entries are passed to each call, as sample_weight.",
    )
