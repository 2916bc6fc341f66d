"""The command line. What only asks the catalogue is answered here; Keras loads only where losses are computed."""

from __future__ import annotations

import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

LARGE = 1_000_000  # bytes of a file that takes a while to read
MISSING = (
    "The lossary command cannot start. It needs the package '{}', which is not installed. "
    "Expected lossary with its extra 'cli'. Install it: pip install 'lossary[cli]'."
)


def main() -> NoReturn:
    """The entry point of `lossary` and of `python -m lossary`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, as in background jobs
        signal.signal(signal.SIGINT, _interrupted)
    from lossary.cli.failure import outcome
    from lossary.cli.quick import answer

    for stream in (sys.stdout, sys.stderr):
        _show_what_you_can(stream)
    words = sys.argv[1:]
    asked = answer(words)
    code = outcome(asked) if asked is not None else _whole(words)
    sys.stderr.flush()
    os._exit(code)  # all is written; what libraries do at the end takes long, and Ctrl-C could still come between


def _interrupted(number: int, frame: object) -> None:
    """Ctrl-C before there is anything to keep."""
    os.write(2, b"Interrupted.\n")
    os._exit(130)


def _whole(words: list[str]) -> int:
    """Every other command line."""
    from importlib import util

    began = time.perf_counter()
    _say_that_it_takes_a_while(words)
    for package in ("click", "rich"):
        if util.find_spec(package) is None:
            print(MISSING.format(package), file=sys.stderr)
            return 2
    from lossary.cli.failure import outcome
    from lossary.cli.interrupts import WATCH

    if signal.getsignal(signal.SIGINT) is _interrupted:
        WATCH.start()
    from lossary.cli.commands import cli

    return outcome(lambda: cli.carry_out(words, began))


def _say_that_it_takes_a_while(words: list[str]) -> None:
    """A sign of life before anything is loaded, where a large file is to be read."""
    if words[:1] not in (["compare"], ["check"], ["predict"], ["mle"]) or {"-q", "--quiet"} & {*words}:
        return
    files = (word for word in words[1:] if not word.startswith("-") and os.path.isfile(word))
    data = next((file for file in files if os.path.getsize(file) > LARGE), "")
    if data:
        from lossary._errors import visible

        print(f"Reading {visible(data)} …", file=sys.stderr, flush=True)


def _show_what_you_can(stream: Any) -> None:
    """A terminal that cannot show a sign gets a question mark instead of a traceback."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
