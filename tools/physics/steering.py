"""Steering: where the pusher goes next, so that what it pushes keeps to its line.

To push a thing at a point is as unstable as to balance a pole (Lynch and Mason, Stable Pushing,
1996): a thing off the pusher's middle turns further away from it, and a pusher that moves aside
first drags it along. A linear-quadratic regulator holds that model on the line, and an observer
finds what the model does not know, mostly a face that the pusher meets at a slant. The model's
numbers were found by regression on simulated pushes with chance steps to the side.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.physics.scene import TICK
from mindseye.tools.values import Push

Array = NDArray[np.float64]
Numbers = NDArray[np.complex128]
Rows = NDArray[np.int64]

FOLLOWS = 0.75
"""Share of an action that the pusher has gone when the next one comes; the rest comes then."""
SLIDES, ROLLS = (20.0, 0.45, 1.0), (5.0, 0.05, 12.0)
"""How much a thing turns away for each metre of the way and metre that it is off the pusher's
middle, 1/m; what share of a step to the side it is dragged along; and what such a step costs
beside being off the line. Of things that slide, and of balls, which a hasty step sends away."""
OFF_COST = 0.1
"""What being off the pusher's middle costs beside being off the line."""
OBSERVED = 0.15
"""Share of an error of the model that counts as lasting."""
LASTING = 0.015
"""The model is believed to err by no more than this, metres an action."""
ASIDE = 0.02
"""Metres that the pusher steps aside in an action, at most."""
LEAN = 0.025
"""Metres off its middle where the pusher will push against a lasting error, at most."""
TOUCH = 0.058
"""A thing so near ahead of the pusher is being pushed, metres."""
OFF_MAX = 0.032
"""A thing so far off the pusher's middle has slipped off, metres."""
LEAST_PACE = 0.2
"""Share of its speed that the pusher keeps while it goes to the side most."""
CAREFUL = 0.1
"""At this speed or less a ball is braked before its place, metres a second."""
BRAKE = 0.03
"""A ball slows down by itself about so fast, m/s^2: braked no harder it stays at the pusher."""
MEETS = 0.04
"""Speed at which a ball is met that is to be braked, m/s: hit faster it runs ahead."""
LET_GO, COASTS = 0.025, 0.018
"""Speed (m/s) at which a ball is let go, and how far it then rolls, metres."""


@lru_cache(maxsize=256)
def gains(way: float, turns: float, drag: float, step: float) -> tuple[float, float, float]:
    """Return what a step to the side is of the offsets of thing and pusher and of the last step.

    Args:
      way: that the pusher goes in an action, metres.
      turns: see `SLIDES`.
      drag: likewise.
      step: likewise, what a step costs.
    """
    from scipy.linalg import solve_discrete_are

    away, late = way * turns, 1 - FOLLOWS
    a = np.array([[1 + away, -away, drag * late], [0, 1, late], [0, 0, 0]])
    b = np.array([[drag * FOLLOWS], [FOLLOWS], [1.0]])
    off = np.array([[1.0, -1, 0], [-1, 1, 0], [0, 0, 0]])
    cost = np.diag([1.0, 0, 0]) + OFF_COST * off
    ahead = solve_discrete_are(a, b, cost, np.array([[step]]))
    found = np.linalg.solve(step + b.T @ ahead @ b, b.T @ ahead @ a).ravel()
    return float(found[0]), float(found[1]), float(found[2])


def _model(push: Push) -> tuple[float, ...]:
    """Return whether a thing rolls, metres an action, its `turns` and `drag`, and the gains."""
    rolls, way = push.subject.endswith("ball"), push.speed * TICK
    turns, drag, step = ROLLS if rolls else SLIDES
    return float(rolls), way, turns, drag, *gains(way, turns, drag, step)


class Steering:
    """Steers N pushes along straight lines, each from action to action.

    Places are complex numbers here, told along a line (real) and to its left (imaginary): between
    two batches of simulation steps every operation counts.
    """

    def __init__(self, pushes: Sequence[Push]) -> None:
        self.models = np.array([_model(p) for p in pushes], dtype=float).reshape(len(pushes), 7)
        """`[N, 7]`: see `_model`."""
        self.careful = (self.models[:, 0] > 0) & np.array(
            [p.speed <= CAREFUL for p in pushes], dtype=bool
        )
        """`[N]`: which are balls that are to be braked."""
        self.before = np.zeros((len(pushes), 2), dtype=complex)
        """`[N, 2]` where thing and pusher were an action ago, from the line's end, metres."""
        self.sent: Array = np.zeros(len(pushes))
        """`[N]` the last step to the side, metres."""
        self.lasting: Array = np.zeros(len(pushes))
        """`[N]` by how much the model errs, metres an action."""

    def begin(self, rows: Rows) -> None:
        """Forget what was seen of pushes: they begin anew."""
        self.sent[rows] = self.lasting[rows] = 0.0
        self.before[rows, 0] = np.inf

    def way(
        self, rows: Rows, subject: Array, pusher: Array, aim: Array, heading: Array
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Return `[K, 2]` where the pusher goes in this action, metres, and what has slipped off.

        Args:
          rows: the K pushes that are meant.
          subject: `[K, 2]` places of what is pushed, metres.
          pusher: `[K, 2]` places of the pushers.
          aim: `[K, 2]` where the lines end.
          heading: `[K, 2]` unit vectors along them.
        """
        line = _number(heading)
        thing, by = (_number(p - aim) * line.conj() for p in (subject, pusher))
        rolls, speed, turns, drag, *found = self.models[rows].T
        self._observe(rows, thing, by, turns, drag)
        off, ahead, rest = np.abs((thing - by).imag), (thing - by).real, -thing.real
        pace = np.maximum(np.maximum(LEAST_PACE, 1 - off / OFF_MAX), rolls)
        lean = self.lasting[rows] / np.maximum(turns * speed * pace, 0.02) * (1 - rolls)
        offset = by.imag - within(lean, -LEAN, LEAN)
        step = -(found[0] * thing.imag + found[1] * offset + found[2] * self.sent[rows])
        self.sent[rows] = step = within(step, -ASIDE, ASIDE)
        forward = np.minimum(speed, np.maximum(rest, 0.0) + 0.004) * pace
        careful = self.careful[rows]
        if careful.any():
            forward[careful] = np.minimum(forward, _braked(rest, ahead))[careful]
        way = line * (forward + 1j * step)
        return way.view(float).reshape(-1, 2), (off > OFF_MAX) | (ahead < 0)

    def _observe(self, rows: Rows, thing: Numbers, by: Numbers, turns: Array, drag: Array) -> None:
        """Compare where things are with where the model had them come."""
        was, at = self.before[rows].T
        went = by - at
        away = turns * np.maximum(went.real, 0.0) * (was - at).imag
        error = (thing - was).imag - away - drag * went.imag
        pushed = ((was - at).real < TOUCH) & ((thing - by).real < TOUCH + 0.004)
        lasting = self.lasting[rows]
        lasting += OBSERVED * (error - lasting) * pushed
        self.lasting[rows] = within(lasting, -LASTING, LASTING)
        self.before[rows, 0], self.before[rows, 1] = thing, by


def within(values: Array, low: Array | float, high: Array | float) -> Array:
    """Return what `np.clip` does, in a quarter of its time where the array is small."""
    bounded: Array = np.minimum(np.maximum(values, low), high)
    return bounded


def length(vectors: Array) -> Array:
    """Return `[...]` lengths of `[..., D]`, likewise, as `np.linalg.norm` does."""
    found: Array = np.sqrt(np.vecdot(vectors, vectors))
    return found


def _number(vectors: Array) -> Numbers:
    """Return `[K, 2]` vectors as complex numbers."""
    return np.ascontiguousarray(vectors).view(complex)[:, 0]


def _braked(rest: Array, ahead: Array) -> Array:
    """Return how far a pusher goes in an action that brakes a ball, metres.

    Args:
      rest: of the way of the ball.
      ahead: how far it is ahead of the pusher.
    """
    slowing = np.sqrt(LET_GO**2 + 2 * BRAKE * np.maximum(rest - COASTS, 0.0))
    slowing = np.where(ahead > TOUCH, np.minimum(slowing, MEETS), slowing)
    return np.asarray(slowing * TICK)
