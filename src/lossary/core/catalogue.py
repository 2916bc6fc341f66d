"""Finding a loss by any of its names. The built-in cards are read from a generated file, so no backend is needed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from .._calls import checked_call
from .cards import Card, PartCard
from .elsewhere import (
    COMMON,
    MEAN,
    WHOLE,
    bare,
    home,
    library,
    misfits,
    peer_name,
    peer_names,
    qualified,
    read,
    translate,
)
from .errors import DefinitionError, UnknownLossError, shown
from .field import meant

FILE = os.path.join(os.path.dirname(__file__), "catalogue.json")
PARTS = os.path.join(os.path.dirname(__file__), "parts.json")
_CUSTOM: dict[str, Card] = {}  # losses that users defined in this process, by function name


@cache
def built_in() -> dict[str, Card]:
    """The cards of lossary's own losses by function name, in the order of their families."""
    if not os.path.exists(FILE):  # only while the catalogue itself is being generated
        return {}
    with open(FILE, encoding="utf-8") as file:
        return {data["function"]: Card.from_json(data) for data in json.load(file)}


def forget() -> None:
    """Reads the file anew at the next question; for the tool that writes it."""
    built_in.cache_clear()
    parts.cache_clear()
    _exact_built_in.cache_clear()


@cache
def parts() -> dict[str, PartCard]:
    """What targets are made of, by name: sums, weights that are learned, schedules, terms, layers."""
    if not os.path.exists(PARTS):
        return {}
    with open(PARTS, encoding="utf-8") as file:
        return {data["name"]: PartCard(**data) for data in json.load(file)}


def part(name: str) -> PartCard | None:
    """The part with this name, whatever its case and underscores; None where there is none."""
    return parts().get(name) or next((found for key, found in parts().items() if plain(key) == plain(name)), None)


def cards() -> dict[str, Card]:
    """All cards by function name: lossary's own and those defined in this process."""
    return {**built_in(), **_CUSTOM}


def register(card: Card) -> None:
    """Enter a custom loss. A second definition of the same class replaces the first, as in a notebook."""
    for name in (card.name, card.function, *card.aliases):
        taken = _exact(built_in()).get(name) or _exact(_CUSTOM).get(name)
        if taken is not None and (taken.name, taken.module) != (card.name, card.module):
            raise DefinitionError(
                f"{card.name} in {card.module} cannot be named {name!r}.",
                arrived=f"{taken.name} in {taken.module} already has this name.",
                allowed="Expected a name that no other loss has.",
                do="Rename the loss, or leave the alias out.",
            )
    _CUSTOM[card.function] = card
    _exact_built_in.cache_clear()


@dataclass(frozen=True)
class Found:
    """What a name stands for: a card, and the line of its "Elsewhere" where the name is another library's."""

    card: Card
    place: str | None = None


def find(name: str) -> Card:
    """The card with this name: class, function, alias, or a peer's name; else an UnknownLossError."""
    return resolve(name).card


def resolve(name: str, given: Mapping[str, Any] | None = None) -> Found:
    """What a name means with these parameters.

    lossary's own names come first, then the names of other libraries, whose own conventions hold; then names that
    differ from one of these in case, underscores, or a "loss" at the end. Raises UnknownLossError for a name that
    nobody has, and for one that libraries mean different things by.
    """
    given = given or {}
    name = re.sub(r"^(lossary|ls)[.]", "", name)
    if "." in qualified(name):
        return _qualified(name, given)
    own, peers = _own(), _bare()
    if name in own:
        return _own_or_peer(name, own[name], peers.get(name, []), given)
    for alike in (str, plain, _stem):
        wanted = alike(name)
        ours = next((card for key, card in own.items() if alike(key) == wanted), None)
        theirs = [one for key, found in peers.items() if alike(key) == wanted for one in found]
        said = [line for key, line in _unlike().items() if "." not in key and alike(key) == wanted]
        if said and (ours is None or alike is _stem):
            _refuse_as_several(name, ours, theirs, said)
        if ours is not None:
            return _own_or_peer(name, ours, theirs, given)
        if theirs:
            return _one_of(name, theirs, given)
    _refuse_as_unknown(name)


ALL_NAMES = "`lossary list` and lossary.losses() list all names; lossary.loss makes a loss of your own."


def _refuse_as_unknown(name: str) -> NoReturn:
    """No loss has this name; a part of a target may have it."""
    found = part(name)
    if found is not None:
        raise UnknownLossError(
            f"There is no loss named {shown(name)}.",
            arrived=f"{found.name} is a part of a target ({found.group}): it is made of other losses or numbers.",
            allowed=f"Expected {found.call}.",
            do=f"See lossary.card({found.name!r}) or `lossary show {found.name}`.",
        )
    near, instead = nearest(name), INSTEAD.get(re.sub("_(score|loss)$", "", bare(name).lower()))
    if instead and ("." not in name or not near):
        raise UnknownLossError(
            f"There is no loss named {shown(name)}.",
            arrived="It is a score: it counts decisions, ranks, or compares with a mean, and is not minimised itself.",
            allowed=f"Expected a loss that is trained in its place: {' or '.join(instead)}.",
            do=ALL_NAMES,
        )
    if plain(name) not in SPOKEN and not any(
        _stem(home(key)) == _stem(home(re.split("[.:]", name)[0])) for key in near
    ):
        _refuse_as_known(name)
    call = f"Pass parameters beside the name: lossary.get({(near or [name.partition('(')[0]])[0]!r}, parameter=value). "
    raise UnknownLossError(
        f"There is no loss named {shown(name)}.",
        arrived="It is not the name of a class, a function or an alias, nor of a loss in another library.",
        allowed=f"Did you mean {' or '.join(near)}?" if near else "No known name is close to it.",
        do=(call if "(" in name else "") + ALL_NAMES,
    )


def _refuse_as_known(name: str) -> None:
    """Other libraries have a loss of this name: here under another, or not here, with the reason."""
    found = meant(name, _stem)
    found = [(one, place) for one, place in found if _stem(one.name) == _stem(name)] or found
    here = list(dict.fromkeys(one.here for one, _ in found if one.here))
    asked = f"There is no loss named {shown(name)}."
    if here:
        place = next((place for one, place in found if one.here and place), "")
        raise UnknownLossError(
            asked,
            arrived=f"The loss {f'that is {place} elsewhere ' if place else ''}is here under another name, "
            "and its numbers were not compared.",
            allowed=f"Expected {' or '.join(here[:4])}.",
            do=f"See its formula and parameters, lossary.card({here[0]!r}), and write lossary.get({here[0]!r}).",
        )
    for one, _ in found[:1]:
        others = f" and {len(one.names) - 3} more" if len(one.names) > 3 else ""
        raise UnknownLossError(
            asked,
            arrived=f"Other libraries have it ({', '.join(one.names[:3])}{others}). Why it is not here: {one.reason}.",
            allowed="Expected a loss that is here: docs/coverage.md lists them beside those that are not.",
            do="Make one of your own from its formula: lossary.loss.",
        )


def _qualified(name: str, given: Mapping[str, Any]) -> Found:
    """The loss behind a name such as torch.nn.HuberLoss; of several lines, the one that the parameters fit best."""
    name = qualified(name)
    found = _places().get(name) or next((v for k, v in _places().items() if plain(k) == plain(name)), [])
    if found:
        return _best(found, given)
    said = [line for key, line in _unlike().items() if key == name]
    if said:
        _refuse_as_unequal(name, said[0])
    _refuse_as_unknown(name)


def _own_or_peer(name: str, card: Card, theirs: list[Found], given: Mapping[str, Any]) -> Found:
    """An alias that other libraries have too is theirs where all agree; where they sum otherwise, sums are refused."""
    if name in (card.name, card.function) or not theirs or card.function not in built_in():
        return Found(card)
    if not _all_mean(theirs, ours=card):
        _refuse_as_several(name, card, theirs, [])
    if _all_mean(theirs) and all(library(peer_name(str(one.place))).default in MEAN for one in theirs):
        return _one_of(name, theirs, given)
    if given.get("reduction", "mean") not in (*MEAN, "mean_with_sample_weight"):
        _refuse_as_several(name, card, theirs, [])
    return Found(card)


def _one_of(name: str, theirs: list[Found], given: Mapping[str, Any]) -> Found:
    """The peer's loss, where all that have the name mean the same by it, or one library has several lines for it."""
    if len({peer_names(str(one.place)) for one in theirs}) > 1 and not _all_mean(theirs):
        _refuse_as_several(name, None, theirs, [])
    return _best(theirs, given)


def _best(found: list[Found], given: Mapping[str, Any]) -> Found:
    """The line with an equal for the most of these parameters, the first of several."""
    return min(found, key=lambda one: (0, 0) if one.place is None else misfits(one.place, given))


def _all_mean(theirs: list[Found], ours: Card | None = None) -> bool:
    """Whether all of these are one loss with one set of parameters; among peers alone, also reduced alike."""
    seen = [_meaning(one, reduced=ours is None) for one in theirs]
    return all(one == seen[0] for one in seen) and (ours is None or seen[0] == _meaning(Found(ours), reduced=False))


def _meaning(found: Found, reduced: bool) -> tuple[Any, ...]:
    """The loss and its parameters, and how a batch is reduced where that is given."""
    values = {param.name: param.default for param in found.card.params}
    if found.place is None:
        return found.card.name, values
    translated = translate(found.card, found.place, read(found.place).asked())
    values |= {name: value for name, value in translated.items() if name not in COMMON}
    how = (translated["reduction"], library(peer_name(found.place)).entries) if reduced else ()
    return found.card.name, values, *how


def _refuse_as_several(name: str, ours: Card | None, theirs: list[Found], said: list[str]) -> NoReturn:
    """Libraries mean different things by this name; those that can be had are named."""
    cards = dict.fromkeys([*([ours.function] if ours else []), *(one.card.function for one in theirs)])
    places = dict.fromkeys(peer_name(str(one.place)) for one in theirs) | dict.fromkeys(_places_with(said))
    cards |= dict.fromkeys(card.function for card in cards_with(said))
    raise UnknownLossError(
        f"The loss name {name!r} is ambiguous.",
        arrived=f"Libraries use it for different losses: {'; '.join(said) or ', '.join(places)}.",
        allowed=f"Expected one of {', '.join([*cards, *places])}.",
        do="Choose the one you mean; lossary.card(name) describes it.",
    )


def _refuse_as_unequal(name: str, line: str) -> NoReturn:
    """A library means something by this name that no loss here equals; the nearest is named."""
    alike = dict.fromkeys([*(card.function for card in cards_with([line])), *_places_with([line])])
    raise UnknownLossError(
        f"No loss here equals {name}.",
        arrived=f"It differs from the nearest: {line}.",
        allowed=f"Expected one of {', '.join(alike)}.",
        do="Choose the one you mean; lossary.card(name) describes it.",
    )


def _places_with(said: Iterable[str]) -> list[str]:
    """The names in other libraries of the cards that warn of a name with these lines."""
    return [peer_name(p) for card in cards_with(said) for p in card.elsewhere if not p.startswith("keras.")]


def cards_with(said: Iterable[str]) -> list[Card]:
    """The cards that warn of a name with these lines."""
    return [card for card in built_in().values() if set(card.unlike) & set(said)]


def plain(name: str) -> str:
    """A name without case, underscores and the like: 'Smooth-L1' and 'smooth_l1' are one."""
    return re.sub(r"[^a-z0-9.>]", "", name.lower())


def _stem(name: str) -> str:
    return plain(name).removesuffix("loss")


def _own() -> dict[str, Card]:
    """lossary's own names: functions, classes and aliases, those of custom losses last."""
    own: dict[str, Card] = {}
    for card in cards().values():
        for name in (card.function, card.name, *card.aliases):
            own.setdefault(name, card)
    return own


KERAS_SHORT = ("mse", "mae", "mape", "msle", "bce", "kld", "kullback_leibler_divergence", "logcosh")


@cache
def _places() -> dict[str, list[Found]]:
    """Qualified names of other libraries, with each line that has them."""
    found: dict[str, list[Found]] = {}
    for card in built_in().values():
        for place in card.elsewhere:
            names = peer_names(place)
            if names[0].startswith("keras.losses."):
                short = (name for name in card.aliases if name in KERAS_SHORT)
                names = (*names, *(f"keras.losses.{name}" for name in (card.function, *short)))
            for name in names:
                found.setdefault(name, []).append(Found(card, place))
    return found


@cache
def _bare() -> dict[str, list[Found]]:
    """The last parts of these names. Keras's are lossary's own."""
    found: dict[str, list[Found]] = {}
    for name, places in _places().items():
        if not name.startswith(("keras.", *WHOLE)) and ":" not in name:
            found.setdefault(bare(name), []).extend(places)
    return found


@cache
def _unlike() -> dict[str, str]:
    """Names that mean something else elsewhere, qualified and bare, with the line that says what."""
    found: dict[str, str] = {}
    for card in built_in().values():
        for line in card.unlike:
            for name in line.partition(":")[0].split(","):
                found.setdefault(name.strip(), line)
                found.setdefault(bare(name.strip()), line)
    return found


def _exact(source: dict[str, Card]) -> dict[str, Card]:
    names: dict[str, Card] = {}
    for card in source.values():
        for name in (card.function, card.name, *card.aliases, *(n for p in card.elsewhere for n in peer_names(p))):
            names.setdefault(name, card)
    return names


@cache
def _exact_built_in() -> dict[str, Card]:
    return _exact(built_in())


def names() -> dict[str, Card]:
    """Every name that the façade and `get` know, with its card."""
    return {**_exact_built_in(), **_exact(_CUSTOM)}


def nearest(name: str, count: int = 4, more: Iterable[str] = ()) -> list[str]:
    """The known names that this one may be a misspelling of, the likeliest first: few letters differ, or it is a piece
    of them. None where nothing is like it. `more`: further names to look among."""
    name = name.partition("(")[0] or name
    if plain(name) in SPOKEN:
        return list(SPOKEN[plain(name)])
    wanted = _stem(bare(name)) or plain(name)
    every: dict[str, str] = {}
    keys = [*names(), *parts(), *more]
    for key in sorted(keys, key=lambda key: key[:1].isupper() != name[:1].isupper()):  # a class for a class
        if "." not in key and ":" not in key:
            every.setdefault(_stem(key) or plain(key), key)
    qualified = {plain(key): key for key in _places()} if "." in name else {}
    found = [(_far(plain(name), key), key, shown) for key, shown in qualified.items() if near(plain(name), key)]
    found += [(-1, key, key) for key in _ending(name)]
    found += [(_far(wanted, key), key, shown) for key, shown in every.items() if near(wanted, key)]
    ending = {f"{key}loss": shown for key, shown in every.items()}  # huber_los
    found += [
        (1, key, shown)
        for key, shown in ending.items()
        if abs(len(key) - len(plain(name))) < 2 and _far(plain(name), key) == 1
    ]
    found += [(9, key, shown) for key, shown in every.items() if len(wanted) >= PIECE and wanted in key]
    said = [_with_function(shown) for *_, shown in sorted(found, key=lambda one: (one[0], len(one[1]), one[1]))]
    return list(dict.fromkeys(said))[:count]


def _ending(name: str) -> list[str]:
    """Names of libraries with this end, those of its own library before others: torch.nn.MSELoss for torch.MSE."""
    end, start = _stem(_last(name)), home(name)
    alike = [key for key in _places() if _stem(_last(key)) == end] if re.search("[.:]", name) else []
    return [key for key in alike if home(key) == start] or alike


def _last(name: str) -> str:
    return re.split("[.:]", name)[-1]


CROSS_ENTROPIES = ("categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy")
SPOKEN = {  # short forms that are no names, since several losses share them or no library has them
    **dict.fromkeys(("ce", "celoss", "xent", "crossent", "softmaxce", "softmaxxent"), CROSS_ENTROPIES[:2]),
    **dict.fromkeys(("sparsece", "sparsecce", "scce", "sparsexent"), CROSS_ENTROPIES[1:2]),
    **dict.fromkeys(("bcelogits", "sigmoidce", "sigmoidxent", "binaryce"), CROSS_ENTROPIES[2:]),
    **dict.fromkeys(
        ("labelsmoothing", "labelsmoothingce", "labelsmoothingcrossentropy", "lsce", "smoothce"),
        tuple(f"{name}(label_smoothing=0.1)" for name in CROSS_ENTROPIES[:2]),
    ),
    **dict.fromkeys(("softce", "softcrossentropy", "softtarget", "softtargetcrossentropy"), CROSS_ENTROPIES[:1]),
    **dict.fromkeys(
        ("weightedce", "weightedcrossentropy", "classbalanced", "classbalancedloss", "cb", "cbloss"),
        tuple(f"{name}(class_weight=lossary.weights_from(y))" for name in CROSS_ENTROPIES[:2]),
    ),
    **dict.fromkeys(
        ("cbfocal", "classbalancedfocal", "balancedfocal"),
        ("categorical_focal_crossentropy(alpha=lossary.weights_from(y, 'effective_number'))",),
    ),
    **dict.fromkeys(("ncerce", "ncemae", "apl"), ("active_passive",)),
    **dict.fromkeys(("focaldice", "combo", "comboloss"), ("dice + binary_focal_crossentropy, a sum of two losses",)),
    **dict.fromkeys(
        ("semihardtriplet", "tripletsemihard", "tripletsemihardloss"), ("triplet_margin(mining='semi-hard')",)
    ),
    **dict.fromkeys(("hardtriplet", "triplethard", "triplethardloss"), ("triplet_margin(mining='hard')",)),
    **dict.fromkeys(("survival",), ("cox_ph",)),
    **dict.fromkeys(("gmm", "mdnloss"), ("gaussian_mixture_nll",)),
    **dict.fromkeys(("crps", "crpsloss"), ("gaussian_crps", "ensemble_crps", "mixture_crps")),
    **dict.fromkeys(("beta",), ("beta_distribution_nll", "beta_nll")),
    **dict.fromkeys(("lasso", "ridge", "elasticnet"), ("mean_squared_error, with l1= or l2= of lossary.fit_linear",)),
}
INSTEAD = {  # scores, without "_score" or "_loss", and what is trained in their place
    **dict.fromkeys(("accuracy", "balanced_accuracy", "top_k_accuracy", "zero_one", "hamming"), CROSS_ENTROPIES),
    **dict.fromkeys(("binaryaccuracy", "categoricalaccuracy", "sparsecategoricalaccuracy"), CROSS_ENTROPIES),
    **dict.fromkeys(("precision", "recall", "fbeta", "fbetascore"), ("tversky",)),
    **dict.fromkeys(("f1", "f1score"), ("dice",)),
    **dict.fromkeys(("jaccard", "meaniou", "binaryiou"), ("jaccard", "lovasz_softmax")),
    **dict.fromkeys(("roc_auc", "auc"), ("auc_margin", "binary_crossentropy")),
    **dict.fromkeys(("average_precision",), ("binary_crossentropy",)),
    **dict.fromkeys(
        ("dcg", "ndcg", "label_ranking", "label_ranking_average_precision", "coverage_error"), ("listwise_softmax",)
    ),
    **dict.fromkeys(("cohen_kappa",), ("weighted_kappa",)),
    **dict.fromkeys(("r2", "r2score", "explained_variance"), ("mean_squared_error",)),
    **dict.fromkeys(("median_absolute_error", "d2_absolute_error"), ("mean_absolute_error",)),
    **dict.fromkeys(("d2_pinball",), ("quantile",)),
    **dict.fromkeys(("d2_tweedie",), ("tweedie",)),
    **dict.fromkeys(("d2_log_loss",), CROSS_ENTROPIES),
    **dict.fromkeys(("d2_brier",), ("brier",)),
}
PIECE = 5  # letters of a name that find it


def near(given: str, known: str) -> bool:
    """Whether one may be a misspelling of the other: by one letter, in names of eight by two, of sixteen by three."""
    length = min(len(given), len(known))
    allowed = 0 if length < 2 else 1 if length < 8 else 2 if length < 16 else 3
    return abs(len(given) - len(known)) <= allowed and _far(given, known) <= allowed


def _far(given: str, known: str) -> int:
    """How many letters have to be put in, left out, changed, or swapped with their neighbours."""
    before: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(given):
        earlier, before, row = before, row, [i + 1]
        for j, other in enumerate(known):
            best = min(before[j] + (letter != other), before[j + 1] + 1, row[j] + 1)
            if i and j and letter == known[j - 1] and given[i - 1] == other:
                best = min(best, earlier[j - 1] + 1)
            row.append(best)
    return row[-1]


def _with_function(name: str) -> str:
    """A name, and the function that it stands for where it is an alias or another library's."""
    card = names().get(name)
    return name if card is None or name in (card.function, card.name) else f"{name} ({card.function})"


@checked_call
def losses(
    family: str | None = None, task: str | None = None, trait: str | None = None, library: str | None = None
) -> list[str]:
    """The names of all losses, or of those of one family, for one task, with one trait, or of another library too.

        ls.losses(task="regression", trait="robust")

    Families, tasks and traits are listed by `lossary list`; an unknown one is an error that names them. A library is
    named by its package: those whose numbers `get` gives for its own names. Where no family has a name, a task may.
    """
    chosen = cards()
    for what, wanted in (("family", family), ("task", task), ("trait", trait), ("library", library)):
        if wanted is not None:
            wanted = home(wanted) if what == "library" and isinstance(wanted, str) else wanted
            if what == "family" and not any(wanted in groups(card, "family") for card in cards().values()):
                what = "task" if any(wanted in card.tasks for card in cards().values()) else what
            known = sorted({value for card in chosen.values() for value in groups(card, what)})
            everywhere = [value for card in cards().values() for value in groups(card, what)]
            if not isinstance(wanted, str) or (wanted not in known and wanted not in everywhere):
                raise _unknown_group(what, wanted)
            chosen = {name: card for name, card in chosen.items() if wanted in groups(card, what)}
    return sorted(chosen)


def groups(card: Card, what: str) -> Iterable[str]:
    """The families (one), tasks or traits of a card, or the libraries that have its loss."""
    if what == "library":
        return dict.fromkeys(home(name) for place in card.elsewhere for name in peer_names(place))
    return {"family": (card.family,), "task": card.tasks, "trait": card.traits}[what]


def _unknown_group(what: str, wanted: str) -> UnknownLossError:
    known = sorted({value for card in cards().values() for value in groups(card, what)})
    return UnknownLossError(
        f"Cannot list losses with {what}={shown(wanted)}.",
        arrived=f"No loss has this {what}.",
        allowed=f"Expected one of {', '.join(known)}.",
        do=f"Pass one of these as {what}=.",
    )


@checked_call
def card(name: str | Any) -> Any:
    """The card of a loss, by any of its names, or of a loss class, instance or function of lossary.

    What targets are made of (sums, schedules, terms, layers) has cards too: `ls.card("Term")`.
    """
    if not isinstance(name, str):
        owner = getattr(name, "cls", name)
        name = str(getattr(owner, "__name__", type(owner).__name__))
    if name in parts():
        return parts()[name]
    try:
        return find(name)
    except UnknownLossError:
        found = part(name)
        if found is None:
            raise
        return found
