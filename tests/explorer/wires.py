"""Bytes as they may come over a connection: seldom HTTP as it should be."""

import json
import socket

from tests.explorer.questions import PANELS

ENDS = b"\r\n"
RIGHT = json.dumps(PANELS["curves"]).encode()
VERSIONS = (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9", b"")
HOSTS = (b"hos", b"h\xf6st", b"host: a\r\nhost", b" host")
TARGETS = (b"/%ff%fe", b"/../..", b"http://a/api/curves", b"*", b"/" + b"a" * 70_000, b"/api/%00", b"/\xff")
METHODS = (b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"post", b"P\xf6ST")
SIZES = (b"-1", b"0x10", b"1e3", b"", b"9" * 400, b"+2", b"2, 2")
BAD_CHUNKS = (b"zz\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n", b"5", b"5\r\n{", b"2;" + b"a" * 90_000)


def sized(head, body=RIGHT, size=None):
    """A request that says how long its body is, or says another length."""
    return head + b"content-length: %d\r\n\r\n" % (len(body) if size is None else size) + body


def chunked(head, *pieces, ends=b"0\r\n\r\n"):
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"transfer-encoding: chunked\r\n\r\n" + chunks + ends


def wire(rng, port):
    """What is sent over one connection, and whether the other side then ends it."""
    head = b"POST /api/curves HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n" % port
    bytewise = [bytes([one]) for one in RIGHT]
    kinds = [
        lambda: sized(head),
        lambda: sized(head) * rng.choice([2, 5]),  # one after the other, without waiting
        lambda: sized(head, size=len(RIGHT) + rng.choice([1, 50, 10**6])),  # more is promised than comes
        lambda: sized(head, size=rng.choice([0, 1, 7])),
        lambda: sized(head + b"content-length: 3\r\n"),
        lambda: head + b"content-length: " + rng.choice(SIZES) + ENDS * 2 + RIGHT,
        lambda: chunked(head, RIGHT),
        lambda: chunked(head, *bytewise),
        lambda: chunked(head, ends=rng.choice(BAD_CHUNKS)),
        lambda: chunked(head, *[b" " * 60_000] * 20),  # more than may be sent
        lambda: chunked(head + b"content-length: 9\r\n", RIGHT),
        lambda: head + b"transfer-encoding: gzip\r\n\r\n" + RIGHT,
        lambda: sized(head + b"expect: 100-continue\r\n"),
        lambda: sized(head + b"content-encoding: gzip\r\n"),
        lambda: sized(head.replace(b"HTTP/1.1", rng.choice(VERSIONS))),
        lambda: sized(head.replace(b"host", rng.choice(HOSTS))),
        lambda: sized(head.replace(b"/api/curves", rng.choice(TARGETS))),
        lambda: head.replace(b"POST", rng.choice(METHODS)) + ENDS,
        lambda: sized(head + b"".join(b"x%d: y\r\n" % i for i in range(rng.choice([100, 5000])))),
        lambda: sized(head + b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n"),
        lambda: sized(head).replace(ENDS, b"\n"),
        lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(200),  # the beginning of TLS
        lambda: rng.randbytes(rng.choice([1, 100, 70_000])),
    ]
    return rng.choice(kinds)(), rng.random() < 0.5


def opened(port, first=b""):
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.sendall(first)
    return connection


def sent_back(port, first, ends):
    """All that the server sends until it is silent for a moment or closes the connection."""
    back = b""
    try:
        with opened(port, first) as connection:
            if ends:
                connection.shutdown(socket.SHUT_WR)
            connection.settimeout(0.25)
            while piece := connection.recv(1 << 20):
                back += piece
                connection.settimeout(0.25 if len(back) < 100 else 0.05)
    except OSError:  # closed on what was not read, or silent: it waits for the rest
        pass
    return back


def replies(back):
    """The (status, body) pairs in what a server sent; what is broken off at its end is left out."""
    found = []
    while back.startswith(b"HTTP/1.1 "):
        head, _, back = back.partition(ENDS * 2)
        status = int(head[9:12])
        if status < 200:
            continue
        lines = dict(line.lower().split(b": ", 1) for line in head.split(ENDS)[1:] if b": " in line)
        size = int(lines.get(b"content-length", b"0"))
        if len(back) < size:
            back = b"" if found or status != 200 else back
            break
        found.append((status, back[:size]))
        back = back[size:]
    return found
