"""The suite with real inspect, a real endpoint and the laboratory; killed, and gone on with."""

import csv
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as run_inspect
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, ModelUsage, get_model

from mindseye.eval.minds_eye.conditions import few_shots, program_exact
from mindseye.eval.minds_eye.contrary import contrary
from mindseye.eval.minds_eye.items import Item, read_items, right, spread
from mindseye.eval.minds_eye.journal import Journal, Response
from mindseye.eval.minds_eye.suite import evaluate
from mindseye.eval.minds_eye.task import minds_eye
from mindseye.eval.stats import mcnemar
from mindseye.planner.ask.answer import Answer
from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.physics.lab.lab import investigate
from mindseye.tools.physics.lab.program import parse_program


def said(answer: str, **more: Any) -> Answer:
    return Answer(answer=answer, confidence=1.0, tool="none", **more)


@pytest.mark.parametrize(
    ("item", "answer", "is_right"),
    [
        ({"answer": "red ball", "choices": ["red ball", "same"]}, said("The red ball."), True),
        ({"answer": "red ball", "choices": ["red ball", "same"]}, said("same"), False),
        ({"answer": 72.0, "unit": "km/h"}, said("20 m/s", value=20.0, unit="m/s"), True),
        ({"answer": 72.0, "unit": "km/h"}, said("20 km/h", value=20.0, unit="km/h"), False),
        ({"answer": 72.0, "unit": "km/h"}, said("72"), True),
        ({"answer": "1.52 m", "tolerance": 0.01}, said("about 1.6 m"), False),
        ({"answer": "1.52 m"}, said("152 cm"), True),
        ({"answer": "a, b, c", "choices": ["c", "b", "a"]}, said("the a, the b, the c"), True),
        ({"answer": "depends", "depends_on": ["mass"]}, said("a", depends=("mass 1 kg",)), True),
        ({"answer": "depends", "depends_on": ["mass"]}, said("depends"), False),
    ],
)
def test_what_is_right(item: dict[str, Any], answer: Answer, is_right: bool) -> None:
    assert right(Item.model_validate({"question": "?", **item}), answer) is is_right


def test_an_order_is_not_one_of_the_names_it_orders() -> None:
    order = Item(question="?", choices=("a", "b", "c"), answer="b, a, c")
    assert order.offered == ()
    assert Item(question="?", choices=("a", "b"), answer="b").offered == ("a", "b")


def test_bad_question_files_say_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    for text, reason in (
        ("", "no questions"),
        ('{"question": "why?"}', "line 1: Field required"),
        ("{", "line 1"),
        ('{"question": "?", "answer": "A", "choices": ["a", "b"]}', "'A' is neither one of the"),
        ('{"id":"a","question":"?","answer":"x"}\n' * 2, "a second question has the id 'a'"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match=reason):
            read_items(path)
    with pytest.raises(BadInput, match="cannot read"):
        read_items(tmp_path / "none.jsonl")


def test_question_files_of_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    lines = [
        '{"question": "Which\u2028is it?", "choices": [5, 10], "answer": 5, "id": 7}',
        '{"question": "Is it?", "answer": true, "unit": null}',
    ]
    path.write_text("\r\n".join(lines), encoding="utf-8-sig")
    first, second = read_items(path)
    assert (first.id, first.offered, first.answer) == ("7", ("5", "10"), "5")
    assert (second.id, second.answer) == ("00002", "yes")


def test_a_part_of_the_set_has_as_many_of_each_sub_task_and_balanced_answers() -> None:
    part = spread(read_items(), 117)
    assert len({i.subtask for i in part}) == 39
    same = sum(i.answer == "same" for i in part)
    assert same == 39


PROGRAMS = [
    '{"scene":"free_fall","bodies":[{"name":"a","height":"5 m"},{"name":"b","height":"9 m"}],'
    '"ask":{"kind":"compare","measure":"time"}}',
    '{"scene":"free_fall","bodies":[{"name":"a","mass":"2 kg"},{"name":"b","mass":"9 kg"}],'
    '"ask":{"kind":"compare","measure":"time"}}',
    '{"scene":"free_fall","bodies":[{"name":"a","height":"5 m"}],'
    '"ask":{"kind":"number","measure":"time"}}',
    '{"scene":"free_fall","bodies":[{"name":"a","height":"5 m"}],'
    '"ask":{"kind":"exceeds","measure":"time","value":"2 s"}}',
    '{"scene":"friction","bodies":[{"name":"a","speed":"3 m/s"},{"name":"b","speed":"5 m/s"},'
    '{"name":"c","speed":"4 m/s"}],"ask":{"kind":"order","measure":"distance"}}',
    '{"scene":"slope","bodies":[{"name":"a","angle":"40 deg","friction":"0.1"}],'
    '"ask":{"kind":"does","event":"slides"}}',
]


@pytest.mark.parametrize("text", PROGRAMS)
def test_the_contrary_of_a_finding_says_the_opposite(text: str) -> None:
    finding = investigate(parse_program(text), vary=False)
    told = contrary(finding)
    assert told.hint != finding.hint
    assert told.verdict.answer != finding.verdict.answer
    if told.verdict.kind == "order":
        assert told.verdict.ranking == tuple(reversed(finding.verdict.ranking))
    if told.verdict.kind == "number":
        assert finding.verdict.value is not None
        assert told.verdict.value == pytest.approx(2 * finding.verdict.value)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        (PROGRAMS[0].replace("5 m", "500 cm"), True),
        (PROGRAMS[0].replace('],"ask', '],"world":{},"ask'), True),
        (PROGRAMS[0].replace("5 m", "6 m"), False),
        (PROGRAMS[0].replace('"a"', '"c"'), False),
        (PROGRAMS[0].replace('"time"', '"speed"'), False),
    ],
)
def test_a_program_is_exact_if_it_is_the_same_experiment(text: str, exact: bool) -> None:
    item = Item(question="?", answer="b", program=PROGRAMS[0])
    assert program_exact(item, said("b", mode="program", program=text)) is exact
    assert program_exact(Item(question="?", answer="b"), said("b")) is None


def test_few_shots_never_come_from_the_test_set() -> None:
    asked = {i.question for i in read_items()}
    shots = few_shots(simulated=True, trained=True)
    assert len(shots) == 8
    for message in shots[::2]:
        assert "Simulation:" in str(message.text)
        assert not any(q in str(message.text) for q in asked)


def test_mcnemar_is_the_binomial_test_on_what_differs() -> None:
    first, second = [True, True, False, False, False], [True, False, True, True, True]
    assert mcnemar(first, second) == pytest.approx(0.625)
    assert mcnemar(first, first) == 1.0


def response(name: str) -> Response:
    return Response(condition="none", id=name, answer=said("a\u2028b"))


def test_a_torn_line_is_answered_again_and_glues_to_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {"model": "m"})
    journal.add(response("1"))
    journal.add(response("2"))
    text = journal.path.read_text(encoding="utf-8")
    journal.path.write_text(text[:-20], encoding="utf-8")
    again = Journal(tmp_path, {"model": "m"})
    assert set(again.found) == {("none", "1")}
    again.add(response("3"))
    assert set(Journal(tmp_path, {"model": "m"}).found) == {("none", "1"), ("none", "3")}
    with pytest.raises(BadInput, match="begun with model 'm'"):
        Journal(tmp_path, {"model": "other"})


ITEMS = {i.question: i for i in spread(read_items(), 12)}


def follow(messages: str, kind: str) -> str:
    """Answer as a model does that writes the right program and believes every hint."""
    item = next(i for q, i in ITEMS.items() if q in messages)
    assert item.program is not None
    program = json.loads(item.program)
    if kind == "scene":
        return json.dumps({"scene": program["scene"]})
    if kind == "program":
        return item.program
    wrong = next(c for c in item.choices if c != item.answer)
    shown = investigate(parse_program(item.program)).hint in messages
    return json.dumps({"answer": item.answer if shown else wrong})


class Endpoint(ThreadingHTTPServer):
    """An OpenAI-compatible server with such a model, which answers one request at a time."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.turn = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _send(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self._send({"data": [{"id": "served-model"}]})

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Endpoint)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = asked["response_format"]["json_schema"]["name"]
        messages = "\n".join(m["content"] for m in asked["messages"])
        with server.turn:
            time.sleep(0.05)
            item = next(i for q, i in ITEMS.items() if q in messages)
            server.asked.append((kind, item.id))
        choice = {"index": 0, "finish_reason": "stop",
                  "message": {"role": "assistant", "content": follow(messages, kind)}}  # fmt: skip
        usage = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
        self._send({"id": "1", "object": "chat.completion", "created": 1, "model": "served-model",
                    "choices": [choice], "usage": usage})  # fmt: skip


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def command(server: Endpoint, folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "mindseye.planner.cli", "eval", "minds-eye", "--model", server.url,
        "--conditions", "none,simulation,wrong-simulation", "--n", "12", "--run", str(folder),
        "--json",
    ]  # fmt: skip


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
def test_killed_half_way_it_loses_no_answer_and_repeats_none(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    journal = tmp_path / "run" / "answers.jsonl"
    begun = subprocess.Popen(command(endpoint, tmp_path / "run"), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if journal.exists() and journal.read_text(encoding="utf-8").count("\n") > 16:
            break
        time.sleep(0.02)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    kept = {(r["condition"], r["id"]) for r in lines_of(journal)}
    assert 12 < len(kept) < 36
    time.sleep(0.5)
    before = len(endpoint.asked)
    ended = subprocess.run(command(endpoint, tmp_path / "run"), capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    result = json.loads(ended.stdout)
    lines = lines_of(journal)
    assert len(lines) == len({(r["condition"], r["id"]) for r in lines}) == 36
    answered = [i for kind, i in endpoint.asked[before:] if kind == "answer"]
    assert len(answered) == 36 - len(kept)

    scores = {name: row["score"] for name, row in result["conditions"].items()}
    assert scores == {"none": 0.0, "simulation": 1.0, "wrong-simulation": 0.0}
    row = result["conditions"]["simulation"]
    assert (row["n"], row["errors"], row["unscored"]) == (12, 0, 0)
    assert row["program_exact"] == 1.0
    assert row["tokens_written"] >= 7
    assert result["differences"]["simulation - none"]["p"] == pytest.approx(2 / 2**12)
    with (tmp_path / "run" / "samples.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 36
    assert (tmp_path / "run" / "accuracy.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def inspected() -> Iterator[None]:
    """Collect what inspect leaves open where its warnings are let be."""
    yield
    gc.collect()


inspect_warns = pytest.mark.filterwarnings(
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning",
    "ignore:Unclosed <MemoryObject:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@inspect_warns
@pytest.mark.usefixtures("inspected")
def test_any_model_of_inspect_is_asked_the_same_way(tmp_path: Path) -> None:
    def outputs(
        messages: list[ChatMessage], tools: Any, choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        assert config.response_schema is not None
        told = follow("\n".join(m.text for m in messages), config.response_schema.name)
        output = ModelOutput.from_content("mockllm", f"Well, it is this: {told}")
        output.usage = ModelUsage(input_tokens=100, output_tokens=7, total_tokens=107)
        return output

    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = run_inspect(
        minds_eye("simulation", n=12), model=model, display="none", log_dir=str(tmp_path)
    )
    assert log.status == "success"
    assert [s.error for s in log.samples or []] == [None] * 12
    assert log.results is not None
    metrics = log.results.scores[0].metrics
    assert metrics["all"].value == 1.0
    assert log.stats.model_usage["mockllm/model"].input_tokens == 12 * 3 * 100


@inspect_warns
@pytest.mark.usefixtures("inspected")
def test_what_is_no_answer_is_wrong_and_not_unscored(tmp_path: Path) -> None:
    output = ModelOutput.from_content("mockllm", "I would rather not say.")
    output.usage = ModelUsage(input_tokens=100, output_tokens=7, total_tokens=107)
    model = get_model("mockllm/model", custom_outputs=[output] * 3)
    (log,) = run_inspect(minds_eye("none", n=1), model=model, display="none", log_dir=str(tmp_path))
    (sample,) = log.samples or []
    assert sample.error is None
    assert sample.scores is not None
    assert sample.scores["answered_right"].value == 0.0


@inspect_warns
@pytest.mark.usefixtures("inspected")
def test_what_fails_is_unscored_and_not_wrong(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"question": "Which?", "answer": "a", "choices": ["a", "b"]}\n', "utf-8")
    with pytest.raises(Unavailable, match="does not answer"):
        evaluate(["none"], tmp_path / "run", model="http://127.0.0.1:9/v1#m", path=path,
                 progress=False)  # fmt: skip
    with pytest.raises(BadInput, match="no condition 'nonsense'; known: none, cot"):
        evaluate(["nonsense"], tmp_path / "run2", path=path)
