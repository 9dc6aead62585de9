"""Recorded runs as clips that the video generator learns from: it gets better with use.

A clip is a push that was made. All that is known of it is what was seen: how things lay
before and after, what vision reads off the camera's frames in between, what the pusher
was told and where it felt itself to be. Where nothing was seen, places are NaN; the
world's true state is not in a record.
"""

import re
import sys
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from mindseye.planner.events import Acted, MediaRef, Observed, Proposed
from mindseye.planner.loop import REST
from mindseye.planner.record import Record as Run
from mindseye.planner.record import read_record
from mindseye.planner.runs import list_runs
from mindseye.tools.errors import BadInput
from mindseye.tools.physics.rollouts import clip_rows
from mindseye.tools.physics.scene import HEIGHT, PUSHER_DOWN, PUSHER_UP, TICK
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Frames, Push, SceneGraph, scene_of
from mindseye.tools.video.cast import beside_table
from mindseye.tools.video.data import SIZE, Record, push_meta
from mindseye.tools.video.drawing import shrink
from mindseye.tools.video.shards import write_shard
from mindseye.tools.video.telling import sent_by
from mindseye.tools.video.tokens import MAX_OBJECTS
from mindseye.tools.vision.identity import identified
from mindseye.tools.vision.model import TabletopVision
from mindseye.tools.vision.scene_graph import Reading, Sighting, extract

PREFIX = "clips--"
"""Begins the names of shards of runs: in a folder with simulated clips they come first, since
the last ones are held out from training."""
DOWN = PUSHER_DOWN + 0.015
"""Below this the push skill takes the pusher for lowered, metres."""
REST_TICKS = 2
"""Least ticks between the end of a push and the next look."""
CARD = """# Clips of runs

Pushes that were really made, each as a clip of 8 frames at 64x64, written by
`mindseye data video --from {runs}`. Places are what the vision model read and NaN where nothing
was seen, masks are its classes; `seen_rows` are the ticks whose frames the record held, for other
rows the first frame is repeated. Same format as simulated clips. The camera's frames are in them.

| run | clips |
|---|---|
{rows}
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pushed:
    """A push out of a record, and the looks around it."""

    acted: Acted
    subgoal: Subgoal
    before: Observed
    after: Observed | None
    """None where the run ended before it looked again."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the objects that were seen before it, as many as a clip has room for."""
        return scene_in(self.before).names[:MAX_OBJECTS]

    @property
    def last(self) -> int:
        """Tick of the last that is known of it; its first action begins at tick 0."""
        end = len(self.acted.actions)
        if self.after is None:
            return end
        if self.after.step is None or self.acted.step is None:
            return end + REST_TICKS
        return max(end, self.after.step - self.acted.step)


def export_clips(runs: Path, out: Path, seed: int = 0) -> dict[str, Any]:
    """Write the pushes of recorded runs as shards under `out`, one for each run.

    A run whose shard is there already, and that has not grown since, is left as it is.

    Args:
      runs: a folder of runs, or of one run.
      out: folder, made when absent; may hold simulated clips too.
      seed: of the choice of words.

    Returns:
      `out`, `runs` (read now), `clips` (in their shards), and `unreadable`: run -> why.

    Raises:
      BadInput: there are no runs, or none of them can be read.
    """
    folders = _folders(runs)
    out.mkdir(parents=True, exist_ok=True)
    vision = TabletopVision()
    written: dict[str, int] = {}
    unreadable: dict[str, str] = {}
    for folder in tqdm(folders, desc="runs", unit="run"):
        shard = out / f"{PREFIX}{re.sub(r'[^A-Za-z0-9_-]', '-', folder.name)}.tar"
        if _is_newer(shard, folder / "events.jsonl"):
            continue
        try:
            records = clips_of(read_record(folder), vision, seed)
        except BadInput as error:
            unreadable[folder.name] = str(error)
            tqdm.write(f"left out {folder.name}: {error}", file=sys.stderr)
            continue
        if records:
            write_shard(shard, records)
        written[folder.name] = len(records)
    if len(unreadable) == len(folders):
        raise BadInput(f"no run in {runs} can be read: {next(iter(unreadable.values()))}")
    _write_card(out, runs)
    total = sum(written.values())
    return {"out": str(out), "runs": len(written), "clips": total, "unreadable": unreadable}


def _folders(runs: Path) -> list[Path]:
    if (runs / "events.jsonl").is_file():
        return [runs.resolve()]
    folders = sorted(run.folder for run in list_runs(runs))
    if not folders:
        raise BadInput(f"no runs in {str(runs)!r}; --from takes a folder of runs, or one run's")
    return folders


def _is_newer(shard: Path, events: Path) -> bool:
    return shard.exists() and shard.stat().st_mtime_ns >= events.stat().st_mtime_ns


def _write_card(out: Path, runs: Path) -> None:
    lines = []
    for shard in sorted(out.glob(f"{PREFIX}*.tar")):
        with tarfile.open(shard) as tar:
            clips = sum(name.endswith(".json") for name in tar.getnames())
        lines.append(f"| {shard.stem.removeprefix(PREFIX)} | {clips} |")
    text = CARD.format(runs=runs, rows="\n".join(lines))
    (out / "RUNS.md").write_text(text, encoding="utf-8")


def clips_of(run: Run, vision: TabletopVision, seed: int = 0) -> list[Record]:
    """Return the pushes of a run as clips; those of which no frame is left are left out.

    Args:
      run: its record.
      vision: reads the frames.
      seed: of the choice of words.

    Raises:
      BadInput: a picture that is there cannot be read.
    """
    found = []
    for pushed in pushes_of(run):
        seen = _frames(run.folder, pushed)
        if 0 in seen and pushed.subgoal.names <= set(pushed.names):
            decision = pushed.acted.decision
            rng = np.random.default_rng([seed, zlib.crc32(run.folder.name.encode()), decision])
            record = _record(pushed, seen, vision, rng)
            record.meta.update({"run": run.folder.name, "decision": decision})
            found.append(record)
    return found


def pushes_of(run: Run) -> list[Pushed]:
    """Return every push of a run that moved the pusher, in order."""
    said = {(p.decision, c.id): c.subgoal for p in run.of(Proposed) for c in p.candidates}
    # The decision after the last is never taken, but it is looked for.
    looks = {o.decision: o for o in run.of(Observed)}
    found = []
    for acted in run.of(Acted):
        subgoal = said.get((acted.decision, acted.candidate))
        before = looks.get(acted.decision)
        if subgoal is None or before is None or not acted.actions or not acted.push:
            continue
        after = looks.get(acted.decision + 1)
        push = Subgoal.model_validate(subgoal)
        found.append(Pushed(acted=acted, subgoal=push, before=before, after=after))
    return found


def _frames(folder: Path, pushed: Pushed) -> dict[int, Frames]:
    """Return the camera's frames that the record holds, `[H, W, 3] uint8` by tick."""
    seen: dict[int, Frames] = {}
    clip = pushed.acted.clip
    if clip is not None and (folder / clip.path).is_file():
        ticks = _clip_ticks(clip, len(pushed.acted.actions))
        seen |= zip(ticks, _decoded(folder / clip.path, clip), strict=False)
    # The looks are kept without loss.
    for tick, look in ((0, pushed.before), (pushed.last, pushed.after)):
        if look is not None and (folder / look.frame.path).is_file():
            seen[tick] = _picture(folder / look.frame.path)
    return dict(sorted(seen.items()))


def _clip_ticks(clip: MediaRef, actions: int) -> list[int]:
    """Return the tick of each frame of a clip, as the loop keeps them while it acts."""
    every = max(round(clip.dt / TICK), 1)
    ticks = [0, *range(1, actions + 1, every)]
    # The last comes on top, and once more where the world ended the episode.
    return [*ticks, *[actions] * (clip.frames - len(ticks))]


def _decoded(path: Path, clip: MediaRef) -> list[Frames]:
    try:
        with av.open(str(path)) as container:
            shown = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    except (av.FFmpegError, OSError) as error:
        raise BadInput(f"cannot read {path}: {error}") from error
    size = (clip.width, clip.height)
    return [cv2.resize(f, size, interpolation=cv2.INTER_AREA).astype(np.uint8) for f in shown]


def _picture(path: Path) -> Frames:
    try:
        return np.asarray(Image.open(path).convert("RGB"))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error}") from error


def _record(
    pushed: Pushed, seen: Mapping[int, Frames], vision: TabletopVision, rng: np.random.Generator
) -> Record:
    names = pushed.names
    readings = dict(zip(seen, vision.read(list(seen.values())), strict=True))
    sightings = identified(
        {t: extract(r, vision.camera, names) for t, r in readings.items()}, scene_in(pushed.before)
    )
    pusher, sent = _pusher(pushed)
    rows = _rows(pusher, sent, list(seen))
    shown = [r if r in seen else 0 for r in rows]
    return Record(
        meta={
            **_said(pushed, sightings[max(seen)].graph, rng),
            "names": list(names),
            "patches": pushed.before.scene.get("patches", []),
            "rows": rows,
            "seen_rows": [r for r in rows if r in seen],
        },
        frames=np.stack([shrink(seen[t], SIZE) for t in shown]),
        masks=np.stack([_classes(readings[t]) for t in shown]),
        positions=_positions(pushed, sightings),
        pusher=pusher,
        sent=sent,
    )


def _said(pushed: Pushed, end: SceneGraph, rng: np.random.Generator) -> dict[str, Any]:
    """Return the words of a push and whether what they ask for is seen to have come about."""
    before = scene_in(pushed.before)
    after = end if pushed.after is None else scene_in(pushed.after)
    start, ended = (
        {n: s.layout[n] for n in pushed.names if n in s.layout} for s in (before, after)
    )
    x, y = pushed.acted.push["target"]
    push = Push(subject=pushed.subgoal.move, target=(float(x), float(y)))
    return push_meta(rng, pushed.subgoal, push, start, ended)


def scene_in(look: Observed) -> SceneGraph:
    """Return the scene that was seen at a look."""
    objects = {f"{o['colour']} {o['shape']}": o["position"] for o in look.scene.get("objects", ())}
    return scene_of({name: (float(x), float(y)) for name, (x, y) in objects.items()})


def _positions(pushed: Pushed, sightings: Mapping[int, Sighting]) -> NDArray[np.float32]:
    """Return `[L, N, 3]` where the objects were seen, metres."""
    names = pushed.names
    at = np.full((pushed.last + 1, len(names), 3), np.nan, dtype=np.float32)
    for tick, sighting in sightings.items():
        fell = {o.name: beside_table(o, sighting.camera) for o in sighting.off_table}
        _put(at[tick], names, fell)
        _put(at[tick], names, _standing(sighting.graph))
    # What the run itself read, and held to be there, goes before a second reading.
    for tick, look in ((0, pushed.before), (pushed.last, pushed.after)):
        if look is not None:
            _put(at[tick], names, _standing(scene_in(look)))
    return at


def _standing(scene: SceneGraph) -> dict[str, NDArray[np.float64]]:
    return {o.name: np.array([*o.position, HEIGHT[o.shape]]) for o in scene.objects}


def _put(
    row: NDArray[np.float32], names: Sequence[str], found: Mapping[str, NDArray[np.float64]]
) -> None:
    for name, place in found.items():
        if name in names:
            row[names.index(name)] = place


def _pusher(pushed: Pushed) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where the pusher was, as far as it was kept, and was sent: `[L, 3]` each, metres."""
    acted, length = pushed.acted, pushed.last + 1
    at = pushed.before.scene.get("pusher") or (np.nan, np.nan)
    felt = np.array(acted.pusher or [(*at, PUSHER_UP)])
    pusher = np.full((length, 3), np.nan)
    pusher[: len(felt)] = felt
    # Until the next look it rests.
    rest = [REST] * (length - 1 - len(acted.actions))
    sent = sent_by(np.array([*acted.actions, *rest], dtype=np.float32), felt[0].tolist())
    return pusher.astype(np.float32), sent.astype(np.float32)


def _rows(pusher: NDArray[np.float32], sent: NDArray[np.float32], seen: Sequence[int]) -> list[int]:
    """Return the ticks of the planner's clip, each moved to a tick beside it that was seen."""
    height = np.where(np.isfinite(pusher[:, 2]), pusher[:, 2], sent[:, 2])
    low = np.flatnonzero(height < DOWN)
    rows = clip_rows(int(low[0]) + 1 if len(low) else 0, len(sent) - 1)
    ticks = np.array(seen)
    nearest = ticks[np.abs(ticks - rows[:, None]).argmin(axis=1)]
    moved: list[int] = np.where(np.abs(nearest - rows) <= 1, nearest, rows).tolist()
    return moved


def _classes(reading: Reading) -> NDArray[np.uint8]:
    """Return `[SIZE, SIZE]` the class that vision sees in each pixel."""
    classes = reading.shares.argmax(axis=0).astype(np.uint8)
    size = (SIZE, SIZE)
    return np.asarray(cv2.resize(classes, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
