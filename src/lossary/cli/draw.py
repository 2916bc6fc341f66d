"""`lossary draw`: losses as a picture in a file; what can be wrong is checked before Keras loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import lossary as ls
from lossary._errors import visible
from lossary.cli.backends import choose_backend
from lossary.cli.options import FilePath, Number
from lossary.cli.output import check_outputs, check_packages

EPILOG = """\b
Examples:
  lossary draw huber                                    # writes huber.svg
  lossary draw huber:delta=0.5,1,2 mse -o huber.png     # several, and several values of a parameter
  lossary draw bce:from_logits=True focal:from_logits=True -o logits.html
  lossary draw cce categorical_focal --kind triangle -o classes.svg
  lossary draw gaussian_nll --kind map --theme dark -o likelihood.png
"""


@click.command("draw", epilog=EPILOG, short_help="Draw losses: value, gradient, curvature, maps.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-o", "--output", type=FilePath(), help="A .svg, .png, .pdf or .html file.")
@click.option("--kind", type=click.Choice(("curves", "map", "triangle")), default="curves", show_default=True)
@click.option("--over", metavar="AXIS", help="For curves: error, margin, probability … Default: by the loss.")
@click.option("--span", nargs=2, type=Number(), metavar="LOW HIGH", help="For curves: the range of the axis.")
@click.option("--show", metavar="WHAT", help="For curves: any of value, gradient, curvature. Default: all.")
@click.option("--apart", is_flag=True, help="For curves: one panel per loss.")
@click.option("--theme", type=click.Choice(("auto", "light", "dark")), default="auto", show_default=True)
@click.option("--title", default="", help="A title over the figure.")
@click.option(
    "--backend", metavar="NAME", help="tensorflow, jax or torch. Default: KERAS_BACKEND, or an installed one."
)
def draw_command(names: tuple[str, ...], output: Path | None, **options: Any) -> None:
    """Draw losses into a file. NAME is any name that `lossary show` knows, optionally with parameter values.

    The theme `auto` follows the viewer's system in SVG and HTML, and is light in PNG and PDF.
    """
    cards = [ls.card(name.partition(":")[0].strip()) for name in names]
    path = output or Path(f"{cards[0].function}.svg")
    check_packages("-o", path, ("matplotlib",), "Without it, use `lossary show NAME`, which draws in the terminal.")
    from lossary.drawing.files import check_ending

    check_ending(path)
    check_outputs([("-o", path)])
    choose_backend(options.pop("backend"))
    show = options.pop("show")
    figure = ls.draw(
        list(names),
        axis=options.pop("over"),
        together=not options.pop("apart"),
        show=[word.strip() for word in show.split(",")] if show else None,
        **options,
    )
    figure.save(path)
    click.echo(f"Written: {visible(str(path))}")
