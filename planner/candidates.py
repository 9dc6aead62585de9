"""Candidates: what the language model proposed, with the ways in which it can be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.tools.physics.skills import detour
from mindseye.tools.subgoals import Manner, Subgoal, nominal_target
from mindseye.tools.values import Point, Push, SceneGraph

SPEED: dict[Manner, float] = {"straight": 0.2, "slow": 0.08, "around": 0.12}
"""Pusher speed by manner, metres a second."""


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
            push = push_for(subgoal, manner, target, scene)
            if push is None:
                continue
            found.append(
                Candidate(
                    id=f"c{len(found)}",
                    subgoal=subgoal.model_copy(update={"manner": manner}),
                    prior=proposal.prior,
                    push=push,
                )
            )
    return found


def push_for(subgoal: Subgoal, manner: Manner, target: Point, scene: SceneGraph) -> Push | None:
    """Return the push that carries a subgoal out, or None if that manner does not apply."""
    layout = scene.layout
    via: tuple[Point, ...] = ()
    if manner == "around":
        others = [p for n, p in layout.items() if n != subgoal.move]
        via = detour(layout[subgoal.move], target, others)
        if not via:
            return None
    return Push(subject=subgoal.move, target=target, speed=SPEED[manner], via=via)
