"""The doctor: what is there is found, what is broken is named with what mends it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mindseye.planner.config import Config
from mindseye.planner.doctor import (
    Check,
    check_backends,
    check_endpoint,
    check_packages,
    check_weights,
    lines,
)


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, tuple[int, bytes]]]]:
    """Serve fixed answers on a free port: URL and a table of path -> (status, body)."""
    answers: dict[str, tuple[int, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/v1", answers
        listening.shutdown()
        thread.join()


def test_a_serving_endpoint_answers(server: tuple[str, dict[str, tuple[int, bytes]]]) -> None:
    url, answers = server
    answers["/v1/models"] = (200, json.dumps({"data": [{"id": "tiny-model"}]}).encode())
    (check,) = check_endpoint(Config(model=url))
    assert check.ok
    assert "tiny-model" in check.detail


@pytest.mark.parametrize("answer", [(500, b""), (200, b"<html>"), (200, b'{"models": []}')])
def test_an_endpoint_that_talks_nonsense_is_named(
    server: tuple[str, dict[str, tuple[int, bytes]]], answer: tuple[int, bytes]
) -> None:
    url, answers = server
    answers["/v1/models"] = answer
    (check,) = check_endpoint(Config(model_options={"base_url": url}))
    assert not check.ok
    assert url in check.detail
    assert check.mend


def test_an_endpoint_that_is_down_is_named() -> None:
    (check,) = check_endpoint(Config(model="http://127.0.0.1:9/v1"))
    assert not check.ok
    assert "--model" in check.mend


def test_without_an_endpoint_none_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert not list(check_endpoint(Config()))


def test_the_installed_packages_fit() -> None:
    checks = {c.name: c for c in check_packages()}
    assert checks["package mujoco"].ok
    assert not [c for c in checks.values() if not c.ok]
    assert "package pytest" not in checks


def test_missing_and_corrupt_weights_are_told_apart() -> None:
    missing, corrupt = check_weights({"tools/none.safetensors": "0" * 64, "py.typed": "0" * 64})
    assert not missing.ok
    assert "No such file" in missing.detail
    assert not corrupt.ok
    assert "corrupt" in corrupt.detail


def test_a_backend_that_does_not_load_is_named_with_its_reason() -> None:
    config = Config(
        video="nonesuch", vision="json:Nothing", physics="absent_package:X", decoder="json:dumps"
    )
    checks = {c.name: c for c in check_backends(config)}
    assert not any(c.ok for c in checks.values())
    assert "no video back-end called 'nonesuch'" in checks["video"].detail
    assert "absent_package" in checks["physics"].detail
    assert all("--set" in c.mend for c in checks.values())


def test_lines_show_what_to_do() -> None:
    shown = list(
        lines([
            Check(name="a", ok=True, detail="fine", mend="x"),
            Check(name="package p", ok=True, detail="1.0"),
            Check(name="package q", ok=False, detail="not installed", mend="pip install q"),
            Check(name="package r", ok=True, detail="2.0"),
            Check(name="b", ok=False, detail="two\nlines", mend="pip install b"),
            Check(name="c", ok=False, needed=False, detail="not here"),
        ])
    )  # fmt: skip
    assert shown == ["ok      a: fine", "ok      packages: p 1.0, r 2.0",
                     "MISSING package q: not installed", "        -> pip install q",
                     "MISSING b: two lines", "        -> pip install b",
                     "absent  c: not here"]  # fmt: skip
