"""The process that hostile inputs are thrown at: one line on standard output for each.

Started by `mindseye.eval.fuzz`, which notices when it dies or falls silent. While an
input is being worked on, Python's audit hook counts every file, socket and process
that is opened, and inotify (on Linux) watches the folder that hostile inputs name,
which is also where the simulation stands: what C code opens there is seen too.
"""

import ctypes
import json
import math
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Protocol

from mindseye.eval.hostile import Target, hostile, valid
from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.lab import Finding, investigate
from mindseye.tools.physics.lab.program import parse_program
from mindseye.tools.physics.mjcf.parse import Limits, parse_mjcf
from mindseye.tools.physics.mjcf.sandbox import Sandbox, SimulationDied, SimulationStopped

SLOW_PARSE = 1.0
"""Seconds of processor time in which a parser must have answered."""
SLOW_LAB = 3.0
"""Seconds of processor time in which a program must have been simulated, variants and all."""
MEGABYTES = 64
"""The process may grow by this much."""
SIMULATED = 0.05
"""Seconds that an accepted scene is simulated for."""
CANARY = "canary.xml"

_WATCHED = ("open", "socket", "subprocess", "ctypes", "shutil", "glob", "tempfile", "urllib",
            "os.exec", "os.fork", "os.spawn", "os.posix_spawn", "os.system", "os.listdir",
            "os.scandir", "os.remove", "os.rename", "os.mkdir", "os.link",
            "os.symlink")  # fmt: skip


class FileWatch:
    """Counts what is opened: by Python anywhere, by anybody in one folder."""

    def __init__(self, folder: Path) -> None:
        self.armed = False
        self.events: list[str] = []
        self.inotify = self._watch(folder)
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.armed and event.startswith(_WATCHED):
            self.events.append(f"{event} {arguments!r}"[:200])

    def _watch(self, folder: Path) -> int | None:
        if not sys.platform.startswith("linux"):
            return None
        libc = ctypes.CDLL(None, use_errno=True)
        queue = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        # Access, modify, open, create, delete.
        mask = 0x1 | 0x2 | 0x20 | 0x100 | 0x200
        if queue < 0 or libc.inotify_add_watch(queue, os.fsencode(folder), mask) < 0:
            raise OSError(ctypes.get_errno(), "inotify does not work here")
        return int(queue)

    def seen(self) -> list[str]:
        """Return what was opened since the last call."""
        found, self.events = self.events, []
        if self.inotify is not None:
            try:
                found.append(f"inotify: {os.read(self.inotify, 4096)[16:80]!r}")
            except BlockingIOError:
                return found
        return found


class Victim(Protocol):
    """What inputs are thrown at."""

    def __call__(self, text: str) -> str:
        """Return how it ended: refused, accepted, stopped; raise on what must not be."""
        ...


class MjcfVictim:
    """Parses MJCF, and simulates what is let in."""

    def __init__(self, folder: Path) -> None:
        self.canary = str(folder)
        self.limits = Limits(wall=2.0)
        self.sandbox = Sandbox(self.limits, folder=str(folder))
        self.sandbox.warm()

    def __call__(self, text: str) -> str:
        """Parse and simulate."""
        started = time.process_time()
        try:
            mjcf = parse_mjcf(text, self.limits)
        except ToolError:
            return "refused" if time.process_time() - started < SLOW_PARSE else "hang"
        if time.process_time() - started > SLOW_PARSE:
            return "hang"
        if self.canary in mjcf.xml:
            raise AssertionError("the parser let a path through")
        try:
            done = self.sandbox.run(mjcf, SIMULATED)
        except SimulationStopped:
            return "stopped"
        except SimulationDied:
            raise
        except ToolError:
            return "not simulated"
        return "accepted" if done.megabytes <= self.limits.memory else "memory"


class ProgramVictim:
    """Parses scene programs; what is let in must read back as the same, and is simulated."""

    def __call__(self, text: str) -> str:
        """Parse, write, parse again, simulate."""
        started = time.process_time()
        try:
            program = parse_program(text)
        except ToolError:
            return "refused" if time.process_time() - started < SLOW_PARSE else "hang"
        written = program.text()
        if (again := parse_program(written).text()) != written:
            raise AssertionError(f"{written} reads back as {again}")
        if time.process_time() - started > SLOW_PARSE:
            return "hang"
        try:
            ended = "accepted" if _makes_sense(investigate(program)) else "crash"
        except ToolError:
            ended = "not simulated"
        return ended if time.process_time() - started < SLOW_LAB else "hang"


def _makes_sense(found: Finding) -> bool:
    """Say whether a finding is something to tell: numbers in it, one line of words."""
    values = [found.verdict.confidence, found.verdict.margin, found.verdict.spread]
    values += [x for m in found.measurements for x in (m.value, m.spread)]
    one_line = len(found.hint.split("\n")) == 1
    return one_line and not any(map(math.isnan, values)) and 0 <= found.verdict.confidence <= 1


def victim(target: Target, folder: Path) -> Victim:
    """Return what inputs for `target` are thrown at, having seen valid ones already."""
    made: Victim = MjcfVictim(folder) if target == "mjcf" else ProgramVictim()
    for text in valid(target):
        if (ended := made(text)) != "accepted":
            raise AssertionError(f"a valid {target} was not accepted but {ended}: {text}")
    return made


def attack(made: Victim, watch: FileWatch, text: str) -> dict[str, Any]:
    """Return how one input ended, and what is wrong with that if anything is."""
    watch.seen()
    watch.armed = True
    try:
        row: dict[str, Any] = {"ended": made(text)}
    except Exception:
        # Whatever comes out here is the finding itself. Writing it down opens the source.
        watch.armed = False
        row = {"ended": "crash", "detail": traceback.format_exc()[-1500:]}
    watch.armed = False
    if opened := watch.seen():
        row |= {"ended": "file", "detail": "; ".join(opened)[:500]}
    return row


def main(target: Target, seed: int, first: int, last: int, folder: Path) -> None:
    """Throw the inputs `first` to `last` (without it); stop early when memory has grown."""
    out = sys.stdout
    # Whatever C code writes where it stands is seen then.
    os.chdir(folder)
    made = victim(target, folder)
    watch = FileWatch(folder)
    canary = str(folder / CANARY)
    for k in range(50):
        attack(made, watch, hostile(target, seed + 1, k, canary))
    # MuJoCo warns of what is unstable; the lab refuses it in words of its own.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    bound = _peak() + MEGABYTES
    out.write('{"ready": true}\n')
    out.flush()
    for index in range(first, last):
        row = attack(made, watch, hostile(target, seed, index, canary))
        grown = _peak() > bound
        if grown:
            row |= {"ended": "memory", "detail": f"peak {_peak():.0f} MB, bound {bound:.0f} MB"}
        out.write(json.dumps({"index": index, **row}) + "\n")
        out.flush()
        if grown:
            return


def _peak() -> float:
    """Return the most memory this process ever held, megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    which: Target = "mjcf" if sys.argv[1] == "mjcf" else "program"
    main(which, int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
