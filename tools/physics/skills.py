"""The push skill as a closed-loop controller, for many pushes at once.

The same controller drives every simulated candidate and the pusher in the
world; there it is fed with places that vision read. It sees the subject's place
and the pusher's, nothing else.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.goals import Layout
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_REACH, PUSHER_UP
from mindseye.tools.physics.steering import COASTS, Steering, length, within
from mindseye.tools.physics.ways import BEHIND, detour
from mindseye.tools.subgoals import Manner, Subgoal
from mindseye.tools.values import Point, Push

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
"""Which pushes are meant."""

SPEED: dict[Manner, float] = {"straight": 0.12, "slow": 0.08, "around": 0.1}
"""Pusher speed by manner, metres a second."""
STEP = 0.03
"""Metres the pusher may go in one action."""
LIFT_STEP = 0.04
"""Metres it may rise or sink in one action."""
ARRIVED = 0.008
"""The object counts as there, metres."""
NEARLY = 0.018
"""What it slipped off so near to its place, and lies still, is left there, metres: to go round
once more is to come down on a neighbour sooner than to bring it nearer."""
STILL = 0.004
"""A thing that is seen to go less far than this in an action lies still, metres: looks err."""
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
        self.seen: Array = np.full((n, 2), np.nan)
        """`[N, 2]` where each subject was an action ago, metres."""
        self.heading: Array = np.zeros((n, 2))
        self.paths = [np.array([*p.via, p.target], dtype=float) for p in pushes]
        self.legs = np.array([len(path) for path in self.paths], dtype=int)
        self.aim: Array = np.array([path[0] for path in self.paths]).reshape(n, 2)
        """`[N, 2]` where the leg under way ends, metres."""
        self.steering = Steering(pushes)
        self._drives = {
            _TRAVEL: self._travel, _LOWER: self._lower, _PUSH: self._push, _RAISE: self._raise,
        }  # fmt: skip

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
        actions: Array = np.empty((len(self.pushes), 3))
        # Back off while things come to rest, so that the pusher hides nothing.
        actions[:, :2], actions[:, 2] = -self.heading, 1.0
        phase = self.phase.copy()
        present = set(phase.tolist())
        for number in present & self._drives.keys():
            rows = (phase == number).nonzero()[0]
            actions[rows] = self._drives[number](rows, subject[rows], pusher[rows])
        if _SETTLE in present:
            self._enter((phase == _SETTLE) & (self.ticks >= SETTLE_TICKS), _DONE)
        self.seen = subject.copy()
        return within(actions, -1.0, 1.0)

    def _enter(self, rows: Rows | NDArray[np.bool_] | int, phase: int) -> None:
        self.phase[rows], self.ticks[rows] = phase, 0

    def _travel(self, rows: Rows, subject: Array, pusher: Array) -> Array:
        ahead = self.aim[rows] - subject
        distance = length(ahead)
        last = self.leg[rows] + 1 == self.legs[rows]
        still = length(subject - self.seen[rows]) < STILL
        left = (self.tries[rows] > 0) & last & still & (distance < NEARLY)
        there = (distance < ARRIVED) | left
        self._finish_legs(rows[there])
        # The bound keeps from dividing by nothing; it changes none that is used.
        heading = ahead / np.maximum(distance, ARRIVED)[:, None]
        self.heading[rows[~there]] = heading[~there]
        spot = within(subject - heading * BEHIND, -PUSHER_REACH, PUSHER_REACH)
        gap = spot - pusher[:, :2]
        behind = ~there & (length(gap) < 0.006)
        self._enter(rows[behind], _LOWER)
        aloft = ~there & ~behind & (pusher[:, 2] >= PUSHER_UP - 0.03)
        return _actions(aloft, _limited(gap, STEP) / STEP, np.where(behind, -1.0, 1.0))

    def _lower(self, rows: Rows, subject: Array, pusher: Array) -> Array:
        down = pusher[:, 2] < PUSHER_DOWN + 0.015
        # It came down on something: from this side the push cannot be done.
        stuck = ~down & (self.ticks[rows] > LOWER_TICKS)
        self._enter(rows[down], _PUSH)
        self.steering.begin(rows[down])
        self._enter(rows[stuck], _RAISE)
        return np.array([0.0, 0.0, -1.0])

    def _raise(self, rows: Rows, subject: Array, pusher: Array) -> Array:
        self._enter(rows[pusher[:, 2] > PUSHER_UP - 0.03], _SETTLE)
        return np.array([0.0, 0.0, 1.0])

    def _finish_legs(self, rows: Rows) -> None:
        for i in rows:
            if self.leg[i] + 1 < self.legs[i]:
                self.leg[i] += 1
                self.aim[i] = self.paths[i][self.leg[i]]
                self.tries[i] = 0
                self._enter(i, _TRAVEL)
            else:
                self._enter(i, _RAISE)

    def _push(self, rows: Rows, subject: Array, pusher: Array) -> Array:
        ahead, heading = self.aim[rows] - subject, self.heading[rows]
        passed = np.vecdot(ahead, heading) <= 0.0
        arrived = np.where(self.steering.careful[rows], COASTS, ARRIVED)
        over = (length(ahead) < arrived) | passed | (self.ticks[rows] > PUSH_TICKS)
        way, off = self.steering.way(rows, subject, pusher[:, :2], self.aim[rows], heading)
        self._finish_legs(rows[over])
        self._go_round(rows[~over & off])
        pushing = ~over & ~off
        return _actions(pushing, _limited(way, STEP) / STEP, np.where(pushing, -1.0, 1.0))

    def _go_round(self, rows: Rows) -> None:
        self.tries[rows] += 1
        self._enter(rows, _TRAVEL)
        self._enter(rows[self.tries[rows] >= TRIES], _RAISE)


def _actions(moving: NDArray[np.bool_], way: Array, lift: Array) -> Array:
    """Return `[K, 3]`: those that move go their `[K, 2]` way, all rise or sink."""
    actions: Array = np.empty((len(way), 3))
    actions[:, :2] = np.where(moving[:, None], way, 0.0)
    actions[:, 2] = lift
    return actions


def _limited(vectors: Array, longest: float) -> Array:
    limited: Array = vectors * (longest / np.maximum(length(vectors), longest))[:, None]
    return limited


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
