"""Candidates: what the language model proposed, with the ways in which it can be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.tools.physics.skills import push_for
from mindseye.tools.subgoals import Manner, Subgoal, nominal_target
from mindseye.tools.values import Push, SceneGraph


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

    @property
    def words(self) -> str:
        """Return the sentence that is pictured."""
        return self.subgoal.words()


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
        if subgoal.move not in layout or (subgoal.object or subgoal.move) not in layout:
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
