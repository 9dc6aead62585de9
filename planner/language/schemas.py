"""The JSON schemas a language model must answer in; they hold only what is in view.

Every schema is a plain dict, so that it serves a grammar engine, an
OpenAI-compatible server and `with_structured_output` alike.
"""

from collections.abc import Sequence
from typing import Any

from mindseye.tools.goals import AREAS, RELATIONS

Schema = dict[str, Any]
TOOLS = ("none", "video", "physics", "both")
"""What may be asked to picture a step before it is done."""


def object_schema(**properties: Schema) -> Schema:
    """Return the schema of an object that has just these fields, all of them."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _one_of(values: Sequence[str]) -> Schema:
    return {"type": "string", "enum": list(values)}


def goal_schema(names: Sequence[str], *, everything: bool = True) -> Schema:
    """Return the schema of a goal over the objects `names`.

    Args:
      names: referents that may be spoken of.
      everything: whether "all" may be the subject of an area, and all objects
        grouped or put in line; not so when the task names its objects.
    """
    subjects = [*names, "all"] if everything else list(names)
    atoms = []
    if len(names) > 1:
        atoms.append(
            object_schema(
                relation=_one_of(RELATIONS), subject=_one_of(names), object=_one_of(names)
            )
        )
    if subjects:
        atoms.append(
            object_schema(
                relation=_one_of(["in_area"]), subject=_one_of(subjects), area=_one_of(AREAS)
            )
        )
    if everything:
        atoms.append(
            object_schema(relation=_one_of(["grouped_by"]), by=_one_of(["colour", "shape"]))
        )
        atoms.append(object_schema(relation=_one_of(["in_line"]), subject=_one_of(["all"])))
    items = [*atoms, object_schema(**{"not": {"anyOf": atoms}})]
    schema = object_schema(all={"type": "array", "items": {"anyOf": items}, "maxItems": 6})
    return {"title": "goal", "description": "Conditions that are all to hold.", **schema}


def subgoal_schema(names: Sequence[str]) -> Schema:
    """Return the schema of one subgoal over the objects `names`."""
    moves = [
        object_schema(move=_one_of(names), relation=_one_of(["in_area"]), area=_one_of(AREAS)),
        object_schema(move=_one_of(names), relation=_one_of(["in_line"])),
    ]
    if len(names) > 1:
        moves.insert(
            0,
            object_schema(move=_one_of(names), relation=_one_of(RELATIONS), object=_one_of(names)),
        )
    return {"title": "subgoal", "description": "One push of one object.", "anyOf": moves}


def proposals_schema(names: Sequence[str], count: int) -> Schema:
    """Return the schema of up to `count` subgoals, best first, for models that tell no odds."""
    items = {"anyOf": subgoal_schema(names)["anyOf"]}
    listed: Schema = {"type": "array", "items": items, "minItems": 1, "maxItems": count}
    return {
        "title": "subgoals",
        "description": "Pushes that could come next, the best first.",
        **object_schema(subgoals=listed),
    }


def tools_schema() -> Schema:
    """Return the schema of the choice of tools."""
    return {
        "title": "check",
        "description": "What should picture this step first.",
        **object_schema(tools=_one_of(TOOLS)),
    }


def choice_schema(count: int) -> Schema:
    """Return the schema of a choice among `count` numbered options."""
    numbers: Schema = {"type": "integer", "enum": list(range(1, count + 1))}
    return {
        "title": "choice",
        "description": "The number of the best option.",
        **object_schema(choice=numbers),
    }
