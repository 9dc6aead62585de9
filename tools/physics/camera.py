"""A pinhole camera that looks down at the table, and its geometry both ways."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@functools.lru_cache(maxsize=256)
def _axes(position: tuple[float, float, float], target: tuple[float, float, float]) -> Array:
    # Kept: reading one frame asks for the axes of one camera twenty times.
    forward = np.subtract(target, position)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(right, forward), forward])
    axes.flags.writeable = False
    return axes


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where the camera stands (metres), what it looks at, and its field of view."""

    position: tuple[float, float, float] = (0.0, -0.56, 1.02)
    target: tuple[float, float, float] = (0.0, -0.015, 0.0)
    fovy: float = 37.0
    """Vertical field of view, degrees; images are square."""

    @classmethod
    def nominal(cls) -> "Camera":
        """Return the camera that every tool believes in."""
        return cls()

    def axes(self) -> Array:
        """Return `[3, 3]`, read-only: rows are the image's right, up and the viewing direction."""
        return _axes(self.position, self.target)

    def rays(self, size: int) -> Array:
        """Return `[size * size, 3]` unit directions through the pixel centres, row by row."""
        half = np.tan(np.radians(self.fovy) / 2)
        steps = ((np.arange(size) + 0.5) / size * 2 - 1) * half
        u, v = np.meshgrid(steps, -steps)
        local = np.stack([u, v, np.ones_like(u)], axis=-1).reshape(-1, 3)
        directions: Array = local @ self.axes()
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return directions

    def project(self, points: ArrayLike, size: int) -> Array:
        """Return `[N, 2]` pixel coordinates (column, row) of `[N, 3]` points in metres.

        A whole number is a pixel's left or upper border, so pixel 0 has its centre at 0.5.
        """
        local = (np.atleast_2d(np.asarray(points, float)) - self.position) @ self.axes().T
        half = np.tan(np.radians(self.fovy) / 2)
        scaled = local[:, :2] / (local[:, 2:] * half)
        result: Array = (scaled * [1, -1] + 1) / 2 * size
        return result

    def unproject(self, pixels: ArrayLike, size: int, z: float = 0.0) -> Array:
        """Return `[N, 2]` table places (metres) of pixels seen at height `z`."""
        half = np.tan(np.radians(self.fovy) / 2)
        scaled = (np.atleast_2d(np.asarray(pixels, float)) / size * 2 - 1) * half
        local = np.column_stack([scaled[:, 0], -scaled[:, 1], np.ones(len(scaled))])
        directions = local @ self.axes()
        origin = np.asarray(self.position)
        distance = (z - origin[2]) / directions[:, 2]
        result: Array = origin[:2] + directions[:, :2] * distance[:, None]
        return result
