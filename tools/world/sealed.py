"""A world behind a wall: it runs in another process, and only observations come out.

The planner holds one end of a connection that answers `reset`, `step` and
`close`. The true state has a second connection, which only a scorer holds, so
no object that the planner can reach leads to it. A world that raises or dies
takes nothing with it.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, Listener, wait
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.contracts import backend_path, load_backend
from mindseye.tools.errors import BadInput, MindseyeError, WorldFailed

ANSWER_SECONDS = 120.0
"""A world that does not answer for so long counts as hung."""


def _open(name: str, options: dict[str, Any]) -> Any:
    if "/" in name and ":" not in name:
        import gymnasium

        return gymnasium.make(name, **options).unwrapped
    return load_backend("world", name, options)


def _resolved(name: str) -> str:
    """Return a world's name as another process understands it: it has no registry of ours."""
    return name if "/" in name else backend_path("world", name)


def serve(address: str, key: bytes) -> None:
    """Run a world until its owner goes away: the child process's main function."""
    from multiprocessing.connection import Client

    # Ctrl-C in a terminal reaches the whole group; the owner says when the world ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    acting = Client(address, authkey=key)
    scoring = Client(address, authkey=key)
    env: Any = None

    def act(verb: str, payload: Any) -> Any:
        nonlocal env
        if verb == "open":
            env = _open(*payload)
            return None
        if verb == "reset":
            return env.reset(seed=payload[0], options=payload[1])
        if verb == "step":
            return env.step(payload)
        raise BadInput(f"a world answers reset and step, not {verb!r}")

    def score(verb: str, payload: Any) -> Any:
        if verb != "truth":
            raise BadInput(f"a scorer asks for the truth, not {verb!r}")
        return dict(env.true_layout()), env.true_names()

    handlers: dict[Any, Callable[[str, Any], Any]] = {acting: act, scoring: score}
    while True:
        for ready in wait(list(handlers)):
            connection = cast(Connection, ready)
            try:
                verb, payload = connection.recv()
            except (EOFError, OSError):
                return
            connection.send(_answer(handlers[connection], verb, payload))


def _answer(handler: Callable[[str, Any], Any], verb: str, payload: Any) -> tuple[str, Any]:
    try:
        return "ok", handler(verb, payload)
    except MindseyeError as error:
        return "refused", (error.exit_code, str(error))
    except Exception as error:  # whatever the world raises is reported, not lost
        return "raised", f"{type(error).__name__}: {error}"


def _ask(connection: Connection, verb: str, payload: Any) -> Any:
    try:
        connection.send((verb, payload))
        if not connection.poll(ANSWER_SECONDS):
            raise WorldFailed(f"the world did not answer {verb!r} for {ANSWER_SECONDS:.0f} s")
        status, value = connection.recv()
    except (EOFError, OSError) as error:
        raise WorldFailed(f"the world's process ended during {verb!r}") from error
    if status == "refused":
        raise BadInput(value[1])
    if status == "raised":
        raise WorldFailed(f"the world raised during {verb!r}: {value}")
    return value


def _accept(listener: Listener, process: "subprocess.Popen[bytes]") -> Connection:
    """Return the child's next connection.

    Raises:
      WorldFailed: it died before it called.
    """
    found: list[Connection] = []
    # A listener waits for ever; the thread is left behind if nobody ever calls.
    waiting = threading.Thread(target=lambda: found.append(listener.accept()), daemon=True)
    waiting.start()
    while waiting.is_alive():
        waiting.join(0.05)
        if process.poll() is not None and waiting.is_alive():
            raise WorldFailed("the world's process ended before it was ready; is mindseye whole?")
    return found[0]


class SealedWorld:
    """The planner's end: the Gymnasium API over a connection to the world's process."""

    def __init__(self, name: str = "tabletop", options: dict[str, Any] | None = None) -> None:
        key = secrets.token_bytes(16)
        with Listener(authkey=key) as listener:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CHILD, str(listener.address)],
                stdin=subprocess.PIPE,
                # It finds the modules that its owner finds: a world may stand beside a script.
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p or "." for p in sys.path)},
                # What a world prints must not get between a program and its answer.
                stdout=2,
            )
            if self._process.stdin is not None:
                # Not as an argument, which other users of the machine could read.
                self._process.stdin.write(key)
                self._process.stdin.close()
            self._acting = _accept(listener, self._process)
            self._scoring: Connection | None = _accept(listener, self._process)
        self._episode: tuple[int | None, dict[str, Any]] = (None, {})
        try:
            _ask(self._acting, "open", (_resolved(name), options or {}))
        except MindseyeError:
            self.close()
            raise

    def prepare(self, *, seed: int, options: dict[str, Any] | None = None) -> None:
        """Say which episode `reset` without arguments begins."""
        self._episode = (seed, options or {})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Begin the prepared episode, or the one given here."""
        episode = self._episode if seed is None and options is None else (seed, options)
        observation, info = _ask(self._acting, "reset", episode)
        return observation, info

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """Act once."""
        observation, reward, ended, cut, info = _ask(self._acting, "step", np.asarray(action))
        return observation, reward, ended, cut, info

    def take_scorer(self) -> "TrueState":
        """Hand out the only way to the true state, once; the world keeps none.

        Raises:
          BadInput: somebody has it already.
        """
        if self._scoring is None:
            raise BadInput("this world's scorer has been taken")
        connection, self._scoring = self._scoring, None
        return TrueState(connection)

    def close(self) -> None:
        """End the world's process."""
        for connection in (self._acting, self._scoring):
            if connection is not None:
                with contextlib.suppress(OSError):
                    connection.close()
        try:
            self._process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "SealedWorld":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_process") and self._process.poll() is None:
            self.close()


class TrueState:
    """What a scorer may know: where everything really is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def truth(self) -> tuple[dict[str, tuple[float, float]], list[str]]:
        """Return the true layout (what fell is absent) and all names."""
        layout, names = _ask(self._connection, "truth", None)
        return layout, names


_CHILD = (
    "import sys; from mindseye.tools.world.sealed import serve; "
    "serve(sys.argv[1], sys.stdin.buffer.read())"
)
