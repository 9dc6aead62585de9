"""A model behind an address that misbehaves in every way a server can: a real one, on loopback."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
import pytest

from mindseye import Agent, make_world
from mindseye.planner.config import Config
from mindseye.planner.events import Acted, Observed
from mindseye.planner.language.mind import understand
from mindseye.planner.language.models import load_language
from mindseye.planner.record import Recorder, read_record
from mindseye.tools.endpoint import Endpoint
from mindseye.tools.errors import Unavailable
from mindseye.tools.resilience import Line, Patience

TABLE = ("red cube", "blue ball")
GOAL = {"all": [{"relation": "near", "subject": "red cube", "object": "blue ball"}]}
QUICK = Patience(retries=3, first=0.01, longest=0.05, failures=2, rest=0.3)


def completion(content: str) -> bytes:
    """Return a chat completion as it is sent."""
    choice = {"index": 0, "finish_reason": "stop",
              "message": {"role": "assistant", "content": content}}  # fmt: skip
    return json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "m",
                       "choices": [choice]}).encode()  # fmt: skip


Fault = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A server that does to each request what the next fault says, and is well after the last."""

    port: int
    faults: list[Fault | None] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=lambda: {"goal": GOAL})
    """What is answered, by the name of the schema."""
    asked: list[float] = field(default_factory=list)
    """When each request came."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    """Answer as a server that is well does."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, **headers: str) -> Fault:
    """Return a fault that answers with an error."""
    return lambda h: send(h, b'{"error": {"message": "no"}}', code, **headers)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Break off in the middle of an answer whose length was told."""
    body = completion(json.dumps(GOAL))
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def cut_unseen(handler: BaseHTTPRequestHandler) -> None:
    """Break off in the middle of an answer whose length was not told."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(completion(json.dumps(GOAL))[:90])
    handler.close_connection = True


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def slow(handler: BaseHTTPRequestHandler) -> None:
    """Answer when nobody waits any more."""
    time.sleep(0.5)
    hang_up(handler)


def _start(server: Server) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(time.monotonic())
            fault = server.faults.pop(0) if server.faults else None
            if fault is not None:
                fault(self)
            else:
                kind = request["response_format"]["json_schema"]["name"]
                send(self, completion(json.dumps(server.answers[kind])))

    http = ThreadingHTTPServer(("127.0.0.1", server.port), Handler)
    http.daemon_threads = True
    server.port = http.server_port
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    return http


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server(port=0)
    http = _start(told)
    yield told
    http.shutdown()
    http.server_close()


def model_of(server: Server, patience: Patience = QUICK) -> Endpoint:
    """Return the model behind a server, asked with so much patience."""
    model = load_language(f"{server.url}#m", {"timeout": 0.25})
    assert isinstance(model, Endpoint)
    model.line.patience = patience
    model.line.circuit.failures, model.line.circuit.rest = patience.failures, patience.rest
    return model


@pytest.mark.parametrize(
    "fault", [cut, cut_unseen, hang_up, slow, status(500), status(503), status(429)]
)
def test_a_fault_that_passes_costs_time_and_nothing_else(server: Server, fault: Fault) -> None:
    server.faults = [fault, fault]
    assert understand(model_of(server), "cube to ball", TABLE).to_json() == GOAL
    # Twice in vain, once to the end; nothing was asked after that.
    assert len(server.asked) == 3


def test_a_request_that_is_refused_is_not_made_again(server: Server) -> None:
    server.faults = [status(400)]
    with pytest.raises(Unavailable, match="language model"):
        understand(model_of(server), "cube to ball", TABLE)
    assert len(server.asked) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_says_when_to_come_back(server: Server, form: str) -> None:
    told = "0.4" if form == "seconds" else formatdate(time.time() + 1.5, usegmt=True)
    server.faults = [status(429, Retry_After=told)]
    assert understand(model_of(server), "cube to ball", TABLE).to_json() == GOAL
    first, second = server.asked
    assert second - first >= 0.4


def test_a_server_that_asks_for_too_much_patience_is_given_up(server: Server) -> None:
    server.faults = [status(429, Retry_After="3600")]
    started = time.monotonic()
    with pytest.raises(Unavailable, match="language model"):
        understand(model_of(server), "cube to ball", TABLE)
    assert time.monotonic() - started < 5
    assert len(server.asked) == 1


def test_waits_grow_and_differ(server: Server) -> None:
    server.faults = [status(500)] * 3
    model = model_of(server, Patience(retries=3, first=0.1, longest=5.0))
    understand(model, "cube to ball", TABLE)
    waits = [b - a for a, b in zip(server.asked, server.asked[1:], strict=False)]
    for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True):
        assert wait >= least
    extra = [wait - least for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True)]
    assert len({round(e, 3) for e in extra}) == 3


def test_a_server_may_be_started_again_in_the_middle_of_everything() -> None:
    server = Server(port=0)
    http = _start(server)
    patience = Patience(retries=8, first=0.05, longest=0.3)
    model = model_of(server, patience)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(understand, model, "cube to ball", TABLE) for _ in range(8)]
        assert all(a.result().to_json() == GOAL for a in asked)
        http.shutdown()
        http.server_close()
        asked = [pool.submit(understand, model, "cube to ball", TABLE) for _ in range(8)]
        time.sleep(0.4)
        http = _start(server)
        assert all(a.result().to_json() == GOAL for a in asked)
    http.shutdown()
    http.server_close()


def test_a_circuit_opens_after_failures_and_half_opens_after_a_rest(server: Server) -> None:
    server.faults = [status(500)] * 9
    model = model_of(server)
    for tries in (4, 8):
        with pytest.raises(Unavailable, match="does not answer"):
            understand(model, "cube to ball", TABLE)
        assert len(server.asked) == tries
    # Open: it is not asked at all.
    with pytest.raises(Unavailable, match="failed 2 times in a row and is left to rest"):
        understand(model, "cube to ball", TABLE)
    assert len(server.asked) == 8
    time.sleep(QUICK.rest + 0.02)
    # Half open: one try, and since it fails, another rest.
    with pytest.raises(Unavailable, match="does not answer"):
        understand(model, "cube to ball", TABLE)
    with pytest.raises(Unavailable, match="left to rest"):
        understand(model, "cube to ball", TABLE)
    assert len(server.asked) == 9
    time.sleep(QUICK.rest + 0.02)
    for _ in range(2):
        assert understand(model, "cube to ball", TABLE).to_json() == GOAL
    assert len(server.asked) == 11


def test_while_one_call_tries_the_others_do_not(server: Server) -> None:
    line = Line("the model", Patience(retries=0, failures=1, rest=0.1))
    request = openai.APIConnectionError(request=None)  # type: ignore[arg-type]
    with pytest.raises(openai.APIConnectionError):
        line.call(lambda: (_ for _ in ()).throw(request))
    time.sleep(0.12)
    begun, end = threading.Event(), threading.Event()

    def probe() -> str:
        begun.set()
        end.wait(5)
        return "well"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(line.call, probe)
        begun.wait(5)
        with pytest.raises(Unavailable, match="left to rest"):
            line.call(lambda: "too early")
        end.set()
        assert first.result() == "well"
    assert line.call(lambda: "again") == "again"


def test_busy_is_not_broken(server: Server) -> None:
    server.faults = [status(429)] * 12
    model = model_of(server)
    for _ in range(3):
        with pytest.raises(Unavailable, match="does not answer"):
            understand(model, "cube to ball", TABLE)
    assert understand(model, "cube to ball", TABLE).to_json() == GOAL


PUSHES = [
    {"move": "red cube", "relation": "near", "object": "blue ball"},
    {"move": "red cube", "relation": "in_area", "area": "bottom_left"},
]


def test_a_run_behind_a_faulty_server_takes_the_same_steps(server: Server, tmp_path: Path) -> None:
    server.answers |= {
        "subgoals": {"subgoals": PUSHES}, "choice": {"choice": 1}, "check": {"tools": "physics"}
    }  # fmt: skip
    ill: list[Fault | None] = [cut, status(500), None, hang_up, cut_unseen, None, status(429)]
    taken = []
    for name, faults in (("well", []), ("ill", ill)):
        server.faults = list(faults)
        config = Config(
            model=f"{server.url}#m", model_options={"timeout": 5}, tools="physics", seed=3,
            threads=1, objects=TABLE,
        )  # fmt: skip
        with make_world(objects=TABLE, seed=3) as world, Recorder(tmp_path / name) as recorder:
            result = Agent.from_config(config).run("cube to ball", world, recorder=recorder)
        assert result.success, result.reason
        record = read_record(tmp_path / name)
        acted = [a.actions for a in record.of(Acted)]
        taken.append((result.steps, acted, len(record.of(Observed))))
        assert server.faults == []
    assert taken[0] == taken[1]
