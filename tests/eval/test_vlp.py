"""Video Language Planning as the paper has it, with models that are written down and count."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest

from mindseye.eval import vlp
from mindseye.planner.candidates import Proposal
from mindseye.planner.config import Config, merge
from mindseye.planner.context import Context, Mind
from mindseye.planner.picture import Eye
from mindseye.planner.record import NullRecorder
from mindseye.tools.goals import Goal
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import (
    Clip,
    Frames,
    ImagineRequest,
    Outcome,
    Point,
    Provenance,
    Reward,
    SceneGraph,
    scene_of,
)

START = {"red cube": (0.2, 0.2), "blue ball": (0.0, 0.0), "green star": (-0.2, 0.2)}
SUBGOALS = (
    Subgoal(move="red cube", relation="left_of", object="blue ball"),
    Subgoal(move="green star", relation="right_of", object="blue ball"),
    Subgoal(move="blue ball", relation="in_area", area="top"),
    Subgoal(move="red cube", relation="near", object="green star"),
    Subgoal(move="green star", relation="in_area", area="left"),
)
RED = {"relation": "left_of", "subject": "red cube", "object": "blue ball"}
STAR = {"relation": "right_of", "subject": "green star", "object": "blue ball"}


def drawn(layout: dict[str, Point]) -> Frames:
    """Return a frame that holds the places: a pixel for each object, in centimetres."""
    frame = np.zeros((8, 8, 3), dtype=np.uint8)
    for k, name in enumerate(START):
        if name in layout:
            x, y = layout[name]
            frame[0, k] = (round(100 * x) + 100, round(100 * y) + 100, 1)
    return frame


def read(frame: Frames) -> dict[str, Point]:
    return {
        name: ((int(frame[0, k, 0]) - 100) / 100, (int(frame[0, k, 1]) - 100) / 100)
        for k, name in enumerate(START)
        if frame[0, k, 2]
    }


@dataclass
class Words:
    """Proposes the same at any time."""

    asked: list[SceneGraph] = field(default_factory=list)

    def propose_each(self, goal: Goal, asked: Any, k: int) -> list[list[Proposal]]:
        ((scene, history),) = asked
        assert not history
        self.asked.append(scene)
        return [[Proposal(subgoal=s, prior=1 / k) for s in SUBGOALS[:k]]]


@dataclass
class Pictures:
    """Moves the subject as far towards the target as the turn of the call says."""

    shares: dict[str, tuple[float, ...]] = field(default_factory=dict)
    gone: str = ""
    """What vanishes from every clip that pushes it."""
    requests: list[ImagineRequest] = field(default_factory=list)

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        (request,) = requests
        assert request.samples == 1
        self.requests.append(request)
        assert request.subject is not None
        assert request.target is not None
        layout, start = read(request.frames[0]), request.subject
        name = min(layout, key=lambda n: math.dist(layout[n], start))
        turns = self.shares.get(name, (1.0,))
        share = turns[len(self.requests) % len(turns)]
        x, y = (a + share * (b - a) for a, b in zip(start, request.target, strict=True))
        end = {**layout, name: (x, y)}
        if name == self.gone:
            del end[name]
        made = Provenance(source="video", model="drawn", seed=request.seed)
        frames = np.stack([request.frames[0], drawn({}), drawn(end)])
        return [[Clip(frames=frames, dt=0.25, provenance=made)]]


class Reading:
    """Reads places off the last frame: it is given no other."""

    def look(self, frames: Sequence[Frames]) -> list[SceneGraph]:
        return [scene_of(read(frame)) for frame in frames]

    def outcome(self, clips: Sequence[Clip], before: SceneGraph) -> list[Outcome]:
        (clip,) = clips
        (frame,) = clip.frames
        return [Outcome(before=before, after=scene_of(read(frame)), moved={})]

    def reward(self, outcome: Outcome, goal: Goal) -> Reward:
        raise AssertionError("the procedure scores by steps left")


def context(items: list[Any], video: Pictures | None, **settings: Any) -> tuple[Context, list[Any]]:
    events: list[Any] = []
    config = merge(Config(), {"tools": "video", "budget": 600.0} | settings)
    made = Context(
        config=config, mind=cast(Mind, Words()), eye=Eye(vision=Reading(), video=video),
        recorder=NullRecorder(events.append), goal=Goal.model_validate({"all": items}),
        expected=tuple(START),
    )  # fmt: skip
    return made, events


def test_one_clip_a_call_and_the_nearest_imagined_end_is_gone_for() -> None:
    # The likeliest push gets nowhere; every other clip of the second arrives.
    video = Pictures(shares={"red cube": (0.1,), "green star": (0.5, 0.9)})
    run, events = context([RED, STAR], video)
    decision = vlp.decide(run, 3, scene_of(START), drawn(START))
    clips = vlp.BEAMS * vlp.LANGUAGE_BRANCHES * vlp.VIDEO_BRANCHES * vlp.HORIZON
    assert len(video.requests) == clips
    assert len({r.seed for r in video.requests}) == clips
    assert len(cast(Words, run.mind).asked) == vlp.BEAMS * vlp.HORIZON
    assert decision is not None
    judgement = decision.judgement
    assert judgement.candidate.subgoal == SUBGOALS[1]
    # It goes where the star was imagined, which is not where geometry would put it.
    start, nominal = START["green star"], judgement.candidate.push.target
    wanted = tuple(a + 0.9 * (b - a) for a, b in zip(start, nominal, strict=True))
    assert judgement.target == pytest.approx(wanted, abs=0.006)
    # The second half begins where the best clips of the first ended.
    later = {r.frames[0].tobytes() for r in video.requests[clips // 2 :]}
    assert later == {drawn({**START, "green star": judgement.target}).tobytes()}
    (searched,) = (e for e in events if e.kind == "searched")
    assert (searched.search, searched.clips, searched.stopped) == ("vlp", clips, "")
    assert not decision.pictures


def test_a_plan_that_reaches_the_goal_is_finished() -> None:
    video = Pictures()
    run, _ = context([RED], video)
    decision = vlp.decide(run, 0, scene_of(START), drawn(START))
    assert decision is not None
    assert decision.judgement.candidate.subgoal == SUBGOALS[0]
    assert len(video.requests) == vlp.BEAMS * vlp.LANGUAGE_BRANCHES * vlp.VIDEO_BRANCHES


@pytest.mark.parametrize("clips", [1, 3])
def test_the_budget_of_clips_is_kept_and_there_is_an_answer(clips: int) -> None:
    # What is imagined in time is worse than what is there, and done all the same.
    video = Pictures(gone="red cube")
    run, events = context([RED, STAR], video, clips=clips)
    assert vlp.decide(run, 0, scene_of(START), drawn(START)) is not None
    assert len(video.requests) == clips
    assert next(e for e in events if e.kind == "searched").stopped == "the budget is spent"


def test_what_vanishes_is_no_step_towards_the_goal() -> None:
    video = Pictures(gone="red cube")
    run, _ = context([{"relation": "in_line", "subject": "all"}], video)
    decision = vlp.decide(run, 0, scene_of(START), drawn(START))
    # Two things are always in line, but then one is missing.
    assert decision is not None
    assert decision.judgement.candidate.subgoal.move != "red cube"


def test_all_in_an_area_is_a_step_for_each() -> None:
    goal = Goal.model_validate({"all": [{"relation": "in_area", "subject": "all", "area": "top"}]})
    assert vlp.steps_left(goal, START, tuple(START))[0] == 3
    assert vlp.steps_left(goal, {**START, "blue ball": (0.0, 0.2)}, tuple(START))[0] == 2
    gathered = {"red cube": (0.05, 0.2), "blue ball": (-0.05, 0.2), "green star": (0.0, 0.15)}
    assert vlp.steps_left(goal, gathered, tuple(START)) == (0, 0.0)
