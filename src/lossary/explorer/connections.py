"""Connections that somebody opens and leaves: they are closed, so that they never take the place of one that asks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from lossary.explorer.guards import HEADERS, parts

MOST_OPEN = 200  # a browser opens about six
PATIENCE = 10.0  # seconds in which nothing moves, after which a connection is closed


class Patient(H11Protocol):
    """One connection, which is closed when nothing moves over it for a while, or when too many are open."""

    looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self.loop.time()  # when something was last done over it
        self.looking = self.loop.call_later(PATIENCE, self.look)
        if len(self.connections) > MOST_OPEN:
            waiting = [one for one in self.connections if isinstance(one, Patient) and one.waits()]
            min(waiting, key=lambda one: one.since, default=self).leave()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.looking:
            self.looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:  # the head of a request is there
            self.since = self.loop.time()

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        self.since = self.loop.time()  # what is answered is not taken as fast as it is sent
        super().pause_writing()

    def waits(self) -> bool:
        """Whether the other side has to do something: ask, send the rest of its question, or take its answer."""
        asked = self.cycle is not None and not self.cycle.response_complete
        return not asked or self.flow.write_paused or self.conn.their_state is h11.SEND_BODY

    def look(self) -> None:
        """Closes it, or looks again when its time may be over."""
        left = self.since + PATIENCE - self.loop.time() if self.waits() else PATIENCE
        if left <= 0:
            self.leave()
        else:
            self.looking = self.loop.call_later(left, self.look)

    def leave(self) -> None:
        self.connections.discard(self)
        if self.flow.write_paused:
            self.transport.abort()  # else it would wait until what was sent is taken
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets an error in four parts as well."""
        allowed = "Expected HTTP/1.1, with at most 64 KB of headers."
        do = "Open the address that `lossary explore` prints."
        error = parts("The explorer cannot read the request.", msg, allowed, do)
        body = json.dumps({"error": error}).encode()
        own: dict[str, Any] = {"content-type": "application/json", "content-length": len(body), "connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in {**own, **HEADERS}.items())
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{head}\r\n".encode() + body)
        self.transport.close()
