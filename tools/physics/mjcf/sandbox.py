"""Simulates MJCF text that a model wrote: checked, then run in a process that can be killed."""

import contextlib
import math
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mindseye.tools.errors import MindseyeError, ToolError, Unavailable
from mindseye.tools.physics.mjcf.parse import Limits, Mjcf, parse_mjcf

if TYPE_CHECKING:
    from mindseye.tools.physics.mjcf.motion import Motion

START_SECONDS = 60.0
"""Longest wait for the process to load MuJoCo, beyond the limit of the simulation."""
MOST_ROWS = 2000
LARGEST_PICTURE = 512

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV",
         "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # fmt: skip
"""The child gets these of the environment and nothing else: keys of endpoints stay here."""


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """One simulation and what it cost."""

    motion: "Motion"
    seconds: float
    """Of wall time, in the child."""
    megabytes: float
    """The child's peak above what it started with."""


class SimulationStopped(ToolError):
    """The child met its limit of time or memory and was stopped: the bound held."""


class SimulationDied(ToolError):
    """The child died of something else."""


class Sandbox:
    """Holds the process that forks a child for each simulation. Threads may share it.

    The process starts at the first use and ends with `close`, or when this process ends.
    """

    def __init__(self, limits: Limits | None = None, folder: str = os.sep) -> None:
        """Set up.

        Args:
          limits: how much a model may ask for.
          folder: where the process stands; it neither reads nor writes there.
        """
        self.limits = limits or Limits()
        self.folder = folder
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def simulate(
        self, text: str, seconds: float = 3.0, *, rate: float = 100.0, picture: int = 0
    ) -> Simulated:
        """Check and simulate MJCF text.

        The first `<key>`, when there is one, is the state at the beginning.

        Args:
          text: what a model wrote; anything at all.
          seconds: simulated time.
          rate: rows recorded per simulated second.
          picture: side of the clip's frames in pixels, 0 for none.

        Raises:
          ToolError: it is not allowed, does not compile, is unstable, or met a limit
            (`SimulationStopped`, `SimulationDied` when the child did not live to answer).
          Unavailable: the process cannot be started.
        """
        return self.run(parse_mjcf(text, self.limits), seconds, rate=rate, picture=picture)

    def run(
        self, mjcf: Mjcf, seconds: float = 3.0, *, rate: float = 100.0, picture: int = 0
    ) -> Simulated:
        """Simulate checked MJCF; see `simulate`."""
        limits = self.limits
        if not (math.isfinite(seconds) and 0 < seconds <= limits.seconds):
            raise ToolError(
                f"cannot simulate {seconds:g} s; more than 0 and at most {limits.seconds:g} s"
            )
        if seconds / mjcf.timestep > limits.steps:
            raise ToolError(
                f"{seconds:g} s in steps of {mjcf.timestep:g} s are more than {limits.steps} "
                "steps: take a larger timestep or less time"
            )
        if not 0 < seconds * rate <= MOST_ROWS or not 0 <= picture <= LARGEST_PICTURE:
            raise ToolError(
                f"at most {MOST_ROWS} rows and pictures of {LARGEST_PICTURE} pixels can be recorded"
            )
        request = {
            "xml": mjcf.xml, "seconds": seconds, "rate": rate, "picture": picture,
            "steps": limits.steps, "total_mass": limits.total_mass, "wall": limits.wall,
            "memory": limits.memory,
        }  # fmt: skip
        with self.lock:
            head, body = self._ask(request)
        return self._read(head, body)

    def _read(self, head: dict[str, Any], body: bytes) -> Simulated:
        from mindseye.tools.physics.mjcf.child import unpack

        match head["status"]:
            case "done":
                return Simulated(
                    motion=unpack(head, body), seconds=head["seconds"], megabytes=head["megabytes"]
                )
            case "refused":
                raise ToolError(str(head["why"])[:500])
            case "killed":
                raise SimulationStopped(
                    f"the simulation took longer than {self.limits.wall:g} s and was stopped: "
                    "take fewer geoms or larger steps"
                )
            case "memory":
                raise SimulationStopped(
                    f"the simulation needs more than {self.limits.memory} MB: take fewer geoms"
                )
            case "crashed":
                raise SimulationDied(
                    f"the simulation died (signal {head['signal']}): write the scene more simply"
                )
            case _:
                raise MindseyeError(f"a mistake in the simulation process: {head.get('why')}")

    def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        from mindseye.tools.physics.mjcf.child import read_frame, write_frame

        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            write_frame(process.stdin, request)
            wait = self.limits.wall + START_SECONDS
            if not select.select([process.stdout], [], [], wait)[0]:
                raise Unavailable(f"the simulation process did not answer within {wait:g} s")
            return read_frame(process.stdout)
        except (OSError, EOFError, ValueError) as error:
            self._end()
            raise Unavailable(f"the simulation process ended: {error}") from error
        except BaseException:
            # Interrupted half way: an answer that comes late would pass for the next one's.
            self._end()
            raise

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self._end()
            if os.name != "posix":
                raise Unavailable("MJCF text is simulated on Linux and macOS only")
            kept = {k: os.environ[k] for k in _KEPT if k in os.environ}
            threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            try:
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "mindseye.tools.physics.mjcf.child"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    cwd=self.folder, env=kept | threads | {"MUJOCO_GL": "disable"},
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise Unavailable(f"cannot start the simulation process: {error}") from error
        return self.process

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                # What was written half way cannot be sent any more.
                with contextlib.suppress(OSError):
                    pipe.close()

    def close(self) -> None:
        """End the process. Using the sandbox again starts another."""
        with self.lock:
            self._end()

    def warm(self) -> float:
        """Start the process now, so that the first simulation need not wait; return seconds."""
        start = time.perf_counter()
        self.simulate("<mujoco><worldbody><geom size='1'/></worldbody></mujoco>", 0.002)
        return time.perf_counter() - start
