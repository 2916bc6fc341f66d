"""A real Chromium before a real server, for the tests of the page and for benchmarks/explorer.py."""

import contextlib
import os
import shutil
import threading
import time

from lossary.explorer.app import make_app
from lossary.explorer.serve import bind, server

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
MISSING = (
    "No Chromium on this machine: the page is NOT tested. Install it (apt-get install chromium) or name it in CHROMIUM."
)


def chromium():
    """The browser's path: CHROMIUM, or what Debian and others install; None where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@contextlib.contextmanager
def served():
    """The explorer on a free port of this machine; gives its address."""
    listening = bind(0)
    port = listening.getsockname()[1]
    running = server(make_app(port), log_level="error")
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        running.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def started():
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()
