"""Candidates: what the language model proposed, with the ways in which it can be done."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.tools.goals import Layout, satisfied
from mindseye.tools.physics.scene import PUSHER_UP
from mindseye.tools.physics.skills import push_for
from mindseye.tools.subgoals import Manner, Subgoal, nominal_target
from mindseye.tools.values import Frames, ImagineRequest, Push, SceneGraph
from mindseye.tools.video.captions import tried

LEAST_PUSH = 0.015
"""A shorter push is not worth an action, metres."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A subgoal and how much the language model favours it."""

    subgoal: Subgoal
    prior: float
    """In [0, 1]; the priors of a decision sum to 1."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One thing that could be done next."""

    id: str
    subgoal: Subgoal
    prior: float
    push: Push
    note: str = ""
    """How the push differs from the one that geometry alone would make; empty when it does not."""

    @property
    def words(self) -> str:
        """Return the sentence that is pictured."""
        return self.subgoal.words()


def imagining(
    candidate: Candidate, scene: SceneGraph, frame: Frames, *, samples: int = 1, seed: int = 0
) -> ImagineRequest:
    """Return what a video generator is asked of a candidate: an honest picture of trying it.

    Args:
      candidate: whose objects are in the scene.
      scene: what is seen; it grounds the words.
      frame: `[H, W, 3] uint8`, what it is seen in.
      samples: clips.
      seed: of the clips.
    """
    layout, subgoal = scene.layout, candidate.subgoal
    return ImagineRequest(
        frame=frame, text=tried(candidate.words), subject=layout[subgoal.move],
        object=layout.get(subgoal.object or ""), target=candidate.push.target, samples=samples,
        seed=seed, pusher=None if scene.pusher is None else (*scene.pusher, PUSHER_UP),
    )  # fmt: skip


def worthwhile(proposals: Sequence[Proposal], layout: Layout, k: int) -> list[Proposal]:
    """Return the `k` likeliest proposals that would change something.

    A push towards what already holds, or over a few millimetres, looks good in
    every picture, since nothing goes wrong in it, and brings nothing. When all
    proposals are such, all are kept.
    """
    found = [p for p in proposals if _changes(p.subgoal, layout)]
    return list(found or proposals)[:k]


def _changes(subgoal: Subgoal, layout: Layout) -> bool:
    if not subgoal.names <= set(layout):
        return False
    way = math.dist(layout[subgoal.move], nominal_target(subgoal, layout))
    return way > LEAST_PUSH and not satisfied(subgoal.goal(), layout)


def expand(
    proposals: Sequence[Proposal], scene: SceneGraph, manners: Sequence[Manner]
) -> list[Candidate]:
    """Return every proposal in every manner that makes sense in the scene.

    A way `around` exists only where something stands in the way. Proposals
    about objects that are not in view are dropped: they cannot be pictured.
    """
    layout = scene.layout
    found: list[Candidate] = []
    for proposal in proposals:
        subgoal = proposal.subgoal
        if not subgoal.names <= set(layout):
            continue
        target = nominal_target(subgoal, layout)
        for manner in manners:
            way = subgoal.model_copy(update={"manner": manner})
            push = push_for(way, target, layout)
            if push is not None:
                found.append(
                    Candidate(id=f"c{len(found)}", subgoal=way, prior=proposal.prior, push=push)
                )
    return found
