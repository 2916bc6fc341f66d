"""Who may ask the server, and what every answer carries."""

import pytest
from starlette.testclient import TestClient

from lossary.explorer.app import make_app, plain
from lossary.explorer.guards import LARGEST

pytestmark = pytest.mark.backendless
PORT = 8765
HOME = f"http://127.0.0.1:{PORT}"


@pytest.fixture(scope="module")
def client():
    return TestClient(make_app(PORT), base_url=HOME)


def question(client, name="catalogue", **how):
    return client.post(f"/api/{name}", **({"json": {}} | how))


def test_its_own_page_may_ask(client):
    for host in (f"127.0.0.1:{PORT}", f"localhost:{PORT}"):
        answer = question(client, headers={"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"})
        assert answer.status_code == 200 and answer.json()["losses"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 400),
        ({"host": f"evil.example:{PORT}"}, 400),
        ({"host": "127.0.0.1"}, 400),
        ({"host": f"127.0.0.1:{PORT}.evil.example"}, 400),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"https://127.0.0.1:{PORT}"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_foreign_names_and_pages_are_refused(client, headers, status):
    for answer in (question(client, headers=headers), client.get("/", headers=headers)):
        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"kind", "asked", "arrived", "allowed", "do"}
        assert "access-control-allow-origin" not in answer.headers


def test_only_json_is_read(client):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert question(client, json=None, content=b"{}", headers={"content-type": kind}).status_code == 415
    for body in (b"[]", b"{", b'"text"', b"\xff", b"[" * 100_000):
        answer = question(client, json=None, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400 and answer.json()["error"]["do"]


def test_large_bodies_are_refused_with_and_without_their_length(client):
    kind = {"content-type": "application/json"}
    large = b'{"a":"' + b"x" * LARGEST + b'"}'
    assert question(client, json=None, content=large, headers=kind).status_code == 413
    chunks = (large[start : start + 65536] for start in range(0, len(large), 65536))
    assert question(client, json=None, content=chunks, headers=kind).status_code == 413
    assert question(client, json=None, content=b"{}", headers={**kind, "content-length": "-1"}).status_code == 413


def test_every_answer_forbids_scripts_from_elsewhere(client):
    answers = [client.get("/"), client.get("/static/main.js"), client.get("/static/none.js"), client.get("/api/status")]
    answers += [question(client), question(client, name="none"), client.get("/", headers={"host": "evil.example"})]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_names_nothing_elsewhere(client):
    text = client.get("/").text
    assert "http://" not in text and "https://" not in text and "<script>" not in text and "style=" not in text


def test_files_outside_are_not_served(client):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/app.py"):
        assert client.get(path).status_code == 404


def test_errors_arrive_in_four_parts(client):
    for name, body in (
        ("curves", {"losses": [{"name": "nothing"}]}),
        ("rows", {"table": "", "losses": [{"name": "mse"}]}),
    ):
        answer = question(client, name=name, json=body)
        assert answer.status_code == 422
        assert all(answer.json()["error"][part] for part in ("asked", "arrived", "allowed", "do"))
    assert question(client, name="eval").status_code == 404


def test_a_backend_that_cannot_be_loaded_is_told(monkeypatch):
    def broken(name):
        raise ImportError("no backend here")

    monkeypatch.setattr("lossary.explorer.app.import_module", broken)
    client = TestClient(make_app(PORT), base_url=HOME)
    answer = question(client)
    assert answer.status_code == 503 and "no backend here" in answer.json()["error"]["arrived"]
    assert client.get("/api/status").json()["state"] == "failed"


def test_numbers_that_json_lacks_become_null():
    assert plain({"a": [float("nan"), float("inf"), 1.0], "b": ("x", True, None)}) == {
        "a": [None, None, 1.0],
        "b": ["x", True, None],
    }
