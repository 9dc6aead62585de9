"""Pictures by a scripted simulator: what only works where vision was exactly right is found out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from mindseye.planner.candidates import Candidate
from mindseye.planner.gate import Gating
from mindseye.planner.judge import Picture
from mindseye.planner.picture import UNCHECKED, Eye, View
from mindseye.tools.goals import Goal
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import (
    Clip,
    Event,
    Frames,
    Outcome,
    Point,
    Push,
    Reward,
    Rollout,
    SceneGraph,
    scene_of,
)

SCENE = scene_of({"red ball": (-0.1, 0.0)})
FRAME = np.zeros((64, 64, 3), np.uint8)
GOAL = Goal.model_validate({"all": [{"relation": "in_area", "subject": "red ball", "area": "top"}]})


@dataclass
class Ice:
    """Brings the ball where it is pushed; some targets only from exactly where it was seen."""

    slippery: Sequence[Point]
    asked: list[Point] = field(default_factory=list)
    """Targets of the simulations from other places."""

    def simulate(
        self, scene: SceneGraph, pushes: Sequence[Push], horizon: float, render: bool = False
    ) -> list[Rollout]:
        return [self._one(scene, push, render) for push in pushes]

    def _one(self, scene: SceneGraph, push: Push, render: bool) -> Rollout:
        doubted = scene.layout != SCENE.layout
        if doubted:
            self.asked.append(push.target)
        falls = doubted and push.target in self.slippery
        return Rollout(
            names=("red ball",), positions=np.array([[[*push.target, 0.0]]]),
            pusher=np.zeros((1, 3)), dt=0.1,
            events=(Event(kind="fell", time=0.0, subject="red ball"),) if falls else (),
        )  # fmt: skip


class Vision:
    """Rewards how far to the right the ball is."""

    def look(self, frames: Sequence[Frames]) -> list[SceneGraph]:
        return [SCENE] * len(frames)

    def outcome(self, clips: Sequence[Clip], before: SceneGraph) -> list[Outcome]:
        return []

    def reward(self, outcome: Outcome, goal: Goal) -> Reward:
        place = outcome.after.layout.get("red ball", (0.6, 0.0))
        return Reward(value=place[0] + 0.5, confidence=1.0)


def pictured(slippery: Sequence[Point], targets: Sequence[Point]) -> tuple[Ice, list[Picture]]:
    """Return the simulator and the pictures of pushes to targets, two of which are shown."""
    ice = Ice(slippery)
    subgoal = Subgoal(move="red ball", relation="in_area", area="top")
    gated = tuple(
        Gating(
            candidate=Candidate(
                id=f"c{i}", subgoal=subgoal, prior=0.5, push=Push(subject="red ball", target=t)
            ),
            tools=("physics",), reason="",
        )
        for i, t in enumerate(targets)
    )  # fmt: skip
    view = View(scene=SCENE, frame=FRAME, gated=gated, drawn=False)
    (found,), _ = Eye(vision=Vision(), physics=ice, shown=2).picture([view], GOAL, seed=0)
    return ice, found


def value(picture: Picture) -> float:
    assert picture.computed_reward is not None
    return picture.computed_reward.value


def test_what_falls_from_nearby_is_worth_nothing_there_and_the_next_best_is_doubted_too() -> None:
    targets = [(0.25, 0.0), (0.24, 0.0), (0.2, 0.0), (0.1, 0.0), (0.0, 0.0)]
    ice, found = pictured(targets[:3], targets)
    # One in five simulations is left, and half the spread is taken off that.
    assert value(found[0]) == pytest.approx(0.75 / 5 - 0.5 * 0.3, abs=1e-6)
    assert {*ice.asked} == {*targets[:4]}, "two, then two that looked better than those"
    assert [bool(p.doubted) for p in found] == [True] * 4 + [False]
    assert max(found, key=value) is found[3]
    assert value(found[3]) == pytest.approx(0.6)
    assert value(found[4]) == pytest.approx(UNCHECKED * 0.5)


def test_nothing_more_is_simulated_where_what_was_doubted_stays_best() -> None:
    targets = [(0.25, 0.0), (0.24, 0.0), (0.2, 0.0)]
    ice, found = pictured([], targets)
    assert {*ice.asked} == {*targets[:2]}
    assert max(found, key=value) is found[0]
