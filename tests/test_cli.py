"""The command line in real processes: exit codes, one line an error, one object for `--json`."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mindseye.planner.cli import invoke

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Run:
    """Return a function that runs `mindseye` in a process of its own, in an empty folder."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "MUJOCO_GL"))}
        return subprocess.run(
            [sys.executable, "-m", "mindseye.planner.cli", *arguments],
            cwd=tmp_path,
            env=clean | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def _one_object(text: str) -> dict[str, Any]:
    assert text.count("\n") == 1
    value = json.loads(text)
    assert isinstance(value, dict)
    return value


BAD = [
    (("run", "push it", "--set", "sede=1"), 2, "Did you mean 'seed'"),
    (("run", "push it", "--seed", "x"), 2, "--seed"),
    (("run", "push it", "--seed", "-4"), 2, "seed"),
    (("run", "push it", "--tools", "magic"), 2, "'none', 'video', 'physics' or 'both'"),
    (("run", "push it", "--search", "astar"), 2, "'mcts' or 'cem'"),
    (("run", "push it", "--budget", "0"), 2, "greater than 0"),
    (("run", "push it", "--config", "absent.yaml"), 2, "cannot read the config file"),
    (("run", "  "), 2, "the task is empty"),
    (("run", "?!"), 2, "the task is empty"),
    (("run", "a" * 3000), 2, "2000 are enough"),
    (("run", "push it", "--objects", "green elephant"), 2, "'green elephant' is not a colour"),
    (("run", "push it", "--objects", "red cube, red cube"), 2, "stands there twice"),
    (("run", "push it", "--objects", ","), 2, "name at least one"),
    (("run",), 2, "Missing argument"),
    (("goal", "push it"), 2, "--objects"),
    (("frobnicate",), 2, "No such command"),
    (("report", "nowhere"), 2, "holds no record"),
    (("replay", "nowhere"), 2, "holds no record"),
    (("train", "vision"), 2, "mindseye data vision"),
]


def _is_one_line(stdout: str, stderr: str, said: str) -> None:
    assert stdout == ""
    assert stderr.startswith("mindseye: ")
    assert stderr.count("\n") == 1
    assert said in stderr


@pytest.mark.parametrize(("arguments", "code", "said"), BAD, ids=lambda v: str(v)[:40])
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(list(arguments)) == code
    captured = capsys.readouterr()
    _is_one_line(captured.out, captured.err, said)
    assert not list(tmp_path.iterdir()), "a run folder for a run that never was"


@pytest.mark.parametrize(("arguments", "code", "said"), BAD[:2])
def test_a_real_process_says_the_same(
    cli: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = cli(*arguments)
    assert done.returncode == code
    _is_one_line(done.stdout, done.stderr, said)


def test_json_errors_are_one_object(cli: Run) -> None:
    done = cli("run", "push it", "--set", "sede=1", "--json")
    assert done.returncode == 2
    value = _one_object(done.stdout)
    assert value["success"] is False
    assert {"reason", "steps", "seconds", "run"} <= set(value)
    assert "sede" in value["error"]
    assert set(_one_object(cli("report", "nowhere", "--json").stdout)) == {"error"}


def test_a_backend_that_is_not_there_says_so(cli: Run) -> None:
    done = cli("run", "push the red cube left", "--set", "physics=nonesuch")
    assert done.returncode == 2
    assert "no physics back-end called 'nonesuch'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_report_is_written_anew(cli: Run, make_run: Callable[..., Path]) -> None:
    folder = make_run()
    done = cli("report", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    assert Path(_one_object(done.stdout)["report"]).stat().st_size > 10_000


def test_commands_from_above_are_found_by_name(cli: Run) -> None:
    for name in ("eval", "bench"):
        done = cli(name, "--help")
        assert done.returncode == 0, done.stderr
        assert f"mindseye {name}" in done.stdout


def test_version_and_help(cli: Run) -> None:
    assert cli("--version").stdout.strip().count(".") == 2
    help_text = cli("--help").stdout
    for command in ("run", "ask", "goal", "report", "replay", "doctor", "eval", "bench"):
        assert f" {command} " in help_text
    for command in ("train", "data"):
        assert f" {command} " in help_text
    assert cli().stdout == help_text
