"""Clips on disk into training windows: eight moments, and which of them are told.

A window is eight ticks of a recorded future: those of a planner's clip, or any evenly
spaced ones. Some frames are given (the first, a goal, the past, a tail) and so are
sometimes the words, the place pushed to and the pusher's path; the rest is to be
imagined. Places are misread as vision misreads them.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.goals import COLOURS, SHAPES
from mindseye.tools.physics.scene import TICK
from mindseye.tools.video.captions import attempted, mirrored, with_gaps
from mindseye.tools.video.data import Record
from mindseye.tools.video.shards import read_records
from mindseye.tools.video.tokens import (
    FRAMES,
    KINDS,
    PATH,
    PUSHER,
    SUB,
    THINGS,
    Told,
)

PATCHES = 2
"""Slots for ice and sticky discs."""
MISREAD = 0.0025
"""Standard deviation of the places that are told, metres."""
SPACINGS = (1, 2, 2, 3, 4, 6, 8)
"""Ticks between frames of windows that are not a planner's clip."""
WHOLE = 0.25
"""Share of windows of evenly spaced ticks that span the whole recording."""
PLAIN = 0.3
"""Share of windows of pushes that are not a planner's clip either."""

# Shares of windows that are told something.
WORDS, ATTEMPTS, TARGET, PATHS, ROLES = 0.8, 0.4, 0.4, 0.45, 0.95
GOAL, PAST, TAIL, SCATTERED = 0.18, 0.2, 0.05, 0.05


def one_hot(name: str) -> NDArray[np.float32]:
    """Return `[KINDS]` for an object's name, or for "pusher"."""
    row = np.zeros(KINDS, dtype=np.float32)
    if name == "pusher":
        row[-1] = 1.0
        return row
    colour, shape = name.split()
    row[COLOURS.index(colour)] = 1.0
    row[len(COLOURS) + SHAPES.index(shape)] = 1.0
    return row


def patch_rows(patches: Any) -> NDArray[np.float32]:
    """Return `[PATCHES, 5]` (x, y, radius, ice, sticky); slots that are left over are zero."""
    rows = np.zeros((PATCHES, 5), dtype=np.float32)
    for row, patch in zip(rows, patches, strict=False):
        row[:] = [*patch["position"], patch["radius"],
                  patch["kind"] == "ice", patch["kind"] == "sticky"]  # fmt: skip
    return rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Futures:
    """Recorded futures side by side: `R` of them, `L` ticks, padded with where they ended."""

    ways: NDArray[np.float32]
    """`[R, L, THINGS, 3]` where everything is, the pusher last, metres; NaN where not seen."""
    sent: NDArray[np.float32]
    """`[R, L, 3]` where the pusher was sent."""
    length: NDArray[np.int64]
    """`[R]` ticks."""
    rows: NDArray[np.int64]
    """`[R, 8]` ticks of the planner's frames."""
    kinds: NDArray[np.float32]
    """`[R, THINGS, KINDS]`."""
    patches: NDArray[np.float32]
    """`[R, PATCHES, 5]`."""
    seen: NDArray[np.bool_]
    """`[R, L]` whether anything but the pusher was seen."""
    meta: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.meta)


def read_futures(folder: Path, longest: int = 151) -> Futures:
    """Read all clips under `folder`, states only.

    Args:
      folder: what `make_video_data` wrote.
      longest: ticks that are kept of each.

    Raises:
      BadInput: there are no clips.
    """
    return futures_of(list(read_records(folder, frames=False)), longest)


def futures_of(records: list[Record], longest: int = 151) -> Futures:
    """Put records side by side; see `read_futures`."""
    if not records:
        raise BadInput("no clips")
    n = len(records)
    ways = np.zeros((n, longest, THINGS, 3), dtype=np.float32)
    sent = np.zeros((n, longest, 3), dtype=np.float32)
    kinds = np.zeros((n, THINGS, KINDS), dtype=np.float32)
    seen = np.zeros((n, longest), dtype=bool)
    for i, record in enumerate(records):
        rows = np.minimum(np.arange(longest), len(record.pusher) - 1)
        objects = record.positions.shape[1]
        ways[i, :, :objects] = record.positions[rows]
        ways[i, :, PUSHER] = record.pusher[rows]
        sent[i] = record.sent[rows]
        seen[i] = np.isfinite(record.positions[rows]).all(axis=-1).any(axis=-1)
        for k, name in enumerate(record.meta["names"]):
            kinds[i, k] = one_hot(name)
        kinds[i, PUSHER] = one_hot("pusher")
    return Futures(
        ways=ways,
        sent=sent,
        length=np.array([min(len(r.pusher), longest) for r in records]),
        rows=np.minimum([r.meta["rows"] for r in records], longest - 1),
        kinds=kinds,
        patches=np.stack([patch_rows(r.meta["patches"]) for r in records]),
        seen=seen,
        meta=[r.meta for r in records],
    )


def split_off(futures: Futures, n: int) -> tuple[Futures, Futures]:
    """Return all futures but the last `n`, and those."""

    def part(rows: slice) -> Futures:
        names = [f.name for f in dataclasses.fields(Futures)]
        return Futures(**{name: getattr(futures, name)[rows] for name in names})

    return part(slice(0, -n)), part(slice(-n, None))


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Windows to learn from."""

    told: Told
    ways: torch.Tensor
    """`[B, N, T, 3]` the true ways from the place that was told, metres."""
    weight: torch.Tensor
    """`[B, N, T]` 1 for what is to be imagined and was seen, else 0."""
    texts: list[str]


def pusher_path(sent: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return `[B, PATH, 3]`: where the pusher was sent at and between frames.

    Args:
      sent: `[B, L, 3]` by tick.
      rows: `[B, 8]` ticks of the frames.
    """
    steps = np.arange(PATH) / SUB
    low = np.minimum(steps.astype(np.int64), FRAMES - 2)
    share = (steps - low).astype(np.float32)
    at = rows[:, low] * (1 - share) + rows[:, low + 1] * share
    floor = np.minimum(at.astype(np.int64), sent.shape[1] - 2)
    rest = (at - floor)[..., None].astype(np.float32)
    which = np.arange(len(rows))[:, None]
    path: NDArray[np.float32] = (
        sent[which, floor] * (1 - rest) + sent[which, floor + 1] * rest
    ).astype(np.float32)
    return path


def _mark(roles: NDArray[np.float32], names: list[str], subgoal: dict[str, Any]) -> None:
    """Say in `[N, 2]` which things a subgoal speaks of."""
    roles[names.index(subgoal["move"]), 0] = 1.0
    if subgoal.get("object"):
        roles[names.index(subgoal["object"]), 1] = 1.0


def _meant(told: Told, roles: NDArray[np.float32], target: NDArray[np.float32]) -> Told:
    return dataclasses.replace(told, roles=torch.from_numpy(roles), target=torch.from_numpy(target))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Drawn:
    """Which moments of which futures windows show, and what of them is told."""

    picks: NDArray[np.int64]
    """`[B]` futures."""
    rows: NDArray[np.int64]
    """`[B, T]` ticks of the frames."""
    known: NDArray[np.bool_]
    """`[B, T]`: which frames are given."""
    anchor: NDArray[np.int64]
    """`[B]`: which of them ways are told from."""
    sign: NDArray[np.float32]
    """`[B]`: -1 where it is seen in a mirror, else 1."""
    said: NDArray[np.bool_]
    """`[B]`: whether the pusher's path is told."""
    timed: NDArray[np.bool_]
    """`[B]`: whether the seconds between frames are."""


class Windows:
    """Draws training windows from recorded futures."""

    def __init__(self, futures: Futures, rng: np.random.Generator) -> None:
        self.futures, self.rng = futures, rng
        self.pushed = np.array([m["kind"] == "push" for m in futures.meta])

    def draw(self, n: int) -> Batch:
        """Return `n` random windows."""
        return self.of(self.rng.integers(len(self.futures), size=n))

    def of(self, picks: NDArray[np.int64]) -> Batch:
        """Return a window of each of the given futures."""
        rng, n = self.rng, len(picks)
        clip = self.pushed[picks] & (rng.random(n) > PLAIN)
        rows = np.where(clip[:, None], self.futures.rows[picks], self._even(picks))
        known, anchor = self._known(n, clip)
        rows = np.where(clip[:, None], rows, self._seen_at(picks, rows, anchor))
        sign = np.where(rng.random(n) < 0.5, -1.0, 1.0).astype(np.float32)
        said = rng.random(n) < PATHS
        timed = said | (rng.random(n) < 0.3)
        batch = self._batch(
            _Drawn(
                picks=picks, rows=rows, known=known, anchor=anchor, sign=sign, said=said,
                timed=timed,
            )
        )  # fmt: skip
        texts, roles, target = self._words(picks, clip, sign)
        return dataclasses.replace(batch, texts=texts, told=_meant(batch.told, roles, target))

    def asked(
        self, picks: NDArray[np.int64], *, words: bool = False, path: bool = False,
        goal: bool = False, target: bool = False,
    ) -> Batch:  # fmt: skip
        """Return planner's clips of pushes as they are asked for when it counts: told just this.

        Args:
          picks: which futures.
          words: the planner's own words, and who they speak of.
          path: the pusher's path.
          goal: the last frame.
          target: where it is pushed to.
        """
        n = len(picks)
        known = np.zeros((n, FRAMES), dtype=bool)
        known[:, 0], known[:, -1] = True, goal
        one, yes = np.ones(n, np.float32), np.full(n, path)
        anchor = np.zeros(n, dtype=np.int64)
        batch = self._batch(
            _Drawn(
                picks=picks, rows=self.futures.rows[picks], known=known, anchor=anchor, sign=one,
                said=yes, timed=yes,
            )
        )  # fmt: skip
        roles = np.zeros((n, THINGS, 2), dtype=np.float32)
        aims = np.full((n, 2), np.nan, dtype=np.float32)
        texts = [""] * n
        for i, pick in enumerate(picks):
            meta = self.futures.meta[pick]
            if words:
                texts[i] = meta["captions"][0]
                _mark(roles[i], meta["names"], meta["subgoal"])
            if target:
                aims[i] = meta["target"]
        return dataclasses.replace(batch, texts=texts, told=_meant(batch.told, roles, aims))

    def _batch(self, drawn: _Drawn) -> Batch:
        sign = drawn.sign
        mirror = np.stack([sign, np.ones_like(sign), np.ones_like(sign)], axis=-1)
        at = self.futures.ways[drawn.picks[:, None], drawn.rows] * mirror[:, None, None]
        at = at.transpose(0, 2, 1, 3)
        told = self._told(drawn, at)
        seen = torch.from_numpy(~np.isnan(at).any(axis=-1))
        ways = torch.from_numpy(np.nan_to_num(at)) - told.places[:, :, None]
        ways = ways * seen[..., None]
        weight = (seen & ~told.known & told.valid[..., None]).float()
        return Batch(told=told, ways=ways, weight=weight, texts=[""] * len(told))

    def _even(self, picks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Draw `[n, 8]` evenly spaced ticks: close ones, or over a whole recording."""
        rng, n = self.rng, len(picks)
        last = (self.futures.length[picks] - 1).astype(float)
        whole = rng.random(n) < WHOLE
        step = np.where(whole, last / (FRAMES - 1), rng.choice(SPACINGS, n))
        first = rng.random(n) * np.maximum(last - step * (FRAMES - 1) / 2, 1) * ~whole
        rows = np.round(np.floor(first)[:, None] + step[:, None] * np.arange(FRAMES))
        return np.asarray(np.minimum(rows.astype(np.int64), self.futures.ways.shape[1] - 1))

    def _seen_at(
        self, picks: NDArray[np.int64], rows: NDArray[np.int64], anchor: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the ticks moved together by so much that something was seen in the anchor."""
        last = self.futures.seen.shape[1] - 1
        tick = rows[np.arange(len(rows)), anchor]
        gap = np.abs(np.arange(last + 1) - tick[:, None])
        nearest = np.where(self.futures.seen[picks], gap, last + 1).argmin(axis=1)
        return np.asarray(np.clip(rows + (nearest - tick)[:, None], 0, last))

    def _known(
        self, n: int, clip: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Draw which frames are given, `[n, T]`, and which of them is the anchor, `[n]`."""
        rng = self.rng
        known = np.zeros((n, FRAMES), dtype=bool)
        known[:, 0] = True
        kind = rng.random(n)
        past = (kind < PAST) & ~clip
        upto = rng.integers(1, FRAMES - 1, size=n)
        known |= past[:, None] & (np.arange(FRAMES) <= upto[:, None])
        tail = (kind >= PAST) & (kind < PAST + TAIL)
        known = np.where(tail[:, None], np.arange(FRAMES) >= upto[:, None], known)
        known[:, -1] |= rng.random(n) < GOAL
        known |= (rng.random(n) < SCATTERED)[:, None] & (rng.random((n, FRAMES)) < 0.3)
        first = known.argmax(axis=1)
        # The anchor is the last frame of the past, the first of a tail.
        return known, np.where(past, upto, first)

    def _told(self, drawn: _Drawn, at: NDArray[np.float32]) -> Told:
        rng, n, picks, anchor = self.rng, len(at), drawn.picks, drawn.anchor
        read = at + rng.normal(0, MISREAD, at.shape).astype(np.float32) * [1, 1, 0]
        read = read.astype(np.float32)
        places = np.nan_to_num(read[np.arange(n), :, anchor])
        shown = drawn.known[:, None, :] & ~np.isnan(at).any(axis=-1)
        shown |= (np.arange(FRAMES) == anchor[:, None])[:, None]
        ways = np.where(shown[..., None], np.nan_to_num(read) - places[:, :, None], 0.0)
        # What the anchor does not show is not in the cast.
        there = np.asarray(~np.isnan(at[np.arange(n), :, anchor]).any(axis=-1))
        kinds = self.futures.kinds[picks] * there[..., None]
        valid = np.asarray(kinds.any(axis=-1))
        path = pusher_path(self.futures.sent[picks], drawn.rows)
        path[:, :, 0] *= drawn.sign[:, None]
        seconds = (np.diff(drawn.rows, axis=1) * TICK).astype(np.float32)
        path[~drawn.said | np.isnan(path).any(axis=(1, 2))] = np.nan
        seconds[~drawn.timed] = np.nan
        patches = self.futures.patches[picks].copy()
        patches[:, :, 0] *= drawn.sign[:, None]
        return Told(
            kinds=torch.from_numpy(kinds),
            places=torch.from_numpy(places),
            patches=torch.from_numpy(patches),
            roles=torch.zeros(n, THINGS, 2),
            target=torch.full((n, 2), torch.nan),
            path=torch.from_numpy(path),
            seconds=torch.from_numpy(seconds),
            known=torch.from_numpy(shown & valid[..., None]),
            ways=torch.from_numpy((ways * valid[..., None, None]).astype(np.float32)),
        )

    def _words(
        self, picks: NDArray[np.int64], clip: NDArray[np.bool_], sign: NDArray[np.float32]
    ) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
        rng = self.rng
        texts: list[str] = []
        roles = np.zeros((len(picks), THINGS, 2), dtype=np.float32)
        target = np.full((len(picks), 2), np.nan, dtype=np.float32)
        for i, pick in enumerate(picks):
            meta = self.futures.meta[pick]
            if not clip[i] or rng.random() >= WORDS:
                texts.append("")
                continue
            text, subgoal, aimed = self._saying(meta)
            texts.append(with_gaps(text if sign[i] > 0 else mirrored(text), rng))
            if rng.random() < ROLES:
                _mark(roles[i], meta["names"], subgoal)
            if aimed and rng.random() < TARGET:
                target[i] = np.multiply(meta["target"], [sign[i], 1.0])
        return texts, roles, target

    def _saying(self, meta: dict[str, Any]) -> tuple[str, dict[str, Any], bool]:
        """Return words, what they ask for, and whether that is what the push was aimed at."""
        rng = self.rng
        if not meta["reached"] and meta["described"] is not None and rng.random() < 0.4:
            told = meta["described"]
            return str(rng.choice(told["captions"])), told["subgoal"], False
        said = meta["captions"]
        text = said[0] if rng.random() < 0.4 else str(rng.choice(said))
        if not meta["reached"] or rng.random() < ATTEMPTS:
            text = attempted(text, rng)
        return text, meta["subgoal"], True
