"""How things stand, on standard error: a bar in a terminal, elsewhere a line now and then."""

import sys
import time
from typing import Any

from mindseye.tools.spread.giving import Tally

EVERY = 15.0
"""Seconds between two lines."""


class View:
    """Progress and cost of all workers in one place; what `spread` calls with a tally."""

    def __init__(self, what: str, total: int, *, shown: bool = True) -> None:
        """Show nothing yet.

        Args:
          what: is made, such as "samples".
          total: how many.
          shown: False keeps quiet.
        """
        self.what, self.total, self.shown = what, total, shown
        self.tally = Tally()
        self._begun = time.monotonic()
        self._told = self._begun
        self._bar: Any = None
        if shown and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, desc=what)

    def __call__(self, tally: Tally) -> None:
        """Show a tally, or keep it for later."""
        self.tally = tally
        if self._bar is not None:
            self._bar.n = tally.done + tally.lost
            self._bar.set_postfix_str(self._standing())
        elif self.shown and time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            sys.stderr.write(self.line() + "\n")

    def _standing(self) -> str:
        t = self.tally
        told = f"{t.under_way} under way, {t.workers} workers up, {t.seconds:.0f} s of work"
        return told + f", {t.again} given again, {t.lost} lost" * bool(t.again or t.lost)

    def line(self) -> str:
        """Return all of it as one line."""
        t, passed = self.tally, time.monotonic() - self._begun
        ended = t.done + t.lost
        line = f"{self.what}: {ended}/{self.total} in {passed:.0f} s; {self._standing()}"
        if t.done:
            line += f", {t.seconds / t.done:.1f} s each"
        if 0 < ended < self.total:
            line += f"; about {passed / ended * (self.total - ended):.0f} s left"
        return line

    def spent(self) -> dict[str, Any]:
        """Return what it came to: seconds on the clock and of work, what was lost or done anew."""
        t = self.tally
        return {
            "seconds": time.monotonic() - self._begun, "seconds_of_work": t.seconds,
            "done": t.done, "given_again": t.again, "lost": t.lost,
        }  # fmt: skip

    def close(self) -> None:
        """Leave the last state standing."""
        if self._bar is not None:
            self._bar.close()
        elif self.shown:
            sys.stderr.write(self.line() + "\n")
