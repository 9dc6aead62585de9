"""What a run of the planner holds in memory, and whether runs after runs leave any behind."""

import contextlib
import gc
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from mindseye.eval.bench.measure import Asked, Figure
from mindseye.planner.agent import Agent
from mindseye.planner.config import Config
from mindseye.planner.record import Recorder
from mindseye.tools.world import make_world
from mindseye.tools.world.tasks import task

SETTLING = 0.1
"""Share of the runs, the first, that fills pools and caches and is not counted."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A straight line through the memory after each run."""

    slope: float
    """Bytes a run."""
    error: float
    """Standard error of the slope; 0 for fewer than three runs."""


def growth(held: Sequence[float]) -> Growth:
    """Return the line of least squares through what was held after each run, bytes."""
    x = np.arange(len(held)) - (len(held) - 1) / 2
    spread = float(x @ x)
    if len(held) < 3:
        slope = held[-1] - held[0] if len(held) == 2 else 0.0
        return Growth(slope=slope, error=0.0)
    y = np.asarray(held, dtype=float)
    slope = float(x @ y) / spread
    rest = y - y.mean() - slope * x
    return Growth(slope=slope, error=float(np.sqrt(rest @ rest / (len(held) - 2) / spread)))


def held_after(runs: int, config: Config) -> tuple[float, list[float]]:
    """Return the memory with the models loaded, and after each of so many runs, bytes.

    A run is one decision by the simulator, carried out and recorded, on a task and a table of
    its own; the record goes to disk and is thrown away.
    """
    process = psutil.Process()
    agent = Agent.from_config(replace(config, tools="physics", max_decisions=1))
    with contextlib.closing(make_world(seed=0)) as world:
        gc.collect()
        loaded = float(process.memory_info().rss)
        held = []
        for index in range(runs):
            wanted = task("short", index)
            world.prepare(seed=wanted.seed, options=wanted.options)
            with (
                tempfile.TemporaryDirectory(prefix="mindseye-bench-") as folder,
                Recorder(Path(folder) / "run") as recorder,
            ):
                agent.run(wanted.words, world, recorder=recorder, goal=wanted.goal)
            held.append(float(process.memory_info().rss))
    return loaded, held


def figures(asked: Asked, config: Config | None = None) -> list[Figure]:
    """Return what runs hold beyond the models, and by how much that grows a run.

    Raises:
      Unavailable: weights are missing.
    """
    loaded, held = held_after(asked.runs, config or Config())
    settled = held[int(SETTLING * len(held)) :]
    line = growth(settled)
    beyond = (median(settled) - loaded) / 1e6
    kilobytes, error = line.slope / 1e3, line.error / 1e3
    return [
        Figure(name="memory: models", value=loaded / 1e6, unit="MB"),
        Figure(name="memory: runs beyond the models", value=beyond, unit="MB", rounds=len(held)),
        Figure(
            name="memory: growth", value=kilobytes, unit="kB a run", rounds=len(settled),
            low=kilobytes - 1.96 * error, high=kilobytes + 1.96 * error,
        ),
        Figure(name="memory: growth, standard error", value=error, unit="kB a run"),
    ]  # fmt: skip
