"""What is spread over workers: independent jobs with names, and who carries them out.

A crew has seats, each with one worker. How the worker is started, reached and missed is the
library's behind the crew (`concurrent.futures`, Ray); who gets which job, when it is given out
again and what counts as done is `giving.py`'s alone, so that it is the same wherever workers are.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every worker can do. Functions of a module or partials of one: they travel by name."""

    start: Callable[[], Any]
    """Called once in a worker before its first job; loads models and opens worlds."""
    do: Callable[[Any, Any], Any]
    """Does one job: what `start` returned, what the job gives. It returns what it made and leaves
    nothing else behind, since a job may be begun twice; only one result is ever taken."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One thing to do, in any order with the others."""

    name: str
    """Unlike any other's."""
    given: Any = None
    """Picklable."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a worker returns for a job."""

    value: Any
    seconds: float
    """That the worker spent on it."""
    worker: str
    """HOST:PROCESS."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """The one result of a job."""

    name: str
    value: Any
    """What was made; None where the job is lost."""
    lost: str = ""
    """Why there is no value, in words; empty where there is one."""
    tries: int = 1
    """How often it was given out."""
    seconds: float = 0.0
    worker: str = ""


class Crew(Protocol):
    """Workers by seat, 0 to `size` - 1."""

    @property
    def size(self) -> int:
        """Seats."""
        ...

    def open(self, seat: int) -> Future[Any]:
        """Put a new worker in a seat, in the place of one that died; done once it has started."""
        ...

    def give(self, seat: int, job: Job) -> Future[Made]:
        """Let the worker in a seat do a job; it has no other."""
        ...

    def died(self, error: BaseException) -> bool:
        """Say whether a future failed because the worker is gone, not because the job raised."""
        ...

    def raised(self, error: BaseException) -> BaseException:
        """Return what the job raised, as it was."""
        ...

    def close(self) -> None:
        """End all workers at once, also those at work; may be called twice."""
        ...
