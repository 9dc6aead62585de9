"""Play without a goal: the pusher wanders among the things, lowered or lifted, at any speed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_REACH, PUSHER_UP
from mindseye.tools.physics.skills import LIFT_STEP, STEP

Array = NDArray[np.float64]

ARRIVED = 0.01
"""Metres."""
LONGEST = 25
"""Ticks after which it goes somewhere else."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Leg:
    """Where the pusher goes next."""

    place: Array
    """`[2]` metres."""
    height: float
    """Metres."""
    speed: float
    """Metres a tick."""


class PlayController:
    """Drives `n` pushers without a goal, each for as many ticks as it was given."""

    def __init__(self, rng: np.random.Generator, things: Array, ticks: Sequence[int]) -> None:
        """Set up.

        Args:
          rng: the only source of chance.
          things: `[N, 2]` places that are worth going to, metres.
          ticks: for how long each plays, tenths of a second.
        """
        self.rng, self.things = rng, things
        self.ticks, self.now = np.asarray(ticks), 0
        self.phase: NDArray[np.int64] = np.zeros(len(ticks), dtype=np.int64)
        self.legs = [self._leg() for _ in ticks]
        self.since = np.zeros(len(ticks), dtype=np.int64)

    @property
    def done(self) -> NDArray[np.bool_]:
        """`[n]`: which have played long enough."""
        return np.asarray(self.now >= self.ticks)

    def act(self, subject: Array, pusher: Array) -> Array:
        """Return `[n, 3]` actions; what is at `subject` does not matter to it."""
        self.now += 1
        actions = np.zeros((len(self.legs), 3))
        for i, leg in enumerate(self.legs):
            gap = leg.place - pusher[i, :2]
            self.since[i] += 1
            if np.linalg.norm(gap) < ARRIVED or self.since[i] > LONGEST:
                self.legs[i], self.since[i] = self._leg(), 0
            far = max(float(np.linalg.norm(gap)), 1e-9)
            actions[i, :2] = gap / far * min(leg.speed, far) / STEP
            actions[i, 2] = (leg.height - pusher[i, 2]) / LIFT_STEP
        actions[:, :2] += self.rng.normal(0, 0.1, (len(self.legs), 2))
        return np.clip(actions, -1.0, 1.0)

    def _leg(self) -> _Leg:
        rng, reach = self.rng, PUSHER_REACH - 0.05
        place = rng.uniform(-reach, reach, 2)
        if rng.random() < 0.7:
            place = self.things[rng.integers(len(self.things))] + rng.normal(0, 0.04, 2)
        return _Leg(
            place=np.clip(place, -reach, reach),
            height=PUSHER_DOWN if rng.random() < 0.75 else PUSHER_UP,
            speed=float(rng.uniform(0.004, 0.03)),
        )
