"""Cards and lists of losses as text. Imports no library, so that it is there at once."""

from __future__ import annotations

import json as json_module
import os
import sys
import textwrap
from dataclasses import asdict

import lossary as ls
from lossary.cli.canvas import Marks, drawn, full
from lossary.core.cards import Card, PartCard, readable
from lossary.core.catalogue import cards as all_cards
from lossary.core.catalogue import parts as all_parts
from lossary.core.elsewhere import home, peer_names

WIDEST, LONGEST = 110, 26  # of a line, and of a name that has its summary beside it


def show_list(
    text: str | None = None,
    family: str | None = None,
    task: str | None = None,
    trait: str | None = None,
    library: str | None = None,
    names: bool = False,
    json: bool = False,
) -> int:
    """Print the losses, and the parts of a target, that fit; the exit code is 1 where none does."""
    known, only = all_cards(), family == "parts"
    kinds = {"family": family, "task": task, "trait": trait, "library": library}
    cards = [] if only else [known[name] for name in ls.losses(**kinds)]
    parts = list(all_parts().values()) if only or not any(kinds.values()) else []
    if text:
        cards = [card for card in cards if text.lower() in _searched(card)]
        parts = [part for part in parts if text.lower() in f"{part.name} {part.group} {part.summary}".lower()]
    if json:
        print(json_module.dumps([*map(asdict, cards), *map(asdict, parts)], indent=1))
    elif names:
        print("".join(f"{name}\n" for name in _names(cards, parts)), end="")
    elif cards or parts:
        _print_list(cards, parts, library)
    if not cards and not parts:
        print("No loss matches. `lossary list` without a filter shows all.", file=sys.stderr)
        return 1
    return 0


def show_card(name: str, json: bool = False) -> int:
    """Print all that is known of one loss, or of one part of a target."""
    card = ls.card(name)
    if json:
        print(json_module.dumps(asdict(card), indent=1))
    elif isinstance(card, PartCard):
        print(card)
    else:
        _print_card(card)
    return 0


def width() -> int:
    """The columns of the terminal, as far as a line is easily read."""
    try:
        columns = int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
    except (ValueError, OSError):
        columns = 80
    return max(20, min(columns, WIDEST))


def styled(text: str, code: str) -> str:
    """Bold ("1") or dim ("2") where a person looks at it."""
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


def wrapped(text: str, indent: int = 0) -> list[str]:
    """Lines no wider than the terminal."""
    room = max(10, width() - indent)
    return [
        " " * indent + piece
        for line in text.splitlines()
        for piece in textwrap.wrap(line, room, break_on_hyphens=False)
    ]


def _searched(card: Card) -> str:
    return " ".join(
        (card.name, card.function, card.family, *card.traits, *card.aliases, *card.elsewhere, card.summary)
    ).lower()


def _names(cards: list[Card], parts: list[PartCard]) -> list[str]:
    return [*(card.function for card in cards), *(part.name for part in parts)]


def _print_list(cards: list[Card], parts: list[PartCard], library: str | None) -> None:
    lines: list[str] = []
    beside = min(LONGEST, max(map(len, _names(cards, parts)))) + 2
    for family in dict.fromkeys(card.family for card in cards):
        lines.append(styled(family, "1"))
        for card in cards:
            if card.family == family:
                also = f"also {', '.join(card.aliases[:4])}" if card.aliases else ""
                also = f"there {', '.join(_there(card, library))}" if library else also
                lines += _entry(card.function, card.summary, also, beside)
        lines.append("")
    if parts:
        lines.append(styled("parts of a target", "1"))
        for part in parts:
            lines += _entry(part.name, part.summary, part.group, beside)
        lines.append("")
    if not cards:
        print("\n".join([*lines, f"Next: lossary show {parts[0].name}"]))
        return
    traits = sorted({trait for card in cards for trait in card.traits})
    tasks = sorted({task for card in cards for task in card.tasks})
    count = f"{len(cards)} {'loss' if len(cards) == 1 else 'losses'}"
    lines += wrapped(f"{count}. Tasks: {', '.join(tasks)}. Traits: {', '.join(traits)}.")
    lines.append(f"Next: lossary show {cards[0].function}")
    print("\n".join(lines))


def _there(card: Card, library: str) -> list[str]:
    """The names that a library has for a loss, in full."""
    every = (name for place in card.elsewhere for name in peer_names(place))
    return list(dict.fromkeys(name for name in every if home(name) == home(library)))


def _entry(name: str, summary: str, more: str, beside: int) -> list[str]:
    """A name with its summary beside it, and what else there is to say below."""
    told = wrapped(summary, beside) or [""]  # a loss of one's own may say nothing
    if len(name) < beside - 1:
        told[0] = name.ljust(beside) + told[0][beside:]
    else:
        told.insert(0, name)
    return [*told, *(styled(line, "2") for line in (wrapped(more, beside) if more else []))]


def _print_card(card: Card) -> None:
    called = "(y_true, y_pred)" if card.inputs.startswith("y_true") or not card.inputs else "(…)"
    lines = [f"{styled(card.name, '1')}  ls.{card.function}{called}, ls.{card.name}()"]
    if len(card.name) + len(lines[0]) > width():
        lines = [styled(card.name, "1"), *wrapped(f"ls.{card.function}{called}\nls.{card.name}()", 2)]
    lines += wrapped(card.summary)
    facts = {
        "family": f"{card.family}; for {', '.join(card.tasks)}",
        "traits": ", ".join(card.traits),
        "inputs": card.inputs,
        "formula": readable(card.formula),
        "use": card.use,
        "beware": card.beware,
        "reference": card.reference,
        "also called": ", ".join(card.aliases),
        "elsewhere": "\n".join(card.elsewhere),
        "unlike": "\n".join(card.unlike),
        "parameters": "\n".join(f"{p.name} = {p.default!r}: {p.text} Allowed: {p.allowed}." for p in card.params),
        "example": card.example,
    }
    for title, body in facts.items():
        if body:
            lines += ["", styled(title, "1"), *wrapped(body, 2)]
    if card.curve is not None:
        curve = card.curve
        marks = [
            Marks(curve.x, curve.slope, "'", "gradient", line=True),
            Marks(curve.x, curve.value, "o", "loss", line=True),
        ]
        limits = full(curve.x), full([*curve.slope, *curve.value])
        lines += ["", f"{styled('plot', '1')} at the defaults"]
        lines += drawn(marks, *limits, min(width(), 78), 18, curve.axis)
    elif card.undrawn:
        lines += ["", styled("plot", "1"), *wrapped(card.undrawn, 2)]
    if "regression" in card.tasks:
        lines += ["", f"Next: lossary compare --loss mse,{card.function}"]
    print("\n".join(lines))
