"""The tools as clients see them. Light: a client is told of them before a model is loaded."""

from dataclasses import dataclass
from typing import Any

from mindseye.planner.mcp import answers, arguments
from mindseye.planner.mcp.answers import schema


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool as clients see it."""

    name: str
    title: str
    description: str
    takes: type[arguments.Arguments]
    gives: dict[str, Any]
    """JSON schema."""
    heavy: bool = False
    """Needs the language model or the video generator."""


TOOLS = (
    Tool(
        name="look", title="Look at the table", takes=arguments.Look, gives=schema(answers.Seen),
        description="What a vision model sees on a simulated table: objects with names and "
        "places in metres (x to the right, y away from the camera, 0.6 m square, no rim). Call "
        "it first. With `objects` or `seed` a new table is laid; `world` in the answer is its "
        "handle for the other tools. Nothing is ever moved on it.",
    ),
    Tool(
        name="simulate", title="Simulate pushes", takes=arguments.Simulate,
        gives=schema(answers.Simulated),
        description="What pushing an object would do, computed by MuJoCo from what vision sees: "
        "where everything ends, what falls off, a clip, and how far the end depends on places "
        "being read a few millimetres wrong. Exact but for what is unknown, such as friction. "
        "About a second. Several moves are alternatives.",
    ),
    Tool(
        name="imagine", title="Imagine pushes", takes=arguments.Imagine,
        gives=schema(answers.Imagined, answers.Working), heavy=True,
        description="What pushing an object would look like, imagined by a video generator and "
        "read by vision. Knows appearances, not forces: rank moves with it or cross-check "
        "`simulate`, and trust that one more. Seconds. Reports progress.",
    ),
    Tool(
        name="plan", title="Plan the next push", takes=arguments.Plan,
        gives=schema(answers.Planned, answers.Working), heavy=True,
        description="The next push for a task in plain words: a language model proposes "
        "candidates, simulation and video picture them, vision reads the pictures, the best is "
        "chosen. Returns the goal as understood, the push, its value, and what else was weighed. "
        "Does not act. Up to `budget` seconds and more. Reports progress.",
    ),
    Tool(
        name="ask", title="Ask a physics question", takes=arguments.Ask,
        gives=schema(answers.Answered, answers.Working), heavy=True,
        description="A question about how rigid things move (falls, throws, slides, collisions, "
        "rolls), answered from a simulation that a language model writes; or what would happen "
        "if something on the table were pushed. Returns answer, number and unit, confidence, "
        "what was simulated and what was assumed. Seconds. Reports progress.",
    ),
)  # fmt: skip
