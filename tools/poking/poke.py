"""A poke: the push skill done at a place of the table, whatever lies there, if anything.

Where a push is told a thing and follows it with the eyes, a poke is told where, which way and
how far, and looks at nothing on the way (Agrawal et al., 2016).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.physics.scene import PUSHER_RADIUS
from mindseye.tools.physics.skills import PushController
from mindseye.tools.values import Point, Push

Array = NDArray[np.float64]

SHORTEST, LONGEST = 0.03, 0.12
"""Length of a poke, metres."""
NEAR = 0.8
"""Share of random pokes that go for a thing; the others go anywhere."""
BESIDE = 0.015
"""Standard deviation of how far beside its middle those go, metres."""
HALF_THING = 0.026
"""From the middle of most things to their side, metres."""


@dataclass(frozen=True, kw_only=True)
class Poke:
    """Come down behind `place`, go on as if a thing stood there that is to go `length` on."""

    place: Point
    """Metres."""
    angle: float
    """Which way, radians from the x axis."""
    length: float
    """Metres."""

    @property
    def target(self) -> Point:
        """Where a thing whose middle is at `place` would go, metres."""
        x, y = self.place
        return x + self.length * math.cos(self.angle), y + self.length * math.sin(self.angle)

    def array(self) -> Array:
        """Return `[4]`: x and y in metres, angle in radians in [-pi, pi), length in metres."""
        turned = (self.angle + math.pi) % (2 * math.pi) - math.pi
        return np.array([*self.place, turned, self.length])

    @classmethod
    def of(cls, array: Sequence[float] | Array) -> Self:
        """Return the poke of `[4]` such numbers."""
        x, y, angle, length = (float(value) for value in array)
        return cls(place=(x, y), angle=angle, length=length)


@final
class PokeController:
    """Drives N pokes with the push skill; a `Controller` of a batch of simulations.

    The skill follows a thing, so it is shown one that always gives way: it stands at the poke's
    place until the pusher reaches it, and goes ahead of the pusher in a straight line from there.
    """

    def __init__(self, pokes: Sequence[Poke]) -> None:
        """Set up."""
        self._skill = PushController([Push(subject="", target=p.target) for p in pokes])
        self._place: Array = np.array([p.place for p in pokes], dtype=float)
        angles = np.array([p.angle for p in pokes])
        self._way: Array = np.stack([np.cos(angles), np.sin(angles)], axis=1)

    @property
    def phase(self) -> NDArray[np.int64]:
        """`[N]`: see `PushController`."""
        return self._skill.phase

    @property
    def done(self) -> NDArray[np.bool_]:
        """`[N]`: which pokes have ended."""
        return self._skill.done

    def act(self, subject: Array, pusher: Array) -> Array:
        """Return `[N, 3]` actions `[dx, dy, lift]` in [-1, 1].

        Args:
          subject: not looked at.
          pusher: `[N, 3]`, metres.
        """
        along = ((pusher[:, :2] - self._place) * self._way).sum(axis=1)
        given = np.maximum(along + HALF_THING + PUSHER_RADIUS, 0.0)
        return self._skill.act(self._place + given[:, None] * self._way, pusher)


def random_poke(rng: np.random.Generator, things: Sequence[Point]) -> Poke:
    """Return a poke that most often goes for one of the things, in any direction.

    Args:
      rng: the only source of chance.
      things: places of what lies on the table, metres.
    """
    half = TABLE_HALF - HALF_THING
    if things and rng.random() < NEAR:
        x, y = np.array(things[int(rng.integers(len(things)))]) + rng.normal(0.0, BESIDE, 2)
    else:
        x, y = rng.uniform(-half, half, 2)
    x, y = np.clip([x, y], -TABLE_HALF, TABLE_HALF)
    angle = rng.uniform(-math.pi, math.pi)
    length = rng.uniform(SHORTEST, LONGEST)
    return Poke(place=(float(x), float(y)), angle=float(angle), length=float(length))
