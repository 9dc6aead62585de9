"""What the workers of `test_spread.py` do: light, as each is a process of its own."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from mindseye.tools.errors import BadInput


def start() -> int:
    """Return the worker's process."""
    return os.getpid()


def refuse_to_start() -> None:
    """Fail as a model fails that is not there."""
    raise BadInput("there is no such model")


def square(process: int, x: int) -> int:
    """Return the square."""
    return x * x


def die_first(process: int, given: tuple[Path, int]) -> int:
    """Return the square; whoever is first to come upon 3 is killed there."""
    folder, x = given
    with (folder / f"begun-{x}-{process}").open("w"):
        pass
    if x == 3:
        try:
            (folder / "killed").touch(exist_ok=False)
        except FileExistsError:
            return x * x
        os.kill(process, signal.SIGKILL)
    return x * x


def die_at_two(process: int, x: int) -> int:
    """Return the square, but never survive 2."""
    if x == 2:
        os.kill(process, signal.SIGKILL)
    return x * x


def stand_at_two(process: int, given: tuple[Path, int]) -> int:
    """Return the square; at 2, note who is at it, and do not come back the first time."""
    folder, x = given
    if x == 2:
        seen = folder / "at-two"
        if not seen.exists():
            (folder / "part").write_text(str(process))
            (folder / "part").rename(seen)
            time.sleep(600)
    return x * x


def sleep(process: int, folder: Path) -> None:
    """Note the process and do not come back."""
    (folder / f"asleep-{process}").touch()
    time.sleep(600)


def raise_bad_input(process: int, x: int) -> Any:
    """Raise."""
    raise BadInput(f"{x} is no good")
