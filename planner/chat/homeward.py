"""Putting things back: a mind whose goals are the places where things stood before."""

import math
from collections.abc import Mapping, Sequence

from mindseye.planner.candidates import Proposal
from mindseye.planner.context import History
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import AT_MAX, Goal, PlaceItem
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Point, SceneGraph

ASIDE = ((0.09, 0.0), (-0.09, 0.0), (0.0, 0.09), (0.0, -0.09))
"""Ways aside, metres."""
ASIDE_PRIOR = 0.2
"""How likely each is, against the way home."""
SETTINGS = {"tools": "physics", "search": "beam", "depth": 2, "candidates": 8}
"""How such goals are searched for: two pushes deep, and by simulation alone, since the
video generator was never shown such an order."""


class Homeward:
    """Stands where a language model stands in the planner, and wants named objects at places.

    Places of that kind have no words that a language model was trained on, and nothing is
    to be understood: the rest of the planner pictures, judges and acts as ever.
    """

    def __init__(self, places: Mapping[str, Point]) -> None:
        self.goal = Goal(
            all_=tuple(PlaceItem(subject=name, place=place) for name, place in places.items())
        )

    def understand(self, task: str, names: Sequence[str]) -> Goal:
        """Return the goal; the words are for people.

        Raises:
          BadInput: something that is to go back is not on the table any more.
        """
        gone = sorted(self.goal.names() - set(names))
        if gone:
            raise BadInput(f"the {' and the '.join(gone)} cannot go back: not in view")
        return self.goal

    def propose_each(
        self, goal: Goal, asked: Sequence[tuple[SceneGraph, History]], k: int
    ) -> list[list[Proposal]]:
        """Return pushes of what is not at its place yet, the furthest likeliest, and detours.

        A thing whose neighbour stands where the pusher must come down has to be pushed
        aside first.
        """
        return [self._proposals(goal, scene, k) for scene, _ in asked]

    def _proposals(self, goal: Goal, scene: SceneGraph, k: int) -> list[Proposal]:
        layout = scene.layout
        items = [i for i in goal.all_ if isinstance(i, PlaceItem) and i.subject in layout]
        ways = {i: math.dist(layout[i.subject], i.place) for i in items}
        away = [i for i in items if ways[i] > AT_MAX] or items
        ranked = sorted(away, key=lambda i: -ways[i])
        aims = [(i.subject, i.place, ways[i]) for i in ranked]
        x, y = layout[ranked[0].subject] if ranked else (0.0, 0.0)
        aims += [
            (ranked[0].subject, (x + dx, y + dy), ASIDE_PRIOR * ways[ranked[0]])
            for dx, dy in ASIDE
            if ranked
        ]
        total = sum(weight for *_, weight in aims[:k]) or 1.0
        return [
            Proposal(subgoal=Subgoal(move=name, relation="at", place=place), prior=weight / total)
            for name, place, weight in aims[:k]
        ]

    def choose_tools(self, goal: Goal, scene: SceneGraph, subgoal: Subgoal) -> dict[str, float]:
        """Return that the simulation is asked: no video model was shown such words."""
        return {"none": 0.0, "video": 0.0, "physics": 1.0, "both": 0.0}

    def choose(
        self, goal: Goal, scene: SceneGraph, options: Sequence[tuple[str, str]]
    ) -> list[float]:
        """Return no favour: what was pictured decides."""
        return [1 / len(options)] * len(options)
