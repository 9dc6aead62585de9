"""The scene program: what a language model writes so that the lab can simulate.

Short JSON that copies from the question; what it leaves out takes a documented
default (`mindseye.tools.physics.lab.resolve`), and code does all arithmetic.

    {"scene":"projection",
     "bodies":[{"name":"red ball","speed":"3 m/s"},{"name":"blue ball","speed":"2x"}],
     "ask":{"kind":"compare","measure":"range"}}

What each scene shows, and what its measures mean. All things slide without
turning, and there is no air.

motion
    A steady force on a frictionless floor, from rest or from a start speed.
    speed, distance, kinetic_energy, momentum: after the duration, or at the end
    of the length. time: until the length is covered. acceleration: throughout.
friction
    A rough floor; something slides with a start speed until it stops, or is
    pulled by a force. distance, time: until it stops; when pulled, distance in
    the duration, time over the length. speed, kinetic_energy: after the duration
    or the length. acceleration: its size while it slides. friction_force: what
    the floor exerts. slides: the pull is enough to move it. reaches: it gets as
    far as the length. falls_over_edge: the floor ends at the length and it falls.
free_fall
    Dropped, or thrown straight down or up (direction). time: until it lands.
    speed, kinetic_energy, momentum: as it lands, or after the duration.
    distance: fallen in the duration. max_height: above the ground.
    reaches: thrown up, it gets as high as the length; else it lands within the
    duration.
projection
    Thrown off an edge at a height, or from the ground at an angle above the
    horizontal. range: how far it lands, measured along the ground. max_height:
    above the ground. time, speed, kinetic_energy, momentum: as it lands.
    reaches: it flies at least the length.
collision
    Two things in one lane; the first moves towards the second. The second is at
    rest, comes towards the first, or moves away more slowly (direction). speed,
    momentum, kinetic_energy: afterwards. speed_change: by how much the velocity
    changed. impulse: what each received. energy_lost: of both together.
    reverses: it bounces back. stops: it is left at rest. collides: they meet.
slope
    Let go on an inclined plane, or started up or down it (direction). length is
    measured along the slope; height gives the length instead. Downwards: time,
    speed, kinetic_energy, momentum at the bottom, distance in the duration.
    Upwards: distance and time until it turns. acceleration: its size at the
    start. slides: it does not stay where it is let go. reaches: upwards it gets
    to the end of the length, downwards to the bottom.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.amount import (
    LONGEST,
    PATTERN,
    Dimension,
    Relative,
    Stated,
    parse_amount,
    unit_factor,
)

Scene = Literal["motion", "friction", "free_fall", "projection", "collision", "slope"]
Quantity = Literal[
    "mass", "force", "speed", "height", "angle", "friction", "length", "duration",
    "restitution", "gravity",
]  # fmt: skip
Measure = Literal[
    "acceleration", "speed", "distance", "time", "range", "max_height", "kinetic_energy",
    "momentum", "friction_force", "speed_change", "impulse", "energy_lost",
]  # fmt: skip
Happening = Literal["slides", "reaches", "falls_over_edge", "reverses", "stops", "collides"]
Direction = Literal["up", "down", "towards", "away"]

QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)

QUANTITY_DIMENSION: dict[Quantity, Dimension] = {
    "mass": "mass", "force": "force", "speed": "speed", "height": "length", "angle": "angle",
    "friction": "ratio", "length": "length", "duration": "time", "restitution": "ratio",
    "gravity": "acceleration",
}  # fmt: skip
MEASURE_DIMENSION: dict[Measure, Dimension] = {
    "acceleration": "acceleration", "speed": "speed", "distance": "length", "time": "time",
    "range": "length", "max_height": "length", "kinetic_energy": "energy", "momentum": "momentum",
    "friction_force": "force", "speed_change": "speed", "impulse": "momentum",
    "energy_lost": "energy",
}  # fmt: skip

MOST_BODIES = 5
LONGEST_NAME = 60
"""Characters."""
LONGEST_NAME_WORDS = 6
LONGEST_PROGRAM = 4000
"""Characters of a program's text that are looked at."""


@dataclass(frozen=True, kw_only=True)
class SceneKind:
    """What a scene takes and what can be asked of it."""

    takes: tuple[Quantity, ...]
    measures: tuple[Measure, ...]
    happenings: tuple[Happening, ...]
    directions: tuple[Direction, ...] = ()


SCENES: dict[Scene, SceneKind] = {
    "motion": SceneKind(
        takes=("mass", "force", "speed", "length", "duration"),
        measures=("acceleration", "speed", "distance", "time", "kinetic_energy", "momentum"),
        happenings=("reaches",),
    ),
    "friction": SceneKind(
        takes=("mass", "force", "speed", "friction", "length", "duration", "gravity"),
        measures=(
            "acceleration", "distance", "time", "speed", "kinetic_energy", "friction_force",
        ),
        happenings=("slides", "reaches", "falls_over_edge"),
    ),
    "free_fall": SceneKind(
        takes=("mass", "speed", "height", "length", "duration", "gravity"),
        measures=(
            "time", "speed", "distance", "max_height", "acceleration", "kinetic_energy", "momentum",
        ),
        happenings=("reaches",),
        directions=("up", "down"),
    ),
    "projection": SceneKind(
        takes=("mass", "speed", "height", "angle", "length", "gravity"),
        measures=("range", "time", "max_height", "speed", "kinetic_energy", "momentum"),
        happenings=("reaches",),
    ),
    "collision": SceneKind(
        takes=("mass", "speed", "restitution"),
        measures=("speed", "momentum", "kinetic_energy", "speed_change", "impulse", "energy_lost"),
        happenings=("reverses", "stops", "collides"),
        directions=("towards", "away"),
    ),
    "slope": SceneKind(
        takes=("mass", "speed", "height", "angle", "friction", "length", "duration", "gravity"),
        measures=("acceleration", "speed", "time", "distance", "kinetic_energy", "momentum"),
        happenings=("slides", "reaches"),
        directions=("up", "down"),
    ),
}  # fmt: skip

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
"""An amount: see `mindseye.tools.physics.lab.amount.parse_amount`."""
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Properties(_Strict):
    """Quantities, each an amount in words; None where the question says nothing."""

    mass: Words | None = None
    force: Words | None = None
    speed: Words | None = None
    """Start speed."""
    height: Words | None = None
    """Start height above the ground; of a slope, how high it is."""
    angle: Words | None = None
    """Of a slope, or of the throw above the horizontal."""
    friction: Words | None = None
    """Coefficient, or what the ground is: "ice", "wood", "rubber"."""
    length: Words | None = None
    """Of the way, slope or floor; in a projection, how far off a target is."""
    duration: Words | None = None
    restitution: Words | None = None
    """0 (stay together) to 1 (elastic), or "sticky", "elastic"."""
    gravity: Words | None = None
    """"1.6 m/s2" or "moon"."""

    @property
    def amounts(self) -> dict[Quantity, str]:
        """Return what is stated, in the order of `QUANTITIES`."""
        return {q: text for q in QUANTITIES if (text := getattr(self, q)) is not None}


class ProgramBody(Properties):
    """One thing, called as the question calls it."""

    name: Name
    direction: Direction | None = None


class Compare(_Strict):
    """Which of two has the larger measure, or are they the same."""

    kind: Literal["compare"] = "compare"
    measure: Measure


class Order(_Strict):
    """Three or more from the largest measure to the smallest."""

    kind: Literal["order"] = "order"
    measure: Measure


class Number(_Strict):
    """The value of a measure; `of` names the body where there are several."""

    kind: Literal["number"] = "number"
    measure: Measure
    of: Name | None = None
    unit: Words | None = None
    """Unit to answer in; SI where left out."""


class Exceeds(_Strict):
    """Is the measure larger than `value`?"""

    kind: Literal["exceeds"] = "exceeds"
    measure: Measure
    value: Words
    of: Name | None = None


class Does(_Strict):
    """Does something happen?"""

    kind: Literal["does"] = "does"
    event: Happening
    of: Name | None = None


Ask = Annotated[Compare | Order | Number | Exceeds | Does, Field(discriminator="kind")]


class Program(_Strict):
    """A whole scene program.

    Raises:
      ToolError: it asks for what its scene has not; told in words a model can act on.
    """

    scene: Scene
    bodies: Annotated[tuple[ProgramBody, ...], Field(min_length=1, max_length=MOST_BODIES)]
    world: Properties | None = None
    """What is common to all."""
    ask: Ask

    @model_validator(mode="after")
    def _fits(self) -> "Program":
        _check_bodies(self)
        _check_ask(self)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bodies, in order."""
        return tuple(b.name for b in self.bodies)

    def text(self) -> str:
        """Return the program as the shortest JSON, fields in one fixed order."""
        found: dict[str, Any] = {
            "scene": self.scene,
            "bodies": [_body_json(b) for b in self.bodies],
        }
        if self.world is not None and self.world.amounts:
            found["world"] = self.world.amounts
        found["ask"] = self.ask.model_dump(exclude_none=True)
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _body_json(body: ProgramBody) -> dict[str, str]:
    direction = {"direction": body.direction} if body.direction else {}
    return {"name": body.name, **{str(q): text for q, text in body.amounts.items()}, **direction}


def _check_bodies(program: Program) -> None:
    kind, names = SCENES[program.scene], [n.lower() for n in program.names]
    if len(set(names)) < len(names):
        raise ToolError(f"each body needs its own name, not {', '.join(program.names)}")
    if program.scene == "collision" and len(names) != 2:
        raise ToolError(f"a collision has 2 bodies, not {len(names)}")
    for part in (*program.bodies, *([program.world] if program.world else [])):
        for quantity, text in part.amounts.items():
            if quantity not in kind.takes:
                raise ToolError(
                    f"{program.scene} takes no {quantity}; it takes {', '.join(kind.takes)}"
                )
            amount = parse_amount(text, QUANTITY_DIMENSION[quantity])
            if isinstance(amount, Relative) and amount.of:
                _check_name(program, amount.of)
    for body in program.bodies:
        if body.direction and body.direction not in kind.directions:
            allowed = ", ".join(kind.directions) or "none"
            raise ToolError(
                f"direction {body.direction!r} is not of {program.scene}; allowed: {allowed}"
            )


def _check_ask(program: Program) -> None:
    kind, ask, count = SCENES[program.scene], program.ask, len(program.bodies)
    if ask.kind == "does":
        if ask.event not in kind.happenings:
            raise ToolError(
                f"{program.scene} has no event {ask.event!r}; it has {', '.join(kind.happenings)}"
            )
    elif ask.measure not in kind.measures:
        raise ToolError(
            f"{program.scene} has no measure {ask.measure!r}; it has {', '.join(kind.measures)}"
        )
    if ask.kind == "compare":
        if count != 2:
            raise ToolError(f"compare takes 2 bodies, not {count}; order takes 3 or more")
    elif ask.kind == "order":
        if count < 3:
            raise ToolError(f"order takes 3 or more bodies, not {count}; compare takes 2")
    elif ask.of is not None:
        _check_name(program, ask.of)
    elif count > 1:
        raise ToolError(f"say of which body: 'of' is one of {', '.join(program.names)}")
    if ask.kind == "number" and ask.unit is not None:
        unit_factor(ask.unit, MEASURE_DIMENSION[ask.measure])
    if ask.kind == "exceeds" and not isinstance(
        parse_amount(ask.value, MEASURE_DIMENSION[ask.measure]), Stated
    ):
        raise ToolError(f"value {ask.value!r} must be a number with a unit")


def _check_name(program: Program, name: str) -> None:
    if name.lower() not in (n.lower() for n in program.names):
        raise ToolError(f"no body {name!r}; there are {', '.join(program.names)}")


def parse_program(source: str | Mapping[str, Any]) -> Program:
    """Read a scene program from a model's JSON.

    Raises:
      ToolError: not JSON, unknown fields, or something its scene has not.
    """
    try:
        if isinstance(source, str):
            if len(source) > LONGEST_PROGRAM:
                raise ToolError(f"a scene program has at most {LONGEST_PROGRAM} characters")
            return Program.model_validate_json(source)
        return Program.model_validate(dict(source))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "program"
        raise ToolError(f"scene program: {where}: {first['msg']}") from error


def program_schema(
    scenes: Sequence[Scene] = tuple(SCENES), words: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the JSON schema that decoding is held to: one alternative per scene.

    It is tighter than pydantic's own: a scene offers only its own quantities,
    measures and events, in the order in which `Program.text` writes them.

    Args:
      scenes: those that may be written.
      words: that names are made of, such as those of the question; none allows any name.
    """
    name: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    if words:
        word = "(" + "|".join(re.escape(w) for w in dict.fromkeys(words)) + ")"
        name = {"type": "string", "pattern": f"^{word}( {word}){{0,{LONGEST_NAME_WORDS - 1}}}$"}
    return {"anyOf": [_scene_schema(scene, name) for scene in scenes]}


def _object(properties: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(required),
        "additionalProperties": False,
    }  # fmt: skip


def _scene_schema(scene: Scene, name: dict[str, Any]) -> dict[str, Any]:
    kind = SCENES[scene]
    amount = {"type": "string", "pattern": PATTERN}
    unit = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    taken: dict[str, Any] = {q: amount for q in QUANTITIES if q in kind.takes}
    direction = {"direction": {"enum": list(kind.directions)}} if kind.directions else {}
    pair = scene == "collision"
    bodies = {
        "type": "array", "minItems": 2 if pair else 1, "maxItems": 2 if pair else MOST_BODIES,
        "items": _object({"name": name, **taken, **direction}, ["name"]),
    }  # fmt: skip
    measure = {"enum": list(kind.measures)}
    forms: list[tuple[str, dict[str, Any], list[str]]] = [
        ("compare", {"measure": measure}, ["measure"]),
        ("number", {"measure": measure, "of": name, "unit": unit}, ["measure"]),
        ("exceeds", {"measure": measure, "value": amount, "of": name}, ["measure", "value"]),
        ("does", {"event": {"enum": list(kind.happenings)}, "of": name}, ["event"]),
    ]
    if not pair:
        forms.append(("order", {"measure": measure}, ["measure"]))
    asks = [_object({"kind": {"const": k}, **p}, ["kind", *r]) for k, p, r in forms]
    return _object(
        {"scene": {"const": scene}, "bodies": bodies, "world": _object(taken, []),
         "ask": {"anyOf": asks}},
        ["scene", "bodies", "ask"],
    )  # fmt: skip
