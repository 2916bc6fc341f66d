"""`lossary check`: rows of a CSV file against a loss, or a compiled model of a module on its data."""

from __future__ import annotations

import ast
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from lossary.cli.backends import choose_backend
from lossary.core.errors import LossaryError
from lossary.data.errors import visible
from lossary.data.reading import reading_of
from lossary.data.tables import Table, listed, load, split_names

if TYPE_CHECKING:
    from lossary.checking.findings import Findings

EPILOG = """\b
Examples:
  lossary check predictions.csv --y label --p score --loss bce
  lossary check predictions.csv --y label --p a,b,c --loss scce --from-logits
  lossary check predictions.csv --y price --p fit --w weight --loss huber --set delta=2
  lossary check mymodule:model mymodule:data
  lossary check mymodule:make            # a function that gives model, x, y
  lossary check --rules
"""


@click.command("check", epilog=EPILOG, short_help="Check a loss and its data before training.")
@click.argument("what", required=False)
@click.argument("data", required=False)
@click.option("--y", metavar="COLUMNS", help="Targets: columns of the file; for a model a .npy file.")
@click.option("--p", metavar="COLUMNS", help="Predictions: columns of the file, separated by commas.")
@click.option("--w", metavar="COLUMN", help="Weights: a column of the file; for a model a .npy file.")
@click.option("--x", metavar="FILE", help="Inputs of a model: a .npy file.")
@click.option("--loss", metavar="NAME", help="Any name that `lossary show` knows.")
@click.option("--from-logits", is_flag=True, help="Predictions are logits.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the loss; repeatable.")
@click.option("--ignore", multiple=True, metavar="IDS", help="Rules to leave out, separated by commas, such as L003.")
@click.option("--as", "meanings", multiple=True, metavar="COLUMN=MEANING", help="What a column holds, as in compare.")
@click.option("--read", "reading", multiple=True, metavar="KEY=VALUE", help="The format of the file, as in compare.")
@click.option("--rules", is_flag=True, help="List the rules and exit.")
@click.option(
    "--backend", metavar="NAME", help="tensorflow, jax or torch. Default: KERAS_BACKEND, or an installed one."
)
@click.pass_context
def check_command(
    ctx: click.Context, /, what: str | None, data: str | None, rules: bool, ignore: tuple[str, ...], **options: Any
) -> None:
    """Check a loss against data or a model before training, and report mistakes that would go unnoticed.

    WHAT is a file (CSV, Excel, Parquet) with targets and predictions, or MODULE:NAME for a compiled Keras model, or for
    a function that returns (model, x, y). DATA is MODULE:NAME for (x, y) or (x, y, weights), or for an object that
    yields batches of these; a model without its data needs it. The module is imported, and so run: name only modules
    that you trust.

    Exit code 1 when there is an ERROR, 2 when the command fails.
    """
    choose_backend(options["backend"])  # the rules import Keras
    from lossary.checking.rule import chosen

    if rules:
        _print_rules()
        return
    ignored = [id.strip() for part in ignore for id in part.split(",") if id.strip()]
    chosen(ignored)
    if what is None:
        raise _misuse("No data were given.", "Name a CSV file or MODULE:NAME; `lossary check --help` shows examples.")
    module = ":" in what and not os.path.exists(what)
    found = _check_model(what, data, options, ignored) if module else _check_table(what, options, ignored)
    _print(found)
    ctx.exit(1 if found.errors else 0)


def _misuse(arrived: str, do: str) -> LossaryError:
    return LossaryError(
        "lossary check needs a loss and data, or a model and data.",
        arrived=arrived,
        allowed="Expected a CSV file with --y, --p and --loss, or a model as MODULE:NAME with its data.",
        do=do,
    )


def _check_table(path: str, options: dict[str, Any], ignored: list[str]) -> Findings:
    missing = [f"--{name}" for name in ("y", "p", "loss") if not options[name]]
    if missing:
        raise _misuse(
            f"{' and '.join(missing)} is missing." if len(missing) == 1 else f"{', '.join(missing)} are missing.",
            "Name the columns and the loss, for example --y label --p score --loss bce.",
        )
    table = load(path, reading_of(options["reading"], options["meanings"]))
    w = _columns(table, options["w"], "--w")[0] if options["w"] else None
    parameters = _parameters(options["settings"]) | ({"from_logits": True} if options["from_logits"] else {})
    import lossary as ls

    loss = ls.get(options["loss"], **parameters)
    p, names = _columns(table, options["p"], "--p")
    y = _labels(table, options["y"], names, loss)
    return ls.check(loss, y, p, w, ignore=ignored)


def _labels(table: Table, text: str, outputs: tuple[str, ...], loss: Any) -> Any:
    """Targets; under a loss of classes, words become 0, 1, … in the order of the outputs, else of the alphabet."""
    import numpy as np

    names = split_names(text, table)
    column = table.column(names[0]) if len(names) == 1 else None
    if column is None or not column.is_text or "regression" in getattr(loss, "tasks", ("regression",)):
        return _columns(table, text, "--y")[0]
    if column.doubt is not None:
        raise column.doubt
    words = sorted(set(column.text) - {""})
    order = outputs if set(words) <= set(outputs) else words
    shown = ", ".join(f"{visible(word)} = {k}" for k, word in enumerate(order[:10]))
    click.echo(f"Classes: {shown}{', …' if len(order) > 10 else ''}.")
    codes = {word: float(k) for k, word in enumerate(order)}
    y = np.array([codes.get(word, np.nan) for word in column.text])
    if loss.contract.shape == "index" or len(outputs) == 1:
        return y
    one_hot = np.eye(max(len(order), len(outputs)))[np.nan_to_num(y).astype(int)]
    return np.where(np.isnan(y)[:, None], np.nan, one_hot)


def _columns(table: Table, text: str, option: str) -> tuple[Any, tuple[str, ...]]:
    """One column as a vector, several as a matrix, and their names; what was decided about them is printed."""
    import numpy as np

    names = split_names(text, table)
    found: list[Any] = []
    for name in names:
        column = table.column(name)
        if column is not None and column.doubt is not None:
            raise column.doubt
        if column is None or column.is_text:
            raise LossaryError(
                f"Cannot read {option} {text} from {table.name}.",
                arrived=f"It has no numeric column {listed([name])}.",
                allowed=f"Its numeric columns are {listed([c.name for c in table.columns if not c.is_text])}.",
                do="Check the spelling; a name that contains a comma needs quotation marks.",
            )
        for note in column.notes:
            click.echo(visible(note))
        found.append(column.numbers)
    return (found[0] if len(found) == 1 else np.stack(found, -1)), names


def _parameters(settings: tuple[str, ...]) -> dict[str, Any]:
    given = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise _misuse(f"--set {setting} has no '='.", "Write --set NAME=VALUE, for example --set delta=2.")
        try:
            given[name.strip()] = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            given[name.strip()] = value
    return given


def _check_model(what: str, data: str | None, options: dict[str, Any], ignored: list[str]) -> Findings:
    import lossary as ls

    parts = _tuple(_named(what))
    if data:
        parts += _tuple(_named(data))
    elif len(parts) == 1:
        parts += tuple(_array(options[name], f"--{name}") for name in ("x", "y", "w") if options[name])
    if not 2 <= len(parts) <= 4 or (len(parts) == 2 and hasattr(parts[1], "shape")):
        raise _misuse(
            f"{what} gives {len(parts)} {'thing' if len(parts) == 1 else 'things'}, and no more was named.",
            "Give model, x and y: from a function, with DATA as MODULE:NAME, or with --x and --y as .npy files.",
        )
    model, x, y, w = (*parts, None, None)[:4]
    return ls.check(model, x, y, w, ignore=ignored)


def _tuple(thing: Any) -> tuple[Any, ...]:
    if callable(thing) and not hasattr(thing, "compute_loss"):
        try:
            thing = thing()
        except Exception as error:  # it may raise anything
            raise LossaryError(
                f"{getattr(thing, '__name__', 'The function')}() was called for the model and its data.",
                arrived=f"It raised {type(error).__name__}: {error}",
                allowed="Expected a function without arguments that returns (model, x, y).",
                do="Call it in Python first, where the traceback shows.",
            ) from error
    return tuple(thing) if isinstance(thing, (tuple, list)) else (thing,)


def _named(what: str) -> Any:
    """The object MODULE:NAME, with modules of the present directory found first."""
    module, _, name = what.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return getattr(import_module(module), name)
    except Exception as error:  # the module is run: it may raise anything
        kind = "" if isinstance(error, (ImportError, AttributeError)) else f"{type(error).__name__}: "
        raise LossaryError(
            f"Cannot check {what}.",
            arrived=f"It cannot be imported: {kind}{error}.",
            allowed="Expected MODULE:NAME, with a module that Python can import from here.",
            do="Check the spelling, or change to the directory of the module.",
        ) from error


def _array(path: str, option: str) -> Any:
    import numpy as np

    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise OSError(0, "It is not a regular file")
        return np.load(path, allow_pickle=False)
    except Exception as error:  # the head of such a file is read as Python, and may raise anything
        raise LossaryError(
            f"Cannot read {option} {path}.",
            arrived=f"{getattr(error, 'strerror', None) or 'It is not a .npy file of numbers'}.",
            allowed="Expected a .npy file written by numpy.save.",
            do="Write it with numpy.save, or name the data as MODULE:NAME.",
        ) from error


def _print_rules() -> None:
    from rich.table import Table as Grid

    from lossary.checking.rule import rules
    from lossary.cli.screen import make_console, shown

    console, table = make_console(), Grid(box=None, padding=(0, 2, 0, 0))
    for head in ("id", "severity", "rule", "what is wrong"):
        table.add_column(head, no_wrap=head != "what is wrong")
    for rule in rules().values():
        table.add_row(rule.id, rule.severity, rule.name, shown(rule.reason))
    console.print(table)
    console.print("\nNext: lossary check data.csv --y label --p score --loss bce")


def _print(found: Findings) -> None:
    from rich.padding import Padding

    from lossary.cli.screen import make_console, shown

    console = make_console()
    if len(found.routes) > 1:
        console.print("[bold]Which loss meets which output[/bold]")
        for route in found.routes:
            console.print(Padding(shown(str(route)), (0, 0, 0, 2), expand=False))
        console.print()
    for finding in found:
        colour = "red" if finding.severity == "ERROR" else "yellow"
        where = f" (output {shown(finding.output)})" if finding.output else ""
        console.print(f"[bold {colour}]{finding.severity}[/] [bold]{finding.id} {finding.rule}[/bold]{where}")
        for text in (finding.message, f"→ {finding.do}"):
            console.print(Padding(shown(text), (0, 0, 0, 2), expand=False))
        console.print(f"  [dim]{finding.link}[/dim]\n")
    console.print(found.summary())
    if found:
        console.print(f"To leave a rule out: --ignore {found[0].id}")
