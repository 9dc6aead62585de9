"""What a conversation remembers beside its words: tasks, what is in doubt, what was spoken of."""

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mindseye.tools.goals import Goal, PlaceItem
from mindseye.tools.values import Point


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Task(_Kept):
    """A task that was carried out, well or badly."""

    words: str
    goal: Goal
    run: str
    """Name of the run's folder."""
    before: dict[str, Point]
    """Name -> place when it began, metres."""
    after: dict[str, Point]
    undone: bool = False

    @property
    def ways(self) -> dict[str, float]:
        """How far each thing that is still there was moved, metres."""
        return {n: math.dist(self.after[n], p) for n, p in self.before.items() if n in self.after}

    @property
    def of_places(self) -> bool:
        """Whether it only brought things to places, as undoing does."""
        return all(isinstance(i, PlaceItem) for i in self.goal.all_)


class Pending(_Kept):
    """An order that could be two things; the person was asked which."""

    words: str
    phrase: str
    """The words that could be two things, without "the"."""
    options: tuple[str, ...]
    tool: Literal["act", "plan", "look", "what_if"] = "act"
    """What it was said to."""


class Dialogue(_Kept):
    """What was done and spoken of so far."""

    tasks: tuple[Task, ...] = ()
    focus: tuple[str, ...] = ()
    """Objects of the last order or question, those that were moved first."""
    pending: Pending | None = None
    proposed: str = ""
    """An order that was pictured or planned last, and not carried out."""
    run: str = ""
    """Name of the last run's folder, whatever kind it was."""

    @property
    def last(self) -> Task | None:
        """The last task that was carried out."""
        return self.tasks[-1] if self.tasks else None

    @property
    def ordered(self) -> Task | None:
        """The last task that was more than to bring things to places."""
        return next((t for t in reversed(self.tasks) if not t.of_places), None)

    def of(self, names: Sequence[str]) -> "Dialogue":
        """Return the dialogue once these objects were spoken of; none leaves the focus."""
        return self.model_copy(update={"focus": tuple(names), "pending": None} if names else {})
