"""The prompts that explain to a model what it was not trained on: scenes, programs, MJCF.

The short ones, which ours is trained on, are in `mindseye.planner.questions.asking`.
"""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from mindseye.planner.language.schemas import Schema
from mindseye.tools.physics.lab.amount import units_of
from mindseye.tools.physics.lab.defaults import WORDS
from mindseye.tools.physics.lab.program import (
    MEASURE_DIMENSION,
    QUANTITY_DIMENSION,
    SCENES,
    Scene,
    parse_program,
)
from mindseye.tools.physics.mjcf.grammar import BOUNDS, GRAMMAR
from mindseye.tools.physics.mjcf.parse import Limits
from mindseye.tools.prompting import render

NOTHING = "none"
"""The scene of a question that no simulation of rigid bodies answers."""

ABOUT: dict[Scene, str] = {
    "motion": "a steady force pushes or pulls things over a floor without friction, or they glide "
    "on it; measured after the duration, or over the length of the way.",
    "friction": "things slide over a rough floor: with a start speed until they stop (also cars "
    "that brake), or pulled by a force; the floor may end at the length.",
    "free_fall": "things are dropped, or thrown straight down or up.",
    "projection": "things are thrown, or roll, off an edge at a height, or are thrown from the "
    "ground at an angle; the length is how far off a target is.",
    "collision": "two things meet on one line, head on, from behind, or the second at rest.",
    "slope": "things are let go on an inclined plane, or started up or down it; the length is "
    "measured along it.",
}
_EXAMPLES = (
    (
        "A green puck that costs 4 dollars and a heavier grey puck slide off a 90 cm high bench. "
        "The green one is going 2 m/s, the grey one half as fast. Which lands nearer to the bench?",
        {"scene": "projection",
         "bodies": [{"name": "green puck", "speed": "2 m/s"},
                    {"name": "grey puck", "mass": "more", "speed": "0.5x"}],
         "world": {"height": "90 cm"}, "ask": {"kind": "compare", "measure": "range"}},
    ),
    (
        "How many metres does a car need to stop from 60 km/h on wet asphalt with a friction "
        "coefficient of 0.4?",
        {"scene": "friction",
         "bodies": [{"name": "car", "speed": "60 km/h", "friction": "0.4"}],
         "ask": {"kind": "number", "measure": "distance", "unit": "m"}},
    ),
)  # fmt: skip


def scene_schema() -> Schema:
    """Return the schema of the choice of a scene, or of none."""
    scene = {"type": "string", "enum": [*SCENES, NOTHING]}
    return {
        "title": "scene", "description": "The scene that answers the question.", "type": "object",
        "properties": {"scene": scene}, "required": ["scene"], "additionalProperties": False,
    }  # fmt: skip


def _scenes() -> list[dict[str, Any]]:
    return [
        {"name": name, "about": ABOUT[name], "takes": kind.takes, "measures": kind.measures,
         "happenings": kind.happenings, "directions": kind.directions}
        for name, kind in SCENES.items()
    ]  # fmt: skip


def _guide() -> str:
    """Return all that a model must know to write scene programs, having seen none."""
    dimensions = dict.fromkeys([*QUANTITY_DIMENSION.values(), *MEASURE_DIMENSION.values()])
    known = dict.fromkeys(u for d in dimensions for u in units_of(d))
    # Short ones: what is spelled out is understood as well, and need not be listed.
    units = [u for u in known if 0 < len(u) <= 3 or ("/" in u and len(u) <= 6)]
    return render(
        "lab_guide", scenes=_scenes(), units=", ".join(units),
        friction=list(WORDS["friction"]), restitution=list(WORDS["restitution"]),
        examples=[
            {"question": q, "program": parse_program(program).text()} for q, program in _EXAMPLES
        ],
    )  # fmt: skip


def _messages(
    system: str, question: str, choices: Sequence[str], *, scene: str = ""
) -> list[BaseMessage]:
    asked = render("question", question=question, choices=list(choices), scene=scene)
    return [SystemMessage(system), HumanMessage(asked)]


def ask_scene(question: str, choices: Sequence[str], schema: Schema) -> list[BaseMessage]:
    """Return the messages that ask which scene, if any, answers a question."""
    system = render("scene", scenes=_scenes(), schema=json.dumps(schema))
    return _messages(system, question, choices)


def explain_program(question: str, choices: Sequence[str], scene: str) -> list[BaseMessage]:
    """Return the messages that ask a model that was not trained on programs for one."""
    return _messages(_guide(), question, choices, scene=scene)


def ask_mjcf(question: str, choices: Sequence[str], limits: Limits) -> list[BaseMessage]:
    """Return the messages that ask for MJCF text."""
    low, high = BOUNDS["time step"]
    system = render(
        "mjcf", seconds=limits.seconds, elements=list(GRAMMAR), low=low, high=high,
        steps=limits.steps,
    )  # fmt: skip
    return _messages(system, question, choices)
