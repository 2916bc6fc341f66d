"""Questions that nobody should ask get an answer or a refusal in four parts, whatever their bytes are."""

import asyncio
import contextlib
import json
import random
import resource
import threading

import pytest

from lossary.explorer import answers, app, connections, guards
from lossary.explorer.app import make_app
from lossary.numerics import backend
from tests.backends import BACKEND
from tests.explorer.browser import served
from tests.explorer.questions import PANELS, answered, questions, too_much, wrong
from tests.explorer.wires import RIGHT, opened, replies, sent_back, sized, wire

OWN = [(b"host", b"127.0.0.1:8765"), (b"content-type", b"application/json")]


@pytest.mark.once
def test_no_question_makes_the_server_fail():
    async def run():
        page = make_app(8765)
        for method, path, headers, body in questions(seed=3, count=300):
            said = wrong(*await answered(page, method, path, headers, body))
            assert not said, (said, method, path, headers, body[:400])
        for panel, question in PANELS.items():  # what they are spoiled from is right
            status, answer = await answered(page, "POST", f"/api/{panel}", OWN, json.dumps(question).encode())
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


def _port(address):
    return int(address.rsplit(":", 1)[1].strip("/"))


def _opened(address, first=b""):
    return opened(_port(address), first)


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


@pytest.mark.backendless
def test_no_bytes_over_a_connection_make_the_server_fail(monkeypatch):
    rng = random.Random(5)
    with served() as address:
        port = _port(address)
        for _ in range(60):
            sent, ends = wire(rng, port)
            for status, body in replies(sent_back(port, sent, ends)):
                assert not (body and wrong(status, body)), (sent[:300], status, body[:300])
        assert _status(address) == b"HTTP/1.1 200 OK"


@pytest.mark.backendless
def test_half_a_question_is_no_question():
    """What breaks off could be JSON by chance."""
    seen = []

    async def inner(scope, receive, send):
        seen.append(scope)

    messages = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"{}", "more_body": True}]

    async def receive():
        return messages.pop()

    asyncio.run(
        guards.Guard(inner, 8765)({"type": "http", "method": "POST", "path": "/", "headers": OWN}, receive, None)
    )
    assert seen == []


def _ended(connection):
    """Whether the other side ends a connection to which somebody goes on sending."""
    for _ in range(600):
        threading.Event().wait(0.1)
        try:
            connection.sendall(b"x")
        except ConnectionError:
            return True
    return False


@pytest.mark.backendless
def test_answers_that_nobody_takes_are_given_up(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    with served() as address:
        head = f"GET /static/chart.js HTTP/1.1\r\nhost: 127.0.0.1:{_port(address)}\r\n\r\n".encode()
        with _opened(address, head * 2000) as connection:  # 20 MB, of which none is read
            assert _ended(connection)
        assert _status(address) == b"HTTP/1.1 200 OK"


@pytest.mark.backendless
def test_questions_that_come_slowly_take_no_place(monkeypatch):
    monkeypatch.setattr(connections, "MOST_OPEN", 5)
    with served() as address:
        head = f"POST /api/curves HTTP/1.1\r\nhost: 127.0.0.1:{_port(address)}\r\ncontent-type: application/json\r\n"
        waiting = [_opened(address, sized(head.encode(), size=len(RIGHT) + 9)) for _ in range(20)]
        assert _status(address) == b"HTTP/1.1 200 OK"
        for connection in waiting:
            connection.close()


@pytest.mark.backendless
def test_a_heavy_question_stops_nobody(monkeypatch):
    """While it is answered, files are served, some questions wait, and the others are told at once to come again."""
    monkeypatch.setattr(app, "TURN", 1.0)
    begun, end = threading.Event(), threading.Event()

    def heavy(question):
        begun.set()
        end.wait(60)
        return {}

    async def run():
        page = make_app(8765)
        assert (await answered(page, "POST", "/api/catalogue", OWN, b"{}"))[0] == 200
        monkeypatch.setitem(answers.ANSWERS, "code", heavy)
        first = asyncio.create_task(answered(page, "POST", "/api/code", OWN, b"{}"))
        await asyncio.to_thread(begun.wait, 60)
        others = [asyncio.create_task(answered(page, "POST", "/api/catalogue", OWN, b"{}")) for _ in range(100)]
        for path in ("/", "/api/status", "/static/main.js"):
            assert (await answered(page, "GET", path, OWN, b""))[0] == 200
        await asyncio.sleep(0)
        assert sum(one.done() for one in others) == 100 - app.MOST_WAITING
        for status, body in await asyncio.gather(*others):
            assert status == 503 and "busy" in json.loads(body)["error"]["arrived"]
        end.set()
        assert (await first)[0] == 200
        assert (await answered(page, "POST", "/api/catalogue", OWN, b"{}"))[0] == 200

    asyncio.run(run())


@pytest.mark.once
def test_what_is_too_much_is_refused_before_it_takes_memory():
    async def run():
        page = make_app(8765)
        grown = []
        for what, panel, question in too_much():
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            status, body = await answered(page, "POST", f"/api/{panel}", OWN, json.dumps(question).encode())
            assert not wrong(status, body), (what, status, body[:300])
            grown.append(((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 2**10, what))
        assert max(grown)[0] < 300, sorted(grown)[-5:]  # MiB

    asyncio.run(run())


@pytest.mark.skipif(BACKEND != "jax", reason="compiles for each shape")
def test_what_was_compiled_for_other_tables_does_not_pile_up(monkeypatch):
    import jax

    cleared = []
    monkeypatch.setattr(jax, "clear_caches", lambda: cleared.append(True))
    monkeypatch.setattr(answers, "MOST_PROGRAMS", 20)
    backend.forget_programs(0)
    cleared.clear()
    for rows in (3, 4, 5):
        answers.ANSWERS["rows"]({"table": "y,p\n" + "1,0.5\n" * rows, "losses": [{"name": "mse"}]})
    assert cleared
