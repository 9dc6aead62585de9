"""Who plays in a clip: the things that a frame shows, cut out of it, and what is behind them.

The vision model says what is there and where; each thing's pixels are then parted from
the background by colour (a pixel at its rim is a mixture of the two), and the hole it
leaves is filled from around it. Moving a thing moves its pixels, so colour, shape and
count survive a clip by construction, and what stays keeps the camera's own pixels.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mindseye.tools.gl import mujoco
from mindseye.tools.goals import OBJECT_RADIUS, TABLE_HALF
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.render import Renderer
from mindseye.tools.physics.scene import FLOOR, HEIGHT, PUSHER_UP, Scene, build, class_of
from mindseye.tools.values import Frames, Patch, Point, SceneObject
from mindseye.tools.vision.classes import BACKGROUND, GRID, PUSHER, SIZE
from mindseye.tools.vision.model import TabletopVision
from mindseye.tools.vision.outline import THICKNESS
from mindseye.tools.vision.scene_graph import Reading, Sighting, extract

Array = NDArray[np.float64]
Image = NDArray[np.float32]

BAND = 2
"""Pixels on either side of a thing's outline that may be mixtures."""
PUSHER_TALL = 0.05
"""From the pusher's centre to its top, metres."""
NEAREST = 0.2
"""What is nearer to the camera, or behind it, is not drawn, metres."""
FELL = -0.03
"""Centres below this are beneath the table top, metres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sprite:
    """The pixels of one thing, premultiplied, in a box of a `SIZE` frame."""

    colour: Image
    """`[h, w, 3]` times `alpha`."""
    alpha: Image
    """`[h, w]` in [0, 1]."""
    corner: tuple[int, int]
    """(left, top) of the box."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cast:
    """What one frame shows, ready to be moved."""

    names: tuple[str, ...]
    """Of the objects."""
    places: Array
    """`[N + 1, 3]` centres, metres; the pusher comes last, NaN where it is not seen."""
    patches: tuple[Patch, ...]
    camera: Camera
    sprites: tuple[Sprite | None, ...]
    """One for each place; None where nothing of it is seen."""
    frame: Image
    """`[SIZE, SIZE, 3]`, the frame itself."""
    empty: Image
    """`[SIZE, SIZE, 3]`, the frame without the things."""
    beyond: NDArray[np.bool_]
    """`[SIZE, SIZE]`: what is not table; what falls is seen there only."""

    @property
    def spare(self) -> bool:
        """Say whether the pusher is out of the frame, or cut off by its edge."""
        return self.sprites[-1] is None

    @property
    def layout(self) -> dict[str, Point]:
        """Name -> place, metres."""
        return {
            n: (float(p[0]), float(p[1])) for n, p in zip(self.names, self.places, strict=False)
        }


def _sized(frame: Frames, size: int) -> Image:
    if len(frame) == size:
        return frame.astype(np.float32)
    how = cv2.INTER_AREA if len(frame) > size else cv2.INTER_CUBIC
    resized: Image = cv2.resize(frame, (size, size), interpolation=how).astype(np.float32)
    return resized


def cast_of(
    vision: TabletopVision,
    frames: Sequence[Frames],
    pushers: Sequence[Sequence[float] | None],
) -> list[Cast]:
    """Find and cut out the things of each frame; all are read in one batch.

    Args:
      vision: finds them.
      frames: square `[H, W, 3] uint8`.
      pushers: `[3]` or `[2]` metres, where the pusher is known to be, None where it is not.
    """
    readings = vision.read(frames)
    return [
        _cast(reading, extract(reading, vision.camera), _sized(frame, SIZE), pusher)
        for reading, frame, pusher in zip(readings, frames, pushers, strict=True)
    ]


def _cast(
    reading: Reading, sighting: Sighting, frame: Image, pusher: Sequence[float] | None
) -> Cast:
    graph, camera = sighting.graph, sighting.camera
    places = [[*o.position, HEIGHT[o.shape]] for o in graph.objects]
    at = pusher if pusher is not None else graph.pusher
    place = [math.nan] * 3 if at is None else [*at[:2], at[2] if len(at) > 2 else PUSHER_UP]
    masks = _masks(reading, sighting)
    everything = np.any(masks, axis=0)
    empty = _filled(frame, everything, _table(camera))
    hidden = masks[-1]
    outline = [
        _footprint(camera, p, HEIGHT[o.shape]) for p, o in zip(places, graph.objects, strict=True)
    ]
    sprites = [
        _sprite(frame, empty, mask, hidden & ~everything_but(masks, i) & shape)
        for i, (mask, shape) in enumerate(zip(masks[:-1], outline, strict=True))
    ]
    whole = not _cut_off(masks[-1])
    sprites.append(_sprite(frame, empty, masks[-1], np.zeros_like(hidden)) if whole else None)
    shares = reading.shares
    beyond = shares[BACKGROUND] > 0.5
    return Cast(
        names=graph.names,
        places=np.array([*places, place], dtype=float),
        patches=graph.patches,
        camera=camera,
        sprites=tuple(sprites),
        frame=frame,
        empty=empty,
        beyond=beyond.repeat(SIZE // GRID, 0).repeat(SIZE // GRID, 1),
    )


def everything_but(masks: Sequence[NDArray[np.bool_]], i: int) -> NDArray[np.bool_]:
    """Return where objects other than the `i`-th are seen."""
    others = [m for k, m in enumerate(masks[:-1]) if k != i]
    nothing = np.zeros_like(masks[-1])
    return np.asarray(np.any([nothing, *others], axis=0))


def _masks(reading: Reading, sighting: Sighting) -> list[NDArray[np.bool_]]:
    """Return `[SIZE, SIZE]` for each object and the pusher: the cells that are of its kind.

    Cells of a colour whose shape is misread here and there are still its own, where
    no other thing of that colour is nearer.
    """
    objects = sighting.graph.objects
    winner = reading.shares.argmax(axis=0)
    rows, columns = np.mgrid[:GRID, :GRID]
    middles = np.stack([columns, rows], axis=-1) * (SIZE / GRID) + SIZE / GRID / 2
    shown = np.array(
        [sighting.camera.project([[*o.position, HEIGHT[o.shape]]], SIZE)[0] for o in objects]
    ).reshape(-1, 2)
    colour = (winner - PUSHER - 3) // len(HEIGHT)
    masks = []
    for i, o in enumerate(objects):
        kind = (class_of(o.name) - PUSHER - 3) // len(HEIGHT)
        alike = [k for k, p in enumerate(objects) if p.colour == o.colour]
        gaps = np.linalg.norm(middles[:, :, None] - shown[alike], axis=-1)
        mine = gaps.argmin(axis=-1) == alike.index(i)
        near = gaps[:, :, alike.index(i)] < SIZE / 10
        masks.append((winner > PUSHER + 2) & (colour == kind) & mine & near)
    masks.append(winner == PUSHER)
    scale = SIZE // GRID
    return [m.repeat(scale, 0).repeat(scale, 1) for m in masks]


def _cut_off(mask: NDArray[np.bool_]) -> bool:
    """Say whether something reaches the edge of the frame: then it may go on beyond it."""
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def _grown(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    size = 2 * by + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    grown: NDArray[np.bool_] = cv2.dilate(mask.astype(np.uint8), kernel) > 0
    return grown


def _table(camera: Camera) -> NDArray[np.bool_]:
    """Return the pixels of the table, its near side included."""
    corners = [(x, y, z) for x in (-1, 1) for y, z in ((-1, 0.0), (1, 0.0), (-1, -THICKNESS))]
    points = [[x * TABLE_HALF, y * TABLE_HALF, z] for x, y, z in corners]
    hull = cv2.convexHull(camera.project(points, SIZE).round().astype(np.int32))
    mask = np.zeros((SIZE, SIZE), dtype=np.uint8)
    cv2.fillConvexPoly(mask, hull, 1)
    return mask > 0


def _filled(frame: Image, mask: NDArray[np.bool_], table: NDArray[np.bool_]) -> Image:
    """Return the frame with what is under the mask painted from around it.

    The table is painted from the table, what is beside it from what is beside it: each
    pixel from the nearest that shows, smoothed.
    """
    hole = _grown(mask, BAND + 1)
    filled = frame.copy()
    edge = _grown(table, 2) & _grown(~table, 2)
    for side in (table, ~table):
        source = side & ~hole & ~edge
        if not source.any():
            continue
        nearest = cv2.distanceTransformWithLabels(
            (~source).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )[1]
        colours = np.zeros((int(nearest.max()) + 1, 3), dtype=np.float32)
        colours[nearest[source]] = frame[source]
        into = side & hole
        painted = cv2.blur(colours[nearest], (5, 5))
        filled[into] = painted[into]
    return filled


@functools.cache
def _spare_pusher() -> tuple["Sprite", Camera, Array]:
    """Return the pusher as the nominal camera sees it over the middle of an empty table.

    It comes into clips that begin without it in view, or with a part of it.
    """
    scene = Scene(bodies=())
    model = build(scene)
    data = mujoco.MjData(model)
    place = np.array([0.0, 0.0, PUSHER_UP])
    data.qpos[:] = place
    mujoco.mj_kinematics(model, data)
    drawn = Renderer(scene, model, SIZE).render(data)
    mask = drawn.labels == PUSHER
    frame = drawn.colour.astype(np.float32)
    empty = _filled(frame, mask, _table(scene.appearance.camera))
    sprite = _sprite(frame, empty, mask, np.zeros_like(mask))
    if sprite is None:
        raise RuntimeError("the nominal camera does not see the pusher")
    return sprite, scene.appearance.camera, place


def _footprint(camera: Camera, place: Sequence[float], height: float) -> NDArray[np.bool_]:
    """Return the pixels that an upright disc of an object's size at the place would cover."""
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * OBJECT_RADIUS * 0.8
    points = [[place[0] + x, place[1] + y, z] for x, y in ring for z in (0.0, 2 * height)]
    hull = cv2.convexHull(camera.project(points, SIZE).round().astype(np.int32))
    mask = np.zeros((SIZE, SIZE), dtype=np.uint8)
    cv2.fillConvexPoly(mask, hull, 1)
    return mask > 0


def _sprite(
    frame: Image, empty: Image, mask: NDArray[np.bool_], hidden: NDArray[np.bool_]
) -> Sprite | None:
    """Part a thing from its background.

    Args:
      frame: `[SIZE, SIZE, 3]`.
      empty: the same without the things.
      mask: where it is seen.
      hidden: where it must be too, behind the pusher: there it gets its own mean colour.
    """
    if mask.sum() < 8:
        return None
    grown = _grown(mask | hidden, BAND)
    rows, columns = np.flatnonzero(grown.any(axis=1)), np.flatnonzero(grown.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    mine, shown, behind, band = mask[box], frame[box], empty[box], grown[box]
    inside = ~_grown(~mine, 1) & mine
    core = inside if inside.any() else mine
    mean = shown[core].mean(axis=0)
    # The colour of the thing itself at the rim is that of its nearest pixel well inside.
    nearest = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    table = np.zeros((int(nearest.max()) + 1, 3), dtype=np.float32)
    table[nearest[core]] = shown[core]
    own = table[nearest]
    own[hidden[box]] = mean
    span = own - behind
    share = ((shown - behind) * span).sum(axis=-1) / np.maximum((span**2).sum(axis=-1), 1.0)
    alpha = np.where(core | hidden[box], 1.0, np.clip(share, 0.0, 1.0) * band)
    alpha = alpha.astype(np.float32)
    return Sprite(
        colour=(own * alpha[..., None]).astype(np.float32),
        alpha=alpha,
        corner=(int(columns[0]), int(rows[0])),
    )


def _upright(camera: Camera, place: Array) -> Array:
    """Return `[2]` pixels from the middle of the pusher at a place to its top."""
    low, high = camera.project([place, np.add(place, (0.0, 0.0, PUSHER_TALL))], SIZE)
    return np.asarray(high - low)


def _leaning(old: Array, new: Array) -> Array:
    """Return `[2, 2]`: what makes a thing lean as the other upright does, as wide as before."""
    if abs(old[1]) < 1e-6:
        return np.eye(2)
    size = float(np.linalg.norm(new) / np.linalg.norm(old))
    new = new / max(size, 1e-6)
    return np.array([[1.0, (new[0] - old[0]) / old[1]], [0.0, new[1] / old[1]]])


def _depth(camera: Camera, place: Array) -> float:
    return float((place - np.asarray(camera.position)) @ camera.axes()[2])


def _carried(cast: Cast, i: int, place: Array) -> tuple[Sprite, Array, Array] | None:
    """Return the pixels of thing `i`, and the turn `[2, 2]` and shift `[2]` that carry them.

    None where nothing of it is seen.
    """
    sprite, camera = cast.sprites[i], cast.camera
    start, seen_by = cast.places[i], camera
    if i == len(cast.names) and cast.spare:
        sprite, seen_by, start = _spare_pusher()
    if sprite is None or _depth(camera, place) < NEAREST:
        return None
    turn = np.eye(2) * _depth(seen_by, start) / _depth(camera, place)
    if i == len(cast.names):
        # It is tall: how it leans in the picture is seen.
        turn = turn @ _leaning(_upright(seen_by, start), _upright(camera, place))
    old, new = seen_by.project(start, SIZE)[0], camera.project(place, SIZE)[0]
    return sprite, turn, new - turn @ (old - sprite.corner)


def _paint(canvas: Image, touched: NDArray[np.bool_], cast: Cast, i: int, place: Array) -> None:
    """Draw thing `i` of the cast at a place into the canvas."""
    carried = _carried(cast, i, place)
    if carried is None:
        return
    sprite, turn, shift = carried
    h, w = sprite.alpha.shape
    corners = shift + np.array([[0, 0], [w, 0], [0, h], [w, h]]) @ turn.T
    x0, y0 = np.floor(corners.min(axis=0)).astype(int) - 1
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + 2
    if x1 <= 0 or y1 <= 0 or x0 >= SIZE or y0 >= SIZE:
        return
    # A pixel's middle is half a pixel from its corner, in the sprite as in the canvas.
    matrix = np.column_stack([turn, shift - [x0, y0] + turn @ [0.5, 0.5] - 0.5])
    layers = np.concatenate([sprite.colour, sprite.alpha[..., None]], axis=-1)
    size = (int(x1 - x0), int(y1 - y0))
    moved = cv2.warpAffine(layers, matrix, size, flags=cv2.INTER_LINEAR)
    a, b = np.s_[max(y0, 0) : min(y1, SIZE)], np.s_[max(x0, 0) : min(x1, SIZE)]
    part = moved[a.start - y0 : a.stop - y0, b.start - x0 : b.stop - x0]
    alpha = part[..., 3:]
    colour = part[..., :3]
    if place[2] < FELL:
        seen = cast.beyond[a, b][..., None]
        alpha, colour = alpha * seen, colour * seen
    canvas[a, b] = canvas[a, b] * (1 - alpha) + colour
    touched[a, b] |= alpha[..., 0] > 0.02


def draw(cast: Cast, places: Array) -> Frames:
    """Return the frame `[SIZE, SIZE, 3] uint8` with the things at other places.

    Where nothing is or was that moved, it keeps the pixels that were given.

    Args:
      cast: who plays.
      places: `[N + 1, 3]` centres, metres; the pusher last.
    """
    canvas = cast.empty.copy()
    touched = np.zeros((SIZE, SIZE), dtype=bool)
    there = np.asarray(np.isfinite(places + cast.places).all(axis=1))
    moved = there & (np.linalg.norm(places - cast.places, axis=1) > 1e-4)
    order = [i for i in np.argsort([-_far(cast, p) for p in places]) if there[i]]
    for i in order:
        _paint(canvas, touched, cast, int(i), places[i])
    changed = np.zeros((SIZE, SIZE), dtype=bool)
    for i in np.flatnonzero(moved):
        for place in (cast.places[i], places[i]):
            mark = np.zeros((SIZE, SIZE), dtype=bool)
            _paint(np.zeros_like(canvas), mark, cast, int(i), place)
            changed |= mark
    changed = _grown(changed, 1)
    shown = np.where(changed[..., None], canvas, cast.frame)
    frame: Frames = np.clip(shown, 0, 255).round().astype(np.uint8)
    return frame


def _far(cast: Cast, place: Array) -> float:
    """Return how far a place is from the camera, so that what is nearer is drawn later."""
    if not np.isfinite(place).all():
        return 0.0
    below = 10.0 if place[2] < FELL else 0.0
    return below + float(np.linalg.norm(place - np.asarray(cast.camera.position)))


def beside_table(thing: SceneObject, camera: Camera) -> Array:
    """Return `[3]` metres: where on the floor a thing lies that fell off the table.

    Vision reads its place as if it stood at the table's height.
    """
    height = HEIGHT[thing.shape]
    shown = camera.project([*thing.position, height], SIZE)
    return np.array([*camera.unproject(shown, SIZE, FLOOR + height)[0], FLOOR + height])


def placed(cast: Cast, sighting: Sighting, pusher: Sequence[float] | None) -> Mapping[int, Array]:
    """Return where another frame shows the things of the cast: slot -> `[3]` metres.

    Things keep their names; one that the frame does not show has no place in it.

    Args:
      cast: who plays.
      sighting: what the other frame shows.
      pusher: where the pusher is known to be in it, metres; by default where it is seen.
    """
    seen = {o.name: o for o in (*sighting.off_table, *sighting.graph.objects)}
    found: dict[int, Array] = {}
    for i, name in enumerate(cast.names):
        if name in seen:
            o = seen[name]
            fell = o in sighting.off_table
            standing = np.array([*o.position, HEIGHT[o.shape]])
            found[i] = beside_table(o, sighting.camera) if fell else standing
    at = pusher if pusher is not None else sighting.graph.pusher
    last = cast.places[-1]
    if at is not None and np.isfinite(last).all():
        height = at[2] if len(at) > 2 else float(last[2])
        found[len(cast.names)] = np.array([at[0], at[1], height])
    return found
