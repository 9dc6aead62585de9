"""Ways round what stands in the way: where a push has to turn to push nothing else."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.goals import OBJECT_RADIUS
from mindseye.tools.physics.scene import PUSHER_RADIUS, PUSHER_REACH
from mindseye.tools.values import Point

Array = NDArray[np.float64]

BEHIND = OBJECT_RADIUS + PUSHER_RADIUS + 0.022
"""Where the pusher comes down, metres behind the object's centre."""
LANE = 2 * OBJECT_RADIUS + 0.015
"""What is pushed passes others no nearer than this, from centre to centre, metres."""
WIDE = 0.1
"""It passes them this far off where there is room, metres."""
SHY = 3.0
"""Metres of a longer way that a metre of that room is worth."""
TURN = 0.08
"""Metres of a longer way that a turn less is worth."""
FOOT = OBJECT_RADIUS + PUSHER_RADIUS + 0.004
"""The pusher comes down no nearer than this to other things, metres."""
EDGE = 0.235
"""Turns are this near to the middle of the table, metres, so that nothing comes to its rim."""
GRID = 0.03
"""Between places where a push may turn, metres."""
FEW = 40
"""Places kept for the first of two turns, and for the second."""


def detour(start: Point, target: Point, blockers: Sequence[Point]) -> tuple[Point, ...]:
    """Return the places where a push turns, one or two, so that it touches nothing else.

    Nothing is returned where it need not turn, and where no such way is found.

    Args:
      start: where the object is, metres.
      target: where it is to be.
      blockers: places of everything else; what is nearer to start or target than a lane is wide
        may be passed as near as that.
    """
    ends, others = np.array([start, target], dtype=float), _rows(blockers)
    if is_free(start, target, blockers) or np.linalg.norm(ends[1] - ends[0]) < 1e-6:
        return ()
    lanes = _lanes(ends, others)
    steps = np.arange(-EDGE, EDGE + 1e-9, GRID)
    turns = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    first = _cost(np.broadcast_to(ends[0], turns.shape), turns, others, lanes)
    last = _cost(turns, np.broadcast_to(ends[1], turns.shape), others, lanes)
    best = int(np.argmin(first + last))
    if np.isfinite(first[best] + last[best]):
        return (_point(turns[best]),)
    return _two_turns(turns, first, last, others, lanes)


def is_free(start: Point, target: Point, blockers: Sequence[Point]) -> bool:
    """Say whether a straight push from place to place touches nothing else; see `detour`."""
    ends, others = np.array([start, target], dtype=float), _rows(blockers)
    if not len(others):
        return True
    return bool(np.isfinite(_cost(ends[:1], ends[1:], others, _lanes(ends, others))[0]))


def _rows(points: Sequence[Point]) -> Array:
    return np.array(points, dtype=float).reshape(-1, 2)


def _lanes(ends: Array, others: Array) -> Array:
    """Return `[B]` how far off each thing must be passed, metres."""
    near: Array = np.linalg.norm(others[:, None] - ends, axis=-1).min(axis=1)
    return np.minimum(near - 1e-3, LANE)


def _two_turns(
    turns: Array, first: Array, last: Array, others: Array, lanes: Array
) -> tuple[Point, ...]:
    """Return the best two of some turns, of which the costs to come to and to go on are told."""
    one, two = (np.argsort(c)[: min(FEW, int(np.isfinite(c).sum()))] for c in (first, last))
    if not len(one) or not len(two):
        return ()
    i, j = (k.ravel() for k in np.meshgrid(one, two, indexing="ij"))
    total = first[i] + last[j] + _cost(turns[i], turns[j], others, lanes)
    best = int(np.argmin(total))
    return (_point(turns[i[best]]), _point(turns[j[best]])) if np.isfinite(total[best]) else ()


def _cost(starts: Array, ends: Array, others: Array, lanes: Array) -> Array:
    """Return `[K]`: what straight ways between `[K, 2]` places cost, infinite where barred.

    Args:
      starts: where each begins.
      ends: where it ends.
      others: `[B, 2]` what is in the way.
      lanes: `[B]` how far off it must be passed, metres.
    """
    way = ends - starts
    length = np.linalg.norm(way, axis=-1)
    unit = way / np.maximum(length, 1e-9)[:, None]
    rel = others - starts[:, None]
    along = np.clip(np.einsum("kbi,ki->kb", rel, unit), 0.0, length[:, None])
    gap = np.linalg.norm(rel - along[..., None] * unit[:, None], axis=-1)
    foot = starts - unit * BEHIND
    room = np.linalg.norm(others - foot[:, None], axis=-1).min(axis=1)
    free = (gap >= lanes).all(axis=1) & (room >= FOOT)
    free &= (np.abs(foot) <= PUSHER_REACH).all(axis=1) & (length > 1e-6)
    shy = np.maximum(0.0, np.minimum(WIDE, lanes + WIDE - LANE) - gap).sum(axis=1)
    return np.where(free, length + SHY * shy + TURN, np.inf)


def _point(place: Array) -> Point:
    return float(place[0]), float(place[1])
