"""What stands before every request: only this machine's own page may ask, and only for so much."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 1_000_000  # bytes of one request
PATIENCE = 8.0  # seconds in which a request has to arrive
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}
Refusal = tuple[int, dict[str, str]]


def parts(asked: str, arrived: str, allowed: str, do: str, kind: str = "LossaryError") -> dict[str, str]:
    """An error as the page receives it."""
    return {"kind": kind, "asked": asked, "arrived": arrived, "allowed": allowed, "do": do}


class Guard:
    """Refuses foreign names (DNS rebinding), foreign pages and large bodies; adds the security headers to answers."""

    def __init__(self, app: ASGIApp, port: int, largest: int = LARGEST) -> None:
        self.app, self.largest = app, largest
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.origins = {f"http://{host}" for host in self.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # the page has no WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._foreign(headers) or self._unreadable(scope["method"], headers)
        body: bytes | None = b""
        if not refusal:
            try:
                async with asyncio.timeout(PATIENCE):
                    body = await _body(receive, self.largest)
            except TimeoutError:
                refusal = self._too_slow()
            except ConnectionError:
                return  # half a request is no request, and nobody is left to answer
        if body is None:
            refusal = self._too_large()
        if refusal:
            await _answer(send, *refusal)
            return
        await self.app(scope, _replay(body or b"", receive), _with_headers(send))

    def _foreign(self, headers: Mapping[str, str]) -> Refusal | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        asked, do = "The explorer refuses this request.", "Open the address that `lossary explore` prints."
        if host not in self.hosts:
            allowed = f"Expected one of the hosts {' and '.join(sorted(self.hosts))}."
            return 400, parts(asked, f"It names the host {host[:80]!r}.", allowed, do)
        site = headers.get("sec-fetch-site", "same-origin")
        if (origin is not None and origin not in self.origins) or site not in ("same-origin", "none"):
            arrived = f"It comes from another page ({(origin or site)[:80]!r})."
            return 403, parts(asked, arrived, "Expected a request from its own page.", do)
        return None

    def _unreadable(self, method: str, headers: Mapping[str, str]) -> Refusal | None:
        """A form of another page can send text but not JSON, so JSON alone is read."""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method == "POST" and kind != "application/json":
            return 415, parts(
                "The explorer cannot read the request.",
                f"Its content type is {kind[:80] or 'missing'}.",
                "Expected application/json.",
                "Send JSON.",
            )
        size = headers.get("content-length", "0")
        fits = size.isascii() and size.isdigit() and len(size) < 20 and int(size) <= self.largest
        return None if fits else self._too_large()

    def _too_slow(self) -> Refusal:
        return 408, parts(
            "The explorer cannot read the request.",
            "It did not arrive completely.",
            f"Expected at most {PATIENCE:g} seconds from its first byte to its last.",
            "Send it again.",
        )

    def _too_large(self) -> Refusal:
        return 413, parts(
            "The explorer cannot read the request.",
            "It is too large.",
            f"Expected at most {self.largest:,} bytes.",
            "Select some of the rows, or use `lossary check` on the file.",
        )


async def _body(receive: Receive, largest: int) -> bytes | None:
    """The whole body; None when there is more than is allowed. Raises ConnectionError when it breaks off."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body += message.get("body", b"")
        if len(body) > largest:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever comes (an answer is broken off when the browser leaves)."""
    rest = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return rest.pop() if rest else await receive()

    return again


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *_encoded(HEADERS)]
        await send(message)

    return wrapped


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _answer(send: Send, status: int, error: dict[str, str]) -> None:
    body = json.dumps({"error": error}).encode()
    own = {"content-type": "application/json", "content-length": str(len(body)), **HEADERS}
    await send({"type": "http.response.start", "status": status, "headers": _encoded(own)})
    await send({"type": "http.response.body", "body": body})
