"""Pictures for a model to look at: enlarged, and many moments on one contact sheet."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from mindseye.tools.values import Frames

GAP = 4
"""Pixels between the tiles of a contact sheet."""


def enlarged(frame: Frames, side: int) -> Frames:
    """Return `[side, side, 3] uint8`."""
    way = cv2.INTER_AREA if side < len(frame) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, (side, side), interpolation=way), dtype=np.uint8)


def contact_sheet(frames: Sequence[Frames], side: int) -> Frames:
    """Return the frames in one picture, in order, row by row, as near to square as can be."""
    columns = math.ceil(math.sqrt(len(frames)))
    rows = math.ceil(len(frames) / columns)
    shape = (rows * (side + GAP) - GAP, columns * (side + GAP) - GAP, 3)
    sheet = np.full(shape, 255, dtype=np.uint8)
    for i, frame in enumerate(frames):
        top, left = i // columns * (side + GAP), i % columns * (side + GAP)
        sheet[top : top + side, left : left + side] = enlarged(frame, side)
    return sheet
