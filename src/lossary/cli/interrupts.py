"""Ctrl-C ends a command at once, also while a library is loaded or computes and Python itself cannot answer.

Python raises KeyboardInterrupt only when the main thread next runs a line of Python, and whatever runs there may
swallow it. A thread that waits for the signal depends on neither.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lossary.cli.failure import INTERRUPTED
from lossary.core.files import give_up

GRACE = 2.0  # seconds that a comparison has to stop by itself, and to keep the fits that are finished
WORDS = "Interrupted before a result was there; nothing is written."


class Watch:
    """Waits for Ctrl-C while a command runs. In `patiently` blocks, the block may answer to it first."""

    def __init__(self) -> None:
        self.running = False
        self.patient = False
        self.said = WORDS
        self.at_end: Callable[[], None] = lambda: None  # what a terminal needs back
        self._before: Any = None

    def start(self) -> None:
        """From now on. Not where Ctrl-C is ignored, as in background jobs, or another thread is the main one."""
        if threading.current_thread() is not threading.main_thread() or self.running:
            return
        self._before = signal.getsignal(signal.SIGINT)
        if self._before is not signal.default_int_handler:
            return
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, _nothing)  # the thread answers
        self.running = True
        threading.Thread(target=self._wait, args=(reading,), daemon=True).start()

    def stop(self) -> None:
        """Ctrl-C is Python's again."""
        if self.running:
            self.running = False
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def patiently(self) -> Iterator[None]:
        """A block that stops at KeyboardInterrupt by itself; if it does not in time, the command ends all the same."""
        if not self.running:
            yield
            return
        self.patient = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            self.patient = False
            signal.signal(signal.SIGINT, _nothing)

    def _wait(self, reading: int) -> None:
        deadline: float | None = None
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = select.select([reading], [], [], left)[0]
            if ready and signal.SIGINT not in os.read(reading, 64):
                continue
            if not self.running:
                deadline = None
            elif ready and self.patient and deadline is None:
                deadline = time.monotonic() + GRACE
            elif not ready and not self.patient:  # it has stopped by itself
                deadline = None
            else:
                self._end()

    def _end(self) -> None:
        self.at_end()
        print(self.said, file=sys.stderr, flush=True)
        give_up()
        os._exit(INTERRUPTED)


def _nothing(number: int, frame: Any) -> None:
    """A handler of its own, so that the signal is sent to the thread, and changes nothing in the main one."""


WATCH = Watch()
