"""Connections that somebody opens and leaves: they are closed, so that they never take the place of one that asks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from lossary.explorer.guards import HEADERS, parts

MOST_OPEN = 200  # a browser opens about six
PATIENCE = 10.0  # seconds without a request, after which a connection is closed


class Patient(H11Protocol):
    """One connection, which is closed when it asks nothing for a while, or when too many are open."""

    looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self.loop.time()  # when it last asked, or was opened
        self.looking = self.loop.call_later(PATIENCE, self.look)
        if len(self.connections) > MOST_OPEN:
            waiting = [one for one in self.connections if isinstance(one, Patient) and one.waits()]
            min(waiting, key=lambda one: one.since, default=self).leave()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.looking:
            self.looking.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        super().on_response_complete()

    def waits(self) -> bool:
        """Whether nothing is asked over it: half a request is nothing."""
        return self.cycle is None or self.cycle.response_complete

    def look(self) -> None:
        """Closes it, or looks again when its time may be over."""
        left = self.since + PATIENCE - self.loop.time() if self.waits() else PATIENCE
        if left <= 0:
            self.leave()
        else:
            self.looking = self.loop.call_later(left, self.look)

    def leave(self) -> None:
        self.connections.discard(self)
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets an error in four parts as well."""
        error = parts("The explorer reads a request.", msg, "Allowed is HTTP/1.1, with at most 64 KB of headers.",
                      "Open the address that `lossary explore` prints.")  # fmt: skip
        body = json.dumps({"error": error}).encode()
        own: dict[str, Any] = {"content-type": "application/json", "content-length": len(body), "connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in {**own, **HEADERS}.items())
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{head}\r\n".encode() + body)
        self.transport.close()
