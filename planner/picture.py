"""The mind's eye itself: pictures of many candidates, made by both tools at once.

All simulated candidates are one batch, all imagined ones another, the two run at
the same time, and vision reads all frames in one call.
"""

import statistics
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from mindseye.planner.candidates import Candidate
from mindseye.planner.gate import Gating
from mindseye.planner.judge import Picture
from mindseye.tools.contracts import PhysicsEngine, VideoGenerator, VisionModel
from mindseye.tools.goals import Goal
from mindseye.tools.values import Clip, Frames, ImagineRequest, Reward, Rollout, SceneGraph
from mindseye.tools.vision.outcome import outcome_from_rollout

HORIZON = 12.0
"""Seconds after which a simulated push is cut."""

UNCHECKED = 0.9
"""What a simulated reward is worth that was not checked for misread places."""
PLACE_ERROR = 0.005
"""Standard deviation of a place that vision reads, metres."""


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Seconds a round of pictures took, by stage, and how many pictures each tool made."""

    physics: float = 0.0
    video: float = 0.0
    vision: float = 0.0
    simulated: int = 0
    imagined: int = 0


@dataclass(frozen=True, kw_only=True)
class Eye:
    """The tools that picture, and how many clips to imagine of each candidate."""

    vision: VisionModel
    physics: PhysicsEngine | None = None
    video: VideoGenerator | None = None
    samples: int = 2
    shown: int = 3
    """Simulated candidates that are also drawn, and read off the drawing by vision."""
    doubts: int = 2
    """Further simulations of those, each from slightly other places: a plan that
    only works where vision was exactly right is worth less."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that are there."""
        pairs = (("physics", self.physics), ("video", self.video))
        return tuple(name for name, tool in pairs if tool is not None)

    def picture(
        self, scene: SceneGraph, frame: Frames, goal: Goal, gated: Sequence[Gating], seed: int
    ) -> tuple[list[Picture], Timings]:
        """Picture every candidate with the tools that the gate gave it.

        Args:
          scene: what was seen.
          frame: `[H, W, 3] uint8`, what it was seen in.
          goal: what the outcomes are rewarded for.
          gated: candidates with their tools.
          seed: seed of the imagined samples.
        """
        simulate = [g.candidate for g in gated if "physics" in g.tools]
        imagine = [g.candidate for g in gated if "video" in g.tools]
        with ThreadPoolExecutor(2) as pool:
            rollouts = pool.submit(self._simulate, scene, simulate)
            clips = pool.submit(self._imagine, scene, frame, imagine, seed)
            (computed, physics_seconds), (pictured, video_seconds) = (
                rollouts.result(), clips.result(),
            )  # fmt: skip
        started = time.monotonic()
        pictures = {g.candidate.id: Picture(candidate=g.candidate) for g in gated}
        for candidate, rollout in zip(simulate, computed, strict=True):
            pictures[candidate.id] = self._with_rollout(
                pictures[candidate.id], rollout, scene, goal
            )
        shortlist = self._shortlist(pictures.values())
        drawn = self._draw(scene, shortlist)
        pictures |= self._doubt(scene, goal, list(pictures.values()), shortlist, seed)
        physics_seconds += time.monotonic() - started
        started = time.monotonic()
        self._read(pictures, scene, goal, dict(zip((c.id for c in imagine), pictured, strict=True)),
                   drawn)  # fmt: skip
        return list(pictures.values()), Timings(
            physics=physics_seconds, video=video_seconds, vision=time.monotonic() - started,
            simulated=len(simulate), imagined=len(imagine) * self.samples,
        )  # fmt: skip

    def _simulate(
        self, scene: SceneGraph, candidates: Sequence[Candidate]
    ) -> tuple[list[Rollout], float]:
        started = time.monotonic()
        if self.physics is None or not candidates:
            return [], 0.0
        rollouts = self.physics.simulate(scene, [c.push for c in candidates], HORIZON)
        return rollouts, time.monotonic() - started

    def _imagine(
        self, scene: SceneGraph, frame: Frames, candidates: Sequence[Candidate], seed: int
    ) -> tuple[list[list[Clip]], float]:
        started = time.monotonic()
        if self.video is None or not candidates:
            return [], 0.0
        layout = scene.layout
        requests = [
            ImagineRequest(
                frame=frame, text=c.words, subject=layout[c.subgoal.move],
                object=layout.get(c.subgoal.object or ""), target=c.push.target,
                samples=self.samples, seed=seed,
            )
            for c in candidates
        ]  # fmt: skip
        return self.video.imagine(requests), time.monotonic() - started

    def _with_rollout(
        self, picture: Picture, rollout: Rollout, scene: SceneGraph, goal: Goal
    ) -> Picture:
        outcome = outcome_from_rollout(rollout, scene)
        reward = self.vision.reward(outcome, goal)
        return replace(picture, rollout=rollout, computed=outcome, computed_reward=reward)

    def _shortlist(self, pictures: Iterable[Picture]) -> list[Picture]:
        """Return the most promising simulations: people and vision look at those."""
        found = [p for p in pictures if p.computed_reward is not None]
        return sorted(found, key=_computed_value, reverse=True)[: self.shown]

    def _draw(self, scene: SceneGraph, shortlist: Sequence[Picture]) -> dict[str, Clip]:
        """Render the shortlist."""
        if self.physics is None or not shortlist:
            return {}
        pushes = [p.candidate.push for p in shortlist]
        rollouts = self.physics.simulate(scene, pushes, HORIZON, render=True)
        pairs = zip(shortlist, rollouts, strict=True)
        return {p.candidate.id: r.clip for p, r in pairs if r.clip is not None}

    def _doubt(
        self,
        scene: SceneGraph,
        goal: Goal,
        pictures: Sequence[Picture],
        shortlist: Sequence[Picture],
        seed: int,
    ) -> dict[str, Picture]:
        """Simulate the shortlist from places that vision may have misread."""
        if self.physics is None or not shortlist or not self.doubts:
            return {}
        rng = np.random.default_rng(seed)
        pushes = [p.candidate.push for p in shortlist]
        values = [[_computed_value(p)] for p in shortlist]
        for _ in range(self.doubts):
            other = misread(scene, rng)
            for column, rollout in zip(
                values, self.physics.simulate(other, pushes, HORIZON), strict=True
            ):
                outcome = outcome_from_rollout(rollout, other)
                column.append(self.vision.reward(outcome, goal).value)
        checked = {p.candidate.id: v for p, v in zip(shortlist, values, strict=True)}
        return {
            p.candidate.id: replace(
                p,
                computed_reward=_doubted(
                    p.computed_reward, checked.get(p.candidate.id, [_computed_value(p) * UNCHECKED])
                ),
            )
            for p in pictures
            if p.computed_reward is not None
        }

    def _read(
        self,
        pictures: dict[str, Picture],
        scene: SceneGraph,
        goal: Goal,
        imagined: dict[str, list[Clip]],
        drawn: dict[str, Clip],
    ) -> None:
        """Let vision read all clips in one call and attach what it saw."""
        jobs = [(k, clip) for k, clips in imagined.items() for clip in clips]
        jobs += list(drawn.items())
        if not jobs:
            return
        outcomes = self.vision.outcome([clip for _, clip in jobs], scene)
        for (key, clip), outcome in zip(jobs, outcomes, strict=True):
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


def _computed_value(picture: Picture) -> float:
    return picture.computed_reward.value if picture.computed_reward else 0.0


def _doubted(reward: Reward, values: Sequence[float]) -> Reward:
    """Return the reward with the mean of its repetitions, less half their spread."""
    value = statistics.fmean(values) - 0.5 * statistics.pstdev(values)
    return replace(reward, value=max(0.0, value))


def misread(scene: SceneGraph, rng: np.random.Generator) -> SceneGraph:
    """Return the scene with every place off by as much as vision usually errs."""
    objects = []
    for item in scene.objects:
        dx, dy = rng.normal(0.0, PLACE_ERROR, 2)
        place = (item.position[0] + float(dx), item.position[1] + float(dy))
        objects.append(replace(item, position=place))
    return replace(scene, objects=tuple(objects))
