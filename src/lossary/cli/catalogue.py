"""`lossary list` and `lossary show`: what the catalogue knows, without Keras."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from typing import Any

import click

import lossary as ls
from lossary.core.cards import Card, readable


@click.command("list", short_help="The losses: families, aliases, what each does.")
@click.argument("text", required=False, metavar="[FILTER]")
@click.option("--family", help="Only one family, for example robust.")
@click.option("--task", help="Only losses for one task, for example regression.")
@click.option("--trait", help="Only losses with one trait, for example convex.")
@click.option("--names", is_flag=True, help="Only the names, one a line.")
@click.option("--json", "as_json", is_flag=True, help="The cards as JSON.")
@click.pass_context
def list_command(
    ctx: click.Context, /, text: str | None, family: str | None, task: str | None, trait: str | None, **how: bool
) -> None:
    """List the losses. FILTER is part of a name, alias, name in another library, family, trait or summary."""
    cards = [ls.card(name) for name in ls.losses(family=family, task=task, trait=trait)]
    if text:
        cards = [card for card in cards if text.lower() in _searched(card)]
    if how["as_json"]:
        click.echo(json_module.dumps([_plain(card) for card in cards], indent=1))
    elif how["names"]:
        for card in cards:
            click.echo(card.function)
    elif cards:
        _print_list(cards)
    if not cards:
        click.echo("No loss fits. `lossary list` without a filter shows all.", err=True)
        ctx.exit(1)


def _searched(card: Card) -> str:
    return " ".join(
        (card.name, card.function, card.family, *card.traits, *card.aliases, *card.elsewhere, card.summary)
    ).lower()


def _plain(card: Card) -> dict[str, Any]:
    return asdict(card)


def _print_list(cards: list[Card]) -> None:
    from rich.table import Table

    from lossary.cli.screen import make_console

    console = make_console()
    for family in dict.fromkeys(card.family for card in cards):
        table = Table(title=family, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
        table.add_column("loss", no_wrap=True)
        table.add_column("what it does")
        for card in cards:
            if card.family == family:
                known = f"\n[dim]also {', '.join(card.aliases[:4])}[/dim]" if card.aliases else ""
                table.add_row(card.function, card.summary + known)
        console.print(table)
        console.print()
    traits = sorted({trait for card in cards for trait in card.traits})
    tasks = sorted({task for card in cards for task in card.tasks})
    count = f"{len(cards)} {'loss' if len(cards) == 1 else 'losses'}"
    console.print(f"{count}. Tasks: {', '.join(tasks)}. Traits: {', '.join(traits)}.")
    console.print(f"Next: lossary show {cards[0].function}")


@click.command("show", short_help="One loss: formula, parameters, plot, names elsewhere.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="The card as JSON.")
def show_command(name: str, as_json: bool) -> None:
    """Show one loss. NAME is its name, an alias, or its name in another library."""
    card = ls.card(name)
    if as_json:
        click.echo(json_module.dumps(_plain(card), indent=1))
    else:
        _print_card(card)


def _print_card(card: Card) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    from lossary.cli.screen import make_console

    console = make_console()
    called = "(y_true, y_pred)" if card.inputs.startswith("y_true") or not card.inputs else ""
    console.print(f"[bold]{card.name}[/bold]  ls.{card.function}{called}, ls.{card.name}()")
    console.print(escape(card.summary))
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
            console.print(f"\n[bold]{title}[/bold]")
            console.print(Padding(escape(body), (0, 0, 0, 2), expand=False))
    if card.curve is not None:
        from lossary.cli.plots import loss_curve

        console.print("\n[bold]plot[/bold] at the defaults")
        curve = card.curve
        drawn = loss_curve(curve.axis, curve.x, curve.value, curve.slope, min(console.width, 78))
        console.print(drawn, markup=False)
    elif card.undrawn:
        console.print(f"\n[bold]plot[/bold]\n  {escape(card.undrawn)}")
    console.print(f"\nNext: lossary compare --loss mse,{card.function}" if "regression" in card.tasks else "")
