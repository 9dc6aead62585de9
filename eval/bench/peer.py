"""A contender in a process of its own: for what is chosen once a process, as GL and threads are."""

import contextlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Self

from mindseye.tools.errors import Unavailable


class PeerProcess:
    """A module of this folder that says "ready", then answers each line with a line."""

    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str], quiet: bool = False
    ) -> None:
        """Start it and wait until it is ready or has ended.

        Args:
          module: its name in this folder.
          arguments: its command line.
          environment: all of its environment.
          quiet: hide what it writes to standard error.
        """
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"mindseye.eval.bench.{module}", *arguments],
            env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
        )  # fmt: skip
        self.ready = self._line() == "ready\n"
        """Whether it can do its work."""

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def ask(self, line: str) -> str:
        """Return its answer to a line.

        Raises:
          Unavailable: it has ended.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # Then no answer comes.
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        answer = self._line()
        if not answer:
            raise Unavailable(f"the process of {self._module} ended; why may stand above")
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
