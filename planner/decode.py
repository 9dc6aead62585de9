"""Action decoders: a chosen picture becomes motion of the pusher."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.physics.skills import Phase, PushController
from mindseye.tools.values import Decoded, Point, Push, SceneGraph

PATIENCE = 10
"""Looks without the subject after which it counts as gone."""
GLANCE_EVERY = 4
"""Looks on the way to the object come every so many actions."""
AHEAD = 0.07
"""What was this near to the pusher when it was hidden goes on with it, metres."""
_NOWHERE: Point = (float("nan"), float("nan"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """What a pusher has to go by."""

    look: Callable[[], SceneGraph]
    """Tells what is seen now; looking costs, so ask when it matters."""
    pusher: NDArray[np.float64]
    """`[3]` its place, metres."""


class ClosedLoopPush:
    """Pushes an object to a place, steering by what vision sees ten times a second.

    The place is the picture's: where the imagined object ended, or where
    geometry wants it. Goals of a push are far better commands than imagined
    pusher pixels, since errors on the way are seen and corrected.
    """

    def __init__(self) -> None:
        """Start idle."""
        self._push: Push | None = None
        self._controller = PushController([])
        self._last: Point | None = None
        self._beside: NDArray[np.float64] = np.zeros(2)
        """`[2]` where the pusher was when it was seen last, metres."""
        self._unseen = 0

    def decode(self, wanted: Push, now: Sight) -> Decoded | None:
        """Return the next action `[dx, dy, lift]` in [-1, 1], or None when the push is done.

        Args:
          wanted: what to do; another object than last time begins a new push.
          now: looked at only when the subject may have moved.
        """
        if wanted is not self._push:
            self._push, self._controller = wanted, PushController([wanted])
            self._last, self._unseen = None, 0
        fresh = self._must_look()
        place = self._locate(wanted.subject, now) if fresh else self._last or _NOWHERE
        action = self._controller.act(
            np.array([place], dtype=float), np.asarray(now.pusher, dtype=float)[None]
        )[0]
        if self._controller.done[0]:
            self._push = None
            return None
        return Decoded(actions=(action.astype(np.float32),))

    def _must_look(self) -> bool:
        """Say whether the subject may have moved since the last look."""
        phase, ticks = self._controller.phase[0], self._controller.ticks[0]
        travelling = phase == Phase.TRAVEL and ticks % GLANCE_EVERY == 0
        return self._last is None or phase == Phase.PUSH or bool(travelling)

    def _locate(self, name: str, now: Sight) -> Point:
        """Return the subject's place; what the pusher hides for a moment goes on along its line."""
        found, pusher = now.look().find(name), np.asarray(now.pusher[:2], dtype=float)
        if found is not None and max(map(abs, found.position)) <= TABLE_HALF + 0.01:
            self._last, self._beside, self._unseen = found.position, pusher, 0
            return found.position
        self._unseen += 1
        if self._last is None or self._unseen > PATIENCE:
            return _NOWHERE
        if self._controller.phase[0] == Phase.PUSH and math.dist(self._last, self._beside) < AHEAD:
            heading = self._controller.heading[0]
            went = float(max(0.0, heading @ (pusher - self._beside)))
            self._last = self._last[0] + went * heading[0], self._last[1] + went * heading[1]
            self._beside = pusher
        return self._last
