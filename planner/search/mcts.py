"""Monte Carlo tree search over subgoals, in waves.

PUCT with the language model's prior (Rosin, 2011; Silver et al., 2017), progressive
widening (Coulom, 2007), and virtual losses, so that the simulations of a wave part
ways (Chaslot et al., 2008). A simulation ends where it pictures one new branch.
Pictures are the only thing that costs, so none is made twice, and what has been
looked at to the end is not gone through again.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from mindseye.planner.search.interface import Budget, Dynamics, picture, propose, stopped
from mindseye.planner.search.tree import Node, Root, Tree, plant, with_pruned, with_visits

Step = tuple[str, int]
"""Key of a node and index of one of its branches."""


@dataclass(frozen=True, kw_only=True)
class MctsOptions:
    """Options of `mcts`."""

    simulations: Annotated[int, Field(ge=1, le=100_000)] = 48
    """Branches that are pictured for a decision, at most."""
    wave: Annotated[int, Field(ge=1, le=1024)] = 12
    """Branches that are pictured at once."""
    openings: Annotated[int, Field(ge=1, le=1024)] = 3
    """Scenes in a wave for which the language model is asked what could be done there."""
    exploration: Annotated[float, Field(ge=0, le=100)] = 0.5
    """Weight of the prior against what was found (c in PUCT)."""
    widening: Annotated[float, Field(gt=0, le=1000)] = 3.0
    """`widening * visits ** exponent` of a scene's branches are considered, likeliest first."""
    exponent: Annotated[float, Field(ge=0, le=1)] = 0.5
    """See `widening`."""
    cache: Annotated[int, Field(ge=0, le=100_000)] = 256
    """Pictures that are kept from decision to decision."""


def mcts(root: Root, dynamics: Dynamics, budget: Budget, options: MctsOptions) -> Tree:
    """Return the tree that PUCT grew from the root, up to `root.horizon` subgoals deep."""
    tree = plant(root.scene)
    tree = propose(tree, [tree.root], dynamics)
    left = options.simulations
    while left > 0:
        if tree.waves and (reason := budget.stops(tree)):
            return _unseen(stopped(tree, reason), reason)
        tree, ways, opened = _select(tree, root, dynamics, options, min(left, options.wave))
        if not ways:
            if opened:
                continue
            return tree
        asked: dict[str, list[int]] = {}
        for way in ways:
            asked.setdefault(way[-1][0], []).append(way[-1][1])
        tree = picture(tree, asked, dynamics, budget.until(0.5))
        tree = with_visits(tree, _worths(tree, ways))
        left -= len(ways)
    return _unseen(tree, f"{options.simulations} simulations were allowed")


def _worths(tree: Tree, ways: list[tuple[Step, ...]]) -> Iterator[tuple[tuple[Step, ...], float]]:
    for way in ways:
        judgement = tree.branch(*way[-1]).judgement
        if judgement is not None:
            yield way, judgement.value


def _unseen(tree: Tree, reason: str) -> Tree:
    """Return the tree with the reason on what was proposed and never pictured."""
    steps = {
        (key, i): f"not looked at: {reason}"
        for key, node in tree.nodes.items()
        for i, branch in enumerate(node.branches or ())
        if branch.judgement is None
    }
    return with_pruned(tree, steps)


def _select(
    tree: Tree, root: Root, dynamics: Dynamics, options: MctsOptions, count: int
) -> tuple[Tree, list[tuple[Step, ...]], int]:
    """Return the tree, up to `count` ways to branches not pictured yet, and how many scenes opened.

    Ways that end at a scene without proposals wait until all such scenes of the wave
    have been proposed for in one call; then they go one branch further.
    """
    wave = _Selection(tree=tree, horizon=root.horizon, options=options)
    ways: list[tuple[Step, ...]] = []
    waiting: list[tuple[Step, ...]] = []
    for _ in range(count):
        way = wave.descend()
        if way is None:
            break
        (waiting if wave.is_open(way) else ways).append(way)
    opened = list(wave.opening)
    tree = propose(tree, opened, dynamics)
    wave = _Selection(tree=tree, horizon=root.horizon, options=options, pending=wave.pending)
    ways += [further for way in waiting if (further := wave.descend(way)) is not None]
    return tree, ways, len(opened)


@dataclass(kw_only=True)
class _Selection:
    """The simulations of one wave on their way down a tree that stands still."""

    tree: Tree
    horizon: int
    options: MctsOptions
    pending: Counter[Step] = field(default_factory=Counter)
    """Virtual losses: simulations that are under way through a branch."""
    opening: dict[str, None] = field(default_factory=dict)
    """Scenes without proposals that were reached."""
    dead: set[tuple[str, int]] = field(default_factory=set)
    """(scene, depth) behind which nothing is left to look at in this wave."""

    def is_open(self, way: tuple[Step, ...]) -> bool:
        """Say whether a way ends at a scene that nothing was proposed for yet."""
        return bool(self.tree.branch(*way[-1]).child)

    def descend(self, start: tuple[Step, ...] = ()) -> tuple[Step, ...] | None:
        """Return the way of one more simulation, with `start` as its beginning.

        None when nothing is left to look at.
        """
        first = self.tree.branch(*start[-1]).child if start else self.tree.root
        while (first, len(start)) not in self.dead:
            way, key = start, first
            while (index := self._choose(key, way)) is not None:
                way = (*way, (key, index))
                key = self.tree.branch(key, index).child
                if not key or self.tree[key].branches is None:
                    self.pending.update(way[len(start) :])
                    if key:
                        self.opening[key] = None
                    return way
            self.dead.add((key, len(way)))
        return None

    def _choose(self, key: str, way: tuple[Step, ...]) -> int | None:
        """Return the best branch by PUCT among those that lead somewhere."""
        node = self.tree[key]
        branches = node.branches or ()
        free = [i for i in range(len(branches)) if self._leads_on(key, i, way)]
        if not free:
            return None
        counts = [b.visits + self.pending[key, i] for i, b in enumerate(branches)]
        order = sorted(range(len(branches)), key=lambda i: -branches[i].candidate.prior)
        admitted = order[: self._width(sum(counts))]
        # What is admitted may be used up; then the next in line is better than nothing.
        considered = [i for i in admitted if i in free] or [i for i in order if i in free][:1]
        scores = self._scores(node, counts)
        return max(considered, key=lambda i: scores[i])

    def _leads_on(self, key: str, index: int, way: tuple[Step, ...]) -> bool:
        branch, depth = self.tree.branch(key, index), len(way) + 1
        if branch.pruned:
            return False
        if branch.judgement is None:
            return not self.pending[key, index]
        child = branch.child
        if depth >= self.horizon or (child, depth) in self.dead:
            return False
        if child == key or any(child == passed for passed, _ in way):
            return False
        if self.tree[child].branches is None:
            return child not in self.opening and len(self.opening) < self.options.openings
        return True

    def _width(self, visits: int) -> int:
        return math.ceil(self.options.widening * math.pow(visits + 1, self.options.exponent))

    def _scores(self, node: Node, counts: list[int]) -> list[float]:
        """Return the PUCT scores; a virtual loss counts as a simulation worth nothing."""
        branches = node.branches or ()
        seen = [b.mean for b in branches if b.visits]
        # What was not tried yet is taken to be as good as what was.
        unseen = sum(seen) / len(seen) if seen else node.worth
        priors = sum(b.candidate.prior for b in branches) or 1.0
        scale = self.options.exploration * math.sqrt(max(1, sum(counts))) / priors
        return [
            (b.total / n if n else unseen) + scale * b.candidate.prior / (1 + n)
            for b, n in zip(branches, counts, strict=True)
        ]
