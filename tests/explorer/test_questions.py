"""Questions that nobody should ask get an answer or a refusal in four parts, whatever their bytes are."""

import asyncio
import contextlib
import json
import socket

import pytest

from lossary.explorer import connections, guards
from lossary.explorer.app import make_app
from tests.explorer.browser import served
from tests.explorer.questions import PANELS, answered, questions, wrong


def test_no_question_makes_the_server_fail():
    async def run():
        app = make_app(8765)
        for method, path, headers, body in questions(seed=3, count=300):
            said = wrong(*await answered(app, method, path, headers, body))
            assert not said, (said, method, path, headers, body[:400])
        for panel, question in PANELS.items():  # what they are spoiled from is right
            own = [(b"host", b"127.0.0.1:8765"), (b"content-type", b"application/json")]
            status, answer = await answered(app, "POST", f"/api/{panel}", own, json.dumps(question).encode())
            assert status == 200, (panel, answer)

    asyncio.run(run())


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(guards, "PATIENCE", 0.05)

    async def receive():
        return await asyncio.Future()

    async def run():
        sent = []

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"127.0.0.1:8765"), (b"content-type", b"application/json"), (b"content-length", b"9")]
        scope = {"type": "http", "method": "POST", "path": "/api/curves", "headers": headers}
        await guards.Guard(None, 8765)(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    status, body = asyncio.run(run())
    assert status == 408 and not wrong(status, body)


def _opened(address, first=b""):
    port = int(address.rsplit(":", 1)[1].strip("/"))
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.sendall(first)
    return connection


def _status(address):
    port = address.rsplit(":", 1)[1].strip("/")
    with _opened(address, f"GET /api/status HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode()) as connection:
        return connection.recv(100).split(b"\r\n")[0]


@pytest.mark.backendless
def test_connections_that_ask_nothing_are_closed(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    with served() as address:
        waiting = [_opened(address), _opened(address, b"GET / HT"), _opened(address, b"GET / HTTP/1.1\r\nhost: a\r\n")]
        for connection in waiting:
            assert connection.recv(100) == b""
            connection.close()
        assert _status(address) == b"HTTP/1.1 200 OK"


@pytest.mark.backendless
def test_many_idle_connections_take_no_place(monkeypatch):
    monkeypatch.setattr(connections, "MOST_OPEN", 5)
    with served() as address:
        waiting = [_opened(address) for _ in range(20)]
        assert _status(address) == b"HTTP/1.1 200 OK"
        assert waiting[0].recv(100) == b""  # the oldest have gone
        for connection in waiting:
            connection.close()


@pytest.mark.backendless
@pytest.mark.parametrize(
    "sent", [b"\xff\xfe\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: " + b"x" * 200_000 + b"\r\n\r\n", b"\0" * 99 + b"\n\n"]
)
def test_bytes_that_are_no_request_are_refused_in_four_parts(sent):
    with served() as address:
        answer = b""
        with _opened(address, sent) as connection, contextlib.suppress(ConnectionError):  # closed on what is unread
            while part := connection.recv(4096):
                answer += part
        assert _status(address) == b"HTTP/1.1 200 OK"
    head, _, body = answer.partition(b"\r\n\r\n")
    assert not (answer or len(sent) < 1000) or (head.startswith(b"HTTP/1.1 400") and not wrong(400, body))
