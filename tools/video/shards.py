"""Clips on disk: WebDataset tar files, written whole or not at all, with a data card.

Members that share a key make a clip: `KEY.json` (words, names, patches, frame rows),
`KEY.states.npz` (`positions`, `pusher`, `sent`) and, where they were drawn, `KEY.frames.npz`
(`frames`, `masks`).
Any WebDataset reader takes them; what a shard holds depends on the seed and its
number alone, so more workers change nothing but the time.
"""

import functools
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mindseye.tools.errors import BadInput
from mindseye.tools.shards import Shards, npz, read_tar, write_tar
from mindseye.tools.video.data import PER_SCENE, Record, scene_records

SHARD = 256
"""Clips in one file."""
CARD = """---
license: apache-2.0
task_categories: [image-to-video]
---
# Tabletop clips

{n} clips of 8 {what}, made by
`mindseye data video --n {n} --seed {seed}{option}` with the project's own simulator: pushes that
succeed and fail (about a quarter is play without a goal), on random scenes with ice and sticky
patches, crowds, heavy things and rolling balls. Each clip comes with words, actions and states,
and where it is drawn with class masks. WebDataset format:
`KEY.json`, `KEY.frames.npz`, `KEY.states.npz`; metres, tenths of a second.
"""


def _members(record: Record) -> dict[str, bytes]:
    states = npz(positions=record.positions, pusher=record.pusher, sent=record.sent)
    members = {"json": json.dumps(record.meta).encode(), "states.npz": states}
    if record.frames.size:
        members["frames.npz"] = npz(frames=record.frames, masks=record.masks)
    return members


def write_shard(path: Path, records: Sequence[Record]) -> None:
    """Write records as one tar file, whole or not at all."""
    write_tar(path, map(_members, records))


def make_shard(path: Path, seed: int, index: int, clips: int = SHARD, frames: bool = True) -> None:
    """Make one shard; what it holds depends on `seed` and `index` alone, drawn or not."""
    records: list[Record] = []
    for scene in range((clips + PER_SCENE - 1) // PER_SCENE):
        records += scene_records(np.random.default_rng([seed, index, scene]), frames)
    write_shard(path, records[:clips])


def make_video_data(
    out: Path,
    n: int = 16384,
    seed: int = 0,
    workers: int | None = None,
    shard: int = SHARD,
    frames: bool = True,
    ray: str | None = None,
) -> Path:
    """Make `n` clips as shards under `out`; a killed run goes on where it stopped.

    Args:
      out: folder, made when absent.
      n: clips in all, those already there included.
      seed: the same seed makes the same clips, however many workers there are.
      workers: processes, one by default; with `ray` as many workers as there is room for.
      shard: clips in one file.
      frames: draw pictures and masks. Our own generator learns from states, which are the same
        without them and made in two thirds of the time; the sample sheets of its training show
        clips that have them.
      ray: address of a Ray cluster whose workers make them.

    Raises:
      BadInput: nothing to make.
      Unavailable: no such cluster, or shards that cost every worker its life.
    """
    make = functools.partial(make_shard, frames=frames)
    shards = Shards(out=out, stem="clips", seed=seed, size=shard, make=make)
    shards.write(n, workers, "clip", ray)
    option, what = ("", "frames at 64x64") if frames else (" --no-frames", "ticks, not drawn")
    card = CARD.format(n=n, seed=seed, option=option, what=what)
    (out / "README.md").write_text(card)
    return out


def read_records(folder: Path, frames: bool = True) -> Iterator[Record]:
    """Yield all clips under `folder`, in the order of the shards' names.

    Args:
      folder: what `make_video_data` wrote.
      frames: read pictures and masks too, where they were drawn; else both are empty.

    Raises:
      BadInput: there are none.
    """
    paths = sorted(folder.glob("clips-*.tar"))
    if not paths:
        raise BadInput(f"no clips in {folder}; make some: mindseye data video --out {folder}")
    for path in paths:
        for member in read_tar(path):
            states = np.load(io.BytesIO(member["states.npz"]))
            drawn = frames and "frames.npz" in member
            shown = np.load(io.BytesIO(member["frames.npz"])) if drawn else {}
            empty = np.zeros(0, dtype=np.uint8)
            yield Record(
                meta=json.loads(member["json"]),
                frames=shown["frames"] if drawn else empty,
                masks=shown["masks"] if drawn else empty,
                positions=states["positions"],
                pusher=states["pusher"],
                sent=states["sent"],
            )
