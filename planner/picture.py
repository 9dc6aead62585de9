"""The mind's eye itself: pictures of many candidates, made by both tools at once.

All simulated candidates are one batch, all imagined ones another, whatever scenes
they start from; the two run at the same time, and vision reads all frames in one call.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from mindseye.planner.candidates import Candidate, imagining
from mindseye.planner.gate import Gating
from mindseye.planner.judge import Picture, soundness, success
from mindseye.planner.trust import Trust
from mindseye.tools.contracts import (
    ManyOutcomes,
    ManyScenes,
    PhysicsEngine,
    VideoGenerator,
    VisionModel,
)
from mindseye.tools.goals import Goal
from mindseye.tools.physics.sampling import misread
from mindseye.tools.values import (
    Clip,
    Frames,
    Outcome,
    Reward,
    Rollout,
    SceneGraph,
)
from mindseye.tools.vision.outcome import outcome_from_rollout

A = TypeVar("A")
R = TypeVar("R")
HORIZON = 12.0
"""Seconds after which a simulated push is cut."""

UNCHECKED = 0.9
"""What a simulated reward is worth that was not checked for misread places."""


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Seconds a round of pictures took, by stage, and how many pictures each tool made."""

    physics: float = 0.0
    video: float = 0.0
    vision: float = 0.0
    simulated: int = 0
    imagined: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A scene that candidates are pictured in."""

    scene: SceneGraph
    frame: Frames
    """`[H, W, 3] uint8`, what it was seen in."""
    gated: tuple[Gating, ...]
    """Candidates with their tools; their ids differ between all views."""
    drawn: bool = True
    """Whether people and vision look at the most promising simulations."""


@dataclass(frozen=True, kw_only=True)
class Eye:
    """The tools that picture, and how many clips to imagine of each candidate."""

    vision: VisionModel
    physics: PhysicsEngine | None = None
    video: VideoGenerator | None = None
    samples: int = 2
    shown: int = 3
    """Simulated candidates that are also drawn, and read off the drawing by vision."""
    doubts: int = 4
    """Further simulations of those, each from slightly other places: a plan that
    only works where vision was exactly right is worth less."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that are there."""
        pairs = (("physics", self.physics), ("video", self.video))
        return tuple(name for name, tool in pairs if tool is not None)

    def picture(
        self, views: Sequence[View], goal: Goal, seed: int
    ) -> tuple[list[list[Picture]], Timings]:
        """Picture the candidates of all views with the tools that the gate gave them.

        Args:
          views: scenes with their candidates.
          goal: what the outcomes are rewarded for.
          seed: seed of the imagined samples.
        """
        simulate = [(v, g.candidate) for v in views for g in v.gated if "physics" in g.tools]
        imagine = [(v, g.candidate) for v in views for g in v.gated if "video" in g.tools]
        with ThreadPoolExecutor(2) as pool:
            rollouts = pool.submit(self._simulate, simulate)
            clips = pool.submit(self._imagine, imagine, seed)
            (computed, physics_seconds), (pictured, video_seconds) = (
                rollouts.result(), clips.result(),
            )  # fmt: skip
        started = time.monotonic()
        pictures = {g.candidate.id: Picture(candidate=g.candidate) for v in views for g in v.gated}
        for (view, candidate), rollout in zip(simulate, computed, strict=True):
            pictures[candidate.id] = self._with_rollout(
                pictures[candidate.id], rollout, view.scene, goal
            )
        self._doubt(views, pictures, goal, seed)
        drawn = self._draw(views, [self._shortlist(view, pictures) for view in views])
        physics_seconds += time.monotonic() - started
        started = time.monotonic()
        shown = [(v.scene, c.id, clip) for (v, c), s in zip(imagine, pictured, strict=True)
                 for clip in s]  # fmt: skip
        self._read(pictures, [*shown, *drawn], goal)
        found = [[pictures[g.candidate.id] for g in view.gated] for view in views]
        return found, Timings(
            physics=physics_seconds, video=video_seconds, vision=time.monotonic() - started,
            simulated=len(simulate), imagined=len(imagine) * self.samples,
        )  # fmt: skip

    def _simulate(self, asked: Sequence[tuple[View, Candidate]]) -> tuple[list[Rollout], float]:
        started = time.monotonic()
        rollouts = self._rollouts([(v.scene, c) for v, c in asked])
        return rollouts, time.monotonic() - started

    def _rollouts(
        self, asked: Sequence[tuple[SceneGraph, Candidate]], render: bool = False
    ) -> list[Rollout]:
        """Simulate candidates, each from its scene, in one call where the engine can."""
        if self.physics is None or not asked:
            return []
        scenes, pushes = [s for s, _ in asked], [c.push for _, c in asked]
        if isinstance(self.physics, ManyScenes):
            return self.physics.simulate_each(scenes, pushes, HORIZON, render)
        physics = self.physics
        return _by_scene(
            scenes, pushes, lambda scene, some: physics.simulate(scene, some, HORIZON, render)
        )

    def _imagine(
        self, asked: Sequence[tuple[View, Candidate]], seed: int
    ) -> tuple[list[list[Clip]], float]:
        started = time.monotonic()
        if self.video is None or not asked:
            return [], 0.0
        requests = [
            imagining(c, view.scene, view.frame, samples=self.samples, seed=seed)
            for view, c in asked
        ]
        return self.video.imagine(requests), time.monotonic() - started

    def _with_rollout(
        self, picture: Picture, rollout: Rollout, scene: SceneGraph, goal: Goal
    ) -> Picture:
        outcome = outcome_from_rollout(rollout, scene)
        reward = self.vision.reward(outcome, goal)
        return replace(picture, rollout=rollout, computed=outcome, computed_reward=reward)

    def _shortlist(self, view: View, pictures: Mapping[str, Picture]) -> list[Picture]:
        """Return the most promising simulations: people and vision look at those."""
        return [p for _, p in _ranked(view, pictures)[: self.shown]]

    def _draw(
        self, views: Sequence[View], shortlists: Sequence[Sequence[Picture]]
    ) -> list[tuple[SceneGraph, str, Clip]]:
        """Render what is on the shortlists of those views that are to be drawn."""
        asked = [
            (view.scene, p.candidate)
            for view, shortlist in zip(views, shortlists, strict=True)
            for p in shortlist
            if view.drawn
        ]
        pairs = zip(asked, self._rollouts(asked, render=True), strict=True)
        return [(scene, c.id, r.clip) for (scene, c), r in pairs if r.clip is not None]

    def _doubt(
        self, views: Sequence[View], pictures: dict[str, Picture], goal: Goal, seed: int
    ) -> None:
        """Simulate the shortlists from places that vision may have misread, lower the rewards.

        So are then those that look better than what is left of these, until none does: a
        candidate should not be chosen because nobody doubted it.
        """
        if self.physics is None or not self.doubts:
            return
        ahead = [self._shortlist(view, pictures) for view in views]
        while any(ahead):
            self._check(views, ahead, pictures, goal, seed)
            ahead = [self._rivals(view, pictures) for view in views]
        for key, picture in pictures.items():
            if picture.computed_reward is not None and not picture.doubted:
                reward = _doubted(picture.computed_reward, [UNCHECKED * _unless_lost(picture)])
                pictures[key] = replace(picture, computed_reward=reward)

    def _rivals(self, view: View, pictures: Mapping[str, Picture]) -> list[Picture]:
        """Return the most promising simulations that look better than those that were doubted."""
        ranked = _ranked(view, pictures)
        best = max((promise for promise, p in ranked if p.doubted), default=math.inf)
        ahead = [p for promise, p in ranked if not p.doubted and UNCHECKED * promise > best]
        return ahead[: self.shown]

    def _check(
        self,
        views: Sequence[View],
        shortlists: Sequence[Sequence[Picture]],
        pictures: dict[str, Picture],
        goal: Goal,
        seed: int,
    ) -> None:
        """Simulate these again, from other places, and lower their rewards."""
        asked: list[tuple[SceneGraph, Candidate]] = []
        for view, shortlist in zip(views, shortlists, strict=True):
            rng = np.random.default_rng(seed)
            for _ in range(self.doubts if shortlist else 0):
                other = misread(view.scene, rng)
                asked += [(other, p.candidate) for p in shortlist]
        outcomes: dict[str, list[Outcome]] = {p.candidate.id: [] for s in shortlists for p in s}
        values = {key: [_unless_lost(pictures[key])] for key in outcomes}
        for (other, candidate), rollout in zip(asked, self._rollouts(asked), strict=True):
            outcome = outcome_from_rollout(rollout, other)
            outcomes[candidate.id].append(outcome)
            # What falls is gone for good: no later push makes up for it.
            value = 0.0 if outcome.fell else self.vision.reward(outcome, goal).value
            values[candidate.id].append(value)
        for key, found in outcomes.items():
            reward = pictures[key].computed_reward
            if reward is not None:
                pictures[key] = replace(
                    pictures[key], computed_reward=_doubted(reward, values[key]),
                    doubted=tuple(found),
                )  # fmt: skip

    def _read(
        self,
        pictures: dict[str, Picture],
        shown: Sequence[tuple[SceneGraph, str, Clip]],
        goal: Goal,
    ) -> None:
        """Let vision read all clips in one call and attach what it saw."""
        if not shown:
            return
        scenes, clips = [scene for scene, _, _ in shown], [clip for _, _, clip in shown]
        if isinstance(self.vision, ManyOutcomes):
            outcomes = self.vision.outcome_each(clips, scenes)
        else:
            outcomes = _by_scene(scenes, clips, lambda s, some: self.vision.outcome(some, s))
        for (_, key, clip), outcome in zip(shown, outcomes, strict=True):
            picture, reward = pictures[key], self.vision.reward(outcome, goal)
            if clip.provenance.source == "physics":
                rollout = picture.rollout and replace(picture.rollout, clip=clip)
                pictures[key] = replace(
                    picture, rollout=rollout, watched=outcome, watched_reward=reward
                )
            else:
                pictures[key] = replace(
                    picture,
                    clips=(*picture.clips, clip),
                    imagined=(*picture.imagined, outcome),
                    imagined_rewards=(*picture.imagined_rewards, reward),
                )


def _by_scene(
    scenes: Sequence[SceneGraph],
    asked: Sequence[A],
    answer: Callable[[SceneGraph, list[A]], Sequence[R]],
) -> list[R]:
    """Answer with one call for each different scene; the answers are in the order of `asked`."""
    rows: dict[SceneGraph, list[int]] = {}
    for i, scene in enumerate(scenes):
        rows.setdefault(scene, []).append(i)
    found: dict[int, R] = {}
    for scene, mine in rows.items():
        found |= dict(zip(mine, answer(scene, [asked[i] for i in mine]), strict=True))
    return [found[i] for i in range(len(scenes))]


def _computed_value(picture: Picture) -> float:
    return picture.computed_reward.value if picture.computed_reward else 0.0


def _unless_lost(picture: Picture) -> float:
    """Return the value of a single simulation; what falls in it is gone for good."""
    return 0.0 if picture.computed and picture.computed.fell else _computed_value(picture)


def _ranked(view: View, pictures: Mapping[str, Picture]) -> list[tuple[float, Picture]]:
    """Return a view's simulations with what the judge will make of each, the best first."""
    mine = (pictures[g.candidate.id] for g in view.gated)
    found = [
        (_computed_value(p) * soundness(p, success(p, Trust())), p)
        for p in mine
        if p.computed_reward is not None
    ]
    return sorted(found, key=lambda pair: pair[0], reverse=True)


def _doubted(reward: Reward, values: Sequence[float]) -> Reward:
    """Return the reward with the mean of its repetitions, less half their spread."""
    value = statistics.fmean(values) - 0.5 * statistics.pstdev(values)
    return replace(reward, value=max(0.0, value))
