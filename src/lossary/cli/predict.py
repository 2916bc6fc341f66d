"""`lossary predict`: a fit that `lossary compare --save` kept, on a new table; without Keras."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lossary.cli.output import check_outputs
from lossary.core.errors import LossaryError
from lossary.core.files import write_whole
from lossary.data.errors import visible

EPILOG = """\b
Examples:
  lossary compare my.csv --target price --loss mse,huber --save fit.json
  lossary predict fit.json new.csv                 # row, prediction, as CSV on the screen
  lossary predict fit.json new.csv -o out.csv
  lossary predict fit.json new.xlsx --json
"""


@click.command("predict", epilog=EPILOG, short_help="Apply a fit saved by compare to a new table.")
@click.argument("fit", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("data")
@click.option("-o", "--output", type=click.Path(path_type=Path, allow_dash=True), help="Default: -, standard output.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of CSV, with the choices made.")
@click.option(
    "--unseen",
    default="refuse",
    show_default=True,
    metavar="HOW",
    help="Text values that the fit has not seen: refuse them, or treat them as missing.",
)
@click.option("--as", "meanings", multiple=True, metavar="COLUMN=MEANING", help="What a column holds, as in compare.")
@click.option("--read", "settings", multiple=True, metavar="KEY=VALUE", help="The format of the file, as in compare.")
@click.option("--quiet", "-q", is_flag=True, help="Do not report the choices made about the table.")
def predict_command(
    fit: Path,
    data: str,
    output: Path | None,
    as_json: bool,
    unseen: str,
    meanings: tuple[str, ...],
    settings: tuple[str, ...],
    quiet: bool,
) -> None:
    """Predict the rows of DATA with the fit in FILE, written by `lossary compare --save`.

    DATA needs the columns of the fit, in any order; they are read as they were for the fit. Classes are given by name,
    with their probabilities. Choices made while reading are reported on standard error.
    """
    from lossary.data.reading import reading_of
    from lossary.training.tablefit import TableFit, load_fit

    target = None if output is None or str(output) == "-" else output
    if target is not None:
        check_outputs([("-o", target)], data)
        if target.resolve() == fit.resolve():
            raise LossaryError(
                f"Cannot write {str(output)!r} (-o).",
                arrived="It is the file of the fit.",
                allowed="Expected another file for the output.",
                do="Name another file.",
            )
    found = load_fit(fit)
    if not isinstance(found, TableFit):
        raise LossaryError(
            f"Cannot predict a table from {str(fit)!r}.",
            arrived="It is a linear fit of arrays, which knows no columns of a table.",
            allowed="Expected a file written by `lossary compare --save`.",
            do="Use it from Python: ls.load_fit(path).predict(x).",
        )
    predicted = found.predictions(data, unseen=unseen, reading=reading_of(settings, meanings))
    text = json.dumps(predicted.document(), indent=1, allow_nan=False) + "\n" if as_json else predicted.csv()
    if target is None:
        click.echo(text, nl=False)
    else:
        write_whole(target, text)
    if not quiet:
        for note in predicted.notes:
            click.echo(visible(note), err=True)
        if target is not None:
            click.echo(f"Written: {visible(str(target))} ({len(predicted):,} rows)", err=True)
