"""`lossary explore`: a page on this machine on which one plays with losses."""

from __future__ import annotations

import click

from lossary.cli.backends import choose_backend
from lossary.cli.failure import INTERRUPTED
from lossary.cli.interrupts import WATCH
from lossary.cli.options import Number


@click.command("explore", short_help="Open an interactive page: curves, fits, likelihood, training.")
@click.option("--port", type=Number(0, 65535, whole=True), help="The port to listen on. Default: 8765, or a free one.")
@click.option("--no-browser", is_flag=True, help="Print the address without opening a browser.")
@click.option(
    "--backend", metavar="NAME", help="tensorflow, jax or torch. Default: KERAS_BACKEND, or an installed one."
)
def explore_command(port: int | None, no_browser: bool, backend: str | None) -> None:
    """Open a page on this machine: the curves of every loss, fits, boundaries, likelihood, training, your own rows.

    It listens on 127.0.0.1 only and needs no network. Ctrl+C stops it.
    """
    choose_backend(backend)
    from lossary.explorer.serve import explore

    WATCH.stop()  # the server closes its connections itself
    try:
        explore(port, browser=not no_browser)
    except KeyboardInterrupt:  # how the page is closed
        click.get_current_context().exit(INTERRUPTED)
