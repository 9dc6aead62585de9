"""What the planner believes is on the table, carried from look to look."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from mindseye.tools.contracts import VisionModel
from mindseye.tools.goals import TABLE_HALF, Goal, satisfied
from mindseye.tools.values import Point, SceneGraph, SceneObject

RIM = 0.05
"""Something last seen this near the rim, and now gone, has fallen, metres."""
SAME_PLACE = 0.025
"""Two looks at the same thing put it this close together, metres."""
FORGET_AFTER = 3
"""Looks without an object after which it counts as gone wherever it was."""
MARGIN = 0.004
"""A goal must survive errors of this size in every place before it is called reached, metres."""


def see(vision: VisionModel, observation: Mapping[str, NDArray[Any]]) -> SceneGraph:
    """Return what stands on a world's table, from its observation (`frame` and `pusher`)."""
    scene = vision.look([observation["frame"]])[0]
    # Proprioception knows the pusher's place better than any camera.
    x, y = (float(v) for v in observation["pusher"][:2])
    return replace(scene, pusher=(x, y))


class Memory:
    """Keeps objects that are hidden for a moment; lets go of what fell or stays unseen."""

    def __init__(self, first: SceneGraph) -> None:
        self.expected = first.names
        """Names of what was there at the beginning."""
        self.scene = first
        self._first = {o.name: o for o in first.objects}
        self._unseen = dict.fromkeys(first.names, 0)

    def recognise(self, seen: SceneGraph) -> SceneGraph:
        """Return a look with its objects called what they were called at first.

        Things do not change colour or shape. What looks like a new object is an
        expected one that is missing in this look: of the same colour, or else in
        the same place. What is neither is left out.
        """
        missing = {n for n in self.expected if seen.find(n) is None}
        objects = []
        for item in seen.objects:
            name = item.name if item.name in self.expected else self._match(item, missing)
            if name is None:
                continue
            missing.discard(name)
            known = self._first[name]
            objects.append(
                replace(item, referent=known.referent, colour=known.colour, shape=known.shape)
            )
        return replace(seen, objects=tuple(objects))

    def _match(self, item: SceneObject, missing: set[str]) -> str | None:
        def gap(name: str) -> float:
            before = self.scene.find(name)
            return math.dist(before.position, item.position) if before else math.inf

        alike = [n for n in missing if n.split()[0] == item.colour]
        here = [n for n in missing if gap(n) < SAME_PLACE]
        return min(alike or here, key=gap, default=None)

    def update(self, seen: SceneGraph) -> SceneGraph:
        """Take in one look and return what is believed now."""
        seen = self.recognise(seen)
        objects: list[SceneObject] = []
        for name in self.expected:
            now, before = seen.find(name), self.scene.find(name)
            if now is not None:
                self._unseen[name] = 0
                if not _fallen(now.position):
                    objects.append(now)
            elif before is not None:
                self._unseen[name] += 1
                near_rim = TABLE_HALF - max(map(abs, before.position)) < RIM
                if self._unseen[name] < (2 if near_rim else FORGET_AFTER):
                    objects.append(replace(before, confidence=before.confidence * 0.5))
        patches = self.scene.patches or seen.patches
        self.scene = SceneGraph(objects=tuple(objects), pusher=seen.pusher, patches=patches)
        return self.scene

    @property
    def lost(self) -> tuple[str, ...]:
        """Objects that were there and are not any more."""
        return tuple(n for n in self.expected if self.scene.find(n) is None)


def _fallen(position: Point) -> bool:
    return max(map(abs, position)) > TABLE_HALF + 0.01


def clearly_satisfied(goal: Goal, layout: dict[str, Point], expected: Sequence[str]) -> bool:
    """Say whether the goal holds, also if every single place is read a few millimetres wrong."""
    if not satisfied(goal, layout, expected):
        return False
    for name, (x, y) in layout.items():
        for dx, dy in ((MARGIN, 0.0), (-MARGIN, 0.0), (0.0, MARGIN), (0.0, -MARGIN)):
            if not satisfied(goal, {**layout, name: (x + dx, y + dy)}, expected):
                return False
    return True


def surprise(predicted: dict[str, Point], seen: dict[str, Point]) -> float:
    """Return the largest distance between predicted and seen places, metres.

    An object that only one of them has counts as far off as half the table.
    """
    gaps = [
        math.dist(predicted[n], seen[n]) if n in predicted and n in seen else TABLE_HALF
        for n in {*predicted, *seen}
    ]
    return max(gaps, default=0.0)
