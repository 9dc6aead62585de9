"""The video generator on held-out scenes: does it do what was asked, and does it rank?

For each scene one goal is drawn and eight candidate subgoals, some of which serve
it. Each is imagined from the camera's frame and simulated. Vision reads both the
frame and the clips, nothing else; the simulation's true positions are the yardstick.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from mindseye.eval.stats import bootstrap_median, wilson
from mindseye.tools.contracts import VideoGenerator, VisionModel, load_backend
from mindseye.tools.goals import Goal, Layout, progress, satisfied
from mindseye.tools.physics.rollouts import simulate_scene
from mindseye.tools.physics.skills import push_for
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.values import (
    Clip,
    Frames,
    ImagineRequest,
    Outcome,
    Push,
    Rollout,
    SceneGraph,
)
from mindseye.tools.video.data import random_subgoal, training_scene

CANDIDATES = 8
MOVED = 0.01
"""Metres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One scene: what was seen, what was asked, what came of it."""

    goal: Goal
    subgoals: tuple[Subgoal, ...]
    rollouts: tuple[Rollout, ...]
    before: SceneGraph
    clips: tuple[Clip, ...]
    imagined: tuple[Outcome, ...]
    rewards: tuple[float, ...]


@dataclass(kw_only=True)
class Tally:
    """What is counted over all trials."""

    moved: list[bool] = field(default_factory=list)
    followed: list[bool] = field(default_factory=list)
    simulated: list[bool] = field(default_factory=list)
    agreed: list[bool] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    still: list[float] = field(default_factory=list)
    tau: list[float] = field(default_factory=list)
    shuffled: list[float] = field(default_factory=list)
    chosen: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    unscored: int = 0


def _candidates(rng: np.random.Generator, layout: Layout) -> tuple[Goal, dict[Subgoal, Push]]:
    """Draw a goal that does not hold yet, and candidates: two that serve it among random ones."""
    while True:
        wanted = random_subgoal(rng, layout)
        if wanted.relation != "in_line" and progress(wanted.goal(), layout) < 0.9:
            break
    found: dict[Subgoal, Push] = {}
    offered = [wanted.model_copy(update={"manner": m}) for m in ("straight", "slow")]
    while len(found) < CANDIDATES:
        other = offered.pop(0) if offered else random_subgoal(rng, layout)
        if len(found) % 2 == 0 and other.object != wanted.move:
            # Half of the others move the right object, to somewhere else.
            other = other.model_copy(update={"move": wanted.move})
        push = push_for(other, nominal_target(other, layout), layout)
        if push is not None:
            found[other] = push
    return wanted.goal(), found


def _requests(
    frame: Frames, before: SceneGraph, subgoals: Sequence[Subgoal], seed: int, targets: bool
) -> list[ImagineRequest]:
    seen, requests = before.layout, []
    for i, subgoal in enumerate(subgoals):
        known = subgoal.names <= set(seen)
        requests.append(
            ImagineRequest(
                frame=frame, text=subgoal.words(), subject=seen.get(subgoal.move),
                object=seen.get(subgoal.object or ""),
                target=nominal_target(subgoal, seen) if targets and known else None,
                seed=seed + i,
            )
        )  # fmt: skip
    return requests


def run_trials(seed: int, video: VideoGenerator, vision: VisionModel) -> tuple[Trial, Trial]:
    """Imagine and simulate eight candidates of the scene that `seed` lays.

    Returns:
      The trial as the planner asks, with the place that is pushed to, and the
      same one with the words alone to tell where to.
    """
    rng = np.random.default_rng(seed)
    scene = training_scene(rng)
    goal, candidates = _candidates(rng, {b.name: b.position for b in scene.bodies})
    subgoals, pushes = list(candidates), list(candidates.values())
    rollouts = simulate_scene(scene, pushes)
    first = simulate_scene(scene, pushes[:1], 0.1, size=128, rng=rng)[0].clip
    if first is None:
        raise RuntimeError("the simulator drew no clip")
    frame = first.frames[0]
    before = vision.look([frame])[0]

    def trial(targets: bool) -> Trial:
        clips = [c[0] for c in video.imagine(_requests(frame, before, subgoals, seed, targets))]
        imagined = vision.outcome(clips, before)
        return Trial(
            goal=goal,
            subgoals=tuple(subgoals),
            rollouts=tuple(rollouts),
            before=before,
            clips=tuple(clips),
            imagined=tuple(imagined),
            rewards=tuple(vision.reward(o, goal).value for o in imagined),
        )

    return trial(True), trial(False)


def _count_clips(tally: Tally, trial: Trial) -> None:
    start = trial.before.layout
    rows = zip(trial.subgoals, trial.rollouts, trial.imagined, strict=True)
    for subgoal, rollout, outcome in rows:
        name = subgoal.move
        if not subgoal.names <= set(start):
            tally.unscored += 1
            continue
        i = rollout.names.index(name)
        truth, now = rollout.positions[-1, i, :2], rollout.positions[0, i, :2]
        went = float(np.linalg.norm(truth - now))
        after, goal = outcome.after.layout, subgoal.goal()
        tally.whole.append(not outcome.vanished)
        does, did = satisfied(goal, after), satisfied(goal, rollout.layout)
        tally.followed.append(does)
        tally.simulated.append(did)
        tally.agreed.append(does == did)
        if went > MOVED:
            tally.moved.append(name in outcome.moved or name in outcome.fell)
        if went > MOVED and name in after and name not in rollout.fallen:
            tally.error.append(1000 * float(np.linalg.norm(np.subtract(after[name], truth))))
            tally.still.append(1000 * went)


def _count_ranking(tally: Tally, trial: Trial, rng: np.random.Generator) -> None:
    names = trial.rollouts[0].names
    true = np.array([progress(trial.goal, r.layout, names) for r in trial.rollouts])
    if np.ptp(true) < 1e-6:
        tally.unscored += 1
        return
    rewards = np.array(trial.rewards)
    # Equal rewards are no ranking: tau-b is not a number then, and counts as none.
    tau = float(kendalltau(rewards, true).statistic) if np.ptp(rewards) > 1e-9 else 0.0
    tally.tau.append(tau)
    tally.shuffled.append(float(kendalltau(rng.permutation(true), true).statistic))
    tally.chosen.append(float(true[int(rewards.argmax())]))
    tally.drawn.append(float(true.mean()))
    tally.best.append(float(true.max()))


def _seconds_per_clip(video: VideoGenerator, frame: Frames, batch: int, repeats: int = 3) -> float:
    """Return the least seconds a clip takes in a batch of that size."""
    text = "push the red cube to the left side"
    requests = [ImagineRequest(frame=frame, text=text, seed=i) for i in range(batch)]
    video.imagine(requests[:1])
    times = []
    for _ in range(repeats):
        started = time.monotonic()
        video.imagine(requests)
        times.append(time.monotonic() - started)
    return min(times) / batch


def _share(values: Sequence[bool], **extra: Any) -> dict[str, Any]:
    hits = sum(values)
    low, high = wilson(hits, len(values))
    score = hits / len(values) if values else 0.0
    return {"score": score, "low": low, "high": high, "n": len(values), "errors": 0,
            "unscored": 0, "seconds": 0.0, **extra}  # fmt: skip


def _mean(values: Sequence[float], **extra: Any) -> dict[str, Any]:
    data = np.asarray(values, dtype=float)
    mean = float(data.mean()) if len(data) else 0.0
    half = 1.96 * float(data.std(ddof=1)) / np.sqrt(len(data)) if len(data) > 1 else 0.0
    return {"score": mean, "low": mean - half, "high": mean + half, "n": len(data), "errors": 0,
            "unscored": 0, "seconds": 0.0, **extra}  # fmt: skip


def _millimetres(values: Sequence[float], **extra: Any) -> dict[str, Any]:
    low, high = bootstrap_median(values)
    median, p90 = np.quantile(values, [0.5, 0.9]) if values else (float("nan"),) * 2
    return {"score": float(median), "low": low, "high": high, "n": len(values), "errors": 0,
            "unscored": 0, "seconds": 0.0, "p90": float(p90), **extra}  # fmt: skip


def _conditions(tally: Tally, seconds: float) -> dict[str, dict[str, Any]]:
    return {
        "moves": _share(tally.moved),
        "follows": _share(tally.followed, simulated=float(np.mean(tally.simulated or [False]))),
        "agrees": _share(tally.agreed, unscored=tally.unscored, seconds=seconds),
        "permanence": _share(tally.whole),
        "place_mm": _millimetres(tally.error),
        "still_mm": _millimetres(tally.still),
        "tau": _mean(tally.tau),
        "tau_random": _mean(tally.shuffled),
        "chosen": _mean(
            tally.chosen,
            random=float(np.mean(tally.drawn or [0])),
            best=float(np.mean(tally.best or [0])),
        ),
    }


def video_accuracy(
    n: int = 100,
    seed: int = 2_000_000,
    video: VideoGenerator | None = None,
    vision: VisionModel | None = None,
) -> dict[str, Any]:
    """Measure the generator on `n` held-out scenes of eight candidates each.

    Args:
      n: scenes.
      seed: of the first scene; none of them were in training.
      video: what imagines; by default the shipped generator.
      vision: what reads; by default the shipped model.

    Returns:
      Suite and conditions. Shares: `moves` (the asked object moves, where it does in the
      simulation), `follows` (the asked relation is shown at the end; `simulated` is how often
      the push achieves it), `agrees` (shown exactly when it is achieved), `permanence` (nothing
      vanishes). `place_mm` is the median distance of the moved object from where the simulator
      puts it, `still_mm` the same if nothing moved. `tau` is Kendall's tau-b of the imagined
      rewards with the simulated progress over eight candidates, `tau_random` that of a shuffle;
      `chosen` is the simulated progress of the candidate with the highest imagined reward.
      Those that start with `words_` are the same where words alone tell where to push.
    """
    generator = video or load_backend("video", "ltx-tabletop")
    reader = vision or load_backend("vision", "segformer-tabletop")
    rng, started = np.random.default_rng(seed), time.monotonic()
    tallies = Tally(), Tally()
    frame = np.zeros((128, 128, 3), dtype=np.uint8)
    for i in range(n):
        for tally, trial in zip(tallies, run_trials(seed + i, generator, reader), strict=True):
            _count_clips(tally, trial)
            _count_ranking(tally, trial, rng)
    seconds = time.monotonic() - started
    single, batch = (_seconds_per_clip(generator, frame, b) for b in (1, 16))
    grounded, worded = (_conditions(tally, seconds) for tally in tallies)
    return {
        "suite": "video",
        "conditions": grounded | {f"words_{name}": row for name, row in worded.items()},
        "ms_per_clip": {"single": 1000 * single, "batch_16": 1000 * batch},
        "run": "",
    }
