"""Which known object is which detection: names that survive a blurred shape.

A generator that imagines at 64x64 keeps colours and places well and lets moving
shapes melt into discs, so that a star is read as a cylinder of the same colour. What
was on the table is known, though, and things move little from frame to frame:
each detection is given to a known object of its colour, the nearer and the more
alike in shape the sooner (Kuhn, 1955).
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from mindseye.tools.values import Point, SceneGraph, SceneObject
from mindseye.tools.vision.scene_graph import Sighting

OTHER_SHAPE = 0.12
"""A wrong shape weighs as much as this distance, metres."""
FAR = 0.3
"""From one frame to the next nothing goes further than this, metres: what seems to, and has
another shape as well, is something else."""


def _cost(known: SceneObject, last: Point, seen: SceneObject) -> float:
    if known.colour != seen.colour:
        return math.inf
    distance = math.dist(last, seen.position)
    if known.shape == seen.shape:
        return min(FAR, distance)
    return distance + OTHER_SHAPE if distance < FAR else math.inf


def _assign(
    known: tuple[SceneObject, ...], places: Mapping[str, Point], seen: list[SceneObject]
) -> dict[int, SceneObject]:
    """Return which known object each detection is, by index; strangers are left out."""
    if not known or not seen:
        return {}
    costs = np.array([[_cost(k, places[k.name], s) for s in seen] for k in known])
    # A large finite number instead of infinity: the solver refuses what has no full matching.
    rows, columns = linear_sum_assignment(np.where(np.isinf(costs), 1e3, costs))
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {c: known[r] for r, c in pairs if np.isfinite(costs[r, c])}


def _renamed(seen: SceneObject, known: SceneObject) -> SceneObject:
    return replace(seen, referent=known.referent, colour=known.colour, shape=known.shape)


def identified(sightings: Mapping[int, Sighting], before: SceneGraph) -> dict[int, Sighting]:
    """Return the sightings with their objects named after those of `before`.

    Args:
      sightings: frame index -> what it shows.
      before: the scene as it was seen before the clip.
    """
    places = dict(before.layout)
    named: dict[int, Sighting] = {}
    for frame in sorted(sightings):
        sighting = sightings[frame]
        on = list(sighting.graph.objects)
        seen = [*on, *sighting.off_table]
        found = _assign(before.objects, places, seen)
        named_all = [_renamed(s, found[i]) if i in found else s for i, s in enumerate(seen)]
        places |= {k.name: seen[i].position for i, k in found.items()}
        named[frame] = replace(
            sighting,
            graph=replace(sighting.graph, objects=tuple(named_all[: len(on)])),
            off_table=tuple(named_all[len(on) :]),
        )
    return named
