"""Draws what was simulated, from the side: all bodies at one scale and on one clock.

Parallel rays are cast through a stage that is built for the picture alone; no GL.
Bodies are drawn larger than life, or a ball thrown 20 m would be less than a pixel.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.gl import mujoco
from mindseye.tools.physics.lab.contact import RADIUS
from mindseye.tools.physics.lab.experiment import Experiment
from mindseye.tools.physics.lab.measures import end_time
from mindseye.tools.physics.lab.simulate import Track
from mindseye.tools.physics.render import halve
from mindseye.tools.values import Clip, Frames, Provenance

Array = NDArray[np.float64]

FRAMES = 8
BODY = 0.06
"""Half the size of a drawn body; the longest way in the picture is 1."""
LANE = 0.5
"""Distance of lanes that lie behind one another."""
BELOW = 0.15
"""How far below its floor a falling body is followed, in lengths of the floor."""
_TILT = math.radians(20)
"""The camera looks down by so much, so that lanes show above one another."""
_LIGHT = np.array([-0.35, -0.6, 0.72])
_AMBIENT = 0.55
_THICK = 0.02
"""Half the thickness of the ground."""
_BACKGROUND = (58, 62, 70)
_GROUND = (196, 176, 148)
_COLOURS = {
    "red": (214, 48, 40), "blue": (42, 88, 214), "green": (52, 160, 62), "yellow": (240, 204, 44),
    "purple": (138, 58, 184), "orange": (240, 134, 30), "white": (238, 238, 238),
    "black": (24, 24, 26), "brown": (120, 76, 40), "pink": (240, 140, 180), "grey": (140, 140, 144),
    "gray": (140, 140, 144),
}  # fmt: skip
_ROUND = ("ball", "marble", "puck", "stone", "sphere", "coin", "apple", "orange", "egg", "orb")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ground:
    """A box that body `of` moves on, or is thrown off."""

    of: int
    centre: Array
    half: Array
    """Half its size, `[3]`."""
    tilt: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stage:
    """Where everything is, in units of the longest way."""

    places: Array
    """`[T, N, 3]` centres of the bodies."""
    tilts: tuple[float, ...]
    """Radians about y, of each body."""
    grounds: tuple[_Ground, ...]
    dt: float


def draw_clip(
    experiment: Experiment, tracks: Sequence[Track], size: int = 64, frames: int = FRAMES
) -> Clip:
    """Return a clip of `frames` pictures `[size, size, 3]`, evenly spaced from start to end."""
    stage = _set_stage(experiment, tracks, frames)
    colours = _colours(experiment, len(stage.grounds))
    pictures = _cast(stage, _model(experiment, stage), colours, 2 * size)
    request = hashlib.sha256(repr(experiment).encode()).hexdigest()[:12]
    return Clip(
        frames=halve(pictures),
        dt=stage.dt,
        provenance=Provenance(source="physics", model="mujoco", seed=0, request=request),
    )


def _set_stage(experiment: Experiment, tracks: Sequence[Track], frames: int) -> _Stage:
    ends = []
    for body, track in zip(experiment.bodies, tracks, strict=True):
        end = end_time(experiment, body, track)
        if experiment.edge:
            fallen = np.flatnonzero(track.position[:, 1] < -BELOW * body.length)
            end = float(track.time[fallen[0]]) if len(fallen) else end
        ends.append(end if math.isfinite(end) else float(track.time[-1]))
    last = max(ends) or 1.0
    clock = np.linspace(0.0, last, frames)
    rows = [
        np.stack([np.interp(np.minimum(clock, end), t.time, t.position[:, k]) for k in (0, 1)], -1)
        for t, end in zip(tracks, ends, strict=True)
    ]
    ways, tilts = _in_the_world(experiment, np.stack(rows, axis=1))
    span = float(max(np.ptp(ways[..., 0]), np.ptp(ways[..., 1]), 1e-12))
    ways = ways / span
    places = np.zeros((*ways.shape[:2], 3))
    places[..., 0], places[..., 2] = ways[..., 0], ways[..., 1]
    grounds = [
        g for i in range(len(tilts)) for g in _grounds(experiment, i, places, tilts[i], span)
    ]
    shifts = _shifts(experiment, RADIUS * tracks[0].scale / span)
    for i, tilt in enumerate(tilts):
        places[:, i] += shifts[i] + BODY * np.array([math.sin(tilt), 0.0, math.cos(tilt)])
    if experiment.scene != "collision":
        grounds = [replace(g, centre=g.centre + shifts[g.of]) for g in grounds]
    return _Stage(places=places, tilts=tilts, grounds=tuple(grounds), dt=last / (frames - 1))


def _in_the_world(experiment: Experiment, rows: Array) -> tuple[Array, tuple[float, ...]]:
    """Turn `[T, N, 2]` lane coordinates into metres right and above the ground, and tilts."""
    found, tilts = rows.copy(), []
    for i, body in enumerate(experiment.bodies):
        tilt = 0.0
        if experiment.scene in ("free_fall", "projection") and math.isfinite(body.height):
            found[:, i, 1] = np.maximum(rows[:, i, 1] + body.height, 0.0)
        elif experiment.scene == "slope":
            tilt = -body.angle if body.direction == "up" else body.angle
            found[:, i, 0] = rows[:, i, 0] * math.cos(tilt)
            found[:, i, 1] = -rows[:, i, 0] * math.sin(tilt)
            found[:, i, 1] -= found[:, i, 1].min()
        tilts.append(tilt)
    return found, tuple(tilts)


def _grounds(
    experiment: Experiment, i: int, places: Array, tilt: float, span: float
) -> list[_Ground]:
    """Return the ground under body `i`, and the edge that it is thrown off."""
    body, x, z = experiment.bodies[i], places[:, i, 0], places[:, i, 2]
    if not math.isfinite(body.height):
        return []
    low, high = float(x.min()) - 2 * BODY, float(x.max()) + 2 * BODY
    if experiment.edge:
        high = body.length / span
    normal = np.array([math.sin(tilt), 0.0, math.cos(tilt)])
    middle = np.array([(low + high) / 2, 0.0, (z.min() + z.max()) / 2 if tilt else 0.0])
    half = np.array([(high - low) / 2 / math.cos(tilt), 0.11, _THICK])
    found = [_Ground(of=i, centre=middle - _THICK * normal, half=half, tilt=tilt)]
    drop = body.height / span
    if experiment.scene == "projection" and drop > 0.02:
        edge = np.array([BODY, 0.11, drop / 2])
        found.append(_Ground(of=i, centre=np.array([-BODY / 2, 0.0, drop / 2]), half=edge))
    return found


def _shifts(experiment: Experiment, radius: float) -> list[Array]:
    """Put lanes apart: falls side by side, others behind one another, a collision in one."""
    count = len(experiment.bodies)
    if experiment.scene == "collision":
        # Drawn larger than they are, they are to touch when the true ones touch.
        return [np.array([side * (BODY - radius), 0.0, 0.0]) for side in (-1, 1)]
    if experiment.scene == "free_fall":
        return [np.array([4 * BODY * i, 0.0, 0.0]) for i in range(count)]
    return [np.array([0.0, LANE * i, 0.0]) for i in range(count)]


def _model(experiment: Experiment, stage: _Stage) -> mujoco.MjModel:
    spec, geom = mujoco.MjSpec(), mujoco.mjtGeom
    # Geom ids follow the bodies' order: the world's pieces of ground come first.
    for ground in stage.grounds:
        turn = [math.cos(ground.tilt / 2), 0, math.sin(ground.tilt / 2), 0]
        spec.worldbody.add_geom(
            type=geom.mjGEOM_BOX, pos=ground.centre, size=ground.half, quat=turn
        )
    flying = experiment.scene in ("free_fall", "projection")
    for body, tilt in zip(experiment.bodies, stage.tilts, strict=True):
        turn = [math.cos(tilt / 2), 0, math.sin(tilt / 2), 0]
        part = spec.worldbody.add_body(mocap=True, quat=turn)
        words = body.name.lower().split()
        ball = flying or any(w in _ROUND for w in words)
        kind = geom.mjGEOM_SPHERE if ball else geom.mjGEOM_BOX
        part.add_geom(type=kind, size=[BODY, BODY, BODY])
    return spec.compile()


def _colours(experiment: Experiment, grounds: int) -> NDArray[np.float32]:
    """Return the colour of every geom, the background last."""
    stated = [
        next((w for w in body.name.lower().split() if w in _COLOURS), None)
        for body in experiment.bodies
    ]
    left = iter(name for name in _COLOURS if name not in stated)
    chosen = [_COLOURS[name or next(left)] for name in stated]
    return np.array([_GROUND] * grounds + chosen + [_BACKGROUND], np.float32)


def _cast(stage: _Stage, model: mujoco.MjModel, colours: NDArray[np.float32], size: int) -> Frames:
    """Cast parallel rays at all frames at once; return `[T, size, size, 3]`."""
    forward = np.array([0.0, math.cos(_TILT), -math.sin(_TILT)])
    up = np.array([0.0, math.sin(_TILT), math.cos(_TILT)])
    corners = [p + sign * BODY for p in stage.places.reshape(-1, 3) for sign in (-1, 1)]
    corners += [g.centre for g in stage.grounds]
    seen = np.array([[c[0], c @ up] for c in corners])
    centre, half = (seen.min(0) + seen.max(0)) / 2, 1.06 * np.ptp(seen, axis=0).max() / 2
    steps = ((np.arange(size) + 0.5) / size * 2 - 1) * half
    u, v = np.meshgrid(steps + centre[0], -steps + centre[1])
    origins = u[..., None] * [1.0, 0.0, 0.0] + v[..., None] * up - 10 * forward
    batch = mujoco.batch.Batch(model, nsim=len(stage.places), nthread=1)
    batch.mocap_pos[:] = stage.places
    _, geom, normal = batch.ray(origins.reshape(-1, 3), forward, normal=True)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    shade = _AMBIENT + (1 - _AMBIENT) * np.clip(normal @ light, 0, 1)
    shade[geom < 0] = 1.0
    lit: Frames = np.clip(colours[geom] * shade[..., None], 0, 255).astype(np.uint8)
    return lit.reshape(-1, size, size, 3)
