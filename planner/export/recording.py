"""A run as a recording of Rerun: frames, places, clips and rewards on the run's own clock.

`rerun RUN.rrd` opens it; https://rerun.io. Places are metres in the table's frame.
"""

from pathlib import Path
from typing import Any

import rerun as rr

from mindseye.planner.events import (
    Acted,
    Chosen,
    Event,
    Finished,
    Imagined,
    Investigated,
    Judged,
    MediaRef,
    Observed,
    Proposed,
    Simulated,
    Surprised,
)
from mindseye.planner.record import Record
from mindseye.tools.goals import OBJECT_RADIUS, TABLE_HALF

CLOCK, DECISION = "run", "decision"
"""Timelines: seconds since the start, and the number of the decision."""
PALETTE = {
    "red": (214, 63, 63), "green": (48, 164, 108), "blue": (62, 123, 250),
    "yellow": (233, 196, 38), "purple": (143, 99, 232),
}  # fmt: skip
_GREY = (154, 160, 172)


def write_rerun(record: Record, path: Path) -> None:
    """Write a record as `.rrd`.

    Raises:
      OSError: the file cannot be written.
    """
    # Rerun would tell of a file that it cannot open by printing, and go on.
    path.open("wb").close()
    with rr.RecordingStream("mindseye", recording_id=record.folder.name) as stream:
        stream.save(path)
        _Writer(stream, record.folder).write(record)
        stream.disconnect()


class _Writer:
    """Logs events in their order."""

    def __init__(self, stream: rr.RecordingStream, folder: Path) -> None:
        self.stream, self.folder = stream, folder

    def write(self, record: Record) -> None:
        task = str(record.document.get("task") or record.folder.name)
        self.stream.log("task", rr.TextDocument(task), static=True)
        half = TABLE_HALF
        rim = [(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)]
        edge = rr.LineStrips3D([[*rim, rim[0]]], colors=[_GREY])
        self.stream.log("table/rim", edge, static=True)
        for event in record.events:
            self.stream.set_time(CLOCK, duration=event.t)
            decision = getattr(event, "decision", None)
            if decision is not None:
                self.stream.set_time(DECISION, sequence=decision)
            self.stream.log("log", rr.TextLog(_line(event)))
            self._log(event)

    def _log(self, event: Event) -> None:
        match event:
            case Observed():
                self._frame("camera", event.frame)
                self._places("table/seen", _layout(event.scene))
                if event.progress is not None:
                    self.stream.log("goal/progress", rr.Scalars(event.progress))
            case Simulated():
                self._places(f"table/simulated/{event.candidate}", event.layout)
                self._clip(f"clips/simulated/{event.candidate}", event.clip, event.t)
            case Imagined():
                for k, clip in enumerate(event.clips):
                    self._clip(f"clips/imagined/{event.candidate}/{k}", clip, event.t)
            case Judged():
                name = f"rewards/{event.source}/{event.read_from}/{event.candidate}"
                self.stream.log(name, rr.Scalars(event.value))
            case Chosen():
                for key, value in event.values.items():
                    self.stream.log(f"values/{key}", rr.Scalars(value))
            case Surprised():
                self.stream.log("surprise", rr.Scalars(event.metres))
            case Acted():
                self._clip("clips/acted", event.clip, event.t)
            case Investigated():
                self._clip("clips/question", event.clip, event.t)
            case _:
                pass

    def _frame(self, name: str, ref: MediaRef) -> None:
        file = self.folder / ref.path
        if ref.path and file.is_file():
            self.stream.log(
                name, rr.EncodedImage(contents=file.read_bytes(), media_type="image/png")
            )

    def _places(self, name: str, layout: dict[str, tuple[float, float]]) -> None:
        points = [(x, y, OBJECT_RADIUS) for x, y in layout.values()]
        colours = [PALETTE.get(n.split()[0], _GREY) for n in layout]
        self.stream.log(
            name, rr.Points3D(points, radii=OBJECT_RADIUS, colors=colours, labels=list(layout))
        )

    def _clip(self, name: str, ref: MediaRef | None, start: float) -> None:
        """Log a clip that plays from `start` on, as long as it took on the table."""
        if ref is None or not ref.path or not (self.folder / ref.path).is_file():
            return
        contents = (self.folder / ref.path).read_bytes()
        self.stream.log(name, rr.AssetVideo(contents=contents, media_type="video/mp4"))
        for k in range(ref.frames):
            self.stream.set_time(CLOCK, duration=start + k * ref.dt)
            self.stream.log(name, rr.VideoFrameReference(seconds=k * ref.dt))
        self.stream.set_time(CLOCK, duration=start)


def _layout(scene: dict[str, Any]) -> dict[str, tuple[float, float]]:
    objects: list[dict[str, Any]] = scene.get("objects") or []
    return {
        f"{o.get('colour')} {o.get('shape')}": (float(o["position"][0]), float(o["position"][1]))
        for o in objects
        if o.get("position")
    }


def _line(event: Event) -> str:
    match event:
        case Proposed():
            return "proposed: " + "; ".join(c.words for c in event.candidates)
        case Chosen():
            return f"chosen {event.candidate}: {event.why}"
        case Finished():
            return f"{'success' if event.success else 'no success'}: {event.reason}"
        case _:
            return event.kind
