"""Task sets with fixed seeds: `short`, `long` and `hazard`.

A task is words, the goal they stand for, and how the table is laid. The agent is
given the words; the goal here is the scorer's own, in the same typed form.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from mindseye.tools.errors import BadInput
from mindseye.tools.goals import AREAS, RELATIONS, Goal, Layout, groups, satisfied
from mindseye.tools.physics.rollouts import simulate_scene
from mindseye.tools.physics.sampling import ALL_NAMES, scatter
from mindseye.tools.physics.scene import Body, Scene
from mindseye.tools.physics.skills import push_for
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.values import Patch, Point

TaskSet = Literal["short", "long", "hazard"]
TASK_SETS: tuple[TaskSet, ...] = ("short", "long", "hazard")
LONG_KINDS = ("move-to-area", "group-by-colour", "make-a-line")

_RELATION_WORDS = {
    "left_of": "put the {a} to the left of the {b}",
    "right_of": "move the {a} to the right of the {b}",
    "above": "push the {a} behind the {b}",
    "below": "bring the {a} in front of the {b}",
    "near": "push the {a} next to the {b}",
    "touching": "make the {a} touch the {b}",
    "apart": "move the {a} away from the {b}",
}
_AREA_WORDS = {
    "top_left": "top left", "top": "top", "top_right": "top right", "left": "left side",
    "center": "center", "right": "right side", "bottom_left": "bottom left",
    "bottom": "bottom", "bottom_right": "bottom right",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a set."""

    kind: str
    words: str
    goal: Goal
    seed: int
    """Seed of the world's episode."""
    options: dict[str, Any] = field(default_factory=dict)
    """Reset options: `layout` and `patches`."""

    def solved(self, layout: Layout, names: list[str]) -> bool:
        """Say whether the goal holds in the true layout, with everything still on the table."""
        return satisfied(self.goal, layout, names)


def task(name: str, index: int, seed: int = 0) -> Task:
    """Return one task of a set, which has as many as one likes; it is the same however many.

    Raises:
      BadInput: no such set.
    """
    makers = {"short": _short, "long": _long, "hazard": _hazard}
    if name not in makers:
        raise BadInput(f"no task set called {name!r}; known: {', '.join(makers)}")
    return makers[name](np.random.default_rng([TASK_SETS.index(name), seed, index]), index)


def tasks(name: str, n: int, seed: int = 0) -> list[Task]:
    """Return the first `n` tasks of a set.

    Raises:
      BadInput: no such set.
    """
    return [task(name, index, seed) for index in range(n)]


def _names(rng: np.random.Generator, n: int) -> list[str]:
    return [ALL_NAMES[i] for i in rng.choice(len(ALL_NAMES), n, replace=False)]


def _layout(rng: np.random.Generator, names: list[str]) -> dict[str, Point]:
    return dict(zip(names, scatter(rng, len(names)), strict=True))


def _options(layout: dict[str, Point], patches: tuple[Patch, ...] = ()) -> dict[str, Any]:
    return {"layout": layout, "patches": [vars(p) for p in patches]}


def _relation_goal(relation: str, a: str, b: str) -> tuple[str, Goal]:
    item = {"relation": relation, "subject": a, "object": b}
    return _RELATION_WORDS[relation].format(a=a, b=b), Goal.model_validate({"all": [item]})


def _area_goal(area: str, subject: str) -> tuple[str, Goal]:
    item = {"relation": "in_area", "subject": subject, "area": area}
    who = "everything" if subject == "all" else f"the {subject}"
    words = f"move {who} to the {_AREA_WORDS[area]} of the table"
    return words, Goal.model_validate({"all": [item]})


def _short(rng: np.random.Generator, index: int) -> Task:
    """One relation (or area) between objects that a single good push can bring about."""
    kinds = (*RELATIONS, "in_area")
    kind = kinds[index % len(kinds)]
    while True:
        names = _names(rng, int(rng.integers(3, 6)))
        layout = _layout(rng, names)
        if kind == "in_area":
            words, goal = _area_goal(AREAS[int(rng.integers(9))], names[0])
        else:
            words, goal = _relation_goal(kind, names[0], names[1])
        if not satisfied(goal, layout):
            seed = int(rng.integers(2**31))
            return Task(kind=kind, words=words, goal=goal, seed=seed, options=_options(layout))


def _long(rng: np.random.Generator, index: int) -> Task:
    """The three tasks of Video Language Planning: several pushes each."""
    kind = LONG_KINDS[index % 3]
    while True:
        names = _names(rng, int(rng.integers(3, 5)) if kind != "group-by-colour" else 4)
        layout = _layout(rng, names)
        if kind == "move-to-area":
            words, goal = _area_goal(AREAS[int(rng.integers(9))], "all")
        elif kind == "group-by-colour":
            sizes = sorted(len(v) for v in groups(names, "colour").values())
            if sizes != [2, 2]:
                continue
            words = "group the objects by colour"
            goal = Goal.model_validate({"all": [{"relation": "grouped_by", "by": "colour"}]})
        else:
            words = "put all the objects in a line"
            goal = Goal.model_validate({"all": [{"relation": "in_line", "subject": "all"}]})
        if not satisfied(goal, layout):
            seed = int(rng.integers(2**31))
            return Task(kind=kind, words=words, goal=goal, seed=seed, options=_options(layout))


def _hazard(rng: np.random.Generator, index: int) -> Task:
    """A push that fails when it is done straight: rolling, ice, something in the way.

    Candidates are drawn until the naive push, simulated, misses the goal or
    loses an object; that is what makes the set what it says.
    """
    makers = (_rolling, _icy, _blocked)
    while True:
        kind, words, goal, layout, patches, naive = makers[index % 3](rng)
        if satisfied(goal, layout):
            continue
        scene = Scene(
            bodies=tuple(
                Body(colour=n.split()[0], shape=n.split()[1], position=p) for n, p in layout.items()
            ),
            patches=patches,
        )
        push = push_for(naive, nominal_target(naive, layout), layout)
        if push is None:
            continue
        after = simulate_scene(scene, [push], threads=1)[0].layout
        if not satisfied(goal, after, list(layout)):
            seed = int(rng.integers(2**31))
            options = _options(layout, patches)
            return Task(kind=kind, words=words, goal=goal, seed=seed, options=options)


Hazard = tuple[str, str, Goal, dict[str, Point], tuple[Patch, ...], Subgoal]
_SIDES = ("left", "right", "top", "bottom")


def _rolling(rng: np.random.Generator) -> Hazard:
    """A ball is wanted at the rim."""
    names = _names(rng, 4)
    names[0] = f"{names[0].split()[0]} ball"
    if len(set(names)) < 4:
        return _rolling(rng)
    layout = _layout(rng, names)
    area = _SIDES[int(rng.integers(4))]
    words, goal = _area_goal(area, names[0])
    naive = Subgoal(move=names[0], relation="in_area", area=area)
    return "rolling", words, goal, layout, (), naive


def _icy(rng: np.random.Generator) -> Hazard:
    """The place lies on ice near the rim."""
    names = _names(rng, 4)
    layout = _layout(rng, names)
    area = _SIDES[int(rng.integers(4))]
    words, goal = _area_goal(area, names[0])
    naive = Subgoal(move=names[0], relation="in_area", area=area)
    target = nominal_target(naive, layout)
    ice = Patch(kind="ice", position=target, radius=float(rng.uniform(0.08, 0.11)))
    return "ice", words, goal, layout, (ice,), naive


def _blocked(rng: np.random.Generator) -> Hazard:
    """Something stands between the object and the place."""
    names = _names(rng, 4)
    layout = _layout(rng, names)
    relation = RELATIONS[int(rng.integers(5))]
    naive = Subgoal(move=names[0], relation=relation, object=names[1])
    start, target = np.array(layout[names[0]]), np.array(nominal_target(naive, layout))
    if np.linalg.norm(target - start) < 0.16:
        return _blocked(rng)
    middle = start + (target - start) * rng.uniform(0.45, 0.6)
    layout[names[2]] = (float(middle[0]), float(middle[1]))
    for other in (names[0], names[1], names[3]):
        if np.linalg.norm(middle - layout[other]) < 0.085:
            return _blocked(rng)
    words, goal = _relation_goal(relation, names[0], names[1])
    return "blocked", words, goal, layout, (), naive


def count_kinds(found: list[Task]) -> Iterator[tuple[str, int]]:
    """Yield each kind of task and how many of it there are."""
    for kind in dict.fromkeys(t.kind for t in found):
        yield kind, sum(t.kind == kind for t in found)
