"""A clip as what was seen of each object in it, and what may have moved the objects.

Frames are few and far between, so a cause is never seen at work: it may be one if it
had the time to come, to act and to go on to where it is seen next.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mindseye.tools.goals import OBJECT_RADIUS
from mindseye.tools.physics.scene import PUSHER_RADIUS
from mindseye.tools.values import Point, SceneGraph, SceneObject
from mindseye.tools.vision.identity import identified
from mindseye.tools.vision.outcome import hides
from mindseye.tools.vision.scene_graph import Sighting

TRAVELS = 0.3
PUSHES = 0.22
"""The pusher goes and pushes no faster than this, metres a second."""
LIFT = 0.3
"""Seconds that it takes to rise or to come down."""
UNEVEN = 7 / 6
"""Frames lie no further apart than this times their mean spacing, once something moves."""
SLACK = 0.05
"""Seconds by which a cause may be misjudged."""
JITTER = 0.012
"""What is seen to move less than this may lie still, metres."""
CLOSE = OBJECT_RADIUS + PUSHER_RADIUS
TOUCH = CLOSE + 0.02
"""The pusher may touch what it is seen this near to, metres."""
BESIDE = 0.04
"""Behind what it pushes it stays, give or take this, metres."""
STRAIGHT = 0.04
"""What went this far was pushed from behind, metres."""
BUMP = 2 * OBJECT_RADIUS + 0.03
"""Two objects may touch that are seen this near to each other, metres."""
UNSEEN_BUMP = BUMP + 0.03
"""The same where it is not seen where one of them went, metres."""
HANDLED = 0.12
"""Things this near to the pusher or to what moves may be half hidden or tip over, metres."""
CLEAR = 0.5
"""Confidence from which on a reading counts."""
_REACHING = 0.2
"""Height up to which the pusher may hide things: whether it is lifted is not seen, metres."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """Where one known object was seen, by frame, as what it was read."""

    known: SceneObject
    on: dict[int, SceneObject] = field(default_factory=dict)
    off: dict[int, SceneObject] = field(default_factory=dict)
    """Beside the table; places as if it were at the table's height."""

    @property
    def name(self) -> str:
        """Its name: "red cube"."""
        return self.known.name

    @property
    def shape(self) -> str:
        """What most of the clip shows it to be."""
        votes = {self.known.shape: self.known.confidence}
        for seen in (*self.on.values(), *self.off.values()):
            votes[seen.shape] = votes.get(seen.shape, 0.0) + seen.confidence
        return max(votes, key=lambda shape: votes[shape])

    def around(self, first: int, last: int) -> tuple[Point | None, Point | None]:
        """Return where it was seen last by one frame, and first from another one on."""
        seen = sorted((self.on | self.off).items())
        old = [o.position for i, o in seen if i <= first]
        new = [o.position for i, o in seen if i >= last]
        return (old[-1] if old else None), (new[0] if new else None)


@dataclass(frozen=True, kw_only=True)
class Move:
    """What one thing did from one frame to a later one."""

    track: Track
    first: int
    last: int
    start: Point
    end: Point

    @property
    def way(self) -> float:
        """Metres."""
        return math.dist(self.start, self.end)


class Film:
    """One clip: tracks of what was known, and sightings of strangers by name and frame."""

    def __init__(self, sightings: Mapping[int, Sighting], before: SceneGraph, dt: float) -> None:
        """Sort out who is who.

        Args:
          sightings: frame index -> what it shows, as read.
          before: the scene as it was seen before the clip.
          dt: mean seconds between frames.
        """
        self.sightings, self.before, self.dt = sightings, before, dt
        self.frames = sorted(sightings)
        self.tracks = {o.name: Track(known=o) for o in before.objects}
        self.strangers: dict[str, dict[int, SceneObject]] = {}
        named = identified(sightings, before)
        for frame in self.frames:
            raw, mine = sightings[frame], named[frame]
            for seen, called in zip(raw.graph.objects, mine.graph.objects, strict=True):
                if called.name in self.tracks:
                    self.tracks[called.name].on[frame] = seen
                elif seen.confidence >= CLEAR:
                    self.strangers.setdefault(seen.name, {})[frame] = seen
            for seen, called in zip(raw.off_table, mine.off_table, strict=True):
                if called.name in self.tracks:
                    self.tracks[called.name].off[frame] = seen

    def pusher(self, frame: int) -> Point | None:
        """Return where the pusher is seen."""
        return self.sightings[frame].graph.pusher

    def seconds(self, first: int, last: int) -> float:
        """Return the most seconds that two frames may be apart."""
        return UNEVEN * self.dt * (last - first)

    def covered(self, place: Point, frame: int) -> bool:
        """Say whether the pusher may hide the place, lifted or not."""
        pusher, camera = self.pusher(frame), self.sightings[frame].camera
        return pusher is not None and hides(camera, pusher, _REACHING, PUSHER_RADIUS, place)

    def certain(self, track: Track) -> bool:
        """Say whether a thing was seen at all while the pusher was elsewhere.

        The pusher may cut what it hides in two, and then there seem to be two things.
        """
        pushers = ((self.pusher(i), o.position) for i, o in track.on.items())
        return any(p is None or math.dist(p, at) > HANDLED for p, at in pushers)

    def clear(self, track: Track) -> list[tuple[int, Point]]:
        """Return frames and places in which a thing was well seen.

        A glitch is left out: one frame elsewhere, and back again.
        """
        seen = [(i, o.position) for i, o in sorted(track.on.items()) if o.confidence >= CLEAR]
        seen = [(i, p) for i, p in seen if not self.covered(p, i)] or seen[:1]
        glitches = {
            b[0]
            for a, b, c in zip(seen, seen[1:], seen[2:], strict=False)
            if math.dist(a[1], c[1]) < 2 * JITTER < math.dist(a[1], b[1])
        }
        return [s for s in seen if s[0] not in glitches]

    def moves(self, track: Track) -> list[Move]:
        """Return what a thing did from each frame in which it was well seen to the next."""
        seen = self.clear(track)
        return [
            Move(track=track, first=i, last=j, start=a, end=b)
            for (i, a), (j, b) in itertools.pairwise(seen)
        ]

    def rolls(self, track: Track, at: Point) -> bool:
        """Say whether a thing goes on by itself: balls, and all on ice."""
        return track.shape == "ball" or any(
            p.kind == "ice" and math.dist(p.position, at) < p.radius + OBJECT_RADIUS
            for p in self.before.patches
        )

    def caused(self, move: Move) -> bool:
        """Say whether the pusher or anything that moves may have brought a move about."""
        return self.pushed(move) or self.bumped(move, BUMP)

    def pushed(self, move: Move) -> bool:
        """Say whether the pusher had the time to go to a thing, and along with it till it rolls."""
        start, end = self.pusher(move.first), self.pusher(move.last)
        if start is None or end is None:
            return True
        way, rolls = move.way, self.rolls(move.track, move.start)
        behind, reach = np.zeros(2), TOUCH
        if way > STRAIGHT and not rolls:
            behind, reach = CLOSE * np.subtract(move.end, move.start) / way, BESIDE
        left_at = move.start if rolls else move.end
        come = float(np.linalg.norm(np.subtract(move.start, behind) - start)) - reach
        leave = float(np.linalg.norm(np.subtract(left_at, behind) - end)) - reach
        seconds = sum(LIFT + gap / TRAVELS for gap in (come, leave) if gap > JITTER)
        seconds += (0.0 if rolls else way / PUSHES) + self._busy(move, start, end)
        return seconds <= self.seconds(move.first, move.last) + SLACK

    def _busy(self, move: Move, start: Point, end: Point) -> float:
        """Return the seconds for which the pusher went with other things, from start to end."""
        spent = 0.0
        for other in self.tracks.values():
            old, new = other.around(move.first, move.last)
            if other is move.track or old is None or new is None:
                continue
            way = math.dist(old, new)
            stays = max(math.dist(start, old), math.dist(end, new)) < TOUCH + JITTER
            if way > JITTER and (stays or not self.rolls(other, old)):
                spent += way / PUSHES
        return spent

    def bumped(self, move: Move, near: float) -> bool:
        """Say whether something else that moves came as near to a thing, metres."""
        for other in self.tracks.values():
            old, new = other.around(move.first, move.last)
            if other is move.track or old is None:
                continue
            if new is None:
                if _apart(move, old, old) < near + UNSEEN_BUMP - BUMP:
                    return True
            elif math.dist(old, new) > JITTER and _apart(move, old, new) < near:
                return True
        return False


def _apart(move: Move, start: Point, end: Point) -> float:
    """Return about how near another thing's straight way comes to that of a move, metres."""
    share = np.linspace(0.0, 1.0, 9)[:, None]
    one = move.start + share * np.subtract(move.end, move.start)
    other = start + share * np.subtract(end, start)
    return float(np.linalg.norm(one[:, None] - other[None], axis=-1).min())
