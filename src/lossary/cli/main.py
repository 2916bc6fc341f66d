"""The command line: its commands, and how errors reach the user. Keras loads only where models are trained."""

from __future__ import annotations

import sys
from importlib import util
from typing import Any

MISSING = (
    "The lossary command was asked for. It needs the package '{}', which is not installed. "
    "Allowed is lossary with its extra 'cli'. Install it: pip install 'lossary[cli]'."
)


def main() -> None:
    """The entry point of `lossary` and of `python -m lossary`."""
    for package in ("click", "rich", "plotext"):
        if util.find_spec(package) is None:
            print(MISSING.format(package), file=sys.stderr)
            sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        _show_what_you_can(stream)
    from lossary.cli.commands import cli

    cli(prog_name="lossary")


def _show_what_you_can(stream: Any) -> None:
    """A terminal that cannot show a sign gets a question mark instead of a traceback."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
