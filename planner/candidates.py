"""Candidates: what the language model proposed, with the ways in which it can be done."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.planner.language.oracle import score, subgoals
from mindseye.planner.perception import clearly_satisfied
from mindseye.tools.goals import AreaItem, Goal, Layout, area_centre
from mindseye.tools.physics.scene import PUSHER_UP
from mindseye.tools.physics.skills import push_for
from mindseye.tools.physics.ways import is_free
from mindseye.tools.subgoals import ROOM, Manner, Subgoal, nominal_target, roomy_target
from mindseye.tools.values import Frames, ImagineRequest, Point, Push, SceneGraph
from mindseye.tools.video.captions import tried

DEEP, DEEPEST = 0.05, 0.22
"""How far from the middle of an area, and of the table, things are put, metres, where all are to
come into one area."""
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


def filled(proposals: Sequence[Proposal], goal: Goal, layout: Layout, k: int) -> list[Proposal]:
    """Return proposals with what geometry alone would try next: up to `k` in all, one at least.

    A language model may name only pushes that cannot be done, or all but the one that would do.
    What is added has half the prior of the least likely proposal.
    """
    known = {p.subgoal for p in proposals}
    ranked = [
        (gain, subgoal)
        for subgoal in subgoals(goal, list(layout))
        if subgoal not in known and _changes(subgoal, layout)
        and (gain := score(goal, layout, subgoal)) > 0.0
    ]  # fmt: skip
    ranked.sort(key=lambda pair: -pair[0])
    prior = 0.5 * min((p.prior for p in proposals), default=1.0)
    more = [Proposal(subgoal=s, prior=prior) for _, s in ranked[: max(1, k - len(proposals))]]
    return [*proposals, *more]


def _changes(subgoal: Subgoal, layout: Layout) -> bool:
    if not subgoal.names <= set(layout):
        return False
    way = math.dist(layout[subgoal.move], nominal_target(subgoal, layout))
    return way > LEAST_PUSH and not clearly_satisfied(subgoal.goal(), dict(layout), ())


def _target(subgoal: Subgoal, layout: Layout, goal: Goal | None) -> Point:
    """Return where a subgoal's object is to be pushed, metres.

    Where everything is to come into one area, what comes first goes deep into it, as far from
    where it stands as it can be pushed straight, so that it bars no other; but for balls, which
    are put no nearer to the rim than they must.
    """
    everything = AreaItem(subject="all", area=subgoal.area) if subgoal.area else None
    if goal is None or everything not in goal.all_ or subgoal.move.endswith("ball"):
        return roomy_target(subgoal, layout)
    start, (cx, cy) = layout[subgoal.move], area_centre(str(subgoal.area))
    others = [p for n, p in layout.items() if n != subgoal.move]
    places = [
        (x, y)
        for x in _inside(cx) for y in _inside(cy)
        if all(math.dist((x, y), p) > ROOM[1] for p in others)
    ]  # fmt: skip
    free = [p for p in places if is_free(start, p, others)]
    return max(free, key=lambda p: math.dist(p, start)) if free else roomy_target(subgoal, layout)


def _inside(centre: float) -> list[float]:
    """Return places along one side of an area, metres, none at the table's rim."""
    return [max(-DEEPEST, min(DEEPEST, centre + d)) for d in (-DEEP, 0.0, DEEP)]


def expand(
    proposals: Sequence[Proposal], scene: SceneGraph, manners: Sequence[Manner],
    goal: Goal | None = None,
) -> list[Candidate]:  # fmt: skip
    """Return every proposal in every manner that makes sense in the scene.

    A way `around` exists only where something stands in the way. Proposals
    about objects that are not in view are dropped: they cannot be pictured.

    Args:
      proposals: subgoals with their priors.
      scene: what is seen.
      manners: ways of pushing that are thought of.
      goal: what it is for, if that is known.
    """
    layout = scene.layout
    found: list[Candidate] = []
    for proposal in proposals:
        subgoal = proposal.subgoal
        if not subgoal.names <= set(layout):
            continue
        target = _target(subgoal, layout, goal)
        for manner in manners:
            way = subgoal.model_copy(update={"manner": manner})
            push = push_for(way, target, layout)
            if push is not None:
                found.append(
                    Candidate(id=f"c{len(found)}", subgoal=way, prior=proposal.prior, push=push)
                )
    return found
