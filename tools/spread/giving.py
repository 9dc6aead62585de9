"""Gives jobs to a crew: as many under way as there are workers, one result taken of each."""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from time import monotonic
from typing import Any

from mindseye.tools.errors import Unavailable
from mindseye.tools.spread.interface import Crew, Done, Job

TRIES = 3
"""How often a job is given out before it counts as lost."""
PATIENCE = 3600.0
"""Seconds to wait while no worker at all is up: large models load long, clusters grow slowly."""
TICK = 1.0
"""Seconds after which the view hears how things stand, though nothing has finished."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How things stand."""

    done: int = 0
    """Jobs with a value."""
    lost: int = 0
    """Jobs given up."""
    again: int = 0
    """Times that a job was given out again, since its worker died."""
    under_way: int = 0
    workers: int = 0
    """That are up."""
    seconds: float = 0.0
    """That workers spent on the jobs that are done."""


Watch = Callable[[Tally], None]


def spread(
    crew: Crew, jobs: Iterable[Job], *, tries: int = TRIES, watch: Watch | None = None,
    patience: float = PATIENCE,
) -> Generator[Done, None, None]:  # fmt: skip
    """Yield the one result of each job, as they finish; the crew is closed at the end.

    Jobs are taken from the iterable as workers become free, and while the caller is busy with
    what has finished, no more than one further job a worker is under way: neither jobs nor
    results pile up. A job whose worker died is given to the next free worker, `tries` times in
    all; then its result says that it is lost. Who stops early closes the generator
    (`contextlib.closing`).

    Args:
      crew: who does them.
      jobs: with names unlike each other.
      tries: how often one is given out at most.
      watch: hears how things stand, about once a second.
      patience: seconds to wait while no worker is up.

    Raises:
      ValueError: two jobs of one name.
      Unavailable: no worker comes up or stays up.
      Exception: what a job, or the start of a worker, raised; nothing further is done.
    """
    giving = _Giving(crew, iter(jobs), tries, watch or (lambda tally: None), patience)
    try:
        yield from giving.results()
    finally:
        crew.close()


@dataclass(frozen=True, kw_only=True)
class _Under:
    """What a future is about: a job, or a worker that is starting."""

    seat: int
    job: Job | None
    tried: int = 0


class _Giving:
    def __init__(
        self, crew: Crew, jobs: Iterator[Job], tries: int, watch: Watch, patience: float
    ) -> None:
        self.crew, self.jobs, self.tries = crew, jobs, tries
        self.watch, self.patience = watch, patience
        self.names: set[str] = set()
        self.again: deque[_Under] = deque()
        self.free: list[int] = []
        self.under: dict[Future[Any], _Under] = {}
        self.stillborn: Counter[int] = Counter()
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self.last_up = monotonic()
        self.next: Job | None = None

    def results(self) -> Iterator[Done]:
        """Yield results until no job is left."""
        self._advance()
        if self.next is None:
            return
        for seat in range(self.crew.size):
            self._open(seat)
        while self._fill():
            finished, _ = wait(self.under, timeout=TICK, return_when=FIRST_COMPLETED)
            made = [done for future in finished if (done := self._take(future)) is not None]
            self._fill()
            self.watch(self._tally())
            yield from made
            self._check_workers()

    def _advance(self) -> None:
        """Look at the next job, without giving it out."""
        self.next = next(self.jobs, None)
        if self.next is not None:
            if self.next.name in self.names:
                raise ValueError(f"two jobs are called {self.next.name!r}")
            self.names.add(self.next.name)

    def _fill(self) -> bool:
        """Give jobs to all free workers; return whether any is under way or waits."""
        while self.free and (self.again or self.next is not None):
            seat = self.free.pop()
            if self.again:
                waiting = self.again.popleft()
                job, tried = waiting.job, waiting.tried
            else:
                job, tried = self.next, 0
                self._advance()
            assert job is not None
            under = _Under(seat=seat, job=job, tried=tried + 1)
            self.under[self.crew.give(seat, job)] = under
        under_way = any(u.job is not None for u in self.under.values())
        return bool(under_way or self.again or self.next is not None)

    def _open(self, seat: int) -> None:
        self.under[self.crew.open(seat)] = _Under(seat=seat, job=None)

    def _take(self, future: Future[Any]) -> Done | None:
        """Return what a finished future brings, if that is a result; the seat is used again."""
        under = self.under.pop(future)
        error = future.exception()
        if error is not None:
            return self._fell(under, error)
        self.free.append(under.seat)
        if under.job is None:
            self.stillborn[under.seat] = 0
            return None
        made = future.result()
        self.counts["done"] += 1
        self.seconds += made.seconds
        return Done(
            name=under.job.name, value=made.value, tries=under.tried,
            seconds=made.seconds, worker=made.worker,
        )  # fmt: skip

    def _fell(self, under: _Under, error: BaseException) -> Done | None:
        """Fill the seat of a worker that died; return the result of its job if that is lost."""
        if not self.crew.died(error):
            raise self.crew.raised(error)
        if under.job is None:
            self.stillborn[under.seat] += 1
        if self.stillborn[under.seat] < self.tries:
            self._open(under.seat)
        if under.job is None:
            return None
        if under.tried < self.tries:
            self.counts["again"] += 1
            self.again.append(under)
            return None
        self.counts["lost"] += 1
        told = " ".join(str(error).split())[:200]
        lost = f"its worker died {under.tried} times, last: {type(error).__name__}: {told}"
        return Done(name=under.job.name, value=None, lost=lost, tries=under.tried)

    def _check_workers(self) -> None:
        """Say so when nobody is there to do what is left."""
        if not self.under and not self.free:
            raise Unavailable(
                f"no worker stays alive: each of {self.crew.size} died {self.tries} times as it "
                "started; try fewer workers, or look for what kills them (memory, as a rule)"
            )
        if self._tally().workers:
            self.last_up = monotonic()
        elif monotonic() - self.last_up > self.patience:
            raise Unavailable(
                f"no worker came up in {self.patience:.0f} s; is there room for one anywhere?"
            )

    def _tally(self) -> Tally:
        under_way = sum(u.job is not None for u in self.under.values())
        return Tally(
            done=self.counts["done"], lost=self.counts["lost"], again=self.counts["again"],
            under_way=under_way, workers=under_way + len(self.free), seconds=self.seconds,
        )  # fmt: skip
