"""Workers that are processes of this machine, one `ProcessPoolExecutor` each.

A pool breaks as a whole when one of its processes is killed, and does not say which job that
one had. A pool of one process does: only its own job is in doubt.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection, wait
from typing import Any

from mindseye.tools.spread.interface import Job, Made, Work

_started: dict[str, Any] = {}
"""In a worker: what its work's `start` returned."""


def do_here(work: Work, started: Any, job: Job) -> Made:
    """Do a job in this process and time it."""
    begun = time.monotonic()
    value = work.do(started, job.given)
    seconds = time.monotonic() - begun
    return Made(value=value, seconds=seconds, worker=f"{socket.gethostname()}:{os.getpid()}")


def _end_with_parent(ears: Connection) -> None:
    """End this process when it is told to, or its parent ends, whatever it is doing."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([ears, parent.sentinel])
    os._exit(1)


def _begin(ears: Connection) -> None:
    # Ctrl-C in a terminal reaches every process; the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(ears,), daemon=True).start()


def _start(work: Work) -> None:
    _started["value"] = work.start()


def _do(work: Work, job: Job) -> Made:
    return do_here(work, _started["value"], job)


class Processes:
    """A crew of processes, spawned; they end with this one, also when it is killed."""

    def __init__(self, work: Work, workers: int) -> None:
        """Start nobody yet.

        Args:
          work: what each can do.
          workers: how many.
        """
        self.work, self.size = work, workers
        self._context = multiprocessing.get_context("spawn")
        self._pools: dict[int, tuple[ProcessPoolExecutor, Connection]] = {}

    def open(self, seat: int) -> Future[Any]:
        """Spawn a process."""
        self._end(seat)
        ears, mouth = self._context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(
            1, mp_context=self._context, initializer=_begin, initargs=(ears,)
        )
        self._pools[seat] = (pool, mouth)
        started = pool.submit(_start, self.work)
        # The process has its own copy by now; with this one open it would never hear the end.
        ears.close()
        return started

    def give(self, seat: int, job: Job) -> Future[Made]:
        """Submit a job to the seat's process."""
        try:
            return self._pools[seat][0].submit(_do, self.work, job)
        except BrokenProcessPool as error:
            failed: Future[Made] = Future()
            failed.set_exception(error)
            return failed

    def died(self, error: BaseException) -> bool:
        """Say whether the process was killed or ended by itself."""
        return isinstance(error, BrokenProcessPool)

    def raised(self, error: BaseException) -> BaseException:
        """Return the error; the pool hands it on as it was."""
        return error

    def _end(self, seat: int) -> None:
        if seat in self._pools:
            pool, mouth = self._pools.pop(seat)
            with contextlib.suppress(OSError):
                mouth.close()
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End all processes at once."""
        for seat in list(self._pools):
            self._end(seat)


class Here:
    """A crew of one who works in this process, job by job: for a debugger, or a single core."""

    size = 1

    def __init__(self, work: Work) -> None:
        """Start nothing yet."""
        self.work = work
        self._started: Any = None

    def open(self, seat: int) -> Future[Any]:
        """Start the work in this process."""
        self._started = self.work.start()
        return _settled(None)

    def give(self, seat: int, job: Job) -> Future[Made]:
        """Do a job before returning; what it raises is raised here."""
        return _settled(do_here(self.work, self._started, job))

    def died(self, error: BaseException) -> bool:
        """Say no: nobody could ask."""
        return False

    def raised(self, error: BaseException) -> BaseException:
        """Return the error."""
        return error

    def close(self) -> None:
        """Do nothing."""
        self._started = None


def _settled(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future
