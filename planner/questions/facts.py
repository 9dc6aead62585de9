"""What a question tells about its bodies, and the scene program that says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mindseye.planner.questions.amounts import Quoted
from mindseye.planner.questions.lexemes import Level
from mindseye.planner.questions.modes import Mode
from mindseye.tools.physics.lab.program import Program, Quantity, parse_program

RelationKind = Literal["level", "factor", "difference", "same"]


@dataclass(frozen=True, kw_only=True)
class Values:
    """Every body has its own amount."""

    quantity: Quantity
    amounts: tuple[Quoted, ...]


@dataclass(frozen=True, kw_only=True)
class Relation:
    """One body has more, less, twice as much, or as much as another."""

    quantity: Quantity
    kind: RelationKind
    subject: int
    other: int
    level: Level = "more"
    """Of a level or a difference."""
    factor: str = ""
    """"2x"."""
    amount: Quoted | None = None
    """By how much it differs."""
    base: Quoted | None = None
    """What the other has, where that is told."""

    def written(self, name: str) -> str:
        """Return the amount as a program has it; `name` is the other's, or empty."""
        match self.kind:
            case "level":
                return self.level + (f" than {name}" if name else "")
            case "factor":
                return f"{self.factor} {name}".rstrip()
            case "difference":
                assert self.amount is not None
                return f"{self.amount.written} {self.level}" + (f" than {name}" if name else "")
            case "same":
                return "same" + (f" as {name}" if name else "")


@dataclass(frozen=True, kw_only=True)
class Common:
    """All have the same stated amount."""

    quantity: Quantity
    amount: Quoted


@dataclass(frozen=True, kw_only=True)
class Equal:
    """All have the same amount, whatever it is: nothing for the program to state."""

    quantity: Quantity


Fact = Values | Relation | Common | Equal


def program_of(
    mode: Mode, names: Sequence[str], order: Sequence[int], facts: Sequence[Fact],
    ask: Mapping[str, Any], extra: Mapping[int, Mapping[str, str]] | None = None,
) -> Program:  # fmt: skip
    """Return the scene program of what is told.

    One body states all of its own; several share what they have in common in `world`,
    and restitution and gravity are the world's unless they differ.

    Args:
      mode: the situation.
      names: of all bodies.
      order: in which the question first mentions them.
      facts: what it tells.
      ask: the program's `ask`.
      extra: more of each body, such as that it is at rest.

    Raises:
      ToolError: it makes no sense as a program.
    """
    bodies: list[dict[str, str]] = [{"name": name} for name in names]
    world: dict[str, str] = {str(q): text for q, text in mode.world.items()}
    alone = len(names) == 1
    for fact in facts:
        match fact:
            case Values():
                for body, amount in zip(bodies, fact.amounts, strict=True):
                    body[fact.quantity] = amount.written
            case Relation():
                named = names[fact.other] if len(names) > 2 else ""
                bodies[fact.subject][fact.quantity] = fact.written(named)
                if fact.base is not None:
                    bodies[fact.other][fact.quantity] = fact.base.written
            case Common():
                own = alone and fact.quantity not in ("gravity", "restitution")
                (bodies[0] if own else world)[fact.quantity] = fact.amount.written
            case Equal():
                pass
    for i, body in enumerate(bodies):
        body.update((extra or {}).get(i, {}))
        if mode.direction == "up":
            body["direction"] = "up"
    if alone:
        # One thing: nothing is held in common but where it happens.
        for quantity in [q for q in world if q not in ("gravity", "restitution")]:
            bodies[0][quantity] = world.pop(quantity)
    found: dict[str, Any] = {"scene": mode.scene, "bodies": [bodies[i] for i in order]}
    if world:
        found["world"] = world
    return parse_program({**found, "ask": dict(ask)})
