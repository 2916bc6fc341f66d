"""`lossary mle`: distributions fitted to one column, with a table, a picture and what stands against each fit."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from lossary._errors import visible
from lossary.cli.backends import choose_backend
from lossary.cli.canvas import Marks, drawn, full
from lossary.cli.options import FilePath
from lossary.cli.output import check_outputs, check_packages
from lossary.cli.progress import Bars
from lossary.core.errors import LossaryError
from lossary.core.files import write_whole
from lossary.data.reading import reading_of
from lossary.data.tables import Table, load

COLUMN = {"phones": "calls", "penguins": "body_mass_g", "engel": "foodexp"}  # of the tables by name
EPILOG = """\b
Examples:
  lossary mle
  lossary mle engel --column income --distribution gamma,log_normal,weibull
  lossary mle my.csv --column delay --report report.html --json -
"""


@click.command("mle", epilog=EPILOG, short_help="Fit distributions to a column by maximum likelihood.")
@click.argument("data", default="penguins")
@click.option("--column", metavar="COLUMN", help="The column of numbers.")
@click.option(
    "--distribution",
    "names",
    metavar="NAMES",
    help="For example normal,gamma. Default: all that can produce these numbers.",
)
@click.option("--as", "meanings", multiple=True, metavar="COLUMN=MEANING", help="What a column holds; repeatable.")
@click.option("--read", "settings", multiple=True, metavar="KEY=VALUE", help="The format of the file: decimal=comma.")
@click.option("--backend", metavar="NAME", help="tensorflow, jax or torch.")
@click.option("--report", type=FilePath(), help="Write an HTML report that opens offline.")
@click.option("--json", "json_path", type=FilePath(), help="Write everything as JSON; - is stdout.")
@click.option("--quiet", "-q", is_flag=True, help="Only the table: no picture or progress.")
@click.pass_context
def mle_command(ctx: click.Context, /, data: str, report: Path | None, json_path: Path | None, **options: Any) -> None:
    """Fit distributions to one column by maximum likelihood, and report which one explains it best.

    Without arguments it uses the body mass of 342 penguins, of three species.
    """
    began = ctx.find_root().meta.get("began", time.perf_counter())
    to_stdout = json_path is not None and str(json_path) == "-"
    outputs = [("--report", report), ("--json", None if to_stdout else json_path)]
    check_outputs([(option, path) for option, path in outputs if path is not None], data)
    if report is not None:
        check_packages("--report", report, ("matplotlib", "scipy"), "Without them, use the screen, or --json.")
    table = load(data, reading_of(options["settings"], options["meanings"]))
    name, numbers, left = column_of(table, options["column"])
    quiet = options["quiet"]
    with Bars(quiet) as bars:
        backend = choose_backend(options["backend"])
        bars.say(f"Loading Keras on {backend} …")
        from lossary.likelihood.fit import Comparison, compare_distributions, fit_distribution
        from lossary.likelihood.plain import known

        names = [word.strip() for word in options["names"].split(",")] if options["names"] else known()
        parts = []
        for one in names:
            bars.say(f"Fitting {one} …")
            parts.append(compare_distributions(numbers, [one]))
    fits = sorted((fit for part in parts for fit in part.fits), key=lambda fit: (not fit.success, fit.aic))
    found = Comparison(tuple(fits), {key: why for part in parts for key, why in part.refused.items()})
    if not found.fits:
        arrived = "; ".join(f"{key}: {why}" for key, why in found.refused.items())
        allowed = "Expected a distribution that can produce these numbers."
        do = "Choose another one with --distribution."
        if len(set(found.refused.values())) == 1:  # one reason, which says itself what to do
            try:
                fit_distribution(numbers, next(iter(found.refused)))
            except LossaryError as error:
                arrived, allowed, do = f"{', '.join(found.refused)}: {error.arrived}", error.allowed, error.do
        raise LossaryError(f"Cannot fit column '{name}'.", arrived=arrived, allowed=allowed, do=do)
    head = f"{name}: {len(numbers):,} numbers" + (f", {left:,} missing cells left out" if left else "")
    click.echo("\n".join([head, "", *said(found), ""]), err=to_stdout)
    if not quiet:
        click.echo("\n".join(picture(found, numbers, name)), err=to_stdout)
    document = {"column": name, "rows": len(numbers), "fits": [fit.to_dict() for fit in found.fits],
                "refused": found.refused}  # fmt: skip
    if to_stdout:
        click.echo(json.dumps(document, indent=1, allow_nan=False))
    elif json_path is not None:
        write_whole(json_path, json.dumps(document, indent=1, allow_nan=False) + "\n")
    if report is not None:
        from lossary.drawing.fits import page

        write_whole(report, page(found, head))
    written = [str(path) for path in (report, None if to_stdout else json_path) if path is not None]
    if written and not quiet:
        click.echo(f"Written: {', '.join(map(visible, written))} ({time.perf_counter() - began:.1f} s)", err=to_stdout)


def column_of(table: Table, asked: str | None) -> tuple[str, Any, int]:
    """The numbers of a column, and how many cells are missing; refused where they are none."""
    wanted = asked or COLUMN.get(table.name) or next((c.name for c in table.columns if c.kind == "numbers"), None)
    column = table.column(wanted) if wanted else None
    numeric = [c.name for c in table.columns if c.kind == "numbers" and c.name != wanted]
    if column is not None and column.doubt is not None:
        raise column.doubt
    values = np.asarray([] if column is None or column.numbers is None else column.numbers, dtype=float)
    there = values[np.isfinite(values)]
    if column is None or column.kind != "numbers" or not there.size:
        what = "no number" if column is not None and column.kind == "numbers" else column.kind if column else ""
        held = [f"'{c.name}' holds {c.kind}" for c in table.columns][:6]
        arrived = f"Column '{wanted}' holds {what}." if column else f"The table has no column '{wanted}'."
        none = f"No column does: {', '.join(held)}."
        raise LossaryError(
            "lossary mle fits distributions to a column of numbers.",
            arrived=arrived if wanted else none,
            allowed=f"Expected one of {', '.join(numeric)}."
            if numeric
            else "Expected cells such as 3.5, 1,200 or 40 %.",
            do="Name one with --column."
            if numeric
            else "Correct the cells; --as COLUMN=number lists the cells that are not numbers.",
        )
    return column.name, there, int(len(values) - len(there))


def said(found: Any) -> list[str]:
    """The table, and what stands against the best fit."""
    head, rows = found.table()
    wide = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip() for row in [head, *rows]]
    lines += [f"{key} was left out: {why}" for key, why in found.refused.items()]
    best = found.best
    if not best.success:
        return [*lines, "", "No fit ended well.", *best.sentences()]
    return [*lines, "", f"Smallest AIC: {best.model}.", *best.sentences()]


def picture(found: Any, numbers: Any, name: str) -> list[str]:
    """The histogram of the numbers and the best density."""
    from lossary.cli.texts import width
    from lossary.drawing.fits import density

    low, high = (float(end) for end in np.quantile(numbers, [0.005, 0.995] if len(numbers) > 200 else [0, 1]))
    room = max(high - low, 1e-12 * abs(low)) if high > low else 0.01 * abs(low) or 1.0  # equal numbers too
    heights, edges = np.histogram(numbers, 24, range=(low, low + room))
    heights = heights / max(heights.sum(), 1) / (edges[1] - edges[0])
    middle = (edges[1:] + edges[:-1]) / 2
    bars = Marks(middle.tolist(), heights.tolist(), "o", f"{name}, share of each bin")
    at = np.linspace(edges[0], edges[-1], 120)
    counted = found.best.loss.contract.target.words.startswith("a count")
    at = np.unique(np.rint(at)) if counted else at
    told = density(found.best, at, heights)
    line = Marks(at.tolist(), told.tolist(), "*", f"{found.best.model}, fitted", line=not counted)
    return drawn([bars, line], full(edges), (0.0, float(max(heights.max(), told.max()))), min(width(), 78), 18, name)
