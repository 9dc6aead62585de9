"""From a task to the question that is asked about it, and from the answer to a goal."""

from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.planner.language.mentions import bind
from mindseye.planner.language.schemas import Schema, goal_schema


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A task made ready for a model: its mentions bound, its referents narrowed."""

    task: str
    names: tuple[str, ...]
    schema: Schema


def read_task(task: str, names: Sequence[str]) -> Reading:
    """Bind the mentions of a task and narrow the schema to what it speaks of.

    A task that names its objects and quantifies over no others can only mean
    those, so the model cannot answer with a bystander.

    Raises:
      BadInput: something mentioned is not there, or could be two things.
    """
    bound = bind(task, names)
    everything = bound.quantified or not bound.names
    # In the table's order: the order of the words is the task's to tell.
    seen = tuple(names) if everything else tuple(n for n in names if n in bound.names)
    return Reading(task=bound.text, names=seen, schema=goal_schema(seen, everything=everything))
