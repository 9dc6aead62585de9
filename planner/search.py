"""Search over subgoals: functions over frozen nodes, with the mind's eye as an argument.

`greedy` looks one subgoal ahead. `beam` keeps the best few pictured futures,
lets the language model propose from each, and pictures again; a node's value
discounts what lies further away, where the pictures are worth less.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mindseye.planner.judge import Judgement
from mindseye.tools.values import SceneGraph, SceneObject

DISCOUNT = 0.97
"""A reward one subgoal later is worth this much of the same reward now."""
DONE = 1.0 - 1e-6


@dataclass(frozen=True, kw_only=True)
class Node:
    """A pictured future: the subgoals that lead to it and what it is worth."""

    path: tuple[Judgement, ...]
    """From the first subgoal to the last; never empty but at the root."""
    scene: SceneGraph
    """As it is expected after the path."""
    value: float

    @property
    def first(self) -> Judgement:
        """Return the judgement of the subgoal that would be done now."""
        return self.path[0]


Evaluate = Callable[[SceneGraph, int], Sequence[Judgement]]
"""(scene, depth) -> judged candidates: proposes, pictures and judges in one go."""


def after(scene: SceneGraph, judgement: Judgement) -> SceneGraph:
    """Return the scene as the judgement expects it to become."""
    predicted = judgement.predicted or {
        **scene.layout,
        judgement.candidate.push.subject: judgement.target,
    }
    objects = tuple(
        SceneObject(
            referent=o.referent, colour=o.colour, shape=o.shape,
            position=predicted[o.name], confidence=o.confidence * judgement.confidence,
        )
        for o in scene.objects
        if o.name in predicted
    )  # fmt: skip
    return SceneGraph(objects=objects, pusher=scene.pusher, patches=scene.patches)


def _children(node: Node, judged: Sequence[Judgement]) -> list[Node]:
    depth = len(node.path)
    return [
        Node(
            path=(*node.path, j),
            scene=after(node.scene, j),
            value=j.value * DISCOUNT**depth,
        )
        for j in judged
    ]


def ranked(nodes: Sequence[Node]) -> list[Node]:
    """Return nodes from the best to the worst; ties keep their order."""
    return sorted(nodes, key=lambda n: -n.value)


def greedy(scene: SceneGraph, evaluate: Evaluate) -> list[Node]:
    """Return the futures one subgoal ahead, best first."""
    root = Node(path=(), scene=scene, value=0.0)
    return ranked(_children(root, evaluate(scene, 0)))


def beam(
    scene: SceneGraph,
    evaluate: Evaluate,
    *,
    depth: int,
    width: int = 2,
    in_time: Callable[[], bool] = lambda: True,
) -> list[Node]:
    """Return futures up to `depth` subgoals ahead, best first.

    Args:
      scene: what is seen now.
      evaluate: proposes, pictures and judges from a scene.
      depth: subgoals to look ahead.
      width: futures that are carried on at each depth.
      in_time: asked before each expansion; when it says no, the best so far is returned.
    """
    frontier = found = greedy(scene, evaluate)
    for level in range(1, depth):
        grown: list[Node] = []
        for node in frontier[:width]:
            if node.value >= DONE * DISCOUNT ** len(node.path) or not in_time():
                continue
            grown += _children(node, evaluate(node.scene, level))
        if not grown:
            break
        frontier = ranked(grown)
        found = ranked([*found, *grown])
    return found
