"""The values that flow between the tools and the planner. Frozen, with shapes and units.

Places are metres in the table frame: x to the right, y away from the camera,
z up from the table top; the table spans -0.3 to 0.3 in x and y.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Frames = NDArray[np.uint8]
Source = Literal["world", "video", "physics"]
PatchKind = Literal["ice", "sticky"]


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a clip comes from: enough to make it again."""

    source: Source
    model: str
    seed: int
    request: str = ""
    """Short hash of the request."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """A few frames of the table, seen, simulated or imagined."""

    frames: Frames
    """`[T, H, W, 3] uint8`, RGB."""
    dt: float
    """Seconds between frames."""
    provenance: Provenance
    likelihood: float | None = None
    """Of an imagined clip: a log-likelihood proxy, comparable between clips of one request."""
    spread: float | None = None
    """Of an imagined clip: how far the samples of its request end apart, metres (root mean
    square over things and samples); None for a single sample."""
    doubt: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Of an imagined clip: name of a thing -> how far off the generator expects its last place
    to be, metres; empty where it does not say."""

    def digest(self) -> str:
        """Return a content hash, used as the file name in a record."""
        return hashlib.sha256(np.ascontiguousarray(self.frames).tobytes()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class SceneObject:
    """One object on the table as it was perceived or described."""

    referent: str
    """Unique token such as `red_cube_1`."""
    colour: str
    shape: str
    position: Point
    """Centre on the table, metres."""
    confidence: float = 1.0
    """In [0, 1]."""
    box: tuple[int, int, int, int] | None = None
    """Pixel box (left, top, right, bottom) in the frame it was read from."""

    @property
    def name(self) -> str:
        """The words a person would use: "red cube"."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A disc on the table with other friction."""

    kind: PatchKind
    position: Point
    radius: float
    """Metres."""


@dataclass(frozen=True, kw_only=True)
class SceneGraph:
    """What is on the table: objects with referents, the pusher, patches."""

    objects: tuple[SceneObject, ...]
    pusher: Point | None = None
    patches: tuple[Patch, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objects, in order."""
        return tuple(o.name for o in self.objects)

    @property
    def layout(self) -> dict[str, Point]:
        """Name -> place, the form goals are scored on."""
        return {o.name: o.position for o in self.objects}

    def find(self, name: str) -> SceneObject | None:
        """Return the object called `name` ("red cube" or "red_cube_1"), or None."""
        for o in self.objects:
            if name in (o.name, o.referent):
                return o
        return None


def scene_of(
    layout: Mapping[str, Point], patches: tuple[Patch, ...] = (), pusher: Point | None = None
) -> SceneGraph:
    """Return a layout as vision without fault would see it."""
    objects = tuple(
        SceneObject(referent=f"{c}_{s}_1", colour=c, shape=s, position=place)
        for (c, s), place in ((name.split(), place) for name, place in layout.items())
    )
    return SceneGraph(objects=objects, pusher=pusher, patches=patches)


@dataclass(frozen=True, kw_only=True)
class Push:
    """The one skill: go behind `subject`, lower, push it along a path, lift.

    The path runs from the object's place over `via` to `target`.
    """

    subject: str
    target: Point
    speed: float = 0.2
    """Pusher speed while in contact, metres a second."""
    via: tuple[Point, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A push that was carried out, and how things then stood."""

    scene: SceneGraph
    """What was seen before."""
    push: Push
    seen: Mapping[str, Point]
    """Name -> place afterwards; what fell is missing."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a simulation."""

    kind: Literal["fell", "collided", "stopped", "moved"]
    subject: str
    other: str = ""
    time: float = 0.0
    """Seconds since the start."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rollout:
    """One simulated future of one intervention."""

    names: tuple[str, ...]
    positions: NDArray[np.float64]
    """`[T, N, 3]` object centres, metres."""
    pusher: NDArray[np.float64]
    """`[T, 3]`, metres."""
    dt: float
    """Seconds between rows."""
    events: tuple[Event, ...] = ()
    clip: Clip | None = None

    @property
    def fallen(self) -> tuple[str, ...]:
        """Objects that left the table."""
        return tuple(e.subject for e in self.events if e.kind == "fell")

    @property
    def layout(self) -> dict[str, Point]:
        """Where the objects ended; those that fell are absent."""
        fell = self.fallen
        return {
            n: (float(p[0]), float(p[1]))
            for n, p in zip(self.names, self.positions[-1], strict=True)
            if n not in fell
        }


@dataclass(frozen=True, kw_only=True)
class ImagineRequest:
    """What to picture: any frames of a clip, words, actions; the rest is imagined.

    The first frame alone is the planner's request. With `last_frame` a clip leads to a goal,
    with several of `given` it goes on from a past or back from a tail, with `frame` and
    `last_frame` the same it is a loop; without any frame the first is drawn from the words.
    A generator says what it cannot honour.
    """

    frame: Frames | None = field(default=None, compare=False)
    """`[H, W, 3] uint8` first frame."""
    text: str = ""
    subject: Point | None = None
    """Place (metres) of what the words move, for generators that ground their words."""
    object: Point | None = None
    """Place of what it moves relative to."""
    target: Point | None = None
    """Place it is pushed to."""
    samples: int = 1
    seed: int = 0
    last_frame: Frames | None = field(default=None, compare=False)
    """`[H, W, 3] uint8` the frame to end with."""
    given: Mapping[int, Frames] = field(default_factory=dict, compare=False)
    """Further frames by their index in the clip, `[H, W, 3] uint8` each."""
    actions: NDArray[np.float32] | None = field(default=None, compare=False)
    """`[A, 3]` actions of the world, a tenth of a second each: `[dx, dy, lift]` in [-1, 1]."""
    ticks: tuple[int, ...] | None = None
    """After how many actions each frame is; by default frames are spread evenly over them."""
    pusher: tuple[float, float, float] | None = None
    """Where the pusher is in the first given frame, metres; by default where it is seen."""
    length: int | None = None
    """Frames of the clip; by default as many as the generator makes at once."""
    known: Mapping[int, NDArray[np.bool_]] = field(default_factory=dict, compare=False)
    """Index of a given frame -> `[H, W] bool`, the part of it that is given; else all of it."""

    @property
    def frames(self) -> dict[int, Frames]:
        """All frames that are given, by their index; the last one has index -1."""
        ends = {0: self.frame, -1: self.last_frame}
        return {**self.given, **{i: f for i, f in ends.items() if f is not None}}


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """The next actions, as an action decoder reads them."""

    actions: tuple[Any, ...]
    """At least one, each valid in the world's action space, in the order to do them in."""
    confidence: float = 1.0
    """In [0, 1]."""
    futures: tuple[Clip, ...] = ()
    """What was imagined for it; the first is the one that was read."""
    frames: int = 0
    """How many frames were generated for it."""


Principle = Literal[
    "permanence", "continuity", "solidity", "unchangeableness", "contact", "gravity"
]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """Something that does not happen: what a clip shows against a principle of physics."""

    principle: Principle
    amount: float
    """In [0, 1]; 1 when vision's errors cannot account for it."""
    subject: str
    """Name of the object that shows it."""
    frame: int
    """Index of the frame that shows it."""

    @property
    def words(self) -> str:
        """Return "permanence: red cube in frame 3"."""
        return f"{self.principle}: {self.subject} in frame {self.frame}"


@dataclass(frozen=True, kw_only=True)
class Plausibility:
    """How plausible a clip is as physics."""

    score: float
    """In [0, 1]; 1 when nothing speaks against it."""
    violations: tuple[Violation, ...] = ()
    """The worst of each principle that is violated at all, the worst first."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a clip or rollout shows to have happened."""

    before: SceneGraph
    after: SceneGraph
    moved: dict[str, Point]
    """Name -> displacement in metres, for objects that moved more than 1 cm."""
    fell: tuple[str, ...] = ()
    """Left the table: last seen at its edge, or lying beside it."""
    vanished: tuple[str, ...] = ()
    """Gone without having been near the edge: not something that happens."""
    appeared: tuple[str, ...] = ()
    confidence: float = 1.0
    frames_read: tuple[int, ...] = ()
    seen_at: dict[str, int] = field(default_factory=dict)
    """Name -> index of the frame that its end was read from."""
    plausibility: Plausibility | None = None
    """Of the clip it was read from; None where no clip was judged."""


@dataclass(frozen=True, kw_only=True)
class Reward:
    """How well an outcome serves a goal, and what the judgement rests on."""

    value: float
    """In [0, 1]; 1 when the goal is seen to hold."""
    confidence: float
    items: tuple[float, ...] = ()
    """Progress of each item of the goal."""
    evidence: tuple[int, ...] = ()
    """Indices of the frames that earned it."""
    reason: str = ""
