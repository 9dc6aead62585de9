"""Finds out where the camera really stands from the outline of the table.

A camera that was nudged by half a centimetre shifts everything it shows by as
much. The table's edges are long and straight, so together they say where the
camera is to a fraction of a pixel: one linear least-squares step on how far
each point of the outline lies from where the nominal camera would put it.
"""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.physics.camera import Camera
from mindseye.tools.vision.classes import CELL, SIZE

Array = NDArray[np.float64]

THICKNESS = 0.04
"""Of the table top, metres: what is seen of the near side is its lower edge."""
_SPREAD = np.array([0.010, 0.010, 0.010, 0.007, 0.007])
"""How far the camera (x, y, z) and its target (x, y) are believed to stray, metres."""
_POINTS = 28
"""Points looked at on each side of the table."""
_REACH = 9.0
"""Pixels of a `SIZE` frame searched on both sides of the nominal outline."""
_OFFSETS = np.arange(-_REACH, _REACH + 0.5)
_INSET = 0.5
"""A cell half table, half background is labelled background: the class map's table is this
many pixels too small on every side."""
_NOISE = 0.5
"""Standard error of one found edge point, pixels; neighbours share errors, so not less."""


def shifted(camera: Camera, change: Array) -> Camera:
    """Return the camera moved by `change`: position x, y, z and target x, y in metres."""
    x, y, z = camera.position
    tx, ty, tz = camera.target
    dx, dy, dz, dtx, dty = (float(c) for c in change)
    return Camera(
        position=(x + dx, y + dy, z + dz), target=(tx + dtx, ty + dty, tz), fovy=camera.fovy
    )


@functools.lru_cache(maxsize=8)
def _expectation(camera: Camera) -> tuple[Array, Array, Array]:
    """Return outline points `[N, 2]`, outward normals `[N, 2]`, and `[N, 5]` how they move."""
    along = np.linspace(-0.94, 0.94, _POINTS) * TABLE_HALF
    edge, flat = np.full(_POINTS, TABLE_HALF), np.zeros(_POINTS)
    sides = [
        np.column_stack([-edge, along, flat]),
        np.column_stack([edge, along, flat]),
        np.column_stack([along, edge, flat]),
        np.column_stack([along, -edge, flat - THICKNESS]),
    ]
    middle = camera.project([0.0, 0.0, 0.0], SIZE)[0]
    normals = []
    for side in sides:
        first, last = camera.project(side[[0, -1]], SIZE)
        across = np.array([last[1] - first[1], first[0] - last[0]])
        across /= np.linalg.norm(across)
        across *= np.sign((first - middle) @ across)
        normals.append(np.tile(across, (_POINTS, 1)))
    points, normal = np.concatenate(sides), np.concatenate(normals)
    seen = camera.project(points, SIZE)
    tiny = 1e-4
    columns = [
        ((shifted(camera, tiny * unit).project(points, SIZE) - seen) * normal).sum(1) / tiny
        for unit in np.eye(5)
    ]
    return seen, normal, np.stack(columns, axis=1)


def edge_offsets(inside: NDArray[np.float32], camera: Camera) -> tuple[Array, NDArray[np.bool_]]:
    """Return how far out the table ends at each outline point (pixels), and where that is known.

    Args:
      inside: `[GRID, GRID]`, 1 where the table is seen, -1 where the background is, about 0
        where something covers either.
      camera: the nominal camera.
    """
    seen, normal, _ = _expectation(camera)
    at = seen[:, None] + normal[:, None] * _OFFSETS[None, :, None]
    at = (at / CELL - 0.5).astype(np.float32)
    profile = cv2.remap(
        inside, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    left, right = profile[:, :-1], profile[:, 1:]
    crossing = (left > 0) & (right <= 0)
    distance = np.where(crossing, np.abs(_OFFSETS[:-1] + 0.5), np.inf)
    k = np.argmin(distance, axis=1)
    rows = np.arange(len(profile))
    a, b = left[rows, k].astype(float), right[rows, k].astype(float)
    offset = _INSET + _OFFSETS[k] + a / np.where(a > b, a - b, 1.0)
    # Two pixels to either side it must really be table and background, nothing else.
    inner = profile[rows, np.maximum(k - 2, 0)]
    outer = profile[rows, np.minimum(k + 3, profile.shape[1] - 1)]
    return offset, crossing.any(axis=1) & (inner > 0.7) & (outer < -0.7)


def fit_camera(inside: NDArray[np.float32], nominal: Camera) -> Camera:
    """Return the camera under which the table's outline lies where it is seen.

    Too little outline in view, or one that no camera near the nominal explains,
    leaves the nominal camera.
    """
    offset, known = edge_offsets(inside, nominal)
    if known.sum() < _POINTS:
        return nominal
    jacobian = _expectation(nominal)[2][known]
    measured = offset[known]
    prior = np.diag(1.0 / _SPREAD**2)
    weight: Array = np.ones(len(measured))
    change: Array = np.zeros(5)
    for _ in range(4):
        weighted = jacobian * (weight / _NOISE**2)[:, None]
        normal_matrix = weighted.T @ jacobian + prior
        change = np.asarray(np.linalg.solve(normal_matrix, weighted.T @ measured), dtype=float)
        miss = np.abs(measured - jacobian @ change)
        weight = _NOISE / np.maximum(miss, _NOISE)  # Huber
    if (np.abs(change) > 4 * _SPREAD).any():
        return nominal
    return shifted(nominal, change)
