"""Clips that are staged: of the world, simulated, imagined, and with planted violations.

A planted violation is an edit of a simulation's states before anything is drawn, so that
such a clip looks in every other way like the ones without (violation of expectation;
Riochet et al., IntPhys, 2018). Half of them are drawn as the world's camera shows the table,
half as the simulator draws its clips.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mindseye.planner.candidates import Candidate, imagining
from mindseye.tools.contracts import VideoGenerator
from mindseye.tools.goals import TABLE_HALF, Layout
from mindseye.tools.physics.engine import MujocoPhysics
from mindseye.tools.physics.rollouts import (
    CLIP_FRAMES,
    BatchSimulation,
    Trace,
    clip_rows,
    off_table,
    places,
    render_rollouts,
)
from mindseye.tools.physics.sampling import ALL_NAMES
from mindseye.tools.physics.scene import TICK, Body, Scene, twin
from mindseye.tools.physics.skills import Phase, PushController, push_for
from mindseye.tools.subgoals import nominal_target
from mindseye.tools.values import (
    Clip,
    Frames,
    Provenance,
    Push,
    SceneGraph,
    scene_of,
)
from mindseye.tools.video.data import random_subgoal, training_scene
from mindseye.tools.world.tabletop import Tabletop

Array = NDArray[np.float64]

HORIZON = 12.0
"""Seconds after which a push is cut."""
OVER_RIM = 0.25
"""Share of pushes that lead over the rim, so that real falls are among the plausible clips."""
CAMERA, DRAWN = 128, 64
"""Pixels a side of the world's camera frames and of simulated clips."""
APART = 0.075
"""What is planted keeps this far from everything else, metres."""
INSIDE = TABLE_HALF - 0.06
"""Things vanish and appear this near to the middle of the table, metres."""
AWAY = 2.5
"""Where things are put that are not in the picture, metres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A clip and what the camera showed before it."""

    first: Frames
    """`[128, 128, 3] uint8`."""
    clip: Clip


def _push(rng: np.random.Generator, layout: Layout) -> Push:
    """Draw a push of something to somewhere, at times over the rim."""
    if rng.random() < OVER_RIM:
        return _push_over(rng, layout)
    while True:
        subgoal = random_subgoal(rng, layout)
        push = push_for(subgoal, nominal_target(subgoal, layout), layout)
        if push is not None:
            return push


def _push_over(rng: np.random.Generator, layout: Layout) -> Push:
    """Draw a push of the object nearest to a rim, over it."""
    name = max(layout, key=lambda n: max(map(abs, layout[n])) + rng.uniform(0, 0.1))
    place = np.array(layout[name])
    side = int(np.argmax(np.abs(place)))
    place[side] = math.copysign(0.36, place[side])
    place[1 - side] = np.clip(place[1 - side] + rng.uniform(-0.05, 0.05), -0.27, 0.27)
    return Push(subject=name, target=(float(place[0]), float(place[1])))


def world_clip(rng: np.random.Generator) -> Shown:
    """Return a push as the world's camera saw it, steered by the true places."""
    world = Tabletop(size=CAMERA, appearance=float(rng.uniform(0.0, 0.6)))
    observation, _ = world.reset(seed=int(rng.integers(2**31)))
    push = _push(rng, world.true_layout())
    controller, frames, contact = PushController([push]), [observation["frame"]], 0
    rest = 0
    while len(frames) < HORIZON / TICK and rest < 8:
        place = world.true_layout().get(push.subject, (math.nan, math.nan))
        action = controller.act(np.array([place]), observation["pusher"][None])[0]
        contact = contact or (len(frames) if controller.phase[0] == Phase.PUSH else 0)
        rest += bool(controller.done[0])
        observation = world.step(action.astype(np.float32))[0]
        frames.append(observation["frame"])
    ended = len(frames) - 1
    chosen = clip_rows(contact or ended, ended)
    clip = _clip(np.stack([frames[i] for i in chosen]), ended, "world")
    return Shown(first=frames[0], clip=clip)


def _clip(frames: Frames, ended: int, model: str) -> Clip:
    return Clip(
        frames=frames,
        dt=ended * TICK / (CLIP_FRAMES - 1),
        provenance=Provenance(source="world", model=model, seed=0),
    )


def graph_of(scene: Scene) -> SceneGraph:
    """Return the scene as vision without fault would see it."""
    return scene_of({b.name: b.position for b in scene.bodies}, scene.patches, scene.pusher)


def _camera(simulation: BatchSimulation, trace: Trace, rng: np.random.Generator) -> Frames:
    """Return what the camera shows of the first state."""
    first = Trace(qpos=trace.qpos[:1], ended=0 * trace.ended, contact=0 * trace.contact)
    frame: Frames = render_rollouts(simulation, first, CAMERA, rng)[0][0]
    return frame


def _laid(scene: Scene) -> tuple[BatchSimulation, Trace]:
    """Return a scene in which nothing has happened yet."""
    name = scene.names[0]
    stay = Push(subject=name, target=graph_of(scene).layout[name])
    simulation = BatchSimulation(scene, [stay], threads=1)
    return simulation, simulation.run(0.0)


def simulated_clip(rng: np.random.Generator) -> Shown:
    """Return a push as the simulator draws it for the planner."""
    scene = training_scene(rng)
    graph = graph_of(scene)
    physics = MujocoPhysics(threads=1, size=DRAWN)
    clip = physics.simulate(graph, [_push(rng, graph.layout)], HORIZON, render=True)[0].clip
    if clip is None:
        raise RuntimeError("the simulator drew no clip")
    return Shown(first=_camera(*_laid(scene), rng), clip=clip)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """A simulated push whose states may be edited before it is drawn.

    The last body is a spare one that lies out of the picture.
    """

    rng: np.random.Generator
    names: tuple[str, ...]
    """Of all but the spare body."""
    subject: int
    qpos: Array
    """`[T, nq]` states; views of it are written to."""
    rows: NDArray[np.int64]
    """`[8]` states that are drawn."""

    @property
    def at(self) -> Array:
        """Return `[T, N + 1, 3]` centres, metres."""
        return places(self.qpos)

    def pose(self, i: int) -> Array:
        """Return `[T, 7]` place and turn of a body, to be written to."""
        return self.qpos[:, 3 + 7 * i : 10 + 7 * i]

    def stays(self, i: int, since: int = 0) -> bool:
        """Say whether a body stands well inside the table from a row on."""
        return bool((np.abs(self.at[since:, i, :2]).max(axis=-1) < INSIDE).all())

    def free(self, place: Array, since: int, but: Sequence[int] = ()) -> bool:
        """Say whether a place (`[2]` or `[T - since, 2]`) stays clear of the pusher and bodies."""
        others = [i for i in range(len(self.names)) if i not in but]
        gaps = np.linalg.norm(self.at[since:, others, :2] - np.expand_dims(place, -2), axis=-1)
        pusher = np.linalg.norm(self.qpos[since:, :2] - place, axis=-1)
        inside = np.abs(place).max() < INSIDE
        return bool(inside and gaps.min(initial=1.0) > APART and pusher.min() > APART)

    def somewhere(self, since: int, but: Sequence[int] = ()) -> Array | None:
        """Return a free place, or None."""
        for place in self.rng.uniform(-INSIDE, INSIDE, (50, 2)):
            if self.free(place, since, but):
                return np.asarray(place)
        return None

    def some(self, since: int = 0, still: bool = False) -> int | None:
        """Return a body that stands well inside from a row on, or None."""
        found = [i for i in range(len(self.names)) if self.stays(i, since)]
        if still:
            went = np.linalg.norm(self.at[:, :, :2] - self.at[:1, :, :2], axis=-1).max(axis=0)
            found = [i for i in found if went[i] < 0.002]
        return int(self.rng.choice(found)) if found else None


def _vanishes(stage: Stage, row: int) -> bool:
    i = stage.some(row)
    if i is not None:
        stage.pose(i)[row:, :2] = AWAY
    return i is not None


def _appears(stage: Stage, row: int) -> bool:
    place = stage.somewhere(row)
    if place is not None:
        _put(stage, len(stage.names), place, row)
    return place is not None


def _put(stage: Stage, i: int, place: Array, row: int) -> None:
    pose = stage.pose(i)
    pose[row:, :2] = place
    pose[row:, 3:] = [1.0, 0.0, 0.0, 0.0]
    pose[row:, 2] = stage.qpos[0, 5 + 7 * i]


def _teleports(stage: Stage, row: int) -> bool:
    i = stage.some(row)
    place = None if i is None else stage.somewhere(row, but=[i])
    if i is None or place is None:
        return False
    if np.linalg.norm(place - stage.at[row - 1, i, :2]) < 0.12:
        return False
    pose = stage.pose(i)
    pose[row:] = pose[row]
    pose[row:, :2] = place
    return True


def _interpenetrates(stage: Stage, row: int) -> bool:
    """Put the spare body where the pushed one is going to stop."""
    i, spare = stage.subject, len(stage.names)
    end = stage.at[-1, i, :2]
    others = [j for j in range(spare) if j != i]
    near = np.linalg.norm(stage.at[:, others, :2] - end, axis=-1).min(initial=1.0)
    if not stage.stays(i) or np.linalg.norm(end - stage.at[0, i, :2]) < 0.1 or near < APART:
        return False
    angle, gap = stage.rng.uniform(0, 2 * math.pi), stage.rng.uniform(0.0, 0.02)
    _put(stage, spare, end + gap * np.array([math.cos(angle), math.sin(angle)]), 0)
    return True


def _becomes_spare(stage: Stage, row: int) -> bool:
    """Let the first body turn into the spare one."""
    if not stage.stays(0, row):
        return False
    spare, height = len(stage.names), stage.qpos[0, 5 + 7 * len(stage.names)]
    stage.pose(spare)[row:] = stage.pose(0)[row:]
    stage.pose(spare)[row:, 2] = height
    stage.pose(0)[row:, :2] = AWAY
    return True


def _moves_alone(stage: Stage, row: int) -> bool:
    i = stage.some(still=True)
    if i is None or i == stage.subject:
        return False
    angle, length = stage.rng.uniform(0, 2 * math.pi), stage.rng.uniform(0.06, 0.15)
    left = len(stage.qpos) - row
    share = np.minimum(1.0, np.arange(1, left + 1) / max(1, int(left * stage.rng.uniform(0.5, 1))))
    way = share[:, None] * length * np.array([math.cos(angle), math.sin(angle)])
    path = stage.at[row:, i, :2] + way
    if not stage.free(path, row, but=[i]):
        return False
    stage.pose(i)[row:, :2] = path
    return True


def _hangs(stage: Stage, row: int) -> bool:
    """Let what is pushed over the rim glide a little further and stay there."""
    i = stage.subject
    gone = np.flatnonzero(off_table(stage.at[:, i]))
    if not len(gone) or (stage.rows > gone[0]).sum() < 2 or gone[0] < 2:
        return False
    crossed = int(gone[0])
    pose = stage.pose(i)
    before, at = pose[crossed - 2, :2].copy(), pose[crossed - 1].copy()
    side = int(np.argmax(np.abs(pose[crossed, :2])))
    stop = TABLE_HALF + stage.rng.uniform(0.025, 0.06)
    speed = at[:2] - before
    for t in range(crossed, len(pose)):
        pose[t] = pose[t - 1] if t > crossed else at
        if abs(pose[t, side]) < stop:
            pose[t, :2] += speed
    return bool(abs(pose[-1, side]) > TABLE_HALF + 0.02)


Plant = Callable[[Stage, int], bool]
PLANTS: dict[str, Plant] = {
    "vanishes": _vanishes,
    "appears": _appears,
    "teleports": _teleports,
    "interpenetrates": _interpenetrates,
    "changes colour": _becomes_spare,
    "changes shape": _becomes_spare,
    "moves alone": _moves_alone,
    "hangs": _hangs,
}


def _spare(rng: np.random.Generator, scene: Scene, kind: str) -> Body:
    """Return a body that is not in the scene, out of the picture."""
    colour, shape = scene.bodies[0].name.split()
    others = [n for n in ALL_NAMES if n not in scene.names]
    if kind == "changes colour":
        others = [n for n in others if n.split()[1] == shape]
    if kind == "changes shape":
        others = [n for n in others if n.split()[0] == colour]
    colour, shape = str(rng.choice(others)).split()
    return Body(colour=colour, shape=shape, position=(AWAY, AWAY))


def planted_clip(rng: np.random.Generator, kind: str) -> Shown:
    """Return a clip that holds one violation of the kind, as the camera or the simulator draws."""
    filmed = bool(rng.random() < 0.5)
    while True:
        scene = training_scene(rng)
        scene = scene if filmed else twin(graph_of(scene))
        whole = replace(scene, bodies=(*scene.bodies, _spare(rng, scene, kind)))
        layout = graph_of(scene).layout
        push = _push_over(rng, layout) if kind == "hangs" else _push(rng, layout)
        simulation = BatchSimulation(whole, [push], threads=1)
        trace = simulation.run(HORIZON)
        ended = int(trace.ended[0])
        qpos = trace.qpos[: ended + 1, 0].copy()
        rows = clip_rows(int(trace.contact[0]), ended)
        stage = Stage(
            rng=rng, names=scene.names, subject=scene.names.index(push.subject), qpos=qpos,
            rows=rows,
        )  # fmt: skip
        row = int(rows[rng.integers(1, len(rows) - 1)])
        if row and PLANTS[kind](stage, row):
            edited = Trace(qpos=qpos[:, None], ended=trace.ended, contact=trace.contact)
            size = CAMERA if filmed else DRAWN
            frames = render_rollouts(simulation, edited, size, rng if filmed else None)[0]
            first = frames[0] if filmed else _camera(simulation, edited, rng)
            return Shown(first=first, clip=_clip(frames, ended, kind))


def imagined_clips(rng: np.random.Generator, n: int, video: VideoGenerator) -> list[Shown]:
    """Return what the generator imagines of `n` pushes, each on a table of its own."""
    requests, frames = [], []
    for i in range(n):
        scene = training_scene(rng)
        graph = graph_of(scene)
        subgoal = random_subgoal(rng, graph.layout)
        push = Push(subject=subgoal.move, target=nominal_target(subgoal, graph.layout))
        candidate = Candidate(id=f"c{i}", subgoal=subgoal, prior=1.0, push=push)
        frames.append(_camera(*_laid(scene), rng))
        requests.append(imagining(candidate, graph, frames[-1], seed=i))
    clips = video.imagine(requests)
    return [Shown(first=frame, clip=c[0]) for frame, c in zip(frames, clips, strict=True)]
