"""Work spread over workers: nothing lost, nothing doubled, whoever dies; ended at once."""

import contextlib
import importlib.util
import os
import signal
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.spread.crews import Where, make_crew
from mindseye.tools.spread.giving import Tally, spread
from mindseye.tools.spread.interface import Crew, Done, Job, Made, Work
from mindseye.tools.spread.view import View
from tests.tools import spread_jobs

with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason='needs Ray: pip install "mindseye[ray]"'
)


class Fell(Exception):
    """A worker of the crew below is gone."""


class Scripted:
    """A crew without processes: each call takes the next of a script, in any order it says."""

    def __init__(self, size: int, falls: Iterable[bool]) -> None:
        self.size, self._falls = size, iter(falls)
        self.closed = False
        self.under_way, self.most = 0, 0

    def _next(self, value: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if next(self._falls, False):
            future.set_exception(Fell("gone"))
        else:
            future.set_result(value)
        return future

    def open(self, seat: int) -> Future[Any]:
        return self._next(None)

    def give(self, seat: int, job: Job) -> Future[Made]:
        return self._next(Made(value=job.given, seconds=1.0, worker=str(seat)))

    def died(self, error: BaseException) -> bool:
        return isinstance(error, Fell)

    def raised(self, error: BaseException) -> BaseException:
        return error

    def close(self) -> None:
        self.closed = True


def jobs(given: Iterable[Any]) -> Iterator[Job]:
    return (Job(name=str(i), given=value) for i, value in enumerate(given))


def values(done: Iterable[Done]) -> list[Any]:
    return [d.value for d in sorted(done, key=lambda d: int(d.name))]


@given(
    size=st.integers(1, 4), n=st.integers(0, 12), tries=st.integers(1, 3),
    falls=st.lists(st.booleans(), max_size=30),
)  # fmt: skip
def test_whoever_dies_each_job_has_one_result(
    size: int, n: int, tries: int, falls: list[bool]
) -> None:
    crew, tallies, told = Scripted(size, falls), list[Tally](), ""
    found: list[Done] = []
    try:
        found.extend(spread(crew, jobs(range(n)), tries=tries, watch=tallies.append))
    except Unavailable as error:
        told = str(error)
    if told:
        # Every seat's worker died as it started, as often as allowed.
        assert "no worker stays alive" in told
        assert sum(falls) >= size * tries
    else:
        assert sorted(int(d.name) for d in found) == list(range(n))
    assert len({d.name for d in found}) == len(found)
    assert all(d.value == (None if d.lost else int(d.name)) for d in found)
    assert all(d.tries == tries if d.lost else d.tries <= tries for d in found)
    assert all(t.under_way <= t.workers <= size for t in tallies)
    assert crew.closed


def test_jobs_are_taken_as_workers_become_free_and_names_are_unlike() -> None:
    taken = list[int]()

    def many() -> Iterator[Job]:
        for i in range(1_000_000):
            taken.append(i)
            yield Job(name=str(i), given=i)

    running = spread(Scripted(3, ()), many())
    for _ in range(10):
        next(running)
    assert len(taken) < 25
    running.close()
    with pytest.raises(ValueError, match="two jobs are called 'a'"):
        list(spread(Scripted(1, ()), [Job(name="a"), Job(name="a")]))


def crew_of(do: Any, workers: int, start: Any = spread_jobs.start, ray: str | None = None) -> Crew:
    return make_crew(Work(start=start, do=do), Where(workers=workers, ray=ray))


def family() -> set[int]:
    return {p.pid for p in psutil.Process().children(recursive=True)}


def gone_within(seconds: float, before: set[int]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(psutil.NoSuchProcess):
            new = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
            # The tracker of multiprocessing's resources stays as long as this process.
            if not [p for p in new if "resource_tracker" not in " ".join(p.cmdline())]:
                return True
        time.sleep(0.05)
    return False


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    given = [(tmp_path, x) for x in range(8)]
    found = list(spread(crew_of(spread_jobs.die_first, 2), jobs(given)))
    assert values(found) == [x * x for x in range(8)]
    assert {int(d.name): d.tries for d in found} == {x: 2 if x == 3 else 1 for x in range(8)}
    begun = [path.name.split("-")[1] for path in tmp_path.glob("begun-*")]
    assert sorted(begun) == ["0", "1", "2", "3", "3", "4", "5", "6", "7"]


def test_what_kills_every_worker_is_lost_alone_and_told() -> None:
    view = View("squares", 4, shown=False)
    found = list(spread(crew_of(spread_jobs.die_at_two, 2), jobs(range(4)), tries=2, watch=view))
    assert values(found) == [0, 1, None, 9]
    (lost,) = (d for d in found if d.lost)
    assert "its worker died 2 times" in lost.lost
    assert "squares: 4/4" in view.line()
    assert "1 given again, 1 lost" in view.line()
    told = view.spent()
    assert (told["done"], told["given_again"], told["lost"]) == (3, 1, 1)


def test_what_a_job_or_a_start_raises_is_raised_here() -> None:
    with pytest.raises(BadInput, match="4 is no good"):
        list(spread(crew_of(spread_jobs.raise_bad_input, 1), jobs([4])))
    with pytest.raises(BadInput, match="no such model"):
        list(spread(crew_of(spread_jobs.square, 1, spread_jobs.refuse_to_start), jobs([1])))


def test_ctrl_c_ends_everything_at_once(tmp_path: Path) -> None:
    before = family()

    def interrupt(tally: Tally) -> None:
        if len(list(tmp_path.glob("asleep-*"))) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        list(spread(crew_of(spread_jobs.sleep, 2), jobs([tmp_path] * 4), watch=interrupt))
    assert gone_within(10.0, before)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="at least 1, not 0"):
        crew_of(spread_jobs.square, 0)
    with pytest.raises(BadInput, match="give --ray ADDRESS"):
        make_crew(Work(start=spread_jobs.start, do=spread_jobs.square), Where(gpus=0.5))


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_one_line_says_how_to_get_it() -> None:
    with pytest.raises(Unavailable, match=r'--ray needs .ray.: pip install "mindseye\[ray\]"'):
        crew_of(spread_jobs.square, 1, ray="auto")
