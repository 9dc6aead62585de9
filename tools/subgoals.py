"""Subgoals: what the language model asks to picture, in a typed form and in words.

A subgoal moves one object somewhere: relative to another object, into an area,
or onto the line of the others. `nominal_target` is the place that geometry alone
would choose; the video generator may picture another, and then that is used.
"""

import math
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from mindseye.tools.goals import (
    APART_MIN,
    OBJECT_RADIUS,
    TABLE_HALF,
    Area,
    Goal,
    Layout,
    Relation,
    area_centre,
    line_through,
    place_words,
    satisfied,
)
from mindseye.tools.values import Point

ROOM = (0.08, 0.07)
"""Two things that are not to be brought together stand this far apart where they can, else so
far, metres."""
GRID, AROUND = 0.015, 9
"""A thing may be put so many times so many metres from its nominal place to stand free."""
INSIDE = TABLE_HALF - 2 * OBJECT_RADIUS
"""What is put elsewhere to stand free stands this near to the middle of the table, metres."""
CLEARLY = 0.012
"""A subgoal clearly holds at a place if it does this far about it, metres."""
Manner = Literal["straight", "slow", "around"]
MANNERS: tuple[Manner, ...] = ("straight", "slow", "around")

_OFFSET: dict[str, tuple[float, float]] = {
    "left_of": (-0.095, 0.0),
    "right_of": (0.095, 0.0),
    "above": (0.0, 0.095),
    "below": (0.0, -0.095),
}
_WORDS = {
    "left_of": "to the left of",
    "right_of": "to the right of",
    "above": "behind",
    "below": "in front of",
    "near": "next to",
    "touching": "against",
    "apart": "away from",
}
_AREA_WORDS = {
    "top_left": "to the top left", "top": "to the top", "top_right": "to the top right",
    "left": "to the left side", "center": "to the center", "right": "to the right side",
    "bottom_left": "to the bottom left", "bottom": "to the bottom",
    "bottom_right": "to the bottom right",
}  # fmt: skip
_MANNER_WORDS = {"straight": "", "slow": " slowly", "around": " around what is in the way"}


class Subgoal(BaseModel):
    """Move one object: `{"move": OBJECT, "relation": R, "object": OBJECT}` and its kin.

    `relation` is one of the seven with `object`, `in_area` with `area`, `at` with
    `place` (metres), or `in_line` alone. `manner` says how to push.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    move: str
    relation: Relation | Literal["in_area", "in_line", "at"]
    object: str | None = None
    area: Area | None = None
    place: Point | None = None
    manner: Manner = "straight"

    @model_validator(mode="after")
    def _arguments_fit(self) -> "Subgoal":
        wants_object = self.relation not in ("in_area", "in_line", "at")
        if wants_object != (self.object is not None):
            raise ValueError(f"{self.relation} {'needs' if wants_object else 'takes no'} object")
        if (self.relation == "in_area") != (self.area is not None):
            raise ValueError("area goes with in_area, and only with it")
        if (self.relation == "at") != (self.place is not None):
            raise ValueError("place goes with at, and only with it")
        if self.object == self.move:
            raise ValueError("an object cannot be moved relative to itself")
        return self

    @property
    def names(self) -> frozenset[str]:
        """Return the objects that it speaks of."""
        return frozenset({self.move, self.object or self.move})

    def words(self) -> str:
        """Return the sentence that is shown, pictured and scored."""
        if self.area is not None:
            where = _AREA_WORDS[self.area]
        elif self.relation == "in_line":
            where = "into line with the others"
        elif self.place is not None:
            where = f"to {place_words(self.place)}"
        else:
            where = f"{_WORDS[self.relation]} the {self.object}"
        return f"push the {self.move}{_MANNER_WORDS[self.manner]} {where}"

    def goal(self) -> Goal:
        """Return the goal that this subgoal, carried out, fulfils."""
        item: dict[str, Any] = {"relation": self.relation, "subject": self.move}
        if self.relation == "in_line":
            item["subject"] = "all"
        elif self.area is not None:
            item["area"] = self.area
        elif self.place is not None:
            item["place"] = self.place
        else:
            item["object"] = self.object
        return Goal.model_validate({"all": [item]})

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form without absent fields."""
        return self.model_dump(exclude_none=True)


def _clamp(point: Point) -> Point:
    edge = TABLE_HALF - OBJECT_RADIUS - 0.01
    return max(-edge, min(edge, point[0])), max(-edge, min(edge, point[1]))


def _beside(move: Point, other: Point, distance: float) -> Point:
    """Return the point at `distance` from `other` on the side where `move` stands."""
    dx, dy = move[0] - other[0], move[1] - other[1]
    norm = math.hypot(dx, dy)
    if norm < 1e-6:
        dx, dy, norm = 1.0, 0.0, 1.0
    return other[0] + dx / norm * distance, other[1] + dy / norm * distance


def _area_target(area: str, point: Point) -> Point:
    """Return the nearest point that lies well inside the area."""
    cx, cy = area_centre(area)
    inset = 0.06
    return (
        min(cx + inset, max(cx - inset, point[0])),
        min(cy + inset, max(cy - inset, point[1])),
    )


def nominal_target(subgoal: Subgoal, layout: Layout) -> Point:
    """Return where geometry alone would put the object, metres.

    Raises:
      KeyError: the layout lacks an object the subgoal speaks of.
    """
    start = layout[subgoal.move]
    if subgoal.area is not None:
        return _clamp(_area_target(subgoal.area, start))
    if subgoal.place is not None:
        return _clamp(subgoal.place)
    if subgoal.relation == "in_line":
        others = np.array([p for n, p in layout.items() if n != subgoal.move])
        if len(others) < 2:
            return start
        centre, direction, _ = line_through(others)
        foot = centre + direction * float((np.array(start) - centre) @ direction)
        return _clamp((float(foot[0]), float(foot[1])))
    other = layout[subgoal.object or ""]
    if subgoal.relation in _OFFSET:
        ox, oy = _OFFSET[subgoal.relation]
        return _clamp((other[0] + ox, other[1] + oy))
    distance = {"near": 0.09, "touching": 2 * OBJECT_RADIUS, "apart": APART_MIN + 0.03}
    return _clamp(_beside(start, other, distance[subgoal.relation]))


def roomy_target(subgoal: Subgoal, layout: Layout) -> Point:
    """Return where to put the object so that it stands free: the nominal place, or one nearby.

    It is the nearest place at which the subgoal clearly holds and nothing else stands too near;
    where there is none, the nominal one.

    Raises:
      KeyError: the layout lacks an object the subgoal speaks of.
    """
    nominal, start = nominal_target(subgoal, layout), layout[subgoal.move]
    others = [p for n, p in layout.items() if n not in (subgoal.move, subgoal.object)]

    def room(place: Point) -> float:
        return min((math.dist(place, other) for other in others), default=math.inf)

    if subgoal.relation == "at" or room(nominal) >= ROOM[0]:
        return nominal
    places = sorted(
        _nearby(nominal), key=lambda p: math.dist(p, nominal) + 0.5 * math.dist(p, start)
    )
    for least in ROOM:
        for place in places:
            if room(place) >= least and _clearly_holds(subgoal, place, layout):
                return place
    return nominal


def _nearby(place: Point) -> list[Point]:
    """Return places about one, none of them near the table's rim."""
    steps = [GRID * k for k in range(-AROUND, AROUND + 1)]
    found = [(place[0] + dx, place[1] + dy) for dx in steps for dy in steps]
    return [p for p in found if max(map(abs, p)) <= INSIDE]


def _clearly_holds(subgoal: Subgoal, place: Point, layout: Layout) -> bool:
    """Say whether a subgoal holds with its object at a place, and a little beside it."""
    goal, (x, y), d = subgoal.goal(), place, CLEARLY
    beside = [(x, y), (x + d, y), (x - d, y), (x, y + d), (x, y - d)]
    return all(satisfied(goal, {**layout, subgoal.move: p}) for p in beside)
