"""Levers as small pictures: an arrow for two directions, a slider for one.

Where a picture shows a lever is read by comparing it with drawn ones, sharp and blurred, first of
a coarse grid, then of a fine one around the best. What takes sharpness and contrast away, as
generators do, does not move the best match; so no edge or centre of darkness is measured.
"""

import functools
import itertools
import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ACROSS = 11
"""Side of an arrow's field, pixels."""
REACH = 4.1
"""How far from the middle of the field a lever pushed all the way points, pixels."""
SLIDER = (10, 5)
"""Height and width of a slider, pixels."""
SLIDE = 3.2
"""How far from its middle the knob goes, pixels."""
SHAFT, BARB = 0.8, 3.2
"""Half width of an arrow's lines and longest length of its barbs, pixels."""
COARSE, FINE, TIMES = 1 / 16, 1 / 64, 4
"""Steps of the two grids, and how often the fine one goes into the coarse one."""
BLURS = (0.7, 1.2, 1.8)
"""Of the drawn ones that a picture is compared with; by the first it is blurred itself, standard
deviations in pixels."""
AROUND = 0.5
"""How dark it is around a lever's field."""


def ink(values: Array) -> Array:
    """Return how dark each pixel of levers is.

    Args:
      values: `[N, 2]` (right, up) of arrows or `[N, 1]` (up) of sliders, in [-1, 1].

    Returns:
      `[N, H, W]` in [0, 1].
    """
    return _arrows(values) if values.shape[1] == 2 else _sliders(values[:, 0])


def read_ink(seen: Array) -> Array:
    """Return where a picture `[H, W]` in [0, 1] shows a lever: `[2]` or `[1]` in [-1, 1]."""
    directions = 2 if seen.shape == (ACROSS, ACROSS) else 1
    looked = _pattern(seen[None], BLURS[0])[0]
    values, drawn = _coarse(directions)
    blur, best = divmod(int(np.argmax(drawn @ looked)), len(values))
    near = np.clip(values[best] + _grid(directions, FINE, TIMES), -1.0, 1.0)
    found: Array = near[np.argmax(_pattern(ink(near), BLURS[blur]) @ looked)]
    return found


def _grid(directions: int, step: float, times: int) -> Array:
    line = np.arange(-times, times + 1) * step
    return np.array(list(itertools.product(line, repeat=directions)))


@functools.lru_cache(maxsize=2)
def _coarse(directions: int) -> tuple[Array, Array]:
    """Return `[N, D]` places of levers, and `[B * N, P]` their patterns by each blur."""
    values = _grid(directions, COARSE, round(1 / COARSE))
    drawn = ink(values)
    return values, np.concatenate([_pattern(drawn, blur) for blur in BLURS])


def _pattern(pictures: Array, blur: float) -> Array:
    """Return `[N, P]` of pictures `[N, H, W]` that are blurred, what is around them too.

    A product of two is their correlation: how dark or faint they are does not count.
    """
    rows, columns = (_kernel(side, blur) for side in pictures.shape[1:])
    blurred = rows @ (pictures - AROUND) @ columns.T
    flat = blurred.reshape(len(pictures), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))


@functools.lru_cache(maxsize=16)
def _kernel(side: int, deviation: float) -> Array:
    gap = np.arange(-20, 21)
    at = np.arange(side)
    weight = np.exp(-0.5 * ((at[:, None] - at) / deviation) ** 2)
    return np.asarray(weight / np.exp(-0.5 * (gap / deviation) ** 2).sum())


def _sliders(up: Array) -> Array:
    high, wide = SLIDER
    rows = np.arange(high) + 0.5
    middle = high / 2 - SLIDE * up
    dark = np.clip(1.9 - np.abs(rows[None] - middle[:, None]), 0.0, 1.0)
    return np.repeat(dark[:, :, None], wide, axis=2)


def _arrows(values: Array) -> Array:
    """Return a shaft from the middle to the tip, and two barbs that grow with it."""
    tip = np.stack([values[:, 0], -values[:, 1]], axis=1) * REACH
    length = np.linalg.norm(tip, axis=1, keepdims=True)
    back = -tip / np.maximum(length, 1e-9) * np.minimum(BARB, 0.7 * length)
    near = _far(np.zeros_like(tip), tip)
    for turn in (0.7, -0.7):
        cos, sin = math.cos(turn), math.sin(turn)
        barb = np.stack([cos * back[:, 0] - sin * back[:, 1], sin * back[:, 0] + cos * back[:, 1]])
        near = np.minimum(near, _far(tip, tip + barb.T))
    return np.asarray(np.clip(SHAFT + 0.5 - near, 0.0, 1.0))


def _far(start: Array, end: Array) -> Array:
    """Return `[N, H, W]`: how far each pixel of a field is from lines, pixels."""
    at = np.arange(ACROSS) - (ACROSS - 1) / 2
    pixels = np.stack(np.meshgrid(at, at), axis=-1)[None]
    way = (end - start)[:, None, None]
    rel = pixels - start[:, None, None]
    along = (rel * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-12)
    gap = rel - np.clip(along, 0.0, 1.0)[..., None] * way
    return np.asarray(np.linalg.norm(gap, axis=-1))
