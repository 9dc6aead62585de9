"""What a search asks of its dynamics, how far it may go, and a wave of questions.

A search never knows who answers: the simulator, the video generator, both, or, in
an evaluation, the world itself. It asks in waves, and the dynamics answer a whole
wave with one call to each model.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mindseye.planner.candidates import Candidate
from mindseye.planner.judge import Judgement
from mindseye.planner.search.tree import Judged, Tree, with_judgements, with_proposals
from mindseye.tools.values import SceneGraph


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A scene about which something is asked."""

    scene: SceneGraph
    path: tuple[Judgement, ...] = ()
    """How it came about; empty for what is seen now."""
    candidates: tuple[Candidate, ...] = ()
    """What is to be pictured from there."""
    sketch: bool = False
    """A value will do: the cheapest tool, nothing drawn, nothing recorded."""


@dataclass(frozen=True, kw_only=True)
class Wave:
    """The answers to a wave of leaves, in their order."""

    judged: tuple[Mapping[str, Judged], ...]
    """Id of each candidate -> what it is worth, or why it was not pictured."""
    clips: int = 0
    """Simulated and imagined clips that were made for it."""


class Dynamics(Protocol):
    """Tells what could be done and what would come of it."""

    def propose(self, leaves: Sequence[Leaf]) -> list[tuple[Candidate, ...]]:
        """Return candidates with priors for each leaf, likeliest first, from one call."""
        ...

    def judge(self, leaves: Sequence[Leaf], until: float) -> Wave:
        """Picture and judge the candidates of all leaves, with one call to each tool.

        Args:
          leaves: with their candidates.
          until: when it should be over, on the clock of the budget; what would take
            longer is left out.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How far a search may go. It is asked before each wave but the first.

    So there always is an answer, and no search is over its budget by more than a wave.
    """

    deadline: float = math.inf
    """On `clock`, seconds."""
    clips: int | None = None
    """Simulated and imagined clips; None for no bound."""
    waves: int | None = None
    """For a run that is run again: exactly so many waves, whatever the clock says."""
    clock: Callable[[], float] = time.monotonic

    def stops(self, tree: Tree) -> str:
        """Return why there may be no further wave; empty when there may."""
        if self.waves is not None:
            return "as in the recorded run" if tree.waves >= self.waves else ""
        if self.clips is not None and tree.clips >= self.clips:
            return f"the budget of {self.clips} clips is spent"
        return "the time is up" if self.clock() >= self.deadline else ""

    def until(self, share: float = 1.0) -> float:
        """Return when a wave should be over that may take a share of the time left."""
        now = self.clock()
        return now + share * (self.deadline - now)


def propose(tree: Tree, keys: Sequence[str], dynamics: Dynamics) -> Tree:
    """Return the tree with proposals at some nodes that have none, from one call."""
    leaves = [Leaf(scene=tree[k].scene, path=tree[k].path) for k in keys]
    found = dynamics.propose(leaves) if leaves else []
    return with_proposals(tree, dict(zip(keys, found, strict=True)))


def picture(
    tree: Tree, asked: Mapping[str, Sequence[int]], dynamics: Dynamics, until: float
) -> Tree:
    """Return the tree with some branches pictured: one wave.

    Args:
      tree: holds them.
      asked: key of a node -> indices of its branches.
      dynamics: answers.
      until: see `Dynamics.judge`.
    """
    leaves = [
        Leaf(
            scene=tree[key].scene, path=tree[key].path, sketch=bool(tree[key].path),
            candidates=tuple(tree.branch(key, i).candidate for i in indices),
        )
        for key, indices in asked.items()
    ]  # fmt: skip
    wave = dynamics.judge(leaves, until)
    return with_judgements(tree, dict(zip(asked, wave.judged, strict=True)), wave.clips)


def expand(tree: Tree, keys: Sequence[str], dynamics: Dynamics, until: float) -> Tree:
    """Return the tree with all that is proposed at some nodes pictured: one wave."""
    tree = propose(tree, keys, dynamics)
    asked = {k: range(len(tree[k].branches or ())) for k in keys if tree[k].branches}
    return picture(tree, asked, dynamics, until) if asked else tree


def stopped(tree: Tree, reason: str) -> Tree:
    """Return the tree with the reason for which the search ended early."""
    return replace(tree, stopped=reason)
