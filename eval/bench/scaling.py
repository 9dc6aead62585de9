"""More workers, more conversations at a time."""

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mindseye.eval.bench.measure import Asked, Figure, figure
from mindseye.eval.rows import rows
from mindseye.eval.trial import Stage, Trial, run_trial
from mindseye.planner.chat.caller import load_caller
from mindseye.planner.chat.conversation import Conversation
from mindseye.planner.config import Config, merge
from mindseye.planner.loaded import Models
from mindseye.tools.errors import Unavailable
from mindseye.tools.spread.crews import Where, make_crew
from mindseye.tools.spread.giving import spread
from mindseye.tools.spread.interface import Job, Work

CONDITION = "physics"
"""Row of `mindseye eval tabletop` whose tasks the workers solve."""
EACH = 3
"""Tasks that there are for each worker, the same for all."""
CHATS = (1, 4, 16, 64)
TURNS = 16
"""Turns that are taken at the least, however few the conversations."""
OBJECTS = ("red cube", "blue ball", "green star")
SAID = ("what is next to the blue ball?", "thank you")
"""What is said in turn: one that looks at the table, one that calls no tool."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """When a worker was at a task, on the clock that all processes of a machine share."""

    begun: float
    ended: float
    worker: int


def _timed_trial(stage: Stage, trial: Trial) -> Span:
    begun = time.monotonic()
    run_trial(stage, trial)
    return Span(begun=begun, ended=time.monotonic(), worker=os.getpid())


def a_minute(spans: Sequence[Span]) -> float:
    """Return the tasks that were done a minute while all workers were at work.

    Tasks that reach beyond that time count by the share of them that lies in it: neither the
    loading of models nor the wait for the last one belongs to the rate.
    """
    workers = {s.worker for s in spans}
    first = max(min(s.begun for s in spans if s.worker == w) for w in workers)
    last = min(max(s.ended for s in spans if s.worker == w) for w in workers)
    done = sum(
        max(0.0, min(s.ended, last) - max(s.begun, first)) / (s.ended - s.begun) for s in spans
    )
    return 60.0 * done / (last - first)


def tasks_a_minute(workers: int, each: int, config: Config) -> float:
    """Return the tasks a minute that so many workers solve, all of them at work.

    Raises:
      Unavailable: a worker did not live to the end of a task.
    """
    config = merge(config, {"threads": max(1, config.threads // workers)})
    wanted = rows([CONDITION])
    work = Work(start=partial(Stage, config, tuple(wanted)), do=_timed_trial)
    trials = (
        Trial(task_set="short", seed=0, row=wanted[0], index=k % each)
        for k in range(each * workers)
    )
    jobs = (Job(name=str(k), given=trial) for k, trial in enumerate(trials))
    with contextlib.closing(spread(make_crew(work, Where(workers=workers)), jobs)) as results:
        done = list(results)
    if lost := [d.lost for d in done if d.lost]:
        raise Unavailable(f"a worker was lost: {lost[0]}")
    return a_minute([d.value for d in done])


def worker_counts() -> list[int]:
    """Return 1, 2, 4, and on to as many as there are cores."""
    counts, cores = [1, 2, 4], os.cpu_count() or 1
    while counts[-1] * 2 <= cores:
        counts.append(counts[-1] * 2)
    return counts


def workers(counts: Sequence[int], config: Config, each: int = EACH) -> list[Figure]:
    """Return tasks a minute by the number of workers, and over those of one."""
    rates = {n: tasks_a_minute(n, each, config) for n in counts}
    found = [
        figure(f"{n} workers / 1 worker, tasks", "x", [rates[n] / rates[1]], "1 worker")
        for n in counts
        if n > 1
    ]
    names = {n: f"{n} worker{'s' if n > 1 else ''}" for n in counts}
    return found + [figure(f"scaling: {names[n]}", "tasks/min", [rates[n]]) for n in counts]


@contextlib.contextmanager
def conversations(n: int, config: Config) -> Iterator[list[Conversation]]:
    """Open conversations that share the models of this process, each with its own table."""
    config = merge(config, {"objects": OBJECTS})
    models, caller = Models(config), load_caller(config)
    with (
        tempfile.TemporaryDirectory(prefix="mindseye-bench-") as folder,
        contextlib.ExitStack() as opened,
    ):
        config = merge(config, {"runs": folder})
        yield [
            opened.enter_context(
                contextlib.closing(
                    Conversation(Path(folder) / f"chat-{k}", config, models=models, model=caller)
                )
            )
            for k in range(n)
        ]


def turns(talking: Sequence[Conversation], count: int) -> tuple[list[float], float]:
    """Return the seconds of each turn, and of all, where everybody talks at the same time."""
    began = threading.Barrier(len(talking))

    def talk(conversation: Conversation) -> list[float]:
        began.wait()
        taken = []
        for k in range(count):
            started = time.perf_counter()
            conversation.say(SAID[k % len(SAID)])
            taken.append(time.perf_counter() - started)
        return taken

    with ThreadPoolExecutor(len(talking)) as pool:
        started = time.perf_counter()
        taken = [seconds for row in pool.map(talk, talking) for seconds in row]
        return taken, time.perf_counter() - started


def chats(counts: Sequence[int], config: Config, least: int = TURNS) -> list[Figure]:
    """Return how long a turn takes by the number of conversations, and turns over those of one."""
    found: list[Figure] = []
    rates: dict[int, float] = {}
    with conversations(max(counts), config) as opened:
        turns(opened[:1], len(SAID))  # What is made on first use belongs to nobody's turn.
        for n in counts:
            taken, whole = turns(opened[:n], max(len(SAID), least // n))
            rates[n] = len(taken) / whole
            name = f"scaling: {n} chat{'s' if n > 1 else ''}"
            found += [
                figure(f"{name}, p{p}", "s", [float(np.percentile(taken, p))]) for p in (50, 95)
            ]
            found.append(figure(name, "turns/min", [60 * rates[n]]))
    over = [n for n in counts if n > 1]
    ratios = [
        figure(f"{n} chats / 1 chat, turns", "x", [rates[n] / rates[1]], "1 chat") for n in over
    ]
    return ratios + found


def figures(asked: Asked) -> list[Figure]:
    """Return all of this part.

    Raises:
      Unavailable: weights are missing, or workers do not live.
    """
    config = Config(tools="physics")
    found = workers(worker_counts(), config)
    # Where many threads ask, the model works in one of its own, whose memory is taken once.
    apart = merge(config, {"model_options": {"apart": True}})
    return [*found, *chats(CHATS, apart)]
