"""`lossary compare`: everything that can be wrong is checked first; then Keras loads, models train, results show."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lossary.cli.backends import choose_backend
from lossary.cli.output import check_outputs, check_packages
from lossary.core.files import write_whole
from lossary.data.errors import visible
from lossary.data.problem import MISSING, TASKS, Problem, Question, pose
from lossary.data.reading import MEANINGS, reading_of
from lossary.data.tables import ABOUT, Table, load, split_names
from lossary.training.asked import Asked, ask_all
from lossary.training.settings import OPTIMIZERS, Settings

if TYPE_CHECKING:
    from lossary.data.results import Comparison
    from lossary.training.compared import Compared

TABLES = ", ".join(f"{about.name} ({about.rows:,} rows)" for about in ABOUT.values())
EPILOG = f"""\b
DATA is a CSV, Excel or Parquet file, packed or not, or one of these tables:
  {TABLES}
\b
Examples:
  lossary compare
  lossary compare penguins --loss mse,huber:delta=0.5 --report report.html
  lossary compare engel --loss quantile:q=0.1,quantile:q=0.5,quantile:q=0.9
  lossary compare my.csv --target price --model mlp:64,64 --l2 0.001
  lossary compare my.csv --target price --loss huber --save fit.json    # then: lossary predict fit.json new.csv
"""


@click.command("compare", epilog=EPILOG, short_help="Fit one model once per loss, and show what differs.")
@click.argument("data", default="phones")
@click.option("--target", metavar="COLUMN", help="The column to explain.")
@click.option("--features", metavar="COLUMNS", help="The columns that explain it, comma between. Default: all others.")
@click.option("--ignore", metavar="COLUMNS", help="Columns to leave out, comma between.")
@click.option("--missing", type=click.Choice(MISSING), default="drop", show_default=True, help="Rows with empty cells.")
@click.option("--as", "meanings", multiple=True, metavar="COLUMN=MEANING", help=f"{', '.join(MEANINGS)}; repeatable.")
@click.option("--read", "settings", multiple=True, metavar="KEY=VALUE", help="How the file is written: decimal=comma.")
@click.option("--task", type=click.Choice(TASKS), help="Default: recognised from the target.")
@click.option("--loss", "losses", multiple=True, metavar="LOSSES", help="For example mse,mae,huber:delta=2.")
@click.option("--model", default="linear", show_default=True, help="linear, or mlp with widths: mlp:64,64.")
@click.option("--l1", type=click.FloatRange(min=0), default=0.0, show_default=True, help="Penalty on |weights|.")
@click.option("--l2", type=click.FloatRange(min=0), default=0.0, show_default=True, help="Penalty on weights².")
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), help="Default: adam; a linear model is solved instead.")
@click.option("--epochs", type=click.IntRange(min=1), help="Default: by the size of the data.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Default: all rows up to 2048, else 256.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Default: 0.1 linear, 0.01 mlp.")
@click.option("--validation", type=click.FloatRange(0, 0.9), help="Share held back. Default: 0.2 from 200 rows on.")
@click.option("--backend", metavar="NAME", help="tensorflow, jax or torch. Default: KERAS_BACKEND, or what is there.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--report", type=click.Path(path_type=Path), help="Write an HTML report that opens offline.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, allow_dash=True), help="Write all; - is stdout.")
@click.option("--save", type=click.Path(path_type=Path), help="Keep the best fit, for `lossary predict`.")
@click.option("--quiet", "-q", is_flag=True, help="Only the tables: no introduction, plot or progress.")
@click.pass_context
def compare_command(ctx: click.Context, /, data: str, report: Path | None, quiet: bool, **options: Any) -> None:
    """Fit the same model once per loss on the same data, and show side by side what differs.

    A linear model is solved: it ends at the optimum of its loss, with a certificate. Others are trained.

    Without arguments it takes 24 real rows, six of them recorded wrongly, on which the loss decides the answer.
    """
    json_path: Path | None = options["json_path"]
    to_stdout = json_path is not None and str(json_path) == "-"
    save: Path | None = options["save"]
    outputs = [("--report", report), ("--json", None if to_stdout else json_path), ("--save", save)]
    check_outputs([(option, path) for option, path in outputs if path is not None], data)
    if report is not None:
        check_packages("--report", report, ("jinja2", "matplotlib"), "Without them there is the screen, and --json.")
    problem, asked, settings = _prepare(data, options, quiet)
    backend = choose_backend(options["backend"])
    command = repeat_command(ctx, backend)
    found = _train(problem, asked, settings, backend, command, quiet)
    _deliver(found, report, json_path, to_stdout, quiet)
    if save is not None and found.kept:
        label = found.best()
        found.save(save, label)
        click.echo(f"Saved: {visible(str(save))}. {found.why(label)}", err=to_stdout)
        if warning := found.kept[label].warning:
            click.echo(f"Beware: {warning}", err=to_stdout)
        if not quiet:
            click.echo(f"Next: lossary predict {shlex.quote(visible(str(save)))} NEW.csv", err=to_stdout)
    if found.interrupted:
        ctx.exit(130)
    if all(fit.diverged for fit in found.fits):
        ctx.exit(1)


def _prepare(data: str, options: dict[str, Any], quiet: bool) -> tuple[Problem, list[Asked], Settings]:
    """All that is asked, checked against the data; nothing here needs Keras."""
    given = ("model", "l1", "l2", "epochs", "batch_size", "optimizer", "learning_rate", "seed")
    settings = Settings(**{name: options[name] for name in given})
    _ = settings.solved  # a wrong --model is refused here, and settings that do not belong together
    if not quiet and os.path.isfile(data) and os.path.getsize(data) > 1_000_000:  # a sign of life
        click.echo(f"Reading {visible(data)} …", err=True)
    table = load(data, reading_of(options["settings"], options["meanings"]))
    question = Question(
        options["target"],
        _names(options["features"], table),
        _names(options["ignore"], table) or (),
        options["task"],
        options["validation"],
        options["seed"],
        options["missing"],
    )
    problem = pose(table, question)
    return problem, ask_all(options["losses"], problem.task), settings


def _names(text: str | None, table: Table) -> tuple[str, ...] | None:
    return split_names(text, table) if text else None


def _train(
    problem: Problem, asked: list[Asked], settings: Settings, backend: str, command: str, quiet: bool
) -> Compared:
    from lossary.cli.progress import Bars

    with Bars(len(asked), quiet) as bars:
        bars.say(f"Loading Keras on {backend} …")
        from lossary.training.compare import compare

        return compare(problem, asked, settings, progress=bars, command=command)


def _deliver(found: Comparison, report: Path | None, json_path: Path | None, to_stdout: bool, quiet: bool) -> None:
    """Files first, so that the last line on the screen can name them."""
    from lossary.cli.screen import Screen

    written = []
    if found.fits and report is not None:
        from lossary.drawing.report import render

        write_whole(report, render(found))
        written.append(report)
    if found.fits and json_path is not None:
        text = json.dumps(found.document(), indent=1, allow_nan=False) + "\n"
        if to_stdout:
            click.echo(text, nl=False)
        else:
            write_whole(json_path, text)
            written.append(json_path)
    Screen(stderr=to_stdout, quiet=quiet).show(found, written)


def repeat_command(ctx: click.Context, backend: str) -> str:
    """The command that gives the same numbers again: what was given, and the seed and backend in any case."""
    words = ["lossary", "compare"]
    for parameter in ctx.command.params:
        name, value = parameter.name or "", ctx.params.get(parameter.name or "")
        if name in ("report", "json_path", "save", "quiet", "backend") or value is None:
            continue
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        elif name == "seed" or value not in (parameter.default, ()):
            values = value if isinstance(value, tuple) else (value,)
            for one in values:
                words += [parameter.opts[0], f"{one:g}" if isinstance(one, float) else str(one)]
    return shlex.join([*words, "--backend", backend])
