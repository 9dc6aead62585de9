"""Calls of a server that is slow, restarted or overloaded: asked again, or left to rest.

Asking a model changes nothing, so an answer that did not come whole may be asked for again: no
step of a run is lost, and none is done twice. How long to wait is `tenacity`'s part. What is
added is a circuit (Nygard, *Release It!*, 2007): a server that fails call after call is not
asked for a while, so that whoever has many questions learns at once that it is gone.
"""

import email.utils
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.stop import stop_after_attempt, stop_before_delay
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
    """Seconds after the first try from which on there is no other."""
    failures: int = 3
    """Failed calls in a row after which the server is left to rest."""
    rest: float = 30.0
    """Seconds of rest; then one call tries whether it is back."""


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

    def call(self, ask: Callable[[], T]) -> T:
        """Return the answer; ask again where it failed in a way that passes.

        Args:
          ask: asks the server, in a call of the `openai` library that does not retry itself.

        Raises:
          Unavailable: the server failed so often that it is left to rest.
          Exception: the last failure, as it was, where no further try is left.
        """
        try:
            probe = self.circuit.enter()
        except Resting as resting:
            raise Unavailable(
                f"{self.who} failed {self.patience.failures} times in a row and is left to rest "
                f"for {resting.seconds:.0f} s more; check that it is running"
            ) from resting
        well: bool | None = None
        try:
            answer = self._retrying(1 if probe else self.patience.retries + 1)(ask)
            well = True
            return answer
        except Exception as error:
            well = not _broken(error)
            raise
        finally:
            self.circuit.leave(probe, well)

    def _retrying(self, tries: int) -> Retrying:
        p = self.patience
        backoff = wait_exponential_jitter(multiplier=p.first, max=p.longest, jitter=p.first)

        def wait(state: RetryCallState) -> float:
            asked = retry_after(state.outcome.exception() if state.outcome else None)
            return backoff(state) if asked is None else asked

        return Retrying(
            stop=stop_after_attempt(tries) | stop_before_delay(p.total), wait=wait,
            retry=retry_if_exception(passes), reraise=True,
        )  # fmt: skip


def _broken(error: BaseException) -> bool:
    """Say whether the server is down, hangs or breaks, rather than refuses or is busy."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code >= 500
    return isinstance(error, openai.APIConnectionError)


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
