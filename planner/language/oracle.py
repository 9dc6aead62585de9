"""Which push comes next, found by trying them all on geometry alone.

Knows nothing of friction or rolling: it teaches a language model what is worth
picturing, names a push beside those of the model when that plans, and the tools then judge it.
"""

import math
import random
from collections.abc import Iterator, Sequence

from mindseye.tools.goals import (
    AREAS,
    OBJECT_RADIUS,
    RELATIONS,
    TABLE_HALF,
    AreaItem,
    Goal,
    GroupItem,
    Layout,
    LineItem,
    NotItem,
    RelationItem,
    shortfall,
)
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.values import Point

_MIRROR = {
    "left_of": "right_of", "right_of": "left_of", "above": "below", "below": "above",
    "near": "near", "touching": "touching", "apart": "apart",
}  # fmt: skip


def subgoals(goal: Goal, names: Sequence[str]) -> Iterator[Subgoal]:
    """Yield the subgoals that could serve the goal, without those that plainly cannot."""
    atoms = [i.not_ if isinstance(i, NotItem) else i for i in goal.all_]
    wide = any(isinstance(a, GroupItem) for a in atoms) or len(atoms) < len(goal.all_)
    named = goal.names()
    for move in names:
        for area in AREAS:
            yield Subgoal(move=move, relation="in_area", area=area)
        if any(isinstance(a, LineItem) for a in atoms):
            yield Subgoal(move=move, relation="in_line")
        for other in names:
            if other == move or (named and not wide and not {move, other} & named):
                continue
            for relation in ("near", "apart") if wide else RELATIONS:
                yield Subgoal(move=move, relation=relation, object=other)


def _item_of(subgoal: Subgoal) -> RelationItem | AreaItem | None:
    if subgoal.area is not None:
        return AreaItem(subject=subgoal.move, area=subgoal.area)
    if subgoal.relation in ("in_area", "in_line") or subgoal.object is None:
        return None
    return RelationItem.model_validate(
        {"relation": subgoal.relation, "subject": subgoal.move, "object": subgoal.object}
    )


def _says_so(goal: Goal, subgoal: Subgoal) -> float:
    """Return 1 when the goal asks for this very thing, 0.7 when it does so mirrored."""
    item = _item_of(subgoal)
    if subgoal.relation == "in_line":
        return 1.0
    if item is None:
        return 0.0
    if item in goal.all_:
        return 1.0
    if isinstance(item, AreaItem):
        return float(AreaItem(subject="all", area=item.area) in goal.all_)
    mirrored = {"relation": _MIRROR[item.relation], "subject": item.object, "object": item.subject}
    return 0.7 * float(RelationItem.model_validate(mirrored) in goal.all_)


def _crowding(target: Point, layout: Layout, move: str) -> float:
    """Return the metres by which a target intrudes on other objects or on the table's edge."""
    gaps = [
        max(0.0, 1.9 * OBJECT_RADIUS - math.hypot(target[0] - p[0], target[1] - p[1]))
        for n, p in layout.items()
        if n != move
    ]
    over = max(abs(target[0]), abs(target[1])) - (TABLE_HALF - 0.05)
    return sum(gaps) + max(0.0, over)


def after(layout: Layout, subgoal: Subgoal) -> dict[str, Point]:
    """Return the layout with the object at its nominal place."""
    return {**layout, subgoal.move: nominal_target(subgoal, layout)}


def score(goal: Goal, layout: Layout, subgoal: Subgoal) -> float:
    """Return what a subgoal gains, metres: misses mended, less the way and the crowding."""
    there = after(layout, subgoal)
    target, start = there[subgoal.move], layout[subgoal.move]
    way = math.hypot(target[0] - start[0], target[1] - start[1])
    gain = shortfall(goal, layout) - shortfall(goal, there)
    gain += 0.03 * _says_so(goal, subgoal) * (gain > 0.002)
    return gain - 0.05 * way - _crowding(target, layout, subgoal.move)


def best_subgoals(
    goal: Goal, layout: Layout, *, slack: float = 0.012, without: Sequence[Subgoal] = ()
) -> list[Subgoal]:
    """Return the subgoals whose gain is within `slack` metres of the best, best first."""
    scored = [(score(goal, layout, s), s) for s in subgoals(goal, list(layout)) if s not in without]
    scored.sort(key=lambda pair: -pair[0])
    return [s for value, s in scored if value >= scored[0][0] - slack and value > 0]


def random_layout(rng: random.Random, names: Sequence[str]) -> dict[str, Point]:
    """Return places at least 7 cm apart and well on the table."""
    places: dict[str, Point] = {}
    while len(places) < len(names):
        point = (round(rng.uniform(-0.24, 0.24), 3), round(rng.uniform(-0.24, 0.24), 3))
        if all(math.hypot(point[0] - x, point[1] - y) > 0.07 for x, y in places.values()):
            places[names[len(places)]] = point
    return places
