"""Relations between the objects of a scene graph, by the same predicates as goals."""

import itertools
from dataclasses import dataclass

from mindseye.tools.goals import RELATIONS, Area, Goal, Relation, RelationItem, area_of, satisfied
from mindseye.tools.values import SceneGraph


@dataclass(frozen=True, kw_only=True)
class Relations:
    """What stands how to what."""

    between: tuple[RelationItem, ...]
    """Every relation that holds, subject by subject."""
    areas: dict[str, Area]
    """Name -> the ninth of the table it lies in."""

    def of(self, subject: str, other: str) -> tuple[Relation, ...]:
        """Return the relations in which `subject` stands to `other`."""
        return tuple(r.relation for r in self.between if r.subject == subject and r.object == other)


def relations(graph: SceneGraph) -> Relations:
    """Return every relation that holds in the scene graph."""
    layout = graph.layout
    items = (
        RelationItem(relation=relation, subject=a, object=b)
        for a, b in itertools.permutations(layout, 2)
        for relation in RELATIONS
    )
    held = tuple(item for item in items if satisfied(Goal(all_=(item,)), layout))
    return Relations(between=held, areas={n: area_of(p) for n, p in layout.items()})
