"""Words for goals and scenes, and the prompts that hold them.

One place makes every prompt, so that what a model is trained on is, letter for
letter, what it is asked.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from mindseye.planner.language.schemas import Schema
from mindseye.tools.goals import (
    NEAR_MAX,
    TOUCH_MAX,
    AreaItem,
    Goal,
    GroupItem,
    Item,
    Layout,
    LineItem,
    NotItem,
    PlaceItem,
    area_of,
)
from mindseye.tools.prompting import render
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Point, SceneGraph

GAIN = 0.01
"""A step did something when the goal's progress rose by more."""


def messages(
    name: str, schema: Schema, *, explain: bool = False, **values: Any
) -> list[BaseMessage]:
    """Return the messages that ask the question `name`.

    Args:
      name: prompt file without its ending.
      schema: what the answer must be.
      explain: spell out the conventions and the schema, for a model that was
        not trained on these prompts.
      values: what the prompt speaks of.
    """
    system = render("system", explain=explain, schema=json.dumps(schema))
    return [
        SystemMessage(system),
        HumanMessage(render(name, explain=explain, **values)),
    ]


def compact(answer: Any) -> str:
    """Return JSON without blanks, the form every answer has."""
    return json.dumps(answer, separators=(",", ":"))


def _item_words(item: Item) -> str:
    if isinstance(item, NotItem):
        return f"not {_item_words(item.not_)}"
    if isinstance(item, AreaItem):
        return f"{item.subject} in {item.area}"
    if isinstance(item, GroupItem):
        return f"grouped by {item.by}"
    if isinstance(item, LineItem):
        return "all in line"
    if isinstance(item, PlaceItem):
        x, y = place(item.place)
        return f"{item.subject} at {x} {y}"
    return f"{item.subject} {item.relation} {item.object}"


def goal_words(goal: Goal) -> str:
    """Return a goal in few words."""
    return "; ".join(_item_words(item) for item in goal.all_)


def place(point: Point) -> tuple[int, int]:
    """Return a place in whole centimetres: short to read for a model."""
    return round(point[0] * 100), round(point[1] * 100)


def scene_values(scene: SceneGraph) -> list[dict[str, Any]]:
    """Return the objects of a scene as a prompt shows them."""
    places = [(o.name, *place(o.position)) for o in scene.objects]
    return [{"name": name, "x": x, "y": y} for name, x, y in places]


def patch_values(scene: SceneGraph) -> list[dict[str, Any]]:
    """Return the patches of a scene as a prompt shows them."""
    places = [(p.kind, *place(p.position)) for p in scene.patches]
    return [{"kind": kind, "x": x, "y": y} for kind, x, y in places]


def where_words(subject: str, layout: Layout) -> str:
    """Return where `subject` stands: beside a near neighbour if there is one, else in its area."""
    x, y = layout[subject]
    others = [(math.hypot(x - p[0], y - p[1]), n, p) for n, p in layout.items() if n != subject]
    distance, name, (ox, oy) = min(others, default=(math.inf, "", (0.0, 0.0)))
    if distance <= TOUCH_MAX:
        return f"touching the {name}"
    if distance > 1.5 * NEAR_MAX:
        return f"in the {area_of((x, y)).replace('_', ' ')}"
    if abs(x - ox) > abs(y - oy):
        return f"{'left' if x < ox else 'right'} of the {name}"
    return f"{'behind' if y > oy else 'in front of'} the {name}"


def hint_words(
    source: str, subject: str, layout: Layout, fell: Sequence[str], progress: float
) -> str:
    """Return what a picture showed in one sentence, to be put before the model.

    Liu et al., Mind's Eye (2022): the result of a simulation is injected into
    the prompt, and the model answers from it.

    Args:
      source: "simulation" or "video".
      subject: what was pushed.
      layout: where everything ended; what fell is absent.
      fell: what fell off the table.
      progress: of the goal, in [0, 1].
    """
    where = f"ends {where_words(subject, layout)}" if subject in layout else "is gone"
    return render("hint", source=source, where=where, fell=list(fell), progress=progress)


def result_words(gained: float) -> Literal["done", "missed"]:
    """Return how a step is told to the model, from what the goal's progress gained by it."""
    return "done" if gained > GAIN else "missed"


def ask_goal(
    task: str, names: Sequence[str], schema: Schema, *, explain: bool
) -> list[BaseMessage]:
    """Return the messages that ask what a task wants."""
    return messages("goal", schema, explain=explain, task=task, names=list(names))


def ask_subgoal(
    goal: Goal,
    scene: SceneGraph,
    history: Sequence[tuple[Subgoal, str]],
    schema: Schema,
    *,
    explain: bool,
) -> list[BaseMessage]:
    """Return the messages that ask which push comes next."""
    steps = [{"words": s.words(), "result": result} for s, result in history[-3:]]
    return messages(
        "subgoal", schema, explain=explain,
        objects=scene_values(scene), goal=goal_words(goal), history=steps,
    )  # fmt: skip


def ask_tools(
    goal: Goal, scene: SceneGraph, subgoal: Subgoal, schema: Schema, *, explain: bool
) -> list[BaseMessage]:
    """Return the messages that ask what should picture a step."""
    return messages(
        "tools", schema, explain=explain, objects=scene_values(scene),
        patches=patch_values(scene), goal=goal_words(goal), step=subgoal.words(),
    )  # fmt: skip


def ask_choice(
    goal: Goal, options: Sequence[tuple[str, str]], schema: Schema, *, explain: bool
) -> list[BaseMessage]:
    """Return the messages that ask for the best of some pictured options (words, hint)."""
    shown = [{"words": words, "hint": hint} for words, hint in options]
    return messages("choice", schema, explain=explain, goal=goal_words(goal), options=shown)
