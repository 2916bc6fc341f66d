"""Where the page listens, and the command that starts it."""

import socket

import pytest
from click.testing import CliRunner

from lossary.cli.commands import cli
from lossary.core.errors import LossaryError
from lossary.explorer import serve

pytestmark = pytest.mark.backendless


def test_it_listens_on_loopback_alone():
    with serve.bind(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_a_taken_port_is_an_error_only_when_it_was_asked_for(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(LossaryError, match=str(taken)):
            serve.bind(taken)
        monkeypatch.setattr(serve, "USUAL_PORT", taken)
        with serve.bind(None) as listening:
            assert listening.getsockname()[1] not in (0, taken)


def test_the_command_passes_on_what_was_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(serve, "explore", lambda port, browser: asked.append((port, browser)))
    for words in ([], ["--port", "9000"], ["--no-browser"]):
        assert CliRunner().invoke(cli, ["explore", *words]).exit_code == 0
    assert asked == [(None, True), (9000, True), (None, False)]
    assert CliRunner().invoke(cli, ["explore", "--port", "70000"]).exit_code == 2


def test_it_serves_and_opens_the_browser(monkeypatch):
    import uvicorn

    seen = {}
    monkeypatch.setattr(serve.webbrowser, "open", lambda address: seen.setdefault("opened", address))
    monkeypatch.setattr(
        serve.threading, "Timer", lambda wait, act, args: type("T", (), {"start": lambda s: act(*args)})()
    )
    monkeypatch.setattr(
        uvicorn.Server, "run", lambda self, sockets: seen.setdefault("port", sockets[0].getsockname()[1])
    )
    serve.explore(0)
    assert seen["opened"] == f"http://127.0.0.1:{seen['port']}/"


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(serve.util, "find_spec", lambda name: None)
    with pytest.raises(LossaryError, match=r"lossary\[explorer\]"):
        serve.explore(0)
