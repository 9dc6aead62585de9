"""What a clip or a rollout shows to have happened, and what that is worth for a goal.

Both pictures, the imagined and the computed one, end as the same `Outcome`, so
that they can be compared object by object.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mindseye.tools.goals import (
    OBJECT_RADIUS,
    REACH,
    TABLE_HALF,
    AreaItem,
    Goal,
    GroupItem,
    Item,
    LineItem,
    NotItem,
    PlaceItem,
    item_progress,
    place_words,
    progress,
)
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.scene import HEIGHT, PUSHER_RADIUS
from mindseye.tools.values import (
    Outcome,
    Patch,
    Point,
    Reward,
    Rollout,
    SceneGraph,
    SceneObject,
)
from mindseye.tools.vision.scene_graph import Sighting

MOVED = 0.01
"""An object whose place changed by more than this has moved, metres."""
EDGE = 0.045
"""An object that vanishes this near the edge of the table went over it, metres."""
HIDES = 0.05
"""Something in front hides what lies within this of it in the picture, metres on the table."""
_SAME_PLACE = 0.035
"""Two things cannot stand this near each other, metres."""
_PUSHER_TOP = 0.11
"""The lowered pusher hides what lies behind it up to this height, metres."""
_HIDDEN = 0.5
_FELL = 0.8
_VANISHED = 0.2
"""Confidence in the end of an object that was last seen before it was hidden, went over the
edge, or was gone for no reason."""
_APPEARS = 0.5
"""Least confidence at which a thing that was not there before is believed."""

Fate = Literal["there", "hidden", "fell", "vanished"]


@dataclass(frozen=True, kw_only=True)
class _Track:
    """Where one object was seen, in the order of the frames."""

    before: SceneObject
    seen: tuple[tuple[int, SceneObject], ...]
    off: tuple[int, ...]
    """Frames in which it lay beside the table."""

    def last(self) -> tuple[int, SceneObject]:
        """Return the last frame it was seen on the table in (-1: only before the clip)."""
        return self.seen[-1] if self.seen else (-1, self.before)


def _track(name: str, before: SceneObject, sightings: Mapping[int, Sighting]) -> _Track:
    found = ((i, s.graph.find(name)) for i, s in sightings.items())
    off = (i for i, s in sightings.items() if any(o.name == name for o in s.off_table))
    return _Track(before=before, seen=tuple((i, o) for i, o in found if o), off=tuple(off))


def _leaves(track: _Track, until: int) -> bool:
    """Say whether it was last seen at the edge or on its way over it."""
    frame, last = track.last()
    x, y = last.position
    if max(abs(x), abs(y)) > TABLE_HALF - EDGE:
        return True
    if len(track.seen) < 2:
        return False
    (earlier, old), (_, new) = track.seen[-2:]
    steps = (until - frame) / (frame - earlier)
    ahead = (
        x + (new.position[0] - old.position[0]) * steps,
        y + (new.position[1] - old.position[1]) * steps,
    )
    return max(abs(ahead[0]), abs(ahead[1])) > TABLE_HALF


def _covered(track: _Track, sighting: Sighting) -> bool:
    """Say whether something stands before the place where it was last seen.

    A thing of height h at (x, y) covers the table behind it, away from the
    camera, as far as the ray over its top reaches.
    """
    x, y = track.last()[1].position
    covers = [
        (o.position, 2 * HEIGHT[o.shape], OBJECT_RADIUS)
        for o in sighting.graph.objects
        # What stands on the very place does not hide it: it took it.
        if math.dist(o.position, (x, y)) > _SAME_PLACE
    ]
    if sighting.graph.pusher is not None:
        covers.append((sighting.graph.pusher, _PUSHER_TOP, PUSHER_RADIUS))
    return any(hides(sighting.camera, at, height, radius, (x, y)) for at, height, radius in covers)


def hides(camera: Camera, at: Point, height: float, radius: float, place: Point) -> bool:
    """Say whether an upright thing at a point hides an object that stands at a place, metres."""
    cx, cy, cz = camera.position
    reach = height / (cz - height)
    shadow = (at[0] + (at[0] - cx) * reach, at[1] + (at[1] - cy) * reach)
    along = (shadow[0] - at[0], shadow[1] - at[1])
    length = math.hypot(*along) or 1.0
    offset = (place[0] - at[0], place[1] - at[1])
    share = max(0.0, min(1.0, (offset[0] * along[0] + offset[1] * along[1]) / length**2))
    nearest = (at[0] + share * along[0], at[1] + share * along[1])
    return math.dist(nearest, place) < max(HIDES - OBJECT_RADIUS + radius, radius)


def _replaced(track: _Track, sighting: Sighting) -> bool:
    """Say whether something else stands where it was last seen: it changed colour or shape."""
    place = track.last()[1].position
    return any(math.dist(o.position, place) <= _SAME_PLACE for o in sighting.graph.objects)


def _fate(track: _Track, sightings: Mapping[int, Sighting]) -> Fate:
    """Decide what became of an object by the end of the clip."""
    order = sorted(sightings)
    end = order[-1]
    frame = track.last()[0]
    if track.off and track.off[-1] > frame:
        return "fell"
    if frame == end:
        return "there"
    if _leaves(track, end):
        return "fell"
    if _covered(track, sightings[end]):
        return "hidden"
    # A dropout of one frame, with nothing in its place, is the reader's fault.
    blinked = len(order) > 2 and frame == order[-2] and not _replaced(track, sightings[end])
    return "hidden" if blinked else "vanished"


def _appeared(sightings: Mapping[int, Sighting], before: SceneGraph) -> tuple[SceneObject, ...]:
    """Return what the last frame shows that was not there; one odd frame is no evidence."""
    last_two = sorted(sightings)[-2:]
    known = set(before.names)
    return tuple(
        o
        for o in sightings[last_two[-1]].graph.objects
        if o.name not in known
        and o.confidence >= _APPEARS
        and all(sightings[i].graph.find(o.name) for i in last_two)
    )


def read_outcome(sightings: Mapping[int, Sighting], before: SceneGraph) -> Outcome:
    """Return what the frames of one clip show to have happened.

    Args:
      sightings: frame index -> what it shows, in order.
      before: the scene as it was seen before the clip.
    """
    end = max(sightings)
    after: list[SceneObject] = []
    fates: dict[str, Fate] = {}
    seen_at: dict[str, int] = {}
    confidences = []
    for thing in before.objects:
        track = _track(thing.name, thing, sightings)
        frame, last = track.last()
        fate = fates[thing.name] = _fate(track, sightings)
        sure = last.confidence
        if fate == "hidden":
            sure *= _HIDDEN
        if fate in ("there", "hidden"):
            after.append(replace(last, referent=thing.referent, confidence=sure))
        confidences.append({"fell": _FELL, "vanished": _VANISHED}.get(fate, sure))
        at = track.off[-1] if fate == "fell" and track.off else frame
        seen_at[thing.name] = max(at, 0)
    new = _appeared(sightings, before)
    confidences += [1.0 - o.confidence for o in new]
    final = sightings[end].graph
    return Outcome(
        before=before,
        after=SceneGraph(
            objects=(*after, *new), pusher=final.pusher, patches=before.patches or final.patches
        ),
        moved=_moved(before, after),
        fell=tuple(n for n, f in fates.items() if f == "fell"),
        vanished=tuple(n for n, f in fates.items() if f == "vanished"),
        appeared=tuple(o.name for o in new),
        confidence=_mean(confidences),
        frames_read=tuple(sorted(sightings)),
        seen_at=seen_at,
    )


def outcome_from_rollout(rollout: Rollout, before: SceneGraph) -> Outcome:
    """Return the outcome that a simulation's state shows, in the form vision reads off clips."""
    layout = rollout.layout
    after = tuple(
        replace(o, position=layout[o.name], confidence=1.0, box=None)
        for o in before.objects
        if o.name in layout
    )
    end = len(rollout.positions) - 1
    pusher = rollout.pusher[-1]
    patches: tuple[Patch, ...] = before.patches
    return Outcome(
        before=before,
        after=SceneGraph(
            objects=after, pusher=(float(pusher[0]), float(pusher[1])), patches=patches
        ),
        moved=_moved(before, after),
        fell=rollout.fallen,
        confidence=1.0,
        frames_read=(end,),
        seen_at=dict.fromkeys(before.names, end),
    )


def disagreement(a: Outcome, b: Outcome) -> list[tuple[str, float]]:
    """Return how far apart two outcomes put each object, metres, the largest first.

    An object that only one of them leaves on the table counts as `REACH` apart;
    one that neither leaves there is no disagreement.
    """
    first, second = a.after.layout, b.after.layout
    names = dict.fromkeys((*a.before.names, *first, *second))
    gaps = []
    for name in names:
        if name in first and name in second:
            gaps.append((name, math.dist(first[name], second[name])))
        else:
            gaps.append((name, REACH if name in first or name in second else 0.0))
    return sorted(gaps, key=lambda gap: -gap[1])


def _moved(before: SceneGraph, after: Sequence[SceneObject]) -> dict[str, Point]:
    start = before.layout
    shifts = {
        o.name: (o.position[0] - start[o.name][0], o.position[1] - start[o.name][1])
        for o in after
        if o.name in start
    }
    return {name: shift for name, shift in shifts.items() if math.hypot(*shift) > MOVED}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 1.0


def _concerned(goal: Goal, before: SceneGraph) -> tuple[str, ...]:
    """Return the objects that the goal is about; "all" and groups are about every one."""
    atoms = [i.not_ if isinstance(i, NotItem) else i for i in goal.all_]
    everything = any(
        isinstance(a, GroupItem | LineItem) or (isinstance(a, AreaItem) and a.subject == "all")
        for a in atoms
    )
    return before.names if everything else tuple(sorted(goal.names()))


def _sureness(outcome: Outcome, name: str) -> float:
    """Return how sure the end of one object is."""
    found = outcome.after.find(name)
    if found is not None:
        return found.confidence
    return _FELL if name in outcome.fell else _VANISHED


def _item_words(item: Item) -> str:
    if isinstance(item, NotItem):
        return f"not ({_item_words(item.not_)})"
    if isinstance(item, AreaItem):
        return f"{item.subject} in the {item.area.replace('_', ' ')}"
    if isinstance(item, GroupItem):
        return f"grouped by {item.by}"
    if isinstance(item, LineItem):
        return "all in line"
    if isinstance(item, PlaceItem):
        return f"{item.subject} at {place_words(item.place)}"
    return f"{item.subject} {item.relation.replace('_', ' ')} {item.object}"


def _reason(outcome: Outcome, goal: Goal, items: Sequence[float]) -> str:
    parts = [
        f"{_item_words(item)}: {'holds' if share >= 1.0 else f'{share:.0%} there'}"
        for item, share in zip(goal.all_, items, strict=True)
    ]
    for names, words in (
        (outcome.fell, "fell off the table"),
        (outcome.vanished, "vanished, which does not happen"),
        (outcome.appeared, "appeared from nowhere"),
    ):
        if names:
            parts.append(f"{', '.join(names)} {words}")
    return "; ".join(parts)


def reward_of(outcome: Outcome, goal: Goal) -> Reward:
    """Return how well an outcome serves a goal, how sure that is and which frames show it.

    The value is the goal's progress on what is left on the table; every object
    that was there before and is not any more halves it.
    """
    layout = {n: p for n, p in outcome.after.layout.items() if n not in outcome.appeared}
    items = tuple(item_progress(item, layout) for item in goal.all_)
    names = _concerned(goal, outcome.before)
    lost = (*outcome.fell, *outcome.vanished)
    shown = {outcome.seen_at[n] for n in (*names, *lost) if n in outcome.seen_at}
    return Reward(
        value=progress(goal, layout, outcome.before.names),
        confidence=_mean([_sureness(outcome, n) for n in names]),
        items=items,
        evidence=tuple(sorted(shown)) or outcome.frames_read[-1:],
        reason=_reason(outcome, goal, items),
    )
