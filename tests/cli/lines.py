"""Random command lines with random files, and whether what comes of them is a result or one message of four parts."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

UNSEEN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
STEERING = ("\x1b[31m", "\x1b]0;t\x07", "\n", "\r", "\t", "\x00", "\u202e", "\x9b", "\u2028", "\x08", "\ufeff")
COLUMNS = ("x", "y", "z", "a,b", "price €", "y", "x y", "[bold]", "1", "$x$", "<b>", "-y", "n" * 300)
NUMBERS = (
    "0", "1", "-1", "2", "0.5", "nan", "inf", "-inf", "1e400", "-1e400", "1e-400", "1e308", "1_0", "٣", "", " ", "x",
    "0x10", "1e", "+3", "4294967296", "9" * 400, "1,5", "0.2.3", "--1", "True", "None", "1e5",
)  # fmt: skip
LOSSES = (
    "mse", "mae", "huber", "huber:delta=2", "huber:delta=nan", "huber:delta=1e400", "huber:delta=" + "9" * 5000, "hubr",
    "huber:delta", "huber:2", "bce", "scce", "focal", "quantile:q=0.9", "quantile:q=2", "mse,mae", ",", ":", "poisson",
    "torch.nn.HuberLoss", "torch.nn.Nothing", "mse,,mae", "mse:" + "(" * 500, "tukey", "circle", "cosine_similarity",
    "multi_quantile",
)  # fmt: skip
CELLS = ("1", "2", "3.5", "-4", "1e3", "", "NA", "nan", "inf", "-", "1,5", "1.234,5", "abc", "abd", "2020-01-01", "1_0",
    "13.02.2021", "$5", "50%", '"', "9" * 400, "yes", "no", "#N/A", "0")  # fmt: skip


@dataclass
class Line:
    """A command line and the files that stand in its folder: bytes, or what makes another kind of node."""

    words: list[str]
    files: dict[str, bytes | Callable[[Path], object]] = field(default_factory=dict)


def line(seed: int, number: int) -> Line:
    """The same for the same seed and number."""
    draw = random.Random(f"{seed}:{number}")
    made = Line([])
    command = draw.choices(("compare", "check", "draw", "list", "show", "explore", "other"), (45, 20, 10, 8, 8, 4, 5))[
        0
    ]
    made.words = _MAKERS[command](draw, made)
    if draw.random() < 0.15 and made.words:
        _spoil(draw, made.words)
    return made


def _spoil(draw: random.Random, words: list[str]) -> None:
    """One mistake more: a word lost, doubled, moved, or with a sign in it that steers a terminal."""
    place = draw.randrange(len(words))
    how = draw.randrange(5)
    if how == 0:
        del words[place]
    elif how == 1:
        words.insert(place, words[place])
    elif how == 2:
        words.insert(
            place, draw.choice(("--", "-", "--nothing", "-q", "--json", "-h=3", "--\x1b[0m", "\ud800", "é" * 2000))
        )
    else:
        cut = draw.randrange(len(words[place]) + 1)
        words[place] = words[place][:cut] + draw.choice(STEERING) + words[place][cut:]


def _name(draw: random.Random) -> str:
    name = draw.choice(COLUMNS)
    return name + draw.choice(STEERING) + "m" if draw.random() < 0.15 else name


def _cells(draw: random.Random, rows: int, plain: bool) -> list[str]:
    """One column: numbers, a few other cells among them, or anything."""
    wild = 0 if plain else draw.choice((0, 0.1, 1))
    cells = [f"{draw.gauss(0, 3):.2f}" if draw.random() >= wild else draw.choice(CELLS) for _ in range(rows)]
    return [cell + draw.choice(STEERING) if wild and draw.random() < 0.05 else cell for cell in cells]


def _table(draw: random.Random, made: Line) -> str:
    """The name of a file, or of what is no table."""
    if draw.random() < 0.45:
        made.files["good.csv"] = _csv(draw, True, 12)
        return "good.csv"
    name = draw.choice(("t.csv", "t.csv", "t.csv", "t.tsv", "t", "t.csv.gz", "t.xlsx", "t.parquet", "t\x1b[1m.csv"))
    kind = draw.random()
    if kind < 0.62:
        made.files[name] = _csv(draw, draw.random() < 0.4)
    elif kind < 0.72:
        made.files[name] = draw.randbytes(draw.choice((0, 1, 7, 200)))
    elif kind < 0.78:
        content = gzip.compress(_csv(draw, True))
        made.files[name] = content if draw.random() < 0.5 else content[: draw.randrange(len(content))]
    elif kind < 0.84:
        magic = draw.choice(
            (b"PK\x03\x04", b"PAR1", b"%PDF", b"\xd0\xcf\x11\xe0", b"BZh9", b"\xfd7zXZ\x00", b"\xff\xfe")
        )
        made.files[name] = magic + draw.randbytes(draw.choice((0, 30, 600)))
    elif kind < 0.9:
        made.files[name] = draw.choice((os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path.name)))
    else:
        return draw.choice(
            ("phones", "phones", "engel", "fones", "", "-", ".", "/dev/zero", "/dev/null", "/dev/stdin", "n" * 300,
             "no/t.csv", "http://a.b/c.csv", "\x00", "../" * 2000, "digits\n", "/proc/self/mem", "~", "*", "\ud800.csv")
        )  # fmt: skip
    return name


def _csv(draw: random.Random, plain: bool, rows: int | None = None) -> bytes:
    separator = "," if plain else draw.choice((",", ";", "\t", "|", " "))
    names = ["x", "y"] if plain else [_name(draw) for _ in range(draw.randint(1, 4))]
    rows = draw.choice((0, 1, 3, 12, 12, 30)) if rows is None else rows
    columns = [_cells(draw, rows, plain) for _ in names]
    quote = draw.choice((str, str, lambda text: '"' + text.replace('"', '""') + '"'))
    lines = [separator.join(map(quote, row)) for row in [names, *zip(*columns, strict=True)]]
    if rows == 12 and plain:
        return ("\n".join(lines) + "\n").encode()
    text = draw.choice(("\n", "\r\n", "\n", "\r")).join(lines) + draw.choice(("", "\n", ",\n", '"\n'))
    return text.encode(draw.choice(("utf-8", "utf-8", "utf-16", "latin-1", "utf-8-sig")), "replace")


def _some(draw: random.Random, options: dict[str, Callable[[], str] | None], chance: float) -> list[str]:
    words: list[str] = []
    for option, value in options.items():
        if draw.random() < chance:
            words += [option] if value is None else [option, value()]
    return words


def _output(draw: random.Random, made: Line, endings: tuple[str, ...]) -> str:
    name = "out" + draw.choice(endings)
    made.files.setdefault(
        name, draw.choice((b"old", b"old", os.mkfifo, Path.mkdir, lambda path: path.symlink_to("missing/" + path.name)))
    ) if draw.random() < 0.3 else None
    return draw.choice(
        (name, name, name, "/dev/null", "/dev/full", "-", ".", "", "no/" + name, "n" * 300, "\x1b[2J" + name)
    )


def _compare(draw: random.Random, made: Line) -> list[str]:
    number, name = (lambda: draw.choice(NUMBERS)), (lambda: _name(draw))
    words = ["compare", _table(draw, made)]
    words += _some(draw, {"--target": lambda: "y" if draw.random() < 0.8 else name()}, 0.85)
    words += _some(draw, {"--loss": lambda: draw.choice(LOSSES)}, 0.5) or ["--loss", "mse"]
    rare: dict[str, Callable[[], str] | None] = {
        "--features": name, "--ignore": name, "--missing": lambda: draw.choice(("drop", "impute", "indicator", "no")),
        "--as": lambda: f"{name()}={draw.choice(('number', 'text', 'date', 'day-first', 'x'))}",
        "--read": lambda: draw.choice(("decimal=comma", "separator=;", "encoding=utf-16", "names=no", "x=1", "sheet=1",
            "missing=abc", "encoding=rot13", "separator=", "\x1b=1", "encoding=\x00")),
        "--task": lambda: draw.choice(("regression", "binary", "multiclass", "x")),
        "--model": lambda: draw.choice(("linear", "mlp", "mlp:4", "mlp:0", "mlp:" + "9" * 30, "mlp:٣", "mlp:-1", "x")),
        "--l1": number, "--l2": number, "--learning-rate": number, "--validation": number, "--seed": number,
        "--batch-size": number, "--epochs": lambda: draw.choice(("1", "2", "0", "nan", "1e3", "9" * 30, "")),
        "--optimizer": lambda: draw.choice(("adam", "sgd", "ftrl", "x")),
        "--backend": lambda: draw.choice(("x", "jax", "tensorflow", "torch", "\x1b[0m")), "--quiet": None,
        "--json": lambda: _output(draw, made, (".json", "")), "--report": lambda: _output(draw, made, (".html",)),
    }  # fmt: skip
    return words + _some(draw, rare, draw.choice((0.02, 0.12)))


def _check(draw: random.Random, made: Line) -> list[str]:
    name = lambda: _name(draw) if draw.random() < 0.25 else draw.choice(("x", "y", "x,y"))  # noqa: E731
    if draw.random() < 0.25:
        arrays = {"--x": "a.npy", "--y": "a.npy", "--w": "t"}
        made.files["a.npy"] = draw.choice(
            (b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x06\x00{{{{{{", os.mkfifo, draw.randbytes(90))
        )
        what = draw.choice(
            ("nosuch:x", ":", "a:b:c", "json:nosuch", "json:", "os:getcwd", "\x1b:x", "a b:c", "os:sep", "..:x")
        )
        return ["check", what, *_some(draw, {k: lambda v=v: v for k, v in arrays.items()}, 0.4)]
    options: dict[str, Callable[[], str] | None] = {
        "--y": name, "--p": name, "--loss": lambda: draw.choice((*LOSSES, *["mse", "mae", "huber"] * 5)),
        "--w": name, "--from-logits": None,
        "--set": lambda: draw.choice(("delta=2", "delta=nan", "delta", "=", "x=1", "delta=" + "[" * 300, "delta=\x1b")),
        "--ignore": lambda: draw.choice(("L003", "L999", "", ",", "\x1b[1m")),
        "--as": lambda: draw.choice(("y=text", "x=date", "=", "q")), "--read": lambda: draw.choice(("names=no", "x")),
    }  # fmt: skip
    words = ["check", _table(draw, made)]
    for place, (option, value) in enumerate(options.items()):
        words += _some(draw, {option: value}, 0.95 if place < 3 else 0.05)
    return words


def _draw(draw: random.Random, made: Line) -> list[str]:
    words = ["draw", *[draw.choice((*LOSSES, *["mse", "huber"] * 8)) for _ in range(draw.randint(0, 2))]]
    options: dict[str, Callable[[], str] | None] = {
        "-o": lambda: _output(draw, made, (".svg", ".png", ".docx", "", ".SVG")),
        "--kind": lambda: draw.choice(("map", "triangle", "x")), "--over": lambda: draw.choice(("error", "x", "\x1b")),
        "--show": lambda: draw.choice(("value", "x", "", "value,\x1b")), "--apart": None,
        "--theme": lambda: draw.choice(("dark", "x")), "--title": lambda: draw.choice(("t", "\x1b[31m", "$x$", "\x00")),
    }  # fmt: skip
    words += _some(draw, options, draw.choice((0.05, 0.25)))
    if draw.random() < 0.3:
        words += ["--span", draw.choice(NUMBERS), draw.choice(NUMBERS)]
    return words if "-o" in words else [*words, "-o", "out.svg"]


def _list(draw: random.Random, made: Line) -> list[str]:
    group = lambda: draw.choice(("robust", "regression", "convex", "x", "", "\x1b[1m", "٣"))  # noqa: E731
    options: dict[str, Callable[[], str] | None] = {"--family": group, "--task": group, "--trait": group}
    words = ["list", *_some(draw, options | {"--names": None, "--json": None, "--help": None}, 0.3)]
    return words + [group() for _ in range(draw.choice((0, 0, 1, 2)))]


def _show(draw: random.Random, made: Line) -> list[str]:
    words = [
        draw.choice((*LOSSES, "Huber", "\x1b[1m", "", "*", "keras.losses.Huber", "\ud800"))
        for _ in range(draw.choice((0, 1, 1, 1, 2)))
    ]
    return ["show", *words, *_some(draw, {"--json": None, "--help": None}, 0.15)]


def _explore(draw: random.Random, made: Line) -> list[str]:
    return ["explore", "--port", draw.choice((*NUMBERS, "65536", "0", "1")), *_some(draw, {"--no-browser": None}, 0.7)]


def _other(draw: random.Random, made: Line) -> list[str]:
    words = (
        ["--version"],
        ["--help"],
        [],
        ["nothing"],
        ["--nothing"],
        ["\x1b[31m"],
        ["-V"],
        ["--version", "list"],
        [""],
    )
    return list(draw.choice(words))


_MAKERS: dict[str, Callable[[random.Random, Line], list[str]]] = {
    "compare": _compare, "check": _check, "draw": _draw, "list": _list, "show": _show,
    "explore": _explore, "other": _other,
}  # fmt: skip


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(made: Line, folder: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, in a folder of its own. The page is not served."""
    from lossary.cli.commands import cli
    from lossary.cli.failure import outcome
    from lossary.cli.quick import answer
    from lossary.explorer import serve

    for name, content in made.files.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            content(folder / name)
    out, err = io.StringIO(), io.StringIO()
    served = mock.patch.object(serve, "explore", lambda port, browser: serve.bind(port).close())
    env = mock.patch.dict(os.environ, {"COLUMNS": "80", "NO_COLOR": "1", "LOSSARY_TRACEBACK": "1"})
    with _in(folder), served, env, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = outcome(answer(made.words) or (lambda: cli.carry_out(made.words, 0.0)))
    return code, out.getvalue(), err.getvalue()


def fault(made: Line, folder: Path) -> str:
    """What is wrong with the answer to a command line; nothing where all is right."""
    try:
        code, out, err = run(made, folder)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    command = made.words[0] if made.words else ""
    if code not in (0, 2) and not (code == 1 and command in ("compare", "check", "list")):
        return f"exit code {code}"
    if found := UNSEEN.search(out + err):
        return f"it sends {found[0]!r} to the terminal"
    left = [path.name for path in folder.iterdir() if path.name.endswith(".part")]
    if left:
        return f"it leaves {left}"
    if "Traceback" in err or "a bug in lossary" in err:
        return "a traceback"
    lines = err.splitlines()
    starts = [place for place, text in enumerate(lines) if text.startswith("Error: ")]
    if code != 2:
        return "an error with another exit code" if starts else ""
    if (
        len(starts) != 1
        or len(lines) - starts[0] != 4
        or not all(text.startswith("  ") for text in lines[starts[0] + 1 :])
    ):
        return f"no message of four parts, but {err[-300:]!r}"
    return ""
