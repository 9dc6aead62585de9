"""Throws hostile inputs at the parsers of what a model writes, and counts what must not be.

MJCF goes to the allow-list parser and, where it is let in, through the simulation
process; scene programs go to theirs, and then to the lab. Counted are crashes (an
exception that is no `ToolError`, a process that died, a finding that is no sense),
hangs, files, sockets or processes opened, and memory above the bound. An input follows
from the seed and its number: `--first NUMBER --n 1` makes a finding again.
"""

import importlib.util
import json
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, get_args

from mindseye.eval.fuzz_worker import CANARY
from mindseye.eval.hostile import Target
from mindseye.eval.stats import wilson
from mindseye.tools.errors import BadInput, MindseyeError, Unavailable

HANG_SECONDS = 60.0
"""A worker that is silent for so long hangs; the simulation's own limit is 2 s."""
START_SECONDS = 120.0
MOST_FINDINGS = 20
WRONG = ("crash", "hang", "file", "memory")


@dataclass(kw_only=True)
class Tally:
    """What came of the inputs for one target."""

    ended: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, row: dict[str, Any]) -> None:
        """Count one input."""
        self.ended[row["ended"]] += 1
        if row["ended"] in WRONG and len(self.findings) < MOST_FINDINGS:
            self.findings.append(row)

    def row(self, n: int) -> dict[str, Any]:
        """Return the figures as `mindseye eval` prints them; `score` is the share unharmed."""
        done = self.ended.total()
        wrong = sum(self.ended[w] for w in WRONG)
        low, high = wilson(done - wrong, done)
        return {
            "score": (done - wrong) / done if done else 0.0, "low": low, "high": high, "n": done,
            "errors": 0, "unscored": n - done, "seconds": self.seconds,
            "crashes": self.ended["crash"], "hangs": self.ended["hang"],
            "file_accesses": self.ended["file"], "over_memory": self.ended["memory"],
            "refused": self.ended["refused"], "accepted": self.ended["accepted"],
            "not_simulated": self.ended["not simulated"], "stopped": self.ended["stopped"],
        }  # fmt: skip


def fuzz(
    n: int,
    seed: int = 0,
    targets: Sequence[str] = get_args(Target),
    *,
    first: int = 0,
    coverage: bool = False,
    progress: Callable[[str, int], None] | None = None,
) -> dict[str, Any]:
    """Throw `n` hostile inputs at each target.

    Args:
      n: inputs for each target.
      seed: of the series.
      targets: "mjcf", "program".
      first: number of the first input.
      coverage: also let atheris look for inputs that reach new branches; needs atheris.
      progress: told the target and how many inputs are done, every thousand.

    Returns:
      Suite, conditions, and `findings`: at most 20 of each target, with their numbers.

    Raises:
      BadInput: a target that is not there.
      Unavailable: `coverage` without atheris.
    """
    unknown = [t for t in targets if t not in get_args(Target)]
    if unknown:
        raise BadInput(f"no target {unknown[0]!r}; there are {', '.join(get_args(Target))}")
    if coverage and importlib.util.find_spec("atheris") is None:
        raise Unavailable('looking for new branches needs atheris: pip install "mindseye[fuzz]"')
    conditions, findings = {}, []
    for target in targets:
        tally = throw(Series(target=target, seed=seed, first=first, n=n, progress=progress))
        conditions[target] = tally.row(n)
        findings += [{"target": target, **f} for f in tally.findings]
        if coverage:
            tally = _explore(target, n, seed)
            conditions[f"{target}-coverage"] = tally.row(n)
            findings += [{"target": f"{target}-coverage", **f} for f in tally.findings]
    return {"suite": "fuzz", "conditions": conditions, "findings": findings, "run": ""}


@dataclass(frozen=True, kw_only=True)
class Series:
    """The inputs thrown at one target, and by which process."""

    target: str
    seed: int
    first: int
    """Number of the first input."""
    n: int
    command: tuple[str, ...] = (sys.executable, "-P", "-m", "mindseye.eval.fuzz_worker")
    """Gets target, seed, first, last (without it) and a folder as arguments."""
    hang_seconds: float = HANG_SECONDS
    per_worker: int = 5000
    """Inputs that one process gets: its memory is held to what it had at their start."""
    progress: Callable[[str, int], None] | None = None

    @property
    def last(self) -> int:
        """Number after that of the last input."""
        return self.first + self.n


def throw(series: Series) -> Tally:
    """Run workers one after the other until all inputs are done."""
    tally, start, nxt = Tally(), time.monotonic(), series.first
    with tempfile.TemporaryDirectory(prefix="mindseye-fuzz-") as folder:
        # A real file, so that opening it succeeds and is seen.
        (Path(folder) / CANARY).write_text("<mujoco/>", encoding="utf-8")
        while nxt < series.last:
            nxt = _one_worker(series, nxt, folder, tally)
    tally.seconds = time.monotonic() - start
    return tally


def _one_worker(series: Series, nxt: int, folder: str, tally: Tally) -> int:
    """Read what one worker does until it ends, dies or hangs; return the next input's number."""
    last = min(series.last, nxt + series.per_worker)
    arguments = [series.target, str(series.seed), str(nxt), str(last), folder]
    with subprocess.Popen(
        [*series.command, *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as worker:
        assert worker.stdout is not None
        lines = _Lines(worker.stdout)
        if lines.next(START_SECONDS) is None:
            worker.kill()
            raise MindseyeError(f"the fuzz worker for {series.target} does not start")
        while nxt < last:
            line = lines.next(series.hang_seconds)
            if line is None:
                worker.kill()
                ended = "crash" if lines.ended else "hang"
                detail = "the process died" if lines.ended else "no answer in time"
                tally.add({"index": nxt, "ended": ended, "detail": detail})
                return nxt + 1
            row = json.loads(line)
            tally.add(row)
            nxt = int(row["index"]) + 1
            if series.progress is not None and (nxt - series.first) % 1000 == 0:
                series.progress(series.target, nxt - series.first)
            if row["ended"] == "memory":
                # It has stopped by itself: the next one measures from the start again.
                return nxt
    return nxt


class _Lines:
    """Lines of a pipe, each waited for at most so long."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.rest, self.ended = stream, b"", False

    def next(self, seconds: float) -> bytes | None:
        """Return the next line, or None when it is late or there is none."""
        until = time.monotonic() + seconds
        while b"\n" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.stream], [], [], left)[0]:
                return None
            part = self.stream.read1(65536)  # type: ignore[attr-defined]
            if not part:
                self.ended = True
                return None
            self.rest += part
        line, _, self.rest = self.rest.partition(b"\n")
        return line


def _explore(target: str, n: int, seed: int) -> Tally:
    """Let atheris run; it ends the process at the first thing that is wrong."""
    tally, start = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mindseye-fuzz-") as folder:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "mindseye.eval.fuzz_coverage", target, folder,
             f"-runs={n}", f"-seed={seed + 1}", "-max_len=24000", "-timeout=20",
             "-rss_limit_mb=2048", "-verbosity=0", f"-artifact_prefix={folder}/"],
            capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
    tally.seconds = time.monotonic() - start
    if done.returncode == 0:
        tally.ended["refused"] = n
    else:
        # What libFuzzer ends with: 70 at a timeout, 71 out of memory, 77 at a crash.
        ended = {70: "hang", 71: "memory"}.get(done.returncode, "crash")
        tally.add({"index": -1, "ended": ended, "detail": done.stderr[-1500:]})
    return tally
