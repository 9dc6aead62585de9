"""Random scenes: which objects lie where, on what ground, in what light; and places misread."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from mindseye.tools.goals import COLOURS, SHAPES, TABLE_HALF
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.scene import Appearance, Body, Scene
from mindseye.tools.values import Patch, Point, SceneGraph, SceneObject

ALL_NAMES = tuple(f"{c} {s}" for c in COLOURS for s in SHAPES)
PLACE_ERROR = 0.005
"""Standard deviation of a place that vision reads, metres."""

Seen = TypeVar("Seen", Scene, SceneGraph)
Placed = TypeVar("Placed", Body, SceneObject)


def scatter(
    rng: np.random.Generator, n: int, gap: float = 0.085, edge: float = 0.045
) -> list[Point]:
    """Return `n` places on the table, at least `gap` metres apart and `edge` from the rim."""
    half = TABLE_HALF - edge
    for _ in range(1000):
        points = rng.uniform(-half, half, (n, 2))
        distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
        if (distance + np.eye(n) >= gap).all():
            return [(float(x), float(y)) for x, y in points]
    raise ValueError(f"no room for {n} objects with {gap} m between them")


def random_appearance(rng: np.random.Generator, strength: float = 1.0) -> Appearance:
    """Return light, colours and camera varied by `strength` (0: the nominal ones)."""
    s = strength
    angle = rng.uniform(0, 2 * math.pi)
    nominal = Appearance()
    camera = Camera.nominal()
    position = tuple(float(p + rng.normal(0, 0.006 * s)) for p in camera.position)
    target = tuple(float(t + rng.normal(0, 0.004 * s)) for t in camera.target)
    tint = rng.normal(0, 14 * s, 3) + rng.normal(0, 16 * s)
    table = tuple(int(np.clip(c + d, 60, 245)) for c, d in zip(nominal.table, tint, strict=True))
    back = tuple(int(np.clip(c + rng.normal(0, 16 * s), 0, 140)) for c in nominal.background)
    return Appearance(
        light=(math.cos(angle) * 0.7 * s - 0.3, math.sin(angle) * 0.7 * s - 0.4, 1.0),
        ambient=float(np.clip(0.55 + rng.uniform(-0.15, 0.15) * s, 0.3, 0.8)),
        hue=float(rng.uniform(-0.02, 0.02) * s),
        table=(table[0], table[1], table[2]),
        background=(back[0], back[1], back[2]),
        camera=Camera(
            position=(position[0], position[1], position[2]),
            target=(target[0], target[1], target[2]),
            fovy=camera.fovy,
        ),
        noise=float(rng.uniform(0, 4) * s),
    )


def random_patches(rng: np.random.Generator, n: int) -> tuple[Patch, ...]:
    """Return `n` ice or sticky patches anywhere on the table."""
    return tuple(
        Patch(
            kind="ice" if rng.random() < 0.6 else "sticky",
            position=(float(rng.uniform(-0.2, 0.2)), float(rng.uniform(-0.2, 0.2))),
            radius=float(rng.uniform(0.06, 0.11)),
        )
        for _ in range(n)
    )


def random_scene(
    rng: np.random.Generator,
    *,
    names: Sequence[str] | None = None,
    count: tuple[int, int] = (3, 6),
    patches: float = 0.25,
    appearance: float = 0.0,
    gap: float = 0.085,
) -> Scene:
    """Return a scene with objects at random places.

    Args:
      rng: the only source of chance.
      names: the objects; by default `count` (fewest, most) different ones.
      patches: probability that there is an ice or sticky patch.
      appearance: strength of the variation of light, colours and camera.
      gap: least distance between two centres, metres.
    """
    if names is None:
        n = int(rng.integers(count[0], count[1] + 1))
        names = [ALL_NAMES[i] for i in rng.choice(len(ALL_NAMES), n, replace=False)]
    places = scatter(rng, len(names), gap)
    bodies = tuple(
        Body(
            colour=name.split()[0],
            shape=name.split()[1],
            position=place,
            yaw=float(rng.uniform(0, 2 * math.pi)),
            mass=float(rng.uniform(0.05, 0.08)),
        )
        for name, place in zip(names, places, strict=True)
    )
    return Scene(
        bodies=bodies,
        patches=random_patches(rng, 1 if rng.random() < patches else 0),
        pusher=(float(rng.uniform(-0.3, 0.3)), float(rng.uniform(-0.36, -0.28))),
        appearance=random_appearance(rng, appearance),
    )


def misread(scene: Seen, rng: np.random.Generator, error: float = PLACE_ERROR) -> Seen:
    """Return the scene with every place off by as much as vision usually errs.

    Args:
      scene: as it was seen, or its twin.
      rng: the only source of chance.
      error: standard deviation of a place, metres.
    """
    if isinstance(scene, Scene):
        return replace(scene, bodies=_beside(scene.bodies, rng, error))
    return replace(scene, objects=_beside(scene.objects, rng, error))


def _beside(things: Sequence[Placed], rng: np.random.Generator, error: float) -> tuple[Placed, ...]:
    found = []
    for thing in things:
        dx, dy = rng.normal(0.0, error, 2)
        x, y = thing.position
        found.append(replace(thing, position=(x + float(dx), y + float(dy))))
    return tuple(found)
