"""`lossary suggest`: which loss fits a column, without Keras."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lossary.choosing.rule import TASKS, Suggestion
from lossary.choosing.suggest import Suggestions, suggest
from lossary.cli.options import FilePath
from lossary.cli.output import check_outputs
from lossary.cli.texts import wrapped
from lossary.core.errors import LossaryError
from lossary.core.files import write_whole
from lossary.data.errors import quoted
from lossary.data.reading import reading_of
from lossary.data.tables import Table, listed, load

EPILOG = """\b
Examples:
  lossary suggest
  lossary suggest engel --cost 0.9
  lossary suggest my.csv --target delay --task positive --json -
"""


@click.command("suggest", epilog=EPILOG, short_help="Suggest losses for a column of a table.")
@click.argument("data", default="phones")
@click.option("--target", metavar="COLUMN", help="The column to predict; for survival the time and the event: t,e.")
@click.option(
    "--task", metavar="TASK", help=f"What the target is, where the numbers do not show it: {', '.join(TASKS)}."
)
@click.option("--cost", metavar="COST", help="mean, median, distribution, probability, a quantile, or two costs: 4,1.")
@click.option("--as", "meanings", multiple=True, metavar="COLUMN=MEANING", help="What a column holds; repeatable.")
@click.option("--read", "settings", multiple=True, metavar="KEY=VALUE", help="The format of the file: decimal=comma.")
@click.option("--json", "json_path", type=FilePath(), help="Write everything as JSON; - is stdout.")
def suggest_command(
    data: str,
    target: str | None,
    task: str | None,
    cost: str | None,
    meanings: tuple[str, ...],
    settings: tuple[str, ...],
    json_path: Path | None,
) -> None:
    """Suggest up to three losses for a column, with what each one estimates and what can go wrong.

    Without arguments it reads the Belgian telephone calls, some of them recorded in another unit.
    """
    to_stdout = str(json_path) == "-"
    check_outputs([("--json", json_path)] if json_path is not None and not to_stdout else [], data)
    table = load(data, reading_of(settings, meanings))
    names = column_names(table, target)
    found = suggest(target_of(table, names), task, cost_of(cost))
    click.echo(said(found, ", ".join(names)), err=to_stdout)
    document = json.dumps({"target": names, **found.to_dict()}, indent=1, allow_nan=False)
    if to_stdout:
        click.echo(document)
    elif json_path is not None:
        write_whole(json_path, document + "\n")


def column_names(table: Table, asked: str | None) -> list[str]:
    """The target, by name: the own one of an embedded table, else the one given."""
    if asked is None and table.about is not None:
        return [table.about.target]
    if asked is not None and table.column(asked) is not None:
        return [asked]
    names = [word.strip() for word in (asked or "").split(",") if word.strip()]
    if not names or any(table.column(name) is None for name in names):
        raise LossaryError(
            f"Choose a target column for {quoted(table.name)}.",
            arrived=f"There is no column {quoted(asked)}." if asked else "None was named.",
            allowed=f"Expected one of {listed([column.name for column in table.columns])}.",
            do="Name it with --target COLUMN.",
        )
    return names


def target_of(table: Table, names: list[str]) -> object:
    """The cells of the target: numbers, or text."""
    columns = [column for name in names if (column := table.column(name)) is not None]
    for column in columns:
        if column.doubt is not None:
            raise column.doubt
    if any(column.numbers is None for column in columns):
        if len(columns) > 1:
            raise LossaryError(
                "A target of several columns is read as numbers.",
                arrived=f"{quoted(next(c.name for c in columns if c.is_text))} holds text.",
                allowed="Expected columns of numbers, or one column of text.",
                do="Name one column with --target.",
            )
        return list(columns[0].text)
    values = [column.numbers.tolist() for column in columns if column.numbers is not None]
    return values[0] if len(values) == 1 else [list(row) for row in zip(*values, strict=True)]


def cost_of(words: str | None) -> object:
    """A word, a quantile, or two costs, as they are written on the command line."""
    try:
        numbers = [float(word) for word in (words or "").split(",")]
    except ValueError:
        return words
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def said(found: Suggestions, target: str) -> str:
    """All of it, for a terminal."""
    lines = [f"{target}: {found.task}. {' '.join(found.seen)}"]
    for place, each in enumerate(found, 1):
        lines += ["", f"{place}. {each.code}", *_lines(each)]
    lines += [line for question in found.questions for line in ("", *wrapped(f"Not seen: {question}"))]
    return "\n".join(lines)


def _lines(each: Suggestion) -> list[str]:
    width = 15
    return [
        f"   {name:<12}{line.strip()}" if k == 0 else line
        for name, text in each.told().items()
        for k, line in enumerate(wrapped(text, width))
    ]
