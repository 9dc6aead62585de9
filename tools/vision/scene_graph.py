"""From class map and votes to a scene graph in metres."""

import itertools
import math
from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mindseye.tools.goals import COLOURS, SHAPES, TABLE_HALF
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.scene import HEIGHT, PUSHER_REACH
from mindseye.tools.values import Patch, PatchKind, Point, SceneGraph, SceneObject
from mindseye.tools.vision.classes import (
    BACKGROUND,
    CELL,
    CLASSES,
    FIRST_OBJECT,
    GRID,
    ICE,
    PUSHER,
    SIZE,
    STICKY,
    TABLE,
)
from mindseye.tools.vision.outline import fit_camera

Array = NDArray[np.float64]

MIN_CELLS = 3
"""Fewer cells than this are no thing."""
TYPICAL_CELLS = 26.0
"""Cells that an object in full view covers."""
MIN_CONFIDENCE = 0.35
AGREE = 4.0
"""Votes of one thing meet within this many pixels of a `SIZE` frame."""
TOO_CLOSE = 0.03
"""Two things of which one stands on the other's place are one thing read twice, metres."""
BRINK = 0.003
"""A centre this far beyond the edge of the table is off it, metres."""
SURPRISE = 0.1
"""How much less likely a shape is that was not there before the clip began."""
MIN_PATCH_CELLS = 10
RIM = 0.0015
"""A cell half patch, half table is labelled table, so patches read this much too small, metres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """What the network says about one frame."""

    shares: NDArray[np.float32]
    """`[CLASSES, GRID, GRID]` probability of each class."""
    votes: NDArray[np.float32]
    """`[2, GRID, GRID]` offset (right, down) to the centre, pixels of a `SIZE` frame."""
    size: int = SIZE
    """Pixels a side of the frame itself, for boxes."""


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What one frame shows: what stands on the table, and what lies beside it."""

    graph: SceneGraph
    off_table: tuple[SceneObject, ...] = ()
    camera: Camera


@dataclass(frozen=True, kw_only=True, eq=False)
class _Thing:
    """Cells of one kind whose votes agree."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    centre: Array
    """`[2]` (column, row), pixels of a `SIZE` frame."""
    agreement: float
    """Share of the cells whose votes meet."""

    @property
    def middles(self) -> Array:
        """Return `[K, 2]` the middles of the cells in pixels of a `SIZE` frame."""
        return _middles(self.rows, self.columns)

    def box(self, size: int) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom) in pixels of a frame of `size`."""
        scale = size / GRID
        left, right = int(self.columns.min() * scale), int((self.columns.max() + 1) * scale)
        top, bottom = int(self.rows.min() * scale), int((self.rows.max() + 1) * scale)
        return left, top, right, bottom


def from_labels(
    labels: NDArray[np.uint8], centres: NDArray[np.float32], size: int = SIZE
) -> Reading:
    """Return the reading that a network without fault would give.

    Args:
      labels: `[GRID, GRID]` true classes.
      centres: `[CLASSES, 2]` projected centres in pixels, NaN where there is none.
      size: pixels a side of the frame.
    """
    rows, columns = np.mgrid[:GRID, :GRID]
    middles = np.stack([columns, rows]) * CELL + CELL / 2
    return Reading(
        shares=(np.arange(CLASSES)[:, None, None] == labels).astype(np.float32),
        votes=np.nan_to_num(centres[labels].transpose(2, 0, 1) - middles).astype(np.float32),
        size=size,
    )


def _middles(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
    middles: Array = np.column_stack([columns, rows]).astype(float) * CELL + CELL / 2
    return middles


def _things(reading: Reading, mask: NDArray[np.bool_], least: int) -> list[_Thing]:
    """Group the cells of a mask: connected, then joined where their votes meet.

    What stands in front may cut a thing in two: both halves vote for one centre.
    Things of one colour may touch: their cells vote for two.
    """
    n, marks = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    rows, columns = np.nonzero(mask)
    mark = marks[rows, columns]
    voted = _middles(rows, columns) + reading.votes[:, rows, columns].T
    groups: list[NDArray[np.intp]] = []
    for i in range(1, n):
        groups += _split(voted, np.flatnonzero(mark == i))
    groups.sort(key=lambda g: -len(g))
    found: list[_Thing] = []
    while groups:
        seed = np.median(voted[groups[0]], axis=0)
        near = [np.linalg.norm(np.median(voted[g], axis=0) - seed) <= AGREE for g in groups]
        cells = np.concatenate([g for g, n in zip(groups, near, strict=True) if n])
        groups = [g for g, n in zip(groups, near, strict=True) if not n]
        if len(cells) >= least:
            found.append(_agree(voted[cells], rows[cells], columns[cells]))
    return found


def _split(voted: Array, cells: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Part connected cells by where they vote, the best supported centre first."""
    groups = []
    while len(cells):
        gaps = np.linalg.norm(voted[cells][:, None] - voted[cells][None], axis=-1)
        centre = np.argmax((gaps <= AGREE).sum(axis=1))
        mine = gaps[centre] <= AGREE
        groups.append(cells[mine])
        cells = cells[~mine]
    return groups


def _agree(voted: Array, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> _Thing:
    """Average the votes that lie near their median."""
    fits = np.linalg.norm(voted - np.median(voted, axis=0), axis=1) <= AGREE
    centre = voted[fits].mean(axis=0) if fits.any() else np.median(voted, axis=0)
    return _Thing(rows=rows, columns=columns, centre=centre, agreement=float(fits.mean()))


def _beyond(points: Array, slack: float) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = np.abs(points).max(axis=-1) > TABLE_HALF + slack
    return result


def _place(thing: _Thing, shape: str, camera: Camera) -> tuple[Point, bool]:
    """Return where an object stands and whether that is off the table."""
    height = HEIGHT[shape]
    place = camera.unproject(thing.centre, SIZE, height)[0]
    shown = np.median(camera.unproject(thing.middles, SIZE, height), axis=0)
    # Something that lies on the floor behind the table's edge has its centre hidden, but all
    # that is seen of it is beyond the edge.
    off = bool(_beyond(place, BRINK) or _beyond(shown, 2 * BRINK))
    return (float(place[0]), float(place[1])), off


def _shape_evidence(reading: Reading, thing: _Thing, first: int) -> Array:
    """Return `[4]` log-probabilities of the shapes, from all cells of the thing together.

    Neighbouring cells err together, so the sum counts for as many as a third of them.
    """
    cells = reading.shares[first : first + len(SHAPES), thing.rows, thing.columns]
    shares = np.maximum(cells / np.maximum(cells.sum(axis=0), 1e-9), 1e-3)
    total: Array = np.log(shares).sum(axis=1, dtype=float) / 3
    total -= np.logaddexp.reduce(total)
    return total


def _named(
    reading: Reading, things: list[_Thing], colour: str, expected: Collection[str]
) -> list[tuple[_Thing, str, float]]:
    """Give things of one colour their shapes, each shape once, and how sure that is.

    Of two that look like the same shape one must be another: what a thing is
    is weighed over all ways to give each its own shape.
    """
    things = sorted(things, key=lambda t: -len(t.rows))[: len(SHAPES)]
    first = FIRST_OBJECT + COLOURS.index(colour) * len(SHAPES)
    evidence = np.stack([_shape_evidence(reading, t, first) for t in things])
    if expected:
        known = [f"{colour} {shape}" in expected for shape in SHAPES]
        evidence = evidence + np.where(known, 0.0, np.log(SURPRISE))
        evidence -= np.logaddexp.reduce(evidence, axis=1, keepdims=True)
    ways = np.array(list(itertools.permutations(range(len(SHAPES)), len(things))))
    weight = np.exp(evidence[np.arange(len(things)), ways].sum(axis=1))
    best = ways[np.argmax(weight)]
    sure = [float(weight[ways[:, i] == k].sum() / weight.sum()) for i, k in enumerate(best)]
    return [(t, SHAPES[k], s) for t, k, s in zip(things, best, sure, strict=True)]


def _objects(
    reading: Reading, camera: Camera, expected: Collection[str]
) -> tuple[tuple[SceneObject, ...], tuple[SceneObject, ...]]:
    """Return what is on the table and what is beside it, each in the order of the classes."""
    kinds = reading.shares[FIRST_OBJECT:].reshape(len(COLOURS), len(SHAPES), GRID, GRID)
    by_colour = kinds.sum(axis=1)
    solid = by_colour.sum(axis=0) > reading.shares[:FIRST_OBJECT].max(axis=0)
    strongest = by_colour.argmax(axis=0)
    found: list[tuple[SceneObject, bool, float]] = []
    for c, colour in enumerate(COLOURS):
        mask = solid & (strongest == c)
        things = _things(reading, mask, MIN_CELLS) if mask.any() else []
        for thing, shape, sure in _named(reading, things, colour, expected) if things else ():
            place, off = _place(thing, shape, camera)
            share = len(thing.rows) / TYPICAL_CELLS
            clear = float(by_colour[c, thing.rows, thing.columns].mean()) * thing.agreement
            item = SceneObject(
                referent=f"{colour}_{shape}_1",
                colour=colour,
                shape=shape,
                position=place,
                confidence=min(1.0, sure * clear * min(1.0, 4 * share, 3.0 / share)),
                box=thing.box(reading.size),
            )
            if item.confidence >= MIN_CONFIDENCE:
                found.append((item, off, len(thing.rows) * clear))
    kept = sorted(_without_echoes(found), key=lambda f: (
        COLOURS.index(f[0].colour), SHAPES.index(f[0].shape)))  # fmt: skip
    return tuple(o for o, off, _ in kept if not off), tuple(o for o, off, _ in kept if off)


def _without_echoes(
    found: list[tuple[SceneObject, bool, float]],
) -> list[tuple[SceneObject, bool, float]]:
    """Drop readings that stand on the place of one read from more cells."""
    kept: list[tuple[SceneObject, bool, float]] = []
    for candidate in sorted(found, key=lambda f: -f[2]):
        place = candidate[0].position
        if all(math.dist(place, o.position) > TOO_CLOSE for o, _, _ in kept):
            kept.append(candidate)
    return kept


def _pusher(reading: Reading, camera: Camera) -> Point | None:
    things = _things(reading, reading.shares.argmax(axis=0) == PUSHER, MIN_CELLS)
    if not things:
        return None
    best = max(things, key=lambda t: len(t.rows))
    place = np.clip(camera.unproject(best.centre, SIZE)[0], -PUSHER_REACH, PUSHER_REACH)
    return float(place[0]), float(place[1])


def _rim(classes: NDArray[np.intp], thing: _Thing) -> Array:
    """Return `[K, 2]` pixels on the rim of a patch: only where it meets bare table.

    Where an object or the edge of the table cuts it off is no rim.
    """
    padded = np.pad(classes, 1, constant_values=BACKGROUND)
    points = []
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        meets = padded[thing.rows + 1 + down, thing.columns + 1 + right] == TABLE
        points.append(thing.middles[meets] + np.array([right, down]) * CELL / 2)
    return np.concatenate(points)


def _circle(points: Array) -> tuple[Array, float]:
    """Fit a circle to `[K, 2]` points (Kasa 1976); return its centre and radius."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    solution = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)[0]
    centre = solution[:2]
    return centre, float(np.sqrt(max(0.0, solution[2] + centre @ centre)))


def _patch(rim: Array, thing: _Thing, kind: PatchKind, camera: Camera) -> Patch | None:
    """Fit a disc on the table: the votes say where, the rim says how large."""
    if len(rim) < 6:
        return None
    on_table = camera.unproject(rim, SIZE)
    place = camera.unproject(thing.centre, SIZE)[0]
    radius = float(np.median(np.linalg.norm(on_table - place, axis=1)))
    fitted, fitted_radius = _circle(on_table)
    if np.linalg.norm(fitted - place) < 0.02:  # Two independent guesses that agree.
        place, radius = (place + fitted) / 2, (radius + fitted_radius) / 2
    radius += RIM
    if not 0.02 <= radius <= TABLE_HALF:
        return None
    return Patch(kind=kind, position=(float(place[0]), float(place[1])), radius=radius)


def _patches(reading: Reading, camera: Camera) -> tuple[Patch, ...]:
    classes = reading.shares.argmax(axis=0)
    kinds: tuple[tuple[PatchKind, int], ...] = (("ice", ICE), ("sticky", STICKY))
    found = [
        _patch(_rim(classes, thing), thing, name, camera)
        for name, kind in kinds
        if (classes == kind).any()
        for thing in _things(reading, classes == kind, MIN_PATCH_CELLS)
    ]
    return tuple(p for p in found if p is not None)


def extract(
    reading: Reading, nominal: Camera | None = None, expected: Collection[str] = ()
) -> Sighting:
    """Turn a reading into a scene graph.

    Args:
      reading: class shares and votes of one frame.
      nominal: where the camera is believed to stand; small errors are mended from the outline
        of the table.
      expected: names of what should be there; something else needs clearer evidence then.

    Raises:
      ValueError: the shares do not have the shape of a reading.
    """
    if reading.shares.shape != (CLASSES, GRID, GRID):
        raise ValueError(f"shares are {reading.shares.shape}, not {(CLASSES, GRID, GRID)}")
    inside = reading.shares[TABLE] - reading.shares[BACKGROUND]
    camera = fit_camera(inside, nominal or Camera.nominal())
    on_table, off_table = _objects(reading, camera, expected)
    graph = SceneGraph(
        objects=on_table, pusher=_pusher(reading, camera), patches=_patches(reading, camera)
    )
    return Sighting(graph=graph, off_table=off_table, camera=camera)
