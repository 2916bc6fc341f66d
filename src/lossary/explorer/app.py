"""The web application: one page, its files, and the questions the page may ask. Keras is loaded behind it."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from lossary.core.errors import LossaryError
from lossary.data.errors import DataError
from lossary.explorer.guards import Guard, parts

STATIC = Path(__file__).with_name("static")
PATIENCE = 300.0  # seconds a request waits for Keras
TURN, MOST_WAITING = 5.0, 16  # seconds a question waits for those before it, and how many wait at most
Answers = Mapping[str, Callable[[dict[str, Any]], Any]]


class Busy(Exception):
    """Other questions take so long, or are so many, that this one is not waited for."""


class Engine:
    """The losses, loaded in the background: importing a backend takes seconds, and the page need not wait for it."""

    def __init__(self) -> None:
        self.ready, self.failure = threading.Event(), ""
        self.answers: Answers = {}
        self.turn, self.waiting = asyncio.Lock(), 0
        threading.Thread(target=self._load, daemon=True, name="lossary-explorer-load").start()

    def _load(self) -> None:
        try:
            self.answers = import_module("lossary.explorer.answers").ANSWERS
            self.answers["curves"]({"losses": [{"name": "huber"}]})  # what is slow the first time only
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
        self.ready.set()

    def status(self) -> dict[str, Any]:
        if not self.ready.is_set():
            return {"state": "loading"}
        return {"state": "failed", "text": self.failure} if self.failure else {"state": "ready"}

    async def loaded(self) -> None:
        """Waits for Keras without holding a thread: files and the status are served meanwhile."""
        async with asyncio.timeout(PATIENCE):
            while not self.ready.is_set():
                await asyncio.sleep(0.02)

    async def ask(self, name: str, question: dict[str, Any], gone: Callable[[], Awaitable[bool]]) -> Response | None:
        """The answer to one question; backends are not asked by two threads at once.

        None where who asked is `gone` before its turn. Raises Busy where its turn does not come.
        """
        if self.waiting >= MOST_WAITING:
            raise Busy
        self.waiting += 1
        try:
            async with asyncio.timeout(TURN):
                await self.turn.acquire()
        except TimeoutError:
            raise Busy from None
        finally:
            self.waiting -= 1
        try:
            return None if await gone() else await run_in_threadpool(lambda: _json(self.answers[name](question)))
        finally:
            self.turn.release()


def make_app(port: int) -> Starlette:
    """The application as it listens on 127.0.0.1 at this port."""
    engine = Engine()

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def status(request: Request) -> Response:
        return _json(engine.status())

    async def ask(request: Request) -> Response:
        return await _ask(engine, request)

    routes = [
        Route("/", page),
        Route("/api/status", status),
        Route("/api/{name}", ask, methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    told = {HTTPException: _not_there, Exception: _own_fault}
    return Starlette(routes=routes, middleware=[Middleware(Guard, port=port)], exception_handlers=told)


async def _ask(engine: Engine, request: Request) -> Response:
    name = request.path_params["name"]
    try:
        question = read(await request.body())
    except (ValueError, RecursionError) as error:
        why = "It is nested too deeply." if isinstance(error, RecursionError) else f"{str(error)[:100]}."
        return _error(
            400, parts("The explorer cannot read the request.", why, "Expected one JSON object.", "Send JSON.")
        )
    try:
        await engine.loaded()
        if engine.failure:
            return _error(503, parts("Keras could not be loaded.", engine.failure, "", "Look at the terminal."))
        if name not in engine.answers:
            known = f"Expected one of {', '.join(engine.answers)}."
            asked = f"The explorer cannot answer {name[:40]!r}."
            return _error(404, parts(asked, "It knows no such question.", known, "Ask one of these."))
        return await engine.ask(name, question, request.is_disconnected) or Response(status_code=408)
    except (Busy, TimeoutError):
        four = parts("The explorer cannot answer now.", "It is busy with other questions.",
                     "It answers one question at a time.", "Ask again in a moment.")  # fmt: skip
        return _error(503, four, {"retry-after": "1"})
    except (LossaryError, DataError) as error:
        four = parts(error.asked, error.arrived, error.allowed, error.do, type(error).__name__)
        return _error(422, four)


class Unreadable(ValueError):
    """A request that is no question."""


def read(body: bytes) -> dict[str, Any]:
    """A question: one JSON object, in which no name stands twice and every number is one. Raises ValueError."""
    question = json.loads(body or b"{}", object_pairs_hook=_once, parse_constant=_no_number)
    if not isinstance(question, dict):
        raise Unreadable("It is JSON, but not an object")
    return question


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("A name occurs twice in one object")
    return found


def _no_number(text: str) -> Any:
    raise Unreadable(f"{text} is not a number in JSON")


def _not_there(request: Request, error: Exception) -> Response:
    """An address or a method that the page does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    arrived = f"There is no {request.method[:20]} {request.url.path[:80]!r}."
    expected, do = "Expected one of the page's own addresses.", "Open the address that `lossary explore` prints."
    return _error(status, parts("The explorer cannot answer this request.", arrived, expected, do))


def _own_fault(request: Request, error: Exception) -> Response:
    """An error inside lossary: the terminal has its traceback, and the page goes on."""
    arrived = f"An internal error of lossary: {type(error).__name__}."
    return _error(500, parts("The explorer could not answer.", arrived, "Everything else still works.",
                             "Look at the terminal, and report what it says."))  # fmt: skip


def _error(status: int, error: dict[str, str], headers: Mapping[str, str] | None = None) -> Response:
    return _json({"error": error}, status, headers)


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(plain(content), allow_nan=False, separators=(",", ":"))  # ASCII carries half a surrogate pair too
    return Response(text, status, headers, "application/json")


def plain(content: Any) -> Any:
    """Arrays as lists, numbers with the seven digits that float32 has, and null for what is not finite."""
    if isinstance(content, np.ndarray) and content.dtype.kind == "f":
        short = _digits(content)
        content = short.tolist()
        if np.isfinite(short).all():
            return content
    if hasattr(content, "tolist"):
        content = content.tolist()
    if isinstance(content, Mapping):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [plain(value) for value in content]
    if isinstance(content, float):
        return float(f"{content:.7g}") if math.isfinite(content) else None
    return content


def _digits(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A whole array at once, since most of an answer is arrays."""
    wide = array.astype("float64")
    with np.errstate(all="ignore"):
        scale = 10.0 ** (6 - np.floor(np.log10(np.abs(wide))))
        return np.asarray(np.where((scale > 1e-300) & (scale < 1e300), np.round(wide * scale) / scale, wide))
