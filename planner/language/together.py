"""Calls that threads make at the same time, run as one.

A model reads a batch of rows in little more time than one row.
"""

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

A = TypeVar("A")
R = TypeVar("R")


@dataclass(kw_only=True, eq=False)
class _Call:
    run: Callable[[Sequence[Any]], Sequence[Any]]
    asked: Any
    reply: Any = None
    error: Exception | None = None
    done: bool = False


def at_once(ask: Callable[[A], R], asked: Sequence[A]) -> list[R]:
    """Return the reply to each, asked in a thread of its own; raise what the first to fail does."""
    if len(asked) < 2:
        return [ask(one) for one in asked]
    with ThreadPoolExecutor(len(asked)) as pool:
        # What counts tokens or traces calls is found through the caller's context.
        waiting = [pool.submit(contextvars.copy_context().run, ask, one) for one in asked]
        return [w.result() for w in waiting]


class Together:
    """Lets one thread at a time work, for itself and for those that wait.

    Whoever finds nobody at work takes what waits, of one kind and oldest first,
    and runs it as a batch (flat combining: Hendler et al., 2010). A lone caller
    waits for nobody.
    """

    def __init__(self, most: int, apart: bool = False) -> None:
        """Set up.

        Args:
          most: the size of a batch.
          apart: run all in one thread of its own, for when many threads call: each that
            had run a batch would keep the memory that it took, and OpenMP, which gives
            each of them a pool of its own, no longer waits awake where pools have more
            threads than there are cores.
        """
        self.most = most
        self._turn = threading.Condition()
        self._waiting: list[_Call] = []
        self._busy = False
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="model") if apart else None

    def run(self, work: Callable[..., R], *given: Any) -> R:
        """Return what `work` does, done where batches are."""
        return self._worker.submit(work, *given).result() if self._worker else work(*given)

    def call(self, run: Callable[[Sequence[A]], Sequence[R | Exception]], asked: A) -> R:
        """Return the reply to `asked`.

        Args:
          run: takes a batch, returns as many replies in the same order; calls with an
            equal `run` share batches. A reply that is an exception is raised.
          asked: one item.
        """
        mine = _Call(run=run, asked=asked)
        with self._turn:
            self._waiting.append(mine)
        while batch := self._taken(mine):
            try:
                self.run(self._serve, batch)
            except BaseException:
                for call in batch:
                    if call is not mine:
                        call.error = InterruptedError("the thread that worked for all was stopped")
                raise
            finally:
                with self._turn:
                    for call in batch:
                        call.done = True
                    self._busy = False
                    self._turn.notify_all()
        if mine.error is not None:
            raise mine.error
        reply: R = mine.reply
        return reply

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all calls waiting for as long as this lasts."""
        with self._turn:
            self._turn.wait_for(lambda: not self._busy)
            self._busy = True
        try:
            yield
        finally:
            with self._turn:
                self._busy = False
                self._turn.notify_all()

    def _taken(self, mine: _Call) -> list[_Call]:
        """Wait for a turn and return the batch to run, or nothing if `mine` is done."""
        with self._turn:
            self._turn.wait_for(lambda: mine.done or not self._busy)
            if mine.done:
                return []
            kind = self._waiting[0].run
            batch = [c for c in self._waiting if c.run == kind][: self.most]
            self._waiting = [c for c in self._waiting if c not in batch]
            self._busy = True
            return batch

    def _serve(self, batch: list[_Call]) -> None:
        """Run a batch; if it fails, one by one, so that each call gets its own error."""
        try:
            replies = batch[0].run([c.asked for c in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for call in batch:
                self._serve([call])
            return
        for call, reply in zip(batch, replies, strict=True):
            if isinstance(reply, Exception):
                call.error = reply
            else:
                call.reply = reply
