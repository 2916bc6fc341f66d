"""How a command ends: its exit code, and the message where it fails. Imports nothing that takes time."""

from __future__ import annotations

import errno
import os
import sys

from lossary.core.errors import LossaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MISUSE, INTERRUPTED, CLOSED = 2, 130, 141  # of a pipe that nobody reads any more: as of other programs


def outcome(command: Callable[[], int]) -> int:
    """The exit code of a command. Whatever it raises becomes one message of four parts on standard error."""
    try:
        code = command()
        sys.stdout.flush()
        return code
    except LossaryError as error:
        return tell(error)
    except KeyboardInterrupt:
        print("Interrupted before there was a result; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # every error is reported in the same way
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            _let_go()
            return CLOSED
        if os.environ.get("LOSSARY_TRACEBACK"):
            raise
        return tell(foreign(error))


def tell(error: LossaryError) -> int:
    """Print the four parts, one a line."""
    print(f"Error: {_cut(error.asked)}", file=sys.stderr)
    for part in filter(None, (error.arrived, error.allowed, error.do)):
        print(f"  {_cut(part)}", file=sys.stderr)
    return MISUSE


def foreign(error: Exception) -> LossaryError:
    """An error that is not lossary's, in four parts."""
    why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    why = why if len(why) <= 300 else f"{why[:299]}…"
    if isinstance(error, MemoryError):
        return LossaryError(
            "The command failed.",
            arrived=f"It needs more memory than is available ({why}).",
            allowed="Expected data, model and fits that fit into memory.",
            do="Take fewer rows or columns, or a smaller model.",
        )
    if isinstance(error, OSError):
        return LossaryError(
            "The command failed.",
            arrived=f"The system refused: {why}.",
            allowed="Expected enough space for what is printed and written.",
            do="Free some space, or print elsewhere.",
        )
    return LossaryError(
        "The command failed.",
        arrived=f"It ended in {why}.",
        allowed="This should not happen: it is a bug in lossary, or in a library that it uses.",
        do="Report it with the command; LOSSARY_TRACEBACK=1 shows where it happened.",
    )


def _let_go() -> None:
    """Nobody reads what is printed: Python would complain of what is left when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            except (OSError, ValueError):
                continue


def _cut(part: str) -> str:
    """A name or a cell may be as long as a book."""
    return part if len(part) <= 1500 else f"{part[:1499]}…"
