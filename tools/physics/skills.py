"""The push skill as a closed-loop controller, for many pushes at once.

The same controller drives every simulated candidate and the pusher in the
world; there it is fed with places that vision read. It sees the subject's place
and the pusher's, nothing else.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.goals import OBJECT_RADIUS, Layout
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_RADIUS, PUSHER_REACH, PUSHER_UP
from mindseye.tools.subgoals import Manner, Subgoal
from mindseye.tools.values import Point, Push

Array = NDArray[np.float64]

SPEED: dict[Manner, float] = {"straight": 0.2, "slow": 0.08, "around": 0.12}
"""Pusher speed by manner, metres a second."""
STEP = 0.03
"""Metres the pusher may go in one action."""
LIFT_STEP = 0.04
"""Metres it may rise or sink in one action."""
BEHIND = OBJECT_RADIUS + PUSHER_RADIUS + 0.022
"""Where the pusher comes down, metres behind the object's centre."""
ARRIVED = 0.008
"""The object counts as there, metres."""
LATERAL_MAX = 0.032
"""Pusher this far beside the line through the object: it slipped off, go round again, metres."""
STEER = 1.0
"""Share of the sideways error that is corrected while going one full step forward."""
TRIES = 4
LOWER_TICKS = 8
PUSH_TICKS = 80
SETTLE_TICKS = 5


class Phase(IntEnum):
    """What the pusher is doing."""

    TRAVEL = 0
    LOWER = 1
    PUSH = 2
    RAISE = 3
    SETTLE = 4
    DONE = 5


class PushController:
    """Drives N pushes; `act` is called ten times a second with what is known."""

    def __init__(self, pushes: Sequence[Push]) -> None:
        self.pushes = tuple(pushes)
        n = len(pushes)
        self.phase = np.full(n, Phase.TRAVEL)
        self.leg = np.zeros(n, dtype=int)
        self.tries = np.zeros(n, dtype=int)
        self.ticks = np.zeros(n, dtype=int)
        self.heading: Array = np.zeros((n, 2))
        self.paths = [np.array([*p.via, p.target], dtype=float) for p in pushes]
        self.speed = np.array([p.speed for p in pushes])

    @property
    def done(self) -> NDArray[np.bool_]:
        """`[N]`: which pushes have ended."""
        return np.asarray(self.phase == Phase.DONE)

    def act(self, subject: Array, pusher: Array) -> Array:
        """Return `[N, 3]` actions `[dx, dy, lift]` in [-1, 1].

        Args:
          subject: `[N, 2]` places of the pushed objects, metres; NaN when it is gone.
          pusher: `[N, 3]`, metres.
        """
        actions: Array = np.zeros((len(self.pushes), 3))
        for i in range(len(self.pushes)):
            actions[i] = self._act(i, subject[i], pusher[i])
        return np.clip(actions, -1.0, 1.0)

    def _act(self, i: int, subject: Array, pusher: Array) -> Array:
        if np.isnan(subject).any() and self.phase[i] < Phase.RAISE:
            self._enter(i, Phase.RAISE)
        self.ticks[i] += 1
        phase = self.phase[i]
        if phase == Phase.TRAVEL:
            return self._travel(i, subject, pusher)
        if phase == Phase.LOWER:
            if pusher[2] < PUSHER_DOWN + 0.015:
                self._enter(i, Phase.PUSH)
            elif self.ticks[i] > LOWER_TICKS:
                # It came down on something: from this side the push cannot be done.
                self._enter(i, Phase.RAISE)
            return np.array([0.0, 0.0, -1.0])
        if phase == Phase.PUSH:
            return self._push(i, subject, pusher)
        if phase == Phase.RAISE:
            if pusher[2] > PUSHER_UP - 0.03:
                self._enter(i, Phase.SETTLE)
            return np.array([0.0, 0.0, 1.0])
        if phase == Phase.SETTLE and self.ticks[i] >= SETTLE_TICKS:
            self._enter(i, Phase.DONE)
        # Back off while things come to rest, so that the pusher hides nothing.
        return np.array([*-self.heading[i], 1.0])

    def _enter(self, i: int, phase: Phase) -> None:
        self.phase[i], self.ticks[i] = phase, 0

    def _travel(self, i: int, subject: Array, pusher: Array) -> Array:
        ahead = self.paths[i][self.leg[i]] - subject
        distance = float(np.linalg.norm(ahead))
        if distance < ARRIVED:
            self._finish_leg(i)
            return np.array([0.0, 0.0, 1.0])
        self.heading[i] = ahead / distance
        spot = np.clip(subject - self.heading[i] * BEHIND, -PUSHER_REACH, PUSHER_REACH)
        gap = spot - pusher[:2]
        if np.linalg.norm(gap) < 0.006:
            self._enter(i, Phase.LOWER)
            return np.array([0.0, 0.0, -1.0])
        if pusher[2] < PUSHER_UP - 0.03:
            return np.array([0.0, 0.0, 1.0])
        return np.array([*_limited(gap, STEP) / STEP, 1.0])

    def _finish_leg(self, i: int) -> None:
        if self.leg[i] + 1 < len(self.paths[i]):
            self.leg[i] += 1
            self.tries[i] = 0
            self._enter(i, Phase.TRAVEL)
        else:
            self._enter(i, Phase.RAISE)

    def _push(self, i: int, subject: Array, pusher: Array) -> Array:
        ahead = self.paths[i][self.leg[i]] - subject
        distance = float(np.linalg.norm(ahead))
        passed = float(ahead @ self.heading[i]) <= 0.0
        if distance < ARRIVED or passed or self.ticks[i] > PUSH_TICKS:
            self._finish_leg(i)
            return np.array([0.0, 0.0, 1.0])
        direction = ahead / distance
        to_subject = subject - pusher[:2]
        lateral = to_subject - direction * float(to_subject @ direction)
        slipped = np.linalg.norm(lateral) > LATERAL_MAX or to_subject @ direction < 0
        if slipped:
            self.tries[i] += 1
            if self.tries[i] >= TRIES:
                self._enter(i, Phase.RAISE)
            else:
                self._enter(i, Phase.TRAVEL)
            return np.array([0.0, 0.0, 1.0])
        forward = min(self.speed[i] * 0.1, distance + 0.004)
        steer = lateral * (STEER * forward / STEP)
        return np.array([*_limited(direction * forward + steer, STEP) / STEP, -1.0])


def _limited(vector: Array, longest: float) -> Array:
    length = float(np.linalg.norm(vector))
    return vector if length <= longest else vector * (longest / length)


def detour(start: Point, target: Point, blockers: Sequence[Point]) -> tuple[Point, ...]:
    """Return a via point that leads round the first thing in the way, or nothing.

    A push needs a lane as wide as the object and the pusher behind it.
    """
    a, b = np.array(start), np.array(target)
    length = float(np.linalg.norm(b - a))
    if length < 1e-6:
        return ()
    u = (b - a) / length
    side = np.array([-u[1], u[0]])
    lane = 2 * OBJECT_RADIUS + 0.008
    for blocker in sorted(blockers, key=lambda p: float((np.array(p) - a) @ u)):
        rel = np.array(blocker) - a
        along, across = float(rel @ u), float(rel @ side)
        if 0.0 < along < length + OBJECT_RADIUS and abs(across) < lane:
            away = -1.0 if across > 0 else 1.0
            corner = np.array(blocker) + side * away * (lane + 0.02)
            edge = 0.27
            return ((float(np.clip(corner[0], -edge, edge)),
                     float(np.clip(corner[1], -edge, edge))),)  # fmt: skip
    return ()


def push_for(subgoal: Subgoal, target: Point, layout: Layout) -> Push | None:
    """Return the push that carries a subgoal out, or None if its manner does not apply.

    A way `around` exists only where something stands in the way.

    Raises:
      KeyError: the layout lacks the object that is to move.
    """
    start = layout[subgoal.move]
    via: tuple[Point, ...] = ()
    if subgoal.manner == "around":
        via = detour(start, target, [p for n, p in layout.items() if n != subgoal.move])
        if not via:
            return None
    return Push(subject=subgoal.move, target=target, speed=SPEED[subgoal.manner], via=via)
