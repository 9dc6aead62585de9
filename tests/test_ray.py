"""Work spread over a real Ray cluster of several nodes on this machine."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mindseye.eval.tabletop import evaluate
from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.spread.crews import Where, make_crew
from mindseye.tools.spread.giving import spread
from mindseye.tools.spread.interface import Crew, Done, Job, Work
from tests.eval.trials import comparable, scripted
from tests.tools import spread_jobs

ray = pytest.importorskip("ray", reason='needs Ray: pip install "mindseye[ray]"')
# Ray leaves sockets and processes to the interpreter's end, which is its own affair.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::ResourceWarning"),
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("default:Tip:FutureWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that holds no work, and two nodes: one of two CPUs, one of a CPU and a GPU."""
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        made.add_node(num_cpus=2)
        made.add_node(num_cpus=1, num_gpus=1)
        made.wait_for_nodes()
        # Connected once for all tests: a crew leaves a connection alone that it found.
        made.connect()
        yield made
        ray.shutdown()
        made.shutdown()


def crew_of(cluster: Any, do: Any, workers: int | None = None, **where: Any) -> Crew:
    work = Work(start=where.pop("start", spread_jobs.start), do=do)
    return make_crew(work, Where(workers=workers, ray=cluster.address, **where))


def jobs(given: Iterable[Any]) -> Iterator[Job]:
    return (Job(name=str(i), given=value) for i, value in enumerate(given))


def values(done: Iterable[Done]) -> list[Any]:
    return [d.value for d in sorted(done, key=lambda d: int(d.name))]


def test_a_worker_that_is_killed_in_mid_run_costs_nothing(cluster: Any, tmp_path: Path) -> None:
    def kill() -> None:
        while not (tmp_path / "at-two").exists():
            time.sleep(0.05)
        os.kill(int((tmp_path / "at-two").read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    crew = crew_of(cluster, spread_jobs.stand_at_two)
    assert crew.size == 3
    found = list(spread(crew, jobs([(tmp_path, x) for x in range(12)])))
    assert values(found) == [x * x for x in range(12)]
    assert len(found) == 12
    assert {d.name: d.tries for d in found if d.tries > 1} == {"2": 2}
    killer.join(5)


def test_what_a_job_or_a_start_raises_is_raised_here_as_it_was(cluster: Any) -> None:
    with pytest.raises(BadInput, match=r"^4 is no good$"):
        list(spread(crew_of(cluster, spread_jobs.raise_bad_input, 1), jobs([4])))
    crew = crew_of(cluster, spread_jobs.square, 1, start=spread_jobs.refuse_to_start)
    with pytest.raises(BadInput, match=r"^there is no such model$"):
        list(spread(crew, jobs([1])))


def test_workers_are_placed_where_there_are_gpus(cluster: Any) -> None:
    assert crew_of(cluster, spread_jobs.square, gpus=0.5).size == 1
    with pytest.raises(Unavailable, match="room for a worker of 1 CPUs and 2 GPUs"):
        crew_of(cluster, spread_jobs.square, gpus=2)


def test_a_node_that_dies_takes_nothing_with_it(cluster: Any, tmp_path: Path) -> None:
    node = cluster.add_node(num_cpus=1, resources={"doomed": 1})
    cluster.wait_for_nodes()
    crew = crew_of(cluster, spread_jobs.stand_at_two)
    assert crew.size == 4
    running = spread(crew, jobs([(tmp_path / str(x % 4), 0) for x in range(20)]))
    found = [next(running)]
    cluster.remove_node(node, allow_graceful=False)
    found += running
    assert values(found) == [0] * 20


def test_an_evaluation_in_the_cluster_is_the_one_of_a_process(cluster: Any, tmp_path: Path) -> None:
    config = scripted(tmp_path, clips=4, budget=600, threads=1, video="tests.eval.trials:StillMany")

    def samples(name: str, **where: Any) -> list[Any]:
        folder = tmp_path / name
        evaluate("short", 2, ["both"], config, folder, progress=False, **where)
        return comparable(folder)

    spread_out = samples("cluster", workers=2, ray=cluster.address, share_video=True)
    assert [s["imagined"] > 0 for s in spread_out] == [True, True]
    assert spread_out == samples("processes", workers=1)
