"""Our models in a real vLLM on the CPU: behind an address, well and ill, and in one process.

vLLM has an environment of its own, so `MINDSEYE_VLLM_PYTHON` names its interpreter. It takes
some minutes: a server starts twice, and all that it computes is computed by a CPU.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest

import mindseye
from mindseye import Agent, make_world
from mindseye.planner.config import Config
from mindseye.planner.events import Acted, Observed, Proposed
from mindseye.planner.language.mind import understand
from mindseye.planner.language.models import load_language
from mindseye.planner.language.smollm import package_adapter
from mindseye.planner.language.weights import ensure_weights
from mindseye.planner.record import Recorder, read_record
from mindseye.tools.endpoint import Endpoint
from mindseye.tools.errors import Unavailable
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
    status,
)

PYTHON = os.environ.get("MINDSEYE_VLLM_PYTHON", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.weights,
    pytest.mark.skipif(
        not PYTHON,
        reason="needs vLLM in an environment of its own: MINDSEYE_VLLM_PYTHON=~/vllm/bin/python",
    ),
]

STARTS = 900.0
"""Seconds that a server may take to start."""
TABLE = ("red cube", "blue ball", "green cylinder", "yellow star")
TASK = "push the red cube next to the blue ball"
QUESTION = "How long does a stone fall from 20 m?"
PATIENT = {"timeout": 900.0, "patience": 1800.0, "max_retries": 500}
"""For a machine on which all is slow: only the server's own faults are to be seen."""
# Decided by counts, never by the clock.
RUN: dict[str, Any] = {
    "tools": "physics", "seed": 3, "threads": 1, "objects": TABLE[:2], "clips": 4, "budget": 900.0,
    "candidates": 3,
}  # fmt: skip
RUN_ARGUMENTS = (
    TASK, "--objects", ", ".join(TABLE[:2]), "--seed", "3", "--tools", "physics", "--budget", "900",
    "--set", "threads=1", "--set", "clips=4", "--set", "candidates=3",
)  # fmt: skip


@dataclass
class Vllm:
    """`mindseye serve` with SmolLM2 and two of our adapters, as a process of its own."""

    folder: Path
    port: int
    told: dict[str, Any] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def begin(self) -> None:
        """Start it, and do not wait."""
        adapters = [
            f"--adapter={name}={package_adapter(kind)}"
            for name, kind in (("smollm2", "table"), ("smollm2-questions", "questions"))
        ]
        command = [
            sys.executable, "-m", "mindseye.planner.cli", "serve", str(ensure_weights()), *adapters,
            "--python", PYTHON, "--port", str(self.port), "--json", "--deadline", str(STARTS),
            "--log", str(self.folder / "vllm.log"),
            "--", "--max-model-len", "2048", "--block-size", "32", "--enforce-eager",
        ]  # fmt: skip
        with (self.folder / "serve.log").open("a") as log:
            self.process = subprocess.Popen(
                command, env={"VLLM_CPU_KVCACHE_SPACE": "1", **os.environ}, text=True,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def ready(self) -> None:
        """Wait until it answers."""
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.folder / "serve.log").read_text()[-2000:]
        self.told = json.loads(line)

    def stop(self, how: Callable[["subprocess.Popen[str]"], None]) -> int:
        """End it and return its exit code."""
        assert self.process is not None
        how(self.process)
        self.process.communicate(timeout=120)
        return self.process.returncode


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vllm]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = int(s.getsockname()[1])
    served = Vllm(tmp_path_factory.mktemp("vllm"), port)
    served.begin()
    try:
        served.ready()
        yield served
    finally:
        served.stop(lambda process: process.terminate())


def mindseye_(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "mindseye.planner.cli", *arguments, "--json", "--quiet"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def patiently(**more: float) -> list[str]:
    options = {**PATIENT, **more}
    return [x for key, value in options.items() for x in ("--set", f"model_options.{key}={value}")]


def steps_of(run: Path) -> list[Any]:
    """Return what a run proposed, did and saw, whoever answered it, and when."""
    record = read_record(run)
    proposed = [[c.subgoal for c in p.candidates] for p in record.of(Proposed)]
    acted = [(a.step, a.actions) for a in record.of(Acted)]
    return [proposed, acted, [o.decision for o in record.of(Observed)]]


@pytest.fixture(scope="module")
def undisturbed(vllm: Vllm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the record of a run by a server that is well."""
    folder = tmp_path_factory.mktemp("run")
    model = ("--model", f"{vllm.address}#smollm2")
    process = mindseye_(folder, "run", *RUN_ARGUMENTS, *model, *patiently())
    out, err = process.communicate(timeout=3600)
    assert process.returncode == 0, err
    told = json.loads(out)
    assert told["success"]
    return folder / str(told["run"])


def test_a_run_by_our_adapter_in_vllm_succeeds(undisturbed: Path) -> None:
    record = read_record(undisturbed)
    assert record.result is not None
    assert record.result.success
    acted = record.of(Acted)
    assert acted
    assert [a.steps for a in acted] == [len(a.actions) for a in acted]
    # More than one answer, by their odds, which only a model that tells them has.
    assert len({c.prior for c in record.of(Proposed)[0].candidates}) > 1


def test_a_question_is_answered_from_a_simulation(vllm: Vllm, tmp_path: Path) -> None:
    model = ("--model", f"{vllm.address}#smollm2-questions")
    process = mindseye_(tmp_path, "ask", QUESTION, *model, *patiently())
    out, err = process.communicate(timeout=3600)
    assert process.returncode == 0, err
    answer = json.loads(out)
    assert (answer["tool"], answer["unit"]) == ("simulation", "s")
    assert answer["value"] == pytest.approx(2.02, abs=0.01)


def tasks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield 64 tasks, each with the goal it asks for."""
    for a, b in permutations(TABLE, 2):
        for words, relation in (
            ("push the {} next to the {}", "near"), ("put the {} left of the {}", "left_of"),
            ("put the {} right of the {}", "right_of"), ("move the {} behind the {}", "above"),
        ):  # fmt: skip
            yield words.format(a, b), {"relation": relation, "subject": a, "object": b}
    for a in TABLE:
        for area in ("left", "right", "top_left", "bottom_right"):
            words = f"move the {a} to the {area.replace('_', ' ')}"
            yield words, {"relation": "in_area", "subject": a, "area": area}


def test_64_requests_at_once_are_each_answered_as_alone(vllm: Vllm) -> None:
    # With the patience that everybody has: all at once might be late, but are not asked at once.
    model = load_language(f"{vllm.address}#smollm2")
    asked = list(tasks())
    assert len({words for words, _ in asked}) == 64
    begun = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        goals = list(pool.map(lambda task: understand(model, task[0], TABLE).to_json(), asked))
    assert isinstance(model, Endpoint)
    seconds, most = time.monotonic() - begun, model.line.room.width
    sys.stderr.write(f"64 requests at once: {seconds:.0f} s, in the end {most:.0f} under way\n")
    assert [words for (words, item), goal in zip(asked, goals, strict=True)
            if goal != {"all": [item]}] == []  # fmt: skip
    # Numbers of bfloat16 may differ with the batch that a request is in; no answer does.
    for (words, _), goal in list(zip(asked, goals, strict=True))[::16]:
        assert understand(model, words, TABLE).to_json() == goal


def delayed(seconds: float) -> Fault:
    """Return what answers rightly, but later."""

    def wait(handler: Any, answer: Answer) -> None:
        time.sleep(seconds)
        send(handler, answer())

    return wait


def test_a_run_behind_faults_takes_the_same_steps(
    vllm: Vllm, undisturbed: Path, tmp_path: Path
) -> None:
    def upstream(path: str, body: bytes) -> bytes:
        reply = httpx.post(
            f"{vllm.address.removesuffix('/v1')}{path}", content=body, timeout=900,
            headers={"Content-Type": "application/json"}, trust_env=False,
        )  # fmt: skip
        reply.raise_for_status()
        return reply.content

    fails: list[Fault | None] = [
        cut, status(500), None, hang_up, status(429, Retry_After="0.3"), cut_unseen, delayed(2),
        late(1), status(503),
    ]  # fmt: skip
    taken, asked = [], []
    for name, faults in (("well", []), ("ill", fails)):
        with running(Server(answer=upstream, faults=list(faults))) as proxy:
            config = Config(
                model=f"{proxy.url}#smollm2", model_options={**PATIENT, "max_retries": 4}, **RUN
            )
            world = make_world(objects=RUN["objects"], seed=3)
            with world, Recorder(tmp_path / name) as recorder:
                result = Agent.from_config(config).run(TASK, world, recorder=recorder)
            assert result.success, result.reason
            assert proxy.faults == []
            asked.append(len(proxy.asked))
        taken.append(steps_of(tmp_path / name))
    assert taken[1] == taken[0] == steps_of(undisturbed)
    # Once more for each fault but the delay, and for nothing else.
    assert asked[1] == asked[0] + sum(f is not None for f in fails) - 1


def wait_for(run: Callable[[], Sequence[Path]], words: str, process: Any) -> None:
    """Wait until a record speaks of something."""
    while not any(words in path.read_text() for path in run()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_a_run_outlasts_a_server_that_is_killed_and_started_again(
    vllm: Vllm, undisturbed: Path, tmp_path: Path
) -> None:
    model = ("--model", f"{vllm.address}#smollm2")
    asking = load_language(f"{vllm.address}#smollm2", {"timeout": 900, "max_retries": 0})
    process = mindseye_(tmp_path, "run", *RUN_ARGUMENTS, *model, *patiently())
    # The proposals are on their way when it dies.
    wait_for(lambda: list(tmp_path.glob("runs/*/events.jsonl")), '"understood"', process)
    code = vllm.stop(lambda _: os.kill(vllm.told["pid"], signal.SIGKILL))
    assert code == 3
    assert "while it served" in (vllm.folder / "serve.log").read_text()
    for _ in range(3):
        with pytest.raises(Unavailable, match="does not answer"):
            understand(asking, TASK, TABLE)
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="failed 3 times in a row and is left to rest"):
        understand(asking, TASK, TABLE)
    assert time.monotonic() - begun < 1
    given_up = mindseye_(tmp_path, "run", *RUN_ARGUMENTS, *model, "--set", "runs=short")
    _, err = given_up.communicate(timeout=600)
    assert given_up.returncode == 3
    assert "does not answer" in err
    assert "check that it is running" in err
    vllm.begin()
    vllm.ready()
    out, err = process.communicate(timeout=3600)
    assert process.returncode == 0, err
    assert steps_of(tmp_path / json.loads(out)["run"]) == steps_of(undisturbed)
    # The circuit lets one call try, and closes.
    time.sleep(max(0.0, begun + 31 - time.monotonic()))
    assert understand(asking, TASK, TABLE).names() == set(TABLE[:2])


IN_PROCESS = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from mindseye.planner.ask import ask
from mindseye.planner.language import usage
from mindseye.planner.language.mind import understand
from mindseye.planner.language.models import load_language
from mindseye.planner.language.scorer import Scorer

given = json.load(sys.stdin)
options = given["options"]
table = load_language("vllm:smollm2", options)
assert isinstance(table, Scorer)
with ThreadPoolExecutor(16) as pool:
    goals = list(pool.map(lambda t: understand(table, t, given["names"]).to_json(), given["tasks"]))
with usage.counted() as counted:
    alone = understand(table, given["tasks"][0], given["names"]).to_json()
questions = load_language("vllm:smollm2-questions", options)
assert questions._engine is table._engine
plain = load_language("vllm:" + given["base"], options)
assert not isinstance(plain, Scorer)
schema = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}},
          "required": ["colour"], "additionalProperties": False}
json.dump({
    "goals": goals, "alone": alone, "read": counted.read, "written": counted.written,
    "answer": ask(given["question"], model=questions).to_json(),
    "schema": plain.with_structured_output(schema).invoke("Which colour is the sky?"),
    "free": plain.invoke("Say hello.").text,
}, sys.stdout)
"""


def test_vllm_in_one_process_answers_as_behind_an_address(tmp_path: Path) -> None:
    source = str(Path(mindseye.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "HF_HUB_OFFLINE": "1"}
    missing = subprocess.run(
        [PYTHON, "-c", "import langchain, mujoco, peft, av, tenacity"], capture_output=True
    )
    if missing.returncode:
        pytest.skip(f'{PYTHON} lacks what mindseye needs: {PYTHON} -m pip install "mindseye[vllm]"')
    asked = list(tasks())[::4]
    given = {
        # Two engines, beside the server.
        "options": {"enforce_eager": True, "max_model_len": 2048, "gpu_memory_utilization": 0.2},
        "names": TABLE, "tasks": [words for words, _ in asked], "question": QUESTION,
        "base": str(ensure_weights()),
    }  # fmt: skip
    done = subprocess.run(
        [PYTHON, "-c", IN_PROCESS], input=json.dumps(given), env=environment, cwd=tmp_path,
        capture_output=True, text=True, timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)  # Nothing else stands there: vLLM speaks on standard error.
    assert found["goals"] == [{"all": [item]} for _, item in asked]
    assert found["alone"] == found["goals"][0]
    assert found["read"] > found["written"] > 5
    assert found["answer"]["value"] == pytest.approx(2.02, abs=0.01)
    assert found["schema"]["colour"] in ("red", "blue")
    assert found["free"]
