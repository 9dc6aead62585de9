"""Clips of simulated pushes with words: what the video generator learns from.

Scenes are random, so are the subgoals; the push skill does what it can, and
what it fails to do is kept: balls that roll on, things that slide over ice, fall
or get hit. A generator that never saw a failure cannot warn of one. The place
pushed to is the `nominal_target` of the subgoal with a little noise, so that words
mean to the generator what they mean to the planner.
"""

import dataclasses
import json
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from mindseye.tools.errors import BadInput
from mindseye.tools.gl import mujoco
from mindseye.tools.goals import AREAS, RELATIONS, Layout
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.rollouts import (
    CLIP_FRAMES,
    TICK,
    BatchSimulation,
    Trace,
    clip_rows,
    off_table,
    places,
)
from mindseye.tools.physics.sampling import random_scene
from mindseye.tools.physics.scene import PUSHER_REACH, Dynamics, Scene
from mindseye.tools.physics.skills import push_for
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.values import Push

SIZE = 64
"""Side of a training frame, pixels."""
MAX_OBJECTS = 6
PUSHES_PER_SCENE = 8
SHARD = 256
"""Clips in one file."""
TARGET_NOISE = 0.008
"""Standard deviation of the place pushed to, metres."""
HORIZON = 12.0

PLACES = ("subject", "object", "target")
"""Columns that become the generator's grounding maps."""
_OBJECT_CLASSES = 5
"""Segmentation ids from here on are objects; 2 is the pusher."""

Record = dict[str, Any]


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


def _draw(
    simulation: BatchSimulation, trace: Trace, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield frames `[8, S, S, 3]` and packed foreground masks `[8, S * S / 8]` of each push."""
    renderer = Renderer(simulation.scene, simulation.model, SIZE * 2)
    data = mujoco.MjData(simulation.model)
    first = None
    for i in range(simulation.n):
        frames, masks = [], []
        for row in clip_rows(int(trace.contact[i]), int(trace.ended[i])):
            if row == 0 and first is not None:
                drawn = first
            else:
                data.qpos[:] = trace.qpos[row, i]
                mujoco.mj_kinematics(simulation.model, data)
                drawn = renderer.render(data, rng)
                first = drawn if row == 0 else first
            frames.append(drawn.colour)
            front = (drawn.labels == 2) | (drawn.labels >= _OBJECT_CLASSES)
            masks.append(np.packbits(front[::2, ::2]))
        yield halve(np.stack(frames)), np.stack(masks)


def _padded(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    out = np.full((MAX_OBJECTS, rows.shape[-1]), np.nan, dtype=np.float32)
    out[: len(rows)] = rows
    return out


def scene_records(rng: np.random.Generator, scene_id: int) -> list[Record]:
    """Return the records of one random scene: eight pushes, simulated as one batch."""
    scene = training_scene(rng)
    layout = {b.name: b.position for b in scene.bodies}
    chosen = [_choose(rng, layout) for _ in range(PUSHES_PER_SCENE)]
    simulation = BatchSimulation(scene, [push for _, push in chosen], threads=1)
    trace = simulation.run(HORIZON)
    records = []
    drawn = _draw(simulation, trace, rng)
    for i, ((subgoal, push), (frames, masks)) in enumerate(zip(chosen, drawn, strict=True)):
        track = places(trace.qpos[: int(trace.ended[i]) + 1, i])
        reference = layout[subgoal.object] if subgoal.object else (np.nan, np.nan)
        records.append(
            {
                "frames": frames,
                "masks": masks,
                "dt": np.float32(max(len(track) - 1, 1) * TICK / (CLIP_FRAMES - 1)),
                "subgoal": json.dumps(subgoal.to_json()),
                "names": json.dumps(list(scene.names)),
                "subject": np.array(layout[subgoal.move], np.float32),
                "object": np.array(reference, np.float32),
                "target": np.array(push.target, np.float32),
                "start": _padded(track[0]),
                "final": _padded(track[-1]),
                "fell": np.pad(off_table(track[-1]), (0, MAX_OBJECTS - track.shape[1])),
                "scene": scene_id,
            }
        )
    return records


def make_shard(path: Path, seed: int, index: int, clips: int = SHARD) -> None:
    """Write one shard; what it holds depends on `seed` and `index` alone."""
    rng = np.random.default_rng([seed, index])
    records: list[Record] = []
    while len(records) < clips:
        records += scene_records(rng, index * SHARD + len(records) // PUSHES_PER_SCENE)
    columns = {k: np.stack([np.asarray(r[k]) for r in records[:clips]]) for k in records[0]}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **columns)
    os.replace(part, path)


def _job(job: tuple[Path, int, int, int]) -> int:
    make_shard(*job)
    return job[3]


def make_video_data(out: Path, n: int = 16384, seed: int = 0, workers: int = 1) -> Path:
    """Make `n` clips as shards under `out`; a killed run goes on where it stopped.

    Args:
      out: folder, made when absent.
      n: clips in all, those already there included.
      seed: the same seed makes the same clips, however many workers there are.
      workers: processes.

    Raises:
      BadInput: nothing to make.
    """
    if n < 1 or workers < 1:
        raise BadInput(f"n and workers must be at least 1, not {n} and {workers}")
    out.mkdir(parents=True, exist_ok=True)
    jobs = []
    for index in range((n + SHARD - 1) // SHARD):
        clips = min(SHARD, n - index * SHARD)
        path = out / f"clips-{seed}-{index:05d}-{clips}.npz"
        if not path.exists():
            jobs.append((path, seed, index, clips))
    with tqdm(total=n, initial=n - sum(j[3] for j in jobs), desc="clips", unit="clip") as bar:
        if workers == 1:
            for job in jobs:
                bar.update(_job(job))
        else:
            with multiprocessing.get_context("spawn").Pool(workers) as pool:
                for done in pool.imap_unordered(_job, jobs):
                    bar.update(done)
    return out


def read_shards(folder: Path, keys: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return the named columns of all shards under `folder`, in order of their names.

    Raises:
      BadInput: there are none.
    """
    paths = sorted(folder.glob("clips-*.npz"))
    if not paths:
        raise BadInput(f"no clips in {folder}; make some: mindseye data video --out {folder}")
    columns: dict[str, list[NDArray[Any]]] = {k: [] for k in keys}
    for path in paths:
        with np.load(path) as shard:
            for key in keys:
                columns[key].append(shard[key])
    return {k: np.concatenate(v) for k, v in columns.items()}
