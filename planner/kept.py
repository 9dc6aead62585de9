"""Pictures and proposals kept by content, so that planning anew reuses what still holds.

After a push went as predicted, what was pictured from there is what could be done
now. A scene is found by its hash, or, since what is seen may lie just across a line of
the grid, by being near to one that is known. A tool's picture is kept by itself, since
the other may not have been asked.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

from mindseye.planner.candidates import Candidate
from mindseye.planner.judge import Picture
from mindseye.planner.search.tree import GRID, scene_key
from mindseye.tools.values import SceneGraph


class Kept:
    """The results of a run's tools that were used last, up to a number."""

    def __init__(self, size: int) -> None:
        """Set up; `size` is how many results are kept, 0 for none."""
        self.size = size
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._scenes: OrderedDict[str, SceneGraph] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def forget_pictures(self) -> None:
        """Drop what tools showed: it would be another picture now."""
        pictures = [k for k, value in self._found.items() if isinstance(value, Picture)]
        for key in pictures:
            del self._found[key]

    def picture(self, scene: SceneGraph, candidate: Candidate, tool: str) -> Picture | None:
        """Return what a tool showed of a candidate in such a scene, or None."""
        found: Picture | None = self._get(self._key(scene, candidate, tool))
        return found and replace(found, candidate=candidate)

    def keep(self, scene: SceneGraph, picture: Picture) -> None:
        """Keep what each tool showed."""
        shown = (("physics", picture.computed is not None), ("video", bool(picture.imagined)))
        for tool, there in shown:
            if there:
                self._put(self._key(scene, picture.candidate, tool), by_tool(picture, tool))

    def each(
        self,
        keys: Sequence[Hashable],
        make: Callable[[list[int]], Sequence[Any]],
    ) -> list[Any]:
        """Return a result for each key; those not kept come from one call of `make`.

        Args:
          keys: equal keys stand for equal results.
          make: takes indices of `keys`, returns their results in that order.
        """
        known = {k: self._get(k) for k in keys}
        missing = [k for k, value in known.items() if value is None]
        made = make([list(keys).index(k) for k in missing]) if missing else []
        for key, value in zip(missing, made, strict=True):
            known[key] = value
            self._put(key, value)
        return [known[k] for k in keys]

    def scene(self, scene: SceneGraph) -> str:
        """Return the hash of a scene, or of one that is known and as good as the same."""
        key = scene_key(scene)
        if key in self._scenes:
            self._scenes.move_to_end(key)
            return key
        for known, other in reversed(self._scenes.items()):
            if alike(scene, other):
                return known
        self._scenes[key] = scene
        while len(self._scenes) > self.size:
            self._scenes.popitem(last=False)
        return key

    def _key(self, scene: SceneGraph, candidate: Candidate, tool: str) -> Hashable:
        # Where geometry alone makes the push, scene and words say all about it.
        exact = candidate.push if candidate.note else None
        return self.scene(scene), candidate.words, exact, tool

    def _get(self, key: Hashable) -> Any:
        if key not in self._found:
            return None
        self._found.move_to_end(key)
        return self._found[key]

    def _put(self, key: Hashable, value: Any) -> None:
        self._found[key] = value
        self._found.move_to_end(key)
        while len(self._found) > self.size:
            self._found.popitem(last=False)


def alike(scene: SceneGraph, other: SceneGraph) -> bool:
    """Say whether two scenes hold the same things, none further apart than `GRID`."""
    places, others = _places(scene), _places(other)
    return places.keys() == others.keys() and all(
        math.dist(place, others[name]) <= GRID for name, place in places.items()
    )


def _places(scene: SceneGraph) -> dict[str, tuple[float, ...]]:
    patches = {f"{p.kind} {i}": (*p.position, p.radius) for i, p in enumerate(scene.patches)}
    return {**scene.layout, **patches}


def by_tool(picture: Picture, tool: str) -> Picture:
    """Return what one tool showed of a candidate."""
    if tool == "physics":
        return replace(picture, clips=(), imagined=(), imagined_rewards=())
    return Picture(
        candidate=picture.candidate, clips=picture.clips, imagined=picture.imagined,
        imagined_rewards=picture.imagined_rewards,
    )  # fmt: skip


def with_more(picture: Picture, fresh: Picture) -> Picture:
    """Return a candidate's picture with further clips, or with what the simulator now shows."""
    simulated = picture if fresh.computed is None else fresh
    return replace(
        simulated, clips=(*picture.clips, *fresh.clips),
        imagined=(*picture.imagined, *fresh.imagined),
        imagined_rewards=(*picture.imagined_rewards, *fresh.imagined_rewards),
    )  # fmt: skip


def joined(picture: Picture, other: Picture) -> Picture:
    """Return a candidate's picture together with what another tool showed of it."""
    if other.imagined:
        return replace(
            picture, clips=other.clips, imagined=other.imagined,
            imagined_rewards=other.imagined_rewards,
        )  # fmt: skip
    return replace(
        other, clips=picture.clips, imagined=picture.imagined,
        imagined_rewards=picture.imagined_rewards,
    )  # fmt: skip
