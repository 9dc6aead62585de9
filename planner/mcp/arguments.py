"""What a client may give the tools: typed, described, and refused in one line."""

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mindseye.planner.ask.answer import Mode
from mindseye.planner.config import Tools
from mindseye.tools.errors import ToolError
from mindseye.tools.goals import Area, Relation, area_of
from mindseye.tools.subgoals import Manner, Subgoal

MOST_MOVES = 8
"""Moves pictured in one call."""
LONGEST_WAIT = 3600.0
"""Seconds."""
FURTHEST = 0.35
"""Beyond the rim at 0.3, so that things can be pushed off, but in the pusher's reach, metres."""

Given = TypeVar("Given", bound="Arguments")
Coordinate = Annotated[float, Field(ge=-FURTHEST, le=FURTHEST, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=40)]
Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\w")]
Wait = Annotated[
    float | None,
    Field(
        ge=0, le=LONGEST_WAIT, allow_inf_nan=False,
        description="Answer after so many seconds at the latest: with a job to ask `job` for, "
        "if the work is not done by then. Without: wait for the result.",
    ),
]  # fmt: skip


class Arguments(BaseModel):
    """Arguments of one tool."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AtTable(Arguments):
    """Arguments of a tool that works on a table."""

    world: str | None = Field(
        None, max_length=64,
        description="Handle of a table, as `look` returned it. Without: the table of this "
        "session, or the server's own where the protocol has no sessions.",
    )  # fmt: skip


class Look(AtTable):
    """Arguments of `look`."""

    objects: list[Name] | None = Field(
        None, min_length=1, max_length=6,
        description='Lay a table with these: a colour and a shape each, such as "red cube".',
    )  # fmt: skip
    seed: int | None = Field(
        None, ge=0, lt=2**32,
        description="Lay a table by this seed; the same seed and objects make the same table.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _new_or_known(self) -> Self:
        if self.world is not None and (self.objects is not None or self.seed is not None):
            raise ValueError("give either `world`, or `objects` and `seed` for a new one")
        return self


class Move(Arguments):
    """One push of one object: to a place, or to where a relation or an area puts it."""

    move: Name = Field(description='What is pushed, such as "red cube".')
    to: tuple[Coordinate, Coordinate] | None = Field(
        None,
        description="Place in metres, x to the right, y away. The table spans -0.3 to 0.3; what "
        "is pushed further falls off.",
    )
    relation: Relation | Literal["in_area", "in_line"] | None = Field(
        None,
        description="Where it goes, as the camera sees it: relative to `object`, into `area`, or "
        "onto the line of the others. `above` is further away, `below` nearer.",
    )
    object: Name | None = Field(None, description="What `relation` is relative to.")
    area: Area | None = Field(None, description="With relation in_area: a ninth of the table.")
    manner: Manner = Field("straight", description="How it is pushed.")

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.to is None) == (self.relation is None):
            raise ValueError("give either `to` or `relation`")
        if self.to is not None and (self.object or self.area):
            raise ValueError("`object` and `area` go with `relation`, not with `to`")
        self.subgoal()
        return self

    def subgoal(self) -> Subgoal:
        """Return the subgoal; a place stands for the area it lies in."""
        if self.to is None:
            return Subgoal.model_validate(self.model_dump(exclude={"to"}))
        area = area_of(self.to)
        return Subgoal(move=self.move, relation="in_area", area=area, manner=self.manner)

    def words(self) -> str:
        """Return the move as people say it."""
        if self.to is None:
            return self.subgoal().words()
        return f"push the {self.move} to x {self.to[0]:.2f} m, y {self.to[1]:.2f} m"


class Simulate(AtTable):
    """Arguments of `simulate`."""

    moves: list[Move] = Field(
        min_length=1, max_length=MOST_MOVES,
        description="Each is simulated from the table as it is: alternatives, no sequence.",
    )  # fmt: skip


class Imagine(Simulate):
    """Arguments of `imagine`."""

    samples: int = Field(1, ge=1, le=4, description="Clips imagined of each move.")
    wait_seconds: Wait = None


class Plan(AtTable):
    """Arguments of `plan`."""

    task: Words = Field(
        description='What is wanted, in plain words: "put the star left of the ball".'
    )
    tools: Tools | None = Field(None, description="What may picture candidates.")
    budget: float | None = Field(
        None, gt=0, le=600, allow_inf_nan=False, description="Seconds the decision may take."
    )
    wait_seconds: Wait = None


class Ask(AtTable):
    """Arguments of `ask`."""

    question: Words = Field(description="About how things move, in plain words.")
    choices: list[str] = Field(
        default=[], max_length=26, description="What may be answered: two or more, or none."
    )
    mode: Mode = Field("program", description="How the simulation is written; none: do without.")
    about_table: bool | None = Field(
        None,
        description='Whether it is about the table ("what happens if I push ..."). Without: told '
        "from the question.",
    )
    wait_seconds: Wait = None


class Poll(Arguments):
    """Arguments of `job`."""

    job: str = Field(max_length=64, description="As `plan`, `imagine` or `ask` returned it.")
    wait_seconds: float = Field(
        0.0, ge=0, le=LONGEST_WAIT, allow_inf_nan=False,
        description="Wait for the result so long, at most.",
    )  # fmt: skip
    stop: bool = Field(False, description="Stop the work instead of waiting for it.")


def read(kind: type[Given], raw: dict[str, Any] | None) -> Given:
    """Return the arguments of one kind.

    Raises:
      ToolError: they do not fit; one line that says where, what was given, what is allowed.
    """
    try:
        return kind.model_validate(raw or {})
    except ValidationError as error:
        first = error.errors()[0]
    where = ".".join(str(p) for p in first["loc"]) or "arguments"
    if first["type"] == "extra_forbidden":
        known = ", ".join(kind.model_fields)
        raise ToolError(f"{where}: there is no such argument; known: {known}")
    told = first["msg"].removeprefix("Value error, ")
    shown = "" if first["type"] == "missing" else f" (given: {repr(first['input'])[:80]})"
    raise ToolError(" ".join(f"{where}: {told}{shown}".split()))
