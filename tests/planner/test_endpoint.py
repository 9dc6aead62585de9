"""A model behind an address that misbehaves in every way a server can: a real one, on loopback."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.messages import HumanMessage

from mindseye import Agent, make_world
from mindseye.planner.config import Config
from mindseye.planner.events import Acted, Observed
from mindseye.planner.language.mind import understand
from mindseye.planner.language.models import load_language
from mindseye.planner.language.served import Served
from mindseye.planner.record import Recorder, read_record
from mindseye.tools.endpoint import Endpoint
from mindseye.tools.errors import Unavailable
from mindseye.tools.resilience import Line, Patience, Room
from tests.planner.faults import (
    Answer,
    Fault,
    Server,
    cut,
    cut_unseen,
    hang_up,
    late,
    running,
    send,
    start,
    status,
    stop,
)

TABLE = ("red cube", "blue ball")
GOAL = {"all": [{"relation": "near", "subject": "red cube", "object": "blue ball"}]}
QUICK = Patience(retries=3, first=0.01, longest=0.05, failures=2, rest=0.3)


def completion(content: str) -> bytes:
    """Return a chat completion as it is sent."""
    choice = {"index": 0, "finish_reason": "stop",
              "message": {"role": "assistant", "content": content}}  # fmt: skip
    return json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "m",
                       "choices": [choice]}).encode()  # fmt: skip


@dataclass
class Scripted(Server):
    """A server that answers each kind of question with one thing, told by the schema's name."""

    answer: Callable[[str, bytes], bytes] = lambda path, body: b""
    answers: dict[str, Any] = field(default_factory=lambda: {"goal": GOAL})

    def __post_init__(self) -> None:
        self.answer = self._answered

    def _answered(self, path: str, body: bytes) -> bytes:
        kind = json.loads(body)["response_format"]["json_schema"]["name"]
        return completion(json.dumps(self.answers[kind]))


@pytest.fixture
def server() -> Iterator[Scripted]:
    with running(Scripted()) as told:
        assert isinstance(told, Scripted)
        yield told


def page(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Answer as a gateway does whose server is not there yet."""
    send(handler, b"<html>starting</html>", Content_Type="text/html")


def model_of(server: Scripted, patience: Patience = QUICK) -> Endpoint:
    """Return the model behind a server, asked with so much patience."""
    model = load_language(f"{server.url}#m", {"timeout": 0.25})
    assert isinstance(model, Endpoint)
    model.line.patience, model.line.room = patience, Room(patience.at_once)
    model.line.circuit.failures, model.line.circuit.rest = patience.failures, patience.rest
    return model


@pytest.mark.parametrize(
    "fault", [cut, cut_unseen, page, hang_up, late(0.5), status(500), status(503), status(429)]
)
def test_a_fault_that_passes_costs_time_and_nothing_else(server: Scripted, fault: Fault) -> None:
    server.faults = [fault, fault]
    assert understand(model_of(server), "cube to ball", TABLE).to_json() == GOAL
    # Twice in vain, once to the end; nothing was asked after that.
    assert len(server.asked) == 3


@pytest.mark.parametrize("fault", [cut, cut_unseen, page, status(503)])
def test_our_own_model_is_asked_again_likewise(server: Scripted, fault: Fault) -> None:
    said = json.loads(completion("blue"))
    said["choices"][0]["logprobs"] = {
        "content": [{"token": "blue", "logprob": -0.1, "top_logprobs": []}]
    }
    server.answer = lambda path, body: json.dumps(said).encode()
    server.faults = [fault, fault]
    model = load_language(f"{server.url}#smollm2")
    assert isinstance(model, Served)
    model.line.patience = QUICK
    assert model.score([HumanMessage("which?")], ["blue", "red"])[0] == 0
    assert len(server.asked) == 3


@pytest.mark.parametrize("fault", [page, cut_unseen])
def test_what_never_is_a_completion_is_told_as_that(server: Scripted, fault: Fault) -> None:
    server.faults = [fault] * 8
    for ask in (lambda m: understand(m, "cube to ball", TABLE), lambda m: m.invoke("well?")):
        before = len(server.asked)
        with pytest.raises(Unavailable, match=rf"{server.url} answers, but with no .*/v1"):
            ask(model_of(server))
        assert len(server.asked) - before == QUICK.retries + 1
    own = load_language(f"{server.url}#smollm2")
    assert isinstance(own, Served)
    own.line.patience, server.faults = QUICK, [fault] * 4
    with pytest.raises(Unavailable, match=rf"{server.url} answers, but with no .*/v1"):
        own.score([HumanMessage("which?")], ["blue", "red"])


def test_a_request_that_is_refused_is_not_made_again(server: Scripted) -> None:
    server.faults = [status(400)]
    with pytest.raises(Unavailable, match="language model"):
        understand(model_of(server), "cube to ball", TABLE)
    assert len(server.asked) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_says_when_to_come_back(server: Scripted, form: str) -> None:
    def busy(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        told = "0.4" if form == "seconds" else formatdate(time.time() + 1.5, usegmt=True)
        status(429, Retry_After=told)(handler, answer)

    server.faults = [busy]
    assert understand(model_of(server), "cube to ball", TABLE).to_json() == GOAL
    first, second = server.asked
    assert second - first >= 0.4


def test_a_server_that_asks_for_too_much_patience_is_given_up(server: Scripted) -> None:
    server.faults = [status(429, Retry_After="3600")]
    started = time.monotonic()
    with pytest.raises(Unavailable, match="language model"):
        understand(model_of(server), "cube to ball", TABLE)
    assert time.monotonic() - started < 5
    assert len(server.asked) == 1


def test_waits_grow_and_differ(server: Scripted) -> None:
    server.faults = [status(500)] * 3
    model = model_of(server, Patience(retries=3, first=0.1, longest=5.0))
    understand(model, "cube to ball", TABLE)
    waits = [b - a for a, b in zip(server.asked, server.asked[1:], strict=False)]
    for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True):
        assert wait >= least
    extra = [wait - least for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True)]
    assert len({round(e, 3) for e in extra}) == 3


def test_a_server_may_be_started_again_in_the_middle_of_everything() -> None:
    server = Scripted()
    http = start(server)
    patience = Patience(retries=8, first=0.05, longest=0.3)
    model = model_of(server, patience)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(understand, model, "cube to ball", TABLE) for _ in range(8)]
        assert all(a.result().to_json() == GOAL for a in asked)
        stop(http)
        asked = [pool.submit(understand, model, "cube to ball", TABLE) for _ in range(8)]
        time.sleep(0.4)
        http = start(server)
        assert all(a.result().to_json() == GOAL for a in asked)
    stop(http)


def test_a_circuit_opens_after_failures_and_half_opens_after_a_rest(server: Scripted) -> None:
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


def test_there_is_room_for_as_many_calls_as_are_answered_in_time() -> None:
    room = Room(2)
    with room.place():
        room.answered()  # Another place is free: nothing is learned of more.
        assert room.width == 2
        with room.place():
            room.answered()
            assert room.width == 3
            begun = time.monotonic()
            room.late(begun)
            room.late(begun)  # Of the same wave.
            assert room.width == 1
            room.answered()
            room.answered()
            assert 2 < room.width < 3
    with room.place():
        room.late(time.monotonic())
    assert room.width == 1


def test_of_many_calls_none_is_lost_where_all_at_once_would_be_late(server: Scripted) -> None:
    right, work = server.answer, threading.Lock()

    def shared(path: str, body: bytes) -> bytes:
        for _ in range(10):  # As a batch does: each advances a little while the others do.
            with work:
                time.sleep(0.002)
        return right(path, body)

    server.answer = shared
    model = load_language(f"{server.url}#m", {"timeout": 0.4, "max_retries": 8})
    assert isinstance(model, Endpoint)
    model.line.patience = Patience(retries=8, first=0.01, longest=0.05)
    with ThreadPoolExecutor(64) as pool:
        asked = [pool.submit(understand, model, "cube to ball", TABLE) for _ in range(64)]
        assert all(a.result().to_json() == GOAL for a in asked)


def test_who_waited_for_room_learns_that_the_server_is_gone(server: Scripted) -> None:
    model = model_of(server, Patience(retries=0, failures=2, rest=30, at_once=1))
    server.faults = [late(0.5)] * 9
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(understand, model, "cube to ball", TABLE) for _ in range(6)]
        errors = [str(a.exception()) for a in asked]
    assert len(server.asked) == 2
    assert sum("left to rest" in e for e in errors) == 4
    assert sum("model_options.timeout" in e for e in errors) == 2


def test_while_one_call_tries_the_others_do_not(server: Scripted) -> None:
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


def test_busy_is_not_broken(server: Scripted) -> None:
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


def test_a_run_behind_a_faulty_server_takes_the_same_steps(
    server: Scripted, tmp_path: Path
) -> None:
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
