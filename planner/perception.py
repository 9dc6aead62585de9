"""What the planner believes is on the table, carried from look to look."""

import itertools
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
OTHER_SHAPE = 0.05
"""Something of another shape is sooner another thing than this one if that is nearer by this,
metres: from one look to the next shapes are mistaken, places hardly."""
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
        self._at = {o.name: o.position for o in first.objects}
        """Name -> where it was seen last, metres."""
        self._unseen = dict.fromkeys(first.names, 0)

    def recognise(self, seen: SceneGraph) -> SceneGraph:
        """Return a look with its objects called what they were called at first.

        Things change neither colour nor shape, and do not change places at once. So what is seen
        of a colour is what was expected of it, each where it was last seen, sooner than of the
        shape it seems to be. What has the colour of nothing that is missing is what is missing in
        the same place; what is neither is left out.
        """
        named = dict[str, SceneObject]()
        for colour in dict.fromkeys(o.colour for o in seen.objects):
            named |= self._of_colour(colour, [o for o in seen.objects if o.colour == colour])
        rest = [o for o in seen.objects if not any(o is known for known in named.values())]
        for item in rest:
            missing = [n for n in self.expected if n not in named]
            here = [n for n in missing if math.dist(self._at[n], item.position) < SAME_PLACE]
            if here:
                named[min(here, key=lambda n: math.dist(self._at[n], item.position))] = item
        self._at |= {name: item.position for name, item in named.items()}
        return replace(seen, objects=tuple(self._as_first(n, o) for n, o in named.items()))

    def _of_colour(self, colour: str, seen: Sequence[SceneObject]) -> dict[str, SceneObject]:
        """Return which of the expected things of a colour each of those seen most likely is."""
        names = [n for n in self.expected if n.split()[0] == colour]
        if len(names) < len(seen):
            pairings = [list(zip(names, some, strict=True))
                        for some in itertools.permutations(seen, len(names))]  # fmt: skip
        else:
            pairings = [list(zip(some, seen, strict=True))
                        for some in itertools.permutations(names, len(seen))]  # fmt: skip
        return dict(min(pairings, key=lambda p: sum(self._change(n, o) for n, o in p)))

    def _change(self, name: str, item: SceneObject) -> float:
        """Return how far something would have come, metres, and that it looks otherwise."""
        return math.dist(self._at[name], item.position) + OTHER_SHAPE * (item.name != name)

    def _as_first(self, name: str, item: SceneObject) -> SceneObject:
        known = self._first[name]
        return replace(item, referent=known.referent, colour=known.colour, shape=known.shape)

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
    def unseen(self) -> bool:
        """Whether the last look lacked something that was there at the beginning."""
        return any(self._unseen.values())

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
