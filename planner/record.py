"""The record of a run: append-only events, media by content hash, config, result.

A run is known by its folder alone. Every face (terminal, report, replay) reads
the record; none of them owns the run. A record is readable at any moment, also
after Ctrl-C, a crash, or a full disk.
"""

import contextlib
import errno
import importlib.metadata
import json
import os
import platform
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from pydantic import ValidationError

from mindseye.planner import media
from mindseye.planner.events import (
    EVENT,
    Acted,
    Event,
    Failed,
    Finished,
    MediaRef,
    Result,
    RunStarted,
)
from mindseye.planner.files import append_line, write_whole
from mindseye.tools.errors import BadInput, MindseyeError
from mindseye.tools.values import Clip, Frames

OnEvent = Callable[[Event], None]
E = TypeVar("E", bound=Event)

_PACKAGES = (
    "mindseye", "torch", "transformers", "diffusers", "peft", "mujoco", "gymnasium",
    "llguidance", "langchain-core", "numpy", "opencv-python-headless", "av", "scipy",
)  # fmt: skip


class DiskFull(MindseyeError):
    """The record cannot grow; what was written so far is intact."""


def versions() -> dict[str, str]:
    """Return the versions of Python, the platform and the packages a result depends on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def new_run_folder(runs: Path, task: str, seed: int) -> Path:
    """Make and return a fresh folder `runs/<utc time>-<words of the task>-s<seed>`.

    Raises:
      BadInput: the folder cannot be made.
    """
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in task.lower()).split()
    stem = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    name = "-".join([stem, *words[:6], f"s{seed}"])[:80]
    for attempt in range(1000):
        folder = runs / (name if attempt == 0 else f"{name}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if runs.is_dir():
                continue
            raise BadInput(f"--runs {str(runs)!r} is a file; name a folder") from None
        except OSError as error:
            raise BadInput(f"cannot make the run folder {str(folder)!r}: {error}") from error
        return folder
    raise BadInput(f"{str(runs)!r} holds a thousand runs of this second")


def save_frame(folder: Path, frame: Frames) -> MediaRef:
    """Store one `[H, W, 3] uint8` frame as PNG under `folder/media`, unless it is there.

    Raises:
      OSError: it cannot be written.
    """
    ref = _frame_ref(frame, path="media/frame-{}.png")
    path = folder / ref.path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, media.png(frame))
    return ref


class NullRecorder:
    """Keeps nothing, but passes events on; for searches inside tests and servers."""

    def __init__(self, on_event: OnEvent | None = None) -> None:
        self._on_event = on_event
        self._start = time.monotonic()

    def emit(self, event: Event) -> Event:
        """Stamp the event and pass it on."""
        stamped = event.model_copy(update={"t": round(time.monotonic() - self._start, 6)})
        if self._on_event is not None:
            self._on_event(stamped)
        return stamped

    def media(self, clip: Clip) -> MediaRef:
        """Return a reference without a file."""
        return _clip_ref(clip, path="", sheet="")

    def frame(self, frame: Frames) -> MediaRef:
        """Return a reference without a file."""
        return _frame_ref(frame, path="")


class Recorder:
    """Writes one run's record.

    A context manager: leaving it always leaves a `finished` event and a
    `result.json`, whether the run ended, raised, or was interrupted.

    Args:
      folder: the run's folder, made if it is missing.
      on_event: called with every event after it was written.
    """

    def __init__(self, folder: Path, on_event: OnEvent | None = None) -> None:
        self.folder = folder
        self._on_event = on_event
        self._lock = threading.RLock()
        self._start = time.monotonic()
        self._steps = 0
        self._finished = False
        self._disk_full = False
        # Clips are encoded beside the run: thirty a decision would cost it a second.
        self._encoder = ThreadPoolExecutor(1, thread_name_prefix="record")
        self._pending: deque[Future[None]] = deque()
        self._kept: set[str] = set()
        with self._disk():
            (folder / "media").mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            # Unbuffered: a line is in the file when `emit` returns, or not at all.
            self._events = os.open(folder / "events.jsonl", flags, 0o644)

    def emit(self, event: Event) -> Event:
        """Stamp the event with seconds since the start, append it, pass it on.

        Raises:
          DiskFull: it could not be written; the lines before it are intact.
        """
        with self._lock:
            t = round(time.monotonic() - self._start, 6)
            stamped = event.model_copy(update={"t": t})
            if isinstance(stamped, RunStarted):
                self._write_config(stamped)
            self._append(stamped.model_dump_json().encode() + b"\n")
            self._drain(wait=isinstance(stamped, Finished))
            if isinstance(stamped, Acted):
                self._steps += stamped.steps
            if isinstance(stamped, Finished):
                self._finished = True
                self._write_result(stamped)
            # Inside the lock, so that readers see events in the order of the file.
            if self._on_event is not None:
                self._on_event(stamped)
        return stamped

    def media(self, clip: Clip) -> MediaRef:
        """Store a clip as mp4 with a contact sheet beside it; the same clip is stored once.

        The files are written in the background. They are there when the run has
        finished; that they could not be written is raised by a later call.
        """
        digest = clip.digest()
        ref = _clip_ref(clip, path=f"media/{digest}.mp4", sheet=f"media/{digest}.png")
        with self._lock:
            if digest not in self._kept:
                self._kept.add(digest)
                self._pending.append(self._encoder.submit(self._store, ref, clip))
        return ref

    def _store(self, ref: MediaRef, clip: Clip) -> None:
        with self._disk():
            self._write(self.folder / ref.sheet, media.contact_sheet(clip.frames))
            video = self.folder / ref.path
            part = video.with_suffix(".part")
            media.write_clip(clip.frames, clip.dt, part)
            part.replace(video)

    def _drain(self, wait: bool) -> None:
        """Raise what went wrong in the background, if anything has."""
        while self._pending and (wait or self._pending[0].done()):
            self._pending.popleft().result()

    def frame(self, frame: Frames) -> MediaRef:
        """Store one `[H, W, 3] uint8` frame as PNG; the same frame is stored once.

        Raises:
          DiskFull: it could not be written.
        """
        with self._lock, self._disk():
            return save_frame(self.folder, frame)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._drain(wait=True)
            if not self._finished and not self._disk_full:
                self._close_with(error)
        except DiskFull:
            # The first error is the one to tell; after a clean body there is none yet.
            if error is None:
                raise
        finally:
            self._encoder.shutdown()
            os.close(self._events)

    def _close_with(self, error: BaseException | None) -> None:
        if error is None:
            reason = "ended without a result"
        elif isinstance(error, KeyboardInterrupt):
            reason = "interrupted"
        else:
            reason = f"failed: {error}"
            fatal = not isinstance(error, MindseyeError)
            lines = "".join(traceback.format_exception(error)) if fatal else ""
            self.emit(Failed(error=type(error).__name__, message=str(error), traceback=lines))
        seconds = time.monotonic() - self._start
        self.emit(Finished(success=False, reason=reason, steps=self._steps, seconds=seconds))

    def _append(self, line: bytes) -> None:
        with self._disk():
            append_line(self._events, line)

    def _write(self, path: Path, data: bytes) -> None:
        with self._disk():
            write_whole(path, data)

    def _write_config(self, event: RunStarted) -> None:
        document = {
            "version": 1,
            "task": event.task,
            "seed": event.seed,
            "config": event.config,
            "versions": versions(),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self._write(self.folder / "config.json", json.dumps(document, indent=2).encode())

    def _write_result(self, event: Finished) -> None:
        result = Result(
            success=event.success,
            reason=event.reason,
            steps=event.steps,
            seconds=event.seconds,
            run=str(self.folder),
            cost=event.cost,
        )
        self._write(self.folder / "result.json", result.model_dump_json(indent=2).encode())

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            self._disk_full = True
            raise DiskFull(
                f"no space left for the record in {str(self.folder)!r}; it is readable up to "
                "here. Free some space, or name another disk with --runs"
            ) from error


AnyRecorder = Recorder | NullRecorder


@dataclass(frozen=True, kw_only=True)
class Record:
    """A run as it was written down."""

    folder: Path
    events: tuple[Event, ...]
    document: dict[str, Any]
    """`config.json`: task, seed, config, versions; empty when the run died before it."""
    result: Result | None
    torn: bool
    """The last line was cut short."""

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind, in order."""
        return [e for e in self.events if isinstance(e, kind)]


def read_record(folder: Path) -> Record:
    """Read a run's folder, also one that is being written or was cut off.

    Raises:
      BadInput: no record there, or a line before the last that is no event of this version.
    """
    path = folder / "events.jsonl"
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise BadInput(f"{str(folder)!r} holds no record: {error.strerror}: {path}") from error
    # Every whole line ends in a newline, so what follows the last one is torn or empty.
    last = lines.pop()
    events: list[Event] = []
    for number, line in enumerate(lines, 1):
        try:
            events.append(EVENT.validate_json(line))
        except ValidationError as error:
            if number == len(lines) and not last:
                last = line
                break
            reason = error.errors()[0]["msg"]
            raise BadInput(
                f"{path}:{number} is no event of this version of mindseye: {reason}"
            ) from error
    return Record(
        folder=folder,
        events=tuple(events),
        document=_read_json(folder / "config.json"),
        result=_read_result(folder / "result.json"),
        torn=bool(last),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _read_result(path: Path) -> Result | None:
    data = _read_json(path)
    if not data:
        return None
    try:
        return Result.model_validate(data)
    except ValidationError as error:
        raise BadInput(f"{path} is no result of this version: {error.errors()[0]['msg']}") from None


def _clip_ref(clip: Clip, *, path: str, sheet: str) -> MediaRef:
    count, height, width, _ = clip.frames.shape
    return MediaRef(
        path=path,
        sheet=sheet,
        digest=clip.digest(),
        frames=count,
        height=height,
        width=width,
        dt=clip.dt,
        source=clip.provenance.source,
        model=clip.provenance.model,
        seed=clip.provenance.seed,
    )


def _frame_ref(frame: Frames, *, path: str) -> MediaRef:
    digest = media.frame_digest(frame)
    height, width, _ = np.shape(frame)
    return MediaRef(
        path=path.format(digest),
        digest=digest,
        frames=1,
        height=height,
        width=width,
        source="world",
    )
