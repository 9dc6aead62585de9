"""How far a dream drifts from reality: random play, the same actions in both.

A dream is shown the camera's first frame and never another; the simulator's true positions
are the yardstick and go nowhere else.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindseye.eval.stats import bootstrap_median
from mindseye.tools.contracts import VideoGenerator, load_backend
from mindseye.tools.errors import ToolError
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.rollouts import MOVED, BatchSimulation, places
from mindseye.tools.physics.scene import Scene
from mindseye.tools.values import Frames, Push
from mindseye.tools.video.data import training_scene
from mindseye.tools.video.dream import HELD, SECONDS, begin_dream, drift
from mindseye.tools.video.play import PlayController
from mindseye.tools.video.train import contact_sheet

Array = NDArray[np.float64]

LENGTH = 100
"""Frames of a dream."""
AFTER = (10, 30, 100)
"""Frames after which it is compared."""
LOST = 1.0
"""So far off counts what vision did not find in the first frame, metres."""
SHOWN = 8
"""Frames on the sheet."""


class Held:
    """Random play whose actions are each held for a frame of a dream."""

    def __init__(self, rng: np.random.Generator, scene: Scene) -> None:
        """Set up.

        Args:
          rng: the only source of chance.
          scene: whose things are worth going to.
        """
        things = np.array([b.position for b in scene.bodies])
        self._play, self._ticks = PlayController(rng, things, [LENGTH]), 0
        self.phase: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self.actions: list[Array] = []
        """`[3]` by frame."""

    @property
    def done(self) -> NDArray[np.bool_]:
        """`[1]`: whether it has played long enough."""
        return np.array([self._ticks >= HELD * LENGTH])

    def act(self, subject: Array, pusher: Array) -> Array:
        """Return `[1, 3]` actions; see `PlayController.act`."""
        if self._ticks % HELD == 0:
            self.actions.append(self._play.act(subject, pusher)[0])
        self._ticks += 1
        return self.actions[-1][None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Played:
    """Random play in the simulator."""

    scene: Scene
    frame: Frames
    """`[128, 128, 3] uint8`: the first, the only one that is shown."""
    pusher: tuple[float, float, float]
    """Where it was at first, metres."""
    actions: Array
    """`[T, 3]`."""
    states: Array
    """`[T + 1, nq]` by frame."""

    @property
    def track(self) -> Array:
        """`[T + 1, N, 3]` true centres by frame, metres."""
        return places(self.states)


def play(seed: int) -> Played:
    """Return random play in the scene that `seed` lays."""
    rng = np.random.default_rng(seed)
    scene = training_scene(rng)
    held = Held(rng, scene)
    # What is pushed does not matter to play, but a simulation is told of something.
    nothing = Push(subject=scene.names[0], target=scene.bodies[0].position)
    simulation = BatchSimulation(scene, [nothing], threads=1, controller=held)
    trace = simulation.run(LENGTH * SECONDS)
    states = trace.qpos[::HELD, 0]
    x, y, z = (float(v) for v in states[0, :3])
    return Played(
        scene=scene,
        frame=filmed(simulation, states[:1], 128, rng)[0],
        pusher=(x, y, z),
        actions=np.stack(held.actions),
        states=states,
    )


def filmed(
    simulation: BatchSimulation, states: Array, size: int, rng: np.random.Generator | None = None
) -> Frames:
    """Return `[T, size, size, 3]`: what the camera sees of states `[T, nq]` of a simulation."""
    renderer = Renderer(simulation.scene, simulation.model, size * 2)
    data = mujoco.MjData(simulation.model)
    frames = []
    for state in states:
        data.qpos[:] = state
        mujoco.mj_kinematics(simulation.model, data)
        frames.append(renderer.render(data, rng).colour)
    return halve(np.stack(frames))


@dataclass(frozen=True, kw_only=True, eq=False)
class Dreamt:
    """A dream of the same play."""

    track: Array
    """`[T + 1, N, 3]` metres, in the scene's order; what was not found is `LOST` far away."""
    frames: Frames
    """`[T + 1, S, S, 3] uint8`."""
    seconds: float
    """All frames but the first."""


def dream(video: VideoGenerator, played: Played, seed: int) -> Dreamt:
    """Dream what is played, from its first frame and its actions alone."""
    one = begin_dream(video, played.frame, played.pusher, seed=seed)
    started = time.perf_counter()
    frames, at = [one.frame], [one.places]
    for action in played.actions:
        frames.append(one.step(action))
        at.append(one.places)
    seconds = time.perf_counter() - started
    track = played.track + np.array([LOST, 0.0, 0.0])
    for i, name in enumerate(played.scene.names):
        if name in one.names:
            track[:, i] = np.stack(at)[:, one.names.index(name)]
    return Dreamt(track=track, frames=np.stack(frames), seconds=seconds)


@dataclass(kw_only=True)
class Tally:
    """What is counted after some frames, over all scenes."""

    off: list[float] = field(default_factory=list)
    """Median of each scene, mm."""
    still: list[float] = field(default_factory=list)
    """The same if nothing had moved."""
    bystanders: list[float] = field(default_factory=list)
    """How far off each thing is that did not move, mm."""
    unscored: int = 0
    """Scenes in which nothing moved."""

    def count(self, start: Array, real: Array, dreamt: Array, first: Array) -> None:
        """Count a scene: `[N, 3]` metres each.

        Args:
          start: where things were.
          real: where they are.
          dreamt: where they are dreamt.
          first: where the dream had them at first.
        """
        stayed = np.linalg.norm(real - start, axis=1) <= MOVED
        self.bystanders += (1000 * np.linalg.norm((dreamt - first)[stayed, :2], axis=1)).tolist()
        off = drift(start, real, dreamt)
        if not len(off):
            self.unscored += 1
            return
        self.off.append(1000 * float(np.median(off)))
        self.still.append(1000 * float(np.median(drift(start, real, start))))


def _row(values: Sequence[float], unscored: int, **extra: Any) -> dict[str, Any]:
    low, high = bootstrap_median(values)
    score = float(np.median(values)) if values else float("nan")
    return {"score": score, "low": low, "high": high, "n": len(values), "errors": 0,
            "unscored": unscored, "seconds": 0.0, **extra}  # fmt: skip


def _rows(tallies: dict[int, Tally], errors: int, seconds: float, ms: float) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for after, t in tallies.items():
        stays = float(np.median(t.bystanders)) if t.bystanders else float("nan")
        extra = {"errors": errors, "seconds": seconds, "ms": ms, "bystander_mm": stays}
        rows[f"drift_{after}"] = _row(t.off, t.unscored, **extra)
        rows[f"still_{after}"] = _row(t.still, t.unscored)
    return rows


def _sheet(kept: Sequence[tuple[float, Played, Frames]], path: Path) -> None:
    """Write the scene with the median drift: reality above the dream."""
    if not kept:
        return
    _, played, frames = sorted(kept, key=lambda k: k[0])[len(kept) // 2]
    rows = np.linspace(0, LENGTH, SHOWN).round().astype(int)
    nothing = Push(subject=played.scene.names[0], target=played.scene.bodies[0].position)
    simulation = BatchSimulation(played.scene, [nothing], threads=1)
    real = filmed(simulation, played.states[rows], frames.shape[1])
    contact_sheet([real, frames[rows]], path)


def dream_accuracy(
    n: int = 20,
    seed: int = 3_000_000,
    video: VideoGenerator | None = None,
    run: Path | None = None,
) -> dict[str, Any]:
    """Measure how far dreams of `n` held-out scenes drift from the simulator.

    Args:
      n: scenes.
      seed: of the first scene; none of them were in training.
      video: what dreams; by default the shipped generator.
      run: folder for `dream.png`, the scene with the median drift; None writes nothing.

    Returns:
      Suite and conditions. `score` is in mm: the median over scenes of the median over the
      things that had moved by then of how far each is from where it really is after so many
      frames of 0.2 s; `still_...` the same if nothing had moved. What vision does not find in
      the first frame counts as a metre off. `bystander_mm` is how far what really stayed is
      dreamt to have gone, `ms` what a frame of a dream takes.

    Raises:
      BadInput: a generator that cannot be played.
    """
    generator = video or load_backend("video", "ltx-tabletop")
    tallies = {after: Tally() for after in AFTER}
    kept: list[tuple[float, Played, Frames]] = []
    errors, seconds, first_error = 0, 0.0, ""
    for i in range(n):
        played = play(seed + i)
        try:
            one = dream(generator, played, seed + i)
        except ToolError as error:
            errors, first_error = errors + 1, first_error or str(error)
            continue
        seconds += one.seconds
        track = played.track
        for after, tally in tallies.items():
            tally.count(track[0], track[after], one.track[after], one.track[0])
        off = drift(track[0], track[-1], one.track[-1])
        if len(off):
            kept.append((float(np.median(off)), played, one.frames))
    if run is not None:
        _sheet(kept, run / "dream.png")
    ms = 1000 * seconds / max(LENGTH * (n - errors), 1)
    return {
        "suite": "dream",
        "conditions": _rows(tallies, errors, seconds, ms),
        "ms_per_frame": ms,
        "run": "" if run is None else str(run),
    } | ({"first_error": first_error} if errors else {})
