"""Video Language Planning as a peer to be measured against: its procedure, our models.

Du et al., Video Language Planning (2023). The language model proposes subgoals for the
picture in which a beam ends; the video generator imagines each of them, one clip a
call; the vision model reads off a clip's last frame how many steps are left. Each beam
goes on with its best clip, then the worst beam gives way to the best. The first
subgoal of the best beam is carried out towards where it was imagined to end, and all
begins anew from what is seen then.

Nothing of the rest is used: no simulator, gate, batch, manners, hints, history or
trust. The generator is told where a subgoal's referents stand, as for the planner, so
that what differs is the procedure. Goal, stop rules and decoder are the loop's own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mindseye.planner import events as ev
from mindseye.planner.candidates import Candidate, expand, imagining
from mindseye.planner.context import Context
from mindseye.planner.decide import Decision
from mindseye.planner.judge import Judgement
from mindseye.tools.errors import Unavailable
from mindseye.tools.goals import (
    AreaItem,
    Goal,
    GroupItem,
    Item,
    Layout,
    LineItem,
    item_progress,
    progress,
    shortfall,
)
from mindseye.tools.subgoals import MANNERS
from mindseye.tools.values import Clip, Frames, Outcome, Point, SceneGraph

# Scaled down: a plan of the paper takes about half an hour, one of these some seconds.
BEAMS = 2
"""Plans that are carried on side by side."""
LANGUAGE_BRANCHES = 4
"""Subgoals proposed where a plan ends."""
VIDEO_BRANCHES = 2
"""Clips imagined of each."""
HORIZON = 2
"""Subgoals in a plan."""

StepsLeft = tuple[int, float]
"""Conditions that do not hold, and metres by which the goal is missed; less is better."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Imagined subgoals one after another, and the picture in which they end."""

    scene: SceneGraph
    frame: Frames
    """`[H, W, 3] uint8`."""
    left: StepsLeft
    first: Judgement | None = None
    """The first subgoal; None while nothing was imagined."""


def steps_left(goal: Goal, layout: Layout, expected: Sequence[str]) -> StepsLeft:
    """Return how far a layout is from a goal.

    The paper trains a vision-language model to tell the number of steps; here it is the
    number of conditions that do not hold. "Everything in an area" is a condition for
    each object. An object that is gone is one condition more, and without it nothing can
    be said of all objects together.

    Args:
      goal: what is wanted.
      layout: object name -> place on the table, metres.
      expected: objects that were there.
    """
    gone = sum(name not in layout for name in expected)
    missed = sum(
        item_progress(c, layout) < 1.0 or (gone > 0 and isinstance(c, GroupItem | LineItem))
        for c in _conditions(goal, expected)
    )
    return missed + gone, shortfall(goal, layout)


def _conditions(goal: Goal, expected: Sequence[str]) -> list[Item]:
    found: list[Item] = []
    for item in goal.all_:
        if isinstance(item, AreaItem) and item.subject == "all":
            found += [AreaItem(subject=name, area=item.area) for name in expected]
        else:
            found.append(item)
    return found


def decide(context: Context, index: int, scene: SceneGraph, frame: Frames) -> Decision | None:
    """Return the decision number `index`, or None when nothing can be proposed.

    The context's budget of seconds and clips is asked before every call but the first.

    Raises:
      Unavailable: there is no video generator.
    """
    return _Search(context, index).decide(scene, frame)


class _Search:
    """The search of one decision."""

    def __init__(self, context: Context, index: int) -> None:
        self.context, self.index = context, index
        self.deadline = time.monotonic() + context.config.budget
        self.proposed = 0
        self.clips = 0

    def decide(self, scene: SceneGraph, frame: Frames) -> Decision | None:
        context, started = self.context, time.monotonic()
        left = steps_left(context.goal, scene.layout, context.expected)
        plans = [Plan(scene=scene, frame=frame, left=left)] * BEAMS
        for _ in range(HORIZON):
            plans = _replaced([self._carried_on(p) for p in plans])
        best = min(plans, key=_rank)
        context.recorder.emit(
            ev.Searched(
                decision=self.index, search="vlp", waves=self.clips, clips=self.clips,
                imagined=self.clips,
                stopped="the budget is spent" if self._spent() else "",
                seconds=time.monotonic() - started,
            )
        )  # fmt: skip
        if best.first is None:
            return None
        context.recorder.emit(
            ev.Chosen(
                decision=self.index, candidate=best.first.candidate.id, value=best.first.value,
                why=f"{best.left[0]} steps are left where its plan ends",
            )
        )  # fmt: skip
        return Decision(judgement=best.first, pictures={})

    def _carried_on(self, plan: Plan) -> Plan:
        """Return the plan with the subgoal after which the fewest steps are left."""
        if self._spent() or (plan.first and not plan.left[0]):
            return plan
        branches = []
        for candidate in self._propose(plan.scene):
            for _ in range(VIDEO_BRANCHES):
                if self._spent():
                    break
                branches.append(self._branch(plan, candidate))
        return min(branches, key=_rank, default=plan)

    def _spent(self) -> bool:
        most = self.context.config.clips
        over = most is not None and self.clips >= most
        return self.clips > 0 and (over or time.monotonic() >= self.deadline)

    def _propose(self, scene: SceneGraph) -> list[Candidate]:
        if not scene.objects:
            return []
        context, started = self.context, time.monotonic()
        found = context.mind.propose_each(context.goal, [(scene, ())], LANGUAGE_BRANCHES)[0]
        seconds = time.monotonic() - started
        context.spend("language", seconds)
        candidates = []
        for candidate in expand(found, scene, MANNERS[:1]):
            candidates.append(replace(candidate, id=f"c{self.proposed}"))
            self.proposed += 1
        told = (
            ev.Candidate(id=c.id, words=c.words, subgoal=c.subgoal, prior=c.prior)
            for c in candidates
        )
        context.recorder.emit(
            ev.Proposed(decision=self.index, candidates=tuple(told), seconds=seconds)
        )
        return candidates

    def _branch(self, plan: Plan, candidate: Candidate) -> Plan:
        """Return the plan with a subgoal imagined once more."""
        context = self.context
        clip = self._imagined(plan, candidate)
        outcome = self._read(clip, plan.scene)
        known = tuple(o for o in outcome.after.objects if o.name in context.expected)
        scene = replace(outcome.after, objects=known)
        left = steps_left(context.goal, scene.layout, context.expected)
        value = progress(context.goal, scene.layout, context.expected)
        context.recorder.emit(
            ev.Judged(
                decision=self.index, candidate=candidate.id, source="video", outcome=outcome,
                value=value, confidence=outcome.confidence, evidence=(len(clip.frames) - 1,),
                reason=f"{left[0]} steps left",
            )
        )  # fmt: skip
        first = plan.first or Judgement(
            candidate=candidate, value=value, confidence=outcome.confidence, tool="video",
            predicted=scene.layout, target=_imagined_end(candidate, scene),
        )  # fmt: skip
        return Plan(scene=scene, frame=clip.frames[-1], left=left, first=first)

    def _imagined(self, plan: Plan, candidate: Candidate) -> Clip:
        context = self.context
        if context.eye.video is None:
            raise Unavailable("video language planning needs a video generator: tools=video")
        started = time.monotonic()
        seed = context.config.seed + 1000 * self.index + self.clips
        request = imagining(candidate, plan.scene, plan.frame, seed=seed)
        clip = context.eye.video.imagine([request])[0][0]
        self.clips += 1
        seconds = time.monotonic() - started
        context.spend("video", seconds)
        context.recorder.emit(
            ev.Imagined(
                decision=self.index, candidate=candidate.id,
                clips=(context.recorder.media(clip),), ms=seconds * 1e3,
            )
        )  # fmt: skip
        return clip

    def _read(self, clip: Clip, before: SceneGraph) -> Outcome:
        """Return what the last frame of a clip shows."""
        started = time.monotonic()
        last = replace(clip, frames=clip.frames[-1:])
        outcome = self.context.eye.vision.outcome([last], before)[0]
        self.context.spend("vision", time.monotonic() - started)
        return outcome


def _rank(plan: Plan) -> tuple[bool, StepsLeft]:
    """Return what plans are sorted by, the best first; any is better than none."""
    return plan.first is None, plan.left


def _replaced(plans: Sequence[Plan]) -> list[Plan]:
    """Return the plans with the best in place of the worst."""
    found = list(plans)
    worst = max(range(len(found)), key=lambda k: _rank(found[k]))
    found[worst] = min(found, key=_rank)
    return found


def _imagined_end(candidate: Candidate, scene: SceneGraph) -> Point:
    """Return where a pushed object was imagined to end; where it was to go if it is not seen."""
    return scene.layout.get(candidate.push.subject, candidate.push.target)
