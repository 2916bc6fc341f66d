"""The web application: one page, its files, and the questions the page may ask. Keras is loaded behind it."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Mapping
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
Answers = Mapping[str, Callable[[dict[str, Any]], Any]]


class Engine:
    """The losses, loaded in the background: importing a backend takes seconds, and the page need not wait for it."""

    def __init__(self) -> None:
        self.ready, self.failure = threading.Event(), ""
        self.answers: Answers = {}
        self.one_at_a_time = threading.Lock()
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

    def ask(self, name: str, question: dict[str, Any]) -> Any:
        """The answer to one question; backends are not asked by two threads at once."""
        self.ready.wait(PATIENCE)
        with self.one_at_a_time:
            return self.answers[name](question)


def make_app(port: int) -> Starlette:
    """The application as it listens on 127.0.0.1 at this port."""
    engine = Engine()

    def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    def status(request: Request) -> Response:
        return _json(engine.status())

    async def ask(request: Request) -> Response:
        return await _ask(engine, request.path_params["name"], await request.body())

    routes = [
        Route("/", page),
        Route("/api/status", status),
        Route("/api/{name}", ask, methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    told = {HTTPException: _not_there, Exception: _own_fault}
    return Starlette(routes=routes, middleware=[Middleware(Guard, port=port)], exception_handlers=told)


async def _ask(engine: Engine, name: str, body: bytes) -> Response:
    try:
        question = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        question = None
    if not isinstance(question, dict):
        return _error(400, parts("A question was asked.", "It is no JSON object.", "Allowed is JSON.", "Send JSON."))
    await run_in_threadpool(engine.ready.wait, PATIENCE)
    if engine.failure:
        return _error(503, parts("Keras was to be loaded.", engine.failure, "", "Look at the terminal."))
    if name not in engine.answers:
        known = ", ".join(engine.answers)
        return _error(404, parts(f"{name[:40]!r} was asked.", "There is no such question.", known, "Ask one of these."))
    try:
        return _json(await run_in_threadpool(engine.ask, name, question))
    except (LossaryError, DataError) as error:
        four = parts(error.asked, error.arrived, error.allowed, error.do, type(error).__name__)
        return _error(422, four)


def _not_there(request: Request, error: Exception) -> Response:
    """An address or a method that the page does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    arrived = f"{request.method[:20]} {request.url.path[:80]!r} is not there."
    return _error(status, parts("Something of the explorer was asked for.", arrived, "Allowed is what its page asks.",
                                "Open the address that `lossary explore` prints."))  # fmt: skip


def _own_fault(request: Request, error: Exception) -> Response:
    """A mistake of lossary itself: the terminal has its traceback, and the page goes on."""
    arrived = f"lossary made a mistake of its own: {type(error).__name__}."
    return _error(500, parts("The page asked something.", arrived, "Everything else still works.",
                             "Look at the terminal, and report what it says."))  # fmt: skip


def _error(status: int, error: dict[str, str]) -> Response:
    return _json({"error": error}, status)


def _json(content: Any, status: int = 200) -> Response:
    text = json.dumps(plain(content), allow_nan=False, separators=(",", ":"))  # ASCII carries half a surrogate pair too
    return Response(text, status, media_type="application/json")


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
