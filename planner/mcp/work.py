"""Work in threads: the server answers others meanwhile, tells how it goes, and can stop it.

What needs the language model or the video generator is done one at a time: two at once
would each take twice as long on the same cores, and those models keep state while they
run. The rest does not wait for it.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from mindseye.planner.events import Chosen, Event
from mindseye.planner.live import doing
from mindseye.planner.mcp.answers import Reply, Working
from mindseye.tools.errors import MindseyeError, ToolError, one_line

LIGHT_THREADS = 4
MOST_WAITING = 32
"""Calls that may wait for the models; beyond them one is refused."""
MOST_KEPT = 64
"""Finished jobs whose results are kept for who asks."""
TICK = 0.25
"""Seconds between looks at how the work goes."""
HEARTBEAT = 5.0
"""Seconds after which progress is told though nothing has changed: clients give up on silence."""

Tell = Callable[[float, str], Awaitable[None]]
"""Tells the client: seconds so far, and what goes on."""
logger = logging.getLogger(__name__)


class Stopped(MindseyeError):
    """Nobody wants the result any more."""


class Job:
    """One call at work; its methods may be used from any thread."""

    def __init__(self, work: "Callable[[Job], Reply]") -> None:
        self.id = secrets.token_urlsafe(9)
        self.doing = "waiting its turn"
        self._work = work
        self._stop = threading.Event()
        self._began = False
        self._created = time.monotonic()
        self._outcome: Reply | str = "stopped before it began"
        self.future: Future[None] | None = None

    def hear(self, event: Event) -> None:
        """Take note of an event of the work; the one place where it can be stopped.

        Raises:
          Stopped: once, so that the record can still be closed in order.
        """
        # Elsewhere what was chosen is done next; here nothing is ever done.
        self.doing = "answering" if isinstance(event, Chosen) else doing(event)
        self.check()

    def check(self) -> None:
        """Go on, or stop if that was asked for.

        Raises:
          Stopped: once.
        """
        if self._stop.is_set():
            self._stop.clear()
            raise Stopped("stopped by the client")

    def stop(self) -> None:
        """Ask for the end; work that has begun ends at its next event."""
        self._stop.set()
        if self.future is not None:
            self.future.cancel()

    def run(self) -> None:
        """Do the work, in a thread; whatever it raises becomes one line."""
        self._began, self.doing = True, "looking"
        try:
            self.check()
            self._outcome = self._work(self)
        except (ToolError, MindseyeError) as error:
            self._outcome = one_line(error)
        except Exception as error:  # A bug of ours or a plug-in's: the client gets one line of it.
            logger.exception("a tool failed")
            self._outcome = one_line(error)

    @property
    def done(self) -> bool:
        """Whether there is an outcome."""
        return self.future is not None and self.future.done()

    @property
    def seconds(self) -> float:
        """Seconds since the call."""
        return round(time.monotonic() - self._created, 3)

    def working(self) -> Working:
        """Return how it goes."""
        state = "working" if self._began else "waiting"
        return Working(job=self.id, state=state, doing=self.doing, seconds=self.seconds)

    def reply(self) -> Reply:
        """Return the result.

        Raises:
          ToolError: there is none; says why.
        """
        if isinstance(self._outcome, str):
            raise ToolError(self._outcome)
        return self._outcome


@dataclass(frozen=True, kw_only=True)
class Call:
    """Who calls, and the job that the call is."""

    session: str | None
    job: Job


class Work:
    """The threads of a server, and the jobs that clients may ask for."""

    def __init__(self) -> None:
        self._heavy = ThreadPoolExecutor(1, thread_name_prefix="models")
        self._light = ThreadPoolExecutor(LIGHT_THREADS, thread_name_prefix="light")
        self._under_way: set[Job] = set()
        self._kept: OrderedDict[str, Job] = OrderedDict()

    def begin(self, work: Callable[[Job], Reply], *, heavy: bool) -> Job:
        """Start work.

        Args:
          work: is given its job, to tell events and to be stopped by.
          heavy: needs the language model or the video generator.

        Raises:
          ToolError: too much is waiting already.
        """
        self._under_way = {j for j in self._under_way if not j.done}
        if len(self._under_way) >= MOST_WAITING:
            raise ToolError(f"busy: {MOST_WAITING} calls are waiting; try again later")
        job = Job(work)
        job.future = (self._heavy if heavy else self._light).submit(job.run)
        self._under_way.add(job)
        return job

    def warm(self, prepare: Callable[[], object]) -> None:
        """Do in a thread what the first call would otherwise wait for."""
        self._light.submit(prepare)

    async def follow(self, job: Job, seconds: float | None, tell: Tell) -> bool:
        """Wait for a job and tell how it goes; return whether it is done.

        Args:
          job: that was begun here.
          seconds: waited at most; None waits for the end.
          tell: is called when something else goes on, and now and then.
        """
        assert job.future is not None
        end = None if seconds is None else time.monotonic() + seconds
        waiting = asyncio.wrap_future(job.future)
        told, told_at = "", 0.0
        while not job.done:
            left = TICK if end is None else min(TICK, end - time.monotonic())
            if left <= 0:
                return False
            if job.doing != told or job.seconds - told_at > HEARTBEAT:
                told, told_at = job.doing, job.seconds
                await tell(told_at, told)
            # Waits without cancelling what it waits for.
            await asyncio.wait([waiting], timeout=left)
        return True

    def keep(self, job: Job) -> None:
        """Let the job be asked for by its id."""
        self._kept[job.id] = job
        for key in [k for k, j in self._kept.items() if j.done][:-MOST_KEPT]:
            del self._kept[key]

    def kept(self, key: str) -> Job:
        """Return the job of an id.

        Raises:
          ToolError: there is none, or it was done long ago.
        """
        if key not in self._kept:
            raise ToolError(f"no job {key!r}; results are kept for the last {MOST_KEPT} jobs")
        return self._kept[key]

    def close(self) -> None:
        """Stop everything; return when the records are closed."""
        for job in self._under_way:
            job.stop()
        for pool in (self._heavy, self._light):
            pool.shutdown(wait=True, cancel_futures=True)
