"""Goals as typed predicates over a table layout: the JSON form, success and progress.

One set of predicates serves three readers: scorers (on the true layout), the
reward (on the layout that vision read) and the language model (as the JSON
schema it must answer in). A layout maps an object's name to its place on the
table in metres; an object that fell, or that nobody saw, is not in it.

Directions are as the camera sees the table: x grows to the right, y away from
the camera, so `above` means further away and `below` nearer.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

COLOURS = ("red", "green", "blue", "yellow", "purple")
SHAPES = ("cube", "cylinder", "ball", "star")
RELATIONS = ("left_of", "right_of", "above", "below", "near", "touching", "apart")
AREAS = (
    "top_left", "top", "top_right",
    "left", "center", "right",
    "bottom_left", "bottom", "bottom_right",
)  # fmt: skip

Relation = Literal["left_of", "right_of", "above", "below", "near", "touching", "apart"]
Area = Literal[
    "top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom",
    "bottom_right",
]  # fmt: skip
Layout = Mapping[str, tuple[float, float]]

TABLE_HALF = 0.3
"""Half the side of the square table, metres."""
OBJECT_RADIUS = 0.03
"""Nominal half-width of every object, metres."""
SIDE_MIN = 0.04
"""`left_of` and its kin: at least this far along the direction, metres."""
NEAR_MAX = 0.11
"""`near`: centres at most this far apart, metres."""
TOUCH_MAX = 0.072
"""`touching`: centres at most this far apart (two half-widths and 12 mm of slack), metres."""
APART_MIN = 0.20
"""`apart`: centres at least this far apart, metres."""
LINK_MAX = 0.12
"""`grouped_by`: members of a group chain together with links at most this long, metres."""
GROUP_GAP = 0.08
"""`grouped_by`: members of different groups are at least this far apart, metres."""
LINE_MAX = 0.025
"""`in_line`: no centre further than this from the best straight line, metres."""
AT_MAX = 0.035
"""`at`: the centre at most this far from the place, metres."""
REACH = 0.30
"""Distance over which progress falls from `ALMOST` to 0, metres."""
ALMOST = 0.85
"""Progress where hardly anything is missing: what is reached is worth clearly more."""

_DIRECTION = {"left_of": (-1, 0), "right_of": (1, 0), "above": (0, 1), "below": (0, -1)}


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RelationItem(_Item):
    """`subject` stands in `relation` to `object`."""

    relation: Relation
    subject: str
    object: str

    @model_validator(mode="after")
    def _two_objects(self) -> "RelationItem":
        if self.subject == self.object:
            raise ValueError(f"an object cannot be {self.relation} itself: {self.subject!r}")
        return self


class AreaItem(_Item):
    """`subject` ("all" for every object) lies in one of the nine areas of the table."""

    relation: Literal["in_area"] = "in_area"
    subject: str
    area: Area


class GroupItem(_Item):
    """Objects of one colour (or shape) stand together, away from the others."""

    relation: Literal["grouped_by"] = "grouped_by"
    by: Literal["colour", "shape"]


class LineItem(_Item):
    """All objects stand on one straight line."""

    relation: Literal["in_line"] = "in_line"
    subject: Literal["all"] = "all"


class PlaceItem(_Item):
    """`subject` stands at a place on the table, metres; said of where something stood before."""

    relation: Literal["at"] = "at"
    subject: str
    place: tuple[float, float]


Atom = Annotated[
    RelationItem | AreaItem | GroupItem | LineItem | PlaceItem,
    Field(union_mode="left_to_right"),
]


class NotItem(_Item):
    """The atom does not hold."""

    not_: Atom = Field(alias="not")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Item = Annotated[NotItem | RelationItem | AreaItem | GroupItem | LineItem | PlaceItem,
                 Field(union_mode="left_to_right")]  # fmt: skip


class Goal(_Item):
    """A conjunction of items: `{"all": [ITEM, ...]}`; `{"not": ITEM}` is read as one too."""

    all_: tuple[Item, ...] = Field(alias="all", min_length=1, max_length=6)
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _wrap_not(cls, data: Any) -> Any:
        if isinstance(data, dict) and set(data) == {"not"}:
            return {"all": [data]}
        return data

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that DESIGN and `mindseye goal --json` use."""
        items = [i.model_dump(by_alias=True) for i in self.all_]
        if len(items) == 1 and isinstance(self.all_[0], NotItem):
            return items[0]
        return {"all": items}

    def words(self) -> str:
        """Return the goal as people read it: "red cube near blue ball, not: in line"."""
        return ", ".join(_item_words(i) for i in self.all_)

    def names(self) -> frozenset[str]:
        """Return the objects that the goal speaks of by name ("all" is not a name)."""
        found = set()
        for item in self.all_:
            atom = item.not_ if isinstance(item, NotItem) else item
            if isinstance(atom, RelationItem):
                found |= {atom.subject, atom.object}
            elif isinstance(atom, PlaceItem) or (
                isinstance(atom, AreaItem) and atom.subject != "all"
            ):
                found.add(atom.subject)
        return frozenset(found)


def _item_words(item: "Item") -> str:
    if isinstance(item, NotItem):
        return f"not: {_item_words(item.not_)}"
    if isinstance(item, RelationItem):
        place = {"above": "behind", "below": "in front of"}.get(item.relation, item.relation)
        return f"{item.subject} {place.replace('_', ' ')} {item.object}"
    if isinstance(item, AreaItem):
        who = "everything" if item.subject == "all" else item.subject
        return f"{who} in the {item.area.replace('_', ' ')} area"
    if isinstance(item, GroupItem):
        return f"everything grouped by {item.by}"
    if isinstance(item, PlaceItem):
        return f"{item.subject} at {place_words(item.place)}"
    return "everything in one line"


def place_words(place: tuple[float, float]) -> str:
    """Return a place as people read it, in whole centimetres."""
    return f"({100 * place[0]:.0f} cm, {100 * place[1]:.0f} cm)"


def area_of(point: Sequence[float]) -> Area:
    """Return the area that a table point lies in; points off the table go to the nearest."""
    column = min(2, max(0, int((point[0] + TABLE_HALF) // (TABLE_HALF * 2 / 3))))
    row = min(2, max(0, int((TABLE_HALF - point[1]) // (TABLE_HALF * 2 / 3))))
    return AREAS[row * 3 + column]  # type: ignore[return-value]


def area_centre(area: str) -> tuple[float, float]:
    """Return the centre of an area, metres."""
    row, column = divmod(AREAS.index(area), 3)
    return (column - 1) * 0.2, (1 - row) * 0.2


def _relation_gap(item: RelationItem, layout: Layout) -> float:
    """Metres by which a relation is missed; 0 or less when it holds."""
    if item.subject not in layout or item.object not in layout:
        return REACH
    (sx, sy), (ox, oy) = layout[item.subject], layout[item.object]
    dx, dy = sx - ox, sy - oy
    distance = math.hypot(dx, dy)
    if item.relation == "near":
        return distance - NEAR_MAX
    if item.relation == "touching":
        return distance - TOUCH_MAX
    if item.relation == "apart":
        return APART_MIN - distance
    ux, uy = _DIRECTION[item.relation]
    along, across = dx * ux + dy * uy, abs(dx * uy) + abs(dy * ux)
    # Within 45 degrees of the direction, and clearly so.
    return max(SIDE_MIN - along, (across - along) / math.sqrt(2))


def _area_gap(item: AreaItem, layout: Layout) -> float:
    subjects = list(layout) if item.subject == "all" else [item.subject]
    cx, cy = area_centre(item.area)
    gaps = [
        math.hypot(max(0.0, abs(layout[s][0] - cx) - 0.1), max(0.0, abs(layout[s][1] - cy) - 0.1))
        if s in layout
        else REACH
        for s in subjects
    ]
    return float(np.mean(gaps)) if gaps else REACH


def _longest_link(points: np.ndarray) -> float:
    """Longest edge of the minimum spanning tree over `[N, 2]` points, metres."""
    if len(points) < 2:
        return 0.0
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial.distance import cdist

    return float(minimum_spanning_tree(cdist(points, points)).toarray().max())


def groups(names: Sequence[str], by: str) -> dict[str, list[str]]:
    """Split names such as "red cube" by their colour or shape."""
    key: Callable[[str], str] = lambda n: n.split()[0 if by == "colour" else -1]  # noqa: E731
    return {k: list(v) for k, v in itertools.groupby(sorted(names, key=key), key=key)}


def _group_gap(item: GroupItem, layout: Layout) -> float:
    by_kind = groups(list(layout), item.by)
    if not by_kind:
        return REACH
    points = {k: np.array([layout[n] for n in names]) for k, names in by_kind.items()}
    gaps = [max(0.0, _longest_link(p) - LINK_MAX) for p in points.values() if len(p) > 1]
    for a, b in itertools.combinations(points.values(), 2):
        nearest = float(np.linalg.norm(a[:, None] - b[None], axis=-1).min())
        if len(a) > 1 or len(b) > 1:
            gaps.append(max(0.0, GROUP_GAP - nearest))
    return float(sum(gaps))


def line_through(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit a line to `[N, 2]` points; return a point on it, its direction, the largest miss (m)."""
    centre = points.mean(axis=0)
    direction = np.linalg.svd(points - centre)[2][0]
    across = (points - centre) @ np.array([-direction[1], direction[0]])
    return centre, direction, float(np.abs(across).max())


def _line_gap(layout: Layout) -> float:
    if len(layout) < 3:
        return 0.0 if layout else REACH
    return line_through(np.array(list(layout.values())))[2] - LINE_MAX


def _place_gap(item: PlaceItem, layout: Layout) -> float:
    if item.subject not in layout:
        return REACH
    return math.dist(layout[item.subject], item.place) - AT_MAX


def _gap(atom: Atom, layout: Layout) -> float:
    if isinstance(atom, RelationItem):
        return _relation_gap(atom, layout)
    if isinstance(atom, AreaItem):
        return _area_gap(atom, layout)
    if isinstance(atom, GroupItem):
        return _group_gap(atom, layout)
    if isinstance(atom, PlaceItem):
        return _place_gap(atom, layout)
    return _line_gap(layout)


def item_progress(item: Item, layout: Layout) -> float:
    """Return how far one item is fulfilled, in [0, 1]; 1 exactly when it holds."""
    if isinstance(item, NotItem):
        return 0.5 if _gap(item.not_, layout) <= 1e-9 else 1.0
    gap = _gap(item, layout)
    return 1.0 if gap <= 1e-9 else max(0.0, ALMOST - ALMOST * gap / REACH)


def progress(goal: Goal, layout: Layout, expected: Sequence[str] = ()) -> float:
    """Return the mean progress of the goal's items in [0, 1]; 1 exactly when all hold.

    Args:
      goal: what is wanted.
      layout: object name -> place on the table, metres.
      expected: objects that were there; each that is missing from the layout
        (fell, vanished) costs, since nobody asks for a thing to be thrown off.
    """
    value = float(np.mean([item_progress(i, layout) for i in goal.all_]))
    missing = sum(name not in layout for name in expected)
    return value * 0.5**missing


def shortfall(goal: Goal, layout: Layout) -> float:
    """Return the metres by which the items are missed, summed: 0 when all hold.

    Unlike `progress` it does not flatten out far from the goal, so a step that
    is one of many still shows.
    """
    total = 0.0
    for item in goal.all_:
        miss = _gap(_atom_of(item), layout)
        if isinstance(item, NotItem):
            total += NEAR_MAX if miss <= 1e-9 else 0.0
        else:
            total += max(0.0, miss)
    return total


def satisfied(goal: Goal, layout: Layout, expected: Sequence[str] = ()) -> bool:
    """Say whether every item holds and nothing that was `expected` is missing."""
    return progress(goal, layout, expected) >= 1.0


def _atom_of(item: Item) -> Atom:
    return item.not_ if isinstance(item, NotItem) else item


_OPPOSITE = {"left_of": "right_of", "right_of": "left_of", "above": "below", "below": "above"}


def _exclude(a: Item, b: Item) -> bool:
    """Say whether no layout can fulfil both items; finds the plain cases only."""
    if isinstance(a, NotItem) or isinstance(b, NotItem):
        return type(a) is not type(b) and _atom_of(a) == _atom_of(b)
    if isinstance(a, AreaItem) and isinstance(b, AreaItem):
        shared = a.subject == b.subject or "all" in (a.subject, b.subject)
        return shared and a.area != b.area
    if not (isinstance(a, RelationItem) and isinstance(b, RelationItem)):
        return False
    if {a.subject, a.object} != {b.subject, b.object}:
        return False
    if "apart" in (a.relation, b.relation):
        return bool({a.relation, b.relation} & {"near", "touching"})
    same_way = a.subject == b.subject
    return a.relation in _OPPOSITE and b.relation == (
        _OPPOSITE[a.relation] if same_way else a.relation
    )


def contradiction(goal: Goal) -> str | None:
    """Return a sentence naming two items that exclude each other, or None.

    Found are: an item beside its own negation, opposite sides, `apart` beside
    `near` or `touching`, and one object in two areas.
    """
    for a, b in itertools.combinations(goal.all_, 2):
        if _exclude(a, b):
            return f"{a.model_dump_json(by_alias=True)} and {b.model_dump_json(by_alias=True)}"
    return None
