"""Square pictures into the shape that a pipeline was trained on, and its frames back out.

Cameras of ours see squares, large models are trained on wide pictures. What is missing at the
sides is filled with the colour of the edge, and cut off again: nothing is stretched, so that
places are read where they are.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mindseye.tools.errors import Unavailable
from mindseye.tools.values import Frames


def framed(frame: Frames, height: int, width: int) -> Image.Image:
    """Return `[H, W, 3] uint8` in the middle of a picture of another size, edges carried on."""
    scale = min(height / frame.shape[0], width / frame.shape[1])
    rows = min(height, round(frame.shape[0] * scale))
    columns = min(width, round(frame.shape[1] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(frame, (columns, rows), interpolation=way)
    top, left = (height - rows) // 2, (width - columns) // 2
    whole = cv2.copyMakeBorder(
        small, top, height - rows - top, left, width - columns - left, cv2.BORDER_REPLICATE
    )
    return Image.fromarray(np.asarray(whole, dtype=np.uint8))


def unframed(video: Any, side: int) -> Frames:
    """Return the middle squares of a clip's frames, `[T, side, side, 3] uint8`.

    Args:
      video: `[T, H, W, 3]`, floats in [0, 1] or uint8, or a list of pictures.
      side: pixels.

    Raises:
      Unavailable: it holds numbers that are not finite.
    """
    frames = np.stack([np.asarray(f) for f in video])
    if not np.isfinite(frames).all():
        raise Unavailable(
            "the pipeline made numbers that are not finite; load it with dtype=bfloat16 or float32"
        )
    if frames.dtype != np.uint8:
        frames = (frames.clip(0, 1) * 255).round().astype(np.uint8)
    _, height, width, _ = frames.shape
    inner = min(height, width)
    top, left = (height - inner) // 2, (width - inner) // 2
    squares: NDArray[np.uint8] = frames[:, top : top + inner, left : left + inner]
    if inner == side:
        return np.ascontiguousarray(squares)
    way = cv2.INTER_AREA if side < inner else cv2.INTER_CUBIC
    resized = [cv2.resize(s, (side, side), interpolation=way) for s in squares]
    return np.stack(resized).astype(np.uint8)
