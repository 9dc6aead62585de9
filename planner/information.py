"""What a picture is worth before it is made.

What a candidate is worth is believed to be normal: its mean comes from its prior, and the more
may go wrong about its push, the wider it is spread. A tool reads it with noise, the less so
the more it is trusted. What such a reading is worth is the knowledge gradient: by how much the
mean of the candidate that is then best is expected to rise (Frazier, Powell and Dayanik, SIAM
Journal on Control and Optimization 47, 2008).

Means, spreads, noises and gains are in the units of the judge's values: 1 is the whole goal.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.planner.candidates import Candidate
from mindseye.planner.trust import Trust, skill_of
from mindseye.tools.goals import OBJECT_RADIUS, SHAPES, TABLE_HALF
from mindseye.tools.values import Point, SceneGraph

MEANS = (0.5, 0.8)
"""Mean worth of a proposal that has no prior at all, and of the likeliest one."""
SPREAD = 0.15
"""Standard deviation of what a push is worth about which nothing special is seen."""
RISKS: dict[str, float] = {
    "ice": 0.2, "sticky": 0.1, "a ball": 0.15, "near the rim": 0.15, "a crowd": 0.1,
    "hardly seen": 0.15, "unknown to the simulator": 0.2,
}  # fmt: skip
"""What may go wrong -> standard deviation that it adds; the squares are summed."""
NOISE = 0.3
"""Standard deviation of what a tool says that is right as often as wrong."""
BRINK = 0.06
"""A path that comes this near to the rim is near it, metres."""
CROWD = 0.09
"""What stands this near to a path, centre to line, is in its way, metres."""
CLEARLY = 0.8
"""An object that vision is less sure of is hardly seen."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is believed of a candidate's worth before it is pictured."""

    mean: float
    spread: float
    """Standard deviation."""
    risks: tuple[str, ...] = ()
    """Of `RISKS`, what makes it uncertain."""


def expected(candidate: Candidate, strongest: float, scene: SceneGraph) -> Expected:
    """Return what is believed of a candidate's worth.

    Args:
      candidate: with its prior and push.
      strongest: the largest prior of the candidates it competes with.
      scene: where it would be done.
    """
    share = candidate.prior / strongest if strongest > 0 else 1.0
    risks = _risks(candidate, scene)
    variance = SPREAD**2 + sum(RISKS[r] ** 2 for r in risks)
    mean = MEANS[0] + (MEANS[1] - MEANS[0]) * min(1.0, share)
    return Expected(mean=mean, spread=math.sqrt(variance), risks=risks)


def _risks(candidate: Candidate, scene: SceneGraph) -> tuple[str, ...]:
    """Return what may go wrong about a push, in the order of `RISKS`."""
    push, subject = candidate.push, scene.find(candidate.push.subject)
    start = (subject.position,) if subject else ()
    path = (*start, *push.via, push.target)
    named = candidate.subgoal.names
    met = [
        o for o in scene.objects if o.name != push.subject and _distance(o.position, path) < CROWD
    ]
    touched = [o for o in scene.objects if o.name in named or o in met]
    found = {
        p.kind for p in scene.patches if _distance(p.position, path) < p.radius + OBJECT_RADIUS
    }  # fmt: skip
    signs = {
        "a ball": any(o.shape == "ball" for o in touched),
        # Where a push starts does not matter: it leads away from there.
        "near the rim": any(TABLE_HALF - max(map(abs, p)) < BRINK for p in path[len(start) :]),
        "a crowd": any(o.name not in named for o in met),
        "hardly seen": any(o.confidence < CLEARLY for o in touched),
        "unknown to the simulator": any(o.shape not in SHAPES for o in touched),
    }
    return tuple(r for r in RISKS if r in found or signs.get(r, False))


def _distance(point: Point, path: Sequence[Point]) -> float:
    """Return how near a path of straight pieces comes to a point, metres."""
    near = (_to_piece(point, a, b) for a, b in itertools.pairwise(path))
    return min(near, default=math.dist(point, path[-1]))


def _to_piece(point: Point, a: Point, b: Point) -> float:
    along = (b[0] - a[0], b[1] - a[1])
    length = along[0] ** 2 + along[1] ** 2
    dot = (point[0] - a[0]) * along[0] + (point[1] - a[1]) * along[1]
    share = min(1.0, max(0.0, dot / length)) if length else 0.0
    return math.dist(point, (a[0] + share * along[0], a[1] + share * along[1]))


def noise(tools: Sequence[str], candidate: Candidate, trust: Trust) -> float:
    """Return the standard deviation of what some tools together say of a candidate's worth.

    A tool is read with variance `NOISE**2 * (1 - t) / t` where it is right about this kind of
    push in a share t; precisions of tools add up. Infinite for no tool.
    """
    shares = [trust.mean(tool, skill_of(candidate.subgoal)) for tool in tools]
    precision = sum(t / (1.0 - t) for t in shares) / NOISE**2
    return 1.0 / math.sqrt(precision) if precision else math.inf


def shift(spread: float, error: float) -> float:
    """Return the standard deviation by which a reading will move a mean.

    Args:
      spread: standard deviation of what is read.
      error: that of the reading about it.
    """
    return spread / math.hypot(1.0, error / spread) if spread > 0.0 else 0.0


def knowledge_gradient(means: Sequence[float], index: int, moved: float) -> float:
    """Return by how much the best mean is expected to rise when one of them is read.

    Args:
      means: of all alternatives.
      index: of the one that is read.
      moved: standard deviation by which that moves its mean; see `shift`.

    Returns:
      At least 0, and 0 where there is no alternative or nothing moves.
    """
    others = [m for k, m in enumerate(means) if k != index]
    if not others or moved <= 0.0:
        return 0.0
    z = -abs(means[index] - max(others)) / moved
    below = math.erfc(-z / math.sqrt(2)) / 2
    return max(0.0, moved * (z * below + math.exp(-z * z / 2) / math.sqrt(2 * math.pi)))
