"""Training frames for vision: randomised renders with their class maps and centres.

Harder than what the world shows, on purpose: objects touch, lean and lie beside
the table, the pusher stands anywhere, light, colours and camera vary more than
reality does, so that the reader is never surprised.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.gl import mujoco
from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.sampling import random_appearance, random_patches, random_scene
from mindseye.tools.physics.scene import (
    FLOOR,
    HEIGHT,
    PUSHER_DOWN,
    PUSHER_REACH,
    PUSHER_UP,
    Scene,
    build,
    class_of,
)
from mindseye.tools.spread.crews import Where
from mindseye.tools.spread.files import spread_files
from mindseye.tools.values import Frames, Patch, Point
from mindseye.tools.vision.classes import CLASSES, PUSHER, SIZE

SHARD = 512
"""Frames a shard."""
LAYOUTS = 4
"""Frames drawn of each compiled scene, with everything but its objects drawn anew."""
CROWDED = 0.6
"""Share of tables with more objects than a world ever has."""
SMOOTH = 0.6
"""Share of frames with four rays a pixel."""
MARGIN = 0.047
"""Least distance of a lowered pusher from an object's centre, metres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One frame and what is true of it."""

    frame: Frames
    """`[SIZE, SIZE, 3] uint8`."""
    labels: NDArray[np.uint8]
    """`[GRID, GRID]` class of each cell."""
    centres: NDArray[np.float32]
    """`[CLASSES, 2]` projected centre (column, row) in pixels; NaN for what is not there."""
    layout: dict[str, Point]
    """Objects that stand on the table, metres."""
    visible: dict[str, int]
    """Pixels of the frame that show each object, also of those that fell."""
    pusher: tuple[float, float, float]
    patches: tuple[Patch, ...] = ()


def to_cells(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the class of each 2x2 block: the most frequent one; in a tie, the lower id."""
    side = labels.shape[-1] // 2
    blocks = labels.reshape(*labels.shape[:-2], side, 2, side, 2).swapaxes(-3, -2)
    cells: NDArray[np.uint8] = np.sort(blocks.reshape(*blocks.shape[:-2], 4), axis=-1)[..., 1]
    return cells


def vary(rng: np.random.Generator, scene: Scene) -> Scene:
    """Return the scene with other light, colours, camera and patches."""
    patches = {p.kind: p for p in random_patches(rng, int(rng.integers(0, 4)))}
    kept = tuple(p for p in patches.values() if rng.random() < 0.5)
    look = random_appearance(rng, float(rng.uniform(0.0, 1.5)))
    return replace(scene, appearance=look, patches=kept)


def _quaternion(rng: np.random.Generator, upright: bool) -> NDArray[np.float64]:
    if upright:
        half = rng.uniform(0, math.pi)
        return np.array([math.cos(half), 0, 0, math.sin(half)])
    q = rng.normal(size=4)
    unit: NDArray[np.float64] = q / np.linalg.norm(q)
    return unit


def _place_objects(rng: np.random.Generator, scene: Scene, qpos: NDArray[np.float64]) -> None:
    """Write free-joint poses: most objects on the table, some beside it or going over its edge."""
    gap = float(rng.choice([0.051, 0.056, 0.07, 0.085]))
    least = min(TABLE_HALF, 0.045 * math.sqrt(len(scene.bodies)) + 0.03)
    spread = float(rng.uniform(least, TABLE_HALF)) if rng.random() < 0.4 else TABLE_HALF
    middle = rng.uniform(-1, 1, 2) * (TABLE_HALF - spread)
    placed: list[NDArray[np.float64]] = []
    for i, body in enumerate(scene.bodies):
        for _ in range(60):
            xy = middle + rng.uniform(-spread, spread, 2)
            if all(np.linalg.norm(xy - p) >= gap for p in placed):
                break
        placed.append(xy)
        fate, z, upright = rng.random(), HEIGHT[body.shape], True
        if fate < 0.10:
            side = int(rng.integers(0, 2))
            xy[side] = rng.choice([-1, 1]) * rng.uniform(0.305, 0.5)
            upright = rng.random() < 0.5
            z += FLOOR if fate < 0.07 else rng.uniform(FLOOR, 0.0)
        elif fate < 0.13:
            upright = False
        at = 3 + 7 * i
        qpos[at : at + 7] = [*xy, z, *_quaternion(rng, upright)]


def _place_pusher(rng: np.random.Generator, scene: Scene, qpos: NDArray[np.float64]) -> None:
    kind = rng.random()
    z = PUSHER_DOWN if kind < 0.5 else PUSHER_UP if kind < 0.85 else rng.uniform(0.062, 0.17)
    xy = rng.uniform(-PUSHER_REACH, PUSHER_REACH, 2)
    objects = qpos[3:].reshape(-1, 7)[:, :2]
    if rng.random() < 0.4:  # In front of an object or in contact with it.
        angle = rng.uniform(0, 2 * math.pi)
        reach = MARGIN + rng.exponential(0.02)
        xy = objects[rng.integers(len(objects))] + reach * np.array(
            [math.cos(angle), math.sin(angle)]
        )
    if z < 0.12:
        for other in objects:
            offset = xy - other
            distance = float(np.linalg.norm(offset)) or 1.0
            if distance < MARGIN:
                xy = other + offset / distance * MARGIN
    qpos[:3] = [*np.clip(xy, -PUSHER_REACH, PUSHER_REACH), z]


def observe(
    rng: np.random.Generator,
    scene: Scene,
    model: mujoco.MjModel,
    data: mujoco.MjData,
    smooth: bool = True,
) -> Sample:
    """Draw the state in `data` (kinematics current) and note what is true of it.

    Args:
      rng: source of sensor noise.
      scene: what is drawn, and how it looks.
      model: built from the scene.
      data: its state.
      smooth: four rays a pixel, as the world's camera has; otherwise one, as clips have before
        they are halved.
    """
    drawn = Renderer(scene, model, SIZE).render(data, rng)
    colour = drawn.colour
    if smooth:
        colour = halve(Renderer(scene, model, 2 * SIZE).render(data, rng).colour)
    camera = scene.appearance.camera
    centres = np.full((CLASSES, 2), np.nan, dtype=np.float32)
    layout: dict[str, Point] = {}
    visible: dict[str, int] = {}
    for body in scene.bodies:
        place = data.body(body.name).xpos
        kind = class_of(body.name)
        centres[kind] = camera.project(place, SIZE)[0]
        visible[body.name] = int((drawn.labels == kind).sum())
        if max(abs(place[0]), abs(place[1])) <= TABLE_HALF and place[2] > 0.0:
            layout[body.name] = (float(place[0]), float(place[1]))
    pusher = data.qpos[:3]
    centres[PUSHER] = camera.project([pusher[0], pusher[1], 0.0], SIZE)[0]
    for patch in scene.patches:
        kind = class_of(patch.kind)
        centres[kind] = camera.project([*patch.position, 0.0], SIZE)[0]
    return Sample(
        frame=colour,
        labels=to_cells(drawn.labels),
        centres=centres,
        layout=layout,
        visible=visible,
        pusher=(float(pusher[0]), float(pusher[1]), float(pusher[2])),
        patches=scene.patches,
    )


def samples(rng: np.random.Generator) -> Iterator[Sample]:
    """Yield random frames without end."""
    while True:
        # Crowded tables teach more about shapes in the time it takes to read one frame.
        crowded = rng.random() < CROWDED
        scene = random_scene(rng, count=(9, 16) if crowded else (1, 8), gap=0.05)
        model = build(scene)
        data = mujoco.MjData(model)
        for _ in range(LAYOUTS):
            drawn = vary(rng, scene)
            _place_objects(rng, drawn, data.qpos)
            _place_pusher(rng, drawn, data.qpos)
            mujoco.mj_kinematics(model, data)
            yield observe(rng, drawn, model, data, smooth=bool(rng.random() < SMOOTH))


def write_shard(path: Path, seed: int, index: int) -> Path:
    """Write one shard of `SHARD` frames, whole or not at all; an existing one is kept."""
    if path.exists():
        return path
    rng = np.random.default_rng([seed, index])
    source = samples(rng)
    drawn = [next(source) for _ in range(SHARD)]
    part = path.with_suffix(".part.npz")
    np.savez(
        part,
        frames=np.stack([s.frame for s in drawn]),
        labels=np.stack([s.labels for s in drawn]),
        centres=np.stack([s.centres for s in drawn]),
    )
    part.replace(path)
    return path


def make_vision_data(
    out: Path, n: int = 40_000, seed: int = 0, workers: int | None = None, ray: str | None = None
) -> list[Path]:
    """Make shards with at least `n` training frames; what is there already is kept.

    Args:
      out: folder of the shards.
      n: frames; about 15 ms and 53 kB each.
      seed: same seed, same frames, whatever the number of workers.
      workers: processes, one by default; with `ray` as many workers as there is room for.
      ray: address of a Ray cluster whose workers make them.

    Raises:
      BadInput: `n` or `workers` is not positive.
      Unavailable: no such cluster, or shards that cost every worker its life.
    """
    if n < 1 or (workers is not None and workers < 1):
        raise BadInput(f"vision data: n={n} and workers={workers} must be at least 1")
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"{seed:04d}-{i:05d}.npz" for i in range(math.ceil(n / SHARD))]
    wanted = {p.name: (seed, i) for i, p in enumerate(paths) if not p.exists()}
    where = Where(workers=workers, ray=ray)
    for _ in spread_files(out, wanted, write_shard, where, "shards of frames"):
        pass
    return paths
