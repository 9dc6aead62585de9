"""Pictures and proposals kept by content, so that planning anew reuses what still holds.

After a push went as predicted, what was pictured from there is what could be done
now. Scenes count as the same when they are so to `search.tree.GRID`; a tool's
picture is kept by itself, since the other may not have been asked.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

from mindseye.planner.candidates import Candidate
from mindseye.planner.judge import Picture
from mindseye.planner.search.tree import scene_key
from mindseye.tools.values import SceneGraph


class Kept:
    """The results of a run's tools that were used last, up to a number."""

    def __init__(self, size: int) -> None:
        """Set up; `size` is how many results are kept, 0 for none."""
        self.size = size
        self._found: OrderedDict[Hashable, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def picture(self, scene: SceneGraph, candidate: Candidate, tool: str) -> Picture | None:
        """Return what a tool showed of a candidate in such a scene, or None."""
        found: Picture | None = self._get(_key(scene, candidate, tool))
        return found and replace(found, candidate=candidate)

    def keep(self, scene: SceneGraph, picture: Picture) -> None:
        """Keep what each tool showed."""
        shown = (("physics", picture.computed is not None), ("video", bool(picture.imagined)))
        for tool, there in shown:
            if there:
                self._put(_key(scene, picture.candidate, tool), by_tool(picture, tool))

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


def _key(scene: SceneGraph, candidate: Candidate, tool: str) -> Hashable:
    # Where geometry alone makes the push, scene and words say all about it.
    exact = candidate.push if candidate.note else None
    return scene_key(scene), candidate.words, exact, tool


def by_tool(picture: Picture, tool: str) -> Picture:
    """Return what one tool showed of a candidate."""
    if tool == "physics":
        return replace(picture, clips=(), imagined=(), imagined_rewards=())
    return Picture(
        candidate=picture.candidate, clips=picture.clips, imagined=picture.imagined,
        imagined_rewards=picture.imagined_rewards,
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
