"""Looks one subgoal ahead: all candidates are pictured at once."""

from dataclasses import dataclass
from typing import ClassVar

from mindseye.planner.search.interface import Budget, Dynamics, expand
from mindseye.planner.search.tree import Root, Tree, plant


@dataclass(frozen=True, kw_only=True)
class GreedyOptions:
    """`greedy` has no options."""

    cache: ClassVar[int] = 0
    """Nothing is kept: only a push made in vain comes again, and then another sample
    tells more than the same picture."""


def greedy(root: Root, dynamics: Dynamics, budget: Budget, options: GreedyOptions) -> Tree:
    """Return the tree of the futures one subgoal ahead."""
    tree = plant(root.scene)
    return expand(tree, [tree.root], dynamics, budget.until())
