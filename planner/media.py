"""Clips and frames as files a browser shows: H.264 mp4, contact sheets, PNG.

Small frames are enlarged by whole factors with hard edges, since browsers blur
a 64-pixel video beyond reading.
"""

import hashlib
import io
import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from mindseye.tools.values import Frames

SHOWN_MIN = 256
"""Shorter side of what is written, at least, pixels."""
SHEET_FRAMES = 8
"""Frames on a contact sheet, at most."""
SHEET_TILE = 128
"""Shorter side of one tile of a contact sheet, at least, pixels."""
MIN_FPS = Fraction(1, 2)
MAX_FPS = Fraction(60)


def enlarge(frames: Frames, shortest: int = SHOWN_MIN) -> Frames:
    """Repeat pixels until the shorter side of `[T, H, W, 3] uint8` has `shortest` pixels."""
    factor = max(1, math.ceil(shortest / min(frames.shape[1:3])))
    return frames.repeat(factor, axis=1).repeat(factor, axis=2)


def _even(frames: Frames) -> Frames:
    """Repeat the last row and column where needed: yuv420p wants even sides."""
    _, height, width, _ = frames.shape
    return np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def write_clip(frames: Frames, dt: float, path: Path) -> None:
    """Write `[T, H, W, 3] uint8` frames, `dt` seconds apart, as a video browsers play.

    Raises:
      OSError: the file cannot be written.
    """
    shown = _even(enlarge(frames))
    rate = min(MAX_FPS, max(MIN_FPS, Fraction(1 / dt).limit_denominator(1000)))
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(
            "libx264", rate=rate, options={"crf": "18", "preset": "veryfast"}
        )
        stream.height, stream.width = shown.shape[1:3]
        stream.pix_fmt = "yuv420p"
        # One thread: a sixth of a second of video is not worth starting a pool for.
        stream.codec_context.thread_count = 1
        for image in shown:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


def contact_sheet(frames: Frames) -> bytes:
    """Return a PNG with up to eight evenly chosen frames side by side, four to a row."""
    count = min(SHEET_FRAMES, len(frames))
    chosen = frames[np.linspace(0, len(frames) - 1, count).round().astype(int)]
    tiles = enlarge(chosen, SHEET_TILE)
    columns = min(4, count)
    rows = math.ceil(count / columns)
    _, height, width, _ = tiles.shape
    gap = 4
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, 3)
    sheet = np.full(shape, 255, dtype=np.uint8)
    for index, tile in enumerate(tiles):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = tile
    return png(sheet)


def png(image: Frames) -> bytes:
    """Return `[H, W, 3] uint8` as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", optimize=False)
    return buffer.getvalue()


def frame_digest(frame: Frames) -> str:
    """Return a content hash of one frame, used as its file name."""
    return hashlib.sha256(np.ascontiguousarray(frame).tobytes()).hexdigest()[:16]
