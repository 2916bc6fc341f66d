"""`lossary list` and `lossary show` as commands beside the others; `quick` answers them where it can."""

from __future__ import annotations

from typing import Any

import click

from lossary.cli import texts


@click.command("list", short_help="List the losses: families, aliases, what each does.")
@click.argument("text", required=False, metavar="[FILTER]")
@click.option("--family", help="Only one family, for example robust; `parts` lists sums, schedules and terms.")
@click.option("--task", help="Only losses for one task, for example regression.")
@click.option("--trait", help="Only losses with one trait, for example convex.")
@click.option("--library", help="Only losses of one other library, for example torch, optax or monai.")
@click.option("--names", is_flag=True, help="Only the names, one per line.")
@click.option("--json", is_flag=True, help="The cards as JSON.")
@click.pass_context
def list_command(ctx: click.Context, /, text: str | None, **how: Any) -> None:
    """List the losses, and the parts of a target: sums, schedules, terms, learned weights.

    FILTER is part of a name, alias, name in another library, family, trait or summary.
    """
    ctx.exit(texts.show_list(text, **how))


@click.command("show", short_help="Show one loss: formula, parameters, plot, names elsewhere.")
@click.argument("name")
@click.option("--json", is_flag=True, help="The card as JSON.")
@click.pass_context
def show_command(ctx: click.Context, /, name: str, json: bool) -> None:
    """Show one loss. NAME is its name, an alias, or its name in another library."""
    ctx.exit(texts.show_card(name, json))
