"""Frames in the size of a clip: drawn where things are, as they were given where nothing moved."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import ToolError
from mindseye.tools.values import Frames
from mindseye.tools.video.cast import Cast, draw


class Drawing:
    """Draws a cast at other places, in the size of the frame that shows it."""

    def __init__(self, cast: Cast, shown: Frames) -> None:
        """Begin with the frame that the cast was found in.

        Args:
          cast: who plays.
          shown: `[S, S, 3] uint8`, that frame in the size of the clip.
        """
        self.cast, self.shown = cast, shown
        self._unmoved = shrink(draw(cast, cast.places), len(shown))

    def __call__(self, places: NDArray[np.float64]) -> Frames:
        """Return the frame `[S, S, 3] uint8` with the things at `[N + 1, 3]` metres."""
        drawn = shrink(draw(self.cast, places), len(self.shown))
        # Frames are drawn in vision's size: what stays keeps the pixels that were given.
        still = (drawn == self._unmoved).all(axis=-1, keepdims=True)
        return np.where(still, self.shown, drawn)


def checked_picture(frame: Frames) -> Frames:
    """Return the frame.

    Raises:
      ToolError: it is not a square RGB frame of at least 32 pixels.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ToolError(f"a frame is [H, W, 3] uint8, not {list(frame.shape)} {frame.dtype}")
    if frame.shape[0] != frame.shape[1] or frame.shape[0] < 32:
        raise ToolError(f"a frame is square and at least 32 pixels wide, not {frame.shape[:2]}")
    return frame


def shrink(frame: Frames, size: int) -> Frames:
    """Return `[size, size, 3]`: the frame with areas averaged, or enlarged.

    Raises:
      ToolError: it is not a square RGB frame of at least 32 pixels.
    """
    if checked_picture(frame).shape[0] == size:
        return frame
    how = cv2.INTER_AREA if frame.shape[0] > size else cv2.INTER_CUBIC
    small: Frames = cv2.resize(frame, (size, size), interpolation=how)
    return small
