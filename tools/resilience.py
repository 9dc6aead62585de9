"""Calls of a server that is slow, restarted or overloaded: asked again, or left to rest.

Asking a model changes nothing, so an answer that did not come whole may be asked for again: no
step of a run is lost, and none is done twice. How long to wait is `tenacity`'s part. What is
added is a circuit (Nygard, *Release It!*, 2007): a server that fails call after call is not
asked for a while, so that whoever has many questions learns at once that it is gone. And room for
as many calls at once as are answered in time (Jacobson, *Congestion Avoidance and Control*, 1988):
of too many none is, and each that is asked again begins anew.
"""

import contextlib
import email.utils
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_exponential_jitter

from mindseye.tools.errors import Unavailable

T = TypeVar("T")
_BUSY = (408, 409, 425, 429)
"""Answers of a server that is well and wants to be asked later."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often and how long a server is asked again."""

    retries: int = 4
    """Further tries of one call."""
    first: float = 0.5
    """Seconds before the first of them, doubled for each; with up to as much again by lot, so
    that many callers do not come back at one moment."""
    longest: float = 8.0
    """Seconds between two tries at most, unless the server asks for more (Retry-After)."""
    total: float = 120.0
    """Seconds of trying and waiting from which on there is no other try."""
    failures: int = 3
    """Failed calls in a row after which the server is left to rest."""
    rest: float = 30.0
    """Seconds of rest; then one call tries whether it is back."""
    at_once: int = 8
    """Calls under way at once to begin with: more when all are answered, fewer when one is late."""


class Resting(Exception):
    """The server is left to rest; `seconds` are left."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Circuit:
    """Closed while calls succeed, open after failures in a row, half open after a rest."""

    def __init__(self, failures: int, rest: float) -> None:
        """Start closed.

        Args:
          failures: failed calls in a row that open it.
          rest: seconds until one call may try again.
        """
        self.failures, self.rest = failures, rest
        self._lock = threading.Lock()
        self._failed = 0
        self._opened: float | None = None
        self._probing = False

    def enter(self) -> bool:
        """Let a call through; return whether it only tries if the server is back.

        Raises:
          Resting: the circuit is open.
        """
        with self._lock:
            if self._opened is None:
                return False
            left = self._opened + self.rest - time.monotonic()
            if left > 0 or self._probing:
                raise Resting(max(left, 0.0))
            self._probing = True
            return True

    def check(self) -> None:
        """Make sure that the circuit is not open.

        Raises:
          Resting: it is.
        """
        with self._lock:
            if self._opened is not None:
                raise Resting(max(self._opened + self.rest - time.monotonic(), 0.0))

    def leave(self, probe: bool, well: bool | None) -> None:
        """Note how a call went that was let through.

        Args:
          probe: what `enter` returned.
          well: whether the server answered; None where the call tells nothing of it.
        """
        with self._lock:
            self._probing = self._probing and not probe
            if well:
                self._failed, self._opened = 0, None
            elif well is False:
                self._failed += 1
                if self._failed >= self.failures:
                    self._opened = time.monotonic()


class Room:
    """How many calls are under way at once: as many as the server answers in time."""

    def __init__(self, first: int) -> None:
        """Start with room for `first`."""
        self.width = float(first)
        """Calls that have room; it grows by a fraction a call once one was late."""
        self._turn = threading.Condition()
        self._inside = 0
        self._narrowed: float | None = None

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Wait for room for one call, and give it up in the end."""
        with self._turn:
            self._turn.wait_for(lambda: self._inside < int(self.width))
            self._inside += 1
        try:
            yield
        finally:
            with self._turn:
                self._inside -= 1
                self._turn.notify_all()

    def answered(self) -> None:
        """Note an answer in time, from within a place: where all are taken there may be more."""
        with self._turn:
            if self._inside >= int(self.width):
                self.width += 1.0 if self._narrowed is None else 1.0 / self.width
                self._turn.notify_all()

    def late(self, begun: float) -> None:
        """Note a call that nobody waits for any more, from within a place; halve the room.

        Args:
          begun: when it was made, in seconds of the monotonic clock. Calls that were made
            before the room was halved tell nothing of the half.
        """
        with self._turn:
            if self._narrowed is None or begun >= self._narrowed:
                self.width = max(1.0, min(self.width, self._inside) / 2)
                self._narrowed = time.monotonic()


class Line:
    """The line to one server: every call of it goes through here. May be shared by threads."""

    def __init__(self, who: str, patience: Patience | None = None) -> None:
        """Say which server.

        Args:
          who: as messages call it, such as "the language model at http://127.0.0.1:8000/v1".
          patience: how often it is asked again.
        """
        self.who, self.patience = who, patience or Patience()
        self.circuit = Circuit(self.patience.failures, self.patience.rest)
        self.room = Room(self.patience.at_once)

    def call(self, ask: Callable[[], T]) -> T:
        """Return the answer; ask again where it failed in a way that passes.

        Args:
          ask: asks the server, in a call of the `openai` library that does not retry itself.

        Raises:
          Unavailable: the server failed so often that it is left to rest.
          Exception: the last failure, as it was, where no further try is left.
        """
        try:
            return self._called(ask)
        except Resting as resting:
            raise Unavailable(
                f"{self.who} failed {self.patience.failures} times in a row and is left to rest "
                f"for {resting.seconds:.0f} s more; check that it is running"
            ) from resting

    def _called(self, ask: Callable[[], T]) -> T:
        probe = self.circuit.enter()
        tries = _Tries(self, ask, probe)
        well: bool | None = None
        try:
            answer = tries.retrying(tries.once)
            well = True
            return answer
        except Resting:
            raise
        except Exception as error:
            well = not _broken(error)
            raise
        finally:
            self.circuit.leave(probe, well)


class _Tries(Generic[T]):
    """The tries of one call."""

    def __init__(self, line: Line, ask: Callable[[], T], probe: bool) -> None:
        self.line, self.ask, self.probe = line, ask, probe
        self.made = 0
        self.queued = 0.0
        """Seconds spent waiting for room, which are no part of the patience with the server."""

    def once(self) -> T:
        came = time.monotonic()
        with self.line.room.place():
            begun = time.monotonic()
            self.queued += begun - came
            self.made += 1
            # Who waited for room may find that the server is gone.
            if self.made == 1 and not self.probe:
                self.line.circuit.check()
            try:
                answer = self.ask()
            except Exception as error:
                if _late(error):
                    self.line.room.late(begun)
                raise
            self.line.room.answered()
            return answer

    @property
    def retrying(self) -> Retrying:
        p = self.line.patience
        backoff = wait_exponential_jitter(multiplier=p.first, max=p.longest, jitter=p.first)

        def wait(state: RetryCallState) -> float:
            asked = retry_after(state.outcome.exception() if state.outcome else None)
            return backoff(state) if asked is None else asked

        def enough(state: RetryCallState) -> bool:
            tried = (state.seconds_since_start or 0.0) - self.queued
            most = 1 if self.probe else p.retries + 1
            return state.attempt_number >= most or tried + state.upcoming_sleep >= p.total

        return Retrying(stop=enough, wait=wait, retry=retry_if_exception(passes), reraise=True)


def _broken(error: BaseException) -> bool:
    """Say whether the server is down, hangs or breaks, rather than refuses or is busy."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code >= 500
    return isinstance(error, openai.APIConnectionError)


def _late(error: BaseException) -> bool:
    """Say whether an answer did not come in time."""
    import openai

    return isinstance(error, openai.APITimeoutError)


def passes(error: BaseException) -> bool:
    """Say whether the same call may succeed later: no connection, cut off, busy, or broken."""
    import openai

    if isinstance(error, openai.APIStatusError) and error.status_code in _BUSY:
        return True
    # An answer that ends in the middle and does not say how long it is, is no JSON.
    return _broken(error) or isinstance(error, json.JSONDecodeError)


def retry_after(error: BaseException | None) -> float | None:
    """Return the seconds that a server asks to wait for; None where it does not."""
    import openai

    if not isinstance(error, openai.APIStatusError):
        return None
    told = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return None
