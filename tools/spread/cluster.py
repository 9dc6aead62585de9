"""Workers that are actors of a Ray cluster; Ray places, starts and reaches them."""

import contextlib
import os
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from mindseye.tools.errors import Unavailable, needs_extra
from mindseye.tools.spread.interface import Job, Made, Work
from mindseye.tools.spread.processes import do_here


class _Worker:
    """What runs in the actor's process, on whatever node it is."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.started: Any = None

    def start(self) -> str:
        self.started = self.work.start()
        return f"{socket.gethostname()}:{os.getpid()}"

    def do(self, job: Job) -> Made:
        return do_here(self.work, self.started, job)


class RayCrew:
    """A crew of Ray actors, spread over the nodes; each holds CPUs and GPUs while it lives."""

    def __init__(
        self, work: Work, address: str, workers: int | None, *, cpus: int = 1, gpus: float = 0.0
    ) -> None:
        """Connect, if this process is not connected already; start nobody yet.

        Args:
          work: what each can do; what it names must be importable on every node.
          address: of the cluster: `HOST:6379`, `auto` for the one this machine is a node of,
            `local` for one that begins and ends with this process.
          workers: how many; None takes as many as there is room for now. Those for whom there is
            no room begin when there is.
          cpus: CPUs that a worker holds, and threads it is meant to use.
          gpus: GPUs that a worker holds; 0.25 lets four share one.

        Raises:
          Unavailable: Ray is not installed, no cluster answers, or no node has room for a worker.
        """
        self._connection = contextlib.ExitStack()
        ray = self._connection.enter_context(connected(address))
        self._ray = ray
        self._actors: dict[int, Any] = {}
        self.size = workers or self._room(cpus, gpus)
        self._work = work
        # Nothing is done twice behind our back: `giving` alone decides what is given again.
        self._actor = ray.remote(_Worker).options(
            num_cpus=cpus, num_gpus=gpus, max_restarts=0, max_task_retries=0,
            scheduling_strategy="SPREAD",
        )  # fmt: skip
        self._gone = (
            ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError,
            ray.exceptions.NodeDiedError, ray.exceptions.OutOfMemoryError,
            # What was made went down with the node before it came here.
            ray.exceptions.ObjectLostError,
        )  # fmt: skip

    def _room(self, cpus: int, gpus: float) -> int:
        """Return how many workers the nodes that are up hold, whoever else is there."""
        nodes = [n["Resources"] for n in self._ray.nodes() if n["Alive"]]
        room = 0
        for node in nodes:
            by_cpu = node.get("CPU", 0.0) // cpus
            room += int(min(by_cpu, node.get("GPU", 0.0) // gpus) if gpus else by_cpu)
        if not room:
            self.close()
            raise Unavailable(
                f"none of the {len(nodes)} Ray nodes has room for a worker of {cpus} CPUs and "
                f"{gpus:g} GPUs; ask for less (--set-option threads=1), or add a node"
            )
        return room

    def open(self, seat: int) -> Future[Any]:
        """Let Ray place and start an actor."""
        self._end(seat)
        actor = self._actor.remote(self._work)
        self._actors[seat] = actor
        started: Future[Any] = actor.start.remote().future()
        return started

    def give(self, seat: int, job: Job) -> Future[Made]:
        """Call the seat's actor."""
        made: Future[Made] = self._actors[seat].do.remote(job).future()
        return made

    def died(self, error: BaseException) -> bool:
        """Say whether actor, node or the network to them is gone."""
        return isinstance(error, self._gone)

    def raised(self, error: BaseException) -> BaseException:
        """Return the error as the worker raised it, without Ray's wrapping."""
        return unwrapped(error)

    def _end(self, seat: int) -> None:
        actor = self._actors.pop(seat, None)
        if actor is not None and self._ray.is_initialized():
            self._ray.kill(actor)

    def close(self) -> None:
        """Kill all actors, and part from the cluster if this crew had connected to it."""
        for seat in list(self._actors):
            self._end(seat)
        self._connection.close()


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yield `ray`, connected to a cluster; a connection that was there before stays.

    Raises:
      Unavailable: Ray is not installed, or no cluster answers there.
    """
    with needs_extra("--ray", "ray"):
        import ray
    if ray.is_initialized():
        yield ray
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        told = " ".join(str(error).split())[:200]
        raise Unavailable(
            f"no Ray cluster answers at {address!r} ({told}); start one with `ray start --head` "
            "and give its HOST:6379, or `auto` on a machine that is part of it, or `local`"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def unwrapped(error: BaseException) -> BaseException:
    """Return what was raised in an actor as it was, and what Ray itself says in one line."""
    import ray

    cause = getattr(error, "cause", None)
    if isinstance(error, ray.exceptions.RayTaskError) and isinstance(cause, BaseException):
        return cause
    if isinstance(error, ray.exceptions.RayError):
        told = " ".join(str(error).split())[:300]
        return Unavailable(f"the Ray cluster failed: {type(error).__name__}: {told}")
    return error
