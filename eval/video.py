"""The video generator on held-out scenes: does it do what was asked, and does it rank?

Vision reads the camera's frame and the clips, nothing else; the true positions are the
yardstick. Beside what is imagined the same is told of a simulation of what vision saw,
of another sample of reality (the floor), and of nothing moving.
"""

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from mindseye.eval.stats import bootstrap_median, wilson
from mindseye.eval.video_trials import Future, Trial, make_trial, requests
from mindseye.tools.contracts import (
    PhysicsEngine,
    VideoGenerator,
    VisionModel,
    load_backend,
)
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import progress, satisfied
from mindseye.tools.values import Clip, Frames, ImagineRequest, Outcome, Provenance, SceneGraph
from mindseye.tools.video.train import contact_sheet
from mindseye.tools.vision.outcome import outcome_from_rollout

CONDITIONS = (
    "words", "paraphrases", "planner", "actions", "goal-frame", "simulator", "reality-again",
    "nothing-moves",
)  # fmt: skip
IMAGINED = CONDITIONS[:5]
MOVED = 0.01
"""Metres."""
STAYED = 0.004
"""What really moved less than this is a bystander, metres."""
BEFORE_GOAL = -2
"""The last frame that is imagined where the last one is given."""
SPREAD_SAMPLES = 16
STEPS = (1, 2, 4, 8)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """What one condition says came of one candidate."""

    outcome: Outcome
    reward: float
    places: dict[str, tuple[float, float]]
    """Where things are in the frame that is compared, metres."""
    start: dict[str, tuple[float, float]]
    """Where the same eyes saw them at first."""
    clip: Clip | None = None


@dataclass(kw_only=True)
class Tally:
    """What is counted of one condition over all trials."""

    right: list[bool] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)
    moves: list[bool] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    bystander: list[float] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    tau: list[float] = field(default_factory=list)
    regret: list[float] = field(default_factory=list)
    unscored: int = 0
    seconds: float = 0.0
    worst: list[tuple[float, Frames, Frames]] = field(default_factory=list)
    """Error, real clip, imagined clip."""


class Eyes:
    """What reads and simulates for the evaluation."""

    def __init__(self, vision: VisionModel, physics: PhysicsEngine) -> None:
        self.vision, self.physics = vision, physics

    def read(self, clips: Sequence[Clip], trial: Trial, before: SceneGraph) -> list[Shown]:
        """Read clips as the planner does."""
        outcomes = self.vision.outcome(clips, before)
        return [
            Shown(
                outcome=o,
                reward=self.vision.reward(o, trial.goal).value,
                places=o.after.layout,
                start=before.layout,
                clip=c,
            )
            for o, c in zip(outcomes, clips, strict=True)
        ]

    def toward_goal(self, clips: Sequence[Clip], trial: Trial, before: SceneGraph) -> list[Shown]:
        """Read clips whose last frame was given: places are those of the frame before it."""
        graphs = self.vision.look([c.frames[BEFORE_GOAL] for c in clips])
        shown = self.read(clips, trial, before)
        return [
            Shown(outcome=s.outcome, reward=s.reward, places=g.layout, start=s.start, clip=s.clip)
            for s, g in zip(shown, graphs, strict=True)
        ]

    def simulate(self, trial: Trial, before: SceneGraph) -> list[Shown | None]:
        """Simulate what vision saw; None for a push of something it did not see."""
        seen = before.layout
        known = [p for p in trial.pushes if p.subject in seen]
        rollouts = iter(self.physics.simulate(before, known, 12.0))
        found: list[Shown | None] = []
        for push in trial.pushes:
            if push.subject not in seen:
                found.append(None)
                continue
            outcome = outcome_from_rollout(next(rollouts), before)
            reward = self.vision.reward(outcome, trial.goal).value
            found.append(
                Shown(outcome=outcome, reward=reward, places=outcome.after.layout, start=seen)
            )
        return found


def _real_clips(futures: Sequence[Future]) -> list[Clip]:
    source = Provenance(source="world", model="mujoco", seed=0)
    return [Clip(frames=f.frames, dt=0.8, provenance=source) for f in futures]


def _still(trial: Trial, before: SceneGraph, eyes: Eyes) -> list[Shown]:
    outcome = Outcome(before=before, after=before, moved={})
    reward = eyes.vision.reward(outcome, trial.goal).value
    one = Shown(outcome=outcome, reward=reward, places=before.layout, start=before.layout)
    return [one] * len(trial.pushes)


def _count(tally: Tally, trial: Trial, before: SceneGraph, shown: Sequence[Shown | None],
           frame: int) -> None:  # fmt: skip
    """Count what a condition says of each candidate against what came of it.

    Args:
      tally: what is counted so far.
      trial: the scene.
      before: what vision saw.
      shown: one for each candidate.
      frame: which frame of reality is compared.
    """
    rows = zip(trial.subgoals, trial.futures, shown, strict=True)
    for subgoal, future, one in rows:
        if one is None or not subgoal.names <= set(before.names):
            tally.unscored += 1
            continue
        goal, after = subgoal.goal(), one.outcome.after.layout
        does, did = satisfied(goal, after), satisfied(goal, future.layout)
        tally.right.append(does == did)
        tally.asked.append(does)
        tally.broken.append(len(one.outcome.vanished) + len(one.outcome.appeared))
        i = trial.names.index(subgoal.move)
        went = float(np.linalg.norm(future.track[-1, i] - future.track[0, i]))
        tally.moves.append(subgoal.move in one.outcome.moved or subgoal.move in one.outcome.fell)
        _count_places(tally, trial, future, one, subgoal.move, frame, went)


def _count_places(
    tally: Tally, trial: Trial, future: Future, one: Shown, move: str, frame: int, went: float
) -> None:
    for i, name in enumerate(trial.names):
        truth = future.track[frame, i, :2]
        stayed = float(np.linalg.norm(future.track[:, i] - future.track[0, i], axis=1).max())
        if stayed < STAYED and name != move and name in one.places and name in one.start:
            gap = np.subtract(one.places[name], one.start[name])
            tally.bystander.append(1000 * float(np.linalg.norm(gap)))
        if name != move or went <= MOVED or name not in future.layout:
            continue
        # What is not there to be found is as wrong as can be.
        error = float("inf")
        if name in one.places:
            error = 1000 * float(np.linalg.norm(np.subtract(one.places[name], truth)))
        tally.error.append(error)
        if one.clip is not None:
            tally.worst.append((error, future.frames, one.clip.frames))


def _rank(tally: Tally, trial: Trial, shown: Sequence[Shown | None]) -> None:
    true = np.array([progress(trial.goal, f.layout, trial.names) for f in trial.futures])
    if np.ptp(true) < 1e-6 or any(s is None for s in shown):
        return
    rewards = np.array([s.reward for s in shown if s is not None])
    # Equal rewards are no ranking: tau-b is not a number then, and counts as none.
    tau = float(kendalltau(rewards, true).statistic) if np.ptp(rewards) > 1e-9 else 0.0
    tally.tau.append(tau)
    tally.regret.append(float(true.max() - true[int(rewards.argmax())]))


def _imagine(video: VideoGenerator, asked: Sequence[ImagineRequest], tally: Tally) -> list[Clip]:
    started = time.monotonic()
    clips = [c[0] for c in video.imagine(asked)]
    tally.seconds += time.monotonic() - started
    return clips


def _share(values: Sequence[bool], **extra: Any) -> dict[str, Any]:
    hits = sum(values)
    low, high = wilson(hits, len(values))
    score = hits / len(values) if values else 0.0
    return {"score": score, "low": low, "high": high, "n": len(values), "errors": 0,
            "unscored": 0, "seconds": 0.0, **extra}  # fmt: skip


def _interval(values: Sequence[float]) -> list[float]:
    if len(values) < 2:
        return [float("nan")] * 2
    half = 1.96 * float(np.std(values, ddof=1)) / np.sqrt(len(values))
    return [float(np.mean(values)) - half, float(np.mean(values)) + half]


def _row(tally: Tally, name: str) -> dict[str, Any]:
    """Return what a condition came to."""
    error = np.array(tally.error or [np.nan])
    finite = np.where(np.isfinite(error), error, 1e6)
    p50, p90 = np.quantile(finite, [0.5, 0.9])
    row = _share(tally.asked if name in ("words", "paraphrases") else tally.right)
    return row | {
        "unscored": tally.unscored,
        "seconds": tally.seconds,
        "error_mm": float(p50),
        "error_mm_interval": list(bootstrap_median(finite.tolist())),
        "error_mm_p90": float(p90),
        "placed": len(tally.error),
        "tau": float(np.mean(tally.tau)) if tally.tau else float("nan"),
        "tau_interval": _interval(tally.tau),
        "ranked": len(tally.tau),
        "regret": float(np.mean(tally.regret)) if tally.regret else float("nan"),
        "moves": float(np.mean(tally.moves or [False])),
        "asked": float(np.mean(tally.asked or [False])),
        "agrees": float(np.mean(tally.right or [False])),
        "permanence": 100 * float(np.mean(tally.broken or [0])),
        "bystander_mm": float(np.median(tally.bystander or [np.nan])),
        "bystander_mm_p90": float(np.quantile(tally.bystander or [np.nan], 0.9)),
        "ms": 1000 * tally.seconds / max(len(tally.right) + tally.unscored, 1),
    }


def coverage(
    trials: Sequence[Trial], video: VideoGenerator, vision: VisionModel, condition: str
) -> dict[str, Any]:
    """Return how often reality lies in the region that holds 80 % of the samples.

    For the moved object of two candidates of each scene: the disc around the mean of sixteen
    samples' last places that holds four fifths of them.
    """
    held = []
    for k, trial in enumerate(trials):
        before = vision.look([trial.frame])[0]
        asked = requests(trial, condition, before, 50_000 + 100 * k)
        for i in (0, 5):
            move, future = trial.subgoals[i].move, trial.futures[i]
            j = trial.names.index(move)
            went = float(np.linalg.norm(future.track[-1, j] - future.track[0, j]))
            if move not in before.names or went <= MOVED or move not in future.layout:
                continue
            clips = video.imagine([replace(asked[i], samples=SPREAD_SAMPLES)])[0]
            graphs = vision.look([c.frames[-1] for c in clips])
            ends = np.array([g.layout[move] for g in graphs if move in g.layout])
            if len(ends) < SPREAD_SAMPLES // 2:
                held.append(False)
                continue
            gaps = np.linalg.norm(ends - ends.mean(axis=0), axis=1)
            off = float(np.linalg.norm(np.subtract(future.layout[move], ends.mean(axis=0))))
            held.append(off <= float(np.quantile(gaps, 0.8)))
    return _share(held)


def speed(
    make: Callable[[int], VideoGenerator], request: ImagineRequest
) -> dict[str, dict[str, float]]:
    """Return milliseconds a clip, alone and in a batch of sixteen, by sampling steps."""
    found = {}
    for steps in STEPS:
        video = make(steps)
        row = {}
        for batch in (1, 16):
            asked = [replace(request, seed=i) for i in range(batch)]
            video.imagine(asked)
            times = []
            for _ in range(3):
                started = time.monotonic()
                video.imagine(asked)
                times.append(time.monotonic() - started)
            row["single" if batch == 1 else "batch_16"] = 1000 * min(times) / batch
        found[str(steps)] = row
    return found


def _sheet(tally: Tally, path: Path) -> None:
    """Write the best, median and worst clips, real above imagined."""
    found = sorted(tally.worst, key=lambda w: w[0])
    middle = len(found) // 2
    chosen = [*found[:2], *found[middle : middle + 2], *found[-2:]]
    contact_sheet([frames for _, *pair in chosen for frames in pair], path)


def video_accuracy(
    n: int = 30,
    seed: int = 2_000_000,
    video: VideoGenerator | None = None,
    vision: VisionModel | None = None,
    physics: PhysicsEngine | None = None,
    make: Callable[[int], VideoGenerator] | None = None,
    conditions: Sequence[str] = CONDITIONS,
    sheet: Path | None = None,
) -> dict[str, Any]:
    """Measure the generator on `n` held-out scenes of sixteen candidates each.

    Args:
      n: scenes.
      seed: of the first scene; none of them were in training.
      video: what imagines; by default the shipped generator.
      vision: what reads; by default the shipped model.
      physics: what simulates; by default the shipped engine.
      make: builds the generator with a number of sampling steps, for its speed.
      conditions: which of `CONDITIONS`.
      sheet: PNG to write: best, median and worst clips with actions given, real above imagined.

    Returns:
      Suite and conditions. `score` is the share of clips whose outcome is the right one: with
      `words` and `paraphrases` what was asked for, else whether the push did what it was for
      exactly when it really did. `error_mm` is the median distance of the moved object from where
      it really is (last frame; before the last where that is given; a thing that cannot be found
      counts as infinitely far), `tau` Kendall's tau-b of rewards with real progress over sixteen
      candidates, `regret` the progress lost by taking the best-ranked, `permanence` the things
      that vanish, appear or change a hundred clips, `bystander_mm` how far what really stays is
      seen to move.
      `coverage` is how often the region of 80 % of samples holds reality.

    Raises:
      BadInput: a condition that is none.
    """
    unknown = [c for c in conditions if c not in CONDITIONS]
    if unknown:
        raise BadInput(f"no condition {unknown[0]!r}; known: {', '.join(CONDITIONS)}")
    generator = video or load_backend("video", "ltx-tabletop")
    eyes = Eyes(
        vision or load_backend("vision", "segformer-tabletop"),
        physics or load_backend("physics", "mujoco"),
    )
    tallies = {name: Tally() for name in conditions}
    trials = []
    for i in range(n):
        trial = make_trial(seed + i)
        trials.append(trial)
        before = eyes.vision.look([trial.frame])[0]
        for name in conditions:
            shown = _shown(name, trial, before, eyes, generator, tallies[name], 1000 * i)
            frame = BEFORE_GOAL if name == "goal-frame" else -1
            _count(tallies[name], trial, before, shown, frame)
            _rank(tallies[name], trial, shown)
    if sheet is not None and "actions" in tallies:
        _sheet(tallies["actions"], sheet)
    told = [c for c in ("planner", "actions") if c in conditions]
    timed = [c for c in conditions if c in IMAGINED]
    ms = {}
    if make and timed:
        first = eyes.vision.look([trials[0].frame])[0]
        ms = speed(make, requests(trials[0], timed[0], first, 0)[0])
    return {
        "suite": "video",
        "conditions": {name: _row(tally, name) for name, tally in tallies.items()},
        "coverage": {c: coverage(trials, generator, eyes.vision, c) for c in told},
        "ms_per_clip": ms,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "run": "",
    }


def _shown(
    name: str, trial: Trial, before: SceneGraph, eyes: Eyes, video: VideoGenerator, tally: Tally,
    seed: int,
) -> Sequence[Shown | None]:  # fmt: skip
    """Return what a condition says of each candidate of a trial."""
    if name == "simulator":
        started = time.monotonic()
        found = eyes.simulate(trial, before)
        tally.seconds += time.monotonic() - started
        return found
    if name == "nothing-moves":
        return _still(trial, before, eyes)
    if name == "reality-again":
        return eyes.read(_real_clips(trial.again), trial, before)
    asked = requests(trial, name, before, seed)
    clips = _imagine(video, asked, tally)
    if name == "goal-frame":
        return eyes.toward_goal(clips, trial, before)
    return eyes.read(clips, trial, before)
