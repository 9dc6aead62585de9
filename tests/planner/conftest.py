"""Fixtures for the web page: a server with conversations that no model stands behind."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server in a process of its own."""

    url: str
    runs: Path
    process: int
    password: str = ""


def _serve(runs: Path, password: str = "") -> Iterator[Served]:
    pytest.importorskip("gradio", reason='the page needs Gradio: pip install -e ".[dev]"')
    script = Path(__file__).with_name("web_server.py")
    command = [sys.executable, str(script), str(runs), password]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert "http://" in said, "the server did not come up"
        url = said.split()[1].rstrip("/")
        yield Served(url=url, runs=runs, process=process.pid, password=password)
        process.send_signal(signal.SIGINT)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server that asks for no password."""
    yield from _serve(tmp_path_factory.mktemp("web") / "runs")


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server that asks for a password."""
    yield from _serve(tmp_path_factory.mktemp("guarded") / "runs", "correct horse battery")


@pytest.fixture
def past_run(served: Served, make_run: Callable[..., Path]) -> Iterator[Path]:
    """Return the folder of a finished run that no conversation made, in the server's runs."""
    folder = served.runs / "20260101-120000-a-run-of-the-terminal-s7"
    served.runs.mkdir(exist_ok=True)
    make_run("gather everything red").rename(folder)
    yield folder
    shutil.rmtree(folder)
