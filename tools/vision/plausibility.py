"""How plausible a clip is as physics: violations of expectation, read off its scene graphs.

The principles are those on which infants and models are tested by showing what cannot
happen (Spelke, 1990; Riochet et al., IntPhys, 2018; Piloto et al., 2022): things persist,
go on connected paths, do not pass through each other, keep colour and shape, move when
touched, and fall where nothing holds them. Nothing is learned: a violation is a distance,
or a number of frames, by which a clip goes beyond what the table's physics and vision's
errors allow. All bounds, those of `film` too, were chosen on clips of development seeds
(100 to 400) so that clips of the world and the simulator keep clear of them; the seeds
from 4,000,000 on, which `mindseye eval plausibility` measures, were not looked at.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.scene import FLOOR, HEIGHT
from mindseye.tools.values import Plausibility, Point, Principle, SceneGraph, SceneObject, Violation
from mindseye.tools.vision.film import BUMP, HANDLED, JITTER, PUSHES, UNEVEN, Film, Move, Track
from mindseye.tools.vision.outcome import EDGE
from mindseye.tools.vision.scene_graph import Sighting

Span = tuple[float, float]
"""From where something speaks against a clip to where it decides."""
DRIFTS: Span = (0.02, 0.045)
"""Way that nothing accounts for, metres."""
JUMPS: Span = (0.02, 0.08)
"""Way beyond what the time allows, metres."""
OVERLAPS: Span = (0.006, 0.016)
"""Depth to which two shapes are in each other, metres."""
GONE: Span = (0.3, 1.6)
"""Frames in which something is missing."""
OTHER: Span = (0.5, 2.0)
"""Frames in which something has appeared or is read as something else."""
HANGS: Span = (0.01, 0.05)
"""How much nearer to hanging in the air than to lying on the floor something is seen, metres."""

INNER = {"cube": 0.026, "cylinder": 0.03, "ball": 0.03, "star": 0.018}
"""Radius of the largest disc within each shape, metres."""
SAME_PLACE = 0.04
"""Two things cannot stand this near to each other, metres."""
SWAP = 0.06
"""What changes its colour is seen this near to where it was, metres."""
TIPPED = 0.4
"""What a change of shape counts for when a thing is handled: it may tip over or be half hidden."""
ALIKE = frozenset({"cube", "cylinder"})
"""Small and turned, these are read one for the other, in all frames alike."""
MISREAD = 1.0
"""Frames that a change from one to the other counts for at most."""
CAME_BACK = 0.3
"""What a frame counts for without a thing that is there again later."""
OUTSIDE = 0.01
"""What is seen this far beyond the rim does not stand on it, metres."""
FALL = 0.2
"""Things take longer than this from the rim to the floor, seconds."""
FALLS: Span = (0.02, 0.17)
FLOATS: Span = (0.0, 0.1)
"""How far beyond the rim things are seen that fall, and that do not, metres."""
SMALLER = 0.9
"""On the floor things look smaller than this share of what they were."""
SIZE = 0.1
"""Metres that a difference in size counts for."""

Found = tuple[float, int]
"""How far something goes against a principle, and in which frame."""


def plausibility(sightings: Mapping[int, Sighting], before: SceneGraph, dt: float) -> Plausibility:
    """Return how plausible a clip is, and the worst violation of each principle.

    Args:
      sightings: frame index -> what it shows, as read.
      before: the scene as it was seen before the clip.
      dt: mean seconds between frames.
    """
    worst: dict[Principle, Violation] = {}
    for found in _violations(Film(sightings, before, dt)):
        known = worst.get(found.principle)
        if found.amount > (known.amount if known else 0.0):
            worst[found.principle] = found
    return Plausibility(
        score=math.prod(1.0 - v.amount for v in worst.values()),
        violations=tuple(sorted(worst.values(), key=lambda v: -v.amount)),
    )


def _violations(film: Film) -> Iterator[Violation]:
    """Yield what each object shows against each principle, however little."""
    for track in film.tracks.values():
        if not film.certain(track):
            continue
        yield _worst("contact", DRIFTS, track.name, _contact(film, track))
        yield _worst("continuity", JUMPS, track.name, _continuity(film, track))
        yield _worst("solidity", OVERLAPS, track.name, _solidity(film, track))
        yield _worst("gravity", HANGS, track.name, _gravity(film, track))
        yield _worst("unchangeableness", OTHER, track.name, _shape(film, track))
        yield from _absences(film, track)
    for name, seen in film.strangers.items():
        yield _worst("permanence", OTHER, name, _stranger(film, seen))


def _worst(principle: Principle, span: Span, subject: str, found: Iterator[Found]) -> Violation:
    value, frame = max(found, default=(0.0, 0))
    amount = max(0.0, min(1.0, (value - span[0]) / (span[1] - span[0])))
    return Violation(principle=principle, amount=amount, subject=subject, frame=frame)


def _contact(film: Film, track: Track) -> Iterator[Found]:
    """Yield how far it went without a cause, metres."""
    drift, rolling = np.zeros(2), False
    for move in film.moves(track):
        went = move.way > JITTER
        if film.caused(move) or (rolling and film.rolls(track, move.start)):
            rolling = went
            drift = np.zeros(2) if went else drift
        else:
            rolling = False
            drift = drift + np.subtract(move.end, move.start)
        yield float(np.linalg.norm(drift)), move.last


def _continuity(film: Film, track: Track) -> Iterator[Found]:
    """Yield how much further it went than the time allows, metres."""
    for move in film.moves(track):
        yield move.way - PUSHES * film.seconds(move.first, move.last), move.last


def _solidity(film: Film, track: Track) -> Iterator[Found]:
    """Yield how deep it is seen in another thing, metres.

    Only where the pusher is not at them: what is half hidden is read too near.
    """
    for frame, one in track.on.items():
        pusher = film.pusher(frame)
        for other in film.tracks.values():
            two = other.on.get(frame)
            if two is None or other.name <= track.name:
                continue
            places = (one.position, two.position)
            if pusher is None or min(math.dist(pusher, p) for p in places) > HANDLED:
                yield INNER[track.shape] + INNER[other.shape] - math.dist(*places), frame


def _absences(film: Film, track: Track) -> Iterator[Violation]:
    """Yield what its absence breaks, by the number of frames.

    What comes back was most likely overlooked.
    """
    missing = list(_missing(film, track))
    returns = max(track.on, default=-1)
    for principle in dict.fromkeys(p for p, _ in missing):
        frames = [f for p, f in missing if p == principle]
        weight = sum(CAME_BACK if f < returns else 1.0 for f in frames)
        yield _worst(principle, GONE, track.name, iter([(weight, frames[0])]))


def _missing(film: Film, track: Track) -> Iterator[tuple[Principle, int]]:
    """Yield each frame in which it should be seen, and the principle that its absence breaks."""
    last, gone = -1, -1
    for frame in film.frames:
        if frame in track.on:
            last, gone = frame, -1
        elif frame in track.off:
            return
        elif last >= 0:
            place = track.on[last].position
            if _swapped(film, track, place, frame):
                yield "unchangeableness", frame
            elif not film.covered(place, frame):
                gone = frame if gone < 0 else gone
                if _taken(film, track, place, frame):
                    yield "solidity", frame
                elif not _leaves(film, track, last, gone):
                    yield "permanence", frame


def _swapped(film: Film, track: Track, place: Point, frame: int) -> bool:
    """Say whether a stranger of the same shape stands where a thing was."""
    here = (seen[frame] for seen in film.strangers.values() if frame in seen)
    return any(o.shape == track.shape and math.dist(o.position, place) < SWAP for o in here)


def _taken(film: Film, track: Track, place: Point, frame: int) -> bool:
    """Say whether something else that was known stands on the very place of a thing."""
    others = (t.on[frame] for t in film.tracks.values() if t is not track and frame in t.on)
    return any(math.dist(o.position, place) < SAME_PLACE for o in others)


def _leaves(film: Film, track: Track, last: int, gone: int) -> bool:
    """Say whether what was seen last in one frame may have gone over the rim by another."""
    place = track.on[last].position
    side = int(np.argmax(np.abs(place)))
    left = TABLE_HALF - abs(place[side])
    if left < EDGE or any(i > last for i in track.off):
        return True
    earlier = max((i for i in track.on if i < last), default=last)
    went = np.subtract(place, track.on[earlier].position)
    if np.linalg.norm(went) > JITTER and film.rolls(track, place):
        ahead = place + went * (UNEVEN * (gone - last) / (last - earlier))
        if np.abs(ahead).max() > TABLE_HALF - EDGE:
            return True
    over = list(place)
    over[side] = math.copysign(TABLE_HALF, place[side])
    rim = (over[0], over[1])
    return any(
        left <= PUSHES * film.seconds(i, j)
        and film.pushed(Move(track=track, first=i, last=j, start=place, end=rim))
        for i, j in itertools.pairwise(f for f in film.frames if last <= f <= gone)
    )


def _stranger(film: Film, seen: Mapping[int, SceneObject]) -> Iterator[Found]:
    """Yield in how many frames one is seen that was not there, though it would have been seen.

    What stands where something is missing has changed its colour, and is not told again.
    """
    new = {}
    for frame, thing in seen.items():
        places = (
            t.around(frame, frame)[0] for t in film.tracks.values()
            if frame not in t.on and t.shape == thing.shape
        )  # fmt: skip
        changed = any(p is not None and math.dist(p, thing.position) < SWAP for p in places)
        if not changed and not film.covered(thing.position, film.frames[0]):
            new[frame] = thing.confidence
    if new:
        yield sum(new.values()), min(new)


def _shape(film: Film, track: Track) -> Iterator[Found]:
    """Yield in how many frames from one on it is read as another shape, and not as its own."""
    read = [(i, o) for i, o in sorted(track.on.items()) if not film.covered(o.position, i)]
    known = track.known.shape
    for k in range(1, len(read)):
        frame, now = read[k]
        if now.shape == known or read[k - 1][1].shape != known:
            continue
        new = sum(o.confidence for _, o in read[k:] if o.shape == now.shape)
        old = sum(o.confidence for _, o in read[k:] if o.shape == known)
        handled = _handled(film, track, read[max(0, k - 2)][0], frame)
        changed = (new - 2 * old) * (TIPPED if handled else 1.0)
        yield min(changed, MISREAD) if {now.shape, known} == ALIKE else changed, frame


def _handled(film: Film, track: Track, first: int, last: int) -> bool:
    """Say whether a thing may be half hidden, or was moved between two frames."""
    a, b = track.on[first].position, track.on[last].position
    move = Move(track=track, first=first, last=last, start=a, end=b)
    pushers = (film.pusher(i) for i in film.frames if first <= i <= last)
    near = any(p is not None and math.dist(p, b) < HANDLED for p in pushers)
    beside = (t.around(first, last)[0] for t in film.tracks.values() if t is not track)
    crowded = any(p is not None and math.dist(p, a) < BUMP for p in beside)
    return near or crowded or move.way > JITTER or film.bumped(move, HANDLED)


def _gravity(film: Film, track: Track) -> Iterator[Found]:
    """Yield how much nearer to hanging beside the table than to lying on the floor it is seen.

    What lies on the floor is further from the camera than what is at the table's height: it is
    seen elsewhere, and smaller. The first sight of it may be of its fall.
    """
    seen = [(i, o.position) for i, o in sorted(track.on.items())]
    off = sorted(track.off.items())
    for (_, old), (frame, thing) in itertools.pairwise(off):
        beyond = max(map(abs, thing.position)) - TABLE_HALF
        if not seen or beyond < OUTSIDE or (frame - off[0][0]) * film.dt < FALL:
            continue
        if track.shape == "ball":
            # On the floor it rolls on.
            stays = math.dist(old.position, thing.position) < JITTER
            yield (HANGS[1] if stays and track.known.shape == "ball" else 0.0), frame
            continue
        camera, height = film.sightings[frame].camera, HEIGHT[track.shape]
        fallen = _astray(seen, _on_floor(camera, thing.position, height), FALLS)
        nearer = fallen - _astray(seen, thing.position, FLOATS)
        yield nearer + SIZE * (_size(track, thing) - SMALLER), frame


def _on_floor(camera: Camera, place: Point, height: float) -> Point:
    """Return where a thing lies on the floor that is seen at a place at the table's height."""
    x, y, z = camera.position
    share = (z - height - FLOOR) / (z - height)
    return x + (place[0] - x) * share, y + (place[1] - y) * share


def _astray(seen: Sequence[tuple[int, Point]], place: Point, out: Span) -> float:
    """Return how far a place is from where a thing that goes over the rim gets to, metres.

    Args:
      seen: frames and places in which it was well seen on the table.
      place: where it is taken to be.
      out: how far beyond the rim it may get, metres.
    """
    at = np.array(seen[-1][1])
    went = at - np.array(seen[-2][1]) if len(seen) > 1 else np.zeros(2)
    side = int(np.argmax(np.abs(place)))
    sign = math.copysign(1.0, place[side])
    aside = 0.0
    if sign * went[side] > JITTER:
        # Along the rim it goes on as it went.
        steps = (TABLE_HALF - sign * at[side]) / (sign * went[side])
        aside = max(-0.1, min(0.1, float(went[1 - side] * steps)))
    beyond = sign * place[side] - TABLE_HALF
    along = place[1 - side] - at[1 - side]
    wide = 0.03 + 0.35 * max(0.0, beyond)
    short, far = out[0] - beyond, beyond - out[1]
    left, right = min(0.0, aside) - wide - along, along - max(0.0, aside) - wide
    return math.hypot(max(0.0, short, far), max(0.0, left, right))


def _size(track: Track, thing: SceneObject) -> float:
    """Return the larger of its width and height in the picture, as a share of what it was."""
    boxes = np.array([o.box for o in track.on.values() if o.box])
    if thing.box is None or not len(boxes):
        return SMALLER
    left, top, right, bottom = thing.box
    usual = np.median(boxes[:, 2:] - boxes[:, :2], axis=0)
    return float((np.array([right - left, bottom - top]) / usual).max())
