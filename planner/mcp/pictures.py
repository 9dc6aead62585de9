"""Pictures as resources: files of the runs folder by URI, and nothing else of the disk."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mindseye.planner import media
from mindseye.planner.events import Acted, Event, Imagined, Investigated, Observed, Simulated
from mindseye.planner.mcp.answers import Link
from mindseye.planner.runs import PICTURE, media_file
from mindseye.tools.errors import ToolError
from mindseye.tools.values import Frames

TEMPLATE = "mindseye://runs/{run}/media/{file}"
INLINE = 128
"""Longer side of a frame within an answer, at most, pixels."""
KINDS = {".png": "image/png", ".mp4": "video/mp4"}
_URI = re.compile(
    rf"mindseye://runs/(?P<run>[A-Za-z0-9][A-Za-z0-9_-]{{0,119}})/media/(?P<file>{PICTURE.pattern})"
)


class NoSuchPicture(ToolError):
    """The URI names no picture of a run."""


def read_picture(runs: Path, uri: str) -> tuple[bytes, str]:
    """Return the bytes and MIME type of a picture.

    Args:
      runs: the only folder that is read.
      uri: as in `TEMPLATE`.

    Raises:
      NoSuchPicture: it names none; what lies elsewhere is never opened.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        raise NoSuchPicture(f"a picture's URI is {TEMPLATE}, with a .png or .mp4")
    path = media_file(runs, runs / found["run"], found["file"])
    if path is None:
        raise NoSuchPicture("there is no such picture; ask for it again with the tool")
    return path.read_bytes(), KINDS[path.suffix]


def links(folder: Path, events: Sequence[Event]) -> tuple[Link, ...]:
    """Return links to all pictures that a run's events speak of, in their order."""
    found: dict[str, Link] = {}
    for event in events:
        for title, path in _pictures(event):
            file = folder / path
            if path and file.is_file():
                uri = TEMPLATE.format(run=folder.name, file=file.name)
                found[uri] = Link(
                    uri=uri, name=title, kind=KINDS[file.suffix], size=file.stat().st_size
                )
    return tuple(found.values())


def _pictures(event: Event) -> list[tuple[str, str]]:
    match event:
        case Observed():
            return [("the table", event.frame.path)]
        case Simulated() | Acted() | Investigated():
            refs = [event.clip] if event.clip else []
        case Imagined():
            refs = list(event.clips)
        case _:
            return []
    title = f"{event.kind} {getattr(event, 'candidate', '')}".strip()
    clips = [(f"{title}, clip", r.path) for r in refs]
    return clips + [(f"{title}, contact sheet", r.sheet) for r in refs]


def small_png(frame: Frames) -> bytes:
    """Return `[H, W, 3] uint8` as a PNG whose longer side has at most `INLINE` pixels."""
    image = Image.fromarray(frame)
    image.thumbnail((INLINE, INLINE))
    return media.png(np.asarray(image))
