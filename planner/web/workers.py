"""The processes that conversations live in: begun when spoken to, ended when idle or too many.

A conversation is durable, so ending its process loses nothing but the second or two that
the next message waits for a new one.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mindseye.planner.chat.turns import Ended, Said, checked_words, read_turns
from mindseye.planner.chat.worker import SETTINGS
from mindseye.planner.web.conversations import Conversation
from mindseye.tools.errors import BadInput, ToolError

COMMAND = (sys.executable, "-m", "mindseye.planner.chat.worker")
MOST_WAITING = 5
"""Messages of a conversation that may wait for their turn."""
GRACE = 5.0
"""Seconds in which a process that is told to end does so by itself."""


class Busy(ToolError):
    """Nothing can be begun now; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class State:
    """How a conversation's process is."""

    alive: bool = False
    at_work: bool = False
    waiting: tuple[str, ...] = ()
    """Messages that the conversation's log does not hold yet."""
    fallen: int | None = None
    """Exit code of a process that ended when it should not have."""


@dataclass
class Worker:
    """One conversation's process."""

    conversation: Conversation
    process: subprocess.Popen[bytes]
    heard_from: float
    """Monotonic seconds of the last message to it, or of the last time it was at work."""
    place: int = 0
    """Up to where its log was read, bytes."""
    sent: list[str] = field(default_factory=list)
    """Messages that its log does not hold yet."""
    speaking: bool = False
    """A turn was begun and has not ended."""

    def catch_up(self) -> None:
        """Read what its log holds since the last time."""
        turns, self.place = read_turns(self.conversation.folder, self.place)
        for turn in turns:
            if isinstance(turn, Said):
                self.speaking = True
                if self.sent:
                    self.sent.pop(0)
            elif isinstance(turn, Ended):
                self.speaking = False
        if self.at_work:
            self.heard_from = time.monotonic()

    @property
    def at_work(self) -> bool:
        """Say whether it has something to do."""
        return self.alive and (self.speaking or bool(self.sent))

    @property
    def alive(self) -> bool:
        """Say whether the process is there."""
        return self.process.poll() is None

    def tell(self, message: dict[str, object]) -> None:
        """Write it one line.

        Raises:
          Busy: it has just ended.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Busy("the conversation's process has just ended; say it again") from error

    def end(self, grace: float = GRACE) -> None:
        """Let it end, and make it end when it does not."""
        with contextlib.suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        for insist in (self.process.terminate, self.process.kill):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
                return
            insist()
        self.process.wait()


class Workers:
    """The processes that are there.

    Args:
      most: processes at one time.
      idle: seconds without work after which a process ends.
      command: that is given a conversation's folder and its config.
    """

    def __init__(
        self, *, most: int = 4, idle: float = 900.0, command: Sequence[str] = COMMAND
    ) -> None:
        self._most, self._idle, self._command = most, idle, tuple(command)
        self._lock = threading.RLock()
        self._workers: dict[str, Worker] = {}
        self._closed = threading.Event()
        threading.Thread(target=self._sweep, name="idle workers", daemon=True).start()

    def wake(self, conversation: Conversation) -> None:
        """See to it that a conversation has a process, so that its models are warm.

        Raises:
          Busy: as many as may be are at work.
        """
        with self._lock:
            self._worker(conversation)

    def say(self, conversation: Conversation, text: str) -> None:
        """Hand a conversation what its person says.

        Raises:
          BadInput: there is nothing in the text, or too much.
          Busy: too many messages wait, or too many conversations are at work.
        """
        words = checked_words(text)
        with self._lock:
            worker = self._worker(conversation)
            worker.catch_up()
            if len(worker.sent) >= MOST_WAITING:
                raise Busy(f"{MOST_WAITING} messages are waiting already; let it catch up")
            worker.tell({"say": words})
            worker.sent.append(words)
            worker.heard_from = time.monotonic()

    def stop(self, conversation: Conversation) -> None:
        """Ask a conversation to stop what it does; nothing happens where it does nothing."""
        with self._lock:
            worker = self._workers.get(conversation.id)
            if worker is not None and worker.alive:
                worker.tell({"stop": True})

    def state(self, conversation: Conversation) -> State:
        """Return how a conversation's process is."""
        with self._lock:
            worker = self._workers.get(conversation.id)
            if worker is None:
                return State()
            worker.catch_up()
            return State(
                alive=worker.alive,
                at_work=worker.at_work,
                waiting=tuple(worker.sent),
                fallen=None if worker.alive else worker.process.returncode,
            )

    def close(self) -> None:
        """End all processes."""
        self._closed.set()
        with self._lock:
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:
            with contextlib.suppress(Busy):
                worker.tell({"stop": True})
            worker.end()

    def _worker(self, conversation: Conversation) -> Worker:
        worker = self._workers.get(conversation.id)
        if worker is None or not worker.alive:
            self._workers.pop(conversation.id, None)
            self._make_room()
            worker = self._begin(conversation)
            self._workers[conversation.id] = worker
        return worker

    def _begin(self, conversation: Conversation) -> Worker:
        place = read_turns(conversation.folder)[1]
        settings = json.dumps(conversation.config.to_json())
        with (conversation.folder / "worker.log").open("ab") as log:
            try:
                process = subprocess.Popen(
                    [*self._command, str(conversation.folder)],
                    env={**os.environ, SETTINGS: settings},
                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log,
                    # Ctrl-C at the server's terminal is the server's to pass on.
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise BadInput(f"cannot start a conversation's process: {error}") from error
        return Worker(
            conversation=conversation, process=process, place=place, heard_from=time.monotonic()
        )

    def _make_room(self) -> None:
        alive = {k: w for k, w in self._workers.items() if w.alive}
        if len(alive) < self._most:
            return
        for worker in alive.values():
            worker.catch_up()
        idle = [k for k, w in alive.items() if not w.at_work]
        if not idle:
            raise Busy(f"{len(alive)} conversations are at work, as many as may be; try again soon")
        longest = min(idle, key=lambda k: alive[k].heard_from)
        # Ending may take seconds, and nobody has to wait for it.
        threading.Thread(target=self._workers.pop(longest).end, daemon=True).start()

    def _sweep(self) -> None:
        """End, now and then, what has been idle for long."""
        while not self._closed.wait(min(15.0, self._idle / 2)):
            with self._lock:
                for worker in self._workers.values():
                    worker.catch_up()
                old = time.monotonic() - self._idle
                tired = [k for k, w in self._workers.items() if not w.at_work]
                tired = [k for k in tired if self._workers[k].heard_from < old]
                ended = [self._workers.pop(k) for k in tired if self._workers[k].alive]
            for worker in ended:
                worker.end()
