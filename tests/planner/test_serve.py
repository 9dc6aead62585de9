"""`mindseye serve`, with a stand-in for the interpreter that has vLLM: a real process that speaks
its protocol."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mindseye.planner.cli import invoke
from mindseye.planner.language.models import load_language
from mindseye.planner.serving import Served, running, to_serve
from mindseye.tools.errors import BadInput, Unavailable

STAND_IN = Path(__file__).with_name("stand_in_vllm")


@pytest.fixture
def port() -> int:
    """Return a port that is free."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model's folder."""
    folder = tmp_path / "tiny-model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


def adapter(folder: Path, base: str = "", rank: int = 12) -> Path:
    """Return an adapter's folder."""
    folder.mkdir()
    config = {"base_model_name_or_path": base, "r": rank}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which the stand-in writes how it was started."""
    path = tmp_path / "notes.json"
    monkeypatch.setenv("STAND_IN_NOTES", str(path))
    monkeypatch.delenv("MINDSEYE_SERVE_KEY", raising=False)
    return path


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the command as a process of its own."""
    line = [sys.executable, "-m", "mindseye.planner.cli", "serve", "--python", str(STAND_IN)]
    process = subprocess.Popen(
        [*line, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def gone(pid: int) -> bool:
    """Say whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("how", ["well", "slow"])
def test_the_address_is_printed_when_it_answers_and_ctrl_c_stops_all(
    how: str, model: Path, notes: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", how)
    tuned = adapter(tmp_path / "tuned")
    with serving(
        str(model), "--adapter", f"mine={tuned}", "--port", str(port), "--",
        "--max-model-len", "4096",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url == f"http://127.0.0.1:{port}/v1#mine"
        said = load_language(url, {"max_retries": 0}).invoke("who are you?")
        assert said.text == "served by mine"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == ""
    assert "stopping vLLM" in err
    started = json.loads(notes.read_text())
    assert gone(started["pid"])
    assert started["arguments"] == [
        "--model", str(model), "--served-model-name", "tiny-model", "--host", "127.0.0.1",
        "--port", str(port), "--enable-lora", "--max-lora-rank", "16", "--lora-modules",
        f"mine={tuned}", "--max-model-len", "4096",
    ]  # fmt: skip


def test_json_is_one_object_and_sigterm_stops_it_too(model: Path, notes: Path, port: int) -> None:
    with serving(str(model), "--port", str(port), "--json", "--name", "eyes") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["url"] == f"http://127.0.0.1:{port}/v1#eyes"
        assert told["models"] == ["eyes"]
        assert told["pid"] == json.loads(notes.read_text())["pid"]
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert gone(told["pid"])


def served(model: Path, port: int, **more: Any) -> Served:
    """Return what the stand-in is to serve."""
    return to_serve(model, [], None, port=port, python=str(STAND_IN), **more)


@pytest.mark.parametrize(
    ("how", "deadline", "says"),
    [
        (
            "dies",
            30,
            r"exit code 3 while it started \(INFO loading .*/ ValueError: No available me",
        ),
        ("hangs", 1, r"does not answer after 1 s \(INFO compiling\); allow it more"),
        ("absent", 30, r"stand_in_vllm has no vLLM: .*-m pip install vllm"),
    ],
)
def test_a_server_that_does_not_come_up_is_one_clear_line(
    how: str, deadline: float, says: str, model: Path, notes: Path, port: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("STAND_IN", how)
    with (
        pytest.raises(Unavailable, match=says) as caught,
        running(served(model, port), tmp_path / "log", deadline, lambda _: None),
    ):
        pytest.fail("it did not come up")
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    if notes.exists():
        assert gone(json.loads(notes.read_text())["pid"])


def test_a_server_that_ends_while_it_serves_is_told(
    model: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "gives up")
    log = str(tmp_path / "log")
    with serving(str(model), "--port", str(port), "--log", log) as process:
        assert process.stdout is not None
        load_language(process.stdout.readline().strip(), {"max_retries": 0}).invoke("hello")
        _, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "exit code 9 while it served (CUDA error: device lost)" in err


def test_a_stubborn_server_is_made_to_stop(
    model: Path, notes: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "stubborn")
    started = time.monotonic()
    told = served(model, port)
    with running(told, tmp_path / "log", 30, lambda _: None, grace=0.3) as process:
        assert process.pid == json.loads(notes.read_text())["pid"]
    assert gone(process.pid)
    assert time.monotonic() - started < 15


def test_an_adapters_folder_brings_its_base(model: Path, tmp_path: Path, port: int) -> None:
    mine = adapter(tmp_path / "lessons", str(model), rank=64)
    told = served(mine, port)
    assert (told.model, told.name) == (str(model), "tiny-model")
    assert told.url.endswith("/v1#lessons")
    assert told.command[told.command.index("--max-lora-rank") + 1] == "64"
    both = to_serve(mine, [str(adapter(tmp_path / "second", rank=100))], None)
    assert [a.name for a in both.adapters] == ["lessons", "second"]
    assert both.command[both.command.index("--max-lora-rank") + 1] == "128"
    (mine / "adapter_config.json").write_text("{")
    with pytest.raises(BadInput, match="cannot read"):
        served(mine, port)


def test_what_cannot_be_served_is_bad_input(
    model: Path, tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, says in (
        ([str(tmp_path)], "holds no model"),
        ([str(model), "--adapter", str(model)], "holds no adapter"),
        ([str(model), "--python", "/nowhere/python"], "is no interpreter"),
        ([str(model), "--host", "0.0.0.0"], "set MINDSEYE_SERVE_KEY"),
        ([str(adapter(tmp_path / "lost"))], "does not name its base"),
        ([str(model), "--python", str(STAND_IN), "--log", "/nowhere/log"], "cannot write"),
    ):
        assert invoke(["serve", *arguments, "--port", str(port)]) == 2
        assert says in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", port)):
        assert invoke(["serve", str(model), "--python", str(STAND_IN), "--port", str(port)]) == 2
    assert "cannot listen" in capsys.readouterr().err


def test_a_key_goes_through_the_environment(
    model: Path, notes: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINDSEYE_SERVE_KEY", "a secret")
    open_ = served(model, port, host="0.0.0.0")
    assert open_.address == f"http://127.0.0.1:{port}"
    with running(open_, tmp_path / "log", 30, lambda _: None):
        started = json.loads(notes.read_text())
    assert started["key"] == "a secret"
    assert "a secret" not in started["arguments"]
