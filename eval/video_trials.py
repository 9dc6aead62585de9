"""Held-out scenes for the video generator: what was asked, what really came of it, what is asked.

For each scene one goal is drawn and sixteen candidate pushes, some of which serve it.
Reality is a simulation with the scene's own frictions and masses, which no generator is
told; the true positions are the yardstick and go nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mindseye.eval.video_wordings import held_out_wording
from mindseye.planner.candidates import Candidate, imagining
from mindseye.tools.goals import Goal, Layout, progress
from mindseye.tools.physics.rollouts import (
    BatchSimulation,
    clip_rows,
    off_table,
    places,
    render_rollouts,
)
from mindseye.tools.physics.scene import Scene
from mindseye.tools.physics.skills import LIFT_STEP, STEP, push_for
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.values import Frames, ImagineRequest, Push, SceneGraph
from mindseye.tools.video.captions import tried
from mindseye.tools.video.data import random_subgoal, training_scene

CANDIDATES = 16
HORIZON = 12.0
SIZE = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Future:
    """What really came of one push."""

    frames: Frames
    """`[8, 64, 64, 3] uint8`."""
    rows: NDArray[np.int64]
    """`[8]` ticks of the frames."""
    track: NDArray[np.float64]
    """`[8, N, 3]` object centres in the frames, metres."""
    pusher: tuple[float, float, float]
    """Where it was at first, metres."""
    actions: NDArray[np.float32]
    """`[A, 3]` actions that were sent."""
    layout: dict[str, tuple[float, float]]
    """Where things came to lie; what fell is not in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One scene with its candidates."""

    scene: Scene
    goal: Goal
    subgoals: tuple[Subgoal, ...]
    pushes: tuple[Push, ...]
    futures: tuple[Future, ...]
    again: tuple[Future, ...]
    """Another sample of reality: other frictions and masses, places off by a millimetre."""
    frame: Frames
    """`[128, 128, 3] uint8`, the camera's."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the objects."""
        return self.scene.names


def candidates(rng: np.random.Generator, layout: Layout) -> tuple[Goal, dict[Subgoal, Push]]:
    """Draw a goal that does not hold yet, and candidates: two that serve it among random ones."""
    while True:
        wanted = random_subgoal(rng, layout)
        if wanted.relation != "in_line" and progress(wanted.goal(), layout) < 0.9:
            break
    found: dict[Subgoal, Push] = {}
    offered = [wanted.model_copy(update={"manner": m}) for m in ("straight", "slow")]
    for _ in range(40 * CANDIDATES):
        other = offered.pop(0) if offered else random_subgoal(rng, layout)
        if len(found) % 2 == 0 and other.object != wanted.move:
            # Half of the others move the right object, to somewhere else.
            other = other.model_copy(update={"move": wanted.move})
        push = push_for(other, nominal_target(other, layout), layout)
        if push is not None:
            found[other] = push
        if len(found) == CANDIDATES:
            break
    return wanted.goal(), found


def carried_out(
    scene: Scene, pushes: Sequence[Push], rng: np.random.Generator
) -> tuple[Future, ...]:
    """Simulate the pushes as they really go, and draw what the camera saw."""
    simulation = BatchSimulation(scene, pushes)
    trace = simulation.run(HORIZON)
    if trace.sent is None:
        raise RuntimeError("the simulation kept no actions")
    drawn = render_rollouts(simulation, trace, SIZE, rng)
    futures = []
    for i, frames in enumerate(drawn):
        last = int(trace.ended[i])
        rows = clip_rows(int(trace.contact[i]), last)
        track = places(trace.qpos[:, i])
        sent = trace.sent[: last + 1, i]
        x, y, z = (float(v) for v in trace.qpos[0, i, :3])
        off = off_table(track[last])
        futures.append(
            Future(
                frames=frames,
                rows=rows,
                track=track[rows],
                pusher=(x, y, z),
                actions=(np.diff(sent, axis=0) / [STEP, STEP, LIFT_STEP]).astype(np.float32),
                layout={
                    n: (float(p[0]), float(p[1]))
                    for n, p, gone in zip(scene.names, track[last], off, strict=True)
                    if not gone
                },
            )
        )
    return tuple(futures)


def _resampled(scene: Scene, rng: np.random.Generator) -> Scene:
    """Return the scene with what is not seen drawn again: friction, masses, a millimetre."""
    bodies = tuple(
        replace(
            b,
            position=(b.position[0] + float(rng.normal(0, 0.001)),
                      b.position[1] + float(rng.normal(0, 0.001))),
            mass=float(rng.uniform(0.05, 0.08)),
        )
        for b in scene.bodies
    )  # fmt: skip
    dynamics = replace(scene.dynamics, friction=float(rng.uniform(0.38, 0.52)))
    return replace(scene, bodies=bodies, dynamics=dynamics)


def make_trial(seed: int) -> Trial:
    """Return the scene that `seed` lays, with sixteen candidates and what came of each."""
    rng = np.random.default_rng(seed)
    scene = training_scene(rng)
    goal, found = candidates(rng, {b.name: b.position for b in scene.bodies})
    pushes = list(found.values())
    futures = carried_out(scene, pushes, rng)
    simulation = BatchSimulation(scene, pushes[:1])
    first = render_rollouts(simulation, simulation.run(0.1), 128, rng)[0][0]
    return Trial(
        scene=scene,
        goal=goal,
        subgoals=tuple(found),
        pushes=tuple(pushes),
        futures=futures,
        again=carried_out(_resampled(scene, rng), pushes, rng),
        frame=first,
    )


def _text(subgoal: Subgoal, condition: str, seed: int) -> str:
    if condition == "paraphrases":
        return held_out_wording(subgoal, np.random.default_rng(seed))
    return subgoal.words()


def _planned(trial: Trial, i: int, before: SceneGraph, seed: int) -> ImagineRequest:
    """Return what the planner asks of the `i`-th candidate; it feels where its pusher is."""
    x, y, _ = trial.futures[i].pusher
    subgoal = trial.subgoals[i]
    candidate = Candidate(id=f"c{i}", subgoal=subgoal, prior=1.0, push=trial.pushes[i])
    scene = replace(before, pusher=(x, y))
    if not subgoal.names <= set(before.names):
        return ImagineRequest(frame=trial.frame, text=tried(subgoal.words()), seed=seed)
    return imagining(candidate, scene, trial.frame, seed=seed)


def requests(trial: Trial, condition: str, before: SceneGraph, seed: int) -> list[ImagineRequest]:
    """Return what a condition asks the generator for: one request a candidate.

    Args:
      trial: the scene.
      condition: `words` (do it, in the planner's words), `paraphrases` (do it, in wordings that
        training never showed), `planner` (as the planner asks: try to, with the place pushed to),
        `actions`, or `goal-frame`.
      before: what vision saw; it grounds what the words speak of.
      seed: of the first sample.
    """
    seen, found = before.layout, []
    for i, (subgoal, future) in enumerate(zip(trial.subgoals, trial.futures, strict=True)):
        request = ImagineRequest(frame=trial.frame, seed=seed + i)
        if condition == "actions":
            request = replace(
                request, actions=future.actions, pusher=future.pusher,
                ticks=tuple(int(r) for r in future.rows),
            )  # fmt: skip
        elif condition == "goal-frame":
            request = replace(request, last_frame=future.frames[-1], pusher=future.pusher)
        elif condition == "planner":
            request = _planned(trial, i, before, seed + i)
        else:
            request = replace(
                request,
                text=_text(subgoal, condition, seed + i),
                subject=seen.get(subgoal.move),
                object=seen.get(subgoal.object or ""),
                pusher=future.pusher,
            )
        found.append(request)
    return found
