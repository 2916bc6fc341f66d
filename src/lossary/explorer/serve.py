"""`lossary explore`: the page on this machine's loopback address."""

from __future__ import annotations

import socket
import threading
import webbrowser
from importlib import util
from typing import Any

from lossary.core.errors import LossaryError

HOST, USUAL_PORT = "127.0.0.1", 8765


def explore(port: int | None = None, *, browser: bool = True) -> None:
    """Serve the page until Ctrl+C, and open it in the browser.

    Args:
        port: where to listen on 127.0.0.1; None takes 8765, or a free one where that is taken.
        browser: whether to open the page.
    """
    for package in ("starlette", "uvicorn"):
        if util.find_spec(package) is None:
            raise LossaryError(
                "The explorer cannot start.",
                arrived=f"The package '{package}' is not installed.",
                allowed="Expected lossary with its extra 'explorer'.",
                do="Install it: pip install 'lossary[explorer]'.",
            )
    from lossary.explorer.app import make_app

    listening = bind(port)
    port = listening.getsockname()[1]
    address = f"http://{HOST}:{port}/"
    print(f"The explorer is at {address} (Ctrl+C stops it).", flush=True)
    if browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    server(make_app(port)).run(sockets=[listening])


def server(app: Any, log_level: str = "warning") -> Any:
    """uvicorn as the page needs it: connections that ask nothing are closed."""
    import uvicorn

    from lossary.explorer.connections import Patient

    return uvicorn.Server(uvicorn.Config(app, http=Patient, ws="none", log_level=log_level, server_header=False))


def bind(port: int | None) -> socket.socket:
    """A socket on the loopback address, so that no other machine can reach the page."""
    for choice in (USUAL_PORT, 0) if port is None else (port,):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, choice))
        except OSError as error:
            listening.close()
            why = error.strerror or str(error)
        else:
            return listening
    raise LossaryError(
        f"The explorer cannot listen on {HOST}, port {port}.",
        arrived=f"The system refused: {why}.",
        allowed="Expected a port that no other program uses and that you may use.",
        do="Pass another --port, or leave it out.",
    )
