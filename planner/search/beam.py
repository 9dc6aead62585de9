"""Carries the best few pictured futures on, level by level (Lowerre, 1976)."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from mindseye.planner.search.interface import Budget, Dynamics, expand, stopped
from mindseye.planner.search.tree import Root, Tree, plant, ranked, with_pruned


@dataclass(frozen=True, kw_only=True)
class BeamOptions:
    """Options of `beam`."""

    width: Annotated[int, Field(ge=1, le=64)] = 2
    """Scenes that are carried on at each level."""
    cache: Annotated[int, Field(ge=0, le=100_000)] = 256
    """Pictures that are kept from decision to decision."""


def beam(root: Root, dynamics: Dynamics, budget: Budget, options: BeamOptions) -> Tree:
    """Return the tree of futures up to `root.horizon` subgoals ahead.

    A wave is one level. Branches of equal scenes are carried on as one.
    """
    tree = plant(root.scene)
    tree = expand(tree, [tree.root], dynamics, budget.until(0.5))
    level = [tree.root]
    for _ in range(1, root.horizon):
        tree, level = _carried_on(tree, level, options.width)
        if not level:
            break
        if reason := budget.stops(tree):
            return stopped(tree, reason)
        tree = expand(tree, level, dynamics, budget.until(0.5))
    return tree


def _carried_on(tree: Tree, level: list[str], width: int) -> tuple[Tree, list[str]]:
    """Return the scenes of the next level, and the tree with what is left behind marked."""
    kept: list[str] = []
    left: dict[tuple[str, int], str] = {}
    for step in ranked(tree, level):
        child = tree.branch(*step).child
        if child not in kept and len(kept) == width:
            left[step] = f"outside a beam of {width}"
        elif child not in kept:
            kept.append(child)
    # What is closed takes its place in the beam all the same: it is among the best.
    closed = {
        b.child for key in level for b in tree[key].branches or () if b.pruned and b.child in kept
    }
    tree = with_pruned(tree, left)
    return tree, [k for k in kept if k not in closed and tree[k].branches is None]
