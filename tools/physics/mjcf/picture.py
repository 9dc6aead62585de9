"""Draws what was simulated from the side, by casting rays: no GL, whatever the scene."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.gl import mujoco

Array = NDArray[np.float64]

SKY, GROUND = (226.0, 233.0, 241.0), (158.0, 150.0, 138.0)
LIGHT = np.array([-0.4, -0.5, 0.77])
AWAY = 5.0
"""The camera stands this many times the picture's half width away."""
ELEVATION = 0.1
"""Radians by which the camera looks down, so that the ground shows."""


def draw_clip(model: mujoco.MjModel, shown: Sequence[Array], size: int) -> NDArray[np.uint8]:
    """Return `[F, size, size, 3]` of the states `shown` (each a `qpos`), all in one view.

    The view holds everything that moves, and looks along the horizontal axis on
    which least happens.
    """
    data = mujoco.MjData(model)
    low, high = _extent(model, data, shown)
    span = high - low
    reach = max(0.05, 0.55 * float(max(span)))
    right = np.array([1.0, 0, 0]) if span[0] >= span[1] else np.array([0, 1.0, 0])
    level = np.array([-right[1], right[0], 0.0])
    forward = level * np.cos(ELEVATION) - np.array([0, 0, np.sin(ELEVATION)])
    side = ((np.arange(size) + 0.5) / size * 2 - 1)[:, None]
    across = side * right
    up = -side * np.cross(right, forward)
    rays = (AWAY * forward + across[None, :, :] + up[:, None, :]).reshape(-1, 3)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    origin = (low + high) / 2 - AWAY * reach * forward
    return np.stack([_draw(model, data, qpos, origin, rays) for qpos in shown])


def _extent(
    model: mujoco.MjModel, data: mujoco.MjData, shown: Sequence[Array]
) -> tuple[Array, Array]:
    """Return the lowest and highest corner `[3]` of what moves, over all states, metres."""
    moves = (model.body_weldid[model.geom_bodyid] != 0) & (model.geom_rbound > 0)
    bound = model.geom_rbound[moves][:, None]
    corners = [np.zeros((1, 3))] if not moves.any() else []
    for qpos in shown:
        data.qpos[:] = qpos
        mujoco.mj_kinematics(model, data)
        place = data.geom_xpos[moves]
        corners += [place - bound, place + bound]
    every = np.concatenate(corners)
    return every.min(axis=0), every.max(axis=0)


def _draw(
    model: mujoco.MjModel, data: mujoco.MjData, qpos: Array, origin: Array, rays: Array
) -> NDArray[np.uint8]:
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    n, size = len(rays), round(len(rays) ** 0.5)
    geom, dist, normal = np.empty(n, dtype=np.int32), np.empty(n), np.empty(n * 3)
    mujoco.mj_multiRay(
        model, data, origin, rays.ravel(), np.ones(6, dtype=np.uint8), True, -1,
        geom, dist, normal, n, 1e9,
    )  # fmt: skip
    colour = np.vstack([model.geom_rgba[:, :3] * 255, [SKY]])
    colour[np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE)] = GROUND
    shade = 0.55 + 0.45 * np.clip(normal.reshape(n, 3) @ LIGHT, 0, 1)
    shade[geom < 0] = 1.0
    drawn = np.clip(colour[geom] * shade[:, None], 0, 255).astype(np.uint8)
    return np.asarray(drawn.reshape(size, size, 3))
