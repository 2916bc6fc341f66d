"""Questions that nobody should ask: random requests to the page's server, the same for the same seed.

Most begin with a question that is right and spoil one part of it: so what lies behind the first check is reached too.
"""

import asyncio
import json
import random
import string

PANELS = {
    "catalogue": {},
    "code": {"losses": [{"name": "huber", "params": {"delta": 2.0}}]},
    "curves": {"losses": [{"name": "huber"}, {"name": "mse"}], "second": 0.5,
               "axis": "error"},
    "reading": {"losses": [{"name": "bce"}, {"name": "weighted_bce"}], "second": 0.5, "at": 0.25},
    "fits": {"losses": [{"name": "mae"}], "points": [[1, 2], [2, 4], [5, 3]], "degree": 1, "handles": [1.0, 2.0]},
    "planes": {"losses": [{"name": "hinge"}], "shape": "ring", "boundary": "curved", "rows": 40, "share": 0.3,
               "noise": 0.1, "apart": 1.5, "seed": 3},
    "likelihoods": {"distribution": "Laplace", "size": 30, "seed": 2, "outliers": 3, "μ": 2.5, "b": 1.5},
    "scenes": {"panel": "boxes", "form": "call", "losses": [{"name": "giou"}, {"name": "ciou"}],
               "at": {"y_true": [1, 1, 4, 5], "y_pred": [2, 2, 6, 4]}},
    "densities": {"losses": [{"name": "laplace_nll"}], "y": 2.5, "at": {"loc": 1.5, "scale": 0.8}},
    "network": {"losses": [{"name": "huber"}], "steps": 2, "rate": 0.02, "penalty": 0.01, "rows": 20, "noise": 0.1,
                "outliers": 0.1, "seed": 4, "states": []},
    "formula": {"formula": "k*e^2 + |e|", "values": {"k": 2.0}, "over": "error", "second": 1.0},
    "rows": {"table": "y,p,weight\n1,0.8,1\n0,0.4,2\n", "losses": [{"name": "bce"}], "formula": "", "values": {}},
}  # fmt: skip
NAMES = (
    "huber", "mse", "bce", "weighted_bce", "cce", "scce", "dice", "tversky", "circle", "ctc", "gaussian_nll",
    "multi_quantile", "kl_divergence", "cosine_similarity", "binary_focal_crossentropy", "poisson",
    "categorical_generalized_cross_entropy", "tukey", "quantile", "hinge", "os.system", "__proto__", "constructor", "",
    "Sum",
)  # fmt: skip
PARAMETERS = (
    "delta", "q", "axis", "from_logits", "alpha", "gamma", "label_smoothing", "pos_weight", "spread", "smooth",
    "class_weight", "ignore_class", "reduction", "name", "dtype", "__class__", "margin", "remove_diagonal", "full",
)  # fmt: skip
PIECES = (
    "y",
    "p",
    "e",
    "k",
    "(",
    ")",
    "|",
    "^",
    "**",
    "/",
    "-",
    "log",
    "exp",
    "where",
    ",",
    "1e99",
    "0",
    "<=",
    "²",
    "é",
)
CELLS = (
    "1",
    "0",
    "0.5",
    "-3",
    "1e308",
    "nan",
    "",
    "a",
    '"',
    "inf",
    "1,5",
    "²",
    "\ud800",
    "1e-320",
    "99999999999999999999",
)
LONG = 430_000  # signs: near the largest table that is read
WIDE_TABLES = {  # what is long in one way
    "a record over many lines": ('"\n",' + "p," * 150) * 2500 + "\n1,2\n",
    "a sign that splits lines elsewhere": "y\x0b," + ",".join(f"p{i}" for i in range(50_000)) + "\n1,2\n",
    "bars": "y|" + "|".join(f"p{i}" for i in range(50_000)) + "\n1|2\n",
    "blanks": "y " + " ".join(f"p{i}" for i in range(50_000)) + "\n1 2\n",
    "a second line that is wider": "y,p\n" + ",".join("1" * (LONG // 2)) + "\n",
}
LONG_TABLES = {
    "a long number": "y,p\n" + "9" * LONG + ",1\n",
    "a long fraction": "y,p\n1,0." + "9" * LONG + "\n",
    "a long word": "y,p\n" + "a" * LONG + ",1\n",
    "a long name": "y" * LONG + ",p\n1,2\n",
    "a long gap": "y,p\n1" + " " * LONG + "2,1\n",
    "blank lines": "y,p\n" + "   \n" * (LONG // 4) + "1,2\n",
    "dates in one cell": "y,p\n" + "2020-01-01" * (LONG // 10) + ",1\n",
    "a list in a cell": 'y,p\n"[' + "1," * (LONG // 2) + '1]",1\n',
    "quotation marks": '"' * LONG,
    "an open quotation mark": 'y,p\n"' + "1,2\n" * (LONG // 4),
    "doubled quotation marks": 'y,p\n"' + '""' * (LONG // 2) + '",1\n',
    "remarks": "#a,b\n" * (LONG // 5) + "y,p\n1,2\n",
    "thousands": "y,p\n1" + ".000" * (LONG // 4) + ",1\n",
    "units": "y,p\n" + "".join(f"{i} kg,1\n" for i in range(LONG // 9)),
    "half surrogate pairs": "y,p\n" + "\ud800,1\n" * (LONG // 4),
    "a last line of another width": "y,p\n" + "1,2\n" * (LONG // 4) + "1,2,3\n",
}
HEADS = ("y,p", "y,p,weight", "y;p;w", "y,p0,p1,p2", "a,b", "p,y", "y\tp", "y,y", "", ",", "y,p,p")


def value(rng, depth=3):
    """Something that JSON can say; often at an edge."""
    kinds = [
        lambda: rng.choice([0, 1, -1, 7, 0.5, -0.0, 1e308, -1e308, 5e-324, 1e12, 2**53, 2**63, 10**400, -(10**400)]),
        lambda: rng.choice([float("nan"), float("inf"), -float("inf"), True, False, None]),
        lambda: rng.choice(["", "x", "\ud800", "\udfff x", "\0", "huber", "1", "nan", "<b>", "é" * 300, "x" * 5000]),
        lambda: rng.uniform(-10, 10),
        lambda: rng.randint(-50, 500),
    ]
    if depth:
        kinds += [
            lambda: [value(rng, depth - 1) for _ in range(rng.choice([0, 1, 2, 3, 30]))],
            lambda: {word(rng): value(rng, depth - 1) for _ in range(rng.randint(0, 3))},
            lambda: [rng.choice([0, 1.5, 1e30])] * rng.choice([20, 500, 20_000]),
            lambda: [[rng.uniform(0, 10), rng.uniform(0, 10)] for _ in range(rng.choice([1, 5, 60, 5000]))],
        ]
    return rng.choice(kinds)()


def word(rng):
    return rng.choice([*PARAMETERS, "losses", "points", "", "\ud800", "".join(rng.choices(string.printable, k=5))])


def loss(rng):
    """A loss with parameters, most of them of another loss or out of their bounds."""
    params = {rng.choice(PARAMETERS): value(rng, 1) for _ in range(rng.choice([0, 0, 1, 2]))}
    return {"name": rng.choice(NAMES), **({"params": params} if params else {})}


def table(rng):
    head = rng.choice([*HEADS, "y," + ",".join(f"p{i}" for i in range(rng.choice([2, 50, 20_000])))])
    width = head.count(",") + 1
    lines = [",".join(rng.choice(CELLS) for _ in range(min(width, 40))) for _ in range(rng.choice([0, 1, 3, 30]))]
    return "\n".join([head, *lines])


def spoiled(rng, question):
    """The question with one part that is likely wrong."""
    question = json.loads(json.dumps(question))
    part = rng.choice([*question, word(rng)])
    own = {
        "losses": lambda: [loss(rng) for _ in range(rng.choice([1, 1, 2, 4, 5]))],
        "table": lambda: table(rng),
        "formula": lambda: "".join(rng.choices(PIECES, k=rng.choice([1, 3, 9, 40, 300]))),
        "states": lambda: [rng.choice([0.0, 1e11, -3.0])] * rng.choice([148, 147, 296]),
        "points": lambda: [
            [rng.choice([0, 5, 5, 1e11]), rng.choice([0, 9.5, -1e11])] for _ in range(rng.randint(0, 9))
        ],
    }
    question[part] = own[part]() if part in own and rng.random() < 0.7 else value(rng)
    return question


def heaviest():
    """The most that each panel may be asked: (what it is, path, question)."""
    rng = random.Random(1)
    points = [[rng.uniform(0, 10), rng.uniform(0, 10)] for _ in range(200)]
    far = [[rng.uniform(-1, 1) * 1e11, rng.uniform(-1, 1) * 1e11] for _ in range(200)]
    robust = [{"name": name} for name in ("mae", "huber", "tukey", "quantile")]
    classes = [{"name": name} for name in ("bce", "hinge", "mse", "binary_focal_crossentropy")]
    wide = "y," + ",".join(f"p{i}" for i in range(198))
    line = "1," + ",".join(["0.5"] * 198)
    tables = {
        "rows": "y,p\n" + "1,0.5\n" * 5000,
        "classes": "\n".join([wide, *[line] * 1100]),
        "pairs": "y,p0,p1\n" + "1,0.6,0.8\n" * 700,
    }
    yield "200 points", "fits", {"losses": robust, "points": points, "degree": 4, "handles": [1, 2, 3, 4, 5]}
    yield "200 points far away", "fits", {"losses": robust, "points": far, "degree": 4}
    yield "400 rows", "planes", {"losses": classes, "shape": "ring", "boundary": "curved", "rows": 400, "noise": 0.45}
    yield "60 steps", "network", {"losses": robust, "steps": 60, "rows": 200}
    yield "300 values", "likelihoods", {"distribution": "normal", "size": 300, "outliers": 20}
    for name, table in tables.items():
        loss = {"pairs": "circle", "classes": "scce", "rows": "bce"}[name]
        yield f"a table of {name}", "rows", {"losses": [{"name": loss}], "table": table}
        yield f"{name} by a formula", "rows", {"formula": "*".join(["p"] * 200), "table": table}


def too_much():
    """More than a panel takes, or long in one way: (what it is, path, question)."""
    yield "10,000 points", "fits", {"losses": [{"name": "mae"}], "points": [[1, 2]] * 10_000}
    classes = "y," + ",".join(f"p{i}" for i in range(20_000))
    yield "20,000 classes", "rows", {"losses": [{"name": "cce"}], "table": classes}
    for name, table in {**WIDE_TABLES, **LONG_TABLES}.items():
        yield name, "rows", {"losses": [{"name": "mse"}], "table": table[:900_000]}


def body(rng, panel):
    """JSON of a spoiled question, or bytes that are no JSON at all."""
    kind = rng.random()
    if kind < 0.85:
        question = PANELS[panel]
        for _ in range(rng.choice([1, 1, 2, 3])):
            question = spoiled(rng, question)
        return json.dumps(question).encode()
    if kind < 0.9:
        return json.dumps(value(rng)).encode()
    deep = rng.choice([10, 500, 900, 5000, 100_000])
    return rng.choice([
        rng.randbytes(rng.choice([0, 1, 40, 3000])),
        b'{"losses":' + b"[" * deep + b"]" * deep + b"}",
        b'{"second":' + b'{"a":' * deep + b"1" + b"}" * deep + b"}",
        b'{"second":' + b"9" * rng.choice([400, 5000]) + b"}",
        b'{"a":"' + b"x" * 1_100_000 + b'"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"losses":[' + b"0," * 100_000 + b"0]}",
        b'{"second":1,"second":1}',
        b'{"second":NaN}',
        b'{"at":-Infinity,"losses":[{"name":"huber"}]}',
        b'{"at":1e99999,"losses":[{"name":"huber"}]}',
        b'{"at":' + b"-" * rng.choice([1, 5000]) + b"1}",
        b'{"formula":"\\ud800*e","over":"error"}',
        b'{"formula":"1e99^1e99^e - 1e99^1e99","values":{"\\udfff":1}}',
        json.dumps(PANELS[panel]).encode("latin-1", "replace")[:-1] + b"\xff}",
        json.dumps(PANELS[panel]).encode("utf-16-le"),
        json.dumps(PANELS[panel]).encode() + b"\0" * rng.choice([1, 900]),
    ])  # fmt: skip


def header(rng):
    """Headers of the page itself, now and then with one that is not."""
    own = {b"host": b"127.0.0.1:8765", b"content-type": b"application/json"}
    if rng.random() < 0.15:
        name = rng.choice([b"host", b"origin", b"content-type", b"content-length", b"sec-fetch-site", b"x"])
        own[name] = rng.choice(
            [
                b"",
                b"\xb2",
                b"\xff" * 40,
                b"9" * 5000,
                b"-1",
                b"null",
                b"a" * 60_000,
                b"application/json;\xe9",
                b"1e3",
                b"+2",
            ]
        )
    return list(own.items())


def questions(seed, count):
    """`count` requests: (method, path, headers, body)."""
    rng = random.Random(seed)
    for _ in range(count):
        panel = rng.choice([*PANELS])
        path = f"/api/{panel}"
        method = "POST"
        if rng.random() < 0.05:
            path = rng.choice(
                ["/", "/api/", "/api/status", "/api/eval", "/static/main.js", "/static/../app.py", "/x\ud800", "/%00"]
            )
            method = rng.choice(["GET", "POST", "PUT", "HEAD", "\xe9"])
        yield method, path, header(rng), body(rng, panel)


async def answered(app, method, path, headers, body):
    """One request to the application, without a network between: (status, body)."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode("utf-8", "replace"), "query_string": b"", "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8765),
    }  # fmt: skip
    sent = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return messages.pop() if messages else await asyncio.Future()

    async def send(message):
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:  # the server's own log would have it
        return 500, f"{type(error).__name__}: {error}".encode()
    start = next(message for message in sent if message["type"] == "http.response.start")
    return start["status"], b"".join(message.get("body", b"") for message in sent[1:])


def wrong(status, body):
    """What is wrong with an answer; nothing for 200 and for a refusal in four parts."""
    if status in (200, 304):
        return ""
    if not 400 <= status < 500:
        return f"status {status}: {body[:300]!r}"
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return f"status {status} without its parts: {body[:300]!r}"
    missing = [part for part in ("asked", "arrived", "allowed", "do") if not error.get(part)]
    return f"status {status} without {missing}: {body[:300]!r}" if missing else ""
