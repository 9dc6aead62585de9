# ruff: noqa: E501
"""What happens in a question: the situations of the six scenes and the words for them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mindseye.planner.questions.tense import participle
from mindseye.tools.physics.lab.program import Direction, Quantity, Scene


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happens to a thing, in the infinitive."""

    text: str
    """"throw {o} off[ a table]" or "fall[ from a tower]"; brackets hold where it happens."""

    @property
    def active(self) -> bool:
        """Say whether somebody does it to the thing."""
        return "{o}" in self.text

    @property
    def done(self) -> str:
        """The participle: "thrown"; empty where nobody does it."""
        return participle(self.text.partition(" ")[0]) if self.active else ""

    @property
    def has_place(self) -> bool:
        """Say whether it has a place in brackets."""
        return "[" in self.text

    @property
    def where(self) -> str:
        """The noun of its place: "table"; empty where it has none."""
        found = re.search(r"\[.*?(\w+)\]", self.text) or re.search(r" of a (\w+)$", self.text)
        return found[1] if found else ""

    def placed(self, place: str | None) -> str:
        """Return the infinitive with its own place (None), with another, or without any ("")."""
        head, opened, tail = self.text.partition("[")
        own, _, rest = tail.partition("]")
        if not opened:
            return self.text + (f" {place}" if place else "")
        where = own if place is None else f" {place}" if place else ""
        return head + where + rest

    def happens(self, place: str | None) -> str:
        """Return the same of the thing: "be thrown off a table"."""
        text = self.placed(place)
        if not self.active:
            return text
        verb, _, rest = text.replace("go of {o}", "go").partition(" ")
        return " ".join(f"be {participle(verb)} {rest.replace('{o}', '')}".split())


@dataclass(frozen=True, kw_only=True)
class Mode:
    """One kind of situation within a scene."""

    scene: Scene
    classes: tuple[str, ...]
    events: tuple[Event, ...]
    contexts: Mapping[Quantity, str]
    """How its quantities are spoken of, by key of `CONTEXTS`."""
    world: Mapping[Quantity, str] = field(default_factory=dict)
    """What the situation itself says: nothing pushes what glides."""
    direction: Direction | None = None
    bracketed: tuple[str, ...] = ()
    """Prepositions of adjuncts that stand only in place of an event's own place."""
    people: bool = False
    """A person may be the thing."""


def _events(*texts: str) -> tuple[Event, ...]:
    return tuple(Event(text=text) for text in texts)


_ON_FLOOR = ("over", "on", "across")

MODES: dict[str, Mode] = {
    "push": Mode(
        scene="motion",
        classes=("glider", "cart", "block"),
        events=_events(
            "push {o}[ along a frictionless track]", "push {o}[ across frictionless ice]",
            "pull {o}[ over a floor without friction]", "pull {o}[ along an air track]",
            "push {o}[ over a perfectly smooth floor]", "accelerate {o}[ along a frictionless rail]",
            "pull {o}[ across a frictionless table]", "tug {o}[ across perfectly slippery ice]",
            "push {o}[ in empty space]", "pull {o} from rest[ on a frictionless surface]",
            "push {o}[ on a level surface, with no friction at all]", "push {o}[ where there is no friction]",
            "pull {o}[ by a rope over frictionless ice]", "push {o} steadily", "pull {o} steadily",
            "accelerate {o} from rest", "push {o} from rest[ on an air cushion]",
        ),
        contexts={"mass": "mass", "force": "force", "length": "way", "duration": "push time"},
        bracketed=("along", "over"),
        people=True,
    ),
    "glide": Mode(
        scene="motion",
        classes=("glider", "cart"),
        events=_events(
            "glide[ across frictionless ice]", "coast[ along an air track]",
            "drift[ through empty space]", "slide freely[ over a frictionless floor]",
            "glide[ over a perfectly smooth table]", "move freely[ along a frictionless track]",
            "slide[ across ice without any friction]", "float along[ in deep space]",
            "roll on without friction", "coast without friction", "glide along with nothing pushing",
        ),
        contexts={"mass": "mass", "speed": "glide speed", "duration": "glide time"},
        world={"force": "0 N"},
        people=True,
    ),
    "slide": Mode(
        scene="friction",
        classes=("block", "glider", "slope"),
        events=_events(
            "slide[ across a rough floor] to a stop", "slide[ over the floor]", "skid[ across the floor]",
            "slide[ along the ground]", "kick {o}[ across the floor]", "shove {o}[ across the floor]",
            "slide[ over a rough table] to rest", "slide to a halt", "skid to a stop",
            "slide[ across the room]", "push {o} once[ across the floor]", "slide[ over a workshop floor]",
            "flick {o}[ across a table]", "slide[ down a level corridor]", "come to a stop[ on a rough floor]",
            "slide until friction stops the motion", "fling {o}[ across the ground]",
            "roll[ over a lawn] to a stop", "slow down[ on a rough floor]",
        ),
        contexts={"mass": "mass", "speed": "slide speed", "friction": "slide friction",
                  "gravity": "gravity"},
        bracketed=_ON_FLOOR,
        people=True,
    ),
    "brake": Mode(
        scene="friction",
        classes=("vehicle",),
        events=_events(
            "brake with locked wheels", "skid to a stop", "brake hard", "make an emergency stop",
            "slam on the brakes", "skid[ along a road]",
            "brake[ on a level road]", "stop with all wheels locked", "brake to a standstill", "skid to a halt",
        ),
        contexts={"mass": "mass", "speed": "brake speed", "friction": "road friction"},
        bracketed=_ON_FLOOR,
    ),
    "pull": Mode(
        scene="friction",
        classes=("block",),
        events=_events(
            "pull {o}[ across a rough floor]", "drag {o}[ over the rough ground]",
            "push {o}[ across a rough floor]", "drag {o}[ across a warehouse floor with friction]",
            "pull {o} by a rope[ over a rough surface]", "push {o}[ over rough ground]",
            "haul {o}[ across a rough floor]", "tug {o}[ across a rough floor]",
            "pull {o} against friction[ across the floor]", "drag {o} along against friction",
        ),
        contexts={"mass": "mass", "force": "force", "friction": "slide friction"},
        bracketed=_ON_FLOOR,
    ),
    "drop": Mode(
        scene="free_fall",
        classes=("toss",),
        events=_events(
            "drop {o}[ from a tower]", "release {o}[ from a bridge]", "fall[ from a roof]",
            "drop {o}[ out of a window]", "fall freely", "let go of {o}", "fall[ off a balcony]",
            "drop {o}[ from a cliff]", "fall straight down[ from a ledge]", "release {o} from rest",
            "drop {o}", "fall[ from a shelf]", "drop {o}[ from a helicopter that hovers]",
            "fall to the ground", "tumble[ from a branch]", "drop {o}[ in a vacuum chamber]",
        ),
        contexts={"mass": "mass", "height": "drop height", "gravity": "gravity"},
    ),
    "throw down": Mode(
        scene="free_fall",
        classes=("toss",),
        events=_events(
            "throw {o} straight down[ from a bridge]", "hurl {o} vertically downwards[ from a cliff]",
            "toss {o} straight down[ from a balcony]", "fling {o} straight down[ from a roof]",
            "throw {o} downwards[ from a window]", "throw {o} down[ a well]",
            "shoot {o} straight down[ from a tower]", "fire {o} vertically down[ from a platform]",
        ),
        contexts={"mass": "mass", "speed": "throw speed", "height": "drop height"},
    ),
    "throw up": Mode(
        scene="free_fall",
        classes=("toss",),
        events=_events(
            "throw {o} straight up", "toss {o} vertically upwards", "shoot {o} straight up",
            "launch {o} vertically", "throw {o} straight up into the air", "hurl {o} upwards",
            "fire {o} straight up", "toss {o} up", "throw {o} vertically into the sky",
            "fling {o} straight upwards", "launch {o} straight up[ from the ground]",
        ),
        contexts={"mass": "mass", "speed": "throw speed", "gravity": "gravity"},
        direction="up",
    ),
    "throw level": Mode(
        scene="projection",
        classes=("toss",),
        events=_events(
            "throw {o} horizontally[ off a table]", "launch {o} horizontally[ from a cliff]",
            "throw {o} horizontally[ from a roof]", "shoot {o} horizontally[ from a platform]",
            "roll off the edge[ of a table]", "flick {o} horizontally[ off a desk]",
            "slide off the edge[ of a shelf]", "kick {o} horizontally[ off a wall]",
            "fly off the edge[ of a cliff]", "push {o} over the edge[ of a table]",
            "fire {o} horizontally[ from a tower]", "hurl {o} horizontally[ from a balcony]",
            "roll over the edge[ of a desk]", "toss {o} sideways[ out of a window]",
            "leave the edge[ of a table] horizontally", "shoot {o} off the edge[ of a bench]",
        ),
        contexts={"mass": "mass", "speed": "throw speed", "height": "throw height",
                  "gravity": "gravity"},
    ),
    "throw angle": Mode(
        scene="projection",
        classes=("toss",),
        events=_events(
            "throw {o}[ from the ground]", "kick {o}[ across a field]", "launch {o}[ from the ground]",
            "fire {o}[ from ground level]", "shoot {o} into the air", "throw {o}[ over a meadow]",
            "launch {o}[ by a catapult]", "hit {o} into the air", "hurl {o}[ from the ground]",
            "fling {o} across a lawn", "toss {o} into the air[ from the ground]",
        ),
        contexts={"mass": "mass", "speed": "throw speed", "angle": "throw angle",
                  "gravity": "gravity"},
    ),
    "crash": Mode(
        scene="collision",
        classes=("cart", "cart", "vehicle"),
        events=_events(
            "roll towards each other", "move towards each other on a straight track",
            "race towards each other", "approach each other head-on", "collide head-on",
            "slide towards each other", "crash into each other head-on", "meet in a head-on collision",
            "run into each other", "hit each other head-on", "speed towards each other and crash",
        ),
        contexts={"mass": "mass", "speed": "crash speed"},
    ),
    "hit": Mode(
        scene="collision",
        classes=("cart", "cart", "vehicle"),
        events=_events(
            "roll into", "hit", "run into", "crash into", "bump into", "strike", "slam into",
            "slide into", "collide with",
        ),
        contexts={"mass": "mass", "speed": "crash speed"},
    ),
    "slope down": Mode(
        scene="slope",
        classes=("slope",),
        events=_events(
            "slide[ down a slope]", "slide[ down a frictionless ramp]", "glide[ down a smooth incline]",
            "release {o} at the top of a slope", "let go of {o} at the top of a ramp", "slide freely[ down a hill]",
            "slip[ down a sloping roof]", "slide[ down an inclined plane]", "send {o}[ down a ramp]",
            "go[ down a slide]", "glide[ down a slope without friction]", "roll[ down a ramp]",
            "release {o} from rest on a slope", "let go of {o} on an incline", "skid[ down a bank]",
            "release {o} to slide[ down a ramp]", "race[ down a slope]",
        ),
        contexts={"mass": "mass", "height": "slope height", "angle": "slope angle",
                  "friction": "slope friction", "length": "slope length", "gravity": "gravity"},
        bracketed=("down",),
        people=True,
    ),
    "slope up": Mode(
        scene="slope",
        classes=("slope",),
        events=_events(
            "slide[ up a slope]", "shove {o}[ up a ramp]", "kick {o}[ up a hill]",
            "shoot {o}[ up an incline]", "send {o}[ up a frictionless ramp]", "push {o} once[ up a slope]",
            "glide[ up a smooth slope]", "launch {o}[ up an inclined plane]", "slide uphill",
            "flick {o}[ up a sloping board]",
        ),
        contexts={"mass": "mass", "speed": "uphill speed", "angle": "slope angle",
                  "friction": "slope friction"},
        direction="up",
        bracketed=("up",),
    ),
}  # fmt: skip
"""By a short name."""
