"""Lines that TensorFlow, XLA and their like log while they load and compute do not stand between a command's own."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from lossary.core.errors import LossaryError


@contextmanager
def hushed() -> Iterator[None]:
    """Keep back what other libraries write to standard error; show it where they fail."""
    with warnings.catch_warnings(), _quiet_logs(), _native_kept() as kept:
        warnings.filterwarnings("ignore", module=r"(absl|google|jax|keras|tensorflow|torch)(\.|$)")
        try:
            yield
        except (LossaryError, click.ClickException, click.exceptions.Exit, KeyboardInterrupt):
            raise
        except BaseException:
            kept()
            raise


@contextmanager
def _quiet_logs() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _native_kept() -> Iterator[Callable[[], None]]:
    """Native code writes to the descriptor 2 itself: it goes into a file, and Python's own stream goes around it."""
    try:
        file: Any = tempfile.TemporaryFile()  # noqa: SIM115 - in the block below
        around = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    except OSError:  # standard error is closed, or there is no place for the file
        yield lambda: None
        return
    with file:
        before, own = sys.stderr, _is_descriptor_2()
        if own:
            before.flush()
            around.reconfigure(encoding=before.encoding, errors="replace", line_buffering=True)
            sys.stderr = around
        os.dup2(file.fileno(), 2)

        def show() -> None:
            file.seek(0)
            around.write(file.read().decode("utf-8", "replace"))
            around.flush()

        try:
            yield show
        finally:
            around.flush()
            os.dup2(around.fileno(), 2)
            if own:
                sys.stderr = before  # the other stays open: handlers of logs may hold it
            else:
                around.close()


def _is_descriptor_2() -> bool:
    try:
        return sys.stderr.fileno() == 2
    except (OSError, ValueError, AttributeError):
        return False
