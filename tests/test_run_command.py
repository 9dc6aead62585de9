"""`mindseye run` as people start it: the whole default stack in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mindseye.planner.events import Acted, Chosen, Imagined, Judged, RunStarted, Simulated
from mindseye.planner.record import read_record

TASK = "push the red cube next to the blue ball"
SHOWPIECE = (TASK, "--objects", "red cube, blue ball, green cylinder, yellow star", "--seed", "7")
NEXT_TO = {"relation": "near", "subject": "red cube", "object": "blue ball"}
ANSWERS = {
    "goal": [{"all": [NEXT_TO]}],
    "subgoals": [
        {
            "subgoals": [
                {"move": "red cube", "relation": "near", "object": "blue ball"},
                {"move": "red cube", "relation": "in_area", "area": "bottom_left"},
            ]
        }
    ],
    "check": [{"tools": "physics"}],
    "choice": [{"choice": 1}],
}

pytestmark = pytest.mark.slow


def _scripted(folder: Path) -> tuple[str, ...]:
    """Return a run whose language model is a script; world, physics and vision are real."""
    (folder / "script.json").write_text(json.dumps({"answers": ANSWERS}))
    return (TASK, "--objects", "red cube, blue ball, yellow star", "--seed", "3",
            "--tools", "physics", "--model", "scripted:script.json",
            "--set", "threads=1")  # fmt: skip


def _start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    clean = {k: v for k, v in os.environ.items() if k != "MUJOCO_GL"}
    return subprocess.Popen(
        [sys.executable, "-m", "mindseye.planner.cli", *arguments],
        cwd=folder,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A group of its own, so that Ctrl-C can be sent as a terminal does: to all of it.
        start_new_session=True,
    )


def _finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Run once for several tests: the folder it ran in and what it printed."""
    folder = tmp_path_factory.mktemp("run")
    code, out, err = _finish(_start(folder, "run", *_scripted(folder), "--json"))
    assert code == 0, err
    return folder, _one_object(out)


def _one_object(out: str) -> dict[str, Any]:
    assert out.count("\n") == 1, "more than one object on standard output"
    answer = json.loads(out)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.weights
def test_the_showpiece_is_solved_with_both_tools(tmp_path: Path) -> None:
    code, out, err = _finish(_start(tmp_path, "run", *SHOWPIECE, "--json"))
    assert code == 0, err
    answer = _one_object(out)
    assert answer["success"] is True
    record = read_record(tmp_path / answer["run"])
    for kind in (Imagined, Simulated, Judged, Chosen, Acted):
        assert record.of(kind), kind.__name__
    assert {e.source for e in record.of(Judged)} == {"video", "physics"}


def test_the_answer_is_what_the_record_says(solved: tuple[Path, dict[str, Any]]) -> None:
    folder, answer = solved
    assert set(answer) == {"success", "reason", "steps", "seconds", "run"}
    record = read_record(folder / answer["run"])
    assert isinstance(record.events[0], RunStarted)
    assert record.result is not None
    assert record.result.model_dump(include=set(answer)) == answer
    assert 0 < sum(e.steps for e in record.of(Acted)) <= answer["steps"]


def test_the_run_folder_holds_everything(solved: tuple[Path, dict[str, Any]]) -> None:
    folder, answer = solved
    run = folder / answer["run"]
    names = {p.name for p in run.iterdir()}
    assert {"events.jsonl", "config.json", "result.json", "report.html", "media"} <= names
    record = read_record(run)
    refs = [e.clip for e in record.of(Simulated) if e.clip is not None]
    assert refs
    refs += [e.clip for e in record.of(Acted) if e.clip is not None]
    for ref in refs:
        assert (run / ref.path).stat().st_size > 0
        assert (run / ref.sheet).stat().st_size > 0
    assert not list((run / "media").glob("*.part"))
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Solved" in page
    assert page.count("data:video/mp4") >= len(record.of(Acted))


def test_replay_shows_the_same_run(solved: tuple[Path, dict[str, Any]]) -> None:
    folder, answer = solved
    code, out, err = _finish(_start(folder, "replay", answer["run"], "--json", "--quiet"))
    result = json.loads(out)
    assert result["divergence"] == "", err
    assert (code, result["same"], result["success"]) == (0, True, True)


def _wait_for(folder: Path, kind: str, process: "subprocess.Popen[str]") -> Path:
    """Wait until a run in `folder` has recorded an event of the kind; return its folder."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        for path in folder.glob("runs/*/events.jsonl"):
            if f'"kind":"{kind}"' in path.read_text(encoding="utf-8"):
                return path.parent
        time.sleep(0.1)
    raise AssertionError(f"no {kind}: {process.communicate()[1]}")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_a_readable_record(tmp_path: Path, sign: signal.Signals) -> None:
    process = _start(tmp_path, "run", *_scripted(tmp_path), "--json")
    run = _wait_for(tmp_path, "observed", process)
    if sign == signal.SIGINT:
        os.killpg(process.pid, sign)
    else:
        process.send_signal(sign)
    code, out, err = _finish(process)
    assert code == 130
    assert "Traceback" not in err
    answer = json.loads(out)
    assert answer["success"] is False
    assert answer["reason"] == "interrupted"
    record = read_record(run)
    assert not record.torn
    assert record.result is not None
    assert "Not solved" in (run / "report.html").read_text(encoding="utf-8")


def _fails(folder: Path, arguments: Sequence[str], code: int, said: str) -> None:
    found, _, err = _finish(_start(folder, "run", *arguments, "--quiet"))
    assert found == code, err
    (line,) = (x for x in err.splitlines() if x.startswith("mindseye: "))
    assert said in line
    assert "Traceback" not in err


def test_an_object_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    arguments = ("push the green elephant left", *_scripted(tmp_path)[1:])
    _fails(tmp_path, arguments, 2, "elephant")
    (run,) = (tmp_path / "runs").iterdir()
    record = read_record(run)
    assert record.result is not None
    assert "elephant" in record.result.reason


def test_a_model_endpoint_that_is_down_is_unreachable(tmp_path: Path) -> None:
    arguments = (*_scripted(tmp_path), "--model", "http://127.0.0.1:9/v1")
    _fails(tmp_path, arguments, 3, "127.0.0.1:9")
    # The record begins before the models are loaded, and tells what became of them.
    (run,) = (tmp_path / "runs").iterdir()
    record = read_record(run)
    assert isinstance(record.events[0], RunStarted)
    assert record.result is not None
    assert "127.0.0.1:9" in record.result.reason


def test_a_run_that_does_not_succeed_exits_with_1(tmp_path: Path) -> None:
    arguments = (*_scripted(tmp_path), "--set", "max_decisions=1", "--tools", "none", "--quiet")
    script = {**ANSWERS, "subgoals": [{"subgoals": [
        {"move": "yellow star", "relation": "in_area", "area": "center"}]}]}  # fmt: skip
    (tmp_path / "script.json").write_text(json.dumps({"answers": script}))
    code, out, err = _finish(_start(tmp_path, "run", *arguments))
    assert code == 1, err
    assert out.startswith("not solved: budget spent")
    assert "report: runs/" in out
