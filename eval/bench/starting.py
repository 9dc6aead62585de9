"""How long it takes to start: import, help, and the first event of a run."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mindseye.eval.bench.measure import Asked, Figure, figure
from mindseye.eval.bench.planning import OBJECTS, TASK
from mindseye.tools.errors import Unavailable

CLI = ("-m", "mindseye.planner.cli")
LOOK = 0.02
"""Seconds between looks at the record."""
PATIENCE = 300.0
"""Seconds after which there is no first event to be expected."""


def seconds_of(*arguments: str) -> float:
    """Return how long Python takes for these arguments."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def first_event() -> float:
    """Return the seconds from the start of `mindseye run` to the first event in its record.

    Raises:
      Unavailable: it ended before.
    """
    with tempfile.TemporaryDirectory(prefix="mindseye-bench-") as folder:
        command = [sys.executable, *CLI, "run", TASK, "--objects", ", ".join(OBJECTS)]
        started = time.perf_counter()
        with subprocess.Popen(
            [*command, "--runs", folder, "--quiet"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                while not any(p.stat().st_size for p in Path(folder).glob("*/events.jsonl")):
                    if process.poll() is not None or time.perf_counter() - started > PATIENCE:
                        raise Unavailable(f"`mindseye run` did not begin: {_last_line(process)}")
                    time.sleep(LOOK)
                return time.perf_counter() - started
            finally:
                process.kill()


def _last_line(process: subprocess.Popen[str]) -> str:
    process.kill()
    lines = process.communicate()[1].strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def figures(asked: Asked) -> list[Figure]:
    """Return all of this part.

    Raises:
      Unavailable: a run does not begin.
    """
    measured: dict[str, Callable[[], float]] = {
        "import mindseye": partial(seconds_of, "-c", "import mindseye"),
        "mindseye --help": partial(seconds_of, *CLI, "--help"),
        "mindseye run, first event": first_event,
    }
    return [
        figure(name, "s", [once() for _ in range(asked.rounds)]) for name, once in measured.items()
    ]
