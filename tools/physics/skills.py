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
Rows = NDArray[np.int64]
"""Which pushes are meant."""

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


# As plain numbers: a member looked up of the enumeration costs as much as the arithmetic.
_TRAVEL, _LOWER, _PUSH, _RAISE, _SETTLE, _DONE = map(int, Phase)


class PushController:
    """Drives N pushes; `act` is called ten times a second with what is known.

    All pushes in one phase are driven by the same few array operations: between two batches of
    simulation steps one by one they would cost a sixth of the time of the simulation itself.
    """

    def __init__(self, pushes: Sequence[Push]) -> None:
        self.pushes = tuple(pushes)
        n = len(pushes)
        self.phase = np.full(n, Phase.TRAVEL)
        self.leg = np.zeros(n, dtype=int)
        self.tries = np.zeros(n, dtype=int)
        self.ticks = np.zeros(n, dtype=int)
        self.heading: Array = np.zeros((n, 2))
        self.paths = [np.array([*p.via, p.target], dtype=float) for p in pushes]
        self.aim: Array = np.array([path[0] for path in self.paths]).reshape(n, 2)
        """`[N, 2]` where the leg under way ends, metres."""
        self.speed = np.array([p.speed for p in pushes])

    @property
    def done(self) -> NDArray[np.bool_]:
        """`[N]`: which pushes have ended."""
        return np.asarray(self.phase == _DONE)

    def act(self, subject: Array, pusher: Array) -> Array:
        """Return `[N, 3]` actions `[dx, dy, lift]` in [-1, 1].

        Args:
          subject: `[N, 2]` places of the pushed objects, metres; NaN when it is gone.
          pusher: `[N, 3]`, metres.
        """
        gone = np.isnan(subject)
        if gone.any():
            self._enter(gone.any(axis=1) & (self.phase < _RAISE), _RAISE)
        self.ticks += 1
        actions: Array = np.zeros((len(self.pushes), 3))
        actions[:, 2] = 1.0
        phase = self.phase.copy()
        for number, drive in (
            (_TRAVEL, self._travel), (_LOWER, self._lower), (_PUSH, self._push),
            (_RAISE, self._raise),
        ):  # fmt: skip
            rows = (phase == number).nonzero()[0]
            if len(rows):
                actions[rows] = drive(rows, subject[rows], pusher[rows])
        # Back off while things come to rest, so that the pusher hides nothing.
        rows = (phase >= _SETTLE).nonzero()[0]
        if len(rows):
            actions[rows, :2] = -self.heading[rows]
            self._enter((phase == _SETTLE) & (self.ticks >= SETTLE_TICKS), _DONE)
        return within(actions, -1.0, 1.0)

    def _enter(self, rows: Rows | NDArray[np.bool_] | int, phase: int) -> None:
        self.phase[rows], self.ticks[rows] = phase, 0

    def _travel(self, rows: Rows, subject: Array, pusher: Array) -> Array:
        ahead = self.aim[rows] - subject
        distance = _length(ahead)
        there = distance < ARRIVED
        self._finish_legs(rows[there])
        # The bound keeps from dividing by nothing; it changes none that is used.
        heading = ahead / np.maximum(distance, ARRIVED)[:, None]
        self.heading[rows[~there]] = heading[~there]
        spot = within(subject - heading * BEHIND, -PUSHER_REACH, PUSHER_REACH)
        gap = spot - pusher[:, :2]
        behind = ~there & (_length(gap) < 0.006)
        self._enter(rows[behind], _LOWER)
        aloft = ~there & ~behind & (pusher[:, 2] >= PUSHER_UP - 0.03)
        return _actions(aloft, _limited(gap, STEP) / STEP, np.where(behind, -1.0, 1.0))

    def _lower(self, rows: Rows, subject: Array, pusher: Array) -> Array:
        down = pusher[:, 2] < PUSHER_DOWN + 0.015
        # It came down on something: from this side the push cannot be done.
        stuck = ~down & (self.ticks[rows] > LOWER_TICKS)
        self._enter(rows[down], _PUSH)
        self._enter(rows[stuck], _RAISE)
        return np.array([0.0, 0.0, -1.0])

    def _raise(self, rows: Rows, subject: Array, pusher: Array) -> Array:
        self._enter(rows[pusher[:, 2] > PUSHER_UP - 0.03], _SETTLE)
        return np.array([0.0, 0.0, 1.0])

    def _finish_legs(self, rows: Rows) -> None:
        for i in rows:
            if self.leg[i] + 1 < len(self.paths[i]):
                self.leg[i] += 1
                self.aim[i] = self.paths[i][self.leg[i]]
                self.tries[i] = 0
                self._enter(i, _TRAVEL)
            else:
                self._enter(i, _RAISE)

    def _push(self, rows: Rows, subject: Array, pusher: Array) -> Array:
        ahead = self.aim[rows] - subject
        distance = _length(ahead)
        passed = np.vecdot(ahead, self.heading[rows]) <= 0.0
        over = (distance < ARRIVED) | passed | (self.ticks[rows] > PUSH_TICKS)
        self._finish_legs(rows[over])
        direction = ahead / np.maximum(distance, ARRIVED)[:, None]
        to_subject = subject - pusher[:, :2]
        along = np.vecdot(to_subject, direction)
        lateral = to_subject - direction * along[:, None]
        slipped = ~over & ((_length(lateral) > LATERAL_MAX) | (along < 0))
        self._go_round(rows[slipped])
        forward = np.minimum(self.speed[rows] * 0.1, distance + 0.004)
        steer = lateral * (STEER * forward / STEP)[:, None]
        way = _limited(direction * forward[:, None] + steer, STEP) / STEP
        pushing = ~over & ~slipped
        return _actions(pushing, way, np.where(pushing, -1.0, 1.0))

    def _go_round(self, rows: Rows) -> None:
        self.tries[rows] += 1
        self._enter(rows, _TRAVEL)
        self._enter(rows[self.tries[rows] >= TRIES], _RAISE)


def within(values: Array, low: Array | float, high: Array | float) -> Array:
    """Return what `np.clip` does, in a quarter of its time where the array is small."""
    bounded: Array = np.minimum(np.maximum(values, low), high)
    return bounded


def _actions(moving: NDArray[np.bool_], way: Array, lift: Array) -> Array:
    """Return `[K, 3]`: those that move go their `[K, 2]` way, all rise or sink."""
    actions: Array = np.empty((len(way), 3))
    actions[:, :2] = np.where(moving[:, None], way, 0.0)
    actions[:, 2] = lift
    return actions


def _length(vectors: Array) -> Array:
    """Return `[K]` lengths of `[K, 2]`, each to the last bit what `np.linalg.norm` says of it."""
    length: Array = np.sqrt(np.vecdot(vectors, vectors))
    return length


def _limited(vectors: Array, longest: float) -> Array:
    limited: Array = vectors * (longest / np.maximum(_length(vectors), longest))[:, None]
    return limited


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
