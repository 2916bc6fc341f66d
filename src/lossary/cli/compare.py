"""`lossary compare`: everything that can be wrong is checked first; then Keras loads, models train, results show."""

from __future__ import annotations

import errno
import json
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lossary._errors import visible
from lossary.cli.backends import choose_backend
from lossary.cli.failure import INTERRUPTED
from lossary.cli.folder import ENGINES, compare_folder, is_streamed
from lossary.cli.interrupts import WATCH
from lossary.cli.options import FilePath, Number
from lossary.cli.output import check_outputs, check_packages
from lossary.cli.progress import Bars
from lossary.core.files import write_whole
from lossary.data.problem import MISSING, TASKS, Problem, Question, pose
from lossary.data.reading import MEANINGS, reading_of
from lossary.data.tables import ABOUT, Table, load, split_names
from lossary.training.candidates import Candidate, ask_all
from lossary.training.settings import OPTIMIZERS, Settings

if TYPE_CHECKING:
    from lossary.data.results import Comparison

TABLES = ", ".join(f"{about.name} ({about.rows:,} rows)" for about in ABOUT.values())
EPILOG = f"""\b
DATA is a CSV, Excel or Parquet file, compressed or not; a folder of Parquet files, larger than
memory or not; or one of these tables:
  {TABLES}
\b
Examples:
  lossary compare
  lossary compare penguins --target body_mass_g --loss mse,huber:delta=300 --report report.html
  lossary compare engel --loss quantile:q=0.1,quantile:q=0.5,quantile:q=0.9
  lossary compare my.csv --target price --model mlp:64,64 --l2 0.001
  lossary compare folder/ --target price --loss mse,huber --engine ray
  lossary compare my.csv --target price --loss huber --save fit.json    # then: lossary predict fit.json new.csv
"""


@click.command("compare", epilog=EPILOG, short_help="Fit the same model with each loss, and compare.")
@click.argument("data", default="phones")
@click.option("--target", metavar="COLUMN", help="The column to predict.")
@click.option("--features", metavar="COLUMNS", help="The input columns, separated by commas. Default: all others.")
@click.option("--ignore", metavar="COLUMNS", help="Columns to leave out, separated by commas.")
@click.option("--missing", type=click.Choice(MISSING), default="drop", show_default=True, help="Missing cells.")
@click.option("--as", "meanings", multiple=True, metavar="COLUMN=MEANING", help=f"{', '.join(MEANINGS)}; repeatable.")
@click.option("--read", "settings", multiple=True, metavar="KEY=VALUE", help="The format of the file: decimal=comma.")
@click.option("--task", type=click.Choice(TASKS), help="Default: inferred from the target.")
@click.option(
    "--loss",
    "losses",
    multiple=True,
    metavar="LOSSES",
    help="For example mse,huber:delta=2; a delta is in the target's units.",
)
@click.option("--model", default="linear", show_default=True, help="linear, or mlp with widths: mlp:64,64.")
@click.option("--l1", type=Number(0, 1e30), default=0.0, show_default=True, help="L1 penalty on the weights.")
@click.option("--l2", type=Number(0, 1e30), default=0.0, show_default=True, help="L2 penalty on the weights.")
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), help="Default: adam; a linear model is solved instead.")
@click.option("--epochs", type=Number(1, 10**7, whole=True), help="Default: by the size of the data.")
@click.option("--batch-size", type=Number(1, 10**9, whole=True), help="Default: all rows up to 2048, else 256.")
@click.option("--learning-rate", type=Number(0, above=True), help="Default: 0.1 linear, 0.01 mlp.")
@click.option("--validation", type=Number(0, 0.9), help="Fraction held out. Default: 0.2 for 200 rows or more.")
@click.option(
    "--backend", metavar="NAME", help="tensorflow, jax or torch. Default: KERAS_BACKEND, or an installed one."
)
@click.option("--engine", type=click.Choice(ENGINES), help="Engine for a folder of Parquet files. Default: local.")
@click.option("--workers", type=Number(1, 10**6, whole=True), help="How many workers, for --engine ray or dask.")
@click.option("--seed", type=Number(0, 2**32 - 1, whole=True), default=0, show_default=True)
@click.option("--report", type=FilePath(), help="Write an HTML report that opens offline.")
@click.option("--json", "json_path", type=FilePath(), help="Write everything as JSON; - is stdout.")
@click.option("--save", type=FilePath(), help="Keep the best fit, for `lossary predict`.")
@click.option("--quiet", "-q", is_flag=True, help="Only the tables: no introduction, plot or progress.")
@click.pass_context
def compare_command(ctx: click.Context, /, data: str, report: Path | None, quiet: bool, **options: Any) -> None:
    """Fit the same model with each loss on the same data, and show the differences side by side.

    Linear models are solved to the optimum of their loss, with a certificate. Other models are trained.

    Without arguments it uses 24 real rows, seven of them recorded wrongly, where the choice of loss decides the fit.
    """
    if is_streamed(data, options["engine"]):
        compare_folder(data, options | {"report": report}, quiet)
        return
    began = ctx.find_root().meta.get("began", time.perf_counter())
    json_path: Path | None = options["json_path"]
    to_stdout = json_path is not None and str(json_path) in ("-", "/dev/stdout")
    save: Path | None = options["save"]
    outputs = [("--report", report), ("--json", None if to_stdout else json_path), ("--save", save)]
    check_outputs([(option, path) for option, path in outputs if path is not None], data)
    if report is not None:
        check_packages("--report", report, ("jinja2", "matplotlib"), "Without them, use the screen, or --json.")
    problem, asked, settings = _prepare(data, options)
    with Bars(quiet) as bars:
        backend = choose_backend(options["backend"])
        bars.say(f"Loading Keras on {backend} …")
        from lossary.training.compare import compare

        with WATCH.patiently():
            found = compare(problem, asked, settings, progress=bars, command=repeat_command(ctx, backend))
    found.seconds = time.perf_counter() - began
    _deliver(found, report, json_path, to_stdout, quiet, began)
    if save is not None and found.kept:
        label = found.best()
        found.save(save, label)
        click.echo(f"Saved: {visible(str(save))}. {found.why(label)}", err=to_stdout)
        if warning := found.kept[label].warning:
            click.echo(f"Warning: {warning}", err=to_stdout)
        if not quiet:
            click.echo(f"Next: lossary predict {shlex.quote(visible(str(save)))} NEW.csv", err=to_stdout)
    if found.interrupted:
        ctx.exit(INTERRUPTED)
    if all(fit.diverged for fit in found.fits):
        ctx.exit(1)


def _prepare(data: str, options: dict[str, Any]) -> tuple[Problem, list[Candidate], Settings]:
    """All options, checked against the data; nothing here needs Keras."""
    given = ("model", "l1", "l2", "epochs", "batch_size", "optimizer", "learning_rate", "seed")
    settings = Settings(**{name: options[name] for name in given})
    _ = settings.solved  # a wrong --model is refused here, and settings that do not belong together
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


def _deliver(
    found: Comparison, report: Path | None, json_path: Path | None, to_stdout: bool, quiet: bool, began: float
) -> None:
    """The results first, so that a file that cannot be written costs none of them. A closed pipe does not either."""
    from lossary.cli.screen import Screen

    screen, closed = Screen(stderr=to_stdout, quiet=quiet), None
    try:
        screen.show(found)
        if found.fits and to_stdout:
            click.echo(_json(found), nl=False)
    except (BrokenPipeError, SystemExit) as error:  # rich ends the process where nobody reads any more
        closed = error
    WATCH.said = "Interrupted: the results are complete, but the files were not written."
    written = []
    if found.fits and report is not None:
        from lossary.drawing.report import render

        write_whole(report, render(found))
        written.append(report)
    if found.fits and json_path is not None and not to_stdout:
        write_whole(json_path, _json(found))
        written.append(json_path)
    if closed is not None:
        raise BrokenPipeError(errno.EPIPE, "nobody reads what is printed")
    screen.close(written, found, time.perf_counter() - began)


def _json(found: Comparison) -> str:
    return json.dumps(found.document(), indent=1, allow_nan=False) + "\n"


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
                words += [parameter.opts[0], repr(one) if isinstance(one, float) else str(one)]
    return shlex.join([*words, "--backend", backend])
