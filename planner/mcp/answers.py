"""What the tools answer: facts under a schema, a small frame, and links to the pictures."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter

from mindseye.planner.ask.answer import Answer
from mindseye.tools.values import Frames


def _rounded(value: float) -> float:
    return round(value, 4)


Number = Annotated[float, AfterValidator(_rounded)]
"""Tenths of millimetres are enough, and digits fill a client's context."""


class Facts(BaseModel):
    """What a client's program reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Thing(Facts):
    """One object as vision sees it."""

    name: str
    referent: str
    x: Number
    """Metres to the right of the table's centre."""
    y: Number
    """Metres away from the camera."""
    confidence: Number


class Seen(Facts):
    """Answer of `look`."""

    world: str
    objects: tuple[Thing, ...]
    pusher: tuple[Number, Number] | None
    seed: int
    run: str


class Future(Facts):
    """What one tool shows of one move."""

    move: str
    told: str
    """One sentence."""
    places: dict[str, tuple[Number, Number]]
    """Where everything ends, metres; what fell is absent."""
    fell: tuple[str, ...]
    confidence: Number
    """Simulated: the share of simulations from places slightly misread that end alike.
    Imagined: how surely vision read the clip."""


class Simulated(Facts):
    """Answer of `simulate`."""

    world: str
    futures: tuple[Future, ...]
    run: str


class Imagining(Future):
    """What one imagined clip shows."""

    shows: Number
    """How far the clip shows what was asked for, in [0, 1]."""
    vanished: tuple[str, ...]
    """Gone from the clip without having fallen: the generator's error."""


class Imagined(Facts):
    """Answer of `imagine`."""

    world: str
    futures: tuple[Imagining, ...]
    run: str


class Weighed(Facts):
    """One thing that could be done next."""

    words: str
    prior: Number
    value: Number | None
    """In [0, 1]; null where it was not weighed."""
    rewards: dict[str, Number]
    """Tool -> the best reward read off its pictures, in [0, 1]."""


class Next(Facts):
    """What would be done next."""

    words: str
    subgoal: dict[str, Any]
    target: tuple[Number, Number]
    """Metres."""
    value: Number
    confidence: Number
    tool: str
    why: str


class Planned(Facts):
    """Answer of `plan`."""

    world: str
    goal: dict[str, Any]
    said: str
    """The goal in words."""
    next: Next | None
    """null when there is nothing to do."""
    considered: tuple[Weighed, ...]
    run: str


class Answered(Facts):
    """Answer of `ask`."""

    result: Answer
    run: str


class Working(Facts):
    """Answer where the work goes on."""

    job: str
    state: Literal["waiting", "working"]
    doing: str
    seconds: Number


Result = Planned | Imagined | Answered | Working


def schema(*kinds: type[Facts]) -> dict[str, Any]:
    """Return the JSON schema of what is one of these."""
    union: Any = kinds[0]
    for kind in kinds[1:]:
        union = union | kind
    # Protocol versions before 2026 want "object" at the root, also of a choice.
    return {"type": "object", **TypeAdapter(union).json_schema(mode="serialization")}


@dataclass(frozen=True, kw_only=True)
class Link:
    """A picture in the runs folder."""

    uri: str
    name: str
    kind: str
    """MIME type."""
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reply:
    """What goes back to the client."""

    facts: Facts
    frame: Frames | None = None
    """`[H, W, 3] uint8`, shown within the answer; shrunk before it is sent."""
    links: tuple[Link, ...] = ()
