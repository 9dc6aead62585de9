"""From a request to what the network is told: slots, roles, the pusher's path, given frames."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.rollouts import next_setpoint
from mindseye.tools.physics.scene import TICK
from mindseye.tools.values import Point
from mindseye.tools.video.cast import Cast
from mindseye.tools.video.tokens import FRAMES, KINDS, MAX_OBJECTS, PATH, PUSHER, THINGS, Told
from mindseye.tools.video.windows import one_hot, patch_rows, pusher_path

Array = NDArray[np.float64]

NEAR = 0.08
"""A place within this of a thing means the thing, metres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """What one clip is to be like, beside its frames."""

    text: str
    subject: Point | None = None
    object: Point | None = None
    target: Point | None = None
    sent: Array | None = None
    """`[A + 1, 3]` where the pusher is sent, by tick; None where that is not said."""
    ticks: NDArray[np.int64] | None = None
    """`[F]` ticks of the frames; None where that is not said."""


def slots(cast: Cast) -> tuple[NDArray[np.int64], list[int]]:
    """Return the slots of the cast's places that the network has room for, and which those are."""
    objects = list(range(min(len(cast.names), MAX_OBJECTS)))
    rows = [*objects, len(cast.names)]
    return np.array([*objects, PUSHER]), rows


def sent_by(actions: NDArray[np.float32], pusher: Sequence[float]) -> Array:
    """Return where the pusher is sent by actions, `[A + 1, 3]` metres, from where it is.

    Raises:
      ToolError: they are not `[A, 3]`, or not all numbers.
    """
    if actions.ndim != 2 or actions.shape[1] != 3 or len(actions) < 1:
        raise ToolError(f"actions are [A, 3]: dx, dy, lift; not {list(actions.shape)}")
    if not np.isfinite(actions).all():
        raise ToolError("actions hold numbers that are not finite")
    rows = [np.asarray(pusher, dtype=float)]
    for action in actions:
        rows.append(next_setpoint(rows[-1], np.asarray(action, dtype=float)))
    return np.stack(rows)


def mentioned(text: str, names: Sequence[str]) -> list[str]:
    """Return the names that the text holds, in the order in which it says them."""
    found = [(m.start(), n) for n in names if (m := re.search(rf"\b{n}\b", text.lower()))]
    return [n for _, n in sorted(found)]


def _roles(cast: Cast, asked: Asked) -> NDArray[np.float32]:
    """Say what the words move and relative to what: by place, else by name."""
    roles = np.zeros((THINGS, 2), dtype=np.float32)
    objects = min(len(cast.names), MAX_OBJECTS)
    said = mentioned(asked.text, cast.names[:objects])
    for role, place in enumerate((asked.subject, asked.object)):
        index = None
        if place is not None and objects:
            gaps = np.linalg.norm(cast.places[:objects, :2] - place, axis=1)
            index = int(gaps.argmin()) if gaps.min() < NEAR else None
        elif place is None and len(said) > role and (role == 0 or asked.subject is None):
            index = cast.names.index(said[role])
        if index is not None:
            roles[index, role] = 1.0
    return roles


def told_of(
    cast: Cast,
    asked: Asked,
    ways: Array,
    known: NDArray[np.bool_],
    anchor: int,
    first: int = 0,
) -> Told:
    """Return what the network is told of a window of eight frames.

    Args:
      cast: who plays.
      asked: what the clip is to be like.
      ways: `[N + 1, 8, 3]` from the cast's places, metres, where `known`.
      known: `[N + 1, 8]` which frames show where a thing is; the anchor shows all.
      anchor: the frame that ways are told from.
      first: index of the window's first frame in the clip.
    """
    slot, rows = slots(cast)
    kinds = np.zeros((THINGS, KINDS), dtype=np.float32)
    places = np.zeros((THINGS, 3), dtype=np.float32)
    told_ways = np.zeros((THINGS, FRAMES, 3), dtype=np.float32)
    told_known = np.zeros((THINGS, FRAMES), dtype=bool)
    names = [*cast.names, "pusher"]
    for s, r in zip(slot, rows, strict=True):
        here = cast.places[r] + ways[r, anchor]
        if not np.isfinite(here).all():
            continue
        kinds[s] = one_hot(names[r])
        places[s] = here
        told_known[s] = known[r]
        told_ways[s] = np.where(known[r][:, None], ways[r] - ways[r, anchor], 0.0)
    path, seconds = _path(asked, first)
    patches = [{"kind": p.kind, "position": p.position, "radius": p.radius} for p in cast.patches]
    target = (np.nan, np.nan) if asked.target is None else asked.target
    batch = {
        "kinds": kinds,
        "places": places,
        "patches": patch_rows(patches),
        "roles": _roles(cast, asked),
        "target": np.array(target, dtype=np.float32),
        "path": path,
        "seconds": seconds,
        "known": told_known,
        "ways": told_ways,
    }
    return Told(**{k: torch.from_numpy(v)[None] for k, v in batch.items()})


def _path(asked: Asked, first: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the pusher's path, `[PATH, 3]`, and seconds between frames, `[7]`, of a window."""
    if asked.ticks is None:
        seconds = np.full(FRAMES - 1, np.nan, dtype=np.float32)
        return _unsaid(), seconds
    last = len(asked.ticks) - 1
    rows = asked.ticks[np.minimum(np.arange(first, first + FRAMES), last)]
    # Beyond the clip's end time goes on as it went, with the pusher where it was.
    beyond = np.maximum(np.arange(first, first + FRAMES) - last, 0)
    pace = int(asked.ticks[-1] - asked.ticks[-2]) if last > 0 else 1
    rows = rows + beyond * max(pace, 1)
    seconds = (np.diff(rows) * TICK).astype(np.float32)
    if asked.sent is None:
        return _unsaid(), seconds
    sent = asked.sent.astype(np.float32)
    more = max(int(rows[-1]) + 2 - len(sent), 0)
    sent = np.concatenate([sent, sent[-1:].repeat(more, axis=0)])
    return pusher_path(sent[None], rows[None])[0], seconds


def _unsaid() -> NDArray[np.float32]:
    return np.full((PATH, 3), np.nan, dtype=np.float32)


def known_ways(
    cast: Cast, anchor: int, seen: Mapping[int, Mapping[int, Array]], frames: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Return ways `[N + 1, F, 3]` and which of them are known, `[N + 1, F]`.

    Args:
      cast: who plays, as the anchor frame shows them.
      anchor: its index.
      seen: frame index -> slot -> place, metres, of the other given frames.
      frames: of the clip.
    """
    n = len(cast.places)
    ways, known = np.zeros((n, frames, 3)), np.zeros((n, frames), dtype=bool)
    known[:, anchor] = True
    for index, places in seen.items():
        for i, place in places.items():
            ways[i, index] = place - cast.places[i]
            known[i, index] = True
    return ways, known
