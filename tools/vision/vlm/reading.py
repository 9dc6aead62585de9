"""From boxes in a picture to places on the table, and from fates to an outcome.

Where a thing stands follows from the middle of its box, the height of its kind and the camera.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mindseye.tools.errors import ToolError
from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.scene import HEIGHT, PUSHER_REACH
from mindseye.tools.values import Outcome, Patch, Point, SceneGraph, SceneObject
from mindseye.tools.vision.outcome import MOVED
from mindseye.tools.vision.vlm.said import SaidFate, SaidObject, SaidOutcome, SaidPatch, SaidScene

Scale = Literal["pixels", "thousandths"]
"""How a model tells places: in pixels of the picture it is sent, or in thousandths of it."""
MARGIN = 0.1
"""Share of the picture by which a box may lie outside of it; it is cut to the picture."""
BRINK = 0.003
"""A centre this far beyond the edge of the table is off it, metres."""
HIDDEN = 0.5
"""Share of its confidence that is left to an object that is hidden."""


def counted(scale: Scale, side: int) -> int:
    """Return how far a model counts across a picture of so many pixels."""
    return side if scale == "pixels" else 1000


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Turns boxes that a model told into places on the table."""

    camera: Camera
    scale: Scale
    side: int
    """Of the square picture that the model was sent, pixels."""
    size: int
    """Of the frame it was made from, pixels: boxes in a scene graph are in these."""

    @property
    def whole(self) -> int:
        """How far the model counts across the picture."""
        return counted(self.scale, self.side)

    def _inside(self, told: Sequence[int]) -> list[float]:
        """Return numbers in pixels of the frame.

        Raises:
          ToolError: one lies outside of the picture.
        """
        if any(v > self.whole * (1 + MARGIN) for v in told):
            raise ToolError(
                f"{list(told)} lies outside of the picture, which goes from 0 to {self.whole}"
            )
        return [min(v, self.whole) / self.whole * self.size for v in told]

    def box(self, told: Sequence[int]) -> tuple[int, int, int, int]:
        """Return a box in pixels of the frame.

        Raises:
          ToolError: it lies outside of the picture, or has no inside.
        """
        left, top, right, bottom = self._inside(told)
        if right <= left or bottom <= top:
            raise ToolError(f"the box {list(told)} is empty; give [left, top, right, bottom]")
        return round(left), round(top), round(right), round(bottom)

    def place(self, told: Sequence[int], height: float) -> Point:
        """Return where the middle of a box is on the table, metres.

        Args:
          told: the box.
          height: of the thing's centre, metres.

        Raises:
          ToolError: see `box`.
        """
        self.box(told)
        left, top, right, bottom = self._inside(told)
        middle = [(left + right) / 2, (top + bottom) / 2]
        x, y = self.camera.unproject(middle, self.size, height)[0]
        return float(x), float(y)

    def object(self, said: SaidObject, confidence: float) -> SceneObject:
        """Return an object as scene graphs hold it; see `place`."""
        return SceneObject(
            referent=f"{said.colour}_{said.shape}_1", colour=said.colour, shape=said.shape,
            position=self.place(said.box, HEIGHT[said.shape]), confidence=confidence,
            box=self.box(said.box),
        )  # fmt: skip

    def patch(self, said: SaidPatch) -> Patch:
        """Return a patch as a disc as wide as its box; see `place`."""
        left, top, right, bottom = self._inside(said.box)
        middle = (top + bottom) / 2
        ends = self.camera.unproject([[left, middle], [right, middle]], self.size)
        radius = min(math.dist(ends[0], ends[1]) / 2, TABLE_HALF)
        return Patch(kind=said.kind, position=self.place(said.box, 0.0), radius=radius)

    def graph(self, said: SaidScene, confidence: float) -> SceneGraph:
        """Return what is on the table, each kind of object once: where the larger box is.

        Raises:
          ToolError: see `box`.
        """
        found: dict[str, SceneObject] = {}
        for item in sorted(said.objects, key=lambda o: _area(o.box)):
            seen = self.object(item, confidence)
            if max(abs(c) for c in seen.position) <= TABLE_HALF + BRINK:
                found[seen.name] = seen
        pusher = None
        if said.pusher is not None:
            x, y = self.camera.unproject(self._inside(said.pusher), self.size)[0]
            pusher = (_clipped(float(x)), _clipped(float(y)))
        return SceneGraph(
            objects=tuple(found[n] for n in sorted(found)), pusher=pusher,
            patches=tuple(self.patch(p) for p in said.patches),
        )  # fmt: skip


def _area(box: Sequence[int]) -> int:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def _clipped(along: float) -> float:
    return min(PUSHER_REACH, max(-PUSHER_REACH, along))


def outcome_of(
    said: SaidOutcome, before: SceneGraph, reader: Reader, confidence: float, rows: tuple[int, ...]
) -> Outcome:
    """Return what a model said of a clip as an outcome.

    Args:
      said: about each object of `before`, and what is new.
      before: the scene as it was before the clip.
      reader: of boxes in the last frame.
      confidence: in what was said.
      rows: indices of the frames that were shown.

    Raises:
      ToolError: an object is left out, or is there and has no box, or one that cannot be.
    """
    if wrong := set(said.objects) ^ set(before.names):
        raise ToolError(
            f"say what became of {', '.join(before.names)}, not of {sorted(wrong)[0]!r}"
        )
    after = [
        stands
        for thing in before.objects
        if (stands := _end(thing, said.objects[thing.name], reader, confidence)) is not None
    ]
    new = [reader.object(o, confidence) for o in said.appeared]
    new = [o for o in new if o.name not in before.names]
    start = before.layout
    shifts = {
        o.name: (o.position[0] - start[o.name][0], o.position[1] - start[o.name][1]) for o in after
    }
    return Outcome(
        before=before,
        after=SceneGraph(objects=(*after, *new), pusher=before.pusher, patches=before.patches),
        moved={n: s for n, s in shifts.items() if math.hypot(*s) > MOVED},
        fell=tuple(n for n, f in said.objects.items() if f.fate == "fell"),
        vanished=tuple(n for n, f in said.objects.items() if f.fate == "vanished"),
        appeared=tuple(o.name for o in new),
        confidence=confidence,
        frames_read=rows,
        seen_at=dict.fromkeys(before.names, rows[-1]),
    )


def _end(
    thing: SceneObject, said: SaidFate, reader: Reader, confidence: float
) -> SceneObject | None:
    """Return a thing where it stands at the end; None for one that is gone."""
    if said.fate in ("fell", "vanished"):
        return None
    if said.box is None:
        if said.fate == "there":
            raise ToolError(f"{thing.name} is there and has no box")
        return replace(thing, confidence=confidence * HIDDEN)
    sure = confidence * (HIDDEN if said.fate == "hidden" else 1.0)
    place = reader.place(said.box, HEIGHT[thing.shape])
    return replace(thing, position=place, confidence=sure, box=reader.box(said.box))
