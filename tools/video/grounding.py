"""Grounding maps: where in the picture the words' referents are.

A text encoder this small does not learn which blob "the blue ball" is, and it
need not: the planner knows where its referents are. Each is drawn as a Gaussian
blob on the latent grid, at the pixel where the nominal camera sees it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.physics.camera import Camera
from mindseye.tools.values import Point

OBJECT_HEIGHT = 0.025
"""Height above the table at which referents are drawn, metres."""
SPREAD = 0.75
"""Standard deviation of a blob, latent cells."""


def blob(point: Point, grid: int) -> NDArray[np.float32]:
    """Return `[grid, grid]`: a Gaussian where the nominal camera sees the table place (metres)."""
    pixel = Camera.nominal().project([[*point, OBJECT_HEIGHT]], grid)[0]
    steps = np.arange(grid) + 0.5
    across = np.exp(-((steps - pixel[0]) ** 2) / (2 * SPREAD**2))
    down = np.exp(-((steps - pixel[1]) ** 2) / (2 * SPREAD**2))
    return np.outer(down, across).astype(np.float32)


def grounding_maps(points: Sequence[Point | None], grid: int = 8) -> NDArray[np.float32]:
    """Return `[len(points), grid, grid]`; a map of zeros where no place is given.

    Args:
      points: table places in metres: of the subject, of the reference object, and
        where the subject is pushed to.
      grid: side of the latent grid.
    """
    empty = np.zeros((grid, grid), dtype=np.float32)
    return np.stack([empty if p is None else blob(p, grid) for p in points])
