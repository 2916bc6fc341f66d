"""All commands in one group, which turns lossary's own errors into a message and exit code 2."""

from __future__ import annotations

from typing import Any

import click

import lossary
from lossary.cli.catalogue import list_command, show_command
from lossary.cli.check import check_command
from lossary.cli.compare import compare_command
from lossary.cli.draw import draw_command
from lossary.cli.explore import explore_command
from lossary.cli.predict import predict_command
from lossary.core.errors import LossaryError
from lossary.data.errors import DataError


class Group(click.Group):
    """A group whose commands may raise lossary's errors."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (LossaryError, DataError) as error:
            click.echo(f"Error: {error.asked}", err=True)
            for part in (error.arrived, error.allowed, error.do):
                click.echo(f"  {part}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo("Interrupted before a result was there; nothing is written.", err=True)
            ctx.exit(130)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(lossary.__version__, prog_name="lossary")
def cli() -> None:
    """Loss functions for Keras 3: compare them on data, check one before training, draw, list, and play with them.

    Start with `lossary compare`, which shows on a real table why the loss matters.
    """


cli.add_command(compare_command)
cli.add_command(predict_command)
cli.add_command(check_command)
cli.add_command(draw_command)
cli.add_command(list_command)
cli.add_command(show_command)
cli.add_command(explore_command)
