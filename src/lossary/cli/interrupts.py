"""Ctrl-C ends a command at once, also while a library is loaded or computes and Python itself cannot answer.

Python raises KeyboardInterrupt only when the main thread next runs a line of Python, and whatever runs there may
swallow it. A thread that waits for the signal depends on neither.
"""

from __future__ import annotations

import _thread
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

GRACE = 5.0  # seconds until Python has to run again where finished fits are to be kept
WORDS = "Interrupted before there was a result; nothing was written."


class Watch:
    """Waits for Ctrl-C while a command runs. A block that has something to keep may answer itself."""

    def __init__(self) -> None:
        self.running = False
        self.patient = False
        self.said = WORDS
        self._raised = self._swallowed = False
        self.at_end: Callable[[], None] = lambda: None  # what a terminal needs back

    def start(self) -> None:
        """From now on. To be called in the main thread."""
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
            signal.signal(signal.SIGINT, signal.default_int_handler)

    @contextmanager
    def patiently(self) -> Iterator[None]:
        """A block in which `keep` may be called; from then on it stops at KeyboardInterrupt by itself."""
        before = sys.unraisablehook

        def swallowed(told: Any) -> None:  # as JAX does while memory is collected
            if told.exc_type is not KeyboardInterrupt:
                before(told)
            elif self.patient:
                self._swallowed = True

        sys.unraisablehook = swallowed
        try:
            yield
        finally:
            self.patient = False
            sys.unraisablehook = before
            if self.running:
                signal.signal(signal.SIGINT, _nothing)

    def keep(self) -> None:
        """From now on there is something to keep."""
        if self.running and not self.patient:
            self.patient = True
            signal.signal(signal.SIGINT, self._raise)

    def _raise(self, number: int, frame: Any) -> None:
        self._raised = True
        raise KeyboardInterrupt

    def _wait(self, reading: int) -> None:
        while True:
            while signal.SIGINT not in os.read(reading, 64) or not self.running:
                continue
            # The block may have stopped, and be over, before this thread comes to run.
            taken = self._stops(reading) if self.patient else self._raised
            self._raised = False
            if not taken:
                self._end()

    def _stops(self, reading: int) -> bool:
        """Whether the block stops: False at the second Ctrl-C, and where Python has not run in time."""
        print("Interrupted: finished fits are kept. Press Ctrl-C again to stop at once.", file=sys.stderr, flush=True)
        deadline = time.monotonic() + GRACE
        while self.patient:
            if select.select([reading], [], [], 0.1)[0]:
                return False
            if not self._raised and time.monotonic() > deadline:
                return False
            if self._swallowed:
                self._swallowed = False
                _thread.interrupt_main()
                os.read(reading, 64)  # this one arrives here too
        return True

    def _end(self) -> None:
        self.at_end()
        print(self.said, file=sys.stderr, flush=True)
        give_up()
        os._exit(INTERRUPTED)


def _nothing(number: int, frame: Any) -> None:
    """A handler of its own, so that the signal is sent to the thread, and changes nothing in the main one."""


WATCH = Watch()
