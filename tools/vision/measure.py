"""How well vision reads: position error and detection on frames it was never shown."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from mindseye.tools.contracts import VisionModel
from mindseye.tools.errors import BadInput
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.render import halve
from mindseye.tools.physics.sampling import random_scene
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_UP, Scene, build, initial_state
from mindseye.tools.values import Frames, Point, SceneGraph
from mindseye.tools.vision.data import MARGIN, Sample, observe

MATCH = 0.025
"""A detection counts if the class is right and the place within this, metres."""
LEAST_VISIBLE = 12
"""Pixels of 128 x 128 below which an object is not asked for: about a fifth of it."""
_HELD_OUT = 987_654
"""Keeps these frames apart from training frames of the same seed."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured in one condition; brackets are 95 % bootstrap intervals over frames."""

    score: float
    """Detection F1."""
    low: float
    high: float
    n: int
    """Frames."""
    objects: int
    median_mm: float
    median_low: float
    median_high: float
    p90_mm: float
    recall: float
    precision: float
    seconds: float
    """Reading time of all frames."""
    errors: int = 0
    unscored: int = 0


@dataclass(frozen=True, kw_only=True)
class _Tally:
    """One frame's hits and misses."""

    hit: int
    missed: int
    extra: int
    errors: tuple[float, ...]
    """Distance of every object whose class was found, metres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """A moment and the objects that are asked for, with their places in metres."""

    sample: Sample
    """As the world's camera shows it."""
    clip: Frames
    """`[64, 64, 3] uint8` as a simulated clip shows it."""
    asked: dict[str, Point]


def _beside(rng: np.random.Generator, place: Point) -> Point:
    """Return a place for the lowered pusher that hides part of an object: on the camera's side."""
    angle = rng.uniform(-math.pi * 0.9, -math.pi * 0.1)
    distance = MARGIN + rng.uniform(0.0, 0.02)
    return place[0] + distance * math.cos(angle), place[1] + distance * math.sin(angle)


def _clear(scene: Scene, pusher: Point) -> bool:
    return all(math.dist(b.position, pusher) >= MARGIN - 1e-9 for b in scene.bodies)


class _Stage:
    """A random scene of varied looks, drawn with the pusher wherever it is put."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.scene = random_scene(rng, appearance=1.0, gap=float(rng.choice([0.055, 0.085])))
        self.model = build(self.scene)
        self.data = mujoco.MjData(self.model)
        self.data.qpos[:] = initial_state(self.scene, self.model)

    def draw(self, pusher: tuple[float, float, float], smooth: bool) -> Sample:
        self.data.qpos[:3] = pusher
        mujoco.mj_kinematics(self.model, self.data)
        return observe(self.rng, self.scene, self.model, self.data, smooth)

    def ask(self, pusher: tuple[float, float, float], most: dict[str, float]) -> Question:
        """Ask for what shows at least `LEAST_VISIBLE` pixels and at most `most` of its name."""
        sample = self.draw(pusher, smooth=True)
        asked = {
            n: p
            for n, p in sample.layout.items()
            if LEAST_VISIBLE <= sample.visible[n] <= most.get(n, math.inf)
        }
        return Question(
            sample=sample, clip=halve(self.draw(pusher, smooth=False).frame), asked=asked
        )


def questions(rng: np.random.Generator, hidden: bool) -> Iterator[Question]:
    """Yield held-out moments, light, hue and camera varied.

    Args:
      rng: the only source of chance.
      hidden: ask for objects that the lowered pusher hides by a quarter or more; otherwise for
        all that can be seen, with the pusher anywhere.
    """
    while True:
        stage = _Stage(rng)
        if not hidden:
            x, y = rng.uniform(-0.35, 0.35, 2)
            down = bool(rng.random() < 0.5) and _clear(stage.scene, (x, y))
            yield stage.ask((x, y, PUSHER_DOWN if down else PUSHER_UP), {})
            continue
        body = stage.scene.bodies[int(rng.integers(len(stage.scene.bodies)))]
        x, y = _beside(rng, body.position)
        if not _clear(stage.scene, (x, y)):
            continue
        whole = stage.draw((0.0, -2.0, PUSHER_UP), smooth=False).visible
        question = stage.ask((x, y, PUSHER_DOWN), {n: 0.75 * v for n, v in whole.items()})
        if question.asked:
            yield question


def _tally(graph: SceneGraph, question: Question, all_extra: bool) -> _Tally:
    found = graph.layout
    gaps = {n: math.dist(found[n], p) for n, p in question.asked.items() if n in found}
    hit = sum(gap <= MATCH for gap in gaps.values())
    wrong = len(gaps) - hit
    # Objects that are nearly hidden are not asked for; to see them is no fault.
    ghosts = sum(n not in question.sample.layout for n in found) if all_extra else 0
    return _Tally(
        hit=hit,
        missed=len(question.asked) - hit,
        extra=wrong + ghosts,
        errors=tuple(gaps.values()),
    )


def _f1(tallies: Sequence[_Tally]) -> float:
    hit = sum(t.hit for t in tallies)
    wrong = sum(t.missed + t.extra for t in tallies)
    return 2 * hit / (2 * hit + wrong) if hit + wrong else float("nan")


def _median_mm(tallies: Sequence[_Tally]) -> float:
    errors = [e for t in tallies for e in t.errors]
    return float(np.median(errors)) * 1e3 if errors else float("nan")


def figures_of(tallies: Sequence[_Tally], seconds: float, seed: int) -> Figures:
    """Sum up one condition, with bootstrap intervals over frames (Efron 1979)."""
    rng = np.random.default_rng(seed)
    draws = [
        [tallies[i] for i in row] for row in rng.integers(len(tallies), size=(300, len(tallies)))
    ]
    f1 = np.quantile([_f1(d) for d in draws], [0.025, 0.975])
    median = np.quantile([_median_mm(d) for d in draws], [0.025, 0.975])
    errors = [e for t in tallies for e in t.errors]
    hit, missed = sum(t.hit for t in tallies), sum(t.missed for t in tallies)
    extra = sum(t.extra for t in tallies)
    return Figures(
        score=_f1(tallies),
        low=float(f1[0]),
        high=float(f1[1]),
        n=len(tallies),
        objects=hit + missed,
        median_mm=_median_mm(tallies),
        median_low=float(median[0]),
        median_high=float(median[1]),
        p90_mm=float(np.quantile(errors, 0.9)) * 1e3 if errors else float("nan"),
        recall=hit / max(1, hit + missed),
        precision=hit / max(1, hit + extra),
        seconds=seconds,
    )


def vision_figures(vision: VisionModel, n: int = 400, seed: int = 0) -> dict[str, Figures]:
    """Measure vision on `n` held-out frames of each condition.

    Returns:
      Condition -> figures: camera frames (128 px), clip frames (64 px), and each again for
      objects that the pusher hides by a quarter or more.

    Raises:
      BadInput: `n` is not positive.
    """
    if n < 1:
        raise BadInput(f"vision figures: n={n} must be at least 1")
    found = {}
    for hidden in (False, True):
        source = questions(np.random.default_rng([_HELD_OUT, seed, hidden]), hidden)
        asked = [next(source) for _ in range(n)]
        for size in (128, 64):
            frames = [q.sample.frame if size == 128 else q.clip for q in asked]
            began = time.monotonic()
            graphs = vision.look(frames)
            seconds = time.monotonic() - began
            tallies = [_tally(g, q, not hidden) for g, q in zip(graphs, asked, strict=True)]
            name = f"{size} px" + (", hidden" if hidden else "")
            found[name] = figures_of(tallies, seconds, seed)
    return found


def as_row(figures: Figures) -> dict[str, float]:
    """Return the figures as plain numbers."""
    return asdict(figures)
