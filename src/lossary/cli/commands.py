"""All commands in one group, which turns every failure into a message and an exit code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

import click

import lossary
from lossary.cli.check import check_command
from lossary.cli.compare import compare_command
from lossary.cli.draw import draw_command
from lossary.cli.explore import explore_command
from lossary.cli.failure import outcome
from lossary.cli.hush import hushed
from lossary.cli.listing import list_command, show_command
from lossary.cli.mle import mle_command
from lossary.cli.predict import predict_command
from lossary.cli.suggest import suggest_command
from lossary.core.errors import LossaryError


class Group(click.Group):
    """A group whose commands may raise anything; it ends the process with their exit code."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        if "_LOSSARY_COMPLETE" in os.environ:  # a shell asks how a word goes on
            super().main(args, "lossary", **extra)
        began = time.perf_counter()
        words = list(sys.argv[1:] if args is None else args)
        sys.exit(outcome(lambda: self.carry_out(words, began)))

    def carry_out(self, words: list[str], began: float) -> int:
        """The exit code of a command line. Raises whatever the command raises; misuse as LossaryError.

        `began` is when the process did, by time.perf_counter().
        """
        try:
            with hushed(), self.make_context("lossary", words or ["--help"]) as context:
                context.meta["began"] = began
                self.invoke(context)
        except click.exceptions.Exit as end:
            return end.exit_code
        except click.ClickException as error:
            raise _misuse(error) from None
        return 0


def _misuse(error: click.ClickException) -> LossaryError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "lossary"
    usage = " ".join(context.command.collect_usage_pieces(context)) if context else ""
    said = " ".join(error.format_message().split("\n"))
    return LossaryError(
        f"Cannot run '{path}'.",
        arrived=said if len(said) <= 400 else f"{said[:399]}…",
        allowed=f"Expected: {path} {usage}".rstrip() + ".",
        do=f"See {path} --help.",
    )


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(lossary.__version__, prog_name="lossary")
def cli() -> None:
    """Loss functions for Keras 3: compare them on data, check one before training, draw, list and explore them.

    Start with `lossary compare`, which shows on a real table why the loss matters.
    """


cli.add_command(suggest_command)
cli.add_command(compare_command)
cli.add_command(predict_command)
cli.add_command(mle_command)
cli.add_command(check_command)
cli.add_command(draw_command)
cli.add_command(list_command)
cli.add_command(show_command)
cli.add_command(explore_command)
