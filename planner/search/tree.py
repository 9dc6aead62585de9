"""Search trees as frozen values, and the functions that make one tree out of another.

A node is a scene, a branch a candidate that could be done there. Scenes that look
the same are one node, whichever way leads to them (a transposition), so a tree may
really be a graph; nothing here walks further than its horizon.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from mindseye.planner.candidates import Candidate
from mindseye.planner.judge import Judgement
from mindseye.tools.values import SceneGraph, SceneObject

DISCOUNT = 0.97
"""A reward one subgoal later is worth this much of the same reward now."""
DONE = 1.0 - 1e-6
GRID = 0.01
"""Scenes whose objects stand on the same points of this grid are the same scene, metres.
It is twice what vision errs by, and what the language model is told."""

T = TypeVar("T")
Judged = Judgement | str
"""What a candidate is worth, or why it was not pictured."""


@dataclass(frozen=True, kw_only=True)
class Root:
    """What a search starts from."""

    scene: SceneGraph
    horizon: int = 2
    """Subgoals to look ahead, at most."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A candidate at a node."""

    candidate: Candidate
    judgement: Judgement | None = None
    """None while it is not pictured."""
    child: str = ""
    """Key of the node it leads to; empty while it is not pictured."""
    visits: int = 0
    """Simulations that went through it; the first pictured it."""
    total: float = 0.0
    """Sum of what those were worth as seen from here; in [0, `visits`]."""
    pruned: str = ""
    """Why the search looked no further here; empty where it did not decide so."""

    @property
    def mean(self) -> float:
        """Return the mean worth of its simulations."""
        return self.total / self.visits if self.visits else 0.0


@dataclass(frozen=True, kw_only=True)
class Node:
    """A scene, seen or pictured."""

    key: str
    scene: SceneGraph
    path: tuple[Judgement, ...] = ()
    """The way on which it was found first."""
    branches: tuple[Branch, ...] | None = None
    """In the order of their priors as proposed; None until something was proposed."""

    @property
    def worth(self) -> float:
        """Return the value of the last judgement that led here; 0 at the root."""
        return self.path[-1].value if self.path else 0.0


@dataclass(frozen=True, kw_only=True)
class Tree:
    """All that a search has looked at."""

    root: str
    nodes: Mapping[str, Node] = field(default_factory=dict)
    waves: int = 0
    """Batches of pictures that were made."""
    clips: int = 0
    """Simulated and imagined clips that they took; what was kept from before costs none."""
    stopped: str = ""
    """Why the search ended before it was through; empty when it was."""

    def __getitem__(self, key: str) -> Node:
        return self.nodes[key]

    def branch(self, key: str, index: int) -> Branch:
        """Return one branch of a node that has been proposed for."""
        return (self.nodes[key].branches or ())[index]


@dataclass(frozen=True, kw_only=True)
class Future:
    """Subgoals one after another, and what their end is worth now."""

    path: tuple[Judgement, ...]
    value: float

    @property
    def first(self) -> Judgement:
        """Return the judgement of the subgoal that would be done now."""
        return self.path[0]


def scene_key(scene: SceneGraph) -> str:
    """Return a hash of what stands where, rounded to `GRID`.

    The pusher is left out: it is lifted between pushes, wherever it is.
    """
    objects = sorted((o.name, *(round(x / GRID) for x in o.position)) for o in scene.objects)
    patches = sorted(
        (p.kind, *(round(x / GRID) for x in (*p.position, p.radius))) for p in scene.patches
    )
    return hashlib.sha256(repr((objects, patches)).encode()).hexdigest()[:16]


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


def plant(scene: SceneGraph) -> Tree:
    """Return a tree that holds nothing but what is seen."""
    key = scene_key(scene)
    return Tree(root=key, nodes={key: Node(key=key, scene=scene)})


def with_proposals(tree: Tree, proposed: Mapping[str, Sequence[Candidate]]) -> Tree:
    """Return the tree with the candidates (key of a node -> candidates) as branches."""
    changed = {
        key: replace(
            tree[key],
            branches=(
                *(tree[key].branches or ()),
                *(Branch(candidate=c) for c in candidates),
            ),
        )
        for key, candidates in proposed.items()
    }
    return replace(tree, nodes={**tree.nodes, **changed})


def with_judgements(tree: Tree, judged: Mapping[str, Mapping[str, Judged]], clips: int) -> Tree:
    """Return the tree after one more wave of pictures.

    Args:
      tree: holds the branches that were pictured.
      judged: key of a node -> id of a candidate -> what it is worth or why it was left out.
      clips: what the wave took.
    """
    nodes = dict(tree.nodes)
    for key, found in judged.items():
        node = nodes[key]
        branches = []
        for branch in node.branches or ():
            known = found.get(branch.candidate.id)
            if isinstance(known, Judgement):
                branch, child = _grown(node, branch, known)
                nodes.setdefault(child.key, child)
            elif known is not None:
                branch = replace(branch, pruned=known)
            branches.append(branch)
        nodes[key] = replace(nodes[key], branches=tuple(branches))
    return replace(tree, nodes=nodes, waves=tree.waves + 1, clips=tree.clips + clips)


def _grown(node: Node, branch: Branch, judgement: Judgement) -> tuple[Branch, Node]:
    scene = after(node.scene, judgement)
    child = Node(key=scene_key(scene), scene=scene, path=(*node.path, judgement))
    reason = _dead_end(node, judgement, child.key)
    grown = replace(
        branch, judgement=judgement, child=child.key, pruned=reason,
        visits=branch.visits + 1, total=branch.total + judgement.value,
    )  # fmt: skip
    return grown, child


def _dead_end(node: Node, judgement: Judgement, child: str) -> str:
    """Say why nothing need be looked at behind a branch; empty when something may."""
    if judgement.value >= DONE * DISCOUNT:
        return "nothing later can be worth more"
    if judgement.lost:
        return f"{', '.join(judgement.lost)} would be lost"
    return "nothing changes" if child == node.key else ""


def with_refined(tree: Tree, key: str, judgement: Judgement, visits: int, total: float) -> Tree:
    """Return the tree with a further branch, the best of `visits` that were judged elsewhere."""
    node = tree[key]
    empty = Branch(candidate=judgement.candidate, visits=visits - 1, total=total - judgement.value)
    branch, child = _grown(node, empty, judgement)
    grown = replace(node, branches=(*(node.branches or ()), branch))
    return replace(tree, nodes={child.key: child, **tree.nodes, key: grown})


def with_rejudged(tree: Tree, judged: Mapping[str, Judgement]) -> Tree:
    """Return the tree with pictured branches of the root judged anew, by ids of candidates.

    What was looked at behind a branch still counts where it leads to the same scene.
    """
    root, nodes = tree[tree.root], dict(tree.nodes)
    branches = []
    for branch in root.branches or ():
        new = judged.get(branch.candidate.id)
        if new is not None and branch.judgement is not None:
            before = branch.total - branch.judgement.value
            branch = replace(branch, visits=branch.visits - 1, total=max(0.0, before))
            branch, child = _grown(root, branch, new)
            nodes.setdefault(child.key, child)
        branches.append(branch)
    nodes[tree.root] = replace(nodes[tree.root], branches=tuple(branches))
    return replace(tree, nodes=nodes)


def with_pruned(tree: Tree, reasons: Mapping[tuple[str, int], str]) -> Tree:
    """Return the tree with why the search left branches (key, index) alone."""
    return _with_branches(tree, reasons, lambda b, reason: replace(b, pruned=b.pruned or reason))


def with_visits(tree: Tree, ways: Iterable[tuple[Sequence[tuple[str, int]], float]]) -> Tree:
    """Return the tree with what simulations showed told to the branches that led to them.

    Args:
      tree: whose last branches of the ways are pictured, which counted as their first visit.
      ways: each the branches (key, index) from the root on, and what its end is worth;
        that is discounted on its way up.
    """
    gains: dict[tuple[str, int], list[float]] = {}
    for way, worth in ways:
        for distance, step in enumerate(reversed(way[:-1]), 1):
            gains.setdefault(step, []).append(worth * DISCOUNT**distance)
    return _with_branches(
        tree, gains,
        lambda b, got: replace(b, visits=b.visits + len(got), total=b.total + sum(got)),
    )  # fmt: skip


def _with_branches(
    tree: Tree, changes: Mapping[tuple[str, int], T], change: Callable[[Branch, T], Branch]
) -> Tree:
    by_node: dict[str, dict[int, T]] = {}
    for (key, index), value in changes.items():
        by_node.setdefault(key, {})[index] = value
    changed = {
        key: replace(
            tree[key],
            branches=tuple(
                change(b, values[i]) if i in values else b
                for i, b in enumerate(tree[key].branches or ())
            ),
        )
        for key, values in by_node.items()
    }
    return replace(tree, nodes={**tree.nodes, **changed})


def ranked(tree: Tree, keys: Iterable[str]) -> list[tuple[str, int]]:
    """Return the pictured branches of some nodes, best value first; ties keep their order."""
    found = [
        (branch.judgement.value, key, index)
        for key in dict.fromkeys(keys)
        for index, branch in enumerate(tree[key].branches or ())
        if branch.judgement is not None
    ]
    return [(key, index) for _, key, index in sorted(found, key=lambda f: -f[0])]


def futures(tree: Tree, horizon: int) -> list[Future]:
    """Return for each pictured branch of the root the best future that begins so, best first.

    A future may end anywhere: what is worth most is the best scene on the way.
    """

    @functools.cache
    def best(key: str, steps: int) -> list[Future]:
        found = []
        for branch in tree[key].branches or ():
            if branch.judgement is None:
                continue
            here = Future(path=(branch.judgement,), value=branch.judgement.value)
            ahead = best(branch.child, steps - 1) if steps > 1 else []
            later = [
                Future(path=(branch.judgement, *f.path), value=f.value * DISCOUNT) for f in ahead
            ]
            found.append(max([here, *later], key=lambda f: f.value))
        return found

    return sorted(best(tree.root, horizon), key=lambda f: -f.value)
