"""Clips of simulated pushes and play: what the video generator learns from.

Scenes are random, so are the subgoals; the push skill does what it can with what it
may misread, and what it fails to do is kept: misses, balls that roll on, things that
slide over ice, fall or get hit. A generator that never saw a failure cannot warn of
one. The place pushed to is the `nominal_target` of the subgoal with a little noise, so
that words mean to the generator what they mean to the planner. Play has no goal at all.

Clips are kept in the WebDataset format (tar files whose members share a key a clip),
see `mindseye.tools.video.shards`.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.gl import mujoco
from mindseye.tools.goals import AREAS, RELATIONS, Layout, satisfied
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.rollouts import (
    BatchSimulation,
    Trace,
    clip_rows,
    off_table,
    places,
)
from mindseye.tools.physics.sampling import random_scene
from mindseye.tools.physics.scene import PUSHER_REACH, Dynamics, Scene
from mindseye.tools.physics.skills import PushController, push_for
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.values import Push
from mindseye.tools.video.captions import captions
from mindseye.tools.video.play import PlayController

SIZE = 64
"""Side of a training frame, pixels."""
PER_SCENE = 8
"""Clips of one scene."""
TARGET_NOISE = 0.008
"""Standard deviation of the place pushed to, metres."""
READING_NOISE = 0.006
"""Standard deviation of the place that a clumsy skill believes its object at, metres."""
HORIZON = 12.0
PLAY = 0.25
"""Share of scenes that are played in without a goal."""
ROLLING = 0.2
"""Share of scenes in which balls are rolling when the clip begins."""
PLAY_TICKS = (40, 90)
FAR = 0.03
"""What was pushed at least this far may be described by where it came to lie, metres."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """One recorded future of a scene; `L` ticks of a tenth of a second, `N` objects."""

    meta: dict[str, Any]
    """`kind`, `names`, `patches`, `rows` (ticks of the frames) and, of a push, `subgoal`,
    `target`, `reached`, `described`, `captions`."""
    frames: NDArray[np.uint8]
    """`[8, 64, 64, 3]`, or empty."""
    masks: NDArray[np.uint8]
    """`[8, 64, 64]` segmentation class ids, or empty."""
    positions: NDArray[np.float32]
    """`[L, N, 3]` object centres, metres."""
    pusher: NDArray[np.float32]
    """`[L, 3]`, metres."""
    sent: NDArray[np.float32]
    """`[L, 3]` where the pusher was sent, which is what its actions add up to, metres."""


def random_subgoal(rng: np.random.Generator, layout: Layout) -> Subgoal:
    """Return a subgoal for the objects of `layout`: seven relations, nine areas, the line."""
    names = list(layout)
    move, other = (names[i] for i in rng.choice(len(names), 2, replace=False))
    manner = rng.choice(["straight", "slow", "around"], p=[0.45, 0.2, 0.35])
    kind = rng.random()
    if kind < 0.6:
        relation = str(rng.choice(RELATIONS))
        return Subgoal.model_validate(
            {"move": move, "relation": relation, "object": other, "manner": manner}
        )
    if kind < 0.92 or len(names) < 3:
        area = str(rng.choice(AREAS))
        return Subgoal.model_validate(
            {"move": move, "relation": "in_area", "area": area, "manner": manner}
        )
    return Subgoal.model_validate({"move": move, "relation": "in_line", "manner": manner})


def _crowd(rng: np.random.Generator, scene: Scene) -> Scene:
    """Draw all objects together around one place, as they lie after some tidying."""
    points = np.array([b.position for b in scene.bodies])
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    nearest = float(distance[~np.eye(len(points), dtype=bool)].min())
    shrink = max(0.058 / nearest, float(rng.uniform(0.35, 0.8)))
    if shrink >= 1.0:
        return scene
    centre = points[rng.integers(len(points))]
    moved = centre + (points - centre) * shrink
    bodies = tuple(
        dataclasses.replace(b, position=(float(p[0]), float(p[1])))
        for b, p in zip(scene.bodies, moved, strict=True)
    )
    return dataclasses.replace(scene, bodies=bodies)


def training_scene(rng: np.random.Generator) -> Scene:
    """Return a random scene: hazards, crowds, a pusher left anywhere, mildly varied looks."""
    gap = float(rng.choice([0.06, 0.085]))
    scene = random_scene(rng, patches=0.3, appearance=float(rng.uniform(0, 0.8)), gap=gap)
    if rng.random() < 0.25:
        scene = _crowd(rng, scene)
    pusher = scene.pusher
    if rng.random() < 0.6:
        reach = PUSHER_REACH - 0.02
        pusher = (float(rng.uniform(-reach, reach)), float(rng.uniform(-reach, reach)))
    heavy = rng.random() < 0.15
    dynamics = Dynamics(
        friction=float(rng.uniform(0.38, 0.52)),
        mass_scale=float(rng.uniform(1.5, 3.0)) if heavy else 1.0,
    )
    return dataclasses.replace(scene, pusher=pusher, dynamics=dynamics)


def _choose(rng: np.random.Generator, layout: Layout) -> tuple[Subgoal, Push]:
    """Draw a subgoal that mostly asks for some motion, in a manner that applies."""
    while True:
        subgoal = random_subgoal(rng, layout)
        x, y = np.add(nominal_target(subgoal, layout), rng.normal(0, TARGET_NOISE, 2))
        push = push_for(subgoal, (float(x), float(y)), layout)
        if push is None:
            continue
        far = float(np.linalg.norm(np.subtract(push.target, layout[subgoal.move])))
        if far > 0.03 or rng.random() < 0.15:
            return subgoal, push


class Clumsy:
    """A push skill that misreads where its object is: it misses, slips off and bumps."""

    def __init__(self, pushes: Sequence[Push], rng: np.random.Generator) -> None:
        self.skill = PushController(pushes)
        much = rng.choice([0.0, 1.0, 3.0], (len(pushes), 1), p=[0.5, 0.3, 0.2])
        self.off = rng.normal(0, READING_NOISE, (len(pushes), 2)) * much

    @property
    def phase(self) -> NDArray[np.int64]:
        """`[n]`, what each push is doing."""
        return self.skill.phase

    @property
    def done(self) -> NDArray[np.bool_]:
        """`[n]`: which pushes have ended."""
        return self.skill.done

    def act(self, subject: NDArray[Any], pusher: NDArray[Any]) -> NDArray[Any]:
        """Return `[n, 3]` actions; see `PushController.act`."""
        return self.skill.act(subject + self.off, pusher)


def _start_rolling(
    rng: np.random.Generator, simulation: BatchSimulation, names: Sequence[str]
) -> None:
    """Set balls in motion."""
    for i, name in enumerate(names):
        if name.endswith("ball") and rng.random() < 0.8:
            angle, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.4)
            at = 3 + 6 * i
            simulation.batch.qvel[:, at : at + 2] = speed * np.array([np.cos(angle), np.sin(angle)])


def _draw(
    simulation: BatchSimulation,
    trace: Trace,
    rows: Sequence[NDArray[np.int64]],
    rng: np.random.Generator,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield frames `[8, S, S, 3]` and class ids `[8, S, S]` of each simulation at its rows."""
    renderer = Renderer(simulation.scene, simulation.model, SIZE * 2)
    data = mujoco.MjData(simulation.model)
    first = None
    for i, mine in enumerate(rows):
        frames, masks = [], []
        for row in mine:
            if row == 0 and first is not None:
                drawn = first
            else:
                data.qpos[:] = trace.qpos[row, i]
                mujoco.mj_kinematics(simulation.model, data)
                drawn = renderer.render(data, rng)
                first = drawn if row == 0 else first
            frames.append(drawn.colour)
            masks.append(drawn.labels[::2, ::2])
        yield halve(np.stack(frames)), np.stack(masks)


def _undrawn(n: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield what stands for the pictures of `n` futures that nobody draws."""
    for _ in range(n):
        yield np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.uint8)


def _described(rng: np.random.Generator, move: str, start: Layout, after: Layout) -> Subgoal | None:
    """Return words for where an object really came to lie, None where it hardly moved."""
    if move not in after or len(start) < 2:
        return None
    if float(np.linalg.norm(np.subtract(after[move], start[move]))) < FAR:
        return None
    for _ in range(12):
        subgoal = random_subgoal(rng, start).model_copy(update={"move": move, "manner": "straight"})
        if subgoal.object == move or subgoal.object not in (None, *after):
            continue
        goal = subgoal.goal()
        if satisfied(goal, after) and not satisfied(goal, start):
            return subgoal
    return None


def push_meta(
    rng: np.random.Generator, subgoal: Subgoal, push: Push, start: Layout, after: Layout
) -> dict[str, Any]:
    """Return what a record says of a push: what was asked, in words, and what came of it."""
    described = _described(rng, subgoal.move, start, after)
    return {
        "kind": "push",
        "subgoal": subgoal.to_json(),
        "target": push.target,
        "reached": satisfied(subgoal.goal(), after) and subgoal.names <= set(after),
        "captions": captions(subgoal, rng),
        "described": None
        if described is None
        else {"subgoal": described.to_json(), "captions": captions(described, rng, 3)},
    }


def _layout(names: Sequence[str], at: NDArray[Any]) -> dict[str, tuple[float, float]]:
    off = off_table(at)
    pairs = zip(names, at, off, strict=True)
    return {n: (float(p[0]), float(p[1])) for n, p, gone in pairs if not gone}


def scene_records(rng: np.random.Generator, drawn: bool = True) -> list[Record]:
    """Return the records of one random scene, simulated as one batch: pushes, or play.

    Args:
      rng: the only source of chance; drawing takes from a generator of its own, so that the
        same one gives the same futures with and without pictures.
      drawn: whether they have frames and masks; else both are empty.
    """
    scene = training_scene(rng)
    layout = {b.name: b.position for b in scene.bodies}
    plays = rng.random() < PLAY
    chosen = [_choose(rng, layout) for _ in range(PER_SCENE)]
    pushes = [push for _, push in chosen]
    if plays:
        ticks = rng.integers(*PLAY_TICKS, size=PER_SCENE).tolist()
        things = np.array(list(layout.values()))
        simulation = BatchSimulation(
            scene, pushes, threads=1, controller=PlayController(rng, things, ticks)
        )
    else:
        simulation = BatchSimulation(scene, pushes, threads=1, controller=Clumsy(pushes, rng))
    if rng.random() < ROLLING:
        _start_rolling(rng, simulation, scene.names)
    trace = simulation.run(HORIZON)
    if trace.sent is None:
        raise RuntimeError("the simulation kept no actions")
    rows = [
        np.linspace(0, trace.ended[i], 8).round().astype(np.int64)
        if plays
        else clip_rows(int(trace.contact[i]), int(trace.ended[i]))
        for i in range(PER_SCENE)
    ]
    records = []
    brush = rng.spawn(1)[0]
    pictures = _draw(simulation, trace, rows, brush) if drawn else _undrawn(len(rows))
    for i, (frames, masks) in enumerate(pictures):
        last = int(trace.ended[i]) + 1
        track = places(trace.qpos[:last, i])
        meta: dict[str, Any] = {"kind": "play", "captions": ["play", "nothing in particular"]}
        if not plays:
            start = _layout(scene.names, track[0])
            meta = push_meta(rng, *chosen[i], start, _layout(scene.names, track[-1]))
        meta |= {
            "names": list(scene.names),
            "patches": [dataclasses.asdict(p) for p in scene.patches],
            "dynamics": dataclasses.asdict(scene.dynamics),
            "rows": rows[i].tolist(),
        }
        records.append(
            Record(
                meta=meta,
                frames=frames,
                masks=masks,
                positions=track.astype(np.float32),
                pusher=trace.qpos[:last, i, :3].astype(np.float32),
                sent=trace.sent[:last, i].astype(np.float32),
            )
        )
    return records
